"""From times at street nodes to times at cells: along the cell's own street, then across to its centre."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import shapely

from geo_access.errors import SnapError
from geo_access.kernels import njit
from geo_access.network.model import Network, Streets
from geo_access.network.search.hubs import HubWays
from geo_access.network.search.kernels import node_at
from geo_access.network.search.links import Links
from geo_access.network.search.search import state_times
from geo_access.routing.legs import link, street_speed
from geo_access.routing.query import Query
from geo_access.surfaces.across import straight_cells
from geo_access.surfaces.crow_fly import Entrances, Sides, entrances_of
from geo_access.surfaces.lattice import Canvas, Frame, Lattice, prepare_lattice
from geo_access.words.note import Note, note
from geo_access.words.told import refusal

__all__ = ["MARGIN_S", "Cells", "cell_times", "cells_of", "check_lattice", "lattice_for", "street_values"]

# Times are kept this far beyond the longest asked, so that the outermost outline is interpolated, not cut.
MARGIN_S = 300.0
# Largest lattice of a whole network that is kept in memory (12 bytes a cell).
_CELLS_KEPT = 6_000_000


@njit(cache=True)
def _soonest(state_s: np.ndarray, states: np.ndarray, first: int, last: int) -> float:  # pragma: no cover - compiled
    best = np.inf
    for k in range(first, last):
        if state_s[states[k]] < best:
            best = state_s[states[k]]
    return best


class Cells(NamedTuple):
    """Part of a lattice: its first row and column, the lattice's columns, and where each cell meets its edge.

    `from_source_ds` and `from_target_ds` are the times along the whole edge from either end, −1 where closed.
    """

    first_row: int
    first_col: int
    lattice_cols: int
    edge: np.ndarray
    fraction: np.ndarray
    connector_s: np.ndarray
    from_source_ds: np.ndarray
    from_target_ds: np.ndarray
    edge_source: np.ndarray
    edge_target: np.ndarray


class _Sites(NamedTuple):
    edge: np.ndarray
    fraction: np.ndarray
    connector_s: np.ndarray


def cells_of(lattice: Lattice, rows: slice, cols: slice, *, reverse: bool) -> Cells:
    """Return what kernels take of a part of a lattice.

    Parameters
    ----------
    lattice : Lattice
    rows, cols : slice
    reverse : bool
        False: times run from the street to the cells; True: from the cells to the street.

    Returns
    -------
    Cells
    """
    links = lattice.links
    # Reversed, a cell leaves its edge by the ends: towards the source against the edge, towards the target along it.
    ahead, against = (links.backward_ds, links.forward_ds) if reverse else (links.forward_ds, links.backward_ds)
    corner = (rows.start, cols.start, lattice.frame.cols)
    ends = (lattice.edge_source, lattice.edge_target)
    return Cells(*corner, links.edge, links.fraction, links.connector_s, ahead, against, *ends)


@njit(cache=True)
def _fill_cells(
    out_s: np.ndarray, cells: Cells, sides: Sides, state_s: np.ndarray, scale: float, walk_scale: float
) -> None:  # pragma: no cover - compiled
    """Go along each cell's edge from its two ends; `scale` turns deciseconds into the seconds asked for."""
    edge, fraction = cells.edge, cells.fraction
    indptr, state = sides.side_indptr, sides.side_state
    for r in range(out_s.shape[0]):
        for c in range(out_s.shape[1]):
            i = (cells.first_row + r) * cells.lattice_cols + cells.first_col + c
            e = edge[i]
            if e < 0:
                continue
            best = np.inf
            node = node_at(e, fraction[i], cells.edge_source, cells.edge_target)
            if node >= 0:
                best = _soonest(state_s, sides.node_state, sides.node_indptr[node], sides.node_indptr[node + 1])
            else:
                if cells.from_source_ds[i] >= 0:
                    start = _soonest(state_s, state, indptr[2 * e], indptr[2 * e + 1])
                    best = start + fraction[i] * cells.from_source_ds[i] * scale
                if cells.from_target_ds[i] >= 0:
                    end = _soonest(
                        state_s, sides.side_state, sides.side_indptr[2 * e + 1], sides.side_indptr[2 * e + 2]
                    )
                    best = min(best, end + (1.0 - fraction[i]) * cells.from_target_ds[i] * scale)
            if best < np.inf:
                out_s[r, c] = best + cells.connector_s[i] * walk_scale


