"""What a flat cost per junction misses: driving times with costs by angle of turn, on a graph of arcs.

Run: ``.venv/bin/python -m tests.benchmarks.bench_street_turns``. Costs by angle are those of OSRM's car profile as its
documentation gives them: a logistic curve up to 7.5 s, right turns cheaper than left ones by a bias of 1.075, 20 s more
for turning round. Restrictions are left out on both sides; both models keep the same speeds and signals.
"""

from __future__ import annotations

import time
from dataclasses import replace
from unittest.mock import patch

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from geo_access.network.model import ModeGraph, Streets
from geo_access.network.streets import streets as street_module
from geo_access.network.streets.modes import PROFILES
from geo_access.network.streets.streets import build_streets
from tests.shared import shared_path

EXTRACTS = ("osm/monaco.osm.pbf", "zheleznogorsk/roads.osm.pbf", "osm/porto_portugal.osm.pbf")
TURN_S, BIAS, ROUND_S = 7.5, 1.075, 20.0


def plain_arcs(streets: Streets) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Tail, head, edge and seconds of the arcs between nodes, turns unlimited."""
    graph: ModeGraph = streets.graphs["car"]
    n = len(streets.node_id)
    plain = slice(0, int(graph.indptr[n]))
    tails = np.repeat(np.arange(n), np.diff(graph.indptr[: n + 1]))
    heads = np.concatenate((np.arange(n), graph.copy_of))[graph.heads[plain]]
    return tails, heads, graph.edges[plain], graph.deciseconds[plain] / 10.0


def bearings(streets: Streets, tails: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Direction of each arc where it begins and where it ends [radian]."""
    xy, first, last = streets.geometry_xy, streets.geometry_indptr[edges], streets.geometry_indptr[edges + 1] - 1
    along = streets.edge_source[edges] == tails
    out = np.where(along[:, None], xy[first + 1] - xy[first], xy[last - 1] - xy[last])
    into = np.where(along[:, None], xy[last] - xy[last - 1], xy[first] - xy[first + 1])
    return np.arctan2(out[:, 1], out[:, 0]), np.arctan2(into[:, 1], into[:, 0])


def turn_costs_s(into: np.ndarray, out: np.ndarray) -> np.ndarray:
    """OSRM's logistic cost of a turn [s]; to the right is negative here."""
    degrees = np.degrees((out - into + np.pi) % (2 * np.pi) - np.pi)
    right = TURN_S / (1 + np.exp(-(13 / BIAS * -degrees / 180 - 6.5 * BIAS)))
    left = TURN_S / (1 + np.exp(-(13 * BIAS * degrees / 180 - 6.5 / BIAS)))
    return np.where(degrees < 0, right, left)


def expanded(streets: Streets) -> tuple[coo_matrix, np.ndarray]:
    """Arc-to-arc matrix: the seconds of the second arc and of the turn onto it; and the seconds of each arc."""
    tails, heads, edges, seconds = plain_arcs(streets)
    order = np.argsort(tails, kind="stable")
    start = np.searchsorted(tails[order], np.arange(len(streets.node_id) + 1))
    counts = (start[1:] - start[:-1])[heads]
    first = np.repeat(np.arange(len(tails)), counts)
    offset = np.arange(len(first)) - np.repeat(np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
    second = order[start[heads[first]] + offset]
    begin, end = bearings(streets, tails, edges)
    degree = np.bincount(np.unique(np.sort(np.column_stack((tails, heads))), axis=0).ravel(), minlength=len(start) - 1)
    turn = np.where(degree[heads[first]] >= 3, turn_costs_s(end[first], begin[second]), 0.0)
    turn += np.where(edges[first] == edges[second], ROUND_S, 0.0)
    return coo_matrix((seconds[second] + turn, (first, second)), shape=(len(tails),) * 2).tocsr(), seconds


def main() -> None:
    """Print growth and differences for each extract."""
    flat_profile = PROFILES["car"]
    for name in EXTRACTS:
        flat = build_streets(shared_path(name), modes=("car",))
        without = {**PROFILES, "car": replace(flat_profile, junction_s=0.0)}
        with patch.object(street_module, "PROFILES", without):
            bare = build_streets(shared_path(name), modes=("car",))
        tails, heads, _, seconds = plain_arcs(flat)
        turns, _ = expanded(bare)
        n = len(flat.node_id)
        nodes = nodes_min(tails, heads, seconds, n)
        rng = np.random.default_rng(1)
        sources, targets = rng.integers(0, len(tails), 60), rng.integers(0, len(tails), 1_500)
        clock = time.perf_counter()
        by_node = dijkstra(nodes, indices=heads[sources])[:, tails[targets]] + seconds[targets]
        node_s = time.perf_counter() - clock
        clock = time.perf_counter()
        by_arc = dijkstra(turns, indices=sources)[:, targets]
        arc_s = time.perf_counter() - clock
        good = np.isfinite(by_node) & np.isfinite(by_arc) & (by_node > 120) & (sources[:, None] != targets)
        ratio, gap = by_arc[good] / by_node[good], by_arc[good] - by_node[good]
        scaled = by_arc[good] / np.median(ratio) - by_node[good]
        print(
            f"{name}: states {n} → {len(tails)} ({len(tails) / n:.2f} ×), arcs {len(tails)} → {turns.nnz} "
            f"({turns.nnz / len(tails):.2f} ×), search time {arc_s / node_s:.2f} ×; {good.sum()} pairs beyond 2 min: "
            f"median ratio {np.median(ratio):.3f}, gap p5/p50/p95 {np.percentile(gap, [5, 50, 95]).round(1)} s, "
            f"after scaling to the same median p5/p95 {np.percentile(scaled, [5, 95]).round(1)} s "
            f"({np.percentile(np.abs(scaled / by_node[good]), 95):.1%} at p95)"
        )


def nodes_min(tails: np.ndarray, heads: np.ndarray, seconds: np.ndarray, n: int) -> coo_matrix:
    """Node-to-node matrix with the fastest of parallel arcs."""
    order = np.lexsort((seconds, heads, tails))
    kept = order[np.concatenate(([True], (np.diff(tails[order]) != 0) | (np.diff(heads[order]) != 0)))]
    return coo_matrix((seconds[kept], (tails[kept], heads[kept])), shape=(n, n)).tocsr()


if __name__ == "__main__":
    main()
