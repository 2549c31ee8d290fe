"""Trips without a step: the streets and the timetables say what counts, and what they do not say is refused."""

from __future__ import annotations

import io
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from geo_access.errors import InputError
from geo_access.network.model import CrowFly, Network, Streets
from geo_access.network.search.links import link_points
from geo_access.network.search.search import street_matrix
from geo_access.study.file import read_study_file
from geo_access.study.network import study_network
from geo_access.study.prepared import PreparedStudy, open_prepared
from geo_access.study.step_free import step_free_network, trips_vouched_for
from geo_access.web.adviser import adviser_answer
from geo_access.web.questions import AdviserQuestion
from tests.browser import browser
from tests.network.drawn import EPSG, at, write_osm
from tests.shared import ROOT
from tests.web.test_page import READY, choose, figures

ASKED = {"lon": 3.82, "lat": 50.2, "metiers": ("F1602",), "kinds": ("training",), "minutes": 60, "step_free": True}
RIDES = ASKED | {"profiles": ("sans_voiture",)}


def vouch(feed: Path) -> None:
    """Say of all trips and stops of a feed that a wheelchair can use them."""
    with zipfile.ZipFile(feed) as archive:
        files = {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}
    for name, column in (("trips.txt", "wheelchair_accessible"), ("stops.txt", "wheelchair_boarding")):
        head, *lines = files[name].splitlines()
        files[name] = "\n".join([f"{head},{column}", *(f"{line},1" for line in lines if line)]) + "\n"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    feed.write_bytes(stream.getvalue())


@pytest.fixture(scope="module")
def vouched(prepared: PreparedStudy, tmp_path_factory: pytest.TempPathFactory) -> PreparedStudy:
    """The demo, whose town buses say that wheelchairs may ride; its other feeds say nothing."""
    folder = tmp_path_factory.mktemp("vouched") / "demo"
    shutil.copytree(ROOT / "data" / "demo", folder)
    vouch(folder / "gtfs_urbain.zip")
    file = read_study_file(folder / "study.toml")
    return replace(prepared, file=file, path=folder / "study.toml", network=study_network(file))


def test_only_trips_that_are_vouched_for_are_ridden(vouched: PreparedStudy) -> None:
    answer = adviser_answer(vouched, AdviserQuestion(**RIDES))
    timetable = vouched.network.timetable
    assert timetable is not None
    town = timetable.route_feed[timetable.trip_route].astype(str) == "gtfs_urbain"
    assert answer["step_free"] == {"trips": int(town.sum()), "all": timetable.n_trips}
    assert 0 < town.sum() < timetable.n_trips
    with_steps = adviser_answer(vouched, AdviserQuestion(**RIDES | {"step_free": False}))
    assert with_steps["step_free"] is None
    assert 0 < answer["found"] <= with_steps["found"]
    best = {(row["site"], row["profile"]): row["worst_min"] for row in with_steps["rows"]}
    assert all(row["worst_min"] >= best[row["site"], row["profile"]] - 1e-6 for row in answer["rows"])
    feeds = dict(zip(timetable.route_name.astype(str), timetable.route_feed.astype(str), strict=True))
    lines = {leg["line"] for row in answer["rows"][:2] for leg in row["ways"]["there"]["legs"] if leg["kind"] == "ride"}
    assert {feeds[line] for line in lines} <= {"gtfs_urbain"}


def test_no_bicycle_is_proposed_to_who_asked_for_no_step(vouched: PreparedStudy) -> None:
    few = AdviserQuestion(**RIDES | {"minutes": 5, "lifts": True})
    lifts = adviser_answer(vouched, few)["obstacles"][0]["lifts"]
    plain = adviser_answer(vouched, few.model_copy(update={"step_free": False}))["obstacles"][0]["lifts"]
    assert set(plain) - set(lifts) <= {"bike"}
    assert "bike" not in lifts


