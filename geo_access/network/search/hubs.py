"""Points in squares: the ways inside to the entrances and to each other (`geo_access.network.search.squares`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from geo_access.network.model import Streets
from geo_access.network.search.links import Links
from geo_access.network.search.squares import made_ready, sight

__all__ = ["HubWays", "Hubs", "hubs_of", "metres_between", "standing_xy"]


class HubWays(NamedTuple):
    """The arrays of `Hubs`."""

    owner: np.ndarray
    node: np.ndarray
    deciseconds: np.ndarray


@dataclass(frozen=True, eq=False)
class Hubs:
    """Entrances that points in squares are joined to.

    Attributes
    ----------
    owner : ndarray of int64, shape (n,)
        Row of the point, ascending.
    node : ndarray of int32, shape (n,)
    deciseconds : ndarray of int32, shape (n,)
        Way inside the square, less the walk from the point to its street that its links count [0.1 s].
    """

    owner: np.ndarray
    node: np.ndarray
    deciseconds: np.ndarray

    @property
    def ways(self) -> HubWays:
        """What kernels take."""
        return HubWays(self.owner, self.node, self.deciseconds)


def standing_xy(links: Links) -> np.ndarray:
    """Where each point comes to stand in its square [m]: itself, or where its street meets it."""
    inside = links.inside[:, None]
    return np.where(inside, np.column_stack((links.x, links.y)), np.column_stack((links.linked_x, links.linked_y)))


def _groups(links: Links) -> dict[int, np.ndarray]:
    """Rows of the points in each square."""
    rows = np.flatnonzero((links.square >= 0) & links.ok)
    return {int(number): rows[links.square[rows] == number] for number in np.unique(links.square[rows])}


def hubs_of(streets: Streets, links: Links, *, speed_kmh: float) -> Hubs:
    """Find the entrances that points in squares are joined to.

    Parameters
    ----------
    streets : Streets
    links : Links
    speed_kmh : float
        Walking speed of the graph [km/h].

    Returns
    -------
    Hubs
        Empty without squares.
    """
    squares, groups = streets.squares, _groups(links)
    empty = np.empty(0, dtype=np.int32)
    if squares is None or not groups:
        return Hubs(empty.astype(np.int64), empty, empty)
    stands = standing_xy(links)
    owners, nodes, metres = [], [], []
    for number, rows in groups.items():
        square = made_ready(streets, squares, number)
        n_doors = len(square.nodes)
        seen = sight(square, stands[rows], square.xy)
        # Over one of the points that are seen, then the shortest way inside.
        way = np.stack([(seen + square.apart_m[:, door]).min(axis=1) for door in range(n_doors)], axis=1)
        way -= np.where(links.inside[rows], links.distance_m[rows], 0.0)[:, None]
        row, door = np.nonzero(np.isfinite(way))
        owners.append(rows[row])
        nodes.append(square.nodes[door])
        metres.append(way[row, door])
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    ds = np.rint(np.maximum(np.concatenate(metres), 0.0) * 36.0 / speed_kmh).astype(np.int32)
    return Hubs(owner[order], np.concatenate(nodes)[order], ds[order])


def metres_between(streets: Streets, sources: Links, targets: Links) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the shortest ways inside squares between the points that stand in one.

    Parameters
    ----------
    streets : Streets
    sources, targets : Links

    Returns
    -------
    source, target : ndarray of int64, shape (n,)
        Rows of the two tables.
    metres : ndarray of float64, shape (n,)
        [m]; infinite where no way inside leads from one to the other.
    """
    squares = streets.squares
    first, second = _groups(sources), _groups(targets)
    parts = []
    from_xy, to_xy = standing_xy(sources), standing_xy(targets)
    for number in [number for number in first if number in second] if squares is not None else []:
        assert squares is not None  # noqa: S101 — the line above has looked
        rows, others = first[number], second[number]
        square = made_ready(streets, squares, number)
        metres = sight(square, from_xy[rows], to_xy[others])
        if not np.isfinite(metres).all():
            near, far = sight(square, from_xy[rows], square.xy), sight(square, to_xy[others], square.xy)
            on = np.stack([(near + square.apart_m[:, k]).min(axis=1) for k in range(len(square.xy))], axis=1)
            for k in range(len(rows)):
                metres[k] = np.minimum(metres[k], (on[k][None, :] + far).min(axis=1))
        parts.append((np.repeat(rows, len(others)), np.tile(others, len(rows)), metres.ravel()))
    if not parts:
        none = np.empty(0, dtype=np.int64)
        return none, none, none.astype(np.float64)
    source, target, metres = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return source, target, metres
