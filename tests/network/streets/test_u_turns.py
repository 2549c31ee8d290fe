"""Nobody turns round to get past a rule, but at dead ends one may: against arithmetic and against careful drivers."""

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
from tests.network.drawn import at, drawn_streets

ROAD = {"highway": "residential"}
CAR = PROFILES["car"]
SIDE_S = 100 / CAR.class_kmh["residential"] * 3.6
# S comes up to J and must turn right, towards E. The way W–J–E is cut at P for no reason.
LOOP = """
M---N---O---Q
|           |
W---J---P---E
    |
    S
"""
WAYS = {"SJ": ROAD, "WJ": ROAD, "JP": ROAD, "PE": ROAD, "EQ": ROAD, "QONM": ROAD, "MW": ROAD}
ONLY = [("SJ", "J", "JP", {"restriction": "only_right_turn"})]


def drive_s(
    tmp_path: Path, ways: dict, letters: str, restrictions: list, mode: str = "car", nodes: dict | None = None
) -> np.ndarray:
    streets, where = drawn_streets(tmp_path, LOOP, ways, restrictions=restrictions, modes=[mode], nodes=nodes)
    links = link_points(streets, at(where, letters), mode=mode)
    return street_matrix(streets, links, links, mode=mode)


def test_no_turning_round_in_the_middle_of_a_street(tmp_path: Path) -> None:
    free, bound = drive_s(tmp_path, WAYS, "SWPE", []), drive_s(tmp_path, WAYS, "SWPE", ONLY)
    # S–J–P–E–Q–O–N–M–W: nine sides but one junction passed (J); turning round at P would be four sides.
    assert free[0, 1] == pytest.approx(2 * SIDE_S + CAR.junction_s, abs=0.3)
    assert bound[0, 1] == pytest.approx(8 * SIDE_S + CAR.junction_s, abs=0.3)
    np.testing.assert_array_equal(bound[1:], free[1:])


@pytest.mark.parametrize("mode", ["car", "bike"])
def test_at_a_dead_end_one_may(tmp_path: Path, mode: str) -> None:
    ways = {word: tags for word, tags in WAYS.items() if word != "EQ"}
    kmh = PROFILES[mode].class_kmh["residential"]
    side_s, junction_s = 100 / kmh * 3.6, PROFILES[mode].junction_s
    bound = drive_s(tmp_path, ways, "SW", ONLY, mode)
    # To E, where the street ends, and back: S–J–P–E–P–J–W, twice through the junction.
    assert bound[0, 1] == pytest.approx(6 * side_s + 2 * junction_s, abs=0.4)


@pytest.mark.parametrize("place", ["turning_circle", "turning_loop", "mini_roundabout"])
def test_where_a_place_to_turn_is_laid_out_one_may(tmp_path: Path, place: str) -> None:
    bound = drive_s(tmp_path, WAYS, "SW", ONLY, nodes={"P": {"highway": place}})
    # S–J–P and back, P–J–W: four sides, twice through the junction.
    assert bound[0, 1] == pytest.approx(4 * SIDE_S + 2 * CAR.junction_s, abs=0.3)
    forbidden = [*ONLY, ("JP", "P", "JP", {"restriction": "no_u_turn"})]
    bound = drive_s(tmp_path, WAYS, "SW", forbidden, nodes={"P": {"highway": place}})
    assert bound[0, 1] == pytest.approx(8 * SIDE_S + CAR.junction_s, abs=0.3)


def test_nor_at_the_next_junction(tmp_path: Path) -> None:
    # O–P makes P a junction: the lawful way is shorter now, S–J–P–O–N–M–W, three junctions on it.
    bound = drive_s(tmp_path, {**WAYS, "OP": ROAD, "QONM": ROAD}, "SW", ONLY)
    assert bound[0, 1] == pytest.approx(6 * SIDE_S + 3 * CAR.junction_s, abs=0.5)


