"""Plans for the territory: what each further change brings, those who gain and those who lose told apart."""

from __future__ import annotations

from typing import Any

import pandas as pd

from geo_access.report.changes import change_told
from geo_access.report.context import ReportContext
from geo_access.report.words import limit_words, share
from geo_access.words.words import format_number, text

__all__ = ["plan_tables", "question_label", "session_table"]

_PEOPLE = ("residents_unflagged", "residents_flagged", "residents_gained", "residents_lost", "residents_placed")


def question_label(context: ReportContext, rows: pd.DataFrame, kind: str) -> str:
    """Public, hours and threshold of a question, for a caption.

    Parameters
    ----------
    context : ReportContext
    rows : DataFrame
        Of one question of the first public: ``schedule, threshold``.
    kind : str
        ``training`` or ``job``.

    Returns
    -------
    str
    """
    language = context.language
    profile = context.profiles[0]
    schedule = str(rows["schedule"].iloc[0])
    named = {item.id: item.name for item in context.schedules}
    hours = named.get(schedule) or text("schedule.own_hours", language)
    limit = next((item for item in context.thresholds if item.id == str(rows["threshold"].iloc[0])), None)
    parts = [profile.name or profile.id, hours]
    if limit is not None and limit.kind == kind:
        parts.append(limit_words(limit, language))
    return ", ".join(parts)


def plan_tables(context: ReportContext) -> list[dict[str, Any]]:
    """Lay out the plans of changes of lines: a row for each further change, gains and losses in their own columns.

    Parameters
    ----------
    context : ReportContext

    Returns
    -------
    list of dict
        ``caption, head, rows`` of texts, one for each question of the first public that has a plan.
    """
    if context.trip_plan is None:
        return []
    language, found = context.language, []
    keys = ["kind", "schedule", "threshold"]
    for (kind, *_), rows in context.trip_plan.groupby(keys, sort=False):
        label = question_label(context, rows, str(kind))
        head = ["report.plan.changes", "report.change", "report.plan.situations"]
        head += [f"report.plan.{name}" for name in _PEOPLE]
        found.append(
            {
                "caption": text("report.plan.caption", language, kind=text(f"kind.{kind}", language), question=label),
                "head": [text(key, language) for key in head],
                "rows": [
                    [
                        format_number(int(row["changes"]), language),
                        change_told(str(row["remedy"]), str(row["detail"]), 0, language),
                        format_number(int(row["situations_lifted"]), language),
                        *(format_number(round(float(row[name])), language) for name in _PEOPLE),
                    ]
                    for row in rows.to_dict("records")
                ],
            }
        )
    return found


def session_table(context: ReportContext, metier: str) -> dict[str, Any] | None:
    """Lay out the sessions that would serve most residents of a métier, each on top of those before it.

    Parameters
    ----------
    context : ReportContext
    metier : str

    Returns
    -------
    dict or None
        ``caption, head, rows`` of texts; None where no session would bring anybody there.
    """
    if context.session_plan is None:
        return None
    rows = context.session_plan[context.session_plan["metier"].astype(str) == metier]
    if not len(rows):
        return None
    language = context.language
    head = ["changes", "site", "residents_gained", "share", "zones", "residents_unflagged"]
    return {
        "caption": text("report.sessions.caption", language),
        "head": [text(f"report.plan.{name}", language) for name in head],
        "rows": [
            [
                format_number(number, language),
                str(row["site_name"]),
                format_number(round(float(row["residents_gained"])), language),
                share(float(row["share_served"]), language),
                format_number(int(row["zones_lifted"]), language),
                format_number(round(float(row["residents_unflagged"])), language),
            ]
            for number, row in enumerate(rows.to_dict("records"), start=1)
        ],
    }
