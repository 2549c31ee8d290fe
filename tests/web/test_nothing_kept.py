"""Nothing of a person is left anywhere: a real server and a real browser, then every file that either wrote."""

from __future__ import annotations

import base64
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pyproj
import pytest

from geo_access.study.prepared import PreparedStudy
from geo_access.study.prepared_folder import prepared_folder
from tests.browser import Page, browser
from tests.shared import ROOT
from tests.web.test_page import READY, choose

HOME, CRECHE = (3.821713, 50.203417), (3.834291, 50.204873)
STREET, NURSERY = "Rue Zorglub-Introuvable", "Allee Fantasio-Perdue"
BOOK = f"""numero;rep;nom_voie;code_postal;code_insee;nom_commune;lon;lat
17;;{STREET};59990;99001;Valmont;{HOME[0]};{HOME[1]}
4;;{NURSERY};59990;99001;Valmont;{CRECHE[0]};{CRECHE[1]}
"""
ANSWERED = (
    "return document.querySelector('#answer .sentence:not(.error):not(.stale)')"
    " && document.querySelector('#rows table')"
)


def needles(epsg: int) -> dict[str, bytes]:
    """What must be nowhere: the words and the places, as text and as numbers of eight bytes, also in metres."""
    to_metres = pyproj.Transformer.from_crs(4326, epsg, always_xy=True).transform
    words = ["Zorglub", "zorglub", "Fantasio", "fantasio"]
    words += [f"{value:.4f}" for place in (HOME, CRECHE) for value in place]
    numbers = [value for place in (HOME, CRECHE) for value in (*place, *to_metres(*place))]
    found = {f"{word} {code}": word.encode(code) for word in words for code in ("utf-8", "utf-16-le")}
    return found | {f"{value} as a number": struct.pack("<d", value) for value in numbers}


def ask(page: Page, *, seconds: float = 120.0) -> None:
    """Ask, and wait for the answer and for what would lift an obstacle."""
    page.run("document.querySelector('#answer').replaceChildren(); document.querySelector('#rows').replaceChildren()")
    page.run("document.querySelector('#question form button[type=submit]').click()")
    page.until(ANSWERED, seconds=seconds)


def tick(page: Page, name: str, value: str) -> None:
    page.run(
        "for (const box of document.querySelectorAll(`[name=${arguments[0]}]`))"
        " box.checked = box.value === arguments[1]",
        name,
        value,
    )


@pytest.mark.browser
def test_no_file_log_or_address_bar_holds_anything_of_a_person(prepared: PreparedStudy, tmp_path: Path) -> None:
    study = tmp_path / "demo" / "study.toml"
    shutil.copytree(ROOT / "data" / "demo", study.parent)
    (book := study.parent / "adresses.csv").write_text(BOOK, encoding="utf-8")
    with study.open("a", encoding="utf-8") as written:
        written.write('\n[addresses]\nfiles = ["adresses.csv"]\n')
    prepared.save(prepared_folder(study))
    places = {name: tmp_path / name for name in ("tmp", "home", "cache", "profile", "downloads")}
    for folder in places.values():
        folder.mkdir()
    own = {"TMPDIR": "tmp", "HOME": "home", "XDG_CACHE_HOME": "cache", "XDG_CONFIG_HOME": "home"}
    log = tmp_path / "server.log"
    command = [sys.executable, "-m", "geo_access", "serve", str(study), "--port", "0", "--no-browser"]
    environment = {**os.environ, **{name: str(places[of]) for name, of in own.items()}, "PYTHONUNBUFFERED": "1"}
    with log.open("wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment, cwd=ROOT)
    try:
        for _ in range(1200):
            told = re.search(rb"http://127\.0\.0\.1:\d+/", log.read_bytes())
            if told or server.poll() is not None:
                break
            time.sleep(0.1)
        assert told, log.read_text()
        visited = one_person(told[0].decode(), places["profile"])
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=60)
    book.unlink()
    wanted = needles(prepared.network.epsg)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    held = [(path.name, name) for path in files for name in found_in(path, wanted)]
    assert len(files) > 50
    assert held == []
    for url in visited:
        assert not any(word in url for word in ("orglub", "antasio", "3.82", "50.20", "3.83"))


def one_person(url: str, profile: Path) -> list[str]:
    """Ask all that an adviser may ask for one person; returns every address that the browser opened or asked."""
    with browser(width=1400, height=1000, profile=profile) as page:
        page.goto(f"{url}#door=adviser")
        page.until(READY, seconds=240)
        # An address that is unknown, then one that is typed as people do, with the crèche on the way.
        choose(page, "address", f"99 {STREET.upper()}x, 75001 Paris")
        page.run("document.querySelector('#question form button[type=submit]').click()")
        page.until("return document.querySelector('#answer .error')", seconds=60)
        choose(page, "address", f"17 {STREET}, 59990 Valmont")
        choose(page, "via", f"4 {NURSERY}, 59990 Valmont")
        ask(page)
        page.until("return document.querySelectorAll('#detail .legs').length", seconds=120)
        # By wheelchair, from coordinates, by car; nothing is printed from the server.
        choose(page, "address", f"{HOME[0]}, {HOME[1]}")
        choose(page, "via", f"{CRECHE[0]}, {CRECHE[1]}")
        tick(page, "profiles", "voiture")
        page.run("for (const name of ['licence', 'car', 'step_free']) document.querySelector(`[name=${name}]`).click()")
        ask(page, seconds=240)
        page.until("return document.getElementById('step-free')", seconds=60)
        printed = page._call("/print", {"page": {"width": 21.0, "height": 29.7}})
        assert len(re.findall(rb"/Type\s*/Page[^s]", base64.b64decode(printed))) == 1
        kept = page.run("return document.cookie + JSON.stringify({...localStorage, ...sessionStorage})")
        assert not any(name.decode("latin1") in kept for name in (b"orglub", b"antasio", b"3.82", b"50.20"))
        asked = page.run("return performance.getEntriesByType('resource').map((one) => one.name)")
        back = page.run("return [location.href, document.referrer, document.title]")
        # Another door, and back: the form of the person before is empty.
        for door in ("planner", "adviser"):
            page.run(f"[...document.querySelectorAll('#doors a')].find((a) => a.href.endsWith('{door}')).click()")
        assert page.run("return document.querySelector('[name=address]').value") == ""
        return [*asked, *back, page.run("return location.href")]


def found_in(path: Path, wanted: dict[str, bytes]) -> list[str]:
    """Names of what a file holds."""
    try:
        content = path.read_bytes()
    except OSError:
        return []
    return [name for name, needle in wanted.items() if needle in content]
