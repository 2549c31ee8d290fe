"""What can be reached once shared with everybody else who can reach it.

Times are seconds, (n_origins, n_destinations), NaN where there is no trip. A matrix too large for memory is given as a
function that yields its blocks of consecutive origins afresh each time it is called: the first pass counts who competes
for each destination, the second shares. A destination that nobody can reach gives its opportunities to nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from geo_access.kernels import njit
from geo_access.measures.decay import Cutoff, Decay, check_decay
from geo_access.measures.measures import check_amounts, times_of
from geo_access.words.told import refusal

__all__ = [
    "Times",
    "balanced_fca",
    "doubly_constrained_access",
    "enhanced_two_step_fca",
    "rational_agent_access",
    "spatial_availability",
    "three_step_fca",
    "total_constrained_access",
    "two_step_fca",
]

Times = np.ndarray | Callable[[], Iterable[np.ndarray]]


def _blocks(seconds: Times) -> Iterable[np.ndarray]:
    return seconds() if callable(seconds) else (times_of(seconds),)


def _weighted(seconds: Times, decay: Decay, demand: np.ndarray) -> Iterable[tuple[np.ndarray, np.ndarray]]:
    """Yield the weights of each block of origins, and those origins' demand."""
    start = 0
    for block in _blocks(seconds):
        stop = start + len(block)
        yield check_decay(decay)(np.asarray(block)), demand[start:stop]
        start = stop
    if start != len(demand):
        raise refusal("measures.demand_per_origin", origins=start, n=len(demand))


def _checked(seconds: Times, opportunities: np.ndarray, demand: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not callable(seconds):
        seconds = times_of(seconds)
        check_amounts(opportunities=(opportunities, seconds.shape[1]), demand=(demand, seconds.shape[0]))
    else:
        check_amounts(opportunities=(opportunities, len(opportunities)), demand=(demand, len(demand)))
    return np.asarray(opportunities, dtype=np.float64), np.asarray(demand, dtype=np.float64)


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)


def enhanced_two_step_fca(seconds: Times, opportunities: np.ndarray, demand: np.ndarray, *, decay: Decay) -> np.ndarray:
    """Opportunities per head, each destination shared among all who can reach it, nearer ones weighing more.

    ``R_j = O_j / Σ_i P_i f(t_ij)``, ``A_i = Σ_j R_j f(t_ij)`` (Luo & Qi 2009). Unit: opportunities per person; ≥ 0; 0
    where nothing is in reach. Mass: ``Σ_i P_i A_i = Σ_j O_j`` over destinations in anybody's reach.

    Parameters
    ----------
    seconds : ndarray of float, shape (n_o, n_d), or function yielding its blocks
    opportunities : ndarray of float, shape (n_d,)
    demand : ndarray of float, shape (n_o,)
    decay : Decay

    Returns
    -------
    ndarray of float64, shape (n_o,)

    Raises
    ------
    InputError
        When amounts are missing, negative, or of the wrong length.

    Examples
    --------
    >>> t = np.array([[300.0], [900.0]])
    >>> enhanced_two_step_fca(t, np.array([10.0]), np.array([20.0, 30.0]), decay=Cutoff(600)).tolist()
    [0.5, 0.0]
    """
    supply, people = _checked(seconds, opportunities, demand)
    competing = np.zeros(len(supply))
    for weight, part in _weighted(seconds, decay, people):
        competing += part @ weight
    ratio = _ratio(supply, competing)
    return np.concatenate([weight @ ratio for weight, _ in _weighted(seconds, decay, people)])


def two_step_fca(seconds: Times, opportunities: np.ndarray, demand: np.ndarray, *, cutoff_s: float) -> np.ndarray:
    """Opportunities per head within a time, each destination shared among all within that time of it.

    ``R_j = O_j / Σ_{i: t_ij ≤ T} P_i``, ``A_i = Σ_{j: t_ij ≤ T} R_j`` (Luo & Wang 2003). Unit and mass as
    `enhanced_two_step_fca`.

    Parameters
    ----------
    seconds : ndarray of float, shape (n_o, n_d), or function yielding its blocks
    opportunities : ndarray of float, shape (n_d,)
    demand : ndarray of float, shape (n_o,)
    cutoff_s : float
        [s].

    Returns
    -------
    ndarray of float64, shape (n_o,)

    Examples
    --------
    >>> two_step_fca(np.array([[1.0], [1.0]]), np.array([5.0]), np.array([4.0, 6.0]), cutoff_s=60).tolist()
    [0.5, 0.5]
    """
    return enhanced_two_step_fca(seconds, opportunities, demand, decay=Cutoff(cutoff_s))


