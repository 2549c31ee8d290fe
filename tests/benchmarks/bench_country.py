"""Every cell of a simulated country × every site within two hours, by tiles; each share in its own process.

``python tests/benchmarks/bench_country.py [share …]``. The country looks like the region of ``synthetic_region.py``:
a share of 1/64 has 1/64 of France's 2.3 million inhabited cells and of its area, and is one piece. Streets are straight
lines. Out: 120 departures, five percentiles, the reason of what has none. Back: from the sites, the same. Told: pairs,
processor seconds, peak, and what France's 2 billion pairs would take at the price of each share, which is extrapolated.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT = {"depart": "07:00-09:00", "percentiles": (5, 25, 50, 75, 95)}
BACK = {"depart": "16:30-18:30", "percentiles": (5, 25, 50, 75, 95)}
CELLS, PAIRS, REGION_CELLS, REGION_SITES, CORES = 2_300_000, 2e9, 150_000, 20_000, 2


def measure(share: float, tile_km: float) -> None:
    """Run one share in this process and print a line for each direction."""
    from geo_access.times.matrix import travel_times  # noqa: PLC0415 — after the measuring process started
    from tests.benchmarks.synthetic_region import make_region  # noqa: PLC0415

    scale = share * CELLS / REGION_CELLS
    # Inhabited cells a square kilometre: 4.2 in France, 4.7 in the region.
    network, cells, sites = make_region(scale, n_sites=REGION_SITES)
    travel_times(network, cells[:50], sites[:2], **OUT)
    for way, (starts, ends), asked in (("out", (cells, sites), OUT), ("back", (sites, cells), BACK)):
        with tempfile.TemporaryDirectory() as place:
            wall, used = time.perf_counter(), sum(os.times()[:2])
            run = travel_times(network, starts, ends, sink=Path(place) / "times", tile_km=tile_km, **asked)
            wall, used = time.perf_counter() - wall, sum(os.times()[:2]) - used
            written_mb = sum(part.stat().st_size for part in run.parts) / 1e6
        out_of_reach = sum(dict(said.values)["n"] for said in run.notes if said.key == "times.tiles_left_out")
        pairs = len(starts) * len(ends) - out_of_reach
        within, calls = 100 * pairs / (len(starts) * len(ends)), len(network.timetable.event_stop)
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{share:8.5f} {way:4s} {len(cells):9,} cells, {len(sites):6,} sites, {calls:10,} calls, "
            f"tiles of {tile_km:g} km: {pairs / 1e6:8.1f} M pairs ({within:.0f} %) in {used:7.1f} s of processor "
            f"({1e6 * used / pairs:.2f} µs a pair, {1e3 * used / len(cells):.2f} ms a cell), {wall:.0f} s; "
            f"peak {peak_mb:.0f} MB; written {written_mb:.0f} MB",
            flush=True,
        )
        hours = used / pairs * PAIRS / 3600 / CORES
        print(f"         {PAIRS:.0e} pairs at this price, extrapolated: {hours:.2f} h on {CORES} cores", flush=True)


def main() -> None:
    """Measure every share asked, in processes of their own."""
    for share in sys.argv[1:] or ["0.00390625", "0.015625", "0.0625"]:
        subprocess.run([sys.executable, "-m", "tests.benchmarks.bench_country", share, "60"], cwd=ROOT, check=True)


if __name__ == "__main__":
    if os.environ.get("GEO_ACCESS_COUNTRY") == "one":
        measure(float(sys.argv[1]), float(sys.argv[2]))
    else:
        os.environ["GEO_ACCESS_COUNTRY"] = "one"
        main()
