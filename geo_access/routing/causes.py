"""Why a pair has no time: one limit after the other is lifted until a journey appears.

Why a pair has no time: one code for each cause, computed by relaxing one limit after the other.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from geo_access.arrays import marked_rows_and_columns, sums_of_rows
from geo_access.network.model import SparseTimes
from geo_access.routing.around import CutGraph, with_place_at
from geo_access.routing.profile import Pairs, Samples, profile_times
from geo_access.routing.reach import reached
from geo_access.routing.sweep import SweepGraph
from geo_access.routing.timed import Reach, select_rows, timed_of

__all__ = ["Reason", "select_rows", "why_missing"]


class Reason(IntEnum):
    """Cause of a missing time; `OK` where there is one.

    Examples
    --------
    >>> Reason(7).name
    'OVER_CUTOFF'
    """

    OK = 0
    UNSNAPPED_ORIGIN = 1
    UNSNAPPED_DESTINATION = 2
    NO_STOP_WITHIN_WALK = 3
    NO_SERVICE_THAT_DAY = 4
    NO_TRIP_IN_WINDOW = 5
    TOO_MANY_RIDES = 6
    OVER_CUTOFF = 7
    DISCONNECTED = 8
    FIRST_TRIP_TOO_LATE = 9
    LAST_TRIP_TOO_EARLY = 10
    NO_RETURN_TRIP = 11
    ON_DEMAND_CLOSED = 12


def why_missing(
    graph: SweepGraph,
    pairs: Pairs,
    missing: np.ndarray,
    samples: Samples,
    *,
    max_s: int,
    max_rides: int | None,
    near: CutGraph | None = None,
) -> np.ndarray:
    """Cause of each missing pair, both ends being linked to the streets.

    In this order: with services on demand that take up and set down at any hour there would be a time
    (`ON_DEMAND_CLOSED`); no stop within reach of an end (`NO_STOP_WITHIN_WALK`); no vehicle calls at any of them all
    day (`NO_SERVICE_THAT_DAY`); a journey within the limits with more rides (`TOO_MANY_RIDES`); a journey that one can
    set out on before the last instant plus `max_s`, but that arrives too late (`OVER_CUTOFF`); a journey at another
    hour of the day (`NO_TRIP_IN_WINDOW`); else `DISCONNECTED`.

    Parameters
    ----------
    graph : SweepGraph
    pairs : Pairs
        As for `profile_times`.
    missing : ndarray of bool, shape (n_readers, n_places)
    samples : Samples
        Ready instants (ask deadlines of the reversed graph).
    max_s : int
        [s].
    max_rides : int or None
    near : CutGraph, optional
        What can be part of journeys from the readers within the limit, of the same graph: where that settles the
        question, the rest of a large timetable is not searched.

    Returns
    -------
    ndarray of uint8, shape (n_readers, n_places)
        `Reason`; 0 where nothing is missing.
    """
    places, readers = pairs.places, pairs.readers
    reason = np.where(missing, np.uint8(Reason.DISCONNECTED), np.uint8(Reason.OK))
    open_ = missing.copy()

    def settle(found: np.ndarray, cause: Reason) -> None:
        reason[open_ & found] = cause
        open_[found] = False

    if open_.any() and (isinstance(readers, Reach) or isinstance(places, Reach)):
        settle(
            _closed(graph, places, readers, open_, samples, max_s=max_s, max_rides=max_rides), Reason.ON_DEMAND_CLOSED
        )
    settle(_no_entry(readers)[:, None] | _no_entry(places)[None, :], Reason.NO_STOP_WITHIN_WALK)
    lines = graph.lines
    boards = np.diff(lines.stop_indptr) > 0
    alights = np.diff(graph.alight_indptr) > 0
    idle = _no_entry(readers, boards)[:, None] | _no_entry(places, alights)[None, :]
    settle(idle, Reason.NO_SERVICE_THAT_DAY)
    if max_rides is not None and open_.any():
        r, p = marked_rows_and_columns(open_)
        some = Pairs(places, readers).some(r, p)
        _, feasible = profile_times(graph, some, samples, max_s=max_s, max_rides=None, ranks=np.empty(0, np.int64))
        settle(_spread(feasible > 0, r, p, missing.shape), Reason.TOO_MANY_RIDES)
    if lines.n_events and open_.any():
        end_s = int(graph.arrival_s[-1] + _longest(places))
        start_s = int(graph.arrival_s[0]) - _longest(readers) - 86_400
        spans = (
            (samples.first_s, min(end_s, samples.last_s + max_s), Reason.OVER_CUTOFF),
            (start_s, end_s, Reason.NO_TRIP_IN_WINDOW),
        )
        for from_s, until_s, cause in spans:
            if until_s < from_s:
                continue
            unsettled = open_
            if near is not None and open_.any():
                found, certain = _reached_near(near, pairs, open_, (from_s, until_s, end_s))
                settle(found, cause)
                unsettled = open_ & ~certain
            if unsettled.any():
                r, p = marked_rows_and_columns(unsettled)
                found = reached(graph, select_rows(places, p), select_rows(readers, r), from_s, until_s, end_s)
                settle(_spread(found, r, p, missing.shape), cause)
    return reason


def _reached_near(
    near: CutGraph, pairs: Pairs, wanted: np.ndarray, span_s: tuple[int, int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Tell who arrives without leaving what was kept, and who never leaves it: of these, nobody else arrives at all."""
    r, p = marked_rows_and_columns(wanted)
    places = with_place_at(select_rows(pairs.places, p), near.left_at)
    found = reached(near.graph, places, select_rows(pairs.readers, r), *span_s)
    certain = np.zeros(len(wanted), dtype=bool)
    certain[r] = ~found[:, -1]
    return _spread(found[:, :-1], r, p, wanted.shape), certain[:, None]


def _closed(
    graph: SweepGraph,
    places: SparseTimes,
    readers: SparseTimes,
    missing: np.ndarray,
    samples: Samples,
    *,
    max_s: int,
    max_rides: int | None,
) -> np.ndarray:
    """Tell the pairs that would have a time if services on demand ran at any hour."""
    r, p = marked_rows_and_columns(missing)
    near, there = (_always(select_rows(part, rows)) for part, rows in ((places, p), (readers, r)))
    ranks = np.empty(0, np.int64)
    _, feasible = profile_times(graph, Pairs(near, there), samples, max_s=max_s, max_rides=max_rides, ranks=ranks)
    return _spread(feasible > 0, r, p, missing.shape)


def _always(times: SparseTimes) -> SparseTimes:
    return times.always() if isinstance(times, Reach) else times


def _no_entry(times: SparseTimes, serving: np.ndarray | None = None) -> np.ndarray:
    """Tell the rows that nothing leads to a stop, or to one that is served."""
    served = np.ones(times.n_cols, dtype=bool) if serving is None else serving
    none = sums_of_rows(served[times.indices], times.indptr) == 0
    timed = timed_of(times, backwards=False)
    if timed is not None:
        none &= sums_of_rows(served[timed.other], timed.indptr) == 0
    return none


def _longest(times: SparseTimes) -> int:
    timed = timed_of(times, backwards=False)
    return max(int(times.seconds.max(initial=0)), 0 if timed is None else int(timed.seconds.max()))


def _spread(part: np.ndarray, rows: np.ndarray, columns: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    out = np.zeros(shape, dtype=bool)
    out[np.ix_(rows, columns)] = part
    return out
