"""What if, timed: each kind of edit on the metropolis, levels of the whole territory and all métiers.

Run as ``python -m tests.benchmarks.bench_whatif [share] [--only KINDS] [--folder FOLDER] [--lines N] [--random N]``;
writes its lines to the screen. With a folder the study that is drawn and prepared there is used again, so that each
part can be timed by a command of its own::

    python -m tests.benchmarks.bench_whatif 1.0 --folder F --only prepare
    python -m tests.benchmarks.bench_whatif 1.0 --folder F --only open,hours,"line closed"
    python -m tests.benchmarks.bench_whatif 1.0 --folder F --only lines --lines 12
    python -m tests.benchmarks.bench_whatif 1.0 --folder F --only equality
"""

from __future__ import annotations

import os
import random
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from geo_access.errors import InputError
from geo_access.study.file import checked_changes
from geo_access.study.levels import LevelEngine, Levels
from geo_access.study.lines import judge_lines, line_trials
from geo_access.study.prepared import PreparedStudy, diagnose_assumptions, open_prepared, prepare_study
from geo_access.study.prepared_folder import prepared_folder
from geo_access.study.scenario import apply_changes
from geo_access.times.kept import KeptTimes
from tests.benchmarks.metropolis import make_metropolis
from tests.study.drawn_world import random_edits, recomputed, write_world

Edit = dict[str, Any]


def edits_by_kind(base: PreparedStudy, pick: random.Random) -> dict[str, list[Edit]]:
    """Three different edits of each kind, the first of which pays for what is compiled or read for the first time."""
    training, employers = base.inputs.training, base.inputs.employers
    timetable = base.network.timetable
    assert training is not None
    assert employers is not None
    assert timetable is not None
    sites = training.drop_duplicates("site_id")
    lines = sorted({str(name) for name in timetable.route_name})
    found: dict[str, list[Edit]] = {}
    for turn in range(3):
        site, shift = sites.iloc[pick.randrange(len(sites))], employers.iloc[pick.randrange(len(employers))]
        place = site.geometry
        here = {"lon": round(place.x + 0.004 * (turn + 1), 5), "lat": round(place.y, 5), "name": f"N{turn}"}
        line = pick.choice(lines)
        made: dict[str, Edit] = {
            "threshold": {"change": "threshold", "id": "training", "minutes": 45 + 10 * turn},
            "level share": {"change": "rules", "adequate_share": 0.7 + 0.05 * turn},
            "session added": {
                "change": "session_added",
                "metier": str(site["metier"]),
                "level": 3,
                "places": 12,
                **here,
            },
            "session moved": {"change": "session_moved", "origin": str(site["site_id"]), **here},
            "session closed": {"change": "session_closed", "site": str(site["site_id"])},
            "hours": {
                "change": "hours_moved",
                "site": str(shift["site_id"]),
                "start": str(shift["shift_start"]),
                "end": str(shift["shift_end"]),
                "new_start": f"0{6 + turn}:10",
                "new_end": f"{14 + turn}:10",
            },
            "trip": {"change": "repeat_trip", "line": line, "near": "06:00", "start": f"04:{25 + turn}"},
            "headway": {"change": "headway", "line": line, "headway_min": 7, "start": "06:00", "end": "09:00"},
            "line closed": {"change": "close_line", "line": line},
            "line added": {
                "change": "add_line",
                "line": f"N{turn}",
                "stops": [str(timetable.stop_id[k]) for k in pick.sample(range(timetable.n_stops), 4)],
                "headway_min": 15,
                "start": "05:00",
                "end": "22:00",
            },
        }
        for kind, edit in made.items():
            found.setdefault(kind, []).append(edit)
    return found


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """Result, seconds on the clock and of the processors."""
    clock, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - clock, time.process_time() - cpu


def levels_after(base: PreparedStudy, engine: LevelEngine, edits: Sequence[Edit]) -> tuple[Levels, Any]:
    assumed = apply_changes(base.assumptions, checked_changes(list(edits)))
    same = assumed.network is base.network
    return engine.levels(assumed, base.kept.on(base.network) if same else base.kept.passing(assumed.network)), assumed


def equal(levels: Levels, whole: Any) -> bool:
    """Whether levels and shares are those of the flags, bit for bit."""
    first, flags = levels.table(), whole.flags
    shares = flags["reachable_share"].to_numpy(np.float32, na_value=np.nan)
    same = np.array_equal(first["reachable_share"].to_numpy(), shares, equal_nan=True)
    return bool(same and first["level"].tolist() == flags["level"].astype(str).tolist())


def time_prepare(study: Path) -> None:
    prepared, seconds, cpu = timed(lambda: prepare_study(study))
    print(f"prepare: {seconds:.1f} s ({cpu:.1f} s of processor)", flush=True)
    _, seconds, cpu = timed(prepared.save)
    print(f"save: {seconds:.1f} s ({cpu:.1f})", flush=True)


