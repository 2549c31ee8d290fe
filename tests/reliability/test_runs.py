"""A whole run: the same bytes twice, hashes of what was read, files of the user kept, tables harmless to open."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import geopandas as gpd
import jsonschema
import pandas as pd
import pytest

from geo_access.errors import InputError
from geo_access.manifest import manifest_schema
from geo_access.sources.tables.write import write_csv
from geo_access.study import opened
from geo_access.study.study import Study
from tests.reliability.small_study import employers, leave_paper_out, training, write_csv_rows, write_small_study


@pytest.fixture
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave paper out of a run: it takes most of the time, and nothing of what is tested with this."""
    leave_paper_out(monkeypatch)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a study whose names are formulas, run twice."""
    home = tmp_path_factory.mktemp("runs")
    path = write_small_study(home)
    write_csv_rows(home / "training.csv", [{**row, "site_name": '=HYPERLINK("x")'} for row in training()])
    write_csv_rows(home / "employers.csv", [{**row, "site_id": f"@{row['site_id']}"} for row in employers()])
    content = (home / "zones.geojson").read_text(encoding="utf-8").replace('"Est"', '"+33 6"').replace("Loin", "-2+3")
    (home / "zones.geojson").write_text(content, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        leave_paper_out(patch)
        Study.from_file(path).run(home / "one")
        Study.from_file(path).run(home / "two")
    return home


def test_two_runs_are_the_same_bytes(home: Path) -> None:
    one = {path.relative_to(home / "one"): path for path in (home / "one").rglob("*") if path.is_file()}
    two = {path.relative_to(home / "two"): path for path in (home / "two").rglob("*") if path.is_file()}
    assert set(one) == set(two)
    differ = {name.as_posix() for name in one if one[name].read_bytes() != two[name].read_bytes()}
    assert differ == set()
    assert {name.suffix for name in one} >= {".gpkg", ".csv", ".parquet", ".html", ".json"}


def test_the_manifest_lists_all_and_keeps_to_its_schema(home: Path) -> None:
    content = json.loads((home / "one" / "manifest.json").read_text(encoding="utf-8"))
    jsonschema.validate(content, manifest_schema())
    written = {path.relative_to(home / "one").as_posix() for path in (home / "one").rglob("*") if path.is_file()}
    assert set(content["files"]) == written - {"manifest.json"}
    for name in ("points.csv", "zones.geojson", "study.toml"):
        assert content["inputs"][name] == hashlib.sha256((home / name).read_bytes()).hexdigest()


@pytest.mark.usefixtures("_undrawn")
def test_a_table_changed_during_the_run_stops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_small_study(tmp_path)
    real = opened.study_network

    def meanwhile(*arguments: object, **named: object) -> object:
        with (tmp_path / "points.csv").open("a", encoding="utf-8") as file:
            file.write("p9,3.1,50.05,4000\n")
        return real(*arguments, **named)

    monkeypatch.setattr(opened, "study_network", meanwhile)
    with pytest.raises(InputError, match=r"points.csv.* changed while it was read"):
        Study.from_file(path).run(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".out-*"))


@pytest.mark.usefixtures("_undrawn")
def test_two_files_of_one_name_are_both_in_the_manifest(tmp_path: Path) -> None:
    path = write_small_study(tmp_path)
    for name in ("training", "employers"):
        (tmp_path / name).mkdir()
        (tmp_path / f"{name}.csv").rename(tmp_path / name / "sites.csv")
    text = path.read_text(encoding="utf-8")
    for name in ("training", "employers"):
        text = text.replace(f'"{name}.csv"', f'"{name}/sites.csv"')
    path.write_text(text, encoding="utf-8")
    Study.from_file(path).run(tmp_path / "out")
    content = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert {"training/sites.csv", "employers/sites.csv"} <= set(content["inputs"])


def test_no_cell_of_a_csv_is_a_formula(home: Path) -> None:
    cells = 0
    for path in (home / "one").rglob("*.csv"):
        for row in csv.reader(path.open(encoding="utf-8", newline="")):
            for cell in row:
                cells += cell.startswith("'")
                assert not cell.startswith(("=", "+", "@", "\t", "\r")), (path.name, cell)
                assert not cell.startswith("-") or cell[1:].replace(".", "", 1).isdigit(), (path.name, cell)
    assert cells > 0
    zones = gpd.read_file(home / "one" / "flags.gpkg", layer="flags")
    assert {"+33 6", "-2+3"} <= set(zones["zone_name"]), "a GeoPackage runs nothing: its text stays as it is"
    times = pd.read_parquet(home / "one" / "travel_times.parquet")
    assert any(str(value).startswith("@e") for value in times["destination_id"].unique())


def test_numbers_and_plain_text_stay(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": ["-5", "+3.2", "-1e9", "=2", "-x", "@", "\tx", "été"], "n": [-1.5] * 8})
    table["c"] = pd.Categorical(["=a", "b"] * 4)
    rows = list(csv.reader(write_csv(table, tmp_path / "t.csv").open(encoding="utf-8", newline="")))
    assert [row[0] for row in rows[1:]] == ["-5", "+3.2", "-1e9", "'=2", "'-x", "'@", "'\tx", "été"]
    assert {row[1] for row in rows[1:]} == {"-1.5"}
    assert [row[2] for row in rows[1:3]] == ["'=a", "b"]


def test_a_spreadsheet_that_expects_semicolons_finds_no_formula_either(tmp_path: Path) -> None:
    # French spreadsheets end cells at semicolons and lines, whatever quotes stand in the middle of a line.
    texts = ['Lycée;=HYPERLINK("x")', "a; @b", "a\n=2", 'a;"+x', "\t=2", "1;-5;+3,2", "a; b;c", "=1;=2"]
    file = write_csv(pd.DataFrame({"id": range(8), "name": texts}), tmp_path / "t.csv")
    for line in file.read_text(encoding="utf-8").splitlines():
        for cell in line.split(";")[1:]:
            assert not cell.lstrip(' "').startswith(("=", "@", "+x")), line
    rows = list(csv.reader(file.open(encoding="utf-8", newline="")))[1:]
    assert [row[1] for row in rows] == [
        'Lycée;\'=HYPERLINK("x")',
        "a; '@b",
        "a\n'=2",
        "a;\"'+x",
        "'\t'=2",
        "1;-5;+3,2",
        "a; b;c",
        "'=1;'=2",
    ]


@pytest.mark.usefixtures("_undrawn")
def test_codes_that_differ_by_dots_have_their_own_files(tmp_path: Path) -> None:
    path = write_small_study(tmp_path)
    text = path.read_text(encoding="utf-8")
    extra = "".join(f'\n[[metiers]]\ncode = "{code}"\nname = "x"\n' for code in ("a..b", "a-b", "all"))
    path.write_text(text.replace("\n[[profiles]]", extra + "\n[[profiles]]", 1), encoding="utf-8")
    Study.from_file(path).run(tmp_path / "out")
    maps = {file.stem.lower() for file in (tmp_path / "out" / "maps").glob("*.html")}
    # Codes that differ by case alone are one métier, refused as given twice.
    assert maps == {"f1602", "h2913", "a-b", "a-b-2", "all-2", "compare"}
