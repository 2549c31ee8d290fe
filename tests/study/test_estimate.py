"""What a run is announced to take: more work is never announced as less, and five studies within half as much again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from geo_access.study.estimate import Estimate, estimate_of
from geo_access.study.file import read_study_file
from geo_access.study.inputs import read_inputs
from geo_access.study.study import demo_study_path
from tests.reliability.small_study import points, write_csv_rows, write_small_study, write_transit_study

# Processor time [s] and memory [MB] as bench_estimates.py measured them on 2026-11-27, on a quiet machine.
TOOK = {"small": (4.8, 594), "bus": (5.4, 629), "wide": (6.9, 709), "demo": (57.6, 1418)}


def announced(path: Path) -> Estimate:
    file = read_study_file(path)
    return estimate_of(file, read_inputs(file, path))


def of(name: str, home: Path) -> Estimate:
    if name == "demo":
        shutil.copytree(demo_study_path().parent, home)
        return announced(home / "study.toml")
    path = (write_transit_study if name == "bus" else write_small_study)(home)
    if name == "wide":
        rows = [{**points()[0], "point_id": f"p{k}", "lon": 3.0 + 0.299 * k / 20_000} for k in range(20_000)]
        write_csv_rows(home / "points.csv", rows)
    return announced(path)


@pytest.mark.parametrize("name", TOOK)
def test_estimates_are_within_half_as_much_again_of_what_was_measured(tmp_path: Path, name: str) -> None:
    found = of(name, tmp_path / "study")
    for said, took in zip((found.seconds, found.megabytes), TOOK[name], strict=True):
        assert took / 1.5 <= said <= took * 1.5


def test_each_count_of_work_adds_to_both(tmp_path: Path) -> None:
    small, bus = of("small", tmp_path / "a"), of("bus", tmp_path / "b")
    # Two métiers; the bus adds its network, five sites asked for one public, and two métiers' remedies.
    sweeps = 2 + 3
    assert bus.seconds - small.seconds == pytest.approx(0.3 + 0.014 * sweeps + 2 * 0.4 + 0.2, abs=0.02)
    assert bus.megabytes - small.megabytes == pytest.approx(35 + 120, abs=1)


def test_the_sentence_counts_in_seconds_then_in_minutes() -> None:
    assert "80 s" in Estimate(1, 1, 1, 80.0, 600.0).told("en")
    assert "2 min" in Estimate(1, 1, 1, 120.0, 600.0).told("en")
