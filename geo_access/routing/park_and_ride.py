"""Stops at which a car may be left: those next to a park-and-ride site."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
from scipy.spatial import cKDTree

from geo_access.network.model import Network
from geo_access.words.told import refusal

__all__ = ["park_and_ride_stops"]


def park_and_ride_stops(network: Network, sites: gpd.GeoDataFrame, *, within_m: float = 300.0) -> tuple[str, ...]:
    """List the stops next to park-and-ride sites, for ``park_and_ride=`` of a query.

    The query leaves the car at the stop itself: what it takes to park and to walk over is not counted.

    Parameters
    ----------
    network : Network
        With a timetable.
    sites : geopandas.GeoDataFrame
        Points with a CRS, for instance from `sources.park_and_ride.read_park_and_ride`.
    within_m : float
        Farthest straight line from a site to its stops [m].

    Returns
    -------
    tuple of str
        Ids as in the timetable, sorted.

    Raises
    ------
    InputError
        Without a timetable, with a layer that does not say its CRS, or when no stop is near any site.

    Examples
    --------
    >>> from shapely import Point
    >>> from geo_access.network.build import build_network
    >>> rail = build_network(gtfs="data/demo/gtfs_rail.zip", date="2026-03-17", crow_fly_detour=1.3)
    >>> place = Point(rail.timetable.stop_x[0], rail.timetable.stop_y[0] + 50)
    >>> sites = gpd.GeoDataFrame({"id": ["way/1"]}, geometry=[place], crs=rail.epsg)
    >>> str(rail.timetable.stop_id[0]) in park_and_ride_stops(rail, sites)
    True
    """
    timetable = network.timetable
    if timetable is None:
        raise refusal("no_timetable_gtfs")
    if sites.crs is None:
        raise refusal("routing.park_no_crs")
    if not within_m >= 0:
        raise refusal("routing.within", value=within_m)
    points = sites.geometry.to_crs(network.epsg)
    points = points[~(points.isna() | points.is_empty)].centroid
    near: set[int] = set()
    if len(points) and timetable.n_stops:
        stops = cKDTree(np.column_stack((timetable.stop_x, timetable.stop_y)))
        near.update(*stops.query_ball_point(np.column_stack((points.x, points.y)), within_m))
    if not near:
        raise refusal("routing.park_far", n=len(points), m=within_m)
    return tuple(sorted({str(timetable.stop_id[stop]) for stop in near}))
