"""Rows that are one site, and rows that only say so: repeats, and ids that stand at two places."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_access.words.note import Note, note

__all__ = ["REPEATED", "repeated_ids", "repeated_rows", "split_shared_ids"]

REPEATED = note("loss.repeated")

# Nearer than this, two positions of one site are one place written twice.
_SAME_PLACE_M = 25.0
_METRES_PER_DEGREE = 111_320.0
_SHOWN = 5


def repeated_rows(table: pd.DataFrame) -> np.ndarray:
    """Say which rows of a table repeat an earlier one in every cell.

    Parameters
    ----------
    table : pandas.DataFrame or geopandas.GeoDataFrame
        As the file has it, before anything is read out of it.

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    >>> repeated_rows(pd.DataFrame({"id": ["a", "b", "a"], "level": ["CAP", "3", "CAP"]})).tolist()
    [False, False, True]
    """
    plain = pd.DataFrame({place: table.iloc[:, place].map(str) for place in range(table.shape[1])})
    return plain.duplicated().to_numpy(dtype=bool)


def split_shared_ids(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Any]]:
    """Make a site of each place of an id that stands at several, and say so.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        ``site_id``; Point in EPSG:4326, or None.

    Returns
    -------
    (geopandas.GeoDataFrame, list of Note)
        The first place keeps the id, the others are ``id#2``, ``id#3`` … Positions less than 25 m apart are one place;
        a row without position keeps its id.

    Examples
    --------
    >>> places = gpd.GeoSeries.from_xy([3.0, 3.1, 3.0], [50.0, 50.0, 50.0], crs=4326)
    >>> found, notes = split_shared_ids(gpd.GeoDataFrame({"site_id": ["a", "a", "a"]}, geometry=places))
    >>> found["site_id"].tolist(), [each.key for each in notes]
    (['a', 'a#2', 'a'], ['sites.shared_id'])
    """
    placed = np.flatnonzero(frame.geometry.notna().to_numpy())
    table = pd.DataFrame({"id": frame["site_id"].to_numpy()[placed], "at": placed})
    xy = shapely.get_coordinates(frame.geometry.to_numpy()[placed])
    table["x"], table["y"] = xy[:, 0], xy[:, 1]
    doubtful = table[~table.duplicated(["id", "x", "y"])].groupby("id", sort=False).filter(lambda part: len(part) > 1)
    if doubtful.empty:
        return frame, []
    ids = frame["site_id"].to_numpy(dtype=object).copy()
    taken, shared = set(ids.tolist()), []
    for identifier, part in table[table["id"].isin(set(doubtful["id"]))].groupby("id", sort=False):
        place = _places(part[["x", "y"]].to_numpy())
        if place.max() == 0:
            continue
        shared.append(str(identifier))
        for number in range(1, int(place.max()) + 1):
            name = _free(f"{identifier}#{number + 1}", taken)
            ids[part["at"].to_numpy()[place == number]] = name
    if not shared:
        return frame, []
    named = ", ".join(shared[:_SHOWN]) + (" …" if len(shared) > _SHOWN else "")
    return frame.assign(site_id=ids), [note("sites.shared_id", n=len(shared), ids=named)]


def _places(lonlat: np.ndarray) -> np.ndarray:
    """Give each position the number of its place, counted as they first appear; intp (n,)."""
    scale = np.array([_METRES_PER_DEGREE * np.cos(np.radians(lonlat[:, 1].mean())), _METRES_PER_DEGREE])
    centres: list[np.ndarray] = []
    place = np.zeros(len(lonlat), dtype=np.intp)
    for row, here in enumerate(lonlat):
        far = [np.hypot(*((here - centre) * scale)) for centre in centres]
        near = next((number for number, metres in enumerate(far) if metres <= _SAME_PLACE_M), None)
        if near is None:
            centres.append(here)
            near = len(centres) - 1
        place[row] = near
    return place


def _free(name: str, taken: set[Any]) -> str:
    while name in taken:
        name += "'"
    taken.add(name)
    return name


def repeated_ids(what: str, ids: pd.Series, where: str) -> Note:
    """Say that several rows of a register give one id: the first counts.

    Parameters
    ----------
    what : str
        ``SIRET``, ``UAI``.
    ids : pandas.Series
        Of the rows after the first.
    where : str
        The file.

    Returns
    -------
    Note

    Examples
    --------
    >>> repeated_ids("UAI", pd.Series(["a", "a", "b"]), "s.csv").told("en")
    's.csv: 3 rows repeat a UAI (a, b): the first row of each counts'
    """
    named = ", ".join(str(each) for each in ids.unique()[:5])
    return note("sites.id_again", n=len(ids), what=what, ids=named, file=where)
