"""Areas that people walk on: their rims, holes and the obstacles that stand in them, as rings of nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from geo_access.sources.osm_keys import UNDEFINED
from geo_access.sources.osm_kinds import osm_file
from geo_access.sources.osm_obstacles import Obstacles, solids_near, standing
from geo_access.sources.osm_parts import Part
from geo_access.sources.osm_rings import Lines, Ring, closed_line, joined

__all__ = ["WalkArea", "outlines", "walk_areas"]

_WALKED = frozenset(
    {"pedestrian", "footway", "path", "corridor", "platform", "living_street", "service", "residential", "track"}
    | {"unclassified", "cycleway", "steps"}
)


_FEW_SOLIDS = 5_000


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
    inner_id : ndarray of int64, shape (n,)
        Nodes between pieces that are walked as one: no part of a rim any more, streets may still end there.
    inner_lonlat : ndarray of float64, shape (n, 2)
        [degree], EPSG:4326.
    rim_ways : tuple of int
        OSM ids of the closed ways that pieces are, where the area is made of several.
    """

    way_id: int
    tags: dict[str, str]
    rings: tuple[Ring, ...]
    rim: bool
    inner_id: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    inner_lonlat: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    rim_ways: tuple[int, ...] = ()


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


def _fetched(path: Path, part: Part, wanted: set[int]) -> Lines:
    """Nodes and positions of some ways, whatever they are."""
    if part.whole is not None:
        return {way: part.whole[way] for way in wanted if way in part.whole}
    # Members that were drawn in an editor are not in this file.
    wanted = {way for way in wanted if way > 0}
    if not wanted:
        return {}
    if part.packed is not None:
        return part.packed.lines(path, wanted)
    import osmium  # noqa: PLC0415 — importing the room stays cheap

    found: Lines = {}
    reader = osmium.FileProcessor(osm_file(path, part.text), osmium.osm.WAY)
    for item in reader.with_filter(osmium.filter.IdFilter(wanted)):
        if isinstance(item, osmium.osm.Way):
            found[item.id] = [_placed(node.ref, part.located) for node in item.nodes]
    return found


def _placed(node: int, located: Any) -> tuple[int, int, int]:
    """Node with its position, as reading the file has kept it."""
    try:
        place = located.get(node) if node > 0 else None
    except KeyError:
        place = None
    if place is None:
        return node, UNDEFINED, UNDEFINED
    return node, place.x, place.y


def _of_ways(part: Part, tag_sets: Sequence[dict[str, str]]) -> list[WalkArea]:
    """Find the closed ways that are walked across."""
    across = np.array([is_walk_area(tags) for tags in tag_sets], dtype=bool)
    way_tags, counts = np.array(part.way_tags, dtype=np.int64), np.array(part.counts, dtype=np.int64)
    starts = np.cumsum(counts) - counts
    found = []
    nodes, xs, ys = (np.frombuffer(values, dtype=values.typecode) for values in (part.node_id, part.x, part.y))
    for way in np.flatnonzero(across[way_tags]).tolist() if len(way_tags) else []:
        at = slice(int(starts[way]), int(starts[way] + counts[way]))
        ring = closed_line(nodes[at], xs[at], ys[at])
        if ring is not None:
            found.append(WalkArea(part.way_id[way], tag_sets[part.way_tags[way]], (ring,), rim=True))
    return found


def _of_relations(part: Part, lines: Lines) -> list[WalkArea]:
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
        holes = joined(sides["inner"])
        for ring in joined(sides["outer"]):
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
    solids = {way for sides in part.solid_relations.values() for side in sides for way in side}
    # Few buildings are fetched with the members, whether they stand in a square or not: reading again costs more.
    few = set(part.solid_id) if len(part.solid_id) <= _FEW_SOLIDS else None
    lines: Lines = {}
    if members:
        lines = _fetched(path, part, members | solids | (few or set()))
        areas += _of_relations(part, lines)
    if not areas:
        return areas
    import shapely  # noqa: PLC0415 — importing the room stays cheap

    shapes = shapely.make_valid(outlines(areas))
    near = solids_near(shapes, part)
    if few is None:
        solids |= set(near[1].tolist())
    more = solids | (few or set())
    lines |= _fetched(path, part, more - set(lines)) if not members or few is None else {}
    standing_in = standing(Obstacles(shapes, part, lines, _through(part, areas), near))
    return [replace(area, rings=(*area.rings, *standing_in.get(k, ()))) for k, area in enumerate(areas)]


def _through(part: Part, areas: Sequence[WalkArea]) -> np.ndarray:
    """Nodes of the streets that are no rim of an area."""
    rims = np.array([area.way_id for area in areas if area.rim], dtype=np.int64)
    way = np.repeat(np.array(part.way_id, dtype=np.int64), np.array(part.counts, dtype=np.int64))
    return np.array(part.node_id, dtype=np.int64)[~np.isin(way, rims)]
