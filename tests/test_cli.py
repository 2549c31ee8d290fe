"""The command line: exit codes, messages without tracebacks, nothing half-written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from geo_access.cli import app
from geo_access.study.study import RunSummary, Study
from geo_access.words.note import note
from tests.feeds import write_feed
from tests.reliability.small_study import write_transit_study
from tests.shared import ROOT

DEMO = ROOT / "data" / "demo"


def geo_access(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    code = "from geo_access.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, timeout=300
    )


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A copy of the demo's inputs that a test may spoil."""
    shutil.copytree(DEMO, tmp_path / "demo")
    return tmp_path / "demo" / "study.toml"


def spoil(study: Path, old: str, new: str) -> Path:
    text = study.read_text(encoding="utf-8")
    assert old in text
    study.write_text(text.replace(old, new, 1), encoding="utf-8")
    return study


def check_refused(study: Path, *words: str, command: str = "check") -> None:
    done = geo_access(command, study, *(["--out", study.parent / "out"] if command == "run" else []))
    said = " ".join(done.stderr.split())
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in said, said
    assert not (study.parent / "out").exists()
    assert not [path for path in study.parent.iterdir() if path.name.startswith(".")]


def test_version_and_usage() -> None:
    assert geo_access("--version").stdout.startswith("geo-access ")
    wrong = geo_access("fly")
    assert wrong.returncode == 2
    assert "fly" in wrong.stderr


def test_the_demo_checks_clean() -> None:
    done = geo_access("check", DEMO / "study.toml")
    assert done.returncode == 0, done.stderr
    assert "training.csv" in done.stdout


def test_missing_study_and_missing_file(study: Path) -> None:
    check_refused(study.parent / "absent.toml", "absent.toml")
    (study.parent / "points.csv").unlink()
    check_refused(study, "origins.points.file", "points.csv")


def test_malformed_toml(study: Path) -> None:
    check_refused(spoil(study, "[network]", "[network"), "pas du TOML valide", "line")


def test_date_outside_the_calendars_says_each_validity(study: Path) -> None:
    check_refused(spoil(study, "date = 2026-03-17", "date = 2027-03-17"), "gtfs_urbain", "3 juillet 2026")


def test_feed_without_a_needed_file(study: Path) -> None:
    source, target = study.parent / "gtfs_rail.zip", study.parent / "cut.zip"
    with zipfile.ZipFile(source) as full, zipfile.ZipFile(target, "w") as cut:
        for name in full.namelist():
            if name != "stops.txt":
                cut.writestr(name, full.read(name))
    target.replace(source)
    check_refused(study, "gtfs_rail", "stops.txt")


