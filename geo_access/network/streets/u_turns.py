"""No turning round to get past a rule.

Without rules nobody gains by turning round: the way back leads where one was. So only those who came under a rule (a
banned turn, an obligation) have to remember the street they came by, until turning round gains nothing: until the way
back would take longer than the shortest lawful way round to where the rule binds. Streets up to there get a state that
remembers; at a dead end one may turn round.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping

import numpy as np

from geo_access.arrays import grouped

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


def _followed(streets: _Streets, past: Past, stops: Mapping[Past, set[int]]) -> set[int]:
    """Arcs behind a rule after which turning round would still gain."""
    arcs = streets.arcs
    place, came_by = int(arcs[past[-1], 1]), int(arcs[past[-1], 2])
    queue: list[tuple[int, int, int]] = []
    back: dict[int, int] = {}
    for row, _, edge, time in streets.out(place):
        if edge != came_by and row not in stops[past]:
            heapq.heappush(queue, (time, row, 0))
    seen: dict[int, tuple[int, int]] = {}
    limit = _LONGEST_DS
    while queue and len(seen) < _MOST_ARCS:
        now, row, back_before = heapq.heappop(queue)
        if row in seen:
            continue
        if now > limit:
            break
        head, edge = int(arcs[row, 1]), int(arcs[row, 2])
        onward = streets.out(head)
        turned = [time for _, _, other, time in onward if other == edge]
        # −1: no way back along here, so turning round behind it gains nothing.
        back[row] = back_before + min(turned) if turned and back_before >= 0 else -1
        seen[row] = (now, back[row])
        if head == place and (row,) not in stops:
            limit = now
            break
        banned = stops.get((row,), set())
        lawful = [step for step in onward if step[0] not in banned]
        others = [step for step in lawful if step[2] != edge]
        for next_row, _, _, time in others or lawful:
            if next_row not in seen:
                heapq.heappush(queue, (now + time, next_row, back[row] if others else -1))
    return {row for row, (now, way_back) in seen.items() if way_back >= 0 and now + way_back <= limit}


def _round(streets: _Streets, row: int, banned: set[int]) -> set[int]:
    """Arcs that turn round after one, where another way is open; none at a dead end."""
    edge = int(streets.arcs[row, 2])
    onward = streets.out(int(streets.arcs[row, 1]))
    if all(step[2] == edge or step[0] in banned for step in onward):
        return set()
    return {step[0] for step in onward if step[2] == edge}


def remember_u_turns(
    arcs: np.ndarray, deciseconds: np.ndarray, stops: Mapping[Past, set[int]], *, n_states: int
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

    Returns
    -------
    dict of tuple to set of int
        `stops` with what turning round adds, and a past of one arc for each street behind a rule.
    """
    found = {past: set(banned) for past, banned in stops.items()}
    if not stops:
        return found
    streets = _Streets(arcs, deciseconds, n_states)
    behind: set[int] = set()
    for past in stops:
        found[past] |= _round(streets, past[-1], found[past])
        behind |= _followed(streets, past, stops)
    for row in sorted(behind):
        banned = found.get((row,), set())
        turning = _round(streets, row, banned)
        if turning:
            found[row,] = banned | turning
    return found
