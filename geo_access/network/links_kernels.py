"""Kernels behind `links`: a uniform grid over street segments, and the nearest one of each point."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

__all__ = ["edge_times", "fill_grid", "nearest_segments"]


@njit(cache=True)
def edge_times(
    indptr: np.ndarray,
    deciseconds: np.ndarray,
    edges: np.ndarray,
    copy_of: np.ndarray,
    edge_source: np.ndarray,
    n_edges: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Time along each edge as drawn and against it, int32 (n_edges,) [0.1 s], −1 where closed."""
    forward = np.full(n_edges, -1, dtype=np.int32)
    backward = np.full(n_edges, -1, dtype=np.int32)
    n_nodes = len(indptr) - 1 - len(copy_of)
    for node in range(n_nodes):
        for arc in range(indptr[node], indptr[node + 1]):
            edge = edges[arc]
            if edge_source[edge] == node:
                forward[edge] = deciseconds[arc]
            else:
                backward[edge] = deciseconds[arc]
    return forward, backward


@njit(cache=True)
def fill_grid(
    ends: np.ndarray, x0: float, y0: float, cell_m: float, nx: int, ny: int
) -> tuple[np.ndarray, np.ndarray, int, int]:
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
    return counts, members, nx, ny


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
def _nearest_one(
    x: float, y: float, ends: np.ndarray, indptr: np.ndarray, members: np.ndarray, nx: int, ny: int,
    x0: float, y0: float, cell_m: float, search_m: float,
) -> tuple[int, float, float]:  # fmt: skip
    """Search rings of cells around a point until no nearer segment can exist; ties go to the lower segment."""
    ci = math.floor((x - x0) / cell_m)
    cj = math.floor((y - y0) / cell_m)
    outside = max(-ci, ci - nx + 1, -cj, cj - ny + 1)
    first = max(0, outside)
    last = int(search_m / cell_m) + 1
    best, best_along, best_square = -1, 0.0, search_m * search_m
    for ring in range(first, last + 1):
        reach = (ring - 1) * cell_m
        if best >= 0 and reach > 0 and reach * reach > best_square:
            break
        for j in range(max(cj - ring, 0), min(cj + ring, ny - 1) + 1):
            edge_row = j in (cj - ring, cj + ring)
            step = 1 if edge_row else max(2 * ring, 1)
            for i in range(ci - ring, ci + ring + 1, step):
                if i < 0 or i >= nx:
                    continue
                for at in range(indptr[j * nx + i], indptr[j * nx + i + 1]):
                    k = members[at]
                    along, square = _project(x, y, ends, k)
                    if square < best_square or (square == best_square and (best < 0 or k < best)):
                        best, best_along, best_square = k, along, square
    return best, best_along, math.sqrt(best_square)


@njit(cache=True, parallel=True)
def nearest_segments(
    points: np.ndarray, ends: np.ndarray, indptr: np.ndarray, members: np.ndarray, nx: int, ny: int,
    x0: float, y0: float, cell_m: float, search_m: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Nearest segment of each point, position along it (0–1) and distance [m]; −1 beyond `search_m`."""
    n = len(points)
    segment = np.empty(n, dtype=np.int64)
    along = np.empty(n)
    gap = np.empty(n)
    for p in prange(n):
        segment[p], along[p], gap[p] = _nearest_one(
            points[p, 0], points[p, 1], ends, indptr, members, nx, ny, x0, y0, cell_m, search_m
        )
    return segment, along, gap
