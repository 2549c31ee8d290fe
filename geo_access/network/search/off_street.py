"""Straight across, where two points are no farther from each other than from the streets between them.

A point off the streets walks to its street at straight line × detour. Two points whose walks to the streets are
together as long as the line between them, or longer, are as well joined by that line: the walk off the streets between
two points is never longer than straight line × detour. It knows as little of what lies between (water, rails, walls)
as the walk to the street does. In one square what lies between is known: the shortest way inside takes its place
(`geo_access.network.search.squares`), without a detour and whatever the distance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo_access.arrays import begins_run, indptr_of_rows, rows_of
from geo_access.network.model import CrowFly, SparseTimes, Streets
from geo_access.network.search.hubs import metres_between
from geo_access.network.search.links import Links

__all__ = ["Across", "across_matrix", "across_pairs", "across_sparse", "paces", "square_pairs", "straight_pairs"]


# Positions to seven decimals of a degree are a centimetre off: two points beside one street, as far apart as their
# walks to it, are not told apart by the last bit.
ROUNDED_M = 0.05
# Pairs that are measured one and all rather than looked up in a tree.
_MOST_AT_ONCE = 200_000


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


def paces(links: Links) -> np.ndarray:
    """Seconds for a metre of straight line off the streets, by point; 0 for those that stand on their street."""
    off = links.ok & (links.distance_m > 0)
    return np.where(off, links.connector_s, 0.0) / np.where(off, links.distance_m, 1.0)


def square_pairs(streets: Streets | CrowFly, sources: Links, targets: Links, *, walk_kmh: float) -> Across:
    """Find the pairs that walk inside one square.

    Parameters
    ----------
    streets : Streets or CrowFly
    sources, targets : Links
    walk_kmh : float
        Speed inside the square [km/h].

    Returns
    -------
    Across
        Walks from outside to the rim of the square included.
    """
    none = np.empty(0, dtype=np.int64)
    if isinstance(streets, CrowFly) or not (sources.square >= 0).any() or not (targets.square >= 0).any():
        return Across(none, none, none.astype(np.float32))
    source, target, metres = metres_between(streets, sources, targets)
    to_rim = [np.where(links.inside, 0.0, links.connector_s) for links in (sources, targets)]
    seconds = metres * 3.6 / walk_kmh + to_rim[0][source] + to_rim[1][target]
    seconds[(sources.x[source] == targets.x[target]) & (sources.y[source] == targets.y[target])] = 0.0
    known = np.isfinite(seconds)
    return Across(source[known], target[known], seconds[known].astype(np.float32))


def across_pairs(streets: Streets | CrowFly, sources: Links, targets: Links, *, walk_kmh: float) -> Across:
    """Find the pairs that are joined without a street: by a straight line off the streets, or inside one square.

    Parameters
    ----------
    streets : Streets or CrowFly
    sources, targets : Links
    walk_kmh : float
        Speed inside squares [km/h].

    Returns
    -------
    Across

    Examples
    --------
    >>> from geo_access.network.model import CrowFly
    >>> from geo_access.network.search.links import link_points
    >>> links = link_points(CrowFly(2154), np.array([[0.0, 0.0], [9.0, 0.0]]), mode="walk")
    >>> len(across_pairs(CrowFly(2154), links, links, walk_kmh=4.8).seconds)
    0
    """
    straight, square = straight_pairs(sources, targets), square_pairs(streets, sources, targets, walk_kmh=walk_kmh)
    parts = ("source", "target", "seconds")
    return Across(*(np.concatenate((getattr(straight, name), getattr(square, name))) for name in parts))


def straight_pairs(sources: Links, targets: Links) -> Across:
    """Find the pairs whose straight line is no longer than their two walks to the streets.

    Parameters
    ----------
    sources, targets : Links

    Returns
    -------
    Across
        Without those inside one square.
    """
    from scipy.spatial import cKDTree  # noqa: PLC0415 — importing the room stays cheap

    none = np.empty(0, dtype=np.int64)
    # A pair lies within twice the longer of its two walks: found from whichever end that is.
    found = []
    for near, far, swapped in ((sources, targets, False), (targets, sources, True)):
        rows, others = np.flatnonzero(near.ok & (near.distance_m > 0)), np.flatnonzero(far.ok)
        if not len(rows) or not len(others):
            continue
        radius = 2.0 * near.distance_m[rows] + ROUNDED_M
        if len(rows) * len(others) <= _MOST_AT_ONCE:
            apart = np.hypot(near.x[rows][:, None] - far.x[others], near.y[rows][:, None] - far.y[others])
            at, beside = np.nonzero(apart <= radius[:, None])
            first, second = rows[at], others[beside]
        else:
            tree = cKDTree(np.column_stack((far.x[others], far.y[others])))
            hits = tree.query_ball_point(np.column_stack((near.x[rows], near.y[rows])), radius, workers=1)
            sizes = np.fromiter(map(len, hits), np.int64, len(hits))
            first = np.repeat(rows, sizes)
            second = others[np.concatenate([np.empty(0, np.int64), *hits[sizes > 0]]).astype(np.int64)]
        if not len(first):
            continue
        found.append(np.column_stack((second, first) if swapped else (first, second)))
    if not found:
        return Across(none, none, none.astype(np.float32))
    pairs = np.unique(np.concatenate(found), axis=0)
    source, target = pairs[:, 0], pairs[:, 1]
    metres = np.hypot(sources.x[source] - targets.x[target], sources.y[source] - targets.y[target])
    keep = metres <= sources.distance_m[source] + targets.distance_m[target] + ROUNDED_M
    keep &= ~(sources.inside[source] & targets.inside[target] & (sources.square[source] == targets.square[target]))
    source, target = source[keep], target[keep]
    pace = np.maximum(paces(sources)[source], paces(targets)[target])
    return Across(source, target, (metres[keep] * pace).astype(np.float32))


def across_matrix(
    seconds: np.ndarray,
    streets: Streets | CrowFly,
    sources: Links,
    targets: Links,
    *,
    max_s: float | None,
    walk_kmh: float,
) -> None:
    """Lower the times of a table, float32 (n_sources, n_targets) [s], in place."""
    across = across_pairs(streets, sources, targets, walk_kmh=walk_kmh)
    use = slice(None) if max_s is None else across.seconds <= max_s
    np.fmin.at(seconds, (across.source[use], across.target[use]), across.seconds[use])


def across_sparse(
    times: SparseTimes, streets: Streets | CrowFly, sources: Links, targets: Links, *, max_s: float, walk_kmh: float
) -> SparseTimes:
    """Lower the times of a sparse table, and add the pairs that it lacked.

    Parameters
    ----------
    times : SparseTimes
    streets : Streets or CrowFly
    sources, targets : Links
    max_s : float
        Longest time [s].
    walk_kmh : float
        Speed inside squares [km/h].

    Returns
    -------
    SparseTimes
    """
    across = across_pairs(streets, sources, targets, walk_kmh=walk_kmh)
    use = across.seconds <= max_s
    if not use.any():
        return times
    cells, values = across.source[use] * times.n_cols + across.target[use], np.rint(across.seconds[use])
    order = np.lexsort((values, cells))
    first = begins_run(cells[order])
    cells, values = cells[order][first], values[order][first].astype(np.int32)
    # The table is sorted already, and long: only the few new cells look for their place.
    known = rows_of(times.indptr) * times.n_cols + times.indices
    place = np.searchsorted(known, cells)
    there = known[np.minimum(place, len(known) - 1)] == cells if len(known) else np.zeros(len(cells), dtype=bool)
    seconds = times.seconds.copy()
    seconds[place[there]] = np.minimum(seconds[place[there]], values[there])
    new = ~there
    return SparseTimes(
        indptr=times.indptr + indptr_of_rows(cells[new] // times.n_cols, times.n_rows),
        indices=np.insert(times.indices, place[new], (cells[new] % times.n_cols).astype(np.int32)),
        seconds=np.insert(seconds, place[new], values[new]),
        n_cols=times.n_cols,
    )
