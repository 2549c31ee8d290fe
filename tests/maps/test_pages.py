"""Pages opened in a browser: nothing from the internet, no console error, users' words stay words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Polygon

from geo_access.errors import InputError
from geo_access.maps.index import ComparedMap, Comparison, FrontPage, write_compare, write_index
from geo_access.maps.interactive import metier_map, page_html, write_metier_map
from tests.browser import Page, browser
from tests.maps.territory import NASTY, content, employers, flags, zones

SIDES = ("left", "right")
SCRIPT_IN_PAGE = re.compile(r"<script>\s*alert")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Page]:
    with browser() as page:
        yield page


def data_of(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="ga-data">(.*?)</script>', page, re.DOTALL)[1])


def level_of(data: dict, question: int, zone: int) -> int | None:
    """Level of a zone as the page's script reads it: one value per zone, or one for all."""
    column = data["columns"][data["questions"][question]["columns"][0]]
    return column[zone] if len(column) > 1 else column[0]


def test_the_page_needs_no_internet_and_stays_small(tmp_path: Path) -> None:
    page = write_metier_map(content(), tmp_path / "m.html").read_text()
    assert re.findall(r'(?:src|href)="(?!assets/)[^"#]*"', page) == []
    assert "cdn" not in page
    assert (tmp_path / "assets" / "leaflet-LICENSE.txt").read_text().startswith("BSD 2-Clause")
    assert len(page.encode()) < 2_000_000


def test_names_never_become_markup() -> None:
    page = page_html(metier_map(content(metier_name=NASTY, territory=NASTY, sources=(NASTY,), bands_label=NASTY)))
    assert not SCRIPT_IN_PAGE.search(page)
    assert any(zone["properties"]["name"] == NASTY for zone in data_of(page)["zones"]["features"])


def test_the_same_study_gives_the_same_bytes() -> None:
    assert page_html(metier_map(content())) == page_html(metier_map(content()))


def test_an_inlined_page_stands_alone() -> None:
    page = page_html(metier_map(content()), inline=True)
    assert "assets/" not in page
    assert "function geoAccessMap" in page


def test_every_question_has_a_row_for_every_zone_and_missing_flags_are_said() -> None:
    areas = zones()
    table = flags(areas)
    data = data_of(page_html(metier_map(content(flags=table[table["zone_id"] != "c00"]))))
    columns = [data["columns"][number] for question in data["questions"] for number in question["columns"]]
    assert {len(column) for column in columns} <= {1, len(areas)}
    index = next(
        z["properties"]["index"] for z in data["zones"]["features"] if z["properties"]["name"] == "Commune 0-0"
    )
    assert level_of(data, 0, index) is None
    assert sum(level_of(data, 0, zone) is None for zone in range(len(areas))) == 1


def test_no_site_and_no_flag_are_said_on_the_map() -> None:
    bare = content(metier_code="K1304", metier_name="Aide à domicile", with_bands=False)
    page = page_html(metier_map(bare))
    assert "Aucun site localisé" in page
    assert "Aucune zone évaluée" in page


def test_invalid_zone_outlines_are_mended() -> None:
    areas = zones()
    bow_tie = Polygon([(680_000, 7_040_000), (685_000, 7_045_000), (685_000, 7_040_000), (680_000, 7_045_000)])
    areas.loc[0, "geometry"] = bow_tie
    data = data_of(page_html(metier_map(content(zones=areas))))
    assert len(data["zones"]["features"]) == len(areas)


def test_missing_columns_and_crs_are_all_said_at_once() -> None:
    areas = zones()
    with pytest.raises(InputError) as caught:
        content(zones=areas.drop(columns="zone_kind").set_crs(None, allow_override=True), flags=pd.DataFrame())
    assert len(caught.value.faults) >= 3


def test_nothing_to_draw_is_refused() -> None:
    nowhere = gpd.GeoDataFrame({"zone_id": [], "zone_name": [], "zone_kind": []}, geometry=[], crs=4326)
    with pytest.raises(InputError, match="neither zones nor sites"):
        metier_map(content(zones=nowhere, training=None, employers=None, with_bands=False))


