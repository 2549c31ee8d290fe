"""School holidays: the days on which French buses run their other timetable.

The table of the package is the national school calendar (ministère de l'Éducation nationale, arrêtés of 7 December 2022
for 2023–2024 to 2025–2026, published at education.gouv.fr/calendrier-scolaire): zone B, that of the académie de Lille,
from September 2023 to August 2026, zones A and C from September 2024. Days off it count as term. Other years and places
come from a CSV that the user names.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from geo_access.errors import Fault, InputError, MissingFileError, raise_faults

__all__ = ["Breaks", "read_school_breaks", "school_breaks"]

Breaks = tuple[tuple[date, date], ...]

_TABLE = Path(__file__).parent / "data" / "school_breaks.csv"
_PARIS = ZoneInfo("Europe/Paris")
_LARGEST_BYTES = 16 << 20


def school_breaks(zone: str = "B") -> Breaks:
    """School holidays of a French zone, from the table of the package.

    Parameters
    ----------
    zone : {'A', 'B', 'C'}
        B is that of Lille.

    Returns
    -------
    tuple of (datetime.date, datetime.date)
        First and last day without lessons of each holiday, in order: what `build_network` takes as `school_breaks`.

    Raises
    ------
    InputError
        For another zone.

    Examples
    --------
    >>> winter = school_breaks("B")[-4]
    >>> winter[0].isoformat(), winter[1].isoformat()
    ('2026-02-14', '2026-03-01')
    """
    table = _known()
    if zone not in table:
        raise InputError(
            f"school zone {zone!r} is unknown → one of {', '.join(table)}, or give a CSV with the columns first,last"
        )
    return table[zone]


@cache
def _known() -> dict[str, Breaks]:
    frame = pd.read_csv(_TABLE, dtype=str)
    found: dict[str, list[tuple[date, date]]] = {}
    for zone, first, last in zip(frame["zone"], frame["first"], frame["last"], strict=True):
        found.setdefault(zone, []).append((date.fromisoformat(first), date.fromisoformat(last)))
    return {zone: tuple(sorted(breaks)) for zone, breaks in found.items()}


def read_school_breaks(path: str | Path, *, place: str | None = None) -> Breaks:
    r"""School holidays from a CSV of one's own, or from the ministry's open data as they come.

    Parameters
    ----------
    path : str or pathlib.Path
        CSV in UTF-8, separated by commas or semicolons. Either with the columns ``first`` and ``last`` (ISO dates,
        both without lessons), or the export ``fr-en-calendrier-scolaire`` with ``start_date`` and ``end_date`` (the
        day on which lessons start again), ``location`` and ``zones``.
    place : str, optional
        Rows to keep by their ``location``, ``zones`` or ``zone``, such as ``"Lille"`` or ``"Zone B"``; all without.

    Returns
    -------
    tuple of (datetime.date, datetime.date)
        In order, each once.

    Raises
    ------
    MissingFileError
        No such file.
    InputError
        With every line that is no holiday, or when no row is of `place`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "breaks.csv"
    ...     _ = file.write_text("first,last\n2027-02-20,2027-03-07\n")
    ...     read_school_breaks(file)
    ((datetime.date(2027, 2, 20), datetime.date(2027, 3, 7)),)
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError(f"{path}: no such file → name a CSV with the columns first,last")
    if path.stat().st_size > _LARGEST_BYTES:
        raise InputError(f"{path.name}: larger than any school calendar → check the file")
    try:
        text = path.read_text(encoding="utf-8-sig")
        mark = ";" if ";" in text.partition("\n")[0] else ","
        frame = pd.read_csv(StringIO(text), dtype=str, sep=mark, keep_default_na=False)
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(f"{path.name}: not readable as CSV ({error}) → save it as CSV in UTF-8") from error
    frame.columns = [str(name).strip().lower() for name in frame.columns]
    ours = {"first", "last"} <= set(frame.columns)
    if not ours and not {"start_date", "end_date"} <= set(frame.columns):
        raise InputError(f"{path.name}: columns {', '.join(frame.columns)} → first,last or start_date,end_date")
    if place is not None:
        named = [frame[name].str.strip() == place for name in ("location", "zones", "zone") if name in frame]
        frame = frame[pd.concat(named, axis=1).any(axis=1)] if named else frame[:0]
        if frame.empty:
            raise InputError(f"{path.name}: no row of {place!r} → as it is written in location, zones or zone")
    columns = ("first", "last") if ours else ("start_date", "end_date")
    found, faults = set(), []
    for row, first, last in zip(frame.index + 2, *(frame[name] for name in columns), strict=True):
        try:
            start, end = _day(first), _day(last) - timedelta(days=0 if ours else 1)
        except ValueError:
            faults.append(Fault(f"{path.name}: line {row}", f"{first!r}, {last!r} are no dates", "write YYYY-MM-DD"))
            continue
        if end < start:
            faults.append(Fault(f"{path.name}: line {row}", f"{last} is before {first}", "exchange them"))
        found.add((start, end))
    raise_faults(faults)
    return tuple(sorted(found))


def _day(text: str) -> date:
    """Day of an ISO date, or of an instant as the ministry writes them (midnight in Paris, told in UTC)."""
    instant = datetime.fromisoformat(text.strip())
    return (instant.astimezone(_PARIS) if instant.tzinfo is not None else instant).date()
