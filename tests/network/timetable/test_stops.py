"""Reports over the stops of a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo_access.errors import InputError
from geo_access.network.build import build_network
from geo_access.network.storage import open_network, save_network
from geo_access.network.timetable.stops import network_notices, shared_stops, stop_links
from geo_access.sources.gtfs.feed import feed_report, read_gtfs
from tests.feeds import write_feed
from tests.shared import ROOT

DEMO = ROOT / "data" / "demo"


def test_every_stop_has_its_row_and_its_reason() -> None:
    network = build_network(DEMO / "streets.osm.bz2", DEMO / "gtfs_rail.zip", date="2026-03-17", modes=("walk",))
    assert network.timetable is not None
    report = stop_links(network)
    assert report["stop_id"].tolist() == network.timetable.stop_id.tolist()
    assert report.crs.to_epsg() == network.epsg
    linked = report[report["linked"]]
    assert (linked["reason"] == "OK").all()
    assert (linked["distance_m"] <= 500).all()
    assert (linked["highway"] != "").all()
    assert (report.loc[~report["linked"], "reason"] != "OK").all()
    near = stop_links(network, limit_m=0.0)
    assert set(near.loc[~near["linked"], "reason"]) <= {"BEYOND_LIMIT"}


def test_shared_stops_say_the_walk_as_built(tmp_path: Path) -> None:
    home = write_feed(tmp_path / "home.zip", {"A": (0, 0), "B": (5000, 0)}, ["A 08:00 B 08:10"])
    away = write_feed(tmp_path / "away.zip", {"B": (5100, 0), "C": (9000, 0)}, ["B 08:20 C 08:40"])
    for linked, walk in ((True, 90.0), (False, np.nan)):
        network = build_network(gtfs=[home, away], date="2026-03-17", crow_fly_detour=1.2, link_feeds=linked)
        pairs = shared_stops(network)
        assert pairs[["stop_a", "stop_b"]].to_numpy().tolist() in ([["away:B", "home:B"]], [["home:B", "away:B"]])
        np.testing.assert_equal(pairs["walk_s"].to_numpy(), np.array([walk]))


def test_the_network_carries_what_is_wrong_with_its_feeds(tmp_path: Path) -> None:
    calls = ["A 08:00 X 08:02 B 08:05", "A 09:00 B 09:05"]
    one = write_feed(tmp_path / "one.zip", {"A": (0, 0), "B": (1000, 0), "C": (9, 9)}, calls)
    other = write_feed(tmp_path / "other.zip", {"A": (0, 0), "B": (1000, 0)}, ["A 08:00 B - A 08:30"])
    built = build_network(gtfs=[one, other], date="2026-03-17", crow_fly_detour=1.3)
    expected = pd.concat([feed_report(read_gtfs(path))[0] for path in (one, other)], ignore_index=True)
    for network in (built, open_network(save_network(built, tmp_path / "saved"))):
        notices = network_notices(network)
        pd.testing.assert_frame_equal(notices, expected)
        assert notices[["feed", "code", "file", "row", "action"]].to_numpy().tolist() == [
            ["one", "foreign_key_violation", "stop_times.txt", 3, "dropped"],
            ["one", "stop_without_stop_time", "stops.txt", 4, "dropped"],
            ["other", "interpolated_stop_time", "stop_times.txt", 3, "repaired"],
        ]
    assert network_notices(build_network(date="2026-03-17", crow_fly_detour=1.3, epsg=2154)).empty


def test_no_timetable_says_so() -> None:
    with pytest.raises(InputError, match="GTFS feeds"):
        stop_links(build_network(date="2026-03-17", crow_fly_detour=1.3, epsg=2154))
