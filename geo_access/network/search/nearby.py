"""Times between points within reach of each other, kept sparse and searched from the side with fewer points.

Searching backwards from the targets settles the same ways as searching forwards from the sources, in whole
deciseconds: the result is the same to the byte.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geo_access.arrays import indptr_of
from geo_access.kernels import njit
from geo_access.network.model import ModeGraph, SparseTimes, Streets
from geo_access.network.search.crow_fly import limits_ds, slots
from geo_access.network.search.doors import (
    arcs_of,
    entries,
    on_edges,
    seeds,
    turned_arcs_of,
    turned_entries,
    turned_seeds,
)
from geo_access.network.search.kernels import INFINITE, grow, invert, longer, workspace
from geo_access.network.search.links import Links, graph_of
from geo_access.network.search.tables import Arcs, Entries, OnEdge, Points, Seeds
from geo_access.threads import in_pieces

__all__ = ["nearby_pairs"]


class _Reach(NamedTuple):
    """How far a search goes, and what turns its deciseconds into whole seconds.

    `sign` is 1 where the search runs from the sources, −1 where it runs backwards from the targets.
    """

    limits: np.ndarray
    n_slots: int
    sign: float
    scale: np.float32
    max_s: np.float32


class _Ways(NamedTuple):
    arcs: Arcs
    seeds: Seeds
    entries: Entries
    on_edge: OnEdge


@njit(cache=True, nogil=True)
def _pairs_of(
    first: int, last: int, counts: np.ndarray, ways: _Ways, near: Points, far: Points, reach: _Reach
) -> tuple[np.ndarray, np.ndarray]:
    """Far points within reach of some near ones, in no order, and the whole seconds; `counts` gets how many each."""
    arcs, begin, end, on_edge = ways
    sign = reach.sign
    n_far = len(far.x)
    work = workspace(len(arcs.indptr) - 1, reach.n_slots, len(arcs.heads) + len(begin.state))
    found = np.full(n_far, INFINITE, dtype=np.int32)
    touched = np.empty(n_far, dtype=np.int32)
    same = np.zeros(n_far, dtype=np.bool_)
    out_point = np.empty(1024, dtype=np.int32)
    out_s = np.empty(1024, dtype=np.int32)
    n_out = 0
    for s in range(first, last):
        part = slice(begin.indptr[s], begin.indptr[s + 1])
        count = grow(arcs, begin.state[part], begin.cost[part], reach.limits[s], work)
        # Only what this search touches is cleared after it: with many points, sweeping all memory would cost more.
        n_touched = 0
        for k in range(count):
            state = work.settled[k]
            for at in range(end.indptr[state], end.indptr[state + 1]):
                time = work.dist[state] + end.cost[at]
                t = end.point[at]
                if found[t] == INFINITE:
                    touched[n_touched] = t
                    n_touched += 1
                if time < found[t]:
                    found[t] = time
            work.dist[state] = INFINITE
            work.via[state] = INFINITE
        edge = near.edge[s]
        if edge >= 0:
            for at in range(on_edge.indptr[edge], on_edge.indptr[edge + 1]):
                t = on_edge.member[at]
                step = sign * (far.fraction[t] - near.fraction[s])
                time = INFINITE
                if step >= 0 and near.forward_ds[s] >= 0:
                    time = min(time, np.int32(round(step * near.forward_ds[s])))
                if step <= 0 and near.backward_ds[s] >= 0:
                    time = min(time, np.int32(round(-step * near.backward_ds[s])))
                same[t] = near.x[s] == far.x[t] and near.y[s] == far.y[t]
                if found[t] == INFINITE and (time < INFINITE or same[t]):
                    touched[n_touched] = t
                    n_touched += 1
                found[t] = min(found[t], time)
        if n_out + n_touched > len(out_point):
            out_point = longer(out_point, 2 * len(out_point) + n_touched)
            out_s = longer(out_s, 2 * len(out_s) + n_touched)
        for k in range(n_touched):
            t = touched[k]
            # Added in the order of the whole matrix, source first: sums of float32 depend on it to the last bit.
            seconds = np.float32(found[t]) * reach.scale
            seconds += near.connector_s[s] if sign > 0 else far.connector_s[t]
            seconds += far.connector_s[t] if sign > 0 else near.connector_s[s]
            if same[t]:
                seconds = np.float32(0.0)
            if seconds <= reach.max_s:
                out_point[n_out] = t
                out_s[n_out] = np.int32(np.rint(seconds))
                n_out += 1
                counts[s] += 1
            found[t] = INFINITE
            same[t] = False
    return out_point[:n_out].copy(), out_s[:n_out].copy()


def nearby_pairs(
    streets: Streets, sources: Links, targets: Links, *, factor: float, max_s: float, backwards: bool
) -> SparseTimes:
    """Find the times from each source to each target within reach.

    Parameters
    ----------
    streets : Streets
    sources, targets : Links
        Of the same mode.
    factor : float
        On the times of the graph.
    max_s : float
        Longest time, connectors included [s].
    backwards : bool
        Search from the targets.

    Returns
    -------
    SparseTimes
        n_sources × n_targets, seconds rounded.
    """
    graph = graph_of(streets, sources.mode)
    near, far = (targets, sources) if backwards else (sources, targets)
    ways = _ways(streets, graph, sources, targets, backwards=backwards)
    reach = _Reach(
        limits_ds(near.connector_s, max_s, factor),
        slots(graph, ways.seeds.cost),
        -1.0 if backwards else 1.0,
        np.float32(factor / 10.0),
        np.float32(max_s),
    )
    n = len(near)
    counts = np.zeros(n, dtype=np.int64)
    none = np.zeros(0, np.int32)
    pieces = in_pieces(_pairs_of, n, counts, ways, near.points, far.points, reach)
    points, seconds = (np.concatenate([none, *(piece[k] for piece in pieces)]) for k in range(2))
    pairs = invert(indptr_of(counts), points, seconds, len(far))
    if not backwards:
        pairs = invert(*pairs, n)
    return SparseTimes(*pairs, n_cols=len(targets))


def _ways(streets: Streets, graph: ModeGraph, sources: Links, targets: Links, *, backwards: bool) -> _Ways:
    """Arcs, seeds and entries of the search; backwards, the targets' entries are what it sets out from."""
    if not backwards:
        end, on_edge = entries(streets, graph, targets)
        return _Ways(arcs_of(graph), seeds(streets, graph, sources), end, on_edge)
    return _Ways(
        turned_arcs_of(graph),
        turned_entries(streets, graph, targets),
        turned_seeds(streets, graph, sources),
        on_edges(streets, graph, sources),
    )
