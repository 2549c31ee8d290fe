"""From times at street nodes to times at cells: along the cell's own street, then across to its centre."""

from __future__ import annotations

import numpy as np
from numba import njit

from geo_access.isochrones.lattice import Frame, Lattice

__all__ = ["cell_times", "reached_window"]


@njit(cache=True)
def _fill_cells(
    out_s: np.ndarray,
    edge: np.ndarray,
    fraction: np.ndarray,
    offset_m: np.ndarray,
    edge_source: np.ndarray,
    edge_target: np.ndarray,
    from_source_s: np.ndarray,
    from_target_s: np.ndarray,
    node_s: np.ndarray,
    scale: float,
    pace_s_per_m: float,
) -> None:  # pragma: no cover - compiled
    rows, cols = edge.shape
    for r in range(rows):
        for c in range(cols):
            e = edge[r, c]
            if e < 0:
                continue
            best = np.inf
            start, end, f = node_s[edge_source[e]], node_s[edge_target[e]], fraction[r, c]
            if start >= 0.0 and from_source_s[e] < np.inf:
                best = start + f * from_source_s[e] * scale
            if end >= 0.0 and from_target_s[e] < np.inf:
                best = min(best, end + (1.0 - f) * from_target_s[e] * scale)
            if best < np.inf:
                out_s[r, c] = best + offset_m[r, c] * pace_s_per_m


@njit(cache=True)
def _fill_beside_sites(
    out_s: np.ndarray,
    edge: np.ndarray,
    fraction: np.ndarray,
    offset_m: np.ndarray,
    window: tuple[int, int, int, int],
    site_edge: int,
    site_fraction: float,
    site_s: float,
    up_s: float,
    down_s: float,
    pace_s_per_m: float,
) -> None:  # pragma: no cover - compiled
    for r in range(window[0], window[1]):
        for c in range(window[2], window[3]):
            if edge[r, c] != site_edge:
                continue
            step = fraction[r, c] - site_fraction
            along = step * up_s if step >= 0.0 else -step * down_s
            value = site_s + along + offset_m[r, c] * pace_s_per_m
            if not out_s[r, c] <= value:
                out_s[r, c] = value


def reached_window(
    frame: Frame, node_x: np.ndarray, node_y: np.ndarray, node_s: np.ndarray, margin_m: float
) -> tuple[slice, slice]:
    """Rows and columns around the nodes that have a time.

    Parameters
    ----------
    frame : Frame
    node_x, node_y : ndarray of float64, shape (n_nodes,)
        [m].
    node_s : ndarray of float32, shape (n_nodes,)
        NaN where not reached [s].
    margin_m : float
        Kept around them [m].
    """
    reached = np.flatnonzero(node_s >= 0)
    if not len(reached):
        return slice(0, 0), slice(0, 0)
    x, y = node_x[reached], node_y[reached]
    return frame.window((x.min() - margin_m, y.min() - margin_m, x.max() + margin_m, y.max() + margin_m))


def cell_times(
    lattice: Lattice,
    node_s: np.ndarray,
    *,
    rows: slice,
    cols: slice,
    reverse: bool,
    speed_kmh: float,
    pace_s_per_m: float,
    sites: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """Give the times at the cells of a part of the lattice.

    Parameters
    ----------
    lattice : Lattice
    node_s : ndarray of float32, shape (n_nodes,)
        Time at each street node [s]; NaN where there is none.
    rows, cols : slice
        Part of the lattice.
    reverse : bool
        False: `node_s` counts from the sites; True: to the sites.
    speed_kmh : float
        Speed asked for; times along edges scale from the mode's reference speed [km/h].
    pace_s_per_m : float
        Across from the street to the cell's centre, detour included [s/m].
    sites : tuple of ndarray, optional
        Edge (int32), place along it (0–1) and time already spent [s] of each site: cells on a site's own edge are
        reached along it, without going round by its ends.

    Returns
    -------
    ndarray of float32, shape of the part
        [s], NaN where there is none.
    """
    scale = lattice.speed_kmh / speed_kmh
    # Reversed, a cell leaves its edge by the ends: towards the source against the edge, towards the target along it.
    from_source, from_target = (
        (lattice.backward_s, lattice.forward_s) if reverse else (lattice.forward_s, lattice.backward_s)
    )
    edge, fraction = lattice.edge[rows, cols], lattice.fraction[rows, cols]
    offset_m = lattice.offset_m[rows, cols]
    values = np.full(edge.shape, np.nan, np.float32)
    _fill_cells(
        values,
        edge,
        fraction,
        offset_m,
        lattice.edge_source,
        lattice.edge_target,
        from_source,
        from_target,
        node_s,
        scale,
        pace_s_per_m,
    )
    if sites is not None and values.size:
        for site_edge, site_fraction, site_s in np.column_stack(sites).tolist():
            _fill_beside_sites(
                values,
                edge,
                fraction,
                offset_m,
                (0, values.shape[0], 0, values.shape[1]),
                int(site_edge),
                float(site_fraction),
                float(site_s),
                float(from_source[site_edge]) * scale,
                float(from_target[site_edge]) * scale,
                pace_s_per_m,
            )
    return values
