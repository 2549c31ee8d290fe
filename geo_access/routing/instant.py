"""One deadline: who can still be there in time is a bit, so that 64 places are swept as one number.

A window needs the best arrival from every event (`geo_access.routing.sweep`); for a single moment it is enough to know
from which events a place is reached in time. What one boards last at a stop then says all that a reader near it asks:
neither depends on the readers, and no boarding is listed for each of them.
"""

from __future__ import annotations

import numpy as np

from geo_access.kernels import njit
from geo_access.routing.boarding import boardable
from geo_access.routing.lines import filed
from geo_access.routing.sweep import SweepGraph, first_at
from geo_access.routing.tables import Alightings, LineTables, Onward, Span, Walks
from geo_access.routing.timed import Pairs, select_rows, timed_of, walks_of
from geo_access.threads import in_pieces

__all__ = ["BITS", "answers_instant", "latest_times"]

BITS = 64
"""Places swept together, when one moment is asked."""
# What is held of the last departures of all stops at a time.
_LATEST_BYTES = 64 << 20
# Before any moment of a timetable, with room for a walk.
_BEFORE_ALL = np.int32(-(2**30))


def answers_instant(graph: SweepGraph, pairs: Pairs) -> bool:
    """Whether `latest_times` can answer: legs that run at hours of their own are left to the sweep of arrivals."""
    ends = (pairs.places, pairs.readers)
    return all(timed_of(end, backwards=graph.backwards) is None for end in ends)


