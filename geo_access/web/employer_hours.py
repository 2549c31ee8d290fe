"""An employer's hours beyond one shift: which hours nobody is brought for, and which trips more would open them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from geo_access.clock import DAY_S, format_clock, parse_clock
from geo_access.diagnosis.lifts import profile_ask
from geo_access.errors import GeoAccessError
from geo_access.network.model import Network, Timetable
from geo_access.network.timetable.edits import RepeatTrip
from geo_access.network.timetable.scenario import apply_edits
from geo_access.study.prepared import PreparedStudy
from geo_access.times.round_trip import NetworkTimes, RoundTrip, Sites, connect_points, round_trip
from geo_access.web.planner import place_of, site_position
from geo_access.web.questions import EmployerQuestion

__all__ = ["hours_answer", "trips_answer"]

_SLACK_S = 300
# Hours of the day that shifts begin or end at.
_FIRST_H, _LAST_H = 3, 24
_NEAR_M, _WALK_MS = 900.0, 4.8 / 3.6 / 1.3
# Streets are longer than they look.
_MARGIN_S = 180
_MOST_LINES = 12
# Under a tenth of the best hour an hour counts as not served.
_UNSERVED = 0.1

Progress = Callable[[str, float], None]


def _trip(prepared: PreparedStudy, times: NetworkTimes, sites: Sites, question: EmployerQuestion) -> RoundTrip:
    residents, profile = prepared.diagnosis.residents, prepared.profile(question.profile)
    slack_s, max_s = (_SLACK_S, _SLACK_S), max(7200, 60 * question.minutes)
    ask = profile_ask(profile, arrive_s=None, leave_s=None, slack_s=slack_s, max_s=max_s, spread_s=0)
    connection = connect_points(times, residents.xy, sites, ask)
    return round_trip(connection, np.arange(len(residents.point_ids)), sites, ask)


def _at(xy: np.ndarray, start_s: np.ndarray, end_s: np.ndarray) -> Sites:
    n = len(start_s)
    ids, names = np.array([str(k) for k in range(n)], dtype=object), np.array([""] * n, dtype=object)
    return Sites(ids, names, np.repeat(xy, n, axis=0), start_s.astype(np.int64), end_s.astype(np.int64))


def _place(prepared: PreparedStudy, question: EmployerQuestion) -> np.ndarray:
    if question.site is not None:
        return site_position(prepared, "job", question.site)[0]
    return place_of(prepared, float(question.lon or 0.0), float(question.lat or 0.0))


def hours_answer(prepared: PreparedStudy, question: EmployerQuestion) -> dict[str, Any]:
    """Count, hour by hour, who could be there for a shift that begins then, and get home from one that ends then.

    Parameters
    ----------
    prepared : PreparedStudy
    question : EmployerQuestion

    Returns
    -------
    dict
        ``hours`` (``hour``, ``arrive`` and ``leave``: residents, ``unserved_in`` and ``unserved_out``: whether they
        are fewer than a tenth of the best hour), ``everyone``.

    Raises
    ------
    InputError
        For a place outside the territory, an unknown site or public.
    """
    xy, moments = _place(prepared, question), 3600 * np.arange(_FIRST_H, _LAST_H + 1)
    trip = _trip(prepared, prepared.kept.on(prepared.network), _at(xy, moments, moments), question)
    people, limit_s = prepared.diagnosis.residents.population, 60 * question.minutes
    arrive, leave = (people @ (seconds <= limit_s) for seconds in (trip.out_s, trip.back_s))
    if not prepared.profile(question.profile).uses_transit:
        arrive, leave = np.full(len(moments), arrive[0]), np.full(len(moments), leave[0])
    hours = [
        {
            "hour": format_clock(moment),
            "arrive": float(arrive[k]),
            "leave": float(leave[k]),
            "unserved_in": bool(arrive[k] < _UNSERVED * arrive.max()),
            "unserved_out": bool(leave[k] < _UNSERVED * leave.max()),
        }
        for k, moment in enumerate(moments.tolist())
    ]
    return {"hours": hours, "everyone": float(people.sum())}


@dataclass(frozen=True)
class _Try:
    """One line with a trip more each way for a shift."""

    line: str
    name: str
    edits: tuple[RepeatTrip, ...]


def trips_answer(prepared: PreparedStudy, question: EmployerQuestion, progress: Progress) -> dict[str, Any]:
    """Try a trip more each way on every line near a site, at the minutes of its shift; each is applied and recomputed.

    Parameters
    ----------
    prepared : PreparedStudy
    question : EmployerQuestion
    progress : callable
        Called with a stage and the share done, 0–1; may raise, to stop.

    Returns
    -------
    dict
        ``trips`` (``line``, ``starts``: hours of the trips more, ``reached`` and ``gained``: residents), the one that
        opens most first; ``reached`` today.

    Raises
    ------
    InputError
        For a place outside the territory, an unknown site or public.
    """
    start_s, end_s = parse_clock(question.start), parse_clock(question.end)
    end_s = end_s if end_s > start_s else end_s + DAY_S
    xy, network = _place(prepared, question), prepared.network
    people, limit_s = prepared.diagnosis.residents.population, 60 * question.minutes
    sites = _at(xy, np.array([start_s]), np.array([end_s]))

    def reached(times: NetworkTimes) -> np.ndarray:
        trip = _trip(prepared, times, sites, question)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.maximum(trip.out_s, trip.back_s)[:, 0] <= limit_s)

    now = reached(prepared.kept.on(network))
    rides = prepared.profile(question.profile).uses_transit and network.timetable is not None
    tried = _tries(network, xy, start_s - _SLACK_S, end_s + _SLACK_S) if rides else []
    found: list[dict[str, Any]] = []
    for number, one in enumerate(tried):
        progress("diagnose", number / len(tried))
        try:
            after = reached(prepared.kept.passing(apply_edits(network, list(one.edits))))
        except GeoAccessError:
            # A trip that would begin before the service day, or twice at the same minute, is no offer.
            continue
        starts = [edit.start for edit in one.edits]
        gained = float(people[after & ~now].sum())
        found.append({"line": one.name, "starts": starts, "reached": float(people[after].sum()), "gained": gained})
    found.sort(key=lambda row: float(row["gained"]), reverse=True)
    return {"trips": found, "reached": float(people[now].sum())}


def _tries(network: Network, xy: np.ndarray, due_s: int, free_s: int) -> list[_Try]:
    """Lines that call near a site, the busiest first, each with trips that meet the shift there and back."""
    timetable = network.timetable
    assert timetable is not None  # noqa: S101 — asked only where vehicles run
    away_m = np.hypot(timetable.stop_x - xy[0, 0], timetable.stop_y - xy[0, 1])
    calls = np.flatnonzero(away_m[timetable.event_stop] <= _NEAR_M)
    trip_of = np.searchsorted(timetable.trip_indptr, calls, side="right") - 1
    today = timetable.trip_day[trip_of] == 0
    calls, trip_of = calls[today], trip_of[today]
    lines, counts = np.unique(timetable.trip_route[trip_of], return_counts=True)
    found = []
    for line in lines[np.argsort(-counts, kind="stable")][:_MOST_LINES].tolist():
        mine = timetable.trip_route[trip_of] == line
        edits = _meeting(timetable, calls[mine], trip_of[mine], away_m, due_s, free_s)
        if edits:
            found.append(_Try(str(timetable.route_id[line]), str(timetable.route_name[line]), edits))
    return found


def _meeting(
    timetable: Timetable, calls: np.ndarray, trips: np.ndarray, away_m: np.ndarray, due_s: int, free_s: int
) -> tuple[RepeatTrip, ...]:
    """Trips of a line repeated so as to arrive in time for a shift, and to leave after it, one a direction and way."""
    walk_s = (away_m[timetable.event_stop[calls]] / _WALK_MS).astype(np.int64) + _MARGIN_S
    last = timetable.event_stop[timetable.trip_indptr[trips + 1] - 1]
    begins = timetable.event_departure_s[timetable.trip_indptr[trips]].astype(np.int64)
    moves = (
        (due_s - walk_s - timetable.event_arrival_s[calls], -1),
        (free_s + walk_s - timetable.event_departure_s[calls], 1),
    )
    found: dict[str, RepeatTrip] = {}
    for direction in np.unique(last).tolist():
        for move_s, side in moves:
            mine = np.flatnonzero(last == direction)
            mine = mine[walk_s[mine] == walk_s[mine].min()]
            nearest = mine[np.argmin(np.abs(move_s[mine]))]
            start_s = int(begins[nearest] + move_s[nearest])
            minute = start_s // 60 if side < 0 else -(-start_s // 60)
            if minute >= 0 and move_s[nearest] != 0:
                clock = format_clock(60 * minute)
                found.setdefault(f"{direction} {clock}", RepeatTrip(str(timetable.trip_id[trips[nearest]]), clock))
    return tuple(found.values())
