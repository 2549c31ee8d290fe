"""Why a pair has no time: one code for each cause, computed by relaxing one limit after the other."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Reason"]


class Reason(IntEnum):
    """Cause of a missing time; `OK` where there is one.

    Examples
    --------
    >>> Reason(7).name
    'OVER_CUTOFF'
    """

    OK = 0
    UNSNAPPED_ORIGIN = 1
    UNSNAPPED_DESTINATION = 2
    NO_STOP_WITHIN_WALK = 3
    NO_SERVICE_THAT_DAY = 4
    NO_TRIP_IN_WINDOW = 5
    TOO_MANY_RIDES = 6
    OVER_CUTOFF = 7
    DISCONNECTED = 8
    FIRST_TRIP_TOO_LATE = 9
    LAST_TRIP_TOO_EARLY = 10
    NO_RETURN_TRIP = 11
