"""What a search leaves behind: which source a time comes from, and the line one travels."""

from __future__ import annotations

import numpy as np
from numba import njit

from geo_access.network.links import Links
from geo_access.network.model import ModeGraph, Streets
from geo_access.network.search_kernels import INFINITE, edge_ends, entries_of, seeds_of

__all__ = ["inherit", "nearest_rows"]


@njit(cache=True)
def inherit(order: np.ndarray, via: np.ndarray, tails: np.ndarray, origin: np.ndarray) -> None:
    """Give each settled state the source of the state before it, in order of time."""
    for state in order:
        if via[state] >= 0:
            origin[state] = origin[tails[via[state]]]


@njit(cache=True)
def _same_edge(
    best: np.ndarray, which: np.ndarray, edge: np.ndarray, fraction: np.ndarray, base_s: np.ndarray,
    on_edge: np.ndarray, members: np.ndarray, to_fraction: np.ndarray, to_s: np.ndarray,
    forward_ds: np.ndarray, backward_ds: np.ndarray, factor: float, reverse: bool,
) -> None:  # fmt: skip
    for s in range(len(edge)):
        if edge[s] < 0:
            continue
        for at in range(on_edge[edge[s]], on_edge[edge[s] + 1]):
            t = members[at]
            step = to_fraction[t] - fraction[s]
            if reverse:
                step = -step
            time = forward_ds[s] * step if step >= 0 else -backward_ds[s] * step
            closed = (step > 0 and forward_ds[s] < 0) or (step < 0 and backward_ds[s] < 0)
            total = base_s[s] + to_s[t] + max(time, 0.0) * factor / 10.0
            if not closed and total < best[t]:
                best[t] = total
                which[t] = s


def nearest_rows(
    streets: Streets,
    graph: ModeGraph,
    spread: tuple[np.ndarray, np.ndarray, np.ndarray],
    sources: Links,
    targets: Links,
    *,
    max_s: float,
    reverse: bool,
    factor: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Read the result of one search from all sources at the targets.

    Parameters
    ----------
    streets : Streets
    graph : ModeGraph
    spread : tuple of ndarray
        Deciseconds and source by state, and the settled states in order.
    sources, targets : Links
    max_s : float
        Longest time [s].
    reverse : bool
        Whether the search ran towards the sources.
    factor : float
        On stored times.

    Returns
    -------
    seconds : ndarray of float32, shape (n_targets,)
    source : ndarray of int32, shape (n_targets,)
    """
    dist, origin, _ = spread
    arcs = (graph.indptr, graph.edges, graph.copy_of, streets.edge_source, streets.edge_target)
    entries = entries_of(targets.edge, targets.fraction, targets.forward_ds, targets.backward_ds, *arcs)
    at_state, link, cost, on_edge, members = entries
    state = np.repeat(np.arange(graph.n_states), np.diff(at_state))
    if reverse:
        ends = edge_ends(graph.indptr, graph.heads, graph.edges, graph.copy_of, streets.edge_source)
        indptr, state, cost = seeds_of(
            targets.edge, targets.fraction, targets.forward_ds, targets.backward_ds, *ends, streets.edge_source,
            streets.edge_target,
        )  # fmt: skip
        link = np.repeat(np.arange(len(targets)), np.diff(indptr))
    total = np.where(dist[state] < INFINITE, (dist[state].astype(np.float64) + cost) * factor / 10.0, np.inf)
    total += targets.connector_s[link]
    best, which = np.full(len(targets), np.inf), np.full(len(targets), -1, dtype=np.int32)
    order = np.lexsort((total, link))
    rows, first = np.unique(link[order], return_index=True)
    best[rows] = total[order[first]]
    which[rows] = origin[state[order[first]]]
    _same_edge(
        best, which, sources.edge, sources.fraction, sources.connector_s.astype(np.float64), on_edge, members,
        targets.fraction, targets.connector_s.astype(np.float64), sources.forward_ds, sources.backward_ds, factor,
        reverse,
    )  # fmt: skip
    here = {(x, y): s for s, (x, y) in enumerate(zip(sources.x.tolist(), sources.y.tolist())) if sources.ok[s]}
    for t, point in enumerate(zip(targets.x.tolist(), targets.y.tolist())):
        if targets.ok[t] and point in here:
            best[t], which[t] = 0.0, here[point]
    none = ~(best <= max_s)
    return np.where(none, np.nan, best).astype(np.float32), np.where(none, -1, which).astype(np.int32)
