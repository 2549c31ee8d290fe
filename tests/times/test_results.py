"""What a result tells about itself: one line, the journeys behind a time, a file."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

import geo_access as ga
from geo_access.errors import InputError
from geo_access.manifest import Manifest
from geo_access.network.model import Network
from tests.times.worlds import PLAIN, WALK, H, bus, country, layer

BUSES = country([bus([0, 1], round(h * H)) for h in (7, 7.5, 8)], [(0.0, 0.0), (10_000.0, 0.0)])
HOMES, SITE = layer(near=(0.0, 300.0), far=(0.0, 90_000.0)), layer(site=(10_000.0, 200.0))


@pytest.fixture(scope="module")
def times() -> ga.TravelTimes:
    return ga.travel_times(BUSES, HOMES, SITE, depart="07:10", **WALK)


def test_one_line_says_what_there_is(times: ga.TravelTimes) -> None:
    # Ready at 07:10, there at 07:40 and 200 s: 33 min; one home of two has no stop within its walk.
    assert repr(times) == "TravelTimes(2 × 1 pairs, transit, depart 07:10: 50% have a time, median 33 min)"
    window = ga.travel_times(BUSES, HOMES, SITE, arrive="08:00-09:00", **WALK)
    assert "arrive 08:00-09:00" in repr(window)
    walked = ga.travel_times(Network(2154, PLAIN, None, {}), HOMES, SITE, mode="walk", max_minutes=1)
    assert repr(walked) == "TravelTimes(2 × 1 pairs, walk: 0% have a time)"


def test_the_journeys_behind_a_time(times: ga.TravelTimes) -> None:
    (journey,) = times.explain("near", "site")
    assert journey.arrive_s - 7 * H - 600 == times.at(50)[0, 0]
    assert times.explain("far", "site") == []
    with pytest.raises(InputError, match="origin 'home' is none of the 2 asked → one of near, far"):
        times.explain("home", "site")
    with pytest.raises(InputError, match="come from no question with vehicles"):
        ga.travel_times(Network(2154, PLAIN, None, {}), HOMES, SITE, mode="walk").explain("near", "site")


def test_a_file_with_the_points_of_the_origins(times: ga.TravelTimes, tmp_path: Path) -> None:
    back = gpd.read_parquet(times.to_geoparquet(tmp_path / "times.parquet"))
    assert back.crs.to_epsg() == 4326
    assert back["reason"].astype(str).tolist() == ["OK", "NO_STOP_WITHIN_WALK"]
    np.testing.assert_allclose(back.to_crs(2154).geometry.y, [300.0, 90_000.0], atol=0.01)
    # A folder that is not there is made; a file that is there is replaced.
    again = tmp_path / "dossier d’été" / "temps.parquet"
    assert times.to_geoparquet(str(again)) == times.to_geoparquet(again) == again
    (tmp_path / "folder.parquet").mkdir()
    for name, said in (
        ("times.csv", "end the name in .parquet"),
        ("times", "end the name in .parquet"),
        ("folder.parquet", "this is a folder"),
        ("times.parquet/t.parquet", "its folder cannot be made"),
    ):
        with pytest.raises(InputError, match=said):
            times.to_geoparquet(tmp_path / name)
    by_hand = ga.TravelTimes(
        times.origin_ids,
        times.destination_ids,
        times.query,
        times.seconds,
        times.reason,
        times.feasible_share,
        Manifest({}, {}),
    )
    with pytest.raises(InputError, match="have no places"):
        by_hand.to_geoparquet(tmp_path / "none.parquet")


def test_the_nearest_of_each_origin_as_points(times: ga.TravelTimes) -> None:
    table = times.to_geodataframe()
    assert table.crs.to_epsg() == 2154
    # Ready at 07:10, there at 07:40 and 200 s.
    assert table["minutes"].round(2).tolist()[0] == pytest.approx(float(times.at(50)[0, 0]) / 60, abs=0.01)
    assert np.isnan(table["minutes"][1])
    assert table["destination_id"][0] == "site"
    assert table["destination_id"].isna().tolist() == [False, True]
    assert table["reached"].tolist() == [1, 0]
    axes = times.plot()
    assert len(axes.collections) == 2  # those with a time, and in grey those without
    with pytest.raises(InputError, match="percentile 90 was not asked → one of 50"):
        times.plot(percentile=90)


def test_what_lies_within_some_times(times: ga.TravelTimes) -> None:
    table = times.accessibility([7.0], minutes=(30, 34))
    assert table.to_dict("list") == {"origin_id": ["near", "far"], "within_30_min": [0, 0], "within_34_min": [7, 0]}
    assert times.accessibility(minutes=[60])["within_60_min"].tolist() == [1, 0]
    with pytest.raises(InputError, match="one number for each of the 1"):
        times.accessibility([1.0, 2.0])
    with pytest.raises(InputError, match="missing or negative"):
        times.accessibility([-1.0])
    with pytest.raises(InputError, match="missing or negative"):
        times.accessibility(["many"])  # type: ignore[list-item]
    assert times.accessibility(minutes=60).columns.tolist() == ["origin_id", "within_60_min"]
    for wrong in ("soon", [30, -5], float("nan")):
        with pytest.raises(InputError, match="minutes"):
            times.accessibility(minutes=wrong)  # type: ignore[arg-type]
