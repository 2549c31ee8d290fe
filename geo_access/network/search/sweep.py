"""Many-to-many times over a contraction hierarchy: RPHAST, sixteen sources at a time.

Delling, Goldberg & Werneck (2011), *Faster batched shortest paths in road networks*: the arcs below the targets are
selected once; each sweep runs up from its sources, then down through the selection, all lanes side by side.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geo_access.arrays import rows_of
from geo_access.kernels import njit
from geo_access.network.model import ModeGraph, Streets
from geo_access.network.search.hierarchy import Hierarchy
from geo_access.network.search.kernels import INFINITE
from geo_access.network.search.tables import Entries, Seeds
from geo_access.threads import in_pieces

__all__ = ["Below", "few_rows", "hierarchy_rows", "select_below", "worth_a_hierarchy", "worth_few_rows"]

LANES = 16
_NO_WAY = np.int32(1 << 29)
_MANY_SOURCES = 64
_DEARER = 60.0
# One source alone, on a part of the hierarchy that is known already.
_DEARER_ALONE = 15.0


def worth_a_hierarchy(streets: Streets, graph: ModeGraph, n_sources: int, reach_s: float | None) -> bool:
    """Tell whether sweeping pays: enough sources, and a reach that covers enough of the network.

    Per source a sweep costs about 2 ns for each node of the whole network, a bounded search 150 ns for each node
    within reach (measured on Porto): the sweep wins from one node in sixty on.
    """
    few = LANES // 2 if "hierarchy" in graph.__dict__ else _MANY_SOURCES
    if n_sources < few or not len(graph.heads):
        return False
    if reach_s is None:
        return True
    return _reaches(streets, graph, reach_s, _DEARER)


def worth_few_rows(streets: Streets, graph: ModeGraph, reach_s: float | None) -> bool:
    """Tell whether a hierarchy that is built already beats a search for each of a few sources.

    The part below the targets is taken as known: it is kept for whoever asks for one site more.
    """
    if "hierarchy" not in graph.__dict__ or not len(graph.heads):
        return False
    return reach_s is None or _reaches(streets, graph, reach_s, _DEARER_ALONE)


def _reaches(streets: Streets, graph: ModeGraph, reach_s: float, dearer: float) -> bool:
    """Whether a bounded search, so many times dearer by node, would cost as much as all nodes."""
    reach_m = reach_s * graph.speed_kmh / 3.6
    area_m2 = float(np.ptp(streets.node_x)) * float(np.ptp(streets.node_y))
    return bool(np.pi / 2 * reach_m * reach_m * dearer >= area_m2)


@njit(cache=True)
def _closure(states: np.ndarray, rank: np.ndarray, indptr: np.ndarray, heads: np.ndarray) -> np.ndarray:
    """Ranks of some states and of all that is above them, ascending."""
    n = len(rank)
    inside = np.zeros(n, dtype=np.bool_)
    for state in states:
        inside[rank[state]] = True
    count = 0
    for k in range(n):
        if inside[k]:
            count += 1
            for arc in range(indptr[k], indptr[k + 1]):
                inside[heads[arc]] = True
    chosen = np.empty(count, dtype=np.int32)
    count = 0
    for k in range(n):
        if inside[k]:
            chosen[count] = k
            count += 1
    return chosen


@njit(cache=True)
def _select(chosen: np.ndarray, indptr: np.ndarray, heads: np.ndarray, down: np.ndarray, n: int) -> tuple:
    """Cut out the hierarchy below the targets, renumbered without gaps."""
    number = np.full(n, -1, dtype=np.int32)
    total = 0
    for k in range(len(chosen)):
        number[chosen[k]] = k
        total += indptr[chosen[k] + 1] - indptr[chosen[k]]
    part_indptr = np.zeros(len(chosen) + 1, dtype=np.int64)
    part_heads = np.empty(total, dtype=np.int32)
    part_down = np.empty(total, dtype=np.int32)
    filled = 0
    for k in range(len(chosen)):
        for arc in range(indptr[chosen[k]], indptr[chosen[k] + 1]):
            if down[arc] < _NO_WAY:
                part_heads[filled] = number[heads[arc]]
                part_down[filled] = down[arc]
                filled += 1
        part_indptr[k + 1] = filled
    return number, part_indptr, part_heads[:filled].copy(), part_down[:filled].copy()


@njit(cache=True, fastmath=False)
def _relax(dist: np.ndarray, low: int, high: int, weight: int) -> None:
    """Lower row `low` by row `high` plus a weight, lane by lane."""
    for lane in range(LANES):
        dist[low, lane] = min(dist[low, lane], dist[high, lane] + weight)


class _Ranks(NamedTuple):
    """A hierarchy: rank of each state, arcs to higher ranks (CSR over ranks), times up [0.1 s]."""

    rank: np.ndarray
    indptr: np.ndarray
    heads: np.ndarray
    up: np.ndarray


class _Part(NamedTuple):
    """The part below the targets: number of each rank in it, −1 where not; arcs (CSR over numbers), times down."""

    number: np.ndarray
    indptr: np.ndarray
    heads: np.ndarray
    down: np.ndarray


class _Begin(NamedTuple):
    """Sources in the order of their blocks, and where each of them starts."""

    order: np.ndarray
    seeds: Seeds


class _Front(NamedTuple):
    """Ranks that a block of sources has climbed to: whether, times in every lane, and which."""

    inside: np.ndarray
    dist: np.ndarray
    visited: np.ndarray


@njit(cache=True)
def _climb(begin: _Begin, block: int, ranks: _Ranks, front: _Front) -> int:
    """Upward part for the lanes of one block; return how many ranks were visited."""
    order, seeds = begin
    rank, indptr, heads, up = ranks
    inside, dist, visited = front
    lowest = len(rank)
    for lane in range(LANES):
        at = block * LANES + lane
        if at >= len(order):
            break
        s = order[at]
        for k in range(seeds.indptr[s], seeds.indptr[s + 1]):
            r = rank[seeds.state[k]]
            if not inside[r]:
                inside[r] = True
                dist[r, :] = INFINITE
            dist[r, lane] = min(dist[r, lane], seeds.cost[k])
            lowest = min(lowest, r)
    count = 0
    for r in range(lowest, len(rank)):
        if not inside[r]:
            continue
        visited[count] = r
        count += 1
        for arc in range(indptr[r], indptr[r + 1]):
            head = heads[arc]
            if not inside[head]:
                inside[head] = True
                dist[head, :] = INFINITE
            if up[arc] < _NO_WAY:
                _relax(dist, head, r, up[arc])
    return count


@njit(cache=True, nogil=True)
def _sweep(
    first_block: int,
    last_block: int,
    begin: _Begin,
    ranks: _Ranks,
    part: _Part,
    entries: Entries,
    found: np.ndarray,
) -> None:
    """Climb from each block of sources, then come down through the part; `entries` has a number for each point."""
    order, seeds = begin
    number, part_indptr, part_heads, part_down = part
    entry_number, entry_point, entry_cost = entries
    n_sources, n, m = len(seeds.indptr) - 1, len(ranks.rank), len(part_indptr) - 1
    n_targets = found.shape[1]
    above = np.empty((n, LANES), dtype=np.int32)
    below = np.empty((m, LANES), dtype=np.int32)
    inside = np.zeros(n, dtype=np.bool_)
    visited = np.empty(n, dtype=np.int32)
    best = np.empty((n_targets, LANES), dtype=np.int32)
    for block in range(first_block, last_block):
        count = _climb(begin, block, ranks, _Front(inside, above, visited))
        below[:] = INFINITE
        for k in range(count):
            r = visited[k]
            inside[r] = False
            if number[r] >= 0:
                for lane in range(LANES):
                    below[number[r], lane] = above[r, lane]
        # Numbers rise with rank: whatever lies above a number has been settled before it is reached.
        for k in range(m - 1, -1, -1):
            for arc in range(part_indptr[k], part_indptr[k + 1]):
                _relax(below, k, part_heads[arc], part_down[arc])
        best[:] = INFINITE
        for at in range(len(entry_number)):
            row, t, cost = entry_number[at], entry_point[at], entry_cost[at]
            for lane in range(LANES):
                best[t, lane] = min(best[t, lane], below[row, lane] + cost)
        for lane in range(min(LANES, n_sources - block * LANES)):
            s = order[block * LANES + lane]
            for t in range(n_targets):
                found[s, t] = best[t, lane] if best[t, lane] < _NO_WAY else INFINITE


def hierarchy_rows(hierarchy: Hierarchy, seeds: Seeds, entries: Entries, n_targets: int) -> np.ndarray:
    """Deciseconds from each source to each target through a hierarchy.

    Parameters
    ----------
    hierarchy : Hierarchy
    seeds : Seeds
        Of each source, states of the graph.
    entries : Entries
        Of each target.
    n_targets : int

    Returns
    -------
    ndarray of int32, shape (n_sources, n_targets)
        `INFINITE` where there is no way.
    """
    ranks, below = _ranks_of(hierarchy), select_below(hierarchy, entries)
    rank = ranks.rank
    n_sources = len(seeds.indptr) - 1
    first = np.zeros(n_sources, dtype=np.int32)
    linked = np.diff(seeds.indptr) > 0
    first[linked] = rank[seeds.state[seeds.indptr[:-1][linked]]]
    # Sources that climb the same way share a block: its lanes then visit the same ranks.
    order = np.argsort(first, kind="stable").astype(np.int32)
    found = np.full((n_sources, n_targets), INFINITE, dtype=np.int32)
    in_pieces(_sweep, -(-n_sources // LANES), _Begin(order, seeds), ranks, below.part, below.entries, found)
    return found


class Below(NamedTuple):
    """The part of a hierarchy below some targets; `entries` has a number of the part for each point."""

    part: _Part
    entries: Entries


def _ranks_of(hierarchy: Hierarchy, *, turned: bool = False) -> _Ranks:
    up = hierarchy.down_ds if turned else hierarchy.up_ds
    return _Ranks(*(np.asarray(part) for part in (hierarchy.rank, hierarchy.indptr, hierarchy.heads, up)))


def select_below(hierarchy: Hierarchy, entries: Entries, *, turned: bool = False) -> Below:
    """Cut out what lies below some targets.

    Parameters
    ----------
    hierarchy : Hierarchy
    entries : Entries
        Of each target.
    turned : bool
        Against the arcs.

    Returns
    -------
    Below
    """
    rank, indptr, heads, _ = _ranks_of(hierarchy)
    down = np.asarray(hierarchy.up_ds if turned else hierarchy.down_ds)
    states = rows_of(entries.indptr, np.int32)
    part = _Part(*_select(_closure(states, rank, indptr, heads), indptr, heads, down, len(rank)))
    return Below(part, Entries(part.number[rank[states]], entries.point, entries.cost))


@njit(cache=True, nogil=True)
def _sweep_alone(
    first_source: int, last_source: int, seeds: Seeds, ranks: _Ranks, part: _Part, entries: Entries, found: np.ndarray
) -> None:
    """Climb from each source and come down through the part, as `_sweep` does for many at once."""
    rank, indptr, heads, up = ranks
    number, part_indptr, part_heads, part_down = part
    entry_number, entry_point, entry_cost = entries
    n, m = len(rank), len(part_indptr) - 1
    above = np.full(n, INFINITE, dtype=np.int32)
    below = np.empty(m, dtype=np.int32)
    for s in range(first_source, last_source):
        below[:] = INFINITE
        lowest = n
        for k in range(seeds.indptr[s], seeds.indptr[s + 1]):
            r = rank[seeds.state[k]]
            above[r] = min(above[r], seeds.cost[k])
            lowest = min(lowest, r)
        for r in range(lowest, n):
            at = above[r]
            if at == INFINITE:
                continue
            if number[r] >= 0:
                below[number[r]] = at
            for arc in range(indptr[r], indptr[r + 1]):
                if up[arc] < _NO_WAY:
                    above[heads[arc]] = min(above[heads[arc]], at + up[arc])
            above[r] = INFINITE
        for k in range(m - 1, -1, -1):
            best = below[k]
            for arc in range(part_indptr[k], part_indptr[k + 1]):
                best = min(best, below[part_heads[arc]] + part_down[arc])
            below[k] = best
        for at in range(len(entry_number)):
            way = below[entry_number[at]] + entry_cost[at]
            if way < _NO_WAY and way < found[s, entry_point[at]]:
                found[s, entry_point[at]] = way


def few_rows(hierarchy: Hierarchy, seeds: Seeds, below: Below, n_targets: int, *, turned: bool = False) -> np.ndarray:
    """Deciseconds from each of a few sources to each target through a hierarchy whose part is known.

    Parameters
    ----------
    hierarchy : Hierarchy
    seeds : Seeds
        Of each source, states of the graph.
    below : Below
        From `select_below`, the same way round.
    n_targets : int
    turned : bool
        Against the arcs.

    Returns
    -------
    ndarray of int32, shape (n_sources, n_targets)
        `INFINITE` where there is no way.
    """
    n_sources = len(seeds.indptr) - 1
    found = np.full((n_sources, n_targets), INFINITE, dtype=np.int32)
    ranks = _ranks_of(hierarchy, turned=turned)
    in_pieces(_sweep_alone, n_sources, seeds, ranks, below.part, below.entries, found, per_thread=1)
    return found
