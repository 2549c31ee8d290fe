"""Read the ways, nodes and restrictions that streets are made of, from OSM files of any kind.

Where OSM says that a car may be left to take public transport: ``amenity=parking`` with ``park_ride``.
"""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_access.crs import WGS84
from geo_access.errors import CoverageError, Fault, InputError, MissingFileError, raise_faults

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["NODE_KEYS", "WAY_KEYS", "OsmWays", "Restriction", "read_osm", "read_park_and_ride"]

WAY_KEYS = (
    "highway",
    "route",
    "access",
    "foot",
    "bicycle",
    "vehicle",
    "motor_vehicle",
    "motorcar",
    "oneway",
    "oneway:bicycle",
    "cycleway",
    "cycleway:left",
    "cycleway:right",
    "cycleway:both",
    "junction",
    "maxspeed",
    "source:maxspeed",
    "zone:maxspeed",
    "surface",
    "wheelchair",
    "sidewalk",
    "area",
    "service",
    "duration",
    "bridge",
    "tunnel",
)
NODE_KEYS = ("barrier", "highway", "access", "foot", "bicycle", "vehicle", "motor_vehicle", "motorcar", "wheelchair")
_UNDEFINED = 2147483647
_SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.bz2", ".osm.gz")


@dataclass(frozen=True)
class Restriction:
    """One turn restriction, through a node or through ways.

    Attributes
    ----------
    from_way, via_node, to_way : int
        OSM ids; `via_node` is 0 where the turn goes through ways.
    tags : tuple of (str, str)
        ``restriction``, ``restriction:…`` and ``except``.
    via_ways : tuple of int
        OSM ids of the ways between; empty where the turn goes through a node.
    """

    from_way: int
    via_node: int
    to_way: int
    tags: tuple[tuple[str, str], ...]
    via_ways: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class OsmWays:
    """Ways with a ``highway`` or a ferry, as drawn, before any profile looked at them.

    Attributes
    ----------
    way_id : ndarray of int64, shape (n_ways,)
    way_tags : ndarray of int32, shape (n_ways,)
        Index into `tag_sets`.
    indptr : ndarray of int64, shape (n_ways + 1,)
        Way w runs through the positions ``indptr[w]:indptr[w + 1]``.
    node_id : ndarray of int64, shape (n_positions,)
    lon, lat : ndarray of float64, shape (n_positions,)
        [degree], EPSG:4326; NaN where the extract lacks the node.
    tag_sets : tuple of dict
        The distinct tag combinations, `WAY_KEYS` only.
    node_tags : mapping of int to dict
        Tags of barriers, signals and crossings by OSM node id, `NODE_KEYS` only.
    restrictions : tuple of Restriction
    notes : tuple of str
        Missing nodes, restrictions left out and why, ways outside the box.
    """

    way_id: np.ndarray
    way_tags: np.ndarray
    indptr: np.ndarray
    node_id: np.ndarray
    lon: np.ndarray
    lat: np.ndarray
    tag_sets: tuple[dict[str, str], ...]
    node_tags: dict[int, dict[str, str]]
    restrictions: tuple[Restriction, ...]
    notes: tuple[str, ...]


