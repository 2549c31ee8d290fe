"""There and back: the one engine that shift tests, studies, sheets and surfaces ask.

For each direction the time, or why there is none: absent, too late or too early (with the trip that just misses the
hour), too slow (with its minutes), too far to walk, too many changes, out of the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np

from geo_access.errors import Fault
from geo_access.network.model import Network
from geo_access.routing.causes import Reason
from geo_access.routing.query import Query, Window
from geo_access.words.told import fault

if TYPE_CHECKING:
    from geo_access.times.known import KnownNetwork
    from geo_access.times.store import Store

__all__ = [
    "Ask",
    "Connection",
    "Foreseeing",
    "NetworkTimes",
    "PairTimes",
    "RoundTrip",
    "Sites",
    "TimesSource",
    "connect_points",
    "foresee_moves",
    "round_trip",
    "schedules_of",
    "site_hours",
]

_SPREAD_STEP_S = 300
# Causes that say that nothing runs home after the end; a journey that takes too long is none of them.
_NO_TRIP = (Reason.NO_TRIP_IN_WINDOW, Reason.DISCONNECTED, Reason.NO_SERVICE_THAT_DAY)


class PairTimes(Protocol):
    """What an engine answers."""

    @property
    def seconds(self) -> np.ndarray:
        """Times, float32 (n_homes, n_sites, n_percentiles) [s], NaN where there is none."""

    @property
    def reason(self) -> np.ndarray:
        """`Reason` codes, uint8 (n_homes, n_sites)."""

    @property
    def beyond_s(self) -> np.ndarray | None:
        """Times of ways that only take longer than the query allows, float32 (n_homes, n_sites) [s], or None."""

    @property
    def missed_s(self) -> np.ndarray | None:
        """Arrival or departure that just misses the hour, float32 (n_homes, n_sites) [s], or None."""


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


@runtime_checkable
class Foreseeing(Protocol):
    """A connection that answers many instants in one search when it is told of them beforehand."""

    def foresee(self, homes: np.ndarray, sites: np.ndarray, query: Query, *, homeward: bool) -> None:
        """Compute every instant of the query's window, for whoever asks them one by one."""


class TimesSource(Protocol):
    """Anything that connects homes to sites."""

    def connect(self, home_xy: np.ndarray, site_xy: np.ndarray, query: Query) -> Connection:
        """Search the streets around the points, both float64 (n, 2) [m], with the query's mode and limits."""


class NetworkTimes:
    """The engine on one network, with all that it was asked: nothing is computed twice while its owner keeps it.

    Parameters
    ----------
    network : Network
    store : Store, optional
        Where what was found out is kept; of this engine alone by default (`geo_access.times.kept` shares one).
    """

    def __init__(self, network: Network, *, store: Store | None = None) -> None:
        self.network = network
        self._store = store
        self._known: KnownNetwork | None = None

    @property
    def known(self) -> KnownNetwork:
        """What was found out so far."""
        if self._known is None:
            from geo_access.times.known import KnownNetwork  # noqa: PLC0415 — compiles on import
            from geo_access.times.store import Store  # noqa: PLC0415 — compiles on import

            self._known = KnownNetwork(self.network, Store() if self._store is None else self._store)
        return self._known

    def beside(self, network: Network) -> NetworkTimes:
        """Return the engine on a network that may share streets or stops with this one, with times of its own."""
        return NetworkTimes(network, store=self.known.store.beside())

    def connect(self, home_xy: np.ndarray, site_xy: np.ndarray, query: Query) -> Connection:
        """Search the streets around homes and sites once, for any number of schedules."""
        return self.known.connect_within(home_xy, site_xy, query)


