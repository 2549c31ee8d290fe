"""Printed pages: right size, same bytes twice, hostile names, nothing to draw."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from geo_access.errors import InputError
from geo_access.maps.sheet import PAPER_INCHES, print_multiples, print_sheet
from tests.maps.territory import NASTY, content


@pytest.mark.parametrize("size", PAPER_INCHES)
def test_a_sheet_has_the_size_of_the_paper(tmp_path: Path, size: str) -> None:
    with Image.open(print_sheet(content(), tmp_path / "s.png", size=size, dpi=40)) as picture:
        assert picture.size == pytest.approx([40 * inches for inches in PAPER_INCHES[size]], abs=1)


def test_sheets_are_the_same_bytes_twice(tmp_path: Path) -> None:
    for kind in ("png", "pdf"):
        first, second = (print_sheet(content(), tmp_path / f"{name}.{kind}", dpi=50) for name in "ab")
        assert first.read_bytes() == second.read_bytes()


def test_a_pdf_is_one_page_of_text_and_not_a_picture(tmp_path: Path) -> None:
    made = print_sheet(content(), tmp_path / "s.pdf").read_bytes()
    assert made.startswith(b"%PDF")
    assert made.count(b"/Type /Page\n") + made.count(b"/Type /Page ") == 1


def test_names_with_mathematics_and_markup_are_drawn_as_they_are(tmp_path: Path) -> None:
    made = print_sheet(content(metier_name=f"$\\frac{{ {NASTY}", territory="$x_"), tmp_path / "s.png", dpi=40)
    assert made.stat().st_size > 5000


def test_a_metier_without_site_or_flag_still_prints(tmp_path: Path) -> None:
    bare = content(metier_code="K1304", metier_name="Aide à domicile", with_bands=False)
    assert print_sheet(bare, tmp_path / "s.png", dpi=40).stat().st_size > 5000


@pytest.mark.parametrize("count", [1, 2, 5, 12])
def test_small_multiples_of_any_number_of_metiers(tmp_path: Path, count: int) -> None:
    print_multiples([content()] * count, tmp_path / "m.png", dpi=30)
    assert (tmp_path / "m.png").stat().st_size > 2000


def test_wrong_paper_format_question_and_no_metier_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="paper"):
        print_sheet(content(), tmp_path / "s.png", size="A5")
    with pytest.raises(InputError, match=r"\.png or \.pdf"):
        print_sheet(content(), tmp_path / "s.bmp")
    with pytest.raises(InputError, match="from 0 to 1"):
        print_sheet(content(), tmp_path / "s.png", question=2)
    with pytest.raises(InputError, match="no métier"):
        print_multiples([], tmp_path / "m.png")