class _Collector:
    """What reading has gathered so far."""

    def __init__(self, box: tuple[int, int, int, int] | None) -> None:
        self.box = box
        self.way_id = array("q")
        self.way_tags = array("i")
        self.counts = array("q")
        self.node_id = array("q")
        self.x = array("i")
        self.y = array("i")
        self.tag_sets: dict[tuple[tuple[str, str], ...], int] = {}
        self.node_tags: dict[int, dict[str, str]] = {}
        self.restrictions: list[Restriction] = []
        self.broken = 0
        self.conditional: Counter[str] = Counter()
        self.outside = 0
        self.seen: set[int] = set()

    def way(self, way: object, seen: set[int]) -> None:
        if way.id in seen:  # type: ignore[attr-defined]
            return
        tags = tuple((tag.k, tag.v) for tag in way.tags if tag.k in _WAY_KEY_SET)  # type: ignore[attr-defined]
        if not any(key == "highway" or (key == "route" and value == "ferry") for key, value in tags):
            return
        found = [(node.ref, node.x, node.y) for node in way.nodes]  # type: ignore[attr-defined]
        if len(found) < 2:
            return
        refs, xs, ys = zip(*found)
        if self.box is not None:
            west, south, east, north = self.box
            if not any(west <= x <= east and south <= y <= north for x, y in zip(xs, ys)):
                self.outside += 1
                return
        self.seen.add(way.id)  # type: ignore[attr-defined]
        self.way_id.append(way.id)  # type: ignore[attr-defined]
        self.way_tags.append(self.tag_sets.setdefault(tags, len(self.tag_sets)))
        self.counts.append(len(refs))
        self.node_id.extend(refs)
        self.x.extend(xs)
        self.y.extend(ys)

    def relation(self, relation: object) -> None:
        tags = tuple(
            (tag.k, tag.v)
            for tag in relation.tags  # type: ignore[attr-defined]
            if tag.k == "except" or tag.k.startswith("restriction")
        )
        if not any(value.startswith(("no_", "only_")) for key, value in tags if key.startswith("restriction")):
            return
        if any(tag.k in _HOUR_KEYS for tag in relation.tags):  # type: ignore[attr-defined]
            self.conditional["hours"] += 1
            return
        if all(key.endswith(":conditional") or key == "except" for key, _ in tags):
            self.conditional[_condition(tags)] += 1
            return
        roles: dict[str, list[tuple[str, int]]] = {"from": [], "via": [], "to": []}
        for member in relation.members:  # type: ignore[attr-defined]
            if member.role in roles:
                roles[member.role].append((member.type, member.ref))
        kinds = {kind for kind, _ in roles["via"]}
        refs = tuple(ref for _, ref in roles["via"])
        ends = [(start, end) for first, start in roles["from"] for last, end in roles["to"] if first == last == "w"]
        if not ends or not (kinds == {"w"} or (kinds == {"n"} and len(refs) == 1)):
            self.broken += 1
            return
        node, ways = (0, refs) if kinds == {"w"} else (refs[0], ())
        self.restrictions += [Restriction(start, node, end, tags, ways) for start, end in ends]


def _condition(tags: tuple[tuple[str, str], ...]) -> str:
    """Say on what a conditional restriction depends: ``hours``, ``vehicles`` or ``other``."""
    conditions = " ".join(value.partition("@")[2] for key, value in tags if key.endswith(":conditional"))
    if _HOURS.search(conditions):
        return "hours"
    return "vehicles" if _VEHICLES.search(conditions) else "other"


_HOUR_KEYS = frozenset({"day_on", "day_off", "hour_on", "hour_off"})
_HOURS = re.compile(r"\d{1,2}:\d{2}|\b(?:Mo|Tu|We|Th|Fr|Sa|Su|PH|SH)\b|sunrise|sunset")
_VEHICLES = re.compile(r"weight|length|height|width|axle|hgv|trailer|bus|psv|destination|delivery")
_WAY_KEY_SET = frozenset(WAY_KEYS)


def _read_into(collector: _Collector, path: Path) -> None:
    import osmium  # noqa: PLC0415 — importing the room stays cheap

    kinds = osmium.osm.NODE | osmium.osm.WAY | osmium.osm.RELATION
    keys = osmium.filter.KeyFilter("highway", "route", "barrier", "type")
    earlier = set(collector.seen)
    try:
        for item in osmium.FileProcessor(str(path), kinds).with_locations().with_filter(keys):
            if isinstance(item, osmium.osm.Way):
                collector.way(item, earlier)
            elif isinstance(item, osmium.osm.Node):
                tags = {tag.k: tag.v for tag in item.tags if tag.k in NODE_KEYS}
                if "barrier" in tags or tags.get("highway") == "traffic_signals":
                    collector.node_tags[item.id] = tags
            else:
                collector.relation(item)
    except (RuntimeError, ValueError, OSError) as error:
        raise InputError(
            f"{path.name}: it cannot be read as OSM data ({error}) → download it again; "
            "expected .osm.pbf, .osm or .osm.bz2"
        ) from error


