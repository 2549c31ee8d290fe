"""Staying in the seat when a trip has stops that must be booked, and when one vehicle repeats its trip."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from geo_access.network.model import CrowFly, Timetable
from geo_access.network.timetable.timetable import build_timetable
from geo_access.routing.graphs import GraphKey, forward_graph
from geo_access.sources.gtfs.feed import read_gtfs
from tests.feeds import write_feed

STOPS = {"A": (0, 0), "B": (5000, 0), "C": (10_000, 0), "D": (15_000, 0)}
PLAIN = CrowFly(2154, detour=1.2)


def call(stop: str, at: str, kind: int = 0) -> dict:
    return {"stop_id": stop, "arrival_time": at, "departure_time": at, "pickup_type": kind, "drop_off_type": kind}


def build(tmp_path: Path, trips: list, **tables: list) -> Timetable:
    feed = read_gtfs(write_feed(tmp_path / "f.zip", STOPS, trips, **tables))
    return build_timetable([feed], day=date(2026, 3, 17), epsg=2154, streets=PLAIN)


def joined(timetable: Timetable, *, on_demand: bool) -> set[tuple[str, ...]]:
    """Trips of the day as they are ridden: the names of those joined in the seat."""
    lines = forward_graph(timetable, GraphKey(4.8, 600, 60, bikes=False, on_demand=on_demand)).lines
    out = set()
    for k in range(len(lines.trip_line)):
        events = lines.event_source[lines.trip_indptr[k] : lines.trip_indptr[k + 1]]
        trips = [int((timetable.trip_indptr <= event).sum()) - 1 for event in events]
        if timetable.trip_day[trips[0]] == 0:
            out.add(tuple(dict.fromkeys(str(timetable.trip_id[trip]) for trip in trips)))
    return out


@pytest.mark.parametrize("booked", [0, 2, 3])
@pytest.mark.parametrize("said", ["block", "transfer"])
def test_a_stop_that_must_be_booked_takes_nobody_out_of_the_seat(tmp_path: Path, booked: int, said: str) -> None:
    trips = [
        {"calls": [call("A", "08:00:00"), call("B", "08:10:00", booked), call("C", "08:20:00")]},
        {"calls": [call("C", "08:20:00"), call("D", "08:30:00")]},
    ]
    tables = {}
    if said == "block":
        trips = [trip | {"block_id": "v"} for trip in trips]
    else:
        tables["transfers"] = [{"from_trip_id": "t0", "to_trip_id": "t1", "transfer_type": 4}]
    timetable = build(tmp_path, trips, **tables)
    for on_demand in (False, True):
        assert joined(timetable, on_demand=on_demand) == {("t0", "t1")}


def test_the_booked_stop_in_the_second_trip_and_in_both(tmp_path: Path) -> None:
    for kinds in ((0, 2), (2, 0), (2, 2)):
        trips = [
            {"calls": [call("A", "08:00:00"), call("B", "08:10:00", kinds[0])], "block_id": "v"},
            {"calls": [call("B", "08:10:00"), call("C", "08:20:00", kinds[1]), call("D", "08:30:00")], "block_id": "v"},
        ]
        timetable = build(tmp_path, trips)
        for on_demand in (False, True):
            assert joined(timetable, on_demand=on_demand) == {("t0", "t1")}


def test_a_trip_that_nobody_could_ride_alone_carries_those_seated(tmp_path: Path) -> None:
    # Board at A of the first; the second lets off at its end only, and takes on those who booked.
    trips = [
        {"calls": [call("A", "08:00:00"), call("B", "08:10:00")], "block_id": "v"},
        {"calls": [call("B", "08:10:00", 2), call("C", "08:20:00", 2), call("D", "08:30:00")], "block_id": "v"},
    ]
    timetable = build(tmp_path, trips)
    lines = forward_graph(timetable, GraphKey(4.8, 600, 60, bikes=False, on_demand=False)).lines
    assert joined(timetable, on_demand=False) == {("t0", "t1")}
    # Without booking one gets off at D alone of the second trip.
    chained = next(k for k in range(len(lines.trip_line)) if lines.trip_indptr[k + 1] - lines.trip_indptr[k] == 5)
    part = slice(lines.trip_indptr[chained], lines.trip_indptr[chained + 1])
    assert lines.event_alight[part].tolist() == [False, True, False, False, True]


def test_a_link_into_the_next_service_day(tmp_path: Path) -> None:
    trips = ["A 23:50 B 24:10", "B 00:10 C 00:20"]
    timetable = build(tmp_path, trips, transfers=[{"from_trip_id": "t0", "to_trip_id": "t1", "transfer_type": 4}])
    days = [timetable.trip_day[pair].tolist() for pair in timetable.in_seat]
    assert days == [[-1, 0], [0, 1]]


@pytest.mark.parametrize(("headway", "pairs"), [(1800, 24), (600, 72), (3600, 12)])
def test_a_loop_repeated_by_frequencies_goes_on_as_its_next_round(tmp_path: Path, headway: int, pairs: int) -> None:
    # A round of 30 min from 06:10 to 18:40: 25, 75 or 13 rounds; each but the last to start goes on, if one starts
    # within half an hour of its end: every 10 min the last three rounds end after all have left.
    trip = {"calls": "A 06:10 B 06:20 C 06:30 A 06:40", "block_id": "loop"}
    times = {"trip_id": "t0", "start_time": "06:10:00", "end_time": "18:40:00", "headway_secs": headway}
    timetable = build(tmp_path, [trip], frequencies=[times | {"exact_times": 1}])
    today = [pair for pair in timetable.in_seat if timetable.trip_day[pair[0]] == 0]
    assert len(today) == pairs
    assert len({int(after) for _, after in today}) == len(today)
    loose = build(tmp_path, [trip], frequencies=[times | {"exact_times": 0}])
    assert len(loose.in_seat) == 0
    assert any("1 trip without fixed times" in str(line) for line in loose.notes)
