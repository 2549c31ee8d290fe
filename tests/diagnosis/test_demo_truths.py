"""The truths planted in the synthetic demo territory come out, against the numbers they were planted with."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from geo_access.clock import parse_clock
from geo_access.diagnosis.diagnose import Diagnosis
from geo_access.diagnosis.employers import employer_transit_test
from geo_access.diagnosis.lifts import profile_ask
from geo_access.diagnosis.model import Profile
from geo_access.diagnosis.remedies import find_remedies, smallest_remedies
from geo_access.diagnosis.service_plan import service_plan
from geo_access.diagnosis.service_remedies import ServiceEngines, ServiceLimits, try_changes
from geo_access.network.model import Network
from geo_access.network.timetable.edits import RepeatTrip
from geo_access.times.round_trip import NetworkTimes, Sites, connect_points, round_trip
from geo_access.times.shift import shift_test

from . import demo

TRUTHS: dict[str, Any] = json.loads((demo.DEMO / "truths.json").read_text(encoding="utf-8"))["truths"]
STUDY = demo.study()


@pytest.fixture(scope="module")
def territory() -> Network:
    return demo.network()


@pytest.fixture(scope="module")
def found() -> Diagnosis:
    return demo.diagnosis()


def rows(found: Diagnosis, **where: str) -> pd.DataFrame:
    flags = found.flags
    for name, value in ({"profile": "sans_voiture", "kind": "training"} | where).items():
        flags = flags[flags[name] == value]
    return flags


def test_no_service_reaches_the_industrial_zone_for_five_o_clock(found: Diagnosis) -> None:
    truth = TRUTHS["industrial_zone_at_five"]
    # The first vehicle of the day is there at 06:10; one has to be at the door at 04:55.
    assert parse_clock(truth["first_arrival"]) > parse_clock(truth["shift_start"])
    morning = rows(found, kind="job", schedule="poste_matin", zone_id=truth["zone_id"])
    asked = morning[morning["level"] != "sans objet"]
    assert set(asked["main_reason"]) == {truth["reason"]}
    assert set(asked["level"]) == {"inadéquat"}
    # 06:10 is 75 minutes after 04:55, and a walk to the door of less than a quarter of an hour comes on top.
    late_min = (parse_clock(truth["first_arrival"]) - parse_clock(truth["shift_start"])) / 60 + 5
    assert asked["out_lack_min"].between(late_min, late_min + 15).all()
    assert (asked["lifted_by_midday"] > 0.9).all()
    employers = employer_transit_test(found, profile="sans_voiture", limit_min=60)
    at_five = employers[
        employers["site_name"].str.startswith(truth["site_prefix"]) & (employers["shift_start"] == truth["shift_start"])
    ]
    assert len(at_five) > 0
    assert not at_five["served"].any()
    assert set(at_five["obstacle"]) <= {"NEVER_THERE", "TOO_FAR"}


def test_one_earlier_trip_on_a_named_line_serves_the_shift(found: Diagnosis, territory: Network) -> None:
    truth = TRUTHS["industrial_zone_at_five"]
    engines = ServiceEngines(NetworkTimes(territory))
    case = found.case("sans_voiture", "job", schedule="poste_matin")
    trials = try_changes(found, engines, case, limits=ServiceLimits(held=0, trips=1, headways=0, extensions=0))
    (bus,) = trials.tried
    # L8 rides 20 minutes and the walk to the door comes on top: the last minute at which it may leave for 04:55.
    assert bus.line == "L8"
    assert "04:20" < bus.minute <= "04:35"
    gained = bus.reached & ~case.points.reached
    assert found.residents.population[gained.any(axis=1)].sum() == pytest.approx(16_700, rel=0.01)
    assert trials.zones_left > 0
    table = smallest_remedies(found, engines.times, case, changes=trials.tried)
    assert table[table["smallest"]].groupby(["zone_id", "metier"]).size().eq(1).all()
    trips = table[table["remedy"] == "trip_on_a_line"]
    lifted = trips[trips["lifts"]]
    assert (lifted["share_before"] < 0.5).all()
    assert lifted["share_after"].max() > 0.97
    assert set(trips["line"]) == {"L8"}
    # Proved by the zone's own recomputation.
    row = lifted.iloc[0]
    again = find_remedies(
        found,
        engines.times,
        case,
        zone_id=row["zone_id"],
        metier=row["metier"],
        changes=[bus],
    ).set_index("remedy")
    assert again.loc["trip_on_a_line", "share_after"] == pytest.approx(row["share_after"])
    # One minute later it is too late for those whom it was timed for.
    hour, minute = map(int, bus.minute.split(":"))
    late = engines.on([RepeatTrip(bus.trip, f"{hour:02d}:{minute + 1:02d}")])
    ask, sites, xy = found.asks["sans_voiture", "job", "own_hours"], found.sites["job"], found.residents.xy
    five = np.flatnonzero(sites.start_s == parse_clock(truth["shift_start"]))
    on_time, too_late = (
        round_trip(connect_points(engine, xy, sites, ask), np.arange(len(xy)), sites, replace(ask, spread_s=0)).out_s
        for engine in (engines.on(bus.edits), late)
    )
    assert (np.isfinite(on_time[:, five]) & np.isnan(too_late[:, five])).any()
    plan = service_plan(found, engines, case, trials, most=1)
    assert plan["residents_gained"].tolist() == pytest.approx([16_700], rel=0.01)
    assert (plan["residents_placed"] <= case.offers.open_places.sum()).all()


def test_the_plateau_is_beyond_the_threshold_even_by_car(found: Diagnosis) -> None:
    truth = TRUTHS["plateau_beyond_by_car"]
    flags = rows(found, metier=truth["metier"])
    plateau = flags[flags["zone_id"].isin(truth["zone_ids"])]
    assert len(plateau) == len(truth["zone_ids"])
    assert (plateau["reachable_share"] == 0).all()
    assert (plateau[f"lifted_by_{truth['not_lifted_by']}"] == 0).all()
    # Reckoned on the planted roads without signals or turns: no car can be faster.
    by_car = rows(found, metier=truth["metier"], profile="voiture")
    medians = by_car[by_car["zone_id"].isin(truth["zone_ids"])].set_index("zone_name")["median_time_min"]
    for name, expected in truth["car_free_flow"].items():
        assert medians[name] >= expected["least_min"] - 0.5 > 60


def test_the_quarter_with_a_far_stop_walks_too_long(found: Diagnosis) -> None:
    truth = TRUTHS["walk_too_long"]
    assert truth["least_walk_m"] > truth["walk_limit_m"]
    flags = rows(found, zone_id=truth["zone_id"])
    assert (flags["main_reason"] == truth["reason"]).all()
    # "Five kilometres around" sees nothing of it; a longer walk would do for four of the six.
    walked = flags[flags["lifted_by_longer_walk"] == 1.0]
    assert len(walked) == 4
    assert set(walked["level"]) == {"inadéquat"}
    assert set(walked["radius_level"]) == {"adéquat"}


def test_the_border_town_gains_when_the_neighbour_s_feed_is_merged(found: Diagnosis) -> None:
    truth = TRUTHS["border_gain"]
    alone = demo.diagnosed(demo.network(truth["feed"]), jobs=False)
    before, after = (rows(d, zone_id=truth["zone_id"]).set_index("metier") for d in (alone, found))
    for metier in truth["metiers"]:
        assert (before.loc[metier, "level"], after.loc[metier, "level"]) == ("inadéquat", "adéquat")


def test_no_way_back_from_the_evening(found: Diagnosis) -> None:
    truth = TRUTHS["no_return"]
    flags = rows(found, zone_id=truth["zone_id"]).set_index("metier")
    assert flags.loc[truth["metiers"], "main_reason"].eq(truth["reason"]).all()
    # The only way back leaves at 12:35, or before it from a site farther away; one is free at 17:05.
    early_min = (parse_clock("17:05") - parse_clock(truth["only_return"])) / 60
    assert (flags.loc[truth["metiers"], "back_lack_min"] >= early_min).all()
    assert (flags.loc[truth["metiers"], "back_lack_min"] < early_min + 45).all()


def test_a_full_session_is_within_reach_and_full(found: Diagnosis) -> None:
    truth = TRUTHS["supply_full"]
    full = rows(found, metier=truth["metier"])
    reached = full[full["reachable_share"] > 0]
    assert reached["saturation"].eq(truth["saturation"]).all()
    assert reached["filling_rate"].eq(truth["filled"] / truth["places"]).all()
    assert reached["free_places"].eq(0).all()
    # Geography does not know of it: the same zones are adequate where the sites are near.
    assert reached["level"].eq("adéquat").any()


def test_a_village_without_a_bus_is_helped_by_the_car_alone(found: Diagnosis) -> None:
    village = rows(found, zone_id=TRUTHS["car_only"]["zone_id"])
    assert village["main_reason"].eq(TRUTHS["car_only"]["reason"]).all()
    assert village["lifted_by_car"].eq(1.0).all()
    assert village[["lifted_by_midday", "lifted_by_longer_walk", "lifted_by_bike"]].eq(0.0).all().all()


@pytest.mark.parametrize("mode", ["transit", "bike+transit", "car"])
def test_round_trips_equal_the_shift_test(found: Diagnosis, territory: Network, mode: str) -> None:
    """The bicycle waits at the home's end; nothing is lost by searching the streets once for all schedules."""
    homes, sites = found.residents.xy[::163], found.sites["job"]
    few = np.arange(0, len(sites), 37)
    some = Sites(sites.ids[few], sites.names[few], sites.xy[few], sites.start_s[few], sites.end_s[few])
    ask = profile_ask(Profile("p", "", mode), arrive_s=None, leave_s=None, slack_s=(300, 300), max_s=7200, spread_s=0)
    trip = round_trip(connect_points(NetworkTimes(territory), homes, some, ask), np.arange(len(homes)), some, ask)
    places = [
        gpd.GeoDataFrame({"id": range(len(xy))}, geometry=gpd.points_from_xy(*xy.T), crs=2154)
        for xy in (homes, some.xy)
    ]
    for column in range(len(few)):
        expected = shift_test(
            territory,
            places[0],
            places[1].iloc[[column]],
            mode=mode,
            max_minutes=120,
            max_access_s=1200,
            max_egress_s=1200,
            start=clock(some.start_s[column]),
            end=clock(some.end_s[column]),
        )
        np.testing.assert_array_equal(trip.out_s[:, column], expected.out_s[:, 0])
        np.testing.assert_array_equal(trip.back_s[:, column], expected.back_s[:, 0])