@dataclass(frozen=True)
class Ask:
    """One round trip asked of the engine.

    Attributes
    ----------
    travel : Query
        How one travels: mode, speeds, limits. Its moments are those of the hours.
    arrive_s, leave_s : int or None
        Latest arrival and earliest departure at the site [s]; None: the site's own, moved by the slacks.
    slack_before_s, slack_after_s : int
        Applied to the site's own hours [s].
    spread_s : int
        Width of the window of deadlines for percentiles 25 and 75 [s]; 0 for none.

    Examples
    --------
    >>> ask = Ask(Query("transit", max_rides=1), arrive_s=28_500, leave_s=57_900)
    >>> ask.travelling(mode="bike+transit").travel.max_rides
    1
    """

    travel: Query
    arrive_s: int | None = None
    leave_s: int | None = None
    slack_before_s: int = 300
    slack_after_s: int = 300
    spread_s: int = 0

    @property
    def mode(self) -> str:
        """Mode of travel."""
        return self.travel.mode

    @property
    def max_s(self) -> int:
        """Longest time of interest [s]."""
        return self.travel.max_s

    @property
    def uses_transit(self) -> bool:
        """Whether hours matter."""
        return self.travel.uses_transit

    @property
    def streets(self) -> Query:
        """What the search of the streets around the points depends on."""
        return self.query(arrive=Window(0, 0)).streets

    def travelling(self, **changed: Any) -> Ask:
        """Return the same hours with other fields of the query, without those that only the former mode asks about."""
        mode = str(changed.get("mode", self.travel.mode))
        if not mode.startswith("bike"):
            changed = {**changed, "max_stress": None}
        if mode != "park_and_ride":
            changed = {**changed, "park_and_ride": ()}
        return replace(self, travel=replace(self.travel, **changed))

    def query(
        self, *, arrive: Window | None = None, depart: Window | None = None, percentiles: tuple[int, ...] = (50,)
    ) -> Query:
        """Return the engine's query for one direction."""
        hours = self.uses_transit
        return replace(
            self.travel,
            arrive=arrive if hours else None,
            depart=depart if hours else None,
            earliest_s=self.travel.earliest_s if hours and arrive is not None else None,
            percentiles=percentiles,
        )


def site_hours(ask: Ask, sites: Sites) -> tuple[np.ndarray, np.ndarray]:
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
    return times.connect(home_xy, sites.xy, ask.streets)


