"""Rows too short, rows too long, quotes that nobody closed: recovered line by line, the line named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_access.sources.gtfs.notices import NoticeBook
from geo_access.sources.gtfs.rows import RawTable, read_raw

HEADER = "stop_id,stop_name,stop_lat,stop_lon"


def read(*lines: str, columns: tuple[str, ...] | None = None, end: str = "\n") -> tuple[RawTable, NoticeBook]:
    book = NoticeBook()
    return read_raw("stops", ("\n".join((HEADER, *lines)) + end).encode(), book, columns=columns), book


def found(book: NoticeBook) -> list[tuple[str, int | None, str]]:
    return [(n.code, n.row, n.action) for n in book.found]


def test_cells_left_off_are_blank_and_cells_beyond_are_dropped_in_their_places() -> None:
    raw, book = read("A,a,1,2", "B,b", "C,c,3,4,5,6", "D,d,7,8", "E")
    assert raw.text("stop_id").tolist() == list("ABCDE")
    assert raw.text("stop_lat").tolist() == ["1", "", "3", "7", ""]
    assert raw.row.tolist() == [2, 3, 4, 5, 6]
    assert found(book) == [
        ("invalid_row_length", 3, "repaired"),
        ("invalid_row_length", 6, "repaired"),
        ("invalid_row_length", 4, "repaired"),
    ]
    assert [n.entity for n in book.found] == ["B", "E", "C"]


def test_a_file_cut_off_within_its_last_row_loses_that_row() -> None:
    raw, book = read("A,a,1,2", "B,b,5", end="")
    assert raw.text("stop_id").tolist() == ["A"]
    assert found(book) == [("invalid_row_length", 3, "dropped")]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('B,"Le Moulin,1,2', "Le Moulin"),
        ('B,"Le Moulin,"1","2"', "Le Moulin"),
        ('B,Le Moulin",1,2', 'Le Moulin"'),
        ('B,"Le ""Moulin"",1,2', 'Le "Moulin"'),
        ('"B,Le Moulin,1,2', "Le Moulin"),
    ],
)
def test_a_quote_that_is_not_closed_ends_with_its_line(line: str, name: str) -> None:
    for others in ("{0},{0},1,2", '{0},"{0}",1,2', '"{0}","{0}","1","2"'):
        raw, book = read(*(others.format(stop) for stop in "XA"), line, *(others.format(stop) for stop in "CDE"))
        assert raw.text("stop_id").tolist() == list("XABCDE"), others
        assert raw.text("stop_name").tolist()[2] == name
        assert raw.text("stop_lat").tolist() == ["1"] * 6
        assert {n.row for n in book.found} <= {4}


def test_two_quotes_missing_lines_apart_swallow_nothing() -> None:
    raw, book = read('A,"a,1,2', 'B,"b",1,2', "C,c,1,2", 'D,"d,1,2', 'E,"e",1,2')
    assert raw.text("stop_id").tolist() == list("ABCDE")
    assert found(book) == [("unclosed_quote", 2, "repaired"), ("unclosed_quote", 5, "repaired")]


@pytest.mark.parametrize("rows", [['A,"a,1,2'], ["A,a,1,2", '"B,b,3,4']])
def test_a_quote_open_in_the_last_row_is_said(rows: list[str]) -> None:
    raw, book = read(*rows)
    assert raw.text("stop_lon").tolist() == [row[-1] for row in rows]
    assert found(book) == [("unclosed_quote", len(rows) + 1, "repaired")]


def test_a_quote_open_in_the_header_is_said() -> None:
    book = NoticeBook()
    raw = read_raw("stops", b'stop_id,"stop_name,stop_lat\nA,a,1\n', book)
    assert raw.text("stop_lat").tolist() == ["1"]
    assert found(book) == [("unclosed_quote", 1, "repaired")]


def test_a_name_over_two_lines_stays_whole() -> None:
    raw, book = read('A,"first\nsecond, with a comma",1,2', 'B,"b,3,4', "C,c,5,6")
    assert raw.text("stop_name").tolist() == ["first\nsecond, with a comma", "b", "c"]
    assert found(book) == [("unclosed_quote", 4, "repaired")]


def test_a_quote_in_a_column_that_is_not_read_swallows_no_row() -> None:
    raw, book = read('A,"a,1,2', 'B,"b",1,2', columns=("stop_id", "stop_lat"))
    assert raw.text("stop_id").tolist() == ["A", "B"]
    assert found(book) == [("unclosed_quote", 2, "repaired")]


cell = st.text(st.characters(codec="ascii", exclude_characters='\r\n",', exclude_categories=("C",)), max_size=5)


@given(st.lists(st.lists(cell, min_size=1, max_size=7), min_size=1, max_size=12))
def test_every_row_written_is_a_row_read(rows: list[list[str]]) -> None:
    rows = [[f"s{k}", *row] for k, row in enumerate(rows)]
    raw, book = read(*(",".join(row) for row in rows))
    assert raw.text("stop_id").tolist() == [row[0] for row in rows]
    assert raw.text("stop_name").tolist() == [row[1].strip() for row in rows]
    wrong = sum(len(row) != 4 for row in rows)
    assert sum(n.count for n in book.found if n.code == "invalid_row_length") == wrong


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ('B,"Arret "le, B"",50.6,3.0', ["B", 'Arret "le, B"', "50.6", "3.0"]),
        ('B,"a ""b"" "c, d"",50.6,3.0', ["B", 'a "b" "c, d"', "50.6", "3.0"]),
    ],
)
def test_quotes_inside_of_quoted_cells_keep_what_follows_in_its_column(line: str, cells: list[str]) -> None:
    book = NoticeBook()
    raw = read_raw("stops", f"stop_id,stop_name,stop_lat,stop_lon\nA,a,1,2\n{line}\nC,c,3,4\n".encode(), book)
    assert [raw.text(name)[1] for name in ("stop_id", "stop_name", "stop_lat", "stop_lon")] == cells
    assert raw.text("stop_id").tolist() == ["A", "B", "C"]


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_other_separators_are_read_and_said(mark: str) -> None:
    text = f'stop_id{mark}stop_name{mark}stop_lat\nA{mark}"x{mark} y"{mark}50,5\nB{mark}z{mark}\n'
    book = NoticeBook()
    raw = read_raw("stops", text.encode(), book)
    assert raw.text("stop_name").tolist() == [f"x{mark} y".strip(), "z"]
    assert raw.text("stop_lat").tolist() == ["50,5", ""]
    assert [n.code for n in book.found] == ["other_separator"]
