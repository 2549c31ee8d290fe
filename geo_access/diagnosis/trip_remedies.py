"""One more trip on a line: which to try for a zone, and the network with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from geo_access.clock import format_clock
from geo_access.network.model import Network, Timetable
from geo_access.network.timetable.scenario import RepeatTrip, apply_edits
from geo_access.times.round_trip import NetworkTimes, TimesSource
from geo_access.words.told import refusal

__all__ = ["trip_scenarios"]

# Walk between the stop and the door, and time to change when the line does not go all the way.
_WALK_S = 600
_CHANGE_S = 1800


@dataclass(frozen=True)
class _Candidate:
    """A trip to run once more: how far off its usual hour, and whether it needs no change."""

    direct: bool
    shift_s: int
    trip: int
    start_s: int


def _near(timetable: Timetable, xy: np.ndarray, reach_m: float) -> np.ndarray:
    """Mark the stops within a straight line of any of the points, bool (n_stops,)."""
    near = np.zeros(timetable.n_stops, dtype=bool)
    for x, y in xy:
        near |= np.hypot(timetable.stop_x - x, timetable.stop_y - y) <= reach_m
    return near


def _pattern(timetable: Timetable, trip: int, start: np.ndarray, end: np.ndarray) -> tuple[int, int, bool] | None:
    """Events at which one boards near `start` and alights, and whether that is near `end`; None without any."""
    first, stop = int(timetable.trip_indptr[trip]), int(timetable.trip_indptr[trip + 1])
    calls = timetable.event_stop[first:stop]
    from_here = np.flatnonzero(start[calls] & timetable.event_board[first:stop])
    to_there = np.flatnonzero(end[calls] & timetable.event_alight[first:stop])
    if len(from_here) and len(to_there) and from_here[0] < to_there[-1]:
        before = from_here[from_here < to_there[-1]]
        return first + int(before[-1]), first + int(to_there[-1]), True
    if len(from_here) and from_here[0] < len(calls) - 1:
        return first + int(from_here[0]), stop - 1, False
    if len(to_there) and to_there[-1] > 0:
        return first, first + int(to_there[-1]), False
    return None


def _candidates(
    timetable: Timetable, homes: np.ndarray, sites: np.ndarray, arrive_s: int, leave_s: int
) -> Iterator[tuple[tuple[int, bool], _Candidate]]:
    """Yield, for each trip of the day near the zone or the sites, its copy for the way there and the way back."""
    for trip in np.flatnonzero(timetable.trip_day == 0).tolist():
        usual_s = int(timetable.event_departure_s[timetable.trip_indptr[trip]])
        for homeward, start, end in ((False, homes, sites), (True, sites, homes)):
            found = _pattern(timetable, trip, start, end)
            if found is None:
                continue
            board, alight, direct = found
            spare_s = _WALK_S if direct else _CHANGE_S
            if homeward:
                shift_s = leave_s + spare_s - int(timetable.event_departure_s[board])
            else:
                shift_s = arrive_s - spare_s - int(timetable.event_arrival_s[alight])
            if usual_s + shift_s >= 0:
                key = (int(timetable.trip_route[trip]), homeward)
                yield key, _Candidate(direct, abs(shift_s), trip, usual_s + shift_s)


def trip_scenarios(
    network: Network,
    home_xy: np.ndarray,
    site_xy: np.ndarray,
    *,
    arrive_s: int,
    leave_s: int,
    reach_m: float = 1200.0,
    most: int = 8,
) -> dict[str, TimesSource]:
    """Propose one earlier or later trip on each line that serves a zone or the sites, as networks to recompute with.

    A trip of the line is run once more, moved so as to be at the site in time, or to leave after the end. Lines that go
    all the way come first, then those whose trips move least.

    Parameters
    ----------
    network : Network
        With a timetable.
    home_xy, site_xy : ndarray of float64, shapes (n_points, 2), (n_sites, 2)
        Metric CRS [m].
    arrive_s, leave_s : int
        Latest arrival and earliest departure at the site [s].
    reach_m : float
        Straight-line distance within which a stop is near [m].
    most : int
        Most scenarios given back.

    Returns
    -------
    dict of str to TimesSource
        By words: "303: 04:20". For `find_remedies`.

    Raises
    ------
    InputError
        When the network has no timetable.
    """
    timetable = network.timetable
    if timetable is None:
        raise refusal("no_timetable_gtfs")
    homes, sites = _near(timetable, home_xy, reach_m), _near(timetable, site_xy, reach_m)
    best: dict[tuple[int, bool], _Candidate] = {}
    for key, candidate in _candidates(timetable, homes, sites, arrive_s, leave_s):
        known = best.get(key)
        if known is None or (not candidate.direct, candidate.shift_s) < (not known.direct, known.shift_s):
            best[key] = candidate
    ranked = sorted(best.items(), key=lambda item: (not item[1].direct, item[1].shift_s, item[0]))
    found: dict[str, TimesSource] = {}
    for (route, _), candidate in ranked[:most]:
        start = format_clock(candidate.start_s)
        edit = RepeatTrip(str(timetable.trip_id[candidate.trip]), _clock(candidate.start_s))
        edited = apply_edits(network, [edit])
        headsign = str(timetable.trip_headsign[candidate.trip])
        towards = f" → {headsign}" if headsign else ""
        found[f"{timetable.route_name[route]}: {start}{towards}"] = NetworkTimes(edited)
    return found


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
