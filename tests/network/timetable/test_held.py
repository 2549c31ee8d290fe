"""A connection held: minutes by arithmetic, the vehicle's next trips, and the timetable one would write by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo_access.clock import parse_clock, plain_clock
from geo_access.errors import InputError
from geo_access.network.build import build_network
from geo_access.network.model import Network
from geo_access.network.timetable.differences import same_service
from geo_access.network.timetable.edits import HoldConnection, RemoveTrips, SetHeadway, ShiftTrips
from geo_access.network.timetable.scenario import apply_edits
from tests.feeds import write_feed
from tests.oracle import Oracle

# A feeder line A–B, a line from the quay C beside B (100 m) or from B itself to D, and on to E.
STOPS = {"A": (0, 0), "B": (9_000, 0), "C": (9_100, 0), "D": (15_000, 0), "E": (21_000, 0)}
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def built(folder: Path, trips: list, **tables: object) -> Network:
    path = write_feed(folder / "feed.zip", STOPS, trips, **tables)
    return build_network(gtfs=path, date="2026-03-17", epsg=2154, crow_fly_detour=1.2)


def times(network: Network, trip_id: str, day: int = 0) -> list[str]:
    """Calls of a trip, on the clock of its own service day: departures, with the arrival before it where it stands."""
    t = network.timetable
    (trip,) = np.flatnonzero((t.trip_id == trip_id) & (t.trip_day == day))
    part = slice(t.trip_indptr[trip], t.trip_indptr[trip + 1])
    pairs = zip(t.event_arrival_s[part].tolist(), t.event_departure_s[part].tolist(), strict=True)
    told = [[plain_clock(at - 86_400 * day).removesuffix(":00") for at in pair] for pair in pairs]
    return [b if a == b or not k else f"{a}-{b}" for k, (a, b) in enumerate(told)]


def test_a_trip_waits_until_the_riders_have_changed_and_not_longer(tmp_path: Path) -> None:
    # At B at 7:12; a minute to change at the same stop: ready at 7:13, three minutes after the bus has left.
    trips = [
        {"calls": "A 07:00 B 07:12", "route_id": "f", "trip_id": "f1"},
        {"calls": "A 07:05 B 07:20", "route_id": "f", "trip_id": "f2"},
        {"calls": "A 06:50 B 07:10 D 07:20 E 07:30", "route_id": "h", "trip_id": "h1"},
        {"calls": "B 07:14 D 07:24", "route_id": "h", "trip_id": "h2"},
    ]
    network = built(tmp_path, trips)
    held = apply_edits(network, [HoldConnection("B", 5, line="H", feeder="F")])
    assert times(held, "h1") == ["06:50", "07:10-07:13", "07:23", "07:33"]
    # 7:21 is seven minutes after the other has left: it waits for nobody, and leaves as planned.
    assert times(held, "h2") == ["07:14", "07:24"]
    for day in (0, 1):
        assert times(held, "h1", day)[1] == "07:10-07:13"
    assert str(held.warnings[-1]) == "scenario: line H waits at B for line F, 5 min at most (departures in …–…)"
    stop = {name: k for k, name in enumerate(network.timetable.stop_id.tolist())}
    assert Oracle(network.timetable).arrivals({stop["A"]: 0}, parse_clock("06:55"))[stop["E"]] >= parse_clock("24:00")
    assert Oracle(held.timetable).arrivals({stop["A"]: 0}, parse_clock("06:55"))[stop["E"]] == parse_clock("07:33")
    # Seven minutes hold both; a change of four minutes holds the first until 7:16.
    assert times(apply_edits(network, [HoldConnection("B", 7, line="H", feeder="F")]), "h2") == ["07:21", "07:31"]
    slow = HoldConnection("B", 6, trip_ids=("h1",), feeder_ids=("f1",), change_min=4)
    assert times(apply_edits(network, [slow]), "h1")[1:] == ["07:10-07:16", "07:26", "07:36"]
    in_time = HoldConnection("Stop B", 9, line="H", start="07:12", end="08:00", feeder="F")
    assert times(apply_edits(network, [in_time]), "h1")[1] == "07:10"


def test_a_walk_between_quays_is_waited_for(tmp_path: Path) -> None:
    # 100 m with a detour of 1.2 at 4.8 km/h: 90 s, and a minute to spare.
    trips = [
        {"calls": "A 07:00 B 07:12", "route_id": "f"},
        {"calls": "C 07:10 D 07:20", "route_id": "h", "trip_id": "h"},
    ]
    held = apply_edits(built(tmp_path, trips), [HoldConnection("C", 5, line="h", feeder="f")])
    assert times(held, "h") == ["07:14:30", "07:24:30"]


def test_the_vehicle_is_late_on_its_next_trips_as_far_as_no_stand_makes_up_for_it(tmp_path: Path) -> None:
    trips = [
        {"calls": "A 07:00 B 07:14", "route_id": "f"},
        {"calls": "B 07:10 D 07:20", "route_id": "h", "trip_id": "h1", "block_id": "v"},
        {"calls": "D 07:23 E 07:33", "route_id": "h", "trip_id": "h2", "block_id": "v"},
        {"calls": "E 07:40 D 07:50", "route_id": "h", "trip_id": "h3", "block_id": "v"},
        {"calls": "D 07:23 E 07:33", "route_id": "h", "trip_id": "other", "block_id": "w"},
    ]
    held = apply_edits(built(tmp_path, trips), [HoldConnection("B", 5, trip_ids=("h1",), feeder="f")])
    # Five minutes late; three are stood at D, the other two at E.
    assert times(held, "h1") == ["07:15", "07:25"]
    assert times(held, "h2") == ["07:25", "07:35"]
    assert times(held, "h3") == ["07:40", "07:50"]
    assert times(held, "other") == ["07:23", "07:33"]
    t = held.timetable
    pairs = [t.trip_id[pair].tolist() for pair in t.in_seat if t.trip_day[pair[0]] == 0]
    assert sorted(pairs) == [["h1", "h2"], ["h2", "h3"]]
    # The vehicle is known by its block still, and is late again when it waits again.
    again = apply_edits(held, [HoldConnection("B", 2, trip_ids=("h1",), feeder="f", change_min=3)])
    assert times(again, "h2") == ["07:27", "07:37"]


def test_a_day_without_the_feeder_has_nobody_to_wait_for(tmp_path: Path) -> None:
    calendar = [
        {"service_id": name, "start_date": "20260301", "end_date": "20260331"} | {day: int(day in days) for day in WEEK}
        for name, days in (("tu", WEEK[1:2]), ("all", WEEK))
    ]
    trips = [
        {"calls": "A 07:00 B 07:12", "route_id": "f", "service_id": "tu"},
        {"calls": "B 07:10 D 07:20", "route_id": "h", "trip_id": "h", "service_id": "all"},
    ]
    network = built(tmp_path, trips, calendar=calendar)
    held = apply_edits(network, [HoldConnection("B", 5, line="h", feeder="f")])
    assert (times(held, "h", 0), times(held, "h", 1)) == (["07:13", "07:23"], ["07:10", "07:20"])
    # An edit after it finds both: each is moved from its own time, and neither is lost.
    later = apply_edits(held, [ShiftTrips(60, line="h", start="07:11")])
    assert (times(later, "h", 0), times(later, "h", 1)) == (["08:13", "08:23"], ["07:10", "07:20"])
    whole_day = apply_edits(held, [ShiftTrips(13 * 60, line="h")])
    assert [times(whole_day, "h", day)[0] for day in (-1, 0, 1)] == ["20:13", "20:13", "20:10"]
    hourly = apply_edits(held, [SetHeadway("h", 30, "07:00", "08:00")])
    for day in (0, 1):
        assert times(hourly, "h+0730", day) == ["07:30", "07:40"]
    gone = apply_edits(held, [RemoveTrips(line="h", start="07:12")]).timetable
    assert gone.trip_day[gone.trip_id == "h"].tolist() == [1]


def test_a_feeder_past_midnight_is_waited_for_by_the_day_that_follows(tmp_path: Path) -> None:
    trips = [
        {"calls": "A 24:00 B 24:12", "route_id": "f"},
        {"calls": "B 00:10 D 00:20", "route_id": "h", "trip_id": "h"},
    ]
    held = apply_edits(built(tmp_path, trips), [HoldConnection("B", 5, line="h", feeder="f")])
    assert (times(held, "h", 0), times(held, "h", 1)) == (["00:13", "00:23"], ["00:13", "00:23"])


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (HoldConnection("B", 5, line="H", feeder="Z"), "no line 'Z'"),
        (HoldConnection("Bb", 5, line="H", feeder="F"), "no stop 'Bb' → nearest"),
        (HoldConnection("B", 5, line="H", feeder_ids=("x9",)), "no trip 'x9'"),
        (HoldConnection("B", 5, feeder="F"), "a line or trips for each"),
        (HoldConnection("B", 5, line="H", feeder="F", feeder_ids=("f1",)), "a line or trips for each"),
        (HoldConnection("B", 0, line="H", feeder="F"), "a wait of 0 min → give one from 1 to 120 min"),
        (HoldConnection("B", 500, line="H", feeder="F"), "a wait of 500 min"),
        (HoldConnection("B", 5, line="H", feeder="F", change_min=-1), "a change of −1 min"),
        (HoldConnection("B", 5, line="H", feeder="F", start="8h"), "'8h' is not a clock time"),
        (HoldConnection("B", 5, line="H", feeder="F", start="10:00", end="09:00"), "is empty"),
        (HoldConnection("A", 5, line="H", feeder="F"), "H takes nobody on at 'A' in …–…"),
        (HoldConnection("B", 5, line="H", feeder="F", start="09:00"), "H takes nobody on at 'B' in 09:00–…"),
        (HoldConnection("B", 5, line="H", feeder="G"), "G lets nobody off at 'B' nor at a stop"),
        (HoldConnection("B", 2, line="H", feeder="F"), "the nearest missed change is missed by 3 min"),
        (HoldConnection("B", 2, line="H", feeder="F", end="07:00"), "always leaves 'B' after all"),
    ],
)
def test_what_cannot_be_held_is_refused(tmp_path: Path, edit: HoldConnection, said: str) -> None:
    trips = [
        {"calls": "A 06:00 B 06:12", "route_id": "f", "trip_id": "f0"},
        {"calls": "A 07:00 B 07:12", "route_id": "f", "trip_id": "f1"},
        {"calls": "B 07:10 D 07:20", "route_id": "h"},
        {"calls": "D 07:00 E 07:12", "route_id": "g"},
    ]
    if edit.end == "07:00":
        trips = [trips[0], {"calls": "B 06:40 D 06:50", "route_id": "h"}, {"calls": "B 07:40 D 07:50", "route_id": "h"}]
    with pytest.raises(InputError, match=said.replace("(", r"\(").replace("?", r"\?")):
        apply_edits(built(tmp_path, trips), [edit])


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    network = built(tmp_path, [{"calls": "A 06:00 B 06:12", "route_id": "f"}])
    with pytest.raises(InputError) as told:
        apply_edits(network, [HoldConnection("X", 0, line="Y", feeder="Z")])
    assert len(told.value.faults) == 4


minutes = st.integers(min_value=0, max_value=120)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    feeders=st.lists(st.tuples(minutes, st.integers(1, 20)), min_size=1, max_size=5),
    held=st.lists(
        st.tuples(minutes, st.integers(0, 3), st.integers(1, 15), st.integers(1, 15)), min_size=1, max_size=5
    ),
    longest=st.integers(1, 15),
    change=st.integers(0, 5),
    stand=st.integers(0, 6),
)
def test_it_is_the_timetable_that_one_would_write_by_hand(
    tmp_path: Path, feeders: list, held: list, longest: int, change: int, stand: int
) -> None:
    """Drawn feeders and trips (a start, a stand at B, rides to D and E, the vehicle's way back): all late by hand."""
    base = 8 * 60

    def feed(late: bool) -> Network:
        trips = [
            {"calls": f"A {clock(base + at)} B {clock(base + at + ride)}", "route_id": "f", "trip_id": f"f{k}"}
            for k, (at, ride) in enumerate(feeders)
        ]
        for k, (at, stay, one, two) in enumerate(held):
            comes, leaves = base + at + 5, base + at + 5 + stay
            ready = [base + start + ride + change for start, ride in feeders]
            waited = [moment for moment in ready if leaves < moment <= leaves + longest]
            by = max(waited) - leaves if waited and late else 0
            ends = leaves + one + two
            rows = [("A", comes - 5, comes - 5), ("B", comes, leaves + by), ("D", leaves + one + by, leaves + one + by)]
            rows.append(("E", ends + by, ends + by))
            trips.append({"calls": spelled(rows), "route_id": "h", "trip_id": f"h{k}", "block_id": f"v{k}"})
            back = max(ends + stand, ends + by)
            rows = [("E", back, back), ("D", back + two, back + two)]
            trips.append({"calls": spelled(rows), "route_id": "back", "trip_id": f"b{k}", "block_id": f"v{k}"})
        return built(tmp_path, trips)

    network, wanted = feed(late=False), feed(late=True)
    edit = HoldConnection("B", longest, line="h", feeder="f", change_min=change)
    try:
        changed = apply_edits(network, [edit])
    except InputError:
        assert same_service(network.timetable, wanted.timetable)
        return
    assert same_service(changed.timetable, wanted.timetable)
    assert not same_service(changed.timetable, network.timetable)


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def spelled(rows: list[tuple[str, int, int]]) -> list[dict[str, str]]:
    return [
        {"stop_id": stop, "arrival_time": f"{clock(a)}:00", "departure_time": f"{clock(d)}:00"} for stop, a, d in rows
    ]
