"""The timetable as the search reads it: trips grouped in lines on which nobody overtakes.

Trips that continue in-seat are joined into one, so that every search steps from an event to the next of the array.
Turning all arrays round and negating the times gives the same timetable backwards: `reverse_lines`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from geo_access.arrays import entries_of_rows, grouped, indptr_of, places_in_rows, rows_of
from geo_access.network.model import Timetable
from geo_access.routing.tables import LineTables

__all__ = ["Lines", "build_lines", "reverse_lines"]

# A chain of vehicles joined in-seat longer than this is a loop in the data.
_LONGEST_CHAIN = 64


@dataclass(frozen=True, eq=False)
class Lines:
    """Trips in lines: same stops, same boarding rules, no overtaking inside a line.

    Attributes
    ----------
    n_stops : int
    event_stop : ndarray of int32, shape (n_events,)
    event_arrival_s, event_departure_s : ndarray of int32, shape (n_events,)
        [s]; events of one trip are contiguous and in travel order.
    event_board, event_alight : ndarray of bool, shape (n_events,)
        Whether one may get on, or off, and ride on, or have ridden.
    event_source : ndarray of int64, shape (n_events,)
        Event of the `Timetable`.
    event_trip : ndarray of int32, shape (n_events,)
        Trip of this structure.
    trip_indptr : ndarray of int64, shape (n_trips + 1,)
        Events of each trip.
    trip_line : ndarray of int32, shape (n_trips,)
    line_indptr : ndarray of int64, shape (n_lines + 1,)
        Trips of each line, in the order they run.
    stop_indptr : ndarray of int64, shape (n_stops + 1,)
        Calls at each stop where one may board: ``stop_line[k]`` at its position ``stop_position[k]``.
    stop_line, stop_position : ndarray of int32, shape (n_calls,)
    """

    n_stops: int
    event_stop: np.ndarray
    event_arrival_s: np.ndarray
    event_departure_s: np.ndarray
    event_board: np.ndarray
    event_alight: np.ndarray
    event_source: np.ndarray
    event_trip: np.ndarray
    trip_indptr: np.ndarray
    trip_line: np.ndarray
    line_indptr: np.ndarray
    stop_indptr: np.ndarray
    stop_line: np.ndarray
    stop_position: np.ndarray

    @property
    def n_events(self) -> int:
        """Number of events."""
        return len(self.event_stop)

    @cached_property
    def tables(self) -> LineTables:
        """What kernels take."""
        return LineTables(
            self.event_stop,
            np.ascontiguousarray(self.event_arrival_s),
            np.ascontiguousarray(self.event_departure_s),
            self.event_alight,
            self.trip_indptr,
            self.line_indptr,
            self.stop_indptr,
            self.stop_line,
            self.stop_position,
        )


def build_lines(
    timetable: Timetable, *, bikes: bool = False, on_demand: bool = False, routes: np.ndarray | None = None
) -> Lines:
    """Group the trips of a timetable in lines.

    Parameters
    ----------
    timetable : Timetable
    bikes : bool
        Keep only trips that take bicycles aboard.
    on_demand : bool
        Keep trips that must be booked as well.
    routes : ndarray of bool, shape (n_routes,), optional
        Keep only the trips of these; of all by default.

    Returns
    -------
    Lines
    """
    keep = np.ones(timetable.n_trips, dtype=bool)
    if bikes:
        keep &= timetable.trip_bikes
    if routes is not None and not routes.all():
        keep &= routes[timetable.trip_route]
    keep &= ~timetable.trip_on_demand if not on_demand else ~_booked_elsewhere(timetable)
    chains = _chains(timetable, keep)
    groups: dict[bytes, list[np.ndarray]] = {}
    for chain in chains:
        events = np.concatenate([np.arange(timetable.trip_indptr[t], timetable.trip_indptr[t + 1]) for t in chain])
        if len(events) < 2:
            continue
        key = (
            timetable.event_stop[events].astype(np.int32).tobytes()
            + timetable.event_board[events].tobytes()
            + timetable.event_alight[events].tobytes()
        )
        groups.setdefault(key, []).append(events)
    lines = [line for members in groups.values() for line in _split(timetable, np.stack(members))]
    return _assemble(timetable, lines)


def _booked_elsewhere(timetable: Timetable) -> np.ndarray:
    """Tell the trips that have a copy for those who book: it calls wherever the trip does, and at the stops booked."""
    twice = np.zeros(timetable.n_trips, dtype=bool)
    booked = np.flatnonzero(timetable.trip_on_demand)
    if len(booked):
        plain = np.flatnonzero(~timetable.trip_on_demand)
        for day in np.unique(timetable.trip_day[booked]):
            here, there = (which[timetable.trip_day[which] == day] for which in (plain, booked))
            twice[here] = np.isin(timetable.trip_id[here], timetable.trip_id[there])
    return twice


def _chains(timetable: Timetable, keep: np.ndarray) -> list[tuple[int, ...]]:
    following: dict[int, list[int]] = {}
    preceded = np.zeros(timetable.n_trips, dtype=bool)
    first = timetable.trip_indptr[:-1]
    last = timetable.trip_indptr[1:] - 1
    for before, after in timetable.in_seat.reshape(-1, 2).tolist():
        runs = keep[before] and keep[after] and before != after
        if runs and timetable.event_arrival_s[first[after]] >= timetable.event_departure_s[last[before]]:
            following.setdefault(before, []).append(after)
            preceded[after] = True
    chains: list[tuple[int, ...]] = []
    for trip in np.flatnonzero(keep & ~preceded).tolist():
        stack: list[tuple[int, ...]] = [(trip,)]
        while stack:
            chain = stack.pop()
            onward = [t for t in following.get(chain[-1], ()) if t not in chain and len(chain) < _LONGEST_CHAIN]
            if onward:
                stack += [(*chain, t) for t in reversed(onward)]
            else:
                chains.append(chain)
    covered = np.zeros(timetable.n_trips, dtype=bool)
    for chain in chains:
        covered[list(chain)] = True
    return chains + [(t,) for t in np.flatnonzero(keep & ~covered).tolist()]


def _split(timetable: Timetable, events: np.ndarray) -> list[np.ndarray]:
    """Split the trips of one stop pattern, given as rows of events, where one overtakes another."""
    times = np.stack([timetable.event_arrival_s[events], timetable.event_departure_s[events]], axis=2)
    times = times.reshape(len(events), -1)
    order = np.lexsort(times.T[::-1])
    times, events = times[order], events[order]
    if (np.diff(times, axis=0) >= 0).all():
        return [events]
    members: list[list[int]] = []
    for row in range(len(events)):
        for line in members:
            if (times[row] >= times[line[-1]]).all():
                line.append(row)
                break
        else:
            members.append([row])
    return [events[line] for line in members]


def _assemble(timetable: Timetable, lines: list[np.ndarray]) -> Lines:
    source = np.concatenate([line.ravel() for line in lines]) if lines else np.empty(0, np.int64)
    lengths = np.concatenate([np.full(len(line), line.shape[1]) for line in lines]) if lines else np.empty(0, int)
    trip_indptr = indptr_of(lengths)
    trips_of_line = np.array([len(line) for line in lines], dtype=np.int64)
    board = timetable.event_board[source].astype(bool)
    alight = timetable.event_alight[source].astype(bool)
    # Nobody rides on from the last event, nor has ridden to the first.
    board[trip_indptr[1:] - 1] = False
    alight[trip_indptr[:-1]] = False
    events = _Events(
        timetable.event_stop[source].astype(np.int32),
        timetable.event_arrival_s[source].astype(np.int32),
        timetable.event_departure_s[source].astype(np.int32),
        board,
        alight,
        source.astype(np.int64),
    )
    return _indexed(timetable.n_stops, events, trip_indptr, indptr_of(trips_of_line))


class _Events(NamedTuple):
    stop: np.ndarray
    arrival_s: np.ndarray
    departure_s: np.ndarray
    board: np.ndarray
    alight: np.ndarray
    source: np.ndarray


def _indexed(n_stops: int, events: _Events, trip_indptr: np.ndarray, line_indptr: np.ndarray) -> Lines:
    """Lay out which trip and line each event is of, and the calls at each stop where one may board."""
    calls_event, calls_indptr = entries_of_rows(trip_indptr, line_indptr[:-1])
    calls_line, calls_position = rows_of(calls_indptr, np.int32), places_in_rows(calls_indptr).astype(np.int32)
    may_board = events.board[calls_event]
    stop_indptr, order = grouped(events.stop[calls_event][may_board], n_stops)
    return Lines(
        n_stops,
        *events,
        event_trip=rows_of(trip_indptr, np.int32),
        trip_indptr=trip_indptr,
        trip_line=rows_of(line_indptr, np.int32),
        line_indptr=line_indptr,
        stop_indptr=stop_indptr,
        stop_line=calls_line[may_board][order],
        stop_position=calls_position[may_board][order],
    )


def reverse_lines(lines: Lines) -> Lines:
    """Turn time round: event e becomes ``n_events − 1 − e``, boarding becomes alighting, times change sign."""
    n_events, n_trips = lines.n_events, len(lines.trip_line)
    events = _Events(
        lines.event_stop[::-1].copy(),
        -lines.event_departure_s[::-1],
        -lines.event_arrival_s[::-1],
        lines.event_alight[::-1].copy(),
        lines.event_board[::-1].copy(),
        lines.event_source[::-1].copy(),
    )
    trip_indptr, line_indptr = n_events - lines.trip_indptr[::-1], n_trips - lines.line_indptr[::-1]
    return _indexed(lines.n_stops, events, trip_indptr.astype(np.int64), line_indptr.astype(np.int64))
