"""Every line judged: the answers are those of closing the line, or adding the trip, and recomputing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from geo_access.errors import InputError
from geo_access.network.timetable.edits import CloseLine
from geo_access.network.timetable.scenario import apply_edits
from geo_access.study.file import checked_changes
from geo_access.study.lines import judge_lines, line_trials, reached_with, tried
from geo_access.study.lines_map import carried, draw_judged
from geo_access.study.prepared import PreparedStudy, prepare_study
from geo_access.study.whatif import run_scenario
from geo_access.times.kept import KeptTimes
from tests.study.drawn_world import anew, write_world
from tests.study.test_whatif import base

__all__ = ["base"]

JUDGED = ["L8", "303"]


@pytest.fixture(scope="module")
def judged(base: PreparedStudy):
    return judge_lines(base, lines=JUDGED)


def test_a_line_closed_is_judged_as_a_full_recomputation(base: PreparedStudy, judged) -> None:
    closed = judged[judged["trial"] == "closed"]
    population = base.diagnosis.residents.population
    before = reached_with(base, KeptTimes().on(base.network))
    for line in JUDGED:
        edited = apply_edits(base.network, [CloseLine(line)])
        after = reached_with(base, KeptTimes().on(anew(edited)))
        mine = closed[closed["line_name"] == line].set_index(["metier", "profile", "kind", "schedule", "threshold"])
        for (profile, kind, schedule, threshold), old in before.items():
            lost = population @ (old & ~after[profile, kind, schedule, threshold])
            for column in np.flatnonzero(lost > 0).tolist():
                key = (base.metiers[column].code, profile, kind, schedule, threshold)
                assert mine.loc[key, "lost"] == pytest.approx(lost[column]), (line, key)
        assert (mine["lost"] > 0).all()
    assert closed["lost"].max() > 0


# In these drawn worlds a line is worth keeping, or a trip more worth running.
@pytest.mark.parametrize(("seed", "trials"), [(3, {"closed"}), (4, {"earlier"})])
def test_every_trial_is_judged_as_a_full_recomputation(seed: int, trials: set[str], tmp_path: Path) -> None:
    base = prepare_study(write_world(tmp_path, seed=seed))
    timetable, population = base.network.timetable, base.diagnosis.residents.population
    assert timetable is not None
    judged = judge_lines(base)
    assert set(judged["trial"]) == trials
    keys = ["line_name", "trial", "at", "metier", "profile", "kind", "schedule", "threshold"]
    told = dict(zip(judged[keys].itertuples(index=False, name=None), zip(judged["won"], judged["lost"])))
    before = reached_with(base, KeptTimes().on(base.network))
    found = {}
    for trial in line_trials(timetable):
        at = "" if trial.at_s < 0 else f"{trial.at_s // 3600:02d}:{trial.at_s // 60 % 60:02d}"
        after = reached_with(base, KeptTimes().on(anew(tried(base.network, timetable, trial))))
        for case, old in before.items():
            won, lost = population @ (after[case] & ~old), population @ (old & ~after[case])
            for column in np.flatnonzero((won > 0) | (lost > 0)).tolist():
                metier = base.metiers[column].code
                row = (str(timetable.route_name[trial.line]), trial.what, at, metier, *case)
                found[row] = (float(won[column]), float(lost[column]))
    assert found == told


def test_who_reaches_is_whom_the_diagnosis_counts(base: PreparedStudy) -> None:
    """Searching no farther than the longest threshold loses nobody: before and without a line."""
    closed = run_scenario(base, checked_changes([{"change": "close_line", "line": "L8"}])).after
    for study in (base, closed):
        found = reached_with(study, KeptTimes().on(study.network))
        cases = [case for case in study.diagnosis.cases if case.profile.id == "sans_voiture"]
        assert len(found) == len(cases)
        for case in cases:
            mine = found[case.profile.id, case.kind, case.schedule, case.threshold.id]
            np.testing.assert_array_equal(mine, case.points.reached)


def test_a_line_that_is_not_there_is_refused_with_the_nearest(base: PreparedStudy) -> None:
    with pytest.raises(InputError, match="L8"):
        judge_lines(base, lines=["L88"])


def test_a_closed_line_helps_nobody_and_an_added_trip_harms_nobody(judged) -> None:
    assert (judged.loc[judged["trial"] == "closed", "won"] == 0).all()
    assert (judged.loc[judged["trial"] != "closed", "lost"] == 0).all()


def test_the_table_is_ranked_by_those_who_would_lose(judged) -> None:
    lost = judged["lost"].to_numpy()
    assert (np.diff(lost) <= 0).all()
    assert set(judged["trial"]) <= {"closed", "earlier", "later"}


def test_the_map_shows_each_line_by_those_who_would_lose_most(base: PreparedStudy, judged, tmp_path: Path) -> None:
    people = carried(judged)
    for line, lost in people.items():
        mine = judged[(judged["line"] == line) & (judged["trial"] == "closed")]
        assert lost == mine["lost"].max()
    path = draw_judged(base, judged, tmp_path / "lines.png")
    # Without anybody to lose anything the same lines stand there thin and grey: another picture.
    nobody = draw_judged(base, judged.assign(lost=0.0), tmp_path / "nobody.png")
    assert path.read_bytes() != nobody.read_bytes()
