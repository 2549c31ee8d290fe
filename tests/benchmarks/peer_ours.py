"""Our side of a street benchmark, in its own process like the others: a job in, figures and matrices out.

The job has ``osm, points (npy of lon, lat), modes, repeats, out`` and, where the car's numbers are changed, ``car``.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pyproj import Transformer

from geo_access.network.search.hierarchy import build_hierarchy
from geo_access.network.search.links import Links, link_points
from geo_access.network.search.search import node_times, street_matrix
from geo_access.network.streets import streets as streets_module
from geo_access.network.streets.streets import build_streets


def timed(call: Callable[[], Any], repeats: int) -> tuple[Any, float]:
    """Value and median of the time it took [s]; a first call warms the compiled code up."""
    value = call()
    spent = []
    for _ in range(repeats):
        begin = time.perf_counter()
        value = call()
        spent.append(time.perf_counter() - begin)
    return value, statistics.median(spent)


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    repeats = job["repeats"]
    if "car" in job:
        car = streets_module.PROFILES["car"]
        change = job["car"] | {"class_kmh": {**car.class_kmh, **job["car"].get("class_kmh", {})}}
        streets_module.PROFILES = {**streets_module.PROFILES, "car": replace(car, **change)}
    figures, arrays = {}, {}
    streets, figures["build_s"] = timed(lambda: build_streets(job["osm"], modes=job["modes"]), repeats)
    xy = np.column_stack(Transformer.from_crs(4326, streets.epsg, always_xy=True).transform(*np.load(job["points"]).T))
    for mode in job.get("ask", job["modes"]):
        graph = streets.graphs[mode]
        _, hierarchy_s = timed(lambda g=graph: build_hierarchy(g.indptr, g.heads, g.deciseconds), repeats)
        links, link_s = timed(lambda m=mode: link_points(streets, xy, mode=m), repeats)
        matrix, matrix_s = timed(lambda m=mode, k=links: street_matrix(streets, k, k, mode=m), repeats)
        few = street_matrix(streets, links.take(np.arange(4)), links, mode=mode)
        np.testing.assert_array_equal(few, matrix[:4])  # searches and sweeps agree
        figures |= {f"{mode} hierarchy_s": hierarchy_s, f"{mode} link_s": link_s, f"{mode} matrix_s": matrix_s}
        arrays |= {f"{mode} seconds": matrix, f"{mode} connector_s": links.connector_s}
        arrays |= {f"{mode} snap_m": links.distance_m, f"{mode} xy": np.column_stack((links.linked_x, links.linked_y))}
        if mode == "walk":
            figures["one 45 min walk_s"] = _one_walk(streets, links)
    figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    np.savez(job["out"] + ".npz", **arrays)
    Path(job["out"] + ".json").write_text(json.dumps(figures))


def _one_walk(streets: Any, links: Links) -> float:
    """Median of one search of 45 minutes from each of 50 places [s]."""
    spent = []
    for row in np.linspace(0, len(links) - 1, 51).astype(int):
        one = links.take(np.array([row]))
        begin = time.perf_counter()
        node_times(streets, one, mode="walk", max_s=2_700)
        spent.append(time.perf_counter() - begin)
    return statistics.median(spent[1:])


if __name__ == "__main__":
    main()
