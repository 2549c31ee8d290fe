"""A study whose every name is hostile, from its files to the browser: names stay names everywhere."""

from __future__ import annotations

import contextlib
import csv
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from geo_access.study.study import RunSummary, Study
from tests.browser import Page, browser

# Ends a script, an attribute, a comment, a title; asks matplotlib for mathematics, jinja and CSS for evaluation.
NASTY = (
    "<script>hacked=1</script><img src=x onerror=hacked=1>"
    "<a href=javascript:hacked=1>\"'--></title>$\\frac{{7*7}}{% x %} & l'Été ]]>"
)
STUDY = """
[study]
name = {name}
territory = {name}
date = 2026-03-17
epsg = 2154

[network]
streets = "crow-fly"

[origins.zones]
file = "zones.geojson"
source = {name}

[origins.points]
file = "points.csv"
crs = 4326
source = {name}
vintage = {name}

[training]
file = "training.csv"
crs = 4326
source = {name}

[employers]
file = "employers.csv"
crs = 4326

[[metiers]]
code = "F1602"
name = {name}

[[metiers]]
code = "H2913"
name = {name}

[[profiles]]
id = "velo"
name = {name}
mode = "bike"

[[profiles]]
id = "voiture"
name = {name}
mode = "car"

[[thresholds]]
id = "t"
name = {name}
minutes = 30
kind = "training"
source = {name}
status = {name}

[[thresholds]]
id = "e"
name = {name}
minutes = 30
kind = "job"
source = {name}

[[schedules]]
id = "jour"
name = {name}
kind = "training"
start = "09:00"
end = "17:00"

[output]
isochrone_minutes = [15, 30]
cell_m = 500
"""


