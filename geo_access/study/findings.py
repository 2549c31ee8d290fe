"""What a study says beyond its flags: components of adequacy, remedies, tables by zoning, the plans.

The flags of a study, and the table of them that is shown at the end of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec

import numpy as np
import pandas as pd

from geo_access.diagnosis.curves import reach_curves
from geo_access.diagnosis.diagnose import OWN_HOURS, DiagnosedCase, Diagnosis, diagnose
from geo_access.diagnosis.distance import Beside
from geo_access.diagnosis.employers import employer_transit_test
from geo_access.diagnosis.observed import ObservedTrips, compare_observed
from geo_access.diagnosis.publication import held_back_zones, hold_back
from geo_access.diagnosis.remedies import RemedyLimits, smallest_remedies
from geo_access.diagnosis.service_plan import service_plan
from geo_access.diagnosis.service_remedies import ServiceEngines, try_changes
from geo_access.diagnosis.siting import sessions_for_metier
from geo_access.diagnosis.supply_adequacy import employer_need, supply_adequacy
from geo_access.measures.mismatch import MismatchFloor, dares_mismatch
from geo_access.report.changes import change_told
from geo_access.routing.query import Window
from geo_access.study.beside import publication
from geo_access.study.file import (
    StudyFile,
    flag_rules,
    study_metiers,
    study_profiles,
    study_schedules,
    study_thresholds,
)
from geo_access.study.inputs import StudyInputs
from geo_access.study.network import OtherDays
from geo_access.study.search_told import bound_notes, bounds_of_case, reach_notes, session_bounds
from geo_access.study.zonings import zonings_table
from geo_access.times.round_trip import NetworkTimes
from geo_access.words.note import Note, note
from geo_access.words.words import format_number, text

__all__ = [
    "Findings",
    "adequacy_components",
    "findings",
    "flag_summary",
    "study_diagnosis",
    "study_mismatch",
    "with_remedies",
]

Progress = Callable[[str, float], None]


def study_diagnosis(
    file: StudyFile,
    inputs: StudyInputs,
    times: NetworkTimes,
    progress: Progress,
    *,
    days: OtherDays | None = None,
) -> Diagnosis:
    """Compute the flags of a study, with the other days that it names."""
    found = diagnose(
        times.network,
        times=times,
        zones=inputs.zones,
        points=inputs.points,
        membership=inputs.membership,
        metiers=study_metiers(file),
        profiles=study_profiles(file, times.network),
        thresholds=study_thresholds(file),
        schedules=study_schedules(file),
        training=inputs.training,
        employers=inputs.employers,
        rules=flag_rules(file),
        other_day=None if days is None else days.other,
        ordinary=() if days is None else days.ordinary,
        progress=progress,
    )
    flags, below, beside = hold_back(found.flags, found.residents, publication(file))
    if not below:
        return found
    section = file.publication
    said = note("held_back", n=below, others=beside, homes=section.min_households, people=section.min_residents)
    manifest = replace(found.manifest, warnings=(*found.manifest.warnings, said))
    held = held_back_zones(found.residents, publication(file))
    return replace(found, flags=flags, manifest=manifest, held_back=held)


def flag_summary(file: StudyFile, diagnosis: Diagnosis) -> tuple[tuple[str, ...], ...]:
    """Rows of the table shown at the end: zones by level and residents who get there, métier by métier."""
    language = file.study.language
    population = diagnosis.residents.population
    everyone = max(float(population.sum()), 1.0)
    rows = []
    for case in diagnosis.cases:
        if case.kind == "job" and case.schedule != OWN_HOURS:
            continue
        flags = diagnosis.flags
        own = (
            (flags["profile"] == case.profile.id) & (flags["kind"] == case.kind) & (flags["schedule"] == case.schedule)
        )
        levels = flags[own & (flags["threshold"] == case.threshold.id)].groupby(["metier", "level"], observed=False)
        zones = levels.size()
        for column, metier in enumerate(case.offers.metiers):
            reached = float(population[case.points.reached[:, column]].sum()) / everyone
            counts = (int(zones.get((metier.code, level), 0)) for level in ("adéquat", "fragile", "inadéquat"))
            rows.append(
                (
                    f"{metier.name} ({metier.code})",
                    case.profile.name,
                    text(f"kind.{case.kind}", language),
                    *(format_number(count, language) for count in counts),
                    f"{format_number(100 * reached, language)} %",
                )
            )
    return tuple(rows)


@dataclass(frozen=True, eq=False)
class Findings:
    """Tables computed from a diagnosis.

    Attributes
    ----------
    components : pandas.DataFrame or None
        Geographic, quantitative and employment components per métier; None without both training and employers.
    remedies : pandas.DataFrame
        Smallest single change per flagged zone × métier × profile × kind.
    plan : pandas.DataFrame or None
        Where to open sessions, métier by métier, the one that adds most first, with whom they un-flag in all: the
        curve of what is gained against their number. None without training, or without the models.
    trip_plan : pandas.DataFrame or None
        The same of trips on existing lines, question by question of the first public; None where none was found.
    curves : pandas.DataFrame or None
        Of `geo_access.diagnosis.curves.reach_curves`.
    observed : ObservedTrips or None
        Observed trips beside the times; None where the study gives none.
    mismatch : pandas.DataFrame or None
        Of `geo_access.measures.mismatch.dares_mismatch`, for the métiers of the table.
    shifts : pandas.DataFrame or None
        Of `geo_access.diagnosis.employers.employer_transit_test`, public by public; None without employers.
    by_zoning : pandas.DataFrame or None
        Of `geo_access.study.zonings.zonings_table`; None where the study names no other zoning.
    bounds : pandas.DataFrame or None
        Where searches stopped before their end, of `geo_access.study.search_told.bounds_of_case`; None where none did.
    notes : tuple of Note
        How many trips were tried, for how many flagged zones × métiers none was, and the bounds in words.
    """

    components: pd.DataFrame | None
    remedies: pd.DataFrame
    plan: pd.DataFrame | None = None
    trip_plan: pd.DataFrame | None = None
    curves: pd.DataFrame | None = None
    observed: ObservedTrips | None = None
    mismatch: pd.DataFrame | None = None
    shifts: pd.DataFrame | None = None
    by_zoning: pd.DataFrame | None = None
    bounds: pd.DataFrame | None = None
    notes: tuple[Note, ...] = ()

    def tables(self) -> dict[str, pd.DataFrame]:
        """All by name, those that there are."""
        named: dict[str, pd.DataFrame | None] = {
            "remedies": self.remedies,
            "supply_adequacy": self.components,
            "session_plan": self.plan,
        }
        named |= {"trip_plan": self.trip_plan, "reach_curves": self.curves, "mismatch": self.mismatch}
        named |= {"shifts": self.shifts, "by_zoning": self.by_zoning, "search_bounds": self.bounds}
        if self.observed is not None:
            named |= {"observed_trips": self.observed.by_mode, "observed_gaps": self.observed.gaps}
        return {name: table for name, table in named.items() if table is not None}


def _first_case(diagnosis: Diagnosis, profile: str, kind: str) -> DiagnosedCase | None:
    """Return the case that the report speaks of: the first schedule, or each employer's own hours."""
    own = [case for case in diagnosis.cases if case.profile.id == profile and case.kind == kind]
    return next((case for case in own if case.schedule == OWN_HOURS), own[0] if own else None)


