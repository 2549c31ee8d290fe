"""The whole way once, on the demo: one command's worth of inputs, every file that comes out, and what they say."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq
import pytest

from geo_access.errors import InputError
from geo_access.study import RunSummary, Study, demo_study_path
from tests.browser import browser

TRUTHS = json.loads((demo_study_path().parent / "truths.json").read_text(encoding="utf-8"))["truths"]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RunSummary:
    return Study.from_file(demo_study_path()).run(tmp_path_factory.mktemp("demo") / "out")


@pytest.fixture(scope="module")
def flags(result: RunSummary) -> pd.DataFrame:
    return pd.read_csv(result.folder / "flags.csv", dtype={"zone_id": str})


def test_every_promised_file_is_there(result: RunSummary) -> None:
    written = {path for path, _ in result.written}
    codes = ("F1602", "H2902", "H2913", "I1304", "J1501", "N4101")
    assert written >= {"flags.csv", "flags.gpkg", "index.html", "manifest.json", "travel_times.parquet"}
    assert written >= {f"maps/{code}.html" for code in codes} | {f"maps/{code}.png" for code in codes}
    assert all(size > 0 for _, size in result.written)
    assert max(size for path, size in result.written if path.endswith(".html")) < 5_000_000


def test_travel_times_are_geoparquet_and_no_pair_is_lost(result: RunSummary) -> None:
    frame = gpd.read_parquet(result.folder / "travel_times.parquet")
    points = pd.read_csv(demo_study_path().parent / "points.csv")
    assert frame.crs.is_geographic
    per_case = frame.groupby(["profile", "schedule"], observed=True)
    assert (per_case["origin_id"].nunique() == len(points)).all()
    assert (per_case.size() == per_case["destination_id"].nunique() * len(points)).sum() >= 3
    timed = frame["out_s"].notna() & frame["back_s"].notna()
    assert ((frame["reason"] == "OK") == timed).all()


def test_remote_and_mobile_training_never_get_a_travel_time(result: RunSummary) -> None:
    training = pd.read_csv(demo_study_path().parent / "training.csv")
    away = set(training.loc[training["modality"].isin(("remote", "mobile")), "site_id"].astype(str))
    assert away
    column = pq.read_table(result.folder / "travel_times.parquet", columns=["destination_id"])["destination_id"]
    assert not away & set(column.combine_chunks().dictionary_decode().unique().to_pylist())


def test_flags_say_why_in_shares_that_sum_to_one(flags: pd.DataFrame) -> None:
    shares = flags[[column for column in flags if column.startswith("share_")]]
    assert shares.shape[1] >= 11
    total = shares.sum(axis=1)
    assert ((total.round(3) == 1) | (total == 0)).all()
    assert set(flags["confidence"].dropna()) <= {"sûr", "probable", "indécidable"}
    assert flags["level"].notna().all()


def test_layers_hold_the_same_flags(result: RunSummary, flags: pd.DataFrame) -> None:
    layer = gpd.read_file(result.folder / "flags.gpkg", layer="flags")
    assert len(layer) == len(flags)
    assert layer.geometry.notna().all()
    assert (result.folder / "flags.gpkg").stat().st_size < 4_000_000


def test_the_plateau_is_beyond_reach_even_by_car(flags: pd.DataFrame) -> None:
    truth = TRUTHS["plateau_beyond_by_car"]
    rows = flags[flags["zone_id"].isin(truth["zone_ids"]) & (flags["metier"] == truth["metier"])]
    rows = rows[(rows["kind"] == "training") & (rows["profile"] == "sans_voiture")]
    assert len(rows) == len(truth["zone_ids"])
    assert (rows["level"] == "inadéquat").all()
    assert (rows["main_reason"] == truth["reason"]).all()


def test_manifest_holds_every_input_and_nothing_of_the_machine(result: RunSummary) -> None:
    text = (result.folder / "manifest.json").read_text(encoding="utf-8")
    manifest = json.loads(text)
    names = {Path(name).name for name in manifest["inputs"]}
    assert {"study.toml", "streets.osm.bz2", "points.csv", "zones.geojson", "training.csv", "employers.csv"} <= names
    assert len([name for name in names if "gtfs" in name]) == 4
    assert all(len(digest) == 64 for digest in manifest["inputs"].values())
    assert manifest["synthetic"] is True
    assert str(result.folder.parent) not in text


def test_an_earlier_result_is_replaced_only_when_asked(result: RunSummary) -> None:
    study = Study.from_file(demo_study_path())
    with pytest.raises(InputError, match="--overwrite"):
        study.run(result.folder)


@pytest.mark.browser
def test_the_maps_open_without_a_script_error(result: RunSummary, tmp_path: Path) -> None:
    with browser() as page:
        page.open(result.folder / "maps" / "F1602.html")
        assert page.console_errors() == []
        assert page.run("return document.querySelectorAll('path.leaflet-interactive').length") > 20
        body = page.run("return document.body.innerText")
        assert "synthétiques" in body
        assert page.screenshot(tmp_path / "map.png").stat().st_size > 50_000
        page.open(result.folder / "index.html")
        assert page.console_errors() == []


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> str:
    home = tmp_path_factory.mktemp("english")
    folder = demo_study_path().parent
    text = demo_study_path().read_text(encoding="utf-8").replace('language = "fr"', 'language = "en"')
    for name in ("zones.geojson", "points.csv", "training.csv", "employers.csv", "employment.csv", "streets.osm.bz2"):
        text = text.replace(f'"{name}"', f'"{(folder / name).as_posix()}"')
    for name in ("gtfs_urbain.zip", "gtfs_interurbain.zip", "gtfs_rail.zip", "gtfs_voisinie.zip"):
        text = text.replace(f'"{name}"', f'"{(folder / name).as_posix()}"')
    start, _, rest = text.partition("[[metiers]]")
    one_metier = "[[metiers]]" + rest.split("[[metiers]]")[0]
    (home / "study.toml").write_text(start + one_metier + "[[profiles]]" + rest.partition("[[profiles]]")[2], "utf-8")
    summary = Study.from_file(home / "study.toml").run(home / "out")
    return (summary.folder / "maps" / "F1602.html").read_text(encoding="utf-8")


def test_english_is_an_option(english: str) -> None:
    assert 'lang="en"' in english
    assert "Synthetic data" in english
    assert "Données synthétiques" not in english
