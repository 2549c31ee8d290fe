"""Chains of errands from arithmetic, and equal to every combination tried in plain Python."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.errors import InputError
from geo_access.network.model import Network
from geo_access.times.chain import Stage, chain_times
from tests.oracle import INF, Oracle
from tests.routing.random_timetables import random_timetable
from tests.times.worlds import PLAIN, WALK, H, bus, country, layer

LINE = [(0.0, 0.0), (10_000.0, 0.0)]
NETWORK = country([bus([0, 1], 7 * H), bus([0, 1], 8 * H), bus([1, 0], 17 * H)], LINE)
NURSERY = Stage("crèche", layer(c=(0.0, 600.0)), dwell_min=10, opens="07:30", closes="09:00")
SCHOOL = Stage("formation", layer(f=(10_000.0, 0.0)), dwell_min=420, closes="09:00")
HOME = Stage("maison", None)


def test_home_nursery_training_home() -> None:
    homes = layer(near=(0.0, 300.0), lost=(40_000.0, 0.0))
    chain = chain_times(NETWORK, homes, [NURSERY, SCHOOL, HOME], depart="07:00-08:00", max_minutes=180, **WALK)
    # Latest useful departure 7:35: nursery 7:40, leave 7:50, 600 s of walking, bus of 8:00;
    # 8:10 + 7 h = 15:10; bus of 17:00.
    assert chain.feasible.tolist() == [True, False]
    assert chain.leave_s[0] == 7 * H + 35 * 60
    assert chain.arrive_s[0].tolist() == [7 * H + 40 * 60, 8 * H + 600, 17 * H + 600 + 300]
    assert chain.total_s[0] == 17 * H + 900 - (7 * H + 35 * 60)
    assert chain.broken_leg.tolist() == [0, 1]
    assert chain.place_ids.tolist() == [["c", "f", None], [None, None, None]]


def test_a_wait_may_last_longer_than_a_leg() -> None:
    # From 15:10 the bus of 17:00 is 120 minutes away: nobody has to give up for having waited at the school.
    chain = chain_times(NETWORK, layer(a=(0.0, 300.0)), [NURSERY, SCHOOL, HOME], depart="07:35", max_minutes=60, **WALK)
    assert chain.total_s[0] == 17 * H + 900 - (7 * H + 35 * 60)


def test_any_nursery_then_any_training() -> None:
    # North of home a nursery that opens late and one far off; the near one that opens in time lies south.
    nurseries = layer(north=(0.0, 900.0), south=(0.0, 0.0), far=(0.0, 9_000.0))
    schools = layer(shut=(40_000.0, 0.0), f=(10_000.0, 0.0), g=(10_000.0, 400.0))
    stages = [replace(NURSERY, place=nurseries), replace(SCHOOL, place=schools)]
    chain = chain_times(NETWORK, layer(a=(0.0, 300.0), b=(0.0, 800.0)), stages, depart="07:00-08:00", **WALK)
    # By the south: 7:45 + 5 min, 10 min there, bus of 8:00 at once. From b, 800 s to it: 7:36 at the latest.
    assert chain.place_ids.tolist() == [["south", "f"], ["south", "f"]]
    assert chain.leave_s.tolist() == [7 * H + 45 * 60, 7 * H + 36 * 60]
    assert chain.to_frame()["place_formation"].tolist() == ["f", "f"]


def test_the_leg_that_breaks_is_named() -> None:
    late = Stage("crèche", layer(c=(0.0, 600.0)), dwell_min=10, opens="08:00")
    chain = chain_times(NETWORK, layer(a=(0.0, 300.0)), [late, SCHOOL], depart="07:00", **WALK)
    assert chain.to_frame().loc[0, "broken_at"] == "formation"
    assert np.isnan(chain.total_s[0])


def test_a_chain_on_foot() -> None:
    stages = [Stage("crèche", layer(c=(0.0, 600.0), d=(0.0, 4_000.0)), dwell_min=5), HOME]
    chain = chain_times(NETWORK, layer(a=(0.0, 300.0), b=(0.0, 500.0)), stages, depart="07:00", mode="walk", **WALK)
    assert chain.total_s.tolist() == [300 + 300 + 300, 120 + 300 + 100]


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_combination_tried_plainly(seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = random_timetable(rng)
    spots = rng.integers(0, 15, (drawn.n_stops, 2)) * 60.0
    timetable = replace(drawn, stop_x=spots[:, 0], stop_y=spots[:, 1])
    network = Network(2154, PLAIN, timetable, {})
    oracle = Oracle(timetable, walk_kmh=3.6)
    near_s, max_s, first = 240, 1800, int(rng.integers(0, 20)) * 60

    def places(prefix: str, n: int) -> dict[str, tuple[float, float]]:
        return {f"{prefix}{k}": tuple(rng.integers(0, 15, 2) * 60.0) for k in range(n)}

    homes = places("h", 2)
    lists = [places("c", int(rng.integers(1, 4))), places("f", int(rng.integers(1, 3)))]
    hours = [sorted(rng.integers(0, 60, 2).tolist()) if rng.random() < 0.5 else (None, None) for _ in lists]
    dwell = rng.integers(0, 10, 2).tolist()
    stages = [
        Stage(
            f"stage {k}",
            layer(**lists[k]),
            dwell_min=dwell[k],
            opens=None if hours[k][0] is None else f"0:{hours[k][0]:02d}",
            closes=None if hours[k][1] is None else f"1:{hours[k][1]:02d}",
        )
        for k in range(2)
    ] + [HOME]
    limits = {"max_access_s": near_s, "max_egress_s": near_s, "max_direct_s": 300, "walk_kmh": 3.6}
    window = f"{first // 3600}:{first // 60 % 60:02d}-{(first + 600) // 3600}:{(first + 600) // 60 % 60:02d}"
    chain = chain_times(network, layer(**homes), stages, depart=window, max_minutes=max_s / 60, **limits)

    def walks(a: tuple[float, float]) -> dict[int, int]:
        metres = np.hypot(*(spots - a).T)
        return {p: round(m) for p, m in enumerate(metres.tolist()) if m <= near_s}

    known: dict[tuple, float] = {}

    def arrive(a: tuple[float, float], b: tuple[float, float], ready: float, *, wait: bool) -> float:
        if not wait or ready > 3 * H:
            direct = math.hypot(a[0] - b[0], a[1] - b[1])
            direct = round(direct) if direct <= 300 else INF
            return ready + oracle.seconds(walks(a), walks(b), int(ready), direct_s=direct, max_s=max_s)
        if (a, b, ready) not in known:
            known[a, b, ready] = min(arrive(a, b, ready, wait=False), arrive(a, b, ready + 60, wait=True))
        return known[a, b, ready]

    for number, home in enumerate(homes.values()):
        best, broken = (INF, -1), 1
        for leave in range(first, first + 600, 60):
            for way in itertools.product(*(spot.values() for spot in lists)):
                now, at, leg = leave, home, 0
                for leg, there in enumerate((*way, home), start=1):
                    now = arrive(at, there, now, wait=leg > 1)
                    if leg <= 2:
                        opens, closes = hours[leg - 1]
                        now = INF if closes is not None and now > H + 60 * closes else now
                        now = INF if now == INF else max(now, 0 if opens is None else 60 * opens) + 60 * dwell[leg - 1]
                        now = INF if now == INF else math.ceil(now / 60) * 60
                    at = there
                    if now == INF:
                        break
                broken = max(broken, leg)
                if now < INF and (now - leave, leave) < best:
                    best = (now - leave, leave)
        assert chain.feasible[number] == (best[0] < INF)
        if best[0] < INF:
            assert (chain.total_s[number], chain.leave_s[number]) == best
        else:
            assert chain.broken_leg[number] == broken


@pytest.mark.parametrize(
    "stages",
    [
        [],
        [HOME],
        [Stage("x", layer(a=(0, 0))), Stage("x", layer(a=(0, 0)))],
        [Stage("x", layer(a=(0, 0)).iloc[:0])],
        [Stage("x", layer(a=(0, 0)), opens="9:00", closes="8:00")],
        [Stage("x", layer(a=(0, 0)), dwell_min=float("nan"))],
        [Stage("x", layer(a=(0, 0)).set_crs(None, allow_override=True))],
    ],
)
def test_bad_chains_get_one_clear_error(stages: list[Stage]) -> None:
    with pytest.raises(InputError):
        chain_times(NETWORK, layer(a=(0.0, 300.0)), stages, depart="07:00", **WALK)
