"""What is known is not computed again, and what is answered from it equals what is computed anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.network.model import Network
from geo_access.network.timetable.differences import same_service, touched_spans
from geo_access.network.timetable.service import take_out
from geo_access.routing.query import Query, Window
from geo_access.times.kept import KeptTimes
from geo_access.times.round_trip import Foreseeing, NetworkTimes, TimesSource
from geo_access.times.store import Store
from geo_access.times.ways import TransitConnection, WayTimes
from tests.routing.random_timetables import random_timetable
from tests.times.worlds import PLAIN, H, bus, country

XY = np.array([(0.0, 300.0), (0.0, 100.0), (5_000.0, 50.0)])
SITES = np.array([(10_000.0, 200.0), (5_000.0, 100.0), (9_900.0, 0.0)])
ASKED = Query("transit", arrive=Window(8 * H, 8 * H), walk_kmh=3.6, max_access_s=600, max_egress_s=600)


def line(*hours: float) -> Network:
    trips = [bus([0, 1, 2], round(h * H)) for h in hours]
    return country(trips, [(0.0, 0.0), (5_000.0, 0.0), (10_000.0, 0.0)])


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Homes × sites of every computation."""
    shapes: list[tuple[int, int]] = []
    times: Callable[..., WayTimes] = TransitConnection.times

    def counted(self: TransitConnection, homes: np.ndarray, sites: np.ndarray, query: Query, **asked: bool) -> WayTimes:
        shapes.append((len(homes), len(sites)))
        return times(self, homes, sites, query, **asked)

    monkeypatch.setattr(TransitConnection, "times", counted)
    return shapes


def ask(
    source: TimesSource, xy: np.ndarray, sites: np.ndarray, query: Query = ASKED, *, explain: bool = True
) -> WayTimes:
    between = source.connect(xy, sites, query)
    return between.times(np.arange(len(xy)), np.arange(len(sites)), query, homeward=False, explain=explain)


def test_only_the_new_row_the_new_site_and_the_longer_time_are_computed(computed: list[tuple[int, int]]) -> None:
    engine = KeptTimes().on(line(7, 7.5))
    ask(engine, XY[:2], SITES[:2])
    ask(engine, XY[:2], SITES[:2])
    ask(engine, XY[[1]], SITES[:1], explain=False)
    ask(engine, XY[:2], SITES[:2], replace(ASKED, max_s=4 * H), explain=False)
    assert computed == [(2, 2)]
    ask(engine, XY[:2], SITES)
    ask(engine, XY, SITES)
    assert computed == [(2, 2), (2, 1), (1, 3)]
    ask(engine, XY, SITES, replace(ASKED, max_s=5 * H), explain=False)
    assert computed[3:] == [(3, 3)]


@pytest.mark.parametrize("mode", ["transit", "walk"])
def test_what_no_store_could_hold_is_answered_the_same(computed: list[tuple[int, int]], mode: str) -> None:
    network = line(7, 7.5)
    deadline = ASKED.arrive if mode == "transit" else None
    query = replace(ASKED, mode=mode, arrive=deadline, max_s=2 * H)
    fresh = NetworkTimes(network, store=Store(most_bytes=1))
    for explain in (True, False):
        kept, straight = (ask(times, XY, SITES, query, explain=explain) for times in (NetworkTimes(network), fresh))
        for name in ("seconds", "reason", "beyond_s", "missed_s") if explain else ("seconds", "reason"):
            np.testing.assert_array_equal(getattr(straight, name), getattr(kept, name), err_msg=name)
    ask(fresh, XY, SITES, query)
    # Twice for the engine that remembers, three times for the one that does not.
    assert len(computed) == (5 if mode == "transit" else 0)


