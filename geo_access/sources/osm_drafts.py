"""Drafts of an editor among OSM files: what it has changed or deleted stands for what other files say of it."""

from __future__ import annotations

import io
import re
import zlib
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from geo_access.sources.osm_kinds import xml_opener

__all__ = ["DraftedPart", "draft_of", "drafted_objects", "holder_of", "standing_ways"]

_DRAFTED = re.compile(rb"""<(node|way|relation)\b[^>]*\baction\s*=\s*["'](modify|delete)["'][^>]*>""")
_GONE = (b'visible="false"', b"visible='false'")
_ID = re.compile(rb"""\bid=["'](-?\d+)["']""")


class DraftedPart(Protocol):
    """What one file holds: its ways, and what an editor has touched or deleted in it."""

    way_id: array[int]
    version: array[int]
    drafted: dict[str, set[int]]
    retired: dict[int, int]


def drafted_objects(path: Path, text: bytes | None) -> tuple[dict[tuple[str, int], str], bool]:
    """Find what an editor has marked as changed or deleted (``action="delete"``), which osmium does not tell.

    Parameters
    ----------
    path : pathlib.Path
    text : bytes or None
        Of a file that was packed.

    Returns
    -------
    found : dict of (str, int) to str
        ``modify`` or ``delete`` by kind and id; empty for files that are not XML.
    gone : bool
        Whether the file says of any object that it is no more (``visible="false"``): such have no tags to be found by.
    """
    opener = xml_opener(path)
    found: dict[tuple[str, int], str] = {}
    if opener is None:
        return found, False
    gone = False
    before = b""
    with io.BytesIO(text) if text is not None else opener(path, "rb") as file:
        while block := file.read(1 << 22):
            both = before + block
            gone = gone or any(mark in both for mark in _GONE)
            if b"action" in both:
                for match in _DRAFTED.finditer(both):
                    number = _ID.search(match[0])
                    if number is not None:
                        found[match[1].decode(), int(number[1])] = match[2].decode()
            before = block[-1_024:]
    return found, gone


def holder_of(path: Path, text: bytes | None, message: str) -> str:
    """Name the object that holds what osmium quotes: it tells the value that is wrong, not whose it is.

    Parameters
    ----------
    path : pathlib.Path
    text : bytes or None
        Of a file that was packed.
    message : str
        With the value in quotes.

    Returns
    -------
    str
        ``, node 7``; empty where nothing is quoted or found.
    """
    quoted, opener = re.search(r"'([^']+)'", message), xml_opener(path)
    if quoted is None or opener is None:
        return ""
    value = re.escape(quoted[1].encode())
    holder = re.compile(rb"""<(node|way|relation)\b[^>]*=\s*["']""" + value + rb"""["'][^>]*>""")
    before = b""
    try:
        with io.BytesIO(text) if text is not None else opener(path, "rb") as file:
            while block := file.read(1 << 22):
                found = holder.search(before + block)
                number = _ID.search(found[0]) if found else None
                if found and number:
                    return f", {found[1].decode()} {int(number[1])}"
                before = block[-1_024:]
    except (OSError, EOFError, zlib.error):
        # The file breaks off before: that is what is told.
        return ""
    return ""


def draft_of(parts: Sequence[DraftedPart], kind: str) -> dict[int, int]:
    """Return the number of the file whose draft stands for each object that an editor has touched: the last of several.

    Parameters
    ----------
    parts : sequence of DraftedPart
    kind : str
        ``node``, ``way`` or ``relation``.

    Returns
    -------
    dict of int to int
    """
    return {number: k for k, part in enumerate(parts) for number in part.drafted[kind]}


def standing_ways(parts: Sequence[DraftedPart]) -> np.ndarray:
    """Tell the ways that no other file's draft replaces, and that none has deleted in their version or a later one.

    Parameters
    ----------
    parts : sequence of DraftedPart

    Returns
    -------
    ndarray of bool, shape (n_ways,)
        Of all files, one after the other.
    """
    drafts = draft_of(parts, "way")
    gone: dict[int, int] = {}
    for part in parts:
        for number, gone_in in part.retired.items():
            gone[number] = max(gone_in, gone.get(number, gone_in))
    standing = [np.empty(0, dtype=bool)]
    for k, part in enumerate(parts):
        ids, version = np.array(part.way_id, dtype=np.int64), np.array(part.version, dtype=np.int64)
        stands = np.ones(len(ids), dtype=bool)
        for row in np.flatnonzero(np.isin(ids, [*drafts, *gone])).tolist():
            number = int(ids[row])
            drafted = drafts.get(number)
            stands[row] = drafted == k if drafted is not None else version[row] > gone[number]
        standing.append(stands)
    return np.concatenate(standing)
