"""All journeys worth telling at one moment: none arrives earlier with as few rides and as little walking.

The state is "aboard when the vehicle arrives at event e after r rides"; its arrival is the event's, so that the least
walking is all there is to remember. Events are visited in increasing time, once for each number of rides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from geo_access.kernels import njit
from geo_access.network.model import SparseTimes
from geo_access.routing.exits import Access, Exit, FlexLeg
from geo_access.routing.lines import Lines
from geo_access.routing.sweep import SweepGraph
from geo_access.routing.tables import LineTables, Walks
from geo_access.routing.timed import walks_of

__all__ = ["Ride", "Route", "WalkSpread", "routes_to", "spread_from"]

_NO_WALK = 2**30


@dataclass(frozen=True)
class Ride:
    """One vehicle: events of `Lines` where one boards and gets off."""

    board: int
    off: int


@dataclass(frozen=True)
class Route:
    """One journey in terms of the timetable.

    Attributes
    ----------
    rides : tuple of Ride
    access_s, egress_s : int
        [s].
    changes_s : tuple of int
        Walk before each ride but the first [s].
    arrive_s : int
        At the door [s].
    walk_s : int
        Walking in all [s].
    first_leg, last_leg : FlexLeg or None
        On demand to the first vehicle, and from the last one; None for walks.
    """

    rides: tuple[Ride, ...]
    access_s: int
    egress_s: int
    changes_s: tuple[int, ...]
    arrive_s: int
    walk_s: int
    first_leg: FlexLeg | None = None
    last_leg: FlexLeg | None = None


@dataclass(frozen=True, eq=False)
class WalkSpread:
    """All that can be ridden from one place at one moment.

    Attributes
    ----------
    graph : SweepGraph
    footpaths : SparseTimes
        Changes between stops [s].
    access : Access
        From the door to each stop.
    ready_s, max_s, min_transfer_s : int
        [s].
    first : int
        Rank of the first column.
    walk, parent, boarded : ndarray of int32, shape (max_rides + 1, n_ranks)
        By rides and rank: least walking [s], event got off before, event boarded.
    """

    graph: SweepGraph
    footpaths: SparseTimes
    access: Access
    ready_s: int
    max_s: int
    min_transfer_s: int
    first: int
    walk: np.ndarray
    parent: np.ndarray
    boarded: np.ndarray


def spread_from(
    graph: SweepGraph,
    footpaths: SparseTimes,
    access: Access | Mapping[int, int],
    ready_s: int,
    *,
    max_s: int,
    max_rides: int,
    min_transfer_s: int = 0,
) -> WalkSpread:
    """Ride everything that can be caught from one place at one moment.

    Parameters
    ----------
    graph : SweepGraph
        Of the clock running forwards.
    footpaths : SparseTimes
        Changes between stops, the least time to change included [s].
    access : Access or mapping of int to int
        From the door to each stop; plain seconds for walks.
    ready_s, max_s : int
        Setting out, and longest time of interest [s].
    max_rides : int
        Most vehicles boarded.
    min_transfer_s : int
        Part of every change that is no walking [s].

    Returns
    -------
    WalkSpread
    """
    lines = graph.lines
    span = graph.span(ready_s, ready_s + max_s)
    if not isinstance(access, Access):
        access = Access(dict(access), dict(access), {})
    stops = np.array(sorted(access.seconds), dtype=np.int64)
    near = _Near(
        stops,
        np.array([access.seconds[int(s)] for s in stops], dtype=np.int64),
        np.array([access.on_foot[int(s)] for s in stops], dtype=np.int64),
        ready_s,
    )
    ranks = _Ranks(graph.rank, span.first, span.last, _events_by_rank(graph), graph.following)
    found = _spread_walks(near, max_rides, min_transfer_s, ranks, lines.tables, walks_of(footpaths))
    return WalkSpread(graph, footpaths, access, ready_s, max_s, min_transfer_s, span.first, *found)


def routes_to(spread: WalkSpread, egress: Sequence[Exit] | Mapping[int, int]) -> list[Route]:
    """Find the journeys to one place that are best in arrival, rides and walking together.

    Parameters
    ----------
    spread : WalkSpread
    egress : sequence of Exit, or mapping of int to int
        From each stop to the door; plain seconds for walks.

    Returns
    -------
    list of Route
        In the order of arrival; each leaves as late as its lines allow.
    """
    graph, lines = spread.graph, spread.graph.lines
    max_rides, n_ranks = spread.walk.shape[0] - 1, spread.walk.shape[1]
    event_of = _events_by_rank(graph)
    if isinstance(egress, Mapping):
        egress = [Exit(stop, seconds, seconds) for stop, seconds in egress.items()]
    found = []
    for number, way in enumerate(egress):
        for rank in graph.alight_rank[graph.alight_indptr[way.stop] : graph.alight_indptr[way.stop + 1]].tolist():
            k = rank - spread.first
            at = way.arrival(int(graph.arrival_s[rank]))
            if 0 <= k < n_ranks and at is not None and at <= spread.ready_s + spread.max_s:
                found += [
                    (at, rides, int(spread.walk[rides, k]) + way.on_foot, int(event_of[rank]), number)
                    for rides in range(1, max_rides + 1)
                    if spread.walk[rides, k] < _NO_WALK
                ]
    routes: list[Route] = []
    kept: list[tuple[int, int, int]] = []
    for arrive_s, rides, walked, e, number in sorted(found):
        if any(r <= rides and w <= walked for _, r, w in kept):
            continue
        kept.append((arrive_s, rides, walked))
        chain = _trace(e, rides, spread.parent, spread.boarded, graph.rank, spread.first)
        chain = _latest(chain, graph, spread.footpaths)
        way, boarded = egress[number], int(lines.event_stop[chain[0].board])
        changes = tuple(
            0 if _same_stop(lines, a, b) else max(0, _change_s(spread.footpaths, lines, a, b) - spread.min_transfer_s)
            for a, b in pairwise(chain)
        )
        egress_s = arrive_s - int(lines.event_arrival_s[chain[-1].off])
        routes.append(
            Route(
                tuple(chain),
                spread.access.seconds[boarded],
                egress_s,
                changes,
                arrive_s,
                walked,
                spread.access.legs.get(boarded),
                way.leg,
            )
        )
    return routes


@lru_cache(maxsize=4)
def _events_by_rank(graph: SweepGraph) -> np.ndarray:
    return np.argsort(graph.rank)


def _trace(e: int, rides: int, parent: np.ndarray, boarded: np.ndarray, rank: np.ndarray, first: int) -> list[Ride]:
    chain = []
    for r in range(rides, 0, -1):
        at = int(rank[e]) - first
        chain.append(Ride(int(boarded[r, at]), e))
        e = int(parent[r, at])
    return chain[::-1]


def _latest(chain: list[Ride], graph: SweepGraph, footpaths: SparseTimes) -> list[Ride]:
    """Take each vehicle but the last one as late as the next allows: nobody waits longer than needed."""
    lines = graph.lines
    out = [chain[-1]]
    for ride in reversed(chain[:-1]):
        onward = out[0].board
        change = _change_s(footpaths, lines, ride, out[0])
        trip = int(lines.event_trip[ride.board])
        on = ride.board - int(lines.trip_indptr[trip])
        off = ride.off - int(lines.trip_indptr[trip])
        until = int(lines.event_departure_s[onward]) - change
        end = int(lines.line_indptr[lines.trip_line[trip] + 1])
        while trip + 1 < end and lines.event_arrival_s[lines.trip_indptr[trip + 1] + off] <= until:
            trip += 1
        out.insert(0, Ride(int(lines.trip_indptr[trip]) + on, int(lines.trip_indptr[trip]) + off))
    return out


def _change_s(footpaths: SparseTimes, lines: Lines, before: Ride, after: Ride) -> int:
    stops, seconds = footpaths.row(int(lines.event_stop[before.off]))
    return int(seconds[stops == lines.event_stop[after.board]].min())


def _same_stop(lines: Lines, before: Ride, after: Ride) -> bool:
    return bool(lines.event_stop[before.off] == lines.event_stop[after.board])


class _Near(NamedTuple):
    """Stops that one comes to from the door: time there, of it on foot [s]; and when one sets out [s]."""

    stops: np.ndarray
    seconds: np.ndarray
    on_foot: np.ndarray
    ready_s: int


class _Ranks(NamedTuple):
    """Events in time: rank of each, the ranks looked at, then by rank its event and the rank of the trip's next."""

    rank: np.ndarray
    first: int
    last: int
    event: np.ndarray
    following: np.ndarray


