"""Turn restrictions and barriers: copies of the node for the streets one arrives by, with fewer ways out.

A turn that is allowed costs the same whatever its angle: the profile's delay per junction. Costs by angle would need
a state for each arc: 2.3 times the states and 2.6 times the arcs in Porto, three times the search. Against OSRM's costs
by angle, once the medians agree, 95 % of the drives of more than two minutes stay within 5 % in Porto (± 51 s) and
within 11 % in Monaco and Zheleznogorsk (± 40 s): less than two engines differ (``tests/benchmarks/RESULTS.md``).

Turn restrictions through ways: which sequences of streets one may not drive.

A restriction ``from → via ways → to`` forbids the last turn only to those who came all the way from ``from``. It
becomes a sequence of arcs that no journey may contain; `streets_turns.assemble` remembers as much as that needs.

``no_*`` forbids the whole sequence. ``only_*`` is read as the OSM wiki words it: whoever comes from ``from`` may go on
through ``via`` to ``to`` and nowhere else, from the first junction on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from geo_access.arrays import grouped
from geo_access.network.model import ModeGraph
from geo_access.network.streets.modes import Profile
from geo_access.network.streets.rules import barrier_blocks, forbids_turn
from geo_access.network.streets.u_turns import remember_u_turns
from geo_access.network.streets.zones import Layers
from geo_access.sources.osm import Restriction

__all__ = ["Forbidden", "Turns", "assemble", "forbidden_turns", "via_sequences"]

Forbidden = Mapping[tuple[int, int], frozenset[int]]


class Turns(NamedTuple):
    """Edges that one may not take, by node and edge one came from; how many rules nobody can obey."""

    forbidden: Forbidden
    stuck: int


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
    bend: Callable[[int, int, int], float] | None = None,
) -> Turns:
    """Edges that one may not take at a node, by the edge one came from.

    Parameters
    ----------
    arcs : ndarray of int64, shape (n_arcs, 3)
        Tail, head, edge.
    edge_way_id : ndarray of int64, shape (n_edges,)
    profile : Profile
    restrictions : list of (node, Restriction)
    barriers : list of (node, tags)
    bend : callable, optional
        Turn from one edge over a node into another [degree], to the left above 0: where a way of the restriction runs
        on through the node, it tells which of its two sides a left turn, a right turn or straight on is about.

    Returns
    -------
    Turns
    """
    bound = [(node, item, forbids_turn(item.tags, profile)) for node, item in restrictions]
    bound = [entry for entry in bound if entry[2]]
    closed = {node for node, tags in barriers if barrier_blocks(tags, profile)}
    into, out = _incident(arcs, {node for node, _, _ in bound} | closed)
    found: dict[tuple[int, int], set[int]] = defaultdict(set)
    only: dict[tuple[int, int], set[int]] = defaultdict(set)
    for node, item, kind in bound:
        arriving = [edge for edge in into[node] if edge_way_id[edge] == item.from_way]
        leaving = {edge for edge in out[node] if edge_way_id[edge] == item.to_way}
        if not leaving:
            continue
        u_turn = any("u_turn" in value.lower() for _, value in item.tags)
        meant = _meant(node, item, arriving, leaving, bend)
        for edge in arriving:
            leaving = meant[edge]
            if not leaving:
                continue
            if kind == "only":
                only[node, edge] |= leaving
                continue
            others = leaving if u_turn else leaving - {edge}
            if item.from_way == item.to_way and u_turn:
                others = leaving & {edge}
            found[node, edge] |= others
    # One obligation with several ways on, or several obligations: all that they name stay open.
    for (node, edge), leaving in only.items():
        found[node, edge] |= set(out[node]) - leaving
    # Nobody can obey a rule that leaves a one-way street without a way on: a slip of the editor, or of a cut extract.
    stuck = [(node, edge) for (node, edge), banned in found.items() if banned and banned >= set(out[node])]
    for key in stuck:
        del found[key]
    for node in closed:
        for edge in into[node]:
            found[node, edge] |= set(out[node]) - {edge}
    return Turns({key: frozenset(values) for key, values in found.items() if values}, len(stuck))


_SIDES: Mapping[str, Callable[[float], bool]] = {
    "left_turn": lambda degree: degree > 0,
    "right_turn": lambda degree: degree < 0,
    "straight_on": lambda degree: abs(degree) <= 45,
}


def _meant(
    node: int,
    item: Restriction,
    arriving: list[int],
    leaving: set[int],
    bend: Callable[[int, int, int], float] | None,
) -> dict[int, set[int]]:
    """Streets out that a restriction is about, by the street in; all where its ways end at the node."""
    plain = {edge: set(leaving) for edge in arriving}
    side = next((test for _, value in item.tags for name, test in _SIDES.items() if name in value.lower()), None)
    if bend is None or side is None or item.from_way == item.to_way or (len(arriving) < 2 and len(leaving) < 2):
        return plain
    meant = {edge: {out for out in leaving if out != edge and side(bend(edge, node, out))} for edge in arriving}
    return meant if any(meant.values()) else plain


def assemble(
    layers: Layers,
    deciseconds: np.ndarray,
    *,
    forbidden: Forbidden,
    speed_kmh: float,
    sequences: Sequence[tuple[int, ...]] = (),
    turn_round: bool = True,
    turning_nodes: Sequence[int] = (),
) -> ModeGraph:
    """Put arcs into CSR form, with copies of a node where what one may do next depends on how one came.

    Parameters
    ----------
    layers : Layers
        Arcs between states.
    deciseconds : ndarray of int32, shape (n_arcs,)
        Of the arcs between nodes behind them [0.1 s].
    forbidden : mapping
        As `forbidden_turns` gives it, by node and edge.
    speed_kmh : float
        Reference speed [km/h].
    sequences : sequence of tuple of int
        Arcs between nodes that may not follow each other; two or more each.
    turn_round : bool
        Whether one may turn round to get past a forbidden turn.
    turning_nodes : sequence of int
        Nodes where one may all the same: a place to turn is laid out.

    Returns
    -------
    ModeGraph
        A copy for each past, the arcs driven last, from which some arc is forbidden or a sequence may go on.
    """
    n_nodes, n_laid = layers.n_nodes, len(layers.node_of)
    laid, deciseconds = layers.arcs, deciseconds[layers.row]
    tails, heads, edges = (laid[:, k].copy() for k in range(3))
    at_node = np.column_stack((layers.node_of[tails], layers.node_of[heads], edges))
    stops = _pasts(laid, at_node, forbidden, _laid_sequences(laid, layers.row, sequences))
    bound = {past[0] for past in stops if len(past) == 1}
    if not turn_round:
        turning = np.isin(at_node[:, 1], np.array(turning_nodes, dtype=np.int64))
        stops = remember_u_turns(laid, deciseconds, stops, n_states=n_laid, turning=turning)
    state = {past: n_laid + k for k, past in enumerate(stops)}
    past_head = np.array([laid[past[-1], 1] for past in stops], dtype=np.int32)
    if stops:
        out_of: dict[int, list[int]] = defaultdict(list)
        for arc in np.flatnonzero(np.isin(tails, past_head)).tolist():
            out_of[int(tails[arc])].append(arc)
        # Who came under no rule gains nothing by turning round: only those who did are led to a state that remembers.
        first = {past[0]: number for past, number in state.items() if len(past) == 1 and past[0] in bound}
        extra = [
            (copy, arc, _next_state(state, (*past, arc), int(laid[arc, 1])))
            for past, copy in state.items()
            for arc in out_of[int(laid[past[-1], 1])]
            if arc not in stops[past]
        ]
        heads[list(first)] = list(first.values())
        table = np.array(extra, dtype=np.int64).reshape(-1, 3)
        tails = np.concatenate((tails, table[:, 0]))
        heads = np.concatenate((heads, table[:, 2]))
        edges = np.concatenate((edges, edges[table[:, 1]]))
        deciseconds = np.concatenate((deciseconds, deciseconds[table[:, 1]]))
    n_states = n_laid + len(past_head)
    indptr, order = grouped(tails, n_states)
    also_sealed = np.flatnonzero(np.isin(past_head, layers.sealed)) + n_laid
    return ModeGraph(
        indptr=indptr,
        heads=heads[order].astype(np.int32),
        deciseconds=deciseconds[order].astype(np.int32),
        edges=edges[order].astype(np.int32),
        speed_kmh=speed_kmh,
        copy_of=np.concatenate((layers.node_of[n_nodes:], layers.node_of[past_head])).astype(np.int32),
        starts=layers.starts,
        sealed=np.concatenate((layers.sealed, also_sealed)).astype(np.int32),
    )


def _laid_sequences(laid: np.ndarray, row: np.ndarray, sequences: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Sequences of arcs between states for sequences of arcs between nodes."""
    if not sequences:
        return []
    wanted = np.array(sorted({arc for sequence in sequences for arc in sequence}), dtype=np.int64)
    copies: dict[int, list[int]] = defaultdict(list)
    for arc in np.flatnonzero(np.isin(row, wanted)).tolist():
        copies[int(row[arc])].append(arc)
    found: list[tuple[int, ...]] = []
    for sequence in sequences:
        paths: list[tuple[int, ...]] = [(arc,) for arc in copies[sequence[0]]]
        for step in sequence[1:]:
            paths = [(*path, arc) for path in paths for arc in copies[step] if laid[arc, 0] == laid[path[-1], 1]]
        found += paths
    return found


