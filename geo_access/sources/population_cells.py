"""INSEE grid cells: their place is written in their name."""

from __future__ import annotations

import re
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_access.crs import WGS84

__all__ = ["CELL_EPSG", "Cells", "cell_squares", "decode_cells"]

CELL_EPSG = 3035

_NAME = re.compile(r"(?:CRS3035)?RES(\d+)(k?m)N(\d+)E(\d+)", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Cells:
    """Grid cells decoded from their names.

    Attributes
    ----------
    west_m, south_m : ndarray of float64, shape (n,)
        South-west corner [m], EPSG:3035; NaN where the name is not one.
    size_m : ndarray of float64, shape (n,)
        Side [m].
    """

    west_m: np.ndarray
    south_m: np.ndarray
    size_m: np.ndarray

    def centres(self) -> gpd.GeoSeries:
        """Centres of the cells, EPSG:4326; None where the name is not one."""
        known = np.isfinite(self.size_m)
        points = np.full(len(known), None, dtype=object)
        half = self.size_m[known] / 2.0
        points[known] = shapely.points(self.west_m[known] + half, self.south_m[known] + half)
        return gpd.GeoSeries(points, crs=CELL_EPSG).to_crs(WGS84)


def decode_cells(names: pd.Series) -> Cells:
    """Decode names such as ``CRS3035RES200mN2029800E4252400``: size, northing, easting of the south-west corner.

    Parameters
    ----------
    names : pandas.Series of str
        Names, upper or lower case.

    Returns
    -------
    Cells

    Examples
    --------
    >>> cells = decode_cells(pd.Series(["CRS3035RES200mN2029800E4252400", "59350"]))
    >>> cells.west_m.tolist(), cells.size_m.tolist()
    ([4252400.0, nan], [200.0, nan])
    """
    values = np.full((len(names), 3), np.nan)
    for row, name in enumerate(names.tolist()):
        match = _NAME.fullmatch(name.strip()) if isinstance(name, str) else None
        if match:
            scale = 1000.0 if match[2].lower() == "km" else 1.0
            values[row] = (float(match[4]), float(match[3]), float(match[1]) * scale)
    return Cells(west_m=values[:, 0], south_m=values[:, 1], size_m=values[:, 2])


def cell_squares(centres: gpd.GeoSeries, size_m: np.ndarray) -> gpd.GeoSeries:
    """Outlines of cells from their centres.

    Parameters
    ----------
    centres : geopandas.GeoSeries of Point
        Centres, any CRS.
    size_m : ndarray of float64, shape (n,)
        Side [m].

    Returns
    -------
    geopandas.GeoSeries of Polygon, EPSG:3035
        Squares.

    Examples
    --------
    >>> centre = gpd.GeoSeries([shapely.Point(4252500, 2029900)], crs=3035)
    >>> cell_squares(centre, np.array([200.0])).area.tolist()
    [40000.0]
    """
    metric = centres.to_crs(CELL_EPSG)
    # To the millimetre: a centre that went through degrees comes back a tenth of that away, and cells must tile.
    x, y = metric.x.to_numpy().round(3), metric.y.to_numpy().round(3)
    half = np.asarray(size_m, dtype="float64") / 2.0
    return gpd.GeoSeries(shapely.box(x - half, y - half, x + half, y + half), index=centres.index, crs=CELL_EPSG)
