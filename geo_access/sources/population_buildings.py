"""Cells spread over the buildings in them: people of a cell live in its houses, not in its fields."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_access.crs import WGS84
from geo_access.errors import Fault, raise_faults
from geo_access.sources.population_cells import CELL_EPSG, cell_squares

__all__ = ["spread_over_buildings"]


def spread_over_buildings(points: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Spread the people of each cell over its buildings, by footprint.

    A neighbourhood smaller than a cell then gets the people of its own buildings, instead of its share of the ground.
    A building on the edge counts in each cell for its part there; a cell without building stays a cell.

    Parameters
    ----------
    points : geopandas.GeoDataFrame
        ``point_id, population, cell_m`` [m] and weights, of :func:`geo_access.sources.population.read_population`.
    buildings : geopandas.GeoDataFrame
        Residential footprints (polygons), any CRS.

    Returns
    -------
    geopandas.GeoDataFrame
        Points as given, but a cell with buildings is replaced by one point per building part (``point_id`` =
        ``cell#n``, ``cell_m`` NaN); numbers are split by area, so that each cell keeps its totals.

    Raises
    ------
    InputError
        When columns are missing.

    Examples
    --------
    >>> cell = gpd.GeoDataFrame({"point_id": ["c"], "population": [10.0], "cell_m": [200.0]},
    ...     geometry=[shapely.Point(4_000_100, 3_000_100)], crs=3035)
    >>> houses = gpd.GeoDataFrame(geometry=[shapely.box(4_000_000, 3_000_000, 4_000_010, 3_000_030),
    ...     shapely.box(4_000_100, 3_000_100, 4_000_110, 3_000_110)], crs=3035)
    >>> spread_over_buildings(cell, houses)[["point_id", "population"]].values.tolist()
    [['c#1', 7.5], ['c#2', 2.5]]
    """
    needed = ("point_id", "population", "cell_m")
    raise_faults(Fault("points", f"column {name!r} is missing", "add it") for name in needed if name not in points)
    size_m = points["cell_m"].to_numpy(dtype="float64")
    rows = np.flatnonzero(np.isfinite(size_m))
    squares = cell_squares(points.geometry.iloc[rows], size_m[rows]).to_numpy()
    shapes = shapely.make_valid(buildings.geometry.to_crs(CELL_EPSG).to_numpy())
    at, of_building = shapely.STRtree(shapes).query(squares, predicate="intersects")
    parts = shapely.intersection(squares[at], shapes[of_building])
    area = shapely.area(parts)
    built = area > 0
    at, parts, area = at[built], parts[built], area[built]
    order = np.argsort(at, kind="stable")
    at, parts, area = at[order], parts[order], area[order]
    share = area / np.bincount(at, weights=area, minlength=len(rows))[at]
    first = np.searchsorted(at, at, side="left")
    spread = points.iloc[rows[at]].copy()
    spread["point_id"] = [
        f"{cell}#{n + 1}" for cell, n in zip(spread["point_id"], np.arange(len(at)) - first, strict=True)
    ]
    spread["cell_m"] = np.nan
    for name in spread.columns:
        if spread[name].dtype.kind in "fiu" and name != "cell_m":
            spread[name] = spread[name].to_numpy(dtype="float64") * share
    homes = gpd.GeoSeries(shapely.point_on_surface(parts), crs=CELL_EPSG).to_crs(points.crs or WGS84)
    spread = spread.set_geometry(gpd.GeoSeries(homes.to_numpy(), index=spread.index, crs=homes.crs))
    replaced = np.zeros(len(points), dtype=bool)
    replaced[rows[at]] = True
    result = pd.concat([points[~replaced], spread], ignore_index=True)
    return gpd.GeoDataFrame(result, geometry="geometry", crs=points.crs)
