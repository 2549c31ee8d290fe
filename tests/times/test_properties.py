"""What must hold of any timetable, through the whole of `point_times`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.network.model import Network, Timetable
from geo_access.routing.query import Query, Window
from geo_access.times.core import instant_times, point_times
from tests.routing.random_timetables import random_timetable
from tests.times.worlds import PLAIN

SEEDS = st.integers(0, 2**32 - 1)


def world(seed: int) -> tuple[Timetable, np.ndarray, np.ndarray, Query]:
    rng = np.random.default_rng(seed)
    drawn = random_timetable(rng)
    xy = rng.uniform(0, 1500, (drawn.n_stops, 2))
    timetable = replace(drawn, stop_x=xy[:, 0], stop_y=xy[:, 1])
    query = Query(
        "transit",
        depart=Window(600, 1800, 60),
        percentiles=(0, 10, 50, 90, 100),
        max_s=2400,
        walk_kmh=3.6,
        max_access_s=300,
        max_egress_s=300,
        max_direct_s=int(rng.choice([0, 500])),
        max_rides=None if rng.random() < 0.5 else int(rng.integers(1, 3)),
    )
    return timetable, rng.uniform(0, 1500, (5, 2)), rng.uniform(0, 1500, (4, 2)), query


def network(timetable: Timetable) -> Network:
    return Network(2154, PLAIN, timetable, {})


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_arrival_never_falls_and_percentiles_never_fall(seed: int) -> None:
    timetable, homes, sites, query = world(seed)
    seconds = instant_times(network(timetable), homes, sites, query)
    arrival = np.nan_to_num(seconds, nan=np.inf) + 60.0 * np.arange(seconds.shape[2])
    known = np.isfinite(arrival)
    later = np.where(known, arrival, -np.inf)
    assert (np.maximum.accumulate(later, axis=2) <= np.where(known, arrival, np.inf)).all()
    times = point_times(network(timetable), homes, sites, query)
    assert (np.diff(np.nan_to_num(times.seconds, nan=1e9), axis=2) >= 0).all()
    assert np.array_equal(times.feasible_share > 0, ~np.isnan(times.seconds[:, :, 0]))
    assert np.array_equal(times.reason == 0, ~np.isnan(times.seconds[:, :, 0]))


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_departing_in_time_is_arriving_in_time(seed: int) -> None:
    timetable, homes, sites, query = world(seed)
    there = network(timetable)
    out = instant_times(there, homes, sites, query)
    for deadline in (1500, 2100):
        by = replace(query, depart=None, arrive=Window(deadline, deadline), percentiles=(50,))
        took = point_times(there, homes, sites, by).seconds[:, :, 0]
        for k, ready in enumerate(range(600, 1800, 60)):
            if deadline - ready > query.max_s or ready > deadline:
                continue
            in_time = np.nan_to_num(out[:, :, k], nan=np.inf) + ready <= deadline
            leaves_later = np.nan_to_num(deadline - took, nan=-np.inf) >= ready
            assert np.array_equal(in_time, leaves_later)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_one_trip_less_makes_nothing_earlier(seed: int) -> None:
    timetable, homes, sites, query = world(seed)
    plain = replace(timetable, in_seat=np.empty((0, 2), np.int32))
    hidden = plain.trip_on_demand.copy()
    hidden[0] = True
    everything = instant_times(network(plain), homes, sites, query)
    less = instant_times(network(replace(plain, trip_on_demand=hidden)), homes, sites, query)
    assert (np.nan_to_num(less, nan=1e9) >= np.nan_to_num(everything, nan=1e9)).all()


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_from_either_side_the_same(seed: int) -> None:
    timetable, homes, sites, query = world(seed)
    there = network(timetable)
    many = np.vstack([sites] * 40)
    few = point_times(there, homes, sites, query)
    wide = point_times(there, homes, many, query)
    np.testing.assert_array_equal(np.tile(few.seconds, (1, 40, 1)), wide.seconds)
    np.testing.assert_array_equal(np.tile(few.reason, (1, 40)), wide.reason)
