"""Porto Alegre, 1,227 hexagons: windows, departures, deadlines and shifts beside cafein and ferrobus.

``python tests/benchmarks/bench_engine.py [--no-peers]``. Each peer runs in its own environment and process, one after
the other; results are compared before times are printed. Settings: 2019-05-13, walk 3.6 km/h, access and egress ≤
20 min, window 13:00–15:00 each minute, percentiles 5/25/50/75/95; one departure at 14:00.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.network.build import build_network
from geo_access.network.model import Network
from geo_access.network.storage import open_network, save_network
from geo_access.routing.graphs import backward_graph, forward_graph, graph_key, keep_changes
from geo_access.routing.legs import join_doors, mode_legs, open_doors
from geo_access.routing.query import Query, Window
from geo_access.times.core import point_times, samples_of, transit_times
from geo_access.times.points import read_points
from geo_access.times.shift import Shift, shift_times

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "porto_alegre"
PEERS = ROOT / ".peers"
DAY = "2019-05-13"
PERCENTILES = (5, 25, 50, 75, 95)

CAFEIN = """
import sys, time, json, numpy as np, pandas as pd, geopandas as gpd, warnings
warnings.simplefilter("ignore")
from cafein import TransportNetwork, TravelTimeMatrix
data, day, out = sys.argv[1:4]
cells = pd.read_csv(data + "/poa_hexgrid.csv")
points = gpd.GeoDataFrame(cells[["id"]], geometry=gpd.points_from_xy(cells.lon, cells.lat), crs=4326)
clock = {}
def timed(name, f):
    start = time.perf_counter(); value = f(); clock[name] = time.perf_counter() - start; return value
network = timed("build", lambda: TransportNetwork.from_gtfs(
    [data + "/poa_eptc.zip", data + "/poa_trensurb.zip"], osm_pbf=data + "/poa_osm.pbf", walking_speed_kmph=3.6))
timed("precompute", lambda: network.compute_tbtr_transfers(day))
shared = dict(walking_speed_kmph=3.6, max_walking_time=20, output_time_units="seconds", router="tbtr")
def dense(frame, column):
    index = {k: i for i, k in enumerate(points.id)}
    m = np.full((len(points), len(points)), np.nan)
    m[frame.from_id.map(index), frame.to_id.map(index)] = frame[column]
    return m
run = lambda **more: TravelTimeMatrix(network, points, **{"destinations": points, **more}, **shared)
one = timed("one", lambda: run(departure=day + " 14:00:00"))
asked = dict(departure=day + " 13:00:00", departure_time_window=120, percentiles=[5, 25, 50, 75, 95])
window = timed("window", lambda: run(**asked))
sites = timed("sites", lambda: run(destinations=points.iloc[::80].iloc[:15], **asked))
np.savez(out, one=dense(one, "travel_time"), window=dense(window, "travel_time_p50"))
print(json.dumps(clock))
"""

FERROBUS = """
import sys, time, json, datetime, ferrobus
data, day, out = sys.argv[1:4]
asked = json.load(open(out + ".in"))
clock = {}
def timed(name, f):
    start = time.perf_counter(); value = f(); clock[name] = time.perf_counter() - start; return value
date = datetime.date.fromisoformat(day)
model = timed("build", lambda: ferrobus.create_transit_model(data + "/poa_osm.pbf", asked["folders"], date))
def point(lat, lon):
    try:
        return ferrobus.create_transit_point(lat, lon, model, 1200, 1000)
    except Exception:
        return None
