"""Streets that one may enter or leave, but not pass through (``destination``, ``private``, ``customers``): as layers.

A journey is: out of the zone it starts in, over free streets, into the zone it ends in. Each node of such a zone stands
for up to two states, one for journeys that started in the zone and have not left it, one for those that will end there;
from the second no free street goes on. Both ends may lie in one zone. A zone that meets the free streets at one node
only needs no states: nobody could pass through it. Exact, and small: only zones with two mouths are doubled.

Free streets that can be reached through such a zone alone belong to the zone: they are the destination.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Layers", "lay_zones", "plain_layers"]

_EMPTY = np.empty(0, dtype=np.int32)


@dataclass(frozen=True, eq=False)
class Layers:
    """Arcs between states, the first of which are the nodes.

    Attributes
    ----------
    arcs : ndarray of int64, shape (n, 3)
        Tail state, head state, edge.
    row : ndarray of int64, shape (n,)
        Arc of the nodes' graph behind each.
    node_of : ndarray of int32, shape (n_states,)
    starts : ndarray of int32
        States that journeys start in, where their node lies at the mouth of a zone.
    sealed : ndarray of int32
        States of mouths that are reached through a zone: who stands at the mouth was not meant.
    """

    arcs: np.ndarray
    row: np.ndarray
    node_of: np.ndarray
    starts: np.ndarray
    sealed: np.ndarray

    @property
    def n_nodes(self) -> int:
        """Number of nodes, which are the first states."""
        return int(self.node_of.max()) + 1 if len(self.node_of) else 0


def plain_layers(arcs: np.ndarray, n_nodes: int) -> Layers:
    """Arcs between nodes as they are: every street may be passed through."""
    nodes = np.arange(n_nodes, dtype=np.int32)
    return Layers(arcs, np.arange(len(arcs)), nodes, _EMPTY, _EMPTY)


def _beyond(arcs: np.ndarray, visit: np.ndarray, n_nodes: int) -> np.ndarray:
    """Add the free arcs that one comes to, or from, through zones only."""
    from scipy.sparse import coo_matrix  # noqa: PLC0415 — importing the room stays cheap
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    def parts(rows: np.ndarray, connection: str) -> np.ndarray:
        ones = np.ones(int(rows.sum()), dtype=np.int8)
        graph = coo_matrix((ones, (arcs[rows, 0], arcs[rows, 1])), shape=(n_nodes, n_nodes)).tocsr()
        label: np.ndarray = connected_components(graph, directed=True, connection=connection)[1]
        return label

    whole, free = parts(np.ones(len(arcs), dtype=bool), "weak"), parts(~visit, "strong")
    size = np.bincount(free)
    # Largest free part of each whole one.
    order = np.lexsort((size[free], whole))
    last = np.concatenate((whole[order][1:] != whole[order][:-1], [True]))
    main = np.zeros(len(size), dtype=bool)
    main[free[order[last]]] = True
    inside = main[free]
    return visit | ~(inside[arcs[:, 0]] & inside[arcs[:, 1]])


def lay_zones(arcs: np.ndarray, visit: np.ndarray, n_nodes: int) -> Layers:
    """Double the zones that could be passed through.

    Parameters
    ----------
    arcs : ndarray of int64, shape (n_arcs, 3)
        Tail, head, edge.
    visit : ndarray of bool, shape (n_arcs,)
        Arcs that must not be part of a journey from elsewhere to elsewhere.
    n_nodes : int

    Returns
    -------
    Layers

    Examples
    --------
    >>> line = np.array([[0, 1, 0], [1, 2, 1], [2, 3, 2], [3, 0, 3], [1, 0, 0], [2, 1, 1], [3, 2, 2], [0, 3, 3]])
    >>> lay_zones(line, line[:, 2] == 1, 4).node_of.tolist()
    [0, 1, 2, 3, 1, 2, 1, 2]
    """
    if not visit.any():
        return plain_layers(arcs, n_nodes)
    from scipy.sparse import coo_matrix  # noqa: PLC0415 — importing the room stays cheap
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    visit = _beyond(arcs, visit, n_nodes)
    ones = np.ones(int(visit.sum()), dtype=np.int8)
    graph = coo_matrix((ones, (arcs[visit, 0], arcs[visit, 1])), shape=(n_nodes, n_nodes))
    zone = connected_components(graph, directed=False)[1]
    free_node, zone_node = np.zeros(n_nodes, dtype=bool), np.zeros(n_nodes, dtype=bool)
    free_node[arcs[~visit, :2].ravel()] = True
    zone_node[arcs[visit, :2].ravel()] = True
    mouths = np.bincount(zone[free_node & zone_node], minlength=int(zone.max()) + 1)
    layered = zone_node & (mouths >= 2)[zone]
    doubled = visit & layered[arcs[:, 0]]
    if not doubled.any():
        return plain_layers(arcs, n_nodes)
    mouth = layered & free_node
    inner, gates = np.flatnonzero(layered), np.flatnonzero(mouth)
    ending = np.arange(n_nodes)
    ending[inner] = n_nodes + np.arange(len(inner))
    starting = np.arange(n_nodes)
    starting[gates] = n_nodes + len(inner) + np.arange(len(gates))
    free_rows, rows = np.flatnonzero(~doubled), np.flatnonzero(doubled)
    out_rows = free_rows[mouth[arcs[free_rows, 0]]]
    in_rows = rows[mouth[arcs[rows, 0]]]
    nodes = np.arange(n_nodes)
    parts = [
        (free_rows, nodes, nodes),
        (out_rows, starting, nodes),
        (rows, starting, starting),
        (rows, ending, ending),
        (in_rows, nodes, ending),
    ]
    laid = [np.column_stack((tail[arcs[k, 0]], head[arcs[k, 1]], arcs[k, 2])) for k, tail, head in parts]
    return Layers(
        arcs=np.concatenate(laid),
        row=np.concatenate([k for k, _, _ in parts]),
        node_of=np.concatenate((nodes, inner, gates)).astype(np.int32),
        starts=starting[gates].astype(np.int32),
        sealed=ending[gates].astype(np.int32),
    )
