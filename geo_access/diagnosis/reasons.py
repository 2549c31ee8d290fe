"""Why residents cannot: one cause each, decided by recomputing with one limit lifted at a time.

A cause is the *first* that holds, in this order:

1. ``NO_SUPPLY_FOR_METIER`` — the tables hold fewer than n suitable places on site, wherever they are;
2. ``UNLOCATED_SUPPLY`` — only with the places whose position nobody gave would there be n;
3. ``SUPPLY_FULL`` — with the places already taken there would be n within reach (or fewer than n are free anywhere);
4. ``UNSNAPPED`` — the point, or every site that offers the métier, could not be placed on the network;
5. ``NO_RETURN_TRIP`` — without the way back they would reach n;
6. ``TOO_MANY_TRANSFERS`` — with any number of rides;
7. ``NO_SERVICE_AT_THAT_HOUR`` — in the middle of the day, there and back;
8. ``WALK_TOO_LONG`` — with a longer walk (or ride) to and from the stops;
9. ``NO_SERVICE_THAT_DAY`` — on the other day given;
10. ``CAR_ONLY`` — by car, there and back;
11. ``BEYOND_THRESHOLD_EVEN_BY_CAR`` — otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from geo_access.clock import parse_clock
from geo_access.diagnosis.kernels import places_within
from geo_access.diagnosis.model import FlagReason, FlagRules, Profile
from geo_access.diagnosis.supply import Offers
from geo_access.errors import Fault, raise_faults
from geo_access.times.round_trip import Ask, RoundTrip

__all__ = ["COUNTERFACTUALS", "Counterfactual", "counterfactual_asks", "point_reasons", "profile_ask"]

# Name of each recomputation, and the reason that it proves, in the order they are tried.
COUNTERFACTUALS = {
    "unlimited_rides": FlagReason.TOO_MANY_TRANSFERS,
    "midday": FlagReason.NO_SERVICE_AT_THAT_HOUR,
    "longer_walk": FlagReason.WALK_TOO_LONG,
    "other_day": FlagReason.NO_SERVICE_THAT_DAY,
    "car": FlagReason.CAR_ONLY,
}


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """Times recomputed with one limit lifted, for the points that could not.

    Attributes
    ----------
    name : str
        Key of `COUNTERFACTUALS`.
    points : ndarray of int64, shape (n_rows,)
        Points that were recomputed.
    trip : RoundTrip
        Arrays of shape (n_rows, n_sites).
    """

    name: str
    points: np.ndarray
    trip: RoundTrip


def point_reasons(
    offers: Offers,
    trip: RoundTrip,
    reached: np.ndarray,
    *,
    limit_s: float,
    n: int,
    counterfactuals: Sequence[Counterfactual],
) -> np.ndarray:
    """Reason of each point and métier.

    Parameters
    ----------
    offers : Offers
    trip : RoundTrip
        Times asked, (n_points, n_sites).
    reached : ndarray of bool, shape (n_points, n_metiers)
        Who reaches n free places, there and back.
    limit_s : float
        Threshold [s].
    n : int
        Least number of places.
    counterfactuals : sequence of Counterfactual

    Returns
    -------
    ndarray of uint8, shape (n_points, n_metiers)
        `FlagReason` codes.

    Raises
    ------
    InputError
        When a counterfactual is unknown.

    Examples
    --------
    >>> from geo_access.diagnosis.model import Metier
    >>> zero = np.zeros(1, dtype=np.int64)
    >>> offers = Offers((Metier("A"),), np.array([0, 1]), np.array([0], np.int32), np.array([5]), np.array([5]),
    ...                 np.array([True]), zero, zero, zero)
    >>> trip = RoundTrip(np.array([[600.0]], np.float32), np.array([[np.nan]], np.float32))
    >>> FlagReason(point_reasons(offers, trip, np.array([[False]]), limit_s=3600, n=1, counterfactuals=())[0, 0]).name
    'NO_RETURN_TRIP'
    """
    unknown = [item.name for item in counterfactuals if item.name not in COUNTERFACTUALS]
    raise_faults([Fault("counterfactual", f"{name!r} is unknown", ", ".join(COUNTERFACTUALS)) for name in unknown])
    reason = np.full(reached.shape, FlagReason.BEYOND_THRESHOLD_EVEN_BY_CAR, dtype=np.uint8)
    offered = (offers.indptr, offers.site, offers.open_places)
    by_name = {item.name: item for item in counterfactuals}
    for name in reversed(COUNTERFACTUALS):
        item = by_name.get(name)
        if item is None or not len(item.points):
            continue
        places = places_within(item.trip.out_s, item.trip.back_s, limit_s, False, *offered)
        part = reason[item.points]
        part[places >= n] = COUNTERFACTUALS[name]
        reason[item.points] = part
    reason[places_within(trip.out_s, trip.back_s, limit_s, True, *offered) >= n] = FlagReason.NO_RETURN_TRIP
    if trip.unsnapped_points is not None:
        reason[trip.unsnapped_points, :] = FlagReason.UNSNAPPED
    if trip.unsnapped_sites is not None:
        reason[:, _all_unsnapped(offers, trip.unsnapped_sites)] = FlagReason.UNSNAPPED
    with_taken = places_within(trip.out_s, trip.back_s, limit_s, False, offers.indptr, offers.site, offers.all_places)
    reason[with_taken >= n] = FlagReason.SUPPLY_FULL
    reason[:, offers.located_open < n] = FlagReason.SUPPLY_FULL
    reason[:, offers.located_all < n] = FlagReason.UNLOCATED_SUPPLY
    reason[:, offers.located_all + offers.unlocated_places < n] = FlagReason.NO_SUPPLY_FOR_METIER
    reason[reached] = FlagReason.REACHES
    return reason


def _all_unsnapped(offers: Offers, unsnapped_sites: np.ndarray) -> np.ndarray:
    """Métiers that are offered, but only at sites that could not be placed, bool (n_metiers,)."""
    n_metiers = len(offers.metiers)
    owner = np.repeat(np.arange(n_metiers), np.diff(offers.indptr))
    placed = np.bincount(owner, weights=~unsnapped_sites[offers.site], minlength=n_metiers)
    return (placed == 0) & (np.diff(offers.indptr) > 0)


def profile_ask(
    profile: Profile,
    *,
    arrive_s: int | None,
    leave_s: int | None,
    slack_s: tuple[int, int],
    max_s: int,
    spread_s: int,
) -> Ask:
    """Return what the profile asks as it travels."""
    return Ask(
        travel=profile.query(max_s=max_s),
        arrive_s=arrive_s,
        leave_s=leave_s,
        slack_before_s=slack_s[0],
        slack_after_s=slack_s[1],
        spread_s=spread_s if profile.uses_transit else 0,
    )


def counterfactual_asks(ask: Ask, rules: FlagRules, *, other_day: bool) -> Iterator[tuple[str, Ask]]:
    """Yield each counterfactual that makes sense for the profile, in the order they are tried.

    Parameters
    ----------
    ask : Ask
        What the profile asks as it travels.
    rules : FlagRules
    other_day : bool
        Whether a network of another day is at hand.

    Yields
    ------
    str, Ask
        Name as in `geo_access.diagnosis.reasons.COUNTERFACTUALS`, and what to ask.

    Examples
    --------
    >>> from geo_access.diagnosis.model import FlagRules, Profile
    >>> ask = profile_ask(Profile("p", "", "walk"), arrive_s=0, leave_s=0, slack_s=(0, 0), max_s=7200, spread_s=0)
    >>> [name for name, _ in counterfactual_asks(ask, FlagRules(), other_day=False)]
    ['car']
    """
    plain = replace(ask, spread_s=0)
    if ask.uses_transit:
        if ask.travel.max_rides is not None:
            yield "unlimited_rides", plain.travelling(max_rides=None)
        arrive_s = parse_clock(rules.midday_start) - ask.slack_before_s
        leave_s = parse_clock(rules.midday_end) + ask.slack_after_s
        yield "midday", replace(plain, arrive_s=arrive_s, leave_s=leave_s)
        longer_s = round(rules.longer_access_min * 60)
        if longer_s > ask.travel.max_access_s:
            yield "longer_walk", plain.travelling(max_access_s=longer_s, max_egress_s=longer_s)
        if other_day:
            yield "other_day", plain
    if ask.mode != "car":
        yield "car", plain.travelling(mode="car", max_rides=None)
