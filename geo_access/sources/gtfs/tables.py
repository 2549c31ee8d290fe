"""The small GTFS tables: text to types, duplicate keys, positions that cannot be."""

from __future__ import annotations

import numpy as np
import pandas as pd

from geo_access.sources.gtfs.notices import NoticeBook
from geo_access.sources.gtfs.read import RawTable
from geo_access.sources.gtfs.stop_times import clock_seconds

__all__ = [
    "WEEKDAYS", "read_calendar", "read_calendar_dates", "read_frequencies", "read_pathways", "read_routes",
    "read_stops", "read_transfers", "read_trips",
]  # fmt: skip

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

# A degree is about 110 km: a territory's stops lie within this much of the bulk of them.
_BULK_MARGIN_DEGREES = 1.0
_NULL_ISLAND_DEGREES = 0.1


def _unique(frame: pd.DataFrame, key: str, file: str, notices: NoticeBook) -> pd.DataFrame:
    again = frame[key].duplicated().to_numpy()
    if again.any():
        notices.add_rows(
            "duplicate_key", "ERROR", file, frame["row"].to_numpy()[again], frame[key].to_numpy()[again],
            action="dropped", message=f"{key} is there twice: the first row counts",
        )  # fmt: skip
    empty = (frame[key] == "").to_numpy()
    if empty.any():
        notices.add_rows(
            "missing_required_field", "ERROR", file, frame["row"].to_numpy()[empty], [key] * int(empty.sum()),
            action="dropped", message=f"{key} is blank",
        )  # fmt: skip
    return frame[~again & ~empty].reset_index(drop=True)


def _numeric(values: pd.Series) -> np.ndarray:
    return pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64)


def _coded(frame: pd.DataFrame, column: str, allowed: range, file: str, notices: NoticeBook) -> np.ndarray:
    """Column of small codes as int16, 0 where blank or unknown."""
    if column not in frame:
        return np.zeros(len(frame), np.int16)
    text = frame[column].to_numpy()
    number = _numeric(frame[column])
    good = np.isfinite(number) & (number == np.floor(number)) & (number >= allowed.start) & (number < allowed.stop)
    wrong = ~good & (text != "")
    if wrong.any():
        notices.add_rows(
            "unexpected_enum_value", "WARNING", file, frame["row"].to_numpy()[wrong], text[wrong], action="repaired",
            message=f"{column} is not one of {allowed.start}–{allowed.stop - 1}: taken as {allowed.start}",
        )  # fmt: skip
    return np.where(good, np.nan_to_num(number), allowed.start).astype(np.int16)


def read_stops(raw: RawTable, notices: NoticeBook) -> pd.DataFrame:
    """Read stops.txt; positions that cannot be are repaired (exchanged, taken from the station) or made NaN."""
    frame = _unique(raw.frame(), "stop_id", "stops.txt", notices)
    for column in ("stop_name", "parent_station"):
        if column not in frame:
            frame[column] = ""
    frame["location_type"] = _coded(frame, "location_type", range(5), "stops.txt", notices)
    lat, lon = _numeric(frame["stop_lat"]), _numeric(frame["stop_lon"])
    rows, ids = frame["row"].to_numpy(), frame["stop_id"].to_numpy()
    lat, lon = _positions(lat, lon, rows, ids, notices)
    lat, lon = _exchanged(lat, lon, rows, frame, notices)
    place = {stop: index for index, stop in enumerate(ids)}
    parent = np.array([place.get(stop, -1) for stop in frame["parent_station"]], dtype=np.int64)
    borrowed = ~np.isfinite(lat) & (parent >= 0) & np.isfinite(lat[parent])
    lat[borrowed], lon[borrowed] = lat[parent[borrowed]], lon[parent[borrowed]]
    _missing(lat, borrowed, frame, notices)
    return frame.assign(stop_lat=lat, stop_lon=lon)


