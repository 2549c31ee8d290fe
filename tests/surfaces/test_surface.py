"""Surfaces follow from arithmetic on squared paper, and agree with times between points."""

from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box

from geo_access.errors import CapacityError, InputError, SnapError
from geo_access.network.model import CrowFly, Network
from geo_access.network.search.links import link_points
from geo_access.network.search.search import street_matrix
from geo_access.network.streets.streets import build_streets
from geo_access.routing.query import Query
from geo_access.surfaces.bands import surface_bands
from geo_access.surfaces.isochrones import isochrones
from geo_access.surfaces.lattice import prepare_lattice
from geo_access.surfaces.share import shift_surface
from geo_access.surfaces.surface import travel_time_surface
from geo_access.times.core import point_times
from tests.shared import shared_path
from tests.surfaces.desert import BLOCK_M, SECONDS_A_BLOCK, X0, Y0, at, site, town

EMPTY = Network(2154, CrowFly(2154, detour=1.3), None, {})


def test_on_the_streets_of_the_desert_a_time_is_its_blocks() -> None:
    surface = travel_time_surface(town(), site((10, 10)), max_minutes=40)
    for x, y in [(10, 10), (13, 10), (10, 4), (17, 15), (2, 20)]:
        expected = SECONDS_A_BLOCK * (abs(x - 10) + abs(y - 10))
        assert surface.at(at(x, y))[0] == pytest.approx(expected, abs=0.5), (x, y)


def test_the_last_walk_off_the_street_is_counted() -> None:
    """The middle of a block lies 50 m from its street: 50 m × 1.3 at 4.8 km/h on top of two and a half blocks."""
    surface = travel_time_surface(town(), site((10, 10)), max_minutes=40)
    expected = 2.5 * SECONDS_A_BLOCK + 50 * 1.3 * 3.6 / 4.8
    assert surface.at(at(12.5, 10.5))[0] == pytest.approx(expected, abs=0.5)


def test_a_site_in_the_middle_of_a_street_reaches_along_it_without_going_round() -> None:
    surface = travel_time_surface(town(), site((10.25, 10)), max_minutes=40, cell_m=25)
    assert surface.at(at(10.75, 10))[0] == pytest.approx(0.5 * SECONDS_A_BLOCK, abs=0.5)
    assert surface.at(at(10.25, 10))[0] == pytest.approx(0, abs=0.1)


def test_the_nearest_of_many_sites_counts() -> None:
    apart = [travel_time_surface(town(), site(s), max_minutes=15).at(at(14, 12))[0] for s in [(10, 10), (15, 15)]]
    together = travel_time_surface(town(), site((10, 10), (15, 15)), max_minutes=15).at(at(14, 12))[0]
    assert together == min(apart)


def test_direction_matters_on_one_way_streets() -> None:
    """East of the site on an eastward street: 3 blocks out; back, only by going round, which cannot be done here."""
    one_way = town(eastward_only=True)
    out = travel_time_surface(one_way, site((10, 10)), mode="car", max_minutes=15)
    back = travel_time_surface(one_way, site((10, 10)), mode="car", max_minutes=15, reverse=True)
    assert out.at(at(13, 10))[0] == pytest.approx(30.0, abs=0.5)
    assert np.isnan(back.at(at(13, 10))[0])
    assert back.at(at(7, 10))[0] == pytest.approx(30.0, abs=0.5)


def test_speed_scales_the_times() -> None:
    slow = travel_time_surface(town(), site((10, 10)), max_minutes=60, walk_kmh=2.4).at(at(15, 15))[0]
    assert slow == pytest.approx(2 * 10 * SECONDS_A_BLOCK, abs=1)


def test_water_is_not_crossed() -> None:
    """Beyond the last street lies a river, and beyond it fields: 100 m from the street, but not across the water."""
    river = gpd.GeoDataFrame(geometry=[box(X0 - 60, Y0 - 1000, X0 - 40, Y0 + 5000)], crs=2154)
    dry = travel_time_surface(town(), site((0, 5)), max_minutes=20)
    wet = travel_time_surface(town(), site((0, 5)), max_minutes=20, barriers=river)
    assert np.isfinite(dry.at(at(-1, 5))[0])
    assert np.isnan(wet.at(at(-1, 5))[0])
    assert np.isnan(wet.at(at(-0.5, 5))[0])
    assert wet.at(at(3, 5))[0] == dry.at(at(3, 5))[0]


