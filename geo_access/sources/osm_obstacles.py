"""Rings of what stands in squares: of buildings and waters, of buildings of several lines, of walls with their gates.

A wall, a fence or a hedge is drawn as 30 cm of it. It is cut, 75 cm to each side, at its gates that are not locked or
private and where a street runs through it. Corners that no OSM node stands at take a number from their position, below
that of any draft of an editor: the same corner has the same number in every file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from geo_access.sources.osm_keys import UNDEFINED
from geo_access.sources.osm_parts import Part
from geo_access.sources.osm_rings import Lines, Ring, joined, ring_of
from geo_access.sources.osm_solids import is_opening

__all__ = ["Obstacles", "solids_near", "standing"]

_NEAR_DEGREES = 4e-4  # some 40 m
_LEAST_OVERLAP = 1e-10  # square degrees, some 1 m²: neighbours whose walls are drawn across each other
_DEGREE_M = 111_195.0
_WALL_M = 0.3
_OPENING_M = 0.75
_RIM_M = 0.5  # a wall along the rim is no obstacle inside
_FIRST = -(1 << 62)
_SHIFT = np.array([180.0, 90.0])


@dataclass(frozen=True, eq=False)
class Obstacles:
    """What a file holds of obstacles, for its areas.

    Attributes
    ----------
    shapes : ndarray of object, shape (n_areas,)
        Outlines of the areas, as shapely geometries [degree].
    part : Part
    lines : dict of int to list of (node, x, y)
        Ways of solids near the areas and of buildings of several lines [1e-7 degree].
    streets : ndarray of int64
        Nodes of streets that are no rims of areas.
    near : (ndarray of int64, ndarray of int64)
        What `solids_near` has found.
    """

    shapes: np.ndarray
    part: Part
    lines: Lines
    streets: np.ndarray
    near: tuple[np.ndarray, np.ndarray]


def solids_near(shapes: np.ndarray, part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of an area and the OSM id of a solid that begins in it or near it.

    Parameters
    ----------
    shapes : ndarray of object, shape (n_areas,)
        Outlines of the areas [degree].
    part : Part

    Returns
    -------
    area, way : ndarray of int64
    """
    import shapely  # noqa: PLC0415 — importing the room stays cheap

    ids, x, y = (np.array(v, dtype=np.int64) for v in (part.solid_id, part.solid_x, part.solid_y))
    order = np.argsort(x, kind="stable")
    ids, places = ids[order], np.column_stack((x, y))[order] * 1e-7
    # A building may begin outside of the square that it reaches into.
    boxes = shapely.bounds(shapes) + np.array([-1.0, -1.0, 1.0, 1.0]) * _NEAR_DEGREES
    first = np.searchsorted(places[:, 0], boxes[:, 0])
    last = np.searchsorted(places[:, 0], boxes[:, 2], side="right")
    areas, ways = [], []
    for row, (_, south, _, north) in enumerate(boxes.tolist()):
        y_here = places[first[row] : last[row], 1]
        near = first[row] + np.flatnonzero((y_here >= south) & (y_here <= north))
        if len(near):
            near = near[shapely.dwithin(shapes[row], shapely.points(places[near]), _NEAR_DEGREES)]
        areas.append(np.full(len(near), row))
        ways.append(ids[near])
    return np.concatenate(areas), np.concatenate(ways)


def _numbered(lonlat: np.ndarray) -> Ring:
    """Ring of corners that no OSM node stands at."""
    steps = np.round((lonlat + _SHIFT) / 2e-7).astype(np.int64)
    return Ring(_FIRST - (steps[:, 0] * (1 << 30) + steps[:, 1]), steps * 2e-7 - _SHIFT)


def _stands(shape: Any, area: Any) -> bool:
    """Whether a building stands in a square; one that only touches it, or covers it (a hall), does not."""
    return bool(_LEAST_OVERLAP < shape.intersection(area).area < 0.9 * area.area)


def _simple(found: Obstacles) -> Iterator[tuple[int, Ring]]:
    import shapely  # noqa: PLC0415 — importing the room stays cheap

    for row, way in zip(*(values.tolist() for values in found.near), strict=True):
        ring = ring_of(found.lines.get(way, []))
        if ring is not None and _stands(shapely.make_valid(shapely.Polygon(ring.lonlat)), found.shapes[row]):
            yield row, ring


