"""Several layers of zones, conditions and masks in a study: what is kept, what is said, what is refused."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geo_access.errors import InputError
from geo_access.study.file import read_study_file
from geo_access.study.inputs import StudyInputs, read_inputs

SQUARES = {"west": shapely.box(3.0, 50.0, 3.1, 50.1), "east": shapely.box(3.2, 50.0, 3.3, 50.1)}
STUDY = """
study = {{ name = "Essai", date = 2026-03-17 }}
network = {{ streets = "crow-fly" }}
metiers = [{{ code = "F1602", name = "Électricité" }}]
profiles = [{{ id = "velo", name = "Vélo", mode = "bike" }}]
thresholds = [{{ id = "t", name = "1 h", minutes = 60, kind = "training", source = "exemple" }}]
schedules = [{{ id = "j", name = "Journée", kind = "training", start = "09:00", end = "17:00" }}]
[origins.zones]
file = "communes.geojson"
{zones}
{more}
[origins.points]
file = "points.csv"
{points}
[training]
file = "training.csv"
{training}
"""


def inputs(folder: Path, **parts: str) -> StudyInputs:
    frame = gpd.GeoDataFrame(
        {"zone_id": ["west", "east"], "zone_name": ["W", "E"], "dep": ["59", "62"]},
        geometry=list(SQUARES.values()),
        crs=4326,
    )
    frame.to_file(folder / "communes.geojson")
    inner = shapely.box(3.01, 50.01, 3.04, 50.04)
    gpd.GeoDataFrame({"zone_id": ["QP1"], "zone_name": ["Q"]}, geometry=[inner], crs=4326).to_file(
        folder / "qpv.geojson"
    )
    frame.iloc[[0]][["geometry"]].to_file(folder / "mask.geojson")
    (folder / "points.csv").write_text(
        "id,population,lon,lat,kind\na,10,3.02,50.02,home\nb,20,3.08,50.08,home\nc,40,3.25,50.05,office\n",
        encoding="utf-8",
    )
    (folder / "training.csv").write_text(
        "site_id,metier,lon,lat\nT1,F1602,3.05,50.05\nT2,F1602,3.25,50.05\nT3,F1602,,\n", encoding="utf-8"
    )
    path = folder / "study.toml"
    path.write_text(STUDY.format(**{"zones": "", "more": "", "points": "", "training": "", **parts}), encoding="utf-8")
    return read_inputs(read_study_file(path), path)


def said(found: StudyInputs) -> str:
    return " | ".join(map(str, found.warnings))


def test_communes_and_neighbourhoods_are_zones_of_one_study(tmp_path: Path) -> None:
    found = inputs(tmp_path, more='[[origins.more_zones]]\nfile = "qpv.geojson"')
    assert found.zones["zone_id"].tolist() == ["west", "east", "QP1"]
    # The point inside the neighbourhood counts in it and in its commune.
    homes = found.membership[found.membership["point_id"] == "a"]
    assert sorted(homes["zone_id"]) == ["QP1", "west"]


def test_conditions_and_masks_are_applied_and_said(tmp_path: Path) -> None:
    found = inputs(tmp_path, zones="where = \"dep == '59'\"", points="where = \"kind == 'home'\"")
    assert found.zones["zone_id"].tolist() == ["west"]
    assert found.points["point_id"].tolist() == ["a", "b"]
    assert "points.csv: 2 rows kept where kind == 'home', 1 left out" in said(found)
    masked = inputs(
        tmp_path, zones='mask = "mask.geojson"', points='mask = "mask.geojson"', training='mask = "mask.geojson"'
    )
    assert masked.zones["zone_id"].tolist() == ["west"]
    assert masked.points["point_id"].tolist() == ["a", "b"]
    assert masked.training is not None
    # What has no position is not outside.
    assert masked.training["site_id"].tolist() == ["T1", "T3"]
    assert "communes.geojson: 1 row kept within mask.geojson, 1 left out" in said(masked)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"more": '[[origins.more_zones]]\nfile = "communes.geojson"'}, "two layers give this code"),
        ({"zones": "where = \"dep == '75'\""}, "no row where"),
        ({"zones": 'where = "os.system(1)"'}, "cannot be read"),
        ({"zones": 'mask = "points.csv"'}, "no polygon"),
        ({"zones": 'mask = "absent.gpkg"'}, "file not found"),
        ({"training": 'format = "onisep"\nwhere = "a == 1"'}, "ignores where"),
    ],
)
def test_what_cannot_be_chosen_by_is_refused(tmp_path: Path, parts: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        inputs(tmp_path, **parts)
