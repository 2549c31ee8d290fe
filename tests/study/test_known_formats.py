"""A producer's file given as a plain table: the refusal says which format to write; tables of one's own get no hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo_access.study.check import check_study
from geo_access.study.known_formats import format_of_columns, format_of_file
from geo_access.words.messages import fault_text
from tests.reliability.small_study import write_small_study

PRODUCED = {
    "uai_mef_rome": "uai;mef11;nom;Code_Rome_1\n0590001A;24725431;Lycée;F1602\n",
    "apprenticeship": "cle_ministere_educatif;rome_codes;capacite\nx;F1602;12\n",
    "onisep": "FOR libellé;ENS libellé;ENS code UAI\nCAP électricien;Lycée;0590001A\n",
    "siae": "siret;naf;kind;name\n1;43.21A;EI;Chantier\n",
    "sirene": "siret;activitePrincipaleEtablissement;etatAdministratifEtablissement\n1;43.21A;A\n",
}


@pytest.mark.parametrize("form", PRODUCED)
def test_the_refusal_names_the_format(tmp_path: Path, form: str) -> None:
    path = write_small_study(tmp_path)
    section = "employers" if form in ("siae", "sirene") else "training"
    (tmp_path / f"{section}.csv").write_text(PRODUCED[form], encoding="utf-8")
    faults = check_study(path).faults
    assert [fault.key for fault in faults].count("study.known_format") == 1
    hint = next(fault for fault in faults if fault.key == "study.known_format")
    assert f'format = "{form}"' in fault_text(hint, "fr")
    assert f"[{section}]" in fault_text(hint, "en")
    # What was found missing stands beside it, once.
    assert len(faults) >= 2
    assert len({fault_text(fault, "fr") for fault in faults}) == len(faults)


def test_files_that_are_no_tables_are_known_by_what_is_in_them(tmp_path: Path) -> None:
    for name, text, known in (
        ("a.xml", "<?xml version='1.0'?><lheo><offres/></lheo>", ("training", "lheo")),
        ("b.json", '{"resultats": [{"romeCode": "H2913"}]}', ("employers", "offers")),
        ("c.csv", "site_id,metier,lon,lat\na,F1602,3,50\n", None),
        ("d.bin", "\0\0", None),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert format_of_file(tmp_path / name) == known
    assert format_of_file(tmp_path / "absent.csv") is None
    assert format_of_columns([]) is None


def test_a_table_of_ones_own_gets_no_hint(tmp_path: Path) -> None:
    path = write_small_study(tmp_path)
    (tmp_path / "training.csv").write_text("place;code\na;F1602\n", encoding="utf-8")
    assert "study.known_format" not in [fault.key for fault in check_study(path).faults]
