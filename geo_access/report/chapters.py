"""The chapters of the study report, as plain values for the template."""

from __future__ import annotations

from typing import Any

import pandas as pd

from geo_access.diagnosis.model import Metier
from geo_access.report.axes import axis_lines, lift_rows, reason_words
from geo_access.report.beside import curve_table, mismatch_row, observed_lines, observed_table
from geo_access.report.context import ReportContext
from geo_access.report.plan import question_label, session_table
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
from geo_access.report.remedy_rows import remedy_rows
from geo_access.report.words import embedded_png, known_text, minutes, share
from geo_access.words.words import format_number, plural, text, written_date

__all__ = ["flagged_content", "metier_content", "unknown_content", "zonings_content"]

_KINDS = ("training", "job")
_LEVELS = ("adéquat", "fragile", "inadéquat", "sans objet", "indécidable")
_CSS = dict(zip(_LEVELS, ("adequat", "fragile", "inadequat", "none", "open"), strict=True))
_MOST_ROWS = 60
_COUNTED = ("residents", "qpv_residents", "job_seekers", "places", "openings")


def flagged_content(context: ReportContext) -> dict[str, Any]:
    """Lay the levels out, zones down and métiers across, the most flagged zones first.

    Parameters
    ----------
    context : ReportContext

    Returns
    -------
    dict
        ``intro`` and ``tables`` (caption, métiers, rows, and how many rows were left to the file).
    """
    language, rules = context.language, context.rules
    intro = text(
        "report.flagged.intro",
        language,
        adequate=share(rules.adequate_share, language),
        fragile=share(rules.fragile_share, language),
    )
    tables = []
    for kind in _KINDS:
        rows = context.question(context.flags, kind)
        if len(rows):
            tables.append(_level_table(context, rows, kind))
    return {"intro": intro, "tables": tables}


def _level_table(context: ReportContext, rows: pd.DataFrame, kind: str) -> dict[str, Any]:
    language = context.language
    rows = rows.assign(
        zone_id=rows["zone_id"].astype(str), level=rows["level"].astype(str), metier=rows["metier"].astype(str)
    )
    bad = (
        rows["level"].map({"inadéquat": 1000, "fragile": 30, "indécidable": 1}).fillna(0).groupby(rows["zone_id"]).sum()
    )
    first = rows.drop_duplicates("zone_id").set_index("zone_id")
    order = pd.DataFrame({"bad": bad, "residents": first["residents"]})
    order = order[order["bad"] > 0].sort_values(["bad", "residents"], ascending=False, kind="stable")
    cells = {(str(row.zone_id), str(row.metier)): row for row in rows.itertuples()}
    shown = []
    for zone in order.index[:_MOST_ROWS]:
        head = first.loc[zone]
        shown.append(
            {
                "name": str(head["zone_name"]),
                "kind": _zone_kind(str(head["zone_kind"]), language),
                "residents": format_number(float(head["residents"]), language),
                "cells": [_level_cell(cells.get((str(zone), item.code)), language) for item in context.metiers],
            }
        )
    caption = text(
        "report.flagged.caption",
        language,
        kind=text(f"kind.{kind}", language),
        question=question_label(context, rows, kind),
    )
    left = len(order) - len(shown)
    more = plural("report.flagged.more", left, language) if left > 0 else ""
    return {
        "caption": caption,
        "metiers": [named_metier(item) for item in context.metiers],
        "rows": shown,
        "more": more,
    }


def _level_cell(row: Any, language: str) -> dict[str, str]:
    if row is None:
        return {"css": "none", "letter": "–", "title": text("level.none", language)}
    level, confidence = str(row.level), str(row.confidence)
    letter = text("report.letters", language).split()[_LEVELS.index(level)]
    sure = text(f"confidence.{confidence}", language)
    doubt = "\u202f?" if confidence != "sûr" and level not in ("sans objet", "indécidable") else ""
    return {
        "css": _CSS[level],
        "letter": letter + doubt,
        "title": f"{text(f'level.{level}', language)} ({sure.lower()})",
    }


def _zone_kind(kind: str, language: str) -> str:
    return known_text("zone_kind", kind, language)


