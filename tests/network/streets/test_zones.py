"""Streets that one may go to, not pass through: against arithmetic, and against travellers who know the rule."""

from __future__ import annotations

import heapq
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.network.search.links import link_points
from geo_access.network.search.paths import street_path
from geo_access.network.search.search import nearby, node_times, street_matrix
from geo_access.network.streets.modes import PROFILES
from geo_access.network.streets.turns import assemble
from geo_access.network.streets.zones import lay_zones
from geo_access.words.note import note
from tests.network.drawn import at, drawn_streets

ROAD = {"highway": "residential"}
CAR = PROFILES["car"]
SIDE_S = 100 / CAR.class_kmh["residential"] * 3.6
# 100 m between letters of a line, 100 m down: the way round from B to C is three sides.
SHORTCUT = """
A---B---C---D
    |   |
    E---F
"""
AROUND = {"AB": ROAD, "CD": ROAD, "BE": ROAD, "EF": ROAD, "FC": ROAD}


def drive_s(tmp_path: Path, shortcut: dict[str, str], points: np.ndarray | str, mode: str = "car") -> np.ndarray:
    streets, where = drawn_streets(tmp_path, SHORTCUT, AROUND | {"BC": ROAD | shortcut}, modes=[mode])
    xy = at(where, points) if isinstance(points, str) else points
    links = link_points(streets, xy, mode=mode)
    return street_matrix(streets, links, links, mode=mode)


@pytest.mark.parametrize(
    "tags",
    [
        {"access": "destination"},
        {"vehicle": "destination"},
        {"motor_vehicle": "destination"},
        {"motor_vehicle": "agricultural;destination"},
        {"access": "private"},
        {"access": "customers"},
        {"motorcar": "delivery"},
    ],
)
def test_no_through_traffic(tmp_path: Path, tags: dict[str, str]) -> None:
    free, bound = drive_s(tmp_path, {}, "ABCDEF"), drive_s(tmp_path, tags, "ABCDEF")
    # From A to D: two sides more. B and C lie on public streets too: no short cut between them either.
    rise = 2 * SIDE_S
    assert bound[0, 3] - free[0, 3] == pytest.approx(rise, abs=0.3)
    assert bound[1, 2] - free[1, 2] == pytest.approx(rise, abs=2.3)
    assert bound[0, 4] == free[0, 4]


def test_both_ends_may_lie_inside(tmp_path: Path) -> None:
    _, where = drawn_streets(tmp_path, SHORTCUT, AROUND | {"BC": ROAD})
    (b, c), (a, d) = (at(where, letters) for letters in ("BC", "AD"))
    inside = b + np.outer([0.2, 0.8], c - b)
    points = np.vstack((inside, a, d))
    free = drive_s(tmp_path, {}, points)
    bound = drive_s(tmp_path, {"access": "private"}, points)
    np.testing.assert_allclose(bound[:2], free[:2], atol=0.15)
    np.testing.assert_allclose(bound[:, :2], free[:, :2], atol=0.15)
    assert bound[2, 3] > free[2, 3] + SIDE_S


def test_other_modes_and_other_words(tmp_path: Path) -> None:
    np.testing.assert_array_equal(
        drive_s(tmp_path, {"motor_vehicle": "destination"}, "AD", "walk"), drive_s(tmp_path, {}, "AD", "walk")
    )
    bike = drive_s(tmp_path, {"vehicle": "destination"}, "AD", "bike") - drive_s(tmp_path, {}, "AD", "bike")
    assert bike[0, 1] == pytest.approx(2 * 24.0, abs=0.3)
    for word in ("yes;destination", "permissive"):
        np.testing.assert_array_equal(drive_s(tmp_path, {"access": word}, "AD"), drive_s(tmp_path, {}, "AD"))
    streets, _ = drawn_streets(tmp_path, SHORTCUT, AROUND | {"BC": ROAD | {"motor_vehicle": "residents;staff"}})
    assert note("streets.access_unknown", n=1, words="residents (1), staff (1)") in streets.notes


