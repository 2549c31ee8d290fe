"""A worker keeps what it has freed: the arrays of the next part cost no page faults."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys
import numpy as np
from geo_access.times.allocator import keep_freed_memory

if sys.argv[1] == "kept" and not keep_freed_memory():
    sys.exit(3)

def parts(n):
    for _ in range(n):
        np.ones(4 << 20, dtype=np.uint8)

parts(3)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
parts(50)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    # As Dask starts its workers.
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, how],
        env={"MALLOC_TRIM_THRESHOLD_": "65536", "PYTHONPATH": ":".join(sys.path), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 3:
        pytest.skip("not glibc")
    assert not done.returncode, done.stderr
    return int(done.stdout)


def test_arrays_of_the_next_part_cost_no_page_faults() -> None:
    # Fifty arrays of 4 MB are 51,200 pages of 4 kB, or 100 of 2 MB.
    assert faults("kept") < min(100, faults("given back") + 1)
