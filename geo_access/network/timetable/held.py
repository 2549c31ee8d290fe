"""A connection held: trips that wait for a feeder, and what that makes of their later calls and their vehicle's trips.

Feeders come as in the timetable before the edit. A vehicle makes up for nothing while it runs; a stand between two of
its trips is used up before the second leaves late, and an empty run between them takes as long as planned at most.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from geo_access.network.model import Timetable
from geo_access.network.timetable.edits import HoldConnection
from geo_access.network.timetable.naming import Finder
from geo_access.network.timetable.service import ServiceTrip, day_offsets, retimed, service_trips

__all__ = ["CHANGE_MARGIN_S", "change_times", "hold_connection"]

CHANGE_MARGIN_S = 60
"""Seconds to spare in a change that the operator does not time, as queries ask by default."""

_LONGEST_MIN = 120


@dataclass(frozen=True)
class _Late:
    """How much later a trip arrives and departs at each of its calls [s]."""

    arrive_s: tuple[int, ...]
    depart_s: tuple[int, ...]


@dataclass(frozen=True)
class _Waiting:
    """Trips that wait: at which stops, in which window, for whom, how long.

    `ready_s` holds, by service day and stop, the trip that feeds it and when its riders are ready to board [s].
    """

    stops: frozenset[int]
    window: tuple[int, int]
    longest_s: int
    ready_s: Mapping[int, Sequence[tuple[str, int]]]

    def calls(self, trip: ServiceTrip) -> Iterator[int]:
        """Yield the calls of a trip at which it waits."""
        for k in range(len(trip.stops) - 1):
            here = trip.stops[k] in self.stops and trip.board[k]
            if here and self.window[0] <= trip.departure_s[k] < self.window[1]:
                yield k

    def short_s(self, trip: ServiceTrip, call: int, offset: int) -> Iterator[int]:
        """Yield by how much riders of each feeder miss it, for those who do [s]."""
        leaves = trip.departure_s[call] + offset
        for name, ready in self.ready_s.get(trip.stops[call], ()):
            if name != trip.trip_id and ready > leaves:
                yield ready - leaves

    def held_s(self, copies: Iterable[ServiceTrip], offset: int) -> dict[int, int]:
        """Return how long a trip, for those who book and those who do not, waits at each call where it does [s]."""
        found: dict[int, int] = {}
        for trip in copies:
            for call in self.calls(trip):
                gaps = [gap for gap in self.short_s(trip, call, offset) if gap <= self.longest_s]
                found[call] = max([found.get(call, 0), *gaps])
        return found


def change_times(
    timetable: Timetable, stops: Iterable[int], *, change_s: int | None = None
) -> dict[int, dict[int, int]]:
    """Return how long changing takes to some stops from wherever one may change to them.

    Parameters
    ----------
    timetable : Timetable
    stops : iterable of int
        Where one boards.
    change_s : int, optional
        The same for all changes that are possible [s]; by default that of the timetable and `CHANGE_MARGIN_S`.

    Returns
    -------
    dict of int to dict of int to int
        By the stop where one boards: seconds from getting off at each stop to being ready [s].
    """
    paths = timetable.footpaths
    timed = {(int(a), int(b)) for a, b in timetable.stated}
    banned = {(int(a), int(b)) for a, b in timetable.forbidden}
    rows = np.repeat(np.arange(timetable.n_stops), np.diff(paths.indptr))
    found: dict[int, dict[int, int]] = {}
    for stop in stops:
        here = np.flatnonzero(paths.indices == stop)
        walks = list(zip(rows[here].tolist(), paths.seconds[here].tolist(), strict=True))
        own = int(timetable.min_transfer_s[stop])
        took = {stop: own if (stop, stop) in timed else max(own, CHANGE_MARGIN_S)}
        took |= {a: s if (a, stop) in timed else s + CHANGE_MARGIN_S for a, s in walks if a != stop}
        found[stop] = {a: s if change_s is None else change_s for a, s in took.items() if (a, stop) not in banned}
    return found


def hold_connection(timetable: Timetable, edit: HoldConnection, finder: Finder) -> Timetable:
    """Let trips wait for a feeder, see `HoldConnection`.

    Parameters
    ----------
    timetable : Timetable
    edit : HoldConnection
    finder : Finder
        Gets what is wrong with the edit.

    Returns
    -------
    Timetable
        As it was where something is wrong.
    """
    if not 0 < edit.minutes <= _LONGEST_MIN:
        finder.add("edit.hold_minutes", minutes=edit.minutes, most=_LONGEST_MIN)
    if edit.change_min is not None and not 0 <= edit.change_min <= _LONGEST_MIN:
        finder.add("edit.hold_change", minutes=edit.change_min, most=_LONGEST_MIN)
    stops = finder.place(edit.stop)
    window = finder.span(edit.start, edit.end)
    held = _named(timetable, edit.line, edit.trip_ids, finder)
    fed = _named(timetable, edit.feeder, edit.feeder_ids, finder)
    if finder.faults or stops is None:
        return timetable
    change_s = None if edit.change_min is None else round(edit.change_min * 60)
    changes = change_times(timetable, stops, change_s=change_s)
    feeders, trips = service_trips(timetable, fed), service_trips(timetable, held)
    ready = _ready(timetable, feeders, changes)
    waiting = _Waiting(frozenset(stops), window, round(edit.minutes * 60), ready)
    if not any(True for trip in trips for _ in waiting.calls(trip)):
        finder.add("edit.hold_no_departure", stop=edit.stop, what=_held_name(edit), window=_window(edit))
    elif not ready:
        finder.add("edit.hold_no_feeder", stop=edit.stop, what=edit.feeder or ", ".join(edit.feeder_ids))
    if finder.faults:
        return timetable
    late = _lateness(timetable, trips, waiting)
    if not late:
        _nobody_waits(timetable, trips, waiting, edit, finder)
        return timetable
    gone = np.isin(timetable.trip_id, np.array(sorted({name for name, _ in late}), dtype=str))
    moved = [part for trip in service_trips(timetable, gone) for part in _parts(trip, late)]
    return retimed(timetable, gone, moved)


def _named(timetable: Timetable, line: str | None, names: tuple[str, ...], finder: Finder) -> np.ndarray:
    if bool(names) == (line is not None):
        finder.add("edit.hold_which")
        return np.zeros(timetable.n_trips, dtype=bool)
    if line is not None:
        route = finder.line(line)
        return timetable.trip_route == (-1 if route is None else route)
    return np.isin(timetable.trip_id, np.array(finder.trips(names), dtype=str))


def _held_name(edit: HoldConnection) -> str:
    return edit.line or ", ".join(edit.trip_ids)


def _window(edit: HoldConnection) -> str:
    return f"{edit.start or '…'}–{edit.end or '…'}"


def _ready(
    timetable: Timetable, feeders: Iterable[ServiceTrip], changes: Mapping[int, Mapping[int, int]]
) -> dict[int, list[tuple[str, int]]]:
    """Feeders of each stop and the first moment at which who gets off somewhere near is ready to board there [s]."""
    offsets = day_offsets(timetable)
    first: dict[tuple[int, str, int], int] = {}
    for trip in feeders:
        for stop, by_origin in changes.items():
            reached = [
                trip.arrival_s[k] + by_origin[trip.stops[k]]
                for k in range(1, len(trip.stops))
                if trip.alight[k] and trip.stops[k] in by_origin
            ]
            for day in trip.days if reached else ():
                key, at = (stop, trip.trip_id, day), min(reached) + offsets[day]
                first[key] = min(at, first.get(key, at))
    found: dict[int, list[tuple[str, int]]] = {}
    for (stop, name, _), at in sorted(first.items(), key=lambda item: item[1]):
        found.setdefault(stop, []).append((name, at))
    return found


def _nobody_waits(
    timetable: Timetable, trips: Sequence[ServiceTrip], waiting: _Waiting, edit: HoldConnection, finder: Finder
) -> None:
    offsets = day_offsets(timetable)
    short = [
        gap
        for trip in trips
        for day in trip.days
        for call in waiting.calls(trip)
        for gap in waiting.short_s(trip, call, offsets[day])
        if gap <= 60 * _LONGEST_MIN
    ]
    if short:
        nearest = -(-min(short) // 60)
        finder.add("edit.hold_nobody", stop=edit.stop, minutes=f"{edit.minutes:g}", nearest=nearest)
    else:
        finder.add("edit.hold_all_met", stop=edit.stop, what=_held_name(edit))


# --- lateness -------------------------------------------------------------------------------------------------------


def _lateness(timetable: Timetable, trips: Sequence[ServiceTrip], waiting: _Waiting) -> dict[tuple[str, int], _Late]:
    """Find which trips are late on which day, those of the same vehicle after them included."""
    offsets = day_offsets(timetable)
    follows = _next_trips(timetable)
    known: dict[str, list[ServiceTrip]] = {}
    for trip in trips:
        known.setdefault(trip.trip_id, []).append(trip)
    holding = frozenset(known)
    found: dict[tuple[str, int], _Late] = {}
    # When the vehicle comes from the trip before, on the clock of the trip's day, and how late that is [s].
    due: dict[tuple[str, int], tuple[int, int]] = {}
    queue = [(trip.departure_s[0] + offsets[day], trip.trip_id, day) for trip in trips for day in trip.days]
    heapq.heapify(queue)
    done = set()
    while queue:
        _, name, day = heapq.heappop(queue)
        copies = [trip for trip in known[name] if day in trip.days]
        if (name, day) in done or not copies:
            continue
        done.add((name, day))
        late = _late(copies, waiting if name in holding else None, due.get((name, day), (0, 0)), offsets[day])
        if not any(late.arrive_s) and not any(late.depart_s):
            continue
        found[name, day] = late
        after = follows.get((name, day))
        if after is None or not late.depart_s[-1] or after in done:
            continue
        next_name, next_day = after
        if next_name not in known:
            known[next_name] = service_trips(timetable, timetable.trip_id == next_name)
        comes = copies[0].departure_s[-1] + late.depart_s[-1] + offsets[day]
        due[after] = comes - offsets[next_day], late.depart_s[-1]
        starts = min(trip.departure_s[0] for trip in known[next_name])
        heapq.heappush(queue, (starts + offsets[next_day], next_name, next_day))
    return found


def _late(copies: Sequence[ServiceTrip], waiting: _Waiting | None, due: tuple[int, int], offset: int) -> _Late:
    """Carry lateness along a trip, from the vehicle's trip before and from where it waits."""
    trip = copies[0]
    comes, most = due
    first = max(0, min(comes - trip.arrival_s[0], most))
    held = waiting.held_s(copies, offset) if waiting is not None else {}
    arrive = [first]
    depart = [max(0, trip.arrival_s[0] + first - trip.departure_s[0], held.get(0, 0))]
    for call in range(1, len(trip.stops)):
        arrive.append(depart[-1])
        depart.append(max(depart[-1], held.get(call, 0)))
    return _Late(tuple(arrive), tuple(depart))


