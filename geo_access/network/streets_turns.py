"""Turn restrictions and barriers: copies of the node for the street one arrives by, with fewer ways out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from geo_access.network.model import ModeGraph
from geo_access.network.profiles import Profile, barrier_blocks, forbids_turn
from geo_access.sources.osm import Restriction

__all__ = ["Forbidden", "assemble", "forbidden_turns"]

Forbidden = Mapping[tuple[int, int], frozenset[int]]


def _incident(arcs: np.ndarray, nodes: set[int]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Edges that lead into, and out of, each of some nodes; `arcs` has rows tail, head, edge."""
    wanted = np.fromiter(nodes, dtype=np.int64, count=len(nodes))
    into: dict[int, list[int]] = defaultdict(list)
    out: dict[int, list[int]] = defaultdict(list)
    for tail, edge in arcs[np.isin(arcs[:, 0], wanted)][:, [0, 2]].tolist():
        out[tail].append(edge)
    for head, edge in arcs[np.isin(arcs[:, 1], wanted)][:, [1, 2]].tolist():
        into[head].append(edge)
    return into, out


def forbidden_turns(
    arcs: np.ndarray,
    edge_way_id: np.ndarray,
    *,
    profile: Profile,
    restrictions: list[tuple[int, Restriction]],
    barriers: list[tuple[int, dict[str, str]]],
) -> Forbidden:
    """Edges that one may not take at a node, by the edge one came from.

    Parameters
    ----------
    arcs : ndarray of int64, shape (n_arcs, 3)
        Tail, head, edge.
    edge_way_id : ndarray of int64, shape (n_edges,)
    profile : Profile
    restrictions : list of (node, Restriction)
    barriers : list of (node, tags)

    Returns
    -------
    mapping of (node, edge) to frozenset of int
    """
    bound = [(node, item, forbids_turn(item.tags, profile)) for node, item in restrictions]
    bound = [entry for entry in bound if entry[2]]
    closed = {node for node, tags in barriers if barrier_blocks(tags, profile)}
    into, out = _incident(arcs, {node for node, _, _ in bound} | closed)
    found: dict[tuple[int, int], set[int]] = defaultdict(set)
    for node, item, kind in bound:
        arriving = [edge for edge in into[node] if edge_way_id[edge] == item.from_way]
        leaving = {edge for edge in out[node] if edge_way_id[edge] == item.to_way}
        if not leaving:
            continue
        u_turn = any("u_turn" in value for _, value in item.tags)
        for edge in arriving:
            others = leaving if u_turn else leaving - {edge}
            if item.from_way == item.to_way and u_turn:
                others = leaving & {edge}
            if kind == "only":
                others = set(out[node]) - leaving
            found[node, edge] |= others
    for node in closed:
        for edge in into[node]:
            found[node, edge] |= set(out[node]) - {edge}
    return {key: frozenset(values) for key, values in found.items() if values}


def assemble(
    arcs: np.ndarray, deciseconds: np.ndarray, *, n_nodes: int, forbidden: Forbidden, speed_kmh: float
) -> ModeGraph:
    """Put arcs into CSR form, with one copy of a node for each street whose turns are limited there.

    Parameters
    ----------
    arcs : ndarray of int64, shape (n_arcs, 3)
        Tail, head, edge.
    deciseconds : ndarray of int32, shape (n_arcs,)
        [0.1 s].
    n_nodes : int
    forbidden : mapping
        As `forbidden_turns` gives it.
    speed_kmh : float
        Reference speed [km/h].

    Returns
    -------
    ModeGraph
    """
    tails, heads, edges = (arcs[:, k].copy() for k in range(3))
    copy_of = np.fromiter((node for node, _ in forbidden), dtype=np.int32, count=len(forbidden))
    if forbidden:
        state = {key: n_nodes + k for k, key in enumerate(forbidden)}
        touched = np.flatnonzero(np.isin(heads, copy_of))
        out_of: dict[int, list[int]] = defaultdict(list)
        for arc in np.flatnonzero(np.isin(tails, copy_of)).tolist():
            out_of[int(tails[arc])].append(arc)
        for arc in touched.tolist():
            heads[arc] = state.get((int(heads[arc]), int(edges[arc])), heads[arc])
        extra = [
            (copy, arc)
            for (node, _), copy, stop in zip(forbidden, state.values(), forbidden.values())
            for arc in out_of[node]
            if int(edges[arc]) not in stop
        ]
        source = np.array([arc for _, arc in extra], dtype=np.int64)
        tails = np.concatenate((tails, np.array([copy for copy, _ in extra], dtype=np.int64)))
        heads = np.concatenate((heads, heads[source]))
        edges = np.concatenate((edges, edges[source]))
        deciseconds = np.concatenate((deciseconds, deciseconds[source]))
    n_states = n_nodes + len(copy_of)
    order = np.argsort(tails, kind="stable")
    indptr = np.concatenate(([0], np.cumsum(np.bincount(tails, minlength=n_states)))).astype(np.int64)
    return ModeGraph(
        indptr=indptr,
        heads=heads[order].astype(np.int32),
        deciseconds=deciseconds[order].astype(np.int32),
        edges=edges[order].astype(np.int32),
        speed_kmh=speed_kmh,
        copy_of=copy_of,
    )
