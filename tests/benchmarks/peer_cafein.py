"""cafein's side of a street benchmark: run by the Python of ``.peers/cafein`` with a job, writes figures and matrices.

The job has ``osm, points (npy of lon, lat), modes (of walk, car), repeats, out``. Its profiles have their own speeds.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
import warnings
from pathlib import Path

import cafein
import geopandas as gpd
import numpy as np


def main() -> None:
    warnings.simplefilter("ignore")
    job = json.loads(Path(sys.argv[1]).read_text())
    points = np.load(job["points"])
    geometry = gpd.points_from_xy(*points.T)
    frame = gpd.GeoDataFrame({"id": np.arange(len(points))}, geometry=geometry, crs=4326)

    def timed(call: object, repeats: int) -> tuple[object, float]:
        spent = []
        for _ in range(repeats):
            begin = time.perf_counter()
            value = call()
            spent.append(time.perf_counter() - begin)
        return value, statistics.median(spent)

    figures, arrays = {}, {}
    network, figures["build_s"] = timed(
        lambda: cafein.StreetNetwork.from_osm(job["osm"], modes=("walk", "bicycle", "car")), job["repeats"]
    )
    for mode in job["modes"]:
        asked = {"transport_mode": mode, "snap_distance": 500, "max_street_time": 100_000}
        call = lambda a=asked: cafein.TravelTimeMatrix(network, frame, frame, output_time_units="seconds", **a)  # noqa: E731
        table, figures[f"{mode} matrix_s"] = timed(call, job["repeats"])
        dense = np.full((len(points), len(points)), np.nan, dtype=np.float32)
        dense[table["from_id"].to_numpy(), table["to_id"].to_numpy()] = table["travel_time"].to_numpy()
        arrays[f"{mode} seconds"] = dense
    figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    np.savez(job["out"] + ".npz", **arrays)
    Path(job["out"] + ".json").write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
