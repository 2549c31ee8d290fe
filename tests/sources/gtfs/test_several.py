"""Several feeds in one file: all read where a list of feeds is expected, versions told apart by the day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from geo_access.errors import InputError, MissingFileError, ServiceDateError
from geo_access.network.build import build_network
from geo_access.sources.gtfs.feed import read_gtfs
from geo_access.sources.gtfs.several import read_feeds
from geo_access.study.network import calendar_lines
from tests.feeds import feed_tables, table_text, write_tables
from tests.sources.gtfs.test_containers import under, zipped

DAY = date(2026, 3, 17)


def texts(trip: str, *, route: str = "r", year: int = 2026, agency: str = "Drawn") -> dict[str, str]:
    calendar = {
        "service_id": "all",
        **dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), 1),
        "start_date": f"{year}0101",
        "end_date": f"{year}1231",
    }
    stops = {"A": (0.0, 0.0), "B": (1000.0, 0.0)}
    tables = feed_tables(stops, [{"calls": trip, "route_id": route}], calendar=[calendar])
    tables["agency"][0]["agency_name"] = agency
    return {f"{name}.txt": table_text(rows) for name, rows in tables.items()}


BUS, TRAM = texts("A 08:00 B 08:05"), texts("A 09:00 B 09:03", route="t", agency="Other")


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (under("bus", BUS) | under("tram", TRAM), ["f/bus", "f/tram"]),
        (BUS | under("tram", TRAM), ["f/top", "f/tram"]),
        ({"bus.zip": zipped(BUS), "tram.zip": zipped(TRAM)}, ["f/bus", "f/tram"]),
        ({"all.zip": zipped(under("bus", BUS) | under("tram", TRAM))}, ["f/all.zip/bus", "f/all.zip/tram"]),
        ({"x/bus.zip": zipped(under("in", BUS)), "tram.zip": zipped(TRAM)}, ["f/x/bus", "f/tram"]),
        (
            BUS | {"tram.zip": zipped(TRAM), "notes.zip": zipped({"readme.txt": "x"}), "no.zip": b"x"},
            ["f/top", "f/tram"],
        ),
        (under("bus", BUS) | under("bus/tram", TRAM), ["f/bus", "f/bus/tram"]),
    ],
)
def test_all_are_read_and_named_by_their_place(tmp_path: Path, files: dict, names: list[str]) -> None:
    path = write_tables(tmp_path / "f.zip", files)
    read = read_feeds(path, day=DAY)
    assert sorted(feed.name for feed in read.feeds) == sorted(names)
    assert [str(said) for said in read.notes] == [
        f"f.zip: 2 feeds in one file, all read: {', '.join(feed.name for feed in read.feeds)}"
    ]
    for feed, place in zip(read.feeds, read.paths, strict=True):
        alone = read_gtfs(place)
        assert alone.stop_times.departure_s.tolist() == feed.stop_times.departure_s.tolist()
    # One leaves A at 8:00 and at 9:00.
    network = build_network(gtfs=path, date=DAY, crow_fly_detour=1.3)
    assert network.timetable is not None
    assert network.timetable.trip_id[network.timetable.trip_day == 0].shape == (2,)
    assert read.notes[0] in network.warnings
    assert list(network.inputs) == ["f.zip"]


def test_lines_named_alike_that_run_elsewhere_are_no_versions(tmp_path: Path) -> None:
    # One agency, one line R in both: A → B and, from the stop beside B, B2 → C.
    elsewhere = feed_tables({"B2": (1000.0, 0.0), "C": (2000.0, 0.0)}, ["B2 08:10 C 08:15"])
    train = {f"{name}.txt": table_text(rows) for name, rows in elsewhere.items()}
    path = write_tables(tmp_path / "f.zip", under("bus", BUS) | under("train", train))
    assert [feed.name for feed in read_feeds(path, day=DAY).feeds] == ["f/bus", "f/train"]


def test_a_feed_beside_a_zip_with_another_is_refused_as_one(tmp_path: Path) -> None:
    path = write_tables(tmp_path / "f.zip", BUS | {"tram.zip": zipped(TRAM)})
    with pytest.raises(InputError, match=r"2 feeds in one file: stop_times\.txt, tram\.zip"):
        read_gtfs(path)


def test_one_is_named_by_folder_zip_or_table(tmp_path: Path) -> None:
    path = write_tables(tmp_path / "f.zip", under("y/bus", BUS) | under("y/tram", TRAM) | {"z.zip": b""})
    assert read_gtfs(path / "y" / "bus").stop_times.departure_s.tolist() == [8 * 3600, 8 * 3600 + 300]
    assert read_gtfs(path / "y/tram/stops.txt").stop_times.departure_s.tolist() == [9 * 3600, 9 * 3600 + 180]
    with pytest.raises(InputError, match=r"2 feeds in one file: y/bus/, y/tram/ → name one, such as f\.zip/y/bus"):
        read_gtfs(path)
    with pytest.raises(MissingFileError, match=r"nothing like 'rail' in this file → one of y/bus, y/tram"):
        read_gtfs(path / "rail")
    network = build_network(gtfs=path / "y" / "tram", date=DAY, crow_fly_detour=1.3)
    assert network.timetable is not None
    assert int((network.timetable.trip_day == 0).sum()) == 1


def test_versions_of_one_network_are_chosen_by_the_day(tmp_path: Path) -> None:
    old = texts("A 07:00 B 07:05", year=2025)
    path = write_tables(tmp_path / "f.zip", under("2025", old) | under("2026", BUS) | under("tram", TRAM))
    for day, kept, left in ((DAY, "2026", "2025"), (date(2025, 3, 18), "2025", "2026")):
        read = read_feeds(path, day=day)
        assert [feed.name for feed in read.feeds] == [f"f/{kept}", "f/tram"]
        assert [note.key for note in read.notes] == ["gtfs.several_read", "gtfs.version_chosen"]
        assert f"f/{kept} is taken, not f/{left}" in str(read.notes[1])
    assert len(read_feeds(path).feeds) == 3


def test_of_two_versions_of_the_day_the_later_one_counts(tmp_path: Path) -> None:
    first, second = texts("A 07:00 B 07:05"), dict(BUS)
    second["calendar.txt"] = second["calendar.txt"].replace("20260101", "20260301")
    path = write_tables(tmp_path / "f.zip", {"b.zip": zipped(first), "a.zip": zipped(second)})
    assert [feed.name for feed in read_feeds(path, day=DAY).feeds] == ["f/a"]


def test_where_no_version_runs_the_nearest_says_so(tmp_path: Path) -> None:
    old, less_old = (under(str(year), texts("A 07:00 B 07:05", year=year)) for year in (2023, 2025))
    path = write_tables(tmp_path / "f.zip", old | less_old)
    with pytest.raises(ServiceDateError, match="f/2025"):
        build_network(gtfs=path, date=DAY, crow_fly_detour=1.3)


def test_the_calendar_shows_each(tmp_path: Path) -> None:
    path = write_tables(tmp_path / "f.zip", under("bus", BUS) | under("tram", TRAM))
    lines = "\n".join(calendar_lines([path], language="en"))
    assert "f/bus" in lines
    assert "f/tram" in lines
