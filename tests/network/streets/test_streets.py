"""OSM to graphs: who may go where, how fast, and what is cut, pruned and counted."""

from __future__ import annotations

import bz2
import gzip
from itertools import pairwise
from pathlib import Path

import numpy as np
import osmium
import pytest

from geo_access.errors import CoverageError, InputError, MissingFileError
from geo_access.network.search.links import link_points
from geo_access.network.search.search import street_matrix
from geo_access.network.streets.modes import PROFILES
from geo_access.network.streets.rules import barrier_blocks, way_speeds_kmh
from geo_access.network.streets.streets import build_streets
from geo_access.sources.osm import read_osm
from geo_access.words.note import note
from tests.network.drawn import EPSG, at, drawn_streets, write_osm
from tests.shared import shared_path

ROAD = {"highway": "residential"}
SQUARE = """
A---B
|   |
C---D
"""


def minutes(streets, where, letters: str, mode: str) -> np.ndarray:
    links = link_points(streets, at(where, letters), mode=mode)
    return street_matrix(streets, links, links, mode=mode)


def test_walking_round_a_square(tmp_path: Path) -> None:
    # Sides of 100 m at 4.8 km/h: 75 s each; the diagonal takes two sides.
    streets, where = drawn_streets(tmp_path, SQUARE, {"AB": ROAD, "BD": ROAD, "DC": ROAD, "CA": ROAD})
    times = minutes(streets, where, "ABCD", "walk")
    expected = [[0, 75, 75, 150], [75, 0, 150, 75], [75, 150, 0, 75], [150, 75, 75, 0]]
    np.testing.assert_allclose(times, expected, atol=0.15)


def test_one_way_streets_differ_by_direction(tmp_path: Path) -> None:
    # Round a one-way square by bike (15 km/h: 24 s a side): next corner one side, the previous one three.
    one_way = ROAD | {"oneway": "yes"}
    streets, where = drawn_streets(tmp_path, SQUARE, {"AB": one_way, "BD": one_way, "DC": one_way, "CA": one_way})
    times = minutes(streets, where, "AB", "bike")
    np.testing.assert_allclose(times, [[0, 24], [72, 0]], atol=0.3)
    np.testing.assert_allclose(minutes(streets, where, "AB", "walk"), [[0, 75], [75, 0]], atol=0.15)


def test_contraflow_and_reversed_one_way(tmp_path: Path) -> None:
    ways = {
        "AB": ROAD | {"oneway": "-1"},
        "BD": ROAD,
        "DC": ROAD,
        "CA": ROAD | {"oneway": "yes", "cycleway": "opposite"},
    }
    streets, where = drawn_streets(tmp_path, SQUARE, ways)
    bike = minutes(streets, where, "ABC", "bike")
    np.testing.assert_allclose(bike[0], [0, 72, 24], atol=0.3)
    assert bike[1, 0] == pytest.approx(24, abs=0.3)


