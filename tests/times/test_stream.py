"""Streaming gives what memory gives, goes on where it stopped, and never mixes two runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo_access.errors import CapacityError, InputError
from geo_access.times import matrix, stream
from geo_access.times.matrix import travel_times
from geo_access.times.points import Points
from geo_access.times.result import TravelTimes
from tests.times.worlds import WALK, H, bus, country, layer

NETWORK = country([bus([0, 1], 7 * H + 600 * k) for k in range(9)], [(0.0, 0.0), (10_000.0, 0.0)])
HOMES = layer(**{f"h{k}": (0.0, 50.0 * k) for k in range(20)})
SITES = layer(a=(10_000.0, 100.0), b=(10_000.0, 900.0))
ASKED = {"depart": "07:00-07:30", "percentiles": (25, 75), **WALK}


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_BLOCK_BYTES", 1000)
    monkeypatch.setattr(stream, "_COMPUTED_BYTES", 1500)


def test_streamed_equals_in_memory_and_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = travel_times(NETWORK, HOMES, SITES, **ASKED)
    folder = tmp_path / "times.parquet"
    calls = []
    real = TravelTimes.to_frame

    def interrupted(times: TravelTimes) -> pd.DataFrame:
        calls.append(len(times.origin_ids))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(times)

    monkeypatch.setattr(TravelTimes, "to_frame", interrupted)
    with pytest.raises(KeyboardInterrupt):
        travel_times(NETWORK, HOMES, SITES, sink=folder, **ASKED)
    assert len(list(folder.glob("part-*.parquet"))) == 1
    streamed = travel_times(NETWORK, HOMES, SITES, sink=folder, **ASKED)
    monkeypatch.undo()
    pd.testing.assert_frame_equal(streamed.to_frame().astype(str), whole.to_frame().astype(str))
    with pytest.raises(InputError, match="another run"):
        travel_times(NETWORK, HOMES, SITES, sink=folder, **{**ASKED, "max_minutes": 30})


def test_a_folder_of_others_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="other files"):
        travel_times(NETWORK, HOMES, SITES, sink=tmp_path, **ASKED)


def test_a_reduction_sees_every_block_once() -> None:
    whole = travel_times(NETWORK, HOMES, SITES, **ASKED)
    sums = travel_times(NETWORK, HOMES, SITES, reduce=lambda times: np.nansum(times.at(25), axis=1), **ASKED)
    np.testing.assert_array_equal(sums, np.nansum(whole.at(25), axis=1))


def test_the_same_files_with_another_timetable_are_another_run(tmp_path: Path) -> None:
    fewer = country([bus([0, 1], 7 * H + 600 * k) for k in range(8)], [(0.0, 0.0), (10_000.0, 0.0)])
    assert fewer.inputs == NETWORK.inputs
    folder = tmp_path / "times.parquet"
    first = travel_times(NETWORK, HOMES, SITES, sink=folder, **ASKED)
    before = [part.read_bytes() for part in first.parts]
    with pytest.raises(InputError, match="another run"):
        travel_times(fewer, HOMES, SITES, sink=folder, **ASKED)
    first.parts[1].unlink()
    first.parts[-1].unlink()
    again = travel_times(NETWORK, HOMES, SITES, sink=folder, **ASKED)
    assert [part.read_bytes() for part in again.parts] == before


def test_several_parts_are_computed_together_and_announced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stream, "_COMPUTED_BYTES", 1 << 20)
    asked = []
    real = matrix.known_times

    def counted(network: object, block: Points, *rest: object, **how: bool) -> object:
        asked.append(len(block.ids))
        return real(network, block, *rest, **how)

    monkeypatch.setattr(matrix, "known_times", counted)
    streamed = travel_times(NETWORK, HOMES, SITES, sink=tmp_path / "times", progress=True, **ASKED)
    assert asked == [20]
    assert len(streamed.parts) > 1
    assert "20 × 2 pairs" in capsys.readouterr().err


def test_memory_decides_how_much_is_computed_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(stream, "_BLOCK_BYTES", 1000)
    asked = []
    real = matrix.known_times

    def counted(network: object, block: Points, *rest: object, **how: bool) -> object:
        asked.append(len(block.ids))
        return real(network, block, *rest, **how)

    monkeypatch.setattr(matrix, "known_times", counted)
    roomy = travel_times(NETWORK, HOMES, SITES, sink=tmp_path / "roomy", **ASKED)
    assert asked == [20]
    asked.clear()
    query = roomy.query
    part = stream.row_blocks(20, 2, query)[0].stop
    one_part_gb = (2 * part * 2 * stream.bytes_per_pair(query) + 1000) / 1e9
    tight = travel_times(NETWORK, HOMES, SITES, sink=tmp_path / "tight", memory_gb=one_part_gb, **ASKED)
    assert set(asked[:-1]) == {part}
    assert sum(asked) == 20
    assert [one.read_bytes() for one in tight.parts] == [one.read_bytes() for one in roomy.parts]
    for way in ({"sink": tmp_path / "none"}, {"reduce": len}):
        with pytest.raises(CapacityError, match=r"a part of .* raise memory_gb="):
            travel_times(NETWORK, HOMES, SITES, memory_gb=0.9 * one_part_gb, **way, **ASKED)


INTERRUPTED = """
import os, signal, sys
from geo_access.times import stream
from geo_access.times.result import TravelTimes
from tests.times.test_stream import ASKED, HOMES, NETWORK, SITES, travel_times
# A shell that runs this in the background has it ignore the signal.
signal.signal(signal.SIGINT, signal.default_int_handler)
stream._BLOCK_BYTES, stream._COMPUTED_BYTES = 1000, 1500
written, real = [], TravelTimes.to_frame
def frame(times):
    written.append(1)
    if len(written) == 3:
        os.kill(os.getpid(), signal.SIGINT)
    return real(times)
