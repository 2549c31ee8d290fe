"""Conditions that ask for the sun, holidays, weeks, or a rule of last resort."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from geo_access.network.streets.almanac import Almanac, easter, french_holidays
from geo_access.network.streets.conditions import conditional_value, holds
from geo_access.sources.gtfs.calendar import school_breaks
from tests.network.drawn import drawn_streets

TUESDAY = dt.datetime.fromisoformat("2026-03-17T08:00")  # week 12, the third Tuesday of March, lessons in zone B
PARIS = Almanac((2.35, 48.86), "Europe/Paris", school_breaks("B"))
ROAD = {"highway": "residential"}


@pytest.mark.parametrize(
    ("day", "rises", "sets"),
    [("2026-03-20", "06:56", "19:04"), ("2026-06-21", "05:47", "21:58"), ("2026-12-21", "08:41", "16:56")],
)
def test_the_sun_of_paris(day: str, rises: str, sets: str) -> None:
    # As almanacs print them; the formula is good to three minutes.
    for event, clock in (("sunrise", rises), ("sunset", sets)):
        hours, _, minutes = clock.partition(":")
        found = PARIS.sun_minute(event, dt.date.fromisoformat(day))
        assert found == pytest.approx(int(hours) * 60 + int(minutes), abs=3)


def test_the_sun_where_it_does_not_set_or_no_clock_is_known() -> None:
    north = Almanac((25.0, 70.0), "Europe/Helsinki")
    assert north.sun_minute("sunset", dt.date(2026, 6, 21)) is None
    assert north.sun_minute("sunset", dt.date(2026, 3, 21)) is not None
    assert Almanac().sun_minute("sunset", dt.date(2026, 3, 21)) is None
    assert Almanac.at((-51.2, -30.0)).zone is None
    assert Almanac.at((-0.1, 51.0)).zone is None
    assert Almanac.at((7.42, 43.74)).zone == "Europe/Paris"


@pytest.mark.parametrize("day", ["2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2038-04-25", "2285-03-22"])
def test_easter(day: str) -> None:
    assert easter(int(day[:4])).isoformat() == day


def test_public_holidays_of_2026() -> None:
    days = ["01-01", "04-06", "05-01", "05-08", "05-14", "05-25", "07-14", "08-15", "11-01", "11-11", "12-25"]
    assert sorted(day.isoformat()[5:] for day in french_holidays(2026)) == days


@pytest.mark.parametrize(
    ("text", "moment", "expected"),
    [
        ("sunrise-sunset", "2026-03-17T08:00", True),
        ("sunrise-sunset", "2026-12-21T08:30", False),
        ("(sunrise-00:30)-sunset", "2026-12-21T08:30", True),
        ("dawn-dusk", "2026-12-21T08:30", True),
        ("sunset-sunrise", "2026-12-21T08:30", True),
        ("sunset-23:00", "2026-06-21T21:30", False),
        ("sunset-23:00", "2026-06-21T22:15", True),
        ("week 10-20", "2026-03-17T08:00", True),
        ("week 11-53/2", "2026-03-17T08:00", False),
        ("week 10-53/2", "2026-03-17T08:00", True),
        ("week 50-13", "2026-03-17T08:00", True),
        ("week 1-10 Mo-Fr 07:00-09:00", "2026-03-17T08:00", False),
        ("Tu[3] 07:00-09:00", "2026-03-17T08:00", True),
        ("Tu[1-2] 07:00-09:00", "2026-03-17T08:00", False),
        ("Tu[-1]", "2026-03-31T08:00", True),
        ("Tu[-1]", "2026-03-24T08:00", False),
        ("Tu[1, 3]", "2026-03-17T08:00", True),
        ("Tu[1-] 08:00-09:00", "2026-03-17T08:00", None),
        ("Tu[-1,] 08:00-09:00", "2026-03-17T08:00", None),
        ("week 10-20/0", "2026-03-17T08:00", True),
        ("2026", "2026-03-17T08:00", True),
        ("2024-2025", "2026-03-17T08:00", False),
        ("2025+", "2026-03-17T08:00", True),
        ("2026 07:00-09:00", "2026-03-17T08:00", True),
        ("easter", "2026-04-05T08:00", True),
        ("easter +1 day 07:00-09:00", "2026-04-06T08:00", True),
        ("easter -2 days", "2026-04-06T08:00", False),
        ("PH off; Mo-Fr 07:00-19:00", "2026-07-14T08:00", True),
        ("Mo-Fr 07:00-19:00; PH off", "2026-07-14T08:00", False),
        ("Su,PH 07:00-19:00", "2026-07-14T08:00", True),
        ("SH off", "2026-02-17T08:00", False),
        ("SH Mo-Fr 07:00-19:00", "2026-02-17T08:00", True),
        ("SH Mo-Fr 07:00-19:00", "2026-03-17T08:00", False),
        ("Mo-Fr 07:30-08:30; SH off", "2026-02-17T08:00", False),
        ("Mo-Fr 07:30-08:30; SH,PH off", "2026-03-17T08:00", True),
        ("SH", "2035-03-17T08:00", None),
        ('Sa 09:00-12:00 || "by appointment"', "2026-03-17T08:00", None),
        ("Sa 09:00-12:00 || Tu 07:00-09:00", "2026-03-17T08:00", True),
        ("Tu 07:00-09:00 || snow", "2026-03-17T08:00", True),
        ("Oct-Mar sunrise-sunset, week 20-30 Tu off", "2026-03-17T08:00", True),
        ("moonrise-sunset", "2026-03-17T08:00", None),
    ],
)
def test_what_the_almanac_knows(text: str, moment: str, expected: bool | None) -> None:
    assert holds(text, dt.datetime.fromisoformat(moment), almanac=PARIS) is expected


def test_without_an_almanac_nothing_is_guessed() -> None:
    assert holds("sunrise-sunset", TUESDAY) is None
    assert holds("SH off", TUESDAY) is None
    assert conditional_value("no @ (sunset-sunrise)", TUESDAY) == (None, False)
    assert conditional_value("no @ (SH AND 07:00-09:00)", TUESDAY, almanac=PARIS) == (None, True)


def test_a_park_that_closes_at_dusk_and_a_street_of_a_school(tmp_path: Path) -> None:
    # A–B through a park, A–C–B round it; B–D by a school is closed to cars while pupils come.
    drawing = """
A-------B---D
        |
C-------E
"""
    park = {"highway": "footway", "opening_hours": "sunrise-sunset"}
    school = ROAD | {"motor_vehicle:conditional": "no @ (Mo-Fr 07:30-08:30; SH off)"}
    ways = {"AB": park, "AC": ROAD, "CE": ROAD, "EB": ROAD, "BD": school}

    def ways_of(moment: dt.datetime, mode: str) -> set[int]:
        built, _ = drawn_streets(
            tmp_path, drawing, ways, modes=["walk", "car"], moment=moment, school_breaks=school_breaks("B")
        )
        assert any(note.key == "streets.conditions_read_france" and dict(note.values)["n"] == 2 for note in built.notes)
        return set(built.edge_way_id[built.graphs[mode].edges].tolist())

    assert 1 in ways_of(TUESDAY, "walk")
    assert 1 not in ways_of(TUESDAY.replace(hour=20), "walk")
    assert 5 not in ways_of(TUESDAY, "car")
    assert 5 in ways_of(dt.datetime.fromisoformat("2026-02-17T08:00"), "car")
