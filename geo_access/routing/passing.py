"""What just misses the hour: the first arrival after a deadline."""

from __future__ import annotations

import numpy as np

from geo_access.arrays import marked_rows_and_columns
from geo_access.kernels import njit
from geo_access.routing.lanes import LANES, lanes_min_within
from geo_access.routing.order import Swept
from geo_access.routing.profile import Pairs, Samples, boardings
from geo_access.routing.sweep import SweepGraph, sweep
from geo_access.routing.tables import Boardings
from geo_access.threads import in_pieces

__all__ = ["first_after"]

_SWEPT_BYTES = 16 << 20
_WIDEST_SHORT_S = 65_000


def first_after(
    graph: SweepGraph,
    pairs: Pairs,
    wanted: np.ndarray,
    arrive_s: tuple[int, int],
    *,
    max_s: int,
    max_rides: int | None,
    earliest_s: int | None = None,
) -> np.ndarray:
    """Find the earliest arrival after a deadline of a journey no longer than `max_s`, for pairs that cannot meet it.

    Parameters
    ----------
    graph : SweepGraph
    pairs : Pairs
    wanted : ndarray of bool, shape (n_readers, n_places)
        Pairs to look at: none of them arrives by the deadline within `max_s`.
    arrive_s : tuple of int
        The deadline, and the latest arrival of interest [s].
    max_s : int
        Longest journey [s].
    max_rides : int or None
    earliest_s : int, optional
        No journey sets out before [s].

    Returns
    -------
    ndarray of float32, shape (n_readers, n_places)
        [s] on the graph's clock; NaN where there is none or none was wanted.
    """
    out = np.full(wanted.shape, np.nan, np.float32)
    if not wanted.any():
        return out
    r, p = marked_rows_and_columns(wanted)
    low_s, high_s = arrive_s[0] - max_s, arrive_s[1]
    low_s = low_s if earliest_s is None else max(low_s, earliest_s)
    if low_s > high_s:
        return out
    span = graph.span(low_s, high_s)
    some, asked = pairs.some(r, p), wanted[np.ix_(r, p)]
    entries = boardings(graph, some.readers, Samples(low_s, 1, 1, deadline=True), span)
    found = np.full((len(r), len(p)), np.nan, np.float32)
    n_blocks = -(-len(p) // LANES)
    dtype = np.uint16 if high_s - low_s <= _WIDEST_SHORT_S else np.int32
    group = max(1, _SWEPT_BYTES // (max(1, span.last - span.first) * LANES * np.dtype(dtype).itemsize))
    for block in range(0, n_blocks, group):
        blocks = range(block, min(block + group, n_blocks))
        value = sweep(graph, some.places, blocks, span, max_rides=max_rides, dtype=dtype)
        for part, number in enumerate(blocks):
            limits = (np.iinfo(dtype).max, max_s)
            in_pieces(_read_first, len(r), Swept(value[part], number * LANES), entries, limits, asked, found)
    found += low_s
    out[np.ix_(r, p)] = found
    return out


@njit(cache=True, nogil=True)
def _read_first(
    first_reader: int,
    last_reader: int,
    swept: Swept,
    entries: Boardings,
    limits: tuple[int, int],
    wanted: np.ndarray,
    found: np.ndarray,
) -> None:
    """Take the earliest arrival at each place that a boarding leads to within `max_s` of leaving for it."""
    indptr, key, row = entries
    value, first_place = swept
    never, max_s = limits
    many = min(LANES, found.shape[1] - first_place)
    for reader in range(first_reader, last_reader):
        if not wanted[reader, first_place : first_place + many].any():
            continue
        best = np.full((1, LANES), never, value.dtype)
        for k in range(indptr[reader], indptr[reader + 1]):
            lanes_min_within(best, 0, value, row[k], min(key[k] + max_s, never - 1))
        for lane in range(many):
            if best[0, lane] < never and wanted[reader, first_place + lane]:
                found[reader, first_place + lane] = best[0, lane]
