"""The scenarios as the study file writes them: on which line each change stands, and which contradict one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from geo_access.errors import Fault, GeoAccessError, raise_faults
from geo_access.study.change_lines import change_line, change_lines
from geo_access.study.changes import Change, FareFree, RulesChanged, ScenarioSection, ThresholdChanged
from geo_access.study.scenario import Assumptions, PlacedChange, apply_placed, scenario_changes
from geo_access.words.note import note
from geo_access.words.told import fault

__all__ = ["check_scenarios"]


def check_scenarios(assumed: Assumptions, path: Path) -> None:
    """Apply every scenario of a study without computing anything.

    Parameters
    ----------
    assumed : Assumptions
        The study as it is.
    path : pathlib.Path
        The study file, whose lines the faults name.

    Raises
    ------
    InputError
        With all that cannot be applied, each change once, and what contradicts itself within a scenario.
    """
    sections = assumed.file.scenarios
    if not sections:
        return
    placed = _placed(sections, path)
    faults = _unfounded(sections, path)
    baseless = {found.values["scenario"] for found in faults}
    for section in sections:
        faults += _contradictions(placed[section.id])
        if section.id in baseless:
            continue
        try:
            chain, wanted = list(placed[section.id]), section.after
            while wanted is not None:
                chain = [*placed[wanted], *chain]
                wanted = next(item.after for item in sections if item.id == wanted)
            apply_placed(assumed, chain)
        except GeoAccessError as error:
            where = f"scenarios: {section.id}"
            faults += error.faults or (Fault(where, str(error), key=error.key, values=error.values),)
    # A change that others build on is told once.
    raise_faults(list(dict.fromkeys(faults)))


def _unfounded(sections: Sequence[ScenarioSection], path: Path) -> list[Fault]:
    """List the scenarios that build on none of the study, or on themselves, with their lines."""
    lines = change_lines(path.read_text(encoding="utf-8-sig")) if path.is_file() else []
    found = []
    for k, section in enumerate(sections):
        try:
            scenario_changes(sections, section.id)
        except GeoAccessError as error:
            where, (told,) = f"scenarios: {section.id}: after", error.faults
            told = replace(told, where=where, values={**told.values, "scenario": section.id})
            if len(lines) == len(sections):
                place = note("scenario.place", file=path.name, line=lines[k][0], where=where)
                told = replace(told, where=f"{path.name}, line {lines[k][0]}: {where}", place=place)
            found.append(told)
    return found


def _placed(sections: Sequence[ScenarioSection], path: Path) -> dict[str, tuple[PlacedChange, ...]]:
    lines = change_lines(path.read_text(encoding="utf-8-sig")) if path.is_file() else []
    found = {}
    for k, section in enumerate(sections):
        own = lines[k] if len(lines) == len(sections) else []
        changes = []
        for number, change in enumerate(section.changes, start=1):
            where = f"scenarios: {section.id}: {number}. {change.change}"
            line = change_line(own, number, of=len(section.changes))
            if line is None:
                changes.append(PlacedChange(change, where))
                continue
            told = note("scenario.place", file=path.name, line=line, where=where)
            changes.append(PlacedChange(change, f"{path.name}, line {line}: {where}", told))
        found[section.id] = tuple(changes)
    return found


def _sets(change: Change) -> list[str]:
    """Name what a change sets to a value, whatever it was before: set twice, one of the two would be lost."""
    if isinstance(change, ThresholdChanged):
        return [f"threshold {change.id}: {name}" for name in change.sets]
    if isinstance(change, RulesChanged):
        return list(change.given)
    return ["pass_month_eur"] if isinstance(change, FareFree) else []


def _contradictions(changes: Sequence[PlacedChange]) -> list[Fault]:
    faults, before = [], dict[str, int]()
    for number, placed in enumerate(changes, start=1):
        for what in _sets(placed.change):
            if what in before:
                faults.append(placed.told(fault(placed.where, "scenario.contradicts", what=what, n=before[what])))
            before.setdefault(what, number)
    return faults
