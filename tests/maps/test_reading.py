"""Who reads the map, and on what: a phone, a keyboard, a screen reader; what the colour says, and its legend."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString

from geo_access.maps.content import MapChange, MapContent
from geo_access.maps.index import ComparedMap, FrontPage, write_compare, write_index
from geo_access.maps.interactive import metier_map, page_html, write_metier_map
from tests.browser import Page, browser
from tests.maps.territory import content, flags, training, zones

AXE = (Path(__file__).parents[1] / "web" / "vendor" / "axe.min.js").read_text(encoding="utf-8")
VISIBLE_LEGENDS = (
    "return [...document.querySelectorAll('[data-legend]')].filter(p => !p.hidden).map(p => p.dataset.legend)"
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Page]:
    with browser() as page:
        yield page


def rich(language: str = "fr", **changes: object) -> MapContent:
    """Both publics, the second axis, places taken at two sites of four, and isochrones of the first public."""
    areas = zones()
    table = flags(areas)
    table["saturation"] = (["places libres", "tendu", "saturé", "non mesuré", "sans objet"] * len(table))[: len(table)]
    table["free_places"] = 3.5
    table.loc[table["zone_id"] == "c00", ["level", "median_time_min"]] = ["indécidable", None]
    sites = training().assign(filled=[100.0, 50.0, None, 4.0, None, None])
    made = content(language=language, flags=table, training=sites, bands_for=("sans_voiture", "training"), **changes)
    if made.bands is not None:
        made.bands["cut_by_extent"] = made.bands["minutes"] >= 45
        west, south, _, north = made.bands.total_bounds
        made = replace(made, band_ends=gpd.GeoSeries([LineString([(west, south), (west, north)])], crs=made.bands.crs))
    return made


def violations(page: Page) -> list[str]:
    """Broken rules of axe-core on the open page, with the first element of each."""
    page.run(
        AXE + "; window.gaAxe = null; axe.run(document, {iframes: false}).then((found) => { window.gaAxe = found; })"
    )
    page.until("return window.gaAxe !== null")
    return page.run("return window.gaAxe.violations.map(v => v.id + ': ' + v.nodes[0].html.slice(0, 200))")


def test_fingers_may_enlarge_the_page() -> None:
    page = page_html(metier_map(content()))
    scale = re.findall(r'<meta name="viewport"[^>]*content="([^"]*)"', page)
    assert scale == ["width=device-width, initial-scale=1"]


def test_free_places_of_a_site_are_told_or_said_to_be_unknown() -> None:
    """120 places, 100 filled: 20 free; 40 places, 50 filled: none, never −10; nobody told of the third."""
    page = page_html(metier_map(rich()))
    data = json.loads(re.search(r'<script type="application/json" id="ga-data">(.*?)</script>', page, re.DOTALL)[1])
    assert [site["text"][1] for site in data["sites"]] == [
        "120 places, dont 20 libres",
        "40 places, dont 0 libre",
        "24 places, dont 20 libres",
        "5 places (places libres\u202f: non renseignées)",
    ]


@pytest.mark.browser
def test_the_legend_follows_what_the_colour_says(chromium: Page, tmp_path: Path) -> None:
    chromium.open(write_metier_map(rich(), tmp_path / "m.html"))
    chromium.settle()
    choose = (
        "const c = document.getElementById(arguments[0]); c.value = arguments[1]; c.dispatchEvent(new Event('change'))"
    )
    paths = "[...document.querySelectorAll('.leaflet-zones-pane path')]"
    fills = f"return [...new Set({paths}.map(p => p.getAttribute('fill')))]"
    opacity = "return document.querySelector('.leaflet-zones-pane path').getAttribute('fill-opacity')"
    bands = "return document.querySelectorAll('.leaflet-bands-pane path').length"
    assert chromium.run(VISIBLE_LEGENDS) == ["access level", "access"]
    assert (chromium.run(bands), chromium.run(opacity)) == (4, "0")
    assert "url(#ga-veil)" in chromium.run(fills), "what was not measured is not white under the isochrones"
    # Another public: no isochrones were computed, so the areas tell their own times, and the legend says so.
    chromium.run(choose, "ga-question", "1")
    assert chromium.run(VISIBLE_LEGENDS) == ["by_zone"]
    assert chromium.run(bands) == 0
    assert {"url(#ga-none)", "url(#ga-far)"} >= {fill for fill in chromium.run(fills) if fill.startswith("url")}
    assert "url(#ga-none)" in chromium.run(fills), "what was not measured is no long trip"
    assert "#2d1e5f" in chromium.run(fills)
    chromium.run(choose, "ga-view", "saturation")
    assert chromium.run(VISIBLE_LEGENDS) == ["saturation"]
    assert set(chromium.run(fills)) == {"#35978f", "#dfc27d", "#8c510a", "url(#ga-none)", "#f4f4f2"}
    chromium.run(choose, "ga-view", "level")
    assert chromium.run(VISIBLE_LEGENDS) == ["access level", "level"]
    assert "url(#ga-none)" in chromium.run(fills), "what was not measured is hatched in grey"
    assert chromium.console_errors() == []


@pytest.mark.browser
def test_a_scenario_is_one_more_thing_that_the_colour_says(chromium: Page, tmp_path: Path) -> None:
    """Two zones of one question move: +40 points is the darkest gain, −5 a hatched loss, the others are unchanged."""
    study = rich()
    key = study.questions()[0].key
    first, second = (str(zone) for zone in study.zones["zone_id"].head(2))
    names = ("metier", "profile", "kind", "schedule", "threshold", "zone_id", "share_before", "share_after")
    rows = [(study.metier_code, *key, first, 0.2, 0.6), (study.metier_code, *key, second, 0.5, 0.45)]
    rows.append(("another", *key, first, 0.9, 0.1))
    changed = replace(study, changes=(MapChange("Bus de 04:25", pd.DataFrame(rows, columns=list(names))),))
    chromium.open(write_metier_map(changed, tmp_path / "m.html"))
    chromium.settle()
    choices = chromium.run("return [...document.getElementById('ga-view').options].map(o => [o.value, o.text])")
    assert choices[-1] == [
        "change_0",
        "Ce que change « Bus de 04:25 »".replace("« ", "«\u202f").replace(" »", "\u202f»"),
    ]
    choose = (
        "const c = document.getElementById(arguments[0]); c.value = arguments[1]; c.dispatchEvent(new Event('change'))"
    )
    chromium.run(choose, "ga-view", "change_0")
    assert chromium.run(VISIBLE_LEGENDS) == ["change"]
    paths = "[...document.querySelectorAll('.leaflet-zones-pane path')]"
    fills = chromium.run(f"return {paths}.map(p => p.getAttribute('fill'))")
    assert (fills.count("#1f5f8f"), fills.count("url(#ga-loss-0)")) == (1, 1)
    assert set(fills) <= {"#1f5f8f", "url(#ga-loss-0)", "#eeeeec", "url(#ga-none)", "#ffffff"}
    # Under another question nothing of it moves.
    chromium.run(choose, "ga-question", "1")
    assert not {"#1f5f8f", "url(#ga-loss-0)"} & set(chromium.run(f"return {paths}.map(p => p.getAttribute('fill'))"))
    assert chromium.console_errors() == []
    assert violations(chromium) == []


@pytest.mark.browser
def test_an_edge_that_the_extract_cut_is_dashed_and_said(chromium: Page, tmp_path: Path) -> None:
    chromium.open(write_metier_map(rich(), tmp_path / "m.html"))
    chromium.settle()
    dashes = "return [...document.querySelectorAll('.ga-cut-edge')].map(p => p.getAttribute('stroke-dasharray'))"
    assert chromium.run(dashes) == ["7 5"], "the line where it ends, and nothing else"
    assert "à partir de 45 min" in chromium.run("return document.querySelector('.ga-cut').textContent")
    chromium.run("gaMap.show('level')")
    assert chromium.run(dashes) == ["7 5"]
    chromium.run("gaMap.show('saturation')")
    assert chromium.run(dashes) == []


@pytest.mark.browser
@pytest.mark.parametrize(
    "typed", ["saint-oeuvre l'eglise", "SAINT ŒUVRE L’ÉGLISE", "st oeuvre", "saintoeuvre", "  L‘église  "]
)
def test_a_name_is_found_however_it_is_typed(chromium: Page, tmp_path: Path, typed: str) -> None:
    areas = zones()
    areas.loc[3, "zone_name"] = "Saint-Œuvre–l’Église"
    chromium.open(write_metier_map(content(zones=areas, with_bands=False), tmp_path / "m.html"))
    chromium.run(
        "const s = document.getElementById('ga-search'); s.value = arguments[0]; s.dispatchEvent(new Event('change'))",
        typed,
    )
    assert chromium.run("return document.querySelector('.leaflet-popup h3').textContent") == "Saint-Œuvre–l’Église"


@pytest.mark.browser
def test_a_keyboard_opens_any_area_and_comes_back(chromium: Page, tmp_path: Path) -> None:
    chromium.open(write_metier_map(content(with_bands=False), tmp_path / "m.html"))
    chromium.run("document.getElementById('ga-zones').open = true")
    chromium.settle()
    assert chromium.run("return document.querySelectorAll('#ga-zones button').length") == len(zones())
    chromium.run("const b = document.querySelectorAll('#ga-zones button')[4]; b.focus(); b.click()")
    name = chromium.run("return document.querySelectorAll('#ga-zones button')[4].textContent")
    assert chromium.run("return document.activeElement.getAttribute('aria-label')") == name
    chromium.run("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape'}))")
    assert chromium.run("return document.activeElement.textContent") == name


@pytest.mark.browser
def test_every_commune_has_its_name_as_one_zooms(chromium: Page, tmp_path: Path) -> None:
    areas = zones()
    areas.loc[0, "zone_name"] = "Commune-au-nom-de-plus-de-trente-lettres"
    chromium.open(write_metier_map(content(zones=areas, with_bands=False), tmp_path / "m.html"))
    seen = set()
    for index in range(len(areas)):
        chromium.run(
            "const zone = gaMap.zones.getLayers()[arguments[0]];"
            "gaMap.map.setView(zone.getBounds().getCenter(), 14, {animate: false})",
            index,
        )
        seen |= set(chromium.run("return [...document.querySelectorAll('.ga-name')].map(n => n.textContent)"))
    assert seen == set(areas.loc[areas["zone_kind"] != "qpv", "zone_name"])


@pytest.mark.browser
@pytest.mark.parametrize("language", ["fr", "en"])
def test_axe_finds_nothing_wide_or_on_a_phone(chromium: Page, tmp_path: Path, language: str) -> None:
    path = write_metier_map(rich(language), tmp_path / "m.html")
    for width, height in ((1280, 860), (360, 740)):
        chromium.resize(width, height)
        chromium.open(path)
        chromium.settle()
        assert violations(chromium) == []
        chromium.run("document.getElementById('ga-zones').open = true; gaMap.show('level')")
        chromium.run("gaMap.zones.getLayers()[20].openPopup()")
        chromium.settle()
        assert violations(chromium) == []
    chromium.resize(1280, 860)


@pytest.mark.browser
@pytest.mark.parametrize("language", ["fr", "en"])
def test_axe_finds_nothing_on_the_front_page_and_beside_one_another(
    chromium: Page, tmp_path: Path, language: str
) -> None:
    shown = rich(language)
    one = write_metier_map(shown, tmp_path / "maps" / "a.html")
    asked = tuple(question.label for question in shown.questions())
    sides = [ComparedMap("Un", one, asked), ComparedMap("Deux", one, asked)]
    pages = [
        write_index(tmp_path, FrontPage("Étude", [shown], {"F1606": one}, language=language)),
        write_compare(tmp_path / "maps" / "compare.html", maps=sides, presets=[], language=language),
    ]
    for page in pages:
        for width, height in ((1280, 860), (360, 740)):
            chromium.resize(width, height)
            chromium.open(page)
            chromium.settle()
            assert violations(chromium) == [], page.name
            assert chromium.run("return document.documentElement.scrollWidth") <= width, page.name
    chromium.resize(1280, 860)


@pytest.mark.browser
def test_a_phone_shows_all_of_it_in_letters_that_can_be_read(chromium: Page, tmp_path: Path) -> None:
    counts = pd.DataFrame({"minutes": [15, 30, 45, 60], "residents": 1_234_567, "job_seekers": 123_456, "places": 9999})
    chromium.resize(360, 740)
    chromium.open(write_metier_map(rich(counts=counts), tmp_path / "m.html"))
    chromium.settle()
    assert chromium.run("return document.documentElement.scrollWidth") <= 360
    small = chromium.run(
        "return [...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && [...e.childNodes].some(n =>"
        " n.nodeType === 3 && n.textContent.trim()) && parseFloat(getComputedStyle(e).fontSize) < 12)"
        ".map(e => e.outerHTML.slice(0, 120))"
    )
    assert small == []
    chromium.run("document.querySelector('.folium-map').scrollIntoView()")
    for index in range(0, len(zones()), 5):
        chromium.run("gaMap.zones.getLayers()[arguments[0]].openPopup()", index)
        chromium.settle()
        over = chromium.run(
            "const b = document.querySelector('.leaflet-popup-close-button'), r = b.getBoundingClientRect();"
            "const top = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);"
            "return b.contains(top) ? '' : (top ? top.outerHTML.slice(0, 120) : 'outside')"
        )
        assert over == ""
    chromium.resize(1280, 860)


def test_the_legend_names_only_whom_the_study_counts() -> None:
    counts = pd.DataFrame({"minutes": [15, 30, 45, 60], "residents": 10, "places": 2})
    page = page_html(metier_map(rich(counts=counts))).split('id="ga-data">')[0]
    assert "Jusqu’à ce temps\u202f: habitants (hab.), places du métier." in page
    assert "D.E." not in page
