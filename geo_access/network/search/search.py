"""Times on streets: from each point to each other, to the nearest of many, or to every node around."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo_access.arrays import rows_of
from geo_access.network.model import CrowFly, ModeGraph, SparseTimes, Streets
from geo_access.network.search.crow_fly import (
    UNBOUNDED_DS,
    check_search,
    crow_fly_matrix,
    crow_fly_nearby,
    limits_ds,
    slots,
    time_factor,
)
from geo_access.network.search.doors import (
    MANY,
    arcs_of,
    entries,
    laid_out,
    on_edges,
    seeds,
    turned_arcs_of,
    turned_entries,
    turned_seeds,
)
from geo_access.network.search.kernels import INFINITE, along_shared_edges, grow, reach_rows, workspace
from geo_access.network.search.links import Links, graph_of
from geo_access.network.search.nearby import nearby_pairs
from geo_access.network.search.off_street import across_matrix, across_sparse
from geo_access.network.search.paths import StreetPath, street_path
from geo_access.network.search.sweep import (
    few_rows,
    hierarchy_rows,
    select_below,
    worth_a_hierarchy,
    worth_few_rows,
)
from geo_access.network.search.tables import Arcs, Bounded, Entries, OnEdge, Seeds
from geo_access.threads import in_pieces
from geo_access.words.told import refusal

__all__ = [
    "StreetPath",
    "nearby",
    "node_times",
    "seeds_and_arcs",
    "state_times",
    "street_matrix",
    "street_path",
    "time_factor",
]

_BLOCK_CELLS = 8_000_000


def _block_rows(
    streets: Streets,
    sources: Links,
    targets: Links,
    *,
    mode: str,
    max_s: float | None,
    factor: float,
    hierarchy: bool,
) -> np.ndarray:
    """Door-to-door seconds, float32 (n_sources, n_targets), NaN where none."""
    graph = graph_of(streets, mode)
    # Backwards from the fewer: the same ways in whole deciseconds.
    turned = not hierarchy and len(targets) < len(sources)
    near, far = (targets, sources) if turned else (sources, targets)
    if hierarchy:
        begin, (end, on_edge) = seeds(streets, graph, sources), entries(streets, graph, targets)
        found = hierarchy_rows(graph.hierarchy, begin, end, len(targets))
    elif len(far) >= MANY and worth_few_rows(streets, graph, None if max_s is None else max_s / factor):
        found, on_edge = _through_below(streets, graph, near, far, turned=turned)
    else:
        begin, end, on_edge = _ends_of(streets, graph, near, far, turned=turned)
        limits = limits_ds(near.connector_s, max_s, factor)
        found = np.full((len(near), len(far)), INFINITE, dtype=np.int32)
        arcs = turned_arcs_of(graph) if turned else arcs_of(graph)
        in_pieces(reach_rows, len(near), arcs, slots(graph, begin.cost), Bounded(begin, limits), end, found)
    found = np.ascontiguousarray(found.T) if turned else found
    same = along_shared_edges(found, sources.points, targets.points, on_edge, turned)
    seconds = found.astype(np.float32)
    seconds *= np.float32(factor / 10.0)
    seconds += sources.connector_s[:, None]
    seconds += targets.connector_s[None, :]
    seconds[found >= INFINITE] = np.nan
    for s, t in same:
        seconds[s, t] = 0.0
    if max_s is not None:
        seconds[seconds > max_s] = np.nan
    across_matrix(seconds, streets, sources, targets, max_s=max_s, walk_kmh=graph.speed_kmh / factor)
    return seconds


def _ends_of(
    streets: Streets, graph: ModeGraph, near: Links, far: Links, *, turned: bool
) -> tuple[Seeds, Entries, OnEdge]:
    """Where a search begins and ends, and the far points by street; against the arcs where `turned`."""
    if turned:
        begin, end = turned_entries(streets, graph, near), turned_seeds(streets, graph, far)
        return begin, end, on_edges(streets, graph, far)
    return seeds(streets, graph, near), *entries(streets, graph, far)


def _through_below(
    streets: Streets, graph: ModeGraph, near: Links, far: Links, *, turned: bool
) -> tuple[np.ndarray, OnEdge]:
    """Ways between few points and many [0.1 s], int32 (n_near, n_far); the part below the many is kept."""
    begin, end, on_edge = _ends_of(streets, graph, near, far, turned=turned)
    what = "turned_below" if turned else "below"
    below = laid_out(what, streets, graph, far, lambda: select_below(graph.hierarchy, end, turned=turned))
    return few_rows(graph.hierarchy, begin, below, len(far), turned=turned), on_edge


def _blocks(sources: Links, n_targets: int) -> list[tuple[np.ndarray, Links]]:
    """Rows of the sources that are searched at once, and their links: the very same where these are all."""
    step, n = max(1, _BLOCK_CELLS // max(n_targets, 1)), len(sources)
    if n <= step:
        return [(np.arange(n), sources)] if n else []
    blocks = [np.arange(start, min(start + step, n)) for start in range(0, n, step)]
    return [(rows, sources.take(rows)) for rows in blocks]


def nearby(
    streets: Streets | CrowFly,
    sources: Links,
    targets: Links,
    *,
    mode: str,
    max_s: float,
    speed_kmh: float | None = None,
) -> SparseTimes:
    """Find the times from each source to each target within reach, connectors included.

    Parameters
    ----------
    streets : Streets or CrowFly
    sources, targets : Links
        Linked for the same mode; rows that are not linked reach nothing.
    mode : str
    max_s : float
        Longest time [s].
    speed_kmh : float, optional
        Walking or cycling speed; by default the one the streets were built with [km/h].

    Returns
    -------
    SparseTimes
        n_sources × n_targets, seconds rounded.

    Raises
    ------
    InputError
        When mode and links disagree, or a parameter makes no sense.

    Examples
    --------
    >>> from geo_access.network.search.links import link_points
    >>> plain = CrowFly(2154, detour=1.2)
    >>> links = link_points(plain, np.array([[0.0, 0.0], [400.0, 0.0], [9000.0, 0.0]]), mode="walk")
    >>> times = nearby(plain, links, links, mode="walk", max_s=600)
    >>> times.row(0)[0].tolist(), times.row(0)[1].tolist()
    ([0, 1], [0, 360])
    """
    check_search(sources, targets, mode, max_s)
    if isinstance(streets, CrowFly):
        return crow_fly_nearby(streets, sources, targets, max_s=max_s, speed_kmh=speed_kmh)
    graph = graph_of(streets, mode)
    factor = time_factor(graph.speed_kmh, speed_kmh, mode)
    backwards = len(targets) < len(sources)
    fewer = targets if backwards else sources
    # A sweep writes whole rows: with more columns than the network has nodes, that costs more than it saves.
    many = max(len(sources), len(targets))
    swept = worth_a_hierarchy(streets, graph, len(fewer), max_s / factor)
    alone = many >= MANY and worth_few_rows(streets, graph, max_s / factor)
    if many > graph.n_states or not (swept or alone):
        found = nearby_pairs(streets, sources, targets, factor=factor, max_s=max_s, backwards=backwards)
        return across_sparse(found, streets, sources, targets, max_s=max_s, walk_kmh=graph.speed_kmh / factor)
    counts, columns, values = [np.zeros(1, dtype=np.int64)], [], []
    for rows, some in _blocks(sources, len(targets)):
        block = _block_rows(streets, some, targets, mode=mode, max_s=max_s, factor=factor, hierarchy=swept)
        row, column = np.nonzero(~np.isnan(block))
        counts.append(np.bincount(row, minlength=len(rows)))
        columns.append(column.astype(np.int32))
        values.append(np.rint(block[row, column]).astype(np.int32))
    return SparseTimes(
        indptr=np.cumsum(np.concatenate(counts)).astype(np.int64),
        indices=np.concatenate(columns) if columns else np.empty(0, dtype=np.int32),
        seconds=np.concatenate(values) if values else np.empty(0, dtype=np.int32),
        n_cols=len(targets),
    )


def street_matrix(
    streets: Streets | CrowFly,
    sources: Links,
    targets: Links,
    *,
    mode: str,
    max_s: float | None = None,
    speed_kmh: float | None = None,
) -> np.ndarray:
    """Compute the times from every source to every target, connectors included.

    Parameters
    ----------
    streets : Streets or CrowFly
    sources, targets : Links
        Linked for the same mode.
    mode : str
    max_s : float, optional
        Longest time of interest [s]; without it every pair that is connected gets its time.
    speed_kmh : float, optional
        Walking or cycling speed; by default the one the streets were built with [km/h].

    Returns
    -------
    ndarray of float32, shape (n_sources, n_targets)
        [s]; NaN where there is none. 0 from a point to itself.

    Raises
    ------
    InputError
        When mode and links disagree, or a parameter makes no sense.

    Examples
    --------
    >>> from geo_access.network.search.links import link_points
    >>> plain = CrowFly(2154, detour=1.5)
    >>> links = link_points(plain, np.array([[0.0, 0.0], [400.0, 0.0]]), mode="walk")
    >>> street_matrix(plain, links, links, mode="walk", speed_kmh=3.6).tolist()
    [[0.0, 600.0], [600.0, 0.0]]
    """
    check_search(sources, targets, mode, max_s)
    if isinstance(streets, CrowFly):
        return crow_fly_matrix(streets, sources, targets, max_s=max_s, speed_kmh=speed_kmh)
    graph = graph_of(streets, mode)
    factor = time_factor(graph.speed_kmh, speed_kmh, mode)
    fewer = min(len(sources), len(targets))
    hierarchy = worth_a_hierarchy(streets, graph, fewer, None if max_s is None else max_s / factor)
    result = np.empty((len(sources), len(targets)), dtype=np.float32)
    for rows, some in _blocks(sources, len(targets)):
        result[rows] = _block_rows(streets, some, targets, mode=mode, max_s=max_s, factor=factor, hierarchy=hierarchy)
    return result


def seeds_and_arcs(
    streets: Streets, sources: Links, *, mode: str, reverse: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Arcs]:
    """Where a search from points on edges begins, and the arcs that it follows.

    Parameters
    ----------
    streets : Streets
    sources : Links
    mode : str
    reverse : bool
        Towards the points instead of from them.

    Returns
    -------
    states : ndarray of int32, shape (n_seeds,)
        States of the graph: nodes, then copies of nodes behind a banned turn.
    owner : ndarray of int, shape (n_seeds,)
        Row of the point behind each.
    costs : ndarray of int32, shape (n_seeds,)
        Way along the edge between the point and the state [0.1 s at the reference speed].
    arcs : Arcs
        Turned round with `reverse`.
    """
    graph = graph_of(streets, mode)
    if not reverse:
        begin = seeds(streets, graph, sources)
        return begin.state, rows_of(begin.indptr), begin.cost, arcs_of(graph)
    end, _ = entries(streets, graph, sources)
    return rows_of(end.indptr, np.int32), end.point, end.cost, turned_arcs_of(graph)


@dataclass(frozen=True)
class _From:
    """What a search over the whole network sets out from, as `node_times` says."""

    mode: str
    max_s: float
    initial_s: np.ndarray | None
    reverse: bool
    factor: float


def _search(streets: Streets, sources: Links, start: _From) -> np.ndarray:
    """One search from all sources: deciseconds by state."""
    graph = graph_of(streets, start.mode)
    states, owner, costs, arcs = seeds_and_arcs(streets, sources, mode=start.mode, reverse=start.reverse)
    start_s = np.zeros(len(sources)) if start.initial_s is None else np.asarray(start.initial_s, dtype=np.float64)
    if start_s.shape != (len(sources),):
        raise refusal("streets.initial_shape", shape=str(start_s.shape))
    limit_ds = start.max_s * 10.0 / start.factor
    begin = (start_s + sources.connector_s)[owner] * 10.0 / start.factor
    good = np.isfinite(begin) & (begin >= 0) & (begin <= limit_ds)
    states = states[good]
    seed_cost = (np.rint(begin[good]) + costs[good]).astype(np.int32)
    work = workspace(graph.n_states, slots(graph, seed_cost), len(graph.heads) + len(states) + 8)
    grow(arcs, states, seed_cost, int(min(limit_ds, UNBOUNDED_DS)), work)
    found: np.ndarray = work.dist
    return found


def node_times(
    streets: Streets | CrowFly,
    sources: Links,
    *,
    mode: str,
    max_s: float,
    initial_s: np.ndarray | None = None,
    reverse: bool = False,
    speed_kmh: float | None = None,
) -> np.ndarray:
    """Compute the time to each node from the nearest source, or from each node to it.

    Parameters
    ----------
    streets : Streets
    sources : Links
    mode : str
    max_s : float
        Longest time, start values included [s].
    initial_s : ndarray, shape (n_sources,), optional
        Start value of each source [s]; NaN for a source that does not count.
    reverse : bool
        Towards the sources instead of from them.
    speed_kmh : float, optional
        Walking or cycling speed [km/h].

    Returns
    -------
    ndarray of float32, shape (n_nodes,)
        [s]; NaN beyond `max_s`.

    Raises
    ------
    InputError
        Without streets, or when a parameter makes no sense.
    """
    dist = state_times(
        streets, sources, mode=mode, max_s=max_s, initial_s=initial_s, reverse=reverse, speed_kmh=speed_kmh
    )
    assert not isinstance(streets, CrowFly)  # noqa: S101 — state_times has refused it
    graph = graph_of(streets, mode)
    n_nodes = graph.n_states - len(graph.copy_of)
    best = dist[:n_nodes].copy()
    dist[graph.sealed] = np.nan
    np.fmin.at(best, graph.copy_of, dist[n_nodes:])
    return best


def state_times(
    streets: Streets | CrowFly,
    sources: Links,
    *,
    mode: str,
    max_s: float,
    initial_s: np.ndarray | None = None,
    reverse: bool = False,
    speed_kmh: float | None = None,
) -> np.ndarray:
    """Compute the time to each state of the graph, as `node_times` does to each node.

    A node with a banned turn or a barrier is several states: itself, then its copies, from which not every street
    goes on.

    Parameters
    ----------
    streets, sources, mode, max_s, initial_s, reverse, speed_kmh
        See `node_times`.

    Returns
    -------
    ndarray of float32, shape (n_states,)
        [s]; NaN beyond `max_s`.

    Raises
    ------
    InputError
        Without streets, or when a parameter makes no sense.
    """
    if isinstance(streets, CrowFly):
        raise refusal("streets.no_nodes")
    check_search(sources, sources, mode, max_s)
    graph = graph_of(streets, mode)
    factor = time_factor(graph.speed_kmh, speed_kmh, mode)
    dist = _search(streets, sources, _From(mode, max_s, initial_s, reverse, factor))
    return np.where(dist < INFINITE, dist * (factor / 10.0), np.nan).astype(np.float32)
