"""The parts of a time add up to it."""

from __future__ import annotations

import pytest

from geo_access.errors import InputError
from geo_access.travel_times.components import time_components
from geo_access.travel_times.matrix import travel_times
from tests.travel_times.worlds import WALK, H, bus, country, layer

XY = [(0.0, 0.0), (10_000.0, 0.0), (10_000.0, 120.0), (20_000.0, 120.0)]
NETWORK = country([bus([0, 1], 7 * H + 1200), bus([2, 3], 7 * H + 2400)], XY)


def test_parts_add_up_to_the_time() -> None:
    homes, sites = layer(h=(0.0, 300.0)), layer(s=(20_000.0, 220.0), walk=(0.0, 900.0), none=(50_000.0, 0.0))
    frame = time_components(NETWORK, homes, sites, depart="07:00", **WALK)
    first = frame.iloc[0]
    assert first[["access_s", "wait_s", "ride_s", "transfer_s", "egress_s", "rides"]].tolist() == [
        300,
        900,
        1200,
        600,
        100,
        2,
    ]
    times = travel_times(NETWORK, homes, sites, depart="07:00", **WALK).at(50)[0]
    assert frame.travel_time_s[:2].tolist() == times[:2].tolist()
    assert frame.iloc[1].access_s == 600
    assert frame.iloc[2].isna()[2:].all()


def test_components_want_one_moment() -> None:
    with pytest.raises(InputError, match="one departure"):
        time_components(NETWORK, layer(a=(0, 0)), layer(b=(0, 0)), depart="07:00-08:00")
