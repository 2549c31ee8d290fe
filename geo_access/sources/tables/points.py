"""Positions of the rows of a table: geometry or two columns of numbers, and why a row has none.

What tables of sites share: ids, names, positions with their quality, and codes in one cell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from geo_access.crs import WGS84
from geo_access.errors import InputError
from geo_access.sources.tables.report import Loss
from geo_access.sources.tables.text import fold, pick_columns, to_numbers, to_text
from geo_access.words.note import note
from geo_access.words.told import refusal

__all__ = [
    "LAT_NAMES",
    "LON_NAMES",
    "QUALITIES",
    "Positions",
    "Sites",
    "find_positions",
    "join_reasons",
    "read_sites",
    "split_codes",
]

LON_NAMES = ("lon", "longitude", "lng", "x_longitude", "long", "x", "coord_x", "lambert_x", "coordonnee_x")
LAT_NAMES = ("lat", "latitude", "y_latitude", "y", "coord_y", "lambert_y", "coordonnee_y")

_FRANCE = (-5.5, 41.0, 10.0, 51.6)
_NO_POSITION = note("loss.no_position")
_NOT_DEGREES = note("loss.not_degrees")
_NULL_ISLAND = note("loss.null_island")
_SWAPPED = note("loss.swapped")
_OUT_OF_CRS = note("loss.out_of_crs")


@dataclass(frozen=True, eq=False)
class Positions:
    """Where each row is, or why it is nowhere.

    Attributes
    ----------
    geometry : geopandas.GeoSeries of Point, EPSG:4326
        None where there is no position.
    reasons : ndarray of object, shape (n,)
        Note where there is no position, else None.
    """

    geometry: gpd.GeoSeries
    reasons: np.ndarray

    def lost(self, ids: pd.Series) -> list[Loss]:
        """Rows without a position, as (row, id, reason)."""
        texts = ids.tolist()
        return [(row, str(texts[row]), why) for row, why in enumerate(self.reasons) if why is not None]


def find_positions(
    table: pd.DataFrame,
    *,
    where: str,
    x: str | None = None,
    y: str | None = None,
    crs: str | int | None = None,
) -> Positions:
    """Find the position of each row, in degrees.

    A geometry that is not a point gives the point on it. Numbers beyond degrees are refused unless `crs` says what
    they are.

    Parameters
    ----------
    table : pandas.DataFrame or geopandas.GeoDataFrame
        Rows.
    where : str
        Name of the table, for messages.
    x, y : str, optional
        Columns of easting or longitude, and of northing or latitude; found by name when not given.
    crs : str or int, optional
        CRS of the numbers; degrees (EPSG:4326) when not given. A layer that says its own CRS keeps it.

    Returns
    -------
    Positions

    Raises
    ------
    InputError
        When there is neither geometry nor pair of columns, or most numbers cannot be in the CRS said.

    Examples
    --------
    >>> table = pd.DataFrame({"lon": ["3,06", None], "lat": ["50,63", None]})
    >>> found = find_positions(table, where="sites.csv")
    >>> found.geometry.iloc[0].wkt, str(found.reasons[1])
    ('POINT (3.06 50.63)', 'no position in the file')
    """
    declared = _crs(crs, where)
    if isinstance(table, gpd.GeoDataFrame) and x is None and y is None:
        eastings, northings, own = _of_geometry(table, declared, where)
    else:
        given: Mapping[str, str | None] = {"x": x, "y": y}
        found = pick_columns(table.columns, {"x": LON_NAMES, "y": LAT_NAMES}, where=where, given=given)
        eastings = to_numbers(table[found["x"]]).to_numpy()
        northings = to_numbers(table[found["y"]]).to_numpy()
        own = declared or CRS.from_epsg(WGS84)
    return _checked(eastings, northings, own, where, table.index)


def _crs(crs: str | int | None, where: str) -> CRS | None:
    if crs is None:
        return None
    try:
        return CRS.from_user_input(crs)
    except CRSError as error:
        raise refusal("table.crs", where=where, crs=crs) from error


def _of_geometry(table: gpd.GeoDataFrame, declared: CRS | None, where: str) -> tuple[np.ndarray, np.ndarray, CRS]:
    own = table.crs or declared
    if own is None:
        raise InputError(
            f"{where}: the layer does not say its CRS → give crs=, for instance 2154",
            key="no_crs",
            values={"file": where},
        )
    geometry = table.geometry.to_numpy()
    kinds = shapely.get_type_id(geometry)
    flat = np.where((kinds > 0) & ~shapely.is_empty(geometry), shapely.point_on_surface(geometry), geometry)
    return shapely.get_x(flat), shapely.get_y(flat), own


def _checked(eastings: np.ndarray, northings: np.ndarray, crs: CRS, where: str, index: pd.Index) -> Positions:
    reasons = np.full(len(eastings), None, dtype=object)
    missing = ~np.isfinite(eastings) | ~np.isfinite(northings)
    reasons[missing] = _NO_POSITION
    zero = ~missing & (eastings == 0.0) & (northings == 0.0)
    reasons[zero] = _NULL_ISLAND
    usable = ~missing & ~zero
    if crs.is_geographic:
        outside = usable & ((np.abs(eastings) > 180.0) | (np.abs(northings) > 90.0))
        if usable.any() and outside.sum() > 0.5 * usable.sum():
            x, y = eastings[outside], northings[outside]
            raise refusal(_guess(x, y), where=where, x=round(x[0]), y=round(y[0]))
        reasons[outside] = _NOT_DEGREES
        usable &= ~outside
        lon, lat = eastings.copy(), northings.copy()
    else:
        degrees = usable & (np.abs(eastings) <= 180.0) & (np.abs(northings) <= 90.0)
        if usable.any() and degrees.sum() > 0.5 * usable.sum():
            raise refusal("table.degrees", where=where, crs=crs.name)
        projected = gpd.GeoSeries(gpd.points_from_xy(eastings[usable], northings[usable]), crs=crs).to_crs(WGS84)
        lon, lat = np.full(len(eastings), np.nan), np.full(len(eastings), np.nan)
        lon[usable], lat[usable] = projected.x.to_numpy(), projected.y.to_numpy()
        beyond = usable & (~np.isfinite(lon) | ~np.isfinite(lat))
        reasons[beyond] = _OUT_OF_CRS
        usable &= ~beyond
    swapped = usable & _swapped(lon, lat, usable)
    reasons[swapped] = _SWAPPED
    usable &= ~swapped
    points = np.full(len(lon), None, dtype=object)
    points[usable] = shapely.points(lon[usable], lat[usable])
    return Positions(gpd.GeoSeries(points, index=index, crs=WGS84), reasons)


def _guess(eastings: np.ndarray, northings: np.ndarray) -> str:
    """Key of the refusal, by the CRS that the numbers look like."""
    x, y = float(np.median(eastings)), float(np.median(northings))
    if 0 < x < 1.3e6 and 6.0e6 < y < 7.2e6:
        return "table.look_lambert"
    if 2.5e6 < x < 7.5e6 and 1.3e6 < y < 5.5e6:
        return "table.look_laea"
    return "table.look_unknown"


def _swapped(lon: np.ndarray, lat: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Rows that fall in France only once swapped, in a table that is mostly in France as it stands."""
    west, south, east, north = _FRANCE
    right = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    wrong = (lat >= west) & (lat <= east) & (lon >= south) & (lon <= north)
    return wrong & ~right if right[usable].sum() > wrong[usable].sum() else np.zeros(len(lon), dtype=bool)


