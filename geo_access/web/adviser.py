"""The adviser's door: one person, all that can be reached and how, and what stands in the way. Nothing is kept.

Positions and addresses live in the arguments of these functions and nowhere else: no log line, no cache, no answer
repeats them, and the answer's trips begin at the door without saying where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from geo_access.clock import format_clock, parse_clock
from geo_access.diagnosis.diagnose import tasks_of
from geo_access.diagnosis.evidence import Task, TimesSources, gather_evidence
from geo_access.diagnosis.lifts import Counterfactual, counterfactual_asks, profile_ask
from geo_access.diagnosis.model import Asked, FlagReason, Profile, Threshold
from geo_access.diagnosis.points import PointFlags, flag_points
from geo_access.diagnosis.remedies import RemedyLimits
from geo_access.diagnosis.residents import Residents
from geo_access.diagnosis.supply import Offers
from geo_access.errors import InputError, SnapError
from geo_access.study.inputs import find_origin
from geo_access.study.prepared import PreparedStudy
from geo_access.study.step_free import trips_vouched_for
from geo_access.times.round_trip import Ask, RoundTrip, Sites
from geo_access.web.costs import costs_of, worth_a_look
from geo_access.web.errand import Errand, errand_times, told_errand
from geo_access.web.planner import place_of, site_position
from geo_access.web.questions import AdviserQuestion, AdviserTripQuestion
from geo_access.web.trips import Door, car_round_km, told_ways

__all__ = ["adviser_answer", "adviser_trip"]

# Of one métier, the nearest first.
_MOST_ROWS = 60
# Told with the answer; any other is told when it is asked for.
_TRIPS_TOLD = 2
_SEARCH_S = 4 * 3600
_DRIVEN = ("car", "park_and_ride")
# What is not proposed to who asked for trips without a step.
_NOT_ON_WHEELS = ("bike",)
# How far a shared trip goes: as the remedies of a study.
_SHARED = RemedyLimits()


@dataclass(frozen=True, eq=False)
class _Judged:
    """One person as one public, at the hours of one schedule: times to all sites, and what they mean."""

    profile: Profile
    kind: str
    schedule: str
    ask: Ask
    sites: Sites
    offers: Offers
    trip: RoundTrip
    points: PointFlags
    lifted: tuple[str, ...]
    away_km: np.ndarray


@dataclass(frozen=True, eq=False)
class _Places:
    """Where one starts, float64 (1, 2) [m], and where one stops on the way."""

    home_xy: np.ndarray
    errand: Errand | None


def adviser_answer(
    prepared: PreparedStudy, question: AdviserQuestion, *, online: bool = False, addresses: Sequence[Any] = ()
) -> dict[str, Any]:
    """All training places and openings within reach of one person, with the trips, and the first obstacle else.

    Parameters
    ----------
    prepared : PreparedStudy
    question : AdviserQuestion
    online : bool
        Whether an address may be sent to the national service.
    addresses : sequence of pathlib.Path
        Files of the national address base.

    Returns
    -------
    dict
        ``rows`` sorted by the longer of the two ways, those by car only with a licence and a car, or ``shared`` with a
        driver still to be found, the first of them with their trips (`adviser_trip` tells any other); ``found``,
        ``without_licence`` and ``with_licence`` (offers reached without one, and those that only one brings),
        ``obstacles`` by métier, public and kind, ``aids``.

    Raises
    ------
    InputError
        For an address that is not found, a place outside the territory or off the streets; for trips without a step
        where the study's streets or timetables do not tell.
    """
    whole, prepared = prepared, _as_travelled(prepared, question)
    places = _places(prepared, question, online=online, addresses=addresses)
    metiers = [item for item in prepared.metiers if item.code in question.metiers]
    if not metiers:
        raise InputError("no métier of the study is named → choose one", key="web.no_metier")
    judged = _judged(prepared, places, question)
    found = [_rows(one, question) for one in judged]
    rows = [row for own in found for row in own]
    obstacles = [item for one, own in zip(judged, found, strict=True) for item in _obstacles(one, own, question)]
    if judged and all(bool(np.all(one.trip.unsnapped_points)) for one in judged):
        key = "web.off_step_free" if question.step_free else "web.off_streets"
        raise SnapError("this place lies too far from any street → choose one nearer", key=key)
    rows.sort(key=lambda row: (row["worst_min"], row["site"], row["metier"]))
    driven = {one.profile.id for one in judged if one.profile.mode in _DRIVEN}
    offers = {(row["site"], row["metier"]) for row in rows}
    without = {(row["site"], row["metier"]) for row in rows if row["profile"] not in driven}
    rows = _driven_or_shared(rows, driven, {one.profile.id for one in judged if one.profile.mode == "car"}, question)
    shown = _most(rows)
    asks = {(one.profile.id, one.kind, one.schedule): one for one in judged}
    for row in shown[:_TRIPS_TOLD]:
        one = asks[row["profile"], row["kind"], row["schedule"]]
        row.update(_told_trip(prepared, places, one.sites.xy[[row["row"]]], one.ask, row, question))
    aids = worth_a_look(shown, licence=question.licence, kinds=question.kinds)
    for row in shown:
        row.pop("row", None)
    return {
        "rows": shown,
        "found": len(rows),
        "found_by": {item.code: sum(row["metier"] == item.code for row in rows) for item in metiers},
        "without_licence": len(without),
        "with_licence": len(offers - without),
        "by_licence": {item.code: _by_licence(item.code, without, offers) for item in metiers},
        "obstacles": obstacles,
        "aids": aids,
        "day": str(prepared.file.study.date),
        "pass_source": prepared.file.costs.source if prepared.file.costs else "",
        "step_free": _counted_step_free(whole, prepared) if question.step_free else None,
    }


def adviser_trip(
    prepared: PreparedStudy, question: AdviserTripQuestion, *, online: bool = False, addresses: Sequence[Any] = ()
) -> dict[str, Any]:
    """Tell the trip of one row of `adviser_answer`, there and back, and what a month of it costs.

    Returns
    -------
    dict
        ``ways``, ``costs``, ``car_km``.

    Raises
    ------
    InputError
        For a place, a site or a public that is none.
    """
    prepared = _as_travelled(prepared, question)
    places = _places(prepared, question, online=online, addresses=addresses)
    site_xy, _ = site_position(prepared, question.kind, question.site)
    profile = _as_person(prepared.profile(question.profiles[0]), question)
    arrive_s, leave_s = parse_clock(question.arrive), parse_clock(question.leave)
    ask = profile_ask(profile, arrive_s=arrive_s, leave_s=leave_s, slack_s=(0, 0), max_s=_SEARCH_S, spread_s=0)
    return _told_trip(prepared, places, site_xy, ask, {"arrive_s": arrive_s, "leave_s": leave_s}, question)


def _as_travelled(prepared: PreparedStudy, question: AdviserQuestion) -> PreparedStudy:
    """Take the study without steps where the person asks so; refuse to ride where no timetable vouches for a trip."""
    if not question.step_free:
        return prepared
    level = prepared.step_free
    rides = any(prepared.profile(name).uses_transit for name in question.profiles)
    if rides and not trips_vouched_for(level.network):
        raise InputError(
            "no timetable of the study says which trips and stops a wheelchair can use → ask without public transport",
            key="web.step_free_unsaid",
        )
    return level


def _counted_step_free(whole: PreparedStudy, level: PreparedStudy) -> dict[str, int]:
    """Count the trips of the day that the timetables vouch for, and all of them."""
    return {"trips": trips_vouched_for(level.network), "all": trips_vouched_for(whole.network)}


def _by_licence(metier: str, without: set[tuple[str, str]], offers: set[tuple[str, str]]) -> list[int]:
    """Offers of a métier reached without a licence, and those that only one brings."""
    return [sum(code == metier for _, code in found) for found in (without, offers - without)]


def _places(prepared: PreparedStudy, question: AdviserQuestion, *, online: bool, addresses: Sequence[Any]) -> _Places:
    def found(address: str, lon: float | None, lat: float | None) -> np.ndarray:
        if address:
            books = addresses or (() if online else prepared.address_books)
            lon, lat = find_origin(address, prepared.file, addresses=books, online=online)
        return place_of(prepared, float(lon or 0.0), float(lat or 0.0))

    home_xy = found(question.address, question.lon, question.lat)
    if not question.stops:
        return _Places(home_xy, None)
    stop_xy = found(question.via_address, question.via_lon, question.via_lat)
    return _Places(home_xy, Errand(stop_xy, question.stop_minutes * 60))


def _most(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep the nearest rows of each métier."""
    seen: dict[str, int] = {}
    kept = []
    for row in rows:
        seen[row["metier"]] = seen.get(row["metier"], 0) + 1
        if seen[row["metier"]] <= _MOST_ROWS:
            kept.append(row)
    return kept