def _pasts(
    laid: np.ndarray, arcs: np.ndarray, forbidden: Forbidden, sequences: Sequence[tuple[int, ...]]
) -> dict[tuple[int, ...], set[int]]:
    """Arcs that one may not take next, by the arcs driven last: what a past forbids, and what its own ends forbid.

    `laid` are arcs between states, `arcs` the same between nodes.
    """
    stops: dict[tuple[int, ...], set[int]] = {}
    nodes = np.array([node for node, _ in forbidden], dtype=np.int64)
    by_end: dict[tuple[int, int], set[int]] = defaultdict(set)
    for arc in np.flatnonzero(np.isin(arcs[:, 0], nodes)).tolist():
        by_end[int(arcs[arc, 0]), int(arcs[arc, 2])].add(arc)
    for arc in np.flatnonzero(np.isin(arcs[:, 1], nodes)).tolist():
        node, edge = int(arcs[arc, 1]), int(arcs[arc, 2])
        if (node, edge) in forbidden:
            onward = {out for onto in forbidden[node, edge] for out in by_end[node, onto]}
            stops[arc,] = {out for out in onward if laid[out, 0] == laid[arc, 1]}
    for sequence in sequences:
        for k in range(1, len(sequence)):
            stops.setdefault(sequence[:k], set())
        stops[sequence[:-1]].add(sequence[-1])
    for past in sorted(stops, key=len):
        for k in range(1, len(past)):
            if past[k:] in stops:
                stops[past] |= stops[past[k:]]
                break
    return stops


