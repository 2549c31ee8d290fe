"""A sample of the campaign: check and run refuse spoilt studies in the same words, or run and say what is lost."""

from __future__ import annotations

import pytest

from tests.reliability.campaign import cases
from tests.reliability.kills import killed_and_resumed
from tests.reliability.mutations import FAMILIES


@pytest.mark.parametrize("family", FAMILIES)
def test_spoilt_studies_are_refused_or_run_as_promised(family: str) -> None:
    for case in cases(family, 0, 1):
        assert case.outcome in ("ran", "refused"), case


# What the campaign found once: a traceback, a loss that nobody told, a run that failed after check had said yes.
FOUND = (
    ("keys", 9),
    ("settings", 1),
    ("cells", 28),
    ("cells", 41),
    ("cells", 133),
    ("bytes", 84),
    ("bytes", 86),
    ("streets", 41),
)


@pytest.mark.parametrize(("family", "seed"), FOUND)
def test_what_the_campaign_found_is_mended(family: str, seed: int) -> None:
    for case in cases(family, seed, seed + 1):
        assert case.outcome in ("ran", "refused"), case


@pytest.mark.parametrize("kind", ["sink", "save", "serve"])
def test_killed_work_is_taken_up_to_the_same_bytes(kind: str) -> None:
    assert killed_and_resumed(kind, 1)