@pytest.mark.parametrize(
    ("tags", "mode", "expected"),
    [
        ({"highway": "motorway"}, "car", (110.0, 0.0)),
        ({"highway": "motorway"}, "walk", (0.0, 0.0)),
        ({"highway": "motorway", "access": "yes"}, "walk", (0.0, 0.0)),
        ({"highway": "secondary", "maxspeed": "FR:rural"}, "car", (72.0, 72.0)),
        ({"highway": "secondary", "maxspeed": "FR:urban"}, "car", (45.0, 45.0)),
        ({"highway": "trunk", "source:maxspeed": "FR:trunk"}, "car", (99.0, 99.0)),
        ({"highway": "residential", "zone:maxspeed": "FR:30"}, "car", (27.0, 27.0)),
        ({"highway": "living_street"}, "car", (18.0, 18.0)),
        ({"highway": "tertiary", "maxspeed": "30 mph"}, "car", (30 * 1.609344 * 0.9,) * 2),
        ({"highway": "tertiary", "junction": "roundabout"}, "car", (46.0, 0.0)),
        ({"highway": "tertiary", "junction": "roundabout"}, "walk", (4.8, 4.8)),
        ({"highway": "residential", "access": "private"}, "walk", (0.0, 0.0)),
        ({"highway": "residential", "access": "private"}, "car", (31.0, 31.0)),
        ({"highway": "residential", "access": "no", "foot": "yes"}, "walk", (4.8, 4.8)),
        ({"highway": "residential", "motor_vehicle": "no"}, "car", (0.0, 0.0)),
        ({"highway": "residential", "motor_vehicle": "no"}, "bike", (15.0, 15.0)),
        ({"highway": "footway"}, "bike", (4.8, 4.8)),
        ({"highway": "footway", "bicycle": "no"}, "bike", (0.0, 0.0)),
        ({"highway": "footway", "bicycle": "yes"}, "bike", (13.0, 13.0)),
        ({"highway": "footway", "bicycle": "dismount"}, "bike", (4.8, 4.8)),
        ({"highway": "residential", "surface": "sett"}, "bike", (12.0, 12.0)),
        ({"highway": "steps"}, "walk", (3.6, 3.6)),
        ({"highway": "steps"}, "walk_step_free", (0.0, 0.0)),
        ({"highway": "footway", "wheelchair": "no"}, "walk_step_free", (0.0, 0.0)),
        ({"route": "ferry"}, "walk", (12.0, 12.0)),
        ({"route": "ferry"}, "car", (0.0, 0.0)),
        ({"route": "ferry", "motor_vehicle": "yes"}, "car", (15.0, 15.0)),
        ({"highway": "construction", "access": "yes"}, "walk", (0.0, 0.0)),
    ],
)
def test_speeds_by_tags(tags: dict[str, str], mode: str, expected: tuple[float, float]) -> None:
    assert way_speeds_kmh(tags, PROFILES[mode]) == pytest.approx(expected)


def test_barriers_by_tags() -> None:
    assert not barrier_blocks({"barrier": "gate"}, PROFILES["car"])
    assert barrier_blocks({"barrier": "gate", "motor_vehicle": "private"}, PROFILES["car"])
    assert not barrier_blocks({"barrier": "gate", "motor_vehicle": "yes"}, PROFILES["car"])
    assert not barrier_blocks({"barrier": "gate"}, PROFILES["walk"])
    assert barrier_blocks({"barrier": "gate", "access": "private"}, PROFILES["walk"])
    assert barrier_blocks({"barrier": "stile"}, PROFILES["walk_step_free"])


LINE = "A---B---C---D"


def test_a_bollard_stops_cars_where_it_stands(tmp_path: Path) -> None:
    drawing = """
A---B---C
|       |
D-------F
"""
    ways = {"ABC": ROAD, "CF": ROAD, "FD": ROAD, "DA": ROAD}
    streets, where = drawn_streets(tmp_path, drawing, ways, nodes={"B": {"barrier": "bollard"}})
    car_kmh = 31.0
    x, y = where["B"]
    points = np.array([[x - 10, y], [x + 10, y]])
    links = link_points(streets, points, mode="car")
    # Both points can be driven to, up to the bollard, but only round the block: 90 + 100 + 200 + 100 + 90 m.
    times = street_matrix(streets, links, links, mode="car")
    assert times[0, 1] == pytest.approx(580 / car_kmh * 3.6, abs=0.5)
    walk = link_points(streets, points, mode="walk")
    assert street_matrix(streets, walk, walk, mode="walk")[0, 1] == pytest.approx(20 / 4.8 * 3.6, abs=0.2)


CROSS = """
    N
    |
W---X---E
    |
    S---T
    |
    U
"""


