"""The adviser's sheet: one person's place, what can be reached from it and back, and what stands in the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import Point

from geo_access.crs import WGS84
from geo_access.diagnosis.diagnose import OWN_HOURS, DiagnosedCase, Diagnosis, diagnose
from geo_access.diagnosis.model import FlagRules, Metier, Profile, Schedule, Threshold
from geo_access.diagnosis.service_remedies import ServiceEngines, ServiceLimits
from geo_access.errors import CoverageError, InputError
from geo_access.network.model import CrowFly, Network
from geo_access.report.sheet_carpool import told_meeting_places
from geo_access.report.sheet_remedies import InTheWay, told_obstacle
from geo_access.report.sheet_ways import site_named, told_trip, whole_minutes
from geo_access.report.words import environment, limit_words, minutes
from geo_access.times.round_trip import NetworkTimes
from geo_access.words.words import format_number, plural, text, written_date

__all__ = ["Person", "SheetStudy", "adviser_sheet"]

# About 100 m: enough to tell the stop, too little to tell the door.
_DECIMALS = 3
# Every place within reach stands in the table; so many have their trips told, step by step.
_MOST_TRIPS = 10
# Farther than this from every resident of the study is outside its territory: nobody walks so far to a stop.
_OUTSIDE_M = 10_000.0
# The zone that is one point.
_PERSON = "person"


@dataclass(frozen=True)
class Person:
    """Whom a sheet is for: a place, a métier, and how one travels. No name, no address.

    Attributes
    ----------
    origin : tuple of float
        Longitude and latitude [degrees].
    metier : Metier
    profile : Profile
    """

    origin: tuple[float, float]
    metier: Metier
    profile: Profile


@dataclass(frozen=True, eq=False)
class SheetStudy:
    """What a sheet takes from the study.

    Attributes
    ----------
    thresholds, schedules : sequence
    service_date : datetime.date
        Day of the timetables.
    training, employers : geopandas.GeoDataFrame, optional
        Tables of the study; at least one.
    rules : FlagRules
    limits : ServiceLimits
        How many changes of lines are tried as remedies.
    residents : geopandas.GeoDataFrame, optional
        Points of the study: a place farther than 10 km from all of them is refused.
    carpool : geopandas.GeoDataFrame, optional
        Places where people meet to share a car.
    sources : sequence of str
        What the study was made from, as its maps say it.
    manifest_id : str
    synthetic : bool
    """

    thresholds: Sequence[Threshold]
    schedules: Sequence[Schedule]
    service_date: date
    training: gpd.GeoDataFrame | None = None
    employers: gpd.GeoDataFrame | None = None
    rules: FlagRules = field(default_factory=FlagRules)
    limits: ServiceLimits = field(default_factory=ServiceLimits)
    residents: gpd.GeoDataFrame | None = None
    carpool: gpd.GeoDataFrame | None = None
    sources: Sequence[str] = ()
    manifest_id: str = ""
    synthetic: bool = False


def adviser_sheet(path: Path, *, network: Network, person: Person, study: SheetStudy, language: str = "fr") -> Path:
    """Write one page for one person: what can be reached, by which trips, and the first obstacle with its remedy.

    The place is rounded to 0.001° before anything is computed from it; no name and no address is asked for or written.

    Parameters
    ----------
    path : pathlib.Path
        HTML file to write.
    network : Network
    person : Person
    study : SheetStudy
    language : str

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        When the place is no longitude and latitude, lies outside the territory, or a table cannot be used.
    """
    lon, lat = _rounded(person.origin)
    if study.residents is not None:
        _refuse_outside(study.residents, lon, lat, network.epsg)
    times = NetworkTimes(network)
    diagnosis = _diagnosis_at(lon, lat, times, person, study)
    sheet = _Sheet(ServiceEngines(times), diagnosis, study, language)
    parts = []
    for kind, offered in (("training", study.training), ("job", study.employers)):
        case = next((item for item in diagnosis.cases if item.kind == kind), None)
        if case is not None:
            parts.append(_part(sheet, case, person.metier, offered))
    start = text(
        "person.from",
        language,
        lon=f"{lon:.{_DECIMALS}f}",
        lat=f"{lat:.{_DECIMALS}f}",
        profile=person.profile.name or person.profile.id,
        day=written_date(study.service_date, language),
    )
    page = environment(language, ("sheet.html",)).get_template("sheet.html")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        page.render(
            title=text("person.title", language, metier=person.metier.name or person.metier.code),
            start=start,
            parts=parts,
            synthetic=study.synthetic,
            manifest_id=study.manifest_id,
            sources=study.sources,
            crow_fly=isinstance(network.streets, CrowFly),
            data=_data_sentences(network, study.service_date, language),
        ),
        encoding="utf-8",
    )
    return path


def _diagnosis_at(lon: float, lat: float, times: NetworkTimes, person: Person, study: SheetStudy) -> Diagnosis:
    """Diagnose one person: a zone that is one point."""
    place = gpd.GeoDataFrame({"point_id": [_PERSON], "population": [1.0]}, geometry=[Point(lon, lat)], crs=WGS84)
    return diagnose(
        times.network,
        times=times,
        zones=pd.DataFrame({"zone_id": [_PERSON], "zone_name": [""], "zone_kind": ["commune"]}),
        points=place,
        membership=pd.DataFrame({"point_id": [_PERSON], "zone_id": [_PERSON], "share": [1.0]}),
        metiers=[person.metier],
        profiles=[person.profile],
        thresholds=study.thresholds,
        schedules=study.schedules,
        training=study.training,
        employers=study.employers,
        rules=study.rules,
    )


def _rounded(origin: tuple[float, float]) -> tuple[float, float]:
    lon, lat = (float(value) for value in origin)
    if not (np.isfinite([lon, lat]).all() and -180 <= lon <= 180 and -90 <= lat <= 90):
        raise InputError(
            f"{origin}: no place on Earth → give longitude,latitude in degrees, for instance 3.06,50.63",
            key="no_place",
            values={"place": origin},
        )
    return round(lon, _DECIMALS), round(lat, _DECIMALS)


@dataclass(frozen=True, eq=False)
class _Sheet:
    """What all parts of a sheet are told from."""

    engines: ServiceEngines
    diagnosis: Diagnosis
    study: SheetStudy
    language: str


def _refuse_outside(residents: gpd.GeoDataFrame, lon: float, lat: float, epsg: int) -> None:
    place = gpd.GeoSeries([Point(lon, lat)], crs=WGS84).to_crs(epsg).iloc[0]
    points = residents.to_crs(epsg).geometry
    nearest_m = float(points.distance(place).min()) if np.isfinite([place.x, place.y]).all() else np.inf
    if nearest_m <= _OUTSIDE_M:
        return
    km = f"{nearest_m / 1000:.0f}" if np.isfinite(nearest_m) else "?"
    raise CoverageError(
        f"this place lies {km} km outside the territory → choose one inside", key="web.outside", values={"km": km}
    )


def _data_sentences(network: Network, service_date: date, language: str) -> list[str]:
    """Files that the trips come from, the day of the timetables, and what was moved to other days."""
    files = ", ".join(sorted(network.inputs))
    told = [text("person.data", language, files=files)] if files else []
    if network.timetable is not None:
        told.append(text("person.day", language, day=written_date(service_date, language)))
    return told + [warning.told(language) for warning in network.warnings if warning.key == "aligned"]


def _part(sheet: _Sheet, case: DiagnosedCase, metier: Metier, table: pd.DataFrame | None) -> dict[str, Any]:
    """Gather what is within reach for one kind of trip."""
    kind, language, offers = case.kind, sheet.language, case.offers
    trip = sheet.diagnosis.times[case.profile.id, kind, case.schedule if kind == "training" else OWN_HOURS]
    worst = np.maximum(trip.out_s[0], trip.back_s[0])
    free = np.bincount(offers.site, weights=offers.open_places, minlength=len(worst))
    near = [int(site) for site in np.unique(offers.site) if worst[site] <= case.threshold.limit_s]
    # Quickest first; at the same minute, the one with more places.
    near.sort(key=lambda site: (whole_minutes(worst[site]), -free[site], str(sheet.diagnosis.sites[kind].names[site])))
    within, full = [site for site in near if free[site] > 0], [site for site in near if free[site] <= 0]
    by_distance = _by_distance(sheet, case, within, free)
    limit = limit_words(case.threshold, language)
    sites = sheet.diagnosis.sites[kind]
    # An employer with two shifts stands twice in the table, and is one employer.
    reached = len({str(sites.ids[site]) for site in (*within, *by_distance)})
    count = (
        plural(f"person.count.{kind}", reached, language, minutes=limit)
        if within or by_distance
        else text(f"person.none.{kind}", language, minutes=limit)
    )
    schedule = next((item for item in sheet.study.schedules if item.id == case.schedule), None)
    told = [
        told_trip(sheet.engines.times.network, sheet.diagnosis, case, site, schedule=schedule, language=language)
        for site in within[:_MOST_TRIPS]
    ]
    # Where a trip is told, its minutes are those between the clocks shown: the table says the same.
    shown = {site: [way["minutes"] for way in one["ways"]] for site, one in zip(within, told)}
    rows = []
    for site in within:
        there, back = shown.get(site) or (whole_minutes(trip.out_s[0, site]), whole_minutes(trip.back_s[0, site]))
        offered = (
            plural("openings", float(free[site]), language)
            if kind == "job"
            else _offered(table, metier, str(sites.ids[site]), language)
        )
        rows.append({"name": site_named(sites, site, language), "there": there, "back": back, "offers": offered})
    part: dict[str, Any] = {
        "kind": kind,
        "count": count,
        "rows": rows,
        "trips": told,
        "reason": "",
        "remedy": "",
        "lifts": "",
        "service": [],
        "carpool": [],
        "meeting": [],
        "more": "",
        "full": "",
        "by_distance": "",
        "unlocated": _unlocated(case, language),
    }
    if len(within) > _MOST_TRIPS:
        part["more"] = text("person.more", language, n=_MOST_TRIPS)
    if by_distance:
        by = text("semicolon", language).join(by_distance.values())
        part["by_distance"] = text("person.by_distance", language, names=by)
    if full:
        taken = text("semicolon", language).join(site_named(sites, site, language) for site in full)
        part["full"] = text("person.full", language, names=taken)
    in_the_way = InTheWay(sheet.diagnosis, sheet.engines, sheet.study.limits, language)
    part |= told_obstacle(in_the_way, case, zone_id=_PERSON)
    if part["carpool"] and sheet.study.carpool is not None:
        places = sheet.study.carpool
        part["meeting"] = told_meeting_places(sheet.engines.times, sheet.diagnosis, case, places, language)
    return part


def _by_distance(sheet: _Sheet, case: DiagnosedCase, within: Sequence[int], free: np.ndarray) -> dict[int, str]:
    """Name the places with room that are within by the distance beside the minutes alone, with their time."""
    beside, language = sheet.diagnosis.beside(case), sheet.language
    if not beside.asked:
        return {}
    trip = sheet.diagnosis.times[case.profile.id, case.kind, case.schedule if case.kind == "training" else OWN_HOURS]
    near, sites = beside.near()[0], sheet.diagnosis.sites[case.kind]
    told = {}
    for site in np.unique(case.offers.site).tolist():
        if not near[site] or free[site] <= 0 or site in within:
            continue
        worst = max(float(trip.out_s[0, site]), float(trip.back_s[0, site]))
        known = np.isfinite(trip.out_s[0, site]) and np.isfinite(trip.back_s[0, site])
        time = minutes(whole_minutes(worst), language) if known else text("person.no_trip", language)
        told[site] = f"{site_named(sites, site, language)} ({time})"
    return told


def _unlocated(case: DiagnosedCase, language: str) -> str:
    lost = int(case.offers.unlocated_places.sum())
    return plural(f"person.unlocated.{case.kind}", lost, language) if lost else ""


def _offered(table: pd.DataFrame | None, metier: Metier, site: str, language: str) -> str:
    """Levels of a site and their places."""
    if table is None:
        return ""
    codes = table["metier"].astype(str).str.strip().str.upper() == metier.code.strip().upper()
    mine = table[(codes & (table["site_id"].astype(str) == site)).to_numpy()]
    told = []
    levels = pd.to_numeric(mine["level"]).to_numpy(np.float64, na_value=np.nan)
    colon = text("colon", language)
    for level in np.unique(levels[~np.isnan(levels)]).tolist():
        if metier.min_level <= level <= metier.max_level:
            name = text("person.level", language, level=f"{level:g}")
            told.append(f"{name}{colon} {_places(mine[levels == level], language)}")
    if np.isnan(levels).any():
        told.append(f"{text('person.level_unknown', language)}{colon} {_places(mine[np.isnan(levels)], language)}")
    return text("semicolon", language).join(told)


def _places(rows: pd.DataFrame, language: str) -> str:
    places = pd.to_numeric(rows["places"])
    if places.isna().all():
        return text("person.places_unknown", language)
    told = plural("places", float(places.sum()), language)
    filled = pd.to_numeric(rows["filled"]) if "filled" in rows else pd.Series(np.nan, index=rows.index)
    if filled.isna().any():
        return text("site.free_unknown", language, places=told)
    free = float((places - filled).clip(lower=0).sum())
    return text("site.free", language, places=told, free=format_number(free, language))
