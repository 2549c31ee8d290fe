"""A prepared study asked in Python: its places, tables and what-ifs are the study’s, and wrong names are told."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import geo_access as ga
from geo_access.study.changes import ThresholdChanged
from geo_access.study.prepared import prepare_study
from geo_access.study.whatif import run_scenario
from tests.reliability.small_study import training, write_small_study

DEMO = Path(__file__).parents[2] / "data" / "demo"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> ga.Study:
    return ga.Study.from_file(write_small_study(tmp_path_factory.mktemp("study")))


@pytest.fixture(scope="module")
def bench(study: ga.Study) -> ga.Workbench:
    return study.prepare()


def test_places_are_those_of_the_study(bench: ga.Workbench) -> None:
    offered = pd.DataFrame([row for row in training() if row["metier"] == "F1602"])
    sites = bench.sites("F1602")
    assert sites["offered"].sum() == offered["places"].astype(int).sum()
    assert sorted(sites["id"]) == sorted(offered["site_id"].unique())
    assert len(bench.sites()) >= len(sites)
    assert bench.points["id"].is_unique
    times = ga.travel_times(bench.network, bench.points, sites, mode="bike", max_minutes=60)
    assert times.seconds.shape[:2] == (len(bench.points), len(sites))


def test_isochrones_are_asked_as_the_flags_are(bench: ga.Workbench) -> None:
    slow, fast = bench.isochrones(profile="velo"), bench.isochrones(profile="voiture")
    assert slow.keys() == fast.keys() == {"F1602", "H2913"}
    assert fast["F1602"].geometry.area.iloc[0] > slow["F1602"].geometry.area.iloc[0]
    counts = bench.band_counts(slow)
    assert (counts.groupby("metier")["residents"].diff().dropna() >= 0).all()


def test_a_what_if_is_the_same_by_words_and_by_value(study: ga.Study, bench: ga.Workbench) -> None:
    said = bench.scenario([{"change": "threshold", "id": "t", "minutes": 10}])
    given = bench.scenario([ThresholdChanged(id="t", minutes=10)])
    below = run_scenario(prepare_study(study.path), [ThresholdChanged(id="t", minutes=10)])
    pd.testing.assert_frame_equal(said.flags, given.flags)
    pd.testing.assert_frame_equal(said.flags, below.after.diagnosis.flags)
    assert said.delta.people["residents_lost"].sum() > 0
    assert "10" in said.told[0]
    # The study as it would be is asked like the study itself, and what was asked before stands.
    back = said.after.scenario([{"change": "threshold", "id": "t", "minutes": 30}])
    assert np.array_equal(back.flags["level"], bench.flags["level"])


def test_fewer_questions_have_the_same_answers(study: ga.Study, bench: ga.Workbench) -> None:
    fewer = study.only(metiers=["H2913"], profiles=["velo"]).prepare().flags
    asked = bench.flags[(bench.flags["metier"] == "H2913") & (bench.flags["profile"] == "velo")]
    columns = ["zone_id", "level", "reachable_share", "main_reason"]
    assert fewer[columns].to_numpy().tolist() == asked[columns].to_numpy().tolist()


def test_wrong_names_are_told_all_at_once(study: ga.Study, bench: ga.Workbench, tmp_path: Path) -> None:
    with pytest.raises(ga.InputError) as told:
        study.only(metiers=["F1602", "X9999"], profiles=["avion"])
    assert "X9999" in str(told.value)
    assert "avion" in str(told.value)
    with pytest.raises(ga.InputError, match="metiers"):
        study.only(metiers=[])
    with pytest.raises(ga.InputError, match="X9999"):
        bench.sites("X9999")
    with pytest.raises(ga.InputError, match="avion"):
        bench.isochrones(profile="avion")
    with pytest.raises(ga.InputError, match="minuts"):
        bench.scenario([{"change": "threshold", "id": "t", "minuts": 10}])
    with pytest.raises(ga.InputError, match="nowhere"):
        bench.scenario([{"change": "threshold", "id": "nowhere", "minutes": 10}])
    with pytest.raises(ga.InputError):
        bench.origin("7 rue X, 59000 Lille", addresses=[tmp_path / "none.csv"])


def test_results_tell_themselves_in_one_short_line(bench: ga.Workbench) -> None:
    homes, sites = bench.points, bench.sites()
    school = ga.Stage("school", sites.iloc[[0]], dwell_min=5)
    said = [
        repr(item)
        for item in (
            bench,
            bench.network,
            bench.scenario([{"change": "rules", "min_opportunities": 2}]),
            ga.travel_times(bench.network, homes, sites, mode="walk"),
            ga.shift_test(bench.network, homes, sites, start="09:00", end="17:00", mode="bike"),
            ga.chain_times(bench.network, homes, [school], depart="07:00", mode="bike"),
        )
    ]
    assert all("\n" not in line and 20 < len(line) < 200 for line in said), said
    assert f"{len(bench.zones)} zones" in said[0]
    assert "09:00-17:00" in said[4]


def test_another_day_tells_what_no_service_that_day_closes(tmp_path: Path) -> None:
    # On a Sunday the coaches do not run; on the Tuesday before they do.
    shutil.copytree(DEMO, tmp_path / "demo")
    path = tmp_path / "demo" / "study.toml"
    text = path.read_text(encoding="utf-8").replace("date = 2026-03-17", "date = 2026-03-22\nother_date = 2026-03-17")
    text = text.replace('"gtfs_interurbain.zip", ', "").replace('"gtfs_voisinie.zip"', "")
    # Its scenarios change lines that do not run then.
    path.write_text(text[: text.index("[[scenarios]]")], encoding="utf-8")
    flags = ga.Study.from_file(path).only(metiers=["H2913"], profiles=["sans_voiture"]).prepare().flags
    rail = flags.loc[flags["lifted_by_other_day"] > 0]
    assert len(rail), "no zone whose people get there on the other day alone"
    assert set(rail["level"]) <= {"inadéquat", "fragile"}
