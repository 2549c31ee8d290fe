"""Changes carried over an edit give every time that changes found from nothing give."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.network.model import Timetable
from geo_access.network.timetable.service import put_in, service_trips, take_out
from geo_access.routing.graphs import footpaths_of, forward_graph
from geo_access.routing.lines import build_lines
from geo_access.routing.profile import NEVER, Pairs, Samples, profile_times
from geo_access.routing.regraph import same_walks, transfers_again
from geo_access.routing.sweep import build_graph
from tests.routing.random_timetables import random_timetable, random_walks, sparse
from tests.routing.test_profile import every, key_of


def edited(timetable: Timetable, rng: np.random.Generator) -> Timetable:
    """Some trips gone, some moved, some repeated."""
    for turn in range(int(rng.integers(1, 4))):
        some = rng.random(timetable.n_trips) < rng.choice([0.05, 0.3])
        if rng.random() < 0.6 and not some.all():
            timetable = take_out(timetable, some)
            continue
        chosen = service_trips(timetable, some)
        shift = int(rng.integers(-30, 60)) * 60
        timetable = put_in(timetable, [trip.moved(shift, trip_id=f"{trip.trip_id}+{turn}") for trip in chosen])
    return timetable


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_time_after_an_edit_is_that_of_changes_found_anew(seed: int) -> None:
    rng = np.random.default_rng(seed)
    timetable, key = random_timetable(rng, grain_s=int(rng.choice([60, 20]))), key_of(rng)
    after = edited(timetable, rng)
    assert same_walks(timetable, after)
    lines = build_lines(after, bikes=key.bikes, on_demand=key.on_demand)
    if not lines.n_events or not forward_graph(timetable, key).lines.n_events:
        return
    carried = transfers_again(forward_graph(timetable, key), after, lines, footpaths_of(after, key))
    assert carried is not None or len(timetable.in_seat)
    if carried is None:
        return
    anew = forward_graph(replace(after), key)
    ends = sparse(random_walks(rng, 3, timetable.n_stops)), sparse(random_walks(rng, 5, timetable.n_stops))
    pairs = Pairs(ends[1], ends[0], np.full((3, 5), NEVER, np.int32))
    for deadline in (False, True):
        samples = Samples(int(rng.integers(0, 60)) * 60, 300, 6, deadline)
        limits = {"max_s": 5400, "max_rides": None if rng.random() < 0.5 else 3, "ranks": every(6), "ordered": False}
        ours = profile_times(build_graph(lines, *carried), pairs, samples, **limits)
        np.testing.assert_array_equal(ours[0], profile_times(anew, pairs, samples, **limits)[0])


def test_without_a_trip_that_nobody_changes_to_all_changes_stay_as_they_were() -> None:
    rng = np.random.default_rng(4)
    timetable, key = random_timetable(rng, grain_s=60), key_of(np.random.default_rng(4))
    timetable = replace(timetable, in_seat=np.zeros((0, 2), np.int32))
    graph = forward_graph(timetable, key)
    lines = graph.lines
    boarded = np.unique(lines.event_trip[graph.transfer_board])
    lonely = next(trip for trip in range(len(lines.trip_line)) if trip not in boarded)
    source = lines.event_source[lines.trip_indptr[lonely]]
    gone = np.zeros(timetable.n_trips, dtype=bool)
    gone[np.searchsorted(timetable.trip_indptr, source, side="right") - 1] = True
    after = take_out(timetable, gone)
    left = build_lines(after, bikes=key.bikes, on_demand=key.on_demand)
    carried = transfers_again(graph, after, left, footpaths_of(after, key))
    assert carried is not None
    of_lonely = np.diff(graph.transfer_indptr[lines.trip_indptr[[lonely, lonely + 1]]])[0]
    assert len(carried[1]) == len(graph.transfer_board) - of_lonely
