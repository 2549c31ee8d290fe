"""The grid under a surface, and the street that each of its cells is walked from.

A cell belongs to the nearest street of the mode, as a point does when it is linked: it is reached along that street,
then across to the centre of the cell. Which street that is depends on the streets alone, so it is found once and
serves every later request.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numba import njit

from geo_access.errors import CapacityError, InputError
from geo_access.network.model import Streets

__all__ = ["Frame", "Lattice", "frame_around", "prepare_lattice"]

MAX_CELLS = 40_000_000


@dataclass(frozen=True)
class Frame:
    """A grid of square cells, aligned on multiples of the cell so that all grids of one size fit together.

    Attributes
    ----------
    origin_x, origin_y : float
        Centre of the south-west cell [m].
    rows, cols : int
        Rows run northwards, columns eastwards.
    cell_m : float
        [m].
    epsg : int
        Metric CRS.

    Examples
    --------
    >>> frame = frame_around((10.0, 10.0, 120.0, 60.0), cell_m=50, epsg=2154)
    >>> frame.origin_x, frame.origin_y, frame.rows, frame.cols
    (0.0, 0.0, 3, 4)
    """

    origin_x: float
    origin_y: float
    rows: int
    cols: int
    cell_m: float
    epsg: int

    @property
    def x(self) -> np.ndarray:
        """Eastings of the columns' centres, float64 (cols,) [m]."""
        return self.origin_x + self.cell_m * np.arange(self.cols)

    @property
    def y(self) -> np.ndarray:
        """Northings of the rows' centres, float64 (rows,) [m]."""
        return self.origin_y + self.cell_m * np.arange(self.rows)

    def window(self, bounds: tuple[float, float, float, float]) -> tuple[slice, slice]:
        """Rows and columns within ``(west, south, east, north)`` [m], clipped to the grid."""
        west, south, east, north = bounds
        first_col = int(np.clip(np.floor((west - self.origin_x) / self.cell_m), 0, self.cols))
        last_col = int(np.clip(np.ceil((east - self.origin_x) / self.cell_m) + 1, 0, self.cols))
        first_row = int(np.clip(np.floor((south - self.origin_y) / self.cell_m), 0, self.rows))
        last_row = int(np.clip(np.ceil((north - self.origin_y) / self.cell_m) + 1, 0, self.rows))
        return slice(first_row, last_row), slice(first_col, last_col)

    def part(self, rows: slice, cols: slice) -> Frame:
        """Return the grid of these rows and columns."""
        return Frame(
            self.origin_x + self.cell_m * cols.start,
            self.origin_y + self.cell_m * rows.start,
            max(0, rows.stop - rows.start),
            max(0, cols.stop - cols.start),
            self.cell_m,
            self.epsg,
        )


def frame_around(bounds: tuple[float, float, float, float], *, cell_m: float, epsg: int) -> Frame:
    """Grid whose centres cover a box.

    Parameters
    ----------
    bounds : tuple of float
        West, south, east, north [m].
    cell_m : float
        Cell size [m].
    epsg : int
        Metric CRS of `bounds`.

    Returns
    -------
    Frame

    Raises
    ------
    InputError
        When the cell is not a positive number or the box is empty.
    CapacityError
        When the grid would have more than 40 million cells.
    """
    if not (np.isfinite(cell_m) and cell_m > 0):
        raise InputError(f"cell_m = {cell_m} → give a cell size above 0, for instance 50")
    if not np.isfinite(bounds).all():
        raise InputError("the area to draw is empty → check that at least one site has a position")
    west, south = np.floor(np.array(bounds[:2]) / cell_m)
    east, north = np.ceil(np.array(bounds[2:]) / cell_m)
    rows, cols = int(north - south) + 1, int(east - west) + 1
    if rows * cols > MAX_CELLS:
        raise CapacityError(
            f"a grid of {rows} × {cols} cells of {cell_m:g} m is over 40 million cells → "
            f"give a larger cell, for instance {cell_m * np.ceil(np.sqrt(rows * cols / MAX_CELLS)):g} m"
        )
    return Frame(float(west * cell_m), float(south * cell_m), rows, cols, float(cell_m), epsg)


