"""Squares, platforms and piers that are walked across, not only along their rim.

An area becomes straight ways between the points where one enters it: nodes that its rim shares with other streets, and
streets that end inside it. A straight way is laid where it stays inside and off every hole and obstacle; corners of
the rim and of obstacles are laid in where one has to go round them. Of two ways that differ by less than one per cent
the longer is left out. At most 40 entrances and 40 corners are looked at in one area, those farthest apart and the
sharpest: a square of 2,000 corners costs as much as one of 80. The rim always stays a way of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from geo_access.sources.osm import OsmWays, WalkArea
from geo_access.words.note import Note, note

if TYPE_CHECKING:
    import shapely

__all__ = ["open_areas"]

_MOST_ENTRANCES = 40
_MOST_CORNERS = 40
_SPARE = 1.01
_DEGREE_M = 111_195.0


@dataclass(frozen=True, eq=False)
class _Points:
    """Points of one area: node ids, metres from its first corner, degrees."""

    node_id: np.ndarray
    xy: np.ndarray
    lonlat: np.ndarray


def _metres(lonlat: np.ndarray, origin: np.ndarray) -> np.ndarray:
    return (lonlat - origin) * _DEGREE_M * np.array([np.cos(np.radians(origin[1])), 1.0])


def _polygon(area: WalkArea, origin: np.ndarray) -> shapely.Polygon | None:
    """Shape of the area without its holes and obstacles [m]; None where it is no area."""
    import shapely  # noqa: PLC0415 — importing the room stays cheap

    outer = shapely.make_valid(shapely.Polygon(_metres(area.rings[0].lonlat, origin)))
    holes = [shapely.make_valid(shapely.Polygon(_metres(ring.lonlat, origin))) for ring in area.rings[1:]]
    shape = outer.difference(shapely.union_all(holes)) if holes else outer
    return shape if shape.area > 1.0 else None


def _corners(area: WalkArea, origin: np.ndarray) -> _Points:
    """Corners that one may have to go round: reflex ones of the rim, outward ones of the holes; the sharpest."""
    ids, xy, lonlat, bend = [], [], [], []
    for k, ring in enumerate(area.rings):
        points = _metres(ring.lonlat[:-1], origin)
        before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
        cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
        turn = np.arctan2(cross, (before * after).sum(axis=1))
        sharp = turn * (1.0 if turn.sum() > 0 else -1.0) * (-1.0 if k == 0 else 1.0)
        chosen = sharp > 0.02
        ids.append(ring.node_id[:-1][chosen])
        xy.append(points[chosen])
        lonlat.append(ring.lonlat[:-1][chosen])
        bend.append(sharp[chosen])
    order = np.argsort(-np.concatenate(bend), kind="stable")[:_MOST_CORNERS]
    return _Points(np.concatenate(ids)[order], np.concatenate(xy)[order], np.concatenate(lonlat)[order])


def _spread(xy: np.ndarray, most: int) -> np.ndarray:
    """Rows of points far from each other, all when there are few."""
    if len(xy) <= most:
        return np.arange(len(xy))
    chosen = [0]
    gap = np.hypot(*(xy - xy[0]).T)
    while len(chosen) < most:
        chosen.append(int(gap.argmax()))
        gap = np.minimum(gap, np.hypot(*(xy - xy[chosen[-1]]).T))
    return np.array(sorted(chosen))


@njit(cache=True)
def _laid(first: np.ndarray, second: np.ndarray, length: np.ndarray, n: int, n_entrances: int) -> np.ndarray:
    """Rows of pairs, shortest first, to lay: not nearly as short over others, and of use between entrances."""
    apart = np.full((n, n), np.inf)
    for k in range(n):
        apart[k, k] = 0.0
    laid = np.zeros(len(first), dtype=np.bool_)
    for row in range(len(first)):
        a, b, straight = first[row], second[row], length[row]
        if apart[a, b] <= straight * _SPARE:
            continue
        laid[row] = True
        for i in range(n):
            from_i = min(apart[i, a], apart[i, b])
            if from_i == np.inf:
                continue
            for j in range(n):
                over = min(apart[i, a] + straight + apart[b, j], apart[i, b] + straight + apart[a, j])
                apart[i, j] = min(apart[i, j], over)
    for row in range(len(first)):
        if laid[row]:
            a, b, straight = first[row], second[row], length[row]
            needed = False
            for i in range(n_entrances):
                for j in range(n_entrances):
                    needed |= i != j and apart[i, a] + straight + apart[b, j] <= apart[i, j] + 1e-6
            laid[row] = needed
    return np.flatnonzero(laid)


def _lines(points: _Points, n_entrances: int, shape: shapely.Polygon | None) -> np.ndarray:
    """Pairs of points to join, int64 (n, 2): straight, inside, and not nearly as short over others."""
    import shapely  # noqa: PLC0415 — importing the room stays cheap

    first, second = np.triu_indices(len(points.xy), 1)
    if shape is not None:
        lines = shapely.linestrings(np.stack((points.xy[first], points.xy[second]), axis=1))
        # Degrees have seven digits: 1 cm; a line along the rim must not count as outside.
        room = shapely.buffer(shape, 0.05, quad_segs=1)
        shapely.prepare(room)
        seen = shapely.covers(room, lines)
        first, second = first[seen], second[seen]
    length = np.hypot(*(points.xy[first] - points.xy[second]).T)
    order = np.argsort(length, kind="stable")
    first, second, length = first[order], second[order], length[order]
    rows = _laid(first, second, length, len(points.xy), n_entrances)
    return np.column_stack((first[rows], second[rows]))


@dataclass(frozen=True, eq=False)
class _Uses:
    """How often streets run through each node."""

    node_id: np.ndarray
    times: np.ndarray

    def of(self, nodes: np.ndarray) -> np.ndarray:
        """Count how often streets run through some nodes, 0 where none does."""
        at = np.minimum(np.searchsorted(self.node_id, nodes), len(self.node_id) - 1)
        return np.where(self.node_id[at] == nodes, self.times[at], 0)


def _ends_inside(ways: OsmWays, areas: tuple[WalkArea, ...], used: _Uses) -> list[np.ndarray]:
    """Positions, for each area, of the streets that end inside it and join nothing there."""
    import shapely  # noqa: PLC0415 — importing the room stays cheap

    ends = np.unique(np.concatenate((ways.indptr[:-1], ways.indptr[1:] - 1)))
    alone = used.of(ways.node_id[ends]) == 1
    ends = ends[alone & np.isfinite(ways.lon[ends])]
    tree = shapely.STRtree(shapely.points(ways.lon[ends], ways.lat[ends]))
    shapes = [shapely.Polygon(area.rings[0].lonlat) for area in areas]
    area, point = tree.query(shapes, predicate="contains_properly" if all(s.is_valid for s in shapes) else None)
    return [ends[point[area == k]] for k in range(len(areas))]


def _entrances(ways: OsmWays, area: WalkArea, used: _Uses, inside: np.ndarray, origin: np.ndarray) -> _Points:
    ids, places = [], []
    # A multipolygon has no way of its own along its rim: one other street at a node is an entrance.
    least = 2 if area.rim else 1
    for ring in area.rings:
        shared = used.of(ring.node_id[:-1]) >= least
        ids.append(ring.node_id[:-1][shared])
        places.append(ring.lonlat[:-1][shared])
    ids.append(ways.node_id[inside])
    places.append(np.column_stack((ways.lon[inside], ways.lat[inside])))
    node_id, first = np.unique(np.concatenate(ids), return_index=True)
    lonlat = np.concatenate(places)[first]
    xy = _metres(lonlat, origin)
    rows = _spread(xy, _MOST_ENTRANCES)
    return _Points(node_id[rows], xy[rows], lonlat[rows])


def open_areas(ways: OsmWays) -> tuple[OsmWays, list[Note]]:
    """Lay ways across the areas that people walk on.

    Parameters
    ----------
    ways : OsmWays

    Returns
    -------
    ways : OsmWays
        With the ways across areas behind the others, under the ids and the tags of the areas.
    notes : list of Note
        How many areas were opened.
    """
    if not ways.areas:
        return ways, []
    # A closed way holds its first node twice.
    closed = ways.node_id[ways.indptr[:-1]] == ways.node_id[ways.indptr[1:] - 1]
    once = np.ones(len(ways.node_id), dtype=bool)
    once[ways.indptr[1:][closed] - 1] = False
    node, times = np.unique(ways.node_id[once], return_counts=True)
    used = _Uses(node, times)
    inside = _ends_inside(ways, ways.areas, used)
    ids, tags, lines = [], [], []
    tag_sets = list(ways.tag_sets)
    known = {tuple(sorted(found.items())): k for k, found in enumerate(tag_sets)}
    opened = 0
    for area, ends in zip(ways.areas, inside, strict=True):
        origin = area.rings[0].lonlat[0]
        entrances = _entrances(ways, area, used, ends, origin)
        if len(entrances.node_id) < 2:
            continue
        corners = _corners(area, origin)
        # Without a corner to go round, every straight line stays inside.
        shape = _polygon(area, origin) if len(corners.node_id) else None
        fresh = ~np.isin(corners.node_id, entrances.node_id)
        points = _Points(
            np.concatenate((entrances.node_id, corners.node_id[fresh])),
            np.concatenate((entrances.xy, corners.xy[fresh])),
            np.concatenate((entrances.lonlat, corners.lonlat[fresh])),
        )
        pairs_laid = _lines(points, len(entrances.node_id), shape)
        opened += len(pairs_laid) > 0
        plain = {key: value for key, value in area.tags.items() if key != "area"}
        number = known.setdefault(tuple(sorted(plain.items())), len(tag_sets))
        if number == len(tag_sets):
            tag_sets.append(plain)
        for a, b in pairs_laid.tolist():
            ids.append(area.way_id)
            tags.append(number)
            lines.append((points.node_id[[a, b]], points.lonlat[[a, b]]))
    if not lines:
        return ways, []
    node_id = np.concatenate([line for line, _ in lines])
    lonlat = np.concatenate([place for _, place in lines])
    more = replace(
        ways,
        way_id=np.concatenate((ways.way_id, np.array(ids, dtype=np.int64))),
        way_tags=np.concatenate((ways.way_tags, np.array(tags, dtype=np.int32))),
        indptr=np.concatenate((ways.indptr, ways.indptr[-1] + 2 * np.arange(1, len(lines) + 1))),
        node_id=np.concatenate((ways.node_id, node_id)),
        lon=np.concatenate((ways.lon, lonlat[:, 0])),
        lat=np.concatenate((ways.lat, lonlat[:, 1])),
        tag_sets=tuple(tag_sets),
    )
    return more, [note("streets.areas", n=opened, lines=len(lines))]
