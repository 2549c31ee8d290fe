"""A workbook read at once holds what it holds cell by cell, and what only one reader is sure of is left to it."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from geo_access.errors import CapacityError, InputError
from geo_access.sources.tables import sheets
from geo_access.sources.tables.read import read_table
from geo_access.sources.tables.workbooks import rows_at_once

pytest.importorskip("python_calamine")

ROWS: list[list[object]] = [
    ["code", "part", "jour", "heure", "n", "texte"],
    ["00742", 0.25, dt.datetime.fromisoformat("2024-01-05"), dt.time(5, 12), 7, "L’Haÿ\u202f"],
    ["7", 1 / 3, dt.datetime.fromisoformat("2024-01-05 06:30:15"), dt.time(23, 59, 59), 7.0, " x "],
    ["2A004", 1e-7, dt.date(2023, 12, 31), dt.timedelta(hours=30), 12345678901234, "line\nbreak"],
    [None, -0.5, None, None, True, ""],
]


def saved(path: Path, rows: list[list[object]] = ROWS, **formats: str) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cell, form in formats.items():
        book.active[cell].number_format = form
    book.save(path)
    return path


def rewritten(path: Path, old: str, new: str, part: str = "xl/worksheets/sheet1.xml") -> Path:
    with zipfile.ZipFile(path) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    assert old.encode() in parts[part]
    parts[part] = parts[part].replace(old.encode(), new.encode(), 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def cell_by_cell(path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    with monkeypatch.context() as patched:
        patched.setattr(sheets, "rows_at_once", lambda _: None)
        return read_table(path)


def test_the_values_are_those_of_the_other_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = saved(tmp_path / "t.xlsx", B2="0%", B3='0.0 "€/m²"', C2='d" jour "mmm', E2="00000", E4="[Red]0;-0")
    book = openpyxl.load_workbook(file)
    book.active.merge_cells("B5:C5")
    book.save(file)
    assert rows_at_once(file) is not None
    table = read_table(file)
    pd.testing.assert_frame_equal(table, cell_by_cell(file, monkeypatch))
    assert table["code"].tolist() == ["00742", "7", "2A004", None]
    assert table.loc[0, ["part", "jour", "heure", "n"]].tolist() == ["0.25", "2024-01-05 00:00:00", "05:12:00", "7"]
    assert table["n"].tolist()[2:] == ["12345678901234", "True"]


def test_a_sheet_that_is_a_chart_holds_no_table(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["a", "b"], ["01", "x"]):
        book.active.append(row)
    book.create_chartsheet("Graphique")
    book.save(tmp_path / "chart.xlsx")
    assert read_table(tmp_path / "chart.xlsx").to_dict("records") == [{"a": "01", "b": "x"}]


@pytest.mark.parametrize(
    "value",
    ["#N/A", "a _x000D_ b", 2**53 + 1, dt.time(0, 0), "=A1"],
    ids=["error", "escape", "beyond a float", "midnight", "formula without value"],
)
def test_what_is_told_otherwise_is_read_cell_by_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: object
) -> None:
    file = saved(tmp_path / "t.xlsx", [["a", "b"], ["1", value], ["2", "x"]])
    assert (rows_at_once(file) is None) == (value != "=A1")
    pd.testing.assert_frame_equal(read_table(file), cell_by_cell(file, monkeypatch))


@pytest.mark.parametrize("far", ['r="XFD1048576"', "r = 'xfd1048576'", ""])
def test_a_lone_cell_far_away_takes_no_memory(tmp_path: Path, far: str) -> None:
    # 17 billion cells if the sheet were laid out whole.
    file = saved(tmp_path / "t.xlsx", [["a", "b"], ["1", "2"]])
    rewritten(file, "</sheetData>", f'<row r="1048576"><c {far} t="n"><v>1</v></c></row></sheetData>')
    assert rows_at_once(file) is None


def test_styles_down_to_the_last_line_hold_no_value(tmp_path: Path) -> None:
    # As office programs write a column that was coloured whole: 1,048,576 rows, three of them read.
    file = saved(tmp_path / "t.xlsx", [["a", "b"], ["1", "2"]])
    rewritten(file, "</sheetData>", '<row r="1048576"><c r="A1048576" s="0"/></row></sheetData>')
    assert rows_at_once(file) == {"Sheet": [["a", "b"], ["1", "2"]]}


def test_a_bomb_is_refused_before_any_reader(tmp_path: Path) -> None:
    file = saved(tmp_path / "t.xlsx", [["a"], ["1"]])
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", bytes(60_000_000))
    with pytest.raises(CapacityError, match="60 MB"):
        read_table(file)


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_damaged_workbook_is_left_to_the_other_reader(tmp_path: Path, cut: float) -> None:
    content = saved(tmp_path / "t.xlsx").read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(content[: int(cut * len(content))])
    assert rows_at_once(tmp_path / "cut.xlsx") is None


def test_broken_markup_is_refused_as_ever_and_no_row_is_left_out(tmp_path: Path) -> None:
    file = rewritten(saved(tmp_path / "t.xlsx", [["a"], ["1"], ["2"]]), "</row>", "</rwo>")
    assert rows_at_once(file) is None
    with pytest.raises(InputError, match="mismatched tag"):
        read_table(file)
