"""Whether a straight line stays inside an area: drawn by hand, and beside GEOS."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.network.streets.sight import sees

SQUARE = [(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0), (0.0, 0.0)]
# Two houses wall to wall along x = 50, from y = 20 to y = 80.
LEFT = [(30.0, 20.0), (50.0, 20.0), (50.0, 80.0), (30.0, 80.0), (30.0, 20.0)]
RIGHT = [(50.0, 20.0), (70.0, 20.0), (70.0, 80.0), (50.0, 80.0), (50.0, 20.0)]


def look(first: tuple[float, float], last: tuple[float, float], *rings: list[tuple[float, float]]) -> bool:
    xy = np.concatenate([np.array(ring) for ring in rings])
    indptr = np.concatenate(([0], np.cumsum([len(ring) for ring in rings]))).astype(np.int64)
    return bool(sees(*first, *last, xy, indptr, np.empty(len(xy) + 2)))


@pytest.mark.parametrize(
    ("first", "last", "seen"),
    [
        ((0, 0), (100, 100), False),  # through both houses
        ((0, 0), (100, 0), True),  # along the rim
        ((30, 10), (30, 90), True),  # along a wall
        ((30, 80), (50, 80), True),  # from corner to corner of a house, along it
        ((50, 20), (50, 80), False),  # along the wall that both houses share
        ((50, 10), (50, 90), False),
        ((30, 20), (50, 80), False),  # inside a house
        ((0, 50), (30, 50), True),
        ((0, 50), (31, 50), False),
        ((20, 10), (80, 10), True),
        ((-1, 10), (20, 10), False),  # from outside
        ((0.02, 10), (-0.02, 90), True),  # out by less than 5 cm: rounded coordinates
    ],
)
def test_squares_with_houses(first: tuple[float, float], last: tuple[float, float], seen: bool) -> None:
    assert look(first, last, SQUARE, LEFT, RIGHT) == seen
    assert look(last, first, SQUARE, LEFT, RIGHT) == seen


@given(seed=st.integers(0, 100_000))
@settings(max_examples=200, deadline=None)
def test_beside_geos(seed: int) -> None:
    rng = np.random.default_rng(seed)
    turns = np.sort(rng.uniform(0, 2 * np.pi, 12))
    radius = rng.uniform(20, 100, 12)
    star = np.column_stack((radius * np.cos(turns), radius * np.sin(turns)))
    corner, size = rng.uniform(-40, 20, 2), rng.uniform(5, 40, 2)
    house = corner + np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]) * size
    ring = np.vstack((star, star[:1]))
    shape = shapely.Polygon(ring)
    shape = (shape if shape.is_valid else shapely.make_valid(shape)).difference(shapely.Polygon(house))
    first, last = rng.uniform(-60, 60, (2, 2))
    line = shapely.LineString([first, last])
    outside_m = line.difference(shape).length
    seen = look(tuple(first), tuple(last), [tuple(point) for point in ring], [tuple(point) for point in house])
    if outside_m == 0.0:
        assert seen
    if line.difference(shapely.buffer(shape, 0.2)).length > 0:
        assert not seen
