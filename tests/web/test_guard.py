"""Only the page itself is answered, and it may do only what it needs."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from geo_access.web.app import make_app
from geo_access.web.guard import Access
from geo_access.web.workshop import Workshop

CASE = {"metier": "F1602", "profile": "sans_voiture", "kind": "training", "schedule": "journee_formation"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example:8765"}, 421),
        ({"Host": "127.0.0.1:9999"}, 421),
        ({"Host": "127.0.0.1"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-Geo-Access-Launch": "guessed"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Length": "9000000"}, 413),
        ({"Content-Length": "a lot"}, 413),
    ],
)
def test_what_does_not_come_from_the_page_is_refused(client: TestClient, headers: dict[str, str], status: int) -> None:
    assert client.post("/api/case", json=CASE, headers=headers).status_code == status


def test_a_body_beyond_the_limit_is_not_read(client: TestClient) -> None:
    def flood():
        yield b'{"metier": "'
        for _ in range(60):
            yield b"x" * 100_000

    refused = client.post("/api/case", content=flood(), headers={"Content-Type": "application/json"})
    assert refused.status_code == 413


@pytest.mark.parametrize("path", ["/page/../app.py", "/page/%2e%2e/app.py", "/page/engine.py", "/etc/passwd", "/page/"])
def test_no_path_of_a_request_reaches_the_disk(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_every_answer_forbids_what_the_page_does_not_need(client: TestClient) -> None:
    for path in ("/", "/api/start", "/page/main.js", "/nowhere"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers


def test_beyond_this_machine_a_token_is_asked_of_every_question() -> None:
    access = Access(frozenset({"example.org:80", "example.org"}), secret="s3cret")  # noqa: S106
    with TestClient(make_app(Workshop(), access), base_url="http://example.org") as asking:
        assert asking.get("/api/start").status_code == 401
        assert asking.get("/api/start", headers={"X-Geo-Access-Token": "guess"}).status_code == 401
        assert asking.get("/api/start", headers={"X-Geo-Access-Token": "s3cret"}).json()["state"] == "preparing"


def test_before_the_study_is_there_questions_say_so(access: Access) -> None:
    with TestClient(make_app(Workshop(), access), base_url="http://127.0.0.1:8765") as asking:
        asking.headers.update({"Origin": "http://127.0.0.1:8765", "X-Geo-Access-Launch": access.launch})
        told = asking.post("/api/case", json=CASE)
        assert (told.status_code, told.json()["error"].split(" → ")[0]) == (400, "l’étude est en préparation")
