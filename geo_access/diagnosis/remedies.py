"""What would lift a flag: single changes, each tried by computing again, ordered by what they ask of others.

No change is proposed that was not recomputed; "lifts" means that it did. The order says whom a change asks, and is
printed: nobody but the resident (a bicycle to the stop, a service to book), a neighbour (a shared car), the centre or
the employer (other hours), the operator (a connection held, one trip on a line, a denser headway, a longer way), the
provider of training (a session where the métier's family is taught, then where its level is), the household (a weekly
stay). Of the operator, a change that takes nobody a métier comes before one that does. A longer threshold is no
remedy: it is told apart, as a sensitivity.

The same for one zone (`find_remedies`) and for a whole territory at once (`smallest_remedies`), there with the changes
of the service that `geo_access.diagnosis.service_remedies` tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from geo_access.diagnosis.again import Again, question_key
from geo_access.diagnosis.diagnose import DiagnosedCase, Diagnosis
from geo_access.diagnosis.distance import Beside
from geo_access.diagnosis.kernels import places_within
from geo_access.diagnosis.model import UNMEASURED, Level
from geo_access.diagnosis.service_remedies import SERVICE, TriedChange, with_lines
from geo_access.diagnosis.supply import Offers
from geo_access.measures.equity import weighted_quantile
from geo_access.measures.measures import time_to_opportunities
from geo_access.times.round_trip import (
    Ask,
    NetworkTimes,
    RoundTrip,
    Sites,
    TimesSource,
    connect_points,
    round_trip,
)
from geo_access.words.told import refusal

__all__ = ["REMEDIES", "RemedyLimits", "equipped_sites", "find_remedies", "moved_hours", "smallest_remedies"]

REMEDIES = (
    "bike_to_the_stop",
    "booked_transport",
    "covoiturage",
    "hours_moved",
    *SERVICE,
    "session_at_existing_site",
    "weekly_stay",
    "longer_threshold",
)
_SENSITIVITY = "longer_threshold"


@dataclass(frozen=True)
class RemedyLimits:
    """How far each remedy may go.

    Attributes
    ----------
    longest_min : float
        Longest threshold told as a sensitivity [min].
    covoiturage_km : float
        Longest shared trip: 80 km, the limit of the national covoiturage bonus.
    detour : float
        Road distance over the straight line, for that limit.
    weekly_min : float
        Longest trip once a week, each way [min].
    moves_min : tuple of int
        By how much hours are moved, the first that lifts is told [min]; later where positive.
    """

    longest_min: float = 120.0
    covoiturage_km: float = 80.0
    detour: float = 1.3
    weekly_min: float = 240.0
    moves_min: tuple[int, ...] = (-15, 15, -30, 30, -60, 60)


@dataclass(frozen=True, eq=False)
class _Zone:
    """The flagged zone: its points, its métier, and what was asked for it."""

    case: DiagnosedCase
    metier: int
    points: np.ndarray
    people: np.ndarray
    xy: np.ndarray
    sites: Sites
    offers: Offers
    ask: Ask
    trip: RoundTrip
    n: int

    @property
    def beside(self) -> Beside:
        return Beside(self.case.threshold, self.xy, self.sites.xy)

    @property
    def limit_s(self) -> float:
        return self.case.threshold.limit_s

    def share(self, trip: RoundTrip, *, limit_s: float | None = None) -> float:
        """Share of the residents who reach n places with these times."""
        limit = self.limit_s if limit_s is None else limit_s
        offered = (self.offers.indptr, self.offers.site, self.offers.all_places)
        read = self.beside.read(trip)
        reached = places_within(read.out_s, read.back_s, limit, False, *offered)[:, self.metier] >= self.n
        return self.share_of(reached)

    def share_of(self, reached: np.ndarray) -> float:
        return float(self.people[reached].sum() / self.people.sum())

    def times(self, source: TimesSource, ask: Ask) -> RoundTrip:
        """Compute the zone's times anew."""
        connection = connect_points(source, self.xy, self.sites, ask)
        return round_trip(connection, np.arange(len(self.points)), self.sites, ask)

    def own_offers(self) -> tuple[np.ndarray, np.ndarray]:
        """Sites and free places of the métier."""
        part = slice(self.offers.indptr[self.metier], self.offers.indptr[self.metier + 1])
        return self.offers.site[part], self.offers.all_places[part]


