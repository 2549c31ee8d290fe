"""Other divisions of the territory: the same points, counted in other units."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from geo_access.study.check import check_study
from geo_access.study.study import Study
from tests.reliability.small_study import leave_paper_out, square, write_small_study

ZONING = """
[[zonings]]
id = "ze2020"
name = "Zones d’emploi"
file = "ze.geojson"
vintage = "2020"
source = "INSEE"
"""


def study_with(home: Path, *, zoning: str = ZONING) -> Path:
    """The small study, with a zoning that holds its zones Centre and Est and leaves Loin out."""
    path = write_small_study(home)
    left, right = square(3.0, "Lens", ""), square(3.1, "Lens", "")
    left["properties"] = {"zone_id": "3206", "zone_name": "Lens"}
    ring = [*left["geometry"]["coordinates"][0][:1], *right["geometry"]["coordinates"][0][1:3]]
    left["geometry"]["coordinates"] = [[*ring, [3.0, 50.1], [3.0, 50.0]]]
    (home / "ze.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [left]}), "utf-8")
    path.write_text(path.read_text("utf-8") + zoning, "utf-8")
    return path


def test_a_run_counts_the_points_in_the_units_of_another_zoning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_paper_out(monkeypatch)
    path = study_with(tmp_path / "s")
    assert not check_study(path).faults
    Study.from_file(path).run(tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "by_zoning.csv", dtype={"zone_id": str})
    assert set(table["zoning"]) == {"ze2020"}
    assert set(table["vintage"].astype(str)) == {"2020"}
    # Points of 1, 2, 4 and 8 people at 3.03, 3.11, 3.19 and 3.27: the unit ends at 3.2.
    people = table.groupby("zone_id")["residents"].first().to_dict()
    assert people == {"3206": 7.0, "hors zonage": 8.0}
    flags = pd.read_csv(tmp_path / "out" / "flags.csv")
    one = ["metier", "profile", "kind", "schedule"]
    asked = flags.assign(n=flags["residents"] * flags["reachable_share"]).groupby(one, dropna=False)["n"].sum()
    told = table.assign(n=table["residents"] * table["reachable_share"]).groupby(one, dropna=False)["n"].sum()
    pd.testing.assert_series_equal(told, asked, rtol=1e-5)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (ZONING.replace('vintage = "2020"', ""), "study.missing"),
        (ZONING.replace("ze.geojson", "absent.geojson"), "study.file_not_found"),
        (ZONING.replace("ze.geojson", "training.csv"), ""),
        (ZONING + ZONING, "study.twice"),
    ],
)
def test_a_zoning_that_cannot_be_read_is_a_fault_of_check(tmp_path: Path, text: str, key: str) -> None:
    keys = [fault.key for fault in check_study(study_with(tmp_path / "s", zoning=text)).faults]
    assert len(keys) == 1
    assert key in (keys[0], "")