def test_no_left_turn_and_its_exception(tmp_path: Path) -> None:
    ways = {"SX": ROAD, "XW": ROAD, "XN": ROAD, "XE": ROAD, "ST": ROAD, "US": ROAD}
    banned = [("SX", "X", "XW", {"restriction": "no_left_turn", "except": "bicycle"})]
    streets, where = drawn_streets(tmp_path, CROSS, ways, restrictions=banned)
    car, bike = minutes(streets, where, "SWNE", "car"), minutes(streets, where, "SWNE", "bike")
    side = 100 / 31 * 3.6
    # The car drives on, turns round at the end of a street of 100 m, and comes back through the crossing.
    assert car[0, 1] - car[0, 2] >= 2 * side - 0.5
    assert car[1, 0] == pytest.approx(car[2, 0], abs=0.3)
    assert bike[0, 1] == pytest.approx(bike[0, 2], abs=0.3)


def test_only_straight_on(tmp_path: Path) -> None:
    ways = {"SX": ROAD, "XW": ROAD, "XN": ROAD, "XE": ROAD, "US": ROAD, "ST": ROAD}
    forced = [("SX", "X", "XN", {"restriction": "only_straight_on"})]
    streets, where = drawn_streets(tmp_path, CROSS, ways, restrictions=forced)
    car = minutes(streets, where, "SWNE", "car")
    assert car[0, 1] > car[0, 2] + 2 * 100 / 31 * 3.6 - 0.5
    assert car[0, 3] == pytest.approx(car[0, 1], abs=0.3)
    assert car[3, 1] < car[0, 1]


def test_signals_and_junctions_delay_cars(tmp_path: Path) -> None:
    streets, where = drawn_streets(tmp_path, LINE, {"ABCD": ROAD}, nodes={"C": {"highway": "traffic_signals"}})
    times = minutes(streets, where, "AD", "car")
    assert times[0, 1] == pytest.approx(300 / 31 * 3.6 + PROFILES["car"].signal_s, abs=0.2)


@pytest.mark.parametrize("key", ["traffic_signals:direction", "direction"])
def test_a_signal_is_waited_at_by_those_who_face_it(tmp_path: Path, key: str) -> None:
    nodes = {"B": {"highway": "traffic_signals", key: "forward"}, "C": {"highway": "traffic_signals", key: "both"}}
    streets, where = drawn_streets(tmp_path, LINE, {"ABCD": ROAD}, nodes=nodes)
    times = minutes(streets, where, "AD", "car")
    # Along the way both signals, against it the one for both sides.
    assert times[0, 1] == pytest.approx(300 / 31 * 3.6 + 2 * PROFILES["car"].signal_s, abs=0.2)
    assert times[1, 0] == pytest.approx(300 / 31 * 3.6 + PROFILES["car"].signal_s, abs=0.2)


def test_ferry_takes_its_duration(tmp_path: Path) -> None:
    streets, where = drawn_streets(
        tmp_path, LINE, {"AB": ROAD, "BC": {"route": "ferry", "duration": "00:10"}, "CD": ROAD}
    )
    assert minutes(streets, where, "BC", "walk")[0, 1] == pytest.approx(600, rel=0.01)
    assert "ferry" in streets.class_names


def test_islands_are_pruned_and_reported(tmp_path: Path) -> None:
    drawing = """
A---B---C---D

E---F
"""
    kept, where = drawn_streets(tmp_path, drawing, {"AB": ROAD, "BC": ROAD, "CD": ROAD, "EF": ROAD})
    assert np.isnan(minutes(kept, where, "AE", "walk")[0, 1])
    pruned, _ = drawn_streets(tmp_path, drawing, {"AB": ROAD, "BC": ROAD, "CD": ROAD, "EF": ROAD}, min_island_nodes=3)
    assert any("1 island of fewer than 3 nodes left out (1 edge)" in str(note) for note in pruned.notes)
    assert minutes(pruned, where, "AE", "walk")[0, 1] == pytest.approx(50 * 1.3 / 4.8 * 3.6, abs=0.5)


def test_loops_and_repeated_nodes(tmp_path: Path) -> None:
    drawing = """
Z---A---B
    |   |
    D---C
"""
    streets, where = drawn_streets(tmp_path, drawing, {"ZA": ROAD, "ABBCDA": ROAD, "CC": ROAD})
    assert (streets.edge_source != streets.edge_target).all()
    np.testing.assert_allclose(minutes(streets, where, "ZBCD", "walk")[0], [0, 150, 225, 150], atol=0.3)


