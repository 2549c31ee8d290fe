"""A plan of several changes of the service: whom it gives a métier, and whom it takes one, each told apart."""

from __future__ import annotations

import numpy as np
import pandas as pd

from geo_access.diagnosis.again import Again
from geo_access.diagnosis.diagnose import DiagnosedCase, Diagnosis
from geo_access.diagnosis.service_remedies import (
    SERVICE,
    ServiceEngines,
    ServiceTrials,
    TriedChange,
    flagged_residents,
    reached_with,
)
from geo_access.errors import InputError
from geo_access.network.timetable.edits import Edit
from geo_access.times.round_trip import NetworkTimes

__all__ = ["service_plan"]

_TRIP = SERVICE[1]


def service_plan(
    diagnosis: Diagnosis,
    engines: ServiceEngines,
    case: DiagnosedCase,
    trials: ServiceTrials,
    *,
    most: int | None = None,
) -> pd.DataFrame:
    """Plan several changes for the territory: each time the one that un-flags most further residents.

    The next is chosen by what each brought alone, what it takes from others counted against it; what is told of the
    plan is computed anew with all its changes, gains and losses each in their own column. What would change a line in
    two ways, or cannot be applied with those before it, is left out.

    Parameters
    ----------
    diagnosis : Diagnosis
    engines : ServiceEngines
    case : DiagnosedCase
    trials : ServiceTrials
        Of the same question.
    most : int, optional
        Most changes planned; by default what the limits of the search say.

    Returns
    -------
    DataFrame
        One row per number of changes: ``changes, remedy, detail, line, trip, minute, situations_lifted,
        residents_unflagged, residents_flagged, residents_gained, residents_lost, residents_placed, changes_left,
        profile, kind, schedule, threshold``; all but the names are cumulated over the rows above.
        ``residents_flagged`` are those of zones × métiers that the plan flags and that are not today;
        ``residents_gained`` counts who reaches a further métier, each once, ``residents_lost`` who no longer reaches
        one; ``residents_placed`` no more per métier than free places at the sites that they reach; ``changes_left``
        how many of those tried should bring still more, and are not in the plan.
    """
    longest = trials.limits.planned if most is None else most
    territory = _Territory(diagnosis, case)
    left = list(trials.tried)
    rows: list[tuple[object, ...]] = []
    reached, edits, changed = territory.today, list[Edit](), list[tuple[str, str]]()
    while left and len(rows) < longest:
        best = max(range(len(left)), key=lambda number: territory.worth(territory.also(reached, left[number])))
        if territory.worth(territory.also(reached, left[best])) <= territory.worth(reached):
            break
        item = left.pop(best)
        others = [kind for line, kind in changed if line == item.line]
        if others and (item.remedy, *others) != (_TRIP,) * (1 + len(others)):
            continue
        try:
            reached = reached_with(diagnosis, engines, case, [*edits, *item.edits])
        except InputError:
            continue
        edits += item.edits
        changed.append((item.line, item.remedy))
        placed = _placed(Again(diagnosis, case), engines.on(edits), reached & ~territory.today)
        named = (len(rows) + 1, item.remedy, item.detail, item.line, item.trip, item.minute)
        worth = territory.worth(reached)
        further = sum(territory.worth(territory.also(reached, other)) > worth for other in left)
        rows.append((*named, *territory.counts(reached), placed, further))
    columns = ["changes", "remedy", "detail", "line", "trip", "minute", "situations_lifted", "residents_unflagged"]
    columns += ["residents_flagged", "residents_gained", "residents_lost", "residents_placed", "changes_left"]
    asked = {"profile": case.profile.id, "kind": case.kind, "schedule": case.schedule, "threshold": case.threshold.id}
    return pd.DataFrame(rows, columns=columns).assign(**asked)


class _Territory:
    """What becomes of the residents of all zones when others reach a métier, or no longer."""

    def __init__(self, diagnosis: Diagnosis, case: DiagnosedCase) -> None:
        self.diagnosis, self.case, self.today = diagnosis, case, case.points.reached
        weights = diagnosis.residents.weights
        self.total = np.asarray(weights.sum(axis=1)).ravel()[:, None]
        self.flagged = flagged_residents(diagnosis, case, self.today) > 0
        self.enough = (diagnosis.rules.adequate_share - 1e-9) * self.total

    def also(self, reached: np.ndarray, item: TriedChange) -> np.ndarray:
        """Reckon who reaches with one change more: whom it gains alone, less whom it loses alone."""
        return np.asarray((reached | (item.reached & ~self.today)) & ~(self.today & ~item.reached))

    def lifted(self, reached: np.ndarray) -> np.ndarray:
        """Return the zones × métiers that are flagged today and adequate then."""
        return (np.asarray(self.diagnosis.residents.weights @ reached.astype(np.float64)) >= self.enough) & self.flagged

    def fallen(self, reached: np.ndarray) -> np.ndarray:
        """Return the zones × métiers that are not flagged today and are then."""
        return (flagged_residents(self.diagnosis, self.case, reached) > 0) & ~self.flagged

    def worth(self, reached: np.ndarray) -> tuple[float, float]:
        """Residents un-flagged less those flagged, then métiers reached by residents: only to choose by."""
        zones = self.lifted(reached).astype(np.float64) - self.fallen(reached)
        return float((self.total * zones).sum()), float(self.diagnosis.residents.population @ reached.sum(axis=1))

    def counts(self, reached: np.ndarray) -> tuple[object, ...]:
        """Return situations lifted, residents un-flagged, flagged, gained and lost, each told apart."""
        people, lifted = self.diagnosis.residents.population, self.lifted(reached)
        gains, losses = reached & ~self.today, self.today & ~reached
        return (
            int(lifted.sum()),
            float((self.total * lifted).sum()),
            float((self.total * self.fallen(reached)).sum()),
            float(people[gains.any(axis=1)].sum()),
            float(people[losses.any(axis=1)].sum()),
        )


def _placed(again: Again, times: NetworkTimes, gained: np.ndarray) -> float:
    """Residents gained for whom there is a free place, métier by métier."""
    case, people = again.case, again.diagnosis.residents.population
    offers, limit_s = case.offers, case.threshold.limit_s
    served = np.zeros(len(offers.site), dtype=bool)
    for rows, read in again.trips(times, again.ask, points=np.flatnonzero(gained.any(axis=1))):
        within = (read.out_s <= limit_s) & (read.back_s <= limit_s)
        for metier in np.flatnonzero(gained[rows].any(axis=0)).tolist():
            part = slice(offers.indptr[metier], offers.indptr[metier + 1])
            served[part] |= within[np.ix_(np.flatnonzero(gained[rows, metier]), offers.site[part])].any(axis=0)
    placed = 0.0
    for metier in np.flatnonzero(gained.any(axis=0)).tolist():
        part = slice(offers.indptr[metier], offers.indptr[metier + 1])
        free = float(offers.open_places[part][served[part]].sum())
        placed += min(free, float(people[gained[:, metier]].sum()))
    return placed