def adequacy_components(
    file: StudyFile,
    inputs: StudyInputs,
    times: NetworkTimes,
    diagnosis: Diagnosis,
    *,
    by: str = "metier",
    zones: Sequence[str] | None = None,
) -> pd.DataFrame | None:
    """Set the geographic, quantitative and employment components side by side, for the first public.

    Parameters
    ----------
    file : StudyFile
    inputs : StudyInputs
    times : NetworkTimes
    diagnosis : Diagnosis
    by : str
        ``metier`` or ``family``.
    zones : sequence of str, optional
        Territory: ids of its zones; all points by default.

    Returns
    -------
    pandas.DataFrame or None
        As `geo_access.diagnosis.supply_adequacy.supply_adequacy`; None without both training and employers.
    """
    profile = diagnosis.cases[0].profile
    training, jobs = (_first_case(diagnosis, profile.id, kind) for kind in ("training", "job"))
    if training is None or jobs is None or not len(diagnosis.sites["training"]) or not len(diagnosis.sites["job"]):
        return None
    schedule = next(item for item in study_schedules(file) if item.kind == "training")
    deadline = Window(schedule.arrive_s, schedule.arrive_s)
    query = profile.query(arrive=deadline, max_s=round(training.threshold.limit_s))
    jobs_at, taught_at = diagnosis.sites["job"].xy, diagnosis.sites["training"].xy
    everyone, everywhere = np.arange(len(jobs_at)), np.arange(len(taught_at))
    between = times.connect(jobs_at, taught_at, query)
    seconds = between.times(everyone, everywhere, query, homeward=False, explain=False).seconds[:, :, 0]
    beside = Beside(training.threshold, jobs_at, taught_at)
    need = employer_need(jobs.offers, training.offers, seconds, limit_s=training.threshold.limit_s, beside=beside)
    source = "; ".join(table.source for table in (file.training, file.employers) if table is not None and table.source)
    people, employment = diagnosis.residents, inputs.employment
    found = supply_adequacy(training, people, need=need, employment=employment, zones=zones, by=by)
    return found.assign(source=source)


