"""A wheelchair rides what the feed vouches for, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo_access.errors import InputError, ServiceDateError
from geo_access.network.build import build_network
from geo_access.sources.gtfs.feed import read_gtfs, wheelchair_feed
from tests.feeds import write_feed

STOPS = {"S": (40, 0), "A": (0, 0), "B": (1000, 0), "C": (2000, 0), "D": (3000, 0)}
COLUMNS = {
    "S": {"location_type": 1, "wheelchair_boarding": 1},
    "A": {"parent_station": "S"},
    "B": {"wheelchair_boarding": 2},
    "C": {"wheelchair_boarding": 1},
}


def test_trips_and_stops_that_the_feed_vouches_for(tmp_path: Path) -> None:
    trips = [
        {"calls": "A 08:00 B 08:05 C 08:10", "wheelchair_accessible": 1},
        {"calls": "A 09:00 B 09:05 C 09:10", "wheelchair_accessible": 2},
        "A 10:00 B 10:05 C 10:10",
        {"calls": "A 11:00 D 11:10", "wheelchair_accessible": 1},
    ]
    path = write_feed(tmp_path / "f.zip", STOPS, trips, stop_columns=COLUMNS)
    network = build_network(gtfs=path, date="2026-03-17", crow_fly_detour=1.3, wheelchair=True)
    timetable = network.timetable
    assert timetable is not None
    today = timetable.trip_day == 0
    # t3 ends where nothing is said, t2 says nothing itself, t1 says no; A has it from its station, B is closed.
    assert timetable.trip_id[today].tolist() == ["t0"]
    assert timetable.event_board[:3].tolist() == [True, False, True]
    assert timetable.event_alight[:3].tolist() == [True, False, True]
    said = list(map(str, network.warnings))
    assert "f, trips.txt: wheelchair_accessible says nothing: not counted as usable in a wheelchair (1 dropped)" in said
    assert "f, stops.txt: wheelchair_boarding says nothing: not counted as usable in a wheelchair (1 dropped)" in said
    plain = build_network(gtfs=path, date="2026-03-17", crow_fly_detour=1.3)
    assert plain.timetable is not None
    assert int((plain.timetable.trip_day == 0).sum()) == 4


def test_a_feed_that_says_nothing_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = write_feed(tmp_path / "f.zip", STOPS, ["A 08:00 B 08:05"])
    with pytest.raises(ServiceDateError, match=r"trips\.txt row 2: t0: wheelchair_accessible says nothing"):
        build_network(gtfs=path, date="2026-03-17", crow_fly_detour=1.3, wheelchair=True)
    with pytest.raises(InputError, match="give gtfs="):
        build_network(date="2026-03-17", crow_fly_detour=1.3, epsg=2154, wheelchair=True)


def test_stairs_and_escalators_lead_no_wheelchair(tmp_path: Path) -> None:
    # P and Q are platforms 40 m apart in one station: one changes over a bridge with stairs, or by two lifts.
    stops = {"A": (-5000, 0), "P": (0, 0), "Q": (40, 0), "R": (80, 0), "B": (9000, 0), "S": (20, 0)}
    columns = {name: {"wheelchair_boarding": 1} for name in stops} | {"S": {"location_type": 1}}
    for name in "PQR":
        columns[name] = {"wheelchair_boarding": 1, "parent_station": "S"}
    trips = [
        {"calls": "A 08:00 P 08:10", "wheelchair_accessible": 1},
        {"calls": "Q 08:20 B 08:30", "wheelchair_accessible": 1},
        {"calls": "R 08:40 B 08:50", "wheelchair_accessible": 1},
    ]

    def way(a: str, b: str, mode: int, *, both: int = 1) -> dict:
        return {
            "from_stop_id": a,
            "to_stop_id": b,
            "pathway_mode": mode,
            "is_bidirectional": both,
            "traversal_time": 90,
        }

    ways = [way("P", "Q", 2), way("P", "Q", 4, both=0), way("P", "R", 5), way("Q", "R", 2)]
    path = write_feed(
        tmp_path / "f.zip",
        stops,
        trips,
        stop_columns=columns,
        pathways=ways,
        transfers=[{"from_stop_id": "P", "to_stop_id": "Q", "transfer_type": 0}],
    )

    def change(a: str, b: str, *, wheelchair: bool) -> int | None:
        network = build_network(gtfs=path, date="2026-03-17", crow_fly_detour=1.3, wheelchair=wheelchair)
        timetable = network.timetable
        assert timetable is not None
        ids = timetable.stop_id.tolist()
        targets, seconds = timetable.footpaths.row(ids.index(a))
        return dict(zip(targets.tolist(), seconds.tolist(), strict=True)).get(ids.index(b))

    assert change("P", "Q", wheelchair=False) is not None
    assert change("P", "Q", wheelchair=True) is None
    assert change("Q", "R", wheelchair=True) is None
    assert change("P", "R", wheelchair=True) == change("P", "R", wheelchair=False)
    feed = wheelchair_feed(read_gtfs(path))
    assert [n.row for n in feed.notices if n.code == "pathway_not_used"] == [2, 3, 5]
    assert feed.pathways["mode"].tolist() == [5]
