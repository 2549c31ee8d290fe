"""Kernels side by side: pieces cover every row once, in order, whatever the number of threads."""

from __future__ import annotations

import numba
import pytest

from geo_access.threads import in_pieces


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("n_rows", [0, 1, 2, 7, 8, 9, 1000])
def test_pieces_cover_every_row_once_and_in_order(n_rows: int, threads: int) -> None:
    before = numba.get_num_threads()
    numba.set_num_threads(min(threads, before))
    try:
        pieces = in_pieces(lambda first, last, offset: [offset + row for row in range(first, last)], n_rows, 10)
    finally:
        numba.set_num_threads(before)
    assert [row for piece in pieces for row in piece] == [10 + row for row in range(n_rows)]
    assert all(pieces)


def test_a_failing_piece_fails_the_whole() -> None:
    def refuse(first: int, last: int) -> None:
        if first <= 5 < last:
            raise ValueError("row 5")

    with pytest.raises(ValueError, match="row 5"):
        in_pieces(refuse, 10)
