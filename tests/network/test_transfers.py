"""Changes between stops: the walk, and what the feeds say on top."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np

from geo_access.network.merge_stops import same_places
from geo_access.network.model import CrowFly, Timetable
from geo_access.network.timetable import build_timetable
from geo_access.sources.gtfs import read_gtfs
from tests.feeds import write_feed

# 4.8 km/h is 4/3 m/s: with a detour of 1.2, 100 m take 90 s.
STOPS = {"A": (0, 0), "B": (100, 0), "C": (400, 0), "D": (5000, 0)}
TRIPS = ["A 08:00 B 08:01 C 08:05 D 08:30"]


def built(tmp_path: Path, *, stops=STOPS, trips=TRIPS, max_transfer_s: int = 600, **options) -> Timetable:
    feed = read_gtfs(write_feed(tmp_path / "f.zip", stops, trips, **options))
    plain = CrowFly(2154, detour=1.2)
    return build_timetable([feed], day=date(2026, 3, 17), epsg=2154, streets=plain, max_transfer_s=max_transfer_s)


def walks(timetable: Timetable) -> dict[str, int]:
    out = {}
    for origin in range(timetable.n_stops):
        for target, seconds in zip(*timetable.footpaths.row(origin), strict=True):
            out[str(timetable.stop_id[origin] + timetable.stop_id[target])] = int(seconds)
    return out


def row(a: str, b: str, kind: int | str, seconds: int | str = "", **more) -> dict:
    return {"from_stop_id": a, "to_stop_id": b, "transfer_type": kind, "min_transfer_time": seconds} | more


def test_walks_within_reach_both_ways(tmp_path: Path) -> None:
    assert walks(built(tmp_path)) == {"AB": 90, "BA": 90, "AC": 360, "CA": 360, "BC": 270, "CB": 270}
    assert walks(built(tmp_path, max_transfer_s=100)) == {"AB": 90, "BA": 90}


def test_a_stated_time_replaces_the_walk_one_way(tmp_path: Path) -> None:
    timetable = built(tmp_path, transfers=[row("A", "B", 2, 240), row("A", "D", 2, 1200), row("C", "C", 2, 300)])
    assert walks(timetable)["AB"] == 240
    assert walks(timetable)["BA"] == 90
    # An operator's time stands even where the walk is longer than asked.
    assert walks(timetable)["AD"] == 1200
    assert timetable.min_transfer_s.tolist() == [0, 0, 300, 0]


def test_recommended_changes_exist_however_far(tmp_path: Path) -> None:
    timetable = built(tmp_path, transfers=[row("D", "C", "", ""), row("A", "B", 1)])
    assert walks(timetable)["DC"] == 4140
    assert walks(timetable)["AB"] == 90


def test_forbidden_changes(tmp_path: Path) -> None:
    timetable = built(tmp_path, transfers=[row("A", "B", 3), row("C", "C", 3)])
    assert "AB" not in walks(timetable)
    assert "BA" in walks(timetable)
    assert timetable.forbidden.tolist() == [[0, 1], [2, 2]]


def test_rows_of_stations_hold_for_their_platforms(tmp_path: Path) -> None:
    stops = STOPS | {"S": (50, 0)}
    columns = {"S": {"location_type": 1}, "A": {"parent_station": "S"}, "B": {"parent_station": "S"}}
    timetable = built(tmp_path, stops=stops, stop_columns=columns, transfers=[row("S", "S", 2, 180)])
    assert walks(timetable)["AB"] == walks(timetable)["BA"] == 180
    assert timetable.min_transfer_s.tolist() == [180, 180, 0, 0]
    assert timetable.stop_id.tolist() == ["A", "B", "C", "D"]


def test_rows_for_single_trips_are_not_spread_and_said(tmp_path: Path) -> None:
    timetable = built(tmp_path, transfers=[row("A", "B", 3, from_trip_id="t0", to_trip_id="t0")])
    assert walks(timetable)["AB"] == 90
    assert any("1 rows of transfers.txt hold for single routes or trips" in note for note in timetable.notes)


def test_pathways_give_the_way_inside_a_station(tmp_path: Path) -> None:
    stops = STOPS | {"S": (50, 0), "hall": (40, 0)}
    columns = {
        "S": {"location_type": 1}, "hall": {"location_type": 3, "parent_station": "S"},
        "A": {"parent_station": "S"}, "B": {"parent_station": "S"},
    }  # fmt: skip
    ways = [
        {"from_stop_id": "A", "to_stop_id": "hall", "is_bidirectional": 1, "traversal_time": 100},
        {"from_stop_id": "hall", "to_stop_id": "B", "is_bidirectional": 0, "traversal_time": 60},
    ]
    timetable = built(tmp_path, stops=stops, stop_columns=columns, pathways=ways)
    assert walks(timetable)["AB"] == 160
    assert walks(timetable)["BA"] == 90


def test_same_places_need_a_name_beyond_25_metres() -> None:
    ids = np.array(["a", "b", "c", "d"])
    names = np.array(["Lille Flandres", "LILLE-FLANDRES (gare)", "Rue X", "Rue Y"])
    pairs = same_places(ids, names, np.array([0, 1, 0, 1]), np.array([0.0, 120.0, 500.0, 520.0]), np.zeros(4))
    assert pairs[["stop_a", "stop_b", "same_name"]].to_numpy().tolist() == [["c", "d", False], ["a", "b", True]]
    apart = same_places(ids, names, np.array([0, 1, 0, 1]), np.array([0.0, 160.0, 500.0, 540.0]), np.zeros(4))
    assert apart.empty
    assert same_places(ids, names, np.zeros(4, int), np.zeros(4), np.zeros(4)).empty