@dataclass(frozen=True, eq=False)
class Lattice:
    """The street of each cell, for one mode.

    Attributes
    ----------
    frame : Frame
    mode : str
    edge : ndarray of int32, shape (rows, cols)
        Nearest edge of `Streets` that the mode may use; −1 where there is none within the limit.
    fraction : ndarray of float32, shape (rows, cols)
        Place along the edge, 0 at its source and 1 at its target.
    offset_m : ndarray of float32, shape (rows, cols)
        Straight line from that place to the cell's centre [m].
    edge_source, edge_target : ndarray of int32, shape (n_edges,)
        Nodes at the ends of each edge.
    forward_s, backward_s : ndarray of float32, shape (n_edges,)
        Time along the whole edge in each direction at the mode's reference speed [s]; infinite where not allowed.
    speed_kmh : float
        Reference speed of the mode [km/h].
    """

    frame: Frame
    mode: str
    edge: np.ndarray
    fraction: np.ndarray
    offset_m: np.ndarray
    edge_source: np.ndarray
    edge_target: np.ndarray
    forward_s: np.ndarray
    backward_s: np.ndarray
    speed_kmh: float


def _edge_times(streets: Streets, mode: str) -> tuple[np.ndarray, np.ndarray]:
    """Seconds along each edge of `streets`, forward and backward; infinite where the mode may not go."""
    graph = streets.graphs[mode]
    tails = np.repeat(np.arange(len(graph.indptr) - 1, dtype=np.int32), np.diff(graph.indptr))
    seconds = (graph.deciseconds / 10.0).astype(np.float32)
    forward = np.full(len(streets.edge_source), np.inf, np.float32)
    backward = forward.copy()
    along = (streets.edge_target[graph.edges] == graph.heads) & (streets.edge_source[graph.edges] == tails)
    against = (streets.edge_source[graph.edges] == graph.heads) & (streets.edge_target[graph.edges] == tails)
    np.minimum.at(forward, graph.edges[along], seconds[along])
    np.minimum.at(backward, graph.edges[against], seconds[against])
    return forward, backward


@njit(cache=True)
def _distance_to_segment(
    px: float, py: float, ax: float, ay: float, bx: float, by: float
) -> tuple[float, float]:  # pragma: no cover - compiled
    dx, dy = bx - ax, by - ay
    length2 = dx * dx + dy * dy
    t = 0.0
    if length2 > 0.0:
        t = ((px - ax) * dx + (py - ay) * dy) / length2
        t = min(1.0, max(0.0, t))
    ex, ey = px - ax - t * dx, py - ay - t * dy
    return np.sqrt(ex * ex + ey * ey), t


@njit(cache=True)
def _nearest_segments(  # noqa: C901
    usable: np.ndarray,
    indptr: np.ndarray,
    xy: np.ndarray,
    blocked: np.ndarray,
    origin_x: float,
    origin_y: float,
    cell_m: float,
    limit_m: float,
) -> tuple[np.ndarray, np.ndarray]:  # pragma: no cover - compiled
    """Nearest segment of each cell: exact beside the streets, then handed from cell to cell in four sweeps."""
    rows, cols = blocked.shape
    segment = np.full((rows, cols), -1, np.int64)
    distance = np.full((rows, cols), np.inf, np.float32)
    for e in range(usable.shape[0]):
        if not usable[e]:
            continue
        for k in range(indptr[e], indptr[e + 1] - 1):
            ax, ay, bx, by = xy[k, 0], xy[k, 1], xy[k + 1, 0], xy[k + 1, 1]
            c0 = max(0, int(np.ceil((min(ax, bx) - origin_x) / cell_m - 1.0)))
            c1 = min(cols - 1, int(np.floor((max(ax, bx) - origin_x) / cell_m + 1.0)))
            r0 = max(0, int(np.ceil((min(ay, by) - origin_y) / cell_m - 1.0)))
            r1 = min(rows - 1, int(np.floor((max(ay, by) - origin_y) / cell_m + 1.0)))
            for r in range(r0, r1 + 1):
                for c in range(c0, c1 + 1):
                    d, _ = _distance_to_segment(origin_x + c * cell_m, origin_y + r * cell_m, ax, ay, bx, by)
                    reach = 0.71 * cell_m if blocked[r, c] else limit_m
                    if d < distance[r, c] and d <= reach:
                        distance[r, c] = d
                        segment[r, c] = k
    for sweep in range(4):
        down = sweep % 2 == 1
        for i in range(rows):
            r = rows - 1 - i if down else i
            for j in range(cols):
                c = cols - 1 - j if sweep in (1, 2) else j
                if blocked[r, c]:
                    continue
                for dr in range(-1, 2):
                    for dc in range(-1, 2):
                        rr, cc = r + dr, c + dc
                        if rr < 0 or rr >= rows or cc < 0 or cc >= cols or blocked[rr, cc]:
                            continue
                        k = segment[rr, cc]
                        if k < 0 or k == segment[r, c]:
                            continue
                        d, _ = _distance_to_segment(
                            origin_x + c * cell_m, origin_y + r * cell_m, xy[k, 0], xy[k, 1], xy[k + 1, 0], xy[k + 1, 1]
                        )
                        if d < distance[r, c] and d <= limit_m:
                            distance[r, c] = d
                            segment[r, c] = k
    return segment, distance


