"""Half an hour or five kilometres: remedies, shifts, observed trips and moved sessions count the distance too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from geo_access.diagnosis.diagnose import Diagnosis, diagnose
from geo_access.diagnosis.employers import employer_transit_test
from geo_access.diagnosis.model import FlagRules, Metier, Profile, Schedule, Threshold
from geo_access.diagnosis.observed import compare_observed
from geo_access.diagnosis.remedies import RemedyLimits, find_remedies, smallest_remedies
from geo_access.diagnosis.service_plan import service_plan
from geo_access.diagnosis.service_remedies import ServiceEngines, try_changes
from geo_access.diagnosis.siting import sessions_for_metier
from geo_access.network.build import build_network
from geo_access.network.model import CrowFly, Network
from geo_access.study.changes import SessionMoved
from geo_access.study.findings import findings
from geo_access.study.prepared import diagnose_assumptions, prepare_study
from geo_access.study.scenario import apply_changes
from geo_access.times.kept import KeptTimes
from geo_access.times.round_trip import NetworkTimes
from tests.diagnosis.fabric import EPSG, WELDER, members, zones
from tests.feeds import ORIGIN_XY, write_feed
from tests.study.drawn_world import degrees, write_world

WALK, CAR = Profile("w", "à pied", "walk"), Profile("car", "voiture", "car")
DAY = Schedule("s", "journée", "training", "09:00", "17:00")
FITTER = Metier("H2914", "Ajustage", "Production")
HALF = Threshold("t", "30 min", 30, "training", source="exemple")
OR_5_KM = replace(HALF, kilometres=5.0, measured="crow_fly")
CROW_FLY = Network(EPSG, CrowFly(EPSG, detour=1.0), None, {})
# Welding is taught at 0, fitting, of the same family, at 10 km; 80 m a minute on foot.
SITES = {"cfa": (0.0, "H2913"), "lycée": (10_000.0, "H2914")}
# Within 5 km of the welders; 25 minutes from the fitters; 56 minutes but 4.5 km; 5.5 km from them, 15.5 from the rest.
HOMES = {"near": 4_000.0, "walk": 12_000.0, "ride": 14_500.0, "far": 15_500.0}


def at(x: float) -> Point:
    return Point(ORIGIN_XY[0] + x, ORIGIN_XY[1])


def points(homes: dict[str, float]) -> gpd.GeoDataFrame:
    table = {"point_id": [f"p{k}" for k in range(len(homes))], "population": 100.0}
    return gpd.GeoDataFrame(table, geometry=[at(x) for x in homes.values()], crs=EPSG)


def diagnosed(threshold: Threshold, profile: Profile = WALK, homes: dict[str, float] | None = None) -> Diagnosis:
    homes = HOMES if homes is None else homes
    training = gpd.GeoDataFrame(
        {
            "site_id": list(SITES),
            "site_name": list(SITES),
            "metier": [metier for _, metier in SITES.values()],
            "level": 3,
            "places": 10,
            "modality": "on_site",
            "position_quality": "exact",
        },
        geometry=[at(x) for x, _ in SITES.values()],
        crs=EPSG,
    )
    return diagnose(
        CROW_FLY,
        zones=zones(*homes),
        points=points(homes),
        membership=members(*[(f"p{k}", zone) for k, zone in enumerate(homes)]),
        metiers=[WELDER, FITTER],
        profiles=[profile],
        thresholds=[threshold],
        schedules=[DAY],
        training=training,
        rules=FlagRules(deadline_spread_s=0),
    )


def smallest(found: Diagnosis, limits: RemedyLimits) -> dict[str, str]:
    table = smallest_remedies(found, NetworkTimes(CROW_FLY), found.case("w", "training"), limits=limits)
    own = table[(table["metier"] == "H2913") & table["smallest"]]
    return dict(zip(own["zone_id"], own["remedy"], strict=True))


# A shared car of 1 m and a weekly trip of ten minutes help nobody here: what is left is the session.
ONLY_SESSIONS = RemedyLimits(covoiturage_km=0.001, weekly_min=10.0)


def test_a_remedy_is_not_sought_where_the_kilometres_make_it_fine_and_a_session_within_them_lifts() -> None:
    found = diagnosed(OR_5_KM)
    lifts = smallest(found, ONLY_SESSIONS)
    assert lifts == {"walk": "session_at_existing_site", "ride": "session_at_existing_site", "far": ""}
    # Without the kilometres: 4 km are 50 minutes on foot, and 4.5 km to the session are 56.
    plain = smallest(diagnosed(HALF), ONLY_SESSIONS)
    assert plain == {"near": "", "walk": "session_at_existing_site", "ride": "", "far": ""}


def one_zone(threshold: Threshold, zone: str) -> pd.DataFrame:
    found = diagnosed(threshold)
    case = found.case("w", "training")
    return find_remedies(
        found, NetworkTimes(CROW_FLY), case, zone_id=zone, metier="H2913", limits=ONLY_SESSIONS
    ).set_index("remedy")


@pytest.mark.parametrize(("zone", "with_km", "without"), [("walk", 1.0, 1.0), ("ride", 1.0, 0.0), ("far", 0.0, 0.0)])
def test_one_zone_alone_is_answered_alike(zone: str, with_km: float, without: float) -> None:
    for threshold, share in ((OR_5_KM, with_km), (HALF, without)):
        table = one_zone(threshold, zone)
        session = table.loc["session_at_existing_site"]
        assert (session["share_before"], session["share_after"]) == (0.0, share)
        assert bool(session["lifts"]) is (share == 1.0)
        # A car that goes no farther than a metre brings nobody anywhere, and takes nobody what is near.
        assert table.loc["covoiturage", "share_after"] == 0.0
    near = one_zone(OR_5_KM, "near")
    assert (near[["share_before", "share_after"]] == 1.0).all().all()
    assert not near["lifts"].any()


def test_sessions_are_planned_for_those_whom_the_kilometres_leave_out() -> None:
    with_km = sessions_for_metier(diagnosed(OR_5_KM), "H2913", profile="w", sessions=1)
    assert with_km[["site_id", "residents_gained", "sites_left"]].to_numpy().tolist() == [["lycée", 200.0, 0]]
    without = sessions_for_metier(diagnosed(HALF), "H2913", profile="w", sessions=1)
    assert without["residents_gained"].tolist() == [100.0]


def test_changes_of_lines_are_sought_for_nobody_within_the_kilometres(tmp_path: Path) -> None:
    # Twenty minutes by bus, and it leaves before one must be there by so much that it takes 58.
    feed = write_feed(
        tmp_path / "feed.zip",
        {"A": (0.0, 0.0), "B": (9_000.0, 0.0)},
        ["A 07:00 B 07:18", "B 17:10 A 17:28"],
    )
    network = build_network(gtfs=feed, date="2026-03-17", crow_fly_detour=1.0, epsg=EPSG)
    employers = gpd.GeoDataFrame(
        {
            "site_id": ["usine"],
            "metier": "H2913",
            "openings": 1,
            "shift_start": "08:00",
            "shift_end": "17:00",
            "position_quality": "exact",
        },
        geometry=[at(9_080)],
        crs=EPSG,
    )
    homes = {"home": -80.0, "two km off": 7_080.0}
    for kilometres, lifted in ((None, ["home", "two km off"]), (2.0, ["home"]), (10.0, [])):
        measured = None if kilometres is None else "crow_fly"
        limit = Threshold("t", "", 24, "job", source="exemple", kilometres=kilometres, measured=measured)
        found = diagnose(
            network,
            zones=zones(*homes),
            points=points(homes),
            membership=members(("p0", "home"), ("p1", "two km off")),
            metiers=[WELDER],
            profiles=[Profile("tc", "", "transit", max_rides=3)],
            thresholds=[limit],
            schedules=[],
            employers=employers,
            rules=FlagRules(deadline_spread_s=0),
        )
        engines, case = ServiceEngines(NetworkTimes(network)), found.case("tc", "job")
        trials = try_changes(found, engines, case)
        assert trials.zones == len(lifted)
        table = smallest_remedies(found, engines.times, case, changes=trials.tried)
        own = table[table["smallest"]].set_index("zone_id")["residents_gained"]
        assert own.index.tolist() == lifted
        if not lifted:
            assert not trials.tried
            continue
        # One bus more there is what home needs: the hundred of home are gained, never those within the distance.
        plan = service_plan(found, engines, case, trials)
        assert plan["residents_gained"].max() == 100.0
        assert plan["residents_lost"].max() == 0.0


def test_shifts_count_whoever_is_within_the_kilometres() -> None:
    employers = gpd.GeoDataFrame(
        {
            "site_id": ["usine"],
            "metier": "H2913",
            "openings": 1,
            "shift_start": "08:00",
            "shift_end": "17:00",
            "position_quality": "exact",
        },
        geometry=[at(0)],
        crs=EPSG,
    )
    homes = {"a": 2_000.0, "b": 4_000.0, "c": 6_000.0}
    found = diagnose(
        CROW_FLY,
        zones=zones(*homes),
        points=points(homes),
        membership=members(("p0", "a"), ("p1", "b"), ("p2", "c")),
        metiers=[WELDER],
        profiles=[WALK],
        thresholds=[replace(OR_5_KM, kind="job")],
        schedules=[],
        employers=employers,
        rules=FlagRules(deadline_spread_s=0),
    )
    # 25, 50 and 75 minutes on foot.
    for kilometres, there, obstacle in ((None, 100, ""), (5.0, 200, ""), (6.0, 300, "")):
        row = employer_transit_test(found, profile="w", limit_min=30, kilometres=kilometres).iloc[0]
        assert (row["candidates_there_and_back"], row["obstacle"]) == (there, obstacle)
        assert row["share_there_and_back"] == pytest.approx(there / 300)
    none = employer_transit_test(found, profile="w", limit_min=20, kilometres=1.5).iloc[0]
    assert (none["served"], none["obstacle"], none["limit_km"]) == (False, "TOO_FAR", 1.5)
    assert employer_transit_test(found, profile="w", limit_min=20, kilometres=2).iloc[0]["obstacle"] == ""
    # The flags of the same question say the same people.
    assert found.case("w", "job").points.reached[:, 0].tolist() == [True, True, False]


def test_observed_trips_within_the_kilometres_are_within_and_a_missing_line_stays_missing() -> None:
    found = diagnosed(OR_5_KM, homes={"a": 0.0, "b": 4_000.0, "c": 6_000.0})
    flows = pd.DataFrame(
        {"home": ["a", "a"], "work": ["b", "c"], "mode": "walk", "people": [30.0, 10.0]},
    )
    for kilometres, share in ((None, 0.0), (5.0, 0.75), (6.0, 1.0)):
        told = compare_observed(
            flows,
            found.residents,
            NetworkTimes(CROW_FLY),
            profiles=[WALK],
            limit_s=1800,
            kilometres=kilometres,
        ).by_mode.iloc[0]
        assert float(told["share_within"]) == pytest.approx(share)
        # On foot there always is a way, within the threshold or not.
        assert told["unreachable"] == 0


def test_free_places_are_shared_among_those_within_either() -> None:
    # Ten places, shared among the hundred at 4 km alone: nobody else is within half an hour or five kilometres.
    with_km = diagnosed(OR_5_KM).flags.astype({"zone_id": str})
    own = with_km[with_km["metier"] == "H2913"].set_index("zone_id")["places_per_100_candidates"]
    assert float(own["near"]) == pytest.approx(10.0)
    without = diagnosed(HALF).flags.astype({"zone_id": str})
    own = without[without["metier"] == "H2913"].set_index("zone_id")["places_per_100_candidates"]
    assert float(own["near"]) == 0.0


def test_a_session_moved_to_within_the_kilometres_counts_for_those_there(tmp_path: Path) -> None:
    path = write_world(tmp_path, seed=1)
    text = path.read_text(encoding="utf-8").replace(
        'id = "t"\n', 'id = "t"\nkilometres = 2\nmeasured = "crow_fly"\n', 1
    )
    text = text.replace('id = "j"\n', 'id = "j"\nkilometres = 3\nmeasured = "crow_fly"\n', 1)
    path.write_text(text.replace("minutes = 30\n", "minutes = 1\n", 1), encoding="utf-8")
    world = prepare_study(path)
    table = world.inputs.training
    assert table is not None
    site = str(table["site_id"].iloc[0])
    lon, lat = degrees(300.0, 200.0)
    assumed = apply_changes(world.assumptions, [SessionMoved(origin=site, name="ailleurs", lon=lon, lat=lat)])
    moved = diagnose_assumptions(assumed, path, kept=KeptTimes())
    case = next(c for c in moved.diagnosis.cases if (c.profile.id, c.kind) == ("bus", "training"))
    residents, sites = moved.diagnosis.residents, moved.diagnosis.sites["training"]
    offers = case.offers
    away_m = np.hypot(*(residents.xy[:, None, k] - sites.xy[None, :, k] for k in (0, 1)))
    trip = moved.diagnosis.times["bus", "training", case.schedule]
    within = (away_m <= 2000) | ((trip.out_s <= 60) & (trip.back_s <= 60))
    for column in range(len(offers.metiers)):
        part = slice(offers.indptr[column], offers.indptr[column + 1])
        enough = within[:, offers.site[part]] @ offers.all_places[part] >= moved.diagnosis.rules.min_opportunities
        assert case.points.reached[:, column].tolist() == enough.tolist()
    assert "+ailleurs" in sites.ids.tolist()
    # The same study's shifts and curves speak of the kilometres of its own thresholds.
    found = findings(world.file, world.inputs, world.kept.on(world.network), world.diagnosis)
    assert found.shifts is not None
    assert set(found.shifts["limit_km"]) == {3.0}
    assert found.curves is not None
    assert set(found.curves["kilometres"].dropna()) == {2.0, 3.0}
