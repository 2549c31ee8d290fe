"""What is wrong with a feed: notices under the canonical GTFS names, with what was done about each.

Names are those of the canonical validator of MobilityData where it has one. It is a Java program; of its ports on PyPI
we tried gtfs-guru 1.0 (November 2026, ``tests/benchmarks/RESULTS.md``): on the dirty feeds it counts what we count, and
beyond that style only (colours, capitals, expired calendars). It names no exchanged coordinates, repairs nothing and
does not say what a trip's fault means for a search, so that it earns no place among the dependencies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

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
        "continuous_stopping_not_used",
        "entrance_not_used",
        "file_not_used",
        "flexible_service_not_used",
        "interpolated_stop_time",
        "on_demand_trip",
        "stop_timezone_not_used",
        "swapped_coordinates",
        "text_encoding",
        "time_beyond_48_hours",
        "unsafe_file_name",
        "wheelchair_not_stated",
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
    message : str
        What is wrong and what was done, in words.
    count : int
        How many findings the line stands for.
    """

    code: str
    severity: str
    file: str
    row: int | None
    entity: str
    action: str
    message: str
    count: int = 1


@dataclass
class NoticeBook:
    """Collects notices while a feed is read."""

    found: list[Notice] = field(default_factory=list)

    def add(
        self, code: str, severity: str, file: str, *, action: str, message: str,
        row: int | None = None, entity: str = "", count: int = 1,
    ) -> None:  # fmt: skip
        """Write one notice down."""
        self.found.append(Notice(code, severity, file, row, entity, action, message, count))

    def add_rows(
        self, code: str, severity: str, file: str, rows: Sequence[int] | np.ndarray, entities: Iterable[object], *,
        action: str, message: str,
    ) -> None:  # fmt: skip
        """Write one notice per row, and the rest in one line when there are very many."""
        total = len(rows)
        for row, entity in zip(rows[:_LISTED], entities, strict=False):
            self.add(code, severity, file, action=action, message=message, row=int(row), entity=str(entity))
        if total > _LISTED:
            self.add(
                code, severity, file, action=action, count=total - _LISTED, row=None,
                message=f"{message} (and {total - _LISTED} more rows)",
            )  # fmt: skip


_COLUMNS = ("severity", "code", "file", "row", "entity", "action", "count", "message")


def notices_frame(notices: Sequence[Notice], *, feed: str = "") -> pd.DataFrame:
    """Notices as a table, ready for CSV.

    Parameters
    ----------
    notices : sequence of Notice
    feed : str
        Written in the first column.

    Returns
    -------
    pandas.DataFrame
        ``feed, severity, code, file, row, entity, action, count, message``; `row` is nullable.

    Examples
    --------
    >>> one = Notice("unused_trip", "WARNING", "trips.txt", 7, "t1", "dropped", "no stop time")
    >>> notices_frame([one], feed="ter")[["code", "row", "action"]].to_dict("records")
    [{'code': 'unused_trip', 'row': 7, 'action': 'dropped'}]
    """
    rank = {name: place for place, name in enumerate(SEVERITIES)}
    ordered = sorted(notices, key=lambda n: (rank[n.severity], n.code, n.file, n.row or 0, n.entity))
    frame = pd.DataFrame([[getattr(n, name) for name in _COLUMNS] for n in ordered], columns=list(_COLUMNS))
    frame.insert(0, "feed", feed)
    return frame.astype({"row": "Int64", "count": "int64"})


def worst_lines(notices: Sequence[Notice], *, most: int = 3) -> list[str]:
    """Say in a few lines what went wrong: one for each kind, errors first, in the order of reading.

    Examples
    --------
    >>> worst_lines([Notice("unused_trip", "WARNING", "trips.txt", 7, "t1", "dropped", "no usable call")])
    ['trips.txt row 7: t1: no usable call']
    """
    kinds: dict[tuple[str, str], Notice] = {}
    for notice in sorted(notices, key=lambda n: SEVERITIES.index(n.severity)):
        if notice.action != "kept" and (notice.severity == "ERROR" or notice.action == "dropped"):
            kinds.setdefault((notice.code, notice.file), notice)
    return [
        f"{n.file}{f' row {n.row}' if n.row else ''}: {f'{n.entity}: ' if n.entity else ''}{n.message}"
        for n in list(kinds.values())[:most]
    ]


def notice_summary(notices: Sequence[Notice], *, feed: str = "") -> pd.DataFrame:
    """Count of each kind of finding, errors first.

    Returns
    -------
    pandas.DataFrame
        ``feed, severity, code, file, action, count, example``.
    """
    frame = notices_frame(notices, feed=feed)
    keys = ["feed", "severity", "code", "file", "action"]
    if frame.empty:
        return pd.DataFrame(columns=[*keys, "count", "example"])
    grouped = frame.groupby(keys, sort=False)
    return grouped.agg(count=("count", "sum"), example=("entity", "max")).reset_index()
