"""What is read from a diagnosis: remedies, employers, supply adequacy, tables — on minutes counted by hand."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from geo_access.clock import parse_clock
from geo_access.diagnosis.diagnose import Diagnosis, diagnose, diagnose_with
from geo_access.diagnosis.employers import employer_transit_test
from geo_access.diagnosis.evidence import TimesSources
from geo_access.diagnosis.model import Asked, Metier
from geo_access.diagnosis.publication import Publication
from geo_access.diagnosis.remedies import RemedyLimits, equipped_sites, find_remedies, smallest_remedies
from geo_access.diagnosis.service_remedies import TriedChange
from geo_access.diagnosis.siting import sessions_for_metier
from geo_access.diagnosis.supply import job_offers, training_offers
from geo_access.diagnosis.supply_adequacy import basin_need, employer_need, filling_rate, supply_adequacy
from geo_access.diagnosis.zonings import NO_UNIT, Zoning, table_by_zoning
from geo_access.errors import InputError
from geo_access.network.model import CrowFly, Network
from geo_access.routing.query import Query

from .fabric import (
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

NURSE = Metier("J1506", "Soins infirmiers", "Santé")
LIFTED = {"bike+transit": 50.0, "car": 20.0}


def town(**columns: object) -> tuple[Diagnosis, TableTimes]:
    """Two zones of 100; welding taught 66 minutes away from the first, nursing 20 minutes away."""
    residents = residents_of([100.0, 40.0, 60.0], ["near", "far", "far"], **columns)
    rows = [{"site_id": "weld", "x": 9e3}, {"site_id": "care", "x": 1e3, "metier": "J1506", "places": 20}]
    sites, offers = training_offers(training(rows), [WELDER, NURSE], epsg=EPSG)

    def minutes(query: Query, there: bool) -> list[list[float]]:
        far = LIFTED.get(query.mode, 66.0)
        return [[30.0, 10.0], [far, 20.0], [far, 20.0]]

    times = TableTimes(residents.xy, sites.xy, minutes)
    found = diagnose_with(
        TimesSources(times),
        residents=residents,
        supply={"training": (sites, offers)},
        asked=Asked([TRANSIT], [HOUR], [DAY], RULES),
    )
    return found, times


def test_remedies_are_recomputed_and_the_smallest_comes_first() -> None:
    found, times = town()
    # An earlier trip brings the last of the three points: 60 of the 100 residents of its zone.
    reached = np.array([[True, True], [False, True], [True, True]])
    earlier = TriedChange("trip_on_a_line", (), "12", "t", "07:10", "12: 07:10", reached)
    case = found.case("tc", "training")
    table = find_remedies(found, times, case, zone_id="far", metier="H2913", changes=[earlier]).set_index("remedy")
    # By what they ask of others; other hours change nothing in this table of minutes.
    lifting = ["bike_to_the_stop", "covoiturage", "session_at_existing_site", "weekly_stay"]
    assert table.index[table["lifts"]].tolist() == lifting
    # A longer threshold is told, and lifts nothing: it is the ruler that changes.
    assert table.loc["longer_threshold", ["detail", "share_after", "lifts"]].tolist() == ["66 min (+6)", 1.0, False]
    assert table.index[-1] == "longer_threshold"
    # The earlier trip brings 60 of 100: fragile, not lifted, and therefore behind.
    assert table.loc["trip_on_a_line", ["share_after", "residents_gained", "level_after"]].tolist() == [
        0.6,
        60.0,
        "fragile",
    ]
    assert table.loc["session_at_existing_site", "detail"].startswith("care")


def test_covoiturage_stops_at_80_km() -> None:
    found, times = town()
    short = find_remedies(
        found,
        times,
        found.case("tc", "training"),
        zone_id="far",
        metier="H2913",
        limits=RemedyLimits(covoiturage_km=1.0),
    ).set_index("remedy")
    assert not short.loc["covoiturage", "lifts"]


def test_remedies_of_what_was_not_diagnosed_are_refused() -> None:
    found, times = town()
    case = found.case("tc", "training")
    for change in ({"zone_id": "nowhere"}, {"metier": "X"}):
        with pytest.raises(InputError):
            find_remedies(found, times, case, **({"zone_id": "far", "metier": "H2913"} | change))
    for profile, kind in (("bike", "training"), ("tc", "job"), ("nobody", "training")):
        with pytest.raises(InputError):
            found.case(profile, kind)


def test_the_remedy_of_every_flag_is_the_one_that_asks_least() -> None:
    found, times = town()
    table = smallest_remedies(found, times, found.case("tc", "training"))
    assert table[["zone_id", "metier", "remedy", "detail"]].to_numpy().tolist() == [
        ["far", "H2913", "bike_to_the_stop", "bike+transit"]
    ]

    # Where it is too steep and nobody drives, other hours are asked of the centre: here half an hour later.
    def later(query: Query, there: bool) -> list[list[float]]:
        window = query.arrive or query.depart
        moved = query.mode == "transit" and window.start_s in (parse_clock("08:55"), parse_clock("17:35"))
        return [[30.0, 10.0], *[[50.0 if moved else 66.0, 20.0]] * 2]

    hours = smallest_remedies(found, replace(times, minutes=later), found.case("tc", "training"))
    assert hours[["remedy", "detail"]].to_numpy().tolist() == [["hours_moved", "+30 min"]]
    # And where hours do not help either, a session at a site that is equipped for the level of the métier.
    hilly = replace(times, minutes=lambda q, _: [[30.0, 10.0], *[[66.0, 20.0]] * 2])
    by_site = smallest_remedies(found, hilly, found.case("tc", "training"))
    assert by_site[["remedy", "detail", "share_after", "residents_gained"]].to_numpy().tolist() == [
        ["session_at_existing_site", "care (care)", 1.0, 100.0]
    ]


def test_a_session_is_never_proposed_where_neither_family_nor_level_is_taught() -> None:
    engineer = Metier("H1206", "Ingénieur", "Études", min_level=7, max_level=7)
    welder = Metier("H2913", "Soudage", "Production", min_level=3, max_level=4)
    fitter = Metier("H2902", "Chaudronnerie", "Production", min_level=3, max_level=5)
    rows = [
        {"site_id": "school", "x": 0.0, "metier": "H1206", "level": 7},
        {"site_id": "shop", "x": 1.0, "metier": "H2902", "level": 4},
        {"site_id": "weld", "x": 2.0, "metier": "H2913", "level": 3},
    ]
    sites, offers = training_offers(training(rows), [engineer, welder, fitter], epsg=EPSG)
    family, level = equipped_sites(offers, 1, len(sites))
    assert sorted(sites.ids[family]) == ["shop", "weld"]
    assert sites.ids[level].tolist() == []


def test_a_new_session_is_sited_where_it_unflags_most() -> None:
    found, _ = town()
    table = sessions_for_metier(found, "H2913", profile="tc", sessions=1)
    columns = ["site_id", "residents_gained", "share_served", "zones_lifted", "residents_unflagged"]
    assert table[columns].to_numpy().tolist() == [["care", 100.0, 1.0, 1, 100.0]]
    assert sessions_for_metier(found, "J1506", profile="tc", sessions=1).empty
    with pytest.raises(InputError):
        sessions_for_metier(found, "X", profile="tc", sessions=1)


def test_a_profile_without_a_threshold_of_its_mode_is_said() -> None:
    walkers = replace(HOUR, mode="walk")
    network = Network(EPSG, CrowFly(EPSG), None, {})
    with pytest.raises(InputError, match="none applies to profile 'tc'"):
        diagnose(
            network,
            zones=zones("z"),
            points=points([1.0]),
            membership=members(("p0", "z")),
            metiers=[WELDER],
            training=training([{"site_id": "a"}]),
            profiles=[TRANSIT],
            thresholds=[walkers],
            schedules=[DAY],
        )


def shifts() -> Diagnosis:
    """Three employers: one at 05:00 without a bus, one without a way back, one served; two points of 30 and 70."""
    residents = residents_of([30.0, 70.0], ["a", "b"])
    table = gpd.GeoDataFrame(
        {
            "site_id": ["dawn", "late", "day"],
            "metier": "H2913",
            "openings": [1, 1, 1],
            "shift_start": ["05:00", "14:00", "09:00"],
            "shift_end": ["13:00", "22:00", "17:00"],
        },
        geometry=[Point(710_000 + i, 7_000_000) for i in range(3)],
        crs=EPSG,
    )
    sites, offers = job_offers(table, [WELDER], epsg=EPSG)

    def minutes(query: Query, there: bool) -> list[list[float]]:
        window = query.arrive or query.depart
        dawn = NONE if there and window.start_s < parse_clock("06:00") else 25.0
        late = 25.0 if there or window.start_s < parse_clock("21:00") else NONE
        return [[dawn, late, 20.0], [dawn, late, 50.0]]

    return diagnose_with(
        TimesSources(TableTimes(residents.xy, sites.xy, minutes)),
        residents=residents,
        supply={"job": (sites, offers)},
        asked=Asked([TRANSIT], [JOB_HOUR], [], RULES),
    )


def test_employers_that_transit_cannot_serve_are_listed_with_their_obstacle() -> None:
    found = employer_transit_test(shifts(), profile="tc", limit_min=30).set_index("site_id")
    assert found["obstacle"].to_dict() == {"dawn": "NEVER_THERE", "late": "NO_WAY_BACK", "day": ""}
    assert found["served"].tolist() == [False, False, True]
    assert found.loc["day", "share_there_and_back"] == pytest.approx(0.3)
    assert found.loc["late", ["candidates_there", "candidates_there_and_back"]].tolist() == [100.0, 0.0]
    own = employer_transit_test(shifts(), profile="tc", limit_min=30, candidates=np.array([1.0, 1.0]))
    assert own.set_index("site_id").loc["day", "share_there_and_back"] == pytest.approx(0.5)
    nobody = employer_transit_test(shifts(), profile="tc", limit_min=30, candidates=np.zeros(2))
    assert nobody["share_there_and_back"].isna().all()


def test_three_components_stand_side_by_side() -> None:
    found, _ = town()
    case = found.cases[0]
    need = pd.DataFrame({"metier": ["H2913", "J1506"], "zone_id": ["far", "near"], "need": [8.0, 4.0]})
    spread = basin_need(need, case, found.residents)
    assert spread["need_near"].tolist() == [0.0, 4.0]
    rates = pd.DataFrame({"metier": ["H2913"], "employment_rate": [0.61], "employment_source": ["InserJeunes 2022"]})
    placed = pd.DataFrame({"metier": ["H2913", "J1506"], "placed": [5, 30]})
    table = supply_adequacy(case, found.residents, need=spread, employment=rates, candidates=placed).set_index("metier")
    assert table.loc["H2913", "share_candidates_near"] == pytest.approx(0.5)
    assert table.loc["H2913", "share_need_near"] == 0.0
    # All ten places are within reach of the hundred who can; eight are needed.
    assert table.loc["H2913", "places_per_need"] == pytest.approx(10 / 8, rel=1e-5)
    assert table.loc["J1506", "filling_rate"] == pytest.approx(1.5)
    assert table.loc["H2913", "employment_rate"] == 0.61
    assert pd.isna(table.loc["J1506", "employment_rate"])
    assert not any("score" in c or "composite" in c for c in table.columns)
    # On the far territory alone nobody reaches welding.
    alone = supply_adequacy(case, found.residents, need=spread, zones=["far"]).set_index("metier")
    assert alone["share_candidates_near"].tolist() == [0.0, 1.0]
    family = supply_adequacy(case, found.residents, need=spread, by="family").set_index("family")
    assert family.loc["Production", "need"] == 8.0


def test_need_at_employers_counts_only_what_lies_near_a_suitable_session() -> None:
    jobs = gpd.GeoDataFrame(
        {
            "site_id": ["e1", "e2", "e3"],
            "metier": "H2913",
            "openings": [5, 3, 2],
            "shift_start": "09:00",
            "shift_end": "17:00",
        },
        geometry=[Point(710_000, 7e6), Point(720_000, 7e6), None],
        crs=EPSG,
    )
    metiers = [replace(WELDER, max_level=4)]
    _, offered = job_offers(jobs, metiers, epsg=EPSG)
    rows = [{"site_id": "cap", "x": 0.0, "level": 3}, {"site_id": "ecole", "x": 1.0, "level": 7}]
    sites, taught = training_offers(training(rows), metiers, epsg=EPSG)
    assert sites.ids.tolist() == ["cap"]
    need = employer_need(offered, taught, np.array([[600.0], [5000.0]]), limit_s=3600)
    assert need.to_numpy().tolist() == [["H2913", 10, 5]]


def test_nothing_needed_and_nothing_offered_divide_by_nothing() -> None:
    assert np.isnan(filling_rate(np.array([3.0]), np.array([0.0]))).all()
    found, _ = town()
    none = pd.DataFrame({"metier": ["H2913"], "need": [0.0], "need_near": [0.0]})
    table = supply_adequacy(found.cases[0], found.residents, need=none).set_index("metier")
    assert table.loc["H2913", "places_per_need"] is pd.NA
    assert table.loc["J1506", "share_need_near"] is pd.NA


def test_tables_regroup_points_and_hold_small_numbers_back() -> None:
    found, _ = town()
    units = pd.DataFrame(
        {"point_id": ["p0", "p1", "p2"], "unit_id": ["north", "north", "south"], "unit_name": ["N", "N", "S"]}
    )
    epci = Zoning("epci", "EPCI", "2024", "test")
    table = table_by_zoning(found, units, zoning=epci)
    welding = table[table["metier"] == "H2913"].set_index("zone_id")
    # North: 100 of 140 reach welding.
    assert welding.loc["north", "reachable_share"] == pytest.approx(100 / 140)
    assert welding.loc["north", ["level", "residents"]].tolist() == ["fragile", 140.0]
    assert set(table["vintage"]) == {"2024"}
    # South has fewer than 80; the total would tell it if north stood alone.
    held = table_by_zoning(found, units, zoning=epci, publication=Publication(min_residents=80))
    assert set(held["cause"]) == {"HELD_BACK"}
    assert held["residents"].isna().all()
    with pytest.raises(InputError, match="unknown"):
        table_by_zoning(found, units.assign(point_id="x"), zoning=epci)
    # Who stands in no unit stays in the table.
    outside = table_by_zoning(found, units.assign(unit_id=["north", None, "south"]), zoning=epci)
    assert outside.groupby("zone_id")["residents"].first().sum() == pytest.approx(found.residents.population.sum())
    assert NO_UNIT in set(outside["zone_id"])


def test_points_are_given_with_their_reasons() -> None:
    found, _ = town()
    frame = found.point_frame()
    assert len(frame) == 6
    far = frame[(frame["metier"] == "H2913") & ~frame["reached"]]
    assert set(far["reason"]) == {"SLOW_BOTH"}
    assert (far["out_lack_min"] > 0).all()
