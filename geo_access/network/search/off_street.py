"""Straight across, where two points are no farther from each other than from the streets between them.

A point off the streets walks to its street at straight line × detour. Two points whose walks to the streets are
together as long as the line between them, or longer, are as well joined by that line: the walk off the streets between
two points is never longer than straight line × detour. It knows as little of what lies between (water, rails, walls)
as the walk to the street does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo_access.arrays import begins_run, indptr_of_rows, rows_of
from geo_access.network.model import SparseTimes
from geo_access.network.search.links import Links

__all__ = ["Across", "across_matrix", "across_pairs", "across_sparse"]


@dataclass(frozen=True, eq=False)
class Across:
    """Pairs of points that may walk straight across.

    Attributes
    ----------
    source, target : ndarray of int64, shape (n,)
        Rows of the two tables.
    seconds : ndarray of float32, shape (n,)
        Straight line × detour at the speed of the connectors [s].
    """

    source: np.ndarray
    target: np.ndarray
    seconds: np.ndarray


def _pace(links: Links) -> float:
    """Seconds for a metre of straight line off the streets; 0 where every point stands on its street."""
    off = links.ok & (links.distance_m > 0)
    if not off.any():
        return 0.0
    row = int(np.flatnonzero(off)[np.argmax(links.distance_m[off])])
    return float(links.connector_s[row]) / float(links.distance_m[row])


def across_pairs(sources: Links, targets: Links) -> Across:
    """Find the pairs whose straight line is no longer than their two walks to the streets.

    Parameters
    ----------
    sources, targets : Links

    Returns
    -------
    Across

    Examples
    --------
    >>> from geo_access.network.model import CrowFly
    >>> from geo_access.network.search.links import link_points
    >>> links = link_points(CrowFly(2154), np.array([[0.0, 0.0], [9.0, 0.0]]), mode="walk")
    >>> len(across_pairs(links, links).seconds)
    0
    """
    none = np.empty(0, dtype=np.int64)
    pace = max(_pace(sources), _pace(targets))
    if not pace:
        return Across(none, none, none.astype(np.float32))
    from scipy.spatial import cKDTree  # noqa: PLC0415 — importing the room stays cheap

    # A pair lies within twice the longer of its two walks: found from whichever end that is.
    found = []
    for near, far, swapped in ((sources, targets, False), (targets, sources, True)):
        rows, others = np.flatnonzero(near.ok & (near.distance_m > 0)), np.flatnonzero(far.ok)
        if not len(rows) or not len(others):
            continue
        tree = cKDTree(np.column_stack((far.x[others], far.y[others])))
        points = np.column_stack((near.x[rows], near.y[rows]))
        hits = tree.query_ball_point(points, 2.0 * near.distance_m[rows] * (1.0 + 1e-9), workers=1)
        sizes = np.array([len(hit) for hit in hits], dtype=np.int64)
        if not sizes.sum():
            continue
        first = np.repeat(rows, sizes)
        second = others[np.concatenate([np.asarray(hit, dtype=np.int64) for hit in hits])]
        found.append(np.column_stack((second, first) if swapped else (first, second)))
    if not found:
        return Across(none, none, none.astype(np.float32))
    pairs = np.unique(np.concatenate(found), axis=0)
    source, target = pairs[:, 0], pairs[:, 1]
    metres = np.hypot(sources.x[source] - targets.x[target], sources.y[source] - targets.y[target])
    keep = metres <= sources.distance_m[source] + targets.distance_m[target]
    return Across(source[keep], target[keep], (metres[keep] * pace).astype(np.float32))


def across_matrix(seconds: np.ndarray, sources: Links, targets: Links, *, max_s: float | None) -> None:
    """Lower the times of a table, float32 (n_sources, n_targets) [s], in place."""
    across = across_pairs(sources, targets)
    use = slice(None) if max_s is None else across.seconds <= max_s
    at = (across.source[use], across.target[use])
    seconds[at] = np.fmin(seconds[at], across.seconds[use])


def across_sparse(times: SparseTimes, sources: Links, targets: Links, *, max_s: float) -> SparseTimes:
    """Lower the times of a sparse table, and add the pairs that it lacked.

    Parameters
    ----------
    times : SparseTimes
    sources, targets : Links
    max_s : float
        Longest time [s].

    Returns
    -------
    SparseTimes
    """
    across = across_pairs(sources, targets)
    use = across.seconds <= max_s
    if not use.any():
        return times
    known = rows_of(times.indptr) * times.n_cols + times.indices
    cells = np.concatenate((known, across.source[use] * times.n_cols + across.target[use]))
    values = np.concatenate((times.seconds, np.rint(across.seconds[use]).astype(np.int32)))
    order = np.lexsort((values, cells))
    first = begins_run(cells[order])
    cells, values = cells[order][first], values[order][first]
    return SparseTimes(
        indptr=indptr_of_rows(cells // times.n_cols, times.n_rows),
        indices=(cells % times.n_cols).astype(np.int32),
        seconds=values.astype(np.int32),
        n_cols=times.n_cols,
    )
