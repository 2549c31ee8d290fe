"""Parts written to an object store are those of a folder, and a store that takes nothing is told."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from geo_access.errors import CapacityError, InputError
from geo_access.times import stream
from geo_access.times.address import Address
from geo_access.times.matrix import travel_times
from tests.times.test_stream import ASKED, HOMES, NETWORK, SITES

fsspec = pytest.importorskip("fsspec")


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(stream, "_BLOCK_BYTES", 1000)
    monkeypatch.setattr(stream, "_COMPUTED_BYTES", 1500)
    yield
    fsspec.filesystem("memory").store.clear()


def stored(root: str) -> dict[str, bytes]:
    files, path = fsspec.core.url_to_fs(root)
    return {str(found).rpartition("/")[2]: files.cat_file(found) for found in files.find(path)}


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_an_object_store_holds_the_bytes_of_a_folder_and_a_run_goes_on_there(tmp_path: Path, kind: str) -> None:
    travel_times(NETWORK, HOMES, SITES, sink=tmp_path / "plain", **ASKED)
    wanted = contents(tmp_path / "plain")
    root = "memory://bucket/times" if kind == "memory" else f"file://{tmp_path}/store/times"
    written = travel_times(NETWORK, HOMES, SITES, sink=root, **ASKED)
    assert stored(root) == wanted
    assert len(written.to_frame()) == 40
    files, path = fsspec.core.url_to_fs(root)
    files.pipe_file(f"{path}/part-00001.parquet", wanted["part-00001.parquet"][:-9])
    files.rm_file(f"{path}/part-00002.parquet")
    with pytest.raises(InputError, match="part-00001"):
        written.to_frame()
    again = travel_times(NETWORK, HOMES, SITES, sink=root, **ASKED)
    assert stored(root) == wanted
    assert [said.key for said in again.notes] == ["stream.computed_again"]
    with pytest.raises(InputError, match="another run"):
        travel_times(NETWORK, HOMES, SITES, sink=root, **{**ASKED, "max_minutes": 30})
    assert not Path(f"{kind}:").exists()


def test_tiles_in_an_object_store_are_those_of_a_folder(tmp_path: Path) -> None:
    travel_times(NETWORK, HOMES, SITES, sink=tmp_path / "plain", tile_km=20, **ASKED)
    run = travel_times(NETWORK, HOMES, SITES, sink="memory://bucket/tiles", tile_km=60, **ASKED)
    assert stored("memory://bucket/tiles") == contents(tmp_path / "plain")
    assert len(run.to_frame()) == 40


def test_a_bucket_of_others_is_left_alone() -> None:
    (Address("memory://theirs") / "thesis.txt").write_bytes(b"mine")
    with pytest.raises(InputError, match="other files"):
        travel_times(NETWORK, HOMES, SITES, sink="memory://theirs", **ASKED)
    assert stored("memory://theirs") == {"thesis.txt": b"mine"}


def test_a_full_store_is_told_and_the_run_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    travel_times(NETWORK, HOMES, SITES, sink=tmp_path / "plain", **ASKED)
    real, root = Address.write_bytes, "memory://full/times"

    def full(self: Address, content: bytes) -> None:
        if self.name == "part-00002.parquet":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(self, content)

    with monkeypatch.context() as patch:
        patch.setattr(Address, "write_bytes", full)
        with pytest.raises(CapacityError, match=r"part-00002.* could not be written .*No space left"):
            travel_times(NETWORK, HOMES, SITES, sink=root, **ASKED)
    assert "part-00002.parquet" not in stored(root)
    travel_times(NETWORK, HOMES, SITES, sink=root, **ASKED)
    assert stored(root) == contents(tmp_path / "plain")


def test_a_full_disk_is_told_and_nothing_half_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = pd.DataFrame.to_parquet

    def full(frame: pd.DataFrame, path: Any, **options: Any) -> None:
        if Path(path).name.startswith("part-00001"):
            Path(path).write_bytes(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(frame, path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(pd.DataFrame, "to_parquet", full)
        with pytest.raises(CapacityError, match=r"part-00001.* run again: what is whole is kept"):
            travel_times(NETWORK, HOMES, SITES, sink=tmp_path / "times", **ASKED)
    assert sorted(contents(tmp_path / "times")) == ["manifest.json", "part-00000.parquet", "parts.json"]
    before = (tmp_path / "times" / "part-00000.parquet").stat().st_mtime_ns
    whole = travel_times(NETWORK, HOMES, SITES, sink=tmp_path / "times", **ASKED)
    assert len(whole.to_frame()) == 40
    assert (tmp_path / "times" / "part-00000.parquet").stat().st_mtime_ns == before


def test_an_address_that_nobody_knows_is_refused() -> None:
    with pytest.raises(InputError, match="fsspec knows"):
        travel_times(NETWORK, HOMES, SITES, sink="nowhere://bucket/times", **ASKED)
