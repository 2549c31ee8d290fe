"""When the trips run that only one of two timetables has: the fast comparison is that of the calls, trip by trip."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.network.model import Timetable
from geo_access.network.timetable.differences import same_service, touched_spans
from tests.times.worlds import H, bus, country

PLACES = [(0.0, 0.0), (5_000.0, 0.0), (10_000.0, 0.0)]


def compared(before: Timetable, after: Timetable) -> list[list[int]]:
    """Evident slow code: trips as tuples of all their calls."""

    def trips(one: Timetable) -> list[tuple[object, ...]]:
        columns = (one.event_stop, one.event_arrival_s, one.event_departure_s, one.event_board, one.event_alight)
        parts = [slice(one.trip_indptr[trip], one.trip_indptr[trip + 1]) for trip in range(one.n_trips)]
        calls = [tuple(tuple(column[part].tolist()) for column in columns) for part in parts]
        own = zip(one.trip_route.tolist(), one.trip_bikes.tolist(), one.trip_on_demand.tolist(), strict=True)
        return [(*whole, *called) for whole, called in zip(own, calls, strict=True)]

    both = trips(before), trips(after)
    counted = Counter(both[0]), Counter(both[1])
    changed = set((counted[0] - counted[1]) + (counted[1] - counted[0]))
    seats = [
        {(own[a], own[b]) for a, b in one.in_seat.reshape(-1, 2).tolist()}
        for one, own in zip((before, after), both, strict=True)
    ]
    changed |= {trip for pair in seats[0] ^ seats[1] for trip in pair}
    spans = {
        (int(one.event_departure_s[one.trip_indptr[k]]), int(one.event_arrival_s[one.trip_indptr[k + 1] - 1]))
        for one, own in zip((before, after), both, strict=True)
        for k, trip in enumerate(own)
        if trip in changed
    }
    return [list(span) for span in sorted(spans)]


def drawn(seed: int) -> Timetable:
    rng = np.random.default_rng(seed)
    stops = [[0, 1], [1, 2], [0, 1, 2], [2, 0]]
    buses = [bus(stops[rng.integers(4)], int(rng.integers(6, 9)) * H) for _ in range(int(rng.integers(1, 6)))]
    timetable = country(buses, PLACES).timetable
    assert timetable is not None
    n = timetable.n_trips
    seats = rng.integers(0, n, size=(int(rng.integers(0, 2)), 2)).astype(np.int32)
    # Lines are part of what must be equal: all that may differ is trips.
    return replace(timetable, in_seat=seats, day=date(2026, 3, 17))


@settings(max_examples=80, deadline=None)
@given(one=st.integers(0, 100_000), other=st.integers(0, 100_000))
def test_as_the_calls_trip_by_trip(one: int, other: int) -> None:
    before, after = drawn(one), drawn(other)
    found = touched_spans(before, after)
    if found is not None:
        assert found.tolist() == compared(before, after)
    same = touched_spans(before, replace(before, trip_headsign=before.trip_headsign))
    assert same is not None
    assert len(same) == 0


@pytest.mark.parametrize("field", ["event_stop", "event_arrival_s", "event_departure_s", "event_board", "event_alight"])
def test_a_change_of_any_call_is_a_change(field: str) -> None:
    before = drawn(3)
    values = getattr(before, field).copy()
    values[-1] = not values[-1] if values.dtype == bool else (values[-1] + 1) % 3 if "stop" in field else values[-1] + 1
    after = replace(before, **{field: values})
    found = touched_spans(before, after)
    assert found is not None
    assert found.tolist() == compared(before, after) != []
    assert not same_service(before, after)
    assert same_service(before, replace(before, trip_id=before.trip_id[::-1]))
