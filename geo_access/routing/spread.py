"""From one place at one moment: the earliest arrival by vehicle at every stop."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geo_access.kernels import njit
from geo_access.network.model import Network, SparseTimes
from geo_access.network.search.links import Links
from geo_access.routing.graphs import backward_graph, forward_graph, graph_key
from geo_access.routing.legs import mode_legs, stop_walks
from geo_access.routing.query import Query
from geo_access.routing.sweep import SweepGraph
from geo_access.routing.tables import LineTables, Onward, Span
from geo_access.words.told import refusal

__all__ = ["stop_arrivals", "stop_times"]


def stop_arrivals(network: Network, site_links: Links, *, query: Query, reverse: bool = False) -> np.ndarray:
    """Find the earliest arrival at every stop from a site, or the latest departure from every stop to it.

    Parameters
    ----------
    network : Network
        With a timetable.
    site_links : Links
        The site (or several: the nearest counts), linked for the street mode at its end of the journey.
    query : Query
        The first instant of its window is the departure; with `reverse`, of its deadlines (or window) the arrival.
    reverse : bool
        Towards the site instead of from it.

    Returns
    -------
    ndarray of float32, shape (n_stops,)
        Seconds from the door to getting off at the stop (with `reverse`, from boarding there to the deadline), the
        wait included; NaN where no vehicle takes one within the limits.

    Raises
    ------
    InputError
        When the network has no timetable, or the query no instant.
    """
    window = query.depart if query.depart is not None else query.arrive
    if network.timetable is None or window is None:
        raise refusal("routing.stops_moment")
    legs, key = mode_legs(query), graph_key(query)
    graph = (backward_graph if reverse else forward_graph)(network.timetable, key)
    walks = stop_walks(network, site_links, query, legs.end if reverse else legs.start, to_stops=not reverse)
    ready_s = -window.start_s if reverse else window.start_s
    times = stop_times(graph, walks, ready_s, max_s=query.max_s, max_rides=query.max_rides)
    return np.fmin.reduce(times, axis=0)


def stop_times(
    graph: SweepGraph, access: SparseTimes, ready_s: int, *, max_s: int, max_rides: int | None = None
) -> np.ndarray:
    """Spread from places at one instant over the timetable.

    Being aboard at an event is a fact; the fewest rides that lead to it is all there is to remember. Events are
    visited in increasing time, so that one pass settles both.

    Parameters
    ----------
    graph : SweepGraph
    access : SparseTimes
        Places × stops, from the door to the stop [s].
    ready_s : int
        Moment of setting out [s].
    max_s : int
        Longest time of interest [s].
    max_rides : int, optional

    Returns
    -------
    ndarray of float32, shape (n_places, n_stops)
        Seconds from `ready_s` to getting off at each stop; NaN where no vehicle takes one in time.
    """
    lines = graph.lines
    span = graph.span(ready_s, ready_s + max_s)
    out = np.full((access.n_rows, lines.n_stops), np.nan, np.float32)
    ranks = _Ranks(graph.rank, graph.arrival_s, _stops_by_rank(graph))
    most = max_rides or 2**30 - 1
    for place in range(access.n_rows):
        _spread(out[place], access.row(place), span, most, lines.tables, ranks, graph.onward)
    return out


def _stops_by_rank(graph: SweepGraph) -> np.ndarray:
    """Return the stop of each rank where one may get off, else −1."""
    stop = np.where(graph.lines.event_alight, graph.lines.event_stop, -1).astype(np.int32)
    out = np.empty_like(stop)
    out[graph.rank] = stop
    return out


class _Ranks(NamedTuple):
    """Rank of each event of the lines; by rank, the arrival [s] and the stop where one may get off, else −1."""

    rank: np.ndarray
    arrival_s: np.ndarray
    stop: np.ndarray


@njit(cache=True)
def _spread(
    out: np.ndarray,
    near: tuple[np.ndarray, np.ndarray],
    span: Span,
    max_rides: int,
    lines: LineTables,
    ranks: _Ranks,
    onward: Onward,
) -> None:
    """Count the fewest rides to each event in increasing time, then note the first arrival at each stop."""
    stops, seconds = near
    first, last, ready_s = span.first, span.last, span.low_s
    trip_indptr, line_indptr, departure = lines.trip_indptr, lines.line_indptr, lines.departure
    rank, arrival_s, stop_of = ranks
    following, change_indptr, change_to, circular = onward
    rides = np.full(last - first, 2**30, np.int32)
    for k in range(len(stops)):
        for c in range(lines.stop_indptr[stops[k]], lines.stop_indptr[stops[k] + 1]):
            line = lines.stop_line[c]
            for trip in range(line_indptr[line + 1] - 1, line_indptr[line] - 1, -1):
                f = trip_indptr[trip] + lines.stop_position[c]
                if departure[f] < ready_s + seconds[k]:
                    break
                if first <= rank[f + 1] < last:
                    rides[rank[f + 1] - first] = 1
    again = True
    while again:
        again = False
        for r in range(first, last):
            n_rides = rides[r - first]
            if n_rides > max_rides:
                continue
            n = following[r]
            if first <= n < last and n_rides < rides[n - first]:
                rides[n - first] = n_rides
            for k in range(change_indptr[r], change_indptr[r + 1]):
                n = change_to[k]
                if first <= n < last and n_rides + 1 < rides[n - first]:
                    rides[n - first] = n_rides + 1
                    again |= circular
    for r in range(last - 1, first - 1, -1):
        if rides[r - first] <= max_rides and stop_of[r] >= 0:
            out[stop_of[r]] = arrival_s[r] - ready_s
