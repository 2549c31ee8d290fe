"""What a run has found out about a network: no time is computed twice.

Kept by the question (the query, which is hashable) and by place. A question about some of the places, or with a
shorter longest time, is answered from the same table.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from geo_access.network.model import Network
from geo_access.routing.causes import Reason
from geo_access.routing.doorways import Doorways
from geo_access.routing.query import Query
from geo_access.times.ways import SLOW_S, StreetConnection, TransitConnection, WayTimes, connect_network

__all__ = ["KnownConnection", "KnownTimes"]

_EVER_S = 2**31 - 1
_Key = tuple[Query, bool, bytes]
_OFF_STREETS = (Reason.UNSNAPPED_ORIGIN, Reason.UNSNAPPED_DESTINATION)


class _Table:
    """Answers to one question, a row for each home of the run."""

    def __init__(self, **empty: np.ndarray) -> None:
        self._empty = empty
        self.columns = {name: row[None].repeat(0, axis=0) for name, row in empty.items()}

    @property
    def nbytes(self) -> int:
        return sum(column.nbytes for column in self.columns.values())

    def grow(self, n_rows: int) -> None:
        """Make room for rows that nothing is known about."""
        for name, column in self.columns.items():
            if len(column) < n_rows:
                more = self._empty[name][None].repeat(n_rows - len(column), axis=0)
                self.columns[name] = np.concatenate((column, more))


class KnownTimes:
    """Times on one network, and all that was found out about it so far.

    Parameters
    ----------
    network : Network
    most_bytes : int
        Tables kept at once; the one that was not asked for longest goes first.
    """

    def __init__(self, network: Network, *, most_bytes: int = 512 << 20) -> None:
        self.network = network
        self.doorways = Doorways(network)
        self._most_bytes = most_bytes
        self._tables: OrderedDict[_Key, _Table] = OrderedDict()
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
        homes, sites = self.doorways.rows(home_xy), self.doorways.rows(site_xy)

        def connected() -> StreetConnection | TransitConnection:
            key = homes.tobytes(), sites.tobytes(), query.streets
            if key not in self._connections:
                self._connections[key] = connect_network(self.network, home_xy, site_xy, query, self.doorways)
            return self._connections[key]

        return KnownConnection(self, homes, sites, connected)

    def table(self, key: _Key, n_rows: int, **empty: np.ndarray) -> dict[str, np.ndarray]:
        """Return the columns of the table of a question, `n_rows` long at least."""
        table = self._tables.pop(key) if key in self._tables else _Table(**empty)
        table.grow(n_rows)
        self._tables[key] = table
        while sum(kept.nbytes for kept in self._tables.values()) > self._most_bytes and len(self._tables) > 1:
            self._tables.popitem(last=False)
        return table.columns


@dataclass(frozen=True, eq=False)
class KnownConnection:
    """Homes and sites of a run.

    Attributes
    ----------
    known : KnownTimes
    homes, sites : ndarray of int64, shapes (n_homes,), (n_sites,)
        Numbers of the places in the run.
    connected : callable
        Gives the connection to compute with.
    """

    known: KnownTimes
    homes: np.ndarray
    sites: np.ndarray
    connected: Callable[[], StreetConnection | TransitConnection]

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
        if query.uses_transit and window is not None and window.count > 1:
            return self._over_window(homes, sites, query, homeward=homeward)
        on_streets = not query.uses_transit
        alike = query.streets if on_streets else query
        way = self._at_once(homes, sites, alike, homeward=homeward, explain=explain and not on_streets)
        return replace(way, seconds=np.repeat(way.seconds, len(query.percentiles), axis=2))

    def _key(self, sites: np.ndarray, query: Query, homeward: bool) -> _Key:
        return query, homeward, self.sites[sites].tobytes()

    def _at_once(
        self, homes: np.ndarray, sites: np.ndarray, query: Query, *, homeward: bool, explain: bool
    ) -> WayTimes:
        """Answer one instant: the best time of all is kept, whatever the longest of interest."""
        rows, n = self.homes[homes], len(sites)
        n_rows = int(self.homes.max(initial=-1)) + 1
        # Between vehicles the longest time of interest also bounds the way without any.
        asked = replace(query, max_s=query.streets.max_s if query.uses_transit else 1)
        times = self.known.table(
            self._key(sites, asked, homeward), n_rows, seconds=np.full(n, np.nan, np.float32),
            code=np.zeros(n, np.uint8), to_s=np.array(0, np.int32),
        )  # fmt: skip
        to_s = max(query.max_s, SLOW_S) if explain else query.max_s
        new = times["to_s"][rows] < to_s
        causes: dict[str, np.ndarray] = {}
        if explain:
            causes = self.known.table(
                self._key(sites, query, homeward), n_rows, reason=np.zeros(n, np.uint8),
                missed_s=np.full(n, np.nan, np.float32), seen=np.array(False),
            )  # fmt: skip
            new |= ~causes["seen"][rows]
        if new.any():
            at, first = np.unique(rows[new], return_index=True)
            way = self.connected().times(homes[new][first], sites, query, homeward=homeward, explain=explain)
            found = way.seconds[:, :, 0]
            times["seconds"][at] = found if way.beyond_s is None else np.where(np.isnan(found), way.beyond_s, found)
            times["code"][at] = way.reason
            times["to_s"][at] = to_s if query.uses_transit else _EVER_S
            if explain:
                causes["reason"][at], causes["missed_s"][at], causes["seen"][at] = way.reason, way.missed_s, True
        best_s, code = times["seconds"][rows], times["code"][rows]
        within = best_s <= query.max_s
        seconds = np.where(within, best_s, np.float32(np.nan))[:, :, None]
        if not explain and query.uses_transit:
            off = np.isin(code, _OFF_STREETS)
            return WayTimes(
                seconds, np.where(within, 0, np.where(off, code, Reason.NO_TRIP_IN_WINDOW)).astype(np.uint8)
            )
        beyond_s = np.where(within, np.float32(np.nan), best_s)
        if explain:
            return WayTimes(seconds, causes["reason"][rows], beyond_s, causes["missed_s"][rows])
        slow = np.where(np.isnan(beyond_s), code, Reason.OVER_CUTOFF)
        missed_s = np.full(best_s.shape, np.nan, np.float32)
        return WayTimes(seconds, np.where(within, 0, slow).astype(np.uint8), beyond_s, missed_s)

    def _over_window(self, homes: np.ndarray, sites: np.ndarray, query: Query, *, homeward: bool) -> WayTimes:
        """Answer the percentiles of a window; causes are those of single instants, not looked for here."""
        rows, n, many = self.homes[homes], len(sites), len(query.percentiles)
        table = self.known.table(
            self._key(sites, query, homeward), int(self.homes.max(initial=-1)) + 1,
            seconds=np.full((n, many), np.nan, np.float32), code=np.zeros(n, np.uint8), seen=np.array(False),
        )  # fmt: skip
        new = ~table["seen"][rows]
        if new.any():
            at, first = np.unique(rows[new], return_index=True)
            way = self.connected().times(homes[new][first], sites, query, homeward=homeward, explain=False)
            table["seconds"][at], table["code"][at], table["seen"][at] = way.seconds, way.reason, True
        return WayTimes(table["seconds"][rows], table["code"][rows])
