"""Where searches from points begin and end: at the ends of their streets, and at the entrances of their squares.

Of many points this is laid out by state of the graph and kept with the streets: whoever asks for one site more lays the
homes out no second time. Of few points nothing is laid out that is as long as the network.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from geo_access.arrays import grouped, indptr_of_rows, rows_of
from geo_access.network.model import ModeGraph, Streets
from geo_access.network.search.hubs import Hubs, hubs_of
from geo_access.network.search.kernels import invert
from geo_access.network.search.links import Links
from geo_access.network.search.street_doors import points_by_edge, street_entries, street_exits, street_seeds
from geo_access.network.search.tables import Arcs, Edges, Entries, OnEdge, Seeds

__all__ = [
    "MANY",
    "arcs_of",
    "edges_of",
    "entries",
    "hub_states",
    "laid_out",
    "on_edges",
    "seeds",
    "turned_arcs_of",
    "turned_entries",
    "turned_seeds",
]

_Made = TypeVar("_Made")
# Of fewer points nothing is kept: their layout is made anew in no time, and sites come and go.
MANY = 256
_MOST_BYTES = 256 << 20
_KEPT = "_layouts"


class _Layouts:
    """What was laid out of many points, the latest; the links are held, so that their identities stay theirs."""

    def __init__(self) -> None:
        self._made: OrderedDict[tuple[object, ...], tuple[Links, ModeGraph, Any]] = OrderedDict()
        self._bytes = 0

    def of(self, what: str, graph: ModeGraph, links: Links, make: Callable[[], _Made]) -> _Made:
        """Return it as it was made, or make it."""
        # Several threads may ask at once: what one forgets meanwhile, another makes again.
        key = what, id(graph), id(links)
        known = self._made.pop(key, None)
        made: _Made = make() if known is None else known[2]
        self._made[key] = links, graph, made
        self._bytes += _bytes_of(made) if known is None else 0
        for old in list(self._made)[:-1] if self._bytes > _MOST_BYTES else ():
            gone = self._made.pop(old, None)
            self._bytes -= 0 if gone is None else _bytes_of(gone[2])
            if self._bytes <= _MOST_BYTES:
                break
        return made


def _bytes_of(made: Any) -> int:
    return int(made.nbytes) if isinstance(made, np.ndarray) else sum(map(_bytes_of, made))


def laid_out(what: str, streets: Streets, graph: ModeGraph, links: Links, make: Callable[[], _Made]) -> _Made:
    """Make what a search needs of some points; that of many is kept with the streets.

    Parameters
    ----------
    what : str
        Its name.
    streets : Streets
    graph : ModeGraph
    links : Links
    make : callable
        Makes it of these: an array, or a tuple of such.

    Returns
    -------
    object
    """
    if len(links) < MANY:
        return make()
    layouts: _Layouts = streets.__dict__.setdefault(_KEPT, _Layouts())
    return layouts.of(what, graph, links, make)


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
    return laid_out("seeds", streets, graph, links, lambda: _seeds(streets, graph, links))


def _seeds(streets: Streets, graph: ModeGraph, links: Links) -> Seeds:
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
    return laid_out("entries", streets, graph, links, lambda: _entries(streets, graph, links))


def _entries(streets: Streets, graph: ModeGraph, links: Links) -> tuple[Entries, OnEdge]:
    found = street_entries(links.points, edges_of(streets, graph))
    hubs = hubs_of(streets, links, speed_kmh=graph.speed_kmh)
    if not len(hubs.owner):
        return found
    along, on_edge = found
    states, which = hub_states(graph, hubs)
    indptr, order = grouped(np.concatenate((rows_of(along.indptr), states)), graph.n_states)
    point = np.concatenate((along.point, hubs.owner[which].astype(np.int32)))[order]
    return Entries(indptr, point, np.concatenate((along.cost, hubs.deciseconds[which]))[order]), on_edge


def turned_seeds(streets: Streets, graph: ModeGraph, links: Links) -> Entries:
    """States where searches from points begin, by state: where a search against the arcs ends.

    Parameters
    ----------
    streets : Streets
    graph : ModeGraph
    links : Links

    Returns
    -------
    Entries
    """
    return laid_out(
        "turned_seeds",
        streets,
        graph,
        links,
        lambda: Entries(*invert(*seeds(streets, graph, links), graph.n_states)),
    )


def turned_entries(streets: Streets, graph: ModeGraph, links: Links) -> Seeds:
    """States that points are reached from, by point: where a search against the arcs begins.

    Parameters
    ----------
    streets : Streets
    graph : ModeGraph
    links : Links

    Returns
    -------
    Seeds
    """
    state, point, cost = street_exits(links.points, edges_of(streets, graph))
    hubs = hubs_of(streets, links, speed_kmh=graph.speed_kmh)
    if len(hubs.owner):
        states, which = hub_states(graph, hubs)
        state = np.concatenate((state, states))
        point = np.concatenate((point, hubs.owner[which].astype(np.int32)))
        cost = np.concatenate((cost, hubs.deciseconds[which]))
    order = np.lexsort((state, point))
    return Seeds(indptr_of_rows(point, len(links)), state[order].astype(np.int32), cost[order])


def on_edges(streets: Streets, graph: ModeGraph, links: Links) -> OnEdge:
    """Points by street.

    Parameters
    ----------
    streets : Streets
    graph : ModeGraph
    links : Links

    Returns
    -------
    OnEdge
    """
    n_edges = len(streets.edge_source)
    return laid_out("on_edges", streets, graph, links, lambda: points_by_edge(links.edge, n_edges))
