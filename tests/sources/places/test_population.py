"""Populated points: cells decoded from their names, memberships that conserve people."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from geo_access.errors import InputError
from geo_access.sources.places.population import (
    assign_zones,
    decode_cells,
    read_population,
    spread_over_buildings,
)
from tests.shared import shared_path


def cells(n: int) -> gpd.GeoDataFrame:
    """A square of n × n cells of 200 m from (4 000 000, 3 000 000), one person per cell."""
    names = [f"CRS3035RES200mN{3_000_000 + 200 * row}E{4_000_000 + 200 * col}" for row in range(n) for col in range(n)]
    points = decode_cells(pd.Series(names)).centres()
    return gpd.GeoDataFrame({"point_id": names, "population": 1.0, "cell_m": 200.0}, geometry=points)


def zone(*bounds: float) -> shapely.Geometry:
    return box(4_000_000 + bounds[0], 3_000_000 + bounds[1], 4_000_000 + bounds[2], 3_000_000 + bounds[3])


def zones(*shapes: shapely.Geometry) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"zone_id": [f"z{i}" for i in range(len(shapes))]}, geometry=list(shapes), crs=3035)


@settings(max_examples=40, deadline=None)
@given(east=st.integers(0, 50_000), north=st.integers(0, 50_000), size=st.sampled_from([200, 1000]))
def test_names_decode_to_the_south_west_corner(east: int, north: int, size: int) -> None:
    name = f"CRS3035RES{size}mN{north * 200}E{east * 200}"
    found = decode_cells(pd.Series([name, name.lower().replace("crs3035res", "RES")]))
    assert found.west_m.tolist() == [east * 200.0] * 2
    assert found.south_m.tolist() == [north * 200.0] * 2
    assert found.size_m.tolist() == [float(size)] * 2


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, 799), min_size=1, max_size=3, unique=True))
def test_a_partition_of_the_ground_conserves_people(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), 800]
    strips = [zone(west, 0, east, 800) for west, east in pairwise(edges)]
    table = assign_zones(cells(4), zones(*strips), min_share=0)
    assert table["share"].sum() == pytest.approx(16.0, abs=1e-6)
    per_zone = table.groupby("zone_id")["share"].sum()
    for i, (west, east) in enumerate(pairwise(edges)):
        assert per_zone[f"z{i}"] == pytest.approx(4 * (east - west) / 200, abs=1e-4)


def test_a_neighbourhood_smaller_than_a_cell_has_its_area_share_and_says_so() -> None:
    table = assign_zones(cells(2), zones(zone(50, 50, 150, 150), zone(0, 0, 400, 400), zone(9000, 0, 9100, 100)))
    small = table[table["zone_id"] == "z0"]
    assert small["share"].tolist() == pytest.approx([0.25])
    assert table.attrs["zones_smaller_than_a_cell"] == ["z0"]
    assert table.attrs["zones_without_points"] == ["z2"]
    assert len(table.attrs["notes"]) == 2


def test_membership_is_many_to_many_and_plain_points_are_whole() -> None:
    points = gpd.GeoDataFrame({"point_id": ["a"], "population": [3]}, geometry=[shapely.Point(3, 50)], crs=4326)
    both = gpd.GeoDataFrame({"zone_id": ["qpv", "commune"]}, geometry=[box(2, 49, 4, 51), box(0, 40, 9, 52)], crs=4326)
    assert sorted(assign_zones(points, both)["zone_id"]) == ["commune", "qpv"]
    with pytest.raises(InputError, match="given twice"):
        assign_zones(points, pd.concat([both, both]))


def test_rows_left_out_are_listed_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(
        "id;population;x;y;est\na;10;704000;7059000;1\nb;*;704000;7059000;0\nc;5;;;0\n;5;704000;7059000;0\nd;-1;704000;7059000;0\n"
    )
    points, report = read_population(tmp_path / "p.csv", crs=2154, imputed="est")
    assert points["point_id"].tolist() == ["a"]
    assert points["quality"].tolist() == ["imputed"]
    assert report.read == 5
    assert report.kept == 1
    assert sorted(map(str, report.lost["reason"])) == [
        "no id",
        "no position in the file",
        "population is negative",
        "population is no number (blank or secret)",
    ]


def test_ids_must_be_unique_and_the_population_column_named(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("id,population,lon,lat\na,1,3,50\na,1,3,50\n")
    with pytest.raises(InputError, match="given twice"):
        read_population(tmp_path / "p.csv")
    (tmp_path / "q.csv").write_text("id,populaton,lon,lat\na,1,3,50\n")
    with pytest.raises(InputError, match="did you mean 'populaton'"):
        read_population(tmp_path / "q.csv")


@pytest.mark.reference
def test_the_cells_of_bordeaux_decode_to_the_coordinates_of_the_file() -> None:
    """The file's points: 80 m east and north of the corner in 96 % of the cells, elsewhere inside the cell in the rest.

    Whoever made the file chose these places; none is the centre. The corner decoded is right when the first agree
    within a metre and all the others lie in their own cell.
    """
    path = shared_path("france/carreaux_200m_bordeaux.csv")
    points, report = read_population(path)
    raw = pd.read_csv(path)
    assert report.kept == len(raw) == 6735
    assert points["imputed"].sum() == (raw["I_est_cr"] == 1).sum()
    given_places = gpd.GeoSeries(gpd.points_from_xy(raw["lon"], raw["lat"]), crs=4326).to_crs(3035)
    decoded = decode_cells(raw["IdINSPIRE"])
    dx, dy = given_places.x - decoded.west_m, given_places.y - decoded.south_m
    regular = np.hypot(dx - 80.0, dy - 80.0) < 1.0
    assert regular.mean() > 0.96
    assert ((dx >= -1) & (dx <= 201) & (dy >= -1) & (dy <= 201)).all()


@pytest.mark.reference
def test_the_population_of_the_region() -> None:
    points, report = read_population(shared_path("hauts_de_france/communes.csv"))
    assert report.kept == 3787
    assert points["population"].sum() == 5_995_292


def test_people_follow_the_buildings_and_none_is_lost() -> None:
    west = 4_000_000
    houses = [box(west, 3_000_000, west + 30, 3_000_030), box(west + 190, 3_000_050, west + 210, 3_000_060)]
    grid = cells(2).assign(households=2.0)
    spread = spread_over_buildings(grid, gpd.GeoDataFrame(geometry=houses, crs=3035))
    assert spread["population"].sum() == pytest.approx(4.0)
    assert spread["households"].sum() == pytest.approx(8.0)
    # 900 m² and 100 m² in the first cell, 100 m² in its eastern neighbour; two cells without a building stay cells.
    assert sorted(spread["population"].round(3)) == [0.1, 0.9, 1.0, 1.0, 1.0]
    assert spread["cell_m"].notna().sum() == 2
    small = zones(zone(0, 0, 40, 40))
    by_area = assign_zones(grid, small)["share"].sum()
    found = assign_zones(spread, small).merge(spread[["point_id", "population"]], on="point_id")
    assert by_area == pytest.approx(0.04)
    assert (found["share"] * found["population"]).sum() == pytest.approx(0.9)


def test_only_the_territory_is_read(tmp_path: Path) -> None:
    grid = cells(3)
    far = grid.iloc[[0]].assign(point_id="CRS3035RES200mN2900000E4000000")
    frame = pd.concat([grid, far.set_geometry(gpd.GeoSeries([shapely.Point(0, 0)], crs=grid.crs, index=[0]))])
    frame[["point_id", "population", "geometry"]].to_file(tmp_path / "c.gpkg")
    bounds = tuple(grid.total_bounds)
    points, report = read_population(tmp_path / "c.gpkg", bbox_lonlat=bounds)
    assert report.read == len(points) == 9
    frame[["point_id", "population"]].to_csv(tmp_path / "c.csv", index=False)
    points, report = read_population(tmp_path / "c.csv", bbox_lonlat=bounds)
    assert len(points) == 9
    assert "1 point lies outside" in str(report.notes[0])


def test_a_point_with_the_place_and_the_people_of_another_is_said(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(
        "point_id,lon,lat,population\np3,3.2,50.1,8\n3,3.2,50.1,8\np4,3.2,50.1,9\np5,3.3,50.1,8\n"
    )
    points, report = read_population(tmp_path / "p.csv")
    assert len(points) == 4
    (said,) = report.notes
    assert said.key == "points.told_twice"
    assert dict(said.values) == {"n": 1, "ids": "3", "people": 8.0}
    assert said.told("fr").startswith("1 point a la place")
