"""One prepared demo for all tests of the workshop."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import uvicorn
from starlette.testclient import TestClient

from geo_access.study.prepared import PreparedStudy, prepare_study
from geo_access.web.app import make_app
from geo_access.web.guard import Access
from geo_access.web.saving import file_mark
from geo_access.web.workshop import Workshop
from tests.shared import ROOT

HOST = "127.0.0.1:8765"


@pytest.fixture(scope="session")
def prepared() -> PreparedStudy:
    return prepare_study(ROOT / "data" / "demo" / "study.toml")


@pytest.fixture(scope="session")
def access() -> Access:
    return Access(frozenset({HOST}))


@pytest.fixture(scope="session")
def client(prepared: PreparedStudy, access: Access) -> Iterator[TestClient]:
    with TestClient(make_app(Workshop(prepared), access), base_url=f"http://{HOST}") as asking:
        asking.headers.update({"Origin": f"http://{HOST}", "X-Geo-Access-Launch": access.launch})
        yield asking


@pytest.fixture(scope="session")
def served(prepared: PreparedStudy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running workshop over a copy of the demo."""
    folder = tmp_path_factory.mktemp("served") / "demo"
    shutil.copytree(ROOT / "data" / "demo", folder)
    study = folder / "study.toml"
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    host = f"127.0.0.1:{listening.getsockname()[1]}"
    workshop = Workshop(replace(prepared, path=study), mark=file_mark(study))
    app = make_app(workshop, Access(frozenset({host})))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
    running = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    running.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://{host}/"
    server.should_exit = True
    running.join(timeout=20)
    listening.close()
