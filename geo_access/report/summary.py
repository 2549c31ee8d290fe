"""The first page of the study report: the sentences and the table that an elected official reads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from geo_access.diagnosis.model import UNMEASURED, Metier
from geo_access.report.axes import NOWHERE, gap_lines, measured, reason_words
from geo_access.report.context import ReportContext
from geo_access.report.reach import (
    REACHES,
    blocked_of,
    is_asked,
    named_metier,
    only_remote,
    reach_of,
    reach_rows,
    share_of,
)
from geo_access.report.words import limit_words, share
from geo_access.words.words import format_number, plural, text

__all__ = ["summary_content"]

_KINDS = ("training", "job")


def summary_content(context: ReportContext) -> dict[str, Any]:
    """Write the sentences and the table that an elected official reads first.

    Parameters
    ----------
    context : ReportContext

    Returns
    -------
    dict
        ``intro``, ``lines``, ``kinds`` and ``rows`` (name, cells of share and first obstacle).
    """
    language = context.language
    kinds = [kind for kind in _KINDS if is_asked(context, kind)]
    rows = []
    for metier in context.metiers:
        cells = []
        for kind in kinds:
            reached = reach_of(context, metier.code, kind)
            blocked = blocked_of(reached)
            first = str(blocked.index[0]) if len(blocked) else ""
            reason = reason_words(reach_rows(context, metier.code, kind), first, language) if first else "–"
            told = _told_share(reached, blocked, language)
            if only_remote(reached):
                told = text("level.sans objet", language)
            cells.append({"share": told, "reason": reason})
        rows.append({"name": _named_with_code(metier), "cells": cells})
    people = max(
        (float(reach_of(context, metier.code, kind).sum()) for kind in kinds for metier in context.metiers), default=0.0
    )
    intro = text(
        "report.summary.intro",
        language,
        residents=plural("residents", people, language),
        zones=plural("report.zones", context.flags["zone_id"].astype(str).nunique(), language),
        metiers=plural("report.metiers", len(context.metiers), language),
        profile=context.profiles[0].name or context.profiles[0].id,
    )
    lines = [line for kind in kinds if (line := _range_line(context, kind))]
    every = _all_blocked(context, kinds)
    lines += [line for line in (_obstacle_line(context, every), _qpv_line(context), _car_line(context)) if line]
    lines += [*gap_lines(context, every), *_distance_lines(context)]
    if context.rules.people != "residents":
        lines.insert(0, text("report.people", language, people=text(f"note.people.{context.rules.people}", language)))
    return {"intro": intro, "lines": lines, "kinds": kinds, "rows": rows}


def _told_share(reached: pd.Series, blocked: pd.Series, language: str) -> str:
    """Share who get there; where some of the others are not measured, more may."""
    value = share_of(reached) if _says_something(reached) else np.nan
    told = share(value, language)
    unmeasured = blocked.index.isin([reason.name for reason in UNMEASURED])
    if not 0.01 <= value <= 0.99 or not float(blocked[unmeasured].sum()):
        return told
    return text("report.at_least", language, share=told)


def _range_line(context: ReportContext, kind: str) -> str:
    """Sentence from the worst métier to the best, of those that the data say anything of."""
    language = context.language
    reached = [(reach_of(context, metier.code, kind), named_metier(metier)) for metier in context.metiers]
    told = [(share_of(row), name) for row, name in reached if _says_something(row)]
    shares = sorted(item for item in told if np.isfinite(item[0]))
    if not shares:
        return ""
    wanted = str(context.question(context.reach, kind)["threshold"].iloc[0])
    limit = next((item for item in context.thresholds if item.id == wanted), None)
    values = {
        "threshold": "–" if limit is None else limit_words(limit, language),
        "worst": shares[0][1],
        "worst_share": share(shares[0][0], language),
        "best": shares[-1][1],
        "best_share": share(shares[-1][0], language),
    }
    return text(f"report.summary.{kind}" + (".one" if len(shares) == 1 else ""), language, **values)


def _distance_lines(context: ReportContext) -> list[str]:
    """Say where the distance beside the minutes, and not the time, makes that somebody gets there."""
    told, flags = [], context.flags
    for limit in context.thresholds:
        if limit.kilometres is None or "by_distance_share" not in flags:
            continue
        own = flags[flags["threshold"].astype(str) == limit.id]
        some = int((own["by_distance_share"].fillna(0) > 0).sum())
        words = limit_words(limit, context.language)
        told.append(
            plural("report.by_distance", some, context.language, threshold=limit.name, limit=words, all=len(own))
        )
    return told


def _named_with_code(metier: Metier) -> str:
    name = named_metier(metier)
    return name if name == metier.code else f"{name} ({metier.code})"


def _says_something(reached: pd.Series) -> bool:
    """Tell if anybody reaches, or fails to for a measured reason: « 0 % » of what nobody knows is no figure."""
    return float(reached.get(REACHES, 0.0)) > 0 or float(measured(blocked_of(reached)).sum()) > 0


def _all_blocked(context: ReportContext, kinds: list[str]) -> dict[str, float]:
    """Residents who do not reach, by reason, over all métiers and kinds."""
    blocked: dict[str, float] = {}
    for kind in kinds:
        for metier in context.metiers:
            for reason, count in (
                blocked_of(reach_of(context, metier.code, kind)).drop(NOWHERE, errors="ignore").items()
            ):
                blocked[str(reason)] = blocked.get(str(reason), 0.0) + float(count)
    return blocked


def _obstacle_line(context: ReportContext, blocked: dict[str, float]) -> str:
    known = measured(pd.Series(blocked, dtype=float))
    if not len(known) or known.sum() <= 0:
        return ""
    first = str(known.idxmax())
    part = share(float(known.max() / known.sum()), context.language)
    return text(
        "report.summary.obstacle", context.language, reason=text(f"reason.{first}", context.language), share=part
    )


def _qpv_line(context: ReportContext) -> str:
    rows = context.question(context.flags, "training")
    levels = rows.loc[rows["zone_kind"].astype(str) == "qpv", "level"].astype(str)
    levels = levels[levels != "sans objet"]
    if not len(levels):
        return ""
    language = context.language
    counts = {
        "bad": format_number(int((levels == "inadéquat").sum()), language),
        "open": format_number(int((levels == "indécidable").sum()), language),
        "all": format_number(len(levels), language),
    }
    return text("report.summary.qpv", language, **counts)


def _car_line(context: ReportContext) -> str:
    """Say what a car would change: the mean over the métiers, for training."""
    car = next((profile.id for profile in context.profiles[1:] if profile.mode == "car"), None)
    if car is None or context.profiles[0].mode == "car":
        return ""
    means = []
    for profile in (None, car):
        shares = [share_of(reach_of(context, metier.code, "training", profile=profile)) for metier in context.metiers]
        known = [value for value in shares if np.isfinite(value)]
        if not known:
            return ""
        means.append(share(float(np.mean(known)), context.language))
    return text("report.summary.car", context.language, without=means[0], with_car=means[1])
