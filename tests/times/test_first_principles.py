"""A town on a grid in the desert: every time follows from arithmetic, one sum names all that was reached.

Blocks of 500 m, 500 s each on foot. One line runs east along the southern street, every 10 minutes from 8:00; another
runs north along the eastern avenue, every 10 minutes from 8:05. Both take one minute a block. Home is in the
south-west corner.
"""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import numpy as np
import pytest

from geo_access.measures.measures import cumulative
from geo_access.network.model import Network
from geo_access.times.matrix import travel_times
from tests.routing.oracle_worlds import Place, Street, World, layer, write_world

BLOCKS, BLOCK_M = 8, 500.0
ASKED = {"walk_kmh": 3.6, "max_access_s": 400, "max_egress_s": 400, "max_direct_s": 600, "max_transfer_s": 300}


def corner(column: int, row: int) -> Place:
    return Place(0, 0.0, 0.0, (BLOCK_M * column, BLOCK_M * row))


@pytest.fixture(scope="module")
def desert(tmp_path_factory: pytest.TempPathFactory) -> Network:
    side = BLOCKS + 1
    corners = {row * side + column: corner(column, row).xy for row in range(side) for column in range(side)}
    streets = [Street(k, k + 1, BLOCK_M, (True, True)) for k in corners if (k + 1) % side]
    streets += [Street(k, k + side, BLOCK_M, (True, True)) for k in corners if k + side in corners]
    stops = [corner(column, 0) for column in range(side)] + [corner(BLOCKS, row) for row in range(1, side)]
    world = World(
        date(2026, 3, 17), corners, streets, stops, [], [], 3.6, services={"daily": (set(range(7)), set(), set())}
    )
    for first, calls in ((8 * 3600, range(side)), (8 * 3600 + 300, range(BLOCKS, 2 * side - 1))):
        for run in range(12):
            start = first + 600 * run
            times = [(stop, start + 60 * k, start + 60 * k, 0, 0) for k, stop in enumerate(calls)]
            world.trips.append({"calls": times, "service_id": "daily", "bikes_allowed": "1", "route_id": f"r{first}"})
    return write_world(world, tmp_path_factory.mktemp("desert"))


def avenue() -> gpd.GeoDataFrame:
    """Corners of the eastern avenue from south to north: the k-th has 2 to the k opportunities."""
    return layer([corner(BLOCKS, row) for row in range(BLOCKS + 1)], "e")


def test_one_departure(desert: Network) -> None:
    # The bus of 8:00 is in the south-east at 8:08; with a minute to change the one of 8:15 goes north.
    times = travel_times(desert, layer([corner(0, 0)], "h"), avenue(), depart="08:00", **ASKED).at(50)[0]
    assert times.tolist() == [8 * 60] + [60 * (15 + k) for k in range(1, BLOCKS + 1)]
    # A minute later one waits nine minutes for the next.
    later = travel_times(desert, layer([corner(0, 0)], "h"), avenue(), depart="08:01", **ASKED).at(50)[0]
    assert later.tolist() == (times + 9 * 60).tolist()


def test_a_window_is_the_mean_wait_and_one_change(desert: Network) -> None:
    # Waits of 0, 1 … 9 minutes: the fifth shortest of ten is 4, the first 0, the last 9.
    times = travel_times(
        desert, layer([corner(0, 0)], "h"), avenue(), depart="08:00-08:10", percentiles=(0, 50, 100), **ASKED
    )
    for p, wait in enumerate((0, 4, 9)):
        assert times.seconds[0, 3, p] == 60 * (wait + 15 + 3)


def test_walking_a_block_and_a_half_is_faster_than_waiting(desert: Network) -> None:
    # To the corner one block north there is no bus: 500 s; two blocks are beyond the 600 s allowed.
    sites = layer([corner(0, 1), corner(0, 2)], "n")
    times = travel_times(desert, layer([corner(0, 0)], "h"), sites, depart="08:00", **ASKED)
    assert times.at(50)[0, 0] == 500
    assert np.isnan(times.at(50)[0, 1])


@pytest.mark.parametrize("minutes", [7, 8, 15, 16, 18, 22, 23, 60])
def test_one_sum_names_the_set_reached(desert: Network, minutes: int) -> None:
    reached = [k for k in range(BLOCKS + 1) if (8 if k == 0 else 15 + k) <= minutes]
    times = travel_times(desert, layer([corner(0, 0)], "h"), avenue(), depart="08:00", **ASKED).at(50)
    worth = 2.0 ** np.arange(BLOCKS + 1)
    assert cumulative(times, worth, cutoff_s=60 * minutes)[0] == sum(2**k for k in reached)


def test_back_home_by_arrive_by(desert: Network) -> None:
    # To be at the third corner at 8:40: the bus north of 8:35 is there at 8:38, the one of 8:20 east reaches it at
    # 8:28; leave at 8:20.
    times = travel_times(desert, layer([corner(0, 0)], "h"), avenue(), arrive="08:40", **ASKED).at(50)[0]
    assert times[3] == 20 * 60


def test_where_no_bus_and_no_walk_leads(desert: Network) -> None:
    times = travel_times(desert, layer([corner(4, 4)], "h"), avenue(), depart="08:00", **ASKED)
    assert set(times.to_frame()["reason"]) == {"NO_STOP_WITHIN_WALK"}
