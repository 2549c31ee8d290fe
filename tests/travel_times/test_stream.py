"""Streaming gives what memory gives, goes on where it stopped, and never mixes two runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo_access.errors import InputError
from geo_access.travel_times import stream
from geo_access.travel_times.matrix import travel_times
from geo_access.travel_times.result import TravelTimes
from tests.travel_times.worlds import WALK, H, bus, country, layer

NETWORK = country([bus([0, 1], 7 * H + 600 * k) for k in range(9)], [(0.0, 0.0), (10_000.0, 0.0)])
HOMES = layer(**{f"h{k}": (0.0, 50.0 * k) for k in range(20)})
SITES = layer(a=(10_000.0, 100.0), b=(10_000.0, 900.0))
ASKED = {"depart": "07:00-07:30", "percentiles": (25, 75), **WALK}


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_BLOCK_BYTES", 1000)


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
