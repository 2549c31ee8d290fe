"""The command line speaks one language at a time: help, refusals and tables, by what stands in the catalogue."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from geo_access.cli import app
from geo_access.words.catalogue import LANGUAGES, catalogue

DEMO = Path(__file__).parents[2] / "data" / "demo"
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def said(*arguments: str, language: str) -> str:
    """All that a command prints, on one line, its spaces plain."""
    done = CliRunner().invoke(app, ["--lang", language, *arguments], env={"COLUMNS": "400", "TERMINAL_WIDTH": "400"})
    assert done.exception is None or isinstance(done.exception, SystemExit), arguments
    return " ".join((done.output + done.stderr).replace("\u202f", " ").split())


def sentences(language: str, prefix: str) -> dict[str, str]:
    """Plain sentences of a language that the other language does not have."""
    other = catalogue("en" if language == "fr" else "fr")
    return {
        key: " ".join(words.replace("\u202f", " ").split())
        for key, words in catalogue(language).items()
        if key.startswith(prefix) and "{" not in words and len(words) > 12 and words != other[key]
    }


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
