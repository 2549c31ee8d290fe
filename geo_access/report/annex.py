"""The methodology annex: rules, thresholds, publics, hours, the three senses, sources, fingerprints."""

from __future__ import annotations

from typing import Any

import pandas as pd

from geo_access.clock import format_clock, parse_clock
from geo_access.diagnosis.model import FlagReason, Threshold
from geo_access.diagnosis.version_one import FirstReason
from geo_access.report.context import ReportContext
from geo_access.report.words import share
from geo_access.words.words import format_number, text

__all__ = ["annex_content"]

_MOST_ROWS = 40
_SENSES = ("dares_mismatch", "supply_adequacy", "flag")


def _table(title: str, head: list[str], rows: list[list[str]]) -> dict[str, Any]:
    return {"title": title, "head": head, "rows": rows}


def annex_content(context: ReportContext) -> dict[str, Any]:
    """Gather what the template ``annex.html`` shows.

    Parameters
    ----------
    context : ReportContext

    Returns
    -------
    dict
        ``senses`` (name, label, text), ``tables`` (title, head, rows), ``reasons``, ``sources``, ``inputs`` and
        ``versions``; plain text throughout, which the template escapes.
    """
    language = context.language

    def t(key: str, **values: object) -> str:
        return text(key, language, **values)

    manifest = context.manifest.to_dict()
    return {
        "senses": [(name, t(f"annex.sense.{name}"), t(f"annex.sense.{name}.text")) for name in _SENSES],
        "tables": _tables(context),
        "reasons": [
            (t(f"reason.{reason.name}"), t(f"remedy.{reason.name}"))
            for reason in (FirstReason if context.rules.first else FlagReason)
            if reason.name != "REACHES"
        ],
        "sources": list(context.sources),
        "inputs": list(manifest["inputs"].items()),
        "versions": t("annex.versions", version=manifest["geo_access"], python=manifest["python"]),
    }


def _checks(context: ReportContext) -> list[dict[str, Any]]:
    """Count the findings of the timetables by kind, and the links to the streets by outcome."""
    language = context.language

    def t(key: str, **values: object) -> str:
        return text(key, language, **values)

    tables = []
    if context.notices is not None and len(context.notices):
        by = ["feed", "severity", "code", "file", "action"]
        kinds = context.notices.groupby(by, sort=False, dropna=False)["count"].sum().reset_index()
        rows = [
            [
                str(row["feed"]),
                t(f"annex.severity.{row['severity']}"),
                str(row["code"]),
                str(row["file"]),
                t(f"note.action.{row['action']}"),
                format_number(float(row["count"]), language),
            ]
            for row in kinds.to_dict("records")
        ]
        head = [t(f"annex.notice.{name}") for name in (*by, "count")]
        tables.append(_table(t("annex.notices"), head, rows[:_MOST_ROWS]))
    if context.links is not None and len(context.links):
        outcomes = context.links.groupby(["table", "reason"], sort=False)["distance_m"].agg(["size", "max"])
        rows = [
            [
                t(f"annex.link.{row['table']}"),
                t(f"annex.link.{row['reason']}"),
                format_number(int(row["size"]), language),
                "–" if pd.isna(row["max"]) else format_number(float(row["max"]), language),
            ]
            for row in outcomes.reset_index().to_dict("records")
        ]
        head = [t(f"annex.link.{name}") for name in ("of", "outcome", "count", "farthest")]
        tables.append(_table(t("annex.links"), head, rows))
    return tables


def _clock(written: str) -> str:
    """Clock text as read aloud: 29:00 is 05:00 on the next day."""
    return format_clock(parse_clock(written))


def _tables(context: ReportContext) -> list[dict[str, Any]]:
    language, rules = context.language, context.rules

    def t(key: str, **values: object) -> str:
        return text(key, language, **values)

    def number(value: float) -> str:
        return format_number(value, language, decimals=0 if float(value).is_integer() else 1)

    def limit_of(item: Threshold) -> str:
        told = number(item.minutes)
        return told if item.kilometres is None else t("threshold.or_km", minutes=told, km=number(item.kilometres))

    at_least = t("annex.rule.at_least", n=rules.min_opportunities)
    rule_rows = [
        [t("annex.rule.version"), rules.version],
        [t("annex.rule.adequate"), t("annex.rule.share", share=share(rules.adequate_share, language))],
        [t("annex.rule.fragile"), t("annex.rule.share", share=share(rules.fragile_share, language))],
        [t("annex.rule.opportunities"), at_least],
        [t("annex.rule.margin"), f"± {share(rules.threshold_margin, language)}"],
    ]
    empty = t("annex.empty")
    return [
        _table(t("annex.rules"), [t("annex.rule"), t("annex.value")], rule_rows),
        _table(
            t("annex.thresholds"),
            [t("annex.threshold"), t("annex.minutes"), t("annex.kind"), t("report.source"), t("annex.status")],
            [
                [item.name, limit_of(item), t(f"kind.{item.kind}"), item.source, item.status or empty]
                for item in context.thresholds
            ],
        ),
        _table(
            t("annex.profiles"),
            [t("annex.profile"), t("annex.mode"), t("annex.walk"), t("annex.access")],
            [
                [
                    item.name or item.id,
                    t(f"mode.{item.mode}"),
                    "–" if item.mode in ("bike", "car") else number(item.walk_kmh),
                    number(item.max_access_min) if item.uses_transit else "–",
                ]
                for item in context.profiles
            ],
        ),
        _table(
            t("annex.schedules"),
            [t("annex.schedule"), t("annex.kind"), t("annex.hours"), t("annex.slack")],
            [
                [
                    item.name,
                    t(f"kind.{item.kind}"),
                    t("person.hours", start=_clock(item.start), end=_clock(item.end)),
                    f"{number(item.slack_before_min)}, {number(item.slack_after_min)}",
                ]
                for item in context.schedules
            ],
        ),
        *_checks(context),
    ]
