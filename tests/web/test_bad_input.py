"""Bad input ends in a sentence on the page or in the terminal: no stack trace, no wait without end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from pyproj import Transformer
from typer.testing import CliRunner

from geo_access.cli import app
from geo_access.network.model import CrowFly
from geo_access.study.prepared import PreparedStudy, prepare_study
from geo_access.web.app import make_app
from geo_access.web.guard import Access
from geo_access.web.serve import _prepare
from geo_access.web.workshop import Workshop
from tests.browser import Page, browser
from tests.reliability.small_study import write_small_study
from tests.shared import ROOT
from tests.web.test_page import READY, choose, opened

WAITS = "Calcul en cours"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser(width=1400, height=1000) as opened_page:
        yield opened_page


@contextmanager
def serving(workshop: Workshop) -> Iterator[str]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    host = f"127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(make_app(workshop, Access(frozenset({host}))), log_level="error"))
    running = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    running.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://{host}/"
    server.should_exit = True
    running.join(timeout=20)


def told(page: Page) -> str:
    """Whole page once nothing is being computed any more."""
    page.settle(0.5)
    page.until(f"return !document.body.innerText.includes('{WAITS}')", seconds=60)
    shown = str(page.run("return document.body.innerText"))
    assert "Traceback" not in shown
    assert "Error:" not in shown
    return shown


@pytest.mark.parametrize("study", ["missing.toml", "data/demo", "data/demo/points.csv"])
def test_no_study_is_a_sentence(study: str) -> None:
    found = CliRunner().invoke(app, ["serve", str(ROOT / study), "--no-browser"])
    assert found.exit_code not in (0, None)
    assert isinstance(found.exception, SystemExit)
    assert Path(study).name in found.output
    assert "Traceback" not in found.output


def test_a_port_that_is_taken_is_named_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        study = str(ROOT / "data" / "demo" / "study.toml")
        found = CliRunner().invoke(app, ["serve", study, "--port", port, "--no-browser"])
    assert isinstance(found.exception, SystemExit)
    assert port in found.output
    assert "--port 0" in " ".join(found.output.split())


@pytest.mark.browser
def test_a_study_that_cannot_be_prepared_says_why_and_stops_waiting(page: Page, tmp_path: Path) -> None:
    study = write_small_study(tmp_path / "s")
    training = study.parent / "training.csv"
    training.write_text(training.read_text("utf-8").replace("metier", "trade"), "utf-8")
    workshop = Workshop()
    with serving(workshop) as address:
        _prepare(workshop, study)
        page.goto(address)
        said = page.until("return document.querySelector('#stage.error')?.textContent", seconds=60)
        assert "metier" in said
        assert page.run("return document.getElementById('progress').hidden")
        told(page)


@pytest.mark.browser
def test_a_study_is_prepared_when_it_is_not_and_said_to_be_stale_when_it_is(page: Page, tmp_path: Path) -> None:
    study = write_small_study(tmp_path / "s")
    notice = "return document.getElementById('notice').hidden ? '' : document.getElementById('notice').textContent"
    fresh = Workshop()
    with serving(fresh) as address:
        _prepare(fresh, study)
        page.goto(address)
        page.until(READY, seconds=120)
        assert page.run(notice) == ""
    prepare_study(study).save()
    points = study.parent / "points.csv"
    points.write_text(points.read_text("utf-8").replace(",8", ",9"), "utf-8")
    stale = Workshop()
    with serving(stale) as address:
        _prepare(stale, study)
        page.goto(address)
        page.until(READY, seconds=120)
        assert "points.csv" in page.run(notice)
        told(page)


@pytest.mark.browser
def test_a_metier_without_supply_is_no_verdict_on_any_door(page: Page, tmp_path: Path) -> None:
    study = write_small_study(tmp_path / "s")
    more = '\n[[metiers]]\ncode = "Z9999"\nname = "Sans offre"\n'
    study.write_text(study.read_text("utf-8").replace("\n[[profiles]]", f"{more}\n[[profiles]]", 1), "utf-8")
    with serving(Workshop(prepare_study(study))) as address:
        opened(page, address, "door=planner&metier=Z9999&profile=voiture")
        page.until("return document.querySelector('#answer .sentence')", seconds=60)
        assert "Sans offre" in told(page)
        opened(page, address, "door=observatory&by=metier&profile=voiture")
        page.until("return document.querySelectorAll('#rows tbody tr').length", seconds=60)
        assert "Sans offre" in told(page)
        opened(page, address, "door=adviser")
        page.run("for (const box of document.querySelectorAll('[name=metiers]')) box.checked = box.value === 'Z9999'")
        page.run("for (const box of document.querySelectorAll('[name=profiles]')) box.checked = box.value === 'velo'")
        choose(page, "address", "3.03, 50.05")
        page.run("document.querySelector('#question form button[type=submit]').click()")
        page.until("return document.querySelector('#answer .sentence')?.textContent.includes('Rien')", seconds=60)
        shown = told(page)
        assert "Sans offre" in shown
        assert page.console_errors() == []


def at_sea(prepared: PreparedStudy) -> tuple[float, float]:
    """A place near enough to the residents to be asked about, and 600 m from every street at least."""
    streets, xy = prepared.network.streets, prepared.diagnosis.residents.xy
    assert not isinstance(streets, CrowFly)
    nodes = np.column_stack((streets.geometry_xy[:, 0], streets.geometry_xy[:, 1]))
    for point in xy[:: max(1, len(xy) // 200)]:
        for angle in np.linspace(0, 2 * np.pi, 12, endpoint=False):
            place = point + 4000 * np.array([np.cos(angle), np.sin(angle)])
            if np.hypot(*(nodes - place).T).min() > 800:
                lon, lat = Transformer.from_crs(prepared.network.epsg, 4326, always_xy=True).transform(*place)
                return round(float(lon), 5), round(float(lat), 5)
    raise AssertionError("streets everywhere")


@pytest.mark.browser
@pytest.mark.parametrize(("where", "words"), [("paris", "km du territoire"), ("sea", "trop loin de toute rue")])
def test_a_place_that_cannot_be_is_told_on_the_doors_that_ask_for_one(
    page: Page, served: str, prepared: PreparedStudy, where: str, words: str
) -> None:
    lon, lat = (2.35, 48.85) if where == "paris" else at_sea(prepared)
    opened(page, served, "door=adviser")
    choose(page, "address", f"{lon}, {lat}")
    page.run("document.querySelector('#question form button[type=submit]').click()")
    said = page.until("return document.querySelector('#answer .error')?.textContent", seconds=60)
    assert words in said
    told(page)
    opened(page, served, f"door=planner&lon={lon}&lat={lat}&mode=walk")
    said = page.until(
        "return [...document.querySelectorAll('#question .sentence')].map((e) => e.textContent).join(' ')", seconds=60
    )
    told(page)
    assert words in said


@pytest.mark.browser
def test_edits_that_contradict_each_other_are_refused_by_name(page: Page, served: str) -> None:
    opened(page, served, "door=planner")
    page.run(
        "const study = document.getElementById('study').textContent;"
        "sessionStorage.setItem('geo-access-draft', JSON.stringify({study,"
        " after: '', changes: [{change: 'close_line', line: 'L8'},"
        " {change: 'headway', line: 'L8', headway_min: 10, start: '06:00', end: '09:00'}]}))"
    )
    opened(page, served, "door=planner&metier=F1602")
    said = page.until("return document.querySelector('#edit .sentence.error')?.textContent", seconds=120)
    page.run("sessionStorage.clear()")
    assert "L8" in said
    told(page)
