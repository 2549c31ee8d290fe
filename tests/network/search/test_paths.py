"""The way behind a time: its line, its pieces, and the same seconds as the matrix."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.errors import InputError
from geo_access.network.model import CrowFly, Streets
from geo_access.network.search.links import link_points
from geo_access.network.search.search import StreetPath, street_matrix, street_path
from geo_access.network.streets.streets import build_streets
from tests.network.drawn import at, drawn_streets
from tests.network.search.test_search import random_streets
from tests.shared import shared_path

ROAD = {"highway": "residential"}
SQUARE = """
A---B
|   |
C---D
"""


def matrix_s(streets: Streets, ends: np.ndarray, mode: str, **more: float | None) -> float:
    links = link_points(streets, ends, mode=mode)
    return float(street_matrix(streets, links.take([0]), links.take([1]), mode=mode, **more)[0, 0])  # type: ignore[arg-type]


def check_drivable(streets: Streets, path: StreetPath) -> None:
    """Follow the pieces through the graph: each goes on from the state that the one before it ends in."""
    graph = streets.graphs[path.mode]
    place = np.concatenate((np.arange(len(streets.node_id)), graph.copy_of))
    tails = np.repeat(np.arange(graph.n_states), np.diff(graph.indptr))
    state = None
    for edge, along in zip(path.edge.tolist(), path.along.tolist()):
        starts = np.flatnonzero((graph.edges == edge) & ((streets.edge_source[edge] == place[tails]) == along))
        onward = starts if state is None else starts[tails[starts] == state]
        assert len(onward), "a turn that the graph does not have"
        state = int(graph.heads[onward[0]])


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 1_000_000), speed_kmh=st.sampled_from([None, 3.1]), max_s=st.sampled_from([None, 60.0]))
def test_seconds_are_those_of_the_matrix(seed: int, speed_kmh: float | None, max_s: float | None) -> None:
    streets = random_streets(seed)
    ends = np.random.default_rng(seed + 1).uniform(-50, 1050, size=(2, 2))
    if seed % 3 == 0:
        ends[1] = ends[0] + 5.0
    if seed % 5 == 0:
        ends[0] = streets.node_x[0], streets.node_y[0]
    path = street_path(streets, *ends, mode="walk", speed_kmh=speed_kmh, max_s=max_s)
    links = link_points(streets, ends, mode="walk")
    matrix = street_matrix(streets, links.take([0]), links.take([1]), mode="walk", speed_kmh=speed_kmh, max_s=max_s)
    np.testing.assert_array_equal(np.array([[path.seconds]], dtype=np.float32), matrix)
    if path.seconds is None:
        assert path.reason != "OK"
        assert len(path.xy) == 0
        return
    assert path.piece_s.sum() + sum(path.connector_s) == pytest.approx(path.seconds, abs=0.01)
    np.testing.assert_allclose(path.xy[[0, -1]], ends, atol=1e-9)
    assert path.line.length == pytest.approx(path.street_m + sum(path.connector_m), abs=0.25)
    check_drivable(streets, path)


def test_one_way_square_there_and_back(tmp_path: Path) -> None:
    # Sides of 100 m, one way A → B → D → C → A; points 30 and 70 m along AB: 40 m there, 360 m back.
    one_way = ROAD | {"oneway": "yes"}
    streets, where = drawn_streets(tmp_path, SQUARE, {"AB": one_way, "BD": one_way, "DC": one_way, "CA": one_way})
    (near,) = at(where, "A") + np.array([30, 0])
    (far,) = at(where, "A") + np.array([70, 0])
    (corner,) = at(where, "B")
    there = street_path(streets, near, far, mode="bike")
    assert there.seconds == pytest.approx(40 / 15 * 3.6, abs=0.1)
    np.testing.assert_allclose(there.xy, [near, far], atol=0.05)
    assert there.along.tolist() == [True]
    to_corner = street_path(streets, near, corner, mode="bike")
    assert to_corner.street_m == pytest.approx(70, abs=0.1)
    assert to_corner.way_id.tolist() == [1]
    on_foot = street_path(streets, corner, near, mode="walk")
    assert on_foot.along.tolist() == [False]
    np.testing.assert_allclose(on_foot.xy, [corner, near], atol=0.05)


def test_back_on_a_one_way_goes_round(tmp_path: Path) -> None:
    one_way = ROAD | {"oneway": "yes"}
    streets, where = drawn_streets(tmp_path, SQUARE, {"AB": one_way, "BD": one_way, "DC": one_way, "CA": one_way})
    points = at(where, "AA") + np.array([[30, 0], [70, 0]])
    back = street_path(streets, points[1], points[0], mode="bike")
    corners = at(where, "BDCA")
    np.testing.assert_allclose(back.xy, [points[1], *corners, points[0]], atol=0.05)
    assert back.street_m == pytest.approx(360, abs=0.2)
    assert back.way_id.tolist() == [1, 2, 3, 4, 1]
    assert back.edge_class == ("residential",) * 5
    np.testing.assert_allclose(back.piece_m, [30, 100, 100, 100, 30], atol=0.1)


def test_connectors_are_part_of_the_line(tmp_path: Path) -> None:
    # 20 m off the street at both ends, × 1.3 at 4.8 km/h; the street at 2.4 km/h.
    streets, where = drawn_streets(tmp_path, "A---B---C", {"ABC": ROAD})
    start, end = at(where, "AC") + np.array([0, 20])
    path = street_path(streets, start, end, mode="walk", speed_kmh=2.4)
    assert path.connector_m == pytest.approx((20, 20), abs=0.05)
    assert path.seconds == pytest.approx(200 / 2.4 * 3.6 + 40 * 1.3 / 4.8 * 3.6, abs=0.2)
    assert path.line.length == pytest.approx(240, abs=0.1)
    same = street_path(streets, start, start, mode="walk")
    assert (same.seconds, same.reason, same.street_m) == (0.0, "OK", 0.0)
    assert same.line.is_empty


def test_no_way_says_why(tmp_path: Path) -> None:
    drawing = """
