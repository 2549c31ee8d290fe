"""From one surface to polygons that nest: 15 minutes lie within 30, 30 within 45.

All bands come from the same field by marching squares, so their outlines never cross. Simplification moves each
outline once, for the band inside it and the band outside it together.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import contourpy
import geopandas as gpd
import numpy as np
import shapely

from geo_access.errors import raise_faults
from geo_access.routing.asked import MinutesLike, read_minutes
from geo_access.surfaces.surface import Surface
from geo_access.words.note import notes_plain
from geo_access.words.told import fault, refusal

__all__ = ["check_minutes", "nested_polygons", "surface_bands"]

# Stands for "no time" while outlines are interpolated: the outline then hugs the last cell that has one.
_FAR = 40.0


def _listed(value: object) -> tuple[object, ...]:
    if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str):
        return tuple(value)
    return (value,)


def check_minutes(minutes: MinutesLike | Sequence[MinutesLike]) -> tuple[float, ...]:
    """Cutoffs as given, or every fault in them at once.

    Parameters
    ----------
    minutes : float, timedelta or sequence of them
        One cutoff or several [min].

    Returns
    -------
    tuple of float
        [min], ascending.

    Raises
    ------
    InputError
        When one is not a positive number, or they do not ascend.

    Examples
    --------
    >>> check_minutes([15, 30])
    (15.0, 30.0)
    """
    values = tuple(read_minutes(value, "minutes") for value in _listed(minutes))
    faults = [
        fault("minutes", "surfaces.cutoff", value=value) for value in values if not (np.isfinite(value) and value > 0)
    ]
    if not values:
        faults.append(fault("minutes", "surfaces.no_cutoff"))
    elif list(values) != sorted(set(values)):
        listed = ", ".join(f"{value:g}" for value in sorted(set(values)))
        faults.append(fault("minutes", "surfaces.cutoffs_order", list=str(listed)))
    raise_faults(faults)
    return values


def _polygons(points: list[np.ndarray], offsets: list[np.ndarray]) -> np.ndarray:
    """Polygons with holes from contourpy's outer/offset form."""
    made = []
    for ring_points, ring_offsets in zip(points, offsets):
        rings = [ring_points[start:stop] for start, stop in itertools.pairwise(ring_offsets) if stop - start >= 4]
        if rings:
            made.append(shapely.Polygon(rings[0], rings[1:]))
    return np.array(made, dtype=object)


def _drop_small(polygons: np.ndarray, min_hole_m2: float, min_part_m2: float) -> np.ndarray:
    """Fill holes and drop islands below the given areas [m²]."""
    kept = []
    for polygon in polygons:
        if shapely.area(shapely.Polygon(polygon.exterior)) < min_part_m2:
            continue
        holes = [ring for ring in polygon.interiors if shapely.area(shapely.Polygon(ring)) >= min_hole_m2]
        kept.append(shapely.Polygon(polygon.exterior, holes) if len(holes) < len(polygon.interiors) else polygon)
    return np.array(kept, dtype=object)


def nested_polygons(
    values_s: np.ndarray,
    *,
    x: np.ndarray,
    y: np.ndarray,
    minutes: Sequence[float],
    min_hole_m2: float | None = None,
    simplify_m: float | None = None,
) -> list[shapely.MultiPolygon]:
    """Areas with a time up to each cutoff, from the times at the cells' centres.

    Parameters
    ----------
    values_s : ndarray of float32, shape (rows, cols)
        [s], NaN where there is no time.
    x, y : ndarray of float64, shapes (cols,), (rows,)
        Centres, ascending, evenly spaced [m].
    minutes : sequence of float
        Cutoffs, ascending [min].
    min_hole_m2 : float, optional
        Holes and islands below this area are filled and dropped [m²]; default two cells, 0 keeps all.
    simplify_m : float, optional
        How far an outline may move [m]; default an eighth of a cell, 0 keeps every point.

    Returns
    -------
    list of shapely.MultiPolygon
        One for each cutoff, valid, each within the next; empty where nothing is that near.

    Raises
    ------
    InputError
        For cutoffs that are not positive or do not ascend, or a field that does not fit its axes.

    Examples
    --------
    >>> axis = np.arange(-10.0, 11.0)
    >>> field = 60 * np.hypot(*np.meshgrid(axis, axis))
    >>> five, eight = nested_polygons(field, x=axis, y=axis, minutes=(5, 8), simplify_m=0)
    >>> round(five.area / (np.pi * 25), 1), bool(eight.covers(five))
    (1.0, True)
    """
    cutoffs = check_minutes(minutes)
    if values_s.shape != (len(y), len(x)):
        raise refusal("surfaces.field", shape=str(values_s.shape), rows=len(y), columns=len(x))
    if min(values_s.shape) < 2:
        return [shapely.MultiPolygon()] * len(cutoffs)
    cell_m = float(x[1] - x[0])
    least_m2 = 2 * cell_m**2 if min_hole_m2 is None else float(min_hole_m2)
    field = np.where(np.isfinite(values_s), values_s, cutoffs[-1] * 60.0 * _FAR).astype(np.float64)
    # A rim of "no time" closes every outline inside the grid.
    field = np.pad(field, 1, constant_values=cutoffs[-1] * 60.0 * _FAR)
    x_rim = np.concatenate(([x[0] - cell_m], x, [x[-1] + cell_m]))
    y_rim = np.concatenate(([y[0] - cell_m], y, [y[-1] + cell_m]))
    generator = contourpy.contour_generator(x_rim, y_rim, field, name="serial", fill_type="OuterOffset")
    drawn = [_polygons(*generator.filled(-1.0, 60.0 * cutoff)) for cutoff in cutoffs]
    nested = [_drop_small(parts, least_m2, least_m2) for parts in drawn]
    tolerance = cell_m / 8 if simplify_m is None else float(simplify_m)
    # Where all parts are small, the area is small and not nothing.
    whole = [len(kept) == 0 and len(parts) > 0 for kept, parts in zip(nested, drawn, strict=True)]
    areas = [
        _repaired(shapely.MultiPolygon(list(parts if small else kept)))
        for kept, parts, small in zip(nested, drawn, whole, strict=True)
    ]
    if any(whole):
        areas = _each_within_the_next(areas)
    return _simplified(areas, tolerance) if tolerance > 0 else areas


