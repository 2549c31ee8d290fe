"""The changes tried for a métier, one by one, as rows of the report."""

from __future__ import annotations

from typing import Any

from geo_access.report.changes import change_told
from geo_access.report.context import ReportContext
from geo_access.words.words import text

__all__ = ["remedy_rows"]

_MOST_ROWS = 12


def remedy_rows(context: ReportContext, metier: str) -> dict[str, Any]:
    """List the changes tried for a métier, those that lift a zone first, then those that help most residents.

    Parameters
    ----------
    context : ReportContext
    metier : str

    Returns
    -------
    dict
        ``remedies`` (``zone, public, kind, change, before, after, gained, lifts``) and ``more_remedies``, which says
        how many stand in the file alone.
    """
    table, language = context.remedies, context.language
    if table is None or not len(table):
        return {"remedies": [], "more_remedies": ""}
    own = table[(table["metier"].astype(str) == metier) & (table["residents_gained"] > 0)]
    left = max(len(own) - _MOST_ROWS, 0)
    own = own.sort_values(["lifts", "residents_gained"], ascending=False, kind="stable").head(_MOST_ROWS)
    flags = context.flags.drop_duplicates("zone_id")
    names = dict(zip(flags["zone_id"].astype(str), flags["zone_name"].astype(str)))
    publics = {profile.id: profile.name or profile.id for profile in context.profiles}
    hours = {item.id: item.name or item.id for item in context.schedules}

    def asked(row: dict[str, Any]) -> str:
        """Towards what, at which hours: the same change may lift one shift and not another."""
        if "kind" not in row:
            return "–"
        at = hours.get(str(row.get("schedule"))) or text("schedule.own_hours", language)
        return f"{text('kind.' + str(row['kind']), language)}, {at}"

    rows = [
        {
            "public": publics.get(str(row.get("profile", "")), "–"),
            "zone": names.get(str(row["zone_id"]), str(row["zone_id"])),
            "kind": asked(row),
            "change": change_told(row["remedy"], row["detail"], float(row.get("residents_lost", 0)), language),
            "before": float(row["share_before"]),
            "after": float(row["share_after"]),
            "gained": float(row["residents_gained"]),
            "lifts": bool(row["lifts"]),
        }
        for row in ({str(name): value for name, value in each.items()} for each in own.to_dict("records"))
    ]
    more = text("report.remedies.more", language, n=left) if left else ""
    return {"remedies": rows, "more_remedies": more}
