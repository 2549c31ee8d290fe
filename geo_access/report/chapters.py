"""The chapters of the study report, as plain values for the template."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from geo_access.diagnosis.model import FlagReason, Metier
from geo_access.report.context import ReportContext
from geo_access.report.words import embedded_png, known_text, minutes, share
from geo_access.words.words import format_number, plural, text, written_date

__all__ = ["flagged_content", "metier_content", "summary_content", "unknown_content", "zonings_content"]

_KINDS = ("training", "job")
_LEVELS = ("adéquat", "fragile", "inadéquat", "sans objet")
_CSS = {"adéquat": "adequat", "fragile": "fragile", "inadéquat": "inadequat", "sans objet": "none"}
_BAD = ("inadéquat", "fragile")
_MOST_ROWS = 60
_MOST_REMEDIES = 12
_COUNTED = ("residents", "qpv_residents", "job_seekers", "places", "openings")
_REACHES = FlagReason.REACHES.name


def _asked(context: ReportContext, kind: str) -> bool:
    """Whether the summary's public was studied for a kind of trip."""
    return bool(len(context.question(context.reach, kind)))


def _reach(context: ReportContext, metier: str, kind: str, *, profile: str | None = None) -> pd.Series:
    """Residents by reason for one métier, the most frequent reason first; empty when nothing was studied."""
    rows = context.question(context.reach, kind, profile=profile)
    rows = rows[rows["metier"].astype(str) == metier]
    return rows.groupby(rows["reason"].astype(str))["residents"].sum().sort_values(ascending=False, kind="stable")


def _share_of(reached: pd.Series) -> float:
    total = float(reached.sum())
    return float(reached.get(_REACHES, 0.0)) / total if total > 0 else float("nan")


def _blocked(reached: pd.Series) -> pd.Series:
    return reached.drop(_REACHES, errors="ignore")


def _named(metier: Metier) -> str:
    return metier.name or metier.code


def _question_label(context: ReportContext, rows: pd.DataFrame, kind: str) -> str:
    """Public, hours and threshold of a question, for a caption."""
    language = context.language
    profile = context.profiles[0]
    schedule = str(rows["schedule"].iloc[0])
    named = {item.id: item.name for item in context.schedules}
    hours = named.get(schedule) or text("schedule.own_hours", language)
    limit = next((item for item in context.thresholds if item.id == str(rows["threshold"].iloc[0])), None)
    parts = [profile.name or profile.id, hours]
    if limit is not None and limit.kind == kind:
        parts.append(minutes(limit.minutes, language))
    return ", ".join(parts)


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
    kinds = [kind for kind in _KINDS if _asked(context, kind)]
    rows = []
    for metier in context.metiers:
        cells = []
        for kind in kinds:
            reached = _reach(context, metier.code, kind)
            blocked = _blocked(reached)
            reason = text(f"reason.{blocked.index[0]}", language) if len(blocked) else "–"
            cells.append({"share": share(_share_of(reached), language), "reason": reason})
        rows.append({"name": f"{_named(metier)} ({metier.code})", "cells": cells})
    people = max(
        (float(_reach(context, metier.code, kind).sum()) for kind in kinds for metier in context.metiers), default=0.0
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
    lines += [line for line in (_obstacle_line(context, kinds), _qpv_line(context), _car_line(context)) if line]
    return {"intro": intro, "lines": lines, "kinds": kinds, "rows": rows}


def _range_line(context: ReportContext, kind: str) -> str:
    """Sentence from the worst métier to the best."""
    language = context.language
    shares = [(_share_of(_reach(context, metier.code, kind)), _named(metier)) for metier in context.metiers]
    shares = sorted(item for item in shares if np.isfinite(item[0]))
    if not shares:
        return ""
    wanted = str(context.question(context.reach, kind)["threshold"].iloc[0])
    limit = next((item.minutes for item in context.thresholds if item.id == wanted), None)
    values = {
        "threshold": "–" if limit is None else minutes(limit, language),
        "worst": shares[0][1], "worst_share": share(shares[0][0], language),
        "best": shares[-1][1], "best_share": share(shares[-1][0], language),
    }  # fmt: skip
    return text(f"report.summary.{kind}" + (".one" if len(shares) == 1 else ""), language, **values)


def _obstacle_line(context: ReportContext, kinds: list[str]) -> str:
    blocked: dict[str, float] = {}
    for kind in kinds:
        for metier in context.metiers:
            for reason, count in _blocked(_reach(context, metier.code, kind)).items():
                blocked[str(reason)] = blocked.get(str(reason), 0.0) + float(count)
    if not blocked:
        return ""
    first = max(blocked, key=lambda name: blocked[name])
    part = share(blocked[first] / sum(blocked.values()), context.language)
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
    bad = format_number(int((levels == "inadéquat").sum()), language)
    return text("report.summary.qpv", language, bad=bad, all=format_number(len(levels), language))


def _car_line(context: ReportContext) -> str:
    """Say what a car would change: the mean over the métiers, for training."""
    car = next((profile.id for profile in context.profiles[1:] if profile.mode == "car"), None)
    if car is None or context.profiles[0].mode == "car":
        return ""
    means = []
    for profile in (None, car):
        shares = [_share_of(_reach(context, metier.code, "training", profile=profile)) for metier in context.metiers]
        known = [value for value in shares if np.isfinite(value)]
        if not known:
            return ""
        means.append(share(float(np.mean(known)), context.language))
    return text("report.summary.car", context.language, without=means[0], with_car=means[1])


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
    bad = rows["level"].map({"inadéquat": 100, "fragile": 1}).fillna(0).groupby(rows["zone_id"]).sum()
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
        question=_question_label(context, rows, kind),
    )
    left = len(order) - len(shown)
    more = plural("report.flagged.more", left, language) if left > 0 else ""
    return {"caption": caption, "metiers": [_named(item) for item in context.metiers], "rows": shown, "more": more}


