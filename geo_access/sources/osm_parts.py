"""What one OSM file holds of streets, whatever kind of file it is.

Most files are sorted (nodes, ways, relations), hold each object once and number it above 0: they are read as they come.
Histories, drafts of an editor (negative numbers, deleted objects), files with the ways first or with the positions on
the ways are gathered whole in memory first; the current state of each object counts.
"""

from __future__ import annotations

import io
import re
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from geo_access.arrays import indptr_of
from geo_access.errors import CapacityError, InputError, MissingFileError, raise_faults
from geo_access.sources.osm_drafts import drafted_objects, holder_of
from geo_access.sources.osm_keys import (
    HIGH_KERBS,
    NODE_KEY_SET,
    READ_KEYS,
    TURNING_PLACES,
    UNDEFINED,
    WAY_KEY_SET,
    is_street,
)
from geo_access.sources.osm_kinds import is_bomb, kind_of, osm_file, xml_opener
from geo_access.sources.osm_packed import Packed, read_packed
from geo_access.sources.osm_packed_kernels import DisorderError, SpoiltError
from geo_access.sources.osm_solids import NO_WALLS, is_solid, is_wall
from geo_access.words.told import fault

__all__ = ["Part", "TagSets", "check_paths", "read_part"]

_HOUR_KEYS = frozenset({"day_on", "day_off", "hour_on", "hour_off"})
_SUFFIXES = (".osm.pbf", ".osh.pbf", ".pbf", ".osm", ".osh", ".osm.bz2", ".osm.gz", ".osh.bz2", ".osh.gz", ".o5m")
_TRIPLE = tuple[int, int, int]
TagSets = dict[tuple[tuple[str, str], ...], int]


def _unpacked(path: Path) -> bytes | None:
    """Text of a small packed file, which is read several times; None for any other."""
    opener = xml_opener(path)
    if opener in (None, open) or path.stat().st_size > _SMALL_BYTES:
        return None
    with opener(path, "rb") as file:
        text: bytes = file.read(_MOST_UNPACKED_BYTES + 1)
    return text if len(text) <= _MOST_UNPACKED_BYTES else None


def check_paths(paths: list[Path]) -> None:
    """Raise for files that do not exist, or whose names are not those of OSM files."""
    missing = [fault(str(path), "osm.no_file") for path in paths if not path.is_file()]
    raise_faults(missing, error=MissingFileError)
    strange = [
        fault(path.name, "osm.name", known=", ".join(_SUFFIXES))
        for path in paths
        if not path.name.lower().endswith(_SUFFIXES)
    ]
    if not paths:
        strange.append(fault("osm", "osm.no_extract"))
    raise_faults(strange)
    raise_faults([fault(path.name, "osm.bomb") for path in paths if is_bomb(path)], error=CapacityError)


