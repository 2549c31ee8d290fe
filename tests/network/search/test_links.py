"""Points onto edges: nearest, projected, directed, limited, and never lost."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from geo_access.errors import InputError, SnapError
from geo_access.network.model import CrowFly, Streets
from geo_access.network.search.links import LINK_REASONS, link_points
from geo_access.network.search.links_checks import misplaced
from geo_access.network.search.links_report import link_report, write_link_report
from geo_access.network.search.search import street_matrix
from geo_access.network.streets.streets import build_streets
from geo_access.words.messages import error_text
from tests.network.drawn import ORIGIN, at, drawn_streets
from tests.shared import shared_path

ROAD = {"highway": "residential"}
LINE = "A---B---C"
SQUARE = """
A---B
|   |
C---D
"""


def test_projection_connector_and_limit(tmp_path: Path) -> None:
    streets, where = drawn_streets(tmp_path, LINE, {"ABC": ROAD})
    x, y = where["A"]
    points = np.array([[x + 30, y + 40], [x + 30, y + 600], [np.nan, np.nan], [x - 30, y]])
    links = link_points(streets, points, mode="walk", limit_m=500)
    assert links.ok.tolist() == [True, False, False, True]
    assert links.reason.tolist() == [0, 2, 1, 0]
    np.testing.assert_allclose(links.distance_m, [40, 600, np.nan, 30], atol=0.05)
    assert links.connector_s[0] == pytest.approx(40 * 1.3 / 4.8 * 3.6, abs=0.05)
    assert np.isnan(links.connector_s[1])
    np.testing.assert_allclose(links.fraction[[0, 3]], [0.15, 0.0], atol=1e-3)


def test_each_mode_takes_its_own_nearest_edge(tmp_path: Path) -> None:
    ways = {"AB": {"highway": "footway"}, "BD": ROAD, "DC": ROAD, "CA": ROAD}
    streets, where = drawn_streets(tmp_path, SQUARE, ways)
    point = at(where, "A") + np.array([50, 5])
    names = {}
    for mode in ("walk", "car"):
        links = link_points(streets, point, mode=mode)
        names[mode] = streets.class_names[streets.edge_class[links.edge[0]]]
    assert names == {"walk": "footway", "car": "residential"}


def test_two_points_on_a_one_way_edge(tmp_path: Path) -> None:
    # 100 m sides; the second point lies 40 m further along: 40 m there, 360 m round the block back.
    one_way = ROAD | {"oneway": "yes"}
    streets, where = drawn_streets(tmp_path, SQUARE, {"AB": one_way, "BD": one_way, "DC": one_way, "CA": one_way})
    points = at(where, "AA") + np.array([[30, 0], [70, 0]])
    links = link_points(streets, points, mode="bike")
    np.testing.assert_allclose(
        street_matrix(streets, links, links, mode="bike"),
        [[0, 40 / 15 * 3.6], [360 / 15 * 3.6, 0]],
        atol=0.3,
    )


def test_a_point_at_a_junction_is_on_all_its_streets(tmp_path: Path) -> None:
    # Nearest to the one-way AB by a hair: B can be reached from D all the same, and left for it.
    streets, where = drawn_streets(tmp_path, SQUARE, {"AB": ROAD | {"oneway": "yes"}, "BD": ROAD, "AC": ROAD})
    points = np.vstack((at(where, "B") + np.array([-0.05, 0.01]), at(where, "D")))
    links = link_points(streets, points, mode="bike")
    assert streets.edge_way_id[links.edge[0]] == 1
    side_s = 100 / 15 * 3.6
    np.testing.assert_allclose(street_matrix(streets, links, links, mode="bike"), [[0, side_s], [side_s, 0]], atol=0.3)


@pytest.fixture(scope="module")
def monaco() -> Streets:
    return build_streets(shared_path("osm/monaco.osm.pbf"), modes=("walk",))


@pytest.mark.reference
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_nearest_edge_is_the_one_of_a_spatial_tree(monaco: Streets, seed: int) -> None:
    streets = monaco
    rng = np.random.default_rng(seed)
    low, high = streets.geometry_xy.min(axis=0), streets.geometry_xy.max(axis=0)
    points = rng.uniform(low - 300, high + 300, size=(50, 2))
    links = link_points(streets, points, mode="walk", limit_m=2_000)
    usable = np.unique(streets.graphs["walk"].edges)
    usable = usable[streets.edge_stops[usable]]
    begin, end = streets.geometry_indptr[usable], streets.geometry_indptr[usable + 1]
    lines = np.array([shapely.LineString(streets.geometry_xy[a:b]) for a, b in zip(begin, end)])
    tree = shapely.STRtree(lines)
    rows, distance = tree.query_nearest(shapely.points(points), return_distance=True, all_matches=False)
    near = distance <= 2_000
    np.testing.assert_array_equal(links.ok[rows[0]], near)
    np.testing.assert_allclose(links.distance_m[rows[0]][near], distance[near], atol=1e-6)


def test_report_has_every_point(tmp_path: Path) -> None:
    streets, where = drawn_streets(tmp_path, LINE, {"ABC": ROAD})
    points = np.vstack((at(where, "AB") + np.array([0, 20]), [[ORIGIN[0], ORIGIN[1] + 5_000], [np.nan, np.nan]]))
    report = link_report(streets, link_points(streets, points, mode="walk"), ids=["a", "b", "far", "lost"])
    assert report["id"].tolist() == ["a", "b", "far", "lost"]
    assert report["reason"].tolist() == ["OK", "OK", "BEYOND_LIMIT", "NO_POSITION"]
    assert report["edge_class"].tolist()[:2] == ["residential", "residential"]
    assert report.crs.to_epsg() == 2154
    assert report.geometry.iloc[0].length == pytest.approx(20, abs=0.01)


def test_report_as_files(tmp_path: Path) -> None:
    streets, where = drawn_streets(tmp_path, LINE, {"ABC": ROAD})
    points = np.vstack((at(where, "AB") + np.array([0, 20]), [[ORIGIN[0], ORIGIN[1] + 1_000], [np.nan, np.nan]]))
    report = link_report(streets, link_points(streets, points, mode="walk"), ids=["a", "=b", "far", "lost"])
    for _ in range(2):  # written over, never added to
        table, package = write_link_report(report, tmp_path)
    rows = pd.read_csv(table, keep_default_na=False)
    assert rows[["id", "reason", "edge_class", "distance_m"]].to_numpy().tolist() == [
        ["a", "OK", "residential", "20.0"],
        ["'=b", "OK", "residential", "20.0"],  # a quote keeps a spreadsheet from reading a formula
        ["far", "BEYOND_LIMIT", "", "1000.0"],
        ["lost", "NO_POSITION", "", ""],
    ]
    layer = gpd.read_file(package, layer="points")
    assert layer["reason"].tolist() == ["OK", "OK", "BEYOND_LIMIT", "NO_POSITION"]
    assert layer.geometry.isna().tolist() == [False, False, False, True]
    assert layer.geometry.iloc[0].x == pytest.approx(3.0, abs=1e-6)
    lines = gpd.read_file(package, layer="connectors").to_crs(2154)
    np.testing.assert_allclose(lines.length, [20, 20], atol=0.05)
    assert layer.crs.to_epsg() == 4326


def test_bad_parameters_and_points(tmp_path: Path) -> None:
    streets, where = drawn_streets(tmp_path, LINE, {"ABC": ROAD})
    good = at(where, "A")
    with pytest.raises(InputError, match="mode 'boat'"):
        link_points(streets, good, mode="boat")
    with pytest.raises(InputError, match="boat"):
        link_points(CrowFly(2154), good, mode="boat")
    with pytest.raises(InputError, match="3 faults"):
        link_points(streets, good, mode="walk", limit_m=-1, connector_kmh=0, detour=0.5)
    with pytest.raises(InputError, match="one row"):
        link_points(streets, np.zeros(3), mode="walk")
    with pytest.raises(InputError, match="one per point"):
        link_points(streets, good, mode="walk", ids=["a", "b"])
    assert not link_points(streets, good + 400_000, mode="walk").ok.any()


def seen(lon: float, lat: float, epsg: int) -> tuple[float, float]:
    return Transformer.from_crs(4326, epsg, always_xy=True).transform(lon, lat)


def test_each_misplaced_point_is_named_beside_good_ones(tmp_path: Path) -> None:
    # The drawing lies at 3° E, 46.5° N.
    streets, where = drawn_streets(tmp_path, LINE, {"ABC": ROAD})
    (good,) = at(where, "A")
    rows = {
        "good": good,
        "swapped": seen(46.5, 3.0, 2154),
        "axes": good[::-1],
        "null island": seen(0.0, 0.0, 2154),
        "zero": (0.0, 0.0),
        "degrees": (3.0, 46.5),
        "degrees, latitude first": (46.5, 3.0),
        "half": (good[0], np.nan),
        "unprojectable": (np.inf, np.inf),
        "none": (np.nan, np.nan),
        "in Lille": seen(3.06, 50.63, 2154),
        "in Guyane": seen(-52.3, 4.9, 2154),
    }
    with pytest.raises(SnapError) as caught:
        link_points(streets, np.array(list(rows.values())), mode="walk", ids=list(rows))
    told = {fault.where.removeprefix("points: id "): fault.what for fault in caught.value.faults}
    assert told == {
        "swapped": "longitude and latitude look swapped",
        "axes": "x and y look swapped",
        "null island": "position (0°, 0°), a default written by a tool",
        "zero": "position (0, 0), a default written by a tool",
        "degrees": "it looks like degrees, not metres of EPSG:2154",
        "degrees, latitude first": "it looks like degrees with latitude first, not metres of EPSG:2154",
        "half": "not a position",
        "unprojectable": "it cannot be projected to EPSG:2154",
    }
    assert "swapped : longitude et latitude semblent inversées" in error_text(caught.value, "fr").replace("\u202f", " ")
    true = [name for name in rows if name not in told]
    links = link_points(streets, np.array([rows[name] for name in true]), mode="walk", ids=true)
    assert [LINK_REASONS[code] for code in links.reason] == ["OK", "NO_POSITION", "BEYOND_LIMIT", "BEYOND_LIMIT"]


def test_misplaced_points_without_names_or_streets(tmp_path: Path) -> None:
    streets, where = drawn_streets(tmp_path, LINE, {"ABC": ROAD})
    many = np.vstack((at(where, "A"), np.tile(at(where, "A")[:, ::-1], (25, 1))))
    with pytest.raises(SnapError, match=r"points: row 2: x and y look swapped → give \(x, y\)") as caught:
        link_points(streets, many, mode="walk")
    assert len(caught.value.faults) == 21
    assert "5 more points" in str(caught.value)
    with pytest.raises(SnapError, match=r"row 1: position \(0°, 0°\)"):
        link_points(CrowFly(32722), np.array([seen(0.0, 0.0, 32722)]), mode="walk")


def test_swapped_south_of_the_equator() -> None:
    # Porto Alegre: 51.2° W, 30° S.
    porto_alegre = (*seen(-51.3, -30.1, 32722), *seen(-51.1, -29.9, 32722))
    faults = misplaced(np.array([seen(-30.0, -51.2, 32722)]), extent=porto_alegre, epsg=32722)
    assert [fault.what for fault in faults] == ["longitude and latitude look swapped"]
