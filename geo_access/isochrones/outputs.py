"""The same surface and bands as files: cloud-optimised GeoTIFF, GeoPackage, GeoJSON, GeoParquet."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
from rasterio.io import MemoryFile
from rasterio.shutil import copy
from rasterio.transform import from_origin

from geo_access.errors import InputError
from geo_access.isochrones.surface import Surface

__all__ = ["NODATA_S", "write_bands", "write_surface"]

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
        When the name does not end in .tif.
    """
    path = Path(path)
    if path.suffix.lower() not in (".tif", ".tiff"):
        raise InputError(f"{path.name}: a surface is written as GeoTIFF → end the name in .tif")
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
        "transform": from_origin(west, north, frame.cell_m, frame.cell_m),
        "nodata": NODATA_S,
    }
    tags = {
        "units": "s",
        "quantity": "door-to-door travel time",
        "direction": "to the nearest site" if surface.reverse else "from the nearest site",
        "mode": surface.query.mode,
        "crow_fly": str(surface.crow_fly).lower(),
        "manifest_id": surface.manifest_id,
        "notes": json.dumps(list(surface.notes), ensure_ascii=False),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with MemoryFile() as memory:
        with memory.open(**profile) as draft:
            draft.write(values.astype(np.float32), 1)
            draft.update_tags(**tags)
            draft.set_band_unit(1, "s")
            draft.set_band_description(1, "travel_time_s")
        with memory.open() as draft, rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False):
            # Overviews take the nearest cell: a mean of times and "no time" would invent times.
            copy(draft, path, driver="COG", compress="deflate", predictor=3, overview_resampling="nearest")
    return path


def write_bands(bands: gpd.GeoDataFrame, path: str | Path) -> Path:
    """Write isochrones in the format that the file's name asks for.

    Parameters
    ----------
    bands : geopandas.GeoDataFrame
        From `geo_access.isochrones.bands.isochrones`.
    path : str or pathlib.Path
        ``.gpkg``, ``.geojson`` (in EPSG:4326, as its standard has it) or ``.parquet``.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        For another ending.
    """
    path = Path(path)
    kind = path.suffix.lower()
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = gpd.GeoDataFrame(bands.copy(), geometry="geometry", crs=bands.crs)
    plain["mode"] = str(bands.attrs.get("mode", ""))
    plain["crow_fly"] = bool(bands.attrs.get("crow_fly", False))
    plain["manifest_id"] = str(bands.attrs.get("manifest_id", ""))
    plain.attrs = {}
    if kind == ".parquet":
        plain.to_parquet(path, index=False)
    elif kind in _DRIVERS:
        written = plain.to_crs(4326) if _DRIVERS[kind] == "GeoJSON" else plain
        path.unlink(missing_ok=True)
        written.to_file(path, driver=_DRIVERS[kind], **({"layer": "isochrones"} if kind == ".gpkg" else {}))
    else:
        raise InputError(f"{path.name}: unknown format → .gpkg, .geojson or .parquet")
    return path
