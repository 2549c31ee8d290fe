"""Where searches from points begin and end: at the ends of their streets, and at the entrances of their squares."""

from __future__ import annotations

import numpy as np

from geo_access.arrays import grouped, rows_of
from geo_access.network.model import ModeGraph, Streets
from geo_access.network.search.hubs import Hubs, hubs_of
from geo_access.network.search.kernels import edge_ends, entries_of, seeds_of
from geo_access.network.search.links import Links

__all__ = ["entries", "hub_states", "seeds"]


def seeds(streets: Streets, graph: ModeGraph, links: Links) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """States where searches from points begin.

    Parameters
    ----------
    streets : Streets
    graph : ModeGraph
    links : Links

    Returns
    -------
    indptr : ndarray of int64, shape (n_points + 1,)
    states : ndarray of int32
        For each point the ends of its street first, then the entrances of its square.
    costs : ndarray of int32
        Way there, without the walk to the street [0.1 s at the reference speed].
    """
    ends = edge_ends(graph.indptr, graph.heads, graph.edges, graph.copy_of, graph.starts, streets.edge_source)
    places = (links.edge, links.fraction, links.forward_ds, links.backward_ds)
    indptr, states, costs = seeds_of(*places, *ends, streets.edge_source, streets.edge_target)
    hubs = hubs_of(streets, links, speed_kmh=graph.speed_kmh)
    if not len(hubs.owner):
        return indptr, states, costs
    indptr, order = grouped(np.concatenate((rows_of(indptr), hubs.owner)), len(links))
    return indptr, np.concatenate((states, hubs.node))[order], np.concatenate((costs, hubs.deciseconds))[order]


def hub_states(graph: ModeGraph, hubs: Hubs) -> tuple[np.ndarray, np.ndarray]:
    """States that the node of each hub is reached in, and the row of the hub."""
    n_nodes = graph.n_states - len(graph.copy_of)
    rows = np.arange(len(hubs.node))
    open_copies = np.setdiff1d(np.arange(len(graph.copy_of)), graph.sealed.astype(np.int64) - n_nodes)
    copy, row = np.nonzero(graph.copy_of[open_copies][:, None] == hubs.node[None, :])
    states = np.concatenate((hubs.node.astype(np.int64), n_nodes + open_copies[copy]))
    return states, np.concatenate((rows, row))


def entries(
    streets: Streets, graph: ModeGraph, links: Links
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """States that points are reached from, and the points by street.

    Parameters
    ----------
    streets : Streets
    graph : ModeGraph
    links : Links

    Returns
    -------
    indptr : ndarray of int64, shape (n_states + 1,)
    point : ndarray of int32
        For each state the points on its streets, then those whose square is entered there.
    costs : ndarray of int32
        Way from the state, without the walk from the street [0.1 s at the reference speed].
    on_edge, members : ndarray
        Points by edge (CSR).
    """
    arcs = (graph.indptr, graph.edges, graph.copy_of, graph.sealed, streets.edge_source, streets.edge_target)
    places = (links.edge, links.fraction, links.forward_ds, links.backward_ds)
    indptr, point, costs, on_edge, members = entries_of(*places, *arcs)
    hubs = hubs_of(streets, links, speed_kmh=graph.speed_kmh)
    if not len(hubs.owner):
        return indptr, point, costs, on_edge, members
    states, which = hub_states(graph, hubs)
    indptr, order = grouped(np.concatenate((rows_of(indptr), states)), graph.n_states)
    point = np.concatenate((point, hubs.owner[which].astype(np.int32)))[order]
    return indptr, point, np.concatenate((costs, hubs.deciseconds[which]))[order], on_edge, members