@njit(cache=True)
def _fill_from_hubs(
    out_s: np.ndarray, cells: Cells, hubs: HubWays, sides: Sides, state_s: np.ndarray, scale: float, walk_scale: float
) -> None:  # pragma: no cover - compiled
    """Lower cells in squares from each entrance that leads straight to them."""
    for k in range(hubs.owner.shape[0]):
        cell, node = hubs.owner[k], hubs.node[k]
        r, c = cell // cells.lattice_cols - cells.first_row, cell % cells.lattice_cols - cells.first_col
        if r < 0 or c < 0 or r >= out_s.shape[0] or c >= out_s.shape[1]:
            continue
        best = _soonest(state_s, sides.node_state, sides.node_indptr[node], sides.node_indptr[node + 1])
        best += hubs.deciseconds[k] * scale + cells.connector_s[cell] * walk_scale
        if best < np.inf and not out_s[r, c] <= best:
            out_s[r, c] = best


@njit(cache=True)
def _fill_beside_sites(
    out_s: np.ndarray, cells: Cells, sites: _Sites, scale: float, walk_scale: float
) -> None:  # pragma: no cover - compiled
    """Cells on a site's own edge are reached along it, without going round by its ends."""
    wanted = np.zeros(len(cells.edge_source), np.bool_)
    wanted[sites.edge] = True
    for r in range(out_s.shape[0]):
        for c in range(out_s.shape[1]):
            i = (cells.first_row + r) * cells.lattice_cols + cells.first_col + c
            e = cells.edge[i]
            if e < 0 or not wanted[e]:
                continue
            for k in range(sites.edge.shape[0]):
                step = cells.fraction[i] - sites.fraction[k]
                whole = cells.from_source_ds[i] if step >= 0.0 else cells.from_target_ds[i]
                if sites.edge[k] != e or whole < 0:
                    continue
                value = sites.connector_s[k] + abs(step) * whole * scale + cells.connector_s[i] * walk_scale
                if not out_s[r, c] <= value:
                    out_s[r, c] = value


def cell_times(
    lattice: Lattice,
    state_s: np.ndarray,
    part: tuple[slice, slice],
    *,
    query: Query,
    entrances: Entrances,
    reverse: bool,
    sites: Links | None = None,
) -> np.ndarray:
    """Give the times at the cells of a part of the lattice.

    Parameters
    ----------
    lattice : Lattice
    state_s : ndarray of float32, shape (n_states,)
        Time at each state of the street graph [s]; NaN where there is none.
    part : tuple of slice
        Rows and columns of the lattice.
    query : Query
        For the speeds along the streets and across to the cells' centres; times scale from the mode's reference speed.
    entrances : Entrances
        Of the graph, in the direction of the times.
    reverse : bool
        False: `state_s` counts from the sites; True: to the sites.
    sites : Links, optional
        Of the sites, all ok: cells on a site's own edge are reached along it.

    Returns
    -------
    ndarray of float32, shape of the part
        [s], NaN where there is none.
    """
    rows, cols = part
    speed = street_speed(query, lattice.mode)
    scale = 0.1 * lattice.speed_kmh / (lattice.speed_kmh if speed is None else speed)
    walk_scale = lattice.connector_kmh / query.walk_kmh
    values = np.full((max(0, rows.stop - rows.start), max(0, cols.stop - cols.start)), np.nan, np.float32)
    cells = cells_of(lattice, rows, cols, reverse=reverse)
    _fill_cells(values, cells, entrances.sides, state_s, scale, walk_scale)
    _fill_from_hubs(values, cells, lattice.hubs.ways, entrances.sides, state_s, scale, walk_scale)
    if sites is not None:
        own = _Sites(sites.edge, sites.fraction, sites.connector_s)
        _fill_beside_sites(values, cells, own, scale, walk_scale)
        straight = straight_cells(lattice, sites, rows=rows, cols=cols, walk_kmh=query.walk_kmh)
        straight.lower(values, rows=rows, cols=cols, start_s=np.zeros(len(sites)), max_s=np.inf)
    return values


def _reached_bounds(
    streets: Streets, reached: np.ndarray, site_xy: np.ndarray, margin_m: float
) -> tuple[float, float, float, float]:
    """West, south, east, north around the sites and the nodes that have a time [m]."""
    x = np.concatenate((np.asarray(streets.node_x)[reached], site_xy[:, 0]))
    y = np.concatenate((np.asarray(streets.node_y)[reached], site_xy[:, 1]))
    return float(x.min() - margin_m), float(y.min() - margin_m), float(x.max() + margin_m), float(y.max() + margin_m)


