"""The last net of the command line: what nobody foresaw becomes one sentence and a report file, never a traceback."""

from __future__ import annotations

import os
import platform
import signal
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from geo_access.manifest import code_version
from geo_access.words.words import text

__all__ = ["TERMINATED", "Terminated", "clean_stop", "report_unexpected"]

TERMINATED = 143
"""Exit code of a program that was asked to stop, as shells number it."""
_MOST_REPORTS = 1_000


class Terminated(KeyboardInterrupt):
    """The machine asked the program to stop (SIGTERM): everything is cleaned up as after Ctrl+C."""


def _stop(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise Terminated


@contextmanager
def clean_stop() -> Iterator[None]:
    """Turn SIGTERM into an exception within the block, so that working files are removed."""
    try:
        before = signal.signal(signal.SIGTERM, _stop)
    except ValueError:  # Not the main thread: whoever runs it there answers for its end.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def report_unexpected(error: BaseException, language: str = "fr", *, hidden: Sequence[str] = ()) -> str:
    """Write what happened into a report file, and say so in one sentence.

    Parameters
    ----------
    error : BaseException
        What nobody foresaw.
    language : str
    hidden : sequence of str
        What must not be written: the address of a person.

    Returns
    -------
    str
        One sentence, with the place of the report.

    Examples
    --------
    >>> here = os.getcwd()
    >>> os.chdir(tempfile.mkdtemp())
    >>> report_unexpected(ZeroDivisionError("division by zero"), "en").startswith("an unforeseen error (ZeroDivision")
    True
    >>> Path("geo-access-report-1.txt").read_text().splitlines()[-1], os.chdir(here)
    ('ZeroDivisionError: division by zero', None)
    """
    lines = [f"geo-access {code_version()}, Python {platform.python_version()}, {platform.system()}", ""]
    content = "\n".join(lines) + "".join(traceback.format_exception(error))
    for secret in (item for item in hidden if item):
        content = content.replace(secret, "…")
    if isinstance(error, MemoryError):
        return text("error.out_of_memory", language)
    kind = type(error).__name__
    path = _written(content)
    if path is None:
        return text("error.unforeseen_unwritten", language, kind=kind)
    return text("error.unforeseen", language, kind=kind, file=path)


def _written(content: str) -> Path | None:
    """Write a report beside the user, else among the temporary files; None where nothing can be written."""
    for folder in (Path.cwd(), Path(tempfile.gettempdir())):
        for number in range(1, _MOST_REPORTS):
            path = folder / f"geo-access-report-{number}.txt"
            try:
                handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            except FileExistsError:
                continue
            except OSError:
                break
            with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as stream:
                stream.write(content)
            return path
    return None
