"""Where the real data lie, and the skip when they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
_SHARED = ROOT.parent / "shared" / "data"


def shared_path(relative: str) -> Path:
    """Path of a file of the real data, or a skip that says why."""
    path = _SHARED / relative
    if not path.exists():
        pytest.skip(f"the real data are not here: ../shared/data/{relative}")
    return path
