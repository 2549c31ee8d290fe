"""What lies in the files that a study names: every table and every feed is looked into, whatever is wrong elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from geo_access.errors import Fault
from geo_access.sources.gtfs.several import read_feeds
from geo_access.study.file import StudyFile
from geo_access.study.inputs import StudyInputs, attempt, joined_inputs, read_tables
from geo_access.study.network import check_read_feeds
from geo_access.words.note import Note
from geo_access.words.words import format_number, text

__all__ = ["Contents", "read_contents", "readings"]

_Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Contents:
    """What was found in the tables and the feeds of a study.

    Attributes
    ----------
    faults : tuple of Fault
    rows : tuple of tuple of str
        Source, rows read, kept, located, and the losses with their reasons.
    notes : tuple of Note
    """

    faults: tuple[Fault, ...]
    rows: _Rows
    notes: tuple[Note, ...]


def read_contents(study: StudyFile, path: Path) -> Contents:
    """Look into every table and every feed of what is sound in a study file.

    Parameters
    ----------
    study : StudyFile
        Whole, or its sound part.
    path : pathlib.Path
        The study file, for the messages.

    Returns
    -------
    Contents
    """
    faults: list[Fault] = []
    tables = read_tables(study, path, faults)
    rows, notes = _feeds(study, path, faults)
    if tables.zones is not None and tables.points is not None:
        inputs = attempt(path.name, faults, lambda: joined_inputs(study, tables))
        if inputs is not None:
            language = getattr(getattr(study, "study", None), "language", "fr")
            rows, notes = (*rows, *readings(inputs, language)), (*inputs.warnings, *notes)
    return Contents(tuple(faults), rows, notes)


def _feeds(study: StudyFile, path: Path, faults: list[Fault]) -> tuple[_Rows, tuple[Note, ...]]:
    network = getattr(study, "network", None)
    if network is None:
        return (), ()
    day = getattr(getattr(study, "study", None), "date", None)
    read = [
        attempt(f"{path.name}: network.gtfs[{i}]", faults, partial(read_feeds, file, day=day))
        for i, file in enumerate(network.gtfs)
    ]
    feeds = [feed for each in read if each is not None for feed in each.feeds]
    said = tuple(note for each in read if each is not None for note in each.notes)
    if getattr(study, "study", None) is None or None in read:
        return (), said
    found = attempt(f"{path.name}: study.date", faults, lambda: check_read_feeds(study, feeds))
    return (tuple(found[0]), (*said, *found[1])) if found is not None else ((), said)


def readings(inputs: StudyInputs, language: str) -> _Rows:
    """Give rows on what reading each table kept and lost.

    Parameters
    ----------
    inputs : StudyInputs
    language : str
        ``fr`` or ``en``.

    Returns
    -------
    tuple of tuple of str
        As `Contents.rows`.
    """
    rows: list[tuple[str, ...]] = []
    for report in inputs.reports:
        losses = text("semicolon", language).join(
            f"{format_number(int(row['rows']), language)} × {row['reason']}"
            for row in report.losses(language).to_dict("records")
        )
        located = "" if report.located is None else format_number(report.located, language)
        kept = format_number(report.kept, language)
        rows.append((report.source, format_number(report.read, language), kept, located, losses))
    return tuple(rows)
