"""Times between points within reach of each other, kept sparse and searched from the side with fewer points.

Searching backwards from the targets settles the same ways as searching forwards from the sources, in whole
deciseconds: the result is the same to the byte.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import get_num_threads, njit

from geo_access.arrays import grouped, indptr_of
from geo_access.network.model import ModeGraph, SparseTimes, Streets
from geo_access.network.search.crow_fly import slots
from geo_access.network.search.doors import entries, seeds
from geo_access.network.search.kernels import INFINITE, grow, longer, transpose
from geo_access.network.search.links import Links

__all__ = ["invert", "nearby_pairs"]

_TASKS_PER_THREAD = 4


@njit(cache=True, nogil=True)
def invert(
    indptr: np.ndarray, columns: np.ndarray, values: np.ndarray, n_columns: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exchange rows and columns of a CSR table; the rows of each column come ascending."""
    into = np.zeros(n_columns + 1, dtype=np.int64)
    for column in columns:
        into[column + 1] += 1
    for column in range(n_columns):
        into[column + 1] += into[column]
    cursor = into[:-1].copy()
    rows = np.empty(len(columns), dtype=np.int32)
    moved = np.empty(len(columns), dtype=np.int32)
    for row in range(len(indptr) - 1):
        for k in range(indptr[row], indptr[row + 1]):
            at = cursor[columns[k]]
            cursor[columns[k]] += 1
            rows[at] = row
            moved[at] = values[k]
    return into, rows, moved


@njit(cache=True, nogil=True)
def _pairs_of(
    first: int,
    last: int,
    counts: np.ndarray,
    indptr: np.ndarray,
    heads: np.ndarray,
    weights: np.ndarray,
    n_slots: int,
    seed_indptr: np.ndarray,
    seed_state: np.ndarray,
    seed_cost: np.ndarray,
    entry_indptr: np.ndarray,
    entry_link: np.ndarray,
    entry_cost: np.ndarray,
    limits: np.ndarray,
    edge: np.ndarray,
    fraction: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    connector_s: np.ndarray,
    forward_ds: np.ndarray,
    backward_ds: np.ndarray,
    on_edge: np.ndarray,
    members: np.ndarray,
    other_fraction: np.ndarray,
    other_x: np.ndarray,
    other_y: np.ndarray,
    other_connector_s: np.ndarray,
    sign: float,
    scale: np.float32,
    max_s: np.float32,
) -> tuple[np.ndarray, np.ndarray]:
    """Other points within reach of some points, in no order, and the whole seconds; `counts` gets how many each."""
    n_states = len(indptr) - 1
    dist = np.full(n_states, INFINITE, dtype=np.int32)
    via = np.full(n_states, INFINITE, dtype=np.int32)
    buckets = np.full(n_slots, -1, dtype=np.int32)
    pool = np.empty((3, len(heads) + 8), dtype=np.int32)
    settled = np.empty(n_states, dtype=np.int32)
    found = np.full(len(other_x), INFINITE, dtype=np.int32)
    touched = np.empty(len(other_x), dtype=np.int32)
    same = np.zeros(len(other_x), dtype=np.bool_)
    out_link = np.empty(1024, dtype=np.int32)
    out_s = np.empty(1024, dtype=np.int32)
    n_out = 0
    for s in range(first, last):
        part = slice(seed_indptr[s], seed_indptr[s + 1])
        count = grow(
            indptr,
            heads,
            weights,
            seed_state[part],
            seed_cost[part],
            limits[s],
            dist,
            via,
            buckets,
            pool[0],
            pool[1],
            pool[2],
            settled,
        )
        n_touched = 0
        for k in range(count):
            state = settled[k]
            for at in range(entry_indptr[state], entry_indptr[state + 1]):
                time = dist[state] + entry_cost[at]
                t = entry_link[at]
                if found[t] == INFINITE:
                    touched[n_touched] = t
                    n_touched += 1
                if time < found[t]:
                    found[t] = time
            dist[state] = INFINITE
            via[state] = INFINITE
        if edge[s] >= 0:
            for at in range(on_edge[edge[s]], on_edge[edge[s] + 1]):
                t = members[at]
                step = sign * (other_fraction[t] - fraction[s])
                time = INFINITE
                if step >= 0 and forward_ds[s] >= 0:
                    time = min(time, np.int32(round(step * forward_ds[s])))
                if step <= 0 and backward_ds[s] >= 0:
                    time = min(time, np.int32(round(-step * backward_ds[s])))
                same[t] = x[s] == other_x[t] and y[s] == other_y[t]
                if found[t] == INFINITE and (time < INFINITE or same[t]):
                    touched[n_touched] = t
                    n_touched += 1
                found[t] = min(found[t], time)
        if n_out + n_touched > len(out_link):
            out_link = longer(out_link, 2 * len(out_link) + n_touched)
            out_s = longer(out_s, 2 * len(out_s) + n_touched)
        for k in range(n_touched):
            t = touched[k]
            seconds = np.float32(found[t]) * scale
            seconds += connector_s[s] if sign > 0 else other_connector_s[t]
            seconds += other_connector_s[t] if sign > 0 else connector_s[s]
            if same[t]:
                seconds = np.float32(0.0)
            if seconds <= max_s:
                out_link[n_out] = t
                out_s[n_out] = np.int32(np.rint(seconds))
                n_out += 1
                counts[s] += 1
            found[t] = INFINITE
            same[t] = False
    return out_link[:n_out].copy(), out_s[:n_out].copy()


