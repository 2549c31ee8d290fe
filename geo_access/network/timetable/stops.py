"""Where stops meet the streets, which of them are one place, what is wrong with the feeds: reports to read and map.

The same platform in several feeds: found by distance and name, reported, linked by a short walk.
"""

from __future__ import annotations

import json
import re
import unicodedata

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from geo_access.network.model import CrowFly, Network, Timetable
from geo_access.network.search.links import LINK_REASONS, link_points
from geo_access.sources.gtfs.notices import notices_frame
from geo_access.words.note import Note
from geo_access.words.told import refusal

__all__ = ["network_notices", "plain_name", "same_places", "shared_stops", "stop_links"]

# Two operators place the same post within a few metres; a station's point may differ by a platform's length.
SAME_POST_M = 25.0
SAME_NAME_M = 150.0

_WORDS = re.compile(r"[^a-z0-9]+")
_EMPTY_WORDS = frozenset(
    ("gare", "sncf", "de", "du", "des", "la", "le", "les", "arret", "halte", "station", "bhf", "hbf")
)


def plain_name(name: str) -> str:
    """Name of a stop without accents, case, punctuation and words that say nothing.

    Examples
    --------
    >>> plain_name("Gare de Lille-Flandres") == plain_name("LILLE FLANDRES (SNCF)")
    True
    """
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = [word for word in _WORDS.split(ascii_name) if word]
    return " ".join([word for word in words if word not in _EMPTY_WORDS] or words)


def same_places(
    stop_id: np.ndarray, stop_name: np.ndarray, feed: np.ndarray, x: np.ndarray, y: np.ndarray
) -> pd.DataFrame:
    """Pairs of stops of different feeds that are one place: within 25 m, or within 150 m under one name.

    Parameters
    ----------
    stop_id, stop_name : ndarray of str, shape (n,)
    feed : ndarray of int, shape (n,)
    x, y : ndarray of float64, shape (n,)
        [m].

    Returns
    -------
    pandas.DataFrame
        `a`, `b` (places in the arrays, feed of a before that of b), `stop_a`, `stop_b`, `name_a`, `name_b`,
        `distance_m`, `same_name`; nearest first.

    Examples
    --------
    >>> ids, names = np.array(["1", "9"]), np.array(["Gare de Tournai", "TOURNAI"])
    >>> pairs = same_places(ids, names, np.array([0, 1]), np.array([0.0, 90.0]), np.zeros(2))
    >>> pairs[["stop_a", "stop_b", "distance_m"]].to_dict("records")
    [{'stop_a': '1', 'stop_b': '9', 'distance_m': 90.0}]
    """
    pairs = np.empty((0, 2), dtype=np.int64)
    if len(np.unique(feed)) > 1:
        pairs = cKDTree(np.column_stack((x, y))).query_pairs(SAME_NAME_M, output_type="ndarray").astype(np.int64)
        pairs = pairs[feed[pairs[:, 0]] != feed[pairs[:, 1]]]
        turned = feed[pairs[:, 0]] > feed[pairs[:, 1]]
        pairs[turned] = pairs[turned][:, ::-1]
    a, b = pairs[:, 0], pairs[:, 1]
    plain = {name: plain_name(str(name)) for name in {*stop_name[a], *stop_name[b]}}
    alike = np.array([plain[p] == plain[q] != "" for p, q in zip(stop_name[a], stop_name[b], strict=True)], dtype=bool)
    metres = np.hypot(x[a] - x[b], y[a] - y[b])
    frame = pd.DataFrame(
        {
            "a": a,
            "b": b,
            "stop_a": stop_id[a],
            "stop_b": stop_id[b],
            "name_a": stop_name[a],
            "name_b": stop_name[b],
            "distance_m": metres,
            "same_name": alike,
        }
    )
    frame = frame[alike | (metres <= SAME_POST_M)]
    return frame.sort_values(["distance_m", "a", "b"], kind="stable").reset_index(drop=True)


def _timetable(network: Network) -> Timetable:
    if network.timetable is None:
        raise refusal("no_timetable_gtfs")
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
            "stop_id": timetable.stop_id.astype(object),
            "stop_name": timetable.stop_name.astype(object),
            "feed": timetable.stop_feed.astype(object),
            "linked": np.asarray(links.ok, dtype=bool),
            "distance_m": distance,
            "highway": highway,
            "reason": np.array(LINK_REASONS, dtype=object)[links.reason],
        },
        geometry=gpd.points_from_xy(timetable.stop_x, timetable.stop_y),
        crs=network.epsg,
    )


def network_notices(network: Network, *, language: str = "en") -> pd.DataFrame:
    """Report what reading the feeds of a network found, and what was done about it.

    Parameters
    ----------
    network : Network
        Built or opened.
    language : str
        Of the column ``message``: ``fr`` or ``en``.

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
    says = network.notices.get("says", ())
    told = {each: Note.from_dict(json.loads(str(each))).told(language) for each in dict.fromkeys(says)}
    if says:
        columns["message"] = [told[each] for each in says]
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
