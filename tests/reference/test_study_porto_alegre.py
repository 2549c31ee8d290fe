"""A study on real streets and both real feeds of Porto Alegre."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geo_access.study.study import RunSummary, Study
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
    schools = cells[cells["schools"] > 0]
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
    offers.to_csv(home / "schools.csv", index=False)
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
