"""The demo territory, diagnosed once for all the tests of a process."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from geo_access.diagnosis.diagnose import Diagnosis, diagnose
from geo_access.network.build import build_network
from geo_access.network.model import Network
from geo_access.study.file import (
    StudyFile,
    read_study_file,
    study_metiers,
    study_profiles,
    study_schedules,
    study_thresholds,
)
from geo_access.study.inputs import StudyInputs, read_inputs
from tests.shared import ROOT

DEMO: Path = ROOT / "data" / "demo"


@cache
def study() -> StudyFile:
    return read_study_file(DEMO / "study.toml")


@cache
def inputs() -> StudyInputs:
    return read_inputs(study(), DEMO / "study.toml")


@cache
def network(without: str = "") -> Network:
    feeds = [path for path in study().network.gtfs if path.name != without]
    return build_network(list(study().network.osm), feeds, date=study().study.date, epsg=study().study.epsg)


def diagnosed(built: Network, *, jobs: bool = True) -> Diagnosis:
    tables = inputs()
    return diagnose(
        built,
        zones=tables.zones,
        points=tables.points,
        membership=tables.membership,
        training=tables.training,
        employers=tables.employers if jobs else None,
        metiers=study_metiers(study()),
        profiles=[p for p in study_profiles(study(), built) if p.id in ("sans_voiture", "voiture")],
        thresholds=study_thresholds(study()),
        schedules=study_schedules(study()),
    )


@cache
def diagnosis() -> Diagnosis:
    return diagnosed(network())
