"""Contraction hierarchy of a street graph: every state contracted once, shortcuts kept, ready for sweeps.

States are contracted in minimum-degree order without witness searches, as in customizable contraction hierarchies
(Dibbelt, Strasser & Wagner 2016, ACM JEA 21): the order depends on the shape of the network only, the result is exact
for any weights, and building is a matter of a second. Ranks follow a post-order of the elimination tree, so that
what is near in the network is near in memory when PHAST sweeps run over it (Delling et al. 2013).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo_access.network.hierarchy_kernels import contract, post_order, upward_arcs

__all__ = ["Hierarchy", "build_hierarchy"]


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
