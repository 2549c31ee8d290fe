"""How willingness to travel falls with time: decay functions as values, and their calibration on observed trips.

Every decay takes seconds and gives a weight in 0–1; a missing time (NaN) weighs 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.optimize import minimize_scalar

from geo_access.errors import raise_faults
from geo_access.given import finite
from geo_access.words.told import fault, refusal

__all__ = [
    "Cutoff",
    "Decay",
    "Exponential",
    "Gaussian",
    "Linear",
    "Logistic",
    "Power",
    "Stepped",
    "calibrate_decay",
]


class Decay(Protocol):
    """Anything that turns times [s] into weights, 0–1."""

    def __call__(self, seconds: np.ndarray) -> np.ndarray:
        """Return the weight of each time, float64, same shape; 0 where the time is NaN."""


def check_decay(decay: Decay) -> Decay:
    """Refuse what gives times no weight.

    Raises
    ------
    InputError
    """
    if not callable(decay):
        raise refusal("measures.decay_kind", given=repr(decay))
    return decay


def _positive(name: str, value: float) -> None:
    if not (finite(value) or 0) > 0:
        raise refusal("measures.decay_number", name=name, value=repr(value))


def _weights(seconds: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(seconds), 0.0, values)


@dataclass(frozen=True)
class Cutoff:
    """Binary: 1 up to `cutoff_s`, included, else 0. Unit: weight, 0–1.

    Source: Wickstrom (1971), the isochrone or cumulative measure.

    Examples
    --------
    >>> Cutoff(600)(np.array([600.0, 601.0, np.nan])).tolist()
    [1.0, 0.0, 0.0]
    """

    cutoff_s: float

    def __post_init__(self) -> None:
        """Refuse a cutoff that is not above 0."""
        _positive("cutoff_s", self.cutoff_s)

    def __call__(self, seconds: np.ndarray) -> np.ndarray:
        """Return the weights."""
        return _weights(seconds, np.asarray(seconds) <= self.cutoff_s).astype(np.float64)


@dataclass(frozen=True)
class Linear:
    """``max(0, 1 − t / cutoff_s)``. Source: Black & Conroy (1977).

    Examples
    --------
    >>> Linear(600)(np.array([0.0, 300.0, 900.0])).tolist()
    [1.0, 0.5, 0.0]
    """

    cutoff_s: float

    def __post_init__(self) -> None:
        """Refuse a cutoff that is not above 0."""
        _positive("cutoff_s", self.cutoff_s)

    def __call__(self, seconds: np.ndarray) -> np.ndarray:
        """Return the weights."""
        return _weights(seconds, np.maximum(0.0, 1.0 - np.asarray(seconds, np.float64) / self.cutoff_s))


@dataclass(frozen=True)
class Exponential:
    """``exp(−β t)``, β per second. Source: Wilson (1967).

    Examples
    --------
    >>> Exponential(np.log(2) / 600)(np.array([600.0])).round(6).tolist()
    [0.5]
    """

    beta_per_s: float

    def __post_init__(self) -> None:
        """Refuse a β that is not above 0."""
        _positive("beta_per_s", self.beta_per_s)

    def __call__(self, seconds: np.ndarray) -> np.ndarray:
        """Return the weights."""
        return _weights(seconds, np.exp(-self.beta_per_s * np.asarray(seconds, np.float64)))


@dataclass(frozen=True)
class Power:
    """``(t / unit_s)^−b``, 1 for times below `unit_s`. Source: Hansen (1959).

    The power law has no value at 0: below one unit (a minute) everything is as near as can be.

    Examples
    --------
    >>> Power(2.0)(np.array([0.0, 60.0, 120.0])).tolist()
    [1.0, 1.0, 0.25]
    """

    exponent: float
    unit_s: float = 60.0

    def __post_init__(self) -> None:
        """Refuse an exponent or a unit that is not above 0."""
        _positive("exponent", self.exponent)
        _positive("unit_s", self.unit_s)

    def __call__(self, seconds: np.ndarray) -> np.ndarray:
        """Return the weights."""
        units = np.maximum(np.asarray(seconds, np.float64) / self.unit_s, 1.0)
        return _weights(seconds, units**-self.exponent)


@dataclass(frozen=True)
class Gaussian:
    """``exp(−t² / 2σ²)``. Source: Ingram (1971).

    Examples
    --------
    >>> Gaussian(600)(np.array([0.0, 600.0])).round(6).tolist()
    [1.0, 0.606531]
    """

    sigma_s: float

    def __post_init__(self) -> None:
        """Refuse a σ that is not above 0."""
        _positive("sigma_s", self.sigma_s)

    def __call__(self, seconds: np.ndarray) -> np.ndarray:
        """Return the weights."""
        return _weights(seconds, np.exp(-0.5 * (np.asarray(seconds, np.float64) / self.sigma_s) ** 2))


@dataclass(frozen=True)
class Logistic:
    """Cumulative logistic of median `median_s` and standard deviation `spread_s`, scaled to 1 at 0.

    ``(1 + exp(−m π / (s √3))) / (1 + exp((t − m) π / (s √3)))``. Source: Bauer & Groneberg (2016).

    Examples
    --------
    >>> Logistic(1800, 300)(np.array([0.0, 1800.0])).round(3).tolist()
    [1.0, 0.5]
    """

    median_s: float
    spread_s: float

    def __post_init__(self) -> None:
        """Refuse a median or a spread that is not above 0."""
        _positive("median_s", self.median_s)
        _positive("spread_s", self.spread_s)

    def __call__(self, seconds: np.ndarray) -> np.ndarray:
        """Return the weights."""
        k = np.pi / (self.spread_s * np.sqrt(3.0))
        over = np.clip((np.asarray(seconds, np.float64) - self.median_s) * k, -700.0, 700.0)
        return _weights(seconds, (1.0 + np.exp(-self.median_s * k)) / (1.0 + np.exp(over)))


@dataclass(frozen=True)
class Stepped:
    """Weight ``weights[k]`` up to ``steps_s[k]``, 0 beyond the last. Source: Luo & Qi (2009).

    Examples
    --------
    >>> Stepped((600, 1200), (1.0, 0.42))(np.array([600.0, 900.0, 1300.0])).tolist()
    [1.0, 0.42, 0.0]
    """

    steps_s: tuple[float, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse steps out of order and weights that rise or leave 0–1."""
        faults = []
        if len(self.steps_s) != len(self.weights) or not self.steps_s:
            faults.append(fault("decay", "measures.steps_number"))
        if list(self.steps_s) != sorted(set(self.steps_s)):
            faults.append(fault("decay", "measures.steps_order"))
        if any(not 0 <= w <= 1 for w in self.weights) or list(self.weights) != sorted(self.weights, reverse=True):
            faults.append(fault("decay", "measures.weights"))
        raise_faults(faults)

    def __call__(self, seconds: np.ndarray) -> np.ndarray:
        """Return the weights."""
        step = np.searchsorted(np.asarray(self.steps_s, np.float64), np.asarray(seconds, np.float64), side="left")
        return _weights(seconds, np.append(np.asarray(self.weights, np.float64), 0.0)[step])


