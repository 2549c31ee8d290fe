"""Reading the sweep at the other side: whole windows of departures or deadlines, and their percentiles.

Everyone near a stop may board there. For each reader the boardings worth having are listed once (per trip, the earliest
position, and a later one only when it lets one leave home later); then every instant of the window takes the best of
what still can be caught, as a minimum from the last instant to the first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import get_num_threads

from geo_access.arrays import indptr_of, indptr_of_rows, rows_of
from geo_access.kernels import njit
from geo_access.network.model import SparseTimes
from geo_access.routing.boarding import list_boardings
from geo_access.routing.by_stop import read_by_stop, reads_by_stop
from geo_access.routing.instant import answers_instant, latest_times
from geo_access.routing.lanes import LANES, lanes_any_below, lanes_min, lanes_minus
from geo_access.routing.order import Instants, Out, Swept, order_statistics, sorting_network
from geo_access.routing.spread import stop_arrivals
from geo_access.routing.sweep import NEVER, SweepGraph, sweep
from geo_access.routing.tables import Asked, Boardings, Span
from geo_access.routing.timed import Pairs, TimedLegs, board_timed, direct_between, select_rows, timed_of, walks_of
from geo_access.threads import in_pieces

__all__ = ["NEVER", "Pairs", "Samples", "Swept", "boardings", "profile_times", "stop_arrivals"]

_WIDEST_SHORT_S = 65_000
_SWEPT_BYTES = 16 << 20


@dataclass(frozen=True)
class Samples:
    """The instants of a window.

    Attributes
    ----------
    first_s, step_s, count : int
        Instants ``first_s + k * step_s`` [s].
    deadline : bool
        Whether they are deadlines at the place swept from, instead of instants at which one is ready at the other.
    bound_s : int or None
        With deadlines, the earliest moment to leave; else, the latest to arrive [s].
    """

    first_s: int
    step_s: int
    count: int
    deadline: bool = False
    bound_s: int | None = None

    @property
    def last_s(self) -> int:
        """Last instant [s]."""
        return self.first_s + (self.count - 1) * self.step_s

    def reversed(self) -> Samples:
        """Return the same instants on the clock running backwards."""
        bound_s = None if self.bound_s is None else -self.bound_s
        return Samples(-self.last_s, self.step_s, self.count, not self.deadline, bound_s)


@dataclass(frozen=True)
class _Wanted:
    """Longest time [s], most rides, and which times to return, as `profile_times` says."""

    max_s: int
    max_rides: int | None
    ranks: np.ndarray
    ordered: bool = True


def profile_times(
    graph: SweepGraph,
    pairs: Pairs,
    samples: Samples,
    *,
    max_s: int,
    max_rides: int | None,
    ranks: np.ndarray,
    ordered: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Order statistics of the door-to-door times from readers to places over the instants of a window.

    Parameters
    ----------
    graph : SweepGraph
    pairs : Pairs
    samples : Samples
        Ready instants: time from the instant to arrival, the wait at home included. Deadlines: time from leaving to
        the deadline, the wait at the end included.
    max_s : int
        Longest time of interest [s].
    max_rides : int or None
    ranks : ndarray of int64, shape (n_p,)
        Which of the sorted times to return, each in ``0 … samples.count − 1``.
    ordered : bool
        Sort the times first; else `ranks` are numbers of instants.

    Returns
    -------
    times_s : ndarray of float32, shape (n_readers, n_places, n_p)
        [s]; NaN where there is none.
    feasible : ndarray of int32, shape (n_readers, n_places)
        Number of instants with a time.
    """
    wanted = _Wanted(max_s, max_rides, ranks, ordered)
    found = _without_direct(graph, pairs, samples, wanted)
    legs = direct_between(pairs.readers, pairs.places, backwards=graph.backwards)
    return found if legs is None else _with_direct(found, legs, graph, pairs, samples, wanted)


