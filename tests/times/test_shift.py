"""The shift test: there in time and home again, from arithmetic."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from geo_access.errors import InputError, ServiceDateError
from geo_access.network.model import Network
from geo_access.routing.causes import Reason
from geo_access.times.shift import shift_test
from tests.times.worlds import PLAIN, WALK, H, bus, country, layer

LINE = [(0.0, 0.0), (10_000.0, 0.0)]
HOME, SITE = layer(home=(0.0, 300.0)), layer(site=(10_000.0, 200.0))


def line(out: list[float], back: list[float]) -> Network:
    trips = [bus([0, 1], round(h * H)) for h in out] + [bus([1, 0], round(h * H)) for h in back]
    return country(trips, LINE)


def test_there_and_back() -> None:
    times = shift_test(line([6, 7, 7.5], [15.5, 16.25]), HOME, SITE, start="08:00", end="16:00", **WALK)
    # Bus of 7:30: at the site 7:40 + 200 s, before 7:55; leave home 7:25.
    # Back: 16:05 + 200 s, bus of 16:15, + 600 + 300.
    assert times.last_out_s[0, 0] == 7.5 * H - 300
    assert times.out_s[0, 0] == 8 * H - 300 - (7.5 * H - 300)
    assert times.home_at_s[0, 0] == 16.25 * H + 900
    assert times.feasible[0, 0]
    assert times.to_frame().loc[0, "last_out"] == "07:25"


def test_first_trip_too_late_says_when_one_would_arrive() -> None:
    times = shift_test(line([6, 7], [13.5]), HOME, SITE, start="05:00", end="13:00", **WALK)
    assert Reason(times.reason[0, 0]).name == "FIRST_TRIP_TOO_LATE"
    assert times.next_arrival_s[0, 0] == 6 * H + 600 + 200
    assert times.binding[0, 0] == 1


def test_last_trip_too_early_and_no_return_trip() -> None:
    early = shift_test(line([12], [15, 19]), HOME, SITE, start="13:00", end="21:00", **WALK)
    assert Reason(early.reason[0, 0]).name == "LAST_TRIP_TOO_EARLY"
    assert early.last_back_s[0, 0] == 19 * H - 200
    assert early.binding[0, 0] == 2
    never = shift_test(line([12], []), HOME, SITE, start="13:00", end="21:00", **WALK)
    assert Reason(never.reason[0, 0]).name == "NO_RETURN_TRIP"


def reason_of(network: Network, *, home: object = HOME, **asked: object) -> str:
    times = shift_test(network, home, SITE, **{"start": "13:00", "end": "21:00", **WALK, **asked})
    assert times.feasible[0, 0] == (times.reason[0, 0] == Reason.OK)
    return Reason(times.reason[0, 0]).name


def test_what_keeps_one_from_home_is_told_apart() -> None:
    # Work ends at 21:00, one is ready at 21:05; the bus takes 10 min, with 200 s of walking before and 300 s after.
    day = [7, 12]
    assert reason_of(line(day, [21.25])) == "OK"
    # Setting out at 21:05 for the bus of 23:00 makes 2 h 10 min with the walk: in 130 min, not in 129.
    assert reason_of(line(day, [23]), max_minutes=130) == "OK"
    assert reason_of(line(day, [23]), max_minutes=129) == "OVER_CUTOFF"
    # Whoever leaves twelve hours earlier, at 9:05, catches the bus of 9:08:20 and none before it.
    assert reason_of(line(day, [9 + 1 / 60])) == "NO_RETURN_TRIP"
    assert reason_of(line(day, [9 + 8 / 60 + 20 / 3600])) == "LAST_TRIP_TOO_EARLY"
    assert reason_of(line(day, [9 + 8 / 60 + 19 / 3600])) == "NO_RETURN_TRIP"
    assert reason_of(line(day, [19]), max_egress_s=150) == "NO_STOP_WITHIN_WALK"
    # Too far from the last stop is a matter of walking, whatever runs.
    assert reason_of(line(day, [21.25]), home=layer(home=(0.0, 2_000.0))) == "NO_STOP_WITHIN_WALK"


def test_changing_too_often_on_the_way_home_is_no_missing_trip() -> None:
    # Out direct; home with a change: 21:15 from the site to the middle, 21:35 on to home.
    xy = [(0.0, 0.0), (10_000.0, 0.0), (5_000.0, 0.0)]
    trips = [bus([0, 1], 12 * H), bus([1, 2], 21 * H + 900), bus([2, 0], 21 * H + 2100)]
    assert reason_of(country(trips, xy)) == "OK"
    assert reason_of(country(trips, xy), max_rides=1) == "TOO_MANY_RIDES"


def test_a_long_limit_looks_as_far_as_a_short_one() -> None:
    # 12 h and 7 h do not fit 16 bits together.
    early = shift_test(line([12], [15, 19]), HOME, SITE, start="13:00", end="21:00", max_minutes=420, **WALK)
    assert early.last_back_s[0, 0] == 19 * H - 200
    late = shift_test(line([16], [23]), HOME, SITE, start="05:00", end="22:00", max_minutes=420, **WALK)
    assert late.next_arrival_s[0, 0] == 16 * H + 600 + 200


def test_nobody_leaves_before_the_earliest_moment() -> None:
    # The bus of 12:00 needs leaving at 11:55; the next one arrives at 13:13:20, after the deadline of 12:55.
    asked = {"start": "13:00", "end": "21:00", **WALK}
    network = line([12, 13], [21.25])
    assert shift_test(network, HOME, SITE, earliest="11:55", **asked).feasible[0, 0]
    bound = shift_test(network, HOME, SITE, earliest="11:56", **asked)
    assert bound.next_arrival_s[0, 0] == 13 * H + 800
    assert Reason(bound.reason[0, 0]).name == "FIRST_TRIP_TOO_LATE"


def test_a_night_shift_crosses_midnight() -> None:
    times = shift_test(line([20], [29.5]), HOME, SITE, start="21:00", end="05:00", **WALK)
    assert times.feasible[0, 0]
    assert times.home_at_s[0, 0] == 29.5 * H + 900
    assert times.to_frame().loc[0, "home_at"] == "05:45 (+1)"


def test_the_bicycle_waits_at_the_home_end() -> None:
    home = layer(home=(0.0, 4_000.0))
    network = line([7], [16.25])
    assert not shift_test(network, home, SITE, start="08:00", end="16:00", **WALK).feasible[0, 0]
    asked = {"mode": "bike+transit", "bike_kmh": 18.0, "max_direct_s": 0, **WALK}
    times = shift_test(network, home, SITE, start="08:00", end="16:00", **asked)
    assert times.last_out_s[0, 0] == 7 * H - 800
    assert times.home_at_s[0, 0] == 16.25 * H + 600 + 800


def test_walking_needs_no_timetable_and_rows_are_never_lost() -> None:
    network = Network(2154, PLAIN, None, {})
    times = shift_test(
        network, layer(a=(0, 0), b=None), layer(s=(0, 600)), start="08:00", end="12:00", mode="walk", **WALK
    )
    assert times.out_s[0, 0] == times.back_s[0, 0] == 600
    assert times.reason[:, 0].tolist() == [Reason.OK, Reason.UNSNAPPED_ORIGIN]
    assert np.isnan(times.out_s[1, 0])


def test_the_same_bytes_for_any_number_of_threads() -> None:
    rng = np.random.default_rng(11)
    network = line([6, 7, 7.5, 9], [12, 15.5, 16.25])
    homes = layer(**{f"h{k}": tuple(rng.uniform((-900, -900), (11_000, 900))) for k in range(70)})
    found = []
    before = numba.get_num_threads()
    for threads in (1, before):
        numba.set_num_threads(threads)
        found.append(shift_test(network, homes, homes, start="07:55", end="16:00", **WALK))
    numba.set_num_threads(before)
    assert len(np.unique(found[0].reason)) > 3
    for name in ("out_s", "back_s", "next_arrival_s", "last_back_s", "binding", "reason"):
        assert getattr(found[0], name).tobytes() == getattr(found[1], name).tobytes()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"start": "8"}, "not a clock time"),
        ({"end": "08:00"}, "starts and ends at 08:00"),
        ({"slack_before_min": -1}, "below 0 minutes"),
        ({"slack_after_min": -1}, "below 0 minutes"),
        ({"max_minutes": 0}, "max_s"),
        ({"max_access_s": 0}, "max_access_s"),
        ({"walk_kmh": -1}, "walk_kmh"),
        ({"max_rides": 0}, "no ride"),
        ({"mode": "broomstick"}, "unknown"),
        ({"earliest": "09:00"}, "before the earliest departure"),
        ({"day": "2026-03-18"}, "holds 2026-03-17"),
        ({"speed": 3}, "unknown option"),
    ],
)
def test_bad_shifts_get_one_clear_error(asked: dict[str, object], message: str) -> None:
    # A day that the network does not hold is an error of its own kind.
    with pytest.raises((InputError, ServiceDateError), match=message):
        shift_test(line([7], [16]), HOME, SITE, **{"start": "08:00", "end": "16:00", **asked})


def test_bad_layers_are_refused_by_name() -> None:
    network, asked = line([7], [16]), {"start": "08:00", "end": "16:00"}
    with pytest.raises(InputError, match="homes: duplicate ids: home"):
        shift_test(network, HOME.loc[[0, 0]], SITE, **asked)
    with pytest.raises(InputError, match="sites: it does not say its CRS"):
        shift_test(network, HOME, SITE.set_crs(None, allow_override=True), **asked)
    with pytest.raises(InputError, match="no timetable"):
        shift_test(Network(2154, PLAIN, None, {}), HOME, SITE, **asked)
