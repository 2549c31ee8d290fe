"""Code cells, decimals and ids as programs write them: read as meant, said, and never taken for a "no"."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_access.errors import InputError
from geo_access.sources.gtfs.calendar import services_on
from geo_access.sources.gtfs.cells import WEEKDAYS, plain_codes, read_days, read_numbers
from geo_access.sources.gtfs.feed import read_gtfs
from geo_access.sources.gtfs.model import Feed
from geo_access.sources.gtfs.notices import NoticeBook
from geo_access.sources.gtfs.rows import read_raw
from tests.feeds import feed_tables, table_text, write_feed, write_tables

STOPS = {"1": (0, 0), "2": (1000, 0), "3": (2000, 0)}
CALENDAR = {"service_id": "9", "start_date": "20260101", "end_date": "20261231"} | dict.fromkeys(WEEKDAYS, "1")
TUESDAY = date(2026, 3, 17)


def said(feed: Feed) -> dict[str, int]:
    counts: dict[str, int] = {}
    for notice in feed.notices:
        counts[notice.code] = counts.get(notice.code, 0) + notice.count
    return counts


def calls(*kinds: str) -> list[dict[str, str]]:
    return [
        {"stop_id": stop, "arrival_time": f"08:0{k}:00", "departure_time": f"08:0{k}:00", "pickup_type": kind}
        for k, (stop, kind) in enumerate(zip(STOPS, kinds, strict=True))
    ]


@pytest.mark.parametrize(
    "cell", ["1.0", " 1 ", "01", "+1", "1,0", "true", "TRUE", "Y", "oui", "vrai", "\uff11", "\u200b1"]
)
def test_a_weekday_that_means_yes_runs_and_is_said(tmp_path: Path, cell: str) -> None:
    trips = [{"calls": "1 08:00 2 08:05", "service_id": "9"}]
    feed = read_gtfs(write_feed(tmp_path / "f.zip", STOPS, trips, calendar=[CALENDAR | {"tuesday": cell}]))
    assert services_on(feed, TUESDAY).tolist() == ["9"]
    assert said(feed).keys() & {"code_as_meant", "leading_or_trailing_whitespaces"}


@pytest.mark.parametrize(
    ("cell", "runs"),
    [("0.0", False), ("false", False), ("non", False), ("\uff10", False), ("\ufeff0", False), ("2", True), ("?", True)],
)
def test_a_weekday_that_cannot_be_read_is_no_silent_no(tmp_path: Path, cell: str, runs: bool) -> None:
    trips = [{"calls": "1 08:00 2 08:05", "service_id": "9"}]
    feed = read_gtfs(write_feed(tmp_path / "f.zip", STOPS, trips, calendar=[CALENDAR | {"tuesday": cell}]))
    assert bool(len(services_on(feed, TUESDAY))) is runs
    assert said(feed)["unexpected_enum_value" if runs else "code_as_meant"] == 1


@pytest.mark.parametrize("column", ["tuesday", "sunday", "start_date", "service_id"])
def test_a_calendar_without_a_column_is_an_error_that_names_it(tmp_path: Path, column: str) -> None:
    row = {name: cell for name, cell in CALENDAR.items() if name != column}
    path = write_feed(tmp_path / "f.zip", STOPS, ["1 08:00 2 08:05"], calendar=[row])
    with pytest.raises(InputError, match=rf"missing_required_column calendar\.txt: {column}"):
        read_gtfs(path)


def test_codes_of_every_table_are_read_alike(tmp_path: Path) -> None:
    feed = read_gtfs(
        write_feed(
            tmp_path / "f.zip",
            STOPS,
            [{"calls": calls("0.0", "1.0", "false"), "bikes_allowed": "2.0", "wheelchair_accessible": "non"}],
            stop_columns={"1": {"location_type": "0.0", "wheelchair_boarding": "01"}, "2": {"location_type": "00"}},
            calendar_dates=[{"service_id": "all", "date": "20260317.0", "exception_type": "2.0"}],
            frequencies=[
                {
                    "trip_id": "t0",
                    "start_time": "06:00:00",
                    "end_time": "07:00:00",
                    "headway_secs": "600.0",
                    "exact_times": "True",
                }
            ],
            pathways=[{"from_stop_id": "1", "to_stop_id": "2", "pathway_mode": "1.0", "is_bidirectional": "0.0"}],
            transfers=[{"from_stop_id": "1", "to_stop_id": "2", "transfer_type": "3.0"}],
        )
    )
    assert feed.stop_times.pickup.tolist() == [0, 1, 1]
    assert (feed.trips["bikes_allowed"][0], feed.trips["wheelchair_accessible"][0]) == ("2", "2")
    assert feed.stops["wheelchair_boarding"].tolist() == ["1", "", ""]
    assert services_on(feed, TUESDAY).tolist() == []
    assert (feed.frequencies["headway_s"].tolist(), feed.frequencies["exact"].tolist()) == ([600], [True])
    assert (feed.pathways["both_ways"].tolist(), feed.transfers["transfer_type"].tolist()) == ([False], [3])
    told = {(n.file, n.entity) for n in feed.notices if n.code == "code_as_meant"}
    assert len(told) == 11


def test_ids_written_as_decimals_join_where_one_row_is_meant(tmp_path: Path) -> None:
    tables = feed_tables(
        STOPS | {"4": (3000, 0), "4.0": (4000, 0)},
        [{"trip_id": "7", "route_id": "5", "service_id": "9", "calls": calls("", "", "")}],
        calendar=[CALENDAR],
        calendar_dates=[{"service_id": "9.0", "date": "20260318", "exception_type": 2}],
    )
    for row in tables["stop_times"]:
        row["stop_id"], row["trip_id"] = f"{row['stop_id']}.0", "7.0"
    tables["trips"][0] |= {"route_id": "5.0", "service_id": "9.0"}
    feed = read_gtfs(write_tables(tmp_path / "f.zip", {f"{n}.txt": table_text(rows) for n, rows in tables.items()}))
    assert feed.stop_times.stop.tolist() == [0, 1, 2]
    assert (services_on(feed, TUESDAY).tolist(), services_on(feed, date(2026, 3, 18)).tolist()) == (["9"], [])
    assert feed.trips["route_id"].tolist() == feed.routes["route_id"].tolist() == ["5"]
    assert said(feed)["id_written_as_decimal"] == 3 + 3 + 1 + 1 + 1
    assert "foreign_key_violation" not in said(feed)


@pytest.mark.parametrize(("plain", "written"), [("t0", 't0"'), ("t0", "'t0'"), ("t0", "\u200bt0")])
@pytest.mark.parametrize("table", ["trips", "stop_times"])
def test_an_id_with_a_stray_mark_joins_where_one_row_is_meant(
    tmp_path: Path, plain: str, written: str, table: str
) -> None:
    files = {f"{n}.txt": table_text(rows) for n, rows in feed_tables(STOPS, ["1 08:00 2 08:05"]).items()}
    header, *rows = files[f"{table}.txt"].splitlines()
    files[f"{table}.txt"] = "\n".join((header, *(row.replace(plain, written) for row in rows))) + "\n"
    feed = read_gtfs(write_tables(tmp_path / "f.zip", files))
    assert feed.stop_times.stop.tolist() == [0, 1]
    assert "foreign_key_violation" not in said(feed)
    assert said(feed)["id_written_as_decimal"] == 2


def test_an_id_that_may_be_either_of_two_is_not_joined(tmp_path: Path) -> None:
    tables = feed_tables({"4.0": (0, 0), "4.00": (9, 0), "5": (99, 0)}, ["4.0 08:00 5 08:05 5 08:09"])
    tables["stop_times"][0]["stop_id"] = "4"
    feed = read_gtfs(write_tables(tmp_path / "f.zip", {f"{n}.txt": table_text(rows) for n, rows in tables.items()}))
    assert said(feed)["foreign_key_violation"] == 1


@given(st.integers(0, 3), st.text("0", max_size=3), st.sampled_from(["", ".", ".0", ".00", ",0"]))
def test_any_spelling_of_a_number_reads_as_the_number(number: int, zeros: str, tail: str) -> None:
    book = NoticeBook()
    raw = read_raw("stop_times", f'pickup_type,x\n"{zeros}{number}{tail}",\n'.encode(), book)
    assert plain_codes(raw, book).text("pickup_type").tolist() == [str(number)]
    assert [n.code for n in book.found] == (["code_as_meant"] if zeros or tail else [])


def test_numbers_and_days_say_what_they_are_not() -> None:
    book = NoticeBook()
    raw = read_raw("stops", b'a,b\n"50,63",2026-03-17\n50.63,20260317.0\n1_0,1.3.2026\n,20260317\n', book)
    assert read_numbers(raw, "a", book, default=-1).tolist()[:2] == [50.63, 50.63]
    assert str(read_numbers(raw, "a", book, default=-1)[2:].tolist()) == "[nan, -1.0]"
    assert [str(day) for day in read_days(raw, "b", book)] == ["2026-03-17", "2026-03-17", "NaT", "2026-03-17"]
    assert {(n.code, n.count) for n in book.found} == {("decimal_comma", 1), ("code_as_meant", 2), ("invalid_date", 1)}


def test_full_width_digits_and_marks_that_nobody_sees_are_read_and_said() -> None:
    book = NoticeBook()
    raw = read_raw(
        "calendar_dates", "exception_type,date\n\uff12,\uff12\uff10260317\n\ufeff1,2026-3-7T00:00:00\n".encode(), book
    )
    assert plain_codes(raw, book).text("exception_type").tolist() == ["2", "1"]
    assert read_days(raw, "date", book).astype(str).tolist() == ["2026-03-17", "2026-03-07"]
    assert [n.code for n in book.found] == ["code_as_meant"] * 2
    # A moment within a day is no date.
    late = read_raw("calendar_dates", b"date\n2026-03-17T12:30\n", book)
    assert np.isnat(read_days(late, "date", book)).all()