@lru_cache(maxsize=6)
def _whole_lattice(streets: Streets, mode: str, cell_m: float, limit_m: float) -> Lattice:
    """Lattice of all streets, kept for the next request on the same network."""
    return prepare_lattice(streets, mode=mode, cell_m=cell_m, limit_m=limit_m)


def street_values(
    network: Network, site_xy: np.ndarray, query: Query, canvas: Canvas, *, mode: str, limit_s: float
) -> tuple[np.ndarray, Frame, tuple[Note, ...]]:
    """Find the times at cells along the streets of one mode.

    Parameters
    ----------
    network : Network
        With streets.
    site_xy : ndarray of float64, shape (n, 2)
        [m].
    query : Query
        For speeds and the farthest link.
    canvas : Canvas
    mode : str
        Street mode.
    limit_s : float
        Longest time of interest [s].

    Returns
    -------
    values_s : ndarray of float32, shape (rows, cols)
        [s], NaN where there is none.
    frame : Frame
    notes : tuple of Note

    Raises
    ------
    SnapError
        When no site can be linked to the streets.
    """
    streets = network.streets
    assert isinstance(streets, Streets)  # noqa: S101 — the caller has looked
    links = link(network, site_xy, mode, query)
    linked = np.asarray(links.ok)
    if not linked.any():
        raise refusal("surfaces.far_sites", SnapError, n=len(site_xy), limit=query.link_limit_m, mode=mode)
    max_s, reverse, lattice = int(limit_s + MARGIN_S), canvas.reverse, canvas.lattice
    state_s = state_times(streets, links, mode=mode, max_s=max_s, reverse=reverse, speed_kmh=street_speed(query, mode))
    entrances = entrances_of(streets, mode, reverse=reverse)
    across_m = min(query.link_limit_m, max_s * query.walk_kmh / 3.6) + canvas.cell_m
    wanted = canvas.bounds or _reached_bounds(streets, entrances.node_of[state_s >= 0], site_xy[linked], across_m)
    if lattice is None:
        lattice = lattice_for(
            streets,
            mode,
            cell_m=canvas.cell_m,
            limit_m=query.link_limit_m,
            bounds=wanted,
            barriers=canvas.barriers,
            whole=canvas.bounds is None,
        )
    check_lattice(lattice, streets, mode)
    part = lattice.frame.window(wanted)
    own = links.take(np.flatnonzero(linked))
    values = cell_times(lattice, state_s, part, query=query, entrances=entrances, reverse=reverse, sites=own)
    lost = int((~linked).sum())
    notes = (note("sites_off_street", n=lost, all=len(site_xy)),) if lost else ()
    return values, lattice.frame.part(*part), notes


def lattice_for(
    streets: Streets,
    mode: str,
    *,
    cell_m: float,
    limit_m: float,
    bounds: tuple[float, float, float, float],
    barriers: shapely.Geometry | None = None,
    whole: bool = True,
) -> Lattice:
    """Lattice over some bounds: that of all streets where it is kept, which serves every later request.

    Parameters
    ----------
    streets : Streets
    mode : str
        Street mode.
    cell_m, limit_m : float
        Cell size, and the farthest a centre may lie from its street [m].
    bounds : tuple of float
        West, south, east, north [m].
    barriers : shapely geometry, optional
        Metric CRS; the lattice is then made for this request alone.
    whole : bool
        Whether the lattice of all streets may be made for it.

    Returns
    -------
    Lattice
    """
    if whole and barriers is None and _cells(streets, cell_m) <= _CELLS_KEPT:
        return _whole_lattice(streets, mode, float(cell_m), float(limit_m))
    return prepare_lattice(streets, mode=mode, cell_m=cell_m, limit_m=limit_m, bounds=bounds, barriers=barriers)


@lru_cache(maxsize=6)
def _cells(streets: Streets, cell_m: float) -> float:
    """Count the cells of a grid over all streets."""
    low, high = streets.geometry_xy.min(axis=0), streets.geometry_xy.max(axis=0)
    return float(np.prod((high - low) / cell_m + 1))


def check_lattice(lattice: Lattice, streets: Streets, mode: str) -> None:
    """Raise `InputError` for a lattice of another mode or of other streets."""
    if lattice.mode != mode or len(lattice.edge_source) != len(streets.edge_source):
        raise refusal("surfaces.lattice", mode=lattice.mode, wanted=str(mode))
