"""Who gets off a bus in the middle of a square walks straight to what he sees, and round what stands between."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

from geo_access.network.build import build_network
from geo_access.network.model import Network
from geo_access.surfaces.isochrones import isochrones
from geo_access.surfaces.surface import travel_time_surface
from tests.feeds import ORIGIN_XY, write_feed
from tests.network.drawn import EPSG, ORIGIN
from tests.network.streets.test_areas import EAST, HOUSE, ROAD, WITH_DOORS, write

MPS = 4.8 / 3.6
RIDE_S = 180.0
STOP = (30.0, 70.0)
# The bus takes three minutes from (-3000, 50); on foot it is three quarters of an hour.
FAR = (-3000.0, 50.0)


def town(tmp_path: Path) -> Network:
    square = {"highway": "pedestrian", "area": "yes"}
    ways = [([FAR, (0.0, 50.0)], ROAD), (EAST, ROAD), (WITH_DOORS, square), (HOUSE, {"building": "yes"})]
    write(tmp_path / "in.osm", ways)
    shift = np.array(ORIGIN) - np.array(ORIGIN_XY)
    stops = {"O": tuple(np.array(FAR) + shift), "S": tuple(np.array(STOP) + shift)}
    write_feed(tmp_path / "bus.zip", stops, ["O 08:00 S 08:03"])
    return build_network(
        osm=tmp_path / "in.osm", gtfs=tmp_path / "bus.zip", date=dt.date(2026, 3, 17), epsg=EPSG, modes=["walk"]
    )


def points(*places: tuple[float, float]) -> gpd.GeoDataFrame:
    xy = np.array(places) + np.array(ORIGIN)
    return gpd.GeoDataFrame({"id": range(len(xy))}, geometry=gpd.points_from_xy(*xy.T), crs=EPSG)


def test_a_stop_in_a_square(tmp_path: Path) -> None:
    network = town(tmp_path)
    asked = {"mode": "transit", "depart": "08:00", "cell_m": 2.0}
    surface = travel_time_surface(network, points(FAR), max_minutes=5, **asked)
    round_m = 2 * math.hypot(10, 10) + 20
    for place, walked_m in (((30.0, 40.0), 30.0), ((10.0, 70.0), 20.0), ((70.0, 70.0), round_m)):
        found = surface.at(np.array([place]) + np.array(ORIGIN))[0]
        assert found == pytest.approx(RIDE_S + walked_m / MPS, abs=2.0 / MPS), place
    # 3.5 minutes leave 40 m on foot: to (70, 70), behind the house, it is 48 m.
    area = isochrones(network, points(FAR), minutes=(3.5,), **asked).geometry[0]
    inside, behind = points((30.0, 40.0), (10.0, 70.0), (45.0, 90.0)), points((70.0, 70.0), (30.0, 25.0))
    assert area.buffer(2.0).covers(inside.geometry.union_all())
    assert not area.buffer(-2.0).intersects(behind.geometry.union_all())
