"""Few places, a window: what is worth boarding is found once for each stop, not once for each reader.

`geo_access.routing.profile` lists for every reader the boardings worth having, which pays where hundreds of places are
then read from the list. For one place, or for the sites of one métier, listing would be most of the work. What a stop
offers depends on no reader: with ready instants, for every departure the best arrival of those that still can be
caught; with deadlines, for every deadline the last departure that meets it. A reader then takes the best of the stops
near by, moved by his walk to each.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geo_access.kernels import njit
from geo_access.routing.lanes import LANES, lanes_min, lanes_minus
from geo_access.routing.order import Instants, Out, order_statistics
from geo_access.routing.sweep import SweepGraph, first_at, sweep
from geo_access.routing.tables import Departures, Span, Walks
from geo_access.routing.timed import Pairs, timed_of, walks_of
from geo_access.threads import in_pieces

__all__ = ["read_by_stop", "reads_by_stop"]

# Where a list of boardings begins to pay, measured on Porto Alegre: each deadline of each place is looked up in
# another row of memory, ready instants of 32 places in one.
_FEW_PLACES_DEADLINES, _FEW_PLACES_READY = 4, 2 * LANES


def reads_by_stop(graph: SweepGraph, pairs: Pairs, *, deadline: bool) -> bool:
    """Whether `read_by_stop` is the shorter way; legs that run at hours of their own are left to lists."""
    if pairs.places.n_rows > (_FEW_PLACES_DEADLINES if deadline else _FEW_PLACES_READY):
        return False
    return timed_of(pairs.readers, backwards=graph.backwards) is None


def read_by_stop(
    graph: SweepGraph,
    pairs: Pairs,
    span: Span,
    instants: Instants,
    out: Out,
    *,
    deadline: bool,
    max_rides: int | None,
) -> None:
    """Fill times and feasible instants from readers to a few places, as `profile.profile_times` says.

    Parameters
    ----------
    graph : SweepGraph
    pairs : Pairs
        Readers without timed legs.
    span : Span
    instants : Instants
    out : Out
        Filled.
    deadline : bool
        Whether the instants are deadlines at the places.
    max_rides : int or None
    """
    n_places = pairs.places.n_rows
    value = sweep(
        graph, pairs.places, range(-(-n_places // LANES)), span, max_rides=max_rides, dtype=type(instants.never)
    )
    departures = Departures(*_within(graph.departures, span))
    n_readers, n_stops = pairs.readers.n_rows, graph.lines.n_stops
    direct = np.minimum(pairs.direct, instants.never).astype(value.dtype)
    readers = _Readers(walks_of(pairs.readers), direct)
    if deadline:
        latest = np.full((n_places, n_stops, instants.n_instants), -1, np.int32)
        in_pieces(_leave_last, n_stops, value, departures, instants, latest)
        in_pieces(_read_deadlines, n_readers, latest, readers, instants, out)
        return
    for block in range(len(value)):
        best = np.empty((len(departures.row), LANES), value.dtype)
        in_pieces(_best_from, n_stops, value[block], departures, best)
        in_pieces(_read_departures, n_readers, (best, block * LANES), departures, readers, instants, out)


class _Readers(NamedTuple):
    """Walks of each reader to the stops, and all the way to each place [s]."""

    walks: Walks
    direct: np.ndarray


@njit(cache=True)
def _within(day: Departures, span: Span) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Departures of a span, as `Departures` files them: seconds and rows after its first."""
    indptr, leaves, row = day
    first, last, low_s, high_s = span
    kept = np.empty(len(indptr), np.int64)
    kept_leaves = np.empty(len(leaves), np.int32)
    kept_row = np.empty(len(leaves), np.int32)
    n = 0
    for stop in range(len(indptr) - 1):
        kept[stop] = n
        for k in range(first_at(leaves, indptr[stop], indptr[stop + 1], low_s), indptr[stop + 1]):
            if leaves[k] > high_s:
                break
            if first <= row[k] < last:
                kept_leaves[n] = leaves[k] - low_s
                kept_row[n] = row[k] - first
                n += 1
    kept[-1] = n
    return kept, kept_leaves[:n], kept_row[:n]


