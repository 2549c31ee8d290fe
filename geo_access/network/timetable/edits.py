"""What if: the changes to a service that one may ask for, as values. `scenario.apply_edits` applies them."""

from __future__ import annotations

from dataclasses import dataclass

from geo_access.words.note import Note, note

__all__ = [
    "AddLine",
    "AddTrip",
    "CloseFeed",
    "CloseLine",
    "CloseStop",
    "DivertLine",
    "Edit",
    "ExtendLine",
    "HoldConnection",
    "NewStop",
    "RemoveTrips",
    "RepeatTrip",
    "ReplaceFeed",
    "SetHeadway",
    "ShiftTrips",
]


@dataclass(frozen=True)
class NewStop:
    """A stop that is not there yet.

    Attributes
    ----------
    name : str
    lon, lat : float
        EPSG:4326 [degree].
    """

    name: str
    lon: float
    lat: float


Call = str | NewStop


def _name(stop: Call) -> str:
    return stop if isinstance(stop, str) else stop.name


def _window(start: str | None, end: str | None) -> str:
    return f"{start or '…'}–{end or '…'}"


def _route(stops: tuple[Call, ...]) -> str:
    return " – ".join(_name(stop) for stop in stops)


@dataclass(frozen=True)
class RemoveTrips:
    """Take trips out: those named, or those of a line that leave in a window, on every day that they run.

    Attributes
    ----------
    trip_ids : tuple of str
        Ids as in the timetable, or as in the feed for all that ``frequencies.txt`` makes of one.
    line : str or None
        The trips of this line instead: its id, or the name that is printed on it.
    start, end : str or None
        Clock texts: only trips of the line whose first departure is within [start, end).

    Examples
    --------
    >>> str(RemoveTrips(line="L1", start="20:00").describe())
    'scenario: the trips of line L1 that leave in 20:00–… do not run'
    """

    trip_ids: tuple[str, ...] = ()
    line: str | None = None
    start: str | None = None
    end: str | None = None

    def describe(self) -> Note:
        """Say the edit."""
        if self.line is None:
            return note("edit.remove_trips", trips=", ".join(self.trip_ids))
        return note("edit.remove_line", line=self.line, window=_window(self.start, self.end))


@dataclass(frozen=True)
class CloseLine:
    """Take a line out of service altogether.

    Attributes
    ----------
    line : str
        Id, or the name that is printed on it.
    """

    line: str

    def describe(self) -> Note:
        """Say the edit."""
        return note("edit.close_line", line=self.line)


@dataclass(frozen=True)
class CloseStop:
    """Let vehicles pass a stop without opening their doors.

    Attributes
    ----------
    stop : str
        Id, or the name where one stop alone has it.
    """

    stop: str

    def describe(self) -> Note:
        """Say the edit."""
        return note("edit.close_stop", stop=self.stop)


@dataclass(frozen=True)
class AddTrip:
    """Add one trip, on every day.

    Attributes
    ----------
    trip_id : str
        Not there yet.
    calls : tuple of (str, str)
        Stop and clock text, in order.
    line : str
        A line of the timetable, or a new one.
    route_type : int
        GTFS type of a new line.
    """

    trip_id: str
    calls: tuple[tuple[str, str], ...]
    line: str
    route_type: int = 3

    def describe(self) -> Note:
        """Say the edit."""
        return note(
            "edit.add_trip", line=self.line, trip=self.trip_id, calls=" – ".join(f"{s} {at}" for s, at in self.calls)
        )


@dataclass(frozen=True)
class RepeatTrip:
    """Run a trip once more at another time, on the days that it runs: one bus earlier, one train later.

    Attributes
    ----------
    trip_id : str
        Trip to copy.
    start : str
        First departure of the copy, a clock text.

    Examples
    --------
    >>> str(RepeatTrip("t7", "05:10").describe())
    'scenario: trip t7 runs once more, at 05:10'
    """

    trip_id: str
    start: str

    def describe(self) -> Note:
        """Say the edit."""
        return note("edit.repeat_trip", trip=self.trip_id, start=self.start)


