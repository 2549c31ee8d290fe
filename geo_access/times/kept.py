"""Times kept beyond one run: for whoever asks networks that differ by an edit the same questions again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo_access.network.model import Network
from geo_access.times.round_trip import NetworkTimes

if TYPE_CHECKING:
    from geo_access.times.store import KnownAnswers, Store
    from geo_access.times.ways import Spreading

__all__ = ["KeptTimes"]


class KeptTimes:
    """Engines on several networks, and all that was found out about them.

    Columns of times are kept by timetable, question and site: with a site more, only its column is computed. Networks
    that share their streets share the links of all places, and where their stops are the same too, the searches
    around them; ways that board no vehicle are shared whole.

    Parameters
    ----------
    workers : Spreading, optional
        Who works out large answers, see `geo_access.times.cluster.Workers`.

    Examples
    --------
    >>> from geo_access.network.model import CrowFly
    >>> town = Network(2154, CrowFly(2154), None, {})
    >>> kept = KeptTimes()
    >>> kept.on(town) is kept.on(town)
    True
    """

    def __init__(self, *, workers: Spreading | None = None) -> None:
        self._workers = workers
        self._store: Store | None = None
        self._engines: dict[int, NetworkTimes] = {}

    def on(self, network: Network) -> NetworkTimes:
        """Return the engine on a network, the same one each time."""
        return self._engines.setdefault(id(network), NetworkTimes(network, store=self._shared()))

    def known_of(self, network: Network) -> KnownAnswers:
        """Return all that is known of a network, as values that can be kept."""
        return self._shared().known_of(network)

    def know(self, network: Network, known: KnownAnswers) -> None:
        """Take over what was known of the same network."""
        self._shared().know(network, known)

    def _shared(self) -> Store:
        if self._store is None:
            from geo_access.times.store import Store  # noqa: PLC0415 — compiles on import

            self._store = Store(workers=self._workers)
        return self._store

    def aside(self, network: Network) -> NetworkTimes:
        """Return an engine for one question: it knows the streets around known places, and nothing of it is kept."""
        return NetworkTimes(network, store=self._shared().aside(network))

    def passing(self, network: Network) -> NetworkTimes:
        """Return the engine on a network that is tried once: it shares the streets, and goes with its times."""
        if self._store is None:
            return NetworkTimes(network)
        return NetworkTimes(network, store=self._store.beside())
