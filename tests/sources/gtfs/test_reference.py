"""Real feeds: facts counted by other means, and the four that are dirty."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from geo_access.network.model import CrowFly
from geo_access.network.timetable.timetable import build_timetable
from geo_access.sources.gtfs.calendar import equivalent_day, services_on, validity
from geo_access.sources.gtfs.feed import read_gtfs
from geo_access.sources.gtfs.model import Feed
from tests.shared import shared_path

pytestmark = pytest.mark.reference


def counts(feed: Feed) -> dict[str, int]:
    totals: dict[str, int] = {}
    for notice in feed.notices:
        totals[notice.code] = totals.get(notice.code, 0) + notice.count
    return totals


def test_porto_alegre_blanks_are_filled_and_run_forward() -> None:
    feed = read_gtfs(shared_path("porto_alegre/poa_eptc.zip"))
    assert counts(feed) == {"interpolated_stop_time": 125_271, "file_not_used": 1}
    times = feed.stop_times
    assert int(times.interpolated.sum()) == 125_271
    assert len(times.stop) == 130_019
    inner = np.diff(times.trip()) == 0
    assert (times.arrival_s[1:][inner] >= times.departure_s[:-1][inner]).all()
    assert len(services_on(feed, date(2019, 5, 13))) == 115


def test_regional_trains_of_hauts_de_france() -> None:
    feed = read_gtfs(shared_path("hauts_de_france/ter_hdf_2025-01.zip"))
    assert feed.calendar.empty
    built = build_timetable([feed], day=date(2025, 2, 4), epsg=2154, streets=CrowFly(2154))
    lille = np.flatnonzero(np.char.find(built.stop_name, "Lille Flandres") >= 0)
    valenciennes = np.flatnonzero(built.stop_name == "Valenciennes")
    direct, serving = [], 0
    for trip in np.flatnonzero(built.trip_day == 0):
        part = slice(built.trip_indptr[trip], built.trip_indptr[trip + 1])
        stops = built.event_stop[part]
        serving += bool(np.isin(stops, lille).any())
        off = np.flatnonzero(np.isin(stops, lille) & built.event_board[part])
        on = np.flatnonzero(np.isin(stops, valenciennes) & built.event_alight[part])
        if len(off) and len(on) and off[0] < on[-1]:
            direct.append((int(built.event_departure_s[part][off[0]]), int(built.event_arrival_s[part][on[-1]])))
    assert serving == 525
    assert len(direct) == 55
    assert min(direct) == (5 * 3600 + 5 * 60, 5 * 3600 + 40 * 60)


def test_swapped_stop_is_named_and_put_right() -> None:
    feed = read_gtfs(shared_path("gtfs_dirty/ter_2019-09_one_stop_swapped_latlon.zip"))
    swapped = [n for n in feed.notices if n.code == "swapped_coordinates"]
    assert [n.entity for n in swapped] == [
        "StopArea:OCE87686378 « Audun-le-Roman-JJ. »",
        "StopPoint:OCECar TER-87686378 « Audun-le-Roman-JJ. »",
    ]
    assert {n.action for n in swapped} == {"repaired"}
    assert 41 < feed.stops["stop_lat"].min() < feed.stops["stop_lat"].max() < 52
    assert counts(feed)["invalid_input_files_in_subfolder"] == 1


def test_truncated_stop_times_keep_what_there_is() -> None:
    feed = read_gtfs(shared_path("gtfs_dirty/ter_2022-05_truncated_stop_times.zip"))
    assert counts(feed)["unused_trip"] == 22_532
    assert int((np.diff(feed.stop_times.trip_indptr) > 0).sum()) == 26_310 - 22_532


def test_calendar_dates_only() -> None:
    feed = read_gtfs(shared_path("gtfs_dirty/sncf_voyages_2024-12_calendar_dates_only.zip"))
    # The calendar goes on to 2025-05-19 under a service that no trip has.
    assert validity(feed) == (date(2024, 12, 20), date(2025, 3, 30))
    assert not [n for n in feed.notices if n.severity == "ERROR"]


def test_times_past_41_hours_are_kept_and_reach_the_next_day() -> None:
    feed = read_gtfs(shared_path("gtfs_dirty/sncf_2014_times_past_41h.zip"))
    assert feed.stop_times.arrival_s.max() > 41 * 3600
    assert "time_beyond_48_hours" not in counts(feed)


@pytest.mark.parametrize(
    "name",
    [
        "ter_2019-09_one_stop_swapped_latlon",
        "ter_2022-05_truncated_stop_times",
        "sncf_voyages_2024-12_calendar_dates_only",
        "sncf_2014_times_past_41h",
    ],
)
def test_the_dirty_feeds_still_build(name: str) -> None:
    feed = read_gtfs(shared_path(f"gtfs_dirty/{name}.zip"))
    span = validity(feed)
    assert span is not None
    day = equivalent_day(feed, date(span[0].year, span[0].month, 15))
    assert day is not None
    built = build_timetable([feed], day=day, epsg=2154, streets=CrowFly(2154))
    assert int((built.trip_day == 0).sum()) > 100
