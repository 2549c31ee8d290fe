"""Cyclists who want calm streets: levels by tags, and the way that avoids the rest."""

from __future__ import annotations

import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

from geo_access.errors import InputError
from geo_access.network.model import CrowFly, Network
from geo_access.network.search.links import link_points
from geo_access.network.search.paths import street_path
from geo_access.network.search.search import street_matrix
from geo_access.network.streets.osmnx_bridge import to_networkx
from geo_access.network.streets.streets import build_streets
from geo_access.network.streets.stress import RULESET, stress_level
from geo_access.routing.asked import make_query
from geo_access.routing.public import Profile
from geo_access.routing.query import Query
from geo_access.surfaces.isochrones import isochrones
from geo_access.times.matrix import travel_times
from geo_access.times.round_trip import Ask
from geo_access.words.note import note
from tests.network.drawn import at, drawn_streets, write_osm

ROAD = {"highway": "residential", "maxspeed": "30"}
SHORTCUT = """
A---B---C---D
    |   |
    E---F
"""


@pytest.mark.parametrize(
    ("tags", "level"),
    [
        ({"highway": "cycleway"}, 1),
        ({"highway": "secondary", "cycleway": "track", "maxspeed": "80"}, 1),
        ({"highway": "residential", "maxspeed": "30"}, 1),
        ({"highway": "residential"}, 2),
        ({"highway": "tertiary", "maxspeed": "50"}, 3),
        ({"highway": "tertiary", "maxspeed": "50", "cycleway:right": "lane"}, 2),
        ({"highway": "secondary", "maxspeed": "80"}, 4),
        ({"highway": "secondary", "maxspeed": "80", "lts": "2"}, 2),
        ({"highway": "primary", "maxspeed": "50", "cycleway": "lane"}, 3),
        ({"highway": "motorway"}, 0),
        ({"route": "ferry"}, 0),
    ],
)
def test_levels_by_tags(tags: dict[str, str], level: int) -> None:
    assert stress_level(tags) == level


def test_a_beginner_goes_round_the_departmental_road(tmp_path: Path) -> None:
    # B–C is a road for 80 km/h: round it by E and F is two sides of 100 m more, 24 s each at 15 km/h.
    around = dict.fromkeys(("AB", "CD", "BE", "EF", "FC"), ROAD)
    ways = around | {"BC": {"highway": "secondary", "maxspeed": "80"}}
    where = write_osm(tmp_path / "in.osm", SHORTCUT, ways)
    times = {}
    for level in (None, 4, 2):
        streets = build_streets(tmp_path / "in.osm", epsg=2154, modes=["bike"], min_island_nodes=1, max_stress=level)
        links = link_points(streets, at(where, "AD"), mode="bike")
        times[level] = float(street_matrix(streets, links, links, mode="bike")[0, 1])
    assert times[None] == times[4] == pytest.approx(72, abs=0.3)
    assert times[2] == pytest.approx(5 * 24, abs=0.3)
    assert note("streets.stress", n=1, level="2", rules=RULESET) in streets.notes
    shown = {data["osmid"]: data["stress"] for *_, data in to_networkx(streets, mode="bike").edges(data=True)}
    assert set(shown.values()) == {1}


def test_one_network_serves_every_public(tmp_path: Path) -> None:
    # A–B–C–D is 300 m at 15 km/h: 72 s; round B–C by E and F it is 500 m: 120 s.
    around = dict.fromkeys(("AB", "CD", "BE", "EF", "FC"), ROAD)
    ways = around | {"BC": {"highway": "secondary", "maxspeed": "80"}}
    where = write_osm(tmp_path / "in.osm", SHORTCUT, ways)
    streets = build_streets(tmp_path / "in.osm", epsg=2154, modes=["walk", "bike"], min_island_nodes=1)
    network = Network(2154, streets, None, {})
    ends = gpd.GeoDataFrame({"id": ["A", "D"]}, geometry=gpd.points_from_xy(*at(where, "AD").T), crs=2154)
    for level, seconds in ((None, 72), (4, 72), (3, 120), (1, 120)):
        table = travel_times(network, ends, ends, mode="bike", max_stress=level)
        assert float(table.seconds[0, 1, 0]) == pytest.approx(seconds, abs=0.3)
        asked = Profile("p", "", "bike", max_stress=level).query()
        path = street_path(streets, *at(where, "AD"), mode=asked.on_streets("bike"))
        assert path.seconds == pytest.approx(seconds, abs=0.3)
        assert ("secondary" in path.edge_class) == (seconds == 72)
    # 90 s by bicycle: D lies inside for whoever takes the secondary road, outside for a beginner.
    reached = [
        bool(
            isochrones(network, ends[:1], mode="bike", minutes=[1.5], cell_m=10, max_stress=level)
            .to_crs(2154)
            .geometry.union_all()
            .buffer(10)
            .contains(ends.geometry[1])
        )
        for level in (None, 2)
    ]
    assert reached == [True, False]


