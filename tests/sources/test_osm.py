"""Any OSM file that people have: histories, drafts, deleted objects, any order, several extracts, slips."""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import osmium
import pytest

from geo_access.errors import CapacityError, InputError
from geo_access.network.build import build_network
from geo_access.network.search.links import link_points
from geo_access.network.search.search import street_matrix
from geo_access.network.streets.streets import build_streets
from geo_access.sources.osm import read_osm
from geo_access.words.note import note
from tests.network.drawn import EPSG, at, drawn_streets, write_osm

ROAD = {"highway": "residential"}
LINE = "A---B---C---D"
WAYS = {"AB": ROAD, "BC": ROAD, "CD": ROAD}
STREET_S = 100 / 4.8 * 3.6


def line(tmp_path: Path, name: str = "line.osm") -> tuple[Path, dict[str, tuple[float, float]], str]:
    where = write_osm(tmp_path / name, LINE, WAYS)
    return tmp_path / name, where, (tmp_path / name).read_text(encoding="utf-8")


def walk_s(paths: object, where: dict[str, tuple[float, float]], letters: str) -> float:
    streets = build_streets(paths, epsg=EPSG, modes=["walk"], min_island_nodes=1)  # type: ignore[arg-type]
    links = link_points(streets, at(where, letters), mode="walk", limit_m=5.0)
    return float(street_matrix(streets, links, links, mode="walk")[0, 1])


def test_nodes_after_ways_are_read(tmp_path: Path) -> None:
    path, where, text = line(tmp_path)
    rows = text.splitlines()
    path.write_text("\n".join([*rows[:2], *sorted(rows[2:-1], key=lambda row: "<node" in row), rows[-1]]))
    assert walk_s(path, where, "AD") == pytest.approx(3 * STREET_S, abs=0.3)


@pytest.mark.parametrize("mark", ["visible='false'", "action='delete'"])
def test_deleted_ways_are_gone(tmp_path: Path, mark: str) -> None:
    path, where, text = line(tmp_path)
    path.write_text(text.replace("<way id='2' version='1'", f"<way id='2' version='1' {mark}"))
    streets = build_streets(path, epsg=EPSG, modes=["walk"], min_island_nodes=1)
    assert note("streets.deleted", n=1) in streets.notes
    assert np.isnan(walk_s(path, where, "AD"))


def test_a_way_is_gone_whose_last_version_has_no_tags_left(tmp_path: Path) -> None:
    path, where, text = line(tmp_path)
    path.write_text(text.replace("</osm>", "<way id='2' version='2' visible='false'/></osm>"), encoding="utf-8")
    # B–C was the way: C–D is still there, without a way to it.
    assert np.isnan(walk_s(path, where, "AD"))


def test_a_value_that_cannot_be_read_is_refused_with_its_object(tmp_path: Path) -> None:
    path, _, text = line(tmp_path)
    path.write_text(text.replace("<node id='66' version='1' lat='", "<node id='66' version='1' lat='north "))
    with pytest.raises(InputError, match=r"line\.osm.*, node 66\)"):
        build_streets(path)


def test_of_a_history_the_newest_version_counts(tmp_path: Path) -> None:
    path, where, text = line(tmp_path)
    old = "<way id='2' version='1'><nd ref='66'/><nd ref='67'/><tag k=\"highway\" v=\"residential\"/></way>"
    assert old in text
    closed = old.replace("version='1'", "version='2'").replace("residential", "construction")
    for order in (old + closed, closed + old):
        path.write_text(text.replace(old, order))
        assert np.isnan(walk_s(path, where, "AD"))
    path.write_text(text.replace(old, closed + old.replace("version='1'", "version='3'")))
    assert walk_s(path, where, "AD") == pytest.approx(3 * STREET_S, abs=0.3)


