"""Whether a straight line stays inside an area: cut where it meets the rings, and looked at between the cuts."""

from __future__ import annotations

import numpy as np

from geo_access.kernels import njit

__all__ = ["sees"]

# Degrees have seven digits: 1 cm; a line along the rim must not count as outside.
_RIM_M = 0.05
_LOOKS = 16
_HAIR_M = 1e-5


@njit(cache=True)
def _free(x: float, y: float, xy: np.ndarray, ring_indptr: np.ndarray) -> bool:  # pragma: no cover - compiled
    """Whether a point is in the first ring and in no other."""
    for ring in range(len(ring_indptr) - 1):
        crossed = False
        for k in range(ring_indptr[ring], ring_indptr[ring + 1] - 1):
            ay, by = xy[k, 1], xy[k + 1, 1]
            if (ay > y) != (by > y) and x < xy[k, 0] + (y - ay) / (by - ay) * (xy[k + 1, 0] - xy[k, 0]):
                crossed = not crossed
        if crossed != (ring == 0):
            return False
    return True


@njit(cache=True)
def _by_a_wall(x: float, y: float, xy: np.ndarray, ring_indptr: np.ndarray) -> bool:  # pragma: no cover - compiled
    """Whether a point is within 5 cm of a wall that is free on one side."""
    for ring in range(len(ring_indptr) - 1):
        for k in range(ring_indptr[ring], ring_indptr[ring + 1] - 1):
            dx, dy = xy[k + 1, 0] - xy[k, 0], xy[k + 1, 1] - xy[k, 1]
            length = np.hypot(dx, dy)
            if length == 0.0:
                continue
            along = min(1.0, max(0.0, ((x - xy[k, 0]) * dx + (y - xy[k, 1]) * dy) / (length * length)))
            on_x, on_y = xy[k, 0] + along * dx, xy[k, 1] + along * dy
            if np.hypot(on_x - x, on_y - y) > _RIM_M:
                continue
            # Between two houses wall to wall neither side is free.
            aside_x, aside_y = -dy / length * _RIM_M, dx / length * _RIM_M
            if _free(on_x + aside_x, on_y + aside_y, xy, ring_indptr):
                return True
            if _free(on_x - aside_x, on_y - aside_y, xy, ring_indptr):
                return True
    return False


@njit(cache=True)
def sees(
    x: float, y: float, to_x: float, to_y: float, xy: np.ndarray, ring_indptr: np.ndarray, cuts: np.ndarray
) -> bool:  # pragma: no cover - compiled
    """Tell whether the line between two points stays in an area.

    Parameters
    ----------
    x, y, to_x, to_y : float
        [m].
    xy : ndarray of float64, shape (n, 2)
        Rings of the area, closed: its rim, then holes and obstacles [m].
    ring_indptr : ndarray of int64, shape (n_rings + 1,)
    cuts : ndarray of float64, shape (n + 2,)
        Room to work in.

    Returns
    -------
    bool
    """
    dx, dy = to_x - x, to_y - y
    length = np.hypot(dx, dy)
    count = 1
    cuts[0] = 0.0
    low_x, high_x = min(x, to_x) - _HAIR_M, max(x, to_x) + _HAIR_M
    low_y, high_y = min(y, to_y) - _HAIR_M, max(y, to_y) + _HAIR_M
    for ring in range(len(ring_indptr) - 1):
        for k in range(ring_indptr[ring], ring_indptr[ring + 1] - 1):
            # Most walls of a large square are far from the line.
            if max(xy[k, 0], xy[k + 1, 0]) < low_x or min(xy[k, 0], xy[k + 1, 0]) > high_x:
                continue
            if max(xy[k, 1], xy[k + 1, 1]) < low_y or min(xy[k, 1], xy[k + 1, 1]) > high_y:
                continue
            ex, ey = xy[k + 1, 0] - xy[k, 0], xy[k + 1, 1] - xy[k, 1]
            cross = dx * ey - dy * ex
            if cross == 0.0:
                continue
            ax, ay = xy[k, 0] - x, xy[k, 1] - y
            along, beside = (ax * ey - ay * ex) / cross, (ax * dy - ay * dx) / cross
            if 0.0 < along < 1.0 and -1e-9 <= beside <= 1.0 + 1e-9:
                cuts[count] = along
                count += 1
    cuts[count] = 1.0
    count += 1
    found = np.sort(cuts[:count])
    for k in range(count - 1):
        if (found[k + 1] - found[k]) * length > _RIM_M:
            low, high = found[k], found[k + 1]
            middle = 0.5 * (low + high)
            if _free(x + middle * dx, y + middle * dy, xy, ring_indptr):
                continue
            # No wall is crossed between the cuts: all of this piece is outside, and may only be so by a hair.
            for step in range(1, _LOOKS):
                at = low + (high - low) * step / _LOOKS
                if not _by_a_wall(x + at * dx, y + at * dy, xy, ring_indptr):
                    return False
    return True
