"""What one more of each costs: curves over points, sites, trips and departures, the others held.

``python -m tests.benchmarks.bench_growth [share]``: a share of the synthetic region (``synthetic_region.py``: straight
streets), all cells × all sites, 120 departures, five percentiles, reasons, reduced block by block. Each of the four
takes 1/8, 1/4, 1/2 and all of its size while the others have all of theirs. Told: seconds of processor, and the power
of the size that they grow with from half to all of it; above 1 it is a knee. Changes of vehicle are found before the
clock starts, and told apart.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np

from geo_access.network.model import Network
from geo_access.routing.asked import make_query
from geo_access.routing.graphs import backward_graph, forward_graph, graph_key
from geo_access.routing.query import Window
from geo_access.times.matrix import travel_times
from geo_access.times.result import TravelTimes
from tests.benchmarks.synthetic_region import SITES, TRIPS, make_region

PARTS = (8, 4, 2, 1)
START_S, LAST_S = 7 * 3600, 9 * 3600


def _used() -> float:
    """Seconds of processor of this process so far, all threads."""
    return sum(os.times()[:2])


def _within(times: TravelTimes) -> np.ndarray:
    return np.array([np.isfinite(times.at(50)).sum()])


def ask(network: Network, cells: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, departures: int) -> tuple[float, int]:
    """Return the processor [s] of one question and how many of its pairs have a median."""
    window = Window(START_S, LAST_S, (LAST_S - START_S) // departures)
    asked: dict[str, Any] = {"depart": window, "percentiles": (5, 25, 50, 75, 95)}
    travel_times(network, cells.head(20), sites.head(2), **asked)
    start = _used()
    within = travel_times(network, cells, sites, reduce=_within, **asked)
    return _used() - start, int(within.sum())


def prepare(share: float, n_trips: int) -> tuple[Network, gpd.GeoDataFrame, gpd.GeoDataFrame, float]:
    """Draw the region and find its changes of vehicle; their processor [s]."""
    network, cells, sites = make_region(share, n_sites=round(SITES / share), n_trips=n_trips)
    key, start = graph_key(make_query(network, depart="07:00")), _used()
    if network.timetable is not None:
        forward_graph(network.timetable, key)
        backward_graph(network.timetable, key)
    return network, cells, sites, _used() - start


def told(name: str, sizes: list[int], measured: Callable[[int], tuple[float, int, str]]) -> None:
    """Measure a curve and print it."""
    found = [measured(part) for part in PARTS]
    for size, (used, within, more) in zip(sizes, found, strict=True):
        print(f"  {name} {size:8,}: {used:6.2f} s of processor, {within:9,} pairs with a median{more}", flush=True)
    power = math.log2(max(found[-1][0], 1e-9) / max(found[-2][0], 1e-9))
    print(f"  {name}: the {power:.2f}th power from half to all of it", flush=True)


def main(share: float = 1 / 16) -> None:
    """Measure the four curves."""
    network, cells, sites, _ = prepare(share, TRIPS)
    n_trips = round(TRIPS * share)
    print(f"{len(cells):,} cells × {len(sites):,} sites, {n_trips:,} trips, 120 departures", flush=True)
    ask(network, cells.head(500), sites, 120)
    told(
        "points",
        [len(cells) // part for part in PARTS],
        lambda part: (*ask(network, cells.head(len(cells) // part), sites, 120), ""),
    )
    told(
        "sites",
        [len(sites) // part for part in PARTS],
        lambda part: (*ask(network, cells, sites.head(len(sites) // part), 120), ""),
    )
    told("departures", [120 // part for part in PARTS], lambda part: (*ask(network, cells, sites, 120 // part), ""))

    def with_trips(part: int) -> tuple[float, int, str]:
        fewer, homes, ends, changes_s = prepare(share, TRIPS // part)
        return (*ask(fewer, homes, ends, 120), f"; changes of vehicle {changes_s:.2f} s")

    told("trips", [n_trips // part for part in PARTS], with_trips)


if __name__ == "__main__":
    main(*(float(value) for value in sys.argv[1:2]))