@njit(cache=True)
def _places(
    segment: np.ndarray,
    edge_of: np.ndarray,
    indptr: np.ndarray,
    along_m: np.ndarray,
    xy: np.ndarray,
    origin_x: float,
    origin_y: float,
    cell_m: float,
) -> tuple[np.ndarray, np.ndarray]:  # pragma: no cover - compiled
    """Edge and place along it of the segment that each cell was given."""
    rows, cols = segment.shape
    edge = np.full((rows, cols), -1, np.int32)
    fraction = np.zeros((rows, cols), np.float32)
    for r in range(rows):
        for c in range(cols):
            k = segment[r, c]
            if k < 0:
                continue
            e = edge_of[k]
            edge[r, c] = e
            _, t = _distance_to_segment(
                origin_x + c * cell_m, origin_y + r * cell_m, xy[k, 0], xy[k, 1], xy[k + 1, 0], xy[k + 1, 1]
            )
            total = along_m[indptr[e + 1] - 1]
            if total > 0.0:
                fraction[r, c] = (along_m[k] + t * (along_m[k + 1] - along_m[k])) / total
    return edge, fraction


def _along(streets: Streets) -> tuple[np.ndarray, np.ndarray]:
    """Edge of each geometry point, and the length of line before it within its edge [m]."""
    counts = np.diff(streets.geometry_indptr)
    edge_of = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    steps = np.zeros(len(streets.geometry_xy))
    steps[1:] = np.hypot(*np.diff(streets.geometry_xy, axis=0).T)
    total = np.cumsum(steps)
    return edge_of, total - np.repeat(total[streets.geometry_indptr[:-1]], counts)


def _blocked_cells(frame: Frame, barriers: shapely.Geometry | None) -> np.ndarray:
    """Cells whose centre lies in `barriers`, bool (rows, cols)."""
    if barriers is None or shapely.is_empty(barriers):
        return np.zeros((frame.rows, frame.cols), np.bool_)
    shapely.prepare(barriers)
    xx, yy = np.meshgrid(frame.x, frame.y)
    return np.asarray(shapely.contains_xy(barriers, xx, yy))


def prepare_lattice(
    streets: Streets,
    *,
    mode: str,
    cell_m: float = 50.0,
    limit_m: float = 500.0,
    bounds: tuple[float, float, float, float] | None = None,
    barriers: shapely.Geometry | None = None,
) -> Lattice:
    """Give every cell its nearest street.

    Parameters
    ----------
    streets : Streets
    mode : str
        Name of one of the street graphs.
    cell_m : float
        Cell size [m].
    limit_m : float
        Farthest a cell's centre may lie from its street [m]; cells beyond have no time.
    bounds : tuple of float, optional
        West, south, east, north [m]; default: all streets, with the limit around them.
    barriers : shapely geometry, optional
        Water and no-go areas in the metric CRS: no cell is reached through them; streets across them (bridges) stay.

    Returns
    -------
    Lattice

    Raises
    ------
    InputError
        When the streets have no graph for `mode`, or no street lies in the bounds.
    CapacityError
        When the grid is too fine for the area.
    """
    if mode not in streets.graphs:
        raise InputError(
            f"the streets were built without {mode!r} → build them with modes=({mode!r}, …), "
            f"or ask one of: {', '.join(sorted(streets.graphs))}"
        )
    if not len(streets.geometry_xy):
        raise InputError("the street network is empty → check the OSM file and the area it was cut to")
    if bounds is None:
        low, high = streets.geometry_xy.min(axis=0), streets.geometry_xy.max(axis=0)
        bounds = (low[0] - limit_m, low[1] - limit_m, high[0] + limit_m, high[1] + limit_m)
    frame = frame_around(bounds, cell_m=cell_m, epsg=streets.epsg)
    forward_s, backward_s = _edge_times(streets, mode)
    usable = np.isfinite(forward_s) | np.isfinite(backward_s)
    indptr, xy = np.asarray(streets.geometry_indptr), np.ascontiguousarray(streets.geometry_xy)
    segment, distance = _nearest_segments(
        usable,
        indptr,
        xy,
        _blocked_cells(frame, barriers),
        frame.origin_x,
        frame.origin_y,
        frame.cell_m,
        float(limit_m),
    )
    edge_of, along_m = _along(streets)
    edge, fraction = _places(segment, edge_of, indptr, along_m, xy, frame.origin_x, frame.origin_y, frame.cell_m)
    return Lattice(
        frame,
        mode,
        edge,
        fraction,
        distance,
        np.asarray(streets.edge_source),
        np.asarray(streets.edge_target),
        forward_s,
        backward_s,
        float(streets.graphs[mode].speed_kmh),
    )
