"""Without the extra that draws on paper there are the maps of a screen, and what was left out is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo_access.maps.index import FrontPage, write_index
from geo_access.study import pictures, scenario_outputs
from geo_access.study.file import read_study_file
from geo_access.study.study import demo_study_path
from geo_access.words.words import text
from tests.maps.territory import content


def test_maps_without_paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "can_draw", lambda: False)
    shown = content()
    drawn = pictures.write_pictures(tmp_path, read_study_file(demo_study_path()), (shown,))
    assert drawn.sheets == drawn.printable == {}
    assert drawn.multiples == ()
    assert not list(tmp_path.rglob("*.png"))
    assert [path.is_file() for path in drawn.maps.values()] == [True]
    page = write_index(tmp_path, FrontPage("x", (shown,), drawn.maps, {}, ())).read_text(encoding="utf-8")
    assert text("index.sheets") not in page
    assert shown.metier_name in page


def test_a_page_of_changes_says_that_no_map_was_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenario_outputs, "can_draw", lambda: False)
    assert scenario_outputs._undrawn("fr") == [text("paper.undrawn", "fr")]
    assert 'pip install "geo-access[report]"' in text("paper.undrawn", "en")
