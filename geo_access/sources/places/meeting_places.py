"""Where cars are left or shared: park-and-ride sites and places for car-pooling, as France publishes them."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.sources.osm import read_park_and_ride
from geo_access.sources.tables.points import find_positions
from geo_access.sources.tables.read import read_table
from geo_access.sources.tables.report import ReadingReport, make_report
from geo_access.sources.tables.text import fold, to_numbers, to_text
from geo_access.words.note import Note, note
from geo_access.words.told import refusal

__all__ = ["read_carpool_places", "read_parking_places"]

_OSM = (".pbf", ".osm", ".bz2", ".gz")
_NO = {"0", "false", "non", "no", "faux", "ferme"}


def read_parking_places(path: str | Path) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    r"""Read the places where a car is left to go on by public transport.

    Parameters
    ----------
    path : str or pathlib.Path
        The national base of car parks (BNLS: rows with ``nb_pr`` above 0), an OpenStreetMap file (``park_ride``), or
        any table or layer of points, each of which counts.

    Returns
    -------
    places : geopandas.GeoDataFrame
        ``id, name, capacity`` (places for park-and-ride, missing where not said), points, EPSG:4326.
    report : ReadingReport
        Rows that are no park-and-ride or have no position, and why.

    Raises
    ------
    InputError
        When the file cannot be read, or no row of it is a park-and-ride site with a position.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> file = Path(mkdtemp()) / "bnls.csv"
    >>> _ = file.write_text("id;nom;nb_pr;Xlong;Ylat\n59-P-1;Gare;120;3.07;50.63\n59-P-2;Centre;0;3.06;50.63\n")
    >>> places, report = read_parking_places(file)
    >>> places[["id", "capacity"]].values.tolist(), report.kept
    ([['59-P-1', 120]], 1)
    """
    file = Path(path)
    if file.suffix.lower() in _OSM:
        found = read_park_and_ride(file)
        if found.empty:
            raise refusal("places.no_parking", where=file.name)
        return found[["id", "name", "capacity", "geometry"]], make_report(file.name, len(found))
    table = read_table(file)
    spaces = _column(table, "nb_pr")
    capacity = np.full(len(table), np.nan) if spaces is None else to_numbers(table[spaces]).to_numpy(np.float64)
    # Without the column every row is what the user says the file holds.
    other = np.zeros(len(table), dtype=bool) if spaces is None else ~(capacity > 0)
    return _places(table, file.name, other, note("loss.no_park_and_ride"), capacity)


def read_carpool_places(path: str | Path) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    r"""Read the places where people meet to share a car: the national base (BNLC), or any table of points.

    Parameters
    ----------
    path : str or pathlib.Path

    Returns
    -------
    places : geopandas.GeoDataFrame
        ``id, name, capacity`` (parking places, missing where not said), points, EPSG:4326.
    report : ReadingReport
        Rows that are closed or have no position, and why.

    Raises
    ------
    InputError
        When the file cannot be read, or no row of it is open and has a position.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> file = Path(mkdtemp()) / "bnlc.csv"
    >>> rows = "59009-C-1,Aire du Lion d'Or,59009,true,3.13,50.62,30\n59009-C-2,Fermée,59009,false,3.14,50.62,5\n"
    >>> _ = file.write_text("id_lieu,nom_lieu,insee,ouvert,Xlong,Ylat,nbre_pl\n" + rows)
    >>> places, report = read_carpool_places(file)
    >>> places[["name", "capacity"]].values.tolist(), report.kept
    ([["Aire du Lion d'Or", 30]], 1)
    """
    file = Path(path)
    table = read_table(file)
    open_, spaces = _column(table, "ouvert"), _column(table, "nbre_pl")
    closed = np.zeros(len(table), dtype=bool)
    if open_ is not None:
        closed = to_text(table[open_]).fillna("").map(fold).isin(_NO).to_numpy()
    capacity = np.full(len(table), np.nan) if spaces is None else to_numbers(table[spaces]).to_numpy(np.float64)
    return _places(table, file.name, closed, note("loss.closed_place"), capacity)


def _column(table: pd.DataFrame, name: str) -> str | None:
    return next((str(column) for column in table.columns if fold(str(column)).replace(" ", "_") == name), None)


def _places(
    table: pd.DataFrame, where: str, other: np.ndarray, why: Note, capacity: np.ndarray
) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    """Keep the rows that are what is looked for and have a position."""
    x, y = _column(table, "xlong"), _column(table, "ylat")
    found = find_positions(table, where=where, x=x if y is not None else None, y=y if x is not None else None)
    own = next((name for name in ("id", "id_lieu") if _column(table, name) is not None), None)
    ids = pd.Series(map(str, range(1, len(table) + 1))) if own is None else to_text(table[str(_column(table, own))])
    ids = ids.reset_index(drop=True).fillna("")
    named = next((column for column in (_column(table, key) for key in ("nom", "nom_lieu", "name")) if column), None)
    names = pd.Series([""] * len(table)) if named is None else to_text(table[named]).fillna("").reset_index(drop=True)
    reasons = [why if out else reason for out, reason in zip(other.tolist(), found.reasons.tolist(), strict=True)]
    lost = [(row, str(ids[row]), reason) for row, reason in enumerate(reasons) if reason is not None]
    keep = np.array([reason is None for reason in reasons], dtype=bool)
    if not keep.any():
        raise refusal("places.no_parking", where=where)
    kept = pd.DataFrame(
        {
            "id": ids[keep].to_numpy(),
            "name": names[keep].to_numpy(),
            "capacity": pd.array(capacity[keep], dtype="Float64").astype("Int32"),
        }
    )
    geometry = found.geometry.reset_index(drop=True)[keep].to_numpy()
    return gpd.GeoDataFrame(kept, geometry=geometry, crs=found.geometry.crs), make_report(where, len(table), kept=lost)
