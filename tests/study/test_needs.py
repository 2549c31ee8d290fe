"""The need beside the flag: BMO, tensions and hours of ROME through `check` and `run` of a small study."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geo_access.diagnosis.curves import reach_curves
from geo_access.errors import GeoAccessError
from geo_access.report import study_report
from geo_access.study import run
from geo_access.study.inputs import read_inputs
from geo_access.study.levels import LevelEngine
from geo_access.study.need_sections import BasinsTable, NeedsSection
from geo_access.study.needs import read_basins, read_needs
from geo_access.study.needs_joined import joined_needs
from geo_access.study.prepared import PreparedStudy, prepare_study
from geo_access.study.study import RunSummary, Study
from geo_access.web.observatory import observatory_table
from geo_access.web.questions import ObservatoryQuestion
from geo_access.words.messages import error_text
from tests.reliability.small_study import employers, leave_paper_out, write_csv_rows, write_small_study
from tests.shared import shared_path

BMO = """annee;Code métier BMO;Nom métier BMO;Dept;BE26;NOMBE26;clpe;met;xmet;smet
2026;D2X12;Soudeurs;59;3201;LILLE;CLPE1;8;6;0
2026;D2X13;Chaudronniers;59;3201;LILLE;CLPE1;4;*;*
2026;A0X41;Agriculteurs;59;3201;LILLE;CLPE1;600;100;10
2026;B2X44;Électriciens;59;3201;LILLE;CLPE1;*;*;*
2026;D2X12;Soudeurs;59;3202;DOUAI;CLPE2;20;5;10
2026;D2X12;Soudeurs;62;3299;ARRAS;CLPE3;99;9;9
2025;D2X12;Soudeurs;59;3201;LILLE;;77;7;7
"""
PASSAGE = "ROME;QUALIF;FAP341\nH2913;6;D2X12a\nH2913;7;D2X13a\nH2902;7;D2X13a\nF1602;6;B2X44a\n"
# Column of 2026: the year is read from its name, not from a list of years.
BASINS = "code_commune;lib_commune;code_bassin_2026;lib_bassin_2026\nz3.0;Un;3201;LILLE\nz3.1;Deux;3202;DOUAI\n"
TENSIONS = (
    "annee;code_fap_228;code_departement;tension;tension_valeurs_imputees_volumetrie_insuffisante;tension_discret;"
    "inadequation_geographique;non_attractivite_salariale;croisement_ou_volumetrie_suffisante\n"
    "2024;D2X12;59;1,43;0;5;3;2;FAP228 x dep\n2024;D2X13;59;0,2;1;3;;4;FAP86 x dep\n2024;D2X12;62;0,1;0;1;1;1;FAP228\n"
)
HOURS = json.dumps(
    [
        {
            "code": "H2913",
            "contextesTravail": [
                {"libelle": "Travail posté (2x8, 3x8, 5x8, etc.)", "categorie": "HORAIRE_ET_DUREE_TRAVAIL"}
            ],
        }
    ]
)
SECTIONS = """
[needs.bmo]
file = "bmo.csv"
vintage = "2026"
source = "BMO inventée"

[needs.fap2021_rome]
file = "passage.csv"

[needs.basins]
file = "bassins.csv"

[needs.tensions]
file = "tensions.csv"
department = "59"

