"""On which lines of a study file its scenarios and their changes stand."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["change_line", "change_lines"]

_SECTION = re.compile(r"^\s*\[\[\s*scenarios\s*\]\]")
_OTHER = re.compile(r"^\s*\[(?!\[\s*scenarios\b)[^\]]")
_CHANGE = re.compile(r"(?<![\w-])change\s*=")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|#.*")


def change_lines(text: str) -> list[list[int]]:
    r"""Find the lines on which the changes of each scenario begin.

    Parameters
    ----------
    text : str
        Of a study file that is good TOML.

    Returns
    -------
    list of list of int
        One list for each ``[[scenarios]]``: its own line, then that of the key ``change`` of each change; from 1.

    Examples
    --------
    >>> change_lines('[[scenarios]]\nid = "a"\n[[scenarios.changes]]\nchange = "close_line"')
    [[1, 4]]
    """
    found: list[list[int]] = []
    inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        if _SECTION.match(line):
            found.append([number])
            inside = True
        elif _OTHER.match(line):
            inside = False
        elif inside:
            found[-1] += [number] * len(_CHANGE.findall(_QUOTED.sub("", line)))
    return found


def change_line(lines: Sequence[int], number: int, *, of: int) -> int | None:
    """Return the line of a change.

    Parameters
    ----------
    lines : sequence of int
        Those of one scenario, see `change_lines`.
    number : int
        Of the change, from 1.
    of : int
        How many changes the scenario has.

    Returns
    -------
    int or None
        That of its scenario where the file is written in another way; None where that is not found either.

    Examples
    --------
    >>> change_line([10, 12, 15], 2, of=2), change_line([10], 2, of=2), change_line([], 1, of=1)
    (15, 10, None)
    """
    if len(lines) == of + 1:
        return lines[number]
    return lines[0] if lines else None