def _each_within_the_next(areas: list[shapely.MultiPolygon]) -> list[shapely.MultiPolygon]:
    nested = areas[:1]
    for area in areas[1:]:
        nested.append(area if area.covers(nested[-1]) else _repaired(area.union(nested[-1])))
    return nested


def _repaired(area: shapely.Geometry) -> shapely.MultiPolygon:
    """Return a valid multipolygon of the same area."""
    if not shapely.is_valid(area):
        area = shapely.make_valid(area, method="structure", keep_collapsed=False)
    parts = shapely.get_parts(area)
    kept = parts[(shapely.get_dimensions(parts) == 2) & ~shapely.is_empty(parts)]
    return shapely.multipolygons(kept) if len(kept) else shapely.MultiPolygon()


def _joined(inner: shapely.Geometry, ring: shapely.Geometry) -> shapely.Geometry:
    """Join an area and the ring around it, along the points that they share."""
    return shapely.coverage_union_all([inner, ring])


def _simplified(areas: list[shapely.MultiPolygon], tolerance_m: float) -> list[shapely.MultiPolygon]:
    """Simplify all outlines at once, as the edges of one coverage, so that none crosses another."""
    rings = [areas[0], *(outer.difference(inner) for inner, outer in itertools.pairwise(areas))]
    # The tolerance of the coverage simplifier is the square root of an area: a triangle of that height and base.
    coverage = shapely.coverage_simplify(np.array(rings, dtype=object), tolerance_m)
    simple: list[shapely.MultiPolygon] = []
    for ring in coverage:
        simple.append(_repaired(ring if not simple else _joined(simple[-1], ring)))
    return simple


def surface_bands(
    surface: Surface,
    *,
    minutes: Sequence[float] = (15, 30, 45, 60),
    min_hole_m2: float | None = None,
    simplify_m: float | None = None,
) -> gpd.GeoDataFrame:
    """Polygons of one surface, one row for each cutoff.

    Parameters
    ----------
    surface : Surface
    minutes : sequence of float
        Cutoffs, ascending [min].
    min_hole_m2 : float, optional
        Smallest hole kept [m²]; default two cells.
    simplify_m : float, optional
        How far an outline may move [m]; default an eighth of a cell.

    Returns
    -------
    geopandas.GeoDataFrame
        ``minutes, area_km2, geometry`` in the surface's metric CRS; each polygon holds the one before it.
        ``attrs`` carries ``crow_fly``, ``mode``, ``manifest_id`` and ``notes``.

    Raises
    ------
    InputError
        For cutoffs that are not positive, do not ascend or lie beyond what the surface was computed to.
    """
    cutoffs = check_minutes(minutes)
    surface.check_reaches(cutoffs[-1])
    areas = nested_polygons(
        surface.values_s,
        x=surface.frame.x,
        y=surface.frame.y,
        minutes=cutoffs,
        min_hole_m2=min_hole_m2,
        simplify_m=simplify_m,
    )
    frame = gpd.GeoDataFrame(
        {"minutes": list(cutoffs), "area_km2": [area.area / 1e6 for area in areas]},
        geometry=areas,
        crs=surface.frame.epsg,
    )
    frame.attrs = {
        "mode": surface.query.mode,
        "reverse": surface.reverse,
        "crow_fly": surface.crow_fly,
        "manifest_id": surface.manifest_id,
        # Plain values: a table is written with what it carries.
        "notes": notes_plain(surface.notes),
    }
    return frame