def test_a_draft_with_negative_numbers_beside_an_extract(tmp_path: Path) -> None:
    # The draft adds a street from C, which the extract has, to a new point E, as editors save it.
    path, where, text = line(tmp_path)
    write_osm(tmp_path / "draft.osm", "C---E", {"CE": ROAD})
    draft = (tmp_path / "draft.osm").read_text(encoding="utf-8")
    shift = [(f"'{ord('E')}'", "'-5'"), ("<way id='1' version='1'", "<way id='-1'")]
    for old, new in shift:
        draft = draft.replace(old, new)
    # C lies where the extract has it.
    node_c = next(row for row in text.splitlines() if f"id='{ord('C')}'" in row)
    rows = [node_c if f"<node id='{ord('C')}'" in row else row for row in draft.splitlines()]
    (tmp_path / "draft.osm").write_text("\n".join(rows))
    assert read_osm([path, tmp_path / "draft.osm"]).way_id.tolist() == [-1, 1, 2, 3]
    alone = text.replace("id='", "id='-").replace("ref='", "ref='-")
    path.write_text(alone)
    assert walk_s(path, where, "AD") == pytest.approx(3 * STREET_S, abs=0.3)


@pytest.mark.parametrize(
    ("old", "new", "way_s"),
    [
        ("<way id='2' version='1'", "<way id='2' version='1' action='delete'", None),
        ("<way id='2' version='1'", "<way id='2' version='2' visible='false'", None),
        # The same version, as editors save what is not uploaded yet: a street no longer.
        ("<way id='2' version='1'", "<way id='2' version='1' action='modify'", None),
        ("<way id='2' version='1'", "<way id='-2' action='modify'", 3 * STREET_S),
    ],
)
def test_what_a_draft_closes_is_closed_in_the_extract_too(
    tmp_path: Path, old: str, new: str, way_s: float | None
) -> None:
    path, where, text = line(tmp_path)
    draft = text.replace(old, new)
    assert draft != text
    if "modify" in new:
        before, after = draft.split(new)
        draft = before + new + after.replace("residential", "construction", 1)
    # What the draft only shows around it says nothing new.
    ways = [row for row in draft.splitlines() if "<way id='1'" not in row and "<way id='3'" not in row]
    for name in ("a_draft.osm", "z_draft.osm"):
        (tmp_path / name).write_text("\n".join(ways))
        found = walk_s([path, tmp_path / name], where, "AD")
        assert np.isnan(found) if way_s is None else found == pytest.approx(way_s, abs=0.3)


def test_a_node_that_a_draft_moves_and_a_barrier_that_it_takes_away(tmp_path: Path) -> None:
    where = write_osm(tmp_path / "older.osm", LINE, WAYS, nodes={"B": {"barrier": "gate", "access": "private"}})
    write_osm(tmp_path / "plain.osm", LINE, WAYS)
    rows = (tmp_path / "plain.osm").read_text().splitlines()
    node = next(row for row in rows if f"id='{ord('B')}'" in row and "<node" in row)
    drafted = node.replace("version='1'", "version='1' action='modify'")
    (tmp_path / "draft.osm").write_text("\n".join([*rows[:2], drafted, rows[-1]]))
    paths = [tmp_path / "older.osm", tmp_path / "draft.osm"]
    assert ord("B") not in read_osm(paths).node_tags
    assert walk_s(paths, where, "AD") == pytest.approx(3 * STREET_S, abs=0.3)
    lat = node.partition("lat='")[2].partition("'")[0]
    moved = drafted.replace(lat, f"{float(lat) + 0.001:.7f}")
    (tmp_path / "draft.osm").write_text("\n".join([*rows[:2], moved, rows[-1]]))
    read = read_osm(paths)
    assert read.lat[read.node_id == ord("B")] == pytest.approx(float(lat) + 0.001, abs=1e-7)


def test_the_order_of_extracts_does_not_matter(tmp_path: Path) -> None:
    # Each half has the whole way, but only its own nodes.
    write_osm(tmp_path / "west.osm", "A---B---C---D", {"ABCD": ROAD}, missing="D")
    where = write_osm(tmp_path / "east.osm", "A---B---C---D", {"ABCD": ROAD}, missing="A")
    for order in (("west", "east"), ("east", "west")):
        paths = [tmp_path / f"{name}.osm" for name in order]
        assert walk_s(paths, where, "AD") == pytest.approx(3 * STREET_S, abs=0.3)