def time_edits(base: PreparedStudy, only: set[str]) -> None:
    """Three edits of each kind, the levels of the territory after each."""
    engine = LevelEngine()
    _, seconds, cpu = timed(lambda: engine.levels(base.assumptions, base.kept.on(base.network)))
    print(f"levels, the first time: {seconds:.2f} s ({cpu:.2f})", flush=True)
    for kind, edits in edits_by_kind(base, random.Random(3)).items():  # noqa: S311 — not for secrets
        if only and kind not in only:
            continue
        found = []
        for edit in edits:
            try:
                found.append(timed(partial(levels_after, base, engine, [edit])))
            except InputError as error:
                print(f"  {kind}: {error}")
        print(f"{kind}: " + ", ".join(f"{1000 * s:.0f} ms ({1000 * c:.0f})" for _, s, c in found), flush=True)


def compare_edits(base: PreparedStudy, kinds: Sequence[str]) -> None:
    """One edit of each kind against a full recomputation that carries nothing over."""
    engine = LevelEngine()
    engine.levels(base.assumptions, base.kept.on(base.network))
    for kind, edits in edits_by_kind(base, random.Random(3)).items():  # noqa: S311 — not for secrets
        if kind in kinds:
            levels, assumed = levels_after(base, engine, edits[:1])
            whole = LevelEngine().levels(assumed, KeptTimes().on(recomputed(assumed).network))
            same = levels.table().equals(whole.table())
            print(f"{kind}: equal to the full recomputation: {same}", flush=True)


def time_lines(base: PreparedStudy, sample: int) -> None:
    """Judge every line, or some from all over the list."""
    timetable = base.network.timetable
    assert timetable is not None
    every = [str(name) for name in sorted(timetable.route_id)]
    some = every[:: max(1, len(every) // sample)][:sample] if sample else every
    n_trials = sum(1 for _ in line_trials(timetable))
    table, seconds, cpu = timed(lambda: judge_lines(base, lines=[] if len(some) == len(every) else some))
    print(f"lines: {len(some)} of {len(every)} ({n_trials} trials of all), {seconds:.1f} s ({cpu:.1f})")
    print(f"  {len(table)} rows, {table['won'].sum():.0f} won, {table['lost'].sum():.0f} lost")


def try_random(n: int) -> None:
    """Random edits on small drawn worlds, each against a full recomputation."""
    done = wrong = 0
    for seed in range(100, 100 + (n + 24) // 25):
        with tempfile.TemporaryDirectory() as folder:
            base = prepare_study(write_world(Path(folder), seed=seed))
            engine, pick = LevelEngine(), random.Random(seed)  # noqa: S311 — not for secrets
            for _ in range(25):
                edits = random_edits(pick, base.path)
                try:
                    levels, assumed = levels_after(base, engine, edits)
                except InputError:
                    continue
                done += 1
                if not equal(levels, diagnose_assumptions(recomputed(assumed), base.path, kept=KeptTimes()).diagnosis):
                    wrong += 1
                    print(seed, edits)
    print(f"random edits: {done} applied, {wrong} different from the full recomputation")


def main(
    share: Annotated[float, typer.Argument()] = 0.25,
    *,
    only: str = "",
    folder: Path | None = None,
    lines: int = 0,
    random_edits: Annotated[int, typer.Option("--random")] = 0,
) -> None:
    """Make the metropolis, or take the one in the folder, and time all or some parts."""
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, share {share}")
    chosen = {name.strip() for name in only.split(",") if name.strip()}
    with tempfile.TemporaryDirectory() as passing:
        place = folder or Path(passing)
        place.mkdir(parents=True, exist_ok=True)
        study = place / "study.toml"
        if not study.exists():
            make_metropolis(place, share=share)
        if not prepared_folder(study).exists() or "prepare" in chosen:
            time_prepare(study)
        if chosen != {"prepare"}:
            base, seconds, cpu = timed(lambda: open_prepared(study))
            print(f"open: {seconds:.2f} s ({cpu:.2f})", flush=True)
            time_parts(base, chosen, lines)
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")
    if random_edits:
        try_random(random_edits)


def time_parts(base: PreparedStudy, chosen: set[str], lines: int) -> None:
    """Edits unless only lines or equality are asked; these two only where they are."""
    if not chosen or chosen - {"prepare", "open", "lines", "equality"}:
        time_edits(base, chosen)
    if "equality" in chosen:
        kinds = chosen - {"prepare", "open", "lines", "equality"}
        compare_edits(base, sorted(kinds) or ["session added", "hours", "headway", "line closed", "line added"])
    if "lines" in chosen:
        time_lines(base, lines)


if __name__ == "__main__":
    typer.run(main)