def zonings_content(context: ReportContext) -> list[dict[str, Any]]:
    """Tables by kind of zone, and by the zonings given.

    Parameters
    ----------
    context : ReportContext

    Returns
    -------
    list of dict
        ``caption``, ``head`` and ``rows`` of texts.
    """
    language = context.language
    tables = []
    for kind in _KINDS:
        rows = context.question(context.flags, kind)
        if len(rows):
            caption = text(
                "report.zonings.caption",
                language,
                kind=text(f"kind.{kind}", language),
                question=question_label(context, rows, kind),
            )
            named = rows["zone_kind"].astype(str).map(lambda value: _zone_kind(value, language))
            tables.append(_count_table(rows, named, caption, language))
    for zoning, frame in context.zonings.items():
        rows = context.question(frame, "training")
        if not len(rows):
            continue
        caption = text(
            "report.zonings.other",
            language,
            zoning=zoning,
            vintage=str(rows["vintage"].iloc[0]),
            source=str(rows["source"].iloc[0]),
        )
        tables.append(_count_table(rows, rows["zone_name"].astype(str), caption, language))
    return tables


def _count_table(rows: pd.DataFrame, names: pd.Series, caption: str, language: str) -> dict[str, Any]:
    head = [text("report.zone", language), text("report.residents", language)]
    head += [text(f"level.{level}", language) for level in _LEVELS]
    body = []
    for name, part in rows.groupby(names, sort=False):
        zones = part.drop_duplicates("zone_id")
        people = pd.to_numeric(zones["residents"], errors="coerce")
        levels = part["level"].astype(str)
        held = bool(people.isna().any())
        body.append(
            [
                str(name),
                text("report.zonings.held", language) if held else format_number(float(people.sum()), language),
                *(format_number(int((levels == level).sum()), language) for level in _LEVELS),
            ]
        )
    return {"caption": caption, "head": head, "rows": body}


def metier_content(context: ReportContext, metier: Metier) -> dict[str, Any]:
    """Gather the page of one métier.

    Parameters
    ----------
    context : ReportContext
    metier : Metier

    Returns
    -------
    dict
        ``heading, lines, picture, alt, bands, curve, components, reasons, remedies, more_remedies, sessions, leads``.
    """
    language = context.language
    lines: list[str] = []
    leads: list[str] = []
    reasons: list[dict[str, Any]] = []
    for kind in _KINDS:
        if not is_asked(context, kind):
            continue
        reached = reach_of(context, metier.code, kind)
        name = text(f"kind.{kind}", language)
        if not len(reached):
            reasons.append({"caption": text("report.reasons.empty", language, kind=name), "rows": []})
            continue
        lines.append(_reach_line(context, metier, kind, reached))
        blocked = blocked_of(reached)
        total = max(float(blocked.sum()), 1e-9)
        known = reach_rows(context, metier.code, kind)
        rows = [
            {
                "reason": reason_words(known, str(key), language),
                "residents": float(count),
                "share": float(count) / total,
            }
            for key, count in blocked.items()
        ]
        caption = text("report.reasons.caption" if rows else "report.reasons.none", language, kind=name)
        reasons.append({"caption": caption, "rows": rows})
        lifts = lift_rows(context, metier.code, kind, float(blocked.sum()))
        if lifts:
            reasons.append(
                {
                    "caption": text("report.lifts.caption", language, kind=name),
                    "rows": lifts,
                    "head": text("report.change", language),
                }
            )
        lines += axis_lines(context, metier.code, kind)
        leads += [text(f"remedy.{key}", language) for key in blocked.index[:2]]
    sheet = context.sheets.get(metier.code)
    return {
        "heading": text("report.metier.heading", language, metier=named_metier(metier), code=metier.code),
        "lines": lines,
        "picture": embedded_png(sheet) if sheet is not None else None,
        "alt": _picture_alt(context, metier),
        "bands": _band_table(context, metier.code),
        "curve": curve_table(context, metier.code),
        "components": [*_components(context, metier.code), *mismatch_row(context, metier.code)],
        "reasons": reasons,
        **remedy_rows(context, metier.code),
        "sessions": session_table(context, metier.code),
        "leads": list(dict.fromkeys(leads)),
    }


def _band_table(context: ReportContext, metier: str) -> dict[str, Any] | None:
    """Who and what lies within each isochrone, a row per band; None without isochrones."""
    if context.counts is None:
        return None
    own = context.counts[context.counts["metier"].astype(str) == metier]
    columns = [name for name in _COUNTED if name in own.columns]
    if not len(own) or not columns:
        return None
    language = context.language

    def cell(value: float) -> str:
        return text("report.unknown_figure", language) if pd.isna(value) else format_number(float(value), language)

    return {
        "caption": text("report.bands.caption", language, label=context.bands_label),
        "head": [text("count.within", language), *(text(f"count.{name}", language) for name in columns)],
        "rows": [
            [minutes(float(row["minutes"]), language), *(cell(row[name]) for name in columns)]
            for row in own.sort_values("minutes").to_dict("records")
        ],
    }