QUALITIES = ("exact", "street", "commune", "none")

_QUALITY_WORDS = {
    "exact": "exact",
    "housenumber": "exact",
    "numero": "exact",
    "adresse": "exact",
    "11": "exact",
    "12": "exact",
    "street": "street",
    "rue": "street",
    "voie": "street",
    "locality": "street",
    "lieu dit": "street",
    "21": "street",
    "22": "street",
    "commune": "commune",
    "municipality": "commune",
    "33": "commune",
    "ville": "commune",
    "none": "none",
    "aucune": "none",
}
# What producers write where they know no code.
_PLACEHOLDERS = frozenset({"Z9999", "ZZZZZ", "00000", "NC", "NR", "NA"})
_SPLIT = re.compile(r"[\s;,|/]+")


@dataclass(frozen=True, eq=False)
class Sites:
    """Sites of a table, row by row.

    Attributes
    ----------
    ids, names : pandas.Series of object
        Text; None where missing.
    positions : Positions
        Where each row is, or why it is nowhere.
    quality : ndarray of object, shape (n,)
        ``exact``, ``street``, ``commune`` or ``none``.
    """

    ids: pd.Series
    names: pd.Series
    positions: Positions
    quality: np.ndarray


def read_sites(table: pd.DataFrame, columns: dict[str, str], *, where: str, crs: str | int | None) -> Sites:
    """Read ids, names and positions of the rows of a table.

    Parameters
    ----------
    table : pandas.DataFrame or geopandas.GeoDataFrame
        Rows, index 0…n−1.
    columns : dict of str to str
        Our name → column: ``site_id``, ``site_name``, ``position_quality``, ``x``, ``y`` where the table has them.
    where : str
        Name of the table.
    crs : str or int, optional
        CRS of the numbers.

    Returns
    -------
    Sites

    Raises
    ------
    InputError
        When there is neither geometry nor pair of columns.

    Examples
    --------
    >>> table = pd.DataFrame({"uai": ["0590005K"], "lon": ["3.49"], "lat": ["50.37"]})
    >>> sites = read_sites(table, {"site_id": "uai"}, where="x.csv", crs=None)
    >>> sites.ids.tolist(), sites.quality.tolist()
    (['0590005K'], ['exact'])
    """
    empty = pd.Series([None] * len(table), index=table.index, dtype=object)
    names = to_text(table[columns["site_name"]]) if "site_name" in columns else empty
    ids = to_text(table[columns["site_id"]]) if "site_id" in columns else names
    x, y = columns.get("x"), columns.get("y")
    positions = find_positions(table, where=where, x=x, y=y, crs=crs)
    quality = np.full(len(table), "exact", dtype=object)
    if "position_quality" in columns:
        words = to_text(table[columns["position_quality"]]).fillna("exact")
        quality = np.array([_QUALITY_WORDS.get(fold(word), "street") for word in words], dtype=object)
    located = ~pd.isna(positions.geometry).to_numpy()
    quality[~located] = "none"
    reasons = positions.reasons.copy()
    withheld = located & (quality == "none")
    reasons[withheld] = note("loss.withheld")
    points = positions.geometry.to_numpy().copy()
    points[withheld] = None
    cleaned = Positions(gpd.GeoSeries(points, index=table.index, crs=positions.geometry.crs), reasons)
    return Sites(ids=ids, names=names.where(names.notna(), ids), positions=cleaned, quality=quality)


def split_codes(values: pd.Series) -> list[list[str]]:
    """Codes of each cell, which may hold several separated by spaces, commas, semicolons, bars or slashes.

    Parameters
    ----------
    values : pandas.Series
        Text.

    Returns
    -------
    list of list of str
        Upper-case codes in their order, each once; placeholders such as ``Z9999`` are no codes.

    Examples
    --------
    >>> split_codes(pd.Series(["h2902; H2913", None]))
    [['H2902', 'H2913'], []]
    """
    return [
        list(dict.fromkeys(part.upper() for part in _SPLIT.split(text) if part and part.upper() not in _PLACEHOLDERS))
        if text
        else []
        for text in to_text(values).tolist()
    ]


def join_reasons(rows: list[Loss]) -> list[Loss]:
    """Sort losses by row, keeping the first reason of each row.

    Examples
    --------
    >>> from geo_access.words.note import note
    >>> late, odd = note("loss.no_id"), note("loss.no_place")
    >>> [row for row, _, _ in join_reasons([(2, "b", late), (1, "a", odd), (2, "b", odd)])]
    [1, 2]
    """
    first: dict[int, Loss] = {}
    for row in rows:
        first.setdefault(row[0], row)
    return [first[row] for row in sorted(first)]
