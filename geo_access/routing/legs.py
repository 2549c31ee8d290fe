"""Getting to the first stop, from the last one, and all the way without a vehicle: streets between points and stops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from geo_access.arrays import indptr_of_rows, rows_of
from geo_access.network.model import Network, SparseTimes
from geo_access.network.search.kernels import invert
from geo_access.network.search.links import Links, link_points
from geo_access.network.search.search import nearby
from geo_access.routing.flex import FlexEnd, flex_legs, offers_of
from geo_access.routing.query import Query
from geo_access.routing.sweep import NEVER
from geo_access.routing.timed import DirectLegs, Pairs, Reach
from geo_access.words.told import refusal

__all__ = [
    "Doors",
    "Ends",
    "Legs",
    "Linker",
    "connect",
    "join_doors",
    "link",
    "link_key",
    "mode_legs",
    "open_doors",
    "stop_walks",
    "street_speed",
]

Linker = Callable[[np.ndarray, str, Query], Links]
"""Links points (metric, float64 (n, 2)) to the streets of one mode, as `link` does on one network."""

_ACCESS = {"bike+transit": "bike", "bike_aboard+transit": "bike", "park_and_ride": "car", "driven+transit": "car"}
_EGRESS = {"bike_aboard+transit": "bike"}


@dataclass(frozen=True)
class Legs:
    """Which street mode serves each end of a journey.

    Attributes
    ----------
    start, end : str
        Mode to the first stop and from the last one.
    direct : tuple of (str, int)
        Modes that may go all the way, with the longest such ride or walk [s].
    """

    start: str
    end: str
    direct: tuple[tuple[str, int], ...]

    def reversed(self) -> Legs:
        """Return the legs of the way back: the vehicle waits where it was left."""
        return Legs(self.end, self.start, self.direct)


def mode_legs(query: Query) -> Legs:
    """Return the street modes of a query with transit, on the way out."""
    start, end = _ACCESS.get(query.mode, "walk"), _EGRESS.get(query.mode, "walk")
    farthest = query.max_direct_s if query.max_direct_s is not None else query.max_access_s + query.max_egress_s
    direct = [("walk", min(farthest, query.max_s))]
    if start == "bike":
        direct.append((query.on_streets("bike"), min(farthest, query.max_s)))
    if query.mode == "driven+transit":
        direct.append(("car", min(query.max_access_s, query.max_s)))
    return Legs(query.on_streets(start), query.on_streets(end), tuple(direct))


def street_speed(query: Query, mode: str) -> float | None:
    """Return the speed that the query asks of a street mode [km/h], or None where the streets know it."""
    return {"walk": query.walk_kmh, "bike": query.bike_kmh}.get(mode.partition(":")[0])


@dataclass(frozen=True, eq=False)
class Ends:
    """Streets at both ends of all pairs.

    Attributes
    ----------
    origin_ok, destination_ok : ndarray of bool, shapes (n_o,), (n_d,)
        Whether the point could be linked to the streets.
    access : SparseTimes
        Origins × stops, from the door to the stop [s].
    egress : SparseTimes
        Destinations × stops, from the stop to the door [s].
    direct_s : ndarray of int32, shape (n_o, n_d)
        Without any vehicle [s]; `NEVER` where too far.
    """

    origin_ok: np.ndarray
    destination_ok: np.ndarray
    access: SparseTimes
    egress: SparseTimes
    direct_s: np.ndarray

    @property
    def ahead(self) -> Pairs:
        """Both ends for a sweep from the destinations, whose readers are the origins."""
        return Pairs(self.egress, self.access, self.direct_s)

    @property
    def backwards(self) -> Pairs:
        """Both ends for a sweep of the clock running backwards, from the origins."""
        return Pairs(self.access, self.egress, np.ascontiguousarray(self.direct_s.T))


def link(network: Network, points_xy: np.ndarray, mode: str, query: Query) -> Links:
    """Link points to the streets of one mode, on foot to them at the query's walking speed."""
    return link_points(network.streets, points_xy, mode=mode, limit_m=query.link_limit_m, connector_kmh=query.walk_kmh)


