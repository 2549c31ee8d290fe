"""What the kernels of the street search take: arrays that belong together, under one name.

numba compiles a function for a NamedTuple of arrays as for the arrays themselves.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["Arcs", "Bounded", "Edges", "Entries", "OnEdge", "Points", "Seeds", "Work"]


class Arcs(NamedTuple):
    """Arcs by the state that they leave: int64 (n_states + 1,), then int32 (n_arcs,), times in 0.1 s."""

    indptr: np.ndarray
    heads: np.ndarray
    weights: np.ndarray


class Edges(NamedTuple):
    """Arcs of a mode's graph and the edges that they run along, as `ModeGraph` and `Streets` have them."""

    indptr: np.ndarray
    heads: np.ndarray
    edges: np.ndarray
    copy_of: np.ndarray
    starts: np.ndarray
    sealed: np.ndarray
    source: np.ndarray
    target: np.ndarray


class Points(NamedTuple):
    """Points on edges, as `Links` has them: each (n_points,)."""

    edge: np.ndarray
    fraction: np.ndarray
    x: np.ndarray
    y: np.ndarray
    connector_s: np.ndarray
    forward_ds: np.ndarray
    backward_ds: np.ndarray


class Seeds(NamedTuple):
    """Where the search from each point begins: int64 (n_points + 1,), then int32 (n_seeds,), times in 0.1 s."""

    indptr: np.ndarray
    state: np.ndarray
    cost: np.ndarray


class Bounded(NamedTuple):
    """Where the searches begin, and how far each of them goes: int32 (n_points,), times in 0.1 s."""

    seeds: Seeds
    limits: np.ndarray


class Entries(NamedTuple):
    """The points that each state leads to: int64 (n_states + 1,), then int32 (n_entries,), times in 0.1 s."""

    indptr: np.ndarray
    point: np.ndarray
    cost: np.ndarray


class OnEdge(NamedTuple):
    """The points of each edge: int64 (n_edges + 1,), then int32 (n_linked,)."""

    indptr: np.ndarray
    member: np.ndarray


class Work(NamedTuple):
    """Memory of one bounded search, clean before and after.

    `dist` and `via`, int32 (n_states,), are `INFINITE` everywhere and `buckets` −1; `buckets` has more slots than the
    largest weight and than the spread of the seeds, a power of two of them, at least 64. `marks`, uint64
    (n_slots / 64,), has a bit for each slot that is not empty. `pool`, int32 (3, n), holds what waits in the buckets:
    next, state, via.
    """

    dist: np.ndarray
    via: np.ndarray
    buckets: np.ndarray
    marks: np.ndarray
    pool: np.ndarray
    settled: np.ndarray
