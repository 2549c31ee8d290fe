"""Employers: hours read from text, positions checked against addresses, secrecy kept."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.clock import parse_clock
from geo_access.errors import InputError
from geo_access.sources.places.geocode import read_communes
from geo_access.sources.supply.crosswalk import make_crosswalk
from geo_access.sources.supply.crosswalk_files import build_crosswalk
from geo_access.sources.supply.employers import EMPLOYER_COLUMNS, read_clock, read_employers, read_shifts, read_siae
from geo_access.sources.supply.employers_offers import read_offers
from geo_access.sources.supply.employers_sirene import read_sirene
from geo_access.sources.supply.need import bmo_to_rome, read_bmo
from tests.shared import shared_path


@settings(max_examples=60, deadline=None)
@given(
    start=st.integers(0, 23),
    start_min=st.sampled_from([0, 15, 30, 45]),
    end=st.integers(0, 23),
    style=st.sampled_from(
        ["de {0}h{1:02d} à {2}h", "{0}:{1:02d}-{2}:00", "{0}H{1:02d} / {2}H00", "{0}h{1:02d} jusqu'à {2}h"]
    ),
)
def test_clock_ranges_read_whatever_their_style(start: int, start_min: int, end: int, style: str) -> None:
    found = read_shifts("Poste " + style.format(start, start_min, end) + ", du lundi au vendredi")
    if (start, start_min) == (end, 0):
        assert found == ()
        return
    (shift,) = found
    begin, finish = parse_clock(shift.start), parse_clock(shift.end)
    assert begin == start * 3600 + start_min * 60
    assert finish % 86400 == end * 3600
    assert 0 < finish - begin < 86400
    assert not shift.assumed


@pytest.mark.parametrize(
    ("text", "rule", "starts"),
    [
        ("35H Travail en 3x8", "3x8", ["05:00", "13:00", "21:00"]),
        ("Travail en 2X8", "2x8", ["05:00", "13:00"]),
        ("39H Travail de nuit", "night", ["21:00"]),
        ("Travail en journée", "day", ["08:30"]),
        ("Horaires coupés", "split", ["09:00", "18:00"]),
        ("de 7h à 12h et de 13h à 16h", "clock range", ["07:00", "13:00"]),
        ("35H Horaires variables", None, []),
        ("", None, []),
    ],
)
def test_patterns_give_customary_hours_marked_as_assumed(text: str, rule: str | None, starts: list[str]) -> None:
    found = read_shifts(text)
    assert [shift.start for shift in found] == starts
    assert {shift.rule for shift in found} == ({rule} if rule else set())
    assert all(shift.assumed == (rule != "clock range") for shift in found)


def test_clocks_of_a_plain_table_and_nights(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text(
        "siret;rome;postes;debut;fin;lon;lat\nE1;H2902,H2913;3;21h;5h00;3.1;50.6\nE2;H2902;*;matin;?;3.1;50.6\n"
        "E3;;1;05:00;13:00;;\n;H2902;1;;;3.1;50.6\n"
    )
    employers, report = read_employers(tmp_path / "e.csv")
    assert list(employers.columns[: len(EMPLOYER_COLUMNS)]) == list(EMPLOYER_COLUMNS)
    assert employers["shift_end"].tolist()[:2] == ["29:00", "29:00"]
    assert (report.read, report.kept, report.located, report.mapped) == (4, 3, 2, 2)
    assert any("hours that cannot be read" in str(note) for note in report.notes)
    assert any("how many jobs" in str(note) for note in report.notes)
    assert read_clock("25h99") is None


def test_offers_keep_the_rule_that_read_their_hours(tmp_path: Path) -> None:
    offers = [
        {
            "id": "1",
            "romeCode": "H2913",
            "nombrePostes": 2,
            "intitule": "Soudeur",
            "lieuTravail": {"latitude": 50.6, "longitude": 3.1, "commune": "59350"},
            "permis": [{"libelle": "B - Véhicule léger", "exigence": "E"}],
            "contexteTravail": {"horaires": ["35H Travail en 2x8"]},
            "natureContrat": "E2",
        },
        {"id": "2", "romeCode": "N1103", "lieuTravail": {"commune": "59512"}, "description": "Poste de 5h à 13h30."},
        {"id": "3", "lieuTravail": {}, "description": "Travail de nuit possible"},
        {"id": "1", "romeCode": "H2913"},
    ]
    (tmp_path / "o.json").write_text(json.dumps({"resultats": offers}))
    communes = gpd.GeoDataFrame({"commune": ["59512"]}, geometry=[shapely.Point(3.18, 50.69)], crs=4326)
    found, report = read_offers(tmp_path / "o.json", communes=communes)
    assert (report.read, report.kept, report.located, report.mapped) == (4, 3, 2, 2)
    assert found["hours_rule"].tolist()[:3] == ["2x8", "2x8", "clock range"]
    assert found["hours_assumed"].tolist() == [True, True, False, False]
    assert found["position_quality"].tolist() == ["street", "street", "commune", "none"]
    assert found["licence_required"].tolist()[0]
    assert found["apprenticeship"].tolist()[0]
    lines = "\n".join(json.dumps(offer) for offer in offers)
    (tmp_path / "l.json").write_text(lines)
    assert read_offers(tmp_path / "l.json")[1].read == 4
    for text in ("not json", "[]", '{"resultats": []}'):
        (tmp_path / "b.json").write_text(text)
        with pytest.raises(InputError, match="→"):
            read_offers(tmp_path / "b.json")


STOCK = pd.DataFrame(
    {
        "siret": ["00000000000011", "00000000000012", "00000000000013", "00000000000014", "00000000000015"],
        "activitePrincipaleEtablissement": ["25.62B", "25.62B", "47.11F", "25.62B", "25.62B"],
        "trancheEffectifsEtablissement": ["21", "NN", "12", "12", "12"],
        "etatAdministratifEtablissement": ["A", "A", "A", "F", "A"],
        "statutDiffusionEtablissement": ["O", "P", "O", "O", "O"],
        "codeCommuneEtablissement": ["59350", "59512", "59350", "59350", "75101"],
        "enseigne1Etablissement": ["ACME", "DUPONT JEAN", "SUPER", "OLD", "PARIS"],
        "libelleVoieEtablissement": ["FAIDHERBE", "SECRETE", "X", "Y", "Z"],
    }
)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_sirene_is_filtered_while_reading_and_keeps_secrets(tmp_path: Path, kind: str) -> None:
    places = pd.DataFrame(
        {
            "siret": STOCK["siret"],
            "x_longitude": 3.06,
            "y_latitude": 50.63,
            "qualite_xy": "33",
            "plg_qp24": "QN05911M",
            "distance_precision": 120.0,
        }
    ).iloc[1:]
    for name, frame in (("stock", STOCK), ("geo", places)):
        if kind == "csv":
            frame.to_csv(tmp_path / f"{name}.csv", index=False)
        else:
            frame.to_parquet(tmp_path / f"{name}.parquet")
    found, report = read_sirene(
        tmp_path / f"stock.{kind}",
        departments=["59"],
        located=tmp_path / f"geo.{kind}",
        naf=["25"],
        romes_of_naf={"2562B": ("H2903", "H2902")},
        batch_rows=2,
    )
    assert found["site_id"].unique().tolist() == ["00000000000011", "00000000000012"]
    assert (report.kept, report.located, report.mapped) == (2, 1, 2)
    hidden = found[found["site_id"] == "00000000000012"].iloc[0]
    assert not hidden["diffusible"]
    text = found.drop(columns="geometry").to_csv()
    assert "DUPONT" not in text
    assert "SECRETE" not in text
    assert hidden["position_quality"] == "commune"
    assert hidden["qpv2024"] == "QN05911M"
    assert found["headcount_min"].tolist()[0] == 50
    big, _ = read_sirene(tmp_path / f"stock.{kind}", departments=["59"], min_headcount=10)
    assert big["site_id"].tolist() == ["00000000000011", "00000000000013"]
    with pytest.raises(InputError, match="no department"):
        read_sirene(tmp_path / f"stock.{kind}", departments=[])


def test_stars_of_bmo_are_unknown_and_projects_are_conserved(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "BMO_2023_open_data"
    sheet.append(["annee", "Code métier BMO", "Nom métier BMO", "Dept", "BE23", "NOMBE23", "met", "xmet", "smet"])
    rows = [
        ["2023", "D2Z40", "Chaudronniers", "59", "3201", "LILLE", "30", "20", "*"],
        ["2023", "D2Z42", "Soudeurs", "59", "3201", "LILLE", "*", "*", "*"],
        ["2023", "Z9Z99", "Inconnus", "59", "3201", "LILLE", "7", "1", "0"],
    ]
    for row in rows:
        sheet.append(row)
    book.save(tmp_path / "bmo.xlsx")
    table, report = read_bmo(tmp_path / "bmo.xlsx")
    assert np.isnan(table["projects"][1])
    assert table["projects_secret"].tolist() == [False, True, False]
    assert "1 figure" in str(report.notes[0])
    walk = make_crosswalk(
        [
            ("fap225", "D2Z40", "rome", "H2902", 3),
            ("fap225", "D2Z40", "rome", "H2911", 1),
            ("fap225", "D2Z42", "rome", "H2913", 1),
        ]
    )
    spread = bmo_to_rome(table, walk)
    assert spread["projects"].sum() == pytest.approx(37.0)
    assert spread.set_index("rome").loc["H2913", "secret_families"] == 1
    assert spread.set_index("rome").loc["H2902", "projects"] == pytest.approx(22.5)
    assert spread["rome"].isna().sum() == 1


def test_bmo_from_2024_is_read_in_fap_2021_or_refused(tmp_path: Path) -> None:
    file = tmp_path / "bmo.csv"
    file.write_text(
        "annee;Code métier BMO;Dept;BE26;clpe;met;xmet;smet\n"
        "2026;A0X41;59;3201;CLPE1;600;100;0\n2026;G0B41;59;3201;CLPE1;120;*;0\n",
        encoding="utf-8",
    )
    table, _ = read_bmo(file)
    assert set(table["nomenclature"]) == {"fap2021"}
    assert table["clpe"].tolist() == ["CLPE1", "CLPE1"]
    old = make_crosswalk([("fap225", "D2Z40", "rome", "H2902", 1)])
    with pytest.raises(InputError, match="FAP 2021"):
        bmo_to_rome(table, old)
    passage = tmp_path / "passage.csv"
    passage.write_text("ROME;qualif;FAP341\nA1101;1;A0X41f\nA1201;1;A0X41g\nG1602;1;G0B41d\n", encoding="latin-1")
    spread = bmo_to_rome(table, build_crosswalk(fap2021_passage=passage)).set_index("rome")["projects"]
    # The 600 projects of A0X41 are shared by its two ROME codes; none is lost.
    assert spread.to_dict() == {"A1101": 300.0, "A1201": 300.0, "G1602": 120.0}


def test_bmo_without_a_vintage_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bmo.csv"
    file.write_text("Code métier BMO;BE;met\nA0X41;3201;10\n", encoding="utf-8")
    with pytest.raises(InputError, match="vintage"):
        read_bmo(file)


@pytest.mark.reference
def test_real_offers_of_rennes_read_as_a_plain_layer() -> None:
    employers, report = read_employers(
        shared_path("france/offres_rennes.geojson"), columns={"site_id": "code_entre", "metier": "code_rome"}
    )
    assert report.read == report.kept == 3928
    assert report.located == len(employers[employers.geometry.notna()].drop_duplicates("row"))
    assert employers["metier"].dropna().str.fullmatch(r"[A-N]\d{4}").all()
    # Its last rows bear Z9999, the code of no métier.
    assert report.mapped == employers["metier"].notna().sum() < 3928


@pytest.mark.reference
def test_the_four_wrongly_placed_inclusive_employers_are_caught() -> None:
    communes = read_communes(shared_path("hauts_de_france/communes.csv"))
    employers, report = read_siae(shared_path("hauts_de_france/employers_siae_hdf.csv"), communes=communes)
    assert report.read == report.kept == 471
    assert report.located == 467
    caught = employers[employers.geometry.isna()]
    assert sorted(caught["city"]) == ["HENIN BEAUMONT", "Mulhouse", "Riom", "Toulouse"]
    assert set(caught["position_quality"]) == {"none"}
    assert report.lost.loc[report.lost["stage"] == "located", "reason"].map(str).str.contains(" km from ").all()
    strict, _ = read_siae(shared_path("hauts_de_france/employers_siae_hdf.csv"), communes=communes, max_km=50)
    assert strict.geometry.isna().sum() == 4


@pytest.mark.reference
def test_activities_give_the_inclusive_employers_their_metiers() -> None:
    path = shared_path("hauts_de_france/employers_siae_hdf.csv")
    communes = read_communes(shared_path("hauts_de_france/communes.csv"))
    walk = build_crosswalk(naf_hirings=shared_path("france/rome_naf_hirings_2021.csv"))
    activities = pd.read_csv(path, dtype=str)["naf"].dropna().str.upper().unique()
    romes = walk.targets(activities, source="naf", target="rome", min_weight=0.05)
    employers, report = read_siae(path, communes=communes, romes_of_naf=romes)
    assert report.mapped is not None
    assert report.mapped > 0.9 * report.read
    unmapped = report.lost[report.lost["stage"] == "mapped"]
    assert "no activity code" in {str(reason) for reason in unmapped["reason"]}
    assert len(employers) > report.mapped


def test_a_large_stock_is_read_in_bounded_memory(tmp_path: Path) -> None:
    """Peak of what Python holds, for eight times the rows: the batches weigh, not the file."""
    peaks = []
    for copies in (2, 16):
        stock = pd.concat([STOCK.assign(codeCommuneEtablissement="75101")] * 4000 * copies, ignore_index=True)
        stock["siret"] = [f"{row:014d}" for row in range(len(stock))]
        stock.to_parquet(tmp_path / "s.parquet", row_group_size=10_000)
        del stock
        tracemalloc.start()
        found, _ = read_sirene(tmp_path / "s.parquet", departments=["59"], batch_rows=10_000)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert found.empty
    assert peaks[1] < 1.5 * peaks[0]
