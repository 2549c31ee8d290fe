"""A study on real streets and both real feeds of Porto Alegre."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo_access.study.file import checked_changes
from geo_access.study.prepared import PreparedStudy, prepare_study
from geo_access.study.study import RunSummary, Study
from geo_access.study.whatif import Outcome, run_scenario
from tests.shared import shared_path

pytestmark = pytest.mark.reference

# Its buses run only from 12:00 to 16:00: a class from 14:00 to 15:00 can be reached and left.
STUDY = """
[study]
name = "Porto Alegre"
date = 2019-05-13
language = "en"

[network]
osm = ["{folder}/poa_osm.pbf"]
gtfs = ["{folder}/poa_eptc.zip", "{folder}/poa_trensurb.zip"]

[origins.zones]
file = "zones.geojson"

[origins.points]
file = "{folder}/poa_hexgrid.csv"
crs = 4326
columns = {{ point_id = "id", population = "population", x = "lon", y = "lat" }}

[training]
file = "schools.csv"
crs = 4326

[[metiers]]
code = "K2111"
name = "Secondary school"

[[profiles]]
id = "transit"
name = "Walk and transit"
mode = "transit"
walk_kmh = 3.6

[[thresholds]]
id = "t45"
name = "45 minutes"
minutes = 45
kind = "training"
source = "assumption of the test"

[[schedules]]
id = "class"
name = "Afternoon class"
kind = "training"
start = "14:00"
end = "15:00"

