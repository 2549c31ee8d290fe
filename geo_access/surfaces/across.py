"""Cells that points reach without a street: straight across (`network.search.off_street`), or inside a square."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from geo_access.network.search.links import Links
from geo_access.network.search.off_street import ROUNDED_M, paces, square_pairs
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
        Straight line × detour at the speed of the connectors, or the way inside a square [s].
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


def straight_cells(lattice: Lattice, points: Links, *, rows: slice, cols: slice, walk_kmh: float) -> StraightCells:
    """Find the cells that are no farther from a point than both are from their streets together.

    Parameters
    ----------
    lattice : Lattice
    points : Links
    rows, cols : slice
        Part of the lattice.
    walk_kmh : float
        Speed behind the connectors of the points, and inside squares [km/h].

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
    # Those on their street count too: of two streets as near, a cell may be linked to the other one.
    usable = points.ok & (np.isfinite(farthest_m) and not lattice.walled)
    own_pace, as_walked = paces(points), lattice.connector_kmh / walk_kmh
    across_s, inside, square = (
        values.reshape(frame.rows, frame.cols)[rows, cols] for values in (links.connector_s, links.inside, links.square)
    )
    for point in np.flatnonzero(usable).tolist():
        own_m, here_x, here_y = (float(values[point]) for values in (points.distance_m, points.x, points.y))
        reach_m = own_m + farthest_m + ROUNDED_M
        left, right = np.searchsorted(x, (here_x - reach_m, here_x + reach_m)).tolist()
        low, high = np.searchsorted(y, (here_y - reach_m, here_y + reach_m)).tolist()
        metres = np.hypot(x[left:right][None, :] - here_x, y[low:high][:, None] - here_y)
        near = metres <= own_m + off_m[low:high, left:right] + ROUNDED_M
        part = (slice(low, high), slice(left, right))
        if points.inside[point]:
            near &= ~inside[part] | (square[part] != points.square[point])
        row, col = np.nonzero(near)
        cell_m = off_m[part][row, col]
        cell_pace = np.where(cell_m > 0, across_s[part][row, col], 0.0) / np.where(cell_m > 0, cell_m, 1.0) * as_walked
        seconds = metres[row, col] * np.maximum(own_pace[point], cell_pace)
        whose = np.full(len(row), point)
        parts.append((row + low + rows.start, col + left + cols.start, whose, seconds.astype(np.float32)))
    if not lattice.walled:
        parts.append(_in_squares(lattice, points, rows, cols, walk_kmh))
    if not parts:
        none = np.empty(0, dtype=np.int64)
        return StraightCells(none, none, none, none.astype(np.float32))
    return StraightCells(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _in_squares(
    lattice: Lattice, points: Links, rows: slice, cols: slice, walk_kmh: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Row, column, point and seconds of the cells that stand in the square of a point."""
    squares = np.unique(points.square[points.square >= 0])
    shared = np.isin(lattice.links.square, squares) & lattice.links.ok if len(squares) else np.empty(0, dtype=bool)
    cells = np.flatnonzero(shared)
    row, col = np.divmod(cells, lattice.frame.cols)
    cells = cells[(row >= rows.start) & (row < rows.stop) & (col >= cols.start) & (col < cols.stop)]
    links = lattice.links.take(cells)
    links = replace(links, connector_s=links.connector_s * np.float32(lattice.connector_kmh / walk_kmh))
    found = square_pairs(lattice.streets, points, links, walk_kmh=walk_kmh)
    row, col = np.divmod(cells[found.target], lattice.frame.cols)
    return row, col, found.source, found.seconds
