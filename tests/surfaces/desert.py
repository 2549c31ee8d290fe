"""A town drawn on squared paper: streets every 100 m, so that every time follows from arithmetic."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
from shapely import Point

from geo_access.network.model import ModeGraph, Network, Streets

BLOCK_M = 100.0
X0, Y0 = 700_000.0, 6_600_000.0
SECONDS_A_BLOCK = BLOCK_M * 3.6 / 4.8


def graph(tails: np.ndarray, heads: np.ndarray, edges: np.ndarray, n_nodes: int, speed_kmh: float) -> ModeGraph:
    order = np.argsort(tails, kind="stable")
    counts = np.bincount(tails, minlength=n_nodes)
    indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    time_ds = np.full(len(tails), round(10 * BLOCK_M * 3.6 / speed_kmh), np.int32)
    return ModeGraph(indptr, heads[order].astype(np.int32), time_ds, edges[order].astype(np.int32), speed_kmh)


def grid_streets(side: int = 31, *, eastward_only: bool = False) -> Streets:
    """Streets of ``side × side`` crossings; cars may be allowed to drive east only on east–west streets."""
    node = np.arange(side * side).reshape(side, side)
    source = np.concatenate((node[:, :-1].ravel(), node[:-1, :].ravel()))
    target = np.concatenate((node[:, 1:].ravel(), node[1:, :].ravel()))
    x, y = X0 + BLOCK_M * (node.ravel() % side), Y0 + BLOCK_M * (node.ravel() // side)
    n, edges = len(source), np.arange(len(source))
    both = np.concatenate((source, target)), np.concatenate((target, source)), np.concatenate((edges, edges))
    allowed = np.ones(2 * n, bool)
    if eastward_only:
        allowed[n : n + side * (side - 1)] = False
    line = np.stack([np.column_stack((x[source], y[source])), np.column_stack((x[target], y[target]))], axis=1)
    return Streets(
        epsg=2154,
        node_id=node.ravel().astype(np.int64),
        node_x=x,
        node_y=y,
        edge_source=source.astype(np.int32),
        edge_target=target.astype(np.int32),
        edge_length_m=np.full(n, BLOCK_M, np.float32),
        edge_class=np.zeros(n, np.uint8),
        edge_way_id=np.arange(n, dtype=np.int64),
        geometry_indptr=2 * np.arange(n + 1, dtype=np.int64),
        geometry_xy=line.reshape(-1, 2),
        class_names=("residential",),
        graphs={
            "walk": graph(*both, side * side, 4.8),
            "car": graph(*(part[allowed] for part in both), side * side, 36.0),
        },
    )


def town(**options: object) -> Network:
    return Network(2154, grid_streets(**options), None, {})  # type: ignore[arg-type]


def site(*blocks: tuple[float, float]) -> gpd.GeoDataFrame:
    """Sites at crossings (or between them), counted in blocks from the south-west corner."""
    points = [Point(X0 + BLOCK_M * x, Y0 + BLOCK_M * y) for x, y in blocks]
    return gpd.GeoDataFrame({"id": [str(i) for i in range(len(points))]}, geometry=points, crs=2154)


def at(x: float, y: float) -> np.ndarray:
    return np.array([[X0 + BLOCK_M * x, Y0 + BLOCK_M * y]])
