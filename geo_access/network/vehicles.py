"""Staying in the seat: trips that one vehicle runs one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geo_access.sources.gtfs import Feed

__all__ = ["in_seat_pairs"]

# A block goes on in-seat when the next trip starts here, soon: longer stands are breaks, farther starts empty runs.
_SAME_PLACE_M = 200.0
_LONGEST_STAND_S = 1800


def in_seat_pairs(
    feeds: Sequence[Feed], feed: np.ndarray, row: np.ndarray, day: np.ndarray, block: np.ndarray, indptr: np.ndarray,
    stop: np.ndarray, arrival: np.ndarray, departure: np.ndarray, x: np.ndarray, y: np.ndarray,
) -> tuple[np.ndarray, list[str]]:  # fmt: skip
    """Find trips that continue as another: by ``block_id`` on the same service day, and by ``transfers.txt``.

    Trips of one block follow each other in order of time. One stays seated when the next starts within 200 m and at
    most 30 minutes later. ``transfer_type`` 4 says so for a pair of trips whatever the distance, 5 denies it.

    Parameters
    ----------
    feeds : sequence of Feed
    feed, row, day, block : ndarray, shape (n_trips,)
        Feed, row of its trips, relative service day, vehicle block (−1 for none).
    indptr, stop, arrival, departure : ndarray
        Events as in `Timetable`.
    x, y : ndarray of float64, shape (n_stops,)
        [m].

    Returns
    -------
    pairs : ndarray of int32, shape (k, 2)
        Trip and the one it continues as, ascending.
    notes : list of str
        Blocks whose trips overlap.
    """
    first, last = indptr[:-1], indptr[1:] - 1
    in_block = np.flatnonzero(block >= 0)
    order = in_block[np.lexsort((departure[first[in_block]], block[in_block]))]
    a, b = order[:-1], order[1:]
    same = block[a] == block[b]
    a, b = a[same], b[same]
    gap = departure[first[b]] - arrival[last[a]]
    metres = np.hypot(x[stop[last[a]]] - x[stop[first[b]]], y[stop[last[a]]] - y[stop[first[b]]])
    follows = (gap >= 0) & (gap <= _LONGEST_STAND_S) & (metres <= _SAME_PLACE_M) & (row[a] != row[b])
    # Arriving and leaving times of the seat must not cross either.
    follows &= arrival[first[b]] >= departure[last[a]]
    pairs = {(int(p), int(q)) for p, q in zip(a[follows], b[follows], strict=True)}
    overlaps = int(((gap < 0) & (row[a] != row[b])).sum())
    notes = (
        [f"block_trips_with_overlapping_stop_times: {overlaps} pairs of trips of one block overlap"] if overlaps else []
    )
    pairs = _stated(feeds, feed, row, day, pairs)
    return np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2), notes


def _stated(
    feeds: Sequence[Feed], feed: np.ndarray, row: np.ndarray, day: np.ndarray, pairs: set[tuple[int, int]]
) -> set[tuple[int, int]]:
    for number, one in enumerate(feeds):
        named = one.transfers
        named = named[(named["transfer_type"] >= 4) & (named["from_trip_id"] != "") & (named["to_trip_id"] != "")]
        if named.empty:
            continue
        place = {name: index for index, name in enumerate(one.trips["trip_id"])}
        mine = np.flatnonzero(feed == number)
        runs = {(int(row[t]), int(day[t])): int(t) for t in mine}
        for origin, target, kind in zip(
            *(named[c] for c in ("from_trip_id", "to_trip_id", "transfer_type")), strict=True
        ):
            for relative in (-1, 0, 1):
                before, after = runs.get((place[origin], relative)), runs.get((place[target], relative))
                if before is not None and after is not None:
                    pairs = pairs | {(before, after)} if kind == 4 else pairs - {(before, after)}
    return pairs
