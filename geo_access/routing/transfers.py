"""Which changes of vehicle can be part of a best journey: found once per timetable and walking speed.

Changes are pairs of events: get off at event e, walk, board at event f. Two rules keep few of them:

1. per line, the earliest trip that can be caught, unless getting off later on the same trip catches as good a one;
2. a change stays only when riding on from f reaches some stop earlier *by vehicle* than the trip itself, or a change
   already kept from the same or a later event of it (the reduction of trip-based routing, Witt 2015, without
   relaxing footpaths in the test: exact although footpaths are not transitively closed, since whoever arrives at a
   stop no later can walk on from it no later).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geo_access.arrays import indptr_of, indptr_of_rows, rows_of
from geo_access.kernels import njit
from geo_access.network.model import SparseTimes, Timetable
from geo_access.network.search.kernels import longer
from geo_access.routing.lines import Lines
from geo_access.routing.tables import LineTables, Walks
from geo_access.routing.timed import walks_of
from geo_access.threads import in_pieces
from geo_access.words.told import refusal

__all__ = ["file_changes", "find_changes", "find_transfers", "usable_footpaths"]

_LATE = np.int32(2**31 - 1)


def usable_footpaths(timetable: Timetable, *, walk_kmh: float, max_transfer_s: int, min_transfer_s: int) -> SparseTimes:
    """List the walks between stops at the speed asked, the change at the same stop included, forbidden pairs left out.

    Parameters
    ----------
    timetable : Timetable
    walk_kmh : float
        Walking speed [km/h]; walks scale with the ratio to the timetable's and are rounded up.
    max_transfer_s : int
        Longest walk [s].
    min_transfer_s : int
        Least time to change [s], added to the walk; at the same stop the larger of it and the stop's own. A change
        that the operator times takes that time: no speed, no limit and no margin touch it.

    Returns
    -------
    SparseTimes
        Stop × stop, from getting off to being ready to board [s].

    Raises
    ------
    InputError
        When such walks reach farther than those that the network was built with.
    """
    asked_m, known_m = max_transfer_s * walk_kmh / 3.6, timetable.reach_s * timetable.walk_kmh / 3.6
    if asked_m > known_m + 1.0:
        raise refusal(
            "routing.max_transfer",
            walks_s=str(max_transfer_s),
            kmh=walk_kmh,
            asked=round(asked_m),
            known=round(known_m),
            ask_s=str(int(known_m * 3.6 / walk_kmh)),
        )
    paths = timetable.footpaths
    n_stops = timetable.n_stops
    rows = rows_of(paths.indptr)
    columns = paths.indices.astype(np.int64)
    timed = timetable.stated.astype(np.int64)
    by_operator = np.isin(rows * n_stops + columns, timed[:, 0] * n_stops + timed[:, 1])
    scaled = np.ceil(paths.seconds * (timetable.walk_kmh / walk_kmh) - 1e-6).astype(np.int64)
    seconds = np.where(by_operator, paths.seconds, scaled)
    ok = ((seconds <= max_transfer_s) | by_operator) & (rows != columns)
    own = np.arange(n_stops, dtype=np.int64)
    rows = np.concatenate((own, rows[ok]))
    columns = np.concatenate((own, columns[ok]))
    itself = np.isin(own, timed[timed[:, 0] == timed[:, 1], 0])
    same = np.maximum(timetable.min_transfer_s.astype(np.int64), np.where(itself, 0, min_transfer_s))
    seconds = np.concatenate((same, (seconds + np.where(by_operator, 0, min_transfer_s))[ok]))
    if len(timetable.forbidden):
        banned = timetable.forbidden.astype(np.int64)
        allowed = ~np.isin(rows * n_stops + columns, banned[:, 0] * n_stops + banned[:, 1])
        rows, columns, seconds = rows[allowed], columns[allowed], seconds[allowed]
    order = np.lexsort((seconds, rows))
    indptr = indptr_of_rows(rows, n_stops)
    return SparseTimes(indptr, columns[order].astype(np.int32), seconds[order].astype(np.int32), n_stops)


def find_transfers(lines: Lines, footpaths: SparseTimes) -> tuple[np.ndarray, np.ndarray]:
    """Events to get off at and events to board at, for every change worth keeping.

    Parameters
    ----------
    lines : Lines
    footpaths : SparseTimes
        From `usable_footpaths`.

    Returns
    -------
    from_indptr : ndarray of int64, shape (n_events + 1,)
        Event e keeps the changes ``from_indptr[e]:from_indptr[e + 1]``.
    board_event : ndarray of int32, shape (n_kept,)
    """
    counts = np.zeros(lines.n_events, dtype=np.int32)
    pieces = find_changes(lines, footpaths, np.arange(len(lines.trip_line)), counts)
    indptr = indptr_of(counts)
    board = np.empty(indptr[-1], np.int32)
    file_changes(pieces, indptr, board)
    return indptr, board


def find_changes(
    lines: Lines, footpaths: SparseTimes, trips: np.ndarray, counts: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Find the changes of some trips.

    Parameters
    ----------
    lines : Lines
    footpaths : SparseTimes
        From `usable_footpaths`.
    trips : ndarray of int64, shape (n,)
        Rising.
    counts : ndarray of int32, shape (n_events,)
        Gets how many each event of these trips keeps.

    Returns
    -------
    list of (ndarray of int32, ndarray of int32)
        Events to get off at, and to board at.
    """
    tables = (trips, counts, lines.n_stops, lines.tables, walks_of(footpaths))
    return in_pieces(_kept, len(trips), *tables, per_thread=32)


