"""Feeds whose file writes latitudes as longitudes, told by the streets and by the other feeds of a study.

The time zone tells most of them when they are read; it does not where the territory lies near the line on which
latitude and longitude are the same, or near the meridian and the equator: there the neighbours do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from pyproj import Transformer

from geo_access.network.model import CrowFly, Streets
from geo_access.sources.gtfs.feed import read_gtfs
from geo_access.sources.gtfs.model import Feed
from geo_access.sources.gtfs.positions import great_circle_m, zone_places
from geo_access.sources.gtfs.several import FeedsRead
from geo_access.words.note import Note, note

__all__ = ["mend_exchanged"]

# Half a day's walk beyond the extract still counts as on it.
_EDGE_DEGREES = 0.1
# The middles of two feeds of one study: one region. Farther than three times that, and than this, they are apart.
_NEAR_M = 100_000.0
_APART_M = 150_000.0
_TIMES_NEARER = 3.0

Place = tuple[float, float]


def mend_exchanged(
    read: Sequence[FeedsRead], streets: Streets | CrowFly | None
) -> tuple[list[FeedsRead], tuple[Note, ...]]:
    """Read again, the other way round, the feeds that lie among the others only so.

    A feed is exchanged where not one of its stops lies on the streets' extent and most do once exchanged; and, away
    from the streets, where it is far from every other feed and, exchanged, near two of them, or near one and its own
    time zone's town. Two feeds of which nothing tells which one is exchanged stay, with a note.

    Parameters
    ----------
    read : sequence of FeedsRead
    streets : Streets or CrowFly, optional
        Those of the study, if they are known already.

    Returns
    -------
    read : list of FeedsRead
    notes : tuple of Note
        One for each feed put right, or left in doubt.
    """
    feeds = [feed for each in read for feed in each.feeds]
    box = None if streets is None or isinstance(streets, CrowFly) else _box(streets)
    shares = [_shares(feed, box) for feed in feeds]
    turned: dict[int, Note] = {
        k: note("gtfs.exchanged_by_streets", feed=feeds[k].name)
        for k, (given, swapped) in enumerate(shares)
        if given == 0 and swapped > 0.5
    }
    sure = {k for k, (given, swapped) in enumerate(shares) if given > 0 or k in turned}
    middles = [_middle(feed, turned=k in turned) for k, feed in enumerate(feeds)]
    doubts: list[Note] = []
    for k, middle in enumerate(middles):
        if k in sure or middle is None:
            continue
        said = _by_feeds(k, feeds, middles, sure)
        if said is not None and said.key == "gtfs.exchanged_by_feeds":
            turned[k] = said
        elif said is not None and said not in doubts:
            doubts.append(said)
    return _again(read, frozenset(turned)), (*turned.values(), *doubts)


def _again(read: Sequence[FeedsRead], turned: frozenset[int]) -> list[FeedsRead]:
    out, number = [], 0
    for each in read:
        feeds = list(each.feeds)
        for place, feed in enumerate(feeds):
            if number in turned:
                before = any(found.says.key.startswith("gtfs.all_exchanged") for found in feed.notices)
                feeds[place] = read_gtfs(each.paths[place], name=feed.name, exchanged=not before)
            number += 1
        out.append(replace(each, feeds=tuple(feeds)))
    return out


def _box(streets: Streets) -> tuple[float, float, float, float] | None:
    """West, south, east, north of the streets [°]."""
    if not len(streets.node_x):
        return None
    to_degrees = Transformer.from_crs(streets.epsg, 4326, always_xy=True)
    x, y = streets.node_x, streets.node_y
    west, south, east, north = to_degrees.transform_bounds(x.min(), y.min(), x.max(), y.max())
    return west - _EDGE_DEGREES, south - _EDGE_DEGREES, east + _EDGE_DEGREES, north + _EDGE_DEGREES


def _stops(feed: Feed) -> tuple[np.ndarray, np.ndarray]:
    lon, lat = feed.stops["stop_lon"].to_numpy(), feed.stops["stop_lat"].to_numpy()
    known = np.isfinite(lon) & np.isfinite(lat)
    return lon[known], lat[known]


def _shares(feed: Feed, box: tuple[float, float, float, float] | None) -> tuple[float, float]:
    """Share of the stops within the box as they are, and once exchanged."""
    lon, lat = _stops(feed)
    if box is None or not len(lon):
        return 0.0, 0.0
    west, south, east, north = box
    given, swapped = (
        float(((x >= west) & (x <= east) & (y >= south) & (y <= north)).mean()) for x, y in ((lon, lat), (lat, lon))
    )
    return given, swapped


def _middle(feed: Feed, *, turned: bool) -> Place | None:
    """Longitude and latitude of the middle of the stops [°]."""
    lon, lat = _stops(feed)
    if not len(lon):
        return None
    x, y = float(np.median(lon)), float(np.median(lat))
    return (y, x) if turned else (x, y)


def _metres(a: Place, b: Place) -> float:
    return float(great_circle_m(np.array(a[0]), np.array(a[1]), np.array(b[0]), np.array(b[1])))


def _by_feeds(k: int, feeds: Sequence[Feed], middles: Sequence[Place | None], sure: set[int]) -> Note | None:
    """Judge one feed by the others: exchanged, in doubt, or None where it lies well."""
    mine = middles[k]
    others = [(other, place) for other, place in enumerate(middles) if other != k and place is not None]
    if mine is None or not others or max(abs(mine[0]), abs(mine[1])) > 90:
        return None
    swapped = mine[1], mine[0]
    far = min(_metres(mine, place) for _, place in others)
    near, other = min((_metres(swapped, place), number) for number, place in others)
    if near > _NEAR_M or far < max(_APART_M, _TIMES_NEARER * near):
        return None
    close = [number for number, place in others if _metres(swapped, place) <= _NEAR_M]
    values = {
        "feed": feeds[k].name,
        "other": feeds[other].name,
        "near_km": round(near / 1000),
        "far_km": round(far / 1000),
    }
    if len(close) > 1 or set(close) & sure or _nearer_home(feeds[k], swapped, mine):
        return note("gtfs.exchanged_by_feeds", **values)
    # Two that lie apart mirror each other: the other one may be told by its own time zone.
    its = middles[other]
    if its is None or _nearer_home(feeds[other], (its[1], its[0]), its) or _nearer_home(feeds[other], its, swapped):
        return None
    first, second = sorted((k, other))
    return note("gtfs.exchanged_unsure", **{**values, "feed": feeds[first].name, "other": feeds[second].name})


def _nearer_home(feed: Feed, place: Place, than: Place) -> bool:
    """Whether one place is much nearer the town of the feed's time zone than another."""
    town = zone_places().get(feed.zone)
    if town is None:
        return False
    home = town[1], town[0]
    return _metres(home, place) * _TIMES_NEARER < _metres(home, than)
