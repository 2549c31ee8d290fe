"""Levels of zones from who reaches: the part of a flag that moves a map, without its reasons and its confidence.

A point reaches when enough places of the métier are within the threshold there and back: the shortest threshold with
which it does (`minutes_to_places`) answers every threshold at once. What the data do not tell keeps a level open.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from geo_access.diagnosis.coverage import unmeasured
from geo_access.diagnosis.model import FlagReason, FlagRules, Level
from geo_access.diagnosis.residents import Residents
from geo_access.diagnosis.supply import Offers
from geo_access.times.round_trip import RoundTrip

__all__ = [
    "LEVELS",
    "OPEN",
    "SANS_OBJET",
    "OffStreets",
    "level_codes",
    "only_remote",
    "open_level_codes",
    "seconds_to_places",
    "share_of",
    "unknown_points",
]

LEVELS = tuple(level.value for level in Level)
"""Words of the codes of levels, in their order."""
_ADEQUAT, _FRAGILE, _INADEQUAT, SANS_OBJET, OPEN = range(5)
_RESTS_ON_TRAVEL = (FlagReason.FEEDS_MISSING, FlagReason.OFF_NETWORK)


def level_codes(share: np.ndarray, rules: FlagRules) -> np.ndarray:
    """Code of the level of each share, uint8; a NaN share is sans objet.

    Examples
    --------
    >>> [LEVELS[code] for code in level_codes(np.array([0.8, 0.6, 0.1, np.nan]), FlagRules())]
    ['adéquat', 'fragile', 'inadéquat', 'sans objet']
    """
    # Shares are sums of float64 weights: a zone at exactly 80 % must not miss it by rounding.
    level = np.full(share.shape, _INADEQUAT, dtype=np.uint8)
    level[share >= rules.fragile_share - 1e-9] = _FRAGILE
    level[share >= rules.adequate_share - 1e-9] = _ADEQUAT
    level[np.isnan(share)] = SANS_OBJET
    return level


def share_of(weights: sparse.csr_matrix, indicator: np.ndarray) -> np.ndarray:
    """Share of each zone's residents for whom the indicator holds.

    Parameters
    ----------
    weights : scipy.sparse.csr_matrix of float64, shape (n_zones, n_points)
        Residents.
    indicator : ndarray, shape (n_points, n_metiers)

    Returns
    -------
    ndarray of float64, shape (n_zones, n_metiers)
        NaN where nobody lives.
    """
    total = np.asarray(weights.sum(axis=1)).ravel()
    with np.errstate(invalid="ignore"):
        return np.asarray(weights @ indicator.astype(np.float64)) / np.where(total > 0, total, np.nan)[:, None]


def open_level_codes(share: np.ndarray, unknown: np.ndarray, rules: FlagRules) -> np.ndarray:
    """Code of the level when so many residents' answers are unknown: open where they decide."""
    low, high = level_codes(share, rules), level_codes(share + unknown, rules)
    return np.where(low == high, low, OPEN).astype(np.uint8)


def only_remote(offers: Offers, rules: FlagRules) -> np.ndarray:
    """Métiers taught, but nowhere one could go to, bool (n_metiers,)."""
    nowhere = offers.located_all + offers.unlocated_places == 0
    return nowhere & (offers.remote_places + offers.mobile_places > 0) & (not rules.first)


def seconds_to_places(out_s: np.ndarray, back_s: np.ndarray, places: np.ndarray, n: int) -> np.ndarray:
    """Shortest threshold with which each point reaches n places, there and back.

    Parameters
    ----------
    out_s, back_s : ndarray of float32, shape (n_points, n_sites)
        [s]; NaN where there is no such trip.
    places : ndarray of int64, shape (n_sites,)
    n : int

    Returns
    -------
    ndarray of float32, shape (n_points,)
        [s]; infinite where no threshold within the search suffices.

    Examples
    --------
    >>> there = np.array([[600.0, 900.0, np.nan]], np.float32)
    >>> seconds_to_places(there, there, np.array([1, 2, 9]), 3).tolist()
    [900.0]
    """
    longest = np.maximum(out_s, back_s)[:, places > 0]
    places = places[places > 0]
    if not longest.shape[1]:
        return np.full(len(longest), np.inf, np.float32)
    times = np.where(np.isnan(longest), np.float32(np.inf), longest).astype(np.float32, copy=False)
    if places.min() >= n:
        return np.asarray(times.min(axis=1))
    order = np.argsort(times, axis=1, kind="stable")
    enough = np.cumsum(places[order], axis=1) >= n
    rows = np.arange(len(times))
    found = times[rows, order[rows, enough.argmax(axis=1)]]
    return np.where(enough.any(axis=1), found, np.float32(np.inf)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class OffStreets:
    """Points and sites that could not be placed on the network.

    Attributes
    ----------
    points, sites : ndarray of bool, shapes (n_points,), (n_sites,)
    """

    points: np.ndarray
    sites: np.ndarray


def unknown_points(
    residents: Residents,
    offers: Offers,
    reached: np.ndarray,
    off: OffStreets,
    *,
    towns: np.ndarray | None,
    rules: FlagRules,
    near_off: np.ndarray | None = None,
) -> np.ndarray:
    """Points whose answer the data do not tell, as the reasons of `geo_access.diagnosis.points` would say it.

    Parameters
    ----------
    residents : Residents
    offers : Offers
    reached : ndarray of bool, shape (n_points, n_metiers)
    off : OffStreets
    towns : ndarray of bool, shape (n_points,), or None
        Points of towns whose urban transport no feed tells of, for a public that rides.
    rules : FlagRules
    near_off : ndarray of int64, shape (n_points, n_metiers), optional
        Places off the streets that are within by distance.

    Returns
    -------
    ndarray of bool, shape (n_points, n_metiers)
    """
    unknown = np.zeros(reached.shape, dtype=bool)
    if rules.first:
        return unknown
    n = rules.min_opportunities
    owner = np.repeat(np.arange(len(offers.metiers)), np.diff(offers.indptr))
    placed = np.where(off.sites[offers.site], 0, offers.all_places)
    on_streets = np.bincount(owner, weights=placed, minlength=len(offers.metiers))
    few = offers.located_all < n
    # The site that would bring the n-th place stands off the streets.
    known = on_streets[None, :] if near_off is None else on_streets[None, :] + near_off
    unknown |= ~few[None, :] & (known < n)
    nothing = np.empty((0, 0), np.float32)
    trip = RoundTrip(nothing, nothing, unsnapped_points=off.points, unsnapped_sites=off.sites)
    for cause, mask in unmeasured(residents, offers, trip, towns=towns):
        # No vehicle and no street would make places that there are not.
        unknown |= mask & ~few[None, :] if cause in _RESTS_ON_TRAVEL else mask
    remote = (offers.located_all + offers.unlocated_places == 0) & (offers.remote_places + offers.mobile_places > 0)
    unknown[:, remote] = False
    return unknown & ~reached
