"""LegTables that run only at certain hours, at either end of journeys and all the way: what services on demand offer.

A leg leaves within [open, close]: who comes before it opens waits, and arrives at the end a fixed time after leaving.
Walks and legs stand side by side in a `Reach`, which every search takes where it takes walks alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from geo_access.arrays import entries_of_rows, indptr_of_rows
from geo_access.kernels import njit
from geo_access.network.model import SparseTimes
from geo_access.routing.tables import Alightings, Asked, LegTables, LineTables, Span, Walks

__all__ = [
    "LEG_ARRAYS",
    "DirectLegs",
    "Pairs",
    "Reach",
    "TimedLegs",
    "board_timed",
    "direct_between",
    "pruned",
    "select_rows",
    "timed_of",
    "walk_off_timed",
    "walks_of",
]


LEG_ARRAYS = ("other", "seconds", "open_s", "close_s", "ride", "before_s", "after_s", "from_stop", "to_stop")
"""Fields of `TimedLegs` with one value per leg, in order."""


@dataclass(frozen=True, eq=False)
class TimedLegs:
    """LegTables between points and stops, or between points, by point.

    Attributes
    ----------
    indptr : ndarray of int64, shape (n_points + 1,)
        Point p owns the legs ``indptr[p]:indptr[p + 1]``.
    other : ndarray of int32, shape (n_legs,)
        Stop at the other end, or point.
    seconds : ndarray of int32, shape (n_legs,)
        From leaving to arriving [s].
    open_s, close_s : ndarray of int32, shape (n_legs,)
        Leaving is possible within, on the clock running forwards [s].
    ride : ndarray of int32, shape (n_legs,)
        Ride of `FlexRides`.
    before_s, after_s : ndarray of int32, shape (n_legs,)
        Of `seconds`, those on foot before the ride and after it [s].
    from_stop, to_stop : ndarray of int32, shape (n_legs,)
        Stop where one is taken up and set down; −1 for a door.
    """

    indptr: np.ndarray
    other: np.ndarray
    seconds: np.ndarray
    open_s: np.ndarray
    close_s: np.ndarray
    ride: np.ndarray
    before_s: np.ndarray
    after_s: np.ndarray
    from_stop: np.ndarray
    to_stop: np.ndarray

    @property
    def tables(self) -> LegTables:
        """What kernels take."""
        return LegTables(self.indptr, self.other, self.seconds, self.open_s, self.close_s)

    def reversed(self) -> TimedLegs:
        """Return the legs on the clock running backwards: what was arriving is leaving."""
        return replace(self, open_s=-(self.close_s + self.seconds), close_s=-(self.open_s + self.seconds))

    def always(self) -> TimedLegs:
        """Return the legs as if they ran at any hour."""
        n = len(self.other)
        return replace(self, open_s=np.full(n, -(2**30), np.int32), close_s=np.full(n, 2**30, np.int32))

    def rows(self, rows: np.ndarray) -> TimedLegs:
        """Return the legs of some points, in the order given."""
        at, indptr = entries_of_rows(self.indptr, rows)
        return TimedLegs(indptr, *(getattr(self, name)[at] for name in LEG_ARRAYS))


@dataclass(frozen=True, eq=False)
class DirectLegs:
    """LegTables all the way, from the origins to the destinations of one question.

    Attributes
    ----------
    legs : TimedLegs
        By origin; the other end is the destination.
    """

    legs: TimedLegs


@dataclass(frozen=True, eq=False)
class Reach(SparseTimes):
    """Walks between points and stops, and the legs that run only at certain hours.

    Attributes
    ----------
    timed : TimedLegs or None
    direct : DirectLegs or None
        All the way, shared by both ends of the question.
    number : ndarray of int64, shape (n_rows,)
        Which origin, or destination, of `direct` each row is.
    """

    timed: TimedLegs | None = None
    direct: DirectLegs | None = None
    number: np.ndarray | None = None

    def picked(self, walks: SparseTimes, rows: np.ndarray) -> Reach:
        """Return some rows, whose walks are known."""
        number = np.arange(self.n_rows) if self.number is None else self.number
        timed = None if self.timed is None else self.timed.rows(rows)
        return Reach(walks.indptr, walks.indices, walks.seconds, walks.n_cols, timed, self.direct, number[rows])

    def always(self) -> Reach:
        """Return the same with legs that run at any hour."""
        timed = None if self.timed is None else self.timed.always()
        direct = None if self.direct is None else DirectLegs(self.direct.legs.always())
        return replace(self, timed=timed, direct=direct)


def walks_of(times: SparseTimes) -> Walks:
    """Return what kernels take of walks to stops, or between them."""
    return Walks(times.indptr, times.indices, times.seconds)


def select_rows(times: SparseTimes, rows: np.ndarray) -> SparseTimes:
    """Return some rows of a sparse table, in the order given."""
    entries, indptr = entries_of_rows(times.indptr, rows)
    some = SparseTimes(indptr, times.indices[entries], times.seconds[entries], times.n_cols)
    return times.picked(some, rows) if isinstance(times, Reach) else some


@dataclass(frozen=True, eq=False)
class Pairs:
    """Both ends of the journeys that a sweep answers.

    Attributes
    ----------
    places : SparseTimes
        Where it sweeps from: seconds from the stops to each place (places × stops).
    readers : SparseTimes
        Who reads it: seconds from each reader to the stops (readers × stops).
    direct_s : ndarray of int32, shape (n_readers, n_places), optional
        Seconds without any vehicle; the largest int32 where there is no such way, and everywhere by default.
    """

    places: SparseTimes
    readers: SparseTimes
    direct_s: np.ndarray | None = None

    @property
    def direct(self) -> np.ndarray:
        """`direct_s` whether it is given or not."""
        shape = (self.readers.n_rows, self.places.n_rows)
        return np.full(shape, np.iinfo(np.int32).max, np.int32) if self.direct_s is None else self.direct_s

    def some(self, readers: np.ndarray, places: np.ndarray) -> Pairs:
        """Return the vehicles' part of some readers and places."""
        return Pairs(select_rows(self.places, places), select_rows(self.readers, readers))


