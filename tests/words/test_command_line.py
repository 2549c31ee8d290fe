"""The command line speaks one language at a time: help, refusals and tables, by what stands in the catalogue."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
import shutil
import zipfile
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from geo_access.cli import app
from geo_access.words.catalogue import LANGUAGES, catalogue
from geo_access.words.messages import error_text
from tests.feeds import write_feed
from tests.study.test_file import GOOD

DEMO = Path(__file__).parents[2] / "data" / "demo"
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def said(*arguments: str, language: str) -> str:
    """All that a command prints, on one line, its spaces plain."""
    done = CliRunner().invoke(app, ["--lang", language, *arguments], env={"COLUMNS": "400", "TERMINAL_WIDTH": "400"})
    assert done.exception is None or isinstance(done.exception, SystemExit), arguments
    return " ".join(done.output.replace("\u202f", " ").split())


def sentences(language: str, prefix: str) -> dict[str, str]:
    """Plain sentences of a language that the other language does not have."""
    other = catalogue("en" if language == "fr" else "fr")
    return {
        key: " ".join(words.replace("\u202f", " ").split())
        for key, words in catalogue(language).items()
        if key.startswith(prefix) and "{" not in words and len(words) > 12 and words != other[key]
    }


def pieces(words: str) -> list[str]:
    """Parts of an entry between its values, those long enough to be told apart; spaces plain."""
    plain = " ".join(words.replace("\u202f", " ").split())
    return [piece.strip() for piece in re.split(r"\{[^}]*\}", plain) if len(piece.strip()) > 15]


def of_the_wrong_language(printed: str, language: str) -> list[str]:
    """Entries of the other language of which a part stands in what was printed, and in no entry of its own."""
    other = "en" if language == "fr" else "fr"
    own = " ".join(" ".join(words.replace("\u202f", " ").split()) for words in catalogue(language).values())
    return [
        key
        for key, words in catalogue(other).items()
        if any(piece in printed and piece not in own for piece in pieces(words))
    ]


def tiny_study(folder: Path, language: str, name: str = "étude") -> Path:
    """Two homes and a training site on a line of stops, with a bus there in the morning and back in the evening."""
    folder.mkdir(parents=True, exist_ok=True)
    write_feed(
        folder / "feed.zip",
        {"A": (0, 0), "B": (9000, 0)},
        [
            "A 08:00 B 08:20",
            "B 17:30 A 17:50",
            {"route_id": "other", "calls": "A 12:00 B 12:30"},
        ],
    )
    with zipfile.ZipFile(folder / "feed.zip") as feed:
        rows = list(csv.DictReader(feed.read("stops.txt").decode().splitlines()))
    (west, south), (east, north) = ((float(row["stop_lon"]), float(row["stop_lat"])) for row in rows)
    box = [
        [west - 0.05, south - 0.05],
        [east + 0.05, south - 0.05],
        [east + 0.05, north + 0.05],
        [west - 0.05, north + 0.05],
        [west - 0.05, south - 0.05],
    ]
    zone = {
        "type": "Feature",
        "properties": {"zone_id": "z", "zone_name": "Zed", "zone_kind": "rural"},
        "geometry": {"type": "Polygon", "coordinates": [box]},
    }
    layer = json.dumps({"type": "FeatureCollection", "features": [zone]})
    (folder / "zones.geojson").write_text(layer, encoding="utf-8")
    homes = f"point_id,lon,lat,population\np,{west},{south},40\nfar,{west - 0.04},{south},30\n"
    (folder / "points.csv").write_text(homes, encoding="utf-8")
    site = f"site_id,site_name,metier,level,places,lon,lat\ns,Lycée,F1602,3,12,{east},{north}\n"
    (folder / "training.csv").write_text(site, encoding="utf-8")
    content = GOOD.replace('name = "Essai"', f'name = "{name}"\nlanguage = "{language}"')
    for table in ("points", "training"):
        content = content.replace(f'file = "{table}.csv"', f'file = "{table}.csv"\ncrs = 4326')
    file = folder / "study.toml"
    file.write_text(content, encoding="utf-8")
    return file


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_in_the_language_asked_for(command: str) -> None:
    for language in LANGUAGES:
        printed = said(*([command] if command else []), "--help", language=language)
        wrong = sentences("en" if language == "fr" else "fr", "help.")
        assert [key for key, words in wrong.items() if words in printed] == []
        own = sentences(language, "help.")
        assert own[f"help.{command or 'app'}"][:60] in printed
        assert own["help.help"] in printed


def test_every_help_text_is_an_entry_of_the_catalogue() -> None:
    group = typer.main.get_command(app)
    parts = [group, *group.params]
    for command in group.commands.values():  # type: ignore[attr-defined]
        parts += [command, *command.params]
    keys = [vars(part).get("help_key", part.help) for part in parts]  # type: ignore[attr-defined]
    assert [key for key in keys if key not in catalogue("fr")] == []


def test_a_feed_is_validated_in_words() -> None:
    feed = str(DEMO / "gtfs_rail.zip")
    for language in LANGUAGES:
        printed = said("validate", feed, language=language)
        wrong = sentences("en" if language == "fr" else "fr", "note.gtfs.")
        assert [key for key, words in wrong.items() if words in printed] == []


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("no_file", ("check", "nowhere.toml")),
        ("no_feed", ("calendar", "nowhere.zip")),
        ("no_feed", ("validate", "nowhere.zip")),
        ("bad_territory", ("fetch", "--territory", "Atlantis", "--date", "2026-03-17")),
    ],
)
def test_refusals_are_in_the_language_asked_for(name: str, arguments: tuple[str, ...]) -> None:
    french, english = (said(*arguments, language=language) for language in LANGUAGES)
    assert french != english, name
    for printed, language in ((french, "fr"), (english, "en")):
        assert catalogue(language)["cli.error"].split()[0] in printed


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_study_is_checked_in_its_language(tmp_path: Path, language: str) -> None:
    shutil.copytree(DEMO, tmp_path / "demo")
    file = tmp_path / "demo" / "study.toml"
    text = file.read_text(encoding="utf-8")
    head = "[study]\n"
    lines = [line for line in text.splitlines() if not line.startswith("language")]
    file.write_text("\n".join(lines).replace(head, f'{head}language = "{language}"\n', 1) + "\n", encoding="utf-8")
    printed = said("check", str(file), language=language)
    wrong = "en" if language == "fr" else "fr"
    for prefix in ("note.", "cli.", "error."):
        assert [key for key, words in sentences(wrong, prefix).items() if words in printed] == []
    assert sentences(language, "cli.check_ok")["cli.check_ok"] in printed


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_run_a_sheet_and_what_follows_speak_the_studys_language(tmp_path: Path, language: str) -> None:
    study = str(tiny_study(tmp_path / "study", language))
    out = tmp_path / "out"
    for name, arguments in {
        "run": ("run", study, "--out", str(out)),
        "twice": ("run", study, "--out", str(out)),
        "sheet": ("sheet", study, "--from", "p", "--metier", "F1602", "--out", str(tmp_path / "sheets")),
        "lines": ("lines", study, "--out", str(tmp_path / "lines.csv")),
        "compare": ("compare", str(out), str(out), "--out", str(tmp_path / "compared")),
    }.items():
        printed = said(*arguments, language=language)
        assert of_the_wrong_language(printed, language) == [], (name, printed)
        assert "geo-access-report" not in printed, (name, printed)
        if name == "run":
            assert sentences(language, "cli.")["cli.flags_title"] in printed
    for page in (out / "index.html", *sorted((tmp_path / "sheets").glob("*.html"))):
        told = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", page.read_text("utf-8"), flags=re.DOTALL)
        assert of_the_wrong_language(" ".join(told.replace("\u202f", " ").split()), language) == [], page.name


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "arguments",
    [
        ("run",),
        ("rum", "x"),
        ("zzz",),
        ("run", "--outt", "x"),
        ("run", "x.toml", "--out"),
        ("check", "a", "b"),
        ("serve", "x.toml", "--port", "99999"),
        ("serve", "x.toml", "--port=abc"),
        ("completion", "tcsh"),
        ("fetch", "--territory", "x", "--date", "17/03/2026"),
        ("sheet", "x.toml", "--metier", "F1602"),
    ],
)
def test_a_call_that_cannot_be_meant_is_told_with_exit_code_2(language: str, arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, ["--lang", language, *arguments])
    assert done.exit_code == 2
    text = " ".join(done.output.replace("\u202f", " ").split())
    assert catalogue(language)["cli.error"] in text
    assert "→" in text
    assert of_the_wrong_language(text, language) == []
    assert not re.search(r"Usage:|Missing|Invalid|No such|Try ", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_bad_inputs_of_every_command_are_told_in_the_language(tmp_path: Path, language: str) -> None:
    study = str(tiny_study(tmp_path / "study", language))
    file = tmp_path / "file"
    file.touch()
    for arguments in (
        ("run", study, "--out", str(file)),
        ("run", study, "--out", str(file / "below")),
        ("check", str(tmp_path)),
        ("calendar", str(file)),
        ("validate", str(tmp_path / "study" / "points.csv")),
        ("sheet", study, "--from", "nobody", "--metier", "F1602", "--out", str(tmp_path / "s")),
        ("sheet", study, "--from", "p", "--metier", "Z9999", "--out", str(tmp_path / "s")),
        ("compare", str(tmp_path), str(tmp_path)),
        ("lines", str(tmp_path / "nowhere.toml")),
        ("serve", str(tmp_path / "nowhere.toml"), "--no-browser"),
        ("schema", "--out", str(tmp_path / "no" / "such" / "folder.json")),
        ("init", str(tmp_path / "nowhere"), "--territory", "x"),
    ):
        done = CliRunner().invoke(app, ["--lang", language, *arguments])
        text = " ".join(done.output.replace("\u202f", " ").split())
        assert done.exit_code == 1, (arguments, text)
        assert of_the_wrong_language(text, language) == [], (arguments, text)
        assert "geo-access-report" not in text, (arguments, text)


def test_what_the_machine_refuses_is_told_by_its_number() -> None:
    for number, french, english in (
        (errno.ENOENT, "n’existe pas", "no such file"),
        (errno.EACCES, "accès refusé", "refuses access"),
        (errno.EISDIR, "c’est un dossier", "this is a folder"),
        (errno.ENOTDIR, "il faut un dossier", "a folder is needed"),
        (errno.ENOSPC, "le disque est plein", "the disk is full"),
        (errno.EROFS, "écrivez ailleurs", "read-only"),
        (errno.EIO, "la machine refuse", "the machine refuses"),
    ):
        error = OSError(number, os.strerror(number), "out/x.csv")
        assert french in error_text(error, "fr").replace("\u202f", " ")
        assert english in error_text(error, "en")
        assert "out/x.csv" in error_text(error, "fr")