def test_wrong_crs_of_the_zones(study: Path) -> None:
    path = study.parent / "zones.geojson"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[3.", "[703."), encoding="utf-8")
    check_refused(study, "zones.geojson")


def test_empty_layer(study: Path) -> None:
    (study.parent / "zones.geojson").write_text('{"type": "FeatureCollection", "features": []}', encoding="utf-8")
    check_refused(study, "zones.geojson")


def test_duplicate_ids(study: Path) -> None:
    path = study.parent / "points.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[1]]) + "\n", encoding="utf-8")
    check_refused(study, "points.csv", lines[1].split(",")[0])


def test_all_tables_are_blamed_at_once(study: Path) -> None:
    (study.parent / "zones.geojson").write_text("{}", encoding="utf-8")
    (study.parent / "training.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    check_refused(study, "zones.geojson", "training.csv")


def test_run_leaves_nothing_behind_when_it_fails(study: Path) -> None:
    check_refused(spoil(study, 'osm = ["streets.osm.bz2"]', 'osm = ["points.csv"]'), "points.csv", command="run")


def test_run_does_not_touch_a_folder_of_the_user(study: Path) -> None:
    out = study.parent / "mine"
    out.mkdir()
    (out / "thesis.txt").write_text("keep me", encoding="utf-8")
    done = geo_access("run", study, "--out", out, "--overwrite")
    assert done.returncode == 1
    assert (out / "thesis.txt").read_text(encoding="utf-8") == "keep me"


def test_calendar_draws_a_strip_and_finds_common_days() -> None:
    done = geo_access("calendar", DEMO / "gtfs_rail.zip", DEMO / "gtfs_interurbain.zip")
    assert done.returncode == 0, done.stderr
    assert "█" in done.stdout
    assert "85" in done.stdout
    assert geo_access("calendar", DEMO / "points.csv").returncode == 1


def test_validate_lists_and_writes_what_is_wrong(tmp_path: Path) -> None:
    done = geo_access("validate", DEMO / "gtfs_rail.zip", "--out", tmp_path / "notices.csv")
    assert done.returncode == 0, done.stderr
    assert "interpolated_stop_time" in (tmp_path / "notices.csv").read_text(encoding="utf-8")


def test_sheet_writes_a_page_without_the_exact_place(tmp_path: Path) -> None:
    page = tmp_path / "fiche.html"
    where = ["--from", "4.364723,50.016151"]
    done = geo_access("sheet", DEMO / "study.toml", *where, "--metier", "F1602", "--out", page)
    assert done.returncode == 0, done.stderr
    said = page.read_text(encoding="utf-8")
    assert "Électricité bâtiment" in said
    assert "4.364723" not in said
    assert geo_access("sheet", DEMO / "study.toml", "--from", "home", "--metier", "F1602").returncode == 1


ADDRESS = "7 rue des Tisserands, 59999 Valmont"


def test_sheet_takes_an_address_and_writes_it_nowhere(tmp_path: Path) -> None:
    book = tmp_path / "adresses-59.csv"
    book.write_text(
        "numero;rep;nom_voie;code_postal;code_insee;nom_commune;lon;lat\n"
        "7;;Rue des Tisserands;59999;59998;Valmont;4.364723;50.016151\n",
        encoding="utf-8",
    )
    where = ["--from", ADDRESS, "--metier", "F1602", "--profile", "voiture"]
    done = geo_access(
        "sheet", DEMO / "study.toml", *where, "--addresses", book, "--out", "out/fiche.html", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path != book]
    assert [path.name for path in written] == ["fiche.html"]
    said = written[0].read_text(encoding="utf-8") + done.stdout
    assert "isserand" not in said
    assert "59999" not in said
    assert "4.364723" not in said
    assert "longitude 4.365" in said


def refused(*arguments: str | Path) -> str:
    """What the command line says when it refuses, run in this process."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 1, done.output
    return " ".join(done.output.split())


def test_an_address_goes_nowhere_unasked_and_doubt_lists_candidates(tmp_path: Path) -> None:
    asked = refused("sheet", DEMO / "study.toml", "--from", ADDRESS, "--metier", "F1602", "--out", tmp_path / "f.html")
    assert "--online" in asked
    assert "--addresses" in asked
    book = tmp_path / "a.csv"
    book.write_text(
        "numero;nom_voie;code_postal;code_insee;nom_commune;lon;lat\n1;Rue Neuve;59999;59998;Valmont;3.8;50.2\n"
        "1;Rue Neuve;59998;59997;Fergny;4.1;50.3\n",
        encoding="utf-8",
    )
    where = ["--from", "1 rue Neuve", "--metier", "F1602", "--addresses", book, "--out", tmp_path / "f.html"]
    twins = refused("sheet", DEMO / "study.toml", *where)
    assert "Fergny" in twins
    assert "Valmont" in twins
    assert "plusieurs adresses" in twins
    assert list(tmp_path.iterdir()) == [book]


def test_messages_follow_the_language_asked_for_then_the_study(study: Path) -> None:
    absent = study.parent / "absent.toml"
    assert "n’existe pas" in refused("check", absent)
    assert "no such study file" in refused("--lang", "en", "check", absent)
    spoil(study, 'language = "fr"', 'language = "en"')
    spoil(study, "date = 2026-03-17", "date = 2027-03-17")
    assert "no service on" in refused("check", study)


def test_an_interruption_is_told_and_has_its_own_code(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("geo_access.study.opened.read_inputs", stop)
    done = CliRunner().invoke(app, ["run", str(study), "--out", str(study.parent / "out")])
    assert done.exit_code == 130
    assert "Interrompu" in done.output
    assert sorted(path.name for path in study.parent.iterdir() if path.name.startswith((".", "out"))) == []


def test_validate_says_what_a_network_will_say(tmp_path: Path) -> None:
    stops = {"A": (0, 0), "B": (1000, 0)}
    never = write_feed(tmp_path / "never.zip", stops, [{"calls": "A 08:00 B 08:05", "service_id": "gone"}])
    done = geo_access("--lang", "en", "validate", never, "--out", tmp_path / "n.csv")
    assert done.returncode == 1
    assert "no trip runs on any day" in (tmp_path / "n.csv").read_text(encoding="utf-8")
    assert "runs never" in done.stderr
    rail = tmp_path / "rail.csv"
    done = geo_access("validate", DEMO / "gtfs_rail.zip", "--out", tmp_path / "n.csv")
    assert done.returncode == 1
    assert "--overwrite" in done.stderr, "what an earlier one wrote is not replaced unasked"
    done = geo_access("validate", DEMO / "gtfs_rail.zip", "--out", rail)
    assert "heures vides calculées" in rail.read_text(encoding="utf-8")
    assert "Lu comme pour une étude" in done.stdout


def test_output_that_goes_to_a_file_is_utf8_whatever_the_locale(tmp_path: Path) -> None:
    for encoding in ("latin-1", "ascii", "cp1252"):
        done = subprocess.run(
            [sys.executable, "-m", "geo_access", "check", str(tmp_path / "été.toml")],
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": encoding},
            timeout=120,
        )
        assert done.returncode == 1
        assert "n’existe pas → vérifiez" in done.stderr.decode("utf-8")
        assert "été.toml" in done.stderr.decode("utf-8")


def test_names_with_accents_are_said_under_a_locale_without_any(tmp_path: Path) -> None:
    """Under LC_ALL=C without UTF-8 mode the words of a command come as bytes in disguise."""
    folder = tmp_path / "donnees"
    folder.mkdir()
    for name in ("zones.geojson", "points.csv", "training.csv"):
        (folder / name).write_bytes((DEMO / name).read_bytes())
    plain = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "geo_access", "init"]
    done = subprocess.run(
        [*command, str(folder), "--territory", "Pôrto"], capture_output=True, env=plain, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    assert 'territory = "Pôrto"' in (folder / "study.toml").read_text("utf-8")
    (tmp_path / "vide é").mkdir()
    done = subprocess.run(
        [*command, str(tmp_path / "vide é"), "--territory", "x"],
        capture_output=True,
        env=plain,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "vide é" in done.stderr.decode("utf-8").replace("\n", " ")


def test_no_command_shows_the_help_and_shells_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Usage" in geo_access().stdout + geo_access().stderr
    script = geo_access("completion", "bash")
    assert script.returncode == 0
    assert "_GEO_ACCESS_COMPLETE=complete_bash" in script.stdout
    monkeypatch.setenv("_GEO_ACCESS_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "geo-access ch")
    monkeypatch.setenv("COMP_CWORD", "1")
    code = "import sys; sys.argv[0] = 'geo-access'; from geo_access.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["check"]


def test_quiet_says_nothing_and_json_is_all_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    summary = RunSummary(
        tmp_path,
        (("Maçon (F1703)", "Vélo", "formation", "3", "2", "1", "50 %"),),
        (("flags.csv", 12),),
        (note("imputed", n=12),),
        "fr",
    )
    monkeypatch.setattr(Study, "run", lambda *_, **__: summary)
    for command in (["run", str(DEMO / "study.toml")], ["demo"]):
        assert CliRunner().invoke(app, [*command, "--out", str(tmp_path / "o"), "--quiet"]).output == ""
        said = json.loads(CliRunner().invoke(app, [*command, "--out", str(tmp_path / "o"), "--json"]).output)
        assert said["written"] == [{"path": "flags.csv", "bytes": 12}]
        assert said["flags"][0]["metier"] == "Maçon (F1703)"
        assert said["flags"][0]["residents"] == "50 %"
        assert said["warnings"] == ["12 points portent des chiffres estimés par leur source"]


def test_check_tells_a_machine_all_that_it_found(tmp_path: Path) -> None:
    good = write_transit_study(tmp_path / "good")
    done = CliRunner().invoke(app, ["check", str(good), "--json"])
    said = json.loads(done.output)
    assert (done.exit_code, said["faults"]) == (0, [])
    assert {row["source"] for row in said["sources"]} >= {"points.csv", "training.csv"}
    assert "2 métiers" in said["plan"]
    bad = write_transit_study(tmp_path / "bad")
    bad.write_text(bad.read_text("utf-8").replace("minutes = 30", "minutes = -3"), "utf-8")
    done = CliRunner().invoke(app, ["check", str(bad), "--json"])
    faults = json.loads(done.output)["faults"]
    assert (done.exit_code, len(faults)) == (1, 2)
    assert all(fault["key"] and fault["where"] and "minutes" in fault["text"] for fault in faults)
