"""Duncan & Duncan against the official classes; the transport problem against brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.stats import spearmanr

from geo_access.errors import InputError
from geo_access.measures.matching import match_candidates
from geo_access.measures.mismatch import MismatchFloor, dares_mismatch, duncan_index
from tests.shared import shared_path

FREE = {"floor": MismatchFloor(1, 1, 1), "repeats": 20}


def table(rows: list[tuple[str, str, float, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["metier", "zone_id", "candidates", "offers"])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=8))
def test_the_index_is_the_share_who_would_have_to_move(rows: list[tuple[int, int]]) -> None:
    candidates, offers = (np.array(column, float) for column in zip(*rows))
    index = duncan_index(candidates, offers)
    if not (candidates.sum() and offers.sum()):
        assert np.isnan(index)
        return
    surplus = candidates / candidates.sum() - offers / offers.sum()
    assert index == pytest.approx(surplus[surplus > 0].sum())
    assert index == pytest.approx(duncan_index(offers, candidates))
    assert index == pytest.approx(duncan_index(7 * candidates, offers))


def test_metiers_below_the_floor_have_an_index_and_no_class() -> None:
    rows = [("big", z, 500.0, 300.0 + 10 * i) for i, z in enumerate("abcd")] + [
        ("small", "a", 3.0, 0.0),
        ("none", "a", 0, 0),
    ]
    found, reference = dares_mismatch(table(rows), floor=MismatchFloor(zones=2), repeats=50, source="test 2021")
    by = found.set_index("metier")
    assert by.loc["big", "above_floor"]
    assert not by.loc["small", "above_floor"]
    assert by.loc["small", "mismatch_class"] is pd.NA
    assert by.loc["none", "mismatch_class"] is pd.NA
    assert set(found["source"]) == {"test 2021"}
    assert reference.mean == pytest.approx(by.loc["big", "mismatch"])


def test_quintiles_and_standardisation_over_metiers() -> None:
    shares = np.linspace(0.05, 0.95, 10)
    rows = [row for s in shares for row in ((f"M{s:.2f}", "a", 100 * s, 50.0), (f"M{s:.2f}", "b", 100 * (1 - s), 50.0))]
    found, reference = dares_mismatch(table(rows), **FREE)
    # |s − ½| takes five values twice: one per class.
    assert found["mismatch_class"].value_counts().to_dict() == dict.fromkeys(range(1, 6), 2)
    assert found["standardised"].mean() == pytest.approx(0, abs=1e-12)
    assert found["standardised"].std(ddof=0) == pytest.approx(1)
    again, _ = dares_mismatch(table(rows[:4]), reference=reference, **FREE)
    assert again["mismatch_class"].tolist() == found["mismatch_class"].iloc[:2].tolist()


def test_the_interval_narrows_with_people_and_holds_the_truth() -> None:
    truth_c, truth_o = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.4, 0.4])
    truth, widths = duncan_index(truth_c, truth_o), []
    for people in (200, 20_000):
        rng = np.random.default_rng(1)
        held = 0
        for seed in range(40):
            rows = zip("abc", rng.multinomial(people, truth_c), rng.multinomial(people, truth_o))
            drawn = table([("M", z, c, o) for z, c, o in rows])
            found, _ = dares_mismatch(drawn, seed=seed, **(FREE | {"repeats": 200}))
            held += found["mismatch_low"][0] <= truth <= found["mismatch_high"][0]
        widths.append(found["mismatch_high"][0] - found["mismatch_low"][0])
        assert held >= 32  # 90 % of 40, less two standard deviations
    assert widths[1] < widths[0] / 5


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("M", "a", -1, 2)], "negative"),
        ([("M", "a", np.nan, 2)], "missing"),
        ([("M", "a", 1, 2), ("M", "a", 1, 2)], "given twice"),
    ],
)
def test_bad_tables_are_refused(rows: list[tuple[str, str, float, float]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        dares_mismatch(table(rows))


@pytest.mark.reference
def test_our_index_ranks_metiers_as_the_official_classes_do() -> None:
    path = shared_path("france/rome_bassin_tension_2021.csv")
    data = pd.read_csv(path, sep=";", decimal=",", dtype={"cbassin": str})
    ours = data.rename(columns={"ROME": "metier", "cbassin": "zone_id", "defm_abc": "candidates", "oee": "offers"})
    official = ours.rename(columns={"ind_mismatch_geo_d": "official_class"})
    found, _ = dares_mismatch(ours, floor=MismatchFloor(zones=50), official=official, repeats=50, source="Dares 2021")
    kept = found[found["above_floor"]]
    assert len(kept) == 137
    rank = spearmanr(kept["mismatch"], kept["official_class"].astype(float)).statistic
    # Dares reckons it from its own series, by FAP; ours from the rounded table by basin: 0.84 on 137 métiers.
    assert rank > 0.8
    distance = (kept["mismatch_class"] - kept["official_class"]).abs()
    assert (distance <= 1).mean() > 0.8


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_matching_of_single_people_equals_the_assignment_problem(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 6))
    t = rng.integers(60, 7200, (n, n)).astype(float)
    rows, columns = linear_sum_assignment(t)
    found = match_candidates(t, np.ones(n), np.ones(n))
    assert found.minutes_per_candidate == pytest.approx(t[rows, columns].mean() / 60)
    assert found.minutes_to_nearest <= found.minutes_per_candidate + 1e-9


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_as_many_as_possible_are_matched_before_time_is_saved(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_o, n_d = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    t = np.where(rng.random((n_o, n_d)) < 0.4, np.nan, rng.integers(60, 3600, (n_o, n_d)))
    best = (0, 0.0)
    choices = [[None, *np.flatnonzero(~np.isnan(t[i])).tolist()] for i in range(n_o)]
    for pick in itertools.product(*choices):
        used = [j for j in pick if j is not None]
        if len(set(used)) == len(used):
            best = max(best, (len(used), -sum(t[i, j] for i, j in enumerate(pick) if j is not None)))
    found = match_candidates(t, np.ones(n_o), np.ones(n_d))
    assert found.matched == pytest.approx(best[0])
    assert found.unmatched_candidates == pytest.approx(n_o - best[0])
    if best[0]:
        assert found.minutes_per_candidate * 60 * best[0] == pytest.approx(-best[1])
        np.testing.assert_allclose(found.flows.sum(), best[0])
    else:
        assert np.isnan(found.minutes_per_candidate)


def test_capacities_send_candidates_further_than_the_nearest() -> None:
    # Ten candidates beside three places; the other seven go an hour away: (3·1 + 7·60) / 10 = 42.3 minutes.
    found = match_candidates(np.array([[60.0, 3600.0]]), np.array([10.0]), np.array([3.0, 20.0]))
    assert found.minutes_per_candidate == pytest.approx(42.3)
    assert (found.minutes_to_nearest, found.unfilled_offers) == (1.0, pytest.approx(13.0))


@pytest.mark.parametrize("spread", [3.0, 1.0])
def test_the_corrected_index_is_near_the_truth_and_its_interval_holds_it(spread: float) -> None:
    """Two hundred candidates and two hundred offers in fifty zones: the plain index is too large, ours is not."""
    rng = np.random.default_rng(5)
    held, plain, corrected = [], [], []
    for _ in range(40):
        base = rng.dirichlet(np.ones(50))
        candidates, offers = (rng.dirichlet(base * 50 * spread + 1e-6) for _ in range(2))
        truth = 0.5 * np.abs(candidates - offers).sum()
        drawn = [rng.multinomial(200, share) for share in (candidates, offers)]
        table = pd.DataFrame(
            {"metier": "M", "zone_id": np.arange(50), "candidates": drawn[0].astype(float), "offers": drawn[1]}
        )
        row = dares_mismatch(table, repeats=60)[0].iloc[0]
        held.append(row["mismatch_low"] <= truth <= row["mismatch_high"])
        plain.append(row["mismatch"] - truth)
        corrected.append(row["mismatch_corrected"] - truth)
    assert np.mean(held) >= 0.8
    assert np.mean(plain) > 0.03
    assert abs(np.mean(corrected)) < 0.5 * np.mean(plain)
