"""Each reason comes out where it was planted, by arithmetic on a table of minutes."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from geo_access.clock import parse_clock
from geo_access.diagnosis.diagnose import OWN_HOURS, diagnose, diagnose_with
from geo_access.diagnosis.evidence import TimesSources
from geo_access.diagnosis.flag import REASON_COLUMNS, flag_zones, reason_columns
from geo_access.diagnosis.lifts import Counterfactual
from geo_access.diagnosis.model import Asked, FlagRules, Metier, Schedule, Threshold
from geo_access.diagnosis.points import Evidence
from geo_access.diagnosis.supply import job_offers, training_offers
from geo_access.errors import InputError
from geo_access.network.model import CrowFly, Network
from geo_access.routing.causes import Reason
from geo_access.routing.query import Query
from geo_access.times.round_trip import RoundTrip

from .fabric import (
    ASKED,
    CAR,
    DAY,
    EPSG,
    HOUR,
    JOB_HOUR,
    NONE,
    RULES,
    TRANSIT,
    WELDER,
    TableTimes,
    members,
    points,
    residents_of,
    training,
    zones,
)

# One point per planted truth: what its residents meet on the way to the only site, in minutes.
PLANTED = {
    "REACHES": {},
    "NO_RETURN_TRIP": {"back": NONE},
    "TOO_MANY_TRANSFERS": {"there": NONE, "back": NONE, "unlimited": 50.0},
    "NO_SERVICE_AT_THAT_HOUR": {"there": NONE, "midday": 40.0},
    "WALK_TOO_LONG": {"there": NONE, "back": NONE, "longer": 55.0},
    "NO_SERVICE_THAT_DAY": {"there": NONE, "other_day": 30.0},
    "CAR_ONLY": {"there": 90.0, "car": 35.0},
    "BEYOND_THRESHOLD_EVEN_BY_CAR": {"there": 150.0, "car": 75.0},
}


def planted_minutes(other_day: bool):
    def minutes(query: Query, there: bool) -> list[list[float]]:
        rows = []
        for truth in PLANTED.values():
            usual = truth.get("there", 30.0) if there else truth.get("back", truth.get("there", 30.0))
            window = query.arrive or query.depart
            if query.mode == "car":
                usual = truth.get("car", 90.0)
            elif window is not None and window.start_s in (parse_clock("11:55"), parse_clock("14:05")):
                usual = truth.get("midday", usual)
            elif query.max_access_s > 1200:
                usual = truth.get("longer", usual)
            elif query.max_rides is None:
                usual = truth.get("unlimited", usual)
            elif other_day:
                usual = truth.get("other_day", usual)
            rows.append([usual])
        return rows

    return minutes


FIRST = replace(RULES, version="geo-access/1")


def run_planted(profiles=(TRANSIT,), rules: FlagRules = FIRST):
    names = list(PLANTED)
    residents = residents_of([100.0] * len(names), [name.lower() for name in names])
    sites, offers = training_offers(training([{"site_id": "cfa", "x": 50_000.0}]), [WELDER], epsg=EPSG)
    times = TableTimes(residents.xy, sites.xy, planted_minutes(other_day=False))
    other = TableTimes(residents.xy, sites.xy, planted_minutes(other_day=True))
    return times, diagnose_with(
        TimesSources(times, other),
        residents=residents,
        supply={"training": (sites, offers)},
        asked=Asked(profiles, [HOUR], [DAY], rules),
    )


def test_every_travel_reason_of_the_first_version_comes_out_where_it_was_planted() -> None:
    _, found = run_planted()
    flags = found.flags.set_index("zone_id")
    for name in PLANTED:
        row = flags.loc[name.lower()]
        if name == "REACHES":
            assert row["level"] == "adéquat"
            assert pd.isna(row["main_reason"])
            continue
        assert row["main_reason"] == name
        assert row["level"] == "inadéquat"
        assert row[f"share_{name.lower()}"] == 1.0


# What the same table of minutes says under the second version, and which lift would help.
SECOND = {
    "NO_RETURN_TRIP": ("ABSENT_BACK", set()),
    "TOO_MANY_TRANSFERS": ("ABSENT_BOTH", {"unlimited_rides"}),
    "NO_SERVICE_AT_THAT_HOUR": ("ABSENT_BOTH", {"midday"}),
    "WALK_TOO_LONG": ("ABSENT_BOTH", {"longer_walk"}),
    "NO_SERVICE_THAT_DAY": ("ABSENT_BOTH", {"other_day"}),
    "CAR_ONLY": ("SLOW_BOTH", {"car"}),
    "BEYOND_THRESHOLD_EVEN_BY_CAR": ("SLOW_BOTH", set()),
}


def test_the_second_version_says_what_is_missing_and_then_what_would_lift_it() -> None:
    _, found = run_planted(rules=RULES)
    flags = found.flags.set_index("zone_id")
    for name, (reason, lifts) in SECOND.items():
        row = flags.loc[name.lower()]
        assert row["main_reason"] == reason, name
        helped = {
            lift
            for lift in ("unlimited_rides", "midday", "longer_walk", "other_day", "car")
            if row[f"lifted_by_{lift}"] == 1.0
        }
        assert helped - {"car"} == lifts - {"car"}, name
        assert ("car" in helped) == ("car" in PLANTED[name] and PLANTED[name]["car"] <= 60), name
    slow = flags.loc["car_only"]
    assert (slow["out_lack_min"], slow["back_lack_min"]) == (30.0, 30.0)


def test_counterfactuals_of_the_first_version_are_asked_only_for_points_that_nothing_explains_yet() -> None:
    times, _ = run_planted()
    modes = [query.mode for query in times.asked]
    # The base there and back, then unlimited rides, midday, longer walk there and back, then the car.
    assert modes == ["transit"] * 8 + ["car"] * 2


def test_a_profile_by_car_meets_no_counterfactual() -> None:
    _, found = run_planted(profiles=(CAR,))
    reasons = set(found.flags["main_reason"].dropna())
    assert reasons == {"BEYOND_THRESHOLD_EVEN_BY_CAR"}
    _, found = run_planted(profiles=(CAR,), rules=RULES)
    assert set(found.flags["main_reason"].dropna()) == {"SLOW_BOTH"}


def test_shares_of_those_who_cannot_sum_to_one_in_a_mixed_zone() -> None:
    # 50 residents reach; 30 have no way back; 20 only by car: 0.6 and 0.4 of the 50 who cannot.
    residents = residents_of([50.0, 30.0, 20.0], ["z", "z", "z"])
    sites, offers = training_offers(training([{"site_id": "cfa"}]), [WELDER], epsg=EPSG)

    def minutes(query: Query, there: bool) -> list[list[float]]:
        if query.mode == "car":
            return [[20.0], [20.0], [20.0]]
        return [[30.0], [30.0 if there else NONE], [NONE]]

    for rules, back, both in ((RULES, "absent_back", "absent_both"), (FIRST, "no_return_trip", "car_only")):
        found = diagnose_with(
            TimesSources(TableTimes(residents.xy, sites.xy, minutes)),
            residents=residents,
            supply={"training": (sites, offers)},
            asked=Asked([TRANSIT], [HOUR], [DAY], rules),
        )
        row = found.flags.iloc[0]
        assert row["level"] == "fragile"
        assert row["reachable_share"] == pytest.approx(0.5)
        assert row[f"share_{back}"] == pytest.approx(0.6)
        assert row[f"share_{both}"] == pytest.approx(0.4)
        assert sum(row[name] for name in reason_columns(rules)) == pytest.approx(1.0)
    assert len(REASON_COLUMNS) == 19


@pytest.mark.parametrize(
    ("rows", "first", "second"),
    [
        (
            [{"site_id": "a", "metier": "X"}],
            "NO_SUPPLY_FOR_METIER",
            ("indécidable", "UNNAMED_METIER", "UNNAMED_METIER"),
        ),
        ([{"site_id": "a", "level": 7}], "NO_SUPPLY_FOR_METIER", ("inadéquat", "TOO_FEW_PLACES", None)),
        ([{"site_id": "a", "modality": "remote"}], "NO_SUPPLY_FOR_METIER", ("sans objet", None, "ONLY_REMOTE")),
        (
            [{"site_id": "a", "x": None}],
            "UNLOCATED_SUPPLY",
            ("indécidable", "UNLOCATED_SUPPLY", "UNLOCATED_SUPPLY"),
        ),
        ([{"site_id": "a", "x": 0.0, "metier": None}], None, ("indécidable", "UNCODED_SUPPLY", "UNCODED_SUPPLY")),
        ([{"site_id": "a", "x": 0.0, "metier": "h2913 "}], None, ("adéquat", None, None)),
        ([{"site_id": "a", "x": 0.0, "filled": 10}], "SUPPLY_FULL", ("adéquat", None, None)),
        (
            [{"site_id": "a", "x": 0.0, "filled": 10}, {"site_id": "b", "x": 5.0, "filled": 0}],
            "SUPPLY_FULL",
            ("adéquat", None, None),
        ),
    ],
)
def test_reasons_that_lie_in_the_supply(rows, first, second) -> None:
    residents = residents_of([100.0], ["z"])
    metier = replace(WELDER, max_level=4)
    table = training(rows)
    if "metier" in rows[0]:
        table["metier"] = [row["metier"] for row in rows]
    sites, offers = training_offers(table, [metier], epsg=EPSG)
    # The first site is at hand; any other lies two hours away.
    answer = [[10.0 if i == "a" else 120.0 for i in sites.ids]]
    for rules in (FIRST, RULES):
        found = diagnose_with(
            TimesSources(TableTimes(residents.xy, sites.xy, lambda *_: answer)),
            residents=residents,
            supply={"training": (sites, offers)},
            asked=Asked([TRANSIT], [HOUR], [DAY], rules),
        )
        row = found.flags.iloc[0]
        told = tuple(None if pd.isna(row[name]) else row[name] for name in ("level", "main_reason", "cause"))
        if rules is RULES:
            assert told == second
        elif first is not None:
            assert told == ("inadéquat", first, None)


def test_remote_places_are_counted_and_never_travelled_to() -> None:
    rows = [{"site_id": "far", "modality": "remote", "places": 30}, {"site_id": "truck", "modality": "mobile"}]
    sites, offers = training_offers(training(rows), [WELDER], epsg=EPSG)
    assert len(sites) == 0
    assert (offers.remote_places[0], offers.mobile_places[0], offers.located_open[0]) == (30, 10, 0)


def test_places_that_nobody_knows_count_as_one() -> None:
    table = training([{"site_id": "a"}, {"site_id": "b"}])
    table["places"] = pd.array([pd.NA, 12], dtype="Int64")
    table["filled"] = pd.array([pd.NA, 2], dtype="Int64")
    _, offers = training_offers(table, [WELDER], epsg=EPSG)
    assert (offers.located_all[0], offers.located_open[0]) == (13, 11)


def employers(rows: list[tuple[str, str, str, int]]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "site_id": [r[0] for r in rows],
            "metier": "H2913",
            "openings": [r[3] for r in rows],
            "shift_start": [r[1] for r in rows],
            "shift_end": [r[2] for r in rows],
            "position_quality": "exact",
        },
        geometry=[Point(710_000, 7_000_000)] * len(rows),
        crs=EPSG,
    )


def test_each_employer_is_asked_at_the_hours_of_its_own_shift() -> None:
    residents = residents_of([100.0], ["z"])
    table = employers([("usine", "05:00", "13:00", 4), ("usine", "09:00", "17:00", 2)])
    sites, offers = job_offers(table, [WELDER], epsg=EPSG)

    def minutes(query: Query, there: bool) -> list[list[float]]:
        early = query.arrive is not None and query.arrive.start_s < parse_clock("06:00")
        return [[NONE if early else 20.0] * len(sites)]

    morning = Schedule("morning", "matin", "job", "05:00", "13:00")
    found = diagnose_with(
        TimesSources(TableTimes(residents.xy, sites.xy, minutes)),
        residents=residents,
        supply={"job": (sites, offers)},
        asked=Asked([TRANSIT], [JOB_HOUR], [morning], RULES),
    )
    flags = found.flags.set_index("schedule")
    assert flags.loc[OWN_HOURS, "level"] == "adéquat"
    assert flags.loc[OWN_HOURS, "reachable_places"] == 2
    assert flags.loc["morning", "level"] == "inadéquat"
    assert flags.loc["morning", "main_reason"] == "ABSENT_OUT"
    assert flags.loc["morning", "lifted_by_midday"] == 1.0


def test_a_metier_that_nobody_teaches_and_nobody_needs_is_without_object() -> None:
    residents = residents_of([100.0, 0.0], ["z", "empty"])
    metiers = [WELDER, Metier("A1101"), Metier("K1302")]
    jobs = employers([("usine", "09:00", "17:00", 2)])
    taught = training([{"site_id": "cfa", "metier": "A1101"}])
    supply = {
        "training": training_offers(taught, metiers, epsg=EPSG),
        "job": job_offers(jobs, metiers, epsg=EPSG),
    }
    every = np.vstack([sites.xy for sites, _ in supply.values()])
    found = diagnose_with(
        TimesSources(TableTimes(residents.xy, every, lambda *_: [[10.0, 10.0]] * 2)),
        residents=residents,
        supply=supply,
        asked=Asked([TRANSIT], [HOUR, JOB_HOUR], [DAY], RULES),
    )
    level = found.flags.set_index(["kind", "zone_id", "metier"])["level"]
    assert level["training", "z", "H2913"] == "indécidable"  # needed, and no row of training names it
    assert level["training", "z", "A1101"] == "adéquat"  # taught
    assert level["training", "z", "K1302"] == "sans objet"  # neither
    assert level["job", "z", "K1302"] == "sans objet"
    assert level["job", "z", "H2913"] == "adéquat"
    assert set(level.xs("empty", level="zone_id")) == {"sans objet"}
    numbers = found.flags.select_dtypes("number")
    assert not any(np.isnan(numbers[c].dropna().to_numpy(float)).any() for c in numbers)


def test_everything_wrong_is_said_at_once() -> None:
    bad = {
        "thresholds": [Threshold("t", "", -5, "training", source="")],
        "schedules": [Schedule("night", "", "training", "21:00", "05:00")],
        "profiles": [replace(TRANSIT, mode="")],
        "rules": replace(RULES, adequate_share=0.4),
    }
    network = Network(EPSG, CrowFly(EPSG), None, {})
    with pytest.raises(InputError) as error:
        diagnose(
            network,
            zones=zones("z"),
            points=points([1.0]),
            membership=members(("p0", "z")),
            metiers=[WELDER],
            training=training([{"site_id": "a"}]),
            **bad,
        )
    text = str(error.value)
    for part in ("−5 minutes", "before it starts", "29:00", "it has no mode", "out of order", "no source"):
        assert part in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"places": -3}, "negative places"),
        ({"places": "many"}, "no number in places"),
        ({"modality": "x"}, "modality"),
    ],
)
def test_bad_supply_is_refused(change: dict[str, object], message: str) -> None:
    table = training([{"site_id": "a"}])
    for name, value in change.items():
        table[name] = value
    with pytest.raises(InputError, match=message):
        training_offers(table, [WELDER], epsg=EPSG)


@pytest.mark.parametrize(
    ("minutes_in_holidays", "level", "confidence"), [(90, "adéquat", "probable"), (50, "adéquat", "sûr")]
)
def test_a_way_that_rests_on_school_lines_is_less_sure(minutes_in_holidays, level, confidence) -> None:
    residents = residents_of([100.0], ["z"])
    sites, offers = training_offers(training([{"site_id": "cfa"}]), [WELDER], epsg=EPSG)

    def minutes(query: Query, there: bool) -> list[list[float]]:
        return [[40.0 if query.school_lines else minutes_in_holidays]]

    def row_of(*, school_lines: bool):
        times = TableTimes(residents.xy, sites.xy, minutes)
        return diagnose_with(
            TimesSources(times, school_lines=school_lines),
            residents=residents,
            supply={"training": (sites, offers)},
            asked=Asked([TRANSIT], [HOUR], [DAY], RULES),
        ).flags.iloc[0]

    row = row_of(school_lines=True)
    assert (row["level"], row["confidence"]) == (level, confidence)
    assert ("school_lines" in str(row["doubts"])) == (confidence == "probable")
    # A day without such lines asks nothing more.
    assert "school_lines" not in str(row_of(school_lines=False)["doubts"])


@pytest.mark.parametrize(("midday", "reason"), [(30.0, "LATE_OUT"), (90.0, "SEVERAL")])
def test_several_obstacles_only_where_no_single_lift_suffices(midday: float, reason: str) -> None:
    # Nothing arrives in time, and the way back takes 75 minutes; in the middle of the day both take `midday`.
    residents = residents_of([100.0], ["z"])
    sites, offers = training_offers(training([{"site_id": "cfa"}]), [WELDER], epsg=EPSG)
    lifted = Counterfactual("midday", np.array([0]), round_trip_of(midday, midday))
    by_car = Counterfactual("car", np.array([0]), round_trip_of(20.0, 20.0))
    late = np.array([[Reason.FIRST_TRIP_TOO_LATE]], np.uint8)
    trip = replace(round_trip_of(np.nan, 75.0), out_reason=late, back_reason=np.zeros((1, 1), np.uint8))
    evidence = Evidence(trip, lifted=(lifted, by_car))
    row = flag_zones(residents, sites, offers=offers, evidence=evidence, question=ASKED).iloc[0]
    assert row["main_reason"] == reason
    # What another way of travelling would do is told apart, and names no obstacle.
    assert (row["lifted_by_car"], row["lifted_by_midday"]) == (1.0, float(midday <= 60))


def round_trip_of(out_min: float, back_min: float) -> RoundTrip:
    return RoundTrip(np.array([[out_min * 60]], np.float32), np.array([[back_min * 60]], np.float32))
