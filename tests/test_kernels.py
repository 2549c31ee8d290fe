"""Kernels kept from another release never stop this one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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
