"""Check a study in one round: keys, contradictions, missing files and what is wrong in the tables and the feeds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geo_access.errors import Fault
from geo_access.study.contents import read_contents, readings
from geo_access.study.file import StudyFile, sound_part, validated
from geo_access.study.inputs import StudyInputs
from geo_access.study.network import check_feeds
from geo_access.study.opened import Unopened, off_streets, try_to_open
from geo_access.study.raw import read_content
from geo_access.words.messages import fault_text
from geo_access.words.note import Note, note

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

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values, in the language of the study."""
        columns = ("source", "read", "kept", "located", "lost")
        faults = [{"key": one.key, "where": one.where, "text": fault_text(one, self.language)} for one in self.faults]
        return {
            "sources": [dict(zip(columns, row, strict=True)) for row in self.rows],
            "warnings": [each.told(self.language) for each in self.warnings],
            "faults": faults,
            "plan": None if self.plan is None else self.plan.told(self.language),
        }


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
    inside = read_contents(study, path)
    faults += [*contradictions, *missing, *(each for each in inside.faults if each.key not in _ABSENT or not missing)]
    told_in = getattr(getattr(study, "study", None), "language", language)
    return CheckReport(inside.rows, inside.notes, tuple(dict.fromkeys(faults)), None, told_in)


def _checked(study: StudyFile, path: Path) -> CheckReport:
    """Open a study whose file is sound, as `run` does."""
    language = study.study.language
    opened = try_to_open(study, path)
    if isinstance(opened, Unopened):
        return CheckReport(opened.contents.rows, opened.contents.notes, opened.faults, None, language)
    rows, notes = check_feeds(study)
    warnings = tuple(dict.fromkeys((*off_streets(opened), *opened.inputs.warnings, *notes, *opened.network.warnings)))
    rows += readings(opened.inputs, language)
    return CheckReport(tuple(rows), warnings, (), _plan(study, opened.inputs), language)


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
