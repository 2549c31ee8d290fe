"""The interactive map of a métier: one HTML page, readable without internet."""

from __future__ import annotations

import html
import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import branca.element
import folium
import geopandas as gpd
import jinja2
import numpy as np
import pandas as pd
import shapely

from geo_access.manifest import fingerprint
from geo_access.maps.assets import asset, write_assets
from geo_access.maps.content import MapContent, Question
from geo_access.maps.palettes import LEVEL_COLOURS, PLACES_LEGEND, band_colours, symbol_radius
from geo_access.maps.strings import catalogue, format_number, plural, text
from geo_access.maps.symbols import employer_svg, site_svg

__all__ = ["embedded_json", "metier_map", "page_html", "write_metier_map"]

MAX_MAP_BYTES = 5_000_000
_CONFIDENCES = ("sûr", "probable", "indécidable")
_RAIL_TYPES = (0, 1, 2, 5, 7, 11, 12)
_QUANTUM_DEGREES = 1e-5
_COORDINATE_BYTES = 20


def _features(frame: gpd.GeoDataFrame, properties: list[dict[str, object]], tolerance_deg: float) -> dict[str, object]:
    """GeoJSON with simplified outlines on a grid of about a metre."""
    shapes = frame.to_crs(4326).geometry.to_numpy()
    invalid = ~shapely.is_valid(shapes)
    shapes = np.where(invalid, shapely.make_valid(shapes), shapes)
    simple = shapely.set_precision(shapely.simplify(shapes, tolerance_deg), _QUANTUM_DEGREES, mode="pointwise")
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": known, "geometry": _rounded(json.loads(shapely.to_geojson(shape)))}
            for shape, known in zip(simple, properties)
            if shape is not None and not shape.is_empty
        ],
    }


def _rounded(node: Any) -> Any:
    """Coordinates with five decimals at most: 1 m."""
    if isinstance(node, float):
        return round(node, 5)
    if isinstance(node, list):
        return [_rounded(item) for item in node]
    if isinstance(node, dict):
        return {key: _rounded(item) for key, item in node.items()}
    return node


def _value(row: pd.Series, column: str, factor: float = 1.0, digits: int = 0) -> float | None:
    value = row.get(column)
    if value is None or pd.isna(value):
        return None
    number = round(float(value) * factor, digits)
    return int(number) if digits == 0 else number


def _flag_row(row: pd.Series, sites: dict[str, int]) -> list[object] | None:
    """Numbers behind one zone's colour, in the order that the page's script reads them."""
    levels = list(LEVEL_COLOURS)
    if str(row["level"]) not in levels:
        return None
    reason = row.get("main_reason")
    known = reason is not None and not pd.isna(reason)
    name = row.get("nearest_site_name")
    site = None if name is None or pd.isna(name) else sites.setdefault(str(name), len(sites))
    remedy = row.get("remedy")
    confidence = str(row.get("confidence", "sûr"))
    return [
        levels.index(str(row["level"])),
        _CONFIDENCES.index(confidence) if confidence in _CONFIDENCES else 0,
        _value(row, "reachable_share", 100),
        _value(row, "reachable_share_low", 100),
        _value(row, "reachable_share_high", 100),
        _value(row, "residents"),
        str(reason) if known else None,
        _value(row, f"share_{str(reason).lower()}", 100) if known else None,
        site,
        _value(row, "median_time_min"),
        _value(row, "reachable_places", digits=1),
        _value(row, "unlocated_places"),
        None if remedy is None or pd.isna(remedy) else str(remedy),
    ]


def _question_data(question: Question, zone_ids: list[str], sites: dict[str, int]) -> dict[str, object]:
    known = {str(zone_id): row for zone_id, row in question.rows.iterrows()}
    first = question.rows.iloc[0]
    return {
        "label": question.label,
        "minutes": _value(first, "threshold_min", digits=1) or 0,
        "source": str(first.get("threshold_source", "") or ""),
        "rows": [_flag_row(known[zone_id], sites) if zone_id in known else None for zone_id in zone_ids],
    }


def _kind_name(kind: object, words: Mapping[str, str]) -> str:
    return words.get(f"zone_kind.{kind}", str(kind))


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
            plural("places", float(site.places), content.language),
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


def _band_styles(content: MapContent) -> list[dict[str, Any]]:
    bands = content.ordered_bands()
    if bands is None:
        return []
    colours = band_colours(len(bands))
    _, figures = content.band_figures()
    counts = [[None if pd.isna(value) else round(value) for value in row] for row in figures or [[]] * len(bands)]
    return [
        {
            "counts": counts[i],
            "figures": ["–" if value is None else format_number(value, content.language) for value in counts[i]],
            "colour": colours[i],
            "farthest": i == len(bands) - 1,
            "label": text("band", content.language, minutes=f"{minutes:g}"),
        }
        for i, minutes in enumerate(bands["minutes"])
    ]


