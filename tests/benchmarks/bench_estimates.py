"""What runs were announced to take, beside what they took: ``python tests/benchmarks/bench_estimates.py [name …]``.

Each study runs in a process of its own, kernels compiled beforehand; processor time and peak memory are the kernel's.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from geo_access.study.estimate import estimate_of  # noqa: E402
from geo_access.study.file import read_study_file  # noqa: E402
from geo_access.study.inputs import read_inputs  # noqa: E402
from geo_access.study.study import Study, demo_study_path  # noqa: E402
from tests.reliability.small_study import (  # noqa: E402
    employers,
    points,
    training,
    write_csv_rows,
    write_small_study,
    write_transit_study,
)


def _small(home: Path) -> Path:
    return write_small_study(home)


def _bus(home: Path) -> Path:
    return write_transit_study(home)


def _wide(home: Path) -> Path:
    """20,000 points and 60 sites over straight lines."""
    path = write_small_study(home)
    rows = [
        {
            **points()[0],
            "point_id": f"p{k}",
            "lon": 3.0 + 0.299 * (k % 200) / 200,
            "lat": 50.0 + 0.099 * (k // 200) / 100,
        }
        for k in range(20_000)
    ]
    write_csv_rows(home / "points.csv", rows)
    write_csv_rows(
        home / "training.csv", [{**row, "site_id": f"{row['site_id']}-{k}"} for row in training() for k in range(15)]
    )
    write_csv_rows(home / "employers.csv", [{**employers()[0], "site_id": f"e{k}"} for k in range(30)])
    return path


def _demo(home: Path) -> Path:
    shutil.copytree(demo_study_path().parent, home, dirs_exist_ok=True)
    return home / "study.toml"


def _demo_part(home: Path) -> Path:
    """The demo with its first métier and public, without scenarios."""
    path = _demo(home)
    text = path.read_text(encoding="utf-8")
    for section in ("metiers", "profiles"):
        first = text.index(f"[[{section}]]")
        second = text.index(f"[[{section}]]", first + 1)
        last = text.rindex(f"[[{section}]]")
        end = min(at for at in (text.find("\n[", last + 5), len(text)) if at > 0)
        text = text[:second] + text[end + 1 :]
    text = text[: text.index("[[scenarios]]")] if "[[scenarios]]" in text else text
    path.write_text(text, encoding="utf-8")
    return path


STUDIES = {"small": _small, "bus": _bus, "wide": _wide, "demo part": _demo_part, "demo": _demo}


def run(name: str) -> None:
    """Run one study and print what it took, stage by stage."""
    with tempfile.TemporaryDirectory() as folder:
        path = STUDIES[name](Path(folder) / "study")
        file = read_study_file(path)
        announced = estimate_of(file, read_inputs(file, path))
        stages: list[tuple[str, float]] = []
        start = time.process_time()
        Study.from_file(path).run(
            Path(folder) / "out", progress=lambda stage, _: stages.append((stage, time.process_time() - start))
        )
        used = time.process_time() - start
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        took: dict[str, float] = {}
        for (stage, at), (_, until) in zip(stages, [*stages[1:], ("", used)], strict=True):
            took[stage] = round(took.get(stage, 0.0) + until - at, 1)
        said = {"seconds": round(announced.seconds, 1), "megabytes": round(announced.megabytes)}
        print(
            json.dumps(
                {"study": name, "announced": said, "seconds": round(used, 1), "megabytes": round(peak_mb), **took}
            )
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        run(sys.argv[2])
    else:
        for each in sys.argv[1:] or STUDIES:
            subprocess.run([sys.executable, __file__, "--one", each], check=True)
