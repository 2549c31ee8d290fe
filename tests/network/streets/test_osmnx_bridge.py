"""From OSMnx and back: the same times, and one clear error for what cannot be read."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import osmnx
import pytest

from geo_access.errors import CoverageError, InputError
from geo_access.network.build import build_network
from geo_access.network.search.links import link_points
from geo_access.network.search.search import street_matrix
from geo_access.network.streets.congestion import FREE_FLOW, car_label
from geo_access.network.streets.osmnx_bridge import from_osmnx, to_networkx
from geo_access.network.streets.streets import build_streets
from tests.network.drawn import at, drawn_streets, write_osm
from tests.shared import shared_path

ROAD = {"highway": "residential"}
SQUARE = """
A---B
|   |
C---D
"""


@pytest.mark.parametrize("mode", ["walk", "car"])
def test_round_trip_keeps_times(tmp_path: Path, mode: str) -> None:
    one_way = ROAD | {"oneway": "yes"}
    streets, where = drawn_streets(tmp_path, SQUARE, {"AB": one_way, "BD": ROAD, "DC": one_way, "CA": ROAD})
    graph = to_networkx(streets, mode=mode)
    assert set(graph.nodes) == {ord(letter) for letter in "ABCD"}
    assert all(data["length"] == pytest.approx(100, abs=0.1) for *_, data in graph.edges(data=True))
    back = from_osmnx(graph, mode=mode, epsg=2154, min_island_nodes=1)
    matrices = []
    for network in (streets, back):
        links = link_points(network, at(where, "ABCD"), mode=mode)
        matrices.append(street_matrix(network, links, links, mode=mode))
    np.testing.assert_allclose(matrices[0], matrices[1], atol=0.3)


def test_a_network_of_osmnx_streets_and_its_graph(tmp_path: Path) -> None:
    streets, _ = drawn_streets(tmp_path, SQUARE, {"AB": ROAD, "BD": ROAD, "DC": ROAD})
    graph = to_networkx(streets)
    network = build_network(date="2026-03-17", streets=from_osmnx(graph, epsg=2154, min_island_nodes=1))
    assert network.epsg == 2154
    assert nx.is_isomorphic(to_networkx(network), graph)
    for twice in ({"crow_fly_detour": 1.3}, {"osm": "town.osm.pbf"}):
        with pytest.raises(InputError, match="given twice"):
            build_network(date="2026-03-17", streets=streets, **twice)
    with pytest.raises(InputError, match="no graph of streets"):
        to_networkx(build_network(date="2026-03-17", crow_fly_detour=1.3, epsg=2154))


def test_travel_times_are_those_of_networkx(tmp_path: Path) -> None:
    streets, _ = drawn_streets(tmp_path, SQUARE, {"AB": ROAD, "BD": ROAD, "DC": ROAD})
    graph = to_networkx(streets)
    path_s = nx.shortest_path_length(graph, ord("A"), ord("C"), weight="travel_time_s")
    assert path_s == pytest.approx(225, abs=0.3)
    geometry = graph.edges[ord("B"), ord("A"), 0]["geometry"]
    assert geometry.coords[0] == pytest.approx((graph.nodes[ord("B")]["x"], graph.nodes[ord("B")]["y"]))


@pytest.fixture
def more_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = ["foot", "bicycle", "motor_vehicle", "surface", "oneway:bicycle"]
    monkeypatch.setattr(osmnx.settings, "useful_tags_way", [*osmnx.settings.useful_tags_way, *extra])


@pytest.mark.usefixtures("more_tags")
def test_all_modes_of_one_graph_of_osmnx(tmp_path: Path) -> None:
    # One-way for cars, open to bikes the other way; a side for walkers only; a side closed to cars.
    ways = {
        "AB": ROAD | {"oneway": "yes", "oneway:bicycle": "no"},
        "BD": ROAD | {"maxspeed": "30"},
        "DC": {"highway": "footway"},
        "CA": ROAD | {"motor_vehicle": "no"},
    }
    where = write_osm(tmp_path / "drawn.osm", SQUARE, ways)
    modes = ("walk", "bike", "car")
    ours = build_streets(tmp_path / "drawn.osm", epsg=2154, modes=modes, min_island_nodes=1)
    graph = osmnx.graph_from_xml(tmp_path / "drawn.osm", simplify=False, retain_all=True)
    theirs = from_osmnx(graph, mode=modes, epsg=2154, min_island_nodes=1)
    for mode in modes:
        letters = "ABCD" if mode != "car" else "ABD"
        matrices = []
        for network in (ours, theirs):
            links = link_points(network, at(where, letters), mode=mode, limit_m=1.0)
            matrices.append(street_matrix(network, links, links, mode=mode))
        # OSMnx measures on the sphere: up to 0.3 % from the metres of the map.
        np.testing.assert_allclose(matrices[0], matrices[1], rtol=5e-3, atol=0.3)
    assert "from an OSMnx graph: turn restrictions, barriers, signals and ferries are unknown" in map(str, theirs.notes)
    assert car_label(theirs) == FREE_FLOW


def test_merged_edges_are_as_slow_and_closed_as_their_worst_part(tmp_path: Path) -> None:
    write_osm(tmp_path / "drawn.osm", "A---B---C", {"AB": ROAD, "BC": {"highway": "footway"}})
    graph = osmnx.graph_from_xml(tmp_path / "drawn.osm", simplify=True, retain_all=True)
    ((_, _, data), _) = graph.edges(data=True)
    assert sorted(data["highway"]) == ["footway", "residential"]
    walk = from_osmnx(graph, min_island_nodes=1)
    assert "1 street merged from several classes: the slowest counts" in map(str, walk.notes)
    assert any("no edge has the tags foot, bicycle" in str(note) for note in walk.notes)
    with pytest.raises(CoverageError, match="no edge is open to car"):
        from_osmnx(graph, mode=["walk", "car"], min_island_nodes=1)


def test_graphs_that_cannot_be_read() -> None:
    graph = nx.MultiDiGraph(crs="EPSG:4326")
    graph.add_node(1, x=3.0, y=50.0)
    graph.add_node(2, x=3.001)
    graph.add_edge(1, 2)
    with pytest.raises(InputError, match="2 faults") as caught:
        from_osmnx(graph)
    assert "no length" in str(caught.value)
    assert "node 2" in str(caught.value)
    with pytest.raises(InputError, match="CRS"):
        from_osmnx(nx.MultiDiGraph())
    with pytest.raises(InputError, match="unknown"):
        from_osmnx(graph, mode="boat")


@pytest.mark.reference
@pytest.mark.parametrize(("mode", "extract"), [("walk", "osm/monaco.osm.pbf"), ("car", "zheleznogorsk/roads.osm.pbf")])
def test_real_extracts_equal_networkx(mode: str, extract: str) -> None:
    """The searched times between nodes are those of networkx on the graph we give away, where no turn is limited."""
    streets = build_streets(shared_path(extract), modes=(mode,))
    limited = set(streets.node_id[streets.graphs[mode].copy_of].tolist())
    graph = to_networkx(streets, mode=mode)
    nodes = np.column_stack((streets.node_x, streets.node_y))
    used = np.array([int(node) in graph for node in streets.node_id])
    rows = np.flatnonzero(used)[:: max(1, used.sum() // 36)]
    links = link_points(streets, nodes[rows], mode=mode)
    times = street_matrix(streets, links, links, mode=mode)
    compared = 0
    for k, row in enumerate(rows.tolist()):
        start = int(streets.node_id[row])
        truth, paths = nx.single_source_dijkstra(graph, start, weight="travel_time_s")
        for j, other in enumerate(rows.tolist()):
            end = int(streets.node_id[other])
            if end not in truth:
                assert np.isnan(times[k, j])
            elif limited.isdisjoint(paths[end]):
                assert times[k, j] == pytest.approx(truth[end], abs=0.01)
                compared += 1
            else:
                assert not times[k, j] < truth[end] - 0.01
    assert compared > 400