A---B   C---D
"""
    streets, where = drawn_streets(tmp_path, drawing, {"AB": ROAD, "CD": ROAD})
    a, b, c = at(where, "ABC")
    up = np.array([0, 900])
    reasons = [
        street_path(streets, start, end, mode="walk", max_s=limit).reason
        for start, end, limit in (
            (a, b, None),
            (a, b, 10),
            (a, c, None),
            (a + up, b, None),
            (a, b + up, None),
            (a, b * np.nan, None),
        )
    ]
    assert reasons == [
        "OK",
        "OVER_CUTOFF",
        "DISCONNECTED",
        "UNSNAPPED_ORIGIN",
        "UNSNAPPED_DESTINATION",
        "UNSNAPPED_DESTINATION",
    ]
    far = street_path(CrowFly(2154), a, c, mode="walk", max_s=1)
    assert (far.reason, far.seconds, far.straight) == ("OVER_CUTOFF", None, True)
    with pytest.raises(InputError, match="one \\(x, y\\) each"):
        street_path(streets, a[None], b, mode="walk")
    with pytest.raises(InputError, match="congestion"):
        street_path(streets, a, b, mode="car", speed_kmh=30)


@pytest.mark.reference
@pytest.mark.parametrize("mode", ["walk", "car"])
def test_paths_of_a_town(mode: str) -> None:
    streets = build_streets(shared_path("zheleznogorsk/roads.osm.pbf"), modes=(mode,))
    rng = np.random.default_rng(3)
    for pair in rng.integers(0, len(streets.node_id), size=(25, 2)):
        ends = np.column_stack((streets.node_x, streets.node_y))[pair] + rng.uniform(-40, 40, size=(2, 2))
        path = street_path(streets, *ends, mode=mode)
        expected = matrix_s(streets, ends, mode)
        assert path.seconds == expected or (path.seconds is None and np.isnan(expected))
        if path.seconds is not None:
            check_drivable(streets, path)
            assert path.line.length == pytest.approx(path.street_m + sum(path.connector_m), abs=0.25)
