"""The page in a real Chromium: four two-minute paths with the figures of the Python API, keyboard, axe, offline."""

from __future__ import annotations

import base64
import io
import re
import struct
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

from geo_access.study.file import checked_changes
from geo_access.study.prepared import PreparedStudy
from geo_access.study.whatif import run_scenario
from geo_access.web.adviser import adviser_answer
from geo_access.web.employer import employer_answer
from geo_access.web.observatory import observatory_table
from geo_access.web.questions import AdviserQuestion, EmployerQuestion, ObservatoryQuestion
from tests.browser import Page, browser

pytestmark = pytest.mark.browser
READY = "return document.documentElement.dataset.ready"
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
DOORS = ("planner", "adviser", "observatory", "employer")
EARLY_BUS = {"change": "repeat_trip", "line": "L8", "near": "05:50", "start": "04:25"}


@pytest.fixture(scope="module")
def wide(served: str) -> Iterator[Page]:
    with browser(width=1400, height=1000, webgl=True) as page:
        page.goto(served)
        page.until(READY, seconds=120)
        yield page


def opened(page: Page, served: str, fragment: str) -> None:
    page.goto("about:blank")
    page.goto(f"{served}#{fragment}")
    page.until(READY, seconds=120)


def figures(told: str) -> list[int]:
    """Whole numbers of a sentence, whatever space groups their digits."""
    return [int(re.sub(r"\D", "", found)) for found in re.findall(r"\d[\d\u202f\u00a0,]*", told)]


def choose(page: Page, name: str, value: str) -> None:
    page.run(
        "const box = document.querySelector(`[name=${arguments[0]}]`); box.value = arguments[1];"
        "box.dispatchEvent(new Event('change', {bubbles: true}))",
        name,
        value,
    )


