"""Long work that gives way: before each search, whoever waits is answered, and who was overtaken stops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from geo_access.network.model import Network
from geo_access.routing.query import Query
from geo_access.times.kept import KeptTimes
from geo_access.times.round_trip import Connection, NetworkTimes, PairTimes

__all__ = ["CourteousTimes"]


class CourteousTimes(KeptTimes):
    """Times kept elsewhere; each question of them first lets others pass.

    Parameters
    ----------
    kept : KeptTimes
    step : callable
        Called before each search; may raise, to stop the work.
    """

    def __init__(self, kept: KeptTimes, step: Callable[[], None]) -> None:
        super().__init__()
        self._kept, self._step = kept, step

    def on(self, network: Network) -> NetworkTimes:
        """Return the engine on a network, giving way."""
        return _Courteous(self._kept.on(network), self._step)

    def passing(self, network: Network) -> NetworkTimes:
        """Return the engine on a network that is tried once, giving way."""
        return _Courteous(self._kept.passing(network), self._step)


class _Courteous(NetworkTimes):
    def __init__(self, times: NetworkTimes, step: Callable[[], None]) -> None:
        super().__init__(times.network)
        self._times, self._step = times, step

    def connect(self, home_xy: np.ndarray, site_xy: np.ndarray, query: Query) -> Connection:
        return _Connected(self._times.connect(home_xy, site_xy, query), self._step)


@dataclass(frozen=True, eq=False)
class _Connected:
    connection: Connection
    step: Callable[[], None]

    def times(self, homes: np.ndarray, sites: np.ndarray, query: Query, *, homeward: bool, explain: bool) -> PairTimes:
        self.step()
        return self.connection.times(homes, sites, query, homeward=homeward, explain=explain)
