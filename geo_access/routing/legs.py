"""Getting to the first stop, from the last one, and all the way without a vehicle: streets between points and stops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo_access.errors import InputError
from geo_access.network.links import Links, link_points
from geo_access.network.model import Network, SparseTimes
from geo_access.network.street_search import nearby
from geo_access.routing.query import Query
from geo_access.routing.sweep import NEVER

__all__ = ["Ends", "Legs", "connect", "link", "mode_legs", "stop_walks", "street_speed"]

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
        direct.append(("bike", min(farthest, query.max_s)))
    if query.mode == "driven+transit":
        direct.append(("car", min(query.max_access_s, query.max_s)))
    return Legs(start, end, tuple(direct))


def street_speed(query: Query, mode: str) -> float | None:
    """Return the speed that the query asks of a street mode [km/h], or None where the streets know it."""
    return {"walk": query.walk_kmh, "bike": query.bike_kmh}.get(mode)


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


def link(network: Network, points_xy: np.ndarray, mode: str, query: Query) -> Links:
    """Link points to the streets of one mode, on foot to them at the query's walking speed."""
    return link_points(network.streets, points_xy, mode=mode, limit_m=query.link_limit_m, connector_kmh=query.walk_kmh)


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
    starts = link(network, origin_xy, legs.start, query)
    ends = link(network, destination_xy, legs.end, query)
    access = stop_walks(network, starts, query, legs.start, to_stops=True)
    egress = stop_walks(network, ends, query, legs.end, to_stops=False)
    direct_s = np.full((len(origin_xy), len(destination_xy)), NEVER, np.int32)
    for mode, limit_s in legs.direct:
        found = nearby(
            network.streets, link(network, origin_xy, mode, query), link(network, destination_xy, mode, query),
            mode=mode, max_s=limit_s, speed_kmh=street_speed(query, mode),
        )  # fmt: skip
        rows = np.repeat(np.arange(found.n_rows), np.diff(found.indptr))
        np.minimum.at(direct_s, (rows, found.indices), found.seconds)
    return Ends(starts.ok, ends.ok, access, egress, direct_s)


def stop_walks(network: Network, points: Links, query: Query, mode: str, *, to_stops: bool) -> SparseTimes:
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

    Returns
    -------
    SparseTimes
        Points × stops [s].
    """
    timetable = network.timetable
    if timetable is None:
        raise InputError("the network has no timetable → build it with GTFS feeds, or ask for walk, bike or car")
    stops = link(network, np.column_stack((timetable.stop_x, timetable.stop_y)), mode, query)
    speed = street_speed(query, mode)
    if to_stops:
        times = nearby(network.streets, points, stops, mode=mode, max_s=query.max_access_s, speed_kmh=speed)
    else:
        times = nearby(network.streets, stops, points, mode=mode, max_s=query.max_egress_s, speed_kmh=speed).transpose()
    if query.mode == "park_and_ride" and mode == "car":
        times = _only_columns(times, np.isin(timetable.stop_id.astype(str), np.array(query.park_and_ride, dtype=str)))
    return times


def _only_columns(times: SparseTimes, wanted: np.ndarray) -> SparseTimes:
    keep = wanted[times.indices]
    rows = np.repeat(np.arange(times.n_rows), np.diff(times.indptr))[keep]
    indptr = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=times.n_rows)))).astype(np.int64)
    return SparseTimes(indptr, times.indices[keep], times.seconds[keep], times.n_cols)
