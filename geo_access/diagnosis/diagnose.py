"""The diagnosis: times there and back, what would have been otherwise, flags for every zone and métier."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.diagnosis.blocks import decide_points
from geo_access.diagnosis.coverage import Town, uncovered_towns
from geo_access.diagnosis.distance import Beside
from geo_access.diagnosis.evidence import Task, TimesSources
from geo_access.diagnosis.flag import aggregate_flags, concat_flags
from geo_access.diagnosis.levels import only_remote
from geo_access.diagnosis.lifts import LIFTS, profile_ask
from geo_access.diagnosis.model import (
    OWN_HOURS,
    Asked,
    FlagReason,
    FlagRules,
    Metier,
    Profile,
    Question,
    Schedule,
    Threshold,
)
from geo_access.diagnosis.points import PointFlags
from geo_access.diagnosis.residents import Residents, read_residents
from geo_access.diagnosis.supply import Offers, job_offers, training_offers
from geo_access.diagnosis.version_one import FirstReason
from geo_access.errors import Fault, raise_faults
from geo_access.manifest import Manifest
from geo_access.network.model import Network
from geo_access.network.timetable.riders import SCHOOL
from geo_access.times.round_trip import Ask, NetworkTimes, RoundTrip, Sites, TimesSource
from geo_access.words.note import note
from geo_access.words.told import fault, refusal

__all__ = ["OWN_HOURS", "DiagnosedCase", "Diagnosis", "diagnose", "diagnose_with", "suited_thresholds", "tasks_of"]

_DEFAULT_SLACK_S = (300, 300)
_LEAST_SEARCH_S = 7200

Progress = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class DiagnosedCase:
    """One profile × kind × schedule × threshold, at the points.

    Attributes
    ----------
    profile : Profile
    kind : str
    schedule : str
        Schedule id, or `OWN_HOURS`.
    threshold : Threshold
    offers : Offers
    points : PointFlags
        Arrays over points × métiers.
    """

    profile: Profile
    kind: str
    schedule: str
    threshold: Threshold
    offers: Offers
    points: PointFlags

    @property
    def question(self) -> Question:
        """What was asked, without what was found."""
        return Question(self.threshold, self.profile, self.kind, self.schedule)


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """All that a diagnosis found.

    Attributes
    ----------
    flags : DataFrame
        One row per zone × métier × profile × kind × schedule × threshold; columns as in
        `geo_access.diagnosis.flag.flag_zones`.
    cases : tuple of DiagnosedCase
        The same at the points, in the order of the rows.
    residents : Residents
    sites : mapping of str to Sites
        By kind.
    times : mapping of (str, str, str) to RoundTrip
        By profile id, kind and schedule id: times as the profile travels.
    asks : mapping of (str, str, str) to Ask
        What the engine was asked for each of them.
    rules : FlagRules
    manifest : Manifest
    towns : tuple of Town
        Towns whose urban transport no feed tells of.
    held_back : ndarray of bool, shape (n_zones,), or None
        Zones of too few people, or of so few that others would give them away, whose numbers are not published.
    """

    flags: pd.DataFrame
    cases: tuple[DiagnosedCase, ...]
    residents: Residents
    sites: Mapping[str, Sites]
    times: Mapping[tuple[str, str, str], RoundTrip]
    asks: Mapping[tuple[str, str, str], Ask]
    rules: FlagRules
    manifest: Manifest
    towns: tuple[Town, ...] = ()
    held_back: np.ndarray | None = None

    def case(
        self, profile: str, kind: str, *, schedule: str | None = None, threshold: str | None = None
    ) -> DiagnosedCase:
        """Return the first case of these ids; any schedule or threshold where None.

        Raises
        ------
        InputError
            When there is none, with those there are.
        """
        for item in self.cases:
            wanted = (item.profile.id, item.kind) == (profile, kind)
            if wanted and schedule in (None, item.schedule) and threshold in (None, item.threshold.id):
                return item
        known = "; ".join(f"{c.profile.id}, {c.kind}, {c.schedule}, {c.threshold.id}" for c in self.cases)
        raise refusal(
            "diagnosis.no_case", profile=profile, kind=kind, schedule=schedule, threshold=threshold, known=known
        )

    def beside(self, case: DiagnosedCase) -> Beside:
        """Return the threshold of a case between the residents and the sites of its kind."""
        return Beside(case.threshold, self.residents.xy, self.sites[case.kind].xy)

    def has_level(self, case: DiagnosedCase) -> np.ndarray:
        """Tell the zones × métiers that may be flagged, bool (n_zones, n_metiers).

        Somebody lives there, the métier is offered somewhere one could go to, and the zone's numbers are published.
        """
        people = np.asarray(self.residents.weights.sum(axis=1)).ravel() > 0
        if self.held_back is not None:
            people &= ~self.held_back
        return people[:, None] & (case.offers.exists & ~only_remote(case.offers, self.rules))[None, :]

    def point_frame(self) -> pd.DataFrame:
        """Return one row per populated point × métier × case: whether it reaches, reason, places and time."""
        every = FirstReason if self.rules.first else FlagReason
        names = np.array([reason.name for reason in every], dtype=object)
        frames = []
        measured = any(case.points.by_distance is not None for case in self.cases)
        for case in self.cases:
            n_points, n_metiers = case.points.reached.shape
            by_distance = {"by_distance": _by_distance(case.points).ravel()} if measured else {}
            frames.append(
                pd.DataFrame(
                    {
                        "point_id": np.repeat(self.residents.point_ids, n_metiers),
                        "population": np.repeat(self.residents.population, n_metiers),
                        "metier": np.tile([m.code for m in case.offers.metiers], n_points),
                        "profile": case.profile.id,
                        "kind": case.kind,
                        "schedule": case.schedule,
                        "threshold": case.threshold.id,
                        "reached": case.points.reached.ravel(),
                        **by_distance,
                        "reason": names[case.points.reason.ravel()],
                        "places": case.points.places.ravel(),
                        "free_places": case.points.free_places.ravel(),
                        "out_lack_min": _minutes(case.points.out_lack_s),
                        "back_lack_min": _minutes(case.points.back_lack_s),
                        "nearest_min": _minutes(case.points.best_s),
                    }
                )
            )
        return pd.concat(frames, ignore_index=True)


def _by_distance(points: PointFlags) -> np.ndarray:
    """Who reaches by the distance beside the threshold alone, bool (n_points, n_metiers)."""
    return np.zeros(points.reached.shape, dtype=bool) if points.by_distance is None else points.by_distance


def _minutes(seconds: np.ndarray) -> pd.api.extensions.ExtensionArray:
    """Minutes of seconds, missing where there are none."""
    flat = seconds.ravel() / np.float32(60)
    return pd.array(np.where(np.isfinite(flat), flat, np.nan), dtype="Float32")


def _input_faults(metiers: Sequence[Metier], asked: Asked, kinds: Sequence[str]) -> list[Fault]:
    profiles, thresholds, schedules = asked.profiles, asked.thresholds, asked.schedules
    faults = list(asked.rules.faults())
    for items in (metiers, profiles, thresholds, schedules):
        for item in items:
            faults += item.faults()
    for name, ids in (
        ("métiers", [m.code for m in metiers]),
        ("profiles", [p.id for p in profiles]),
        ("thresholds", [t.id for t in thresholds]),
        ("schedules", [s.id for s in schedules]),
    ):
        faults += [fault(name, "diagnosis.name_twice", name=i) for i in sorted({i for i in ids if ids.count(i) > 1})]
    faults += [fault(name, "none_given") for name, items in (("métiers", metiers), ("profiles", profiles)) if not items]
    if not kinds:
        faults.append(fault("training, employers", "diagnosis.nothing_to_reach"))
    faults += [
        fault("thresholds", "diagnosis.no_threshold", kind=kind)
        for kind in kinds
        if kind not in {t.kind for t in thresholds}
    ]
    suited = {(t.kind, p.id) for t in thresholds for p in profiles if t.mode in (None, p.mode)}
    faults += [
        fault("thresholds", "diagnosis.no_threshold_for", profile=p.id, mode=p.mode, kind=kind)
        for kind in kinds
        for p in profiles
        if (kind, p.id) not in suited and kind in {t.kind for t in thresholds}
    ]
    if "training" in kinds and "training" not in {s.kind for s in schedules}:
        faults.append(fault("schedules", "diagnosis.no_training_hours"))
    return faults


def tasks_of(supply: Mapping[str, tuple[Sites, Offers]], asked: Asked) -> list[Task]:
    """Return the sets of times that a diagnosis asks for, in the order of its cases."""
    longest_s = max(t.limit_s for t in asked.thresholds) * (1 + asked.rules.threshold_margin)
    max_s = int(max(_LEAST_SEARCH_S, np.ceil(longest_s)))
    tasks = []
    for profile in asked.profiles:
        for kind, (sites, offers) in supply.items():
            own = [schedule for schedule in asked.schedules if schedule.kind == kind]
            common = {"max_s": max_s, "spread_s": asked.rules.deadline_spread_s}
            if kind == "training":
                for schedule in own:
                    slack_s = (round(schedule.slack_before_min * 60), round(schedule.slack_after_min * 60))
                    ask = profile_ask(
                        profile, arrive_s=schedule.arrive_s, leave_s=schedule.leave_s, slack_s=slack_s, **common
                    )
                    tasks.append(Task(profile, kind, schedule.id, sites, ask, ((schedule.id, offers),)))
                continue
            slack_s = _DEFAULT_SLACK_S
            if own:
                slack_s = (round(own[0].slack_before_min * 60), round(own[0].slack_after_min * 60))
            ask = profile_ask(profile, arrive_s=None, leave_s=None, slack_s=slack_s, **common)
            cases = [
                (OWN_HOURS, offers),
                *((s.id, offers.only(_same_hours(sites, s)).of_metiers(s.metiers)) for s in own),
            ]
            tasks.append(Task(profile, kind, OWN_HOURS, sites, ask, tuple(cases)))
    return tasks


def suited_thresholds(task: Task, thresholds: Sequence[Threshold]) -> list[Threshold]:
    """Return the thresholds that a task is judged by."""
    return [t for t in thresholds if t.kind == task.kind and t.mode in (None, task.profile.mode)]


def _same_hours(sites: Sites, schedule: Schedule) -> np.ndarray:
    """Sites whose shift has the hours of the schedule, bool (n_sites,)."""
    start_s = schedule.arrive_s + round(schedule.slack_before_min * 60)
    end_s = schedule.leave_s - round(schedule.slack_after_min * 60)
    if sites.start_s is None or sites.end_s is None:
        return np.zeros(len(sites), dtype=bool)
    return (sites.start_s == start_s) & (sites.end_s == end_s)


def _diagnose_task(
    task: Task, thresholds: Sequence[Threshold], residents: Residents, rules: FlagRules, sources: TimesSources
) -> tuple[RoundTrip, list[DiagnosedCase]]:
    """Compute the times of one profile and schedule, and decide every point for each threshold."""
    trip, points = decide_points(task, thresholds, residents, rules, sources)
    asked = [(schedule, offers, threshold) for schedule, offers in task.cases for threshold in thresholds]
    cases = [
        DiagnosedCase(task.profile, task.kind, schedule, threshold, offers, decided)
        for (schedule, offers, threshold), decided in zip(asked, points, strict=True)
    ]
    return trip, cases


def _frame_of(
    case: DiagnosedCase, residents: Residents, sites: Sites, rules: FlagRules, needed: np.ndarray | None
) -> pd.DataFrame:
    asked = case.question
    return aggregate_flags(residents, sites, case.offers, case.points, question=asked, rules=rules, needed=needed)


def diagnose_with(
    sources: TimesSources,
    *,
    residents: Residents,
    supply: Mapping[str, tuple[Sites, Offers]],
    asked: Asked,
    manifest: Manifest | None = None,
    progress: Progress | None = None,
) -> Diagnosis:
    """Diagnose with any source of times; `diagnose` is the same on a network and on tables.

    Parameters
    ----------
    sources : TimesSources
        Answers a query between two sets of points, on the day asked and on others.
    residents : Residents
    supply : mapping of str to (Sites, Offers)
        By kind, ``training`` and ``job``.
    asked : Asked
    manifest : Manifest, optional
    progress : callable, optional
        Called with a stage and the share done, 0–1.

    Returns
    -------
    Diagnosis
    """
    rules, towns = asked.rules, sources.towns
    tasks = tasks_of(supply, asked)
    needed = supply["job"][1].exists if "job" in supply else None
    frames: list[pd.DataFrame] = []
    cases: list[DiagnosedCase] = []
    found: dict[tuple[str, str, str], RoundTrip] = {}
    for number, task in enumerate(tasks):
        if progress is not None:
            progress(f"{task.profile.name or task.profile.id} · {task.kind} · {task.schedule}", number / len(tasks))
        suited = suited_thresholds(task, asked.thresholds)
        trip, of_task = _diagnose_task(task, suited, residents, rules, sources)
        found[task.profile.id, task.kind, task.schedule] = trip
        cases += of_task
        also = needed if task.kind == "training" else None
        frames += [_frame_of(case, residents, task.sites, rules, also) for case in of_task]
    if progress is not None:
        progress("", 1.0)
    return Diagnosis(
        flags=concat_flags(frames),
        cases=tuple(cases),
        residents=residents,
        sites={kind: sites for kind, (sites, _) in supply.items()},
        times=found,
        asks={(task.profile.id, task.kind, task.schedule): task.ask for task in tasks},
        rules=rules,
        manifest=manifest if manifest is not None else Manifest(inputs={}, query={"rules": asdict(rules)}),
        towns=() if towns is None else towns.towns,
    )


def diagnose(
    network: Network,
    *,
    zones: pd.DataFrame,
    points: gpd.GeoDataFrame,
    membership: pd.DataFrame,
    metiers: Sequence[Metier],
    profiles: Sequence[Profile],
    thresholds: Sequence[Threshold],
    schedules: Sequence[Schedule],
    training: gpd.GeoDataFrame | None = None,
    employers: gpd.GeoDataFrame | None = None,
    rules: FlagRules | None = None,
    other_day: Network | None = None,
    times: TimesSource | None = None,
    ordinary: Sequence[Network] = (),
    progress: Progress | None = None,
) -> Diagnosis:
    """Say, métier by métier, who cannot get there and back, how sure that is, and why.

    Times are computed once per profile and schedule from all populated points to all sites; the counterfactuals (any
    number of rides, the middle of the day, a longer walk, another day, a bicycle, the car) only for points that cannot.

    Parameters
    ----------
    network : Network
    zones : DataFrame
        ``zone_id, zone_name, zone_kind``.
    points : GeoDataFrame
        ``point_id, population`` and optionally ``job_seekers, imputed, quality``.
    membership : DataFrame
        ``point_id, zone_id, share``; many to many.
    metiers, profiles, thresholds, schedules : sequences
        Of the classes in `geo_access.diagnosis.model`.
    training : GeoDataFrame, optional
        Training offers. Needs a schedule of kind ``training``.
    employers : GeoDataFrame, optional
        Openings with their shifts. Each row keeps its own hours (`OWN_HOURS`); a schedule of kind ``job`` adds rows
        for the openings with those very hours.
    rules : FlagRules, optional
        Defaults to ``FlagRules()``.
    other_day : Network, optional
        The same territory on another kind of day, to say what that day would lift.
    times : TimesSource, optional
        The engine on `network` that the run keeps, so that what it found out is not computed again.
    ordinary : sequence of Network
        The same territory on other ordinary days, for the confidence.
    progress : callable, optional
        Called with a stage and the share done, 0–1.

    Returns
    -------
    Diagnosis

    Raises
    ------
    InputError
        With everything wrong in the tables and the parameters.
    """
    asked = Asked(profiles, thresholds, schedules, FlagRules() if rules is None else rules)
    kinds = [kind for kind, table in (("training", training), ("job", employers)) if table is not None]
    raise_faults(_input_faults(metiers, asked, kinds))
    residents = read_residents(points, membership, zones, epsg=network.epsg, people=asked.rules.people)
    supply = {}
    if training is not None:
        supply["training"] = training_offers(training, metiers, epsg=network.epsg)
    if employers is not None:
        supply["job"] = job_offers(employers, metiers, epsg=network.epsg)
    unknown = [
        note("uncounted", n=rows, table=name, column=column)
        for name, table, column in (("training", training, "places"), ("employers", employers, "openings"))
        if table is not None and (rows := int(table[column].isna().sum()))
    ]
    query = {
        "rules": asdict(asked.rules),
        "metiers": [asdict(item) for item in metiers],
        "profiles": [asdict(item) for item in profiles],
        "thresholds": [asdict(item) for item in thresholds],
        "schedules": [asdict(item) for item in schedules],
        "lifts": list(LIFTS),
    }
    engine = NetworkTimes(network) if times is None else times
    sources = TimesSources(
        engine,
        NetworkTimes(other_day) if other_day is not None else None,
        [engine.beside(item) if isinstance(engine, NetworkTimes) else NetworkTimes(item) for item in ordinary],
        uncovered_towns(residents, network.timetable, asked.rules),
        network.timetable is not None and bool((network.timetable.route_kind == SCHOOL).any()),
    )
    manifest = Manifest(inputs=network.inputs, query=query, warnings=(*network.warnings, *unknown))
    return diagnose_with(sources, residents=residents, supply=supply, asked=asked, manifest=manifest, progress=progress)
