"""The page of a change on paper: the pictures are in it, and the same page gives the same bytes wherever it is made."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from geo_access.report.scenario import ChangePage, ShownTable, write_change_page

pytest.importorskip("weasyprint")


RED, BLUE = (200, 40, 40), (40, 40, 200)


def written(folder: Path, colour: tuple[int, int, int] = RED) -> list[Path]:
    folder.mkdir()
    Image.new("RGB", (40, 30), colour).save(folder / "change.png")
    page = ChangePage(
        title="Un car à 5 h <b>",
        study="Plateau",
        footer="sources",
        changes=("un car ajouté",),
        sentences=("12 habitants gagnent",),
        note="un jour",
        nothing="",
        tables=(),
        pictures=(("change.png", "carte"),),
    )
    return write_change_page(page, folder / "index.html")


def test_two_folders_hold_the_same_bytes(tmp_path: Path) -> None:
    first, second = written(tmp_path / "a"), written(tmp_path / "b")
    assert [path.name for path in first] == ["index.html", "index.pdf"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_the_screen_s_page_names_its_picture_and_no_markup_passes(tmp_path: Path) -> None:
    page = written(tmp_path / "a")[0].read_text(encoding="utf-8")
    assert 'src="change.png"' in page
    assert "Un car à 5 h &lt;b&gt;" in page


def test_figures_stand_right_and_words_left() -> None:
    rows = (("Soudage", "Gagnent", "1 204", "−3,6"), ("Soudage", "Perdent", "17", "–"))
    table = ShownTable("Habitants", ("métier", "qui", "habitants", "minutes"), rows)
    assert table.numeric == (False, False, True, True)
    assert ShownTable("Zones", ("zone", "part"), ()).numeric == (False, False)


def test_paper_carries_its_picture(tmp_path: Path) -> None:
    red, blue = written(tmp_path / "a")[1], written(tmp_path / "b", BLUE)[1]
    assert red.read_bytes() != blue.read_bytes()
