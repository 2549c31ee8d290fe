"""What stands beside the flags: the curve before the cut, the mismatch after Dares, and what people do."""

from __future__ import annotations

from typing import Any

import pandas as pd

from geo_access.report.context import ReportContext
from geo_access.report.words import minutes, share
from geo_access.words.words import format_number, plural, text

__all__ = ["curve_table", "mismatch_row", "observed_lines", "observed_table"]

_KINDS = ("training", "job")
_SHOWN_MIN = (15, 30, 45, 60, 75, 90, 105, 120)
_MOST_GAPS = 10


def curve_table(context: ReportContext, metier: str) -> list[dict[str, Any]]:
    """Share of the residents who reach a métier within so many minutes, a column for each public.

    Parameters
    ----------
    context : ReportContext
    metier : str

    Returns
    -------
    list of dict
        ``caption, head, rows`` of texts, one for each kind of trip.
    """
    if context.curves is None:
        return []
    language, found = context.language, []
    own = context.curves[context.curves["metier"].astype(str) == metier]
    for kind in _KINDS:
        rows = own[own["kind"].astype(str) == kind]
        if not len(rows):
            continue
        rows = rows[rows["schedule"].astype(str) == str(rows["schedule"].iloc[0])]
        alone = rows if "kilometres" not in rows else rows[rows["kilometres"].isna()]
        publics = [item for item in context.profiles if (alone["profile"].astype(str) == item.id).any()]
        head = [text("count.within", language)]
        columns: list[pd.Series] = []
        for public in publics:
            for kilometres, own_rows in _by_distance(rows[rows["profile"].astype(str) == public.id]):
                name = public.name or public.id
                if kilometres is not None:
                    name = text("report.curve.or_km", language, public=name, km=f"{kilometres:g}")
                head.append(name)
                columns.append(own_rows.set_index("minutes")["share"])
        caption = "report.curve.caption" if len(columns) == len(publics) else "report.curve.caption_km"
        found.append(
            {
                "caption": text(caption, language, kind=text(f"kind.{kind}", language)),
                "head": head,
                "rows": [
                    [minutes(limit, language), *(share(float(values[limit]), language) for values in columns)]
                    for limit in sorted(set(alone["minutes"].astype(float)))
                    if limit in _SHOWN_MIN
                ],
            }
        )
    return found


def _by_distance(rows: pd.DataFrame) -> list[tuple[float | None, pd.DataFrame]]:
    """Curves of one public: that of minutes alone, then those that count a distance beside them [km]."""
    if "kilometres" not in rows:
        return [(None, rows)]
    distances = sorted(set(rows["kilometres"].dropna().astype(float)))
    return [(None, rows[rows["kilometres"].isna()]), *((km, rows[rows["kilometres"] == km]) for km in distances)]


def mismatch_row(context: ReportContext, metier: str) -> list[tuple[str, str, str]]:
    """Give the geographic mismatch of a métier with its interval, and the official class beside it, never merged."""
    table = context.mismatch
    if table is None:
        return []
    own = table[table["metier"].astype(str) == metier]
    language = context.language
    if not len(own):
        told = text("report.unknown_figure", language), text("report.mismatch.absent", language)
        return [(text("report.mismatch", language), *told)]
    row = own.iloc[0]
    known = not pd.isna(row["mismatch_corrected"])
    figure = share(float(row["mismatch_corrected"]), language) if known else text("report.unknown_figure", language)
    bounds = {name: share(float(row[f"mismatch_{name}"]), language) if known else "–" for name in ("low", "high")}
    raw = share(float(row["mismatch"]), language) if known else "–"
    meaning = text("report.mismatch.meaning", language, raw=raw, **bounds)
    official = row.get("official_class")
    if official is not None and not pd.isna(official):
        meaning += " " + text("report.mismatch.official", language, rank=str(int(official)))
    return [(text("report.mismatch", language), figure, meaning)]


def observed_lines(context: ReportContext) -> list[str]:
    """Say how the times fare beside what people do, or that nothing was given to compare them with."""
    language, observed = context.language, context.observed
    if observed is None:
        return [text("report.observed.none", language)]
    lines = []
    gaps = observed.gaps
    if len(gaps):
        named = [
            text(
                "report.observed.pair",
                language,
                home=row["home_name"],
                work=row["work_name"],
                people=format_number(float(row["people"]), language),
            )
            for row in gaps.head(_MOST_GAPS).to_dict("records")
        ]
        told = "; ".join(named) + (" …" if len(gaps) > _MOST_GAPS else "")
        count = plural("report.observed.gaps", len(gaps), language)
        lines.append(text("report.observed.missing", language, count=count, pairs=told))
    elif (observed.by_mode["mode"] == "transit").any():
        lines.append(text("report.observed.no_gap", language))
    return lines


def observed_table(context: ReportContext) -> dict[str, Any] | None:
    """Observed trips by mode: how many, how many were measured, and the share within the threshold."""
    if context.observed is None:
        return None
    language = context.language
    rows = []
    for row in context.observed.by_mode.to_dict("records"):
        part = row["share_within"]
        within = text("report.unknown_figure", language) if pd.isna(part) else share(float(part), language)
        counts = [format_number(float(row[name]), language) for name in ("people", "measured")]
        rows.append([text(f"flow.{row['mode']}", language), *counts, within])
    head = [text(f"report.observed.{name}", language) for name in ("mode", "people", "measured", "within")]
    return {"caption": text("report.observed.caption", language), "head": head, "rows": rows}
