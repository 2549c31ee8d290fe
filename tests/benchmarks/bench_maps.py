"""Maps, sheets and report of the demo, and the whole run stage by stage.

Run: ``python tests/benchmarks/bench_maps.py``. Targets on two quiet cores: a métier's interactive map ≤ 3 s and ≤ 2 MB,
a second run of the demo ≤ 25 s. The figures of the map are checked against the tables before timing.
"""

from __future__ import annotations

import json
import os
import re
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd

from geo_access.maps.interactive import metier_map, page_html
from geo_access.maps.sheet import print_multiples, print_sheet
from geo_access.study.pictures import map_contents
from geo_access.study.run import compute_run
from geo_access.study.study import Study, demo_study_path

REPEATS = 5


def timed(call: Callable[[], object]) -> str:
    """Shortest and median of the calls [s]: other programs on the machine only ever add."""
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return f"{min(seconds):.2f} | {statistics.median(seconds):.2f}"


def check(page: str, counts: pd.DataFrame) -> None:
    """Refuse to time a map that does not say what the table says."""
    found = re.search(r'id="ga-data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data = json.loads(found[1])
    told = [band["properties"]["counts"][0] for band in data["bands"]["features"]]
    assert told == counts["residents"].round().astype(int).tolist()


def stages(study: Study, out: Path) -> pd.DataFrame:
    """Seconds of each stage of one run, on the clock and of the processor (all threads)."""
    rows: list[tuple[str, float, float]] = []
    last = ["read", time.perf_counter(), time.process_time()]

    def progress(stage: str, _: float) -> None:
        now, used = time.perf_counter(), time.process_time()
        rows.append((str(last[0]), now - float(last[1]), used - float(last[2])))
        last[:] = [stage, now, used]

    study.run(out, overwrite=True, progress=progress)
    return pd.DataFrame(rows, columns=["stage", "clock", "processor"]).groupby("stage", sort=False).sum()


def main() -> None:
    """Print one table for the pictures and one for the run."""
    study = Study.from_file(demo_study_path())
    ran = compute_run(
        study.file, study.path, sha256=study.sha256, progress=lambda stage, share: None, announce=lambda line: None
    )
    counts = ran.counts

    def contents() -> tuple:
        return map_contents(replace(ran))

    drawn = contents()
    page = page_html(metier_map(drawn[0]))
    check(page, counts[counts["metier"] == drawn[0].metier_code])
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        print("| picture of the demo | least [s] | median [s] | size [kB] |\n|---|---|---|---|")
        # Contents anew each time: sites and questions are worked out once for each.
        said = timed(lambda: page_html(metier_map(contents()[0])))
        print(f"| interactive map of a métier | {said} | {len(page) / 1e3:.0f} |")
        for name, draw in (
            ("sheet.png", lambda: print_sheet(contents()[0], home / "sheet.png")),
            ("sheet.pdf", lambda: print_sheet(contents()[0], home / "sheet.pdf")),
            ("all.png", lambda: print_multiples(contents(), home / "all.png")),
        ):
            said = timed(draw)
            print(f"| {name} | {said} | {(home / name).stat().st_size / 1e3:.0f} |")
        stages(study, home / "out")
        second = stages(study, home / "out")
    print("\n| stage of a second run | clock [s] | processor [s] |\n|---|---|---|")
    for row in second.itertuples():
        print(f"| {row.Index} | {row.clock:.2f} | {row.processor:.2f} |")
    print(f"| all | {second['clock'].sum():.2f} | {second['processor'].sum():.2f} |")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"\nPeak memory {peak_mb:.0f} MB; load average {os.getloadavg()[0]:.1f}.")


if __name__ == "__main__":
    main()
