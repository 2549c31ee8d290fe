"""The small GTFS tables: text to types, duplicate keys, positions that cannot be."""

from __future__ import annotations

import numpy as np
import pandas as pd

from geo_access.sources.gtfs.cells import read_numbers
from geo_access.sources.gtfs.notices import Notice, NoticeBook
from geo_access.sources.gtfs.positions import (
    say_missing,
    single_exchanged,
    some_exchanged,
    usable_positions,
    whole_file_exchanged,
)
from geo_access.sources.gtfs.rows import RawTable
from geo_access.words.note import note

__all__ = ["read_routes", "read_stops", "read_trips", "unique_rows"]


def unique_rows(frame: pd.DataFrame, key: str, file: str, notices: NoticeBook) -> pd.DataFrame:
    """Keep the first row of each id, and none without one."""
    again = frame[key].duplicated().to_numpy()
    if again.any():
        notices.add_rows(
            Notice("duplicate_key", "ERROR", file, action="dropped", says=note("gtfs.id_twice", column=key)),
            frame["row"].to_numpy()[again],
            frame[key].to_numpy()[again],
        )
    empty = (frame[key] == "").to_numpy()
    if empty.any():
        notices.add_rows(
            Notice("missing_required_field", "ERROR", file, action="dropped", says=note("gtfs.id_blank", column=key)),
            frame["row"].to_numpy()[empty],
            [key] * int(empty.sum()),
        )
    return frame[~again & ~empty].reset_index(drop=True)


def _number_of(frame: pd.DataFrame, column: str) -> np.ndarray:
    """Code column of a table whose codes are plain, as int16; 0 where nothing is said."""
    if column not in frame:
        return np.zeros(len(frame), np.int16)
    return np.array([int(text or "0") for text in frame[column]], dtype=np.int16)


def read_stops(raw: RawTable, notices: NoticeBook, *, zone: str = "", exchanged: bool | None = None) -> pd.DataFrame:
    """Read stops.txt; positions that cannot be are repaired (exchanged, taken from the station) or made NaN.

    Parameters
    ----------
    raw : RawTable
    notices : NoticeBook
    zone : str
        IANA time zone of the agency, which tells a file that is exchanged as a whole; "" where not known.
    exchanged : bool, optional
        Whether it is, where that is known.

    Returns
    -------
    pandas.DataFrame
        As `Feed.stops`.
    """
    given = raw.frame()
    for column in ("stop_lat", "stop_lon"):
        given[column] = read_numbers(raw, column, notices)
    frame = unique_rows(given, "stop_id", "stops.txt", notices)
    for column in ("stop_name", "parent_station"):
        if column not in frame:
            frame[column] = ""
    frame["location_type"] = _number_of(frame, "location_type").astype(np.int8)
    lat, lon = frame["stop_lat"].to_numpy(), frame["stop_lon"].to_numpy()
    rows, ids = frame["row"].to_numpy(), frame["stop_id"].to_numpy()
    lat, lon = some_exchanged(lat, lon, frame, zone, notices)
    if exchanged is None:
        lat, lon = whole_file_exchanged(lat, lon, zone, notices)
    elif exchanged:
        notices.add(
            Notice(
                "swapped_coordinates",
                "ERROR",
                "stops.txt",
                action="repaired",
                says=note("gtfs.all_exchanged_told"),
                count=len(lat),
            )
        )
        lat, lon = lon, lat
    lat, lon = usable_positions(lat, lon, rows, ids, notices)
    lat, lon = single_exchanged(lat, lon, rows, frame, notices)
    place = {stop: index for index, stop in enumerate(ids)}
    parent = np.array([place.get(stop, -1) for stop in frame["parent_station"]], dtype=np.int64)
    borrowed = ~np.isfinite(lat) & (parent >= 0) & np.isfinite(lat[parent])
    lat[borrowed], lon[borrowed] = lat[parent[borrowed]], lon[parent[borrowed]]
    say_missing(lat, borrowed, frame, notices)
    return frame.assign(stop_lat=lat, stop_lon=lon)


def read_trips(raw: RawTable, notices: NoticeBook) -> pd.DataFrame:
    """Read trips.txt."""
    frame = unique_rows(raw.frame(), "trip_id", "trips.txt", notices)
    for column in ("trip_headsign", "block_id", "bikes_allowed"):
        if column not in frame:
            frame[column] = ""
    return frame


def read_routes(raw: RawTable | None, trips: pd.DataFrame, notices: NoticeBook) -> pd.DataFrame:
    """Read routes.txt; a route that only trips name is made up, labelled, as a bus."""
    if raw is None:
        notices.add(
            Notice("missing_required_file", "ERROR", "routes.txt", action="repaired", says=note("gtfs.routes_made_up"))
        )
        frame = pd.DataFrame({"route_id": np.empty(0, object), "route_type": np.empty(0, object), "row": []})
    else:
        frame = unique_rows(raw.frame(), "route_id", "routes.txt", notices)
    for column in ("route_short_name", "route_long_name", "agency_id"):
        if column not in frame:
            frame[column] = ""
    if "route_type" not in frame:
        notices.add(
            Notice(
                "missing_required_column",
                "ERROR",
                "routes.txt",
                entity="route_type",
                action="repaired",
                says=note("gtfs.no_route_type"),
            )
        )
        frame["route_type"] = "3"
    number = pd.to_numeric(frame["route_type"], errors="coerce").to_numpy(dtype=np.float64)
    wrong = ~np.isfinite(number) | (number < 0) | (number > 1702)
    if wrong.any():
        notices.add_rows(
            Notice("unexpected_enum_value", "WARNING", "routes.txt", action="repaired", says=note("gtfs.route_type")),
            frame["row"].to_numpy()[wrong],
            frame["route_id"].to_numpy()[wrong],
        )
    frame["route_type"] = np.where(wrong, 3, np.nan_to_num(number, nan=3)).astype(np.int16)
    return _with_named_only(frame, trips, notices).reset_index(drop=True)


def _with_named_only(frame: pd.DataFrame, trips: pd.DataFrame, notices: NoticeBook) -> pd.DataFrame:
    """Add the routes that only trips name, as buses."""
    known = set(frame["route_id"])
    first = trips.drop_duplicates("route_id")
    lost = first[~first["route_id"].isin(known)]
    if not len(lost):
        return frame
    notices.add_rows(
        Notice("foreign_key_violation", "ERROR", "trips.txt", action="repaired", says=note("gtfs.lost_route")),
        lost["row"].to_numpy(),
        lost["route_id"],
    )
    made = pd.DataFrame(
        {"route_id": lost["route_id"].to_numpy(), "route_type": np.int16(3), "row": lost["row"].to_numpy()}
    )
    frame = pd.concat([frame, made], ignore_index=True)
    texts = [column for column in frame.columns if column not in ("route_type", "row")]
    frame[texts] = frame[texts].fillna("")
    return frame
