"""One service day from drawn feeds: days on one clock, what may be boarded, feeds merged."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.errors import CapacityError, InputError, ServiceDateError
from geo_access.network.model import CrowFly, Timetable
from geo_access.network.timetable.runs import Headways
from geo_access.network.timetable.timetable import build_timetable
from geo_access.network.timetable.validity import validate_timetable
from geo_access.sources.gtfs.feed import read_gtfs
from geo_access.sources.gtfs.model import Feed
from tests.feeds import write_feed
from tests.oracle import Oracle

DAY = date(2026, 3, 17)
STOPS = {"A": (0, 0), "B": (1000, 0), "C": (2000, 0)}
PLAIN = CrowFly(2154, detour=1.2)


def feed_of(folder: Path, trips: list, stops=STOPS, *, name: str = "f", **options) -> Feed:
    return read_gtfs(write_feed(folder / f"{name}.zip", stops, trips, **options))


def built(*feeds: Feed, day: date = DAY, **options) -> Timetable:
    return build_timetable(feeds, day=day, epsg=2154, streets=PLAIN, **options)


def calls(timetable: Timetable, *, relative: int = 0) -> dict[str, list[tuple[str, int, int]]]:
    out = {}
    for trip in np.flatnonzero(timetable.trip_day == relative):
        part = slice(timetable.trip_indptr[trip], timetable.trip_indptr[trip + 1])
        rows = zip(
            timetable.event_stop[part], timetable.event_arrival_s[part], timetable.event_departure_s[part], strict=True
        )
        out[str(timetable.trip_id[trip])] = [(str(timetable.stop_id[s]), int(a), int(d)) for s, a, d in rows]
    return out


def clock(hours: int, minutes: int = 0) -> int:
    return hours * 3600 + minutes * 60


def test_the_day_and_its_neighbours_on_one_clock(tmp_path: Path) -> None:
    timetable = built(feed_of(tmp_path, ["A 08:00 B 08:05", "A 23:50 B 24:20", "A 25:00 B 25:10"]))
    assert calls(timetable)["t0"] == [("A", clock(8), clock(8)), ("B", clock(8, 5), clock(8, 5))]
    # Of the eve, what still runs after midnight; of the morrow, everything that starts before 48:00.
    assert calls(timetable, relative=-1) == {
        "t1": [("A", -600, -600), ("B", 1200, 1200)],
        "t2": [("A", 3600, 3600), ("B", 4200, 4200)],
    }
    assert set(calls(timetable, relative=1)) == {"t0", "t1"}
    assert calls(timetable, relative=1)["t0"][0][1] == clock(32)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), -23), (date(2026, 10, 25), -25)])
def test_the_night_bus_on_the_nights_when_clocks_change(tmp_path: Path, day: date, hours: int) -> None:
    timetable = built(feed_of(tmp_path, ["A 25:00 B 26:00"]), day=day)
    assert calls(timetable, relative=-1)["t0"][0][1] == clock(25 + hours)


def test_a_feed_of_another_zone_is_brought_to_the_clock_of_the_first(tmp_path: Path) -> None:
    french = feed_of(tmp_path, ["A 08:00 B 08:05"], name="fr")
    british = feed_of(tmp_path, ["A 08:00 B 08:05"], name="uk", zone="Europe/London")
    assert calls(built(french, british))["uk:t0"][0] == ("uk:A", clock(9), clock(9))
    assert calls(built(british, french))["fr:t0"][0] == ("fr:A", clock(7), clock(7))


def test_trips_are_in_order_and_a_lone_feed_keeps_its_ids(tmp_path: Path) -> None:
    trips = [{"calls": f"A {h:02d}:00 B {h:02d}:05", "route_id": route} for h, route in ((9, "q"), (8, "r"), (7, "q"))]
    timetable = built(feed_of(tmp_path, trips))
    today = timetable.trip_day == 0
    assert timetable.trip_id[today].tolist() == ["t2", "t0", "t1"]
    assert timetable.stop_id.tolist() == ["A", "B"]
    assert timetable.route_name[timetable.trip_route[today]].tolist() == ["Q", "Q", "R"]


def test_pickup_and_drop_off_are_respected(tmp_path: Path) -> None:
    rows = [
        {"stop_id": stop, "arrival_time": at, "departure_time": at, "pickup_type": up, "drop_off_type": off}
        for stop, at, up, off in (("A", "08:00:00", 0, 1), ("B", "08:05:00", 1, 0), ("C", "08:10:00", "", ""))
    ]
    timetable = built(feed_of(tmp_path, [rows]))
    assert timetable.event_board[:3].tolist() == [True, False, True]
    assert timetable.event_alight[:3].tolist() == [False, True, True]
    assert not timetable.trip_on_demand.any()


def test_trips_to_be_booked_are_kept_apart(tmp_path: Path) -> None:
    def row(stop: str, at: str, kind: int) -> dict:
        return {"stop_id": stop, "arrival_time": at, "departure_time": at, "pickup_type": kind, "drop_off_type": kind}

    booked = [row("A", "08:00:00", 2), row("B", "08:05:00", 2)]
    mixed = [row("A", "09:00:00", 0), row("B", "09:05:00", 3), row("C", "09:10:00", 0)]
    timetable = built(feed_of(tmp_path, [booked, mixed, "A 10:00 B 10:05"]))
    today = timetable.trip_day == 0
    assert sorted(zip(timetable.trip_id[today].tolist(), timetable.trip_on_demand[today].tolist(), strict=True)) == [
        ("t0", True),
        ("t1", False),
        ("t1", True),
        ("t2", False),
    ]
    # The ordinary copy of the mixed trip passes the stop that must be booked.
    ordinary = int(np.flatnonzero(today & (timetable.trip_id == "t1") & ~timetable.trip_on_demand)[0])
    part = slice(timetable.trip_indptr[ordinary], timetable.trip_indptr[ordinary + 1])
    assert timetable.event_board[part].tolist() == [True, False, True]
    assert any("2 trips that must be booked" in str(note) for note in timetable.notes)


def test_exact_headways_start_at_the_start_and_end_before_the_end(tmp_path: Path) -> None:
    period = {"trip_id": "t0", "start_time": "06:00:00", "end_time": "07:00:00", "headway_secs": 1200, "exact_times": 1}
    timetable = built(feed_of(tmp_path, ["A 00:00 B 00:05"], frequencies=[period]))
    assert [trip[0][2] for trip in calls(timetable).values()] == [clock(6), clock(6, 20), clock(6, 40)]
    assert list(calls(timetable)) == ["t0#060000", "t0#062000", "t0#064000"]


def test_loose_headways_leave_half_a_headway_in(tmp_path: Path) -> None:
    period = {"trip_id": "t0", "start_time": "06:00:00", "end_time": "07:00:00", "headway_secs": 1200}
    feed = feed_of(tmp_path, ["A 08:00 B 08:05"], frequencies=[period])
    assert [trip[0][2] for trip in calls(built(feed)).values()] == [clock(6, 10), clock(6, 30), clock(6, 50)]
    early = built(feed, headways=Headways(phase=0.0))
    assert [trip[0][2] for trip in calls(early).values()] == [clock(6), clock(6, 20), clock(6, 40)]
    assert any("0.5 headway after the start" in str(note) for note in built(feed).notes)


def test_expected_wait_is_half_a_headway_wherever_one_boards(tmp_path: Path) -> None:
    period = {"trip_id": "t0", "start_time": "06:00:00", "end_time": "09:00:00", "headway_secs": 1200}
    feed = feed_of(tmp_path, ["A 08:00 B 08:05 C 08:20"], frequencies=[period])
    timetable = built(feed, headways=Headways(expected_wait=True, step_s=60))
    oracle = Oracle(timetable)
    for ready in (clock(7), clock(7, 13)):
        assert oracle.arrivals({0: 0}, ready)[2] == ready + 600 + 1200
        assert oracle.arrivals({1: 0}, ready)[2] == ready + 600 + 900


def test_blocks_continue_in_the_seat(tmp_path: Path) -> None:
    def trip(calls: str, block: str) -> dict:
        return {"calls": calls, "block_id": block}

    trips = [
        trip("A 08:00 B 08:05", "v1"),
        trip("B 08:08 C 08:15", "v1"),  # goes on
        trip("A 09:00 B 09:05", "v2"),
        trip("B 11:00 C 11:10", "v2"),  # a long stand
        trip("A 12:00 B 12:05", "v3"),
        trip("C 12:10 A 12:20", "v3"),  # an empty run in between
    ]
    timetable = built(feed_of(tmp_path, trips))
    seats = [tuple(timetable.trip_id[pair].tolist()) for pair in timetable.in_seat if timetable.trip_day[pair[0]] == 0]
    assert seats == [("t0", "t1")]


def test_in_seat_transfers_say_so_and_deny_it(tmp_path: Path) -> None:
    trips = [
        {"calls": "A 08:00 B 08:05", "block_id": "v1"},
        {"calls": "B 08:08 C 08:15", "block_id": "v1"},
        "A 09:00 B 09:05",
        "C 09:20 A 09:30",
    ]
    rows = [
        {"from_trip_id": "t2", "to_trip_id": "t3", "transfer_type": 4},
        {"from_trip_id": "t0", "to_trip_id": "t1", "transfer_type": 5},
    ]
    timetable = built(feed_of(tmp_path, trips, transfers=rows))
    assert {tuple(timetable.trip_id[pair].tolist()) for pair in timetable.in_seat} == {("t2", "t3")}


def test_a_day_outside_one_calendar_lists_them_all_and_the_nearest_day(tmp_path: Path) -> None:
    weekdays = {"service_id": "all", "start_date": "20260302", "end_date": "20260331"} | dict.fromkeys(
        ("monday", "tuesday", "wednesday", "thursday", "friday"), 1
    )
    weekdays |= {"saturday": 0, "sunday": 0}
    one = feed_of(tmp_path, ["A 08:00 B 08:05"], name="city")
    other = feed_of(tmp_path, ["A 08:01 B 08:05"], name="coach", calendar=[weekdays])
    with pytest.raises(ServiceDateError) as caught:
        built(one, other, day=date(2026, 6, 9))
    message = str(caught.value)
    assert "city: runs Thursday 1 January 2026 → Thursday 31 December 2026; 1 trip on Tuesday 9 June 2026" in message
    assert "coach: runs Monday 2 March 2026 → Tuesday 31 March 2026; 0 trips on Tuesday 9 June 2026" in message
    assert "take Tuesday 31 March 2026, the nearest day on which all run" in message

    aligned = built(one, other, day=date(2026, 6, 9), align="equivalent-day")
    assert set(calls(aligned)) == {"city:t0", "coach:t0"}
    assert str(aligned.notes[0]).startswith("coach: aligned, runs as on Tuesday 31 March 2026")
    # A Sunday inside the calendar on which a feed rests is no fault, but it is said.
    resting = built(one, other, day=date(2026, 3, 15))
    assert "coach: no trip on Sunday 15 March 2026" in map(str, resting.notes)
    with pytest.raises(ServiceDateError):
        built(other, day=date(2026, 3, 15))


def test_arguments_that_cannot_be_are_listed_at_once(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, ["A 08:00 B 08:05"])
    with pytest.raises(InputError) as caught:
        built(feed, feed, walk_kmh=0, max_transfer_s=-1, align="sometimes")
    assert {fault.where for fault in caught.value.faults} == {"feeds", "walk_kmh", "max_transfer_s", "align"}
    with pytest.raises(InputError, match="phase"):
        built(feed, headways=Headways(phase=1.5))


def test_same_platform_in_two_feeds_makes_a_change_that_is_off_without_links(tmp_path: Path) -> None:
    home = feed_of(tmp_path, ["A 08:00 B 08:10"], {"A": (0, 0), "B": (5000, 0)}, name="home")
    away = feed_of(
        tmp_path,
        ["B 08:20 C 08:40"],
        {"B": (5090, 0), "C": (9000, 0)},
        name="away",
        stop_columns={"B": {"stop_name": "Gare STOP b"}},
    )
    for linked, reached in ((True, True), (False, False)):
        timetable = built(home, away, link_feeds=linked)
        place = {name: index for index, name in enumerate(timetable.stop_id.tolist())}
        found = Oracle(timetable).arrivals({place["home:A"]: 0}, clock(7, 50))
        assert (place["away:C"] in found) is reached
    assert any("1 pair of stops of different feeds is one place" in str(note) for note in built(home, away).notes)


@given(
    trips=st.lists(
        st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 30)), min_size=2, max_size=5), min_size=1, max_size=6
    ),
    offset=st.integers(0, 40),
)
@settings(max_examples=40, deadline=None)
def test_every_trip_written_is_there_and_validates(tmp_path_factory, trips, offset) -> None:
    written = []
    for trip in trips:
        now, rows = offset * 3600, []
        for stop, minutes in trip:
            now += minutes * 60
            rows.append((stop, now, now))
        written.append(rows)
    drawn = [[(stop, f"{t // 3600:02d}:{t // 60 % 60:02d}") for stop, t, _ in rows] for rows in written]
    timetable = built(feed_of(tmp_path_factory.mktemp("feed"), drawn))
    validate_timetable(timetable)
    assert calls(timetable) == {f"t{number}": rows for number, rows in enumerate(written)}
    for name, rows in calls(timetable, relative=-1).items():
        assert [(stop, a + 86_400, d + 86_400) for stop, a, d in rows] == written[int(name[1:])]


def test_validate_names_every_fault(tmp_path: Path) -> None:
    timetable = built(feed_of(tmp_path, ["A 08:00 B 08:05"]))
    broken = Timetable(
        **{
            **timetable.__dict__,
            "event_arrival_s": timetable.event_arrival_s[::-1].copy(),
            "trip_route": timetable.trip_route + 9,
            "stop_name": timetable.stop_name[:1],
        }
    )
    with pytest.raises(InputError) as caught:
        validate_timetable(broken)
    assert {fault.where for fault in caught.value.faults} >= {
        "timetable.trip_route",
        "timetable.stop_name",
        "timetable.event_departure_s",
    }


def test_the_same_input_gives_the_same_arrays(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, ["A 08:00 B 08:05", "C 08:00 A 09:00", "A 08:00 B 08:05"])
    one, other = built(feed), built(feed)
    for name in timetable_arrays():
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.day + timedelta(days=1) == date(2026, 3, 18)


def timetable_arrays() -> list[str]:
    return [name for name in Timetable.__dataclass_fields__ if name.startswith(("stop_", "trip_", "event_", "route_"))]


def test_headways_of_a_second_for_ever_are_refused(tmp_path: Path) -> None:
    period = {"start_time": "00:00:00", "end_time": "48:00:00", "headway_secs": 1, "exact_times": 1}
    rows = [period | {"trip_id": f"t{k}"} for k in range(3)]
    feed = feed_of(tmp_path, ["A 00:00 B 00:05"] * 3, frequencies=rows)
    with pytest.raises(CapacityError, match="headway_secs"):
        built(feed)
