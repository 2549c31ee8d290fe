"""Areas that people walk on: their rims, holes and the obstacles that stand in them, as rings of nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geo_access.sources.osm_kinds import osm_file
from geo_access.sources.osm_parts import UNDEFINED, Part

__all__ = ["Ring", "WalkArea", "walk_areas"]

_WALKED = frozenset(
    {"pedestrian", "footway", "path", "corridor", "platform", "living_street", "service", "residential", "track"}
    | {"unclassified", "cycleway", "steps"}
)


@dataclass(frozen=True, eq=False)
class Ring:
    """A closed line.

    Attributes
    ----------
    node_id : ndarray of int64, shape (n + 1,)
        The last is the first.
    lonlat : ndarray of float64, shape (n + 1, 2)
        [degree], EPSG:4326.
    """

    node_id: np.ndarray
    lonlat: np.ndarray


@dataclass(frozen=True, eq=False)
class WalkArea:
    """One area that people may walk across.

    Attributes
    ----------
    way_id : int
        OSM id of the closed way, or of the relation.
    tags : dict of str to str
    rings : tuple of Ring
        The rim, then holes and obstacles.
    rim : bool
        Whether the rim is a way with these tags itself.
    """

    way_id: int
    tags: dict[str, str]
    rings: tuple[Ring, ...]
    rim: bool


def is_walk_area(tags: Mapping[str, str]) -> bool:
    """Whether a closed line with these tags is walked across.

    Examples
    --------
    >>> is_walk_area({"highway": "pedestrian", "area": "yes"}), is_walk_area({"highway": "pedestrian"})
    (True, False)
    """
    # A closed platform or pier is an area unless it says that it is none; a closed street is a line.
    platform = tags.get("railway") == "platform" or tags.get("public_transport") == "platform"
    if platform or (tags.get("man_made") == "pier" and "highway" not in tags):
        return tags.get("area") != "no"
    return tags.get("area") == "yes" and tags.get("highway") in _WALKED


_FEW_SOLIDS = 5_000
_NEAR_DEGREES = 4e-4  # some 40 m
_LEAST_OVERLAP = 1e-10  # square degrees, some 1 m²: neighbours whose walls are drawn across each other
_Lines = dict[int, list[tuple[int, int, int]]]


def _fetched(path: Path, part: Part, wanted: set[int]) -> _Lines:
    """Nodes and positions of some ways, whatever they are."""
    if part.whole is not None:
        return {way: part.whole[way] for way in wanted if way in part.whole}
    if not wanted:
        return {}
    import osmium  # noqa: PLC0415 — importing the room stays cheap

    found: _Lines = {}
    reader = osmium.FileProcessor(osm_file(path, part.text), osmium.osm.NODE | osmium.osm.WAY).with_locations()
    reader = reader.with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
    for item in reader.with_filter(osmium.filter.IdFilter(wanted)):
        if isinstance(item, osmium.osm.Way):
            found[item.id] = [(node.ref, node.x, node.y) for node in item.nodes]
    return found


def _ring(line: Sequence[tuple[int, int, int]]) -> Ring | None:
    """Close a line that ends where it begins and whose positions are known."""
    if len(line) < 4 or line[0][0] != line[-1][0]:
        return None
    table = np.array(line, dtype=np.int64)
    return _closed_line(table[:, 0], table[:, 1], table[:, 2])


def _closed_line(node_id: np.ndarray, x: np.ndarray, y: np.ndarray) -> Ring | None:
    """Ring of some nodes [1e-7 degree]; None where they make none."""
    if len(node_id) < 4 or node_id[0] != node_id[-1] or (x == UNDEFINED).any():
        return None
    return Ring(node_id.astype(np.int64), np.column_stack((x, y)) * 1e-7)


def _joined(lines: Iterable[list[tuple[int, int, int]]]) -> list[Ring]:
    """Rings that some lines make end to end."""
    open_lines = [line for line in lines if len(line) > 1]
    rings: list[Ring] = []
    while open_lines:
        line = open_lines.pop()
        while line[0][0] != line[-1][0]:
            k = next((k for k, other in enumerate(open_lines) if line[-1][0] in (other[0][0], other[-1][0])), None)
            if k is None:
                break
            other = open_lines.pop(k)
            line = line + (other if other[0][0] == line[-1][0] else other[::-1])[1:]
        ring = _ring(line)
        if ring is not None:
            rings.append(ring)
    return rings


def _of_ways(part: Part, tag_sets: Sequence[dict[str, str]]) -> list[WalkArea]:
    """Find the closed ways that are walked across."""
    across = np.array([is_walk_area(tags) for tags in tag_sets], dtype=bool)
    way_tags, counts = np.array(part.way_tags, dtype=np.int64), np.array(part.counts, dtype=np.int64)
    starts = np.cumsum(counts) - counts
    found = []
    nodes, xs, ys = (np.frombuffer(values, dtype=values.typecode) for values in (part.node_id, part.x, part.y))
    for way in np.flatnonzero(across[way_tags]).tolist() if len(way_tags) else []:
        at = slice(int(starts[way]), int(starts[way] + counts[way]))
        ring = _closed_line(nodes[at], xs[at], ys[at])
        if ring is not None:
            found.append(WalkArea(part.way_id[way], tag_sets[part.way_tags[way]], (ring,), rim=True))
    return found


def _of_relations(part: Part, lines: _Lines) -> list[WalkArea]:
    """Multipolygons that are walked across; each of their outer rings is one area."""
    import shapely  # noqa: PLC0415 — importing the room stays cheap

    found = []
    for number, (_, tags, members) in part.multipolygons.items():
        if not is_walk_area(tags | {"area": "yes"}):
            continue
        sides: dict[str, list[list[tuple[int, int, int]]]] = {"outer": [], "inner": []}
        for kind, ref, role in members:
            if kind == "w" and ref in lines:
                sides["inner" if role == "inner" else "outer"].append(lines[ref])
        holes = _joined(sides["inner"])
        for ring in _joined(sides["outer"]):
            shape = shapely.make_valid(shapely.Polygon(ring.lonlat))
            mine = [hole for hole in holes if shape.intersects(shapely.Polygon(hole.lonlat))]
            found.append(WalkArea(number, tags, (ring, *mine), rim=False))
    return found


def outlines(areas: Sequence[WalkArea]) -> np.ndarray:
    """Outer rims of some areas, without holes, as shapely polygons, object (n,)."""
    import shapely  # noqa: PLC0415 — importing the room stays cheap

    rims = [area.rings[0].lonlat for area in areas]
    of_rim = np.repeat(np.arange(len(rims)), [len(rim) for rim in rims])
    found: np.ndarray = shapely.polygons(shapely.linearrings(np.concatenate(rims), indices=of_rim))
    return found


def _near(areas: Sequence[WalkArea], part: Part) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shapes of areas, and pairs of an area and a solid that begins in it or near it."""
    import shapely  # noqa: PLC0415 — importing the room stays cheap

    shapes = shapely.make_valid(outlines(areas))
    x, y = np.array(part.solid_x, dtype=np.int64) * 1e-7, np.array(part.solid_y, dtype=np.int64) * 1e-7
    # A building may begin outside of the square that it reaches into.
    tree = shapely.STRtree(shapely.points(x, y))
    area_row, solid = tree.query(shapes, predicate="dwithin", distance=_NEAR_DEGREES)
    return shapes, area_row, solid


