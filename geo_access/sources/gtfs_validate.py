"""Checks over a whole feed: what is never used, and speeds that no vehicle reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_access.sources.gtfs_notices import NoticeBook
from geo_access.sources.gtfs_repair import great_circle_m

if TYPE_CHECKING:
    from geo_access.sources.gtfs import Feed

__all__ = ["check_feed", "fastest_kmh"]

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


def _unused(feed: Feed, notices: NoticeBook) -> None:
    trips, stops = feed.trips, feed.stops
    known_short = {n.entity for n in notices.found if n.code in ("unusable_trip", "time_beyond_48_hours")}
    empty = np.diff(feed.stop_times.trip_indptr) == 0
    named = trips["trip_id"].to_numpy()
    empty &= np.array([name not in known_short for name in named], dtype=bool)
    if empty.any():
        notices.add_rows(
            "unused_trip", "WARNING", "trips.txt", trips["row"].to_numpy()[empty], named[empty], action="dropped",
            message="no usable call in stop_times.txt",
        )  # fmt: skip
    called = np.bincount(feed.stop_times.stop, minlength=len(stops)) > 0
    idle = ~called & (stops["location_type"] == 0).to_numpy()
    if idle.any():
        notices.add_rows(
            "stop_without_stop_time", "WARNING", "stops.txt", stops["row"].to_numpy()[idle],
            stops["stop_id"].to_numpy()[idle], action="dropped", message="no trip calls there",
        )  # fmt: skip
    misplaced = called & (stops["location_type"] != 0).to_numpy() & (stops["location_type"] != 4).to_numpy()
    if misplaced.any():
        notices.add_rows(
            "location_with_unexpected_stop_time", "ERROR", "stops.txt", stops["row"].to_numpy()[misplaced],
            stops["stop_id"].to_numpy()[misplaced], action="kept", message="trips call at a station or entrance",
        )  # fmt: skip


def _references(feed: Feed, notices: NoticeBook) -> None:
    stops, trips = feed.stops, feed.trips
    stations = set(stops["stop_id"])
    orphan = ((stops["parent_station"] != "") & ~stops["parent_station"].isin(stations)).to_numpy()
    services = {*feed.calendar["service_id"], *feed.calendar_dates["service_id"]}
    never = ~trips["service_id"].isin(services).to_numpy()
    for frame, file, mask, column, action, message in (
        (stops, "stops.txt", orphan, "parent_station", "repaired", "the station does not exist: the stop stands alone"),
        (trips, "trips.txt", never, "service_id", "dropped", "the service is in no calendar: the trip never runs"),
    ):
        if mask.any():
            notices.add_rows(
                "foreign_key_violation", "ERROR", file, frame["row"].to_numpy()[mask], frame[column].to_numpy()[mask],
                action=action, message=message,
            )  # fmt: skip


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
            "fast_travel_between_far_stops" if far else "fast_travel_between_consecutive_stops", "WARNING",
            "stop_times.txt", row=int(times.row[call + 1]),
            entity=f"{ids[times.stop[call]]} → {ids[times.stop[call + 1]]}",
            action="kept", count=int(count),
            message=f"{hop_m[call] / 1000:.1f} km in {took_s[call] - _ROUNDING_S} s, first on trip {names[trip[call]]}",
        )  # fmt: skip


def _on_demand(feed: Feed, notices: NoticeBook) -> None:
    times = feed.stop_times
    booked = (times.pickup >= 2) | (times.drop_off >= 2)
    if booked.any():
        trips = np.unique(times.trip()[booked])
        names = feed.trips["trip_id"].to_numpy()[trips]
        notices.add(
            "on_demand_trip", "INFO", "stop_times.txt", action="kept", count=len(trips), entity=str(names[0]),
            row=int(times.row[np.flatnonzero(booked)[0]]),
            message="calls that must be booked: kept apart, in no search unless it asks for on-demand trips",
        )  # fmt: skip


def _not_used(feed: Feed, notices: NoticeBook) -> None:
    """Name what a feed says and nothing here reads, and why."""
    stops, routes = feed.stops, feed.routes
    zone = stops["stop_timezone"].to_numpy() if "stop_timezone" in stops else np.full(len(stops), "", dtype=object)
    hailed = np.zeros(len(routes), dtype=bool)
    for column in ("continuous_pickup", "continuous_drop_off"):
        if column in routes:
            hailed |= routes[column].isin(("0", "2", "3")).to_numpy()
    for frame, file, mask, code, column, message in (
        (stops, "stops.txt", (zone != "") & (zone != feed.zone), "stop_timezone_not_used", "stop_id",
         "for display only: GTFS writes all times in the zone of the agency"),
        (stops, "stops.txt", (stops["location_type"] == 2).to_numpy(), "entrance_not_used", "stop_id",
         "stations are entered where their platforms lie"),
        (routes, "routes.txt", hailed, "continuous_stopping_not_used", "route_id",
         "one may get on or off between stops: counted at the stops only"),
    ):  # fmt: skip
        if mask.any():
            first = int(np.flatnonzero(mask)[0])
            notices.add(code, "INFO", file, row=int(frame["row"].iloc[first]), entity=str(frame[column].iloc[first]),
                        action="kept", count=int(mask.sum()), message=message)  # fmt: skip
