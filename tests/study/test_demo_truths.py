"""The planted truths of the demo territory come out of the engine, not only of the files."""

from __future__ import annotations

import json
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from geo_access.diagnosis.diagnose import diagnose
from geo_access.diagnosis.model import Metier, Profile, Schedule, Threshold
from geo_access.network.build import build_network
from geo_access.network.model import Network
from geo_access.sources.places.population import assign_zones, read_population
from geo_access.sources.places.zones import read_zones
from geo_access.sources.supply.employers import read_employers
from geo_access.sources.supply.training import read_training
from geo_access.study.file import StudyFile, read_study_file
from geo_access.study.inputs import read_inputs
from tests.shared import ROOT

DEMO = ROOT / "data" / "demo"
TRUTHS = json.loads((DEMO / "truths.json").read_text(encoding="utf-8"))["truths"]
NEIGHBOUR = "gtfs_voisinie.zip"


@pytest.fixture(scope="module")
def study() -> StudyFile:
    return read_study_file(DEMO / "study.toml")


def network_of(study: StudyFile, *, without: str = "") -> Network:
    feeds = [path for path in study.network.gtfs if path.name != without]
    return build_network(list(study.network.osm), feeds, date=study.study.date, epsg=study.study.epsg)


@pytest.fixture(scope="module")
def network(study: StudyFile) -> Network:
    return network_of(study)


def flags(
    study: StudyFile,
    network: Network,
    zone_ids: Sequence[str],
    *,
    kind: str = "training",
    schedule: str,
    mode: str = "transit",
) -> pd.DataFrame:
    """Return the flags of some zones, one row per zone and métier, for one profile and one schedule."""
    zones = read_zones(DEMO / "zones.geojson")
    zones = zones[zones["zone_id"].isin(zone_ids)]
    points, _ = read_population(DEMO / "points.csv", crs=4326, weights={"job_seekers": "job_seekers"})
    inside = gpd.sjoin(points, zones[["geometry"]].to_crs(points.crs), predicate="within")["point_id"]
    points = points[points["point_id"].isin(inside)].reset_index(drop=True)
    tables = {
        "training": ("training", read_training(DEMO / "training.csv", crs=4326)[0]),
        "job": ("employers", read_employers(DEMO / "employers.csv", crs=4326)[0]),
    }
    name, table = tables[kind]
    found = diagnose(
        network,
        zones=zones,
        points=points,
        membership=assign_zones(points, zones),
        metiers=[Metier(m.code, m.name, m.family, m.min_level, m.max_level) for m in study.metiers],
        profiles=[Profile("p", "", mode)],
        thresholds=[Threshold(t.id, t.name, t.minutes, t.kind, t.source) for t in study.thresholds if t.kind == kind],
        schedules=[Schedule(s.id, s.name, s.kind, s.start, s.end) for s in study.schedules if s.id == schedule],
        **{name: table},
    ).flags
    return found[found["schedule"] == schedule].set_index(["zone_id", "metier"])


def share(rows: pd.DataFrame, zone_id: str, metier: str, reason: str) -> float:
    return float(rows.loc[(zone_id, metier), f"share_{reason.lower()}"])


@pytest.fixture(scope="module")
def training_flags(study: StudyFile, network: Network) -> pd.DataFrame:
    zone_ids = [
        *TRUTHS["plateau_beyond_by_car"]["zone_ids"],
        *(TRUTHS[name]["zone_id"] for name in ("walk_too_long", "no_return", "car_only", "border_gain")),
    ]
    return flags(study, network, zone_ids, schedule="journee_formation")


def test_nobody_in_fergny_gets_to_the_laminoirs_at_five(study: StudyFile, network: Network) -> None:
    truth = TRUTHS["industrial_zone_at_five"]
    rows = flags(study, network, [truth["zone_id"]], kind="job", schedule="poste_matin")
    for metier in ("H2902", "H2913"):
        assert rows.loc[(truth["zone_id"], metier), "level"] == "inadéquat"
        assert share(rows, truth["zone_id"], metier, truth["reason"]) > 0.9


def test_the_plateau_is_beyond_the_threshold_even_by_car(training_flags: pd.DataFrame) -> None:
    truth = TRUTHS["plateau_beyond_by_car"]
    for zone_id in truth["zone_ids"]:
        assert float(training_flags.loc[(zone_id, truth["metier"]), f"lifted_by_{truth['not_lifted_by']}"]) == 0.0


