"""Modes combined, from arithmetic: who rides what to which stop, and what is left where."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

from geo_access.errors import InputError
from geo_access.network.build import build_network
from geo_access.network.model import Network
from geo_access.routing.causes import Reason
from geo_access.routing.park_and_ride import park_and_ride_stops
from geo_access.times.matrix import time_components, travel_times
from tests.feeds import ORIGIN_EPSG, ORIGIN_XY, write_feed
from tests.network.drawn import drawn_streets
from tests.routing.random_timetables import make_timetable
from tests.times.worlds import WALK, H, bus, country, layer

# Three stops 10 km apart; the second bus only takes bicycles.
LINE = [(0.0, 0.0), (10_000.0, 0.0), (20_000.0, 0.0)]
TRIPS = [bus([0, 1, 2], 7 * H), bus([0, 1, 2], 7 * H + 1200)]
NETWORK = country(TRIPS, LINE, bikes=[False, True])
HOME = layer(h=(0.0, 3_000.0))
ASKED = {"depart": "06:45", "bike_kmh": 18.0, "max_direct_s": 0, **WALK}


def seconds(mode: str, site: gpd.GeoDataFrame, **more: object) -> float:
    return float(travel_times(NETWORK, HOME, site, mode=mode, **{**ASKED, **more}).at(50)[0, 0])


def test_a_bicycle_left_at_the_stop_does_not_ride_at_the_other_end() -> None:
    near, far = layer(s=(20_000.0, 600.0)), layer(s=(20_000.0, 3_000.0))
    # 600 s by bicycle: 6:55, the bus of 7:00, 20 minutes, 600 s on foot.
    assert seconds("bike+transit", near) == 900 + 1200 + 600
    assert np.isnan(seconds("bike+transit", far))
    # Aboard only the second bus takes it; 600 m are 120 s by bicycle and 3 km 600 s.
    assert seconds("bike_aboard+transit", near) == 900 + 1200 + 1200 + 120
    assert seconds("bike_aboard+transit", far) == 900 + 1200 + 1200 + 600
    parts = time_components(NETWORK, HOME, far, mode="bike_aboard+transit", **ASKED).iloc[0]
    assert parts[["access_s", "wait_s", "ride_s", "egress_s"]].tolist() == [600, 1500, 1200, 600]


def test_no_trip_takes_bicycles() -> None:
    network = country(TRIPS, LINE, bikes=[False, False])
    times = travel_times(network, HOME, layer(s=(20_000.0, 600.0)), mode="bike_aboard+transit", **ASKED)
    assert Reason(times.reason[0, 0]).name == "NO_SERVICE_THAT_DAY"


def test_a_car_is_left_where_it_may_be() -> None:
    site = layer(s=(20_000.0, 600.0))
    # 40 km/h: 3 km to s0 are 270 s; to s1 10.44 km are 940 s: at 7:00:40 the bus of 7:10 is still to come.
    assert seconds("park_and_ride", site, park_and_ride=("s0",)) == 900 + 1200 + 600
    parts = time_components(NETWORK, HOME, site, mode="park_and_ride", park_and_ride=("s1",), **ASKED).iloc[0]
    assert parts[["access_s", "wait_s", "ride_s"]].tolist() == [940, 1500 - 940, 600]
    # s2 is 20.2 km away, more than 20 minutes: nobody takes the bus from there, and no other stop may be used.
    assert np.isnan(seconds("park_and_ride", site, park_and_ride=("s2",)))
    with pytest.raises(InputError, match="no stops of the timetable: nowhere"):
        seconds("park_and_ride", site, park_and_ride=("s0", "nowhere"))


def test_a_lift_goes_to_a_stop_or_all_the_way() -> None:
    near, site = layer(s=(0.0, -3_000.0)), layer(s=(20_000.0, 600.0))
    # Driven to s0 or to s1, whichever: the bus of 7:00 is at s1 at 7:10.
    assert seconds("driven+transit", site) == 900 + 1200 + 600
    # 6 km all the way are 540 s; no more than the lift lasts.
    assert seconds("driven+transit", near, max_direct_s=None) == 540
    assert np.isnan(seconds("driven+transit", near, max_access_s=539))


def test_each_mode_keeps_to_its_own_streets(tmp_path: Path) -> None:
    # A–B is a footway, A–C–B streets one may drive and cycle on; the stop lies at B, the site at the far stop.
    drawing = """
    A               B

            C
    """
    ways = {
        "AB": {"highway": "footway"},
        "AC": {"highway": "residential", "maxspeed": "30"},
        "CB": {"highway": "residential", "maxspeed": "30"},
    }
    streets, where = drawn_streets(tmp_path, drawing, ways, step_m=1000.0)
    xy = np.array([where["B"], (where["B"][0] + 20_000, where["B"][1])])
    timetable = make_timetable([bus([0, 1], 7 * H)], 2, xy=xy)
    network = Network(streets.epsg, streets, timetable, {})
    straight = where["B"][0] - where["A"][0]
    round_m = 2 * np.hypot(where["C"][0] - where["A"][0], where["C"][1] - where["A"][1])
    # The far stop lies off the streets: only what leads to the first stop can be compared.
    homes = layer(a=where["A"])
    from geo_access.routing.legs import connect, mode_legs  # noqa: PLC0415
    from geo_access.routing.query import Query, Window  # noqa: PLC0415

    found = {}
    for mode in ("transit", "bike+transit", "driven+transit"):
        query = Query(mode, depart=Window(7 * H, 7 * H), walk_kmh=3.6, bike_kmh=18.0, max_access_s=6000)
        point = np.array([[homes.geometry.x.iloc[0], homes.geometry.y.iloc[0]]])
        found[mode] = connect(network, point, point, query, mode_legs(query)).access.row(0)[1].tolist()
    assert found["transit"] == [round(straight)]
    assert found["bike+transit"] == [round(round_m / 5)]
    car = streets.graphs["car"]
    assert found["driven+transit"] == [pytest.approx(car.deciseconds.sum() / 20, abs=1)]


def test_park_and_ride_sites_lead_to_their_stops(tmp_path: Path) -> None:
    stops = {"A": (0, 0), "B": (10_000, 0), "C": (10_000, 250)}
    feed = write_feed(tmp_path / "f.zip", stops, ["A 07:00 B 07:10", "C 07:00 A 07:10"])
    network = build_network(gtfs=feed, date="2026-03-17", crow_fly_detour=1.0, epsg=ORIGIN_EPSG)
    site = layer(p=(ORIGIN_XY[0] + 10_000, ORIGIN_XY[1] - 100), q=None).to_crs(4326)
    assert park_and_ride_stops(network, site) == ("B",)
    assert park_and_ride_stops(network, site, within_m=400) == ("B", "C")
    with pytest.raises(InputError, match="within 50 m"):
        park_and_ride_stops(network, site, within_m=50)
    with pytest.raises(InputError, match="CRS"):
        park_and_ride_stops(network, site.set_crs(None, allow_override=True))
