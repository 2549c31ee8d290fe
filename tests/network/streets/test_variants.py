"""The same kinds of tags in other words: each line is a way, a node or a condition that somebody has drawn."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import numpy as np
import pytest

from geo_access.network.search.links import link_points
from geo_access.network.search.search import street_matrix
from geo_access.network.streets.conditions import conditional_value, holds, resolved
from geo_access.network.streets.limits import ferry_s, limit_kmh, nonsense_limit
from geo_access.network.streets.modes import PROFILES
from geo_access.network.streets.rules import barrier_blocks, may_stop, permission, visit_only, way_speeds_kmh
from geo_access.network.streets.streets import build_streets
from geo_access.network.streets.stress import stress_level
from geo_access.words.note import note
from tests.network.drawn import EPSG, at, drawn_streets
from tests.network.streets.test_areas import EAST, HOUSE, ROAD, WEST, WITH_DOORS, walk_s, write

TUESDAY = dt.datetime.fromisoformat("2026-03-17T08:00")
WALK, WHEELS, BIKE, CAR = (PROFILES[name] for name in ("walk", "walk_step_free", "bike", "car"))
KMH = 4.8


@pytest.mark.parametrize(
    ("tags", "mode", "open_", "visit"),
    [
        ({"access": "no;permissive"}, "walk", True, False),
        ({"access": "private ; destination"}, "car", True, True),
        ({"motor_vehicle": "delivery;agricultural"}, "car", True, True),
        ({"vehicle": "forestry; agricultural"}, "bike", False, False),
        ({"vehicle": "destination", "bicycle": "yes"}, "bike", True, False),
        ({"access": "staff;employees"}, "walk", False, False),
        ({"access": "yes", "motorcar": "private"}, "car", True, True),
        ({"access": "customers"}, "walk", True, True),
        ({"access": "private", "foot": "permissive"}, "walk", True, False),
        ({"access": "No"}, "car", False, False),
        ({"foot": "unknown", "access": "no"}, "walk", False, False),
    ],
)
def test_access_lists(tags: dict[str, str], mode: str, open_: bool, visit: bool) -> None:
    found = permission(tags, PROFILES[mode])
    assert (found.open, found.visit) == (open_, visit)
    assert visit_only(tags, PROFILES[mode]) == visit


@pytest.mark.parametrize(
    ("tags", "mode", "both"),
    [
        ({"highway": "residential", "oneway": "reversible"}, "car", (False, False)),
        ({"highway": "residential", "oneway": "reversible", "oneway:bicycle": "no"}, "bike", (True, True)),
        ({"highway": "residential", "oneway": "alternating"}, "car", (True, True)),
        ({"highway": "footway", "oneway:foot": "-1"}, "walk", (False, True)),
        ({"highway": "footway", "oneway": "yes"}, "walk", (True, True)),
        ({"highway": "path", "oneway:foot": "yes", "foot": "designated"}, "walk_step_free", (True, False)),
        ({"highway": "steps", "conveying": "backward"}, "walk", (False, True)),
        ({"highway": "steps", "conveying": "yes"}, "walk", (True, True)),
        ({"highway": "steps", "conveying": "reversible"}, "walk", (False, False)),
        ({"highway": "steps", "conveying": "yes", "oneway": "yes"}, "walk", (True, False)),
        ({"highway": "footway", "conveying": "yes", "oneway": "-1"}, "walk_step_free", (False, True)),
        ({"highway": "residential", "oneway": "yes", "bicycle:backward": "yes"}, "bike", (True, True)),
        ({"highway": "residential", "oneway": "-1", "bicycle:forward": "designated"}, "bike", (True, True)),
        ({"highway": "residential", "oneway": "yes", "bicycle:backward": "no"}, "bike", (True, False)),
        ({"highway": "residential", "oneway": "yes", "bicycle:backward": "yes"}, "car", (True, False)),
        ({"highway": "footway", "conveying": "forward"}, "walk_step_free", (True, False)),
        ({"highway": "steps", "conveying": "forward"}, "walk_step_free", (False, False)),
        ({"highway": "steps", "ramp:bicycle": "yes"}, "bike", (True, True)),
        ({"highway": "steps", "ramp:bicycle": "automatic"}, "bike", (True, True)),
        ({"highway": "steps", "ramp:bicycle": "no"}, "bike", (False, False)),
        ({"highway": "footway", "bicycle": "no"}, "bike", (False, False)),
        ({"highway": "trunk", "motorroad": "yes"}, "bike", (False, False)),
        ({"highway": "trunk", "motorroad": "yes", "foot": "yes"}, "walk", (True, True)),
        ({"highway": "trunk", "motorroad": "yes", "access": "yes"}, "walk", (False, False)),
        ({"highway": "footway", "wheelchair": "no"}, "walk_step_free", (False, False)),
        ({"highway": "pedestrian", "area": "yes", "motor_vehicle": "yes"}, "car", (False, False)),
        ({"highway": "residential", "vehicle:backward": "no"}, "bike", (True, False)),
        ({"highway": "residential", "vehicle:backward": "no", "bicycle": "yes"}, "bike", (True, True)),
        ({"highway": "residential", "motor_vehicle:forward": "no"}, "car", (False, True)),
        ({"highway": "residential", "motor_vehicle:forward": "no"}, "walk", (True, True)),
        ({"highway": "residential", "oneway:motor_vehicle": "yes"}, "car", (True, False)),
        ({"highway": "residential", "oneway:motor_vehicle": "yes"}, "bike", (True, True)),
        ({"highway": "residential", "oneway": "yes", "oneway:motorcar": "no"}, "car", (True, True)),
        ({"highway": "residential", "oneway": "yes", "cycleway:left": "lane"}, "bike", (True, False)),
        (
            {"highway": "residential", "oneway": "yes", "cycleway:left": "lane", "cycleway:left:oneway": "-1"},
            "bike",
            (True, True),
        ),
        ({"highway": "footway", "oneway": "yes"}, "bike", (True, True)),
        ({"highway": "residential", "oneway": "yes", "bicycle": "dismount"}, "bike", (True, True)),
        ({"highway": "steps", "ramp:wheelchair": "yes"}, "walk_step_free", (True, True)),
        ({"highway": "steps", "ramp:stroller": "yes"}, "walk_step_free", (False, False)),
        ({"highway": "footway", "footway": "crossing", "kerb": "raised"}, "walk_step_free", (False, False)),
        ({"highway": "planned", "foot": "designated"}, "walk", (False, False)),
        ({"route": "ferry", "access": "yes"}, "walk", (True, True)),
        ({"route": "ferry", "vehicle": "yes"}, "car", (True, True)),
        ({"route": "ferry"}, "car", (False, False)),
    ],
)
def test_directions_and_steps(tags: dict[str, str], mode: str, both: tuple[bool, bool]) -> None:
    assert tuple(speed > 0 for speed in way_speeds_kmh(tags, PROFILES[mode])) == both


@pytest.mark.parametrize("tags", [{"highway": "residential", "bicycle": "dismount"}, {"highway": "footway"}])
def test_pushed_at_walking_pace(tags: dict[str, str]) -> None:
    assert way_speeds_kmh(tags, BIKE) == (KMH, KMH)


@pytest.mark.parametrize(
    ("tags", "stopped"),
    [
        ({"barrier": "gate"}, ""),
        ({"barrier": "lift_gate", "access": "no", "foot": "yes"}, "bike car"),
        ({"barrier": "swing_gate", "motor_vehicle": "private"}, "car"),
        ({"barrier": "gate", "locked": "yes"}, "walk walk_step_free bike car"),
        ({"barrier": "gate", "locked": "Yes"}, "walk walk_step_free bike car"),
        ({"barrier": "gate", "locked": "yes", "foot": "yes"}, "bike car"),
        ({"barrier": "gate", "access": "delivery"}, ""),
        ({"barrier": "wicket_gate"}, "car"),
        ({"barrier": "bus_trap"}, "car"),
        ({"barrier": "cattle_grid"}, ""),
        ({"barrier": "kerb"}, "walk_step_free"),
        ({"barrier": "kerb", "kerb": "lowered"}, ""),
        ({"barrier": "kerb", "wheelchair": "yes"}, ""),
        ({"kerb": "raised"}, "walk_step_free"),
        ({"barrier": "kerb", "kerb": "regular"}, "walk_step_free"),
        ({"kerb": "raised", "wheelchair": "yes"}, ""),
        ({"kerb": "flush"}, ""),
        ({"highway": "crossing", "wheelchair": "no"}, "walk_step_free"),
        ({"highway": "elevator", "wheelchair": "no"}, "walk_step_free"),
        ({"highway": "elevator", "access": "private"}, "walk walk_step_free bike car"),
        ({"highway": "elevator"}, ""),
        ({"barrier": "kissing_gate", "wheelchair": "yes"}, "bike car"),
        ({"barrier": "wall", "wheelchair": "yes"}, "walk walk_step_free bike car"),
        ({"barrier": "horse_stile"}, "car"),
    ],
)
def test_nodes_by_mode(tags: dict[str, str], stopped: str) -> None:
    assert [name for name in ("walk", "walk_step_free", "bike", "car") if barrier_blocks(tags, PROFILES[name])] == (
        stopped.split()
    )


@pytest.mark.parametrize(
    ("text", "moment", "expected"),
    [
        ("Mo-Fr 08:00-12:00, Sa 09:00-12:00", TUESDAY, True),
        ("Mo-Fr 09:00-12:00, Mo,Tu 07:30-08:30", TUESDAY, True),
        ("Mo-Fr 09:00-12:00; Tu 07:30-08:30", TUESDAY, True),
        ("Mo-Su 00:00-24:00; Tu off", TUESDAY, False),
        ("PH off; Mo-Fr 07:00-19:00", TUESDAY, True),
        ("Mo-Fr,PH 07:00-19:00", TUESDAY, True),
        ("Sa,Su,PH", TUESDAY, False),
        ("SH Mo-Fr 07:00-19:00", TUESDAY, None),
        ("Fr-Mo 07:00-19:00", TUESDAY, False),
        ("Nov-Mar", TUESDAY, True),
        ("Nov-Feb", TUESDAY, False),
        ("Mar 15-Oct 31: 07:00-21:00", TUESDAY, True),
        ("Mar 18-Oct 31 07:00-21:00", TUESDAY, False),
        ("2026 Mar 01-2026 Apr 30", TUESDAY, True),
        ("2025 Mar 01-2025 Apr 30", TUESDAY, False),
        ("22:00-08:30", TUESDAY, True),
        ("22:00-08:00", TUESDAY, False),
        ("Mo 22:00-08:30", TUESDAY, True),
        ("Tu 22:00-08:30", TUESDAY, False),
        ("Mo 20:00-32:30", TUESDAY, True),
        ("07:00+", TUESDAY, True),
        ("24/7", TUESDAY, True),
        ("sunrise-sunset", TUESDAY, None),
        ("week 10-20", TUESDAY, True),
        ("Mo[1] 08:00-10:00", TUESDAY, False),
        ("easter", TUESDAY, False),
        ("Jun-Aug Mo-Fr 07:00-09:00; Sep-May Tu 07:30-08:30", TUESDAY, True),
    ],
)
def test_hours(text: str, moment: dt.datetime, expected: bool | None) -> None:
    assert holds(text, moment) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no @ (Mo-Fr 07:00-09:00,16:00-19:00)", ("no", True)),
        ("no @ (16:00-19:00); destination @ (07:00-09:00)", ("destination", True)),
        ("no @ (Mo-Fr 07:00-09:00; Sa 09:00-12:00)", ("no", True)),
        ("no @ (Mo-Fr 07:00-09:00; PH off)", ("no", True)),
        ("no @ 07:00-09:00", ("no", True)),
        ("yes @ (Nov-Mar AND 06:00-10:00)", ("yes", True)),
        ("no @ (weight>3.5)", (None, True)),
        ("no @ (weight>3.5 AND Mo-Fr)", (None, True)),
        ("no @ (snow)", (None, False)),
        ("no @ (SH)", (None, False)),
        ("no @ (Apr-Oct)", (None, True)),
        ("delivery @ (snow); no @ (07:00-09:00)", ("no", True)),
        ("no @ (07:00-09:00); delivery @ (snow)", (None, False)),
    ],
)
def test_conditions(text: str, expected: tuple[str | None, bool]) -> None:
    assert conditional_value(text, TUESDAY) == expected


def test_conditions_of_several_keys() -> None:
    tags = {
        "highway": "residential",
        "oneway": "reversible",
        "oneway:conditional": "yes @ (06:00-12:00); -1 @ (15:00-20:00)",
    }
    assert resolved(tags, TUESDAY)[0]["oneway"] == "yes"
    assert resolved(tags, TUESDAY.replace(hour=16))[0]["oneway"] == "-1"
    assert resolved(tags, TUESDAY.replace(hour=13))[0]["oneway"] == "reversible"
    gate = {"barrier": "gate", "foot": "yes", "opening_hours": "Mo-Su 09:00-18:00"}
    assert barrier_blocks(resolved(gate, TUESDAY)[0], WALK)
    assert not barrier_blocks(resolved(gate, TUESDAY.replace(hour=10))[0], WALK)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1:30", 90),
        ("01:05:30", 65.5),
        ("PT1H30M", 90),
        ("P0DT45M", 45),
        ("90", 90),
        ("45 minutes", 45),
        ("1 h 30 min", 90),
        ("1h30", 90),
        ("2 hours", 120),
        ("20-30", 25),
        ("20;30", 25),
        ("0:20-0:30", 25),
        ("1,5 h", 90),
        ("45 mn", 45),
        ("P20M", 0),
        ("approx. 20", 0),
        ("-20", 0),
    ],
)
def test_ferry_durations(text: str, minutes: float) -> None:
    assert ferry_s(text) == pytest.approx(minutes * 60)


@pytest.mark.parametrize(
    ("tags", "kmh"),
    [
        ({"maxspeed": "30 mph"}, 48.28),
        ({"maxspeed": "50;30"}, 30),
        ({"maxspeed": "FR:zone30"}, 30),
        ({"zone:maxspeed": "DE:30"}, 30),
        ({"zone:maxspeed": "20"}, 20),
        ({"maxspeed": "IT:rural"}, 90),
        ({"maxspeed:type": "GB:nsl_single"}, 96.56),
        ({"source:maxspeed": "CH:urban"}, 50),
        ({"maxspeed": "XX:rural"}, None),
        ({"maxspeed": "-50", "zone:maxspeed": "FR:30"}, 30),
        ({"maxspeed": "none"}, None),
        ({"maxspeed": "signals"}, None),
        ({"maxspeed": "50000"}, None),
        ({"maxspeed": "999", "maxspeed:forward": "70"}, 70),
        ({"highway": "living_street"}, 20),
        ({"maxspeed": "GB:zone20"}, 32.19),
        ({"maxspeed": "BE-VLG:rural"}, 70),
        ({"maxspeed": "BE-WAL:rural"}, 90),
        ({"zone:traffic": "DE:rural"}, 100),
    ],
)
def test_limits(tags: dict[str, str], kmh: float | None) -> None:
    found = limit_kmh(tags)
    assert found == (None if kmh is None else pytest.approx(kmh, abs=0.01))


def test_limits_that_cannot_be_meant_are_told() -> None:
    assert [nonsense_limit({"maxspeed": text}) for text in ("0", "-1", "1000", "50000", "5O", "30;x")] == [True] * 6
    assert not any(
        nonsense_limit({"maxspeed": text}) for text in ("50", "none", "30 mph", "walk", "DE:zone:30", "FR:50", "")
    )


@pytest.mark.parametrize(
    ("tags", "stop"),
    [
        ({"highway": "footway", "tunnel": "building_passage"}, True),
        ({"highway": "footway", "tunnel": "yes", "layer": "-1"}, False),
        ({"highway": "corridor", "indoor": "yes", "level": "-2"}, False),
        ({"highway": "corridor", "indoor": "yes", "level": "0"}, True),
        ({"highway": "corridor", "indoor": "yes", "level": "-1;0"}, True),
        ({"highway": "corridor", "indoor": "yes", "level": "1;2"}, False),
        ({"highway": "primary", "bridge": "yes", "layer": "1"}, True),
        ({"highway": "footway", "covered": "yes", "layer": "1"}, False),
        ({"highway": "trunk", "motorroad": "yes"}, False),
        ({"highway": "motorway_link"}, False),
        ({"route": "ferry", "foot": "yes"}, False),
    ],
)
def test_where_one_stops(tags: dict[str, str], stop: bool) -> None:
    assert may_stop(tags) == stop


@pytest.mark.parametrize(
    ("tags", "level"),
    [
        ({"highway": "secondary", "cycleway:left": "track", "maxspeed": "70"}, 1),
        ({"highway": "living_street"}, 1),
        ({"highway": "residential", "maxspeed": "30"}, 1),
        ({"highway": "residential"}, 2),
        ({"highway": "tertiary", "cycleway": "lane", "maxspeed": "50", "lanes": "2"}, 2),
        ({"highway": "tertiary", "maxspeed": "50"}, 3),
        ({"highway": "primary", "maxspeed": "50"}, 4),
        ({"highway": "trunk"}, 4),
        ({"highway": "primary", "lts": "2"}, 2),
        ({"highway": "motorway"}, 0),
    ],
)
def test_stress(tags: dict[str, str], level: int) -> None:
    assert stress_level(tags) == level


ONLY = {"restriction": "only_straight_on"}, {"restriction": "only_right_turn"}
CROSS = """
    N
    |
