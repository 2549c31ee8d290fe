"""Zips and folders as they come: several feeds, zips in zips, doubled members, devices, bombs."""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import pytest

from geo_access.errors import CapacityError, GeoAccessError, InputError
from geo_access.sources.gtfs import read as gtfs_read
from geo_access.sources.gtfs import sizes as gtfs_sizes
from geo_access.sources.gtfs.blanks import Sieve
from geo_access.sources.gtfs.feed import read_gtfs
from tests.feeds import feed_tables, table_text, write_tables
from tests.shared import ROOT

STOPS = {"A": (0, 0), "B": (1000, 0)}


def texts(**options) -> dict[str, str]:
    return {f"{n}.txt": table_text(rows) for n, rows in feed_tables(STOPS, ["A 08:00 B 08:05"], **options).items()}


def under(folder: str, files: dict[str, str]) -> dict[str, str]:
    return {f"{folder}/{name}": content for name, content in files.items()}


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("files", "named"),
    [
        (under("bus", texts()) | under("rail", texts()), "2 feeds in one file: bus/, rail/"),
        (texts() | under("rail", texts()), "2 feeds in one file: ./, rail/"),
        (under("2025/a", texts()) | under("2026/a", texts()) | under("x", texts()), "2025/a/, 2026/a/, x/"),
        ({"a.zip": zipped(texts()), "b.zip": zipped(texts())}, r"2 feeds in one file: a\.zip, b\.zip"),
    ],
)
def test_several_feeds_in_one_file_are_all_named(tmp_path: Path, files: dict, named: str) -> None:
    with pytest.raises(InputError, match=named):
        read_gtfs(write_tables(tmp_path / "f.zip", files))


def test_the_only_zip_inside_is_read_and_said(tmp_path: Path) -> None:
    feed = read_gtfs(write_tables(tmp_path / "f.zip", {"readme.txt": "x", "inner.zip": zipped(under("in", texts()))}))
    assert len(feed.stop_times.stop) == 2
    told = [n.entity for n in feed.notices if n.code == "invalid_input_files_in_subfolder"]
    assert told == ["inner.zip", "in"]


def test_zips_nested_without_end_are_refused(tmp_path: Path) -> None:
    inner = zipped(texts())
    for _ in range(8):
        inner = zipped({"x.zip": inner})  # type: ignore[dict-item]
    (tmp_path / "f.zip").write_bytes(inner)
    with pytest.raises(CapacityError, match="zip in a zip"):
        read_gtfs(tmp_path / "f.zip")


def test_a_member_that_is_there_twice_is_said_and_the_last_counts(tmp_path: Path) -> None:
    files = texts()
    with warnings.catch_warnings(), zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("stops.txt", "stop_id,stop_lat,stop_lon\nold,50,3\n")
        for name, content in files.items():
            archive.writestr(name, content)
    feed = read_gtfs(tmp_path / "f.zip")
    assert feed.stops["stop_id"].tolist() == ["A", "B"]
    assert [(n.code, n.file) for n in feed.notices] == [("duplicate_member", "stops.txt")]


def test_files_beside_the_feed_are_listed(tmp_path: Path) -> None:
    files = under("gtfs", texts()) | {"gtfs/notes.pdf": "x", "old/stops.txt": "stop_id\n", "licence.txt": "x"}
    for name in ("f.zip", "f"):
        for path in files:
            (tmp_path / "f" / path).parent.mkdir(parents=True, exist_ok=True)
        feed = read_gtfs(write_tables(tmp_path / name, files))
        assert sorted(n.file for n in feed.notices if n.code == "unknown_file") == [
            "licence.txt",
            "notes.pdf",
            "old/stops.txt",
        ]


def test_devices_and_pipes_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/zero"), tmp_path / "pipe"):
        with pytest.raises(InputError, match="a device, no file"):
            read_gtfs(path)


def test_tables_beyond_any_real_feed_are_refused_by_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gtfs_read, "_LARGEST_SMALL_TABLE_BYTES", 1 << 16)
    files = texts() | {"pathways.txt": "pathway_id,from_stop_id,to_stop_id\n" + "p,A,B\n" * 20_000}
    with pytest.raises(CapacityError, match=r"pathways\.txt unpacks to"):
        read_gtfs(write_tables(tmp_path / "f.zip", files))


def test_gigabytes_of_blank_lines_stay_small(tmp_path: Path) -> None:
    path = tmp_path / "f.zip"
    blank = b"\n" * (1 << 24)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in texts().items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(content.encode())
                for _ in range(24 if name == "stop_times.txt" else 0):
                    member.write(blank)
    code = f"from geo_access.sources.gtfs.feed import read_gtfs; print(len(read_gtfs({str(path)!r}).stop_times.stop))"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, preexec_fn=limit, check=False
    )
    assert done.stdout.strip() == "2", done.stderr[-500:]


