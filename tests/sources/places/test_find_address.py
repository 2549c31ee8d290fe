"""One address as a place: files of the BAN, and a local server that answers as the national service does."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from geo_access.errors import InputError
from geo_access.sources.places.find_address import Candidate, choose_address, search_books, search_service
from geo_access.sources.places.geocode import Addresses, read_addresses

BAN = """id;id_fantoir;numero;rep;nom_voie;code_postal;code_insee;nom_commune;code_insee_ancienne_commune;lon;lat
59350_1;;12;;Rue Faidherbe;59000;59350;Lille;;3.0661;50.6371
59350_2;;12;bis;Rue Faidherbe;59000;59350;Lille;;3.0662;50.6372
59350_3;;40;;Rue de la Gare;59000;59350;Lille;;3.0700;50.6380
59512_1;;40;;Rue de la Gare;59100;59512;Roubaix;;3.1635;50.6954
"""


@pytest.fixture
def book(tmp_path: Path) -> Addresses:
    (tmp_path / "adresses-59.csv.gz").write_bytes(gzip.compress(BAN.encode()))
    return read_addresses(tmp_path / "adresses-59.csv.gz")


@pytest.mark.parametrize(
    ("address", "lon"),
    [
        ("12 rue Faidherbe 59000 Lille", 3.0661),
        ("12 BIS, R. FAIDHERBE, 59000 LILLE", 3.0662),
        ("12 rue Fedherbe, Lille", 3.0661),
        ("40 rue de la Gare, 59100 Roubaix", 3.1635),
    ],
)
def test_an_address_is_found_however_it_is_written(book: Addresses, address: str, lon: float) -> None:
    assert choose_address(search_books(address, [book])).lon == lon


def test_the_same_street_of_two_towns_is_ambiguous_and_both_are_listed(book: Addresses) -> None:
    with pytest.raises(InputError, match="several addresses fit") as caught:
        choose_address(search_books("40 rue de la Gare", [book]))
    assert "Lille" in str(caught.value)
    assert "Roubaix" in str(caught.value)


def test_unlike_and_unknown_addresses_are_refused(book: Addresses) -> None:
    with pytest.raises(InputError, match="doubtful"):
        choose_address(search_books("12 quai Faid, 59000 Lille", [book]))
    with pytest.raises(InputError, match="no address like it"):
        choose_address(search_books("12 rue Faidherbe 75001 Paris", [book]))


def test_a_damaged_gzip_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(BAN.encode())[:60])
    with pytest.raises(InputError, match="not a readable gzip"):
        read_addresses(tmp_path / "a.csv.gz")


def feature(label: str, score: float, kind: str, lon: float, lat: float) -> dict[str, object]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [lon, lat]},
        "properties": {
            "label": label,
            "score": score,
            "type": kind,
            "id": "59350_3291_00012",
            "banId": None,
            "name": label,
            "postcode": "59000",
            "citycode": "59350",
            "x": 704_700.0,
            "y": 7_059_000.0,
            "city": "Lille",
            "context": "59, Nord, Hauts-de-France",
            "importance": 0.7,
            "_type": "address",
        },
    }


ANSWERS = {
    "good": [feature("12 Rue Faidherbe 59000 Lille", 0.97, "housenumber", 3.0661, 50.6371)],
    "town": [feature("Lille", 0.95, "municipality", 3.0586, 50.6366)],
    "weak": [feature("Rue Fabre 59000 Lille", 0.41, "street", 3.05, 50.62)],
    "none": [],
    "twins": [
        feature("Rue de la Gare 59000 Lille", 0.88, "street", 3.07, 50.638),
        feature("Rue de la Gare 59100 Roubaix", 0.86, "street", 3.1635, 50.6954),
    ],
    "mars": [feature("Mars", 0.9, "street", 999.0, 50.0)],
}


class Service(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        word = query["q"][0].split()[0]
        self.asked.append(query["q"][0])
        if word == "busy":
            self.send_error(503)
            return
        body = (
            b"<html>"
            if word == "page"
            else json.dumps({"type": "FeatureCollection", "features": ANSWERS[word], "query": query["q"][0]}).encode()
        )
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/geocodage/search"
    server.shutdown()
    server.server_close()


def test_the_service_is_asked_in_its_own_words(service: str) -> None:
    assert choose_address(search_service("good é&? 12", service)).lat == 50.6371
    assert "good é&? 12" in Service.asked


@pytest.mark.parametrize(
    ("word", "said"),
    [("town", "doubtful"), ("weak", "doubtful"), ("none", "no address"), ("twins", "several addresses")],
)
def test_doubtful_answers_list_their_candidates(service: str, word: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        choose_address(search_service(f"{word} secret-street", service))
    for each in ANSWERS[word]:
        assert each["properties"]["label"] in str(caught.value)


@pytest.mark.parametrize("word", ["busy", "page", "mars"])
def test_a_sick_service_is_told_without_the_address(service: str, word: str) -> None:
    with pytest.raises(InputError, match="does not answer well") as caught:
        search_service(f"{word} secret-street", service)
    assert "secret" not in str(caught.value)


def test_only_web_addresses_are_asked() -> None:
    for address in ("file:///etc/passwd", "ftp://127.0.0.1/search", "http://example.org/search"):
        with pytest.raises(InputError, match="not https"):
            search_service("secret-street", address)
    with pytest.raises(InputError, match="does not answer well"):
        search_service("x", "http://127.0.0.1:1/search", timeout_s=2)


def test_close_twins_are_one_place() -> None:
    one = Candidate("1 Rue A", 0.9, "housenumber", 3.06, 50.63)
    other = Candidate("1b Rue A", 0.9, "housenumber", 3.0601, 50.63)
    assert choose_address([one, other]) is one