def round_trip(
    connection: Connection,
    points: np.ndarray,
    sites: Sites,
    ask: Ask,
    *,
    explain: bool = False,
    by_site: bool = False,
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
    by_site : bool
        Whether the arrays lie site by site in memory, for whoever reads some sites after the other.

    Returns
    -------
    RoundTrip
        Arrays of shape (n_points, n_sites).
    """
    shape = (len(points), len(sites))
    found = _Found(shape, explain=explain, spread=ask.spread_s > 0, order="F" if by_site else "C")
    for arrive_s, leave_s, columns in schedules_of(ask, sites) if all(shape) else ():
        deadline = ask.query(arrive=Window(arrive_s, arrive_s))
        found.put("out", columns, connection.times(points, columns, deadline, homeward=False, explain=explain))
        ready = ask.query(depart=Window(leave_s, leave_s))
        found.put("back", columns, connection.times(points, columns, ready, homeward=True, explain=explain))
        if ask.spread_s > 0:
            window = Window(arrive_s - ask.spread_s, arrive_s + 1, _SPREAD_STEP_S)
            nearby = replace(ask.query(arrive=window, percentiles=(25, 75)), earliest_s=None)
            near = connection.times(points, columns, nearby, homeward=False, explain=False)
            found.put_spread(columns, near.seconds)
    return found.trip()


def foresee_moves(connection: Connection, points: np.ndarray, sites: Sites, ask: Ask, moves_s: Sequence[int]) -> None:
    """Tell a connection that the same round trip will be asked at other hours; changes no answer.

    Parameters
    ----------
    connection : Connection
    points : ndarray of int64, shape (n_points,)
    sites : Sites
    ask : Ask
    moves_s : sequence of int
        By how much the start and the end will be moved [s], two at least; the steps between are searched with them.
    """
    if not isinstance(connection, Foreseeing) or not ask.uses_transit or not (len(points) and len(sites)):
        return
    step_s = int(np.gcd.reduce(np.diff(sorted(set(moves_s)))))
    for arrive_s, leave_s, columns in schedules_of(ask, sites):
        moved = [Window(at_s + min(moves_s), at_s + max(moves_s) + 1, step_s) for at_s in (arrive_s, leave_s)]
        connection.foresee(points, columns, ask.query(arrive=moved[0]), homeward=False)
        connection.foresee(points, columns, ask.query(depart=moved[1]), homeward=True)


class _Found:
    """Arrays of a round trip while they are filled, one schedule at a time."""

    def __init__(self, shape: tuple[int, int], *, explain: bool, spread: bool, order: Literal["C", "F"]) -> None:
        names = ["out_s", "back_s"]
        names += ["out_beyond_s", "back_beyond_s", "next_arrival_s", "last_departure_s"] if explain else []
        names += ["out_p25_s", "out_p75_s"] if spread else []
        self._seconds = {name: np.full(shape, np.nan, dtype=np.float32, order=order) for name in names}
        self._reasons = {name: np.zeros(shape, dtype=np.uint8, order=order) for name in ("out_reason", "back_reason")}

    def put(self, way: str, columns: np.ndarray, times: PairTimes) -> None:
        self._seconds[f"{way}_s"][:, columns] = times.seconds[:, :, 0]
        self._reasons[f"{way}_reason"][:, columns] = times.reason
        missed = "next_arrival_s" if way == "out" else "last_departure_s"
        for name, values in ((f"{way}_beyond_s", times.beyond_s), (missed, times.missed_s)):
            if name in self._seconds and values is not None:
                self._seconds[name][:, columns] = values

    def put_spread(self, columns: np.ndarray, seconds: np.ndarray) -> None:
        self._seconds["out_p25_s"][:, columns] = seconds[:, :, 0]
        self._seconds["out_p75_s"][:, columns] = seconds[:, :, 1]

    def trip(self) -> RoundTrip:
        reason = self._reasons["out_reason"]
        return RoundTrip(
            **self._seconds,
            **self._reasons,
            unsnapped_points=np.any(reason == Reason.UNSNAPPED_ORIGIN, axis=1),
            unsnapped_sites=np.any(reason == Reason.UNSNAPPED_DESTINATION, axis=0),
        )


def schedules_of(ask: Ask, sites: Sites) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yield each pair of hours, and the sites that keep them; on streets hours do not matter."""
    if not ask.uses_transit:
        yield 0, 0, np.arange(len(sites))
        return
    arrive, leave = site_hours(ask, sites)
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
        `Reason` of each missing time; 0 where there is a time. ``OVER_CUTOFF``: one is there in time, or gets home,
        but it takes longer than allowed. ``FIRST_TRIP_TOO_LATE`` and ``LAST_TRIP_TOO_EARLY``: none does within 4 h,
        and a journey within the limits just misses the hour.
    out_beyond_s, back_beyond_s : ndarray of float32, shape (n_points, n_sites), or None
        Time of a way at the hours asked that only takes longer than the longest of interest, up to 4 h with vehicles
        [s]; NaN where there is none.
    next_arrival_s : ndarray of float32, shape (n_points, n_sites), or None
        Where one cannot be there in time, or only too slowly: the first arrival within the limits after the deadline,
        within 12 h [s of the service day].
    last_departure_s : ndarray of float32, shape (n_points, n_sites), or None
        Where one cannot get home, or only too slowly: the last departure that does within the limits, at most 12 h
        before the end [s of the service day].
    """

    out_s: np.ndarray
    back_s: np.ndarray
    out_p25_s: np.ndarray | None = None
    out_p75_s: np.ndarray | None = None
    unsnapped_points: np.ndarray | None = None
    unsnapped_sites: np.ndarray | None = None
    out_reason: np.ndarray | None = None
    back_reason: np.ndarray | None = None
    out_beyond_s: np.ndarray | None = None
    back_beyond_s: np.ndarray | None = None
    next_arrival_s: np.ndarray | None = None
    last_departure_s: np.ndarray | None = None

    @property
    def reason(self) -> np.ndarray:
        """`Reason` of each pair, uint8 (n_points, n_sites): of the way there, or where that exists of the way back.

        A way back of which nothing runs at any of these hours is ``NO_RETURN_TRIP``.
        """
        there = np.zeros(self.out_s.shape, np.uint8) if self.out_reason is None else self.out_reason
        back = np.zeros(self.back_s.shape, np.uint8) if self.back_reason is None else self.back_reason
        named = np.where(np.isin(back, _NO_TRIP), np.uint8(Reason.NO_RETURN_TRIP), back)
        return np.where(there != Reason.OK, there, named)

    def faults(self, n_points: int, n_sites: int, *, where: str) -> list[Fault]:
        """Return what is wrong with the shapes and the values."""
        found = []
        for name in ("out_s", "back_s", "out_p25_s", "out_p75_s"):
            array = getattr(self, name)
            if array is None:
                continue
            if array.shape != (n_points, n_sites):
                found.append(fault(f"{where}.{name}", "times.shape", shape=str(array.shape), n=n_points, sites=n_sites))
            elif array.size and np.nanmin(np.where(np.isnan(array), np.float32(0), array)) < 0:
                found.append(fault(f"{where}.{name}", "times.negative"))
        return found
