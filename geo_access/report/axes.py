"""Sentences on what is missing, by how much, what would lift it, how much room there is, and what is not measured."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from geo_access.diagnosis.model import UNMEASURED, FlagReason
from geo_access.report.context import ReportContext
from geo_access.report.words import share
from geo_access.words.words import format_number, plural, text

__all__ = ["NOWHERE", "axis_lines", "gap_lines", "lift_rows", "measured", "reason_words"]

_TIMED = ("SLOW_OUT", "SLOW_BACK", "SLOW_BOTH", "LATE_OUT", "EARLY_BACK", "HOURS_BOTH")
_APART = ("remote", "mobile", "hybrid", "afest")
NOWHERE = FlagReason.ONLY_REMOTE.name
"""Reason of a métier that is taught, or worked, at a distance or on the move only: no question of travel arises."""
_UNMEASURED_NAMES = tuple(reason.name for reason in UNMEASURED)
_MOST_NAMED = 60


def measured(blocked: pd.Series) -> pd.Series:
    """Keep the reasons that say something of the territory: not of the data, nor that there is nowhere to go to."""
    return blocked[~blocked.index.isin((*_UNMEASURED_NAMES, NOWHERE))]


def reason_words(rows: pd.DataFrame, reason: str, language: str) -> str:
    """Name a reason, with the median minutes that each way lacks where they are known.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of `geo_access.report.tables.reach_table` of one question and métier.
    reason : str
        Name of the reason.
    language : str
    """
    words = text(f"reason.{reason}", language)
    own = rows[rows["reason"].astype(str) == reason]
    if reason not in _TIMED or "out_lack_min" not in own.columns or len(own) != 1:
        return words
    lacks = [float(own[name].iloc[0]) for name in ("out_lack_min", "back_lack_min")]
    told = [format_number(max(1.0, value), language) for value in lacks if math.isfinite(value)]
    if not told:
        return words
    form = "both" if len(told) == 2 else "one"
    return text(f"report.lack.{form}", language, reason=words, **dict(zip(("first", "second"), told)))


def lift_rows(context: ReportContext, metier: str, kind: str, blocked: float) -> list[dict[str, Any]]:
    """Say whom each lift alone would help, most residents first; each was recomputed."""
    if context.lifts is None or blocked <= 0:
        return []
    rows = context.question(context.lifts, kind)
    rows = rows[(rows["metier"].astype(str) == metier) & (rows["residents"] > 0)]
    rows = rows.sort_values("residents", ascending=False, kind="stable")
    return [
        {
            "reason": text(f"lift.{row['lift']}", context.language),
            "residents": float(row["residents"]),
            "share": float(row["residents"]) / blocked,
        }
        for row in rows.to_dict("records")
    ]


def axis_lines(context: ReportContext, metier: str, kind: str) -> list[str]:
    """Tell the second axis, and the supply without a trip, each on its own line."""
    if context.axes is None:
        return []
    rows = context.question(context.axes, kind)
    rows = rows[rows["metier"].astype(str) == metier]
    if not len(rows):
        return []
    language, row = context.language, rows.iloc[0]
    lines = []
    if "in_radius" in rows.columns:
        shares = {name: share(float(row[name]), language) for name in ("in_radius", "by_network")}
        lines.append(text(f"report.radius.{kind}", language, km=format_number(row["radius_km"], language), **shares))
    per_100 = format_number(float(row["places_per_100"]), language, decimals=1)
    if kind == "job":
        lines.append(text("report.axis.job", language, per_100=per_100))
    elif math.isfinite(float(row["filling_rate"])):
        rate = share(float(row["filling_rate"]), language)
        lines.append(text("report.axis.training", language, rate=rate, per_100=per_100))
    else:
        lines.append(text("report.axis.unknown", language))
    apart = [(name, int(row[name])) for name in _APART if int(row[name]) > 0]
    if apart and kind == "training":
        told = ", ".join(plural(f"report.apart.{name}", number, language) for name, number in apart)
        lines.append(text("report.apart", language, told=told))
    return lines


def gap_lines(context: ReportContext, blocked: dict[str, float]) -> list[str]:
    """Name what is not measured: towns without urban timetables, départements without located schools, and how much.

    Parameters
    ----------
    context : ReportContext
    blocked : mapping of str to float
        Residents by reason, over all métiers and kinds of the summary, those who reach left out.
    """
    language = context.language
    lines = []
    open_ = {name: count for name, count in blocked.items() if name in _UNMEASURED_NAMES and count > 0}
    if open_:
        first = max(open_, key=lambda name: open_[name])
        part = share(sum(open_.values()) / sum(blocked.values()), language)
        # "non mesuré : lignes sans code métier": the sentence says the first half itself.
        cause = text(f"reason.{first}", language).rpartition(": ")[2]
        lines.append(text("report.gap.share", language, share=part, cause=cause))
    if context.towns:
        named = ", ".join(town.name for town in context.towns[:_MOST_NAMED])
        named += " …" if len(context.towns) > _MOST_NAMED else ""
        least = format_number(context.rules.urban_from, language)
        lines.append(text("report.gap.towns", language, towns=named, least=least))
    if context.bare_departments:
        lines.append(text("report.gap.departments", language, departments=", ".join(context.bare_departments)))
    return lines