def _positions(
    lat: np.ndarray, lon: np.ndarray, rows: np.ndarray, ids: np.ndarray, notices: NoticeBook
) -> tuple[np.ndarray, np.ndarray]:
    near_origin = (np.abs(lat) < _NULL_ISLAND_DEGREES) & (np.abs(lon) < _NULL_ISLAND_DEGREES)
    outside = (np.abs(lat) > 90) | (np.abs(lon) > 180)
    # A latitude beyond ±90 that would do as a longitude may have been exchanged: left to the next check.
    hopeless = (outside & ((np.abs(lon) > 90) | (np.abs(lat) > 180))) & ~near_origin
    pole = (np.abs(lat) > 89) & ~outside
    for mask, code, message in (
        (near_origin, "point_near_origin", "position near (0, 0), a tool's default: no position"),
        (hopeless, "number_out_of_range", "not degrees: no position"),
        (pole, "point_near_pole", "position at a pole: no position"),
    ):
        if mask.any():
            notices.add_rows(code, "ERROR", "stops.txt", rows[mask], ids[mask], action="dropped", message=message)
    bad = near_origin | hopeless | pole
    return np.where(bad, np.nan, lat), np.where(bad, np.nan, lon)


def _exchanged(
    lat: np.ndarray, lon: np.ndarray, rows: np.ndarray, frame: pd.DataFrame, notices: NoticeBook
) -> tuple[np.ndarray, np.ndarray]:
    """Exchange latitude and longitude where the stop lies far from the bulk as given, and within it exchanged."""
    known = np.isfinite(lat) & np.isfinite(lon)
    if known.sum() < 4:
        return lat, lon
    (south, north), (west, east) = (np.percentile(axis[known], (5, 95)) for axis in (lat, lon))
    margin = _BULK_MARGIN_DEGREES

    def within(y: np.ndarray, x: np.ndarray) -> np.ndarray:
        return (y > south - margin) & (y < north + margin) & (x > west - margin) & (x < east + margin)

    far = known & ~((lat > south - 4) & (lat < north + 4) & (lon > west - 4) & (lon < east + 4))
    swapped = far & within(lon, lat)
    if swapped.any():
        names = frame["stop_id"].to_numpy()[swapped] + " « " + frame["stop_name"].to_numpy()[swapped] + " »"
        notices.add_rows(
            "swapped_coordinates", "ERROR", "stops.txt", rows[swapped], names, action="repaired",
            message="latitude and longitude were exchanged: put right",
        )  # fmt: skip
    still = known & ~swapped & (np.abs(lat) > 90)
    if still.any():
        notices.add_rows(
            "number_out_of_range", "ERROR", "stops.txt", rows[still], frame["stop_id"].to_numpy()[still],
            action="dropped", message="not degrees: no position",
        )  # fmt: skip
    new_lat, new_lon = np.where(swapped, lon, lat), np.where(swapped, lat, lon)
    return np.where(still, np.nan, new_lat), np.where(still, np.nan, new_lon)


def _missing(lat: np.ndarray, borrowed: np.ndarray, frame: pd.DataFrame, notices: NoticeBook) -> None:
    rows, ids = frame["row"].to_numpy(), frame["stop_id"].to_numpy()
    needs = (frame["location_type"] <= 1).to_numpy()
    for mask, action, message in (
        (borrowed & needs, "repaired", "no position: that of its station taken"),
        (~np.isfinite(lat) & needs, "dropped", "no usable position: trips ride through"),
    ):
        if mask.any():
            notices.add_rows(
                "stop_without_location", "ERROR", "stops.txt", rows[mask], ids[mask], action=action, message=message
            )


def read_trips(raw: RawTable, notices: NoticeBook) -> pd.DataFrame:
    """Read trips.txt."""
    frame = _unique(raw.frame(), "trip_id", "trips.txt", notices)
    for column in ("trip_headsign", "block_id", "bikes_allowed"):
        if column not in frame:
            frame[column] = ""
    return frame


