"""Times there and back for a profile and its counterfactuals, asked of the travel-time engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from geo_access.adequacy.model import FlagRules, Profile, RoundTrip
from geo_access.adequacy.supply import Sites
from geo_access.clock import parse_clock
from geo_access.network.model import Network
from geo_access.routing.query import Query, Window
from geo_access.routing.reasons import Reason

__all__ = ["Ask", "NetworkTimes", "PairTimes", "TimesSource", "counterfactual_asks", "profile_ask", "round_trip"]

_SPREAD_STEP_S = 300


class PairTimes(Protocol):
    """What an engine answers."""

    @property
    def seconds(self) -> np.ndarray:
        """Times, float32 (n_origins, n_destinations, n_percentiles) [s], NaN where there is none."""

    @property
    def reason(self) -> np.ndarray:
        """`Reason` codes, uint8 (n_origins, n_destinations)."""


class TimesSource(Protocol):
    """Anything that answers a query between two sets of points."""

    def __call__(self, origin_xy: np.ndarray, destination_xy: np.ndarray, query: Query) -> PairTimes:
        """Return the times from every origin to every destination, both float64 (n, 2) [m]."""


@dataclass(frozen=True, eq=False)
class NetworkTimes:
    """The engine, on one network.

    Attributes
    ----------
    network : Network
    """

    network: Network

    def __call__(self, origin_xy: np.ndarray, destination_xy: np.ndarray, query: Query) -> PairTimes:
        """Return `geo_access.travel_times.core.point_times` of the network."""
        # The engine compiles on import: only who asks for times pays for it.
        from geo_access.travel_times.core import point_times  # noqa: PLC0415

        return point_times(self.network, origin_xy, destination_xy, query)


@dataclass(frozen=True)
class Ask:
    """One round trip asked of the engine.

    Attributes
    ----------
    mode : str
    arrive_s, leave_s : int or None
        Latest arrival and earliest departure at the site [s]; None: the site's own, moved by the slacks.
    slack_before_s, slack_after_s : int
        Applied to the site's own hours [s].
    walk_kmh, bike_kmh : float
    max_access_s : int
    max_rides : int or None
    max_s : int
        Longest time of interest [s].
    spread_s : int
        Width of the window of deadlines for percentiles 25 and 75 [s]; 0 for none.
    """

    mode: str
    arrive_s: int | None
    leave_s: int | None
    slack_before_s: int
    slack_after_s: int
    walk_kmh: float
    bike_kmh: float
    max_access_s: int
    max_rides: int | None
    max_s: int
    spread_s: int = 0

    @property
    def uses_transit(self) -> bool:
        """Whether hours matter."""
        return self.mode not in ("walk", "bike", "car")

    def query(self, *, arrive: Window | None, depart: Window | None, percentiles: tuple[int, ...]) -> Query:
        """Return the engine's query for one direction."""
        return Query(
            mode=self.mode,
            arrive=arrive if self.uses_transit else None,
            depart=depart if self.uses_transit else None,
            percentiles=percentiles,
            max_s=self.max_s,
            walk_kmh=self.walk_kmh,
            bike_kmh=self.bike_kmh,
            max_access_s=self.max_access_s,
            max_egress_s=self.max_access_s,
            max_rides=self.max_rides,
        )


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
        mode=profile.mode,
        arrive_s=arrive_s,
        leave_s=leave_s,
        slack_before_s=slack_s[0],
        slack_after_s=slack_s[1],
        walk_kmh=profile.walk_kmh,
        bike_kmh=profile.bike_kmh,
        max_access_s=round(profile.max_access_min * 60),
        max_rides=profile.max_rides,
        max_s=max_s,
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
        Name as in `geo_access.adequacy.reasons.COUNTERFACTUALS`, and what to ask.

    Examples
    --------
    >>> from geo_access.adequacy.model import FlagRules, Profile
    >>> ask = profile_ask(Profile("p", "", "walk"), arrive_s=0, leave_s=0, slack_s=(0, 0), max_s=7200, spread_s=0)
    >>> [name for name, _ in counterfactual_asks(ask, FlagRules(), other_day=False)]
    ['car']
    """
    plain = replace(ask, spread_s=0)
    if ask.uses_transit:
        if ask.max_rides is not None:
            yield "unlimited_rides", replace(plain, max_rides=None)
        arrive_s = parse_clock(rules.midday_start) - ask.slack_before_s
        leave_s = parse_clock(rules.midday_end) + ask.slack_after_s
        yield "midday", replace(plain, arrive_s=arrive_s, leave_s=leave_s)
        longer_s = round(rules.longer_access_min * 60)
        if longer_s > ask.max_access_s:
            yield "longer_walk", replace(plain, max_access_s=longer_s)
        if other_day:
            yield "other_day", plain
    if ask.mode != "car":
        yield "car", replace(plain, mode="car", max_rides=None)


def _hours(ask: Ask, sites: Sites) -> tuple[np.ndarray, np.ndarray]:
    """Latest arrival and earliest departure at each site, int64 (n_sites,) [s]."""
    if ask.arrive_s is not None and ask.leave_s is not None:
        return np.full(len(sites), ask.arrive_s, np.int64), np.full(len(sites), ask.leave_s, np.int64)
    if sites.start_s is None or sites.end_s is None:
        raise ValueError("these sites have no hours of their own → give arrive_s and leave_s")
    return sites.start_s - ask.slack_before_s, sites.end_s + ask.slack_after_s


def round_trip(times: TimesSource, home_xy: np.ndarray, sites: Sites, ask: Ask) -> RoundTrip:
    """Compute the times from homes to sites and back.

    Parameters
    ----------
    times : TimesSource
        The engine.
    home_xy : ndarray of float64, shape (n_points, 2)
        Metric CRS [m].
    sites : Sites
        Where to be; with `ask` giving no hours, each at its own.
    ask : Ask

    Returns
    -------
    RoundTrip
        Arrays of shape (n_points, n_sites).
    """
    n_points, n_sites = len(home_xy), len(sites)
    shape = (n_points, n_sites)
    out_s = np.full(shape, np.nan, dtype=np.float32)
    back_s = np.full(shape, np.nan, dtype=np.float32)
    out_reason, back_reason = np.zeros(shape, dtype=np.uint8), np.zeros(shape, dtype=np.uint8)
    spread = ask.spread_s > 0
    p25_s = np.full(shape, np.nan, dtype=np.float32) if spread else None
    p75_s = np.full(shape, np.nan, dtype=np.float32) if spread else None
    no_home, no_site = np.zeros(n_points, dtype=bool), np.zeros(n_sites, dtype=bool)
    if n_points and n_sites:
        arrive, leave = _hours(ask, sites)
        if not ask.uses_transit:
            arrive, leave = np.zeros_like(arrive), np.zeros_like(leave)
        hours, group = np.unique(np.column_stack((arrive, leave)), axis=0, return_inverse=True)
        for number, (arrive_s, leave_s) in enumerate(hours.tolist()):
            columns = np.flatnonzero(group.ravel() == number)
            xy = sites.xy[columns]
            there = times(home_xy, xy, ask.query(arrive=Window(arrive_s, arrive_s), depart=None, percentiles=(50,)))
            home = times(xy, home_xy, ask.query(arrive=None, depart=Window(leave_s, leave_s), percentiles=(50,)))
            out_s[:, columns] = there.seconds[:, :, 0]
            back_s[:, columns] = home.seconds[:, :, 0].T
            out_reason[:, columns], back_reason[:, columns] = there.reason, home.reason.T
            no_home |= np.any(there.reason == Reason.UNSNAPPED_ORIGIN, axis=1)
            no_site[columns] |= np.any(there.reason == Reason.UNSNAPPED_DESTINATION, axis=0)
            if p25_s is not None and p75_s is not None:
                window = Window(arrive_s - ask.spread_s, arrive_s + 1, _SPREAD_STEP_S)
                near = times(home_xy, xy, ask.query(arrive=window, depart=None, percentiles=(25, 75)))
                p25_s[:, columns] = near.seconds[:, :, 0]
                p75_s[:, columns] = near.seconds[:, :, 1]
    return RoundTrip(out_s, back_s, p25_s, p75_s, no_home, no_site, out_reason, back_reason)
