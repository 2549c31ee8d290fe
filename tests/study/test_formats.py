"""Tables as their producers ship them, named in a study file by their format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from geo_access.errors import InputError
from geo_access.study.inputs import read_employers_table, read_training_table
from geo_access.study.sections import EmployersTable, TrainingTable

COMMUNES = "COM,Commune,lon,lat\n59350,Lille,3.06,50.63\n"
HIRINGS = "rome_id,naf_id,hirings\nH2913,2562B,90\nH2902,2562B,10\nN1103,4941A,5\n"
LHEO = """<lheo xmlns="http://www.lheo.org/2.3"><offres><formation numero="F1">
<domaine-formation><code-ROME>H2913</code-ROME></domaine-formation><code-niveau-sortie>4</code-niveau-sortie>
<action numero="A1"><modalites-enseignement>0</modalites-enseignement><lieu-de-formation><coordonnees><nom>AFPA</nom>
<adresse><code-INSEE-commune>59350</code-INSEE-commune></adresse></coordonnees></lieu-de-formation></action>
</formation></offres></lheo>"""
FILES = {
    "communes.csv": COMMUNES,
    "hirings.csv": HIRINGS,
    "lheo.xml": LHEO,
    "actions.csv": "FOR type;Formation (FOR) libellé;FOR URL et ID Onisep;ENS code UAI\n"
    "CAP;CAP métallier;https://www.onisep.fr/FOR.1;0590005K\n",
    "structures.csv": "code UAI;nom;longitude (X);latitude (Y)\n0590005K;Lycée;3.49;50.37\n",
    "certif_onisep.csv": "Code_Diplome;Libelle_Diplome;Code_Rome_1;codeIdeo2\n1;CAP;H2913;FOR.1\n",
    "apprenticeship.csv": "cle_ministere_educatif;rome_codes;lieu_formation_geo_coordonnees;niveau;capacite\n"
    "K1;H2913, H2902;50.63,3.06;3 (CAP...);12\n",
    "capacities.csv": "UAI;MEF STAT 11;Capacité carte scolaire\n0590005K;23210031224;24\n",
    "mef.csv": "MEF_STAT_11;FORMATION_DIPLOME;LIBELLE_LONG\n23210031224;50031224;1CAP2 SOUDAGE\n",
    "certif.csv": "Code_Diplome;Libelle_Diplome;Code_Rome_1;Code_Scolarité\n1;CAP;H2913;50031224\n",
    "schools.csv": "uai;lat;lon\n0590005K;50.37;3.49\n",
    "offers.json": json.dumps(
        {
            "resultats": [
                {
                    "id": "1",
                    "romeCode": "H2913",
                    "nombrePostes": 2,
                    "lieuTravail": {"commune": "59350"},
                    "contexteTravail": {"horaires": ["35H Travail en 2x8"]},
                }
            ]
        }
    ),
    "stock.csv": "siret,activitePrincipaleEtablissement,codeCommuneEtablissement,enseigne1Etablissement,"
    "trancheEffectifsEtablissement\n1,25.62B,59350,ACME,12\n2,49.41A,59350,CAMION,11\n3,25.62B,75101,LOIN,12\n",
    "places.csv": "siret,x_longitude,y_latitude,qualite_xy\n1,3.06,50.63,11\n2,3.07,50.63,11\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def paths(folder: Path, keys: dict[str, object]) -> dict[str, object]:
    return {key: folder / value if isinstance(value, str) and "." in value else value for key, value in keys.items()}


@pytest.mark.parametrize(
    ("keys", "metiers", "lon"),
    [
        ({"file": "lheo.xml", "format": "lheo", "communes": "communes.csv"}, ["H2913"], 3.06),
        (
            {
                "file": "actions.csv",
                "format": "onisep",
                "structures": "structures.csv",
                "certifications": "certif_onisep.csv",
            },
            ["H2913"],
            3.49,
        ),
        ({"file": "apprenticeship.csv", "format": "apprenticeship"}, ["H2913", "H2902"], 3.06),
        (
            {
                "file": "capacities.csv",
                "format": "capacities",
                "mef": "mef.csv",
                "certifications": "certif.csv",
                "schools": "schools.csv",
            },
            ["H2913"],
            3.49,
        ),
    ],
)
def test_training_of_every_producer(folder: Path, keys: dict[str, object], metiers: list[str], lon: float) -> None:
    table, report = read_training_table(TrainingTable(**paths(folder, keys)))
    assert table["metier"].tolist() == metiers
    assert table.geometry.x.tolist() == [lon] * len(metiers)
    assert report.kept >= 1


def test_offers_keep_their_hours_and_fall_back_to_the_commune(folder: Path) -> None:
    section = EmployersTable(file=folder / "offers.json", format="offers", communes=folder / "communes.csv")
    table, _ = read_employers_table(section, ["H2913"])
    assert table["shift_start"].tolist() == ["05:00", "13:00"]
    assert table.geometry.x.tolist() == [3.06, 3.06]


def test_sirene_is_cut_to_departments_activities_and_the_metiers_of_the_study(folder: Path) -> None:
    section = EmployersTable(
        file=folder / "stock.csv",
        format="sirene",
        located=folder / "places.csv",
        departments=("59",),
        naf_rome=folder / "hirings.csv",
        activities=("25",),
    )
    table, report = read_employers_table(section, ["H2913"])
    assert table[["site_id", "metier"]].astype(str).values.tolist() == [["1", "H2913"]]
    assert report.located == 1


@pytest.mark.parametrize(
    ("section", "keys", "said"),
    [
        (TrainingTable, {"format": "capacities"}, "needs mef, certifications, schools"),
        (TrainingTable, {"format": "lheo", "columns": {"metier": "x"}}, "ignores columns"),
        (TrainingTable, {"format": "lheo", "schools": "s.csv"}, "ignores schools"),
        (EmployersTable, {"format": "siae"}, "needs communes"),
        (EmployersTable, {"format": "sirene", "departments": ["59"]}, "needs naf_rome"),
        (EmployersTable, {"naf_rome": "x.csv"}, "ignores naf_rome"),
        (TrainingTable, {"format": "excel"}, "Input should be"),
    ],
)
def test_keys_must_fit_the_format(section: type, keys: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        section(file=Path("t.csv"), **keys)


def test_a_file_of_another_format_is_refused_with_its_name(folder: Path) -> None:
    with pytest.raises(InputError, match=r"stock\.csv"):
        read_training_table(TrainingTable(file=folder / "stock.csv", format="apprenticeship"))
