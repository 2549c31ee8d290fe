"""The door to the internet: https only, wherever a server sends us, and never into a private network."""

from __future__ import annotations

import socket
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from geo_access.errors import InputError
from geo_access.sources.fetch.download import Transfer, download
from geo_access.sources.web import RefusedError, check_url, open_url
from geo_access.study.file import read_study_file
from geo_access.study.inputs import find_origin
from tests.reliability.small_study import write_small_study

LEADS = {
    "/ftp": "ftp://example.org/a.zip",
    "/clear": "http://example.org/a.zip",
    "/file": "file:///etc/passwd",
    "/again": "/again",
}


class Leading(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", LEADS[self.path.partition("?")[0]])
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Leading)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("path", ["/ftp", "/clear", "/file"])
def test_a_redirection_out_of_https_is_not_followed(server: str, tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError, match=r"not https|not allowed"):
        download(server + path, tmp_path / "part", transfer=Transfer(retries=3, pause_s=30))


def test_a_circle_of_redirections_ends(server: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="302"):
        download(f"{server}/again", tmp_path / "part", transfer=Transfer(retries=0, timeout_s=5))


@pytest.mark.parametrize("address", ["10.0.0.7", "169.254.169.254", "127.0.0.1", "::1", "192.168.1.1", "fe80::1"])
def test_a_public_name_that_leads_inside_is_not_asked(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    asked: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (address, 443))])
    monkeypatch.setattr(socket, "create_connection", lambda *place, **_: asked.append(place))
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(RefusedError, match="private network"):
        open_url(urllib.request.Request("https://data.example.org/a.zip"), timeout_s=2)
    assert asked == []


def test_only_https_and_this_machine() -> None:
    for url in ("https://example.org/x", "http://127.0.0.1:8/x", "http://localhost/x", "http://[::1]:8/x"):
        check_url(url)
    for url in ("http://example.org", "ftp://a/b", "file:///x", "https://", "http://127.0.0.1.example.org", "x", ""):
        with pytest.raises(RefusedError, match="https"):
            check_url(url)


ADDRESS = "7 rue secrète, 59000 Lille"


def with_service(home: Path, service: str) -> Path:
    path = write_small_study(home)
    text = path.read_text(encoding="utf-8")
    path.write_text(text + f'\n[addresses]\nservice = "{service}"\n', encoding="utf-8")
    return path


def test_no_study_sends_an_address_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, str]] = []
    monkeypatch.setattr(
        "geo_access.study.inputs.search_service", lambda words, service: sent.append((words, service)) or []
    )
    file = read_study_file(with_service(tmp_path, "https://geocoder.example.org/search"))
    with pytest.raises(InputError, match="--online"):
        find_origin(ADDRESS, file)
    assert sent == []
    told: list[str] = []
    for _ in range(2):
        with pytest.raises(InputError, match="no address"):
            find_origin(ADDRESS, file, online=True, tell=lambda note: told.append(note.told("en")))
    assert told == ["the address is sent to https://geocoder.example.org/search"] * 2
    assert [service for _, service in sent] == ["https://geocoder.example.org/search"] * 2


def test_a_service_in_clear_is_refused_with_the_study(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="in clear"):
        read_study_file(with_service(tmp_path, "http://geocoder.example.org/search"))
    read_study_file(with_service(tmp_path, "http://127.0.0.1:8000/search"))