def _with_obstacles(areas: list[WalkArea], path: Path, part: Part, *, known: _Lines | None) -> list[WalkArea]:
    """Put buildings and water that stand inside areas among their holes."""
    import shapely  # noqa: PLC0415 — importing the room stays cheap

    if not areas or not len(part.solid_id):
        return areas
    shapes, area_row, solid = _near(areas, part)
    ids = np.array(part.solid_id, dtype=np.int64)
    lines = _fetched(path, part, set(ids[solid].tolist())) if known is None else known
    more: dict[int, list[Ring]] = {}
    for row, way in zip(area_row.tolist(), ids[solid].tolist(), strict=True):
        ring = _ring(lines.get(way, []))
        if ring is None:
            continue
        inside = shapely.make_valid(shapely.Polygon(ring.lonlat)).intersection(shapes[row])
        # A house that only touches the square, or covers it (a roof, a hall), is no obstacle in it.
        if _LEAST_OVERLAP < inside.area < 0.9 * shapes[row].area:
            more.setdefault(row, []).append(ring)
    return [WalkArea(area.way_id, area.tags, (*area.rings, *more.get(k, ())), area.rim) for k, area in enumerate(areas)]


def walk_areas(path: Path, part: Part, tag_sets: Sequence[dict[str, str]]) -> list[WalkArea]:
    """Read the areas of one file that people walk across.

    Parameters
    ----------
    path : Path
    part : Part
        What reading the file has gathered.
    tag_sets : sequence of dict

    Returns
    -------
    list of WalkArea
    """
    areas = _of_ways(part, tag_sets)
    members = {ref for _, _, found in part.multipolygons.values() for kind, ref, _ in found if kind == "w"}
    if not members:
        return _with_obstacles(areas, path, part, known=None)
    # Few buildings are fetched with the members, whether they stand in a square or not: reading again costs more.
    few = set(part.solid_id) if len(part.solid_id) <= _FEW_SOLIDS else set()
    lines = _fetched(path, part, members | few)
    return _with_obstacles(areas + _of_relations(part, lines), path, part, known=lines if few else None)
