"""Two result folders compared: what differs in inputs, in levels, in people, by arithmetic on small tables."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geo_access.errors import InputError
from geo_access.study.compare import compare_runs
from geo_access.study.comparison_maps import run_outlines
from geo_access.study.folder import output_folder
from geo_access.study.scenario_outputs import write_comparison

ROW = {"metier": "A", "profile": "bus", "kind": "training", "schedule": "jour", "threshold": "t60"}


def run_folder(folder: Path, zones: list[tuple[str, str, str, float, float]], inputs: dict[str, str]) -> Path:
    folder.mkdir()
    rows = [
        {
            "zone_id": zone,
            "zone_name": zone.upper(),
            "zone_kind": kind,
            "level": level,
            "reachable_share": share,
            "residents": residents,
            **ROW,
        }
        for zone, kind, level, share, residents in zones
    ]
    pd.DataFrame(rows).to_csv(folder / "flags.csv", index=False)
    (folder / "manifest.json").write_text(json.dumps({"inputs": inputs, "query": {"rules": {"n": 1}}}))
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    before = run_folder(
        tmp_path / "2025",
        [
            ("01", "rural", "inadéquat", 0.2, 1000),
            ("02", "urban", "adéquat", 0.9, 5000),
            ("q", "qpv", "adéquat", 1, 500),
        ],
        {"feed.zip": "aaa", "old.csv": "1"},
    )
    after = run_folder(
        tmp_path / "2026",
        [
            ("01", "rural", "adéquat", 0.9, 1000),
            ("02", "urban", "inadéquat", 0.4, 5000),
            ("q", "qpv", "inadéquat", 0, 500),
            ("03", "rural", "fragile", 0.6, 10),
        ],
        {"feed.zip": "bbb", "new.csv": "2"},
    )
    return before, after


def test_winners_and_losers_stand_apart(runs: tuple[Path, Path]) -> None:
    path = runs[0] / "manifest.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    query = {"metiers": [{"code": "A", "name": "Mason"}], "profiles": [{"id": "p", "name": "By bus"}, 7]}
    path.write_text(json.dumps(told | {"query": query}), encoding="utf-8")
    found = compare_runs(*runs)
    assert found.names == {"metiers": {"A": "Mason"}, "profiles": {"p": "By bus"}, "schedules": {}}
    row = found.people.iloc[0]
    # Zone 01 gains 70 % of 1,000, zone 02 loses 50 % of 5,000; the district in zone 02 is not counted again.
    assert (row["gained"], row["lost"]) == (pytest.approx(700), pytest.approx(2500))
    assert (row["zones_unflagged"], row["zones_flagged"]) == (1, 2)
    assert len(found.flags) == 3
    assert (found.situations, found.only_before, found.only_after) == (3, 0, 1)


def test_a_zone_that_is_measured_no_more_is_not_lifted(tmp_path: Path) -> None:
    files = {"feed.zip": "aaa"}
    before = [("01", "rural", "inadéquat", 0.2, 1000), ("02", "urban", "adéquat", 0.9, 5000)]
    after = [("01", "rural", "indécidable", 0.2, 1000), ("02", "urban", "indécidable", 0.9, 5000)]
    found = compare_runs(run_folder(tmp_path / "a", before, files), run_folder(tmp_path / "b", after, files))
    row = found.people.iloc[0]
    assert (row["zones_unflagged"], row["zones_flagged"], row["zones_unmeasured"]) == (0, 0, 2)
    pages = write_comparison(tmp_path / "out", found, names=("a", "b"))
    page = next(path for path in pages if path.suffix == ".html").read_text(encoding="utf-8")
    assert "2 zones ne sont plus mesurées" in page


def test_what_differs_in_the_inputs_is_named(runs: tuple[Path, Path]) -> None:
    states = compare_runs(*runs).inputs.set_index("what")["state"].to_dict()
    assert states == {"inputs.feed.zip": "changed", "inputs.old.csv": "removed", "inputs.new.csv": "added"}


def test_another_day_and_another_version_are_named(runs: tuple[Path, Path]) -> None:
    for folder, day, version in zip(runs, ("2026-03-17", "2027-03-16"), ("0.1.0", "0.2.0"), strict=True):
        path = folder / "manifest.json"
        told = json.loads(path.read_text(encoding="utf-8")) | {"service_date": day, "geo_access": version}
        path.write_text(json.dumps(told), encoding="utf-8")
    found = compare_runs(*runs).inputs.set_index("what")
    assert found.loc["service_date"].tolist() == ["changed", "2026-03-17", "2027-03-16"]
    assert found.loc["geo_access"].tolist() == ["changed", "0.1.0", "0.2.0"]


def test_a_run_compared_with_itself_differs_in_nothing(runs: tuple[Path, Path]) -> None:
    found = compare_runs(runs[0], runs[0])
    assert found.inputs.empty
    assert found.flags.empty
    assert found.people[["gained", "lost"]].to_numpy().sum() == 0


@pytest.mark.parametrize(("language", "words"), [("fr", "Deux résultats comparés"), ("en", "Two results compared")])
def test_the_page_says_it_in_both_languages(runs: tuple[Path, Path], tmp_path: Path, language: str, words: str) -> None:
    written = write_comparison(tmp_path / "out", compare_runs(*runs), names=("2025", "2026"), language=language)
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert words in page
    assert "2025 → 2026" in page
    assert {path.name for path in written} >= {"inputs.csv", "flags.csv", "people.csv", "index.html"}


def test_a_comparison_may_be_written_again_and_nothing_else_is_touched(runs: tuple[Path, Path], tmp_path: Path) -> None:
    out, found = tmp_path / "out", compare_runs(*runs)
    for overwrite in (False, True):
        with output_folder(out, overwrite=overwrite) as result:
            write_comparison(result.folder, found, names=("a", "b"), language="en")
        (out / "mine.txt").write_text("kept")
    assert (out / "mine.txt").read_text() == "kept"
    with pytest.raises(InputError, match="overwrite"), output_folder(out, overwrite=False):
        pass


def test_folders_that_are_no_results_are_refused(runs: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no result of geo-access"):
        compare_runs(runs[0], tmp_path)
    (runs[1] / "flags.csv").write_text("zone_id,level\n1,a\n")
    with pytest.raises(InputError, match="has no column"):
        compare_runs(*runs)
    (runs[1] / "manifest.json").write_text("{")
    with pytest.raises(InputError):
        compare_runs(*runs)


def test_a_map_shows_where_it_moved_and_a_folder_without_outlines_says_so(
    runs: tuple[Path, Path], tmp_path: Path
) -> None:
    found = compare_runs(*runs)
    assert run_outlines(*runs) is None
    without = write_comparison(tmp_path / "without", found, names=("a", "b"), language="en")
    assert not [path for path in without if path.suffix == ".png"]
    assert "No map" in (tmp_path / "without" / "index.html").read_text(encoding="utf-8")
    zones = sorted({str(zone) for zone in pd.read_csv(runs[1] / "flags.csv", dtype=str)["zone_id"]})
    squares = [shapely.box(k * 0.1, 45.0, k * 0.1 + 0.1, 45.1) for k in range(len(zones))]
    gpd.GeoDataFrame({"zone_id": zones}, geometry=squares, crs=4326).to_file(runs[1] / "flags.gpkg", layer="zones")
    outlines = run_outlines(*runs)
    assert outlines is not None
    # A tenth of a degree at 45° is some 7.9 km by 11.1 km.
    assert outlines.area.to_numpy() == pytest.approx(7_880 * 11_110, rel=0.02)
    maps = write_comparison(tmp_path / "maps", found, names=("a", "b"), outlines=outlines)
    drawn = [path for path in maps if path.suffix == ".png"]
    moved = found.people[(found.people["gained"] > 0.5) | (found.people["lost"] > 0.5)]
    assert len(drawn) == moved["metier"].nunique() > 0
    assert all(path.stat().st_size > 5_000 for path in drawn)
