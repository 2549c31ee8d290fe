"""Ways cut into edges at the nodes they share, as arrays.

Islands: parts of a network that one cannot get out of, or into, left out before anything is linked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo_access.arrays import begins_run, ends_run, entries_of_rows, indptr_of, ranges, rows_of
from geo_access.errors import CoverageError
from geo_access.sources.osm import OsmWays
from geo_access.words.told import refusal

__all__ = ["Pieces", "mainland", "split_ways"]


@dataclass(frozen=True, eq=False)
class Pieces:
    """Edges between junctions, and the nodes at their ends, in geographic degrees.

    Attributes
    ----------
    node_id : ndarray of int64, shape (n_nodes,)
        Along a space-filling curve, so that neighbours in space are neighbours in memory.
    source, target : ndarray of int32, shape (n_edges,)
    way : ndarray of int64, shape (n_edges,)
        Position of the way in the `OsmWays`.
    geometry_indptr : ndarray of int64, shape (n_edges + 1,)
    geometry_lonlat : ndarray of float64, shape (n_points, 2)
    """

    node_id: np.ndarray
    source: np.ndarray
    target: np.ndarray
    way: np.ndarray
    geometry_indptr: np.ndarray
    geometry_lonlat: np.ndarray


def morton_order(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Order of points along the Z curve over their bounding box (16 bits a side).

    Examples
    --------
    >>> morton_order(np.array([1.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0])).tolist()
    [1, 2, 0]
    """
    code = np.zeros(len(x), dtype=np.uint64)
    for shift, values in ((0, x), (1, y)):
        low, high = float(values.min()), float(values.max())
        cell = ((values - low) / max(high - low, 1e-12) * 65535.0).astype(np.uint64)
        for mask, step in (
            (0x0000FFFF0000FFFF, 16),
            (0x00FF00FF00FF00FF, 8),
            (0x0F0F0F0F0F0F0F0F, 4),
            (0x3333333333333333, 2),
            (0x5555555555555555, 1),
        ):
            cell = (cell | (cell << np.uint64(step))) & np.uint64(mask)
        code |= cell << np.uint64(shift)
    return np.argsort(code, kind="stable")


def split_ways(ways: OsmWays, usable: np.ndarray, special: np.ndarray) -> Pieces:
    """Cut ways where they meet, where nodes are missing, and at nodes of their own importance.

    Parameters
    ----------
    ways : OsmWays
    usable : ndarray of bool, shape (n_ways,)
        Ways that some profile may use.
    special : ndarray of int64
        OSM ids of barriers, signals and nodes with turn restrictions.

    Returns
    -------
    Pieces

    Raises
    ------
    CoverageError
        When nothing usable is left.
    """
    used = np.flatnonzero(usable)
    positions, indptr = entries_of_rows(ways.indptr, used)
    way_of = used[rows_of(indptr)]
    ids = ways.node_id[positions]
    valid = np.isfinite(ways.lon[positions])
    new_way = begins_run(way_of)
    after_gap = np.concatenate(([False], ~valid[:-1])) if len(ids) else new_way
    repeated = ~begins_run(ids) & ~new_way
    run = np.cumsum(new_way | after_gap)
    keep = valid & ~repeated
    positions, way_of, ids, run = positions[keep], way_of[keep], ids[keep], run[keep]
    if len(ids) < 2:
        raise refusal("streets.none_for_modes", CoverageError)
    lon, lat = ways.lon[positions], ways.lat[positions]

    unique, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
    ends = begins_run(run) | ends_run(run)
    important = np.bincount(inverse, minlength=len(unique)) >= 2
    important[inverse[ends]] = True
    important |= np.isin(unique, special)
    start, end = _cut(important, inverse, run)
    loop = (inverse[start] == inverse[end]) & (end - start >= 2)
    if loop.any():
        important[inverse[(start[loop] + end[loop]) // 2]] = True
        start, end = _cut(important, inverse, run)
    proper = inverse[start] != inverse[end]
    start, end = start[proper], end[proper]
    if len(start) == 0:
        raise refusal("streets.none_left", CoverageError)

    used = np.unique(np.concatenate((inverse[start], inverse[end])))
    order = morton_order(lon[first[used]], lat[first[used]])
    nodes = used[order]
    number = np.full(len(unique), -1, dtype=np.int32)
    number[nodes] = np.arange(len(nodes), dtype=np.int32)
    by_node = np.argsort(number[inverse[start]], kind="stable")
    start, end = start[by_node], end[by_node]
    size = end - start + 1
    line = ranges(start, size)
    return Pieces(
        node_id=unique[nodes],
        source=number[inverse[start]],
        target=number[inverse[end]],
        way=way_of[start],
        geometry_indptr=indptr_of(size),
        geometry_lonlat=np.column_stack((lon[line], lat[line])),
    )


def _cut(important: np.ndarray, inverse: np.ndarray, run: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    at = np.flatnonzero(important[inverse])
    same = run[at[1:]] == run[at[:-1]]
    return at[:-1][same], at[1:][same]


def mainland(
    tails: np.ndarray, heads: np.ndarray, n_nodes: int, *, min_nodes: int, counted: np.ndarray | None = None
) -> tuple[np.ndarray, int]:
    """Arcs between the strongly connected parts that are large enough; the largest always is.

    Parameters
    ----------
    tails, heads : ndarray of int32, shape (n_arcs,)
    n_nodes : int
    min_nodes : int
        Smallest part kept [nodes].
    counted : ndarray of bool, shape (n_nodes,), optional
        Nodes that make a part large; all without it.

    Returns
    -------
    keep : ndarray of bool, shape (n_arcs,)
    n_islands : int
        Parts left out that had at least one arc.

    Examples
    --------
    >>> keep, islands = mainland(np.array([0, 1, 2, 3]), np.array([1, 0, 3, 2]), 4, min_nodes=3)
    >>> keep.tolist(), islands
    ([True, True, False, False], 1)
    """
    from scipy.sparse import coo_matrix  # noqa: PLC0415 — importing the room stays cheap
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    if len(tails) == 0:
        return np.zeros(0, dtype=bool), 0
    ones = np.ones(len(tails), dtype=np.int8)
    graph = coo_matrix((ones, (tails, heads)), shape=(n_nodes, n_nodes)).tocsr()
    _, part = connected_components(graph, directed=True, connection="strong")
    size = np.bincount(part, weights=counted).astype(np.int64)
    large = size >= min_nodes
    large[np.argmax(size)] = True
    keep = large[part[tails]] & large[part[heads]]
    touched = np.zeros(len(size), dtype=bool)
    touched[part[tails]] = True
    touched[part[heads]] = True
    return keep, int((touched & ~large).sum())
