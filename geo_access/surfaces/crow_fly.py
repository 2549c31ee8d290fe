"""Surfaces without streets: straight lines times the detour factor, at every cell, by arithmetic.

Where each edge and node is entered from, states of the street graph told apart.

A barrier or a banned turn gives a node copies, from which not every street goes on: being there in one state does not
say that an edge can be entered.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from geo_access.arrays import grouped, rows_of
from geo_access.kernels import njit
from geo_access.network.model import CrowFly, Streets
from geo_access.network.search.doors import edges_of
from geo_access.network.search.kernels import edge_ends
from geo_access.network.search.links import graph_of
from geo_access.surfaces.lattice import Frame

__all__ = ["Entrances", "Sides", "entrances_of", "nearest_site_times", "spread_from_points"]


def nearest_site_times(frame: Frame, site_xy: np.ndarray, *, streets: CrowFly, speed_kmh: float) -> np.ndarray:
    """Seconds between each cell and its nearest site: straight line × detour ÷ speed.

    Parameters
    ----------
    frame : Frame
    site_xy : ndarray of float64, shape (n, 2)
        Metric CRS of the frame.
    streets : CrowFly
    speed_kmh : float
        [km/h].

    Returns
    -------
    ndarray of float32, shape (rows, cols)
        [s].

    Examples
    --------
    >>> frame = Frame(0.0, 0.0, 1, 3, 100.0, 2154)
    >>> nearest_site_times(frame, np.zeros((1, 2)), streets=CrowFly(2154, 1.5), speed_kmh=5.4).tolist()
    [[0.0, 100.0, 200.0]]
    """
    pace = streets.detour * 3.6 / speed_kmh
    xx, yy = np.meshgrid(frame.x, frame.y)
    if len(site_xy) == 1:
        metres = np.hypot(xx - site_xy[0, 0], yy - site_xy[0, 1])
    else:
        metres, _ = cKDTree(site_xy).query(np.column_stack([xx.ravel(), yy.ravel()]))
    return np.asarray(metres * pace, np.float32).reshape(frame.rows, frame.cols)


@njit(cache=True)
def spread_from_points(
    values_s: np.ndarray,
    point_xy: np.ndarray,
    start_s: np.ndarray,
    grid: tuple[float, float, float],
    pace_s_per_m: float,
    limit_s: float,
) -> None:  # pragma: no cover - compiled
    """Lower `values_s` in place by walking from points that are reached at `start_s`, for at most `limit_s` each.

    Parameters
    ----------
    values_s : ndarray of float32, shape (rows, cols)
        Infinite where not reached yet [s].
    point_xy : ndarray of float64, shape (n, 2)
        [m].
    start_s : ndarray of float32, shape (n,)
        NaN where not reached [s].
    grid : tuple of float
        Corner x and y, and cell size [m].
    pace_s_per_m : float
        Detour included [s/m].
    limit_s : float
        Longest walk from a point [s].
    """
    rows, cols = values_s.shape
    origin_x, origin_y, cell_m = grid
    reach_m = limit_s / pace_s_per_m
    for i in range(point_xy.shape[0]):
        start = start_s[i]
        if not start >= 0.0:
            continue
        px, py = point_xy[i, 0] - origin_x, point_xy[i, 1] - origin_y
        r0 = max(0, int(np.ceil((py - reach_m) / cell_m)))
        r1 = min(rows - 1, int(np.floor((py + reach_m) / cell_m)))
        for r in range(r0, r1 + 1):
            dy = r * cell_m - py
            half = np.sqrt(max(0.0, reach_m * reach_m - dy * dy))
            c0 = max(0, int(np.ceil((px - half) / cell_m)))
            c1 = min(cols - 1, int(np.floor((px + half) / cell_m)))
            for c in range(c0, c1 + 1):
                dx = c * cell_m - px
                value = start + pace_s_per_m * np.sqrt(dx * dx + dy * dy)
                if value < values_s[r, c]:
                    values_s[r, c] = value


class Sides(NamedTuple):
    """States by side of an edge, and by node: the arrays of `Entrances`."""

    side_indptr: np.ndarray
    side_state: np.ndarray
    node_indptr: np.ndarray
    node_state: np.ndarray


@dataclass(frozen=True, eq=False)
class Entrances:
    """States by side of an edge, and by node.

    Attributes
    ----------
    side_indptr, side_state : ndarray
        States from which each edge is entered, at its source (row 2e) and at its target (row 2e + 1); CSR. Reversed:
        the state that one comes to from it there.
    node_indptr, node_state : ndarray
        States that are each node, for places at its very spot; CSR.
    node_of : ndarray of int64, shape (n_states,)
        Node of each state.
    """

    side_indptr: np.ndarray
    side_state: np.ndarray
    node_indptr: np.ndarray
    node_state: np.ndarray
    node_of: np.ndarray

    @property
    def sides(self) -> Sides:
        """What kernels take."""
        return Sides(self.side_indptr, self.side_state, self.node_indptr, self.node_state)


@lru_cache(maxsize=8)
def entrances_of(streets: Streets, mode: str, *, reverse: bool) -> Entrances:
    """Find the entrances of one mode's graph, kept for the next request on the same streets.

    Parameters
    ----------
    streets : Streets
    mode : str
    reverse : bool
        For times towards sources instead of from them.

    Returns
    -------
    Entrances
    """
    graph = graph_of(streets, mode)
    n_nodes, n_edges = len(streets.node_id), len(streets.edge_source)
    node_of = np.concatenate((np.arange(n_nodes), graph.copy_of)).astype(np.int64)
    if reverse:
        ahead, against = edge_ends(edges_of(streets, graph))
        sides = np.concatenate((2 * np.flatnonzero(against >= 0), 2 * np.flatnonzero(ahead >= 0) + 1))
        states = np.concatenate((against[against >= 0], ahead[ahead >= 0]))
        here, standing = np.arange(n_nodes), np.arange(n_nodes)  # setting out, nothing is banned yet
    else:
        states = rows_of(graph.indptr)
        edges = np.asarray(graph.edges, np.int64)
        sides = 2 * edges + (node_of[states] != np.asarray(streets.edge_source)[edges])
        standing = np.setdiff1d(np.arange(graph.n_states), graph.sealed)
        here = node_of[standing]
    return Entrances(*_grouped(sides, states, 2 * n_edges), *_grouped(here, standing, n_nodes), node_of)


def _grouped(rows: np.ndarray, values: np.ndarray, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """CSR of values by row, in the order given."""
    indptr, order = grouped(rows, n_rows)
    return indptr, values[order].astype(np.int32)
