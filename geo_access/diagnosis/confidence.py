"""How sure a level is: the same question asked again with what can really vary, and with what was only chosen.

What can vary: the best trip is cancelled (is there another within the threshold?), the lines for pupils do not run (in
the holidays), another ordinary date, sites known
by their commune only (moved inside it), supply without position or code, imputed cells. What was chosen is shown
apart, as sensitivity: the threshold 10 % shorter and longer, other hours of the day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from geo_access.diagnosis.distance import Beside
from geo_access.diagnosis.kernels import places_within
from geo_access.diagnosis.model import FlagRules
from geo_access.diagnosis.supply import Offers
from geo_access.routing.query import Query, Window
from geo_access.times.round_trip import Ask, Connection, Foreseeing, RoundTrip, Sites, site_hours

__all__ = ["Doubt", "Variant", "cancelled_trip", "doubts"]

# How much earlier the next trip is looked for [s]; the threshold ends the search sooner.
_EARLIER_S = (300, 900, 1800, 2700)
# A different trip leaves at least so much earlier, or arrives so much later [s].
_SAME_TRIP_S = 30.0
# A commune of mean size (15 km²) is a disc of 2.2 km: a site known by commune may be that far from where it stands.
_COMMUNE_RADIUS_M = 2200.0
_STREET_DETOUR = 1.3


@dataclass(frozen=True, eq=False)
class Variant:
    """The times again, with one thing that varies.

    Attributes
    ----------
    name : str
        ``cancelled``, ``other_date``, …
    trip : RoundTrip
        (n_points, n_sites).
    """

    name: str
    trip: RoundTrip


@dataclass(frozen=True, eq=False)
class Doubt:
    """Who reaches enough places if something were otherwise.

    Attributes
    ----------
    name : str
    varies : bool
        Whether it can really vary, and bears on the confidence; else it was chosen, and is shown apart.
    reached : ndarray of bool, shape (n_points, n_metiers)
    """

    name: str
    varies: bool
    reached: np.ndarray


def cancelled_trip(connection: Connection, sites: Sites, ask: Ask, trip: RoundTrip, longest_s: float) -> RoundTrip:
    """Compute the times when the best trip of each way does not run: those of the next one, waiting included.

    The deadline is moved earlier (the end later) step by step. A time that grows by more than the step leaves earlier
    than the best trip: it is another trip. One that stays the same is a walk, and is not cancelled.

    Parameters
    ----------
    connection : Connection
        Of all points and sites.
    sites : Sites
    ask : Ask
    trip : RoundTrip
        (n_points, n_sites).
    longest_s : float
        Longest threshold [s]; times beyond it need not be exact.

    Returns
    -------
    RoundTrip
        NaN where no other trip is found.
    """
    points = np.arange(trip.out_s.shape[0])
    arrive_s, leave_s = site_hours(ask, sites)
    hours, group = np.unique(np.column_stack((arrive_s, leave_s)), axis=0, return_inverse=True)
    found = [np.full(trip.out_s.shape, np.nan, np.float32) for _ in range(2)]
    for number, (due_s, free_s) in enumerate(hours.tolist()):
        columns = np.flatnonzero(group.ravel() == number)
        for way, usual_s in enumerate((trip.out_s[:, columns], trip.back_s[:, columns])):
            open_rows = np.flatnonzero((usual_s <= longest_s).any(axis=1))
            if not len(open_rows):
                continue
            asked = points[open_rows]
            usual = usual_s[open_rows]
            next_s = np.full(usual.shape, np.nan, np.float32)
            walks = np.ones(usual.shape, dtype=bool)
            if isinstance(connection, Foreseeing):
                every = _earlier(ask, due_s if way == 0 else free_s, _EARLIER_S, homeward=way == 1)
                connection.foresee(asked, columns, every, homeward=way == 1)
            for step_s in _EARLIER_S:
                query = _earlier(ask, due_s if way == 0 else free_s, (step_s,), homeward=way == 1)
                answer = connection.times(asked, columns, query, homeward=way == 1, explain=False).seconds[:, :, 0]
                total = answer + np.float32(step_s)
                walks &= np.abs(answer - usual) < _SAME_TRIP_S
                other = total > usual + _SAME_TRIP_S
                next_s = np.fmin(next_s, np.where(other, total, np.float32(np.nan)))
            found[way][np.ix_(open_rows, columns)] = np.where(walks, usual, next_s)
    return RoundTrip(found[0], found[1])


def _earlier(ask: Ask, hour_s: int, steps_s: Sequence[int], *, homeward: bool) -> Query:
    """Ask about deadlines so much earlier, or ends so much later; of several, all between them in steps of 5 min."""
    first_s, last_s = min(steps_s), max(steps_s)
    more = 1 if last_s > first_s else 0
    if homeward:
        return ask.query(depart=Window(hour_s + first_s, hour_s + last_s + more, _EARLIER_S[0] if more else 60))
    return ask.query(arrive=Window(hour_s - last_s, hour_s - first_s + more, _EARLIER_S[0] if more else 60))


def _moved(trip: RoundTrip, sites: np.ndarray, seconds: float) -> RoundTrip:
    """Move some sites nearer (negative) or farther [s]."""
    shift = np.where(sites, np.float32(seconds), np.float32(0))[None, :]
    return RoundTrip(np.maximum(trip.out_s + shift, 0), np.maximum(trip.back_s + shift, 0))


def doubts(
    offers: Offers, trip: RoundTrip, variants: Sequence[Variant], *, beside: Beside, rules: FlagRules, walk_kmh: float
) -> tuple[Doubt, ...]:
    """Ask who reaches enough places under each doubt.

    Parameters
    ----------
    offers : Offers
    trip : RoundTrip
    variants : sequence of Variant
    beside : Beside
        Threshold, each way, between the points and the sites.
    rules : FlagRules
    walk_kmh : float
        Walking speed of the public [km/h].

    Returns
    -------
    tuple of Doubt
    """
    n, limit_s = rules.min_opportunities, beside.threshold.limit_s
    offered = (offers.indptr, offers.site, offers.all_places)

    def reached(times: RoundTrip, factor: float = 1.0, nearer_m: np.ndarray | float = 0.0) -> np.ndarray:
        read = beside.read(times, factor=factor, nearer_m=nearer_m)
        return np.asarray(places_within(read.out_s, read.back_s, limit_s * factor, False, *offered) >= n)

    found = [Doubt(item.name, True, reached(item.trip)) for item in variants]
    if not offers.sure_position.all():
        doubtful = np.zeros(trip.out_s.shape[1], dtype=bool)
        doubtful[offers.site[~offers.sure_position]] = True
        walk_s = _COMMUNE_RADIUS_M * _STREET_DETOUR / (walk_kmh / 3.6)
        found += [
            Doubt(
                "position",
                True,
                reached(_moved(trip, doubtful, -s * walk_s), nearer_m=s * doubtful * _COMMUNE_RADIUS_M),
            )
            for s in (1, -1)
        ]
    margin = rules.threshold_margin
    found += [
        Doubt("threshold", False, reached(trip, 1 - margin)),
        Doubt("threshold", False, reached(trip, 1 + margin)),
    ]
    found += [
        Doubt("hours", False, reached(replace(trip, out_s=out_s)))
        for out_s in (trip.out_p25_s, trip.out_p75_s)
        if out_s is not None
    ]
    return tuple(found)
