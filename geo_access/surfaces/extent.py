"""Where the streets that were read end: an area that ends there says nothing of what lies beyond."""

from __future__ import annotations

from functools import lru_cache

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import ndimage

from geo_access.arrays import ranges
from geo_access.network.model import CrowFly, Network, Streets

__all__ = ["area_ends", "street_extent"]

# Streets are looked at through squares of the extent's side over this.
_EXTENT_CELLS = 80
# Country without streets is no end of them where it is less than twice this wide [squares].
_GAP_CELLS = 5
# An outline may stand this many cells off the last street.
_MARGIN_CELLS = 2.0


def street_extent(network: Network) -> shapely.Geometry | None:
    """Outline of the streets of a network, metric CRS; None over straight lines, which have no end.

    Squares of an eightieth of the extent's side through which a street runs, and those that lie between such squares (a
    closing by a disc of five): an extract cut along a boundary is followed, country between two roads is no end.
    """
    streets = network.streets
    if isinstance(streets, CrowFly) or not isinstance(streets, Streets) or len(streets.node_x) < 3:
        return None
    return _outline(streets)


# Every public and hour of a study draws areas on the same streets, whose outline takes longer than the areas do.
@lru_cache(maxsize=2)
def _outline(streets: Streets) -> shapely.Geometry | None:
    xy = streets.geometry_xy
    low = xy.min(axis=0)
    side = float(np.max(xy.max(axis=0) - low)) / _EXTENT_CELLS
    if not side > 0:
        return None
    points = _along(streets, side / 2)
    squares, which = _squares(np.floor((points - low) / side).astype(np.int64))
    # The outermost streets of each square, so that the outline ends where they do.
    inside = pd.DataFrame(points, columns=["x", "y"]).groupby(which).agg(["min", "max"])
    corners = [inside[column].to_numpy() for column in (("x", "min"), ("y", "min"), ("x", "max"), ("y", "max"))]
    between = _country_between(squares) * side + low
    parts = [shapely.box(*corners), shapely.box(*between.T, *(between + side).T)]
    together = shapely.buffer(shapely.union_all(np.concatenate(parts)), side, join_style="mitre")
    return shapely.buffer(together, -side, join_style="mitre")


def _squares(cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squares of some points, int64 (n, 2), in the order of their coordinates, and the row of each point's."""
    low = cell.min(axis=0)
    shape = cell.max(axis=0) - low + 1
    # Few squares and millions of points: they are counted, not sorted.
    number = np.ravel_multi_index(tuple((cell - low).T), tuple(shape))
    used = np.zeros(int(shape.prod()), dtype=bool)
    used[number] = True
    squares = np.column_stack(np.unravel_index(np.flatnonzero(used), tuple(shape))) + low
    return squares, (np.cumsum(used) - 1)[number]


def _country_between(squares: np.ndarray) -> np.ndarray:
    """Squares without a street that lie between those with one, int64 (n, 2): a closing by a disc."""
    low, room = squares.min(axis=0), _GAP_CELLS + 1
    streets = np.zeros(squares.max(axis=0) - low + 1 + 2 * room, dtype=bool)
    streets[tuple((squares - low + room).T)] = True
    y, x = np.ogrid[-_GAP_CELLS : _GAP_CELLS + 1, -_GAP_CELLS : _GAP_CELLS + 1]
    closed = ndimage.binary_fill_holes(ndimage.binary_closing(streets, x * x + y * y <= _GAP_CELLS**2))
    return np.argwhere(closed & ~streets) + low - room


def _along(streets: Streets, step_m: float) -> np.ndarray:
    """Points of the streets, float64 (n, 2) [m], no farther apart along a street than a step."""
    xy = streets.geometry_xy
    joined = np.ones(len(xy) - 1, dtype=bool)
    joined[streets.geometry_indptr[1:-1] - 1] = False
    start, end = xy[:-1][joined], xy[1:][joined]
    pieces = np.maximum(1, np.ceil(np.hypot(*(end - start).T) / step_m)).astype(np.int64)
    piece = np.repeat(np.arange(len(start)), pieces)
    share = ranges(np.zeros(len(pieces), np.int64), pieces) / pieces[piece]
    return np.vstack([xy, start[piece] + (end - start)[piece] * share[:, None]])


def area_ends(areas: gpd.GeoSeries, extent: shapely.Geometry | None, *, cell_m: float) -> gpd.GeoSeries:
    """Parts of the outlines of areas where they end because the streets that were read do.

    Parameters
    ----------
    areas : geopandas.GeoSeries
        Polygons, in the CRS of `extent`.
    extent : shapely.Geometry or None
        Of `street_extent`.
    cell_m : float
        Cells that the areas were drawn from [m].

    Returns
    -------
    geopandas.GeoSeries
        Lines, with the index of `areas`; empty where an area ends for want of time.

    Examples
    --------
    >>> square = gpd.GeoSeries([shapely.box(0, 0, 900, 900)], crs=2154)
    >>> ends = area_ends(square, shapely.box(0, -5000, 5000, 5000), cell_m=50)
    >>> round(ends.length[0])  # its west side, and the first hundred metres of those beside it
    1100
    """
    if extent is None:
        lines = np.full(len(areas), shapely.LineString(), dtype=object)
    else:
        inner = shapely.buffer(extent, -_MARGIN_CELLS * cell_m)
        lines = shapely.difference(shapely.boundary(areas.to_numpy()), inner)
    return gpd.GeoSeries(lines, index=areas.index, crs=areas.crs)
