"""Coordinate systems: which metric one a territory uses, and the checks that catch wrong ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_access.errors import Fault, raise_faults

if TYPE_CHECKING:  # streets need no tables: 70 MB and half a second less
    import geopandas as gpd

__all__ = ["LAMBERT_93", "WGS84", "check_lonlat", "metric_epsg", "metric_fault", "to_metric"]

WGS84 = 4326
LAMBERT_93 = 2154

# Metropolitan France and its near neighbours: where Lambert-93 keeps distances within 1 ‰ or so.
_FRANCE_LONLAT = (-5.5, 41.0, 10.0, 51.6)


def metric_epsg(lon: float, lat: float) -> int:
    """EPSG code of the metric CRS used around a point.

    Parameters
    ----------
    lon, lat : float
        Degrees, EPSG:4326.

    Returns
    -------
    int
        2154 (Lambert-93) in and around metropolitan France, else the WGS 84 UTM zone.

    Examples
    --------
    >>> metric_epsg(3.06, 50.63), metric_epsg(-51.2, -30.0)
    (2154, 32722)
    """
    west, south, east, north = _FRANCE_LONLAT
    if west <= lon <= east and south <= lat <= north:
        return LAMBERT_93
    zone = int((lon + 180.0) // 6.0) + 1
    return (32600 if lat >= 0 else 32700) + min(zone, 60)


def metric_fault(epsg: int, lonlat: tuple[float, float] | None = None) -> str:
    """Say what keeps a CRS from measuring distances in metres; nothing where it does.

    Parameters
    ----------
    epsg : int
    lonlat : (float, float), optional
        Where it is used [degree]; without it only its kind is looked at.

    Returns
    -------
    str
        ``unknown``, ``degrees``, ``kind`` (neither projected nor flat), ``unit``, ``scale`` (off by more than 1 % at
        the place), or empty.

    Examples
    --------
    >>> [metric_fault(epsg) for epsg in (2154, 4326, 4978, 0, -1)]
    ['', 'degrees', 'kind', 'unknown', 'unknown']
    >>> metric_fault(3857, (3.06, 50.63)), metric_fault(2154, (3.06, 50.63)), metric_fault(2154, (-51.2, -30.0))
    ('scale', '', 'scale')
    """
    from pyproj import CRS, Proj  # noqa: PLC0415 — importing the room stays cheap
    from pyproj.exceptions import CRSError, ProjError  # noqa: PLC0415

    try:
        crs = CRS.from_epsg(epsg)
    except (CRSError, TypeError, ValueError):
        return "unknown"
    if crs.is_geographic:
        return "degrees"
    if not crs.is_projected:
        return "kind"
    if any(axis.unit_name not in ("metre", "meter") for axis in crs.axis_info[:2]):
        return "unit"
    if lonlat is None:
        return ""
    try:
        factors = Proj(crs).get_factors(*lonlat, errcheck=True)
    except ProjError:
        return "scale"
    off = (abs(factors.meridional_scale - 1.0), abs(factors.parallel_scale - 1.0))
    return "" if max(off) <= _WORST_SCALE else "scale"


_WORST_SCALE = 0.01


def check_lonlat(lon: np.ndarray, lat: np.ndarray, ids: np.ndarray, *, where: str) -> None:
    """Refuse coordinates that cannot be degrees, are missing, or sit at (0, 0).

    Parameters
    ----------
    lon, lat : ndarray of float64, shape (n,)
        Degrees, EPSG:4326.
    ids : ndarray of str, shape (n,)
        The points' ids, for the message.
    where : str
        Name of the table, for the message.

    Raises
    ------
    InputError
        With every fault found.

    Examples
    --------
    >>> check_lonlat(np.array([3.0]), np.array([50.6]), np.array(["a"]), where="sites")
    """
    faults = []
    missing = ~np.isfinite(lon) | ~np.isfinite(lat)
    null_island = (lon == 0.0) & (lat == 0.0)
    outside = ~missing & ((np.abs(lon) > 180.0) | (np.abs(lat) > 90.0))
    for mask, key, what, remedy in (
        (missing, "lonlat.none", "no coordinates", "give longitude and latitude, or leave the row to the geocoder"),
        (null_island, "lonlat.zero", "position (0, 0)", "a default written by a tool: give the true position"),
        (
            outside,
            "lonlat.beyond",
            "not degrees (beyond ±180, ±90)",
            "declare the CRS of the numbers, such as 2154",
        ),
    ):
        faults += [Fault(f"{where}: id {ids[i]}", what, remedy, key=key) for i in np.flatnonzero(mask)[:20]]
    raise_faults(faults)


def to_metric(frame: gpd.GeoDataFrame, epsg: int) -> gpd.GeoDataFrame:
    """Reproject a layer, refusing one that does not say its CRS.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        Any layer with a declared CRS.
    epsg : int
        Target.

    Returns
    -------
    geopandas.GeoDataFrame
        The layer in `epsg`.

    Raises
    ------
    InputError
        When the layer has no CRS.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> sites = gpd.GeoDataFrame({"id": ["a"]}, geometry=[Point(3, 46.5)], crs=4326)
    >>> to_metric(sites, 2154).geometry.x.round().tolist()
    [700000.0]
    """
    if frame.crs is None:
        remedy = "set it, for instance frame.set_crs(2154)"
        raise_faults([Fault("layer", "it does not say its CRS", remedy, key="layer_no_crs")])
    return frame.to_crs(epsg)