@njit(cache=True, nogil=True)
def _best_from(first_stop: int, last_stop: int, value: np.ndarray, departures: Departures, best: np.ndarray) -> None:
    """Find for every departure the best arrival of it and those after it at the stop."""
    indptr, _, row = departures
    for stop in range(first_stop, last_stop):
        for k in range(indptr[stop + 1] - 1, indptr[stop] - 1, -1):
            source = value[row[k]]
            mine = best[k]
            for lane in range(LANES):
                mine[lane] = source[lane]
            if k + 1 < indptr[stop + 1]:
                lanes_min(best, k, best, k + 1)


@njit(cache=True, nogil=True)
def _read_departures(
    first_reader: int,
    last_reader: int,
    found: tuple[np.ndarray, int],
    departures: Departures,
    readers: _Readers,
    instants: Instants,
    out: Out,
) -> None:
    """Take at each instant the best of what can still be caught at the stops near by."""
    best, first_place = found
    stop_indptr, leaves, _ = departures
    (indptr, stops, seconds), direct = readers
    never, first, step, count, bound, max_s = instants
    times, feasible, ranks, network = out
    many = min(LANES, times.shape[1] - first_place)
    sample = np.empty((count, LANES), best.dtype)
    for reader in range(first_reader, last_reader):
        sample[:] = never
        for w in range(indptr[reader], indptr[reader + 1]):
            begin = stop_indptr[stops[w]]
            end = stop_indptr[stops[w] + 1]
            on_the_way = first + seconds[w]
            k = first_at(leaves, begin, end, on_the_way + (count - 1) * step)
            if k < end:
                lanes_min(sample, count - 1, best, k)
            # Who is ready earlier can catch all that one can later: each departure is filed under its last instant.
            for earlier in range(k - 1, begin - 1, -1):
                spare = leaves[earlier] - on_the_way
                if spare < 0:
                    break
                lanes_min(sample, spare // step, best, earlier)
        for i in range(count - 2, -1, -1):
            lanes_min(sample, i, sample, i + 1)
        for i in range(count):
            now = first + i * step
            lanes_minus(sample, i, sample, i, now)
            for lane in range(many):
                walk = direct[reader, first_place + lane]
                if walk < sample[i, lane] and now + walk <= bound:
                    sample[i, lane] = walk
        order_statistics(
            sample, many, max_s, ranks, network, times[reader, first_place:], feasible[reader, first_place:]
        )


@njit(cache=True, nogil=True)
def _leave_last(
    first_stop: int,
    last_stop: int,
    value: np.ndarray,
    departures: Departures,
    instants: Instants,
    latest: np.ndarray,
) -> None:
    """Find for every deadline the last departure from each stop that meets it; −1 stays where none does."""
    indptr, leaves, row = departures
    _, first, step, count, _, _ = instants
    for place in range(latest.shape[0]):
        arrives = value[place // LANES]
        lane = place % LANES
        for stop in range(first_stop, last_stop):
            mine = latest[place, stop]
            # Falling departures: a deadline that knows one already knows a later one, and so do all after it.
            known = count
            last_s = first + (count - 1) * step
            for k in range(indptr[stop + 1] - 1, indptr[stop] - 1, -1):
                arrival_s = int(arrives[row[k], lane])
                if arrival_s > last_s:
                    continue
                i = 0 if arrival_s <= first else (arrival_s - first + step - 1) // step
                for j in range(i, known):
                    mine[j] = leaves[k]
                if i == 0:
                    break
                known, last_s = i, first + (i - 1) * step


@njit(cache=True, nogil=True)
def _read_deadlines(
    first_reader: int,
    last_reader: int,
    latest: np.ndarray,
    readers: _Readers,
    instants: Instants,
    out: Out,
) -> None:
    """Leave for each deadline as late as the stops near by allow."""
    (indptr, stops, seconds), direct = readers
    never, first, step, count, bound, max_s = instants
    times, feasible, ranks, network = out
    n_places = latest.shape[0]
    leave = np.empty(count, np.int32)
    sample = np.empty((count, LANES), direct.dtype)
    sample[:] = never
    for reader in range(first_reader, last_reader):
        for place in range(n_places):
            leave[:] = -1
            for w in range(indptr[reader], indptr[reader + 1]):
                row = latest[place, stops[w]]
                walk = seconds[w]
                for i in range(count):
                    leave[i] = max(leave[i], row[i] - walk)
            walk = np.int64(direct[reader, place])
            for i in range(count):
                now = first + i * step
                took = np.int64(never) if leave[i] < 0 else now - leave[i]
                if walk < took and now - walk >= bound:
                    took = walk
                sample[i, place] = took
        order_statistics(sample, n_places, max_s, ranks, network, times[reader], feasible[reader])