class Part:
    """What reading one file has gathered: ways as flat arrays, nodes and relations by id."""

    def __init__(self, tag_sets: TagSets, box: tuple[int, int, int, int] | None) -> None:
        self.box = box
        self.tag_sets = tag_sets
        self.text: bytes | None = None
        self.way_id = array("q")
        self.version = array("i")
        self.way_tags = array("i")
        self.counts = array("q")
        self.node_id = array("q")
        self.x = array("i")
        self.y = array("i")
        self.node_tags: dict[int, tuple[int, dict[str, str]]] = {}
        self.relations: dict[int, tuple[int, dict[str, str], list[tuple[str, int, str]]]] = {}
        self.multipolygons: dict[int, tuple[int, dict[str, str], list[tuple[str, int, str]]]] = {}
        self.solid_id = array("q")
        self.solid_x = array("i")
        self.solid_y = array("i")
        self.solid_relations: dict[int, tuple[list[int], list[int]]] = {}
        self.walls: dict[int, list[_TRIPLE]] = {}
        # Where every node is, by osmium: to read some ways again without the nodes.
        self.located: Any = None
        self.packed: Packed | None = None
        self.whole: dict[int, list[_TRIPLE]] | None = None
        self.outside = 0
        self.odd: Counter[str] = Counter()
        # What an editor has changed or deleted, by kind of object: it stands for what other files say of it.
        self.drafted: dict[str, set[int]] = {"node": set(), "way": set(), "relation": set()}
        self.moved: dict[int, tuple[int, int]] = {}
        # Versions in which ways were deleted.
        self.retired: dict[int, int] = {}

    def way(self, number: int, version: int, tags: Iterable[tuple[str, str]], found: list[_TRIPLE]) -> None:
        """Keep a way that people may move along, with the tags that are read; `found` has node, x and y."""
        kept = tuple(tags)
        if len(found) < 2:
            return
        refs, xs, ys = zip(*found, strict=True)
        if self.box is not None:
            west, south, east, north = self.box
            if not any(west <= x <= east and south <= y <= north for x, y in zip(xs, ys, strict=True)):
                self.outside += 1
                return
        self.way_id.append(number)
        self.version.append(version)
        self.way_tags.append(self.tag_sets.setdefault(kept, len(self.tag_sets)))
        self.counts.append(len(refs))
        self.node_id.extend(refs)
        self.x.extend(xs)
        self.y.extend(ys)

    def solid(self, number: int, x: int, y: int) -> None:
        """Keep where a building or a water begins: it may stand in a square."""
        self.solid_id.append(number)
        self.solid_x.append(x)
        self.solid_y.append(y)

    def node(self, number: int, version: int, tags: Iterable[tuple[str, str]]) -> None:
        """Keep the tags of a barrier, a signal, a kerb or a crossing that some may not pass."""
        kept = {key: value for key, value in tags if key in NODE_KEY_SET}
        stops = "barrier" in kept or kept.get("kerb") in HIGH_KERBS
        highway = kept.get("highway")
        if (
            stops
            or highway in ("traffic_signals", "elevator")
            or highway in TURNING_PLACES
            or (highway == "crossing" and kept.get("wheelchair") == "no")
        ):
            self.node_tags[number] = (version, kept)

    def relation(self, number: int, version: int, tags: dict[str, str], members: list[tuple[str, int, str]]) -> None:
        """Keep a turn restriction, or a multipolygon that may be walked across."""
        kind = tags.get("type", "")
        if kind == "multipolygon" and is_street(tuple(tags.items())):
            kept = {key: value for key, value in tags.items() if key in WAY_KEY_SET}
            self.multipolygons[number] = (version, kept, members)
        elif kind == "multipolygon" and is_solid(tags):
            outer = [ref for kind, ref, role in members if kind == "w" and role != "inner"]
            self.solid_relations[number] = (outer, [ref for kind, ref, role in members if role == "inner"])
        if kind.startswith("restriction"):
            own = kind.partition(":")[2]
            kept = {
                (f"restriction:{own}" if own and key == "restriction" else key): value
                for key, value in tags.items()
                if key in ("except", *_HOUR_KEYS) or key.startswith("restriction")
            }
            self.relations[number] = (version, kept, members)


def _pairs(item: Any) -> list[tuple[str, str]]:
    return [(tag.k, tag.v) for tag in item.tags]


def _members(item: Any) -> list[tuple[str, int, str]]:
    return [(member.type, member.ref, member.role) for member in item.members]


