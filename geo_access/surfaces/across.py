"""Cells that points reach straight across, off the streets (`geo_access.network.search.off_street`)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geo_access.network.search.links import Links
from geo_access.surfaces.lattice import Lattice

__all__ = ["StraightCells", "straight_cells"]


class StraightCells(NamedTuple):
    """Pairs of a cell and a point.

    Attributes
    ----------
    row, col : ndarray of int64, shape (n,)
        Of the lattice.
    point : ndarray of int64, shape (n,)
    seconds : ndarray of float32, shape (n,)
        Straight line × detour, at the speed of the points' connectors [s].
    """

    row: np.ndarray
    col: np.ndarray
    point: np.ndarray
    seconds: np.ndarray

    def lower(self, values: np.ndarray, *, rows: slice, cols: slice, start_s: np.ndarray, max_s: float) -> None:
        """Lower the times of a part of the lattice, in place.

        Parameters
        ----------
        values : ndarray of float32, shape of the part
            [s]; NaN or infinite where there is none.
        rows, cols : slice
            The part.
        start_s : ndarray, shape (n_points,)
            Time at each point [s]; NaN where there is none.
        max_s : float
            Longest time of interest [s].
        """
        seconds = (np.asarray(start_s)[self.point] + self.seconds).astype(np.float32)
        inside = (self.row >= rows.start) & (self.row < rows.stop) & (self.col >= cols.start) & (self.col < cols.stop)
        inside &= seconds <= max_s
        np.fmin.at(values, (self.row[inside] - rows.start, self.col[inside] - cols.start), seconds[inside])


def straight_cells(lattice: Lattice, points: Links, *, rows: slice, cols: slice) -> StraightCells:
    """Find the cells that are no farther from a point than both are from their streets together.

    Parameters
    ----------
    lattice : Lattice
    points : Links
    rows, cols : slice
        Part of the lattice.

    Returns
    -------
    StraightCells
        Empty where barriers keep cells from their streets: what they cut, a straight line would cross.
    """
    links, frame = lattice.links, lattice.frame
    off_m = np.where(links.ok, links.distance_m, -np.inf).reshape(frame.rows, frame.cols)[rows, cols]
    farthest_m = float(off_m.max(initial=-np.inf))
    x, y = frame.x[cols], frame.y[rows]
    parts = []
    usable = points.ok & (points.distance_m > 0) & (np.isfinite(farthest_m) and not lattice.walled)
    for point in np.flatnonzero(usable).tolist():
        own_m, here_x, here_y = (float(values[point]) for values in (points.distance_m, points.x, points.y))
        reach_m = own_m + farthest_m
        left, right = np.searchsorted(x, (here_x - reach_m, here_x + reach_m)).tolist()
        low, high = np.searchsorted(y, (here_y - reach_m, here_y + reach_m)).tolist()
        metres = np.hypot(x[left:right][None, :] - here_x, y[low:high][:, None] - here_y)
        row, col = np.nonzero(metres <= own_m + off_m[low:high, left:right])
        seconds = metres[row, col] * (float(points.connector_s[point]) / own_m)
        whose = np.full(len(row), point)
        parts.append((row + low + rows.start, col + left + cols.start, whose, seconds.astype(np.float32)))
    if not parts:
        none = np.empty(0, dtype=np.int64)
        return StraightCells(none, none, none, none.astype(np.float32))
    return StraightCells(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
