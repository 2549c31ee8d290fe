"""A wheelchair rides what the feed vouches for, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo_access.errors import InputError, ServiceDateError
from geo_access.network.build import build_network
from tests.feeds import write_feed

STOPS = {"S": (40, 0), "A": (0, 0), "B": (1000, 0), "C": (2000, 0), "D": (3000, 0)}
COLUMNS = {
    "S": {"location_type": 1, "wheelchair_boarding": 1}, "A": {"parent_station": "S"}, "B": {"wheelchair_boarding": 2},
    "C": {"wheelchair_boarding": 1},
}  # fmt: skip


def test_trips_and_stops_that_the_feed_vouches_for(tmp_path: Path) -> None:
    trips = [
        {"calls": "A 08:00 B 08:05 C 08:10", "wheelchair_accessible": 1},
        {"calls": "A 09:00 B 09:05 C 09:10", "wheelchair_accessible": 2},
        "A 10:00 B 10:05 C 10:10",
        {"calls": "A 11:00 D 11:10", "wheelchair_accessible": 1},
    ]
    path = write_feed(tmp_path / "f.zip", STOPS, trips, stop_columns=COLUMNS)
    network = build_network(gtfs=path, date="2026-03-17", crow_fly_detour=1.3, wheelchair=True)
    timetable = network.timetable
    assert timetable is not None
    today = timetable.trip_day == 0
    # t3 ends where nothing is said, t2 says nothing itself, t1 says no; A has it from its station, B is closed.
    assert timetable.trip_id[today].tolist() == ["t0"]
    assert timetable.event_board[:3].tolist() == [True, False, True]
    assert timetable.event_alight[:3].tolist() == [True, False, True]
    assert "f: wheelchair_not_stated (trips.txt): 1 dropped" in map(str, network.warnings)
    assert "f: wheelchair_not_stated (stops.txt): 1 dropped" in map(str, network.warnings)
    plain = build_network(gtfs=path, date="2026-03-17", crow_fly_detour=1.3)
    assert plain.timetable is not None
    assert int((plain.timetable.trip_day == 0).sum()) == 4


def test_a_feed_that_says_nothing_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = write_feed(tmp_path / "f.zip", STOPS, ["A 08:00 B 08:05"])
    with pytest.raises(ServiceDateError, match=r"trips\.txt row 2: t0: wheelchair_accessible says nothing"):
        build_network(gtfs=path, date="2026-03-17", crow_fly_detour=1.3, wheelchair=True)
    with pytest.raises(InputError, match="give gtfs="):
        build_network(date="2026-03-17", crow_fly_detour=1.3, epsg=2154, wheelchair=True)
