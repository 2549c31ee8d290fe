"""Check a study in one round: keys, contradictions, missing files and what is wrong in the tables and the feeds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from geo_access.errors import Fault, GeoAccessError
from geo_access.sources.gtfs.several import read_feeds
from geo_access.study.file import StudyFile, read_content, sound_part, validated
from geo_access.study.inputs import StudyInputs, attempt, joined_inputs, read_tables
from geo_access.study.network import check_feeds, check_read_feeds
from geo_access.study.opened import open_study
from geo_access.words.note import Note, note
from geo_access.words.words import format_number

__all__ = ["CheckReport", "check_study"]

# A file that is not there is said once, by the key that names it.
_ABSENT = frozenset({"no_such_file", "gtfs_missing"})


@dataclass(frozen=True)
class CheckReport:
    """What a check found.

    Attributes
    ----------
    rows : tuple of tuple of str
        Source, rows read, kept, located, and the losses with their reasons.
    warnings : tuple of Note
    faults : tuple of Fault
        All that `run` would refuse.
    plan : Note or None
        What `run` would compute; None where there are faults.
    language : str
        Of the study, where it says one.
    """

    rows: tuple[tuple[str, ...], ...]
    warnings: tuple[Note, ...]
    faults: tuple[Fault, ...] = ()
    plan: Note | None = None
    language: str = "fr"


def check_study(path: str | Path, *, language: str = "fr") -> CheckReport:
    """Read and validate a study file and all that it names, and compute nothing.

    A fault does not hide another: where keys are wrong, the sections that are sound are still read.

    Parameters
    ----------
    path : str or pathlib.Path
        Study file.
    language : str
        Where the study says none.

    Returns
    -------
    CheckReport

    Raises
    ------
    MissingFileError
        When there is no study file.
    InputError
        When it is no TOML.
    """
    path = Path(path)
    content, missing = read_content(path)
    whole, faults = validated(path, content)
    if whole is not None and not missing:
        return _checked(whole, path)
    study, contradictions = (whole, []) if whole is not None else sound_part(path, content)
    inside, rows, warnings = _contents(study, path)
    faults += [*contradictions, *missing, *(each for each in inside if each.key not in _ABSENT or not missing)]
    told_in = getattr(getattr(study, "study", None), "language", language)
    return CheckReport(tuple(rows), warnings, tuple(dict.fromkeys(faults)), None, told_in)


def _checked(study: StudyFile, path: Path) -> CheckReport:
    """Open a study whose file is sound, as `run` does; where that fails, look into each table and each feed."""
    language = study.study.language
    try:
        opened = open_study(study, path)
    except GeoAccessError as error:
        own = error.faults or (Fault(path.name, str(error), key=error.key, values=error.values),)
        inside, rows, warnings = _contents(study, path)
        told = {(each.key, each.what) for each in inside}
        faults = [*inside, *(each for each in own if (each.key, each.what) not in told)]
        return CheckReport(tuple(rows), warnings, tuple(dict.fromkeys(faults)), None, language)
    rows, notes = check_feeds(study)
    rows += _readings(opened.inputs, language)
    warnings = tuple(dict.fromkeys((*opened.inputs.warnings, *notes, *opened.network.warnings)))
    return CheckReport(tuple(rows), warnings, (), _plan(study, opened.inputs), language)


def _contents(study: StudyFile, path: Path) -> tuple[list[Fault], list[tuple[str, ...]], tuple[Note, ...]]:
    """Look into every table and every feed of what is sound: faults, rows of the report, notes."""
    faults: list[Fault] = []
    tables = read_tables(study, path, faults)
    rows, warnings = _feeds(study, path, faults)
    if tables.zones is not None and tables.points is not None:
        inputs = attempt(path.name, faults, lambda: joined_inputs(study, tables))
        if inputs is not None:
            language = getattr(getattr(study, "study", None), "language", "fr")
            return faults, rows + _readings(inputs, language), (*inputs.warnings, *warnings)
    return faults, rows, warnings


def _feeds(study: StudyFile, path: Path, faults: list[Fault]) -> tuple[list[tuple[str, ...]], tuple[Note, ...]]:
    network = getattr(study, "network", None)
    if network is None:
        return [], ()
    day = getattr(getattr(study, "study", None), "date", None)
    read = [
        attempt(f"{path.name}: network.gtfs[{i}]", faults, partial(read_feeds, file, day=day))
        for i, file in enumerate(network.gtfs)
    ]
    feeds = [feed for each in read if each is not None for feed in each.feeds]
    said = tuple(note for each in read if each is not None for note in each.notes)
    if getattr(study, "study", None) is None or None in read:
        return [], said
    found = attempt(f"{path.name}: study.date", faults, lambda: check_read_feeds(study, feeds))
    return (found[0], (*said, *found[1])) if found is not None else ([], said)


def _readings(inputs: StudyInputs, language: str) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for report in inputs.reports:
        losses = "; ".join(
            f"{format_number(int(row['rows']), language)} × {row['reason']}"
            for row in report.losses(language).to_dict("records")
        )
        located = "" if report.located is None else format_number(report.located, language)
        kept = format_number(report.kept, language)
        rows.append((report.source, format_number(report.read, language), kept, located, losses))
    return rows


def _plan(study: StudyFile, inputs: StudyInputs) -> Note:
    sites = sum(table["site_id"].nunique() for table in (inputs.training, inputs.employers) if table is not None)
    return note(
        "check.plan",
        metiers=len(study.metiers),
        profiles=len(study.profiles),
        schedules=len(study.schedules),
        day=study.study.date,
        zones=len(inputs.zones),
        points=len(inputs.points),
        sites=int(sites),
        feeds=len(study.network.gtfs),
    )
