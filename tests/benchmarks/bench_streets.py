"""Street builds and full matrices beside cafein, pandana and scipy, on the same points and walking speed.

``python tests/benchmarks/bench_streets.py [repeats]``; medians [s]. scipy and pandana run on our own graph, so their
times are asserted equal to ours before anything is timed; cafein reads the extract itself, its differences are printed.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from pyproj import Transformer
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from geo_access.network.hierarchy import build_hierarchy
from geo_access.network.links import link_points
from geo_access.network.model import Streets
from geo_access.network.street_search import node_times, street_matrix
from geo_access.network.streets import build_streets

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
REPEATS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
KMH = 4.8

CAFEIN = """
import json, sys, time, numpy as np, pandas as pd, geopandas as gpd, warnings, statistics
warnings.simplefilter("ignore")
import cafein
osm, points, out, repeats = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
p = pd.read_csv(points)
frame = gpd.GeoDataFrame({"id": p.index.to_numpy()}, geometry=gpd.points_from_xy(p.lon, p.lat), crs=4326)
def timed(call):
    spent = []
    for _ in range(repeats):
        start = time.perf_counter(); value = call(); spent.append(time.perf_counter() - start)
    return value, statistics.median(spent)
figures = {}
network, figures["build"] = timed(lambda: cafein.StreetNetwork.from_osm(osm, modes=("walk", "bicycle", "car")))
for name, mode in (("walk", "walk"), ("car", "car")):
    try:
        table, figures[name] = timed(lambda: cafein.TravelTimeMatrix(network, frame, frame, transport_mode=mode,
            snap_distance=500, max_street_time=100000, output_time_units="seconds"))
    except Exception as error:
        figures[name + "_error"] = str(error)[:300]; continue
    dense = np.full((len(p), len(p)), np.nan, dtype=np.float32)
    dense[table["from_id"].to_numpy(), table["to_id"].to_numpy()] = table["travel_time"].to_numpy()
    np.save(out + "." + name + ".npy", dense)
json.dump(figures, open(out, "w"))
"""

PANDANA = """
import json, sys, time, numpy as np, pandana
data = np.load(sys.argv[1])
from pandas import DataFrame, Series
network = pandana.Network(Series(data["x"]), Series(data["y"]), Series(data["tails"]), Series(data["heads"]),
                          DataFrame({"w": data["weights"]}), twoway=False)
