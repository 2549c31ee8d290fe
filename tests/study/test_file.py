"""The study file: what is accepted, and how every fault is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo_access.errors import InputError, MissingFileError
from geo_access.network.model import CrowFly, Network
from geo_access.study.file import (
    flag_rules,
    read_study_file,
    study_metiers,
    study_profiles,
    study_schedules,
    study_thresholds,
)
from geo_access.study.network import check_feeds, study_network
from tests.feeds import write_feed

NOWHERE = Network(2154, CrowFly(2154), None, {})

GOOD = """
[study]
name = "Essai"
date = "2026-03-17"

[network]
streets = "crow-fly"
gtfs = ["feed.zip"]

[origins.zones]
file = "zones.geojson"

[origins.points]
file = "points.csv"

[training]
file = "training.csv"

[[metiers]]
code = "F1602"
name = "Électricité bâtiment"

[[profiles]]
id = "sans_voiture"
name = "Sans voiture"
mode = "transit"

[[thresholds]]
id = "t60"
name = "1 h"
minutes = 60
kind = "training"
source = "exemple"

[[schedules]]
id = "jour"
name = "Journée"
kind = "training"
start = "09:00"
end = "17:00"
"""


def write(folder: Path, text: str, *, with_files: bool = True) -> Path:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    if with_files:
        for name in ("feed.zip", "zones.geojson", "points.csv", "training.csv"):
            (folder / name).touch()
    return path


def test_reads_a_good_file_with_paths_relative_to_it(tmp_path: Path) -> None:
    study = read_study_file(write(tmp_path, GOOD))
    assert study.network.gtfs == (tmp_path / "feed.zip",)
    assert study.study.language == "fr"


def test_unknown_key_names_the_nearest_known_one(tmp_path: Path) -> None:
    bad = GOOD.replace('name = "Essai"', 'name = "Essai"\nlangage = "en"')
    with pytest.raises(InputError, match=r"study\.langage: unknown key → did you mean 'language'\?"):
        read_study_file(write(tmp_path, bad))


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    bad = GOOD.replace("minutes = 60", "minutes = -3").replace('mode = "transit"', 'mode = "tram"')
    with pytest.raises(InputError) as caught:
        read_study_file(write(tmp_path, bad, with_files=False))
    where = {fault.where for fault in caught.value.faults}
    assert "study.toml: thresholds[0].minutes" in where
    assert "study.toml: profiles[0].mode" in where
    assert "study.toml: network.gtfs[0]" in where
    assert "study.toml: training.file" in where
    assert len(where) == 6


def test_missing_files_are_a_file_not_found_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"zones\.geojson"):
        read_study_file(write(tmp_path, GOOD, with_files=False))
    with pytest.raises(MissingFileError, match="no such study file"):
        read_study_file(tmp_path / "absent.toml")


def test_malformed_toml_says_the_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not valid TOML.*line 2"):
        read_study_file(write(tmp_path, "[study]\nname = \n"))
    path = tmp_path / "latin.toml"
    path.write_bytes("[study]\nname = 'métier'".encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8"):
        read_study_file(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('streets = "crow-fly"', 'streets = "osm"', "needs osm"),
        ('gtfs = ["feed.zip"]', "", "ride transit, but"),
        ('kind = "training"\nsource', 'kind = "job"\nsource', "none of kind 'training'"),
        ('end = "17:00"', 'end = "08:00"', "before it starts"),
        ('start = "09:00"', 'start = "9h"', "not a clock time"),
        ('date = "2026-03-17"', 'date = "2026-02-30"', "valid date"),
        ('[training]\nfile = "training.csv"', "", "nothing to reach"),
        ('streets = "crow-fly"', 'streets = "crow-fly"\nschool_zone = "B"', "school_zone is only for align"),
        ('streets = "crow-fly"', 'streets = "crow-fly"\ncar_congestion = { 8 = 1.4 }', "go together"),
        ('streets = "crow-fly"', 'streets = "crow-fly"\ncar_hour = 8', "go together"),
        ('streets = "crow-fly"', 'streets = "crow-fly"\nschool_place = "Lille"', "name that file"),
    ],
)
def test_contradictions_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(InputError, match=message):
        read_study_file(write(tmp_path, GOOD.replace(old, new)))


def test_ids_given_twice_are_named(tmp_path: Path) -> None:
    twice = GOOD + GOOD[GOOD.index("[[profiles]]") : GOOD.index("[[thresholds]]")]
    with pytest.raises(InputError, match="profiles: 'sans_voiture' is given twice"):
        read_study_file(write(tmp_path, twice))


def test_school_holidays_choose_the_day_that_stands_for_the_studys(tmp_path: Path) -> None:
    """Tuesday 3 February 2026 is term: 17 February, nearer, is holiday in zone B; 10 March is term again."""
    aligned = GOOD.replace('date = "2026-03-17"', 'date = "2026-02-03"')
    aligned = aligned.replace("[network]", '[network]\nalign = "equivalent-day"')
    write(tmp_path, aligned)
    days = [{"service_id": "all", "date": day, "exception_type": 1} for day in ("20260217", "20260310")]
    stops = {"A": (0, 0), "B": (3000, 0)}
    write_feed(tmp_path / "feed.zip", stops, ["A 08:00  B 08:10"], calendar=[], calendar_dates=days)
    (tmp_path / "own.csv").write_text("first,last\n2026-03-09,2026-03-15\n")
    for added, expected in (
        ("", "17 February 2026"),
        ('school_zone = "B"\n', "10 March 2026"),
        ('school_breaks = "own.csv"\n', "17 February 2026"),
    ):
        path = tmp_path / "study.toml"
        path.write_text(aligned.replace("[network]\n", "[network]\n" + added))
        _, notes = check_feeds(read_study_file(path))
        assert any(f"runs as on Tuesday {expected}" in str(note) for note in notes), (added, notes)


def test_congestion_of_the_hour_slows_the_car(tmp_path: Path) -> None:
    given = 'streets = "crow-fly"\ncar_kmh = 42\ncar_hour = 8\ncar_congestion = { 7 = 1.2, 8 = 1.4 }'
    text = GOOD.replace('streets = "crow-fly"\ngtfs = ["feed.zip"]', given)
    text = text.replace('mode = "transit"', 'mode = "car"').replace("[study]", "[study]\nepsg = 2154")
    streets = study_network(read_study_file(write(tmp_path, text))).streets
    assert isinstance(streets, CrowFly)
    assert streets.speeds_kmh["car"] == pytest.approx(30)


def test_every_key_of_a_public_a_threshold_and_hours_reaches_the_domain(tmp_path: Path) -> None:
    """Nothing that a section accepts is left behind, and what it leaves out keeps the domain's own default."""
    content = GOOD.replace(
        'mode = "transit"',
        'mode = "transit"\nwalk_kmh = 3.5\nbike_kmh = 12\nmax_access_min = 7\nmax_rides = 2\non_demand = true\n'
        'school_lines = false\nparatransit = true\nline_kinds = { "12" = "school" }',
    )
    content = content.replace('end = "17:00"', 'end = "17:00"\nslack_before_min = 8\nslack_after_min = 9')
    content = content.replace('source = "exemple"', 'source = "exemple"\nstatus = "en vigueur"')
    study = read_study_file(write(tmp_path, content))
    for sections, made in (
        (study.metiers, study_metiers(study)),
        (study.profiles, study_profiles(study, NOWHERE)),
        (study.thresholds, study_thresholds(study)),
        (study.schedules, study_schedules(study)),
        ((study.flag,), (flag_rules(study),)),
    ):
        for section, own in zip(sections, made, strict=True):
            told = {name: getattr(own, name) for name in type(section).model_fields}
            given = {name: tuple(value.items()) if isinstance(value, dict) else value for name, value in section}
            # A file that is named here is the stops near its places there.
            given |= {"park_and_ride": ()} if "park_and_ride" in given else {}
            assert told == given
    public = study_profiles(study, NOWHERE)[0]
    assert (public.walk_kmh, public.max_rides, public.line_kinds) == (3.5, 2, (("12", "school"),))
