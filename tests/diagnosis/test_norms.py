"""Thresholds that law and practice name: dated, with their alternatives, and none of them pretended to be in force."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from geo_access.diagnosis.dictionary import thresholds_table
from geo_access.diagnosis.norms import NORMS, norms_table
from geo_access.errors import InputError
from geo_access.study.file import read_study_file, study_thresholds
from geo_access.study.inputs import read_inputs
from geo_access.study.study import demo_study_path


def study(tmp_path: Path, threshold: str) -> Path:
    """Write the demo with another first threshold."""
    text = demo_study_path().read_text(encoding="utf-8")
    start = text.index("[[thresholds]]")
    text = text[:start] + threshold + "\n" + text[text.index("[[thresholds]]", start + 5) :]
    for named in demo_study_path().parent.iterdir():
        text = text.replace(f'"{named.name}"', f'"{named.as_posix()}"')
    tomllib.loads(text)
    file = tmp_path / "study.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_norm_gives_minutes_source_status_and_what_it_admits_beside(tmp_path: Path) -> None:
    path = study(tmp_path, '[[thresholds]]\nid = "f"\nname = "x"\nkind = "training"\nnorm = "ORE_2008"\n')
    file = read_study_file(path)
    first = study_thresholds(file)[0]
    assert first.minutes == 60
    assert "L. 5411-6-3" in first.source
    assert "historique" in first.status
    row = thresholds_table(study_thresholds(file)).set_index("threshold").loc["f"]
    assert row["km"] == 30
    assert row["until"] == "2019-01-01"
    assert row["modes"] == "transit"
    assert "30 km" in row["alternative"]
    told = [str(said) for said in read_inputs(file, path).warnings if said.key == "norm_mode"]
    assert len(told) == 1
    assert "Voiture" in told[0]


@pytest.mark.parametrize(
    ("threshold", "match"),
    [
        ('minutes = 45\nnorm = "ORE_2008"', "says 60 minutes, not 45"),
        ("minutes = 45", "minutes and its source"),
        ('source = "décision du comité"', "minutes and its source"),
    ],
)
def test_minutes_that_nobody_says_are_refused(tmp_path: Path, threshold: str, match: str) -> None:
    path = study(tmp_path, f'[[thresholds]]\nid = "f"\nname = "x"\nkind = "training"\n{threshold}\n')
    with pytest.raises(InputError, match=match):
        read_study_file(path)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_norm_with_a_figure_for_offers_of_work_is_called_in_force(language: str) -> None:
    table = norms_table(language).set_index("norm")
    work = [norm for norm in NORMS.values() if norm.kind == "job" and norm.until is None and norm.each_way]
    assert [norm.id for norm in work] == ["ZONE_PRIVILEGIEE_2025"]
    assert work[0].minutes is None
    assert work[0].km is None
    assert table[["name", "source", "status", "alternative", "measured"]].notna().all().all()
