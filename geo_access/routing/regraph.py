"""The changes of an edited timetable: found again only for the trips that the edit can touch.

A kept change stays worth keeping while the trips at both ends run. It is looked for again from trips that are new,
from those that changed to a trip that runs no longer, and from those that a new trip is the next to leave for. From
any other, whatever it could change to is as good as before: of a trip that is gone and was not worth changing to, the
next one of its line is not either, as nobody is overtaken.
"""

from __future__ import annotations

import numpy as np

from geo_access.arrays import indptr_of
from geo_access.kernels import njit
from geo_access.network.model import SparseTimes, Timetable
from geo_access.network.timetable.lineage import lineage_of
from geo_access.routing.lines import Lines, filed
from geo_access.routing.sweep import SweepGraph
from geo_access.routing.tables import Alightings, LineTables, Walks
from geo_access.routing.timed import walks_of
from geo_access.routing.transfers import file_changes, find_changes

__all__ = ["same_walks", "transfers_again"]

_OF_WALKS = ("footpaths", "forbidden", "stated", "min_transfer_s", "walk_kmh", "reach_s")


def same_walks(one: Timetable, other: Timetable) -> bool:
    """Whether one changes between stops alike: the very same tables, as an edit of trips leaves them."""
    pairs = [(getattr(one, name), getattr(other, name)) for name in _OF_WALKS]
    same = all(mine is theirs or (np.isscalar(mine) and mine == theirs) for mine, theirs in pairs)
    return same and one.n_stops == other.n_stops


def transfers_again(
    root: SweepGraph, timetable: Timetable, lines: Lines, footpaths: SparseTimes
) -> tuple[np.ndarray, np.ndarray] | None:
    """Find the changes of an edited timetable from those of the one it was made from.

    Parameters
    ----------
    root : SweepGraph
        Of the timetable before any edit, with the same limits.
    timetable : Timetable
        As edited.
    lines : Lines
        Of it.
    footpaths : SparseTimes
        From `usable_footpaths`, the same for both.

    Returns
    -------
    from_indptr, board_event : ndarray
        As `geo_access.routing.transfers.find_transfers` returns them, perhaps not the same ones: every arrival is.
        None where the two cannot be compared trip by trip.
    """
    old = root.lines
    place = np.full(int(old.event_source.max(initial=-1)) + 1, -1, np.int64)
    place[old.event_source] = np.arange(old.n_events)
    if np.count_nonzero(place >= 0) != old.n_events:
        return None  # a vehicle that goes on as two others stands twice
    was = _events_before(timetable, lines, place)
    trip_was, trip_is = _matched(lines.trip_indptr, was, old.trip_indptr, old.event_trip)
    order = np.empty(old.n_events, np.int64)
    order[root.rank] = np.arange(old.n_events)
    again = trip_was < 0
    _mark_left(again, trip_is, old.event_trip, old.trip_indptr, root.transfer_indptr, root.transfer_board)
    towards = _turned_walks(footpaths)
    _mark_caught(again, trip_was, trip_is, (lines.tables, old.event_trip), towards, (root.alightings, order))
    counts = np.zeros(lines.n_events, np.int32)
    tables = (trip_was, again, lines.trip_indptr, old.trip_indptr)
    _count_kept(counts, *tables, root.transfer_indptr)
    found = find_changes(lines, footpaths, np.flatnonzero(again), counts)
    indptr = indptr_of(counts)
    board = np.empty(indptr[-1], np.int32)
    carried = (trip_is, lines.trip_indptr, old.trip_indptr, old.event_trip)
    _carry(board, indptr, trip_was, again, carried, (root.transfer_indptr, root.transfer_board))
    file_changes(found, indptr, board)
    return indptr, board


def _events_before(timetable: Timetable, lines: Lines, place: np.ndarray) -> np.ndarray:
    """Event of the old lines that each event of the new ones was, or −1: int64 (n_events,)."""
    known = lineage_of(timetable)
    of_root = known.root.trip_indptr[np.maximum(known.trip, 0)]
    shift = np.where(known.trip < 0, -(2**40), of_root - timetable.trip_indptr[:-1])
    trip = np.repeat(np.arange(timetable.n_trips), np.diff(timetable.trip_indptr))
    source = lines.event_source + shift[trip[lines.event_source]]
    inside = (source >= 0) & (source < len(place))
    return np.where(inside, place[np.where(inside, source, 0)], -1)


def _turned_walks(footpaths: SparseTimes) -> Walks:
    """List by stop from where one walks to it."""
    stop_from = np.repeat(np.arange(len(footpaths.indptr) - 1), np.diff(footpaths.indptr))
    indptr, order = filed(footpaths.indices, len(footpaths.indptr) - 1)
    walks = walks_of(footpaths)
    return Walks(indptr, stop_from[order].astype(np.int32), walks.seconds[order])


