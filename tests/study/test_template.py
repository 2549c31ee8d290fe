"""A folder of data becomes a study: what is recognised by content, what is written, what is said to be missing."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from geo_access.cli import app
from geo_access.errors import InputError, MissingFileError
from geo_access.study.check import check_study
from geo_access.study.coverage import share_covered
from geo_access.study.file import StudyFile, read_study_file
from geo_access.study.need_sections import NeedsSection
from geo_access.study.recognise import recognise
from geo_access.study.schema import study_keys, study_schema
from geo_access.study.study import Study
from geo_access.study.template import draft_study
from tests.shared import ROOT, shared_path

DEMO = ROOT / "data" / "demo"
DATA = ("streets.osm.bz2", "gtfs_rail.zip", "gtfs_interurbain.zip", "zones.geojson", "points.csv", "training.csv")


def ending(name: str) -> str:
    return name[name.index(".") :]


def folder(tmp_path: Path, *names: str) -> Path:
    home = tmp_path / "données d’été"
    home.mkdir()
    for number, name in enumerate(names):
        # Names that tell nothing: only the content can.
        shutil.copy(DEMO / name, home / f"f{number}{ending(name)}")
    return home


def roles(home: Path) -> dict[str, str]:
    return {each.path.name: each.role for each in recognise(home)}


def test_files_are_recognised_by_what_is_in_them(tmp_path: Path) -> None:
    home = folder(tmp_path, *DATA, "employers.csv", "employment.csv")
    (home / "broken.zip").write_bytes(b"PK\3\4 nothing")
    (home / "notes.md").write_text("notes", encoding="utf-8")
    (home / ".hidden.csv").write_text("a,b\n", encoding="utf-8")
    wanted = ["streets", "feed", "feed", "zones", "points", "training", "employers", "unknown"]
    names = [f"f{number}{ending(name)}" for number, name in enumerate((*DATA, "employers.csv", "employment.csv"))]
    assert roles(home) == {**dict(zip(names, wanted, strict=True)), "broken.zip": "unknown"}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_study_written_is_checked_as_it_is(tmp_path: Path, language: str) -> None:
    home = folder(tmp_path, *DATA)
    draft = draft_study(home, territory='Val "d’Or"', language=language)
    assert draft.ready
    study = read_study_file(draft.study)
    assert study.study.territory == 'Val "d’Or"'
    assert [path.name for path in study.network.gtfs] == ["f1.zip", "f2.zip"]
    assert {profile.mode for profile in study.profiles} == {"transit", "bike", "car"}
    # The métiers taught at most sites, from the table itself.
    assert len(study.metiers) == 5
    report = Study.from_file(draft.study).check()
    assert len(report.rows) == 4
    jsonschema.validate(
        json.loads(json.dumps(tomllib.loads(draft.study.read_text("utf-8")), default=str)), study_schema()
    )
    comments = [line for line in draft.study.read_text("utf-8").splitlines() if line.startswith("#")]
    assert len(comments) > 10
    with pytest.raises(InputError, match="--overwrite"):
        draft_study(home, territory="x", language=language)


def test_without_outlines_squares_stand_in_and_it_is_said(tmp_path: Path) -> None:
    home = folder(tmp_path, *(name for name in DATA if name != "zones.geojson"))
    draft = draft_study(home, territory="Val", language="en")
    assert draft.ready
    assert any("squares" in step and "zones_carrees.geojson" in step for step in draft.steps)
    inputs = Study.from_file(draft.study).check()
    assert not any("without any populated point" in str(warning) for warning in inputs.warnings)


def test_streets_of_another_place_are_set_aside_and_said(tmp_path: Path) -> None:
    """The demo's people with a street file of three nodes 200 km off: the first map is as the crow flies."""
    home = folder(tmp_path, *(name for name in DATA if name != "streets.osm.bz2"))
    nodes = "".join(f'<node id="{i}" lat="{44 + i / 100}" lon="-1.{i}" version="1"/>' for i in range(1, 4))
    way = '<way id="1" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way>'
    (home / "far.osm").write_text(f'<?xml version="1.0"?><osm version="0.6">{nodes}{way}</osm>', encoding="utf-8")
    assert share_covered([home / "far.osm"], DEMO / "points.csv") == 0
    assert share_covered([home / "far.osm", DEMO / "streets.osm.bz2"], DEMO / "points.csv") == 1
    draft = draft_study(home, territory="Val", language="en")
    assert draft.ready
    assert any("far.osm" in step and "cover 0%" in step for step in draft.steps)
    written = draft.study.read_text("utf-8")
    assert read_study_file(draft.study).network.streets == "crow-fly"
    # What was set aside stands there, to be taken back.
    assert '# osm = ["far.osm"]' in written


BNLC = """id_lieu,id_local,nom_lieu,ad_lieu,com_lieu,insee,type,date_maj,ouvert,source,Xlong,Ylat,nbre_pl,proprio
59009-C-001,,Aire du Lion,,X,59009,Aire de covoiturage,2024-01-01,true,1,3.13,50.62,30,SNCF
59009-C-002,,Parking vide,,X,59009,Parking,2024-01-01,false,1,3.14,50.62,10,SNCF
"""