def _find_zone(diagnosis: Diagnosis, case: DiagnosedCase, zone_id: str, metier: str) -> _Zone:
    """Pick the points of a zone, or say that it has none."""
    codes = [m.code for m in case.offers.metiers]
    rows = np.flatnonzero(diagnosis.residents.zone_ids == str(zone_id))
    if metier not in codes or not len(rows):
        raise refusal("diagnosis.not_in_it", zone=zone_id, metier=metier)
    weights = diagnosis.residents.weights[rows[0]]
    points, people = weights.indices[weights.data > 0], weights.data[weights.data > 0]
    if not len(points):
        raise refusal("diagnosis.no_residents", zone=zone_id)
    key = question_key(case)
    trip = diagnosis.times[key]
    return _Zone(
        case,
        codes.index(metier),
        points,
        people,
        diagnosis.residents.xy[points],
        diagnosis.sites[case.kind],
        case.offers,
        diagnosis.asks[key],
        diagnosis.beside(case).at(points).read(RoundTrip(trip.out_s[points], trip.back_s[points])),
        diagnosis.rules.min_opportunities,
    )


def _longer_threshold(zone: _Zone, target: float, limits: RemedyLimits) -> tuple[str, str, float] | None:
    """Find the least threshold that would do, from the times already known."""
    site, places = zone.own_offers()
    slower = np.maximum(zone.trip.out_s[:, site], zone.trip.back_s[:, site]).astype(np.float64)
    needed_s = time_to_opportunities(slower, places, n=zone.n)
    limit_s = weighted_quantile(np.where(np.isnan(needed_s), 1e12, needed_s), target, zone.people)
    if limit_s > min(limits.longest_min * 60, zone.ask.max_s):
        return None
    minutes = int(np.ceil(limit_s / 60))
    extra = minutes - zone.limit_s / 60
    return _SENSITIVITY, f"{minutes} min (+{extra:g})", zone.share(zone.trip, limit_s=minutes * 60.0)


def equipped_sites(offers: Offers, metier: int, n_sites: int) -> list[np.ndarray]:
    """Find where a session of a métier could be held, the nearest kind of site first.

    Parameters
    ----------
    offers : Offers
    metier : int
        Row of the métier.
    n_sites : int

    Returns
    -------
    list of ndarray of bool, shape (n_sites,)
        Sites that teach a métier of the same family, then those that teach at a level of the métier.
    """
    own = offers.metiers[metier]
    same, level = np.zeros(n_sites, dtype=bool), np.zeros(n_sites, dtype=bool)
    for number, other in enumerate(offers.metiers):
        taught = offers.site[offers.indptr[number] : offers.indptr[number + 1]]
        if number == metier or (own.family and other.family == own.family):
            same[taught] = True
        elif other.min_level <= own.max_level and own.min_level <= other.max_level:
            level[taught] = True
    return [same, level & ~same]


def _session(zone: _Zone, target: float) -> tuple[str, str, float] | None:
    """Place a session of the métier, large enough, at the equipped site that serves the most residents."""
    site, places = zone.own_offers()
    within = (zone.trip.out_s <= zone.limit_s) & (zone.trip.back_s <= zone.limit_s)
    already = within[:, site] @ places >= zone.n
    share = zone.people @ (within | already[:, None]) / zone.people.sum()
    best = -1
    for equipped in equipped_sites(zone.offers, zone.metier, len(zone.sites)):
        if equipped.any():
            first = int(np.argmax(np.where(equipped, share, -1.0)))
            best = first if best < 0 or share[best] < target - 1e-9 < share[first] else best
    if best < 0:
        return None
    return "session_at_existing_site", f"{zone.sites.ids[best]} ({zone.sites.names[best]})", float(share[best])


def may_book(ask: Ask, times: TimesSource) -> bool:
    """Whether there is a service to book that this public does not book yet."""
    if not ask.uses_transit or ask.travel.on_demand:
        return False
    timetable = times.network.timetable if isinstance(times, NetworkTimes) else None
    return timetable is not None and (bool(timetable.trip_on_demand.any()) or timetable.flex is not None)


def moved_hours(ask: Ask, minutes: float) -> Ask:
    """Return the same trip with the start and the end moved alike, later where positive [min]."""
    seconds = round(minutes * 60)
    if ask.arrive_s is not None and ask.leave_s is not None:
        return replace(ask, arrive_s=ask.arrive_s + seconds, leave_s=ask.leave_s + seconds)
    return replace(ask, slack_before_s=ask.slack_before_s - seconds, slack_after_s=ask.slack_after_s + seconds)


