"""Edits change what they say and nothing else, and are written down."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from geo_access.errors import InputError
from geo_access.network.model import CrowFly, Timetable
from geo_access.network.timetable.scenario import AddLine, AddTrip, RemoveTrips, RepeatTrip, SetHeadway, apply_edits
from geo_access.network.timetable.timetable import build_timetable
from geo_access.sources.gtfs.feed import read_gtfs
from tests.feeds import ORIGIN_XY, write_feed
from tests.oracle import Oracle

STOPS = {"A": (0, 0), "B": (1000, 0), "C": (5000, 0)}
PLAIN = CrowFly(2154, detour=1.2)


@pytest.fixture
def timetable(tmp_path: Path) -> Timetable:
    trips = [{"calls": f"A {hour:02d}:00 B {hour:02d}:10", "route_id": "r"} for hour in (7, 8, 9)]
    trips += [{"calls": "B 10:00 C 10:20", "route_id": "q", "bikes_allowed": 1}]
    feed = read_gtfs(write_feed(tmp_path / "f.zip", STOPS, trips))
    return build_timetable([feed], day=date(2026, 3, 17), epsg=2154, streets=PLAIN)


def leaves(timetable: Timetable, route: str) -> list[int]:
    mine = (timetable.route_id[timetable.trip_route] == route) & (timetable.trip_day == 0)
    return sorted(timetable.event_departure_s[timetable.trip_indptr[:-1][mine]].tolist())


def test_removing_by_window_and_by_name(timetable: Timetable) -> None:
    changed = apply_edits(timetable, [RemoveTrips(route_id="r", start="08:00", end="09:00")], streets=PLAIN)
    assert leaves(changed, "r") == [7 * 3600, 9 * 3600]
    assert changed.notes[-1] == "scenario: remove the trips of route r from 08:00 until 09:00"
    assert leaves(timetable, "r") == [7 * 3600, 8 * 3600, 9 * 3600]
    gone = apply_edits(timetable, [RemoveTrips(trip_ids=("t3",))], streets=PLAIN)
    assert leaves(gone, "q") == []
    # The morrow is left alone: the edit is about the day.
    assert (gone.trip_id == "t3").sum() == 1


def test_one_more_trip_and_one_earlier(timetable: Timetable) -> None:
    edits = [AddTrip("new", (("C", "11:00"), ("A", "11:30")), "z"), RepeatTrip("t3", "05:10")]
    changed = apply_edits(timetable, edits, streets=PLAIN)
    assert leaves(changed, "z") == [11 * 3600]
    assert leaves(changed, "q") == [5 * 3600 + 600, 10 * 3600]
    assert bool(changed.trip_bikes[changed.trip_id == "t3+0510"].all())
    place = {name: index for index, name in enumerate(changed.stop_id.tolist())}
    assert Oracle(changed).arrivals({place["C"]: 0}, 10 * 3600)[place["A"]] == 11 * 3600 + 1800


def test_headway_keeps_run_times(timetable: Timetable) -> None:
    changed = apply_edits(timetable, [SetHeadway("r", 20, "07:00", "09:00")], streets=PLAIN)
    assert leaves(changed, "r") == [7 * 3600 + 1200 * k for k in range(6)] + [9 * 3600]
    rides = changed.event_arrival_s[changed.trip_indptr[1:] - 1] - changed.event_departure_s[changed.trip_indptr[:-1]]
    assert set(rides[changed.route_id[changed.trip_route] == "r"].tolist()) == {600}


def test_a_line_with_new_stops_is_walked_to(timetable: Timetable) -> None:
    # 100 m from C: 90 s on foot at 4.8 km/h and a detour of 1.2.
    edit = AddLine("X1", ("A", ("Parc", ORIGIN_XY[0] + 5100, ORIGIN_XY[1])), (15,), 30, "06:00", "08:00")
    changed = apply_edits(timetable, [edit], streets=PLAIN)
    assert changed.stop_id.tolist() == ["A", "B", "C", "X1:Parc"]
    assert [part.tolist() for part in changed.footpaths.row(3)] == [[2], [90]]
    assert leaves(changed, "X1") == sorted([6 * 3600 + 1800 * k for k in range(4)] * 2)
    reached = Oracle(changed).arrivals({0: 0}, 6 * 3600)
    assert reached[3] == 6 * 3600 + 900
    assert (
        changed.notes[-1] == "scenario: add line X1 (A → Parc, 2 stops, both ways) every 30 min from 06:00 until 08:00"
    )


def test_in_seat_pairs_follow_the_renumbering(tmp_path: Path) -> None:
    trips = [
        "A 06:00 B 06:10",
        {"calls": "A 07:00 B 07:10", "block_id": "v"},
        {"calls": "B 07:12 C 07:30", "block_id": "v"},
    ]
    feed = read_gtfs(write_feed(tmp_path / "f.zip", STOPS, trips))
    timetable = build_timetable([feed], day=date(2026, 3, 17), epsg=2154, streets=PLAIN)
    changed = apply_edits(timetable, [RemoveTrips(trip_ids=("t0",))], streets=PLAIN)
    pairs = [changed.trip_id[pair].tolist() for pair in changed.in_seat]
    assert pairs == [["t1", "t2"]] * 2
    cut = apply_edits(timetable, [RemoveTrips(trip_ids=("t2",))], streets=PLAIN)
    assert len(cut.in_seat) == 1


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (RemoveTrips(trip_ids=("nope",)), "no trip 'nope'"),
        (RemoveTrips(), "needs either"),
        (SetHeadway("r", 0, "07:00", "08:00"), "headway of 0"),
        (SetHeadway("r", 10, "08:00", "07:00"), "is empty"),
        (SetHeadway("r", 10, "20:00", "21:00"), "no trip 20:00"),
        (AddTrip("n", (("A", "08:00"), ("Z", "08:10")), "r"), "no stop 'Z'"),
        (AddTrip("n", (("A", "08:00"), ("B", "07:10")), "r"), "run backwards"),
        (AddLine("L", ("A", "B"), (), 10, "07:00", "08:00"), "2 stops, 0 rides"),
    ],
)
def test_edits_that_cannot_be(timetable: Timetable, edit, says: str) -> None:
    with pytest.raises(InputError, match=says):
        apply_edits(timetable, [edit], streets=PLAIN)


def test_edits_are_values() -> None:
    assert SetHeadway("r", 10, "07:00", "08:00") == SetHeadway("r", 10, "07:00", "08:00")
    assert len({RemoveTrips(route_id="r"), RemoveTrips(route_id="r")}) == 1
    assert np.size(AddLine("L", ("A", "B"), (5,), 10, "07:00", "08:00").minutes) == 1
