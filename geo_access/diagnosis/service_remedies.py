"""Changes of the service: the network computed anew with each, on every service day.

`geo_access.diagnosis.held_connections`, `geo_access.diagnosis.line_trips` and `geo_access.diagnosis.line_changes` say
which are worth trying for the worst zones of a question: a connection held, one trip more on a line, a denser headway,
a longer way. Each is applied to the network and the whole territory asked again. What is told of a change is what this
found, whom it gives a métier and whom it takes one. New trips go all the way; a new trip to a change is not tried.
Trips that must be booked and lines for pupils are left as they are.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from geo_access.clock import format_clock, plain_clock
from geo_access.diagnosis.again import Again, question_key
from geo_access.diagnosis.diagnose import DiagnosedCase, Diagnosis
from geo_access.diagnosis.held_connections import Changing, HeldChange, propose_held
from geo_access.diagnosis.line_changes import LineChange, Place, Reach, propose_extensions, propose_headways
from geo_access.diagnosis.line_trips import TripChange, Wanted, line_rides, propose_trips
from geo_access.diagnosis.model import UNMEASURED
from geo_access.diagnosis.search_bounds import SearchBound, ServiceLimits, cut
from geo_access.errors import InputError
from geo_access.network.model import Timetable
from geo_access.network.timetable.edits import Edit, RepeatTrip
from geo_access.network.timetable.held import CHANGE_MARGIN_S
from geo_access.network.timetable.scenario import apply_edits
from geo_access.routing.recent import bytes_of
from geo_access.routing.transfers import usable_footpaths
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
    "flagged_residents",
    "reached_with",
    "try_changes",
    "with_lines",
]

SERVICE = ("held_connection", "trip_on_a_line", "headway_on_a_line", "extended_line")
"""Kinds of changes of the service, ordered by what they ask of the operator."""

_HELD = SERVICE[0]
_MOST_ENGINES = 12
_MOST_ENGINES_BYTES = 512 << 20
_CLOCK_MINUTE = 5


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
    bounds : tuple of SearchBound
        Where the search stopped before its end.
    limits : ServiceLimits
    """

    tried: tuple[TriedChange, ...] = ()
    zones: int = 0
    zones_left: int = 0
    bounds: tuple[SearchBound, ...] = ()
    limits: ServiceLimits = field(default_factory=ServiceLimits)


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
        while len(self._kept) > 1 and (len(self._kept) > _MOST_ENGINES or self._bytes() > _MOST_ENGINES_BYTES):
            self._kept.popitem(last=False)
        return self._kept[key]

    def _bytes(self) -> int:
        """Count what the engines know, and the calls of their days."""
        return sum(
            times.known.store.n_bytes + (0 if times.network.timetable is None else bytes_of(times.network.timetable))
            for times in self._kept.values()
        )


def flagged_residents(diagnosis: Diagnosis, case: DiagnosedCase, reached: np.ndarray) -> np.ndarray:
    """Count the residents who do not reach, of each flagged zone × métier.

    Parameters
    ----------
    diagnosis : Diagnosis
    case : DiagnosedCase
    reached : ndarray of bool, shape (n_points, n_metiers)
        Who reaches enough places.

    Returns
    -------
    ndarray of float64, shape (n_zones, n_metiers)
        0 where there is no flag, or data are missing.
    """
    weights = diagnosis.residents.weights
    total = np.asarray(weights.sum(axis=1)).ravel()[:, None]
    arrive = np.asarray(weights @ reached.astype(np.float64))
    unknown = np.isin(case.points.reason, UNMEASURED) & ~reached
    open_to = arrive + np.asarray(weights @ unknown.astype(np.float64))
    flagged = (open_to < (diagnosis.rules.adequate_share - 1e-9) * total) & diagnosis.has_level(case)
    return np.where(flagged, total - arrive, 0.0)


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
    lack = flagged_residents(diagnosis, case, case.points.reached)
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
    bounds = cut("situations", len(zone), len(order), np.unique(order[chosen.zones :] % lack.shape[1]).tolist())
    wanted = _wanted(diagnosis, case, lacking, points)
    known = engines.times.known.connect(diagnosis.residents.xy[points], sites.xy, ask.streets)
    ends = cast("TransitConnection", known.connected())
    rides = line_rides(timetable, wanted, ends.there, ends.back)
    held = propose_held(
        timetable, wanted, (ends.there, ends.back), _changing(ask, timetable), limits=_held_of(ask, chosen)
    )
    trips = propose_trips(timetable, wanted, rides, limits=chosen)
    headways = propose_headways(timetable, wanted, rides, limits=chosen)
    where, not_all = _places(diagnosis, case, zone, chosen, wanted)
    reach = _reach(diagnosis, engines, case, points)
    extensions = propose_extensions(timetable, wanted, where, reach, limits=chosen)
    tried = [
        *(_held_tried(diagnosis, engines, case, change, timetable) for change in held.changes),
        *(_trip_tried(diagnosis, engines, case, change, timetable) for change in trips.changes),
        *(_line_tried(diagnosis, engines, case, change, timetable) for change in headways.changes + extensions.changes),
    ]
    done = tuple(item for item in tried if item is not None)
    bounds += held.bounds + trips.bounds + headways.bounds + not_all + extensions.bounds
    bounds += cut("applied", len(done), len(tried), wanted.metiers())
    return ServiceTrials(done, len(zone), len(order) - len(zone), bounds, chosen)