start = time.perf_counter()
nodes = data["nodes"]
lengths = network.shortest_path_lengths(np.repeat(nodes, len(nodes)), np.tile(nodes, len(nodes)))
spent = time.perf_counter() - start
np.save(sys.argv[2] + ".npy", np.array(lengths).reshape(len(nodes), -1))
json.dump({"walk": spent}, open(sys.argv[2], "w"))
"""


def timed(call: Callable[[], object], repeats: int = REPEATS) -> tuple[object, float]:
    """Value and median of the time it took [s]; the first call warms the compiled code up."""
    value = call()
    spent = []
    for _ in range(repeats):
        start = time.perf_counter()
        value = call()
        spent.append(time.perf_counter() - start)
    return value, statistics.median(spent)


def cities() -> dict[str, tuple[Path, np.ndarray, np.ndarray]]:
    """Extract, longitudes and latitudes of each city."""
    hexagons = pd.read_csv(DATA / "porto_alegre" / "poa_hexgrid.csv")
    porto = DATA / "osm" / "porto_portugal.osm.pbf"
    streets = build_streets(porto, modes=("walk",))
    chosen = np.random.default_rng(2026).choice(len(streets.node_x), 2_000, replace=False)
    to_degrees = Transformer.from_crs(streets.epsg, 4326, always_xy=True)
    lon, lat = to_degrees.transform(streets.node_x[chosen] + 15.0, streets.node_y[chosen] + 10.0)
    alegre = DATA / "porto_alegre" / "poa_osm.pbf"
    return {"Porto Alegre": (alegre, hexagons.lon.to_numpy(), hexagons.lat.to_numpy()), "Porto": (porto, lon, lat)}


def ours(osm: Path, lon: np.ndarray, lat: np.ndarray) -> tuple[Streets, dict[str, float], dict[str, np.ndarray]]:
    """Our figures and matrices."""
    figures: dict[str, float] = {}
    streets, figures["build"] = timed(lambda: build_streets(osm))  # type: ignore[assignment]
    assert isinstance(streets, Streets)
    xy = np.column_stack(Transformer.from_crs(4326, streets.epsg, always_xy=True).transform(lon, lat))
    matrices = {}
    for mode in ("walk", "car"):
        graph = streets.graphs[mode]
        _, figures[f"{mode} hierarchy"] = timed(lambda g=graph: build_hierarchy(g.indptr, g.heads, g.deciseconds))  # type: ignore[misc]
        links, figures[f"{mode} link"] = timed(lambda m=mode: link_points(streets, xy, mode=m))  # type: ignore[misc]
        few = street_matrix(streets, links.take(np.arange(4)), links, mode=mode)  # type: ignore[attr-defined]
        assert graph.hierarchy is not None
        matrix, figures[mode] = timed(lambda m=mode, k=links: street_matrix(streets, k, k, mode=m))  # type: ignore[misc]
        np.testing.assert_array_equal(few, matrix[:4])  # type: ignore[index]
        matrices[mode] = np.asarray(matrix)
        if mode == "walk":
            one = links.take(np.arange(1))  # type: ignore[attr-defined]
            _, figures["one 45 min search"] = timed(lambda k=one: node_times(streets, k, mode="walk", max_s=2_700), 50)  # type: ignore[misc]
    return streets, figures, matrices


def on_our_graph(streets: Streets, n: int, folder: Path) -> dict[str, float]:
    """Times of scipy and pandana on our walking graph, node to node, asserted equal to ours."""
    graph = streets.graphs["walk"]
    usable = np.flatnonzero(np.diff(graph.indptr)[: len(streets.node_id)] > 0)
    nodes = np.random.default_rng(7).choice(usable, n, replace=False)
    links = link_points(streets, np.column_stack((streets.node_x, streets.node_y))[nodes], mode="walk")
    good = links.distance_m < 1e-6
    assert good.mean() > 0.99
    mine = street_matrix(streets, links, links, mode="walk") * 10
    tails = np.repeat(np.arange(graph.n_states), np.diff(graph.indptr))
    order = np.lexsort((graph.deciseconds, graph.heads, tails))
    pairs = np.column_stack((tails, graph.heads))[order]
    lightest = order[np.concatenate(([True], (pairs[1:] != pairs[:-1]).any(axis=1)))]  # scipy adds parallel arcs up
    arcs = (tails[lightest], graph.heads[lightest])
    matrix = csr_matrix((graph.deciseconds[lightest], arcs), shape=(graph.n_states,) * 2)
    spread, spent = timed(lambda: dijkstra(matrix, indices=nodes[:100]), 3)
    spread = np.asarray(spread)
    best = spread[:, : len(streets.node_id)].copy()
    np.minimum.at(best.T, graph.copy_of, spread[:, len(streets.node_id) :].T)
    theirs = np.where(np.isinf(best), np.nan, best)[:, nodes]
    np.testing.assert_allclose(mine[:100][:, good][good[:100]], theirs[:, good][good[:100]], atol=0.6)
    figures = {"scipy, one core (from 100 sources)": spent * n / 100}
    python = ROOT / ".peers" / "pandana" / "bin" / "python"
    if python.exists():
        place = np.concatenate((np.arange(len(streets.node_id)), graph.copy_of))
        data = {"x": streets.node_x[place], "y": streets.node_y[place], "tails": tails, "heads": graph.heads}
        np.savez(folder / "graph.npz", **data, weights=graph.deciseconds.astype(float), nodes=nodes)
        done = subprocess.run([python, "-c", PANDANA, folder / "graph.npz", folder / "pandana"], capture_output=True)
        if done.returncode == 0:
            figures["pandana (once)"] = json.loads((folder / "pandana").read_text())["walk"]
    return figures


def main() -> None:
    """Print the table."""
    for city, (osm, lon, lat) in cities().items():
        streets, figures, matrices = ours(osm, lon, lat)
        print(
            f"{city}, {len(lon)} points: " + ", ".join(f"{key} {value:.4f}" for key, value in figures.items()),
            flush=True,
        )
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            peers = on_our_graph(streets, len(lon), folder) if city == "Porto Alegre" else {}
            for name_of, spent in peers.items():
                print(f"  {name_of}: walk {spent:.2f} = {spent / figures['walk']:.0f} x ours", flush=True)
            python = ROOT / ".peers" / "cafein" / "bin" / "python"
            if not python.exists():
                print("  cafein: not installed (install_peers.py)")
                continue
            pd.DataFrame({"lon": lon, "lat": lat}).to_csv(folder / "points.csv", index=False)
            command = [python, "-c", CAFEIN, osm, folder / "points.csv", folder / "cafein", str(REPEATS)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                print("  cafein: " + done.stderr.strip().splitlines()[-1])
                continue
            theirs = json.loads((folder / "cafein").read_text())
            print("  cafein: " + ", ".join(f"{key} {value}" for key, value in theirs.items()))
            for mode, matrix in matrices.items():
                if mode not in theirs:
                    continue
                peer = np.load(folder / f"cafein.{mode}.npy")
                scale = float(np.nanmedian(peer[matrix > 60] / matrix[matrix > 60])) if mode == "walk" else 1.0
                gap = np.abs(matrix * scale - peer)  # cafein walks at its own speed only: ours is scaled to it
                gap = gap[np.isfinite(gap)]
                whole = sum(figures[key] for key in ("build", f"{mode} hierarchy", f"{mode} link", mode))
                print(
                    f"  {mode}: cafein / ours {theirs[mode] / figures[mode]:.1f}; build + matrix "
                    f"{(theirs['build'] + theirs[mode]) / whole:.1f}; |difference| median {np.median(gap):.0f} s, "
                    f"p90 {np.percentile(gap, 90):.0f} s over {gap.size} pairs (ours x {scale:.3f})",
                    flush=True,
                )


if __name__ == "__main__":
    main()
