"""What a run of times rests on: the network, hashed whole, and the times between checked points."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from geo_access.network.model import Network
from geo_access.routing.causes import Reason
from geo_access.routing.query import Query
from geo_access.times.core import PointTimes, point_times
from geo_access.times.points import Points

__all__ = ["known_times", "network_sha256"]


def network_sha256(network: Network) -> str:
    """Hash all that a search can read of a network, whatever files it came from.

    Examples
    --------
    >>> from geo_access.network.model import CrowFly
    >>> plain, winding = (Network(2154, CrowFly(2154, detour=detour), None, {}) for detour in (1.0, 1.4))
    >>> network_sha256(plain) == network_sha256(winding)
    False
    """
    digest = hashlib.sha256()

    def add(value: Any) -> None:
        if isinstance(value, np.ndarray):
            digest.update(f"{value.dtype.str}{value.shape}".encode())
            digest.update("\0".join(map(str, value)).encode() if value.dtype.kind == "O" else value.tobytes())
        elif is_dataclass(value):
            for part in fields(value):
                digest.update(part.name.encode())
                add(getattr(value, part.name))
        elif isinstance(value, Mapping):
            for key in sorted(value):
                digest.update(str(key).encode())
                add(value[key])
        else:
            digest.update(repr(value).encode())

    add(network.epsg)
    add(network.streets)
    add(network.timetable)
    return digest.hexdigest()


def known_times(
    network: Network, origins: Points, destinations: Points, query: Query, *, around: bool = False
) -> PointTimes:
    """Return the times between checked points; one without a position cannot be linked, and says so.

    `around` is that of `geo_access.times.core.point_times`.
    """
    times = point_times(network, origins.xy, destinations.xy, query, around=around)
    times.reason[:, ~destinations.known] = Reason.UNSNAPPED_DESTINATION
    times.reason[~origins.known, :] = Reason.UNSNAPPED_ORIGIN
    times.seconds[:, ~destinations.known] = np.nan
    times.seconds[~origins.known, :] = np.nan
    times.feasible_share[:, ~destinations.known] = 0
    times.feasible_share[~origins.known, :] = 0
    return times
