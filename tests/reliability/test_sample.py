"""A sample of the campaign: check and run refuse spoilt studies in the same words, or run and say what is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.reliability.campaign import cases
from tests.reliability.kills import killed_and_resumed
from tests.reliability.mutations import FAMILIES
from tests.reliability.small_study import training, write_csv_rows, write_small_study, zones
from tests.reliability.trial import try_study


@pytest.mark.parametrize("family", FAMILIES)
def test_spoilt_studies_are_refused_or_run_as_promised(family: str) -> None:
    for case in cases(family, 0, 1):
        assert case.outcome in ("ran", "refused"), case


# What the campaign found once: a traceback, a loss that nobody told, a run that failed after check had said yes.
FOUND = (
    ("keys", 9),
    ("settings", 1),
    ("cells", 28),
    ("cells", 41),
    ("cells", 133),
    ("bytes", 84),
    ("bytes", 86),
    ("streets", 41),
)


@pytest.mark.parametrize(("family", "seed"), FOUND)
def test_what_the_campaign_found_is_mended(family: str, seed: int) -> None:
    for case in cases(family, seed, seed + 1):
        assert case.outcome in ("ran", "refused"), case


def _corner(home: Path, east: float) -> None:
    layer = zones()
    layer["features"][0]["geometry"]["coordinates"][0][1][0] = east
    (home / "zones.geojson").write_text(json.dumps(layer), encoding="utf-8")


def _points_file(home: Path, name: str) -> None:
    text = (home / "study.toml").read_text(encoding="utf-8")
    (home / "study.toml").write_text(text.replace('"points.csv"', f'"{name}"'), encoding="utf-8")


def _mask(home: Path) -> None:
    layer = zones()
    layer["features"][0]["geometry"]["coordinates"][0][1][0] = float("nan")
    (home / "mask.geojson").write_text(json.dumps(layer), encoding="utf-8")
    _points_file(home, 'points.csv"\nmask = "mask.geojson')


def _feed(home: Path) -> None:
    text = (home / "study.toml").read_text(encoding="utf-8")
    feed = f'streets = "crow-fly"\ngtfs = ["{"a" * 5000}.zip"]'
    (home / "study.toml").write_text(text.replace('streets = "crow-fly"', feed), encoding="utf-8")


def _places(home: Path, cell: str) -> None:
    write_csv_rows(home / "training.csv", [{**row, "places": cell} for row in training()])


def _dotted(home: Path) -> None:
    (home / "study.toml").write_text(".".join("a" * 5000) + " = 1", encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda home: _corner(home, float("nan")), "z3.0: a corner of the outline is no number"),
        (lambda home: _corner(home, float("inf")), "coordinates reach inf, 50"),
        (lambda home: _points_file(home, r"poi\u0000nts.csv"), "origins.points.file: file not found"),
        (lambda home: _points_file(home, "a" * 5000), "origins.points.file: file not found"),
        (lambda home: _places(home, "1e308"), "no number in places"),
        (_mask, "mask.geojson: a corner of the outline is no number"),
        (_feed, "network.gtfs[0]: file not found"),
        (_dotted, "nested too deep"),
    ],
    ids=["nan", "inf", "nul", "long", "1e308", "mask", "feed", "dotted"],
)
def test_check_and_run_refuse_in_the_same_clear_words(tmp_path: Path, spoil, told: str) -> None:
    path = write_small_study(tmp_path)
    spoil(tmp_path)
    trial = try_study(path, tmp_path / "out")
    assert trial.outcome == "refused", trial
    assert told in trial.said


@pytest.mark.parametrize("kind", ["sink", "save", "serve"])
def test_killed_work_is_taken_up_to_the_same_bytes(kind: str) -> None:
    assert killed_and_resumed(kind, 1)