def three_step_fca(seconds: Times, opportunities: np.ndarray, demand: np.ndarray, *, decay: Decay) -> np.ndarray:
    """E2SFCA in which each origin first divides its demand among its destinations.

    ``G_ij = f_ij / Σ_j f_ij``, ``R_j = O_j / Σ_i G_ij P_i f_ij``, ``A_i = Σ_j G_ij R_j f_ij`` (Wan, Zou & Sternberg
    2012). Unit: opportunities per person; ≥ 0. Mass as `enhanced_two_step_fca`.

    Parameters
    ----------
    seconds : ndarray of float, shape (n_o, n_d), or function yielding its blocks
    opportunities : ndarray of float, shape (n_d,)
    demand : ndarray of float, shape (n_o,)
    decay : Decay

    Returns
    -------
    ndarray of float64, shape (n_o,)

    Examples
    --------
    >>> t = np.array([[60.0, 60.0], [60.0, np.nan]])
    >>> three_step_fca(t, np.array([10.0, 10.0]), np.array([10.0, 10.0]), decay=Cutoff(600)).round(4).tolist()
    [1.3333, 0.6667]
    """
    supply, people = _checked(seconds, opportunities, demand)

    def chosen(weight: np.ndarray) -> np.ndarray:
        total = weight.sum(axis=1, keepdims=True)
        return weight * np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)

    competing = np.zeros(len(supply))
    for weight, part in _weighted(seconds, decay, people):
        competing += part @ chosen(weight)
    ratio = _ratio(supply, competing)
    return np.concatenate([chosen(weight) @ ratio for weight, _ in _weighted(seconds, decay, people)])


def balanced_fca(seconds: Times, opportunities: np.ndarray, demand: np.ndarray, *, decay: Decay) -> np.ndarray:
    """Floating catchment in which neither demand nor supply is counted twice.

    ``L_j = O_j / Σ_i P_i w_ij / Σ_j w_ij``, ``A_i = Σ_j L_j w_ij / Σ_i w_ij`` with ``w_ij = f(t_ij)`` (Paez, Higgins &
    Vivona 2019). Unit: level of service (opportunities per person); ≥ 0.  Mass: ``Σ_i A_i = Σ_j L_j``.

    Parameters
    ----------
    seconds : ndarray of float, shape (n_o, n_d), or function yielding its blocks
    opportunities : ndarray of float, shape (n_d,)
    demand : ndarray of float, shape (n_o,)
    decay : Decay

    Returns
    -------
    ndarray of float64, shape (n_o,)

    Examples
    --------
    >>> balanced_fca(np.array([[1.0], [1.0]]), np.array([5.0]), np.array([4.0, 6.0]), decay=Cutoff(60)).tolist()
    [0.25, 0.25]
    """
    supply, people = _checked(seconds, opportunities, demand)
    from_origins, to_destinations = np.zeros(len(supply)), np.zeros(len(supply))
    for weight, part in _weighted(seconds, decay, people):
        from_origins += _ratio(part, weight.sum(axis=1)) @ weight
        to_destinations += weight.sum(axis=0)
    share = _ratio(_ratio(supply, from_origins), to_destinations)
    return np.concatenate([weight @ share for weight, _ in _weighted(seconds, decay, people)])


