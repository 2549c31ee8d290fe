"""What is missing where residents do not reach enough places, read from the times: no known time contradicts it.

Each way of each pair is in one state: within the threshold; too slow, by so many minutes; at the wrong hour (the first
arrival after the start, the last departure before the end, by so many minutes); too many changes; too slow, beyond any
time that was looked for; too far to walk; absent; off the network. The pair that counts is the one that comes nearest
to being reached: first the pair whose worse way is least bad, then the one with fewer failing ways, then the one that
lacks the fewest minutes. With a minimum of n places it is the pair that would bring the n-th place.

Both ways failing alike have one name. Failing differently they are `FlagReason.SEVERAL`, unless one lift of the same
public's own limits (more changes, other hours, a longer walk) was computed and suffices: then its obstacle is named. A
bicycle or a car is another way of travelling, not an obstacle lifted, and is told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from geo_access.diagnosis.model import FlagReason
from geo_access.diagnosis.supply import Offers
from geo_access.kernels import njit
from geo_access.routing.causes import Reason
from geo_access.times.round_trip import RoundTrip

__all__ = ["PairStates", "Way", "binding_offers", "pair_states", "single_obstacle", "travel_reasons"]


class Way(IntEnum):
    """State of one way, the least bad first.

    Examples
    --------
    >>> Way.SLOW < Way.ABSENT
    True
    """

    OK = 0
    SLOW = 1
    HOUR = 2
    CHANGES = 3
    BEYOND = 4
    WALK = 5
    ABSENT = 6
    OFF = 7


_STATE_OF = np.full(256, Way.ABSENT, dtype=np.uint8)
for _reason, _state in (
    (Reason.OVER_CUTOFF, Way.BEYOND),
    (Reason.FIRST_TRIP_TOO_LATE, Way.HOUR),
    (Reason.LAST_TRIP_TOO_EARLY, Way.HOUR),
    (Reason.TOO_MANY_RIDES, Way.CHANGES),
    (Reason.NO_STOP_WITHIN_WALK, Way.WALK),
    (Reason.UNSNAPPED_ORIGIN, Way.OFF),
    (Reason.UNSNAPPED_DESTINATION, Way.OFF),
):
    _STATE_OF[_reason] = _state

_ONE_WAY = {
    Way.SLOW: (FlagReason.SLOW_OUT, FlagReason.SLOW_BACK, FlagReason.SLOW_BOTH),
    Way.HOUR: (FlagReason.LATE_OUT, FlagReason.EARLY_BACK, FlagReason.HOURS_BOTH),
    Way.BEYOND: (FlagReason.SLOW_OUT, FlagReason.SLOW_BACK, FlagReason.SLOW_BOTH),
    Way.CHANGES: (FlagReason.TOO_MANY_CHANGES,) * 3,
    Way.WALK: (FlagReason.TOO_FAR_TO_WALK,) * 3,
    Way.ABSENT: (FlagReason.ABSENT_OUT, FlagReason.ABSENT_BACK, FlagReason.ABSENT_BOTH),
    Way.OFF: (FlagReason.OFF_NETWORK,) * 3,
}


def _named() -> np.ndarray:
    """`FlagReason` of each state of the way there (rows) and back (columns)."""
    table = np.full((len(Way), len(Way)), FlagReason.SEVERAL, dtype=np.uint8)
    for way, (out, back, both) in _ONE_WAY.items():
        table[way, Way.OK], table[Way.OK, way], table[way, way] = out, back, both
    table[Way.SLOW, Way.BEYOND] = table[Way.BEYOND, Way.SLOW] = FlagReason.SLOW_BOTH
    table[Way.OFF, :], table[:, Way.OFF] = FlagReason.OFF_NETWORK, FlagReason.OFF_NETWORK
    table[Way.OK, Way.OK] = FlagReason.REACHES
    return table


_NAMED = _named()


@dataclass(frozen=True, eq=False)
class PairStates:
    """State of both ways of every pair, points × sites.

    Attributes
    ----------
    out, back : ndarray of uint8, shape (n_points, n_sites)
        `Way`.
    out_lack_s, back_lack_s : ndarray of float32, shape (n_points, n_sites)
        What the way lacks: seconds beyond the threshold, after the start, or before the end [s]; NaN where no number
        tells.
    """

    out: np.ndarray
    back: np.ndarray
    out_lack_s: np.ndarray
    back_lack_s: np.ndarray


def _way(
    seconds: np.ndarray,
    beyond_s: np.ndarray | None,
    reason: np.ndarray | None,
    gap_s: np.ndarray | None,
    limit_s: float,
) -> tuple[np.ndarray, np.ndarray]:
    """State of one way, and what it lacks [s]."""
    known = seconds if beyond_s is None else np.where(np.isnan(seconds), beyond_s, seconds)
    timed = ~np.isnan(known)
    state = np.full(seconds.shape, Way.ABSENT, np.uint8) if reason is None else _STATE_OF[reason]
    state[timed] = np.where(known[timed] <= limit_s, np.uint8(Way.OK), np.uint8(Way.SLOW))
    lack_s = np.where(timed, np.maximum(known - np.float32(limit_s), 0), np.float32(np.nan))
    if gap_s is not None:
        hour = state == Way.HOUR
        lack_s[hour] = np.maximum(gap_s[hour], 0)
    return state, lack_s.astype(np.float32)


def pair_states(
    trip: RoundTrip, limit_s: float, *, arrive_s: np.ndarray | None = None, leave_s: np.ndarray | None = None
) -> PairStates:
    """Read the state of every pair from its times.

    Parameters
    ----------
    trip : RoundTrip
        With its causes, where the engine gave them; a missing time without a cause is absent.
    limit_s : float
        Threshold, each way [s].
    arrive_s, leave_s : ndarray, shape (n_sites,), optional
        Latest arrival and earliest departure at each site [s], for how late and how early.

    Returns
    -------
    PairStates

    Examples
    --------
    >>> trip = RoundTrip(np.array([[1800.0]], np.float32), np.array([[4500.0]], np.float32))
    >>> states = pair_states(trip, 3600)
    >>> Way(states.out[0, 0]).name, Way(states.back[0, 0]).name, float(states.back_lack_s[0, 0])
    ('OK', 'SLOW', 900.0)
    """
    late_s = None if trip.next_arrival_s is None or arrive_s is None else trip.next_arrival_s - arrive_s[None, :]
    early_s = None if trip.last_departure_s is None or leave_s is None else leave_s[None, :] - trip.last_departure_s
    out, out_lack_s = _way(trip.out_s, trip.out_beyond_s, trip.out_reason, late_s, limit_s)
    back, back_lack_s = _way(trip.back_s, trip.back_beyond_s, trip.back_reason, early_s, limit_s)
    return PairStates(out, back, out_lack_s, back_lack_s)


@njit(cache=True, nogil=True)
def _lack(seconds: float) -> float:
    return seconds if seconds < 9e5 else 9e5  # noqa: FURB136 — a NaN must end as the largest


class _States(NamedTuple):
    """The arrays of `PairStates`."""

    out: np.ndarray
    back: np.ndarray
    out_lack_s: np.ndarray
    back_lack_s: np.ndarray


@njit(cache=True, nogil=True)
def _binding(states: _States, indptr: np.ndarray, site: np.ndarray, places: np.ndarray, n: int) -> np.ndarray:
    """Rank the offers of each point by how near they come to being reached, up to the one of the n-th place."""
    out, back, out_lack_s, back_lack_s = states
    n_points, n_metiers = out.shape[0], len(indptr) - 1
    chosen = np.full((n_points, n_metiers), -1, dtype=np.int32)
    widest = 0
    for m in range(n_metiers):
        widest = max(widest, indptr[m + 1] - indptr[m])
    key = np.empty(widest, dtype=np.float64)
    for p in range(n_points):
        for m in range(n_metiers):
            start, size = indptr[m], indptr[m + 1] - indptr[m]
            for k in range(size):
                s = site[start + k]
                there, home = out[p, s], back[p, s]
                lack = 0.0
                if there != 0:
                    lack += _lack(out_lack_s[p, s])
                if home != 0:
                    lack += _lack(back_lack_s[p, s])
                failing = 1.0 if there != 0 and home != 0 else 0.0
                key[k] = (max(there, home) * 2.0 + failing) * 2e6 + lack
            reached = 0
            for _ in range(size):
                best = -1
                for k in range(size):
                    if places[start + k] > 0 and key[k] < np.inf and (best < 0 or key[k] < key[best]):
                        best = k
                if best < 0:
                    break
                reached += places[start + best]
                key[best] = np.inf
                if reached >= n:
                    chosen[p, m] = site[start + best]
                    break
    return chosen


def binding_offers(states: PairStates, offers: Offers, n: int) -> np.ndarray:
    """Find the site that would bring the n-th place, the nearest to being reached first.

    Parameters
    ----------
    states : PairStates
    offers : Offers
    n : int
        Least number of places.

    Returns
    -------
    ndarray of int32, shape (n_points, n_metiers)
        Column of the times; −1 where the métier has fewer than n places.
    """
    pairs = _States(states.out, states.back, states.out_lack_s, states.back_lack_s)
    return np.asarray(_binding(pairs, offers.indptr, offers.site, offers.all_places, n))


def travel_reasons(states: PairStates, binding: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Name what is missing at each binding site.

    Parameters
    ----------
    states : PairStates
    binding : ndarray of int32, shape (n_points, n_metiers)
        From `binding_offers`.

    Returns
    -------
    reason : ndarray of uint8, shape (n_points, n_metiers)
        `FlagReason`; `FlagReason.TOO_FEW_PLACES` where nothing binds.
    out_lack_s, back_lack_s : ndarray of float32, shape (n_points, n_metiers)
        What each way lacks there [s]; NaN where no number tells or the way is fine.
    """
    if not states.out.shape[1]:
        missing = np.full(binding.shape, np.nan, np.float32)
        return np.full(binding.shape, FlagReason.TOO_FEW_PLACES, np.uint8), missing, missing.copy()
    rows = np.arange(binding.shape[0])[:, None]
    column = np.maximum(binding, 0)
    out, back = states.out[rows, column], states.back[rows, column]
    reason = _NAMED[out, back]
    reason[binding < 0] = FlagReason.TOO_FEW_PLACES
    lacks = []
    for state, lack_s in ((out, states.out_lack_s), (back, states.back_lack_s)):
        told = np.isin(state, (Way.SLOW, Way.HOUR)) & (binding >= 0)
        lacks.append(np.where(told, lack_s[rows, column], np.float32(np.nan)).astype(np.float32))
    return reason, lacks[0], lacks[1]


