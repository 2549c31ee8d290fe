"""The interactive map of a métier: one HTML page, readable without internet.

The libraries and templates that travel with the package, so that maps open without internet.
"""

from __future__ import annotations

import html
import re
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import branca.element
import folium
import geopandas as gpd
import jinja2
import pandas as pd

from geo_access.manifest import fingerprint
from geo_access.maps.content import MapContent
from geo_access.maps.page_data import CONFIDENCES, band_styles, page_data
from geo_access.maps.palettes import LEVEL_COLOURS, PLACES_LEGEND, change_classes, employer_svg, site_svg, symbol_radius
from geo_access.maps.views import SATURATION_COLOURS, access_classes, cut_sentence, view_label, views
from geo_access.words.words import catalogue, format_number, text

__all__ = ["ASSETS", "asset", "metier_map", "page_html", "page_template", "write_assets", "write_metier_map"]

_FIXED_SCALE = re.compile(r"width=device-width,\s*initial-scale=1.0, maximum-scale=1.0, user-scalable=no")
_UNMEASURED = list(LEVEL_COLOURS)[-1]
ASSETS = ("leaflet.js", "leaflet.css", "leaflet-LICENSE.txt", "map.js", "map.css")


def asset(name: str) -> str:
    """Text of a file of the package.

    Parameters
    ----------
    name : str
        A vendored ``leaflet…`` file, or one of our own pages.

    Examples
    --------
    >>> "function geoAccessMap" in asset("map.js")
    True
    """
    folder = "vendor" if name.startswith("leaflet") else "page"
    return resources.files("geo_access.maps").joinpath(folder, name).read_text(encoding="utf-8")


def write_assets(folder: Path) -> Path:
    """Write the libraries that the maps need, once for all maps beside them.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the maps.

    Returns
    -------
    pathlib.Path
        ``folder/assets``.
    """
    target = folder / "assets"
    target.mkdir(parents=True, exist_ok=True)
    for name in ASSETS:
        (target / name).write_text(asset(name), encoding="utf-8")
    return target


@cache
def page_template(name: str) -> jinja2.Template:
    """Template of the package that escapes every word of users; compiled once for all the pages of a process.

    Parameters
    ----------
    name : str
        One of our own pages.
    """
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(asset(name))


def _side_html(content: MapContent, zones: gpd.GeoDataFrame, tiles: str | None) -> str:
    """Header, legend and controls of the page; every word of users is escaped by the template."""
    words = catalogue(content.language)
    training, employers = content.training_sites(), content.employer_sites()
    shapes = content.shapes()
    questions = content.questions()
    used = set(training.get("provider_type", pd.Series(dtype=object)).dropna().astype(str))
    layers = [("zones", True), ("bands", True), ("training", True), ("employers", True)]
    if content.layers is not None:
        drawn = {"lines": content.layers.lines, "stops": content.layers.stops, "roads": content.layers.roads}
        layers += [(name, name == "roads") for name, frame in drawn.items() if len(frame)]
    if tiles:
        layers.append(("tiles", False))
    counted = content.band_figures()[0]
    warnings = [] if len(training) else [words["no_site"]]
    warnings += [] if questions else [words["no_flag"]]
    return page_template("side.html").render(
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
        views=[{"key": view, "label": view_label(content, view)} for view in views(content)],
        changes=[{"colour": colour, "label": label} for colour, label in change_classes(content.language)]
        if content.changes
        else [],
        access=access_classes(content),
        saturations=[
            {"colour": colour, "label": words[f"saturation.{item}"]} for item, colour in SATURATION_COLOURS.items()
        ],
        cut=cut_sentence(content),
        unmeasured=any((question.rows["level"].astype(str) == _UNMEASURED).any() for question in questions),
        n_zones=format_number(len(zones), content.language),
        confidences=[words[f"confidence.{item}"] for item in CONFIDENCES],
        qpv=bool((zones["zone_kind"].astype(str) == "qpv").any()),
        bands=band_styles(content),
        bands_label=content.bands_label,
        counted=counted,
        counted_note=text("count.note", content.language, counted=", ".join(words[f"count.{n}.told"] for n in counted)),
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
    embedded = page_data(content, zones, tiles=tiles)
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
    # folium forbids to enlarge with two fingers.
    page = _FIXED_SCALE.sub("width=device-width, initial-scale=1", page, count=1)
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