def _read_sorted(part: Part, path: Path) -> bool:
    """Read a file as it comes; False as soon as it turns out to be one that must be gathered first."""
    import osmium  # noqa: PLC0415 — importing the room stays cheap

    source = osm_file(path, part.text)
    reader = osmium.FileProcessor(source, osmium.osm.NODE | osmium.osm.WAY | osmium.osm.RELATION)
    header = reader.header
    if header.has_multiple_object_versions or "LocationsOnWays" in [
        header.get(f"pbf_optional_feature_{k}", "") for k in range(8)
    ]:
        return False
    reader = reader.with_locations()
    part.located = reader.node_location_storage
    for kind, keys in READ_KEYS.items():
        wanted = osmium.filter.KeyFilter(*keys)
        wanted.enable_for(getattr(osmium.osm, kind))
        reader = reader.with_filter(wanted)
    last = 0
    way_kind, node_kind = osmium.osm.Way, osmium.osm.Node
    items: Iterable[Any] = reader
    for item in items:
        number = item.id
        if number <= 0:
            return False
        if isinstance(item, way_kind):
            if number <= last:
                return False
            last = number
            # Most ways are buildings: the least that can be asked of them.
            found = item.tags
            building = found.get("building")
            if building is not None and "highway" not in found:
                nodes = item.nodes
                plain = building not in NO_WALLS and found.get("layer", "0") in ("0", "")
                # Some ways have lost their nodes.
                if len(nodes) > 3 and (plain or is_solid(found)):
                    place = nodes[0].location
                    part.solid(number, place.x, place.y)
                continue
            if item.deleted:
                return False
            tags = tuple([(key, value) for key, value in item.tags if key in WAY_KEY_SET])
            if is_street(tags):
                # The position first: asking a node for x and y looks it up twice.
                placed = [(node.ref, node.location) for node in item.nodes]
                part.way(number, item.version, tags, [(ref, place.x, place.y) for ref, place in placed])
            elif len(item.nodes) > 3 and is_solid(found):
                first = item.nodes[0]
                part.solid(number, first.x, first.y)
            elif is_wall(found):
                part.walls[number] = [(node.ref, node.x, node.y) for node in item.nodes]
        elif item.deleted:
            return False
        elif isinstance(item, node_kind):
            part.node(number, item.version, _pairs(item))
        else:
            part.relation(number, item.version, dict(_pairs(item)), _members(item))
    lost = list(islice((ref for ref, x in zip(part.node_id, part.x, strict=True) if x == UNDEFINED), 1_000))
    return not lost or not (min(lost) <= 0 or _holds_any(part, path, lost))


def _take_packed(part: Part, packed: Packed) -> None:
    """Gather what a compiled reading has found, in the same order as reading object by object."""
    streets = [tuple(pair for pair in tags if pair[0] in WAY_KEY_SET) for tags in packed.tags]
    kinds = np.array([_kind(tags, kept) for tags, kept in zip(packed.tags, streets, strict=True)], dtype=np.int64)
    kind_of_way, indptr = kinds[packed.way_tags], indptr_of(packed.counts)
    moved = (kind_of_way == _STREET) & (packed.counts > 1)
    if part.box is not None and len(moved):
        west, south, east, north = part.box
        inside = (packed.x >= west) & (packed.x <= east) & (packed.y >= south) & (packed.y <= north)
        here = np.diff(np.concatenate(([0], np.cumsum(inside)))[indptr]) > 0
        part.outside = int((moved & ~here).sum())
        moved &= here
    of_kept = packed.way_tags[moved]
    first = np.full(len(streets), -1, dtype=np.int64)
    for kind in of_kept[np.sort(np.unique(of_kept, return_index=True)[1])].tolist():
        first[kind] = part.tag_sets.setdefault(streets[kind], len(part.tag_sets))
    rows = np.repeat(moved, packed.counts)
    for target, values in (
        (part.way_id, packed.way_id[moved]),
        (part.version, packed.version[moved]),
        (part.way_tags, first[of_kept]),
        (part.counts, packed.counts[moved]),
        (part.node_id, packed.node_id[rows]),
        (part.x, packed.x[rows]),
        (part.y, packed.y[rows]),
    ):
        target.frombytes(values.astype(target.typecode).tobytes())
    solid = ((kind_of_way == _SOLID) | (kind_of_way == _SOLID_OR_WALL)) & (packed.counts > 3)
    for target, values in (
        (part.solid_id, packed.way_id[solid]),
        (part.solid_x, packed.x[indptr[:-1][solid]]),
        (part.solid_y, packed.y[indptr[:-1][solid]]),
    ):
        target.frombytes(values.astype(target.typecode).tobytes())
    walls = np.flatnonzero((kind_of_way == _WALL) | ((kind_of_way == _SOLID_OR_WALL) & (packed.counts <= 3)))
    for way in walls.tolist():
        line = slice(indptr[way], indptr[way + 1])
        columns = (packed.node_id[line].tolist(), packed.x[line].tolist(), packed.y[line].tolist())
        part.walls[int(packed.way_id[way])] = list(zip(*columns, strict=True))
    for number, version, tags in packed.nodes:
        part.node(number, version, tags)
    for number, version, named, members in packed.relations:
        part.relation(number, version, named, members)
    part.packed = packed


