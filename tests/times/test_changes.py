"""Walks between stops: as fast as the query asks, no farther than the network knows, the operator's word above both."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from geo_access.errors import InputError
from geo_access.network.build import build_network
from geo_access.network.model import Network
from geo_access.times.matrix import travel_times
from tests.feeds import ORIGIN_EPSG, ORIGIN_XY, write_feed
from tests.routing.oracle_worlds import Place, Street, World, write_world
from tests.times.worlds import layer

STOPS = {"A": (0, 0), "B": (5_000, 0), "C": (5_000, 800), "D": (15_000, 800)}
TRIPS = ["A 07:00 B 07:10", "C 07:19 D 07:30", "C 07:25 D 07:36"]
HOME = layer(h=ORIGIN_XY)
SITE = layer(s=(ORIGIN_XY[0] + 15_000, ORIGIN_XY[1] + 800))
DAY = date(2026, 3, 17)
ASKED = {"depart": "07:00", "min_transfer_s": 0}


def built(tmp_path: Path, **options: object) -> Network:
    build = {name: options.pop(name) for name in ("walk_kmh", "max_transfer_s") if name in options}
    feed = write_feed(tmp_path / "f.zip", STOPS, TRIPS, **options)
    return build_network(gtfs=feed, date="2026-03-17", crow_fly_detour=1.0, epsg=ORIGIN_EPSG, **build)


def test_who_walks_faster_catches_the_earlier_bus(tmp_path: Path) -> None:
    # 800 m are 600 s at 4.8 km/h and 480 s at 6: 7:10 + 8 min is before 7:19, 7:10 + 10 min is not.
    network = built(tmp_path)
    assert travel_times(network, HOME, SITE, walk_kmh=4.8, **ASKED).at(50)[0, 0] == 36 * 60
    assert travel_times(network, HOME, SITE, walk_kmh=6.0, **ASKED).at(50)[0, 0] == 30 * 60


def test_a_reach_beyond_the_network_is_refused_with_a_remedy(tmp_path: Path) -> None:
    network = built(tmp_path)
    with pytest.raises(InputError, match=r"walks of 1,400 m.* up to 1,000 m → build_network.*max_transfer_s=428"):
        travel_times(network, HOME, SITE, walk_kmh=8.4, **ASKED)
    with pytest.raises(InputError, match=r"max_transfer_s: 900 s"):
        travel_times(network, HOME, SITE, max_transfer_s=900, **ASKED)
    assert travel_times(network, HOME, SITE, walk_kmh=8.4, max_transfer_s=428, **ASKED).at(50)[0, 0] == 30 * 60
    wider = built(tmp_path, walk_kmh=8.4, max_transfer_s=900)
    assert travel_times(wider, HOME, SITE, walk_kmh=8.4, max_transfer_s=900, **ASKED).at(50)[0, 0] == 30 * 60


def test_a_change_that_the_operator_times_holds_beyond_the_longest_walk(tmp_path: Path) -> None:
    rule = {"from_stop_id": "B", "to_stop_id": "C", "transfer_type": 2, "min_transfer_time": 840}
    network = built(tmp_path, max_transfer_s=300, transfers=[rule])
    times = travel_times(network, HOME, SITE, max_transfer_s=300, **ASKED)
    assert times.at(50)[0, 0] == 36 * 60
    without = travel_times(built(tmp_path, max_transfer_s=300), HOME, SITE, max_transfer_s=300, **ASKED)
    assert not without.feasible_share[0, 0]


def test_doors_of_stops_are_walked_at_the_speed_of_the_streets(tmp_path: Path) -> None:
    # Two stops 40 m off a street of 400 m, 80 m apart along it: 40 × 1.3 × 2 + 80 = 184 m, 184 s at 3.6 km/h.
    corners = {k: (400.0 * k, 0.0) for k in range(3)}
    streets = [Street(0, 1, 400.0, (True, True)), Street(1, 2, 400.0, (True, True))]
    stops = [Place(0, 160.0, 40.0, (160.0, 40.0)), Place(0, 240.0, 40.0, (240.0, -40.0))]
    world = World(DAY, corners, streets, stops, [], [], 3.6, services={"daily": (set(range(7)), set(), set())})
    calls = [(0, 30_000, 30_000, 0, 0), (1, 30_060, 30_060, 0, 0)]
    world.trips.append({"calls": calls, "service_id": "daily", "bikes_allowed": "1"})
    network = write_world(world, tmp_path)
    assert network.timetable is not None
    assert network.timetable.footpaths.seconds.tolist() == [184, 184]
