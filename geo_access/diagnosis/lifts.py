"""What may lift an obstacle, each proved by computing again with one limit lifted: a lead, not a finding.

The reasons say what is missing; only then come these: any number of changes, the middle of the day, a longer walk,
another day, a bicycle, a car. They do not exclude each other, and none of them is a measure somebody decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from geo_access.clock import parse_clock
from geo_access.diagnosis.model import FlagRules, Profile
from geo_access.times.round_trip import Ask, RoundTrip

__all__ = ["LIFTS", "Counterfactual", "counterfactual_asks", "profile_ask"]

LIFTS = ("unlimited_rides", "midday", "longer_walk", "other_day", "bike", "car")
"""Names of the recomputations, in the order they are made."""


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """Times recomputed with one limit lifted, for the points that could not.

    Attributes
    ----------
    name : str
        One of `LIFTS`.
    points : ndarray of int64, shape (n_rows,)
        Points that were recomputed.
    trip : RoundTrip
        Arrays of shape (n_rows, n_sites).
    """

    name: str
    points: np.ndarray
    trip: RoundTrip


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
    """Yield each recomputation that makes sense for the profile, in the order they are tried.

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
        Name of `LIFTS`, and what to ask.

    Examples
    --------
    >>> from geo_access.diagnosis.model import FlagRules, Profile
    >>> ask = profile_ask(Profile("p", "", "walk"), arrive_s=0, leave_s=0, slack_s=(0, 0), max_s=7200, spread_s=0)
    >>> [name for name, _ in counterfactual_asks(ask, FlagRules(), other_day=False)]
    ['bike', 'car']
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
    if ask.mode in ("transit", "walk"):
        yield "bike", plain.travelling(mode="bike+transit" if ask.uses_transit else "bike")
    if ask.mode != "car":
        yield "car", plain.travelling(mode="car", max_rides=None)