def _next_trips(timetable: Timetable) -> dict[tuple[str, int], tuple[str, int]]:
    """By trip and day, the trip that its vehicle runs next: of the same block, or ridden on in the seat."""
    names = list(zip(timetable.trip_id.tolist(), timetable.trip_day.tolist(), strict=True))
    found = {names[a]: names[b] for a, b in timetable.in_seat.tolist()}
    rows = np.flatnonzero(timetable.trip_block >= 0)
    starts = timetable.event_departure_s[timetable.trip_indptr[rows]]
    rows = rows[np.lexsort((starts, timetable.trip_day[rows], timetable.trip_block[rows]))]
    same = np.diff(timetable.trip_block[rows]) == 0
    for a, b in zip(rows[:-1][same].tolist(), rows[1:][same].tolist(), strict=True):
        if names[a] != names[b]:
            found.setdefault(names[a], names[b])
    return found


def _parts(trip: ServiceTrip, late: Mapping[tuple[str, int], _Late]) -> Iterator[ServiceTrip]:
    """Yield a trip once for each of its times, with the days of each."""
    by_late: dict[_Late | None, list[int]] = {}
    for day in trip.days:
        by_late.setdefault(late.get((trip.trip_id, day)), []).append(day)
    for more, days in by_late.items():
        part = replace(trip, days=tuple(days))
        if more is not None:
            arrival = tuple(at + by for at, by in zip(trip.arrival_s, more.arrive_s, strict=True))
            departure = tuple(at + by for at, by in zip(trip.departure_s, more.depart_s, strict=True))
            part = replace(part, arrival_s=arrival, departure_s=departure)
        yield part
