"""Trips of the adviser's sheet, step by step: the minutes of the steps add up to the minutes of the way."""

from __future__ import annotations

from typing import Any

import numpy as np

from geo_access.clock import format_clock
from geo_access.diagnosis.diagnose import OWN_HOURS, DiagnosedCase, Diagnosis
from geo_access.diagnosis.model import Profile, Schedule
from geo_access.network.model import Network
from geo_access.routing.journeys import Journey, Leg, explain_query
from geo_access.routing.query import Window
from geo_access.times.round_trip import Sites
from geo_access.words.told import refusal
from geo_access.words.words import text

__all__ = ["site_named", "told_trip", "whole_minutes", "written_steps"]

_USUAL_SLACK_S = 300


def whole_minutes(seconds: float) -> int:
    """Minutes as they are told, never none.

    Examples
    --------
    >>> whole_minutes(20), whole_minutes(1499)
    (1, 25)
    """
    return max(1, round(float(seconds) / 60))


def site_named(sites: Sites, site: int, language: str) -> str:
    """Name a site, with its shift where it has hours of its own: an employer with two shifts stands twice.

    Parameters
    ----------
    sites : Sites
    site : int
    language : str

    Examples
    --------
    >>> column = np.array(["e"], object)
    >>> shifts = Sites(column, column, np.zeros((1, 2)), np.array([18_000]), np.array([46_800]))
    >>> site_named(shifts, 0, "en")
    'e (from 05:00 to 13:00)'
    """
    name = str(sites.names[site])
    if sites.start_s is None or sites.end_s is None:
        return name
    start, end = (format_clock(int(moment[site])) for moment in (sites.start_s, sites.end_s))
    return f"{name} ({text('person.hours', language, start=start, end=end)})"


def told_trip(
    network: Network, diagnosis: Diagnosis, case: DiagnosedCase, site: int, *, schedule: Schedule | None, language: str
) -> dict[str, Any]:
    """Tell one site, its hours, and the trips there and back.

    Parameters
    ----------
    network : Network
    diagnosis : Diagnosis
        Of one person.
    case : DiagnosedCase
    site : int
        Column of the times.
    schedule : Schedule or None
        Hours of sites that have none of their own.
    language : str

    Returns
    -------
    dict
        ``name``, ``hours``, ``ways``: each with ``way``, ``minutes`` and ``steps``.

    Raises
    ------
    InputError
        When neither the site nor the study says its hours.
    """
    sites = diagnosis.sites[case.kind]
    times = diagnosis.times[case.profile.id, case.kind, case.schedule if case.kind == "training" else OWN_HOURS]
    before_s, after_s = _USUAL_SLACK_S, _USUAL_SLACK_S
    if sites.start_s is not None and sites.end_s is not None:
        start_s, end_s = int(sites.start_s[site]), int(sites.end_s[site])
    elif schedule is not None:
        before_s, after_s = round(schedule.slack_before_min * 60), round(schedule.slack_after_min * 60)
        start_s, end_s = schedule.arrive_s + before_s, schedule.leave_s - after_s
    else:
        raise refusal("report.no_schedule", schedule=case.schedule)
    home, door = diagnosis.residents.xy[:1], sites.xy[site : site + 1]
    there = Window(start_s - before_s, start_s - before_s)
    back = Window(end_s + after_s, end_s + after_s)
    took = {"there": float(times.out_s[0, site]), "back": float(times.back_s[0, site])}
    ways = [
        _way(network, case.profile, (home, door), arrive=there, took_s=took["there"], language=language),
        _way(network, case.profile, (door, home), depart=back, took_s=took["back"], language=language),
    ]
    hours = text("person.hours", language, start=format_clock(start_s), end=format_clock(end_s))
    return {"name": str(sites.names[site]), "hours": hours, "ways": ways}


def _way(
    network: Network,
    profile: Profile,
    ends_xy: tuple[np.ndarray, np.ndarray],
    *,
    arrive: Window | None = None,
    depart: Window | None = None,
    took_s: float,
    language: str,
) -> dict[str, Any]:
    """Tell one way: its minutes, and its steps where it boards vehicles."""
    told: dict[str, Any] = {
        "way": "back" if arrive is None else "there",
        "minutes": whole_minutes(took_s),
        "steps": [],
    }
    if not profile.uses_transit or network.timetable is None or profile.mode == "park_and_ride":
        return told
    journeys = explain_query(network, *ends_xy, profile.query(depart=depart, arrive=arrive))
    if not journeys:
        return told
    # The very trips that the times count: the latest that arrives in time, the earliest at home.
    if arrive is not None:
        chosen = max(journeys, key=lambda journey: journey.leave_s)
        from_s, until_s = chosen.leave_s, arrive.start_s
    else:
        chosen = min(journeys, key=lambda journey: journey.arrive_s)
        from_s, until_s = (chosen.leave_s if depart is None else depart.start_s), chosen.arrive_s
    told["steps"] = written_steps(chosen, from_s, until_s, language=language)
    told["minutes"] = _minute(until_s) - _minute(from_s)
    return told


def _minute(seconds: float) -> int:
    """Minute that a clock shows: differences of shown clocks are what a reader adds up."""
    return int(seconds // 60)


def written_steps(journey: Journey, from_s: float, until_s: float, *, language: str = "fr") -> list[str]:
    """Write one line for each leg and for each wait, and the arrival.

    Parameters
    ----------
    journey : Journey
    from_s, until_s : float
        When the way begins (at the place that one leaves) and ends (ready for the hours) [s]: waits before the first
        leg and after the last are told too.
    language : str

    Returns
    -------
    list of str
        The minutes in the lines add up to the minutes between the clocks of `from_s` and `until_s`.
    """
    lines, now_s = [], from_s
    for leg in journey.legs:
        wait = _minute(leg.start_s) - _minute(now_s)
        if wait > 0:
            lines.append(text("person.leg.wait", language, start=format_clock(now_s), minutes=wait))
        length = _minute(leg.end_s) - _minute(leg.start_s)
        if leg.kind in ("ride", "on_demand") or length > 0:
            lines.append(_step(leg, length, language))
        now_s = leg.end_s
    lines.append(text("person.leg.arrive", language, end=format_clock(journey.arrive_s)))
    rest = _minute(until_s) - _minute(now_s)
    if rest > 0:
        lines.append(text("person.leg.rest", language, minutes=rest, end=format_clock(until_s)))
    return lines


def _step(leg: Leg, length: int, language: str) -> str:
    start, end = format_clock(leg.start_s), format_clock(leg.end_s)
    if leg.kind == "ride":
        direction = text("person.leg.direction", language, name=leg.direction) if leg.direction else ""
        return text(
            "person.leg.ride",
            language,
            start=start,
            line=leg.line,
            direction=direction,
            minutes=length,
            origin=leg.from_name,
            target=leg.to_name,
            end=end,
        )
    to = text("person.leg.to", language, name=leg.to_name) if leg.to_name else ""
    if leg.kind == "on_demand":
        origin = text("person.leg.from", language, name=leg.from_name) if leg.from_name else ""
        booking = "" if leg.booking is None else leg.booking.told(language)
        booked = text("person.leg.booking", language, booking=booking) if booking else ""
        return text(
            "person.leg.on_demand",
            language,
            start=start,
            line=leg.line,
            origin=origin,
            to=to,
            end=end,
            minutes=length,
            booking=booked,
        )
    return text(f"person.leg.{leg.kind}", language, start=start, minutes=length, to=to)
