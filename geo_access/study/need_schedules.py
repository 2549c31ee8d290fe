"""Schedules out of the hours that ROME names: only where a study asks, and states what hours a label stands for."""

from __future__ import annotations

from collections.abc import Sequence

from geo_access.errors import GeoAccessError
from geo_access.sources.supply.rome_hours import possible_shifts, read_rome_hours
from geo_access.study.need_sections import RomeHoursTable
from geo_access.study.needs_joined import label_shifts
from geo_access.study.sections import ScheduleSection
from geo_access.words.words import text

__all__ = ["possible_schedules"]


def possible_schedules(
    section: RomeHoursTable, metiers: Sequence[str], given: Sequence[ScheduleSection], *, language: str
) -> tuple[ScheduleSection, ...]:
    """Make a job schedule of each hours that a label of the study's métiers may mean, beside those given.

    Each is asked for the métiers whose labels may mean it, and for no other.

    Parameters
    ----------
    section : RomeHoursTable
        Nothing is made unless it asks for ``schedules``; a file that cannot be read is refused with the other tables.
    metiers : sequence of str
        Codes of the study.
    given : sequence of ScheduleSection
        Schedules of the study: hours that one of them asks of a métier already are not repeated for it.
    language : str
        Of the names.

    Returns
    -------
    tuple of ScheduleSection
    """
    if not section.schedules:
        return ()
    try:
        hours = read_rome_hours(section.file)
    except GeoAccessError:
        return ()
    codes = {code.strip().upper(): code for code in metiers}
    table = possible_shifts(hours, list(codes), shifts=label_shifts(section), language=language)
    known = [each for each in given if each.kind == "job"]
    ids = {each.id for each in given}
    made = []
    for (start, end), rows in table[table["start"].notna()].groupby(["start", "end"], sort=True):
        name = f"rome_{start}_{end}".replace(":", "")
        same = [each for each in known if (each.start, each.end) == (start, end)]
        # Hours that the labels of a métier may mean say nothing of the others.
        own = [codes[str(metier)] for metier in dict.fromkeys(rows["metier"])]
        own = [code for code in own if not any(not each.metiers or _named(code, each) for each in same)]
        if not own or name in ids:
            continue
        labels = ", ".join(dict.fromkeys(label or text("report.need.no_label", language) for label in rows["label"]))
        told = text("needs.schedule", language, start=str(start), end=str(end), labels=labels)
        made.append(ScheduleSection(id=name, name=told, kind="job", start=str(start), end=str(end), metiers=tuple(own)))
    return tuple(made)


def _named(code: str, schedule: ScheduleSection) -> bool:
    return code.casefold() in {each.casefold() for each in schedule.metiers}
