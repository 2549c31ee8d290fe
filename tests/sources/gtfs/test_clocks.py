"""Clock texts: what is meant is read and said; 12 and 24 hours are never mixed in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo_access.sources.gtfs.clocks import plain_clocks
from geo_access.sources.gtfs.feed import read_gtfs
from geo_access.sources.gtfs.model import Feed
from geo_access.sources.gtfs.notices import NoticeBook
from geo_access.sources.gtfs.rows import read_raw
from tests.feeds import write_feed

H, M = 3600, 60


def feed_of(tmp_path: Path, *cells: str) -> Feed:
    """One trip over as many stops as there are cells, a minute's walk apart, each cell arrival and departure."""
    stops = {f"S{k}": (1000.0 * k, 0.0) for k in range(len(cells))}
    calls = [
        {"stop_id": stop, "arrival_time": cell, "departure_time": cell} for stop, cell in zip(stops, cells, strict=True)
    ]
    return read_gtfs(write_feed(tmp_path / "f.zip", stops, [{"calls": calls}]))


@pytest.mark.parametrize(
    ("cells", "seconds"),
    [
        (("8:05", "08:15"), [8 * H + 5 * M, 8 * H + 15 * M]),
        (("8h05", "8 h 15"), [8 * H + 5 * M, 8 * H + 15 * M]),
        (("11:55 AM", "12:05 PM"), [11 * H + 55 * M, 12 * H + 5 * M]),
        (("12:05 a.m.", "1:05am"), [5 * M, H + 5 * M]),
        (("8:05:30 PM", "8:15p"), [20 * H + 5 * M + 30, 20 * H + 15 * M]),
        (("08:05:00.000", "08:15:00.0"), [8 * H + 5 * M, 8 * H + 15 * M]),
        (("0 days 23:50:00", "1 days 00:10:00"), [23 * H + 50 * M, 24 * H + 10 * M]),
        (("1900-01-01 08:05:00", "1900-01-01T08:15:00"), [8 * H + 5 * M, 8 * H + 15 * M]),
        (("08.05.00", "8.15.30"), [8 * H + 5 * M, 8 * H + 15 * M + 30]),
        (("080500", "241530"), [8 * H + 5 * M, 24 * H + 15 * M + 30]),
        (("24:05", "25:10"), [24 * H + 5 * M, 25 * H + 10 * M]),
    ],
)
def test_what_is_meant_is_read_and_said(tmp_path: Path, cells: tuple[str, ...], seconds: list[int]) -> None:
    feed = feed_of(tmp_path, *cells)
    assert feed.stop_times.arrival_s.tolist() == seconds
    told = [(n.entity, n.count, n.action) for n in feed.notices if n.code == "time_as_meant"]
    assert told == [("arrival_time", 2, "repaired"), ("departure_time", 2, "repaired")]


def test_an_evening_of_twelve_hours_goes_on_after_midnight(tmp_path: Path) -> None:
    # 23:50, then 00:10: a fall of 23 h 40 is a forgotten day.
    feed = feed_of(tmp_path, "11:50 PM", "12:10 AM")
    assert feed.stop_times.arrival_s.tolist() == [23 * H + 50 * M, 24 * H + 10 * M]


@pytest.mark.parametrize("cell", ["8:5", "13:05 AM", "0:30 PM", "25:10 AM", "8:61", "eight", "8", "0.3368", "-8:05"])
def test_what_cannot_be_known_counts_as_blank_and_is_said(tmp_path: Path, cell: str) -> None:
    feed = feed_of(tmp_path, "08:00:00", cell, "08:20:00")
    assert feed.stop_times.interpolated.tolist() == [False, True, False]
    assert [n.entity for n in feed.notices if n.code == "invalid_time"] == [cell, cell]


def test_bare_cells_beside_am_and_pm_are_read_where_one_of_them_shows_the_day(tmp_path: Path) -> None:
    # 13:20:00 is no cell of a 12-hour clock: bare cells are of 24 hours.
    feed = feed_of(tmp_path, "08:00:00", "8:10 AM", "13:20:00")
    assert feed.stop_times.arrival_s.tolist() == [8 * H, 8 * H + 10 * M, 13 * H + 20 * M]


def test_bare_cells_beside_am_and_pm_count_as_blank_where_none_does(tmp_path: Path) -> None:
    # 8:10 may be of the morning or of the evening: interpolated between the two that say.
    feed = feed_of(tmp_path, "7:50 PM", "8:10", "8:30 PM")
    times = feed.stop_times
    assert (times.arrival_s[0], times.arrival_s[2]) == (19 * H + 50 * M, 20 * H + 30 * M)
    assert times.interpolated.tolist() == [False, True, False]
    told = [(n.row, n.entity, n.says.key) for n in feed.notices if n.code == "invalid_time"]
    assert told == [(3, "8:10", "gtfs.clock_half_unsaid")] * 2


def test_periods_and_bookings_are_read_alike() -> None:
    book = NoticeBook()
    raw = plain_clocks(
        read_raw("frequencies", b"trip_id,start_time,end_time\nt, 6:00 ,9:30 AM\nt,18:00,20:00\n", book), book
    )
    assert raw.text("start_time").tolist() == ["6:00:00", "18:00:00"]
    assert raw.text("end_time").tolist() == ["9:30:00", "20:00:00"]
    raw = plain_clocks(read_raw("booking_rules", b"booking_rule_id,prior_notice_last_time\nb,17h00\n", book), book)
    assert raw.text("prior_notice_last_time").tolist() == ["17:00:00"]