def findings(file: StudyFile, inputs: StudyInputs, times: NetworkTimes, diagnosis: Diagnosis) -> Findings:
    """Compute components and remedies.

    Remedies are sought for every public, kind of trip, schedule and threshold: each is a recomputation for the whole
    territory, kept between those that ask the same.

    Parameters
    ----------
    file : StudyFile
    inputs : StudyInputs
    times : NetworkTimes
        Of the run.
    diagnosis : Diagnosis

    Returns
    -------
    Findings
    """
    parts, plans, stopped, engines = [], [], [], ServiceEngines(times)
    tried = zones = left = 0
    for case in diagnosis.cases:
        profile, kind = case.profile.id, case.kind
        if not len(diagnosis.sites[kind]):
            continue
        trials = try_changes(diagnosis, engines, case)
        tried, zones, left = tried + len(trials.tried), zones + trials.zones, left + trials.zones_left
        # As sessions are, trips are planned for the first public.
        first = profile == diagnosis.cases[0].profile.id
        planned = service_plan(diagnosis, engines, case, trials) if first else None
        plans += [] if planned is None else [planned]
        stopped.append(bounds_of_case(diagnosis, case, trials, planned))
        parts.append(smallest_remedies(diagnosis, times, case, changes=trials.tried))
    columns = ["zone_id", "metier", "profile", "kind", "schedule", "threshold", "remedy", "detail", "smallest"]
    remedies = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    plan = pd.concat([table for table in plans if len(table)], ignore_index=True) if any(map(len, plans)) else None
    sessions = _session_plan(diagnosis)
    session_case = _first_case(diagnosis, diagnosis.cases[0].profile.id, "training")
    reached = [item for item in (*stopped, session_bounds(diagnosis, session_case, sessions)) if item is not None]
    bounds = pd.concat([item for item in reached if len(item)], ignore_index=True) if any(map(len, reached)) else None
    notes: tuple[Note, ...] = ()
    if zones:
        notes += (note("diagnosis.trips_tried", n=tried, zones=zones, left=left),)
    notes += () if bounds is None else bound_notes(bounds, file)
    notes += reach_notes(diagnosis, remedies, RemedyLimits())
    return Findings(
        adequacy_components(file, inputs, times, diagnosis),
        remedies,
        sessions,
        trip_plan=plan,
        curves=reach_curves(diagnosis),
        observed=_observed(file, inputs, times, diagnosis),
        mismatch=study_mismatch(file, inputs),
        shifts=_shifts(diagnosis),
        by_zoning=zonings_table(file, inputs, diagnosis),
        bounds=bounds,
        notes=notes,
    )


