"""Times there and back for a profile and its counterfactuals, asked of the travel-time engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from geo_access.errors import Fault
from geo_access.network.model import Network, SparseTimes
from geo_access.routing.causes import Reason
from geo_access.routing.query import Query, Window

__all__ = [
    "Ask",
    "Connection",
    "NetworkTimes",
    "PairTimes",
    "RoundTrip",
    "Sites",
    "TimesSource",
    "connect_points",
    "round_trip",
]

_SPREAD_STEP_S = 300


class PairTimes(Protocol):
    """What an engine answers."""

    @property
    def seconds(self) -> np.ndarray:
        """Times, float32 (n_homes, n_sites, n_percentiles) [s], NaN where there is none."""

    @property
    def reason(self) -> np.ndarray:
        """`Reason` codes, uint8 (n_homes, n_sites)."""


class Connection(Protocol):
    """Homes and sites, with the streets at both ends searched once."""

    def times(self, homes: np.ndarray, sites: np.ndarray, query: Query, *, homeward: bool, explain: bool) -> PairTimes:
        """Return the times of some homes and some sites, homes × sites whichever way one travels.

        Parameters
        ----------
        homes, sites : ndarray of int64
            Rows of the points that were connected.
        query : Query
            Of the same mode, speeds and walking limits as the connection.
        homeward : bool
            From the sites to the homes. The bicycle, or the car, waits at the home's end.
        explain : bool
            Whether the cause of each missing time is wanted; without, only points off the streets are told apart.
        """


class TimesSource(Protocol):
    """Anything that connects homes to sites."""

    def connect(self, home_xy: np.ndarray, site_xy: np.ndarray, query: Query) -> Connection:
        """Search the streets around the points, both float64 (n, 2) [m], with the query's mode and limits."""


@dataclass(frozen=True, eq=False)
class _Pairs:
    seconds: np.ndarray
    reason: np.ndarray


def _rows(times: SparseTimes, rows: np.ndarray) -> SparseTimes:
    """Pick some rows of a sparse table of times."""
    counts = np.diff(times.indptr)[rows]
    indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    entries = np.repeat(times.indptr[rows] - indptr[:-1], counts) + np.arange(indptr[-1])
    return SparseTimes(indptr, times.indices[entries], times.seconds[entries], times.n_cols)


@dataclass(frozen=True, eq=False)
class _StreetConnection:
    """All the way on streets: nothing to search beforehand."""

    network: Network
    home_xy: np.ndarray
    site_xy: np.ndarray

    def times(self, homes: np.ndarray, sites: np.ndarray, query: Query, *, homeward: bool, explain: bool) -> PairTimes:
        from geo_access.times.core import point_times  # noqa: PLC0415 — compiles on import

        del explain  # streets say it for nothing
        home_xy, site_xy = self.home_xy[homes], self.site_xy[sites]
        if not homeward:
            return point_times(self.network, home_xy, site_xy, query)
        found = point_times(self.network, site_xy, home_xy, query)
        return _Pairs(found.seconds.transpose(1, 0, 2), found.reason.T)


@dataclass(frozen=True, eq=False)
class _TransitConnection:
    """Streets at both ends, for the way there and the way back."""

    network: Network
    there: Any
    back: Any

    def times(self, homes: np.ndarray, sites: np.ndarray, query: Query, *, homeward: bool, explain: bool) -> PairTimes:
        from geo_access.routing.legs import Ends  # noqa: PLC0415 — compiles on import
        from geo_access.times.core import samples_of, transit_times  # noqa: PLC0415

        whole, origins, destinations = (self.back, sites, homes) if homeward else (self.there, homes, sites)
        ends = Ends(
            whole.origin_ok[origins],
            whole.destination_ok[destinations],
            _rows(whole.access, origins),
            _rows(whole.egress, destinations),
            np.ascontiguousarray(whole.direct_s[np.ix_(origins, destinations)]),
        )
        found = transit_times(self.network, ends, samples_of(query), query, explain=explain)
        if not homeward:
            return found
        return _Pairs(found.seconds.transpose(1, 0, 2), found.reason.T)


@dataclass(frozen=True, eq=False)
class NetworkTimes:
    """The engine, on one network.

    Attributes
    ----------
    network : Network
    """

    network: Network

    def connect(self, home_xy: np.ndarray, site_xy: np.ndarray, query: Query) -> Connection:
        """Search the streets around homes and sites once, for any number of schedules."""
        from geo_access.routing.legs import connect_both  # noqa: PLC0415 — compiles on import

        query.validate()
        home_xy = np.ascontiguousarray(home_xy, dtype=np.float64)
        site_xy = np.ascontiguousarray(site_xy, dtype=np.float64)
        if not query.uses_transit:
            return _StreetConnection(self.network, home_xy, site_xy)
        return _TransitConnection(self.network, *connect_both(self.network, home_xy, site_xy, query))