def test_missing_nodes_cut_the_way_and_are_counted(tmp_path: Path) -> None:
    streets, where = drawn_streets(tmp_path, "A---B---C---D---E", {"ABCDE": ROAD}, missing="C")
    assert any("1 node missing" in str(note) for note in streets.notes)
    assert np.isnan(minutes(streets, where, "AD", "walk")[0, 1])
    assert minutes(streets, where, "DE", "walk")[0, 1] == pytest.approx(75, abs=0.2)


def test_several_files_merge_and_bz2_reads(tmp_path: Path) -> None:
    where = write_osm(tmp_path / "west.osm", LINE, {"AB": ROAD, "BC": ROAD})
    write_osm(tmp_path / "east.osm", LINE, {"AB": ROAD, "BC": ROAD, "CD": ROAD})
    (tmp_path / "east.osm.bz2").write_bytes(bz2.compress((tmp_path / "east.osm").read_bytes()))
    streets = build_streets([tmp_path / "west.osm", tmp_path / "east.osm.bz2"], epsg=EPSG, min_island_nodes=1)
    assert len(streets.edge_way_id) == 3
    assert minutes(streets, where, "AD", "walk")[0, 1] == pytest.approx(225, abs=0.3)


def test_crop_keeps_what_touches_the_box(tmp_path: Path) -> None:
    write_osm(tmp_path / "line.osm", "A---B---C---D", {"AB": ROAD, "CD": ROAD})
    box = (2.99, 46.49, 3.0005, 46.51)
    streets = build_streets(tmp_path / "line.osm", epsg=EPSG, bbox_lonlat=box, min_island_nodes=1)
    assert streets.edge_way_id.tolist() == [1]
    with pytest.raises(CoverageError, match="no street inside"):
        build_streets(tmp_path / "line.osm", bbox_lonlat=(10, 10, 11, 11))
    with pytest.raises(InputError, match="west, south"):
        build_streets(tmp_path / "line.osm", bbox_lonlat=(46.49, 3.01, 46.51, 2.9))


@pytest.mark.parametrize("name", ["junk.osm.pbf", "junk.osm", "junk.osm.bz2"])
def test_junk_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"this is no map" * 100)
    with pytest.raises(InputError, match=name):
        build_streets(tmp_path / name)


