"""A plain without streets: 60 m a minute on foot, straight lines, buses written by hand."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
from shapely import Point

from geo_access.network.model import CrowFly, Network
from tests.routing.random_timetables import make_timetable

PLAIN = CrowFly(2154, detour=1.0)
WALK = {"walk_kmh": 3.6, "link_limit_m": 500.0}
H = 3600


def layer(**points: tuple[float, float] | None) -> gpd.GeoDataFrame:
    shapes = [None if xy is None else Point(xy) for xy in points.values()]
    return gpd.GeoDataFrame({"id": list(points)}, geometry=gpd.GeoSeries(shapes, crs=2154))


def bus(stops: list[int], start_s: int, *, leg_s: int = 600) -> list[tuple[int, int, int]]:
    return [(stop, start_s + leg_s * k, start_s + leg_s * k) for k, stop in enumerate(stops)]


def country(trips: list[list[tuple[int, int, int]]], xy: list[tuple[float, float]], **more: object) -> Network:
    """Network of the plain with stops at `xy` and no walking between them unless they are within 600 m."""
    where = np.array(xy, float)
    apart = np.hypot(*(where[:, None] - where[None]).transpose(2, 0, 1))
    foot = np.where((apart <= 600) & (apart > 0), np.ceil(apart), -1).astype(int)
    timetable = replace(make_timetable(trips, len(xy), footpaths=foot, xy=where, **more), walk_kmh=3.6)
    return Network(2154, PLAIN, timetable, {"feed": "0" * 64})
