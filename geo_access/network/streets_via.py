"""Turn restrictions through ways: which sequences of streets one may not drive.

A restriction ``from → via ways → to`` forbids the last turn only to those who came all the way from ``from``. It
becomes a sequence of arcs that no journey may contain; `streets_turns.assemble` remembers as much as that needs.

``no_*`` forbids the whole sequence. ``only_*`` is read as the OSM wiki words it: whoever comes from ``from`` may go on
through ``via`` to ``to`` and nowhere else, from the first junction on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from geo_access.network.profiles import Profile, forbids_turn
from geo_access.sources.osm import Restriction

__all__ = ["via_sequences"]


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
    applied = 0
    for item, kind in bound:
        found = _through(arcs, by_way, item)
        if found is None:
            continue
        applied += 1
        arriving, through, leaving = found
        sequences += (
            [(start, *through, end) for start in arriving for end in leaving]
            if kind == "no"
            else _others(arcs, arriving, through, leaving)
        )
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
            path for path in front
            if int(arcs[path[-1], 1]) in out and int(arcs[path[-1], 1]) != int(arcs[path[0], 0])
            and len({int(arcs[row, 2]) for row in path}) >= len(item.via_ways)
        ]  # fmt: skip
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
