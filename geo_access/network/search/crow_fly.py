"""The same questions without streets: straight lines times a detour factor.

What every street search asks first: that mode and points fit, and what a speed and a limit mean on stored times.
"""

from __future__ import annotations

import numpy as np

from geo_access.arrays import indptr_of, rows_of
from geo_access.network.model import CrowFly, ModeGraph, SparseTimes
from geo_access.network.search.kernels import INFINITE
from geo_access.network.search.links import Links
from geo_access.words.told import refusal

__all__ = ["UNBOUNDED_DS", "check_search", "crow_fly_matrix", "crow_fly_nearby", "limits_ds", "slots", "time_factor"]


def _seconds_per_m(crow_fly: CrowFly, mode: str, speed_kmh: float | None) -> float:
    speed = crow_fly.speeds_kmh[mode] if speed_kmh is None else speed_kmh
    if not speed > 0:
        raise refusal("streets.speed", value=speed)
    return crow_fly.detour * 3.6 / speed


def crow_fly_matrix(
    crow_fly: CrowFly, sources: Links, targets: Links, *, max_s: float | None, speed_kmh: float | None
) -> np.ndarray:
    """Straight-line times between all pairs, float32 (n_sources, n_targets) [s]; NaN where none.

    Parameters
    ----------
    crow_fly : CrowFly
    sources, targets : Links
    max_s : float or None
        Longest time [s].
    speed_kmh : float or None
        Speed; None for the mode's own [km/h].

    Returns
    -------
    ndarray of float32, shape (n_sources, n_targets)
    """
    pace = _seconds_per_m(crow_fly, sources.mode, speed_kmh)
    result = np.empty((len(sources), len(targets)), dtype=np.float32)
    step = max(1, 4_000_000 // max(len(targets), 1))
    for start in range(0, len(sources), step):
        rows = slice(start, start + step)
        dx = sources.x[rows, None] - targets.x[None, :]
        dy = sources.y[rows, None] - targets.y[None, :]
        block = np.hypot(dx, dy) * pace
        if max_s is not None:
            block[block > max_s] = np.nan
        result[rows] = block
    return result


def crow_fly_nearby(
    crow_fly: CrowFly, sources: Links, targets: Links, *, max_s: float, speed_kmh: float | None
) -> SparseTimes:
    """Straight-line times within reach, found with a k-d tree.

    Parameters
    ----------
    crow_fly : CrowFly
    sources, targets : Links
    max_s : float
        Longest time [s].
    speed_kmh : float or None
        Speed; None for the mode's own [km/h].

    Returns
    -------
    SparseTimes
    """
    from scipy.spatial import cKDTree  # noqa: PLC0415 — importing the room stays cheap

    pace = _seconds_per_m(crow_fly, sources.mode, speed_kmh)
    from_rows, to_rows = np.flatnonzero(sources.ok), np.flatnonzero(targets.ok)
    if not len(from_rows) or not len(to_rows):
        empty = np.empty(0, dtype=np.int32)
        return SparseTimes(np.zeros(len(sources) + 1, dtype=np.int64), empty, empty, len(targets))
    tree = cKDTree(np.column_stack((targets.x[to_rows], targets.y[to_rows])))
    points = np.column_stack((sources.x[from_rows], sources.y[from_rows]))
    found = tree.query_ball_point(points, max_s / pace, return_sorted=True, workers=-1)
    sizes = np.zeros(len(sources), dtype=np.int64)
    sizes[from_rows] = [len(row) for row in found]
    columns = to_rows[np.concatenate([np.asarray(row, dtype=np.int64) for row in found])]
    indptr = indptr_of(sizes)
    rows = rows_of(indptr)
    seconds = np.hypot(sources.x[rows] - targets.x[columns], sources.y[rows] - targets.y[columns]) * pace
    return SparseTimes(indptr, columns.astype(np.int32), np.rint(seconds).astype(np.int32), len(targets))


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
        raise refusal("streets.car_speed")
    if not speed_kmh > 0:
        raise refusal("streets.speed", value=speed_kmh)
    return graph_kmh / speed_kmh


def check_search(sources: Links, targets: Links, mode: str, max_s: float | None) -> None:
    """Raise `InputError` where points were linked for another mode, or the limit is no duration."""
    for links in (sources, targets):
        if links.mode != mode:
            raise refusal("streets.linked_for", mode=mode, linked=links.mode)
    if max_s is not None and not max_s >= 0:
        raise refusal("streets.duration", value=max_s)


def limits_ds(connector_s: np.ndarray, max_s: float | None, factor: float) -> np.ndarray:
    """Longest way on the network that each source can afford [0.1 s at the reference speed]."""
    if max_s is None:
        return np.full(len(connector_s), UNBOUNDED_DS, dtype=np.int32)
    left = (max_s - np.nan_to_num(connector_s.astype(np.float64), nan=np.inf)) * 10.0 / factor
    return np.clip(np.floor(left + 0.5), -1, UNBOUNDED_DS).astype(np.int32)


def slots(graph: ModeGraph, *more: np.ndarray) -> int:
    """Buckets needed, a power of two: more than the largest arc and than the spread of the seeds, and a word of 64."""
    largest = [int(values.max()) for values in (graph.deciseconds, *more) if len(values)]
    return 1 << max(6, (max(largest, default=1) + 1).bit_length())
