"""Files to a network: streets, feeds, one service day."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from geo_access.crs import metric_epsg, metric_fault
from geo_access.errors import MissingFileError, raise_faults
from geo_access.manifest import sha256_file
from geo_access.network.asked import BuildAsked, read_build
from geo_access.network.exchanged import mend_exchanged
from geo_access.network.model import CrowFly, Network, Streets, Timetable
from geo_access.network.streets.congestion import FREE_FLOW
from geo_access.network.streets.streets import build_streets
from geo_access.network.timetable.edits import Edit
from geo_access.network.timetable.runs import Headways
from geo_access.network.timetable.scenario import apply_edits
from geo_access.network.timetable.timetable import build_timetable
from geo_access.sources.gtfs.feed import wheelchair_feed
from geo_access.sources.gtfs.model import Feed
from geo_access.sources.gtfs.notices import notices_frame, worst_lines
from geo_access.sources.gtfs.read import container_of
from geo_access.sources.gtfs.several import FeedsRead, read_feeds
from geo_access.words.note import Note, note
from geo_access.words.told import fault, refusal

__all__ = ["build_network"]

Paths = str | bytes | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None


def build_network(
    osm: Paths = None,
    gtfs: Paths = None,
    *,
    date: dt.date | str,
    modes: Sequence[str] = ("walk", "bike", "car"),
    crow_fly_detour: float | None = None,
    align: str | None = None,
    school_breaks: Sequence[tuple[dt.date, dt.date]] = (),
    walk_kmh: float = 4.8,
    max_transfer_s: int = 600,
    bbox_lonlat: tuple[float, float, float, float] | None = None,
    epsg: int | None = None,
    dem: str | Path | None = None,
    street_time: dt.time = dt.time(8),
    closed_ways: Collection[int] = (),
    max_stress: int | None = None,
    headways: Headways | None = None,
    link_feeds: bool = True,
    edits: Sequence[Edit] = (),
    wheelchair: bool = False,
    streets: Streets | CrowFly | None = None,
) -> Network:
    """Build the network of a territory on one service day.

    Parameters
    ----------
    osm : path or sequence of paths, optional
        OSM extracts; without them `crow_fly_detour` is needed.
    gtfs : path or sequence of paths, optional
        GTFS zips or folders; without them there is no transit. Of a file with several feeds all are read, and of
        several versions of the same lines that of the day, see `read_feeds`.
    date : datetime.date or str
        Service day, as a date or ISO text such as ``"2026-03-17"``.
    modes : sequence of str
        Street profiles to build.
    crow_fly_detour : float, optional
        Walked distance over straight line, ≥ 1, where there are no streets; every result says so.
    align : str, optional
        ``"equivalent-day"``: see `build_timetable`.
    school_breaks : sequence of (date, date)
        First and last day of school holidays, for `align` and for streets with conditions about them.
    walk_kmh : float
        Speed between stops [km/h].
    max_transfer_s : int
        Longest walk between stops [s]; searched a quarter farther, for queries that walk faster.
    bbox_lonlat : (west, south, east, north), optional
        Keep the streets of this box [degree]; trips are kept whole, wherever they run.
    epsg : int, optional
        Metric CRS; by default that of the streets, else of the middle of the stops.
    dem : path, optional
        Elevation raster for walking and cycling speeds.
    street_time : datetime.time
        Time of the service day at which conditional tags and opening hours of streets are read.
    closed_ways : collection of int
        OSM ids of ways that nobody uses: works, a flood, a bridge to come down.
    max_stress : int, optional
        Cyclists use streets up to this level of traffic stress, 1 (children) to 4.
    headways : Headways, optional
        How trips without fixed times are spelled out.
    link_feeds : bool
        Whether one may change from one feed to another.
    edits : sequence of Edit
        Changes to the timetable, in order; recorded in its notes and the warnings.
    wheelchair : bool
        Keep only trips and stops that the feeds say a wheelchair can use, see `wheelchair_feed`; a warning counts what
        they do not say. A feed that vouches for no trip beside others that do is left out, which a warning says.
    streets : Streets or CrowFly, optional
        Streets at hand, such as those of `from_osmnx`, in place of `osm`; their modes and CRS stay.

    Returns
    -------
    Network
        With the SHA-256 of every file in `inputs`, and what reading the feeds found in `notices`.

    Raises
    ------
    InputError
        Neither streets nor a detour, a date that is none, files that cannot be used.
    ServiceDateError
        The day lies outside the calendar of a feed.

    Examples
    --------
    >>> network = build_network(gtfs="data/demo/gtfs_rail.zip", date="2026-03-17", crow_fly_detour=1.3)
    >>> network.epsg, network.timetable.n_trips > 0, sorted(network.inputs)
    (2154, True, ['gtfs_rail.zip'])
    """
    asked = read_build(
        date=date,
        osm=osm,
        gtfs=gtfs,
        modes=modes,
        crow_fly_detour=crow_fly_detour,
        align=align,
        school_breaks=school_breaks,
        walk_kmh=walk_kmh,
        max_transfer_s=max_transfer_s,
        bbox_lonlat=bbox_lonlat,
        epsg=epsg,
        dem=dem,
        street_time=street_time,
        closed_ways=closed_ways,
        max_stress=max_stress,
        headways=headways,
        link_feeds=link_feeds,
        wheelchair=wheelchair,
        streets=streets,
    )
    return _built(asked, edits)


def _built(asked: BuildAsked, edits: Sequence[Edit]) -> Network:
    """Build what was asked, in the order: streets, feeds, timetable, edits."""
    _check(asked, edits)
    streets = asked.streets
    names = _feed_names(asked.gtfs)
    read = [read_feeds(path, name=name, day=asked.day) for path, name in zip(asked.gtfs, names, strict=True)]
    if streets is None and asked.osm:
        streets = build_streets(
            asked.osm,
            epsg=asked.epsg,
            modes=asked.modes,
            bbox_lonlat=asked.bbox_lonlat,
            dem=asked.dem,
            moment=dt.datetime.combine(asked.day, asked.street_time),
            school_breaks=asked.school_breaks,
            closed_ways=asked.closed_ways,
            max_stress=asked.max_stress,
        )
    read, told = mend_exchanged(read, streets)
    feeds = [wheelchair_feed(feed) if asked.wheelchair else feed for each in read for feed in each.feeds]
    if streets is None:
        streets = CrowFly(epsg=_feeds_epsg(feeds, asked.epsg), detour=asked.crow_fly_detour or 1.0)
    timetable: Timetable | None = None
    # A feed that vouches for no trip at all has no service day to look for; where all are such, the search says so.
    usable = [feed for feed in feeds if not asked.wheelchair or len(feed.stop_times.stop)] or feeds
    if len(usable) < len(feeds):
        silent = ", ".join(feed.name for feed in feeds if feed not in usable)
        told = (*told, note("network.no_wheelchair", feeds=silent))
    if usable:
        timetable = build_timetable(
            usable,
            day=asked.day,
            epsg=streets.epsg,
            streets=streets,
            walk_kmh=asked.walk_kmh,
            max_transfer_s=asked.max_transfer_s,
            align=asked.align,
            school_breaks=asked.school_breaks,
            headways=asked.headways,
            link_feeds=asked.link_feeds,
        )
    network = Network(streets.epsg, streets, timetable, _hashes(asked, read))
    network = replace(
        network,
        warnings=(*_warnings(streets, timetable), *told, *(said for each in read for said in each.notes)),
        notices=_notices(feeds),
    )
    return apply_edits(network, edits)


def _check(asked: BuildAsked, edits: Sequence[Edit]) -> None:
    osm, gtfs, detour = asked.osm, asked.gtfs, asked.crow_fly_detour
    if asked.streets is not None and (osm or detour is not None):
        raise refusal("network.streets_twice")
    epsg = asked.epsg if asked.streets is None else asked.streets.epsg
    relief = [] if asked.dem is None else [asked.dem]
    lost = [fault(str(path), "network.no_file") for path in [*osm, *gtfs] if not container_of(path)[0].exists()]
    lost += [fault(str(path), "network.no_file") for path in relief if not path.exists()]
    raise_faults(lost, error=MissingFileError)
    faults = []
    if not osm and detour is None and asked.streets is None:
        faults.append(fault("osm", "network.no_streets"))
    if osm and detour is not None:
        faults.append(fault("crow_fly_detour", "network.detour_and_osm"))
    if detour is not None and not 1 <= detour <= 10:
        faults.append(fault("crow_fly_detour", "network.detour", detour=detour))
    if not gtfs and edits:
        faults.append(fault("edits", "network.no_timetable"))
    if epsg is not None and (wrong := metric_fault(epsg)):
        faults.append(fault("epsg", _WRONG_CRS[wrong], epsg=str(epsg)))
    if not osm and not gtfs and epsg is None:
        faults.append(fault("epsg", "network.no_epsg"))
    raise_faults(faults)
    if asked.wheelchair and not gtfs:
        raise refusal("network.wheelchair")


def _feed_names(paths: list[Path]) -> list[str]:
    """File names without ending; the second of one name gets a number."""
    names: list[str] = []
    for path in paths:
        base = path.name.removesuffix(".zip")
        taken = sum(name == base or name.startswith(f"{base}-") for name in names)
        names.append(f"{base}-{taken + 1}" if base in names else base)
    return names


def _feeds_epsg(feeds: Sequence[Feed], epsg: int | None) -> int:
    """Metric CRS of the stops: the one given, where it measures there, else that of their middle."""
    if epsg is not None and not feeds:
        return epsg
    if not feeds:
        raise refusal("network.epsg")
    lon = np.concatenate([feed.stops["stop_lon"].to_numpy() for feed in feeds])
    lat = np.concatenate([feed.stops["stop_lat"].to_numpy() for feed in feeds])
    if not (np.isfinite(lon) & np.isfinite(lat)).any():
        why = "; ".join(line for feed in feeds for line in worst_lines(feed.notices))
        names = ", ".join(feed.name for feed in feeds)
        raise refusal("network.no_stop_placed", names=names, why=why)
    middle = float(np.nanmedian(lon)), float(np.nanmedian(lat))
    if epsg is None:
        return metric_epsg(*middle)
    if metric_fault(epsg, middle):
        raise refusal("network.epsg_far", epsg=str(epsg), lon=f"{middle[0]:.2f}", lat=f"{middle[1]:.2f}")
    return epsg


def _hashes(asked: BuildAsked, read: Sequence[FeedsRead]) -> dict[str, str]:
    pairs = [(path, sha256_file(path)) for path in asked.osm]
    pairs += [(path, each.feeds[0].sha256) for path, each in zip(asked.gtfs, read, strict=True)]
    if asked.dem is not None:
        pairs.append((asked.dem, sha256_file(asked.dem)))
    hashes: dict[str, str] = {}
    for path, digest in pairs:
        name, number = path.name, 2
        while name in hashes:
            name, number = f"{path.name}#{number}", number + 1
        hashes[name] = digest
    return hashes


def _notices(feeds: Sequence[Feed]) -> dict[str, tuple[str | int | None, ...]]:
    """Columns of the notices of all feeds, errors first within each."""
    if not feeds:
        return {}
    tables = [notices_frame(feed.notices, feed=feed.name, keys=True) for feed in feeds]
    return {
        name: tuple(
            None if value is None or value is pd.NA else int(value) if name in ("row", "count") else str(value)
            for table in tables
            for value in table[name].tolist()
        )
        for name in tables[0].columns
    }


_WRONG_CRS = {
    "unknown": "network.epsg_unknown",
    "degrees": "network.epsg_degrees",
    "kind": "network.epsg_kind",
    "unit": "network.epsg_unit",
}
# How many there are of what is as it should be: no reader of a result needs it.
_PLAIN_NOTES = frozenset({"streets.ways_read", "streets.graph", FREE_FLOW.key})


def _warnings(streets: Streets | CrowFly, timetable: Timetable | None) -> tuple[Note, ...]:
    lines: list[Note] = []
    if isinstance(streets, CrowFly):
        lines.append(note("crow_fly", factor=streets.detour))
    else:
        lines += [found for found in streets.notes if found.key not in _PLAIN_NOTES]
    if timetable is not None:
        lines += timetable.notes
    return tuple(lines)
