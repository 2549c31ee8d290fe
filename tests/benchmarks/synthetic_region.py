"""A region shaped like Hauts-de-France, drawn from a seed: towns, cells of 200 m, sites, a day of buses and trains."""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import numpy as np
from scipy.spatial import cKDTree

from geo_access.network.model import CrowFly, Network, SparseTimes, Timetable

EPSG, WALK_MS = 2154, 4.8 / 3.6
CELLS, SITES, TRIPS, TOWNS = 150_000, 314, 45_000, 1_200


def make_region(
    share: float, *, seed: int = 7, n_sites: int = SITES, n_trips: int = TRIPS
) -> tuple[Network, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Draw a share of the region: area, cells, sites and trips shrink together, density stays.

    Parameters
    ----------
    share : float
    seed : int
    n_sites, n_trips : int
        Of the whole region.

    Returns
    -------
    network, cells, sites
        Straight lines for streets; cells with ``population`` that sums to 6 million × share.
    """
    rng = np.random.default_rng(seed)
    n_towns, side = int(TOWNS * share), 178_000 * share**0.5
    towns = rng.uniform(0, side, (n_towns, 2)) + np.array([600_000, 6_900_000])
    weight = 1 / np.arange(1, n_towns + 1)
    spread = 400 + 5_000 * (weight / weight[0]) ** 0.5
    drawn = np.empty((0, 2))
    while len(drawn) < CELLS * share:  # people crowd: the same cell is often drawn again
        town = rng.choice(n_towns, int(CELLS * share), p=weight / weight.sum())
        near = np.round((towns[town] + rng.normal(size=(len(town), 2)) * spread[town, None]) / 200)
        drawn = np.unique(np.concatenate((drawn, near)), axis=0)
    cells = rng.permutation(drawn)[: int(CELLS * share)]
    sites = towns[rng.choice(n_towns, int(n_sites * share), p=weight / weight.sum())]
    population = rng.pareto(2.0, len(cells)) + 0.1
    homes = _layer(cells * 200, population=population / population.sum() * 6e6 * share)
    timetable = _timetable(rng, towns, spread, weight, int(n_trips * share))
    places = _layer(sites + rng.normal(size=sites.shape) * 300)
    return Network(EPSG, CrowFly(EPSG), timetable, {"synthetic": str(seed)}), homes, places


def _layer(xy: np.ndarray, **columns: np.ndarray) -> gpd.GeoDataFrame:
    shapes = gpd.points_from_xy(xy[:, 0], xy[:, 1])
    return gpd.GeoDataFrame({"id": np.arange(len(xy)), **columns}, geometry=shapes, crs=EPSG)


def _timetable(
    rng: np.random.Generator, towns: np.ndarray, spread: np.ndarray, weight: np.ndarray, n_trips: int
) -> Timetable:
    """Lines of 24 stops, run both ways 15 times each: two thirds inside a town, the rest from town to town."""
    n_lines, calls, runs = max(1, n_trips // 30), 24, 15
    home = rng.choice(len(towns), n_lines, p=weight / weight.sum())
    near = cKDTree(towns).query(towns, k=8)[1]
    away = near[home, rng.integers(1, 8, n_lines)]
    urban = rng.random(n_lines) < 2 / 3
    angle = rng.uniform(0, 2 * np.pi, n_lines)
    across = np.column_stack((np.cos(angle), np.sin(angle))) * spread[home, None] * 1.5
    start = np.where(urban[:, None], towns[home] - across, towns[home])
    end = np.where(urban[:, None], towns[home] + across, towns[away])
    along = np.linspace(0, 1, calls)[None, :, None]
    xy = (start[:, None] * (1 - along) + end[:, None] * along).reshape(-1, 2)
    leg = np.maximum(45, np.hypot(*(end - start).T) / (calls - 1) / 8).astype(np.int64)
    line = np.repeat(np.arange(n_lines), 2 * runs)
    back = np.tile(np.repeat([False, True], runs), n_lines)
    begin = rng.integers(5 * 3600, 21 * 3600, len(line))
    position = np.where(back[:, None], np.arange(calls)[::-1], np.arange(calls))
    moment = (begin[:, None] + leg[line][:, None] * np.arange(calls)).astype(np.int32).ravel()
    pairs = cKDTree(xy).query_pairs(400, output_type="ndarray")
    pairs = np.concatenate((pairs, pairs[:, ::-1]))
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    walk_s = np.ceil(np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T) * 1.3 / WALK_MS).astype(np.int32)
    indptr = np.searchsorted(pairs[:, 0], np.arange(len(xy) + 1)).astype(np.int64)
    stop, trip, route = (np.arange(n).astype(str) for n in (len(xy), len(line), n_lines))
    return Timetable(
        day=dt.date(2026, 3, 17),
        zone="Europe/Paris",
        epsg=EPSG,
        stop_id=stop,
        stop_name=stop,
        stop_feed=np.full(len(xy), "s"),
        stop_x=xy[:, 0].copy(),
        stop_y=xy[:, 1].copy(),
        route_id=route,
        route_name=route,
        route_feed=np.full(n_lines, "s"),
        route_type=np.full(n_lines, 3, np.int16),
        trip_id=trip,
        trip_headsign=trip,
        trip_route=line.astype(np.int32),
        trip_day=np.zeros(len(line), np.int8),
        trip_bikes=np.zeros(len(line), bool),
        trip_on_demand=np.zeros(len(line), bool),
        trip_block=np.full(len(line), -1, np.int32),
        trip_indptr=np.arange(len(line) + 1, dtype=np.int64) * calls,
        event_stop=(line[:, None] * calls + position).astype(np.int32).ravel(),
        event_arrival_s=moment,
        event_departure_s=moment,
        event_board=np.ones(len(moment), bool),
        event_alight=np.ones(len(moment), bool),
        footpaths=SparseTimes(indptr, pairs[:, 1].astype(np.int32), walk_s, len(xy)),
        min_transfer_s=np.zeros(len(xy), np.int32),
        forbidden=np.empty((0, 2), np.int32),
        in_seat=np.empty((0, 2), np.int32),
        walk_kmh=4.8,
    )
