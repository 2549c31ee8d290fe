"""The shift test equals the oracle: both ways, what just misses the hours, and every reason."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.network.model import Network, SparseTimes
from geo_access.routing.causes import Reason
from geo_access.routing.doorways import Doorways, Places
from geo_access.routing.legs import Ends, connect, mode_legs
from geo_access.routing.query import Query, Window
from geo_access.routing.sweep import NEVER
from geo_access.times.points import Points
from geo_access.times.shift import Shift, shift_times
from tests.oracle import INF, Oracle
from tests.oracle_reasons import why_none
from tests.routing.random_timetables import random_timetable
from tests.times.worlds import PLAIN

HALF_DAY_S = 12 * 3600
BY_HOUR = {"NO_TRIP_IN_WINDOW", "OVER_CUTOFF"}
NOTHING_HOME = {"NO_TRIP_IN_WINDOW", "DISCONNECTED", "NO_SERVICE_THAT_DAY"}


def as_dict(times: SparseTimes, row: int) -> dict[int, int]:
    return {int(stop): int(s) for stop, s in zip(*times.row(row), strict=True)}


class Way:
    """One pair in one direction, asked of the oracle."""

    def __init__(self, oracle: Oracle, ends: Ends, origin: int, destination: int, query: Query) -> None:
        self.oracle, self.query = oracle, query
        self.access, self.egress = as_dict(ends.access, origin), as_dict(ends.egress, destination)
        direct = int(ends.direct_s[origin, destination])
        self.direct_s = INF if direct == NEVER else direct
        self.moments = {
            call[2] - walk for stop, walk in self.access.items() for call in oracle.calls if call[0] == stop
        }

    def seconds(self, at: int, *, by_foot: bool = True, any_rides: bool = False) -> float:
        direct_s = self.direct_s if by_foot else INF
        rides = None if any_rides else self.query.max_rides
        return self.oracle.seconds(
            self.access, self.egress, at, direct_s=direct_s, max_s=self.query.max_s, max_rides=rides
        )

    def before(self, deadline_s: int, *, any_rides: bool = False) -> float:
        earliest = -INF if self.query.earliest_s is None else self.query.earliest_s
        return deadline_s - self.oracle.latest_leave(
            self.access,
            self.egress,
            deadline_s,
            direct_s=self.direct_s,
            max_s=self.query.max_s,
            max_rides=None if any_rides else self.query.max_rides,
            earliest_s=earliest,
        )

    def reasons(self, at: int, *, deadline: bool, any_rides: float) -> set[str]:
        """One cause; two where it hangs on whether arriving later than need be is a journey."""
        asked = {"deadline": deadline, "max_s": self.query.max_s, "any_rides": any_rides < INF}
        return {why_none(self.oracle, self.access, self.egress, (at, at), idle=idle, **asked) for idle in (False, True)}

    def trips(self) -> list[tuple[int, float]]:
        """Every moment to set out, with the arrival."""
        earliest = -INF if self.query.earliest_s is None else self.query.earliest_s
        return [(at, at + self.seconds(at, by_foot=False)) for at in self.moments if at >= earliest]


def slow(way: Way, max_s: int) -> Way:
    """The same way, however long it takes within 4 h."""
    wide = copy(way)
    wide.query = replace(way.query, max_s=max(max_s, 4 * 3600))
    return wide


def told_slow(reasons: set[str], seconds: float) -> set[str]:
    return {"OVER_CUTOFF"} if seconds < INF and "TOO_MANY_RIDES" not in reasons else reasons


def expected(out: Way, back: Way, shift: Shift) -> tuple[float, float, float, float, set[str]]:
    deadline_s, ready_s, max_s = shift.deadline_s, shift.ready_s, out.query.max_s
    out_s, back_s = out.before(deadline_s), back.seconds(ready_s)
    later, earlier, out_reasons, back_reasons = INF, -INF, {"OK"}, {"OK"}
    if out_s == INF:
        out_reasons = out.reasons(deadline_s, deadline=True, any_rides=out.before(deadline_s, any_rides=True))
        if out_reasons <= BY_HOUR:
            arrivals = [end for at, end in out.trips() if at >= deadline_s - max_s and end <= deadline_s + HALF_DAY_S]
            later = min(arrivals, default=INF)
            out_reasons = {"FIRST_TRIP_TOO_LATE"} if later < INF else out_reasons
        out_reasons = told_slow(out_reasons, slow(out, max_s).before(deadline_s))
    if back_s == INF:
        back_reasons = back.reasons(ready_s, deadline=False, any_rides=back.seconds(ready_s, any_rides=True))
        if back_reasons <= BY_HOUR:
            departures = [at for at, end in back.trips() if end < INF and ready_s - HALF_DAY_S <= at < ready_s]
            earlier = max(departures, default=-INF)
        if earlier > -INF:
            back_reasons = {"LAST_TRIP_TOO_EARLY"}
        elif back_reasons <= NOTHING_HOME:
            back_reasons = {"NO_RETURN_TRIP"}
        back_reasons = told_slow(back_reasons, slow(back, max_s).seconds(ready_s))
    return out_s, back_s, later, earlier, out_reasons if out_s == INF else back_reasons


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_pair_equals_the_oracle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = random_timetable(rng)
    xy = rng.uniform(0, 1500, (drawn.n_stops, 2))
    network = Network(2154, PLAIN, replace(drawn, stop_x=xy[:, 0], stop_y=xy[:, 1]), {})
    start_s = int(rng.integers(5, 50)) * 60
    shift = Shift(start_s, start_s + int(rng.integers(1, 60)) * 60, 60 * int(rng.integers(0, 3)), 120)
    query = Query(
        "transit",
        arrive=Window(shift.deadline_s, shift.deadline_s),
        max_s=int(rng.choice([600, 1500, 25_000])),
        walk_kmh=3.6,
        max_access_s=300,
        max_egress_s=int(rng.choice([200, 300])),
        max_direct_s=200,
        max_rides=None if rng.random() < 0.5 else int(rng.integers(1, 3)),
        earliest_s=None if rng.random() < 0.7 else shift.deadline_s - int(rng.integers(0, 30)) * 60,
    )
    homes, sites = rng.uniform(0, 1500, (4, 2)), rng.uniform(0, 1500, (3, 2))
    times = shift_times(network, points(homes, "h"), points(sites, "s"), shift, query)
    legs = mode_legs(query)
    swapped = replace(query, max_access_s=query.max_egress_s, max_egress_s=query.max_access_s, earliest_s=None)
    there = connect(network, homes, sites, query, legs)
    home = connect(network, sites, homes, swapped, legs.reversed())
    oracle = Oracle(network.timetable, walk_kmh=3.6, max_transfer_s=600, min_transfer_s=60)
    for h in range(4):
        for s in range(3):
            wanted = expected(Way(oracle, there, h, s, query), Way(oracle, home, s, h, swapped), shift)
            told = [float(part[h, s]) for part in (times.out_s, times.back_s, times.next_arrival_s, times.last_back_s)]
            np.testing.assert_array_equal(told, [np.nan if abs(value) == INF else value for value in wanted[:4]])
            assert Reason(times.reason[h, s]).name in wanted[4]


def points(xy: np.ndarray, name: str) -> Points:
    return Points(np.array([f"{name}{k}" for k in range(len(xy))], dtype=object), xy, np.ones(len(xy), bool))


def test_both_ways_are_two_connections() -> None:
    rng = np.random.default_rng(3)
    drawn = random_timetable(rng)
    xy = rng.uniform(0, 1500, (drawn.n_stops, 2))
    network = Network(2154, PLAIN, replace(drawn, stop_x=xy[:, 0], stop_y=xy[:, 1]), {})
    homes, sites = rng.uniform(0, 1500, (6, 2)), rng.uniform(0, 1500, (4, 2))
    for mode, egress_s in (("transit", 300), ("transit", 200), ("bike+transit", 300), ("bike_aboard+transit", 250)):
        query = Query(mode, arrive=Window(1800, 1800), max_access_s=300, max_egress_s=egress_s, bike_kmh=12.0)
        swapped = replace(query, max_access_s=query.max_egress_s, max_egress_s=query.max_access_s)
        for ends in (sites, homes):
            both = Doorways(network, Places(network)).connect_both(homes, ends, query)
            apart = (
                connect(network, homes, ends, query, mode_legs(query)),
                connect(network, ends, homes, swapped, mode_legs(query).reversed()),
            )
            for one, other in zip(both, apart, strict=True):
                np.testing.assert_array_equal(one.direct_s, other.direct_s)
                for name in ("access", "egress"):
                    for part in ("indptr", "indices", "seconds"):
                        np.testing.assert_array_equal(
                            getattr(getattr(one, name), part), getattr(getattr(other, name), part)
                        )
