"""Where two timetables of the same stops differ in time: what an edit cannot touch need not be searched again."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from typing import Any

import numpy as np

from geo_access.arrays import SEEDS, mixed
from geo_access.network.model import SparseTimes, Timetable
from geo_access.network.timetable.lineage import lineage_of

__all__ = ["same_service", "touched_spans"]

# What describes a trip or its calls; all else must be equal for two timetables to be compared trip by trip.
_OF_TRIPS = {
    "trip_id",
    "trip_headsign",
    "trip_route",
    "trip_day",
    "trip_bikes",
    "trip_on_demand",
    "trip_block",
    "trip_indptr",
    "trip_days",
    "trip_wait_s",
    "event_stop",
    "event_arrival_s",
    "event_departure_s",
    "event_board",
    "event_alight",
    "in_seat",
}
_SAID = {"day", "notes", "zone"}


def touched_spans(before: Timetable, after: Timetable) -> np.ndarray | None:
    """Find when the trips run that only one of two timetables has.

    Parameters
    ----------
    before, after : Timetable

    Returns
    -------
    ndarray of int64, shape (k, 2), or None
        First departure and last arrival of each such trip [s]; a trip whose next one on the same seat changed counts
        too. A journey within hours that none of them meets is the same on both. None where more than trips differs:
        stops, walks, rules of change, lines.
    """
    for item in fields(Timetable):
        if item.name in _OF_TRIPS or item.name in _SAID:
            continue
        if not _equal(getattr(before, item.name), getattr(after, item.name)):
            return None
    known = lineage_of(after)
    if known.root is before and not len(before.in_seat) and not len(after.in_seat):
        gone = np.ones(before.n_trips, dtype=bool)
        gone[known.trip[known.trip >= 0]] = False
        return np.unique(np.concatenate((_spans(before)[gone], _spans(after)[known.trip < 0])), axis=0)
    n_before, seats = before.n_trips, (before.in_seat.reshape(-1, 2), after.in_seat.reshape(-1, 2))
    _, kind = np.unique(np.concatenate((_marks(before), _marks(after))), axis=0, return_inverse=True)
    kind = kind.ravel()
    n_kinds = int(kind.max(initial=-1)) + 1
    had, has = (np.bincount(part, minlength=n_kinds) for part in (kind[:n_before], kind[n_before:]))
    changed = had != has
    kept = [np.unique(kind[pairs + shift], axis=0) for pairs, shift in zip(seats, (0, n_before), strict=True)]
    joined, times = np.unique(np.concatenate(kept), axis=0, return_counts=True)
    changed[joined[times == 1].ravel()] = True
    spans = [_spans(before)[changed[kind[:n_before]]], _spans(after)[changed[kind[n_before:]]]]
    return np.unique(np.concatenate(spans), axis=0)


def same_service(one: Timetable | None, other: Timetable | None) -> bool:
    """Whether two days have the very same service: every journey of one is a journey of the other.

    Examples
    --------
    >>> same_service(None, None)
    True
    """
    if one is None or other is None:
        return one is other
    spans = touched_spans(one, other)
    return spans is not None and not len(spans)


def _equal(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and np.array_equal(one, other)
    if isinstance(one, SparseTimes):
        return isinstance(other, SparseTimes) and all(
            _equal(getattr(one, item.name), getattr(other, item.name)) for item in fields(SparseTimes)
        )
    if one is None or other is None or isinstance(one, float | int | str):
        return bool(one == other)
    if type(one) is not type(other):
        return False
    return all(_equal(getattr(one, item.name), getattr(other, item.name)) for item in fields(one))


def _spans(timetable: Timetable) -> np.ndarray:
    """First departure and last arrival of each trip, int64 (n_trips, 2) [s]."""
    first, last = timetable.trip_indptr[:-1], timetable.trip_indptr[1:] - 1
    columns = timetable.event_departure_s[first], timetable.event_arrival_s[last]
    return np.column_stack(columns).astype(np.int64)


@lru_cache(maxsize=2)
def _marks(timetable: Timetable) -> np.ndarray:
    """All of each trip that a journey may depend on, as 128 bits: uint64 (n_trips, 2).

    Two trips that differ share a mark once in 2¹²⁸ pairs; comparing the calls themselves, trip by trip, costs more than
    the searches that it saves.
    """
    starts = timetable.trip_indptr[:-1]
    place = np.arange(len(timetable.event_stop)) - np.repeat(starts, np.diff(timetable.trip_indptr))
    calls = (
        place,
        timetable.event_stop,
        timetable.event_arrival_s,
        timetable.event_departure_s,
        timetable.event_board + 2 * timetable.event_alight.astype(np.int64),
    )
    whole = (timetable.trip_route, timetable.trip_bikes + 2 * timetable.trip_on_demand.astype(np.int64))
    marks = []
    for seed in SEEDS:
        of_calls = mixed(seed, calls)
        of_trips = np.add.reduceat(of_calls, starts) if len(starts) else of_calls
        marks.append(mixed(of_trips, whole))
    return np.column_stack(marks)
