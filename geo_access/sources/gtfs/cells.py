"""Cells as operators write them: codes and flags, numbers, dates, and ids that a spreadsheet has touched.

Every code or flag column of every table goes through `plain_codes` once, before anything else reads it. What is read
otherwise than written is a notice; what cannot be read is a notice too, and never a "no".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geo_access.sources.gtfs.notices import Notice, NoticeBook
from geo_access.sources.gtfs.rows import RawTable
from geo_access.words.note import note

__all__ = ["WEEKDAYS", "join_ids", "plain_codes", "plain_number", "read_days", "read_numbers", "recode"]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

# Marks without width that editors leave in cells: of byte order, between letters, of direction.
_UNSEEN = dict.fromkeys((0xFEFF, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060))
_YES = frozenset(("true", "t", "yes", "y", "oui", "o", "vrai", "v"))
_NO = frozenset(("false", "f", "no", "n", "non", "faux"))
# A whole number, as a program that thinks in decimals writes it too.
_WHOLE = re.compile(r"\+?0*([0-9]{1,5})(?:[.,]0*)?")
_LARGEST_ROUTE_TYPE = 1702


@dataclass(frozen=True)
class _Code:
    """How the cells of a code column read.

    `yes` and `no` are the codes that words stand for, "" where words say nothing; `blank` and `odd` what a blank and
    an unreadable cell count as, None to leave them to the table's own reader.
    """

    most: int
    least: int = 0
    yes: str = ""
    no: str = ""
    blank: str | None = None
    odd: str | None = ""


_FLAG = _Code(1, yes="1", no="0", blank="0", odd="1")
_STATED = _Code(2, yes="1", no="2")
_BOARDING = _Code(3, yes="0", no="1", odd="0")
_HAILING = _Code(3, yes="0", no="1", odd="1")
_CODES: Mapping[str, Mapping[str, _Code]] = {
    "stops.txt": {"location_type": _Code(4, odd="0"), "wheelchair_boarding": _STATED},
    "routes.txt": {
        "route_type": _Code(_LARGEST_ROUTE_TYPE, odd=None),
        "continuous_pickup": _HAILING,
        "continuous_drop_off": _HAILING,
    },
    "trips.txt": {"wheelchair_accessible": _STATED, "bikes_allowed": _STATED, "direction_id": _Code(1)},
    "stop_times.txt": {
        "pickup_type": _BOARDING,
        "drop_off_type": _BOARDING,
        "continuous_pickup": _HAILING,
        "continuous_drop_off": _HAILING,
    },
    "calendar.txt": dict.fromkeys(WEEKDAYS, _FLAG),
    "calendar_dates.txt": {"exception_type": _Code(2, least=1, yes="1", no="2", odd=None)},
    "frequencies.txt": {"exact_times": _Code(1, yes="1", no="0", odd="0")},
    "transfers.txt": {"transfer_type": _Code(5, odd="0")},
    "pathways.txt": {
        "pathway_mode": _Code(7, least=1),
        "is_bidirectional": _Code(1, yes="1", no="0", blank="1", odd="1"),
    },
    "booking_rules.txt": {"booking_type": _Code(2)},
}


def plain_codes(raw: RawTable, notices: NoticeBook) -> RawTable:
    r"""Write every code and flag column of a table as plain digits.

    ``1.0``, ``01``, ``true``, ``oui`` read as they are meant, in one notice per column. A cell that cannot be read
    is a notice of its own: a weekday counts as running, a way as going both ways, a call as served, and what may be
    left unsaid (wheelchairs, bicycles) as not said.

    Parameters
    ----------
    raw : RawTable
    notices : NoticeBook

    Returns
    -------
    RawTable
        The codes of GTFS as text, "" where nothing is said.

    Examples
    --------
    >>> from geo_access.sources.gtfs.rows import read_raw
    >>> book = NoticeBook()
    >>> raw = read_raw("trips", b"trip_id,bikes_allowed\n1,1.0\n2,oui\n3,perhaps\n", book)
    >>> plain_codes(raw, book).text("bikes_allowed").tolist(), [n.code for n in book.found]
    (['1', '1', ''], ['code_as_meant', 'unexpected_enum_value'])
    """
    known = {name: code for name, code in _CODES.get(raw.file, {}).items() if name in raw.columns}
    columns = dict(raw.columns)
    for name, code in known.items():
        values, cells = raw.coded(name)
        plain = {str(number) for number in range(code.least, code.most + 1)} | ({""} if code.blank is None else set())
        if plain.issuperset(values):
            continue
        read = [(text, True) if text in plain else _read_one(text, code) for text in values]
        good = np.array([sound for _, sound in read], dtype=bool)
        meant = np.array([text != value for value, (text, _) in zip(values, read, strict=True)]) & good & (values != "")
        _tell(raw, name, code, _Read(values, cells, meant, good), notices)
        columns[name] = recode(columns[name], [text for text, _ in read])
    return replace(raw, columns=columns)


def _read_one(text: str, code: _Code) -> tuple[str, bool]:
    """Plain code of a cell, and whether the cell could be read."""
    if text == "":
        return code.blank or "", False
    word = _narrow(text).strip("\"' ").casefold()
    if code.yes and word in _YES:
        return code.yes, True
    if code.no and word in _NO:
        return code.no, True
    match = _WHOLE.fullmatch(word)
    if match is not None and code.least <= int(match[1]) <= code.most:
        return match[1], True
    return text if code.odd is None else code.odd, code.odd is None


def _narrow(text: str) -> str:
    """Write a cell without marks that nobody sees, and full-width digits as plain ones."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text).translate(_UNSEEN).strip()


