"""Pages of what changes: a scenario against its study, or one result folder against another."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from geo_access.report.printing import can_print, write_pdf
from geo_access.report.words import embedded_png, environment, known_text, share
from geo_access.words.words import format_number, text

__all__ = ["ChangePage", "Labels", "ShownTable", "people_sentences", "people_table", "write_change_page", "zones_table"]

_MOST_SENTENCES = 8
_MOST_LOSSES = 4
_MOST_ZONES = 40
_GROUPS = ("qpv", "rural", "youth", "job_seekers")


@dataclass(frozen=True)
class ShownTable:
    """A table as it is read: texts only."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: str = ""

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Which columns hold figures alone."""
        columns = [[row[k] for row in self.rows] for k in range(len(self.heads))]
        return tuple(bool(column) and not any(map(str.isalpha, "".join(column))) for column in columns)


@dataclass(frozen=True)
class Labels:
    """Names of what tables hold by code or id.

    Attributes
    ----------
    metiers, profiles, schedules : dict of str to str
        A code or id without a name stands for itself.
    language : str
    """

    metiers: Mapping[str, str]
    profiles: Mapping[str, str]
    schedules: Mapping[str, str]
    language: str = "fr"

    def metier(self, row: Mapping[Hashable, Any]) -> str:
        """Name of the métier of a row."""
        return self.metiers.get(row["metier"]) or str(row["metier"])

    def public(self, row: Mapping[Hashable, Any]) -> str:
        """Name of the public of a row."""
        return self.profiles.get(row["profile"]) or str(row["profile"])

    def asked(self, row: Mapping[Hashable, Any]) -> str:
        """Training or jobs, and at which hours."""
        hours = self.schedules.get(row["schedule"])
        if hours is None:
            own = str(row["schedule"]) == "own_hours"
            hours = text("schedule.own_hours", self.language) if own else str(row["schedule"])
        return f"{text('kind.' + str(row['kind']), self.language)}, {hours}"


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
        File beside the page, and what it shows; for the report, with its folder.
    note : str
        What the figures leave out.
    synthetic : bool
    language : str
    folder : str
        Where it stands within the result, for the report.
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
    folder: str = ""


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
    # On a small screen the map opens alone, as large as it is.
    beside = [{"src": src, "alt": alt, "beside": True} for src, alt in content.pictures]
    path.write_text(template.render(told, pictures=beside), encoding="utf-8")
    if not can_print():
        return [path]
    # On paper the pictures are in the page: nothing is fetched, and the same page gives the same bytes.
    inside = [{"src": embedded_png(path.parent / src), "alt": alt, "beside": False} for src, alt in content.pictures]
    paper = path.with_suffix(".pdf")
    write_pdf(template.render(told, pictures=inside), paper)
    return [path, paper]


def people_sentences(people: pd.DataFrame, labels: Labels) -> tuple[str, ...]:
    """Say who gained and who lost, the most moved first; never a net figure, and those who lose most are always said.

    Parameters
    ----------
    people : pandas.DataFrame
        As in `study.delta.Delta`: ``residents_won``, ``residents_lost``, ``free_won``, ``free_lost``,
        ``zones_flagged``, ``zones_unflagged``, ``zones_unmeasured`` by métier and public.
    labels : Labels

    Returns
    -------
    tuple of str
    """
    language = labels.language
    moved = _moved(people)
    ranked = moved.assign(most=moved[["residents_won", "residents_lost"]].max(axis=1))
    ranked = ranked.sort_values(["most", "metier"], ascending=[False, True], kind="stable")
    losing = ranked[ranked["residents_lost"] > 0].sort_values("residents_lost", ascending=False, kind="stable")
    said = ranked.index[:_MOST_SENTENCES].union(losing.index[:_MOST_LOSSES])
    sentences = []
    for row in ranked[ranked.index.isin(said)].to_dict("records"):
        common = {
            "metier": labels.metier(row),
            "profile": labels.public(row),
            "asked": labels.asked(row),
            "won": format_number(row["residents_won"], language),
            "lost": format_number(row["residents_lost"], language),
            "unflagged": format_number(row["zones_unflagged"], language),
            "flagged": format_number(row["zones_flagged"], language),
        }
        sentences.append(text("scenario.summary", language, **common))
        if row["zones_unmeasured"]:
            sentences[-1] += " " + text(
                "scenario.unmeasured", language, n=format_number(row["zones_unmeasured"], language)
            )
        if row["free_won"] or row["free_lost"]:
            free = {name: format_number(row[name], language) for name in ("free_won", "free_lost")}
            sentences[-1] += " " + text("scenario.free", language, **free)
    return tuple(sentences)


def _moved(people: pd.DataFrame) -> pd.DataFrame:
    moves = ["residents_won", "residents_lost", "free_won", "free_lost", "zones_unmeasured"]
    return people[people[moves].sum(axis=1) > 0]


def people_table(people: pd.DataFrame, labels: Labels) -> ShownTable:
    """Lay out the residents who gain and lose, by métier and public, with the groups that are known.

    Of each question two rows: those who gain and, where there are any, those who lose.
    """
    language = labels.language
    groups = [name for name in _GROUPS if f"{name}_won" in people]
    heads = ["scenario.metier", "scenario.public", "scenario.who", "scenario.residents"]
    heads += [*(f"scenario.{name}" for name in groups), "scenario.minutes_saved"]
    rows = []
    for row in _moved(people).to_dict("records"):
        saved = row["minutes_saved"]
        for side, head in (("won", "scenario.gain"), ("lost", "scenario.lose")):
            figures = [row[f"residents_{side}"], *(row[f"{name}_{side}"] for name in groups)]
            cells = (text(head, language), *(format_number(value, language) for value in figures))
            minutes = "–" if pd.isna(saved) or side == "lost" else format_number(saved, language, decimals=1)
            rows.append((f"{labels.metier(row)} · {labels.asked(row)}", labels.public(row), *cells, minutes))
    return ShownTable(text("scenario.people", language), tuple(text(head, language) for head in heads), tuple(rows))


def zones_table(zones: pd.DataFrame, labels: Labels, *, file: str = "zones.csv") -> ShownTable:
    """Lay out the zones whose level moved, the most residents first; how many are left out of the file is said."""
    language = labels.language
    moved = zones[zones["level_before"] != zones["level_after"]]
    moved = moved.assign(most=moved[["won", "lost"]].max(axis=1)).sort_values("most", ascending=False, kind="stable")
    rows = tuple(
        (
            str(row["zone_name"]),
            f"{labels.metier(row)} · {labels.asked(row)}",
            labels.public(row),
            known_text("level", row["level_before"], language),
            known_text("level", row["level_after"], language),
            share(row["share_before"], language),
            share(row["share_after"], language),
        )
        for row in moved.head(_MOST_ZONES).to_dict("records")
    )
    heads = ("zone", "metier", "public", "level_before", "level_after", "share_before", "share_after")
    n = len(moved) - len(rows)
    more = text("scenario.more_zones", language, n=format_number(n, language), file=file) if n else ""
    more = more if rows else text("scenario.no_zone", language)
    named = tuple(text(f"scenario.{head}", language) for head in heads)
    return ShownTable(text("scenario.zones", language), named, rows, more)