def _recomputed(zone: _Zone, times: TimesSource, limits: RemedyLimits, target: float) -> list[tuple[str, str, float]]:
    """Try what needs other times: bike, covoiturage, other hours, weekly stay."""
    found = []
    ask = replace(zone.ask, spread_s=0)
    if ask.mode == "transit":
        trip = zone.times(times, ask.travelling(mode="bike+transit"))
        found.append(("bike_to_the_stop", "bike+transit", zone.share(trip)))
    if may_book(ask, times):
        trip = zone.times(times, ask.travelling(on_demand=True))
        found.append(("booked_transport", "", zone.share(trip)))
    if ask.mode != "car":
        trip = zone.times(times, ask.travelling(mode="car", max_rides=None))
        gap_m = np.hypot(*(zone.xy[:, None, k] - zone.sites.xy[None, :, k] for k in (0, 1)))
        near = gap_m * limits.detour <= limits.covoiturage_km * 1000
        shared = RoundTrip(np.where(near, trip.out_s, np.nan), np.where(near, trip.back_s, np.nan))
        found.append(("covoiturage", f"≤ {limits.covoiturage_km:g} km", zone.share(shared)))
    if ask.uses_transit:
        shares = [(minutes, zone.share(zone.times(times, moved_hours(ask, minutes)))) for minutes in limits.moves_min]
        best = next((item for item in shares if item[1] >= target - 1e-9), max(shares, key=lambda item: item[1]))
        found.append(("hours_moved", f"{best[0]:+d} min", best[1]))
    if zone.case.kind == "training":
        weekly_s = limits.weekly_min * 60
        trip = zone.times(times, ask.travelling(max_s=int(max(weekly_s, ask.max_s))))
        found.append(("weekly_stay", f"≤ {limits.weekly_min:g} min", zone.share(trip, limit_s=weekly_s)))
    return found


def find_remedies(
    diagnosis: Diagnosis,
    times: TimesSource,
    case: DiagnosedCase,
    *,
    zone_id: str,
    metier: str,
    limits: RemedyLimits | None = None,
    changes: Sequence[TriedChange] = (),
) -> pd.DataFrame:
    """Try single changes for a flagged zone and métier, and say which would lift it.

    Parameters
    ----------
    diagnosis : Diagnosis
    times : TimesSource
        The engine on the same network: ``NetworkTimes(network)``.
    case : DiagnosedCase
        What was asked: `Diagnosis.case` finds it.
    zone_id, metier : str
    limits : RemedyLimits, optional
    changes : sequence of TriedChange
        Changes of the service that were computed for the same question: `geo_access.diagnosis.service_remedies`.

    Returns
    -------
    DataFrame
        One row per change tried, those that lift the zone to adéquat first, then by what they ask of others; a longer
        threshold stands last and never lifts: ``remedy,
        detail, share_before, share_after, residents_gained, level_after, lifts``.

    Raises
    ------
    InputError
        When the zone or the métier was not diagnosed, or nobody lives there.
    """
    chosen = RemedyLimits() if limits is None else limits
    zone = _find_zone(diagnosis, case, zone_id, metier)
    rules = diagnosis.rules
    before = zone.share(zone.trip)
    tried = [
        _longer_threshold(zone, rules.adequate_share, chosen),
        *_recomputed(zone, times, chosen, rules.adequate_share),
    ]
    if case.kind == "training":
        tried.append(_session(zone, rules.adequate_share))
    tried += [(item.remedy, item.detail, zone.share_of(item.reached[zone.points, zone.metier])) for item in changes]
    rows = []
    for item in tried:
        if item is None:
            continue
        name, detail, after = item
        level = Level.INADEQUAT
        if after >= rules.fragile_share - 1e-9:
            level = Level.FRAGILE
        if after >= rules.adequate_share - 1e-9:
            level = Level.ADEQUAT
        rows.append((name, detail, before, after, max(after - before, 0.0) * float(zone.people.sum()), level.value))
    table = pd.DataFrame(
        rows, columns=["remedy", "detail", "share_before", "share_after", "residents_gained", "level_after"]
    )
    enough = (table["level_after"] == Level.ADEQUAT.value) & (before < rules.adequate_share - 1e-9)
    table["lifts"] = enough & (table["remedy"] != _SENSITIVITY)
    size = table["remedy"].map(REMEDIES.index)
    order = pd.DataFrame({"no": ~table["lifts"], "size": size, "gain": -table["share_after"]})
    ranked = table.loc[order.sort_values(["no", "size", "gain"], kind="stable").index].reset_index(drop=True)
    asked = {"profile": case.profile.id, "kind": case.kind, "schedule": case.schedule}
    return ranked.assign(zone_id=str(zone_id), metier=metier, **asked)


