"""What a run would refuse, check refuses with the same words; what the tables do not cover is told with numbers."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from geo_access.errors import GeoAccessError, InputError
from geo_access.study.study import Study
from geo_access.words.messages import error_text
from tests.reliability.small_study import write_small_study

Rows = list[dict[str, Any]]


def changed(home: Path, table: str, change: Callable[[Rows], None]) -> Study:
    """Write the small study with one table changed."""
    path = write_small_study(home)
    file = home / f"{table}.csv"
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    change(rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows(rows)
    return Study.from_file(path)


def set_cell(row: int, **values: Any) -> Callable[[Rows], None]:
    return lambda rows: rows[row].update(values)


def with_seekers(blank: int) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        for number, row in enumerate(rows):
            row["job_seekers"] = "" if number == blank else 3

    return change


def exchange(rows: Rows) -> None:
    for row in rows:
        row["lon"], row["lat"] = row["lat"], row["lon"]


REFUSED = {
    "a blank cell of job-seekers": ("points", with_seekers(1), "job_seekers"),
    "exchanged coordinates of training": ("training", exchange, "training"),
    "exchanged coordinates of employers": ("employers", exchange, "employers"),
    "a métier that nobody names": ("training", set_cell(1, metier="H2931"), "H2931"),
    "negative places": ("training", set_cell(0, places="-4"), "places"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_check_and_run_refuse_with_the_same_words(tmp_path: Path, name: str) -> None:
    table, change, said = REFUSED[name]
    study = changed(tmp_path / "study", table, change)
    errors = []
    for ask in (study.check, lambda: study.run(tmp_path / "out")):
        with pytest.raises(GeoAccessError) as error:
            ask()
        errors.append(error_text(error.value, "fr"))
    assert errors[0] == errors[1]
    assert said in errors[0]
    assert not (tmp_path / "out").exists()


def test_the_nearest_code_is_named(tmp_path: Path) -> None:
    study = changed(tmp_path, "training", set_cell(1, metier="H2931"))
    with pytest.raises(InputError, match=r"H2913: no row .* did you mean H2931"):
        study.check()


def test_codes_are_compared_without_case(tmp_path: Path) -> None:
    study = changed(tmp_path, "training", set_cell(1, metier=" h2913"))
    study.check()


def test_what_the_tables_do_not_cover_is_told_with_numbers(tmp_path: Path) -> None:
    def change(rows: Rows) -> None:
        rows[0].update(filled=9)
        rows[1].update(filled=2)
        rows.append({**rows[0], "site_id": "tx", "metier": "", "filled": 1})
        rows.append({**rows[0], "site_id": "ty", "lon": "", "lat": "", "filled": 1})

    study = changed(tmp_path, "training", change)
    told = "\n".join(note if isinstance(note, str) else note.told("fr") for note in study.check().warnings)
    assert "1 ligne sur 4 n’a pas de code métier" in told
    assert "1 ligne sur 4 n’a pas de position" in told
    assert "1 ligne a plus d’inscrits que de places (tF1602)" in told
    assert "emploi\u202f: 1 métier sur 2 n’est nommé par aucune ligne (H2913)" in told
