"""The employer's door: who can come for a shift and get home, by zone and public, never by address."""

from __future__ import annotations

from typing import Any

import numpy as np

from geo_access.clock import DAY_S, format_clock, parse_clock
from geo_access.diagnosis.lifts import profile_ask
from geo_access.diagnosis.model import Profile
from geo_access.errors import InputError
from geo_access.study.prepared import PreparedStudy
from geo_access.times.round_trip import NetworkTimes, Sites, connect_points, round_trip
from geo_access.web.planner import place_of, site_position
from geo_access.web.questions import EmployerQuestion

__all__ = ["SHIFTS_MIN", "employer_answer"]

# Shifts of the hours that are tried [min].
SHIFTS_MIN = (-60, -30, -15, 15, 30, 60)
_SLACK_S = 300


def employer_answer(prepared: PreparedStudy, question: EmployerQuestion) -> dict[str, Any]:
    """Share of each zone's residents who can be at a site for a shift and get home, and what other hours would open.

    Returns
    -------
    dict
        ``zones`` (zone, name, residents, share), ``reached`` and ``everyone`` (residents), ``publics`` (reached by
        public), ``shifts`` (minutes, start, end, residents reached and gained).

    Raises
    ------
    InputError
        For hours that are empty or a place outside the territory.
    """
    start_s, end_s = parse_clock(question.start), parse_clock(question.end)
    if start_s == end_s:
        raise InputError("the shift starts and ends at the same time → give the hours worked", key="web.empty_shift")
    end_s = end_s if end_s > start_s else end_s + DAY_S
    if question.site is not None:
        xy, name = site_position(prepared, "job", question.site)
    else:
        xy, name = place_of(prepared, float(question.lon or 0.0), float(question.lat or 0.0)), ""
    chosen = prepared.profile(question.profile)
    within = _within(prepared, chosen, xy, start_s, end_s, question.minutes, SHIFTS_MIN)
    residents = prepared.diagnosis.residents
    now = within[0]
    reached = float(residents.population[now].sum())
    publics = [
        {
            "profile": profile.id,
            "name": profile.name,
            "reached": float(
                residents.population[_within(prepared, profile, xy, start_s, end_s, question.minutes, ())[0]].sum()
            ),
        }
        for profile in prepared.profiles
        if profile.id != chosen.id
    ]
    shifts = [
        {
            "minutes": shift,
            "start": format_clock(start_s + 60 * shift),
            "end": format_clock(end_s + 60 * shift),
            "reached": float(residents.population[mask].sum()),
            "gained": float(residents.population[mask & ~now].sum()),
            "lost": float(residents.population[now & ~mask].sum()),
        }
        for shift, mask in zip(_usable(start_s, SHIFTS_MIN), within[1:], strict=True)
    ]
    return {
        "name": name,
        "reached": reached,
        "everyone": float(residents.population.sum()),
        "publics": [{"profile": chosen.id, "name": chosen.name, "reached": reached}, *publics],
        "zones": _zones(prepared, now),
        "shifts": shifts,
    }


def _usable(start_s: int, shifts: tuple[int, ...]) -> list[int]:
    """Shifts that do not start before the day."""
    return [shift for shift in shifts if start_s + 60 * shift - _SLACK_S >= 0]


def _within(
    prepared: PreparedStudy,
    profile: Profile,
    xy: np.ndarray,
    start_s: int,
    end_s: int,
    minutes: int,
    shifts: tuple[int, ...],
) -> list[np.ndarray]:
    """Who gets there and back in time, bool (n_points,): at these hours, then with each usable shift of them."""
    residents = prepared.diagnosis.residents
    tried = [0, *_usable(start_s, shifts)] if profile.uses_transit else [0]
    moved_s = 60 * np.array(tried, np.int64)
    sites = Sites(
        np.array([str(shift) for shift in tried], dtype=object),
        np.array([""] * len(tried), dtype=object),
        np.repeat(xy, len(tried), axis=0),
        start_s + moved_s,
        end_s + moved_s,
    )
    ask = profile_ask(
        profile, arrive_s=None, leave_s=None, slack_s=(_SLACK_S, _SLACK_S), max_s=max(7200, 60 * minutes), spread_s=0
    )
    connection = connect_points(NetworkTimes(prepared.network), residents.xy, sites, ask)
    trip = round_trip(connection, np.arange(len(residents.point_ids)), sites, ask)
    with np.errstate(invalid="ignore"):
        inside = np.maximum(trip.out_s, trip.back_s) <= 60 * minutes
    masks = [np.asarray(inside[:, column]) for column in range(len(tried))]
    return masks if profile.uses_transit else masks * (1 + len(_usable(start_s, shifts)))


def _zones(prepared: PreparedStudy, mask: np.ndarray) -> list[dict[str, Any]]:
    residents = prepared.diagnosis.residents
    weights = residents.weights
    inside = np.asarray(weights @ mask.astype(np.float64)).ravel()
    everyone = np.asarray(weights.sum(axis=1)).ravel()
    return [
        {
            "row": row,
            "zone": str(residents.zone_ids[row]),
            "name": str(residents.zone_names[row]),
            "kind": str(residents.zone_kinds[row]),
            "residents": float(everyone[row]),
            "share": float(inside[row] / everyone[row]) if everyone[row] > 0 and not prepared.held_back[row] else None,
        }
        for row in range(len(everyone))
    ]
