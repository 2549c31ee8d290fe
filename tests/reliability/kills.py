"""Work killed with −9 at a random moment and taken up again: the same bytes, and nothing of the user's lost."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

__all__ = ["KINDS", "killed_and_resumed"]

ROOT = Path(__file__).parents[2]
_SINK = """
import sys, time
from geo_access.times import stream
from tests.times.test_stream import ASKED, HOMES, NETWORK, SITES, travel_times
stream._BLOCK_BYTES, stream._COMPUTED_BYTES = 1000, 1500
print("ready", flush=True)
travel_times(NETWORK, HOMES, SITES, sink=sys.argv[1], **ASKED)
"""
_SAVE = """
import sys, tempfile
from pathlib import Path
from geo_access.network.build import build_network
from geo_access.network.storage import open_network, save_network
from tests.reliability.small_study import write_transit_study
home = Path(tempfile.mkdtemp())
write_transit_study(home)
network = build_network(home / "streets.osm", home / "bus.zip", date="2026-03-17")
network.streets.graphs["walk"].hierarchy
print("ready", flush=True)
for _ in range(int(sys.argv[2])):
    save_network(network, sys.argv[1])
open_network(sys.argv[1])
"""
_RUN = """
import sys
from pathlib import Path
import pytest
from geo_access.study.study import Study
from tests.reliability.small_study import leave_paper_out, write_small_study
with pytest.MonkeyPatch.context() as patch:
    leave_paper_out(patch)
    out = Path(sys.argv[1])
    study = Study.from_file(write_small_study(out.parent / "study"))
    print("ready", flush=True)
    study.run(out, overwrite=True)
"""
# The page saves the same scenario again and again; the study file stands in the folder that is compared.
_SERVE = """
import json, os, sys, threading, time, urllib.request
from pathlib import Path
from geo_access.web import open_workshop, saving
from tests.reliability.small_study import write_small_study
saving._ABANDONED_S = 0.0
home = Path(sys.argv[1])
path = home / "study.toml"
if not path.exists():
    write_small_study(home)
def ask(page, name, body=None, launch=""):
    head = {"Content-Type": "application/json", "X-Geo-Access-Launch": launch, "Origin": page.rstrip("/")}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(page + "api/" + name, data, head)) as answer:
        return json.load(answer)
def page_of_somebody(page):
    while (state := ask(page, "start"))["state"] != "ready":
        time.sleep(0.05)
    print("ready", flush=True)
    known = state["mark"]
    for k in [*range(int(sys.argv[2]) - 1), 5]:
        change = {"change": "threshold", "id": "t", "minutes": 40 + k}
        body = {"id": "longer", "name": "x", "changes": [change], "known": known, "replace": True}
        known = ask(page, "scenario-save", body, state["launch"])["mark"]
    os._exit(0)
def announce(page):
    threading.Thread(target=page_of_somebody, args=(page,), daemon=True).start()
open_workshop(path, host="127.0.0.1", port=0, token="", open_page=False, announce=announce)
"""
KINDS = {"sink": _SINK, "save": _SAVE, "run": _RUN, "serve": _SERVE}
# How long the work lasts, about [s]: the moment is drawn from it.
_LASTS_S = {"sink": 3.0, "save": 1.5, "run": 6.0, "serve": 1.5}
_REPEATED = {"save": 50, "serve": 200}


def _work(kind: str, folder: Path, *, repeats: int = 1) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", KINDS[kind], str(folder), str(repeats)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stdout or ():
        if "ready" in line:
            break
    return process


def _bytes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@cache
def _whole(kind: str) -> dict[str, str]:
    """Bytes of the work that nobody killed."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "work"
        _, said = _work(kind, folder).communicate()
        assert folder.is_dir(), said
        return _bytes(folder)


def killed_and_resumed(kind: str, seed: int) -> bool:
    """Kill the work at a moment drawn from a seed, take it up again, and compare with the work that nobody killed.

    A run is killed while it replaces an earlier result beside which the user keeps a file of their own.
    """
    whole = _whole(kind)
    pick = random.Random(f"{kind} {seed}")  # noqa: S311 — not for secrets
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "work"
        mine = {}
        if kind == "run" and seed % 2:
            _work(kind, folder).communicate()
            (folder / "notes.txt").write_text("mine", encoding="utf-8")
            mine = {"notes.txt": hashlib.sha256(b"mine").hexdigest()}
        process = _work(kind, folder, repeats=_REPEATED.get(kind, 1))
        time.sleep(pick.uniform(0.0, _LASTS_S[kind]))
        process.kill()
        process.communicate()
        _work(kind, folder).communicate()
        left = {path.name for path in Path(home).iterdir()} - {"work", "study"}
        return _bytes(folder) == whole | mine and not left
