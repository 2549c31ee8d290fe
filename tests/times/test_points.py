"""Layers of points: what cannot be meant is refused by name, what is missing stays."""

from __future__ import annotations

import geopandas as gpd
import pytest
from shapely import Point

from geo_access.errors import SnapError
from geo_access.times.points import read_points
from tests.times.worlds import bus, country

# Two stops in the middle of France, in degrees 3.00 and 3.13 E, 46.5 N.
TOWN = country([bus([0, 1], 25_200)], [(700_000.0, 6_600_000.0), (710_000.0, 6_600_000.0)])


def homes(**places: Point | None) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"id": list(places)}, geometry=list(places.values()), crs=4326)


def test_misplaced_rows_are_named_all_at_once() -> None:
    layer = homes(
        good=Point(3.05, 46.5), swapped=Point(46.5, 3.05), null=Point(0, 0), metres=Point(700_000, 6_600_000), lost=None
    )
    with pytest.raises(SnapError) as caught:
        read_points(layer, TOWN, name="homes")
    assert [(fault.where, fault.what) for fault in caught.value.faults] == [
        ("homes: id swapped", "longitude and latitude look swapped"),
        ("homes: id null", "position (0°, 0°), a default written by a tool"),
        ("homes: id metres", "it cannot be projected to EPSG:2154"),
    ]


def test_far_and_missing_rows_stay() -> None:
    points = read_points(homes(good=Point(3.05, 46.5), far=Point(3.06, 50.63), lost=None), TOWN, name="homes")
    assert points.known.tolist() == [True, True, False]