def _check_paths(paths: Sequence[Path]) -> None:
    missing = [Fault(str(path), "file not found", "check the path") for path in paths if not path.is_file()]
    raise_faults(missing, error=MissingFileError)
    strange = [
        Fault(path.name, "not the name of an OSM file", f"expected one of {', '.join(_SUFFIXES)}")
        for path in paths
        if not path.name.lower().endswith(_SUFFIXES)
    ]
    if not paths:
        strange.append(Fault("osm", "no file given", "name at least one OSM extract"))
    raise_faults(strange)


def _box(bbox_lonlat: tuple[float, float, float, float] | None) -> tuple[int, int, int, int] | None:
    if bbox_lonlat is None:
        return None
    west, south, east, north = bbox_lonlat
    good = all(math.isfinite(value) for value in bbox_lonlat) and west < east and south < north
    if not good or max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        raise InputError(f"bbox_lonlat {bbox_lonlat}: not (west, south, east, north) in degrees → check the order")
    low_x, low_y, high_x, high_y = (round(value * 1e7) for value in bbox_lonlat)
    return low_x, low_y, high_x, high_y


def read_osm(
    osm_paths: str | Path | Iterable[str | Path],
    *,
    bbox_lonlat: tuple[float, float, float, float] | None = None,
) -> OsmWays:
    """Read the streets of one or several OSM files.

    Parameters
    ----------
    osm_paths : path or iterable of paths
        ``.osm.pbf``, ``.osm``, ``.osm.bz2``; a way that several files hold is taken once, from the first.
    bbox_lonlat : (west, south, east, north), optional
        Keep the ways that have a node in this box [degree].

    Returns
    -------
    OsmWays

    Raises
    ------
    MissingFileError
        When a file does not exist.
    InputError
        When a file is no OSM data, or is cut short.
    CoverageError
        When no street is left.

    Notes
    -----
    A turn restriction under a condition (``restriction:conditional``, or ``hour_on`` and the like) is not applied: one
    network serves all hours, and a forbidden turn that is allowed at the hour asked would make a journey longer than it
    is. The notes count them: those bound to hours, to vehicles (lorries, buses), to something else.

    A PBF that ends exactly between two of its blocks cannot be told from a whole one: the format has no end mark.
    Compare the size or the checksum with the publisher's.

    Examples
    --------
    >>> read_osm("nowhere.osm.pbf")
    Traceback (most recent call last):
    ...
    geo_access.errors.MissingFileError: nowhere.osm.pbf: file not found → check the path
    """
    paths = [Path(osm_paths)] if isinstance(osm_paths, str | Path) else [Path(path) for path in osm_paths]
    _check_paths(paths)
    collector = _Collector(_box(bbox_lonlat))
    for path in paths:
        _read_into(collector, path)
    if not collector.way_id:
        where = ", ".join(path.name for path in paths)
        if collector.outside:
            raise CoverageError(f"{where}: no street inside {bbox_lonlat} → take the extract that covers the area")
        raise CoverageError(f"{where}: it holds no way with a highway tag → take an extract with streets")
    x = np.frombuffer(collector.x, dtype=np.int32)
    missing = x == _UNDEFINED
    lon = np.where(missing, np.nan, x * 1e-7)
    lat = np.where(missing, np.nan, np.frombuffer(collector.y, dtype=np.int32) * 1e-7)
    counts = np.frombuffer(collector.counts, dtype=np.int64)
    return OsmWays(
        way_id=np.frombuffer(collector.way_id, dtype=np.int64),
        way_tags=np.frombuffer(collector.way_tags, dtype=np.int32),
        indptr=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        node_id=np.frombuffer(collector.node_id, dtype=np.int64),
        lon=lon,
        lat=lat,
        tag_sets=tuple(dict(tags) for tags in collector.tag_sets),
        node_tags=collector.node_tags,
        restrictions=tuple(collector.restrictions),
        notes=_notes(collector, missing, counts),
    )


