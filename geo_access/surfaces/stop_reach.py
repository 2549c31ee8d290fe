"""Around the stops: from where one gets off to every cell, no farther than one is willing to go from a stop.

The best time at a node may come from a stop too far away to go on from, and a later one nearby then counts. Each node
therefore keeps every (time, way from the stop) that no other betters in both: few, found by one search from all stops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from geo_access.arrays import grouped
from geo_access.kernels import njit
from geo_access.network.model import Streets
from geo_access.network.search.crow_fly import time_factor
from geo_access.network.search.hubs import HubWays
from geo_access.network.search.kernels import longer, node_at
from geo_access.network.search.links import Links, graph_of
from geo_access.network.search.search import seeds_and_arcs
from geo_access.network.search.tables import Arcs
from geo_access.surfaces.across import StraightCells, straight_cells
from geo_access.surfaces.crow_fly import Entrances, Sides, entrances_of
from geo_access.surfaces.lattice import Lattice
from geo_access.surfaces.street_times import Cells, cells_of

__all__ = ["StopReach", "stop_reach"]

_NONE = np.int32(1 << 30)


@dataclass(frozen=True, eq=False)
class StopReach:
    """Streets, stops and cells made ready for any number of moments.

    Attributes
    ----------
    lattice : Lattice
        Its cells are what is reached.
    arcs : Arcs
        Of the street graph in the direction of the way [0.1 s at the reference speed].
    entrances : Entrances
    seed_state, seed_stop, seed_ds : ndarray, shape (n_seeds,)
        Where the search begins: state, stop, and the way along the stop's street [0.1 s].
    connector_s : ndarray of float64, shape (n_stops,)
        Between the stop and its street [s].
    stop_indptr, stop_member : ndarray
        Stops by edge (CSR).
    stop_fraction : ndarray of float64, shape (n_stops,)
        Place of each stop along its edge.
    step_s : float
        Seconds of the query for each 0.1 s at the reference speed.
    across : float
        Factor on the lattice's ways across to the cells' centres.
    limit_s : float
        Longest way between stop and cell [s].
    reverse : bool
        From the cells to the stops.
    straight : StraightCells
        Cells that stops reach straight across, no farther than `limit_s`.
    """

    lattice: Lattice
    arcs: Arcs
    entrances: Entrances
    seed_state: np.ndarray
    seed_stop: np.ndarray
    seed_ds: np.ndarray
    connector_s: np.ndarray
    stop_indptr: np.ndarray
    stop_member: np.ndarray
    stop_fraction: np.ndarray
    step_s: float
    across: float
    limit_s: float
    reverse: bool
    straight: StraightCells

    def cells(self, stop_s: np.ndarray, *, rows: slice, cols: slice, max_s: float) -> np.ndarray:
        """Give the times at the cells of a part of the lattice.

        Parameters
        ----------
        stop_s : ndarray of float32, shape (n_stops,)
            Time at each stop [s]; NaN where there is none.
        rows, cols : slice
            Part of the lattice.
        max_s : float
            Longest time of interest [s].

        Returns
        -------
        ndarray of float32, shape of the part
            [s]; infinite where no stop serves the cell in time.
        """
        start_s = (np.asarray(stop_s, np.float64) + self.connector_s)[self.seed_stop]
        begin = np.rint(start_s / self.step_s)
        way = np.rint(self.connector_s[self.seed_stop] / self.step_s).astype(np.int32) + self.seed_ds
        max_ds, limit_ds = int(max_s / self.step_s), int(self.limit_s / self.step_s)
        good = np.isfinite(begin) & (way <= limit_ds)
        time = np.where(good, begin, 0).astype(np.int64) + self.seed_ds
        good &= time <= max_ds
        found = _labels(self.arcs, self.seed_state[good], time[good].astype(np.int32), way[good], max_ds, limit_ds)
        values = np.full((max(0, rows.stop - rows.start), max(0, cols.stop - cols.start)), np.inf, np.float32)
        stops = _Stops(
            np.asarray(stop_s, np.float64), self.connector_s, self.stop_indptr, self.stop_member, self.stop_fraction
        )
        cells = cells_of(self.lattice, rows, cols, reverse=self.reverse)
        pace = _Pace(self.step_s, self.across, self.limit_s)
        _fill(values, cells, self.entrances.sides, found, stops, pace)
        _fill_from_hubs(values, cells, self.lattice.hubs.ways, self.entrances.sides, found, pace)
        self.straight.lower(values, rows=rows, cols=cols, start_s=stop_s, max_s=max_s)
        return values


def stop_reach(
    streets: Streets,
    stops: Links,
    lattice: Lattice,
    *,
    speed_kmh: float | None,
    walk_kmh: float,
    limit_s: float,
    reverse: bool,
) -> StopReach:
    """Make the way between stops and cells ready.

    Parameters
    ----------
    streets : Streets
    stops : Links
        Every stop, linked for the lattice's mode.
    lattice : Lattice
    speed_kmh : float, optional
        Speed along the streets; default as built [km/h].
    walk_kmh : float
        Speed across to the cells' centres [km/h].
    limit_s : float
        Longest way between a stop and a cell, both connectors included [s].
    reverse : bool
        From the cells to the stops.

    Returns
    -------
    StopReach
    """
    mode = lattice.mode
    graph = graph_of(streets, mode)
    states, owner, costs, arcs = seeds_and_arcs(streets, stops, mode=mode, reverse=reverse)
    linked = np.asarray(stops.ok)
    keep = linked[owner]
    on_edge = np.flatnonzero(linked)
    stop_indptr, by_edge = grouped(stops.edge[on_edge], len(streets.edge_source))
    whole = {"rows": slice(0, lattice.frame.rows), "cols": slice(0, lattice.frame.cols)}
    straight = straight_cells(lattice, stops, **whole, walk_kmh=walk_kmh)
    near = straight.seconds <= limit_s
    return StopReach(
        lattice=lattice,
        arcs=arcs,
        entrances=entrances_of(streets, mode, reverse=reverse),
        seed_state=states[keep],
        seed_stop=owner[keep],
        seed_ds=costs[keep].astype(np.int32),
        connector_s=np.asarray(stops.connector_s, np.float64),
        stop_indptr=stop_indptr,
        stop_member=on_edge[by_edge].astype(np.int32),
        stop_fraction=np.asarray(stops.fraction, np.float64),
        step_s=0.1 * time_factor(graph.speed_kmh, speed_kmh, mode),
        across=lattice.connector_kmh / walk_kmh,
        limit_s=float(limit_s),
        reverse=reverse,
        straight=StraightCells(*(column[near] for column in straight)),
    )


class _Labels(NamedTuple):
    """Times and ways settled at each state: first label of each, then next, time and way of each label [0.1 s]."""

    first: np.ndarray
    following: np.ndarray
    time: np.ndarray
    way: np.ndarray


class _Stops(NamedTuple):
    """Stops by edge (CSR), with their times, connectors [s] and places along the edge."""

    stop_s: np.ndarray
    connector_s: np.ndarray
    indptr: np.ndarray
    member: np.ndarray
    fraction: np.ndarray


class _Pace(NamedTuple):
    """Seconds of 0.1 s at the reference speed, factor on the ways across, longest way [s]."""

    step_s: float
    across: float
    limit_s: float


@njit(cache=True, nogil=True)
def _labels(
    arcs: Arcs, seed_state: np.ndarray, seed_time: np.ndarray, seed_way: np.ndarray, max_time: int, max_way: int
) -> _Labels:  # pragma: no cover - compiled
    """Settle the times and ways of every state in order of time."""
    indptr, heads, weights = arcs
    n_states = len(indptr) - 1
    shortest = np.full(n_states, _NONE, np.int32)  # shortest way among the labels settled at a state
    hoped_time = np.full(n_states, _NONE, np.int32)  # the best label that waits there
    hoped_way = np.full(n_states, _NONE, np.int32)
    first = np.full(n_states, -1, np.int32)
    last = np.full(n_states, -1, np.int32)
    buckets = np.full(max_time + 1, -1, np.int32)
    size = max(1024, 2 * len(seed_state))
    state_at, way_at, waiting = np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.int32)
    settled_time, settled_way, settled_next = (
        np.empty(1024, np.int32),
        np.empty(1024, np.int32),
        np.empty(1024, np.int32),
    )
    used, count = 0, 0
    for k in range(len(seed_state)):
        state_at[used], way_at[used], waiting[used] = seed_state[k], seed_way[k], buckets[seed_time[k]]
        buckets[seed_time[k]] = used
        used += 1
    for now in range(max_time + 1):
        while buckets[now] >= 0:
            item = buckets[now]
            buckets[now] = waiting[item]
            state, way = state_at[item], way_at[item]
            if way >= shortest[state]:
                continue
            shortest[state] = way
            if count == len(settled_time):
                settled_time, settled_way = longer(settled_time, 2 * count), longer(settled_way, 2 * count)
                settled_next = longer(settled_next, 2 * count)
            settled_time[count], settled_way[count], settled_next[count] = now, way, -1
            if first[state] < 0:
                first[state] = count
            else:
                settled_next[last[state]] = count
            last[state] = count
            count += 1
            for arc in range(indptr[state], indptr[state + 1]):
                time, farther, head = now + weights[arc], way + weights[arc], heads[arc]
                if time > max_time or farther > max_way or farther >= shortest[head]:
                    continue
                if hoped_time[head] <= time and hoped_way[head] <= farther:
                    continue
                if time <= hoped_time[head]:
                    hoped_time[head], hoped_way[head] = time, farther
                if used == len(state_at):
                    state_at, way_at = longer(state_at, 2 * used), longer(way_at, 2 * used)
                    waiting = longer(waiting, 2 * used)
                state_at[used], way_at[used], waiting[used] = head, farther, buckets[time]
                buckets[time] = used
                used += 1
    return _Labels(first, settled_next[:count], settled_time[:count], settled_way[:count])


@njit(cache=True, nogil=True)
def _from_states(
    states: np.ndarray, labels: _Labels, more_s: float, pace: _Pace
) -> float:  # pragma: no cover - compiled
    """Earliest time `more_s` beyond any of the states by a label that may go that far; infinite where none may."""
    best = np.inf
    for state in states:
        at = labels.first[state]
        while at >= 0:
            if labels.way[at] * pace.step_s + more_s <= pace.limit_s:
                best = min(best, labels.time[at] * pace.step_s + more_s)
                break
            at = labels.following[at]
    return best


@njit(cache=True, nogil=True)
def _fill(
    out_s: np.ndarray, cells: Cells, sides: Sides, labels: _Labels, stops: _Stops, pace: _Pace
) -> None:  # pragma: no cover - compiled
    """Go on along each cell's edge from its two ends, or from a stop on it, then across to the cell's centre."""
    step_s = pace.step_s
    for r in range(out_s.shape[0]):
        for c in range(out_s.shape[1]):
            i = (cells.first_row + r) * cells.lattice_cols + cells.first_col + c
            e = cells.edge[i]
            if e < 0:
                continue
            fraction, from_source_ds, from_target_ds = (
                cells.fraction[i],
                cells.from_source_ds[i],
                cells.from_target_ds[i],
            )
            door_s = cells.connector_s[i] * pace.across
            best = np.inf
            node = node_at(e, fraction, cells.edge_source, cells.edge_target)
            if node >= 0:
                here = sides.node_state[sides.node_indptr[node] : sides.node_indptr[node + 1]]
                best = _from_states(here, labels, door_s, pace)
            else:
                if from_source_ds >= 0:
                    more_s = fraction * from_source_ds * step_s + door_s
                    here = sides.side_state[sides.side_indptr[2 * e] : sides.side_indptr[2 * e + 1]]
                    best = _from_states(here, labels, more_s, pace)
                if from_target_ds >= 0:
                    more_s = (1.0 - fraction) * from_target_ds * step_s + door_s
                    here = sides.side_state[sides.side_indptr[2 * e + 1] : sides.side_indptr[2 * e + 2]]
                    best = min(best, _from_states(here, labels, more_s, pace))
            for k in range(stops.indptr[e], stops.indptr[e + 1]):
                stop = stops.member[k]
                step = fraction - stops.fraction[stop]
                whole = from_source_ds if step >= 0.0 else from_target_ds
                if whole < 0 or not stops.stop_s[stop] >= 0.0:
                    continue
                along_s = stops.connector_s[stop] + abs(step) * whole * step_s + door_s
                if along_s <= pace.limit_s:
                    best = min(best, stops.stop_s[stop] + along_s)
            if best < out_s[r, c]:
                out_s[r, c] = best


@njit(cache=True, nogil=True)
def _fill_from_hubs(
    out_s: np.ndarray, cells: Cells, hubs: HubWays, sides: Sides, labels: _Labels, pace: _Pace
) -> None:  # pragma: no cover - compiled
    """Lower cells in squares from each entrance that leads straight to them."""
    for k in range(len(hubs.owner)):
        cell, node = hubs.owner[k], hubs.node[k]
        r, c = cell // cells.lattice_cols - cells.first_row, cell % cells.lattice_cols - cells.first_col
        if r < 0 or c < 0 or r >= out_s.shape[0] or c >= out_s.shape[1]:
            continue
        here = sides.node_state[sides.node_indptr[node] : sides.node_indptr[node + 1]]
        more_s = hubs.deciseconds[k] * pace.step_s + cells.connector_s[cell] * pace.across
        best = _from_states(here, labels, more_s, pace)
        if best < out_s[r, c]:
            out_s[r, c] = best
