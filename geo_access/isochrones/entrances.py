"""Where each edge and node is entered from, states of the street graph told apart.

A barrier or a banned turn gives a node copies, from which not every street goes on: being there in one state does not
say that an edge can be entered.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from geo_access.network.model import Streets
from geo_access.network.search_kernels import edge_ends

__all__ = ["Entrances", "entrances_of"]


@dataclass(frozen=True, eq=False)
class Entrances:
    """States by side of an edge, and by node.

    Attributes
    ----------
    side_indptr, side_state : ndarray
        States from which each edge is entered, at its source (row 2e) and at its target (row 2e + 1); CSR. Reversed:
        the state that one comes to from it there.
    node_indptr, node_state : ndarray
        States that are each node, for places at its very spot; CSR.
    node_of : ndarray of int64, shape (n_states,)
        Node of each state.
    """

    side_indptr: np.ndarray
    side_state: np.ndarray
    node_indptr: np.ndarray
    node_state: np.ndarray
    node_of: np.ndarray

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """What kernels take."""
        return self.side_indptr, self.side_state, self.node_indptr, self.node_state


@lru_cache(maxsize=8)
def entrances_of(streets: Streets, mode: str, *, reverse: bool) -> Entrances:
    """Find the entrances of one mode's graph, kept for the next request on the same streets.

    Parameters
    ----------
    streets : Streets
    mode : str
    reverse : bool
        For times towards sources instead of from them.

    Returns
    -------
    Entrances
    """
    graph = streets.graphs[mode]
    n_nodes, n_edges = len(streets.node_id), len(streets.edge_source)
    node_of = np.concatenate((np.arange(n_nodes), graph.copy_of)).astype(np.int64)
    if reverse:
        ahead, against = edge_ends(graph.indptr, graph.heads, graph.edges, graph.copy_of, streets.edge_source)
        sides = np.concatenate((2 * np.flatnonzero(against >= 0), 2 * np.flatnonzero(ahead >= 0) + 1))
        states = np.concatenate((against[against >= 0], ahead[ahead >= 0]))
        here = np.arange(n_nodes)  # setting out, nothing is banned yet
    else:
        states = np.repeat(np.arange(graph.n_states), np.diff(graph.indptr))
        edges = np.asarray(graph.edges, np.int64)
        sides = 2 * edges + (node_of[states] != np.asarray(streets.edge_source)[edges])
        here = node_of
    return Entrances(*_grouped(sides, states, 2 * n_edges), *_grouped(here, np.arange(len(here)), n_nodes), node_of)


def _grouped(rows: np.ndarray, values: np.ndarray, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """CSR of values by row, in the order given."""
    indptr = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=n_rows)))).astype(np.int64)
    return indptr, values[np.argsort(rows, kind="stable")].astype(np.int32)
