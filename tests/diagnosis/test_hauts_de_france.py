"""Hauts-de-France with real schools, communes and regional trains: the known facts appear, or the gap is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from geo_access.diagnosis.diagnose import Diagnosis, diagnose
from geo_access.diagnosis.model import Metier, Profile, Schedule, Threshold
from geo_access.diagnosis.zonings import NO_UNIT, Zoning, table_by_zoning
from geo_access.network.build import build_network
from geo_access.network.model import CrowFly
from geo_access.sources.supply.training_education import read_uai_mef_rome
from tests.shared import shared_path

pytestmark = pytest.mark.reference

METIERS = [Metier("F1602", "Électricité bâtiment"), Metier("H1504", "Maintenance"), Metier("K1302", "Aide à domicile")]
INDUSTRIAL_POLES = ("59350", "59183", "59606")  # Lille, Dunkerque, Valenciennes


@pytest.fixture(scope="module")
def communes() -> pd.DataFrame:
    text = {"COM": str, "DEP": str, "ze2020": str}
    table = pd.read_csv(shared_path("hauts_de_france/communes.csv"), dtype=text)
    return table[table["lon"].notna() & table["PMUN"].notna()].reset_index(drop=True)


@pytest.fixture(scope="module")
def courses() -> gpd.GeoDataFrame:
    return read_uai_mef_rome(
        shared_path("hauts_de_france/formations_pro_hdf_2020_uai_mef_rome.csv"),
        schools=shared_path("hauts_de_france/etablissements_secondaires_59_62.csv"),
    )[0]


@pytest.fixture(scope="module")
def found(communes: pd.DataFrame, courses: gpd.GeoDataFrame) -> Diagnosis:
    trains = shared_path("hauts_de_france/ter_hdf_2025-01.zip")
    network = build_network(None, [trains], date=date(2025, 2, 4), crow_fly_detour=1.3, epsg=2154)
    assert isinstance(network.streets, CrowFly)
    speeds = {**network.streets.speeds_kmh, "car": 50.0}
    places = gpd.points_from_xy(communes["lon"], communes["lat"], crs=4326)
    return diagnose(
        replace(network, streets=replace(network.streets, speeds_kmh=speeds)),
        zones=pd.DataFrame({"zone_id": communes["COM"], "zone_name": communes["Commune"]}),
        points=gpd.GeoDataFrame({"point_id": communes["COM"], "population": communes["PMUN"]}, geometry=places),
        membership=pd.DataFrame({"point_id": communes["COM"], "zone_id": communes["COM"]}),
        training=courses,
        metiers=METIERS,
        profiles=[Profile("tc", "sans voiture", "transit"), Profile("car", "voiture", "car")],
        thresholds=[Threshold("t60", "une heure", 60, "training", source="hypothèse de l'étude")],
        schedules=[Schedule("day", "journée", "training", "09:00", "17:00")],
    )


def by_unit(found: Diagnosis, communes: pd.DataFrame, column: str) -> pd.DataFrame:
    units = pd.DataFrame({"point_id": communes["COM"], "unit_id": communes[column]})
    return table_by_zoning(found, units, zoning=Zoning(column, column, "2020", "INSEE"))


def test_a_table_per_metier_by_zone_d_emploi_keeps_every_resident(found: Diagnosis, communes: pd.DataFrame) -> None:
    table = by_unit(found, communes, "ze2020")
    units = communes["ze2020"].nunique(dropna=True) + int(communes["ze2020"].isna().any())
    assert len(table) == units * len(METIERS) * 2
    one = table[(table["profile"] == "tc") & (table["metier"] == "F1602")]
    assert one["residents"].sum() == pytest.approx(communes["PMUN"].sum())
    assert set(table["vintage"]) == {"2020"}


def test_access_falls_from_the_great_centres_to_the_scattered_countryside(
    found: Diagnosis, communes: pd.DataFrame
) -> None:
    table = by_unit(found, communes, "densite7")
    assert NO_UNIT in set(table["zone_id"]) or communes["densite7"].notna().all()
    for profile in ("tc", "car"):
        shares = table[table["profile"] == profile].pivot_table(
            index="zone_id", columns="metier", values="reachable_share", observed=True
        )
        assert (shares.loc["Grands centres urbains"] > shares.loc["Petites villes"]).all()
        assert (shares.loc["Petites villes"] >= shares.loc["Rural à habitat très dispersé"]).all()


def test_higher_levels_gather_at_lille_dunkerque_and_valenciennes(
    courses: gpd.GeoDataFrame, communes: pd.DataFrame
) -> None:
    north = courses[courses["site_id"].str.startswith("059") & courses.geometry.notna()].to_crs(2154)
    poles = communes[communes["COM"].isin(INDUSTRIAL_POLES)]
    poles = gpd.GeoSeries(gpd.points_from_xy(poles["lon"], poles["lat"], crs=4326)).to_crs(2154)
    near = np.min([north.geometry.distance(pole) for pole in poles], axis=0) <= 15_000

    def share(level: pd.Series) -> float:
        places = north["places"].astype(float)
        return float(places[near & level.to_numpy()].sum() / places[level].sum())

    higher, lower = share(north["level"].fillna(0) >= 5), share(north["level"].fillna(9) <= 3)
    # Within 15 km of the three centres, the reach of their agglomerations (Roubaix and Tourcoing with Lille).
    assert higher > 0.5, (higher, lower)
    assert higher > lower


def test_where_no_school_has_a_position_nothing_is_judged_and_it_is_said(
    found: Diagnosis, communes: pd.DataFrame
) -> None:
    flags = found.flags[found.flags["profile"] == "tc"]
    # No school of Aisne, Oise or Somme has a position in the file: Hirson is not measured, and no flag there is sure.
    hirson = flags[flags["zone_id"] == "02381"]
    assert set(hirson["level"]) == {"indécidable"}
    south = flags[flags["zone_id"].isin(communes.loc[communes["DEP"].isin(["02", "60", "80"]), "COM"])]
    assert (south.loc[south["level"] == "indécidable", "unlocated_places"] > 0).any()
    assert not ((south["level"] == "inadéquat") & (south["confidence"] == "sûr")).any()


def test_results_say_that_there_were_no_streets(found: Diagnosis) -> None:
    assert any("straight lines" in str(warning) for warning in found.manifest.warnings)
