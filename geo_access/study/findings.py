"""What a study says beyond its flags: components of adequacy, remedies, tables by zoning, the report's context.

The flags of a study, and the table of them that is shown at the end of a run.

The isochrones of a study: one set of bands per métier.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_access.diagnosis.diagnose import OWN_HOURS, DiagnosedCase, Diagnosis, diagnose
from geo_access.diagnosis.remedies import smallest_remedies
from geo_access.diagnosis.siting import sessions_for_metier
from geo_access.diagnosis.supply import TRAVELLED
from geo_access.diagnosis.supply_adequacy import employer_need, supply_adequacy
from geo_access.diagnosis.trip_remedies import TripEngines, trip_plan, try_trips
from geo_access.manifest import Manifest
from geo_access.network.model import CrowFly, Network
from geo_access.report.context import ReportContext, SourceReading
from geo_access.report.tables import axis_table, bare_departments, lift_table, reach_table
from geo_access.routing.query import Window
from geo_access.study.file import (
    StudyFile,
    flag_rules,
    isochrone_profile,
    isochrone_schedule,
    study_metiers,
    study_profiles,
    study_schedules,
    study_thresholds,
)
from geo_access.study.inputs import StudyInputs
from geo_access.study.network import OtherDays
from geo_access.study.sections import MetierSection
from geo_access.surfaces.counts import count_points
from geo_access.surfaces.isochrones import query_isochrones
from geo_access.times.round_trip import NetworkTimes
from geo_access.words.note import Note, note
from geo_access.words.words import format_number, text

__all__ = [
    "Findings",
    "adequacy_components",
    "band_counts",
    "bands_label",
    "findings",
    "flag_summary",
    "located",
    "report_context",
    "study_diagnosis",
    "study_isochrones",
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
    return diagnose(
        times.network,
        times=times,
        zones=inputs.zones,
        points=inputs.points,
        membership=inputs.membership,
        metiers=study_metiers(file),
        profiles=study_profiles(file),
        thresholds=study_thresholds(file),
        schedules=study_schedules(file),
        training=inputs.training,
        employers=inputs.employers,
        rules=flag_rules(file),
        other_day=None if days is None else days.other,
        ordinary=() if days is None else days.ordinary,
        progress=progress,
    )


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
    notes : tuple of Note
        How many trips were tried, and for how many flagged zones × métiers none was.
    """

    components: pd.DataFrame | None
    remedies: pd.DataFrame
    plan: pd.DataFrame | None = None
    trip_plan: pd.DataFrame | None = None
    notes: tuple[Note, ...] = ()

    def tables(self) -> dict[str, pd.DataFrame]:
        """All by name, those that there are."""
        named: dict[str, pd.DataFrame | None] = {
            "remedies": self.remedies,
            "supply_adequacy": self.components,
            "session_plan": self.plan,
        }
        named |= {"trip_plan": self.trip_plan}
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
    need = employer_need(jobs.offers, training.offers, seconds, limit_s=training.threshold.limit_s)
    source = "; ".join(table.source for table in (file.training, file.employers) if table is not None and table.source)
    return supply_adequacy(
        training, diagnosis.residents, need=need, employment=inputs.employment, zones=zones, by=by, source=source
    )


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
    parts, plans, engines = [], [], TripEngines(times)
    tried = zones = left = 0
    for case in diagnosis.cases:
        profile, kind = case.profile.id, case.kind
        if not len(diagnosis.sites[kind]):
            continue
        trials = try_trips(diagnosis, engines, case)
        tried, zones, left = tried + len(trials.tried), zones + trials.zones, left + trials.zones_left
        # As sessions are, trips are planned for the first public.
        if profile == diagnosis.cases[0].profile.id:
            plans.append(trip_plan(diagnosis, engines, case, trials))
        parts.append(
            smallest_remedies(
                diagnosis,
                times,
                profile=profile,
                kind=kind,
                schedule=case.schedule,
                threshold=case.threshold.id,
                trips=trials.tried,
            )
        )
    columns = ["zone_id", "metier", "profile", "kind", "schedule", "threshold", "remedy", "detail", "smallest"]
    remedies = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    plan = pd.concat([table for table in plans if len(table)], ignore_index=True) if any(map(len, plans)) else None
    notes = (note("diagnosis.trips_tried", n=tried, zones=zones, left=left),) if zones else ()
    return Findings(
        adequacy_components(file, inputs, times, diagnosis),
        remedies,
        _session_plan(diagnosis),
        trip_plan=plan,
        notes=notes,
    )


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
        for metier, exists in zip(case.offers.metiers, case.offers.exists, strict=True)
        if exists
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
    words = [
        text(f"report.change.{remedy}", language, detail=detail)
        for remedy, detail in zip(found["remedy"], found["detail"], strict=True)
    ]
    keys = ["zone_id", "metier", "profile", "kind", "schedule", "threshold"]
    lookup = pd.Series(words, index=pd.MultiIndex.from_frame(found[keys].astype(str)), dtype=object)
    asked = pd.MultiIndex.from_frame(flags[keys].astype(str))
    return flags.assign(remedy=lookup.reindex(asked).to_numpy() if len(lookup) else np.full(len(flags), None, object))