def test_a_road_that_nobody_calm_rides_leaves_no_way(tmp_path: Path) -> None:
    # The industrial zone C–D hangs on a departmental road: a beginner does not get there, nobody is sent along it.
    ways = {"AB": ROAD, "BC": {"highway": "secondary", "maxspeed": "80"}, "CD": ROAD}
    where = write_osm(tmp_path / "in.osm", "A---B---------------------------------------C---D", ways)
    streets = build_streets(tmp_path / "in.osm", epsg=2154, modes=["bike"], min_island_nodes=1)
    ends = gpd.GeoDataFrame({"id": ["A", "D"]}, geometry=gpd.points_from_xy(*at(where, "AD").T), crs=2154)
    network = Network(2154, streets, None, {})
    open_s, calm_s = (
        float(travel_times(network, ends, ends, mode="bike", max_stress=level).seconds[0, 1, 0]) for level in (None, 2)
    )
    assert open_s == pytest.approx(1_200 / 15 * 3.6, abs=0.3)
    assert math.isnan(calm_s)


def test_a_level_is_for_bicycles_and_for_streets_that_are_known() -> None:
    plain = Network(2154, CrowFly(2154), None, {})
    with pytest.raises(InputError, match="no level of traffic stress"):
        Query("bike", max_stress=5).validate()
    with pytest.raises(InputError, match="the mode walk has no bicycle"):
        make_query(plain, mode="walk", max_stress=2)
    (fault,) = Profile("p", "", "car", max_stress=2).faults()
    assert fault.where == "profile p, max_stress"
    points = gpd.GeoDataFrame({"id": ["a"]}, geometry=gpd.points_from_xy([0.0], [0.0]), crs=2154)
    with pytest.raises(InputError, match="traffic stress of this network's streets is not known"):
        travel_times(plain, points, points, mode="bike", max_stress=2)
    beginner = Ask(Query("bike", max_stress=2), arrive_s=28_800, leave_s=61_200)
    assert beginner.travelling(mode="car").travel == Query("car")


def test_levels_that_are_none_are_refused(tmp_path: Path) -> None:
    write_osm(tmp_path / "in.osm", SHORTCUT, {"AB": ROAD})
    with pytest.raises(InputError, match="no level of traffic stress"):
        build_streets(tmp_path / "in.osm", max_stress=5)
    with pytest.raises(InputError, match="nobody cycles"):
        build_streets(tmp_path / "in.osm", modes=["walk"], max_stress=2)


@pytest.mark.parametrize(
    "tags",
    [
        {"highway": "footway", "tunnel": "yes"},
        {"highway": "footway", "covered": "yes", "layer": "-1"},
        {"route": "ferry"},
    ],
)
def test_nobody_is_linked_where_one_cannot_stop(tmp_path: Path, tags: dict[str, str]) -> None:
    # A point 10 m above B–C is linked to the end of the open street, 100 m away, not into the tunnel.
    ways = {"AB": ROAD, "BC": tags, "CD": ROAD}
    streets, where = drawn_streets(tmp_path, "A---B-------C---D", ways, modes=["walk"])
    middle = np.mean(at(where, "BC"), axis=0, keepdims=True) + np.array([[0.0, 10.0]])
    links = link_points(streets, middle, mode="walk")
    assert streets.edge_way_id[links.edge[0]] in (1, 3)
    assert links.distance_m[0] == pytest.approx((100**2 + 10**2) ** 0.5, abs=0.1)


def test_a_passage_through_a_building_is_no_tunnel(tmp_path: Path) -> None:
    ways = {"AB": ROAD, "BC": {"highway": "footway", "tunnel": "building_passage"}}
    streets, where = drawn_streets(tmp_path, "A---B-------C", ways, modes=["walk"])
    links = link_points(streets, at(where, "BC").mean(axis=0, keepdims=True), mode="walk")
    assert links.distance_m[0] == pytest.approx(0, abs=0.01)