def _judged(prepared: PreparedStudy, places: _Places, question: AdviserQuestion) -> list[_Judged]:
    """Judge one person: the streets around the sites are known, those around the home are forgotten with the answer."""
    profiles = [_as_person(prepared.profile(name), question) for name in question.profiles]
    supply: dict[str, tuple[Sites, Offers]] = {}
    for kind in question.kinds:
        case = next((item for item in prepared.diagnosis.cases if item.kind == kind), None)
        if case is not None:
            supply[kind] = (prepared.diagnosis.sites[kind], case.offers)
    limits = [Threshold(f"person_{kind}", "", float(question.minutes), kind, source="person") for kind in supply]
    one, name = np.ones(1), np.array(["x"], dtype=object)
    alone = sparse.csr_matrix(np.ones((1, 1)))
    person = Residents(name, places.home_xy, one, one, np.zeros(1, dtype=bool), name, name, name, alone)
    sources = TimesSources(prepared.kept.aside(prepared.network))
    found = []
    for task in tasks_of(supply, Asked(profiles, limits, prepared.schedules, prepared.rules)):
        limit = next(item for item in limits if item.kind == task.kind)
        arguments = (replace(task, ask=replace(task.ask, spread_s=0)), [limit], person, prepared.rules, sources)
        evidence = gather_evidence(*arguments, lifts=question.lifts, doubts=False)
        if places.errand is not None:
            by_stop = _lifted_by_stop(evidence.lifted, task, prepared, places.home_xy, errand=places.errand)
            evidence = replace(evidence, lifted=by_stop)
        schedule, offers = task.cases[0]
        points = flag_points(person, task.sites, offers, evidence, threshold=limit, rules=prepared.rules)
        lifted = tuple(item.name for item in evidence.lifted)
        away_km = np.hypot(*(task.sites.xy - places.home_xy).T) / 1000
        trip = evidence.trip
        if places.errand is not None:
            alone_ask = replace(task.ask, spread_s=0)
            by_way = errand_times(sources.times, places.home_xy, task.sites, alone_ask, errand=places.errand)
            trip = by_way.over(trip)
        found.append(
            _Judged(task.profile, task.kind, schedule, task.ask, task.sites, offers, trip, points, lifted, away_km)
        )
    return found


