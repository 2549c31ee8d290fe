"""A stop on the way: each leg is the engine's own trip at its hour."""

from __future__ import annotations

import json
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
from shapely import Point
from starlette.testclient import TestClient

from geo_access.clock import parse_clock
from geo_access.study.prepared import PreparedStudy
from geo_access.times.round_trip import Ask, Sites, connect_points, round_trip
from geo_access.web.adviser import adviser_answer
from geo_access.web.questions import AdviserQuestion
from geo_access.words.words import text
from tests.browser import browser
from tests.web.test_page import READY, choose, figures

HOME, CRECHE = (3.82, 50.2), (3.83, 50.205)
ASKED = {"lon": HOME[0], "lat": HOME[1], "metiers": ("F1602",), "profiles": ("sans_voiture",), "kinds": ("training",)}
STOP = {"via_lon": CRECHE[0], "via_lat": CRECHE[1], "stop_minutes": 10}


def metric(prepared: PreparedStudy, lon: float, lat: float) -> np.ndarray:
    point = gpd.GeoSeries([Point(lon, lat)], crs=4326).to_crs(prepared.network.epsg)
    return np.array([[point.x.iloc[0], point.y.iloc[0]]])


def one_way(prepared: PreparedStudy, start: np.ndarray, site: np.ndarray, ask: Ask) -> tuple[float, float]:
    name = np.array(["x"], dtype=object)
    sites = Sites(name, name, site)
    times = prepared.kept.aside(prepared.network)
    trip = round_trip(connect_points(times, start, sites, ask), np.zeros(1, np.int64), sites, ask)
    return float(trip.out_s[0, 0]), float(trip.back_s[0, 0])


def test_both_ways_by_the_stop_are_two_round_trips_of_the_engine(prepared: PreparedStudy) -> None:
    rows = adviser_answer(prepared, AdviserQuestion(**ASKED, **STOP, minutes=120))["rows"]
    home, creche = metric(prepared, *HOME), metric(prepared, *CRECHE)
    sites = prepared.diagnosis.sites["training"]
    asked = prepared.diagnosis.asks["sans_voiture", "training", "journee_formation"]
    assert rows
    for row in rows[:4]:
        site = sites.xy[[sites.ids.astype(str).tolist().index(row["site"])]]
        arrive, leave = parse_clock(row["arrive"]), parse_clock(row["leave"])
        ask = replace(asked, spread_s=0, arrive_s=arrive, leave_s=leave)
        out, back = one_way(prepared, creche, site, ask)
        at, off = int(np.floor(arrive - out)) - 600, int(np.ceil(leave + back)) + 600
        near_out, near_back = one_way(prepared, home, creche, replace(ask, arrive_s=at, leave_s=off))
        assert row["there_min"] * 60 == pytest.approx(arrive - at + near_out, abs=0.01)
        assert row["back_min"] * 60 == pytest.approx(off - leave + near_back, abs=0.01)
    assert rows[0]["ways"]["there"]["minutes"] == pytest.approx(rows[0]["there_min"], abs=0.02)
    assert rows[0]["ways"]["back"]["minutes"] == pytest.approx(rows[0]["back_min"], abs=0.02)


def test_what_only_the_stop_or_the_radius_puts_out_of_reach_is_said(client: TestClient) -> None:
    question = {**ASKED, "minutes": 60}
    free = client.post("/api/adviser", json=question).json()
    near = client.post("/api/adviser", json={**question, "radius_km": 0.05}).json()
    assert near["found"] == 0 < free["found"]
    assert [item["reason"] for item in near["obstacles"]] == ["PERSONAL"]
    long_stop = client.post("/api/adviser", json={**question, **STOP, "stop_minutes": 60}).json()
    assert long_stop["found"] == 0
    assert [item["reason"] for item in long_stop["obstacles"]] == ["PERSONAL"]


