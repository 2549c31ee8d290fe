"""Points onto streets: the nearest edge that the mode may use, split where the point projects.

Kernels behind `links`: a uniform grid over street segments, and the nearest one of each point.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from geo_access.arrays import entries_of_rows, ranges, rows_of
from geo_access.errors import SnapError, raise_faults
from geo_access.kernels import njit
from geo_access.network.model import CrowFly, ModeGraph, Streets
from geo_access.network.search.links_checks import misplaced
from geo_access.network.search.squares import inside_of
from geo_access.network.search.tables import Points
from geo_access.network.streets.stress import calm_graph
from geo_access.threads import in_pieces
from geo_access.words.told import fault, refusal

__all__ = ["LINK_REASONS", "Links", "edge_times", "fill_grid", "graph_of", "link_points", "nearest_segments"]


def edge_times(
    indptr: np.ndarray, deciseconds: np.ndarray, edges: np.ndarray, copy_of: np.ndarray, edge_source: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Time along each edge as drawn and against it, int32 (n_edges,) [0.1 s], −1 where closed."""
    forward = np.full(len(edge_source), -1, dtype=np.int32)
    backward = np.full(len(edge_source), -1, dtype=np.int32)
    nodes = rows_of(indptr[: len(indptr) - len(copy_of)])
    along, taken_ds = edges[: len(nodes)], deciseconds[: len(nodes)]
    ahead = edge_source[along] == nodes
    forward[along[ahead]] = taken_ds[ahead]
    backward[along[~ahead]] = taken_ds[~ahead]
    return forward, backward


class Grid(NamedTuple):
    """Cells from a corner [m], row by row (CSR), with what each holds."""

    indptr: np.ndarray
    members: np.ndarray
    nx: int
    ny: int
    x0: float
    y0: float
    cell_m: float


@njit(cache=True)
def fill_grid(ends: np.ndarray, x0: float, y0: float, cell_m: float, nx: int, ny: int) -> Grid:
    """Cells (CSR) with the segments whose bounding box touches them; `ends` is (n, 4): x, y, x, y [m]."""
    counts = np.zeros(nx * ny + 1, dtype=np.int64)
    for turn in range(2):
        if turn == 1:
            for cell in range(nx * ny):
                counts[cell + 1] += counts[cell]
            members = np.empty(counts[nx * ny], dtype=np.int32)
            cursor = counts[:-1].copy()
        for k in range(len(ends)):
            i0 = int((min(ends[k, 0], ends[k, 2]) - x0) / cell_m)
            i1 = int((max(ends[k, 0], ends[k, 2]) - x0) / cell_m)
            j0 = int((min(ends[k, 1], ends[k, 3]) - y0) / cell_m)
            j1 = int((max(ends[k, 1], ends[k, 3]) - y0) / cell_m)
            for j in range(max(j0, 0), min(j1, ny - 1) + 1):
                for i in range(max(i0, 0), min(i1, nx - 1) + 1):
                    if turn == 0:
                        counts[j * nx + i + 1] += 1
                    else:
                        members[cursor[j * nx + i]] = k
                        cursor[j * nx + i] += 1
    return Grid(counts, members, nx, ny, x0, y0, cell_m)


@njit(cache=True)
def _project(x: float, y: float, ends: np.ndarray, k: int) -> tuple[float, float]:
    """Position along segment `k` (0–1) nearest to a point, and its squared distance [m²]."""
    dx = ends[k, 2] - ends[k, 0]
    dy = ends[k, 3] - ends[k, 1]
    square = dx * dx + dy * dy
    along = 0.0
    if square > 0.0:
        along = ((x - ends[k, 0]) * dx + (y - ends[k, 1]) * dy) / square
        along = min(1.0, max(0.0, along))
    gap_x = ends[k, 0] + along * dx - x
    gap_y = ends[k, 1] + along * dy - y
    return along, gap_x * gap_x + gap_y * gap_y


@njit(cache=True)
def _nearest_one(x: float, y: float, ends: np.ndarray, grid: Grid, search_m: float) -> tuple[int, float, float]:
    """Search rings of cells around a point until no nearer segment can exist; ties go to the lower segment."""
    nx, ny, cell_m = grid.nx, grid.ny, grid.cell_m
    ci = math.floor((x - grid.x0) / cell_m)
    cj = math.floor((y - grid.y0) / cell_m)
    outside = max(-ci, ci - nx + 1, -cj, cj - ny + 1)
    first = max(0, outside)
    last = int(search_m / cell_m) + 1
    best, best_along, best_square = -1, 0.0, search_m * search_m
    for ring in range(first, last + 1):
        # The point stands anywhere in its cell: what the ring after this one holds is at least so far away.
        reach = (ring - 1) * cell_m
        if best >= 0 and reach > 0 and reach * reach > best_square:
            break
        for j in range(max(cj - ring, 0), min(cj + ring, ny - 1) + 1):
            edge_row = j in (cj - ring, cj + ring)
            step = 1 if edge_row else max(2 * ring, 1)
            for i in range(ci - ring, ci + ring + 1, step):
                if i < 0 or i >= nx:
                    continue
                for at in range(grid.indptr[j * nx + i], grid.indptr[j * nx + i + 1]):
                    k = grid.members[at]
                    along, square = _project(x, y, ends, k)
                    if square < best_square or (square == best_square and (best < 0 or k < best)):
                        best, best_along, best_square = k, along, square
    return best, best_along, math.sqrt(best_square)


