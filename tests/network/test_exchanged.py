"""A whole feed with latitude and longitude exchanged, where the time zone does not tell it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pyproj import Transformer

from geo_access.network.build import build_network
from geo_access.network.exchanged import mend_exchanged
from geo_access.sources.gtfs.several import read_feeds
from tests.feeds import feed_tables, table_text, write_tables
from tests.network.drawn import drawn_streets

# Lagos lies at 6.45° N, 3.38° E: exchanged, 480 km away and inside the reach of its own time zone.
LAGOS = (6.45, 3.38)
DAY = "2026-03-17"


def feed_at(path: Path, lat: float, lon: float, *, zone: str, exchanged: bool = False) -> Path:
    """Three stops a hundredth of a degree apart and a bus over them."""
    tables = feed_tables({"A": (0, 0), "B": (1, 0), "C": (2, 0)}, ["A 08:00 B 08:05 C 08:09"], zone=zone)
    for k, row in enumerate(tables["stops"]):
        pair = f"{lat + 0.01 * k:.5f}", f"{lon + 0.02 * k:.5f}"
        row["stop_lat"], row["stop_lon"] = pair[::-1] if exchanged else pair
    return write_tables(path, {f"{name}.txt": table_text(rows) for name, rows in tables.items()})


def keys(network) -> list[str]:
    return [said.key for said in network.warnings if said.key.startswith("gtfs.exchanged")]


def test_the_time_zones_town_decides_between_two(tmp_path: Path) -> None:
    good = feed_at(tmp_path / "good.zip", *LAGOS, zone="Africa/Lagos")
    bad = feed_at(tmp_path / "bad.zip", 6.50, 3.40, zone="Africa/Lagos", exchanged=True)
    for paths in ([good, bad], [bad, good]):
        network = build_network(gtfs=paths, date=DAY, crow_fly_detour=1.3)
        assert keys(network) == ["gtfs.exchanged_by_feeds"]
        assert dict(network.warnings[-1].values)["feed"] == "bad"
        timetable = network.timetable
        assert timetable is not None
        # 0.05° + 0.02° of latitude, 0.02° + 0.04° of longitude at most: all stops within 12 km.
        assert np.ptp(timetable.stop_x) < 12_000
        assert np.ptp(timetable.stop_y) < 12_000


def test_most_feeds_decide_where_the_zone_says_nothing(tmp_path: Path) -> None:
    # Lagos under the zone of Johannesburg, whose town is far either way.
    paths = [
        feed_at(tmp_path / f"{name}.zip", *LAGOS, zone="Africa/Johannesburg", exchanged=name == "c") for name in "abc"
    ]
    network = build_network(gtfs=paths, date=DAY, crow_fly_detour=1.3)
    assert [dict(said.values)["feed"] for said in network.warnings if said.key == "gtfs.exchanged_by_feeds"] == ["c"]


def test_two_that_nothing_tells_apart_stay_and_are_said(tmp_path: Path) -> None:
    paths = [feed_at(tmp_path / f"{n}.zip", *LAGOS, zone="Africa/Johannesburg", exchanged=n == "b") for n in "ab"]
    read, notes = mend_exchanged([read_feeds(path) for path in paths], None)
    assert [said.key for said in notes] == ["gtfs.exchanged_unsure"]
    assert [each.feeds[0].stops["stop_lat"].iloc[0] for each in read] == [6.45, 3.38]


def test_feeds_far_apart_by_right_are_left_alone(tmp_path: Path) -> None:
    # Lille and Marseille; Lagos and Paris, whose mirror images lie far from everything.
    for first, second in (((50.6, 3.06), (43.3, 5.4)), (LAGOS, (48.85, 2.35))):
        paths = [
            feed_at(tmp_path / "a.zip", *first, zone="Europe/Paris"),
            feed_at(tmp_path / "b.zip", *second, zone="Europe/Paris"),
        ]
        read, notes = mend_exchanged([read_feeds(path) for path in paths], None)
        assert notes == ()
        assert [each.feeds[0].stops["stop_lat"].iloc[0] for each in read] == [first[0], second[0]]


def test_the_streets_decide_over_one_feed(tmp_path: Path) -> None:
    streets, _ = drawn_streets(tmp_path, "A---B", {"AB": {"highway": "residential"}})
    to_degrees = Transformer.from_crs(streets.epsg, 4326, always_xy=True)
    lon, lat = to_degrees.transform(float(streets.node_x[0]), float(streets.node_y[0]))
    # UTC is named for no town.
    good = feed_at(tmp_path / "good.zip", lat, lon, zone="UTC")
    bad = feed_at(tmp_path / "bad.zip", lat, lon, zone="UTC", exchanged=True)
    away = feed_at(tmp_path / "away.zip", lat + 2, lon, zone="UTC")
    network = build_network(gtfs=[good, away, bad], date=DAY, streets=streets)
    assert [dict(said.values)["feed"] for said in network.warnings if said.key == "gtfs.exchanged_by_streets"] == [
        "bad"
    ]
    assert keys(network) == ["gtfs.exchanged_by_streets"]
    timetable = network.timetable
    assert timetable is not None
    places = {name: np.flatnonzero(timetable.stop_feed == name) for name in ("good", "bad")}
    np.testing.assert_allclose(timetable.stop_x[places["bad"]], timetable.stop_x[places["good"]])
    assert "swapped_coordinates" in network.notices["code"]
