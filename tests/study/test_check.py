"""A check tells everything that is wrong in one round, whatever else is wrong beside it."""

from __future__ import annotations

import csv
import shutil
import zipfile
from datetime import date
from pathlib import Path

import pytest

from geo_access.errors import GeoAccessError
from geo_access.study.check import CheckReport, check_study
from geo_access.study.study import Study
from geo_access.words.messages import error_text
from tests.reliability.small_study import write_csv_rows, write_transit_study
from tests.study.test_file import GOOD, write

DEMO = Path(__file__).parents[2] / "data" / "demo"


def keys(report: CheckReport) -> dict[str, str]:
    """Key of each fault by where it is."""
    return {fault.where: fault.key for fault in report.faults}


def test_keys_contradictions_files_and_contents_are_told_together(tmp_path: Path) -> None:
    text = GOOD.replace('name = "Essai"', 'name = "Essai"\nlangage = "en"')
    text = text.replace('file = "training.csv"', 'file = "absent.csv"') + '\n[output]\nisochrone_profile = "nobody"\n'
    path = write(tmp_path, text)
    (tmp_path / "zones.geojson").write_text("{}")
    (tmp_path / "points.csv").write_text("id,lon,lat\na,3.0,50.0\n")
    (tmp_path / "feed.zip").write_bytes(b"no zip")
    found = keys(check_study(path))
    assert found["study.toml: study.langage"] == "study.unknown_near"
    assert found["study.toml"] == "study.no_profile"
    assert found["study.toml: training.file"] == "study.file_not_found"
    assert any(where.startswith("study.toml: origins.points") for where in found)
    assert any(where.startswith("study.toml: origins.zones") for where in found)
    assert any(where.startswith("study.toml: network.gtfs[0]") for where in found)
    assert len(found) == 6
    assert all(found.values())


def test_a_fault_makes_no_other_up(tmp_path: Path) -> None:
    text = GOOD.replace('mode = "transit"', 'mode = "tram"').replace("minutes = 60", "minutes = -3")
    path = write(tmp_path, text + '\n[output]\nisochrone_profile = "sans_voiture"\n')
    said = [fault.key for fault in check_study(path).faults if fault.key.startswith("study.")]
    assert sorted(said) == ["study.above", "study.one_of"]


def test_a_missing_file_is_said_once(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD, with_files=False)
    faults = check_study(path).faults
    assert {fault.key for fault in faults} == {"study.file_not_found"}
    assert len(faults) == 4


def test_what_would_run_stands_at_the_end() -> None:
    report = check_study(DEMO / "study.toml")
    assert report.faults == ()
    assert report.plan is not None
    values = dict(report.plan.values)
    assert values["day"] == Study.from_file(DEMO / "study.toml").file.study.date
    assert isinstance(values["day"], date)
    assert "run` would compute" in str(report.plan)


