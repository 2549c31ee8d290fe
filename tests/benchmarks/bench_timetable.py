"""Reading, building, opening: the national rail feed, and Porto Alegre with streets and transfers beside cafein.

``python tests/benchmarks/bench_timetable.py [--no-peers]``. Every system runs in its own process; ours walks at
3.6 km/h up to 20 minutes between stops, as cafein does by default (960 s are asked, a quarter farther is searched).
Targets: 2 s and 400 MB for the national feed; cafein's lean build; 50 ms to open a saved network, every checksum
verified.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
PEERS = ROOT / ".peers"
RUNS = 5

COMMON = """
import sys, time, json, resource, statistics
data = sys.argv[1]
def timed(work):
    taken, peak = [], 0.0
    for _ in range(RUNS + 1):
        start = time.perf_counter(); value = work(); taken.append(time.perf_counter() - start)
        # Memory of one build: later ones find the result of the one before still alive.
        peak = peak or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return value, taken[0], statistics.median(taken[1:]), peak
def report(first, median, peak, **facts):
    print(json.dumps({"first_s": first, "median_s": median, "peak_mb": peak, **facts}))
""".replace("RUNS", str(RUNS))

NATIONAL = """
from datetime import date
from geo_access.network.model import CrowFly
from geo_access.network.timetable.timetable import build_timetable
from geo_access.sources.gtfs.feed import read_gtfs
path = data + "/hauts_de_france/ter_national_2025-01.zip"
def work():
    feed = read_gtfs(path)
    return feed, build_timetable([feed], day=date(2025, 2, 4), epsg=2154, streets=CrowFly(2154))
(feed, built), first, median, peak = timed(work)
report(first, median, peak, stop_times=len(feed.stop_times.stop),
       trips=int((built.trip_day == 0).sum()), stops=built.n_stops)
"""

OURS = """
from geo_access.network.build import build_network
folder = data + "/porto_alegre/"
def work():
    feeds = [folder + "poa_eptc.zip", folder + "poa_trensurb.zip"]
    return build_network(folder + "poa_osm.pbf", feeds, date="2019-05-13",
                         modes=("walk",), walk_kmh=3.6, max_transfer_s=960)
network, first, median, peak = timed(work)
built = network.timetable
report(first, median, peak, trips=int((built.trip_day == 0).sum()), stops=built.n_stops,
       footpaths=len(built.footpaths.seconds))
"""

OPEN = """
import tempfile
from pathlib import Path
from geo_access.network.build import build_network
from geo_access.network.storage import open_network, save_network
folder = data + "/porto_alegre/"
national = data + "/hauts_de_france/ter_national_2025-01.zip"
cases = {
    "national feed": dict(gtfs=national, date="2025-02-04", crow_fly_detour=1.3),
    "Porto Alegre": dict(osm=folder + "poa_osm.pbf", gtfs=[folder + "poa_eptc.zip", folder + "poa_trensurb.zip"],
                         date="2019-05-13", modes=("walk",)),
}
with tempfile.TemporaryDirectory() as place:
    for name, options in cases.items():
        saved = save_network(build_network(**options), Path(place) / name)
        megabytes = sum(file.stat().st_size for file in saved.iterdir()) / 1e6
        opened, first, median, peak = timed(lambda: open_network(saved))
        assert opened.timetable.n_trips > 2000
        print(f"open {name}: {megabytes:.0f} MB, first {1000 * first:.0f} ms, median {1000 * median:.0f} ms",
              file=sys.stderr)
report(first, median, peak)
"""

CAFEIN = """
import warnings
warnings.simplefilter("ignore")
from cafein import TransportNetwork
folder = data + "/porto_alegre/"
def work():
    feeds = [folder + "poa_eptc.zip", folder + "poa_trensurb.zip"]
    return TransportNetwork.from_gtfs(feeds, osm_pbf=folder + "poa_osm.pbf",
                                      walking_speed_kmph=3.6, trip_distances=False, street_modes=())
network, first, median, peak = timed(work)
report(first, median, peak, trips=network.trip_count, stops=network.stop_count, footpaths=network.transfer_count)
"""


def run(python: Path, script: str) -> dict[str, float] | None:
    """Run one system; None when it is not installed or fails, which is said."""
    if not python.exists():
        print(f"{python.parent.parent.name}: not installed (python tests/benchmarks/install_peers.py)")
        return None
    done = subprocess.run([str(python), "-c", COMMON + script, str(DATA)], capture_output=True, text=True)
    print("".join(line + "\n" for line in done.stderr.splitlines() if line.startswith("open ")), end="")
    if done.returncode:
        print(f"{python.parent.parent.name}: failed: {done.stderr.strip().splitlines()[-1]}")
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def show(name: str, found: dict[str, float]) -> None:
    """Print one system's figures."""
    facts = ", ".join(f"{key} {value}" for key, value in found.items() if not key.endswith(("_s", "_mb")))
    seconds = f"first {found['first_s']:.2f} s, median {found['median_s']:.2f} s"
    print(f"{name:28s} {seconds}, peak {found['peak_mb']:.0f} MB; {facts}")


def main() -> None:
    """Run the jobs and print ratios."""
    here = Path(sys.executable)
    national = run(here, NATIONAL)
    if national:
        assert national["stop_times"] == 299_983
        show("national feed, one day", national)
    run(here, OPEN)
    sessions: dict[str, list[dict[str, float]]] = {"ours": [], "cafein lean": []}
    peer = PEERS / "cafein" / "bin" / "python"
    for _ in range(2):
        # Alternating, so that a busy machine weighs on both.
        for name, python, script in (("ours", here, OURS), ("cafein lean", peer, CAFEIN)):
            if name == "ours" or "--no-peers" not in sys.argv:
                found = run(python, script)
                if found:
                    sessions[name].append(found)
    for name, results in sessions.items():
        for found in results:
            show(f"Porto Alegre, {name}", found)
    if sessions["ours"] and sessions["cafein lean"]:
        ours, theirs = (statistics.median(r["median_s"] for r in sessions[name]) for name in ("ours", "cafein lean"))
        trips = {int(r["stops"]) for results in sessions.values() for r in results}
        assert len(trips) == 1, f"the systems differ in stops: {trips}"
        print(f"ours / cafein lean = {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