def test_timetables_that_say_nothing_are_refused_by_name_and_a_car_is_not(client: TestClient) -> None:
    refused = client.post("/api/adviser", json=RIDES | {"profiles": ["sans_voiture"]})
    assert refused.status_code == 400
    assert "wheelchair_accessible" in refused.json()["error"]
    driven = {"profiles": ["voiture"], "licence": True}
    answer = client.post("/api/adviser", json=ASKED | driven).json()
    assert answer["step_free"]["trips"] == 0
    assert answer["found"] == client.post("/api/adviser", json=ASKED | driven | {"step_free": False}).json()["found"]


def test_walking_goes_round_the_steps(vouched: PreparedStudy, tmp_path: Path) -> None:
    """A to B is 100 m by the stairs, 100 + 2 × 50 m round them."""
    drawing = "A---B\nC---D"
    ways = {"AB": {"highway": "steps"}, "ACDB": {"highway": "residential"}}
    where = write_osm(tmp_path / "drawn.osm", drawing, ways)
    section = vouched.file.network.model_copy(update={"osm": (tmp_path / "drawn.osm",), "gtfs": ()})
    study = vouched.file.study.model_copy(update={"epsg": EPSG})
    file = vouched.file.model_copy(update={"network": section, "study": study})
    network = study_network(file)
    level = step_free_network(file, network)
    assert trips_vouched_for(level) == 0

    def walked_s(network: Network) -> float:
        assert isinstance(network.streets, Streets)
        links = link_points(network.streets, at(where, "AB"), mode="walk")
        return float(street_matrix(network.streets, links, links, mode="walk")[0, 1])

    assert walked_s(network) == pytest.approx(100 / (3.6 / 3.6), abs=1)
    assert walked_s(level) == pytest.approx((100 + 2 * (where["A"][1] - where["C"][1])) / (4.8 / 3.6), abs=1)


def test_straight_lines_and_changed_files_are_refused(vouched: PreparedStudy) -> None:
    flat = replace(vouched.network, streets=CrowFly(vouched.network.epsg))
    with pytest.raises(InputError, match="straight lines"):
        step_free_network(vouched.file, flat)
    other = replace(vouched.network, inputs=dict.fromkeys(vouched.network.inputs, "0"))
    with pytest.raises(InputError, match="gtfs_urbain"):
        step_free_network(vouched.file, other)


@pytest.mark.browser
def test_the_page_refuses_in_a_sentence_and_says_what_it_counted(served: str) -> None:
    with browser(width=1400, height=1000) as page:
        page.goto(f"{served}#door=adviser")
        page.until(READY, seconds=120)
        choose(page, "address", "3.82, 50.2")
        ask = "document.querySelector('#question form button[type=submit]').click()"
        page.run(f"document.querySelector('[name=step_free]').click(); {ask}")
        told = page.until("return document.querySelector('#answer .error')?.textContent", seconds=60)
        assert "sans marche" in told
        page.run(
            "for (const box of document.querySelectorAll('[name=profiles]')) box.checked = box.value === 'voiture'"
        )
        page.run(f"document.querySelector('[name=licence]').click(); {ask}")
        said = page.until("return document.getElementById('step-free')?.textContent", seconds=60)
        assert "revêtement rude" in said
        assert figures(said) == []


def test_a_prepared_folder_keeps_the_network_without_a_step(
    prepared: PreparedStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = AdviserQuestion(**ASKED | {"profiles": ("voiture",), "licence": True})
    built = adviser_answer(prepared, asked)
    kept = open_prepared(prepared.path, prepared.save(tmp_path / "kept", step_free=True))
    without = open_prepared(prepared.path, prepared.save(tmp_path / "without"))

    def built_again(*_: object) -> Network:
        raise AssertionError("the streets are read again")

    monkeypatch.setattr("geo_access.study.prepared.step_free_network", built_again)
    assert adviser_answer(kept, asked) == built
    with pytest.raises(AssertionError, match="read again"):
        adviser_answer(without, asked)
