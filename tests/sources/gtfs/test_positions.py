"""Whole files with latitude and longitude exchanged, recognised by the time zone and by nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo_access.sources.gtfs.feed import read_gtfs
from geo_access.sources.gtfs.model import Feed
from geo_access.sources.gtfs.notices import NoticeBook
from geo_access.sources.gtfs.positions import some_exchanged, whole_file_exchanged, zone_places
from tests.feeds import feed_tables, table_text, write_tables

STOPS = {name: (3000 * k, 0) for k, name in enumerate("ABCDEF")}
TRIPS = ["A 08:00 B 08:05 C 08:10 D 08:15 E 08:20 F 08:25"]

# Where feeds really are: latitude, longitude, time zone that the agency gives.
PLACES = [
    (50.6, 3.1, "Europe/Paris"),
    (43.7, 7.3, "Europe/Paris"),
    (48.4, -4.5, "Europe/Paris"),
    (42.0, 8.7, "Europe/Paris"),
    (-30.0, -51.2, "America/Sao_Paulo"),
    (-23.5, -46.6, "America/Sao_Paulo"),
    (40.7, -74.0, "America/New_York"),
    (56.3, 93.5, "Asia/Krasnoyarsk"),
    (35.7, 139.7, "Asia/Tokyo"),
    (14.6, -61.0, "America/Martinique"),
    (51.5, -0.1, "Europe/London"),
    (19.1, 72.9, "Asia/Kolkata"),
    (-37.8, 145.0, "Australia/Melbourne"),
    (60.2, 24.9, "Europe/Helsinki"),
    (25.8, -80.2, "America/New_York"),
    (43.8, 87.6, "Asia/Shanghai"),
]


@pytest.mark.parametrize(("lat", "lon", "zone"), PLACES)
@pytest.mark.parametrize("turned", [False, True])
def test_a_file_is_put_right_when_it_is_turned_and_left_alone_when_it_is_not(
    lat: float, lon: float, zone: str, turned: bool
) -> None:
    if zone not in zone_places():
        pytest.skip("this machine has no table of time zones")
    spread = np.linspace(-0.1, 0.1, 7)
    y, x = lat + spread, lon - spread
    book = NoticeBook()
    got = whole_file_exchanged(*((x, y) if turned else (y, x)), zone, book)
    np.testing.assert_array_equal(got, (y, x))
    assert [(n.code, n.count) for n in book.found] == ([("swapped_coordinates", 7)] if turned else [])


@pytest.mark.parametrize(("lat", "lon"), [(-21.1, 55.5), (-12.8, 45.2), (14.6, -61.0), (4.9, -52.3)])
def test_a_feed_overseas_that_gives_the_time_of_paris_lies_where_it_says(lat: float, lon: float) -> None:
    book = NoticeBook()
    got = whole_file_exchanged(np.full(5, lat), np.full(5, lon), "Europe/Paris", book)
    np.testing.assert_array_equal(got, (np.full(5, lat), np.full(5, lon)))
    assert book.found == []


def test_a_turned_feed_reads_as_the_right_one_aloud(tmp_path: Path) -> None:
    files = {f"{name}.txt": table_text(rows) for name, rows in feed_tables(STOPS, TRIPS).items()}
    right = read_gtfs(write_tables(tmp_path / "f.zip", files))
    files["stops.txt"] = files["stops.txt"].replace("stop_lat,stop_lon", "stop_lon,stop_lat")
    turned = read_gtfs(write_tables(tmp_path / "g.zip", files))
    for column in ("stop_lon", "stop_lat"):
        np.testing.assert_array_equal(turned.stops[column], right.stops[column])
    assert [n.message for n in turned.notices] == [
        "latitude and longitude exchanged in the whole file (Europe/Paris): put right"
    ]


def stops_told(tmp_path: Path, swapped: str, zone: str = "Europe/Paris", stops: str = "ABCDEF") -> tuple[Feed, Feed]:
    """The drawn feed as it is, and with some of its stops turned."""
    tables = feed_tables({name: STOPS[name] for name in stops}, [" ".join(TRIPS[0].split()[: 2 * len(stops)])])
    tables["agency"][0]["agency_timezone"] = zone
    feeds = []
    for turned in ("", swapped):
        rows = [
            row | {"stop_lat": row["stop_lon"], "stop_lon": row["stop_lat"]} if row["stop_id"] in turned else row
            for row in tables["stops"]
        ]
        files = {f"{name}.txt": table_text(rows) for name, rows in (tables | {"stops": rows}).items()}
        feeds.append(read_gtfs(write_tables(tmp_path / f"{turned or 'right'}.zip", files)))
    return feeds[0], feeds[1]


@pytest.mark.parametrize("swapped", ["A", "CF", "ACE", "ABCE", "ABCDE", "ABCDEF"])
def test_stops_turned_are_put_right_however_many_they_are(tmp_path: Path, swapped: str) -> None:
    right, turned = stops_told(tmp_path, swapped)
    for column in ("stop_lon", "stop_lat"):
        np.testing.assert_array_equal(turned.stops[column], right.stops[column])
    assert {n.code for n in turned.notices} == {"swapped_coordinates"}
    assert sum(n.count for n in turned.notices) == len(swapped)


def test_the_smaller_group_is_turned_where_the_time_zone_tells_nothing(tmp_path: Path) -> None:
    # The time of Martinique: far from both, nearer neither by much.
    right, turned = stops_told(tmp_path, "BD", zone="America/Martinique")
    np.testing.assert_array_equal(turned.stops["stop_lat"], right.stops["stop_lat"])
    _, doubt = stops_told(tmp_path, "B", zone="America/Martinique", stops="AB")
    assert [(n.code, n.action, n.entity[0]) for n in doubt.notices if n.code == "swapped_coordinates"] == [
        ("swapped_coordinates", "kept", "B")
    ]


def test_a_territory_on_both_sides_of_the_line_stays() -> None:
    # Turkey from Izmir to Van: 38.4, 27.1 … 38.5, 43.4.
    lat, lon = np.full(9, 38.5), np.linspace(27.1, 43.4, 9)
    frame = pd.DataFrame({"row": range(9), "stop_id": list("abcdefghi"), "stop_name": list("abcdefghi")})
    book = NoticeBook()
    got = some_exchanged(lat, lon, frame, "Europe/Istanbul", book)
    np.testing.assert_array_equal(got, (lat, lon))
    assert book.found == []
