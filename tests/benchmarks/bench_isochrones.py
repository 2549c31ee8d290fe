"""Isochrones as polygons on Porto Alegre, and a surface of the size of Hauts-de-France.

Run: ``python tests/benchmarks/bench_isochrones.py``. Targets once the network is built: walk 15/30/45 min 10 ms,
car 25 ms, transit 45 ms, 230 × 200 km at 200 m 10 s. Before timing, polygons are checked to nest.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.network.build import build_network
from geo_access.network.model import CrowFly, ModeGraph, Network, Streets
from geo_access.network.streets.streets import build_streets
from geo_access.surfaces.isochrones import isochrones
from geo_access.surfaces.surface import travel_time_surface

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


def spread_out(streets: Streets, across: int, down: int) -> Streets:
    """Copies of a town side by side on 230 × 200 km, without streets between them."""
    shift = [
        ((column + 0.5) * 230e3 / across, (row + 0.5) * 200e3 / down) for row in range(down) for column in range(across)
    ]
    centre = streets.geometry_xy.mean(axis=0)
    dx, dy = np.array([590e3, 6_890e3])[:, None] + np.array(shift).T - centre[:, None]
    n, n_nodes, n_edges = len(shift), len(streets.node_id), len(streets.edge_source)

    def again(values: np.ndarray, step: int = 0) -> np.ndarray:
        return (values[None] + step * np.arange(n, dtype=values.dtype)[:, None]).ravel()

    def rows(indptr: np.ndarray) -> np.ndarray:
        return np.concatenate(([0], np.cumsum(np.tile(np.diff(indptr), n)))).astype(np.int64)

    graphs = {}
    for mode, graph in streets.graphs.items():
        assert not len(graph.copy_of), "only graphs without banned turns are laid side by side here"
        heads, edges = again(graph.heads, n_nodes), again(graph.edges, n_edges)
        graphs[mode] = ModeGraph(rows(graph.indptr), heads, np.tile(graph.deciseconds, n), edges, graph.speed_kmh)
    moved = np.stack([streets.geometry_xy + step for step in np.column_stack((dx, dy))]).reshape(-1, 2)
    return replace(
        streets,
        epsg=2154,
        node_id=again(streets.node_id, int(streets.node_id.max()) + 1),
        node_x=(streets.node_x[None] + dx[:, None]).ravel(),
        node_y=(streets.node_y[None] + dy[:, None]).ravel(),
        edge_source=again(streets.edge_source, n_nodes),
        edge_target=again(streets.edge_target, n_nodes),
        edge_length_m=np.tile(streets.edge_length_m, n),
        edge_class=np.tile(streets.edge_class, n),
        edge_way_id=np.tile(streets.edge_way_id, n),
        geometry_indptr=rows(streets.geometry_indptr),
        geometry_xy=moved,
        graphs=graphs,
    )


def real_streets() -> None:
    """A car surface of 230 × 200 km over twelve copies of Porto's streets, from the nearest of 400 sites."""
    porto = build_streets(DATA.parent / "osm" / "porto_portugal.osm.pbf", modes=("car",))
    car = porto.graphs["car"]
    plain = ModeGraph(car.indptr, car.heads, car.deciseconds, car.edges, car.speed_kmh)
    if len(car.copy_of):
        n = len(porto.node_id)
        heads = np.where(car.heads < n, car.heads, car.copy_of[np.maximum(car.heads - n, 0)]).astype(np.int32)
        last = car.indptr[n]
        plain = ModeGraph(car.indptr[: n + 1], heads[:last], car.deciseconds[:last], car.edges[:last], car.speed_kmh)
    streets = spread_out(replace(porto, graphs={"car": plain}), 4, 3)
    nodes = np.random.default_rng(8).choice(len(streets.node_x), 400, replace=False)
    where = gpd.points_from_xy(streets.node_x[nodes], streets.node_y[nodes])
    sites, network = gpd.GeoDataFrame(geometry=where, crs=2154), Network(2154, streets, None, {})
    for name in ("first", "second"):
        start = time.perf_counter()
        surface = travel_time_surface(
            network, sites, mode="car", max_minutes=120, cell_m=200, bounds=(590e3, 6_890e3, 820e3, 7_090e3)
        )
        seconds = time.perf_counter() - start
        reached = np.isfinite(surface.values_s).mean()
        print(
            f"| surface {surface.values_s.shape} on {len(streets.node_x):,} street nodes, 400 sites, {name} request | "
            f"{1e3 * seconds:.0f} | | {100 * reached:.0f} % of cells reached |"
        )


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
        "transit 14:00, 1 site, 50 m": (sites.iloc[:1], {"mode": "transit", "depart": "14:00"}),
        "transit 14:00, 15 sites, 100 m": (sites, {"mode": "transit", "depart": "14:00", "cell_m": 100}),
    }
    start = time.perf_counter()
    isochrones(network, sites.iloc[:1], minutes=(15, 30, 45), mode="transit", depart="14:00", cell_m=100)
    print(f"compiled kernels loaded: {time.perf_counter() - start:.2f} s")
    start = time.perf_counter()
    isochrones(network, sites.iloc[:1], minutes=(15, 30, 45), mode="transit", depart="14:00", cell_m=50)
    print(f"first transit request at 50 m: {1e3 * (time.perf_counter() - start):.0f} ms")
    for cell_m in (100, 50):
        start = time.perf_counter()
        isochrones(network, sites.iloc[:1], minutes=(15, 30, 45), depart="13:00-15:00", mode="transit", cell_m=cell_m)
        print(f"median of 120 departures at {cell_m} m: {time.perf_counter() - start:.2f} s")
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
    real_streets()


if __name__ == "__main__":
    main()
