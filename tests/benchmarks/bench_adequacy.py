"""Flags with reasons and confidence once times exist: 10,000 zones × 50 métiers × 3 profiles.

Run: ``python tests/benchmarks/bench_adequacy.py [zones]``. The target is 10 s and 1.5 GB with all of them.
"""

from __future__ import annotations

import platform
import resource
import statistics
import sys
import time

import numpy as np
import pandas as pd
from access.fca import two_stage_fca
from scipy import sparse

from geo_access.diagnosis.flag import concat_flags, flag_zones
from geo_access.diagnosis.lifts import Counterfactual
from geo_access.diagnosis.model import FlagRules, Metier, Profile, Question, Threshold
from geo_access.diagnosis.points import Evidence
from geo_access.diagnosis.residents import Residents
from geo_access.diagnosis.supply import Offers
from geo_access.measures.competition import two_step_fca
from geo_access.times.round_trip import RoundTrip, Sites

N_ZONES, POINTS_PER_ZONE, N_SITES, N_METIERS, OFFERS_PER_METIER = 10_000, 3, 300, 50, 30
PROFILES = ("transit", "bike+transit", "car")
THRESHOLD = Threshold("t60", "une heure", 60, "training", source="benchmark")


def territory(rng: np.random.Generator, n_zones: int = N_ZONES) -> tuple[Residents, Sites, Offers]:
    """Random points, zones, sites and offers over 200 km."""
    n_points = n_zones * POINTS_PER_ZONE
    population = rng.integers(1, 200, n_points).astype(float)
    zone = np.repeat(np.arange(n_zones), POINTS_PER_ZONE)
    names = np.array([f"z{i}" for i in range(n_zones)], dtype=object)
    residents = Residents(
        np.array([f"p{i}" for i in range(n_points)], dtype=object),
        rng.uniform(0, 200_000, (n_points, 2)),
        population,
        population,
        rng.random(n_points) < 0.1,
        names,
        names,
        np.full(n_zones, "commune", dtype=object),
        sparse.csr_matrix((np.ones(n_points), (zone, np.arange(n_points)))),
    )
    ids = np.array([f"s{i}" for i in range(N_SITES)], dtype=object)
    n_offers = N_METIERS * OFFERS_PER_METIER
    places = rng.integers(5, 60, n_offers)
    zero = np.zeros(N_METIERS, dtype=np.int64)
    offers = Offers(
        tuple(Metier(f"M{i:02d}") for i in range(N_METIERS)),
        np.arange(0, n_offers + 1, OFFERS_PER_METIER),
        np.concatenate([rng.choice(N_SITES, OFFERS_PER_METIER, replace=False) for _ in zero]).astype(np.int32),
        places,
        places + rng.integers(0, 2, n_offers) * 10,
        rng.random(n_offers) < 0.9,
        zero,
        zero,
        zero,
    )
    return residents, Sites(ids, ids, rng.uniform(0, 200_000, (N_SITES, 2))), offers


def trip(rng: np.random.Generator, residents: Residents, sites: Sites, speed_m_s: float) -> RoundTrip:
    """Times from straight lines with noise; a fifth of the pairs have no way back."""
    d = np.hypot(*(residents.xy[:, None, k] - sites.xy[None, :, k] for k in (0, 1)))
    out_s = (d / speed_m_s * rng.uniform(1.0, 1.5, d.shape)).astype(np.float32)
    back_s = np.where(rng.random(d.shape) < 0.2, np.nan, out_s * 1.05).astype(np.float32)
    return RoundTrip(out_s, back_s, out_s * np.float32(0.9), out_s * np.float32(1.2))


def competition() -> None:
    """Two-step floating catchments beside PySAL `access`, on 2,000 origins × 200 sites; equal before timed."""
    rng = np.random.default_rng(7)
    seconds = rng.uniform(60, 7200, (2000, 200))
    people, places = rng.integers(1, 500, 2000).astype(float), rng.integers(1, 50, 200).astype(float)
    index = pd.RangeIndex(2000, name="geoid")
    demand, supply = pd.DataFrame({"demand": people}, index), pd.DataFrame({"supply": places}, index[:200])
    origin, destination = (axis.ravel() for axis in np.indices(seconds.shape))
    table = pd.DataFrame({"origin": origin, "dest": destination, "cost": seconds.ravel()})

    def theirs() -> np.ndarray:
        found = two_stage_fca(demand, supply, table, max_cost=3600, demand_name="demand", supply_name="supply")
        return found.reindex(index).fillna(0).to_numpy()

    def ours() -> np.ndarray:
        return two_step_fca(seconds, places, people, cutoff_s=3600)

    np.testing.assert_allclose(ours(), theirs())
    medians = {}
    for name, run in (("geo_access", ours), ("access", theirs)):
        laps = []
        for _ in range(7):
            start = time.perf_counter()
            run()
            laps.append(time.perf_counter() - start)
        medians[name] = statistics.median(laps)
    ratio = medians["access"] / medians["geo_access"]
    print(f"2SFCA: {medians['geo_access'] * 1e3:.1f} ms, access {medians['access'] * 1e3:.1f} ms, ratio {ratio:.1f}")


def main(n_zones: int = N_ZONES) -> None:
    """Print seconds, memory and the rows made."""
    rng = np.random.default_rng(20260)
    residents, sites, offers = territory(rng, n_zones)
    speeds = {"transit": 5.0, "bike+transit": 6.0, "car": 14.0}
    seconds: list[float] = []
    cpu_s = 0.0
    frames: list[pd.DataFrame] = []
    every = np.arange(len(residents.point_ids))
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for name in PROFILES:
        base = trip(rng, residents, sites, speeds[name])
        lifted = [
            Counterfactual(label, every, trip(rng, residents, sites, speed))
            for label, speed in (("midday", 5.5), ("longer_walk", 5.8), ("car", 14.0))
        ]
        start, busy = time.perf_counter(), time.process_time()
        frames.append(
            flag_zones(
                residents,
                sites,
                offers=offers,
                evidence=Evidence(base, lifted=tuple(lifted) if name != "car" else ()),
                question=Question(THRESHOLD, Profile(name, name, name)),
                rules=FlagRules(),
            )
        )
        seconds.append(time.perf_counter() - start)
        cpu_s += time.process_time() - busy
        del base, lifted
    start, busy = time.perf_counter(), time.process_time()
    flags = concat_flags(frames)
    seconds.append(time.perf_counter() - start)
    cpu_s += time.process_time() - busy
    # Before the checks below, which take memory of their own.
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert len(flags) == n_zones * N_METIERS * len(PROFILES)
    shares = flags.filter(regex="^share_").to_numpy(np.float64, na_value=np.nan)
    assert np.allclose(shares[~np.isnan(shares[:, 0])].sum(axis=1), 1, atol=1e-4)
    print(f"{platform.python_version()}: {len(flags):,} rows, {len(every):,} points × {N_SITES} sites")
    median_s = statistics.median(seconds[:3])
    print(f"total {sum(seconds):.1f} s (median per profile {median_s:.1f} s), processor {cpu_s:.1f} s")
    print(
        f"table {flags.memory_usage(deep=True).sum() / 1e6:.0f} MB, peak {peak_mb:.0f} MB (before {before_mb:.0f} MB)"
    )


if __name__ == "__main__":
    main(*(int(value) for value in sys.argv[1:2]))
    competition()
