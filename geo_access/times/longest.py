"""The longer of the way there and the way back, site by site: all that a level asks of the times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo_access.routing.causes import Reason
from geo_access.routing.query import Window
from geo_access.times.round_trip import Ask, Sites, schedules_of, site_hours

if TYPE_CHECKING:
    from geo_access.times.known import KnownNetwork

__all__ = ["Longest", "longest_ways", "spans_asked"]


@dataclass(frozen=True, eq=False)
class Longest:
    """The longer way of each site and home.

    Attributes
    ----------
    seconds : ndarray of float32, shape (n_sites, n_homes)
        [s]; infinite where one way is missing or takes longer than `Ask.max_s`.
    homes_off, sites_off : ndarray of bool, shapes (n_homes,), (n_sites,)
        That could not be placed on the network, as `RoundTrip.unsnapped_points` says.
    """

    seconds: np.ndarray
    homes_off: np.ndarray
    sites_off: np.ndarray


def longest_ways(known: KnownNetwork, home_xy: np.ndarray, sites: Sites, ask: Ask) -> Longest:
    """Find the longer way of each site and home: what `round_trip` finds, without arrays of both ways.

    Parameters
    ----------
    known : KnownNetwork
    home_xy : ndarray of float64, shape (n_homes, 2)
        Metric CRS [m].
    sites : Sites
    ask : Ask

    Returns
    -------
    Longest
    """
    found = Longest(
        np.full((len(sites), len(home_xy)), np.inf, np.float32),
        np.zeros(len(home_xy), dtype=bool),
        np.zeros(len(sites), dtype=bool),
    )
    if not found.seconds.size:
        return found
    connection = known.connect(home_xy, sites.xy, ask.streets)
    homes = connection.homes
    for arrive_s, leave_s, rows in schedules_of(ask, sites):
        deadline, ready = ask.query(arrive=Window(arrive_s, arrive_s)), ask.query(depart=Window(leave_s, leave_s))
        there = connection.columns(rows, deadline, homeward=False)
        back = connection.columns(rows, ready, homeward=True)
        for row, out, home in zip(rows.tolist(), there, back, strict=True):
            out_s, home_s = out["seconds"][homes], home["seconds"][homes]
            in_time = out_s <= ask.max_s
            np.maximum(out_s, home_s, out=found.seconds[row], where=in_time & (home_s <= ask.max_s))
            why = np.where(in_time, np.uint8(Reason.OK), out["code"][homes])
            found.homes_off[:] |= why == Reason.UNSNAPPED_ORIGIN
            found.sites_off[row] = (why == Reason.UNSNAPPED_DESTINATION).any()
    return found


def spans_asked(ask: Ask, sites: Sites) -> list[tuple[int, int]]:
    """Return the hours that the times of some sites depend on: no trip outside them can change one.

    Parameters
    ----------
    ask : Ask
        That boards vehicles.
    sites : Sites

    Returns
    -------
    list of (int, int)
        From, to [s].
    """
    arrive_s, leave_s = (hours.tolist() for hours in site_hours(ask, sites))
    return [(a - ask.max_s, a) for a in set(arrive_s)] + [(b, b + ask.max_s) for b in set(leave_s)]
