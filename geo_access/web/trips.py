"""The trip itself, there and back, leg by leg: what was asked for a time is what is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pyproj import Transformer

from geo_access.clock import format_clock
from geo_access.diagnosis.model import Profile, Schedule
from geo_access.errors import GeoAccessError
from geo_access.network.search.paths import street_path
from geo_access.routing.journeys import Journey, explain_query
from geo_access.routing.legs import street_speed
from geo_access.routing.query import Window
from geo_access.study.prepared import PreparedStudy
from geo_access.times.round_trip import Ask
from geo_access.web.planner import place_of, site_position
from geo_access.web.questions import JourneyQuestion

__all__ = ["Door", "car_round_km", "journey_answer", "told_ways"]

_DECIMALS = 5


@dataclass(frozen=True, eq=False)
class Door:
    """Where one has to be, and when.

    Attributes
    ----------
    xy : ndarray of float64, shape (1, 2)
        [m].
    arrive_s, leave_s : int
        Latest arrival and earliest departure [s].
    """

    xy: np.ndarray
    arrive_s: int
    leave_s: int


def journey_answer(prepared: PreparedStudy, question: JourneyQuestion) -> dict[str, Any]:
    """Tell the trips there and back between a zone (or a place) and a site.

    From a zone, the trip is that of its most peopled point.

    Returns
    -------
    dict
        ``there`` and ``back``: each None where there is no trip, else ``leave``, ``arrive``, ``minutes``, ``legs``.
    """
    case = prepared.case(question.profile, question.kind, question.schedule)
    door_xy, name = site_position(prepared, question.kind, question.site)
    if question.zone is not None:
        home_xy = _heart(prepared, question.zone)
    else:
        home_xy = place_of(prepared, float(question.lon or 0.0), float(question.lat or 0.0))
    ask = _ask_of(prepared, case.profile, question.kind, question.schedule)
    door = Door(door_xy, *_hours(prepared, question, ask))
    return {"site": question.site, "name": name, **told_ways(prepared, home_xy, door, ask)}


def _ask_of(prepared: PreparedStudy, profile: Profile, kind: str, schedule: str) -> Ask:
    asks = prepared.diagnosis.asks
    return asks.get((profile.id, kind, schedule)) or asks[profile.id, kind, "own_hours"]


def _heart(prepared: PreparedStudy, zone: str) -> np.ndarray:
    """Most peopled point of a zone, float64 (1, 2) [m]."""
    residents = prepared.diagnosis.residents
    row = int(np.flatnonzero(residents.zone_ids.astype(str) == zone)[0])
    part = residents.weights[row].tocoo()
    return np.asarray(residents.xy[[int(part.col[np.argmax(part.data)])]])


def _hours(prepared: PreparedStudy, question: JourneyQuestion, ask: Ask) -> tuple[int, int]:
    if ask.arrive_s is not None and ask.leave_s is not None:
        return ask.arrive_s, ask.leave_s
    sites = prepared.diagnosis.sites[question.kind]
    schedules: dict[str, Schedule] = {item.id: item for item in prepared.schedules}
    if question.schedule in schedules:
        return schedules[question.schedule].arrive_s, schedules[question.schedule].leave_s
    row = int(np.flatnonzero(sites.ids.astype(str) == question.site)[0])
    assert sites.start_s is not None  # noqa: S101 — sites without hours have those of the schedule asked
    assert sites.end_s is not None  # noqa: S101
    return int(sites.start_s[row]) - ask.slack_before_s, int(sites.end_s[row]) + ask.slack_after_s


def told_ways(prepared: PreparedStudy, home_xy: np.ndarray, door: Door, ask: Ask) -> dict[str, Any]:
    """Tell the way there and the way back.

    Parameters
    ----------
    prepared : PreparedStudy
    home_xy : ndarray of float64, shape (1, 2)
        [m].
    door : Door
    ask : Ask
        How one travels.

    Returns
    -------
    dict
        As `journey_answer`; ``minutes`` last until one has to be there, or begin when one is free: ``wait_min`` of them
        are spent on the spot.
    """
    if not ask.uses_transit:
        there, back = (_street_way(prepared, ask, *pair) for pair in ((home_xy, door.xy), (door.xy, home_xy)))
        return {
            "there": there
            and {**there, "leave": _clock(door.arrive_s - there["seconds"]), "arrive": _clock(door.arrive_s)},
            "back": back and {**back, "leave": _clock(door.leave_s), "arrive": _clock(door.leave_s + back["seconds"])},
        }
    arrive, leave = Window(door.arrive_s, door.arrive_s), Window(door.leave_s, door.leave_s)
    there_query = ask.query(arrive=arrive, depart=None, percentiles=(50,))
    back_query = ask.query(arrive=None, depart=leave, percentiles=(50,))
    there_trips = explain_query(prepared.network, home_xy, door.xy, there_query)
    back_trips = explain_query(prepared.network, door.xy, home_xy, back_query)
    # Latest leaving for the way there, earliest at home for the way back: the very trips that the times count.
    out = max(there_trips, key=lambda trip: trip.leave_s, default=None)
    home = min(back_trips, key=lambda trip: trip.arrive_s, default=None)
    return {
        "there": out and _told(out, minutes=(door.arrive_s - out.leave_s) / 60, wait_s=door.arrive_s - out.arrive_s),
        "back": home and _told(home, minutes=(home.arrive_s - door.leave_s) / 60, wait_s=home.leave_s - door.leave_s),
    }


def car_round_km(prepared: PreparedStudy, home_xy: np.ndarray, site_xy: np.ndarray, ask: Ask) -> float | None:
    """Kilometres there and back by car along the quickest streets; None where no street leads there or nobody drives.

    Parameters
    ----------
    prepared : PreparedStudy
    home_xy, site_xy : ndarray of float64, shape (1, 2)
        [m].
    ask : Ask

    Returns
    -------
    float or None
        [km].
    """
    by_car = ask.travelling(mode="car")
    try:
        ways = [_street_way(prepared, by_car, *pair) for pair in ((home_xy, site_xy), (site_xy, home_xy))]
    except GeoAccessError:
        return None
    if None in ways:
        return None
    return sum(float(way["metres"]) for way in ways if way) / 1000


def _clock(seconds: float) -> str:
    return format_clock(round(seconds))


def _street_way(prepared: PreparedStudy, ask: Ask, start_xy: np.ndarray, end_xy: np.ndarray) -> dict[str, Any] | None:
    query = ask.query(arrive=None, depart=None, percentiles=(50,))
    path = street_path(
        prepared.network.streets,
        start_xy[0],
        end_xy[0],
        mode=query.on_streets(query.mode),
        speed_kmh=street_speed(query, query.mode),
        max_s=query.max_s,
        limit_m=query.link_limit_m,
        connector_kmh=query.walk_kmh,
    )
    if path.seconds is None:
        return None
    leg = {
        "kind": query.mode,
        "line": "",
        "from": "",
        "to": "",
        "start": "",
        "end": "",
        "minutes": path.seconds / 60,
        "line_xy": _degrees(prepared.network.epsg, path.xy),
    }
    metres = float(np.hypot(*np.diff(path.xy, axis=0).T).sum())
    return {"minutes": path.seconds / 60, "seconds": path.seconds, "metres": metres, "legs": [leg]}


def _told(journey: Journey, *, minutes: float, wait_s: float) -> dict[str, Any]:
    legs = [
        {
            "kind": leg.kind,
            "line": leg.line,
            "direction": leg.direction,
            "from": leg.from_name,
            "to": leg.to_name,
            "start": _clock(leg.start_s),
            "end": _clock(leg.end_s),
            "minutes": (leg.end_s - leg.start_s) / 60,
            "booking": None if leg.booking is None else leg.booking.to_dict(),
            "line_xy": _degrees(journey.epsg, leg.xy),
        }
        for leg in journey.legs
    ]
    return {
        "leave": _clock(journey.leave_s),
        "arrive": _clock(journey.arrive_s),
        "minutes": minutes,
        "wait_min": wait_s / 60,
        "rides": journey.rides,
        "legs": legs,
    }


def _degrees(epsg: int, xy: np.ndarray) -> list[list[float]]:
    lon, lat = Transformer.from_crs(epsg, 4326, always_xy=True).transform(xy[:, 0], xy[:, 1])
    return np.round(np.column_stack((lon, lat)), _DECIMALS).tolist()