def test_of_overlapping_extracts_the_newest_nodes_and_squares_count(tmp_path: Path) -> None:
    # The newer extract has locked the gate and narrowed nothing: in any order the gate is shut, under any names.
    where = write_osm(tmp_path / "older.osm", LINE, WAYS, nodes={"B": {"barrier": "gate", "access": "yes"}})
    write_osm(tmp_path / "newer.osm", LINE, WAYS, nodes={"B": {"barrier": "gate", "access": "private"}})
    text = (tmp_path / "newer.osm").read_text()
    (tmp_path / "newer.osm").write_text(text.replace("id='66' version='1'", "id='66' version='2'"))
    (tmp_path / "a.osm").write_bytes((tmp_path / "newer.osm").read_bytes())
    for order in (("older", "newer"), ("newer", "older"), ("a", "older"), ("older", "a")):
        read = read_osm([tmp_path / f"{name}.osm" for name in order])
        assert read.node_tags[ord("B")] == {"barrier": "gate", "access": "private"}
    one, other = (
        build_streets([tmp_path / name for name in names], epsg=EPSG, modes=["walk"], min_island_nodes=1)
        for names in (("older.osm", "a.osm"), ("a.osm", "older.osm"))
    )
    np.testing.assert_array_equal(one.node_x, other.node_x)
    np.testing.assert_array_equal(one.edge_way_id, other.edge_way_id)
    assert len(where) == 4


def test_names_in_capitals(tmp_path: Path) -> None:
    path, where, text = line(tmp_path)
    (tmp_path / "LINE.OSM").write_text(text)
    assert walk_s(tmp_path / "LINE.OSM", where, "AD") == pytest.approx(3 * STREET_S, abs=0.3)
    assert path.exists()


@pytest.mark.parametrize("name", ["as.osm", "as.osm.gz", "as.osm.bz2", "as.osm.pbf"])
@pytest.mark.parametrize("held", ["xml", "gz", "bz2", "pbf"])
def test_a_file_is_what_it_holds_and_not_what_it_is_called(tmp_path: Path, name: str, held: str) -> None:
    path, where, text = line(tmp_path)
    if held == "pbf":
        whole = tmp_path / "whole.osm.pbf"
        with osmium.SimpleWriter(str(whole)) as writer:
            for item in osmium.FileProcessor(str(path)):
                writer.add(item)
        content = whole.read_bytes()
    else:
        content = {"xml": bytes, "gz": gzip.compress, "bz2": bz2.compress}[held](text.encode())
    (tmp_path / name).write_bytes(content)
    assert walk_s(tmp_path / name, where, "AD") == pytest.approx(3 * STREET_S, abs=0.3)


def test_an_answer_that_the_server_did_not_finish_is_refused(tmp_path: Path) -> None:
    path, _, text = line(tmp_path)
    said = "runtime error: Query timed out in &quot;query&quot; at line 3 after 26 seconds."
    path.write_text(text.replace("</osm>", f"<remark> {said} </remark></osm>"))
    with pytest.raises(InputError, match=r"line\.osm: the server did not finish .*timed out.*smaller area"):
        read_osm(path)
    packed = tmp_path / "line.osm.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(InputError, match=r"line\.osm\.gz: the server did not finish .*timed out.*smaller area"):
        read_osm(packed)


def test_a_node_oceans_away_is_left_out_and_named(tmp_path: Path) -> None:
    path, where, text = line(tmp_path)
    last = next(row for row in text.splitlines() if f"id='{ord('D')}'" in row)
    far = f"<node id='{ord('D')}' version='1' lat='-21.1' lon='55.5'></node>"
    path.write_text(text.replace(last, far))
    streets = build_streets(path, modes=["walk"], min_island_nodes=1)
    assert streets.epsg == EPSG
    assert note("streets.far_nodes", n=1, degrees=10, nodes=str(ord("D"))) in streets.notes
    assert walk_s(path, where, "AC") == pytest.approx(2 * STREET_S, abs=0.3)


def test_territories_oceans_apart_are_refused(tmp_path: Path) -> None:
    path, _, text = line(tmp_path)
    other = text.replace("lon='3", "lon='53").replace("id='", "id='9").replace("ref='", "ref='9")
    (tmp_path / "other.osm").write_text(other)
    with pytest.raises(InputError, match=r"more than 10° apart \(node \d+ of way \d+ at .*bbox_lonlat"):
        read_osm([path, tmp_path / "other.osm"])