def test_places_for_car_pooling_come_into_the_study_and_are_read_by_check(tmp_path: Path) -> None:
    home = folder(tmp_path, *DATA[3:])
    (home / "quelconque.csv").write_text(BNLC, encoding="utf-8")
    draft = draft_study(home, territory="Val", language="en")
    report = check_study(draft.study)
    assert not report.faults
    # One row is closed, and told with its reason.
    assert [(row[1], row[2]) for row in report.rows if row[0] == "quelconque.csv"] == [("2", "1")]
    study = Study.from_file(draft.study)
    page = study.sheet(tmp_path / "fiche.html", origin=(4.5142, 50.0719), metier=study.file.metiers[0].code)
    assert "the nearest is Aire du Lion (30 parking places)" in page.read_text(encoding="utf-8")
    (home / "quelconque.csv").write_text(BNLC.replace("true", "false"), encoding="utf-8")
    assert [fault.key for fault in check_study(draft.study).faults] == ["places.no_parking"]


def test_what_is_missing_is_named_and_the_study_is_not_called_ready(tmp_path: Path) -> None:
    draft = draft_study(folder(tmp_path, "gtfs_rail.zip", "zones.geojson"), territory="Val", language="en")
    assert not draft.ready
    said = " ".join(draft.steps)
    assert "populated points are missing" in said
    assert "What is to be reached is missing" in said
    assert "No streets" in said
    with pytest.raises(MissingFileError):
        draft_study(tmp_path / "absent", territory="x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingFileError, match="geo-access fetch"):
        draft_study(tmp_path / "empty", territory="x")


def test_init_and_schema_from_the_command_line(tmp_path: Path) -> None:
    home = folder(tmp_path, *DATA)
    done = CliRunner().invoke(
        app, ["init", str(home), "--territory", "Val", "--metier", "F1602", "--date", "2026-03-17"]
    )
    assert done.exit_code == 0, done.output
    assert "geo-access check" in done.output
    study = read_study_file(home / "study.toml")
    assert [metier.code for metier in study.metiers] == ["F1602"]
    assert str(study.study.date) == "2026-03-17"
    assert CliRunner().invoke(app, ["init", str(home), "--territory", "Val"]).exit_code == 1
    shown = CliRunner().invoke(app, ["schema"])
    assert json.loads(shown.output)["title"] == "geo-access"
    assert CliRunner().invoke(app, ["--lang", "en", "schema", "--out", str(tmp_path / "s.json")]).exit_code == 0
    assert "Streets" not in (tmp_path / "s.json").read_text("utf-8").partition("{")[0]


def test_the_schema_accepts_the_demo_and_refuses_what_the_reader_refuses() -> None:
    demo = json.loads(json.dumps(tomllib.loads((DEMO / "study.toml").read_text("utf-8")), default=str))
    jsonschema.Draft202012Validator.check_schema(study_schema())
    jsonschema.validate(demo, study_schema())
    for section, key, value in (("study", "langage", "fr"), ("network", "align", "yes"), ("flag", "adequate_share", 3)):
        spoilt = {**demo, section: {**demo[section], key: value}}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(spoilt, study_schema())


def test_every_key_says_what_it_means_in_both_languages() -> None:
    french, english = study_keys("fr"), study_keys("en")
    assert [key.name for key in french] == [key.name for key in english]
    assert {key.section.partition(".")[0] for key in french} == {"table", *StudyFile.model_fields} - {"employment"}
    # Sections inside a section are told with their own keys.
    assert {f"needs.{key}" for key in NeedsSection.model_fields} <= {key.section for key in french}
    assert all(a.meaning != b.meaning for a, b in zip(french, english, strict=True))
    needed = {(key.section, key.name) for key in french if key.needed}
    assert {("study", "name"), ("study", "date"), ("table", "file"), ("thresholds", "kind")} <= needed


@pytest.mark.reference
def test_real_folders() -> None:
    porto = {each.path.name: each.role for each in recognise(shared_path("porto_alegre"))}
    assert porto["poa_osm.pbf"] == "streets"
    assert porto["poa_eptc.zip"] == porto["poa_trensurb.zip"] == "feed"
    assert porto["poa_hexgrid.csv"] == "points"
    north = {each.path.name: (each.role, each.format) for each in recognise(shared_path("hauts_de_france"))}
    assert north["communes_2018.geojson"] == ("zones", "commune")
    assert north["formations_pro_hdf_2020_uai_mef_rome.csv"] == ("training", "uai_mef_rome")
    assert north["employers_siae_hdf.csv"] == ("employers", "siae")
    assert north["etablissements_secondaires_59_62.csv"] == ("schools", "")
    assert north["communes.csv"] == ("communes", "")


NEED = ("need_bmo.csv", "need_basins.csv", "need_tensions.csv", "need_rome_hours.json")


def test_tables_of_the_need_are_recognised_and_written_where_a_run_would_take_them(tmp_path: Path) -> None:
    home = folder(tmp_path, *DATA, *NEED, "need_fap2021_rome.csv")
    found = {each.format: each.path.name for each in recognise(home) if each.role == "need"}
    assert found == dict(
        zip(
            ("bmo", "basins", "tensions", "rome_hours", "fap2021_rome"),
            [f"f{n}{'.json' if n == 9 else '.csv'}" for n in range(6, 11)],
        )
    )
    draft = draft_study(home, territory="Val")
    needs = read_study_file(draft.study).needs
    assert needs is not None
    # Tensions of a department are a comment until the study says which.
    assert set(needs.named) == {"bmo", "fap2021_rome", "basins", "rome_hours"}
    assert any("department" in step for step in draft.steps)
    assert "# [needs.tensions]" in draft.study.read_text(encoding="utf-8")


def test_hiring_projects_without_their_crosswalk_are_a_comment(tmp_path: Path) -> None:
    home = folder(tmp_path, *DATA, "need_bmo.csv")
    draft = draft_study(home, territory="Val")
    assert draft.ready
    assert read_study_file(draft.study).needs is None
    assert any("fap2021_rome" in step for step in draft.steps)