def _level_cell(row: Any, language: str) -> dict[str, str]:
    if row is None:
        return {"css": "none", "letter": "–", "title": text("level.none", language)}
    level, confidence = str(row.level), str(row.confidence)
    letter = text("report.letters", language).split()[_LEVELS.index(level)]
    sure = text(f"confidence.{confidence}", language)
    doubt = "\u202f?" if confidence != "sûr" and level != "sans objet" else ""
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
                question=_question_label(context, rows, kind),
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
        ``heading, lines, picture, alt, bands, components, reasons, remedies, leads``.
    """
    language = context.language
    lines: list[str] = []
    leads: list[str] = []
    reasons: list[dict[str, Any]] = []
    for kind in _KINDS:
        if not _asked(context, kind):
            continue
        reached = _reach(context, metier.code, kind)
        name = text(f"kind.{kind}", language)
        if not len(reached):
            reasons.append({"caption": text("report.reasons.empty", language, kind=name), "rows": []})
            continue
        lines.append(_reach_line(context, metier, kind, reached))
        blocked = _blocked(reached)
        total = max(float(blocked.sum()), 1e-9)
        rows = [
            {"reason": text(f"reason.{key}", language), "residents": float(count), "share": float(count) / total}
            for key, count in blocked.items()
        ]
        caption = text("report.reasons.caption" if rows else "report.reasons.none", language, kind=name)
        reasons.append({"caption": caption, "rows": rows})
        leads += [text(f"remedy.{key}", language) for key in blocked.index[:2]]
    sheet = context.sheets.get(metier.code)
    return {
        "heading": text("report.metier.heading", language, metier=_named(metier), code=metier.code),
        "lines": lines,
        "picture": embedded_png(sheet) if sheet is not None else None,
        "alt": _picture_alt(context, metier),
        "bands": _band_table(context, metier.code),
        "components": _components(context, metier.code),
        "reasons": reasons,
        "remedies": _remedies(context, metier.code),
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
    levels = _own_levels(context, metier, kind)
    levels = levels[levels != "sans objet"]
    return text(
        "report.metier.reach" if kind == "training" else "report.metier.reach.job",
        language,
        share=share(_share_of(reached), language),
        count=format_number(float(reached.get(_REACHES, 0.0)), language),
        inadequate=plural("report.zones", int((levels == "inadéquat").sum()), language),
        all=format_number(len(levels), language),
    )


def _picture_alt(context: ReportContext, metier: Metier) -> str:
    kind = "training" if _asked(context, "training") else "job"
    levels = _own_levels(context, metier, kind)
    counts = {name: int((levels == level).sum()) for name, level in (("adequate", "adéquat"), ("fragile", "fragile"))}
    return text(
        "map.alt",
        context.language,
        territory=context.territory or context.name,
        metier=_named(metier),
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
        (text("report.geographic", language), figure("share_candidates_near", as_share=True),
         text("report.geographic.meaning", language)),
        (text("report.need_near", language), figure("share_need_near", as_share=True),
         text("report.need_near.meaning", language)),
        (text("report.quantitative", language), figure("places_per_need", as_share=False),
         text("report.quantitative.meaning", language)),
        (text("report.employment", language), figure("employment_rate", as_share=True), told),
    ]  # fmt: skip


def _remedies(context: ReportContext, code: str) -> list[dict[str, Any]]:
    """List the changes tried for a métier, those that lift a zone first, then those that help most residents."""
    table = context.remedies
    if table is None or not len(table):
        return []
    own = table[(table["metier"].astype(str) == code) & (table["residents_gained"] > 0)]
    own = own.sort_values(["lifts", "residents_gained"], ascending=False, kind="stable").head(_MOST_REMEDIES)
    flags = context.flags.drop_duplicates("zone_id")
    names = dict(zip(flags["zone_id"].astype(str), flags["zone_name"].astype(str)))
    return [
        {
            "zone": names.get(str(row["zone_id"]), str(row["zone_id"])),
            "kind": text(f"kind.{row['kind']}", context.language) if "kind" in row else "–",
            "change": text(f"report.change.{row['remedy']}", context.language, detail=row["detail"]),
            "before": float(row["share_before"]),
            "after": float(row["share_after"]),
            "gained": float(row["residents_gained"]),
            "lifts": bool(row["lifts"]),
        }
        for row in own.to_dict("records")
    ]


def unknown_content(context: ReportContext) -> dict[str, Any]:
    """Say what is not known, and what each source lost.

    Parameters
    ----------
    context : ReportContext

    Returns
    -------
    dict
        ``lines``, ``notes`` and ``readings``, all in the report's language.
    """
    language = context.language
    lines = []
    training = context.question(context.flags, "training")
    for metier in context.metiers:
        own = training[training["metier"].astype(str) == metier.code]
        places = int(own["unlocated_places"].max()) if len(own) else 0
        if places:
            told = plural("report.unlocated", places, language)
            lines.append(text("report.unknown.supply", language, places=told, metier=_named(metier)))
    if not lines:
        lines.append(text("report.unknown.no_supply", language))
    doubtful = int((context.flags["confidence"].astype(str) == "indécidable").sum())
    if doubtful:
        everything = format_number(len(context.flags), language)
        lines.append(plural("report.unknown.doubt", doubtful, language, all=everything))
    lines.append(text("report.unknown.secret", language))
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
    return {"lines": lines, "notes": notes, "readings": readings}
