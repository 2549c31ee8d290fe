"""What is wrong with a feed: notices under the canonical GTFS names, with what was done about each.

Names are those of the canonical validator of MobilityData where it has one. It is a Java program; of its ports on PyPI
we tried gtfs-guru 1.0 (November 2026, ``tests/benchmarks/RESULTS.md``): on the dirty feeds it counts what we count, and
beyond that style only (colours, capitals, expired calendars). It names no exchanged coordinates, repairs nothing and
does not say what a trip's fault means for a search, so that it earns no place among the dependencies.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from geo_access.words.note import Note, note
from geo_access.words.words import text

__all__ = [
    "ACTIONS",
    "OWN_CODES",
    "SEVERITIES",
    "Notice",
    "NoticeBook",
    "notice_summary",
    "notices_frame",
    "worst_lines",
]

SEVERITIES = ("ERROR", "WARNING", "INFO")
ACTIONS = ("kept", "repaired", "dropped")

# Names that the canonical validator does not have.
OWN_CODES = frozenset(
    {
        "code_as_meant",
        "continuous_stopping_not_used",
        "decimal_comma",
        "duplicate_member",
        "entrance_not_used",
        "file_not_used",
        "flexible_service",
        "flexible_service_not_used",
        "id_written_as_decimal",
        "interpolated_stop_time",
        "no_running_day",
        "on_demand_trip",
        "other_separator",
        "pathway_not_used",
        "pathway_time_assumed",
        "repeated_trip_without_period",
        "service_never_runs",
        "stop_timezone_not_used",
        "swapped_coordinates",
        "text_encoding",
        "time_as_meant",
        "time_beyond_48_hours",
        "unclosed_quote",
        "unsafe_file_name",
        "wheelchair_not_stated",
        "zero_bytes",
    }
)

# Beyond this many of one kind in one file, the rest is one line with a count.
_LISTED = 200


@dataclass(frozen=True)
class Notice:
    """One finding, or several of the same kind.

    Attributes
    ----------
    code : str
        Canonical notice name, or one of `OWN_CODES`.
    severity : str
        One of `SEVERITIES`.
    file : str
        Table, such as ``stops.txt``.
    row : int or None
        Record of the file, the header being 1; None where the finding has no single row.
    entity : str
        Id of the stop, trip, service… concerned.
    action : str
        One of `ACTIONS`: what was done with the row.
    says : Note
        What is wrong and what was done.
    count : int
        How many findings the line stands for.
    """

    code: str
    severity: str
    file: str
    row: int | None = None
    entity: str = ""
    action: str = field(kw_only=True)
    says: Note = field(kw_only=True)
    count: int = 1

    @property
    def message(self) -> str:
        """What is wrong and what was done, in English."""
        return self.says.told("en")


@dataclass
class NoticeBook:
    """Collects notices while a feed is read."""

    found: list[Notice] = field(default_factory=list)

    def add(self, notice: Notice) -> None:
        """Write one notice down."""
        self.found.append(notice)

    def add_rows(self, each: Notice, rows: Sequence[int] | np.ndarray, entities: Iterable[object]) -> None:
        """Write the same notice of several rows, and the rest in one line with their count when there are very many."""
        for row, entity in zip(rows[:_LISTED], entities, strict=False):
            self.found.append(replace(each, row=int(row), entity=str(entity)))
        if len(rows) > _LISTED:
            self.found.append(replace(each, count=len(rows) - _LISTED))

    def add_column(
        self, code: str, severity: str, file: str, rows: np.ndarray, column: str, /, *, says: str, **values: object
    ) -> None:
        """Write one notice for the cells of a column that were mended alike: the first, and how many."""
        said = note(f"gtfs.{says}", column=column, **values)
        self.add(Notice(code, severity, file, int(rows[0]), column, action="repaired", says=said, count=len(rows)))


_COLUMNS = ("severity", "code", "file", "row", "entity", "action", "count", "message")


def notices_frame(
    notices: Sequence[Notice], *, feed: str = "", language: str = "en", keys: bool = False
) -> pd.DataFrame:
    """Notices as a table, ready for CSV.

    Parameters
    ----------
    notices : sequence of Notice
    feed : str
        Written in the first column.
    language : str
        Of the column ``message``: ``fr`` or ``en``.
    keys : bool
        Whether a column ``says`` holds the notes behind the messages, as JSON: `network_notices` tells them again in
        the language of whoever reads.

    Returns
    -------
    pandas.DataFrame
        ``feed, severity, code, file, row, entity, action, count, message``; `row` is nullable.

    Examples
    --------
    >>> one = Notice("unused_trip", "WARNING", "trips.txt", 7, "t1", action="dropped",
    ...              says=note("gtfs.trip_without_call"))
    >>> notices_frame([one], feed="ter")[["code", "row", "action"]].to_dict("records")
    [{'code': 'unused_trip', 'row': 7, 'action': 'dropped'}]
    """
    rank = {name: place for place, name in enumerate(SEVERITIES)}
    ordered = sorted(notices, key=lambda n: (rank[n.severity], n.code, n.file, n.row or 0, n.entity))
    told: dict[Note, str] = {}
    lines = []
    for n in ordered:
        # Rows of one kind say the same: told once.
        if n.says not in told:
            told[n.says] = n.says.told(language)
        lines.append([told[n.says] if name == "message" else getattr(n, name) for name in _COLUMNS])
    frame = pd.DataFrame(lines, columns=list(_COLUMNS))
    frame.insert(0, "feed", feed)
    if keys:
        written = {says: json.dumps(says.to_dict(), ensure_ascii=False) for says in told}
        frame["says"] = [written[n.says] for n in ordered]
    return frame.astype({"row": "Int64", "count": "int64"})


def worst_lines(notices: Sequence[Notice], *, most: int = 3, language: str = "en") -> list[str]:
    """Say in a few lines what went wrong: one for each kind, errors first, in the order of reading.

    Examples
    --------
    >>> one = Notice("unused_trip", "WARNING", "trips.txt", 7, "t1", action="dropped",
    ...              says=note("gtfs.trip_without_call"))
    >>> worst_lines([one])
    ['trips.txt row 7: t1: no usable call in stop_times.txt']
    """
    kinds: dict[tuple[str, str], Notice] = {}
    for notice in sorted(notices, key=lambda n: SEVERITIES.index(n.severity)):
        if notice.action != "kept" and (notice.severity == "ERROR" or notice.action == "dropped"):
            kinds.setdefault((notice.code, notice.file), notice)
    lines = []
    for n in list(kinds.values())[:most]:
        where = text("gtfs.file_row", language, file=n.file, row=n.row) if n.row else n.file
        lines.append(f"{where}: {f'{n.entity}: ' if n.entity else ''}{n.says.told(language)}")
    return lines


def notice_summary(notices: Sequence[Notice], *, feed: str = "", language: str = "en") -> pd.DataFrame:
    """Count of each kind of finding, errors first.

    Returns
    -------
    pandas.DataFrame
        ``feed, severity, code, file, action, count, example, message``: of the message, that of the first.
    """
    frame = notices_frame(notices, feed=feed, language=language)
    keys = ["feed", "severity", "code", "file", "action"]
    if frame.empty:
        return pd.DataFrame(columns=[*keys, "count", "example", "message"])
    grouped = frame.groupby(keys, sort=False)
    return grouped.agg(count=("count", "sum"), example=("entity", "max"), message=("message", "first")).reset_index()
