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

Checks over a whole feed: what is never used, and speeds that no vehicle reaches.
"""

from __future__ import annotations

import bisect
from dataclasses import replace

import numpy as np

from geo_access.arrays import begins_run, indptr_of, indptr_of_rows
from geo_access.clock import LAST_CLOCK_S
from geo_access.sources.gtfs.cells import WEEKDAYS
from geo_access.sources.gtfs.clocks import BLANK
from geo_access.sources.gtfs.model import Feed
from geo_access.sources.gtfs.notices import Notice, NoticeBook
from geo_access.sources.gtfs.positions import great_circle_m
from geo_access.sources.gtfs.stop_times import StopTimes
from geo_access.words.note import note

__all__ = ["check_feed", "fastest_kmh", "interpolate_blanks", "pick_calls", "repair_stop_times"]

_FORGOTTEN_DAY_S = 12 * 3600
_DAY_S = 86_400
_FILE = "stop_times.txt"


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
    arrays = {
        name: getattr(times, name)[keep]
        for name in (
            "stop",
            "sequence",
            "arrival_s",
            "departure_s",
            "pickup",
            "drop_off",
            "interpolated",
            "distance",
            "row",
        )
    }
    return StopTimes(trip_indptr=indptr_of_rows(trip, len(times.trip_indptr) - 1), **arrays)


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
            Notice(
                "stop_time_with_departure_before_arrival_time",
                "ERROR",
                _FILE,
                action="repaired",
                says=note("gtfs.departure_before_arrival"),
            ),
            times.row[turned],
            trip_ids[times.trip()[turned]],
        )
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
            said = note("gtfs.forgotten_day")
            notices.add(Notice(code, "ERROR", _FILE, int(row[late[0]]), name, action="repaired", says=said))
    wrong = timed[~_longest_run(arrival[timed], departure[timed])]
    if len(wrong) == 0:
        return True
    first = int(row[wrong[0]])
    if len(wrong) > max(1, len(timed) // 5):
        said = note("gtfs.trip_backwards", n=len(wrong), total=len(timed))
        notices.add(Notice(code, "ERROR", _FILE, first, name, action="dropped", says=said, count=len(arrival)))
        return False
    said = note("gtfs.time_out_of_order")
    for place in wrong:
        notices.add(Notice(code, "ERROR", _FILE, int(row[place]), name, action="repaired", says=said))
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
    before = indptr_of(timed)
    trip = times.trip()
    start, end = before[times.trip_indptr[:-1]][trip], before[times.trip_indptr[1:]][trip]
    at = np.arange(len(timed))
    edge = ~timed & ((before[at] == start) | (before[at + 1] == end))
    if not edge.any():
        return times
    notices.add_rows(
        Notice("missing_trip_edge", "ERROR", _FILE, action="dropped", says=note("gtfs.edge_without_time")),
        times.row[edge],
        trip_ids[trip[edge]],
    )
    return pick_calls(times, ~edge)


def _drop_short(times: StopTimes, trip_ids: np.ndarray, notices: NoticeBook) -> StopTimes:
    counts = np.diff(times.trip_indptr)
    single = np.flatnonzero(counts == 1)
    if len(single) == 0:
        return times
    rows = times.row[times.trip_indptr[single]]
    notices.add_rows(
        Notice("unusable_trip", "WARNING", _FILE, action="dropped", says=note("gtfs.one_call")), rows, trip_ids[single]
    )
    return pick_calls(times, (counts > 1)[times.trip()])


def _along(times: StopTimes, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Position of each call along its trip: given where given throughout, else straight lines [m]."""
    n = len(times.stop)
    trip = times.trip()
    inner = ~begins_run(trip)
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
        Notice(
            "interpolated_stop_time",
            "INFO",
            _FILE,
            row=int(times.row[np.flatnonzero(blank)[0]]),
            action="repaired",
            says=note("gtfs.interpolated"),
            count=int(blank.sum()),
        )
    )
    return replace(times, arrival_s=arrival, departure_s=departure, interpolated=blank)


# Limits of the canonical validator (fast_travel_between_consecutive_stops).
_FASTEST_KMH = {0: 100, 1: 150, 2: 500, 3: 150, 4: 80, 5: 30, 6: 50, 7: 50, 11: 150, 12: 150}
# Extended route types, by their hundred.
_EXTENDED = {1: 2, 2: 3, 4: 1, 5: 1, 6: 1, 7: 3, 8: 11, 9: 0, 10: 4, 12: 4, 13: 6, 14: 7, 15: 3}
# Timetables are written to the minute: a hop may really take a minute more.
_ROUNDING_S = 60
_FAR_M = 10_000.0


