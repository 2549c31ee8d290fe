"""Residents counted once over the whole territory, for the report: by reason, by lift, and along the second axis."""

from __future__ import annotations

import numpy as np
import pandas as pd

from geo_access.diagnosis.diagnose import DiagnosedCase, Diagnosis
from geo_access.diagnosis.model import FlagReason
from geo_access.diagnosis.version_one import FirstReason
from geo_access.measures.equity import weighted_quantile

__all__ = ["axis_table", "bare_departments", "lift_table", "reach_table"]

_QUESTION = ["metier", "profile", "kind", "schedule", "threshold"]


def _question(case: DiagnosedCase, metier: str) -> tuple[str, ...]:
    return metier, case.profile.id, case.kind, case.schedule, case.threshold.id


def _median_min(lack_s: np.ndarray, people: np.ndarray) -> float:
    """Weighted median of the minutes that are known; NaN where none is."""
    known = ~np.isnan(lack_s) & (people > 0)
    if not known.any():
        return float("nan")
    return float(weighted_quantile(lack_s[known].astype(np.float64), 0.5, people[known])) / 60


def reach_table(diagnosis: Diagnosis) -> pd.DataFrame:
    """Count residents by métier, question and reason, each once however many zones they belong to.

    Parameters
    ----------
    diagnosis : Diagnosis

    Returns
    -------
    pandas.DataFrame
        ``metier, profile, kind, schedule, threshold, reason, residents, out_lack_min, back_lack_min``; `reason` is a
        name of `FlagReason` (after ``geo-access/1``, of `FirstReason`), ``REACHES`` for those who can; the minutes are
        medians over the residents of the reason. The residents of a question sum to the population of the points.
    """
    rows = []
    people = diagnosis.residents.population
    reasons = FirstReason if diagnosis.rules.first else FlagReason
    for case in diagnosis.cases:
        for column, metier in enumerate(case.offers.metiers):
            found = case.points.reason[:, column]
            for reason in reasons:
                own = np.flatnonzero(found == reason)
                count = float(people[own].sum())
                if count > 0:
                    lacks = (case.points.out_lack_s[own, column], case.points.back_lack_s[own, column])
                    medians = (_median_min(lack_s, people[own]) for lack_s in lacks)
                    rows.append((*_question(case, metier.code), reason.name, count, *medians))
    columns = [*_QUESTION, "reason", "residents", "out_lack_min", "back_lack_min"]
    return pd.DataFrame(rows, columns=columns)


def lift_table(diagnosis: Diagnosis) -> pd.DataFrame:
    """Count the residents whom each lift alone would help, by métier and question.

    Parameters
    ----------
    diagnosis : Diagnosis

    Returns
    -------
    pandas.DataFrame
        ``metier, profile, kind, schedule, threshold, lift, residents``; lifts do not exclude each other.
    """
    people = diagnosis.residents.population
    rows = [
        (*_question(case, metier.code), lift, float(people[would[:, column] & ~case.points.reached[:, column]].sum()))
        for case in diagnosis.cases
        for column, metier in enumerate(case.offers.metiers)
        for lift, would in case.points.lifts.items()
    ]
    return pd.DataFrame(rows, columns=[*_QUESTION, "lift", "residents"])


def axis_table(diagnosis: Diagnosis) -> pd.DataFrame:
    """Sum up the second axis and the supply without a trip, by métier and question.

    Parameters
    ----------
    diagnosis : Diagnosis

    Returns
    -------
    pandas.DataFrame
        ``metier, profile, kind, schedule, threshold``; ``filling_rate`` of the places within reach, weighted by
        residents, 0–1, NaN where no source tells; ``places_per_100`` free places per 100 candidates, mean over
        residents; ``remote, mobile, hybrid, afest, unlocated`` places; ``radius_km`` and ``in_radius``: share of the
        residents with enough places within that straight line; ``by_network``: share who reach them.
    """
    people = diagnosis.residents.population
    total = max(float(people.sum()), 1e-9)
    rows = []
    for case in diagnosis.cases:
        offers, points = case.offers, case.points
        partial = (
            np.zeros((2, len(offers.metiers)), np.int64) if offers.partial_places is None else offers.partial_places
        )
        for column, metier in enumerate(offers.metiers):
            counted = float(people @ points.counted_places[:, column])
            rate = float(people @ points.taken_places[:, column]) / counted if counted > 0 else float("nan")
            per_100 = 100 * float(people @ points.places_per_candidate[:, column].astype(np.float64)) / total
            apart = (offers.remote_places[column], offers.mobile_places[column], *partial[:, column])
            numbers = (int(value) for value in (*apart, offers.unlocated_places[column]))
            near, there = (float(people[mask[:, column]].sum()) / total for mask in (points.in_radius, points.reached))
            radius = (diagnosis.rules.radius_m / 1000, near, there)
            rows.append((*_question(case, metier.code), rate, per_100, *numbers, *radius))
    named = ["filling_rate", "places_per_100", "remote", "mobile", "hybrid", "afest", "unlocated"]
    named += ["radius_km", "in_radius", "by_network"]
    return pd.DataFrame(rows, columns=[*_QUESTION, *named])


def bare_departments(diagnosis: Diagnosis) -> tuple[str, ...]:
    """Départements whose training of the study has no position at all.

    Parameters
    ----------
    diagnosis : Diagnosis

    Returns
    -------
    tuple of str
    """
    case = next((case for case in diagnosis.cases if case.kind == "training"), None)
    if case is None or case.offers.by_department is None:
        return ()
    located, lost = case.offers.by_department.sum(axis=1)
    return tuple(
        name for name, here, nowhere in zip(case.offers.departments, located, lost) if name and not here and nowhere
    )
