"""What can be reached: measures that need times and opportunities only.

Times are seconds, (n_origins, n_destinations), NaN where there is no trip. Every measure treats origins one by one, so
that a matrix too large for memory is measured block of origins by block of origins, and the results concatenated.
A missing time never counts as near; what cannot be reached at all gives 0 opportunities, or NaN seconds.
"""

from __future__ import annotations

import numpy as np

from geo_access.errors import InputError, raise_faults
from geo_access.given import finite, read_number
from geo_access.measures.decay import Decay, check_decay
from geo_access.words.told import fault, refusal

__all__ = [
    "balancing_time",
    "check_amounts",
    "cumulative",
    "cumulative_interval",
    "gravity",
    "numbers_of",
    "time_to_nearest",
    "time_to_opportunities",
    "times_of",
]


def numbers_of(values: object, name: str) -> np.ndarray:
    """Read numbers of any list, Series or array, as float64.

    Raises
    ------
    InputError
        When there is something else among them.
    """
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        refused = fault(name, "given.amounts", given=type(values).__name__)
        raise InputError(str(refused), faults=[refused]) from error


def times_of(seconds: object) -> np.ndarray:
    """Read a table of times (n_o, n_d) [s]; an array of numbers is taken as it is, without a copy.

    Raises
    ------
    InputError
        When it is no table of numbers.
    """
    if isinstance(seconds, np.ndarray) and seconds.ndim == 2 and seconds.dtype.kind in "fiu":
        return seconds
    try:
        table = np.asarray(seconds, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise refusal("given.times", given=type(seconds).__name__) from error
    if table.ndim != 2:
        raise refusal("given.times", given=type(seconds).__name__)
    return table


def check_amounts(**amounts: tuple[np.ndarray, int]) -> None:
    """Refuse amounts of the wrong length, missing, or negative; each is given as (values, length).

    Raises
    ------
    InputError
        With every fault.
    """
    faults = []
    for name, (values, length) in amounts.items():
        array = numbers_of(values, name)
        if array.shape != (length,):
            faults.append(fault(name, "measures.one_number_each", shape=str(array.shape), n=length))
        elif not np.all(np.isfinite(array)) or np.any(array < 0):
            faults.append(fault(name, "measures.amounts"))
    raise_faults(faults)


def cumulative(seconds: np.ndarray, opportunities: np.ndarray, *, cutoff_s: float) -> np.ndarray:
    """Opportunities within a time.

    ``A_i = Σ_j O_j [t_ij ≤ T]`` (Wickstrom 1971). Unit: opportunities; from 0 to ΣO; 0 where nothing is in reach.

    Parameters
    ----------
    seconds : ndarray of float, shape (n_o, n_d)
        Times [s], NaN where there is none.
    opportunities : ndarray of float, shape (n_d,)
        ≥ 0.
    cutoff_s : float
        Longest time, included [s].

    Returns
    -------
    ndarray of float64, shape (n_o,)

    Raises
    ------
    InputError
        When opportunities are missing or negative.

    Examples
    --------
    >>> cumulative(np.array([[300.0, 900.0, np.nan]]), np.array([1.0, 2.0, 4.0]), cutoff_s=900).tolist()
    [3.0]
    """
    seconds = times_of(seconds)
    check_amounts(opportunities=(opportunities, seconds.shape[1]))
    limit_s = read_number(cutoff_s, "cutoff_s", example="2700")
    return (seconds <= limit_s) @ np.asarray(opportunities, dtype=np.float64)


def cumulative_interval(
    seconds: np.ndarray, opportunities: np.ndarray, *, from_s: float, to_s: float, step_s: float = 60.0
) -> np.ndarray:
    """Opportunities within a time, averaged over cutoffs from `from_s` to `to_s`, both included.

    Mean over T of ``Σ_j O_j [t_ij ≤ T]`` (Tomasiello et al. 2023): does not hang on one cutoff. Unit: opportunities;
    from 0 to ΣO.

    Parameters
    ----------
    seconds : ndarray of float, shape (n_o, n_d)
    opportunities : ndarray of float, shape (n_d,)
    from_s, to_s, step_s : float
        Cutoffs [s].

    Returns
    -------
    ndarray of float64, shape (n_o,)

    Raises
    ------
    InputError
        When the interval is out of order.

    Examples
    --------
    >>> t = np.array([[60.0, 180.0]])
    >>> cumulative_interval(t, np.array([1.0, 3.0]), from_s=60, to_s=180).tolist()
    [2.0]
    """
    seconds = times_of(seconds)
    check_amounts(opportunities=(opportunities, seconds.shape[1]))
    if not (0 <= from_s <= to_s and step_s > 0):
        raise refusal("measures.cutoffs", first=from_s, last=to_s, step=step_s)
    cutoffs = np.arange(from_s, to_s + step_s / 2, step_s)
    # A destination counts at every cutoff that is not shorter than its time: one pass instead of one per cutoff.
    times = np.where(np.isnan(seconds), np.inf, seconds)
    counted = len(cutoffs) - np.searchsorted(cutoffs, times, side="left")
    return (counted / len(cutoffs)) @ np.asarray(opportunities, dtype=np.float64)


def gravity(seconds: np.ndarray, opportunities: np.ndarray, *, decay: Decay) -> np.ndarray:
    """Opportunities, each weighted by how near it is.

    ``A_i = Σ_j O_j f(t_ij)`` (Hansen 1959). Unit: opportunities, weighted; from 0 to ΣO.

    Parameters
    ----------
    seconds : ndarray of float, shape (n_o, n_d)
    opportunities : ndarray of float, shape (n_d,)
    decay : Decay

    Returns
    -------
    ndarray of float64, shape (n_o,)

    Examples
    --------
    >>> from geo_access.measures.decay import Linear
    >>> gravity(np.array([[300.0, np.nan]]), np.array([8.0, 4.0]), decay=Linear(600)).tolist()
    [4.0]
    """
    seconds = times_of(seconds)
    check_amounts(opportunities=(opportunities, seconds.shape[1]))
    return check_decay(decay)(seconds) @ np.asarray(opportunities, dtype=np.float64)


def time_to_nearest(seconds: np.ndarray, opportunities: np.ndarray, *, n: int = 1) -> np.ndarray:
    """Time to the n-th nearest destination that has an opportunity.

    Unit: seconds; ≥ 0; NaN where fewer than n can be reached. Source: Ingram (1971), for n = 1.

    Parameters
    ----------
    seconds : ndarray of float, shape (n_o, n_d)
    opportunities : ndarray of float, shape (n_d,)
        Destinations with 0 do not count.
    n : int
        1 or more.

    Returns
    -------
    ndarray of float64, shape (n_o,)

    Raises
    ------
    InputError
        When `n` is below 1.

    Examples
    --------
    >>> time_to_nearest(np.array([[300.0, 60.0, np.nan]]), np.array([1.0, 1.0, 1.0]), n=2).tolist()
    [300.0]
    """
    seconds = times_of(seconds)
    check_amounts(opportunities=(opportunities, seconds.shape[1]))
    if (finite(n) or 0) < 1:
        raise refusal("measures.n_at_least_one", n=repr(n))
    open_s = np.asarray(seconds, dtype=np.float64)[:, np.asarray(opportunities) > 0]
    if open_s.shape[1] < n:
        return np.full(len(seconds), np.nan)
    nth = np.partition(np.where(np.isnan(open_s), np.inf, open_s), n - 1, axis=1)[:, n - 1]
    return np.where(np.isinf(nth), np.nan, nth)


def time_to_opportunities(seconds: np.ndarray, opportunities: np.ndarray, *, n: float) -> np.ndarray:
    """Dual access: the least time within which at least n opportunities lie.

    ``min T : Σ_j O_j [t_ij ≤ T] ≥ n`` (Cui & Levinson 2020). Unit: seconds; NaN where they never add up.

    Parameters
    ----------
    seconds : ndarray of float, shape (n_o, n_d)
    opportunities : ndarray of float, shape (n_d,)
    n : float
        Above 0.

    Returns
    -------
    ndarray of float64, shape (n_o,)

    Raises
    ------
    InputError
        When `n` is not above 0.

    Examples
    --------
    >>> time_to_opportunities(np.array([[300.0, 60.0]]), np.array([5.0, 3.0]), n=4).tolist()
    [300.0]
    """
    seconds = times_of(seconds)
    check_amounts(opportunities=(opportunities, seconds.shape[1]))
    if not (finite(n) or 0) > 0:
        raise refusal("measures.n_above_zero", n=repr(n))
    return _time_of_sum(seconds, np.asarray(opportunities, np.float64), np.full(len(seconds), float(n)))


def _time_of_sum(seconds: np.ndarray, amounts: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Least time at which the amounts within it reach `wanted`, per row; NaN where they never do."""
    if not seconds.shape[1]:
        return np.full(len(seconds), np.nan)
    times = np.where(np.isnan(seconds), np.inf, np.asarray(seconds, np.float64))
    order = np.argsort(times, axis=1, kind="stable")
    sorted_s = np.take_along_axis(times, order, axis=1)
    sums = np.cumsum(np.where(np.isinf(sorted_s), 0.0, amounts[order]), axis=1)
    enough = sums >= wanted[:, None] - 1e-9
    first = np.argmax(enough, axis=1)
    reached = sorted_s[np.arange(len(seconds)), first]
    return np.where(enough.any(axis=1) & np.isfinite(reached), reached, np.nan)


def balancing_time(seconds: np.ndarray, opportunities: np.ndarray, demand: np.ndarray) -> np.ndarray:
    """Least time within which the opportunities equal the origin's own demand.

    ``min T : Σ_j O_j [t_ij ≤ T] ≥ P_i`` (Barboza et al. 2021). Unit: seconds; 0 for an origin without demand; NaN where
    the opportunities never suffice.

    Parameters
    ----------
    seconds : ndarray of float, shape (n_o, n_d)
    opportunities : ndarray of float, shape (n_d,)
    demand : ndarray of float, shape (n_o,)

    Returns
    -------
    ndarray of float64, shape (n_o,)

    Examples
    --------
    >>> t = np.array([[60.0, 600.0], [60.0, 600.0]])
    >>> balancing_time(t, np.array([10.0, 90.0]), np.array([50.0, 0.0])).tolist()
    [600.0, 0.0]
    """
    seconds = times_of(seconds)
    check_amounts(opportunities=(opportunities, seconds.shape[1]), demand=(demand, seconds.shape[0]))
    wanted = np.asarray(demand, np.float64)
    return np.where(wanted > 0, _time_of_sum(seconds, np.asarray(opportunities, np.float64), wanted), 0.0)