def report_context(
    file: StudyFile,
    inputs: StudyInputs,
    network: Network,
    diagnosis: Diagnosis,
    found: Findings,
    manifest: Manifest,
    *,
    flags: pd.DataFrame,
    sheets: dict[str, Path],
    sources: tuple[str, ...],
    counts: pd.DataFrame,
    notices: pd.DataFrame,
    links: pd.DataFrame,
) -> ReportContext:
    """Gather what the report is written from."""
    cases = diagnosis.cases
    return ReportContext(
        name=file.study.name,
        territory=file.study.territory or file.study.name,
        service_date=file.study.date,
        metiers=cases[0].offers.metiers,
        profiles=tuple({case.profile.id: case.profile for case in cases}.values()),
        thresholds=tuple({case.threshold.id: case.threshold for case in cases}.values()),
        schedules=tuple(study_schedules(file)),
        rules=diagnosis.rules,
        flags=flags,
        reach=reach_table(diagnosis),
        lifts=lift_table(diagnosis),
        axes=axis_table(diagnosis),
        towns=diagnosis.towns,
        bare_departments=bare_departments(diagnosis),
        manifest=manifest,
        sheets=sheets,
        supply_adequacy=found.components,
        counts=counts,
        notices=notices,
        links=links,
        bands_label=bands_label(file),
        remedies=found.remedies[found.remedies["lifts"]] if len(found.remedies) else None,
        readings=tuple(
            SourceReading(
                report.source,
                report.read,
                report.kept,
                report.located,
                report.counted(),
            )
            for report in inputs.reports
        ),
        sources=sources,
        language=file.study.language,
        synthetic=file.study.synthetic,
        crow_fly=isinstance(network.streets, CrowFly),
    )


def located(table: gpd.GeoDataFrame | None, metier: str) -> gpd.GeoDataFrame | None:
    """Rows of a métier that have a position and are given there; None when there is none."""
    if table is None:
        return None
    geometry = table.geometry.to_numpy()
    here = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    rows = table[(table["metier"].astype(str) == metier).to_numpy() & here]
    if "modality" in rows.columns:
        rows = rows[rows["modality"].astype(str).isin(TRAVELLED)]
    return rows if len(rows) else None


def _of_level(sites: gpd.GeoDataFrame, metier: MetierSection) -> gpd.GeoDataFrame:
    """Sessions whose level is that of the métier, or is not said."""
    return sites[sites["level"].isna() | sites["level"].between(metier.min_level, metier.max_level)]