def timed_of(times: SparseTimes, *, backwards: bool) -> TimedLegs | None:
    """Return the timed legs that stand beside walks, on the clock of a graph; None where there are none."""
    timed = times.timed if isinstance(times, Reach) else None
    if timed is None or not len(timed.other):
        return None
    return timed.reversed() if backwards else timed


def direct_between(
    readers: SparseTimes, places: SparseTimes, *, backwards: bool
) -> tuple[np.ndarray, np.ndarray, TimedLegs] | None:
    """Return the legs all the way between two sets of rows, on the clock of a graph.

    Parameters
    ----------
    readers, places : SparseTimes
        Of the ends of one question: readers leave on the graph's clock.
    backwards : bool
        Whether the graph's clock runs backwards, so that readers are destinations.

    Returns
    -------
    reader, place : ndarray of int64, shape (n_legs,)
    legs : TimedLegs
        Of which only hours and seconds count. None instead of all three where there are none.
    """
    if not isinstance(readers, Reach) or not isinstance(places, Reach) or readers.direct is None:
        return None
    asked = readers.direct.legs
    if places.direct is None or not len(asked.other):
        return None
    origins, destinations = (places, readers) if backwards else (readers, places)
    legs = asked.reversed() if backwards else asked
    found: list[tuple[int, int, int]] = []
    at_end: dict[int, list[int]] = {}
    for row, name in enumerate(_numbers(destinations).tolist()):
        at_end.setdefault(name, []).append(row)
    for row, name in enumerate(_numbers(origins).tolist()):
        for k in range(int(legs.indptr[name]), int(legs.indptr[name + 1])):
            found += [(row, other, k) for other in at_end.get(int(legs.other[k]), ())]
    if not found:
        return None
    o, d, k = np.array(found, dtype=np.int64).T
    one = TimedLegs(np.empty(0, np.int64), *(getattr(legs, name)[k] for name in LEG_ARRAYS))
    return (d, o, one) if backwards else (o, d, one)


def _numbers(times: Reach) -> np.ndarray:
    return np.arange(times.n_rows) if times.number is None else times.number


