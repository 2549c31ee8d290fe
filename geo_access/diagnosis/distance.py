"""The distance that a rule names beside its time: whoever lives no farther than that is within, however long it takes.

"One hour by public transport *or* 30 km": one of the two is enough. A pair of a home and a place within the distance
is read as if both ways took no time, so that every comparison with the threshold (levels, reasons, doubts, remedies)
says the same. The times that are shown stay those that were measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from geo_access.diagnosis.model import Threshold
from geo_access.times.round_trip import RoundTrip

__all__ = ["Beside", "within_distance"]

# Rows of a large table of pairs that are measured at once.
_PAIRS = 4_000_000


def within_distance(home_xy: np.ndarray, site_xy: np.ndarray, kilometres: float) -> np.ndarray:
    """Tell which pairs lie no farther apart than this, as the crow flies.

    Parameters
    ----------
    home_xy, site_xy : ndarray of float64, shapes (n_points, 2), (n_sites, 2)
        Metric CRS [m].
    kilometres : float
        [km].

    Returns
    -------
    ndarray of bool, shape (n_points, n_sites)

    Examples
    --------
    >>> within_distance(np.array([[0.0, 0.0]]), np.array([[29_000.0, 0.0], [31_000.0, 0.0]]), 30).tolist()
    [[True, False]]
    """
    return _within(home_xy, site_xy, np.full(len(site_xy), 1000.0 * kilometres))


def _within(home_xy: np.ndarray, site_xy: np.ndarray, reach_m: np.ndarray) -> np.ndarray:
    """Tell which pairs lie no farther apart than each site's reach, some rows at a time."""
    near = np.empty((len(home_xy), len(site_xy)), dtype=bool)
    rows = max(1, _PAIRS // max(1, len(site_xy)))
    for start in range(0, len(home_xy), rows):
        some = home_xy[start : start + rows]
        away_m = np.hypot(some[:, None, 0] - site_xy[None, :, 0], some[:, None, 1] - site_xy[None, :, 1])
        near[start : start + rows] = away_m <= reach_m
    return near


@dataclass(frozen=True, eq=False)
class Beside:
    """A threshold between some homes and some sites, with the distance that it names beside its minutes.

    Attributes
    ----------
    threshold : Threshold
    home_xy, site_xy : ndarray of float64, shapes (n_points, 2), (n_sites, 2)
        Metric CRS [m]: rows and columns of the times.

    Examples
    --------
    >>> rule = Threshold("t", "", 60, "job", source="s", kilometres=30, measured="crow_fly")
    >>> slow = np.array([[4500.0, 4500.0]], np.float32)
    >>> beside = Beside(rule, np.zeros((1, 2)), np.array([[29_000.0, 0.0], [31_000.0, 0.0]]))
    >>> beside.read(RoundTrip(slow, slow)).out_s.tolist()
    [[0.0, 4500.0]]
    """

    threshold: Threshold
    home_xy: np.ndarray
    site_xy: np.ndarray

    @property
    def asked(self) -> bool:
        """Whether the threshold names a distance."""
        return self.threshold.kilometres is not None

    def at(self, points: np.ndarray | slice) -> Beside:
        """Return the same for some of the homes."""
        return replace(self, home_xy=self.home_xy[points])

    def near(self, *, factor: float = 1.0, nearer_m: np.ndarray | float = 0.0) -> np.ndarray:
        """Tell which pairs are within by distance, bool (n_points, n_sites).

        Parameters
        ----------
        factor : float
            Of the distance.
        nearer_m : ndarray of float64, shape (n_sites,), or float
            How much nearer each site may stand than is known [m].
        """
        if not self.asked:
            return np.zeros((len(self.home_xy), len(self.site_xy)), dtype=bool)
        reach_m = 1000.0 * float(self.threshold.kilometres or 0.0) * factor + nearer_m
        return _within(self.home_xy, self.site_xy, np.broadcast_to(reach_m, len(self.site_xy)))

    @cached_property
    def _near(self) -> np.ndarray:
        return self.near()

    def read(self, trip: RoundTrip, *, factor: float = 1.0, nearer_m: np.ndarray | float = 0.0) -> RoundTrip:
        """Return the times as the threshold reads them: none between homes and sites within the distance.

        Parameters
        ----------
        trip : RoundTrip
            (n_points, n_sites).
        factor, nearer_m
            As in `near`.

        Returns
        -------
        RoundTrip
            `trip` itself where no distance is named.
        """
        if not self.asked:
            return trip
        plain = factor == 1.0 and np.ndim(nearer_m) == 0 and nearer_m == 0.0
        near = self._near if plain else self.near(factor=factor, nearer_m=nearer_m)
        none = np.float32(0)
        changed = {
            name: np.where(near, none, values)
            for name in ("out_s", "back_s", "out_p25_s", "out_p75_s")
            if (values := getattr(trip, name)) is not None
        }
        return replace(trip, **changed)

    def parts(self, trip: RoundTrip) -> Iterator[tuple[slice, RoundTrip]]:
        """Yield rows and their times as the threshold reads them, so that a large table is never held twice."""
        if not self.asked:
            yield slice(0, len(trip.out_s)), trip
            return
        rows = max(1, _PAIRS // max(1, trip.out_s.shape[1]))
        for start in range(0, len(trip.out_s), rows):
            some = slice(start, start + rows)
            yield some, self.at(some).read(RoundTrip(trip.out_s[some], trip.back_s[some]))
