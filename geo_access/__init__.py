"""Métier by métier, who cannot get there — for the shift and back — why, and which change would fix it.

The public surface: one verb per stage. Names are resolved on first use, so that importing costs nothing.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geo_access import measures
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
    from geo_access.study.workbench import Workbench
    from geo_access.surfaces.isochrones import isochrones
    from geo_access.times.chain import Stage, chain_times
    from geo_access.times.matrix import travel_times
    from geo_access.times.result import TravelTimes
    from geo_access.times.shift import shift_test
    from geo_access.times.shift_days import shift_days


def _keep_kernels_somewhere() -> None:
    """Tell numba where to keep compiled kernels when it could write neither here nor under the user's home.

    In a container both are often read-only, and numba then refuses to import what asks to be cached. A folder of the
    user's own among the temporary files serves instead, with one warning; ``NUMBA_CACHE_DIR`` decides when it is set.
    """
    if os.environ.get("NUMBA_CACHE_DIR"):
        return
    here = Path(__file__).parent
    # The nearest folder that exists is the one that would have to be written to.
    caches = (here / "__pycache__", Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "numba")
    for cache in caches:
        standing = next((folder for folder in (cache, *cache.parents) if folder.exists()), here)
        if os.access(standing, os.W_OK | os.X_OK):
            return
    import tempfile  # noqa: PLC0415 — needed only here
    import warnings  # noqa: PLC0415 — likewise

    # A folder that nobody else can have prepared: what is compiled there is run.
    folder = tempfile.mkdtemp(prefix="geo-access-kernels-")
    os.environ["NUMBA_CACHE_DIR"] = folder
    warnings.warn(
        f"geo_access: its folder and the home are read-only; kernels are compiled into {folder} for this time "
        "→ set NUMBA_CACHE_DIR to keep them",
        stacklevel=3,
    )


_keep_kernels_somewhere()

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
    "shift_days": "geo_access.times.shift_days",
    "chain_times": "geo_access.times.chain",
    "isochrones": "geo_access.surfaces.isochrones",
    "flag_zones": "geo_access.diagnosis.flag",
    "Study": "geo_access.study.study",
    "Workbench": "geo_access.study.workbench",
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
    "Workbench",
    "build_network",
    "chain_times",
    "explain",
    "flag_zones",
    "from_osmnx",
    "isochrones",
    "measures",
    "open_network",
    "save_network",
    "shift_days",
    "shift_test",
    "to_networkx",
    "travel_times",
]


def __getattr__(name: str) -> Any:
    """Import the room that a public name lives in, on first use."""
    if name == "measures":
        return import_module("geo_access.measures")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'geo_access' has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    """List the public names."""
    return list(__all__)
