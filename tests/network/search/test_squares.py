"""Who stands in a square walks straight to what he sees, and round what stands between."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.network.model import Network, Streets
from geo_access.network.search.links import link_points
from geo_access.network.search.paths import street_path
from geo_access.network.search.search import nearby, node_times, street_matrix
from geo_access.network.storage import open_network, save_network
from geo_access.network.streets.streets import build_streets
from geo_access.routing.query import Query
from geo_access.surfaces.lattice import Canvas
from geo_access.surfaces.street_times import street_values
from tests.network.drawn import EPSG, ORIGIN
from tests.network.streets.test_areas import EAST, HOUSE, ROAD, WEST, WITH_DOORS, write

MPS = 4.8 / 3.6
SQUARE = {"highway": "pedestrian", "area": "yes"}
# A square of 100 × 100 m; streets come in at (0, 50) and (100, 50); a house of 20 × 60 m in the middle where wanted.
OPEN = [(WEST, ROAD), (EAST, ROAD), (WITH_DOORS, SQUARE)]
BUILT = [*OPEN, (HOUSE, {"building": "yes"})]


def built(path: Path, ways: list, relations: list = (), modes: tuple[str, ...] = ("walk",)) -> Streets:
    write(path / "in.osm", ways, relations)
    return build_streets(path / "in.osm", epsg=EPSG, modes=modes, min_island_nodes=1)


def walks(streets: Streets, *points: tuple[float, float], mode: str = "walk") -> np.ndarray:
    links = link_points(streets, np.array(points) + np.array(ORIGIN), mode=mode)
    return street_matrix(streets, links, links, mode=mode)


@pytest.mark.parametrize("mode", ["walk", "walk_step_free"])
def test_two_points_in_a_square_walk_straight(tmp_path: Path, mode: str) -> None:
    streets = built(tmp_path, OPEN, modes=(mode,))
    # 40 m apart, 20 m or more from the rim and from the line that joins the two streets.
    times = walks(streets, (20, 75), (60, 75), (20, 25), mode=mode)
    assert times[0, 1] == pytest.approx(40 / MPS, abs=0.1)
    assert times[0, 2] == pytest.approx(50 / MPS, abs=0.1)
    assert times[1, 2] == pytest.approx(math.hypot(40, 50) / MPS, abs=0.1)


def test_a_point_in_a_square_walks_straight_to_the_streets_that_leave_it(tmp_path: Path) -> None:
    streets = built(tmp_path, OPEN)
    # From (20, 80) to the entrance (0, 50): √(20² + 30²) = 36.1 m, then 30 m along the street to (−30, 50).
    times = walks(streets, (20, 80), (-30, 50), (130, 50))
    assert times[0, 1] == pytest.approx((math.hypot(20, 30) + 30) / MPS, abs=0.2)
    assert times[0, 2] == pytest.approx((math.hypot(80, 30) + 30) / MPS, abs=0.2)
    np.testing.assert_allclose(times, times.T, atol=0.11)


def test_a_point_beside_a_square_walks_to_its_rim_and_across(tmp_path: Path) -> None:
    streets = built(tmp_path, OPEN)
    # 10 m north of the rim at (30, 100), with a detour; from there straight to (70, 20) and to the east entrance.
    times = walks(streets, (30, 110), (70, 20), (100, 50))
    assert times[0, 1] == pytest.approx(10 * 1.3 / MPS + math.hypot(40, 80) / MPS, abs=0.2)
    assert times[0, 2] == pytest.approx(10 * 1.3 / MPS + math.hypot(70, 50) / MPS, abs=0.2)


def test_a_house_in_the_square_is_gone_round(tmp_path: Path) -> None:
    streets = built(tmp_path, BUILT)
    # Either side of the house, 10 m from its walls and 10 m below its top: over both corners, (40, 80) and (60, 80).
    times = walks(streets, (30, 70), (70, 70), (30, 90))
    assert times[0, 1] == pytest.approx((2 * math.hypot(10, 10) + 20) / MPS, abs=0.2)
    # Above the house one sees (70, 90) from (30, 90): straight.
    assert walks(streets, (30, 90), (70, 90))[0, 1] == pytest.approx(40 / MPS, abs=0.1)
    # To the street in the east: over the two corners, then √(40² + 30²) to (100, 50) and 20 m on.
    there = walks(streets, (30, 70), (120, 50))[0, 1]
    assert there == pytest.approx((math.hypot(10, 10) + 20 + math.hypot(40, 30) + 20) / MPS, rel=0.01)


def test_a_square_with_one_entrance_and_one_with_a_hole(tmp_path: Path) -> None:
    one = built(tmp_path, [OPEN[0], OPEN[2]])
    assert walks(one, (50, 50), (-50, 50))[0, 1] == pytest.approx(100 / MPS, abs=0.2)
    ways = [*OPEN[:2], (WITH_DOORS, {}), (HOUSE, {})]
    relation = ([(3, "outer"), (4, "inner")], {"type": "multipolygon", "highway": "pedestrian"})
    holed = built(tmp_path, ways, [relation])
    assert walks(holed, (30, 70), (70, 70))[0, 1] == pytest.approx((2 * math.hypot(10, 10) + 20) / MPS, abs=0.2)


def test_squares_are_for_who_walks_and_may(tmp_path: Path) -> None:
    closed = [
        *OPEN[:2],
        (WITH_DOORS, SQUARE | {"foot": "no"}),
        ([(-50.0, 50.0), (-50.0, 200.0), (150.0, 200.0), (150.0, 50.0)], ROAD),
    ]
    streets = built(tmp_path, closed, modes=("walk", "bike"))
    links = link_points(streets, np.array([[50.0, 60.0]]) + np.array(ORIGIN), mode="walk")
    assert links.square.tolist() == [-1]
    assert not links.inside.any()
    assert walks(streets, (-20, 50), (120, 50))[0, 1] == pytest.approx((30 + 150 + 200 + 150 + 30) / MPS, rel=0.001)
    assert link_points(streets, np.array([[50.0, 60.0]]) + np.array(ORIGIN), mode="bike").square.tolist() == [-1]


def test_the_path_shows_the_way_inside(tmp_path: Path) -> None:
    streets = built(tmp_path, BUILT)
    start, end, far = (np.array(point) + np.array(ORIGIN) for point in ((30.0, 70.0), (70.0, 70.0), (120.0, 50.0)))
    across = street_path(streets, start, end, mode="walk")
    corners = [(30, 70), (40, 80), (60, 80), (70, 70)]
    np.testing.assert_allclose(across.xy - np.array(ORIGIN), corners, atol=0.05)
    assert (across.street_m, len(across.edge)) == (0.0, 0)
    assert across.connector_m[0] == pytest.approx(2 * math.hypot(10, 10) + 20, abs=0.1)
    out = street_path(streets, start, far, mode="walk")
    np.testing.assert_allclose(out.xy - np.array(ORIGIN), [*corners[:3], (100, 50), (120, 50)], atol=0.05)
    assert out.street_m == pytest.approx(20, abs=0.1)
    assert out.connector_m[1] == pytest.approx(0, abs=0.01)
    assert out.connector_m[0] == pytest.approx(math.hypot(10, 10) + 20 + 50, abs=0.2)
    assert sum(out.connector_s) + out.piece_s.sum() == pytest.approx(out.seconds, abs=0.01)
    back = street_path(streets, far, start, mode="walk")
    np.testing.assert_allclose(back.xy, out.xy[::-1], atol=0.05)


@given(seed=st.integers(0, 10_000), kmh=st.sampled_from([2.4, 4.8]), max_s=st.sampled_from([60, 3_000]))
@settings(max_examples=25, deadline=None)
def test_all_ways_of_asking_agree(tmp_path_factory: pytest.TempPathFactory, seed: int, kmh: float, max_s: int) -> None:
    streets = built(tmp_path_factory.mktemp("squares"), BUILT)
    xy = np.random.default_rng(seed).uniform((-60, -20), (160, 120), size=(9, 2)) + np.array(ORIGIN)
    links = link_points(streets, xy, mode="walk", connector_kmh=kmh)
    asked = {"mode": "walk", "speed_kmh": kmh}
    table = street_matrix(streets, links, links, **asked)
    assert np.isfinite(table).all()
    assert (table >= np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) * 3.6 / kmh - 0.6).all()
    one_by_one = np.concatenate([street_matrix(streets, links.take(np.array([k])), links, **asked) for k in range(9)])
    np.testing.assert_array_equal(table, one_by_one)
    short = street_matrix(streets, links, links, max_s=max_s, **asked)
    np.testing.assert_array_equal(short, np.where(table <= max_s, table, np.nan))
    for rows in (np.arange(9), np.arange(3)):
        sparse = nearby(streets, links.take(rows), links, max_s=max_s, **asked)
        for row in rows.tolist():
            columns, seconds = sparse.row(row)
            assert columns.tolist() == np.flatnonzero(~np.isnan(short[row])).tolist()
            np.testing.assert_array_equal(seconds, np.rint(short[row, columns]))
    for row in range(1, 9):
        path = street_path(streets, xy[0], xy[row], mode="walk", speed_kmh=kmh, connector_kmh=kmh)
        assert path.seconds == pytest.approx(float(table[0, row]), abs=0.01)
        assert np.hypot(*np.diff(path.xy, axis=0).T).sum() <= path.seconds * kmh / 3.6 + 0.2


def test_cells_of_a_surface_and_a_saved_network_take_the_times_of_points(tmp_path: Path) -> None:
    streets = built(tmp_path, BUILT)
    network = open_network(save_network(Network(EPSG, streets, None, {}), tmp_path / "saved"))
    site = np.array([[30.0, 70.0]]) + np.array(ORIGIN)
    for reverse, kmh in ((False, 4.8), (True, 4.8), (False, 3.6)):
        query, canvas = Query("walk", max_s=900, walk_kmh=kmh), Canvas(10.0, reverse=reverse)
        values, frame, _ = street_values(network, site, query, canvas, mode="walk", limit_s=900)
        xx, yy = np.meshgrid(frame.x, frame.y)
        asked = {"mode": "walk", "connector_kmh": kmh}
        cells = link_points(streets, np.column_stack((xx.ravel(), yy.ravel())), **asked)
        ends = (link_points(streets, site, **asked), cells)
        times = street_matrix(streets, *(ends[::-1] if reverse else ends), mode="walk", speed_kmh=kmh).ravel()
        known = ~np.isnan(times) & (times < 900)
        np.testing.assert_allclose(values.ravel()[known], times[known], atol=0.11)
    # The entrance in the east, (100, 50), as a node: round the house.
    node = int(np.argmin(np.hypot(streets.node_x - ORIGIN[0] - 100, streets.node_y - ORIGIN[1] - 50)))
    at_node = node_times(streets, link_points(streets, site, mode="walk"), mode="walk", max_s=900)[node]
    assert at_node == pytest.approx((math.hypot(10, 10) + 20 + 50) / MPS, abs=0.2)
