"""A saved network opens equal, memory-mapped, and only when nothing was touched."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from geo_access.errors import InputError, MissingFileError
from geo_access.network.model import CrowFly, Network
from geo_access.network.storage import open_network, save_network
from tests.network.drawn import drawn_streets

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


def test_saving_again_replaces(network: Network, tmp_path: Path) -> None:
    save_network(network, tmp_path / "net")
    save_network(Network(2154, CrowFly(2154), None, {}), tmp_path / "net")
    assert isinstance(open_network(tmp_path / "net").streets, CrowFly)
    assert list((tmp_path / "net").glob("*.npy")) == []


def test_a_touched_file_is_refused(network: Network, tmp_path: Path) -> None:
    folder = save_network(network, tmp_path / "net")
    victim = folder / "streets.node_x.npy"
    content = bytearray(victim.read_bytes())
    content[-1] ^= 1
    victim.write_bytes(bytes(content))
    with pytest.raises(InputError, match="has changed"):
        open_network(folder)
    victim.unlink()
    with pytest.raises(MissingFileError, match="missing"):
        open_network(folder)


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
    good["network"]["fields"]["streets"]["fields"]["node_x"]["file"] = "../letter.npy"
    index.write_text(json.dumps(good))
    with pytest.raises(InputError, match="not in the index"):
        open_network(folder)