def test_a_prepared_lattice_gives_the_same_times() -> None:
    network = town()
    lattice = prepare_lattice(network.streets, mode="walk")
    prepared = travel_time_surface(network, site((10, 10)), max_minutes=30, lattice=lattice)
    fresh = travel_time_surface(network, site((10, 10)), max_minutes=30)
    assert np.array_equal(prepared.values_s, fresh.values_s, equal_nan=True)
    with pytest.raises(InputError, match="prepared for 'walk'"):
        travel_time_surface(network, site((10, 10)), mode="car", lattice=lattice)


@settings(max_examples=25, deadline=None)
@given(
    x=st.floats(2, 28),
    y=st.floats(2, 28),
    mode=st.sampled_from(["walk", "car"]),
    reverse=st.booleans(),
    seed=st.integers(0, 2**16),
)
def test_surface_and_bands_agree_with_times_between_points(
    x: float, y: float, mode: str, reverse: bool, seed: int
) -> None:
    network, sites = town(), site((x, y))
    surface = travel_time_surface(network, sites, mode=mode, max_minutes=20, reverse=reverse)
    bands = surface_bands(surface, minutes=(5, 10, 20))
    points = X0 + BLOCK_M * np.random.default_rng(seed).uniform(0, 30, (60, 2)) * [1, 1] + [0, Y0 - X0]
    place = np.array([[X0 + BLOCK_M * x, Y0 + BLOCK_M * y]])
    query = Query(mode=mode, max_s=3000)
    ends = (points, place) if reverse else (place, points)
    seconds = point_times(network, *ends, query).seconds[:, :, 0].ravel()
    # A point lies within 36 m of a centre, on the same street or the next, at most one block round.
    tolerance_s = 36 * 1.3 * 0.75 + 75
    for minutes, area in zip(bands["minutes"], bands.geometry):
        inside = np.array([area.covers(Point(p)) for p in points])
        late = inside & ~(seconds <= 60 * minutes + tolerance_s)
        assert not late.any()
        early = ~inside & (seconds < 60 * minutes - tolerance_s)
        assert not early.any()
    assert all(outer.covers(inner) for inner, outer in pairwise(bands.geometry))


@settings(max_examples=40, deadline=None)
@given(east=st.floats(-4000, 4000), north=st.floats(-4000, 4000), detour=st.floats(1, 2), kmh=st.floats(2, 8))
def test_the_empty_desert_is_arithmetic(east: float, north: float, detour: float, kmh: float) -> None:
    empty = Network(2154, CrowFly(2154, detour=detour), None, {})
    surface = travel_time_surface(empty, site((0, 0)), max_minutes=90, walk_kmh=kmh, cell_m=50)
    spot = np.round(np.array([[X0 + east, Y0 + north]]) / 50) * 50
    expected = np.hypot(*(spot[0] - [X0, Y0])) * detour * 3.6 / kmh
    got = surface.at(spot)[0]
    assert got == pytest.approx(expected, abs=0.5) if expected < 90 * 60 - 1 else not got <= 90 * 60 - 1


