"""A whole study at the size of a region, by stages: 150,000 points, 800 sites, 20 métiers, 3 publics, 2 schedules.

``python tests/benchmarks/bench_region_study.py [share …]``, each share in its own process: real streets (tiles of
Porto), a dense drawn timetable; points, sites, lines and tiles shrink together, so that pairs shrink with the square.
Told: the processor of each stage, the peak, and how much of it is arrays of points × sites. Aim at 1: 5 minutes without
pictures, 4 GB. ``GEO_ACCESS_PICTURES=1`` draws and writes everything too.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import fields
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class _Stages:
    """Processor seconds of each stage, and the peak at its end."""

    def __init__(self) -> None:
        self.name, self.start, self.told = "", 0.0, list[str]()

    def __call__(self, stage: str, _share: float = 0.0) -> None:
        if stage == self.name:
            return
        now = time.process_time()
        if self.name:
            self.told.append(f"{self.name} {now - self.start:.1f} s (peak {_peak_mb():.0f} MB)")
        self.name, self.start = stage, now


def measure(share: float, *, pictures: bool) -> None:
    """Run one share in this process, and print its lines."""
    from geo_access.study.file import read_study_file  # noqa: PLC0415 — after the measuring process started
    from geo_access.study.run import compute_run, write_run  # noqa: PLC0415
    from tests.benchmarks.metropolis import REGION, make_metropolis  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as place:
        path = make_metropolis(Path(place), share=share, size=REGION)
        stages, start, wall = _Stages(), time.process_time(), time.perf_counter()
        ran = compute_run(read_study_file(path), path, sha256="", progress=stages, announce=print)
        stages("–")
        if pictures:
            write_run(Path(place) / "out", ran, progress=stages)
            stages("– –")
        used, wall = time.process_time() - start, time.perf_counter() - wall
        trips = ran.diagnosis.times.values()
        held = sum(
            getattr(trip, field.name).nbytes for trip in trips for field in fields(trip) if _has(trip, field.name)
        )
        within = np.mean([np.isfinite(trip.out_s).mean() for trip in trips])
        sites = {kind: len(rows) for kind, rows in ran.diagnosis.sites.items()}
        print(
            f"{share:.3f}: {len(ran.diagnosis.residents.point_ids):,} points, sites {sites}, {len(ran.flags):,} flags, "
            f"{100 * within:.0f} % of pairs with a way out; {used:.0f} s of processor, {wall:.0f} s; "
            f"peak {_peak_mb():.0f} MB, of which points × sites {held / 1e6:.0f} MB in {len(trips)} sets of times"
        )
        for line in stages.told:
            print(f"    {line}", flush=True)


def _has(trip: object, name: str) -> bool:
    return isinstance(getattr(trip, name), np.ndarray)


def main() -> None:
    """Measure every share asked, in processes of their own."""
    for share in sys.argv[1:] or ["0.025", "0.05", "0.1"]:
        subprocess.run([sys.executable, "-m", "tests.benchmarks.bench_region_study", share], cwd=ROOT, check=True)


if __name__ == "__main__":
    if os.environ.get("GEO_ACCESS_REGION_STUDY"):
        measure(float(sys.argv[1]), pictures=os.environ.get("GEO_ACCESS_PICTURES") == "1")
    else:
        os.environ["GEO_ACCESS_REGION_STUDY"] = "1"
        main()
