"""The isochrones of a study ask what its flags ask: for every public, the same people are within reach."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import Point

from geo_access.crs import to_metric
from geo_access.network.model import CrowFly, Network
from geo_access.routing.public import Profile
from geo_access.routing.query import Window
from geo_access.study.bands import located, study_isochrones
from geo_access.study.file import read_study_file, study_profiles, study_schedules
from geo_access.study.inputs import StudyInputs, read_inputs
from geo_access.study.network import study_network
from geo_access.study.sections import ProfileSection
from geo_access.study.study import demo_study_path
from geo_access.times.round_trip import NetworkTimes

PATH = demo_study_path()
FILE = read_study_file(PATH)
LIMITED = ProfileSection(id="une_ligne", name="", mode="bike+transit", max_access_min=45, max_rides=1)
DEMO = FILE.model_copy(update={"profiles": (*FILE.profiles, LIMITED), "metiers": FILE.metiers[:2]})
PUBLICS = {profile.id: profile for profile in study_profiles(DEMO, Network(2154, CrowFly(2154), None, {}))}


@pytest.fixture(scope="module")
def inputs() -> StudyInputs:
    return read_inputs(FILE, PATH)


@pytest.fixture(scope="module")
def network() -> Network:
    return study_network(FILE)


@pytest.fixture(scope="module")
def times(network: Network) -> NetworkTimes:
    return NetworkTimes(network)


def best_s(times: NetworkTimes, inputs: StudyInputs, public: Profile, metier: str) -> np.ndarray:
    """Shortest way there in time for the schedule, as the flags ask it, float32 (n_points,) [s]."""
    wanted = next(item for item in DEMO.metiers if item.code == metier)
    sites = located(inputs.training, metier)
    sites = sites[sites["level"].isna() | sites["level"].between(wanted.min_level, wanted.max_level)]
    schedule = next(item for item in study_schedules(DEMO) if item.kind == "training")
    query = public.query(arrive=Window(schedule.arrive_s, schedule.arrive_s), max_s=3600)
    points, places = (
        shapely.get_coordinates(to_metric(table, 2154).geometry.to_numpy()) for table in (inputs.points, sites)
    )
    between = times.connect(points, places, query)
    found = between.times(np.arange(len(points)), np.arange(len(places)), query, homeward=False, explain=False)
    return np.nan_to_num(found.seconds[:, :, 0], nan=np.inf).min(axis=1)


@pytest.mark.parametrize("public", PUBLICS)
def test_counts_within_the_areas_are_those_of_the_flags(
    times: NetworkTimes, inputs: StudyInputs, network: Network, public: str
) -> None:
    bands = study_isochrones(DEMO, inputs, network, profile=public)
    people = inputs.points["population"].to_numpy(float)
    xy = shapely.get_coordinates(to_metric(inputs.points, 2154).geometry.to_numpy())
    for metier in DEMO.metiers:
        seconds = best_s(times, inputs, PUBLICS[public], metier.code)
        for minutes, area in zip(bands[metier.code]["minutes"], bands[metier.code].geometry, strict=True):
            inside, by_time = shapely.contains_xy(area, *xy.T), seconds <= 60 * minutes
            # Outlines pass between the centres of 200 m cells: only points beside them may differ.
            assert (inside != by_time).mean() < 0.025, (metier.code, minutes)
            assert people[inside].sum() == pytest.approx(people[by_time].sum(), abs=0.02 * people.sum())


def test_the_limits_of_a_public_count(inputs: StudyInputs, network: Network) -> None:
    """One ride only reaches less than any number; a bicycle as far as 45 minutes reaches more than 20 on foot."""
    drawn = {name: study_isochrones(DEMO, inputs, network, profile=name) for name in ("sans_voiture", "une_ligne")}
    free = study_isochrones(
        DEMO.model_copy(update={"profiles": (LIMITED.model_copy(update={"max_rides": None}),)}), inputs, network
    )
    for code in drawn["une_ligne"]:
        assert drawn["une_ligne"][code].area.iloc[-1] < free[code].area.iloc[-1]
        assert drawn["une_ligne"][code].area.iloc[0] > drawn["sans_voiture"][code].area.iloc[0]


def test_training_at_work_is_a_place_that_one_travels_to() -> None:
    table = gpd.GeoDataFrame(
        {"metier": "M", "modality": ["on_site", "afest", "hybrid", "remote", "mobile"]},
        geometry=[Point(k, 0) for k in range(5)],
        crs=2154,
    )
    assert located(table, "M")["modality"].tolist() == ["on_site", "afest", "hybrid"]
