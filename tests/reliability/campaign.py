"""The campaign: spoilt studies by the thousand, and work killed at random moments; ``make campaign`` runs it whole.

``python -m tests.reliability.campaign [cases per family] [kills per kind] [minutes at most] [processes]`` prints the
table and writes it into ``tests/benchmarks/RESULTS.md``, anew after each batch: a campaign that is ended has told what
it found. Each case has a seed: the same seed, the same study, the same moment. A case that takes more than `SILENCE_S`
of processor is a hang; one after which its worker holds more than `MOST_MB` is told.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.reliability.kills import KINDS, killed_and_resumed
from tests.reliability.mutations import FAMILIES, spoil
from tests.reliability.small_study import leave_paper_out, write_small_study, write_transit_study
from tests.reliability.trial import Trial, try_study

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "tests" / "benchmarks" / "RESULTS.md"
SILENCE_S = 60.0
MOST_MB = 1_000
# What a process holds that has only loaded the package and compiled its kernels.
LIBRARIES_MB = 300
# On studies this small, threads that wait for one another take twice the processor time of the work itself.
_ALONE = {**os.environ, "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
COLUMNS = ("ran", "refused", "traceback", "promise", "other words", "silent", "hang", "memory")
_BEGIN, _END = "<!-- campaign -->", "<!-- /campaign -->"


@dataclass(frozen=True)
class Case:
    """One case and what became of it."""

    family: str
    seed: int
    outcome: str
    seconds: float = 0.0
    megabytes: float = 0.0
    what: str = ""
    said: str = ""


@cache
def _sound(with_streets: bool) -> Trial:
    """What becomes of the study that nobody spoilt."""
    with tempfile.TemporaryDirectory() as folder:
        write = write_transit_study if with_streets else write_small_study
        return try_study(write(Path(folder)), Path(folder) / "out")


def _memory_mb(field: str) -> float:
    """What the kernel says of this process: `VmRSS` now, `VmHWM` at its highest [MB]."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)[1]) / 1e3


def _forget_peak() -> float:
    """Start the highest memory anew: in a run of tests what is held by now is other tests' [MB]."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    return _memory_mb("VmRSS")


def cases(family: str, first: int, last: int) -> Iterator[Case]:
    """Try the studies of some seeds in this process."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        leave_paper_out(patch)
        # The libraries need not be looked through for garbage after each study.
        gc.freeze()
        for seed in range(first, last):
            home = Path(folder) / str(seed)
            home.mkdir()
            spoilt = spoil(home, family, seed)
            base = _sound((home / "streets.osm").exists())
            held_mb = _forget_peak()
            start = time.process_time()
            trial = try_study(spoilt.path, home / "out")
            used = time.process_time() - start
            changed = trial.outcome == "ran" and trial.counted != base.counted and trial.noted == base.noted
            megabytes = _memory_mb("VmHWM") - held_mb + LIBRARIES_MB
            outcome = "silent" if changed else "memory" if megabytes > MOST_MB else trial.outcome
            yield Case(family, seed, outcome, used, megabytes, spoilt.what, trial.said[-600:])
            shutil.rmtree(home)


