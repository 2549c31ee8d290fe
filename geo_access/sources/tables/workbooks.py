"""Workbooks read at once by calamine, where what it tells is what openpyxl tells, cell by cell."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from pathlib import Path
from typing import Any
from xml.parsers.expat import ParserCreate

__all__ = ["rows_at_once"]

_LONGEST_PART = 400_000_000
# Calamine lays a sheet out whole: a lone cell far away must not become a rectangle of billions.
_MOST_CELLS = 20_000_000
_FREE_CELLS = 1_000_000
_CELLS_PER_WRITTEN = 20
_EXACT = 2**53
# Start of a cell, its place where it tells one, and whether it ends there, without a value.
_CELL = re.compile(
    rb"<(?:\w+:)?c(?=[\s/>])(?:[^<>]*?\sr\s*=\s*[\"']([A-Za-z]{1,3})(\d{1,10})[\"'])?[^<>]*?(/?)>", re.ASCII
)
# Error values and dates in words, escapes of control characters: the two libraries tell them differently.
_TOLD_OTHERWISE = re.compile(rb"\bt\s*=\s*[\"'][ed][\"']|_x[0-9A-Fa-f]{4}_|<!DOCTYPE|<!ENTITY")


def rows_at_once(file: Path) -> dict[str, list[list[Any]]] | None:
    """Rows of every sheet, as openpyxl gives their values; None where only openpyxl is sure to.

    Left to openpyxl: error values, ISO dates, escaped control characters, whole numbers beyond 2⁵³, clock times of
    midnight (a date before 1900 reads so), sheets much larger than what is written in them, and all that is damaged.

    Parameters
    ----------
    file : pathlib.Path
        An ``.xlsx`` whose parts unpack within bounds.

    Returns
    -------
    dict of str to list of list of object, or None
        Rows from the first line on; an empty cell is None.
    """
    try:
        from python_calamine import CalamineWorkbook, SheetTypeEnum  # noqa: PLC0415 — slow to find, and not everywhere
    except ImportError:
        return None
    try:
        if not _plain(file):
            return None
        book = CalamineWorkbook.from_path(str(file))
        names = [sheet.name for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
        if not names:
            return None
        tables = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in names}
        return {name: [[_as_openpyxl(value) for value in row] for row in rows] for name, rows in tables.items()}
    except BaseException as error:
        # A panic of the Rust library is no Exception; whatever fails here, the other reader says what is wrong.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            return None
        raise


def _plain(file: Path) -> bool:
    with zipfile.ZipFile(file) as archive:
        return all(_plain_part(archive, part) for part in archive.infolist())


def _plain_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Tell whether a part holds no cell that the libraries tell differently, nor one far from all others."""
    if part.file_size > _LONGEST_PART:
        return False
    content = archive.read(part)
    if b"<" not in content[:200] or part.filename.startswith("xl/media/"):
        # A picture: no sheet, unless cells stand in it.
        return not _CELL.search(content)
    # A zero byte is text of two bytes a letter, which the patterns do not see.
    if b"\x00" in content or _TOLD_OTHERWISE.search(content):
        return False
    # Calamine reads on past broken markup, and would leave out rows in silence.
    ParserCreate().Parse(content, True)
    cells = [(letters, row) for letters, row, ends in _CELL.findall(content) if not ends]
    if not all(letters for letters, _ in cells):
        return False
    columns = max((_column(letters) for letters in {letters for letters, _ in cells}), default=0)
    rows = max((int(row) for row in {row for _, row in cells}), default=0)
    return rows * columns <= min(_MOST_CELLS, _FREE_CELLS + _CELLS_PER_WRITTEN * len(cells))


def _column(letters: bytes) -> int:
    """Count columns up to the one that is so named."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - 64
    return number


def _as_openpyxl(value: Any) -> Any:
    """Value of a cell as openpyxl gives it.

    Raises
    ------
    ValueError
        When it may be another.
    """
    if value.__class__ is str:
        return value or None
    if value.__class__ is float and abs(value) >= _EXACT and value.is_integer():
        raise ValueError("a whole number that a float does not hold")
    if value.__class__ is dt.date:
        return dt.datetime.combine(value, dt.time())
    if value.__class__ is dt.time and value == dt.time():
        raise ValueError("midnight, or a date before 1900")
    return value
