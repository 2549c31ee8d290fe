"""Turn restrictions through ways, against drivers who remember every street they came by."""

from __future__ import annotations

import heapq
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.network.search.links import link_points
from geo_access.network.search.search import street_matrix
from geo_access.network.streets.modes import PROFILES
from geo_access.network.streets.turns import assemble
from geo_access.network.streets.zones import plain_layers
from geo_access.words.note import note
from tests.network.drawn import at, drawn_streets

ROAD = {"highway": "residential"}
# Streets of 100 m; S and T lead up to X and Y, and on to A and B.
TWO_CROSSINGS = """
    A   B
    |   |
C---X---Y---D
    |   |
    S   T
"""
WAYS = dict.fromkeys(("CX", "XY", "YD", "XA", "YB", "SX", "TY"), ROAD)
CAR = PROFILES["car"]
SIDE_S = 100 / CAR.class_kmh["residential"] * 3.6


def drive_s(tmp_path: Path, letters: str, restrictions: list, mode: str = "car") -> np.ndarray:
    streets, where = drawn_streets(tmp_path, TWO_CROSSINGS, WAYS, restrictions=restrictions)
    links = link_points(streets, at(where, letters), mode=mode)
    return street_matrix(streets, links, links, mode=mode)


def test_no_turn_after_a_way_binds_only_those_who_came_by_it(tmp_path: Path) -> None:
    free = drive_s(tmp_path, "SCBTD", [])
    bound = drive_s(tmp_path, "SCBTD", [("SX", "XY", "YB", {"restriction": "no_left_turn"})])
    # From S to B: on to D, round at its end, and back: two sides more, and once more through the junction Y.
    assert bound[0, 2] - free[0, 2] == pytest.approx(2 * SIDE_S + CAR.junction_s, abs=0.3)
    changed = bound != free
    changed[0, 2] = False
    assert not changed.any()


def test_only_through_a_way_leaves_nothing_else(tmp_path: Path) -> None:
    forced = [("SX", "XY", "YD", {"restriction": "only_straight_on"})]
    free, bound = drive_s(tmp_path, "SABCD", []), drive_s(tmp_path, "SABCD", forced)
    assert bound[0, 4] == free[0, 4]
    assert (bound[0, [1, 2, 3]] > free[0, [1, 2, 3]] + 2 * SIDE_S).all()
    np.testing.assert_array_equal(bound[1:], free[1:])


def test_exceptions_and_conditions_are_kept_apart(tmp_path: Path) -> None:
    turn = {"restriction": "no_left_turn", "except": "bicycle;psv"}
    np.testing.assert_array_equal(
        drive_s(tmp_path, "SB", [("SX", "XY", "YB", turn)], "bike"), drive_s(tmp_path, "SB", [], "bike")
    )
    conditional = [
        ("SX", "XY", "YB", {"restriction:conditional": "no_left_turn @ (Mo-Fr 07:00-19:00)"}),
        ("SX", "X", "XA", {"restriction:conditional": "no_straight_on @ (weight>3.5)"}),
        ("SX", "X", "CX", {"restriction": "no_left_turn", "hour_on": "07:00", "hour_off": "09:00"}),
        ("SX", "X", "CX", {"restriction:conditional": "no_left_turn @ wet"}),
    ]
    streets, _ = drawn_streets(tmp_path, TWO_CROSSINGS, WAYS, restrictions=conditional)
    np.testing.assert_array_equal(drive_s(tmp_path, "SBAC", conditional), drive_s(tmp_path, "SBAC", []))
    assert note("streets.conditions_unread_turns", n=4) in streets.notes


def test_restrictions_that_do_not_fit_are_counted(tmp_path: Path) -> None:
    odd = [
        ("SX", "XY", "YB", {"restriction": "no_left_turn"}),
        ("SX", "YD", "YB", {"restriction": "no_left_turn"}),
        ("CX", "XY YD", "TY", {"restriction": "no_left_turn"}),
    ]
    streets, _ = drawn_streets(tmp_path, TWO_CROSSINGS, WAYS, restrictions=odd)
    assert note("streets.via_restrictions", mode=note("street_mode.car"), applied=1, unplaced=2) in streets.notes
    # The same where a way is no street of the file.
    ways = WAYS | {"YB": {"railway": "rail"}}
    streets, _ = drawn_streets(tmp_path, TWO_CROSSINGS, ways, restrictions=[*odd, ("SX", "X", "YB", odd[0][3])])
    assert note("streets.restrictions_outside", n=3) in streets.notes
    assert not any("walk: turn restrictions" in str(found) for found in streets.notes)


