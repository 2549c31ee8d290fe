"""Which places can at all be reached within a query's limit: lower bounds of door-to-door times, nobody ever waiting.

From an area, a place is left out only when it stays beyond the limit with every vehicle leaving as one arrives and the
fastest street all the way to the stop: no pair that has a time is ever lost, and no search is needed to know it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from geo_access.arrays import indptr_of, rows_of
from geo_access.network.model import CrowFly, ModeGraph, Network, Streets, Timetable
from geo_access.routing.graphs import GraphKey, footpaths_of, graph_key
from geo_access.routing.legs import mode_legs, street_speed
from geo_access.routing.query import Query
from geo_access.words.told import refusal

__all__ = ["Bounds", "bounds_of", "stops_around"]

# A weight that sparse matrices do not take for the absence of an edge; a million of them stay below `_ROUNDED_S`.
_NOTHING_S = 1.0e-6
# Times are whole seconds: three legs may each have lost half a second, and edges without time count `_NOTHING_S`.
_ROUNDED_S = 3.0


@dataclass(frozen=True)
class _Pace:
    """The farthest that streets lead in a time, as the crow flies: `ms` × seconds + `slack_m`."""

    ms: float
    slack_m: float

    def reach_m(self, seconds: float) -> float:
        return self.ms * (seconds + _ROUNDED_S) + self.slack_m


@dataclass(frozen=True, eq=False)
class Bounds:
    """Lower bounds of the times to places.

    Attributes
    ----------
    place_xy : ndarray of float64, shape (n, 2)
        [m], in the network's CRS.
    direct_m : float
        Farthest that one gets without any vehicle, as the crow flies [m].
    access_m : float
        Farthest stop that one gets on at [m]; negative where no vehicle is boarded.
    max_s : float
        Longest time of interest, with what rounding may have taken [s].
    stops : cKDTree or None
        Positions of the stops.
    fastest : csr_matrix or None, shape (n_stops, n_stops)
        Least time from a call to the next, or of a change [s].
    near_indptr, near_stop, near_s : ndarray
        Stops from which each place may be walked to, and the least time for that [s].
    """

    place_xy: np.ndarray
    direct_m: float
    access_m: float
    max_s: float
    stops: cKDTree | None
    fastest: csr_matrix | None
    near_indptr: np.ndarray
    near_stop: np.ndarray
    near_s: np.ndarray

    def within(self, low_xy: np.ndarray, high_xy: np.ndarray) -> np.ndarray:
        """Return the places that are perhaps within the limit of somewhere in an area.

        Parameters
        ----------
        low_xy, high_xy : ndarray of float64, shape (2,)
            Corners of the area [m].

        Returns
        -------
        ndarray of int64
            Rows of the places, ascending.
        """
        near = _outside_m(self.place_xy, low_xy, high_xy) <= self.direct_m
        if self.stops is not None and self.fastest is not None and len(self.near_stop):
            boarded = np.flatnonzero(_outside_m(self.stops.data, low_xy, high_xy) <= self.access_m)
            if len(boarded):
                least_s = dijkstra(self.fastest, indices=boarded, min_only=True, limit=self.max_s)
                ends = np.minimum.reduceat(
                    np.append(least_s[self.near_stop] + self.near_s, np.inf), self.near_indptr[:-1]
                )
                near |= (ends <= self.max_s) & (np.diff(self.near_indptr) > 0)
        return np.flatnonzero(near)


def bounds_of(network: Network, place_xy: np.ndarray, query: Query) -> Bounds:
    """Prepare the lower bounds of the times to places.

    Parameters
    ----------
    network : Network
    place_xy : ndarray of float64, shape (n, 2)
        Destinations [m], in the network's CRS.
    query : Query

    Returns
    -------
    Bounds

    Raises
    ------
    InputError
        When the query takes services on demand: nothing bounds how far they drive.

    Examples
    --------
    >>> places = np.array([[1_000.0, 0.0], [9_000.0, 0.0]])
    >>> bounds = bounds_of(Network(2154, CrowFly(2154, detour=1.0), None, {}), places, Query("walk", max_s=1800))
    >>> bounds.within(np.array([-500.0, -500.0]), np.array([0.0, 0.0])).tolist()
    [0]
    """
    place_xy = np.ascontiguousarray(place_xy, dtype=np.float64).reshape(-1, 2)
    timetable = network.timetable
    none = np.zeros(0, np.int64)
    if not query.uses_transit or timetable is None:
        pace = _pace(network, query.on_streets(query.mode), query)
        at = np.zeros(len(place_xy) + 1, np.int64)
        return Bounds(place_xy, pace.reach_m(query.max_s), -1.0, 0.0, None, None, at, none, none.astype(float))
    if query.on_demand and timetable.flex is not None:
        raise refusal("times.tiles_on_demand")
    legs = mode_legs(query)
    direct_m = max(_pace(network, mode, query).reach_m(limit_s) for mode, limit_s in legs.direct)
    start, end = (_pace(network, mode, query) for mode in (legs.start, legs.end))
    tree = cKDTree(np.column_stack((timetable.stop_x, timetable.stop_y)))
    egress_m = end.reach_m(min(query.max_egress_s, query.max_s))
    found = tree.query_ball_point(place_xy, egress_m, return_sorted=True)
    indptr = indptr_of(np.array([len(row) for row in found], dtype=np.int64))
    stop = np.concatenate([none, *(np.asarray(row, dtype=np.int64) for row in found)])
    apart_m = np.hypot(*(tree.data[stop] - place_xy[rows_of(indptr)]).T)
    return Bounds(
        place_xy,
        direct_m,
        start.reach_m(min(query.max_access_s, query.max_s)),
        query.max_s + _ROUNDED_S,
        tree,
        _fastest(timetable, graph_key(query)),
        indptr,
        stop,
        np.maximum(0.0, (apart_m - end.slack_m) / end.ms),
    )


def stops_around(network: Network, origin_xy: np.ndarray, query: Query) -> np.ndarray:
    """Return the stops that are perhaps passed on a journey from some points within the limit.

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
    ndarray of bool, shape (n_stops,)
    """
    timetable = network.timetable
    if timetable is None:
        raise refusal("no_timetable")
    boarded = np.zeros(timetable.n_stops, dtype=bool)
    if len(origin_xy):
        stop_xy = np.column_stack((timetable.stop_x, timetable.stop_y))
        access_m = _pace(network, mode_legs(query).start, query).reach_m(min(query.max_access_s, query.max_s))
        close = np.flatnonzero(_outside_m(stop_xy, origin_xy.min(axis=0), origin_xy.max(axis=0)) <= access_m)
        apart_m, _ = cKDTree(origin_xy).query(stop_xy[close], distance_upper_bound=np.nextafter(access_m, np.inf))
        boarded[close[np.isfinite(apart_m)]] = True
    if not boarded.any():
        return boarded
    limit_s = query.max_s + _ROUNDED_S
    fastest = _fastest(timetable, graph_key(query))
    least_s = dijkstra(fastest, indices=np.flatnonzero(boarded), min_only=True, limit=limit_s)
    return np.asarray(least_s <= limit_s)


def _outside_m(xy: np.ndarray, low_xy: np.ndarray, high_xy: np.ndarray) -> np.ndarray:
    """Distance from each point to an area, 0 inside it [m]."""
    return np.hypot(*np.maximum(0.0, np.maximum(low_xy - xy, xy - high_xy)).T)


@lru_cache(maxsize=4)
def _fastest(timetable: Timetable, key: GraphKey) -> csr_matrix:
    """Least times between stops, over the whole day: from a call to the next, staying in the seat, and changes."""
    paths = footpaths_of(timetable, key)
    within = np.ones(len(timetable.event_stop), dtype=bool)
    within[timetable.trip_indptr[:-1][np.diff(timetable.trip_indptr) > 0]] = False
    later = np.flatnonzero(within)
    seats = timetable.in_seat.reshape(-1, 2)
    last, first = timetable.trip_indptr[seats[:, 0] + 1] - 1, timetable.trip_indptr[seats[:, 1]]
    stop = timetable.event_stop
    tail = np.concatenate((stop[later - 1], stop[last], rows_of(paths.indptr)))
    head = np.concatenate((stop[later], stop[first], paths.indices))
    # A wait charged at boarding is in the departures of all calls: riders already aboard do not wait again.
    leaves = np.maximum(timetable.event_departure_s, timetable.event_arrival_s)
    ride_s = timetable.event_arrival_s[later].astype(np.int64) - leaves[later - 1]
    seconds = np.concatenate((ride_s, np.zeros(len(seats), np.int64), paths.seconds)).astype(np.float64)
    order = np.lexsort((seconds, head, tail))
    tail, head, seconds = tail[order], head[order], seconds[order]
    least = np.ones(len(tail), dtype=bool)
    least[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    shape = (timetable.n_stops, timetable.n_stops)
    return csr_matrix((np.maximum(seconds[least], _NOTHING_S), (tail[least], head[least])), shape=shape)


def _pace(network: Network, mode: str, query: Query) -> _Pace:
    """Bound how far a street mode leads, the walk to the streets and from them included."""
    streets, asked_kmh = network.streets, street_speed(query, mode)
    if isinstance(streets, CrowFly):
        kmh = streets.speeds_kmh[mode.partition(":")[0]] if asked_kmh is None else asked_kmh
        return _Pace(kmh / 3.6 / streets.detour, 1.0)
    graph = streets.graphs[mode]
    faster = 1.0 if asked_kmh is None else asked_kmh / graph.speed_kmh
    best_ms, untimed_m = _fastest_arc(streets, graph)
    # Doors and stops lie up to the limit off the streets.
    return _Pace(max(best_ms * faster, query.walk_kmh / 3.6), untimed_m + 2 * query.link_limit_m)


def _fastest_arc(streets: Streets, graph: ModeGraph) -> tuple[float, float]:
    """Return the highest speed along an arc [m/s], and how far all arcs without time lead together [m]."""
    length_m = streets.edge_length_m[graph.edges].astype(np.float64)
    timed = graph.deciseconds > 0
    best_ms = float((length_m[timed] / graph.deciseconds[timed] * 10.0).max(initial=graph.speed_kmh / 3.6))
    return best_ms, float(length_m[~timed].sum())
