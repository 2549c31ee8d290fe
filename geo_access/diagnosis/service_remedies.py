"""Changes of the service: the network computed anew with each on every service day, and a plan of several.

`geo_access.diagnosis.line_trips` and `geo_access.diagnosis.line_changes` say which are worth trying for the worst zones
of a question: one trip more on a line, a denser headway, a longer way. Each is applied to the network and the whole
territory asked again. What is told of a change is what this found. Vehicles that go all the way are tried; a new trip
to a change is not. Trips that must be booked and lines for pupils are left as they are.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from geo_access.clock import format_clock, plain_clock
from geo_access.diagnosis.diagnose import OWN_HOURS, DiagnosedCase, Diagnosis
from geo_access.diagnosis.kernels import places_within
from geo_access.diagnosis.line_changes import LineChange, Place, Reach, propose_extensions, propose_headways
from geo_access.diagnosis.line_trips import TripChange, Wanted, line_rides, propose_trips
from geo_access.diagnosis.model import UNMEASURED
from geo_access.errors import InputError
from geo_access.network.model import Timetable
from geo_access.network.timetable.edits import Edit, RepeatTrip
from geo_access.network.timetable.scenario import apply_edits
from geo_access.times.round_trip import Ask, NetworkTimes, RoundTrip, Sites, connect_points, round_trip, site_hours
from geo_access.words.told import refusal

if TYPE_CHECKING:
    from geo_access.times.ways import TransitConnection

__all__ = [
    "SERVICE",
    "ServiceEngines",
    "ServiceLimits",
    "ServiceTrials",
    "TriedChange",
    "service_plan",
    "try_changes",
    "with_lines",
]

SERVICE = ("trip_on_a_line", "headway_on_a_line", "extended_line")
"""Kinds of changes of the service, ordered by what they ask of the operator."""

_TRIP = SERVICE[0]
_MOST_ENGINES = 12
_CLOCK_MINUTE = 5


@dataclass(frozen=True)
class ServiceLimits:
    """How many changes are tried for one question.

    Attributes
    ----------
    zones : int
        Zones × métiers with most residents who do not get there.
    trips, headways, extensions : int
        Changes of each kind that are computed anew.
    homes, sites : int
        Zones, and sites, that lines might be extended to.
    """

    zones: int = 60
    trips: int = 4
    headways: int = 1
    extensions: int = 2
    homes: int = 12
    sites: int = 4


@dataclass(frozen=True, eq=False)
class TriedChange:
    """A change of the service that was computed.

    Attributes
    ----------
    remedy : str
        One of `SERVICE`.
    edits : tuple of Edit
    line, trip, minute : str
        Line as printed, trip that is run once more, its first departure; "…; …" where there are two, empty where the
        change has none.
    detail : str
        In a few words: "L8: 04:25 → Zone industrielle".
    reached : ndarray of bool, shape (n_points, n_metiers)
        Who reaches enough places with it, computed anew for the whole territory.
    """

    remedy: str
    edits: tuple[Edit, ...]
    line: str
    trip: str
    minute: str
    detail: str
    reached: np.ndarray


@dataclass(frozen=True, eq=False)
class ServiceTrials:
    """The changes tried for one question.

    Attributes
    ----------
    tried : tuple of TriedChange
    zones : int
        Zones × métiers for which changes were sought.
    zones_left : int
        Flagged ones for which none was, for the limit.
    """

    tried: tuple[TriedChange, ...] = ()
    zones: int = 0
    zones_left: int = 0


class ServiceEngines:
    """Engines on the network with changes: those used last are kept for the next question.

    Parameters
    ----------
    times : NetworkTimes
        Of the network as it is; what is known of its streets is shared.
    """

    def __init__(self, times: NetworkTimes) -> None:
        self.times = times
        self._kept: OrderedDict[tuple[Edit, ...], NetworkTimes] = OrderedDict()

    def on(self, edits: Sequence[Edit]) -> NetworkTimes:
        """Return the engine on the network with these changes.

        Raises
        ------
        InputError
            When one of them cannot be applied.
        """
        once = tuple(dict.fromkeys(edits))
        # Trips more may come in any order; what is done to a line may not.
        key = tuple(sorted(once, key=str)) if all(isinstance(item, RepeatTrip) for item in once) else once
        if key not in self._kept:
            edited = apply_edits(self.times.network, once)
            self._kept[key] = self.times.beside(edited)
        self._kept.move_to_end(key)
        if len(self._kept) > _MOST_ENGINES:
            self._kept.popitem(last=False)
        return self._kept[key]


def _flagged(diagnosis: Diagnosis, case: DiagnosedCase) -> np.ndarray:
    """Residents who do not reach, of each flagged zone × métier; 0 where there is no flag, or data are missing."""
    weights = diagnosis.residents.weights
    total = np.asarray(weights.sum(axis=1)).ravel()[:, None]
    reached = np.asarray(weights @ case.points.reached.astype(np.float64))
    unknown = np.isin(case.points.reason, UNMEASURED) & ~case.points.reached
    open_to = reached + np.asarray(weights @ unknown.astype(np.float64))
    flagged = (open_to < (diagnosis.rules.adequate_share - 1e-9) * total) & case.offers.exists[None, :]
    return np.where(flagged, total - reached, 0.0)


def try_changes(
    diagnosis: Diagnosis, engines: ServiceEngines, case: DiagnosedCase, *, limits: ServiceLimits | None = None
) -> ServiceTrials:
    """Try changes of existing lines for the worst zones of a question, each computed anew for the whole territory.

    Parameters
    ----------
    diagnosis : Diagnosis
    engines : ServiceEngines
        On the network of the diagnosis.
    case : DiagnosedCase
    limits : ServiceLimits, optional

    Returns
    -------
    ServiceTrials
        Nothing tried for a public that boards no vehicle.

    Raises
    ------
    InputError
        When the public rides and the network has no timetable.
    """
    chosen = ServiceLimits() if limits is None else limits
    ask, sites = _asked(diagnosis, case), diagnosis.sites[case.kind]
    if not ask.uses_transit or not len(sites):
        return ServiceTrials()
    timetable = engines.times.network.timetable
    if timetable is None:
        raise refusal("no_timetable_gtfs")
    lack = _flagged(diagnosis, case)
    order = np.argsort(-lack, axis=None, kind="stable")[: np.count_nonzero(lack > 0)]
    zone, metier = np.unravel_index(order[: chosen.zones], lack.shape)
    lacking = np.zeros(case.points.reached.shape)
    for row, column in zip(zone.tolist(), metier.tolist(), strict=True):
        own = diagnosis.residents.weights[row]
        lacking[own.indices, column] += own.data
    lacking[case.points.reached] = 0
    points = np.flatnonzero(lacking.any(axis=1))
    if not len(points):
        return ServiceTrials()
    wanted = _wanted(diagnosis, case, lacking, points)
    known = engines.times.known.connect(diagnosis.residents.xy[points], sites.xy, ask.streets)
    ends = cast("TransitConnection", known.connected())
    rides = line_rides(timetable, wanted, ends.there, ends.back)
    tried: list[TriedChange | None] = [
        _trip_tried(diagnosis, engines, case, change, timetable)
        for change in propose_trips(timetable, wanted, rides, most=chosen.trips)
    ]
    proposed = propose_headways(timetable, wanted, rides, most=chosen.headways)
    where = _places(diagnosis, case, zone, chosen)
    reach = _reach(diagnosis, engines, case, points)
    proposed += propose_extensions(timetable, wanted, where, reach, most=chosen.extensions)
    tried += [_line_tried(diagnosis, engines, case, change, timetable) for change in proposed]
    done = tuple(item for item in tried if item is not None)
    return ServiceTrials(done, len(zone), len(order) - len(zone))


def _asked(diagnosis: Diagnosis, case: DiagnosedCase) -> Ask:
    return diagnosis.asks[_key(case)]


def _key(case: DiagnosedCase) -> tuple[str, str, str]:
    return case.profile.id, case.kind, case.schedule if case.kind == "training" else OWN_HOURS


def _wanted(diagnosis: Diagnosis, case: DiagnosedCase, lacking: np.ndarray, points: np.ndarray) -> Wanted:
    trip = diagnosis.times[_key(case)]
    today = RoundTrip(trip.out_s[points], trip.back_s[points])
    hours = site_hours(_asked(diagnosis, case), diagnosis.sites[case.kind])
    least = diagnosis.rules.min_opportunities
    return Wanted(lacking[points], today, case.offers, case.threshold.limit_s, least, *hours)


def _places(diagnosis: Diagnosis, case: DiagnosedCase, zones: np.ndarray, limits: ServiceLimits) -> list[Place]:
    """Where lines might be extended to: the worst zones, where most of their people live, and the métiers' sites."""
    residents, sites, offers = diagnosis.residents, diagnosis.sites[case.kind], case.offers
    found = []
    for zone in list(dict.fromkeys(zones.tolist()))[: limits.homes]:
        own = residents.weights[zone]
        home = own.indices[int(np.argmax(own.data))]
        found.append(Place(str(residents.zone_names[zone]), residents.xy[home]))
    places = np.bincount(offers.site, weights=offers.all_places, minlength=len(sites))
    largest = [site for site in np.argsort(-places, kind="stable")[: limits.sites].tolist() if places[site] > 0]
    return found + [Place(str(sites.names[site]), sites.xy[site], site) for site in largest]


