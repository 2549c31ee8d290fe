"""A study on the real Hauts-de-France: 3,787 communes, the courses of 2020, the TER of January 2025."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from geo_access.study.file import checked_changes
from geo_access.study.prepared import prepare_study
from geo_access.study.study import RunSummary, Study
from geo_access.study.whatif import run_scenario
from tests.shared import shared_path

pytestmark = pytest.mark.reference

STUDY = """
[study]
name = "Hauts-de-France, formations industrielles"
territory = "Hauts-de-France"
date = 2025-02-04

[network]
streets = "crow-fly"
detour = 1.3
car_kmh = 55
gtfs = ["{folder}/ter_hdf_2025-01.zip"]

[origins.zones]
file = "{folder}/communes_2018.geojson"
source = "Contours des communes, IGN"
vintage = "2018"

[origins.points]
file = "{folder}/communes.csv"
source = "Populations légales, INSEE"
vintage = "2022"

[training]
file = "{folder}/formations_pro_hdf_2020_uai_mef_rome.csv"
format = "uai_mef_rome"
schools = "{folder}/etablissements_secondaires_59_62.csv"
source = "Éducation nationale, élèves par MEF"
vintage = "2020"

[employers]
file = "{folder}/employers_siae_hdf.csv"
format = "siae"
communes = "{folder}/communes.csv"
naf_rome = "{france}/rome_naf_hirings_2021.csv"
source = "Structures d'insertion (SIAE)"

[[metiers]]
code = "F1602"
name = "Électricité bâtiment"
family = "Exploitation et maintenance"

[[metiers]]
code = "H2902"
name = "Chaudronnerie - tôlerie"
family = "Production et assemblage"

[[metiers]]
code = "H2913"
name = "Soudage manuel"
family = "Production et assemblage"

[[metiers]]
code = "I1304"
name = "Installation et maintenance d'équipements industriels"
family = "Exploitation et maintenance"

[[profiles]]
id = "sans_voiture"
name = "Sans voiture"
mode = "transit"
max_access_min = 30

[[profiles]]
id = "velo_tc"
name = "Vélo et train"
mode = "bike+transit"
max_access_min = 20

[[thresholds]]
id = "ore_2008"
name = "Une heure de trajet"
minutes = 60
kind = "training"
source = "C. trav. L.5411-6-3, rédaction 2008-2018 (historique)"
status = "historique"

[[thresholds]]
id = "ore_2008_emploi"
name = "Une heure de trajet"
minutes = 60
kind = "job"
source = "C. trav. L.5411-6-3, rédaction 2008-2018 (historique)"
status = "historique"

[[schedules]]
id = "journee"
name = "Journée de formation"
kind = "training"
start = "09:00"
end = "17:00"

[[schedules]]
id = "poste"
name = "Journée de travail"
kind = "job"
start = "08:00"
end = "16:00"

[output]
cell_m = 400
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RunSummary:
    folder = shared_path("hauts_de_france")
    path = tmp_path_factory.mktemp("hdf") / "study.toml"
    path.write_text(
        STUDY.format(folder=folder.as_posix(), france=(folder.parent / "france").as_posix()), encoding="utf-8"
    )
    return Study.from_file(path).run(path.parent / "out")


@pytest.fixture(scope="module")
def flags(result: RunSummary) -> pd.DataFrame:
    return pd.read_csv(result.folder / "flags.csv", dtype={"zone_id": str})


def test_no_commune_is_lost(result: RunSummary, flags: pd.DataFrame) -> None:
    communes = pd.read_csv(shared_path("hauts_de_france/communes.csv"), dtype={"COM": str})
    origins = pq.read_table(result.folder / "travel_times.parquet", columns=["origin_id"])["origin_id"]
    assert set(origins.combine_chunks().dictionary_decode().unique().to_pylist()) == set(communes["COM"])
    one = flags[(flags["metier"] == "F1602") & (flags["profile"] == "sans_voiture") & (flags["kind"] == "training")]
    assert len(one) == 3808
    assert set(communes["COM"]) <= set(one["zone_id"])
    assert one["residents"].sum() == pytest.approx(5_995_292, abs=50)


def test_every_pair_has_a_time_or_a_reason(result: RunSummary) -> None:
    table = pq.read_table(result.folder / "travel_times.parquet", columns=["out_s", "back_s", "reason"]).to_pandas()
    timed = table["out_s"].notna() & table["back_s"].notna()
    assert (table.loc[timed, "reason"] == "OK").all()
    assert (table.loc[~timed, "reason"] != "OK").all()


def test_unlocated_courses_are_reported(result: RunSummary) -> None:
    manifest = json.loads((result.folder / "manifest.json").read_text())
    report = next(r for r in manifest["reading"] if "formations_pro" in r["source"])
    assert report["read"] == 4707
    assert report["located"] < report["kept"]
    assert (
        sum(loss["rows"] for loss in report["losses"] if loss["stage"] == "located")
        == report["kept"] - report["located"]
    )
    employers = next(r for r in manifest["reading"] if "siae" in r["source"])
    assert employers["read"] == 471
    assert employers["located"] < 471
    assert manifest["counts"]["sites"]["job"] > 0


