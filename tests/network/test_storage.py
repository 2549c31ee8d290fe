"""A saved network opens equal, memory-mapped, and only when nothing was touched."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from geo_access.errors import InputError, MissingFileError
from geo_access.manifest import sha256_file
from geo_access.network.model import CrowFly, Network
from geo_access.network.storage import KEPT_CHANGES, _seal, open_network, save_network
from geo_access.routing.graphs import forward_graph, graph_key, keep_changes
from geo_access.routing.query import Query, Window
from geo_access.words.messages import error_text
from tests.network.drawn import drawn_streets
from tests.times.worlds import H, bus, country

ROAD = {"highway": "residential"}


@pytest.fixture
def network(tmp_path: Path) -> Network:
    streets, _ = drawn_streets(tmp_path, "A---B---C---D", {"ABCD": ROAD, "BC": ROAD | {"oneway": "yes"}})
    assert streets.graphs["walk"].hierarchy is streets.graphs["walk"].hierarchy
    return Network(streets.epsg, streets, None, {"drawn.osm": "0" * 64}, ("drawn",))


def test_round_trip(network: Network, tmp_path: Path) -> None:
    opened = open_network(save_network(network, tmp_path / "net"))
    assert (opened.epsg, opened.inputs, opened.warnings) == (network.epsg, network.inputs, network.warnings)
    for field in fields(network.streets):
        before, after = getattr(network.streets, field.name), getattr(opened.streets, field.name)
        if isinstance(before, np.ndarray):
            np.testing.assert_array_equal(before, after)
            assert before.dtype == after.dtype
    assert set(opened.streets.graphs) == {"walk", "bike", "car"}
    assert "hierarchy" in opened.streets.graphs["walk"].__dict__
    assert "hierarchy" not in opened.streets.graphs["car"].__dict__
    np.testing.assert_array_equal(
        opened.streets.graphs["walk"].hierarchy.up_ds, network.streets.graphs["walk"].hierarchy.up_ds
    )


def array(folder: Path, name: str) -> Path:
    """File of an array."""
    (found,) = folder.glob(f"{name}.*.npy")
    return found


def test_saving_again_replaces(network: Network, tmp_path: Path) -> None:
    save_network(network, tmp_path / "net")
    save_network(Network(2154, CrowFly(2154), None, {}), tmp_path / "net")
    assert isinstance(open_network(tmp_path / "net").streets, CrowFly)
    assert list((tmp_path / "net").glob("*.npy")) == []


def test_a_touched_file_is_refused(network: Network, tmp_path: Path) -> None:
    folder = save_network(network, tmp_path / "net")
    victim = array(folder, "streets.node_x")
    content = bytearray(victim.read_bytes())
    content[-1] ^= 1
    victim.write_bytes(bytes(content))
    with pytest.raises(InputError, match="has changed"):
        open_network(folder)
    victim.unlink()
    with pytest.raises(MissingFileError, match="missing"):
        open_network(folder)


def test_changes_kept_are_saved_and_belong_to_their_timetable(tmp_path: Path) -> None:
    xy = [(0.0, 0.0), (10_000.0, 0.0), (20_000.0, 0.0)]
    query = Query("transit", depart=Window(7 * H, 7 * H), walk_kmh=3.6)
    there = country([bus([0, 1], 7 * H), bus([1, 2], 7 * H + 900), bus([1, 2], 8 * H)], xy)
    fresh = forward_graph(there.timetable, graph_key(query))
    assert len(fresh.transfer_board) == 1
    folder = save_network(keep_changes(there, query), tmp_path / "net")
    opened = open_network(folder)
    (label,) = opened.timetable.__dict__[KEPT_CHANGES]
    assert label == graph_key(query).label
    graph = forward_graph(opened.timetable, graph_key(query))
    assert np.shares_memory(graph.transfer_board, opened.timetable.__dict__[KEPT_CHANGES][label][1])
    for name in ("transfer_indptr", "transfer_board", "change_indptr", "change_to"):
        np.testing.assert_array_equal(getattr(graph, name), getattr(fresh, name))
    # Another speed or another timetable finds its own.
    faster = forward_graph(opened.timetable, graph_key(replace(query, walk_kmh=4.0)))
    assert not np.shares_memory(faster.transfer_board, graph.transfer_board)
    assert KEPT_CHANGES not in replace(opened.timetable, notes=()).__dict__
    # Saved again after opening, they are there still.
    assert label in open_network(save_network(opened, tmp_path / "again")).timetable.__dict__[KEPT_CHANGES]
    # The arrays were replaced by others, index and all.
    path = array(folder, "timetable.event_departure_s")
    later = np.load(path) + 3600
    np.save(path, later)
    index = json.loads((folder / "network.json").read_text())
    index["sha256"][path.name] = sha256_file(path)
    index["index_sha256"] = _seal(index["network"], index["sha256"])
    (folder / "network.json").write_text(json.dumps(index))
    assert KEPT_CHANGES not in open_network(folder).timetable.__dict__
    with pytest.raises(InputError, match="GTFS"):
        keep_changes(Network(2154, CrowFly(2154), None, {}), query)


def test_foreign_folders_and_indexes(network: Network, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="save_network"):
        open_network(tmp_path / "nowhere")
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="other files"):
        save_network(network, other)
    folder = save_network(network, tmp_path / "net")
    index = folder / "network.json"
    good = json.loads(index.read_text())
    index.write_text("{")
    with pytest.raises(InputError, match="no index"):
        open_network(folder)
    index.write_text(json.dumps(good | {"format": "other/9"}))
    with pytest.raises(InputError, match="other/9"):
        open_network(folder)
    # Before, notes were English sentences; now they are keys and values.
    index.write_text(json.dumps(good | {"format": "geo-access-network/2"}))
    with pytest.raises(InputError, match="build the network again") as older:
        open_network(folder)
    assert "construisez le réseau à nouveau" in error_text(older.value)
    good["network"]["fields"]["streets"]["fields"]["node_x"]["file"] = "../letter.npy"
    index.write_text(json.dumps(good))
    with pytest.raises(InputError, match="index has changed"):
        open_network(folder)
    good["index_sha256"] = _seal(good["network"], good["sha256"])
    index.write_text(json.dumps(good))
    with pytest.raises(InputError, match="not in the index"):
        open_network(folder)


def test_saving_over_a_network_leaves_other_files(network: Network, tmp_path: Path) -> None:
    folder = save_network(network, tmp_path / "net")
    (folder / "notes.txt").write_text("mine")
    np.save(folder / "mine.npy", np.arange(3))
    save_network(Network(2154, CrowFly(2154), None, {}), folder)
    assert {path.name for path in folder.iterdir()} == {"network.json", "notes.txt", "mine.npy"}
    # What was opened from a folder may be saved over it.
    save_network(network, folder)
    save_network(open_network(folder), folder)
    np.testing.assert_array_equal(open_network(folder).streets.node_x, network.streets.node_x)


def test_a_shortened_array_or_a_changed_field_is_an_error(network: Network, tmp_path: Path) -> None:
    folder = save_network(network, tmp_path / "net")
    victim = array(folder, "streets.node_x")
    whole = victim.read_bytes()
    victim.write_bytes(whole[:-8])
    with pytest.raises(InputError, match="has changed"):
        open_network(folder)
    victim.write_bytes(whole)
    index = folder / "network.json"
    text = index.read_text()
    for before, after in (('"epsg": 2154', '"epsg": 3035'), ('"kind": "Streets"', '"kind": "CrowFly"')):
        assert before in text
        index.write_text(text.replace(before, after))
        with pytest.raises(InputError, match="index has changed"):
            open_network(folder)


KILLED = """
import os, signal, sys
from pathlib import Path
from geo_access.network.storage import open_network, save_network
new, folder, left = Path(sys.argv[1]), Path(sys.argv[2]), [int(sys.argv[3])]
network, replace, unlink = open_network(new), Path.replace, Path.unlink
def counted(real):
    def call(*a, **k):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*a, **k)
    return call
Path.replace, Path.unlink = counted(replace), counted(unlink)
save_network(network, folder)
"""


def test_killed_while_saving_the_folder_opens_as_before_or_after(network: Network, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    new = save_network(replace(network, warnings=("new",)), tmp_path / "new")
    # Both halves of a save: its arrays, its index, then what is no longer listed.
    for moves in (0, 1, 40, 70, 100, 9_999):
        folder = tmp_path / str(moves)
        save_network(Network(2154, CrowFly(2154), None, {}, ("old",)), folder)
        done = subprocess.run([sys.executable, "-c", KILLED, new, folder, str(moves)], cwd=root, check=False)
        assert open_network(folder).warnings in (("old",), ("new",))
        assert open_network(folder).warnings == ("new",) or done.returncode != 0
        save_network(network, folder)
        assert set(folder.iterdir()) - {folder / path.name for path in new.iterdir()} == set()
