"""A regional feed beside the local one that it repeats: each vehicle once, the local one kept, said."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from geo_access.errors import ServiceDateError
from geo_access.network.model import CrowFly
from geo_access.network.timetable.service_days import feed_days
from geo_access.network.timetable.timetable import build_timetable
from geo_access.sources.gtfs.feed import read_gtfs
from geo_access.sources.gtfs.model import Feed
from tests.feeds import write_feed

DAY = date(2026, 3, 17)
LOCAL = {"A": (0, 0), "B": (3000, 0), "C": (6000, 0)}
# The region's own ids, each stop across the street; and a town of its own.
REGION = {"r:1": (0, 25), "r:2": (3000, -30), "r:3": (6010, 20), "r:9": (20_000, 0)}


def feed_of(tmp_path: Path, name: str, stops: dict, trips: list, **options) -> Feed:
    return read_gtfs(write_feed(tmp_path / f"{name}.zip", stops, trips, **options), name=name)


def built(*feeds: Feed):
    return build_timetable(list(feeds), day=DAY, epsg=2154, streets=CrowFly(2154))


def test_the_local_feed_keeps_what_the_region_repeats(tmp_path: Path) -> None:
    local = feed_of(tmp_path, "local", LOCAL, ["A 08:00 B 08:05 C 08:10", "C 09:00 B 09:05 A 09:10"])
    region = feed_of(
        tmp_path,
        "region",
        REGION,
        [
            "r:1 08:00 r:2 08:05 r:3 08:10",
            "r:3 09:00 r:2 09:05 r:1 09:10",  # the same two
            "r:1 08:00 r:2 08:05 r:3 08:11",
            "r:1 08:00 r:2 08:05",
            "r:1 08:00 r:9 08:05 r:3 08:10",
        ],
    )
    for order in ((local, region), (region, local)):
        timetable = built(*order)
        today = sorted(timetable.trip_id[timetable.trip_day == 0].tolist())
        assert today == ["local:t0", "local:t1", "region:t2", "region:t3", "region:t4"]
        said = [str(note) for note in timetable.notes if note.key == "gtfs.repeats"]
        start = "region: 2 of the day's 5 trips repeat those of local (same stops within 100 m, same minutes)"
        assert said == [f"{start}: those of local are kept"]


def test_one_feed_given_twice_runs_once_and_stops_apart_run_both(tmp_path: Path) -> None:
    trips = ["A 08:00 B 08:05 C 08:10"]
    one, copy = (feed_of(tmp_path, name, LOCAL, trips) for name in ("one", "copy"))
    far = feed_of(tmp_path, "far", {name: (x, 150) for name, (x, _) in LOCAL.items()}, trips)
    timetable = built(one, copy, far)
    assert sorted(timetable.trip_id[timetable.trip_day == 0].tolist()) == ["far:t0", "one:t0"]


def test_a_feed_outside_the_day_is_told_as_what_it_would_run(tmp_path: Path) -> None:
    gone = {"service_id": "all", "start_date": "20240101", "end_date": "20241231"} | dict.fromkeys(
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), 1
    )
    one = feed_of(tmp_path, "one", LOCAL, ["A 08:00 B 08:05"])
    old = feed_of(tmp_path, "old", LOCAL, ["A 08:00 B 08:05"], calendar=[gone])
    with pytest.raises(ServiceDateError) as caught:
        feed_days([one, old], DAY)
    # 31 December 2024 was a Tuesday, as is 17 March 2026.
    lines = str(caught.value).splitlines()
    assert "old: runs" in lines[2]
    assert lines[3] == '    with align="equivalent-day" it would run as on Tuesday 31 December 2024'
