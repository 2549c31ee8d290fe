"""The planner's changes: what they do to the question that is shown, at once; to all questions, on demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from geo_access.diagnosis.diagnose import OWN_HOURS
from geo_access.diagnosis.levels import LEVELS
from geo_access.network.model import Timetable
from geo_access.network.timetable.naming import line_reference
from geo_access.study.changes import (
    CancelTrips,
    Change,
    FareFree,
    FeedReplaced,
    HoursMoved,
    LineBooked,
    ScenarioSection,
    ServiceChange,
    SessionAdded,
    SessionClosed,
    SessionMoved,
    StreetsChanged,
)
from geo_access.study.delta import counted_groups
from geo_access.study.file import checked_changes, flag_rules
from geo_access.study.levels import CaseLevels
from geo_access.study.prepared import PreparedStudy, Progress, diagnose_assumptions
from geo_access.study.scenario import Assumptions, apply_changes, scenario_changes
from geo_access.study.whatif import run_scenario
from geo_access.times.kept import KeptTimes
from geo_access.web.planner import CURVE_MINUTES, SHOWN, case_answer, told_case
from geo_access.web.questions import CaseQuestion, ScenarioQuestion
from geo_access.web.trials import Trials
from geo_access.words.note import Note, note
from geo_access.words.told import refusal

__all__ = [
    "asked_changes",
    "full_answer",
    "known_to_edit",
    "scenario_answer",
    "scenario_details",
    "scenarios_told",
]

_SESSIONS = (SessionAdded, SessionMoved, SessionClosed)


def asked_changes(question: ScenarioQuestion, scenarios: Sequence[ScenarioSection]) -> tuple[Change, ...]:
    """Read the changes of a question, those of the scenario that it builds on first.

    Parameters
    ----------
    question : ScenarioQuestion
    scenarios : sequence of ScenarioSection
        Those of the study file: the only ones whose changes may name files.

    Returns
    -------
    tuple of Change

    Raises
    ------
    InputError
        With everything wrong in them, for a change that names a file, and when there is none.
    """
    own = checked_changes(list(question.changes))
    if any(isinstance(change, StreetsChanged | FeedReplaced) for change in own):
        raise refusal("web.file_change")
    base = scenario_changes(scenarios, question.after) if question.after else ()
    if not (own or base):
        raise refusal("web.no_change")
    return (*base, *own)


def scenario_answer(
    trials: Trials, question: ScenarioQuestion, changes: Sequence[Change], language: str
) -> dict[str, Any]:
    """Say what changes do to the question that is shown, levels first: the figures of a full run for this question.

    Parameters
    ----------
    trials : Trials
    question : ScenarioQuestion
    changes : sequence of Change
    language : str

    Returns
    -------
    dict
        ``told`` (the changes in words), ``case`` (as `case_answer`, after, reasons and confidence left open: those are
        in `scenario_details`), ``won`` and ``lost`` (by public, residents at each minute of the slider), ``zone_won``
        and ``zone_lost`` (residents, at the study's threshold), ``why`` (a sentence where nobody gains or loses).

    Raises
    ------
    InputError
        With every change that cannot be applied.
    """
    prepared = trials.base
    case = prepared.case(question.profile, question.kind, question.schedule)
    assumed = _for_question(trials.settled(apply_changes(prepared.assumptions, changes), changes), question)
    levels = trials.levels(assumed, only=(question.profile, question.kind, question.schedule))
    after = next((item for item in levels.cases if item.threshold.id == case.threshold.id), levels.cases[0])
    moved = _Needed(prepared.minutes_needed(case, question.metier), after.needed_s[:, 0] / np.float32(60))
    why = moved.why_nothing(prepared, question, changes, case.threshold.minutes)
    weights = prepared.diagnosis.residents.weights
    columns = _first_columns(prepared.flags_of(case, question.metier), after)
    rules = flag_rules(assumed.file)
    return {
        "revision": question.revision,
        "told": [change.told().told(language) for change in changes],
        "case": told_case(prepared, moved.after, after.threshold, rules, columns),
        "won": {name: moved.won(weight) for name, weight in counted_groups(prepared).items()},
        "lost": {name: moved.lost(weight) for name, weight in counted_groups(prepared).items()},
        **moved.by_zone(weights, case.threshold.minutes, prepared.held_back),
        "why": None if why is None else why.told(language),
        "sure": False,
    }


def _first_columns(before: pd.DataFrame, after: CaseLevels) -> dict[str, list[Any]]:
    """Columns of the zones that are known first; the others are open until they are computed."""
    kept = ("zone_id", "zone_name", "zone_kind", "residents", "remote_places")
    columns: dict[str, list[Any]] = {name: [None] * len(before) for name in SHOWN}
    columns |= {name: before[name].astype(object).where(before[name].notna(), None).tolist() for name in kept}
    share = after.share[:, 0]
    columns["level"] = [LEVELS[code] for code in after.level[:, 0].tolist()]
    columns["reachable_share"] = [None if np.isnan(value) else value for value in share.tolist()]
    return columns


def scenario_details(
    trials: Trials, question: ScenarioQuestion, changes: Sequence[Change], kept: KeptTimes
) -> dict[str, Any]:
    """Diagnose the question that is shown again, with the changes: reasons, confidence and saturation of its zones.

    Parameters
    ----------
    trials : Trials
    question : ScenarioQuestion
    changes : sequence of Change
    kept : KeptTimes
        Those of the trials, asked in a way that lets others pass.

    Returns
    -------
    dict
        ``revision``, ``case`` (as `case_answer`, after), ``sure`` (whether the confidence after was computed: a study
        with another day computes it in the full answer only).

    Raises
    ------
    InputError
        With every change that cannot be applied.
    """
    prepared = trials.base
    assumed = trials.settled(apply_changes(prepared.assumptions, changes), changes)
    after = diagnose_assumptions(_narrowed(assumed, question), prepared.path, kept=kept)
    sure = prepared.file.study.other_date is None
    return {"revision": question.revision, "case": case_answer(after, _as_case(question)), "sure": sure}


def _for_question(assumed: Assumptions, question: ScenarioQuestion) -> Assumptions:
    """Keep the one métier, public and schedule that are asked for, and all places there are."""
    kept = assumed.file.model_copy(
        update={
            "metiers": tuple(item for item in assumed.file.metiers if item.code == question.metier),
            "profiles": tuple(item for item in assumed.file.profiles if item.id == question.profile),
        }
    )
    return replace(assumed, file=kept)


def _as_case(question: ScenarioQuestion) -> CaseQuestion:
    return CaseQuestion(
        metier=question.metier, profile=question.profile, kind=question.kind, schedule=question.schedule
    )


def _narrowed(assumed: Assumptions, question: ScenarioQuestion) -> Assumptions:
    """Keep the one métier, public and schedule that are asked for."""
    file = assumed.file
    kept = file.model_copy(
        update={
            "study": file.study.model_copy(update={"other_date": None}),
            "metiers": tuple(item for item in file.metiers if item.code == question.metier),
            "profiles": tuple(item for item in file.profiles if item.id == question.profile),
            "schedules": tuple(item for item in file.schedules if item.id == question.schedule),
        }
    )
    training = question.kind == "training"
    inputs = replace(assumed.inputs, employers=None) if training else replace(assumed.inputs, training=None)
    return replace(assumed, file=kept, inputs=inputs)


@dataclass(frozen=True, eq=False)
class _Needed:
    """Minutes each point needs before and after, float32 (n_points,), infinite where no time suffices."""

    before: np.ndarray
    after: np.ndarray

    def won(self, weight: np.ndarray) -> list[float]:
        """Residents who reach after but not before, at each minute."""
        return _between(self.after, self.before, weight)

    def lost(self, weight: np.ndarray) -> list[float]:
        """Residents who reach before but not after, at each minute."""
        return _between(self.before, self.after, weight)

    def by_zone(self, weights: sparse.csr_matrix, threshold_min: float, held: np.ndarray) -> dict[str, list[float]]:
        """Residents of each zone who gain, and who lose, at the study's threshold; none told of zones held back."""
        before, after = self.before <= threshold_min, self.after <= threshold_min
        return {
            name: np.where(held, 0.0, np.asarray(weights @ mask.astype(np.float64)).ravel()).round(6).tolist()
            for name, mask in (("zone_won", after & ~before), ("zone_lost", before & ~after))
        }

    def why_nothing(
        self, prepared: PreparedStudy, question: ScenarioQuestion, changes: Sequence[Change], threshold_min: float
    ) -> Note | None:
        """Say why nobody gains or loses at the study's threshold, or None where somebody does."""
        if ((self.before <= threshold_min) != (self.after <= threshold_min)).any():
            return None
        if all(isinstance(change, FareFree) for change in changes):
            return note("web.why_fares")
        if all(_elsewhere(change, question) for change in changes):
            return note("web.why_elsewhere")
        services = all(isinstance(change, ServiceChange | CancelTrips | LineBooked) for change in changes)
        if services and not prepared.profile(question.profile).uses_transit:
            return note("web.why_no_transit")
        with np.errstate(invalid="ignore"):
            moved = np.nan_to_num(np.abs(self.after - self.before), nan=0.0)
        if not (moved > 1e-6).any():
            return note("web.why_same_times")
        weight = prepared.diagnosis.residents.population
        touched = round(float(weight[moved > 1e-6].sum()))
        finite = moved[np.isfinite(moved)]
        most = round(float(finite.max()), 1) if len(finite) else 0.0
        return note("web.why_not_enough", n=touched, most=most, minutes=round(threshold_min))


def _between(first: np.ndarray, second: np.ndarray, weight: np.ndarray) -> list[float]:
    """Weight of the points with first ≤ m < second, for m from 0 to `CURVE_MINUTES`."""
    start, end = (
        np.where(np.isfinite(value), np.ceil(value - 1e-9), CURVE_MINUTES + 1)
        .clip(0, CURVE_MINUTES + 1)
        .astype(np.int64)
        for value in (first, second)
    )
    steps = np.zeros(CURVE_MINUTES + 2)
    inside = start < end
    np.add.at(steps, start[inside], weight[inside])
    np.subtract.at(steps, end[inside], weight[inside])
    return np.maximum(np.cumsum(steps)[: CURVE_MINUTES + 1], 0.0).round(6).tolist()


def _elsewhere(change: Change, question: ScenarioQuestion) -> bool:
    """Whether a change cannot touch the question: another métier's session, a shift where training is asked for."""
    if isinstance(change, _SESSIONS):
        return question.kind == "job" or change.metier not in (None, question.metier)
    return isinstance(change, HoursMoved) and question.kind == "training"


def full_answer(
    trials: Trials, changes: Sequence[Change], language: str, progress: Progress, kept: KeptTimes
) -> dict[str, Any]:
    """Run the scenario for all métiers, publics and schedules: who gained and who lost, and the zones that moved.

    Returns
    -------
    dict
        ``told``; ``people`` and ``zones``: rows of `geo_access.study.delta.Delta` where anybody gains or loses.
    """
    outcome = run_scenario(replace(trials.base, kept=kept), changes, progress=progress)
    people = outcome.delta.people
    moved = people[["residents_won", "residents_lost", "free_won", "free_lost"]].sum(axis=1) > 0
    moved |= people[["zones_flagged", "zones_unflagged"]].sum(axis=1) > 0
    return {
        "told": [told.told(language) for told in outcome.told],
        "people": _records(people[moved]),
        "zones": _records(outcome.delta.zones),
        "asked": len(people),
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def scenarios_told(scenarios: Sequence[ScenarioSection], language: str) -> list[dict[str, Any]]:
    """Scenarios of the study file for the page: their changes as values, and in words."""
    return [
        {
            "id": item.id,
            "name": item.name,
            "after": item.after,
            "changes": [change.model_dump(mode="json", exclude_none=True) for change in item.changes],
            "told": [change.told().told(language) for change in item.changes],
            "files": any(isinstance(change, StreetsChanged | FeedReplaced) for change in item.changes),
        }
        for item in scenarios
    ]


def known_to_edit(prepared: PreparedStudy) -> dict[str, Any]:
    """Gather what a change may name: lines with where they go, shifts of the employers, levels of the métiers."""
    employers = prepared.inputs.employers
    shifts: list[dict[str, str]] = []
    if employers is not None:
        rows = employers[["site_id", "site_name", "shift_start", "shift_end"]].astype(str).drop_duplicates()
        named = {"site_id": "site", "site_name": "name", "shift_start": "start", "shift_end": "end"}
        kept = rows[~rows["shift_start"].isin(["<NA>", "None", "nan", ""])]
        shifts = [{key: str(row[column]) for column, key in named.items()} for row in kept.to_dict("records")]
    return {
        "lines": _lines(prepared.network.timetable),
        "shifts": shifts,
        "levels": {item.code: [item.min_level, item.max_level] for item in prepared.metiers},
        "own_hours": OWN_HOURS,
    }


def _lines(timetable: Timetable | None) -> list[dict[str, Any]]:
    if timetable is None:
        return []
    last = timetable.stop_name[timetable.event_stop[timetable.trip_indptr[1:] - 1]]
    found = []
    for line in np.unique(timetable.trip_route).tolist():
        mine = timetable.trip_route == line
        found.append(
            {
                "id": line_reference(timetable, line),
                "name": str(timetable.route_name[line]),
                "towards": sorted({str(name) for name in last[mine]}),
                "trips": int((mine & (timetable.trip_day == 0)).sum()),
            }
        )
    return sorted(found, key=lambda item: (item["name"], item["id"]))
