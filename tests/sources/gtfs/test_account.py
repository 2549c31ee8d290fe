"""Rows read = rows kept + rows reported, for every table, on feeds as operators publish them."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest

from geo_access.sources.gtfs.feed import read_gtfs
from tests.feeds import feed_tables, table_text, write_tables
from tests.shared import shared_path

FEEDS = [
    "gtfs_dirty/sncf_2014_times_past_41h.zip",
    "gtfs_dirty/sncf_voyages_2024-12_calendar_dates_only.zip",
    "gtfs_dirty/ter_2019-09_one_stop_swapped_latlon.zip",
    "gtfs_dirty/ter_2022-05_truncated_stop_times.zip",
    "porto_alegre/poa_eptc.zip",
    "porto_alegre/poa_trensurb.zip",
    "hauts_de_france/ter_hdf_2025-01.zip",
    "zheleznogorsk/gtfs.zip",
    "osm/monaco_gtfs_2025-12.zip",
]
# Notices by which rows leave their table; others of action "dropped" say that a row is of no use, and it stays.
LEAVES = {
    "foreign_key_violation",
    "missing_required_field",
    "duplicate_key",
    "invalid_date",
    "unexpected_enum_value",
    "start_and_end_range_out_of_order",
    "number_out_of_range",
    "time_beyond_48_hours",
    "missing_trip_edge",
    "unusable_trip",
    "stop_without_location",
    "invalid_row_length",
    "flexible_service_not_used",
    "stop_time_with_arrival_before_previous_departure_time",
    "repeated_trip_without_period",
    "empty_row",
}
STAY = {"stops.txt", "trips.txt", "routes.txt"}


def records(path: Path) -> dict[str, int]:
    with zipfile.ZipFile(path) as archive:
        tables = {}
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8-sig", errors="replace")
            tables[name.rpartition("/")[2]] = sum(1 for row in csv.reader(io.StringIO(text, newline="")) if row) - 1
    return tables


def account(path: Path) -> dict[str, tuple[int, int, int]]:
    """By table: rows read, kept, reported as gone."""
    feed = read_gtfs(path)
    kept = {
        f"{name}.txt": len(getattr(feed, name))
        for name in (
            *("agency", "stops", "trips", "calendar", "calendar_dates"),
            *("frequencies", "transfers", "pathways", "feed_info"),
        )
    } | {"stop_times.txt": len(feed.stop_times.stop), "routes.txt": int(feed.routes["row"].nunique())}
    gone = dict.fromkeys(kept, 0)
    for n in feed.notices:
        # In frequencies.txt it names the trip, whose rows have notices of their own.
        if n.code == "repeated_trip_without_period" and n.file == "frequencies.txt":
            continue
        once = n.file not in STAY or n.code in (
            "duplicate_key",
            "missing_required_field",
            "invalid_row_length",
            "empty_row",
        )
        if n.action == "dropped" and n.code in LEAVES and n.file in gone and once:
            gone[n.file] += n.count
    return {name: (n, kept[name], gone[name]) for name, n in records(path).items() if name in kept}


@pytest.mark.parametrize("name", FEEDS)
def test_every_row_of_a_real_feed_is_kept_or_reported(name: str) -> None:
    for table, (read, kept, gone) in account(shared_path(name)).items():
        assert read == kept + gone, table


def test_every_row_of_a_drawn_feed_is_kept_or_reported(tmp_path: Path) -> None:
    stops = {"A": (0, 0), "B": (1000, 0), "C": (2000, 0)}
    trips = [
        "A 08:00 B 08:05 C 08:10",
        "A 49:00 B 49:05 C 49:10",
        "A 09:00 B - C -",
        "A 09:00",
        "B 08:00 X 08:05 C 08:10",
        "A 11:00 B 10:00 C 09:00 A 08:00 B 07:00",
        "A 10:00 B 10:05",
    ]
    week = feed_tables(stops, trips)["calendar"][0]
    files = feed_tables(
        stops,
        trips,
        calendar=[week, week, week | {"service_id": "b", "start_date": "x", "end_date": "y"}],
        calendar_dates=[
            {"service_id": "all", "date": day, "exception_type": kind}
            for day, kind in (("20260301", 1), ("20260301", 2), ("x", 1), ("x", 7), ("20260302", 5))
        ],
        frequencies=[
            {"trip_id": trip, "start_time": "06:00:00", "end_time": end, "headway_secs": 600 * k}
            for k, (trip, end) in enumerate((("t6", "07:00:00"), ("t0", "05:00:00"), ("gone", "07:00:00")))
        ],
        transfers=[{"from_stop_id": "A", "to_stop_id": stop, "transfer_type": 2} for stop in ("B", "", "X")],
        pathways=[{"from_stop_id": "A", "to_stop_id": stop, "pathway_mode": 1, "is_bidirectional": 1} for stop in "BX"],
    )
    path = write_tables(tmp_path / "f.zip", {f"{n}.txt": table_text(rows) for n, rows in files.items()})
    found = account(path)
    for table, (read, kept, gone) in found.items():
        assert read == kept + gone, table
    assert sum(gone for _, _, gone in found.values()) > 20
