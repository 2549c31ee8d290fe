"""Trips that two feeds both hold: a regional aggregate beside the local feed that it repeats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geo_access.arrays import indptr_of, places_in_rows, ranges
from geo_access.network.timetable.runs import Runs
from geo_access.sources.gtfs.model import Feed
from geo_access.sources.gtfs.positions import great_circle_m
from geo_access.words.note import Note, note

__all__ = ["without_repeats"]

# Producers place a stop on either side of its street, or in the middle of its square.
_SAME_STOP_M = 100.0
_MINUTE_S = 60


def without_repeats(feeds: Sequence[Feed], runs: Sequence[Runs]) -> tuple[list[Runs], tuple[Note, ...]]:
    """Leave out the vehicles of a feed that another feed has too.

    A vehicle repeats another when both have as many calls, at the same minutes, each within 100 m of the other's.
    That of the feed with fewer stops is kept, the local one; of two alike, that of the feed named first.

    Parameters
    ----------
    feeds : sequence of Feed
    runs : sequence of Runs
        One per feed, around one day.

    Returns
    -------
    runs : list of Runs
        In the order of the feeds.
    notes : tuple of Note
        How many vehicles of which feed repeat which other's.
    """
    kept = list(runs)
    if len(feeds) < 2:
        return kept, ()
    keys = [_keys(feed, one) for feed, one in zip(feeds, runs, strict=True)]
    sizes = [len(np.unique(feed.stop_times.stop)) for feed in feeds]
    local_first = sorted(range(len(feeds)), key=lambda number: (sizes[number], number))
    notes = []
    for place, number in enumerate(local_first):
        again = np.zeros(len(runs[number].trip), dtype=bool)
        for other in local_first[:place]:
            found = _repeats(feeds, runs, keys, number, other) & ~again
            again |= found
            today = int((found & (runs[number].day == 0)).sum())
            if today:
                total = int((runs[number].day == 0).sum())
                notes.append(
                    note("gtfs.repeats", feed=feeds[number].name, other=feeds[other].name, n=today, total=total)
                )
        if again.any():
            kept[number] = Runs(*(getattr(runs[number], name)[~again] for name in Runs.__dataclass_fields__))
    return kept, tuple(notes)


def _minutes(feed: Feed, runs: Runs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """List the calls of each run, the minute of each departure, and where the calls of each run begin."""
    times = feed.stop_times
    starts = times.trip_indptr[:-1][runs.trip]
    counts = (times.trip_indptr[1:][runs.trip] - starts).astype(np.int64)
    calls, indptr = ranges(starts, counts), indptr_of(counts)
    return calls, (times.departure_s[calls] + np.repeat(runs.shift_s, counts)) // _MINUTE_S, indptr


def _keys(feed: Feed, runs: Runs) -> np.ndarray:
    """Give each run a number, the same where the minutes of all calls are: ndarray of uint64, shape (n_runs,)."""
    calls, minutes, indptr = _minutes(feed, runs)
    if not len(calls):
        return np.zeros(len(runs.trip), dtype=np.uint64)
    at = places_in_rows(indptr).astype(np.uint64)
    # Odd multipliers mix well modulo 2^64 (Knuth, multiplicative hashing); equal sums are checked call by call.
    mixed = (minutes.astype(np.uint64) + np.uint64(1)) * (at * np.uint64(0x9E3779B97F4A7C15) + np.uint64(1))
    return np.add.reduceat(mixed, indptr[:-1]) ^ np.diff(indptr).astype(np.uint64)


def _repeats(
    feeds: Sequence[Feed], runs: Sequence[Runs], keys: Sequence[np.ndarray], number: int, other: int
) -> np.ndarray:
    """Which runs of feed `number` are those of feed `other`: ndarray of bool."""
    out = np.zeros(len(runs[number].trip), dtype=bool)
    shared = np.intersect1d(keys[number], keys[other])
    if not len(shared):
        return out
    theirs: dict[int, list[int]] = {}
    for place in np.flatnonzero(np.isin(keys[other], shared)):
        theirs.setdefault(int(keys[other][place]), []).append(int(place))
    mine_at, mine = _path(feeds[number], runs[number]), _minutes(feeds[number], runs[number])
    other_at, others = _path(feeds[other], runs[other]), _minutes(feeds[other], runs[other])
    for place in np.flatnonzero(np.isin(keys[number], shared)):
        part = slice(mine[2][place], mine[2][place + 1])
        for candidate in theirs[int(keys[number][place])]:
            its = slice(others[2][candidate], others[2][candidate + 1])
            if not np.array_equal(mine[1][part], others[1][its]):
                continue
            (x, y), (u, v) = (path[:, span] for path, span in ((mine_at, part), (other_at, its)))
            if bool((great_circle_m(x, y, u, v) <= _SAME_STOP_M).all()):
                out[place] = True
                break
    return out


def _path(feed: Feed, runs: Runs) -> np.ndarray:
    """Longitude and latitude [°] of the calls of each run, one run after the other: shape (2, n_calls)."""
    stop = feed.stop_times.stop[_minutes(feed, runs)[0]]
    return np.stack((feed.stops["stop_lon"].to_numpy()[stop], feed.stops["stop_lat"].to_numpy()[stop]))
