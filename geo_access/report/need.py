"""The chapter on the need: hiring projects, tension and possible hours beside the level, never merged into it."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from geo_access.diagnosis.need import CLASSES, Need, need_by_metier
from geo_access.report.context import ReportContext
from geo_access.report.reach import is_asked, named_metier, reach_of, share_of
from geo_access.report.words import share
from geo_access.words.words import format_number, plural, text

__all__ = ["need_content"]


def need_content(context: ReportContext) -> dict[str, Any] | None:
    """Lay the need beside the level and the index, métier by métier.

    Parameters
    ----------
    context : ReportContext

    Returns
    -------
    dict or None
        ``intro``, ``tables`` (caption, head, rows of texts) and ``lines``; None where the study names no need.
    """
    if context.need is None:
        return None
    language, need = context.language, context.need
    tables = [_main_table(context, need)]
    if need.tensions is not None:
        tables.append(_tension_table(context, need.tensions))
    if need.shifts is not None:
        tables.append(_shift_table(context, need.shifts))
    return {"intro": text("report.need.intro", language), "tables": tables, "lines": _lines(need, language)}


def _main_table(context: ReportContext, need: Need) -> dict[str, Any]:
    language = context.language
    kinds = [kind for kind in ("training", "job") if is_asked(context, kind)]
    names = ["projects", "difficult", "seasonal", "tension"]
    head = [text("report.metier", language), *(text(f"report.need.{name}", language) for name in names)]
    head += [text("report.need.reach", language, kind=text(f"kind.{kind}", language)) for kind in kinds]
    head.append(text("report.need.index", language))
    summed = {str(row["metier"]): row for row in need_by_metier(need).to_dict("records")}
    rows = []
    for metier in context.metiers:
        own = summed.get(metier.code, {})
        reached = [share_of(reach_of(context, metier.code, kind)) for kind in kinds]
        figures = _project_cells(own, language)
        cells = [
            *figures,
            _rank(own, "tension", language),
            *(_share(part, language) for part in reached),
        ]
        rows.append([named_metier(metier), *cells, _index_cell(context, metier.code, own)])
    return {"caption": text("report.need.caption", language), "head": head, "rows": rows}


def _share(value: float, language: str) -> str:
    return text("report.unknown_figure", language) if pd.isna(value) else share(value, language)


def _project_cells(own: Mapping[Hashable, Any], language: str) -> list[str]:
    """Projects over the basins of the study, and the shares of those that tell them."""
    unknown = text("report.unknown_figure", language)
    if "need_projects" not in own:
        return [unknown] * 3
    state = str(own["need_state"])
    if pd.isna(own["need_projects"]):
        return [text(f"report.need.{state}", language), unknown, unknown]
    figure = format_number(round(float(own["need_projects"])), language)
    told = text("report.need.at_least", language, n=figure) if state == "at_least" else figure
    return [told, *(_share(float(own[f"need_{name}"]), language) for name in ("difficult", "seasonal"))]


def _rank(own: Mapping[Hashable, Any], name: str, language: str) -> str:
    """Class of the métier's families, or from the lowest to the highest where they differ."""
    told = _classes(own, name)
    return f"{told} / 5" if told else text("report.unknown_figure", language)


def _classes(own: Mapping[Hashable, Any], name: str) -> str:
    low, high = (float(own.get(f"need_{name}{end}", math.nan)) for end in ("", "_high"))
    if math.isnan(low):
        return ""
    return f"{low:.0f}" if low == high else f"{low:.0f}–{high:.0f}"


def _index_cell(context: ReportContext, code: str, own: Mapping[Hashable, Any]) -> str:
    """Give our index where it was computed, and the official class where it was imported; each by its name."""
    language = context.language
    parts: list[str] = []
    table = context.mismatch
    if table is not None:
        row = table[table["metier"].astype(str) == code]
        if len(row) and not pd.isna(row.iloc[0]["mismatch_corrected"]):
            parts.append(share(float(row.iloc[0]["mismatch_corrected"]), language))
    official = _classes(own, "mismatch")
    if official:
        parts.append(text("report.need.official", language, rank=official))
    return ", ".join(parts) if parts else text("report.unknown_figure", language)


def _tension_table(context: ReportContext, tensions: pd.DataFrame) -> dict[str, Any]:
    """All families of each métier, each with its own classes: they are ranks, of which there is no mean."""
    language = context.language
    names = [name for name in CLASSES if name in tensions]
    head = [text("report.metier", language), text("report.need.family", language)]
    head += [text(f"report.need.{name}", language) for name in names]
    rows = []
    for metier in context.metiers:
        for row in tensions[tensions["metier"].astype(str) == metier.code].to_dict("records"):
            weight = share(float(row["weight"]), language)
            imputed = "*" if row.get("tension_imputed") is True else ""
            ranks = ["–" if pd.isna(row[name]) else str(int(row[name])) for name in names]
            rows.append([named_metier(metier), f"{row['family']} ({weight}){imputed}", *ranks])
    caption = text("report.need.tensions", language)
    return {"caption": caption, "head": head, "rows": rows}


def _shift_table(context: ReportContext, shifts: pd.DataFrame) -> dict[str, Any]:
    language, rows = context.language, []
    for metier in context.metiers:
        own = shifts[shifts["metier"].astype(str) == metier.code]
        for (label, source), part in own.groupby(["label", "source"], sort=False):
            timed = part[part["start"].notna()]
            hours = ", ".join(f"{start}–{end}" for start, end in zip(timed["start"], timed["end"], strict=True))
            words = str(label) or text("report.need.no_label", language)
            rows.append([named_metier(metier), words, hours or text("report.need.no_hours", language), str(source)])
    head = [text("report.metier", language)]
    head += [text(f"report.need.{name}", language) for name in ("label", "hours", "source")]
    return {"caption": text("report.need.shifts", language), "head": head, "rows": rows}


def _lines(need: Need, language: str) -> list[str]:
    """Say the source, vintage and nomenclature of each table, and where the projects went."""
    lines = []
    if need.accounts is not None:
        first = need.table.iloc[0]
        told = {name: str(first[name]) for name in ("source", "vintage", "nomenclature")}
        basins = plural("report.need.basins", int(need.table["basin"].nunique()), language)
        lines.append(text("report.need.of_bmo", language, basins=basins, **told))
        sums = {name: need.accounts[name].sum() for name in ("projects", "of_study", "of_others", "without_rome")}
        figures = {name: format_number(round(float(value)), language) for name, value in sums.items()}
        lines.append(text("report.need.account", language, **figures))
    if need.tensions is not None and len(need.tensions):
        first = need.tensions.iloc[0]
        told = {name: str(first[name]) for name in ("source", "year", "nomenclature")}
        place = text(f"report.need.scope.{first['scope']}", language, place=str(first["place"]))
        lines.append(text("report.need.of_tensions", language, place=place, **told))
    if need.shifts is not None:
        lines.append(text("report.need.of_hours", language))
    return lines
