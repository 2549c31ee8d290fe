"""Trips in lines: as evident slow code groups them, chain by chain."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.network.model import Timetable
from geo_access.routing.lines import build_lines
from tests.network.timetable.test_differences import drawn

Chain = tuple[int, ...]


def chains_of(timetable: Timetable, keep: np.ndarray) -> list[Chain]:
    """All that one may ride without leaving the seat: in order of the first trip, loops at the end."""
    ends = timetable.event_departure_s[timetable.trip_indptr[1:] - 1]
    begins = timetable.event_arrival_s[timetable.trip_indptr[:-1]]
    pairs = [(a, b) for a, b in timetable.in_seat.tolist() if a != b and keep[a] and keep[b] and begins[b] >= ends[a]]

    def onward(chain: Chain) -> list[Chain]:
        rest = [b for a, b in pairs if a == chain[-1] and b not in chain]
        return [longer for b in rest for longer in onward((*chain, b))] if rest else [chain]

    heads = [trip for trip in np.flatnonzero(keep).tolist() if trip not in {b for _, b in pairs}]
    found = [chain for trip in heads for chain in onward((trip,))]
    ridden = {trip for chain in found for trip in chain}
    return found + [(trip,) for trip in np.flatnonzero(keep).tolist() if trip not in ridden]


def grouped_slowly(timetable: Timetable, keep: np.ndarray) -> list[list[list[int]]]:
    """Events of each trip of each line: same calls, none overtaken."""
    t, patterns = timetable, {}
    for chain in chains_of(timetable, keep):
        events = [event for trip in chain for event in range(t.trip_indptr[trip], t.trip_indptr[trip + 1])]
        calls = tuple((t.event_stop[e], t.event_board[e], t.event_alight[e]) for e in events)
        patterns.setdefault(calls, []).append(events)
    lines: list[list[list[int]]] = []

    def times(events: list[int]) -> list[int]:
        return [at for e in events for at in (int(t.event_arrival_s[e]), int(t.event_departure_s[e]))]

    for members in patterns.values():
        own: list[list[list[int]]] = []
        for events in sorted(members, key=times):
            behind = [line for line in own if all(a <= b for a, b in zip(times(line[-1]), times(events)))]
            if behind:
                behind[0].append(events)
            else:
                own.append([events])
        lines += own
    return lines


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_as_chain_by_chain(seed: int) -> None:
    timetable, rng = drawn(seed), np.random.default_rng(seed)
    n, m = timetable.n_trips, len(timetable.event_stop)
    late = np.repeat(rng.integers(0, 5_400, n), np.diff(timetable.trip_indptr)) + rng.integers(0, 3, m) * 900
    timetable = replace(
        timetable,
        in_seat=rng.integers(0, n, size=(int(rng.integers(0, 6)), 2)).astype(np.int32),
        trip_bikes=rng.random(n) < 0.7,
        event_board=rng.random(m) < 0.8,
        event_arrival_s=(timetable.event_arrival_s + late).astype(timetable.event_arrival_s.dtype),
        event_departure_s=(timetable.event_departure_s + late).astype(timetable.event_departure_s.dtype),
    )
    for bikes in (False, True):
        lines = build_lines(timetable, bikes=bikes)
        keep = timetable.trip_bikes if bikes else np.ones(n, dtype=bool)
        found = [
            [lines.event_source[a:b].tolist() for a, b in itertools.pairwise(trips)]
            for trips in (
                lines.trip_indptr[low : high + 1]
                for low, high in zip(lines.line_indptr[:-1].tolist(), lines.line_indptr[1:].tolist())
            )
        ]
        assert found == grouped_slowly(timetable, keep)


@pytest.mark.parametrize("n_trips", [0, 1])
def test_a_timetable_of_nothing_has_no_line(n_trips: int) -> None:
    timetable = drawn(3)
    lines = build_lines(replace(timetable, trip_bikes=np.arange(timetable.n_trips) < n_trips), bikes=True)
    assert len(lines.line_indptr) - 1 == n_trips
    assert len(lines.trip_line) == n_trips
