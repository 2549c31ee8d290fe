"""Rows of another length in bulk are what they are one by one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.errors import InputError
from geo_access.sources.gtfs import rows, uneven
from geo_access.sources.gtfs.notices import NoticeBook
from geo_access.sources.gtfs.rows import read_raw

CELL = st.text("ab é", max_size=3)
ROW = st.lists(CELL, min_size=1, max_size=6).map(",".join)


def told(book: NoticeBook) -> list[tuple[object, ...]]:
    # Blanks around cells are counted in bulk, and taken off in silence one by one.
    found = [n for n in book.found if n.says.key != "gtfs.blanks_around"]
    return sorted((n.code, n.severity, n.row or 0, n.entity, n.action, n.says.key, n.count) for n in found)


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.one_of(ROW, st.just("")), min_size=1, max_size=30),
    mark=st.sampled_from(["\n", "\r\n", "\r"]),
    closed=st.booleans(),
    block=st.integers(1, 40),
)
def test_bulk_and_one_by_one_agree(lines: list[str], mark: str, closed: bool, block: int) -> None:
    # A blank cell alone is a blank line; the last row of a file cut off is another rule.
    data = ("x,y,z" + mark + mark.join(lines) + (mark if closed else mark + "q,q,q")).encode()
    found = []
    for many in (10**6, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rows, "_MANY_ODD", many)
            patch.setattr(uneven, "_BLOCK_BYTES", block)
            book = NoticeBook()
            raw = read_raw("stops", data, book)
            found.append(({name: raw.text(name).tolist() for name in raw.columns}, raw.row.tolist(), told(book)))
    assert found[0] == found[1]


def test_a_cell_left_off_every_row_of_a_large_table_is_read() -> None:
    n = 30_000
    book = NoticeBook()
    raw = read_raw("stop_times", b"trip_id,stop_id,pickup_type\n" + b"t,s\n" * n, book)
    assert len(raw) == n
    assert set(raw.text("pickup_type")) == {""}
    assert sum(notice.count for notice in book.found) == n
    assert {notice.says.key for notice in book.found} == {"gtfs.row_short"}


def test_very_many_uneven_rows_with_quotes_are_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_MOST_ODD", 5)
    with pytest.raises(InputError, match=r"stops\.txt: more than 5 rows have not as many cells"):
        read_raw("stops", b'a,b,c\n"x",1,2\n' + b"x,1\n" * 9, NoticeBook())
