"""The searchable form of a timetable for the limits of a query, kept for the next query with the same limits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from geo_access.network.model import SparseTimes, Timetable
from geo_access.routing.lines import build_lines
from geo_access.routing.query import Query
from geo_access.routing.sweep import SweepGraph, build_graph, reverse_graph
from geo_access.routing.transfers import find_transfers, usable_footpaths

__all__ = ["GraphKey", "backward_graph", "footpaths_of", "forward_graph", "graph_key"]


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
    """

    walk_kmh: float
    max_transfer_s: int
    min_transfer_s: int
    bikes: bool
    on_demand: bool


def graph_key(query: Query) -> GraphKey:
    """Return the part of a query that the changes of vehicle depend on."""
    return GraphKey(
        float(query.walk_kmh), query.max_transfer_s, query.min_transfer_s, query.mode == "bike_aboard+transit",
        query.on_demand,
    )  # fmt: skip


@lru_cache(maxsize=6)
def forward_graph(timetable: Timetable, key: GraphKey) -> SweepGraph:
    """Return the timetable with its changes, in the order of time."""
    lines = build_lines(timetable, bikes=key.bikes, on_demand=key.on_demand)
    return build_graph(lines, *find_transfers(lines, footpaths_of(timetable, key)))


def footpaths_of(timetable: Timetable, key: GraphKey) -> SparseTimes:
    """Return the changes between stops under the limits of a query."""
    return usable_footpaths(
        timetable, walk_kmh=key.walk_kmh, max_transfer_s=key.max_transfer_s, min_transfer_s=key.min_transfer_s
    )


@lru_cache(maxsize=6)
def backward_graph(timetable: Timetable, key: GraphKey) -> SweepGraph:
    """Return the same with time turned round."""
    return reverse_graph(forward_graph(timetable, key))