def calibrate_decay(
    family: Callable[[float], Decay],
    seconds: np.ndarray,
    flows: np.ndarray,
    opportunities: np.ndarray,
    *,
    bounds: tuple[float, float],
) -> Decay:
    """Fit the parameter of a decay to observed trips, by maximum likelihood.

    The trips of each origin are spread over destinations in proportion to ``O_j f(t_ij)`` (production-constrained
    gravity model, Wilson 1971; multinomial likelihood ``Σ T_ij ln p_ij``). Pairs without a time carry no trip.

    Parameters
    ----------
    family : callable
        Builds a decay from its one parameter, for instance ``Exponential`` or ``Gaussian``.
    seconds : ndarray of float, shape (n_o, n_d)
        Times [s], NaN where there is none.
    flows : ndarray of float, shape (n_o, n_d)
        Trips observed, ≥ 0.
    opportunities : ndarray of float, shape (n_d,)
        Size of each destination, ≥ 0.
    bounds : tuple of float
        Least and greatest parameter tried, above 0; searched on a logarithmic scale.

    Returns
    -------
    Decay

    Raises
    ------
    InputError
        When there is no trip on any pair with a time, or the bounds are out of order.

    Examples
    --------
    >>> t = np.array([[300.0, 900.0]])
    >>> trips = np.exp(-t / 600)
    >>> round(1 / calibrate_decay(Exponential, t, trips, np.ones(2), bounds=(1e-5, 1e-1)).beta_per_s)
    600
    """
    known = ~np.isnan(seconds)
    trips = np.where(known, flows, 0.0)
    if not 0 < bounds[0] < bounds[1]:
        raise refusal("measures.bounds", bounds=str(bounds))
    if np.any(~np.isfinite(trips)) or np.any(trips < 0) or trips.sum() <= 0:
        raise refusal("measures.flows")

    def cost(log_parameter: float) -> float:
        weight = opportunities[None, :] * family(float(np.exp(log_parameter)))(seconds)
        total = weight.sum(axis=1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_share = np.log(np.maximum(weight, 1e-300)) - np.log(np.maximum(total, 1e-300))
        return -float((trips * log_share).sum() / trips.sum())

    found = minimize_scalar(
        cost, bounds=(float(np.log(bounds[0])), float(np.log(bounds[1]))), method="bounded", options={"xatol": 1e-10}
    )
    return family(float(np.exp(found.x)))
