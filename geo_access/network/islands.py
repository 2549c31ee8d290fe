"""Islands: parts of a network that one cannot get out of, or into, left out before anything is linked."""

from __future__ import annotations

import numpy as np

__all__ = ["mainland"]


def mainland(tails: np.ndarray, heads: np.ndarray, n_nodes: int, *, min_nodes: int) -> tuple[np.ndarray, int]:
    """Arcs between the strongly connected parts that are large enough; the largest always is.

    Parameters
    ----------
    tails, heads : ndarray of int32, shape (n_arcs,)
    n_nodes : int
    min_nodes : int
        Smallest part kept [nodes].

    Returns
    -------
    keep : ndarray of bool, shape (n_arcs,)
    n_islands : int
        Parts left out that had at least one arc.

    Examples
    --------
    >>> keep, islands = mainland(np.array([0, 1, 2, 3]), np.array([1, 0, 3, 2]), 4, min_nodes=3)
    >>> keep.tolist(), islands
    ([True, True, False, False], 1)
    """
    from scipy.sparse import coo_matrix  # noqa: PLC0415 — importing the room stays cheap
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    if len(tails) == 0:
        return np.zeros(0, dtype=bool), 0
    ones = np.ones(len(tails), dtype=np.int8)
    graph = coo_matrix((ones, (tails, heads)), shape=(n_nodes, n_nodes)).tocsr()
    _, part = connected_components(graph, directed=True, connection="strong")
    size = np.bincount(part)
    large = size >= min_nodes
    large[np.argmax(size)] = True
    keep = large[part[tails]] & large[part[heads]]
    touched = np.zeros(len(size), dtype=bool)
    touched[part[tails]] = True
    touched[part[heads]] = True
    return keep, int((touched & ~large).sum())
