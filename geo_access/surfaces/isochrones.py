"""Isochrones as a table: one polygon for each cutoff, together or site by site, and where they end for want of data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Unpack

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_access.errors import SnapError
from geo_access.given import Reading, read_number, read_truth, require_kind
from geo_access.network.model import Network
from geo_access.routing.asked import ClockLike, Limits, MinutesLike, WindowLike, refuse_twice
from geo_access.routing.query import Query
from geo_access.surfaces.bands import check_minutes, surface_bands
from geo_access.surfaces.extent import area_ends, street_extent
from geo_access.surfaces.lattice import Canvas, Lattice
from geo_access.surfaces.surface import Bounds, Surface, make_surface_query, query_surface, site_positions, walls_of
from geo_access.words.note import note
from geo_access.words.told import refusal

__all__ = ["Drawing", "isochrones", "query_isochrones"]

# A cutoff that reaches fewer cells than this over streets is drawn on finer ones, as long as those are not too many.
_LEAST_CELLS = 4.0
_MOST_FINE_CELLS = 1_000_000
_MOST_NAMED = 8


@dataclass(frozen=True, eq=False)
class Drawing:
    """How areas are drawn.

    Attributes
    ----------
    canvas : Canvas
    min_hole_m2, simplify_m : float, optional
        See `surface_bands`.
    """

    canvas: Canvas = field(default_factory=Canvas)
    min_hole_m2: float | None = None
    simplify_m: float | None = None


def isochrones(
    network: Network,
    sites: gpd.GeoDataFrame,
    *,
    minutes: MinutesLike | Sequence[MinutesLike] = (15, 30, 45, 60),
    mode: str | Sequence[str] = "walk",
    depart: WindowLike | None = None,
    arrive: WindowLike | None = None,
    earliest: ClockLike | None = None,
    percentile: float = 50,
    by: Literal["union", "site"] = "union",
    cell_m: float = 50.0,
    reverse: bool = False,
    lattice: Lattice | None = None,
    barriers: gpd.GeoDataFrame | None = None,
    min_hole_m2: float | None = None,
    simplify_m: float | None = None,
    **limits: Unpack[Limits],
) -> gpd.GeoDataFrame:
    """Areas within reach of the nearest of the sites, one polygon for each cutoff, nested by construction.

    Parameters
    ----------
    network : Network
    sites : geopandas.GeoDataFrame
        Points with a CRS; rows without position are left out.
    minutes : float, timedelta or sequence of them
        Cutoffs, ascending [min].
    mode, depart, arrive, earliest, percentile, cell_m, reverse, lattice, barriers
        See `geo_access.surfaces.surface.travel_time_surface`.
    by : str
        ``"union"``: the nearest of all sites. ``"site"``: one family of areas for each site, then that of all.
    min_hole_m2, simplify_m : float, optional
        See `surface_bands`.
    **limits
        Other fields of `Query`: ``walk_kmh``, ``max_access_s``, ``max_rides`` …

    Returns
    -------
    geopandas.GeoDataFrame
        ``minutes, area_km2, cut_by_extent, geometry`` in the network's metric CRS; by site, a first column ``site``
        with the id of the site (column ``site_id`` or ``id``, else the row's label), missing for all together.
        ``cut_by_extent`` tells the areas that end where the streets of the network end. ``attrs["notes"]``: what a
        reader should know, each with its ``key``, ``values`` and English ``text``.

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
    refuse_twice(limits, max_minutes="minutes")
    cutoffs = check_minutes(minutes)
    if by not in ("union", "site"):
        raise refusal("surfaces.by", by=by)
    query = make_surface_query(
        network,
        mode=mode,
        depart=depart,
        arrive=arrive,
        earliest=earliest,
        percentile=percentile,
        max_minutes=cutoffs[-1],
        **limits,
    )
    read = Reading()
    cell_m = read("cell_m", read_number, cell_m, name="cell_m", above=0, example="50")
    reverse = read("reverse", read_truth, reverse, name="reverse")
    if lattice is not None:
        read("lattice", require_kind, lattice, kinds=Lattice, name="lattice", made_by="Lattice(…)")
    if min_hole_m2 is not None:
        read("min_hole_m2", read_number, min_hole_m2, name="min_hole_m2", least=0, example="10000")
    if simplify_m is not None:
        read("simplify_m", read_number, simplify_m, name="simplify_m", least=0, example="10")
    walls = read("barriers", walls_of, barriers, network=network)
    read.finish()
    drawing = Drawing(Canvas(cell_m, reverse, None, lattice, walls), min_hole_m2, simplify_m)
    return query_isochrones(network, sites, query, minutes=cutoffs, by=by, drawing=drawing)


def query_isochrones(
    network: Network,
    sites: gpd.GeoDataFrame,
    query: Query,
    *,
    minutes: MinutesLike | Sequence[MinutesLike] = (15, 30, 45, 60),
    by: Literal["union", "site"] = "union",
    drawing: Drawing | None = None,
) -> gpd.GeoDataFrame:
    """Draw what a query reaches, such as a public's.

    Parameters
    ----------
    network, sites, minutes, by
        See `isochrones`.
    query : Query
        Its longest time is replaced by the last cutoff.
    drawing : Drawing, optional

    Returns
    -------
    geopandas.GeoDataFrame
        As `isochrones`.

    Raises
    ------
    InputError, CapacityError
    """
    cutoffs = check_minutes(minutes)
    asked = replace(query, max_s=round(cutoffs[-1] * 60))
    drawing = drawing or Drawing()
    extent = street_extent(network)
    together = _family(network, sites, asked, cutoffs, drawing, extent)
    if by == "union":
        return together
    located = sites[~(sites.geometry.isna() | sites.geometry.is_empty)]
    names = _site_names(located)
    parts, off = [], []
    for k, name in enumerate(names):
        try:
            parts.append(_family(network, located.iloc[[k]], asked, cutoffs, drawing, extent).assign(site=name))
        except SnapError:
            off.append(str(name))
    joined = pd.concat([*parts, together.assign(site=None)], ignore_index=True)
    families = gpd.GeoDataFrame(joined, geometry="geometry", crs=together.crs)
    families = families[["site", *(column for column in together.columns)]]
    families.attrs = dict(together.attrs)
    if off:
        said = note("surfaces.sites_off", n=len(off), sites=", ".join(off[:_MOST_NAMED]))
        families.attrs["notes"] = [*families.attrs["notes"], said.to_dict()]
    return families


def _site_names(sites: gpd.GeoDataFrame) -> list[object]:
    column = next((name for name in ("site_id", "id") if name in sites.columns), None)
    return list(sites.index if column is None else sites[column])


def _family(
    network: Network,
    sites: gpd.GeoDataFrame,
    query: Query,
    cutoffs: tuple[float, ...],
    drawing: Drawing,
    extent: shapely.Geometry | None,
) -> gpd.GeoDataFrame:
    surface = query_surface(network, sites, query, drawing.canvas)
    bands = surface_bands(surface, minutes=cutoffs, min_hole_m2=drawing.min_hole_m2, simplify_m=drawing.simplify_m)
    bands = _with_small_cutoffs(network, sites, surface, bands, drawing)
    cut = ~area_ends(bands.geometry, extent, cell_m=surface.frame.cell_m).is_empty.to_numpy()
    bands.insert(2, "cut_by_extent", cut)
    if cut.any():
        first = float(bands.loc[cut, "minutes"].min())
        said = note("surfaces.cut_by_extent", minutes=f"{first:g}")
        bands.attrs["notes"] = [*bands.attrs["notes"], said.to_dict()]
    return bands


def _with_small_cutoffs(
    network: Network, sites: gpd.GeoDataFrame, surface: Surface, bands: gpd.GeoDataFrame, drawing: Drawing
) -> gpd.GeoDataFrame:
    """Redraw on finer cells the cutoffs that reach a few cells only, and keep all areas nested."""
    query, cell_m = surface.query, surface.frame.cell_m
    walk_m_s = query.walk_kmh / 3.6
    small = [minutes for minutes in bands["minutes"] if minutes * 60 * walk_m_s < _LEAST_CELLS * cell_m]
    if not small or drawing.canvas.lattice is not None:
        return bands
    xy = site_positions(sites, epsg=network.epsg)
    box = _box_within(surface, xy, small[-1] * 60.0, walk_m_s)
    fine_m = _finer(cell_m, small[0] * 60 * walk_m_s, box)
    if fine_m >= cell_m:
        return bands
    asked = replace(query, max_s=round(small[-1] * 60))
    fine = query_surface(network, sites, asked, replace(drawing.canvas, cell_m=fine_m, bounds=box))
    near = surface_bands(fine, minutes=small, min_hole_m2=drawing.min_hole_m2, simplify_m=drawing.simplify_m)
    areas = [*near.geometry, *bands.geometry[len(small) :]]
    for k in range(len(small), len(areas)):
        areas[k] = areas[k] if areas[k].covers(areas[k - 1]) else areas[k].union(areas[k - 1])
    drawn = bands.set_geometry(gpd.GeoSeries(areas, index=bands.index, crs=bands.crs))
    drawn["area_km2"] = drawn.area / 1e6
    drawn.attrs = bands.attrs
    return drawn


def _box_within(surface: Surface, xy: np.ndarray, limit_s: float, walk_m_s: float) -> Bounds:
    """Box around the sites and all cells within a time, with room for an outline."""
    frame = surface.frame
    reach = limit_s * walk_m_s + frame.cell_m
    rows, cols = np.nonzero(surface.values_s <= limit_s)
    x, y = frame.x[cols], frame.y[rows]
    points = np.vstack([xy, np.column_stack((x, y))])
    west, south = (float(value) for value in points.min(axis=0) - reach)
    east, north = (float(value) for value in points.max(axis=0) + reach)
    return west, south, east, north


def _finer(cell_m: float, reach_m: float, box: Bounds) -> float:
    """Halve the cell until the reach spans several, or the cells would be too many."""
    fine_m, area_m2 = cell_m, (box[2] - box[0]) * (box[3] - box[1])
    while reach_m < 2 * _LEAST_CELLS * fine_m and area_m2 / (fine_m / 2) ** 2 <= _MOST_FINE_CELLS:
        fine_m /= 2
    return fine_m
