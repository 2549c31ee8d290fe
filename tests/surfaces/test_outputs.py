"""The same array in every format, and counts that follow from arithmetic."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from shapely import Point, box

from geo_access.errors import InputError
from geo_access.surfaces.bands import surface_bands
from geo_access.surfaces.counts import NODATA_S, count_grid, count_points, write_bands, write_surface
from geo_access.surfaces.surface import Surface, travel_time_surface
from tests.surfaces.desert import BLOCK_M, X0, Y0, site, town


@pytest.fixture(scope="module")
def surface() -> Surface:
    return travel_time_surface(town(), site((10, 12)), max_minutes=15)


def test_the_geotiff_holds_the_surface_north_up(surface: Surface, tmp_path: Path) -> None:
    with rasterio.open(write_surface(surface, tmp_path / "s.tif")) as image:
        assert image.crs.to_epsg() == 2154
        assert image.nodata == NODATA_S
        assert image.units == ("s",)
        assert image.tags()["manifest_id"] == surface.manifest_id
        assert image.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        for x, y in [(10, 12), (13, 12), (10, 20)]:
            point = (X0 + BLOCK_M * x, Y0 + BLOCK_M * y)
            assert next(image.sample([point]))[0] == surface.at(np.array([point]))[0]
        values = image.read(1, masked=True)
        assert (~values.mask).sum() == np.isfinite(surface.values_s).sum()


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "parquet"])
def test_bands_come_back_from_every_format(surface: Surface, tmp_path: Path, ending: str) -> None:
    bands = surface_bands(surface, minutes=(5, 10, 15))
    path = write_bands(bands, tmp_path / f"b.{ending}")
    back = gpd.read_parquet(path) if ending == "parquet" else gpd.read_file(path)
    assert back["minutes"].tolist() == [5, 10, 15]
    assert back.to_crs(2154).area.to_numpy() == pytest.approx(bands.area.to_numpy(), rel=1e-4)
    assert set(back["manifest_id"]) == {surface.manifest_id}


def test_unknown_endings_are_refused(surface: Surface, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.tif"):
        write_surface(surface, tmp_path / "s.png")
    with pytest.raises(InputError, match=r"\.gpkg"):
        write_bands(surface_bands(surface, minutes=(15,)), tmp_path / "b.shp")


def squares() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"minutes": [15.0, 30.0]}, geometry=[box(0, 0, 2, 2), box(0, 0, 4, 4)], crs=2154)


def test_counts_of_points_are_powers_of_two() -> None:
    """Each point weighs a distinct power of two: one sum proves which points were counted."""
    points = gpd.GeoDataFrame(
        {"population": [1, 2, 4, 8, 16], "places": [1.0, np.nan, 1, 1, 1]},
        geometry=[Point(1, 1), Point(2, 2), Point(3, 3), Point(9, 9), None],
        crs=2154,
    )
    counts = count_points(squares(), points, columns=["population", "places"])
    assert counts["population"].tolist() == [3, 7]
    assert counts["population_share"].tolist() == [3 / 31, 7 / 31]
    assert counts["places"].tolist() == [1, 2]


def test_counts_of_cells_go_by_the_share_inside(tmp_path: Path) -> None:
    """Cells of 4 × 4 m with 16 people each: the 2 × 2 m square holds a quarter of one."""
    path = tmp_path / "people.tif"
    options = {"driver": "GTiff", "width": 2, "height": 2, "count": 1, "dtype": "float32", "crs": 2154}
    with rasterio.open(path, "w", transform=from_origin(0, 8, 4, 4), **options) as image:
        image.write(np.full((2, 2), 16, np.float32), 1)
    assert count_grid(squares(), str(path))["population"].tolist() == [4.0, 16.0]


def test_all_wrong_columns_are_said_at_once() -> None:
    points = gpd.GeoDataFrame({"name": ["a"]}, geometry=[Point(0, 0)], crs=2154)
    with pytest.raises(InputError) as caught:
        count_points(squares(), points, columns=["name", "jobs"])
    assert len(caught.value.faults) == 2