@dataclass(frozen=True)
class ShiftTrips:
    """Run trips earlier or later: those named, or those of a line that leave in a window.

    Attributes
    ----------
    minutes : float
        Later; negative for earlier [min].
    trip_ids, line, start, end
        Which, as for `RemoveTrips`.
    """

    minutes: float
    trip_ids: tuple[str, ...] = ()
    line: str | None = None
    start: str | None = None
    end: str | None = None

    def describe(self) -> Note:
        """Say the edit."""
        minutes = f"{self.minutes:+g}"
        if self.line is None:
            return note("edit.shift_trips", trips=", ".join(self.trip_ids), minutes=minutes)
        return note("edit.shift_line", line=self.line, window=_window(self.start, self.end), minutes=minutes)


@dataclass(frozen=True)
class HoldConnection:
    """Let trips wait at a stop for those who change from another line, some minutes at most.

    A trip leaves once the last feeder that is in time with the wait has come and its riders have changed; not a moment
    later, and as planned where none is. All later calls of the trip are as much later, and the vehicle's next trips as
    far as the stand between them does not make up for it.

    Attributes
    ----------
    stop : str
        Where the trips wait: id, or name; several platforms of one name are one place.
    minutes : float
        Longest wait after the planned departure [min].
    line : str or None
        Trips of this line wait: its id, or the name that is printed on it.
    trip_ids : tuple of str
        These trips wait instead.
    start, end : str or None
        Clock texts: only departures from the stop within [start, end).
    feeder : str or None
        Line whose riders are waited for.
    feeder_ids : tuple of str
        Trips whose riders are waited for instead.
    change_min : float or None
        From getting off to boarding [min]; None for the change of the timetable, on foot at its speed, and
        `CHANGE_MARGIN_S` to spare.

    Examples
    --------
    >>> str(HoldConnection("Gare", 5, line="K1", feeder="R1").describe())
    'scenario: line K1 waits at Gare for line R1, 5 min at most (departures in …–…)'
    """

    stop: str
    minutes: float
    line: str | None = None
    trip_ids: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None
    feeder: str | None = None
    feeder_ids: tuple[str, ...] = ()
    change_min: float | None = None

    def describe(self) -> Note:
        """Say the edit."""
        shown = {"stop": self.stop, "minutes": f"{self.minutes:g}", "window": _window(self.start, self.end)}
        held = {"trips": ", ".join(self.trip_ids)} if self.line is None else {"line": self.line}
        fed = {"feeders": ", ".join(self.feeder_ids)} if self.feeder is None else {"feeder": self.feeder}
        by = ("trips" if self.line is None else "line", "trips" if self.feeder is None else "line")
        return note(f"edit.hold_{by[0]}_{by[1]}", **shown, **held, **fed)


@dataclass(frozen=True)
class SetHeadway:
    """Make a line run regularly in a window.

    The trips that leave in the window are replaced, on each service day and for each sequence of stops of the line, by
    copies of its middle trip. The sequence with most trips then runs every `headway_min`; others keep their share.

    Attributes
    ----------
    line : str
        Id, or the name that is printed on it.
    headway_min : float
        [min].
    start, end : str
        Clock texts; departures are within [start, end).
    """

    line: str
    headway_min: float
    start: str
    end: str

    def describe(self) -> Note:
        """Say the edit."""
        return note(
            "edit.headway", line=self.line, minutes=f"{self.headway_min:g}", window=_window(self.start, self.end)
        )


