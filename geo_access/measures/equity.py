"""How unequally access is shared.

Values are one number per group of people, weights how many people. Missing values (NaN) leave the computation with
their people; a result that has no meaning (nobody, or a mean of 0) is NaN. Negative values are refused where the
formula needs non-negative ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from geo_access.errors import raise_faults
from geo_access.given import finite
from geo_access.measures.measures import numbers_of
from geo_access.words.told import fault, refusal

__all__ = [
    "TheilParts",
    "concentration_index",
    "corrected_concentration_index",
    "fgt_poverty",
    "gini",
    "group_ratio",
    "palma_ratio",
    "theil",
    "theil_parts",
    "weighted_mean",
    "weighted_quantile",
]


def _clean(
    values: np.ndarray, weights: np.ndarray | None, *others: np.ndarray, negative_allowed: bool = False
) -> tuple[np.ndarray, ...]:
    """Values, weights and the other columns without the rows that have no value or no people."""
    x = numbers_of(values, "values")
    w = np.ones(x.shape) if weights is None else numbers_of(weights, "weights")
    faults = []
    if x.ndim != 1 or w.shape != x.shape or any(np.shape(o) != x.shape for o in others):
        raise refusal("measures.equity_shapes", shape=str(x.shape), shape2=str(w.shape))
    if np.any(~np.isfinite(w)) or np.any(w < 0):
        faults.append(fault("weights", "measures.people"))
    if not negative_allowed and np.any(x < 0):
        faults.append(fault("values", "measures.negative_values"))
    if np.any(np.isinf(x)):
        faults.append(fault("values", "measures.infinite"))
    raise_faults(faults)
    kept = ~np.isnan(x) & (w > 0)
    return (x[kept], w[kept], *(np.asarray(o)[kept] for o in others))


def weighted_mean(values: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Mean over people: ``Σ w x / Σ w``. Unit: that of the values; NaN without anybody.

    Parameters
    ----------
    values, weights : ndarray of float, shape (n,)

    Returns
    -------
    float

    Examples
    --------
    >>> weighted_mean(np.array([1.0, 4.0, np.nan]), np.array([1.0, 2.0, 9.0]))
    3.0
    """
    x, w = _clean(values, weights, negative_allowed=True)
    return float((x * w).sum() / w.sum()) if len(x) else float("nan")


def weighted_quantile(values: np.ndarray, q: float, weights: np.ndarray | None = None) -> float:
    """Least value that at least a share q of the people do not exceed (inverse of the weighted distribution).

    ``min x : Σ_{x_k ≤ x} w_k ≥ q Σ w``. Unit: that of the values; NaN without anybody.

    Parameters
    ----------
    values, weights : ndarray of float, shape (n,)
    q : float
        0–1.

    Returns
    -------
    float

    Raises
    ------
    InputError
        When q leaves 0–1.

    Examples
    --------
    >>> weighted_quantile(np.array([10.0, 20.0, 50.0]), 0.5, np.array([1.0, 1.0, 8.0]))
    50.0
    """
    if not 0 <= (-1 if (share := finite(q)) is None else share) <= 1:
        raise refusal("measures.quantile", value=repr(q))
    x, w = _clean(values, weights, negative_allowed=True)
    if not len(x):
        return float("nan")
    order = np.argsort(x, kind="stable")
    cumulated = np.cumsum(w[order])
    place = np.searchsorted(cumulated, q * cumulated[-1] - 1e-12 * cumulated[-1], side="left")
    return float(x[order][min(int(place), len(x) - 1)])


def palma_ratio(
    values: np.ndarray, income: np.ndarray, weights: np.ndarray | None = None, *, top: float = 0.1, bottom: float = 0.4
) -> float:
    """Mean access of the richest tenth over that of the poorest two fifths.

    ``Ā(income ≥ q_90) / Ā(income ≤ q_40)`` (Palma 2011; on access: Pereira et al. 2019). People in the class that
    straddles a limit are split; people of one income are one class, in whatever order they stand. Ratio, ≥ 0; 1 is
    equal; NaN where the poor reach nothing.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
    income : ndarray of float, shape (n,)
        What ranks people from poor to rich; no missing value.
    weights : ndarray of float, shape (n,), optional
    top, bottom : float
        Shares of the people, 0–1.

    Returns
    -------
    float

    Examples
    --------
    >>> palma_ratio(np.arange(10.0), np.arange(10.0))
    6.0
    """
    x, w, ranked = _clean(values, weights, np.asarray(income, dtype=np.float64))
    if np.any(np.isnan(ranked)):
        raise refusal("measures.income")
    if not len(x):
        return float("nan")
    _, group = np.unique(ranked, return_inverse=True)
    together = np.bincount(group, weights=w)
    x, w = np.bincount(group, weights=w * x) / together, together
    upper = np.cumsum(w)
    lower = upper - w
    poor = np.clip(bottom * upper[-1] - lower, 0, w)
    rich = np.clip(upper - (1 - top) * upper[-1], 0, w)
    of_poor = float((x * poor).sum() / poor.sum())
    return float((x * rich).sum() / rich.sum()) / of_poor if of_poor > 0 else float("nan")


