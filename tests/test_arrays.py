"""The array idioms, each against the loop that says what it means."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geo_access.arrays import (
    begins_run,
    ends_run,
    entries_of_rows,
    grouped,
    indptr_of,
    indptr_of_rows,
    marked_rows_and_columns,
    places_in_rows,
    ranges,
    rows_of,
    sums_of_rows,
)

Counts = st.lists(st.integers(0, 5), max_size=8)
Rows = st.lists(st.integers(0, 6), max_size=20)


@given(Counts)
def test_rows_laid_end_to_end(counts: list[int]) -> None:
    indptr = indptr_of(counts)
    assert indptr.dtype == np.int64
    assert indptr.tolist() == [sum(counts[:row]) for row in range(len(counts) + 1)]
    assert rows_of(indptr).tolist() == [row for row, n in enumerate(counts) for _ in range(n)]
    assert rows_of(indptr, np.int32).dtype == np.int32
    assert places_in_rows(indptr).tolist() == [place for n in counts for place in range(n)]
    assert indptr_of_rows(rows_of(indptr), len(counts)).tolist() == indptr.tolist()


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5)), max_size=8))
def test_ranges_one_after_the_other(pairs: list[tuple[int, int]]) -> None:
    starts, counts = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    assert ranges(starts, counts).tolist() == [start + k for start, count in pairs for k in range(count)]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.data())
def test_entries_of_some_rows_in_any_order(counts: list[int], data: st.DataObject) -> None:
    indptr = indptr_of(counts)
    rows = data.draw(st.lists(st.integers(0, len(counts) - 1), max_size=10))
    entries, starts = entries_of_rows(indptr, np.array(rows, dtype=np.int64))
    assert np.diff(starts).tolist() == [counts[row] for row in rows]
    assert entries.tolist() == [k for row in rows for k in range(indptr[row], indptr[row + 1])]


@given(Rows)
def test_grouped_by_row_keeps_the_order_within_each(rows: list[int]) -> None:
    indptr, order = grouped(np.array(rows, dtype=np.int64), 7)
    for row in range(7):
        own = order[indptr[row] : indptr[row + 1]].tolist()
        assert own == [k for k, of in enumerate(rows) if of == row]


@given(Counts, st.data())
def test_sums_of_rows(counts: list[int], data: st.DataObject) -> None:
    indptr = indptr_of(counts)
    values = np.array(data.draw(st.lists(st.integers(-9, 9), min_size=sum(counts), max_size=sum(counts))), np.int64)
    expected = [int(values[indptr[row] : indptr[row + 1]].sum()) for row in range(len(counts))]
    assert sums_of_rows(values, indptr).tolist() == expected
    assert sums_of_rows(values > 0, indptr).tolist() == [
        int((values[indptr[row] : indptr[row + 1]] > 0).sum()) for row in range(len(counts))
    ]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1)), max_size=20))
def test_runs_of_equal_keys(keys: list[tuple[int, int]]) -> None:
    first, second = np.array(keys, dtype=np.int64).reshape(-1, 2).T
    n = len(keys)
    assert begins_run(first, second).tolist() == [k == 0 or keys[k] != keys[k - 1] for k in range(n)]
    assert ends_run(first, second).tolist() == [k == n - 1 or keys[k] != keys[k + 1] for k in range(n)]


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), max_size=5))
def test_marks_lie_in_the_rows_and_columns_found(marks: list[list[bool]]) -> None:
    mask = np.array(marks, dtype=bool).reshape(-1, 4)
    rows, columns = marked_rows_and_columns(mask)
    assert rows.tolist() == [r for r in range(len(mask)) if any(mask[r])]
    assert columns.tolist() == [c for c in range(4) if any(mask[:, c])]
    assert mask[np.ix_(rows, columns)].sum() == mask.sum()