def _own_levels(context: ReportContext, metier: Metier, kind: str) -> pd.Series:
    rows = context.question(context.flags, kind)
    return rows.loc[rows["metier"].astype(str) == metier.code, "level"].astype(str)


def _reach_line(context: ReportContext, metier: Metier, kind: str, reached: pd.Series) -> str:
    language = context.language
    if only_remote(reached):
        return text("report.metier.only_remote", language, kind=text(f"kind.{kind}", language))
    levels = _own_levels(context, metier, kind)
    levels = levels[levels != "sans objet"]
    said = text(
        "report.metier.reach" if kind == "training" else "report.metier.reach.job",
        language,
        share=share(share_of(reached), language),
        count=format_number(float(reached.get(REACHES, 0.0)), language),
        inadequate=plural("report.zones", int((levels == "inadéquat").sum()), language),
        all=format_number(len(levels), language),
    )
    return said[0].upper() + said[1:]


def _picture_alt(context: ReportContext, metier: Metier) -> str:
    kind = "training" if is_asked(context, "training") else "job"
    levels = _own_levels(context, metier, kind)
    counts = {name: int((levels == level).sum()) for name, level in (("adequate", "adéquat"), ("fragile", "fragile"))}
    return text(
        "map.alt",
        context.language,
        territory=context.territory or context.name,
        metier=named_metier(metier),
        inadequate=int((levels == "inadéquat").sum()),
        **counts,
    )


def _components(context: ReportContext, code: str) -> list[tuple[str, str, str]]:
    table, language = context.supply_adequacy, context.language
    if table is None or "metier" not in table.columns or not (table["metier"].astype(str) == code).any():
        return []
    row = table[table["metier"].astype(str) == code].iloc[0]

    def figure(column: str, *, as_share: bool) -> str:
        value = row.get(column)
        if value is None or pd.isna(value):
            return text("report.unknown_figure", language)
        return share(float(value), language) if as_share else format_number(float(value), language, decimals=2)

    source = row.get("employment_source")
    told = text("report.employment.meaning", language)
    told += f" ({source})" if source is not None and not pd.isna(source) else ""
    return [
        (
            text("report.geographic", language),
            figure("share_candidates_near", as_share=True),
            text("report.geographic.meaning", language),
        ),
        (
            text("report.need_near", language),
            figure("share_need_near", as_share=True),
            text("report.need_near.meaning", language),
        ),
        (
            text("report.quantitative", language),
            figure("places_per_need", as_share=False),
            text("report.quantitative.meaning", language),
        ),
        (text("report.employment", language), figure("employment_rate", as_share=True), told),
    ]


def unknown_content(context: ReportContext) -> dict[str, Any]:
    """Say what is not known, and what each source lost.

    Parameters
    ----------
    context : ReportContext

    Returns
    -------
    dict
        ``lines``, ``notes``, ``readings`` and ``observed``, all in the report's language.
    """
    language = context.language
    lines = []
    training = context.question(context.flags, "training")
    for metier in context.metiers:
        own = training[training["metier"].astype(str) == metier.code]
        places = int(own["unlocated_places"].max()) if len(own) else 0
        if places:
            told = plural("report.unlocated", places, language)
            lines.append(text("report.unknown.supply", language, places=told, metier=named_metier(metier)))
    if not lines:
        lines.append(text("report.unknown.no_supply", language))
    doubtful = int((context.flags["confidence"].astype(str) == "indécidable").sum())
    if doubtful:
        everything = format_number(len(context.flags), language)
        lines.append(plural("report.unknown.doubt", doubtful, language, all=everything))
    lines.append(text("report.unknown.secret", language))
    lines += observed_lines(context)
    lines.append(text("report.unknown.dates", language, day=written_date(context.service_date, language)))
    if context.crow_fly:
        lines.append(text("report.unknown.crow_fly", language))
    readings = [
        {
            "source": item.source,
            "read": item.read,
            "kept": item.kept,
            "located": item.located,
            "losses": [(count, why.told(language)) for count, why in item.losses],
        }
        for item in context.readings
    ]
    notes = [warning.told(language) for warning in context.manifest.warnings]
    return {"lines": lines, "notes": notes, "readings": readings, "observed": observed_table(context)}
