"""Where searches from points begin and end: at the ends of their streets, and at the entrances of their squares."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from geo_access.arrays import grouped, rows_of
from geo_access.network.model import ModeGraph, Streets
from geo_access.network.search.hubs import Hubs, hubs_of
from geo_access.network.search.kernels import invert
from geo_access.network.search.links import Links
from geo_access.network.search.street_doors import street_entries, street_seeds
from geo_access.network.search.tables import Arcs, Edges, Entries, OnEdge, Seeds

__all__ = ["arcs_of", "edges_of", "entries", "hub_states", "seeds", "turned_arcs_of"]


def arcs_of(graph: ModeGraph) -> Arcs:
    """Return the arcs of a graph, as driven."""
    return Arcs(graph.indptr, graph.heads, graph.deciseconds)


@lru_cache(maxsize=3)
def turned_arcs_of(graph: ModeGraph) -> Arcs:
    """Return the arcs of a graph, against the way they are driven; kept for the graphs asked last."""
    return Arcs(*invert(*arcs_of(graph), graph.n_states))


def edges_of(streets: Streets, graph: ModeGraph) -> Edges:
    """Return the arcs of a graph with the edges that they run along."""
    return Edges(
        graph.indptr,
        graph.heads,
        graph.edges,
        graph.copy_of,
        graph.starts,
        graph.sealed,
        streets.edge_source,
        streets.edge_target,
    )


def seeds(streets: Streets, graph: ModeGraph, links: Links) -> Seeds:
    """States where searches from points begin.

    Parameters
    ----------
    streets : Streets
    graph : ModeGraph
    links : Links

    Returns
    -------
    Seeds
        For each point the ends of its street first, then the entrances of its square; ways there without the walk to
        the street [0.1 s at the reference speed].
    """
    found = street_seeds(links.points, edges_of(streets, graph))
    hubs = hubs_of(streets, links, speed_kmh=graph.speed_kmh)
    if not len(hubs.owner):
        return found
    indptr, order = grouped(np.concatenate((rows_of(found.indptr), hubs.owner)), len(links))
    states, costs = np.concatenate((found.state, hubs.node)), np.concatenate((found.cost, hubs.deciseconds))
    return Seeds(indptr, states[order], costs[order])


def hub_states(graph: ModeGraph, hubs: Hubs) -> tuple[np.ndarray, np.ndarray]:
    """States that the node of each hub is reached in, and the row of the hub."""
    n_nodes = graph.n_states - len(graph.copy_of)
    rows = np.arange(len(hubs.node))
    open_copies = np.setdiff1d(np.arange(len(graph.copy_of)), graph.sealed.astype(np.int64) - n_nodes)
    copy, row = np.nonzero(graph.copy_of[open_copies][:, None] == hubs.node[None, :])
    states = np.concatenate((hubs.node.astype(np.int64), n_nodes + open_copies[copy]))
    return states, np.concatenate((rows, row))


def entries(streets: Streets, graph: ModeGraph, links: Links) -> tuple[Entries, OnEdge]:
    """States that points are reached from, and the points by street.

    Parameters
    ----------
    streets : Streets
    graph : ModeGraph
    links : Links

    Returns
    -------
    entries : Entries
        For each state the points on its streets, then those whose square is entered there; ways without the walk from
        the street [0.1 s at the reference speed].
    on_edge : OnEdge
    """
    found = street_entries(links.points, edges_of(streets, graph))
    hubs = hubs_of(streets, links, speed_kmh=graph.speed_kmh)
    if not len(hubs.owner):
        return found
    along, on_edge = found
    states, which = hub_states(graph, hubs)
    indptr, order = grouped(np.concatenate((rows_of(along.indptr), states)), graph.n_states)
    point = np.concatenate((along.point, hubs.owner[which].astype(np.int32)))[order]
    return Entries(indptr, point, np.concatenate((along.cost, hubs.deciseconds[which]))[order]), on_edge