def link_key(mode: str, query: Query) -> tuple[object, ...]:
    """Return all of a query that `link` depends on."""
    return mode, query.link_limit_m, query.walk_kmh


@dataclass(frozen=True, eq=False)
class Doors:
    """Points at one end of journeys, their streets searched once for any number of questions with the same limits.

    Attributes
    ----------
    links : mapping of str to Links
        The points linked to the streets, by street mode.
    to_stops, from_stops : SparseTimes or None
        Points × stops: from the door to the stop, and from the stop to the door [s]; None where not searched.
    stops : mapping of str to Links
        The stops of the timetable, by street mode.
    flex : FlexEnd or None
        The points as services on demand see them; None where there are none, or nobody books.
    """

    links: Mapping[str, Links]
    to_stops: SparseTimes | None
    from_stops: SparseTimes | None
    stops: Mapping[str, Links]
    flex: FlexEnd | None = None


def open_doors(
    network: Network,
    points_xy: np.ndarray,
    query: Query,
    legs: Legs,
    *,
    serve: Literal["leaving", "arriving", "both"],
    beside: Doors | None = None,
    linker: Linker | None = None,
) -> Doors:
    """Search the streets around points where journeys start, end, or both.

    Parameters
    ----------
    network : Network
        With a timetable.
    points_xy : ndarray of float64, shape (n, 2)
        [m], in the network's CRS.
    query : Query
        Its access is this end's when leaving, its egress when arriving.
    legs : Legs
        Street modes of the same journey.
    serve : str
        ``"leaving"``: journeys start here; ``"arriving"``: they end here; ``"both"``.
    beside : Doors, optional
        Of the other end: the stops are linked already.
    linker : callable, optional
        Stands in for `link`, for whoever keeps links.

    Returns
    -------
    Doors
    """
    linker = partial(link, network) if linker is None else linker
    leaving, arriving = serve != "arriving", serve != "leaving"
    sides = [mode for mode, wanted in ((legs.start, leaving), (legs.end, arriving)) if wanted]
    links = {mode: linker(points_xy, mode, query) for mode in {*sides, *(mode for mode, _ in legs.direct)}}
    stops = dict(beside.stops) if beside is not None else {}
    for mode in sides:
        if mode not in stops:
            stops[mode] = _link_stops(network, mode, query, linker)
    walks = {
        out: stop_walks(network, links[mode], query, mode, to_stops=out, stops=stops[mode])
        for out, mode, wanted in ((True, legs.start, leaving), (False, legs.end, arriving))
        if wanted
    }
    return Doors(links, walks.get(True), walks.get(False), stops, _flex_end(network, points_xy, query, walks))


def _flex_end(network: Network, xy: np.ndarray, query: Query, walks: Mapping[bool, SparseTimes]) -> FlexEnd | None:
    offers = offers_of(network, query)
    return None if offers is None else FlexEnd(offers, xy, offers.link(xy), walks.get(True), walks.get(False))


def connect(network: Network, origin_xy: np.ndarray, destination_xy: np.ndarray, query: Query, legs: Legs) -> Ends:
    """Search the streets at both ends and for the direct way.

    Parameters
    ----------
    network : Network
        With a timetable.
    origin_xy, destination_xy : ndarray of float64, shapes (n_o, 2), (n_d, 2)
        [m], in the network's CRS.
    query : Query
    legs : Legs
        Street mode at each end.

    Returns
    -------
    Ends
    """
    origins = open_doors(network, origin_xy, query, legs, serve="leaving")
    destinations = open_doors(network, destination_xy, query, legs, serve="arriving", beside=origins)
    return join_doors(network, origins, destinations, query, legs)


