"""Indices of inequality: closed forms, decompositions that add up, and agreement with `inequality`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inequality.gini import Gini
from inequality.theil import Theil, TheilD

from geo_access.errors import InputError
from geo_access.measures.equity import (
    concentration_index,
    corrected_concentration_index,
    fgt_poverty,
    gini,
    group_ratio,
    palma_ratio,
    theil,
    theil_parts,
    weighted_mean,
    weighted_quantile,
)

seeds = st.integers(0, 10_000)


def people(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = rng.integers(3, 40)
    return (
        rng.gamma(2.0, 10.0, n),
        rng.integers(1, 9, n).astype(float),
        rng.permutation(n).astype(float),
        rng.choice(["qpv", "urban", "rural"], n),
    )


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_weights_are_people(seed: int) -> None:
    """A group of w people is w people: each index equals itself on the list of individuals."""
    x, w, income, _ = people(seed)
    each, income_each = np.repeat(x, w.astype(int)), np.repeat(income, w.astype(int))
    assert gini(x, w) == pytest.approx(gini(each))
    assert theil(x, w) == pytest.approx(theil(each))
    assert concentration_index(x, income, w) == pytest.approx(concentration_index(each, income_each))
    assert palma_ratio(x, income, w) == pytest.approx(palma_ratio(each, income_each))
    assert fgt_poverty(x, w, line=15, alpha=2) == pytest.approx(fgt_poverty(each, line=15, alpha=2))
    for q in (0, 0.1, 0.5, 0.9, 1):
        assert weighted_quantile(x, q, w) == np.quantile(each, q, method="inverted_cdf")


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_gini_and_theil_agree_with_inequality(seed: int) -> None:
    x, _, _, group = people(seed)
    assert gini(x) == pytest.approx(Gini(x).g)
    assert theil(x) == pytest.approx(Theil(x).T)
    parts, theirs = theil_parts(x, group), TheilD(x, group)
    assert parts.between == pytest.approx(float(np.ravel(theirs.bg)[0]), abs=1e-12)
    assert parts.within == pytest.approx(float(np.ravel(theirs.wg)[0]), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_theil_splits_without_remainder(seed: int) -> None:
    x, w, _, group = people(seed)
    parts = theil_parts(x, group, w)
    assert parts.between + parts.within == pytest.approx(parts.total)
    assert parts.between >= -1e-12


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_concentration_by_itself_is_gini_and_turns_with_the_ranking(seed: int) -> None:
    x, w, income, _ = people(seed)
    assert concentration_index(x, x, w) == pytest.approx(gini(x, w))
    assert concentration_index(x, -income, w) == pytest.approx(-concentration_index(x, income, w), abs=1e-12)
    assert abs(concentration_index(x, income, w)) <= gini(x, w) + 1e-12


def test_erreygers_is_four_means_times_the_index() -> None:
    x, income = np.array([0.1, 0.4, 0.9]), np.array([1.0, 2.0, 3.0])
    expected = 4 * x.mean() * concentration_index(x, income)
    assert corrected_concentration_index(x, income, lowest=0, highest=1) == pytest.approx(expected)


def test_closed_forms() -> None:
    # Uniform 0…n−1 has Gini (n+1)/3n.
    n = 50
    assert gini(np.arange(float(n))) == pytest.approx((n + 1) / (3 * n))
    # All with one person: ln n, and (n−1)/n.
    one = np.eye(1, 8).ravel()
    assert theil(one) == pytest.approx(np.log(8))
    assert gini(one) == pytest.approx(7 / 8)
    # Three of four below the line of 10, by 10, 5 and 2: (1 + .25 + .04) / 4.
    assert fgt_poverty(np.array([0.0, 5.0, 8.0, 12.0]), line=10, alpha=2) == pytest.approx(1.29 / 4)
    assert fgt_poverty(np.array([0.0, 5.0, 8.0, 12.0]), line=10, alpha=0) == 0.75
    # The limit at 40 % cuts the second class in two: poor mean (25·1 + 15·3)/40; the richest tenth has 7.
    access, income, heads = np.array([1.0, 3.0, 7.0]), np.array([1.0, 2.0, 3.0]), np.array([25.0, 50.0, 25.0])
    assert palma_ratio(access, income, heads) == pytest.approx(7 / (70 / 40))


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_palma_does_not_depend_on_the_order_of_people_of_one_income(seed: int) -> None:
    x, w, income, _ = people(seed)
    tied = np.floor(income / 4)
    order = np.random.default_rng(seed).permutation(len(x))
    assert palma_ratio(x, tied, w) == pytest.approx(palma_ratio(x[order], tied[order], w[order]), nan_ok=True)


def test_people_of_one_income_are_one_class() -> None:
    # Ten people, four poor with one income: the poorest 40 % are exactly they, with a mean of 2.5; the richest has 20.
    x = np.array([1.0, 2.0, 3.0, 4.0, 9.0, 9.0, 9.0, 9.0, 9.0, 20.0])
    income = np.array([1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 3.0])
    assert palma_ratio(x, income) == 20.0 / 2.5
    # Half the territory shares the lowest income: two fifths of the people are taken from all of them alike.
    assert palma_ratio(x, np.where(income == 1, 1.0, np.where(x == 9.0, 1.0, 3.0))) == 20.0 / ((10 + 45) / 9)


def test_ratio_between_qpv_and_the_rest_is_weighted_by_people() -> None:
    x, g = np.array([10.0, 20.0, 40.0, 40.0]), np.array(["qpv", "qpv", "urban", "rural"])
    assert group_ratio(x, g, np.array([3.0, 1.0, 1.0, 1.0]), of="qpv", to=("urban", "rural")) == 12.5 / 40


def test_the_missing_leave_with_their_people() -> None:
    x, w = np.array([1.0, np.nan, 3.0]), np.array([1.0, 100.0, 1.0])
    assert weighted_mean(x, w) == 2.0
    assert gini(x, w) == gini(np.array([1.0, 3.0]))


def test_nobody_and_nothing_are_nan() -> None:
    none = np.array([])
    zero = np.zeros(3)
    for value in (
        weighted_mean(none),
        weighted_quantile(none, 0.5),
        gini(none),
        gini(zero),
        theil(none),
        theil(zero),
        theil_parts(zero, np.array(["a", "b", "b"])).total,
        concentration_index(none, none),
        concentration_index(zero, zero),
        palma_ratio(zero, zero),
        palma_ratio(none, none),
        fgt_poverty(none, line=1),
        group_ratio(zero, np.array(["a", "b", "b"]), of="a", to="b"),
        group_ratio(zero, zero, of="x", to="y"),
        corrected_concentration_index(none, none, lowest=0, highest=1),
    ):
        assert np.isnan(value)


@pytest.mark.parametrize(
    "call",
    [
        lambda: gini(np.array([-1.0, 2.0])),
        lambda: gini(np.array([1.0, 2.0]), np.array([1.0, -1.0])),
        lambda: gini(np.array([1.0, np.inf])),
        lambda: gini(np.array([[1.0]])),
        lambda: weighted_quantile(np.array([1.0]), 1.5),
        lambda: fgt_poverty(np.array([1.0]), line=0),
        lambda: palma_ratio(np.array([1.0]), np.array([np.nan])),
        lambda: corrected_concentration_index(np.array([2.0]), np.array([1.0]), lowest=0, highest=1),
    ],
)
def test_bad_input_is_refused(call) -> None:
    with pytest.raises(InputError):
        call()