def remembering_s(arcs: np.ndarray, cost: np.ndarray, banned: list[tuple[int, ...]], start: int) -> dict[int, int]:
    """Least cost after driving each arc, from the end of arc `start`: the last four arcs are remembered."""
    best: dict[int, int] = {}
    seen: set[tuple[int, ...]] = set()
    queue = [(0, (start,))]
    while queue:
        spent, past = heapq.heappop(queue)
        if past in seen:
            continue
        seen.add(past)
        best.setdefault(past[-1], spent)
        for arc in np.flatnonzero(arcs[:, 0] == arcs[past[-1], 1]).tolist():
            driven = (*past, arc)
            if not any(driven[-len(ban) :] == ban for ban in banned):
                heapq.heappush(queue, (spent + int(cost[arc]), driven[-4:]))
    return best


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1_000_000))
def test_copies_remember_exactly_what_is_needed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(2, 7)), int(rng.integers(2, 9))
    source = rng.integers(0, n, m)
    target = (source + rng.integers(1, n, m)) % n
    both = rng.random(m) < 0.6
    arcs = np.array(
        [(a, b, e) for e, (a, b) in enumerate(zip(source, target))]
        + [(b, a, e) for e, (a, b) in enumerate(zip(source, target)) if both[e]]
    )
    cost = rng.integers(1, 60, len(arcs)).astype(np.int32)
    banned: list[tuple[int, ...]] = []
    for _ in range(int(rng.integers(0, 5))):
        walk = [int(rng.integers(0, len(arcs)))]
        while len(walk) < rng.integers(2, 5):
            onward = np.flatnonzero(arcs[:, 0] == arcs[walk[-1], 1])
            if not len(onward):
                break
            walk.append(int(rng.choice(onward)))
        if len(walk) > 1:
            banned.append(tuple(walk))
    single = {}
    if banned and len(banned[0]) == 2:
        first, second = banned[0]
        single = {(int(arcs[first, 1]), int(arcs[first, 2])): frozenset({int(arcs[second, 2])})}
    graph = assemble(
        plain_layers(arcs, n), cost, forbidden=single, speed_kmh=5.0, sequences=banned[1:] if single else banned
    )
    tails = np.repeat(np.arange(graph.n_states), np.diff(graph.indptr))
    place = np.concatenate((np.arange(n), graph.copy_of))
    for start in range(len(arcs)):
        out = np.flatnonzero((tails == arcs[start, 0]) & (graph.edges == arcs[start, 2]))
        dist: dict[int, int] = {}
        queue = [(0, int(graph.heads[out[0]]))]
        reached = {start: 0}
        while queue:
            spent, state = heapq.heappop(queue)
            if state in dist:
                continue
            dist[state] = spent
            for at_arc in range(graph.indptr[state], graph.indptr[state + 1]):
                after = spent + int(graph.deciseconds[at_arc])
                (row,) = np.flatnonzero((arcs[:, 0] == place[state]) & (arcs[:, 2] == graph.edges[at_arc]))
                reached[int(row)] = min(reached.get(int(row), after), after)
                heapq.heappush(queue, (after, int(graph.heads[at_arc])))
        assert reached == remembering_s(arcs, cost, banned, start)


@pytest.mark.parametrize(
    ("kind", "from_south", "from_north"),
    [
        # Each arm is 100 m, 12.9 s at 28 km/h. Turned away, one drives to the end of the other arm and back: two more.
        ("no_left_turn", 4, 2),
        ("no_right_turn", 2, 4),
        ("only_left_turn", 2, 2),
    ],
)
def test_a_way_that_runs_on_through_the_node(tmp_path: Path, kind: str, from_south: int, from_north: int) -> None:
    # The from way is S–X–N whole: from S the way W lies to the left, from N to the right.
    drawing = "    N\n    |\nW---X---E\n    |\n    S"
    ways = {"SXN": ROAD, "XW": ROAD, "XE": ROAD}
    rule = [("SXN", "X", "XW", {"restriction": kind})]
    streets, where = drawn_streets(tmp_path, drawing, ways, restrictions=rule, modes=["car"])
    links = link_points(streets, at(where, "SNW"), mode="car")
    seconds = street_matrix(streets, links, links, mode="car")
    arm_s = 100 / 31 * 3.6
    for row, arms in ((0, from_south), (1, from_north)):
        assert seconds[row, 2] == pytest.approx(arms * arm_s, abs=4.0)
    # Only who comes from the south is obliged: E is 2 arms away from N in every case.
    east = link_points(streets, at(where, "E"), mode="car")
    assert street_matrix(streets, links, east, mode="car")[1, 0] == pytest.approx(2 * arm_s, abs=4.0)
