"""A newcomer with nothing but the wheel: installs it, runs the demo, and makes a first map of a folder of real files.

    python tests/benchmarks/newcomer.py WHEEL DATA [WORK] [--constraints constraints.txt]

WHEEL was built from the clone; DATA holds ``porto_alegre`` and ``hauts_de_france``; nothing else of the clone is used.
Each command is one that a reader of the README types. What is written: commands, seconds, processor seconds, peak of
memory, and for each page that was opened in Chromium, wide and on a phone: how wide it is, what its console says.
Porto Alegre's public data hold no table of training: the newcomer makes one of its hexagons with a school.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.browser import browser

SCREENS = ((1280, 860), (390, 844))


def told(command: list[str], folder: Path) -> None:
    """Run a command away from the clone, and write what it took."""
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    words = " ".join([Path(command[0]).name, *command[1:]])
    print(f"{words}: {time.monotonic() - start:.0f} s ({spent:.0f} s), code {done.returncode}", flush=True)
    if done.returncode:
        sys.exit(done.stdout[-3000:] + done.stderr[-3000:])


def folder_of_porto_alegre(source: Path, home: Path) -> None:
    """Copy the feeds, the streets and the hexagons, and make a table of schools."""
    home.mkdir()
    for name in ("poa_osm.pbf", "poa_eptc.zip", "poa_trensurb.zip", "poa_hexgrid.csv"):
        shutil.copy(source / name, home)
    rows = list(csv.DictReader((source / "poa_hexgrid.csv").read_text("utf-8").splitlines()))
    with (home / "escolas.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(("site_id", "metier", "level", "places", "lon", "lat"))
        table.writerows((r["id"], "K2111", 4, 100, r["lon"], r["lat"]) for r in rows if float(r["schools"]) > 0)


def open_pages(results: Path, pictures: Path) -> None:
    """Open every page of a result, wide and on a phone, and keep its picture."""
    pictures.mkdir(exist_ok=True)
    pages = sorted(results.rglob("*.html"))
    for width, height in SCREENS:
        with browser(width=max(width, 500), height=height) as page:
            page.resize(width, height)
            for path in pages:
                page.open(path)
                page.settle(1.0)
                broad = page.run("return document.documentElement.scrollWidth")
                print(f"  {width} px {path.name}: {broad} px wide, console: {page.console_errors()}", flush=True)
                page.screenshot(pictures / f"{path.stem}_{width}.png")


def main() -> None:
    """Go the newcomer's way, once for each territory."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("wheel", type=Path)
    asked.add_argument("data", type=Path)
    asked.add_argument("work", type=Path, nargs="?")
    asked.add_argument("--constraints", type=Path)
    given = asked.parse_args()
    work = given.work or Path(tempfile.mkdtemp())
    work.mkdir(exist_ok=True)
    subprocess.run([sys.executable, "-m", "venv", work / "new"], check=True)
    held = ["-c", str(given.constraints.resolve())] if given.constraints else []
    bin_ = work.resolve() / "new" / "bin"
    told([str(bin_ / "pip"), "install", "--quiet", *held, str(given.wheel.resolve())], work)
    geo_access = str(bin_ / "geo-access")
    told([geo_access, "demo", "--out", "demo"], work)
    open_pages(work / "demo", work / "pictures_demo")
    folder_of_porto_alegre(given.data / "porto_alegre", work / "poa")
    shutil.copytree(given.data / "hauts_de_france", work / "hdf")
    for name, territory in (("poa", "Porto Alegre"), ("hdf", "Hauts-de-France")):
        print(f"{territory}: the three commands after the installation", flush=True)
        told([geo_access, "init", name, "--territory", territory], work)
        told([geo_access, "check", f"{name}/study.toml"], work)
        told([geo_access, "run", f"{name}/study.toml", "--out", f"{name}/resultats"], work)
        open_pages(work / name / "resultats", work / f"pictures_{name}")


if __name__ == "__main__":
    main()
