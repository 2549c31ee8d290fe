"""Measures without competition: powers of two, closed forms, and what is missing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from geo_access.errors import InputError
from geo_access.measures.decay import (
    Cutoff,
    Exponential,
    Gaussian,
    Linear,
    Logistic,
    Power,
    Stepped,
    calibrate_decay,
)
from geo_access.measures.measures import (
    balancing_time,
    cumulative,
    cumulative_interval,
    gravity,
    time_to_nearest,
    time_to_opportunities,
)

# Opportunities are powers of two: the sum names exactly which destinations were reached.
TIMES = np.array(
    [
        [0.0, 600.0, 1200.0, np.nan],
        [1800.0, np.nan, 300.0, 900.0],
        [np.nan, np.nan, np.nan, np.nan],
    ]
)
POWERS = np.array([1.0, 2.0, 4.0, 8.0])
DECAYS = [
    Cutoff(900),
    Linear(1800),
    Exponential(1e-3),
    Gaussian(900),
    Logistic(900, 300),
    Power(1.5),
    Stepped((600, 1200), (1.0, 0.5)),
]

times_arrays = hnp.arrays(np.float64, (4, 3), elements=st.one_of(st.floats(0, 7200), st.just(np.nan)))


def test_cumulative_names_the_destinations_within_reach() -> None:
    assert cumulative(TIMES, POWERS, cutoff_s=600).tolist() == [3.0, 4.0, 0.0]
    assert cumulative(TIMES, POWERS, cutoff_s=1e9).tolist() == [7.0, 13.0, 0.0]


@settings(max_examples=40, deadline=None)
@given(times_arrays, st.floats(0, 3600), st.floats(0, 3600), st.sampled_from([60.0, 300.0]))
def test_interval_is_the_mean_of_the_cumulatives(t: np.ndarray, a: float, b: float, step: float) -> None:
    low, high = min(a, b), max(a, b)
    opportunities = np.array([1.0, 2.0, 4.0])
    cutoffs = np.arange(low, high + step / 2, step)
    expected = np.mean([cumulative(t, opportunities, cutoff_s=c) for c in cutoffs], axis=0)
    found = cumulative_interval(t, opportunities, from_s=low, to_s=high, step_s=step)
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("decay", DECAYS, ids=lambda d: type(d).__name__)
def test_decays_fall_from_one_and_give_nothing_for_a_missing_time(decay) -> None:
    t = np.linspace(0, 7200, 500)
    weight = decay(t)
    assert weight[0] == pytest.approx(1.0)
    assert np.all(np.diff(weight) <= 1e-12)
    assert np.all((weight >= 0) & (weight <= 1))
    assert decay(np.array([np.nan])).tolist() == [0.0]


@pytest.mark.parametrize("decay", DECAYS, ids=lambda d: type(d).__name__)
def test_gravity_is_the_weighted_sum_and_binary_is_cumulative(decay) -> None:
    expected = [sum(o * float(decay(np.array([t]))[0]) for o, t in zip(POWERS, row)) for row in TIMES]
    np.testing.assert_allclose(gravity(TIMES, POWERS, decay=decay), expected)
    assert gravity(TIMES, POWERS, decay=Cutoff(900)).tolist() == cumulative(TIMES, POWERS, cutoff_s=900).tolist()


def test_nearest_skips_destinations_without_opportunity() -> None:
    some = np.array([0.0, 2.0, 4.0, 8.0])
    np.testing.assert_array_equal(time_to_nearest(TIMES, some), [600.0, 300.0, np.nan])
    np.testing.assert_array_equal(time_to_nearest(TIMES, some, n=3), [np.nan, np.nan, np.nan])


@settings(max_examples=40, deadline=None)
@given(times_arrays, st.floats(0.5, 8))
def test_dual_access_is_the_inverse_of_the_cumulative(t: np.ndarray, n: float) -> None:
    opportunities = np.array([1.0, 2.0, 4.0])
    needed_s = time_to_opportunities(t, opportunities, n=n)
    for row, second in zip(t, needed_s):
        if np.isnan(second):
            assert cumulative(row[None, :], opportunities, cutoff_s=1e9)[0] < n
            continue
        assert cumulative(row[None, :], opportunities, cutoff_s=second)[0] >= n - 1e-9
        assert cumulative(row[None, :], opportunities, cutoff_s=np.nextafter(second, -1))[0] < n


def test_balancing_time_answers_the_origin_s_own_demand() -> None:
    # 3 and 7 and 0 people: the first needs destinations 1 + 2, the second 4 + 8.
    np.testing.assert_array_equal(balancing_time(TIMES, POWERS, np.array([3.0, 7.0, 0.0])), [600.0, 900.0, 0.0])
    assert np.isnan(balancing_time(TIMES, POWERS, np.array([3.0, 99.0, 1.0]))[1:]).all()


def test_measures_work_block_by_block() -> None:
    for measure in (
        lambda t: cumulative(t, POWERS, cutoff_s=900),
        lambda t: gravity(t, POWERS, decay=Gaussian(900)),
        lambda t: time_to_opportunities(t, POWERS, n=3),
    ):
        np.testing.assert_array_equal(measure(TIMES), np.concatenate([measure(TIMES[:1]), measure(TIMES[1:])]))


@pytest.mark.parametrize(
    ("family", "truth", "bounds"),
    [
        (Exponential, Exponential(1 / 900), (1e-5, 1e-1)),
        (Gaussian, Gaussian(1500.0), (60.0, 1e5)),
        (Power, Power(1.7), (0.05, 10.0)),
    ],
)
def test_calibration_finds_the_parameter_behind_the_trips(family, truth, bounds) -> None:
    rng = np.random.default_rng(5)
    t = rng.uniform(120, 5400, (6, 9))
    t[rng.random(t.shape) < 0.2] = np.nan
    opportunities = rng.uniform(1, 50, 9)
    attraction = opportunities * truth(t)
    flows = 1000 * attraction / attraction.sum(axis=1, keepdims=True)
    found = calibrate_decay(family, t, flows, opportunities, bounds=bounds)
    np.testing.assert_allclose(found(t), truth(t), rtol=1e-3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: cumulative(TIMES, -POWERS, cutoff_s=1),
        lambda: cumulative(TIMES, POWERS[:2], cutoff_s=1),
        lambda: cumulative(TIMES, POWERS * np.nan, cutoff_s=1),
        lambda: cumulative_interval(TIMES, POWERS, from_s=900, to_s=600),
        lambda: time_to_nearest(TIMES, POWERS, n=0),
        lambda: time_to_opportunities(TIMES, POWERS, n=0),
        lambda: Cutoff(0),
        lambda: Stepped((600, 300), (1.0, 0.5)),
        lambda: Stepped((300, 600), (0.5, 1.0)),
        lambda: calibrate_decay(Exponential, TIMES, np.zeros(TIMES.shape), POWERS, bounds=(1e-5, 1)),
    ],
)
def test_bad_input_is_refused(call) -> None:
    with pytest.raises(InputError):
        call()
