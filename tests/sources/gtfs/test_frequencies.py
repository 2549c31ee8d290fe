"""frequencies.txt: periods that overlap run their union, bad headways make no vehicle, waits on a whole city."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from geo_access.network.model import CrowFly
from geo_access.network.timetable import runs as gtfs_runs
from geo_access.network.timetable.runs import Headways, runs_around, wait_steps
from geo_access.network.timetable.timetable import build_timetable
from geo_access.sources.gtfs.calendar import departures_on
from geo_access.sources.gtfs.feed import read_gtfs
from geo_access.sources.gtfs.model import Feed
from tests.feeds import write_feed
from tests.oracle import Oracle

DAY = date(2026, 3, 17)
STOPS = {"A": (0, 0), "B": (8000, 0)}


def period(start: str, end: str, headway: object, *, exact: int = 1, trip: str = "t0") -> dict:
    return {
        "trip_id": trip,
        "start_time": f"{start}:00",
        "end_time": f"{end}:00",
        "headway_secs": headway,
        "exact_times": exact,
    }


def feed_of(tmp_path: Path, periods: list[dict], trips: tuple[str, ...] = ("A 00:00 B 00:10",)) -> Feed:
    return read_gtfs(write_feed(tmp_path / "f.zip", STOPS, trips, frequencies=periods))


def leaves(feed: Feed, headways: Headways | None = None) -> list[int]:
    """Minutes of the day at which vehicles of the day leave their first stop."""
    runs = runs_around(feed, DAY, feed.zone, headways or Headways())
    first = feed.stop_times.departure_s[feed.stop_times.trip_indptr[:-1][runs.trip]]
    return sorted(((first + runs.shift_s)[runs.day == 0] // 60).tolist())


BASE, PEAK = period("06:00", "10:00", 900), period("07:00", "08:00", 300)
AFTER = period("07:30", "07:40", 240)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (1, 2, 0)])
def test_nested_periods_run_their_union_in_any_order(tmp_path: Path, order: tuple[int, ...]) -> None:
    feed = feed_of(tmp_path, [(BASE, PEAK, AFTER)[k] for k in order])
    union = set(range(360, 600, 15)) | set(range(420, 480, 5)) | set(range(450, 460, 4))
    assert leaves(feed) == sorted(union)
    told = [n for n in feed.notices if n.code == "overlapping_frequency"]
    assert sum(n.count for n in told) == 2
    assert {n.action for n in told} == {"kept"}


@pytest.mark.parametrize("headway", ["1800.0", "1800,0", " 1800 ", "\uff11800"])
def test_a_headway_is_read_as_meant(tmp_path: Path, headway: str) -> None:
    assert leaves(feed_of(tmp_path, [period("06:00", "07:00", headway)])) == [360, 390]


def test_fixed_and_loose_periods_nested_in_each_other_run_both(tmp_path: Path) -> None:
    # Every half hour as printed; from 7:00 to 7:30 every ten minutes, loosely, half a headway in.
    rows = [period("06:00", "08:00", 1800), period("07:00", "07:30", 600, exact=0), period("07:00", "07:20", "")]
    assert leaves(feed_of(tmp_path, rows)) == [360, 390, 420, 425, 435, 445, 450]


def test_periods_that_only_touch_are_no_overlap(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, [period("07:00", "08:00", 1800), period("06:00", "07:00", 1800)])
    assert leaves(feed) == [360, 390, 420, 450]
    assert feed.notices == ()


@pytest.mark.parametrize("headway", ["0", "-600", "", "x", "nan", "0.4"])
def test_a_headway_that_cannot_be_makes_no_vehicle(tmp_path: Path, headway: str) -> None:
    trips = ("A 08:00 B 08:10", "A 20:00 B 20:10")
    feed = feed_of(tmp_path, [period("06:00", "10:00", headway)], trips)
    assert leaves(feed) == [20 * 60]
    assert departures_on(feed, DAY) == 1
    assert {"number_out_of_range", "repeated_trip_without_period"} <= {n.code for n in feed.notices}
    # One good row beside the bad one: that one runs.
    feed = feed_of(tmp_path, [period("06:00", "10:00", headway), period("11:00", "12:00", 1800)], trips)
    assert leaves(feed) == [660, 690, 20 * 60]


CHARGE = Headways(expected_wait=True)


def vehicles(feed: Feed, headways: Headways = CHARGE) -> set[tuple[float, int]]:
    """Minute at which each vehicle of the day leaves its first stop, and the wait charged [s]."""
    runs = runs_around(feed, DAY, feed.zone, headways)
    first = feed.stop_times.departure_s[feed.stop_times.trip_indptr[:-1][runs.trip]] + runs.shift_s
    today = runs.day == 0
    return set(zip((first[today] / 60).tolist(), runs.wait_s[today].tolist(), strict=True))


def test_uniform_waiting_is_half_a_headway_from_start_to_end(tmp_path: Path) -> None:
    # Every 20 min from 6:00: first half a headway in, then every minute; one waits half a minute on average for the one
    # that is drawn, and (20 − 1) / 2 = 9.5 min more. Nobody leaves after 7:00, when the service ends.
    one = [period("06:00", "07:00", 1200, exact=0)]
    assert vehicles(feed_of(tmp_path, one)) == {(m, 570) for m in range(370, 420)}
    # Where it goes on at 7:00 every 10 min, who comes before 7:00 still waits 10 min on average, from then on 5.
    two = [*one, period("07:00", "07:20", 600, exact=0)]
    late = {(m, 570) for m in range(370, 425)}
    assert vehicles(feed_of(tmp_path, two)) == late | {(m, 270) for m in range(425, 440)}
    # A headway no longer than the step is drawn as it is, a period shorter than half a headway has its one departure.
    short = [period("06:00", "06:10", 60, exact=0), period("08:00", "08:05", 1200, exact=0)]
    drawn = {(360.5 + m, 0) for m in range(10)} | {(480 + m, 570) for m in range(5)}
    assert vehicles(feed_of(tmp_path, short)) == drawn
    # Fixed times beside them stay as printed.
    fixed = [period("09:00", "10:00", 1800), *one]
    assert vehicles(feed_of(tmp_path, fixed)) == {(540, 0), (570, 0)} | {(m, 570) for m in range(370, 420)}


def test_uniform_waiting_is_what_draws_of_unknown_phases_give_on_average(tmp_path: Path) -> None:
    # A → B every 20 min, then B → C every 15 min, each line at a phase that nobody knows.
    stops = {"A": (0, 0), "B": (8000, 0), "C": (16000, 0)}
    rows = [period("07:30", "10:30", 1200, exact=0), period("07:30", "10:30", 900, exact=0, trip="t1")]
    feed = read_gtfs(write_feed(tmp_path / "f.zip", stops, ("A 00:00 B 00:10", "B 00:00 C 00:12"), frequencies=rows))
    streets = CrowFly(epsg=2154)
    built = build_timetable([feed], day=DAY, epsg=2154, streets=streets, headways=CHARGE)
    oracle = Oracle(built, min_transfer_s=0)
    instants = range(8 * 3600 + 1, 9 * 3600, 244)
    took = np.array([oracle.arrivals({0: 0}, at)[2] - at for at in instants])
    # The draws: 400 phases of each line, each combined with each.
    first, second = ((np.arange(400) + 0.5) / 400 * headway for headway in (1200, 900))
    at_b = np.add.outer(first, np.zeros(400)) + 600
    drawn = at_b + (second[None, :] - at_b) % 900 + 720
    assert drawn.mean() == pytest.approx(600 + 600 + 450 + 720, abs=2)
    # Half a step of a minute off at a given instant, here where both lines keep step with it; right on average.
    assert np.abs(took - drawn.mean()).max() <= 30 + 2
    assert abs(took.mean() - drawn.mean()) <= 2


def test_uniform_waiting_works_on_a_city_and_says_how_near(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As São Paulo's: 36 trips of 60 stops, 704 rows of an hour each, every 4 to 30 min. Each minute a vehicle:
    # 704 × 61 × 60 are 2.6 million calls, and no step need be wider.
    stops = {f"s{k}": (300 * k, 0) for k in range(60)}
    trip = [(stop, f"{k // 60:02d}:{k % 60:02d}") for k, stop in enumerate(stops)]
    hours = [(k % 36, 4 + k // 36) for k in range(704)]
    rows = [
        period(f"{hour:02d}:00", f"{hour + 1:02d}:00", 240 + 60 * (trip_of % 27), exact=0, trip=f"t{trip_of}")
        for trip_of, hour in hours
    ]
    city = read_gtfs(write_feed(tmp_path / "city.zip", stops, [trip] * 36, frequencies=rows))
    assert set(wait_steps(city, CHARGE).tolist()) == {60}
    built = build_timetable([city], day=DAY, epsg=2154, streets=CrowFly(epsg=2154), headways=CHARGE)
    told = [str(said) for said in built.notes]
    assert any("704 periods without fixed times" in line and "within 0.5 min" in line for line in told)
    # Who comes to any stop around noon waits half of that line's headway (4 to 30 min), 30 s off at most.
    today = built.trip_day == 0
    for number in (0, 13, 26):
        mine = today & np.char.startswith(built.trip_id, f"t{number}#")
        for call in (0, 30):
            leaves = np.sort(built.event_departure_s[built.trip_indptr[:-1][mine] + call])
            waits = built.trip_wait_s[mine]
            for ready in range(12 * 3600 + 73, 12 * 3600 + 273, 10):
                rides = leaves[np.searchsorted(leaves, ready)] + waits[0] - ready
                assert abs(rides - (240 + 60 * number) / 2) <= 30
    # Too large, it is drawn wider: by minutes, as little as need be.
    monkeypatch.setattr(gtfs_runs, "_MOST_CHARGED_CALLS", 400_000)
    steps = wait_steps(city, CHARGE)
    headways = city.frequencies["headway_s"].to_numpy()
    calls = {step: int((3600 // np.minimum(headways, step) + 1).sum()) * 60 for step in range(60, 1800, 60)}
    widest = min(step for step, n in calls.items() if n <= 400_000)
    assert widest > 240
    np.testing.assert_array_equal(steps, np.minimum(headways, widest))
    assert {wait for _, wait in vehicles(city)} == {int(h - min(h, widest)) // 2 for h in set(headways.tolist())}