def file_changes(pieces: Sequence[tuple[np.ndarray, np.ndarray]], indptr: np.ndarray, board: np.ndarray) -> None:
    """Put the changes that were found into their places, by the event got off at.

    Parameters
    ----------
    pieces : sequence of (ndarray of int32, ndarray of int32)
        From `find_changes`.
    indptr : ndarray of int64, shape (n_events + 1,)
    board : ndarray of int32
        Is written to.
    """
    # A task meets its trips in order but the events of a trip from the last to the first.
    cursor = indptr[:-1].copy()
    for piece in pieces:
        _file(*piece, cursor, board)


@njit(cache=True)
def _file(alight: np.ndarray, found: np.ndarray, cursor: np.ndarray, board: np.ndarray) -> None:
    for k in range(len(alight)):
        board[cursor[alight[k]]] = found[k]
        cursor[alight[k]] += 1


@njit(cache=True, nogil=True)
def _kept(  # noqa: C901
    first: int,
    last: int,
    trips: np.ndarray,
    counts: np.ndarray,
    n_stops: int,
    lines: LineTables,
    feet: Walks,
) -> tuple[np.ndarray, np.ndarray]:
    """List the changes of some trips worth keeping: events got off at and boarded; `counts` gets how many of each.

    `reached` is the earliest arrival at each stop by the trip itself or a change kept from it, `caught` the earliest
    trip of each line that it catches, `…_of` the trip that wrote the entry: nothing is cleared between trips.
    """
    stop, arrival, departure, alight = lines.stop, lines.arrival, lines.departure, lines.alight
    trip_indptr, line_indptr = lines.trip_indptr, lines.line_indptr
    stop_indptr, stop_line, stop_position = lines.stop_indptr, lines.stop_line, lines.stop_position
    foot_indptr, foot_stop, foot_s = feet
    n_lines = len(line_indptr) - 1
    reached = np.full(n_stops, _LATE, np.int32)
    reached_of = np.full(n_stops, -1, np.int32)
    caught = np.zeros(n_lines, np.int32)
    caught_at = np.zeros(n_lines, np.int32)
    caught_of = np.full(n_lines, -1, np.int32)
    out_from = np.empty(1024, np.int32)
    out_to = np.empty(1024, np.int32)
    n_out = 0
    for t in trips[first:last]:
        base = trip_indptr[t]
        for e in range(trip_indptr[t + 1] - 1, base, -1):
            if not alight[e]:
                continue
            p = stop[e]
            if reached_of[p] != t or arrival[e] < reached[p]:
                reached[p] = arrival[e]
                reached_of[p] = t
            for w in range(foot_indptr[p], foot_indptr[p + 1]):
                q = foot_stop[w]
                ready = arrival[e] + foot_s[w]
                for c in range(stop_indptr[q], stop_indptr[q + 1]):
                    line = stop_line[c]
                    k = stop_position[c]
                    low = line_indptr[line]
                    high = line_indptr[line + 1]
                    if caught_of[line] == t and caught_at[line] <= k:
                        # Getting off later catches this trip no further along: earlier trips are all that is left.
                        high = caught[line]
                        if high == low or departure[trip_indptr[high - 1] + k] < ready:
                            continue
                    if departure[trip_indptr[high - 1] + k] < ready:
                        continue
                    while low < high - 1:
                        middle = (low + high - 1) // 2
                        if departure[trip_indptr[middle] + k] >= ready:
                            high = middle + 1
                        else:
                            low = middle + 1
                    u = low
                    f = trip_indptr[u] + k
                    if caught_of[line] != t or (u <= caught[line] and k <= caught_at[line]):
                        caught_of[line] = t
                        caught[line] = u
                        caught_at[line] = k
                    if u == t and k >= e - base:
                        continue
                    keep = False
                    for g in range(f + 1, trip_indptr[u + 1]):
                        if alight[g]:
                            s = stop[g]
                            if reached_of[s] != t or arrival[g] < reached[s]:
                                reached[s] = arrival[g]
                                reached_of[s] = t
                                keep = True
                    if keep:
                        if n_out == len(out_from):
                            out_from, out_to = longer(out_from, 2 * n_out), longer(out_to, 2 * n_out)
                        out_from[n_out] = e
                        out_to[n_out] = f
                        n_out += 1
                        counts[e] += 1
    return out_from[:n_out].copy(), out_to[:n_out].copy()