def gini(values: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Gini index: twice the area between the Lorenz curve and the diagonal.

    ``G = Σ_k Σ_l w_k w_l |x_k − x_l| / (2 μ W²)`` (Gini 1912). 0 (equal) to below 1; NaN where nobody has anything.

    Parameters
    ----------
    values, weights : ndarray of float, shape (n,)
        Values ≥ 0.

    Returns
    -------
    float

    Examples
    --------
    >>> gini(np.array([0.0, 1.0])), round(gini(np.array([1.0, 3.0]), np.array([3.0, 1.0])), 4)
    (0.5, 0.25)
    """
    x, w = _clean(values, weights)
    total = (x * w).sum()
    if not len(x) or total <= 0:
        return float("nan")
    order = np.argsort(x, kind="stable")
    x, w = x[order], w[order]
    middle = np.cumsum(w) - w / 2
    return float(2 * (w * x * middle).sum() / (w.sum() * total) - 1)


def theil(values: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Theil's T: ``Σ (w/W) (x/μ) ln(x/μ)``, with 0 ln 0 = 0 (Theil 1967). 0 to ln(W/min w); NaN where the mean is 0.

    Parameters
    ----------
    values, weights : ndarray of float, shape (n,)
        Values ≥ 0.

    Returns
    -------
    float

    Examples
    --------
    >>> round(theil(np.array([0.0, 2.0])), 6) == round(float(np.log(2)), 6)
    True
    """
    x, w = _clean(values, weights)
    mean = weighted_mean(x, w)
    if not mean > 0:
        return float("nan")
    ratio = x / mean
    terms = np.where(ratio > 0, ratio * np.log(np.where(ratio > 0, ratio, 1.0)), 0.0)
    return float((w * terms).sum() / w.sum())


@dataclass(frozen=True)
class TheilParts:
    """Theil's T and its parts: ``total = between + within``.

    Attributes
    ----------
    total, between, within : float
    by_group : dict of str to float
        Part of `within` that each group brings.
    """

    total: float
    between: float
    within: float
    by_group: dict[str, float]


def theil_parts(values: np.ndarray, groups: np.ndarray, weights: np.ndarray | None = None) -> TheilParts:
    """Theil's T, split between groups (QPV, other urban, rural) and within them.

    ``T = Σ_g s_g ln(x̄_g/μ) + Σ_g s_g T_g`` with s_g the group's share of all access (Theil 1967; Shorrocks 1980).

    Parameters
    ----------
    values, weights : ndarray of float, shape (n,)
        Values ≥ 0.
    groups : ndarray, shape (n,)

    Returns
    -------
    TheilParts

    Examples
    --------
    >>> parts = theil_parts(np.array([1.0, 1.0, 3.0, 3.0]), np.array(["qpv", "qpv", "urban", "urban"]))
    >>> round(parts.within, 12), parts.total == parts.between
    (0.0, True)
    """
    x, w, g = _clean(values, weights, np.asarray(groups).astype(str))
    total = theil(x, w)
    if not np.isfinite(total):
        return TheilParts(total, float("nan"), float("nan"), {})
    mean, mass = weighted_mean(x, w), float((x * w).sum())
    between, by_group = 0.0, {}
    for name in np.unique(g):
        of = g == name
        share = float((x[of] * w[of]).sum()) / mass
        by_group[str(name)] = share * theil(x[of], w[of]) if share > 0 else 0.0
        between += share * float(np.log(weighted_mean(x[of], w[of]) / mean)) if share > 0 else 0.0
    return TheilParts(total, between, sum(by_group.values()), by_group)


def concentration_index(values: np.ndarray, income: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Whether access goes to the rich (above 0) or to the poor (below 0).

    ``C = 2 cov_w(x, r) / μ`` with r the fractional rank by income (Kakwani, Wagstaff & van Doorslaer 1997). −1 to 1;
    people of equal income share their mean rank. NaN where nobody has anything.

    Parameters
    ----------
    values, weights : ndarray of float, shape (n,)
        Values ≥ 0.
    income : ndarray of float, shape (n,)

    Returns
    -------
    float

    Examples
    --------
    >>> concentration_index(np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    0.5
    """
    x, w, rank = _ranked(values, income, weights)
    mean = weighted_mean(x, w)
    if not mean > 0:
        return float("nan")
    return float(2 * (w * (x - mean) * (rank - 0.5)).sum() / (w.sum() * mean))


def corrected_concentration_index(
    values: np.ndarray, income: np.ndarray, weights: np.ndarray | None = None, *, lowest: float, highest: float
) -> float:
    """Concentration index of a bounded measure: ``E = 4 μ C / (highest − lowest)`` (Erreygers 2009). −1 to 1.

    Parameters
    ----------
    values, weights : ndarray of float, shape (n,)
    income : ndarray of float, shape (n,)
    lowest, highest : float
        Bounds of the measure; 0 and 1 for a share.

    Returns
    -------
    float

    Raises
    ------
    InputError
        When a value leaves the bounds.

    Examples
    --------
    >>> corrected_concentration_index(np.array([0.0, 1.0]), np.array([1.0, 2.0]), lowest=0, highest=1)
    1.0
    """
    x, w, rank = _ranked(values, income, weights)
    if not lowest < highest or np.any(x < lowest) or np.any(x > highest):
        raise refusal("measures.bounds_hold", lowest=lowest, highest=highest)
    if not len(x):
        return float("nan")
    mean = weighted_mean(x, w)
    return float(8 * (w * (x - mean) * (rank - 0.5)).sum() / (w.sum() * (highest - lowest)))


def _ranked(
    values: np.ndarray, income: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, weights and fractional rank by income, ties sharing their mean rank."""
    x, w, by = _clean(values, weights, np.asarray(income, dtype=np.float64))
    if np.any(np.isnan(by)):
        raise refusal("measures.income")
    _, group = np.unique(by, return_inverse=True)
    size = np.bincount(group, weights=w)
    middle = (np.cumsum(size) - size / 2) / max(size.sum(), 1e-300) if len(size) else size
    return x, w, middle[group] if len(x) else x


def fgt_poverty(values: np.ndarray, weights: np.ndarray | None = None, *, line: float, alpha: float = 1.0) -> float:
    """Access poverty: ``Σ (w/W) ((z − x)/z)^α [x < z]`` (Foster, Greer & Thorbecke 1984). 0 (nobody poor) to 1.

    α = 0 counts the poor, 1 measures how far they lie below the line, 2 weighs the poorest most.

    Parameters
    ----------
    values, weights : ndarray of float, shape (n,)
        Values ≥ 0: more is better. People without a value leave the computation; give 0 to those who reach nothing.
    line : float
        Poverty line z, above 0, in the values' unit.
    alpha : float
        ≥ 0.

    Returns
    -------
    float

    Raises
    ------
    InputError
        When the line is not above 0 or α is negative.

    Examples
    --------
    >>> fgt_poverty(np.array([0.0, 5.0, 20.0, 30.0]), line=10, alpha=1)
    0.375
    """
    if not (finite(line) or 0) > 0 or (finite(alpha) or 0) < 0 or finite(alpha) is None:
        raise refusal("measures.poverty_line", line=repr(line), alpha=repr(alpha))
    x, w = _clean(values, weights)
    if not len(x):
        return float("nan")
    poor = x < line
    gap = np.where(poor, (line - x) / line, 0.0)
    return float((w * np.where(poor, gap**alpha, 0.0)).sum() / w.sum())


def group_ratio(
    values: np.ndarray,
    groups: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    of: str | Iterable[str],
    to: str | Iterable[str],
) -> float:
    """Mean access of some people over that of others: QPV to their surroundings, rural to urban.

    ``x̄_of / x̄_to``, weighted by people. Ratio, ≥ 0; 1 is equal; NaN where a side has nobody, or the other side nothing.

    Parameters
    ----------
    values, weights : ndarray of float, shape (n,)
    groups : ndarray, shape (n,)
    of, to : str or iterable of str
        Groups compared.

    Returns
    -------
    float

    Examples
    --------
    >>> group_ratio(np.array([2.0, 4.0]), np.array(["qpv", "urban"]), of="qpv", to="urban")
    0.5
    """
    x, w, g = _clean(values, weights, np.asarray(groups).astype(str))

    def mean(names: str | Iterable[str]) -> float:
        member = np.isin(g, [names] if isinstance(names, str) else list(names))
        return weighted_mean(x[member], w[member])

    base = mean(to)
    return mean(of) / base if base > 0 else float("nan")