def test_rows_cut_short_as_in_the_reference_example_keep_all_their_calls(tmp_path: Path) -> None:
    # Nine columns in the header, five cells in the rows: every optional cell at the end left off.
    head = "trip_id,arrival_time,departure_time,stop_id,stop_sequence,stop_headsign,pickup_type,drop_off_type,dist"
    rows = [f"t{k},{6 + k}:{m:02d}:00,{6 + k}:{m:02d}:00,{s},{m}" for k in range(14) for m, s in ((0, "A"), (9, "B"))]
    tables = feed_tables(STOPS, ["A 08:00 B 08:05"] * 14)
    files = {f"{n}.txt": table_text(rows) for n, rows in tables.items()} | {"stop_times.txt": "\n".join((head, *rows))}
    feed = read_gtfs(write_tables(tmp_path / "f.zip", files))
    assert len(feed.stop_times.stop) == 28
    assert {(n.code, n.action) for n in feed.notices} == {("invalid_row_length", "repaired")}


def test_rubbish_inside_the_inner_zip_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(GeoAccessError):
        read_gtfs(write_tables(tmp_path / "f.zip", {"inner.zip": "no zip at all"}))


@pytest.mark.parametrize(
    ("table", "head", "row"),
    [
        # 4 cells a row and 24 bytes a cell make 960,000; 10,000 rows of three texts of their own 2.2 million.
        ("calendar_dates.txt", "service_id,date,exception_type,x\n", "all,20260317,1,\n"),
        ("stops.txt", "stop_id,stop_lat,stop_lon" + ",x" * 200 + "\n", "s,50,3" + "," * 200 + "\n"),
        ("locations.geojson", '{"features": [', '{"id": 1},'),
    ],
)
def test_tables_that_would_fill_the_memory_are_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, head: str, row: str
) -> None:
    monkeypatch.setattr(gtfs_read, "MOST_BYTES", 900_000)
    with pytest.raises(CapacityError, match=rf"{table}.* more than a gigabyte"):
        read_gtfs(write_tables(tmp_path / "f.zip", texts() | {table: head + row * 10_000}))


def test_tables_of_texts_of_their_own_are_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # 1,000 rows of 3 cells: 1,000 × (120 + 72) + 1,000 ids × 200 = 392,000 and little more.
    rows = "route_id,service_id,trip_id\n" + "".join(f"r,all,{k}\n" for k in range(1000))
    files = texts() | {"trips.txt": rows}
    monkeypatch.setattr(gtfs_sizes, "MOST_BYTES", 392_000)
    with pytest.raises(CapacityError, match=r"trips\.txt would take"):
        read_gtfs(write_tables(tmp_path / "f.zip", files))
    monkeypatch.setattr(gtfs_sizes, "MOST_BYTES", 393_000)
    assert len(read_gtfs(write_tables(tmp_path / "f.zip", files)).trips) == 1000


def test_blank_lines_between_a_few_letters_are_taken_out() -> None:
    assert sieved(b"a,b\n" + b"\n" * 1000 + b"1,2\r\n" + b"\r\n" * 1000) == (b"a,b\n1,2\r\n", 0)
    assert sieved(b"a,b\n\n1,2,3,4,5,6,7,8\n1,2\n") == (b"a,b\n\n1,2,3,4,5,6,7,8\n1,2\n", 0)


def sieved(text: bytes, *, block: int = 1 << 22) -> tuple[bytes, int]:
    sieve = Sieve()
    kept = b"".join(sieve.kept(text[at : at + block] for at in range(0, len(text), block)))
    return kept, sieve.empty_rows


@pytest.mark.parametrize("block", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_rows_of_separators_alone_are_taken_out_and_counted(block: int, end: bytes) -> None:
    rows = [b"a,b", b",", b'"","",', b"1,", b" , \t,", b'"two', b'"', b'","', b",,,,", b",3", b",,"]
    assert sieved(end.join(rows), block=block) == (end.join([b"a,b", b"1,", b'"two', b'"', b'","', b",3", b""]), 5)


def test_zeros_of_a_copy_cut_off_are_taken_out_aloud(tmp_path: Path) -> None:
    files = {name: text.encode() for name, text in texts().items()}
    cut = files | {"stop_times.txt": files["stop_times.txt"] + b"\0" * 5000, "calendar.txt": files["calendar.txt"]}
    wide = files | {"stop_times.txt": files["stop_times.txt"].decode().encode("utf-16")}
    for tables, codes in ((cut, {"zero_bytes"}), (wide, {"text_encoding"})):
        path = tmp_path / "f.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in tables.items():
                archive.writestr(name, content)
        feed = read_gtfs(path)
        assert len(feed.stop_times.stop) == 2
        assert {n.code for n in feed.notices} == codes


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    for text, ok in (("B" * (9 << 20), False), (" " * (9 << 20), True), ("B" * (3 << 20), True)):
        path = write_tables(tmp_path / "f.zip", texts() | {"feed_info.txt": "feed_lang\n" + text})
        if ok:
            assert len(read_gtfs(path).stop_times.stop) == 2
            continue
        with pytest.raises(InputError, match=r"feed_info\.txt has a line of more than 4 MB"):
            read_gtfs(path)


def test_rows_of_separators_alone_stay_small_and_are_said(tmp_path: Path) -> None:
    path = tmp_path / "f.zip"
    commas = b",,,,,,,,\n" * (1 << 19)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in texts().items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(content.encode())
                for _ in range(16 if name == "stop_times.txt" else 0):
                    member.write(commas)
    feed = read_gtfs(path)
    assert len(feed.stop_times.stop) == 2
    assert [(n.code, n.count, n.action) for n in feed.notices] == [("empty_row", 16 << 19, "dropped")]
