"""One more trip on an existing line: the network computed anew with it on every service day, and a plan of several.

`geo_access.diagnosis.line_trips` says which trips are worth trying for the worst zones of a question; each is applied
to the network and the whole territory asked again. What is told of a trip is what this found. Vehicles that go all the
way are tried; a new trip to a change is not. Trips that must be booked and lines for pupils are not repeated.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from geo_access.clock import format_clock
from geo_access.diagnosis.diagnose import OWN_HOURS, DiagnosedCase, Diagnosis
from geo_access.diagnosis.kernels import places_within
from geo_access.diagnosis.line_trips import TripChange, Wanted, propose_trips
from geo_access.diagnosis.model import UNMEASURED
from geo_access.network.model import Timetable
from geo_access.network.timetable.edits import RepeatTrip
from geo_access.network.timetable.scenario import apply_edits
from geo_access.times.round_trip import NetworkTimes, RoundTrip, connect_points, round_trip, site_hours
from geo_access.words.told import refusal

if TYPE_CHECKING:
    from geo_access.times.ways import TransitConnection

__all__ = ["TriedTrip", "TripEngines", "TripLimits", "TripTrials", "trip_plan", "try_trips"]

_MOST_ENGINES = 12
_CLOCK_MINUTE = 5


@dataclass(frozen=True)
class TripLimits:
    """How many trips are tried for one question.

    Attributes
    ----------
    zones : int
        Zones × métiers with most residents who do not get there.
    trips : int
        Changes computed anew.
    """

    zones: int = 60
    trips: int = 4


@dataclass(frozen=True, eq=False)
class TriedTrip:
    """A change that was computed: one trip more on a line, or one each way.

    Attributes
    ----------
    edits : tuple of RepeatTrip
    line, trip, minute : str
        Line as printed, trip that is run once more, its first departure; "…; …" where there are two.
    detail : str
        In a few words: "L8: 04:25 → Zone industrielle".
    reached : ndarray of bool, shape (n_points, n_metiers)
        Who reaches enough places with it, computed anew for the whole territory.
    """

    edits: tuple[RepeatTrip, ...]
    line: str
    trip: str
    minute: str
    detail: str
    reached: np.ndarray


@dataclass(frozen=True, eq=False)
class TripTrials:
    """The trips tried for one question.

    Attributes
    ----------
    tried : tuple of TriedTrip
    zones : int
        Zones × métiers for which trips were sought.
    zones_left : int
        Flagged ones for which none was, for the limit.
    """

    tried: tuple[TriedTrip, ...] = ()
    zones: int = 0
    zones_left: int = 0


class TripEngines:
    """Engines on the network with changes: those used last are kept for the next question.

    Parameters
    ----------
    times : NetworkTimes
        Of the network as it is; what is known of its streets is shared.
    """

    def __init__(self, times: NetworkTimes) -> None:
        self.times = times
        self._kept: OrderedDict[frozenset[RepeatTrip], NetworkTimes] = OrderedDict()

    def on(self, edits: Sequence[RepeatTrip]) -> NetworkTimes:
        """Return the engine on the network with these trips."""
        once = tuple(dict.fromkeys(edits))
        key = frozenset(once)
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


def try_trips(
    diagnosis: Diagnosis, engines: TripEngines, case: DiagnosedCase, *, limits: TripLimits | None = None
) -> TripTrials:
    """Try trips on existing lines for the worst zones of a question, each computed anew for the whole territory.

    Parameters
    ----------
    diagnosis : Diagnosis
    engines : TripEngines
        On the network of the diagnosis.
    case : DiagnosedCase
    limits : TripLimits, optional

    Returns
    -------
    TripTrials
        Nothing tried for a public that boards no vehicle.

    Raises
    ------
    InputError
        When the public rides and the network has no timetable.
    """
    chosen = TripLimits() if limits is None else limits
    key = (case.profile.id, case.kind, case.schedule if case.kind == "training" else OWN_HOURS)
    ask, trip, sites = diagnosis.asks[key], diagnosis.times[key], diagnosis.sites[case.kind]
    if not ask.uses_transit or not len(sites):
        return TripTrials()
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
        return TripTrials()
    arrive_s, leave_s = site_hours(ask, sites)
    today = RoundTrip(trip.out_s[points], trip.back_s[points])
    wanted = Wanted(
        lacking[points],
        today,
        case.offers,
        case.threshold.limit_s,
        diagnosis.rules.min_opportunities,
        arrive_s,
        leave_s,
    )
    known = engines.times.known.connect(diagnosis.residents.xy[points], sites.xy, ask.streets)
    ends = cast("TransitConnection", known.connected())
    proposed = propose_trips(timetable, wanted, ends.there, ends.back, most=chosen.trips)
    tried = tuple(_tried(diagnosis, engines, case, change, timetable) for change in proposed)
    return TripTrials(tried, len(zone), len(order) - len(zone))


def _tried(
    diagnosis: Diagnosis, engines: TripEngines, case: DiagnosedCase, change: TripChange, timetable: Timetable
) -> TriedTrip:
    edits, parts = [], []
    for item in change.trips:
        edits.append(RepeatTrip(str(timetable.trip_id[item.trip]), _clock(item.start_s)))
        line = str(timetable.route_name[timetable.trip_route[item.trip]])
        headsign = str(timetable.trip_headsign[item.trip])
        towards = f" → {headsign}" if headsign else ""
        parts.append((line, edits[-1].trip_id, _minute(item.start_s), towards))
    return TriedTrip(
        tuple(edits),
        "; ".join(dict.fromkeys(line for line, _, _, _ in parts)),
        "; ".join(name for _, name, _, _ in parts),
        "; ".join(minute for _, _, minute, _ in parts),
        "; ".join(f"{line}: {minute}{towards}" for line, _, minute, towards in parts),
        _reached(diagnosis, case, _times(diagnosis, engines, case, edits)),
    )


def _times(diagnosis: Diagnosis, engines: TripEngines, case: DiagnosedCase, edits: Sequence[RepeatTrip]) -> RoundTrip:
    """Compute the times of a question with some trips more."""
    key = (case.profile.id, case.kind, case.schedule if case.kind == "training" else OWN_HOURS)
    ask, sites, xy = replace(diagnosis.asks[key], spread_s=0), diagnosis.sites[case.kind], diagnosis.residents.xy
    return round_trip(connect_points(engines.on(edits), xy, sites, ask), np.arange(len(xy)), sites, ask)


def _reached(diagnosis: Diagnosis, case: DiagnosedCase, trip: RoundTrip) -> np.ndarray:
    offered = (case.offers.indptr, case.offers.site, case.offers.all_places)
    found = places_within(trip.out_s, trip.back_s, case.threshold.limit_s, False, *offered)
    return np.asarray(found >= diagnosis.rules.min_opportunities)


def _minute(seconds: int) -> str:
    return format_clock(seconds)[:_CLOCK_MINUTE]


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


def trip_plan(
    diagnosis: Diagnosis, engines: TripEngines, case: DiagnosedCase, trials: TripTrials, *, most: int = 3
) -> pd.DataFrame:
    """Plan several trips for the territory: each time the one that un-flags most further residents.

    The next trip is chosen by what each brought alone; what is told of the plan is computed anew with all its trips.

    Parameters
    ----------
    diagnosis : Diagnosis
    engines : TripEngines
    case : DiagnosedCase
    trials : TripTrials
        Of the same question.
    most : int
        Most trips planned.

    Returns
    -------
    DataFrame
        One row per number of changes: ``changes, line, trip, minute, situations_lifted, residents_unflagged,
        residents_gained, residents_placed, profile, kind, schedule, threshold``; all but the names are cumulated over
        the rows above. ``residents_gained`` counts who reaches a further métier, each once; ``residents_placed`` no
        more per métier than free places at the sites that they reach.
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
    reached, edits = case.points.reached, list[RepeatTrip]()
    while left and len(rows) < most:
        best = max(range(len(left)), key=lambda number: worth(reached | left[number].reached))
        if worth(reached | left[best].reached) <= worth(reached):
            break
        item = left.pop(best)
        edits += item.edits
        trip = _times(diagnosis, engines, case, edits)
        reached = _reached(diagnosis, case, trip)
        gained = reached & ~case.points.reached
        unflagged, placed = worth(reached)[0], _placed(diagnosis, case, trip, gained)
        gains = float(people[gained.any(axis=1)].sum())
        counts = (int(lifted(reached).sum()), unflagged, gains, placed)
        rows.append((len(rows) + 1, item.line, item.trip, item.minute, *counts))
    columns = ["changes", "line", "trip", "minute", "situations_lifted", "residents_unflagged", "residents_gained"]
    asked = {"profile": case.profile.id, "kind": case.kind, "schedule": case.schedule, "threshold": case.threshold.id}
    return pd.DataFrame(rows, columns=[*columns, "residents_placed"]).assign(**asked)


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
