"""What the page of a map draws, as plain values: outlines, levels, figures, sites, words."""

from __future__ import annotations

import html
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_access.maps.content import MapContent, Question
from geo_access.maps.packed import packed_features, vertices_left
from geo_access.maps.palettes import (
    LEVEL_COLOURS,
    band_colours,
    change_class,
    change_classes,
    employer_svg,
    site_svg,
    symbol_radius,
)
from geo_access.maps.views import SATURATION_COLOURS, access_classes, views
from geo_access.words.words import catalogue, format_number, plural, text

__all__ = ["CONFIDENCES", "MAX_MAP_BYTES", "band_styles", "embedded_json", "page_data"]

MAX_MAP_BYTES = 2_000_000
CONFIDENCES = ("sûr", "probable", "indécidable")
_SPOKEN = ("popup.", "reason.", "remedy.", "search", "north", "level.none", "count.", "legend.", "view.", "zoom.")
_RAIL_TYPES = (0, 1, 2, 5, 7, 11, 12)
_VERTEX_BYTES = 7


def embedded_json(data: Mapping[str, Any]) -> str:
    """JSON that cannot end the script element it stands in."""
    written = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return written.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _value(row: Mapping[str, Any], column: str, factor: float = 1.0, digits: int = 0) -> float | None:
    value = row.get(column)
    if value is None or pd.isna(value):
        return None
    number = round(float(value) * factor, digits)
    # JSON has no infinity: more than can be counted is no figure to show.
    if not np.isfinite(number):
        return None
    return int(number) if digits == 0 else number


@dataclass(frozen=True)
class _Named:
    """What many rows or questions say, each once, by the number that stands for it."""

    sites: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    remedies: dict[str, int] = field(default_factory=dict)
    columns: dict[tuple[object, ...], int] = field(default_factory=dict)


def _number(known: dict[str, int], name: object) -> int:
    return known.setdefault(str(name), len(known))


def _column(named: _Named, values: tuple[object, ...]) -> int:
    """Return the number of a column; one value stands for all where all zones say the same."""
    told = values[:1] if len(set(values)) == 1 else values
    return named.columns.setdefault(told, len(named.columns))


def _flag_row(row: Mapping[str, Any], named: _Named) -> list[object] | None:
    """Numbers behind one zone's colour, in the order that the page's script reads them."""
    levels = list(LEVEL_COLOURS)
    if str(row["level"]) not in levels:
        return None
    reason = row.get("main_reason")
    known = reason is not None and not pd.isna(reason)
    name = row.get("nearest_site_name")
    site = None if name is None or pd.isna(name) else _number(named.sites, name)
    remedy = row.get("remedy")
    confidence = str(row.get("confidence", "sûr"))
    saturations, saturation = list(SATURATION_COLOURS), str(row.get("saturation"))
    return [
        levels.index(str(row["level"])),
        CONFIDENCES.index(confidence) if confidence in CONFIDENCES else 0,
        _value(row, "reachable_share", 100),
        _value(row, "reachable_share_low", 100),
        _value(row, "reachable_share_high", 100),
        _value(row, "residents"),
        _number(named.reasons, reason) if known else None,
        _value(row, f"share_{str(reason).lower()}", 100) if known else None,
        site,
        _value(row, "median_time_min"),
        _value(row, "reachable_places", digits=1),
        _value(row, "unlocated_places"),
        None if remedy is None or pd.isna(remedy) else _number(named.remedies, remedy),
        saturations.index(saturation) if saturation in saturations else None,
        _value(row, "free_places", digits=1),
    ]


_NO_ROW: tuple[object, ...] = (None,) * 15


def _question_data(question: Question, zone_ids: list[str], named: _Named) -> dict[str, object]:
    records: list[dict[str, Any]] = [
        {str(name): value for name, value in row.items()} for row in question.rows.to_dict("records")
    ]
    known = dict(zip(question.rows.index, records, strict=True))
    first = records[0]
    rows = [_flag_row(known[zone_id], named) if zone_id in known else None for zone_id in zone_ids]
    return {
        "label": question.label,
        "minutes": _value(first, "threshold_min", digits=1) or 0,
        "source": str(first.get("threshold_source", "") or ""),
        "columns": [_column(named, values) for values in zip(*(row or _NO_ROW for row in rows), strict=True)],
    }


def _change_column(points: Mapping[str, float], zone_ids: list[str], named: _Named) -> int:
    """Return the number of a column: class of the change and percentage points of each zone."""
    moves = [points.get(zone_id, 0.0) for zone_id in zone_ids]
    return _column(named, tuple((change_class(move), move) for move in moves))