_COLUMNS = ("zone_id", "zone_name", "metier", "remedy", "detail", "share_before", "share_after", "residents_gained")
# Kinds of which many are tried: one that serves more residents replaces one before it.
_MANY = (*SERVICE, "session_at_existing_site")


def _takes(case: DiagnosedCase, reached: np.ndarray) -> bool:
    """Whether somebody reaches a métier today and no longer with a change: it asks that of them, too."""
    return bool((case.points.reached & ~reached).any())


def _sessions(again: Again) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each site, and who reaches the métiers that it is equipped for once a session is held there."""
    case, (reached, within) = again.case, _today(again)
    n_sites = within.shape[1]
    kinds = [equipped_sites(case.offers, metier, n_sites) for metier in range(len(case.offers.metiers))]
    for rank in range(2):
        equipped = np.array([of_metier[rank] for of_metier in kinds]).reshape(len(kinds), n_sites)
        for site in np.flatnonzero(equipped.any(axis=0)).tolist():
            yield site, reached | (within[:, site, None] & equipped[None, :, site])


def _today(again: Again) -> tuple[np.ndarray, np.ndarray]:
    """Tell who reaches enough places of each métier, and which pairs are within the threshold both ways."""
    case, limit_s = again.case, again.case.threshold.limit_s
    trip = again.diagnosis.times[question_key(case)]
    offered = (case.offers.indptr, case.offers.site, case.offers.all_places)
    reached = np.empty(case.points.reached.shape, dtype=bool)
    within = np.empty(trip.out_s.shape, dtype=bool)
    for rows, part in again.diagnosis.beside(case).parts(trip):
        within[rows] = (part.out_s <= limit_s) & (part.back_s <= limit_s)
        places = places_within(part.out_s, part.back_s, limit_s, False, *offered)
        reached[rows] = places >= again.diagnosis.rules.min_opportunities
    return reached, within


def _changes(
    again: Again,
    times: TimesSource,
    limits: RemedyLimits,
    changes: Sequence[TriedChange],
    left: Callable[[], np.ndarray],
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield each change, ordered by what it asks of others, and who reaches the métier with it.

    What is computed anew is computed for the points `left` at that moment; today's answer is told of the others.
    """
    diagnosis, case, plain, sites = again.diagnosis, again.case, again.ask, again.sites
    xy = diagnosis.residents.xy
    if plain.mode == "transit":
        biked = plain.travelling(mode="bike+transit")
        yield "bike_to_the_stop", "bike+transit", again.reached(times, biked, points=left())
    if may_book(plain, times):
        booked = plain.travelling(on_demand=True)
        yield "booked_transport", "", again.reached(times, booked, points=left())
    if plain.mode != "car":

        def shared(points: np.ndarray) -> np.ndarray:
            away_m = np.hypot(*(xy[points][:, None, k] - sites.xy[None, :, k] for k in (0, 1))) * limits.detour
            return np.asarray(away_m <= limits.covoiturage_km * 1000) | diagnosis.beside(case).at(points).near()

        driven = plain.travelling(mode="car", max_rides=None)
        reached = again.reached(times, driven, points=left(), allowed=shared)
        yield "covoiturage", f"≤ {limits.covoiturage_km:g} km", reached
    if plain.uses_transit:
        moves = limits.moves_min
        asks, moves_s = [moved_hours(plain, minutes) for minutes in moves], [60 * minutes for minutes in moves]
        for minutes, reached in zip(moves, again.moved(times, asks, moves_s, points=left()), strict=True):
            yield "hours_moved", f"{minutes:+d} min", reached
    for tried in sorted(changes, key=lambda item: (_takes(case, item.reached), SERVICE.index(item.remedy))):
        yield tried.remedy, tried.detail, tried.reached
    if case.kind == "training":
        for site, reached in _sessions(again):
            yield "session_at_existing_site", f"{sites.ids[site]} ({sites.names[site]})", reached
        weekly_s = limits.weekly_min * 60
        weekly = plain.travelling(max_s=int(max(weekly_s, plain.max_s)))
        reached = again.reached(times, weekly, points=left(), limit_s=weekly_s)
        yield "weekly_stay", f"≤ {limits.weekly_min:g} min", reached