def press(page: Page, *keys: str) -> None:
    actions = [step for key in keys for step in ({"type": "keyDown", "value": key}, {"type": "keyUp", "value": key})]
    page._call("/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})


TAB, ENTER = "\ue004", "\ue007"


def test_the_planner_finds_the_hole_at_five_and_lifts_it(wide: Page, served: str, prepared: PreparedStudy) -> None:
    opened(wide, served, "door=planner&metier=H2913&profile=sans_voiture&kind=job&schedule=poste_matin")
    case = prepared.case("sans_voiture", "job", "poste_matin")
    column = [m.code for m in case.offers.metiers].index("H2913")
    people = prepared.diagnosis.residents.population
    share = round(100 * people[case.points.reached[:, column]].sum() / people.sum())
    told = wide.run("return document.querySelector('#answer .sentence').textContent")
    assert figures(told)[:2] == [60, share]
    choose(wide, "scenario", "bus_5h")
    told = wide.until("return document.getElementById('moved')?.textContent", seconds=120)
    row = run_scenario(prepared, checked_changes([EARLY_BUS])).delta.people
    row = row[(row["metier"] == "H2913") & (row["profile"] == "sans_voiture") & (row["schedule"] == "poste_matin")]
    won, lost = (round(float(row[f"residents_{name}"].iloc[0])) for name in ("won", "lost"))
    lifted, fallen = (int(row[f"zones_{name}"].iloc[0]) for name in ("unflagged", "flagged"))
    assert won > 0
    assert figures(told) == [60, won, lost, lifted, fallen]
    # Behind a curtain drawn to the left edge stands what follows, to the right edge what was; between, both.
    wide.run("document.querySelector('[name=see][value=side]').click()")
    reds = {}
    for share in (0, 50, 100):
        wide.run(
            "const box = document.getElementById('curtain'); box.value = arguments[0];"
            "box.dispatchEvent(new Event('input', {bubbles: true}))",
            share,
        )
        wide.settle(0.6)
        wide.run(PIXELS)
        reds[share] = wide.until("return window.counted", seconds=60)[2]
    assert reds[0] < reds[100]
    assert min(reds[0], reds[100]) <= reds[50] <= reds[100]
    assert wide.run("return document.querySelector('.sides').textContent") == "AvantAprès"
    wide.run("[...document.querySelectorAll('#edit button')].find((b) => b.textContent === 'Annuler').click()")
    wide.until("return !document.getElementById('moved')")
    assert wide.run("return document.querySelectorAll('.changes li').length") == 0
    assert wide.console_errors() == []


PIXELS = """
window.counted = null;
(async () => {
  const view = await import('/page/map.js');
  const canvas = await view.snapshot();
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const ground = [0xf7, 0xf7, 0xf4];
  const near = (k, hex) => [0, 1, 2].every((c) => {
    const ink = parseInt(hex.slice(1 + 2 * c, 3 + 2 * c), 16);
    return Math.abs(pixels[k + c] - (0.55 * ink + 0.45 * ground[c])) <= 3;
  });
  const found = [0, 0, 0];
  for (let k = 0; k < pixels.length; k += 4) for (const c of [0, 1, 2]) found[c] += near(k, view.LEVELS[c]);
  window.counted = found;
})();
"""


def test_zones_are_recoloured_while_the_slider_moves(wide: Page, served: str) -> None:
    opened(wide, served, "door=planner&metier=F1602&profile=sans_voiture")
    wide.until("return document.querySelectorAll('#rows tbody tr').length", seconds=60)
    counted = {}
    for minutes in (1, 120):
        wide.run(
            "const box = document.getElementById('minutes');"
            "for (const m of [arguments[0] + 1, arguments[0] - 1, arguments[0]]) {"
            " box.value = m; box.dispatchEvent(new Event('input', {bubbles: true})); }",
            minutes,
        )
        wide.until(f"return document.querySelector('#question output').textContent.startsWith('{minutes}')")
        wide.settle(1.0)
        wide.run(PIXELS)
        counted[minutes] = wide.until("return window.counted", seconds=60)
        bad = wide.run("return [...document.querySelectorAll('#rows .badge.level-2')].length")
        assert (bad > 0) == (counted[minutes][2] > 0)
    # Nobody gets anywhere in a minute; in two hours some zones are adequate.
    assert counted[1][0] == counted[1][1] == 0
    assert counted[1][2] > 1000
    assert counted[120][0] > 1000
    assert wide.console_errors() == []


def test_a_change_that_cannot_be_is_told_in_the_page(wide: Page, served: str) -> None:
    opened(wide, served, "door=planner")
    wide.run("document.getElementById('edit').open = true")
    choose(wide, "change", "session_added")
    choose(wide, "edit_at", "2.35, 48.85")
    wide.run("document.querySelector('#edit .panel button[type=submit]').click()")
    wide.until("return document.querySelector('#edit .changes li')", seconds=60)
    wide.until("return !document.querySelector('#edit').textContent.includes('Calcul en cours…')", seconds=120)
    told = wide.run("return document.getElementById('edit').innerText")
    # Paris lies far from the demo's streets: nothing was applied, and the page says what and what to do.
    assert "m de toute rue" in told
    assert "personne ne gagne" not in told
    # The refusals stand in the console; what is told later is told afresh.
    assert all("400" in line for line in wide.console_errors())
    wide.run("sessionStorage.clear()")


def test_the_adviser_prints_a_sheet_and_nothing_is_kept(
    served: str, prepared: PreparedStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    secret, place = "17 rue Introuvable-Zorglub", "3.82173, 50.20341"
    with browser(width=1400, height=1000) as page:
        page.goto(f"{served}#door=adviser")
        page.until(READY, seconds=120)
        choose(page, "address", secret)
        page.run("document.querySelector('#question form button[type=submit]').click()")
        page.until("return document.querySelector('#answer .error')", seconds=60)
        choose(page, "address", place)
        page.run("document.querySelector('#question form button[type=submit]').click()")
        page.until("return document.querySelector('#rows table')", seconds=120)
        told = page.run("return document.querySelector('#answer .sentence').textContent")
        lon, lat = (float(part) for part in place.split(","))
        asked = AdviserQuestion(
            lon=lon, lat=lat, metiers=("F1602",), profiles=("sans_voiture",), minutes=60, walk_minutes=20
        )
        answer = adviser_answer(prepared, asked)
        assert figures(told)[0] == answer["found"]
        assert len(page.run("return [...document.querySelectorAll('#rows tbody tr')].map((r) => r.innerText)")) == min(
            answer["found"], 60
        )
        printed = page._call("/print", {"page": {"width": 21.0, "height": 29.7}})
        assert len(re.findall(rb"/Type\s*/Page[^s]", base64.b64decode(printed))) == 1
        assert place[:7] not in page.run("return location.href")
        assert page.run("return document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)") in (
            "{}{}",
            '{}{"geo-access-draft":"{}"}',
        )
        kept = [path for path in tmp_path.rglob("*") if path.is_file() and holds(path, (secret, place, place[:7]))]
        assert kept == []


def holds(path: Path, words: tuple[str, ...]) -> bool:
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return any(word.encode(code) in content for word in words for code in ("utf-8", "utf-16-le"))


def test_the_observatory_exports_what_it_shows(wide: Page, served: str, prepared: PreparedStudy) -> None:
    opened(wide, served, "door=observatory&by=metier&kind=training&profile=sans_voiture")
    rows = "[...(document.querySelector('#rows table')?.tBodies[0].rows || [])]"
    wide.until(f"return {rows}.length")
    asked = ObservatoryQuestion(by="metier", kind="training", profile="sans_voiture")
    table = observatory_table(prepared, asked)
    shown = wide.run(f"return {rows}.map((r) => r.cells[1].innerText)")
    wanted = sorted(round(100 * share) for share in table["share"].fillna(0.0))
    assert sorted(figures(cell)[0] for cell in shown) == wanted
    wide.run(
        "const make = URL.createObjectURL; URL.createObjectURL = (blob) => {"
        "blob.text().then((words) => { window.saved = words; }); return make(blob); };"
        "[...document.querySelectorAll('#question button')].find((b) => b.textContent.includes('CSV')).click()"
    )
    saved = wide.until("return window.saved", seconds=60)
    lines = [line for line in saved.lstrip("\ufeff").splitlines() if not line.startswith("#")]
    assert len(lines) == 1 + len(shown)


def test_the_observatory_tells_the_need_and_what_is_secret_in_it(wide: Page, served: str) -> None:
    opened(wide, served, "door=observatory&by=metier&kind=job&profile=sans_voiture")
    told = "return [...(document.querySelector('#rows table')?.tBodies[0].rows || [])].map((r) => r.innerText)"
    rows = wide.until(f"{told}.length") and wide.run(told)
    of = {name: next(row for row in rows if name in row) for name in ("Soudage", "Électricité", "marchandises")}
    # 25 + 40 / 2 in one basin; 10 / 2 and a star in the other.
    assert "au moins 50" in of["Soudage"]
    # Its two families are of classes 4 and 5: both are told, no mean.
    assert "4–5" in of["Soudage"]
    assert "au moins 120" in of["Électricité"]
    assert "aucune ligne" in of["marchandises"]
    assert "n’est pas un zéro" in wide.run("return document.querySelector('#rows').innerText")


def downloaded(page: Page, folder: Path, form: str) -> Path:
    """Press the button of a form and wait for the whole file."""
    page.run(f"document.querySelectorAll('#question .actions button')[{FORMS.index(form)}].click()")
    for _ in range(600):
        found = [path for path in folder.glob(f"*.{form}") if path.stat().st_size]
        if found:
            return found[0]
        time.sleep(0.1)
    raise AssertionError(f"no file {form} within a minute")


FORMS = ("csv", "xlsx", "gpkg", "png")


def test_every_download_holds_what_is_shown_with_sources_and_hash(
    wide: Page, served: str, prepared: PreparedStudy, tmp_path: Path
) -> None:
    opened(wide, served, "door=observatory&by=territory&kind=training&profile=sans_voiture&metier=F1602&contains=au")
    rows = "[...(document.querySelector('#rows table')?.tBodies[0].rows || [])]"
    wide.until(f"return {rows}.length")
    behaviour = {"behavior": "allow", "downloadPath": str(tmp_path)}
    wide._call("/goog/cdp/execute", {"cmd": "Page.setDownloadBehavior", "params": behaviour})
    wide.run(
        "window.written = []; const write = CanvasRenderingContext2D.prototype.fillText;"
        "CanvasRenderingContext2D.prototype.fillText = function (text, ...more) {"
        " window.written.push(text); return write.call(this, text, ...more); }"
    )
    files = {form: downloaded(wide, tmp_path, form) for form in FORMS}
    shown = [figures(cell) for cell in wide.run(f"return {rows}.map((r) => r.cells[1].innerText)")]
    lines = files["csv"].read_text(encoding="utf-8-sig").splitlines()
    assert any(prepared.manifest_id in line for line in lines if line.startswith("#"))
    assert any("Carreaux de 200 m" in line for line in lines if line.startswith("#"))
    tables = {
        "csv": pd.read_csv(io.StringIO("\n".join(line for line in lines if not line.startswith("#")))),
        "xlsx": pd.read_excel(files["xlsx"], sheet_name="table", engine="openpyxl"),
        "gpkg": gpd.read_file(files["gpkg"]),
    }
    for table in tables.values():
        assert [[round(100 * share)] if pd.notna(share) else [] for share in table["share"]] == shown
    sources = (
        pd.read_excel(files["xlsx"], sheet_name="sources", header=None, engine="openpyxl")
        .astype(str)
        .to_numpy()
        .ravel()
    )
    assert prepared.manifest_id in sources.tolist()
    assert set(tables["gpkg"]["manifest"]) == {prepared.manifest_id}
    assert tables["gpkg"].geometry.notna().all()
    content = files["png"].read_bytes()
    width, height = struct.unpack(">II", content[16:24])
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert (width, height > 500) == (1200, True)
    written = " ".join(wide.run("return window.written"))
    assert prepared.manifest_id in written
    assert "Carreaux de 200 m" in written
    assert wide.run("return document.querySelector('#answer .sentence').textContent")[:30] in written
    assert wide.console_errors() == []


def test_the_employer_moves_the_hours(wide: Page, served: str, prepared: PreparedStudy) -> None:
    opened(wide, served, "door=employer&esite=E001&start=05:00&end=13:00")
    wide.until("return document.querySelector('#answer .sentence')", seconds=120)
    for start, end in (("05:00", "13:00"), ("06:00", "14:00")):
        choose(wide, "start", start)
        choose(wide, "end", end)
        wide.run("document.querySelector('#question form button[type=submit]').click()")
        wide.until(
            f"return document.querySelector('#answer .sentence:not(.stale)')?.textContent.includes('{start}')",
            seconds=120,
        )
        told = wide.run("return document.querySelector('#answer .sentence').textContent")
        answer = employer_answer(
            prepared, EmployerQuestion(site="E001", start=start, end=end, profile="sans_voiture", minutes=60)
        )
        assert figures(told)[-1] == round(answer["reached"])
    assert "L. 1132-1" in wide.run("return document.getElementById('question').textContent")


# Width [px], scale and what else of a screen: 200 % of a page 1280 px wide leaves it 640.
SCREENS = {
    "wide": (1400, 1, {}),
    "narrow": (360, 1, {}),
    "zoomed": (640, 2, {}),
    "forced": (1400, 1, {"forced-colors": "active", "prefers-reduced-motion": "reduce"}),
}


@pytest.mark.parametrize("screen", SCREENS)
def test_axe_finds_nothing_on_any_door_in_either_language(served: str, screen: str) -> None:
    width, scale, media = SCREENS[screen]
    with browser(width=max(width, 500), height=1000, webgl=True) as page:
        if width < 1400:
            page._call("/goog/cdp/execute", narrowed(width, scale))
        features = [{"name": name, "value": value} for name, value in media.items()]
        page._call("/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}})
        for door in DOORS:
            opened(page, served, f"door={door}")
            assert all(page.run(f"return matchMedia('({name}: {value})').matches") for name, value in media.items())
            page.run("for (const part of document.querySelectorAll('details')) part.open = true")
            # Every screen in both languages takes minutes: of the last two, doors one by one in the other language.
            for _ in range(2 if screen in ("wide", "narrow") else 1):
                assert violations(page) == [], f"{door}, {screen}, {page.run('return document.documentElement.lang')}"
                assert page.run("return document.documentElement.scrollWidth <= window.innerWidth"), door
                assert page.run(SEEN) == [], door
                page.run("document.documentElement.dataset.ready = ''; document.getElementById('language').click()")
                page.until(READY, seconds=120)
        if "prefers-reduced-motion" in media:
            moving = "return document.getAnimations().filter((one) => one.playState === 'running').length"
            assert page.run(moving) == 0


# Controls that are smaller than 24 px, or cut off by the page's edge.
SEEN = """
return [...document.querySelectorAll('button, select, input, summary')].filter((one) => {
  const box = one.getBoundingClientRect();
  if (!box.width || one.closest('.scroll') || one.type === 'checkbox' || one.type === 'radio') return false;
  return box.height < 24 && one.type !== 'range' || box.left < 0 || box.right > innerWidth + 1;
}).map((one) => one.outerHTML.slice(0, 80));
"""


def narrowed(width: int, scale: int) -> dict[str, Any]:
    metrics = {"width": width, "height": 800, "deviceScaleFactor": scale, "mobile": False}
    return {"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics}


def violations(page: Page) -> list[str]:
    page.run(AXE.read_text(encoding="utf-8") + "; window.axe = axe; window.found = null;")
    page.run(
        "window.axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
        ".then((r) => { window.found = r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html).join()); })"
    )
    page.until("return window.found !== null", seconds=60)
    return list(page.run("return window.found"))


def test_the_keyboard_reaches_everything_and_leaves_it(wide: Page, served: str) -> None:
    opened(wide, served, "door=planner")
    wide.until("return document.querySelectorAll('#rows tbody tr').length", seconds=60)
    met: list[str] = []
    for _ in range(120):
        press(wide, TAB)
        active = wide.run(
            "const a = document.activeElement;"
            "return a === document.body ? '' : a.className + '#' + a.id + '.' + a.tagName"
        )
        met.append(active)
        if active.startswith("row#"):
            break
    assert met[0].startswith("skip")
    assert any("SELECT" in one for one in met)
    assert met[-1].startswith("row#")
    press(wide, ENTER)
    wide.until("return document.querySelector('#detail h2')?.textContent.length", seconds=60)
    before = wide.run("return document.activeElement.textContent")
    press(wide, TAB)
    assert wide.run("return document.activeElement.textContent") != before


def test_no_request_leaves_the_pages_origin(wide: Page, served: str) -> None:
    for door in DOORS:
        opened(wide, served, f"door={door}")
        asked = wide.run("return performance.getEntriesByType('resource').map((e) => e.name)")
        assert asked
        assert [name for name in asked if not name.startswith((served, "data:", "blob:"))] == []
        assert wide.console_errors() == []


def test_a_link_reproduces_a_zone_and_a_surface_without_an_error(wide: Page, served: str) -> None:
    opened(wide, served, "door=planner&zone=99025&site=T01&mode=transit&at=08:00")
    wide.until("return document.querySelector('#detail h2')?.textContent === 'Gréval'", seconds=60)
    wide.until("return document.querySelector('#question details .sentence')?.textContent.includes('Tisserand')")
    assert wide.console_errors() == []


def test_every_door_answers_without_a_map(served: str) -> None:
    with browser(width=1200, height=900) as page:
        page.goto(f"{served}#door=planner")
        page.until(READY, seconds=120)
        page.until("return document.querySelectorAll('#rows tbody tr').length", seconds=60)
        hidden = page.run("return document.getElementById('no-map').hidden")
        assert hidden == page.run("return !document.getElementById('map').hidden")
