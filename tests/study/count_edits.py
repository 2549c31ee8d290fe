"""Compare random edits with full recomputations and count them: ``python -m tests.study.count_edits 0 60``.

A world is drawn for each seed, every other one on streets, every third with a threshold that counts kilometres beside
its minutes; its edits are drawn from the same seed. The same seed, the same edits.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from geo_access.errors import InputError
from geo_access.study.file import checked_changes
from geo_access.study.levels import LevelEngine
from geo_access.study.prepared import PreparedStudy, diagnose_assumptions, prepare_study
from geo_access.study.scenario import Assumptions, apply_changes
from geo_access.study.whatif import run_scenario
from geo_access.times.kept import KeptTimes
from tests.study.drawn_world import random_edits, recomputed, write_world

KEYS = ["zone_id", "metier", "profile", "kind", "schedule", "threshold", "level"]
SHARES = ["reachable_share", "unmeasured_share"]
EDITS_EACH = 10


def differing(first: pd.DataFrame, flags: pd.DataFrame) -> list[str]:
    """Columns of levels found first that are not those of the flags, bit for bit."""
    found = [name for name in KEYS if first[name].astype(str).tolist() != flags[name].astype(str).tolist()]
    for name in SHARES:
        whole = flags[name].to_numpy(np.float32, na_value=np.nan)
        if not np.array_equal(first[name].to_numpy(), whole, equal_nan=True):
            found.append(name)
    return found


def draw(base: PreparedStudy, pick: random.Random) -> tuple[list[dict[str, Any]], Assumptions]:
    """Changes that can be applied together, and what is assumed then."""
    while True:
        edits = random_edits(pick, base.path)
        try:
            return edits, apply_changes(base.assumptions, checked_changes(edits))
        except InputError:
            continue


def compare(base: PreparedStudy, engine: LevelEngine, pick: random.Random) -> tuple[list[dict[str, Any]], list[str]]:
    """Draw an edit; give it and what differs: of the levels found first, and of the whole scenario's flags."""
    edits, assumed = draw(base, pick)
    times = base.kept.on(base.network) if assumed.network is base.network else base.kept.passing(assumed.network)
    first = engine.levels(assumed, times).table()
    whole = diagnose_assumptions(recomputed(assumed), base.path, kept=KeptTimes()).diagnosis.flags
    wrong = [f"levels: {name}" for name in differing(first, whole)]
    kept = run_scenario(base, checked_changes(edits)).flags
    if not kept.equals(whole):
        wrong += [f"scenario: {name}" for name in whole if not kept[name].equals(whole[name])]
    return edits, wrong


def main(first: int, last: int) -> None:
    """Compare the worlds of some seeds and print the count."""
    kinds: Counter[str] = Counter()
    applied, differences = 0, []
    for seed in range(first, last):
        with TemporaryDirectory() as folder:
            km = None if seed % 3 else 0.6
            base = prepare_study(write_world(Path(folder), seed=seed, drawn=seed % 2 == 1, km=km))
            engine, pick = LevelEngine(), random.Random(seed)  # noqa: S311 — not for secrets
            for _ in range(EDITS_EACH):
                edits, wrong = compare(base, engine, pick)
                applied += 1
                kinds.update(str(edit["change"]) for edit in edits)
                if wrong:
                    differences.append(f"seed {seed}: {wrong}: {edits}")
        state = {"seeds": [first, seed], "applied": applied, "differences": len(differences)}
        print(json.dumps(state), flush=True)  # noqa: T201 — this speaks on the screen
    print(json.dumps({"drawn": dict(sorted(kinds.items()))}))  # noqa: T201
    print("\n".join(differences) or "no difference")  # noqa: T201


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
