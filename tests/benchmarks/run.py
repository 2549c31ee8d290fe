"""Run every benchmark of this folder, one after the other, each in its own process.

``python tests/benchmarks/run.py [streets engine …]``; peers first with ``install_peers.py``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Run the benchmarks asked for; return how many failed."""
    wanted = sys.argv[1:]
    scripts = sorted(HERE.glob("bench_*.py"))
    chosen = [path for path in scripts if not wanted or path.stem.removeprefix("bench_") in wanted]
    failed = 0
    for path in chosen:
        print(f"== {path.stem.removeprefix('bench_')}", flush=True)
        failed += subprocess.run([sys.executable, str(path)]).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
