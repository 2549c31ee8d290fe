"""Outlines as a page carries them: whole steps of a grid of about a metre, each from the one before.

A vertex takes some six bytes instead of the twenty of GeoJSON, so that a region of 4,000 zones stays a page that a
telephone opens. `map.js` unpacks them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geo_access.arrays import begins_run

__all__ = ["STEPS_PER_DEGREE", "packed_features", "vertices_left"]

STEPS_PER_DEGREE = 100_000


def packed_features(
    frame: gpd.GeoDataFrame, properties: Sequence[dict[str, object]], tolerance_deg: float
) -> dict[str, Any]:
    """Simplify and pack the areas and lines of a layer.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        Polygons or lines, in any CRS.
    properties : sequence of dict
        One for each row.
    tolerance_deg : float
        Largest step aside of an outline [degrees].

    Returns
    -------
    dict
        ``features``: for each row that draws something, ``properties`` and ``polygons`` (each a list of rings, the
        outer first) or ``lines``; a ring or line is ``[x, y, dx, dy, …]`` in 1/100,000 degree.

    Examples
    --------
    >>> from shapely import LineString
    >>> line = gpd.GeoDataFrame(geometry=[LineString([(3, 50), (3.0001, 50.0002)])], crs=4326)
    >>> packed_features(line, [{}], 0.0)
    {'features': [{'properties': {}, 'lines': [[300000, 5000000, 10, 20]]}]}
    """
    shapes = frame.to_crs(4326).geometry.to_numpy()
    wrong = ~shapely.is_valid(shapes)
    shapes[wrong] = shapely.make_valid(shapes[wrong])
    simple = shapely.simplify(shapes, tolerance_deg)
    features: list[dict[str, Any]] = []
    for shape, known in zip(simple, properties, strict=True):
        drawn = _packed(shape)
        if drawn:
            features.append({"properties": known, **drawn})
    return {"features": features}


def vertices_left(frame: gpd.GeoDataFrame, tolerance_deg: float) -> int:
    """Count the vertices that a tolerance leaves."""
    return int(
        shapely.get_num_coordinates(shapely.simplify(frame.to_crs(4326).geometry.to_numpy(), tolerance_deg)).sum()
    )


def _packed(shape: shapely.Geometry | None) -> dict[str, Any]:
    parts = shapely.get_parts(shapely.get_parts(shape)) if shape is not None else np.empty(0, object)
    kinds = shapely.get_type_id(parts)
    areas, lines = parts[kinds == shapely.GeometryType.POLYGON], parts[kinds == shapely.GeometryType.LINESTRING]
    if len(areas):
        outers = shapely.get_exterior_ring(areas)
        rings = [
            [_steps(outer, 4), *(_steps(ring, 4) for ring in area.interiors)] for area, outer in zip(areas, outers)
        ]
        kept = [[ring for ring in polygon if ring] for polygon in rings if polygon[0]]
        return {"polygons": kept} if kept else {}
    kept_lines = [steps for steps in (_steps(line, 2) for line in lines) if steps]
    return {"lines": kept_lines} if kept_lines else {}


def _steps(line: shapely.Geometry, least: int) -> list[int]:
    """Vertices on the grid, each once in a row; none where fewer than `least` are left."""
    grid = np.rint(shapely.get_coordinates(line) * STEPS_PER_DEGREE).astype(np.int64)
    grid = grid[begins_run(grid[:, 0], grid[:, 1])]
    if len(grid) < least:
        return []
    grid[1:] -= grid[:-1].copy()
    steps: list[int] = grid.ravel().tolist()
    return steps
