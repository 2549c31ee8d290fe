"""Searches on a street graph: Dijkstra with circular integer buckets, cut off at a limit.

A *seed* is a state of the graph and the time at which a source is there; an *entry* is a state from which a target can
be reached, and the time that takes. Both come from links in the middle of edges.

What a search leaves behind: which source a time comes from, and the line one travels.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from geo_access.network.search.tables import Arcs, Bounded, Edges, Entries, OnEdge, Points, Seeds, Work

__all__ = [
    "edge_ends",
    "entries_of",
    "grow",
    "longer",
    "points_by_edge",
    "reach_rows",
    "seeds_of",
    "transpose",
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


@njit(cache=True)
def transpose(arcs: Arcs) -> Arcs:
    """Arcs the other way round."""
    indptr, heads = arcs.indptr, arcs.heads
    n = len(indptr) - 1
    into = np.zeros(n + 1, dtype=np.int64)
    for head in heads:
        into[head + 1] += 1
    for state in range(n):
        into[state + 1] += into[state]
    cursor = into[:-1].copy()
    tails = np.empty(len(heads), dtype=np.int32)
    weights = np.empty(len(heads), dtype=np.int32)
    for tail in range(n):
        for arc in range(indptr[tail], indptr[tail + 1]):
            at = cursor[heads[arc]]
            cursor[heads[arc]] += 1
            tails[at] = tail
            weights[at] = arcs.weights[arc]
    return Arcs(into, tails, weights)


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
def _chained(nodes: np.ndarray, n_nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """First row of each node, −1 where none, and the next row of the same node: rows ascending."""
    first = np.full(n_nodes, -1, dtype=np.int32)
    following = np.full(len(nodes), -1, dtype=np.int32)
    for k in range(len(nodes) - 1, -1, -1):
        following[k] = first[nodes[k]]
        first[nodes[k]] = k
    return first, following


@njit(cache=True)
def _end_of(edge: int, ahead: bool, edges: Edges, first: np.ndarray, following: np.ndarray) -> int:
    """State at the end of one edge, as `edge_ends` finds it: the copies of starts are chained by their nodes."""
    node = edges.source[edge] if ahead else edges.target[edge]
    found, state, k = -1, node, first[node]
    while state >= 0:
        for arc in range(edges.indptr[state], edges.indptr[state + 1]):
            if edges.edges[arc] == edge and (edges.source[edge] == node) == ahead:
                found = edges.heads[arc]
        state = edges.starts[k] if k >= 0 else -1
        k = following[k] if k >= 0 else -1
    return found


@njit(cache=True)
def seeds_of(points: Points, edges: Edges) -> Seeds:
    """Seeds of each point: the ends of its edge that one may drive to."""
    n_nodes = len(edges.indptr) - 1 - len(edges.copy_of)
    start_nodes = np.empty(len(edges.starts), dtype=np.int32)
    for k in range(len(edges.starts)):
        start_nodes[k] = edges.copy_of[edges.starts[k] - n_nodes]
    first, following = _chained(start_nodes, n_nodes)
    edge, fraction = points.edge, points.fraction
    n = len(edge)
    indptr = np.zeros(n + 1, dtype=np.int64)
    states = np.empty(2 * n, dtype=np.int32)
    costs = np.empty(2 * n, dtype=np.int32)
    filled = 0
    for k in range(n):
        node = node_at(edge[k], fraction[k], edges.source, edges.target) if edge[k] >= 0 else -1
        if node >= 0:
            states[filled], costs[filled] = node, 0
            filled += 1
        elif edge[k] >= 0:
            if points.forward_ds[k] >= 0:
                states[filled] = _end_of(edge[k], True, edges, first, following)
                costs[filled] = round((1.0 - fraction[k]) * points.forward_ds[k])
                filled += 1
            if points.backward_ds[k] >= 0:
                states[filled] = _end_of(edge[k], False, edges, first, following)
                costs[filled] = round(fraction[k] * points.backward_ds[k])
                filled += 1
        indptr[k + 1] = filled
    return Seeds(indptr, states[:filled], costs[:filled])


@njit(cache=True)
def points_by_edge(edge: np.ndarray, n_edges: int) -> OnEdge:
    """File points by the edge that they lie on; those on none, −1, are left out."""
    indptr = np.zeros(n_edges + 1, dtype=np.int64)
    for k in range(len(edge)):
        if edge[k] >= 0:
            indptr[edge[k] + 1] += 1
    for e in range(n_edges):
        indptr[e + 1] += indptr[e]
    cursor = indptr[:-1].copy()
    member = np.empty(indptr[n_edges], dtype=np.int32)
    for k in range(len(edge)):
        if edge[k] >= 0:
            member[cursor[edge[k]]] = k
            cursor[edge[k]] += 1
    return OnEdge(indptr, member)


@njit(cache=True)
def _arcs_past(
    points: Points, edges: Edges, first: np.ndarray, following: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arcs that pass a point between two nodes: the arc, the state that it leaves and the point, in order of the arcs.

    The copies of nodes are chained by them.
    """
    n_nodes = len(edges.indptr) - 1 - len(edges.copy_of)
    arcs = np.empty(4 * len(points.edge) + 16, dtype=np.int64)
    states = np.empty(len(arcs), dtype=np.int32)
    which = np.empty(len(arcs), dtype=np.int32)
    filled = 0
    for k in range(len(points.edge)):
        edge = points.edge[k]
        if edge < 0 or node_at(edge, points.fraction[k], edges.source, edges.target) >= 0:
            continue
        for side in range(1 if edges.source[edge] == edges.target[edge] else 2):
            node = edges.source[edge] if side == 0 else edges.target[edge]
            state, copy = node, first[node]
            while state >= 0:
                for arc in range(edges.indptr[state], edges.indptr[state + 1]):
                    if edges.edges[arc] != edge:
                        continue
                    if filled == len(arcs):
                        arcs, states, which = (
                            longer(arcs, 2 * filled),
                            longer(states, 2 * filled),
                            longer(which, 2 * filled),
                        )
                    arcs[filled], states[filled], which[filled] = arc, state, k
                    filled += 1
                state = n_nodes + copy if copy >= 0 else -1
                copy = following[copy] if copy >= 0 else -1
    order = np.argsort(arcs[:filled], kind="mergesort")
    return arcs[order], states[order], which[order]