def _next_state(state: dict[tuple[int, ...], int], driven: tuple[int, ...], head: int) -> int:
    """State after some arcs: the copy that remembers the most of them, else the node."""
    return next((state[driven[k:]] for k in range(len(driven)) if driven[k:] in state), head)


def via_sequences(
    arcs: np.ndarray, edge_way_id: np.ndarray, *, profile: Profile, restrictions: Sequence[Restriction]
) -> tuple[list[tuple[int, ...]], int, int]:
    """Sequences of arcs that a profile may not drive one after the other.

    Parameters
    ----------
    arcs : ndarray of int64, shape (n_arcs, 3)
        Tail, head, edge.
    edge_way_id : ndarray of int64, shape (n_edges,)
    profile : Profile
    restrictions : sequence of Restriction
        Those with `via_ways`.

    Returns
    -------
    sequences : list of tuple of int
        Rows of `arcs`.
    applied, left_out : int
        Restrictions that bind the profile: those placed, and those whose ways do not join in one single manner, or are
        not open to the profile.
    """
    bound = [(item, kind) for item in restrictions if (kind := forbids_turn(item.tags, profile))]
    if not bound:
        return [], 0, 0
    wanted = np.array([way for item, _ in bound for way in (item.from_way, item.to_way, *item.via_ways)])
    by_way: dict[int, list[int]] = defaultdict(list)
    ways = edge_way_id[arcs[:, 2]]
    for row in np.flatnonzero(np.isin(ways, wanted)).tolist():
        by_way[int(ways[row])].append(row)
    sequences: list[tuple[int, ...]] = []
    only: dict[tuple[tuple[int, ...], tuple[int, ...]], set[int]] = defaultdict(set)
    applied = 0
    for item, kind in bound:
        found = _through(arcs, by_way, item)
        if found is None:
            continue
        applied += 1
        arriving, through, leaving = found
        if kind == "no":
            sequences += [(start, *through, end) for start in arriving for end in leaving]
        else:
            only[tuple(arriving), through] |= set(leaving)
    for (arriving_rows, through), leaving_rows in only.items():
        sequences += _others(arcs, list(arriving_rows), through, sorted(leaving_rows))
    return sequences, applied, len(bound) - applied


