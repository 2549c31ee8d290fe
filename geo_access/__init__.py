"""Métier by métier, who cannot get there — for the shift and back — why, and which change would fix it.

The public surface: one verb per stage. Names are resolved on first use, so that importing costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "build_network": "geo_access.network.build",
    "open_network": "geo_access.network.storage",
    "Network": "geo_access.network.model",
    "from_osmnx": "geo_access.network.osmnx_bridge",
    "to_networkx": "geo_access.network.osmnx_bridge",
    "Query": "geo_access.routing.query",
    "Window": "geo_access.routing.query",
    "Reason": "geo_access.routing.reasons",
    "explain": "geo_access.routing.journeys",
    "travel_times": "geo_access.travel_times.matrix",
    "TravelTimes": "geo_access.travel_times.result",
    "shift_test": "geo_access.travel_times.shift",
    "chain_times": "geo_access.travel_times.chain",
    "isochrones": "geo_access.isochrones.bands",
    "flag_zones": "geo_access.adequacy.flag",
    "Study": "geo_access.study",
    "GeoAccessError": "geo_access.errors",
    "InputError": "geo_access.errors",
}

__all__ = [
    "GeoAccessError",
    "InputError",
    "Network",
    "Query",
    "Reason",
    "Study",
    "TravelTimes",
    "Window",
    "build_network",
    "chain_times",
    "explain",
    "flag_zones",
    "from_osmnx",
    "isochrones",
    "open_network",
    "shift_test",
    "to_networkx",
    "travel_times",
]


def __getattr__(name: str) -> Any:
    """Import the room that a public name lives in, on first use."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'geo_access' has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    """List the public names."""
    return list(__all__)