_STREET, _SOLID, _WALL, _SOLID_OR_WALL = 1, 2, 3, 4


def _kind(tags: tuple[tuple[str, str], ...], kept: tuple[tuple[str, str], ...]) -> int:
    """Tell what a way with these tags is."""
    found = dict(tags)
    if "building" in found and "highway" not in found:
        return _SOLID if is_solid(found) else 0
    if is_street(kept):
        return _STREET
    return (_SOLID_OR_WALL if is_wall(found) else _SOLID) if is_solid(found) else _WALL * is_wall(found)


def _holds_any(part: Part, path: Path, nodes: list[int]) -> bool:
    """Whether a file holds any of some nodes: those that ways lacked when they were read."""
    import osmium  # noqa: PLC0415 — importing the room stays cheap

    reader = osmium.FileProcessor(osm_file(path, part.text), osmium.osm.NODE)
    return any(True for _ in reader.with_filter(osmium.filter.IdFilter(nodes)))


def _read_whole(part: Part, path: Path, drafted: dict[tuple[str, int], str]) -> None:
    """Gather the newest version of every object, in any order, then read."""
    import osmium  # noqa: PLC0415 — importing the room stays cheap

    nodes: dict[int, tuple[int, int, int, list[tuple[str, str]]]] = {}
    ways: dict[int, tuple[int, bool, list[tuple[str, str]], list[_TRIPLE]]] = {}
    relations: dict[int, tuple[int, bool, list[tuple[str, str]], list[tuple[str, int, str]]]] = {}
    kinds = osmium.osm.NODE | osmium.osm.WAY | osmium.osm.RELATION
    items: Iterable[Any] = osmium.FileProcessor(osm_file(path, part.text), kinds)
    for item in items:
        name = (
            "node" if isinstance(item, osmium.osm.Node) else "way" if isinstance(item, osmium.osm.Way) else "relation"
        )
        number, version, there = item.id, item.version, not item.deleted and drafted.get((name, item.id)) != "delete"
        table: Mapping[int, tuple[Any, ...]] = nodes if name == "node" else ways if name == "way" else relations
        if number in table and table[number][0] > version:
            part.odd["older"] += 1
            continue
        part.odd["older"] += number in table
        part.odd["deleted"] += not there
        if isinstance(item, osmium.osm.Node):
            placed = there and item.location.valid()
            x, y = (item.location.x, item.location.y) if placed else (UNDEFINED, UNDEFINED)
            nodes[number] = (version, x, y, _pairs(item) if there else [])
        elif isinstance(item, osmium.osm.Way):
            found = [(ref.ref, ref.x, ref.y) for ref in item.nodes] if there else []
            ways[number] = (version, there, _pairs(item), found)
        else:
            relations[number] = (version, there, _pairs(item), _members(item))
    for kind, number in drafted:
        part.drafted[kind].add(number)
    part.moved = {number: nodes[number][1:3] for number in part.drafted["node"] & nodes.keys()}
    part.retired = {number: version for number, (version, there, _, _) in ways.items() if not there}
    for number, (version, _, _, tags) in nodes.items():
        if tags:
            part.node(number, version, tags)
    part.whole = {}
    for number, (version, there, tags, found) in ways.items():
        if not there:
            continue
        line = [(ref, *nodes.get(ref, (0, x, y))[1:3]) for ref, x, y in found]
        part.whole[number] = line
        if is_solid(dict(tags)) and line and line[0][1] != UNDEFINED:
            part.solid(number, line[0][1], line[0][2])
        elif is_wall(dict(tags)) and not is_street(tuple(tags)):
            part.walls[number] = line
        kept = tuple(pair for pair in tags if pair[0] in WAY_KEY_SET)
        if is_street(kept):
            part.way(number, version, kept, line)
    for number, (version, there, tags, members) in relations.items():
        if there:
            part.relation(number, version, dict(tags), members)


