"""Street searches against networkx, and the laws that times obey."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.errors import InputError
from geo_access.network.model import CrowFly, ModeGraph, Streets
from geo_access.network.search import sweep as search_sweep
from geo_access.network.search.doors import MANY
from geo_access.network.search.hierarchy import build_hierarchy
from geo_access.network.search.links import Links, link_points
from geo_access.network.search.off_street import ROUNDED_M
from geo_access.network.search.search import nearby, node_times, street_matrix
from geo_access.network.streets.streets import build_streets
from geo_access.network.streets.turns import assemble
from geo_access.network.streets.zones import plain_layers
from tests.network.drawn import EPSG, at, drawn_streets
from tests.shared import shared_path


def random_streets(seed: int, *, restricted: bool = True) -> Streets:
    """A random network: some edges one-way, some parallel, some turns forbidden, often in several parts."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(2, 14)), int(rng.integers(1, 30))
    xy = rng.uniform(0, 1000, size=(n, 2))
    source = rng.integers(0, n, m)
    target = (source + rng.integers(1, n, m)) % n
    length = np.hypot(*(xy[source] - xy[target]).T)
    arcs, times = [], []
    for edge in range(m):
        way = rng.integers(0, 3)
        for tail, head, open_here in ((source[edge], target[edge], way != 1), (target[edge], source[edge], way != 2)):
            if open_here:
                arcs.append((tail, head, edge))
                times.append(int(rng.integers(1, 400)))
    table = np.array(arcs, dtype=np.int64).reshape(-1, 3)
    forbidden = {}
    for _ in range(int(rng.integers(0, 6)) if restricted else 0):
        _, node, edge = table[rng.integers(0, len(table))]
        out = table[table[:, 0] == node, 2]
        if len(out):
            forbidden[int(node), int(edge)] = frozenset(
                rng.choice(out, size=int(rng.integers(1, len(out) + 1))).tolist()
            )
    graph = assemble(plain_layers(table, n), np.array(times, dtype=np.int32), forbidden=forbidden, speed_kmh=4.8)
    return Streets(
        epsg=EPSG,
        node_id=np.arange(n),
        node_x=xy[:, 0].copy(),
        node_y=xy[:, 1].copy(),
        edge_source=source.astype(np.int32),
        edge_target=target.astype(np.int32),
        edge_length_m=length.astype(np.float32),
        edge_class=np.zeros(m, dtype=np.uint8),
        edge_way_id=np.arange(m),
        geometry_indptr=np.arange(0, 2 * m + 1, 2),
        geometry_xy=np.stack((xy[source], xy[target]), axis=1).reshape(-1, 2),
        class_names=("residential",),
        graphs={"walk": graph},
    )


def networkx_times(streets: Streets, sources: Links, targets: Links) -> np.ndarray:  # noqa: C901
    """The same question to networkx: arcs are nodes, so that turns need no copies; links are nodes of their own."""
    graph, mode = nx.DiGraph(), streets.graphs["walk"]
    n_nodes = len(streets.node_id)
    place = np.concatenate((np.arange(n_nodes), mode.copy_of))
    for state in range(mode.n_states):
        for arc in range(mode.indptr[state], mode.indptr[state + 1]):
            edge, head, time = int(mode.edges[arc]), int(mode.heads[arc]), int(mode.deciseconds[arc])
            middle = ("arc", state, arc)
            graph.add_edge(state, middle, weight=0)
            graph.add_edge(middle, head, weight=time)
            forward = streets.edge_source[edge] == place[state]
            for t in np.flatnonzero(targets.edge == edge):
                share = targets.fraction[t] if forward else 1 - targets.fraction[t]
                graph.add_edge(middle, ("to", t), weight=round(share * time))
            for s in np.flatnonzero(sources.edge == edge) if state < n_nodes else ():
                share = 1 - sources.fraction[s] if forward else sources.fraction[s]
                graph.add_edge(("from", s), head, weight=round(share * time))
                for t in np.flatnonzero(targets.edge == edge):
                    step = (targets.fraction[t] - sources.fraction[s]) * (1 if forward else -1)
                    if step >= 0:
                        graph.add_edge(("from", s), ("to", t), weight=round(step * time))
    for links, name in ((sources, "from"), (targets, "to")):
        for k in np.flatnonzero(links.edge >= 0):
            ends = {0.0: streets.edge_source, 1.0: streets.edge_target}.get(round(float(links.fraction[k]), 9))
            if ends is None:
                continue
            for state in np.flatnonzero(place == ends[links.edge[k]]):
                if name == "to":
                    graph.add_edge(int(state), ("to", k), weight=0)
                elif state < n_nodes:
                    graph.add_edge(("from", k), int(state), weight=0)
    times = np.full((len(sources), len(targets)), np.nan)
    for s in range(len(sources)):
        if ("from", s) in graph:
            for node, value in nx.single_source_dijkstra_path_length(graph, ("from", s)).items():
                if isinstance(node, tuple) and node[0] == "to":
                    times[s, node[1]] = value / 10
    return times


