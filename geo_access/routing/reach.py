"""Whether one arrives at all: 512 places at once, one bit each, over spans of any length."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from geo_access.network.model import SparseTimes
from geo_access.routing.lanes import LANES, lanes_or
from geo_access.routing.profile import Samples, boardings
from geo_access.routing.sweep import SweepGraph
from geo_access.routing.timed import timed_of

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
    first, last = graph.slice_ranks(from_s, end_s)
    once = Samples(from_s, max(1, until_s - from_s + 1), 1)
    indptr, _, row = boardings(graph, readers, once, from_s, end_s, first, last, leave_by_s=until_s)
    for start in range(0, places.n_rows, _PLACES):
        many = min(_PLACES, places.n_rows - start)
        bits = np.zeros((last - first, LANES), np.uint16)
        _get_off(bits, start, many, places.indptr, places.indices, graph.alight_indptr, graph.alight_rank, first, last)
        timed = timed_of(places, backwards=graph.backwards)
        if timed is not None:
            _get_off_timed(
                bits,
                start,
                many,
                timed.indptr,
                timed.other,
                timed.close_s,
                graph.arrival_s,
                graph.alight_indptr,
                graph.alight_rank,
                first,
                last,
            )
        _spread_back(bits, graph.following, graph.change_indptr, graph.change_to, first, last, graph.circular)
        seen = _gather(bits, indptr, row)
        found[:, start : start + many] = np.unpackbits(
            seen.astype("<u2", copy=False).view(np.uint8), axis=1, count=many, bitorder="little"
        )
    return found


@njit(cache=True)
def _get_off(
    bits: np.ndarray,
    start: int,
    many: int,
    indptr: np.ndarray,
    stops: np.ndarray,
    alight_indptr: np.ndarray,
    alight_rank: np.ndarray,
    first: int,
    last: int,
) -> None:
    near = np.zeros((len(alight_indptr) - 1, LANES), np.uint16)
    for place in range(many):
        for k in range(indptr[start + place], indptr[start + place + 1]):
            near[stops[k], place >> 4] |= np.uint16(1 << (place & 15))
    for stop in range(len(near)):
        if near[stop].any():
            for j in range(alight_indptr[stop], alight_indptr[stop + 1]):
                if first <= alight_rank[j] < last:
                    lanes_or(bits, alight_rank[j] - first, near, stop)


@njit(cache=True)
def _get_off_timed(
    bits: np.ndarray,
    start: int,
    many: int,
    indptr: np.ndarray,
    stops: np.ndarray,
    close_s: np.ndarray,
    arrival_s: np.ndarray,
    alight_indptr: np.ndarray,
    alight_rank: np.ndarray,
    first: int,
    last: int,
) -> None:
    for place in range(many):
        bit = np.uint16(1 << (place & 15))
        for k in range(indptr[start + place], indptr[start + place + 1]):
            for j in range(alight_indptr[stops[k]], alight_indptr[stops[k] + 1]):
                r = alight_rank[j]
                if first <= r < last and arrival_s[r] <= close_s[k]:
                    bits[r - first, place >> 4] |= bit


@njit(cache=True)
def _spread_back(
    bits: np.ndarray,
    following: np.ndarray,
    change_indptr: np.ndarray,
    change_to: np.ndarray,
    first: int,
    last: int,
    circular: bool,
) -> None:
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


@njit(cache=True, parallel=True)
def _gather(bits: np.ndarray, indptr: np.ndarray, row: np.ndarray) -> np.ndarray:
    seen = np.zeros((len(indptr) - 1, LANES), np.uint16)
    for reader in prange(len(indptr) - 1):
        for k in range(indptr[reader], indptr[reader + 1]):
            lanes_or(seen, reader, bits, row[k])
    return seen