def _held_of(ask: Ask, limits: ServiceLimits) -> ServiceLimits:
    """Return the limits with the connections to try: none for those who change nowhere."""
    return limits if ask.travel.max_rides is None or ask.travel.max_rides > 1 else replace(limits, held=0)


def _changing(ask: Ask, timetable: Timetable) -> Changing:
    query = ask.travel
    pace = {name: getattr(query, name) for name in ("walk_kmh", "max_transfer_s", "min_transfer_s")}
    as_built = query.walk_kmh == timetable.walk_kmh and query.min_transfer_s == CHANGE_MARGIN_S
    return Changing(usable_footpaths(timetable, **pace), as_built)


def _held_tried(
    diagnosis: Diagnosis, engines: ServiceEngines, case: DiagnosedCase, change: HeldChange, timetable: Timetable
) -> TriedChange | None:
    """Compute connections held; None where the timetable does not let them be."""
    try:
        reached = reached_with(diagnosis, engines, case, change.edits)
    except InputError:
        return None
    lines, clocks, parts = [], [], []
    for item, edit in zip(change.held, change.edits, strict=True):
        line, feeder = (str(timetable.route_name[timetable.trip_route[trip]]) for trip in (item.trip, item.feeder))
        leaves, comes = timetable.event_departure_s[item.leaves], timetable.event_arrival_s[item.arrives]
        stop = timetable.stop_name[timetable.event_stop[item.leaves]]
        clocks.append(format_clock(leaves))
        lines.append(line)
        parts.append(f"{line}: {stop} {clocks[-1]} +{edit.minutes:g} min ← {feeder} {format_clock(comes)}")
    return TriedChange(
        _HELD,
        change.edits,
        "; ".join(dict.fromkeys(lines)),
        "; ".join(name for edit in change.edits for name in edit.trip_ids),
        "; ".join(clocks),
        "; ".join(parts),
        reached,
    )


def _asked(diagnosis: Diagnosis, case: DiagnosedCase) -> Ask:
    return diagnosis.asks[question_key(case)]


def _wanted(diagnosis: Diagnosis, case: DiagnosedCase, lacking: np.ndarray, points: np.ndarray) -> Wanted:
    trip = diagnosis.times[question_key(case)]
    today = diagnosis.beside(case).at(points).read(RoundTrip(trip.out_s[points], trip.back_s[points]))
    hours = site_hours(_asked(diagnosis, case), diagnosis.sites[case.kind])
    least = diagnosis.rules.min_opportunities
    return Wanted(lacking[points], today, case.offers, case.threshold.limit_s, least, *hours)


def _places(
    diagnosis: Diagnosis, case: DiagnosedCase, zones: np.ndarray, limits: ServiceLimits, wanted: Wanted
) -> tuple[list[Place], tuple[SearchBound, ...]]:
    """Where lines might be extended to: the worst zones, where most of their people live, and the métiers' sites."""
    if limits.extensions <= 0:
        return [], ()
    residents, sites, offers = diagnosis.residents, diagnosis.sites[case.kind], case.offers
    found, worst = [], list(dict.fromkeys(zones.tolist()))
    for zone in worst[: limits.homes]:
        own = residents.weights[zone]
        home = own.indices[int(np.argmax(own.data))]
        found.append(Place(str(residents.zone_names[zone]), residents.xy[home]))
    places = np.bincount(offers.site, weights=offers.all_places, minlength=len(sites))
    useful = [site for site in np.argsort(-places, kind="stable").tolist() if places[site] > 0]
    largest, homes = useful[: limits.sites], len(found)
    bounds = cut("zones_to_extend_to", homes, len(worst), wanted.metiers())
    bounds += cut("sites_to_extend_to", len(largest), len(useful), wanted.metiers())
    return found + [Place(str(sites.names[site]), sites.xy[site], site) for site in largest], bounds


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
        reached_with(diagnosis, engines, case, edits),
    )


def _line_tried(
    diagnosis: Diagnosis, engines: ServiceEngines, case: DiagnosedCase, change: LineChange, timetable: Timetable
) -> TriedChange | None:
    """Compute a headway or an extension; None where the streets or the timetable do not let it be."""
    try:
        reached = reached_with(diagnosis, engines, case, change.edits)
    except InputError:
        return None
    line = str(timetable.route_name[change.route])
    return TriedChange(change.remedy, change.edits, line, "", "", f"{line}: {change.detail}", reached)


def reached_with(
    diagnosis: Diagnosis, engines: ServiceEngines, case: DiagnosedCase, edits: Sequence[Edit]
) -> np.ndarray:
    """Tell who reaches enough places with some changes: ndarray of bool, shape (n_points, n_metiers).

    Parameters
    ----------
    diagnosis : Diagnosis
    engines : ServiceEngines
    case : DiagnosedCase
    edits : sequence of Edit

    Raises
    ------
    InputError
        When an edit cannot be applied.
    """
    again = Again(diagnosis, case)
    return again.reached(engines.on(edits), again.ask)


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
