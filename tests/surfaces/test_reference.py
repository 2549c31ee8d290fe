"""Porto Alegre: isochrones of real streets and buses against the times between points of the same engine."""

from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo_access.network.build import build_network
from geo_access.network.model import Network
from geo_access.routing.query import Query, Window
from geo_access.surfaces.bands import surface_bands
from geo_access.surfaces.isochrones import isochrones
from geo_access.surfaces.surface import travel_time_surface
from geo_access.times.core import point_times
from tests.shared import shared_path

pytestmark = pytest.mark.reference
CELL_M = 100.0
AGREEMENT = 0.97


@pytest.fixture(scope="module")
def network() -> Network:
    files = [shared_path(f"porto_alegre/{name}") for name in ("poa_osm.pbf", "poa_eptc.zip", "poa_trensurb.zip")]
    return build_network(files[:1], files[1:], date="2019-05-13")


@pytest.fixture(scope="module")
def sites() -> gpd.GeoDataFrame:
    table = pd.read_csv(shared_path("porto_alegre/poa_points_of_interest.csv"))
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(table.lon, table.lat), crs=4326)


@pytest.mark.parametrize(
    ("asked", "query", "cell_m"),
    [
        ({"mode": "walk"}, Query("walk", max_s=5400), 100.0),
        ({"mode": "car"}, Query("car", max_s=5400), 100.0),
        ({"mode": "transit", "depart": "14:00"}, Query("transit", depart=Window(50_400, 50_400)), 100.0),
    ],
)
def test_bands_agree_with_the_times_between_points(
    network: Network, sites: gpd.GeoDataFrame, asked: dict, query: Query, cell_m: float
) -> None:
    """Of 400 random places, those whose time is clear of the cutoff by the tolerance lie on the right side of it.

    Agreement is a share, not all: where two streets run close but join far away (railways, walls), a place may belong
    to the one and its cell's centre to the other.
    """
    doors = shapely.get_coordinates(sites.to_crs(network.epsg).geometry.to_numpy())
    centre = doors.mean(axis=0)
    box = (*(centre - 4000), *(centre + 4000))
    surface = travel_time_surface(network, sites, cell_m=cell_m, max_minutes=60, bounds=box, **asked)
    bands = surface_bands(surface, minutes=(15, 30, 45, 60))
    assert all(outer.covers(inner) for inner, outer in pairwise(bands.geometry))
    assert bands.geometry.is_valid.all()
    points = np.random.default_rng(2019).uniform(centre - 3950, centre + 3950, (400, 2))
    seconds = np.fmin.reduce(point_times(network, doors, points, query).seconds[:, :, 0], axis=0)
    # The farthest a point lies from a centre, walked with the detour at 4.8 km/h, and as much again along the street.
    tolerance_s = 2 * 0.71 * cell_m * 1.3 * 0.75
    for minutes, area in zip(bands["minutes"], bands.geometry):
        inside = shapely.contains_xy(area, *points.T)
        clearly_in, clearly_out = seconds < 60 * minutes - tolerance_s, ~(seconds <= 60 * minutes + tolerance_s)
        assert inside[clearly_in].mean() >= AGREEMENT if clearly_in.any() else True
        assert (~inside[clearly_out]).mean() >= AGREEMENT if clearly_out.any() else True


def test_more_time_more_service_and_more_sites_never_shrink_the_area(network: Network, sites: gpd.GeoDataFrame) -> None:
    walk = isochrones(network, sites.iloc[:1], mode="walk", cell_m=CELL_M, minutes=(15, 30, 60))
    ride = isochrones(network, sites.iloc[:1], mode="transit", depart="14:00", cell_m=CELL_M, minutes=(15, 30))
    all_sites = isochrones(network, sites, mode="walk", cell_m=CELL_M, minutes=(15, 30, 60))
    assert walk["area_km2"].is_monotonic_increasing
    assert (ride["area_km2"].to_numpy() >= walk["area_km2"].to_numpy()[:2] * 0.99).all()
    for one, many in zip(walk.geometry, all_sites.geometry):
        assert one.difference(many).area <= 0.01 * one.area


def test_to_and_from_differ_only_by_one_way_streets_on_foot(network: Network, sites: gpd.GeoDataFrame) -> None:
    out, back = (
        isochrones(network, sites.iloc[:1], mode="walk", cell_m=CELL_M, minutes=(30,), reverse=reverse)["area_km2"][0]
        for reverse in (False, True)
    )
    assert back == pytest.approx(out, rel=0.01)
