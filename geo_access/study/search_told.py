"""Where the search of remedies stopped before its end, as a table and as sentences."""

from __future__ import annotations

import pandas as pd

from geo_access.diagnosis.diagnose import OWN_HOURS, DiagnosedCase, Diagnosis
from geo_access.diagnosis.remedies import RemedyLimits
from geo_access.diagnosis.search_bounds import STEPS, SearchBound, bounds_table, cut
from geo_access.diagnosis.service_remedies import ServiceTrials
from geo_access.study.file import StudyFile
from geo_access.words.note import Note, note

__all__ = ["bound_notes", "bounds_of_case", "plan_bound", "reach_notes", "session_bounds"]

# Questions that one sentence names; the table has them all.
_NAMED = 3


def bounds_of_case(
    diagnosis: Diagnosis, case: DiagnosedCase, trials: ServiceTrials, plan: pd.DataFrame | None
) -> pd.DataFrame:
    """Tell the bounds that the searches of a question reached, those of its plan included.

    Parameters
    ----------
    diagnosis : Diagnosis
    case : DiagnosedCase
    trials : ServiceTrials
    plan : DataFrame or None
        Of `geo_access.diagnosis.service_plan.service_plan`.

    Returns
    -------
    DataFrame
        As of `geo_access.diagnosis.search_bounds.bounds_table`.
    """
    bounds = trials.bounds + (() if plan is None else plan_bound(plan, case))
    return bounds_table(bounds, case, diagnosis.sites[case.kind])


def plan_bound(plan: pd.DataFrame, case: DiagnosedCase) -> tuple[SearchBound, ...]:
    """Return the bound of a plan of changes: those left that should bring still more."""
    if not len(plan):
        return ()
    metiers = range(len(case.offers.metiers))
    return cut("service_plan", len(plan), len(plan) + int(plan["changes_left"].iloc[-1]), metiers)


def session_bounds(diagnosis: Diagnosis, case: DiagnosedCase | None, plan: pd.DataFrame | None) -> pd.DataFrame | None:
    """Tell for which métiers further sites would still bring somebody to a session, beyond those planned."""
    if case is None or plan is None:
        return None
    codes = [metier.code for metier in case.offers.metiers]
    bounds: list[SearchBound] = []
    for metier, rows in plan.groupby("metier", sort=False):
        left = int(rows["sites_left"].iloc[-1])
        bounds += cut("session_plan", len(rows), len(rows) + left, [codes.index(str(metier))])
    return bounds_table(bounds, case, diagnosis.sites[case.kind])


def bound_notes(table: pd.DataFrame, file: StudyFile) -> tuple[Note, ...]:
    """Say each step that a search left before its end: how much was looked at, of how much, and for which questions.

    Parameters
    ----------
    table : DataFrame
        Of `bounds_of_case`, of several questions.
    file : StudyFile
        Names of publics and schedules.

    Returns
    -------
    tuple of Note
    """
    publics = {item.id: item.name for item in file.profiles}
    hours = {item.id: item.name for item in file.schedules}
    told = []
    for step in STEPS:
        rows = table[table["step"] == step]
        if not len(rows):
            continue
        named: list[Note] = []
        for row in rows.head(_NAMED).to_dict("records"):
            schedule = str(row["schedule"])
            named.append(
                note(
                    "search.at_site" if row["site_id"] else "search.question",
                    profile=publics.get(str(row["profile"]), str(row["profile"])),
                    kind=note(f"search.kind.{row['kind']}"),
                    hours=note("search.own_hours") if schedule == OWN_HOURS else hours.get(schedule, schedule),
                    metiers=str(row["metiers"]).replace(" ", ", "),
                    **({"site": f"{row['site_name']} ({row['site_id']})"} if row["site_id"] else {}),
                    looked_at=int(row["looked_at"]),
                    found=int(row["found"]),
                )
            )
        more = (note("search.others", n=len(rows) - _NAMED),) if len(rows) > _NAMED else ()
        told.append(note("search.bound", what=note(f"search.{step}"), where=(*named, *more)))
    return tuple(told)


def reach_notes(diagnosis: Diagnosis, remedies: pd.DataFrame, limits: RemedyLimits) -> tuple[Note, ...]:
    """Say how far each single remedy was let go, of those that were tried for the flags of a table.

    Parameters
    ----------
    diagnosis : Diagnosis
    remedies : DataFrame
        Of `geo_access.diagnosis.remedies.smallest_remedies`, of several questions.
    limits : RemedyLimits

    Returns
    -------
    tuple of Note
        Nothing where nothing was sought.
    """
    sought = set(remedies["profile"].astype(str)) if len(remedies) else set()
    publics = {case.profile.id: case.profile for case in diagnosis.cases if case.profile.id in sought}.values()
    moves = ", ".join(f"{minutes:+d}".replace("-", "−") for minutes in sorted(limits.moves_min))
    parts: list[Note] = []
    if any(item.uses_transit for item in publics):
        parts.append(note("search.limit.moves", moves=moves))
    if any(item.mode != "car" for item in publics):
        parts.append(note("search.limit.car", km=limits.covoiturage_km, detour=limits.detour))
    if len(remedies) and (remedies["kind"] == "training").any():
        parts.append(note("search.limit.weekly", weekly=limits.weekly_min))
    return (note("search.remedy_limits", parts=tuple(parts)),) if parts else ()
