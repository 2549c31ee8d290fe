"""What is wrong inside a feed: the notice, its row, and what was done."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.sources.gtfs.feed import feed_report, read_gtfs
from geo_access.sources.gtfs.model import Feed
from tests.feeds import write_feed

STOPS = {"A": (0, 0), "B": (1000, 0), "C": (4000, 0), "D": (5000, 0)}


def feed_of(tmp_path: Path, trips: list, stops=STOPS, **options) -> Feed:
    return read_gtfs(write_feed(tmp_path / "f.zip", stops, trips, **options))


def departures(feed: Feed, trip: int = 0) -> list[str]:
    times = feed.stop_times
    part = times.departure_s[times.trip_indptr[trip] : times.trip_indptr[trip + 1]]
    return [f"{t // 3600:02d}:{t // 60 % 60:02d}:{t % 60:02d}" for t in part]


def found(feed: Feed) -> set[tuple[str, int | None, str]]:
    return {(n.code, n.row, n.action) for n in feed.notices if n.code != "stop_without_stop_time"}


def test_a_clean_feed_has_no_notice(tmp_path: Path) -> None:
    assert feed_of(tmp_path, ["A 08:00 B 08:02 C 08:10 D 08:12"]).notices == ()


def test_blanks_follow_the_distance_between_stops(tmp_path: Path) -> None:
    # 1 km, 3 km, 1 km in ten minutes: two, six and two.
    feed = feed_of(tmp_path, ["A 08:00 B - C - D 08:10"])
    assert departures(feed) == ["08:00:00", "08:02:00", "08:08:00", "08:10:00"]
    assert feed.stop_times.interpolated.tolist() == [False, True, True, False]
    assert [(n.code, n.count) for n in feed.notices] == [("interpolated_stop_time", 2)]


def test_blanks_follow_the_distance_given_when_there_is_one(tmp_path: Path) -> None:
    given_at = {"A": ("08:00:00", 0), "B": ("", 5), "C": ("", 5.5), "D": ("08:10:00", 10)}
    calls = [
        {"stop_id": stop, "arrival_time": at, "departure_time": at, "shape_dist_traveled": along}
        for stop, (at, along) in given_at.items()
    ]
    assert departures(feed_of(tmp_path, [calls])) == ["08:00:00", "08:05:00", "08:05:30", "08:10:00"]


def test_blanks_between_stops_at_one_place_are_even(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, ["A 08:00 B - C 08:10"], stops={"A": (0, 0), "B": (0, 0), "C": (0, 0)})
    assert departures(feed)[1] == "08:05:00"


def test_blank_edges_are_cut_off(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, ["A - B 08:02 C 08:10 D -"])
    assert departures(feed) == ["08:02:00", "08:10:00"]
    assert found(feed) >= {("missing_trip_edge", 2, "dropped"), ("missing_trip_edge", 5, "dropped")}


def test_forgotten_24_hours_are_added(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, ["A 23:50 B 23:58 C 00:06 D 00:10"])
    assert departures(feed) == ["23:50:00", "23:58:00", "24:06:00", "24:10:00"]
    assert found(feed) == {("stop_time_with_arrival_before_previous_departure_time", 4, "repaired")}


def test_one_time_out_of_order_is_interpolated(tmp_path: Path) -> None:
    # A slip of ten hours at C; what follows is right and stays.
    feed = feed_of(tmp_path, ["A 08:00 B 08:02 C 18:08 D 08:10"])
    assert departures(feed) == ["08:00:00", "08:02:00", "08:08:00", "08:10:00"]
    assert ("stop_time_with_arrival_before_previous_departure_time", 4, "repaired") in found(feed)


def test_a_trip_that_runs_backwards_is_dropped_and_the_others_stay(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, ["A 08:10 B 08:08 C 08:04 D 08:00", "A 09:00 B 09:02"])
    assert np.diff(feed.stop_times.trip_indptr).tolist() == [0, 2]
    assert ("stop_time_with_arrival_before_previous_departure_time", 2, "dropped") in found(feed)
    assert {n.entity for n in feed.notices if n.code == "unused_trip"} == {"t0"}


def test_departure_before_arrival(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, ["A 08:00 B 08:05/08:03 C 08:10"])
    assert departures(feed) == ["08:00:00", "08:05:00", "08:10:00"]
    assert found(feed) == {("stop_time_with_departure_before_arrival_time", 3, "repaired")}


@pytest.mark.parametrize("late", ["49:00", "100:00:00"])
def test_beyond_48_hours_drops_the_trip_and_names_the_row(tmp_path: Path, late: str) -> None:
    feed = feed_of(tmp_path, [f"A 08:00 B {late}", "A 47:00 B 48:00"])
    assert np.diff(feed.stop_times.trip_indptr).tolist() == [0, 2]
    assert ("time_beyond_48_hours", 3, "dropped") in found(feed)


def test_unreadable_times_single_times_and_unknown_references(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, ["A 08:00 B 8h2 C 08:08 X 08:09 D 08:10", "A 08:00 B /08:02 C 08:05", "A 08:00"])
    assert departures(feed)[1] == "08:02:00"
    assert found(feed) == {
        ("invalid_time", 3, "repaired"),
        ("interpolated_stop_time", 3, "repaired"),
        ("foreign_key_violation", 5, "dropped"),
        ("stop_time_with_only_arrival_or_departure_time", 8, "repaired"),
        ("unusable_trip", 10, "dropped"),
    }


def test_duplicates_keep_the_first(tmp_path: Path) -> None:
    calls = [
        {"stop_id": stop, "arrival_time": at, "departure_time": at, "stop_sequence": sequence}
        for stop, at, sequence in (
            ("A", "08:00:00", 1),
            ("B", "08:02:00", 2),
            ("C", "08:03:00", 2),
            ("D", "08:10:00", 3),
        )
    ]
    feed = feed_of(tmp_path, [{"calls": calls}, {"trip_id": "t0", "calls": []}])
    assert feed.stops["stop_id"].to_numpy()[feed.stop_times.stop].tolist() == ["A", "B", "D"]
    assert found(feed) >= {("duplicate_key", 4, "dropped"), ("duplicate_key", 3, "dropped")}


def test_positions_that_cannot_be(tmp_path: Path) -> None:
    stops = {name: (500.0 * place, 0) for place, name in enumerate("ABCDEFG")}
    lonlat = {"stop_lat": "3.0012", "stop_lon": "50.65"}
    columns = {
        "B": {"stop_lat": "0", "stop_lon": "0"},
        "C": lonlat | {"stop_name": "Bourg"},
        "D": {"stop_lat": "", "stop_lon": ""},
        "E": {"stop_lat": "7060000", "stop_lon": "700000"},
    }
    feed = feed_of(tmp_path, ["A 08:00 B 08:01 C 08:20 D 08:22 E 08:40 F 08:44 G 08:50"], stops, stop_columns=columns)
    kinds = {(n.code, n.row) for n in feed.notices if n.file == "stops.txt"}
    assert kinds >= {
        ("point_near_origin", 3),
        ("swapped_coordinates", 4),
        ("number_out_of_range", 6),
        ("stop_without_location", 5),
    }
    swapped = next(n for n in feed.notices if n.code == "swapped_coordinates")
    assert swapped.entity == "C « Bourg »"
    assert swapped.action == "repaired"
    assert feed.stops["stop_lat"][2] == 50.65
    # The trip rides through the three stops that have no place.
    assert feed.stops["stop_id"].to_numpy()[feed.stop_times.stop].tolist() == ["A", "C", "F", "G"]


def test_impossible_speed_is_reported_once_per_hop(tmp_path: Path) -> None:
    far = {"A": (0, 0), "B": (30_000, 0)}
    feed = feed_of(tmp_path, ["A 08:00 B 08:05", "A 09:00 B 09:05", "A 10:00 B 10:20"], far)
    assert [(n.code, n.count, n.action) for n in feed.notices] == [("fast_travel_between_far_stops", 2, "kept")]


def test_unused_and_orphaned_rows(tmp_path: Path) -> None:
    trips = ["A 08:00 B 08:02", {"calls": "A 09:00 B 09:02", "service_id": "nowhere"}, {"calls": []}]
    feed = feed_of(tmp_path, trips, stop_columns={"A": {"parent_station": "gone"}})
    assert found(feed) == {
        ("foreign_key_violation", 3, "dropped"),
        ("foreign_key_violation", 2, "repaired"),
        ("unused_trip", 4, "dropped"),
    }


def test_many_findings_are_listed_in_part_and_counted_in_full(tmp_path: Path) -> None:
    stops = STOPS | {f"idle{k}": (0, k) for k in range(500)}
    notices, summary = feed_report(feed_of(tmp_path, ["A 08:00 B 08:02 C 08:10 D 08:12"], stops))
    assert len(notices) == 201
    assert summary.to_dict("records") == [
        {
            "feed": "f",
            "severity": "WARNING",
            "code": "stop_without_stop_time",
            "file": "stops.txt",
            "action": "dropped",
            "count": 500,
            "example": "idle99",
            "message": "no trip calls there",
        }
    ]
    assert "row" in notices.to_csv().splitlines()[0]


@given(
    st.lists(
        st.one_of(st.just(""), st.integers(0, 170).map(lambda m: f"{m // 60:02d}:{m % 60:02d}:00"), st.just("x")),
        min_size=1,
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
@settings(max_examples=80, deadline=None)
def test_whatever_the_times_what_is_left_runs_forward(tmp_path_factory, times, random) -> None:
    stops = list(STOPS)
    calls = [
        {"stop_id": random.choice(stops), "arrival_time": at, "departure_time": random.choice([at, at, ""])}
        for at in times
    ]
    feed = read_gtfs(write_feed(tmp_path_factory.mktemp("feed") / "f.zip", STOPS, [calls, "A 08:00 B 08:05"]))
    left = feed.stop_times
    assert (left.arrival_s >= 0).all()
    assert (left.departure_s >= left.arrival_s).all()
    inner = np.diff(left.trip()) == 0
    assert (left.arrival_s[1:][inner] >= left.departure_s[:-1][inner]).all()
    assert (np.diff(left.trip_indptr) != 1).all()
