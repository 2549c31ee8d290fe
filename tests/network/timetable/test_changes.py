"""Changes between stops: the walk, and what the feeds say on top."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from geo_access.network.model import CrowFly, Timetable
from geo_access.network.timetable.stops import same_places
from geo_access.network.timetable.timetable import build_timetable
from geo_access.routing.transfers import usable_footpaths
from geo_access.sources.gtfs.feed import read_gtfs
from tests.feeds import write_feed
from tests.shared import shared_path

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


def changes(timetable: Timetable, **limits: float) -> dict[str, int]:
    """Seconds from getting off to being ready to board, as the search reads them."""
    usable = usable_footpaths(timetable, **limits)
    ids = timetable.stop_id
    return {str(ids[p] + ids[q]): int(s) for p in range(usable.n_rows) for q, s in zip(*usable.row(p), strict=True)}


def special(timetable: Timetable, stop: str) -> dict[tuple[str, str], int | None]:
    """Seconds to change between the trips of the day at a stop, None where that is forbidden."""
    usable = usable_footpaths(timetable, walk_kmh=4.8, max_transfer_s=600, min_transfer_s=60)
    at = {}
    for trip in np.flatnonzero(timetable.trip_day == 0).tolist():
        part = timetable.event_stop[timetable.trip_indptr[trip] : timetable.trip_indptr[trip + 1]]
        at[str(timetable.trip_id[trip])] = int(part[timetable.stop_id[part] == stop][0])
    walk = [dict(zip(*(side.tolist() for side in usable.row(p)), strict=True)) for p in range(usable.n_rows)]
    return {(a, b): walk[at[a]].get(at[b]) for a in at for b in at}


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
    timetable = built(tmp_path, transfers=[row("D", "C", "", ""), row("A", "B", 0)])
    assert walks(timetable)["DC"] == 4140
    assert walks(timetable)["AB"] == 90
    assert timetable.stated.tolist() == []


def test_the_time_of_the_operator_is_all_that_a_change_takes(tmp_path: Path) -> None:
    # 240 s stated from A to B, 300 s at C, the vehicle waits from B to C: no walk, no margin, no speed touch them.
    rules = [row("A", "B", 2, 240), row("C", "C", 2, 300), row("B", "C", 1), row("B", "B", 1)]
    timetable = built(tmp_path, transfers=rules)
    limits = {"max_transfer_s": 100, "min_transfer_s": 60}
    usual = changes(timetable, walk_kmh=4.8, **limits)
    assert {pair: usual[pair] for pair in ("AB", "BC", "AA", "BB", "CC")} == {
        "AB": 240,
        "BC": 0,
        "AA": 60,
        "BB": 0,
        "CC": 300,
    }
    # The way back is a walk of 90 s, 72 s for who walks at 6 km/h, with the margin of 60 s.
    assert usual["BA"] == 150
    fast = changes(timetable, walk_kmh=6.0, **limits)
    assert (fast["AB"], fast["BC"], fast["CC"], fast["BA"]) == (240, 0, 300, 132)


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


def test_platforms_go_before_their_station(tmp_path: Path) -> None:
    stops = STOPS | {"S": (50, 0)}
    columns = {"S": {"location_type": 1}, "A": {"parent_station": "S"}, "B": {"parent_station": "S"}}
    rules = [row("A", "B", 2, 30), row("S", "S", 3), row("A", "A", 2, 10)]
    timetable = built(tmp_path, stops=stops, stop_columns=columns, transfers=rules)
    assert walks(timetable)["AB"] == 30
    assert timetable.forbidden.tolist() == [[1, 0], [1, 1]]


def test_rows_for_routes_and_trips_hold_for_them_alone(tmp_path: Path) -> None:
    trips = [
        {"calls": "A 08:00 B 08:10", "route_id": "p"},
        {"calls": "A 08:01 B 08:11", "route_id": "q"},
        {"calls": "B 08:12 C 08:30", "route_id": "r"},
        {"calls": "B 08:17 C 08:35", "route_id": "r"},
        {"calls": "B 08:20 C 08:38", "route_id": "s"},
    ]
    rules = [
        row("B", "B", 2, 420),
        row("B", "B", 2, 180, from_route_id="p"),
        row("B", "B", 3, from_route_id="q", to_route_id="r"),
        row("B", "B", 1, from_trip_id="t0", to_route_id="r"),
        row("B", "B", 2, 600, from_trip_id="t1", to_trip_id="t3"),
    ]
    needs = special(built(tmp_path, trips=trips, transfers=rules), "B")
    # Both routes are less than a trip and a route, one route less than both, no name less than one.
    assert needs["t0", "t2"] == needs["t0", "t3"] == 0
    assert needs["t0", "t4"] == 180
    assert needs["t1", "t2"] is None
    assert needs["t1", "t3"] == 600
    assert needs["t1", "t4"] == 420


def test_copies_keep_the_id_and_the_walks_of_their_stop(tmp_path: Path) -> None:
    rules = [row("A", "B", 3, from_trip_id="t0", to_trip_id="t1")]
    timetable = built(tmp_path, trips=[TRIPS[0], "B 08:20 D 08:40", "A 08:30 D 09:00"], transfers=rules)
    assert timetable.stop_id.tolist() == ["A", "B", "C", "D", "A", "B"]
    today = {str(timetable.trip_id[t]): t for t in range(timetable.n_trips) if timetable.trip_day[t] == 0}
    first = {name: int(timetable.event_stop[timetable.trip_indptr[t]]) for name, t in today.items()}
    assert first == {"t0": 4, "t1": 5, "t2": 0}
    assert timetable.forbidden.tolist() == [[4, 5]]
    walk = {(p, int(q)): int(s) for p in range(6) for q, s in zip(*timetable.footpaths.row(p), strict=True)}
    assert walk[0, 4] == walk[4, 0] == walk[1, 5] == 0
    assert walk[0, 1] == walk[0, 5] == walk[4, 1] == walk[5, 4] == 90
    assert (4, 5) not in walk


def test_a_row_without_stops_is_said(tmp_path: Path) -> None:
    timetable = built(tmp_path, transfers=[row("", "", 2, 60, from_trip_id="t0", to_trip_id="t0")])
    assert timetable.n_stops == 4
    said = "f, transfers.txt: from_stop_id or to_stop_id is blank, which types 4 and 5 alone allow (1 dropped)"
    assert said in map(str, timetable.notes)


def test_pathways_give_the_way_inside_a_station(tmp_path: Path) -> None:
    stops = STOPS | {"S": (50, 0), "hall": (40, 0)}
    columns = {
        "S": {"location_type": 1},
        "hall": {"location_type": 3, "parent_station": "S"},
        "A": {"parent_station": "S"},
        "B": {"parent_station": "S"},
    }
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


@pytest.mark.reference
def test_the_national_trains_change_to_coaches_by_route() -> None:
    # Six rows of 4,697 are for a train route and a coach route; of these, one train has calls left in the cut file.
    feed = read_gtfs(shared_path("gtfs_dirty/ter_2022-05_truncated_stop_times.zip"))
    rules = feed.transfers
    assert rules["transfer_type"].tolist() == [2] * 4697
    assert int((rules["from_route_id"] != "").sum()) == int((rules["to_route_id"] != "").sum()) == 6
    timetable = build_timetable([feed], day=date(2021, 12, 19), epsg=2154, streets=CrowFly(2154, detour=1.2))
    stops, times = np.unique(timetable.stop_id, return_counts=True)
    assert stops[times > 1].tolist() == ["StopPoint:OCETrain TER-87576009"]
    copy = timetable.n_stops - 1
    callers = np.unique(np.searchsorted(timetable.trip_indptr, np.flatnonzero(timetable.event_stop == copy), "right"))
    assert timetable.route_id[timetable.trip_route[callers - 1]].tolist() == ["OCESN-637392"]
    # Five minutes at every stop, as the file says, whatever the margin asked.
    usable = usable_footpaths(timetable, walk_kmh=4.8, max_transfer_s=600, min_transfer_s=60)
    own = [int(usable.row(p)[1][usable.row(p)[0] == p][0]) for p in range(timetable.n_stops)]
    assert own == [300] * timetable.n_stops