class Near(NamedTuple):
    """Nearest segment of each point, position along it (0–1) and distance [m]; −1 beyond the search."""

    segment: np.ndarray
    along: np.ndarray
    gap_m: np.ndarray


@njit(cache=True, nogil=True)
def nearest_segments(
    first: int, last: int, points: np.ndarray, ends: np.ndarray, grid: Grid, search_m: float, near: Near
) -> None:
    """Find the nearest segment of some points."""
    for p in range(first, last):
        found = _nearest_one(points[p, 0], points[p, 1], ends, grid, search_m)
        near.segment[p], near.along[p], near.gap_m[p] = found


LINK_REASONS = ("OK", "NO_POSITION", "BEYOND_LIMIT")
# A point that meets its street this near to a junction is at the junction: rounded coordinates must not decide that
# it can be left or reached along one one-way street only.
_AT_NODE_M = 0.1


@dataclass(frozen=True, eq=False)
class Links:
    """Where points meet the network of one mode.

    Attributes
    ----------
    mode : str
    x, y : ndarray of float64, shape (n,)
        The points [m].
    ok : ndarray of bool, shape (n,)
        Whether the point is on the network.
    edge : ndarray of int32, shape (n,)
        Edge of `Streets`, −1 where none; −1 everywhere without streets.
    fraction : ndarray of float64, shape (n,)
        Position along the edge as drawn, 0–1.
    linked_x, linked_y : ndarray of float64, shape (n,)
        Where the point meets the edge [m].
    distance_m : ndarray of float64, shape (n,)
        Straight line from the point to the edge [m]; also given beyond the limit, NaN where nothing is near.
    connector_s : ndarray of float32, shape (n,)
        Off-street walk: distance × detour at the connector's speed [s], without detour inside a square; NaN where not
        linked.
    forward_ds, backward_ds : ndarray of int32, shape (n,)
        Time along the whole edge, as drawn and against it [0.1 s]; −1 where that is not allowed.
    reason : ndarray of uint8, shape (n,)
        Index into `LINK_REASONS`.
    square : ndarray of int32, shape (n,)
        Square of `Streets` that the point stands in, or whose rim is its street, for who walks; −1 where none.
    inside : ndarray of bool, shape (n,)
        Whether the point itself is in the square: its walk to the street then makes no detour.
    """

    mode: str
    x: np.ndarray
    y: np.ndarray
    ok: np.ndarray
    edge: np.ndarray
    fraction: np.ndarray
    linked_x: np.ndarray
    linked_y: np.ndarray
    distance_m: np.ndarray
    connector_s: np.ndarray
    forward_ds: np.ndarray
    backward_ds: np.ndarray
    reason: np.ndarray
    square: np.ndarray
    inside: np.ndarray

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.x)

    @property
    def points(self) -> Points:
        """What the kernels of the search take."""
        x, y = np.ascontiguousarray(self.x), np.ascontiguousarray(self.y)
        return Points(self.edge, self.fraction, x, y, self.connector_s, self.forward_ds, self.backward_ds)

    def take(self, rows: np.ndarray) -> Links:
        """Return the links of some points."""
        parts = {name: value[rows] for name, value in self.__dict__.items() if name != "mode"}
        return Links(mode=self.mode, **parts)


def graph_of(streets: Streets, mode: str) -> ModeGraph:
    """Graph of a mode, or an `InputError` that names the modes there are; ``bike:2`` is calm up to level 2."""
    if mode.startswith("bike:"):
        return calm_graph(streets, int(mode.partition(":")[2]))
    if mode not in streets.graphs:
        known = ", ".join(streets.graphs) or "–"
        raise refusal("streets.mode_not_built", mode=mode, known=known)
    return streets.graphs[mode]