@dataclass(frozen=True)
class AddLine:
    """Add a line from a list of stops and a headway, on every day.

    Attributes
    ----------
    name : str
        Id and name of the line; not there yet.
    stops : tuple of str or NewStop
        Stops of the timetable (id, or the name where one stop alone has it), or new ones.
    headway_min : float
        [min].
    start, end : str
        Clock texts; departures from the first stop are within [start, end).
    minutes : tuple of float or None
        Ride from each stop to the next, dwell included [min]; None for that of a car × `CAR_FACTOR` plus `DWELL_S`.
    both_ways : bool
        Whether it runs back: with the same times where they were given, else with those of the streets that way.
    route_type : int
        GTFS type.

    Examples
    --------
    >>> str(AddLine("X1", ("A", "B"), 20, "05:00", "22:00", minutes=(12,)).describe())
    'scenario: new line X1 (A – B), every 20 min in 05:00–22:00; rides of 12 min as given'
    """

    name: str
    stops: tuple[Call, ...]
    headway_min: float
    start: str
    end: str
    minutes: tuple[float, ...] | None = None
    both_ways: bool = True
    route_type: int = 3

    def describe(self) -> Note:
        """Say the edit."""
        shown = {
            "line": self.name,
            "stops": _route(self.stops),
            "minutes": f"{self.headway_min:g}",
            "window": _window(self.start, self.end),
        }
        if self.minutes is None:
            return note("edit.add_line_streets", **shown)
        return note("edit.add_line", **shown, rides=", ".join(f"{m:g}" for m in self.minutes))


@dataclass(frozen=True)
class ExtendLine:
    """Let a line run on beyond one of its ends: its trips that end there, and backwards those that start there.

    Attributes
    ----------
    line : str
    terminus : str
        Stop where trips of the line end, or start.
    stops : tuple of str or NewStop
        Beyond the terminus, outwards.
    minutes : tuple of float or None
        From the terminus to the first, and on to each [min]; None as for `AddLine`.
    """

    line: str
    terminus: str
    stops: tuple[Call, ...]
    minutes: tuple[float, ...] | None = None

    def describe(self) -> Note:
        """Say the edit."""
        return note("edit.extend", line=self.line, terminus=self.terminus, stops=_route(self.stops))


@dataclass(frozen=True)
class DivertLine:
    """Let a line call elsewhere between two of its stops, both ways; what comes after shifts by the difference.

    Attributes
    ----------
    line : str
    leave, join : str
        Stops of the line where the new way starts and ends; calls between them are left out.
    stops : tuple of str or NewStop
        Called at in their place, in order from `leave` to `join`.
    minutes : tuple of float or None
        Rides from `leave` over each to `join`, one more than `stops` [min]; None as for `AddLine`.
    """

    line: str
    leave: str
    join: str
    stops: tuple[Call, ...]
    minutes: tuple[float, ...] | None = None

    def describe(self) -> Note:
        """Say the edit."""
        return note("edit.divert", line=self.line, leave=self.leave, join=self.join, stops=_route(self.stops) or "–")


@dataclass(frozen=True)
class CloseFeed:
    """Take everything that one feed brought out of service.

    Attributes
    ----------
    feed : str
        Name, as in `Timetable.route_feed`.
    """

    feed: str

    def describe(self) -> Note:
        """Say the edit."""
        return note("edit.close_feed", feed=self.feed)


@dataclass(frozen=True)
class ReplaceFeed:
    """Put another file in the place of a feed: next year's timetable, an operator's project.

    Attributes
    ----------
    feed : str
        Name, as in `Timetable.route_feed`.
    path : str
        The other feed, a zip or a folder; its calendar must hold the day of the network.
    """

    feed: str
    path: str

    def describe(self) -> Note:
        """Say the edit."""
        return note("edit.replace_feed", feed=self.feed, file=self.path.replace("\\", "/").rsplit("/", 1)[-1])


Edit = (
    RemoveTrips
    | CloseLine
    | CloseStop
    | AddTrip
    | RepeatTrip
    | ShiftTrips
    | HoldConnection
    | SetHeadway
    | AddLine
    | ExtendLine
    | DivertLine
    | CloseFeed
    | ReplaceFeed
)
