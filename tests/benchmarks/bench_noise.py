"""How often a level called « sûr » changes when the service does: trips dropped at random, and another ordinary day.

Run: ``python tests/benchmarks/bench_noise.py [seeds]``. Aim: at most 0.3 % of the rows called « sûr » change in the
worst of 20 seeds with 5 % of the trips dropped, at most 0.5 % on another ordinary Tuesday.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from geo_access.diagnosis.diagnose import Diagnosis, diagnose
from geo_access.diagnosis.flag import aggregate_flags
from geo_access.diagnosis.points import Evidence, flag_points
from geo_access.network.model import Network
from geo_access.network.timetable.edits import RemoveTrips
from geo_access.network.timetable.scenario import apply_edits
from geo_access.study.file import (
    StudyFile,
    flag_rules,
    read_study_file,
    study_metiers,
    study_profiles,
    study_schedules,
    study_thresholds,
)
from geo_access.study.inputs import StudyInputs, read_inputs
from geo_access.study.network import study_network
from geo_access.times.round_trip import NetworkTimes, connect_points, round_trip

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo" / "study.toml"
DROPPED = 0.05
DAYS = (date(2026, 3, 24), date(2026, 3, 10), date(2026, 4, 14))
KEY = ["zone_id", "metier", "kind", "schedule"]


def base(file: StudyFile, inputs: StudyInputs, network: Network) -> Diagnosis:
    """Diagnose the public without a car, with the week after as the other ordinary day."""
    return diagnose(
        network,
        zones=inputs.zones,
        points=inputs.points,
        membership=inputs.membership,
        metiers=study_metiers(file),
        profiles=[p for p in study_profiles(file, network) if p.uses_transit][:1],
        thresholds=study_thresholds(file),
        schedules=study_schedules(file),
        training=inputs.training,
        employers=inputs.employers,
        rules=flag_rules(file),
        ordinary=[study_network(file, day=date(2026, 3, 31))],
    )


def levels(found: Diagnosis, network: Network) -> pd.Series:
    """Levels of the same questions on another network."""
    frames = []
    times = NetworkTimes(network)
    for (profile, kind, schedule), ask in found.asks.items():
        sites = found.sites[kind]
        connection = connect_points(times, found.residents.xy, sites, ask)
        trip = round_trip(connection, np.arange(len(found.residents.xy)), sites, ask)
        for case in found.cases:
            own = case.profile.id == profile and case.kind == kind
            if not own or (kind == "training" and case.schedule != schedule):
                continue
            points = flag_points(
                found.residents, sites, case.offers, Evidence(trip), threshold=case.threshold, rules=found.rules
            )
            frames.append(
                aggregate_flags(
                    found.residents,
                    sites,
                    case.offers,
                    points,
                    question=case.question,
                    rules=found.rules,
                )
            )
    table = pd.concat([frame.astype(dict.fromkeys([*KEY, "level"], str)) for frame in frames])
    return table.set_index(KEY)["level"]


def dropped(network: Network, seeds: int) -> Iterator[Network]:
    """Yield the network with trips dropped at random, one seed after the other."""
    timetable = network.timetable
    assert timetable is not None
    ids = np.unique(timetable.trip_id[np.asarray(timetable.trip_day) == 0].astype(str))
    for seed in range(seeds):
        lost = np.random.default_rng(seed).random(len(ids)) < DROPPED
        yield apply_edits(network, [RemoveTrips(trip_ids=tuple(ids[lost]))])


def main(seeds: int) -> None:
    """Print the table of noise."""
    file = read_study_file(DEMO)
    inputs, network = read_inputs(file, DEMO), study_network(file)
    found = base(file, inputs, network)
    flags = found.flags.astype(dict.fromkeys([*KEY, "level", "confidence"], str)).set_index(KEY)
    flags = flags[flags["level"] != "sans objet"]
    print(flags["confidence"].value_counts(normalize=True).round(4).to_dict(), len(flags))
    rates: dict[str, list[float]] = {name: [] for name in ("sûr", "probable", "indécidable")}
    for edited in dropped(network, seeds):
        changed = levels(found, edited).reindex(flags.index) != flags["level"]
        for name, shares in rates.items():
            own = changed[flags["confidence"] == name]
            shares.append(float(own.mean()) if len(own) else 0.0)
    for name, shares in rates.items():
        print(f"5 % dropped, {seeds} seeds, {name}: mean {np.mean(shares):.4f}, worst {np.max(shares):.4f}")
    for day in DAYS:
        changed = levels(found, study_network(file, day=day)).reindex(flags.index) != flags["level"]
        told = {name: round(float(changed[flags["confidence"] == name].mean()), 4) for name in rates}
        print(day, told)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
