"""The compiled reading of ``.osm.pbf`` against osmium's, which reads every kind of file object by object."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import osmium
import pytest

from geo_access.errors import GeoAccessError
from geo_access.sources import osm_parts
from geo_access.sources.osm import OsmWays, read_osm
from geo_access.sources.osm_packed import read_packed

SQUARE = {"highway": "pedestrian", "area": "yes"}
WAYS: list[tuple[list[int], dict[str, str]]] = [
    ([1, 2, 3], {"highway": "residential", "name": "rue de l’Église", "maxspeed": "30"}),
    ([3, 4, 99], {"highway": "residential", "maxspeed": "30"}),
    ([11, 12, 13, 14, 11], SQUARE),
    ([21, 22, 23, 24, 21], {"building": "yes", "name": "halle"}),
    ([21, 22, 23, 24, 21], {"building": "yes", "layer": "1"}),
    ([4, 5], {"building": "yes", "highway": "footway"}),
    ([21, 23], {"barrier": "wall"}),
    ([12, 31, 32, 12], {"natural": "water"}),
    ([31, 32], {"barrier": "hedge", "area": "yes"}),
    ([1], {"highway": "path"}),
    ([5, 11], {"route": "ferry", "duration": "0:20"}),
    ([41, 42, 43, 41], {}),
    ([13, 14], {"waterway": "river"}),
    ([3, 4], {"maxspeed": "30", "highway": "residential"}),
]
RELATIONS: list[tuple[list[tuple[str, int, str]], dict[str, str]]] = [
    ([("w", 1, "from"), ("n", 3, "via"), ("w", 2, "to")], {"type": "restriction", "restriction": "no_left_turn"}),
    ([("w", 12, "outer")], {"type": "multipolygon", "highway": "pedestrian"}),
    ([("w", 4, "outer"), ("w", 8, "inner")], {"type": "multipolygon", "building": "yes"}),
    ([("w", 1, "")], {"type": "route"}),
]
NODES: dict[int, dict[str, str]] = {
    2: {"barrier": "gate", "locked": "yes"},
    4: {"highway": "traffic_signals", "ref": "7"},
    21: {"entrance": "main"},
}


def places() -> dict[int, tuple[float, float]]:
    """Nodes some 40 m apart; the building's stand in the square."""
    row = {n: (2.0 + 5e-4 * n, 48.0) for n in range(1, 6)}
    square = {11 + k: (2.004 + x, 48.001 + y) for k, (x, y) in enumerate([(0, 0), (1e-3, 0), (1e-3, 1e-3), (0, 1e-3)])}
    solid = {21 + k: (2.0043 + x, 48.0013 + y) for k, (x, y) in enumerate([(0, 0), (3e-4, 0), (3e-4, 3e-4), (0, 3e-4)])}
    return (
        row
        | square
        | solid
        | {31: (2.006, 48.001), 32: (2.006, 48.002), 41: (2.01, 48), 42: (2.011, 48), 43: (2.01, 48.001)}
    )


def written(path: Path, form: str = "pbf", *, nodes_last: bool = False) -> Path:
    """Write these streets in a variety of the format."""
    with osmium.SimpleWriter(osmium.io.File(str(path), form)) as writer:
        items: list[Any] = [
            osmium.osm.mutable.Node(id=n, location=place, tags=NODES.get(n, {}), version=2, visible=True)
            for n, place in sorted(places().items())
        ]
        ways = [
            osmium.osm.mutable.Way(id=10 * k, nodes=refs, tags=tags, version=k, visible=True)
            for k, (refs, tags) in enumerate(WAYS, start=1)
        ]
        relations = [
            osmium.osm.mutable.Relation(
                id=k, members=[(kind, 10 * n if kind == "w" else n, role) for kind, n, role in members], tags=tags
            )
            for k, (members, tags) in enumerate(RELATIONS, start=1)
        ]
        for item in (*ways, *items, *relations) if nodes_last else (*items, *ways, *relations):
            add = {"Node": writer.add_node, "Way": writer.add_way, "Relation": writer.add_relation}
            add[type(item).__name__](item)
    return path


def told(ways: OsmWays) -> list[object]:
    """Everything in them, to be compared."""
    rings = [
        (area.way_id, area.tags, area.rim, [(ring.node_id.tolist(), ring.lonlat.tolist()) for ring in area.rings])
        for area in ways.areas
    ]
    arrays = [ways.way_id, ways.way_tags, ways.indptr, ways.node_id, np.nan_to_num(ways.lon), np.nan_to_num(ways.lat)]
    return [*(array.tolist() for array in arrays), ways.tag_sets, ways.node_tags, ways.restrictions, ways.notes, rings]


def by_osmium(monkeypatch: pytest.MonkeyPatch, path: Path, **options: Any) -> list[object]:
    with monkeypatch.context() as patch:
        patch.setattr(osm_parts, "_read_ordinary", osm_parts._read_sorted)
        return told(read_osm(path, **options))


@pytest.mark.parametrize(
    "form", ["pbf", "pbf,pbf_compression=none", "pbf,add_metadata=false", "pbf,add_metadata=version"]
)
@pytest.mark.parametrize("bbox", [None, (2.0, 47.9, 2.0012, 48.1)])
def test_both_readings_find_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, bbox: tuple[float, float, float, float] | None
) -> None:
    path = written(tmp_path / "streets.osm.pbf", form)
    packed = read_packed(path)
    # One of 14 ways has no key that is looked for; one of 4 relations is a route.
    assert (len(packed.way_id), len(packed.relations), [n for n, _, _ in packed.nodes]) == (13, 3, [2, 4])
    assert told(read_osm(path, bbox_lonlat=bbox)) == by_osmium(monkeypatch, path, bbox_lonlat=bbox)
    if bbox is None:
        area = next(area for area in read_osm(path).areas if area.way_id == 30)
        # The rim, the building as a way and as a relation, and the wall in it.
        assert [int(ring.node_id[0]) for ring in area.rings][:3] == [11, 21, 21]
        assert len(area.rings) == 4


@pytest.mark.parametrize(
    ("form", "nodes_last"),
    [("pbf,pbf_dense_nodes=false", False), ("pbf,locations_on_ways=true", False), ("pbf", True), ("osh.pbf", False)],
)
def test_other_varieties_are_left_to_osmium(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, nodes_last: bool
) -> None:
    path = written(tmp_path / "streets.osm.pbf", form, nodes_last=nodes_last)
    with pytest.raises(ValueError, match=r"\w"):
        read_packed(path)
    assert told(read_osm(path)) == by_osmium(monkeypatch, path)


def test_no_spoilt_byte_is_read_beyond(tmp_path: Path) -> None:
    path = written(tmp_path / "streets.osm.pbf", "pbf,pbf_compression=none")
    whole = path.read_bytes()
    draw = np.random.default_rng(3)
    refused = []
    for at in draw.choice(len(whole), 150, replace=False).tolist():
        spoilt = bytearray(whole)
        spoilt[at] ^= int(draw.integers(1, 256))
        path.write_bytes(spoilt[: len(whole) - (at if at % 5 == 0 else 0)])
        try:
            read_osm(path)
        except GeoAccessError as error:
            refused.append(str(error))
    # Some bytes only change a name or a position; the others are refused, each with the name of the file.
    assert 0 < len(refused) < 150
    assert all("streets.osm.pbf" in said for said in refused)