class _Read(NamedTuple):
    """Texts of a column and which of them each row has; whether a text is read as meant, and whether it is sound."""

    values: np.ndarray
    cells: np.ndarray
    meant: np.ndarray
    good: np.ndarray


def _tell(raw: RawTable, name: str, code: _Code, read: _Read, notices: NoticeBook) -> None:
    """Write down what was read as meant, left blank or not understood."""
    values, cells, meant, good = read
    rows = np.flatnonzero(meant[cells])
    if len(rows):
        shown = ", ".join(str(value) for value in values[meant][:3])
        notices.add_column("code_as_meant", "WARNING", raw.file, raw.row[rows], name, says="code_as_meant", cells=shown)
    blank = ~good & (values == "")
    rows = np.flatnonzero(blank[cells])
    if len(rows):
        notices.add_column(
            "missing_required_field", "ERROR", raw.file, raw.row[rows], name, says="code_blank", code=code.blank
        )
    rows = np.flatnonzero((~good & ~blank)[cells])
    if len(rows):
        odd, unsaid = note("gtfs.code_odd", column=name, code=code.odd), note("gtfs.code_odd_unsaid", column=name)
        notices.add_rows(
            Notice("unexpected_enum_value", "ERROR", raw.file, action="repaired", says=odd if code.odd else unsaid),
            raw.row[rows],
            values[cells[rows]],
        )


def recode(column: pa.DictionaryArray, texts: list[str]) -> pa.DictionaryArray:
    """Give a column other texts for its distinct ones, in their order."""
    return pa.DictionaryArray.from_arrays(column.indices, pa.array(texts, pa.string()))


def read_numbers(raw: RawTable, name: str, notices: NoticeBook, *, default: float = np.nan) -> np.ndarray:
    """Column as float64, shape (n,): `default` where blank, NaN where it is no number; decimal commas are said."""
    values, codes = raw.coded(name)
    commas = np.zeros(len(values), dtype=bool)
    numbers = np.full(len(values), default, dtype=np.float64)
    for place, text in enumerate(values):
        if not text:
            continue
        number = _number(text)
        if np.isnan(number) and text.count(",") == 1:
            number = _number(text.replace(",", "."))
            commas[place] = not np.isnan(number)
        numbers[place] = number
    rows = np.flatnonzero(commas[codes]) if commas.any() else np.empty(0, np.int64)
    if len(rows):
        notices.add_column("decimal_comma", "WARNING", raw.file, raw.row[rows], name, says="decimal_comma")
    return numbers[codes] if len(values) else np.empty(0)


def plain_number(text: str) -> float:
    """Read one number, with a decimal comma or a point; NaN where it is none.

    Examples
    --------
    >>> plain_number("1,5"), plain_number("x")
    (1.5, nan)
    """
    number = _number(text)
    return _number(text.replace(",", ".")) if np.isnan(number) and text.count(",") == 1 else number


def _number(text: str) -> float:
    text = _narrow(text)
    # float() takes the digits of any script and underscores; GTFS has neither.
    if not text.isascii() or "_" in text:
        return np.nan
    try:
        number = float(text)
    except ValueError:
        return np.nan
    return number if np.isfinite(number) else np.nan


_ISO_DAY = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?")
_FLOAT_DAY = re.compile(r"([0-9]{8})[.,]0*")