_LIFTED = (("unlimited_rides", Way.CHANGES), ("midday", Way.HOUR), ("longer_walk", Way.WALK))


def single_obstacle(
    reason: np.ndarray, states: PairStates, binding: np.ndarray, lifts: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Name the one obstacle where several were found and lifting it alone suffices.

    Parameters
    ----------
    reason : ndarray of uint8, shape (n_points, n_metiers)
        From `travel_reasons`.
    states : PairStates
    binding : ndarray of int32, shape (n_points, n_metiers)
    lifts : mapping of str to ndarray of bool, shape (n_points, n_metiers)
        Who would reach enough places with one limit lifted.

    Returns
    -------
    ndarray of uint8, shape (n_points, n_metiers)
        `FlagReason`: `FlagReason.SEVERAL` is left where no single lift suffices, or none of them was computed.
    """
    found = reason.copy()
    if not states.out.shape[1]:
        return found
    rows, column = np.arange(binding.shape[0])[:, None], np.maximum(binding, 0)
    out, back = states.out[rows, column], states.back[rows, column]
    for name, way in _LIFTED:
        enough = lifts.get(name)
        if enough is None:
            continue
        for state, alone in ((out, _NAMED[way, Way.OK]), (back, _NAMED[Way.OK, way])):
            found[(found == FlagReason.SEVERAL) & enough & (state == way)] = alone
    return found
