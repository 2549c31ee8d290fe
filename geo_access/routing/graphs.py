"""The searchable form of a timetable for the limits of a query, kept for the next query with the same limits."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import ref

import numpy as np

from geo_access.network.model import Network, SparseTimes, Timetable
from geo_access.network.storage import KEPT_CHANGES
from geo_access.network.timetable.lineage import lineage_of
from geo_access.routing.lines import Lines, build_lines
from geo_access.routing.query import Query
from geo_access.routing.recent import kept_recently
from geo_access.routing.regraph import same_walks, transfers_again
from geo_access.routing.riders import open_routes
from geo_access.routing.sweep import SweepGraph, build_graph, reverse_graph
from geo_access.routing.transfers import find_transfers, usable_footpaths
from geo_access.words.told import refusal

__all__ = ["GraphKey", "backward_graph", "footpaths_of", "forward_graph", "graph_key", "keep_changes"]

# Under which a timetable knows its graphs while somebody holds them.
_BUILT = "graphs_built"
# A day of three million calls takes some 400 MB; the timetable before an edit stands beside the one after it.
_MOST_BYTES = 512 << 20


@dataclass(frozen=True)
class GraphKey:
    """What the changes of vehicle depend on.

    Attributes
    ----------
    walk_kmh : float
    max_transfer_s, min_transfer_s : int
        [s].
    bikes, on_demand : bool
        Only trips that take bicycles; also trips that must be booked.
    school_lines, paratransit : bool
    line_kinds : tuple of (str, str)
        Who may ride, as in `Query`.
    """

    walk_kmh: float
    max_transfer_s: int
    min_transfer_s: int
    bikes: bool
    on_demand: bool
    school_lines: bool = True
    paratransit: bool = False
    line_kinds: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        """The key as text: what kept changes are filed under."""
        public = (self.school_lines, self.paratransit, self.line_kinds)
        riders = "" if public == (True, False, ()) else f", riders {public!r}"
        return (
            f"walk {self.walk_kmh!r} km/h, up to {self.max_transfer_s} s, at least {self.min_transfer_s} s, "
            f"bikes {self.bikes:d}, on demand {self.on_demand:d}{riders}"
        )


def graph_key(query: Query) -> GraphKey:
    """Return the part of a query that the changes of vehicle depend on."""
    return GraphKey(
        float(query.walk_kmh),
        query.max_transfer_s,
        query.min_transfer_s,
        query.mode == "bike_aboard+transit",
        query.on_demand,
        query.school_lines,
        query.paratransit,
        query.line_kinds,
    )


@kept_recently(most_bytes=_MOST_BYTES, least=2, most=6)
def forward_graph(timetable: Timetable, key: GraphKey) -> SweepGraph:
    """Return the timetable with its changes, in the order of time."""
    routes = open_routes(
        timetable, school_lines=key.school_lines, paratransit=key.paratransit, line_kinds=key.line_kinds
    )
    lines = build_lines(timetable, bikes=key.bikes, on_demand=key.on_demand, routes=routes)
    known = timetable.__dict__.get(KEPT_CHANGES, {}).get(key.label)
    if known is None or len(known[0]) != lines.n_events + 1:
        footpaths = footpaths_of(timetable, key)
        known = _known_of_root(timetable, lines, footpaths, key) or find_transfers(lines, footpaths)
    graph = build_graph(lines, *known)
    timetable.__dict__.setdefault(_BUILT, {})[key] = ref(graph)
    return graph


def _known_of_root(
    timetable: Timetable, lines: Lines, footpaths: SparseTimes, key: GraphKey
) -> tuple[np.ndarray, np.ndarray] | None:
    """Find the changes from those of the timetable before the edit, where these are known."""
    root = lineage_of(timetable).root
    if root is timetable or not same_walks(root, timetable):
        return None
    built = root.__dict__.get(_BUILT, {}).get(key)
    if (built is None or built() is None) and key.label not in root.__dict__.get(KEPT_CHANGES, {}):
        return None
    return transfers_again(forward_graph(root, key), timetable, lines, footpaths)


def keep_changes(network: Network, query: Query) -> Network:
    """Find the changes of vehicle for the limits of a query now, to be saved with the network.

    Parameters
    ----------
    network : Network
        With a timetable, which keeps them.
    query : Query
        Its walking speed and its limits on changes count, and its mode: nothing else.

    Returns
    -------
    Network
        The same.

    Raises
    ------
    InputError
        When the network has no timetable.
    """
    timetable = network.timetable
    if timetable is None:
        raise refusal("routing.changes")
    graph = forward_graph(timetable, graph_key(query))
    kept = timetable.__dict__.setdefault(KEPT_CHANGES, {})
    kept[graph_key(query).label] = (graph.transfer_indptr, graph.transfer_board)
    return network


def footpaths_of(timetable: Timetable, key: GraphKey) -> SparseTimes:
    """Return the changes between stops under the limits of a query."""
    return usable_footpaths(
        timetable, walk_kmh=key.walk_kmh, max_transfer_s=key.max_transfer_s, min_transfer_s=key.min_transfer_s
    )


@kept_recently(most_bytes=_MOST_BYTES, least=2, most=6)
def backward_graph(timetable: Timetable, key: GraphKey) -> SweepGraph:
    """Return the same with time turned round."""
    return reverse_graph(forward_graph(timetable, key))