def fastest_kmh(route_type: np.ndarray) -> np.ndarray:
    """Highest believable speed of each route type [km/h]; extended types by their family.

    Examples
    --------
    >>> fastest_kmh(np.array([3, 2, 702, 900])).tolist()
    [150.0, 500.0, 150.0, 100.0]
    """
    plain = [int(kind) if kind < 100 else _EXTENDED.get(int(kind) // 100, 2) for kind in route_type]
    return np.array([float(_FASTEST_KMH.get(kind, 500)) for kind in plain])


def check_feed(feed: Feed, notices: NoticeBook) -> None:
    """Add the notices that need several tables at once.

    Parameters
    ----------
    feed : Feed
    notices : NoticeBook
    """
    _unused(feed, notices)
    _references(feed, notices)
    _speeds(feed, notices)
    _on_demand(feed, notices)
    _not_used(feed, notices)
    _never(feed, notices)


def _unused(feed: Feed, notices: NoticeBook) -> None:
    trips, stops = feed.trips, feed.stops
    known_short = {n.entity for n in notices.found if n.code in ("unusable_trip", "time_beyond_48_hours")}
    empty = np.diff(feed.stop_times.trip_indptr) == 0
    named = trips["trip_id"].to_numpy()
    empty[[trip.trip for trip in feed.flex]] = False
    empty &= np.array([name not in known_short for name in named], dtype=bool)
    if empty.any():
        notices.add_rows(
            Notice("unused_trip", "WARNING", "trips.txt", action="dropped", says=note("gtfs.trip_without_call")),
            trips["row"].to_numpy()[empty],
            named[empty],
        )
    called = np.bincount(feed.stop_times.stop, minlength=len(stops)) > 0
    called[[stop for trip in feed.flex for call in trip.calls for stop in call.place.stops]] = True
    idle = ~called & (stops["location_type"] == 0).to_numpy()
    if idle.any():
        notices.add_rows(
            Notice(
                "stop_without_stop_time", "WARNING", "stops.txt", action="dropped", says=note("gtfs.stop_without_trip")
            ),
            stops["row"].to_numpy()[idle],
            stops["stop_id"].to_numpy()[idle],
        )
    misplaced = called & (stops["location_type"] != 0).to_numpy() & (stops["location_type"] != 4).to_numpy()
    if misplaced.any():
        notices.add_rows(
            Notice(
                "location_with_unexpected_stop_time",
                "ERROR",
                "stops.txt",
                action="kept",
                says=note("gtfs.call_at_station"),
            ),
            stops["row"].to_numpy()[misplaced],
            stops["stop_id"].to_numpy()[misplaced],
        )


def _references(feed: Feed, notices: NoticeBook) -> None:
    stops, trips = feed.stops, feed.trips
    orphan = (stops["parent_station"] != "").to_numpy(dtype=bool)
    if orphan.any():
        orphan = orphan & ~stops["parent_station"].isin(set(stops["stop_id"])).to_numpy()
    services = {*feed.calendar["service_id"].unique(), *feed.calendar_dates["service_id"].unique()}
    never = ~trips["service_id"].isin(services).to_numpy()
    for frame, file, mask, column, action, says in (
        (stops, "stops.txt", orphan, "parent_station", "repaired", "lost_station"),
        (trips, "trips.txt", never, "service_id", "dropped", "lost_service"),
    ):
        if mask.any():
            notices.add_rows(
                Notice("foreign_key_violation", "ERROR", file, action=action, says=note(f"gtfs.{says}")),
                frame["row"].to_numpy()[mask],
                frame[column].to_numpy()[mask],
            )


def _speeds(feed: Feed, notices: NoticeBook) -> None:
    times, stops = feed.stop_times, feed.stops
    if len(times.stop) < 2:
        return
    trip = times.trip()
    lon, lat = stops["stop_lon"].to_numpy(), stops["stop_lat"].to_numpy()
    a, b = times.stop[:-1], times.stop[1:]
    hop_m = np.where(np.diff(trip) == 0, great_circle_m(lon[a], lat[a], lon[b], lat[b]), 0.0)
    took_s = times.arrival_s[1:] - times.departure_s[:-1] + _ROUNDING_S
    place = {route: index for index, route in enumerate(feed.routes["route_id"])}
    route = np.array([place[name] for name in feed.trips["route_id"]], dtype=np.int64)
    limit = fastest_kmh(feed.routes["route_type"].to_numpy())[route][trip[1:]] / 3.6
    fast = np.flatnonzero((np.diff(trip) == 0) & (hop_m > limit * took_s))
    if len(fast) == 0:
        return
    ids, names = stops["stop_id"].to_numpy(), feed.trips["trip_id"].to_numpy()
    # One notice per pair of stops: the trips of a line repeat the same hop.
    pair = times.stop[fast].astype(np.int64) * len(stops) + times.stop[fast + 1]
    _, first, counts = np.unique(pair, return_index=True, return_counts=True)
    for call, count in zip(fast[first], counts, strict=True):
        far = hop_m[call] > _FAR_M
        notices.add(
            Notice(
                "fast_travel_between_far_stops" if far else "fast_travel_between_consecutive_stops",
                "WARNING",
                "stop_times.txt",
                int(times.row[call + 1]),
                f"{ids[times.stop[call]]} → {ids[times.stop[call + 1]]}",
                action="kept",
                says=note(
                    "gtfs.fast",
                    km=f"{hop_m[call] / 1000:.1f}",
                    s=int(took_s[call] - _ROUNDING_S),
                    trip=str(names[trip[call]]),
                ),
                count=int(count),
            )
        )


def _on_demand(feed: Feed, notices: NoticeBook) -> None:
    times = feed.stop_times
    booked = (times.pickup >= 2) | (times.drop_off >= 2)
    if booked.any():
        trips = np.unique(times.trip()[booked])
        names = feed.trips["trip_id"].to_numpy()[trips]
        notices.add(
            Notice(
                "on_demand_trip",
                "INFO",
                "stop_times.txt",
                int(times.row[np.flatnonzero(booked)[0]]),
                str(names[0]),
                action="kept",
                says=note("gtfs.on_demand"),
                count=len(trips),
            )
        )


def _not_used(feed: Feed, notices: NoticeBook) -> None:
    """Name what a feed says and nothing here reads, and why."""
    stops, routes = feed.stops, feed.routes
    zone = stops["stop_timezone"].to_numpy() if "stop_timezone" in stops else np.full(len(stops), "", dtype=object)
    hailed = np.zeros(len(routes), dtype=bool)
    for column in ("continuous_pickup", "continuous_drop_off"):
        if column in routes:
            hailed |= routes[column].isin(("0", "2", "3")).to_numpy()
    for frame, file, mask, code, column, says in (
        (stops, "stops.txt", (zone != "") & (zone != feed.zone), "stop_timezone_not_used", "stop_id", "stop_timezone"),
        (stops, "stops.txt", (stops["location_type"] == 2).to_numpy(), "entrance_not_used", "stop_id", "entrance"),
        (routes, "routes.txt", hailed, "continuous_stopping_not_used", "route_id", "hailing"),
    ):
        if mask.any():
            first = int(np.flatnonzero(mask)[0])
            notices.add(
                Notice(
                    code,
                    "INFO",
                    file,
                    int(frame["row"].iloc[first]),
                    str(frame[column].iloc[first]),
                    action="kept",
                    says=note(f"gtfs.{says}"),
                    count=int(mask.sum()),
                )
            )


def _never(feed: Feed, notices: NoticeBook) -> None:
    """Say of which trips no day of the calendars holds the service, and when that is so of all."""
    known = {*feed.calendar["service_id"], *feed.calendar_dates["service_id"]}
    running = _running(feed)
    services = feed.trips["service_id"].to_numpy()
    rides = np.diff(feed.stop_times.trip_indptr) > 1
    if running.isdisjoint(services[rides]):
        notices.add(
            Notice(
                "no_running_day", "ERROR", "trips.txt", action="kept", says=note("gtfs.never"), count=len(feed.trips)
            )
        )
        return
    idle = [k for k in np.flatnonzero(rides) if services[k] in known and services[k] not in running]
    if idle:
        notices.add(
            Notice(
                "service_never_runs",
                "WARNING",
                "trips.txt",
                int(feed.trips["row"].iloc[idle[0]]),
                str(services[idle[0]]),
                action="kept",
                says=note("gtfs.service_never_runs"),
                count=len(idle),
            )
        )


def _running(feed: Feed) -> set[str]:
    """Services that run on one day at least: marked and not taken away, or added."""
    weekly, dated = feed.calendar, feed.calendar_dates
    running = set(dated.loc[dated["exception_type"] == 1, "service_id"])
    taken = dated[dated["exception_type"] == 2].groupby("service_id")["date"]
    removed = {name: part.to_numpy("datetime64[D]") for name, part in taken}
    marked = weekly[list(WEEKDAYS)].to_numpy(dtype=bool)
    first, last = (weekly[name].to_numpy("datetime64[D]") for name in ("start_date", "end_date"))
    for row in np.flatnonzero(marked.any(axis=1)):
        name = weekly["service_id"].iloc[row]
        days = int(np.busday_count(first[row], last[row] + 1, weekmask=marked[row]))
        off = removed.get(name)
        if off is not None:
            off = off[(off >= first[row]) & (off <= last[row])]
            days -= int(np.is_busday(off, weekmask=marked[row]).sum())
        if days > 0:
            running.add(name)
    return running