TravelTimes.to_frame = frame
travel_times(NETWORK, HOMES, SITES, sink=sys.argv[1], **ASKED)
"""


def test_ctrl_c_leaves_what_a_later_run_completes_to_the_same_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "stopped"
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(folder)], cwd=root, capture_output=True, text=True, check=False
    )
    assert "KeyboardInterrupt" in done.stderr
    assert [part.name for part in sorted(folder.glob("part-*"))] == ["part-00000.parquet", "part-00001.parquet"]
    resumed = travel_times(NETWORK, HOMES, SITES, sink=folder, **ASKED)
    whole = travel_times(NETWORK, HOMES, SITES, sink=tmp_path / "whole", **ASKED)
    names = [file.name for file in sorted(whole.folder.iterdir())]
    assert [file.name for file in sorted(resumed.folder.iterdir())] == names
    assert all((folder / name).read_bytes() == (whole.folder / name).read_bytes() for name in names)


SINK = """
import sys
import numba
from tests.times.test_stream import ASKED, HOMES, NETWORK, SITES, travel_times
travel_times(NETWORK, HOMES, SITES, sink=sys.argv[1], **ASKED)
print(numba.get_num_threads())
"""


def test_the_number_of_threads_changes_no_byte(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    for threads in ("1", "2"):
        command = [sys.executable, "-c", SINK, str(tmp_path / threads)]
        environment = {**os.environ, "NUMBA_NUM_THREADS": threads}
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.split() == [threads]
    one, two = ({file.name: file.read_bytes() for file in (tmp_path / threads).iterdir()} for threads in ("1", "2"))
    assert one == two
    assert "part-00000.parquet" in one


def spoil(part: Path) -> None:
    """Flip one bit in the middle of a file."""
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 4
    part.write_bytes(bytes(content))


def test_a_part_that_is_not_what_was_written_is_computed_again(tmp_path: Path) -> None:
    folder = tmp_path / "times"
    first = travel_times(NETWORK, HOMES, SITES, sink=folder, **ASKED)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    one, two, three, *_ = first.parts
    spoils = {
        "empty": lambda: one.write_bytes(b""),
        "a flipped bit": lambda: spoil(one),
        "permuted": lambda: (one.write_bytes(before[two.name]), two.write_bytes(before[one.name])),
        "another table": lambda: pd.DataFrame({"a": [1]}).to_parquet(three),
        "cut": lambda: three.write_bytes(before[three.name][:-8]),
        "no ledger": (folder / "parts.json").unlink,
        "an empty ledger": lambda: (folder / "parts.json").write_text(""),
        "an empty manifest": lambda: (folder / "manifest.json").write_text(""),
        "left by a kill": lambda: one.with_suffix(".writing").write_bytes(b"half"),
    }
    for name, spoilt in spoils.items():
        spoilt()
        again = travel_times(NETWORK, HOMES, SITES, sink=folder, **ASKED)
        assert {file.name: file.read_bytes() for file in folder.iterdir()} == before, name
        recomputed = name not in ("an empty manifest", "left by a kill")
        assert [note.key for note in again.notes] == ["stream.computed_again"] * recomputed, name
    spoil(one)
    with pytest.raises(InputError, match=r"part-00000.* run again"):
        first.to_frame()


@pytest.mark.parametrize(
    ("ids", "kept"), [([7, 3, 12], True), (["a", "b", "c"], True), ([1, "b", 2.5], False), ([10**30, 1, 2], False)]
)
def test_ids_keep_their_type_or_it_is_said(tmp_path: Path, ids: list[object], kept: bool) -> None:
    homes = HOMES.head(3).assign(id=pd.Series(ids, dtype=object))
    streamed = travel_times(NETWORK, homes, SITES, sink=tmp_path / "times", **ASKED)
    found = list(dict.fromkeys(streamed.to_frame()["origin_id"].tolist()))
    assert found == (ids if kept else [str(value) for value in ids])
    assert [note.key for note in streamed.notes] == ([] if kept else ["stream.ids_as_text"])
