"""The grid under a surface, and the street that each of its cells is walked from.

A cell belongs to the nearest street of the mode, as a point does when it is linked: it is reached along that street,
then across to the centre of the cell. Which street that is depends on the streets alone, so it is found once and
serves every later request.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely

from geo_access.errors import CapacityError
from geo_access.network.model import CrowFly, Streets
from geo_access.network.search.hubs import Hubs, hubs_of
from geo_access.network.search.links import Links, graph_of, link_points
from geo_access.words.told import refusal

__all__ = [
    "Canvas",
    "Frame",
    "Lattice",
    "blocked_cells",
    "cell_centres",
    "cell_links",
    "frame_around",
    "prepare_lattice",
]

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

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the centres [m]."""
        east = self.origin_x + self.cell_m * (self.cols - 1)
        return self.origin_x, self.origin_y, east, self.origin_y + self.cell_m * (self.rows - 1)

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
        raise refusal("surfaces.cell", value=cell_m)
    if not np.isfinite(bounds).all():
        raise refusal("surfaces.empty_area")
    west, south = np.floor(np.array(bounds[:2]) / cell_m)
    east, north = np.ceil(np.array(bounds[2:]) / cell_m)
    rows, cols = int(north - south) + 1, int(east - west) + 1
    if rows * cols > MAX_CELLS:
        raise refusal(
            "surfaces.grid",
            CapacityError,
            rows=rows,
            columns=cols,
            cell=cell_m,
            larger=cell_m * np.ceil(np.sqrt(rows * cols / MAX_CELLS)),
        )
    return Frame(float(west * cell_m), float(south * cell_m), rows, cols, float(cell_m), epsg)


@dataclass(frozen=True, eq=False)
class Lattice:
    """The street of each cell, for one mode.

    Attributes
    ----------
    frame : Frame
    links : Links
        Of the cells' centres, row by row from the south; not ok where no street is near, or only across a barrier.
    connector_kmh : float
        Walking speed behind ``links.connector_s`` [km/h].
    edge_source, edge_target : ndarray of int32, shape (n_edges,)
        Nodes at the ends of each edge.
    speed_kmh : float
        Reference speed of the mode [km/h].
    streets : Streets
    hubs : Hubs
        Entrances of squares that cells in them are walked to from.
    walled : bool
        Whether barriers keep cells from their streets: then nobody goes straight across either.
    """

    frame: Frame
    links: Links
    connector_kmh: float
    edge_source: np.ndarray
    edge_target: np.ndarray
    speed_kmh: float
    streets: Streets
    hubs: Hubs
    walled: bool = False

    @property
    def mode(self) -> str:
        """Street mode it was prepared for."""
        return self.links.mode


def blocked_cells(frame: Frame, barriers: shapely.Geometry | None) -> np.ndarray:
    """Cells whose centre lies in `barriers`.

    Parameters
    ----------
    frame : Frame
    barriers : shapely geometry or None
        Metric CRS of the frame.

    Returns
    -------
    ndarray of bool, shape (rows, cols)
    """
    if barriers is None or shapely.is_empty(barriers):
        return np.zeros((frame.rows, frame.cols), np.bool_)
    shapely.prepare(barriers)
    xx, yy = np.meshgrid(frame.x, frame.y)
    return np.asarray(shapely.contains_xy(barriers, xx, yy))


def cell_centres(frame: Frame) -> np.ndarray:
    """Centres of all cells, row by row from the south.

    Parameters
    ----------
    frame : Frame

    Returns
    -------
    ndarray of float64, shape (rows * cols, 2)
        [m].
    """
    xx, yy = np.meshgrid(frame.x, frame.y)
    return np.column_stack((xx.ravel(), yy.ravel()))


