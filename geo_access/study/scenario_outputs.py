"""What a scenario leaves: a folder with its flags, its delta, a map of change per métier and a page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.manifest import Manifest, write_whole
from geo_access.maps.content import MapChange
from geo_access.maps.paper import can_draw
from geo_access.report.scenario import (
    ChangePage,
    Labels,
    ShownTable,
    people_sentences,
    people_table,
    write_change_page,
    zones_table,
)
from geo_access.sources.tables.write import write_csv
from geo_access.study.changes import ScenarioSection
from geo_access.study.compare import RunComparison
from geo_access.study.comparison_maps import change_maps
from geo_access.study.folder import MARK, output_files, slugs
from geo_access.study.prepared import PreparedStudy, Progress, silent
from geo_access.study.scenario import scenario_changes
from geo_access.study.whatif import Outcome, run_scenario
from geo_access.words.words import format_number, text, written_date

__all__ = ["write_comparison", "write_outcome", "write_scenarios"]

_LONGEST_VALUE = 24


def write_scenarios(
    folder: Path, base: PreparedStudy, *, progress: Progress = silent
) -> tuple[tuple[ChangePage, ...], tuple[MapChange, ...]]:
    """Run the scenarios of a study and write a folder for each.

    Parameters
    ----------
    folder : pathlib.Path
        Result folder; scenarios go to ``scenarios/`` in it.
    base : PreparedStudy
    progress : callable
        Called with a stage and the share done, 0–1.

    Returns
    -------
    pages : tuple of ChangePage
        For the report: paths of the pictures as they stand.
    changes : tuple of MapChange
        For the maps of the study.
    """
    sections = base.file.scenarios
    names = slugs([section.id for section in sections])
    pages: list[ChangePage] = []
    moved: list[MapChange] = []
    for number, section in enumerate(sections):
        progress("scenarios", number / len(sections))
        changes = scenario_changes(sections, section.id)
        outcome = run_scenario(base, changes, where=f"scenarios: {section.id}")
        own = folder / "scenarios" / names[section.id]
        page = write_outcome(own, outcome, section)
        pictures = tuple((str(own / name), alt) for name, alt in page.pictures)
        pages.append(replace(page, pictures=pictures, folder=own.relative_to(folder).as_posix()))
        moved.append(MapChange(section.name, outcome.delta.zones))
    return tuple(pages), tuple(moved)


def write_outcome(folder: Path, outcome: Outcome, section: ScenarioSection) -> ChangePage:
    """Write what one scenario does.

    Parameters
    ----------
    folder : pathlib.Path
    outcome : Outcome
    section : ScenarioSection

    Returns
    -------
    ChangePage
        As it was written into ``index.html`` (and PDF), beside ``flags.csv``, ``delta.csv``, ``zones.csv`` and
        ``change_….png`` for each métier that moved.
    """
    folder.mkdir(parents=True, exist_ok=True)
    base, delta = outcome.before, outcome.delta
    language = base.file.study.language
    for name, table in (("flags", outcome.after.diagnosis.flags), ("delta", delta.people), ("zones", delta.zones)):
        write_csv(table, folder / f"{name}.csv")
    maps = _change_maps(folder, outcome, section)
    labels = _labels(base)
    page = ChangePage(
        title=text("scenario.title", language, name=section.name),
        study=base.file.study.name,
        footer=_footer(base),
        changes=tuple(change.told(language) for change in outcome.told),
        sentences=people_sentences(delta.people, labels),
        note=" ".join([text("scenario.one_day", language), *_undrawn(language)]),
        nothing=text("scenario.nothing", language, why=text("scenario.why.full", language))
        if delta.changes_nothing
        else "",
        tables=(people_table(delta.people, labels), zones_table(delta.zones, labels)),
        pictures=tuple((path.name, alt) for path, alt in maps),
        synthetic=base.file.study.synthetic,
        language=language,
    )
    write_change_page(page, folder / "index.html")
    return page


def _labels(base: PreparedStudy) -> Labels:
    return Labels(
        {metier.code: metier.name for metier in base.metiers},
        {profile.id: profile.name for profile in base.profiles},
        {schedule.id: schedule.name for schedule in base.schedules},
        base.file.study.language,
    )


def _footer(base: PreparedStudy) -> str:
    file, language = base.file, base.file.study.language
    tables = (file.origins.zones, file.origins.points, file.training, file.employers)
    sources = "; ".join(dict.fromkeys(table.source for table in tables if table is not None and table.source))
    return text(
        "scenario.footer",
        language,
        manifest=base.manifest_id,
        day=written_date(file.study.date, language),
        sources=sources,
    )


def _change_maps(folder: Path, outcome: Outcome, section: ScenarioSection) -> list[tuple[Path, str]]:
    """Draw the change of the share of residents for each métier that moved, at its most moved question."""
    if not can_draw():
        return []
    from geo_access.maps.change import ChangeMap, draw_change  # noqa: PLC0415 — an extra

    base, people = outcome.before, outcome.delta.people
    language = base.file.study.language
    outlines = base.inputs.zones[["zone_id", "geometry"]].astype({"zone_id": str}).to_crs(base.network.epsg)
    names = slugs([metier.code for metier in base.metiers])
    profiles = {profile.id: profile.name or profile.id for profile in base.profiles}
    found = []
    for metier in base.metiers:
        mine = people[people["metier"] == metier.code]
        moved = mine[["residents_won", "residents_lost"]].max(axis=1)
        if moved.empty or not moved.max() > 0:
            continue
        asked = mine.iloc[int(moved.to_numpy().argmax())].to_dict()
        zones = outcome.delta.zones
        same = zones[zones["metier"] == metier.code]
        for key in ("profile", "kind", "schedule", "threshold"):
            same = same[same[key] == asked[key]]
        points = (same["share_after"].fillna(0.0) - same["share_before"].fillna(0.0)) * 100
        by_zone = dict(zip(same["zone_id"].astype(str).tolist(), points.tolist()))
        layer = gpd.GeoDataFrame(outlines.assign(points=[by_zone.get(zone, 0.0) for zone in outlines["zone_id"]]))
        layer = gpd.GeoDataFrame(layer.take(np.argsort(-layer.area.to_numpy(), kind="stable")))
        title = text("scenario.map_title", language, metier=metier.name or metier.code, name=section.name)
        figures = {name: format_number(asked[f"residents_{name}"], language) for name in ("won", "lost")}
        counts = text("scenario.map_counts", language, **figures)
        asked_of = f"{profiles.get(asked['profile'], asked['profile'])} · {text('kind.' + asked['kind'], language)}"
        path = folder / f"change_{names[metier.code]}.png"
        draw_change(ChangeMap(layer, title, (asked_of, counts), _footer(base), language), path)
        found.append((path, f"{title} ({asked_of})"))
    return found


def write_comparison(
    folder: Path,
    found: RunComparison,
    *,
    names: tuple[str, str],
    outlines: gpd.GeoDataFrame | None = None,
    language: str = "fr",
) -> list[Path]:
    """Write what differs between two result folders: tables, a map for each métier that moved, and a page.

    Parameters
    ----------
    folder : pathlib.Path
    found : RunComparison
    names : tuple of str
        Of the two folders.
    outlines : GeoDataFrame, optional
        Of their zones, from `geo_access.study.comparison_maps.run_outlines`; without them there is no map, said so.
    language : str

    Returns
    -------
    list of pathlib.Path
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in (("inputs", found.inputs), ("flags", found.flags), ("people", found.people)):
        written.append(folder / f"{name}.csv")
        write_csv(table, written[-1])
    moved = found.flags[found.flags["level_before"] != found.flags["level_after"]]
    sentences = [
        text(
            "runs.summary",
            language,
            n=format_number(len(moved), language),
            all=format_number(found.situations, language),
            unflagged=format_number(found.people["zones_unflagged"].sum(), language),
            flagged=format_number(found.people["zones_flagged"].sum(), language),
        )
    ]
    unmeasured = int(found.people["zones_unmeasured"].sum())
    sentences += [text("scenario.unmeasured", language, n=format_number(unmeasured, language))] if unmeasured else []
    for key, count in (("runs.only_a", found.only_before), ("runs.only_b", found.only_after)):
        sentences += [text(key, language, n=format_number(count, language))] if count else []
    changes = [_input_told(row, language) for row in found.inputs.head(40).itertuples()] or [
        text("runs.same_inputs", language)
    ]
    labels = Labels(found.names["metiers"], found.names["profiles"], found.names["schedules"], language)
    maps = [] if outlines is None else change_maps(folder, found, outlines, names=names, labels=labels)
    people = found.people[(found.people["gained"] > 0.5) | (found.people["lost"] > 0.5)]
    heads = (
        "scenario.metier",
        "scenario.public",
        "scenario.gain",
        "scenario.lose",
        "scenario.unflagged",
        "scenario.flagged",
    )
    rows = tuple(
        (
            f"{labels.metier(row)} · {labels.asked(row)}",
            labels.public(row),
            *(format_number(row[name], language) for name in ("gained", "lost", "zones_unflagged", "zones_flagged")),
        )
        for row in people.to_dict("records")
    )
    people_shown = ShownTable(text("runs.people", language), tuple(text(head, language) for head in heads), rows)
    shown = (people_shown, zones_table(_as_zones(moved), labels, file="flags.csv")) if rows or len(moved) else ()
    page = ChangePage(
        title=text("runs.title", language),
        study=f"{names[0]} → {names[1]}",
        footer=text("runs.inputs", language),
        changes=tuple(changes),
        sentences=tuple(sentences),
        tables=shown,
        pictures=tuple((path.name, alt) for path, alt in maps),
        note=text("runs.no_outlines", language) if outlines is None else " ".join(_undrawn(language)),
        language=language,
    )
    pages = write_change_page(page, folder / "index.html")
    compared = {f"{side}: {name}": digest for side, name, digest in zip("AB", names, found.manifests, strict=True)}
    manifest = Manifest(compared, {}, files=output_files(folder))
    return [*written, *(path for path, _ in maps), *pages, write_whole(folder / MARK, manifest.to_json())]


def _undrawn(language: str) -> list[str]:
    """Say that no map was drawn, where the extra is not installed."""
    return [] if can_draw() else [text("paper.undrawn", language)]


def _input_told(row: Any, language: str) -> str:
    """Say what became of an input; what is short enough to be read is said with both values."""
    state = text(f"runs.{row.state}", language)
    values = [str(value) for value in (row.before, row.after) if str(value)]
    legible = values and max(map(len, values)) <= _LONGEST_VALUE
    return f"{row.what} : {state} ({' → '.join(values)})" if legible else f"{row.what} : {state}"


def _as_zones(flags: pd.DataFrame) -> pd.DataFrame:
    gain = (
        flags["share_after"].fillna(0) * flags["residents_after"]
        - flags["share_before"].fillna(0) * flags["residents_before"]
    )
    return flags.assign(won=gain.clip(lower=0), lost=(-gain).clip(lower=0))
