"""Times in order, blanks filled, trips that cannot be ridden dropped: by these rules, each reported.

1. A departure before the arrival of the same call becomes the arrival.
2. A fall of more than 12 h from one call to the next is a forgotten +24:00: it is added from there on, when the trip
   then stays below 48 h.
3. A trip whose times still run backwards loses the fewest times that put it in order, if they are at most one in
   five (at least one): they count as blank. Otherwise the trip is dropped.
4. Calls before the first time and after the last one are dropped.
5. Blanks are interpolated between the times around them along ``shape_dist_traveled`` where the whole trip has it and
   it never falls, else along the straight lines between the stops, else evenly.
6. A trip left with fewer than two calls is dropped.
"""

from __future__ import annotations

import bisect
from dataclasses import replace

import numpy as np

from geo_access.clock import LAST_CLOCK_S
from geo_access.sources.gtfs_notices import NoticeBook
from geo_access.sources.gtfs_stop_times import BLANK, StopTimes

__all__ = ["great_circle_m", "interpolate_blanks", "pick_calls", "repair_stop_times"]

_EARTH_RADIUS_M = 6_371_008.8
_FORGOTTEN_DAY_S = 12 * 3600
_DAY_S = 86_400
_FILE = "stop_times.txt"


def great_circle_m(lon_a: np.ndarray, lat_a: np.ndarray, lon_b: np.ndarray, lat_b: np.ndarray) -> np.ndarray:
    """Distance on the mean sphere [m] between points in degrees (haversine formula).

    Examples
    --------
    >>> round(float(great_circle_m(np.array(3.0), np.array(50.0), np.array(3.0), np.array(51.0))) / 1000)
    111
    """
    a, b = np.radians(lat_a), np.radians(lat_b)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(lon_b - lon_a) / 2) ** 2
    return 2 * _EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))


def repair_stop_times(
    times: StopTimes, lon: np.ndarray, lat: np.ndarray, trip_ids: np.ndarray, notices: NoticeBook
) -> StopTimes:
    """Apply the rules of this module.

    Parameters
    ----------
    times : StopTimes
        With `BLANK` where a time is missing.
    lon, lat : ndarray of float64, shape (n_stops,)
        Degrees.
    trip_ids : ndarray of str
        For the notices.
    notices : NoticeBook

    Returns
    -------
    StopTimes
        Every call with a time; trips that cannot be ridden own no call.
    """
    times = _in_sequence(times, trip_ids, notices)
    times = _cut_edges(times, trip_ids, notices)
    times = _drop_short(times, trip_ids, notices)
    return interpolate_blanks(times, lon, lat, notices)


def pick_calls(times: StopTimes, keep: np.ndarray) -> StopTimes:
    """Return the calls where `keep`, a ndarray of bool, shape (n_calls,), is true; trips stay, some without calls."""
    trip = times.trip()[keep]
    counts = np.bincount(trip, minlength=len(times.trip_indptr) - 1)
    arrays = {
        name: getattr(times, name)[keep]
        for name in (
            "stop", "sequence", "arrival_s", "departure_s", "pickup", "drop_off", "interpolated", "distance", "row",
        )
    }  # fmt: skip
    return StopTimes(trip_indptr=np.concatenate(([0], np.cumsum(counts))).astype(np.int64), **arrays)


def _falls(times: StopTimes) -> tuple[np.ndarray, np.ndarray]:
    """Find the calls that have a time, and among them those earlier than the one timed before them on the trip."""
    timed = np.flatnonzero(times.arrival_s != BLANK)
    trip = times.trip()[timed]
    before = np.concatenate(
        ([False], (np.diff(trip) == 0) & (times.arrival_s[timed][1:] < times.departure_s[timed][:-1]))
    )
    return timed, before[: len(timed)]


def _in_sequence(times: StopTimes, trip_ids: np.ndarray, notices: NoticeBook) -> StopTimes:
    arrival, departure = times.arrival_s.copy(), times.departure_s.copy()
    turned = np.flatnonzero(departure < arrival)
    if len(turned):
        notices.add_rows(
            "stop_time_with_departure_before_arrival_time", "ERROR", _FILE, times.row[turned],
            trip_ids[times.trip()[turned]], action="repaired", message="departure set to the arrival",
        )  # fmt: skip
        departure[turned] = arrival[turned]
    times = replace(times, arrival_s=arrival, departure_s=departure)
    timed, falls = _falls(times)
    if not falls.any():
        return times
    trip_of = times.trip()
    drop = np.zeros(len(arrival), dtype=bool)
    for trip in np.unique(trip_of[timed[falls]]):
        part = slice(times.trip_indptr[trip], times.trip_indptr[trip + 1])
        drop[part] = not _order_one(arrival[part], departure[part], times.row[part], str(trip_ids[trip]), notices)
    return pick_calls(times, ~drop) if drop.any() else times


