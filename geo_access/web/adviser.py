"""The adviser's door: one person, all that can be reached and how, and what stands in the way. Nothing is kept.

Positions and addresses live in the arguments of these functions and nowhere else: no log line, no cache, no answer
repeats them, and the answer's trips begin at the door without saying where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import Point

from geo_access.clock import parse_clock
from geo_access.diagnosis.diagnose import DiagnosedCase, Diagnosis, diagnose
from geo_access.diagnosis.model import FlagReason, Profile, Threshold
from geo_access.errors import InputError, SnapError
from geo_access.study.inputs import find_origin
from geo_access.study.prepared import PreparedStudy
from geo_access.web.costs import costs_of, worth_a_look
from geo_access.web.planner import place_of
from geo_access.web.questions import AdviserQuestion
from geo_access.web.trips import Door, car_round_km, told_ways

__all__ = ["adviser_answer"]

_MOST_ROWS = 60
_TRIPS_TOLD = 12
_DRIVEN = ("car", "park_and_ride")


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
        ``rows`` sorted by the longer of the two ways, those by car only with a licence; ``without_licence`` and
        ``with_licence`` (offers reached without one, and those that only one brings), ``obstacles`` by métier, public
        and kind, ``aids`` that are worth a look.

    Raises
    ------
    InputError
        For an address that is not found, a place outside the territory or off the streets.
    """
    if question.address:
        lon, lat = find_origin(question.address, prepared.file, addresses=addresses, online=online)
    else:
        lon, lat = float(question.lon or 0.0), float(question.lat or 0.0)
    home_xy = place_of(prepared, lon, lat)
    profiles = [_as_person(prepared.profile(name), question) for name in question.profiles]
    metiers = [item for item in prepared.metiers if item.code in question.metiers]
    if not metiers:
        raise InputError("no métier of the study is named → choose one", key="web.no_metier")
    diagnosis = _diagnosed(prepared, home_xy, profiles, metiers, question)
    rows, obstacles = [], []
    for case in diagnosis.cases:
        if case.kind in question.kinds and (case.kind == "training" or case.schedule == "own_hours"):
            rows += _rows(diagnosis, case, question)
            obstacles += _obstacles(case)
    if all(item["reason"] == FlagReason.OFF_NETWORK.name for item in obstacles) and obstacles:
        raise SnapError("this place lies too far from any street → choose one nearer", key="web.off_streets")
    rows.sort(key=lambda row: (row["worst_min"], row["site"], row["metier"]))
    driven = {profile.id for profile in profiles if profile.mode in _DRIVEN}
    offers = {(row["site"], row["metier"]) for row in rows}
    without = {(row["site"], row["metier"]) for row in rows if row["profile"] not in driven}
    if not question.licence:
        rows = [row for row in rows if row["profile"] not in driven]
    shown = rows[:_MOST_ROWS]
    for row in shown[:_TRIPS_TOLD]:
        row["ways"] = _ways(prepared, diagnosis, home_xy, row)
        row.update(_costs(prepared, diagnosis, home_xy, row, question))
    aids = worth_a_look(shown[:_TRIPS_TOLD], licence=question.licence, kinds=question.kinds)
    for row in shown:
        row.pop("row", None)
    return {
        "rows": shown,
        "found": len(rows),
        "without_licence": len(without),
        "with_licence": len(offers - without),
        "obstacles": obstacles,
        "aids": aids,
        "day": str(prepared.file.study.date),
        "pass_source": prepared.file.costs.source if prepared.file.costs else "",
    }


def _costs(
    prepared: PreparedStudy,
    diagnosis: Diagnosis,
    home_xy: np.ndarray,
    row: dict[str, Any],
    question: AdviserQuestion,
) -> dict[str, Any]:
    ask = diagnosis.asks[row["profile"], row["kind"], row["schedule"]]
    car_km = car_round_km(prepared, home_xy, diagnosis.sites[row["kind"]].xy[[row["row"]]], ask)
    legs = [leg for way in ("there", "back") if row["ways"][way] for leg in row["ways"][way]["legs"]]
    boards = any(leg["kind"] in ("ride", "on_demand") for leg in legs)
    costs = costs_of(
        boards=boards,
        car_km=car_km,
        days=question.days_per_month,
        fiscal_cv=question.fiscal_cv,
        pass_month_eur=prepared.file.costs.pass_month_eur if prepared.file.costs else None,
    )
    return {"car_km": car_km, "uses_transit": boards, "costs": costs}


def _as_person(profile: Profile, question: AdviserQuestion) -> Profile:
    """Take the public with what the person said of herself."""
    if question.walk_minutes is None or not profile.uses_transit:
        return profile
    return replace(profile, max_access_min=float(question.walk_minutes))