def study_isochrones(
    file: StudyFile, inputs: StudyInputs, network: Network, *, profile: str | None = None
) -> dict[str, gpd.GeoDataFrame]:
    """Isochrones to the nearest site of each métier, by métier code; métiers without a site have none.

    Parameters
    ----------
    file : StudyFile
    inputs : StudyInputs
    network : Network
    profile : str, optional
        Id of the public; by default the one that the study names, else its first.

    Returns
    -------
    dict of str to geopandas.GeoDataFrame
        Asked as the flags are: the public's mode and limits, in time for the schedule with its slack.
    """
    chosen = isochrone_profile(file).id if profile is None else profile
    public = next(item for item in study_profiles(file) if item.id == chosen)
    kind = "training" if inputs.training is not None else "job"
    named = isochrone_schedule(file).id
    deadline_s = next(item for item in study_schedules(file) if item.id == named).arrive_s
    query = public.query(arrive=Window(deadline_s, deadline_s), max_s=60 * max(file.output.isochrone_minutes))
    found = {}
    for metier in file.metiers:
        sites = located(inputs.training if kind == "training" else inputs.employers, metier.code)
        if sites is None:
            continue
        if kind == "training":
            sites = _of_level(sites, metier)
        if not len(sites):
            continue
        found[metier.code] = query_isochrones(
            network,
            sites,
            query,
            minutes=file.output.isochrone_minutes,
            cell_m=file.output.cell_m,
            reverse=True,
        )
    return found


def bands_label(file: StudyFile) -> str:
    """Words for what the isochrones of a study show."""
    profile, language = isochrone_profile(file), file.study.language
    to = text(f"bands.to.{'job' if file.training is None else 'training'}", language)
    if profile.mode in ("walk", "bike", "car"):
        return text("bands.any", language, to=to, mode=text(f"mode.{profile.mode}", language))
    hour = isochrone_schedule(file).start
    return text("bands.arrive", language, to=to, mode=text(f"mode.{profile.mode}", language), hour=hour)


def _residents(inputs: StudyInputs) -> gpd.GeoDataFrame:
    """Points with their residents, and where the study knows them those who live in a QPV and the job-seekers."""
    quarters = inputs.zones.loc[inputs.zones["zone_kind"].astype(str) == "qpv", "zone_id"].astype(str)
    inside = inputs.membership[inputs.membership["zone_id"].astype(str).isin(quarters)]
    shares = inside.groupby(inside["point_id"].astype(str))["share"].sum().clip(upper=1.0)
    share = inputs.points["point_id"].astype(str).map(shares).fillna(0.0).to_numpy(np.float64)
    columns = {"residents": inputs.points["population"]}
    if len(quarters):
        columns["qpv_residents"] = inputs.points["population"] * share
    if "job_seekers" in inputs.points:
        columns["job_seekers"] = pd.to_numeric(inputs.points["job_seekers"], errors="coerce")
    return gpd.GeoDataFrame(columns, geometry=inputs.points.geometry.to_numpy(), crs=inputs.points.crs)


def band_counts(file: StudyFile, inputs: StudyInputs, bands: dict[str, gpd.GeoDataFrame]) -> pd.DataFrame:
    """Count who and what lies within each band of each métier.

    Parameters
    ----------
    file : StudyFile
    inputs : StudyInputs
    bands : mapping of str to geopandas.GeoDataFrame
        From `study_isochrones`.

    Returns
    -------
    pandas.DataFrame
        ``metier, minutes, area_km2`` and, up to that cutoff, ``residents``, ``qpv_residents`` (where the study has
        such zones), ``job_seekers`` (where the points tell them), ``places`` and ``openings`` of the métier (where the
        study has them), each with its share of all (``…_share``, 0–1).
    """
    people = _residents(inputs)
    counted = [str(column) for column in people.columns if column != "geometry"]
    parts = []
    for metier in file.metiers:
        areas = bands.get(metier.code)
        if areas is None:
            continue
        tables = [count_points(areas, people, columns=counted)]
        for table, column in ((inputs.training, "places"), (inputs.employers, "openings")):
            sites = located(table, metier.code)
            if sites is not None:
                sites = _of_level(sites, metier) if column == "places" else sites
                numbers = sites.assign(**{column: pd.to_numeric(sites[column], errors="coerce")})
                tables.append(count_points(areas, numbers, columns=[column]).drop(columns="minutes"))
        counts = pd.concat(tables, axis=1)
        counts.insert(1, "area_km2", areas["area_km2"].round(3).to_numpy())
        parts.append(counts.assign(metier=metier.code))
    if not parts:
        return pd.DataFrame(columns=["metier", "minutes"])
    found = pd.concat(parts, ignore_index=True)
    return found[["metier", *(column for column in found.columns if column != "metier")]]
