"""The clock on ordinary days and on the two nights when the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.clock import DAY_S, ServiceDay, format_clock, parse_clock
from geo_access.errors import InputError

SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


def test_ordinary_day_counts_from_midnight() -> None:
    day = ServiceDay(date(2026, 3, 17))
    assert day.to_datetime(parse_clock("07:30")).isoformat() == "2026-03-17T07:30:00+01:00"
    assert day.to_datetime(parse_clock("25:10")).isoformat() == "2026-03-18T01:10:00+01:00"


def test_spring_night_starts_an_hour_before_midnight() -> None:
    # Noon is 10:00 UTC; twelve hours earlier is 22:00 UTC the day before, 23:00 in winter time.
    assert ServiceDay(SPRING).origin().isoformat() == "2026-03-28T23:00:00+01:00"
    assert ServiceDay(SPRING).to_datetime(parse_clock("08:00")).isoformat() == "2026-03-29T08:00:00+02:00"


def test_autumn_night_starts_an_hour_after_midnight() -> None:
    assert ServiceDay(AUTUMN).origin().isoformat() == "2026-10-25T01:00:00+02:00"
    assert ServiceDay(AUTUMN).to_datetime(parse_clock("08:00")).isoformat() == "2026-10-25T08:00:00+01:00"


@pytest.mark.parametrize(
    ("day", "before_s", "after_s"),
    [(SPRING, -(DAY_S - 3600), DAY_S), (AUTUMN, -(DAY_S + 3600), DAY_S), (date(2026, 3, 30), -DAY_S, DAY_S)],
)
def test_neighbouring_days_lie_a_true_day_apart(day: date, before_s: int, after_s: int) -> None:
    # Noon to noon is 23 h into the spring night and 25 h into the autumn one.
    assert ServiceDay(day).offset_s(day - timedelta(days=1)) == before_s
    assert ServiceDay(day).offset_s(day + timedelta(days=1)) == after_s


def test_the_night_bus_of_the_eve_keeps_its_instant() -> None:
    # 26:30 on the eve of the spring change is 02:30 counted on: 03:30 in summer time, one instant on both clocks.
    eve, day = ServiceDay(date(2026, 3, 28)), ServiceDay(SPRING)
    instant = eve.to_datetime(parse_clock("26:30"))
    assert day.to_seconds(instant) == parse_clock("26:30") + day.offset_s(eve.day)
    assert instant.astimezone(UTC) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@given(
    st.dates(date(2020, 1, 1), date(2035, 12, 31)),
    st.integers(-DAY_S, 3 * DAY_S),
    st.sampled_from(["Europe/Paris", "America/Sao_Paulo", "Asia/Krasnoyarsk"]),
)
@settings(max_examples=60)
def test_there_and_back(day: date, seconds: int, zone: str) -> None:
    service = ServiceDay(day, zone)
    assert service.to_seconds(service.to_datetime(seconds)) == seconds


@given(st.integers(0, 48 * 60))
def test_text_there_and_back(minutes: int) -> None:
    assert parse_clock(f"{minutes // 60}:{minutes % 60:02d}") == minutes * 60
    assert format_clock(minutes * 60).startswith(f"{minutes // 60 % 24:02d}:{minutes % 60:02d}")


@pytest.mark.parametrize("text", ["8h", "08:60", "49:00", "48:00:01", "", "-1:00"])
def test_what_is_no_clock_time_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_clock(text)
