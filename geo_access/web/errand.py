"""A stop on the way, there and back: home → crèche → site, site → crèche → home, by the engine's own round trips.

The leg at the site is asked first; what it takes and the stop say when one has to be at the crèche, and the leg at
home is asked for that moment. So each leg is a trip of the timetable at its hour, not a time added to another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from geo_access.errors import InputError
from geo_access.study.prepared import PreparedStudy
from geo_access.times.round_trip import Ask, RoundTrip, Sites, TimesSource, connect_points, round_trip, site_hours
from geo_access.web.trips import Door, told_ways

__all__ = ["Errand", "ErrandTimes", "errand_times", "told_errand"]

_ONE = np.zeros(1, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Errand:
    """Where one stops on the way, both ways.

    Attributes
    ----------
    xy : ndarray of float64, shape (1, 2)
        [m].
    stop_s : int
        How long, each way [s].
    """

    xy: np.ndarray
    stop_s: int


@dataclass(frozen=True, eq=False)
class ErrandTimes:
    """Times from the door at home to the site by way of the stop, and back.

    Attributes
    ----------
    out_s, back_s : ndarray of float32, shape (1, n_sites)
        With the stop [s]; NaN where there is none.
    arrive_s, leave_s : ndarray of int64, shape (n_sites,)
        Latest arrival at the stop on the way there, and departure from it on the way back [s].
    """

    out_s: np.ndarray
    back_s: np.ndarray
    arrive_s: np.ndarray
    leave_s: np.ndarray

    def over(self, trip: RoundTrip) -> RoundTrip:
        """Return a round trip with these times in place of its own."""
        return replace(trip, out_s=self.out_s, back_s=self.back_s)


def errand_times(times: TimesSource, home_xy: np.ndarray, sites: Sites, ask: Ask, *, errand: Errand) -> ErrandTimes:
    """Compute both ways by the stop, for each site.

    Parameters
    ----------
    times : TimesSource
    home_xy : ndarray of float64, shape (1, 2)
        [m].
    sites : Sites
    ask : Ask
    errand : Errand

    Returns
    -------
    ErrandTimes

    Raises
    ------
    InputError
        For a way that leaves a vehicle at the first stop: it would not be there on the second leg.
    """
    if ask.uses_transit and ask.mode != "transit":
        raise InputError(
            f"a stop is not computed for {ask.mode}: the vehicle stays behind → choose another mode",
            key="web.errand_mixed",
        )
    far = round_trip(connect_points(times, errand.xy, sites, ask), _ONE, sites, ask)
    arrive, leave = site_hours(ask, sites)
    out_s, back_s = far.out_s[0].astype(float), far.back_s[0].astype(float)
    at_s = np.floor(np.nan_to_num(arrive - out_s, nan=-1.0)) - errand.stop_s
    from_s = np.ceil(np.nan_to_num(leave + back_s, nan=0.0)) + errand.stop_s
    known = np.flatnonzero((at_s >= 0) & np.isfinite(back_s))
    there, back = np.full((2, 1, len(sites)), np.nan, dtype=np.float32)
    if len(known):
        at, off = at_s[known].astype(np.int64), from_s[known].astype(np.int64)
        names = np.arange(len(known)).astype(str).astype(object)
        stops = Sites(names, names, np.repeat(errand.xy, len(known), axis=0), start_s=at, end_s=off)
        own = replace(ask, arrive_s=None, leave_s=None, slack_before_s=0, slack_after_s=0)
        near = round_trip(connect_points(times, home_xy, stops, own), _ONE, stops, own)
        there[0, known] = arrive[known] - at + near.out_s[0]
        back[0, known] = off - leave[known] + near.back_s[0]
    return ErrandTimes(there, back, at_s.astype(np.int64), from_s.astype(np.int64))


def told_errand(
    prepared: PreparedStudy, home_xy: np.ndarray, door: Door, ask: Ask, *, errand: Errand
) -> dict[str, Any]:
    """Tell both ways by the stop, as `told_ways` tells those without.

    Returns
    -------
    dict
        ``there`` and ``back``, the legs of both parts in order; None where a part has no trip.
    """
    name = np.array(["x"], dtype=object)
    hours = replace(ask, arrive_s=door.arrive_s, leave_s=door.leave_s)
    times = prepared.kept.aside(prepared.network)
    found = errand_times(times, home_xy, Sites(name, name, door.xy), hours, errand=errand)
    if np.isnan(found.out_s[0, 0]) and np.isnan(found.back_s[0, 0]):
        return {"there": None, "back": None}
    far = told_ways(prepared, errand.xy, door, ask)
    stop = Door(errand.xy, int(found.arrive_s[0]), int(found.leave_s[0]))
    near = told_ways(prepared, home_xy, stop, ask)
    return {
        "there": _joined(near["there"], far["there"], far["there"], seconds=float(found.out_s[0, 0])),
        "back": _joined(far["back"], near["back"], far["back"], seconds=float(found.back_s[0, 0])),
    }


def _joined(
    first: dict[str, Any] | None, then: dict[str, Any] | None, at_site: dict[str, Any] | None, *, seconds: float
) -> dict[str, Any] | None:
    if first is None or then is None or at_site is None:
        return None
    rides = int(first.get("rides", 0)) + int(then.get("rides", 0))
    legs = [*first["legs"], *then["legs"]]
    whole = {"leave": first["leave"], "arrive": then["arrive"], "minutes": seconds / 60, "rides": rides, "legs": legs}
    return {**whole, "wait_min": at_site.get("wait_min", 0.0)}
