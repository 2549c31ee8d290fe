"""Isochrones at the edges: small cutoffs, large cells, the end of the extract, site by site."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

import geo_access as ga
from geo_access.errors import InputError
from geo_access.network.model import CrowFly, Network
from geo_access.surfaces.extent import area_ends, street_extent
from tests.network.drawn import at, drawn_streets
from tests.surfaces.desert import site, town

PLAIN = Network(2154, CrowFly(2154, detour=1.25), None, {})
HERE = gpd.GeoDataFrame({"id": ["here"]}, geometry=[Point(700_000, 6_600_000)], crs=2154)


@pytest.mark.parametrize("cell_m", [25, 50, 100, 200, 400])
def test_two_minutes_on_foot_are_a_small_area_whatever_the_cells(cell_m: float) -> None:
    # 160 m on winding ways are 128 m in straight line: π × 128² = 51,472 m².
    bands = ga.isochrones(PLAIN, HERE, minutes=(2, 15), cell_m=cell_m)
    assert bands["area_km2"][0] == pytest.approx(np.pi * 0.128**2, rel=0.06)
    assert bands["area_km2"][1] == pytest.approx(np.pi * 0.96**2, rel=0.06)
    assert bands.geometry[1].covers(bands.geometry[0])
    assert not bands["cut_by_extent"].any()


def test_a_cutoff_far_below_a_cell_is_no_crash_and_not_nothing() -> None:
    bands = ga.isochrones(PLAIN, HERE, minutes=(0.1, 0.5, 30), cell_m=500)
    assert (bands.area > 0).all()
    assert bands["area_km2"].is_monotonic_increasing


def test_small_areas_along_streets_too() -> None:
    # Streets every 100 m: two minutes at 4.8 km/h are 160 m along them, a square on its corner of 2 × 160².
    sites = site((10, 10))
    area = ga.isochrones(town(), sites, minutes=2, cell_m=200)["area_km2"][0]
    assert 0.02 < area < 0.08


def test_an_area_that_ends_with_the_extract_says_so() -> None:
    # The town is 2 km wide: from its middle, five minutes (400 m) end within it, forty do not.
    sites = site((10, 10))
    bands = ga.isochrones(town(), sites, minutes=(5, 40), cell_m=25)
    assert bands["cut_by_extent"].tolist() == [False, True]
    (said,) = [note for note in bands.attrs["notes"] if note["key"] == "surfaces.cut_by_extent"]
    assert "40 min" in said["text"]
    within = ga.isochrones(town(), sites, minutes=5, cell_m=25)
    assert not any(note["key"] == "surfaces.cut_by_extent" for note in within.attrs["notes"])


def test_one_family_for_each_site_beside_all_together() -> None:
    two = gpd.GeoDataFrame(
        {"site_id": ["a", "b", "nowhere"]},
        geometry=[Point(700_000, 6_600_000), Point(703_000, 6_600_000), None],
        crs=2154,
    )
    bands = ga.isochrones(PLAIN, two, minutes=(15, 30), by="site")
    assert bands["site"].tolist() == ["a", "a", "b", "b", None, None]
    together = ga.isochrones(PLAIN, two, minutes=(15, 30))
    both = bands[bands["minutes"] == 30]
    joined = both.geometry.iloc[0].union(both.geometry.iloc[1])
    assert joined.symmetric_difference(together.geometry[1]).area < 0.01 * together.geometry[1].area
    assert both.geometry.iloc[2].equals(together.geometry[1])
    with pytest.raises(InputError, match="'union' for the nearest"):
        ga.isochrones(PLAIN, two, by="zone")


def test_a_site_off_the_streets_is_named_and_keeps_no_other_from_its_areas() -> None:
    sites = site((10, 10)).assign(id="in town")
    away = gpd.GeoDataFrame({"id": ["away"]}, geometry=sites.geometry.translate(90_000).to_numpy(), crs=sites.crs)
    bands = ga.isochrones(town(), pd.concat([sites, away]), minutes=5, by="site")
    assert bands["site"].tolist() == ["in town", None]
    (said,) = [note for note in bands.attrs["notes"] if note["key"] == "surfaces.sites_off"]
    assert "away" in said["text"]


def test_limits_are_those_of_times() -> None:
    with pytest.raises(InputError, match="max_rides: 'one' is not a number"):
        ga.isochrones(PLAIN, HERE, max_rides="one")
    slow = ga.isochrones(PLAIN, HERE, minutes=30, walk_kmh=2.4)["area_km2"][0]
    assert slow == pytest.approx(ga.isochrones(PLAIN, HERE, minutes=15, walk_kmh=4.8)["area_km2"][0], rel=0.01)


CROSSROADS = """
A---B---C
|   |   |
D---E---F
|   |   |
G---H---I
"""


def test_country_between_roads_is_no_end_of_the_streets(tmp_path: Path) -> None:
    # Roads of 16 km around and through a square, 8 km apart, and nothing between them.
    roads = {way: {"highway": "residential"} for way in ("ABC", "DEF", "GHI", "ADG", "BEH", "CFI")}
    streets, where = drawn_streets(tmp_path, CROSSROADS, roads, step_m=8_000)
    network = Network(2154, streets, None, {})
    middle = gpd.GeoDataFrame({"id": ["E"]}, geometry=gpd.points_from_xy(*at(where, "E").T), crs=2154)
    bands = ga.isochrones(network, middle, minutes=(30, 240), cell_m=100)
    assert bands["cut_by_extent"].tolist() == [False, True]
    # Only where it meets the outer roads does the far one end with the streets.
    ends = area_ends(bands.geometry, street_extent(network), cell_m=100)
    assert ends[0].is_empty
    assert 0 < ends[1].length < bands.geometry[1].length
    assert ends[1].distance(middle.geometry[0]) > 7_000


def test_a_table_of_areas_is_written_with_what_it_carries(tmp_path: Path) -> None:
    bands = ga.isochrones(town(), site((10, 10)), minutes=(5, 40), cell_m=25)
    bands.to_parquet(tmp_path / "bands.parquet")
    assert "40 min" in gpd.read_parquet(tmp_path / "bands.parquet").attrs["notes"][-1]["text"]
