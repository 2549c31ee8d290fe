"""Sparse times are those of the full matrix, whichever side is searched from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from geo_access.network.search.kernels import invert
from geo_access.network.search.links import link_points
from geo_access.network.search.search import nearby, street_matrix
from tests.network.drawn import at, drawn_streets

TOWN = """
A---B---C---D
|   |   |   |
E---F---G---H
|   |   |   |
I---J---K---L
"""
WAYS = {
    "ABCD": {"highway": "residential"},
    "EFGH": {"highway": "residential", "oneway": "yes"},
    "IJKL": {"highway": "residential"},
    "AEI": {"highway": "residential", "oneway": "yes"},
    "BFJ": {"highway": "residential"},
    "CGK": {"highway": "residential", "oneway": "-1"},
    "DHL": {"highway": "residential"},
}
NO_LEFT = [("EFGH", "F", "BFJ", {"restriction": "no_left_turn"})]


@pytest.mark.parametrize("mode", ["walk", "bike", "car"])
def test_from_either_side_the_times_of_the_matrix(tmp_path: Path, mode: str) -> None:
    streets, where = drawn_streets(tmp_path, TOWN, WAYS, restrictions=NO_LEFT)
    rng = np.random.default_rng(7)
    corner = at(where, "I")[0] - 20
    few, many = (rng.uniform(corner, corner + np.array([340, 140]), (n, 2)) for n in (5, 23))
    # The same door on both sides, and doors at a crossing.
    few[0], few[1], many[1] = many[0], at(where, "F")[0], at(where, "F")[0]
    few, many = (link_points(streets, xy, mode=mode) for xy in (few, many))
    for max_s in (20, 90, 600):
        for sources, targets in ((few, many), (many, few)):
            full = street_matrix(streets, sources, targets, mode=mode, max_s=max_s)
            sparse = nearby(streets, sources, targets, mode=mode, max_s=max_s)
            told = np.full(full.shape, np.nan)
            for row in range(sparse.n_rows):
                columns, seconds = sparse.row(row)
                assert (np.diff(columns) > 0).all()
                told[row, columns] = seconds
            np.testing.assert_array_equal(told, np.rint(full))
    assert told[0, 0] == 0


def test_inverting_twice_gives_the_table_with_its_rows_in_order() -> None:
    indptr, columns, values = np.array([0, 3, 3, 5]), np.array([2, 0, 1, 2, 0]), np.array([10, 11, 12, 13, 14])
    once = invert(indptr, columns, values, 3)
    assert [part.tolist() for part in once] == [[0, 2, 3, 5], [0, 2, 0, 0, 2], [11, 14, 12, 10, 13]]
    assert [part.tolist() for part in invert(*once, 3)] == [[0, 3, 3, 5], [0, 1, 2, 0, 2], [11, 12, 10, 14, 13]]
