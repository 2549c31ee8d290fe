"""Read the ways, nodes and restrictions that streets are made of, from OSM files of any kind.

Where OSM says that a car may be left to take public transport: ``amenity=parking`` with ``park_ride``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_access.arrays import begins_run, indptr_of, rows_of
from geo_access.crs import WGS84
from geo_access.errors import CoverageError, InputError
from geo_access.sources.osm_areas import WalkArea, walk_areas
from geo_access.sources.osm_drafts import draft_of, standing_ways
from geo_access.sources.osm_keys import NODE_KEYS, TURNING_PLACES, UNDEFINED, WAY_KEYS
from geo_access.sources.osm_kinds import osm_file
from geo_access.sources.osm_parts import Part, TagSets, check_paths, read_part
from geo_access.sources.osm_rings import Ring
from geo_access.words.note import Note, note
from geo_access.words.told import refusal

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = [
    "NODE_KEYS",
    "TURNING_PLACES",
    "WAY_KEYS",
    "OsmWays",
    "Restriction",
    "Ring",
    "WalkArea",
    "read_osm",
    "read_park_and_ride",
]


@dataclass(frozen=True)
class Restriction:
    """One turn restriction, through a node or through ways.

    Attributes
    ----------
    from_way, via_node, to_way : int
        OSM ids; `via_node` is 0 where the turn goes through ways.
    tags : tuple of (str, str)
        ``restriction``, ``restriction:…``, ``except``, and ``hour_on`` and the like.
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
    notes : tuple of Note
        Missing nodes, restrictions left out and why, ways outside the box.
    areas : tuple of WalkArea
        Squares, platforms and piers that are walked across.
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
    notes: tuple[Note, ...]
    areas: tuple[WalkArea, ...] = ()


def _box(bbox_lonlat: tuple[float, float, float, float] | None) -> tuple[int, int, int, int] | None:
    if bbox_lonlat is None:
        return None
    west, south, east, north = bbox_lonlat
    good = all(math.isfinite(value) for value in bbox_lonlat) and west < east and south < north
    if not good or max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        raise refusal("osm.bbox", bbox=str(bbox_lonlat))
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
        ``.osm.pbf``, ``.osm``, ``.osm.bz2``, ``.osm.gz``, histories (``.osh.pbf``), ``.o5m``. A way that several files
        hold is taken once, in its newest version; where one file lacks its nodes, the others' are taken.
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
    A PBF that ends exactly between two of its blocks cannot be told from a whole one: the format has no end mark.
    Compare the size or the checksum with the publisher's.

    Examples
    --------
    >>> read_osm("nowhere.osm.pbf")
    Traceback (most recent call last):
    ...
    geo_access.errors.MissingFileError: nowhere.osm.pbf: file not found → check the path
    """
    paths = [Path(osm_paths)] if isinstance(osm_paths, str | Path) else sorted(Path(path) for path in osm_paths)
    check_paths(paths)
    box = _box(bbox_lonlat)
    tag_sets: TagSets = {}
    parts = [read_part(path, tag_sets, box=box) for path in paths]
    if not any(len(part.way_id) for part in parts):
        where = ", ".join(path.name for path in paths)
        if any(part.outside for part in parts):
            raise refusal("osm.none_inside", CoverageError, file=where, bbox=str(bbox_lonlat))
        raise refusal("osm.no_highway", CoverageError, file=where)
    ways = _Ways(parts)
    far = ways.leave_far_nodes([path.name for path in paths])
    restrictions, broken = _restrictions(parts)
    restrictions, outside = _known_members(restrictions, ways)
    missing = ways.x == UNDEFINED
    names = tuple(dict(tags) for tags in tag_sets)
    return OsmWays(
        way_id=ways.way_id,
        way_tags=ways.way_tags,
        indptr=indptr_of(ways.counts),
        node_id=ways.node_id,
        lon=np.where(missing, np.nan, ways.x * 1e-7),
        lat=np.where(missing, np.nan, ways.y * 1e-7),
        tag_sets=names,
        node_tags=_node_tags(parts),
        restrictions=restrictions,
        notes=_notes(parts, ways, missing, far, (broken, outside)),
        areas=_areas(paths, parts, ways, names),
    )


def _node_tags(parts: Sequence[Part]) -> dict[int, dict[str, str]]:
    """Tags of the newest version of each node, of equal ones that of the first file; a draft's before any other."""
    newest: dict[int, tuple[int, dict[str, str]]] = {}
    drafts = draft_of(parts, "node")
    for k, part in enumerate(parts):
        for node, (version, tags) in part.node_tags.items():
            if drafts.get(node, k) != k:
                continue
            if node not in newest or version > newest[node][0]:
                newest[node] = (version, tags)
    return {node: tags for node, (_, tags) in newest.items()}