def test_another_timetable_shares_the_streets_but_no_time(computed: list[tuple[int, int]]) -> None:
    kept, before, after = KeptTimes(), line(7, 7.5), line(6.5)
    edited = replace(after, streets=before.streets)
    assert kept.on(before) is kept.on(before)
    assert kept.on(before).known.doorways is kept.on(edited).known.doorways
    first, second = ask(kept.on(before), XY, SITES), ask(kept.on(edited), XY, SITES)
    assert computed == [(3, 3), (3, 3)]
    # The bus of 7:30 leaves at 7:25 for whoever lives 300 m away at 1 m/s; that of 6:30 an hour earlier.
    assert first.seconds[0, 0, 0] == H / 2 + 300
    assert second.seconds[0, 0, 0] == 1.5 * H + 300
    walk = Query("walk", max_s=7200, walk_kmh=3.6)
    ask(kept.on(before), XY, SITES, walk)
    assert ask(kept.on(edited), XY, SITES, walk).seconds[2, 1, 0] == 50
    assert len(computed) == 2


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_answers_from_what_is_known_equal_fresh_ones(seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = random_timetable(rng)
    stops = rng.uniform(0, 1500, (drawn.n_stops, 2))
    network = Network(2154, PLAIN, replace(drawn, stop_x=stops[:, 0], stop_y=stops[:, 1]), {})
    homes, sites, kept = rng.uniform(0, 1500, (5, 2)), rng.uniform(0, 1500, (4, 2)), KeptTimes().on(network)
    at = int(rng.integers(10, 50)) * 60
    for _ in range(6):
        moment = Window(at, at) if rng.random() < 0.8 else Window(at - 300, at + 1, 60)
        query = Query(
            "transit",
            arrive=moment,
            max_s=int(rng.choice([300, 600, 1500])),
            walk_kmh=3.6,
            max_access_s=300,
            max_egress_s=300,
            max_rides=None if rng.random() < 0.5 else 1,
        )
        h, s = rng.permutation(5)[: rng.integers(1, 6)], rng.permutation(4)[: rng.integers(1, 5)]
        explain = bool(rng.random() < 0.5) and moment.count == 1
        told, fresh = (
            ask(source, homes[h], sites[s], query, explain=explain) for source in (kept, NetworkTimes(network))
        )
        np.testing.assert_array_equal(told.seconds, fresh.seconds)
        np.testing.assert_array_equal(told.reason, fresh.reason)
        if explain:
            np.testing.assert_array_equal(told.beyond_s, fresh.beyond_s)
            np.testing.assert_array_equal(told.missed_s, fresh.missed_s)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_instants_foreseen_and_answers_of_kin_equal_fresh_ones(seed: int) -> None:
    """What an edit cannot touch is taken from the timetable before it; a window is searched once for its instants."""
    rng = np.random.default_rng(seed)
    drawn = random_timetable(rng)
    stops = rng.uniform(0, 1500, (drawn.n_stops, 2))
    drawn = replace(drawn, stop_x=stops[:, 0], stop_y=stops[:, 1])
    gone = rng.random(drawn.n_trips) < 0.2
    edited = take_out(drawn, gone) if not gone.all() else drawn
    first = Network(2154, PLAIN, drawn, {})
    networks, kept = [first, replace(first, timetable=edited), replace(first, timetable=replace(drawn))], KeptTimes()
    homes, sites = rng.uniform(0, 1500, (5, 2)), rng.uniform(0, 1500, (4, 2))
    everyone, everywhere = np.arange(5), np.arange(4)
    limits = {"walk_kmh": 3.6, "max_access_s": 300, "max_egress_s": 300}
    for _ in range(6):
        network, homeward = networks[int(rng.integers(3))], bool(rng.random() < 0.5)
        at, max_s = int(rng.integers(10, 50)) * 60, int(rng.choice([300, 600, 1500]))
        window = Window(at - 600, at + 1, 300)
        query = Query("transit", max_s=max_s, **limits, **{"depart" if homeward else "arrive": window})
        known = kept.on(network).connect(homes, sites, query)
        if rng.random() < 0.7 and isinstance(known, Foreseeing):
            known.foresee(everyone[: rng.integers(1, 6)], everywhere[: rng.integers(1, 5)], query, homeward=homeward)
        for moment in (at, at - 300, at - 600):
            single = replace(query, **{"depart" if homeward else "arrive": Window(moment, moment)})
            explain = bool(rng.random() < 0.4)
            told, fresh = (
                source.connect(homes, sites, single).times(
                    everyone, everywhere, single, homeward=homeward, explain=explain
                )
                for source in (kept.on(network), NetworkTimes(network))
            )
            np.testing.assert_array_equal(told.seconds, fresh.seconds)
            np.testing.assert_array_equal(told.reason, fresh.reason)
            if explain:
                np.testing.assert_array_equal(told.beyond_s, fresh.beyond_s)
                np.testing.assert_array_equal(told.missed_s, fresh.missed_s)


def test_the_same_service_on_another_day_is_not_computed_again(computed: list[tuple[int, int]]) -> None:
    kept, tuesday = KeptTimes(), line(7, 7.5)
    next_tuesday = replace(line(7, 7.5), streets=tuesday.streets)
    assert same_service(tuesday.timetable, next_tuesday.timetable)
    ask(kept.on(tuesday), XY, SITES)
    ask(kept.on(tuesday).beside(next_tuesday), XY, SITES)
    assert computed == [(3, 3)]


def test_a_trip_more_is_searched_at_its_hours_alone(computed: list[tuple[int, int]]) -> None:
    kept, before = KeptTimes(), line(7, 7.5)
    after = replace(line(7, 7.5, 12), streets=before.streets)
    spans = touched_spans(before.timetable, after.timetable)
    # Two legs of ten minutes from noon.
    assert spans is not None
    assert spans.tolist() == [[12 * H, 12 * H + 1200]]
    noon = replace(ASKED, arrive=Window(13 * H, 13 * H))
    for query in (ASKED, noon):
        ask(kept.on(before), XY, SITES, query, explain=False)
        ask(kept.on(after), XY, SITES, query, explain=False)
    assert computed == [(3, 3), (3, 3), (3, 3)]
