"""What nobody foresaw ends with one sentence, a report and exit code 1; a request to stop cleans up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from geo_access.cli import app
from geo_access.study import opened
from tests.reliability.small_study import write_small_study

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("error", [KeyError("x"), RecursionError("deep"), AssertionError(), MemoryError()])
def test_the_unforeseen_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    path = write_small_study(tmp_path)

    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(opened, "read_inputs", broken)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["run", str(path), "--out", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert "Traceback" not in done.output
    assert not (tmp_path / "out").exists()
    reports = list(tmp_path.glob("geo-access-report-*.txt"))
    assert len(reports) == (0 if isinstance(error, MemoryError) else 1)
    assert all("Traceback" in report.read_text(encoding="utf-8") for report in reports)
    assert [line.count("→") for line in done.output.splitlines() if "Erreur" in line] == [1]


def test_a_report_never_holds_the_address_of_a_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_small_study(tmp_path)
    address = "7 rue secrète, 59000 Lille"

    def broken(words: str, *_: object, **__: object) -> None:
        raise KeyError(f"nothing like {words}")

    monkeypatch.setattr("geo_access.study.inputs.find_origin", broken)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["sheet", str(path), "--from", address, "--metier", "F1602"])
    assert done.exit_code == 1
    (report,) = tmp_path.glob("geo-access-report-*.txt")
    assert "secr" not in report.read_text(encoding="utf-8") + done.output


WAITS = """
import sys, time
from geo_access import cli
from geo_access.study import opened
def wait(*_):
    print("ready", flush=True)
    time.sleep(60)
opened.read_inputs = wait
sys.argv = ["geo-access", "run", sys.argv[1], "--out", sys.argv[2]]
cli.main()
"""


def test_a_request_to_stop_leaves_no_working_files(tmp_path: Path) -> None:
    path = write_small_study(tmp_path)
    command = [sys.executable, "-c", WAITS, str(path), str(tmp_path / "out")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if "ready" in line:
                break
        time.sleep(0.2)
        os.kill(process.pid, signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 143
    assert "Traceback" not in said
    assert not list(tmp_path.glob(".out-*"))
    assert not (tmp_path / "out").exists()
