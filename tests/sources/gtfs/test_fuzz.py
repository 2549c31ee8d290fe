"""One cell of a feed spoilt, or the whole file: a timetable or an error that says where, never anything else.

``GEO_ACCESS_DEEP=2000`` spoils that many cells instead of a few.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from geo_access.cli import app
from geo_access.errors import GeoAccessError
from geo_access.network.build import build_network
from geo_access.network.model import CrowFly
from geo_access.network.timetable.timetable import build_timetable
from geo_access.sources.gtfs.calendar import trips_per_day
from geo_access.sources.gtfs.feed import feed_report, read_gtfs, read_shapes
from tests.feeds import feed_tables, table_text, write_tables
from tests.shared import ROOT

DEEP = int(os.environ.get("GEO_ACCESS_DEEP", "0"))
DAY = date(2026, 3, 17)
STOPS = {"S": (50, 0), "A": (0, 0), "B": (1000, 0), "C": (2000, 0), "D": (3000, 50)}
RULE = {"from_stop_id": "A", "to_stop_id": "B", "transfer_type": 2, "min_transfer_time": 60}
TABLES = feed_tables(
    STOPS,
    [
        {"calls": "A 08:00 B 08:05 C 08:10", "block_id": "b", "trip_headsign": "x", "bikes_allowed": "1"},
        {"calls": "C 08:12 B - A 08:25", "block_id": "b"},
        {"calls": "A 23:50 D 24:20", "service_id": "extra"},
        "A 00:00 C 00:09",
    ],
    stop_columns={"S": {"location_type": 1}, "A": {"parent_station": "S"}, "D": {"stop_timezone": "Europe/London"}},
    calendar_dates=[
        {"service_id": "extra", "date": "20260317", "exception_type": 1},
        {"service_id": "all", "date": "20260318", "exception_type": 2},
    ],
    frequencies=[
        {"trip_id": "t3", "start_time": "06:00:00", "end_time": "07:00:00", "headway_secs": 1200, "exact_times": 0}
    ],
    transfers=[
        RULE | {"from_route_id": "r", "to_trip_id": "t1"},
        RULE | {"from_stop_id": "S", "transfer_type": 0},
        RULE | {"transfer_type": 4, "from_trip_id": "t0", "to_trip_id": "t1"},
    ],
    pathways=[{"from_stop_id": "A", "to_stop_id": "B", "is_bidirectional": 1, "traversal_time": 30, "length": 20}],
    feed_info=[{"feed_publisher_name": "x", "feed_lang": "fr", "feed_start_date": "20260101"}],
    shapes=[{"shape_id": "s", "shape_pt_lat": 50, "shape_pt_lon": 3, "shape_pt_sequence": 1}],
)
CELLS = (
    "",
    "  ",
    "nan",
    "inf",
    "-inf",
    "1e308",
    "-1",
    "-99999999999",
    "9" * 20,
    "0",
    "1",
    "2",
    "3",
    "5",
    "3.5",
    "x",
    "é",
    "\0",
    "49:00:00",
    "-1:00:00",
    "99:99:99",
    "47:59:59",
    "2026-03-17",
    "20260230",
    "00000000",
    "99991231",
    "Europe/Lile",
    "../../etc",
    "/etc/passwd",
    "A",
    "t0",
    "all",
    "r",
    "٣",
    "²",
    "1_000",
    "0x10",
    '"',
    "'",
    "\n",
    "a" * 5000,
    "90.0001",
    "181",
)


def texts(tables: dict[str, list[dict]] = TABLES) -> dict[str, str]:
    return {f"{name}.txt": table_text(rows) for name, rows in tables.items()}


def spoilt(rng: np.random.Generator) -> tuple[dict[str, str], str]:
    """Texts of the feed with one cell changed, and which."""

    def one(choices: Sequence) -> Any:
        return choices[int(rng.integers(len(choices)))]

    table = one(sorted(TABLES))
    rows = [dict(row) for row in TABLES[table]]
    column = one(list(dict.fromkeys(name for row in rows for name in row)))
    number, cell = int(rng.integers(len(rows))), one(CELLS)
    rows[number][column] = cell
    return texts(TABLES | {table: rows}), f"{table}.txt row {number + 2} {column} = {cell[:20]!r}"


def test_one_spoilt_cell_gives_a_timetable_or_an_error_of_ours(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    built = 0
    total = DEEP or 40
    for _ in range(total):
        files, where = spoilt(rng)
        path = write_tables(tmp_path / "f.zip", files)
        try:
            feed = read_gtfs(path)
            feed_report(feed)
            trips_per_day(feed)
            read_shapes(path)
            build_timetable([feed], day=DAY, epsg=2154, streets=CrowFly(2154))
            built += 1
        except GeoAccessError:
            continue
        except Exception as error:
            raise AssertionError(where) from error
    assert built > 0.9 * total


def changed(table: str, *cells: tuple[str, str]) -> Callable[[dict[str, str]], None]:
    def spoil(files: dict[str, str]) -> None:
        for before, after in cells:
            assert before in files[f"{table}.txt"]
            files[f"{table}.txt"] = files[f"{table}.txt"].replace(before, after)

    return spoil


def emptied(table: str, column: str) -> Callable[[dict[str, str]], None]:
    def spoil(files: dict[str, str]) -> None:
        rows = list(csv.DictReader(io.StringIO(files[f"{table}.txt"], newline="")))
        files[f"{table}.txt"] = table_text([row | {column: ""} for row in rows])

    return spoil


HOPELESS = {
    "zone": (changed("agency", ("Europe/Paris", "Europe/Lile")), "agency.txt", "'Europe/Lile', row 2"),
    "calendar turned": (
        changed("calendar", ("20261231", "20251231")),
        "f: runs never",
        "calendar.txt row 2: all: ends",
    ),
    "no position": (emptied("stops", "stop_lat"), "no stop of stops.txt", "stops.txt row 2: A: no usable position"),
    "no time": (
        changed("stop_times", (":", "h")),
        "stop_times.txt row 2: 08h00h00: arrival_time",
        "trips.txt row 2: t0",
    ),
    "no trip": (
        changed("calendar", ("20260101", "20260401")),
        "runs Wednesday 1 April 2026",
        "take Tuesday 7 April 2026",
    ),
    "no such service": (changed("trips", (",all,", ",week,")), "trips.txt row 2: week", "in no calendar"),
}
SIMPLE = feed_tables({"A": (0, 0), "B": (1000, 0)}, ["A 08:00 B 08:05", "A 09:00 B 09:05"])


@pytest.mark.parametrize("case", HOPELESS)
def test_what_cannot_run_says_which_file_and_row(tmp_path: Path, case: str) -> None:
    spoil, *said = HOPELESS[case]
    files = texts(SIMPLE)
    spoil(files)
    path = write_tables(tmp_path / "f.zip", files)
    with pytest.raises(GeoAccessError) as caught:
        build_network(gtfs=path, date=DAY, crow_fly_detour=1.3)
    for words in said:
        assert words in str(caught.value)


def hostile(folder: Path) -> list[Path]:
    """Files that are no feed, and feeds with the worst cells."""
    paths = []
    for case, (spoil, *_) in HOPELESS.items():
        files = texts(SIMPLE)
        spoil(files)
        paths.append(write_tables(folder / f"{case.replace(' ', '_')}.zip", files))
    plain = {name: text.encode() for name, text in texts(SIMPLE).items()}
    paths += [
        write_tables(folder / "up.zip", {f"../{name}": text for name, text in plain.items()}),
        write_tables(folder / "no_stops.zip", {name: text for name, text in plain.items() if name != "stops.txt"}),
        write_tables(
            folder / "late.zip", plain | {"stop_times.txt": plain["stop_times.txt"].replace(b"09:05", b"49:05")}
        ),
        write_tables(folder / "twice.zip", plain | {"trips.txt": plain["trips.txt"].replace(b"t1", b"t0")}),
    ]
    (folder / "page.zip").write_bytes(b"<html>404</html>")
    (folder / "cut.zip").write_bytes(paths[-1].read_bytes()[:300])
    return [*paths, folder / "page.zip", folder / "cut.zip", folder / "nowhere.zip"]


def test_the_command_line_never_shows_a_traceback(tmp_path: Path) -> None:
    runner = CliRunner()
    failed = []
    for path in hostile(tmp_path):
        for command in ("calendar", "validate"):
            result = runner.invoke(app, [command, str(path)])
            assert result.exception is None or isinstance(result.exception, SystemExit), (command, path.name)
            assert "Traceback" not in result.output
            failed += [path.name] * (result.exit_code != 0)
            if result.exit_code:
                assert path.stem in result.output.replace("\n", ""), command
    assert {"page.zip", "cut.zip", "nowhere.zip", "up.zip", "no_stops.zip", "zone.zip"} <= set(failed)
    assert not {"late.zip", "twice.zip"} & set(failed)


def test_check_of_a_study_names_the_feed_that_cannot_be_read(tmp_path: Path) -> None:
    runner = CliRunner()
    demo = ROOT / "data" / "demo"
    for entry in demo.iterdir():
        (tmp_path / entry.name).symlink_to(entry)
    paths = {path.name: path for path in hostile(tmp_path)}
    feeds = 'gtfs = ["gtfs_urbain.zip", "gtfs_interurbain.zip", "gtfs_rail.zip", "gtfs_voisinie.zip"]'
    for name in ("page.zip", "zone.zip", "calendar_turned.zip"):
        text = (demo / "study.toml").read_text(encoding="utf-8")
        assert feeds in text
        study = tmp_path / "hostile.toml"
        study.write_text(text.replace(feeds, f'gtfs = ["{paths[name].name}"]'), encoding="utf-8")
        result = runner.invoke(app, ["check", str(study)])
        assert result.exit_code == 1
        assert isinstance(result.exception, SystemExit)
        assert paths[name].stem in result.output.replace("\n", "")
