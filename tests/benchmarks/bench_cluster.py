"""Times on one and two workers of a scheduler: efficiency, and what sixteen would take.

``python -m tests.benchmarks.bench_cluster [homes]`` on Porto Alegre: homes strewn over its hexagons × hexagons, a
window of two hours, written as parts. Each worker has one thread of its own, so that two are twice the machine of one.
The bytes are compared before anything is said of the time. Sixteen are modelled, not run: the same work cut into so
many parts, the slowest worker's share of them, and what the client does alone.
"""

from __future__ import annotations

import math
import resource
import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from distributed import Client, LocalCluster

from geo_access.network.build import build_network
from geo_access.times import stream
from geo_access.times.matrix import travel_times
from tests.shared import shared_path

DAY = "2019-05-13"


def _used() -> tuple[float, float, int]:
    """Processor [s], of it the system's [s], and page faults of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, used.ru_stime, used.ru_minflt


def main(homes: int = 6_000) -> None:
    """Measure, compare, print."""
    data = shared_path("porto_alegre")
    cells = pd.read_csv(data / "poa_hexgrid.csv")
    rng = np.random.default_rng(1)
    row = rng.integers(0, len(cells), homes)
    lon, lat = (cells[name].to_numpy()[row] + rng.uniform(-0.004, 0.004, homes) for name in ("lon", "lat"))
    ids = [f"h{k}" for k in range(homes)]
    starts = gpd.GeoDataFrame({"id": ids}, geometry=gpd.points_from_xy(lon, lat), crs=4326)
    ends = gpd.GeoDataFrame({"id": cells["id"]}, geometry=gpd.points_from_xy(cells.lon, cells.lat), crs=4326)
    files = [data / "poa_eptc.zip", data / "poa_trensurb.zip"]
    network = build_network(data / "poa_osm.pbf", files, date=DAY, modes=("walk",), walk_kmh=3.6)
    asked = {"mode": "transit", "depart": "13:00-15:00", "percentiles": (5, 50, 95), "walk_kmh": 3.6}
    stream._BLOCK_BYTES = 24 << 20
    taken: dict[int, float] = {}
    wrote: dict[int, dict[str, bytes]] = {}
    spent: dict[int, np.ndarray] = {}
    with tempfile.TemporaryDirectory() as folder:
        for workers in (1, 2):
            with (
                LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=":0",
                    env={"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
                ) as pool,
                Client(pool) as client,
            ):
                # As many parts as warm every worker, not the one that is free first.
                few = starts.head(1_500)
                for again in range(2):
                    travel_times(
                        network, few, ends, sink=Path(folder) / f"warm{workers}-{again}", client=client, **asked
                    )
                before = client.run(_used)
                start = time.perf_counter()
                made = travel_times(network, starts, ends, sink=Path(folder) / f"of{workers}", client=client, **asked)
                taken[workers] = time.perf_counter() - start
                spent[workers] = sum(np.subtract(now, before[name]) for name, now in client.run(_used).items())
                wrote[workers] = {part.name: part.read_bytes() for part in made.parts}
                parts = len(made.parts)
    if wrote[1] != wrote[2]:
        raise AssertionError("the number of workers changed the parts")
    # One worker takes fixed + work; two take fixed + half the work, where parts are even.
    share = math.ceil(parts / 2) / parts
    work = (taken[1] - taken[2]) / (1 - share)
    fixed = taken[1] - work
    print(f"{homes} × {len(ends)} pairs in {parts} parts: 1 worker {taken[1]:.1f} s, 2 workers {taken[2]:.1f} s")
    print(f"efficiency 1 → 2: {taken[1] / (2 * taken[2]):.0%}; opened and written by the client alone {fixed:.1f} s")
    for workers, (processor_s, system_s, faults) in spent.items():
        said = f"{processor_s:.1f} s of processor ({system_s:.1f} s of it the system's), {faults:,.0f} page faults"
        print(f"all workers of {workers}: {said}")
    print(f"processor 1 → 2: {spent[1][0] / spent[2][0]:.0%}, what is left on a machine that others use")
    for many in (4, 8, 16):
        modelled = fixed + work * math.ceil(parts / many) / parts
        print(f"modelled, {many} workers: {modelled:.1f} s, {taken[1] / (many * modelled):.0%}")


if __name__ == "__main__":
    main(*(int(value) for value in sys.argv[1:2]))
