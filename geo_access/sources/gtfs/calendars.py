"""When trips run: calendar.txt, calendar_dates.txt and frequencies.txt to types."""

from __future__ import annotations

import numpy as np
import pandas as pd

from geo_access.sources.gtfs.cells import WEEKDAYS, read_days, read_numbers
from geo_access.sources.gtfs.clocks import clock_seconds
from geo_access.sources.gtfs.notices import Notice, NoticeBook
from geo_access.sources.gtfs.rows import RawTable
from geo_access.sources.gtfs.tables import unique_rows
from geo_access.words.note import note

__all__ = ["read_calendar", "read_calendar_dates", "read_frequencies", "without_periods"]


def read_calendar(raw: RawTable | None, notices: NoticeBook) -> pd.DataFrame:
    """Read calendar.txt; empty where the feed has none."""
    if raw is None or not len(raw):
        empty = {"service_id": np.empty(0, object)} | {day: np.empty(0, bool) for day in WEEKDAYS}
        dates = {name: np.empty(0, "datetime64[s]") for name in ("start_date", "end_date")}
        return pd.DataFrame(empty | dates | {"row": np.empty(0, np.int64)})
    frame = pd.DataFrame({"service_id": raw.text("service_id")})
    for day in WEEKDAYS:
        frame[day] = raw.text(day) == "1"
    frame["start_date"] = read_days(raw, "start_date", notices)
    frame["end_date"] = read_days(raw, "end_date", notices, told=frame["start_date"].isna().to_numpy())
    frame["row"] = raw.row
    frame = frame.dropna(subset=["start_date", "end_date"])
    turned = (frame["start_date"] > frame["end_date"]).to_numpy()
    if turned.any():
        notices.add_rows(
            Notice(
                "start_and_end_range_out_of_order",
                "ERROR",
                raw.file,
                action="dropped",
                says=note("gtfs.ends_before_start"),
            ),
            frame["row"].to_numpy()[turned],
            frame["service_id"].to_numpy()[turned],
        )
    return unique_rows(frame[~turned], "service_id", raw.file, notices)


def read_calendar_dates(raw: RawTable | None, notices: NoticeBook) -> pd.DataFrame:
    """Read calendar_dates.txt; empty where the feed has none."""
    if raw is None or not len(raw):
        return pd.DataFrame(
            {
                "service_id": np.empty(0, object),
                "date": np.empty(0, "datetime64[s]"),
                "exception_type": np.empty(0, np.int8),
                "row": np.empty(0, np.int64),
            }
        )
    kind = raw.text("exception_type")
    frame = pd.DataFrame({"service_id": raw.text("service_id"), "date": read_days(raw, "date", notices)})
    frame["exception_type"] = np.where(kind == "1", 1, np.where(kind == "2", 2, 0)).astype(np.int8)
    frame["row"] = raw.row
    dated = frame["date"].notna().to_numpy()
    wrong = (frame["exception_type"] == 0).to_numpy() & dated
    again = frame.duplicated(["service_id", "date"]).to_numpy() & ~wrong & dated
    for mask, code, says in (
        (wrong, "unexpected_enum_value", "exception_type"),
        (again, "duplicate_key", "exception_twice"),
    ):
        if mask.any():
            notices.add_rows(
                Notice(code, "ERROR", raw.file, action="dropped", says=note(f"gtfs.{says}")),
                frame["row"].to_numpy()[mask],
                frame["service_id"].to_numpy()[mask],
            )
    return frame[~wrong & ~again].dropna(subset=["date"]).reset_index(drop=True)


def read_frequencies(raw: RawTable | None, trip_ids: np.ndarray, notices: NoticeBook) -> pd.DataFrame:
    """Read frequencies.txt: periods in which a trip repeats; where two overlap, the vehicles of both run."""
    columns = ("start_s", "end_s", "headway_s")
    if raw is None or not len(raw):
        frame = pd.DataFrame({"trip_id": np.empty(0, object)} | {name: np.empty(0, np.int32) for name in columns})
        return frame.assign(exact=np.empty(0, bool), row=np.empty(0, np.int64))
    frame = pd.DataFrame({"trip_id": raw.text("trip_id")})
    for column, source in (("start_s", "start_time"), ("end_s", "end_time")):
        texts, codes = raw.coded(source)
        frame[column] = clock_seconds(texts)[codes]
    headway = pd.Series(read_numbers(raw, "headway_secs", notices, default=0.0)).fillna(0)
    frame["headway_s"] = headway.clip(0, 2**30).astype(np.int32)
    frame["exact"] = raw.text("exact_times") == "1"
    frame["row"] = raw.row
    known = frame["trip_id"].isin(set(trip_ids)).to_numpy()
    regular = (frame["headway_s"] > 0).to_numpy()
    forward = ((frame["start_s"] >= 0) & (frame["end_s"] > frame["start_s"])).to_numpy()
    for mask, code, says in (
        (~known, "foreign_key_violation", "lost_trip"),
        (known & ~regular, "number_out_of_range", "headway"),
        (known & regular & ~forward, "start_and_end_range_out_of_order", "period"),
    ):
        if mask.any():
            names = frame["trip_id"].to_numpy()[mask]
            notices.add_rows(
                Notice(code, "ERROR", raw.file, action="dropped", says=note(f"gtfs.{says}")), raw.row[mask], names
            )
    frame = frame[known & regular & forward].sort_values(["trip_id", "start_s", "end_s"], kind="stable")
    frame = frame.reset_index(drop=True)
    # Against the latest end of all earlier periods of the trip, not only of the one before.
    latest = frame.groupby("trip_id")["end_s"].cummax().groupby(frame["trip_id"]).shift(fill_value=-1)
    over = (frame["start_s"] < latest).to_numpy()
    if over.any():
        notices.add_rows(
            Notice("overlapping_frequency", "WARNING", raw.file, action="kept", says=note("gtfs.overlapping")),
            frame["row"].to_numpy()[over],
            frame["trip_id"].to_numpy()[over],
        )
    return frame


def without_periods(
    raw: RawTable | None, frequencies: pd.DataFrame, trip_ids: np.ndarray, notices: NoticeBook
) -> np.ndarray:
    """Find the trips that frequencies.txt repeats in no usable period: their times are no departures.

    Returns
    -------
    ndarray of bool, shape (n_trips,)
    """
    if raw is None or not len(raw):
        return np.zeros(len(trip_ids), dtype=bool)
    named = set(raw.coded("trip_id")[0]) - set(frequencies["trip_id"])
    lost = np.array([name in named for name in trip_ids], dtype=bool)
    if lost.any():
        names = raw.text("trip_id")
        first = dict(zip(names[::-1], raw.row[::-1], strict=True))
        notices.add_rows(
            Notice("repeated_trip_without_period", "ERROR", raw.file, action="dropped", says=note("gtfs.no_period")),
            [first[name] for name in trip_ids[lost]],
            trip_ids[lost],
        )
    return lost
