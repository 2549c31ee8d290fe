"""The two ends of journeys at one moment: seconds to each stop and from it, walked or on demand."""

from __future__ import annotations

from dataclasses import dataclass

from geo_access.network.model import SparseTimes
from geo_access.routing.timed import LEG_ARRAYS, Reach, TimedLegs

__all__ = ["Access", "Exit", "FlexLeg", "access_at", "direct_at", "exits_of"]


@dataclass(frozen=True)
class FlexLeg:
    """One leg on demand, as `TimedLegs` has it.

    Attributes
    ----------
    seconds, open_s, close_s : int
        From leaving to arriving, and when one may leave [s].
    ride : int
        Ride of `FlexRides`.
    before_s, after_s : int
        Of `seconds`, on foot before the ride and after it [s].
    from_stop, to_stop : int
        Where one is taken up and set down; −1 for a door.
    """

    seconds: int
    open_s: int
    close_s: int
    ride: int
    before_s: int
    after_s: int
    from_stop: int
    to_stop: int


@dataclass(frozen=True)
class Access:
    """What leads from a door to the stops, at one moment.

    Attributes
    ----------
    seconds : mapping of int to int
        From the moment to being ready at each stop [s].
    on_foot : mapping of int to int
        Of that, walked [s].
    legs : mapping of int to FlexLeg
        For the stops that one comes to on demand.
    """

    seconds: dict[int, int]
    on_foot: dict[int, int]
    legs: dict[int, FlexLeg]


@dataclass(frozen=True)
class Exit:
    """One way from a stop to the door.

    Attributes
    ----------
    stop, seconds, on_foot : int
    leg : FlexLeg or None
        None for a walk.
    """

    stop: int
    seconds: int
    on_foot: int
    leg: FlexLeg | None = None

    def arrival(self, off_s: int) -> int | None:
        """Return the moment at the door for who gets off at `off_s` [s]; None where it is too late."""
        if self.leg is None:
            return off_s + self.seconds
        return max(off_s, self.leg.open_s) + self.seconds if off_s <= self.leg.close_s else None


def _legs(timed: TimedLegs, row: int) -> list[tuple[int, FlexLeg]]:
    part = slice(int(timed.indptr[row]), int(timed.indptr[row + 1]))
    columns = [getattr(timed, name)[part].tolist() for name in LEG_ARRAYS]
    return [(values[0], FlexLeg(*values[1:])) for values in zip(*columns, strict=True)]


def access_at(times: SparseTimes, row: int, ready_s: int) -> Access:
    """Return what leads from one door to the stops for who is ready at a moment.

    Parameters
    ----------
    times : SparseTimes
        Doors × stops.
    row : int
    ready_s : int
        [s].

    Returns
    -------
    Access
        The walk, or the leg on demand where that is earlier.
    """
    stops, walked = times.row(row)
    seconds = {int(stop): int(s) for stop, s in zip(stops, walked, strict=True)}
    found = Access(seconds, dict(seconds), {})
    if isinstance(times, Reach) and times.timed is not None:
        for stop, leg in _legs(times.timed, row):
            took = max(ready_s, leg.open_s) + leg.seconds - ready_s
            if ready_s <= leg.close_s and took < seconds.get(stop, took + 1):
                found.seconds[stop], found.on_foot[stop], found.legs[stop] = took, leg.before_s, leg
    return found


def exits_of(times: SparseTimes, row: int) -> list[Exit]:
    """Return the ways from the stops to one door, walked and on demand."""
    stops, walked = times.row(row)
    found = [Exit(int(stop), int(s), int(s)) for stop, s in zip(stops, walked, strict=True)]
    if isinstance(times, Reach) and times.timed is not None:
        found += [Exit(stop, leg.seconds, leg.after_s, leg) for stop, leg in _legs(times.timed, row)]
    return found


def direct_at(access: SparseTimes, origin: int, destination: int, ready_s: int) -> tuple[int, FlexLeg] | None:
    """Return the first arrival all the way on demand of one pair, and its leg; None where there is none.

    Parameters
    ----------
    access : SparseTimes
        Origins × stops, of the whole question.
    origin, destination : int
    ready_s : int
        [s].
    """
    if not isinstance(access, Reach) or access.direct is None:
        return None
    legs = [leg for other, leg in _legs(access.direct.legs, origin) if other == destination and ready_s <= leg.close_s]
    ranked = [(max(ready_s, leg.open_s) + leg.seconds, k) for k, leg in enumerate(legs)]
    return (min(ranked)[0], legs[min(ranked)[1]]) if ranked else None
