"""The one clock: seconds since noon minus twelve hours of the service day.

GTFS counts time from *noon minus 12 h*, which is midnight on every day but the two on which the clocks change.
All times inside the package are such seconds, as integers; they may be negative (the previous service day) and run
past 86 400 (the night after). This module is the only place that converts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from geo_access.errors import InputError

__all__ = ["DAY_S", "ServiceDay", "format_clock", "parse_clock", "plain_clock"]

DAY_S = 86_400
LAST_CLOCK_S = 48 * 3600

# Two aware datetimes of one zone subtract as wall clocks: differences are taken in UTC.
_UTC = ZoneInfo("UTC")

_CLOCK = re.compile(r"\s*(\d{1,2}):([0-5]\d)(?::([0-5]\d))?\s*")


def parse_clock(text: str) -> int:
    """Seconds since noon − 12 h of a clock text ``H:MM[:SS]``, up to 48:00:00.

    Parameters
    ----------
    text : str
        For instance ``"05:00"`` or ``"25:10:00"``.

    Returns
    -------
    int
        Seconds [s].

    Raises
    ------
    InputError
        When the text is not a clock time or lies beyond 48 h.

    Examples
    --------
    >>> parse_clock("05:00"), parse_clock("25:10:30")
    (18000, 90630)
    """
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise InputError(
            f"{text!r} is not a clock time → write H:MM or H:MM:SS, such as 05:00 or 25:10:00",
            key="clock",
            values={"value": text},
        )
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = hours * 3600 + minutes * 60 + seconds
    if total > LAST_CLOCK_S:
        raise InputError(
            f"{text!r} lies beyond 48:00:00 → a service day has at most 48 hours",
            key="clock_beyond",
            values={"value": text},
        )
    return total


def format_clock(seconds: float) -> str:
    """Clock text of a service time, to the minute (rounded down).

    Parameters
    ----------
    seconds : float
        Seconds since noon − 12 h [s]; may be negative or past 24 h.

    Returns
    -------
    str
        ``HH:MM``, with ``(+1)`` after midnight and ``(-1)`` before the service day.

    Examples
    --------
    >>> format_clock(18000), format_clock(90600), format_clock(-600)
    ('05:00', '01:10 (+1)', '23:50 (-1)')
    """
    day, rest = divmod(int(seconds), DAY_S)
    suffix = f" ({day:+d})" if day else ""
    return f"{rest // 3600:02d}:{rest % 3600 // 60:02d}{suffix}"


def plain_clock(seconds: int) -> str:
    """Clock text that `parse_clock` reads back.

    Parameters
    ----------
    seconds : int
        Seconds since noon − 12 h, not negative [s].

    Returns
    -------
    str
        ``HH:MM:SS``, past 24 hours after midnight.

    Examples
    --------
    >>> plain_clock(90630), parse_clock(plain_clock(90630))
    ('25:10:30', 90630)
    """
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


@dataclass(frozen=True)
class ServiceDay:
    """A service day in a time zone.

    Attributes
    ----------
    day : datetime.date
        The calendar day whose noon anchors the clock.
    zone : str
        IANA name of the feed's time zone.

    Examples
    --------
    >>> ServiceDay(date(2026, 3, 29), "Europe/Paris").to_datetime(3 * 3600).isoformat()
    '2026-03-29T03:00:00+02:00'
    """

    day: date
    zone: str = "Europe/Paris"

    def origin(self) -> datetime:
        """Return the instant noon − 12 h, aware, in the day's zone."""
        noon = datetime.combine(self.day, time(12), tzinfo=ZoneInfo(self.zone))
        instant = noon.astimezone(_UTC) - timedelta(hours=12)
        return instant.astimezone(ZoneInfo(self.zone))

    def to_datetime(self, seconds: float) -> datetime:
        """Return the aware local time of a service time in seconds [s]."""
        instant = self.origin().astimezone(_UTC) + timedelta(seconds=float(seconds))
        return instant.astimezone(ZoneInfo(self.zone))

    def to_seconds(self, instant: datetime) -> int:
        """Return the service time [s] of an aware instant; a naive one is read in the day's zone."""
        aware = instant if instant.tzinfo is not None else instant.replace(tzinfo=ZoneInfo(self.zone))
        return int((aware.astimezone(_UTC) - self.origin().astimezone(_UTC)).total_seconds())

    def offset_s(self, other: date) -> int:
        """Return the seconds [s] between this day's origin and another service day's origin."""
        theirs = ServiceDay(other, self.zone).origin()
        return int((theirs.astimezone(_UTC) - self.origin().astimezone(_UTC)).total_seconds())