def _kind_name(kind: object, words: Mapping[str, str]) -> str:
    return words.get(f"zone_kind.{kind}", str(kind))


def _places_line(places: float, free: Any, language: str) -> str:
    """Tell the places of a site and, where the study says anything of free places, how many are free."""
    told = plural("places", places, language)
    if free is None:
        return told
    if pd.isna(free):
        return text("site.free_unknown", language, places=told)
    return text("site.free", language, places=told, free=format_number(float(free), language))


def _site_rows(content: MapContent) -> list[dict[str, object]]:
    words, shapes = catalogue(content.language), content.shapes()
    rows: list[dict[str, object]] = []
    for site in content.training_sites().itertuples():
        kind = getattr(site, "provider_type", None)
        known = kind is not None and not pd.isna(kind)
        radius = symbol_radius(float(site.places))
        quality = words.get(f"position.{getattr(site, 'position_quality', '')}")
        lines = [
            str(kind) if known else words["provider.other"],
            _places_line(float(site.places), getattr(site, "free_places", None), content.language),
        ]
        rows.append(
            {
                "lat": round(site.geometry.y, 5),
                "lon": round(site.geometry.x, 5),
                "name": str(site.site_name),
                "size": 2 * round(radius, 1) + 4,
                "svg": site_svg(shapes.get(str(kind), "circle"), radius),
                "text": [*lines, *([quality] if quality else [])],
            }
        )
    return rows


def _employer_rows(content: MapContent) -> list[dict[str, object]]:
    words = catalogue(content.language)
    rows: list[dict[str, object]] = []
    for site in content.employer_sites().itertuples():
        start, end = getattr(site, "shift_start", None), getattr(site, "shift_end", None)
        lines = [plural("openings", float(site.openings), content.language)]
        if start is not None and end is not None and not (pd.isna(start) or pd.isna(end)):
            lines.append(text("shift", content.language, start=start, end=end))
        quality = words.get(f"position.{getattr(site, 'position_quality', '')}")
        rows.append(
            {
                "lat": round(site.geometry.y, 5),
                "lon": round(site.geometry.x, 5),
                "name": str(site.site_name),
                "size": 20,
                "svg": employer_svg(),
                "text": [*lines, *([quality] if quality else [])],
            }
        )
    return rows


def band_styles(content: MapContent) -> list[dict[str, Any]]:
    """Colour, words and figures of each band, nearest first."""
    bands = content.ordered_bands()
    if bands is None:
        return []
    colours = band_colours(len(bands))
    _, figures = content.band_figures()
    counts = [[None if pd.isna(value) else round(value) for value in row] for row in figures or [[]] * len(bands)]
    cut = bands["cut_by_extent"].fillna(False).astype(bool) if "cut_by_extent" in bands else [False] * len(bands)
    ends_early = [bool(value) for value in cut]
    return [
        {
            "counts": counts[i],
            "figures": ["–" if value is None else format_number(value, content.language) for value in counts[i]],
            "colour": colours[i],
            "farthest": i == len(bands) - 1,
            "cut": ends_early[i],
            "label": text("band", content.language, minutes=f"{minutes:g}"),
        }
        for i, minutes in enumerate(bands["minutes"])
    ]


