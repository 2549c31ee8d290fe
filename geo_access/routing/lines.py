"""The timetable as the search reads it: trips grouped in lines on which nobody overtakes.

Trips that continue in-seat are joined into one, so that every search steps from an event to the next of the array.
Turning all arrays round and negating the times gives the same timetable backwards: `reverse_lines`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from geo_access.arrays import SEEDS, begins_run, entries_of_rows, indptr_of, mixed, places_in_rows, rows_of
from geo_access.kernels import njit
from geo_access.network.model import Timetable
from geo_access.routing.tables import LineTables

__all__ = ["Lines", "build_lines", "filed", "reverse_lines", "some_lines"]

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
    chains = _chained_events(timetable, keep)
    order, begins = _in_lines(timetable, chains)
    return _assemble(timetable, _taken(chains, order), begins)


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


class _Chains(NamedTuple):
    """Events of the timetable, chain by chain: what one rides without leaving the seat."""

    indptr: np.ndarray
    event: np.ndarray


def _taken(chains: _Chains, rows: np.ndarray) -> _Chains:
    at, indptr = entries_of_rows(chains.indptr, rows)
    return _Chains(indptr, chains.event[at])


def _chained_events(timetable: Timetable, keep: np.ndarray) -> _Chains:
    """Trips joined in-seat, those that call once left out."""
    trips, indptr = _chains(timetable, keep)
    event, event_indptr = entries_of_rows(timetable.trip_indptr, trips)
    chains = _Chains(event_indptr[indptr], event)
    travelled = np.flatnonzero(np.diff(chains.indptr) >= 2)
    return chains if len(travelled) == len(chains.indptr) - 1 else _taken(chains, travelled)


def _chains(timetable: Timetable, keep: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Trips of each chain, and where the chains begin."""
    following: dict[int, list[int]] = {}
    preceded = np.zeros(timetable.n_trips, dtype=bool)
    first = timetable.trip_indptr[:-1]
    last = timetable.trip_indptr[1:] - 1
    for before, after in timetable.in_seat.reshape(-1, 2).tolist():
        runs = keep[before] and keep[after] and before != after
        if runs and timetable.event_arrival_s[first[after]] >= timetable.event_departure_s[last[before]]:
            following.setdefault(before, []).append(after)
            preceded[after] = True
    followed = np.zeros(timetable.n_trips, dtype=bool)
    followed[list(following)] = True
    joined = [
        chain for trip in np.flatnonzero(keep & ~preceded & followed).tolist() for chain in _onward(trip, following)
    ]
    members = np.array([trip for chain in joined for trip in chain], dtype=np.int64)
    covered = ~preceded
    covered[members] = True
    # In the order of their first trips; those that only a loop leads to come last.
    alone, looped = np.flatnonzero(keep & ~preceded & ~followed), np.flatnonzero(keep & ~covered)
    heads = np.array([chain[0] for chain in joined], dtype=np.int64)
    order = np.concatenate(
        (np.argsort(np.concatenate((alone, heads)), kind="stable"), len(alone) + len(heads) + np.arange(len(looped)))
    )
    lengths = np.array([len(chain) for chain in joined], dtype=np.int64)
    counts = np.concatenate((np.ones(len(alone), np.int64), lengths, np.ones(len(looped), np.int64)))
    at, indptr = entries_of_rows(indptr_of(counts), order)
    return np.concatenate((alone, members, looped))[at], indptr


def _onward(trip: int, following: Mapping[int, Sequence[int]]) -> list[tuple[int, ...]]:
    """All that one may ride from the start of a trip on."""
    chains: list[tuple[int, ...]] = []
    stack: list[tuple[int, ...]] = [(trip,)]
    while stack:
        chain = stack.pop()
        onward = [t for t in following.get(chain[-1], ()) if t not in chain and len(chain) < _LONGEST_CHAIN]
        if onward:
            stack += [(*chain, t) for t in reversed(onward)]
        else:
            chains.append(chain)
    return chains


