"""Levels first: what an edit does to every zone and métier, before reasons and confidence are looked for.

What is kept is, for each public, hours and métier, the shortest threshold with which each point reaches enough places.
It depends on the timetable (or the streets), the question, and the places of that métier: an edit that touches none of
these computes nothing again, another threshold compares numbers, a session more asks for the times of one site.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from scipy import sparse

from geo_access.diagnosis.coverage import UncoveredTowns, uncovered_towns
from geo_access.diagnosis.diagnose import suited_thresholds, tasks_of
from geo_access.diagnosis.distance import Beside
from geo_access.diagnosis.evidence import Task
from geo_access.diagnosis.kernels import places_within_radius
from geo_access.diagnosis.levels import (
    LEVELS,
    SANS_OBJET,
    OffStreets,
    level_codes,
    only_remote,
    open_level_codes,
    seconds_to_places,
    share_of,
    unknown_points,
)
from geo_access.diagnosis.model import Asked, FlagRules, Profile, Threshold
from geo_access.diagnosis.publication import held_back_zones
from geo_access.diagnosis.residents import Residents, read_residents
from geo_access.diagnosis.supply import Offers, job_offers, training_offers
from geo_access.study.beside import publication
from geo_access.study.file import flag_rules, study_metiers, study_profiles, study_schedules, study_thresholds
from geo_access.study.scenario import Assumptions
from geo_access.times.longest import longest_ways, spans_asked
from geo_access.times.round_trip import Ask, NetworkTimes, Sites

__all__ = ["CaseLevels", "LevelEngine", "Levels"]

_Key = tuple[object, ...]
_Made = TypeVar("_Made")


@dataclass(frozen=True, eq=False)
class CaseLevels:
    """Levels of one public, kind, schedule and threshold.

    Attributes
    ----------
    profile : Profile
    kind, schedule : str
    threshold : Threshold
    offers : Offers
    needed_s : ndarray of float32, shape (n_points, n_metiers)
        Shortest threshold with which each point reaches enough places, there and back [s]; infinite where none does.
    share, unmeasured_share : ndarray of float64, shape (n_zones, n_metiers)
        0–1 of the residents; NaN where no question arises.
    level : ndarray of uint8, shape (n_zones, n_metiers)
        Index into `geo_access.diagnosis.levels.LEVELS`.
    """

    profile: Profile
    kind: str
    schedule: str
    threshold: Threshold
    offers: Offers
    needed_s: np.ndarray
    share: np.ndarray
    unmeasured_share: np.ndarray
    level: np.ndarray

    @property
    def reached(self) -> np.ndarray:
        """Who reaches enough places within the threshold, bool (n_points, n_metiers)."""
        return np.asarray(self.needed_s <= np.float64(self.threshold.limit_s))

    @property
    def codes(self) -> list[str]:
        """Codes of the métiers, in the order of the columns."""
        return [metier.code for metier in self.offers.metiers]


@dataclass(frozen=True, eq=False)
class Levels:
    """Levels of a whole territory.

    Attributes
    ----------
    residents : Residents
    cases : tuple of CaseLevels
        In the order of a diagnosis.
    """

    residents: Residents
    cases: tuple[CaseLevels, ...]

    def case(self, profile: str, kind: str, schedule: str) -> CaseLevels:
        """Return the first case of a public, a kind and a schedule.

        Raises
        ------
        KeyError
            When there is none.
        """
        for item in self.cases:
            if (item.profile.id, item.kind, item.schedule) == (profile, kind, schedule):
                return item
        raise KeyError((profile, kind, schedule))

    def table(self) -> pd.DataFrame:
        """Rows in the order of a diagnosis's flags, with the columns of theirs that are known first.

        Returns
        -------
        pandas.DataFrame
            ``zone_id, metier, profile, kind, schedule, threshold, level, reachable_share, unmeasured_share``.
        """
        parts = []
        for case in self.cases:
            n_zones, n_metiers = case.level.shape
            columns = {
                "zone_id": np.repeat(self.residents.zone_ids, n_metiers),
                "metier": np.tile(np.array(case.codes, dtype=object), n_zones),
                "profile": case.profile.id,
                "kind": case.kind,
                "schedule": case.schedule,
                "threshold": case.threshold.id,
                "level": np.array(LEVELS, dtype=object)[case.level.ravel()],
                "reachable_share": case.share.astype(np.float32).ravel(),
                "unmeasured_share": case.unmeasured_share.astype(np.float32).ravel(),
            }
            parts.append(pd.DataFrame(columns))
        return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True, eq=False)
class _Needed:
    """What is kept of one métier: seconds of each point, and what could not be placed on the network."""

    seconds: np.ndarray
    points_off: np.ndarray
    sites_off: np.ndarray


@dataclass(frozen=True, eq=False)
class _Ground:
    """Residents and what hangs on them alone."""

    residents: Residents
    weights: sparse.csr_matrix
    towns: UncoveredTowns
    held: np.ndarray


class LevelEngine:
    """Levels under any assumptions on the same territory, each part computed once.

    Parameters
    ----------
    most_bytes : int
        Of the times kept; those not asked for longest go first.
    """

    def __init__(self, *, most_bytes: int = 256 << 20) -> None:
        self._most_bytes, self._bytes = most_bytes, 0
        self._needed: OrderedDict[_Key, _Needed] = OrderedDict()
        self._sources: OrderedDict[int, object] = OrderedDict()
        # The objects are held with what was made of them, so that their identities stay theirs.
        self._held: OrderedDict[_Key, tuple[Any, tuple[object, ...]]] = OrderedDict()

    def levels(self, assumed: Assumptions, times: NetworkTimes, *, only: tuple[str, str, str] | None = None) -> Levels:
        """Find the levels of all zones and métiers.

        Parameters
        ----------
        assumed : Assumptions
        times : NetworkTimes
            On the assumed network.
        only : tuple of (str, str, str), optional
            Public, kind and schedule; by default all.

        Returns
        -------
        Levels
            Equal to those of `geo_access.study.findings.study_diagnosis` on the same assumptions.
        """
        file, rules = assumed.file, flag_rules(assumed.file)
        thresholds, schedules = study_thresholds(file), study_schedules(file)
        ground, supply = self._ground(assumed, rules), self._supply(assumed)
        cases: list[CaseLevels] = []
        for task in tasks_of(supply, Asked(study_profiles(file, assumed.network), thresholds, schedules, rules)):
            if only is not None and (task.profile.id, task.kind) != only[:2]:
                continue
            asked = supply["job"][1].exists if "job" in supply and task.kind == "training" else None
            for schedule, offers in task.cases:
                if only is not None and schedule != only[2]:
                    continue
                for threshold in suited_thresholds(task, thresholds):
                    beside = Beside(threshold, ground.residents.xy, task.sites.xy)
                    needed, off = self._needed_of(task, offers, ground.residents, times, rules, beside)
                    made = _Case(task, schedule, threshold, offers, rules, asked)
                    cases.append(made.levels(ground, needed, off))
        self._trim()
        return Levels(ground.residents, tuple(cases))

    def _ground(self, assumed: Assumptions, rules: FlagRules) -> _Ground:
        inputs, network = assumed.inputs, assumed.network
        tables = (inputs.points, inputs.membership, inputs.zones)

        def read() -> tuple[Residents, sparse.csr_matrix]:
            residents = read_residents(*tables, epsg=network.epsg, people=rules.people)
            return residents, residents.weights

        residents, weights = self._kept(("residents", rules.people), tables, read)
        towns = self._kept(
            ("towns", rules),
            (residents, network.timetable),
            lambda: uncovered_towns(residents, network.timetable, rules),
        )
        floors = publication(assumed.file)
        held = self._kept(("held", floors), (residents,), lambda: held_back_zones(residents, floors))
        return _Ground(residents, weights, towns, held)

    def _supply(self, assumed: Assumptions) -> dict[str, tuple[Sites, Offers]]:
        metiers, epsg = study_metiers(assumed.file), assumed.network.epsg
        found = {}
        for kind, table, read in (
            ("training", assumed.inputs.training, training_offers),
            ("job", assumed.inputs.employers, job_offers),
        ):
            if table is not None:
                made = self._kept((kind, tuple(metiers)), (table,), partial(read, table, metiers, epsg=epsg))
                found[kind] = made
        return found

    def _kept(self, name: _Key, sources: tuple[object, ...], make: Callable[[], _Made]) -> _Made:
        key = (*name, *map(id, sources))
        if key not in self._held:
            self._held[key] = (make(), sources)
            while len(self._held) > _MOST_HELD:
                self._held.popitem(last=False)
        self._held.move_to_end(key)
        made: _Made = self._held[key][0]
        return made

    def _needed_of(
        self, task: Task, offers: Offers, residents: Residents, times: NetworkTimes, rules: FlagRules, beside: Beside
    ) -> tuple[np.ndarray, OffStreets]:
        """Seconds that each point needs for each métier, and what lies off the streets."""
        n, ask = rules.min_opportunities, replace(task.ask, spread_s=0)
        wanted = offers.open_places if rules.first else offers.all_places
        self._source(residents)
        # What is within by distance depends on the kilometres, not on the minutes.
        before = (ask, (n, beside.threshold.kilometres), residents.xy.shape, id(residents))
        groups = [slice(int(a), int(b)) for a, b in zip(offers.indptr[:-1], offers.indptr[1:])]
        sites = [offers.site[group] for group in groups]
        idle = np.setdiff1d(np.arange(len(task.sites)), offers.site)
        sites.append(idle.astype(offers.site.dtype))
        places = [*(wanted[group] for group in groups), np.zeros(len(idle), wanted.dtype)]
        # On streets alone hours do not matter.
        timeless = task.sites if ask.uses_transit else replace(task.sites, start_s=None, end_s=None)
        keys: list[_Key] = []
        decided: dict[bool, int] = {}
        for rows, own in zip(sites, places, strict=True):
            # Sites without hours of their own are all asked at the same.
            timed = decided.get(len(rows) > 0) if task.sites.start_s is None else None
            if timed is None:
                timed = decided[len(rows) > 0] = self._source(_decisive(times, ask, task.sites, rows))
            keys.append((timed, *before, *_named(timeless, rows, own)))
        missing = [k for k, key in enumerate(keys) if key not in self._needed]
        if missing:
            self._compute(task.sites, ask, beside, times, n, {keys[k]: (sites[k], places[k]) for k in missing})
        found = [self._needed[key] for key in keys]
        for key in keys:
            self._needed.move_to_end(key)
        off = OffStreets(np.zeros(len(residents.xy), bool), np.zeros(len(task.sites), bool))
        for rows, item in zip(sites, found, strict=True):
            off.points[:] |= item.points_off
            off.sites[rows] |= item.sites_off
        columns = [item.seconds for item in found[:-1]]
        return (np.stack(columns, axis=1) if columns else np.empty((len(residents.xy), 0), np.float32)), off

    def _compute(
        self,
        sites: Sites,
        ask: Ask,
        beside: Beside,
        times: NetworkTimes,
        n: int,
        missing: Mapping[_Key, tuple[np.ndarray, np.ndarray]],
    ) -> None:
        rows = np.unique(np.concatenate([own for own, _ in missing.values()]))
        hours = (
            (None, None) if sites.start_s is None or sites.end_s is None else (sites.start_s[rows], sites.end_s[rows])
        )
        some = Sites(sites.ids[rows], sites.names[rows], sites.xy[rows], *hours)
        longest = longest_ways(times.known, beside.home_xy, some, ask)
        nowhere = np.zeros(len(beside.home_xy), bool)
        for key, (own, places) in missing.items():
            at = np.searchsorted(rows, own)
            held = _Held(longest.seconds, replace(beside, site_xy=some.xy))
            seconds = _seconds_to_places(held, at[places > 0], places[places > 0], n)
            off = longest.homes_off if len(own) else nowhere
            self._needed[key] = made = _Needed(seconds, off, longest.sites_off[at])
            self._bytes += made.seconds.nbytes + made.points_off.nbytes

    def _source(self, found: object) -> int:
        """Hold what times rest on, so that its identity stays its own; what rests on the oldest is forgotten."""
        self._sources[id(found)] = found
        self._sources.move_to_end(id(found))
        while len(self._sources) > _MOST_SOURCES:
            gone, _ = self._sources.popitem(last=False)
            for key in [key for key in self._needed if gone in (key[0], key[4])]:
                self._forget(key)
        return id(found)

    def _forget(self, key: _Key) -> None:
        gone = self._needed.pop(key)
        self._bytes -= gone.seconds.nbytes + gone.points_off.nbytes

    def _trim(self) -> None:
        while self._bytes > self._most_bytes and len(self._needed) > 1:
            self._forget(next(iter(self._needed)))


_MOST_HELD = 24
# Timetables, streets and residents.
_MOST_SOURCES = 8


def _decisive(times: NetworkTimes, ask: Ask, sites: Sites, rows: np.ndarray) -> object:
    """Return what decides the times of some sites: the streets, or the trips at their hours."""
    if not ask.uses_transit:
        return times.network.streets
    if not len(rows):
        return times.network.timetable
    hours = (None, None) if sites.start_s is None or sites.end_s is None else (sites.start_s[rows], sites.end_s[rows])
    some = Sites(sites.ids[rows], sites.names[rows], sites.xy[rows], *hours)
    return times.known.timetable_within(spans_asked(ask, some))


@dataclass(frozen=True, eq=False)
class _Held:
    """Times of the longer way by site, read as a threshold does that names a distance."""

    seconds: np.ndarray
    beside: Beside

    def of(self, row: int) -> np.ndarray:
        """Seconds of every point at one site, float32 (n_points,)."""
        if not self.beside.asked:
            return np.asarray(self.seconds[row])
        near = replace(self.beside, site_xy=self.beside.site_xy[row : row + 1]).near()[:, 0]
        return np.where(near, np.float32(0), self.seconds[row])


def _seconds_to_places(held: _Held, rows: np.ndarray, places: np.ndarray, n: int) -> np.ndarray:
    """Shortest threshold with which each point reaches n places at some sites, their rows."""
    if not len(rows):
        return np.full(held.seconds.shape[1], np.inf, np.float32)
    if places.min() >= n:
        # The nearest is enough; site by site, nothing is put together first.
        return np.asarray(np.minimum.reduce([held.of(row) for row in rows.tolist()]))
    some = np.stack([held.of(row) for row in rows.tolist()], axis=1)
    return seconds_to_places(some, some, places, n)


def _named(sites: Sites, rows: np.ndarray, places: np.ndarray) -> tuple[bytes, bytes, bytes]:
    """Name what the times of some sites depend on: where they stand, their hours, how many places."""
    hours = (
        b""
        if sites.start_s is None or sites.end_s is None
        else sites.start_s[rows].tobytes() + sites.end_s[rows].tobytes()
    )
    return sites.xy[rows].tobytes(), hours, places.tobytes()


@dataclass(frozen=True, eq=False)
class _Case:
    """One row group of the flags, as it is asked."""

    task: Task
    schedule: str
    threshold: Threshold
    offers: Offers
    rules: FlagRules
    needed: np.ndarray | None

    def levels(self, ground: _Ground, needed_s: np.ndarray, off: OffStreets) -> CaseLevels:
        """Compare the seconds with the threshold and sum residents by zone."""
        offers, rules, kind = self.offers, self.rules, self.task.kind
        reached = needed_s <= np.float64(self.threshold.limit_s)
        towns = ground.towns.points if self.task.ask.uses_transit else None
        unknown = unknown_points(
            ground.residents, offers, reached, off, towns=towns, rules=rules, near_off=self._near_off(ground, off)
        )
        asked = offers.exists
        asked = asked | (self.needed if self.needed is not None else np.full(len(offers.metiers), kind == "training"))
        share = share_of(ground.weights, reached)
        open_ = share_of(ground.weights, unknown) if unknown.any() else np.where(np.isnan(share), np.nan, 0.0)
        share[:, ~asked | only_remote(offers, rules)] = np.nan
        level = open_level_codes(share, open_, rules) if unknown.any() else level_codes(share, rules)
        # Of zones with too few people to be published only the question stays.
        level[ground.held], share[ground.held] = SANS_OBJET, np.nan
        unmeasured_share = np.where(level == SANS_OBJET, np.nan, open_)
        task = self.task
        return CaseLevels(
            task.profile,
            task.kind,
            self.schedule,
            self.threshold,
            offers,
            needed_s,
            share,
            unmeasured_share,
            level,
        )

    def _near_off(self, ground: _Ground, off: OffStreets) -> np.ndarray | None:
        """Places within by distance at sites off the streets, int64 (n_points, n_metiers); None where none are."""
        kilometres, offers = self.threshold.kilometres, self.offers
        if kilometres is None or not off.sites.any():
            return None
        away = np.where(off.sites[offers.site], offers.all_places, 0)
        xy, radius_m = self.task.sites.xy, 1000.0 * kilometres
        return np.asarray(places_within_radius(ground.residents.xy, xy, radius_m, offers.indptr, offers.site, away))