def _by_edge(edge: np.ndarray, n_edges: int) -> tuple[np.ndarray, np.ndarray]:
    """Links by edge (CSR: indptr, link)."""
    linked = np.flatnonzero(edge >= 0).astype(np.int32)
    indptr, order = grouped(edge[linked], n_edges)
    return indptr, linked[order]


def nearby_pairs(
    streets: Streets,
    graph: ModeGraph,
    sources: Links,
    targets: Links,
    limits_ds: np.ndarray,
    *,
    factor: float,
    max_s: float,
    backwards: bool,
) -> SparseTimes:
    """Find the times from each source to each target within reach.

    Parameters
    ----------
    streets : Streets
    graph : ModeGraph
    sources, targets : Links
    limits_ds : ndarray of int32
        Longest way on the network of each source, or with `backwards` of each target [0.1 s].
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
    at_state, entry_link, entry_cost, on_edge, members = entries(streets, graph, targets)
    begin, end = seeds(streets, graph, sources), (at_state, entry_link, entry_cost)
    near, far = sources, targets
    tables = (graph.indptr, graph.heads, graph.deciseconds)
    if backwards:
        near, far = targets, sources
        begin, end = invert(*end, len(targets)), invert(*begin, graph.n_states)
        tables = transpose(*tables)[:3]
        on_edge, members = _by_edge(sources.edge, len(streets.edge_source))
    n = len(near)
    counts = np.zeros(n, dtype=np.int64)
    n_tasks = max(1, min(n, _TASKS_PER_THREAD * get_num_threads()))
    bounds = np.linspace(0, n, n_tasks + 1).astype(np.int64).tolist()
    shared = (
        counts,
        *tables,
        slots(graph, begin[2]),
        *begin,
        *end,
        limits_ds,
        near.edge,
        near.fraction,
        near.x,
        near.y,
        near.connector_s,
        near.forward_ds,
        near.backward_ds,
        on_edge,
        members,
        far.fraction,
        far.x,
        far.y,
        far.connector_s,
        -1.0 if backwards else 1.0,
        np.float32(factor / 10.0),
        np.float32(max_s),
    )
    with ThreadPoolExecutor(get_num_threads()) as pool:
        pieces = list(pool.map(lambda task: _pairs_of(bounds[task], bounds[task + 1], *shared), range(n_tasks)))
    indptr = indptr_of(counts)
    pairs = invert(
        indptr, np.concatenate([piece[0] for piece in pieces]), np.concatenate([piece[1] for piece in pieces]), len(far)
    )
    if not backwards:
        pairs = invert(*pairs, n)
    return SparseTimes(*pairs, n_cols=len(targets))