[output]
cell_m = 200
isochrone_minutes = [15, 30, 45]
"""


def write_schools(path: Path, schools: pd.DataFrame) -> None:
    """Write cells as sites, with a hundred places for each school in them."""
    offers = pd.DataFrame(
        {
            "site_id": schools["id"],
            "site_name": "School " + schools["id"],
            "provider_type": "school",
            "metier": "K2111",
            "level": 4,
            "voie": "scolaire",
            "places": schools["schools"] * 100,
            "modality": "on_site",
            "lon": schools["lon"],
            "lat": schools["lat"],
        }
    )
    offers.to_csv(path, index=False)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RunSummary:
    folder = shared_path("porto_alegre")
    home = tmp_path_factory.mktemp("poa")
    cells = pd.read_csv(folder / "poa_hexgrid.csv")
    west, east = cells["lon"].min() - 0.01, cells["lon"].max() + 0.01
    south, north = cells["lat"].min() - 0.01, cells["lat"].max() + 0.01
    middle = cells["lat"].median() + 1e-7
    halves = [shapely.box(west, south, east, middle), shapely.box(west, middle, east, north)]
    zones = gpd.GeoDataFrame({"zone_id": ["s", "n"], "zone_name": ["South", "North"]}, geometry=halves, crs=4326)
    zones.to_file(home / "zones.geojson")
    write_schools(home / "schools.csv", cells[cells["schools"] > 0])
    (home / "study.toml").write_text(STUDY.format(folder=folder.as_posix()), encoding="utf-8")
    return Study.from_file(home / "study.toml").run(home / "out")


def test_every_resident_is_counted(result: RunSummary) -> None:
    flags = pd.read_csv(result.folder / "flags.csv")
    cells = pd.read_csv(shared_path("porto_alegre/poa_hexgrid.csv"))
    assert flags["residents"].sum() == pytest.approx(cells["population"].sum(), rel=1e-4)
    assert flags["reachable_share"].between(0, 1).all()
    assert flags["reachable_share"].max() > 0.5


def test_manifest_names_both_feeds_and_the_streets(result: RunSummary) -> None:
    manifest = json.loads((result.folder / "manifest.json").read_text())
    assert {"poa_osm.pbf", "poa_eptc.zip", "poa_trensurb.zip"} <= {Path(name).name for name in manifest["inputs"]}


def test_isochrones_nest(result: RunSummary) -> None:
    bands = gpd.read_file(result.folder / "isochrones.gpkg").sort_values("minutes")
    assert bands["minutes"].tolist() == [15, 30, 45]
    assert bands.geometry.is_valid.all()
    areas = bands.to_crs(32722).geometry.tolist()
    assert areas[0].difference(areas[1]).area < 1.0
    assert areas[1].difference(areas[2]).area < 1.0


@pytest.fixture(scope="module")
def two_schools(result: RunSummary) -> PreparedStudy:
    """The two cells with most schools alone: with all of them nobody depends on one line."""
    home = result.folder.parent
    cells = pd.read_csv(shared_path("porto_alegre/poa_hexgrid.csv"))
    write_schools(home / "two.csv", cells.nlargest(2, "schools"))
    text = (home / "study.toml").read_text(encoding="utf-8").replace("schools.csv", "two.csv")
    (home / "two.toml").write_text(text, encoding="utf-8")
    return prepare_study(home / "two.toml")


def moved(outcome: Outcome) -> tuple[float, float]:
    """Residents won and lost, counted from the cells themselves."""
    points = [one.case("transit", "training", "class").points.reached[:, 0] for one in (outcome.before, outcome.after)]
    people = outcome.before.diagnosis.residents.population
    counted = float(people[points[1] & ~points[0]].sum()), float(people[points[0] & ~points[1]].sum())
    (row,) = outcome.delta.people.to_dict("records")
    assert counted == pytest.approx((row["residents_won"], row["residents_lost"]))
    assert row["reached_after"] == pytest.approx(row["reached_before"] + counted[0] - counted[1])
    return counted


def test_without_trains_it_is_the_study_that_never_had_them(two_schools: PreparedStudy) -> None:
    closed = run_scenario(two_schools, checked_changes([{"change": "close_feed", "feed": "poa_trensurb"}]))
    won, lost = moved(closed)
    assert won == 0
    # Looked at once: the buses carry nearly everybody whom the trains do.
    assert lost == pytest.approx(433, abs=1)
    text = two_schools.path.read_text(encoding="utf-8")
    train = shared_path("porto_alegre/poa_trensurb.zip").as_posix()
    alone_path = two_schools.path.with_name("buses.toml")
    alone_path.write_text(text.replace(f', "{train}"', ""), encoding="utf-8")
    alone = prepare_study(alone_path)
    assert "poa_trensurb" not in alone_path.read_text(encoding="utf-8")
    for name in ("out_s", "back_s"):
        ours, theirs = (
            getattr(one["transit", "training", "class"], name) for one in (closed.times, alone.diagnosis.times)
        )
        np.testing.assert_array_equal(ours, theirs)


def test_a_third_of_the_buses_cancelled_helps_nobody(two_schools: PreparedStudy) -> None:
    fewer = run_scenario(two_schools, checked_changes([{"change": "cancel_trips", "share": 0.33, "seed": 7}]))
    won, lost = moved(fewer)
    assert won == 0
    # Looked at once, on the map of change: some 82,000 of the 668,000 who get to one of the two schools.
    assert lost == pytest.approx(82_427, rel=0.02)
    before, after = (len(np.unique(one.network.timetable.trip_id)) for one in (two_schools, fewer.after))
    assert after == before - round(0.33 * before)


def test_a_new_line_takes_nothing_from_anybody(two_schools: PreparedStudy) -> None:
    # From the south of the city straight to the first school, every ten minutes, on the streets as they are.
    stops = [
        {"name": "South", "lon": -51.2118, "lat": -30.1005},
        {"name": "Middle", "lon": -51.2200, "lat": -30.0750},
        {"name": "School", "lon": -51.2158, "lat": -30.0476},
    ]
    line = {"change": "add_line", "line": "S1", "stops": stops, "headway_min": 10, "start": "12:00", "end": "16:00"}
    won, lost = moved(run_scenario(two_schools, checked_changes([line])))
    assert won == pytest.approx(188, abs=1)
    assert lost == 0