def test_what_lies_behind_a_private_road_is_reached(tmp_path: Path) -> None:
    # D can be left over the private road only: it belongs to what the road is for.
    ways = {"AB": ROAD, "BC": ROAD | {"access": "private"}, "CD": ROAD}
    streets, where = drawn_streets(tmp_path, "A---B---C---D", ways, modes=["car"])
    links = link_points(streets, at(where, "AD"), mode="car")
    times = street_matrix(streets, links, links, mode="car")
    np.testing.assert_allclose(times, [[0, 3 * SIDE_S], [3 * SIDE_S, 0]], atol=0.3)


def test_paths_and_searches_agree(tmp_path: Path) -> None:
    streets, where = drawn_streets(tmp_path, SHORTCUT, AROUND | {"BC": ROAD | {"access": "private"}}, modes=["car"])
    letters = "ABCDEF"
    links = link_points(streets, at(where, letters), mode="car")
    times = street_matrix(streets, links, links, mode="car")
    near = nearby(streets, links, links, mode="car", max_s=3600)
    for s in range(len(letters)):
        np.testing.assert_allclose(near.row(s)[1], times[s, near.row(s)[0]], atol=0.5)
        there = node_times(streets, links.take(np.array([s])), mode="car", max_s=3600)
        by_id = dict(zip(streets.node_id.tolist(), there.tolist(), strict=True))
        np.testing.assert_allclose([by_id[ord(letter)] for letter in letters], times[s], atol=0.15)
        for t in range(len(letters)):
            path = street_path(streets, at(where, letters[s])[0], at(where, letters[t])[0], mode="car")
            assert path.seconds == pytest.approx(float(times[s, t]), abs=0.15)


def lawful_s(arcs: np.ndarray, cost: np.ndarray, visit: np.ndarray, start: int, n: int) -> dict[int, int]:
    """Times to each arc of a traveller who starts on one: out of the zone, over free streets, into a zone."""
    best: dict[tuple[int, int], int] = {}
    queue = [(0, start, 0 if visit[start] else 1)]
    while queue:
        spent, arc, phase = heapq.heappop(queue)
        if (arc, phase) in best:
            continue
        best[arc, phase] = spent
        for onward in np.flatnonzero(arcs[:, 0] == arcs[arc, 1]).tolist():
            if visit[onward]:
                after = 0 if phase == 0 else 2
            elif phase < 2:
                after = 1
            else:
                continue
            heapq.heappush(queue, (spent + int(cost[onward]), onward, after))
    reached: dict[int, int] = {}
    for (arc, _), spent in best.items():
        reached[arc] = min(reached.get(arc, spent), spent)
    return reached


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1_000_000))
def test_layers_are_exact(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, extra = int(rng.integers(4, 10)), int(rng.integers(2, 10))
    # A ring of free streets joins all nodes: whatever is added may be for those who live there.
    source = np.concatenate((np.arange(n), rng.integers(0, n, extra)))
    target = np.concatenate(((np.arange(n) + 1) % n, (source[n:] + rng.integers(1, n, extra)) % n))
    edge = np.arange(n + extra)
    arcs = np.concatenate((np.column_stack((source, target, edge)), np.column_stack((target, source, edge))))
    cost = np.tile(rng.integers(1, 60, n + extra), 2).astype(np.int32)
    visit = np.tile(np.concatenate((np.zeros(n, dtype=bool), rng.random(extra) < 0.7)), 2)
    layers = lay_zones(arcs, visit, n)
    graph = assemble(layers, cost, forbidden={}, speed_kmh=5.0)
    tails = np.repeat(np.arange(graph.n_states), np.diff(graph.indptr))
    place = np.concatenate((np.arange(n), graph.copy_of))
    for start in range(len(arcs)):
        first = [s for s in graph.starts if place[s] == arcs[start, 0]] if visit[start] else []
        setting_out = int(first[0]) if first else int(arcs[start, 0])
        out = np.flatnonzero((tails == setting_out) & (graph.edges == arcs[start, 2]))
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
        assert reached == lawful_s(arcs, cost, visit, start, n)