def _order_one(arrival: np.ndarray, departure: np.ndarray, row: np.ndarray, name: str, notices: NoticeBook) -> bool:
    """Put one trip in order in place; False when it must be dropped."""
    code = "stop_time_with_arrival_before_previous_departure_time"
    timed = np.flatnonzero(arrival != BLANK)
    fall = arrival[timed][1:] - departure[timed][:-1]
    jumps = np.flatnonzero(fall < -_FORGOTTEN_DAY_S)
    if len(jumps) == 1:
        late = timed[jumps[0] + 1 :]
        if int(departure[late].max()) + _DAY_S <= LAST_CLOCK_S:
            arrival[late] += _DAY_S
            departure[late] += _DAY_S
            notices.add(code, "ERROR", _FILE, row=int(row[late[0]]), entity=name, action="repaired",
                        message="the clock falls by more than 12 h: 24:00 added from here on")  # fmt: skip
    wrong = timed[~_longest_run(arrival[timed], departure[timed])]
    if len(wrong) == 0:
        return True
    first = int(row[wrong[0]])
    if len(wrong) > max(1, len(timed) // 5):
        notices.add(code, "ERROR", _FILE, row=first, entity=name, action="dropped",
                    message=f"{len(wrong)} of {len(timed)} times run backwards: the trip was dropped")  # fmt: skip
        return False
    for place in wrong:
        notices.add(code, "ERROR", _FILE, row=int(row[place]), entity=name, action="repaired",
                    message="a time out of order: taken as blank")  # fmt: skip
    arrival[wrong] = BLANK
    departure[wrong] = BLANK
    return True


def _longest_run(arrival: np.ndarray, departure: np.ndarray) -> np.ndarray:
    """Which calls make the longest sequence that never runs backwards (patience sorting on departures).

    Calls are points (arrival ≤ departure); i may precede j when departure_i ≤ arrival_j.
    """
    n = len(arrival)
    tails: list[int] = []
    tail_call: list[int] = []
    previous = np.full(n, -1)
    for j in range(n):
        place = bisect.bisect_right(tails, int(arrival[j]))
        previous[j] = tail_call[place - 1] if place else -1
        if place == len(tails):
            tails.append(int(departure[j]))
            tail_call.append(j)
        elif departure[j] < tails[place]:
            tails[place] = int(departure[j])
            tail_call[place] = j
    kept = np.zeros(n, dtype=bool)
    call = tail_call[-1] if tail_call else -1
    while call >= 0:
        kept[call] = True
        call = int(previous[call])
    return kept


def _cut_edges(times: StopTimes, trip_ids: np.ndarray, notices: NoticeBook) -> StopTimes:
    timed = times.arrival_s != BLANK
    if timed.all():
        return times
    before = np.concatenate(([0], np.cumsum(timed)))
    trip = times.trip()
    start, end = before[times.trip_indptr[:-1]][trip], before[times.trip_indptr[1:]][trip]
    at = np.arange(len(timed))
    edge = ~timed & ((before[at] == start) | (before[at + 1] == end))
    if not edge.any():
        return times
    notices.add_rows(
        "missing_trip_edge", "ERROR", _FILE, times.row[edge], trip_ids[trip[edge]], action="dropped",
        message="no time at the first or last calls of the trip",
    )  # fmt: skip
    return pick_calls(times, ~edge)


def _drop_short(times: StopTimes, trip_ids: np.ndarray, notices: NoticeBook) -> StopTimes:
    counts = np.diff(times.trip_indptr)
    single = np.flatnonzero(counts == 1)
    if len(single) == 0:
        return times
    rows = times.row[times.trip_indptr[single]]
    notices.add_rows(
        "unusable_trip", "WARNING", _FILE, rows, trip_ids[single], action="dropped", message="a trip with one call"
    )
    return pick_calls(times, (counts > 1)[times.trip()])


def _along(times: StopTimes, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Position of each call along its trip: given where given throughout, else straight lines [m]."""
    n = len(times.stop)
    trip = times.trip()
    inner = np.concatenate(([False], np.diff(trip) == 0))[:n]
    step = np.zeros(n)
    a, b = times.stop[:-1], times.stop[1:]
    step[1:] = great_circle_m(lon[a], lat[a], lon[b], lat[b])
    step[~inner] = 0.0
    straight = np.cumsum(step)
    fall = np.concatenate(([False], np.diff(times.distance) < 0))[:n] & inner
    unusable = np.bincount(trip, weights=~np.isfinite(times.distance) | fall, minlength=len(times.trip_indptr) - 1) > 0
    return np.where(unusable[trip], straight, times.distance)


def interpolate_blanks(times: StopTimes, lon: np.ndarray, lat: np.ndarray, notices: NoticeBook) -> StopTimes:
    """Fill blank times between timed calls (rule 5); every trip must start and end with a time.

    Returns
    -------
    StopTimes
        With `interpolated` true where a time was filled in.
    """
    blank = times.arrival_s == BLANK
    if not blank.any():
        return times
    at = np.arange(len(blank))
    low = np.maximum.accumulate(np.where(blank, -1, at))[blank]
    high = np.minimum.accumulate(np.where(blank, len(blank), at)[::-1])[::-1][blank]
    along = _along(times, lon, lat)
    reach = along[high] - along[low]
    even = (at[blank] - low) / (high - low)
    share = np.where(reach > 0, (along[blank] - along[low]) / np.where(reach > 0, reach, 1.0), even)
    span = (times.arrival_s[high] - times.departure_s[low]).astype(np.float64)
    filled = times.departure_s[low] + np.floor(np.clip(share, 0.0, 1.0) * span + 0.5).astype(np.int32)
    arrival, departure = times.arrival_s.copy(), times.departure_s.copy()
    arrival[blank] = filled
    departure[blank] = filled
    notices.add(
        "interpolated_stop_time", "INFO", _FILE, action="repaired", count=int(blank.sum()),
        row=int(times.row[np.flatnonzero(blank)[0]]), message="blank times interpolated between the timed calls",
    )  # fmt: skip
    return replace(times, arrival_s=arrival, departure_s=departure, interpolated=blank)
