"""Who and what lies in each band: sums over points, and exact zonal sums over a grid.

The same surface and bands as files: cloud-optimised GeoTIFF, GeoPackage, GeoJSON, GeoParquet.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_access.crs import to_metric
from geo_access.errors import import_extra, raise_faults
from geo_access.sources.tables.write import made_room, same_bytes
from geo_access.surfaces.surface import Surface
from geo_access.words.note import notes_plain
from geo_access.words.told import fault, refusal

__all__ = ["NODATA_S", "count_grid", "count_points", "write_bands", "write_surface"]


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
        fault(f"points: {name}", "surfaces.no_column", columns=", ".join(map(str, points.columns)))
        for name in columns
        if name not in points.columns
    ]
    faults += [
        fault(f"points: {name}", "surfaces.not_numeric")
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
        When the raster does not say its CRS, or the ``raster`` extra is not installed.
    """
    exact, sources = (import_extra(name, "raster") for name in ("exactextract", "exactextract.raster"))
    with import_extra("rasterio", "raster").open(raster) as source:
        raise_faults([] if source.crs else [fault(raster, "surfaces.raster_no_crs")])
        moved = bands.to_crs(source.crs)
        counts = source.read(1, masked=True).filled(0).astype(np.float64)
        west, south, east, north = source.bounds
        box = {"xmin": west, "ymin": south, "xmax": east, "ymax": north, "srs_wkt": source.crs.to_wkt()}
        grid = sources.NumPyRasterSource(counts, **box)
    shapes = gpd.GeoDataFrame(geometry=moved.geometry.to_numpy(), crs=moved.crs)
    present = ~shapes.geometry.is_empty.to_numpy()
    sums = np.zeros(len(bands))
    if present.any():
        sums[present] = exact.exact_extract(grid, shapes[present], ["sum"], output="pandas")["sum"].to_numpy()
    return pd.DataFrame({"minutes": bands["minutes"].to_numpy(), column: sums})


NODATA_S = -1.0
_DRIVERS = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".json": "GeoJSON"}


def write_surface(surface: Surface, path: str | Path) -> Path:
    """Write a surface as a cloud-optimised GeoTIFF.

    Parameters
    ----------
    surface : Surface
    path : str or pathlib.Path
        ``.tif`` file.

    Returns
    -------
    pathlib.Path
        The file: float32 seconds, north up, nodata −1, unit and question in its tags.

    Raises
    ------
    InputError
        When the name does not end in .tif, is that of a folder, or its folder cannot be made.
    """
    path = Path(path)
    if path.suffix.lower() not in (".tif", ".tiff"):
        raise refusal("surfaces.tif", file=path.name)
    frame = surface.frame
    half = frame.cell_m / 2
    west, north = frame.origin_x - half, frame.origin_y + frame.cell_m * (frame.rows - 1) + half
    values = np.where(np.isfinite(surface.values_s), surface.values_s, np.float32(NODATA_S))[::-1]
    profile = {
        "driver": "GTiff",
        "dtype": "float32",
        "count": 1,
        "height": frame.rows,
        "width": frame.cols,
        "crs": frame.epsg,
        "transform": import_extra("rasterio.transform", "raster").from_origin(west, north, frame.cell_m, frame.cell_m),
        "nodata": NODATA_S,
    }
    tags = {
        "units": "s",
        "quantity": "door-to-door travel time",
        "direction": "to the nearest site" if surface.reverse else "from the nearest site",
        "mode": surface.query.mode,
        "crow_fly": str(surface.crow_fly).lower(),
        "manifest_id": surface.manifest_id,
        "notes": json.dumps(notes_plain(surface.notes), ensure_ascii=False),
    }
    made_room(path)
    rasterio, shutil = (import_extra(name, "raster") for name in ("rasterio", "rasterio.shutil"))
    with import_extra("rasterio.io", "raster").MemoryFile() as memory:
        with memory.open(**profile) as draft:
            draft.write(values.astype(np.float32), 1)
            draft.update_tags(**tags)
            draft.set_band_unit(1, "s")
            draft.set_band_description(1, "travel_time_s")
        with memory.open() as draft, rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False):
            # Overviews take the nearest cell: a mean of times and "no time" would invent times.
            shutil.copy(draft, path, driver="COG", compress="deflate", predictor=3, overview_resampling="nearest")
    return path


def write_bands(bands: gpd.GeoDataFrame, path: str | Path) -> Path:
    """Write isochrones in the format that the file's name asks for.

    Parameters
    ----------
    bands : geopandas.GeoDataFrame
        From `geo_access.surfaces.bands.isochrones`.
    path : str or pathlib.Path
        ``.gpkg``, ``.geojson`` (in EPSG:4326, as its standard has it) or ``.parquet``.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        For another ending, a folder of that name, or a folder that cannot be made.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in (".parquet", *_DRIVERS):
        raise refusal("surfaces.format", file=path.name)
    made_room(path)
    plain = gpd.GeoDataFrame(bands.copy(), geometry="geometry", crs=bands.crs)
    plain["mode"] = str(bands.attrs.get("mode", ""))
    plain["crow_fly"] = bool(bands.attrs.get("crow_fly", False))
    plain["manifest_id"] = str(bands.attrs.get("manifest_id", ""))
    plain.attrs = {}
    if kind == ".parquet":
        plain.to_parquet(path, index=False)
    else:
        written = plain.to_crs(4326) if _DRIVERS[kind] == "GeoJSON" else plain
        path.unlink(missing_ok=True)
        with same_bytes():
            written.to_file(path, driver=_DRIVERS[kind], **({"layer": "isochrones"} if kind == ".gpkg" else {}))
    return path
