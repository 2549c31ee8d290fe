"""Whether the arrays of a timetable fit together: asked after it is built, edited or read back."""

from __future__ import annotations

import numpy as np

from geo_access.errors import raise_faults
from geo_access.network.model import Timetable
from geo_access.words.told import fault

__all__ = ["validate_timetable"]


def validate_timetable(timetable: Timetable) -> None:
    """Refuse a timetable whose arrays do not fit together.

    Parameters
    ----------
    timetable : Timetable

    Raises
    ------
    InputError
        With every fault: lengths, indices out of range, times that run backwards.

    Examples
    --------
    >>> from datetime import date
    >>> from geo_access.network.model import CrowFly
    >>> from geo_access.network.timetable.timetable import build_timetable
    >>> from geo_access.sources.gtfs.feed import read_gtfs
    >>> rail = read_gtfs("data/demo/gtfs_rail.zip")
    >>> validate_timetable(build_timetable([rail], day=date(2026, 3, 17), epsg=2154, streets=CrowFly(epsg=2154)))
    """
    t = timetable
    n_events, n_trips, n_stops, n_routes = len(t.event_stop), t.n_trips, t.n_stops, len(t.route_id)
    checks = [
        (
            len(t.trip_indptr) == n_trips + 1 and t.trip_indptr[0] == 0 and t.trip_indptr[-1] == n_events,
            "trip_indptr",
            "timetable.array.events",
        ),
        (bool((np.diff(t.trip_indptr) >= 2).all()), "trip_indptr", "timetable.array.two_events"),
        (_in_range(t.event_stop, n_stops), "event_stop", "timetable.array.stop"),
        (_in_range(t.trip_route, n_routes), "trip_route", "timetable.array.route"),
        (_in_range(t.forbidden, n_stops), "forbidden", "timetable.array.stop"),
        (_in_range(t.stated, n_stops), "stated", "timetable.array.stop"),
        (_in_range(t.in_seat, n_trips), "in_seat", "timetable.array.trip"),
        (len(t.route_kind) in (0, n_routes), "route_kind", "timetable.array.per_route"),
        (len(t.trip_days) in (0, n_trips), "trip_days", "timetable.array.per_trip"),
        (len(t.trip_wait_s) in (0, n_trips), "trip_wait_s", "timetable.array.per_trip"),
        (_leaves_after(t), "event_departure_s", "timetable.array.before_arrival"),
        (_forward(t), "event_arrival_s", "timetable.array.backwards"),
        (t.footpaths.n_rows == n_stops == t.footpaths.n_cols, "footpaths", "timetable.array.square"),
        (_in_range(t.footpaths.indices, n_stops), "footpaths", "timetable.array.stop"),
        (bool((t.footpaths.seconds >= 0).all()), "footpaths", "timetable.array.negative"),
        (bool(np.isfinite(t.stop_x + t.stop_y).all()), "stop_x, stop_y", "timetable.array.no_position"),
    ]
    lengths = {
        "stop": ("stop_name", "stop_feed", "stop_x", "stop_y", "min_transfer_s"),
        "trip": ("trip_headsign", "trip_route", "trip_day", "trip_bikes", "trip_on_demand", "trip_block"),
        "event": ("event_arrival_s", "event_departure_s", "event_board", "event_alight"),
    }
    sizes = {
        "stop": (n_stops, "timetable.array.per_stop"),
        "trip": (n_trips, "timetable.array.per_trip"),
        "event": (n_events, "timetable.array.per_event"),
    }
    checks += [
        (len(getattr(t, name)) == sizes[kind][0], name, sizes[kind][1])
        for kind, names in lengths.items()
        for name in names
    ]
    raise_faults(fault(f"timetable.{name}", key) for ok, name, key in checks if not ok)


def _in_range(values: np.ndarray, n: int) -> bool:
    return len(values) == 0 or bool(values.min() >= 0 and values.max() < n)


def _leaves_after(t: Timetable) -> bool:
    if len(t.trip_wait_s) != t.n_trips:
        return bool((t.event_arrival_s <= t.event_departure_s).all())
    waits = np.repeat(t.trip_wait_s, np.diff(t.trip_indptr))
    return len(waits) == len(t.event_stop) and bool((t.event_arrival_s <= t.event_departure_s + waits).all())


def _forward(t: Timetable) -> bool:
    inner = np.ones(max(len(t.event_stop) - 1, 0), dtype=bool)
    inner[t.trip_indptr[1:-1] - 1] = False
    return bool((t.event_arrival_s[1:][inner] >= t.event_departure_s[:-1][inner]).all())
