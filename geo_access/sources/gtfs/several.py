"""Files that hold several feeds: a folder per operator, a zip per year.

Where a list of feeds is expected, all of a file are read; among versions of one operator, that of the day asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from geo_access.sources.gtfs.calendar import departures_on, service_periods
from geo_access.sources.gtfs.feed import read_gtfs
from geo_access.sources.gtfs.model import Feed
from geo_access.sources.gtfs.read import feeds_inside
from geo_access.words.note import Note, note

__all__ = ["FeedsRead", "read_feeds"]

# Two versions of one network share most of their lines; two networks of one agency share few.
_SHARED_LINES = 0.5
# Two operators may name a line alike and meet at a stop; they do not run from stop to stop alike.
_SHARED_HOPS = 0.5
_SAME_STOP_M = 150.0
_METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True)
class FeedsRead:
    """The feeds of one file.

    Attributes
    ----------
    feeds : tuple of Feed
    paths : tuple of pathlib.Path
        With which `read_gtfs` reads each alone.
    notes : tuple of Note
        Which were read of a file that holds several, and which versions were chosen.
    """

    feeds: tuple[Feed, ...]
    paths: tuple[Path, ...]
    notes: tuple[Note, ...]


def read_feeds(path: str | Path, *, name: str | None = None, day: date | None = None) -> FeedsRead:
    """Read every feed of a zip or folder.

    Feeds are versions of one where their agencies are the same, and most of their lines and of what these run from
    stop to stop, too. Of these the one that
    runs on `day` is kept; the one whose calendar starts last where several do, the nearest in time where none does.

    Parameters
    ----------
    path : str or pathlib.Path
        A zip or a folder, with one feed or with several in folders or zips of their own.
    name : str, optional
        Names the only feed, or stands before the names of several.
    day : datetime.date, optional
        Chooses among versions; all are kept without it.

    Returns
    -------
    FeedsRead

    Raises
    ------
    GeoAccessError
        As `read_gtfs`, for the first feed that cannot be used.

    Examples
    --------
    >>> [feed.name for feed in read_feeds("data/demo/gtfs_rail.zip").feeds]
    ['gtfs_rail']
    """
    path = Path(path)
    places = feeds_inside(path)
    if len(places) == 1:
        return FeedsRead((read_gtfs(path, name=name),), (path,), ())
    whole = name or path.name.removesuffix(".zip")
    feeds = [read_gtfs(place, name=f"{whole}/{_inside(place, path)}") for place in places]
    kept, notes = list(range(len(feeds))), []
    if day is not None:
        for group in _versions(feeds):
            best = max(group, key=lambda k: _fitness(feeds[k], day))
            if len(group) > 1:
                others = [feeds[k].name for k in group if k != best]
                kept = [k for k in kept if k == best or k not in group]
                notes.append(
                    note(
                        "gtfs.version_chosen", file=path.name, day=day, feed=feeds[best].name, others=", ".join(others)
                    )
                )
    read = ", ".join(feeds[k].name for k in kept)
    if len(kept) > 1:
        notes.insert(0, note("gtfs.several_read", file=path.name, n=len(kept), feeds=read))
    return FeedsRead(tuple(feeds[k] for k in kept), tuple(places[k] for k in kept), tuple(notes))


def _inside(place: Path, path: Path) -> str:
    inside = place.relative_to(path).as_posix().removesuffix(".zip")
    return "top" if inside.lower() == "stop_times.txt" else inside


def _versions(feeds: Sequence[Feed]) -> list[list[int]]:
    """Numbers of the feeds, those of one operator's same lines together."""
    groups: list[list[int]] = []
    for number, feed in enumerate(feeds):
        home = next((group for group in groups if _same(feeds[group[0]], feed)), None)
        if home is None:
            groups.append([number])
        else:
            home.append(number)
    return groups


def _same(one: Feed, other: Feed) -> bool:
    if _agencies(one) != _agencies(other):
        return False
    a, b = _lines(one), _lines(other)
    return len(a & b) >= _SHARED_LINES * max(min(len(a), len(b)), 1) and _same_way(one, other)


def _same_way(one: Feed, other: Feed) -> bool:
    """Whether most of what one runs from stop to stop, the other runs, too; true where one of them runs nothing."""
    hops = _hops(one), _hops(other)
    tree = cKDTree(_places(one)[np.unique(hops[0])]) if len(hops[0]) else None
    if tree is None or not len(hops[1]):
        return True
    found = []
    for feed, each in zip((one, other), hops, strict=True):
        metres, stop = tree.query(_places(feed)[each], distance_upper_bound=_SAME_STOP_M)
        found.append({(a, b) for (a, b), far in zip(stop.tolist(), metres.max(axis=1)) if np.isfinite(far) and a != b})
    return len(found[0] & found[1]) >= _SHARED_HOPS * max(min(len(found[0]), len(hops[1])), 1)


def _places(feed: Feed) -> np.ndarray:
    """Lay the stops on a plane of metres, good enough to tell neighbours; those without a position lie far away."""
    lon, lat = (feed.stops[name].to_numpy(dtype=np.float64) for name in ("stop_lon", "stop_lat"))
    known = np.isfinite(lon) & np.isfinite(lat)
    x = np.where(known, lon * np.cos(np.radians(np.where(known, lat, 0.0))), -1e3 - np.arange(len(lon)))
    return np.column_stack((x, np.where(known, lat, 0.0))) * _METRES_PER_DEGREE


def _hops(feed: Feed) -> np.ndarray:
    """Rows of `stops` between which some trip runs without a stop, int64 (k, 2), each pair once."""
    calls = feed.stop_times
    trip = calls.trip()
    both = np.column_stack((calls.stop[:-1], calls.stop[1:]))[trip[1:] == trip[:-1]].astype(np.int64)
    return np.unique(both[both[:, 0] != both[:, 1]], axis=0)


def _agencies(feed: Feed) -> frozenset[str]:
    column = "agency_name" if "agency_name" in feed.agency else "agency_id"
    return frozenset(str(name).casefold() for name in feed.agency.get(column, ()))


def _lines(feed: Feed) -> frozenset[tuple[str, int]]:
    routes = feed.routes
    named = routes["route_short_name"].where(routes["route_short_name"] != "", routes["route_long_name"])
    named = named.where(named != "", routes["route_id"])
    return frozenset(zip(named.str.casefold(), routes["route_type"].astype(int), strict=True))


def _fitness(feed: Feed, day: date) -> tuple[bool, int, int]:
    """Better the higher: runs on the day; then how near its calendar is; then how late it starts."""
    spans = service_periods(feed)
    if not spans:
        return False, -(10**6), 0
    span = min(spans, key=lambda each: max((each[0] - day).days, (day - each[1]).days, 0))
    away = max((span[0] - day).days, (day - span[1]).days, 0)
    return departures_on(feed, day) > 0, -away, span[0].toordinal()