def test_no_car_beats_the_free_flow_time_that_the_script_counts(study: StudyFile, network: Network) -> None:
    truth = TRUTHS["plateau_beyond_by_car"]
    rows = flags(study, network, truth["zone_ids"], schedule="journee_formation", mode="car")
    least = rows.xs(truth["metier"], level="metier")["median_time_min"].astype(float).min()
    assert least > truth["least_min"] * 0.97


def test_the_peninsula_walks_too_long(training_flags: pd.DataFrame) -> None:
    truth = TRUTHS["walk_too_long"]
    for metier in ("F1602", "H2902", "I1304", "J1501"):
        assert share(training_flags, truth["zone_id"], metier, truth["reason"]) == 1.0


def test_saint_aubrac_has_no_way_back(training_flags: pd.DataFrame) -> None:
    truth = TRUTHS["no_return"]
    for metier in truth["metiers"]:
        assert share(training_flags, truth["zone_id"], metier, truth["reason"]) == 1.0


def test_les_essarts_has_nothing_but_the_car(training_flags: pd.DataFrame) -> None:
    truth = TRUTHS["car_only"]
    for metier in ("F1602", "H2902", "I1304", "J1501", "N4101"):
        assert share(training_flags, truth["zone_id"], metier, truth["reason"]) == 1.0


def test_the_full_metier_is_full_everywhere(training_flags: pd.DataFrame) -> None:
    truth = TRUTHS["supply_full"]
    rows = training_flags.xs(truth["metier"], level="metier")
    reached = rows[rows["reachable_share"] > 0]
    assert (reached["saturation"] == truth["saturation"]).all()


def test_brugelle_gains_with_the_neighbours_feed(study: StudyFile, training_flags: pd.DataFrame) -> None:
    truth = TRUTHS["border_gain"]
    alone = network_of(study, without=NEIGHBOUR)
    before = flags(study, alone, [truth["zone_id"]], schedule="journee_formation")
    for metier in truth["metiers"]:
        assert float(before.loc[(truth["zone_id"], metier), "reachable_share"]) == 0.0
        assert float(training_flags.loc[(truth["zone_id"], metier), "reachable_share"]) > 0.9


def test_the_border_stops_are_one_place(network: Network) -> None:
    timetable = network.timetable
    assert timetable is not None
    for name in TRUTHS["border_gain"]["duplicated_stops"]:
        assert np.sum(timetable.stop_name == name) >= 2
    assert any("of different feeds are one place" in str(note) for note in timetable.notes)


def test_the_night_bus_of_the_day_before_brings_the_five_o_clock_shift(study: StudyFile, network: Network) -> None:
    rows = flags(study, network, [TRUTHS["night_bus"]["zone_id"]], kind="job", schedule="poste_matin")
    assert float(rows.loc[(TRUTHS["night_bus"]["zone_id"], "N4101"), "reachable_share"]) > 0.8


def test_the_need_of_welders_is_that_of_their_families(study: StudyFile) -> None:
    truth = TRUTHS["need"]
    need = read_inputs(study, DEMO / "study.toml").beside.need
    assert need is not None
    assert need.accounts is not None
    assert need.shifts is not None
    rows = need.table.set_index(["metier", "basin"])
    welders = rows.loc[(truth["metier"], truth["basin"])]
    assert welders["projects"] == truth["projects"]
    assert welders["difficult_share"] == pytest.approx(truth["difficult_share"])
    least = rows.loc[(truth["metier"], truth["at_least"]["basin"]), ["projects", "projects_state"]]
    assert least.tolist() == [truth["at_least"]["projects"], "at_least"]
    secret = rows.loc[(truth["secret"]["metier"], truth["secret"]["basin"])]
    assert secret["projects_state"] == "secret"
    assert np.isnan(secret["projects"])
    assert set(rows.loc[truth["no_line"], "projects_state"]) == {"no_line"}
    account = need.accounts.set_index("basin").loc[truth["account"]["basin"]]
    for name in ("projects", "of_others", "without_rome"):
        assert account[name] == truth["account"][name]
    assert account["projects"] == account[["of_study", "of_others", "without_rome"]].sum()
    # The six QPV take the basin of the commune that they lie in; who is on call has no hours.
    assert need.basins is not None
    assert need.basins["basin"].notna().all()
    assert (need.basins["found_by"] == "position").sum() == 6
    assert need.shifts.loc[need.shifts["metier"] == truth["on_call"], "start"].isna().all()
