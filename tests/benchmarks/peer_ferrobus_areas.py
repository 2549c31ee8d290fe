"""ferrobus's isochrones (H3 cells): run by the Python of ``.peers/ferrobus`` with a job, writes polygons as WKT.

The job has ``osm, gtfs (folders), day, depart_s, points (npy of lon, lat), area (WKT), minutes, resolution, out``.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from pathlib import Path

import ferrobus
import numpy as np


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    day = dt.date.fromisoformat(job["day"])
    model = ferrobus.create_transit_model(job["osm"], job["gtfs"], day)
    begin = time.perf_counter()
    index = ferrobus.create_isochrone_index(model, job["area"], job["resolution"], 1200)
    index_s = time.perf_counter() - begin
    shapes, spent = [], []
    for row, (lon, lat) in enumerate(np.load(job["points"]).tolist()):
        point = ferrobus.create_transit_point(lat, lon, model, 1200, 1000)
        for minutes in job["minutes"]:
            begin = time.perf_counter()
            wkt = ferrobus.calculate_isochrone(model, point, job["depart_s"], 7, minutes * 60, index)
            spent.append(time.perf_counter() - begin)
            shapes.append({"site": row, "minutes": minutes, "wkt": wkt})
    Path(job["out"] + ".wkt.json").write_text(json.dumps(shapes))
    figures = {"contours_s": float(np.median(spent)) * len(job["minutes"]), "index_s": index_s}
    Path(job["out"] + ".json").write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