W---J---E
    |
    S
"""
ARMS = {"SJ": ROAD, "NJ": ROAD, "WJ": ROAD, "EJ": ROAD}


@pytest.mark.parametrize(
    ("restrictions", "mode", "closed"),
    [
        (
            [
                ("SJ", "J", "NJ", {"restriction": "only_straight_on"}),
                ("SJ", "J", "EJ", {"restriction": "only_right_turn"}),
            ],
            "car",
            "W",
        ),
        ([("SJ", "J", "WJ", {"restriction": "no_left_turn", "except": "psv;bicycle"})], "car", "W"),
        ([("SJ", "J", "WJ", {"restriction": "no_left_turn", "except": "psv;bicycle"})], "bike", ""),
        ([("SJ", "J", "WJ", {"restriction": "no_left_turn", "except": "motor_vehicle"})], "car", ""),
        ([("SJ", "J", "WJ", {"restriction:hgv": "no_left_turn"})], "car", ""),
        ([("SJ", "J", "WJ", {"restriction:motorcar": "no_left_turn"})], "car", "W"),
        ([("SJ", "J", "WJ", {"restriction:conditional": "no_left_turn @ (Mo-Fr 07:00-09:00)"})], "car", "W"),
        ([("SJ", "J", "WJ", {"restriction:conditional": "no_left_turn @ (16:00-19:00)"})], "car", ""),
        ([("SJ", "J", "WJ", {"restriction": "no_left_turn"})], "walk", ""),
        ([("SJ", "J", "EJ", {"restriction": "no_right_turn_on_red"})], "car", ""),
        ([("SJ", "J", "WJ", {"restriction": "no_left_turn", "except": "bicycle,psv"})], "bike", ""),
    ],
)
def test_turns(tmp_path: Path, restrictions: list, mode: str, closed: str) -> None:
    streets, where = drawn_streets(tmp_path, CROSS, ARMS, restrictions=restrictions, modes=[mode], moment=TUESDAY)
    free, _ = drawn_streets(tmp_path, CROSS, ARMS, modes=[mode])
    found, plain = (
        street_matrix(net, links, links, mode=mode)[0]
        for net in (streets, free)
        for links in [link_points(net, at(where, "SNEW"), mode=mode)]
    )
    assert "".join(letter for k, letter in enumerate("SNEW") if not found[k] <= plain[k] + 0.05) == closed


@pytest.mark.parametrize(
    ("tags", "gone_round"),
    [
        ({"building": "yes"}, True),
        ({"building": "church"}, True),
        ({"natural": "water"}, True),
        ({"building": "roof"}, False),
        ({"building": "no"}, False),
        ({"building": "yes", "layer": "-1"}, False),
    ],
)
def test_what_is_an_obstacle(tmp_path: Path, tags: dict[str, str], gone_round: bool) -> None:
    square = {"highway": "pedestrian", "area": "yes"}
    write(tmp_path / "in.osm", [(WEST, ROAD), (EAST, ROAD), (WITH_DOORS, square), (HOUSE, tags)])
    streets = build_streets(tmp_path / "in.osm", epsg=EPSG, modes=["walk"], min_island_nodes=1)
    metres = 2 * math.hypot(40, 30) + 20 if gone_round else 100
    assert walk_s(streets, (0, 50), (100, 50)) == pytest.approx(metres / KMH * 3.6, rel=0.012)


def test_every_ring_of_a_multipolygon_is_crossed_and_by_walkers_only(tmp_path: Path) -> None:
    # Two squares of one relation, joined by a street; a yard is walked across, a main road drawn as an area is not.
    second = [(x + 200.0, y) for x, y in WITH_DOORS]
    ways = [
        (WEST, ROAD),
        (WITH_DOORS, {}),
        ([(100.0, 50.0), (200.0, 50.0)], ROAD),
        (second, {}),
        ([(300.0, 50.0), (350.0, 50.0)], ROAD),
    ]
    members = [(2, "outer"), (4, "outer")]
    for kind, crossed in (("pedestrian", True), ("service", True), ("primary", False)):
        write(tmp_path / "in.osm", ways, [(members, {"type": "multipolygon", "highway": kind})])
        streets = build_streets(tmp_path / "in.osm", epsg=EPSG, modes=["walk", "car"], min_island_nodes=1)
        seconds = walk_s(streets, (-50, 50), (350, 50))
        assert seconds == pytest.approx(400 / KMH * 3.6, rel=0.005) if crossed else math.isnan(seconds)
        assert math.isnan(walk_s(streets, (-50, 50), (350, 50), mode="car"))


def test_no_car_crosses_a_living_square(tmp_path: Path) -> None:
    living = {"highway": "living_street", "area": "yes"}
    write(tmp_path / "in.osm", [(WEST, ROAD), (EAST, ROAD), (WITH_DOORS, living)])
    streets = build_streets(tmp_path / "in.osm", epsg=EPSG, modes=["walk", "car"], min_island_nodes=1)
    assert walk_s(streets, (0, 50), (100, 50)) == pytest.approx(100 / KMH * 3.6, rel=0.005)
    assert math.isnan(walk_s(streets, (0, 50), (100, 50), mode="car"))


def test_a_rule_that_nobody_can_obey_is_told_and_not_applied(tmp_path: Path) -> None:
    # A–B–C is one way, cut at B for no reason; somebody wrote no_left_turn there, and no other street leaves B.
    one_way = ROAD | {"oneway": "yes"}
    ways = {"AB": one_way, "BC": one_way, "CD": ROAD, "DA": ROAD}
    rule = [("AB", "B", "BC", {"restriction": "no_left_turn"})]
    loop = "A---B\n|   |\n|   C\n|\nD"  # A–B–C 200 m, A–D–C 341 m
    streets, where = drawn_streets(tmp_path, loop, ways, restrictions=rule, modes=["car"])
    links = link_points(streets, at(where, "AC"), mode="car")
    free, _ = drawn_streets(tmp_path, loop, ways, modes=["car"])
    expected = street_matrix(free, links, links, mode="car")
    np.testing.assert_array_equal(street_matrix(streets, links, links, mode="car"), expected)
    assert note("streets.turns_stuck", mode=note("street_mode.car"), n=1) in streets.notes
    # On a two-way street one can turn round: the rule holds.
    both, _ = drawn_streets(tmp_path, loop, ways | {"AB": ROAD}, restrictions=rule, modes=["car"])
    assert street_matrix(both, links, links, mode="car")[0, 1] > expected[0, 1] + 1
    assert note("streets.turns_stuck", mode=note("street_mode.car"), n=1) not in both.notes