def test_an_obligation_with_several_ways_on_leaves_all_of_them(tmp_path: Path) -> None:
    cross = """
    N
    |
W---X---E
    |
    S
"""
    ways = dict.fromkeys(("SX", "XW", "XN", "XE"), ROAD)
    both = [
        ("SX", "X", "XN", {"restriction": "only_straight_on"}),
        ("SX", "X", "XE", {"restriction": "only_right_turn"}),
    ]
    streets, where = drawn_streets(tmp_path, cross, ways, restrictions=both, modes=["car"])
    links = link_points(streets, at(where, "SNEW"), mode="car")
    times = street_matrix(streets, links, links, mode="car")[0]
    np.testing.assert_allclose(times[1:3], 2 * SIDE_S + 1, atol=0.3)
    assert times[3] > 3 * SIDE_S


def careful_s(arcs: np.ndarray, cost: np.ndarray, banned: list[tuple[int, int]], start: int) -> dict[int, int]:
    """Times from a node to each node of a driver who never turns round where another way is open."""
    best: dict[int, int] = {}
    nodes = {start: 0}
    queue = [(int(cost[arc]), arc) for arc in np.flatnonzero(arcs[:, 0] == start).tolist()]
    heapq.heapify(queue)
    while queue:
        spent, arc = heapq.heappop(queue)
        if arc in best:
            continue
        best[arc] = spent
        node = int(arcs[arc, 1])
        nodes[node] = min(nodes.get(node, spent), spent)
        out = [k for k in np.flatnonzero(arcs[:, 0] == node).tolist() if (arc, k) not in banned]
        ahead = [k for k in out if arcs[k, 2] != arcs[arc, 2]]
        for onward in ahead or out:
            heapq.heappush(queue, (spent + int(cost[onward]), onward))
    return nodes


@settings(max_examples=120, deadline=None)
@given(seed=st.integers(0, 1_000_000))
def test_as_careful_drivers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(3, 9)), int(rng.integers(3, 14))
    source = rng.integers(0, n, m)
    target = (source + rng.integers(1, n, m)) % n
    both = rng.random(m) < 0.8
    edge = np.arange(m)
    arcs = np.concatenate(
        (np.column_stack((source, target, edge)), np.column_stack((target[both], source[both], edge[both])))
    )
    cost = rng.integers(1, 60, len(arcs)).astype(np.int32)
    banned = []
    forbidden: dict[tuple[int, int], frozenset[int]] = {}
    for _ in range(int(rng.integers(1, 4))):
        first = int(rng.integers(0, len(arcs)))
        onward = np.flatnonzero((arcs[:, 0] == arcs[first, 1]) & (arcs[:, 2] != arcs[first, 2]))
        if not len(onward):
            continue
        second = int(rng.choice(onward))
        key = (int(arcs[first, 1]), int(arcs[first, 2]))
        forbidden[key] = forbidden.get(key, frozenset()) | {int(arcs[second, 2])}
        banned.append((first, second))
    graph = assemble(plain_layers(arcs, n), cost, forbidden=forbidden, speed_kmh=5.0, turn_round=False)
    place = np.concatenate((np.arange(n), graph.copy_of))
    for start in range(n):
        dist: dict[int, int] = {}
        nodes: dict[int, int] = {}
        queue = [(0, start)]
        while queue:
            spent, state = heapq.heappop(queue)
            if state in dist:
                continue
            dist[state] = spent
            nodes[int(place[state])] = min(nodes.get(int(place[state]), spent), spent)
            for at_arc in range(graph.indptr[state], graph.indptr[state + 1]):
                heapq.heappush(queue, (spent + int(graph.deciseconds[at_arc]), int(graph.heads[at_arc])))
        theirs = careful_s(arcs, cost, banned, start)
        # Who came under no rule may turn round in ours: it never gets anyone anywhere sooner.
        assert nodes == theirs
