"""School holidays: the table of the package, files of one's own, and the equivalent days that follow."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from geo_access.errors import InputError, MissingFileError
from geo_access.sources.gtfs.calendar import equivalent_day, read_school_breaks, school_breaks
from geo_access.sources.gtfs.cells import WEEKDAYS
from geo_access.sources.gtfs.feed import read_gtfs
from tests.feeds import write_feed


@pytest.mark.parametrize("zone", ["A", "B", "C"])
def test_holidays_start_on_saturdays_end_before_lessons_and_never_overlap(zone: str) -> None:
    breaks = school_breaks(zone)
    for first, last in breaks:
        # Lessons end on a Friday or Saturday, but before the Thursday of Ascension; they start again on a weekday.
        assert first.weekday() == (3 if first.month == 5 else 5)
        assert (last + timedelta(days=1)).weekday() <= 1
        assert 4 <= (last - first).days + 1 <= 60
    assert all(a[1] < b[0] for a, b in pairwise(breaks))


def test_zones_share_autumn_and_christmas_and_take_turns_in_winter() -> None:
    by_zone = {zone: set(school_breaks(zone)) for zone in "ABC"}
    shared = by_zone["A"] & by_zone["B"] & by_zone["C"]
    assert (date(2025, 10, 18), date(2025, 11, 2)) in shared
    assert (date(2025, 12, 20), date(2026, 1, 4)) in shared
    winters = sorted(
        first for zone in "ABC" for first, _ in by_zone[zone] if date(2026, 2, 1) <= first < date(2026, 3, 1)
    )
    assert [b - a for a, b in pairwise(winters)] == [timedelta(days=7)] * 2
    with pytest.raises(InputError, match="one of A, B, C"):
        school_breaks("D")


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "breaks.csv"
    path.write_text("\ufefflast;first;zone\n2027-03-07;2027-02-20;B\n2027-02-28;2027-02-13;A\n", encoding="utf-8")
    assert read_school_breaks(path, place="B") == ((date(2027, 2, 20), date(2027, 3, 7)),)
    assert len(read_school_breaks(path)) == 2
    path.write_text("first,last\n2027-02-20,soon\n2027-03-07,2027-02-20\n")
    with pytest.raises(InputError) as caught:
        read_school_breaks(path)
    assert [fault.where for fault in caught.value.faults] == ["breaks.csv: line 2", "breaks.csv: line 3"]
    path.write_text("from,to\n1,2\n")
    with pytest.raises(InputError, match="first,last or start_date,end_date"):
        read_school_breaks(path)
    path.write_text("")
    with pytest.raises(InputError, match="not readable"):
        read_school_breaks(path)
    with pytest.raises(MissingFileError):
        read_school_breaks(tmp_path / "none.csv")


def test_the_export_of_the_ministry(tmp_path: Path) -> None:
    # Midnights of Paris told in UTC: an hour earlier in winter, two in summer; the end is the day lessons start again.
    path = tmp_path / "fr-en-calendrier-scolaire.csv"
    path.write_text(
        "description;population;start_date;end_date;location;zones;annee_scolaire\n"
        "Vacances de la Toussaint;-;2025-10-17T22:00:00+00:00;2025-11-02T23:00:00+00:00;Lille;Zone B;2025-2026\n"
        "Vacances d'Hiver;Élèves;2026-02-13T23:00:00+00:00;2026-03-01T23:00:00+00:00;Lille;Zone B;2025-2026\n"
        "Vacances d'Hiver;-;2026-02-06T23:00:00+00:00;2026-02-22T23:00:00+00:00;Lyon;Zone A;2025-2026\n",
        encoding="utf-8",
    )
    assert read_school_breaks(path, place="Lille") == tuple(
        span for span in school_breaks("B") if span[0] in (date(2025, 10, 18), date(2026, 2, 14))
    )
    with pytest.raises(InputError, match="no row of 'Nice'"):
        read_school_breaks(path, place="Nice")


def test_a_day_of_term_is_stood_for_by_a_day_of_term(tmp_path: Path) -> None:
    # The feed starts in the winter holidays of zone B: the nearest Tuesday is one, the nearest of term is later.
    weekly = {"service_id": "all", "start_date": "20260216", "end_date": "20260331"} | dict.fromkeys(WEEKDAYS, 0)
    weekly["tuesday"] = 1
    path = write_feed(tmp_path / "f.zip", {"A": (0, 0), "B": (1000, 0)}, ["A 08:00 B 08:05"], calendar=[weekly])
    feed = read_gtfs(path)
    assert equivalent_day(feed, date(2026, 2, 10)) == date(2026, 2, 17)
    assert equivalent_day(feed, date(2026, 2, 10), school_breaks=school_breaks("B")) == date(2026, 3, 3)
    assert equivalent_day(feed, date(2026, 4, 14), school_breaks=school_breaks("B")) == date(2026, 2, 24)