def _shifts(diagnosis: Diagnosis) -> pd.DataFrame | None:
    """Test every employer's shifts for each public, under the first threshold for jobs."""
    limit = next((case.threshold for case in diagnosis.cases if case.kind == "job"), None)
    publics = dict.fromkeys(profile for profile, kind, hours in diagnosis.times if (kind, hours) == ("job", OWN_HOURS))
    if limit is None or not publics or not len(diagnosis.sites["job"]):
        return None
    return pd.concat(
        [
            employer_transit_test(diagnosis, profile=profile, limit_min=limit.minutes, kilometres=limit.kilometres)
            for profile in publics
        ],
        ignore_index=True,
    )


def _observed(file: StudyFile, inputs: StudyInputs, times: NetworkTimes, diagnosis: Diagnosis) -> ObservedTrips | None:
    """Compare observed trips with the times of an ordinary day at work, under the first threshold for jobs."""
    flows = inputs.beside.flows
    if flows is None:
        return None
    thresholds = study_thresholds(file)
    threshold = next((item for item in thresholds if item.kind == "job"), thresholds[0])
    return compare_observed(
        flows,
        diagnosis.residents,
        times,
        profiles=study_profiles(file, times.network),
        limit_s=threshold.limit_s,
        kilometres=threshold.kilometres,
        schedule=None,
    )


def study_mismatch(file: StudyFile, inputs: StudyInputs) -> pd.DataFrame | None:
    """Reckon the geographic mismatch of every métier of the table: its classes are cut over all of them.

    Parameters
    ----------
    file : StudyFile
    inputs : StudyInputs

    Returns
    -------
    DataFrame or None
        As of `geo_access.measures.mismatch.dares_mismatch`, with ``official_class`` where the table gives it; None
        without a table.
    """
    table, section = inputs.beside.mismatch, file.mismatch
    if table is None or section is None:
        return None
    official = None
    if "official_class" in table:
        official = table[["metier", "official_class"]].dropna().drop_duplicates("metier")
    found, _ = dares_mismatch(
        table,
        floor=MismatchFloor(section.min_zones, section.min_candidates, section.min_offers),
        official=official,
        source=section.source or section.file.name,
    )
    return found


_MOST_SESSIONS = 5


def _session_plan(diagnosis: Diagnosis) -> pd.DataFrame | None:
    """Plan up to five sessions of each métier, for the first public."""
    case = _first_case(diagnosis, diagnosis.cases[0].profile.id, "training")
    if case is None or not len(diagnosis.sites["training"]) or find_spec("spopt") is None:
        return None
    parts = [
        sessions_for_metier(
            diagnosis,
            metier.code,
            profile=case.profile.id,
            sessions=_MOST_SESSIONS,
            schedule=case.schedule,
            threshold=case.threshold.id,
        )
        for metier, told in zip(case.offers.metiers, diagnosis.has_level(case).T.tolist(), strict=True)
        if any(told)
    ]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    useful = table[table["residents_gained"] > 0] if len(table) else table
    return useful if len(useful) else None


def with_remedies(flags: pd.DataFrame, remedies: pd.DataFrame, *, language: str) -> pd.DataFrame:
    """Return the flags with a column ``remedy``: the smallest change that lifts the flag, in words.

    Parameters
    ----------
    flags, remedies : pandas.DataFrame
    language : str

    Returns
    -------
    pandas.DataFrame
        As `flags`; ``remedy`` is missing where none was sought or none was found.
    """
    found = remedies[(remedies["remedy"].astype(str) != "") & remedies["smallest"].astype(bool)]
    losing = found["residents_lost"] if "residents_lost" in found else np.zeros(len(found))
    words = [
        change_told(str(remedy), str(detail), float(lost), language)
        for remedy, detail, lost in zip(found["remedy"], found["detail"], losing, strict=True)
    ]
    keys = ["zone_id", "metier", "profile", "kind", "schedule", "threshold"]
    lookup = pd.Series(words, index=pd.MultiIndex.from_frame(found[keys].astype(str)), dtype=object)
    asked = pd.MultiIndex.from_frame(flags[keys].astype(str))
    return flags.assign(remedy=lookup.reindex(asked).to_numpy() if len(lookup) else np.full(len(flags), None, object))
