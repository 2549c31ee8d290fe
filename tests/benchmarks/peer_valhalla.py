"""Valhalla's side of a benchmark: run by the Python of ``.peers/valhalla`` with a job, writes figures and matrices.

``python peer_valhalla.py job.json``; the job has ``osm, folder, out, points (npy of lon, lat)``, ``costing`` (auto,
pedestrian) with ``options`` of it, and ``repeats`` (a matrix, from the first ``sources``) or ``minutes`` (contours).
Writes ``out.json`` (seconds, peak memory), ``out.npz`` (seconds, metres) or ``out.geojson``. One build serves all.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import valhalla
from valhalla.config import get_config

BLOCK = 100


def build(osm: str, folder: Path) -> tuple[Path, float]:
    """Tiles of the extract, and the seconds they took (0 when they were there)."""
    tiles = folder / "tiles"
    path = folder / "valhalla.json"
    if path.exists():
        return path, 0.0
    tiles.mkdir(parents=True)
    config = get_config(tile_extract="", tile_dir=str(tiles))
    config["mjolnir"]["concurrency"] = 2
    # Many sources to many targets: its default takes 60 to 90 times as long here and, on foot, cuts searches short.
    config["thor"]["source_to_target_algorithm"] = "timedistancematrix"
    for costing in ("auto", "pedestrian"):
        limits = config["service_limits"][costing]
        limits |= {"max_matrix_location_pairs": 10_000_000, "max_matrix_distance": 1e6, "max_locations": 20_000}
    draft = folder / "draft.json"
    draft.write_text(json.dumps(config))
    begin = time.perf_counter()
    program = Path(valhalla.__file__).parent / "bin" / "valhalla_build_tiles"
    command = [str(program), "-c", str(draft), osm]
    subprocess.run(command, check=True, capture_output=True)
    spent = time.perf_counter() - begin
    draft.rename(path)
    return path, spent


def _dense(rows: list) -> np.ndarray:
    return np.array([[np.nan if x is None else x for x in row] for row in rows], dtype=np.float32)


def matrix(actor: valhalla.Actor, job: dict, places: list[dict]) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Times and lengths between all places, in blocks of sources."""
    spent, seconds, metres = [], [], []
    sources = places[: job.get("sources", len(places))]
    for repeat in range(job["repeats"]):
        begin, parts = time.perf_counter(), []
        for start in range(0, len(sources), BLOCK):
            request = {
                "sources": sources[start : start + BLOCK],
                "targets": places,
                "costing": job["costing"],
                "costing_options": {job["costing"]: job.get("options", {})},
                "verbose": False,
            }
            parts.append(actor.matrix(json.dumps(request)))
        spent.append(time.perf_counter() - begin)
        if repeat == 0:
            for part in map(json.loads, parts):
                table = part["sources_to_targets"]
                seconds.append(_dense(table["durations"]))
                metres.append(_dense(table["distances"]) * 1000.0)
    return {"matrix_s": statistics.median(spent)}, {"seconds": np.vstack(seconds), "metres": np.vstack(metres)}


def contours(actor: valhalla.Actor, job: dict, places: list[dict]) -> tuple[dict[str, float], list[dict]]:
    """Polygons of all cutoffs around each place."""
    spent, features = [], []
    for row, place in enumerate(places):
        request = {
            "locations": [place],
            "costing": job["costing"],
            "polygons": True,
            "denoise": 0.0,
            "generalize": 0.0,
            "costing_options": {job["costing"]: job.get("options", {})},
            "contours": [{"time": minutes} for minutes in job["minutes"]],
        }
        begin = time.perf_counter()
        answer = actor.isochrone(json.dumps(request))
        spent.append(time.perf_counter() - begin)
        for feature in json.loads(answer)["features"]:
            properties = {"site": row, "minutes": feature["properties"]["contour"]}
            features.append({"type": "Feature", "properties": properties, "geometry": feature["geometry"]})
    return {"contours_s": statistics.median(spent)}, features


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    folder = Path(job["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    path, build_s = build(job["osm"], folder)
    actor = valhalla.Actor(str(path))
    places = [{"lon": lon, "lat": lat} for lon, lat in np.load(job["points"]).tolist()]
    if "minutes" in job:
        figures, features = contours(actor, job, places)
        collection = {"type": "FeatureCollection", "features": features}
        Path(job["out"] + ".geojson").write_text(json.dumps(collection))
    else:
        figures, arrays = matrix(actor, job, places)
        np.savez(job["out"] + ".npz", **arrays)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    figures |= {"build_s": build_s, "peak_mb": max(own, children)}
    Path(job["out"] + ".json").write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
