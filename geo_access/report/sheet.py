"""The adviser's sheet: one person's place, what can be reached from it and back, and what stands in the way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import Point

from geo_access.clock import format_clock
from geo_access.crs import WGS84
from geo_access.diagnosis.diagnose import OWN_HOURS, DiagnosedCase, Diagnosis, diagnose
from geo_access.diagnosis.model import FlagReason, FlagRules, Metier, Profile, Schedule, Threshold
from geo_access.diagnosis.remedies import find_remedies
from geo_access.errors import InputError
from geo_access.network.model import Network
from geo_access.report.words import environment, minutes
from geo_access.routing.journeys import Journey, explain_query
from geo_access.routing.query import Window
from geo_access.times.round_trip import NetworkTimes
from geo_access.words.told import refusal
from geo_access.words.words import plural, text, written_date

__all__ = ["adviser_sheet"]

# About 100 m: enough to tell the stop, too little to tell the door.
_DECIMALS = 3
_MOST_TRIPS = 3


def adviser_sheet(
    path: Path,
    *,
    network: Network,
    origin: tuple[float, float],
    metier: Metier,
    profile: Profile,
    thresholds: Sequence[Threshold],
    schedules: Sequence[Schedule],
    service_date: date,
    training: gpd.GeoDataFrame | None = None,
    employers: gpd.GeoDataFrame | None = None,
    rules: FlagRules | None = None,
    manifest_id: str = "",
    synthetic: bool = False,
    language: str = "fr",
) -> Path:
    """Write one page for one person: what can be reached, by which trips, and the first obstacle with its remedy.

    The place is rounded to 0.001° before anything is computed from it; no name and no address is asked for or written.

    Parameters
    ----------
    path : pathlib.Path
        HTML file to write.
    network : Network
    origin : tuple of float
        Longitude and latitude [degrees].
    metier : Metier
    profile : Profile
    thresholds, schedules : sequence
        Those of the study.
    service_date : datetime.date
        Day of the timetables.
    training, employers : geopandas.GeoDataFrame, optional
        Tables of the study; at least one.
    rules : FlagRules, optional
    manifest_id : str
    synthetic : bool
    language : str

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        When the place is no longitude and latitude, or a table cannot be used.
    """
    lon, lat = _rounded(origin)
    person = gpd.GeoDataFrame({"point_id": ["person"], "population": [1.0]}, geometry=[Point(lon, lat)], crs=WGS84)
    times = NetworkTimes(network)
    diagnosis = diagnose(
        network,
        times=times,
        zones=pd.DataFrame({"zone_id": ["person"], "zone_name": [""], "zone_kind": ["commune"]}),
        points=person,
        membership=pd.DataFrame({"point_id": ["person"], "zone_id": ["person"], "share": [1.0]}),
        metiers=[metier],
        profiles=[profile],
        thresholds=thresholds,
        schedules=schedules,
        training=training,
        employers=employers,
        rules=rules,
    )
    parts = []
    for kind in ("training", "job"):
        case = next((item for item in diagnosis.cases if item.kind == kind), None)
        if case is not None:
            parts.append(_part(times, diagnosis, case, metier, schedules, language))
    start = text(
        "person.from",
        language,
        lon=f"{lon:.{_DECIMALS}f}",
        lat=f"{lat:.{_DECIMALS}f}",
        profile=profile.name or profile.id,
        day=written_date(service_date, language),
    )
    page = environment(language, ("sheet.html",)).get_template("sheet.html")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        page.render(
            title=text("person.title", language, metier=metier.name or metier.code),
            start=start, parts=parts, synthetic=synthetic, manifest_id=manifest_id,
        ),
        encoding="utf-8",
    )  # fmt: skip
    return path


def _rounded(origin: tuple[float, float]) -> tuple[float, float]:
    lon, lat = (float(value) for value in origin)
    if not (np.isfinite([lon, lat]).all() and -180 <= lon <= 180 and -90 <= lat <= 90):
        raise InputError(
            f"{origin}: no place on Earth → give longitude,latitude in degrees, for instance 3.06,50.63",
            key="no_place",
            values={"place": origin},
        )
    return round(lon, _DECIMALS), round(lat, _DECIMALS)


def _part(
    times: NetworkTimes,
    diagnosis: Diagnosis,
    case: DiagnosedCase,
    metier: Metier,
    schedules: Sequence[Schedule],
    language: str,
) -> dict[str, Any]:
    """Gather what is within reach for one kind of trip."""
    kind = case.kind
    trip = diagnosis.times[case.profile.id, kind, case.schedule if kind == "training" else OWN_HOURS]
    there, back = trip.out_s[0], trip.back_s[0]
    offered = case.offers.site[case.offers.open_places > 0]
    within = [s for s in np.unique(offered) if max(there[s], back[s]) <= case.threshold.limit_s]
    within.sort(key=lambda s: float(there[s] + back[s]))
    limit = minutes(case.threshold.minutes, language)
    count = (
        plural(f"person.count.{kind}", len(within), language, minutes=limit)
        if within
        else text(f"person.none.{kind}", language, minutes=limit)
    )
    schedule = next((item for item in schedules if item.id == case.schedule), None)
    trips = [_trip(times.network, diagnosis, case, int(s), schedule, language) for s in within[:_MOST_TRIPS]]
    part: dict[str, Any] = {"kind": kind, "count": count, "trips": trips, "reason": "", "remedy": "", "lifts": ""}
    reason = FlagReason(int(case.points.reason[0, 0]))
    if reason is FlagReason.REACHES:
        return part
    part["reason"] = text(f"reason.{reason.name}", language)
    part["remedy"] = text("person.remedy", language, remedy=text(f"remedy.{reason.name}", language))
    if reason is FlagReason.OFF_NETWORK:
        part["lifts"] = text("person.unsnapped", language)
        return part
    tried = find_remedies(
        diagnosis, times, zone_id="person", metier=metier.code, profile=case.profile.id, kind=kind,
        schedule=case.schedule, threshold=case.threshold.id,
    )  # fmt: skip
    lifting = tried[tried["lifts"]].to_dict("records")
    if lifting:
        first = lifting[0]
        change = text(f"report.change.{first['remedy']}", language, detail=first["detail"])
        part["lifts"] = text("person.lifts", language, change=change)
    return part


def _trip(
    network: Network,
    diagnosis: Diagnosis,
    case: DiagnosedCase,
    site: int,
    schedule: Schedule | None,
    language: str,
) -> dict[str, Any]:
    """Tell one site, its hours, and the trips there and back."""
    sites = diagnosis.sites[case.kind]
    times = diagnosis.times[case.profile.id, case.kind, case.schedule if case.kind == "training" else OWN_HOURS]
    before_s, after_s = 300, 300
    if sites.start_s is not None and sites.end_s is not None:
        start_s, end_s = int(sites.start_s[site]), int(sites.end_s[site])
    elif schedule is not None:
        before_s, after_s = round(schedule.slack_before_min * 60), round(schedule.slack_after_min * 60)
        start_s, end_s = schedule.arrive_s + before_s, schedule.leave_s - after_s
    else:
        raise refusal("report.no_schedule", schedule=case.schedule)
    home, door = diagnosis.residents.xy[:1], sites.xy[site : site + 1]
    ways = [
        _way(network, case.profile, "there", home, door, arrive_s=start_s - before_s, leave_s=None,
             took_s=float(times.out_s[0, site]), language=language),
        _way(network, case.profile, "back", door, home, arrive_s=None, leave_s=end_s + after_s,
             took_s=float(times.back_s[0, site]), language=language),
    ]  # fmt: skip
    hours = text("person.hours", language, start=format_clock(start_s), end=format_clock(end_s))
    return {"name": str(sites.names[site]), "hours": hours, "ways": ways}


def _way(
    network: Network, profile: Profile, way: str, start_xy: np.ndarray, end_xy: np.ndarray, *, arrive_s: int | None,
    leave_s: int | None, took_s: float, language: str,
) -> dict[str, Any]:  # fmt: skip
    """Tell one way: its time, and its steps where it boards vehicles."""
    told: dict[str, Any] = {"way": way, "minutes": max(1, round(took_s / 60)), "steps": []}
    if not profile.uses_transit or network.timetable is None or profile.mode == "park_and_ride":
        return told
    query = profile.query(
        depart=None if leave_s is None else Window(leave_s, leave_s),
        arrive=None if arrive_s is None else Window(arrive_s, arrive_s),
    )
    journeys = explain_query(network, start_xy, end_xy, query)
    if journeys:
        told["steps"] = _steps(journeys[0], language)
    return told


def _steps(journey: Journey, language: str) -> list[str]:
    """One line for each leg, and the arrival."""
    lines = []
    for leg in journey.legs:
        start, end = format_clock(leg.start_s), format_clock(leg.end_s)
        if leg.kind == "ride":
            direction = text("person.leg.direction", language, name=leg.direction) if leg.direction else ""
            lines.append(
                text("person.leg.ride", language, start=start, line=leg.line, direction=direction,
                     origin=leg.from_name, target=leg.to_name, end=end)
            )  # fmt: skip
        elif leg.kind == "on_demand":
            origin = text("person.leg.from", language, name=leg.from_name) if leg.from_name else ""
            to = text("person.leg.to", language, name=leg.to_name) if leg.to_name else ""
            booking = "" if leg.booking is None else text(
                "person.leg.booking", language, booking=leg.booking.told(language)
            )  # fmt: skip
            lines.append(
                text("person.leg.on_demand", language, start=start, line=leg.line, origin=origin, to=to, end=end,
                     booking=booking)
            )  # fmt: skip
        elif leg.end_s > leg.start_s:
            to = text("person.leg.to", language, name=leg.to_name) if leg.to_name else ""
            length = max(1, round((leg.end_s - leg.start_s) / 60))
            lines.append(text(f"person.leg.{leg.kind}", language, start=start, minutes=length, to=to))
    return [*lines, text("person.leg.arrive", language, end=format_clock(journey.arrive_s))]
