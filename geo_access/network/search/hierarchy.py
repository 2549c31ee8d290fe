"""Kernels behind `hierarchy`: contraction in minimum-degree order, and the renumbering that makes sweeps local.

Contraction hierarchy of a street graph: every state contracted once, shortcuts kept, ready for sweeps.

States are contracted in minimum-degree order without witness searches, as in customizable contraction hierarchies
(Dibbelt, Strasser & Wagner 2016, ACM JEA 21): the order depends on the shape of the network only, the result is exact
for any weights, and building is a matter of a second. Ranks follow a post-order of the elimination tree, so that
what is near in the network is near in memory when PHAST sweeps run over it (Delling et al. 2013).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo_access.kernels import njit
from geo_access.network.search.kernels import longer

__all__ = ["NO_WAY", "Hierarchy", "build_hierarchy", "contract", "post_order", "upward_arcs"]

NO_WAY = np.int32(1 << 29)


@njit(cache=True)
def _neighbours(indptr: np.ndarray, heads: np.ndarray, weights: np.ndarray) -> tuple:
    """Both directions of every arc merged: each state's neighbours with the time to them and from them."""
    n = len(indptr) - 1
    capacity = np.zeros(n, dtype=np.int64)
    for tail in range(n):
        for arc in range(indptr[tail], indptr[tail + 1]):
            if heads[arc] != tail:
                capacity[tail] += 1
                capacity[heads[arc]] += 1
    first = np.zeros(n, dtype=np.int64)
    total = 0
    for state in range(n):
        first[state] = total
        capacity[state] = max(2 * capacity[state], 4)
        total += capacity[state]
    nodes = np.empty(2 * total + 1024, dtype=np.int32)
    to = np.empty(len(nodes), dtype=np.int32)
    back = np.empty(len(nodes), dtype=np.int32)
    size = np.zeros(n, dtype=np.int64)
    for tail in range(n):
        for arc in range(indptr[tail], indptr[tail + 1]):
            head = heads[arc]
            if head == tail:
                continue
            for side in range(2):
                a, b = (tail, head) if side == 0 else (head, tail)
                at = first[a]
                while at < first[a] + size[a] and nodes[at] != b:
                    at += 1
                if at == first[a] + size[a]:
                    nodes[at], to[at], back[at] = b, NO_WAY, NO_WAY
                    size[a] += 1
                if side == 0:
                    to[at] = min(to[at], weights[arc])
                else:
                    back[at] = min(back[at], weights[arc])
    return first, size, capacity, nodes, to, back, total


@njit(cache=True)
def contract(indptr: np.ndarray, heads: np.ndarray, weights: np.ndarray) -> tuple:  # noqa: C901 — one kernel
    """Contract every state, always one of least degree, oldest first.

    Returns the order, and for each state (first, size) the slice of neighbours it had when it was contracted, with the
    time to them and from them.
    """
    n = len(indptr) - 1
    first, size, capacity, nodes, to, back, used = _neighbours(indptr, heads, weights)
    order = np.empty(n, dtype=np.int32)
    done = np.zeros(n, dtype=np.bool_)
    position = np.full(n, -1, dtype=np.int64)
    queue_head = np.full(n + 1, -1, dtype=np.int64)
    queue_tail = np.full(n + 1, -1, dtype=np.int64)
    item_state = np.empty(8 * n + 16, dtype=np.int32)
    item_next = np.empty(8 * n + 16, dtype=np.int64)
    items = 0
    for state in range(n):
        degree = size[state]
        item_state[items], item_next[items] = state, -1
        if queue_tail[degree] >= 0:
            item_next[queue_tail[degree]] = items
        else:
            queue_head[degree] = items
        queue_tail[degree] = items
        items += 1
    lowest = 0
    for step in range(n):
        # Degrees change while states wait: an item whose degree is no longer that of its queue is passed over here,
        # as the state was filed again when its degree changed.
        while True:
            while queue_head[lowest] < 0:
                lowest += 1
            item = queue_head[lowest]
            queue_head[lowest] = item_next[item]
            if queue_head[lowest] < 0:
                queue_tail[lowest] = -1
            v = item_state[item]
            if not done[v] and size[v] == lowest:
                break
        done[v] = True
        order[step] = v
        begin, degree = first[v], size[v]
        for i in range(begin, begin + degree):
            a = nodes[i]
            before = size[a]
            # Where each neighbour of `a` stands, for as long as `a` is looked at: a search through the slice for each
            # pair would make dense states cost the cube of their degree.
            for at in range(first[a], first[a] + size[a]):
                position[nodes[at]] = at
            gone, last = position[v], first[a] + size[a] - 1
            position[nodes[last]] = gone
            nodes[gone], to[gone], back[gone] = nodes[last], to[last], back[last]
            size[a] -= 1
            position[v] = -1
            # A full slice moves to the end with twice the room; what it leaves is lost, at most as much as is in use.
            if size[a] + degree > capacity[a]:
                grown = 2 * (size[a] + degree)
                if used + grown > len(nodes):
                    room = 2 * len(nodes) + grown
                    nodes = longer(nodes, room)
                    to = longer(to, room)
                    back = longer(back, room)
                for k in range(size[a]):
                    nodes[used + k] = nodes[first[a] + k]
                    to[used + k] = to[first[a] + k]
                    back[used + k] = back[first[a] + k]
                    position[nodes[used + k]] = used + k
                first[a], capacity[a] = used, grown
                used += grown
            # Each pair gets the way over `v`, without looking for a shorter one beside it: streets have few arcs to
            # spare, and which arcs there are then depends on the graph alone, not on its times.
            for j in range(begin, begin + degree):
                if j == i:
                    continue
                b = nodes[j]
                at = position[b]
                if at < 0:
                    at = first[a] + size[a]
                    size[a] += 1
                    nodes[at], to[at], back[at] = b, NO_WAY, NO_WAY
                    position[b] = at
                to[at] = min(to[at], back[i] + to[j])
                back[at] = min(back[at], back[j] + to[i])
            for at in range(first[a], first[a] + size[a]):
                position[nodes[at]] = -1
            if size[a] != before:
                if items == len(item_state):
                    item_state = longer(item_state, 2 * items)
                    item_next = longer(item_next, 2 * items)
                level = size[a]
                item_state[items], item_next[items] = a, -1
                if queue_tail[level] >= 0:
                    item_next[queue_tail[level]] = items
                else:
                    queue_head[level] = items
                queue_tail[level] = items
                items += 1
                lowest = min(lowest, level)
    return order, first, size, nodes, to, back


