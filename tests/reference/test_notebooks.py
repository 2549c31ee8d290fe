"""The notebooks run from top to bottom on the demo, use the public names only, and show what they show when run."""

from __future__ import annotations

import re
from pathlib import Path

import nbclient
import nbformat
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NAMES = ("adviser", "first_map", "isochrones", "planner", "researcher", "shifts", "streets", "what_if")
MOST_CELLS = 16
LARGEST_BYTES = 400_000
LONGEST_S = 300


def printed(book: nbformat.NotebookNode) -> list[str]:
    """All texts that a notebook shows, cell by cell."""
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    texts = [output.text if "text" in output else output.get("data", {}).get("text/plain", "") for output in outputs]
    return [text for text in texts if not text.startswith("<Figure")]


def test_every_notebook_is_tested() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_notebook_is_short_small_and_on_public_names(name: str) -> None:
    path = FOLDER / f"{name}.ipynb"
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    assert len(book.cells) <= MOST_CELLS
    assert path.stat().st_size <= LARGEST_BYTES
    code = "\n".join(cell.source for cell in book.cells if cell.cell_type == "code")
    assert not re.findall(r"(?:from|import) geo_access\.", code)


@pytest.mark.parametrize("name", NAMES)
def test_notebook_shows_what_it_shows_when_run(name: str) -> None:
    stored = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    assert printed(stored), "run `python .ci/notebooks.py`: it is kept without outputs"
    again = nbformat.from_dict(stored)
    resources = {"metadata": {"path": str(FOLDER)}}
    nbclient.NotebookClient(again, timeout=LONGEST_S, kernel_name="python3", resources=resources).execute()
    assert printed(again) == printed(nbformat.read(FOLDER / f"{name}.ipynb", as_version=4))
