"""Pages of what changes: a scenario against its study, or one result folder against another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from geo_access.report.printing import can_print, write_pdf
from geo_access.report.words import embedded_png, environment, known_text, share
from geo_access.words.words import format_number, text

__all__ = ["ChangePage", "ShownTable", "people_sentences", "people_table", "write_change_page", "zones_table"]

_MOST_SENTENCES = 8
_MOST_ZONES = 40
_GROUPS = ("qpv", "rural", "youth", "job_seekers")


@dataclass(frozen=True)
class ShownTable:
    """A table as it is read: texts only."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class ChangePage:
    """What a page of changes says.

    Attributes
    ----------
    title, study, footer : str
    changes : tuple of str
        What was changed, in words.
    sentences : tuple of str
    nothing : str
        Instead of the sentences, where nothing moved.
    tables : tuple of ShownTable
    pictures : tuple of (str, str)
        File beside the page, and what it shows.
    note : str
        What the figures leave out.
    synthetic : bool
    language : str
    """

    title: str
    study: str
    footer: str
    changes: tuple[str, ...]
    sentences: tuple[str, ...] = ()
    nothing: str = ""
    tables: tuple[ShownTable, ...] = ()
    pictures: tuple[tuple[str, str], ...] = ()
    note: str = ""
    synthetic: bool = False
    language: str = "fr"


def write_change_page(content: ChangePage, path: Path) -> list[Path]:
    """Write the page as HTML, and as PDF beside it where the extra ``[report]`` is installed.

    Parameters
    ----------
    content : ChangePage
    path : pathlib.Path
        HTML file.

    Returns
    -------
    list of pathlib.Path
    """
    template = environment(content.language, ("scenario.html",)).get_template("scenario.html")
    told = {
        "title": content.title,
        "study": content.study,
        "changes": content.changes,
        "sentences": content.sentences,
        "nothing": content.nothing,
        "tables": content.tables,
        "footer": content.footer,
        "note": content.note,
        "synthetic": content.synthetic,
    }
    beside = [{"src": src, "alt": alt} for src, alt in content.pictures]
    path.write_text(template.render(told, pictures=beside), encoding="utf-8")
    if not can_print():
        return [path]
    # On paper the pictures are in the page: nothing is fetched, and the same page gives the same bytes.
    inside = [{"src": embedded_png(path.parent / src), "alt": alt} for src, alt in content.pictures]
    paper = path.with_suffix(".pdf")
    write_pdf(template.render(told, pictures=inside), paper)
    return [path, paper]


def people_sentences(people: pd.DataFrame, profiles: dict[str, str], language: str) -> tuple[str, ...]:
    """Say who gained and who lost, the most moved first; never a net figure.

    Parameters
    ----------
    people : pandas.DataFrame
        As in `study.delta.Delta`: ``residents_won``, ``residents_lost``, ``free_won``, ``free_lost``,
        ``zones_flagged``, ``zones_unflagged`` by métier and public.
    profiles : dict of str to str
        Names of the publics.
    language : str

    Returns
    -------
    tuple of str
    """
    moved = people[people[["residents_won", "residents_lost", "free_won", "free_lost"]].sum(axis=1) > 0]
    ranked = moved.assign(most=moved[["residents_won", "residents_lost"]].max(axis=1))
    ranked = ranked.sort_values(["most", "metier"], ascending=[False, True], kind="stable")
    sentences = []
    for row in ranked.head(_MOST_SENTENCES).to_dict("records"):
        common = {
            "metier": row["metier_name"] or row["metier"],
            "profile": profiles.get(row["profile"], row["profile"]),
            "kind": text(f"kind.{row['kind']}", language),
            "won": format_number(row["residents_won"], language),
            "lost": format_number(row["residents_lost"], language),
            "unflagged": format_number(row["zones_unflagged"], language),
            "flagged": format_number(row["zones_flagged"], language),
        }
        sentences.append(text("scenario.summary", language, **common))
        if row["free_won"] or row["free_lost"]:
            free = {name: format_number(row[name], language) for name in ("free_won", "free_lost")}
            sentences[-1] += " " + text("scenario.free", language, **free)
    return tuple(sentences)


def people_table(people: pd.DataFrame, profiles: dict[str, str], language: str) -> ShownTable:
    """Lay out the residents who gain and lose, by métier and public, with the groups that are known."""
    groups = [name for name in _GROUPS if f"{name}_won" in people]
    heads = ["scenario.metier", "scenario.public", "scenario.gain", *(f"scenario.{name}" for name in groups)]
    heads += ["scenario.lose", *(f"scenario.{name}" for name in groups), "scenario.minutes_saved"]
    rows = []
    moved = people[people[["residents_won", "residents_lost", "free_won", "free_lost"]].sum(axis=1) > 0]
    for row in moved.to_dict("records"):
        figures = [row["residents_won"], *(row[f"{name}_won"] for name in groups)]
        figures += [row["residents_lost"], *(row[f"{name}_lost"] for name in groups)]
        saved = row["minutes_saved"]
        rows.append(
            (
                f"{row['metier_name'] or row['metier']} · {text('kind.' + row['kind'], language)}",
                profiles.get(row["profile"], row["profile"]),
                *(format_number(value, language) for value in figures),
                "–" if pd.isna(saved) else format_number(saved, language, decimals=1),
            )
        )
    return ShownTable(text("scenario.people", language), tuple(text(head, language) for head in heads), tuple(rows))


def zones_table(zones: pd.DataFrame, names: dict[str, str], language: str) -> ShownTable:
    """Lay out the zones whose level moved, the most residents first."""
    moved = zones[zones["level_before"] != zones["level_after"]]
    moved = moved.assign(most=moved[["won", "lost"]].max(axis=1)).sort_values("most", ascending=False, kind="stable")
    rows = tuple(
        (
            str(row["zone_name"]),
            names.get(row["metier"], row["metier"]),
            known_text("level", row["level_before"], language),
            known_text("level", row["level_after"], language),
            share(row["share_before"], language),
            share(row["share_after"], language),
        )
        for row in moved.head(_MOST_ZONES).to_dict("records")
    )
    heads = (
        "scenario.zone",
        "scenario.metier",
        "scenario.before",
        "scenario.after",
        "scenario.before",
        "scenario.after",
    )
    return ShownTable(text("scenario.zones", language), tuple(text(head, language) for head in heads), rows)
