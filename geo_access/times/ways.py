"""One direction of a round trip on a network: its time, or why there is none and what just misses the hour.

The kernels behind `geo_access.times.round_trip`; importing them compiles, so they are imported when first asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from geo_access.network.model import Network
from geo_access.routing.causes import Reason, select_rows
from geo_access.routing.doorways import Doorways
from geo_access.routing.graphs import backward_graph, forward_graph, graph_key
from geo_access.routing.legs import Ends
from geo_access.routing.passing import first_after
from geo_access.routing.query import Query
from geo_access.times.core import (
    PointTimes,
    instants_between,
    samples_of,
    street_times,
    timetable_of,
    transit_causes,
    transit_times,
)

__all__ = [
    "SLOW_S",
    "Answering",
    "Spreading",
    "StreetConnection",
    "TransitConnection",
    "WayTimes",
    "connect_network",
]

SLOW_S = 4 * 3600
"""Up to this long, a way that is only too slow is told with its time [s]."""

_NEXT_TRIP_WITHIN_S = 12 * 3600
"""How long after the deadline (or before the end) a trip still explains what is missing."""


@dataclass(frozen=True, eq=False)
class WayTimes:
    """One direction of the pairs asked, homes × sites whichever way one travels.

    Attributes
    ----------
    seconds : ndarray of float32, shape (n_homes, n_sites, n_percentiles)
        [s]; NaN where there is none.
    reason : ndarray of uint8, shape (n_homes, n_sites)
        `Reason` of each missing time.
    beyond_s : ndarray of float32, shape (n_homes, n_sites), or None
        Time of ways that only take longer than the query allows [s]; None where not looked for.
    missed_s : ndarray of float32, shape (n_homes, n_sites), or None
        First arrival after the deadline, or last departure before the moment asked [s]; None where not looked for.
    """

    seconds: np.ndarray
    reason: np.ndarray
    beyond_s: np.ndarray | None = None
    missed_s: np.ndarray | None = None

    def turned(self) -> WayTimes:
        """Return the same with rows and columns exchanged."""
        beyond_s = None if self.beyond_s is None else self.beyond_s.T
        missed_s = None if self.missed_s is None else self.missed_s.T
        return WayTimes(self.seconds.transpose(1, 0, 2), self.reason.T, beyond_s, missed_s)


class Answering(Protocol):
    """A connection that answers instants and windows, as those of `geo_access.times.ways` do."""

    def times(self, homes: np.ndarray, sites: np.ndarray, query: Query, *, homeward: bool, explain: bool) -> WayTimes:
        """Return the times of some homes and some sites."""

    def instants(self, homes: np.ndarray, sites: np.ndarray, query: Query, *, homeward: bool) -> WayTimes:
        """Return the time of each instant of a window."""


class Spreading(Protocol):
    """Workers that hold networks, such as those of `geo_access.times.cluster`."""

    def holds(self, network: Network) -> bool:
        """Whether they have this network open."""

    def connect(
        self, network: Network, home_xy: np.ndarray, site_xy: np.ndarray, query: Query, doorways: Doorways
    ) -> Answering:
        """Return a connection with the answers of `connect_network`."""


@dataclass(frozen=True, eq=False)
class StreetConnection:
    """All the way on streets: nothing to search beforehand."""

    network: Network
    doorways: Doorways
    home_xy: np.ndarray
    site_xy: np.ndarray

    def times(self, homes: np.ndarray, sites: np.ndarray, query: Query, *, homeward: bool, explain: bool) -> WayTimes:
        """Return the times of some homes and some sites; hours do not matter."""
        del explain  # streets say it for nothing
        query.validate()
        home_xy, site_xy = self.home_xy[homes], self.site_xy[sites]
        starts, ends = (site_xy, home_xy) if homeward else (home_xy, site_xy)
        found = street_times(self.network, starts, ends, query, linker=self.doorways.places.link)
        missed_s = np.full(found.reason.shape, np.nan, np.float32)
        way = WayTimes(found.seconds, found.reason, found.beyond_s, missed_s)
        return way.turned() if homeward else way


@dataclass(frozen=True, eq=False)
class TransitConnection:
    """Streets at both ends, for the way there and the way back."""

    network: Network
    home_xy: np.ndarray
    site_xy: np.ndarray
    there: Ends
    back: Ends

    def times(self, homes: np.ndarray, sites: np.ndarray, query: Query, *, homeward: bool, explain: bool) -> WayTimes:
        """Return the times of some homes and some sites."""
        query.validate()
        ends, samples = self._ends(homes, sites, homeward=homeward), samples_of(query)
        if explain and samples.count == 1:
            way = _explained(self.network, ends, query)
        else:
            found = transit_times(self.network, ends, samples, query, explain=explain)
            way = WayTimes(found.seconds, found.reason)
        return way.turned() if homeward else way

    def instants(self, homes: np.ndarray, sites: np.ndarray, query: Query, *, homeward: bool) -> WayTimes:
        """Return the time of each instant of a window, in the order of the clock, in place of percentiles."""
        query.validate()
        ends = self._ends(homes, sites, homeward=homeward)
        seconds = instants_between(self.network, ends, query)
        reason = np.full(seconds.shape[:2], Reason.NO_TRIP_IN_WINDOW, np.uint8)
        reason[:, ~ends.destination_ok] = Reason.UNSNAPPED_DESTINATION
        reason[~ends.origin_ok] = Reason.UNSNAPPED_ORIGIN
        way = WayTimes(seconds, reason)
        return way.turned() if homeward else way

    def _ends(self, homes: np.ndarray, sites: np.ndarray, *, homeward: bool) -> Ends:
        whole, origins, destinations = (self.back, sites, homes) if homeward else (self.there, homes, sites)
        return Ends(
            whole.origin_ok[origins],
            whole.destination_ok[destinations],
            select_rows(whole.access, origins),
            select_rows(whole.egress, destinations),
            np.ascontiguousarray(whole.direct_s[np.ix_(origins, destinations)]),
        )


def connect_network(
    network: Network, home_xy: np.ndarray, site_xy: np.ndarray, query: Query, doorways: Doorways
) -> StreetConnection | TransitConnection:
    """Search the streets around homes and sites once, for any number of schedules.

    Parameters
    ----------
    network : Network
    home_xy, site_xy : ndarray of float64, shapes (n_homes, 2), (n_sites, 2)
        [m], in the network's CRS.
    query : Query
    doorways : Doorways
        Of the same network: what was searched before is not searched again.

    Returns
    -------
    StreetConnection or TransitConnection
    """
    query.validate()
    if not query.uses_transit:
        return StreetConnection(network, doorways, home_xy, site_xy)
    return TransitConnection(network, home_xy, site_xy, *doorways.connect_both(home_xy, site_xy, query))


def _explained(network: Network, ends: Ends, query: Query) -> WayTimes:
    """Search one instant as far as a slow way may take, then say of each pair beyond the limit why it is.

    With one instant the best time within the limit is the best time of all: a longer search only adds pairs.
    """
    samples = samples_of(query)
    wide = replace(query, max_s=max(query.max_s, SLOW_S))
    found: PointTimes = transit_times(network, ends, samples, wide, explain=False)
    seconds, reason = found.seconds, np.zeros(found.reason.shape, np.uint8)
    slow = seconds[:, :, 0] > query.max_s
    beyond_s = np.where(slow, seconds[:, :, 0], np.float32(np.nan))
    seconds = np.where(slow[:, :, None], np.float32(np.nan), seconds)
    missing = np.isnan(seconds[:, :, 0])
    missed_s = np.full(reason.shape, np.nan, np.float32)
    if missing.any():
        linked = missing & ends.origin_ok[:, None] & ends.destination_ok[None, :]
        reason[missing] = found.reason[missing]
        reason[slow] = Reason.OVER_CUTOFF
        # A slow way may be one for want of more rides; otherwise it is known to be slow, and nothing else.
        unclear = linked if query.max_rides is not None else linked & ~slow
        if unclear.any():
            cause = transit_causes(network, ends, samples, query, unclear)
            settled = unclear & (~slow | (cause == Reason.TOO_MANY_RIDES))
            reason[settled] = cause[settled]
        missed_s = _just_missed(network, ends, query, reason)
        off_hours = Reason.FIRST_TRIP_TOO_LATE if samples.deadline else Reason.LAST_TRIP_TOO_EARLY
        reason[~np.isnan(missed_s) & ~slow] = off_hours
    return WayTimes(seconds, reason, beyond_s, missed_s)


def _just_missed(network: Network, ends: Ends, query: Query, reason: np.ndarray) -> np.ndarray:
    """First arrival after the deadline, or last departure before the moment asked, within the limits [s]."""
    timetable, key, samples = timetable_of(network), graph_key(query), samples_of(query)
    wanted = np.isin(reason, (Reason.NO_TRIP_IN_WINDOW, Reason.OVER_CUTOFF))
    limits: dict[str, Any] = {"max_s": query.max_s, "max_rides": query.max_rides}
    moment_s = samples.first_s if samples.deadline else -samples.first_s
    arrive_s = (moment_s, moment_s + _NEXT_TRIP_WITHIN_S)
    if samples.deadline:
        ahead = forward_graph(timetable, key)
        return first_after(ahead, ends.ahead, wanted, arrive_s, earliest_s=query.earliest_s, **limits)
    # On the clock running backwards the origins are places again, and "before the end" is "after the deadline".
    turned = first_after(backward_graph(timetable, key), ends.backwards, wanted.T, arrive_s, **limits)
    return -turned.T
