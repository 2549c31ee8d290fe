"""A timetable cut to the lines that can be taken from somewhere within a limit: the same times from far fewer events.

A journey within the limit boards only at stops that lower bounds leave within it (`geo_access.routing.bounds`), so that
lines without such a stop are never ridden. What is kept keeps its order in time and its changes: an answer within the
limit is the whole timetable's, and all others are beyond it in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from geo_access.arrays import entries_of_rows, indptr_of, rows_of, sums_of_rows
from geo_access.network.model import Network, SparseTimes, Timetable
from geo_access.routing.bounds import stops_around
from geo_access.routing.graphs import GraphKey, backward_graph, forward_graph, graph_key
from geo_access.routing.lines import some_lines
from geo_access.routing.query import Query
from geo_access.routing.sweep import SweepGraph, build_graph, reverse_graph
from geo_access.words.told import refusal

__all__ = ["CutGraph", "Graphs", "cut_graph", "graphs_around", "with_place_at"]

# Where more of the events than this would stay, cutting costs more than it saves.
_WORTH_CUTTING = 0.6


@dataclass(frozen=True, eq=False)
class CutGraph:
    """Some lines of a graph.

    Attributes
    ----------
    graph : SweepGraph
        Of the same stops; events in the same order.
    left_at : ndarray of int64
        Stops from which one may change to a line that was not kept.
    """

    graph: SweepGraph
    left_at: np.ndarray


@dataclass(frozen=True, eq=False)
class Graphs:
    """The searchable form of a timetable, or of some of its lines, on the clock running forwards and backwards.

    Attributes
    ----------
    timetable : Timetable
    key : GraphKey
    lines : ndarray of int64, optional
        Lines of the forward graph that are kept, ascending; all by default.
    """

    timetable: Timetable
    key: GraphKey
    lines: np.ndarray | None = None

    @cached_property
    def cut(self) -> CutGraph | None:
        """What is kept of the forward graph, where not all is."""
        return None if self.lines is None else cut_graph(forward_graph(self.timetable, self.key), self.lines)

    @property
    def ahead(self) -> SweepGraph:
        """In the order of time."""
        return forward_graph(self.timetable, self.key) if self.cut is None else self.cut.graph

    @cached_property
    def back(self) -> SweepGraph:
        """With time turned round."""
        return backward_graph(self.timetable, self.key) if self.lines is None else reverse_graph(self.ahead)

    @property
    def n_events(self) -> int:
        """Number of events."""
        return self.ahead.lines.n_events


def graphs_around(network: Network, origin_xy: np.ndarray, query: Query) -> Graphs:
    """Keep of a timetable what can be part of journeys from some points within the limit of a query.

    Parameters
    ----------
    network : Network
        With a timetable.
    origin_xy : ndarray of float64, shape (n, 2)
        [m], in the network's CRS.
    query : Query
        With transit, and without services on demand.

    Returns
    -------
    Graphs

    Raises
    ------
    InputError
        When the network has no timetable.
    """
    timetable, key = network.timetable, graph_key(query)
    if timetable is None:
        raise refusal("no_timetable")
    lines = forward_graph(timetable, key).lines
    calls, _ = entries_of_rows(lines.stop_indptr, np.flatnonzero(stops_around(network, origin_xy, query)))
    kept = np.zeros(len(lines.line_indptr) - 1, dtype=bool)
    kept[lines.stop_line[calls]] = True
    n_events = np.diff(lines.trip_indptr[lines.line_indptr])
    if n_events[kept].sum() > _WORTH_CUTTING * lines.n_events:
        return Graphs(timetable, key)
    return Graphs(timetable, key, np.flatnonzero(kept))


def cut_graph(graph: SweepGraph, lines: np.ndarray) -> CutGraph:
    """Keep some lines of a graph, and the changes between them.

    Parameters
    ----------
    graph : SweepGraph
        Running forwards.
    lines : ndarray of int64
        Ascending.

    Returns
    -------
    CutGraph
    """
    some, events = some_lines(graph.lines, lines)
    number = np.full(graph.lines.n_events, -1, np.int32)
    number[events] = np.arange(len(events), dtype=np.int32)
    changes, indptr = entries_of_rows(graph.transfer_indptr, events)
    board = number[graph.transfer_board[changes]]
    kept = board >= 0
    left_at = np.unique(some.event_stop[rows_of(indptr)[~kept]])
    counts = sums_of_rows(kept.astype(np.int64), indptr)
    return CutGraph(build_graph(some, indptr_of(counts), board[kept]), left_at)


def with_place_at(places: SparseTimes, stops: np.ndarray) -> SparseTimes:
    """Add a place that is at some stops.

    Parameters
    ----------
    places : SparseTimes
        Places × stops [s], without timed legs.
    stops : ndarray of int64

    Returns
    -------
    SparseTimes
        With the place as the last row.
    """
    indptr = np.append(places.indptr, places.indptr[-1] + len(stops))
    seconds = np.concatenate((places.seconds, np.zeros(len(stops), places.seconds.dtype)))
    indices = np.concatenate((places.indices, stops.astype(places.indices.dtype)))
    return SparseTimes(indptr, indices, seconds, places.n_cols)
