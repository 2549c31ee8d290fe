"""A territory decided block by block of points is the territory decided at once: every value is equal."""

from __future__ import annotations

import io
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo_access.diagnosis import blocks
from geo_access.diagnosis.again import Again
from geo_access.diagnosis.points import PointFlags
from geo_access.diagnosis.remedies import smallest_remedies
from geo_access.diagnosis.service_plan import service_plan
from geo_access.diagnosis.service_remedies import ServiceEngines, ServiceLimits, try_changes
from geo_access.errors import CapacityError
from geo_access.study.prepared import PreparedStudy, prepare_study
from geo_access.times.round_trip import NetworkTimes, RoundTrip
from geo_access.times.store import Store
from tests.study.drawn_world import write_world


def same_arrays(one: object, other: object, kind: type[object]) -> None:
    for field in fields(kind):  # type: ignore[arg-type]
        a, b = getattr(one, field.name), getattr(other, field.name)
        assert (a is None) == (b is None), field.name
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype, field.name
            np.testing.assert_array_equal(a, b, err_msg=field.name)


@pytest.mark.parametrize("seed", [1, 3])
def test_blocks_are_the_whole(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_world(tmp_path, seed=seed, drawn=seed == 3)
    whole = prepare_study(path).diagnosis
    n_sites = min(len(sites) for sites in whole.sites.values())
    assert len(whole.residents.point_ids) > 4
    counted: list[int] = []
    decide = blocks._decided

    def counting(task, thresholds, residents, rules, sources):  # type: ignore[no-untyped-def]
        counted.append(len(residents.point_ids))
        return decide(task, thresholds, residents, rules, sources)

    monkeypatch.setattr(blocks, "_BLOCK_PAIRS", 2 * n_sites)
    monkeypatch.setattr(blocks, "_decided", counting)
    cut = prepare_study(path).diagnosis
    assert max(counted) <= 2
    assert sum(counted) == len(whole.residents.point_ids) * len(whole.times)
    pd.testing.assert_frame_equal(cut.flags, whole.flags, check_exact=True)
    assert list(cut.times) == list(whole.times)
    for key, trip in whole.times.items():
        same_arrays(cut.times[key], trip, RoundTrip)
    for one, other in zip(cut.cases, whole.cases, strict=True):
        same_arrays(one.points, other.points, PointFlags)
        assert [(d.name, d.varies, d.reached.tobytes()) for d in one.points.doubts] == [
            (d.name, d.varies, d.reached.tobytes()) for d in other.points.doubts
        ]
        assert {name: mask.tobytes() for name, mask in one.points.lifts.items()} == {
            name: mask.tobytes() for name, mask in other.points.lifts.items()
        }


def remedies_of(prepared: PreparedStudy, store: Store | None = None) -> list[pd.DataFrame]:
    """Remedies and the plan of lines, of the first question about training and of the first about jobs."""
    diagnosis, times = prepared.diagnosis, NetworkTimes(prepared.network, store=store)
    cases = [next(case for case in diagnosis.cases if case.kind == kind) for kind in diagnosis.sites]
    engines, found = ServiceEngines(times), []
    for case in cases:
        trials = try_changes(diagnosis, engines, case, limits=ServiceLimits(held=1, trips=2, extensions=1))
        found += [smallest_remedies(diagnosis, times, case, changes=trials.tried)]
        found += [service_plan(diagnosis, engines, case, trials, most=2)]
    return found


def test_remedies_by_blocks_for_whom_they_may_help_are_those_of_all_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = prepare_study(write_world(tmp_path, seed=3, drawn=True))
    whole = remedies_of(prepared)
    assert (whole[0]["remedy"] != "").any()
    asked = Again._blocks
    with monkeypatch.context() as patch:
        patch.setattr(Again, "_blocks", lambda again, _: asked(again, None))
        for one, other in zip(remedies_of(prepared), whole, strict=True):
            pd.testing.assert_frame_equal(one, other, check_exact=True)
    # Two points at a time, and a store that could not hold an answer.
    monkeypatch.setattr(blocks, "_BLOCK_PAIRS", 2 * min(len(sites) for sites in prepared.diagnosis.sites.values()))
    for one, other in zip(remedies_of(prepared, Store(most_bytes=1)), whole, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    path = write_world(tmp_path, seed=1)
    monkeypatch.setattr(blocks, "_BLOCK_PAIRS", 7)
    monkeypatch.setattr(blocks, "_file", Full)
    with pytest.raises(CapacityError, match="no space left after"):
        prepare_study(path)
