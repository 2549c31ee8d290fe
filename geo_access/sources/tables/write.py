"""Tables that people open in spreadsheets, and layers that are the same bytes from one run to the next."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyogrio

__all__ = ["LAST_CHANGE", "same_bytes", "write_csv"]

LAST_CHANGE = "2000-01-01T00:00:00.000Z"
"""Date that GeoPackages say of themselves, whenever they were written."""

# What spreadsheets take for the beginning of a formula; a plain signed number is none.
_FORMULA = re.compile(r"[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?")
# GDAL stamps a GeoPackage with the clock of the machine, unless told the time.
_CLOCK = {"OGR_CURRENT_DATE": LAST_CHANGE}


def _harmless(value: Any) -> Any:
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def write_csv(table: pd.DataFrame, path: str | Path) -> Path:
    """Write a CSV that a spreadsheet opens as text: no cell of it is run as a formula.

    A text that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return, and is no number, gets an apostrophe
    before it, as spreadsheets write text themselves. Parquet files and GeoPackages hold the text as it is.

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
    plain = table.copy()
    for place in range(plain.shape[1]):
        column = plain.iloc[:, place]
        if isinstance(column.dtype, pd.CategoricalDtype):
            column = column.astype(object)
        if column.dtype == object or pd.api.types.is_string_dtype(column):
            plain.isetitem(place, column.map(_harmless).to_numpy(dtype=object))
    plain.columns = pd.Index([_harmless(name) for name in plain.columns])
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
