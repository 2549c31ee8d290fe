"""Feeds to the timetable of one service day: every vehicle on one clock, every change between stops."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from pyproj import Transformer

from geo_access.arrays import entries_of_rows, indptr_of, ranges
from geo_access.errors import raise_faults
from geo_access.network.model import CrowFly, Streets, Timetable
from geo_access.network.timetable.change_rules import Calls, StopTable, read_rules, split_stops
from geo_access.network.timetable.changes import Walking, stop_transfers
from geo_access.network.timetable.flex import flex_notes, flex_rides
from geo_access.network.timetable.repeats import without_repeats
from geo_access.network.timetable.riders import route_kinds
from geo_access.network.timetable.runs import Headways, Runs, runs_around, wait_steps
from geo_access.network.timetable.seats import SeatTrips, in_seat_pairs, linked_trips
from geo_access.network.timetable.service_days import feed_days
from geo_access.network.timetable.stops import same_places
from geo_access.network.timetable.validity import validate_timetable
from geo_access.sources.gtfs.calendar import services_on
from geo_access.sources.gtfs.model import Feed
from geo_access.words.note import Note, note
from geo_access.words.told import fault, refusal

__all__ = ["build_timetable"]

# Notices below errors that a reader of results should know of.
_SAID = (
    "unused_trip",
    "unusable_trip",
    "interpolated_stop_time",
    "flexible_service_not_used",
    "wheelchair_not_stated",
    "code_as_meant",
    "id_written_as_decimal",
    "invalid_row_length",
    "pathway_not_used",
    "pathway_time_assumed",
    "overlapping_frequency",
)
# Queries may walk this much faster than the timetable was built for.
_FASTER = 1.25


@dataclass(frozen=True, eq=False)
class _Vehicles:
    """Runs of one feed with their calls spelled out, and the labels of the timetable."""

    feed: int
    runs: Runs
    indptr: np.ndarray
    stop: np.ndarray
    arrival_s: np.ndarray
    departure_s: np.ndarray
    board: np.ndarray
    alight: np.ndarray
    on_demand: np.ndarray


# Fields of `Timetable` and the columns of `_trips` that they are.
_TRIP_COLUMNS = {
    **{f"trip_{name}": name for name in ("id", "headsign", "route", "day", "bikes", "on_demand", "block", "indptr")},
    **{f"event_{name}": name for name in ("stop", "board", "alight")},
    "event_arrival_s": "arrival",
    "event_departure_s": "departure",
}


def build_timetable(
    feeds: Sequence[Feed],
    *,
    day: date,
    epsg: int,
    streets: Streets | CrowFly,
    walk_kmh: float = 4.8,
    max_transfer_s: int = 600,
    align: str | None = None,
    school_breaks: Sequence[tuple[date, date]] = (),
    headways: Headways | None = None,
    link_feeds: bool = True,
    link_limit_m: float = 500.0,
) -> Timetable:
    """Build the timetable of one service day from one feed or several.

    Parameters
    ----------
    feeds : sequence of Feed
        With different names; ids are prefixed ``name:`` when there are several.
    day : datetime.date
        The service day; the days before and after are loaded with it.
    epsg : int
        Metric CRS of the stops.
    streets : Streets or CrowFly
        What one walks on between stops.
    walk_kmh : float
        [km/h].
    max_transfer_s : int
        Longest walk between stops [s]; searched a quarter farther, for queries that walk faster.
    align : str, optional
        ``"equivalent-day"``: a feed whose calendar does not hold `day` runs as on the nearest day that stands for it
        (see `sources.gtfs_calendar.equivalent_day`), which the notes say. Otherwise such a feed is an error.
    school_breaks : sequence of (date, date)
        First and last day of the school holidays, for `align`.
    headways : Headways, optional
        How trips without fixed times are spelled out.
    link_feeds : bool
        Whether one may change from one feed to another.
    link_limit_m : float
        Farthest that a stop may lie from the streets [m].

    Returns
    -------
    Timetable

    Raises
    ------
    ServiceDateError
        The day lies outside the calendar of a feed, or no feed has a trip on it.
    InputError
        No feed, feeds of one name, arguments that cannot be.

    Examples
    --------
    >>> from geo_access.sources.gtfs.feed import read_gtfs
    >>> rail = read_gtfs("data/demo/gtfs_rail.zip")
    >>> built = build_timetable([rail], day=date(2026, 3, 17), epsg=2154, streets=CrowFly(epsg=2154))
    >>> built.zone, sorted(set(built.trip_day.tolist()))
    ('Europe/Paris', [-1, 0, 1])
    """
    headways = headways or Headways()
    _check_arguments(feeds, walk_kmh, max_transfer_s, align, headways)
    days = feed_days(feeds, day, align=align, school_breaks=school_breaks)
    zone = feeds[0].zone
    stops = _stop_table(feeds, epsg)
    several = len(feeds) > 1
    around = [runs_around(feed, that_day, zone, headways) for feed, that_day in zip(feeds, days.days, strict=True)]
    runs, repeat_notes = without_repeats(feeds, around)
    vehicles = [_vehicles(k, feed, part, stops) for k, (feed, part) in enumerate(zip(feeds, runs, strict=True))]
    ids, names = _stop_labels(feeds, stops, several=several)
    shared = same_places(ids, names, stops.feed, stops.x, stops.y)
    reach_s = math.ceil(max_transfer_s * _FASTER)
    rules = read_rules(feeds, stops)
    calls = [Calls(np.repeat(part.runs.trip, np.diff(part.indptr)), part.stop) for part in vehicles]
    split = split_stops(feeds, calls, rules, len(stops.x))
    walking = Walking(walk_kmh, reach_s, link_limit_m, between_feeds=link_feeds)
    same_place = shared[["a", "b"]].to_numpy(dtype=np.int32)
    changes = stop_transfers(feeds, stops, streets, walking, same_place=same_place, rules=rules, split=split)
    vehicles = [replace(part, stop=stop) for part, stop in zip(vehicles, split.calls, strict=True)]
    own, stops = stops, stops.taken(split.original)
    ids, names = ids[split.original], names[split.original]
    trips = _trips(feeds, vehicles, several=several)
    kinds = route_kinds(feeds, breaks=school_breaks)
    seats, seat_notes = in_seat_pairs(feeds, _seat_trips(trips), stops.x, stops.y)
    read_notes = (*days.notes, *repeat_notes, *_told(feeds, vehicles, headways))
    made_notes = (*_shared_notes(shared, link_feeds=link_feeds), *changes.notes, *seat_notes)
    kind_notes = (*_loose_blocks(feeds), *kinds.notes, *flex_notes(feeds))
    columns: dict[str, Any] = {
        **_stop_columns(feeds, ids, names, stops),
        **{f"route_{name}": values for name, values in _routes(feeds, several=several).items()},
        **{name: trips[column] for name, column in _TRIP_COLUMNS.items()},
        **{name: getattr(changes, name) for name in ("footpaths", "min_transfer_s", "forbidden", "stated")},
    }
    timetable = Timetable(
        day=day,
        zone=zone,
        epsg=epsg,
        **columns,
        in_seat=seats,
        walk_kmh=walk_kmh,
        notes=(*read_notes, *made_notes, *kind_notes),
        reach_s=reach_s,
        flex=flex_rides(feeds, days.days, zone, own, epsg=epsg, prefixed=several),
        route_kind=kinds.kind,
        trip_wait_s=trips["wait"] if trips["wait"].any() else np.empty(0, np.int32),
        trip_days=_days_run(feeds, days.days)[trips["feed"], trips["row"]],
    )
    validate_timetable(timetable)
    return timetable


def _told(feeds: Sequence[Feed], vehicles: Sequence[_Vehicles], headways: Headways) -> tuple[Note, ...]:
    """Tell the booked calls, lost trips and trips without fixed times."""
    return (*_booked_notes(feeds, vehicles), *_lost(feeds), *_frequency_notes(feeds, headways))


def _stop_columns(feeds: Sequence[Feed], ids: np.ndarray, names: np.ndarray, stops: StopTable) -> dict[str, np.ndarray]:
    feed_names = np.array([feed.name for feed in feeds], dtype=str)
    known = {"id": ids, "name": names, "feed": feed_names[stops.feed], "x": stops.x, "y": stops.y}
    return {f"stop_{name}": values for name, values in known.items()}


def _check_arguments(
    feeds: Sequence[Feed], walk_kmh: float, max_transfer_s: int, align: str | None, headways: Headways
) -> None:
    faults = []
    names = [feed.name for feed in feeds]
    if not names:
        faults.append(fault("feeds", "timetable.no_feed"))
    if len(set(names)) < len(names):
        faults.append(fault("feeds", "timetable.feed_names", names=", ".join(names)))
    if not walk_kmh > 0:
        faults.append(fault("walk_kmh", "timetable.walk_kmh", value=walk_kmh))
    if max_transfer_s < 0:
        faults.append(fault("max_transfer_s", "timetable.max_transfer", value=max_transfer_s))
    if align not in (None, "equivalent-day"):
        faults.append(fault("align", "timetable.align", value=align))
    raise_faults(faults)
    headways.validate()


def _stop_table(feeds: Sequence[Feed], epsg: int) -> StopTable:
    to_metric = Transformer.from_crs(4326, epsg, always_xy=True)
    parts: list[tuple[np.ndarray, ...]] = []
    n_stations = 0
    for number, feed in enumerate(feeds):
        called = np.bincount(feed.stop_times.stop, minlength=len(feed.stops))
        called[[stop for trip in feed.flex for call in trip.calls for stop in call.place.stops]] = 1
        rows = np.flatnonzero(called)
        x, y = to_metric.transform(feed.stops["stop_lon"].to_numpy()[rows], feed.stops["stop_lat"].to_numpy()[rows])
        place = {name: index for index, name in enumerate(feed.stops["stop_id"])}
        parents = feed.stops["parent_station"].to_numpy()[rows]
        station = np.array([place.get(name, -1) if name else -1 for name in parents], dtype=np.int64)
        station[station >= 0] += n_stations
        n_stations += len(feed.stops)
        parts.append((np.asarray(x, float), np.asarray(y, float), np.full(len(rows), number), rows, station))
    x, y, feed_of, rows, station = (np.concatenate([part[k] for part in parts]) for k in range(5))
    lost = ~(np.isfinite(x) & np.isfinite(y))
    if lost.any():
        raise refusal("timetable.unprojectable", n=int(lost.sum()), epsg=str(epsg))
    return StopTable(x, y, feed_of.astype(np.int32), rows.astype(np.int32), station)


def _stop_labels(feeds: Sequence[Feed], stops: StopTable, *, several: bool) -> tuple[np.ndarray, np.ndarray]:
    ids, names = [], []
    for number, feed in enumerate(feeds):
        rows = stops.row[stops.feed == number]
        prefix = f"{feed.name}:" if several else ""
        ids += [prefix + stop for stop in feed.stops["stop_id"].to_numpy()[rows]]
        names += list(feed.stops["stop_name"].to_numpy()[rows])
    return np.array(ids, dtype=str), np.array(names, dtype=str)


def _vehicles(number: int, feed: Feed, runs: Runs, stops: StopTable) -> _Vehicles:
    """Spell the calls of each run out; runs with calls that must be booked come twice, once labelled on demand."""
    times = feed.stop_times
    booked_call = (times.pickup >= 2) | (times.drop_off >= 2)
    booked_trip = np.zeros(len(feed.trips), dtype=bool)
    booked_trip[times.trip()[booked_call]] = True
    again = np.flatnonzero(booked_trip[runs.trip])
    which = np.concatenate((np.arange(len(runs.trip)), again))
    on_demand = np.arange(len(which)) >= len(runs.trip)
    runs = Runs(*(getattr(runs, name)[which] for name in Runs.__dataclass_fields__))
    starts = times.trip_indptr[:-1][runs.trip]
    counts = (times.trip_indptr[1:][runs.trip] - starts).astype(np.int64)
    calls, indptr = ranges(starts, counts), indptr_of(counts)
    run_of = np.repeat(np.arange(len(which)), counts)
    arrival = times.arrival_s[calls] + runs.shift_s[run_of]
    departure = times.departure_s[calls] + (runs.shift_s - runs.wait_s)[run_of]
    least = np.where(on_demand, 1, 0)[run_of]
    board = np.where(least == 1, times.pickup[calls] != 1, times.pickup[calls] == 0)
    alight = np.where(least == 1, times.drop_off[calls] != 1, times.drop_off[calls] == 0)
    of_stop = np.full(len(feed.stops), -1, dtype=np.int32)
    mine = np.flatnonzero(stops.feed == number)
    of_stop[stops.row[mine]] = mine
    rideable = _rideable(board, alight, indptr)
    keep = np.flatnonzero(rideable | linked_trips(feed)[runs.trip])
    kept_calls, kept_indptr = entries_of_rows(indptr, keep)
    return _Vehicles(
        number,
        Runs(*(getattr(runs, name)[keep] for name in Runs.__dataclass_fields__)),
        kept_indptr,
        of_stop[times.stop[calls]][kept_calls],
        arrival[kept_calls].astype(np.int32),
        departure[kept_calls].astype(np.int32),
        board[kept_calls],
        alight[kept_calls],
        on_demand[keep],
    )


def _rideable(board: np.ndarray, alight: np.ndarray, indptr: np.ndarray) -> np.ndarray:
    """Tell which runs somebody can board and later leave."""
    at = np.arange(len(board))
    none = len(board)
    if none == 0:
        return np.zeros(len(indptr) - 1, dtype=bool)
    first_board = np.minimum.reduceat(np.where(board, at, none), indptr[:-1])
    last_alight = np.maximum.reduceat(np.where(alight, at, -1), indptr[:-1])
    return first_board < last_alight


def _routes(feeds: Sequence[Feed], *, several: bool) -> dict[str, np.ndarray]:
    ids, names, owners = [], [], []
    for feed in feeds:
        prefix = f"{feed.name}:" if several else ""
        ids += [prefix + route for route in feed.routes["route_id"]]
        short, long = feed.routes["route_short_name"], feed.routes["route_long_name"]
        names += list(short.where(short != "", long))
        owners += [feed.name] * len(feed.routes)
    kinds = np.concatenate([feed.routes["route_type"].to_numpy() for feed in feeds]).astype(np.int16)
    return {
        "id": np.array(ids, dtype=str),
        "name": np.array(names, dtype=str),
        "feed": np.array(owners, dtype=str),
        "type": kinds,
    }


def _trips(feeds: Sequence[Feed], vehicles: Sequence[_Vehicles], *, several: bool) -> dict[str, np.ndarray]:
    """All runs of all feeds, by route, then first departure, then service day and place in the file."""
    ids: list[str] = []
    heads: list[str] = []
    kinds = ("route", "bikes", "block", "feed", "row", "first", "repeated")
    columns: dict[str, list[np.ndarray]] = {name: [] for name in kinds}
    n_routes = n_blocks = 0
    for feed, part in zip(feeds, vehicles, strict=True):
        prefix = f"{feed.name}:" if several else ""
        rows = part.runs.trip
        ids += [
            prefix + trip + label
            for trip, label in zip(feed.trips["trip_id"].to_numpy()[rows], part.runs.label, strict=True)
        ]
        heads += list(feed.trips["trip_headsign"].to_numpy()[rows])
        place = {name: index for index, name in enumerate(feed.routes["route_id"])}
        route = np.array([place[name] for name in feed.trips["route_id"]], dtype=np.int32)
        columns["route"].append(route[rows] + n_routes)
        columns["bikes"].append((feed.trips["bikes_allowed"] == "1").to_numpy(dtype=bool)[rows])
        block = np.unique(feed.trips["block_id"].to_numpy(dtype=str), return_inverse=True)[1][rows]
        repeated = part.runs.label != ""
        # Vehicles of trips without fixed times are made up: nobody knows which of them goes on.
        loose = feed.trips["trip_id"].isin(set(feed.frequencies.loc[~feed.frequencies["exact"], "trip_id"]))
        none = (feed.trips["block_id"] == "").to_numpy(dtype=bool)[rows] | loose.to_numpy(dtype=bool)[rows]
        block = (block * 3 + part.runs.day + 1 + n_blocks).astype(np.int32)
        columns["block"].append(np.where(none, -1, block).astype(np.int32))
        columns["feed"].append(np.full(len(rows), part.feed, dtype=np.int32))
        columns["row"].append(rows)
        columns["repeated"].append(repeated.astype(bool))
        columns["first"].append(part.departure_s[part.indptr[:-1]])
        n_routes += len(feed.routes)
        n_blocks += 3 * (len(feed.trips) + 1)
    table = {name: np.concatenate(parts) for name, parts in columns.items()}
    table["day"] = np.concatenate([part.runs.day for part in vehicles])
    table["on_demand"] = np.concatenate([part.on_demand for part in vehicles])
    table["wait"] = np.concatenate([part.runs.wait_s for part in vehicles])
    counts = np.concatenate([np.diff(part.indptr) for part in vehicles])
    order = np.lexsort((table["row"], table["day"], table["first"], table["route"]))
    calls, indptr = entries_of_rows(indptr_of(counts), order)
    out = {name: values[order] for name, values in table.items()}
    out["id"] = (np.array(ids, dtype=str) if ids else np.empty(0, "U1"))[order]
    out["headsign"] = (np.array(heads, dtype=str) if heads else np.empty(0, "U1"))[order]
    out["indptr"] = indptr
    for name, source in (
        ("stop", "stop"),
        ("arrival", "arrival_s"),
        ("departure", "departure_s"),
        ("board", "board"),
        ("alight", "alight"),
    ):
        out[name] = np.concatenate([getattr(part, source) for part in vehicles])[calls]
    return out


def _loose_blocks(feeds: Sequence[Feed]) -> list[Note]:
    """Name the blocks that are not ridden on: those of trips without fixed times."""
    lines = []
    for feed in feeds:
        loose = set(feed.frequencies.loc[~feed.frequencies["exact"], "trip_id"])
        n = int(((feed.trips["block_id"] != "") & feed.trips["trip_id"].isin(loose)).sum())
        lines += [note("timetable.loose_blocks", feed=feed.name, n=n)] if n else []
    return lines


def _days_run(feeds: Sequence[Feed], days: Sequence[date]) -> np.ndarray:
    """Days around on which each trip of each feed runs, as `Timetable.trip_days`."""
    out = np.zeros((len(feeds), max(len(feed.trips) for feed in feeds)), dtype=np.uint8)
    for number, (feed, day) in enumerate(zip(feeds, days, strict=True)):
        for bit, relative in enumerate((-1, 0, 1)):
            runs = feed.trips["service_id"].isin(set(services_on(feed, day + timedelta(days=relative))))
            out[number, : len(feed.trips)] |= runs.to_numpy(dtype=np.uint8) << bit
    return out


def _seat_trips(trips: dict[str, np.ndarray]) -> SeatTrips:
    first, last = trips["indptr"][:-1], trips["indptr"][1:] - 1
    return SeatTrips(
        trips["feed"],
        trips["row"],
        trips["day"],
        trips["block"],
        trips["repeated"],
        trips["on_demand"],
        trips["stop"][first],
        trips["stop"][last],
        trips["arrival"][first],
        trips["departure"][first],
        trips["arrival"][last],
        trips["departure"][last],
    )


def _booked_notes(feeds: Sequence[Feed], vehicles: Sequence[_Vehicles]) -> list[Note]:
    counts = [int(((part.runs.day == 0) & part.on_demand).sum()) for part in vehicles]
    return [note("booked", feed=feed.name, n=count) for feed, count in zip(feeds, counts, strict=True) if count]


def _lost(feeds: Sequence[Feed]) -> list[Note]:
    """Say what reading dropped or filled in: one line per feed and kind, with the first finding."""
    lines = []
    for feed in feeds:
        counts: dict[tuple[str, str, str], int] = {}
        first: dict[tuple[str, str, str], Note] = {}
        for notice in feed.notices:
            if notice.severity == "ERROR" or notice.code in _SAID:
                key = (notice.code, notice.file, notice.action)
                counts[key] = counts.get(key, 0) + notice.count
                first.setdefault(key, notice.says)
        lines += [
            note("notice", feed=feed.name, file=key[1], says=first[key], n=n, action=note(f"action.{key[2]}"))
            for key, n in sorted(counts.items())
        ]
    return lines


def _frequency_notes(feeds: Sequence[Feed], headways: Headways) -> list[Note]:
    said = []
    for feed in feeds:
        loose = ~feed.frequencies["exact"].to_numpy(dtype=bool)
        if not loose.any():
            continue
        known = {"feed": feed.name, "file": "frequencies.txt", "n": int(loose.sum())}
        if not headways.expected_wait:
            said.append(note("frequencies", **known, share=headways.phase))
            continue
        off_s = int(wait_steps(feed, headways)[loose].max()) / 2
        said.append(note("headways", **known, off_min=round(off_s / 60, 1)))
    return said


def _shared_notes(shared: object, *, link_feeds: bool) -> list[Note]:
    n = len(shared)  # type: ignore[arg-type]
    if not link_feeds:
        return [note("feeds_unlinked")]
    return [note("shared", n=n)] if n else []