def test_schools_taught_in_located_places(result: RunSummary) -> None:
    raw = pd.read_csv(shared_path("hauts_de_france/formations_pro_hdf_2020_uai_mef_rome.csv"), dtype=str)
    romes = raw.melt(["uai"], [f"Code_Rome_{i}" for i in range(1, 6)], value_name="rome").dropna()
    taught = romes.groupby("rome")["uai"].nunique()
    assert [int(taught[code]) for code in ("F1602", "H2902", "H2913", "I1304")] == [80, 28, 15, 9]
    for code in ("F1602", "H2902", "H2913", "I1304"):
        assert (result.folder / "maps" / f"{code}.html").stat().st_size < 5_000_000
        assert (result.folder / "maps" / f"{code}.png").stat().st_size > 50_000


def test_the_thierache_comes_out_worse_than_lille(result: RunSummary, flags: pd.DataFrame) -> None:
    communes = pd.read_csv(shared_path("hauts_de_france/communes.csv"), dtype=str)
    thierache = set(communes.loc[communes["bassin_bmo_nom"] == "HIRSON", "COM"])
    lille = set(communes.loc[communes["bassin_bmo_nom"] == "LILLE", "COM"])
    assert thierache
    assert lille
    rows = flags[(flags["metier"] == "F1602") & (flags["profile"] == "velo_tc") & (flags["kind"] == "training")]

    def share(codes: set[str]) -> float:
        part = rows[rows["zone_id"].isin(codes)]
        return float(np.average(part["reachable_share"].fillna(0), weights=part["residents"]))

    assert share(thierache) < share(lille) - 0.3


def test_it_says_that_distances_are_straight_lines(result: RunSummary) -> None:
    assert any("straight" in str(warning) or "crow" in str(warning) for warning in result.warnings)
    page = (result.folder / "maps" / "F1602.html").read_text(encoding="utf-8")
    assert "vol d" in page


SOUTH = {"80021": "Amiens", "60057": "Beauvais", "60159": "Compiègne"}


def test_the_south_is_not_judged_since_its_schools_stand_nowhere(result: RunSummary, flags: pd.DataFrame) -> None:
    """The file of schools has no position for Aisne, Oise and Somme: nothing is said of electricians there, and why."""
    rows = flags[(flags["metier"] == "F1602") & (flags["kind"] == "training")].set_index(["zone_id", "profile"])
    for code, name in SOUTH.items():
        for profile in ("sans_voiture", "velo_tc"):
            row = rows.loc[code, profile]
            assert (row["zone_name"], row["level"], row["cause"]) == (name, "indécidable", "UNLOCATED_SUPPLY")
            assert row["confidence"] == "indécidable"
    departments = flags["zone_id"].str[:2].isin(("02", "60", "80"))
    wrong = (
        departments & (flags["kind"] == "training") & (flags["level"] == "inadéquat") & (flags["confidence"] == "sûr")
    )
    assert not wrong.any()


def test_towns_without_urban_timetables_are_named_on_the_first_page_and_not_coloured(
    result: RunSummary, flags: pd.DataFrame
) -> None:
    communes = pd.read_csv(shared_path("hauts_de_france/communes.csv"), dtype={"COM": str})
    large = communes[communes["PMUN"] >= 20_000]
    report = (result.folder / "report.html").read_text(encoding="utf-8")
    first_page = report[report.index('id="summary"') : report.index('id="contents"')]
    assert all(name in first_page for name in SOUTH.values())
    # Trains alone tell of no town: every one of them is named, and none is called inadequate for who depends on them.
    named = [name for name in large["Commune"].astype(str) if name in first_page]
    assert len(named) >= 0.9 * len(large)
    riders = flags[flags["zone_id"].isin(large["COM"]) & (flags["profile"] == "sans_voiture")]
    assert not ((riders["level"] == "inadéquat") & (riders["confidence"] == "sûr")).any()
    assert "Aisne" in first_page or "02" in first_page
    page = (result.folder / "maps" / "F1602.html").read_text(encoding="utf-8")
    assert "Non mesuré" in page


def test_a_fifth_of_the_trains_cancelled_helps_nobody(result: RunSummary) -> None:
    base = prepare_study(result.folder.parent / "study.toml")
    fewer = checked_changes([{"change": "cancel_trips", "share": 0.2, "seed": 1}])
    people = run_scenario(base, fewer).delta.people.set_index(["metier", "profile", "kind", "schedule"])
    assert (people["residents_won"] == 0).all()
    # Looked at once: some 71,000 of the 2.16 million without a car who get to a course for electricians.
    lost = people.loc[("F1602", "sans_voiture", "training", "journee")]
    assert lost["residents_lost"] == pytest.approx(71_420, rel=0.02)
    assert lost["reached_after"] == pytest.approx(lost["reached_before"] - lost["residents_lost"])
