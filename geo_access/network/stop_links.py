"""Where stops meet the streets, which of them are one place, what is wrong with the feeds: reports to read and map."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.errors import InputError
from geo_access.network.links import LINK_REASONS, link_points
from geo_access.network.merge_stops import same_places
from geo_access.network.model import CrowFly, Network, Timetable
from geo_access.sources.gtfs_notices import notices_frame

__all__ = ["network_notices", "shared_stops", "stop_links"]


def _timetable(network: Network) -> Timetable:
    if network.timetable is None:
        raise InputError("the network has no timetable → build it with gtfs=")
    return network.timetable


def stop_links(network: Network, *, mode: str = "walk", limit_m: float = 500.0) -> gpd.GeoDataFrame:
    """Report how each stop is linked to the streets.

    Parameters
    ----------
    network : Network
    mode : str
        Street profile.
    limit_m : float
        Farthest that a stop may lie from the streets [m].

    Returns
    -------
    geopandas.GeoDataFrame
        One row per stop, in the order of the timetable: ``stop_id, stop_name, feed, linked, distance_m`` (NaN where
        nothing is near or there are no streets), ``highway`` (class of the street, "" where none), ``reason``, point
        geometry in the network's CRS.

    Examples
    --------
    >>> from geo_access.network.build import build_network
    >>> network = build_network(gtfs="data/demo/gtfs_rail.zip", date="2026-03-17", crow_fly_detour=1.3)
    >>> bool(stop_links(network)["linked"].all())
    True
    """
    timetable, streets = _timetable(network), network.streets
    links = link_points(streets, np.column_stack((timetable.stop_x, timetable.stop_y)), mode=mode, limit_m=limit_m)
    highway = np.full(timetable.n_stops, "", dtype=object)
    distance = np.full(timetable.n_stops, np.nan)
    if not isinstance(streets, CrowFly):
        on = np.flatnonzero(links.edge >= 0)
        highway[on] = np.array(streets.class_names, dtype=object)[streets.edge_class[links.edge[on]]]
        distance = np.asarray(links.distance_m, dtype=np.float64)
    return gpd.GeoDataFrame(
        {
            "stop_id": timetable.stop_id.astype(object), "stop_name": timetable.stop_name.astype(object),
            "feed": timetable.stop_feed.astype(object), "linked": np.asarray(links.ok, dtype=bool),
            "distance_m": distance,
            "highway": highway, "reason": np.array(LINK_REASONS, dtype=object)[links.reason],
        },
        geometry=gpd.points_from_xy(timetable.stop_x, timetable.stop_y), crs=network.epsg,
    )  # fmt: skip


def network_notices(network: Network) -> pd.DataFrame:
    """Report what reading the feeds of a network found, and what was done about it.

    Parameters
    ----------
    network : Network
        Built or opened.

    Returns
    -------
    pandas.DataFrame
        ``feed, severity, code, file, row, entity, action, count, message`` as `sources.gtfs.feed_report` gives them;
        empty without feeds.

    Examples
    --------
    >>> from geo_access.network.build import build_network
    >>> network = build_network(gtfs="data/demo/gtfs_rail.zip", date="2026-03-17", crow_fly_detour=1.3)
    >>> network_notices(network).columns.tolist()[:4]
    ['feed', 'severity', 'code', 'file']
    """
    empty = notices_frame([])
    columns = {name: list(network.notices.get(name, ())) for name in empty.columns}
    return pd.DataFrame(columns).astype({"row": "Int64", "count": "int64"})


def shared_stops(network: Network) -> pd.DataFrame:
    """Report the stops of different feeds that are one place.

    Parameters
    ----------
    network : Network

    Returns
    -------
    pandas.DataFrame
        As `merge_stops.same_places`, with ``walk_s``, the change between them as built [s] (NaN where there is none).

    Examples
    --------
    >>> from geo_access.network.build import build_network
    >>> feeds = ["data/demo/gtfs_rail.zip", "data/demo/gtfs_urbain.zip"]
    >>> shared_stops(build_network(gtfs=feeds, date="2026-03-17", crow_fly_detour=1.3)).columns.tolist()[2:]
    ['stop_a', 'stop_b', 'name_a', 'name_b', 'distance_m', 'same_name', 'walk_s']
    """
    timetable = _timetable(network)
    feed = np.unique(timetable.stop_feed, return_inverse=True)[1]
    pairs = same_places(timetable.stop_id, timetable.stop_name, feed, timetable.stop_x, timetable.stop_y)
    # Copies of a stop, for routes with changes of their own, are the same stop.
    pairs = pairs.drop_duplicates(["stop_a", "stop_b"], ignore_index=True)
    walks = []
    for a, b in zip(pairs["a"], pairs["b"], strict=True):
        targets, seconds = timetable.footpaths.row(int(a))
        at = np.searchsorted(targets, b)
        walks.append(float(seconds[at]) if at < len(targets) and targets[at] == b else np.nan)
    return pairs.assign(walk_s=np.array(walks, dtype=np.float64))
