"""Searches on a street graph: Dijkstra with circular integer buckets, cut off at a limit.

A *seed* is a state of the graph and the time at which a source is there; an *entry* is a state from which a target can
be reached, and the time that takes. Both come from links in the middle of edges.

What a search leaves behind: which source a time comes from, and the line one travels.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

__all__ = ["edge_ends", "entries_of", "grow", "longer", "reach_rows", "seeds_of", "transpose"]

INFINITE = np.int32(1 << 30)
# A point that projects onto the end of an edge is at the node: every street there leads to it and from it.
AT_NODE = 1e-9


@njit(cache=True, nogil=True)
def longer(values: np.ndarray, size: int) -> np.ndarray:
    """Copy of an array with room for `size` values, those beyond the copied ones unset: a kernel's growing list."""
    out = np.empty(size, values.dtype)
    out[: len(values)] = values
    return out


@njit(cache=True)
def transpose(indptr: np.ndarray, heads: np.ndarray, deciseconds: np.ndarray) -> tuple:
    """CSR of the reversed arcs, and the arc that each came from."""
    n = len(indptr) - 1
    into = np.zeros(n + 1, dtype=np.int64)
    for head in heads:
        into[head + 1] += 1
    for state in range(n):
        into[state + 1] += into[state]
    cursor = into[:-1].copy()
    tails = np.empty(len(heads), dtype=np.int32)
    weights = np.empty(len(heads), dtype=np.int32)
    origin = np.empty(len(heads), dtype=np.int32)
    for tail in range(n):
        for arc in range(indptr[tail], indptr[tail + 1]):
            at = cursor[heads[arc]]
            cursor[heads[arc]] += 1
            tails[at] = tail
            weights[at] = deciseconds[arc]
            origin[at] = arc
    return into, tails, weights, origin


