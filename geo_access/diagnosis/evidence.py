"""The times that one public at one schedule is judged on: as it travels, with one limit lifted, with what can vary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from geo_access.diagnosis.confidence import Variant, cancelled_trip
from geo_access.diagnosis.coverage import UncoveredTowns
from geo_access.diagnosis.distance import Beside
from geo_access.diagnosis.kernels import places_within
from geo_access.diagnosis.lifts import Counterfactual, counterfactual_asks
from geo_access.diagnosis.model import FlagRules, Profile, Threshold
from geo_access.diagnosis.points import Evidence
from geo_access.diagnosis.residents import Residents
from geo_access.diagnosis.supply import Offers
from geo_access.times.round_trip import (
    Ask,
    Connection,
    RoundTrip,
    Sites,
    TimesSource,
    connect_points,
    round_trip,
    site_hours,
)

__all__ = ["Task", "TimesSources", "gather_evidence"]


@dataclass(frozen=True, eq=False)
class Task:
    """One set of times: a profile at the hours of one schedule, and the offers read from it.

    Attributes
    ----------
    profile : Profile
    kind, schedule : str
    sites : Sites
    ask : Ask
    cases : tuple of (str, Offers)
        By id of the schedule in the table.
    """

    profile: Profile
    kind: str
    schedule: str
    sites: Sites
    ask: Ask
    cases: tuple[tuple[str, Offers], ...]


@dataclass(frozen=True, eq=False)
class TimesSources:
    """Where times come from, and what no feed tells of.

    Attributes
    ----------
    times : TimesSource
        The day asked.
    other_day : TimesSource or None
        Another kind of day.
    ordinary : sequence of TimesSource
        Other ordinary days.
    towns : UncoveredTowns or None
    school_lines : bool
        Whether the day asked has lines for pupils, which do not run in the holidays.
    """

    times: TimesSource
    other_day: TimesSource | None = None
    ordinary: Sequence[TimesSource] = ()
    towns: UncoveredTowns | None = None
    school_lines: bool = False


def _unresolved(trip: RoundTrip, offers: Offers, beside: Beside, rules: FlagRules) -> np.ndarray:
    """Points × métiers that do not reach enough places, where a lift may help, bool."""
    n = rules.min_opportunities
    wanted = offers.open_places if rules.first else offers.all_places
    enough = offers.located_open if rules.first else offers.located_all
    read, limit_s = beside.read(trip), beside.threshold.limit_s
    left = places_within(read.out_s, read.back_s, limit_s, rules.first, offers.indptr, offers.site, wanted) < n
    left[:, enough < n] = False
    if trip.unsnapped_points is not None:
        left[trip.unsnapped_points] = False
    return np.asarray(left)


def _lifted(
    task: Task,
    trip: RoundTrip,
    connection: Connection,
    residents: Residents,
    thresholds: Sequence[Threshold],
    rules: FlagRules,
    sources: TimesSources,
) -> tuple[Counterfactual, ...]:
    """Recompute with one limit lifted, for the points that cannot (first rules: that nothing explains yet)."""
    n = rules.min_opportunities
    sides = [Beside(threshold, residents.xy, task.sites.xy) for threshold in thresholds]
    pairs = [(offers, beside) for _, offers in task.cases for beside in sides]
    left = [_unresolved(trip, offers, beside, rules) for offers, beside in pairs]
    found = []
    for name, ask in counterfactual_asks(task.ask, rules, other_day=sources.other_day is not None):
        points = np.flatnonzero(np.any([mask.any(axis=1) for mask in left], axis=0))
        if not len(points):
            break
        if rules.first and name == "bike":
            continue
        lifted = _recomputed(name, ask, task, connection, residents.xy, points, sources)
        found.append(Counterfactual(name, points, lifted))
        for (offers, beside), mask in zip(pairs, left) if rules.first else ():
            offered, limit_s = (offers.indptr, offers.site, offers.open_places), beside.threshold.limit_s
            read = beside.at(points).read(lifted)
            mask[points] &= places_within(read.out_s, read.back_s, limit_s, False, *offered) < n
    return tuple(found)


def _recomputed(
    name: str,
    ask: Ask,
    task: Task,
    connection: Connection,
    home_xy: np.ndarray,
    points: np.ndarray,
    sources: TimesSources,
) -> RoundTrip:
    """Compute times of some points with a limit lifted; search the streets again only where they differ."""
    times = sources.times
    if name == "other_day" and sources.other_day is not None:
        times = sources.other_day
    elif ask.streets == task.ask.streets:
        return round_trip(connection, points, task.sites, ask)
    again = connect_points(times, home_xy[points], task.sites, ask)
    return round_trip(again, np.arange(len(points)), task.sites, ask)


def _variants(
    task: Task, trip: RoundTrip, connection: Connection, residents: Residents, longest_s: float, sources: TimesSources
) -> tuple[Variant, ...]:
    """Compute the times again with what can vary: the best trip cancelled, no line for pupils, other ordinary days."""
    if not task.ask.uses_transit or not trip.out_s.size:
        return ()
    found = [Variant("cancelled", cancelled_trip(connection, task.sites, task.ask, trip, longest_s))]
    plain = replace(task.ask, spread_s=0)
    pupils = sources.school_lines or any(kind == "school" for _, kind in plain.travel.line_kinds)
    if pupils and plain.travel.school_lines:
        holidays = plain.travelling(school_lines=False)
        found.append(
            Variant("school_lines", round_trip(connection, np.arange(len(residents.xy)), task.sites, holidays))
        )
    for times in sources.ordinary:
        other = connect_points(times, residents.xy, task.sites, plain)
        found.append(Variant("other_date", round_trip(other, np.arange(len(residents.xy)), task.sites, plain)))
    return tuple(found)


def gather_evidence(
    task: Task,
    thresholds: Sequence[Threshold],
    residents: Residents,
    rules: FlagRules,
    sources: TimesSources,
    *,
    lifts: bool = True,
    doubts: bool = True,
) -> Evidence:
    """Compute the times of one profile and schedule, and what they are doubted by.

    Parameters
    ----------
    task : Task
    thresholds : sequence of Threshold
    residents : Residents
    rules : FlagRules
    sources : TimesSources
    lifts, doubts : bool
        Whether the times with one limit lifted, and those with one thing that varies, are wanted.

    Returns
    -------
    Evidence
    """
    connection = connect_points(sources.times, residents.xy, task.sites, task.ask)
    trip = round_trip(connection, np.arange(len(residents.point_ids)), task.sites, task.ask, explain=True)
    rides = task.ask.uses_transit
    arrive_s, leave_s = site_hours(task.ask, task.sites) if rides else (None, None)
    return Evidence(
        trip,
        arrive_s=arrive_s,
        leave_s=leave_s,
        lifted=_lifted(task, trip, connection, residents, thresholds, rules, sources) if lifts else (),
        variants=_variants(task, trip, connection, residents, max(t.limit_s for t in thresholds), sources)
        if doubts and not rules.first
        else (),
        towns=sources.towns.points if sources.towns is not None and rides else None,
        walk_kmh=task.profile.walk_kmh,
    )
