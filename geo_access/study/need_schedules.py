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

    Parameters
    ----------
    section : RomeHoursTable
        Nothing is made unless it asks for ``schedules``; a file that cannot be read is refused with the other tables.
    metiers : sequence of str
        Codes of the study.
    given : sequence of ScheduleSection
        Schedules of the study: hours that one of them has already are not repeated.
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
    codes = [code.strip().upper() for code in metiers]
    table = possible_shifts(hours, codes, shifts=label_shifts(section), language=language)
    known = {(each.start, each.end) for each in given if each.kind == "job"}
    ids = {each.id for each in given}
    made = []
    for (start, end), rows in table[table["start"].notna()].groupby(["start", "end"], sort=True):
        name = f"rome_{start}_{end}".replace(":", "")
        if (start, end) in known or name in ids:
            continue
        labels = ", ".join(dict.fromkeys(label or text("report.need.no_label", language) for label in rows["label"]))
        told = text("needs.schedule", language, start=str(start), end=str(end), labels=labels)
        made.append(ScheduleSection(id=name, name=told, kind="job", start=str(start), end=str(end)))
    return tuple(made)
