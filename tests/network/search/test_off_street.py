"""The walk off the streets between two points is never longer than the straight line × detour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.network.model import Network
from geo_access.network.search.links import link_points
from geo_access.network.search.paths import street_path
from geo_access.network.search.search import nearby, street_matrix
from geo_access.routing.query import Query
from geo_access.surfaces.lattice import Canvas
from geo_access.surfaces.street_times import street_values
from tests.network.drawn import ORIGIN, drawn_streets
from tests.network.search.test_search import random_streets

BLOCK = """
A-----------------------B
|                       |
|                       |
D                       C
"""
ROAD = {"highway": "residential"}
WALK_S_PER_M = 1.3 / (4.8 / 3.6)


def test_two_points_in_the_middle_of_a_block(tmp_path: Path) -> None:
    # The block is 600 m × 150 m, open to the south. The points lie 36 m apart, 20 m either side of the line between the
    # streets to the west and the east: 300 m to the top street each at 300 m from the ends, 150 m from it.
    streets, _ = drawn_streets(tmp_path, BLOCK, {"DABC": ROAD})
    xy = np.array([[282.0, -140.0], [318.0, -140.0], [282.0, 0.0]]) + np.array(ORIGIN)
    links = link_points(streets, xy, mode="walk")
    np.testing.assert_allclose(links.distance_m, [140.0, 140.0, 0.0], atol=0.01)
    found = street_matrix(streets, links, links, mode="walk")
    # 36 m straight × 1.3 at 4.8 km/h = 35.1 s. By the street: 2 × 140 m × 1.3 / 1.333 m/s + 36 m / 1.333 m/s = 300 s.
    assert found[0, 1] == pytest.approx(36 * WALK_S_PER_M, abs=0.01)
    # To the foot of its own walk, straight line and walk are the same.
    assert found[0, 2] == pytest.approx(140 * WALK_S_PER_M, abs=0.06)
    path = street_path(streets, xy[0], xy[1], mode="walk")
    assert (path.seconds, path.street_m, len(path.edge)) == (found[0, 1], 0.0, 0)
    assert path.connector_m == pytest.approx((36.0, 0.0))
    assert path.xy.tolist() == xy[:2].tolist()


def test_points_farther_apart_than_from_the_street_take_the_street(tmp_path: Path) -> None:
    streets, _ = drawn_streets(tmp_path, BLOCK, {"DABC": ROAD})
    # 50 m from the top street each, 101 m apart: 2 × 50 m × 1.3 / 1.333 m/s + 101 m / 1.333 m/s = 173.25 s.
    xy = np.array([[250.0, -50.0], [351.0, -50.0]]) + np.array(ORIGIN)
    links = link_points(streets, xy, mode="walk")
    assert street_matrix(streets, links, links, mode="walk")[0, 1] == pytest.approx(173.25, abs=0.06)


@given(seed=st.integers(0, 10_000), max_s=st.sampled_from([60, 300, 3_000]))
@settings(max_examples=40, deadline=None)
def test_never_longer_than_the_straight_line(seed: int, max_s: int) -> None:
    streets = random_streets(seed)
    xy = np.random.default_rng(seed).uniform(-300, 1300, size=(12, 2))
    links = link_points(streets, xy, mode="walk", limit_m=700)
    ok = np.flatnonzero(links.ok)
    table = street_matrix(streets, links, links, mode="walk")
    metres = np.hypot(*(xy[:, None, :] - xy[None, :, :]).transpose(2, 0, 1))
    # An off-street walk that is as long as the line between the two points is that line.
    near = metres <= links.distance_m[:, None] + links.distance_m[None, :]
    near &= links.ok[:, None] & links.ok[None, :]
    assert (table[near] <= metres[near] * WALK_S_PER_M + 0.01).all()
    short = street_matrix(streets, links, links, mode="walk", max_s=max_s)
    np.testing.assert_array_equal(short, np.where(table <= max_s, table, np.nan))
    sparse = nearby(streets, links, links, mode="walk", max_s=max_s)
    for row in range(len(xy)):
        columns, seconds = sparse.row(row)
        assert columns.tolist() == np.flatnonzero(~np.isnan(short[row])).tolist()
        np.testing.assert_array_equal(seconds, np.rint(short[row, columns]))
    for row in ok[:2].tolist():
        path = street_path(streets, xy[row], xy[ok[-1]], mode="walk", limit_m=700)
        assert (path.seconds is None) == np.isnan(table[row, ok[-1]])
        if path.seconds is not None:
            assert path.seconds == pytest.approx(float(table[row, ok[-1]]), abs=0.01)


def test_cells_of_a_surface_take_the_times_of_points(tmp_path: Path) -> None:
    streets, _ = drawn_streets(tmp_path, BLOCK, {"DABC": ROAD})
    site = np.array([[300.0, -120.0]]) + np.array(ORIGIN)
    values, frame, _ = street_values(
        Network(2154, streets, None, {}),
        site,
        Query("walk", max_s=900),
        Canvas(20.0),
        mode="walk",
        limit_s=900,
    )
    xx, yy = np.meshgrid(frame.x, frame.y)
    cells = link_points(streets, np.column_stack((xx.ravel(), yy.ravel())), mode="walk")
    times = street_matrix(streets, link_points(streets, site, mode="walk"), cells, mode="walk")[0].reshape(values.shape)
    known = ~np.isnan(times) & (times < 900)
    np.testing.assert_allclose(values[known], times[known], atol=0.11)
    straight = np.hypot(xx - site[0, 0], yy - site[0, 1]) * WALK_S_PER_M
    close = straight < 120 * WALK_S_PER_M
    assert (values[close] <= straight[close] + 0.11).all()
