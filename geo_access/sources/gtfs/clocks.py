"""Clock texts as operators write them: without seconds, with AM and PM, with a day in front.

Every clock column goes through `plain_clocks` once, before anything else reads it. What is read otherwise than written
is a notice. Hours of a table are of one day of 24 h unless the cell itself says otherwise; where some cells of a table
say AM or PM and none of the others could be only of 24 h, the others are of no known half of the day, and count as
blank.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow.compute as pc

from geo_access.clock import LAST_CLOCK_S
from geo_access.sources.gtfs.cells import recode
from geo_access.sources.gtfs.notices import Notice, NoticeBook
from geo_access.sources.gtfs.rows import RawTable
from geo_access.words.note import note

__all__ = ["BEYOND", "BLANK", "UNREADABLE", "clock_seconds", "plain_clocks"]

BLANK = -1
UNREADABLE = -2
BEYOND = -3

_CLOCK = re.compile(r"([0-9]{1,3}):([0-5]?[0-9]):([0-5]?[0-9])")
_PLAIN = r"^$|^[0-9]{1,3}:[0-5]?[0-9]:[0-5]?[0-9]$"
# Two figures for the minutes where there are no seconds: 8:5 may be a cell cut short.
_LOOSE = re.compile(
    r"(?:(?P<days>[0-9])\s*days?,?\s+|[0-9]{4}-[0-9]{2}-[0-9]{2}[t\s]\s*)?"
    r"(?P<hours>[0-9]{1,3})\s*[:h]\s*(?P<minutes>[0-5][0-9])"
    r"(?:\s*[:m]\s*(?P<seconds>[0-5]?[0-9])(?:[.,]0*)?\s*s?)?"
    r"\s*(?P<half>[ap]\.?\s*(?:m\.?)?)?"
)
# Whole clocks with points, or with nothing in between.
_RUN_ON = re.compile(r"([0-9]{1,2})\.([0-5][0-9])\.([0-5][0-9])|([0-9]{2})([0-5][0-9])([0-5][0-9])")
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "stop_times.txt": (
        "arrival_time",
        "departure_time",
        "start_pickup_drop_off_window",
        "end_pickup_drop_off_window",
    ),
    "frequencies.txt": ("start_time", "end_time"),
    "booking_rules.txt": ("prior_notice_last_time",),
}
_SHOWN = 3


def clock_seconds(texts: np.ndarray) -> np.ndarray:
    """Seconds of clock texts; −1 for blank, −2 for unreadable, −3 beyond 48 h.

    Parameters
    ----------
    texts : ndarray of object (str), shape (n,)
        ``H:MM:SS``, as `plain_clocks` writes them.

    Returns
    -------
    ndarray of int32, shape (n,)

    Examples
    --------
    >>> clock_seconds(np.array(["05:00:00", "", "25:10:00", "49:00:00", "8h"], dtype=object)).tolist()
    [18000, -1, 90600, -3, -2]
    """
    return np.fromiter((_one_clock(text) for text in texts), dtype=np.int32, count=len(texts))


def _one_clock(text: str) -> int:
    if not text:
        return BLANK
    match = _CLOCK.fullmatch(text)
    if match is None:
        return UNREADABLE
    total = int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3])
    return total if total <= LAST_CLOCK_S else BEYOND


def plain_clocks(raw: RawTable, notices: NoticeBook) -> RawTable:
    r"""Write every clock column of a table as ``H:MM:SS``.

    ``8:05``, ``8h05``, ``08.05.00``, ``080500``, ``8:05 PM``, ``08:05:00.000``, ``1 days 01:10:00`` read as they are
    meant, in one notice per column. A cell that cannot be read stays as it is, for the table's own reader to say. In a
    table that says AM or PM, a bare ``8:05`` is read where another bare cell shows a clock of 24 h (hour 0, or 13 and
    more), and is blank, with a notice, where none does.

    Parameters
    ----------
    raw : RawTable
    notices : NoticeBook

    Returns
    -------
    RawTable

    Examples
    --------
    >>> from geo_access.sources.gtfs.rows import read_raw
    >>> book = NoticeBook()
    >>> raw = read_raw("frequencies", b"start_time,end_time\n8:05 AM,1:00 p.m.\n", book)
    >>> plain = plain_clocks(raw, book)
    >>> plain.text("start_time")[0], plain.text("end_time")[0], [n.code for n in book.found]
    ('8:05:00', '13:00:00', ['time_as_meant', 'time_as_meant'])
    """
    known = [name for name in _COLUMNS.get(raw.file, ()) if name in raw.columns]
    if all(bool(pc.all(pc.match_substring_regex(raw.columns[name].dictionary, _PLAIN)).as_py()) for name in known):
        return raw
    read = {name: [_meant(text) for text in raw.coded(name)[0]] for name in known}
    cells = [cell for column in read.values() for cell in column if cell is not None]
    halves = any(of_half for _, _, of_half in cells)
    of_day = any(not of_half and not 1 <= hour <= 12 for _, hour, of_half in cells)
    columns = dict(raw.columns)
    for name in known:
        texts = list(raw.coded(name)[0])
        unsure = np.zeros(len(texts), dtype=bool)
        for place, cell in enumerate(read[name]):
            if cell is None:
                continue
            unsure[place] = halves and not of_day and not cell[2]
            texts[place] = "" if unsure[place] else cell[0]
        _tell(raw, name, texts, unsure, notices)
        columns[name] = recode(columns[name], texts)
    return replace(raw, columns=columns)


def _meant(text: str) -> tuple[str, int, bool] | None:
    """Plain text, its hour, and whether AM or PM was said; None for what is blank or cannot be read."""
    plain = _CLOCK.fullmatch(text)
    if plain is not None:
        return text, int(plain[1]), False
    run_on = _RUN_ON.fullmatch(text)
    if run_on is not None:
        parts = [part for part in run_on.groups() if part is not None]
        return ":".join(parts), int(parts[0]), False
    match = _LOOSE.fullmatch(text.strip("\"'").casefold())
    if match is None:
        return None
    hour = int(match["hours"]) + 24 * int(match["days"] or 0)
    half = (match["half"] or "")[:1]
    if half:
        if (match["days"] or not 1 <= hour <= 12) and not (half == "p" and 13 <= hour <= 23):
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    return f"{hour}:{match['minutes']}:{int(match['seconds'] or 0):02d}", hour, bool(half)


def _tell(raw: RawTable, name: str, texts: list[str], unsure: np.ndarray, notices: NoticeBook) -> None:
    values, codes = raw.coded(name)
    changed = np.array([a != b for a, b in zip(texts, values, strict=True)], dtype=bool) & ~unsure
    rows = np.flatnonzero(changed[codes]) if len(values) else np.empty(0, np.int64)
    if len(rows):
        shown = ", ".join(f"{a} = {b}" for a, b in zip(values[changed][:_SHOWN], np.array(texts)[changed][:_SHOWN]))
        notices.add_column("time_as_meant", "WARNING", raw.file, raw.row[rows], name, says="code_as_meant", cells=shown)
    rows = np.flatnonzero(unsure[codes]) if len(values) else np.empty(0, np.int64)
    if len(rows):
        notices.add_rows(
            Notice(
                "invalid_time", "ERROR", raw.file, action="repaired", says=note("gtfs.clock_half_unsaid", column=name)
            ),
            raw.row[rows],
            values[codes[rows]],
        )