def _reach(diagnosis: Diagnosis, engines: ServiceEngines, case: DiagnosedCase, points: np.ndarray) -> Reach:
    """Say what choosing extensions asks of the engine as it is."""
    ask, sites, xy = replace(_asked(diagnosis, case), spread_s=0), diagnosis.sites[case.kind], diagnosis.residents.xy
    arrive_s, leave_s = site_hours(ask, sites)

    def beyond(termini: np.ndarray) -> RoundTrip:
        return round_trip(connect_points(engines.times, termini, sites, ask), np.arange(len(termini)), sites, ask)

    def until(termini: np.ndarray, site: np.ndarray, ride_s: np.ndarray) -> RoundTrip:
        names, more_s = np.arange(len(termini)).astype(object), np.ceil(ride_s).astype(np.int64)
        ends = Sites(names, names, termini, arrive_s[site] - more_s, leave_s[site] + more_s)
        own = replace(ask, arrive_s=None, leave_s=None, slack_before_s=0, slack_after_s=0)
        return round_trip(connect_points(engines.times, xy[points], ends, own), np.arange(len(points)), ends, own)

    return Reach(xy[points], float(ask.travel.max_access_s), beyond, until)


def _trip_tried(
    diagnosis: Diagnosis, engines: ServiceEngines, case: DiagnosedCase, change: TripChange, timetable: Timetable
) -> TriedChange:
    edits, parts = [], []
    for item in change.trips:
        edits.append(RepeatTrip(str(timetable.trip_id[item.trip]), plain_clock(item.start_s)))
        line = str(timetable.route_name[timetable.trip_route[item.trip]])
        headsign = str(timetable.trip_headsign[item.trip])
        towards = f" → {headsign}" if headsign else ""
        parts.append((line, edits[-1].trip_id, format_clock(item.start_s)[:_CLOCK_MINUTE], towards))
    return TriedChange(
        "trip_on_a_line",
        tuple(edits),
        "; ".join(dict.fromkeys(line for line, _, _, _ in parts)),
        "; ".join(name for _, name, _, _ in parts),
        "; ".join(minute for _, _, minute, _ in parts),
        "; ".join(f"{line}: {minute}{towards}" for line, _, minute, towards in parts),
        _reached(diagnosis, case, _times(diagnosis, engines, case, edits)),
    )


