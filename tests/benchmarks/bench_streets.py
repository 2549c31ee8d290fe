"""Street builds and full matrices beside OSRM, Valhalla, cafein, pandana and scipy, on the same points.

``python tests/benchmarks/bench_streets.py [repeats]``; medians [s] and peak memory of each process [MB]. scipy and
pandana run on our own graph and must find our times; for the others, which read the extract themselves, the ratio of
times is printed before the ratio of speeds (causes: bench_streets_agreement.py). Valhalla answers a share of the rows
only, counted up. ``build + matrix`` is from the file to the first matrix of one mode, ours with all modes built.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from street_peers import EXTRACTS, OSRM_WALK_48, ask, load, places, said

from geo_access.network.search.links import link_points
from geo_access.network.search.search import street_matrix
from geo_access.network.streets.streets import build_streets

REPEATS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
VALHALLA_ROWS = 100


def agreement(ours: np.ndarray, theirs: np.ndarray) -> str:
    """Ratio of our times to theirs over the pairs that both reach, of a minute or more."""
    both = np.isfinite(ours) & np.isfinite(theirs) & (ours > 60) & (theirs > 60)
    low, middle, high = np.percentile(ours[both] / theirs[both], [10, 50, 90])
    gap = np.median(np.abs(ours[both] - theirs[both]))
    assert 0.5 < middle < 2.0, "these are not the same trips"
    return f"ours / theirs median {middle:.2f} (p10 {low:.2f}, p90 {high:.2f}), |difference| median {gap:.0f} s"


def on_our_graph(points: np.ndarray, folder: Path) -> dict[str, float]:
    """Seconds that scipy and pandana take on our walking graph, node to node, their times asserted equal to ours."""
    streets = build_streets(EXTRACTS["Porto Alegre"], modes=("walk",))
    graph = streets.graphs["walk"]
    n = len(points)
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
    begin = time.perf_counter()
    spread = dijkstra(matrix, indices=nodes[:100])
    figures = {"scipy, one core, counted up from 100 rows": (time.perf_counter() - begin) * n / 100}
    best = spread[:, : len(streets.node_id)].copy()
    np.minimum.at(best.T, graph.copy_of, spread[:, len(streets.node_id) :].T)
    theirs = np.where(np.isinf(best), np.nan, best)[:, nodes]
    np.testing.assert_allclose(mine[:100][:, good][good[:100]], theirs[:, good][good[:100]], atol=0.6)
    place = np.concatenate((np.arange(len(streets.node_id)), graph.copy_of))
    data = {"x": streets.node_x[place], "y": streets.node_y[place], "tails": tails, "heads": graph.heads}
    np.savez(folder / "graph.npz", **data, weights=graph.deciseconds.astype(float))
    np.save(folder / "nodes.npy", nodes)
    answer = ask("pandana", folder, graph=folder / "graph.npz", nodes=folder / "nodes.npy")
    if answer is not None:
        found = answer[1]["lengths"]
        both = np.isfinite(mine) & np.isfinite(found) & good & good[:, None]
        assert both.mean() > 0.95  # the copies of a node behind a barrier are other nodes to pandana
        np.testing.assert_allclose(mine[both], found[both], atol=0.6)
        figures["pandana, once"] = answer[0]["matrix_s"]
    return figures


def peers_of(
    city: str, mode: str, folder: Path, points: Path, n: int
) -> dict[str, tuple[dict[str, float], np.ndarray]]:
    """What each peer finds for one mode: figures with ``build_s, matrix_s, peak_mb``, and times."""
    common = {"osm": EXTRACTS[city], "points": points}
    found = {}
    for method in ("CH", "MLD"):
        if (city, mode, method) == ("Porto", "walk", "CH"):
            continue  # its contraction of the footways of Porto takes many minutes
        extra = {"profile": "car"} if mode == "car" else {"profile": "foot", "replace": OSRM_WALK_48}
        answer = ask("osrm", folder / method, **common, **extra, method=method, repeats=REPEATS)
        if answer:
            found[f"{said('osrm')} {extra['profile']} {method}"] = answer[0], answer[1]["seconds"]
    rows = min(VALHALLA_ROWS, n)
    costing = {"costing": "auto"} if mode == "car" else {"costing": "pedestrian", "options": {"walking_speed": 4.8}}
    answer = ask("valhalla", folder / mode, **common, **costing, sources=rows, repeats=1)
    if answer:
        answer[0]["matrix_s"] *= n / rows
        found[f"{said('valhalla')} {costing['costing']}, counted up from {rows} rows"] = answer[0], answer[1]["seconds"]
    answer = ask("cafein", folder, **common, modes=[mode], repeats=min(REPEATS, 3))
    if answer:
        figures = answer[0] | {"matrix_s": answer[0][f"{mode} matrix_s"]}
        found[f"{said('cafein')}{' at 3.6 km/h' if mode == 'walk' else ''}"] = figures, answer[1][f"{mode} seconds"]
    return found


def beside(theirs: dict[str, float], ours: dict[str, float], mode: str) -> str:
    """Their figures, and how many times ours they are."""
    whole = ours["build_s"] + sum(ours[f"{mode} {part}_s"] for part in ("hierarchy", "link", "matrix"))
    ratios = {
        "build": theirs["build_s"] / ours["build_s"],
        "matrix": theirs["matrix_s"] / ours[f"{mode} matrix_s"],
        "build + matrix": (theirs["build_s"] + theirs["matrix_s"]) / whole,
        "memory": theirs["peak_mb"] / ours["peak_mb"],
    }
    taken = f"build {theirs['build_s']:.2f} s, matrix {theirs['matrix_s']:.2f} s, peak {theirs['peak_mb']:.0f} MB"
    return f"{taken}; theirs / ours: " + ", ".join(f"{key} {value:.2f}" for key, value in ratios.items())


def main() -> None:
    """Print one line for each program and mode."""
    for city in ("Porto Alegre", "Porto"):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for sub in ("CH", "MLD", "walk", "car"):
                (folder / sub).mkdir()
            points = places(city)
            np.save(folder / "points.npy", points)
            asked = {"osm": EXTRACTS[city], "points": folder / "points.npy", "repeats": REPEATS}
            answer = ask("ours", folder, **asked, modes=["walk", "bike", "car"])
            assert answer, "our own side failed"
            figures, arrays = answer
            print(f"\n{city}, {len(points)} points, {load()}")
            print("  geo_access: " + ", ".join(f"{key} {value:.4f}" for key, value in figures.items()), flush=True)
            for mode in ("walk", "car"):
                for peer, (theirs, matrix) in peers_of(city, mode, folder, folder / "points.npy", len(points)).items():
                    times = arrays[f"{mode} seconds"][: len(matrix)]
                    print(f"  {mode}, {peer}, {load()}: {agreement(times, matrix)}")
                    print("    " + beside(theirs, figures, mode), flush=True)
            if city == "Porto Alegre":
                for peer, spent in on_our_graph(points, folder).items():
                    print(f"  walk, {peer}: {spent:.2f} s, {spent / figures['walk matrix_s']:.0f} x ours", flush=True)


if __name__ == "__main__":
    main()
