"""What every street search asks first: that mode and points fit, and what a speed and a limit mean on stored times."""

from __future__ import annotations

import numpy as np

from geo_access.errors import InputError
from geo_access.network.links import Links
from geo_access.network.model import ModeGraph
from geo_access.network.search_kernels import INFINITE

__all__ = ["UNBOUNDED_DS", "check_search", "limits_ds", "slots", "time_factor"]

UNBOUNDED_DS = int(INFINITE) - 1


def time_factor(graph_kmh: float, speed_kmh: float | None, mode: str) -> float:
    """Return the factor on stored times that a query's speed asks for.

    Examples
    --------
    >>> time_factor(4.8, 2.4, "walk"), time_factor(4.8, None, "walk")
    (2.0, 1.0)
    """
    if speed_kmh is None:
        return 1.0
    if mode == "car":
        raise InputError("speed_kmh: driving speeds come from the streets → use the congestion factor instead")
    if not speed_kmh > 0:
        raise InputError(f"speed_kmh {speed_kmh}: not a speed → give a speed > 0 km/h")
    return graph_kmh / speed_kmh


def check_search(sources: Links, targets: Links, mode: str, max_s: float | None) -> None:
    """Raise `InputError` where points were linked for another mode, or the limit is no duration."""
    for links in (sources, targets):
        if links.mode != mode:
            raise InputError(f"mode {mode!r}: these points were linked for {links.mode!r} → link them for {mode!r}")
    if max_s is not None and not max_s >= 0:
        raise InputError(f"max_s {max_s}: not a duration → give seconds ≥ 0")


def limits_ds(connector_s: np.ndarray, max_s: float | None, factor: float) -> np.ndarray:
    """Longest way on the network that each source can afford [0.1 s at the reference speed]."""
    if max_s is None:
        return np.full(len(connector_s), UNBOUNDED_DS, dtype=np.int32)
    left = (max_s - np.nan_to_num(connector_s.astype(np.float64), nan=np.inf)) * 10.0 / factor
    return np.clip(np.floor(left + 0.5), -1, UNBOUNDED_DS).astype(np.int32)


def slots(graph: ModeGraph, *more: np.ndarray) -> int:
    """Buckets needed: more than the largest arc and than the spread of the seeds."""
    largest = [int(values.max()) for values in (graph.deciseconds, *more) if len(values)]
    return 1 << (max(largest, default=1) + 1).bit_length()
