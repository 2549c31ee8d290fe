"""pathways.txt: ways without a time take what can be known of them, said; the rest is listed as not used."""

from __future__ import annotations

from pathlib import Path

from geo_access.sources.gtfs.feed import read_gtfs
from geo_access.sources.gtfs.model import Feed
from tests.feeds import write_feed

STOPS = {"A": (0, 0), "P": (8000, 0), "Q": (8040, 0), "S": (8020, 0), "N": (8020, 0), "X": (0, 0)}
COLUMNS = {
    "P": {"parent_station": "S"},
    "Q": {"parent_station": "S"},
    "S": {"location_type": 1},
    "N": {"location_type": 3, "parent_station": "S", "stop_lat": "", "stop_lon": ""},
    "X": {"location_type": 3, "stop_lat": "", "stop_lon": ""},
}


def way(start: str, end: str, **columns: object) -> dict:
    return {"from_stop_id": start, "to_stop_id": end, "pathway_mode": 1, "is_bidirectional": 1} | columns


def feed_of(tmp_path: Path, *ways: dict) -> Feed:
    path = write_feed(tmp_path / "f.zip", STOPS, ["A 08:00 P 08:10 Q 08:12"], stop_columns=COLUMNS, pathways=ways)
    return read_gtfs(path)


def test_what_is_given_counts_and_is_no_notice(tmp_path: Path) -> None:
    ways = feed_of(tmp_path, way("P", "Q", traversal_time=240, length=9), way("P", "N", length=30)).pathways
    assert ways["traversal_s"].tolist() == [240, -1]
    assert ways["length_m"].tolist() == [9, 30]


def test_what_is_not_given_is_assumed_aloud(tmp_path: Path) -> None:
    feed = feed_of(
        tmp_path,
        way("P", "Q"),
        way("P", "N", pathway_mode=2, stair_count=-100),
        way("N", "Q", pathway_mode=5),
        way("P", "Q", pathway_mode=6),
        way("P", "Q", pathway_mode=2, stair_count=10, length=12),
    )
    # 100 steps at 0.6 s; a lift 60 s; a gate 5 s; 40 m between P and Q, in degrees of seven digits.
    assert feed.pathways["traversal_s"].tolist() == [-1, 60, 60, 5, 6]
    assert abs(feed.pathways["length_m"][0] - 40) < 0.2
    told = {(n.code, n.row) for n in feed.notices if n.file == "pathways.txt"}
    assert told == {("pathway_time_assumed", row) for row in (2, 3, 4, 5, 6)}


def test_a_way_of_which_nothing_is_known_is_listed(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, way("P", "X"), way("P", "Q", traversal_time="soon"))
    assert [(n.code, n.row, n.entity) for n in feed.notices if n.code == "pathway_not_used"] == [
        ("pathway_not_used", 2, "P → X")
    ]
    assert [n.row for n in feed.notices if n.code == "number_out_of_range"] == [3]
