"""Métier by métier, who cannot get there — for the shift and back — why, and which change would fix it.

The public surface: one verb per stage. Names are resolved on first use, so that importing costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geo_access.diagnosis.flag import flag_zones
    from geo_access.errors import GeoAccessError, InputError
    from geo_access.modes import Mode
    from geo_access.network.build import build_network
    from geo_access.network.model import Network
    from geo_access.network.storage import open_network, save_network
    from geo_access.network.streets.osmnx_bridge import from_osmnx, to_networkx
    from geo_access.routing.causes import Reason
    from geo_access.routing.journeys import explain
    from geo_access.routing.public import Profile
    from geo_access.routing.query import Query, Window
    from geo_access.study.study import Study
    from geo_access.surfaces.isochrones import isochrones
    from geo_access.times.chain import Stage, chain_times
    from geo_access.times.matrix import travel_times
    from geo_access.times.result import TravelTimes
    from geo_access.times.shift import shift_test

_HOMES = {
    "build_network": "geo_access.network.build",
    "open_network": "geo_access.network.storage",
    "Network": "geo_access.network.model",
    "from_osmnx": "geo_access.network.streets.osmnx_bridge",
    "to_networkx": "geo_access.network.streets.osmnx_bridge",
    "Query": "geo_access.routing.query",
    "Window": "geo_access.routing.query",
    "Reason": "geo_access.routing.causes",
    "explain": "geo_access.routing.journeys",
    "travel_times": "geo_access.times.matrix",
    "TravelTimes": "geo_access.times.result",
    "shift_test": "geo_access.times.shift",
    "chain_times": "geo_access.times.chain",
    "isochrones": "geo_access.surfaces.isochrones",
    "flag_zones": "geo_access.diagnosis.flag",
    "Study": "geo_access.study.study",
    "Mode": "geo_access.modes",
    "Profile": "geo_access.routing.public",
    "save_network": "geo_access.network.storage",
    "Stage": "geo_access.times.chain",
    "GeoAccessError": "geo_access.errors",
    "InputError": "geo_access.errors",
}

__all__ = [
    "GeoAccessError",
    "InputError",
    "Mode",
    "Network",
    "Profile",
    "Query",
    "Reason",
    "Stage",
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
    "save_network",
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
