"""What is written comes back the same, type by type, and nothing else is ever made of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from shapely import Point

from geo_access.errors import InputError
from geo_access.study.stored import read_values, write_values
from geo_access.words.note import note


@dataclass(frozen=True, eq=False)
class Held:
    rows: np.ndarray
    table: pd.DataFrame


def test_tables_keep_every_type_of_column(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "id": np.array(["01", "2A"], dtype=object),
            "mixed": np.array(["a", 3], dtype=object),
            "gone": np.array([None, pd.NA], dtype=object),
            "text": pd.array(["x", pd.NA], dtype="string"),
            "plain": pd.Series(["x", "é"]),
            "count": pd.array([1, pd.NA], dtype="Int64"),
            "share": pd.array([0.5, pd.NA], dtype="Float32"),
            "sure": pd.array([True, pd.NA], dtype="boolean"),
            "level": pd.Categorical(["b", None], categories=["a", "b"], ordered=True),
            "named": pd.Categorical.from_codes([0, -1], dtype=pd.CategoricalDtype(pd.Index(["z"], dtype=object))),
            "said": np.array([note("web.why_same_times"), None], dtype=object),
            "day": pd.to_datetime(["2026-03-17", None]),
        },
        index=pd.Index(["p", "q"], dtype=object),
    )
    places = gpd.GeoDataFrame({"site": ["a", "b"]}, geometry=[Point(4.5, 50.0), None], crs=4326)
    places.attrs["source"] = "drawn"
    write_values(tmp_path, {"table": table, "places": places, "none": table.iloc[:0]})
    found = read_values(tmp_path, ())
    pd.testing.assert_frame_equal(found["table"], table)
    pd.testing.assert_frame_equal(found["none"], table.iloc[:0])
    pd.testing.assert_frame_equal(found["places"], places)
    assert isinstance(found["places"], gpd.GeoDataFrame)
    assert found["places"].crs == places.crs
    assert found["places"].attrs == {"source": "drawn"}


def test_values_keys_and_arrays_come_back(tmp_path: Path) -> None:
    value = {
        ("a", 1, None): (np.float32(1.5), [True, "x"], date(2026, 3, 17)),
        "matrix": sparse.csr_matrix(np.eye(2)),
        "held": Held(np.arange(6, dtype=np.int32).reshape(2, 3), pd.DataFrame({"n": [1]})),
        "empty": np.empty((0, 3), np.float32),
    }
    write_values(tmp_path, value, (Held,))
    found = read_values(tmp_path, (Held,))
    assert found["a", 1, None] == (1.5, [True, "x"], date(2026, 3, 17))
    assert (found["matrix"] != value["matrix"]).nnz == 0
    assert found["held"].rows.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["empty"].shape == (0, 3)


def test_a_class_that_is_not_named_is_never_made(tmp_path: Path) -> None:
    write_values(tmp_path, Held(np.zeros(1), pd.DataFrame()), (Held,))
    with pytest.raises(InputError, match=r"values\.json"):
        read_values(tmp_path, ())


def test_what_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="object"):
        write_values(tmp_path, object())
    with pytest.raises(TypeError, match="Held"):
        write_values(tmp_path, Held(np.zeros(1), pd.DataFrame()))


@pytest.mark.parametrize("name", ["values.json", "values.bin"])
def test_a_changed_file_is_refused(tmp_path: Path, name: str) -> None:
    write_values(tmp_path, {"a": np.arange(10)})
    content = bytearray((tmp_path / name).read_bytes())
    content[-3] ^= 1
    (tmp_path / name).write_bytes(bytes(content))
    with pytest.raises(InputError, match="changed"):
        read_values(tmp_path, ())


def test_what_is_read_can_be_written_to_without_touching_the_file(tmp_path: Path) -> None:
    write_values(tmp_path, np.arange(4))
    before = (tmp_path / "values.bin").read_bytes()
    read_values(tmp_path, ())[0] = 9
    assert (tmp_path / "values.bin").read_bytes() == before