def _notes(collector: _Collector, missing: np.ndarray, counts: np.ndarray) -> tuple[str, ...]:
    notes = [f"{len(counts)} ways read"]
    if missing.any():
        cut = len(np.unique(np.repeat(np.arange(len(counts)), counts)[missing]))
        notes.append(f"{int(missing.sum())} nodes missing from the extract: {cut} ways cut there")
    if collector.outside:
        notes.append(f"{collector.outside} ways outside the area left out")
    if collector.broken:
        notes.append(f"{collector.broken} turn restrictions without from, via or to left out")
    told = {"hours": "at certain hours", "vehicles": "for certain vehicles", "other": "under other conditions"}
    notes += [
        f"{collector.conditional[kind]} turn restrictions that hold {when} only, not applied"
        for kind, when in told.items()
        if collector.conditional[kind]
    ]
    return tuple(notes)


_CLOSED = frozenset({"no", "private", "customers", "permit"})
_COLUMNS = ("id", "name", "kind", "capacity", "fee")


def read_park_and_ride(osm_paths: str | Path | Iterable[str | Path]) -> gpd.GeoDataFrame:
    """Read the park-and-ride sites of OSM files.

    Parameters
    ----------
    osm_paths : path or iterable of paths
        ``.osm.pbf``, ``.osm``, ``.osm.bz2``; a site that several files hold is taken once.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per site, by id: ``id`` (``node/1``, ``way/2``, ``relation/3``), ``name``, ``kind`` (value of
        ``park_ride``: ``yes``, ``train``, ``bus`` …), ``capacity`` (places, missing where not said), ``fee``
        (``yes``, ``no`` or empty); a point inside, EPSG:4326. Sites with ``park_ride=no`` or closed to the public are
        left out.

    Raises
    ------
    MissingFileError
        When a file does not exist.
    InputError
        When a file is no OSM data.

    Examples
    --------
    >>> read_park_and_ride("nowhere.osm.pbf")
    Traceback (most recent call last):
    ...
    geo_access.errors.MissingFileError: nowhere.osm.pbf: file not found → check the path
    """
    import geopandas as gpd  # noqa: PLC0415 — importing the room stays cheap
    import pandas as pd  # noqa: PLC0415

    paths = [Path(osm_paths)] if isinstance(osm_paths, str | Path) else [Path(path) for path in osm_paths]
    missing = [Fault(str(path), "file not found", "check the path") for path in paths if not path.is_file()]
    raise_faults(missing, error=MissingFileError)
    sites: dict[str, tuple[dict[str, Any], Any]] = {}
    for path in paths:
        try:
            _read_sites_into(sites, path)
        except (RuntimeError, ValueError, OSError) as error:
            raise InputError(
                f"{path.name}: it cannot be read as OSM data ({error}) → download it again; "
                "expected .osm.pbf, .osm or .osm.bz2"
            ) from error
    order = sorted(sites, key=lambda name: (name.split("/")[0], int(name.split("/")[1])))
    frame = pd.DataFrame([sites[name][0] for name in order], columns=list(_COLUMNS)).astype({"capacity": "Int32"})
    return gpd.GeoDataFrame(frame, geometry=[sites[name][1] for name in order], crs=WGS84)


def _read_sites_into(sites: dict[str, tuple[dict[str, Any], Any]], path: Path) -> None:
    import osmium  # noqa: PLC0415 — importing the room stays cheap
    import shapely  # noqa: PLC0415

    factory = osmium.geom.WKBFactory()
    key = osmium.filter.KeyFilter("park_ride")
    for item in osmium.FileProcessor(str(path)).with_areas(key).with_filter(key):
        tags = {tag.k: tag.v for tag in item.tags}
        if tags.get("amenity") != "parking" or tags["park_ride"] in _CLOSED or tags.get("access") in _CLOSED:
            continue
        if isinstance(item, osmium.osm.Node):
            name, point = f"node/{item.id}", shapely.Point(item.lon, item.lat)
        elif isinstance(item, osmium.osm.Area):
            shape = shapely.from_wkb(bytes.fromhex(factory.create_multipolygon(item)))
            kind = "way" if item.from_way() else "relation"
            name, point = f"{kind}/{item.orig_id()}", shape.point_on_surface()
        else:
            continue
        row: dict[str, Any] = {"id": name, "name": tags.get("name", ""), "kind": tags["park_ride"]}
        row["fee"] = tags.get("fee", "")
        digits = tags.get("capacity", "")
        # Python reads other alphabets' digits too; the places of a car park are fewer than a million.
        row["capacity"] = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 7 else None
        sites.setdefault(name, (row, point))