class _Aboard(NamedTuple):
    """By rank: least walking so far [s], event got off before, event boarded."""

    walk: np.ndarray
    parent: np.ndarray
    boarded: np.ndarray


@njit(cache=True)
def _spread_walks(
    near: _Near, max_rides: int, min_transfer_s: int, ranks: _Ranks, lines: LineTables, feet: Walks
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least walking with which one is aboard at each event after each number of rides."""
    first, last, following = ranks.first, ranks.last, ranks.following
    stop, arrival, alight = lines.stop, lines.arrival, lines.alight
    n = last - first
    walk = np.full((max_rides + 1, n), _NO_WALK, np.int32)
    parent = np.full((max_rides + 1, n), -1, np.int32)
    boarded = np.full((max_rides + 1, n), -1, np.int32)
    for r in range(1, max_rides + 1):
        aboard = _Aboard(walk[r], parent[r], boarded[r])
        if r == 1:
            for k in range(len(near.stops)):
                at_s = near.ready_s + near.seconds[k]
                _board_all(aboard, -1, near.stops[k], at_s, near.on_foot[k], ranks, lines)
        else:
            for k in range(n):
                e = ranks.event[first + k]
                if walk[r - 1, k] == _NO_WALK or not alight[e]:
                    continue
                for w in range(feet.indptr[stop[e]], feet.indptr[stop[e] + 1]):
                    q = feet.stop[w]
                    # The least time to change is waited out, not walked, and a change at the same stop is no walk.
                    more = 0 if q == stop[e] else max(0, feet.seconds[w] - min_transfer_s)
                    _board_all(aboard, e, q, arrival[e] + feet.seconds[w], walk[r - 1, k] + more, ranks, lines)
        for k in range(n):
            onward = following[first + k]
            if first <= onward < last and walk[r, k] < walk[r, onward - first]:
                walk[r, onward - first] = walk[r, k]
                parent[r, onward - first] = parent[r, k]
                boarded[r, onward - first] = boarded[r, k]
    return walk, parent, boarded


@njit(cache=True)
def _board_all(
    aboard: _Aboard, origin: int, at_stop: int, at_s: int, walked: int, ranks: _Ranks, lines: LineTables
) -> None:
    """Board the first vehicle of every line at a stop: who waits for a later one arrives no earlier."""
    departure, trip_indptr, line_indptr = lines.departure, lines.trip_indptr, lines.line_indptr
    for c in range(lines.stop_indptr[at_stop], lines.stop_indptr[at_stop + 1]):
        line, position = lines.stop_line[c], lines.stop_position[c]
        low = line_indptr[line]
        high = line_indptr[line + 1]
        while low < high:
            middle = (low + high) // 2
            if departure[trip_indptr[middle] + position] < at_s:
                low = middle + 1
            else:
                high = middle
        if low < line_indptr[line + 1]:
            f = trip_indptr[low] + position
            k = ranks.rank[f + 1] - ranks.first
            if 0 <= k < ranks.last - ranks.first and walked < aboard.walk[k]:
                aboard.walk[k] = walked
                aboard.parent[k] = origin
                aboard.boarded[k] = f
