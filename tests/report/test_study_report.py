"""The study report stands alone, says its figures as the language does, and never turns a name into markup."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from geo_access.errors import InputError
from geo_access.report import printing, study_report
from geo_access.report.chapters import metier_content
from geo_access.report.study_report import render_report, write_report
from geo_access.report.summary import summary_content
from geo_access.report.words import embedded_png, page_text, share
from geo_access.words.catalogue import catalogue
from geo_access.words.words import written_date

from .study import picture, reach_row, tiny_context

VOID = {"meta", "img", "br", "rect", "link", "hr"}


class Reader(HTMLParser):
    """Collects what the assertions ask for, and checks that tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[int] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


@pytest.mark.parametrize("language", ["fr", "en"])
def test_page_stands_alone_and_can_be_read_aloud(language: str, tmp_path: Path) -> None:
    html = render_report(tiny_context(language=language, sheets={"A1": picture(tmp_path)}), pdf=False)
    reader = read(html)
    assert reader.headings[0] == 1
    assert reader.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(reader.headings, reader.headings[1:], strict=False))
    for tag, attributes in reader.tags:
        address = attributes.get("src") or (attributes.get("href") if tag != "a" else None)
        assert address is None or address.startswith("data:"), (tag, address)
        if tag == "a":
            assert str(attributes["href"]).startswith("#")
        if tag == "img":
            assert attributes["alt"]
        if tag == "th":
            assert attributes["scope"] in ("row", "col")
    assert dict(reader.tags)["html"]["lang"] == language
    ids = [attributes["id"] for _, attributes in reader.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    assert {str(a["href"])[1:] for tag, a in reader.tags if tag == "a"} <= set(ids)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_a_plan_takes_stands_beside_what_it_gives(language: str) -> None:
    context = tiny_context(language=language)
    kind = str(context.flags["kind"].iloc[0])
    asked = {"profile": "p", "kind": kind, "schedule": "s", "threshold": context.thresholds[0].id}
    named = {"remedy": "held_connection", "detail": "K1: Gare 07:10 +3 min ← R1 07:12", "line": "K1"}
    people = {"residents_unflagged": 1200.0, "residents_flagged": 300.0, "residents_gained": 1250.0}
    people |= {"residents_lost": 310.0, "residents_placed": 17.0}
    trips = pd.DataFrame([{"changes": 1, "situations_lifted": 4, **named, **people, **asked}])
    site = {"metier": context.metiers[0].code, "site_name": "Lycée <b>", "residents_gained": 90.0}
    sessions = pd.DataFrame([site | {"share_served": 0.5, "zones_lifted": 2, "residents_unflagged": 80.0}])
    html = render_report(replace(context, trip_plan=trips, session_plan=sessions), pdf=False)
    read(html)
    rows = re.findall(r"<tr><th scope=\"row\">1</th>(.*?)</tr>", html)
    told = [[re.sub(r"[\s\u202f\xa0,]", "", cell) for cell in re.findall(r">([^<]*)</td>", row)][-6:] for row in rows]
    assert ["4", "1200", "300", "1250", "310", "17"] in told
    assert "Lycée &lt;b&gt;" in html
    for word in ("residents_lost", "residents_flagged", "situations"):
        assert catalogue(language)[f"report.plan.{word}"] in html
    # Without plans no empty chapter.
    assert 'id="plans"' not in render_report(context, pdf=False)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_hostile_names_stay_text(language: str) -> None:
    html = render_report(tiny_context(language=language), pdf=False)
    assert "script" not in {tag for tag, _ in read(html).tags}
    assert "&lt;script&gt;" in html


def test_summary_says_the_shares_of_the_residents_each_counted_once() -> None:
    summary = summary_content(tiny_context())
    assert "12\u202f345\u202fhabitants" in summary["intro"].replace(" habitants", "\u202fhabitants")
    assert [cell["share"] for row in summary["rows"] for cell in row["cells"]] == ["25\u202f%", "100\u202f%"]
    assert summary["rows"][0]["cells"][0]["reason"] == "aller et retour trop longs"
    # Two of three blocked residents have both ways too long; one QPV situation of two is inadequate.
    assert any("67\u202f%" in line for line in summary["lines"])
    assert any("1 situation inadéquate et 0 non mesurée sur 2" in line for line in summary["lines"])


def test_what_nobody_knows_is_no_share_of_zero() -> None:
    """The first métier's rows carry no code at all: « non connu » in the table, and the sentence tells the others."""
    context = tiny_context()
    first = context.metiers[0].code
    reach = context.reach.assign(reason=context.reach["reason"].astype(str))
    reach.loc[reach["metier"].astype(str) == first, "reason"] = "UNCODED_SUPPLY"
    summary = summary_content(replace(context, reach=reach))
    assert [cell["share"] for row in summary["rows"] for cell in row["cells"]] == ["non connu", "100\u202f%"]
    assert not any("0\u202f% des habitants y parviennent" in line.replace("100", "") for line in summary["lines"])
    assert not any(context.metiers[0].name in line for line in summary["lines"])


def test_a_share_beside_what_is_not_measured_is_a_lower_bound() -> None:
    """Those who do not get there may: their rows carry no code."""
    context = tiny_context()
    reason = context.reach["reason"].astype(str)
    plain = [cell["share"] for row in summary_content(context)["rows"] for cell in row["cells"]]
    open_ = context.reach.assign(reason=reason.where(reason == "REACHES", "UNCODED_SUPPLY"))
    cells = [cell["share"] for row in summary_content(replace(context, reach=open_))["rows"] for cell in row["cells"]]
    between = [share for share in plain if share[0] not in "0m" and not share.startswith("100")]
    assert between
    assert [cell for cell in cells if cell.startswith("au moins")] == [f"au moins {share}" for share in between]


def test_shares_of_the_reasons_sum_to_one() -> None:
    context = tiny_context()
    block = metier_content(context, context.metiers[0])["reasons"][0]
    assert [row["share"] for row in block["rows"]] == pytest.approx([2 / 3, 1 / 3])
    assert metier_content(context, context.metiers[1])["reasons"][0]["rows"] == []


def test_synthetic_banner_only_where_the_study_says_so() -> None:
    assert catalogue("fr")["report.synthetic"] in render_report(tiny_context(), pdf=False)
    assert catalogue("fr")["report.synthetic"] not in render_report(tiny_context(synthetic=False), pdf=False)


def test_manifest_and_losses_are_printed() -> None:
    context = tiny_context()
    html = render_report(context, pdf=False)
    assert html.count(context.manifest.id) >= 2
    assert "aucune position dans le fichier" in html
    assert "1\u202f190" in html


def test_pdf_is_written_beside_the_page(tmp_path: Path) -> None:
    pytest.importorskip("weasyprint")
    written = write_report(tmp_path / "out", tiny_context(sheets={"A1": picture(tmp_path)}))
    assert [path.name for path in written] == ["report.html", "report.pdf"]
    assert written[1].read_bytes().startswith(b"%PDF")


def test_without_weasyprint_the_page_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_report, "can_print", lambda: False)
    monkeypatch.setattr(printing, "can_print", lambda: False)
    written = write_report(tmp_path, tiny_context())
    assert [path.name for path in written] == ["report.html"]
    assert catalogue("fr")["report.no_pdf"] in written[0].read_text(encoding="utf-8")