def _line_tried(
    diagnosis: Diagnosis, engines: ServiceEngines, case: DiagnosedCase, change: LineChange, timetable: Timetable
) -> TriedChange | None:
    """Compute a headway or an extension; None where the streets or the timetable do not let it be."""
    try:
        trip = _times(diagnosis, engines, case, change.edits)
    except InputError:
        return None
    line = str(timetable.route_name[change.route])
    reached = _reached(diagnosis, case, trip)
    return TriedChange(change.remedy, change.edits, line, "", "", f"{line}: {change.detail}", reached)


def _times(diagnosis: Diagnosis, engines: ServiceEngines, case: DiagnosedCase, edits: Sequence[Edit]) -> RoundTrip:
    """Compute the times of a question with some changes."""
    ask, sites, xy = replace(_asked(diagnosis, case), spread_s=0), diagnosis.sites[case.kind], diagnosis.residents.xy
    return round_trip(connect_points(engines.on(edits), xy, sites, ask), np.arange(len(xy)), sites, ask)


def _reached(diagnosis: Diagnosis, case: DiagnosedCase, trip: RoundTrip) -> np.ndarray:
    offered = (case.offers.indptr, case.offers.site, case.offers.all_places)
    found = places_within(trip.out_s, trip.back_s, case.threshold.limit_s, False, *offered)
    return np.asarray(found >= diagnosis.rules.min_opportunities)


