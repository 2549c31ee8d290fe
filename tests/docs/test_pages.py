"""What the pages show runs: Python on the demo, commands and options that exist, sections and keys that are read."""

from __future__ import annotations

import importlib.util
import re
import shlex
import tomllib
from pathlib import Path
from typing import get_args

import pytest
import typer.main

from geo_access.cli import app
from geo_access.diagnosis.remedies import REMEDIES
from geo_access.study.changes import Change, ConnectionHeld
from geo_access.study.schema import study_keys
from tests.shared import ROOT

PAGES = sorted((ROOT / "docs").rglob("*.md"))
NAMES = [page.relative_to(ROOT / "docs").as_posix() for page in PAGES]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.stem)
def test_python_runs_from_top_to_bottom(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), names)  # noqa: S102 — our own pages
    assert "ga" in names, "a page shows the public names"


def options(command: str) -> set[str]:
    group = typer.main.get_command(app)
    own = group.commands[command].params if command else group.params  # type: ignore[attr-defined]
    return {name for parameter in own for name in parameter.opts} | {"--help"}


def test_commands_and_their_options_exist() -> None:
    told = 0
    for page in PAGES:
        for line in "".join(blocks(page, "bash")).splitlines():
            words = shlex.split(line, comments=True)
            if not words or words[0] != "geo-access":
                continue
            command = words[1] if len(words) > 1 and not words[1].startswith("-") else ""
            given = {word for word in words[1:] if word.startswith("--")}
            assert given <= options(command), f"{page.name}: {line}"
            told += 1
    assert told > 10


def test_toml_names_only_sections_and_keys_that_are_read() -> None:
    keys = {(key.section, key.name) for key in study_keys()}
    tables = {name for section, name in keys if section == "table"}
    told = 0
    for page in PAGES:
        for block in blocks(page, "toml"):
            for section, content in tomllib.loads(block).items():
                for name, value in (
                    pair for item in (content if isinstance(content, list) else [content]) for pair in item.items()
                ):
                    table = section in ("training", "employers", "employment")
                    assert (section, name) in keys or (table and name in tables), f"{page.name}: {section}.{name}"
                    if section == "origins":
                        rows = value if isinstance(value, list) else [value]
                        assert {key for row in rows for key in row} <= tables, f"{page.name}: {name}"
                    told += 1
    assert told > 30


def test_every_page_is_in_the_contents_and_every_link_leads_somewhere() -> None:
    contents = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert [name for name in NAMES if f": {name}\n" not in contents] == []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[\w-]+)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_nothing_on_the_pages_comes_from_elsewhere() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"<(script|img|link|iframe)|!\[[^]]*\]\(http", text), page.name
    assert "font: false" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")


def test_every_part_that_is_made_from_the_package_can_be_made() -> None:
    spec = importlib.util.spec_from_file_location("docs_hooks", ROOT / "docs" / "hooks.py")
    assert spec is not None
    assert spec.loader is not None
    hooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hooks)
    made = {name: make() for name, make in hooks.PARTS.items()}
    assert all(made.values())
    assert "geo_access.study.study.Study" in made["api"]
    assert "geo_access.measures.equity.gini" in made["api"]


def test_every_change_of_a_scenario_is_in_the_guide() -> None:
    page = (ROOT / "docs" / "guide" / "scenarios.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
    first, given = [{name for row in rows for name in re.findall(r"`(\w+)`", row[at])} for at in (1, 3)]
    for kind in get_args(get_args(Change)[0]):
        assert kind.model_fields["change"].default in first
    assert set(ConnectionHeld.model_fields) - {"change"} <= given
    # What a study seeks by itself is told there, too; a longer threshold is no remedy.
    assert set(REMEDIES) - {"longer_threshold"} <= first
