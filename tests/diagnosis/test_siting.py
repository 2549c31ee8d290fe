"""Placements against all the placements there are."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from geo_access.diagnosis.siting import propose_sessions
from geo_access.errors import InputError

IDS = np.array(list("abcdef"), dtype=object)


def problem(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    t = rng.integers(300, 5400, (9, 6)).astype(float)
    t[rng.random(t.shape) < 0.2] = np.nan
    return t, rng.integers(1, 100, 9).astype(float)


def served(t: np.ndarray, people: np.ndarray, sites: list[int]) -> float:
    return float(people[(t[:, sites] <= 1800).any(axis=1)].sum())


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("existing", [[], [2], [0, 4]])
def test_maximal_covering_serves_as_many_as_the_best_placement(seed: int, existing: list[int]) -> None:
    t, people = problem(seed)
    held = np.isin(np.arange(6), existing)
    found = propose_sessions(t, people, IDS, limit_s=1800, sessions=2, existing=held)
    free = [i for i in range(6) if i not in existing]
    best = max(served(t, people, [*existing, *pair]) for pair in combinations(free, 2))
    reached = found["residents_served"].max() if len(found) else served(t, people, existing)
    assert reached == pytest.approx(best)
    assert not set(found["site_id"]) & set(IDS[held])
    assert found["residents_gained"].sum() == pytest.approx(best - served(t, people, existing))
    assert found["residents_gained"].is_monotonic_decreasing


@pytest.mark.parametrize("seed", range(6))
def test_covering_opens_the_fewest_sessions(seed: int) -> None:
    t, people = problem(seed)
    found = propose_sessions(t, people, IDS, limit_s=1800, model="covering")
    best = served(t, people, list(range(6)))
    fewest = next(k for k in range(7) if any(served(t, people, list(c)) == best for c in combinations(range(6), k)))
    assert len(found) == fewest
    assert found["residents_served"].max() == best


@pytest.mark.parametrize("seed", range(4))
def test_p_median_has_the_least_total_time_and_keeps_existing_sites(seed: int) -> None:
    t, people = problem(seed)
    full = np.where(np.isnan(t), 1e7, t)
    held = np.arange(6) == 1
    found = propose_sessions(t, people, IDS, limit_s=1800, sessions=2, existing=held, model="p_median")

    def cost(sites: list[int]) -> float:
        return float(people @ full[:, sites].min(axis=1))

    best = min(cost([1, *pair]) for pair in combinations([0, 2, 3, 4, 5], 2))
    assert cost([1, *(list(IDS).index(i) for i in found["site_id"])]) == pytest.approx(best)


def test_capacities_bind_the_p_median() -> None:
    # Both points prefer site a; it holds one of them.
    t = np.array([[60.0, 600.0], [60.0, 600.0]])
    found = propose_sessions(
        t, np.array([1.0, 1.0]), IDS[:2], limit_s=1800, sessions=2, capacities=np.array([1.0, 1.0]), model="p_median"
    )
    assert sorted(found["site_id"]) == ["a", "b"]
    with pytest.raises(InputError, match="no placement"):
        propose_sessions(
            t,
            np.array([1.0, 1.0]),
            IDS[:2],
            limit_s=1800,
            sessions=1,
            capacities=np.array([1.0, 1.0]),
            model="p_median",
        )


def test_nothing_to_gain_proposes_nothing() -> None:
    t, people = problem(0)
    for model, sessions in (("maximal_covering", 2), ("covering", None)):
        found = propose_sessions(t * np.nan, people, IDS, limit_s=1800, sessions=sessions, model=model)
        assert found.empty


@pytest.mark.parametrize(
    "arguments",
    [
        {"model": "magic", "sessions": 1},
        {"sessions": 0},
        {"sessions": None},
        {"model": "covering", "sessions": 2},
        {"sessions": 1, "capacities": np.ones(6)},
        {"sessions": 1, "limit_s": 0},
        {"sessions": 1, "existing": np.ones(3, dtype=bool)},
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, object]) -> None:
    t, people = problem(0)
    with pytest.raises(InputError):
        propose_sessions(t, people, IDS, **({"limit_s": 1800} | arguments))