@settings(max_examples=120, deadline=None)
@given(seed=st.integers(0, 1_000_000))
def test_equal_to_networkx(seed: int) -> None:
    streets = random_streets(seed)
    rng = np.random.default_rng(seed + 1)
    sources = link_points(streets, rng.uniform(-50, 1050, size=(5, 2)), mode="walk", limit_m=1e6)
    targets = link_points(streets, rng.uniform(-50, 1050, size=(7, 2)), mode="walk", limit_m=300)
    expected = networkx_times(streets, sources, targets)
    expected += sources.connector_s[:, None].astype(np.float64) + targets.connector_s[None, :]
    # Straight across where the two walks to the streets are together as long: 1.3 × the line at 4.8 km/h.
    metres = np.hypot(sources.x[:, None] - targets.x[None, :], sources.y[:, None] - targets.y[None, :])
    across = metres <= sources.distance_m[:, None] + targets.distance_m[None, :] + ROUNDED_M
    across &= sources.ok[:, None] & targets.ok[None, :]
    expected = np.where(across, np.fmin(expected, metres * 1.3 / 4.8 * 3.6), expected)
    searched = street_matrix(streets, sources, targets, mode="walk")
    np.testing.assert_allclose(searched, expected, atol=0.01)
    street_sweep_times = swept(streets, sources, targets)
    np.testing.assert_array_equal(searched, street_sweep_times)


def swept(streets: Streets, sources: Links, targets: Links) -> np.ndarray:
    """The matrix through the hierarchy, whatever the number of sources: each source repeated until sweeping pays."""
    times = search_sweep.LANES * 4 // len(sources) + 1
    many = sources.take(np.tile(np.arange(len(sources)), times))
    return street_matrix(streets, many, targets, mode="walk")[-len(sources) :]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1_000_000))
def test_few_points_and_many_agree_through_the_hierarchy_that_is_kept(seed: int) -> None:
    streets, rng = random_streets(seed), np.random.default_rng(seed + 2)
    few = link_points(streets, rng.uniform(-50, 1050, size=(2, 2)), mode="walk", limit_m=1e6)
    some = link_points(streets, rng.uniform(-50, 1050, size=(5, 2)), mode="walk", limit_m=300)
    many = some.take(np.tile(np.arange(5), MANY // 5 + 1))
    # A copy has its own graph, that no hierarchy was built for: it searches arc by arc.
    plain = replace(streets, graphs={"walk": replace(streets.graphs["walk"])})
    assert len(streets.graphs["walk"].hierarchy.rank) == streets.graphs["walk"].n_states
    for sources, targets in ((few, many), (many, few)):
        whole = street_matrix(plain, sources, targets, mode="walk")
        np.testing.assert_array_equal(street_matrix(streets, sources, targets, mode="walk"), whole)
        near, also = (nearby(own, sources, targets, mode="walk", max_s=4_000) for own in (streets, plain))
        np.testing.assert_array_equal(near.indptr, also.indptr)
        np.testing.assert_array_equal(near.indices, also.indices)
        np.testing.assert_array_equal(near.seconds, also.seconds)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1_000_000), reverse=st.booleans())
def test_nodes_agree_with_the_matrix(seed: int, reverse: bool) -> None:
    streets = random_streets(seed)
    xy = np.random.default_rng(seed + 1).uniform(0, 1000, size=(4, 2))
    sources = link_points(streets, xy, mode="walk", limit_m=500)
    nodes = node_times(streets, sources, mode="walk", max_s=5_000, reverse=reverse)
    at_nodes = link_points(streets, np.column_stack((streets.node_x, streets.node_y)), mode="walk")
    pair = (at_nodes, sources) if reverse else (sources, at_nodes)
    matrix = street_matrix(streets, *pair, mode="walk", max_s=5_000)
    nearest = np.fmin.reduce(matrix.T if reverse else matrix, axis=0)
    # A source beside a node may cross to it in a straight line, which the streets do not tell.
    metres = np.hypot(xy[:, [0]] - streets.node_x, xy[:, [1]] - streets.node_y)
    apart = (metres > sources.distance_m[:, None] + at_nodes.distance_m + ROUNDED_M).all(axis=0)
    both = (at_nodes.distance_m < 1e-6) & apart
    np.testing.assert_allclose(nodes[both], nearest[both], atol=0.11)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1_000_000))