def test_large_territories_are_simplified_below_two_megabytes() -> None:
    """1,000 zones of 400 points each would be 8 MB as they come."""

    turn = np.linspace(0, 2 * np.pi, 400)
    wave = 900 + 60 * np.sin(40 * turn)
    rings = [
        Polygon(
            np.column_stack(
                [680e3 + 2000 * (i % 50) + wave * np.cos(turn), 7e6 + 2000 * (i // 50) + wave * np.sin(turn)]
            )
        )
        for i in range(1000)
    ]
    areas = gpd.GeoDataFrame(
        {"zone_id": [f"z{i}" for i in range(1000)], "zone_name": "Commune", "zone_kind": "rural"},
        geometry=rings,
        crs=2154,
    )
    page = page_html(metier_map(content(zones=areas, flags=flags(areas), with_bands=False)))
    assert len(page.encode()) < 2_000_000


@pytest.mark.browser
def test_isochrones_of_another_public_are_not_drawn_over_the_levels(chromium: Page, tmp_path: Path) -> None:
    chromium.open(write_metier_map(content(bands_for=("sans_voiture", "training")), tmp_path / "m.html"))
    chromium.settle()
    assert chromium.run("return document.querySelectorAll('.leaflet-bands-pane path').length") == 4, "filled at first"
    chromium.run("gaMap.show('level')")
    outlines = "return document.querySelectorAll('.leaflet-lines-pane path').length"
    assert chromium.run(outlines) == 2, "the outline of the farthest band, and its casing"
    ask = (
        "const c = document.getElementById('ga-question'); c.value = arguments[0]; c.dispatchEvent(new Event('change'))"
    )
    chromium.run(ask, "1")
    assert chromium.run(outlines) == 0
    chromium.run(ask, "0")
    assert chromium.run(outlines) == 2
    assert chromium.console_errors() == []


@pytest.mark.browser
def test_a_click_on_a_band_tells_who_lives_there(chromium: Page, tmp_path: Path) -> None:
    counts = pd.DataFrame({"minutes": [15, 30, 45, 60], "residents": [1000, 2048, 4096, 8192], "openings": 7})
    chromium.open(write_metier_map(content(counts=counts, bands_label=NASTY), tmp_path / "m.html"))
    chromium.settle()
    legend = chromium.run("return [...document.querySelectorAll('.ga-bands td')].map((td) => td.textContent)")
    assert legend == ["1\u202f000", "7", "2\u202f048", "7", "4\u202f096", "7", "8\u202f192", "7"]
    chromium.run("document.querySelector('[data-layer=zones]').click()")
    chromium.settle()
    chromium.run(
        "const path = document.querySelector('.leaflet-bands-pane path:last-of-type');"
        "const box = path.getBoundingClientRect();"
        "path.dispatchEvent(new MouseEvent('click', {bubbles: true, clientX: box.x + 5, clientY: box.y + 5}))"
    )
    told = chromium.run("return document.querySelector('.leaflet-popup-content').innerText")
    assert NASTY in told
    assert "8\u202f192" in told
    assert chromium.console_errors() == []


@pytest.mark.browser
def test_many_employers_are_one_symbol_until_one_looks_closer(chromium: Page, tmp_path: Path) -> None:
    few = employers()
    rows = pd.concat([few.assign(site_id=f"e{i}", site_name=f"{NASTY} {i}") for i in range(150)], ignore_index=True)
    chromium.open(write_metier_map(content(employers=rows), tmp_path / "m.html"))
    chromium.settle()
    badges = chromium.run("return [...document.querySelectorAll('.ga-count')].map((b) => Number(b.textContent))")
    assert sum(badges) == 150, "each in one symbol; the second row of a site is the same site"
    assert len(badges) < 5
    scale = "return Number(getComputedStyle(document.documentElement).getPropertyValue('--ga-symbol'))"
    before = chromium.run(scale)
    chromium.run("gaMap.map.setZoom(gaMap.map.getZoom() + 3, {animate: false})")
    chromium.settle()
    assert before < chromium.run(scale) == 1


@pytest.mark.browser
def test_a_map_opens_answers_a_click_and_a_search(chromium: Page, tmp_path: Path) -> None:
    chromium.open(write_metier_map(content(), tmp_path / "m.html"))
    chromium.settle()
    assert chromium.console_errors() == []
    opened = chromium.run(
        "const search = document.getElementById('ga-search'); search.value = 'quartier du moulin 1';"
        "search.dispatchEvent(new Event('change')); return document.querySelector('.leaflet-popup-content').innerText"
    )
    assert opened.startswith("Quartier du Moulin 1")
    assert "peuvent s’y rendre" in opened
    assert (
        chromium.run(
            "document.querySelector('.ga-symbol').click(); return document.querySelectorAll('svg path').length"
        )
        > 40
    )
    shown = chromium.run(
        "gaMap.zones.getLayers().find(l => l.feature.properties.name.includes('script')).openPopup();"
        "return [...document.querySelectorAll('.leaflet-popup-content h3')].at(-1).textContent"
    )
    assert shown == NASTY
    chromium.settle()
    assert chromium.console_errors() == []


@pytest.mark.browser
def test_choosing_a_question_repaints_and_layers_switch(chromium: Page, tmp_path: Path) -> None:
    chromium.open(write_metier_map(content(), tmp_path / "m.html"))
    chromium.settle()
    chromium.run("gaMap.show('level')")
    fills = "return [...document.querySelectorAll('.leaflet-zones-pane path')].map(p => p.getAttribute('fill')).join()"
    before = chromium.run(fills)
    chromium.run(
        "const c = document.getElementById('ga-question'); c.value = '1'; c.dispatchEvent(new Event('change'))"
    )
    assert chromium.run(fills) != before
    chromium.run("document.querySelector('[data-layer=zones]').click()")
    assert chromium.run("return document.querySelectorAll('.leaflet-bands-pane path').length") == 4
    assert chromium.console_errors() == []


def view_of(page: Page, side: str) -> list[float]:
    """Latitude and longitude of the centre, and zoom, of the map in a frame."""
    return page.in_frame(side, "const c = gaMap.map.getCenter(); return [c.lat, c.lng, gaMap.map.getZoom()]")


MOVE = "gaMap.map.setView([arguments[0], arguments[1]], arguments[2], {animate: false})"


@pytest.mark.browser
def test_compared_maps_move_together_and_answer_questions(chromium: Page, tmp_path: Path) -> None:
    questions = ("Sans voiture", "Voiture")
    sides = [
        ComparedMap(name, write_metier_map(content(language=language), tmp_path / f"{language}.html"), questions)
        for name, language in (("Un", "fr"), (NASTY, "en"))
    ]
    presets = [Comparison(f"car {NASTY}", (0, 0), (0, 1))]
    chromium.open(write_compare(tmp_path / "compare.html", maps=sides, presets=presets))
    chromium.settle(1.0)
    assert chromium.console_errors() == []
    assert chromium.run("return document.querySelector('#map-left').options[1].textContent") == NASTY
    lat, lng, zoom = view_of(chromium, "right")
    for mover, other, wanted in (
        ("left", "right", [lat - 0.01, lng + 0.02, zoom + 2]),
        ("right", "left", [lat + 0.02, lng - 0.01, zoom + 1]),
    ):
        chromium.in_frame(mover, MOVE, *wanted)
        chromium.settle()
        assert view_of(chromium, other) == pytest.approx(wanted, abs=1e-6)
    chromium.run("document.querySelector('[data-preset]').click()")
    chromium.settle(1.0)
    shown = [chromium.in_frame(side, "return document.getElementById('ga-asked').textContent") for side in SIDES]
    assert shown[0] != shown[1]
    assert "voiture" in shown[1].lower()
    # The frame that was replaced took over the view of the other.
    assert view_of(chromium, "right") == pytest.approx(view_of(chromium, "left"), abs=1e-6)
    assert chromium.console_errors() == []


@pytest.mark.browser
def test_the_front_page_leads_to_everything(chromium: Page, tmp_path: Path) -> None:
    shown = content()
    one = write_metier_map(shown, tmp_path / "maps" / "a b&c.html")
    table = tmp_path / "flags.csv"
    table.write_text("x")
    front = write_index(tmp_path, FrontPage(NASTY, [shown], {"F1606": one}, tables=[table]))
    chromium.open(front)
    assert chromium.run("return document.querySelector('h1').textContent") == NASTY
    links = chromium.run("return [...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
    assert links == ["maps/a%20b%26c.html", "flags.csv"]
    assert chromium.console_errors() == []


def test_comparing_one_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two or more"):
        write_compare(tmp_path / "c.html", maps=[ComparedMap("seule", tmp_path / "m.html")])


def test_files_outside_the_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lies outside"):
        write_index(tmp_path / "out", FrontPage("x", tables=[tmp_path / "elsewhere.csv"]))
