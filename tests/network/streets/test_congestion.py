"""Driving times slowed by given factors: by how much, at which hour, and what the label says."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

from geo_access.errors import InputError
from geo_access.network.model import CrowFly, Network, Streets
from geo_access.network.search.links import link_points
from geo_access.network.search.search import street_matrix
from geo_access.network.streets.congestion import FREE_FLOW, car_label, with_congestion
from geo_access.surfaces.surface import travel_time_surface
from geo_access.times.matrix import travel_times
from tests.network.drawn import EPSG, at, drawn_streets

LINE = "A---B---C---D"
WAYS = {"ABCD": {"highway": "residential"}}
SIGNAL = {"C": {"highway": "traffic_signals"}}


def end_to_end_s(streets: Streets, where: dict[str, tuple[float, float]], mode: str) -> float:
    links = link_points(streets, at(where, "AD"), mode=mode)
    return float(street_matrix(streets, links, links, mode=mode)[0, 1])


def test_one_factor_slows_the_whole_drive_and_nothing_else(tmp_path: Path) -> None:
    free, where = drawn_streets(tmp_path, LINE, WAYS, nodes=SIGNAL)
    slow, _ = drawn_streets(tmp_path, LINE, WAYS, nodes=SIGNAL, car_congestion=1.5)
    assert end_to_end_s(slow, where, "car") == pytest.approx(1.5 * end_to_end_s(free, where, "car"), abs=0.1)
    assert end_to_end_s(slow, where, "bike") == end_to_end_s(free, where, "bike")
    assert car_label(free) == FREE_FLOW
    assert str(car_label(slow)) == "car: free flow × 1.5, as given"
    assert FREE_FLOW not in slow.notes


def test_factors_by_hour(tmp_path: Path) -> None:
    free, where = drawn_streets(tmp_path, LINE, WAYS)
    factors = {7: 1.3, 8: 1.6}
    by_hour = {hour: with_congestion(free, factors, hour=hour) for hour in (7, 8, 14)}
    ratios = [end_to_end_s(streets, where, "car") / end_to_end_s(free, where, "car") for streets in by_hour.values()]
    np.testing.assert_allclose(ratios, [1.3, 1.6, 1.0], rtol=2e-3)
    assert [str(car_label(streets)) for streets in by_hour.values()] == [
        "car: free flow × 1.3 at 7 h, as given",
        "car: free flow × 1.6 at 8 h, as given",
        "car: free flow, no traffic (at 14 h; factors are given for 7, 8 h)",
    ]
    built, _ = drawn_streets(tmp_path, LINE, WAYS, car_congestion=factors, hour=8)
    np.testing.assert_array_equal(built.graphs["car"].deciseconds, by_hour[8].graphs["car"].deciseconds)


def test_a_hierarchy_of_the_old_times_is_not_kept(tmp_path: Path) -> None:
    free, where = drawn_streets(tmp_path, LINE, WAYS)
    assert free.graphs["car"].hierarchy is free.graphs["car"].hierarchy
    slow = with_congestion(free, 2.0)
    assert slow.graphs["car"].hierarchy is not free.graphs["car"].hierarchy
    assert end_to_end_s(slow, where, "car") == pytest.approx(2 * end_to_end_s(free, where, "car"), abs=0.1)


def test_without_cars_nothing_is_said(tmp_path: Path) -> None:
    streets, _ = drawn_streets(tmp_path, LINE, WAYS, modes=("walk",))
    assert with_congestion(streets, 1.3) is streets


def test_factors_that_make_no_sense(tmp_path: Path) -> None:
    free, _ = drawn_streets(tmp_path, LINE, WAYS)
    with pytest.raises(InputError, match="3 faults"):
        with_congestion(free, {7: 0.5, 24: 1.2})
    with pytest.raises(InputError, match="no hour in it"):
        with_congestion(free, {})
    with pytest.raises(InputError, match="no use"):
        with_congestion(free, 1.3, hour=7)
    with pytest.raises(InputError, match="not between 1 and 10"):
        with_congestion(free, float("nan"))
    with pytest.raises(InputError, match="already"):
        with_congestion(with_congestion(free, 1.3), 1.3)


def test_the_label_reaches_the_manifest_of_driving_times_only(tmp_path: Path) -> None:
    free, where = drawn_streets(tmp_path, LINE, WAYS)
    network = Network(EPSG, with_congestion(free, {7: 1.3}, hour=7), None, {})
    homes = gpd.GeoDataFrame({"id": ["a", "d"]}, geometry=gpd.points_from_xy(*at(where, "AD").T), crs=EPSG)
    runs = {mode: travel_times(network, homes, mode=mode, depart="07:00") for mode in ("car", "walk")}
    told = {mode: [str(item) for item in times.manifest.warnings] for mode, times in runs.items()}
    assert told == {"car": ["car: free flow × 1.3 at 7 h, as given"], "walk": []}
    surface = travel_time_surface(network, homes[:1], mode="car", max_minutes=5)
    assert "car: free flow × 1.3 at 7 h, as given" in map(str, surface.notes)


def test_every_label_has_french_words(tmp_path: Path) -> None:
    free, _ = drawn_streets(tmp_path, LINE, WAYS)
    kinds = [
        free,
        with_congestion(free, 1.3),
        with_congestion(free, {7: 1.3}, hour=7),
        with_congestion(free, {7: 1.3, 8: 1.4}, hour=9),
        CrowFly(EPSG, detour=1.3),
    ]
    told = [car_label(streets).told("fr").replace("\u202f", " ") for streets in kinds]
    assert told == [
        "voiture : sans circulation, aucun embouteillage compté",
        "voiture : temps sans circulation × 1,3, facteur donné par l’étude",
        "voiture : temps sans circulation × 1,3 à 7 h, facteur donné par l’étude",
        "voiture : sans circulation à 9 h, aucun embouteillage compté (facteurs donnés pour 7, 8 h)",
        "voiture : lignes droites × 1,3 à 40 km/h, sans rues",
    ]