@njit(cache=True)
def _matched(
    trip_indptr: np.ndarray, was: np.ndarray, old_indptr: np.ndarray, old_trip: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Name the old trip of each new one, and the new of each old: those that are the same from end to end."""
    n, n_old = len(trip_indptr) - 1, len(old_indptr) - 1
    trip_was = np.full(n, -1, np.int64)
    trip_is = np.full(n_old, -1, np.int64)
    for t in range(n):
        base = trip_indptr[t]
        first = was[base]
        if first < 0:
            continue
        other = old_trip[first]
        length = trip_indptr[t + 1] - base
        if old_indptr[other] != first or old_indptr[other + 1] - first != length or trip_is[other] >= 0:
            continue
        same = True
        for k in range(length):
            same &= was[base + k] == first + k
        if same:
            trip_was[t] = other
            trip_is[other] = t
    return trip_was, trip_is


@njit(cache=True)
def _mark_left(
    again: np.ndarray,
    trip_is: np.ndarray,
    old_trip: np.ndarray,
    old_indptr: np.ndarray,
    indptr: np.ndarray,
    board: np.ndarray,
) -> None:
    """Mark the trips that kept a change to one that is gone."""
    for other in range(len(trip_is)):
        t = trip_is[other]
        if t < 0:
            continue
        for k in range(indptr[old_indptr[other]], indptr[old_indptr[other + 1]]):
            if trip_is[old_trip[board[k]]] < 0:
                again[t] = True
                break


@njit(cache=True)
def _mark_caught(
    again: np.ndarray,
    trip_was: np.ndarray,
    trip_is: np.ndarray,
    events: tuple[LineTables, np.ndarray],
    towards: Walks,
    off: tuple[Alightings, np.ndarray],
) -> None:
    """Mark the trips for which a new one is the first of its line to leave after getting off."""
    lines, old_trip = events
    alightings, order = off
    for stop in range(len(lines.stop_indptr) - 1):
        for c in range(lines.stop_indptr[stop], lines.stop_indptr[stop + 1]):
            line, k = lines.stop_line[c], lines.stop_position[c]
            for t in range(lines.line_indptr[line], lines.line_indptr[line + 1]):
                if trip_was[t] >= 0:
                    continue
                leaves_s = lines.departure[lines.trip_indptr[t] + k]
                first = t == lines.line_indptr[line]
                before_s = lines.departure[lines.trip_indptr[t - 1] + k] if not first else leaves_s
                for w in range(towards.indptr[stop], towards.indptr[stop + 1]):
                    begin = alightings.indptr[towards.stop[w]]
                    end = alightings.indptr[towards.stop[w] + 1]
                    low, high = begin, end
                    latest_s = leaves_s - towards.seconds[w]
                    while low < high:
                        middle = (low + high) >> 1
                        if alightings.arrival_s[alightings.rank[middle]] <= latest_s:
                            low = middle + 1
                        else:
                            high = middle
                    for j in range(low - 1, begin - 1, -1):
                        r = alightings.rank[j]
                        if not first and alightings.arrival_s[r] <= before_s - towards.seconds[w]:
                            break
                        from_trip = trip_is[old_trip[order[r]]]
                        if from_trip >= 0:
                            again[from_trip] = True


@njit(cache=True)
def _count_kept(
    counts: np.ndarray,
    trip_was: np.ndarray,
    again: np.ndarray,
    trip_indptr: np.ndarray,
    old_indptr: np.ndarray,
    indptr: np.ndarray,
) -> None:
    for t in range(len(trip_was)):
        if not again[t]:
            shift = old_indptr[trip_was[t]] - trip_indptr[t]
            for e in range(trip_indptr[t], trip_indptr[t + 1]):
                counts[e] = indptr[e + shift + 1] - indptr[e + shift]


@njit(cache=True)
def _carry(
    out: np.ndarray,
    out_indptr: np.ndarray,
    trip_was: np.ndarray,
    again: np.ndarray,
    trips: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    kept: tuple[np.ndarray, np.ndarray],
) -> None:
    """Write the changes that stay under the new numbers of their events."""
    trip_is, trip_indptr, old_indptr, old_trip = trips
    indptr, board = kept
    for t in range(len(trip_was)):
        if again[t]:
            continue
        shift = old_indptr[trip_was[t]] - trip_indptr[t]
        for e in range(trip_indptr[t], trip_indptr[t + 1]):
            at = out_indptr[e]
            for k in range(indptr[e + shift], indptr[e + shift + 1]):
                other = old_trip[board[k]]
                out[at] = board[k] - old_indptr[other] + trip_indptr[trip_is[other]]
                at += 1
