"""Streets at the size of a region: Porto tiled 1, 2, 4, 8, 16 times, each size in its own process.

``python tests/benchmarks/bench_scale_streets.py [tiles …]``. The tiles stand in a row, with new ids, joined by a few
roads. Printed per size: seconds of each step and the peak memory of the process once the step is done. Targets:
1.5 million nodes, 3.5 million edges, 4 GB, steps that grow with the number of tiles and not faster.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import osmium
from osmium.osm import mutable

ROOT = Path(__file__).resolve().parents[2]
EXTRACT = ROOT.parent / "shared" / "data" / "osm" / "porto_portugal.osm.pbf"
ID_STEP = 20_000_000_000
JOINTS = 5
MOST_MB = 4_000

STEPS = """
import json, resource, sys, time
from pathlib import Path
import numpy as np
from geo_access.network.search.links import link_points
from geo_access.network.model import Network
from geo_access.network.storage import open_network, save_network
from geo_access.network.search.search import node_times, street_matrix
from geo_access.network.streets.streets import build_streets
import geo_access
found = {}
def step(name, work):
    start = time.perf_counter()
    value = work()
    found[name] = (time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return value
task, extract, folder = sys.argv[1:]
if task == "build":
    streets = step("build", lambda: build_streets(extract, modes=("walk", "bike", "car")))
    step("hierarchy", lambda: streets.graphs["car"].hierarchy)
    step("save", lambda: save_network(Network(streets.epsg, streets, None, {}), Path(folder)))
else:
    network = step("open", lambda: open_network(Path(folder)))
    streets = network.streets
    rng = np.random.default_rng(3)
    rows = rng.integers(0, len(streets.node_id), 2000)
    xy = np.column_stack((streets.node_x[rows], streets.node_y[rows]))
    walk = step("link 2,000 points", lambda: link_points(streets, xy, mode="walk"))
    one = walk.take(np.array([0]))
    node_times(streets, one, mode="walk", max_s=60)
    step("45-minute walk", lambda: node_times(streets, one, mode="walk", max_s=2700))
    car = link_points(streets, xy, mode="car")
    matrix = step("2,000² by car", lambda: street_matrix(streets, car, car, mode="car"))
    found["reached"] = float(np.isfinite(matrix).mean())
found["size"] = [len(streets.node_id), len(streets.edge_source), max(len(g.heads) for g in streets.graphs.values())]
print(json.dumps(found))
"""


def write_tiles(extract: Path, target: Path, tiles: int) -> None:
    """Write the extract `tiles` times side by side, joined by roads between the same crossings of neighbours."""
    low, high = 180.0, -180.0
    joints: list[int] = []
    for item in osmium.FileProcessor(str(extract)):
        if item.is_node():
            low, high = min(low, item.location.lon), max(high, item.location.lon)
        elif item.is_way() and item.tags.get("highway") == "primary" and len(joints) < JOINTS * 40:
            joints.append(item.nodes[0].ref)
    wide = high - low + 0.002
    joints = joints[:: max(1, len(joints) // JOINTS)][:JOINTS]
    with osmium.SimpleWriter(str(target), overwrite=True) as writer:
        for kind in (osmium.osm.NODE, osmium.osm.WAY, osmium.osm.RELATION):
            for tile in range(tiles):
                shift = tile * ID_STEP
                for item in osmium.FileProcessor(str(extract), kind):
                    if item.is_node():
                        where = (item.location.lon + tile * wide, item.location.lat)
                        writer.add_node(item.replace(id=item.id + shift, location=where))
                    elif item.is_way():
                        refs = [node.ref + shift for node in item.nodes]
                        writer.add_way(item.replace(id=item.id + shift, nodes=refs))
                    else:
                        members = [(part.type, part.ref + shift, part.role) for part in item.members]
                        writer.add_relation(item.replace(id=item.id + shift, members=members))
            if kind == osmium.osm.WAY:
                for number in range((tiles - 1) * JOINTS):
                    tile, joint = divmod(number, JOINTS)
                    ends = [joints[joint] + tile * ID_STEP, joints[joint] + (tile + 1) * ID_STEP]
                    tags = {"highway": "primary", "foot": "yes", "bicycle": "yes"}
                    writer.add_way(mutable.Way(id=tiles * ID_STEP + number, nodes=ends, tags=tags))


def measure(task: str, extract: Path, folder: Path) -> dict[str, list[float]]:
    """Run the steps of one task in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", STEPS, task, str(extract), str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{task}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Measure every size asked."""
    if not EXTRACT.exists():
        raise SystemExit("the extract of Porto is not here: nothing measured")
    for tiles in [int(text) for text in sys.argv[1:]] or [1, 2, 4, 8, 16]:
        with tempfile.TemporaryDirectory() as place:
            extract, folder = Path(place) / "tiles.osm.pbf", Path(place) / "network"
            write_tiles(EXTRACT, extract, tiles)
            found = measure("build", extract, folder)
            found |= measure("open", extract, folder)
            saved_mb = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
        nodes, edges, arcs = found.pop("size")
        reached = found.pop("reached")
        print(
            f"{tiles} tiles: {nodes:,} nodes, {edges:,} edges, {arcs:,} arcs, {reached:.1%} of pairs by car, "
            f"saved {saved_mb:.0f} MB, load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
        for name, (seconds, peak_mb) in found.items():
            print(f"  {name:20s} {seconds:9.3f} s   peak {peak_mb:6.0f} MB", flush=True)
            assert peak_mb <= MOST_MB, f"{name} at {tiles} tiles: {peak_mb:.0f} MB, above the {MOST_MB} MB allowed"


if __name__ == "__main__":
    main()