def test_text_files_cut_short_are_refused(tmp_path: Path) -> None:
    write_osm(tmp_path / "line.osm", LINE, {"AB": ROAD, "BC": ROAD, "CD": ROAD})
    whole = (tmp_path / "line.osm").read_bytes()
    for ending, packed in ((".osm", whole), (".osm.bz2", bz2.compress(whole)), (".osm.gz", gzip.compress(whole))):
        cut = tmp_path / f"cut{ending}"
        cut.write_bytes(packed[: len(packed) * 3 // 4])
        with pytest.raises(InputError, match=f"cut{ending}: it cannot be read as OSM data"):
            read_osm(cut)


def test_other_bad_files(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="not found"):
        build_streets(tmp_path / "absent.osm.pbf")
    (tmp_path / "streets.shp").write_bytes(b"")
    with pytest.raises(InputError, match="not the name of an OSM file"):
        build_streets(tmp_path / "streets.shp")
    with pytest.raises(InputError, match="no file given"):
        build_streets([])
    write_osm(tmp_path / "rail.osm", LINE, {"AB": {"railway": "rail"}})
    with pytest.raises(CoverageError, match="no way with a highway tag"):
        build_streets(tmp_path / "rail.osm")
    write_osm(tmp_path / "closed.osm", LINE, {"AB": {"highway": "construction"}})
    with pytest.raises(CoverageError, match="no street"):
        build_streets(tmp_path / "closed.osm")
    write_osm(tmp_path / "good.osm", LINE, {"AB": ROAD})
    with pytest.raises(InputError, match="unknown or none"):
        build_streets(tmp_path / "good.osm", modes=("rocket",))
    with pytest.raises(InputError, match="car_congestion"):
        build_streets(tmp_path / "good.osm", car_congestion=0.5)


def blocks_of(whole: bytes) -> list[int]:
    """Where each block of a PBF file begins, and where the last one ends."""
    starts, here = [0], 0
    while here < len(whole):
        size = int.from_bytes(whole[here : here + 4], "big")
        header, at_byte, data = whole[here + 4 : here + 4 + size], 0, 0
        while at_byte < len(header):  # protobuf: type (1, text), indexdata (2, bytes), datasize (3, varint)
            key, at_byte = header[at_byte], at_byte + 1
            value, shift = 0, 0
            while True:
                byte, at_byte = header[at_byte], at_byte + 1
                value |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    break
            data = value if key >> 3 == 3 else data
            at_byte += value if key & 7 == 2 else 0
        here += 4 + size + data
        starts.append(here)
    return starts


def many_streets(path: Path) -> bytes:
    """A PBF of many blocks: nodes on a line 100 m apart, one street for each pair of neighbours."""
    with osmium.SimpleWriter(str(path)) as writer:
        for k in range(1, 12_001):
            writer.add_node(
                osmium.osm.mutable.Node(id=k, version=1, location=(3.0 + k % 200 * 0.001, 46.5 + k // 200 * 0.001))
            )
        for k in range(1, 12_000):
            writer.add_way(osmium.osm.mutable.Way(id=k, version=1, nodes=[k, k + 1], tags={"highway": "residential"}))
    return path.read_bytes()


def test_a_pbf_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    whole = many_streets(tmp_path / "whole.osm.pbf")
    assert len(read_osm(tmp_path / "whole.osm.pbf").way_id) == 11_999
    starts = blocks_of(whole)
    assert starts[-1] == len(whole)
    assert len(starts) > 4
    cut = tmp_path / "cut.osm.pbf"
    inside = [(a + b) // 2 for a, b in pairwise(starts)]
    for length in (7, inside[1], inside[-1], len(whole) - 1):
        cut.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"cut\.osm\.pbf: it cannot be read as OSM data"):
            read_osm(cut)


@pytest.mark.reference
def test_clipped_extract_is_counted() -> None:
    streets = build_streets(shared_path("osm/paris_clipped_ways.osm.pbf"))
    assert note("streets.nodes_missing", n=656, ways=136) in streets.notes
    assert len(streets.node_id) > 1000


@pytest.mark.reference
def test_restrictions_of_the_champs_elysees() -> None:
    streets = build_streets(shared_path("osm/champs_elysees.osm.bz2"))
    graph = streets.graphs["car"]
    node = int(np.flatnonzero(streets.node_id == 270678784)[0])
    ways = streets.edge_way_id
    # Way 24911231 must not turn left into 24911264 here: whoever arrives by it stands on a copy of the node.
    copies = len(streets.node_id) + np.flatnonzero(graph.copy_of == node)
    arriving = graph.heads[np.isin(graph.heads, [node, *copies]) & (ways[graph.edges] == 24911231)]
    assert len(arriving) > 0
    assert (arriving >= len(streets.node_id)).all()
    for state in arriving:
        leaving = ways[graph.edges[graph.indptr[state] : graph.indptr[state + 1]]]
        assert 24911264 not in leaving
    assert 24911264 in ways[graph.edges[graph.indptr[node] : graph.indptr[node + 1]]]
    # No car arc runs against a way that says oneway=yes.
    raw = read_osm(shared_path("osm/champs_elysees.osm.bz2"))
    one_way = [k for k, tags in enumerate(raw.tag_sets) if tags.get("oneway") == "yes"]
    arcs = slice(0, int(graph.indptr[len(streets.node_id)]))
    tails = np.repeat(np.arange(len(streets.node_id)), np.diff(graph.indptr[: len(streets.node_id) + 1]))
    binding = np.isin(ways[graph.edges[arcs]], raw.way_id[np.isin(raw.way_tags, one_way)])
    assert binding.sum() > 500
    assert (streets.edge_source[graph.edges[arcs][binding]] == tails[binding]).all()