def service_plan(
    diagnosis: Diagnosis, engines: ServiceEngines, case: DiagnosedCase, trials: ServiceTrials, *, most: int = 3
) -> pd.DataFrame:
    """Plan several changes for the territory: each time the one that un-flags most further residents.

    The next is chosen by what each brought alone; what is told of the plan is computed anew with all its changes. What
    would change a line in two ways, or cannot be applied with those before it, is left out.

    Parameters
    ----------
    diagnosis : Diagnosis
    engines : ServiceEngines
    case : DiagnosedCase
    trials : ServiceTrials
        Of the same question.
    most : int
        Most changes planned.

    Returns
    -------
    DataFrame
        One row per number of changes: ``changes, remedy, detail, line, trip, minute, situations_lifted,
        residents_unflagged, residents_gained, residents_lost, residents_placed, profile, kind, schedule, threshold``;
        all but the names are cumulated over the rows above. ``residents_gained`` counts who reaches a further métier,
        each once, ``residents_lost`` who no longer reaches one;
        ``residents_placed`` no more per métier than free places at the sites that they reach.
    """
    weights, people = diagnosis.residents.weights, diagnosis.residents.population
    total = np.asarray(weights.sum(axis=1)).ravel()[:, None]
    flagged = _flagged(diagnosis, case) > 0
    enough = (diagnosis.rules.adequate_share - 1e-9) * total

    def lifted(reached: np.ndarray) -> np.ndarray:
        return (np.asarray(weights @ reached.astype(np.float64)) >= enough) & flagged

    def worth(reached: np.ndarray) -> tuple[float, float]:
        return float((total * lifted(reached)).sum()), float(people @ reached.sum(axis=1))

    left = list(trials.tried)
    rows: list[tuple[object, ...]] = []
    reached, edits, changed = case.points.reached, list[Edit](), list[tuple[str, str]]()
    while left and len(rows) < most:
        best = max(range(len(left)), key=lambda number: worth(reached | left[number].reached))
        if worth(reached | left[best].reached) <= worth(reached):
            break
        item = left.pop(best)
        others = [kind for line, kind in changed if line == item.line]
        if others and (item.remedy, *others) != (_TRIP,) * (1 + len(others)):
            continue
        try:
            trip = _times(diagnosis, engines, case, [*edits, *item.edits])
        except InputError:
            continue
        edits += item.edits
        changed.append((item.line, item.remedy))
        reached = _reached(diagnosis, case, trip)
        gained = reached & ~case.points.reached
        unflagged, placed = worth(reached)[0], _placed(diagnosis, case, trip, gained)
        gains = float(people[gained.any(axis=1)].sum())
        losses = float(people[(case.points.reached & ~reached).any(axis=1)].sum())
        counts = (int(lifted(reached).sum()), unflagged, gains, losses, placed)
        rows.append((len(rows) + 1, item.remedy, item.detail, item.line, item.trip, item.minute, *counts))
    columns = ["changes", "remedy", "detail", "line", "trip", "minute", "situations_lifted", "residents_unflagged"]
    asked = {"profile": case.profile.id, "kind": case.kind, "schedule": case.schedule, "threshold": case.threshold.id}
    return pd.DataFrame(rows, columns=[*columns, "residents_gained", "residents_lost", "residents_placed"]).assign(
        **asked
    )


def _placed(diagnosis: Diagnosis, case: DiagnosedCase, trip: RoundTrip, gained: np.ndarray) -> float:
    """Residents gained for whom there is a free place, métier by métier."""
    within = (trip.out_s <= case.threshold.limit_s) & (trip.back_s <= case.threshold.limit_s)
    offers, placed = case.offers, 0.0
    for metier in np.flatnonzero(gained.any(axis=0)).tolist():
        part = slice(offers.indptr[metier], offers.indptr[metier + 1])
        own = within[np.ix_(np.flatnonzero(gained[:, metier]), offers.site[part])].any(axis=0)
        free = float(offers.open_places[part][own].sum())
        placed += min(free, float(diagnosis.residents.population[gained[:, metier]].sum()))
    return placed


def with_lines(
    table: pd.DataFrame, diagnosis: Diagnosis, case: DiagnosedCase, changes: Sequence[TriedChange]
) -> pd.DataFrame:
    """Put line, trip, minute and losers beside a table of remedies, nothing beside what is no change of the service.

    Parameters
    ----------
    table : DataFrame
        ``remedy``, ``detail`` and other columns.
    diagnosis : Diagnosis
    case : DiagnosedCase
    changes : sequence of TriedChange

    Returns
    -------
    DataFrame
        With ``line, trip, minute`` after ``detail`` and ``residents_lost``: residents of the whole territory whom the
        change takes a métier that they reach today, each once.
    """
    people, today = diagnosis.residents.population, case.points.reached
    known = {
        (item.remedy, item.detail): (
            item.line,
            item.trip,
            item.minute,
            float(people[(today & ~item.reached).any(axis=1)].sum()),
        )
        for item in changes
    }
    rows = [known.get(pair, ("", "", "", 0.0)) for pair in zip(table["remedy"], table["detail"], strict=True)]
    beside = pd.DataFrame(rows, columns=["line", "trip", "minute", "residents_lost"], index=table.index)
    names = table.columns.tolist()
    first = [*names[: names.index("detail") + 1], "line", "trip", "minute"]
    wide = table.join(beside)
    return wide[[*first, *(name for name in wide.columns if name not in first)]]