def spatial_availability(seconds: Times, opportunities: np.ndarray, demand: np.ndarray, *, decay: Decay) -> np.ndarray:
    """Opportunities that fall to each origin when every destination's are divided among all who can reach them.

    ``V_i = Σ_j O_j P_i f_ij / Σ_i P_i f_ij`` (Soukhov et al. 2023): opportunity-constrained access. Unit:
    opportunities; from 0 to ΣO. Mass: ``Σ_i V_i = Σ_j O_j`` over destinations in anybody's reach.

    Parameters
    ----------
    seconds : ndarray of float, shape (n_o, n_d), or function yielding its blocks
    opportunities : ndarray of float, shape (n_d,)
    demand : ndarray of float, shape (n_o,)
    decay : Decay

    Returns
    -------
    ndarray of float64, shape (n_o,)

    Examples
    --------
    >>> spatial_availability(np.array([[1.0], [1.0]]), np.array([5.0]), np.array([4.0, 6.0]), decay=Cutoff(60)).tolist()
    [2.0, 3.0]
    """
    per_head = enhanced_two_step_fca(seconds, opportunities, demand, decay=decay)
    return per_head * np.asarray(demand, dtype=np.float64)


def total_constrained_access(seconds: Times, opportunities: np.ndarray, *, decay: Decay) -> np.ndarray:
    """Gravity access scaled so that it sums to the opportunities of the whole territory.

    ``V_i = (Σ_j O_j / Σ_i Σ_j O_j f_ij) Σ_j O_j f_ij`` (Soukhov, Pereira, Higgins & Paez 2025). Unit: opportunities;
    from 0 to ΣO, summing to ΣO unless nothing is in anybody's reach (then 0).

    Parameters
    ----------
    seconds : ndarray of float, shape (n_o, n_d), or function yielding its blocks
    opportunities : ndarray of float, shape (n_d,)
    decay : Decay

    Returns
    -------
    ndarray of float64, shape (n_o,)

    Examples
    --------
    >>> total_constrained_access(np.array([[1.0], [1.0]]), np.array([5.0]), decay=Cutoff(60)).tolist()
    [2.5, 2.5]
    """
    check_amounts(opportunities=(opportunities, len(opportunities)))
    supply = np.asarray(opportunities, dtype=np.float64)
    raw = np.concatenate([check_decay(decay)(np.asarray(block)) @ supply for block in _blocks(seconds)])
    total = raw.sum()
    return raw * (supply.sum() / total) if total > 0 else raw


def doubly_constrained_access(
    seconds: np.ndarray, opportunities: np.ndarray, demand: np.ndarray, *, decay: Decay, tolerance: float = 1e-9
) -> np.ndarray:
    """Opportunities matched to people, each used once and each person served once (market clearing).

    ``V_ij = A_i B_j P_i O_j f_ij`` with ``Σ_j V_ij = P_i`` and ``Σ_i V_ij = O_j`` (Wilson 1971; Soukhov et al. 2025),
    balanced by Furness' iterations. Unit: opportunities; the row sums are the demand, so what tells origins apart is
    the pairs that are given back.

    Parameters
    ----------
    seconds : ndarray of float, shape (n_o, n_d)
    opportunities : ndarray of float, shape (n_d,)
    demand : ndarray of float, shape (n_o,)
        Must sum to the opportunities.
    decay : Decay
    tolerance : float
        Largest relative miss of a total.

    Returns
    -------
    ndarray of float64, shape (n_o, n_d)
        Opportunities of each destination that go to each origin.

    Raises
    ------
    InputError
        When the totals differ, or no balance exists because someone can reach nothing.

    Examples
    --------
    >>> t = np.array([[60.0, 60.0], [60.0, 60.0]])
    >>> doubly_constrained_access(t, np.array([4.0, 6.0]), np.array([5.0, 5.0]), decay=Cutoff(600)).tolist()
    [[2.0, 3.0], [2.0, 3.0]]
    """
    supply, people = _checked(seconds, opportunities, demand)
    if not np.isclose(supply.sum(), people.sum(), rtol=1e-6):
        raise refusal("measures.sums_differ", supply=str(supply.sum()), demand=str(people.sum()))
    flows = check_decay(decay)(times_of(seconds)) * people[:, None] * supply[None, :]
    for _ in range(10_000):
        flows *= _ratio(people, flows.sum(axis=1))[:, None]
        flows *= _ratio(supply, flows.sum(axis=0))[None, :]
        if np.allclose(
            flows.sum(axis=1), people, rtol=tolerance, atol=tolerance * max(people.max(initial=0.0), 1e-300)
        ):
            return flows
    raise refusal("measures.no_balance")


