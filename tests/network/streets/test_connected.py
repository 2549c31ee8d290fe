"""Rules cut nobody off: what random pairs cannot reach in real files, and why, counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from geo_access.network.model import Streets
from geo_access.network.search.links import link_points
from geo_access.network.search.search import street_matrix
from geo_access.network.streets.streets import build_streets
from tests.network.drawn import at, drawn_streets
from tests.shared import shared_path

ROAD = {"highway": "residential"}


@pytest.mark.parametrize(
    ("tags", "open_to_walkers"),
    [
        # OSRM's and Valhalla's foot profiles walk through all of these; only a private gate or a wall stops them.
        ({"barrier": "gate"}, True),
        ({"barrier": "bollard"}, True),
        ({"barrier": "lift_gate"}, True),
        ({"barrier": "gate", "access": "no", "foot": "yes"}, True),
        ({"barrier": "gate", "access": "private"}, False),
        ({"barrier": "wall"}, False),
    ],
)
def test_gates_on_foot(tmp_path: Path, tags: dict[str, str], open_to_walkers: bool) -> None:
    # 200 m at 4.8 km/h = 150 s, or no way at all.
    streets, where = drawn_streets(tmp_path, "A---B---C", {"ABC": ROAD}, nodes={"B": tags}, modes=["walk"])
    links = link_points(streets, at(where, "AC"), mode="walk")
    seconds = street_matrix(streets, links, links, mode="walk")[0, 1]
    assert (seconds == pytest.approx(150, abs=0.2)) == open_to_walkers
    assert bool(np.isnan(seconds)) != open_to_walkers


def parts_on_foot(streets: Streets) -> tuple[np.ndarray, np.ndarray]:
    """Strong part of each node of the walking graph, copies put together, and the nodes in each part."""
    from scipy.sparse import coo_matrix  # noqa: PLC0415 — importing the room stays cheap
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    graph, n = streets.graphs["walk"], len(streets.node_id)
    place = np.concatenate((np.arange(n), graph.copy_of))
    tails = place[np.repeat(np.arange(graph.n_states), np.diff(graph.indptr))]
    heads = place[graph.heads]
    ones = np.ones(len(heads), dtype=np.int8)
    part = connected_components(coo_matrix((ones, (tails, heads)), shape=(n, n)), connection="strong")[1]
    used = np.unique(np.concatenate((tails, heads)))
    return part, np.bincount(part[used])


@pytest.mark.reference
def test_monaco_on_foot_is_one_part_and_the_motorway_services() -> None:
    # 53 nodes of service ways and footways on a motorway's rest area (way 110082491 and its neighbours), joined to the
    # world by the motorway alone: nobody walks there, in OSRM and Valhalla neither. With k of n random points in it,
    # 2 k (n − k) pairs have no way: 4 of 400 make 3,168 pairs, 9 of 400 make 7,038. The same points, by OSM node, have
    # the same pairs as before areas, zones and tunnels were read: 21 of 1,000 lie there, 41,118 pairs.
    streets = build_streets(shared_path("osm/monaco.osm.pbf"), modes=("walk",))
    part, size = parts_on_foot(streets)
    large = np.flatnonzero(size > 1)
    assert sorted(size[large].tolist())[:-1] == [53]
    services = large[np.argmin(size[large])]
    inside = (part[streets.edge_source] == services) & (part[streets.edge_target] == services)
    assert {streets.class_names[code] for code in streets.edge_class[inside]} <= {"service", "footway"}
    assert [2 * k * (400 - k) for k in (4, 9)] == [3_168, 7_038]


@pytest.mark.reference
def test_zheleznogorsk_on_foot_stops_at_private_gates_only() -> None:
    # All of it is one part through the gates. 18 of 7,187 nodes get nowhere: they lie between gates with access=private
    # (3041224650 and 3041224658 close off 11 of them), which OSRM and Valhalla keep shut on foot as well; the same 18
    # as before areas and zones were read. 3 of 400 random points in there, two of them together, make 2,386 pairs
    # without a way: 2 × 3 × 397 pairs with the others, and 4 of the 6 among themselves.
    streets = build_streets(shared_path("zheleznogorsk/roads.osm.pbf"), modes=("walk",))
    _, size = parts_on_foot(streets)
    assert (size > 1).sum() == 1
    links = link_points(streets, np.column_stack((streets.node_x, streets.node_y)), mode="walk", limit_m=1.0)
    anyone = np.flatnonzero(links.ok)
    away = street_matrix(streets, links.take(anyone), links.take(anyone[[500, 2_500, 4_500]]), mode="walk")
    cut_off = streets.node_id[anyone[np.isnan(away).all(axis=1)]]
    assert len(cut_off) == 18
    assert 886039941 in cut_off
    assert 2 * 3 * 397 + 4 == 2_386
