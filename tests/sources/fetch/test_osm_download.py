"""Streets from a server that answers as Overpass and Nominatim do, and from ones that do not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import shapely
from typer.testing import CliRunner

from geo_access.cli import app
from geo_access.errors import CapacityError, CoverageError, InputError
from geo_access.network.streets.streets import build_streets
from geo_access.sources.fetch.overpass import download_streets
from tests.network.drawn import write_osm

BOX = shapely.box(2.9, 46.4, 3.1, 46.6)
NOWHERE = {"overpass_url": "http://127.0.0.1:9/", "geocoder_url": "http://127.0.0.1:9/"}


class Server(ThreadingHTTPServer):
    answer = b""
    status = 200
    asked: list[str]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def reply(self, body: bytes) -> None:
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append(parse_qs(body)["data"][0])
        self.reply(self.server.answer)

    def do_GET(self) -> None:
        place = parse_qs(urlsplit(self.path).query)["q"][0]
        features = [{"type": "Feature", "geometry": shapely.geometry.mapping(BOX)}] if place == "Ville" else []
        self.reply(json.dumps({"type": "FeatureCollection", "features": features}).encode())

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    write_osm(tmp_path / "served.osm", "A---B---C", {"ABC": {"highway": "residential"}})
    served = Server(("127.0.0.1", 0), Handler)
    served.answer = (tmp_path / "served.osm").read_bytes()
    served.asked = []
    thread = threading.Thread(target=served.serve_forever, daemon=True)
    thread.start()
    yield served
    served.shutdown()
    served.server_close()


def servers(server: Server) -> dict[str, str]:
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    return {"overpass_url": url, "geocoder_url": url}


@pytest.mark.parametrize("area", ["Ville", BOX])
def test_downloads_and_builds(server: Server, tmp_path: Path, area: object) -> None:
    path = download_streets(area, tmp_path / "got.osm", **servers(server))  # type: ignore[arg-type]
    assert len(build_streets(path, min_island_nodes=1).edge_way_id) == 1
    assert 'way["highway"](poly:"46.' in server.asked[0]
    assert '"type"="restriction"' in server.asked[0]
    assert 'way["public_transport"="platform"](poly:"46.' in server.asked[0]


@pytest.mark.parametrize(
    ("language", "said"), [("fr", "demandé à http://127.0.0.1"), ("en", "asked of http://127.0.0.1")]
)
def test_the_command_says_whom_it_asks_and_keeps_what_is_there(
    server: Server, tmp_path: Path, language: str, said: str
) -> None:
    where = servers(server)
    command = ["--lang", language, "streets", "Ville", "--out", str(tmp_path / "rues.osm")]
    command += ["--overpass", where["overpass_url"], "--geocoder", where["geocoder_url"]]
    answer = CliRunner().invoke(app, command)
    assert answer.exit_code == 0, answer.output
    assert said in answer.output
    assert len(build_streets(tmp_path / "rues.osm", min_island_nodes=1).edge_way_id) == 1
    assert CliRunner().invoke(app, command).exit_code == 1


def test_answers_that_are_not_streets(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "got.osm"
    with pytest.raises(CoverageError, match="no area of that name"):
        download_streets("Nulle part", target, **servers(server))
    with pytest.raises(CapacityError, match="0 MB"):
        download_streets(BOX, target, **servers(server), max_megabytes=0)
    server.answer = server.answer[: len(server.answer) // 2]
    with pytest.raises(InputError, match="not complete"):
        download_streets(BOX, target, **servers(server))
    server.status = 429
    with pytest.raises(InputError, match="busy"):
        download_streets(BOX, target, **servers(server))
    assert not target.exists()
    assert not target.with_suffix(".osm.part").exists()


def test_bad_requests(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ends in \.osm"):
        download_streets(BOX, tmp_path / "got.pbf", **NOWHERE)
    with pytest.raises(InputError, match="polygon in degrees"):
        download_streets(shapely.Point(3, 46), tmp_path / "got.osm", **NOWHERE)
    with pytest.raises(InputError, match="polygon in degrees"):
        download_streets(shapely.box(700_000, 6_000_000, 700_100, 6_000_100), tmp_path / "got.osm", **NOWHERE)
    with pytest.raises(InputError, match="http"):
        download_streets(BOX, tmp_path / "got.osm", **NOWHERE | {"overpass_url": "file:///etc/hostname"})
    with pytest.raises(InputError, match="no answer"):
        download_streets(BOX, tmp_path / "got.osm", **NOWHERE, timeout_s=2)