def _diagnosed(
    prepared: PreparedStudy, home_xy: np.ndarray, profiles: list[Profile], metiers: list[Any], question: AdviserQuestion
) -> Diagnosis:
    person = gpd.GeoDataFrame(
        {"point_id": ["x"], "population": [1.0]}, geometry=[Point(home_xy[0])], crs=prepared.network.epsg
    )
    kinds = set(question.kinds)
    limits = [
        Threshold(f"person_{kind}", "", float(question.minutes), kind, source="person") for kind in ("training", "job")
    ]
    return diagnose(
        prepared.network,
        zones=pd.DataFrame({"zone_id": ["x"], "zone_name": [""], "zone_kind": ["commune"]}),
        points=person,
        membership=pd.DataFrame({"point_id": ["x"], "zone_id": ["x"], "share": [1.0]}),
        metiers=metiers,
        profiles=profiles,
        thresholds=limits,
        schedules=prepared.schedules,
        training=prepared.inputs.training if "training" in kinds else None,
        employers=prepared.inputs.employers if "job" in kinds else None,
        rules=prepared.rules,
    )


def _hours(diagnosis: Diagnosis, case: DiagnosedCase, site: int) -> tuple[int, int]:
    """Latest arrival and earliest departure at a site [s]."""
    ask, sites = diagnosis.asks[case.profile.id, case.kind, case.schedule], diagnosis.sites[case.kind]
    if ask.arrive_s is not None and ask.leave_s is not None:
        return ask.arrive_s, ask.leave_s
    assert sites.start_s is not None  # noqa: S101 — sites without hours have those of the schedule asked
    assert sites.end_s is not None  # noqa: S101
    return int(sites.start_s[site]) - ask.slack_before_s, int(sites.end_s[site]) + ask.slack_after_s


def _rows(diagnosis: Diagnosis, case: DiagnosedCase, question: AdviserQuestion) -> list[dict[str, Any]]:
    trip = diagnosis.times[case.profile.id, case.kind, case.schedule]
    sites, offers = diagnosis.sites[case.kind], case.offers
    earliest = None if question.leave_after is None else parse_clock(question.leave_after)
    latest = None if question.home_by is None else parse_clock(question.home_by)
    found = []
    for column, metier in enumerate(offers.metiers):
        for offer in range(int(offers.indptr[column]), int(offers.indptr[column + 1])):
            site = int(offers.site[offer])
            there_s, back_s = float(trip.out_s[0, site]), float(trip.back_s[0, site])
            if offers.open_places[offer] < 1 or not max(there_s, back_s) <= question.minutes * 60:
                continue
            arrive_s, leave_s = _hours(diagnosis, case, site)
            if earliest is not None and arrive_s - there_s < earliest:
                continue
            if latest is not None and leave_s + back_s > latest:
                continue
            found.append(
                {
                    "metier": metier.code,
                    "metier_name": metier.name,
                    "profile": case.profile.id,
                    "kind": case.kind,
                    "schedule": case.schedule,
                    "site": str(sites.ids[site]),
                    "name": str(sites.names[site]),
                    "free": int(offers.open_places[offer]),
                    "places": int(offers.all_places[offer]),
                    "there_min": there_s / 60,
                    "back_min": back_s / 60,
                    "worst_min": max(there_s, back_s) / 60,
                    "arrive_s": arrive_s,
                    "leave_s": leave_s,
                    "row": site,
                }
            )
    return _merged(found)


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


def _ways(prepared: PreparedStudy, diagnosis: Diagnosis, home_xy: np.ndarray, row: dict[str, Any]) -> dict[str, Any]:
    ask = diagnosis.asks[row["profile"], row["kind"], row["schedule"]]
    sites = diagnosis.sites[row["kind"]]
    door = Door(sites.xy[[row["row"]]], int(row["arrive_s"]), int(row["leave_s"]))
    return told_ways(prepared, home_xy, door, ask)


def _obstacles(case: DiagnosedCase) -> list[dict[str, Any]]:
    """First obstacle of each métier that cannot be reached."""
    return [
        {
            "metier": metier.code,
            "metier_name": metier.name,
            "profile": case.profile.id,
            "kind": case.kind,
            "reason": FlagReason(int(case.points.reason[0, column])).name,
            "nearest_min": None
            if not np.isfinite(case.points.best_s[0, column])
            else float(case.points.best_s[0, column]) / 60,
        }
        for column, metier in enumerate(case.offers.metiers)
        if not case.points.reached[0, column]
    ]
