"""Every message of the page "When it says no" is what the program says today."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import pytest

from tests.shared import ROOT


def _module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("refusals", ROOT / "docs" / "refusals.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["refusals"] = module
    spec.loader.exec_module(module)
    return module


REFUSALS = _module()
PAGE = REFUSALS.PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", REFUSALS.CASES, ids=lambda case: case.title)
def test_the_page_shows_what_is_said(case: object) -> None:
    said = REFUSALS.message(case)
    shown = PAGE.partition(f"## {case.title}\n")[2].partition("```text\n")[2].partition("\n```")[0]
    assert shown == said, "python docs/refusals.py writes the page again"
    # What, where, and what to do.
    assert "→" in said


def test_the_page_shows_nothing_else() -> None:
    assert PAGE.count("\n## ") == len(REFUSALS.CASES)