points = timed("link", lambda: [point(*p) for p in asked["points"]])
kept = [i for i, p in enumerate(points) if p is not None]
timed("first", lambda: ferrobus.travel_time_matrix(model, [points[i] for i in kept], 14 * 3600, 7))
found = timed("one", lambda: ferrobus.travel_time_matrix(model, [points[i] for i in kept], 14 * 3600, 7))
json.dump({"kept": kept, "found": found}, open(out, "w"))
print(json.dumps(clock))
"""


def write_even_feeds(folder: Path) -> list[str]:
    """Copy the feeds with blank times filled evenly between stops: ferrobus refuses blanks."""
    folders = []
    for name in ("poa_eptc", "poa_trensurb"):
        target = folder / name
        with zipfile.ZipFile(DATA / f"{name}.zip") as archive:
            archive.extractall(target)
        path = target / "stop_times.txt"
        times = pd.read_csv(path, dtype=str, keep_default_na=False)
        times["stop_sequence"] = times.stop_sequence.astype(int)
        times = times.sort_values(["trip_id", "stop_sequence"])
        for column in ("arrival_time", "departure_time"):
            parts = times[column].replace("", np.nan).str.split(":", expand=True).astype(float)
            seconds = parts[0] * 3600 + parts[1] * 60 + parts[2]
            filled = seconds.groupby(times.trip_id).transform(lambda s: s.interpolate()).round().astype(int)
            times[column] = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in filled]
        times.to_csv(path, index=False)
        folders.append(str(target))
    return folders


def median_s(work: Callable[[], Any], *, times: int = 5) -> float:
    """Median seconds of a few runs, the first one (compilation, caches) left out."""
    work()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


COLD = """
import sys, time
import numpy as np
from geo_access.network.storage import open_network
from geo_access.routing.query import Query, Window
from geo_access.times.core import point_times
from geo_access.times.points import Points
from geo_access.times.shift import Shift, shift_times
network = open_network(sys.argv[1])
xy = np.column_stack((network.timetable.stop_x, network.timetable.stop_y))[::400]
points = Points(np.arange(len(xy)).astype(str).astype(object), xy, np.ones(len(xy), bool))
window = Query("transit", depart=Window(13 * 3600, 15 * 3600), percentiles=(5, 50, 95), walk_kmh=3.6)
by = Query("transit", arrive=Window(14 * 3600, 15 * 3600), walk_kmh=3.6)
start, busy = time.perf_counter(), time.process_time()
point_times(network, xy, xy[:2], window)
point_times(network, xy, xy[:2], by)
shift_times(network, points, points, Shift.parse("14:30", "15:00"), by)
print(time.perf_counter() - start, time.process_time() - busy)
"""


def first_calls(network: Network, query: Query) -> dict[str, float]:
    """Seconds of a first window, deadline and shift on a saved network, without and with compiled kernels."""
    with tempfile.TemporaryDirectory() as folder:
        saved = save_network(keep_changes(network, query), Path(folder) / "network")
        start = time.perf_counter()
        opened = open_network(saved)
        told = {"open": time.perf_counter() - start}
        start = time.perf_counter()
        forward_graph(opened.timetable, graph_key(query))
        told["graph from kept changes"] = time.perf_counter() - start
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(Path(folder) / "cache")}
        for name in ("cold", "warm"):
            done = subprocess.run(
                [sys.executable, "-c", COLD, saved], capture_output=True, text=True, env=environment, check=True
            )
            told[name], told[f"{name}, processor"] = map(float, done.stdout.split())
    return told


def run_peer(name: str, script: str) -> tuple[dict[str, float], dict[str, np.ndarray]] | None:
    """Run a peer in its own environment."""
    python = PEERS / name / "bin" / "python"
    if not python.exists():
        print(f"{name}: not installed (install_peers.py)")
        return None
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.npz"
        if name == "ferrobus":
            cells = pd.read_csv(DATA / "poa_hexgrid.csv")
            asked = {"folders": write_even_feeds(Path(folder)), "points": cells[["lat", "lon"]].to_numpy().tolist()}
            Path(f"{out}.in").write_text(json.dumps(asked))
        done = subprocess.run([python, "-c", script, DATA, DAY, out], capture_output=True, text=True)
        if done.returncode:
            print(f"{name}: failed\n{done.stderr[-2000:]}")
            return None
        clock = json.loads(done.stdout.strip().splitlines()[-1])
        if name != "ferrobus":
            return clock, dict(np.load(out))
        found = json.loads(out.read_text())
        matrix = np.full((len(cells), len(cells)), np.nan)
        matrix[np.ix_(found["kept"], found["kept"])] = np.array(found["found"], dtype=float)
        return clock, {"one": matrix}


def agreement(ours: np.ndarray, theirs: np.ndarray) -> str:
    """How two matrices differ over the pairs that both reach."""
    both = np.isfinite(ours) & np.isfinite(theirs) & ~np.eye(len(ours), dtype=bool)
    gap = ours[both] - theirs[both]
    return (
        f"both {both.mean():.1%}, only ours {(np.isfinite(ours) & ~np.isfinite(theirs)).mean():.1%}, only theirs "
        f"{(~np.isfinite(ours) & np.isfinite(theirs)).mean():.1%}; difference median {np.median(gap):+.0f} s, "
        f"absolute median {np.median(np.abs(gap)):.0f} s, p90 {np.quantile(np.abs(gap), 0.9):.0f} s"
    )


def main() -> None:
    """Measure, compare, print."""
    cells = pd.read_csv(DATA / "poa_hexgrid.csv")
    layer = gpd.GeoDataFrame(cells[["id"]], geometry=gpd.points_from_xy(cells.lon, cells.lat), crs=4326)
    start = time.perf_counter()
    network = build_network(
        DATA / "poa_osm.pbf",
        [DATA / "poa_eptc.zip", DATA / "poa_trensurb.zip"],
        date=DAY,
        modes=("walk",),
        walk_kmh=3.6,
    )
    ours = {"build": time.perf_counter() - start}
    window = Query("transit", depart=Window(13 * 3600, 15 * 3600), percentiles=PERCENTILES, walk_kmh=3.6)
    one = replace(window, depart=Window(14 * 3600, 14 * 3600), percentiles=(50,))
    by = replace(window, depart=None, arrive=Window(14 * 3600, 16 * 3600))
    points = read_points(layer, network, name="cells")
    all_, few, single = points.xy, points.xy[::80][:15], points.xy[600:601]
    start = time.perf_counter()
    point_times(network, all_[:2], few, window)
    ours["first call"] = time.perf_counter() - start
    start = time.perf_counter()
    forward_graph.cache_clear()
    backward_graph.cache_clear()
    backward_graph(network.timetable, graph_key(window))
    ours["precompute"] = time.perf_counter() - start
    ours["sites"] = median_s(lambda: point_times(network, all_, few, window))
    ours["window"] = median_s(lambda: point_times(network, all_, all_, window), times=3)
    ours["one"] = median_s(lambda: point_times(network, all_, all_, one), times=3)
    ours["arrive-by window"] = median_s(lambda: point_times(network, all_, all_, by), times=3)
    ours["one origin"] = median_s(lambda: point_times(network, single, all_, window))
    legs = mode_legs(window)
    doors = open_doors(network, all_, window, legs, serve="arriving")

    def one_origin() -> None:
        origin = open_doors(network, single, window, legs, serve="leaving", beside=doors)
        transit_times(network, join_doors(network, origin, doors, window, legs), samples_of(window), window)

    ours["one origin, doors open"] = median_s(one_origin)
    shift = Shift.parse("14:30", "15:00")
    ours["shift"] = median_s(lambda: shift_times(network, points, points, shift, by), times=3)
    ours["memory MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ours |= first_calls(network, window)
    ours["busy"] = os.getloadavg()[0]
    print("ours", {name: round(value, 4) for name, value in ours.items()}, flush=True)
    if "--no-peers" in sys.argv:
        return
    # ferrobus walks at 1.4 m/s, here as far between stops as the network knows, and keeps no time for a change; cafein
    # takes our speed.
    settings = {"ferrobus": {"walk_kmh": 5.04, "min_transfer_s": 0, "max_transfer_s": 535}, "cafein": {}}
    at_window = point_times(network, all_, all_, window).seconds[:, :, 2]
    for name, script in (("ferrobus", FERROBUS), ("cafein", CAFEIN)):
        peer = run_peer(name, script)
        if peer is None:
            continue
        clock, found = peer
        print(name, {key: round(value, 3) for key, value in clock.items()})
        at_one = point_times(network, all_, all_, replace(one, **settings[name])).seconds[:, :, 0]
        print(f"  14:00: {agreement(at_one, found['one'])}")
        if "window" in found:
            print(f"  window p50: {agreement(at_window, found['window'])}")
        for key in ("one", "window", "sites"):
            if key in clock:
                print(f"  {key}: {clock[key] / ours[key]:.1f} × ours")


if __name__ == "__main__":
    main()