def _checked(xy: np.ndarray) -> np.ndarray:
    points = np.ascontiguousarray(xy, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise refusal("streets.xy_shape", shape=str(points.shape))
    return points


def link_points(
    streets: Streets | CrowFly,
    xy: np.ndarray,
    *,
    mode: str,
    limit_m: float = 500.0,
    connector_kmh: float = 4.8,
    detour: float = 1.3,
    ids: Sequence[object] | None = None,
) -> Links:
    """Link points to the nearest edge that the mode may use, and may stop on.

    Parameters
    ----------
    streets : Streets or CrowFly
        Without streets every point with a position is linked where it stands.
    xy : ndarray of float64, shape (n, 2)
        Points in the CRS of the streets [m]; NaN for both where a point has no position.
    mode : str
        Profile.
    limit_m : float
        Farthest straight line from a point to its street [m]; beyond it the point stays, not linked.
    connector_kmh : float
        Walking speed off the street [km/h].
    detour : float
        Walked distance over straight line off the street, ≥ 1.
    ids : sequence, optional
        The user's own id of each point, to name those that are refused; row numbers from 1 without them.

    Returns
    -------
    Links
        A row for each point; those without position or beyond the limit are not linked and say why.

    Raises
    ------
    InputError
        When the mode is not in the network, or a parameter makes no sense.
    SnapError
        When any point looks swapped, like degrees, or sits at (0, 0) (see `links_checks`); it lists them all.

    Examples
    --------
    >>> from geo_access.network.model import CrowFly
    >>> links = link_points(CrowFly(2154), np.array([[0.0, 0.0], [np.nan, np.nan]]), mode="walk")
    >>> links.ok.tolist(), links.connector_s.tolist()
    ([True, False], [0.0, nan])
    """
    points = _checked(xy)
    faults = [
        fault(name, key, value=value)
        for name, value, bad, key in (
            ("limit_m", limit_m, not limit_m >= 0, "streets.limit"),
            ("connector_kmh", connector_kmh, not connector_kmh > 0, "streets.connector_speed"),
            ("detour", detour, not detour >= 1, "streets.detour"),
        )
        if bad
    ]
    raise_faults(faults)
    placed = np.isfinite(points).all(axis=1)
    _refuse_misplaced(streets, points, ids)
    if isinstance(streets, CrowFly):
        return _standing(points, placed, mode, streets)
    kept: dict[str, _Segments] = streets.__dict__.setdefault("_segments", {})
    segments = kept.get(mode) or kept.setdefault(mode, _segments(streets, mode))
    forward, backward = segments.forward_ds, segments.backward_ds
    edge, fraction, distance, linked = _nearest(streets, segments, points, placed, limit_m)
    ok = (edge >= 0) & (distance <= limit_m)
    edge = np.where(ok, edge, -1)
    square, inside = inside_of(streets, graph_of(streets, mode), mode, xy=points, edge=edge)
    walked = distance * np.where(inside, 1.0, detour)
    return Links(
        mode=mode,
        x=points[:, 0],
        y=points[:, 1],
        ok=ok,
        edge=edge.astype(np.int32),
        fraction=np.where(ok, fraction, np.nan),
        linked_x=np.where(ok, linked[:, 0], np.nan),
        linked_y=np.where(ok, linked[:, 1], np.nan),
        distance_m=distance,
        connector_s=np.where(ok, walked / connector_kmh * 3.6, np.nan).astype(np.float32),
        forward_ds=np.where(ok, forward[edge], -1).astype(np.int32),
        backward_ds=np.where(ok, backward[edge], -1).astype(np.int32),
        reason=np.where(ok, 0, np.where(placed, 2, 1)).astype(np.uint8),
        square=square,
        inside=inside,
    )


def _refuse_misplaced(streets: Streets | CrowFly, points: np.ndarray, ids: Sequence[object] | None) -> None:
    """Raise for points whose numbers cannot be what was meant, all at once."""
    if ids is not None and len(ids) != len(points):
        raise refusal("streets.ids_number", ids=len(ids), n=len(points))
    extent = None
    if isinstance(streets, Streets):
        low, high = ((float(pick(streets.node_x)), float(pick(streets.node_y))) for pick in (np.min, np.max))
        extent = (*low, *high)
    raise_faults(misplaced(points, extent=extent, epsg=streets.epsg, ids=ids), error=SnapError)


def _standing(points: np.ndarray, placed: np.ndarray, mode: str, crow_fly: CrowFly) -> Links:
    if mode.startswith("bike:"):
        raise refusal("streets.stress_unknown")
    if mode not in crow_fly.speeds_kmh:
        raise refusal("streets.no_crow_fly_speed", mode=mode, known=", ".join(crow_fly.speeds_kmh))
    n = len(points)
    zero = np.where(placed, 0.0, np.nan)
    none = np.full(n, -1, dtype=np.int32)
    return Links(
        mode=mode,
        x=points[:, 0],
        y=points[:, 1],
        ok=placed,
        edge=none,
        fraction=zero,
        linked_x=points[:, 0],
        linked_y=points[:, 1],
        distance_m=zero,
        connector_s=zero.astype(np.float32),
        forward_ds=none,
        backward_ds=none,
        reason=np.where(placed, 0, 1).astype(np.uint8),
        square=none,
        inside=np.zeros(n, dtype=bool),
    )


@dataclass(frozen=True, eq=False)
class _Segments:
    """Segments that a mode may use, in a grid, with the edge times of the mode."""

    forward_ds: np.ndarray
    backward_ds: np.ndarray
    edge: np.ndarray
    start: np.ndarray
    ends: np.ndarray
    grid: Grid | None


def _segments(streets: Streets, mode: str) -> _Segments:
    """Lay the segments of one mode out in a grid; kept with the streets for all points that will be linked to them."""
    graph = graph_of(streets, mode)
    forward, backward = edge_times(graph.indptr, graph.deciseconds, graph.edges, graph.copy_of, streets.edge_source)
    used = (forward >= 0) | (backward >= 0)
    if len(streets.edge_stops):
        used &= streets.edge_stops
    chosen = np.flatnonzero(used)
    sizes = np.diff(streets.geometry_indptr)[chosen] - 1
    start = ranges(streets.geometry_indptr[:-1][chosen], sizes)
    xy = np.asarray(streets.geometry_xy)
    ends = np.hstack((xy[start], xy[start + 1])) if len(chosen) else np.empty((0, 4))
    if not len(chosen):
        return _Segments(forward, backward, chosen, start, ends, None)
    low = np.minimum(ends[:, :2].min(axis=0), ends[:, 2:].min(axis=0))
    high = np.maximum(ends[:, :2].max(axis=0), ends[:, 2:].max(axis=0))
    span = np.maximum(high - low, 1.0)
    cell_m = float(max(np.sqrt(span[0] * span[1] / (len(start) / 2 + 1)), span.max() / 20_000, 20.0))
    corner = (float(low[0]), float(low[1]))
    grid = fill_grid(ends, *corner, cell_m, *(int(size) for size in span // cell_m + 1))
    return _Segments(forward, backward, np.repeat(chosen, sizes), start, ends, grid)


def _nearest(
    streets: Streets, segments: _Segments, points: np.ndarray, placed: np.ndarray, limit_m: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Nearest usable edge of each point: edge, fraction along it, distance [m], where."""
    n = len(points)
    edge = np.full(n, -1, dtype=np.int64)
    fraction, distance = np.full(n, np.nan), np.full(n, np.nan)
    linked = np.full((n, 2), np.nan)
    rows = np.flatnonzero(placed)
    if segments.grid is None or not len(rows):
        return edge, fraction, distance, linked
    ends, search_m = segments.ends, max(limit_m, 2_000.0)
    near = Near(np.empty(len(rows), np.int64), np.empty(len(rows)), np.empty(len(rows)))
    in_pieces(nearest_segments, len(rows), points[rows], ends, segments.grid, search_m, near)
    found = near.segment >= 0
    rows, segment, along = rows[found], near.segment[found], near.along[found]
    edge[rows], distance[rows] = segments.edge[segment], near.gap_m[found]
    linked[rows] = ends[segment, :2] + along[:, None] * (ends[segment, 2:] - ends[segment, :2])
    fraction[rows] = _fractions(streets, edge[rows], segments.start[segment], linked[rows])
    for end, position in (
        (0.0, streets.geometry_indptr[edge[rows]]),
        (1.0, streets.geometry_indptr[edge[rows] + 1] - 1),
    ):
        node_xy = np.asarray(streets.geometry_xy)[position]
        there = np.hypot(*(linked[rows] - node_xy).T) <= _AT_NODE_M
        fraction[rows[there]], linked[rows[there]] = end, node_xy[there]
    return edge, fraction, distance, linked


def _fractions(streets: Streets, edge: np.ndarray, first: np.ndarray, linked: np.ndarray) -> np.ndarray:
    """Share of the length of each edge that lies before a position on it."""
    xy = np.asarray(streets.geometry_xy)
    begin = streets.geometry_indptr[edge]
    points, offset = entries_of_rows(streets.geometry_indptr, edge)
    steps = np.zeros(len(points))
    steps[1:] = np.hypot(*(xy[points[1:]] - xy[points[:-1]]).T)
    steps[offset[:-1]] = 0.0
    total = np.add.reduceat(steps, offset[:-1]) if len(edge) else np.empty(0)
    walked = np.cumsum(steps)
    before = walked[offset[:-1] + (first - begin)] - walked[offset[:-1]]
    inside = np.hypot(*(linked - xy[first]).T)
    return np.clip((before + inside) / np.maximum(total, 1e-9), 0.0, 1.0)
