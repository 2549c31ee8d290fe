"""Tables that people open in spreadsheets, and layers that are the same bytes from one run to the next."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyogrio

from geo_access.words.told import refusal

__all__ = ["LAST_CHANGE", "free_file", "harmless", "made_room", "put_aside", "same_bytes", "write_csv", "write_styles"]

LAST_CHANGE = "2000-01-01T00:00:00.000Z"
"""Date that GeoPackages say of themselves, whenever they were written."""

# What spreadsheets take for the beginning of a formula; a plain signed number is none.
_FORMULA = re.compile(r"[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?")
# Where French spreadsheets end a cell of a file with commas, whatever quotes stand around it; and what they skip there.
_CELL_END = re.compile(r'([;\t\r\n][\s"]*)')
# GDAL stamps a GeoPackage with the clock of the machine, unless told the time.
_CLOCK = {"OGR_CURRENT_DATE": LAST_CHANGE}


def _harmless(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    # Texts and ends of cells in turn.
    texts = _CELL_END.split(value)
    texts[::2] = map(_not_run, texts[::2])
    return _not_run("".join(texts))


def _not_run(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def free_file(path: str | Path, *, overwrite: bool = False) -> Path:
    """Give back a path where a file may be written.

    Parameters
    ----------
    path : str or pathlib.Path
    overwrite : bool
        Whether a file that is there may be replaced.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    InputError
        When something is there and may not be replaced, or is a folder.

    Examples
    --------
    >>> import tempfile
    >>> free_file(Path(tempfile.mkdtemp()) / "new" / "t.csv").name
    't.csv'
    """
    target = Path(path)
    if target.is_dir() or (os.path.lexists(target) and not overwrite):
        raise refusal("table.there", file=target)
    return target


def made_room(path: str | Path) -> Path:
    """Give back a path that a program may write to or replace, its folder made where there is none.

    Parameters
    ----------
    path : str or pathlib.Path

    Returns
    -------
    pathlib.Path

    Raises
    ------
    InputError
        When it is a folder, or its folder cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> made_room(Path(tempfile.mkdtemp()) / "new" / "t.tif").parent.is_dir()
    True
    """
    target = Path(path)
    if target.is_dir():
        raise refusal("table.folder", file=target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refusal("table.no_room", file=target, why=error.strerror or type(error).__name__) from error
    return target


def put_aside(path: str | Path) -> Path | None:
    """Rename a file that is in the way, so that nothing of it is lost.

    Parameters
    ----------
    path : str or pathlib.Path

    Returns
    -------
    pathlib.Path or None
        Where it is now; None when there was none.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "points.csv"
    >>> _ = file.write_text("mine")
    >>> put_aside(file).name, file.exists()
    ('points.kept-1.csv', False)
    """
    path = Path(path)
    if not os.path.lexists(path):
        return None
    number = 1
    while os.path.lexists(free := path.with_name(f"{path.stem}.kept-{number}{path.suffix}")):
        number += 1
    return path.rename(free)


def harmless(table: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before the texts, headings too, that a spreadsheet would run as formulas.

    Parameters
    ----------
    table : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
        Categories become text.

    Examples
    --------
    >>> harmless(pd.DataFrame({"=a": pd.Categorical(["@b", "-3"])})).to_dict("list")
    {"'=a": ["'@b", '-3']}
    """
    plain = table.copy()
    for place in range(plain.shape[1]):
        column = plain.iloc[:, place]
        if isinstance(column.dtype, pd.CategoricalDtype):
            column = column.astype(object)
        if column.dtype == object or pd.api.types.is_string_dtype(column):
            plain.isetitem(place, column.map(_harmless).to_numpy(dtype=object))
    plain.columns = pd.Index([_harmless(name) for name in plain.columns])
    return plain


def write_csv(table: pd.DataFrame, path: str | Path) -> Path:
    """Write a CSV that a spreadsheet opens as text: no cell of it is run as a formula.

    A text that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return, and is no number, gets an apostrophe
    before it, as spreadsheets write text themselves. So does what stands after a semicolon, a tab or the end of a line
    within a text: there a spreadsheet that expects semicolons begins another cell. Parquet files and GeoPackages hold
    the text as it is.

    Parameters
    ----------
    table : pandas.DataFrame
        Written without its index, UTF-8.
    path : str or pathlib.Path

    Returns
    -------
    pathlib.Path

    Examples
    --------
    >>> import tempfile
    >>> table = pd.DataFrame({"name": ["=1+1", "-3", "a"], "n": [-1, 2, 3]})
    >>> file = write_csv(table, Path(tempfile.mkdtemp()) / "t.csv")
    >>> file.read_text().split()
    ['name,n', "'=1+1,-1", '-3,2', 'a,3']
    """
    plain = harmless(table)
    plain.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    return Path(path)


@contextmanager
def same_bytes() -> Iterator[None]:
    """Write GeoPackages in the block without the time of day: the same content is the same bytes."""
    before = {name: pyogrio.get_gdal_config_option(name) for name in _CLOCK}
    pyogrio.set_gdal_config_options(_CLOCK)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


_STYLES = """CREATE TABLE IF NOT EXISTS layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME)"""


def write_styles(package: Path, layer: str, geometry: str, style: str, name: str) -> None:
    """Give a layer of a GeoPackage the style that QGIS draws it with, in its table ``layer_styles``.

    Parameters
    ----------
    package : pathlib.Path
        GeoPackage that holds the layer.
    layer, geometry : str
        Layer and its column of geometries.
    style : str
        QML.
    name : str
        Of the style.
    """
    with closing(sqlite3.connect(package)) as base, base:
        base.execute(_STYLES)
        base.execute(
            "INSERT OR IGNORE INTO gpkg_contents (table_name, identifier, data_type, description, last_change, srs_id) "
            "VALUES ('layer_styles', 'layer_styles', 'attributes', '', ?, 0)",
            (LAST_CHANGE,),
        )
        base.execute(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, "
            "styleQML, styleSLD, useAsDefault, description, owner, ui, update_time) "
            "VALUES ('', '', ?, ?, ?, ?, '', 1, '', '', NULL, ?)",
            (layer, geometry, name[:30], style, LAST_CHANGE),
        )
