"""What slopes do to walking and cycling times.

Walking follows Tobler (1993), *Three presentations on geographical analysis and modeling*: 6 exp(−3.5 |s + 0.05|) km/h
on a slope s. Cycling follows Parkin & Rotheram (2010), Transport Policy 17: 21.6 km/h on the flat, 1.44 km/h less for
each per cent uphill and 0.86 more for each per cent downhill. Both are used as ratios to their own speed on the flat.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from geo_access.errors import CoverageError, InputError, MissingFileError
from geo_access.network.model import Streets

__all__ = ["cycling_factor", "slope_factors", "walking_factor"]

_STEEPEST = 0.4


def walking_factor(slope: np.ndarray) -> np.ndarray:
    """Return walking time on a slope over walking time on the flat (Tobler).

    Parameters
    ----------
    slope : ndarray of float64
        Rise over run, upwards positive; clipped to ±0.4.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> walking_factor(np.array([0.0, 0.1, -0.05])).round(3).tolist()
    [1.0, 1.419, 0.839]
    """
    clipped = np.clip(slope, -_STEEPEST, _STEEPEST)
    return np.exp(3.5 * (np.abs(clipped + 0.05) - 0.05))


def cycling_factor(slope: np.ndarray) -> np.ndarray:
    """Return cycling time on a slope over cycling time on the flat (Parkin & Rotheram); speed kept within 25–150 %.

    Parameters
    ----------
    slope : ndarray of float64
        Rise over run, upwards positive.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> cycling_factor(np.array([0.0, 0.05, -0.05])).round(3).tolist()
    [1.0, 1.5, 0.834]
    """
    per_cent = slope * 100.0
    speed = 21.6 - np.where(per_cent > 0, 1.44, 0.86) * per_cent
    return 1.0 / np.clip(speed / 21.6, 0.25, 1.5)


def _heights(xy: np.ndarray, epsg: int, dem: Path) -> np.ndarray:
    """Bilinear height of points, NaN outside the raster [m]."""
    import rasterio  # noqa: PLC0415 — importing the room stays cheap
    from rasterio.vrt import WarpedVRT  # noqa: PLC0415
    from rasterio.windows import Window, from_bounds  # noqa: PLC0415
    from scipy.ndimage import map_coordinates  # noqa: PLC0415

    if not dem.exists():
        raise MissingFileError(f"{dem}: elevation raster not found → check the path")
    try:
        with rasterio.open(dem) as raw, WarpedVRT(raw, crs=f"EPSG:{epsg}") as raster:
            low, high = xy.min(axis=0), xy.max(axis=0)
            window = from_bounds(*low, *high, transform=raster.transform).round_offsets().round_lengths()
            around = Window(window.col_off - 2, window.row_off - 2, window.width + 5, window.height + 5)
            window = around.intersection(Window(0, 0, raster.width, raster.height))
            values = raster.read(1, window=window, masked=True).astype(np.float64).filled(np.nan)
            inverse = ~raster.window_transform(window)
    except rasterio.errors.WindowError as error:
        raise CoverageError(f"{dem.name}: it does not cover the streets → take the raster of the area") from error
    except rasterio.errors.RasterioError as error:
        raise InputError(f"{dem.name}: it cannot be read as a raster ({error}) → give a GeoTIFF") from error
    columns, rows = inverse * (xy[:, 0], xy[:, 1])
    return map_coordinates(values, (rows - 0.5, columns - 0.5), order=1, mode="constant", cval=np.nan)


def slope_factors(streets: Streets, dem: str | Path | None) -> dict[str, np.ndarray]:
    """Factors on the times of each edge, along it and against it.

    Parameters
    ----------
    streets : Streets
    dem : path or None
        Elevation raster [m]; None for a flat world.

    Returns
    -------
    dict of str to ndarray of float64, shape (n_edges, 2)
        For ``walk``, ``bike`` and ``car``.

    Raises
    ------
    MissingFileError, InputError, CoverageError
        When the raster is absent, unreadable or elsewhere.
    """
    flat = np.ones((len(streets.edge_source), 2))
    if dem is None:
        return {"walk": flat, "bike": flat, "car": flat}
    heights = _heights(streets.geometry_xy, streets.epsg, Path(dem))
    if not np.isfinite(heights).any():
        raise CoverageError(f"{Path(dem).name}: it does not cover the streets → take the raster of the area")
    step = np.hypot(*np.diff(streets.geometry_xy, axis=0).T)
    rise = np.diff(heights)
    slope = np.where((step > 0) & np.isfinite(rise), rise / np.maximum(step, 1.0), 0.0)
    inner = np.ones(len(step), dtype=bool)
    inner[streets.geometry_indptr[1:-1] - 1] = False
    length = np.concatenate((step * inner, [0.0]))
    total = np.maximum(np.add.reduceat(length, streets.geometry_indptr[:-1]), 1e-9)
    factors = {"car": flat}
    for mode, factor in (("walk", walking_factor), ("bike", cycling_factor)):
        both = [
            np.add.reduceat(np.concatenate((factor(sign * slope), [1.0])) * length, streets.geometry_indptr[:-1])
            / total
            for sign in (1.0, -1.0)
        ]
        factors[mode] = np.where(total[:, None] > 1e-6, np.column_stack(both), 1.0)
    return factors