@njit(cache=True)
def edge_ends(
    indptr: np.ndarray,
    heads: np.ndarray,
    edges: np.ndarray,
    copy_of: np.ndarray,
    starts: np.ndarray,
    edge_source: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """State at the end of each edge as drawn, and against it, int32 (n_edges,); −1 where closed."""
    forward = np.full(len(edge_source), -1, dtype=np.int32)
    backward = np.full(len(edge_source), -1, dtype=np.int32)
    n_nodes = len(indptr) - 1 - len(copy_of)
    for k in range(n_nodes + len(starts)):
        state = k if k < n_nodes else starts[k - n_nodes]
        node = state if state < n_nodes else copy_of[state - n_nodes]
        for arc in range(indptr[state], indptr[state + 1]):
            edge = edges[arc]
            if edge_source[edge] == node:
                forward[edge] = heads[arc]
            else:
                backward[edge] = heads[arc]
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
def seeds_of(
    edge: np.ndarray,
    fraction: np.ndarray,
    forward_ds: np.ndarray,
    backward_ds: np.ndarray,
    forward_end: np.ndarray,
    backward_end: np.ndarray,
    edge_source: np.ndarray,
    edge_target: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Seeds of each link (CSR: indptr, state, deciseconds): the ends of its edge that one may drive to."""
    n = len(edge)
    indptr = np.zeros(n + 1, dtype=np.int64)
    states = np.empty(2 * n, dtype=np.int32)
    costs = np.empty(2 * n, dtype=np.int32)
    filled = 0
    for k in range(n):
        node = node_at(edge[k], fraction[k], edge_source, edge_target) if edge[k] >= 0 else -1
        if node >= 0:
            states[filled], costs[filled] = node, 0
            filled += 1
        elif edge[k] >= 0:
            if forward_ds[k] >= 0:
                states[filled] = forward_end[edge[k]]
                costs[filled] = round((1.0 - fraction[k]) * forward_ds[k])
                filled += 1
            if backward_ds[k] >= 0:
                states[filled] = backward_end[edge[k]]
                costs[filled] = round(fraction[k] * backward_ds[k])
                filled += 1
        indptr[k + 1] = filled
    return indptr, states[:filled], costs[:filled]


@njit(cache=True)
def entries_of(  # noqa: C901 — one kernel
    edge: np.ndarray,
    fraction: np.ndarray,
    forward_ds: np.ndarray,
    backward_ds: np.ndarray,
    indptr: np.ndarray,
    edges: np.ndarray,
    copy_of: np.ndarray,
    sealed: np.ndarray,
    edge_source: np.ndarray,
    edge_target: np.ndarray,
) -> tuple:
    """Entries by state (CSR: indptr, link, deciseconds), and links by edge (CSR: indptr, link)."""
    n_edges, n_states = len(edge_source), len(indptr) - 1
    n_nodes = n_states - len(copy_of)
    on_edge = np.zeros(n_edges + 1, dtype=np.int64)
    for k in range(len(edge)):
        if edge[k] >= 0:
            on_edge[edge[k] + 1] += 1
    for e in range(n_edges):
        on_edge[e + 1] += on_edge[e]
    cursor = on_edge[:-1].copy()
    members = np.empty(on_edge[n_edges], dtype=np.int32)
    for k in range(len(edge)):
        if edge[k] >= 0:
            members[cursor[edge[k]]] = k
            cursor[edge[k]] += 1
    first_there = np.full(n_nodes, -1, dtype=np.int32)
    next_there = np.full(len(edge), -1, dtype=np.int32)
    count_there = np.zeros(n_nodes, dtype=np.int64)
    between = np.ones(len(edge), dtype=np.bool_)
    for k in range(len(edge)):
        node = node_at(edge[k], fraction[k], edge_source, edge_target) if edge[k] >= 0 else -1
        if node >= 0:
            next_there[k] = first_there[node]
            first_there[node] = k
            count_there[node] += 1
            between[k] = False
    at_state = np.zeros(n_states + 1, dtype=np.int64)
    stands = np.ones(n_states, dtype=np.bool_)
    for state in sealed:
        stands[state] = False
    for state in range(n_states):
        node = state if state < n_nodes else copy_of[state - n_nodes]
        at_state[state + 1] = at_state[state] + (count_there[node] if stands[state] else 0)
        for arc in range(indptr[state], indptr[state + 1]):
            for at in range(on_edge[edges[arc]], on_edge[edges[arc] + 1]):
                at_state[state + 1] += between[members[at]]
    links = np.empty(at_state[n_states], dtype=np.int32)
    costs = np.empty(at_state[n_states], dtype=np.int32)
    filled = 0
    for state in range(n_states):
        node = state if state < n_nodes else copy_of[state - n_nodes]
        here = first_there[node] if stands[state] else -1
        while here >= 0:
            links[filled], costs[filled] = here, 0
            filled += 1
            here = next_there[here]
        for arc in range(indptr[state], indptr[state + 1]):
            e = edges[arc]
            for at in range(on_edge[e], on_edge[e + 1]):
                k = members[at]
                if not between[k]:
                    continue
                links[filled] = k
                if edge_source[e] == node:
                    costs[filled] = round(fraction[k] * forward_ds[k])
                else:
                    costs[filled] = round((1.0 - fraction[k]) * backward_ds[k])
                filled += 1
    return at_state, links, costs, on_edge, members


@njit(cache=True)
def grow(
    indptr: np.ndarray,
    heads: np.ndarray,
    weights: np.ndarray,
    seed_state: np.ndarray,
    seed_cost: np.ndarray,
    limit: int,
    dist: np.ndarray,
    via: np.ndarray,
    buckets: np.ndarray,
    pool_next: np.ndarray,
    pool_state: np.ndarray,
    pool_via: np.ndarray,
    settled: np.ndarray,
) -> int:
    """Settle every state within `limit` of the seeds, in order of time; return how many.

    `dist` must come in as `INFINITE` everywhere and `buckets` as −1; `via` gets the seed's position for a state
    settled from a seed as −1 − position, else the arc. `buckets` has more slots than the largest weight and than the
    spread of the seeds.
    """
    size = len(buckets)
    used = 0
    pending = 0
    start = INFINITE
    for k in range(len(seed_state)):
        if seed_cost[k] <= limit and seed_cost[k] < dist[seed_state[k]]:
            dist[seed_state[k]] = seed_cost[k]
            slot = seed_cost[k] % size
            pool_state[used], pool_via[used], pool_next[used] = seed_state[k], -1 - k, buckets[slot]
            buckets[slot] = used
            used += 1
            pending += 1
            start = min(start, seed_cost[k])
    now = start
    count = 0
    while pending > 0:
        slot = now % size
        while buckets[slot] >= 0:
            item = buckets[slot]
            buckets[slot] = pool_next[item]
            pending -= 1
            state = pool_state[item]
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
                    target = time % size
                    pool_state[used], pool_via[used], pool_next[used] = head, arc, buckets[target]
                    buckets[target] = used
                    used += 1
                    pending += 1
        now += 1
    return count


@njit(cache=True, parallel=True)
def reach_rows(
    indptr: np.ndarray,
    heads: np.ndarray,
    weights: np.ndarray,
    n_slots: int,
    seed_indptr: np.ndarray,
    seed_state: np.ndarray,
    seed_cost: np.ndarray,
    entry_indptr: np.ndarray,
    entry_link: np.ndarray,
    entry_cost: np.ndarray,
    limits: np.ndarray,
    n_targets: int,
    n_chunks: int,
) -> np.ndarray:
    """Deciseconds on the network from each source to each target, int32 (n_sources, n_targets); `INFINITE` = none."""
    n_sources, n_states = len(seed_indptr) - 1, len(indptr) - 1
    found = np.full((n_sources, n_targets), INFINITE, dtype=np.int32)
    pool = len(heads) + 8
    for chunk in prange(n_chunks):
        dist = np.full(n_states, INFINITE, dtype=np.int32)
        via = np.full(n_states, INFINITE, dtype=np.int32)
        buckets = np.full(n_slots, -1, dtype=np.int32)
        pool_next = np.empty(pool, dtype=np.int32)
        pool_state = np.empty(pool, dtype=np.int32)
        pool_via = np.empty(pool, dtype=np.int32)
        settled = np.empty(n_states, dtype=np.int32)
        for s in range(chunk, n_sources, n_chunks):
            part = slice(seed_indptr[s], seed_indptr[s + 1])
            count = grow(
                indptr,
                heads,
                weights,
                seed_state[part],
                seed_cost[part],
                limits[s],
                dist,
                via,
                buckets,
                pool_next,
                pool_state,
                pool_via,
                settled,
            )
            for k in range(count):
                state = settled[k]
                for at in range(entry_indptr[state], entry_indptr[state + 1]):
                    time = dist[state] + entry_cost[at]
                    if time < found[s, entry_link[at]]:
                        found[s, entry_link[at]] = time
                dist[state] = INFINITE
                via[state] = INFINITE
    return found


@njit(cache=True)
def along_shared_edges(
    found: np.ndarray,
    edge: np.ndarray,
    fraction: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    on_edge: np.ndarray,
    members: np.ndarray,
    target_fraction: np.ndarray,
    target_x: np.ndarray,
    target_y: np.ndarray,
    forward_ds: np.ndarray,
    backward_ds: np.ndarray,
) -> list:
    """Lower `found` where source and target lie on one edge; return the pairs that are the same point."""
    same = [(np.int64(-1), np.int64(-1)) for _ in range(0)]
    for s in range(len(edge)):
        if edge[s] < 0:
            continue
        for at in range(on_edge[edge[s]], on_edge[edge[s] + 1]):
            t = members[at]
            step = target_fraction[t] - fraction[s]
            if step >= 0 and forward_ds[s] >= 0:
                found[s, t] = min(found[s, t], round(step * forward_ds[s]))
            if step <= 0 and backward_ds[s] >= 0:
                found[s, t] = min(found[s, t], round(-step * backward_ds[s]))
            if x[s] == target_x[t] and y[s] == target_y[t]:
                same.append((np.int64(s), np.int64(t)))
    return same
