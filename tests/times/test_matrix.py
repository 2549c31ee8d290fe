"""Times from first principles on a plain: walk to the stop, wait, ride, walk on."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from geo_access.errors import CapacityError, CoverageError, InputError, ServiceDateError
from geo_access.network.model import Network
from geo_access.routing.causes import Reason
from geo_access.times.matrix import travel_times
from tests.times.worlds import PLAIN, WALK, H, bus, country, layer

# Stops 10 km apart; a bus every 30 minutes from 7:00 to 9:00, ten minutes a leg.
LINE = [(0.0, 0.0), (10_000.0, 0.0), (20_000.0, 0.0)]
BUSES = [bus([0, 1, 2], 7 * H + 1800 * k) for k in range(5)]
HOME = layer(home=(0.0, 300.0))
SITES = layer(near=(10_000.0, 200.0), far=(20_000.0, 100.0))


def test_one_departure_is_walk_wait_ride_walk() -> None:
    # 7:00 + 300 s of walking = 7:05, the next bus is at 7:30; 10 and 20 minutes of riding; 200 and 100 s of walking.
    result = travel_times(country(BUSES, LINE), HOME, SITES, depart="07:00", **WALK)
    assert result.at(50).tolist() == [[1800 + 600 + 200, 1800 + 1200 + 100]]
    assert result.feasible_share.tolist() == [[1.0, 1.0]]


def test_percentiles_of_a_window_are_those_of_the_sawtooth() -> None:
    # Ready at 7:00 … 7:29: the bus of 7:00 is missed until 6:55, so the wait falls from 1800 s by 60 s a minute
    # until 7:25, after which the bus of 8:00 is the next.
    result = travel_times(country(BUSES, LINE), HOME, SITES, depart="07:00-07:30", percentiles=(0, 50, 100), **WALK)
    waits = sorted(((1800 if t <= 1500 else 3600) - t) for t in range(0, 1800, 60))
    expected = [waits[0] + 800, waits[14] + 800, waits[29] + 800]
    assert result.seconds[0, 0].tolist() == expected


def test_arrive_by_mirrors_depart_at() -> None:
    network = country(BUSES, LINE)
    late = travel_times(network, HOME, SITES, arrive="08:20", **WALK)
    # The bus of 8:00 is at `near` at 8:10 + 200 s: too late for nobody; leave home at 7:55.
    assert late.at(50)[0].tolist() == [25 * 60, 8 * H + 1200 - (7.5 * H - 300)]
    leave = 8 * H + 1200 - int(late.at(50)[0, 1])
    forward = travel_times(
        network, HOME, SITES, depart=f"{leave // H:02d}:{leave % H // 60:02d}:{leave % 60:02d}", **WALK
    )
    assert leave + forward.at(50)[0, 1] <= 8 * H + 1200


def test_earliest_departure_bounds_arrive_by() -> None:
    network = country(BUSES, LINE)
    result = travel_times(network, HOME, SITES, arrive="08:20", earliest="07:54", **WALK)
    assert result.reason[0].tolist() == [Reason.OK, Reason.OVER_CUTOFF]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"depart": "07:00", "max_minutes": 40}, Reason.OVER_CUTOFF),
        ({"depart": "12:00"}, Reason.NO_TRIP_IN_WINDOW),
        ({"arrive": "06:00"}, Reason.NO_TRIP_IN_WINDOW),
        ({"depart": "07:00", "max_access_s": 200}, Reason.NO_STOP_WITHIN_WALK),
        ({"depart": "07:00", "max_egress_s": 50}, Reason.NO_STOP_WITHIN_WALK),
    ],
)
def test_reasons_name_the_limit_that_binds(asked: dict[str, object], reason: Reason) -> None:
    result = travel_times(country(BUSES, LINE), HOME, SITES, **asked, **WALK)
    assert result.reason[0, 1] == reason
    assert np.isnan(result.at(50)[0, 1])


def test_reasons_of_changes_and_of_idle_stops() -> None:
    xy = [*LINE, (30_000.0, 0.0), (40_000.0, 0.0)]
    trips = [bus([0, 1], 7 * H), bus([1, 2], 8 * H)]
    sites = layer(two_rides=(20_000.0, 0.0), idle=(30_000.0, 0.0), unplaced=None, empty=(26_000.0, 0.0))
    result = travel_times(country(trips, xy), HOME, sites, depart="06:50", max_rides=1, **WALK)
    assert [Reason(code).name for code in result.reason[0]] == [
        "TOO_MANY_RIDES",
        "NO_SERVICE_THAT_DAY",
        "UNSNAPPED_DESTINATION",
        "NO_STOP_WITHIN_WALK",
    ]
    backwards = travel_times(
        country(trips, xy), layer(end=(20_000.0, 0.0)), layer(a=(10_000.0, 0.0)), depart="06:50", **WALK
    )
    assert backwards.reason[0, 0] == Reason.NO_SERVICE_THAT_DAY
    apart = country([bus([0, 1], 7 * H), bus([2, 3], 7 * H)], xy)
    lost = travel_times(apart, HOME, layer(far=(30_000.0, 0.0)), depart="06:50", **WALK)
    assert lost.reason[0, 0] == Reason.DISCONNECTED


def test_street_modes_and_their_reasons() -> None:
    network = Network(2154, PLAIN, None, {})
    result = travel_times(network, HOME, layer(a=(0.0, 0.0), b=(9_000.0, 300.0)), mode="walk", **WALK)
    assert result.at(50)[0, 0] == 300
    assert result.reason[0].tolist() == [Reason.OK, Reason.OVER_CUTOFF]
    assert travel_times(network, HOME, SITES, mode="bike", bike_kmh=36, max_minutes=60).at(50)[0, 0] > 0


def test_bicycles_cars_and_lifts_reach_farther_stops() -> None:
    network = country(BUSES, LINE)
    home = layer(home=(0.0, 4_000.0))
    times = {
        mode: travel_times(network, home, SITES, mode=mode, depart="07:00", bike_kmh=18.0, **extra, **WALK).at(50)[0, 1]
        for mode, extra in (
            ("transit", {}),
            ("bike+transit", {}),
            ("bike_aboard+transit", {}),
            ("driven+transit", {}),
            ("park_and_ride", {"park_and_ride": ("s0",)}),
        )
    }
    assert np.isnan(times.pop("transit"))
    # 4 km take 800 s by bicycle and 360 s by car: all catch the bus of 7:30; 100 s on foot, 20 s by bicycle remain.
    assert times == {
        "bike+transit": 3100,
        "bike_aboard+transit": 3020,
        "driven+transit": 3100,
        "park_and_ride": 3100,
    }
    elsewhere = travel_times(network, home, SITES, mode="park_and_ride", park_and_ride=("s2",), depart="07:00", **WALK)
    assert elsewhere.reason[0, 1] != Reason.OK


def test_the_same_bytes_for_any_number_of_threads() -> None:
    rng = np.random.default_rng(5)
    network = country(BUSES, LINE)
    homes = layer(**{f"h{k}": tuple(rng.uniform((-500, -900), (21_000, 900))) for k in range(70)})
    results = []
    before = numba.get_num_threads()
    for threads in (1, before):
        numba.set_num_threads(threads)
        results.append(travel_times(network, homes, depart="07:00-08:00", percentiles=(5, 50, 95), **WALK))
    numba.set_num_threads(before)
    assert results[0].seconds.tobytes() == results[1].seconds.tobytes()
    assert results[0].reason.tobytes() == results[1].reason.tobytes()


def test_every_pair_has_a_row_with_time_or_reason() -> None:
    homes = layer(a=(0.0, 300.0), b=None, c=(9_000.0, 9_000.0))
    frame = travel_times(country(BUSES, LINE), homes, SITES, depart="07:00", **WALK).to_frame()
    assert len(frame) == 6
    assert ((frame["reason"] == "OK") == frame["travel_time_p50_s"].notna()).all()


def test_a_window_longer_than_16_bits_hold_is_the_same() -> None:
    network = country(BUSES, LINE)
    asked = {"percentiles": (0,), "max_minutes": 90, **WALK}
    hour = travel_times(network, HOME, SITES, depart="07:00-08:00", **asked)
    day = travel_times(network, HOME, SITES, depart="00:00-20:00", **asked)
    assert np.array_equal(day.seconds, hour.seconds)
    by_hour = travel_times(network, HOME, SITES, arrive="08:00-09:00", **asked)
    by_day = travel_times(network, HOME, SITES, arrive="00:00-20:00", **asked)
    assert np.array_equal(by_day.seconds, by_hour.seconds)


def test_memory_is_refused_with_a_remedy() -> None:
    with pytest.raises(CapacityError, match="sink="):
        travel_times(country(BUSES, LINE), HOME, SITES, depart="07:00", memory_gb=1e-9, **WALK)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"depart": "09:00-08:00"}, "ends before it starts"),
        ({"depart": "08:00", "arrive": "09:00"}, "exactly one"),
        ({}, "exactly one"),
        ({"arrive": "07:00", "earliest": "08:00"}, "before the earliest departure"),
        ({"depart": "08:00", "percentiles": (50, 150)}, "0–100"),
        ({"depart": "08:00", "walk_kmh": -1}, "above 0"),
        ({"depart": "08:00", "max_access_s": 0}, "above 0"),
        ({"depart": "08:00", "max_rides": 0}, "no ride"),
        ({"depart": "08:00", "speed": 3}, "unknown option"),
        ({"depart": "25 o'clock"}, "not a clock time"),
        ({"depart": "08:00", "mode": "teleport"}, "unknown"),
        ({"depart": "08:00", "mode": "park_and_ride"}, "do not go together"),
    ],
)
def test_bad_questions_get_one_clear_error(asked: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        travel_times(country(BUSES, LINE), HOME, SITES, **asked)


def test_bad_layers_get_one_clear_error() -> None:
    network = country(BUSES, LINE)
    with pytest.raises(InputError, match="duplicate ids: home"):
        travel_times(network, layer(home=(0, 0)).loc[[0, 0]], SITES, depart="07:00")
    with pytest.raises(InputError, match="does not say its CRS"):
        travel_times(network, HOME.set_crs(None, allow_override=True), SITES, depart="07:00")
    with pytest.raises(CoverageError, match="no point of 1 lies"):
        travel_times(network, HOME.set_crs(32722, allow_override=True), SITES, depart="07:00")
    with pytest.raises(InputError, match="no rows"):
        travel_times(network, HOME.iloc[:0], SITES, depart="07:00")
    with pytest.raises(InputError, match="no column 'id'"):
        travel_times(network, HOME.drop(columns="id"), SITES, depart="07:00")
    with pytest.raises(InputError, match="LineString"):
        travel_times(network, HOME.set_geometry(HOME.buffer(1).boundary), SITES, depart="07:00")
    with pytest.raises(ServiceDateError, match="holds 2026-03-17"):
        travel_times(network, HOME, SITES, depart="07:00", day="2026-03-18")
    with pytest.raises(InputError, match="no timetable"):
        travel_times(Network(2154, PLAIN, None, {}), HOME, SITES, depart="07:00")


def test_another_declared_crs_is_brought_over() -> None:
    network = country(BUSES, LINE)
    here = travel_times(network, HOME, SITES, depart="07:00", **WALK)
    there = travel_times(network, HOME.to_crs(4326), SITES.to_crs(4326), depart="07:00", **WALK)
    assert np.allclose(here.seconds, there.seconds, atol=1)