@pytest.mark.parametrize(("minutes", "stop", "lifts"), [(25, 10, ["car"]), (15, 10, []), (25, 26, [])])
def test_what_would_lift_an_obstacle_is_computed_by_way_of_the_stop(
    client: TestClient, prepared: PreparedStudy, minutes: int, stop: int, lifts: list[str]
) -> None:
    question = {**ASKED, "minutes": minutes, "lifts": True}
    free = client.post("/api/adviser", json=question).json()["obstacles"][0]
    assert (free["lifts"], free["by_stop"]) == (["bike", "car"], False)
    by_way = client.post("/api/adviser", json={**question, **STOP, "stop_minutes": stop}).json()["obstacles"][0]
    assert (by_way["lifts"], by_way["by_stop"], by_way["nearest_min"]) == (lifts, True, None)
    asked = prepared.diagnosis.asks["sans_voiture", "training", "journee_formation"]
    ask = replace(asked, spread_s=0).travelling(mode="car", max_rides=None)
    sites, home, creche = prepared.diagnosis.sites["training"], metric(prepared, *HOME), metric(prepared, *CRECHE)
    offers = next(item.offers for item in prepared.diagnosis.cases if item.kind == "training")
    column = [item.code for item in offers.metiers].index("F1602")
    rows = slice(int(offers.indptr[column]), int(offers.indptr[column + 1]))
    taught = offers.site[rows][offers.open_places[rows] > 0]
    driven = [
        [a + b + stop * 60 for a, b in zip(near, one_way(prepared, creche, sites.xy[[site]], ask), strict=True)]
        for near in [one_way(prepared, home, creche, ask)]
        for site in taught
    ]
    assert any(max(both) <= minutes * 60 for both in driven) == ("car" in lifts)


@pytest.mark.parametrize("extra", [{"via_lon": 3.8}, {**STOP, "via_address": "x"}, {**STOP, "stop_minutes": -1}])
def test_half_a_stop_is_refused(client: TestClient, extra: dict) -> None:
    answer = client.post("/api/adviser", json={**ASKED, **extra})
    assert answer.status_code == 400
    assert "ne peut pas être lue" in answer.json()["error"]


def test_a_vehicle_that_stays_behind_is_refused_in_a_sentence(client: TestClient) -> None:
    answer = client.post("/api/adviser", json={**ASKED, **STOP, "profiles": ["velo_tc"]})
    assert answer.status_code == 400
    assert "le véhicule resterait au premier arrêt" in answer.json()["error"]


def test_a_stop_outside_the_territory_is_told(client: TestClient) -> None:
    answer = client.post("/api/adviser", json={**ASKED, "via_lon": 2.35, "via_lat": 48.85})
    assert answer.status_code == 400
    assert "km du territoire" in answer.json()["error"]


def test_the_page_asks_for_the_stop_and_shows_the_apis_figures(served: str, prepared: PreparedStudy) -> None:
    with browser(width=1400, height=1000) as page:
        page.goto(f"{served}#door=adviser")
        page.until(READY, seconds=120)
        for name, value in {"address": "3.82, 50.2", "via": "3.83, 50.205", "stop": "10", "radius": "9"}.items():
            choose(page, name, value)
        choose(page, "minutes", "120")
        page.run("document.querySelector('#question form button[type=submit]').click()")
        page.until("return document.querySelector('#rows table')", seconds=120)
        told = page.run("return document.querySelector('#answer .sentence').textContent")
        paper = page.run("return document.querySelector('.for-print').textContent")
        # In a quarter of an hour nothing would do, and what was tried was tried by way of the stop.
        choose(page, "minutes", "15")
        page.run("document.querySelector('#question form button[type=submit]').click()")
        said = json.dumps(text("web.nothing_lifts_by_stop", "fr"))
        page.until(f"return document.getElementById('detail').textContent.includes({said})", seconds=120)
        assert text("web.nothing_lifts", "fr") not in page.run("return document.getElementById('detail').textContent")
    assert "étape de 10 min" in paper
    assert "Sites à 9 km au plus" in paper
    assert "3.83" not in paper
    assert "50.205" not in paper
    kinds = tuple(prepared.diagnosis.sites)
    asked = {**ASKED, **STOP, "kinds": kinds, "minutes": 120, "walk_minutes": 20, "radius_km": 9}
    answer = adviser_answer(prepared, AdviserQuestion(**asked))
    assert answer["found"] > 0
    assert figures(told)[0] == answer["found"]