def _rings(bands: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Each band without the one inside it, so that fills do not add up."""
    shapes = bands.geometry.to_numpy()
    rings = [shapes[0], *(shapely.difference(outer, inner) for inner, outer in itertools.pairwise(shapes))]
    return gpd.GeoDataFrame(bands[["minutes"]], geometry=rings, crs=bands.crs)


def _map_data(content: MapContent, zones: gpd.GeoDataFrame, tolerance_deg: float, tiles: str | None) -> dict[str, Any]:
    """Everything that the page's script draws, as plain values."""
    words = catalogue(content.language)
    zone_ids = [str(zone_id) for zone_id in zones["zone_id"]]
    known: list[dict[str, object]] = [
        {"index": i, "name": str(name), "kind": str(kind), "kindName": _kind_name(kind, words)}
        for i, (name, kind) in enumerate(zip(zones["zone_name"], zones["zone_kind"]))
    ]
    sites: dict[str, int] = {}
    questions = [_question_data(question, zone_ids, sites) for question in content.questions()]
    empty: dict[str, object] = {"type": "FeatureCollection", "features": []}
    bands, styles = content.ordered_bands(), _band_styles(content)
    layers = content.layers
    lines, roads, stops = empty, empty, []
    if layers is not None:
        rail = [
            {"name": str(n), "rail": int(t) in _RAIL_TYPES} for n, t in zip(layers.lines.name, layers.lines.route_type)
        ]
        lines = _features(layers.lines, rail, tolerance_deg / 2)
        roads = _features(layers.roads, [{"rank": int(rank)} for rank in layers.roads["rank"]], tolerance_deg)
        stops = [
            [round(point.y, 5), round(point.x, 5), str(name)]
            for point, name in zip(layers.stops.geometry, layers.stops.name)
        ]
    west, south, east, north = content.extent()
    # The other sources stand in full beside the map; this one's licence wants it on the map itself.
    streets = [source for source in content.sources if "OpenStreetMap" in source]
    attribution = [text("attribution", content.language, manifest=content.manifest_id), *streets]
    return {
        "language": content.language,
        "words": {
            key: value
            for key, value in words.items()
            if key.startswith(("popup.", "reason.", "remedy.", "search", "north", "level.none", "count.", "legend."))
        },
        "levels": [words[f"level.{level}"] for level in LEVEL_COLOURS],
        "confidences": [words[f"confidence.{item}"] for item in _CONFIDENCES],
        "zones": _features(zones, known, tolerance_deg),
        "questions": questions,
        "siteNames": list(sites),
        "bands": _features(_rings(bands), [dict(style) for style in styles], 0.0) if bands is not None else empty,
        "bandsLabel": content.bands_label,
        "counted": content.band_figures()[0],
        "symbolScale": round(content.symbol_scale(), 3),
        "lines": lines,
        "roads": roads,
        "stops": stops,
        "sites": _site_rows(content),
        "employers": _employer_rows(content),
        "bounds": [[south, west], [north, east]],
        # Leaflet takes attributions as HTML.
        "attribution": html.escape(" · ".join(attribution)),
        "tiles": tiles,
        "tilesAttribution": "© OpenStreetMap",
    }


def _side_html(content: MapContent, zones: gpd.GeoDataFrame, tiles: str | None) -> str:
    """Header, legend and controls of the page; every word of users is escaped by the template."""
    words = catalogue(content.language)
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(asset("side.html"))
    training, employers = content.training_sites(), content.employer_sites()
    shapes = content.shapes()
    questions = content.questions()
    used = set(training.get("provider_type", pd.Series(dtype=object)).dropna().astype(str))
    layers = [("zones", True), ("bands", True), ("training", True), ("employers", True)]
    if content.layers is not None:
        layers += [("lines", False), ("stops", False), ("roads", True)]
    if tiles:
        layers.append(("tiles", False))
    warnings = [] if len(training) else [words["no_site"]]
    warnings += [] if questions else [words["no_flag"]]
    return template.render(
        words=words,
        title=content.title,
        territory=content.territory,
        code=content.metier_code,
        labels=content.labels,
        warnings=warnings,
        names=sorted({str(name) for name in zones["zone_name"]}),
        questions=[question.label for question in questions],
        layers=layers,
        levels=[{"colour": colour, "label": words[f"level.{level}"]} for level, colour in LEVEL_COLOURS.items()],
        confidences=[words[f"confidence.{item}"] for item in _CONFIDENCES],
        qpv=bool((zones["zone_kind"].astype(str) == "qpv").any()),
        bands=_band_styles(content),
        bands_label=content.bands_label,
        counted=content.band_figures()[0],
        sizes=[{"label": n, "svg": site_svg("circle", symbol_radius(n))} for n in PLACES_LEGEND]
        if len(training)
        else [],
        providers=[{"label": kind, "svg": site_svg(shape, 8)} for kind, shape in shapes.items() if kind in used],
        employer=employer_svg() if len(employers) else "",
        sources=content.sources,
        manifest=content.manifest_id,
    )


class _Verbatim(branca.element.Element):
    """Text that goes into the page as it is."""

    # branca compiles the text of an Element as a template: a name with braces in it would be run. A value is not.
    _template = jinja2.Template("{{ this.verbatim }}")

    def __init__(self, verbatim: str) -> None:
        super().__init__()
        self.verbatim = verbatim


class _Page(branca.element.MacroElement):
    """Puts the legend and the embedded data into folium's page, and calls the drawing script."""

    def __init__(self, side: str, data: str, identity: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Page"
        self._id = identity
        self._html = f'{side}<script type="application/json" id="ga-data">{data}</script>'

    def render(self, **kwargs: Any) -> str:
        """Add both parts to the figure; nothing is left to say here."""
        del kwargs
        figure: Any = self.get_root()
        parent: Any = self._parent
        script = (
            f"window.gaMap = geoAccessMap({parent.get_name()}, "
            'JSON.parse(document.getElementById("ga-data").textContent));'
        )
        figure.html.add_child(_Verbatim(self._html), name=self.get_name())
        figure.script.add_child(_Verbatim(script), name=self.get_name())
        return ""


def embedded_json(data: Mapping[str, Any]) -> str:
    """JSON that cannot end the script element it stands in."""
    written = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return written.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _tolerance_deg(zones: gpd.GeoDataFrame) -> float:
    """Least simplification with which the zones' outlines take two thirds of a map [degrees]."""
    shapes, tolerance = zones.to_crs(4326).geometry.to_numpy(), 1e-5
    coordinates = 2 * MAX_MAP_BYTES / 3 / _COORDINATE_BYTES
    while tolerance < 1e-2 and shapely.get_num_coordinates(shapely.simplify(shapes, tolerance)).sum() > coordinates:
        tolerance *= 2
    return tolerance


def metier_map(content: MapContent, *, tiles: str | None = None) -> folium.Map:
    """Interactive map of one métier, as a folium map that takes further layers.

    Parameters
    ----------
    content : MapContent
    tiles : str, optional
        URL template of background tiles, offered as a layer that is off until chosen; default none.

    Returns
    -------
    folium.Map
        Its page refers to ``assets/``: write it with `write_metier_map`, or get the whole page from `page_html`.

    Raises
    ------
    InputError
        When there is neither a zone nor a site to draw.
    """
    zones = content.ordered_zones()
    tolerance = _tolerance_deg(zones)
    embedded = embedded_json(_map_data(content, zones, tolerance, tiles))
    while len(embedded.encode()) > 0.9 * MAX_MAP_BYTES and tolerance < 1e-2:
        tolerance *= 3
        embedded = embedded_json(_map_data(content, zones, tolerance, tiles))
    west, south, east, north = content.extent()
    made = folium.Map(
        location=[(south + north) / 2, (west + east) / 2], tiles=None, control_scale=False, zoom_snap=0.25
    )
    identity = fingerprint(content.metier_code, content.manifest_id, embedded)
    made._id = identity
    figure = made.get_root()
    figure._id = identity
    figure.title = html.escape(content.title)  # type: ignore[attr-defined]
    made.default_js = [("leaflet", "assets/leaflet.js"), ("geo_access_map", "assets/map.js")]
    made.default_css = [("leaflet_css", "assets/leaflet.css"), ("geo_access_css", "assets/map.css")]
    made.add_child(_Page(_side_html(content, zones, tiles), embedded, identity))
    return made


def page_html(made: folium.Map, *, language: str = "fr", inline: bool = False) -> str:
    """Text of the map's page.

    Parameters
    ----------
    made : folium.Map
        From `metier_map`.
    language : str
        Of the page, for screen readers.
    inline : bool
        False: the page refers to ``assets/`` beside it. True: the libraries are in the page (some 165 kB), which then
        stands alone, as notebooks and e-mails want it.

    Returns
    -------
    str
        HTML.
    """
    page = str(made.get_root().render())
    page = page.replace("<html>", f'<html lang="{html.escape(language)}">', 1)
    if inline:
        for name in ("leaflet.js", "map.js"):
            page = page.replace(f'<script src="assets/{name}"></script>', f"<script>{asset(name)}</script>")
        for name in ("leaflet.css", "map.css"):
            page = page.replace(f'<link rel="stylesheet" href="assets/{name}"/>', f"<style>{asset(name)}</style>")
    return page


def write_metier_map(content: MapContent, path: Path, *, tiles: str | None = None) -> Path:
    """Write the interactive map of a métier, and the libraries beside it.

    Parameters
    ----------
    content : MapContent
    path : pathlib.Path
        HTML file; ``assets/`` is written next to it.
    tiles : str, optional
        See `metier_map`.

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    InputError
        When there is neither a zone nor a site to draw.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_assets(path.parent)
    path.write_text(page_html(metier_map(content, tiles=tiles), language=content.language), encoding="utf-8")
    return path