def _with_direct(
    found: tuple[np.ndarray, np.ndarray],
    direct: tuple[np.ndarray, np.ndarray, TimedLegs],
    graph: SweepGraph,
    pairs: Pairs,
    samples: Samples,
    wanted: _Wanted,
) -> tuple[np.ndarray, np.ndarray]:
    """Put the legs all the way beside what was found, for the readers that have any."""
    times, feasible = found
    reader, place, legs = direct
    rows, at = np.unique(reader, return_inverse=True)
    every = np.arange(samples.count)
    low_s, high_s = _span(samples, wanted.max_s)
    instants = samples.first_s + every.astype(np.int64) * samples.step_s
    group = max(1, _SWEPT_BYTES // (4 * max(1, pairs.places.n_rows * samples.count)))
    for begin in range(0, len(rows), group):
        some = rows[begin : begin + group]
        part = Pairs(pairs.places, select_rows(pairs.readers, some), pairs.direct[some])
        best, _ = _without_direct(graph, part, samples, replace(wanted, ranks=every, ordered=False))
        for k in np.flatnonzero((at >= begin) & (at < begin + len(some))).tolist():
            opens, closes, took = int(legs.open_s[k]), int(legs.close_s[k]), int(legs.seconds[k])
            if samples.deadline:
                leave = np.minimum(closes, instants - took)
                seconds, ok = instants - leave, (leave >= opens) & (leave >= low_s)
            else:
                leave = np.maximum(opens, instants)
                seconds, ok = leave + took - instants, (leave <= closes) & (leave + took <= high_s)
            cell = best[at[k] - begin, place[k]]
            np.fmin(cell, np.where(ok & (seconds <= wanted.max_s), seconds, np.nan), out=cell, casting="unsafe")
        feasible[some] = (~np.isnan(best)).sum(axis=2)
        times[some] = (np.sort(best, axis=2) if wanted.ordered else best)[:, :, wanted.ranks]
    return times, feasible


def _without_direct(
    graph: SweepGraph, pairs: Pairs, samples: Samples, wanted: _Wanted
) -> tuple[np.ndarray, np.ndarray]:
    """Sweep from blocks of places, as many at once as fit, and let every reader read each."""
    places, readers, ranks = pairs.places, pairs.readers, wanted.ranks
    low_s, high_s = _span(samples, wanted.max_s)
    widest_s = max(high_s, samples.last_s + wanted.max_s) - low_s
    # Half the memory is half the time: rows of 16 bits wherever all seconds of the span fit.
    dtype = np.uint16 if widest_s <= _WIDEST_SHORT_S else np.int32
    never: Any = dtype(np.iinfo(dtype).max)
    n_places, n_readers = places.n_rows, readers.n_rows
    sorts = wanted.ordered and len(ranks) and samples.count > 1
    network = sorting_network(samples.count, tuple(ranks.tolist())) if sorts else np.empty((0, 2), np.int32)
    times = np.full((n_readers, n_places, len(ranks)), np.nan, np.float32)
    out = Out(times, np.zeros((n_readers, n_places), np.int32), ranks, network)
    if n_places == 0 or n_readers == 0:
        return out.times, out.feasible
    span = graph.span(low_s, high_s)
    if samples.deadline and samples.count == 1 and answers_instant(graph, pairs):
        seconds = latest_times(graph, pairs, span, samples.first_s, max_s=wanted.max_s, max_rides=wanted.max_rides)
        return np.repeat(seconds[:, :, None], len(ranks), axis=2), np.isfinite(seconds).astype(np.int32)
    bound = (low_s if samples.deadline else high_s) - low_s
    instants = Instants(never, samples.first_s - low_s, samples.step_s, samples.count, bound, wanted.max_s)
    if reads_by_stop(graph, pairs, deadline=samples.deadline):
        read_by_stop(graph, pairs, span, instants, out, deadline=samples.deadline, max_rides=wanted.max_rides)
        return out.times, out.feasible
    entries = boardings(graph, readers, samples, span)
    n_blocks = -(-n_places // LANES)
    copies = 1 if wanted.max_rides is None else 4
    row_bytes = max(1, span.last - span.first) * LANES * np.dtype(dtype).itemsize * copies
    group = min(n_blocks, max(get_num_threads(), _SWEPT_BYTES // row_bytes))
    direct = np.minimum(pairs.direct, never).astype(dtype)
    read = _read_deadlines if samples.deadline else _read_departures
    for block in range(0, n_blocks, group):
        blocks = range(block, min(block + group, n_blocks))
        value = sweep(graph, places, blocks, span, max_rides=wanted.max_rides, dtype=dtype)
        in_pieces(read, readers.n_rows, Swept(value, block * LANES), entries, direct, instants, out)
    return out.times, out.feasible


def _span(samples: Samples, max_s: int) -> tuple[int, int]:
    if samples.deadline:
        low_s = samples.first_s - max_s
        low_s = low_s if samples.bound_s is None else max(low_s, samples.bound_s)
        return low_s, max(low_s, samples.last_s)
    high_s = samples.last_s + max_s
    high_s = high_s if samples.bound_s is None else min(high_s, samples.bound_s)
    return samples.first_s, max(samples.first_s, high_s)


def boardings(
    graph: SweepGraph, readers: SparseTimes, samples: Samples, span: Span, *, leave_by_s: int | None = None
) -> Boardings:
    """List for each reader the boardings worth having, the last to leave first.

    Parameters
    ----------
    graph : SweepGraph
    readers : SparseTimes
        Readers × stops [s].
    samples : Samples
        Ready instants, or with deadlines only their kind.
    span : Span
    leave_by_s : int, optional
        Last moment to leave [s]; by default the end of the span.

    Returns
    -------
    Boardings
        Keys: the last instant (its number) that still catches the vehicle; for deadlines the time to leave, after the
        span's `low_s` [s].
    """
    latest_s = span.high_s if leave_by_s is None else leave_by_s
    when = (span, Asked(latest_s, samples.step_s, 0 if samples.deadline else samples.count))
    tables = (walks_of(readers), graph.lines.tables, graph.rank, when)
    counts = np.zeros(readers.n_rows, np.int64)
    pieces = in_pieces(list_boardings, readers.n_rows, counts, *tables)
    none = np.zeros(0, np.int32)
    key, row = (np.concatenate([none, *(piece[k] for piece in pieces)]) for k in range(2))
    walked = Boardings(indptr_of(counts), key, row)
    timed = timed_of(readers, backwards=graph.backwards)
    if timed is None:
        return walked
    return _together(walked, board_timed(timed.tables, graph.lines.tables, graph.rank, *when))


def _together(walked: Boardings, more: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Boardings:
    """File boardings after a walk and after a timed leg by reader, the last to leave first."""
    n_readers = len(walked.indptr) - 1
    reader = np.concatenate((rows_of(walked.indptr), more[0]))
    key, row = np.concatenate((walked.key, more[1])), np.concatenate((walked.row, more[2]))
    order = np.lexsort((-key.astype(np.int64), reader))
    indptr = indptr_of_rows(reader, n_readers)
    return Boardings(indptr, key[order].astype(np.int32), row[order].astype(np.int32))


@njit(cache=True, nogil=True)
def _read_departures(
    first_reader: int,
    last_reader: int,
    swept: Swept,
    entries: Boardings,
    direct: np.ndarray,
    instants: Instants,
    out: Out,
) -> None:
    """Take the best of what still can be caught at each instant, from the last to the first."""
    indptr, key, row = entries
    never, first, step, count, bound, max_s = instants
    value, first_place = swept
    times, feasible, ranks, network = out
    n_places = direct.shape[1]
    for reader in range(first_reader, last_reader):
        sample = np.empty((count, LANES), value.dtype)
        best = np.empty((1, LANES), value.dtype)
        walk = np.empty(LANES, value.dtype)
        for b in range(value.shape[0]):
            v = value[b]
            place = first_place + b * LANES
            many = min(LANES, n_places - place)
            best[:] = never
            walk[:] = never
            for lane in range(many):
                walk[lane] = direct[reader, place + lane]
            nearest = walk[0]
            for lane in range(1, LANES):
                nearest = min(nearest, walk[lane])
            k = indptr[reader]
            for i in range(count - 1, -1, -1):
                while k < indptr[reader + 1] and key[k] == i:
                    lanes_min(best, 0, v, row[k])
                    k += 1
                now = first + i * step
                lanes_minus(sample, i, best, 0, now)
                if nearest <= bound - now:
                    for lane in range(many):
                        if walk[lane] < sample[i, lane] and now + walk[lane] <= bound:
                            sample[i, lane] = walk[lane]
            order_statistics(sample, many, max_s, ranks, network, times[reader, place:], feasible[reader, place:])


@njit(cache=True, nogil=True)
def _read_deadlines(
    first_reader: int,
    last_reader: int,
    swept: Swept,
    entries: Boardings,
    direct: np.ndarray,
    instants: Instants,
    out: Out,
) -> None:
    """Find the latest departure that meets each deadline: the first boarding listed that is in time wins."""
    indptr, key, row = entries
    never, first, step, count, bound, max_s = instants
    value, first_place = swept
    times, feasible, ranks, network = out
    n_places = direct.shape[1]
    for reader in range(first_reader, last_reader):
        sample = np.empty((count, LANES), value.dtype)
        # Instants from `open_` on know their latest departure; the one before accepts arrivals earlier than `below`.
        open_ = np.empty(LANES, np.int64)
        below = np.empty((1, LANES), value.dtype)
        for b in range(value.shape[0]):
            v = value[b]
            place = first_place + b * LANES
            many = min(LANES, n_places - place)
            sample[:] = never
            open_[:] = count
            below[:] = 0
            below[0, :many] = max(0, first + (count - 1) * step + 1)
            for k in range(indptr[reader], indptr[reader + 1]):
                if not lanes_any_below(v, row[k], below, 0):
                    continue
                other = v[row[k]]
                for lane in range(many):
                    if other[lane] < below[0, lane]:
                        late = np.int64(other[lane]) - first
                        i = 0 if late <= 0 else (late + step - 1) // step
                        for j in range(i, open_[lane]):
                            sample[j, lane] = first + j * step - key[k]
                        open_[lane] = i
                        below[0, lane] = max(0, first + (i - 1) * step + 1) if i > 0 else 0
            for i in range(count):
                now = first + i * step
                for lane in range(many):
                    walk = direct[reader, place + lane]
                    if walk < sample[i, lane] and now - walk >= bound:
                        sample[i, lane] = walk
            order_statistics(sample, many, max_s, ranks, network, times[reader, place:], feasible[reader, place:])
