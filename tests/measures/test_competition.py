"""Measures with competition: mass is conserved, streams equal memory, and the peers agree."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from access.fca import three_stage_fca, two_stage_fca
from access.raam import raam
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize

from geo_access.errors import InputError
from geo_access.measures.competition import (
    balanced_fca,
    doubly_constrained_access,
    enhanced_two_step_fca,
    rational_agent_access,
    spatial_availability,
    three_step_fca,
    total_constrained_access,
    two_step_fca,
)
from geo_access.measures.decay import Cutoff, Exponential, Gaussian, Stepped
from geo_access.measures.measures import gravity

STEPS = Stepped((600, 1200, 1800), (1.0, 0.68, 0.22))


def problem(seed: int, *, missing: float = 0.2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n_o, n_d = rng.integers(2, 8), rng.integers(1, 6)
    t = rng.integers(0, 2400, (n_o, n_d)).astype(float)
    t[rng.random(t.shape) < missing] = np.nan
    return t, rng.integers(0, 30, n_d).astype(float), rng.integers(1, 100, n_o).astype(float)


def long_table(t: np.ndarray) -> pd.DataFrame:
    o, d = np.nonzero(~np.isnan(t))
    return pd.DataFrame({"origin": o, "dest": d, "cost": t[o, d]})


def test_an_asymmetric_case_by_hand() -> None:
    # A reaches both sites, B only the second. Site 1: 10 places for A's 20. Site 2: 30 places for 20 + 40 people.
    t = np.array([[300.0, 300.0], [np.nan, 300.0]])
    places, people = np.array([10.0, 30.0]), np.array([20.0, 40.0])
    assert two_step_fca(t, places, people, cutoff_s=600).tolist() == [1.0, 0.5]
    assert spatial_availability(t, places, people, decay=Cutoff(600)).tolist() == [20.0, 20.0]
    # A's demand is split 10 + 10; the second site then serves 10 + 40 people: A = ½·10/10 + ½·30/50, B = 30/50.
    np.testing.assert_allclose(three_step_fca(t, places, people, decay=Cutoff(600)), [0.5 + 0.3, 0.6])
    # Balanced: the first site serves 10 people and the second 50; A takes all of 10/10 and half of 30/50.
    np.testing.assert_allclose(balanced_fca(t, places, people, decay=Cutoff(600)), [1.0 + 0.3, 0.3])


def test_the_worked_example_of_soukhov_and_others_2023() -> None:
    """Three centres and three job sites (Soukhov, Paez, Higgins & Mohamed 2023, toy example), f = exp(−0.1 t)."""
    minutes = np.array([[15.0, 30.0, 100.0], [30.0, 15.0, 100.0], [100.0, 100.0, 15.0]])
    people, jobs = np.array([50_000.0, 150_000.0, 10_000.0]), np.array([100_000.0, 100_000.0, 10_000.0])
    decay = Exponential(0.1 / 60)
    np.testing.assert_allclose(gravity(minutes * 60, jobs, decay=decay), [27_292, 27_292, 2_240], atol=1)
    shared = spatial_availability(minutes * 60, jobs, people, decay=decay)
    np.testing.assert_allclose(shared, [66_833, 133_203, 9_963], atol=1)
    assert shared.sum() == pytest.approx(jobs.sum())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_no_place_is_made_or_lost(seed: int) -> None:
    t, places, people = problem(seed)
    for decay in (STEPS, Gaussian(900)):
        weight = decay(t)
        reachable = places[weight.sum(axis=0) > 0].sum()
        for per_head in (enhanced_two_step_fca, three_step_fca):
            assert people @ per_head(t, places, people, decay=decay) == pytest.approx(reachable)
        shared = spatial_availability(t, places, people, decay=decay)
        assert shared.sum() == pytest.approx(reachable)
        total = total_constrained_access(t, places, decay=decay)
        assert total.sum() == pytest.approx(places.sum() if (weight @ places).sum() > 0 else 0.0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_what_is_streamed_equals_what_is_in_memory(seed: int) -> None:
    t, places, people = problem(seed)

    def blocks():
        return (t[k : k + 2] for k in range(0, len(t), 2))

    for measure in (enhanced_two_step_fca, three_step_fca, balanced_fca, spatial_availability):
        whole = measure(t, places, people, decay=STEPS)
        np.testing.assert_allclose(measure(blocks, places, people, decay=STEPS), whole)
    whole = total_constrained_access(t, places, decay=STEPS)
    np.testing.assert_allclose(total_constrained_access(blocks, places, decay=STEPS), whole)


@pytest.mark.parametrize("seed", range(5))
def test_two_and_three_steps_agree_with_pysal_access(seed: int) -> None:
    t, places, people = problem(seed, missing=0.0)
    table = long_table(t)
    index = pd.RangeIndex(max(t.shape), name="geoid")
    demand = pd.DataFrame({"demand": people}, index=index[: len(people)])
    supply = pd.DataFrame({"supply": places}, index=index[: len(places)])
    names = {"demand_name": "demand", "supply_name": "supply"}
    plain = two_stage_fca(demand, supply, table, max_cost=1200, **names)
    ours = two_step_fca(t, places, people, cutoff_s=1200)
    np.testing.assert_allclose(ours[plain.index], plain.to_numpy())
    stepped = two_stage_fca(demand, supply, table, weight_fn=lambda x: float(STEPS(np.array([x]))[0]), **names)
    ours = enhanced_two_step_fca(t, places, people, decay=STEPS)
    np.testing.assert_allclose(ours[stepped.index], np.nan_to_num(stepped.to_numpy()), atol=1e-12)
    three = three_stage_fca(
        demand, supply, table.copy(), None, weight_fn=lambda x: float(Gaussian(900)(np.array([x]))[0]), **names
    )
    ours = three_step_fca(t, places, people, decay=Gaussian(900))
    np.testing.assert_allclose(ours[three.index], three.to_numpy())


@pytest.mark.parametrize("seed", range(8))
def test_the_rational_agent_minimises_the_potential_of_beckmann(seed: int) -> None:
    t, places, people = problem(seed, missing=0.1)
    places = places + 1
    access = rational_agent_access(t, places, people, tau_s=1800)
    assert np.array_equal(np.isnan(access), np.isnan(t).all(axis=1))
    usable = ~np.isnan(t)
    o, d = np.nonzero(usable)
    scaled = places * people.sum() / places.sum()

    def potential(x: np.ndarray) -> float:
        load = np.bincount(d, weights=x, minlength=len(places))
        return float(x @ t[o, d] / 1800 + (load**2 / (2 * scaled)).sum())

    def gradient(x: np.ndarray) -> np.ndarray:
        load = np.bincount(d, weights=x, minlength=len(places))
        return t[o, d] / 1800 + load[d] / scaled[d]

    served = [i for i in range(len(people)) if usable[i].any()]
    split = people[o] / usable.sum(axis=1)[o]
    rows = (np.array(served)[:, None] == o[None, :]).astype(float)
    best = minimize(
        potential,
        split,
        jac=gradient,
        bounds=[(0, None)] * len(o),
        method="trust-constr",
        constraints=[LinearConstraint(rows, people[served], people[served])],
        options={"gtol": 1e-10, "maxiter": 3000},
    )
    least = [gradient(best.x)[o == i].min() for i in served]
    np.testing.assert_allclose(access[served], least, rtol=5e-3)


def test_the_rational_agent_by_hand() -> None:
    # Two sites of 10 places, half a τ apart, 40 people: crowding is D / 20; 25 / 20 = 15 / 20 + 1/2 = 1.25.
    t = np.array([[0.0, 1800.0]])
    assert rational_agent_access(t, np.array([10.0, 10.0]), np.array([40.0])).tolist() == [pytest.approx(1.25)]


@pytest.mark.parametrize("seed", range(4))
def test_the_rational_agent_agrees_with_pysal_access_where_that_converges(seed: int) -> None:
    rng = np.random.default_rng(seed)
    t = rng.uniform(5, 60, (12, 4)).round(2)
    people = rng.integers(500, 3000, 12)
    places = rng.integers(20, 60, 4).astype(float)
    theirs = raam(
        pd.DataFrame({"demand": people}),
        pd.DataFrame({"supply": places}),
        long_table(t),
        demand_name="demand",
        supply_name="supply",
        tau=30,
        max_cycles=1500,
    )
    ours = rational_agent_access(t * 60, places, people.astype(float), tau_s=1800)
    # Theirs moves whole people by steps that shrink; ours stops when no shift pays.
    np.testing.assert_allclose(ours[theirs.index], theirs.to_numpy(), rtol=0.02)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_doubly_constrained_matches_both_totals(seed: int) -> None:
    t, places, people = problem(seed, missing=0.0)
    places = places + 1
    people *= places.sum() / people.sum()
    pairs = doubly_constrained_access(t, places, people, decay=Gaussian(900))
    np.testing.assert_allclose(pairs.sum(axis=1), people, rtol=1e-6)
    np.testing.assert_allclose(pairs.sum(axis=0), places, rtol=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        lambda t, o, p: two_step_fca(t, -o, p, cutoff_s=600),
        lambda t, o, p: two_step_fca(t, o, p[:-1], cutoff_s=600),
        lambda t, o, p: two_step_fca(lambda: iter([t[:1]]), o, p, cutoff_s=600),
        lambda t, o, p: doubly_constrained_access(t, o, p + 1e3, decay=STEPS),
        lambda t, o, p: doubly_constrained_access(np.full(t.shape, np.nan), o, p * o.sum() / p.sum(), decay=STEPS),
        lambda t, o, p: rational_agent_access(t, o, p, tau_s=0),
    ],
)
def test_bad_input_is_refused(call) -> None:
    t, places, people = problem(3)
    with pytest.raises(InputError):
        call(t, places + 1, people)


def test_nothing_offered_gives_nothing_and_divides_by_nothing() -> None:
    t = np.array([[60.0], [60.0]])
    none, people = np.zeros(1), np.array([5.0, 0.0])
    assert two_step_fca(t, none, people, cutoff_s=600).tolist() == [0.0, 0.0]
    assert balanced_fca(t, none, people * 0, decay=STEPS).tolist() == [0.0, 0.0]
    assert np.isnan(rational_agent_access(t, none, people)).all()
