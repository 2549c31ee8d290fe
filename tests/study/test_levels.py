"""Levels first are those of a full recomputation, bit for bit, whatever is edited and in whatever order."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo_access.errors import InputError
from geo_access.study.file import checked_changes
from geo_access.study.levels import LevelEngine, Levels
from geo_access.study.prepared import PreparedStudy, diagnose_assumptions, open_prepared, prepare_study
from geo_access.study.scenario import Assumptions, apply_changes
from geo_access.times.kept import KeptTimes
from tests.study.drawn_world import random_edits, write_world

KEYS = ["zone_id", "metier", "profile", "kind", "schedule", "threshold", "level"]
SHARES = ["reachable_share", "unmeasured_share"]
SEEDS = range(3)
EDITS_EACH = 3


@pytest.fixture(scope="module", params=SEEDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> PreparedStudy:
    return prepare_study(write_world(tmp_path_factory.mktemp("world"), seed=request.param))


def assert_levels_are_those_of(levels: Levels, flags: pd.DataFrame, said: object) -> None:
    first = levels.table()
    for name in KEYS:
        assert first[name].astype(str).tolist() == flags[name].astype(str).tolist(), said
    for name in SHARES:
        whole = flags[name].to_numpy(np.float32, na_value=np.nan)
        np.testing.assert_array_equal(first[name].to_numpy(), whole, err_msg=str(said))


def edited(world: PreparedStudy, pick: random.Random) -> tuple[list[dict[str, object]], Assumptions]:
    """Changes that can be applied, and what is assumed then."""
    while True:
        edits = random_edits(pick, world.path)
        try:
            return edits, apply_changes(world.assumptions, checked_changes(edits))
        except InputError:
            continue


def test_levels_first_are_those_of_a_full_recomputation(world: PreparedStudy) -> None:
    engine, pick = LevelEngine(), random.Random(world.path.parent.name)  # noqa: S311 — not for secrets
    base = world.kept.on(world.network)
    assert_levels_are_those_of(engine.levels(world.assumptions, base), world.diagnosis.flags, "base")
    for _ in range(EDITS_EACH):
        edits, assumed = edited(world, pick)
        times = base if assumed.network is world.network else world.kept.passing(assumed.network)
        whole = diagnose_assumptions(assumed, world.path, kept=KeptTimes()).diagnosis
        assert_levels_are_those_of(engine.levels(assumed, times), whole.flags, edits)
    assert_levels_are_those_of(engine.levels(world.assumptions, base), world.diagnosis.flags, "base again")


def test_a_part_of_the_question_has_the_levels_of_the_whole(world: PreparedStudy) -> None:
    engine, times = LevelEngine(), world.kept.on(world.network)
    whole = engine.levels(world.assumptions, times)
    for case in whole.cases:
        only = (case.profile.id, case.kind, case.schedule)
        part = LevelEngine().levels(world.assumptions, times, only=only)
        np.testing.assert_array_equal(part.case(*only).level, whole.case(*only).level)


def test_another_threshold_asks_for_no_time(world: PreparedStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, times = LevelEngine(), world.kept.on(world.network)
    engine.levels(world.assumptions, times)

    def refuse(*_: object) -> None:
        raise AssertionError("a time was asked for")

    monkeypatch.setattr(type(times), "connect", refuse)
    changes = checked_changes([{"change": "threshold", "id": "t", "minutes": 44}])
    engine.levels(apply_changes(world.assumptions, changes), times)


def test_little_room_forgets_and_still_answers(world: PreparedStudy) -> None:
    engine, times = LevelEngine(most_bytes=1), world.kept.on(world.network)
    for _ in range(2):
        assert_levels_are_those_of(engine.levels(world.assumptions, times), world.diagnosis.flags, "little room")


def test_it_answers_from_a_folder(world: PreparedStudy, tmp_path: Path) -> None:
    opened = open_prepared(world.path, world.save(tmp_path / "kept"))
    levels = LevelEngine().levels(opened.assumptions, opened.kept.on(opened.network))
    assert_levels_are_those_of(levels, world.diagnosis.flags, "opened")
