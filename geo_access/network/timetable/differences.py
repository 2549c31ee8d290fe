"""Where two timetables of the same stops differ in time: what an edit cannot touch need not be searched again."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from functools import lru_cache
from typing import Any

import numpy as np

from geo_access.network.model import SparseTimes, Timetable

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
    "event_stop",
    "event_arrival_s",
    "event_departure_s",
    "event_board",
    "event_alight",
    "in_seat",
}
_SAID = {"day", "notes", "zone"}
_Key = tuple[object, ...]


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
    keys = _keys(before), _keys(after)
    counts = Counter(keys[0]), Counter(keys[1])
    changed = (counts[0] - counts[1]) | (counts[1] - counts[0])
    seats = [_seats(item, own) for item, own in zip((before, after), keys, strict=True)]
    for first, second in (seats[0] - seats[1]) | (seats[1] - seats[0]):
        changed[first] += 1
        changed[second] += 1
    spans = [
        (int(item.event_departure_s[item.trip_indptr[trip]]), int(item.event_arrival_s[item.trip_indptr[trip + 1] - 1]))
        for item, own in zip((before, after), keys, strict=True)
        for trip, key in enumerate(own)
        if key in changed
    ]
    return np.array(sorted(set(spans)), dtype=np.int64).reshape(-1, 2)


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


@lru_cache(maxsize=2)
def _keys(timetable: Timetable) -> list[_Key]:
    """All of each trip that a journey may depend on."""
    arrays = (timetable.event_stop, timetable.event_arrival_s, timetable.event_departure_s)
    flags = (timetable.event_board, timetable.event_alight)
    found = []
    for trip in range(timetable.n_trips):
        part = slice(int(timetable.trip_indptr[trip]), int(timetable.trip_indptr[trip + 1]))
        calls = tuple(array[part].tobytes() for array in (*arrays, *flags))
        own = int(timetable.trip_route[trip]), bool(timetable.trip_bikes[trip]), bool(timetable.trip_on_demand[trip])
        found.append((*own, *calls))
    return found


def _seats(timetable: Timetable, keys: list[_Key]) -> set[tuple[_Key, _Key]]:
    return {(keys[a], keys[b]) for a, b in timetable.in_seat.reshape(-1, 2).tolist()}
