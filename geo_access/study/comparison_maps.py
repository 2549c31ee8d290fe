"""Maps of what changed between two result folders, on the outlines that they hold."""

from __future__ import annotations

import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.maps.paper import can_draw
from geo_access.report.scenario import Labels
from geo_access.study.compare import RunComparison
from geo_access.study.folder import slugs
from geo_access.words.words import format_number, text

__all__ = ["change_maps", "run_outlines"]

_OUTLINES, _LAYER = "flags.gpkg", "zones"
_QUESTION = ["profile", "kind", "schedule", "threshold"]


def run_outlines(before: Path, after: Path) -> gpd.GeoDataFrame | None:
    """Read the zones of two result folders, those of the second where both have one.

    Parameters
    ----------
    before, after : pathlib.Path
        Result folders.

    Returns
    -------
    GeoDataFrame or None
        ``zone_id``, geometry in a metric CRS; None where neither folder holds outlines.
    """
    parts = []
    for folder in (after, before):
        path = folder / _OUTLINES
        if not path.is_file():
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parts.append(gpd.read_file(path, layer=_LAYER)[["zone_id", "geometry"]].to_crs(4326))
    if not parts:
        return None
    zones = pd.concat(parts, ignore_index=True).drop_duplicates("zone_id", ignore_index=True)
    found = gpd.GeoDataFrame(zones.astype({"zone_id": str}), geometry="geometry", crs=4326)
    return found.to_crs(found.estimate_utm_crs())


def change_maps(
    folder: Path, found: RunComparison, outlines: gpd.GeoDataFrame, *, names: tuple[str, str], labels: Labels
) -> list[tuple[Path, str]]:
    """Draw the change of the share of residents for each métier that moved, at its most moved question.

    Parameters
    ----------
    folder : pathlib.Path
    found : RunComparison
    outlines : GeoDataFrame
        From `run_outlines`.
    names : tuple of str
        Of the two folders.
    labels : Labels

    Returns
    -------
    list of (pathlib.Path, str)
        Each map and what it shows; none without the ``report`` extra.
    """
    if not can_draw():
        return []
    from geo_access.maps.change import ChangeMap, draw_change  # noqa: PLC0415 — an extra

    language = labels.language
    codes = list(dict.fromkeys(found.people["metier"].astype(str)))
    slug = slugs(codes)
    drawn = []
    for code in codes:
        mine = found.people[found.people["metier"].astype(str) == code]
        moved = mine[["gained", "lost"]].max(axis=1)
        if not moved.max() > 0.5:
            continue
        asked = mine.iloc[int(moved.to_numpy().argmax())].to_dict()
        same = found.flags[found.flags["metier"].astype(str) == code]
        for key in _QUESTION:
            same = same[same[key] == asked[key]]
        points = (same["share_after"].fillna(0.0) - same["share_before"].fillna(0.0)) * 100
        by_zone = dict(zip(same["zone_id"].astype(str).tolist(), points.tolist()))
        layer = gpd.GeoDataFrame(outlines.assign(points=[by_zone.get(zone, 0.0) for zone in outlines["zone_id"]]))
        layer = gpd.GeoDataFrame(layer.take(np.argsort(-layer.area.to_numpy(), kind="stable")))
        title = text("runs.map_title", language, metier=labels.metier(asked), before=names[0], after=names[1])
        figures = {
            name: format_number(asked[column], language) for name, column in (("won", "gained"), ("lost", "lost"))
        }
        counts = text("scenario.map_counts", language, **figures)
        of = f"{labels.public(asked)} · {labels.asked(asked)}"
        path = folder / f"change_{slug[code]}.png"
        draw_change(ChangeMap(layer, title, (of, counts), f"{names[0]} → {names[1]}", language), path)
        drawn.append((path, f"{title} ({of})"))
    return drawn