@dataclass(frozen=True)
class Ask:
    """One round trip asked of the engine.

    Attributes
    ----------
    mode : str
    arrive_s, leave_s : int or None
        Latest arrival and earliest departure at the site [s]; None: the site's own, moved by the slacks.
    slack_before_s, slack_after_s : int
        Applied to the site's own hours [s].
    walk_kmh, bike_kmh : float
    max_access_s : int
    max_rides : int or None
    max_s : int
        Longest time of interest [s].
    spread_s : int
        Width of the window of deadlines for percentiles 25 and 75 [s]; 0 for none.
    """

    mode: str
    arrive_s: int | None
    leave_s: int | None
    slack_before_s: int
    slack_after_s: int
    walk_kmh: float
    bike_kmh: float
    max_access_s: int
    max_rides: int | None
    max_s: int
    spread_s: int = 0

    @property
    def uses_transit(self) -> bool:
        """Whether hours matter."""
        return self.mode not in ("walk", "bike", "car")

    @property
    def streets(self) -> tuple[object, ...]:
        """What the search of the streets around the points depends on."""
        return self.mode, self.walk_kmh, self.bike_kmh, self.max_access_s, self.max_s

    def query(self, *, arrive: Window | None, depart: Window | None, percentiles: tuple[int, ...]) -> Query:
        """Return the engine's query for one direction."""
        return Query(
            mode=self.mode,
            arrive=arrive if self.uses_transit else None,
            depart=depart if self.uses_transit else None,
            percentiles=percentiles,
            max_s=self.max_s,
            walk_kmh=self.walk_kmh,
            bike_kmh=self.bike_kmh,
            max_access_s=self.max_access_s,
            max_egress_s=self.max_access_s,
            max_rides=self.max_rides,
        )


def _hours(ask: Ask, sites: Sites) -> tuple[np.ndarray, np.ndarray]:
    """Latest arrival and earliest departure at each site, int64 (n_sites,) [s]."""
    if ask.arrive_s is not None and ask.leave_s is not None:
        return np.full(len(sites), ask.arrive_s, np.int64), np.full(len(sites), ask.leave_s, np.int64)
    if sites.start_s is None or sites.end_s is None:
        raise ValueError("these sites have no hours of their own → give arrive_s and leave_s")
    return sites.start_s - ask.slack_before_s, sites.end_s + ask.slack_after_s


def connect_points(times: TimesSource, home_xy: np.ndarray, sites: Sites, ask: Ask) -> Connection:
    """Search the streets around homes and sites, as `ask` travels.

    Parameters
    ----------
    times : TimesSource
    home_xy : ndarray of float64, shape (n_points, 2)
        Metric CRS [m].
    sites : Sites
    ask : Ask

    Returns
    -------
    Connection
    """
    moment = Window(0, 0)
    return times.connect(home_xy, sites.xy, ask.query(arrive=moment, depart=None, percentiles=(50,)))


