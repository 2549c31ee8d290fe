"""No turning round to get past a rule.

Without rules nobody gains by turning round: the way back leads where one was. So only those who came under a rule (a
banned turn, an obligation) have to remember the street they came by, until turning round gains nothing: until the way
back would take longer than the shortest lawful way round to where the rule binds. Streets up to there get a state that
remembers; at a dead end, and where a place to turn is laid out (a turning circle, a mini roundabout), one may turn
round.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from geo_access.arrays import grouped, indptr_of
from geo_access.kernels import njit

__all__ = ["remember_u_turns"]

Past = tuple[int, ...]
# Farther than this nobody is followed: ten minutes of free flow, or as many streets.
_LONGEST_DS = 6_000
_MOST_ARCS = 400


class _Streets:
    """Arcs by the state they leave, looked up as needed."""

    def __init__(self, arcs: np.ndarray, deciseconds: np.ndarray, n_states: int) -> None:
        self.first, self.order = grouped(arcs[:, 0], n_states)
        self.arcs, self.ds = arcs, deciseconds
        self.known: dict[int, list[tuple[int, int, int, int]]] = {}

    def out(self, state: int) -> list[tuple[int, int, int, int]]:
        """Row, head, edge and time of each arc that leaves a state."""
        found = self.known.get(state)
        if found is None:
            rows = self.order[self.first[state] : self.first[state + 1]]
            parts = (rows, self.arcs[rows, 1], self.arcs[rows, 2], self.ds[rows])
            found = self.known[state] = list(zip(*(part.tolist() for part in parts), strict=True))
        return found


class _Arcs(NamedTuple):
    """Arcs by the state that they leave (`first`, `order`): head, edge, time [0.1 s], whether one turns at its end."""

    first: np.ndarray
    order: np.ndarray
    heads: np.ndarray
    edges: np.ndarray
    deciseconds: np.ndarray
    turning: np.ndarray


class _Rules(NamedTuple):
    """The arc driven last of each past, what may not follow it (CSR), and the past of one arc alone, −1: none."""

    past_arc: np.ndarray
    banned_indptr: np.ndarray
    banned_arc: np.ndarray
    past_of: np.ndarray


@njit(cache=True)
def _followed(arcs: _Arcs, rules: _Rules) -> np.ndarray:  # pragma: no cover - compiled
    """Arcs behind a rule after which turning round would still gain, bool (n_arcs,)."""
    first, order, heads, edges, deciseconds, turning = arcs
    past_arc, banned_indptr, banned_arc, past_of = rules
    n_arcs = len(heads)
    behind = np.zeros(n_arcs, dtype=np.bool_)
    stamp = np.full(n_arcs, -1, dtype=np.int32)
    seen_row = np.empty(_MOST_ARCS, dtype=np.int64)
    seen_time = np.empty(_MOST_ARCS, dtype=np.int64)
    seen_back = np.empty(_MOST_ARCS, dtype=np.int64)
    for past in range(len(past_arc)):
        place, came_by = heads[past_arc[past]], edges[past_arc[past]]
        stops = banned_arc[banned_indptr[past] : banned_indptr[past + 1]]
        queue = [(np.int64(0), np.int64(0), np.int64(0)) for _ in range(0)]
        for at in range(first[place], first[place + 1]):
            row = order[at]
            if edges[row] != came_by and not (stops == row).any():
                heapq.heappush(queue, (np.int64(deciseconds[row]), np.int64(row), np.int64(0)))
        count, limit = 0, np.int64(_LONGEST_DS)
        while len(queue) > 0 and count < _MOST_ARCS:
            now, row, back_before = heapq.heappop(queue)
            if stamp[row] == past:
                continue
            if now > limit:
                break
            head, edge = heads[row], edges[row]
            turned = np.int64(-1)
            for at in range(first[head], first[head + 1]):
                if edges[order[at]] == edge and (turned < 0 or deciseconds[order[at]] < turned):
                    turned = np.int64(deciseconds[order[at]])
            # −1: no way back along here, so turning round behind it gains nothing.
            back = back_before + turned if turned >= 0 and back_before >= 0 else np.int64(-1)
            stamp[row] = past
            seen_row[count], seen_time[count], seen_back[count] = row, now, back
            count += 1
            alone = past_of[row]
            if head == place and alone < 0:
                limit = now
                break
            banned = banned_arc[banned_indptr[alone] : banned_indptr[alone + 1]] if alone >= 0 else banned_arc[:0]
            # Turning round only where nothing else is lawful.
            others = False
            for at in range(first[head], first[head + 1] if not turning[row] else first[head]):
                others |= edges[order[at]] != edge and not (banned == order[at]).any()
            for at in range(first[head], first[head + 1]):
                onward = order[at]
                if (others and edges[onward] == edge) or (banned == onward).any() or stamp[onward] == past:
                    continue
                step = (now + deciseconds[onward], np.int64(onward), back if others else np.int64(-1))
                heapq.heappush(queue, step)
        for k in range(count):
            if seen_back[k] >= 0 and seen_time[k] + seen_back[k] <= limit:
                behind[seen_row[k]] = True
    return behind


def _round(streets: _Streets, row: int, banned: set[int]) -> set[int]:
    """Arcs that turn round after one, where another way is open; none at a dead end."""
    edge = int(streets.arcs[row, 2])
    onward = streets.out(int(streets.arcs[row, 1]))
    if all(step[2] == edge or step[0] in banned for step in onward):
        return set()
    return {step[0] for step in onward if step[2] == edge}


def remember_u_turns(
    arcs: np.ndarray,
    deciseconds: np.ndarray,
    stops: Mapping[Past, set[int]],
    *,
    n_states: int,
    turning: np.ndarray | None = None,
) -> dict[Past, set[int]]:
    """Forbid turning round to everybody who came under a rule.

    Parameters
    ----------
    arcs : ndarray of int64, shape (n_arcs, 3)
        Tail, head, edge.
    deciseconds : ndarray of int32, shape (n_arcs,)
        [0.1 s].
    stops : mapping of tuple to set of int
        Rows of `arcs` that may not follow, by the rows driven last.
    n_states : int
    turning : ndarray of bool, shape (n_arcs,), optional
        Whether a place to turn is laid out where an arc ends.

    Returns
    -------
    dict of tuple to set of int
        `stops` with what turning round adds, and a past of one arc for each street behind a rule.
    """
    found = {past: set(banned) for past, banned in stops.items()}
    if not stops:
        return found
    streets = _Streets(arcs, deciseconds, n_states)
    past_of = np.full(len(arcs), -1, dtype=np.int64)
    for number, past in enumerate(stops):
        if len(past) == 1:
            past_of[past[0]] = number
    heads, edges = np.ascontiguousarray(arcs[:, 1]), np.ascontiguousarray(arcs[:, 2])
    rules = _Rules(
        np.array([past[-1] for past in stops], dtype=np.int64),
        indptr_of([len(banned) for banned in stops.values()]),
        np.array([row for banned in stops.values() for row in sorted(banned)], dtype=np.int64),
        past_of,
    )
    laid_out = np.zeros(len(arcs), dtype=bool) if turning is None else turning
    behind = _followed(_Arcs(streets.first, streets.order, heads, edges, deciseconds, laid_out), rules)
    for past in stops:
        if not laid_out[past[-1]]:
            found[past] |= _round(streets, past[-1], found[past])
    for row in np.flatnonzero(behind & ~laid_out).tolist():
        banned = found.get((row,), set())
        back = _round(streets, row, banned)
        if back:
            found[row,] = banned | back
    return found
