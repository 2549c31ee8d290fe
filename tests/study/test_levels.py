"""Levels first are those of a full recomputation, bit for bit, whatever is edited and in whatever order."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo_access.study.file import checked_changes
from geo_access.study.levels import LevelEngine
from geo_access.study.prepared import PreparedStudy, open_prepared, prepare_study
from geo_access.study.scenario import apply_changes
from tests.study.count_edits import compare, differing
from tests.study.drawn_world import write_world

SEEDS = range(4)
EDITS_EACH = 3


@pytest.fixture(scope="module", params=SEEDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> PreparedStudy:
    """The last world stands on drawn streets, the others on straight lines."""
    seed = request.param
    return prepare_study(write_world(tmp_path_factory.mktemp("world"), seed=seed, drawn=seed == 3))


def test_levels_and_scenarios_are_those_of_a_full_recomputation(world: PreparedStudy) -> None:
    engine, pick = LevelEngine(), random.Random(len(world.inputs.points))  # noqa: S311 — not for secrets
    base = world.kept.on(world.network)
    assert not differing(engine.levels(world.assumptions, base).table(), world.diagnosis.flags)
    for _ in range(EDITS_EACH):
        edits, wrong = compare(world, engine, pick)
        assert not wrong, edits
    assert not differing(engine.levels(world.assumptions, base).table(), world.diagnosis.flags)


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
        assert not differing(engine.levels(world.assumptions, times).table(), world.diagnosis.flags)


def test_it_answers_from_a_folder(world: PreparedStudy, tmp_path: Path) -> None:
    opened = open_prepared(world.path, world.save(tmp_path / "kept"))
    levels = LevelEngine().levels(opened.assumptions, opened.kept.on(opened.network))
    assert not differing(levels.table(), world.diagnosis.flags)


def test_whom_the_study_counts_weighs_the_levels(tmp_path: Path) -> None:
    """Weights by young people, who live where the others do not: the engine's shares are the diagnosis's."""
    path = write_world(tmp_path, seed=1)
    points = pd.read_csv(tmp_path / "points.csv")
    points["youth_18_24"] = [500 if row % 3 == 0 else 1 for row in range(len(points))]
    points.to_csv(tmp_path / "points.csv", index=False)
    path.write_text(path.read_text(encoding="utf-8") + 'people = "youth_18_24"\n', encoding="utf-8")
    study = prepare_study(path)
    levels = LevelEngine().levels(study.assumptions, study.kept.on(study.network)).table()
    assert levels["reachable_share"].between(0, 1, inclusive="neither").any()
    assert not differing(levels, study.diagnosis.flags)
