"""Rules of the whole suite: what may be skipped where, and how long a quick round lasts."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from tests.shared import ROOT

_SHARED = ROOT.parent / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--budget-s", type=float, default=None, help="start no test after so many seconds")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_BEGAN] = time.monotonic()


_BEGAN = pytest.StashKey[float]()


def pytest_runtest_setup(item: pytest.Item) -> None:
    budget = item.config.getoption("--budget-s")
    if budget is not None and time.monotonic() - item.config.stash[_BEGAN] > budget:
        pytest.skip(f"not reached within {budget:g} s")


def _must_run(reason: str) -> bool:
    """Whether a skip hides what CI must show: pages looked at, and the real data where they are."""
    if os.environ.get("CI", "").lower() != "true":
        return False
    return "chrom" in reason or "weasyprint" in reason or ("real data" in reason and _SHARED.is_dir())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report: pytest.TestReport = yield
    if report.skipped and call.excinfo is not None and not hasattr(report, "wasxfail"):
        reason = str(call.excinfo.value)
        if _must_run(reason):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: skipped on CI, where it must run: {reason}"
    return report
