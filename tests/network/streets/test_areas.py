"""Squares, platforms and piers: crossed in straight lines, round what stands in them."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer

from geo_access.network.model import Streets
from geo_access.network.search.links import link_points
from geo_access.network.search.search import street_matrix
from geo_access.network.streets.streets import build_streets
from tests.network.drawn import EPSG, ORIGIN, at, drawn_streets

ROAD = {"highway": "residential"}
KMH = 4.8
SQUARE = """
P---A-------B---Q
    |       |
    |       |
    |       |
    D-------C---R
"""
STREETS = {"PA": ROAD, "BQ": ROAD, "CR": ROAD}
Shape = list[tuple[float, float]]


def write(
    path: Path,
    ways: list[tuple[Shape, dict[str, str]]],
    relations: list[tuple[list[tuple[int, str]], dict]] = (),
    node_tags: dict[tuple[float, float], dict[str, str]] | None = None,
) -> None:
    """Write ways drawn in metres; equal points are one node."""
    to_degrees = Transformer.from_crs(EPSG, 4326, always_xy=True)
    nodes: dict[tuple[float, float], int] = {}
    lines = []
    for number, (points, tags) in enumerate(ways, start=1):
        refs = "".join(f"<nd ref='{nodes.setdefault(point, len(nodes) + 1)}'/>" for point in points)
        lines.append(f"<way id='{number}' version='1'>{refs}{tags_of(tags)}</way>")
    for number, (members, tags) in enumerate(relations, start=1):
        inside = "".join(f"<member type='way' ref='{ref}' role='{role}'/>" for ref, role in members)
        lines.append(f"<relation id='{number}' version='1'>{inside}{tags_of(tags)}</relation>")
    places = {number: to_degrees.transform(ORIGIN[0] + x, ORIGIN[1] + y) for (x, y), number in nodes.items()}
    tagged = {nodes[point]: tags_of(tags) for point, tags in (node_tags or {}).items()}
    head = [
        f"<node id='{k}' version='1' lat='{lat:.9f}' lon='{lon:.9f}'>{tagged.get(k, '')}</node>"
        for k, (lon, lat) in sorted(places.items())
    ]
    path.write_text("\n".join(["<osm version='0.6'>", *head, *lines, "</osm>"]), encoding="utf-8")


def tags_of(tags: dict[str, str]) -> str:
    return "".join(f"<tag k='{key}' v='{value}'/>" for key, value in tags.items())


def walk_s(streets: Streets, first: tuple[float, float], last: tuple[float, float], mode: str = "walk") -> float:
    links = link_points(streets, np.array([first, last]) + np.array(ORIGIN), mode=mode)
    return float(street_matrix(streets, links, links, mode=mode)[0, 1])


@pytest.mark.parametrize(
    "tags",
    [
        {"highway": "pedestrian", "area": "yes"},
        {"highway": "footway", "area": "yes"},
        {"railway": "platform"},
        {"public_transport": "platform", "area": "yes"},
        {"man_made": "pier", "area": "yes"},
    ],
)
def test_a_square_is_crossed_straight_and_along_its_rim(tmp_path: Path, tags: dict[str, str]) -> None:
    streets, where = drawn_streets(tmp_path, SQUARE, STREETS | {"ABCDA": tags}, modes=["walk", "walk_step_free", "car"])
    links = link_points(streets, at(where, "ABCD"), mode="walk")
    times = street_matrix(streets, links, links, mode="walk")
    # 200 m wide and 200 m high: the diagonal A–C is no street, nor is anything from A to D but the rim.
    np.testing.assert_allclose(times[0, 2], math.hypot(200, 200) / KMH * 3.6, rtol=0.005)
    np.testing.assert_allclose(times[0, [1, 3]], 200 / KMH * 3.6, rtol=0.005)
    links = link_points(streets, at(where, "AC"), mode="walk_step_free")
    step_free = street_matrix(streets, links, links, mode="walk_step_free")
    assert step_free[0, 1] == pytest.approx(float(times[0, 2]))
    assert set(streets.edge_way_id[streets.graphs["car"].edges].tolist()) <= {1, 2, 3}


def test_a_line_of_an_area_that_is_not_closed_is_walked(tmp_path: Path) -> None:
    square = {"highway": "pedestrian", "area": "yes"}
    streets, where = drawn_streets(tmp_path, "A---B---C---D", {"AB": ROAD, "BC": square, "CD": ROAD}, modes=["walk"])
    links = link_points(streets, at(where, "AD"), mode="walk")
    assert street_matrix(streets, links, links, mode="walk")[0, 1] == pytest.approx(300 / KMH * 3.6, abs=0.3)


BIG = [(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0)]
WEST, EAST = [(-50.0, 50.0), (0.0, 50.0)], [(100.0, 50.0), (150.0, 50.0)]
WITH_DOORS = [(0.0, 0.0), (100.0, 0.0), (100.0, 50.0), (100.0, 100.0), (0.0, 100.0), (0.0, 50.0), (0.0, 0.0)]
HOUSE = [(40.0, 20.0), (60.0, 20.0), (60.0, 80.0), (40.0, 80.0), (40.0, 20.0)]
# Round a house of 20 × 60 m in the middle: to its corner, along it, and on.
ROUND_M = 2 * math.hypot(40, 30) + 20


@pytest.mark.parametrize("what", ["building", "water", "hole"])
def test_what_stands_in_a_square_is_gone_round(tmp_path: Path, what: str) -> None:
    square = {"highway": "pedestrian", "area": "yes"}
    obstacle = {"building": {"building": "yes"}, "water": {"natural": "water"}, "hole": {}}[what]
    relations = []
    ways = [(WEST, ROAD), (EAST, ROAD), (WITH_DOORS, square), (HOUSE, obstacle)]
    if what == "hole":
        ways[2] = (WITH_DOORS, {})
        relations = [([(3, "outer"), (4, "inner")], {"type": "multipolygon", "highway": "pedestrian"})]
    write(tmp_path / "in.osm", ways, relations)
    streets = build_streets(tmp_path / "in.osm", epsg=EPSG, modes=["walk"], min_island_nodes=1)
    assert walk_s(streets, (0, 50), (100, 50)) == pytest.approx(ROUND_M / KMH * 3.6, rel=0.012)
    write(tmp_path / "free.osm", ways[:3] if what != "hole" else [*ways[:2], (WITH_DOORS, square)])
    free = build_streets(tmp_path / "free.osm", epsg=EPSG, modes=["walk"], min_island_nodes=1)
    assert walk_s(free, (0, 50), (100, 50)) == pytest.approx(100 / KMH * 3.6, rel=0.005)


def test_a_square_with_an_inward_corner(tmp_path: Path) -> None:
    # An L: from the end of one arm to the end of the other, by the inner corner (50, 50).
    arms = [(0.0, 0.0), (100.0, 0.0), (100.0, 50.0), (50.0, 50.0), (50.0, 100.0), (0.0, 100.0), (0.0, 0.0)]
    ways = [
        ([(100.0, 0.0), (150.0, 0.0)], ROAD),
        ([(0.0, 100.0), (0.0, 150.0)], ROAD),
        (arms, {"highway": "pedestrian", "area": "yes"}),
    ]
    write(tmp_path / "in.osm", ways)
    streets = build_streets(tmp_path / "in.osm", epsg=EPSG, modes=["walk"], min_island_nodes=1)
    expected = 2 * math.hypot(50, 50)
    assert walk_s(streets, (100, 0), (0, 100)) == pytest.approx(expected / KMH * 3.6, rel=0.005)


def test_a_street_that_ends_inside_is_joined(tmp_path: Path) -> None:
    ways = [(WEST, ROAD), (WITH_DOORS, {"highway": "pedestrian", "area": "yes"}), ([(50.0, 80.0), (50.0, 70.0)], ROAD)]
    write(tmp_path / "in.osm", ways)
    streets = build_streets(tmp_path / "in.osm", epsg=EPSG, modes=["walk"], min_island_nodes=1)
    expected = math.hypot(50, 20)
    assert walk_s(streets, (0, 50), (50, 70)) == pytest.approx(expected / KMH * 3.6, rel=0.005)


def test_a_square_of_two_thousand_corners_does_not_explode(tmp_path: Path) -> None:
    turns = np.linspace(0, 2 * np.pi, 2_001)[:-1]
    radius = np.where(np.arange(2_000) % 2, 100.0, 97.0)
    star = [(round(r * math.cos(t), 3), round(r * math.sin(t), 3)) for r, t in zip(radius, turns, strict=True)]
    spokes = [([point, (1.2 * point[0], 1.2 * point[1])], ROAD) for point in star[1::8]]
    write(tmp_path / "in.osm", [*spokes, ([*star, star[0]], {"highway": "pedestrian", "area": "yes"})])
    streets = build_streets(tmp_path / "in.osm", epsg=EPSG, modes=["walk"], min_island_nodes=1)
    # 250 streets enter: the square may add no more lines than 40 entrances and 40 corners can ask for.
    assert len(streets.edge_source) < 250 + 2_000 + 1_000
    assert walk_s(streets, star[1], star[1001]) < 1.15 * 200 / KMH * 3.6


def test_an_elevator_and_a_corridor_are_walked_without_steps(tmp_path: Path) -> None:
    ways = {"AB": ROAD, "BC": {"highway": "elevator"}, "CD": {"highway": "corridor", "indoor": "yes"}}
    streets, where = drawn_streets(tmp_path, "A---B---C---D", ways, modes=["walk_step_free"])
    links = link_points(streets, at(where, "AD"), mode="walk_step_free")
    times = street_matrix(streets, links, links, mode="walk_step_free")
    assert times[0, 1] == pytest.approx(300 / KMH * 3.6, abs=0.3)


def test_squares_that_share_only_a_node_are_walked_through(tmp_path: Path) -> None:
    # Two multipolygons, corner to corner: from the middle of a western side to the shared corner and on, twice 111.8 m.
    first = [(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0), (0.0, 50.0), (0.0, 0.0)]
    second = [(100.0, 100.0), (200.0, 100.0), (200.0, 150.0), (200.0, 200.0), (100.0, 200.0), (100.0, 100.0)]
    outer = {"type": "multipolygon", "highway": "pedestrian"}
    ways = [(WEST, ROAD), ([(200.0, 150.0), (250.0, 150.0)], ROAD), (first, {}), (second, {})]
    write(tmp_path / "in.osm", ways, [([(3, "outer")], outer), ([(4, "outer")], outer)])
    streets = build_streets(tmp_path / "in.osm", epsg=EPSG, modes=["walk"], min_island_nodes=1)
    expected = 2 * math.hypot(100, 50) / KMH * 3.6
    assert walk_s(streets, (0, 50), (200, 150)) == pytest.approx(expected, rel=0.012)


PIECES = [
    [(0.0, 0.0), (100.0, 0.0), (100.0, 50.0), (100.0, 100.0), (0.0, 100.0), (0.0, 30.0), (0.0, 0.0)],
    [(100.0, 0.0), (100.0, 50.0), (100.0, 100.0), (200.0, 100.0), (200.0, 70.0), (200.0, 0.0), (100.0, 0.0)],
]
INTO_PIECES = [([(-50.0, 30.0), (0.0, 30.0)], ROAD), ([(200.0, 70.0), (250.0, 70.0)], ROAD)]


@pytest.mark.parametrize("as_relation", [False, True])
@pytest.mark.parametrize("other", [{}, {"name": "Place"}, {"foot": "permissive"}])
def test_a_square_in_two_pieces_is_crossed_as_one(tmp_path: Path, other: dict[str, str], as_relation: bool) -> None:
    # Straight from door to door, 200 m east and 40 m north: the node between the pieces lies on the way.
    square = {"highway": "pedestrian", "area": "yes"}
    tags = [square, square | other]
    ways = [*INTO_PIECES, *((line, {} if as_relation else mine) for line, mine in zip(PIECES, tags, strict=True))]
    sides = [([(k, "outer")], {"type": "multipolygon"} | mine) for k, mine in enumerate(tags, start=3)]
    write(tmp_path / "in.osm", ways, sides if as_relation else [])
    streets = build_streets(tmp_path / "in.osm", epsg=EPSG, modes=["walk"], min_island_nodes=1)
    assert walk_s(streets, (0, 30), (200, 70)) == pytest.approx(math.hypot(200, 40) / KMH * 3.6, abs=0.3)
    # 180 m east and 10 m south, to a point in the eastern piece: by way of a node only where the pieces differ.
    nodes = [math.hypot(100, y - 30) + math.hypot(80, y - 20) for y in (0, 50, 100)]
    inside = min(nodes) if "foot" in other else math.hypot(180, 10)
    assert walk_s(streets, (0, 30), (180, 20)) == pytest.approx(inside / KMH * 3.6, abs=0.3)


def test_a_street_that_ends_between_two_pieces_leads_into_both(tmp_path: Path) -> None:
    square = {"highway": "pedestrian", "area": "yes"}
    # Out of the ground in the middle of the western piece, up to the node between the two.
    stairs = ([(60.0, 50.0), (100.0, 50.0)], {"highway": "footway"})
    write(tmp_path / "in.osm", [*INTO_PIECES, *((line, square) for line in PIECES), stairs])
    streets = build_streets(tmp_path / "in.osm", epsg=EPSG, modes=["walk"], min_island_nodes=1)
    for door in ((0.0, 30.0), (200.0, 70.0)):
        metres = math.hypot(door[0] - 100, door[1] - 50)
        assert walk_s(streets, (100, 50), door) == pytest.approx(metres / KMH * 3.6, abs=0.3)


@pytest.mark.parametrize("as_relation", [False, True])
def test_a_square_with_hours_is_crossed_while_it_is_open(tmp_path: Path, as_relation: bool) -> None:
    tags = {"highway": "pedestrian", "opening_hours": "09:00-18:00"} | ({} if as_relation else {"area": "yes"})
    relations = [([(3, "outer")], tags | {"type": "multipolygon"})] if as_relation else []
    ways = [(WEST, ROAD), (EAST, ROAD), (WITH_DOORS, {} if as_relation else tags)]
    write(tmp_path / "in.osm", ways, relations)
    times = []
    for hour in (7, 12):
        moment = dt.datetime(2026, 3, 17, hour)  # noqa: DTZ001
        streets = build_streets(tmp_path / "in.osm", epsg=EPSG, modes=["walk"], min_island_nodes=1, moment=moment)
        times.append(walk_s(streets, (-50, 50), (150, 50)))
    # 200 m, or no way: the square is all that joins the two streets.
    assert np.isnan(times[0])
    assert times[1] == pytest.approx(200 / KMH * 3.6, rel=0.006)


@pytest.mark.parametrize("beside_m", [0.0, 1.0])
def test_a_platform_of_several_lines_with_one_way_in(tmp_path: Path, beside_m: float) -> None:
    # Nothing leads across it, but who stands on it, or a step beside its rim, walks along it.
    ways = [(WEST, ROAD), (WITH_DOORS[:4], {}), (WITH_DOORS[3:], {})]
    platform = {"type": "multipolygon", "railway": "platform"}
    write(tmp_path / "in.osm", ways, [([(2, "outer"), (3, "outer")], platform)])
    streets = build_streets(tmp_path / "in.osm", epsg=EPSG, modes=["walk"], min_island_nodes=1)
    expected = (50 + math.hypot(99, 49) if not beside_m else 50 + 100 + beside_m) / KMH * 3.6
    there = (99.0, 1.0) if not beside_m else (100.0 + beside_m, 50.0)
    assert walk_s(streets, (-50, 50), there) == pytest.approx(expected, rel=0.012)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_rim_split_over_ways_and_several_holes(tmp_path: Path, reverse: bool) -> None:
    # Two fountains stand in the way: up to a corner of the first, along both, down again.
    holes = [[(x, 40.0), (x + 10, 40.0), (x + 10, 60.0), (x, 60.0), (x, 40.0)] for x in (30.0, 60.0)]
    half = WITH_DOORS[:4][::-1] if reverse else WITH_DOORS[:4]
    members = [(3, "outer"), (4, "outer"), (5, "inner"), (6, "inner")]
    ways = [(WEST, ROAD), (EAST, ROAD), (half, {}), (WITH_DOORS[3:], {}), (holes[0], {}), (holes[1], {})]
    write(tmp_path / "in.osm", ways, [(members, {"type": "multipolygon", "highway": "pedestrian"})])
    streets = build_streets(tmp_path / "in.osm", epsg=EPSG, modes=["walk"], min_island_nodes=1)
    expected = (2 * math.hypot(30, 10) + 40) / KMH * 3.6
    assert walk_s(streets, (0, 50), (100, 50)) == pytest.approx(expected, rel=0.012)


def test_a_building_that_begins_outside_is_gone_round(tmp_path: Path) -> None:
    # Its first corner lies north of the square, its walls reach down to 40 m: round its two lower corners.
    wing = [(45.0, 120.0), (55.0, 120.0), (55.0, 40.0), (45.0, 40.0), (45.0, 120.0)]
    ways = [(WEST, ROAD), (EAST, ROAD), (WITH_DOORS, {"highway": "pedestrian", "area": "yes"})]
    write(tmp_path / "in.osm", [*ways, (wing, {"building": "yes"})])
    streets = build_streets(tmp_path / "in.osm", epsg=EPSG, modes=["walk"], min_island_nodes=1)
    expected = (2 * math.hypot(45, 10) + 10) / KMH * 3.6
    assert walk_s(streets, (0, 50), (100, 50)) == pytest.approx(expected, rel=0.006)


@pytest.mark.parametrize(
    ("tags", "crossed"),
    [
        ({"man_made": "pier"}, True),
        ({"man_made": "pier", "area": "no"}, False),
        ({"highway": "service", "area": "yes"}, True),
        ({"highway": "residential", "area": "yes"}, True),
        ({"highway": "residential"}, False),
        ({"highway": "corridor", "area": "yes", "level": "1"}, True),
    ],
)
def test_what_is_walked_across(tmp_path: Path, tags: dict[str, str], crossed: bool) -> None:
    write(tmp_path / "in.osm", [(WEST, ROAD), (EAST, ROAD), (WITH_DOORS, tags)])
    streets = build_streets(tmp_path / "in.osm", epsg=EPSG, modes=["walk"], min_island_nodes=1)
    expected = (100 if crossed else 200) / KMH * 3.6
    assert walk_s(streets, (0, 50), (100, 50)) == pytest.approx(expected, rel=0.01)


PLAIN = {"highway": "pedestrian", "area": "yes"}
ACROSS = [(WEST, ROAD), (EAST, ROAD), (WITH_DOORS, PLAIN)]
UP = [(50.0, 20.0), (50.0, 50.0), (50.0, 80.0)]  # a line that stands across the way, 30 m to each side
ROUND_UP_M = 2 * math.hypot(50, 30)


def across_s(path: Path, more: list, relations: list = (), nodes: dict | None = None) -> float:
    """Walk from the west door of the square to its east door, with more in the file."""
    write(path, [*ACROSS, *more], relations, nodes)
    streets = build_streets(path, epsg=EPSG, modes=["walk"], min_island_nodes=1)
    return walk_s(streets, (0, 50), (100, 50)) * KMH / 3.6


@pytest.mark.parametrize(
    "tags",
    [
        {"leisure": "swimming_pool"},
        {"amenity": "fountain"},
        {"natural": "water", "water": "basin"},
        {"waterway": "dock"},
        {"barrier": "hedge", "area": "yes"},
        {"barrier": "fence"},
    ],
)
def test_pools_fountains_and_hedges_are_gone_round(tmp_path: Path, tags: dict[str, str]) -> None:
    assert across_s(tmp_path / "in.osm", [(HOUSE, tags)]) == pytest.approx(ROUND_M, rel=0.012)
    # Below the square or above it, it stands in nobody's way.
    assert across_s(tmp_path / "low.osm", [(HOUSE, tags | {"layer": "-1"})]) == pytest.approx(100, rel=0.005)


@pytest.mark.parametrize("barrier", ["wall", "fence", "hedge", "city_wall", "retaining_wall"])
def test_a_wall_in_a_square_is_gone_round(tmp_path: Path, barrier: str) -> None:
    assert across_s(tmp_path / "in.osm", [(UP, {"barrier": barrier})]) == pytest.approx(ROUND_UP_M, rel=0.012)


def test_a_wall_from_rim_to_rim_leads_to_the_rim(tmp_path: Path) -> None:
    # From (50, 0) to (50, 100): only the rim itself, which is a way, leads past it.
    wall = ([(50.0, -10.0), (50.0, 110.0)], {"barrier": "wall"})
    assert across_s(tmp_path / "in.osm", [wall]) == pytest.approx(50 + 100 + 50, rel=0.005)


@pytest.mark.parametrize(
    ("gate", "open_"),
    [
        ({"barrier": "gate"}, True),
        ({"barrier": "entrance"}, True),
        ({"barrier": "kissing_gate"}, True),
        ({"barrier": "gate", "access": "private", "foot": "yes"}, True),
        ({"barrier": "gate", "locked": "yes"}, False),
        ({"barrier": "gate", "access": "private"}, False),
        ({"barrier": "wall"}, False),
        ({}, False),
    ],
)
def test_walls_are_crossed_at_their_gates(tmp_path: Path, gate: dict[str, str], open_: bool) -> None:
    walked = across_s(tmp_path / "in.osm", [(UP, {"barrier": "fence"})], nodes={(50.0, 50.0): gate})
    assert walked == pytest.approx(100 if open_ else ROUND_UP_M, rel=0.012)


def test_a_street_through_a_wall_opens_it(tmp_path: Path) -> None:
    street = ([(48.0, 50.0), (50.0, 50.0), (52.0, 50.0)], {"highway": "footway"})
    assert across_s(tmp_path / "in.osm", [(UP, {"barrier": "wall"}), street]) == pytest.approx(100, rel=0.012)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_building_of_several_lines_is_gone_round(tmp_path: Path, reverse: bool) -> None:
    # The house as two lines without a tag of their own; a yard inside it changes nothing.
    west = [(60.0, 20.0), (40.0, 20.0), (40.0, 80.0), (60.0, 80.0)]
    east = [(60.0, 20.0), (60.0, 80.0)]
    yard = [(45.0, 40.0), (55.0, 40.0), (55.0, 60.0), (45.0, 60.0), (45.0, 40.0)]
    members = [(4, "outer"), (5, "outer"), (6, "inner")]
    relation = [(members[::-1] if reverse else members, {"type": "multipolygon", "building": "yes"})]
    walked = across_s(tmp_path / "in.osm", [(west, {}), (east, {}), (yard, {})], relation)
    assert walked == pytest.approx(ROUND_M, rel=0.012)
    roof = [(members, {"type": "multipolygon", "building": "roof"})]
    assert across_s(tmp_path / "roof.osm", [(west, {}), (east, {}), (yard, {})], roof) == pytest.approx(100, rel=0.005)


def test_a_square_that_lies_partly_in_a_yard(tmp_path: Path) -> None:
    # A building round a yard. In the square stands its wing of x 40 to 60, y 20 to 80; the yard, x 60 to 160, is free:
    # by the outer line alone half of the square would be built over, and its east door in a wall.
    outer = [(40.0, 20.0), (170.0, 20.0), (170.0, 80.0), (40.0, 80.0), (40.0, 20.0)]
    inner = [(60.0, 20.0), (160.0, 20.0), (160.0, 80.0), (60.0, 80.0), (60.0, 20.0)]
    relation = [([(4, "outer"), (5, "inner")], {"type": "multipolygon", "building": "yes"})]
    assert across_s(tmp_path / "in.osm", [(outer, {}), (inner, {})], relation) == pytest.approx(ROUND_M, rel=0.012)


def test_walls_have_the_same_corners_in_every_file(tmp_path: Path) -> None:
    ways = [*ACROSS, (UP, {"barrier": "wall"})]
    write(tmp_path / "a.osm", ways)
    write(tmp_path / "b.osm", ways)
    first, both = (
        build_streets(paths, epsg=EPSG, modes=["walk"], min_island_nodes=1)
        for paths in ([tmp_path / "a.osm"], [tmp_path / "b.osm", tmp_path / "a.osm"])
    )
    assert sorted(first.node_id.tolist()) == sorted(both.node_id.tolist())
    assert walk_s(both, (0, 50), (100, 50)) == pytest.approx(walk_s(first, (0, 50), (100, 50)))


def test_walls_and_buildings_of_a_cut_file(tmp_path: Path) -> None:
    # A building without nodes, one whose lines are not in the file, a wall that has lost a node far in the south.
    wall = [(50.0, -30.0), (50.0, -20.0), (50.0, 20.0), (50.0, 50.0), (50.0, 80.0)]
    outer = [([(77, "outer")], {"type": "multipolygon", "building": "yes"})]
    write(tmp_path / "in.osm", [*ACROSS, (wall, {"barrier": "wall"}), ([], {"building": "yes"})], outer)
    text = (tmp_path / "in.osm").read_text(encoding="utf-8")
    lost = next(line for line in text.splitlines() if "<way id='4'" in line).split("ref='")[2].split("'")[0]
    lines = [line for line in text.splitlines() if not line.startswith(f"<node id='{lost}' ")]
    (tmp_path / "cut.osm").write_text("\n".join(lines), encoding="utf-8")
    streets = build_streets(tmp_path / "cut.osm", epsg=EPSG, modes=["walk"], min_island_nodes=1)
    assert walk_s(streets, (0, 50), (100, 50)) * KMH / 3.6 == pytest.approx(ROUND_UP_M, rel=0.012)
