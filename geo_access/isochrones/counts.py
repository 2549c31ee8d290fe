"""Who and what lies in each band: sums over points, and exact zonal sums over a grid."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource

from geo_access.crs import to_metric
from geo_access.errors import Fault, raise_faults

__all__ = ["count_grid", "count_points"]


def count_points(bands: gpd.GeoDataFrame, points: gpd.GeoDataFrame, *, columns: Sequence[str]) -> pd.DataFrame:
    """Sum columns of points within each band: residents, job-seekers, places, openings.

    Parameters
    ----------
    bands : geopandas.GeoDataFrame
        Cumulative polygons, ascending ``minutes``, metric CRS.
    points : geopandas.GeoDataFrame
        Points with a CRS; those without position count in no band.
    columns : sequence of str
        Numeric columns to sum; missing values count as 0.

    Returns
    -------
    pandas.DataFrame
        One row for each band: ``minutes``, the sums up to that cutoff, and ``<column>_share`` of all points
        (0–1, NaN where the total is 0). A point on an outline counts as inside.

    Raises
    ------
    InputError
        When a column is missing or not numeric, or the points do not say their CRS.

    Examples
    --------
    >>> bands = gpd.GeoDataFrame({"minutes": [15.0, 30.0]}, geometry=[shapely.box(0, 0, 1, 1), shapely.box(0, 0, 3, 3)],
    ...                          crs=2154)
    >>> homes = gpd.GeoDataFrame({"population": [4, 8, 16]}, geometry=shapely.points([0.5, 2, 9], 0.5), crs=2154)
    >>> count_points(bands, homes, columns=["population"])["population"].tolist()
    [4.0, 12.0]
    """
    faults = [
        Fault(f"points: {name}", "this column is missing", "columns: " + ", ".join(map(str, points.columns)))
        for name in columns
        if name not in points.columns
    ]
    faults += [
        Fault(f"points: {name}", "not numeric", "convert it before counting")
        for name in columns
        if name in points.columns and not pd.api.types.is_numeric_dtype(points[name])
    ]
    raise_faults(faults)
    placed = to_metric(points, bands.crs.to_epsg())
    geometry = placed.geometry.to_numpy()
    located = np.flatnonzero(~(shapely.is_missing(geometry) | shapely.is_empty(geometry)))
    tree = shapely.STRtree(geometry[located])
    result: dict[str, object] = {"minutes": bands["minutes"].to_numpy()}
    inside = [located[tree.query(area, predicate="intersects")] for area in bands.geometry]
    for name in columns:
        values = placed[name].fillna(0).to_numpy(dtype=np.float64)
        sums = np.array([values[rows].sum() for rows in inside])
        total = values.sum()
        result[name] = sums
        result[f"{name}_share"] = sums / total if total else np.full(len(sums), np.nan)
    return pd.DataFrame(result)


def count_grid(bands: gpd.GeoDataFrame, raster: str, *, column: str = "population") -> pd.DataFrame:
    """Sum a raster of counts within each band, each cell by the share of it that lies inside.

    Parameters
    ----------
    bands : geopandas.GeoDataFrame
        Cumulative polygons, ascending ``minutes``.
    raster : str
        Path of a raster of counts per cell (residents per 200 m cell), of any CRS.
    column : str
        Name of the sum.

    Returns
    -------
    pandas.DataFrame
        ``minutes`` and the sum up to each cutoff (exact coverage fractions, `exactextract`).

    Raises
    ------
    InputError
        When the raster does not say its CRS.
    """
    with rasterio.open(raster) as source:
        raise_faults(
            [] if source.crs else [Fault(raster, "the raster does not say its CRS", "assign it with gdal_edit")]
        )
        moved = bands.to_crs(source.crs)
        counts = source.read(1, masked=True).filled(0).astype(np.float64)
        west, south, east, north = source.bounds
        grid = NumPyRasterSource(counts, xmin=west, ymin=south, xmax=east, ymax=north, srs_wkt=source.crs.to_wkt())
    shapes = gpd.GeoDataFrame(geometry=moved.geometry.to_numpy(), crs=moved.crs)
    present = ~shapes.geometry.is_empty.to_numpy()
    sums = np.zeros(len(bands))
    if present.any():
        sums[present] = exact_extract(grid, shapes[present], ["sum"], output="pandas")["sum"].to_numpy()
    return pd.DataFrame({"minutes": bands["minutes"].to_numpy(), column: sums})
