"""Squares, platforms and piers that are walked across, not only along their rim.

An area becomes straight ways between the points where one enters it: nodes that its rim shares with other streets, and
streets that end inside it. A straight way is laid where it stays inside and off every hole and obstacle; corners of
the rim and of obstacles are laid in where one has to go round them. Of two ways that differ by less than one per cent
the longer is left out. At most 40 entrances and 40 corners are looked at in one area, those farthest apart and the
sharpest: a square of 2,000 corners costs as much as one of 80. The rim always stays a way of its own. Rings, entrances
and corners stay with the streets as `Squares`: who stands in a square walks straight to what he sees.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from geo_access.arrays import indptr_of
from geo_access.kernels import njit
from geo_access.network.model import Squares
from geo_access.network.streets.joined_areas import join_neighbours
from geo_access.network.streets.sight import sees
from geo_access.network.streets.split import Pieces
from geo_access.sources.osm import OsmWays, WalkArea
from geo_access.sources.osm_areas import outlines
from geo_access.words.note import Note, note

if TYPE_CHECKING:
    from pyproj import Transformer

__all__ = ["Opened", "open_areas", "squares_of"]

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


def _corners(area: WalkArea, origin: np.ndarray) -> _Points:
    """Corners that one may have to go round: reflex ones of the rim, outward ones of the holes; the sharpest."""
    ids, xy, lonlat, bend = [], [], [], []
    for k, ring in enumerate(area.rings):
        points = _metres(ring.lonlat[:-1], origin)
        after = np.concatenate((points[1:], points[:1])) - points
        before = np.concatenate((after[-1:], after[:-1]))
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
def _shorten(apart: np.ndarray, a: int, b: int, straight: float) -> None:  # pragma: no cover - compiled
    """Lay a line between two points into the distances between all."""
    n = len(apart)
    for i in range(n):
        to_b, to_a = apart[i, a] + straight, apart[i, b] + straight
        # Who does not come nearer to an end of the line comes nearer to nothing by it.
        if to_b < apart[i, b]:
            for j in range(n):
                apart[i, j] = min(apart[i, j], to_b + apart[b, j])
        elif to_a < apart[i, a]:
            for j in range(n):
                apart[i, j] = min(apart[i, j], to_a + apart[a, j])


@njit(cache=True)
def _needed(
    apart: np.ndarray, from_b: np.ndarray, a: int, b: int, straight: float
) -> bool:  # pragma: no cover - compiled
    """Whether a shortest way between two entrances, the rows of `apart`, runs over the line from a to b."""
    n = len(apart)
    for i in range(n):
        to_b = apart[i, a] + straight
        if to_b > apart[i, b] + 1e-5:
            continue
        for j in range(n):
            if i != j and to_b + from_b[j] <= apart[i, j] + 1e-6:
                return True
    return False


@njit(cache=True)
def _laid(
    xy: np.ndarray, n_entrances: int, ring_xy: np.ndarray, ring_indptr: np.ndarray
) -> np.ndarray:  # pragma: no cover - compiled
    """Pairs of points to join, int64 (n, 2): straight, inside, not nearly as short over others, of use to entrances.

    Without rings every straight line stays inside.
    """
    n = len(xy)
    most = n * (n - 1) // 2
    first, second = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    length = np.empty(most)
    cuts = np.empty(len(ring_xy) + 2)
    count = 0
    for i in range(n):
        for j in range(i + 1, n):
            first[count], second[count] = i, j
            length[count] = np.hypot(xy[i, 0] - xy[j, 0], xy[i, 1] - xy[j, 1])
            count += 1
    order = np.argsort(length[:count], kind="mergesort")
    apart = np.full((n, n), np.inf)
    for k in range(n):
        apart[k, k] = 0.0
    laid = np.zeros(count, dtype=np.bool_)
    for row in order:
        a, b, straight = first[row], second[row], length[row]
        if apart[a, b] <= straight * _SPARE:
            continue
        # To look is what costs: only where a line would be laid.
        if len(ring_xy) and not sees(xy[a, 0], xy[a, 1], xy[b, 0], xy[b, 1], ring_xy, ring_indptr, cuts):
            continue
        laid[row] = True
        _shorten(apart, a, b, straight)
    pairs = np.empty((count, 2), dtype=np.int64)
    kept = 0
    for row in order:
        if not laid[row]:
            continue
        a, b, straight = first[row], second[row], length[row]
        if _needed(apart[:n_entrances], apart[b], a, b, straight):
            pairs[kept, 0], pairs[kept, 1] = a, b
            kept += 1
    return pairs[:kept]


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
    shapes = outlines(areas)
    area, point = tree.query(shapes, predicate="contains_properly" if shapely.is_valid(shapes).all() else None)
    return [ends[point[area == k]] for k in range(len(areas))]


def _entrances(ways: OsmWays, area: WalkArea, used: _Uses, inside: np.ndarray, origin: np.ndarray) -> _Points:
    ids, places = [], []
    for ring in area.rings:
        shared = used.of(ring.node_id[:-1]) >= 2
        ids.append(ring.node_id[:-1][shared])
        places.append(ring.lonlat[:-1][shared])
    # The rims of two pieces run through a node between them: a third line is a street.
    between = used.of(area.inner_id) >= 3
    ids += [area.inner_id[between], ways.node_id[inside]]
    places.append(area.inner_lonlat[between])
    places.append(np.column_stack((ways.lon[inside], ways.lat[inside])))
    node_id, first = np.unique(np.concatenate(ids), return_index=True)
    lonlat = np.concatenate(places)[first]
    xy = _metres(lonlat, origin)
    rows = _spread(xy, _MOST_ENTRANCES)
    return _Points(node_id[rows], xy[rows], lonlat[rows])


@dataclass(frozen=True, eq=False)
class Opened:
    """Ways with those across areas, and the areas that they cross.

    Attributes
    ----------
    ways : OsmWays
        With the ways across areas behind the others, under the ids and the tags of the areas.
    notes : tuple of Note
        How many areas were opened.
    areas : tuple of WalkArea
        Those that other streets come into.
    entrances : tuple of ndarray of int64
        OSM nodes of each area where they do.
    corners : tuple of ndarray of float64
        Corners of each that one may have to go round [degree].
    way_area : ndarray of int64, shape (n_ways,)
        Area that each way crosses or is the rim of, −1 for others.
    """

    ways: OsmWays
    notes: tuple[Note, ...] = ()
    areas: tuple[WalkArea, ...] = ()
    entrances: tuple[np.ndarray, ...] = ()
    corners: tuple[np.ndarray, ...] = ()
    way_area: np.ndarray | None = None


def open_areas(ways: OsmWays) -> Opened:
    """Lay ways across the areas that people walk on.

    Parameters
    ----------
    ways : OsmWays

    Returns
    -------
    Opened
    """
    if not ways.areas:
        return Opened(ways)
    # A closed way holds its first node twice.
    closed = ways.node_id[ways.indptr[:-1]] == ways.node_id[ways.indptr[1:] - 1]
    once = np.ones(len(ways.node_id), dtype=bool)
    once[ways.indptr[1:][closed] - 1] = False
    # The rim of a multipolygon is no way of its own, but other areas are entered from it.
    rims = [ring.node_id[:-1] for area in ways.areas if not area.rim for ring in area.rings]
    node, times = np.unique(np.concatenate((ways.node_id[once], *rims)), return_counts=True)
    used = _Uses(node, times)
    whole = join_neighbours(ways.areas, used.of, _MOST_ENTRANCES)
    inside = _ends_inside(ways, whole, used)
    lines = _Laid(ways)
    areas, doors, bends = [], [], []
    for area, ends in zip(whole, inside, strict=True):
        origin = area.rings[0].lonlat[0]
        entrances = _entrances(ways, area, used, ends, origin)
        if not len(entrances.node_id):
            continue
        corners = _corners(area, origin)
        areas.append(area)
        doors.append(entrances.node_id)
        bends.append(corners.lonlat)
        if not area.rim:
            lines.lay_rim(area, number=len(areas) - 1)
        if len(entrances.node_id) > 1:
            lines.lay(area, *_crossed(area, entrances, corners, origin), number=len(areas) - 1)
    rim_of = {way: k for k, area in enumerate(areas) for way in area.rim_ways or (area.way_id,) * area.rim}
    rim = [rim_of.get(way, -1) for way in ways.way_id.tolist()]
    more = lines.added()
    crossed = [k for k, laid in zip(lines.area, lines.across, strict=True) if laid]
    notes = (note("streets.areas", n=len(set(crossed)), lines=len(crossed)),) if crossed else ()
    way_area = np.array(rim + lines.area, dtype=np.int64)
    return Opened(more, notes, tuple(areas), tuple(doors), tuple(bends), way_area)


def _crossed(area: WalkArea, entrances: _Points, corners: _Points, origin: np.ndarray) -> tuple[_Points, np.ndarray]:
    """Points of an area, entrances first, and the pairs of them to join."""
    known = set(entrances.node_id.tolist())
    fresh = np.array([node not in known for node in corners.node_id.tolist()], dtype=bool)
    points = _Points(
        np.concatenate((entrances.node_id, corners.node_id[fresh])),
        np.concatenate((entrances.xy, corners.xy[fresh])),
        np.concatenate((entrances.lonlat, corners.lonlat[fresh])),
    )
    # Without a corner to go round, every straight line stays inside.
    rings = [_metres(ring.lonlat, origin) for ring in area.rings] if len(corners.node_id) else [np.empty((0, 2))]
    return points, _laid(
        points.xy, len(entrances.node_id), np.concatenate(rings), indptr_of([len(ring) for ring in rings])
    )


class _Laid:
    """Ways laid so far across areas."""

    def __init__(self, ways: OsmWays) -> None:
        self.ways = ways
        self.tag_sets = list(ways.tag_sets)
        self.known = {tuple(sorted(found.items())): k for k, found in enumerate(self.tag_sets)}
        self.ids: list[int] = []
        self.tags: list[int] = []
        self.area: list[int] = []
        self.across: list[bool] = []
        self.counts: list[int] = []
        self.nodes: list[np.ndarray] = []
        self.lonlat: list[np.ndarray] = []

    def lay(self, area: WalkArea, points: _Points, pairs: np.ndarray, *, number: int) -> None:
        """Join pairs of points under the id and the tags of an area."""
        self._name(area, number, [2] * len(pairs), across=True)
        self.nodes.append(points.node_id[pairs].ravel())
        self.lonlat.append(points.lonlat[pairs].reshape(-1, 2))

    def lay_rim(self, area: WalkArea, *, number: int) -> None:
        """Lay the rim of a multipolygon, which no way with its tags runs along."""
        rim = area.rings[0]
        self._name(area, number, [len(rim.node_id)], across=False)
        self.nodes.append(rim.node_id)
        self.lonlat.append(rim.lonlat)

    def _name(self, area: WalkArea, number: int, counts: list[int], *, across: bool) -> None:
        plain = area.tags | {"area": "yes"}  # as the rim: no car drives across
        tags = self.known.setdefault(tuple(sorted(plain.items())), len(self.tag_sets))
        if tags == len(self.tag_sets):
            self.tag_sets.append(plain)
        self.ids += [area.way_id] * len(counts)
        self.tags += [tags] * len(counts)
        self.area += [number] * len(counts)
        self.across += [across] * len(counts)
        self.counts += counts

    def added(self) -> OsmWays:
        """Return all ways, those laid last."""
        if not self.ids:
            return self.ways
        ways, lonlat = self.ways, np.concatenate(self.lonlat)
        return replace(
            ways,
            way_id=np.concatenate((ways.way_id, np.array(self.ids, dtype=np.int64))),
            way_tags=np.concatenate((ways.way_tags, np.array(self.tags, dtype=np.int32))),
            indptr=np.concatenate((ways.indptr, ways.indptr[-1] + np.cumsum(self.counts))),
            node_id=np.concatenate((ways.node_id, *self.nodes)),
            lon=np.concatenate((ways.lon, lonlat[:, 0])),
            lat=np.concatenate((ways.lat, lonlat[:, 1])),
            tag_sets=tuple(self.tag_sets),
        )


def squares_of(opened: Opened, pieces: Pieces, transformer: Transformer) -> Squares | None:
    """Areas as the search reads them.

    Parameters
    ----------
    opened : Opened
    pieces : Pieces
        Edges that the ways were cut into.
    transformer : pyproj.Transformer
        From degrees to metres.

    Returns
    -------
    Squares or None
        None without areas.
    """
    if not opened.areas or opened.way_area is None:
        return None
    rings = [ring.lonlat for area in opened.areas for ring in area.rings]
    node_number = np.argsort(pieces.node_id, kind="stable")
    known = pieces.node_id[node_number]
    nodes = []
    for found in opened.entrances:
        at = np.minimum(np.searchsorted(known, found), len(known) - 1)
        nodes.append(node_number[at][known[at] == found].astype(np.int32))

    def metres(lonlat: list[np.ndarray]) -> np.ndarray:
        table = np.concatenate((*lonlat, np.empty((0, 2))))
        return np.column_stack(transformer.transform(table[:, 0], table[:, 1]))

    return Squares(
        ring_indptr=indptr_of([len(area.rings) for area in opened.areas]),
        point_indptr=indptr_of([len(ring) for ring in rings]),
        xy=metres(rings),
        node_indptr=indptr_of([len(found) for found in nodes]),
        node=np.concatenate(nodes),
        corner_indptr=indptr_of([len(found) for found in opened.corners]),
        corner_xy=metres(list(opened.corners)),
        edge_square=opened.way_area[pieces.way].astype(np.int32),
    )
