"""A question of a diagnosis asked again with something changed, block by block of points: only who reaches is kept.

Times of points × sites are held for one block at once, so that a large territory needs no more memory than a small one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from geo_access.diagnosis.blocks import point_blocks
from geo_access.diagnosis.diagnose import OWN_HOURS, DiagnosedCase, Diagnosis
from geo_access.diagnosis.kernels import places_within
from geo_access.times.round_trip import (
    Ask,
    Connection,
    RoundTrip,
    Sites,
    TimesSource,
    connect_points,
    foresee_moves,
    round_trip,
)

__all__ = ["Again", "question_key"]

Allowed = Callable[[np.ndarray], np.ndarray]
"""From rows of the residents' points to the pairs that a change allows, bool (n, n_sites)."""


def question_key(case: DiagnosedCase) -> tuple[str, str, str]:
    """Return what the times and the trip asked of a case are filed under: public, kind, hours."""
    return case.profile.id, case.kind, case.schedule if case.kind == "training" else OWN_HOURS


@dataclass(frozen=True, eq=False)
class Again:
    """A question of a diagnosis, to be asked of other networks or with another way to travel.

    Attributes
    ----------
    diagnosis : Diagnosis
    case : DiagnosedCase
        One of its own.
    """

    diagnosis: Diagnosis
    case: DiagnosedCase

    @property
    def ask(self) -> Ask:
        """The trip asked, without the spread that only confidence reads."""
        return replace(self.diagnosis.asks[question_key(self.case)], spread_s=0)

    @property
    def sites(self) -> Sites:
        """Where to be."""
        return self.diagnosis.sites[self.case.kind]

    def reached(
        self,
        times: TimesSource,
        ask: Ask,
        *,
        points: np.ndarray | None = None,
        limit_s: float | None = None,
        allowed: Allowed | None = None,
    ) -> np.ndarray:
        """Tell who reaches enough places of each métier.

        Parameters
        ----------
        times : TimesSource
        ask : Ask
        points : ndarray of int64, optional
            Those asked for, ascending; all by default. What the diagnosis found is told of the others.
        limit_s : float, optional
            Longest time [s]; the threshold by default.
        allowed : callable, optional
            Pairs that count; all by default.

        Returns
        -------
        ndarray of bool, shape (n_points, n_metiers)
        """
        found = self.case.points.reached.copy()
        for rows, trip in self.trips(times, ask, points=points):
            counted = trip
            if allowed is not None:
                near = allowed(rows)
                counted = RoundTrip(np.where(near, trip.out_s, np.nan), np.where(near, trip.back_s, np.nan))
            found[rows] = self._enough(counted, limit_s)
        return found

    def trips(
        self, times: TimesSource, ask: Ask, *, points: np.ndarray | None = None
    ) -> Iterator[tuple[np.ndarray, RoundTrip]]:
        """Yield the times of some points, block by block, as the threshold reads them.

        Parameters
        ----------
        times : TimesSource
        ask : Ask
        points : ndarray of int64, optional
            As for `reached`.

        Yields
        ------
        ndarray of int64, RoundTrip
            Rows of the residents' points, and their times.
        """
        for block, rows in self._blocks(points):
            # Where streets are searched as for the question itself, those around the whole block are known.
            around = block if ask.streets == self.ask.streets else rows
            connection = connect_points(times, self.diagnosis.residents.xy[around], self.sites, ask)
            yield rows, self._read(connection, ask, rows, around)

    def moved(
        self, times: TimesSource, asks: Sequence[Ask], moves_s: Sequence[int], *, points: np.ndarray | None = None
    ) -> list[np.ndarray]:
        """Tell who reaches enough places at other hours, all of them searched at once.

        Parameters
        ----------
        times : TimesSource
        asks : sequence of Ask
            The same way to travel, at each of the hours.
        moves_s : sequence of int
            By how much each is moved from the question's own hours [s].
        points : ndarray of int64, optional
            As for `reached`.

        Returns
        -------
        list of ndarray of bool, shape (n_points, n_metiers)
        """
        found, plain = [self.case.points.reached.copy() for _ in asks], self.ask
        for block, rows in self._blocks(points):
            connection = connect_points(times, self.diagnosis.residents.xy[block], self.sites, plain)
            foresee_moves(connection, rows - block[0], self.sites, plain, moves_s)
            for ask, of_ask in zip(asks, found, strict=True):
                of_ask[rows] = self._enough(self._read(connection, ask, rows, block), None)
        return found

    def _read(self, connection: Connection, ask: Ask, rows: np.ndarray, around: np.ndarray) -> RoundTrip:
        trip = round_trip(connection, np.searchsorted(around, rows), self.sites, ask)
        return self.diagnosis.beside(self.case).at(rows).read(trip)

    def _enough(self, trip: RoundTrip, limit_s: float | None) -> np.ndarray:
        offers, limit_s = self.case.offers, self.case.threshold.limit_s if limit_s is None else limit_s
        offered = (offers.indptr, offers.site, offers.all_places)
        found = places_within(trip.out_s, trip.back_s, limit_s, False, *offered)
        return np.asarray(found >= self.diagnosis.rules.min_opportunities)

    def _blocks(self, points: np.ndarray | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the points of each block, and those of them that are asked for, where there are any."""
        every = np.arange(len(self.diagnosis.residents.xy))
        asked = every if points is None else points
        for cut in point_blocks(len(every), len(self.sites)):
            first, last = np.searchsorted(asked, [cut.start, cut.stop])
            if first < last:
                yield every[cut], asked[first:last]