@pytest.mark.parametrize("profile", ["sans_voiture", "voiture"])
def test_the_study_s_table_and_the_shift_test_say_the_same_of_every_pair(
    found: Diagnosis, territory: Network, profile: str
) -> None:
    """One engine: seconds and reason of all pairs to training, written to travel_times.parquet as they stand here."""
    homes, sites = found.residents.xy, found.sites["training"]
    asked = [key for key in found.times if key[:2] == (profile, "training")]
    assert asked
    for key in asked:
        trip, schedule = found.times[key], next(s for s in STUDY.schedules if s.id == key[2])
        everyone, everywhere = (
            gpd.GeoDataFrame({"id": range(len(xy))}, geometry=gpd.points_from_xy(*xy.T), crs=2154)
            for xy in (homes, sites.xy)
        )
        public = next(p for p in STUDY.profiles if p.id == profile)
        shift = shift_test(
            territory,
            everyone,
            everywhere,
            start=schedule.start,
            end=schedule.end,
            mode=public.mode,
            max_minutes=120,
            walk_kmh=public.walk_kmh,
            bike_kmh=public.bike_kmh,
            max_access_s=round(public.max_access_min * 60),
            max_egress_s=round(public.max_access_min * 60),
        )
        for name in ("out_s", "back_s", "reason", "out_reason", "back_reason", "next_arrival_s"):
            np.testing.assert_array_equal(getattr(trip, name), getattr(shift, name))
        np.testing.assert_array_equal(trip.last_departure_s, shift.last_back_s)
        slow = ~np.isnan(trip.out_beyond_s)
        assert np.isnan(trip.out_s[slow]).all()
        assert (trip.out_beyond_s[slow] > 7200).all()


def clock(seconds: float) -> str:
    return f"{int(seconds) // 3600:02d}:{int(seconds) % 3600 // 60:02d}"


def test_reasons_sum_to_one_and_nothing_is_nan(found: Diagnosis) -> None:
    shares = found.flags.filter(regex="^share_")
    known = shares.iloc[:, 0].notna()
    np.testing.assert_allclose(shares[known].sum(axis=1).astype(float), 1, atol=1e-5)
    for name in found.flags.select_dtypes("number"):
        assert not np.isnan(found.flags[name].dropna().to_numpy(float)).any()
