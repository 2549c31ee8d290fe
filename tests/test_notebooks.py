"""The three notebooks run from top to bottom on the demo, are short, and are committed without outputs."""

from __future__ import annotations

from pathlib import Path

import nbclient
import nbformat
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NAMES = ("planner", "adviser", "researcher")
MOST_CELLS = 15
LONGEST_S = 300


def test_there_is_one_notebook_per_user() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_notebook_is_short_and_without_outputs(name: str) -> None:
    book = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    nbformat.validate(book)
    assert len(book.cells) <= MOST_CELLS
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in book.cells)


@pytest.mark.parametrize("name", NAMES)
def test_notebook_runs(name: str) -> None:
    book = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    ran = nbclient.NotebookClient(
        book, timeout=LONGEST_S, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    ).execute()
    assert all(output.output_type != "error" for cell in ran.cells for output in cell.get("outputs", []))
