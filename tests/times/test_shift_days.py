"""A shift on several weekdays: which day works, which does not, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from geo_access.errors import InputError
from geo_access.network.model import Network
from geo_access.times.shift_days import shift_days
from tests.times.worlds import PLAIN, WALK, H, bus, country, layer

LINE = [(0.0, 0.0), (10_000.0, 0.0)]
HOME, SITE = layer(home=(0.0, 300.0)), layer(site=(10_000.0, 200.0))


def on(day: date, out: list[float], back: list[float]) -> Network:
    trips = [bus([0, 1], round(h * H)) for h in out] + [bus([1, 0], round(h * H)) for h in back]
    network = country(trips, LINE)
    return replace(network, timetable=replace(network.timetable, day=day))


FRIDAY = on(date(2026, 3, 20), [7.5], [16.25])
SATURDAY = on(date(2026, 3, 21), [7], [16.5])
SUNDAY = on(date(2026, 3, 22), [9], [15])
ASKED = {"start": "08:00", "end": "16:00", **WALK}


def test_the_worst_of_the_days_and_the_days_that_work() -> None:
    # Leave at 7:25 on Friday and at 6:55 on Saturday, to be there at 7:55; home at 16:40 and at 16:45 + 10 min.
    both = shift_days([SATURDAY, FRIDAY], HOME, SITE, days="fri-sat", **ASKED)
    assert both.service_days == (date(2026, 3, 20), date(2026, 3, 21))
    assert both.out_s[0, 0] == 3600
    assert both.back_s[0, 0] == 16.5 * H + 900 - (16 * H + 300)
    assert both.feasible[0, 0]
    assert both.each_day()["last_out"].tolist() == ["07:25", "06:55"]
    assert both.each_day()["service_day"].tolist() == ["2026-03-20", "2026-03-21"]


def test_a_day_without_service_at_that_hour_decides() -> None:
    days = shift_days([FRIDAY, SATURDAY, SUNDAY], HOME, SITE, days="fri-sun", **ASKED)
    assert not days.feasible[0, 0]
    assert days.feasible_days[0, 0] == 2
    frame = days.to_frame()
    assert frame.loc[0, ["days_feasible", "days_missing", "reason"]].tolist() == [
        "fri sat",
        "sun",
        "FIRST_TRIP_TOO_LATE",
    ]
    assert frame["out_s"].isna().all()


@pytest.mark.parametrize(
    ("networks", "days", "message"),
    [
        ([FRIDAY], "fri-sat", "date='2026-03-21'"),
        ([FRIDAY, FRIDAY], "fri", "several of them"),
        ([FRIDAY], "fryday", "no weekday"),
        ([FRIDAY], "", "no weekday"),
        ([], "mon", "none of them"),
        ([Network(2154, PLAIN, None, {})], "mon", "no timetable"),
    ],
)
def test_days_that_cannot_be_tested(networks: list[Network], days: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        shift_days(networks, HOME, SITE, days=days, **ASKED)