def _areas(
    paths: Sequence[Path], parts: Sequence[Part], ways: _Ways, names: tuple[dict[str, str], ...]
) -> tuple[WalkArea, ...]:
    """Areas of all files, each once: those of the version of a way that was kept; every outer ring of a relation."""
    version = dict(zip(ways.way_id.tolist(), ways.version.tolist(), strict=True)) if len(parts) > 1 else {}
    found: dict[tuple[bool, int, int], WalkArea] = {}
    for path, part in zip(paths, parts, strict=True):
        own = dict(zip(part.way_id, part.version, strict=True)) if len(parts) > 1 else {}
        for area in walk_areas(path, part, names):
            if area.rim and own.get(area.way_id) != version.get(area.way_id):
                continue
            found.setdefault((area.rim, area.way_id, int(area.rings[0].node_id.min())), area)
    return tuple(found.values())


class _Ways:
    """Ways of several files, each once."""

    def __init__(self, parts: Sequence[Part]) -> None:
        def joined(name: str, kind: type) -> np.ndarray:
            return np.concatenate([np.array(getattr(part, name), dtype=kind) for part in parts])

        self.way_id, self.version = joined("way_id", np.int64), joined("version", np.int32)
        self.way_tags, self.counts = joined("way_tags", np.int32), joined("counts", np.int64)
        self.node_id, self.x, self.y = joined("node_id", np.int64), joined("x", np.int32), joined("y", np.int32)
        if len(parts) > 1:
            self._keep(standing_ways(parts))
            self._move({node: place for part in parts for node, place in part.moved.items()})
            self._fill()
            self._once()

    def _move(self, places: Mapping[int, tuple[int, int]]) -> None:
        """Put nodes where an editor has moved them, in the ways of every file."""
        if not places:
            return
        ids = np.array(sorted(places))
        at = np.minimum(np.searchsorted(ids, self.node_id), len(ids) - 1)
        rows = np.flatnonzero(ids[at] == self.node_id)
        xy = np.array([places[int(node)] for node in ids], dtype=np.int32)
        self.x[rows], self.y[rows] = xy[at[rows]].T

    def _keep(self, chosen: np.ndarray) -> None:
        """Keep some of the ways, bool (n_ways,)."""
        if chosen.all():
            return
        positions = np.repeat(chosen, self.counts)
        self.node_id, self.x, self.y = self.node_id[positions], self.x[positions], self.y[positions]
        self.way_id, self.version = self.way_id[chosen], self.version[chosen]
        self.way_tags, self.counts = self.way_tags[chosen], self.counts[chosen]

    def _fill(self) -> None:
        """Give nodes that one file lacks the position they have in another."""
        lost = self.x == UNDEFINED
        if not lost.any():
            return
        ids, first = np.unique(self.node_id[~lost], return_index=True)
        at = np.minimum(np.searchsorted(ids, self.node_id[lost]), max(len(ids) - 1, 0))
        known = ids[at] == self.node_id[lost] if len(ids) else np.zeros(int(lost.sum()), dtype=bool)
        rows, source = np.flatnonzero(lost)[known], np.flatnonzero(~lost)[first[at[known]]]
        self.x[rows], self.y[rows] = self.x[source], self.y[source]

    def _once(self) -> None:
        """Keep the newest version of each way; of equal ones the one with the most known nodes."""
        ends = np.cumsum(self.counts)
        known = np.add.reduceat((self.x != UNDEFINED).astype(np.int64), ends - self.counts)
        order = np.lexsort((np.arange(len(ends)), -known, -self.version, self.way_id))
        first = begins_run(self.way_id[order])
        chosen = np.zeros(len(self.way_id), dtype=bool)
        chosen[order[first]] = True
        self._keep(chosen)

    def leave_far_nodes(self, names: Sequence[str]) -> list[int]:
        """Take the positions of a few nodes far from all others as unknown; refuse territories oceans apart."""
        placed = self.x != UNDEFINED
        if not placed.any():
            raise refusal("osm.no_position", CoverageError, file=", ".join(names))
        middle = np.median(self.x[placed]), np.median(self.y[placed])
        away = placed & (
            (np.abs(self.x - middle[0]) > _FAR_DEGREES * 1e7) | (np.abs(self.y - middle[1]) > _FAR_DEGREES * 1e7)
        )
        if not away.any():
            return []
        row = int(np.flatnonzero(away)[0])
        way = int(self.way_id[np.searchsorted(np.cumsum(self.counts), row, side="right")])
        if away.sum() > max(2, placed.sum() // 1_000):
            lon, lat = self.x[row] * 1e-7, self.y[row] * 1e-7
            raise InputError(
                f"{', '.join(names)}: streets more than {_FAR_DEGREES}° apart (node {self.node_id[row]} of way {way} "
                f"at {lon:.3f}, {lat:.3f}) → one territory at a time: give bbox_lonlat=, or other files",
                key="osm.far_apart",
                values={
                    "file": ", ".join(names),
                    "degrees": _FAR_DEGREES,
                    "node": int(self.node_id[row]),
                    "way": way,
                    "lon": f"{lon:.3f}",
                    "lat": f"{lat:.3f}",
                },
            )
        self.x[away], self.y[away] = UNDEFINED, UNDEFINED
        return sorted(set(self.node_id[away].tolist()))


_FAR_DEGREES = 10


def _restrictions(parts: Sequence[Part]) -> tuple[tuple[Restriction, ...], int]:
    """Turn restrictions of all files, each once, and how many lack a member."""
    newest: dict[int, tuple[int, dict[str, str], list[tuple[str, int, str]]]] = {}
    drafts = draft_of(parts, "relation")
    for k, part in enumerate(parts):
        for number, relation in part.relations.items():
            if drafts.get(number, k) != k:
                continue
            if number not in newest or newest[number][0] < relation[0]:
                newest[number] = relation
    found: list[Restriction] = []
    broken = 0
    for _, tags, members in newest.values():
        values = [value for key, value in tags.items() if key.startswith("restriction")]
        if not any(value.strip().lower().startswith(("no_", "only_")) for value in values):
            continue
        via = [(kind, ref) for kind, ref, role in members if role == "via"]
        kinds, refs = {kind for kind, _ in via}, tuple(ref for _, ref in via)
        start, end = ([ref for kind, ref, role in members if role == side and kind == "w"] for side in ("from", "to"))
        if not start or not end or not (kinds == {"w"} or (kinds == {"n"} and len(refs) == 1)):
            broken += 1
            continue
        node, ways = (0, refs) if kinds == {"w"} else (refs[0], ())
        found += [Restriction(first, node, last, tuple(tags.items()), ways) for first in start for last in end]
    return tuple(found), broken


def _known_members(restrictions: tuple[Restriction, ...], ways: _Ways) -> tuple[tuple[Restriction, ...], int]:
    """Restrictions whose ways and node are streets of these files, and how many name others."""
    if not restrictions:
        return restrictions, 0
    named = {way for item in restrictions for way in (item.from_way, item.to_way, *item.via_ways)}
    known_ways = named & set(ways.way_id.tolist())
    # Few nodes are looked for among very many.
    nodes = np.unique(np.array([item.via_node for item in restrictions], dtype=np.int64))
    at = np.minimum(np.searchsorted(nodes, ways.node_id), len(nodes) - 1)
    there = {0, *nodes[np.bincount(at, nodes[at] == ways.node_id, len(nodes)) > 0].tolist()}
    kept = tuple(
        item
        for item in restrictions
        if item.via_node in there and known_ways.issuperset((item.from_way, item.to_way, *item.via_ways))
    )
    return kept, len(restrictions) - len(kept)


def _notes(
    parts: Sequence[Part], ways: _Ways, missing: np.ndarray, far: Sequence[int], lost: tuple[int, int]
) -> tuple[Note, ...]:
    notes = [note("streets.ways_read", n=len(ways.counts))]
    if missing.any():
        cut = len(np.unique(rows_of(indptr_of(ways.counts))[missing]))
        notes.append(note("streets.nodes_missing", n=int(missing.sum()), ways=cut))
    if far:
        shown = ", ".join(str(node) for node in far[:5])
        notes.append(note("streets.far_nodes", n=len(far), degrees=_FAR_DEGREES, nodes=shown))
    told = {
        "ways_outside": sum(part.outside for part in parts),
        "restrictions_broken": lost[0],
        "restrictions_outside": lost[1],
        "deleted": sum(part.odd["deleted"] for part in parts),
        "older_versions": sum(part.odd["older"] for part in parts),
    }
    notes += [note(f"streets.{key}", n=n) for key, n in told.items() if n]
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
    check_paths(paths)
    sites: dict[str, tuple[dict[str, Any], Any]] = {}
    for path in paths:
        try:
            _read_sites_into(sites, path)
        except (RuntimeError, ValueError, OSError) as error:
            raise refusal("osm.unreadable", file=path.name, why=error) from error
    order = sorted(sites, key=lambda name: (name.split("/")[0], int(name.split("/")[1])))
    frame = pd.DataFrame([sites[name][0] for name in order], columns=list(_COLUMNS)).astype({"capacity": "Int32"})
    return gpd.GeoDataFrame(frame, geometry=[sites[name][1] for name in order], crs=WGS84)


def _read_sites_into(sites: dict[str, tuple[dict[str, Any], Any]], path: Path) -> None:
    import osmium  # noqa: PLC0415 — importing the room stays cheap
    import shapely  # noqa: PLC0415

    factory = osmium.geom.WKBFactory()
    key = osmium.filter.KeyFilter("park_ride")
    for item in osmium.FileProcessor(osm_file(path)).with_areas(key).with_filter(key):
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
