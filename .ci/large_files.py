"""Refuse files above 1 MB: real data do not belong in the repository."""

import sys
from pathlib import Path

LIMIT_BYTES = 1_000_000
# The demo's timetable of a whole town, made by data/build_demo.py.
KNOWN = {"data/demo/gtfs_urbain.zip"}


def main(names: list[str]) -> int:
    """Name each file that is too large."""
    large = [name for name in names if name not in KNOWN and Path(name).stat().st_size > LIMIT_BYTES]
    for name in large:
        print(f"{name}: {Path(name).stat().st_size / 1e6:.1f} MB → keep data out of the repository")
    return int(bool(large))


sys.exit(main(sys.argv[1:]))