def _patterns(timetable: Timetable, chains: _Chains) -> np.ndarray:
    """Return the number of each chain's stops, with where one may board and alight, in order of their first chain.

    Two patterns that differ share a mark of 128 bits once in 2¹²⁸ pairs.
    """
    rules = timetable.event_board[chains.event] + 2 * timetable.event_alight[chains.event].astype(np.int64)
    calls = (places_in_rows(chains.indptr), timetable.event_stop[chains.event], rules)
    marks = [np.add.reduceat(mixed(seed, calls), chains.indptr[:-1]) for seed in SEEDS]
    order = np.lexsort(marks)
    begins = begins_run(*(mark[order] for mark in marks))
    rank = np.empty(int(begins.sum()), dtype=np.int64)
    # The sort is stable: the first of a run is the first chain of its pattern.
    rank[np.argsort(order[begins])] = np.arange(len(rank))
    pattern = np.empty(len(order), dtype=np.int64)
    pattern[order] = rank[np.cumsum(begins) - 1]
    return pattern


def _in_lines(timetable: Timetable, chains: _Chains) -> tuple[np.ndarray, np.ndarray]:
    """Order chains by pattern and time; which of them, so ordered, begin a line."""
    if len(chains.indptr) == 1:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool)
    pattern = _patterns(timetable, chains)
    arrival, departure = timetable.event_arrival_s[chains.event], timetable.event_departure_s[chains.event]
    first = chains.indptr[:-1]
    order = np.lexsort((departure[first], arrival[first], pattern))
    begins = begins_run(pattern[order])
    # Where nobody is overtaken by the next one, those ordered by their first call are ordered by every call.
    same = np.flatnonzero(~begins)
    earlier, _ = entries_of_rows(chains.indptr, order[same - 1])
    later, indptr = entries_of_rows(chains.indptr, order[same])
    overtaken = (arrival[later] < arrival[earlier]) | (departure[later] < departure[earlier])
    runs = np.unique(pattern[order[same[rows_of(indptr)[overtaken]]]])
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], len(order))
    for run in runs.tolist():
        members = np.sort(order[starts[run] : ends[run]])
        events, _ = entries_of_rows(chains.indptr, members)
        times = np.column_stack((arrival[events], departure[events])).reshape(len(members), -1)
        lines = _split(times)
        order[starts[run] : ends[run]] = members[np.concatenate(lines)]
        begins[starts[run] : ends[run]] = np.concatenate([np.arange(len(line)) == 0 for line in lines])
    return order, begins


def _split(times: np.ndarray) -> list[list[int]]:
    """Split the rows of one stop pattern, in the order they run, where one overtakes another."""
    members: list[list[int]] = []
    for row in np.lexsort(times.T[::-1]).tolist():
        for line in members:
            if (times[row] >= times[line[-1]]).all():
                line.append(row)
                break
        else:
            members.append([row])
    return members


def _assemble(timetable: Timetable, chains: _Chains, begins: np.ndarray) -> Lines:
    source, trip_indptr = chains.event, chains.indptr
    line_indptr = np.append(np.flatnonzero(begins), len(begins)).astype(np.int64)
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
    return _indexed(timetable.n_stops, events, trip_indptr, line_indptr)


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
    stop_indptr, order = filed(events.stop[calls_event][may_board], n_stops)
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


@njit(cache=True)
def filed(rows: np.ndarray, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Put entries together by row as `arrays.grouped` does, counting instead of sorting: for millions of them."""
    indptr = np.zeros(n_rows + 1, dtype=np.int64)
    for row in rows:
        indptr[row + 1] += 1
    for row in range(n_rows):
        indptr[row + 1] += indptr[row]
    cursor = indptr[:-1].copy()
    order = np.empty(len(rows), dtype=np.int64)
    for k in range(len(rows)):
        order[cursor[rows[k]]] = k
        cursor[rows[k]] += 1
    return indptr, order


def some_lines(lines: Lines, kept: np.ndarray) -> tuple[Lines, np.ndarray]:
    """Keep some lines, with the stops as they are numbered.

    Parameters
    ----------
    lines : Lines
    kept : ndarray of int64
        Ascending.

    Returns
    -------
    lines : Lines
    events : ndarray of int64
        Those kept, ascending.
    """
    trips, line_indptr = entries_of_rows(lines.line_indptr, kept)
    at, trip_indptr = entries_of_rows(lines.trip_indptr, trips)
    events = _Events(
        lines.event_stop[at],
        lines.event_arrival_s[at],
        lines.event_departure_s[at],
        lines.event_board[at],
        lines.event_alight[at],
        lines.event_source[at],
    )
    return _indexed(lines.n_stops, events, trip_indptr, line_indptr), at


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
