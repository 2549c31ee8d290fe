"""Edits that draw a line on the ground: a new one, one that runs farther, one that goes another way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from pyproj import Transformer

from geo_access.clock import parse_clock
from geo_access.errors import InputError
from geo_access.network.model import CrowFly, Streets, Timetable
from geo_access.network.search.links import link_points
from geo_access.network.search.search import street_matrix
from geo_access.network.timetable.changes import walks_with_new_stops
from geo_access.network.timetable.edits import AddLine, DivertLine, ExtendLine, NewStop
from geo_access.network.timetable.lineage import descended
from geo_access.network.timetable.naming import Finder, line_index, meant_lines
from geo_access.network.timetable.riders import EVERYONE
from geo_access.network.timetable.service import ServiceTrip, put_in, service_trips, take_out

__all__ = ["CAR_FACTOR", "DWELL_S", "add_line", "divert_line", "extend_line", "with_route"]

CAR_FACTOR = 1.25
"""Ride of a bus over that of a car on the same way, where an edit gives no minutes."""
DWELL_S = 20
"""Standing at each stop, where an edit gives no minutes [s]."""
_LINK_LIMIT_M = 500.0
_LONGEST_RIDE_MIN = 1440
_LONGEST_DRIVE_S = 4 * 3600.0


@dataclass(frozen=True)
class _Way:
    """Stops in order and the rides between them [s]."""

    stops: tuple[int, ...]
    rides_s: tuple[int, ...]


def with_route(timetable: Timetable, name: str, route_type: int, finder: Finder) -> tuple[Timetable, int | None]:
    """Find a line by id or name, or add it; None, with a fault, where several have the name."""
    found = meant_lines(timetable, name)
    if len(found) == 1:
        return timetable, found[0]
    if found:
        finder.line(name)
        return timetable, None
    longer: dict[str, Any] = {
        field: np.concatenate((getattr(timetable, field), np.array([value])))
        for field, value in (("route_id", name), ("route_name", name), ("route_feed", "scenario"))
    }
    types = np.concatenate((timetable.route_type, np.array([route_type], dtype=np.int16)))
    kinds = timetable.route_kind
    if len(kinds):
        kinds = np.concatenate((kinds, np.array([EVERYONE], dtype=np.uint8)))
    with_one = replace(timetable, route_type=types, route_kind=kinds, **longer)
    return descended(with_one, timetable), len(timetable.route_id)


def add_line(timetable: Timetable, edit: AddLine, streets: Streets | CrowFly, finder: Finder) -> Timetable:
    """Add a line, see `AddLine`."""
    if line_index(timetable, edit.name):
        finder.add("edit.known_already", name=edit.name)
    if len(edit.stops) < 2:
        finder.add("edit.few_stops", what=edit.name)
    if not 1 <= edit.headway_min <= _LONGEST_RIDE_MIN:
        finder.add("edit.headway", minutes=edit.headway_min)
    window = _clocks(edit.start, edit.end, finder)
    timetable, order = _with_stops(timetable, edit.name, edit.stops, streets, finder)
    if len(order) < len(edit.stops):
        return timetable
    out = _way(timetable, order, edit.minutes, streets, finder)
    if finder.faults:
        return timetable
    ways = [out]
    if edit.both_ways:
        back = None if edit.minutes is None else edit.minutes[::-1]
        ways.append(_way(timetable, order[::-1], back, streets, finder))
    if finder.faults:
        return timetable
    timetable, route = with_route(timetable, edit.name, edit.route_type, finder)
    new: list[ServiceTrip] = []
    for number, way in enumerate(ways):
        along = tuple(accumulate(way.rides_s, initial=0))
        everywhere = (True,) * len(along)
        head = str(timetable.stop_name[way.stops[-1]])
        trip = ServiceTrip("", head, int(route or 0), way.stops, along, along, everywhere, everywhere)
        step = max(1, round(edit.headway_min * 60))
        new += [trip.moved(at, trip_id=f"{edit.name}-{number}#{_label(at)}") for at in range(*window, step)]
    return put_in(timetable, new)


def _label(seconds: int) -> str:
    return f"{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}"


def _clocks(start: str, end: str, finder: Finder) -> tuple[int, int]:
    times = []
    for text in (start, end):
        try:
            times.append(parse_clock(text))
        except InputError:
            finder.add("edit.clock", value=text)
    if len(times) == 2 and times[1] <= times[0]:
        finder.add("edit.empty_window", window=f"{start}–{end}")
    return (times[0], times[1]) if len(times) == 2 else (0, 0)


def extend_line(timetable: Timetable, edit: ExtendLine, streets: Streets | CrowFly, finder: Finder) -> Timetable:
    """Let a line run on beyond one of its ends, see `ExtendLine`."""
    route, ends = finder.line(edit.line), finder.stop(edit.terminus)
    if not edit.stops:
        finder.add("edit.few_stops", what=edit.line)
    if route is None or ends is None or finder.faults:
        return timetable
    trips = service_trips(timetable, timetable.trip_route == route)
    outwards = [trip for trip in trips if trip.stops[-1] in ends]
    inwards = [trip for trip in trips if trip.stops[0] in ends]
    if not outwards and not inwards:
        finder.add("edit.no_end", line=edit.line, stop=edit.terminus)
        return timetable
    timetable, beyond = _with_stops(timetable, edit.line, edit.stops, streets, finder)
    ways = {}
    for end in dict.fromkeys([trip.stops[-1] for trip in outwards] + [trip.stops[0] for trip in inwards]):
        order = [end, *beyond]
        back = None if edit.minutes is None else edit.minutes[::-1]
        ways[end] = (
            _way(timetable, order, edit.minutes, streets, finder),
            _way(timetable, order[::-1], back, streets, finder),
        )
        if finder.faults:
            return timetable
    longer = {}
    for trip in outwards:
        longer[trip.trip_id, trip.on_demand] = _appended(trip, ways[trip.stops[-1]][0])
    for trip in inwards:
        known = longer.get((trip.trip_id, trip.on_demand), trip)
        longer[trip.trip_id, trip.on_demand] = _preceded(known, ways[trip.stops[0]][1])
    return _rebuilt(timetable, longer)


def divert_line(timetable: Timetable, edit: DivertLine, streets: Streets | CrowFly, finder: Finder) -> Timetable:
    """Let a line call elsewhere between two of its stops, see `DivertLine`."""
    route, leave, join = finder.line(edit.line), finder.stop(edit.leave), finder.stop(edit.join)
    if route is None or leave is None or join is None:
        return timetable
    trips = service_trips(timetable, timetable.trip_route == route)
    parts = [(trip, *_part(trip, leave, join)) for trip in trips]
    parts = [part for part in parts if part[1] >= 0]
    if not parts:
        finder.add("edit.no_part", line=edit.line, leave=edit.leave, join=edit.join)
        return timetable
    timetable, via = _with_stops(timetable, edit.line, edit.stops, streets, finder)
    if finder.faults:
        return timetable
    changed = {}
    ways: dict[tuple[int, ...], _Way] = {}
    for trip, first, last in parts:
        forwards = trip.stops[first] in leave
        order = (trip.stops[first], *(via if forwards else via[::-1]), trip.stops[last])
        if order not in ways:
            minutes = edit.minutes if edit.minutes is None or forwards else edit.minutes[::-1]
            ways[order] = _way(timetable, order, minutes, streets, finder)
            if finder.faults:
                return timetable
        changed[trip.trip_id, trip.on_demand] = _diverted(trip, first, last, ways[order])
    return _rebuilt(timetable, changed)


def _part(trip: ServiceTrip, leave: Sequence[int], join: Sequence[int]) -> tuple[int, int]:
    """Positions where a trip calls at one of the two and next at the other; −1 where it does not."""
    for first, stop in enumerate(trip.stops):
        others = join if stop in leave else leave if stop in join else ()
        for last in range(first + 1, len(trip.stops)):
            if trip.stops[last] in others:
                return first, last
            if trip.stops[last] in (*leave, *join):
                break
    return -1, -1


def _rebuilt(timetable: Timetable, changed: dict[tuple[str, bool], ServiceTrip]) -> Timetable:
    gone = np.isin(timetable.trip_id, np.array([name for name, _ in changed], dtype=str))
    return put_in(take_out(timetable, gone), list(changed.values()))


def _appended(trip: ServiceTrip, way: _Way) -> ServiceTrip:
    """Let a trip run on: the way starts where it ended, and one may get on there now."""
    times = [trip.departure_s[-1] + s for s in accumulate(way.rides_s)]
    opened = (True,) * len(times)
    return replace(
        trip,
        stops=(*trip.stops, *way.stops[1:]),
        arrival_s=(*trip.arrival_s, *times),
        departure_s=(*trip.departure_s, *times),
        board=(*trip.board[:-1], True, *opened),
        alight=(*trip.alight, *opened),
    )


def _diverted(trip: ServiceTrip, first: int, last: int, way: _Way) -> ServiceTrip:
    """Put a way in the place of the calls between two; what comes after shifts by the difference."""
    *times, arrival = [trip.departure_s[first] + s for s in accumulate(way.rides_s)]
    by, opened = arrival - trip.arrival_s[last], (True,) * len(times)
    return replace(
        trip,
        stops=(*trip.stops[:first], *way.stops, *trip.stops[last + 1 :]),
        arrival_s=(*trip.arrival_s[: first + 1], *times, *(at + by for at in trip.arrival_s[last:])),
        departure_s=(*trip.departure_s[: first + 1], *times, *(at + by for at in trip.departure_s[last:])),
        board=(*trip.board[: first + 1], *opened, *trip.board[last:]),
        alight=(*trip.alight[: first + 1], *opened, *trip.alight[last:]),
    )


def _preceded(trip: ServiceTrip, way: _Way) -> ServiceTrip:
    """Let a trip come from farther: the way ends where it started."""
    total = sum(way.rides_s)
    times = [trip.arrival_s[0] - total + s for s in accumulate(way.rides_s[:-1], initial=0)]
    opened = (True,) * len(times)
    return replace(
        trip,
        stops=(*way.stops[:-1], *trip.stops),
        arrival_s=(*times, *trip.arrival_s),
        departure_s=(*times, *trip.departure_s),
        board=(*opened, *trip.board),
        alight=(*opened, True, *trip.alight[1:]),
    )


def _way(
    timetable: Timetable,
    order: Sequence[int],
    minutes: Sequence[float] | None,
    streets: Streets | CrowFly,
    finder: Finder,
) -> _Way:
    """Rides along stops: as given, else those of a car on the streets × `CAR_FACTOR`, plus `DWELL_S` each."""
    what = " – ".join(str(timetable.stop_name[stop]) for stop in order)
    if any(a == b for a, b in pairwise(order)):
        finder.add("edit.same_stop", what=what)
        return _Way(tuple(order), ())
    if minutes is not None:
        good = len(minutes) == len(order) - 1 and all(0 <= m <= _LONGEST_RIDE_MIN for m in minutes)
        if not good:
            finder.add("edit.rides", what=what, n=len(minutes), wanted=len(order) - 1)
        return _Way(tuple(order), tuple(round(m * 60) for m in minutes) if good else ())
    if isinstance(streets, Streets) and "car" not in streets.graphs:
        finder.add("edit.no_car")
        return _Way(tuple(order), ())
    xy = np.column_stack((timetable.stop_x[list(order)], timetable.stop_y[list(order)])).reshape(-1, 2)
    rides = []
    for k, (a, b) in enumerate(pairwise(order)):
        ends = [link_points(streets, xy[j : j + 1], mode="car", limit_m=_LINK_LIMIT_M) for j in (k, k + 1)]
        drive = float(street_matrix(streets, ends[0], ends[1], mode="car", max_s=_LONGEST_DRIVE_S)[0, 0])
        if np.isnan(drive):
            finder.add("edit.no_way", a=str(timetable.stop_name[a]), b=str(timetable.stop_name[b]))
            continue
        rides.append(round(drive * CAR_FACTOR) + DWELL_S)
    return _Way(tuple(order), tuple(rides))


def _with_stops(
    timetable: Timetable, line: str, stops: Sequence[str | NewStop], streets: Streets | CrowFly, finder: Finder
) -> tuple[Timetable, list[int]]:
    """Find stops, and add those that are not there yet, with the walks to and from them."""
    fresh = [stop for stop in stops if isinstance(stop, NewStop)]
    for stop in fresh:
        if not (abs(stop.lon) <= 180 and abs(stop.lat) < 89.9):
            finder.add("edit.no_position", name=stop.name, lon=stop.lon, lat=stop.lat)
    known = {stop: finder.stop(stop) for stop in stops if isinstance(stop, str)}
    if finder.faults:
        return timetable, []
    if fresh:
        to_metric = Transformer.from_crs(4326, timetable.epsg, always_xy=True)
        x, y = to_metric.transform([stop.lon for stop in fresh], [stop.lat for stop in fresh])
        xy = np.column_stack((x, y))
        linked = link_points(streets, xy, mode="walk", limit_m=_LINK_LIMIT_M).ok
        for stop, ok in zip(fresh, linked, strict=True):
            if not ok:
                finder.add("edit.far_stop", name=stop.name, metres=round(_LINK_LIMIT_M))
        if finder.faults:
            return timetable, []
        timetable = _longer(timetable, line, [stop.name for stop in fresh], xy, streets)
    place = {stop: timetable.n_stops - len(fresh) + k for k, stop in enumerate(fresh)}
    return timetable, [place[stop] if isinstance(stop, NewStop) else (known[stop] or [0])[0] for stop in stops]


def _longer(
    timetable: Timetable, line: str, names: Sequence[str], xy: np.ndarray, streets: Streets | CrowFly
) -> Timetable:
    taken, ids = set(timetable.stop_id.tolist()), []
    for name in names:
        stop, number = f"{line}:{name}", 2
        while stop in taken:
            stop, number = f"{line}:{name} {number}", number + 1
        taken.add(stop)
        ids.append(stop)
    x, y = np.concatenate((timetable.stop_x, xy[:, 0])), np.concatenate((timetable.stop_y, xy[:, 1]))
    footpaths = walks_with_new_stops(
        timetable.footpaths, x, y, streets, walk_kmh=timetable.walk_kmh, max_transfer_s=min(timetable.reach_s, 1800)
    )
    return replace(
        timetable,
        stop_id=np.concatenate((timetable.stop_id, np.array(ids, dtype=str))),
        stop_name=np.concatenate((timetable.stop_name, np.array(names, dtype=str))),
        stop_feed=np.concatenate((timetable.stop_feed, np.full(len(names), "scenario"))),
        stop_x=x,
        stop_y=y,
        min_transfer_s=np.concatenate((timetable.min_transfer_s, np.zeros(len(names), np.int32))),
        footpaths=footpaths,
    )
