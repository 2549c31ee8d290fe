"""What is read of a window: its instants, and the times of some ranks among them.

Readers of a sweep (`geo_access.routing.profile`, `geo_access.routing.by_stop`) fill a row of times for every instant,
32 places beside each other; a sorting network then puts the wanted ranks of all 32 in their places at once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from geo_access.kernels import njit
from geo_access.routing.lanes import LANES, lanes_count_within, lanes_sort

__all__ = ["Instants", "Out", "Swept", "order_statistics", "sorting_network"]


class Instants(NamedTuple):
    """A window, in seconds after the span's first: `bound` is the latest arrival, or with deadlines the earliest start.

    `never` is the largest value of the type that is swept.
    """

    never: Any
    first: int
    step: int
    n_instants: int
    bound: int
    max_s: int


class Swept(NamedTuple):
    """Values of a sweep, and the first of the places that they are about."""

    value: np.ndarray
    first_place: int


class Out(NamedTuple):
    """What is filled, as `profile_times` returns it.

    `ranks` says which of the times to return, `network` the comparisons that sort them first, none where they stay as
    they are.
    """

    times: np.ndarray
    feasible: np.ndarray
    ranks: np.ndarray
    network: np.ndarray


@njit(cache=True)
def order_statistics(
    sample: np.ndarray,
    many: int,
    max_s: int,
    ranks: np.ndarray,
    network: np.ndarray,
    times: np.ndarray,
    feasible: np.ndarray,
) -> None:
    """Put the times of the wanted ranks into `times`, how many there are within `max_s` into `feasible`, per lane."""
    within = np.zeros((1, LANES), np.int32)
    for i in range(sample.shape[0]):
        lanes_count_within(within, 0, sample, i, max_s)
    some = False
    for lane in range(many):
        feasible[lane] += within[0, lane]
        some |= within[0, lane] > 0
    if not some:
        return
    for k in range(len(network)):
        lanes_sort(sample, network[k, 0], network[k, 1])
    for p in range(len(ranks)):
        line = sample[ranks[p]]
        for lane in range(many):
            if line[lane] <= max_s:
                times[lane, p] = line[lane]


@lru_cache(maxsize=64)
def sorting_network(n: int, ranks: tuple[int, ...]) -> np.ndarray:
    """Comparisons that put the values of some ranks in their place among `n`, whatever they are.

    Those of Batcher's odd-even merge sort that lead to one of the ranks.

    Parameters
    ----------
    n : int
    ranks : tuple of int
        Places whose value is wanted, 0 the least.

    Returns
    -------
    ndarray of int32, shape (n_comparisons, 2)
        The lesser of the two goes to the first place.

    Examples
    --------
    >>> sorting_network(3, (0, 1, 2)).tolist(), sorting_network(3, (0,)).tolist()
    ([[0, 1], [0, 2], [1, 2]], [[0, 1], [0, 2]])
    """
    pairs = []
    p = 1
    while p < n:
        k = p
        while k >= 1:
            for j in range(k % p, n - k, 2 * k):
                pairs += [
                    (i + j, i + j + k) for i in range(min(k, n - j - k)) if (i + j) // (2 * p) == (i + j + k) // (2 * p)
                ]
            k //= 2
        p *= 2
    wanted, kept = set(ranks), []
    for pair in reversed(pairs):
        if not wanted.isdisjoint(pair):
            wanted.update(pair)
            kept.append(pair)
    return np.array(kept[::-1], dtype=np.int32).reshape(-1, 2)
