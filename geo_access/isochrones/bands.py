"""Isochrones as a table: one polygon for each cutoff."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd

from geo_access.isochrones.contours import check_minutes, nested_polygons
from geo_access.isochrones.lattice import Lattice
from geo_access.isochrones.surface import Surface, travel_time_surface
from geo_access.network.model import Network

__all__ = ["isochrones", "surface_bands"]


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
        "notes": list(surface.notes),
    }
    return frame


def isochrones(
    network: Network,
    sites: gpd.GeoDataFrame,
    *,
    minutes: Sequence[float] = (15, 30, 45, 60),
    mode: str = "walk",
    depart: str | None = None,
    arrive: str | None = None,
    earliest: str | None = None,
    percentile: int = 50,
    walk_kmh: float = 4.8,
    bike_kmh: float = 15.0,
    cell_m: float = 50.0,
    reverse: bool = False,
    lattice: Lattice | None = None,
    barriers: gpd.GeoDataFrame | None = None,
    min_hole_m2: float | None = None,
    simplify_m: float | None = None,
) -> gpd.GeoDataFrame:
    """Areas within reach of the nearest of the sites, one polygon for each cutoff, nested by construction.

    Parameters
    ----------
    network : Network
    sites : geopandas.GeoDataFrame
        Points with a CRS; rows without position are left out.
    minutes : sequence of float
        Cutoffs, ascending [min].
    mode, depart, arrive, earliest, percentile, walk_kmh, bike_kmh, cell_m, reverse, lattice, barriers
        See `geo_access.isochrones.surface.travel_time_surface`.
    min_hole_m2, simplify_m : float, optional
        See `surface_bands`.

    Returns
    -------
    geopandas.GeoDataFrame
        ``minutes, area_km2, geometry`` in the network's metric CRS.

    Raises
    ------
    InputError
        For cutoffs that are not positive or do not ascend, a query that contradicts itself, no located site.
    CapacityError
        When the grid is too fine for the area.

    Examples
    --------
    >>> from shapely import Point
    >>> from geo_access.network.model import CrowFly
    >>> sites = gpd.GeoDataFrame(geometry=[Point(700000, 6600000)], crs=2154)
    >>> bands = isochrones(Network(2154, CrowFly(2154), None, {}), sites, minutes=(15, 30))
    >>> bands["area_km2"].round(1).tolist()
    [2.7, 10.7]
    """
    cutoffs = check_minutes(minutes)
    surface = travel_time_surface(
        network,
        sites,
        mode=mode,
        depart=depart,
        arrive=arrive,
        earliest=earliest,
        percentile=percentile,
        max_minutes=cutoffs[-1],
        walk_kmh=walk_kmh,
        bike_kmh=bike_kmh,
        cell_m=cell_m,
        reverse=reverse,
        lattice=lattice,
        barriers=barriers,
    )
    return surface_bands(surface, minutes=cutoffs, min_hole_m2=min_hole_m2, simplify_m=simplify_m)