def cell_links(
    streets: Streets | CrowFly,
    frame: Frame,
    *,
    mode: str,
    limit_m: float,
    walk_kmh: float,
    barriers: shapely.Geometry | None = None,
) -> Links:
    """Link every cell's centre to its street, as a point would be.

    Parameters
    ----------
    streets : Streets or CrowFly
    frame : Frame
    mode : str
        Street mode.
    limit_m : float
        Farthest a centre may lie from its street [m].
    walk_kmh : float
        Speed of the walk across [km/h].
    barriers : shapely geometry, optional
        No cell is reached across them.

    Returns
    -------
    Links
        One for each cell, row by row from the south.
    """
    links = link_points(streets, cell_centres(frame), mode=mode, limit_m=limit_m, connector_kmh=walk_kmh)
    if barriers is None or shapely.is_empty(barriers):
        return links
    ok = links.ok & ~blocked_cells(frame, barriers).ravel()
    ends = np.stack(
        [np.column_stack((links.x, links.y))[ok], np.column_stack((links.linked_x, links.linked_y))[ok]], axis=1
    )
    shapely.prepare(barriers)
    ok[np.flatnonzero(ok)[shapely.intersects(barriers, np.asarray(shapely.linestrings(ends)))]] = False
    return replace(links, ok=ok, edge=np.where(ok, links.edge, -1).astype(np.int32))


def prepare_lattice(
    streets: Streets,
    *,
    mode: str,
    cell_m: float = 50.0,
    limit_m: float = 500.0,
    walk_kmh: float = 4.8,
    bounds: tuple[float, float, float, float] | None = None,
    barriers: shapely.Geometry | None = None,
) -> Lattice:
    """Give every cell its nearest street, once for many requests.

    Parameters
    ----------
    streets : Streets
    mode : str
        Name of one of the street graphs.
    cell_m : float
        Cell size [m].
    limit_m : float
        Farthest a cell's centre may lie from its street [m]; cells beyond have no time.
    walk_kmh : float
        Speed of the walk across from the street [km/h].
    bounds : tuple of float, optional
        West, south, east, north [m]; default: all streets, with the limit around them.
    barriers : shapely geometry, optional
        Water and no-go areas in the metric CRS: no cell is reached across them; streets over them (bridges) stay.

    Returns
    -------
    Lattice

    Raises
    ------
    InputError
        When the streets have no graph for `mode`, or there is no street at all.
    CapacityError
        When the grid is too fine for the area.
    """
    if not len(streets.geometry_xy):
        raise refusal("surfaces.no_streets")
    if bounds is None:
        low, high = streets.geometry_xy.min(axis=0), streets.geometry_xy.max(axis=0)
        bounds = (low[0] - limit_m, low[1] - limit_m, high[0] + limit_m, high[1] + limit_m)
    frame = frame_around(bounds, cell_m=cell_m, epsg=streets.epsg)
    links = cell_links(streets, frame, mode=mode, limit_m=limit_m, walk_kmh=walk_kmh, barriers=barriers)
    speed_kmh = float(graph_of(streets, mode).speed_kmh)
    walled = barriers is not None
    hubs = hubs_of(streets, links if not walled else links.take(np.empty(0, dtype=np.int64)), speed_kmh=speed_kmh)
    return Lattice(
        frame,
        links,
        float(walk_kmh),
        np.asarray(streets.edge_source),
        np.asarray(streets.edge_target),
        speed_kmh,
        streets,
        hubs,
        walled=walled,
    )


@dataclass(frozen=True, eq=False)
class Canvas:
    """What times at cells are drawn on.

    Attributes
    ----------
    cell_m : float
        Cell size, where no lattice fixes it [m].
    reverse : bool
        False: times from the sites to the cells; True: from the cells to the sites.
    bounds : tuple of float, optional
        West, south, east, north [m]; default: as far as the sites reach.
    lattice : Lattice, optional
        Ready for many requests on the same streets.
    barriers : shapely geometry, optional
        Metric CRS; no cell is reached across them.
    """

    cell_m: float = 50.0
    reverse: bool = False
    bounds: tuple[float, float, float, float] | None = None
    lattice: Lattice | None = None
    barriers: shapely.Geometry | None = None
