"""Times on the workers of a Dask scheduler: the same answers, byte for byte, whatever their number.

The network is saved once and opened memory-mapped by every worker; its arrays never travel. A worker proves that it
holds the network meant, by its hash, and that it runs the same versions, before anything is asked of it. Work is cut
into blocks of origins: a worker that dies costs its blocks, which others do again. Parts of a table are written by the
workers, each attempt under a name of its own; the ledger that says which are whole is the client's alone.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from distributed import Client, as_completed, get_worker
from distributed.comm.core import CommClosedError
from distributed.diagnostics.plugin import WorkerPlugin

from geo_access.errors import CapacityError, GeoAccessError, MissingFileError
from geo_access.manifest import Manifest
from geo_access.network.model import Network
from geo_access.network.storage import open_network
from geo_access.routing.doorways import Doorways, Places
from geo_access.routing.legs import Ends
from geo_access.routing.query import Query
from geo_access.threads import use_threads
from geo_access.times.address import Address, Place, save_at
from geo_access.times.allocator import keep_freed_memory
from geo_access.times.checked import known_times, network_sha256
from geo_access.times.parts import write_part
from geo_access.times.points import Points
from geo_access.times.result import TravelTimes
from geo_access.times.stream import storable
from geo_access.times.tiles import Tile, tile_times
from geo_access.times.ways import StreetConnection, TransitConnection, WayTimes, connect_network
from geo_access.words.told import refusal

__all__ = ["Part", "SpreadConnection", "WayAsked", "Workers", "meet_workers"]

_VERSIONED = ("geo-access", "numpy", "numba", "pandas", "pyarrow", "scipy")
# Fewer pairs than this are sooner computed than sent.
_WORTH_SENDING = 20_000
_ATTEMPTS = 3
_LOST = (CommClosedError, TimeoutError, ConnectionError, OSError)


@dataclass(frozen=True, eq=False)
class Part:
    """One part of a table to be written by a worker.

    Attributes
    ----------
    origins : Points
    file : Path or Address
        Where the client and all workers see it.
    """

    origins: Points
    file: Place


@dataclass(frozen=True, eq=False)
class _Question:
    """What all parts of one table have in common."""

    destinations: Points
    query: Query
    ids_kept: bool


@dataclass(frozen=True)
class WayAsked:
    """What is asked of homes and sites.

    Attributes
    ----------
    query : Query
    homeward : bool
    explain : bool or None
        None asks for every instant of a window.
    """

    query: Query
    homeward: bool
    explain: bool | None

    def of(self, connection: StreetConnection | TransitConnection, homes: np.ndarray, sites: np.ndarray) -> WayTimes:
        """Ask a connection."""
        if self.explain is None and isinstance(connection, TransitConnection):
            return connection.instants(homes, sites, self.query, homeward=self.homeward)
        return connection.times(homes, sites, self.query, homeward=self.homeward, explain=bool(self.explain))


class _OpenNetwork(WorkerPlugin):
    """A network that a worker holds open."""

    idempotent = True

    def __init__(self, folder: Place, sha256: str, threads: int) -> None:
        self.name = f"geo-access-{sha256}"
        self.folder, self.sha256, self.threads = folder, sha256, threads
        self.versions, self.refused = _versions(), ""

    def setup(self, worker: Any) -> None:
        """Open it, and refuse another that stands in its place."""
        # Those who come while a run goes on were not asked before it began.
        self.refused = _apart([_versions()], self.versions)
        if self.refused:
            raise RuntimeError(self.refused)
        keep_freed_memory()
        here = self.folder
        if isinstance(here, Address):
            # Arrays are mapped from a disk: each machine fetches the network once for each of its workers.
            here = here.download(Path(worker.local_directory) / self.name)
        self.network = open_network(here)
        found = network_sha256(self.network)
        if found != self.sha256:
            raise RuntimeError(f"{self.folder} holds another network ({found[:12]}, not {self.sha256[:12]})")
        self.doorways = Doorways(self.network, Places(self.network))


def _opened(name: str) -> _OpenNetwork:
    plugin = cast("_OpenNetwork", get_worker().plugins[name])
    if plugin.refused:
        raise RuntimeError(f"this worker runs other versions than the client: {plugin.refused}")
    use_threads(plugin.threads)
    return plugin


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in _VERSIONED}}


class _WorkerError(RuntimeError):
    """What went wrong on a worker, in words: errors of libraries do not all survive the way."""


@contextlib.contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 — told to the client, whatever it is
        raise _WorkerError(f"{type(error).__name__}: {error}") from None


@_named()
def _part_written(name: str, number: int, part: Part, question: _Question) -> tuple[int, dict[str, Any]]:
    """Compute and write one part; runs on a worker."""
    table = _table(name, question.query, part.origins, question.destinations)
    return number, write_part(storable(table, question.ids_kept), part.file, attempt=secrets.token_hex(4))


@_named()
def _tile_written(name: str, tile: Tile, question: _Question) -> list[tuple[int, dict[str, Any]]]:
    """Compute a tile and write its parts; runs on a worker."""
    tables = tile_times(partial(_table, name, question.query, around=True), tile, question.destinations)
    return [
        (part.number, write_part(storable(table, question.ids_kept), part.file, attempt=secrets.token_hex(4)))
        for part, table in zip(tile.parts, tables, strict=True)
    ]


def _table(name: str, query: Query, origins: Points, destinations: Points, *, around: bool = False) -> TravelTimes:
    times = known_times(_opened(name).network, origins, destinations, query, around=around)
    found = times.seconds, times.reason, times.feasible_share
    return TravelTimes(origins.ids, destinations.ids, query, *found, Manifest({}, {}))


@_named()
def _way_found(name: str, home_xy: np.ndarray, site_xy: np.ndarray, asked: WayAsked) -> WayTimes:
    """Answer some homes and sites; runs on a worker."""
    opened = _opened(name)
    connection = connect_network(opened.network, home_xy, site_xy, asked.query, opened.doorways)
    return asked.of(connection, np.arange(len(home_xy)), np.arange(len(site_xy)))


class Workers:
    """The workers of a scheduler, and the networks that they hold open.

    Parameters
    ----------
    client : distributed.Client
    shared : Path or Address
        Folder that the client and all workers see under this name: networks are saved in it.
    wait_s : float
        How long to wait for a first worker [s].

    Raises
    ------
    CapacityError
        When no worker comes, the scheduler is gone, or a worker runs other versions than the client.
    """

    def __init__(self, client: Client, shared: Place, *, wait_s: float = 30.0) -> None:
        self._client: Any = client
        self._shared: Place = shared.resolve()
        self._names: dict[int, tuple[Network, str]] = {}
        with _told(client):
            try:
                client.wait_for_workers(1, timeout=wait_s)
            except TimeoutError as error:
                raise refusal("cluster.no_worker", CapacityError, address=_address(client)) from error
            _check_versions(client.run(_versions))

    @property
    def n_workers(self) -> int:
        """Workers at this moment, one at least."""
        return max(1, len(self._client.scheduler_info(n_workers=-1)["workers"]))

    def open(self, network: Network) -> str:
        """Let every worker open a network, those that come later too; once for each.

        Parameters
        ----------
        network : Network

        Returns
        -------
        str
            Name under which workers know it.

        Raises
        ------
        MissingFileError
            When a worker does not see the folder, or finds another network there.
        CapacityError
            When the scheduler is gone.
        """
        known = self._names.get(id(network))
        if known is not None:
            return known[1]
        sha256 = network_sha256(network)
        folder = save_at(network, self._shared / f"network-{sha256[:12]}")
        plugin = _OpenNetwork(folder, sha256, self._threads())
        try:
            self._client.register_plugin(plugin)
        except Exception as error:
            if _gone(self._client, error):
                raise refusal("cluster.lost", CapacityError, address=_address(self._client)) from error
            with contextlib.suppress(Exception):
                self._client.unregister_worker_plugin(plugin.name)
            raise refusal("cluster.unseen", MissingFileError, folder=folder, cause=str(error)) from error
        # The object is held, so that its identity stays its own.
        self._names[id(network)] = network, plugin.name
        return plugin.name

    def holds(self, network: Network) -> bool:
        """Whether workers have this network open."""
        return id(network) in self._names

    def write_parts(
        self, network: Network, parts: Sequence[Part], destinations: Points, query: Query, *, ids_kept: bool
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """Let workers compute and write parts of a table, and say of each when it is whole.

        Parameters
        ----------
        network : Network
        parts : sequence of Part
        destinations : Points
        query : Query
        ids_kept : bool
            Whether ids of origins keep their type in a column.

        Yields
        ------
        int, dict
            Number of the part; ``rows``, ``sha256``.

        Raises
        ------
        CapacityError
            When the scheduler is gone, or a part cannot be computed or written: what is whole stays.
        """
        name, question = self.open(network), _Question(destinations, query, ids_kept)
        yield from self._each(_part_written, [(name, number, part) for number, part in enumerate(parts)], question)

    def write_tiles(
        self, network: Network, tiles: Sequence[Tile], destinations: Points, query: Query, *, ids_kept: bool
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """Let workers compute tiles and write their parts, and say of each when it is whole.

        Parameters
        ----------
        network : Network
        tiles : sequence of Tile
        destinations : Points
        query : Query
        ids_kept : bool
            Whether ids of origins keep their type in a column.

        Yields
        ------
        int, dict
            Number of the part; ``rows``, ``sha256``.

        Raises
        ------
        CapacityError
            As for `write_parts`.
        """
        name, question = self.open(network), _Question(destinations, query, ids_kept)
        for written in self._each(_tile_written, [(name, tile) for tile in tiles], question):
            yield from written

    def _each(self, task: Callable[..., Any], asked: Sequence[tuple[Any, ...]], question: _Question) -> Iterator[Any]:
        """Submit tasks that share a question, and yield what they return as it comes."""
        with _told(self._client):
            common = self._client.scatter(question, broadcast=True, hash=False)
            futures = [
                self._client.submit(task, *arguments, common, pure=False, retries=_ATTEMPTS - 1) for arguments in asked
            ]
            try:
                for future in cast("Any", as_completed)(futures):
                    yield future.result()
            finally:
                with contextlib.suppress(Exception):
                    self._client.cancel(futures)

    def connect(
        self, network: Network, home_xy: np.ndarray, site_xy: np.ndarray, query: Query, doorways: Doorways
    ) -> SpreadConnection:
        """Return a connection whose large answers the workers work out; the same answers as `connect_network`'s."""
        return SpreadConnection(self, network, home_xy, site_xy, query, doorways)

    def ways(self, network: Network, home_xy: np.ndarray, site_xy: np.ndarray, asked: WayAsked) -> WayTimes:
        """Answer homes × sites in blocks of homes.

        Parameters
        ----------
        network : Network
        home_xy, site_xy : ndarray of float64, shapes (n_homes, 2), (n_sites, 2)
            [m].
        asked : WayAsked

        Returns
        -------
        WayTimes

        Raises
        ------
        CapacityError
            When the scheduler is gone.
        """
        name, blocks = self.open(network), np.array_split(home_xy, self.n_workers)
        with _told(self._client):
            sites = self._client.scatter(site_xy, broadcast=True, hash=False)
            futures = [
                self._client.submit(_way_found, name, block, sites, asked, pure=False, retries=_ATTEMPTS - 1)
                for block in blocks
                if len(block)
            ]
            return _joined(self._client.gather(futures))

    def _threads(self) -> int:
        """Cores for each worker of the machine that has most of them."""
        hosts = Counter(item["host"] for item in self._client.scheduler_info(n_workers=-1)["workers"].values())
        return max(1, (os.cpu_count() or 1) // max(hosts.values(), default=1))


@contextlib.contextmanager
def meet_workers(address: str, shared: Path, *, wait_s: float = 10.0) -> Iterator[Workers]:
    """Meet the workers of a scheduler.

    Parameters
    ----------
    address : str
        ``tcp://host:8786``.
    shared : pathlib.Path
        As for `Workers`.
    wait_s : float
        How long to wait for the scheduler to answer [s].

    Yields
    ------
    Workers

    Raises
    ------
    CapacityError
        When no scheduler answers there, or as for `Workers`.
    """
    try:
        client = cast("Any", Client)(address, timeout=wait_s)
    except (OSError, ValueError) as error:
        raise refusal("cluster.no_scheduler", CapacityError, address=address) from error
    with client:
        yield Workers(client, shared)


class SpreadConnection:
    """Homes and sites whose large answers the workers work out, and small ones the client.

    Parameters
    ----------
    workers : Workers
    network : Network
    home_xy, site_xy : ndarray of float64, shapes (n_homes, 2), (n_sites, 2)
        [m].
    query : Query
    doorways : Doorways
    """

    def __init__(
        self,
        workers: Workers,
        network: Network,
        home_xy: np.ndarray,
        site_xy: np.ndarray,
        query: Query,
        doorways: Doorways,
    ) -> None:
        self._workers, self._network, self._doorways = workers, network, doorways
        self._home_xy, self._site_xy, self._query = home_xy, site_xy, query

    @cached_property
    def _own(self) -> StreetConnection | TransitConnection:
        return connect_network(self._network, self._home_xy, self._site_xy, self._query, self._doorways)

    @property
    def there(self) -> Ends:
        """Streets at both ends of the way there."""
        return cast("TransitConnection", self._own).there

    @property
    def back(self) -> Ends:
        """Streets at both ends of the way back."""
        return cast("TransitConnection", self._own).back

    def times(self, homes: np.ndarray, sites: np.ndarray, query: Query, *, homeward: bool, explain: bool) -> WayTimes:
        """Return the times of some homes and some sites."""
        return self._asked(homes, sites, WayAsked(query, homeward, explain))

    def instants(self, homes: np.ndarray, sites: np.ndarray, query: Query, *, homeward: bool) -> WayTimes:
        """Return the time of each instant of a window, in the order of the clock, in place of percentiles."""
        return self._asked(homes, sites, WayAsked(query, homeward, None))

    def _asked(self, homes: np.ndarray, sites: np.ndarray, asked: WayAsked) -> WayTimes:
        asked.query.validate()
        if len(homes) * len(sites) < _WORTH_SENDING:
            return asked.of(self._own, homes, sites)
        return self._workers.ways(self._network, self._home_xy[homes], self._site_xy[sites], asked)


def _address(client: Client) -> str:
    return str(getattr(client.scheduler, "address", "?"))


@contextlib.contextmanager
def _told(client: Client) -> Iterator[None]:
    """Tell what goes wrong between client, scheduler and workers; errors of ours pass as they are."""
    try:
        yield
    except GeoAccessError:
        raise
    except Exception as error:
        if _gone(client, error):
            raise refusal("cluster.lost", CapacityError, address=_address(client)) from error
        cause = str(error) if isinstance(error, _WorkerError) else f"{type(error).__name__}: {error}"
        raise refusal("cluster.failed", CapacityError, cause=cause) from error


def _gone(client: Client, error: BaseException) -> bool:
    """Whether the scheduler is gone; what a worker raises comes as a `_WorkerError`."""
    if isinstance(error, _WorkerError):
        return False
    return client.status != "running" or isinstance(error, _LOST) or "Cancelled" in type(error).__name__


def _check_versions(found: Mapping[str, Mapping[str, str]]) -> None:
    apart = _apart(found.values(), _versions())
    if apart:
        raise refusal("cluster.versions", CapacityError, n=len(found), apart=apart)


def _apart(found: Iterable[Mapping[str, str]], own: Mapping[str, str]) -> str:
    """Say which versions differ from one's own; nothing where none does."""
    apart = {(name, versions.get(name, "?")) for versions in found for name in own if versions.get(name) != own[name]}
    return "; ".join(f"{name} {theirs} ≠ {own[name]}" for name, theirs in sorted(apart))


def _joined(ways: Sequence[WayTimes]) -> WayTimes:
    """Blocks of homes end to end."""
    beyond = [way.beyond_s for way in ways if way.beyond_s is not None]
    missed = [way.missed_s for way in ways if way.missed_s is not None]
    return WayTimes(
        np.concatenate([way.seconds for way in ways]),
        np.concatenate([way.reason for way in ways]),
        np.concatenate(beyond) if len(beyond) == len(ways) else None,
        np.concatenate(missed) if len(missed) == len(ways) else None,
    )
