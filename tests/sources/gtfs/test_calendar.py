"""When a feed runs: against counting day by day, by hand."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.errors import ServiceDateError
from geo_access.network.timetable.service_days import feed_days
from geo_access.sources.gtfs.calendar import (
    common_day,
    departures_on,
    equivalent_day,
    service_periods,
    services_on,
    trips_per_day,
    validity,
)
from geo_access.sources.gtfs.cells import WEEKDAYS
from geo_access.sources.gtfs.feed import read_gtfs
from geo_access.sources.gtfs.model import Feed
from tests.feeds import write_feed

FIRST = date(2026, 3, 1)
STOPS = {"A": (0, 0), "B": (1000, 0)}


def week(service: str, days: str, start: str = "20260301", end: str = "20260430") -> dict:
    return {"service_id": service, "start_date": start, "end_date": end} | {
        name: int(mark == "x") for name, mark in zip(WEEKDAYS, days, strict=True)
    }


def feed_of(tmp_path: Path, services: list[str], **options) -> Feed:
    trips = [{"calls": "A 08:00 B 08:05", "service_id": service} for service in services]
    return read_gtfs(write_feed(tmp_path / "f.zip", STOPS, trips, **options))


def naive_services(weekly: list[dict], exceptions: list[dict], day: date) -> set[str]:
    """Read the two files as a person would, one row after the other."""
    text = day.strftime("%Y%m%d")
    runs = set()
    for row in weekly:
        if row["start_date"] <= text <= row["end_date"] and row[WEEKDAYS[day.weekday()]] == 1:
            runs.add(row["service_id"])
    for row in exceptions:
        if row["date"] == text:
            if row["exception_type"] == 1:
                runs.add(row["service_id"])
            else:
                runs.discard(row["service_id"])
    return runs


days = st.integers(0, 40).map(lambda n: FIRST + timedelta(days=n))
stamp = days.map(lambda day: day.strftime("%Y%m%d"))
names = st.sampled_from(["S", "T", "U"])


@given(
    weekly=st.lists(
        st.tuples(names, st.lists(st.booleans(), min_size=7, max_size=7), stamp, stamp),
        max_size=3,
        unique_by=lambda row: row[0],
    ),
    exceptions=st.lists(st.tuples(names, stamp, st.sampled_from([1, 2])), max_size=12, unique_by=lambda row: row[:2]),
    trips=st.lists(names, min_size=1, max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_services_and_strip_equal_the_naive_reading(tmp_path_factory, weekly, exceptions, trips) -> None:
    rows = [
        week(name, "".join("x" if mark else "." for mark in marks), min(a, b), max(a, b))
        for name, marks, a, b in weekly
    ]
    dates = [{"service_id": name, "date": day, "exception_type": kind} for name, day, kind in exceptions]
    options = {"calendar": rows, "calendar_dates": dates}
    if not rows and not dates:
        options["calendar"] = [week("none", "xxxxxxx")]
    feed = feed_of(tmp_path_factory.mktemp("feed"), trips, **options)
    strip = trips_per_day(feed).set_index("date")["trips"]
    for n in range(-2, 45):
        day = FIRST + timedelta(days=n)
        expected = naive_services(options["calendar"], dates, day)
        assert set(services_on(feed, day)) == expected
        assert strip.get(day.isoformat(), 0) == sum(service in expected for service in trips)


def test_calendar_dates_alone_are_enough(tmp_path: Path) -> None:
    dates = [{"service_id": "s", "date": f"202603{day:02d}", "exception_type": 1} for day in (3, 4, 9)]
    feed = feed_of(tmp_path, ["s"], calendar=[], calendar_dates=dates)
    assert validity(feed) == (date(2026, 3, 3), date(2026, 3, 9))
    assert trips_per_day(feed)["trips"].tolist() == [1, 1, 0, 0, 0, 0, 1]


def test_headway_trips_count_as_often_as_they_leave(tmp_path: Path) -> None:
    period = {"trip_id": "t0", "start_time": "06:00:00", "end_time": "07:00:00", "headway_secs": 900}
    feed = feed_of(tmp_path, ["all"], frequencies=[period])
    assert trips_per_day(feed)["trips"].max() == 4


def test_bad_rows_do_not_count_and_are_named(tmp_path: Path) -> None:
    rows = [
        week("a", "xxxxx..", "1.3.2026", "20260430"),
        week("b", "xxxxx..", "20260430", "20260301"),
        week("c", "xxxxxxx"),
    ]
    dates = [
        {"service_id": "c", "date": "20260302", "exception_type": 3},
        {"service_id": "c", "date": "20260303", "exception_type": 2},
        {"service_id": "c", "date": "20260303", "exception_type": 1},
    ]
    feed = feed_of(tmp_path, ["a", "b", "c"], calendar=rows, calendar_dates=dates)
    assert {(n.code, n.file, n.row) for n in feed.notices} >= {
        ("invalid_date", "calendar.txt", 2),
        ("start_and_end_range_out_of_order", "calendar.txt", 3),
        ("unexpected_enum_value", "calendar_dates.txt", 2),
        ("duplicate_key", "calendar_dates.txt", 4),
    }
    assert services_on(feed, date(2026, 3, 2)).tolist() == ["c"]
    assert services_on(feed, date(2026, 3, 3)).tolist() == []


def test_a_service_without_any_day_is_said(tmp_path: Path) -> None:
    rows = [
        week("never", "......."),
        # Marked on Mondays, valid from a Tuesday to a Saturday.
        week("short", "x......", "20260303", "20260307"),
        week("gone", "x......", "20260302", "20260309"),
        week("one_left", "x......", "20260302", "20260316"),
        week("back", "......."),
    ]
    off = {
        "gone": ("20260302", "20260309", "20260316"),
        "one_left": ("20260302", "20260309"),
        "only_off": ("20260302",),
    }
    dates = [{"service_id": name, "date": day, "exception_type": 2} for name, days in off.items() for day in days]
    dates.append({"service_id": "back", "date": "20260305", "exception_type": 1})
    feed = feed_of(
        tmp_path, ["never", "short", "gone", "one_left", "back", "only_off"], calendar=rows, calendar_dates=dates
    )
    told = [(n.code, n.entity, n.count, n.row) for n in feed.notices if n.file == "trips.txt"]
    assert told == [("service_never_runs", "never", 4, 2)]
    with pytest.raises(ServiceDateError, match=r"f: runs never; 0 trips on .* \(its calendars give no day"):
        feed_days(
            [feed_of(tmp_path, ["only_off"], calendar=[], calendar_dates=[{**dates[0], "service_id": "only_off"}])],
            date(2026, 3, 2),
        )


def test_equivalent_day_is_alike_near_and_typical(tmp_path: Path) -> None:
    # Two services on weekdays; one of them stops on Tuesday the 31st, as on a holiday.
    rows = [week("a", "xxxxx..", "20260302", "20260331"), week("b", "xxxxxx.", "20260302", "20260331")]
    feed = feed_of(
        tmp_path,
        ["a", "b"],
        calendar=rows,
        calendar_dates=[{"service_id": "a", "date": "20260331", "exception_type": 2}],
    )
    assert equivalent_day(feed, date(2026, 6, 9)) == date(2026, 3, 24)
    assert equivalent_day(feed, date(2026, 6, 13)) == date(2026, 3, 28)
    assert equivalent_day(feed, date(2026, 6, 14)) is None
    breaks = [(date(2026, 3, 16), date(2026, 3, 31)), (date(2026, 7, 4), date(2026, 8, 31))]
    assert equivalent_day(feed, date(2026, 6, 9), school_breaks=breaks) == date(2026, 3, 10)
    assert equivalent_day(feed, date(2026, 7, 7), school_breaks=breaks) == date(2026, 3, 24)


def test_common_day_prefers_the_weekday(tmp_path: Path) -> None:
    one = feed_of(tmp_path, ["a"], calendar=[week("a", "xxxxx..", "20260302", "20260331")])
    other = feed_of(tmp_path, ["b"], calendar=[week("b", "xxxxx..", "20260325", "20260430")])
    assert common_day([one, other], date(2026, 4, 7)) == date(2026, 3, 31)
    assert common_day([one, other], date(2026, 3, 2)) == date(2026, 3, 30)
    far = feed_of(tmp_path, ["b"], calendar=[week("b", "xxxxx..", "20270301", "20270430")])
    assert common_day([one, far], date(2026, 3, 2)) is None


def test_one_stray_date_far_away_changes_nothing(tmp_path: Path) -> None:
    asked = date(2026, 3, 17)
    after = date(2026, 6, 16)
    for stray, kind in (("20100105", 2), ("19700101", 1), ("20991231", 1), ("20991231", 2)):
        feed = feed_of(
            tmp_path,
            ["all", "other"],
            calendar=[week("all", "xxxxxxx"), week("other", "xxxxx..")],
            calendar_dates=[{"service_id": "all", "date": stray, "exception_type": kind}],
        )
        assert feed_days([feed], asked).days == (asked,)
        assert departures_on(feed, asked) == 2
        # 30 April is the last day: the Tuesday before it stands for a Tuesday of June.
        assert feed_days([feed], after, align="equivalent-day").days == (date(2026, 4, 28),)
        assert (date(2026, 3, 1), date(2026, 4, 30)) in service_periods(feed)


def test_a_calendar_of_centuries_counts_each_day(tmp_path: Path) -> None:
    weekly = [week("all", "x......", "19000101", "20991231"), week("dead", "xxxxxxx", "17000101", "17000102")]
    feed = feed_of(tmp_path, ["all"], calendar=weekly)
    strip = trips_per_day(feed)
    # 1900-01-01 was a Monday, and so is 2099-12-28.
    assert validity(feed) == (date(1900, 1, 1), date(2099, 12, 28))
    assert int(strip["trips"].sum()) == (date(2099, 12, 28) - date(1900, 1, 1)).days // 7 + 1
    assert feed_days([feed], date(2026, 3, 16)).days == (date(2026, 3, 16),)


def test_the_present_timetable_stands_in_and_not_an_older_one_of_more_trips(tmp_path: Path) -> None:
    old, new = week("old", "xxxxxxx", "20120101", "20221231"), week("new", "xxxxxxx", "20230101", "20261231")
    feed = feed_of(tmp_path, ["old", "old", "old", "new"], calendar=[old, new])
    assert feed_days([feed], date(2026, 3, 17), align="equivalent-day").days == (date(2026, 3, 17),)
    # Tuesday 2027-03-16 is beyond the calendar, whose last Tuesday is 2026-12-29.
    assert feed_days([feed], date(2027, 3, 16), align="equivalent-day").days == (date(2026, 12, 29),)
