"""What stands where a table is to be written is replaced only when asked, and otherwise kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from geo_access.cli import app
from geo_access.errors import InputError
from geo_access.sources.tables.write import free_file, put_aside
from tests.feeds import write_feed


def test_a_file_that_is_there_is_replaced_only_when_asked(tmp_path: Path) -> None:
    mine = tmp_path / "notes.csv"
    mine.write_text("mine")
    with pytest.raises(InputError, match="something is there"):
        free_file(mine)
    assert free_file(mine, overwrite=True) == mine
    with pytest.raises(InputError, match="something is there"):
        free_file(tmp_path, overwrite=True)
    assert free_file(tmp_path / "new.csv").name == "new.csv"


def test_what_is_put_aside_keeps_its_bytes_and_never_hides_another(tmp_path: Path) -> None:
    for text in ("one", "two"):
        (tmp_path / "study.toml").write_text(text)
        put_aside(tmp_path / "study.toml")
    kept = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert kept == {"study.kept-1.toml": "one", "study.kept-2.toml": "two"}
    assert put_aside(tmp_path / "study.toml") is None


def test_validate_and_schema_leave_the_files_of_others(tmp_path: Path) -> None:
    feed = write_feed(tmp_path / "f.zip", {"A": (0, 0), "B": (1000, 0)}, [{"calls": "A 08:00 B 08:10"}])
    out = tmp_path / "mine.csv"
    out.write_text("mine")
    for command in (["validate", str(feed), "--out", str(out)], ["schema", "--out", str(out)]):
        done = CliRunner().invoke(app, command)
        assert (done.exit_code, out.read_text()) == (1, "mine")
        assert CliRunner().invoke(app, [*command, "--overwrite"]).exit_code == 0
        assert out.read_text() != "mine"
        out.write_text("mine")