@pytest.mark.parametrize(
    ("epsg", "why"),
    [
        (4326, "degrees"),
        (4978, "flat"),
        (0, "no CRS|above 0"),
        (-1, "no CRS|above 0"),
        (3857, "more than 1%"),
        (2154, ""),
    ],
)
def test_systems_that_do_not_measure_metres_are_refused(tmp_path: Path, epsg: int, why: str) -> None:
    path, _, _ = line(tmp_path)
    if not why:
        assert build_streets(path, epsg=epsg, modes=["walk"]).epsg == epsg
        return
    for build in (
        lambda: build_streets(path, epsg=epsg, modes=["walk"]),
        lambda: build_network(path, date="2026-03-17", epsg=epsg, modes=["walk"]),
    ):
        with pytest.raises(InputError, match=why):
            build()


def test_closed_ways_are_used_by_nobody(tmp_path: Path) -> None:
    square = "A---B\n|   |\nC---D"
    ways = {"AB": ROAD, "BD": ROAD, "DC": ROAD, "CA": ROAD}
    where = write_osm(tmp_path / "square.osm", square, ways)
    network = build_network(tmp_path / "square.osm", date="2026-03-17", epsg=EPSG, modes=["walk"], closed_ways=[1])
    links = link_points(network.streets, at(where, "AB"), mode="walk")
    times = street_matrix(network.streets, links, links, mode="walk")
    # A–C–D–B: three sides of 100 m.
    assert times[0, 1] == pytest.approx(300 / 4.8 * 3.6, abs=0.3)
    with pytest.raises(InputError, match="not among the streets read: 77"):
        build_network(tmp_path / "square.osm", date="2026-03-17", epsg=EPSG, modes=["walk"], closed_ways=[77])


def test_what_was_found_stands_in_the_warnings(tmp_path: Path) -> None:
    ways = {"AB": ROAD, "BC": ROAD | {"maxspeed": "999", "motor_vehicle": "residents"}, "CD": ROAD}
    path = tmp_path / "line.osm"
    write_osm(path, LINE, ways, nodes={"B": {"barrier": "gate"}})
    network = build_network(path, date="2026-03-17", epsg=EPSG)
    told = " | ".join(str(warning) for warning in network.warnings)
    for words in ("impossible speed limit", "residents (1)", "1 gate", "island "):
        assert words in told
    assert "ways read" not in told


def test_conditions_are_read_for_the_day_and_the_hour(tmp_path: Path) -> None:
    import datetime as dt  # noqa: PLC0415

    ways = {"AB": ROAD, "BC": ROAD | {"access:conditional": "no @ (Mo-Fr 07:00-09:00)"}, "CD": ROAD}
    reached = {}
    for day, hour in ((17, 8), (17, 10), (21, 8)):
        streets, where = drawn_streets(
            tmp_path,
            LINE,
            ways,
            modes=["walk"],
            moment=dt.datetime(2026, 3, day, hour),  # noqa: DTZ001
        )
        links = link_points(streets, at(where, "AD"), mode="walk", limit_m=5.0)
        reached[day, hour] = bool(np.isfinite(street_matrix(streets, links, links, mode="walk")[0, 1]))
    assert reached == {(17, 8): False, (17, 10): True, (21, 8): True}


@pytest.mark.parametrize(("ending", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress)])
def test_a_packed_file_that_swells_beyond_all_streets_is_refused(
    tmp_path: Path, ending: str, pack: Callable[[bytes], bytes]
) -> None:
    bomb = tmp_path / f"bomb.osm.{ending}"
    bomb.write_bytes(pack(b"<osm version='0.6'>" + (b" " * 1023 + b"\n") * (40 << 10) + b"</osm>"))
    with pytest.raises(CapacityError, match=rf"bomb\.osm\.{ending}: unpacks"):
        read_osm(bomb)
    # A small file may be as regular as it likes.
    small = tmp_path / f"small.osm.{ending}"
    node = "<node id='{}' version='1' lat='50' lon='3.0{}'/>"
    way = "<way id='1' version='1'><nd ref='1'/><nd ref='2'/><tag k='highway' v='path'/></way>"
    small.write_bytes(
        pack(f"<osm version='0.6'>{node.format(1, 1)}{node.format(2, 2)}{' ' * 10**6}{way}</osm>".encode())
    )
    assert len(read_osm(small).way_id) == 1
