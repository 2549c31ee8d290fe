"""Engines on the few networks that the planner tried last: a change undone and done again is not computed twice."""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import replace

from geo_access.network.model import Network
from geo_access.study.changes import CancelTrips, Change, LineBooked, ServiceChange, StreetsChanged
from geo_access.study.levels import LevelEngine, Levels
from geo_access.study.prepared import PreparedStudy
from geo_access.study.scenario import Assumptions
from geo_access.times.kept import KeptTimes
from geo_access.times.round_trip import NetworkTimes

__all__ = ["Trials"]

_MOST = 4


class Trials(KeptTimes):
    """Times of a prepared study, kept, and of the networks tried last, which go as others come.

    Parameters
    ----------
    prepared : PreparedStudy
    """

    def __init__(self, prepared: PreparedStudy) -> None:
        super().__init__()
        self._prepared = prepared
        self._networks: OrderedDict[str, Network] = OrderedDict()
        self._levels = LevelEngine()
        self._last: deque[tuple[Network, NetworkTimes]] = deque(maxlen=_MOST)

    @property
    def base(self) -> PreparedStudy:
        """The study, whose scenarios are tried with these engines."""
        return replace(self._prepared, kept=self)

    def on(self, network: Network) -> NetworkTimes:
        """Return the engine on a network: the study's own, or one of the last."""
        if network is self._prepared.network:
            return self._prepared.kept.on(network)
        for known, engine in self._last:
            if known is network:
                return engine
        engine = self._prepared.kept.passing(network)
        self._last.append((network, engine))
        return engine

    def levels(self, assumed: Assumptions, *, only: tuple[str, str, str] | None = None) -> Levels:
        """Return the levels under assumptions, of one public, kind and schedule or of all."""
        return self._levels.levels(assumed, self.on(assumed.network), only=only)

    def settled(self, assumed: Assumptions, changes: Sequence[Change]) -> Assumptions:
        """Take the network that the same changes of the service made before, where it is still known."""
        services = [
            change
            for change in changes
            if isinstance(change, ServiceChange | CancelTrips | LineBooked | StreetsChanged)
        ]
        if not services:
            return assumed
        key = json.dumps([change.model_dump(mode="json") for change in services])
        network = self._networks.setdefault(key, assumed.network)
        self._networks.move_to_end(key)
        while len(self._networks) > _MOST:
            self._networks.popitem(last=False)
        return replace(assumed, network=network)
