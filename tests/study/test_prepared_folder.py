"""A prepared study opens as what it was, and only while it is still true."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo_access.errors import InputError
from geo_access.study.changes import SessionClosed, ThresholdChanged
from geo_access.study.prepared import PreparedStudy, open_prepared, prepare_study
from geo_access.study.prepared_folder import prepared_folder
from geo_access.study.whatif import run_scenario
from tests.study.drawn_world import write_world


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> PreparedStudy:
    study = prepare_study(write_world(tmp_path_factory.mktemp("prepared"), seed=1))
    study.save()
    return study


@pytest.fixture
def copied(made: PreparedStudy, tmp_path: Path) -> Path:
    """The study and what was prepared of it, elsewhere: no path of the first place is in it."""
    shutil.copytree(made.path.parent, tmp_path / "copy")
    return tmp_path / "copy" / made.path.name


def test_it_opens_as_what_it_was(made: PreparedStudy, copied: Path) -> None:
    opened = open_prepared(copied)
    pd.testing.assert_frame_equal(opened.diagnosis.flags, made.diagnosis.flags)
    for name in ("zones", "points", "membership", "training", "employers"):
        pd.testing.assert_frame_equal(getattr(opened.inputs, name), getattr(made.inputs, name))
    assert opened.manifest_id == made.manifest_id
    for key, trip in made.diagnosis.times.items():
        np.testing.assert_array_equal(opened.diagnosis.times[key].out_s, trip.out_s)


def test_scenarios_on_it_are_those_of_the_study_itself(made: PreparedStudy, copied: Path) -> None:
    changes = [SessionClosed(site="T0"), ThresholdChanged(id="t", minutes=25)]
    opened = run_scenario(open_prepared(copied), changes)
    pd.testing.assert_frame_equal(opened.flags, run_scenario(made, changes).flags)


def test_nothing_is_searched_again_that_was_known(made: PreparedStudy, copied: Path) -> None:
    opened = open_prepared(copied)
    again = opened.kept.known_of(opened.network)
    known = made.kept.known_of(made.network)
    assert len(again.columns) == len(known.columns) > 0
    assert len(again.doorways.doors) == len(known.doorways.doors)


@pytest.mark.parametrize("name", ["training.csv", "points.csv", "feed.zip", "study.toml"])
def test_a_changed_file_of_the_study_is_named(copied: Path, name: str) -> None:
    path = copied.parent / name
    content = path.read_bytes()
    path.write_bytes(content.replace(b"minutes = 30", b"minutes = 31") if name == "study.toml" else content + b"\n")
    with pytest.raises(InputError, match=name.replace(".", r"\.")) as refused:
        open_prepared(copied)
    assert refused.value.key == "prepared.stale"


def test_comments_and_scenarios_of_the_study_change_nothing(copied: Path) -> None:
    scenario = '\n# later\n[[scenarios]]\nid = "a"\nname = "A"\n'
    scenario += '[[scenarios.changes]]\nchange = "session_closed"\nsite = "T0"\n'
    copied.write_text(copied.read_text(encoding="utf-8") + scenario, encoding="utf-8")
    assert open_prepared(copied).file.scenarios[0].id == "a"


def test_another_version_is_refused(copied: Path) -> None:
    mark = prepared_folder(copied) / "prepared.json"
    content = json.loads(mark.read_text(encoding="utf-8"))
    mark.write_text(json.dumps({**content, "version": "0.0.1"}), encoding="utf-8")
    with pytest.raises(InputError, match=r"0\.0\.1"):
        open_prepared(copied)


def test_where_nothing_is_prepared_the_command_is_told(copied: Path) -> None:
    shutil.rmtree(prepared_folder(copied))
    with pytest.raises(InputError, match="geo-access prepare study"):
        open_prepared(copied)


@pytest.mark.parametrize("name", ["prepared.json", "values.json", "values.bin", "network/network.json"])
def test_a_damaged_folder_is_refused_in_a_sentence(copied: Path, name: str) -> None:
    path = prepared_folder(copied) / name
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError):
        open_prepared(copied)


def test_a_folder_of_somebody_else_is_left_alone(made: PreparedStudy, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="something else"):
        made.save(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_scenario_is_not_the_study_of_the_file(made: PreparedStudy, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not as it was read"):
        run_scenario(made, [SessionClosed(site="T0")]).after.save(tmp_path / "new")


def test_saving_again_replaces_what_was_prepared(made: PreparedStudy, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    made.save(folder)
    made.save(folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made"]
