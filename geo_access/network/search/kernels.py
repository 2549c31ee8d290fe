"""Searches on a street graph: Dijkstra with circular integer buckets, cut off at a limit.

A *seed* is a state of the graph and the time at which a source is there; an *entry* is a state from which a target can
be reached, and the time that takes. Both come from links in the middle of edges.

What a search leaves behind: which source a time comes from, and the line one travels.
"""

from __future__ import annotations

import numpy as np

from geo_access.kernels import njit, trailing_zeros
from geo_access.network.search.tables import Arcs, Bounded, Edges, Entries, OnEdge, Points, Work

__all__ = [
    "edge_ends",
    "grow",
    "invert",
    "longer",
    "reach_rows",
    "workspace",
]

INFINITE = np.int32(1 << 30)
# A point that projects onto the end of an edge is at the node: every street there leads to it and from it.
AT_NODE = 1e-9


@njit(cache=True, nogil=True)
def longer(values: np.ndarray, size: int) -> np.ndarray:
    """Copy of an array with room for `size` values, those beyond the copied ones unset: a kernel's growing list."""
    out = np.empty(size, values.dtype)
    # Not `out[:n] = values`: numba compiles a message about shapes that do not fit with it, for two seconds.
    for k in range(len(values)):
        out[k] = values[k]
    return out