@njit(cache=True)
def _equilibrate(
    cost: np.ndarray, supply: np.ndarray, demand: np.ndarray, tolerance: float, max_cycles: int
) -> tuple[np.ndarray, np.ndarray]:
    """Shift each origin's demand from its worst used destination to its best until no shift pays."""
    n_o, n_d = cost.shape
    share = np.zeros((n_o, n_d), dtype=np.float64)
    load = np.zeros(n_d, dtype=np.float64)
    for i in range(n_o):
        best = np.argmin(cost[i])
        if np.isfinite(cost[i, best]):
            share[i, best] = demand[i]
            load[best] += demand[i]
    for _ in range(max_cycles):
        gap = 0.0
        for i in range(n_o):
            if demand[i] <= 0.0:
                continue
            for _inner in range(n_d):
                low, high = -1, -1
                low_cost, high_cost = np.inf, -np.inf
                for j in range(n_d):
                    if not np.isfinite(cost[i, j]):
                        continue
                    total = cost[i, j] + load[j] / supply[j]
                    if total < low_cost:
                        low, low_cost = j, total
                    if share[i, j] > 0.0 and total > high_cost:
                        high, high_cost = j, total
                if high < 0 or low == high or high_cost - low_cost <= tolerance:
                    break
                gap = max(gap, high_cost - low_cost)
                # The amount that makes both costs equal; costs are linear in the loads.
                shift = min((high_cost - low_cost) / (1.0 / supply[low] + 1.0 / supply[high]), share[i, high])
                share[i, high] -= shift
                share[i, low] += shift
                load[high] -= shift
                load[low] += shift
        if gap <= tolerance:
            break
    return share, load


def rational_agent_access(
    seconds: np.ndarray,
    opportunities: np.ndarray,
    demand: np.ndarray,
    *,
    tau_s: float = 3600.0,
    tolerance: float = 1e-9,
    max_cycles: int = 10_000,
) -> np.ndarray:
    """Cost of the rational agent access model: time plus crowding, once nobody gains by going elsewhere.

    ``c_ij = t_ij / τ + D_j / (ρ O_j)`` with ``ρ = ΣP / ΣO``; each origin uses only destinations of least cost (Saxon &
    Snow 2020). The costs rise with the loads, so that this equilibrium is the minimum of a convex potential (Beckmann)
    and is found by exact pairwise shifts instead of steps of fixed size. Unit: cost, where 1 is τ of travel or the mean
    crowding; > 0; NaN where an origin can reach nothing.

    Parameters
    ----------
    seconds : ndarray of float, shape (n_o, n_d)
    opportunities : ndarray of float, shape (n_d,)
        Destinations with 0 are out.
    demand : ndarray of float, shape (n_o,)
    tau_s : float
        Travel worth one mean crowding [s].
    tolerance : float
        Largest gain left on the table [cost].
    max_cycles : int
        Most rounds over the origins.

    Returns
    -------
    ndarray of float64, shape (n_o,)

    Examples
    --------
    >>> t = np.array([[0.0, 0.0]])
    >>> rational_agent_access(t, np.array([10.0, 10.0]), np.array([40.0])).tolist()
    [1.0]
    """
    supply, people = _checked(seconds, opportunities, demand)
    if not tau_s > 0:
        raise refusal("measures.tau", value=tau_s)
    if supply.sum() <= 0 or people.sum() <= 0:
        return np.full(len(people), np.nan)
    rho = people.sum() / supply.sum()
    cost = np.asarray(seconds, np.float64) / tau_s
    cost = np.where(np.isnan(cost) | (supply[None, :] <= 0), np.inf, cost)
    scaled = np.where(supply > 0, supply * rho, 1.0)
    _, load = _equilibrate(cost, scaled, people, tolerance, max_cycles)
    least = (cost + (load / scaled)[None, :]).min(axis=1)
    return np.where(np.isfinite(least), least, np.nan)
