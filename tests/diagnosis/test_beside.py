"""Who is counted, what is published, curves and observed trips: small territories, expectations from arithmetic."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import sparse

from geo_access.diagnosis.curves import reach_curves
from geo_access.diagnosis.diagnose import Diagnosis, diagnose
from geo_access.diagnosis.model import FlagRules, Metier, Profile, Schedule, Threshold
from geo_access.diagnosis.observed import compare_observed
from geo_access.diagnosis.publication import Publication, hold_back, zones_held_back
from geo_access.diagnosis.residents import Residents, read_residents
from geo_access.errors import InputError
from geo_access.measures.measures import time_to_opportunities
from geo_access.network.model import CrowFly, Network
from geo_access.report.beside import curve_table, mismatch_row, observed_lines, observed_table
from geo_access.sources.places.cantons import group_rural, read_cantons, smooth_membership
from geo_access.sources.places.commuting import read_commuting
from geo_access.times.round_trip import NetworkTimes
from tests.report.study import tiny_context
from tests.times.worlds import H, bus, country

# 4.8 km/h is 80 m a minute; detour 1: the walk to the school at 0 takes 10, 20, 30 and 45 minutes.
XY = np.array([(800.0, 0.0), (1600.0, 0.0), (2400.0, 0.0), (3600.0, 0.0)])
PEOPLE = [100, 200, 300, 400]
WALK = Profile("w", "à pied", "walk")
HALF = Threshold("t", "30 min", 30, "training", source="exemple")
DAY = Schedule("s", "journée", "training", "09:00", "17:00")


def points(**columns: object) -> gpd.GeoDataFrame:
    data = {"point_id": list("abcd"), "population": PEOPLE, **columns}
    return gpd.GeoDataFrame(data, geometry=gpd.points_from_xy(*XY.T), crs=2154)


ZONES = pd.DataFrame({"zone_id": ["near", "far", "q"], "zone_kind": ["commune", "commune", "qpv"]})
MEMBER = pd.DataFrame(
    {
        "point_id": ["a", "b", "c", "d", "c"],
        "zone_id": ["near", "near", "far", "far", "q"],
        "share": [1.0, 1.0, 1.0, 1.0, 0.5],
    }
)


def found(rules: FlagRules | None = None, *, threshold: Threshold = HALF, **columns: object) -> Diagnosis:
    school = {"site_id": ["s"], "site_name": ["CFA"], "metier": ["M"], "level": [3], "places": [10], "filled": [4]}
    training = gpd.GeoDataFrame(
        {**school, "modality": ["on_site"], "quality": ["address"]}, geometry=[shapely.Point(0, 0)], crs=2154
    )
    return diagnose(
        Network(2154, CrowFly(2154, detour=1.0), None, {}),
        zones=ZONES,
        points=points(**columns),
        membership=MEMBER,
        metiers=[Metier("M", "Métier")],
        profiles=[WALK],
        thresholds=[threshold],
        schedules=[DAY],
        training=training,
        rules=rules,
    )


def test_the_curve_is_the_share_within_each_number_of_minutes() -> None:
    curve = reach_curves(found(), minutes=(5, 10, 20, 30, 44, 45, 120)).set_index("minutes")
    assert curve["residents"].tolist() == [0, 100, 300, 600, 600, 1000, 1000]
    assert curve["share"].tolist() == [0, 0.1, 0.3, 0.6, 0.6, 1, 1]
    # At the threshold the curve is what the flags count.
    flags = found().flags
    communes = flags[flags["zone_kind"].astype(str) == "commune"]
    reached = (communes["reachable_share"].astype(float) * communes["residents"]).sum()
    assert reached == pytest.approx(curve.loc[30, "residents"])


def test_a_threshold_with_kilometres_has_a_second_curve_and_the_first_says_minutes_alone() -> None:
    or_2_km = replace(HALF, kilometres=2.0, measured="crow_fly")
    curve = reach_curves(found(threshold=or_2_km), minutes=(5, 10, 20, 30, 45))
    alone = curve[curve["kilometres"].isna()]
    assert alone["residents"].tolist() == [0, 100, 300, 600, 1000]
    # The first two live 0.8 and 1.6 km away: they are within whatever the minutes.
    either = curve[curve["kilometres"] == 2]
    assert either["residents"].tolist() == [300, 300, 300, 600, 1000]
    # At the threshold the second curve is what the flags count.
    case = found(threshold=replace(or_2_km, minutes=10)).cases[0]
    assert np.array(PEOPLE)[case.points.reached[:, 0]].sum() == 300
    assert "kilometres" not in reach_curves(found())
    shown = pd.concat([reach_curves(found(threshold=or_2_km))]).assign(metier="A1", profile="p")
    (table,) = curve_table(tiny_context(curves=shown, language="en"), "A1")
    assert table["head"][1:] == ["Sans voiture", "Sans voiture, or within 2 km as the crow flies"]
    assert table["rows"][0] == ["15\u202fminutes", "10\u202f%", "30\u202f%"] or table["rows"][0][1:] == ["10%", "30%"]
    assert "minutes alone count" in table["caption"]


def test_a_metier_that_nobody_teaches_has_a_curve_of_nobody() -> None:
    seconds = time_to_opportunities(np.empty((3, 0)), np.empty(0), n=1)
    assert np.isnan(seconds).tolist() == [True] * 3


@pytest.mark.parametrize(
    ("people", "columns", "share"),
    [
        ("residents", {}, 300 / 700),
        ("job_seekers", {"job_seekers": [1, 1, 10, 30]}, 10 / 40),
        ("youth_16_25", {"youth_16_25": [1, 1, 9, 3]}, 9 / 12),
        ("poor_households", {"poor_households": [1, 1, 0, 3]}, 0.0),
        # Half of c lives in the neighbourhood, nobody of d does.
        ("qpv", {}, 1.0),
    ],
)
def test_the_people_counted_change_the_weights_of_the_levels(
    people: str, columns: dict[str, object], share: float
) -> None:
    flags = found(FlagRules(people=people), **columns).flags.astype({"zone_id": str}).set_index("zone_id")
    assert float(flags.loc["far", "reachable_share"]) == pytest.approx(share)
    assert (flags["people"].astype(str) == people).all()
    level = "adéquat" if share >= 0.8 else "fragile" if share >= 0.5 else "inadéquat"
    assert str(flags.loc["far", "level"]) == level


@pytest.mark.parametrize(
    ("people", "match"), [("youth_16_25", "column that the points do not have"), ("zrr", "there are none")]
)
def test_people_that_the_tables_do_not_tell_are_refused(people: str, match: str) -> None:
    with pytest.raises(InputError, match=match):
        read_residents(points(), MEMBER, ZONES, epsg=2154, people=people)


def test_free_places_are_shared_out_among_all_who_reach_them() -> None:
    flags = found().flags.astype({"zone_id": str}).set_index("zone_id")
    # Six free places, shared among the 600 within half an hour: one for a hundred.
    assert flags["places_allotted"].astype(float).round(5).to_dict() == {"near": 3.0, "far": 3.0, "q": 1.5}
    assert float(flags.loc["near", "places_per_100_candidates"]) == pytest.approx(1.0)


def residents(households: list[float], kinds: list[str]) -> Residents:
    n = len(households)
    return Residents(
        np.arange(n).astype(str).astype(object),
        np.zeros((n, 2)),
        np.full(n, 30.0) + np.arange(n),
        np.full(n, 30.0),
        np.zeros(n, bool),
        np.array([f"z{i}" for i in range(n)], object),
        np.array([f"z{i}" for i in range(n)], object),
        np.array(kinds, object),
        sparse.csr_matrix(np.eye(n)),
        households=np.array(households),
    )


def test_fewer_than_eleven_households_are_not_published_nor_what_would_reveal_them() -> None:
    below, beside = zones_held_back(residents([11, 10, 40, 20], ["commune"] * 4), Publication())
    assert below.tolist() == [False, True, False, False]
    # The total of the communes minus the three others would be the second: the smallest other goes with it.
    assert beside.tolist() == [True, False, False, False]
    below, beside = zones_held_back(residents([5, 10, 40, 20], ["commune"] * 4), Publication())
    assert below.tolist() == [True, True, False, False]
    assert not beside.any()
    below, beside = zones_held_back(residents([5, 10, 40, 20], ["commune"] * 4), Publication(min_households=0))
    assert not below.any()
    # Communes of all kinds share the territory out; a neighbourhood lies in one of them and is of another layer.
    mixed = residents([10, 40, 20, 30], ["urban", "rural", "rural", "qpv"])
    nested = np.eye(4)
    nested[3, 1] = 1.0
    below, beside = zones_held_back(replace(mixed, membership=sparse.csr_matrix(nested)), Publication())
    assert below.tolist() == [True, False, False, False]
    assert beside.tolist() == [False, True, False, False]


def test_the_rows_held_back_keep_the_question_alone() -> None:
    diagnosis = found(households=[30, 30, 6, 4])
    flags, below, beside = hold_back(diagnosis.flags, diagnosis.residents, Publication())
    # Ten households in « far », three in the half of a cell of « q »: the only quarter, and one of two communes.
    assert (below, beside) == (2, 1)
    rows = flags.astype({"zone_id": str}).set_index("zone_id")
    for zone in ("near", "far", "q"):
        assert str(rows.loc[zone, "level"]) == "sans objet"
        assert str(rows.loc[zone, "cause"]) == "HELD_BACK"
        assert rows.loc[zone, ["residents", "reachable_share", "median_time_min", "free_places"]].isna().all()
    assert rows["located_places"].tolist() == [10, 10, 10]
    assert rows["metier"].astype(str).tolist() == ["M", "M", "M"]


def test_rural_communes_go_into_their_canton_and_no_resident_leaves(tmp_path: Path) -> None:
    file = tmp_path / "v_commune_2025.csv"
    file.write_text("TYPECOM,COM,CAN\nCOM,02001,0204\nCOM,02002,0204\nCOM,02003,0205\nCOMD,02009,\n", "utf-8")
    squares = [shapely.box(k, 0, k + 1, 1) for k in range(4)]
    codes = ["02001", "02002", "02003", "59350"]
    zones = gpd.GeoDataFrame({"zone_id": codes, "zone_name": codes, "zone_kind": "commune"}, geometry=squares, crs=2154)
    member = pd.DataFrame({"point_id": list("abcd"), "zone_id": codes, "share": 1.0})
    kept, grouped, said = group_rural(zones, member, read_cantons(file), ["02001", "02002", "02003"])
    assert sorted(kept["zone_id"]) == ["59350", "canton-0204", "canton-0205"]
    assert kept.set_index("zone_id").geometry.area["canton-0204"] == 2.0
    assert grouped.groupby("zone_id")["share"].sum().to_dict() == {"59350": 1.0, "canton-0204": 2.0, "canton-0205": 1.0}
    assert "3 rural communes" in str(said)
    with pytest.raises(InputError, match="no zone is a rural commune"):
        group_rural(zones, member, read_cantons(file), ["99999"])
    # Smoothed over 2 km, points 1 km apart: (1 − 1/4)² = 0.5625 of the weight of the place itself.
    xy = np.array([(0.0, 0.0), (1000.0, 0.0), (9000.0, 0.0), (0.0, 0.0)])
    smoothed = smooth_membership(grouped, np.array(list("abcd"), object), xy, ["canton-0204", "canton-0205"], km=2)
    assert smoothed.groupby("point_id")["share"].sum().round(9).tolist() == [1.0] * 4
    split = grouped.assign(zone_id=["canton-0204", "canton-0205", "canton-0205", "59350"])
    smoothed = smooth_membership(split, np.array(list("abcd"), object), xy, ["canton-0204", "canton-0205"], km=2)
    own = smoothed.set_index(["point_id", "zone_id"])["share"]
    assert own["a", "canton-0205"] == pytest.approx(0.5625 / 1.5625)
    assert own["c", "canton-0205"] == pytest.approx(1.0)


def test_observed_trips_are_read_as_insee_publishes_them(tmp_path: Path) -> None:
    rows = ["02001;02002;6;1.5", "02001;02002;6;2.5", "02001;99999;5;1", "59350;02001;2;3", "02001;02002;Z;1"]
    file = tmp_path / "FD_MOBPRO_2021.csv"
    file.write_text("COMMUNE;DCLT;TRANS;IPONDI\n" + "\n".join(rows) + "\n", "utf-8")
    flows, report = read_commuting(file, communes=["02001"])
    assert flows.to_numpy().tolist() == [["02001", "02002", "transit", 4.0]]
    assert {said.key: dict(said.values)["n"] for said in report.notes} == {
        "flows.elsewhere": 1,
        "flows.abroad": 1,
        "flows.no_mode": 1,
    }
    # Before 2017 code 5 was public transport; without a vintage the codes say nothing.
    old = tmp_path / "FD_MOBPRO_2016.csv"
    old.write_text("COMMUNE;DCLT;TRANS;IPONDI\n02001;02002;5;2\n", "utf-8")
    assert read_commuting(old)[0]["mode"].tolist() == ["transit"]
    nameless = tmp_path / "mobpro.csv"
    nameless.write_text(file.read_text("utf-8"), "utf-8")
    with pytest.raises(InputError, match="nothing tells the vintage"):
        read_commuting(nameless)
    assert len(read_commuting(nameless, vintage="2021")[0])
    plain = tmp_path / "flux.csv"
    plain.write_text("home,work,mode,people\na,b,Transports en commun,7\na,b,vélo,2\n", "utf-8")
    assert read_commuting(plain)[0].to_numpy().tolist() == [["a", "b", "bike", 2.0], ["a", "b", "transit", 7.0]]
    plain.write_text("home,work,mode,people\na,b,montgolfière,7\n", "utf-8")
    with pytest.raises(InputError, match="montgolfière"):
        read_commuting(plain)


def test_trips_that_people_make_and_the_timetable_denies_name_a_missing_feed() -> None:
    # A bus there at 8:00 and back at 17:30 between the first two stops; nothing calls at the third.
    trips = [bus([0, 1], 8 * H), bus([1, 0], round(17.5 * H))]
    network = country(trips, [(0.0, 0.0), (20_000.0, 0.0), (60_000.0, 0.0)])
    homes = residents([20, 20, 20], ["commune"] * 3)
    homes = replace(homes, xy=np.array([(0.0, 50.0), (20_000.0, 50.0), (60_000.0, 50.0)]))
    flows = pd.DataFrame(
        [
            ("z0", "z1", "transit", 40.0),
            ("z0", "z2", "transit", 12.0),
            ("z0", "z9", "transit", 8.0),
            ("z0", "z1", "car", 30.0),
            ("z0", "z1", "motorcycle", 2.0),
        ],
        columns=["home", "work", "mode", "people"],
    )
    limits = {"profiles": [Profile("tc", "", "transit")], "limit_s": 3600.0}
    observed = compare_observed(flows, homes, NetworkTimes(network), **limits)
    table = observed.by_mode.set_index("mode")
    # Arrived at 8:10 for 9:00, home at 17:40: 52 of the 60 are measured, 40 of them within the hour.
    assert table.loc["transit", ["people", "measured", "within", "unreachable"]].tolist() == [60, 52, 40, 12]
    assert float(table.loc["transit", "share_within"]) == pytest.approx(40 / 52)
    # Twenty kilometres at 40 km/h take half an hour.
    assert float(table.loc["car", "share_within"]) == 1.0
    assert table.loc["motorcycle", "measured"] == 0
    assert observed.gaps[["home", "work", "people"]].to_numpy().tolist() == [["z0", "z2", 12.0]]
    assert observed.gaps["reason"].tolist() == ["NO_SERVICE_THAT_DAY"]
    context = tiny_context(observed=observed)
    (said,) = observed_lines(context)
    assert "1 liaison en transports en commun est impossible" in said
    assert "z0 → z2 (12)" in said
    shown = observed_table(context)
    assert shown is not None
    assert shown["rows"][0] == ["en transports en commun", "60", "52", "77\u202f%"]
    assert "Aucune table de trajets observés" in observed_lines(tiny_context())[0]


def test_the_report_shows_the_curve_and_the_mismatch_beside_the_official_class() -> None:
    rows = [("A1", "p", "training", "s", m, 0.0, m / 120) for m in range(5, 125, 5)]
    names = ["metier", "profile", "kind", "schedule", "minutes", "residents", "share"]
    (curve,) = curve_table(tiny_context(curves=pd.DataFrame(rows, columns=names)), "A1")
    assert curve["head"][1:] == ["Sans voiture"]
    assert curve["rows"][3] == ["60\u202fminutes", "50\u202f%"]
    table = pd.DataFrame(
        {
            "metier": ["A1"],
            "mismatch": [0.4],
            "mismatch_corrected": [0.3],
            "mismatch_low": [0.25],
            "mismatch_high": [0.36],
            "official_class": [4],
        }
    )
    ((_, figure, meaning),) = mismatch_row(tiny_context(mismatch=table), "A1")
    assert figure == "30\u202f%"
    assert "40\u202f%" in meaning
    assert "Classe officielle, importée\u202f: 4 sur 5" in meaning
    assert mismatch_row(tiny_context(mismatch=table), "B2")[0][2] == "La table donnée ne nomme pas ce métier."
