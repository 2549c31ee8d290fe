"""Workbooks: the sheet that holds the table, its header below the titles, every cell as text."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

from geo_access.errors import CapacityError, InputError
from geo_access.sources.tables.text import fold
from geo_access.sources.tables.workbooks import rows_at_once
from geo_access.words.note import note
from geo_access.words.told import refusal

__all__ = ["check_zip", "read_sheet", "some"]

_MAX_COLUMNS = 5_000
_HEADER_ROWS = 30
_MAX_ZIP_RATIO = 200


def check_zip(archive: zipfile.ZipFile, name: str, max_bytes: int) -> None:
    """Refuse an archive that would swell beyond the bounds.

    Raises
    ------
    CapacityError
        When it does.
    """
    total = sum(member.file_size for member in archive.infolist())
    packed = sum(member.compress_size for member in archive.infolist())
    if total > max_bytes or total > _MAX_ZIP_RATIO * max(packed, 100_000):
        raise refusal("table.unpacked", CapacityError, file=name, mb=round(total / 1e6))


def read_sheet(file: Path, *, layer: str | None, max_rows: int, max_bytes: int, **_: Any) -> pd.DataFrame:
    """Read the sheet of a workbook that is named, or the one that holds most.

    Raises
    ------
    InputError
        When there is no such sheet, the sheet is empty, or several hold the same columns.
    CapacityError
        When the workbook would swell beyond the bounds.
    """
    with zipfile.ZipFile(file) as archive:
        check_zip(archive, file.name, max_bytes)
    quick = rows_at_once(file)
    tables = _sheets_slowly(file, layer, max_rows) if quick is None else _chosen(quick, file, layer, max_rows)
    name, rows = max(tables.items(), key=lambda item: sum(len(row) for row in item[1]))
    head = _header_row(rows)
    others = [other for other, found in tables.items() if other != name and len(found) > 1]
    alike = [other for other in others if head is not None and _same_header(tables[other], rows[head])]
    if alike:
        raise InputError(
            f"{file.name}: the sheets {', '.join([name, *alike])} hold the same columns → give layer= one of them, or "
            "join them into one sheet",
            key="sheets_alike",
            values={"file": file.name, "sheets": ", ".join([name, *alike])},
        )
    if head is None:
        raise refusal("table.sheet_empty", file=file.name, sheet=name)
    width = max(len(row) for row in rows[head:])
    padded = [row + [None] * (width - len(row)) for row in rows[head:]]
    table = pd.DataFrame(padded[1:], columns=[cell or "" for cell in padded[0]], dtype=object)
    if others:
        table.attrs["notes"] = [note("table.sheet_chosen", file=file.name, sheet=name, others=some(others))]
    return table


def _sheets_slowly(file: Path, layer: str | None, max_rows: int) -> dict[str, list[list[str | None]]]:
    """Read the sheets row by row, each cell as it is stored."""
    book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    try:
        sheets = {sheet.title: sheet.iter_rows(max_col=_MAX_COLUMNS, values_only=True) for sheet in book.worksheets}
        return _chosen(sheets, file, layer, max_rows)
    finally:
        book.close()


def _chosen(
    sheets: Mapping[str, Iterable[Sequence[Any]]], file: Path, layer: str | None, max_rows: int
) -> dict[str, list[list[str | None]]]:
    if layer is not None and layer not in sheets:
        raise refusal("table.no_sheet", file=file.name, sheet=layer, known=", ".join(sheets))
    return {name: _sheet_rows(rows, max_rows) for name, rows in sheets.items() if layer in (None, name)}


def _same_header(rows: list[list[str | None]], header: list[str | None]) -> bool:
    head = _header_row(rows)
    return head is not None and {fold(cell) for cell in rows[head] if cell} == {fold(cell) for cell in header if cell}


def _sheet_rows(found: Iterable[Sequence[Any]], max_rows: int) -> list[list[str | None]]:
    rows: list[list[str | None]] = []
    blank_run = 0
    for values in islice(found, max_rows + _HEADER_ROWS):
        cells = [_cell(value) for value in values[:_MAX_COLUMNS]]
        while cells and cells[-1] is None:
            cells.pop()
        blank_run = 0 if cells else blank_run + 1
        if blank_run > 10_000:
            break
        rows.append(cells)
    while rows and not rows[-1]:
        rows.pop()
    return [row for place, row in enumerate(rows) if row or place < _HEADER_ROWS]


def _cell(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() or None


def _header_row(rows: list[list[str | None]]) -> int | None:
    """Find the row that names the columns: the last row of text as wide as the table, before its first data row.

    INSEE puts a title above, and often a row of labels above the row of codes.
    """
    filled = [sum(cell is not None for cell in row) for row in rows[:_HEADER_ROWS]]
    if not filled or max(filled) == 0:
        return None
    wide = [place for place, count in enumerate(filled) if count >= max(1, 0.7 * max(filled))]
    first = wide[0]
    if len(wide) > 1 and wide[1] == first + 1:
        second = [cell for cell in rows[first + 1] if cell]
        codes = [bool(re.fullmatch(r"[A-Z][A-Z0-9_]{1,29}", cell)) for cell in second]
        upper = [bool(re.fullmatch(r"[A-Z][A-Z0-9_]{1,29}", cell)) for cell in rows[first] if cell]
        if all(codes) and not all(upper):
            return first + 1
    return first


def some(names: Sequence[str]) -> str:
    """Name some of many."""
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "") if names else "nothing"
