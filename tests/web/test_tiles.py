"""Another server's base map: only when asked for, only from that server, never where one person is shown."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from PIL import Image
from starlette.testclient import TestClient

from geo_access.errors import InputError
from geo_access.study.prepared import PreparedStudy
from geo_access.web.app import make_app
from geo_access.web.guard import Access
from geo_access.web.outside import TILES, Outside, TileSource, tile_source
from geo_access.web.serve import serve
from geo_access.web.workshop import Workshop
from tests.browser import Page, browser
from tests.shared import ROOT
from tests.web.test_page import READY, choose

INK = (10, 200, 30)


@contextmanager
def tile_server(*, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """A server that answers each tile with one colour, and what it was asked."""
    asked: list[str] = []
    stream = io.BytesIO()
    Image.new("RGB", (256, 256), INK).save(stream, "PNG")

    class Tiles(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.path} {self.headers.get('Referer', '')} {self.headers.get('Cookie', '')}")
            self.send_response(status)
            self.send_header("Content-Type", "image/png")
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()
            self.wfile.write(stream.getvalue() if status == 200 else b"")

        def log_message(self, *args: object) -> None:
            del args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Tiles)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()


@contextmanager
def workshop_with(prepared: PreparedStudy, tiles: TileSource) -> Iterator[str]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    host = f"127.0.0.1:{listening.getsockname()[1]}"
    app = make_app(Workshop(prepared, tiles=tiles), Access(frozenset({host}), tile_origin=tiles.origin))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
    running = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    running.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://{host}/"
    server.should_exit = True
    running.join(timeout=20)
    listening.close()


def drawn_with(page: Page, folder: Path, colour: tuple[int, int, int]) -> float:
    """Share of the map's pixels that have a colour."""
    left, top, width, height = (
        round(value)
        for value in page.run(
            "const box = document.getElementById('map').getBoundingClientRect();"
            "return [box.left, box.top, box.width, box.height]"
        )
    )
    shot = Image.open(page.screenshot(folder / "map.png")).convert("RGB").crop((left, top, left + width, top + height))
    away = np.abs(np.asarray(shot, dtype=int) - np.array(colour)).max(axis=2)
    return float((away < 12).mean())


@pytest.mark.browser
def test_tiles_are_fetched_when_asked_for_and_never_for_one_person(prepared: PreparedStudy, tmp_path: Path) -> None:
    with tile_server() as (origin, asked):
        tiles = TileSource(f"{origin}/wmts?z={{z}}&row={{y}}&col={{x}}", attribution="web.tiles_ign")
        with workshop_with(prepared, tiles) as url, browser(width=1200, height=900, webgl=True) as page:
            page.goto(f"{url}#door=adviser")
            page.until(READY, seconds=120)
            page.settle(1.0)
            assert asked == []
            assert "ne lui est demandé" in page.run("return document.getElementById('tiles').textContent")
            choose(page, "address", "3.82, 50.2")
            page.run("document.querySelector('#question form button[type=submit]').click()")
            page.until("return document.querySelectorAll('#detail .legs').length", seconds=120)
            page.run(
                "[...document.querySelectorAll('#detail button')].find((b) => b.textContent.includes('carte')).click()"
            )
            page.settle(2.0)
            assert asked == []
            # The map goes back to the whole territory before anything is asked.
            page.run("[...document.querySelectorAll('#doors a')].find((a) => a.href.endsWith('observatory')).click()")
            page.until("return document.querySelector('#rows table')", seconds=60)
            page.settle(2.0)
            assert asked
            assert {line.split(" ", 1)[1] for line in asked} == {" "}
            assert max(int(line.partition("z=")[2].partition("&")[0]) for line in asked) <= 11
            # Ground without zone: the tiles' own colour on the page's paper.
            assert drawn_with(page, tmp_path, tuple(round(a * b / 255) for a, b in zip(INK, (0xF7, 0xF7, 0xF4)))) > 0.05
            assert "IGN" in page.run("return document.querySelector('.maplibregl-ctrl-attrib').textContent")
            assert page.console_errors() == []


@pytest.mark.browser
def test_a_server_of_tiles_that_does_not_answer_leaves_the_streets(prepared: PreparedStudy) -> None:
    with tile_server(status=503) as (origin, asked):
        tiles = TileSource(f"{origin}/{{z}}/{{x}}/{{y}}", attribution="web.tiles_ign")
        with workshop_with(prepared, tiles) as url, browser(width=1200, height=900, webgl=True) as page:
            page.goto(f"{url}#door=planner")
            page.until(READY, seconds=120)
            told = "return document.getElementById('tiles').textContent"
            page.until(f"{told}.includes('ne répond pas')", seconds=60)
            assert asked
            assert page.run("return document.querySelectorAll('#rows tbody tr').length") > 0


def test_the_policy_opens_to_that_server_only() -> None:
    tiles = tile_source("ign")
    assert tiles is TILES["ign"]
    assert tiles.origin.startswith("https://")
    assert tiles.url.startswith(f"{tiles.origin}/")
    assert {"{z}", "{x}", "{y}"} == {part for part in ("{z}", "{x}", "{y}") if part in tiles.url}
    assert Outside().tiles == ""
    with TestClient(
        make_app(Workshop(), Access(frozenset({"a:1"}), tile_origin=tiles.origin)), base_url="http://a:1"
    ) as asking:
        policy = asking.get("/").headers["content-security-policy"]
    opened = {part.split()[0] for part in policy.split("; ") if tiles.origin in part.split()}
    assert opened == {"img-src", "connect-src"}
    assert policy.count("http") == 2
    with pytest.raises(InputError, match="ign"):
        serve(ROOT / "data" / "demo" / "study.toml", outside=Outside(tiles="google"))
