"""Whether one arrives at all: 512 places at once, one bit each, over spans of any length."""

from __future__ import annotations

import numpy as np

from geo_access.kernels import njit
from geo_access.network.model import SparseTimes
from geo_access.routing.lanes import LANES, lanes_or
from geo_access.routing.profile import Samples, boardings
from geo_access.routing.sweep import SweepGraph
from geo_access.routing.tables import Alightings, LegTables, Onward, Span, Walks
from geo_access.routing.timed import timed_of, walks_of
from geo_access.threads import in_pieces

__all__ = ["reached"]

_PLACES = 16 * LANES


def reached(
    graph: SweepGraph, places: SparseTimes, readers: SparseTimes, from_s: int, until_s: int, end_s: int
) -> np.ndarray:
    """Tell whether someone setting out between two moments arrives before the timetable ends.

    Parameters
    ----------
    graph : SweepGraph
    places : SparseTimes
        Places × stops.
    readers : SparseTimes
        Readers × stops, from the door to the stop [s].
    from_s, until_s : int
        Setting out, both included [s].
    end_s : int
        No arrival that matters is later [s].

    Returns
    -------
    ndarray of bool, shape (n_readers, n_places)
    """
    found = np.zeros((readers.n_rows, places.n_rows), dtype=bool)
    if found.size == 0:
        return found
    span = graph.span(from_s, end_s)
    once = Samples(from_s, max(1, until_s - from_s + 1), 1)
    found_boardings = boardings(graph, readers, once, span, leave_by_s=until_s)
    for start in range(0, places.n_rows, _PLACES):
        many = min(_PLACES, places.n_rows - start)
        bits = np.zeros((span.last - span.first, LANES), np.uint16)
        some = range(start, start + many)
        _get_off(bits, some.start, some.stop, walks_of(places), graph.alightings, span)
        timed = timed_of(places, backwards=graph.backwards)
        if timed is not None:
            _get_off_timed(bits, some.start, some.stop, timed.tables, graph.alightings, span)
        _spread_back(bits, graph.onward, span)
        seen = np.zeros((readers.n_rows, LANES), np.uint16)
        in_pieces(_gather, readers.n_rows, bits, found_boardings.indptr, found_boardings.row, seen)
        found[:, start : start + many] = np.unpackbits(
            seen.astype("<u2", copy=False).view(np.uint8), axis=1, count=many, bitorder="little"
        )
    return found


@njit(cache=True)
def _get_off(bits: np.ndarray, start: int, end: int, walks: Walks, alightings: Alightings, span: Span) -> None:
    """Set the bit of each place at every event whose stop is within a walk of it."""
    near = np.zeros((len(alightings.indptr) - 1, LANES), np.uint16)
    for place in range(start, end):
        lane, bit = (place - start) >> 4, np.uint16(1 << ((place - start) & 15))
        for k in range(walks.indptr[place], walks.indptr[place + 1]):
            near[walks.stop[k], lane] |= bit
    for stop in range(len(near)):
        if near[stop].any():
            for j in range(alightings.indptr[stop], alightings.indptr[stop + 1]):
                if span.first <= alightings.rank[j] < span.last:
                    lanes_or(bits, alightings.rank[j] - span.first, near, stop)


@njit(cache=True)
def _get_off_timed(bits: np.ndarray, start: int, end: int, legs: LegTables, alightings: Alightings, span: Span) -> None:
    """Set the bit of each place at every event from which a timed leg to it is still open."""
    for place in range(start, end):
        lane, bit = (place - start) >> 4, np.uint16(1 << ((place - start) & 15))
        for k in range(legs.indptr[place], legs.indptr[place + 1]):
            for j in range(alightings.indptr[legs.stop[k]], alightings.indptr[legs.stop[k] + 1]):
                r = alightings.rank[j]
                if span.first <= r < span.last and alightings.arrival_s[r] <= legs.close_s[k]:
                    bits[r - span.first, lane] |= bit


@njit(cache=True)
def _spread_back(bits: np.ndarray, onward: Onward, span: Span) -> None:
    """Hand the bits of every event on to those it follows, as the sweep does with arrivals."""
    following, change_indptr, change_to, circular = onward
    first, last = span.first, span.last
    again = True
    while again:
        again = False
        for r in range(last - 1, first - 1, -1):
            before = np.uint64(0)
            if circular:
                for lane in range(LANES):
                    before += bits[r - first, lane]
            n = following[r]
            if first <= n < last:
                lanes_or(bits, r - first, bits, n - first)
            for k in range(change_indptr[r], change_indptr[r + 1]):
                n = change_to[k]
                if first <= n < last:
                    lanes_or(bits, r - first, bits, n - first)
            if circular:
                after = np.uint64(0)
                for lane in range(LANES):
                    after += bits[r - first, lane]
                again |= after != before


@njit(cache=True, nogil=True)
def _gather(
    first_reader: int, last_reader: int, bits: np.ndarray, indptr: np.ndarray, row: np.ndarray, seen: np.ndarray
) -> None:
    for reader in range(first_reader, last_reader):
        for k in range(indptr[reader], indptr[reader + 1]):
            lanes_or(seen, reader, bits, row[k])
