"""From OSMnx and back: the same times, and one clear error for what cannot be read."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from geo_access.errors import InputError
from geo_access.network.links import link_points
from geo_access.network.osmnx_bridge import from_osmnx, to_networkx
from geo_access.network.street_search import street_matrix
from tests.network.drawn import at, drawn_streets

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


def test_travel_times_are_those_of_networkx(tmp_path: Path) -> None:
    streets, _ = drawn_streets(tmp_path, SQUARE, {"AB": ROAD, "BD": ROAD, "DC": ROAD})
    graph = to_networkx(streets)
    path_s = nx.shortest_path_length(graph, ord("A"), ord("C"), weight="travel_time_s")
    assert path_s == pytest.approx(225, abs=0.3)
    geometry = graph.edges[ord("B"), ord("A"), 0]["geometry"]
    assert geometry.coords[0] == pytest.approx((graph.nodes[ord("B")]["x"], graph.nodes[ord("B")]["y"]))


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
