"""Training supply from its five kinds of file, with nothing lost in silence."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo_access.errors import InputError
from geo_access.sources.supply.training import TRAINING_COLUMNS, read_level, read_modality, read_training, read_voie
from geo_access.sources.supply.training_education import read_capacities, read_uai_mef_rome
from geo_access.sources.supply.training_lheo import read_lheo
from geo_access.sources.supply.training_onisep import read_apprenticeship, read_onisep
from tests.shared import shared_path


def conserved(offers: gpd.GeoDataFrame, report: object) -> None:
    """Each row read is kept or listed; each row kept is placed, or listed; likewise for métiers."""
    rows = offers.drop_duplicates("row")
    assert len(rows) == report.kept  # type: ignore[attr-defined]
    assert rows.geometry.notna().sum() == report.located  # type: ignore[attr-defined]
    assert rows["metier"].notna().sum() == report.mapped  # type: ignore[attr-defined]
    assert list(offers.columns[: len(TRAINING_COLUMNS)]) == list(TRAINING_COLUMNS)
    assert ((offers["position_quality"] == "none") == offers.geometry.isna()).all()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["T1", "T2", ""]),
            st.sampled_from(["H2902", "H2902; H2913", ""]),
            st.sampled_from(["3", "IV", "BTS", "?", ""]),
            st.sampled_from(["12", "*", ""]),
            st.sampled_from(["présentiel", "à distance", "mixte", "camion", ""]),
            st.sampled_from(["3,06", "", "704000"]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_every_row_is_accounted_for(tmp_path: Path, rows: list[tuple[str, ...]]) -> None:
    rows = [*rows, *[("T9", "H2902", "3", "1", "", "3,1")] * (len(rows) + 1)]
    lines = ["site_id\tmetier\tlevel\tplaces\tmodality\tlon\tlat", *("\t".join(row) + "\t50,6" for row in rows)]
    (tmp_path / "t.tsv").write_text("\n".join(lines) + "\n")
    offers, report = read_training(tmp_path / "t.tsv")
    assert report.read == len(rows)
    assert report.kept == len({row for row in rows if row[0]}), "a row written twice counts once"
    conserved(offers, report)
    assert offers.geometry[offers["modality"].isin(["remote", "mobile"])].isna().all()


def test_words_of_levels_voies_and_modalities() -> None:
    assert [read_level(text) for text in ("3 (CAP...)", "Bac pro", "BUT", "master", "V", "II", "8", "2", None)] == [
        3,
        4,
        6,
        7,
        3,
        6,
        8,
        None,
        None,
    ]
    assert [read_voie(text) for text in ("CFA", "GRETA", "sous statut scolaire")] == [
        "apprentissage",
        "continue",
        "scolaire",
    ]
    assert [read_modality(text) for text in ("FOAD", "AFEST", "unité mobile")] == ["remote", "afest", "mobile"]


def test_column_names_of_the_user_and_points_of_a_layer(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"cle": ["a"], "code": ["H2902"]}, geometry=[shapely.Point(704000, 7059000)], crs=2154)
    frame.to_file(tmp_path / "t.gpkg")
    offers, _ = read_training(tmp_path / "t.gpkg", columns={"site_id": "cle", "metier": "code"})
    assert abs(offers.geometry.y.iloc[0] - 50.63) < 0.05
    with pytest.raises(InputError, match="did you mean 'cle'"):
        read_training(tmp_path / "t.gpkg", columns={"site_id": "cel", "metier": "code"})


LHEO = """<?xml version="1.0" encoding="UTF-8"?>
<lheo xmlns="http://www.lheo.org/{version}"><offres>
<formation numero="F1"><domaine-formation><code-ROME>H2913</code-ROME></domaine-formation>
<intitule-formation>Soudeur</intitule-formation><code-niveau-sortie>5</code-niveau-sortie>
<action numero="A1"><modalites-enseignement>0</modalites-enseignement>
<lieu-de-formation><coordonnees><nom>AFPA</nom><adresse><code-INSEE-commune>59350</code-INSEE-commune>
{place}</adresse></coordonnees></lieu-de-formation>
<session><periode><debut>20250301</debut><fin>99999999</fin></periode>
<recrutement><a-distance>1</a-distance></recrutement></session><session>
<periode><debut>20250901</debut><fin>20251220</fin></periode></session></action>
<action numero="A2"><modalites-enseignement>2</modalites-enseignement></action></formation>
<formation numero="F2"/></offres></lheo>"""


@pytest.mark.parametrize("version", ["2.0", "2.2", "2.3"])
def test_lheo_of_any_version(tmp_path: Path, version: str) -> None:
    place = "<geolocalisation><latitude>50.63</latitude><longitude>3.06</longitude></geolocalisation>"
    (tmp_path / "o.xml").write_text(LHEO.format(version=version, place=place))
    offers, report = read_lheo(tmp_path / "o.xml")
    conserved(offers, report)
    assert (report.read, report.kept, report.located) == (3, 2, 1)
    first = offers.astype(object).iloc[0]
    # A remote information meeting does not make the training remote.
    assert (first["modality"], first["level"], first["site_name"]) == ("on_site", 4, "AFPA")
    assert (first["start_date"], first["end_date"], first["sessions"]) == ("2025-03-01", "2025-12-20", 2)
    assert offers["modality"].tolist() == ["on_site", "hybrid"]


def test_lheo_without_position_falls_back_to_the_commune(tmp_path: Path) -> None:
    (tmp_path / "o.xml").write_text(LHEO.format(version="2.3", place=""))
    communes = gpd.GeoDataFrame({"commune": ["59350"]}, geometry=[shapely.Point(3.06, 50.63)], crs=4326)
    offers, _ = read_lheo(tmp_path / "o.xml", communes=communes)
    assert offers["position_quality"].tolist() == ["commune", "none"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('<!DOCTYPE lheo [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><lheo>&b;</lheo>', "refuse"),
        ('<!DOCTYPE lheo SYSTEM "file:///etc/passwd"><lheo/>', "refuse"),
        ("<lheo><offres><formation>", "malformed"),
        ("<lheo-index/>", "full offers"),
    ],
)
def test_hostile_or_broken_xml(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "o.xml").write_text(text)
    with pytest.raises(InputError, match=message):
        read_lheo(tmp_path / "o.xml")


def test_onisep_actions_reach_rome_through_certif_info(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "FOR type;Formation (FOR) libellé;FOR URL et ID Onisep;ENS code UAI;Lieu d'enseignement (ENS) libellé\n"
        "BTS;BTS métiers;https://www.onisep.fr/http/redirection/formation/slug/FOR.1;0590005K;LP\n"
        "CAP;CAP rare;https://www.onisep.fr/http/redirection/formation/slug/FOR.2;0590006L;LP2\n"
    )
    (tmp_path / "s.csv").write_text(
        "code UAI;type d'établissement;longitude (X);latitude (Y)\n0590005K;lycée;3.49;50.37\n"
    )
    (tmp_path / "c.csv").write_text("Code_Diplome;Libelle_Diplome;Code_Rome_1;codeIdeo2\n1;BTS;H1404;FOR.1\n")
    offers, report = read_onisep(tmp_path / "a.csv", structures=tmp_path / "s.csv", certifications=tmp_path / "c.csv")
    conserved(offers, report)
    assert offers["metier"].tolist()[0] == "H1404"
    assert offers["level"].tolist() == [5, 3]
    assert (report.located, report.mapped) == (1, 1)


def test_apprenticeship_catalogue(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(
        "cle_ministere_educatif;rome_codes;lieu_formation_geo_coordonnees;niveau;capacite;entierement_a_distance;distance\n"
        'K1;"[""H2913"",""H2902""]";50.63,3.06;4 (BAC...);12;false;50\n'
        "K2;H2913;50.63,3.06;5;;false;9000\nK3;;;3;;true;\nK4;H2913;x;3;;false;\n"
    )
    offers, report = read_apprenticeship(tmp_path / "c.csv")
    conserved(offers, report)
    assert offers["metier"].tolist()[:2] == ["H2913", "H2902"]
    assert offers["position_quality"].tolist() == ["exact", "exact", "commune", "none", "none"]
    assert set(map(str, report.lost["reason"])) == {
        "taught remotely: no place to go to",
        "no ROME code",
        "position that cannot be read",
    }


@pytest.mark.reference
def test_the_courses_of_the_region() -> None:
    schools = shared_path("hauts_de_france/etablissements_secondaires_59_62.csv")
    offers, report = read_uai_mef_rome(
        shared_path("hauts_de_france/formations_pro_hdf_2020_uai_mef_rome.csv"), schools=schools
    )
    conserved(offers, report)
    assert report.read == 4707
    assert report.mapped / report.read >= 0.65
    assert round(report.located / report.read, 2) == 0.51
    assert (report.lost["stage"] == "located").sum() == 4707 - report.located
    assert (report.lost["stage"] == "mapped").sum() == 4707 - report.mapped
    assert report.lost["reason"].map(str).str.len().min() > 10


@pytest.mark.reference
def test_the_national_chain_finds_the_metiers_of_the_joined_file() -> None:
    """Two roads to the same métier: the joined file, and capacities → MEF → diploma → ROME."""
    joined, _ = read_uai_mef_rome(shared_path("hauts_de_france/formations_pro_hdf_2020_uai_mef_rome.csv"))
    chain, report = read_capacities(
        shared_path("france/attractivite_capacite_2022.csv"),
        mef=shared_path("france/nMef.csv"),
        certifications=shared_path("france/certif_info.csv"),
        schools=shared_path("hauts_de_france/etablissements_secondaires_59_62.csv"),
    )
    conserved(chain, report)
    assert report.read == 19641
    assert report.mapped / report.read > 0.7
    known = joined.dropna(subset=["metier"]).groupby("mef11")["metier"].agg(set)
    ours = chain.dropna(subset=["metier"]).groupby("mef11")["metier"].agg(set)
    common = known.index.intersection(ours.index)
    assert len(common) > 100
    agreeing = [known[mef] <= ours[mef] for mef in common]
    assert pd.Series(agreeing).mean() > 0.99


@pytest.mark.reference
def test_real_lheo_samples() -> None:
    offers, report = read_lheo(shared_path("france/exemple-bts-onisep.xml"))
    assert offers["metier"].tolist() == ["D1402", "D1403", "D1408"]
    assert (report.located, offers["level"].tolist()[0], offers["voie"].tolist()[0]) == (1, 5, "scolaire")
    offers, report = read_lheo(shared_path("france/intercarif-data-test.xml"))
    assert offers["metier"].tolist() == ["F1604"]
    assert list(map(str, report.lost["reason"])) == ["position rounded to whole degrees"]