@njit(cache=True, nogil=True)
def invert(
    indptr: np.ndarray, columns: np.ndarray, values: np.ndarray, n_columns: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exchange rows and columns of a CSR table; the rows of each column come ascending."""
    into = np.zeros(n_columns + 1, dtype=np.int64)
    for column in columns:
        into[column + 1] += 1
    for column in range(n_columns):
        into[column + 1] += into[column]
    cursor = into[:-1].copy()
    rows = np.empty(len(columns), dtype=np.int32)
    moved = np.empty(len(columns), dtype=np.int32)
    for row in range(len(indptr) - 1):
        for k in range(indptr[row], indptr[row + 1]):
            at = cursor[columns[k]]
            cursor[columns[k]] += 1
            rows[at] = row
            moved[at] = values[k]
    return into, rows, moved


@njit(cache=True)
def edge_ends(edges: Edges) -> tuple[np.ndarray, np.ndarray]:
    """State at the end of each edge as drawn, and against it, int32 (n_edges,); −1 where closed."""
    n_edges = len(edges.source)
    forward = np.full(n_edges, -1, dtype=np.int32)
    backward = np.full(n_edges, -1, dtype=np.int32)
    n_nodes = len(edges.indptr) - 1 - len(edges.copy_of)
    # Who sets out in the middle of an edge has no turn behind him: it ends where the arc of the node itself leads, or
    # that of the copy that journeys start in. The other copies only hold what a banned turn leaves open.
    for k in range(n_nodes + len(edges.starts)):
        state = k if k < n_nodes else edges.starts[k - n_nodes]
        node = state if state < n_nodes else edges.copy_of[state - n_nodes]
        for arc in range(edges.indptr[state], edges.indptr[state + 1]):
            edge = edges.edges[arc]
            if edges.source[edge] == node:
                forward[edge] = edges.heads[arc]
            else:
                backward[edge] = edges.heads[arc]
    return forward, backward


@njit(cache=True)
def node_at(edge: int, fraction: float, edge_source: np.ndarray, edge_target: np.ndarray) -> int:
    """Node that a position on an edge coincides with, −1 between the ends."""
    if fraction <= AT_NODE:
        return edge_source[edge]
    if fraction >= 1.0 - AT_NODE:
        return edge_target[edge]
    return -1


@njit(cache=True)
def workspace(n_states: int, n_slots: int, n_waiting: int) -> Work:
    """Clean memory for a search over `n_states` with `n_slots` buckets; `n_waiting` is the most that can wait."""
    return Work(
        np.full(n_states, INFINITE, dtype=np.int32),
        np.full(n_states, INFINITE, dtype=np.int32),
        np.full(n_slots, -1, dtype=np.int32),
        np.zeros(n_slots >> 6, dtype=np.uint64),
        np.empty((3, n_waiting), dtype=np.int32),
        np.empty(n_states, dtype=np.int32),
    )


@njit(cache=True)
def grow(arcs: Arcs, seed_state: np.ndarray, seed_cost: np.ndarray, limit: int, work: Work) -> int:
    """Settle every state within `limit` of the seeds, in order of time; return how many.

    `via` gets the seed's position for a state settled from a seed as −1 − position, else the arc.
    """
    indptr, heads, weights = arcs
    dist, via, buckets, marks, pool, settled = work
    pool_next, pool_state, pool_via = pool[0], pool[1], pool[2]
    one = np.uint64(1)
    mask = len(buckets) - 1
    used = 0
    pending = 0
    start = INFINITE
    for k in range(len(seed_state)):
        if seed_cost[k] <= limit and seed_cost[k] < dist[seed_state[k]]:
            dist[seed_state[k]] = seed_cost[k]
            slot = seed_cost[k] & mask
            marks[slot >> 6] |= one << np.uint64(slot & 63)
            pool_state[used], pool_via[used], pool_next[used] = seed_state[k], -1 - k, buckets[slot]
            buckets[slot] = used
            used += 1
            pending += 1
            start = min(start, seed_cost[k])
    now = start
    count = 0
    # Times are whole and never run ahead by a turn of the buckets: a slot holds one time only, and nothing is sorted.
    while pending > 0:
        slot = now & mask
        # Most slots are empty: a word says which of 64 are not.
        waiting = marks[slot >> 6] >> np.uint64(slot & 63)
        if waiting == 0:
            now += 64 - (slot & 63)
            continue
        ahead = trailing_zeros(waiting)
        now += ahead
        slot += ahead
        while buckets[slot] >= 0:
            item = buckets[slot]
            buckets[slot] = pool_next[item]
            pending -= 1
            state = pool_state[item]
            # An item that a shorter way has overtaken stays in its bucket: taking it out costs more than passing it by.
            if dist[state] != now or via[state] != INFINITE:
                continue
            via[state] = pool_via[item]
            settled[count] = state
            count += 1
            for arc in range(indptr[state], indptr[state + 1]):
                time = now + weights[arc]
                head = heads[arc]
                if time <= limit and time < dist[head]:
                    dist[head] = time
                    target = time & mask
                    marks[target >> 6] |= one << np.uint64(target & 63)
                    pool_state[used], pool_via[used], pool_next[used] = head, arc, buckets[target]
                    buckets[target] = used
                    used += 1
                    pending += 1
        marks[slot >> 6] &= ~(one << np.uint64(slot & 63))
        now += 1
    return count


@njit(cache=True, nogil=True)
def reach_rows(
    first_source: int,
    last_source: int,
    arcs: Arcs,
    n_slots: int,
    begin: Bounded,
    entries: Entries,
    found: np.ndarray,
) -> None:
    """Lower `found`, deciseconds, int32 (n_sources, n_targets), by the times on the network from some sources."""
    seeds, limits = begin
    # Memory is laid out once for all these sources; every search leaves it clean for the next.
    work = workspace(len(arcs.indptr) - 1, n_slots, len(arcs.heads) + len(seeds.state))
    for s in range(first_source, last_source):
        part = slice(seeds.indptr[s], seeds.indptr[s + 1])
        count = grow(arcs, seeds.state[part], seeds.cost[part], limits[s], work)
        for k in range(count):
            state = work.settled[k]
            for at in range(entries.indptr[state], entries.indptr[state + 1]):
                time = work.dist[state] + entries.cost[at]
                if time < found[s, entries.point[at]]:
                    found[s, entries.point[at]] = time
            work.dist[state] = INFINITE
            work.via[state] = INFINITE


@njit(cache=True)
def along_shared_edges(found: np.ndarray, sources: Points, targets: Points, on_edge: OnEdge, turned: bool) -> list:
    """Lower `found` where source and target lie on one edge; return the pairs that are the same point.

    `on_edge` files the targets, or the sources where `turned`.
    """
    same = [(np.int64(-1), np.int64(-1)) for _ in range(0)]
    edge = targets.edge if turned else sources.edge
    for p in range(len(edge)):
        if edge[p] < 0:
            continue
        for at in range(on_edge.indptr[edge[p]], on_edge.indptr[edge[p] + 1]):
            other = on_edge.member[at]
            s, t = (other, p) if turned else (p, other)
            step = targets.fraction[t] - sources.fraction[s]
            if step >= 0 and sources.forward_ds[s] >= 0:
                found[s, t] = min(found[s, t], round(step * sources.forward_ds[s]))
            if step <= 0 and sources.backward_ds[s] >= 0:
                found[s, t] = min(found[s, t], round(-step * sources.backward_ds[s]))
            if sources.x[s] == targets.x[t] and sources.y[s] == targets.y[t]:
                same.append((np.int64(s), np.int64(t)))
    return same