@njit(cache=True)
def _points_on_nodes(
    points: Points, edges: Edges, first: np.ndarray, following: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """States in which one stands at a point at the very spot of a node, and the point; the last point first."""
    n_nodes = len(edges.indptr) - 1 - len(edges.copy_of)
    # Behind the mouth of a street that one may not pass through nobody is at the node: no point there is entered.
    stands = np.ones(len(edges.indptr) - 1, dtype=np.bool_)
    for state in edges.sealed:
        stands[state] = False
    states = np.empty(2 * len(points.edge) + 16, dtype=np.int32)
    which = np.empty(len(states), dtype=np.int32)
    filled = 0
    for k in range(len(points.edge) - 1, -1, -1):
        edge = points.edge[k]
        state = node_at(edge, points.fraction[k], edges.source, edges.target) if edge >= 0 else -1
        copy = first[state] if state >= 0 else -1
        while state >= 0:
            if stands[state]:
                if filled == len(states):
                    states, which = longer(states, 2 * filled), longer(which, 2 * filled)
                states[filled], which[filled] = state, k
                filled += 1
            state = n_nodes + copy if copy >= 0 else -1
            copy = following[copy] if copy >= 0 else -1
    return states[:filled], which[:filled]


@njit(cache=True)
def entries_of(points: Points, edges: Edges) -> tuple[Entries, OnEdge]:
    """Entries by state, and the points by edge."""
    n_states = len(edges.indptr) - 1
    n_nodes = n_states - len(edges.copy_of)
    on_edge = points_by_edge(points.edge, len(edges.source))
    first, following = _chained(edges.copy_of, n_nodes)
    arcs, leaves, passed = _arcs_past(points, edges, first, following)
    stands, stood = _points_on_nodes(points, edges, first, following)
    indptr = np.zeros(n_states + 1, dtype=np.int64)
    for state in leaves:
        indptr[state + 1] += 1
    for state in stands:
        indptr[state + 1] += 1
    for state in range(n_states):
        indptr[state + 1] += indptr[state]
    cursor = indptr[:-1].copy()
    found = np.empty(indptr[n_states], dtype=np.int32)
    costs = np.empty(indptr[n_states], dtype=np.int32)
    for at in range(len(stands)):
        found[cursor[stands[at]]], costs[cursor[stands[at]]] = stood[at], 0
        cursor[stands[at]] += 1
    for at in range(len(leaves)):
        state, k = leaves[at], passed[at]
        node = state if state < n_nodes else edges.copy_of[state - n_nodes]
        if edges.source[edges.edges[arcs[at]]] == node:
            cost = round(points.fraction[k] * points.forward_ds[k])
        else:
            cost = round((1.0 - points.fraction[k]) * points.backward_ds[k])
        found[cursor[state]], costs[cursor[state]] = k, cost
        cursor[state] += 1
    return Entries(indptr, found, costs), on_edge


@njit(cache=True)
def workspace(n_states: int, n_slots: int, n_waiting: int) -> Work:
    """Clean memory for a search over `n_states` with `n_slots` buckets; `n_waiting` is the most that can wait."""
    return Work(
        np.full(n_states, INFINITE, dtype=np.int32),
        np.full(n_states, INFINITE, dtype=np.int32),
        np.full(n_slots, -1, dtype=np.int32),
        np.empty((3, n_waiting), dtype=np.int32),
        np.empty(n_states, dtype=np.int32),
    )


@njit(cache=True)
def grow(arcs: Arcs, seed_state: np.ndarray, seed_cost: np.ndarray, limit: int, work: Work) -> int:
    """Settle every state within `limit` of the seeds, in order of time; return how many.

    `via` gets the seed's position for a state settled from a seed as −1 − position, else the arc.
    """
    indptr, heads, weights = arcs
    dist, via, buckets, pool, settled = work
    pool_next, pool_state, pool_via = pool[0], pool[1], pool[2]
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
    # Times are whole and never run ahead by a turn of the buckets: a slot holds one time only, and nothing is sorted.
    while pending > 0:
        slot = now % size
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
                    target = time % size
                    pool_state[used], pool_via[used], pool_next[used] = head, arc, buckets[target]
                    buckets[target] = used
                    used += 1
                    pending += 1
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
def along_shared_edges(found: np.ndarray, sources: Points, targets: Points, on_edge: OnEdge) -> list:
    """Lower `found` where source and target lie on one edge; return the pairs that are the same point."""
    same = [(np.int64(-1), np.int64(-1)) for _ in range(0)]
    edge, fraction, x, y = sources.edge, sources.fraction, sources.x, sources.y
    for s in range(len(edge)):
        if edge[s] < 0:
            continue
        for at in range(on_edge.indptr[edge[s]], on_edge.indptr[edge[s] + 1]):
            t = on_edge.member[at]
            step = targets.fraction[t] - fraction[s]
            if step >= 0 and sources.forward_ds[s] >= 0:
                found[s, t] = min(found[s, t], round(step * sources.forward_ds[s]))
            if step <= 0 and sources.backward_ds[s] >= 0:
                found[s, t] = min(found[s, t], round(-step * sources.backward_ds[s]))
            if x[s] == targets.x[t] and y[s] == targets.y[t]:
                same.append((np.int64(s), np.int64(t)))
    return same