def test_triangle_inequality_and_cutoff(seed: int) -> None:
    streets = random_streets(seed, restricted=False)
    nodes = np.column_stack((streets.node_x, streets.node_y))
    links = link_points(streets, nodes, mode="walk", limit_m=1e6)
    # Points on the streets: between points off them a straight line counts where it is no longer than their walks.
    links = links.take(np.flatnonzero(links.distance_m == 0))
    times = street_matrix(streets, links, links, mode="walk").astype(np.float64)
    full = np.where(np.isnan(times), np.inf, times)
    assert (full[:, None, :] <= full[:, :, None] + full[None, :, :] + 0.01).all()
    assert (np.diag(times)[links.ok] == 0).all()
    cut = street_matrix(streets, links, links, mode="walk", max_s=30)
    np.testing.assert_array_equal(cut, np.where(times <= 30, times, np.nan).astype(np.float32))
    sparse = nearby(streets, links, links, mode="walk", max_s=30)
    dense = np.full(times.shape, np.nan)
    for row in range(sparse.n_rows):
        columns, seconds = sparse.row(row)
        assert (np.diff(columns) > 0).all()
        dense[row, columns] = seconds
    np.testing.assert_array_equal(dense, np.rint(cut.astype(np.float64)))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1_000_000), n=st.integers(1, 40))
