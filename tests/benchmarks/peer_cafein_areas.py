"""cafein's catchments (unions of H3 cells): run by the Python of ``.peers/cafein`` with a job, writes polygons.

The job has ``osm, points (npy of lon, lat), minutes, mode (walk, car, transit), resolution, out``; for transit ``gtfs,
departure, walk_kmh``; and ``nodes`` (npz: lonlat, seconds by site), whose times are drawn the same way for comparison.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import cafein
import geopandas as gpd
import h3
import numpy as np
import shapely


def drawn_alike(job: dict) -> list[list[float]]:
    """Square kilometres of the cells that hold a node reached in time, by site and cutoff."""
    data = np.load(job["nodes"])
    cells = np.array([h3.latlng_to_cell(lat, lon, job["resolution"]) for lon, lat in data["lonlat"]])
    size = {cell: h3.cell_area(cell, "km^2") for cell in set(cells.tolist())}
    reached = [[set(cells[row <= minutes * 60].tolist()) for minutes in job["minutes"]] for row in data["seconds"]]
    return [[sum(size[cell] for cell in found) for found in row] for row in reached]


def main() -> None:
    warnings.simplefilter("ignore")
    job = json.loads(Path(sys.argv[1]).read_text())
    points = np.load(job["points"])
    frame = gpd.GeoDataFrame({"id": np.arange(len(points))}, geometry=gpd.points_from_xy(*points.T), crs=4326)
    asked = {"budgets": [float(value) for value in job["minutes"]], "resolution": job["resolution"]}
    if job["mode"] == "transit":
        network = cafein.TransportNetwork.from_gtfs(job["gtfs"], osm_pbf=job["osm"], walking_speed_kmph=job["walk_kmh"])
        more = {"walking_speed_kmph": job["walk_kmh"], "max_walking_time": 20}
        call = lambda f: cafein.Catchment(network, f, departure=job["departure"], **asked, **more)  # noqa: E731
    else:
        network = cafein.StreetNetwork.from_osm(job["osm"], modes=("walk", "bicycle", "car"))
        call = lambda f: cafein.Catchment(network, f, transport_mode=job["mode"], snap_distance=500, **asked)  # noqa: E731
    features, spent = [], []
    for row in range(len(frame)):
        begin = time.perf_counter()
        found = call(frame.iloc[[row]])
        spent.append(time.perf_counter() - begin)
        for budget, shape in zip(found["budget"], found.geometry):
            properties = {"site": row, "minutes": float(budget)}
            geometry = json.loads(shapely.to_geojson(shape))
            features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    Path(job["out"] + ".geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    figures: dict = {"contours_s": float(np.median(spent))}
    if "nodes" in job:
        figures["drawn_alike_km2"] = drawn_alike(job)
    Path(job["out"] + ".json").write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
