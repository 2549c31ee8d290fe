"""What slopes do to walking and cycling times.

Walking follows Tobler (1993), *Three presentations on geographical analysis and modeling*: 6 exp(−3.5 |s + 0.05|) km/h
on a slope s. Cycling follows the regression of Parkin & Rotheram (2010), *Design speeds and acceleration
characteristics of bicycle traffic*, Transport Policy 17, 335–341: 21.6 km/h on the flat, 1.44 km/h less for each per
cent uphill and 0.86 more for each per cent downhill. That line reaches 0 km/h at 15 %: where pushing the bike at
Tobler's pace is faster, from 11.8 % on, the cyclist gets off. Downhill, nobody goes beyond 150 % of the speed on the
flat. Both are used as ratios to their own speed on the flat.

Heights are read along each street in steps of at least one cell of the raster: what is shorter than a cell is noise.
Cells of 25 m and more come from space, and each errs by some metres on its own (SRTM: Rodríguez, Morris & Belz 2006,
Photogrammetric Engineering & Remote Sensing 72(3), 249–260); as Tobler's function is convex, such errors only ever add
time. They are averaged with their neighbours, by a Gaussian of one cell, which leaves a steady climb as it is. On
bridges and in tunnels the ground is not the street: the slope is that from end to end.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from geo_access.errors import CoverageError, MissingFileError, import_extra
from geo_access.network.model import Streets
from geo_access.words.note import Note, note
from geo_access.words.told import refusal

if TYPE_CHECKING:
    from affine import Affine

__all__ = ["averaged", "cycling_factor", "slope_factors", "walking_factor"]

_STEEPEST = 0.4
_COARSE_M = 35.0
_NOISY_M = 25.0
# Cycling over walking speed on the flat, 15 and 4.8 km/h: what getting off costs.
_PUSHED = 15.0 / 4.8


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
    """Return cycling time on a slope over cycling time on the flat (Parkin & Rotheram; pushed where that is faster).

    Parameters
    ----------
    slope : ndarray of float64
        Rise over run, upwards positive; clipped to ±0.4.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> cycling_factor(np.array([0.0, 0.05, -0.05, 0.2])).round(3).tolist()
    [1.0, 1.5, 0.834, 6.293]
    """
    per_cent = np.clip(slope, -_STEEPEST, _STEEPEST) * 100.0
    speed = 21.6 - np.where(per_cent > 0, 1.44, 0.86) * per_cent
    ridden = 21.6 / np.clip(speed, 1e-3, 21.6 * 1.5)
    return np.minimum(ridden, _PUSHED * walking_factor(slope))


@dataclass(frozen=True, eq=False)
class _Raster:
    """Heights around the streets, NaN where unknown [m], and how to find a position in them."""

    values: np.ndarray
    inverse: Affine
    cell_m: float

    def at(self, xy: np.ndarray) -> np.ndarray:
        """Bilinear height of points, NaN outside [m]."""
        from scipy.ndimage import map_coordinates  # noqa: PLC0415 — importing the room stays cheap

        to = self.inverse
        columns, rows = (a * xy[:, 0] + b * xy[:, 1] + c for a, b, c in ((to.a, to.b, to.c), (to.d, to.e, to.f)))
        where = (rows - 0.5, columns - 0.5)
        return np.asarray(map_coordinates(self.values, where, order=1, mode="constant", cval=np.nan))


def _read(xy: np.ndarray, epsg: int, dem: Path) -> _Raster:
    """Read the part of a raster that lies around some points."""
    rasterio, windows = (import_extra(name, "raster") for name in ("rasterio", "rasterio.windows"))
    resampling = import_extra("rasterio.enums", "raster").Resampling.bilinear

    if not dem.exists():
        raise refusal("streets.no_raster", MissingFileError, file=dem)
    try:
        with (
            rasterio.open(dem) as raw,
            import_extra("rasterio.vrt", "raster").WarpedVRT(raw, crs=f"EPSG:{epsg}", resampling=resampling) as raster,
        ):
            low, high = xy.min(axis=0), xy.max(axis=0)
            window = windows.from_bounds(*low, *high, transform=raster.transform).round_offsets().round_lengths()
            around = windows.Window(window.col_off - 2, window.row_off - 2, window.width + 5, window.height + 5)
            window = around.intersection(windows.Window(0, 0, raster.width, raster.height))
            values = raster.read(1, window=window, masked=True).astype(np.float64).filled(np.nan)
            if max(map(abs, raster.res)) >= _NOISY_M:
                values = averaged(values)
            return _Raster(values, ~raster.window_transform(window), float(max(map(abs, raster.res))))
    except rasterio.errors.WindowError as error:
        raise refusal("streets.raster_elsewhere", CoverageError, file=dem.name) from error
    except rasterio.errors.RasterioError as error:
        raise refusal("streets.raster_unreadable", file=dem.name, why=error) from error


def averaged(values: np.ndarray) -> np.ndarray:
    """Average heights with their neighbours, by a Gaussian of one cell; a plane stays a plane.

    Parameters
    ----------
    values : ndarray of float64, shape (n_rows, n_columns)
        Heights, NaN where unknown [m].

    Returns
    -------
    ndarray of float64, shape (n_rows, n_columns)
        The same as given next to the edge and to what is unknown.
    """
    from scipy.ndimage import gaussian_filter  # noqa: PLC0415 — importing the room stays cheap

    known = np.isfinite(values)
    weight = gaussian_filter(known.astype(np.float64), 1.0, mode="constant")
    total = gaussian_filter(np.where(known, values, 0.0), 1.0, mode="constant")
    # At the edge of what is known neighbours lie to one side only: averaging would tilt the ground there.
    whole = known & (weight > 0.999)
    return np.where(whole, total / np.maximum(weight, 1e-9), values)


def _slopes(streets: Streets, raster: _Raster, crossing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slopes of equal parts of each edge, as drawn, NaN where unknown; and the first part of each edge (CSR)."""
    xy, indptr = np.asarray(streets.geometry_xy), np.asarray(streets.geometry_indptr)
    step = np.hypot(*np.diff(xy, axis=0).T)
    step[indptr[1:-1] - 1] = 1.0  # between edges: only to keep them apart
    walked = np.concatenate(([0.0], np.cumsum(step)))
    begin, length = walked[indptr[:-1]], walked[indptr[1:] - 1] - walked[indptr[:-1]]
    parts = np.where(crossing, 1, np.maximum(1, length // raster.cell_m)).astype(np.int64)
    first = np.concatenate(([0], np.cumsum(parts)))
    edge = np.repeat(np.arange(len(parts)), parts + 1)
    k = np.arange(len(edge)) - (first[:-1] + np.arange(len(parts)))[edge]
    at = begin[edge] + length[edge] * k / parts[edge]
    heights = raster.at(np.column_stack((np.interp(at, walked, xy[:, 0]), np.interp(at, walked, xy[:, 1]))))
    inside = edge[1:] == edge[:-1]
    run = np.maximum(length / parts, 1.0)[edge[1:][inside]]
    return np.diff(heights)[inside] / run, first


def slope_factors(
    streets: Streets, dem: str | Path | None, *, crossing: np.ndarray | None = None
) -> tuple[dict[str, np.ndarray], tuple[Note, ...]]:
    """Factors on the times of each edge, along it and against it.

    Parameters
    ----------
    streets : Streets
    dem : path or None
        Elevation raster [m]; None for a flat world.
    crossing : ndarray of bool, shape (n_edges,), optional
        Bridges and tunnels.

    Returns
    -------
    factors : dict of str to ndarray of float64, shape (n_edges, 2)
        For ``walk``, ``bike`` and ``car`` (1: motors do not mind).
    notes : tuple of Note
        Where the heights come from, and how many edges they do not cover.

    Raises
    ------
    MissingFileError, InputError, CoverageError
        When the raster is absent, unreadable or elsewhere.
    """
    n_edges = len(streets.edge_source)
    flat = np.ones((n_edges, 2))
    if dem is None:
        return {"walk": flat, "bike": flat, "car": flat}, ()
    raster = _read(np.asarray(streets.geometry_xy), streets.epsg, Path(dem))
    slope, first = _slopes(streets, raster, np.zeros(n_edges, dtype=bool) if crossing is None else crossing)
    known = np.isfinite(slope)
    if not known.any():
        raise refusal("streets.raster_elsewhere", CoverageError, file=Path(dem).name)
    slope = np.where(known, slope, 0.0)
    factors = {"car": flat}
    for mode, factor in (("walk", walking_factor), ("bike", cycling_factor)):
        both = [np.add.reduceat(factor(sign * slope), first[:-1]) / np.diff(first) for sign in (1.0, -1.0)]
        factors[mode] = np.column_stack(both)
    lost = int(np.logical_or.reduceat(~known, first[:-1]).sum())
    grain = "coarse" if raster.cell_m > _COARSE_M else "fine"
    notes = [note(f"streets.slopes_{grain}", file=Path(dem).name, cell=f"{raster.cell_m:.0f}")]
    if lost:
        notes.append(note("streets.slopes_unknown", n=lost, edges=n_edges))
    return factors, tuple(notes)