def test_hierarchy_keeps_distances(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    graph = nx.gnm_random_graph(n, 2 * n, seed=seed, directed=True)
    tails = np.array([a for a, _ in graph.edges], dtype=np.int64)
    heads = np.array([b for _, b in graph.edges], dtype=np.int64)
    weights = rng.integers(0, 50, len(tails))
    for (a, b), weight in zip(graph.edges, weights):
        graph.edges[a, b]["weight"] = int(weight)
    order = np.argsort(tails, kind="stable")
    indptr = np.concatenate(([0], np.cumsum(np.bincount(tails, minlength=n))))
    made = build_hierarchy(indptr, heads[order].astype(np.int32), weights[order].astype(np.int32))
    assert sorted(made.rank.tolist()) == list(range(n))
    up, down = nx.DiGraph(), nx.DiGraph()
    for low in range(n):
        for arc in range(made.indptr[low], made.indptr[low + 1]):
            assert made.heads[arc] > low
            up.add_edge(low, int(made.heads[arc]), weight=int(made.up_ds[arc]))
            down.add_edge(low, int(made.heads[arc]), weight=int(made.down_ds[arc]))
    up.add_nodes_from(range(n))
    down.add_nodes_from(range(n))
    truth = dict(nx.all_pairs_dijkstra_path_length(graph))
    for a in range(n):
        rise = nx.single_source_dijkstra_path_length(up, int(made.rank[a]))
        for b in range(n):
            fall = nx.single_source_dijkstra_path_length(down, int(made.rank[b]))
            meet = min((rise[k] + fall[k] for k in rise if k in fall), default=1 << 29)
            assert (meet if meet < 1 << 29 else None) == truth[a].get(b)


def test_speed_scales_the_way_not_the_connector(tmp_path: Path) -> None:
    streets, where = drawn_streets(tmp_path, "A---B---C", {"ABC": {"highway": "residential"}})
    links = link_points(streets, at(where, "AC") + np.array([0, 10]), mode="walk")
    slow = street_matrix(streets, links, links, mode="walk", speed_kmh=2.4)[0, 1]
    assert slow == pytest.approx(200 / 2.4 * 3.6 + 20 * 1.3 / 4.8 * 3.6, abs=0.3)


def test_crow_fly_matrix_and_nearby_agree() -> None:
    plain = CrowFly(2154, detour=1.3)
    rng = np.random.default_rng(4)
    points = rng.uniform(0, 3000, size=(40, 2))
    points[7] = np.nan
    links = link_points(plain, points, mode="bike")
    dense = street_matrix(plain, links, links, mode="bike", max_s=300)
    sparse = nearby(plain, links, links, mode="bike", max_s=300)
    rebuilt = np.full(dense.shape, np.nan)
    for row in range(sparse.n_rows):
        rebuilt[row, sparse.row(row)[0]] = sparse.row(row)[1]
    np.testing.assert_array_equal(np.isnan(rebuilt), np.isnan(dense))
    np.testing.assert_allclose(rebuilt, dense, atol=0.51)


def test_bad_questions(tmp_path: Path) -> None:
    streets, where = drawn_streets(tmp_path, "A---B---C", {"ABC": {"highway": "residential"}})
    walk, car = (link_points(streets, at(where, "AC"), mode=mode) for mode in ("walk", "car"))
    with pytest.raises(InputError, match="linked for 'walk'"):
        street_matrix(streets, walk, car, mode="car")
    with pytest.raises(InputError, match="congestion"):
        street_matrix(streets, car, car, mode="car", speed_kmh=30)
    with pytest.raises(InputError, match="not a speed"):
        street_matrix(streets, walk, walk, mode="walk", speed_kmh=0)
    with pytest.raises(InputError, match="not a duration"):
        nearby(streets, walk, walk, mode="walk", max_s=-1)
    with pytest.raises(InputError, match="one value per source"):
        node_times(streets, walk, mode="walk", max_s=60, initial_s=np.zeros(5))
    with pytest.raises(InputError, match="no nodes"):
        node_times(CrowFly(2154), walk, mode="walk", max_s=60)


def test_start_values(tmp_path: Path) -> None:
    streets, where = drawn_streets(tmp_path, "A---B---C", {"AB": {"highway": "residential"}, "BC": {"highway": "path"}})
    links = link_points(streets, at(where, "AC"), mode="walk")
    times = node_times(streets, links, mode="walk", max_s=600, initial_s=np.array([10.0, 200.0]))
    order = np.argsort(streets.node_x)
    np.testing.assert_allclose(times[order], [10, 85, 160], atol=0.2)
    none = node_times(streets, links, mode="walk", max_s=600, initial_s=np.full(2, np.nan))
    assert np.isnan(none).all()


@pytest.mark.reference
@pytest.mark.parametrize("mode", ["walk", "car"])
def test_real_extract_equals_networkx(mode: str) -> None:
    streets = build_streets(shared_path("osm/champs_elysees.osm.bz2"))
    graph: ModeGraph = streets.graphs[mode]
    links = link_points(streets, np.column_stack((streets.node_x, streets.node_y))[::40], mode=mode)
    times = street_matrix(streets, links, links, mode=mode)
    assert len(links) > search_sweep.LANES * 4
    few = links.take(np.arange(6))
    same = street_matrix(streets, few, links, mode=mode)
    np.testing.assert_array_equal(times[:6], same)
    digraph = nx.DiGraph()
    for state in range(graph.n_states):
        for arc in range(graph.indptr[state], graph.indptr[state + 1]):
            head, weight = int(graph.heads[arc]), int(graph.deciseconds[arc])
            if not digraph.has_edge(state, head) or digraph.edges[state, head]["weight"] > weight:
                digraph.add_edge(state, head, weight=weight)
    start = link_points(streets, np.column_stack((streets.node_x, streets.node_y))[:1], mode=mode, limit_m=1e5)
    nodes = node_times(streets, start, mode=mode, max_s=36_000)
    edge, fraction = int(start.edge[0]), float(start.fraction[0])
    ends = []
    for arc in np.flatnonzero(
        (graph.edges == edge) & (np.arange(len(graph.edges)) < graph.indptr[len(streets.node_id)])
    ):
        tail = int(np.searchsorted(graph.indptr, arc, side="right") - 1)
        share = 1 - fraction if streets.edge_source[edge] == tail else fraction
        ends.append((int(graph.heads[arc]), round(share * int(graph.deciseconds[arc]))))
    digraph.add_weighted_edges_from([("start", head, weight) for head, weight in ends])
    truth = nx.single_source_dijkstra_path_length(digraph, "start")
    n = len(streets.node_id)
    expected = np.full(graph.n_states, np.inf)
    for state, value in truth.items():
        if state != "start":
            expected[state] = value
    np.minimum.at(expected, graph.copy_of, expected[n:])
    expected = expected[:n] / 10 + float(start.connector_s[0])
    np.testing.assert_allclose(np.where(np.isnan(nodes), np.inf, nodes), expected, atol=0.06)
