"""Run the notebooks and keep what they print and draw: python .ci/notebooks.py [NAME…]  (default: all)."""

import sys
from pathlib import Path

import nbclient
import nbformat

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
LONGEST_S = 600


def run(path: Path) -> None:
    """Run one from top to bottom; an error ends it, and leaves the file as it was."""
    book = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    nbclient.NotebookClient(book, timeout=LONGEST_S, kernel_name="python3", resources=resources).execute()
    for cell in book.cells:
        # When a cell ran is of no interest, and would change the file each time.
        cell.metadata.pop("execution", None)
    book.metadata = {"kernelspec": book.metadata["kernelspec"], "language_info": {"name": "python"}}
    nbformat.write(book, path)
    print(path.name, flush=True)


for name in sys.argv[1:] or sorted(each.stem for each in FOLDER.glob("*.ipynb")):
    run(FOLDER / f"{name}.ipynb")
