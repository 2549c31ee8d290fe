"""What the files of a folder are, by what is in them and not by what they are called."""

from __future__ import annotations

import bz2
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geo_access.errors import GeoAccessError, MissingFileError
from geo_access.sources.places.population import decode_cells
from geo_access.sources.places.zones import recognise_zoning
from geo_access.sources.tables.points import LAT_NAMES, LON_NAMES
from geo_access.sources.tables.read import read_table
from geo_access.sources.tables.text import fold
from geo_access.study.known_formats import format_of_columns
from geo_access.study.needs import need_format

__all__ = ["ROLES", "Recognised", "recognise"]

ROLES = (
    "streets",
    "feed",
    "zones",
    "points",
    "training",
    "employers",
    "schools",
    "communes",
    "need",
    "carpool",
    "unknown",
)
_TABLES = (".csv", ".txt", ".tsv", ".parquet", ".xlsx", ".json", ".geojson", ".gpkg", ".shp", ".zip")
# Tables above are named, not opened: a stock of all establishments of France is chosen by hand.
_MOST_BYTES = 80_000_000
_MOST_FILES = 500
_POPULATION = {"population", "ind", "pop", "pmun", "ptot", "habitants", "popmun"}
_METIER = {"metier", "coderome", "rome", "romecode", "coderome1"}
_OPENINGS = {"openings", "postes", "nombrepostes", "nbpostes", "shiftstart", "shiftend", "heuredebut", "heurefin"}
_PLACED = ({fold(name).replace(" ", "") for name in LON_NAMES}, {fold(name).replace(" ", "") for name in LAT_NAMES})


@dataclass(frozen=True)
class Recognised:
    """One file, and what it can serve as.

    Attributes
    ----------
    path : pathlib.Path
    role : str
        One of `ROLES`.
    format : str
        For training and employers, the ``format`` of the study file; for zones, their kind; for the need, the key of
        ``[needs]``.
    rows : int
        Rows of a table; 0 for others.
    codes : tuple of str
        Métiers of a table of training or employers, most frequent first.
    """

    path: Path
    role: str
    format: str = ""
    rows: int = 0
    codes: tuple[str, ...] = ()


def recognise(folder: str | Path) -> tuple[Recognised, ...]:
    """Say what each file of a folder is; sub-folders are looked into once, hidden ones not at all.

    Parameters
    ----------
    folder : str or pathlib.Path

    Returns
    -------
    tuple of Recognised
        By role, then by name.

    Raises
    ------
    MissingFileError
        When there is no such folder.

    Examples
    --------
    >>> found = recognise("data/demo")
    >>> [each.path.name for each in found if each.role in ("zones", "points", "training", "employers")]
    ['zones.geojson', 'points.csv', 'training.csv', 'employers.csv']
    """
    home = Path(folder)
    if not home.is_dir():
        raise MissingFileError(f"{home}: no such folder → check the path", key="no_folder", values={"folder": home})
    files = [path for path in (*home.iterdir(), *home.glob("[!.]*/*")) if path.is_file()]
    visible = sorted(path for path in files if not path.name.startswith("."))[:_MOST_FILES]
    found = [each for path in visible if (each := _one(path)) is not None]
    return tuple(sorted(found, key=lambda each: (ROLES.index(each.role), _rank(each), str(each.path))))


def _rank(each: Recognised) -> int:
    """Priority neighbourhoods before other zones, and cells before communes."""
    first = {"zones": ("qpv", "zone", "commune"), "points": ("cells", "points", "communes")}.get(each.role, ())
    return first.index(each.format) if each.format in first else len(first)


def _one(path: Path) -> Recognised | None:
    if _is_osm(path):
        return Recognised(path, "streets")
    if path.suffix.lower() == ".xml" and b"<fiche_metier" in _head(path):
        return Recognised(path, "need", "rome_hours")
    if path.suffix.lower() not in _TABLES:
        return None
    if path.suffix.lower() == ".zip" and _is_feed(path):
        return Recognised(path, "feed")
    if path.stat().st_size > _MOST_BYTES:
        return Recognised(path, "unknown")
    try:
        table = read_table(path)
    except GeoAccessError:
        return Recognised(path, "unknown")
    return _of_table(path, table)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(65_536)
    except OSError:
        return b""


def _is_osm(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
        if head.startswith(b"BZh"):
            head = bz2.BZ2Decompressor().decompress(path.read_bytes()[:200_000], 4096)
    except (OSError, ValueError):
        return False
    return b"OSMHeader" in head[:64] or b"<osm " in head


def _is_feed(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.rpartition("/")[2].lower() for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile, NotImplementedError):
        return False
    return {"stops.txt", "trips.txt", "stop_times.txt"} <= names


def _of_table(path: Path, table: pd.DataFrame) -> Recognised:
    names = {fold(str(column)).replace(" ", ""): str(column) for column in table.columns}
    shaped = isinstance(table, gpd.GeoDataFrame) and table.geometry.notna().any()
    kinds = set(table.geom_type.dropna()) if shaped else set()
    if kinds & {"Polygon", "MultiPolygon"}:
        zoning = recognise_zoning(table)
        return Recognised(path, "zones", zoning[0].kind if zoning else "zone", len(table))
    need = need_format(table.columns)
    if need:
        return Recognised(path, "need", need, len(table))
    placed = shaped or all(own & set(names) for own in _PLACED)
    produced = format_of_columns(list(table.columns))
    role, form = produced or _role(set(names), placed=placed, cells=_has_cells(table))
    codes = _codes(table, [names[name] for name in sorted(_METIER & set(names))])
    return Recognised(path, role, form, len(table), codes if role in ("training", "employers") else ())


def _role(names: set[str], *, placed: bool, cells: bool) -> tuple[str, str]:
    if {"idlieu", "nbrepl"} <= names:
        return "carpool", ""
    if "uai" in names and placed:
        return "schools", ""
    if names & _METIER and placed:
        return ("employers", "plain") if names & _OPENINGS else ("training", "plain")
    if cells and names & _POPULATION:
        return "points", "cells"
    if {"com", "pmun"} <= names and placed:
        return "communes", ""
    if placed and names & _POPULATION:
        return "points", "points"
    return "unknown", ""


def _has_cells(table: pd.DataFrame) -> bool:
    named = [column for column in table.columns if "car" in str(column).lower() or "inspire" in str(column).lower()]
    return any(bool((decode_cells(table[column].astype(str).head(50)).size_m > 0).all()) for column in named)


def _codes(table: pd.DataFrame, columns: Sequence[str]) -> tuple[str, ...]:
    counted: dict[str, int] = {}
    for column in columns:
        for code in _words(table[column]):
            counted[code] = counted.get(code, 0) + 1
    return tuple(sorted(counted, key=lambda code: (-counted[code], code)))


def _words(values: pd.Series) -> Iterable[str]:
    for value in values.dropna().astype(str):
        yield from (word for word in value.replace(",", " ").replace(";", " ").replace("|", " ").split() if word)