def test_several_feeds_in_one_file_are_read_and_said(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    shutil.copytree(DEMO, home)
    with zipfile.ZipFile(home / "all.zip", "w") as whole:
        for name in ("gtfs_rail", "gtfs_urbain"):
            with zipfile.ZipFile(home / f"{name}.zip") as part:
                for member in part.namelist():
                    whole.writestr(f"{name}/{member}", part.read(member))
            (home / f"{name}.zip").unlink()
    text = (home / "study.toml").read_text("utf-8").replace('"gtfs_urbain.zip"', '"all.zip"')
    for gone in (', "gtfs_rail.zip"',):
        assert gone in text
        text = text.replace(gone, "")
    (home / "study.toml").write_text(text, "utf-8")
    report = check_study(home / "study.toml")
    assert report.faults == ()
    assert "gtfs.several_read" in {said.key for said in report.warnings}
    names = {row[0] for row in report.rows}
    assert {"all/gtfs_rail", "all/gtfs_urbain"} <= names
    # One of the two alone is named by its folder; a folder that is not there is a fault like any other.
    alone = text.replace('"all.zip"', '"all.zip/gtfs_urbain", "all.zip/gtfs_bus"')
    (home / "study.toml").write_text(alone, "utf-8")
    assert "gtfs.not_inside" in {fault.key for fault in check_study(home / "study.toml").faults}


@pytest.mark.parametrize("value", ["[]", "{}", "1.5", "true", '"x"', "2026-03-17", "[[1]]"])
@pytest.mark.parametrize("key", ["date", "name", "language", "epsg"])
def test_every_refused_value_has_words_in_both_languages(tmp_path: Path, key: str, value: str) -> None:
    lines = [line for line in GOOD.splitlines() if not line.startswith(f"{key} = ")]
    path = write(tmp_path, "\n".join(lines).replace("[study]", f"[study]\n{key} = {value}", 1))
    faults = [fault for fault in check_study(path).faults if fault.where.startswith(f"study.toml: study.{key}")]
    for fault in faults:
        error = GeoAccessError("x", faults=[fault])
        assert error_text(error, "fr") != error_text(error, "en")


@pytest.mark.parametrize("given", ["max_transfer_min = 5", "walk_kmh = 9.5"])
def test_walks_between_stops_that_check_accepts_are_run(tmp_path: Path, given: str) -> None:
    path = write_transit_study(tmp_path)
    old = 'gtfs = ["bus.zip"]' if "transfer" in given else 'mode = "transit"'
    path.write_text(path.read_text("utf-8").replace(old, f"{old}\n{given}"), "utf-8")
    assert check_study(path).faults == ()
    assert len(Study.from_file(path).prepare().flags) > 0


def off_streets(path: Path) -> dict[str, int]:
    """Rows that no street comes near, by the key of the note that counts them."""
    return {
        each.key: int(str(dict(each.values)["n"]))
        for each in check_study(path).warnings
        if each.key.endswith("off_streets")
    }


def test_homes_and_sites_that_no_street_comes_near_are_counted_before_a_run(tmp_path: Path) -> None:
    """One home and one site of the study are put 50 km off: `check` says so, though both would run."""
    path = write_transit_study(tmp_path)
    before = off_streets(path)
    for name in ("points.csv", "training.csv"):
        rows = list(csv.DictReader((tmp_path / name).read_text("utf-8").splitlines()))
        rows[0]["lat"] = str(float(rows[0]["lat"]) + 0.45)
        write_csv_rows(tmp_path / name, rows)
    after = off_streets(path)
    for key in ("check.points_off_streets", "check.sites_off_streets"):
        assert after[key] == before.get(key, 0) + 1
    assert any("nobody leaves from there" in str(each) for each in check_study(path).warnings)


def write_parking_study(home: Path, lon: float, *, file: str = 'park_and_ride = "bnls.csv"') -> Path:
    """The small study whose first public leaves its car at one place, 100 km from nowhere or beside a stop."""
    path = write_transit_study(home)
    (home / "bnls.csv").write_text(f"id;nom;nb_pr;Xlong;Ylat\nP1;Gare;120;{lon};50.05\nP2;Centre;0;3.02;50.05\n")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('mode = "transit"', f'mode = "park_and_ride"\n{file}', 1), encoding="utf-8")
    return path


def test_a_public_leaves_its_car_where_places_are_kept_for_it(tmp_path: Path) -> None:
    study = Study.from_file(write_parking_study(tmp_path / "s", 3.1201))
    assert not check_study(study.path).faults
    prepared = study.prepare().base
    # Of the stops A, B and C only B, at 3.12, has a park-and-ride site within 300 m: P2 has no place for it.
    assert prepared.profiles[0].park_and_ride == ("B",)
    times = prepared.diagnosis.times["velo", "training", "jour"]
    # From p2, 3.19: five kilometres by car to B for the bus of 8:15, at A, 3.02, at 8:25; the hour asked is 8:55.
    assert 600 + 300 < times.out_s[2, 0] < 55 * 60


@pytest.mark.parametrize(
    ("lon", "file", "key"),
    [
        (4.5, 'park_and_ride = "bnls.csv"', "routing.park_far"),
        (3.12, "", "study.park_and_ride"),
        (3.12, 'park_and_ride = "absent.csv"', "study.file_not_found"),
    ],
)
def test_a_car_that_can_be_left_nowhere_is_refused_by_check_and_run_alike(
    tmp_path: Path, lon: float, file: str, key: str
) -> None:
    path = write_parking_study(tmp_path / "s", lon, file=file)
    assert [fault.key for fault in check_study(path).faults] == [key]
    with pytest.raises(GeoAccessError) as said:
        Study.from_file(path).run(tmp_path / "out")
    assert key in {said.value.key, *(fault.key for fault in said.value.faults)}