def read_routes(raw: RawTable | None, trips: pd.DataFrame, notices: NoticeBook) -> pd.DataFrame:
    """Read routes.txt; a route that only trips name is made up, labelled, as a bus."""
    if raw is None:
        notices.add("missing_required_file", "ERROR", "routes.txt", action="repaired", message="made up from trips.txt")
        frame = pd.DataFrame({"route_id": np.empty(0, object), "route_type": np.empty(0, object), "row": []})
    else:
        frame = _unique(raw.frame(), "route_id", "routes.txt", notices)
    for column in ("route_short_name", "route_long_name", "agency_id"):
        if column not in frame:
            frame[column] = ""
    if "route_type" not in frame:
        notices.add("missing_required_column", "ERROR", "routes.txt", action="repaired", entity="route_type",
                    message="taken as bus")  # fmt: skip
        frame["route_type"] = "3"
    number = _numeric(frame["route_type"])
    wrong = ~np.isfinite(number) | (number < 0) | (number > 1702)
    if wrong.any():
        notices.add_rows(
            "unexpected_enum_value", "WARNING", "routes.txt", frame["row"].to_numpy()[wrong],
            frame["route_id"].to_numpy()[wrong], action="repaired", message="route_type unknown: taken as bus",
        )  # fmt: skip
    frame["route_type"] = np.where(wrong, 3, np.nan_to_num(number, nan=3)).astype(np.int16)
    known = set(frame["route_id"])
    first = trips.drop_duplicates("route_id")
    lost = first[~first["route_id"].isin(known)]
    if len(lost):
        notices.add_rows(
            "foreign_key_violation", "ERROR", "trips.txt", lost["row"].to_numpy(), lost["route_id"], action="repaired",
            message="route_id is not in routes.txt: a nameless bus route made up",
        )  # fmt: skip
        made = pd.DataFrame(
            {"route_id": lost["route_id"].to_numpy(), "route_type": np.int16(3), "row": lost["row"].to_numpy()}
        )
        frame = pd.concat([frame, made], ignore_index=True)
        texts = [column for column in frame.columns if column not in ("route_type", "row")]
        frame[texts] = frame[texts].fillna("")
    return frame.reset_index(drop=True)


def _days(raw: RawTable, column: str, notices: NoticeBook) -> np.ndarray:
    """Dates as datetime64[D], NaT where unreadable."""
    texts, codes = raw.coded(column)
    days = pd.to_datetime(pd.Series(texts, dtype=object), format="%Y%m%d", errors="coerce").to_numpy(
        dtype="datetime64[D]"
    )
    days = days[codes] if len(raw) else days[:0]
    wrong = np.isnat(days)
    if wrong.any():
        notices.add_rows(
            "invalid_date", "ERROR", raw.file, raw.row[wrong], texts[codes[wrong]], action="dropped",
            message=f"{column} is not YYYYMMDD: the row does not count",
        )  # fmt: skip
    return days


def read_calendar(raw: RawTable | None, notices: NoticeBook) -> pd.DataFrame:
    """Read calendar.txt; empty where the feed has none."""
    if raw is None or not len(raw):
        empty = {"service_id": np.empty(0, object)} | {day: np.empty(0, bool) for day in WEEKDAYS}
        dates = {name: np.empty(0, "datetime64[s]") for name in ("start_date", "end_date")}
        return pd.DataFrame(empty | dates | {"row": np.empty(0, np.int64)})
    frame = pd.DataFrame({"service_id": raw.text("service_id")})
    for day in WEEKDAYS:
        frame[day] = raw.text(day) == "1"
    frame["start_date"] = _days(raw, "start_date", notices)
    frame["end_date"] = _days(raw, "end_date", notices)
    frame["row"] = raw.row
    frame = frame.dropna(subset=["start_date", "end_date"])
    turned = (frame["start_date"] > frame["end_date"]).to_numpy()
    if turned.any():
        notices.add_rows(
            "start_and_end_range_out_of_order", "ERROR", raw.file, frame["row"].to_numpy()[turned],
            frame["service_id"].to_numpy()[turned], action="dropped", message="ends before it starts: never runs",
        )  # fmt: skip
    return _unique(frame[~turned], "service_id", raw.file, notices)


