"""The ground of squares: who stands in one walks straight to what he sees, and round what stands in between.

A point inside an area that is walked across, or whose street is the rim of one, is joined to every entrance of the area
and to every other point there by the shortest way inside: the straight line where nothing stands in it, else over the
corners of the rim and of the obstacles (the shortest way among obstacles bends at their corners only: Lozano-Pérez &
Wesley 1979). At most the 40 entrances and the 40 corners that the streets were built with are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo_access.arrays import rows_of
from geo_access.network.model import ModeGraph, Squares, Streets

if TYPE_CHECKING:
    import shapely

__all__ = ["Square", "inside_of", "line_between", "made_ready", "sight"]

_LINES = 200_000
# Corners are where the rim bends: a line along the rim must not count as outside.
_RIM_M = 0.05


@dataclass(frozen=True, eq=False)
class Square:
    """One square made ready.

    Attributes
    ----------
    room : shapely.Polygon
        Where one walks, prepared.
    open : bool
        Whether everything in it sees everything.
    nodes : ndarray of int32, shape (n_entrances,)
    xy : ndarray of float64, shape (n_entrances + n_corners, 2)
        Entrances, then corners [m].
    apart_m : ndarray of float64, shape (n_points, n_points)
        Shortest way inside between them [m]; infinite where there is none.
    """

    room: shapely.Geometry
    open: bool
    nodes: np.ndarray
    xy: np.ndarray
    apart_m: np.ndarray


def _shapes(squares: Squares) -> list[shapely.Geometry]:
    """Where one walks in each square: its rim without holes and obstacles."""
    import shapely  # noqa: PLC0415 — importing the room stays cheap

    line = rows_of(squares.point_indptr)
    rings = shapely.make_valid(shapely.polygons(shapely.linearrings(np.asarray(squares.xy), indices=line)))
    shapes = []
    for first, last in zip(squares.ring_indptr[:-1].tolist(), squares.ring_indptr[1:].tolist(), strict=True):
        holes = rings[first + 1 : last]
        shapes.append(rings[first].difference(shapely.union_all(holes)) if len(holes) else rings[first])
    return shapes


def made_ready(streets: Streets, squares: Squares, number: int) -> Square:
    """Lay out one square, kept with the streets.

    Parameters
    ----------
    streets : Streets
    squares : Squares
        Those of `streets`.
    number : int

    Returns
    -------
    Square
    """
    import shapely  # noqa: PLC0415 — importing the room stays cheap
    from scipy.sparse.csgraph import shortest_path  # noqa: PLC0415

    kept: dict[int, Square] = streets.__dict__.setdefault("_squares", {})
    if number in kept:
        return kept[number]
    shape = _kept_shapes(streets, squares)[number]
    room = shapely.buffer(shape, _RIM_M, quad_segs=1)
    shapely.prepare(room)
    nodes = np.asarray(squares.node[squares.node_indptr[number] : squares.node_indptr[number + 1]])
    corners = np.asarray(squares.corner_xy[squares.corner_indptr[number] : squares.corner_indptr[number + 1]])
    xy = np.concatenate((np.column_stack((streets.node_x[nodes], streets.node_y[nodes])), corners))
    # Without a corner to go round, every straight line stays inside.
    bare = Square(room, not len(corners), nodes, xy, np.empty((0, 0)))
    apart = sight(bare, xy, xy)
    if not bare.open:
        apart = shortest_path(np.where(np.isfinite(apart), np.maximum(apart, 1e-9), 0.0), directed=False)
    kept[number] = Square(room, bare.open, nodes, xy, apart)
    return kept[number]


def _kept_shapes(streets: Streets, squares: Squares) -> list[shapely.Geometry]:
    known: list[shapely.Geometry] | None = streets.__dict__.get("_square_shapes")
    return known if known is not None else streets.__dict__.setdefault("_square_shapes", _shapes(squares))


def sight(square: Square, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Measure the straight lines from points to points that stay inside a square.

    Parameters
    ----------
    square : Square
    first, second : ndarray of float64, shape (n, 2) and (m, 2)
        [m].

    Returns
    -------
    ndarray of float64, shape (n, m)
        [m]; infinite where they do not see each other.
    """
    import shapely  # noqa: PLC0415 — importing the room stays cheap

    metres = np.hypot(first[:, None, 0] - second[None, :, 0], first[:, None, 1] - second[None, :, 1])
    if square.open:
        return metres
    step = max(1, _LINES // max(1, len(second)))
    for start in range(0, len(first), step):
        some = first[start : start + step]
        ends = np.empty((len(some), len(second), 2, 2))
        ends[:, :, 0], ends[:, :, 1] = some[:, None], second[None]
        seen = shapely.covers(square.room, shapely.linestrings(ends.reshape(-1, 2, 2)))
        metres[start : start + step][~seen.reshape(len(some), len(second))] = np.inf
    return metres


def _used(squares: Squares, graph: ModeGraph) -> np.ndarray:
    """Squares that a mode may walk in, bool (n_squares,); looked for once in a graph."""
    kept = graph.__dict__.get("_squares_used")
    if kept is not None and kept[0] is squares:
        known: np.ndarray = kept[1]
        return known
    found = np.zeros(len(squares) + 1, dtype=bool)
    found[squares.edge_square[graph.edges]] = True
    graph.__dict__["_squares_used"] = (squares, found[:-1])
    return found[:-1]


def inside_of(
    streets: Streets, graph: ModeGraph, mode: str, *, xy: np.ndarray, edge: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find the square that each point stands in, or whose rim is its street.

    Parameters
    ----------
    streets : Streets
    graph : ModeGraph
    mode : str
        Only who walks goes straight across.
    xy : ndarray of float64, shape (n, 2)
        [m].
    edge : ndarray, shape (n,)
        Street of each point, −1 where none.

    Returns
    -------
    square : ndarray of int32, shape (n,)
        −1 where none.
    inside : ndarray of bool, shape (n,)
        Whether the point itself is in it.
    """
    n, squares = len(xy), streets.squares
    none, inside = np.full(n, -1, dtype=np.int32), np.zeros(n, dtype=bool)
    if squares is None or not mode.startswith("walk") or not n:
        return none, inside
    used = _used(squares, graph)
    square = np.where(edge >= 0, np.asarray(squares.edge_square)[edge], -1).astype(np.int32)
    tree = _tree(streets, squares)
    rows = np.flatnonzero(edge >= 0)
    import shapely  # noqa: PLC0415 — importing the room stays cheap

    point, area = tree.query(shapely.points(xy[rows]), predicate="intersects")
    keep = used[area]
    point, area = rows[point[keep]], area[keep]
    # The smallest of several: a platform in a station's square.
    size = _areas(streets, squares)
    order = np.lexsort((-size[area], point))
    square[point[order]], inside[point[order]] = area[order], True
    return square, inside


def _areas(streets: Streets, squares: Squares) -> np.ndarray:
    """Return the area of each square, float64 (n_squares,) [m²]."""
    import shapely  # noqa: PLC0415 — importing the room stays cheap

    kept = streets.__dict__
    if "_square_areas" not in kept:
        kept["_square_areas"] = shapely.area(_kept_shapes(streets, squares))
    found: np.ndarray = kept["_square_areas"]
    return found


def _tree(streets: Streets, squares: Squares) -> shapely.STRtree:
    import shapely  # noqa: PLC0415 — importing the room stays cheap

    kept = streets.__dict__
    if "_square_tree" not in kept:
        kept["_square_tree"] = shapely.STRtree(_kept_shapes(streets, squares))
    found: shapely.STRtree = kept["_square_tree"]
    return found


def line_between(streets: Streets, number: int, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Line of the shortest way inside a square, float64 (n_points, 2) [m].

    Parameters
    ----------
    streets : Streets
    number : int
        Square.
    start, end : ndarray of float64, shape (2,)
        Points in it [m].

    Returns
    -------
    ndarray of float64, shape (n_points, 2)
        Start and end alone where no way inside is known.
    """
    squares = streets.squares
    assert squares is not None  # noqa: S101 — a number of a square was given
    square = made_ready(streets, squares, number)
    direct = sight(square, start[None], end[None])[0, 0]
    near, far = (sight(square, point[None], square.xy)[0] for point in (start, end))
    over = near[:, None] + square.apart_m + far[None, :]
    if not len(square.xy) or np.isfinite(direct) or not np.isfinite(over.min()):
        return np.stack((start, end))
    first, last = np.unravel_index(int(over.argmin()), over.shape)
    steps = sight(square, square.xy, square.xy)
    way, here = [int(first)], int(first)
    while here != last:
        gain = steps[here] + square.apart_m[:, last]
        gain[way] = np.inf
        here = int(gain.argmin())
        way.append(here)
    return np.concatenate((start[None], square.xy[way], end[None]))
