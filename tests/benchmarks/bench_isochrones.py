"""Isochrones as polygons on Porto Alegre, and a surface of the size of Hauts-de-France.

Run: ``python tests/benchmarks/bench_isochrones.py``. Targets once the network is built: walk 15/30/45 min 10 ms,
car 25 ms, transit 45 ms, 230 × 200 km at 200 m 10 s. Before timing, polygons are checked to nest.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.isochrones.bands import isochrones
from geo_access.isochrones.surface import travel_time_surface
from geo_access.network.build import build_network
from geo_access.network.model import CrowFly, Network

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "porto_alegre"
REPEATS = 21


def times_ms(call: Callable[[], object]) -> tuple[float, float]:
    """Shortest and median of the calls [ms]: other programs on the machine only ever add."""
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return 1e3 * min(seconds), 1e3 * statistics.median(seconds)


def region() -> tuple[Network, gpd.GeoDataFrame]:
    """400 sites strewn over 230 × 200 km of straight lines."""
    xy = np.random.default_rng(8).uniform([590e3, 6_890e3], [820e3, 7_090e3], (400, 2))
    return Network(2154, CrowFly(2154), None, {}), gpd.GeoDataFrame(geometry=gpd.points_from_xy(*xy.T), crs=2154)


def main() -> None:
    """Print one row for each question."""
    network = build_network(
        [DATA / "poa_osm.pbf"], [DATA / "poa_eptc.zip", DATA / "poa_trensurb.zip"], date="2019-05-13"
    )
    table = pd.read_csv(DATA / "poa_points_of_interest.csv")
    sites = gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(table.lon, table.lat), crs=4326)
    questions = {
        "walk, 1 site, 50 m": (sites.iloc[:1], {"mode": "walk"}),
        "walk, 15 sites, 50 m": (sites, {"mode": "walk"}),
        "bike, 1 site, 50 m": (sites.iloc[:1], {"mode": "bike"}),
        "car, 1 site, 50 m": (sites.iloc[:1], {"mode": "car"}),
        "car, 1 site, 100 m": (sites.iloc[:1], {"mode": "car", "cell_m": 100}),
        "transit 14:00, 1 site, 100 m": (sites.iloc[:1], {"mode": "transit", "depart": "14:00", "cell_m": 100}),
        "transit 14:00, 15 sites, 100 m": (sites, {"mode": "transit", "depart": "14:00", "cell_m": 100}),
    }
    print("| question | least [ms] | median [ms] | 15/30/45 min [km²] |")
    for name, (where, asked) in questions.items():
        bands = isochrones(network, where, minutes=(15, 30, 45), **asked)
        assert all(outer.covers(inner) for inner, outer in pairwise(bands.geometry)), name
        least, median = times_ms(lambda w=where, a=asked: isochrones(network, w, minutes=(15, 30, 45), **a))
        areas = " / ".join(f"{area:.1f}" for area in bands["area_km2"])
        print(f"| {name} | {least:.1f} | {median:.1f} | {areas} |")
    empty, many = region()
    start = time.perf_counter()
    surface = travel_time_surface(
        empty, many, mode="car", max_minutes=120, cell_m=200, bounds=(590e3, 6_890e3, 820e3, 7_090e3)
    )
    print(f"| surface {surface.values_s.shape}, 400 sites | {1e3 * (time.perf_counter() - start):.0f} | | |")


if __name__ == "__main__":
    main()
