"""Where no level is told nothing is proposed, and nothing is told that a level would have told."""

from __future__ import annotations

import geopandas as gpd
import pytest

from geo_access.diagnosis.diagnose import Diagnosis, diagnose
from geo_access.diagnosis.model import FlagRules, Metier
from geo_access.diagnosis.remedies import smallest_remedies
from geo_access.diagnosis.service_remedies import flagged_residents
from geo_access.diagnosis.siting import sessions_for_metier
from geo_access.network.model import CrowFly, Network
from geo_access.study.verdict import supply_notes
from geo_access.times.round_trip import NetworkTimes
from tests.diagnosis.fabric import EPSG, HOUR, WELDER, members, points, training, zones
from tests.diagnosis.test_distance_remedies import DAY, WALK

NETWORK = Network(EPSG, CrowFly(EPSG, detour=1.0), None, {})
FAR, ONLINE = Metier("H2914", "Ajustage", "Production"), Metier("M1805", "Développement", "Production")
# The only site stands 30 km from the two homes: six hours on foot.
ROWS = [
    {"site_id": "s", "site_name": "S", "metier": "H2913", "x": 30_000.0},
    {"site_id": "s", "site_name": "S", "metier": "H2914", "x": 30_000.0},
    {"site_id": "web", "site_name": "Web", "metier": "M1805", "modality": "remote", "x": float("nan")},
    {"site_id": "lost", "site_name": "?", "metier": "H2914", "x": float("nan")},
]


def table() -> gpd.GeoDataFrame:
    return training(ROWS)


def found() -> Diagnosis:
    return diagnose(
        NETWORK,
        zones=zones("a", "b"),
        points=points([100.0, 100.0]),
        membership=members(("p0", "a"), ("p1", "b")),
        metiers=[WELDER, ONLINE],
        profiles=[WALK],
        thresholds=[HOUR],
        schedules=[DAY],
        training=table(),
        rules=FlagRules(deadline_spread_s=0),
    )


def test_what_is_only_taught_at_a_distance_is_no_flag_to_lift() -> None:
    diagnosis = found()
    case = diagnosis.case("w", "training")
    flags = diagnosis.flags.astype({"metier": str, "level": str, "cause": str}).set_index("metier")
    assert set(flags.loc["M1805", "level"]) == {"sans objet"}
    assert set(flags.loc["M1805", "cause"]) == {"ONLY_REMOTE"}
    assert set(flags.loc["H2913", "level"]) == {"inadéquat"}
    assert diagnosis.has_level(case).tolist() == [[True, False], [True, False]]
    remedies = smallest_remedies(diagnosis, NetworkTimes(NETWORK), case)
    assert set(remedies["metier"]) == {"H2913"}
    assert flagged_residents(diagnosis, case, case.points.reached).tolist() == [[100, 0], [100, 0]]
    # A session might be held: it lifts no zone that is not flagged.
    pytest.importorskip("spopt")
    plan = sessions_for_metier(diagnosis, "M1805", profile="w", sessions=1)
    assert plan["zones_lifted"].sum() == 0


def test_only_rows_that_one_travels_to_lack_a_position() -> None:
    (said,) = supply_notes({"training": table()}, points([1.0]), [WELDER, FAR, ONLINE])
    assert said.key == "coverage.training.unlocated"
    assert dict(said.values) == {"n": 1, "all": 3}
