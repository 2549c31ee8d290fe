"""What is edited with the mouse on the map: sessions taken and dropped, a line over stops; every figure the API's."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from geo_access.study.file import checked_changes
from geo_access.study.prepared import PreparedStudy
from geo_access.study.whatif import run_scenario
from geo_access.web.planner import surface_answer
from geo_access.web.questions import SurfaceQuestion
from geo_access.web.shapes import bounds_of, sites_layer, stops_layer
from tests.browser import Page, browser
from tests.web.test_page import PIXELS, choose, figures, opened

pytestmark = pytest.mark.browser
ASKED = ("F1602", "sans_voiture", "training", "journee_formation")
STATE = ("metier", "profile", "kind", "schedule")
EARLY = ("H2913", "sans_voiture", "job", "poste_matin")
MOVED = "return document.getElementById('moved')?.textContent"
# Where the markers of a group point, by their name: the tip is below the middle of the drawing.
MARKERS = """
return [...document.querySelectorAll('.maplibregl-marker')].map((one) => {
  const box = one.getBoundingClientRect();
  return [one.getAttribute('aria-label'), (box.left + box.right) / 2, (box.top + box.bottom) / 2];
});
"""


@pytest.fixture(scope="module")
def planner(served: str) -> Iterator[Page]:
    with browser(width=1400, height=1000, webgl=True) as page:
        opened(page, served, f"door=planner&metier={ASKED[0]}&profile={ASKED[1]}")
        page.until("return document.querySelectorAll('#rows tbody tr').length", seconds=60)
        page.run("document.getElementById('edit').open = true")
        yield page
        page.run("sessionStorage.clear()")


def draft(page: Page) -> list[dict[str, Any]]:
    """Changes as the page has them."""
    return list(json.loads(page.run("return sessionStorage.getItem('geo-access-draft')"))["changes"])


def told(prepared: PreparedStudy, changes: list[dict[str, Any]], asked: tuple[str, str, str, str] = ASKED) -> list[int]:
    """Residents won and lost, zones lifted and fallen, of the question asked."""
    people = run_scenario(prepared, checked_changes(changes)).delta.people
    row = people.set_index(["metier", "profile", "kind", "schedule"]).sort_index().loc[asked]
    names = ("residents_won", "residents_lost", "zones_unflagged", "zones_flagged")
    return [round(float(row[name])) for name in names]


def settled(page: Page, n_changes: int) -> list[int]:
    """Figures of the sentence once so many changes have been worked out."""
    page.until(
        f"return document.querySelectorAll('#edit .changes li').length === {n_changes}"
        " && document.getElementById('moved') && !document.querySelector('#edit .error:not([hidden])')",
        seconds=120,
    )
    return figures(page.run(MOVED))


def coloured(page: Page) -> list[int]:
    """Pixels of the map in each of the three classes."""
    page.settle(0.5)
    page.run(PIXELS)
    return list(page.until("return window.counted", seconds=60))


def pixels(page: Page, prepared: PreparedStudy) -> Callable[[tuple[float, float]], tuple[float, float]]:
    """Where a place (lon, lat) is drawn in the window [px], on the map as it opens: the study with 20 px around it."""
    left, top, width, height = page.run(
        "const box = document.querySelector('#map canvas').getBoundingClientRect();"
        "return [box.left, box.top, box.width, box.height]"
    )
    west, south, east, north = bounds_of(prepared)
    low, high = mercator(west, south), mercator(east, north)
    scale = min((width - 40) / (high[0] - low[0]), (height - 40) / (high[1] - low[1]))

    def drawn_at(place: tuple[float, float]) -> tuple[float, float]:
        x, y = mercator(*place)
        return (
            left + width / 2 + scale * (x - (low[0] + high[0]) / 2),
            top + height / 2 - scale * (y - (low[1] + high[1]) / 2),
        )

    return drawn_at


def mercator(lon: float, lat: float) -> tuple[float, float]:
    return math.radians(lon), math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))


def features(layer: bytes) -> list[dict[str, Any]]:
    return list(json.loads(layer)["features"])


def places(layer: bytes) -> dict[str, tuple[float, float]]:
    """Places (lon, lat) of a layer of the page by name."""
    return {one["properties"]["name"]: tuple(one["geometry"]["coordinates"]) for one in features(layer)}


def markers(page: Page) -> list[tuple[str, float, float]]:
    """Markers of the map: their names and the pixels that they can be taken at."""
    return [(name, float(x), float(y)) for name, x, y in page.run(MARKERS)]


def test_a_click_on_the_map_draws_who_can_come_there_and_opens_the_zone(planner: Page, prepared: PreparedStudy) -> None:
    place = places(stops_layer(prepared.network))["Pont de la Vère"]
    planner.mouse(pixels(planner, prepared)(place))
    told = planner.until("return document.querySelector('#surface .sentence')?.textContent", seconds=60)
    assert planner.until("return document.querySelector('#detail h2')?.textContent", seconds=60)
    state = dict(part.split("=") for part in planner.run("return location.hash.slice(1)").split("&"))
    lon, lat = float(state["lon"]), float(state["lat"])
    assert (lon, lat) == pytest.approx(place, abs=0.002)
    asked = SurfaceQuestion(lon=lon, lat=lat, mode="transit", at="08:00", minutes=60)
    answer = surface_answer(prepared, asked)
    head = json.loads(answer[4 : 4 + int.from_bytes(answer[:4], "little")])
    assert round(head["residents"][60]) in figures(told)
    planner.run("[...document.querySelectorAll('#surface button')].find((b) => b.type === 'button').click()")
    planner.until("return !document.querySelector('#surface .sentence')")


def test_a_session_is_dropped_then_dragged_with_the_mouse(planner: Page, prepared: PreparedStudy) -> None:
    stops, at = places(stops_layer(prepared.network)), pixels(planner, prepared)
    here, there = (stops[name] for name in ("Pont de la Vère", "Sombreuil Tisserands"))
    before = coloured(planner)
    choose(planner, "change", "session_added")
    planner.run(
        "[...document.querySelectorAll('#edit button')].find((b) => b.textContent === 'Choisir sur la carte').click()"
    )
    planner.mouse(at(here))
    planner.run("document.querySelector('#edit .panel button[type=submit]').click()")
    first = settled(planner, 1)
    (was,) = draft(planner)
    assert (was["lon"], was["lat"]) == pytest.approx(here, abs=0.002)
    assert first[1:] == told(prepared, [was])
    assert first[1] > 0
    # Dragged: another place, other residents, other colours; what else the session is stays.
    ((name, x, y),) = markers(planner)
    assert "faire glisser" in name
    (x0, y0), (x1, y1) = at(here), at(there)
    planner.mouse((x, y), (x + 30, y + 20), (x + x1 - x0, y + y1 - y0), dragged=True)
    planner.until(f"return JSON.parse(sessionStorage.getItem('geo-access-draft')).changes[0].lon !== {was['lon']}")
    second = settled(planner, 1)
    (now,) = draft(planner)
    assert (now["lon"], now["lat"]) == pytest.approx(there, abs=0.004)
    assert {**now, "lon": 0, "lat": 0} == {**was, "lon": 0, "lat": 0}
    assert second[1:] == told(prepared, [now])
    assert second != first
    assert coloured(planner) != before
    assert planner.console_errors() == []


def test_a_site_of_the_study_is_taken_and_dropped_elsewhere(planner: Page, prepared: PreparedStudy) -> None:
    at = pixels(planner, prepared)
    here = places(sites_layer(prepared))["Greta de Fergny"]
    there = places(stops_layer(prepared.network))["Pont de la Vère"]
    planner.run("document.querySelector('#edit .changes li button:last-of-type').click()")
    choose(planner, "change", "session_moved")
    choose(planner, "edit_origin", "T04")
    ((name, x, y),) = markers(planner)
    assert name.startswith("Greta de Fergny")
    (x0, y0), (x1, y1) = at(here), at(there)
    planner.mouse((x, y), (x - 25, y), (x + x1 - x0, y + y1 - y0), dragged=True)
    found = settled(planner, 1)[1:]
    assert found == told(prepared, draft(planner))
    assert min(found[:2]) > 0
    (change,) = draft(planner)
    assert (change["change"], change["origin"]) == ("session_moved", "T04")
    assert (change["lon"], change["lat"]) == pytest.approx(there, abs=0.004)
    assert planner.console_errors() == []


def test_a_line_is_drawn_over_stops_with_the_mouse(planner: Page, served: str, prepared: PreparedStudy) -> None:
    planner.run("sessionStorage.clear()")
    opened(planner, served, "door=planner&" + "&".join(map("=".join, zip(STATE, EARLY, strict=True))))
    planner.run("document.getElementById('edit').open = true")
    stops, at = places(stops_layer(prepared.network)), pixels(planner, prepared)
    chosen = ["Fergny Gare", "ZI des Laminoirs"]
    choose(planner, "change", "add_line")
    planner.until("return document.querySelector('[name=edit_stop]').options.length", seconds=60)
    planner.settle()
    # There before the shift, and back after it.
    for name, value in {"line_name": "Express des Laminoirs", "start": "03:30", "end": "19:00"}.items():
        choose(planner, f"edit_{name}", value)
    drawn = "return [...document.querySelectorAll('#edit .panel ol li')].map((one) => one.firstChild.textContent)"
    for n, name in enumerate(chosen, start=1):
        planner.mouse(at(stops[name]))
        planner.until(f"{drawn}.length === {n}")
    assert planner.run(drawn) == chosen
    planner.run("document.querySelector('#edit .panel button[type=submit]').click()")
    found = settled(planner, 1)[1:]
    assert found == told(prepared, draft(planner), EARLY)
    assert found[0] > 0
    (change,) = draft(planner)
    ids = {one["properties"]["name"]: one["properties"]["stop"] for one in features(stops_layer(prepared.network))}
    assert change["stops"] == [ids[name] for name in chosen]
    assert planner.console_errors() == []