def smallest_remedies(
    diagnosis: Diagnosis,
    times: TimesSource,
    case: DiagnosedCase,
    *,
    limits: RemedyLimits | None = None,
    changes: Sequence[TriedChange] = (),
) -> pd.DataFrame:
    """Find, for every zone and métier that is flagged, the single change that lifts it and asks least of others.

    Parameters
    ----------
    diagnosis : Diagnosis
    times : TimesSource
        The engine on the same network: ``NetworkTimes(network)``.
    case : DiagnosedCase
        What was asked: `Diagnosis.case` finds it.
    limits : RemedyLimits, optional
    changes : sequence of TriedChange
        Changes of the service that were computed for the same question, of each kind those that should gain most first.

    Returns
    -------
    DataFrame
        One row per flagged zone × métier with ``smallest``: ``zone_id, zone_name, metier, remedy, detail, line, trip,
        minute, share_before, share_after, residents_gained, residents_lost, lifts, smallest`` (`with_lines` says who is
        lost). Where nothing lifts it ``remedy`` and ``detail`` are empty and the shares equal; among several of a kind,
        the one with which most residents get there is named. A second row, not ``smallest``, tells the change of the
        service that gains most there, whether it lifts or not, where something smaller lifts or nothing does.
    """
    rules, weights = diagnosis.rules, diagnosis.residents.weights
    total = np.asarray(weights.sum(axis=1)).ravel()[:, None]

    def share(reached: np.ndarray) -> np.ndarray:
        return np.asarray(weights @ reached.astype(np.float64)) / np.where(total > 0, total, 1.0)

    before = share(case.points.reached)
    # What the data do not tell is no flag, and nothing lifts it.
    unknown = share(np.isin(case.points.reason, UNMEASURED) & ~case.points.reached)
    flagged = before + unknown < rules.adequate_share - 1e-9
    left = flagged & diagnosis.has_level(case)
    remedy = np.full(before.shape, "", dtype=object)
    detail = np.full(before.shape, "", dtype=object)
    after, loses = before.copy(), np.zeros(before.shape, dtype=bool)
    by_service, service, words_of = before.copy(), np.full_like(remedy, ""), np.full_like(remedy, "")

    def unlifted() -> np.ndarray:
        """Rows of the points of zones that nothing tried so far has lifted for some métier."""
        zones = np.flatnonzero((left & (remedy == "")).any(axis=1))
        return np.unique(weights[zones].indices).astype(np.int64)

    again = Again(diagnosis, case)
    for name, words, reached in _changes(again, times, limits or RemedyLimits(), changes, unlifted):
        found = share(reached)
        lifts, taking = left & (remedy == "") & (found >= rules.adequate_share - 1e-9), _takes(case, reached)
        if name in _MANY:
            lifts |= (remedy == name) & (found > after + 1e-12) & (loses | ~np.bool_(taking))
        remedy[lifts], detail[lifts], after[lifts], loses[lifts] = name, words, found[lifts], taking
        if name in SERVICE:
            more = left & (found > by_service + 1e-12)
            by_service[more], service[more], words_of[more] = found[more], name, words
    also = left & (service != "") & ~np.isin(remedy, SERVICE)
    parts = [
        _rows(diagnosis, case, left, (remedy, detail, before, after)).assign(smallest=True),
        _rows(diagnosis, case, also, (service, words_of, before, by_service)).assign(smallest=False),
    ]
    table = pd.concat(parts, ignore_index=True) if len(parts[1]) else parts[0]
    codes = [m.code for m in case.offers.metiers]
    place = table["zone_id"].map({zone: row for row, zone in enumerate(diagnosis.residents.zone_ids.tolist())})
    order = pd.DataFrame({"zone": place, "metier": table["metier"].map(codes.index), "later": ~table["smallest"]})
    table = table.loc[order.sort_values(["zone", "metier", "later"], kind="stable").index].reset_index(drop=True)
    lifted = (table["remedy"] != "") & (table["share_after"] >= rules.adequate_share - 1e-9)
    asked = {
        "profile": case.profile.id,
        "kind": case.kind,
        "schedule": case.schedule,
        "threshold": case.threshold.id,
    }
    return with_lines(table, diagnosis, case, changes).assign(lifts=lifted, **asked)


def _rows(diagnosis: Diagnosis, case: DiagnosedCase, chosen: np.ndarray, found: tuple[np.ndarray, ...]) -> pd.DataFrame:
    """Rows of some zones × métiers: `found` is remedy, detail, share before, share after of all of them."""
    zone, metier = np.nonzero(chosen)
    remedy, detail, before, after = (values[zone, metier] for values in found)
    residents = diagnosis.residents
    total = np.asarray(residents.weights.sum(axis=1)).ravel()
    codes = np.array([m.code for m in case.offers.metiers], dtype=object)
    columns = (
        residents.zone_ids[zone],
        residents.zone_names[zone],
        codes[metier],
        remedy,
        detail,
        before,
        after,
        (after - before) * total[zone],
    )
    return pd.DataFrame(dict(zip(_COLUMNS, columns)))
