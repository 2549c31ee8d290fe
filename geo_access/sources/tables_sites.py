"""What tables of sites share: ids, names, positions with their quality, and codes in one cell."""

from __future__ import annotations

import re
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.sources.tables_points import Positions, find_positions
from geo_access.sources.tables_text import fold, to_text

__all__ = ["QUALITIES", "Sites", "join_reasons", "read_sites", "split_codes"]

QUALITIES = ("exact", "street", "commune", "none")

_QUALITY_WORDS = {
    "exact": "exact", "housenumber": "exact", "numero": "exact", "adresse": "exact", "11": "exact", "12": "exact",
    "street": "street", "rue": "street", "voie": "street", "locality": "street", "lieu dit": "street", "21": "street",
    "22": "street", "commune": "commune", "municipality": "commune", "33": "commune", "ville": "commune",
    "none": "none", "aucune": "none",
}  # fmt: skip
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
    reasons[withheld] = "the file says that its position cannot be relied on"
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


def join_reasons(rows: list[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    """Sort losses by row, keeping the first reason of each row.

    Examples
    --------
    >>> join_reasons([(2, "b", "late"), (1, "a", "x"), (2, "b", "again")])
    [(1, 'a', 'x'), (2, 'b', 'late')]
    """
    first: dict[int, tuple[int, str, str]] = {}
    for row in rows:
        first.setdefault(row[0], row)
    return [first[row] for row in sorted(first)]