@njit(cache=True)
def post_order(order: np.ndarray, first: np.ndarray, size: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Rank of each state: a post-order of the elimination tree, children before parents, subtrees together."""
    n = len(order)
    turn = np.empty(n, dtype=np.int32)
    for step in range(n):
        turn[order[step]] = step
    parent = np.full(n, -1, dtype=np.int32)
    child = np.full(n, -1, dtype=np.int32)
    sibling = np.full(n, -1, dtype=np.int32)
    for v in range(n):
        for at in range(first[v], first[v] + size[v]):
            if parent[v] < 0 or turn[nodes[at]] < turn[parent[v]]:
                parent[v] = nodes[at]
    for step in range(n):
        v = order[step]
        if parent[v] >= 0:
            sibling[v] = child[parent[v]]
            child[parent[v]] = v
    rank = np.empty(n, dtype=np.int32)
    stack = np.empty(n + 1, dtype=np.int32)
    following = n - 1
    for root in range(n):
        if parent[root] >= 0:
            continue
        depth = 1
        stack[0] = root
        while depth > 0:
            depth -= 1
            v = stack[depth]
            rank[v] = following
            following -= 1
            c = child[v]
            while c >= 0:
                stack[depth] = c
                depth += 1
                c = sibling[c]
    return rank


@njit(cache=True)
def upward_arcs(
    rank: np.ndarray, first: np.ndarray, size: np.ndarray, nodes: np.ndarray, to: np.ndarray, back: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """CSR by rank of the arcs to higher ranks, each row ascending."""
    n = len(rank)
    indptr = np.zeros(n + 1, dtype=np.int64)
    for v in range(n):
        indptr[rank[v] + 1] = size[v]
    for k in range(n):
        indptr[k + 1] += indptr[k]
    heads = np.empty(indptr[n], dtype=np.int32)
    up = np.empty(indptr[n], dtype=np.int32)
    down = np.empty(indptr[n], dtype=np.int32)
    for v in range(n):
        part = slice(first[v], first[v] + size[v])
        ranks = rank[nodes[part]]
        sorted_at = np.argsort(ranks)
        begin = indptr[rank[v]]
        for k in range(size[v]):
            at = first[v] + sorted_at[k]
            heads[begin + k] = ranks[sorted_at[k]]
            up[begin + k] = to[at]
            down[begin + k] = back[at]
    return indptr, heads, up, down


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Shortcuts from each state to those of higher rank, in both directions; all indices are ranks.

    Attributes
    ----------
    rank : ndarray of int32, shape (n_states,)
        Rank of each state of the graph; higher is more important.
    indptr : ndarray of int64, shape (n_states + 1,)
        CSR over the lower rank.
    heads : ndarray of int32, shape (n_arcs,)
        The higher rank of each arc, ascending.
    up_ds, down_ds : ndarray of int32, shape (n_arcs,)
        Time to the higher rank, and from it [0.1 s]; 2²⁹ where there is no such way.
    """

    rank: np.ndarray
    indptr: np.ndarray
    heads: np.ndarray
    up_ds: np.ndarray
    down_ds: np.ndarray


def build_hierarchy(indptr: np.ndarray, heads: np.ndarray, deciseconds: np.ndarray) -> Hierarchy:
    """Contract a directed graph.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n_states + 1,)
    heads : ndarray of int32, shape (n_arcs,)
    deciseconds : ndarray of int32, shape (n_arcs,)
        [0.1 s].

    Returns
    -------
    Hierarchy

    Examples
    --------
    >>> line = build_hierarchy(np.array([0, 1, 3, 4]), np.array([1, 0, 2, 1]), np.array([5, 5, 7, 7]))
    >>> sorted(line.up_ds.tolist())
    [5, 7]
    """
    order, first, size, nodes, up, down = contract(
        np.asarray(indptr, dtype=np.int64), np.asarray(heads, dtype=np.int32), np.asarray(deciseconds, dtype=np.int32)
    )
    rank = post_order(order, first, size, nodes)
    return Hierarchy(rank, *upward_arcs(rank, first, size, nodes, up, down))
