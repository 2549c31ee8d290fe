"""All origins × all sites of a synthetic region, a two-hour window, streamed; each share in its own process.

``python tests/benchmarks/bench_scale_region.py [share …]``. Streets are straight lines here: the streets of a region
are measured by ``bench_scale_streets.py``. The share is of the origins; sites and timetable stay at full size.
Target: 4 GB at 1, time that grows with the number of pairs.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
ASKED = {"depart": "07:00-09:00", "percentiles": (5, 25, 50, 75, 95)}


def measure(share: float, way: str) -> None:
    """Run one share in this process and print a line."""
    from geo_access.times.matrix import travel_times  # noqa: PLC0415 — after the measuring process started
    from tests.benchmarks.synthetic_region import make_region  # noqa: PLC0415

    network, cells, sites = make_region(1)
    cells = cells.iloc[: int(len(cells) * share)]  # drawn in random order: any first part is spread over the region
    travel_times(network, cells[:50], sites[:2], **ASKED)
    written_mb, with_time = 0.0, float("nan")
    with tempfile.TemporaryDirectory() as place:
        start = time.perf_counter()
        if way == "sink":
            streamed = travel_times(network, cells, sites, sink=Path(place) / "times", **ASKED)
            written_mb = sum(part.stat().st_size for part in streamed.parts) / 1e6
        else:
            found = travel_times(network, cells, sites, reduce=lambda t: np.isfinite(t.at(50)).sum(axis=1), **ASKED)
            with_time = float(found.sum()) / (len(cells) * len(sites))
        taken = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{share:5.3f} {way:6s} {len(cells):7,} × {len(sites)} pairs, {network.timetable.n_stops:,} stops, "
        f"{network.timetable.n_trips:,} trips: {taken:7.1f} s, peak {peak_mb:5.0f} MB, written {written_mb:.0f} MB, "
        f"{100 * with_time:.1f} % of pairs with a median, "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def main() -> None:
    """Measure every share asked, in processes of their own."""
    for share in sys.argv[1:] or ["0.125", "0.25", "0.5", "1"]:
        for way in ("sink", "reduce"):
            subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.bench_scale_region", share, way], cwd=ROOT, check=True
            )


if __name__ == "__main__":
    if sys.argv[-1] in ("sink", "reduce"):
        measure(float(sys.argv[1]), sys.argv[2])
    else:
        main()