def pruned(n_points: int, point: np.ndarray, legs: TimedLegs) -> TimedLegs:
    """File legs by point and other end, without those that another beats at every moment.

    Parameters
    ----------
    n_points : int
    point : ndarray of int64, shape (n_legs,)
    legs : TimedLegs
        In any order, `indptr` not looked at.

    Returns
    -------
    TimedLegs
        A leg is left out where another between the same two takes no longer, opens no later and closes no earlier.
    """
    if not len(point):
        return replace(legs, indptr=np.zeros(n_points + 1, dtype=np.int64))
    order = np.lexsort((-legs.close_s.astype(np.int64), legs.open_s, legs.seconds, legs.other, point))
    keep = np.ones(len(order), dtype=bool)
    _beaten(point[order], legs.other[order], legs.open_s[order], legs.close_s[order], keep)
    order = order[keep]
    indptr = indptr_of_rows(point[order], n_points)
    return TimedLegs(indptr, *(np.ascontiguousarray(getattr(legs, name)[order]) for name in LEG_ARRAYS))


@njit(cache=True)
def _beaten(point: np.ndarray, other: np.ndarray, open_s: np.ndarray, close_s: np.ndarray, keep: np.ndarray) -> None:
    begin = 0
    for k in range(len(point)):
        if point[k] != point[begin] or other[k] != other[begin]:
            begin = k
        for j in range(begin, k):
            if keep[j] and open_s[j] <= open_s[k] and close_s[j] >= close_s[k]:
                keep[k] = False
                break


@njit(cache=True)
def walk_off_timed(
    value: np.ndarray, first_place: int, lanes: int, legs: LegTables, alightings: Alightings, span: Span
) -> None:
    """Get off and take a timed leg to each place, beside the walks."""
    first, last, low_s, high_s = span
    arrival_s = alightings.arrival_s
    for b in range(value.shape[0]):
        for lane in range(lanes):
            place = first_place + b * lanes + lane
            if place >= len(legs.indptr) - 1:
                break
            for k in range(legs.indptr[place], legs.indptr[place + 1]):
                for j in range(alightings.indptr[legs.stop[k]], alightings.indptr[legs.stop[k] + 1]):
                    r = alightings.rank[j]
                    if r < first or r >= last or arrival_s[r] > legs.close_s[k]:
                        continue
                    at = max(arrival_s[r], legs.open_s[k]) + legs.seconds[k]
                    if at <= high_s and at - low_s < value[b, r - first, lane]:
                        value[b, r - first, lane] = at - low_s


@njit(cache=True)
def board_timed(
    legs: LegTables, lines: LineTables, rank: np.ndarray, span: Span, asked: Asked
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """List boardings after a timed leg: reader, key and row as `boardings` has them, the greatest key first."""
    first, last, low_s, high_s = span
    departure, trip_indptr, line_indptr = lines.departure, lines.trip_indptr, lines.line_indptr
    out_reader = [np.int64(0) for _ in range(0)]
    out_key = [np.int64(0) for _ in range(0)]
    out_row = [np.int64(0) for _ in range(0)]
    for reader in range(len(legs.indptr) - 1):
        for k in range(legs.indptr[reader], legs.indptr[reader + 1]):
            for c in range(lines.stop_indptr[legs.stop[k]], lines.stop_indptr[legs.stop[k] + 1]):
                line = lines.stop_line[c]
                for trip in range(line_indptr[line], line_indptr[line + 1]):
                    f = trip_indptr[trip] + lines.stop_position[c]
                    if departure[f] > high_s:
                        break
                    leave = min(departure[f] - legs.seconds[k], legs.close_s[k])
                    if leave < legs.open_s[k]:
                        continue
                    row = rank[f + 1]
                    if low_s <= leave <= asked.leave_by_s and first <= row < last:
                        late = np.int64(leave - low_s)
                        out_reader.append(np.int64(reader))
                        number = min(late // asked.step_s, np.int64(asked.n_instants - 1))
                        out_key.append(late if asked.n_instants == 0 else number)
                        out_row.append(np.int64(row - first))
                    # Whoever sets out as late as this leg allows waits at the stop: later trips board nobody new.
                    if departure[f] - legs.seconds[k] >= legs.close_s[k]:
                        break
    return np.array(out_reader, np.int64), np.array(out_key, np.int64), np.array(out_row, np.int64)