def read_calendar_dates(raw: RawTable | None, notices: NoticeBook) -> pd.DataFrame:
    """Read calendar_dates.txt; empty where the feed has none."""
    if raw is None or not len(raw):
        return pd.DataFrame(
            {"service_id": np.empty(0, object), "date": np.empty(0, "datetime64[s]"),
             "exception_type": np.empty(0, np.int8), "row": np.empty(0, np.int64)}
        )  # fmt: skip
    kind = raw.text("exception_type")
    frame = pd.DataFrame({"service_id": raw.text("service_id"), "date": _days(raw, "date", notices)})
    frame["exception_type"] = np.where(kind == "1", 1, np.where(kind == "2", 2, 0)).astype(np.int8)
    frame["row"] = raw.row
    wrong = (frame["exception_type"] == 0).to_numpy()
    again = frame.duplicated(["service_id", "date"]).to_numpy() & ~wrong
    for mask, code, message in (
        (wrong, "unexpected_enum_value", "exception_type is neither 1 nor 2: the row does not count"),
        (again, "duplicate_key", "service and date are there twice: the first row counts"),
    ):
        if mask.any():
            notices.add_rows(
                code, "ERROR", raw.file, frame["row"].to_numpy()[mask], frame["service_id"].to_numpy()[mask],
                action="dropped", message=message,
            )  # fmt: skip
    return frame[~wrong & ~again].dropna(subset=["date"]).reset_index(drop=True)


def read_frequencies(raw: RawTable | None, trip_ids: np.ndarray, notices: NoticeBook) -> pd.DataFrame:
    """Read frequencies.txt: periods in which a trip repeats."""
    columns = ("start_s", "end_s", "headway_s")
    if raw is None or not len(raw):
        frame = pd.DataFrame({"trip_id": np.empty(0, object)} | {name: np.empty(0, np.int32) for name in columns})
        return frame.assign(exact=np.empty(0, bool), row=np.empty(0, np.int64))
    frame = pd.DataFrame({"trip_id": raw.text("trip_id")})
    for column, source in (("start_s", "start_time"), ("end_s", "end_time")):
        texts, codes = raw.coded(source)
        frame[column] = clock_seconds(texts)[codes]
    headway = pd.to_numeric(pd.Series(raw.text("headway_secs")), errors="coerce").fillna(0)
    frame["headway_s"] = headway.clip(0, 2**30).astype(np.int32)
    frame["exact"] = raw.text("exact_times") == "1"
    frame["row"] = raw.row
    known = frame["trip_id"].isin(set(trip_ids)).to_numpy()
    sound = ((frame["start_s"] >= 0) & (frame["end_s"] > frame["start_s"]) & (frame["headway_s"] > 0)).to_numpy()
    for mask, code, message in (
        (~known, "foreign_key_violation", "trip_id is not in trips.txt"),
        (known & ~sound, "start_and_end_range_out_of_order", "period or headway that cannot be"),
    ):
        if mask.any():
            notices.add_rows(
                code,
                "ERROR",
                raw.file,
                raw.row[mask],
                frame["trip_id"].to_numpy()[mask],
                action="dropped",
                message=message,
            )
    frame = frame[known & sound].sort_values(["trip_id", "start_s"], kind="stable").reset_index(drop=True)
    same = (frame["trip_id"] == frame["trip_id"].shift(-1)).to_numpy()
    over = same & (frame["end_s"] > frame["start_s"].shift(-1).fillna(2**30)).to_numpy()
    if over.any():
        notices.add_rows(
            "overlapping_frequency", "ERROR", raw.file, frame["row"].to_numpy()[over],
            frame["trip_id"].to_numpy()[over], action="repaired",
            message="cut where the next period of the trip starts",
        )  # fmt: skip
        frame["end_s"] = np.where(over, frame["start_s"].shift(-1).fillna(0), frame["end_s"]).astype(np.int32)
    return frame