def latest_times(
    graph: SweepGraph, pairs: Pairs, span: Span, deadline_s: int, *, max_s: int, max_rides: int | None
) -> np.ndarray:
    """Door-to-door times from readers to places by one deadline, the wait at the end included.

    Parameters
    ----------
    graph : SweepGraph
    pairs : Pairs
        Without timed legs.
    span : Span
        Its first moment is the earliest to leave.
    deadline_s : int
        [s].
    max_s : int
        Longest time of interest [s].
    max_rides : int or None

    Returns
    -------
    ndarray of float32, shape (n_readers, n_places)
        [s]; NaN where there is none. Place by place in memory.
    """
    n_places, n_readers = pairs.places.n_rows, pairs.readers.n_rows
    n_words = -(-n_places // BITS)
    group = max(1, _LATEST_BYTES // (4 * BITS * max(1, graph.lines.n_stops)))
    if n_words > group:
        return _in_groups(graph, pairs, span, deadline_s, group * BITS, max_s=max_s, max_rides=max_rides)
    reached: np.ndarray = np.zeros((n_words, span.last - span.first), np.uint64)
    in_pieces(_get_off, n_words, reached, walks_of(pairs.places), graph.alightings, span, deadline_s)
    reached = _spread(graph, reached, span, max_rides)
    tables = graph.lines.tables
    event = boardable(tables, graph.rank, span, deadline_s)
    _, order = filed(tables.departure[event] - np.int32(span.low_s), max(deadline_s - span.low_s, 0) + 1)
    boarded = event[order[::-1]]
    # One place more is asked alone: its readers look at no lane that is empty.
    width = min(n_places, BITS)
    latest: np.ndarray = np.full((n_words, graph.lines.n_stops, width), _BEFORE_ALL, np.int32)
    in_pieces(_board_last, n_words, latest, reached, tables, boarded, graph.rank[boarded + 1] - span.first)
    times = np.full((n_readers, n_places), np.nan, np.float32, order="F")
    limits = (span.low_s, deadline_s, max_s)
    in_pieces(_read, n_readers, latest, walks_of(pairs.readers), pairs.direct, limits, times)
    return times


def _in_groups(
    graph: SweepGraph, pairs: Pairs, span: Span, deadline_s: int, size: int, *, max_s: int, max_rides: int | None
) -> np.ndarray:
    """Do as `latest_times` does for some places at a time: what is known of every stop would not fit for all."""
    n_places = pairs.places.n_rows
    times = np.full((pairs.readers.n_rows, n_places), np.nan, np.float32, order="F")
    for first in range(0, n_places, size):
        rows = np.arange(first, min(first + size, n_places))
        some = Pairs(select_rows(pairs.places, rows), pairs.readers, pairs.direct[:, rows])
        times[:, rows] = latest_times(graph, some, span, deadline_s, max_s=max_s, max_rides=max_rides)
    return times


def _spread(graph: SweepGraph, get_off: np.ndarray, span: Span, max_rides: int | None) -> np.ndarray:
    """Return from which events each place is reached: riding on, getting off, changing."""
    n_words = len(get_off)
    if max_rides is None:
        in_pieces(_relax, n_words, get_off, get_off, graph.onward, span)
        return get_off
    reached = get_off.copy()
    in_pieces(_ride, n_words, reached, graph.following, span)
    for _ in range(max_rides - 1):
        more = get_off.copy()
        in_pieces(_relax, n_words, more, reached, graph.onward, span)
        reached = more
    return reached


@njit(cache=True, nogil=True)
def _get_off(
    first_word: int,
    last_word: int,
    reached: np.ndarray,
    walks: Walks,
    alightings: Alightings,
    span: Span,
    deadline_s: int,
) -> None:
    """Get off for good: the events whose stop is within a walk of a place, early enough."""
    indptr, stops, seconds = walks
    alight_indptr, alight_rank, arrival_s = alightings
    first, last = span.first, span.last
    for w in range(first_word, last_word):
        for bit in range(64):
            place = 64 * w + bit
            if place >= len(indptr) - 1:
                break
            mark = np.uint64(1) << np.uint64(bit)
            for k in range(indptr[place], indptr[place + 1]):
                end = alight_indptr[stops[k] + 1]
                for j in range(first_at(alight_rank, alight_indptr[stops[k]], end, first), end):
                    r = alight_rank[j]
                    if r >= last or arrival_s[r] + seconds[k] > deadline_s:
                        break
                    reached[w, r - first] |= mark


@njit(cache=True, nogil=True)
def _relax(
    first_word: int, last_word: int, reached: np.ndarray, changed_to: np.ndarray, onward: Onward, span: Span
) -> None:
    """Add to every event what follows it, from the last to the first.

    Changes read `changed_to`: the same events, or those of one ride fewer. As in `geo_access.routing.sweep`, only
    changes within a second need more than one pass, and those of one ride fewer never do.
    """
    following, change_indptr, change_to, circular = onward
    first, last = span.first, span.last
    for w in range(first_word, last_word):
        mine = reached[w]
        other = changed_to[w]
        again = True
        while again:
            again = False
            for r in range(last - 1, first - 1, -1):
                old = mine[r - first]
                bits = old
                n = following[r]
                if first <= n < last:
                    bits |= mine[n - first]
                for k in range(change_indptr[r], change_indptr[r + 1]):
                    n = change_to[k]
                    if first <= n < last:
                        bits |= other[n - first]
                if bits != old:
                    mine[r - first] = bits
                    again = circular


@njit(cache=True, nogil=True)
def _ride(first_word: int, last_word: int, reached: np.ndarray, following: np.ndarray, span: Span) -> None:
    """Add to every event the next of its trip: what is reached without another vehicle."""
    first, last = span.first, span.last
    for w in range(first_word, last_word):
        mine = reached[w]
        for r in range(last - 1, first - 1, -1):
            n = following[r]
            if first <= n < last:
                mine[r - first] |= mine[n - first]


@njit(cache=True, nogil=True)
def _board_last(
    first_word: int,
    last_word: int,
    latest: np.ndarray,
    reached: np.ndarray,
    lines: LineTables,
    boarded: np.ndarray,
    arrives: np.ndarray,
) -> None:
    """Find the last departure from each stop in time for each place.

    `boarded` lists the last to leave first, `arrives` the row of `reached` that each of them rides to.
    """
    for w in range(first_word, last_word):
        found = np.zeros(latest.shape[1], np.uint64)
        for k in range(len(boarded)):
            f = boarded[k]
            stop = lines.stop[f]
            new = reached[w, arrives[k]] & ~found[stop]
            if new == np.uint64(0):
                continue
            found[stop] |= new
            at = latest[w, stop]
            for bit in range(64):
                if (new >> np.uint64(bit)) & np.uint64(1):
                    at[bit] = lines.departure[f]


@njit(cache=True, nogil=True)
def _read(
    first_reader: int,
    last_reader: int,
    latest: np.ndarray,
    walks: Walks,
    direct: np.ndarray,
    limits: tuple[int, int, int],
    times: np.ndarray,
) -> None:
    """Leave as late as any stop near by allows, or walk all the way."""
    indptr, stops, seconds = walks
    low_s, deadline_s, max_s = limits
    n_places, width = times.shape[1], latest.shape[2]
    leave = np.empty(width, np.int32)
    for reader in range(first_reader, last_reader):
        for w in range(latest.shape[0]):
            leave[:] = _BEFORE_ALL
            for k in range(indptr[reader], indptr[reader + 1]):
                row = latest[w, stops[k]]
                walk = seconds[k]
                for bit in range(width):
                    leave[bit] = max(leave[bit], row[bit] - walk)
            for bit in range(min(64, n_places - 64 * w)):
                place = 64 * w + bit
                best = np.int64(max_s) + 1
                if leave[bit] >= low_s:
                    best = np.int64(deadline_s) - leave[bit]
                walk_all = np.int64(direct[reader, place])
                if walk_all < best and deadline_s - walk_all >= low_s:
                    best = walk_all
                if best <= max_s:
                    times[reader, place] = best
