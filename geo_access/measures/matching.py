"""The travel-time sibling of the mismatch: the fewest minutes per candidate of matching candidates to offers.

It needs no zoning: a métier whose candidates live an hour from its offers shows an hour, however the zones are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from geo_access.errors import CapacityError
from geo_access.measures.measures import check_amounts
from geo_access.words.told import refusal

__all__ = ["Matching", "match_candidates"]

_MOST_PAIRS = 2_000_000


@dataclass(frozen=True, eq=False)
class Matching:
    """A cheapest matching of candidates to offers.

    Attributes
    ----------
    minutes_per_candidate : float
        Mean time of the matched [min]; NaN when nobody can be.
    matched : float
        Candidates matched: as many as the offers and the times allow.
    unmatched_candidates, unfilled_offers : float
    minutes_to_nearest : float
        Mean time of the reachable candidates to their nearest offer were there room for all [min]: what crowding adds
        is the difference.
    flows : scipy.sparse.csr_matrix, shape (n_o, n_d)
        Candidates of each origin sent to each destination.
    """

    minutes_per_candidate: float
    matched: float
    unmatched_candidates: float
    unfilled_offers: float
    minutes_to_nearest: float
    flows: sparse.csr_matrix


def match_candidates(seconds: np.ndarray, candidates: np.ndarray, offers: np.ndarray) -> Matching:
    """Match as many candidates to offers as can be, at the least total time (transport problem).

    ``min Σ x_ij t_ij`` with ``Σ_j x_ij ≤ C_i``, ``Σ_i x_ij ≤ O_j`` and ``Σ x`` the greatest that these allow (Hitchcock
    1941); solved by HiGHS. Pairs without a time are out.

    Parameters
    ----------
    seconds : ndarray of float, shape (n_o, n_d)
        Times [s], NaN where there is none.
    candidates : ndarray of float, shape (n_o,)
    offers : ndarray of float, shape (n_d,)

    Returns
    -------
    Matching

    Raises
    ------
    InputError
        When amounts are missing or negative.
    CapacityError
        With more than two million pairs.

    Examples
    --------
    >>> t = np.array([[60.0, 600.0], [120.0, 240.0]])
    >>> match_candidates(t, np.array([10.0, 10.0]), np.array([10.0, 10.0])).minutes_per_candidate
    2.5
    """
    check_amounts(candidates=(candidates, seconds.shape[0]), offers=(offers, seconds.shape[1]))
    people, places = np.asarray(candidates, np.float64), np.asarray(offers, np.float64)
    usable = ~np.isnan(seconds) & (people[:, None] > 0) & (places[None, :] > 0)
    origin, destination = np.nonzero(usable)
    if len(origin) > _MOST_PAIRS:
        raise refusal("measures.too_many_pairs", CapacityError, n=len(origin), most=_MOST_PAIRS)
    if not len(origin):
        empty: sparse.csr_matrix = sparse.csr_matrix(seconds.shape)
        return Matching(float("nan"), 0.0, float(people.sum()), float(places.sum()), float("nan"), empty)
    cost = np.asarray(seconds, np.float64)[origin, destination]
    pair = np.arange(len(origin))
    rows = np.concatenate((origin, len(people) + destination))
    limits = sparse.csr_matrix(
        (np.ones(2 * len(origin)), (rows, np.tile(pair, 2))), shape=(len(people) + len(places), len(origin))
    )
    bounds = np.concatenate((people, places))
    # First how many can be matched, then how cheaply: one objective with a large penalty would lose digits.
    solve = cast("Any", linprog)
    most = solve(-np.ones(len(origin)), A_ub=limits, b_ub=bounds, method="highs")
    matched = -float(most.fun)
    every = sparse.csr_matrix(np.ones((1, len(origin))))
    cheapest = solve(cost, A_ub=limits, b_ub=bounds, A_eq=every, b_eq=[matched], method="highs")
    if not (most.success and cheapest.success):
        raise refusal("measures.no_matching", why=cheapest.message)
    flows = sparse.csr_matrix((cheapest.x, (origin, destination)), shape=seconds.shape)
    flows.eliminate_zeros()
    nearest = np.where(usable, seconds, np.inf).min(axis=1)
    within = np.isfinite(nearest)
    return Matching(
        minutes_per_candidate=float(cheapest.fun) / matched / 60,
        matched=matched,
        unmatched_candidates=float(people.sum() - matched),
        unfilled_offers=float(places.sum() - matched),
        minutes_to_nearest=float((nearest[within] * people[within]).sum() / people[within].sum() / 60),
        flows=flows,
    )
