"""The curve before the cut: who reaches enough places within how many minutes, whatever the threshold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from geo_access.diagnosis.diagnose import OWN_HOURS, DiagnosedCase, Diagnosis
from geo_access.measures.measures import time_to_opportunities

__all__ = ["CURVE_MINUTES", "reach_curves"]

CURVE_MINUTES = tuple(range(5, 125, 5))
"""Where a curve is read [min]; times are searched for up to two hours at least."""

_COLUMNS = ("metier", "profile", "kind", "schedule", "kilometres", "minutes", "residents", "share")


def reach_curves(diagnosis: Diagnosis, *, minutes: Sequence[float] = CURVE_MINUTES) -> pd.DataFrame:
    """Count the residents who reach enough places, there and back, within each number of minutes.

    The minutes of a resident are the least threshold that would do: ``min T : Σ_j O_j [max(out_j, back_j) ≤ T] ≥ n``
    (dual access, Cui & Levinson 2020, over the slower way of each site). Each resident counts once, whatever the zones.
    Minutes alone count; where a threshold names kilometres beside its minutes, a second curve counts whoever is within
    either: sites within that distance take no time in it.

    Parameters
    ----------
    diagnosis : Diagnosis
    minutes : sequence of float
        Ascending [min].

    Returns
    -------
    DataFrame
        ``metier, profile, kind, schedule, minutes, residents, share`` (0–1): never falling along the minutes. Where a
        threshold of the study names kilometres, ``kilometres`` after ``schedule``: missing for the curve of minutes
        alone, else the distance that is enough beside them [km].
    """
    people = diagnosis.residents.population
    total = max(float(people.sum()), 1e-9)
    seen: set[tuple[str, str, str, float | None]] = set()
    rows = []
    for case in diagnosis.cases:
        question = (case.profile.id, case.kind, case.schedule)
        # The curve is the same under every threshold but for the distance beside its minutes.
        for kilometres in dict.fromkeys((None, case.threshold.kilometres)):
            if (*question, kilometres) in seen:
                continue
            seen.add((*question, kilometres))
            needed = _needed(diagnosis, case, by_distance=kilometres is not None)
            for number, (metier, needed_s) in enumerate(zip(case.offers.metiers, needed, strict=True)):
                if case.offers.asked is not None and not case.offers.asked[number]:
                    continue
                order = np.argsort(needed_s, kind="stable")
                counts = np.concatenate(([0.0], np.cumsum(people[order])))
                # Limits are met to the second that the flags compare.
                upto = np.searchsorted(needed_s[order], 60.0 * np.asarray(minutes, float), side="right")
                rows += [
                    (metier.code, *question, kilometres, minute, float(counts[at]), float(counts[at]) / total)
                    for minute, at in zip(minutes, upto.tolist(), strict=True)
                ]
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    if all(item[-1] is None for item in seen):
        return table.drop(columns="kilometres")
    return table.astype({"kilometres": "Float64"})


def _needed(diagnosis: Diagnosis, case: DiagnosedCase, *, by_distance: bool) -> list[np.ndarray]:
    """Least threshold of every point, métier by métier [s]; inf where no time that was searched suffices."""
    trip = diagnosis.times[case.profile.id, case.kind, case.schedule if case.kind == "training" else OWN_HOURS]
    if by_distance:
        trip = diagnosis.beside(case).read(trip)
    offers, rules = case.offers, diagnosis.rules
    wanted = offers.open_places if rules.first else offers.all_places
    found = []
    for number in range(len(offers.metiers)):
        part = slice(offers.indptr[number], offers.indptr[number + 1])
        slower = np.maximum(trip.out_s[:, offers.site[part]], trip.back_s[:, offers.site[part]])
        least = time_to_opportunities(slower.astype(np.float64), wanted[part], n=rules.min_opportunities)
        found.append(np.where(np.isnan(least), np.inf, least))
    return found