def read_days(raw: RawTable, name: str, notices: NoticeBook, *, told: np.ndarray | None = None) -> np.ndarray:
    """Column of dates as datetime64[D], shape (n,), NaT where it cannot be read; rows that are `told` are not again."""
    texts, codes = raw.coded(name)
    plain = [_plain_day(text) for text in texts]
    days = pd.to_datetime(pd.Series(plain, dtype=object), format="%Y%m%d", errors="coerce").to_numpy(
        dtype="datetime64[D]"
    )
    meant = np.array([a != b for a, b in zip(plain, texts, strict=True)], dtype=bool) & ~np.isnat(days)
    days = days[codes] if len(raw) else days[:0]
    rows = np.flatnonzero(meant[codes]) if meant.any() else np.empty(0, np.int64)
    if len(rows):
        notices.add(
            Notice(
                "code_as_meant",
                "WARNING",
                raw.file,
                int(raw.row[rows[0]]),
                name,
                action="repaired",
                says=note("gtfs.code_as_meant", column=name, cells=str(texts[codes[rows[0]]])),
                count=len(rows),
            )
        )
    wrong = np.isnat(days) if told is None else np.isnat(days) & ~told
    if wrong.any():
        notices.add_rows(
            Notice("invalid_date", "ERROR", raw.file, action="dropped", says=note("gtfs.date", column=name)),
            raw.row[wrong],
            texts[codes[wrong]],
        )
    return days


def _plain_day(text: str) -> str:
    text = _narrow(text).strip("\"' ")
    iso = _ISO_DAY.fullmatch(text)
    if iso is not None:
        return f"{iso[1]}{iso[2]:>02}{iso[3]:>02}"
    number = _FLOAT_DAY.fullmatch(text)
    return number[1] if number is not None else text


# Which columns name a row of which table, in the order in which they are joined.
_KEYS: tuple[tuple[str, str, str, str], ...] = (
    ("calendar_dates", "service_id", "calendar", "service_id"),
    ("trips", "service_id", "calendar", "service_id"),
    ("trips", "service_id", "calendar_dates", "service_id"),
    ("trips", "route_id", "routes", "route_id"),
    ("stops", "parent_station", "stops", "stop_id"),
    ("stop_times", "trip_id", "trips", "trip_id"),
    ("stop_times", "stop_id", "stops", "stop_id"),
    ("frequencies", "trip_id", "trips", "trip_id"),
    ("routes", "agency_id", "agency", "agency_id"),
    *((name, f"{end}_stop_id", "stops", "stop_id") for name in ("transfers", "pathways") for end in ("from", "to")),
    *(("transfers", f"{end}_{of}_id", f"{of}s", f"{of}_id") for end in ("from", "to") for of in ("route", "trip")),
)
_DECIMAL = re.compile(r"(-?[0-9]+)\.0+")
# An id as a spreadsheet leaves it: a decimal, a quote that lost its other half, a mark that nobody sees.
_TOUCHED = r"^-?[0-9]+\.0+$|^[\"']|[\"']$|^[\x{feff}\x{200b}]|[\x{feff}\x{200b}]$"


def join_ids(raw: Mapping[str, RawTable], notices: NoticeBook) -> dict[str, RawTable]:
    """Join ids that two tables write as a whole number and as a decimal (``7``, ``7.0``), or with a stray quote.

    An id that its table lacks takes the one of the same number, where there is one such and no more; said.

    Parameters
    ----------
    raw : mapping of str to RawTable
        By table name.
    notices : NoticeBook

    Returns
    -------
    dict of str to RawTable
    """
    tables = dict(raw)
    for table, column, target, key in _KEYS:
        if table not in tables or target not in tables:
            continue
        mine, theirs = tables[table], tables[target]
        if column not in mine.columns or key not in theirs.columns:
            continue
        if not (_touched(mine, column) or _touched(theirs, key)):
            continue
        tables[table] = _joined(mine, column, theirs, key, notices)
    return tables


def _touched(raw: RawTable, column: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(raw.columns[column].dictionary, _TOUCHED)).as_py())


def _joined(mine: RawTable, column: str, theirs: RawTable, key: str, notices: NoticeBook) -> RawTable:
    values, codes = mine.coded(column)
    known = dict.fromkeys(theirs.coded(key)[0])
    same: dict[str, list[str]] = {}
    for name in known:
        same.setdefault(_whole(name), []).append(name)
    find: Callable[[str], str] = lambda text: (  # noqa: E731
        text if not text or text in known or len(same.get(_whole(text), ())) != 1 else same[_whole(text)][0]
    )
    joined = [find(text) for text in values]
    changed = np.array([a != b for a, b in zip(joined, values, strict=True)], dtype=bool)
    rows = np.flatnonzero(changed[codes]) if changed.any() else np.empty(0, np.int64)
    if not len(rows):
        return mine
    first = codes[rows[0]]
    notices.add(
        Notice(
            "id_written_as_decimal",
            "WARNING",
            mine.file,
            int(mine.row[rows[0]]),
            str(values[first]),
            action="repaired",
            says=note(
                "gtfs.id_written_as_decimal",
                column=column,
                here=str(values[first]),
                there=joined[first],
                file=theirs.file,
            ),
            count=len(rows),
        )
    )
    return replace(mine, columns={**mine.columns, column: recode(mine.columns[column], joined)})


def _whole(text: str) -> str:
    bare = text.translate(_UNSEEN).strip("\"'")
    match = _DECIMAL.fullmatch(bare)
    return match[1] if match is not None else bare
