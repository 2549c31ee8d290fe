"""Scenarios that cannot be: one clear fault for each, with the line of the study file."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo_access.errors import InputError
from geo_access.study.change_lines import change_lines
from geo_access.study.file import checked_changes, read_study_file
from geo_access.study.inputs import read_inputs
from geo_access.study.network import study_network
from geo_access.study.scenario import Assumptions, apply_changes
from geo_access.study.written_scenarios import check_scenarios
from geo_access.words.messages import error_text
from tests.study.drawn_world import write_world

HEAD = """
[[scenarios]]
id = "a"
name = "A change = that is none" # change = "none"
"""

NEW_LINE = 'change = "add_line"\nline = "N"\nheadway_min = 20\nstart = "06:00"\nend = "09:00"\n'
HOLD = 'change = "hold_connection"\nminutes = 5\n'
BACKWARDS = """change = "hours_moved"
site = "E0"
start = "06:00"
end = "14:00"
new_start = "14:00"
new_end = "06:00\""""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Assumptions:
    path = write_world(tmp_path_factory.mktemp("world"), seed=1)
    file = read_study_file(path)
    return Assumptions(file, read_inputs(file, path), study_network(file))


def refused(world: Assumptions, folder: Path, scenarios: str) -> InputError:
    """What `check` says of the study with these scenarios, its network and tables read already."""
    base = world.file.network.gtfs[0].parent / "study.toml"
    study = folder / "study.toml"
    text = base.read_text(encoding="utf-8")
    for name in ("feed.zip", "zones.geojson", "points.csv", "training.csv", "employers.csv"):
        text = text.replace(f'"{name}"', f'"{(base.parent / name).as_posix()}"')
    study.write_text(text + scenarios, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        check_scenarios(Assumptions(read_study_file(study), world.inputs, world.network), study)
    return caught.value


def line_of(folder: Path, wanted: str) -> int:
    lines = (folder / "study.toml").read_text(encoding="utf-8").splitlines()
    return lines.index(wanted) + 1


@pytest.mark.parametrize(
    ("change", "english"),
    [
        ('change = "close_line"\nline = "L9"', "no line 'L9'"),
        ('change = "session_closed"\nsite = "T99"', "no session at T99"),
        (
            'change = "add_trip"\ntrip = "x"\nline = "L0"\ncalls = [["S00", "08:00"], ["S01", "07:50"]]',
            "the vehicle would go back in time",
        ),
        ('change = "close_feed"\nfeed = "feed"', "nothing would run"),
        (f'{HOLD}stop = "S0"\nline = "L0"\nfeeder = "L1"', "no stop 'S0' → nearest: S"),
        (f'{HOLD}stop = "S00"\nline = "L0"\nfeeder = "L9"', "no line 'L9' → nearest: L"),
        (f'{HOLD}stop = "S00"\nline = "L0"', "a line or trips for each"),
        (f'{HOLD}stop = "S00"\nline = "L0"\nfeeder = "L1"\nstart = "02:00"\nend = "02:01"', "takes nobody on"),
    ],
)
def test_a_bad_change_is_one_fault_with_its_line(world: Assumptions, tmp_path: Path, change: str, english: str) -> None:
    error = refused(world, tmp_path, f"{HEAD}\n[[scenarios.changes]]\n{change}\n")
    assert len(error.faults) == 1
    line = line_of(tmp_path, change.splitlines()[0])
    assert str(error).startswith(f"study.toml, line {line}: scenarios: a: 1. ")
    assert english in str(error)
    assert error_text(error, "fr").replace("\u202f", " ").startswith(f"study.toml, ligne {line} : scenarios: a: 1. ")


def test_a_session_without_places_is_refused_when_the_file_is_read(world: Assumptions, tmp_path: Path) -> None:
    change = 'change = "session_added"\nsite = "T0"\nmetier = "M0001"\nlevel = 3\nplaces = 0'
    error = refused(world, tmp_path, f"{HEAD}\n[[scenarios.changes]]\n{change}\n")
    assert len(error.faults) == 1
    line = line_of(tmp_path, change.splitlines()[0])
    assert error.faults[0].where == f"study.toml, line {line}: scenarios: a: 1. session_added: places"


@pytest.mark.parametrize(
    ("change", "english"),
    [
        ('change = "rules"\nadequate_share = 0.4\nfragile_share = 0.6', "must lie below adequate_share 0.4"),
        ('change = "rules"', "no rule is changed"),
        (
            BACKWARDS,
            "a night shift that ends on the next morning is written past 24 h, here 30:00",
        ),
        ('change = "streets"\nfile = "missing.osm"', "missing.osm: no such file"),
        ('change = "replace_feed"\nfeed = "feed"\nfile = "missing.zip"', "missing.zip: no such GTFS file"),
        ('change = "fare_free"\ntypo = 1', "unknown key → known keys: change, pass_month_eur"),
        ('change = "fare_free"\npass_month_eu = 1', "did you mean 'pass_month_eur'"),
        (f'{HOLD}stop = "S00"\nline = "L0"\nfeeders = "L1"', "did you mean 'feeder'"),
        ('change = "hold_connection"\nminutes = 300\nstop = "S00"\nline = "L0"', "must be at most 120.0"),
        ('change = "dance"', "unknown value → one of: session_added, "),
        (
            NEW_LINE + 'stops = ["S00", {name = "far", lon = 200.0, lat = 0.0}]',
            "stops[1].place.lon: must be at most 180.0",
        ),
        (
            NEW_LINE + 'stops = ["S00", "S00"]',
            "the same stop twice in a row",
        ),
    ],
)
def test_what_cannot_be_is_one_fault_wherever_it_is_found(
    world: Assumptions, tmp_path: Path, change: str, english: str
) -> None:
    error = refused(world, tmp_path, f"{HEAD}\n[[scenarios.changes]]\n{change}\n")
    assert len(error.faults) == 1
    assert f"study.toml, line {line_of(tmp_path, change.splitlines()[0])}: " in str(error)
    assert english in str(error)
    assert "line" not in error_text(error, "fr").partition("scenarios")[0]


def test_a_drawing_that_changes_no_street_is_refused(tmp_path: Path) -> None:
    path = write_world(tmp_path, seed=3, drawn=True)
    (tmp_path / "empty.osm").write_text("<osm version='0.6'></osm>", encoding="utf-8")
    file = read_study_file(path)
    drawn = Assumptions(file, read_inputs(file, path), study_network(file))
    with pytest.raises(InputError, match=r"no street is changed by empty\.osm"):
        apply_changes(drawn, checked_changes([{"change": "streets", "file": str(tmp_path / "empty.osm")}]))


def test_a_session_where_no_street_is_is_refused(tmp_path: Path) -> None:
    path = write_world(tmp_path, seed=3, drawn=True)
    file = read_study_file(path)
    drawn = Assumptions(file, read_inputs(file, path), study_network(file))
    row = drawn.inputs.training.to_crs(4326).geometry.iloc[0]  # type: ignore[union-attr]
    for change in ({"change": "session_added", "metier": "M0001", "level": 3, "places": 5}, MOVED):
        # A degree north is some 111 km away from the last street.
        with pytest.raises(InputError, match=r"Nowhere is more than 500 m from every street"):
            apply_changes(drawn, checked_changes([change | {"name": "Nowhere", "lon": row.x, "lat": row.y + 1}]))
        apply_changes(drawn, checked_changes([change | {"name": "Here", "lon": row.x, "lat": row.y}]))


MOVED = {"change": "session_moved", "origin": "T0"}


def test_changes_that_contradict_one_another_are_told(world: Assumptions, tmp_path: Path) -> None:
    twice = "".join(f'[[scenarios.changes]]\nchange = "threshold"\nid = "t"\nminutes = {n}\n' for n in (40, 50))
    closed = '[[scenarios.changes]]\nchange = "close_line"\nline = "L0"\n' * 2
    error = refused(world, tmp_path, f"{HEAD}{twice}{closed}")
    first, second = (str(item) for item in error.faults)
    assert "2. threshold: “threshold t: minutes” is set by change 1" in first
    assert "scenarios: a: 4. close_line" in second


def test_what_others_build_on_is_told_once(world: Assumptions, tmp_path: Path) -> None:
    bad = f'{HEAD}\n[[scenarios.changes]]\nchange = "close_line"\nline = "L9"\n'
    more = """[[scenarios]]
id = "b"
name = "B"
after = "a"
changes = [
  { change = "threshold", id = "t", minutes = 40 },
  { change = "session_closed", site = "T99" },
]
"""
    error = refused(world, tmp_path, bad + more)
    assert [item.where.split(": ")[2] for item in error.faults] == ["a", "b"]
    line = line_of(tmp_path, '  { change = "session_closed", site = "T99" },')
    assert f"line {line}" in error.faults[1].where


def test_lines_of_changes_are_found_however_they_are_written() -> None:
    text = '[[scenarios]]\nname = "change = 1"\nchanges = [{change = "a"}, {change = "b"}]\n[flag]\nchange = 3\n'
    assert change_lines(text) == [[1, 3, 3]]