_SMALL_BYTES = 16 << 20
_MOST_UNPACKED_BYTES = 256 << 20


def _read_ordinary(part: Part, path: Path) -> bool:
    """Read a file as it comes; False for one that must be gathered first."""
    if kind_of(path) != ("pbf", ""):
        return _read_sorted(part, path)
    try:
        packed = read_packed(path)
    except DisorderError:
        return False
    except SpoiltError:
        raise
    except (ValueError, IndexError, OverflowError, zlib.error):
        # Another variety of the format, or one that osmium knows what is wrong with.
        return _read_sorted(part, path)
    _take_packed(part, packed)
    return True


_REMARK = re.compile(rb"<remark>\s*(.*?)\s*</remark>", re.DOTALL)
_TAIL_BYTES = 4_096


def _refuse_remark(path: Path, text: bytes | None) -> None:
    """Raise where a server wrote into its answer that it did not finish (Overpass: ``<remark>runtime error …``)."""
    if text is None and kind_of(path) != ("osm", ""):
        return
    with io.BytesIO(text) if text is not None else path.open("rb") as file:
        head = file.read(_TAIL_BYTES)
        file.seek(0, io.SEEK_END)
        file.seek(max(0, file.tell() - _TAIL_BYTES))
        found = _REMARK.search(head) or _REMARK.search(file.read())
    if found is None:
        return
    said = " ".join(found[1].decode("utf-8", "replace").split())[:200]
    if re.search(r"error|timed? ?out|memory|exceed|rate_limit|dispatcher", said, re.IGNORECASE):
        raise InputError(
            f"{path.name}: the server did not finish this answer ({said}) → ask again for a smaller area, or take an "
            "extract",
            key="osm.remark",
            values={"file": path.name, "said": said},
        )


def read_part(path: Path, tag_sets: TagSets, *, box: tuple[int, int, int, int] | None) -> Part:
    """Read one file.

    Parameters
    ----------
    path : Path
    tag_sets : dict
        Tag combinations known so far; grows.
    box : (west, south, east, north) or None
        Keep ways with a node inside [1e-7 degree].

    Returns
    -------
    Part

    Raises
    ------
    InputError
        When the file is no OSM data, is cut short, or says that it is not complete.
    """
    import osmium  # noqa: PLC0415 — importing the room stays cheap

    part = Part(tag_sets, box)
    try:
        part.text = _unpacked(path)
        _refuse_remark(path, part.text)
        drafted, gone = drafted_objects(path, part.text)
        if drafted or gone or not _read_ordinary(part, path):
            text, part = part.text, Part(tag_sets, box)
            part.text = text
            _read_whole(part, path, drafted)
    except InputError:
        raise
    except (RuntimeError, ValueError, OSError, EOFError, zlib.error, osmium.InvalidLocationError) as error:
        why = f"{error}{holder_of(path, part.text, str(error))}"
        raise InputError(
            f"{path.name}: it cannot be read as OSM data ({why}) → download it again; "
            "expected .osm.pbf, .osm, .osm.bz2 or .osm.gz",
            key="osm.unreadable",
            values={"file": path.name, "why": why},
        ) from error
    return part
