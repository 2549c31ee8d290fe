"""Polygons nest, are valid, keep holes of a size, and agree with arithmetic."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from geo_access.errors import InputError
from geo_access.surfaces.bands import check_minutes, nested_polygons

CUTOFFS = (15, 30, 45, 60)


def axes(field: np.ndarray, cell_m: float = 50.0) -> dict[str, np.ndarray]:
    rows, cols = field.shape
    return {"x": cell_m * np.arange(cols), "y": cell_m * np.arange(rows)}


fields = arrays.arrays(
    np.float32,
    st.tuples(st.integers(2, 14), st.integers(2, 14)),
    elements=st.one_of(st.just(np.float32(np.nan)), st.floats(0, 4500, width=32)),
)


@settings(max_examples=150, deadline=None)
@given(field=fields, simplify_m=st.sampled_from([0.0, None, 30.0]), min_hole_m2=st.sampled_from([0.0, None, 20_000.0]))
def test_polygons_of_any_field_are_valid_and_nest(
    field: np.ndarray, simplify_m: float | None, min_hole_m2: float | None
) -> None:
    areas = nested_polygons(field, **axes(field), minutes=CUTOFFS, simplify_m=simplify_m, min_hole_m2=min_hole_m2)
    assert len(areas) == len(CUTOFFS)
    for area in areas:
        assert area.is_valid, shapely.is_valid_reason(area)
        assert area.geom_type == "MultiPolygon"
    for inner, outer in itertools.pairwise(areas):
        assert inner.difference(outer).area <= 1e-6 * max(1.0, inner.area)


@settings(max_examples=100, deadline=None)
@given(field=fields)
def test_a_centre_is_inside_exactly_when_its_time_is_within(field: np.ndarray) -> None:
    areas = nested_polygons(field, **axes(field), minutes=CUTOFFS, simplify_m=0, min_hole_m2=0)
    xx, yy = np.meshgrid(*axes(field).values())
    for minutes, area in zip(CUTOFFS, areas):
        # Clear of the cutoff: on it, a centre lies on the outline itself.
        with np.errstate(invalid="ignore"):
            within, beyond = field < 60 * minutes - 1, ~(field <= 60 * minutes + 1)
        near = shapely.distance(area, shapely.points(xx, yy))
        assert (near[within] <= 1e-6).all()
        assert not shapely.contains_xy(area, xx[beyond], yy[beyond]).any()


@settings(max_examples=60, deadline=None)
@given(field=fields, gain=st.floats(0, 900, width=32))
def test_faster_times_never_shrink_an_area(field: np.ndarray, gain: float) -> None:
    slow = nested_polygons(field, **axes(field), minutes=CUTOFFS, simplify_m=0, min_hole_m2=0)
    fast = nested_polygons(np.maximum(field - gain, 0), **axes(field), minutes=CUTOFFS, simplify_m=0, min_hole_m2=0)
    for before, after in zip(slow, fast):
        assert before.difference(after).area <= 1e-6 * max(1.0, before.area)


def test_a_circle_has_the_area_of_a_circle() -> None:
    axis = 10.0 * np.arange(-200, 201)
    field = 60 * np.hypot(*np.meshgrid(axis, axis)) / 80  # 80 m a minute
    for minutes, area in zip((5, 15, 20), nested_polygons(field, x=axis, y=axis, minutes=(5, 15, 20))):
        assert area.area == pytest.approx(np.pi * (80 * minutes) ** 2, rel=0.01)


def test_a_hole_stays_when_it_is_large_and_goes_when_it_is_small() -> None:
    field = np.full((21, 21), 600.0)
    field[3:9, 3:9] = 5000.0
    field[15, 15] = 5000.0
    area = nested_polygons(field, **axes(field), minutes=(15,), min_hole_m2=4 * 2500)[0]
    assert shapely.get_num_interior_rings(shapely.get_parts(area)[0]) == 1
    everything = nested_polygons(field, **axes(field), minutes=(15,), min_hole_m2=0, simplify_m=0)[0]
    assert shapely.get_num_interior_rings(shapely.get_parts(everything)[0]) == 2


def test_nothing_within_reach_is_an_empty_area() -> None:
    areas = nested_polygons(np.full((5, 5), np.nan), **axes(np.zeros((5, 5))), minutes=(15, 30))
    assert [area.is_empty for area in areas] == [True, True]


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        ((30, 15), "ascend"),
        ((15, 15), "ascend"),
        ((-5,), "-5"),
        ((0, 15), "0 is not"),
        ((), "no cutoff"),
        ((float("nan"),), "nan"),
        ((float("inf"),), "inf"),
    ],
)
def test_wrong_cutoffs_are_refused(minutes: tuple[float, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_minutes(minutes)
