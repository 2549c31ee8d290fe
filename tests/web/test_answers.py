"""Figures of the page are those of the Python API."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from shapely import box
from shapely.affinity import translate
from starlette.testclient import TestClient

from geo_access.diagnosis.levels import SANS_OBJET
from geo_access.diagnosis.remedies import RemedyLimits
from geo_access.study.findings import adequacy_components
from geo_access.study.levels import LevelEngine
from geo_access.study.prepared import PreparedStudy
from geo_access.web import adviser
from geo_access.web.employer import employer_answer
from geo_access.web.observatory import observatory_table
from geo_access.web.planner import CURVE_MINUTES, case_answer
from geo_access.web.questions import CaseQuestion, EmployerQuestion, ObservatoryQuestion, SurfaceQuestion
from geo_access.web.shapes import pack_mesh
from geo_access.web.surface_bytes import minute_codes, unpack_surface

CASE = {"metier": "F1602", "profile": "sans_voiture", "kind": "training", "schedule": "journee_formation"}


def levels(answer: dict, minutes: int) -> list[str]:
    """Levels as the page finds them when its slider stands at `minutes`."""
    units = np.frombuffer(base64.b64decode(answer["curve"]), "<u2").reshape(-1, CURVE_MINUTES + 1)[:, minutes]
    names = np.select(
        [units >= round(answer["adequate"] * 10_000), units >= round(answer["fragile"] * 10_000)],
        ["adéquat", "fragile"],
        "inadéquat",
    )
    judged = np.isin(answer["zones"]["level"], ["adéquat", "fragile", "inadéquat"])
    return np.where(judged, names, answer["zones"]["level"]).tolist()


def test_at_the_studys_threshold_the_slider_gives_the_levels_of_the_flags(
    client: TestClient, prepared: PreparedStudy
) -> None:
    for profile, kind, schedule in sorted({(c.profile.id, c.kind, c.schedule) for c in prepared.diagnosis.cases}):
        for metier in prepared.metiers:
            question = {"metier": metier.code, "profile": profile, "kind": kind, "schedule": schedule}
            answer = client.post("/api/case", json=question).json()
            assert levels(answer, round(answer["threshold"])) == answer["zones"]["level"], question


def test_the_curve_counts_residents_by_hand(client: TestClient, prepared: PreparedStudy) -> None:
    answer = client.post("/api/case", json=CASE).json()
    units = np.frombuffer(base64.b64decode(answer["curve"]), "<u2").reshape(-1, CURVE_MINUTES + 1)
    case = prepared.case("sans_voiture", "training", "journee_formation")
    column = [m.code for m in case.offers.metiers].index("F1602")
    trip = prepared.diagnosis.times["sans_voiture", "training", "journee_formation"]
    sites = [
        int(case.offers.site[k])
        for k in range(case.offers.indptr[column], case.offers.indptr[column + 1])
        if case.offers.open_places[k] > 0
    ]
    weights = prepared.diagnosis.residents.weights
    for minutes in (20, 45, 60, 90):
        reached = (np.maximum(trip.out_s, trip.back_s)[:, sites] <= 60 * minutes).any(axis=1)
        shares = np.asarray(weights @ reached.astype(float)).ravel() / np.asarray(weights.sum(axis=1)).ravel()
        assert np.abs(units[:, minutes] / 10_000 - shares).max() <= 1e-4


def test_a_surface_holds_the_minutes_of_the_points(client: TestClient, prepared: PreparedStudy) -> None:
    question = {"mode": "walk", "site": "T01", "minutes": 45, "towards": True}
    packed = client.post("/api/surface", json=question).content
    header, grid = unpack_surface(packed)
    assert header["name"] == "Lycée des métiers Jean-Tisserand"
    assert grid.shape == (header["rows"], header["cols"])
    assert set(np.unique(grid)) <= set(range(46)) | {header["no_time"], header["outside"]}
    assert header["residents"] == sorted(header["residents"])
    assert header["residents"][0] <= header["residents"][45] <= header["everyone"]


def test_minutes_are_rounded_up_so_that_a_cutoff_is_a_comparison() -> None:
    seconds = np.array([0.0, 59.9, 60.0, 60.5, 15_000.0, 15_001.0, np.inf, np.nan])
    assert minute_codes(seconds).tolist() == [0, 1, 1, 2, 250, 254, 254, 254]


def test_the_adviser_is_told_trips_that_fit_their_times(client: TestClient) -> None:
    question = {"lon": 3.82, "lat": 50.2, "metiers": ["F1602"], "profiles": ["sans_voiture"], "kinds": ["training"]}
    answer = client.post("/api/adviser", json=question).json()
    assert answer["found"] > 0
    worst = [row["worst_min"] for row in answer["rows"]]
    assert worst == sorted(worst)
    assert worst[-1] <= 60
    for number, row in enumerate(answer["rows"][:5]):
        one = {**question, "kind": row["kind"], "site": row["site"], "arrive": row["arrive"], "leave": row["leave"]}
        told = row if number < 2 else client.post("/api/adviser-trip", json=one).json()
        assert told["ways"]["there"]["minutes"] == pytest.approx(row["there_min"], abs=0.02)
        assert told["ways"]["back"]["minutes"] == pytest.approx(row["back_min"], abs=0.02)
        assert told["costs"]["car"] > 0


def test_the_adviser_keeps_the_hours_of_a_person(client: TestClient) -> None:
    question = {"lon": 3.82, "lat": 50.2, "metiers": ["F1602"], "profiles": ["sans_voiture"], "kinds": ["training"]}
    free = client.post("/api/adviser", json=question).json()
    bound = client.post("/api/adviser", json={**question, "leave_after": "08:30"}).json()
    assert 0 < bound["found"] < free["found"]
    assert client.post("/api/adviser", json={**question, "home_by": "17:06"}).json()["found"] == 0


def test_without_a_licence_nothing_by_car_is_offered_and_what_it_would_open_is_counted(client: TestClient) -> None:
    question = {"lon": 3.6423, "lat": 50.12423, "metiers": ["F1602", "N4101"], "profiles": ["sans_voiture", "voiture"]}
    without = client.post("/api/adviser", json=question).json()
    with_one = client.post("/api/adviser", json={**question, "licence": True}).json()
    assert {row["profile"] for row in without["rows"]} <= {"sans_voiture"}
    assert "voiture" in {row["profile"] for row in with_one["rows"]}
    offers = {(row["site"], row["metier"]) for row in without["rows"]}
    assert without["without_licence"] == with_one["without_licence"] == len(offers)
    assert without["with_licence"] > 0


def test_a_licence_without_a_car_drives_nowhere_and_a_shared_car_goes_as_far_as_shared_trips_do(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = {"lon": 3.6423, "lat": 50.12423, "metiers": ["F1602", "N4101"], "profiles": ["sans_voiture", "voiture"]}
    asked = [{}, {"licence": True}, {"licence": True, "car": False}, {"shared_car": True}]
    nobody, driver, no_car, shared = (client.post("/api/adviser", json=question | more).json() for more in asked)
    assert no_car["found"] == nobody["found"] < driver["found"]
    assert not any(row["shared"] for row in driver["rows"])
    by_car = [row for row in shared["rows"] if row["profile"] == "voiture"]
    assert by_car
    assert all(row["shared"] for row in by_car)
    # 80 km by road hold all of the demo; with a kilometre only nobody shares.
    assert shared["found"] == driver["found"]
    monkeypatch.setattr(adviser, "_SHARED", RemedyLimits(covoiturage_km=1.0))
    near = client.post("/api/adviser", json=question | asked[3] | {"minutes": 59}).json()
    assert {row["profile"] for row in near["rows"]} == {"sans_voiture"}


def test_the_industrial_zone_opens_at_six_not_at_five(client: TestClient) -> None:
    question = {"site": "E001", "start": "05:00", "end": "13:00", "profile": "sans_voiture"}
    answer = client.post("/api/employer", json=question).json()
    assert answer["reached"] == 0
    shifts = {row["minutes"]: row for row in answer["shifts"]}
    assert shifts[60]["start"] == "06:00"
    assert sum(row["share"] or 0 for row in answer["zones"]) == 0


def test_the_observatory_exports_what_it_shows(client: TestClient) -> None:
    question = {"by": "metier", "kind": "training", "profile": "sans_voiture"}
    shown = client.post("/api/observatory", json=question).json()
    text = client.post("/api/export", json={**question, "form": "csv"}).content.decode("utf-8-sig")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(lines) == 1 + len(shown["rows"])
    assert lines[0].split(",")[: len(shown["columns"])] == shown["columns"]
    assert shown["provenance"]["manifest"] in text
    book = client.post("/api/export", json={**question, "form": "xlsx"}).content
    assert book[:2] == b"PK"
    refused = client.post("/api/export", json={**question, "form": "gpkg"})
    assert refused.status_code == 400


@pytest.mark.parametrize(
    ("path", "question", "french"),
    [
        ("case", {**CASE, "metier": "Z9999"}, "n’est pas dans l’étude"),
        ("case", {"metier": "F1602"}, "ne peut pas être lue"),
        ("surface", {"mode": "transit", "lon": 2.35, "lat": 48.85}, "km du territoire"),
        ("surface", {"mode": "transit", "lon": 400.0, "lat": 1.0}, "ne peut pas être lue"),
        ("surface", {"mode": "rocket", "lon": 3.8, "lat": 50.2}, "ne peut pas être lue"),
        ("zone", {**CASE, "zone": "nowhere", "minutes": 60}, "absente de l’étude"),
        ("employer", {"site": "E001", "start": "05:00", "end": "05:00", "profile": "sans_voiture"}, "même heure"),
        ("observatory", {"by": "metier", "metier": "Z9999"}, "aucune ligne"),
        ("adviser", {"lon": 3.8, "lat": 50.2, "metiers": ["Z"], "profiles": ["sans_voiture"]}, "aucun métier"),
    ],
)
def test_bad_questions_are_told_in_a_sentence(client: TestClient, path: str, question: dict, french: str) -> None:
    answer = client.post(f"/api/{path}", json=question)
    assert answer.status_code == 400
    assert french in answer.json()["error"]
    english = client.post(f"/api/{path}", json=question, headers={"X-Geo-Access-Language": "en"}).json()["error"]
    assert french not in english


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"null", b"[1]"])
def test_bodies_that_are_no_question_never_take_the_server_down(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/case", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert client.get("/api/start").status_code == 200


def test_questions_name_one_place() -> None:
    with pytest.raises(ValueError, match="site, or lon and lat"):
        SurfaceQuestion(mode="walk", site="T01", lon=3.0, lat=50.0)


def test_layers_are_geojson_whose_ids_are_rows(client: TestClient, prepared: PreparedStudy) -> None:
    zones = json.loads(client.get("/api/zones").content)
    assert [feature["id"] for feature in zones["features"]] == list(range(len(prepared.diagnosis.residents.zone_ids)))
    for name in ("streets", "stops", "sites"):
        assert json.loads(client.get(f"/api/{name}").content)["features"]


def test_the_observatory_sets_three_components_side_by_side(client: TestClient, prepared: PreparedStudy) -> None:
    question = {"by": "metier", "kind": "training", "profile": "sans_voiture"}
    shown = client.post("/api/observatory", json=question).json()
    rows = {row[0]: dict(zip(shown["columns"], row, strict=True)) for row in shown["rows"]}
    times = prepared.kept.on(prepared.network)
    found = adequacy_components(prepared.file, prepared.inputs, times, prepared.diagnosis)
    assert found is not None
    for row in found.to_dict("records"):
        for name in ("share_candidates_near", "share_need_near", "places_per_need", "employment_rate"):
            value = rows[row["metier"]][name]
            assert value == (None if pd.isna(row[name]) else pytest.approx(float(row[name])))
    supply = pd.DataFrame(shown["supply"])
    training = prepared.inputs.training
    assert training is not None
    assert supply["places"].sum() == pytest.approx(pd.to_numeric(training["places"], errors="coerce").sum())
    assert {"level", "voie", "modality"} <= set(supply)
    case = prepared.case("sans_voiture", "training", "journee_formation")
    people = prepared.diagnosis.residents.population
    for curve in shown["curves"]:
        column = [m.code for m in case.offers.metiers].index(curve["metier"])
        share = people[case.points.reached[:, column]].sum() / people.sum()
        assert curve["share"][60] == pytest.approx(share, abs=1e-3)


def test_rows_are_exported_as_they_are_filtered_and_sorted(client: TestClient) -> None:
    question = {"by": "territory", "kind": "training", "profile": "sans_voiture", "contains": "AU", "order": "share"}
    shown = client.post("/api/observatory", json={**question, "down": True}).json()
    names = [dict(zip(shown["columns"], row, strict=True)) for row in shown["rows"]]
    assert names
    assert all("au" in f"{row['zone_id']} {row['zone_name']} {row['zone_kind']}".casefold() for row in names)
    shares = [row["share"] for row in names if row["share"] is not None]
    assert shares == sorted(shares, reverse=True)
    text = client.post("/api/export", json={**question, "down": True, "form": "csv"}).content.decode("utf-8-sig")
    lines = [line for line in text.splitlines() if not line.startswith("#")][1:]
    assert [line.split(",")[0] for line in lines] == [row["zone_id"] for row in names]


def test_zones_that_the_study_holds_back_have_no_figure_anywhere(prepared: PreparedStudy) -> None:
    file = prepared.file
    people = np.asarray(prepared.diagnosis.residents.weights.sum(axis=1)).ravel()
    section = file.publication.model_copy(update={"min_residents": float(people.min()) + 1.0})
    shy = replace(prepared, file=file.model_copy(update={"publication": section}))
    assert shy.held_back.any()
    rows = np.flatnonzero(shy.held_back)
    territory = ObservatoryQuestion(by="territory", profile="sans_voiture")
    table = (
        observatory_table(shy, territory).set_index("zone_id").loc[shy.diagnosis.residents.zone_ids[rows].astype(str)]
    )
    assert table["masked"].all()
    assert table[["share", "reach", "residents"]].isna().all(axis=None)
    levels = LevelEngine().levels(shy.assumptions, shy.kept.on(shy.network))
    for case in levels.cases:
        assert np.isnan(case.share[rows]).all()
        assert (case.level[rows] == SANS_OBJET).all()
    answer = case_answer(shy, CaseQuestion.model_validate(CASE))
    units = np.frombuffer(base64.b64decode(answer["curve"]), "<u2").reshape(-1, CURVE_MINUTES + 1)
    assert not units[rows].any()
    asked = EmployerQuestion(site="E001", start="07:00", end="15:00", profile="sans_voiture")
    assert [employer_answer(shy, asked)["zones"][row]["share"] for row in rows.tolist()] == [None] * len(rows)


def test_a_territory_has_a_sheet_of_all_its_metiers(client: TestClient, prepared: PreparedStudy) -> None:
    question = {"zone": "99001", "profile": "sans_voiture", "kind": "training"}
    sheet = client.post("/api/territory", json=question).json()
    assert [row["metier"] for row in sheet["rows"]] == [item.code for item in prepared.metiers]
    flags = prepared.flags_of(prepared.case("sans_voiture", "training", "journee_formation"), "F1602").loc["99001"]
    first = next(row for row in sheet["rows"] if row["metier"] == "F1602")
    assert (first["level"], first["confidence"]) == (flags["level"], flags["confidence"])
    assert client.post("/api/territory", json={**question, "zone": "nowhere"}).status_code == 400


def test_triangles_cover_the_zones_once() -> None:
    shapes = np.array([box(0, 0, 1000, 1000).difference(box(400, 400, 600, 600)), box(200, 200, 300, 300)], object)
    placed = np.array([translate(one, 700_000, 7_060_000) for one in shapes])
    packed = pack_mesh(placed, np.array([False, True]), epsg=2154)
    length = int.from_bytes(packed[:4], "little")
    head = json.loads(packed[4 : 4 + length])
    places = np.frombuffer(packed, "<f4", 2 * head["vertices"], 4 + length).reshape(-1, 3, 2).astype(float)
    owner = np.frombuffer(packed, "<u4", head["vertices"], 4 + length + 8 * head["vertices"])
    a, b, c = places[:, 0], places[:, 1], places[:, 2]
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    area = np.abs(ux * vy - uy * vx) / 2
    of_zone = np.bincount(owner[::3], weights=area)
    assert of_zone[1] / of_zone[0] == pytest.approx(100**2 / (1000**2 - 200**2), rel=1e-3)
    assert owner[: head["below"]].max() == 0
    assert owner[head["below"] :].min() == 1


def test_the_hours_that_nobody_is_brought_for_are_told(client: TestClient) -> None:
    question = {"site": "E001", "start": "07:00", "end": "15:00", "profile": "sans_voiture"}
    found = client.post("/api/employer-hours", json=question).json()
    hours = {row["hour"]: row for row in found["hours"]}
    assert (hours["05:00"]["arrive"], hours["05:00"]["unserved_in"]) == (0.0, True)
    assert hours["07:00"]["unserved_in"] is False
    shift = client.post("/api/employer", json=question).json()["reached"]
    assert 0 < shift <= min(hours["07:00"]["arrive"], hours["15:00"]["leave"])


def test_a_trip_more_opens_the_morning_shift(client: TestClient) -> None:
    question = {"site": "E001", "start": "05:00", "end": "13:00", "profile": "sans_voiture"}
    job = client.post("/api/employer-trips", json=question).json()["job"]
    for _ in range(600):
        state = client.post("/api/job", json={"job": job}).json()
        if state["state"] in ("done", "failed"):
            break
        time.sleep(0.1)
    best = state["result"]["trips"][0]
    assert (best["line"], state["result"]["reached"]) == ("L8", 0.0)
    assert best["gained"] == best["reached"] > 10_000
    assert min(best["starts"]) < "04:30"