def _lifted_by_stop(
    lifted: Sequence[Counterfactual], task: Task, prepared: PreparedStudy, home_xy: np.ndarray, *, errand: Errand
) -> tuple[Counterfactual, ...]:
    """Compute what would lift an obstacle by way of the stop, too; a vehicle left at the stop lifts nothing."""
    asks = dict(counterfactual_asks(task.ask, prepared.rules, other_day=False))
    times = prepared.kept.aside(prepared.network)
    found = []
    for item in lifted:
        ask = asks[item.name]
        if ask.uses_transit and ask.mode != "transit":
            continue
        by_way = errand_times(times, home_xy, task.sites, ask, errand=errand)
        found.append(replace(item, trip=by_way.over(item.trip)))
    return tuple(found)


def _told_trip(
    prepared: PreparedStudy,
    places: _Places,
    site_xy: np.ndarray,
    ask: Ask,
    row: dict[str, Any],
    question: AdviserQuestion,
) -> dict[str, Any]:
    """Tell both ways, and what a month of them costs."""
    home_xy, errand = places.home_xy, places.errand
    door = Door(site_xy, int(row["arrive_s"]), int(row["leave_s"]))
    if errand is None:
        ways, parts = told_ways(prepared, home_xy, door, ask), [(home_xy, site_xy)]
    else:
        ways = told_errand(prepared, home_xy, door, ask, errand=errand)
        parts = [(home_xy, errand.xy), (errand.xy, site_xy)]
    driven = [car_round_km(prepared, *part, ask) for part in parts]
    car_km = None if None in driven else sum(km for km in driven if km is not None)
    legs = [leg for way in ("there", "back") if ways[way] for leg in ways[way]["legs"]]
    boards = any(leg["kind"] in ("ride", "on_demand") for leg in legs)
    costs = costs_of(
        boards=boards,
        car_km=car_km,
        days=question.days_per_month,
        fiscal_cv=question.fiscal_cv,
        pass_month_eur=prepared.file.costs.pass_month_eur if prepared.file.costs else None,
    )
    return {"ways": ways, "car_km": car_km, "uses_transit": boards, "costs": costs}


def _as_person(profile: Profile, question: AdviserQuestion) -> Profile:
    """Take the public with what the person said of herself."""
    if question.walk_minutes is None or not profile.uses_transit:
        return profile
    return replace(profile, max_access_min=float(question.walk_minutes))


