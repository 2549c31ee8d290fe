"""What was found out about networks: no time is computed twice, whatever part of it is asked again.

Kept by the question (the query, which is hashable), by place and by site. A question about some of the places or
sites, about one site more, or with a shorter longest time, is answered from what is known and only the rest computed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from geo_access.network.model import Network, Timetable
from geo_access.network.timetable.differences import touched_spans
from geo_access.routing.causes import Reason
from geo_access.routing.doorways import Doorways, DoorwaysKnown, Places, PlacesKnown
from geo_access.routing.query import Query, Window
from geo_access.times.ways import SLOW_S, StreetConnection, TransitConnection, WayTimes, connect_network
from geo_access.words.told import refusal

__all__ = ["KnownAnswers", "KnownColumns", "KnownConnection", "KnownNetwork", "Store"]

_EVER_MIN = 65_535
_OFF_STREETS = (Reason.UNSNAPPED_ORIGIN, Reason.UNSNAPPED_DESTINATION)
_INSTANT: dict[str, Any] = {"seconds": np.float32(np.nan), "code": np.uint8(0), "to_min": np.uint16(0)}
_CAUSE: dict[str, Any] = {"reason": np.uint8(0), "missed_s": np.float32(np.nan), "seen": np.False_}

_Column = dict[str, np.ndarray]
# Identity of the timetable or of the streets, question, whether homeward, number of the site.
_Key = tuple[int, object, bool, int]


@dataclass(frozen=True, eq=False)
class KnownColumns:
    """Answers to one question, several sites that know as many places.

    Attributes
    ----------
    rides : bool
        Whether they rest on the timetable, or on the streets alone.
    question : object
        The query, or the query and what else was asked.
    homeward : bool
    sites : ndarray of int64, shape (n_sites,)
        Numbers of the places.
    parts : mapping of str to ndarray, shape (n_sites, n_places, …)
    """

    rides: bool
    question: object
    homeward: bool
    sites: np.ndarray
    parts: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class KnownAnswers:
    """What a store knows of one network, as values that can be kept."""

    places: PlacesKnown
    doorways: DoorwaysKnown
    columns: tuple[KnownColumns, ...]


@dataclass(frozen=True, eq=False)
class _Kin:
    """Another timetable of the same streets, most of which is the same service: what it knows holds here too.

    Attributes
    ----------
    store : Store
        Where its answers are.
    source : int
        Its identity.
    spans : ndarray of int64, shape (k, 2)
        When the trips run in which the two differ [s].
    """

    store: Store
    source: int
    spans: np.ndarray

    def same_between(self, low_s: int, high_s: int) -> bool:
        """Whether no journey within these hours can differ."""
        return not bool(((self.spans[:, 0] <= high_s) & (self.spans[:, 1] >= low_s)).any())


class Store:
    """Columns of answers, one for each question and site; the one not asked for longest goes first.

    Parameters
    ----------
    most_bytes : int
        Kept at once.
    """

    def __init__(self, *, most_bytes: int = 512 << 20) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._columns: OrderedDict[_Key, _Column] = OrderedDict()
        self._places: dict[int, tuple[object, Places]] = {}
        self._doorways: dict[tuple[object, ...], Doorways] = {}
        self._timetables: dict[int, object] = {}
        # The first timetable of some streets, and the store of its answers.
        self._first: dict[int, tuple[Store, Timetable]] = {}

    def doorways(self, network: Network) -> Doorways:
        """Return what is known of the streets around places: shared by networks with the same streets and stops."""
        streets = network.streets
        # The objects are held, so that their identities stay theirs.
        _, places = self._places.setdefault(id(streets), (streets, Places(network)))
        return self._doorways.setdefault(self._key_of(network), Doorways(network, places))

    def _key_of(self, network: Network) -> tuple[object, ...]:
        """Name what doorways depend on: the streets, and where the stops are."""
        timetable = network.timetable
        if timetable is None:
            return (id(network.streets),)
        self._timetables[id(timetable)] = timetable
        ids = "\0".join(map(str, timetable.stop_id)).encode()
        return id(network.streets), timetable.stop_x.tobytes(), timetable.stop_y.tobytes(), ids

    def beside(self) -> Store:
        """Return a store of its own columns that shares what is known of the streets."""
        other = Store(most_bytes=self._most_bytes)
        other._places, other._doorways, other._first = self._places, self._doorways, self._first
        return other

    def kin(self, network: Network) -> _Kin | None:
        """Return the first timetable of the same streets, where this one differs from it in some trips only."""
        timetable = network.timetable
        if timetable is None:
            return None
        store, first = self._first.setdefault(id(network.streets), (self, timetable))
        spans = None if first is timetable else touched_spans(first, timetable)
        return None if spans is None else _Kin(store, id(first), spans)

    def known_column(self, key: _Key) -> _Column | None:
        """Return the arrays of one question and site, where there are any."""
        return self._columns.get(key)

    def aside(self, network: Network) -> Store:
        """Return a store that knows the streets around the places of a network, and remembers for itself alone."""
        other = Store(most_bytes=self._most_bytes)
        doorways = self.doorways(network).aside()
        other._places[id(network.streets)] = network.streets, doorways.places
        other._doorways[self._key_of(network)] = doorways
        return other

    def known_of(self, network: Network) -> KnownAnswers:
        """Return all that is known of a network."""
        doorways = self.doorways(network)
        rides = {id(network.streets): False, id(network.timetable): True}
        groups: dict[tuple[int, object, bool, int], list[tuple[int, _Column]]] = {}
        for (source, question, homeward, site), column in self._columns.items():
            if source in rides:
                length = len(next(iter(column.values())))
                groups.setdefault((source, question, homeward, length), []).append((site, column))
        columns = tuple(
            KnownColumns(
                rides[source],
                question,
                homeward,
                np.array([site for site, _ in own], np.int64),
                {name: np.stack([column[name] for _, column in own]) for name in own[0][1]},
            )
            for (source, question, homeward, _), own in groups.items()
        )
        return KnownAnswers(doorways.places.known(), doorways.known(), columns)

    def know(self, network: Network, known: KnownAnswers) -> None:
        """Take over what was known of the same network; only before anything else is asked."""
        doorways = self.doorways(network)
        doorways.places.know(known.places)
        doorways.know(known.doorways)
        for own in known.columns:
            source = id(network.timetable if own.rides else network.streets)
            for row, site in enumerate(own.sites.tolist()):
                column = {name: part[row] for name, part in own.parts.items()}
                self._columns[source, own.question, own.homeward, site] = column
                self._bytes += sum(part.nbytes for part in column.values())

    def column(self, key: _Key, n_rows: int, empty: dict[str, Any]) -> _Column:
        """Return the arrays of one question and site, `n_rows` long at least."""
        column = self._columns.pop(key, None)
        known = 0 if column is None else len(next(iter(column.values())))
        if column is None or known < n_rows:
            more = {name: np.full((n_rows - known, *np.shape(value)), value) for name, value in empty.items()}
            grown = more if column is None else {k: np.concatenate((column[k], more[k])) for k in more}
            self._bytes += sum(part.nbytes for part in more.values())
            column = grown
        self._columns[key] = column
        return column

    def trim(self) -> None:
        """Forget what was not asked for longest, down to the bytes allowed."""
        while self._bytes > self._most_bytes and self._columns:
            _, column = self._columns.popitem(last=False)
            self._bytes -= sum(part.nbytes for part in column.values())


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
        self._connections: dict[tuple[bytes, bytes, Query], StreetConnection | TransitConnection] = {}

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

        def connected() -> StreetConnection | TransitConnection:
            key = homes.tobytes(), sites.tobytes(), query.streets
            if key not in self._connections:
                self._connections[key] = connect_network(self.network, home_xy, site_xy, query, self.doorways)
            return self._connections[key]

        if not query.uses_transit:
            return KnownConnection(self.store, id(self.network.streets), homes, sites, connected)
        kin = self._kin
        if kin is not None and not len(kin.spans):
            return KnownConnection(kin.store, kin.source, homes, sites, connected)
        return KnownConnection(self.store, id(self.network.timetable), homes, sites, connected, kin)


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
    connected : callable
        Gives the connection to compute with.
    kin : _Kin or None
        Of whom answers are taken that cannot differ.
    """

    store: Store
    source: int
    homes: np.ndarray
    sites: np.ndarray
    connected: Callable[[], StreetConnection | TransitConnection]
    kin: _Kin | None = None

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
        plain = np.where(np.isin(code, _OFF_STREETS), code, Reason.NO_TRIP_IN_WINDOW)
        return WayTimes(seconds, np.where(within, 0, plain).astype(np.uint8))

    def foresee(self, query: Query) -> None:
        """Compute the instants of a window that are not known yet; where it is one, whoever asks it will."""
        window = query.depart or query.arrive
        if window is None:
            return
        need_min = -(-query.max_s // 60)
        lacking: dict[int, tuple[list[_Column], np.ndarray]] = {}
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

    def _borrow(self, question: object, columns: list[_Column], query: Query) -> None:
        """Take what the kin knows of one instant, where no trip that differs can matter."""
        kin, need_min = self._known.kin, -(-query.max_s // 60)
        if kin is None or not kin.same_between(*_hours(query)):
            return
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

    def _borrow_window(self, query: Query, columns: list[_Column]) -> None:
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

    def _columns(self, question: object, empty: dict[str, Any]) -> list[_Column]:
        known, n_rows = self._known, int(self._known.homes.max(initial=-1)) + 1
        keys = [(known.source, question, self._homeward, site) for site in known.sites[self._sites].tolist()]
        return [known.store.column(key, n_rows, empty) for key in keys]

    def _gather(self, columns: list[_Column], name: str) -> np.ndarray:
        if not columns:
            return np.empty((len(self._rows), 0), np.float32)
        return np.stack([column[name][self._rows] for column in columns], axis=1)

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
        connection = self._known.connected()
        if explain is None and isinstance(connection, TransitConnection):
            yield rows, columns, connection.instants(homes, some, query, homeward=self._homeward)
            return
        way = connection.times(homes, some, query, homeward=self._homeward, explain=bool(explain))
        yield rows, columns, way

    @staticmethod
    def _put_times(times: list[_Column], rows: np.ndarray, columns: np.ndarray, way: WayTimes, to_min: int) -> None:
        found = way.seconds[:, :, 0]
        best_s = found if way.beyond_s is None else np.where(np.isnan(found), way.beyond_s, found)
        for k, column in enumerate(columns):
            part = times[column]
            part["seconds"][rows], part["code"][rows] = best_s[:, k], way.reason[:, k]
            part["to_min"][rows] = min(to_min, _EVER_MIN)
