"""Staying in the seat: trips that one vehicle runs one after the other.

A trip with stops that must be booked is there twice (see `Timetable.trip_on_demand`): for those who book and for those
who do not. Neither has to get off because of what the other does, so that each sees the whole chain: the pairs are
found once over the vehicles of those who do not book, and once over those of the ones who do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geo_access.sources.gtfs.model import Feed
from geo_access.words.note import Note, note

__all__ = ["SeatTrips", "in_seat_pairs", "linked_trips"]

# A block goes on in-seat when the next trip starts here, soon: longer stands are breaks, farther starts empty runs.
_SAME_PLACE_M = 200.0
_LONGEST_STAND_S = 1800


@dataclass(frozen=True, eq=False)
class SeatTrips:
    """What staying in the seat depends on, one value per trip of the timetable.

    Attributes
    ----------
    feed, row : ndarray of int32, shape (n_trips,)
        Feed, and row of its trips.
    day : ndarray of int8, shape (n_trips,)
        Service day, relative.
    block : ndarray of int32, shape (n_trips,)
        Vehicle block on one service day, or −1.
    repeated : ndarray of bool, shape (n_trips,)
        Whether the trip is one of many that ``frequencies.txt`` makes of its row.
    on_demand : ndarray of bool, shape (n_trips,)
        The trip of those who book.
    first_stop, last_stop : ndarray of int32, shape (n_trips,)
    start_s, leave_s, arrive_s, end_s : ndarray of int32, shape (n_trips,)
        Arrival and departure at the first call, arrival and departure at the last one [s].
    """

    feed: np.ndarray
    row: np.ndarray
    day: np.ndarray
    block: np.ndarray
    repeated: np.ndarray
    on_demand: np.ndarray
    first_stop: np.ndarray
    last_stop: np.ndarray
    start_s: np.ndarray
    leave_s: np.ndarray
    arrive_s: np.ndarray
    end_s: np.ndarray


def linked_trips(feed: Feed) -> np.ndarray:
    """Tell which trips may be ridden on from, or come to, without leaving the seat: ndarray of bool, shape (n_trips,).

    Such a trip counts even where nobody could ride it alone: one may have boarded before it, or get off after it.
    """
    named = feed.transfers[feed.transfers["transfer_type"] == 4]
    stated = feed.trips["trip_id"].isin({*named["from_trip_id"], *named["to_trip_id"]} - {""})
    return ((feed.trips["block_id"] != "") | stated).to_numpy(dtype=bool)


def in_seat_pairs(
    feeds: Sequence[Feed], trips: SeatTrips, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, list[Note]]:
    """Find trips that continue as another: by ``block_id`` on the same service day, and by ``transfers.txt``.

    Trips of one block follow each other in order of time; vehicles of a repeated trip each take the next departure of
    their block that no other has taken. One stays seated when that starts within 200 m and at most 30 minutes later.
    ``transfer_type`` 4 says so for a pair of trips whatever the distance, 5 denies it: on the same service day or, when
    the first ends after the second has left, on the next one.

    Parameters
    ----------
    feeds : sequence of Feed
    trips : SeatTrips
    x, y : ndarray of float64, shape (n_stops,)
        [m].

    Returns
    -------
    pairs : ndarray of int32, shape (k, 2)
        Trip and the one it continues as, ascending.
    notes : list of Note
        Blocks whose trips overlap.
    """
    pairs: set[tuple[int, int]] = set()
    overlaps = 0
    for seen in _views(trips):
        in_blocks, crossing = _by_block(trips, seen, x, y)
        pairs |= _stated(feeds, trips, seen, in_blocks)
        overlaps = max(overlaps, crossing)
    notes = [note("blocks_overlap", n=overlaps)] if overlaps else []
    return np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2), notes


def _views(trips: SeatTrips) -> list[np.ndarray]:
    """Trips of those who do not book, and of those who do: the booked copy in place of the plain one."""
    plain = np.flatnonzero(~trips.on_demand)
    booked = np.flatnonzero(trips.on_demand)
    if not len(booked):
        return [plain]
    keys = (trips.feed, trips.row, trips.day, trips.start_s, trips.leave_s)

    def key(which: np.ndarray) -> list[tuple[int, ...]]:
        return list(zip(*(values[which].tolist() for values in keys), strict=True))

    replaced = set(key(booked))
    kept = np.array([one not in replaced for one in key(plain)], dtype=bool)
    return [plain, np.concatenate((plain[kept], booked))]


def _by_block(trips: SeatTrips, seen: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[set[tuple[int, int]], int]:
    in_block = seen[trips.block[seen] >= 0]
    order = in_block[np.lexsort((trips.row[in_block], trips.leave_s[in_block], trips.block[in_block]))]
    many = np.isin(trips.block[order], np.unique(trips.block[order[trips.repeated[order]]]))
    a, b = _consecutive(trips, order[~many])
    gap = trips.leave_s[b] - trips.arrive_s[a]
    overlaps = int(((gap < 0) & (trips.row[a] != trips.row[b])).sum())
    follows = _follows(trips, a, b, x, y) & (trips.row[a] != trips.row[b])
    pairs = {(int(p), int(q)) for p, q in zip(a[follows], b[follows], strict=True)}
    return pairs | _first_free(trips, order[many], x, y), overlaps


def _consecutive(trips: SeatTrips, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b = order[:-1], order[1:]
    same = trips.block[a] == trips.block[b]
    return a[same], b[same]


def _follows(trips: SeatTrips, a: np.ndarray, b: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    gap = trips.leave_s[b] - trips.arrive_s[a]
    metres = np.hypot(x[trips.last_stop[a]] - x[trips.first_stop[b]], y[trips.last_stop[a]] - y[trips.first_stop[b]])
    # Arriving and leaving times of the seat must not cross either.
    return (gap >= 0) & (gap <= _LONGEST_STAND_S) & (metres <= _SAME_PLACE_M) & (trips.start_s[b] >= trips.end_s[a])


def _first_free(trips: SeatTrips, order: np.ndarray, x: np.ndarray, y: np.ndarray) -> set[tuple[int, int]]:
    """Pair the vehicles of blocks with repeated trips: whoever ends first takes the first departure not yet taken."""
    pairs = set()
    blocks: dict[int, list[int]] = {}
    for trip in order.tolist():
        blocks.setdefault(int(trips.block[trip]), []).append(trip)
    for members in blocks.values():
        free = list(members)
        # Members come in the order in which they leave.
        for before in sorted(members, key=lambda trip: int(trips.arrive_s[trip])):
            for place, after in enumerate(free):
                if after != before and _follows(trips, np.array([before]), np.array([after]), x, y)[0]:
                    pairs.add((before, after))
                    del free[place]
                    break
                if trips.leave_s[after] > trips.arrive_s[before] + _LONGEST_STAND_S:
                    break
    return pairs


def _stated(
    feeds: Sequence[Feed], trips: SeatTrips, seen: np.ndarray, pairs: set[tuple[int, int]]
) -> set[tuple[int, int]]:
    """Add the pairs of ``transfer_type`` 4 and take those of 5 away."""
    for number, one in enumerate(feeds):
        named = one.transfers
        named = named[(named["transfer_type"] >= 4) & (named["from_trip_id"] != "") & (named["to_trip_id"] != "")]
        if named.empty:
            continue
        place = {name: index for index, name in enumerate(one.trips["trip_id"])}
        mine = seen[trips.feed[seen] == number]
        runs = {(int(trips.row[t]), int(trips.day[t])): int(t) for t in mine}
        for origin, target, kind in zip(
            *(named[c] for c in ("from_trip_id", "to_trip_id", "transfer_type")), strict=True
        ):
            for relative in (-1, 0, 1):
                before = runs.get((place[origin], relative))
                if before is None:
                    continue
                after = runs.get((place[target], relative))
                if after is None or trips.leave_s[after] < trips.arrive_s[before]:
                    after = runs.get((place[target], relative + 1))
                if after is not None:
                    pairs = pairs | {(before, after)} if kind == 4 else pairs - {(before, after)}
    return pairs
