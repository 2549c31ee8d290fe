"""Kernels kept from another release neither stop this one nor answer in its place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from geo_access.kernels import kernels_stamp
from geo_access.network.search.nearby import _pairs_of

MODULE = """
from typing import NamedTuple

import numpy as np

from geo_access.kernels import njit


class {name}(NamedTuple):
    value: np.ndarray


@njit(cache=True)
def first(pair: {name}) -> int:
    return pair.value[0]


print(first({name}(np.array([{value}]))))
"""


def run(folder: Path, name: str, value: int) -> str:
    (folder / "shop.py").write_text(MODULE.format(name=name, value=value), encoding="utf-8")
    code = "import sys; sys.path.insert(0, sys.argv[1]); import shop"
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_class_that_was_renamed_does_not_break_what_was_compiled_with_it(tmp_path: Path) -> None:
    assert run(tmp_path, "Pair", 7) == "7"
    assert list(tmp_path.rglob("*.nbi")), "nothing was kept: the test would show nothing"
    assert run(tmp_path, "Couple", 8) == "8"


def test_kept_kernels_count_as_long_as_no_file_with_kernels_changes(tmp_path: Path) -> None:
    def stamp() -> str:
        kernels_stamp.cache_clear()
        return kernels_stamp(tmp_path)

    (tmp_path / "calls.py").write_text("from shop import njit\nfrom called import g\n", encoding="utf-8")
    (tmp_path / "called.py").write_text("from shop import njit\ng = 1\n", encoding="utf-8")
    (tmp_path / "other.py").write_text("h = 1\n", encoding="utf-8")
    first = stamp()
    (tmp_path / "other.py").write_text("h = 2\n", encoding="utf-8")
    assert stamp() == first
    (tmp_path / "called.py").write_text("from shop import njit\ng = 2\n", encoding="utf-8")
    assert stamp() != first
    kernels_stamp.cache_clear()
    # numba looks at what it kept through this stamp.
    assert _pairs_of._cache._cache_file._source_stamp[1] == kernels_stamp()
