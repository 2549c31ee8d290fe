"""Rules of the whole suite: what may be skipped where, how long a quick round lasts, in which order files begin."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import hypothesis
import pytest

from tests.shared import ROOT

_SHARED = ROOT.parent / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--budget-s", type=float, default=None, help="start no test after so many seconds")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_BEGAN] = time.monotonic()


_BEGAN = pytest.StashKey[float]()

# Files that take longest, begun first: at the end of a run both workers are still busy.
_LONG = (
    "tests/reference/test_study_hauts_de_france.py",
    "tests/reference/test_demo.py",
    "tests/web/test_page.py",
    "tests/web/test_bad_input.py",
    "tests/reliability/test_sample.py",
    "tests/study/test_scheduler.py",
    "tests/times/test_cluster.py",
    "tests/test_cli.py",
    "tests/words/test_command_line.py",
)
# Every run draws a third of each property's examples; `make reference` draws them all.
_EXAMPLES = float(os.environ.get("EXAMPLES", "0.34"))
_FEWEST = 8


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    first = {name: place for place, name in enumerate(_LONG)}
    items.sort(key=lambda item: first.get(item.nodeid.partition("::")[0], len(first)))
    drawn = {getattr(item.obj, "__func__", item.obj) for item in items if item.get_closest_marker("hypothesis")}
    for test in drawn:
        settings = test._hypothesis_internal_use_settings
        fewer = max(min(_FEWEST, settings.max_examples), round(settings.max_examples * _EXAMPLES))
        # No deadline: on a busy machine it would fail a test that is right.
        chosen = hypothesis.settings(settings, max_examples=fewer, deadline=None)
        test._hypothesis_internal_use_settings = chosen


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
