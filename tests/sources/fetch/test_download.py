"""Fetching against a local server that serves the true formats, and fails in all the ways that servers do."""

from __future__ import annotations

import hashlib
import json
import threading
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from typer.testing import CliRunner

from geo_access.cli import app
from geo_access.errors import CoverageError, InputError
from geo_access.sources.fetch.catalogue import Source, Territory, choose_gtfs, gtfs_of_index, read_catalogue
from geo_access.sources.fetch.catalogue_study import Gathered, gather_territory, prepare_study
from geo_access.sources.fetch.download import Fetched, Transfer, fetch
from geo_access.study.file import read_study_file

BODY = bytes(range(256)) * 4000  # 1 MB
ONCE = Transfer(retries=0)


class Server(ThreadingHTTPServer):
    files: dict[str, bytes]
    hits: list[tuple[str, str]]
    breaks: int


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path = self.path
        self.server.hits.append((path, self.headers.get("Range", "")))
        if path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/file")
            self.end_headers()
        elif path == "/gone":
            self.send_error(404)
        elif path == "/busy" and self.server.breaks > 0:
            self.server.breaks -= 1
            self.send_error(503)
        elif path == "/page.zip":
            self.answer(b"<!DOCTYPE html><html>maintenance</html>")
        elif path == "/breaking":
            self.answer(BODY, cut=len(BODY) // 3 if self.server.breaks > 0 else None)
            self.server.breaks -= 1
        elif path == "/slow" and self.server.breaks > 0:
            self.server.breaks -= 1
            self.send_response(200)
            self.send_header("Content-Length", "10")
            self.end_headers()
            threading.Event().wait(1.0)
        elif path in ("/file", "/busy", "/slow"):
            self.answer(BODY)
        elif path in self.server.files:
            self.answer(self.server.files[path])
        else:
            self.send_error(404)

    def answer(self, body: bytes, cut: int | None = None) -> None:
        start = 0
        asked = self.headers.get("Range", "")
        if asked and self.headers.get("If-Range") == '"v1"':
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.send_header("ETag", '"v1"')
        self.send_header("Last-Modified", "Tue, 04 Feb 2025 00:00:00 GMT")
        self.end_headers()
        self.wfile.write(body[start : start + cut] if cut else body[start:])


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server(("127.0.0.1", 0), Handler)
    found.files, found.hits, found.breaks = {}, [], 0
    thread = threading.Thread(target=found.serve_forever, daemon=True)
    thread.start()
    yield found
    found.shutdown()
    found.server_close()
    thread.join()


def source(server: Server, path: str, **changes: object) -> Source:
    values = {
        "id": path.strip("/"),
        "role": "other",
        "title": "t",
        "producer": "p",
        "url": f"http://127.0.0.1:{server.server_port}{path}",
        "file": f"{path.strip('/')}.bin",
        "licence": "Licence Ouverte 2.0",
        "vintage": "2025",
    }
    return Source(**{**values, **changes})  # type: ignore[arg-type]


def got(server: Server, folder: Path, path: str, *, retries: int = 2, **changes: object) -> Fetched:
    transfer = Transfer(retries=retries, pause_s=0.01, timeout_s=0.5)
    (result,) = fetch([source(server, path, **changes)], folder, transfer=transfer)
    return result


def test_a_file_arrives_and_is_then_kept(server: Server, tmp_path: Path) -> None:
    first = got(server, tmp_path, "/file")
    assert first.status == "downloaded"
    assert Path(first.path).read_bytes() == BODY
    assert first.last_modified.startswith("Tue, 04 Feb 2025")
    assert got(server, tmp_path, "/file").status == "cached"
    assert len(server.hits) == 1
    ledger = json.loads((tmp_path / "fetched.json").read_text())
    assert ledger["file"]["licence"] == "Licence Ouverte 2.0"
    assert ledger["file"]["bytes"] == len(BODY)


def test_a_file_tampered_with_is_fetched_again(server: Server, tmp_path: Path) -> None:
    path = Path(got(server, tmp_path, "/file").path)
    path.write_bytes(b"other")
    assert got(server, tmp_path, "/file").status == "downloaded"
    assert path.read_bytes() == BODY


def test_redirects_are_followed(server: Server, tmp_path: Path) -> None:
    assert Path(got(server, tmp_path, "/moved").path).read_bytes() == BODY


def test_a_broken_download_is_resumed_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.breaks = 1
    result = got(server, tmp_path, "/breaking")
    assert result.status == "downloaded"
    assert Path(result.path).read_bytes() == BODY
    assert [asked for _, asked in server.hits] == ["", f"bytes={len(BODY) // 3}-"]


def test_a_part_left_by_a_failed_run_serves_the_next_run(server: Server, tmp_path: Path) -> None:
    server.breaks = 1
    assert got(server, tmp_path, "/breaking", retries=0).status == "failed"
    assert got(server, tmp_path, "/breaking", retries=0).status == "downloaded"
    assert server.hits[-1][1] == f"bytes={len(BODY) // 3}-"
    assert not list(tmp_path.glob("*.part"))


def test_a_busy_or_silent_server_is_asked_again(server: Server, tmp_path: Path) -> None:
    for path in ("/busy", "/slow"):
        server.breaks = 2
        assert got(server, tmp_path, path).status == "downloaded"
        assert [hit for hit, _ in server.hits].count(path) == 3


def test_what_will_not_mend_is_not_tried_again(server: Server, tmp_path: Path) -> None:
    result = got(server, tmp_path, "/gone")
    assert result.status == "failed"
    assert "404" in str(result.note)
    assert len(server.hits) == 1
    page = got(server, tmp_path, "/page.zip", file="page.zip")
    assert "web page" in str(page.note)


def test_one_failure_does_not_stop_the_others(server: Server, tmp_path: Path) -> None:
    results = fetch(
        [source(server, "/gone"), source(server, "/file")], tmp_path, transfer=Transfer(retries=0, timeout_s=1)
    )
    assert [result.status for result in results] == ["failed", "downloaded"]


def test_a_wrong_checksum_is_refused_and_the_former_file_stays(server: Server, tmp_path: Path) -> None:
    assert got(server, tmp_path, "/file", sha256="0" * 64).status == "failed"
    kept = Path(got(server, tmp_path, "/file").path)
    (again,) = fetch([source(server, "/file", sha256="0" * 64)], tmp_path, transfer=Transfer(refresh=True, retries=0))
    assert again.status == "failed"
    assert kept.read_bytes() == BODY


def test_changed_content_is_said(server: Server, tmp_path: Path) -> None:
    server.files["/x"] = b"one"
    got(server, tmp_path, "/x")
    server.files["/x"] = b"two"
    (again,) = fetch([source(server, "/x")], tmp_path, transfer=Transfer(refresh=True))
    assert str(again.note) == "its content changed since the last time"


def test_size_and_scheme_are_bounded(server: Server, tmp_path: Path) -> None:
    (large,) = fetch([source(server, "/file")], tmp_path, transfer=Transfer(retries=0, max_bytes=1000))
    assert "above the limit" in str(large.note)
    (local,) = fetch([source(server, "/file", url="file:///etc/hostname")], tmp_path, transfer=ONCE)
    assert local.status == "failed"
    assert "not https" in str(local.note)


def test_by_hand_sources_say_where_to_put_the_file(server: Server, tmp_path: Path) -> None:
    item = source(server, "/none", checked="by hand")
    assert "by hand" in str(fetch([item], tmp_path)[0].note)
    (tmp_path / item.file).write_bytes(b"x")
    assert fetch([item], tmp_path)[0].status == "cached"
    assert server.hits == []


def test_catalogue_faults_are_all_told(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(
        '[[source]]\nid = "a"\nrole = "zones"\n[[source]]\nid="b"\nrole="osm"\ntitle="t"\nproducer="p"\nlicence="l"\n'
        'vintage="v"\nurl="http://x"\nfile="../evil"\n'
    )
    with pytest.raises(InputError) as caught:
        read_catalogue(tmp_path / "c.toml")
    assert "plain file name" in str(caught.value)
    assert len(caught.value.faults) == 7


def test_every_department_of_the_mainland_has_its_extract() -> None:
    catalogue = read_catalogue()
    served = [code for codes in catalogue.osm_extracts.values() for code in codes]
    mainland = {f"{i:02d}" for i in range(1, 96) if i != 20} | {"2A", "2B"}
    assert len(served) == len(set(served))
    assert mainland <= set(served)
    with pytest.raises(InputError, match="unknown"):
        catalogue.territory("Atlantide")


def test_timetables_of_the_territory_are_found_in_the_index(tmp_path: Path) -> None:
    def dataset(slug: str, kind: str, insee: str, **resource: object) -> dict[str, object]:
        own = {"id": 7, "format": "GTFS", "is_available": True, "url": f"https://example.org/{slug}.zip", **resource}
        return {"slug": slug, "title": slug, "covered_area": [{"type": kind, "insee": insee}], "resources": [own]}

    index = [
        dataset("ter", "pays", "FR"),
        dataset("arc-en-ciel", "region", "32"),
        dataset("ilevia", "epci", "200093201"),
        dataset("laon", "commune", "02408"),
        dataset("dead", "region", "32", is_available=False),
        dataset("netex", "region", "32", format="NeTEx"),
        dataset("brest", "epci", "242900314"),
    ]
    (tmp_path / "i.json").write_text(json.dumps(index))
    mel = read_catalogue().territory("MEL")
    found = gtfs_of_index(tmp_path / "i.json", mel)
    assert [item.title for item in found] == ["ilevia", "arc-en-ciel", "ter"]
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(InputError, match="not a list"):
        gtfs_of_index(tmp_path / "bad.json", mel)


def test_the_index_prefers_local_files_and_leaves_out_what_is_expired_or_repeated(tmp_path: Path) -> None:
    def dataset(slug: str, kind: str, insee: str, end: object, *networks: str) -> dict[str, object]:
        own = {
            "id": slug,
            "format": "GTFS",
            "url": f"https://example.org/{slug}.zip",
            "metadata": {"end_date": end, "networks": list(networks)},
        }
        return {"slug": slug, "title": slug, "covered_area": [{"type": kind, "insee": insee}], "resources": [own]}

    index = [
        dataset("region", "region", "32", "2026-12-31", "Ilévia", "Artis"),
        dataset("half", "region", "32", "2026-12-31", "Ilévia", "Tadao"),
        dataset("ilevia", "epci", "200093201", "2026-06-30", "ilévia"),
        dataset("old", "epci", "200093201", "2026-03-16", "Vieux"),
        dataset("odd", "epci", "200093201", None),
        dataset("artis", "commune", "59350", "2026-12-31T00:00:00", "ARTIS"),
    ]
    (tmp_path / "i.json").write_text(json.dumps(index))
    choice = choose_gtfs(tmp_path / "i.json", read_catalogue().territory("MEL"), day=date(2026, 3, 17))
    assert [item.title for item in choice.sources] == ["artis", "ilevia", "odd", "half"]
    assert [(said.key, dict(said.values).get("title")) for said in choice.notes] == [
        ("gtfs.index_chosen", None),
        ("gtfs.index_expired", "old"),
        ("gtfs.index_repeats", "region"),
    ]


def zipped(name: str, content: bytes) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def territory_files() -> dict[str, bytes]:
    """The files of a territory of one neighbourhood, in the producers' formats."""
    qpv = gpd.GeoDataFrame(
        {"code_qp": ["QN05911M", "QN07501I"], "lib_qp": ["Moulins", "Paris"]},
        geometry=[
            gpd.GeoSeries([shapely.box(3_834_000, 3_072_000, 3_834_900, 3_072_900)], crs=3035).to_crs(4326).iloc[0],
            shapely.box(2.3, 48.8, 2.4, 48.9),
        ],
        crs=4326,
    )
    cells = "\n".join(
        ["Idcar_200m,Ind,I_est_200"] + [f"CRS3035RES200mN{3_072_000 + 200 * i}E3834000,{10 + i},0" for i in range(4)]
    )
    return {
        "/qpv": zipped("GEOJSON/QP2024_France_WGS84.geojson", qpv.to_json().encode()),
        "/cells": zipped("cells.csv", cells.encode()),
        "/cap": b"UAI;MEF STAT 11;capacite\n0590005K;23210031224;24\n0590005K;23220031214;12\n",
        "/mef": b"MEF_STAT_11;FORMATION_DIPLOME\n23210031224;50031224\n",
        "/certif": b"Code_Diplome;Libelle_Diplome;Code_Rome_1;Code_Scolarite\n1;CAP;D1106;50031224\n",
        "/schools": b"uai;lat;lon\n0590005K;50.63;3.06\n",
        "/osm": b"not looked into here",
        "/gtfs": zipped("agency.txt", b"agency_id\n"),
    }


PLAN = (
    ("/qpv", "qpv2024", "qpv.zip"),
    ("/cells", "carreaux200m", "cells.zip"),
    ("/cap", "capacites", "cap.csv"),
    ("/mef", "mef", "mef.csv"),
    ("/certif", "certifications", "certif.csv"),
    ("/schools", "etablissements", "schools.csv"),
    ("/osm", "osm_nord", "nord.osm.pbf"),
    ("/gtfs", "pan_1", "gtfs_1.zip"),
    ("/gone", "pan_2", "gtfs_2.zip"),
)


def test_a_territory_is_fetched_into_a_study_that_reads(server: Server, tmp_path: Path) -> None:
    server.files = territory_files()
    sources = [source(server, path, id=name, file=file) for path, name, file in PLAN]
    fetched = fetch(sources, tmp_path / "cache", transfer=ONCE)
    territory = Territory("MEL", 'La "MEL"', ("59",))
    gathered = Gathered(territory, tmp_path / "cache", fetched)
    prepared = prepare_study(gathered, tmp_path / "study", day=date(2025, 2, 4))
    study = read_study_file(prepared.study)
    assert study.study.name == 'La "MEL"'
    assert [metier.code for metier in study.metiers] == ["D1106"]
    assert len(study.network.gtfs) == 1
    assert [(item.id, "404" in str(item.note)) for item in gathered.missing] == [("pan_2", True)]
    assert tomllib.loads(prepared.study.read_text())["origins"]["zones"]["vintage"] == "2025"
    fewer = replace(gathered, fetched=tuple(item for item in fetched if item.id != "carreaux200m"))
    with pytest.raises(CoverageError, match="carreaux200m"):
        prepare_study(fewer, tmp_path / "x", day=date(2025, 2, 4))


def test_one_command_fetches_the_index_its_timetables_and_the_rest(server: Server, tmp_path: Path) -> None:
    base = f"http://127.0.0.1:{server.server_port}"
    index = [
        {
            "slug": "Réseau d'ici",
            "covered_area": [{"type": "departement", "insee": "59"}],
            "resources": [{"id": 1, "format": "GTFS", "url": f"{base}/gtfs"}],
        }
    ]
    server.files = territory_files() | {"/index": json.dumps(index).encode()}
    entries = [(path, name, file) for path, name, file in PLAN if not name.startswith("pan_")]
    entries.append(("/index", "pan", "index.json"))
    text = "".join(
        f'[[source]]\nid = "{name}"\nrole = "{"gtfs_index" if name == "pan" else "other"}"\ntitle = "t"\n'
        f'producer = "p"\nurl = "{base}{path}"\nfile = "{file}"\nlicence = "l"\nvintage = "v"\n'
        for path, name, file in entries
    )
    (tmp_path / "c.toml").write_text(text)
    said: list[str] = []
    known = read_catalogue(tmp_path / "c.toml")
    gathered = gather_territory("59", tmp_path / "out", day=date(2025, 2, 4), catalogue=known, tell=said.append)
    prepared = prepare_study(gathered, tmp_path / "out", day=date(2025, 2, 4))
    study = read_study_file(prepared.study)
    assert [path.name for path in study.network.gtfs] == ["gtfs_reseau_d_ici_1.zip"]
    assert [path.name for path in study.network.osm] == ["nord.osm.pbf"]
    assert len(said) == len(entries) + 1
    before = len(server.hits)
    gather_territory("59", tmp_path / "out", day=date(2025, 2, 4), catalogue=known)
    assert len(server.hits) == before


def catalogue_of(path: Path, addresses: dict[str, str]) -> Path:
    """Catalogue of the sources of `PLAN` but the timetables, each at an address."""
    files = {name: file for _, name, file in PLAN}
    path.write_text(
        "".join(
            f'[[source]]\nid = "{name}"\nrole = "other"\ntitle = "Titre de {name}"\nproducer = "p"\nurl = "{address}"\n'
            f'file = "{files[name]}"\nlicence = "l"\nvintage = "v"\n'
            for name, address in addresses.items()
        )
    )
    return path


@pytest.mark.parametrize("language", ["fr", "en"])
def test_without_internet_each_file_is_named_with_its_address_and_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setattr("geo_access.sources.fetch.download.time.sleep", no_pause)
    names = [name for _, name, _ in PLAN if not name.startswith(("pan_", "osm_"))]
    nowhere = catalogue_of(tmp_path / "c.toml", {name: f"http://127.0.0.1:9/{name}" for name in names})
    home = tmp_path / "out"
    command = ["--lang", language, "fetch", "--territory", "59", "--date", "2025-02-04", "--out", str(home)]
    command += ["--catalogue", str(nowhere)]
    alone = CliRunner().invoke(app, command)
    assert alone.exit_code == 1
    for path, name, file in PLAN:
        if name in names:
            assert f"Titre de {name}" in alone.output
            assert f"http://127.0.0.1:9/{name}" in alone.output
            assert f"→ {file}" in alone.output
            (home / "cache" / file).write_bytes(territory_files()[path])
    assert str((home / "cache").resolve()) in alone.output
    assert ("ne répond pas" in alone.output) == (language == "fr")
    # What was put there by hand is taken, without asking anybody.
    then = CliRunner().invoke(app, command)
    assert then.exit_code == 0, then.output
    assert read_study_file(home / "study.toml").study.language == language
    (home / "study.toml").unlink()
    (home / "cache" / "cells.csv").unlink(missing_ok=True)
    (home / "cache" / "cells.zip").unlink()
    # With less than a study needs, the draft names what is there.
    fewer = CliRunner().invoke(app, command)
    assert fewer.exit_code == 0, fewer.output
    assert "carreaux200m" in fewer.output
    assert "zones.geojson" in (home / "study.toml").read_text()


def no_pause(seconds: float) -> None:
    """Fail: a server that is silent must not be waited for, file after file."""
    raise AssertionError(seconds)


def test_a_silent_server_costs_one_wait_for_all_its_files_and_the_others_come(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geo_access.sources.fetch.download.time.sleep", no_pause)
    transfer = Transfer(retries=3, pause_s=5, knock_s=2)
    sources = [source(server, "/file"), *(source(server, f"/{n}", url=f"http://127.0.0.1:9/{n}") for n in range(5))]
    results = fetch(sources, tmp_path, transfer=transfer)
    assert [item.status for item in results] == ["downloaded"] + 5 * ["failed"]
    assert str(results[1].note) == "http://127.0.0.1:9 does not answer"


def test_a_file_put_there_must_have_the_checksum_of_a_frozen_source(server: Server, tmp_path: Path) -> None:
    item = source(server, "/file", sha256=hashlib.sha256(BODY).hexdigest())
    (tmp_path / item.file).write_bytes(b"another")
    assert fetch([item], tmp_path)[0].status == "downloaded"
    assert (tmp_path / item.file).read_bytes() == BODY