def _of_several_lines(found: Obstacles) -> Iterator[tuple[int, Ring]]:
    """Find the buildings and waters that are multipolygons; a yard inside one stays free."""
    import shapely  # noqa: PLC0415 — importing the room stays cheap

    tree = shapely.STRtree(found.shapes)
    for outers, inners in found.part.solid_relations.values():
        holes = [shapely.Polygon(ring.lonlat) for ring in joined(found.lines[w] for w in inners if w in found.lines)]
        for ring in joined(found.lines[way] for way in outers if way in found.lines):
            shape = shapely.make_valid(shapely.Polygon(ring.lonlat))
            near = tree.query(shape, "intersects").tolist()
            solid = shape.difference(shapely.union_all(shapely.make_valid(holes))) if near else shape
            for row in near:
                if _stands(solid, area := found.shapes[row]):
                    yield from ((row, piece) for piece in _inside(ring, shape, solid, area))


def _inside(ring: Ring, shape: Any, solid: Any, area: Any) -> list[Ring]:
    """Rings of a building in a square: its own outer one, or, where a yard of it lies in the square, its wings."""
    import shapely  # noqa: PLC0415 — importing the room stays cheap

    inside = solid.intersection(area)
    if shape.intersection(area).area - inside.area < _LEAST_OVERLAP:
        return [ring]
    wings = [wing for wing in shapely.get_parts(inside) if wing.geom_type == "Polygon" and wing.area > _LEAST_OVERLAP]
    return [_numbered(shapely.get_coordinates(wing.exterior)) for wing in wings]


def _pieces(line: Sequence[tuple[int, int, int]], open_nodes: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Pieces of a wall between its openings, as shapely lines [m]."""
    import shapely  # noqa: PLC0415 — importing the room stays cheap

    table = np.array(line, dtype=np.int64)
    xy = table[:, 1:] * 1e-7 * scale
    gaps = shapely.union_all(shapely.buffer(shapely.points(xy[np.isin(table[:, 0], open_nodes)]), _OPENING_M))
    rest = shapely.LineString(xy).difference(gaps)
    return shapely.get_parts(shapely.line_merge(rest) if rest.geom_type == "MultiLineString" else rest)


def _walls(found: Obstacles, node_tags: Mapping[int, tuple[int, dict[str, str]]]) -> Iterator[tuple[int, Ring]]:
    import shapely  # noqa: PLC0415 — importing the room stays cheap

    # Where a node is missing, the wall stands on both sides of the gap.
    runs = (groupby(line, key=lambda triple: triple[1] != UNDEFINED) for line in found.part.walls.values())
    walls = [known for line in runs for placed, run in line if placed and len(known := list(run)) > 1]
    if not walls:
        return
    counts = [len(line) for line in walls]
    table = np.array([triple for line in walls for triple in line], dtype=np.int64)
    lines = shapely.linestrings(table[:, 1:] * 1e-7, indices=np.repeat(np.arange(len(walls)), counts))
    gates = {node for node, (_, tags) in node_tags.items() if is_opening(tags)}
    shut = {node for node, (_, tags) in node_tags.items() if "barrier" in tags} - gates
    nodes = np.unique(table[:, 0])
    through = nodes[np.isin(nodes, found.streets)]
    open_nodes = np.array(sorted((set(through.tolist()) | gates) - shut), dtype=np.int64)
    for row, wall in zip(*(k.tolist() for k in shapely.STRtree(lines).query(found.shapes, "intersects")), strict=True):
        scale = _DEGREE_M * np.array([np.cos(np.radians(walls[wall][0][2] * 1e-7)), 1.0])
        inner = shapely.transform(found.shapes[row], lambda xy, scale=scale: xy * scale).buffer(-_RIM_M)
        for piece in _pieces(walls[wall], open_nodes, scale).tolist():
            if piece.intersection(inner).length < _RIM_M:
                continue
            # Only what lies in the square, and a little more: a city's wall is long.
            near = piece.intersection(inner.buffer(2 * _RIM_M))
            for part in shapely.get_parts(shapely.line_merge(near) if "Multi" in near.geom_type else near):
                if part.length > 0:
                    drawn = part.buffer(_WALL_M / 2, cap_style="flat", join_style="mitre")
                    yield row, _numbered(shapely.get_coordinates(drawn.exterior) / scale)


def standing(found: Obstacles) -> dict[int, list[Ring]]:
    """Rings of the obstacles that stand in each area.

    Parameters
    ----------
    found : Obstacles

    Returns
    -------
    dict of int to list of Ring
        By row of the area; areas without an obstacle are left out.
    """
    rings: dict[int, list[Ring]] = {}
    for found_rings in (_simple(found), _of_several_lines(found), _walls(found, found.part.node_tags)):
        for row, ring in found_rings:
            rings.setdefault(row, []).append(ring)
    return rings
