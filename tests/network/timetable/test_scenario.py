"""Edits change the service on every day drawn, say what they do, and refuse what cannot be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer

from geo_access.errors import InputError
from geo_access.network.build import build_network
from geo_access.network.model import Network, Timetable
from geo_access.network.timetable.edits import (
    AddLine,
    AddTrip,
    CloseFeed,
    CloseLine,
    CloseStop,
    DivertLine,
    ExtendLine,
    NewStop,
    RemoveTrips,
    RepeatTrip,
    ReplaceFeed,
    SetHeadway,
    ShiftTrips,
)
from geo_access.network.timetable.runs import Headways
from geo_access.network.timetable.scenario import apply_edits
from tests.feeds import ORIGIN_EPSG, ORIGIN_XY, write_feed
from tests.oracle import Oracle

STOPS = {"A": (0, 0), "B": (1000, 0), "C": (5000, 0)}
H = 3600
DAY = 86_400


def place(name: str, x: float, y: float) -> NewStop:
    to_degrees = Transformer.from_crs(ORIGIN_EPSG, 4326, always_xy=True)
    return NewStop(name, *to_degrees.transform(ORIGIN_XY[0] + x, ORIGIN_XY[1] + y))


def built(tmp_path: Path, trips: list, name: str = "f", **tables: object) -> Network:
    path = write_feed(tmp_path / f"{name}.zip", STOPS, trips, **tables)
    return build_network(gtfs=path, date="2026-03-17", epsg=2154, crow_fly_detour=1.2)


@pytest.fixture
def network(tmp_path: Path) -> Network:
    trips = [{"calls": f"A {hour:02d}:00 B {hour:02d}:10", "route_id": "r"} for hour in (7, 8, 9)]
    trips += [{"calls": "B 10:00 C 10:20", "route_id": "q", "bikes_allowed": 1}]
    trips += [{"calls": "A 23:00 B 23:20 C 23:50", "route_id": "n"}]
    return built(tmp_path, trips)


def leaves(network: Network, line: str) -> dict[int, list[int]]:
    """First departures of a line on each service day, on the clock of that day [s]."""
    t = network.timetable
    mine = t.route_name[t.trip_route] == line
    first = t.event_departure_s[t.trip_indptr[:-1]] - DAY * t.trip_day.astype(int)
    return {day: sorted(first[mine & (t.trip_day == day)].tolist()) for day in (-1, 0, 1)}


def calls(timetable: Timetable, trip_id: str, day: int = 0) -> list[tuple[str, int, int]]:
    trip = int(np.flatnonzero((timetable.trip_id == trip_id) & (timetable.trip_day == day))[0])
    part = slice(timetable.trip_indptr[trip], timetable.trip_indptr[trip + 1])
    columns = (timetable.event_arrival_s[part].tolist(), timetable.event_departure_s[part].tolist())
    return list(zip(timetable.stop_name[timetable.event_stop[part]].tolist(), *columns, strict=True))


def test_removing_reaches_the_evening_before_and_the_morning_after(network: Network) -> None:
    changed = apply_edits(network, [RemoveTrips(line="R", start="08:00", end="09:00")])
    assert leaves(changed, "R") == {-1: [], 0: [7 * H, 9 * H], 1: [7 * H, 9 * H]}
    assert str(changed.warnings[-1]) == "scenario: the trips of line R that leave in 08:00–09:00 do not run"
    assert leaves(network, "R")[0] == [7 * H, 8 * H, 9 * H]
    assert leaves(network, "N") == {-1: [23 * H], 0: [23 * H], 1: [23 * H]}
    for edit in (RemoveTrips(trip_ids=("t4",)), CloseLine("N"), RemoveTrips(line="n")):
        assert leaves(apply_edits(network, [edit]), "N") == {-1: [], 0: [], 1: []}
    # What no edit touches is shared.
    assert apply_edits(network, [CloseLine("N")]).timetable.footpaths is network.timetable.footpaths


def test_more_trips_run_every_day_that_they_would(network: Network) -> None:
    edits = [AddTrip("new", (("C", "22:00"), ("A", "22:30")), "z"), RepeatTrip("t3", "23:10")]
    changed = apply_edits(network, edits)
    assert leaves(changed, "z") == {-1: [22 * H], 0: [22 * H], 1: [22 * H]}
    # t3 left at 10:00 the day before and is not drawn there; its copy at 23:10 is.
    assert leaves(changed, "Q") == {-1: [23 * H + 600], 0: [10 * H, 23 * H + 600], 1: [10 * H, 23 * H + 600]}
    t = changed.timetable
    assert bool(t.trip_bikes[t.trip_id == "t3+2310"].all())
    stop = {name: index for index, name in enumerate(t.stop_id.tolist())}
    assert Oracle(t).arrivals({stop["C"]: 0}, 22 * H)[stop["A"]] == 22 * H + 1800


def test_shifting_moves_trips_into_the_evening_drawn(network: Network) -> None:
    changed = apply_edits(network, [ShiftTrips(14 * 60, line="R", start="09:00")])
    assert leaves(changed, "R") == {-1: [23 * H], 0: [7 * H, 8 * H, 23 * H], 1: [7 * H, 8 * H, 23 * H]}
    earlier = apply_edits(network, [ShiftTrips(-12.5, trip_ids=("t3",))])
    assert leaves(earlier, "Q")[0] == [10 * H - 750]


def test_headway_on_each_day_keeps_run_times(network: Network) -> None:
    changed = apply_edits(network, [SetHeadway("r", 20, "07:00", "09:00")])
    wanted = [7 * H + 1200 * k for k in range(6)] + [9 * H]
    assert leaves(changed, "R") == {-1: [], 0: wanted, 1: wanted}
    late = apply_edits(network, [SetHeadway("N", 15, "22:30", "23:30")])
    assert leaves(late, "N") == {day: [81_000 + 900 * k for k in range(4)] for day in (-1, 0, 1)}
    t = changed.timetable
    rides = t.event_arrival_s[t.trip_indptr[1:] - 1] - t.event_departure_s[t.trip_indptr[:-1]]
    assert set(rides[t.route_name[t.trip_route] == "R"].tolist()) == {600}


def test_headway_by_the_days_that_trips_run_on(tmp_path: Path) -> None:
    # On Tuesday 17 March two trips from 20:00, on Wednesday one: each day its own middle trip, on that day alone.
    week = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    calendar = [
        {"service_id": name, "start_date": "20260301", "end_date": "20260331"} | {day: int(day in days) for day in week}
        for name, days in (("tu", week[1:2]), ("we", week[2:3]), ("all", week[:3]))
    ]
    trips = [
        {"calls": "A 20:00 B 20:10", "service_id": "tu"},
        {"calls": "A 20:30 B 20:50", "service_id": "tu"},
        {"calls": "A 20:40 B 20:55", "service_id": "we"},
        {"calls": "A 06:00 B 06:10", "service_id": "all"},
    ]
    changed = apply_edits(built(tmp_path, trips, calendar=calendar), [SetHeadway("R", 30, "20:00", "21:00")])
    assert leaves(changed, "R") == {-1: [], 0: [6 * H, 20 * H, 20 * H + 1800], 1: [6 * H, 20 * H, 20 * H + 1800]}
    t = changed.timetable
    last = t.event_arrival_s[t.trip_indptr[1:] - 1] - t.event_departure_s[t.trip_indptr[:-1]]
    assert {day: set(last[t.trip_day == day].tolist()) for day in (0, 1)} == {0: {600, 1200}, 1: {600, 900}}


def test_a_line_with_new_stops_is_walked_to(network: Network) -> None:
    # 100 m from C: 90 s on foot at 4.8 km/h and a detour of 1.2.
    edit = AddLine("X1", ("A", place("Parc", 5100, 0)), 30, "06:00", "08:00", minutes=(15,))
    changed = apply_edits(network, [edit])
    assert changed.timetable.stop_id.tolist() == ["A", "B", "C", "X1:Parc"]
    assert [part.tolist() for part in changed.timetable.footpaths.row(3)] == [[2], [90]]
    assert leaves(changed, "X1")[0] == leaves(changed, "X1")[1] == sorted([6 * H + 1800 * k for k in range(4)] * 2)
    assert Oracle(changed.timetable).arrivals({0: 0}, 6 * H)[3] == 6 * H + 900
    assert (
        str(changed.warnings[-1])
        == "scenario: new line X1 (A – Parc), every 30 min in 06:00–08:00; rides of 15 min as given"
    )


def test_rides_from_the_streets_where_none_are_given(network: Network) -> None:
    # 5 km × 1.2 at 40 km/h are 540 s by car; × 1.25 and 20 s at the stop: 695 s.
    changed = apply_edits(network, [AddLine("X", ("A", "C"), 60, "06:00", "07:00", both_ways=False)])
    assert calls(changed.timetable, "X-0#060000") == [("Stop A", 21_600, 21_600), ("Stop C", 22_295, 22_295)]
    assert "rides assumed" in str(changed.warnings[-1])


def test_running_farther_out_and_back(network: Network) -> None:
    there = apply_edits(network, [ExtendLine("R", "B", ("C",), minutes=(12,))]).timetable
    assert [(n, a - 7 * H) for n, a, _ in calls(there, "t0")] == [("Stop A", 0), ("Stop B", 600), ("Stop C", 1320)]
    back = apply_edits(network, [ExtendLine("Q", "B", ("A",), minutes=(12,))]).timetable
    assert calls(back, "t3")[0] == ("Stop A", 10 * H - 720, 10 * H - 720)


def test_a_diversion_shifts_what_comes_after(network: Network) -> None:
    # From A over a new stop to C: 10 + 25 min instead of 50, B left out; nothing comes after.
    edit = DivertLine("N", "A", "C", (place("Parc", 500, 300),), minutes=(10, 25))
    assert [(n, a - 23 * H) for n, a, _ in calls(apply_edits(network, [edit]).timetable, "t4")] == [
        ("Stop A", 0),
        ("Parc", 600),
        ("Stop C", 2100),
    ]
    straight = apply_edits(network, [DivertLine("N", "B", "C", (), minutes=(40,))]).timetable
    assert [a - 23 * H for _, a, _ in calls(straight, "t4", day=1)] == [DAY, DAY + 1200, DAY + 3600]


def test_closing_a_stop_lets_vehicles_pass(network: Network) -> None:
    t = apply_edits(network, [CloseStop("Stop B")]).timetable
    at_b = t.event_stop == 1
    assert not t.event_board[at_b].any()
    assert not t.event_alight[at_b].any()
    assert Oracle(t).arrivals({0: 0}, 23 * H) == {2: 23 * H + 3000}


def test_seats_follow_the_trips(tmp_path: Path) -> None:
    trips = [
        "A 06:00 B 06:10",
        {"calls": "A 07:00 B 07:10", "block_id": "v"},
        {"calls": "B 07:12 C 07:30", "block_id": "v"},
    ]
    network = built(tmp_path, trips)

    def pairs(*edits: object) -> list[list[str]]:
        t = apply_edits(network, edits).timetable
        return [t.trip_id[pair].tolist() for pair in t.in_seat if t.trip_day[pair[0]] == 0]

    assert pairs(RemoveTrips(trip_ids=("t0",))) == [["t1", "t2"]]
    assert pairs(RemoveTrips(trip_ids=("t2",))) == []
    assert pairs(ShiftTrips(-2, trip_ids=("t1",))) == [["t1", "t2"]]
    late = apply_edits(network, [ShiftTrips(5, trip_ids=("t1",))])
    assert len(late.timetable.in_seat) == 0
    assert "1 pair of trips is no longer ridden" in str(late.warnings[-1])


def test_a_feed_in_the_place_of_another(tmp_path: Path) -> None:
    rail = write_feed(tmp_path / "rail.zip", {"S": (5050, 0), "T": (9000, 0)}, ["S 10:30 T 10:40"])
    bus = write_feed(tmp_path / "bus.zip", STOPS, ["A 10:00 C 10:20"])
    later = write_feed(tmp_path / "later.zip", {"A": (0, 0), "D": (5100, 0)}, ["A 10:05 D 10:22", "A 22:00 D 22:20"])
    network = build_network(gtfs=[rail, bus], date="2026-03-17", epsg=2154, crow_fly_detour=1.2)
    changed = apply_edits(network, [ReplaceFeed("bus", str(later))])
    t = changed.timetable
    assert t.stop_id.tolist() == ["rail:S", "rail:T", "bus:A", "bus:D"]
    assert sorted(changed.inputs) == ["later.zip", "rail.zip"]
    # 50 m × 1.2 at 4.8 km/h: 45 s on foot, and a minute to change.
    fresh = build_network(gtfs=[rail, later], date="2026-03-17", epsg=2154, crow_fly_detour=1.2).timetable
    for moment in (10 * H, 10 * H + 301, 22 * H - DAY):
        there = {str(t.stop_id[k])[-1]: at for k, at in Oracle(t).arrivals({2: 0}, moment).items()}
        by_build = Oracle(fresh).arrivals({fresh.stop_id.tolist().index("later:A"): 0}, moment)
        assert there == {str(fresh.stop_id[k])[-1]: at for k, at in by_build.items()}
    alone = apply_edits(network, [CloseFeed("rail")]).timetable
    assert set(alone.route_feed[alone.trip_route].tolist()) == {"bus"}


def test_names_as_operators_print_them(tmp_path: Path) -> None:
    trips = [{"calls": "A 07:00 B 07:10", "route_id": f"id{k}"} for k in range(3)]
    path = write_feed(tmp_path / "f.zip", STOPS, trips)
    network = build_network(gtfs=path, date="2026-03-17", epsg=2154, crow_fly_detour=1.2)
    names = np.array(["L8", "L9", "L9"])
    network = replace(network, timetable=replace(network.timetable, route_name=names))
    assert leaves(apply_edits(network, [CloseLine("l8")]), "L8")[0] == []
    with pytest.raises(InputError, match=r"2 lines are called 'L9' → give one of these ids: id1 \(f\), id2 \(f\)"):
        apply_edits(network, [CloseLine("L9")])
    with pytest.raises(InputError, match="no line 'L88' → nearest: L8"):
        apply_edits(network, [CloseLine("L88")])


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        ([RemoveTrips(trip_ids=("nope",))], "no trip 'nope' → nearest"),
        ([RemoveTrips()], "neither trips nor a line"),
        ([SetHeadway("r", 0, "07:00", "08:00")], "headway of 0"),
        ([SetHeadway("r", 10, "08:00", "07:00")], "is empty"),
        ([SetHeadway("r", 10, "8h", "09:00")], "'8h' is not a clock time"),
        ([SetHeadway("r", 10, "20:00", "21:00")], "no trip leaves in 20:00–21:00"),
        ([AddTrip("n", (("A", "08:00"), ("Z", "08:10")), "r")], "no stop 'Z' → nearest"),
        ([AddTrip("n", (("A", "08:00"), ("B", "07:10")), "r")], "go back in time"),
        ([AddLine("L", ("A", "B"), 10, "07:00", "08:00", minutes=())], "0 rides for 1"),
        ([AddLine("L", ("A", "B"), 10, "07:00", "08:00", minutes=(-3,))], "1 ride for 1"),
        ([AddLine("R", ("A", "B"), 10, "07:00", "08:00")], "'R' is there already"),
        ([ShiftTrips(0, line="r")], "shift of 0 min"),
        ([ExtendLine("R", "C", ("A",))], "no trip starts or ends at 'C'"),
        ([DivertLine("Q", "A", "C", ())], "no trip calls at 'A' and then 'C'"),
        ([CloseLine("R"), SetHeadway("R", 10, "07:00", "08:00")], "has no trip left"),
        ([CloseFeed("f")], "nothing would run"),
        ([CloseLine("R"), CloseLine("Q"), CloseLine("N")], "nothing would run"),
        ([CloseFeed("g")], "the feeds are: f"),
        ([ReplaceFeed("f", "nowhere.zip")], "nowhere.zip"),
        ([CloseLine("zz"), CloseStop("yy")], "2 faults"),
    ],
)
def test_edits_that_cannot_be(network: Network, edits: list, says: str) -> None:
    with pytest.raises(InputError, match=says):
        apply_edits(network, edits)


def test_edits_are_values() -> None:
    assert SetHeadway("r", 10, "07:00", "08:00") == SetHeadway("r", 10, "07:00", "08:00")
    assert len({RemoveTrips(line="r"), RemoveTrips(line="r")}) == 1


def test_edits_of_a_line_whose_waits_are_charged(tmp_path: Path) -> None:
    period = {"trip_id": "t0", "start_time": "07:00:00", "end_time": "09:00:00", "headway_secs": 1200}
    path = write_feed(tmp_path / "f.zip", STOPS, ["A 07:00 B 07:10 C 07:20"], frequencies=[period])
    charged = Headways(expected_wait=True)
    network = build_network(gtfs=path, date="2026-03-17", epsg=2154, crow_fly_detour=1.2, headways=charged)
    line = str(network.timetable.route_name[0])

    def arrives(edited: Network, at: int, stop: int = 0) -> float:
        return Oracle(edited.timetable).arrivals({stop: 0}, at)[2]

    # At 8:00:00, half a step before the next vehicle: 10 min of wait and the ride.
    assert arrives(network, 8 * H) == 8 * H + 600 + 1200
    later = apply_edits(network, [ShiftTrips(line=line, minutes=30)])
    assert arrives(later, 8 * H) == 8 * H + 600 + 1200
    # From 7:00 first, whoever comes before; later by half an hour.
    assert (arrives(network, 6 * H), arrives(later, 6 * H)) == (7 * H + 600 + 1200, 7 * H + 1800 + 600 + 1200)
    # A headway that is set leaves at hours that are known: 8:00, 8:15, …
    known = apply_edits(network, [SetHeadway(line, 15, start="07:00", end="09:00")])
    assert set(known.timetable.trip_wait_s.tolist()) == {0}
    assert arrives(known, 8 * H + 60) == 8 * H + 15 * 60 + 1200
    assert arrives(known, 8 * H + 60, stop=1) == 8 * H + 10 * 60 + 600
