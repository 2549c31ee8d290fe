"""Surfaces without streets: straight lines times the detour factor, at every cell, by arithmetic."""

from __future__ import annotations

import numpy as np
from numba import njit
from scipy.spatial import cKDTree

from geo_access.isochrones.lattice import Frame
from geo_access.network.model import CrowFly

__all__ = ["nearest_site_times", "spread_from_points"]


def nearest_site_times(frame: Frame, site_xy: np.ndarray, *, streets: CrowFly, speed_kmh: float) -> np.ndarray:
    """Seconds between each cell and its nearest site: straight line × detour ÷ speed.

    Parameters
    ----------
    frame : Frame
    site_xy : ndarray of float64, shape (n, 2)
        Metric CRS of the frame.
    streets : CrowFly
    speed_kmh : float
        [km/h].

    Returns
    -------
    ndarray of float32, shape (rows, cols)
        [s].

    Examples
    --------
    >>> frame = Frame(0.0, 0.0, 1, 3, 100.0, 2154)
    >>> nearest_site_times(frame, np.zeros((1, 2)), streets=CrowFly(2154, 1.5), speed_kmh=5.4).tolist()
    [[0.0, 100.0, 200.0]]
    """
    pace = streets.detour * 3.6 / speed_kmh
    xx, yy = np.meshgrid(frame.x, frame.y)
    if len(site_xy) == 1:
        metres = np.hypot(xx - site_xy[0, 0], yy - site_xy[0, 1])
    else:
        metres, _ = cKDTree(site_xy).query(np.column_stack([xx.ravel(), yy.ravel()]))
    return np.asarray(metres * pace, np.float32).reshape(frame.rows, frame.cols)


@njit(cache=True)
def spread_from_points(
    values_s: np.ndarray,
    point_xy: np.ndarray,
    start_s: np.ndarray,
    origin_x: float,
    origin_y: float,
    cell_m: float,
    pace_s_per_m: float,
    limit_s: float,
) -> None:  # pragma: no cover - compiled
    """Lower `values_s` in place by walking from points that are reached at `start_s`, for at most `limit_s` each.

    Parameters
    ----------
    values_s : ndarray of float32, shape (rows, cols)
        Infinite where not reached yet [s].
    point_xy : ndarray of float64, shape (n, 2)
        [m].
    start_s : ndarray of float32, shape (n,)
        NaN where not reached [s].
    origin_x, origin_y, cell_m : float
        Grid [m].
    pace_s_per_m : float
        Detour included [s/m].
    limit_s : float
        Longest walk from a point [s].
    """
    rows, cols = values_s.shape
    reach_m = limit_s / pace_s_per_m
    for i in range(point_xy.shape[0]):
        start = start_s[i]
        if not start >= 0.0:
            continue
        px, py = point_xy[i, 0] - origin_x, point_xy[i, 1] - origin_y
        r0 = max(0, int(np.ceil((py - reach_m) / cell_m)))
        r1 = min(rows - 1, int(np.floor((py + reach_m) / cell_m)))
        for r in range(r0, r1 + 1):
            dy = r * cell_m - py
            half = np.sqrt(max(0.0, reach_m * reach_m - dy * dy))
            c0 = max(0, int(np.ceil((px - half) / cell_m)))
            c1 = min(cols - 1, int(np.floor((px + half) / cell_m)))
            for c in range(c0, c1 + 1):
                dx = c * cell_m - px
                value = start + pace_s_per_m * np.sqrt(dx * dx + dy * dy)
                if value < values_s[r, c]:
                    values_s[r, c] = value