[needs.rome_hours]
file = "rome.json"
"""
FILES = {"bmo.csv": BMO, "passage.csv": PASSAGE, "bassins.csv": BASINS, "tensions.csv": TENSIONS, "rome.json": HOURS}


def study(home: Path, sections: str = SECTIONS, **files: str) -> Study:
    """Write the small study with the tables of the need."""
    path = write_small_study(home)
    for name, content in {**FILES, **{key.replace("_", "."): text for key, text in files.items()}}.items():
        (home / name).write_text(content, encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8") + sections, encoding="utf-8")
    return Study.from_file(path)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RunSummary:
    home = tmp_path_factory.mktemp("needs")
    with pytest.MonkeyPatch.context() as patch:
        leave_paper_out(patch)
        # The page is read below; its print and its pictures are not.
        patch.setattr(study_report, "write_pdf", lambda *_: False)
        patch.setattr(
            run, "write_report", lambda folder, said: study_report.write_report(folder, replace(said, sheets={}))
        )
        return study(home / "study").run(home / "out")


def read(result: RunSummary, name: str) -> pd.DataFrame:
    codes = {"basin": str, "place": str, "zone_id": str, "year": str, "vintage": str}
    return pd.read_csv(result.folder / f"{name}.csv", dtype=codes)


def test_projects_by_metier_and_basin_are_those_of_the_families_shared_out(result: RunSummary) -> None:
    need = read(result, "need").set_index(["metier", "basin"])
    assert len(need) == 4
    welders = need.loc[("H2913", "3201")]
    # 8 of its own family, and half of the 4 that it shares with H2902.
    assert welders["projects"] == 10
    assert welders["projects_state"] == "known"
    assert welders["shared"]
    # The shared family hides how many are difficult: the share is of the eight that tell it.
    assert welders["difficult_share"] == 6 / 8
    assert need.loc[("H2913", "3202"), ["projects", "difficult_share", "seasonal_share"]].tolist() == [20, 0.25, 0.5]
    # A star is secret, and no line is not told: neither is zero.
    assert need.loc[("F1602", "3201"), "projects_state"] == "secret"
    assert need.loc[("F1602", "3202"), "projects_state"] == "no_line"
    assert need.loc["F1602", "projects"].isna().all()
    assert set(need["vintage"]) == {"2026"}
    assert set(need["nomenclature"]) == {"FAP 2021"}
    assert set(need["source"]) == {"BMO inventée"}
    assert need.loc[("H2913", "3201"), "clpe"] == "CLPE1"


def test_no_project_and_no_row_is_lost_unsaid(result: RunSummary) -> None:
    account = read(result, "need_accounts").set_index("basin")
    names = ["projects", "of_study", "of_others", "without_rome", "secret_lines"]
    assert account.loc["3201", names].tolist() == [612, 10, 2, 600, 1]
    assert account.loc["3202", names].tolist() == [20, 20, 0, 0, 0]
    manifest = json.loads((result.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["sources"]["needs.bmo"] == "BMO inventée"
    reading = next(each for each in manifest["reading"] if each["source"] == "bmo.csv")
    lost = {each["key"]: each["rows"] for each in reading["losses"]}
    assert lost == {"loss.family_without_rome": 1, "loss.other_basin": 1, "loss.other_vintage": 1}
    assert reading["read"] == reading["kept"] + sum(lost.values())
    said = {note.key: dict(note.values) for note in result.warnings}
    assert said["needs.no_rome"] == {"n": 1, "families": "A0X41", "projects": 600}
    assert said["needs.account"]["projects"] == 632
    assert "needs.zones_nowhere" in said
    assert "needs.bmo_all" in said


def test_totals_sources_and_the_case_of_codes_change_no_figure(tmp_path: Path, result: RunSummary) -> None:
    """As people save what they download: a total below, the source below it, codes typed by hand, a byte-order mark."""
    total = "2026;Ensemble;Tous métiers;59;3201;LILLE;;632;111;20\n2026;;Total;59;;;;632;111;20\n"
    bmo = "\ufeff" + BMO.replace("D2X12", " d2x12 ") + total + ";;;;;;;;;\nSource : France Travail;;;;;;;;;\n"
    tensions = TENSIONS.replace("D2X13", "d2x13") + "Source : Dares;;;;;;;;\n"
    passage = PASSAGE.replace("H2913;6;D2X12a", "h2913;6;d2x12a")
    made = study(tmp_path, bmo_csv=bmo, tensions_csv=tensions, passage_csv=passage)
    need = read_inputs(made.file, made.path).beside.need
    assert need is not None
    for name, found in (("need_accounts", need.accounts), ("need_tensions", need.tensions)):
        plain = read(result, name)
        for column in plain.columns.intersection(
            ["projects", "of_study", "without_rome", "weight", "tension", "class_pay"]
        ):
            assert found[column].astype(float).tolist() == plain[column].tolist(), (name, column)


def test_tensions_keep_their_classes_family_by_family(result: RunSummary) -> None:
    tensions = read(result, "need_tensions")
    assert tensions[["metier", "family", "weight"]].to_numpy().tolist() == [
        ["H2913", "D2X12", 0.5],
        ["H2913", "D2X13", 0.5],
    ]
    assert tensions["class_pay"].tolist() == [2, 4]
    assert set(tensions["place"]) == {"59"}
    assert tensions["tension_imputed"].tolist() == [False, True]
    need = read(result, "need").set_index(["metier", "basin"])
    assert need.loc[("H2913", "3201"), ["tension_family", "tension_families", "class_pay"]].tolist() == ["D2X12", 2, 2]
    assert need.loc["F1602", "tension_families"].tolist() == [0, 0]
    said = {note.key: dict(note.values) for note in result.warnings}
    assert said["needs.tensions_some"] == {"n": 1, "all": 2, "codes": "F1602"}


def test_possible_hours_say_whose_assumption_they_are(result: RunSummary) -> None:
    shifts = read(result, "need_shifts")
    welders = shifts[shifts["metier"] == "H2913"]
    assert welders["start"].tolist() == ["05:00", "13:00", "21:00"]
    assert welders["source"].str.contains("hypothèse").all()
    assert shifts.loc[shifts["metier"] == "F1602", ["start", "end"]].to_numpy().tolist() == [["08:20", "17:30"]]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> PreparedStudy:
    return prepare_study(study(tmp_path_factory.mktemp("prepared")).path)


def test_the_need_never_changes_a_flag(prepared: PreparedStudy, tmp_path: Path) -> None:
    plain = prepare_study(study(tmp_path, "").path)
    assert plain.inputs.beside.need is None
    pd.testing.assert_frame_equal(plain.diagnosis.flags, prepared.diagnosis.flags)


def test_each_zone_has_its_basin_or_is_said_to_have_none(result: RunSummary) -> None:
    basins = read(result, "need_basins").set_index("zone_id")
    assert basins.loc["z3.0", ["basin", "found_by"]].tolist() == ["3201", "table"]
    assert basins.loc["z3.2", ["basin", "found_by"]].isna().all()


def test_the_report_sets_the_need_beside_the_level_with_its_sources(result: RunSummary) -> None:
    page = (result.folder / "report.html").read_text(encoding="utf-8")
    chapter = page[page.index('<section aria-labelledby="need">') :]
    chapter = chapter[: chapter.index("</section>")].replace("\u202f", " ").replace("\u00a0", " ")
    for said in (
        "Rien de cela n’entre dans les niveaux",
        # 8 + 2 + 20 projects of welders; (6 + 5) of 28 are difficult, 10 of 28 seasonal.
        "<td>30</td><td>39 %</td><td>36 %</td><td>3–5 / 5</td>",
        "<td>secret</td>",
        "classe officielle 3 / 5",
        "BMO inventée, millésime 2026, familles FAP 2021, sur 2 bassins",
        "632, dont 30 pour les métiers de l’étude, 2 pour d’autres métiers, 600 de familles",
        "tensions.csv, année 2024, familles FAP 2021, département 59",
        "D2X12 (50 %)",
        "05:00–13:00, 13:00–21:00, 21:00–29:00",
    ):
        assert said in chapter, said


def test_the_observatory_sets_the_need_beside_by_metier(prepared: PreparedStudy) -> None:
    table = observatory_table(prepared, ObservatoryQuestion(by="metier", kind="job")).set_index("metier")
    assert table.loc["H2913", ["need_projects", "need_state"]].tolist() == [30, "known"]
    assert table.loc["H2913", "need_difficult"] == pytest.approx(11 / 28)
    assert table.loc["F1602", "need_state"] == "secret"
    assert table["need_projects"].isna().tolist() == (table.index == "F1602").tolist()
    assert "need_projects" not in observatory_table(prepared, ObservatoryQuestion(by="territory", kind="job"))


OWN_HOURS = """
[[needs.rome_hours.shifts]]
label = "Travail posté"
hours = [["04:00", "12:00"]]
source = "accord de branche (inventé)"
"""


def test_hours_are_parameters_with_their_provenance(tmp_path: Path) -> None:
    found = study(tmp_path, SECTIONS + OWN_HOURS)
    need = read_inputs(found.file, found.path).beside.need
    assert need is not None
    assert need.shifts is not None
    assert need.shifts.to_numpy().tolist() == [
        ["H2913", "Travail posté (2x8, 3x8, 5x8, etc.)", "04:00", "12:00", "accord de branche (inventé)"]
    ]


def test_labels_become_schedules_only_when_asked_and_with_hours_that_are_stated(tmp_path: Path) -> None:
    plain = study(tmp_path / "plain", SECTIONS + OWN_HOURS).file.schedules
    sections = SECTIONS.replace('"rome.json"', '"rome.json"\nschedules = true') + OWN_HOURS
    made = study(tmp_path / "asked", sections).file.schedules
    added = made[len(plain) :]
    assert made[: len(plain)] == plain
    assert [(each.id, each.kind, each.start, each.end) for each in added] == [
        ("rome_0400_1200", "job", "04:00", "12:00")
    ]
    assert "Travail posté" in added[0].name
    assert added[0].metiers == ("H2913",)


def shift_study(home: Path, extra: str = "") -> Study:
    """Jobs of both métiers at 8–16, one more of F1602 without hours; only H2913 has a label that may mean 8–16."""
    sections = SECTIONS.replace('"rome.json"', '"rome.json"\nschedules = true') + OWN_HOURS
    sections = sections.replace('[["04:00", "12:00"]]', '[["08:00", "16:00"]]')
    path = study(home, sections).path
    rows = [row | {"metier": metier} for row, metier in zip(employers(), ("F1602", "H2913", "F1602"), strict=True)]
    rows[2] |= {"shift_start": "", "shift_end": ""}
    write_csv_rows(home / "employers.csv", rows)
    path.write_text(path.read_text(encoding="utf-8") + extra, encoding="utf-8")
    return Study.from_file(path)


def test_hours_out_of_a_label_are_asked_of_its_metier_only(tmp_path: Path) -> None:
    prepared = prepare_study(shift_study(tmp_path).path)
    flags = prepared.diagnosis.flags.astype({"metier": str, "schedule": str, "cause": str, "level": str})
    made = flags[(flags["schedule"] == "rome_0800_1600") & (flags["zone_id"].astype(str) == "z3.0")]
    told = made.set_index(["metier", "profile"])
    # Somebody works at F1602 at these very hours, and nobody said that they may be asked of it.
    assert set(told.loc["F1602", "level"]) == {"sans objet"}
    assert set(told.loc["F1602", "cause"]) == {"OTHER_METIERS"}
    assert set(told.loc["H2913", "level"]) == {"adéquat"}
    assert told.loc["F1602", "reachable_share"].isna().all()
    # What an employer does not say is not taken from a label.
    hours = prepared.diagnosis.sites["job"]
    assert hours.start_s is not None
    assert sorted(set(hours.start_s.tolist())) == [8 * 3600, 9 * 3600]
    curves = reach_curves(prepared.diagnosis)
    own = curves[curves["kind"] == "job"].groupby("schedule")["metier"].unique()
    assert {key: sorted(codes) for key, codes in own.items()} == {
        "own_hours": ["F1602", "H2913"],
        "rome_0800_1600": ["H2913"],
    }
    levels = LevelEngine().levels(prepared.assumptions, prepared.kept.on(prepared.network)).table()
    assert levels["level"].tolist() == prepared.diagnosis.flags["level"].astype(str).tolist()


SHIFTS = """
[[schedules]]
id = "tot"
name = "Tôt"
kind = "job"
start = "08:00"
end = "16:00"
metiers = [{metiers}]
"""


def test_why_hours_are_not_asked_of_a_metier_is_told(tmp_path: Path) -> None:
    early = SHIFTS.format(metiers='"f1602"')
    nobody = SHIFTS.replace('"tot"', '"nuit"').replace("08:00", "21:00").replace("16:00", "29:00").format(metiers="")
    path = shift_study(tmp_path, early + nobody).path
    plain = SECTIONS + OWN_HOURS
    flags = prepare_study(path).diagnosis.flags.astype({"metier": str, "schedule": str, "zone_id": str})
    cause = flags[flags["zone_id"] == "z3.0"].astype({"cause": object}).groupby(["schedule", "metier"])["cause"].first()
    # The study gives these hours to F1602; the label of H2913 may mean the same, and is asked beside.
    assert pd.isna(cause["tot", "F1602"])
    assert pd.isna(cause["rome_0800_1600", "H2913"])
    assert cause["tot", "H2913"] == cause["rome_0800_1600", "F1602"] == "OTHER_METIERS"
    # Sought, and not at night; the employer who says no hours is given those asked of all, and that is said.
    assert cause["nuit", "H2913"] == "OTHER_HOURS"
    assert pd.isna(cause["nuit", "F1602"])
    # Nobody seeks welders in the plain study, and two teach it.
    flags = prepare_study(study(tmp_path / "plain", plain).path).diagnosis.flags
    jobs = flags[(flags["metier"].astype(str) == "H2913") & (flags["kind"].astype(str) == "job")]
    assert set(jobs["level"].astype(str)) == {"sans objet"}
    assert set(jobs["cause"].astype(str)) == {"NOT_SOUGHT"}


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (SHIFTS.format(metiers='"F1602", "F1603"'), "F1603"),
        (SHIFTS.format(metiers='"F1602"').replace('"job"', '"training"'), "metiers"),
    ],
)
def test_hours_of_strange_metiers_are_refused_by_check_and_run_alike(tmp_path: Path, schedule: str, said: str) -> None:
    told = []
    for ask in (lambda made: made.check(), lambda made: made.run(tmp_path / "out")):
        with pytest.raises(GeoAccessError) as error:
            ask(shift_study(tmp_path / "a", schedule))
        told.append(error_text(error.value, "fr"))
    assert told[0] == told[1]
    assert said in told[0]


REFUSED: dict[str, tuple[str, dict[str, str], str]] = {
    "a vintage that is not there": (SECTIONS.replace('"2026"', '"2024"'), {}, "2024"),
    "two vintages and none chosen": (SECTIONS.replace('vintage = "2026"\n', ""), {}, "2025, 2026"),
    "no vintage at all": (SECTIONS, {"bmo_csv": "Code métier BMO;be;met;xmet;smet\nD2X12;3201;1;1;1\n"}, "millésime"),
    "families of 2009 by the passage of 2021": (
        SECTIONS.replace('"2026"', '"2023"'),
        {"bmo_csv": BMO.replace("2026;", "2023;")},
        "needs.fap2009_rome",
    ),
    "no passage": (SECTIONS.replace('[needs.fap2021_rome]\nfile = "passage.csv"\n', ""), {}, "fap2021_rome"),
    "a passage that states no nomenclature": (SECTIONS, {"passage_csv": "ROME;FAP\nH2913;D2X12\n"}, "fap341"),
    "a commune in two basins": (SECTIONS, {"bassins_csv": BASINS + "z3.0;Un;3202;DOUAI\n"}, "deux bassins"),
    "basins of other communes": (SECTIONS, {"bassins_csv": BASINS.replace("z3", "z9")}, "aucune zone de l’étude"),
    "basins that BMO does not know": (SECTIONS, {"bassins_csv": BASINS.replace(";32", ";44")}, "4401"),
    "tensions of departments, and none asked for": (SECTIONS.replace('department = "59"\n', ""), {}, "dep"),
    "tensions of a department that is not there": (SECTIONS.replace('"59"', '"80"'), {}, "dep (59, 62)"),
    "tensions that state no nomenclature": (
        SECTIONS,
        {"tensions_csv": "annee;fap;tension\n2024;D2X12;1\n"},
        "niveau_fap",
    ),
    "hours that end before they start": (SECTIONS + OWN_HOURS.replace("12:00", "03:00"), {}, "04:00–03:00"),
    "hours without a source": (SECTIONS + OWN_HOURS.replace("source", "# source"), {}, "source"),
    "hours of a damaged file": (SECTIONS, {"rome_json": "[{"}, "rome.json"),
    "schedules out of labels without hours": (
        SECTIONS.replace('"rome.json"', '"rome.json"\nschedules = true'),
        {},
        "qui n’ont pas d’heures",
    ),
    "a number of projects that is none": (
        SECTIONS,
        {"bmo_csv": BMO.replace(";8;6;0", ";huit;6;0")},
        "bmo.csv: ligne 1 des",
    ),
    "projects below nought": (SECTIONS, {"bmo_csv": BMO.replace(";8;6;0", ";-8;*;*")}, "-8"),
    "more difficult projects than projects": (
        SECTIONS,
        {"bmo_csv": BMO.replace(";8;6;0", ";8;9;0")},
        "n’est pas un nombre de projets",
    ),
    "a row without a year": (
        SECTIONS,
        {"bmo_csv": BMO.replace("2026;B2X44", ";B2X44")},
        "bmo.csv: ligne 4 des données",
    ),
    "a passage of other families": (SECTIONS, {"passage_csv": "ROME;FAP341\nH2913;D2Z42\n"}, "aucune de ses familles"),
    "a tension that is no number": (
        SECTIONS,
        {"tensions_csv": TENSIONS.replace("1,43", "forte")},
        "colonne tension",
    ),
    "a class that is none": (SECTIONS, {"tensions_csv": TENSIONS.replace(";5;3;2;", ";5;3;2,5;")}, "non_attractivite"),
    "an unknown key": (SECTIONS.replace("vintage", "vintge"), {}, "vintage"),
    "a file that is not there": (SECTIONS.replace("bmo.csv", "bm0.csv"), {}, "bm0.csv"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_check_and_run_refuse_them_with_the_same_words(tmp_path: Path, name: str) -> None:
    sections, files, said = REFUSED[name]
    told = []
    asks: list[Callable[[], object]] = [
        lambda: study(tmp_path / "a", sections, **files).check(),
        lambda: study(tmp_path / "b", sections, **files).run(tmp_path / "out"),
    ]
    for ask in asks:
        with pytest.raises(GeoAccessError) as error:
            ask()
        told.append(error_text(error.value, "fr").replace("/b/", "/a/"))
    assert told[0] == told[1]
    assert said in told[0]
    assert not (tmp_path / "out").exists()


@pytest.mark.reference
def test_the_tensions_and_basins_that_dares_and_france_travail_published(tmp_path: Path) -> None:
    asked = {
        "tensions": {"file": shared_path("france/dares_tensions.csv"), "region": "32"},
        "fap2009_rome": {"file": shared_path("france/passage_fap2009_romev3.txt")},
    }
    section = NeedsSection.model_validate(asked)
    zones = gpd.GeoDataFrame({"zone_id": ["59350"]}, geometry=[shapely.box(3, 50, 3.1, 50.1)], crs=4326)
    metiers = ["F1602", "H2913", "J1501", "N4101"]
    found = joined_needs(section, read_needs(section), zones=zones, metiers=metiers, language="fr")
    tensions = found.need.tensions
    assert set(tensions["nomenclature"]) == {"FAP 2009 (225)"}
    assert set(tensions["metier"]) == set(metiers)
    # A welder's first family is that of welders: seven of its ten qualifications.
    first = tensions.drop_duplicates("metier").set_index("metier")
    assert first.loc["H2913", ["family", "weight"]].tolist() == ["D2Z42", 0.7]
    (reading,) = found.reports
    assert reading.read == 31034 == reading.kept + len(reading.lost)
    basins = read_basins(BasinsTable(file=shared_path("france/commune_bassin_bmo.csv")))
    assert basins.attrs["year"] == "2019"
    assert basins.set_index("zone_id").loc["59350", "basin_name"] == "LILLE"
