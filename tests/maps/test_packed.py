"""Packed outlines: what the page's script adds up again is the outline that was packed, to half a step of the grid."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon, box

from geo_access.maps.packed import STEPS_PER_DEGREE, packed_features


def unpacked(steps: list[int]) -> np.ndarray:
    return np.cumsum(np.array(steps).reshape(-1, 2), axis=0) / STEPS_PER_DEGREE


def packed(*shapes: shapely.Geometry, tolerance_deg: float = 0.0) -> list[dict]:
    frame = gpd.GeoDataFrame(geometry=list(shapes), crs=4326)
    return packed_features(frame, [{"n": i} for i in range(len(shapes))], tolerance_deg)["features"]


@given(
    st.lists(
        st.tuples(st.floats(-180, 180, allow_subnormal=False), st.floats(-85, 85)), min_size=2, max_size=30, unique=True
    )
)
def test_a_line_comes_back_to_half_a_metre(points: list[tuple[float, float]]) -> None:
    grid = {(round(x * STEPS_PER_DEGREE), round(y * STEPS_PER_DEGREE)) for x, y in points}
    found = packed(LineString(points))
    if len(grid) == 1:
        assert found == []
        return
    back = LineString(unpacked(found[0]["lines"][0]))
    assert shapely.hausdorff_distance(back, LineString(points)) <= 0.5**0.5 / STEPS_PER_DEGREE * 1.001


def test_holes_and_parts_are_kept() -> None:
    ring = box(0, 0, 3, 3).difference(box(1, 1, 2, 2))
    (feature,) = packed(MultiPolygon([ring, box(5, 5, 6, 6)]))
    assert [len(polygon) for polygon in feature["polygons"]] == [2, 1]
    areas = [Polygon(unpacked(rings[0]), [unpacked(hole) for hole in rings[1:]]).area for rings in feature["polygons"]]
    assert areas == [8.0, 1.0]


def test_what_draws_nothing_is_left_out_and_the_others_keep_their_row() -> None:
    found = packed(Polygon(), box(0, 0, 1, 1), Point(0, 0), box(0, 0, 1e-7, 1e-7))
    assert [feature["properties"] for feature in found] == [{"n": 1}]


def test_a_bow_tie_is_two_triangles() -> None:
    (feature,) = packed(Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]))
    assert len(feature["polygons"]) == 2
