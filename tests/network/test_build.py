"""Files to a network: what is asked for, what is refused, what is written down."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from geo_access.errors import InputError, MissingFileError, ServiceDateError
from geo_access.manifest import sha256_file
from geo_access.network.build import build_network
from geo_access.network.model import CrowFly, Network
from geo_access.network.timetable.edits import RemoveTrips
from geo_access.sources.gtfs.feed import read_gtfs
from tests.feeds import table_text, write_feed, write_tables
from tests.oracle import Oracle
from tests.shared import ROOT, shared_path

STOPS = {"A": (0, 0), "B": (1000, 0)}
DEMO = ROOT / "data" / "demo"


def test_text_dates_single_paths_and_hashes(tmp_path: Path) -> None:
    path = write_feed(tmp_path / "city.zip", STOPS, ["A 08:00 B 08:05"])
    network = build_network(gtfs=str(path), date="2026-03-17", crow_fly_detour=1.3)
    assert isinstance(network.streets, CrowFly)
    assert network.epsg == 2154
    assert network.inputs == {"city.zip": sha256_file(path)}
    assert str(network.warnings[0]) == "no streets: straight lines × 1.3"
    assert network.timetable is not None
    assert network.timetable.day == date(2026, 3, 17)


def test_feeds_of_one_file_name_stay_apart(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    paths = [write_feed(tmp_path / part / "gtfs.zip", STOPS, ["A 08:00 B 08:05"]) for part in (".", "x")]
    network = build_network(gtfs=paths, date=date(2026, 3, 17), crow_fly_detour=1.3)
    assert network.timetable is not None
    assert sorted(set(network.timetable.stop_feed.tolist())) == ["gtfs", "gtfs-2"]
    assert sorted(network.inputs) == ["gtfs.zip", "gtfs.zip#2"]


def test_edits_are_applied_and_recorded(tmp_path: Path) -> None:
    path = write_feed(tmp_path / "f.zip", STOPS, ["A 08:00 B 08:05", "A 09:00 B 09:05"])
    edits = [RemoveTrips(trip_ids=("t0",))]
    network = build_network(gtfs=path, date="2026-03-17", crow_fly_detour=1.3, edits=edits)
    assert network.timetable is not None
    assert int((network.timetable.trip_day == 0).sum()) == 1
    assert str(network.warnings[-1]) == "scenario: these trips do not run: t0"


def test_no_transit_is_a_network_too() -> None:
    network = build_network(date="2026-03-17", crow_fly_detour=1.3, epsg=2154)
    assert network.timetable is None


def test_what_is_wrong_with_a_feed_reaches_the_warnings(tmp_path: Path) -> None:
    path = write_feed(tmp_path / "f.zip", STOPS, ["A 08:00 B 08:05", "A 09:00 X 09:02 B 09:05"])
    network = build_network(gtfs=path, date="2026-03-17", crow_fly_detour=1.3)
    said = [str(note) for note in network.warnings]
    assert any(one.startswith("f, stop_times.txt: ") and one.endswith("(1 dropped)") for one in said), said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "crow_fly_detour=1.3 for straight lines"),
        ({"crow_fly_detour": 0.5}, "not within 1–10"),
        ({"crow_fly_detour": 1.3, "date": "17/03/2026"}, "is not a day"),
        ({"crow_fly_detour": 1.3, "align": "sometimes"}, "align"),
        ({"crow_fly_detour": 1.3, "max_transfer_s": -5}, "max_transfer_s"),
    ],
)
def test_arguments_that_cannot_be(tmp_path: Path, arguments: dict, says: str) -> None:
    path = write_feed(tmp_path / "f.zip", STOPS, ["A 08:00 B 08:05"])
    with pytest.raises(InputError, match=says):
        build_network(gtfs=path, **({"date": "2026-03-17"} | arguments))


def test_missing_files_are_listed_together(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError) as caught:
        build_network(tmp_path / "a.osm.pbf", [tmp_path / "b.zip", tmp_path / "c.zip"], date="2026-03-17")
    assert len(caught.value.faults) == 3
    with pytest.raises(InputError, match="give epsg="):
        build_network(date="2026-03-17", crow_fly_detour=1.3)


def test_a_feed_without_a_usable_stop(tmp_path: Path) -> None:
    nowhere = {stop: {"stop_lat": "0", "stop_lon": "0"} for stop in STOPS}
    path = write_feed(tmp_path / "f.zip", STOPS, ["A 08:00 B 08:05"], stop_columns=nowhere)
    with pytest.raises(InputError):
        build_network(gtfs=path, date="2026-03-17", crow_fly_detour=1.3)


def test_no_trip_on_the_day(tmp_path: Path) -> None:
    path = write_feed(tmp_path / "f.zip", STOPS, ["A 08:00 B 08:05"])
    with pytest.raises(ServiceDateError, match="nearest day"):
        build_network(gtfs=path, date="2031-01-01", crow_fly_detour=1.3)


def test_demo_feeds_with_streets() -> None:
    feeds = sorted(DEMO.glob("gtfs_*.zip"))
    network = build_network(DEMO / "streets.osm.bz2", feeds, date="2026-03-17", epsg=2154)
    timetable = network.timetable
    assert timetable is not None
    assert set(timetable.stop_feed.tolist()) == {path.stem for path in feeds}
    assert len(network.inputs) == 5
    rows = np.repeat(np.arange(timetable.n_stops), np.diff(timetable.footpaths.indptr))
    assert (timetable.footpaths.seconds <= timetable.reach_s).all()
    assert timetable.reach_s == 750
    across = timetable.stop_feed[rows] != timetable.stop_feed[timetable.footpaths.indices]
    assert across.any()
    # Nobody walks straighter than the crow flies.
    metres = np.hypot(
        timetable.stop_x[rows] - timetable.stop_x[timetable.footpaths.indices],
        timetable.stop_y[rows] - timetable.stop_y[timetable.footpaths.indices],
    )
    assert (timetable.footpaths.seconds + 1 >= metres / (4.8 / 3.6)).all()


@pytest.mark.reference
def test_neighbour_feed_on_the_platform_of_valenciennes(tmp_path: Path) -> None:
    # A made coach from Valenciennes station to a place with no train, drawn beside the platform of the real feed.
    rail = shared_path("hauts_de_france/ter_hdf_2025-01.zip")
    stops = read_gtfs(rail).stops
    station = stops[stops["stop_id"] == "StopPoint:OCETrain TER-87343004"].iloc[0]
    tables = {
        "agency.txt": [
            {"agency_id": "b", "agency_name": "Made", "agency_url": "https://x", "agency_timezone": "Europe/Brussels"}
        ],
        "stops.txt": [
            {
                "stop_id": "V",
                "stop_name": "Gare de VALENCIENNES",
                "stop_lat": station["stop_lat"] + 0.0007,
                "stop_lon": station["stop_lon"],
            },
            {"stop_id": "Q", "stop_name": "Quiévrain", "stop_lat": 50.41, "stop_lon": 3.68},
        ],
        "routes.txt": [{"route_id": "x", "route_short_name": "X", "route_type": 3}],
        "trips.txt": [{"route_id": "x", "service_id": "s", "trip_id": "x1"}],
        "calendar_dates.txt": [{"service_id": "s", "date": "20250204", "exception_type": 1}],
        "stop_times.txt": [
            {"trip_id": "x1", "stop_id": stop, "stop_sequence": k, "arrival_time": at, "departure_time": at}
            for k, (stop, at) in enumerate((("V", "05:50:00"), ("Q", "06:15:00")))
        ],
    }
    made = write_tables(tmp_path / "made.zip", {name: table_text(rows) for name, rows in tables.items()})
    for linked in (True, False):
        network = build_network(gtfs=[rail, made], date="2025-02-04", crow_fly_detour=1.3, link_feeds=linked)
        assert (_arrival(network, "Lille Flandres", "made:Q") == 6 * 3600 + 900) is linked


def _arrival(network: Network, origin: str, target: str) -> int | None:
    timetable = network.timetable
    assert timetable is not None
    access = {int(stop): 0 for stop in np.flatnonzero(timetable.stop_name == origin)}
    reached = Oracle(timetable).arrivals(access, 5 * 3600, max_rides=2)
    return reached.get(int(np.flatnonzero(timetable.stop_id == target)[0]))
