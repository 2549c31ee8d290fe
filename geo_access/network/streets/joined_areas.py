"""Squares that lie side by side are walked across as one: nobody bends his way to a corner of the line between them.

Mappers draw a square in several pieces that share their sides. Two pieces with the same tags whose rims run along the
same nodes, one on each side, become one area; its rim is what is left of both when the shared sides are taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo_access.sources.osm_areas import WalkArea
from geo_access.sources.osm_rings import Ring

__all__ = ["join_neighbours"]

_NAMES = frozenset({"name", "ref"})


def join_neighbours(
    areas: Sequence[WalkArea], entrances: Callable[[np.ndarray], np.ndarray], most_entrances: int
) -> tuple[WalkArea, ...]:
    """Make one area of those that share a side.

    Parameters
    ----------
    areas : sequence of WalkArea
    entrances : callable
        Tells of some nodes, int64 (n,), how often streets run through each.
    most_entrances : int
        Areas that together are entered at more nodes stay apart: one of them may not lose its doors to the others.

    Returns
    -------
    tuple of WalkArea
        Joined ones stand where the first of them stood.
    """
    group = _groups(areas)
    members: dict[int, list[int]] = {}
    for row, number in enumerate(group.tolist()):
        members.setdefault(number, []).append(row)
    found: list[WalkArea] = []
    for rows in members.values():
        apart = [areas[row] for row in rows]
        one = _joined(apart) if len(apart) > 1 else None
        if one is None or _doors(one, entrances) > most_entrances:
            found += apart
        else:
            found.append(one)
    return tuple(found)


def _doors(area: WalkArea, entrances: Callable[[np.ndarray], np.ndarray]) -> int:
    nodes = np.concatenate([ring.node_id[:-1] for ring in area.rings])
    return int((entrances(nodes) >= 2).sum() + (entrances(area.inner_id) >= 3).sum())


def _turned(ring: Ring) -> Ring:
    """Run round a ring against the clock."""
    x, y = ring.lonlat[:, 0] - ring.lonlat[0, 0], ring.lonlat[:, 1] - ring.lonlat[0, 1]
    twice = float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1]))
    return ring if twice >= 0 else Ring(ring.node_id[::-1], ring.lonlat[::-1])


def _kind(area: WalkArea) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, value) for key, value in area.tags.items() if key not in _NAMES))


def _groups(areas: Sequence[WalkArea]) -> np.ndarray:
    """Give areas with the same tags that share a side the same number, one on either side of it."""
    rims = [_turned(area.rings[0]).node_id for area in areas]
    owner = np.repeat(np.arange(len(areas)), [len(rim) - 1 for rim in rims])
    first, last = (np.concatenate([rim[part] for rim in rims]) for part in (slice(None, -1), slice(1, None)))
    kinds: dict[tuple[tuple[str, str], ...], int] = {}
    kind = np.array([kinds.setdefault(_kind(area), len(kinds)) for area in areas])[owner]
    order = np.lexsort((np.maximum(first, last), np.minimum(first, last), kind))
    here, there = order[:-1], order[1:]
    side = (kind[here] == kind[there]) & (first[here] == last[there]) & (last[here] == first[there])
    one, other = owner[here[side]], owner[there[side]]
    links = coo_array((np.ones(len(one), dtype=bool), (one, other)), shape=(len(areas), len(areas)))
    group: np.ndarray = connected_components(links, directed=False)[1]
    return group


def _joined(apart: list[WalkArea]) -> WalkArea | None:
    """Make one area of some with shared sides; None where what is left is no plain rim."""
    rims = [_turned(area.rings[0]) for area in apart]
    place = {node: at for rim in rims for node, at in zip(rim.node_id.tolist(), rim.lonlat, strict=True)}
    sides = {side for rim in rims for side in zip(rim.node_id[:-1].tolist(), rim.node_id[1:].tolist(), strict=True)}
    left = {first: last for first, last in sides if (last, first) not in sides}
    if len(left) != sum((last, first) not in sides for first, last in sides):
        # Two sides leave one node: pieces that also touch at a corner, or lie upon each other.
        return None
    rings = _rings(left, place)
    if not rings:
        return None
    on_rim = {node for ring in rings for node in ring.node_id.tolist()}
    inner = [node for node in place if node not in on_rim]
    outer = max(rings, key=lambda ring: float(np.ptp(ring.lonlat[:, 0]) * np.ptp(ring.lonlat[:, 1])))
    holes = [ring for ring in rings if ring is not outer] + [ring for area in apart for ring in area.rings[1:]]
    return replace(
        apart[0],
        rings=(outer, *holes),
        rim=all(area.rim for area in apart),
        inner_id=np.array(inner, dtype=np.int64),
        inner_lonlat=np.array([place[node] for node in inner]).reshape(-1, 2),
        rim_ways=tuple(area.way_id for area in apart if area.rim),
    )


def _rings(left: dict[int, int], place: dict[int, np.ndarray]) -> list[Ring]:
    """Chain sides to closed lines; none where one does not close."""
    left, found = dict(left), []
    while left:
        start = next(iter(left))
        nodes, node = [start], left.pop(start)
        while node != start:
            if node not in left:
                return []
            nodes.append(node)
            node = left.pop(node)
        nodes.append(start)
        found.append(Ring(np.array(nodes, dtype=np.int64), np.array([place[node] for node in nodes])))
    return found
