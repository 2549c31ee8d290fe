"""What if: changes to a timetable as values, applied in order, each recorded in its notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from geo_access.clock import format_clock, parse_clock
from geo_access.errors import Fault, raise_faults
from geo_access.network.model import CrowFly, Streets, Timetable
from geo_access.network.timetable.changes import walks_with_new_stops
from geo_access.network.timetable.timetable import validate_timetable

__all__ = ["AddLine", "AddTrip", "Edit", "RemoveTrips", "RepeatTrip", "SetHeadway", "apply_edits"]


@dataclass(frozen=True)
class RemoveTrips:
    """Take trips of the day out: those named, or those of a route that start in a window.

    Attributes
    ----------
    trip_ids : tuple of str
        Ids as in the timetable.
    route_id : str or None
        All trips of the route instead.
    start, end : str or None
        Clock texts: only trips of the route whose first departure is within [start, end).

    Examples
    --------
    >>> RemoveTrips(route_id="L1", start="20:00").describe()
    'remove the trips of route L1 from 20:00'
    """

    trip_ids: tuple[str, ...] = ()
    route_id: str | None = None
    start: str | None = None
    end: str | None = None

    def describe(self) -> str:
        """Say the edit in words."""
        if self.route_id is None:
            return f"remove trips {', '.join(self.trip_ids)}"
        span = (f" from {self.start}" if self.start else "") + (f" until {self.end}" if self.end else "")
        return f"remove the trips of route {self.route_id}{span}"


@dataclass(frozen=True)
class AddTrip:
    """Add one trip on the day.

    Attributes
    ----------
    trip_id : str
    calls : tuple of (str, str)
        Stop and clock text, in order.
    route_id : str
        A route of the timetable, or a new one.
    route_type : int
        GTFS type of a new route.

    Examples
    --------
    >>> AddTrip("extra", (("A", "05:00"), ("B", "05:20")), "L1").describe()
    'add trip extra on route L1: A 05:00 → B 05:20'
    """

    trip_id: str
    calls: tuple[tuple[str, str], ...]
    route_id: str
    route_type: int = 3

    def describe(self) -> str:
        """Say the edit in words."""
        ends = " → ".join(f"{stop} {at}" for stop, at in (self.calls[:1] + self.calls[-1:]))
        return f"add trip {self.trip_id} on route {self.route_id}: {ends}"


@dataclass(frozen=True)
class RepeatTrip:
    """Run a trip once more at another time: one bus earlier, one train later.

    Attributes
    ----------
    trip_id : str
        Trip to copy.
    start : str
        First departure of the copy, a clock text.

    Examples
    --------
    >>> RepeatTrip("t7", "05:10").describe()
    'run trip t7 once more at 05:10'
    """

    trip_id: str
    start: str

    def describe(self) -> str:
        """Say the edit in words."""
        return f"run trip {self.trip_id} once more at {self.start}"


@dataclass(frozen=True)
class SetHeadway:
    """Make a route run regularly in a window.

    The trips of the day that start in the window are replaced, for each sequence of stops of the route, by copies of
    its middle trip. The sequence with most trips then runs every `headway_min`; others keep their share of the trips.

    Attributes
    ----------
    route_id : str
    headway_min : float
        [min].
    start, end : str
        Clock texts; departures are within [start, end).

    Examples
    --------
    >>> SetHeadway("L1", 10, "06:00", "20:00").describe()
    'run route L1 every 10 min from 06:00 until 20:00'
    """

    route_id: str
    headway_min: float
    start: str
    end: str

    def describe(self) -> str:
        """Say the edit in words."""
        return f"run route {self.route_id} every {self.headway_min:g} min from {self.start} until {self.end}"


@dataclass(frozen=True)
class AddLine:
    """Add a line from a list of stops and a headway.

    Attributes
    ----------
    name : str
        Id and name of the route.
    stops : tuple of str or (str, float, float)
        Ids of stops of the timetable, or new stops as (name, x, y) in its metric CRS [m].
    minutes : tuple of float
        Ride from each stop to the next, dwell included [min].
    headway_min : float
        [min].
    start, end : str
        Clock texts; departures from the first stop are within [start, end).
    both_ways : bool
        Whether it runs back with the same times.
    route_type : int
        GTFS type.

    Examples
    --------
    >>> AddLine("X1", ("A", "B"), (12,), 20, "05:00", "22:00").describe()
    'add line X1 (A → B, 2 stops, both ways) every 20 min from 05:00 until 22:00'
    """

    name: str
    stops: tuple[str | tuple[str, float, float], ...]
    minutes: tuple[float, ...]
    headway_min: float
    start: str
    end: str
    both_ways: bool = True
    route_type: int = 3

    def describe(self) -> str:
        """Say the edit in words."""
        ends = [stop if isinstance(stop, str) else stop[0] for stop in (self.stops[0], self.stops[-1])]
        ways = "both ways" if self.both_ways else "one way"
        return (
            f"add line {self.name} ({ends[0]} → {ends[1]}, {len(self.stops)} stops, {ways}) "
            f"every {self.headway_min:g} min from {self.start} until {self.end}"
        )


Edit = RemoveTrips | AddTrip | RepeatTrip | SetHeadway | AddLine


@dataclass(frozen=True)
class _NewTrip:
    trip_id: str
    route: int
    headsign: str
    stops: tuple[int, ...]
    arrival_s: tuple[int, ...]
    departure_s: tuple[int, ...]
    board: tuple[bool, ...]
    alight: tuple[bool, ...]
    bikes: bool = False


def apply_edits(timetable: Timetable, edits: Sequence[Edit], *, streets: Streets | CrowFly) -> Timetable:
    """Apply changes in order; the timetable given stays as it is.

    Parameters
    ----------
    timetable : Timetable
    edits : sequence of Edit
    streets : Streets or CrowFly
        What one walks on to new stops.

    Returns
    -------
    Timetable
        With one note ``scenario: …`` per edit.

    Raises
    ------
    InputError
        An edit names a stop, trip or route that is not there, or cannot be.
    """
    for edit in edits:
        _check(timetable, edit)
        if isinstance(edit, RemoveTrips):
            changed = _without(timetable, _matching(timetable, edit))
        elif isinstance(edit, AddTrip):
            changed = _add_trip(timetable, edit)
        elif isinstance(edit, RepeatTrip):
            changed = _with(timetable, [_copy(timetable, _trip(timetable, edit.trip_id), parse_clock(edit.start))])
        elif isinstance(edit, SetHeadway):
            changed = _set_headway(timetable, edit)
        else:
            changed = _add_line(timetable, edit, streets)
        timetable = replace(changed, notes=(*timetable.notes, f"scenario: {edit.describe()}"))
    if edits:
        validate_timetable(timetable)
    return timetable


def _check(timetable: Timetable, edit: Edit) -> None:
    stops, trips, routes = (set(ids.tolist()) for ids in (timetable.stop_id, timetable.trip_id, timetable.route_id))
    wanted_stops: list[str] = []
    wanted_trips: list[str] = []
    wanted_routes: list[str] = []
    faults = []
    where = f"scenario: {type(edit).__name__}"
    if isinstance(edit, RemoveTrips):
        wanted_trips = list(edit.trip_ids)
        wanted_routes = [edit.route_id] if edit.route_id is not None else []
        if bool(wanted_trips) == bool(wanted_routes):
            faults.append(Fault(where, "needs either trip_ids or route_id", "give one of them"))
    elif isinstance(edit, RepeatTrip):
        wanted_trips = [edit.trip_id]
    elif isinstance(edit, AddTrip):
        wanted_stops = [stop for stop, _ in edit.calls]
        times = [parse_clock(at) for _, at in edit.calls]
        if len(times) < 2 or times != sorted(times):
            faults.append(
                Fault(where, f"calls of {edit.trip_id} are fewer than two or run backwards", "order them in time")
            )
    elif isinstance(edit, SetHeadway):
        wanted_routes = [edit.route_id]
    else:
        wanted_stops = [stop for stop in edit.stops if isinstance(stop, str)]
        if len(edit.stops) < 2 or len(edit.minutes) != len(edit.stops) - 1 or any(m < 0 for m in edit.minutes):
            faults.append(Fault(where, f"{edit.name}: {len(edit.stops)} stops, {len(edit.minutes)} rides",
                                "give two stops or more, and one ride ≥ 0 min between each two"))  # fmt: skip
    if isinstance(edit, SetHeadway | AddLine):
        if not edit.headway_min * 60 >= 1:
            faults.append(Fault(where, f"headway of {edit.headway_min} min", "give one above 0"))
        if parse_clock(edit.end) <= parse_clock(edit.start):
            faults.append(Fault(where, f"{edit.start} until {edit.end} is empty", "past midnight, write 25:00"))
    for kind, wanted, known in (
        ("stop", wanted_stops, stops),
        ("trip", wanted_trips, trips),
        ("route", wanted_routes, routes),
    ):
        faults += [Fault(where, f"no {kind} {name!r} in the timetable", "take an id of the timetable")
                   for name in dict.fromkeys(wanted) if name not in known]  # fmt: skip
    raise_faults(faults)


def _trip(timetable: Timetable, trip_id: str) -> int:
    """Index of a trip: on the day itself, where it runs on several."""
    found = np.flatnonzero(timetable.trip_id == trip_id)
    return int(found[np.argmin(np.abs(timetable.trip_day[found]))])


def _first_departure(timetable: Timetable) -> np.ndarray:
    return timetable.event_departure_s[timetable.trip_indptr[:-1]]


def _matching(timetable: Timetable, edit: RemoveTrips) -> np.ndarray:
    today = timetable.trip_day == 0
    if edit.route_id is None:
        return today & np.isin(timetable.trip_id, np.array(edit.trip_ids, dtype=str))
    leaves = _first_departure(timetable)
    return (
        today & (timetable.route_id[timetable.trip_route] == edit.route_id)
        & (leaves >= (parse_clock(edit.start) if edit.start else np.iinfo(np.int32).min))
        & (leaves < (parse_clock(edit.end) if edit.end else np.iinfo(np.int32).max))
    )  # fmt: skip


_TRIP_ARRAYS = ("trip_id", "trip_headsign", "trip_route", "trip_day", "trip_bikes", "trip_on_demand", "trip_block")
_EVENT_ARRAYS = ("event_stop", "event_arrival_s", "event_departure_s", "event_board", "event_alight")


def _without(timetable: Timetable, gone: np.ndarray) -> Timetable:
    counts = np.diff(timetable.trip_indptr)
    events = ~np.repeat(gone, counts)
    number = np.cumsum(~gone) - 1
    seats = timetable.in_seat[~gone[timetable.in_seat].any(axis=1)]
    arrays: dict[str, Any] = {name: getattr(timetable, name)[~gone] for name in _TRIP_ARRAYS}
    arrays |= {name: getattr(timetable, name)[events] for name in _EVENT_ARRAYS}
    indptr = np.concatenate(([0], np.cumsum(counts[~gone]))).astype(np.int64)
    return replace(timetable, trip_indptr=indptr, in_seat=number[seats].astype(np.int32).reshape(-1, 2), **arrays)


def _with(timetable: Timetable, trips: Sequence[_NewTrip]) -> Timetable:
    if not trips:
        return timetable
    n = len(trips)
    added = {
        "trip_id": np.array([trip.trip_id for trip in trips], dtype=str),
        "trip_headsign": np.array([trip.headsign for trip in trips], dtype=str),
        "trip_route": np.array([trip.route for trip in trips], dtype=np.int32),
        "trip_day": np.zeros(n, np.int8),
        "trip_bikes": np.array([trip.bikes for trip in trips], dtype=bool),
        "trip_on_demand": np.zeros(n, dtype=bool),
        "trip_block": np.full(n, -1, np.int32),
        "event_stop": np.concatenate([trip.stops for trip in trips]).astype(np.int32),
        "event_arrival_s": np.concatenate([trip.arrival_s for trip in trips]).astype(np.int32),
        "event_departure_s": np.concatenate([trip.departure_s for trip in trips]).astype(np.int32),
        "event_board": np.concatenate([trip.board for trip in trips]).astype(bool),
        "event_alight": np.concatenate([trip.alight for trip in trips]).astype(bool),
    }
    arrays: dict[str, Any] = {name: np.concatenate((getattr(timetable, name), value)) for name, value in added.items()}
    lengths = np.cumsum([len(trip.stops) for trip in trips])
    indptr = np.concatenate((timetable.trip_indptr, timetable.trip_indptr[-1] + lengths)).astype(np.int64)
    return replace(timetable, trip_indptr=indptr, **arrays)


def _copy(timetable: Timetable, trip: int, start_s: int) -> _NewTrip:
    part = slice(timetable.trip_indptr[trip], timetable.trip_indptr[trip + 1])
    shift = start_s - int(timetable.event_departure_s[part.start])
    return _NewTrip(
        f"{timetable.trip_id[trip]}+{format_clock(start_s)[:5].replace(':', '')}", int(timetable.trip_route[trip]),
        str(timetable.trip_headsign[trip]), tuple(timetable.event_stop[part].tolist()),
        tuple((timetable.event_arrival_s[part] + shift).tolist()),
        tuple((timetable.event_departure_s[part] + shift).tolist()),
        tuple(timetable.event_board[part].tolist()), tuple(timetable.event_alight[part].tolist()),
        bool(timetable.trip_bikes[trip]),
    )  # fmt: skip


def _route(timetable: Timetable, route_id: str, route_type: int) -> tuple[Timetable, int]:
    found = np.flatnonzero(timetable.route_id == route_id)
    if len(found):
        return timetable, int(found[0])
    longer: dict[str, Any] = {
        name: np.concatenate((getattr(timetable, name), np.array([value])))
        for name, value in (("route_id", route_id), ("route_name", route_id), ("route_feed", "scenario"))
    }
    types = np.concatenate((timetable.route_type, np.array([route_type], dtype=np.int16)))
    return replace(timetable, route_type=types, **longer), len(timetable.route_id)


def _places(timetable: Timetable) -> dict[str, int]:
    """First stop of each id: copies that single routes or trips call at come after it."""
    return dict(reversed([(name, index) for index, name in enumerate(timetable.stop_id.tolist())]))


def _add_trip(timetable: Timetable, edit: AddTrip) -> Timetable:
    timetable, route = _route(timetable, edit.route_id, edit.route_type)
    place = _places(timetable)
    times = tuple(parse_clock(at) for _, at in edit.calls)
    stops = tuple(place[stop] for stop, _ in edit.calls)
    everywhere = (True,) * len(stops)
    head = str(timetable.stop_name[stops[-1]])
    return _with(timetable, [_NewTrip(edit.trip_id, route, head, stops, times, times, everywhere, everywhere)])


def _set_headway(timetable: Timetable, edit: SetHeadway) -> Timetable:
    gone = _matching(timetable, RemoveTrips(route_id=edit.route_id, start=edit.start, end=edit.end))
    gone &= ~timetable.trip_on_demand
    leaves = _first_departure(timetable)
    patterns: dict[tuple[int, ...], list[int]] = {}
    for trip in np.flatnonzero(gone).tolist():
        stops = timetable.event_stop[timetable.trip_indptr[trip] : timetable.trip_indptr[trip + 1]]
        patterns.setdefault(tuple(stops.tolist()), []).append(trip)
    if not patterns:
        raise_faults([Fault("scenario: SetHeadway", f"route {edit.route_id}: no trip {edit.start}–{edit.end}",
                            "choose a window in which it runs, or use AddLine")])  # fmt: skip
    most = max(len(trips) for trips in patterns.values())
    start_s, end_s = parse_clock(edit.start), parse_clock(edit.end)
    new: list[_NewTrip] = []
    for trips in patterns.values():
        middle = sorted(trips, key=lambda trip: int(leaves[trip]))[len(trips) // 2]
        step = max(1, round(edit.headway_min * 60 * most / len(trips)))
        new += [_copy(timetable, middle, at) for at in range(start_s, end_s, step)]
    return _with(_without(timetable, gone), new)


def _add_line(timetable: Timetable, edit: AddLine, streets: Streets | CrowFly) -> Timetable:
    fresh = [stop for stop in edit.stops if not isinstance(stop, str)]
    timetable = _with_stops(timetable, edit.name, fresh, streets)
    timetable, route = _route(timetable, edit.name, edit.route_type)
    place = _places(timetable)
    order = [place[stop if isinstance(stop, str) else f"{edit.name}:{stop[0]}"] for stop in edit.stops]
    rides = [round(minutes * 60) for minutes in edit.minutes]
    new: list[_NewTrip] = []
    directions = [(order, rides), (order[::-1], rides[::-1])] if edit.both_ways else [(order, rides)]
    for number, (stops, steps) in enumerate(directions):
        along = np.concatenate(([0], np.cumsum(steps)))
        everywhere = (True,) * len(stops)
        for at in range(parse_clock(edit.start), parse_clock(edit.end), max(1, round(edit.headway_min * 60))):
            times = tuple((at + along).tolist())
            head = str(timetable.stop_name[stops[-1]])
            new.append(
                _NewTrip(f"{edit.name}-{number}#{at}", route, head, tuple(stops), times, times, everywhere, everywhere)
            )
    return _with(timetable, new)


def _with_stops(
    timetable: Timetable, line: str, fresh: Sequence[tuple[str, float, float]], streets: Streets | CrowFly
) -> Timetable:
    if not fresh:
        return timetable
    names = np.array([stop[0] for stop in fresh], dtype=str)
    x = np.concatenate((timetable.stop_x, np.array([stop[1] for stop in fresh], dtype=np.float64)))
    y = np.concatenate((timetable.stop_y, np.array([stop[2] for stop in fresh], dtype=np.float64)))
    footpaths = walks_with_new_stops(
        timetable.footpaths, x, y, streets, walk_kmh=timetable.walk_kmh, max_transfer_s=min(timetable.reach_s, 1800)
    )
    return replace(
        timetable, stop_id=np.concatenate((timetable.stop_id, np.char.add(f"{line}:", names))),
        stop_name=np.concatenate((timetable.stop_name, names)),
        stop_feed=np.concatenate((timetable.stop_feed, np.full(len(fresh), "scenario"))), stop_x=x, stop_y=y,
        min_transfer_s=np.concatenate((timetable.min_transfer_s, np.zeros(len(fresh), np.int32))), footpaths=footpaths,
    )  # fmt: skip