def test_everything_missing_is_said_at_once(tmp_path: Path) -> None:
    broken = tiny_context(metiers=(), flags=pd.DataFrame({"zone_id": []}), sheets={"A1": tmp_path / "none.png"})
    with pytest.raises(InputError) as caught:
        render_report(broken, pdf=False)
    told = str(caught.value)
    assert "metiers" in told
    assert "'level' is missing" in told
    assert "none.png" in told


def test_a_picture_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "map.png"
    path.write_text("<svg onload=alert(1)>")
    with pytest.raises(InputError, match="not a PNG"):
        embedded_png(path)


def test_dates_and_shares_are_written_out() -> None:
    assert written_date(date(2024, 2, 29)) == "jeudi 29 février 2024"
    assert share(1.0) == "100\u202f%"
    assert share(float("nan")) == "non connu"


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ("#1a1a1a", "#a9cfe6"),
        ("#1a1a1a", "#f6d55c"),
        ("#ffffff", "#b03a24"),
        ("#1a1a1a", "#ececec"),
        ("#ffffff", "#7a1f0f"),
        ("#2d1e5f", "#ffffff"),
        ("#444444", "#ffffff"),
        ("#0b4f9c", "#ffffff"),
        ("#333333", "#ffffff"),
    ],
)
def test_contrast_is_at_least_four_and_a_half(ink: str, paper: str) -> None:
    lighter, darker = sorted((_luminance(ink), _luminance(paper)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_a_metier_that_is_only_taught_at_a_distance_has_no_share_and_is_no_obstacle() -> None:
    rows = [
        reach_row("A1", "REACHES", 100.0),
        reach_row("A1", "SLOW_BOTH", 300.0),
        reach_row("B2", "ONLY_REMOTE", 400.0),
    ]
    context = tiny_context(reach=pd.DataFrame(rows))
    content = summary_content(context)
    cells = {row["name"].split(" (")[0]: row["cells"][0] for row in content["rows"]}
    assert cells["Soudage"]["share"] == "Sans objet"
    told = " ".join(content["lines"])
    # All who are blocked at a place to go to are too slow: the four hundred are no situation of this territory.
    assert "100\u202f% des situations" in told
    assert "0\u202f% des habitants y parviennent" not in told
    lines = metier_content(context, context.metiers[1])["lines"]
    assert "la question du trajet ne se pose pas" in lines[0]
    assert "0\u202f%" not in lines[0]


def test_no_letter_on_a_screen_is_smaller_than_twelve_pixels() -> None:
    """9 pt are 12 px; what is smaller stands where only paper reads it."""
    css = re.sub(r"@page[^{]*\{(?:[^{}]|\{[^{}]*\})*\}", "", page_text("report.css")).partition("@media print")[0]
    sizes = [float(size) for size in re.findall(r"(?:font-size|font): ([\d.]+)pt", css)]
    assert min(sizes) >= 9
    assert len(sizes) > 10
