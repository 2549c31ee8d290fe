"""Points on their streets: the states where searches from them begin, and those that they are reached from.

In numpy, not in kernels: this is done once for many points, and compiling it took a third of all that a first answer
waits for.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geo_access.arrays import grouped, indptr_of_rows, ranges
from geo_access.network.search.kernels import AT_NODE
from geo_access.network.search.tables import Edges, Entries, OnEdge, Points, Seeds

__all__ = ["node_of", "points_by_edge", "street_entries", "street_exits", "street_seeds"]


def node_of(points: Points, edges: Edges) -> np.ndarray:
    """Node that each point coincides with, int64 (n_points,); −1 between the ends and where there is no street."""
    edge = points.edge
    node = np.full(len(edge), -1, dtype=np.int64)
    for here, end in ((points.fraction >= 1.0 - AT_NODE, edges.target), (points.fraction <= AT_NODE, edges.source)):
        rows = np.flatnonzero(here & (edge >= 0))
        node[rows] = end[edge[rows]]
    return node


def points_by_edge(edge: np.ndarray, n_edges: int) -> OnEdge:
    """File points by the edge that they lie on; those on none, −1, are left out."""
    on = np.flatnonzero(edge >= 0)
    indptr, order = grouped(edge[on], n_edges)
    return OnEdge(indptr, on[order].astype(np.int32))


class _States(NamedTuple):
    """States of some nodes, row by row: the node itself first, then its copies."""

    row: np.ndarray
    state: np.ndarray


def _states_at(nodes: np.ndarray, edges: Edges, copies: np.ndarray) -> _States:
    """List the states at each of some nodes; `copies` are the numbers of the copies that count, ascending."""
    n_nodes = len(edges.indptr) - 1 - len(edges.copy_of)
    wanted = np.zeros(n_nodes, dtype=bool)
    wanted[nodes] = True
    copies = copies[wanted[edges.copy_of[copies]]]
    copies = copies[np.argsort(edges.copy_of[copies], kind="stable")]
    of_copy = edges.copy_of[copies]
    first = np.searchsorted(of_copy, nodes)
    counts = np.searchsorted(of_copy, nodes, side="right") - first
    own = np.arange(len(nodes))
    row = np.concatenate((own, np.repeat(own, counts)))
    state = np.concatenate((nodes, n_nodes + copies[ranges(first, counts)]))
    order = np.argsort(row, kind="stable")
    return _States(row[order], state[order])


def _arcs_along(edge: np.ndarray, at: _States, edges: Edges) -> tuple[np.ndarray, np.ndarray]:
    """Find the arcs out of states that run along the edge of their row: positions in `at`, and the arcs."""
    first = edges.indptr[at.state]
    counts = edges.indptr[at.state + 1] - first
    arc = ranges(first, counts)
    position = np.repeat(np.arange(len(at.state)), counts)
    along = np.flatnonzero(edges.edges[arc] == edge[at.row[position]])
    return position[along], arc[along]


def _ends_of(edge: np.ndarray, edges: Edges, *, ahead: bool) -> np.ndarray:
    """State at the end of each edge as drawn, or against it; −1 where it cannot be driven.

    Who sets out in the middle of an edge has no turn behind him: it ends where the arc of the node itself leads, or
    that of the copy that journeys start in. The other copies only hold what a banned turn leaves open.
    """
    node = (edges.source if ahead else edges.target)[edge].astype(np.int64)
    n_nodes = len(edges.indptr) - 1 - len(edges.copy_of)
    at = _states_at(node, edges, edges.starts.astype(np.int64) - n_nodes)
    position, arc = _arcs_along(edge, at, edges)
    row = at.row[position]
    right = (edges.source[edge[row]] == node[row]) == ahead
    found = np.full(len(edge), -1, dtype=np.int64)
    # The last one stands: the copy that journeys start in comes after its node.
    found[row[right]] = edges.heads[arc[right]]
    return found


def street_seeds(points: Points, edges: Edges) -> Seeds:
    """States where searches from points begin: the ends of their edge that one may drive to.

    Parameters
    ----------
    points : Points
    edges : Edges

    Returns
    -------
    Seeds
        For each point the node that it stands at, or the end of its street ahead, then the other [0.1 s].
    """
    node = node_of(points, edges)
    between = (points.edge >= 0) & (node < 0)
    stands = np.flatnonzero(node >= 0)
    row, state, cost = [stands], [node[stands]], [np.zeros(len(stands))]
    for ahead, whole_ds, share in (
        (True, points.forward_ds, 1.0 - points.fraction),
        (False, points.backward_ds, points.fraction),
    ):
        open_ = np.flatnonzero(between & (whole_ds >= 0))
        end = _ends_of(points.edge[open_], edges, ahead=ahead)
        leads = end >= 0
        row.append(open_[leads])
        state.append(end[leads])
        cost.append(np.rint(share[open_[leads]] * whole_ds[open_[leads]]))
    indptr, order = grouped(np.concatenate(row), len(points.edge))
    return Seeds(indptr, np.concatenate(state)[order].astype(np.int32), np.concatenate(cost)[order].astype(np.int32))


def street_entries(points: Points, edges: Edges) -> tuple[Entries, OnEdge]:
    """States that points are reached from, and the points by edge.

    Parameters
    ----------
    points : Points
    edges : Edges

    Returns
    -------
    entries : Entries
        For each state the points at its node, the last first, then those on its arcs, in the order of these [0.1 s].
    on_edge : OnEdge
    """
    n_states = len(edges.indptr) - 1
    state, which, cost = street_exits(points, edges)
    order = np.argsort(state, kind="stable")
    found = Entries(indptr_of_rows(state, n_states), which[order], cost[order])
    return found, points_by_edge(points.edge, len(edges.source))


def street_exits(points: Points, edges: Edges) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """States that points are reached from, one by one: nothing is made that is laid out by state.

    Parameters
    ----------
    points : Points
    edges : Edges

    Returns
    -------
    state, point, cost : ndarray of int64, int32 and int32
        The points at nodes, the last first, then those on arcs, in the order of these [0.1 s].
    """
    node = node_of(points, edges)
    stood, at_node = _standing(node, edges)
    passed, leaves, arc = _passing(points.edge, node, edges)
    n_nodes = len(edges.indptr) - 1 - len(edges.copy_of)
    from_node = np.where(leaves < n_nodes, leaves, 0)
    copy = np.flatnonzero(leaves >= n_nodes)
    from_node[copy] = edges.copy_of[leaves[copy] - n_nodes]
    ahead = edges.source[edges.edges[arc]] == from_node
    fraction = points.fraction[passed]
    on_way = np.where(ahead, fraction * points.forward_ds[passed], (1.0 - fraction) * points.backward_ds[passed])
    cost = np.concatenate((np.zeros(len(stood)), np.rint(on_way))).astype(np.int32)
    return np.concatenate((at_node, leaves)), np.concatenate((stood, passed)).astype(np.int32), cost


def _standing(node: np.ndarray, edges: Edges) -> tuple[np.ndarray, np.ndarray]:
    """Points at the very spot of a node, the last first, and the states in which one stands there."""
    rows = np.flatnonzero(node >= 0)[::-1]
    at = _states_at(node[rows], edges, np.arange(len(edges.copy_of)))
    # Behind the mouth of a street that one may not pass through nobody is at the node: no point there is entered.
    stands = np.ones(len(edges.indptr) - 1, dtype=bool)
    stands[edges.sealed] = False
    kept = stands[at.state]
    return rows[at.row[kept]], at.state[kept]


def _passing(edge: np.ndarray, node: np.ndarray, edges: Edges) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points between two nodes, the states that lead past them and the arcs, in the order of the arcs."""
    between = np.flatnonzero((edge >= 0) & (node < 0))
    source, target = edges.source[edge[between]], edges.target[edge[between]]
    other = np.flatnonzero(source != target)
    row = np.concatenate((between, between[other]))
    at = _states_at(np.concatenate((source, target[other])).astype(np.int64), edges, np.arange(len(edges.copy_of)))
    position, arc = _arcs_along(edge[row], at, edges)
    point = row[at.row[position]]
    order = np.lexsort((point, arc))
    return point[order], at.state[position][order], arc[order]