def _hours(judged: _Judged, site: int) -> tuple[int, int]:
    """Latest arrival and earliest departure at a site [s]."""
    ask, sites = judged.ask, judged.sites
    if ask.arrive_s is not None and ask.leave_s is not None:
        return ask.arrive_s, ask.leave_s
    assert sites.start_s is not None  # noqa: S101 — sites without hours have those of the schedule asked
    assert sites.end_s is not None  # noqa: S101
    return int(sites.start_s[site]) - ask.slack_before_s, int(sites.end_s[site]) + ask.slack_after_s


def _rows(judged: _Judged, question: AdviserQuestion) -> list[dict[str, Any]]:
    trip, sites, offers = judged.trip, judged.sites, judged.offers
    earliest = None if question.leave_after is None else parse_clock(question.leave_after)
    latest = None if question.home_by is None else parse_clock(question.home_by)
    found = []
    for column, metier in enumerate(offers.metiers):
        if metier.code not in question.metiers:
            continue
        for offer in range(int(offers.indptr[column]), int(offers.indptr[column + 1])):
            site = int(offers.site[offer])
            there_s, back_s = float(trip.out_s[0, site]), float(trip.back_s[0, site])
            if offers.open_places[offer] < 1 or not max(there_s, back_s) <= question.minutes * 60:
                continue
            if question.radius_km is not None and judged.away_km[site] > question.radius_km:
                continue
            arrive_s, leave_s = _hours(judged, site)
            if earliest is not None and arrive_s - there_s < earliest:
                continue
            if latest is not None and leave_s + back_s > latest:
                continue
            found.append(
                {
                    "metier": metier.code,
                    "metier_name": metier.name,
                    "profile": judged.profile.id,
                    "kind": judged.kind,
                    "schedule": judged.schedule,
                    "site": str(sites.ids[site]),
                    "name": str(sites.names[site]),
                    "free": int(offers.open_places[offer]),
                    "places": int(offers.all_places[offer]),
                    "there_min": there_s / 60,
                    "back_min": back_s / 60,
                    "worst_min": max(there_s, back_s) / 60,
                    "arrive_s": arrive_s,
                    "leave_s": leave_s,
                    "arrive": format_clock(arrive_s),
                    "leave": format_clock(leave_s),
                    "row": site,
                    "shared": False,
                    "road_km": float(judged.away_km[site]) * _SHARED.detour,
                }
            )
    return _merged(found)


def _driven_or_shared(
    rows: list[dict[str, Any]], driven: set[str], by_car: set[str], question: AdviserQuestion
) -> list[dict[str, Any]]:
    """Leave out what only who drives reaches; by car, somebody else may drive, no farther than a shared trip goes."""
    if question.licence and question.car:
        return rows
    kept = []
    for row in rows:
        if row["profile"] not in driven:
            kept.append(row)
        elif question.shared_car and row["profile"] in by_car and row["road_km"] <= _SHARED.covoiturage_km:
            kept.append({**row, "shared": True})
    return kept


def _merged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for a site, a métier and its hours: its levels' places together."""
    kept: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = (row["metier"], row["site"], row["profile"], row["arrive_s"], row["leave_s"])
        if key in kept:
            kept[key]["free"] += row["free"]
            kept[key]["places"] += row["places"]
        else:
            kept[key] = row
    return list(kept.values())


def _obstacles(judged: _Judged, rows: list[dict[str, Any]], question: AdviserQuestion) -> list[dict[str, Any]]:
    """First obstacle of each métier that cannot be reached, and what alone would lift it where that was asked.

    What is near enough, but not with the hours, the radius or the stop that the person named, is ``PERSONAL``.
    """
    points, found = judged.points, {row["metier"] for row in rows}
    told = []
    for column, metier in enumerate(judged.offers.metiers):
        if metier.code not in question.metiers or metier.code in found:
            continue
        personal, best_s = bool(points.reached[0, column]), float(points.best_s[0, column])
        lifts = [name for name in judged.lifted if points.lifts[name][0, column]]
        if question.step_free:
            lifts = [name for name in lifts if name not in _NOT_ON_WHEELS]
        told.append(
            {
                "metier": metier.code,
                "metier_name": metier.name,
                "profile": judged.profile.id,
                "kind": judged.kind,
                "reason": "PERSONAL" if personal else FlagReason(int(points.reason[0, column])).name,
                "nearest_min": best_s / 60 if np.isfinite(best_s) and not personal and not question.stops else None,
                "lifts": lifts if question.lifts and not personal else None,
                "by_stop": question.stops,
            }
        )
    return told
