"""One prepared demo for all tests of the workshop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from geo_access.study.prepared import PreparedStudy, prepare_study
from geo_access.web.app import make_app
from geo_access.web.guard import Access
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
