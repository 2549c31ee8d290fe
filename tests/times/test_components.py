"""The parts of a time add up to it, and it is the time that the engine finds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point

from geo_access.errors import InputError
from geo_access.network.build import build_network
from geo_access.network.model import Network
from geo_access.network.timetable.runs import Headways
from geo_access.routing.journeys import explain
from geo_access.times.matrix import time_components, travel_times
from tests.feeds import ORIGIN_EPSG, ORIGIN_XY, write_feed
from tests.routing.random_timetables import random_timetable
from tests.times.worlds import PLAIN, WALK, H, bus, country, layer

XY = [(0.0, 0.0), (10_000.0, 0.0), (10_000.0, 120.0), (20_000.0, 120.0)]
NETWORK = country([bus([0, 1], 7 * H + 1200), bus([2, 3], 7 * H + 2400)], XY)
PARTS = ["access_s", "wait_s", "ride_s", "transfer_s", "egress_s"]


def test_parts_add_up_to_the_time() -> None:
    homes, sites = layer(h=(0.0, 300.0)), layer(s=(20_000.0, 220.0), walk=(0.0, 900.0), none=(50_000.0, 0.0))
    frame = time_components(NETWORK, homes, sites, depart="07:00", **WALK)
    assert frame.iloc[0][[*PARTS, "rides"]].tolist() == [300, 900, 1200, 600, 100, 2]
    times = travel_times(NETWORK, homes, sites, depart="07:00", **WALK).at(50)[0]
    assert frame.travel_time_s[:2].tolist() == times[:2].tolist()
    assert frame.iloc[1].access_s == 600
    assert frame.iloc[2][PARTS].isna().all()
    assert frame["reason"].tolist() == ["OK", "OK", "NO_STOP_WITHIN_WALK"]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_of_any_timetable(seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = random_timetable(rng)
    xy = rng.uniform(0, 1200, (drawn.n_stops, 2))
    network = Network(2154, PLAIN, replace(drawn, stop_x=xy[:, 0], stop_y=xy[:, 1]), {})
    homes, sites = (
        layer(**{f"{name}{k}": tuple(rng.uniform(0, 1200, 2)) for k in range(count)})
        for name, count in (("h", 3), ("s", 2))
    )
    asked = {
        "depart": f"0:{int(rng.integers(0, 40)):02d}",
        "max_minutes": 60,
        "max_access_s": 300,
        "max_egress_s": 300,
        "max_direct_s": int(rng.choice([0, 400])),
        "max_rides": None if rng.random() < 0.5 else int(rng.integers(1, 4)),
        "walk_kmh": 3.6,
        "min_transfer_s": int(rng.choice([0, 60])),
        "on_demand": bool(rng.random() < 0.5),
    }
    frame = time_components(network, homes, sites, **asked)
    engine = travel_times(network, homes, sites, **asked).to_frame()
    pd.testing.assert_series_equal(frame["travel_time_s"], engine["travel_time_p50_s"], check_names=False)
    assert frame["reason"].tolist() == engine["reason"].tolist()
    known = frame[frame["reason"] == "OK"]
    assert (known[PARTS].sum(axis=1) == known["travel_time_s"]).all()
    assert (known[PARTS] >= 0).all().all()
    assert (known["rides"] <= (asked["max_rides"] or 99)).all()


def test_components_want_one_moment() -> None:
    with pytest.raises(InputError, match="one departure"):
        time_components(NETWORK, layer(a=(0, 0)), layer(b=(0, 0)), depart="07:00-08:00")


def test_a_wait_that_is_charged_is_told_apart_from_the_ride(tmp_path: Path) -> None:
    period = {"trip_id": "t0", "start_time": "06:00:00", "end_time": "09:00:00", "headway_secs": 1200}
    path = write_feed(tmp_path / "f.zip", {"A": (0, 0), "B": (9000, 0)}, ["A 06:00 B 06:10"], frequencies=[period])
    charged = Headways(expected_wait=True)
    network = build_network(gtfs=path, date="2026-03-17", epsg=2154, crow_fly_detour=1.0, headways=charged)
    ends = [
        gpd.GeoDataFrame({"id": [name]}, geometry=[Point(ORIGIN_XY[0] + x, ORIGIN_XY[1])], crs=ORIGIN_EPSG)
        for name, x in (("h", 0), ("s", 9000))
    ]
    # Half of 20 min at the stop, 10 min aboard.
    row = time_components(network, *ends, depart="07:00", mode="transit").iloc[0]
    assert row[["travel_time_s", *PARTS]].tolist() == [1200, 0, 600, 600, 0, 0]
    (way,) = explain(network, *ends, mode="transit", depart="07:00")
    ride = next(leg for leg in way.legs if leg.kind == "ride")
    assert (ride.start_s, ride.end_s) == (7 * H + 600, 7 * H + 1200)
