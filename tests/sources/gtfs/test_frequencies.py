"""frequencies.txt: periods that overlap run their union, bad headways make no vehicle, waits on a whole city."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from geo_access.network.model import CrowFly
from geo_access.network.timetable.runs import Headways, charged_periods, runs_around
from geo_access.network.timetable.timetable import build_timetable
from geo_access.sources.gtfs.calendar import departures_on
from geo_access.sources.gtfs.feed import read_gtfs
from geo_access.sources.gtfs.model import Feed
from tests.feeds import write_feed

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


def test_waits_are_charged_on_a_small_feed_and_said_how_far_off_on_a_city(tmp_path: Path) -> None:
    loose = [period("06:00", "09:00", 1200, exact=0)]
    charge = Headways(expected_wait=True)
    assert charged_periods(feed_of(tmp_path, loose), charge).tolist() == [True]
    # 40 lines of 40 stops, every 10 minutes for 18 hours: a vehicle each 2 minutes and stop would be 800,000. One more
    # runs each half hour: 39 stops × 548 vehicles are 21,000.
    stops = {f"s{k}": (300 * k, 0) for k in range(40)}
    trip = [(stop, f"{k // 60:02d}:{k % 60:02d}") for k, stop in enumerate(stops)]
    rows = [period("05:00", "23:00", 600, exact=0, trip=f"t{k}") for k in range(40)]
    rows.append(period("05:00", "23:00", 1800, exact=0, trip="t40"))
    city = read_gtfs(write_feed(tmp_path / "city.zip", stops, [trip] * 41, frequencies=rows))
    assert city.frequencies["trip_id"][charged_periods(city, charge)].tolist() == ["t40"]
    runs = runs_around(city, DAY, city.zone, charge)
    today, rare = runs.day == 0, runs.trip == city.trips["trip_id"].tolist().index("t40")
    assert int((today & ~rare).sum()) == 40 * 18 * 6
    # Steps of 2 minutes from 05:00 to 23:00 and half a headway more, the last one not included; 39 stops to board at.
    assert int((today & rare).sum()) == (18 * 60 + 15 + 1) // 2 * 39
    # Boarded anywhere, one headway apart: who comes at any time waits half a headway on average, at most as much off.
    assert (set(runs.wait_s[~rare].tolist()), set(runs.wait_s[rare].tolist())) == ({-1}, {900})
    one = np.sort(runs.shift_s[today & (runs.trip == city.trips["trip_id"].tolist().index("t0"))])
    assert set(np.diff(one).tolist()) == {600}
    built = build_timetable([city], day=DAY, epsg=2154, streets=CrowFly(epsg=2154), headways=charge)
    told = [str(said) for said in built.notes]
    assert any("the 40 periods with headways up to 10 min" in line and "at most 5 min off" in line for line in told)
    assert any("1 period without fixed times" in line and "half the headway charged" in line for line in told)
