"""Surfaces with services on demand: who can book from here, within the hours, alone and to a line."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely import Point, box

from geo_access.network.model import Network
from geo_access.surfaces.isochrones import isochrones
from geo_access.surfaces.surface import Surface, travel_time_surface
from tests.feeds import ORIGIN_EPSG, ORIGIN_XY
from tests.routing.test_flex import ZONE, built, seconds, zone_trip

ON_DEMAND = {"mode": "transit", "on_demand": True, "max_direct_s": 0, "cell_m": 500, "max_minutes": 60}
LINE = ["A 09:00 B 09:10"]


def site(x: float, y: float) -> gpd.GeoDataFrame:
    point = Point(ORIGIN_XY[0] + x, ORIGIN_XY[1] + y)
    return gpd.GeoDataFrame({"id": ["s"]}, geometry=[point], crs=ORIGIN_EPSG)


def value(surface: Surface, x: float, y: float) -> float:
    return float(surface.at(np.array([[ORIGIN_XY[0] + x, ORIGIN_XY[1] + y]]))[0])


def to_site(network: Network, x: float, y: float, arrive: str, **more: object) -> Surface:
    return travel_time_surface(network, site(x, y), arrive=arrive, reverse=True, **{**ON_DEMAND, **more})


def test_doors_in_the_zone_within_the_hours(tmp_path: Path) -> None:
    network = built(tmp_path, [zone_trip()], zones=ZONE)
    surface = to_site(network, 3000, 0, "09:00")
    # Three kilometres by car are 270 s; twice that and 120 s more.
    assert value(surface, 0, 0) == 2 * 270 + 120
    assert value(surface, 3000, 4000) == 2 * 360 + 120
    assert np.isnan(value(surface, 6000, 0)), "beyond the zone"
    assert np.isnan(value(to_site(network, 3000, 0, "08:05"), 0, 0)), "taken up at 08:00 at the earliest"
    assert np.isnan(value(to_site(network, 3000, 0, "09:00", on_demand=False), 0, 0))
    # Set down by 12:00 at the latest.
    later = travel_time_surface(network, site(3000, 0), depart="11:48", **ON_DEMAND)
    assert value(later, 0, 0) == 660


def test_to_a_line_and_from_it_as_the_matrix_has_it(tmp_path: Path) -> None:
    network = built(tmp_path, [zone_trip(), *LINE], zones=ZONE)
    surface = to_site(network, 10_000, 0, "09:15")
    homes = [(4000.0, 0.0), (0.0, 3000.0), (2000.0, 2000.0), (7000.0, 0.0)]
    for home in homes:
        alone = seconds(network, home, (10_000, 0), "09:15", arrive=True)
        np.testing.assert_equal(value(surface, *home), alone)
    # 4 km by car 360 s, twice and 120 s more, 60 s to change, on board at 09:00, at the door 15 min later.
    assert value(surface, 4000, 0) == 2 * 360 + 120 + 60 + 15 * 60


def test_the_isochrone_of_a_zone_covers_it(tmp_path: Path) -> None:
    network = built(tmp_path, [zone_trip()], zones=ZONE)
    asked = {name: one for name, one in ON_DEMAND.items() if name != "max_minutes"}
    found = isochrones(network, site(3000, 0), arrive="09:00", reverse=True, minutes=[30], **asked)
    zone = box(ORIGIN_XY[0] - 500, ORIGIN_XY[1] - 500, ORIGIN_XY[0] + 4500, ORIGIN_XY[1] + 4500)
    # Farthest corner of the zone: 6.4 km, 21 min.
    assert found.geometry.union_all().contains(zone)


@pytest.mark.parametrize("arrive", ["09:00", "08:30-09:30"])
def test_a_window_has_the_median_of_its_moments(tmp_path: Path, arrive: str) -> None:
    network = built(tmp_path, [zone_trip("08:40:00")], zones=ZONE)
    surface = to_site(network, 3000, 0, arrive)
    alone = seconds(network, (0, 0), (3000, 0), arrive, arrive=True)
    np.testing.assert_equal(value(surface, 0, 0), alone)
