"""OSRM's side of a benchmark: run by the Python of ``.peers/osrm`` with a job, writes figures and matrices.

``python peer_osrm.py job.json``; the job has ``osm, folder, profile (car, foot), method (CH, MLD), points (npy of
lon, lat), repeats, out`` and, where the profile is changed, ``replace``: pairs of texts in it. Writes ``out.json``
(seconds, peak memory) and ``out.npz`` (seconds, metres).
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import osrm

SHARE = Path(osrm.__file__).parent / "share" / "profiles"


def _build(job: dict, folder: Path) -> tuple[Path, float]:
    """Graph of the profile, rebuilt from the file; seconds it took."""
    profiles = folder / "profiles"
    shutil.copytree(SHARE, profiles, dirs_exist_ok=True)
    lua = profiles / f"{job['profile']}.lua"
    text = (SHARE / lua.name).read_text()
    for old, new in job.get("replace", []):
        if old not in text:
            raise SystemExit(f"{lua.name} of this OSRM has no {old!r}")
        text = text.replace(old, new)
    lua.write_text(text)
    source = folder / "streets.osm.pbf"
    shutil.copyfile(job["osm"], source)
    base = folder / "streets.osrm"
    steps = {"CH": ["contract"], "MLD": ["partition", "customize"]}[job["method"]]
    begin = time.perf_counter()
    extract = ["extract", "-p", str(lua), str(source)]
    for step in [extract, *([name, str(base)] for name in steps)]:
        subprocess.run([sys.executable, "-m", "osrm", *step], check=True, capture_output=True)
    return base, time.perf_counter() - begin


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    folder = Path(job["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    base, build_s = _build(job, folder)
    engine = osrm.OSRM(
        storage_config=str(base), algorithm=job["method"], max_locations_distance_table=-1, use_shared_memory=False
    )
    coordinates = [tuple(row) for row in np.load(job["points"]).tolist()]

    def table(*annotations: str) -> object:
        return engine.Table(osrm.TableParameters(coordinates=coordinates, annotations=list(annotations)))

    spent = []
    for _ in range(job["repeats"]):
        begin = time.perf_counter()
        answer = table("duration")
        spent.append(time.perf_counter() - begin)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024

    def dense(rows: object) -> np.ndarray:
        return np.array([[np.nan if x is None else x for x in row] for row in rows], dtype=np.float32)

    answer = table("duration", "distance")
    np.savez(
        job["out"] + ".npz",
        seconds=dense(answer["durations"]),
        metres=dense(answer["distances"]),
        snap_m=np.array([point["distance"] for point in answer["sources"]]),
    )
    figures = {"build_s": build_s, "matrix_s": statistics.median(spent), "peak_mb": max(own, children)}
    Path(job["out"] + ".json").write_text(json.dumps(figures))
    sys.stdout.flush()
    os._exit(0)  # its threads outlive the engine and may hang at exit


if __name__ == "__main__":
    main()
