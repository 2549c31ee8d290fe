"""What a scenario changes, as it is read: those who gain and those who lose stand side by side, none is left out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from geo_access.report.scenario import (
    ChangePage,
    Labels,
    people_sentences,
    people_table,
    write_change_page,
    zones_table,
)
from geo_access.report.study_report import render_report
from tests.report.study import HOSTILE, picture, tiny_context

LABELS = Labels({"A": "Mason"}, {"p": "By bus"}, {"s": "Day"}, "en")


def moved(metier: str, won: float, lost: float, **more: object) -> dict[str, object]:
    row: dict[str, object] = {"metier": metier, "profile": "p", "kind": "training", "schedule": "s"}
    row |= {"residents_won": won, "residents_lost": lost, "free_won": 0.0, "free_lost": 0.0}
    return row | {"zones_flagged": 0, "zones_unflagged": 0, "zones_unmeasured": 0, "minutes_saved": 2.0} | more


def test_those_who_lose_stand_beside_those_who_gain_and_are_never_subtracted() -> None:
    table = people_table(pd.DataFrame([moved("A", 500, 70, qpv_won=40.0, qpv_lost=9.0)]), LABELS)
    assert [row[:5] for row in table.rows] == [
        ("Mason · Training, Day", "By bus", "Gain", "500", "40"),
        ("Mason · Training, Day", "By bus", "Lose", "70", "9"),
    ]
    assert len(table.heads) == len(table.rows[0])
    assert not any("430" in cell for row in table.rows for cell in row)


def test_the_sentences_keep_the_losers_whom_larger_gains_would_push_out() -> None:
    rows = [moved(f"G{k}", 1_000 + k, 0) for k in range(20)] + [moved("A", 0, 3, schedule="own_hours")]
    said = people_sentences(pd.DataFrame(rows), LABELS)
    assert len(said) == 9
    assert said[-1].startswith("Mason (Training, ")
    assert "0 residents gain, 3 lose" in said[-1]


def test_zones_left_out_are_counted() -> None:
    row = {"zone_name": "Z", "metier": "A", "profile": "p", "kind": "training", "schedule": "s"}
    row |= {"level_before": "adéquat", "level_after": "inadéquat", "share_before": 1.0, "share_after": 0.0}
    table = zones_table(pd.DataFrame([row | {"won": 0.0, "lost": float(k)} for k in range(43)]), LABELS)
    assert (len(table.rows), table.more) == (40, "And 3 more rows, in zones.csv.")


def test_where_no_zone_moves_a_sentence_stands_for_the_table(tmp_path: Path) -> None:
    row = {
        "zone_name": "Z",
        "metier": "A",
        "profile": "p",
        "kind": "training",
        "schedule": "s",
        "won": 9.0,
        "lost": 0.0,
    }
    row |= {"level_before": "fragile", "level_after": "fragile", "share_before": 0.6, "share_after": 0.7}
    table = zones_table(pd.DataFrame([row]), LABELS)
    assert (table.rows, table.more) == ((), "No zone moves to another level.")
    page = ChangePage(title="T", study="", footer="", changes=(), sentences=("s",), tables=(table,), language="en")
    told = write_change_page(page, tmp_path / "index.html")[0].read_text(encoding="utf-8")
    assert table.more in told
    assert "<table" not in told


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_report_has_a_chapter_of_scenarios(language: str, tmp_path: Path) -> None:
    labels = Labels({"A": HOSTILE}, {}, {}, language)
    people = pd.DataFrame([moved("A", 500, 70)])
    page = ChangePage(
        title="T1",
        study="",
        footer="",
        changes=("c",),
        sentences=people_sentences(people, labels),
        tables=(people_table(people, labels),),
        pictures=((str(picture(tmp_path)), "the map"),),
        language=language,
        folder="scenarios/x",
    )
    nothing = ChangePage(title="T2", study="", footer="", changes=("d",), nothing="No effect", language=language)
    html = render_report(tiny_context(scenarios=(page, nothing), language=language), pdf=False)
    chapter = html[html.index('aria-labelledby="scenarios"') : html.index('aria-labelledby="unknown"')]
    assert 'href="#scenarios"' in html
    for wanted in ("T1", "500", "70", "scenarios/x", "T2", "No effect", 'alt="the map"', "data:image/png"):
        assert wanted in chapter
    assert "<script>" not in chapter
    assert 'id="scenarios"' not in render_report(tiny_context(language=language), pdf=False)
