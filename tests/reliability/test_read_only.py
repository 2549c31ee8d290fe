"""In a container where package and home are read-only, everything imports and works, with one warning."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What numba finds in such a container: neither the folder of the module nor the user's cache can be written to.
CODE = """
import os
os.environ.pop("NUMBA_CACHE_DIR", None)
os.access = lambda *a, **k: False
import geo_access
import numba.core.caching as caching
for name in ("_InTreeCacheLocator", "_InTreeCacheLocatorFsAgnostic", "_UserWideCacheLocator"):
    if hasattr(caching, name):
        getattr(caching, name).from_function = classmethod(lambda *_: None)
from geo_access.network.search.kernels import invert
print("works", os.environ["NUMBA_CACHE_DIR"])
"""


def test_kernels_import_where_nothing_can_be_written(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    word, folder = done.stdout.split()
    assert word == "works"
    assert Path(folder).parent == tmp_path
    assert Path(folder).stat().st_mode & 0o077 == 0, "nobody else may put code there"
    assert done.stderr.count("read-only") == 1
