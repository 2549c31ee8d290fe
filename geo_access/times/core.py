"""Travel times between arrays of points: streets or timetable, departures or deadlines, from the smaller side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from geo_access.network.model import Network, Timetable
from geo_access.network.search.search import street_matrix
from geo_access.routing.around import CutGraph, Graphs, graphs_around
from geo_access.routing.causes import Reason, why_missing
from geo_access.routing.graphs import backward_graph, forward_graph, graph_key
from geo_access.routing.instant import BITS
from geo_access.routing.lanes import LANES
from geo_access.routing.legs import Ends, Linker, connect, link, mode_legs, street_speed
from geo_access.routing.profile import Pairs, Samples, profile_times
from geo_access.routing.query import Query
from geo_access.words.told import refusal

__all__ = [
    "PointTimes",
    "instant_times",
    "instants_between",
    "point_times",
    "samples_of",
    "street_times",
    "timetable_of",
    "transit_causes",
    "transit_times",
]

# What a sweep of one event costs beside one reader's look at one block, measured on Porto Alegre.
_SWEEP_COST, _READ_COST, _DEADLINE_FACTOR = 1.0e-7, 8.0e-6, 2.5
# The same of one moment, 64 places in a word.
_BITS_SWEEP_COST, _BITS_READ_COST = 1.5e-7, 6.4e-6


@dataclass(frozen=True, eq=False)
class PointTimes:
    """Times between two arrays of points.

    Attributes
    ----------
    seconds : ndarray of float32, shape (n_o, n_d, n_percentiles)
        Door to door [s]; NaN where there is none.
    feasible_share : ndarray of float32, shape (n_o, n_d)
        Share of the instants asked that have a time, 0–1.
    reason : ndarray of uint8, shape (n_o, n_d)
        `Reason` where the first percentile is missing, else 0.
    beyond_s : ndarray of float32, shape (n_o, n_d), or None
        Time of pairs that only take longer than the query's `max_s` [s], NaN elsewhere; None where not looked for.
    """

    seconds: np.ndarray
    feasible_share: np.ndarray
    reason: np.ndarray
    beyond_s: np.ndarray | None = None


def point_times(
    network: Network, origin_xy: np.ndarray, destination_xy: np.ndarray, query: Query, *, around: bool = False
) -> PointTimes:
    """Door-to-door times between all origins and all destinations.

    A departure window samples the instants at which one is *ready to leave*: the time runs from that instant to
    arrival, the wait at home included. Deadlines mirror it: the time runs from leaving home to the deadline, the wait
    at the end included. Percentiles are nearest-rank over the sampled instants: percentile p of n instants is the
    ``max(1, ceil(p n / 100))``-th shortest time, missing when fewer instants have one.

    Parameters
    ----------
    network : Network
    origin_xy, destination_xy : ndarray of float64, shapes (n_o, 2), (n_d, 2)
        [m], in the network's CRS.
    query : Query
    around : bool
        Sweep only the lines that can be taken from the origins within the limit: the same times, for origins that are
        near each other in a large territory. Not with services on demand.

    Returns
    -------
    PointTimes

    Raises
    ------
    InputError
        When the query is faulty, or asks for transit on a network without a timetable.
    """
    query.validate()
    origin_xy = np.ascontiguousarray(origin_xy, dtype=np.float64).reshape(-1, 2)
    destination_xy = np.ascontiguousarray(destination_xy, dtype=np.float64).reshape(-1, 2)
    if not query.uses_transit:
        return street_times(network, origin_xy, destination_xy, query)
    ends = connect(network, origin_xy, destination_xy, query, mode_legs(query))
    graphs = graphs_around(network, origin_xy, query) if around else None
    return transit_times(network, ends, samples_of(query), query, graphs=graphs)


def samples_of(query: Query) -> Samples:
    """Return the instants that a query with transit samples."""
    window = query.arrive if query.depart is None else query.depart
    if window is None:
        raise refusal("no_moment")
    deadline = query.depart is None
    return Samples(window.start_s, window.step_s, window.count, deadline, query.earliest_s if deadline else None)


def street_times(
    network: Network, origin_xy: np.ndarray, destination_xy: np.ndarray, query: Query, *, linker: Linker | None = None
) -> PointTimes:
    """Find the times all the way on the streets, those beyond the cutoff too.

    Parameters
    ----------
    network : Network
    origin_xy, destination_xy : ndarray of float64, shapes (n_o, 2), (n_d, 2)
        [m], in the network's CRS.
    query : Query
        With a mode of the streets.
    linker : callable, optional
        Stands in for `link`, for whoever keeps links.

    Returns
    -------
    PointTimes
    """
    linker = partial(link, network) if linker is None else linker
    mode = query.on_streets(query.mode)
    origins, destinations = linker(origin_xy, mode, query), linker(destination_xy, mode, query)
    speed = street_speed(query, mode)
    # One search without a limit: where a pair is missing within it, the longer way is asked for anyway.
    every_s = street_matrix(network.streets, origins, destinations, mode=mode, max_s=None, speed_kmh=speed)
    every_s = every_s.astype(np.float32, copy=False)
    within = every_s <= query.max_s
    seconds = np.where(within, every_s, np.float32(np.nan))
    beyond_s = np.where(within, np.float32(np.nan), every_s)
    missing = np.isnan(seconds)
    reason = np.where(missing, np.where(np.isnan(beyond_s), Reason.DISCONNECTED, Reason.OVER_CUTOFF), 0)
    reason = reason.astype(np.uint8)
    _blame_points(reason, missing, origins.ok, destinations.ok)
    spread = np.repeat(seconds[:, :, None], len(query.percentiles), axis=2)
    return PointTimes(spread, (~missing).astype(np.float32), reason, beyond_s)


def _blame_points(reason: np.ndarray, missing: np.ndarray, origin_ok: np.ndarray, destination_ok: np.ndarray) -> None:
    reason[missing & ~destination_ok[None, :]] = Reason.UNSNAPPED_DESTINATION
    reason[missing & ~origin_ok[:, None]] = Reason.UNSNAPPED_ORIGIN


def transit_times(
    network: Network,
    ends: Ends,
    samples: Samples,
    query: Query,
    *,
    explain: bool = True,
    graphs: Graphs | None = None,
) -> PointTimes:
    """Find the times with the timetable once the streets at both ends are known.

    Parameters
    ----------
    network : Network
    ends : Ends
    samples : Samples
        Instants; deadlines are at the destinations.
    query : Query
    explain : bool
        Whether to search for the cause of each missing time; without, only points off the streets are told apart.
    graphs : Graphs, optional
        What of the timetable can be part of these journeys within the limit; all of it by default.

    Returns
    -------
    PointTimes
    """
    graphs = Graphs(timetable_of(network), graph_key(query)) if graphs is None else graphs
    ranks = percentile_ranks(query.percentiles, samples.count)
    max_s, max_rides = query.max_s, query.max_rides
    n_o, n_d = ends.direct_s.shape
    if _forward_is_cheaper((n_o, n_d), graphs.n_events, samples):
        ahead = graphs.ahead
        seconds, feasible = profile_times(ahead, ends.ahead, samples, max_s=max_s, max_rides=max_rides, ranks=ranks)
    else:
        seconds, feasible = profile_times(
            graphs.back,
            ends.backwards,
            samples.reversed(),
            max_s=max_s,
            max_rides=max_rides,
            ranks=ranks,
        )
        seconds, feasible = np.ascontiguousarray(seconds.transpose(1, 0, 2)), feasible.T.copy()
    missing = np.isnan(seconds[:, :, 0])
    reason = np.zeros((n_o, n_d), np.uint8)
    if missing.any():
        # Where some instants have a time but too few for the percentile, the rest of the window has no trip.
        reason[missing] = Reason.NO_TRIP_IN_WINDOW
        linked = missing & (feasible == 0) & ends.origin_ok[:, None] & ends.destination_ok[None, :] & explain
        if linked.any():
            reason[linked] = transit_causes(network, ends, samples, query, linked, near=graphs.cut)[linked]
        _blame_points(reason, missing, ends.origin_ok, ends.destination_ok)
    return PointTimes(seconds, feasible.astype(np.float32) / np.float32(samples.count), reason)


def transit_causes(
    network: Network,
    ends: Ends,
    samples: Samples,
    query: Query,
    missing: np.ndarray,
    *,
    near: CutGraph | None = None,
) -> np.ndarray:
    """Find why pairs have no time at any of the instants, both ends being linked to the streets.

    Parameters
    ----------
    network : Network
    ends : Ends
    samples : Samples
        Instants; deadlines are at the destinations.
    query : Query
    missing : ndarray of bool, shape (n_o, n_d)
    near : CutGraph, optional
        What can be part of journeys from the origins within the limit.

    Returns
    -------
    ndarray of uint8, shape (n_o, n_d)
        `Reason`; 0 where nothing is missing.
    """
    timetable, key = timetable_of(network), graph_key(query)
    max_s, max_rides = query.max_s, query.max_rides
    if not samples.deadline:
        ahead = forward_graph(timetable, key)
        pairs = Pairs(ends.egress, ends.access)
        return why_missing(ahead, pairs, missing, samples, max_s=max_s, max_rides=max_rides, near=near)
    turned, back = samples.reversed(), backward_graph(timetable, key)
    pairs = Pairs(ends.access, ends.egress)
    return why_missing(back, pairs, missing.T, turned, max_s=max_s, max_rides=max_rides).T


def instant_times(network: Network, origin_xy: np.ndarray, destination_xy: np.ndarray, query: Query) -> np.ndarray:
    """Find the time of every instant of a departure window, in the order of the clock.

    Parameters
    ----------
    network : Network
    origin_xy, destination_xy : ndarray of float64, shapes (n_o, 2), (n_d, 2)
        [m], in the network's CRS.
    query : Query
        With a departure window; on streets one instant stands for all.

    Returns
    -------
    ndarray of float32, shape (n_o, n_d, n_instants)
        [s]; NaN where there is none.
    """
    query.validate()
    if not query.uses_transit:
        return street_times(network, origin_xy, destination_xy, query).seconds[:, :, :1]
    ends = connect(network, origin_xy, destination_xy, query, mode_legs(query))
    return instants_between(network, ends, query)


def instants_between(network: Network, ends: Ends, query: Query) -> np.ndarray:
    """Find the time of every instant of a window once the streets at both ends are known.

    Parameters
    ----------
    network : Network
    ends : Ends
    query : Query
        With a window of departures or of deadlines.

    Returns
    -------
    ndarray of float32, shape (n_o, n_d, n_instants)
        In the order of the clock [s]; NaN where there is none.
    """
    timetable, samples = timetable_of(network), samples_of(query)
    ahead = forward_graph(timetable, graph_key(query))
    instants = np.arange(samples.count)
    limits: dict[str, Any] = {"max_s": query.max_s, "max_rides": query.max_rides, "ordered": False}
    if _forward_is_cheaper(ends.direct_s.shape, ahead.lines.n_events, samples):
        return profile_times(ahead, ends.ahead, samples, ranks=instants, **limits)[0]
    seconds, _ = profile_times(
        backward_graph(timetable, graph_key(query)),
        ends.backwards,
        samples.reversed(),
        ranks=instants[::-1].copy(),
        **limits,
    )
    return np.ascontiguousarray(seconds.transpose(1, 0, 2))


def timetable_of(network: Network) -> Timetable:
    """Return the timetable, or say that there is none."""
    if network.timetable is None:
        raise refusal("no_timetable")
    return network.timetable


def percentile_ranks(percentiles: tuple[int, ...], count: int) -> np.ndarray:
    """Return the place of each percentile among `count` sorted times, from 0 (nearest rank).

    Examples
    --------
    >>> percentile_ranks((0, 50, 100), 120).tolist()
    [0, 59, 119]
    """
    return np.array([max(1, -(-p * count // 100)) - 1 for p in percentiles], dtype=np.int64)


def _forward_is_cheaper(shape: tuple[int, ...], n_events: int, samples: Samples) -> bool:
    n_origins, n_destinations = shape

    def cost(swept: int, readers: int, *, deadline: bool) -> float:
        if deadline and samples.count == 1:
            return -(-swept // BITS) * (n_events * _BITS_SWEEP_COST + readers * _BITS_READ_COST)
        factor = _DEADLINE_FACTOR if deadline else 1.0
        return -(-swept // LANES) * (n_events * _SWEEP_COST + readers * _READ_COST * factor)

    ahead = cost(n_destinations, n_origins, deadline=samples.deadline)
    back = cost(n_origins, n_destinations, deadline=not samples.deadline)
    return ahead <= back