def round_trip(
    connection: Connection, points: np.ndarray, sites: Sites, ask: Ask, *, explain: bool = False
) -> RoundTrip:
    """Compute the times from homes to sites and back.

    Parameters
    ----------
    connection : Connection
        Of all homes and these sites, by a query with the same streets as `ask`.
    points : ndarray of int64, shape (n_points,)
        Homes asked for: rows of the connection.
    sites : Sites
        Where to be; with `ask` giving no hours, each at its own.
    ask : Ask
    explain : bool
        Whether the cause of each missing time is wanted.

    Returns
    -------
    RoundTrip
        Arrays of shape (n_points, n_sites).
    """
    n_points, n_sites = len(points), len(sites)
    shape = (n_points, n_sites)
    out_s = np.full(shape, np.nan, dtype=np.float32)
    back_s = np.full(shape, np.nan, dtype=np.float32)
    out_reason, back_reason = np.zeros(shape, dtype=np.uint8), np.zeros(shape, dtype=np.uint8)
    spread = ask.spread_s > 0
    p25_s = np.full(shape, np.nan, dtype=np.float32) if spread else None
    p75_s = np.full(shape, np.nan, dtype=np.float32) if spread else None
    no_home, no_site = np.zeros(n_points, dtype=bool), np.zeros(n_sites, dtype=bool)
    for arrive_s, leave_s, columns in _schedules(ask, sites) if n_points and n_sites else ():
        deadline = ask.query(arrive=Window(arrive_s, arrive_s), depart=None, percentiles=(50,))
        there = connection.times(points, columns, deadline, homeward=False, explain=explain)
        ready = ask.query(arrive=None, depart=Window(leave_s, leave_s), percentiles=(50,))
        home = connection.times(points, columns, ready, homeward=True, explain=explain)
        out_s[:, columns], back_s[:, columns] = there.seconds[:, :, 0], home.seconds[:, :, 0]
        out_reason[:, columns], back_reason[:, columns] = there.reason, home.reason
        no_home |= np.any(there.reason == Reason.UNSNAPPED_ORIGIN, axis=1)
        no_site[columns] |= np.any(there.reason == Reason.UNSNAPPED_DESTINATION, axis=0)
        if p25_s is not None and p75_s is not None:
            window = Window(arrive_s - ask.spread_s, arrive_s + 1, _SPREAD_STEP_S)
            nearby = ask.query(arrive=window, depart=None, percentiles=(25, 75))
            near = connection.times(points, columns, nearby, homeward=False, explain=False)
            p25_s[:, columns], p75_s[:, columns] = near.seconds[:, :, 0], near.seconds[:, :, 1]
    return RoundTrip(out_s, back_s, p25_s, p75_s, no_home, no_site, out_reason, back_reason)


def _schedules(ask: Ask, sites: Sites) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yield each pair of hours, and the sites that keep them; on streets hours do not matter."""
    if not ask.uses_transit:
        yield 0, 0, np.arange(len(sites))
        return
    arrive, leave = _hours(ask, sites)
    hours, group = np.unique(np.column_stack((arrive, leave)), axis=0, return_inverse=True)
    for number, (arrive_s, leave_s) in enumerate(hours.tolist()):
        yield arrive_s, leave_s, np.flatnonzero(group.ravel() == number)


@dataclass(frozen=True, eq=False)
class Sites:
    """Where one has to be: training sites, or employers' sites with one shift each.

    Attributes
    ----------
    ids : ndarray of object, shape (n_sites,)
        The user's site ids; an employer with two shifts stands twice.
    names : ndarray of object, shape (n_sites,)
    xy : ndarray of float64, shape (n_sites, 2)
        Metric CRS of the territory [m].
    start_s, end_s : ndarray of int64, shape (n_sites,), or None
        Shift of each row [s of the service day]; None for training, whose hours are those of the schedule asked.
    """

    ids: np.ndarray
    names: np.ndarray
    xy: np.ndarray
    start_s: np.ndarray | None = None
    end_s: np.ndarray | None = None

    def __len__(self) -> int:
        """Return the number of sites."""
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class RoundTrip:
    """Door-to-door times there and back, populated points × sites.

    Attributes
    ----------
    out_s, back_s : ndarray of float32, shape (n_points, n_sites)
        There, and back [s]; NaN where there is no such trip.
    out_p25_s, out_p75_s : ndarray of float32, shape (n_points, n_sites), or None
        Percentiles of the way there over nearby deadlines [s].
    unsnapped_points : ndarray of bool, shape (n_points,), or None
        Points that could not be placed on the network.
    unsnapped_sites : ndarray of bool, shape (n_sites,), or None
    out_reason, back_reason : ndarray of uint8, shape (n_points, n_sites), or None
        `Reason` of each missing time, as the engine found it; 0 where there is a time.
    """

    out_s: np.ndarray
    back_s: np.ndarray
    out_p25_s: np.ndarray | None = None
    out_p75_s: np.ndarray | None = None
    unsnapped_points: np.ndarray | None = None
    unsnapped_sites: np.ndarray | None = None
    out_reason: np.ndarray | None = None
    back_reason: np.ndarray | None = None

    def faults(self, n_points: int, n_sites: int, *, where: str) -> list[Fault]:
        """Return what is wrong with the shapes and the values."""
        found = []
        for name in ("out_s", "back_s", "out_p25_s", "out_p75_s"):
            array = getattr(self, name)
            if array is None:
                continue
            if array.shape != (n_points, n_sites):
                found.append(
                    Fault(f"{where}.{name}", f"shape {array.shape}", f"points × sites is ({n_points}, {n_sites})")
                )
            elif array.size and np.nanmin(np.where(np.isnan(array), np.float32(0), array)) < 0:
                found.append(Fault(f"{where}.{name}", "negative times", "times are seconds, NaN where there is none"))
        return found