def _through(
    arcs: np.ndarray, by_way: dict[int, list[int]], item: Restriction
) -> tuple[list[int], tuple[int, ...], list[int]] | None:
    """Arcs that arrive, the one shortest way through the via ways, arcs that leave; None where there is no such way."""
    via = [row for way in item.via_ways for row in by_way[way]]
    via_edges = {int(arcs[row, 2]) for row in via}
    into = {int(arcs[row, 1]) for row in by_way[item.from_way]}
    out = {int(arcs[row, 0]) for row in by_way[item.to_way]}
    steps: dict[int, list[int]] = defaultdict(list)
    for row in via:
        steps[int(arcs[row, 0])].append(row)
    paths: list[tuple[int, ...]] = []
    front: list[tuple[int, ...]] = [(row,) for row in via if int(arcs[row, 0]) in into]
    for _ in range(len(via_edges)):
        paths = [
            path
            for path in front
            if int(arcs[path[-1], 1]) in out
            and int(arcs[path[-1], 1]) != int(arcs[path[0], 0])
            and len({int(arcs[row, 2]) for row in path}) >= len(item.via_ways)
        ]
        if paths or not front:
            break
        front = [
            (*path, row)
            for path in front[:1_000]
            for row in steps[int(arcs[path[-1], 1])]
            if int(arcs[row, 2]) not in {int(arcs[before, 2]) for before in path}
        ]
    if len(paths) != 1:
        return None
    (path,) = paths
    first, last = int(arcs[path[0], 0]), int(arcs[path[-1], 1])
    arriving = [row for row in by_way[item.from_way] if arcs[row, 1] == first and int(arcs[row, 2]) not in via_edges]
    leaving = [row for row in by_way[item.to_way] if arcs[row, 0] == last and int(arcs[row, 2]) not in via_edges]
    return (arriving, path, leaving) if arriving and leaving else None


def _others(
    arcs: np.ndarray, arriving: list[int], through: tuple[int, ...], leaving: list[int]
) -> list[tuple[int, ...]]:
    """Every way off the prescribed one."""
    found: list[tuple[int, ...]] = []
    for start in arriving:
        for k in range(len(through) + 1):
            past = (start, *through[:k])
            allowed = set(leaving) if k == len(through) else {through[k]}
            onward = np.flatnonzero(arcs[:, 0] == arcs[past[-1], 1]).tolist()
            found += [(*past, row) for row in onward if row not in allowed]
    return found