def test_isochrones_of_the_empty_desert_are_discs() -> None:
    bands = isochrones(EMPTY, site((0, 0)), minutes=(15, 30))
    radius_m = np.array([15, 30]) * 60 / (1.3 * 3.6 / 4.8)
    assert bands["area_km2"].to_numpy() == pytest.approx(np.pi * radius_m**2 / 1e6, rel=0.01)
    assert bands.attrs["crow_fly"]


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: isochrones(EMPTY, site((0, 0)), minutes=(30, 15)), InputError, "ascend"),
        (lambda: isochrones(EMPTY, site((0, 0)), minutes=(-1,)), InputError, "positive"),
        (lambda: isochrones(EMPTY, site((0, 0)).iloc[:0]), InputError, "no site"),
        (lambda: isochrones(EMPTY, gpd.GeoDataFrame(geometry=[None], crs=2154)), InputError, "has a position"),
        (lambda: isochrones(EMPTY, gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)], crs=2154)), InputError, "not a point"),
        (lambda: isochrones(EMPTY, gpd.GeoDataFrame(geometry=[Point(0, 0)])), InputError, "CRS"),
        (lambda: isochrones(EMPTY, site((0, 0)), cell_m=0), InputError, "cell_m: 0 .* a number above 0"),
        (lambda: isochrones(EMPTY, site((0, 0)), cell_m=0.01), CapacityError, "larger cell"),
        (lambda: isochrones(EMPTY, site((0, 0)), depart="08:00"), InputError, "knows no hours"),
        (lambda: isochrones(EMPTY, site((0, 0)), mode="transit", depart="08:00"), InputError, "timetable"),
        (lambda: isochrones(EMPTY, site((0, 0)), mode="transit"), InputError, "exactly one"),
        (lambda: isochrones(EMPTY, site((0, 0)), mode="tram"), InputError, "unknown"),
        (lambda: isochrones(town(), site((500, 500))), SnapError, "no site of 1 lies"),
        (lambda: isochrones(town(), site((1, 1)), mode="bike"), InputError, "bike"),
        (
            lambda: surface_bands(travel_time_surface(EMPTY, site((0, 0)), max_minutes=20), minutes=(15, 30)),
            InputError,
            "max_minutes=30",
        ),
    ],
)
def test_bad_requests_say_what_to_do(call, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        call()


def test_a_site_off_the_streets_is_left_out_and_said() -> None:
    surface = travel_time_surface(town(), site((10, 10), (500, 500)), max_minutes=10)
    assert surface.at(at(11, 10))[0] == pytest.approx(SECONDS_A_BLOCK, abs=0.5)
    assert "1 of 2 sites" in str(surface.notes[-1])


def test_a_shift_takes_the_longer_way_and_the_same_site() -> None:
    """Cars drive east only: from west of the site one gets there but not home; nobody can work the shift by car."""
    one_way = town(eastward_only=True)
    by_car = shift_surface(one_way, site((10, 10)), start="05:00", end="13:00", mode="car", cell_m=50)
    assert np.isnan(by_car.at(at(7, 10))[0])
    on_foot = shift_surface(town(), site((10, 10), (20, 10)), start="22:00", end="06:00", mode="walk", cell_m=50)
    assert on_foot.at(at(13, 10))[0] == pytest.approx(3 * SECONDS_A_BLOCK, abs=0.5)
    assert on_foot.at(at(18, 10))[0] == pytest.approx(2 * SECONDS_A_BLOCK, abs=0.5)
    with pytest.raises(InputError, match="hours worked"):
        shift_surface(town(), site((10, 10)), start="05:00", end="05:00")


@pytest.mark.reference
@pytest.mark.parametrize("reverse", [False, True])
def test_cells_of_real_streets_equal_points_with_banned_turns(reverse: bool) -> None:
    """Around the Champs-Élysées, by car: a cell beyond a banned turn is not reached through it."""
    streets = build_streets(shared_path("osm/champs_elysees.osm.bz2"), modes=("car",))
    assert len(streets.graphs["car"].copy_of) > 10
    graph = streets.graphs["car"]
    rng = np.random.default_rng(5)
    compared = 0
    for node in rng.choice(np.flatnonzero(np.diff(graph.indptr)[: len(streets.node_id)]), 12, replace=False):
        xy = np.array([streets.node_x[node] + 3.0, streets.node_y[node] - 2.0])
        sites = gpd.GeoDataFrame(geometry=[Point(xy)], crs=streets.epsg)
        surface = travel_time_surface(
            Network(streets.epsg, streets, None, {}), sites, mode="car", max_minutes=20, cell_m=25, reverse=reverse
        )
        rows, cols = np.nonzero(np.isfinite(surface.values_s))
        cells = np.column_stack((surface.frame.x[cols], surface.frame.y[rows]))
        here, there = link_points(streets, xy[None], mode="car"), link_points(streets, cells, mode="car")
        pair = (there, here) if reverse else (here, there)
        expected = street_matrix(streets, *pair, mode="car").ravel()
        np.testing.assert_allclose(surface.values_s[rows, cols], expected, atol=0.6)
        compared += len(rows)
    assert compared > 5_000
