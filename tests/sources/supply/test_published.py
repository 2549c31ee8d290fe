"""The layouts that Dares, INSEE and France Travail publish today: read as they are, nomenclatures stated or refused."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from geo_access.errors import InputError
from geo_access.sources.places.population import read_population
from geo_access.sources.supply.crosswalk_files import build_crosswalk
from geo_access.sources.supply.need import bmo_to_rome, read_bmo, read_tensions
from geo_access.sources.supply.rome_hours import PossibleShift, possible_shifts, read_rome_hours

# Dares tensions 2024, sheet of the departments, as published on 4 February 2026.
TENSIONS_2024 = [
    "annee",
    "code_fap_228",
    "libelle_fap_228",
    "code_departement",
    "tension",
    "tension_valeurs_imputees_volumetrie_insuffisante",
    "tension_discret",
    "intensite_d_embauches",
    "lien_formation_emploi",
    "manque_de_main_d_oeuvre_disponible",
    "non_durabilite_de_l_emploi",
    "conditions_de_travail_contraignantes",
    "inadequation_geographique",
    "non_attractivite_salariale",
    "croisement_ou_volumetrie_suffisante",
]
# Filosofi 2021, cells of 200 m, published in February 2026: `groupe` is gone.
FILOSOFI_2021 = (
    "idcar_200m,idcar_1km,idcar_nat,i_est_200,i_est_1km,lcog_geo,ind,men,men_pauv,men_1ind,men_5ind,men_prop,men_fmp,"
    "ind_snv,men_surf,men_coll,men_mais,log_av45,log_45_70,log_70_90,log_ap90,log_inc,log_soc,ind_0_3,ind_4_5,ind_6_10,"
    "ind_11_17,ind_18_24,ind_25_39,ind_40_54,ind_55_64,ind_65_79,ind_80p,ind_inc"
)


def workbook(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_tensions_of_2024_with_pay_and_of_which_nomenclature(tmp_path: Path) -> None:
    rows = [
        ["2024", "D2X12", "Soudeurs", "59", "1.43", "0", "5", "4", "3", "5", "2", "4", "3", "1", "FAP228 x dep"],
        ["2024", "D2X13", "Chaudronniers", "02", "0.2", "1", "3", None, "3", "2", "1", "4", "5", "2", "FAP86 x dep"],
    ]
    file = workbook(tmp_path / "t.xlsx", {"lisez-moi": [["x"]], "dep": [TENSIONS_2024, *rows]})
    table = read_tensions(file, layer="dep")
    assert set(table["scheme"]) == {"fap2021"}
    assert set(table["scope"]) == {"dep"}
    assert table["department"].tolist() == ["59", "02"]
    assert table["class_pay"].tolist() == [1, 2]
    assert table["class_mismatch"].tolist() == [3, 5]
    assert table["class_tension"].tolist() == [5, 3]
    assert table["tension_imputed"].tolist() == [False, True]
    assert table["enough"].tolist() == [True, False]
    assert table["class_hiring"].isna().tolist() == [False, True]


def test_a_table_that_states_no_nomenclature_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("annee;fap;tension\n2024;D2X12;1,4\n", encoding="utf-8")
    with pytest.raises(InputError, match="nothing tells the nomenclature"):
        read_tensions(file)


def test_bmo_2026_and_fap_2021_lose_no_project(tmp_path: Path) -> None:
    header = "annee|Code métier BMO|Nom métier BMO|Famille_met|Lbl_fam_met|REG|NOM_REG|Dept|NomDept|BE26|NOMBE26|clpe"
    head = [*header.split("|"), "met", "xmet", "smet"]
    rest = ["x", "y", "32", "HdF", "59", "Nord", "3201", "LILLE", "CLPE Lille"]
    rows = [
        ["2026", "A0X41", "Agriculteurs", *rest, "600", "100", "10"],
        ["2026", "G0B40", "Mécaniciens", *rest, "120", "*", "*"],
        ["2026", "B2Xxx", "Autres", *rest, "*", "*", "*"],
    ]
    pages = {"Description_des_variables": [["annee", "Année"]], "BMO_2026_open_data": [head, *rows]}
    table, report = read_bmo(workbook(tmp_path / "bmo.xlsx", pages), layer="BMO_2026_open_data")
    assert report.read == 3
    assert set(table["nomenclature"]) == {"fap2021"}
    assert table["clpe"].tolist() == ["CLPE Lille"] * 3
    assert table["projects_secret"].tolist() == [False, False, True]
    passage = tmp_path / "Dares_Table_passage_ROME_Qualif_to_FAP2021_pour_programme.csv"
    passage.write_bytes("ROME;QUALIF;FAP341\nA1101;1;A0X41f\nA1416;1;A0X41f\nI1604;6;G0B40b\n".encode("latin-1"))
    spread = bmo_to_rome(table, build_crosswalk(fap2021_passage=passage))
    assert spread["projects"].sum() == 720.0
    assert spread.set_index("rome").loc["I1604", "projects"] == 120.0


def test_filosofi_2021_with_its_imputed_cells_households_and_ages(tmp_path: Path) -> None:
    names = FILOSOFI_2021.split(",")
    values = dict.fromkeys(names, "0")
    values |= {"idcar_200m": "CRS3035RES200mN3060000E3830000", "idcar_1km": "x", "idcar_nat": "y"}
    values |= {
        "ind": "70.5",
        "men": "30",
        "men_pauv": "6",
        "lcog_geo": "5935059512",
        "ind_11_17": "7",
        "ind_18_24": "10",
    }
    first = values | {"ind_25_39": "15"}
    second = first | {"idcar_200m": "CRS3035RES200mN3060200E3830000", "men": "4", "i_est_200": "1", "ind": "9.5"}
    file = tmp_path / "carreaux_200m_met.csv"
    lines = [",".join(row[name] for name in names) for row in (first, second)]
    file.write_text("\n".join([FILOSOFI_2021, *lines]) + "\n", encoding="utf-8")
    points, report = read_population(file)
    assert points["imputed"].tolist() == [False, True]
    assert points["quality"].tolist() == ["observed", "imputed"]
    assert points["households"].tolist() == [30, 4]
    assert points["poor_households"].tolist() == [6, 6]
    assert points["cell_m"].tolist() == [200, 200]
    # Two of the seven ages of 11–17, all of 18–24, one of the fifteen of 25–39.
    assert points["youth_16_25"].round(6).tolist() == [2 + 10 + 1] * 2
    assert any(said.key == "youth_of_bands" for said in report.notes)


def test_rome_s_hours_are_labels_and_the_shifts_are_ours(tmp_path: Path) -> None:
    fiche = (
        "<fiche_metier><rome><code_rome>{code}</code_rome></rome><contextes_travail>"
        "<type_contexte><libelle>Conditions de travail</libelle><items><item><libelle>Bruit</libelle></item></items>"
        "</type_contexte><type_contexte><libelle>Horaires et durée du travail</libelle><items>{items}</items>"
        "</type_contexte></contextes_travail></fiche_metier>"
    )
    items = "".join(
        f"<item><libelle>{label}</libelle></item>"
        for label in ("Travail posté (2x8, 3x8, 5x8, etc.)", "Travail en astreinte")
    )
    content = fiche.format(code="H2913", items=items) + fiche.format(code="M1607", items="")
    file = tmp_path / "unix_fiche_emploi_metier_v461_iso8859-15.xml"
    head = '<?xml version="1.0" encoding="ISO-8859-15"?>'
    file.write_bytes(f"{head}<fiches_metier>{content}</fiches_metier>".encode("iso8859-15"))
    hours = read_rome_hours(file)
    assert hours["metier"].tolist() == ["H2913", "H2913"]
    table = possible_shifts(hours, ["H2913", "M1607"])
    welding = table[table["metier"] == "H2913"]
    assert welding["start"].fillna("-").tolist() == ["05:00", "13:00", "21:00", "-"]
    assert welding["source"].str.contains("hypothèse").all()
    # No label: the mean day of Dares, the only one with a source.
    assert table.loc[table["metier"] == "M1607", ["start", "end"]].to_numpy().tolist() == [["08:20", "17:30"]]
    own = possible_shifts(hours, ["H2913"], shifts=[PossibleShift("travail poste", (("04:00", "12:00"),), "accord")])
    assert own[["start", "source"]].to_numpy().tolist() == [["04:00", "accord"]]
    file.write_text("<!DOCTYPE x [<!ENTITY a 'b'>]><fiches_metier/>", encoding="utf-8")
    with pytest.raises(InputError):
        read_rome_hours(file)
