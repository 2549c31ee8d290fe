"""Slopes: drawn ones by arithmetic, real ones by what must hold."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from geo_access.errors import CoverageError, InputError, MissingFileError
from geo_access.network.model import Streets
from geo_access.network.search.links import link_points
from geo_access.network.search.search import street_matrix
from geo_access.network.streets.elevation import averaged, cycling_factor, walking_factor
from geo_access.network.streets.streets import build_streets
from tests.network.drawn import ORIGIN, at, drawn_streets
from tests.shared import shared_path

ROAD = {"highway": "residential"}
LINE = "A-------B"  # 200 m eastwards


def write_dem(path: Path, height: Callable[[np.ndarray], np.ndarray], *, west_m: float = -500, wide: int = 60) -> Path:
    """Heights by metres east of A, in cells of 20 m."""
    east = west_m + 20.0 * np.arange(wide) + 10.0
    values = np.tile(height(east), (40, 1)).astype(np.float32)
    transform = from_origin(ORIGIN[0] + west_m, ORIGIN[1] + 400, 20, 20)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=40,
        width=wide,
        count=1,
        dtype="float32",
        crs="EPSG:2154",
        transform=transform,
        nodata=-9999,
    ) as raster:
        raster.write(values, 1)
    return path


def there_and_back(streets: Streets, where: dict[str, tuple[float, float]], mode: str) -> list[float]:
    links = link_points(streets, at(where, "AB"), mode=mode)
    times = street_matrix(streets, links, links, mode=mode)
    return [float(times[0, 1]), float(times[1, 0])]


def test_a_steady_climb(tmp_path: Path) -> None:
    # 10 % up eastwards. On foot 150 s on the flat: × exp(3.5 × 0.1) up, × exp(3.5 × (0.05 − 0.05)) = 1 down.
    # By bike 48 s on the flat: 21.6 − 14.4 = 7.2 km/h up, a third; 21.6 + 8.6 = 30.2 km/h down.
    dem = write_dem(tmp_path / "dem.tif", lambda east: 100 + 0.1 * east)
    streets, where = drawn_streets(tmp_path, LINE, {"AB": ROAD}, dem=dem)
    np.testing.assert_allclose(there_and_back(streets, where, "walk"), [150 * np.exp(0.35), 150], rtol=0.01)
    np.testing.assert_allclose(there_and_back(streets, where, "bike"), [48 * 3, 48 * 21.6 / 30.2], rtol=0.01)
    up, down = there_and_back(streets, where, "car")
    assert up == down
    assert "slopes from dem.tif, cells of 20 m" in [str(found) for found in streets.notes]


def test_a_valley_is_seen_between_two_ends_of_one_height(tmp_path: Path) -> None:
    # Down 10 % for 100 m and up 10 % for 100 m, in one straight line without a point between: half × 1, half × e^0.35.
    dem = write_dem(tmp_path / "dem.tif", lambda east: 0.1 * np.abs(east - 100))
    streets, where = drawn_streets(tmp_path, LINE, {"AB": ROAD}, dem=dem)
    np.testing.assert_allclose(there_and_back(streets, where, "walk"), [75 + 75 * np.exp(0.35)] * 2, rtol=0.03)
    for key in ("bridge", "tunnel"):
        # A tunnel is entered at its mouths, from other streets.
        ways = {"AB": ROAD | {key: "yes"}, "AC": ROAD, "BD": ROAD}
        above, _ = drawn_streets(tmp_path, f"{LINE}\nC       D", ways, dem=dem)
        np.testing.assert_allclose(there_and_back(above, where, "walk"), [150, 150], rtol=0.01)


def test_where_no_height_is_known_it_is_flat_and_counted(tmp_path: Path) -> None:
    dem = write_dem(tmp_path / "dem.tif", lambda east: 0.1 * east, wide=35)  # ends at B
    drawing = "A-------B-------C"
    streets, where = drawn_streets(tmp_path, drawing, {"AB": ROAD, "BC": ROAD}, dem=dem)
    assert any(
        "1 of 2 edges outside it" in str(note) or "2 of 2 edges outside it" in str(note) for note in streets.notes
    )
    links = link_points(streets, at(where, "BC"), mode="walk")
    assert street_matrix(streets, links, links, mode="walk")[0, 1] == pytest.approx(150, rel=0.05)


def test_speeds_on_slopes_by_their_formulas() -> None:
    slopes = np.array([-0.4, -0.1, -0.05, 0.0, 0.02, 0.1, 0.118, 0.3])
    tobler_kmh = 6 * np.exp(-3.5 * np.abs(slopes + 0.05))
    np.testing.assert_allclose(walking_factor(slopes), 6 * np.exp(-3.5 * 0.05) / tobler_kmh)
    # Ridden up to 11.8 %, then pushed: never slower than walking up.
    np.testing.assert_allclose(cycling_factor(slopes[4:6]), [21.6 / (21.6 - 2.88), 3.0])
    assert cycling_factor(np.array([0.3]))[0] == pytest.approx(15 / 4.8 * walking_factor(np.array([0.3]))[0])
    grades = np.linspace(-0.4, 0.4, 401)
    assert (cycling_factor(grades) <= 15 / 4.8 * walking_factor(grades) + 1e-12).all()
    assert (np.diff(cycling_factor(grades)) >= -1e-12).all()
    assert cycling_factor(np.array([-0.4]))[0] == pytest.approx(1 / 1.5)


def test_rasters_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="not found"):
        drawn_streets(tmp_path, LINE, {"AB": ROAD}, dem=tmp_path / "absent.tif")
    (tmp_path / "junk.tif").write_bytes(b"no raster" * 100)
    with pytest.raises(InputError, match=r"junk\.tif: it cannot be read as a raster"):
        drawn_streets(tmp_path, LINE, {"AB": ROAD}, dem=tmp_path / "junk.tif")
    elsewhere = write_dem(tmp_path / "elsewhere.tif", lambda east: east * 0, west_m=50_000)
    with pytest.raises(CoverageError, match="does not cover"):
        drawn_streets(tmp_path, LINE, {"AB": ROAD}, dem=elsewhere)


@pytest.mark.reference
def test_the_slopes_of_monaco(tmp_path: Path) -> None:
    with zipfile.ZipFile(shared_path("osm/monaco_srtm3_N43E007.hgt.zip")) as archive:
        tile = Path(archive.extract(archive.namelist()[0], tmp_path))
    extract = shared_path("osm/monaco.osm.pbf")
    flat, hilly = (build_streets(extract, modes=("walk", "bike"), dem=dem) for dem in (None, tile))
    nodes = np.column_stack((flat.node_x, flat.node_y))
    rows = np.random.default_rng(5).choice(len(nodes), 40, replace=False)
    times = {}
    for mode in ("walk", "bike"):
        for name, streets in (("flat", flat), ("hilly", hilly)):
            links = link_points(streets, nodes[rows], mode=mode)
            times[mode, name] = street_matrix(streets, links, links, mode=mode)
    walk = times["walk", "hilly"]
    both = np.isfinite(walk) & np.isfinite(walk.T)
    assert np.abs(walk - walk.T)[both].max() > 120
    np.testing.assert_allclose(times["walk", "flat"], times["walk", "flat"].T, atol=0.5)
    for mode in ("walk", "bike"):
        ratio = times[mode, "hilly"][both] / np.maximum(times[mode, "flat"][both], 1.0)
        assert 1.05 < np.nanmedian(ratio[times[mode, "flat"][both] > 60]) < 2.0
    assert any("coarse" in str(note) for note in hilly.notes)


def test_the_noise_of_radar_heights_adds_little_and_a_climb_is_kept() -> None:
    # Cells of 30 m that err by 3 m each, on flat ground: a walker there and back would lose a seventh of the time to
    # hills that are not there. A plane of 6 % keeps its slope to the last digit away from the edge.
    rng = np.random.default_rng(7)
    rough = rng.normal(0.0, 3.0, (200, 200))

    def lost(heights: np.ndarray) -> float:
        slope = np.diff(heights, axis=1) / 30.0
        return float((walking_factor(slope).mean() + walking_factor(-slope).mean()) / 2 - 1)

    assert lost(rough) > 0.14
    assert lost(averaged(rough)) < lost(rough) / 3
    plane = np.add.outer(np.zeros(50), 0.06 * 30.0 * np.arange(50))
    np.testing.assert_allclose(np.diff(averaged(plane), axis=1)[10:-10, 10:-10], 1.8)
    plane[20:30, 20:30] = np.nan
    assert np.isnan(averaged(plane)[20:30, 20:30]).all()
    np.testing.assert_allclose(averaged(plane)[:, 0], plane[:, 0])