def _rings(bands: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Each band without the one inside it, so that fills do not add up."""
    shapes = bands.geometry.to_numpy()
    rings = [shapes[0], *(shapely.difference(outer, inner) for inner, outer in itertools.pairwise(shapes))]
    return gpd.GeoDataFrame(bands[["minutes"]], geometry=rings, crs=bands.crs)


def _outlines(content: MapContent, zones: gpd.GeoDataFrame, tolerance_deg: float) -> dict[str, Any]:
    """Zones, lines and roads, simplified."""
    words = catalogue(content.language)
    known: list[dict[str, object]] = [
        {"index": i, "name": str(name), "kind": str(kind)}
        for i, (name, kind) in enumerate(zip(zones["zone_name"], zones["zone_kind"]))
    ]
    empty: dict[str, Any] = {"features": []}
    kinds = {str(kind): _kind_name(kind, words) for kind in sorted(set(zones["zone_kind"]), key=str)}
    drawn: dict[str, Any] = {
        "kinds": kinds,
        "zones": packed_features(zones, known, tolerance_deg),
        "lines": empty,
        "roads": empty,
    }
    layers = content.layers
    if layers is not None:
        rail: list[dict[str, object]] = [
            {"name": str(n), "rail": int(t) in _RAIL_TYPES} for n, t in zip(layers.lines.name, layers.lines.route_type)
        ]
        drawn["lines"] = packed_features(layers.lines, rail, tolerance_deg / 2)
        drawn["roads"] = packed_features(
            layers.roads, [{"rank": int(rank)} for rank in layers.roads["rank"]], tolerance_deg
        )
    return drawn


def _facts(content: MapContent, zones: gpd.GeoDataFrame, tiles: str | None) -> dict[str, Any]:
    """Everything else that the page's script draws, as plain values."""
    words = catalogue(content.language)
    zone_ids = [str(zone_id) for zone_id in zones["zone_id"]]
    named = _Named()
    questions = [
        _question_data(question, zone_ids, named)
        | {
            "bands": question.key[: len(content.bands_for)] == content.bands_for,
            "changes": [
                _change_column(change.points(content.metier_code, question.key), zone_ids, named)
                for change in content.changes
            ],
        }
        for question in content.questions()
    ]
    empty: dict[str, Any] = {"features": []}
    bands, styles, ends = content.ordered_bands(), band_styles(content), content.band_ends
    stops = []
    if content.layers is not None:
        stops = [
            [round(point.y, 5), round(point.x, 5), str(name)]
            for point, name in zip(content.layers.stops.geometry, content.layers.stops.name)
        ]
    west, south, east, north = content.extent()
    # The other sources stand in full beside the map; this one's licence wants it on the map itself.
    streets = [source for source in content.sources if "OpenStreetMap" in source]
    attribution = [text("attribution", content.language, manifest=content.manifest_id), *streets]
    return {
        "language": content.language,
        "words": {key: value for key, value in words.items() if key.startswith(_SPOKEN)},
        "levels": [words[f"level.{level}"] for level in LEVEL_COLOURS],
        "confidences": [words[f"confidence.{item}"] for item in CONFIDENCES],
        "views": views(content),
        "access": access_classes(content),
        "saturationColours": list(SATURATION_COLOURS.values()),
        "saturations": [words[f"saturation.{item}"] for item in SATURATION_COLOURS],
        "changeNames": [change.name for change in content.changes],
        "changeColours": [colour for colour, _ in change_classes(content.language)],
        "questions": questions,
        "siteNames": list(named.sites),
        "reasons": list(named.reasons),
        "remedies": list(named.remedies),
        "columns": list(named.columns),
        "bands": packed_features(_rings(bands), [dict(style) for style in styles], 0.0) if bands is not None else empty,
        "bandEnds": packed_features(gpd.GeoDataFrame(geometry=ends), [{}] * len(ends), 0.0)
        if ends is not None
        else empty,
        "bandsLabel": content.bands_label,
        "counted": content.band_figures()[0],
        "symbolScale": round(content.symbol_scale(), 3),
        "crowding": round(content.crowding(), 3),
        "stops": stops,
        "sites": _site_rows(content),
        "employers": _employer_rows(content),
        "bounds": [[south, west], [north, east]],
        # Leaflet takes attributions as HTML.
        "attribution": html.escape(" · ".join(attribution)),
        "tiles": tiles,
        "tilesAttribution": "© OpenStreetMap",
    }


def _tolerance_deg(zones: gpd.GeoDataFrame, bytes_left: int) -> float:
    """Least simplification with which the zones' outlines fit [degrees]."""
    tolerance, most = 1e-5, max(bytes_left, MAX_MAP_BYTES // 8) / _VERTEX_BYTES
    while tolerance < 1e-2 and vertices_left(zones, tolerance) > most:
        tolerance *= 1.5
    return tolerance


def page_data(content: MapContent, zones: gpd.GeoDataFrame, *, tiles: str | None) -> str:
    """Gather everything that the page's script draws, as JSON to embed; outlines as fine as the largest page allows.

    Parameters
    ----------
    content : MapContent
    zones : geopandas.GeoDataFrame
        From `MapContent.ordered_zones`.
    tiles : str or None
        URL template of background tiles.
    """
    facts = _facts(content, zones, tiles)
    tolerance = _tolerance_deg(zones, int(0.85 * MAX_MAP_BYTES) - len(embedded_json(facts).encode()))
    embedded = embedded_json(facts | _outlines(content, zones, tolerance))
    while len(embedded.encode()) > 0.95 * MAX_MAP_BYTES and tolerance < 1e-2:
        tolerance *= 2
        embedded = embedded_json(facts | _outlines(content, zones, tolerance))
    return embedded
