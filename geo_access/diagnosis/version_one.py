"""The reasons of ``geo-access/1``, kept for comparison: one cause each, found by lifting one limit at a time.

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

A known time may contradict such a cause (a way back that is too slow is called none): ``geo-access/2`` reads the times.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from geo_access.arrays import rows_of
from geo_access.diagnosis.kernels import places_within
from geo_access.diagnosis.lifts import LIFTS, Counterfactual
from geo_access.diagnosis.supply import Offers
from geo_access.errors import raise_faults
from geo_access.times.round_trip import RoundTrip
from geo_access.words.told import fault

__all__ = ["COUNTERFACTUALS", "FirstReason", "first_reasons"]


class FirstReason(IntEnum):
    """Why residents cannot, after ``geo-access/1``; `REACHES` for those who can.

    Examples
    --------
    >>> FirstReason.CAR_ONLY.name, len(FirstReason) - 1
    ('CAR_ONLY', 11)
    """

    REACHES = 0
    NO_SUPPLY_FOR_METIER = 1
    SUPPLY_FULL = 2
    BEYOND_THRESHOLD_EVEN_BY_CAR = 3
    CAR_ONLY = 4
    NO_SERVICE_AT_THAT_HOUR = 5
    NO_RETURN_TRIP = 6
    WALK_TOO_LONG = 7
    TOO_MANY_TRANSFERS = 8
    NO_SERVICE_THAT_DAY = 9
    UNLOCATED_SUPPLY = 10
    UNSNAPPED = 11


# Name of each recomputation, and the reason that it proved, in the order they were tried.
COUNTERFACTUALS = {
    "unlimited_rides": FirstReason.TOO_MANY_TRANSFERS,
    "midday": FirstReason.NO_SERVICE_AT_THAT_HOUR,
    "longer_walk": FirstReason.WALK_TOO_LONG,
    "other_day": FirstReason.NO_SERVICE_THAT_DAY,
    "car": FirstReason.CAR_ONLY,
}


def first_reasons(
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
        `FirstReason` codes.

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
    >>> FirstReason(first_reasons(offers, trip, np.array([[False]]), limit_s=3600, n=1, counterfactuals=())[0, 0]).name
    'NO_RETURN_TRIP'
    """
    unknown = [item.name for item in counterfactuals if item.name not in LIFTS]
    raise_faults([fault("counterfactual", "one_of", name=name, known=", ".join(LIFTS)) for name in unknown])
    reason = np.full(reached.shape, FirstReason.BEYOND_THRESHOLD_EVEN_BY_CAR, dtype=np.uint8)
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
    reason[places_within(trip.out_s, trip.back_s, limit_s, True, *offered) >= n] = FirstReason.NO_RETURN_TRIP
    if trip.unsnapped_points is not None:
        reason[trip.unsnapped_points, :] = FirstReason.UNSNAPPED
    if trip.unsnapped_sites is not None:
        reason[:, _all_unsnapped(offers, trip.unsnapped_sites)] = FirstReason.UNSNAPPED
    with_taken = places_within(trip.out_s, trip.back_s, limit_s, False, offers.indptr, offers.site, offers.all_places)
    reason[with_taken >= n] = FirstReason.SUPPLY_FULL
    reason[:, offers.located_open < n] = FirstReason.SUPPLY_FULL
    reason[:, offers.located_all < n] = FirstReason.UNLOCATED_SUPPLY
    reason[:, offers.located_all + offers.unlocated_places < n] = FirstReason.NO_SUPPLY_FOR_METIER
    reason[reached] = FirstReason.REACHES
    return reason


def _all_unsnapped(offers: Offers, unsnapped_sites: np.ndarray) -> np.ndarray:
    """Métiers that are offered, but only at sites that could not be placed, bool (n_metiers,)."""
    n_metiers = len(offers.metiers)
    owner = rows_of(offers.indptr)
    placed = np.bincount(owner, weights=~unsnapped_sites[offers.site], minlength=n_metiers)
    return (placed == 0) & (np.diff(offers.indptr) > 0)