def _worker(family: str, first: int, last: int) -> tuple[subprocess.Popen[str], queue.Queue[str | None]]:
    command = [sys.executable, "-m", "tests.reliability.campaign", "--worker", family, str(first), str(last)]
    process = subprocess.Popen(
        command, cwd=ROOT, env=_ALONE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        for line in process.stdout or ():
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    return process, lines


def _processor_s(pid: int) -> float:
    """Processor time of a process and its threads [s]."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _next_line(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> str | None:
    """Wait for the next line, as long as the process does not work more than `SILENCE_S` for it.

    Raises
    ------
    queue.Empty
        When it does: processor time tells a hang from a machine that is busy with other things.
    """
    before = _processor_s(process.pid)
    while True:
        try:
            return lines.get(timeout=2.0)
        except queue.Empty:
            if _processor_s(process.pid) - before > SILENCE_S:
                raise


def watched(family: str, first: int, last: int, until: float) -> list[Case]:
    """Try the studies of some seeds in processes of their own; one that is silent too long is ended."""
    found: list[Case] = []
    seed = first
    while seed < last and time.monotonic() < until:
        process, lines = _worker(family, seed, last)
        try:
            while True:
                line = _next_line(process, lines)
                if line is None:
                    break
                found.append(Case(**json.loads(line)))
                seed = found[-1].seed + 1
                if found[-1].outcome == "memory" or time.monotonic() > until:
                    break
            if line is None and seed < last:
                found.append(Case(family, seed, "traceback", said=f"the process ended with {process.wait()}"))
                seed += 1
        except queue.Empty:
            found.append(Case(family, seed, "hang"))
            seed += 1
        finally:
            process.kill()
            process.wait()
    return found


def table(found: list[Case], kills: Counter[tuple[str, str]], seconds: float) -> str:
    """Write the figures as a table."""
    shared = f"{os.getloadavg()[0]:.0f} processes shared the two cores"
    head = f"{len(found):,} spoilt studies, {sum(kills.values())} kills, {seconds / 60:.0f} min ({shared} at the end)."
    lines = [
        head,
        "",
        "| family | cases | " + " | ".join(COLUMNS) + " | longest [s of processor] |",
        "|---|" + "---:|" * (len(COLUMNS) + 2),
    ]
    for family in FAMILIES:
        own = [case for case in found if case.family == family]
        count = Counter(case.outcome for case in own)
        longest = max((case.seconds for case in own), default=0.0)
        cells = " | ".join(str(count[name]) for name in COLUMNS)
        lines.append(f"| {family} | {len(own)} | {cells} | {longest:.1f} |")
    lines += [
        "",
        "| killed −9 at a random moment | whole and the same bytes after resuming | lost or different |",
        "|---|---:|---:|",
    ]
    lines += [f"| {kind} | {kills[kind, 'same']} | {kills[kind, 'different']} |" for kind in KINDS]
    return "\n".join(lines) + "\n"


def write_results(text: str) -> None:
    """Put the table into RESULTS.md, in the place of the former one."""
    content = RESULTS.read_text(encoding="utf-8")
    before, _, rest = content.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    head = before if rest else f"{content.rstrip()}\n\n## Campaign of spoilt studies and kills\n\n"
    RESULTS.write_text(f"{head}{_BEGIN}\n\n{text}\n{_END}{after or chr(10)}", encoding="utf-8")


def main(each: int = 340, kills: int = 17, minutes: float = 120.0, processes: int = 2) -> None:
    """Run the campaign."""
    start = time.monotonic()
    until = start + 60 * minutes
    batch = 170
    jobs = [(family, first, min(first + batch, each)) for first in range(0, each, batch) for family in FAMILIES]
    tally: Counter[tuple[str, str]] = Counter()
    with ThreadPoolExecutor(processes) as pool:
        for kind in KINDS:
            for same in pool.map(lambda seed, kind=kind: killed_and_resumed(kind, seed), range(kills)):
                tally[kind, "same" if same else "different"] += 1
        found: list[Case] = []
        for part in pool.map(lambda job: watched(*job, until), jobs):
            for case in part:
                if case.outcome not in ("ran", "refused"):
                    told = json.dumps(asdict(case), ensure_ascii=False)
                    print(told, flush=True)  # noqa: T201 — the campaign speaks on the screen
            found += part
            write_results(table(found, tally, time.monotonic() - start))
    print(table(found, tally, time.monotonic() - start))  # noqa: T201


def _work(family: str, first: str, last: str) -> None:
    for case in cases(family, int(first), int(last)):
        print(json.dumps(asdict(case)), flush=True)  # noqa: T201


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        _work(*sys.argv[2:])
    else:
        given: list[Any] = [float(value) if "." in value else int(value) for value in sys.argv[1:]]
        main(*given)
