"""Explained journeys: as early as the oracle, and each a journey that can really be made."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.routing.graphs import footpaths_of, forward_graph
from geo_access.routing.pareto import routes_to, spread_from
from geo_access.routing.spread import stop_times
from tests.oracle import INF, Journeys, Oracle, Walks
from tests.routing.random_timetables import random_timetable, random_walks, sparse
from tests.routing.test_profile import as_dict, key_of


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_routes_are_feasible_and_the_first_is_the_earliest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    timetable = random_timetable(rng)
    key = key_of(rng)
    oracle = Oracle(timetable, **{k: getattr(key, k) for k in key.__dataclass_fields__})
    access = as_dict(sparse(random_walks(rng, 1, timetable.n_stops)), 0)
    egress = as_dict(sparse(random_walks(rng, 1, timetable.n_stops)), 0)
    ready, graph = int(rng.integers(0, 30)) * 60, forward_graph(timetable, key)
    changes = footpaths_of(timetable, key)
    spread = spread_from(graph, changes, access, ready, max_s=5400, max_rides=4, min_transfer_s=key.min_transfer_s)
    routes = routes_to(spread, egress)
    for rides in range(1, 5):
        best = min((r.arrive_s - ready for r in routes if len(r.rides) <= rides), default=float("inf"))
        assert best == oracle.seconds(access, egress, ready, max_s=5400, max_rides=rides)
    lines = graph.lines
    for route in routes:
        now, at = ready, None
        for ride in route.rides:
            stop = int(lines.event_stop[ride.board])
            if at is None:
                now += access[stop]
            else:
                stops, seconds = changes.row(at)
                now += int(seconds[stops == stop].min())
            assert lines.event_board[ride.board]
            assert lines.event_alight[ride.off]
            assert ride.off > ride.board
            assert lines.event_trip[ride.board] == lines.event_trip[ride.off]
            assert lines.event_departure_s[ride.board] >= now
            now, at = int(lines.event_arrival_s[ride.off]), int(lines.event_stop[ride.off])
        assert route.arrive_s == now + egress[at]


def least_walks(oracle: Journeys, access: Walks, ready: int, *, margin: int, max_rides: int) -> dict[int, list[float]]:
    """Least walking with which one can be aboard at each event after each number of rides, every journey tried."""
    found: dict[tuple[int, int], float] = {}
    calls = oracle.calls
    queue = [
        (e, 1, walk)
        for stop, walk in access.items()
        for f in oracle.boards.get(stop, ())
        if calls[f][2] >= ready + walk
        for e in oracle.next[f]
    ]
    while queue:
        e, rides, walk = queue.pop()
        if rides > max_rides or found.get((e, rides), INF) <= walk:
            continue
        found[e, rides] = walk
        queue += [(g, rides, walk) for g in oracle.next[e]]
        if calls[e][4]:
            for stop, change in oracle.change[calls[e][0]].items():
                more = 0 if stop == calls[e][0] else change - margin
                queue += [
                    (g, rides + 1, walk + more)
                    for f in oracle.boards.get(stop, ())
                    if calls[f][2] >= calls[e][1] + change
                    for g in oracle.next[f]
                ]
    out: dict[int, list[float]] = {}
    for (e, rides), walk in found.items():
        out.setdefault(e, [INF] * (max_rides + 1))[rides] = walk
    return out


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_arrival_rides_and_walking_are_the_oracles_front(seed: int) -> None:
    rng = np.random.default_rng(seed)
    timetable = random_timetable(rng)
    key = key_of(rng)
    oracle = Oracle(timetable, **{k: getattr(key, k) for k in key.__dataclass_fields__})
    access = as_dict(sparse(random_walks(rng, 1, timetable.n_stops)), 0)
    egress = as_dict(sparse(random_walks(rng, 1, timetable.n_stops)), 0)
    ready, graph, margin = int(rng.integers(0, 30)) * 60, forward_graph(timetable, key), key.min_transfer_s
    spread = spread_from(
        graph, footpaths_of(timetable, key), access, ready, max_s=5400, max_rides=3, min_transfer_s=margin
    )
    told = {(route.arrive_s, len(route.rides), route.walk_s) for route in routes_to(spread, egress)}
    labels = set()
    for e, walks in least_walks(oracle, access, ready, margin=margin, max_rides=3).items():
        stop, arrival, _, _, alight = oracle.calls[e]
        if alight and stop in egress and arrival + egress[stop] <= ready + 5400:
            labels |= {
                (arrival + egress[stop], rides, int(walk) + egress[stop])
                for rides, walk in enumerate(walks)
                if walk < INF
            }
    front = {a for a in labels if not any(b != a and all(x <= y for x, y in zip(b, a, strict=True)) for b in labels)}
    assert told == front


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_stop_times_equal_the_oracle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    timetable = random_timetable(rng, grain_s=int(rng.choice([60, 20])))
    key = key_of(rng)
    oracle = Oracle(timetable, **{k: getattr(key, k) for k in key.__dataclass_fields__})
    access = sparse(random_walks(rng, 1, timetable.n_stops))
    ready = int(rng.integers(0, 30)) * 60
    rides = None if rng.random() < 0.5 else int(rng.integers(1, 4))
    found = stop_times(forward_graph(timetable, key), access, ready, max_s=3600, max_rides=rides)[0]
    expected = oracle.arrivals(as_dict(access, 0), ready, max_rides=rides)
    for stop in range(timetable.n_stops):
        seconds = expected.get(stop, np.inf) - ready
        assert found[stop] == seconds if seconds <= 3600 else np.isnan(found[stop])
