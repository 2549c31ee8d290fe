"""GTFS-Flex: services on demand between zones, groups of stops and stops, with their hours and how to book them.

Read as adopted: ``locations.geojson``, ``location_groups.txt``, ``location_group_stops.txt``, ``booking_rules.txt``,
the windows of ``stop_times.txt`` (March 2024), ``safe_duration_factor`` and ``safe_duration_offset`` of ``trips.txt``
(April 2026).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from geo_access.sources.gtfs.cells import plain_number
from geo_access.sources.gtfs.clocks import clock_seconds
from geo_access.sources.gtfs.notices import Notice, NoticeBook
from geo_access.sources.gtfs.positions import whole_file_exchanged
from geo_access.sources.gtfs.rows import RawTable
from geo_access.sources.gtfs.stop_times import flexible_rows
from geo_access.words.note import Note, note

__all__ = ["GEOJSON", "BookingRule", "FlexCall", "FlexPlace", "FlexTrip", "read_flex"]

GEOJSON = "locations.geojson"
_FILE = "stop_times.txt"
_LEAST_FACTOR, _MOST_FACTOR = 0.01, 100.0
_MOST_OFFSET_S = 24 * 3600.0


@dataclass(frozen=True)
class BookingRule:
    """How, and until when, a ride is booked.

    Attributes
    ----------
    kind : int
        0 in real time, 1 on the day itself, 2 on a day before.
    minutes : int
        Least notice on the day itself [min]; −1 where not given.
    days : int
        How many days before at the latest; −1 where not given.
    until_s : int
        Until which hour of that day [s]; −1 where not given.
    phone, url : str
        Where to; empty where not given.
    """

    kind: int = 0
    minutes: int = -1
    days: int = -1
    until_s: int = -1
    phone: str = ""
    url: str = ""

    @classmethod
    def of(cls, values: tuple[int | str, ...]) -> BookingRule:
        """Read what a timetable keeps of a rule."""
        kind, minutes, days, until_s, phone, url = values
        return cls(int(kind), int(minutes), int(days), int(until_s), str(phone), str(url))

    def told(self) -> Note:
        """Return the deadline in words."""
        by = f" ({self.phone or self.url})" if self.phone or self.url else ""
        if self.kind == 0:
            return note("flex.book_now", by=by)
        if self.kind == 1:
            hours, minutes = divmod(max(self.minutes, 0), 60)
            if self.minutes < 0:
                return note("flex.book_today", by=by)
            if hours and not minutes:
                return note("flex.book_hours", hours=str(hours), by=by)
            return note("flex.book_minutes", minutes=str(self.minutes), by=by)
        ahead = max(self.days, 1)
        key = {1: "eve", 2: "two_days"}.get(ahead, "days")
        values: dict[str, object] = {"by": by, "days": str(ahead)} if key == "days" else {"by": by}
        if self.until_s < 0:
            return note(f"flex.book_{key}", **values)
        at = note("flex.clock", hour=str(self.until_s // 3600), minute=f"{self.until_s // 60 % 60:02d}")
        if self.until_s % 3600 == 0:
            at = note("flex.hour", hour=str(self.until_s // 3600))
        return note(f"flex.book_{key}_until", at=at, **values)


@dataclass(frozen=True, eq=False)
class FlexPlace:
    """Where a service on demand takes people up or sets them down.

    Attributes
    ----------
    id, name : str
    stops : tuple of int
        Rows of ``Feed.stops``; empty for a zone.
    zone : shapely geometry or None
        Polygons [degree, EPSG:4326]; None for stops.
    """

    id: str
    name: str
    stops: tuple[int, ...]
    zone: BaseGeometry | None = None


@dataclass(frozen=True, eq=False)
class FlexCall:
    """One row of a trip with services on demand.

    Attributes
    ----------
    place : FlexPlace
    start_s, end_s : int
        Window, or arrival and departure of a timed call [s].
    timed : bool
    pickup, drop_off : bool
        Whether one may be taken up, or set down.
    pickup_rule, drop_off_rule : BookingRule or None
    """

    place: FlexPlace
    start_s: int
    end_s: int
    timed: bool
    pickup: bool
    drop_off: bool
    pickup_rule: BookingRule | None
    drop_off_rule: BookingRule | None


@dataclass(frozen=True, eq=False)
class FlexTrip:
    """A trip that serves zones or groups of stops, or stops within windows.

    Attributes
    ----------
    trip : int
        Row of ``Feed.trips``.
    calls : tuple of FlexCall
        In order.
    factor, offset_s : float
        Ride of 95 % of the riders over the drive by car, and what comes on top [s]; NaN where not given.
    """

    trip: int
    calls: tuple[FlexCall, ...]
    factor: float
    offset_s: float


def read_flex(
    raw: Mapping[str, RawTable],
    geojson: bytes | None,
    trips: pd.DataFrame,
    stops: pd.DataFrame,
    notices: NoticeBook,
    *,
    zone: str = "",
) -> tuple[FlexTrip, ...]:
    """Read the services on demand of a feed.

    Parameters
    ----------
    raw : mapping of str to RawTable
        ``stop_times``, and what there is of ``location_groups``, ``location_group_stops``, ``booking_rules``.
    geojson : bytes or None
        ``locations.geojson``.
    trips, stops : pandas.DataFrame
        As read.
    notices : NoticeBook
    zone : str
        IANA time zone of the agency, which tells zones that are exchanged as a whole.

    Returns
    -------
    tuple of FlexTrip
        Empty where the feed has none.
    """
    times = raw["stop_times"]
    flexible = flexible_rows(times)
    if not flexible.any():
        if geojson is not None:
            notices.add(Notice("file_not_used", "INFO", GEOJSON, action="dropped", says=note("gtfs.flexible_idle")))
        return ()
    places = _zones(geojson, notices, zone) | _groups(raw, stops, notices)
    rules = _rules(raw.get("booking_rules"))
    row_of = {name: row for row, name in enumerate(trips["trip_id"])}
    stop_of = {name: row for row, name in enumerate(stops["stop_id"])}
    placed = np.isfinite(stops["stop_lat"].to_numpy()) & np.isfinite(stops["stop_lon"].to_numpy())
    names = times.text("trip_id")
    wanted = np.flatnonzero(np.isin(names.astype(str), np.unique(names[flexible].astype(str))))
    cells = {name: times.text(name)[wanted] for name in times.columns}
    order = np.lexsort((pd.to_numeric(pd.Series(cells["stop_sequence"]), errors="coerce").to_numpy(), cells["trip_id"]))
    calls: dict[str, list[FlexCall]] = {}
    lost: dict[str, list[int]] = {}
    for k in order.tolist():
        row = {name: str(values[k]) for name, values in cells.items()}
        call = _call(row, places, stops, stop_of, placed, rules)
        if call is None:
            lost.setdefault(row["trip_id"], []).append(int(times.row[wanted[k]]))
        else:
            calls.setdefault(row["trip_id"], []).append(call)
    found = []
    durations = _durations(trips, notices)
    for name, members in calls.items():
        usable = name in row_of and any(not call.timed for call in members) and _rideable(members)
        if usable:
            found.append(FlexTrip(row_of[name], tuple(members), *durations.of(row_of[name])))
        elif any(not call.timed for call in members):
            first = int(np.flatnonzero(names == name)[0])
            lost.setdefault(name, []).append(int(times.row[first]))
    _tell(found, lost, trips, notices)
    return tuple(sorted(found, key=lambda trip: trip.trip))


def _tell(found: list[FlexTrip], lost: dict[str, list[int]], trips: pd.DataFrame, notices: NoticeBook) -> None:
    if lost:
        names = np.array([name for name, rows in lost.items() for _ in rows], dtype=object)
        notices.add_rows(
            Notice("flexible_service_not_used", "WARNING", _FILE, action="dropped", says=note("gtfs.flexible_lost")),
            [row for rows in lost.values() for row in rows],
            names,
        )
    if found:
        first = found[0].trip
        notices.add(
            Notice(
                "flexible_service",
                "INFO",
                _FILE,
                entity=str(trips["trip_id"].iloc[first]),
                action="kept",
                says=note("gtfs.flexible_kept"),
                count=len(found),
            )
        )


def _rideable(calls: list[FlexCall]) -> bool:
    if len(calls) == 1:
        return calls[0].pickup and calls[0].drop_off
    return any(a.pickup and b.drop_off for k, a in enumerate(calls) for b in calls[k + 1 :])


@dataclass(frozen=True, eq=False)
class _Durations:
    """Factor and offset [s] that each trip gives of its own, by row of trips; NaN where none."""

    factor: np.ndarray
    offset: np.ndarray

    def of(self, row: int) -> tuple[float, float]:
        """Factor and offset of a trip: what it leaves unsaid of the two changes nothing."""
        factor, offset = float(self.factor[row]), float(self.offset[row])
        if np.isnan(factor) and np.isnan(offset):
            return np.nan, np.nan
        return (1.0 if np.isnan(factor) else factor), (0.0 if np.isnan(offset) else offset)


def _durations(trips: pd.DataFrame, notices: NoticeBook) -> _Durations:
    """Read how long services on demand take; what cannot be is a notice and counts as not said."""
    read = []
    for column, least, most in (
        ("safe_duration_factor", _LEAST_FACTOR, _MOST_FACTOR),
        ("safe_duration_offset", 0.0, _MOST_OFFSET_S),
    ):
        texts = trips[column].to_numpy() if column in trips else np.full(len(trips), "", dtype=object)
        texts = np.array([str(text).strip() for text in texts], dtype=object)
        values = np.array([plain_number(text) if text else np.nan for text in texts], dtype=np.float64)
        known = (values >= least) & (values <= most)
        odd = (texts != "") & ~known
        if odd.any():
            notices.add_rows(
                Notice(
                    "number_out_of_range",
                    "ERROR",
                    "trips.txt",
                    action="repaired",
                    says=note("gtfs.number_unsaid", column=column),
                ),
                trips["row"].to_numpy()[odd],
                trips["trip_id"].to_numpy()[odd],
            )
        read.append(np.where(known, values, np.nan))
    return _Durations(*read)


def _call(
    row: Mapping[str, str],
    places: Mapping[str, FlexPlace],
    stops: pd.DataFrame,
    stop_of: Mapping[str, int],
    placed: np.ndarray,
    rules: Mapping[str, BookingRule],
) -> FlexCall | None:
    key = f"zone {row['location_id']}" if row.get("location_id") else f"group {row.get('location_group_id', '')}"
    place = places.get(key)
    if row.get("stop_id") and not row.get("location_id") and not row.get("location_group_id"):
        stop = stop_of.get(row["stop_id"], -1)
        if stop < 0 or not placed[stop]:
            return None
        place = FlexPlace(row["stop_id"], str(stops["stop_name"].iloc[stop]), (stop,))
    if place is None:
        return None
    window = [row.get(f"{end}_pickup_drop_off_window", "") for end in ("start", "end")]
    timed = not any(window)
    if timed:
        window = [row.get("arrival_time", ""), row.get("departure_time", "")]
        window = [window[0] or window[1], window[1] or window[0]]
    start, end = clock_seconds(np.array(window, dtype=object)).tolist()
    if start < 0 or end < start or (timed and place.zone is not None):
        return None
    return FlexCall(
        place,
        start,
        end,
        timed,
        row.get("pickup_type", "") != "1",
        row.get("drop_off_type", "") != "1",
        rules.get(row.get("pickup_booking_rule_id", "")),
        rules.get(row.get("drop_off_booking_rule_id", "")),
    )


def _zones(geojson: bytes | None, notices: NoticeBook, zone: str) -> dict[str, FlexPlace]:
    if geojson is None:
        return {}
    try:
        features = json.loads(geojson.decode("utf-8-sig", errors="replace")).get("features", [])
    except (ValueError, AttributeError, RecursionError):
        features = []
        notices.add(Notice("malformed_json", "ERROR", GEOJSON, action="dropped", says=note("gtfs.flexible_json")))
    found = {}
    for number, feature in enumerate(features if isinstance(features, list) else [], start=1):
        try:
            polygons = shapely.make_valid(shape(feature["geometry"]))
            properties = feature.get("properties") or {}
            name = _zone_id(feature, properties, notices)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, shapely.errors.ShapelyError):
            polygons, properties, name = shapely.Polygon(), {}, f"#{number}"
        if polygons.is_empty or polygons.area == 0:
            notices.add(
                Notice(
                    "invalid_geometry",
                    "ERROR",
                    GEOJSON,
                    entity=name,
                    action="dropped",
                    says=note("gtfs.flexible_polygon"),
                )
            )
            continue
        found[f"zone {name}"] = FlexPlace(name, str(properties.get("stop_name") or name), (), polygons)
    return _turned_right(found, notices, zone)


def _zone_id(feature: dict[str, Any], properties: dict[str, Any], notices: NoticeBook) -> str:
    """Give the id of a zone; some write it among the properties."""
    if "id" in feature:
        return str(feature["id"])
    key = next(key for key in ("id", "location_id", "stop_id", None) if key is None or key in properties)
    if key is None:
        raise KeyError("id")
    name = str(properties[key])
    notices.add(
        Notice(
            "missing_required_field",
            "WARNING",
            GEOJSON,
            entity=name,
            action="repaired",
            says=note("gtfs.zone_id", column=key),
        )
    )
    return name


def _turned_right(zones: dict[str, FlexPlace], notices: NoticeBook, zone: str) -> dict[str, FlexPlace]:
    """Exchange latitude and longitude of all zones where the file has them the wrong way round."""
    middle = [shapely.get_coordinates(place.zone.centroid)[0] for place in zones.values() if place.zone is not None]
    if not middle:
        return zones
    lon, lat = np.array(middle).T
    if whole_file_exchanged(lat, lon, zone, notices, file=GEOJSON)[0] is lat:
        return zones
    return {
        name: replace(place, zone=shapely.transform(place.zone, lambda xy: xy[:, ::-1]))
        for name, place in zones.items()
    }


def _groups(raw: Mapping[str, RawTable], stops: pd.DataFrame, notices: NoticeBook) -> dict[str, FlexPlace]:
    table = raw.get("location_group_stops")
    if table is None or not len(table):
        return {}
    names: dict[str, str] = {}
    if "location_groups" in raw:
        groups = raw["location_groups"]
        names = dict(zip(groups.text("location_group_id"), groups.text("location_group_name"), strict=True))
    usable = np.isfinite(stops["stop_lat"].to_numpy()) & np.isfinite(stops["stop_lon"].to_numpy())
    stop_of = {name: row for row, name in enumerate(stops["stop_id"]) if usable[row]}
    members: dict[str, list[int]] = {}
    lost = []
    for k, (group, stop) in enumerate(zip(table.text("location_group_id"), table.text("stop_id"), strict=True)):
        if stop in stop_of:
            members.setdefault(group, []).append(stop_of[stop])
        else:
            lost.append(k)
    if lost:
        notices.add_rows(
            Notice("foreign_key_violation", "ERROR", table.file, action="dropped", says=note("gtfs.lost_stop")),
            table.row[lost],
            table.text("stop_id")[lost],
        )
    return {
        f"group {group}": FlexPlace(group, names.get(group) or group, tuple(dict.fromkeys(rows)))
        for group, rows in members.items()
    }


def _rules(table: RawTable | None) -> dict[str, BookingRule]:
    if table is None or not len(table):
        return {}

    def whole(name: str) -> list[int]:
        values = pd.to_numeric(pd.Series(table.text(name)), errors="coerce").fillna(-1).clip(-1, 2**30)
        return [int(value) for value in values]

    columns = (
        [max(kind, 0) for kind in whole("booking_type")],
        whole("prior_notice_duration_min"),
        whole("prior_notice_last_day"),
        clock_seconds(table.text("prior_notice_last_time")).tolist(),
        table.text("phone_number").tolist(),
        table.text("booking_url").tolist(),
    )
    rules = [BookingRule(*values) for values in zip(*columns, strict=True)]
    return dict(zip(table.text("booking_rule_id"), rules, strict=True))
