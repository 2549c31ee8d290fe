"""From GTFS text and streets through `build_network` to times and reasons: equal to the oracle, minute by minute.

``GEO_ACCESS_DEEP=5000`` runs that many worlds instead of a few.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from geo_access.network.model import Network
from geo_access.routing.causes import Reason
from geo_access.routing.query import Query, Window
from geo_access.times.core import instant_times
from geo_access.times.matrix import travel_times
from tests.oracle import INF
from tests.oracle_reasons import why_none
from tests.routing.oracle_worlds import BIKE_KMH, Asked, Tied, World, ask, layer, random_world, write_world

DEEP = int(os.environ.get("GEO_ACCESS_DEEP", "0"))
COUNTS = {
    "worlds": 0,
    "queries": 0,
    "pairs": 0,
    "instants": 0,
    "with a time": 0,
    "missing": 0,
    "two causes": 0,
    "tied": 0,
}


MODES = ("transit", "bike+transit", "bike_aboard+transit", "park_and_ride", "driven+transit")


def random_query(world: World, rng: np.random.Generator) -> Query:
    """Draw what to ask, within what the network was built for."""
    speeds = [kmh for kmh in (3.6, 4.5, 4.8, 6.0) if kmh <= 1.25 * world.walk_kmh]
    step = int(rng.choice([60, 60, 120, 45]))
    start = world.base_s + int(rng.integers(-4, 40)) * 60
    window = Window(max(0, start), max(0, start) + step * int(rng.integers(0, 13)), step)
    late = rng.random() < 0.4
    earliest = window.start_s - int(rng.integers(0, 40)) * 60 if late and rng.random() < 0.3 else None
    mode = "transit"
    if not world.flex or rng.random() < 0.3:
        mode = str(rng.choice(MODES, p=[0.4, 0.15, 0.15, 0.15, 0.15]))
    called = sorted({call[0] for trip in world.trips for call in trip["calls"]})
    parks = [f"s{stop}" for stop in called if rng.random() < 0.5] or [f"s{called[0]}"]
    return Query(
        mode,
        park_and_ride=parks if mode == "park_and_ride" else (),
        depart=None if late else window,
        arrive=window if late else None,
        earliest_s=earliest,
        percentiles=[(0, 50, 100), (50,), (25, 75)][int(rng.integers(3))],
        max_s=int(rng.choice([607, 1207, 1807, 3607])),
        walk_kmh=float(rng.choice(speeds)),
        bike_kmh=BIKE_KMH,
        max_access_s=int(rng.choice([97, 217, 457])),
        max_egress_s=int(rng.choice([97, 217, 457])),
        max_transfer_s=int(rng.choice([97, 217, 601])),
        min_transfer_s=int(rng.choice([0, 60, 60, 120])),
        max_rides=None if rng.random() < 0.5 else int(rng.integers(1, 4)),
        on_demand=bool(rng.random() < (0.7 if world.flex else 0.3)),
        max_direct_s=[None, 0, 137][int(rng.integers(3))],
        school_lines=bool(rng.random() < 0.7),
        paratransit=bool(rng.random() < 0.5),
    )


def expected_seconds(asked: Asked, query: Query, h: int, s: int, *, max_rides: int | None) -> list[float]:
    """Door-to-door seconds of every instant of one pair."""
    window = query.arrive or query.depart
    limits = {
        "direct_s": asked.direct_s[h][s],
        "max_s": query.max_s,
        "max_rides": max_rides,
        "straight": asked.straight.get((h, s), ()),
    }
    out = []
    for k in range(window.count):
        at = window.start_s + k * window.step_s
        if query.arrive is None:
            out.append(asked.journeys.seconds(asked.access[h], asked.egress[s], at, **limits))
        else:
            bound = -INF if query.earliest_s is None else query.earliest_s
            out.append(
                at - asked.journeys.latest_leave(asked.access[h], asked.egress[s], at, earliest_s=bound, **limits)
            )
    return out


def expected_reasons(asked: Asked, query: Query, world: World, h: int, s: int) -> set[str]:
    """One cause; two where it hangs on whether arriving later than need be is a journey."""
    if world.homes[h].street < 0:
        return {"UNSNAPPED_ORIGIN"}
    window = query.arrive or query.depart
    span = (window.start_s, window.start_s + (window.count - 1) * window.step_s)
    always = replace(
        asked,
        access=[door.always() for door in asked.access],
        egress=[door.always() for door in asked.egress],
        straight={pair: [(took, -INF, INF) for took, _, _ in legs] for pair, legs in asked.straight.items()},
        direct_s=[[INF] * len(row) for row in asked.direct_s],
    )
    if min(expected_seconds(always, query, h, s, max_rides=query.max_rides)) < INF:
        return {"ON_DEMAND_CLOSED"}
    any_rides = min(expected_seconds(asked, query, h, s, max_rides=None)) < INF
    limits = {"deadline": query.arrive is not None, "max_s": query.max_s, "any_rides": any_rides}
    ends = asked.access[h], asked.egress[s]
    return {why_none(asked.journeys, *ends, span, idle=idle, **limits) for idle in (False, True)}


def check_query(world: World, network: Network, query: Query) -> None:
    try:
        asked = ask(world, query, network)
    except Tied:
        COUNTS["tied"] += 1
        return
    homes, sites = layer(world.homes, "h"), layer(world.sites, "s")
    xy = [np.column_stack((places.geometry.x, places.geometry.y)) for places in (homes, sites)]
    minutes = instant_times(network, *xy, query)
    fields = {name: getattr(query, name) for name in Query.__dataclass_fields__ if name not in ("earliest_s", "max_s")}
    times = travel_times(network, homes, sites, earliest=query.earliest_s, max_minutes=query.max_s / 60, **fields)
    window = query.arrive or query.depart
    for h in range(len(homes)):
        for s in range(len(sites)):
            wanted = expected_seconds(asked, query, h, s, max_rides=query.max_rides)
            told = [INF if np.isnan(value) else float(value) for value in minutes[h, s]]
            assert told == wanted, (told, wanted, h, s, query)
            feasible = sorted(value for value in wanted if value < INF)
            for p, percentile in enumerate(query.percentiles):
                rank = max(1, -(-percentile * window.count // 100))
                value = feasible[rank - 1] if rank <= len(feasible) else np.nan
                np.testing.assert_equal(float(times.seconds[h, s, p]), value)
            assert times.feasible_share[h, s] == np.float32(len(feasible)) / np.float32(window.count)
            reasons = {"OK"}
            if np.isnan(times.seconds[h, s, 0]):
                reasons = {"NO_TRIP_IN_WINDOW"} if feasible else expected_reasons(asked, query, world, h, s)
            told_reason = Reason(times.reason[h, s]).name
            assert told_reason in reasons, (told_reason, reasons, h, s, query)
            COUNTS["pairs"] += 1
            COUNTS["instants"] += window.count
            COUNTS["with a time"] += len(feasible)
            COUNTS["missing"] += told_reason != "OK"
            COUNTS["two causes"] += len(reasons) > 1
    COUNTS["queries"] += 1


@settings(
    max_examples=DEEP or 5,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=[Phase.generate],
    derandomize=not DEEP,
)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_minute_and_every_reason_equal_the_oracle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    world = random_world(rng)
    with TemporaryDirectory() as folder:
        network = write_world(world, Path(folder))
        for _ in range(6 if DEEP else 2):
            check_query(world, network, random_query(world, rng))
    COUNTS["worlds"] += 1
