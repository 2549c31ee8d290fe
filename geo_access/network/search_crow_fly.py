"""The same questions without streets: straight lines times a detour factor."""

from __future__ import annotations

import numpy as np

from geo_access.errors import InputError
from geo_access.network.links import Links
from geo_access.network.model import CrowFly, SparseTimes

__all__ = ["crow_fly_matrix", "crow_fly_nearby"]


def _seconds_per_m(crow_fly: CrowFly, mode: str, speed_kmh: float | None) -> float:
    speed = crow_fly.speeds_kmh[mode] if speed_kmh is None else speed_kmh
    if not speed > 0:
        raise InputError(f"speed_kmh {speed}: not a speed → give a speed > 0 km/h")
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
    rows = np.repeat(np.arange(len(sources)), sizes)
    seconds = np.hypot(sources.x[rows] - targets.x[columns], sources.y[rows] - targets.y[columns]) * pace
    indptr = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    return SparseTimes(indptr, columns.astype(np.int32), np.rint(seconds).astype(np.int32), len(targets))
