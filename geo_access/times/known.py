"""What was found out about networks: no time is computed twice, whatever part of it is asked again.

Kept by the question (the query, which is hashable), by place and by site. A question about some of the places or
sites, about one site more, or with a shorter longest time, is answered from what is known and only the rest computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from geo_access.network.model import Network, Timetable
from geo_access.routing.causes import Reason
from geo_access.routing.query import Query, Window
from geo_access.routing.recent import Recent
from geo_access.times.store import Column, Kin, Store
from geo_access.times.ways import SLOW_S, Answering, StreetConnection, WayTimes, connect_network
from geo_access.words.told import refusal

__all__ = ["KnownConnection", "KnownNetwork"]

_EVER_MIN = 65_535
_MOST_CONNECTED = 24
# Ways without a vehicle, there and back, are held by each connection.
_DIRECT_BYTES = 8
_MOST_CONNECTED_BYTES = 256 << 20
# What a pair takes of one question and direction, and how many such answers are worth a store.
_KEPT_BYTES, _FEWEST_KEPT = 7, 4
_OFF_STREETS = (Reason.UNSNAPPED_ORIGIN, Reason.UNSNAPPED_DESTINATION)
_INSTANT: dict[str, Any] = {"seconds": np.float32(np.nan), "code": np.uint8(0), "to_min": np.uint16(0)}
_CAUSE: dict[str, Any] = {"reason": np.uint8(0), "missed_s": np.float32(np.nan), "seen": np.False_}


class KnownNetwork:
    """Times on one network, and all that was found out about it so far.

    Parameters
    ----------
    network : Network
    store : Store
    """

    def __init__(self, network: Network, store: Store) -> None:
        self.network = network
        self.store = store
        self.doorways = store.doorways(network)
        self._kin = store.kin(network)
        self._connections: Recent[tuple[bytes, bytes, Query], StreetConnection | Answering] = Recent(
            most_bytes=_MOST_CONNECTED_BYTES, most=_MOST_CONNECTED
        )

    def timetable_within(self, hours_s: Sequence[tuple[int, int]]) -> Timetable | None:
        """Return the timetable that decides journeys within some hours: the first of these streets, where none differs.

        Parameters
        ----------
        hours_s : sequence of (int, int)
            From, to [s].

        Returns
        -------
        Timetable or None
        """
        kin = self._kin
        if kin is None or not all(kin.same_between(low_s, high_s) for low_s, high_s in hours_s):
            return self.network.timetable
        return kin.timetable

    def connect(self, home_xy: np.ndarray, site_xy: np.ndarray, query: Query) -> KnownConnection:
        """Return homes and sites whose streets are searched when something new is asked of them.

        Parameters
        ----------
        home_xy, site_xy : ndarray of float64, shapes (n_homes, 2), (n_sites, 2)
            [m], in the network's CRS.
        query : Query

        Returns
        -------
        KnownConnection
        """
        query.validate()
        home_xy = np.ascontiguousarray(home_xy, dtype=np.float64).reshape(-1, 2)
        site_xy = np.ascontiguousarray(site_xy, dtype=np.float64).reshape(-1, 2)
        places = self.doorways.places
        homes, sites = places.rows(home_xy), places.rows(site_xy)

        def connected_to(some: np.ndarray) -> StreetConnection | Answering:
            own = sites[some]
            key = homes.tobytes(), own.tobytes(), query.streets
            made = self._connections.get(key)
            if made is not None:
                return made
            workers = self.store.workers
            make = workers.connect if workers is not None and workers.holds(self.network) else connect_network
            made = make(self.network, home_xy, site_xy[some], query, self.doorways)
            return self._connections.put(key, made, _DIRECT_BYTES * len(homes) * len(own))

        def known_of(store: Store, source: int, kin: Kin | None = None) -> KnownConnection:
            return KnownConnection(store, source, homes, sites, connected_to, kin)

        if not query.uses_transit:
            return known_of(self.store, id(self.network.streets))
        kin = self._kin
        if kin is not None and not len(kin.spans):
            return known_of(kin.store, kin.source)
        return known_of(self.store, id(self.network.timetable), kin)

    def connect_within(
        self, home_xy: np.ndarray, site_xy: np.ndarray, query: Query
    ) -> KnownConnection | StreetConnection | Answering:
        """Return the same as `connect`, remembering nothing where the store could not hold a few such answers.

        Parameters
        ----------
        home_xy, site_xy : ndarray of float64, shapes (n_homes, 2), (n_sites, 2)
            [m], in the network's CRS.
        query : Query
        """
        known = self.connect(home_xy, site_xy, query)
        # Answers are kept by number of the place, from the first place on.
        pairs = (int(known.homes.max(initial=-1)) + 1) * len(known.sites)
        fits = pairs * _KEPT_BYTES * _FEWEST_KEPT <= self.store.most_bytes
        return known if fits else known.connected()


@dataclass(frozen=True, eq=False)
class KnownConnection:
    """Homes and sites whose times are kept.

    Attributes
    ----------
    store : Store
    source : int
        Identity of the timetable, or of the streets where no vehicle is boarded.
    homes, sites : ndarray of int64, shapes (n_homes,), (n_sites,)
        Numbers of the places.
    connected_to : callable
        Gives the connection to compute with, to some of the sites: their rows.
    kin : Kin or None
        Of whom answers are taken that cannot differ.
    """

    store: Store
    source: int
    homes: np.ndarray
    sites: np.ndarray
    connected_to: Callable[[np.ndarray], StreetConnection | Answering]
    kin: Kin | None = None

    def foresee(self, homes: np.ndarray, sites: np.ndarray, query: Query, *, homeward: bool) -> None:
        """Compute every instant of a window in one search: each is then known as if it had been asked alone.

        Parameters
        ----------
        homes, sites : ndarray of int64
        query : Query
            With a window of departures or of deadlines.
        homeward : bool
        """
        query.validate()
        if query.uses_transit:
            _Asked(self, homes, sites, homeward=homeward).foresee(query)
            self.store.trim()

    def connected(self) -> StreetConnection | Answering:
        """Return the connection to compute with, to all sites."""
        return self.connected_to(np.arange(len(self.sites)))

    def times(self, homes: np.ndarray, sites: np.ndarray, query: Query, *, homeward: bool, explain: bool) -> WayTimes:
        """Return the times of some homes and some sites, homes × sites whichever way one travels.

        Parameters
        ----------
        homes, sites : ndarray of int64
            Rows of the points that were connected.
        query : Query
        homeward : bool
        explain : bool

        Returns
        -------
        WayTimes
        """
        query.validate()
        window = query.depart or query.arrive
        asked = _Asked(self, homes, sites, homeward=homeward)
        if query.uses_transit and window is not None and window.count > 1:
            way = asked.over_window(query)
        elif query.uses_transit:
            way = asked.at_once(query, explain=explain)
        else:
            way = asked.on_streets(query.streets)
            way = replace(way, seconds=np.repeat(way.seconds, len(query.percentiles), axis=2))
        self.store.trim()
        return way

    def columns(self, sites: np.ndarray, query: Query, *, homeward: bool) -> list[Column]:
        """Return the times of all homes at one moment, site by site, as they are kept: not to be written to.

        Nothing is copied where nothing is new; what another timetable knows, and an edit cannot touch, is lent whole.

        Parameters
        ----------
        sites : ndarray of int64
            Rows of the sites that were connected, each once.
        query : Query
            Of one moment.
        homeward : bool

        Returns
        -------
        list of dict
            ``seconds``, float32 by number of the place [s], NaN where there is none and also beyond the query's
            `max_s`; ``code``, uint8, of which only points off the streets count.
        """
        query.validate()
        found = _Asked(self, np.arange(len(self.homes)), sites, homeward=homeward).whole(query)
        self.store.trim()
        return found


def _at(query: Query, window: Window) -> Query:
    """Return the query at other moments."""
    return replace(query, depart=window) if query.arrive is None else replace(query, arrive=window)


def _hours(query: Query) -> tuple[int, int]:
    """First and last moment that an answer depends on [s]."""
    window = query.arrive or query.depart
    if window is None:
        raise refusal("no_moment")
    last_s = window.start_s + (window.count - 1) * window.step_s
    if query.arrive is not None:
        return window.start_s - query.max_s, last_s
    return window.start_s, last_s + query.max_s


class _Asked:
    """Some homes and sites of a connection, in one direction."""

    def __init__(self, known: KnownConnection, homes: np.ndarray, sites: np.ndarray, *, homeward: bool) -> None:
        self._known, self._homes, self._sites, self._homeward = known, homes, sites, homeward
        self._rows = known.homes[homes]

    def at_once(self, query: Query, *, explain: bool) -> WayTimes:
        """Answer one instant: the best time of all is kept, whatever the longest of interest."""
        # Between vehicles the longest time of interest also bounds the way without any.
        times = self._columns(replace(query, max_s=query.streets.max_s), _INSTANT)
        to_s = max(query.max_s, SLOW_S) if explain else query.max_s
        if not explain:
            self._borrow(replace(query, max_s=query.streets.max_s), times, query)
        new = self._gather(times, "to_min") < -(-to_s // 60)
        causes = self._columns((query, "why"), _CAUSE) if explain else []
        if explain:
            # A pair with a time within the limits has nothing to explain.
            settled = self._gather(times, "to_min") >= -(-query.max_s // 60)
            settled &= self._gather(times, "seconds") <= query.max_s
            new = (new | ~self._gather(causes, "seen")) & ~settled
        for rows, columns, way in self._computed(new, query, explain=explain):
            self._put_times(times, rows, columns, way, to_s // 60)
            missed_s = way.missed_s
            if not explain or missed_s is None:
                continue
            for k, column in enumerate(columns):
                cause = causes[column]
                cause["reason"][rows], cause["missed_s"][rows] = way.reason[:, k], missed_s[:, k]
                cause["seen"][rows] = True
        best_s, code = self._gather(times, "seconds"), self._gather(times, "code")
        within = best_s <= query.max_s
        seconds = np.where(within, best_s, np.float32(np.nan))[:, :, None]
        if explain:
            beyond_s = np.where(within, np.float32(np.nan), best_s)
            return WayTimes(seconds, self._gather(causes, "reason"), beyond_s, self._gather(causes, "missed_s"))
        off = (code == _OFF_STREETS[0]) | (code == _OFF_STREETS[1])
        plain = np.where(off, code, np.uint8(Reason.NO_TRIP_IN_WINDOW))
        return WayTimes(seconds, np.where(within, 0, plain).astype(np.uint8))

    def whole(self, query: Query) -> list[Column]:
        """Answer one instant for all homes, column by column."""
        rides, known, rows = query.uses_transit, self._known, self._rows
        query = query if rides else query.streets
        question = replace(query, max_s=query.streets.max_s if rides else 1)
        need_min = -(-query.max_s // 60) if rides else _EVER_MIN
        kin = known.kin if rides else None
        lent = kin if kin is not None and kin.same_between(*_hours(query)) else None
        every, whole = slice(0, len(rows)), np.array_equal(rows, np.arange(len(rows)))

        def of(store: Store, source: int, asked: object, site: int) -> Column | None:
            column = store.known_column((source, asked, self._homeward, site))
            if column is None or len(column["to_min"]) <= rows.max(initial=-1):
                return None
            complete = (column["to_min"][every if whole else rows] >= need_min).all()
            return column if complete else None

        numbers = known.sites[self._sites].tolist()
        own_question = known.store.same(question)
        found = [of(known.store, known.source, own_question, site) for site in numbers]
        if lent is not None:
            theirs = lent.store.same(question)
            found = [
                of(lent.store, lent.source, theirs, site) if own is None else own for own, site in zip(found, numbers)
            ]
        missing = np.flatnonzero([column is None for column in found])
        if len(missing):
            asked = _Asked(known, self._homes, self._sites[missing], homeward=self._homeward)
            times = asked._columns(question, _INSTANT)
            new = np.ones((len(rows), len(missing)), dtype=bool)
            for those, columns, way in asked._computed(new, query, explain=False):
                self._put_times(times, those, columns, way, query.max_s // 60 if rides else _EVER_MIN)
            for place, column in zip(missing.tolist(), times, strict=True):
                found[place] = column
        return [column for column in found if column is not None]

    def foresee(self, query: Query) -> None:
        """Compute the instants of a window that are not known yet; where it is one, whoever asks it will."""
        window = query.depart or query.arrive
        if window is None:
            return
        need_min = -(-query.max_s // 60)
        lacking: dict[int, tuple[list[Column], np.ndarray]] = {}
        for at_s in (window.start_s + k * window.step_s for k in range(window.count)):
            single = _at(query, Window(at_s, at_s))
            question = replace(single, max_s=single.streets.max_s)
            times = self._columns(question, _INSTANT)
            self._borrow(question, times, single)
            new = self._gather(times, "to_min") < need_min
            if new.any():
                lacking[at_s] = times, new
        if len(lacking) < 2:
            return
        some = _at(query, Window(min(lacking), max(lacking) + 1, window.step_s))
        every = np.any([new for _, new in lacking.values()], axis=0)
        for rows, columns, way in self._computed(every, some, explain=None):
            for at_s, (times, _) in lacking.items():
                place = (at_s - min(lacking)) // window.step_s
                single_way = WayTimes(way.seconds[:, :, place : place + 1], way.reason)
                self._put_times(times, rows, columns, single_way, need_min)

    def _borrow(self, question: object, columns: list[Column], query: Query) -> None:
        """Take what the kin knows of one instant, where no trip that differs can matter."""
        kin, need_min = self._known.kin, -(-query.max_s // 60)
        if kin is None or not kin.same_between(*_hours(query)):
            return
        question = kin.store.same(question)
        for site, column in zip(self._known.sites[self._sites].tolist(), columns, strict=True):
            theirs = kin.store.known_column((kin.source, question, self._homeward, site))
            if theirs is None:
                continue
            rows = self._rows[self._rows < len(theirs["to_min"])]
            rows = rows[(theirs["to_min"][rows] >= need_min) & (column["to_min"][rows] < need_min)]
            for name in ("seconds", "code"):
                column[name][rows] = theirs[name][rows]
            column["to_min"][rows] = need_min

    def on_streets(self, query: Query) -> WayTimes:
        """Answer without hours: the streets know every time, however long."""
        times = self._columns(replace(query, max_s=1), _INSTANT)
        new = self._gather(times, "to_min") == 0
        for rows, columns, way in self._computed(new, query, explain=False):
            self._put_times(times, rows, columns, way, _EVER_MIN)
        best_s, code = self._gather(times, "seconds"), self._gather(times, "code")
        within = best_s <= query.max_s
        beyond_s = np.where(within, np.float32(np.nan), best_s)
        plain = np.where(within, 0, np.where(np.isnan(beyond_s), code, Reason.OVER_CUTOFF)).astype(np.uint8)
        seconds = np.where(within, best_s, np.float32(np.nan))[:, :, None]
        return WayTimes(seconds, plain, beyond_s, np.full(best_s.shape, np.nan, np.float32))

    def over_window(self, query: Query) -> WayTimes:
        """Answer the percentiles of a window; causes are those of single instants, not looked for here."""
        none = np.full(len(query.percentiles), np.nan, np.float32)
        times = self._columns(query, {"seconds": none, "code": np.uint8(0), "seen": np.False_})
        self._borrow_window(query, times)
        for rows, columns, way in self._computed(~self._gather(times, "seen"), query, explain=False):
            for k, column in enumerate(columns):
                part = times[column]
                part["seconds"][rows], part["code"][rows] = way.seconds[:, k], way.reason[:, k]
                part["seen"][rows] = True
        return WayTimes(self._gather(times, "seconds"), self._gather(times, "code"))

    def _borrow_window(self, query: Query, columns: list[Column]) -> None:
        """Take what the kin knows of a window, where no trip that differs can matter."""
        kin = self._known.kin
        if kin is None or not kin.same_between(*_hours(query)):
            return
        for site, column in zip(self._known.sites[self._sites].tolist(), columns, strict=True):
            theirs = kin.store.known_column((kin.source, query, self._homeward, site))
            if theirs is not None:
                rows = self._rows[self._rows < len(theirs["seen"])]
                rows = rows[theirs["seen"][rows]]
                for name in ("seconds", "code", "seen"):
                    column[name][rows] = theirs[name][rows]

    def _columns(self, question: object, empty: dict[str, Any]) -> list[Column]:
        known, n_rows = self._known, int(self._known.homes.max(initial=-1)) + 1
        question = known.store.same(question)
        keys = [(known.source, question, self._homeward, site) for site in known.sites[self._sites].tolist()]
        return [known.store.column(key, n_rows, empty) for key in keys]

    def _gather(self, columns: list[Column], name: str) -> np.ndarray:
        if not columns:
            return np.empty((len(self._rows), 0), np.float32)
        # Site by site, as columns are kept: turned round in memory, a city's answers would cost more than they took.
        return np.stack([column[name][self._rows] for column in columns]).swapaxes(0, 1)

    def _computed(
        self, new: np.ndarray, query: Query, *, explain: bool | None
    ) -> Iterator[tuple[np.ndarray, np.ndarray, WayTimes]]:
        """Compute what is new: numbers of the homes, columns of the sites, times between them.

        All new columns are asked at once, for every home that lacks some of them: a sweep takes many sites as one.
        `explain` None asks for every instant of a window, in place of percentiles.
        """
        sites = self._known.sites[self._sites]
        once = np.zeros(len(sites), dtype=bool)
        once[np.unique(sites, return_index=True)[1]] = True
        columns = np.flatnonzero(once & new.any(axis=0))
        if not len(columns):
            return
        wanted = np.flatnonzero(new[:, columns].any(axis=1))
        rows, first = np.unique(self._rows[wanted], return_index=True)
        homes, some = self._homes[wanted[first]], self._sites[columns]
        # One site more is connected alone: the streets around the others are searched when something is asked of them.
        few = 2 * len(some) <= len(self._known.sites)
        connection = self._known.connected_to(some) if few else self._known.connected()
        some = np.arange(len(some)) if few else some
        if explain is None and not isinstance(connection, StreetConnection):
            yield rows, columns, connection.instants(homes, some, query, homeward=self._homeward)
            return
        way = connection.times(homes, some, query, homeward=self._homeward, explain=bool(explain))
        yield rows, columns, way

    @staticmethod
    def _put_times(times: list[Column], rows: np.ndarray, columns: np.ndarray, way: WayTimes, to_min: int) -> None:
        found = way.seconds[:, :, 0]
        best_s = found if way.beyond_s is None else np.where(np.isnan(found), way.beyond_s, found)
        for k, column in enumerate(columns):
            part = times[column]
            part["seconds"][rows], part["code"][rows] = best_s[:, k], way.reason[:, k]
            part["to_min"][rows] = min(to_min, _EVER_MIN)