def join_doors(
    network: Network,
    origins: Doors,
    destinations: Doors,
    query: Query,
    legs: Legs,
    *,
    direct_s: np.ndarray | None = None,
) -> Ends:
    """Search the direct ways between points whose other streets are known.

    Parameters
    ----------
    network : Network
    origins, destinations : Doors
        Opened for leaving, and for arriving.
    query : Query
    legs : Legs
    direct_s : ndarray of int32, shape (n_o, n_d), optional
        The direct ways, where they are known [s].

    Returns
    -------
    Ends

    Raises
    ------
    InputError
        When the doors were not opened that way.
    """
    if origins.to_stops is None or destinations.from_stops is None:
        raise refusal("routing.doors")
    if direct_s is None:
        direct_s = _direct_ways(network, origins, destinations, query, legs)
    access, egress = origins.to_stops, destinations.from_stops
    if origins.flex is not None and destinations.flex is not None:
        direct = DirectLegs(flex_legs(origins.flex, destinations.flex))
        access, egress = (
            Reach(walks.indptr, walks.indices, walks.seconds, walks.n_cols, timed, direct)
            for walks, timed in ((access, origins.flex.to_legs), (egress, destinations.flex.from_legs))
        )
    return Ends(origins.links[legs.start].ok, destinations.links[legs.end].ok, access, egress, direct_s)


def _direct_ways(network: Network, origins: Doors, destinations: Doors, query: Query, legs: Legs) -> np.ndarray:
    shape = len(origins.links[legs.start].ok), len(destinations.links[legs.end].ok)
    direct_s = np.full(shape, NEVER, np.int32)
    for mode, limit_s in legs.direct:
        found = nearby(
            network.streets,
            origins.links[mode],
            destinations.links[mode],
            mode=mode,
            max_s=limit_s,
            speed_kmh=street_speed(query, mode),
        )
        cells = rows_of(found.indptr) * direct_s.shape[1] + found.indices
        flat = direct_s.reshape(-1)
        flat[cells] = np.minimum(flat[cells], found.seconds)
    return direct_s


def _link_stops(network: Network, mode: str, query: Query, linker: Linker) -> Links:
    timetable = network.timetable
    if timetable is None:
        raise refusal("no_timetable")
    return linker(np.column_stack((timetable.stop_x, timetable.stop_y)), mode, query)


def stop_walks(
    network: Network, points: Links, query: Query, mode: str, *, to_stops: bool, stops: Links | None = None
) -> SparseTimes:
    """Search the streets between points and stops.

    Parameters
    ----------
    network : Network
    points : Links
        Linked for `mode`.
    query : Query
    mode : str
        Street mode; a car stops at the query's park-and-ride stops only, when that is the mode asked.
    to_stops : bool
        From the points to the stops (limit `max_access_s`), or from the stops to the points (`max_egress_s`).
    stops : Links, optional
        The stops of the timetable, where they are linked already.

    Returns
    -------
    SparseTimes
        Points × stops [s].
    """
    stops = _link_stops(network, mode, query, partial(link, network)) if stops is None else stops
    speed = street_speed(query, mode)
    if to_stops:
        times = nearby(network.streets, points, stops, mode=mode, max_s=query.max_access_s, speed_kmh=speed)
    else:
        found = nearby(network.streets, stops, points, mode=mode, max_s=query.max_egress_s, speed_kmh=speed)
        times = SparseTimes(*invert(found.indptr, found.indices, found.seconds, found.n_cols), n_cols=found.n_rows)
    if query.mode == "park_and_ride" and mode == "car" and network.timetable is not None:
        ids = network.timetable.stop_id.astype(str)
        times = _only_columns(times, np.isin(ids, np.array(query.park_and_ride, dtype=str)))
    return times


def _only_columns(times: SparseTimes, wanted: np.ndarray) -> SparseTimes:
    keep = wanted[times.indices]
    rows = rows_of(times.indptr)[keep]
    indptr = indptr_of_rows(rows, times.n_rows)
    return SparseTimes(indptr, times.indices[keep], times.seconds[keep], times.n_cols)