def write_table(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def square(lon: float, name: str, kind: str) -> dict[str, object]:
    ring = [[lon, 50.0], [lon + 0.1, 50.0], [lon + 0.1, 50.1], [lon, 50.1], [lon, 50.0]]
    return {
        "type": "Feature",
        "properties": {"zone_id": f"z{lon:.1f}", "zone_name": name, "zone_kind": kind},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    home = tmp_path_factory.mktemp("hostile")
    squares = [square(3.0, NASTY, "urban"), square(3.1, f"{NASTY} 2", NASTY), square(3.2, "Loin", "rural")]
    (home / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": squares}), "utf-8")
    write_table(
        home / "points.csv",
        [{"point_id": f"p{i}", "lon": 3.03 + 0.08 * i, "lat": 50.05, "population": 2**i} for i in range(4)],
    )
    site = {
        "site_name": NASTY,
        "provider_type": NASTY,
        "level": 3,
        "voie": "continue",
        "places": 5,
        "modality": "on_site",
        "position_quality": "exact",
        "lon": 3.02,
        "lat": 50.05,
    }
    write_table(home / "training.csv", [{"site_id": NASTY, "metier": code, **site} for code in ("F1602", "H2913")])
    job = {
        "site_id": NASTY,
        "site_name": NASTY,
        "metier": "F1602",
        "openings": 3,
        "shift_start": "08:00",
        "shift_end": "16:00",
        "lat": 50.05,
    }
    write_table(home / "employers.csv", [{**job, "site_id": f"{NASTY}{i}", "lon": 3.04 + i / 1e4} for i in range(3)])
    (home / "study.toml").write_text(STUDY.format(name=json.dumps(NASTY, ensure_ascii=False)), "utf-8")
    return Study.from_file(home / "study.toml")


@pytest.fixture(scope="module")
def result(study: Study) -> RunSummary:
    return study.run(study.path.parent / "out")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Page]:
    with browser() as page:
        yield page


UNHARMED = (
    "return typeof window.hacked === 'undefined' && "
    "document.querySelectorAll('img[src=\"x\"], [onerror], a[href^=javascript]').length === 0"
)


def check_unharmed(page: Page, path: Path) -> None:
    page.open(path)
    page.settle(0.6)
    assert page.run(UNHARMED), path.name
    assert page.console_errors() == [], path.name


@pytest.mark.browser
def test_no_page_runs_what_a_name_says(result: RunSummary, study: Study, chromium: Page) -> None:
    sheet = study.sheet(study.path.parent / "sheet.html", origin=(3.03, 50.05), metier="F1602")
    pages = sorted(result.folder.rglob("*.html"))
    assert {page.name for page in pages} == {"index.html", "report.html", "compare.html", "F1602.html", "H2913.html"}
    for path in (*pages, sheet):
        check_unharmed(chromium, path)
        assert "hacked=1" in chromium.run("return document.documentElement.textContent"), path.name


@pytest.mark.browser
def test_popups_search_and_clusters_show_names_as_text(result: RunSummary, chromium: Page) -> None:
    chromium.open(result.folder / "maps" / "F1602.html")
    chromium.settle(0.6)
    shown = chromium.run(
        "const found = []; const read = () => found.push(document.querySelector('.leaflet-popup-content').innerText);"
        "gaMap.zones.eachLayer((layer) => { layer.openPopup(); read(); });"
        "gaMap.layers.training.eachLayer((layer) => { layer.openPopup(); read(); });"
        "gaMap.layers.employers.eachLayer((layer) => { layer.openPopup(); read(); });"
        "const search = document.getElementById('ga-search'); search.value = arguments[0];"
        "search.dispatchEvent(new Event('change')); read(); return found",
        NASTY,
    )
    assert len(shown) == 3 + 1 + 1 + 1
    assert all(NASTY in text for text in (shown[0], shown[3], shown[4], shown[5]))
    assert chromium.run(UNHARMED)
    assert chromium.run(
        "return [...document.querySelectorAll('#ga-names option')].some((o) => o.value === arguments[0])", NASTY
    )
    chromium.run("document.querySelector('[data-layer=zones]').click()")
    assert chromium.run(UNHARMED)
    assert chromium.console_errors() == []


def test_tables_hold_the_names_unchanged(result: RunSummary) -> None:
    flags = pd.read_csv(result.folder / "flags.csv")
    assert NASTY in set(flags["zone_name"])
    assert set(flags["metier_name"]) == {NASTY}


# All that answers on a map: bands, zones, sites, the list of zones, the choices.
CLICKS = """
const tried = [];
for (const chosen of ['[data-layer]', '#ga-zones button', '.ga-symbol', 'svg path', 'summary'])
  for (const item of [...document.querySelectorAll(chosen)].slice(0, 12)) {
    item.dispatchEvent(new MouseEvent('click', {bubbles: true, clientX: 200, clientY: 200}));
    const told = document.querySelector('.leaflet-popup-content');
    if (told) tried.push(told.textContent);
  }
return tried.join('\\n');
"""


@pytest.mark.browser
def test_no_popup_runs_what_a_name_says(result: RunSummary, chromium: Page) -> None:
    for path in sorted((result.folder / "maps").glob("*1*.html")):
        chromium.open(path)
        chromium.settle(0.6)
        assert "hacked=1" in chromium.run(CLICKS), path.name
        chromium.settle(0.3)
        assert chromium.run(UNHARMED), path.name
        assert chromium.console_errors() == [], path.name


def pdf_words(path: Path) -> bytes:
    """All of a PDF, its streams unpacked."""
    raw = path.read_bytes()
    streams = [raw]
    for found in re.finditer(rb"stream\r?\n", raw):
        with contextlib.suppress(zlib.error):
            streams.append(zlib.decompressobj().decompress(raw[found.end() :]))
    return b"\n".join(streams)


def test_no_pdf_opens_a_way_out_for_what_a_name_says(result: RunSummary) -> None:
    papers = sorted(result.folder.rglob("*.pdf"))
    assert len(papers) >= 3
    for path in papers:
        words = pdf_words(path)
        for action in (
            rb"/JavaScript",
            rb"/JS\b",
            rb"/Launch",
            rb"/EmbeddedFile",
            rb"/SubmitForm",
            rb"/GoToR",
            rb"/OpenAction",
        ):
            assert not re.search(action, words), (path.name, action)
        assert not re.search(rb"/URI\s*\((?!https?:|mailto:)", words), path.name