def read_transfers(
    raw: RawTable | None, stop_ids: np.ndarray, route_ids: np.ndarray, trip_ids: np.ndarray, notices: NoticeBook
) -> pd.DataFrame:
    """Read transfers.txt; rows of unknown stops, routes or trips are dropped."""
    texts = ("from_stop_id", "to_stop_id", "from_route_id", "to_route_id", "from_trip_id", "to_trip_id")
    if raw is None or not len(raw):
        frame = pd.DataFrame({name: np.empty(0, object) for name in texts})
        return frame.assign(
            transfer_type=np.empty(0, np.int8), min_transfer_s=np.empty(0, np.int32), row=np.empty(0, int)
        )
    frame = pd.DataFrame({name: raw.text(name) for name in texts})
    frame["row"] = raw.row
    given = raw.frame()
    frame["transfer_type"] = _coded(given, "transfer_type", range(6), raw.file, notices).astype(np.int8)
    seconds = pd.to_numeric(pd.Series(raw.text("min_transfer_time")), errors="coerce").fillna(-1)
    frame["min_transfer_s"] = seconds.clip(-1, 86_400).astype(np.int32)
    known = np.ones(len(frame), dtype=bool)
    for what, ids in (("stop", stop_ids), ("route", route_ids), ("trip", trip_ids)):
        names = {*ids, ""}
        for column in (f"from_{what}_id", f"to_{what}_id"):
            lost = known & ~frame[column].isin(names).to_numpy()
            if lost.any():
                notices.add_rows(
                    "foreign_key_violation", "ERROR", raw.file, raw.row[lost], frame[column].to_numpy()[lost],
                    action="dropped", message=f"{column} is a {what} that the feed does not have",
                )  # fmt: skip
            known &= ~lost
    placed = (frame["from_stop_id"] != "") & (frame["to_stop_id"] != "")
    placeless = known & ~placed.to_numpy() & (frame["transfer_type"] <= 3).to_numpy()
    if placeless.any():
        notices.add_rows(
            "missing_required_field", "ERROR", raw.file, raw.row[placeless], [""] * int(placeless.sum()),
            action="dropped", message="from_stop_id or to_stop_id is blank, which types 4 and 5 alone allow",
        )  # fmt: skip
        known &= ~placeless
    return frame[known].reset_index(drop=True)


def read_pathways(raw: RawTable | None, stop_ids: np.ndarray, notices: NoticeBook) -> pd.DataFrame:
    """Read pathways.txt: ways inside stations, `traversal_s` int32 (−1 where not given), `both_ways` bool."""
    if raw is None or not len(raw):
        return pd.DataFrame(
            {"from_stop_id": np.empty(0, object), "to_stop_id": np.empty(0, object), "both_ways": np.empty(0, bool),
             "traversal_s": np.empty(0, np.int32), "length_m": np.empty(0), "row": np.empty(0, np.int64)}
        )  # fmt: skip
    frame = pd.DataFrame({"from_stop_id": raw.text("from_stop_id"), "to_stop_id": raw.text("to_stop_id")})
    frame["both_ways"] = raw.text("is_bidirectional") == "1"
    seconds = pd.to_numeric(pd.Series(raw.text("traversal_time")), errors="coerce").fillna(-1)
    frame["traversal_s"] = seconds.clip(-1, 86_400).astype(np.int32)
    frame["length_m"] = _numeric(pd.Series(raw.text("length")))
    frame["row"] = raw.row
    known = (frame["from_stop_id"].isin(set(stop_ids)) & frame["to_stop_id"].isin(set(stop_ids))).to_numpy()
    if not known.all():
        notices.add_rows(
            "foreign_key_violation", "ERROR", raw.file, raw.row[~known], frame["from_stop_id"].to_numpy()[~known],
            action="dropped", message="a stop that the feed does not have",
        )  # fmt: skip
    return frame[known].reset_index(drop=True)
