"""Layers of a printed map, drawn on matplotlib axes in the territory's metric CRS."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from geo_access.crs import metric_epsg
from geo_access.maps.content import MapContent, Question
from geo_access.maps.palettes import (
    CONFIDENCE_HATCHES,
    EMPLOYER_COLOUR,
    LEVEL_COLOURS,
    SITE_COLOUR,
    band_colours,
    symbol_radius,
)
from geo_access.words.words import text

__all__ = [
    "MARKERS",
    "Ground",
    "draw_band_ends",
    "draw_bands",
    "draw_frame",
    "draw_names",
    "draw_network",
    "draw_outlines",
    "draw_sites",
    "draw_zones",
    "ground_of",
]

MARKERS = {
    "circle": "o",
    "square": "s",
    "triangle": "^",
    "diamond": "D",
    "cross": "P",
    "wedge": "v",
    "pentagon": "p",
    "saltire": "X",
}
EMPLOYER_MARKER = "*"
_HALO = [patheffects.withStroke(linewidth=1.8, foreground="white")]
_OUTLINE = "#5b5b5b"
_MOST_VECTORS = 500


@dataclass(frozen=True, eq=False)
class Ground:
    """Where a map lies.

    Attributes
    ----------
    epsg : int
        Metric CRS.
    bounds : tuple of float
        West, south, east, north [m].
    zones : geopandas.GeoDataFrame
        Zones in that CRS, large first.
    crowding : float
        Factor on the width of their borders, 1 where they are few.
    """

    epsg: int
    bounds: tuple[float, float, float, float]
    zones: gpd.GeoDataFrame
    crowding: float = 1.0


def ground_of(content: MapContent) -> Ground:
    """Metric CRS, extent and ordered zones of a map.

    Parameters
    ----------
    content : MapContent

    Returns
    -------
    Ground
    """
    west, south, east, north = content.extent()
    epsg = metric_epsg((west + east) / 2, (south + north) / 2)
    zones = content.ordered_zones().to_crs(epsg)
    boxes = [zones.total_bounds]
    boxes += [sites.to_crs(epsg).total_bounds for sites in (content.training_sites(), content.employer_sites())]
    known = np.array([box for box in boxes if np.isfinite(box).all()])
    low, high = known[:, :2].min(axis=0), known[:, 2:].max(axis=0)
    size_m = max(float((high - low).max()), 1000.0)
    margin = 0.03 * size_m
    # Finer than a printed dot: what is not seen is not drawn.
    zones = zones.set_geometry(shapely.simplify(zones.geometry.to_numpy(), size_m / 8000), crs=epsg)
    return Ground(epsg, (*(low - margin), *(high + margin)), zones, content.crowding())


def _outline(shape: shapely.Geometry) -> Outline:
    """Outline of a polygon or multipolygon, holes included, as one compound path."""
    points, codes = [], []
    for polygon in shapely.get_parts(shape):
        if shapely.get_type_id(polygon) != shapely.GeometryType.POLYGON:
            continue
        rings = [shapely.get_exterior_ring(polygon), *(polygon.interiors)]
        for ring in rings:
            xy = shapely.get_coordinates(ring)
            points.append(xy)
            codes.append(np.r_[Outline.MOVETO, np.full(len(xy) - 2, Outline.LINETO), Outline.CLOSEPOLY])
    if not points:
        return Outline(np.empty((0, 2)))
    return Outline(np.vstack(points), np.concatenate(codes).astype(Outline.code_type))


def draw_frame(ax: Axes, ground: Ground, language: str, *, furniture: bool = True) -> None:
    """Set the extent, and draw scale bar and north arrow.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    ground : Ground
    language : str
    furniture : bool
        Whether scale bar and north arrow are drawn.
    """
    west, south, east, north = ground.bounds
    box = ax.get_window_extent()
    width = max(east - west, (north - south) * box.width / box.height)
    height = width * box.height / box.width
    ax.set_xlim((west + east - width) / 2, (west + east + width) / 2)
    ax.set_ylim((south + north - height) / 2, (south + north + height) / 2)
    ax.set_aspect("equal")
    ax.set_facecolor("#f7f6f2")
    ax.set_xticks([])
    ax.set_yticks([])
    for side in ax.spines.values():
        side.set_color("#888888")
        side.set_linewidth(0.6)
    if not furniture:
        return
    left, right = ax.get_xlim()
    wanted = (right - left) / 5
    power = 10.0 ** np.floor(np.log10(wanted))
    length_m = float(max(step * power for step in (1, 2, 5) if step * power <= wanted))
    x, y = left + 0.03 * (right - left), ax.get_ylim()[0] + 0.03 * np.diff(ax.get_ylim())[0]
    ax.plot(
        [x, x + length_m], [y, y], color="black", linewidth=2.5, solid_capstyle="butt", zorder=50, path_effects=_HALO
    )
    written = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    ax.annotate(
        written,
        (x + length_m / 2, y),
        (0, 3),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=7.5,
        zorder=50,
        path_effects=_HALO,
    )
    ax.annotate(
        text("north", language),
        (0.965, 0.975),
        (0.965, 0.905),
        xycoords="axes fraction",
        textcoords="axes fraction",
        ha="center",
        va="center",
        fontsize=9,
        fontweight="bold",
        zorder=50,
        path_effects=_HALO,
        arrowprops={"arrowstyle": "-|>", "color": "black", "linewidth": 1.4, "shrinkA": 4, "shrinkB": 0},
    )


def draw_zones(ax: Axes, ground: Ground, question: Question | None) -> None:
    """Fill zones by level and hatch them by confidence; quarters get a thick outline.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    ground : Ground
    question : Question or None
        None: outlines only.
    """
    levels, hatches = _answers(ground, question)
    fills = np.array([LEVEL_COLOURS.get(level, "#ffffff") for level in levels], dtype=object)
    quarter = ground.zones["zone_kind"].astype(str).to_numpy() == "qpv"
    paths = _paths(ground)
    # Quarters lie inside communes: their colour and hatching stand over those of the commune.
    for over, own in ((0.0, np.flatnonzero(~quarter)), (0.5, np.flatnonzero(quarter))):
        _add_paths(ax, [paths[k] for k in own], facecolors=list(fills[own]), linewidths=0, zorder=2 + over)
        for hatch in sorted(set(hatches[own]) - {""}):
            marked = [paths[k] for k in own[hatches[own] == hatch]]
            look = {"facecolors": "none", "edgecolors": "#333333", "linewidths": 0, "hatch": hatch}
            _add_paths(ax, marked, as_one=True, zorder=2.1 + over, **look)
    _draw_borders(ax, paths, quarter, widths=(0.35 * ground.crowding, 1.3), zorder=3)


def _answers(ground: Ground, question: Question | None) -> tuple[np.ndarray, np.ndarray]:
    """Level and hatching of each zone, empty where there is no answer."""
    ids = ground.zones["zone_id"].astype(str).to_numpy()
    nothing = np.full(len(ids), "", dtype=object)
    if question is None:
        return nothing, nothing.copy()
    rows = question.rows[~question.rows.index.duplicated()]
    levels = rows["level"].astype(str).reindex(ids).fillna("").to_numpy(object)
    if "confidence" not in rows:
        return levels, nothing
    sure = rows["confidence"].astype(str).reindex(ids).fillna("").to_numpy(object)
    return levels, np.array([CONFIDENCE_HATCHES.get(word, "") or "" for word in sure], dtype=object)


def _paths(ground: Ground) -> list[Outline]:
    return [_outline(shape) for shape in ground.zones.geometry]


def _add_paths(ax: Axes, paths: list[Outline], *, as_one: bool = False, **look: Any) -> None:
    if paths:
        # A hatched path fills a page of its own with the pattern: thousands of communes are hatched as one path.
        drawn = [Outline.make_compound_path(*paths)] if as_one else paths
        # Thousands of outlines as vectors make a PDF that readers open slowly: these are drawn as a picture in it.
        ax.add_collection(PathCollection(drawn, rasterized=len(paths) > _MOST_VECTORS, **look), autolim=False)


def _draw_borders(
    ax: Axes, paths: list[Outline], quarter: np.ndarray, *, widths: tuple[float, float], zorder: float
) -> None:
    for width, colour, own in ((widths[0], _OUTLINE, ~quarter), (widths[1], "black", quarter)):
        kept = [path for path, wanted in zip(paths, own) if wanted]
        _add_paths(ax, kept, facecolors="none", edgecolors=colour, linewidths=width, zorder=zorder)


def draw_outlines(ax: Axes, ground: Ground) -> None:
    """Draw the outlines of the zones alone."""
    quarter = ground.zones["zone_kind"].astype(str).to_numpy() == "qpv"
    _draw_borders(ax, _paths(ground), quarter, widths=(0.3 * ground.crowding, 1.1), zorder=4)


def draw_bands(ax: Axes, ground: Ground, bands: gpd.GeoDataFrame) -> None:
    """Fill the isochrones, nearest darkest.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    ground : Ground
    bands : geopandas.GeoDataFrame
        Cumulative polygons, ascending ``minutes``.
    """
    shapes = bands.to_crs(ground.epsg).geometry.to_numpy()
    rings = [shapes[0], *(shapely.difference(outer, inner) for inner, outer in pairwise(shapes))]
    for colour, ring in zip(band_colours(len(rings)), rings):
        ax.add_patch(
            PathPatch(_outline(ring), facecolor=colour, edgecolor="white", linewidth=0.3, alpha=0.9, zorder=1.5)
        )


def draw_band_ends(ax: Axes, ground: Ground, ends: gpd.GeoSeries) -> None:
    """Dash the outline of an isochrone where the streets that were read end.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    ground : Ground
    ends : geopandas.GeoSeries
        Lines.
    """
    parts = shapely.get_parts(ends.to_crs(ground.epsg).to_numpy())
    segments = [shapely.get_coordinates(part) for part in parts]
    ax.add_collection(LineCollection(segments, colors="white", linewidths=1.6, zorder=1.6))
    ax.add_collection(LineCollection(segments, colors="#2d1e5f", linewidths=0.8, linestyles=(0, (4, 3)), zorder=1.7))


def draw_network(ax: Axes, ground: Ground, content: MapContent, *, lines: bool) -> None:
    """Draw main roads, and transit lines when `lines`."""
    if content.layers is None:
        return
    layers = [(content.layers.roads, "#8f8f8f", 0.5, 3.2)]
    if lines:
        layers.append((content.layers.lines, "#14477a", 0.5, 3.4))
    for frame, colour, width, order in layers:
        if not len(frame):
            continue
        parts = shapely.get_parts(frame.to_crs(ground.epsg).geometry.to_numpy())
        segments = [shapely.get_coordinates(part) for part in parts]
        drawn = LineCollection(segments, colors=colour, linewidths=width * ground.crowding**0.5, zorder=order)
        ax.add_collection(drawn, autolim=False)


def draw_sites(ax: Axes, ground: Ground, content: MapContent, *, scale: float = 1.0) -> None:
    """Draw training sites by places and provider type, and employers.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    ground : Ground
    content : MapContent
    scale : float
        Size of the symbols, 1 for a full page.
    """
    shapes = content.shapes()
    training = content.training_sites().to_crs(ground.epsg)
    for site in training.itertuples():
        radius_pt = 0.62 * scale * symbol_radius(float(site.places))
        ax.scatter(
            [site.geometry.x],
            [site.geometry.y],
            s=(2 * radius_pt) ** 2,
            zorder=10,
            facecolor=SITE_COLOUR,
            alpha=0.85,
            marker=MARKERS[shapes.get(str(site.provider_type), "circle")],
            edgecolor="white",
            linewidth=0.7 * scale,
        )
    employers = content.employer_sites().to_crs(ground.epsg)
    if len(employers):
        ax.scatter(
            employers.geometry.x,
            employers.geometry.y,
            s=75 * scale**2,
            marker=EMPLOYER_MARKER,
            zorder=9,
            facecolor=EMPLOYER_COLOUR,
            edgecolor="white",
            linewidth=0.6 * scale,
        )


def draw_names(ax: Axes, ground: Ground, question: Question | None, *, most: int = 7) -> None:
    """Name the largest communes, leaving out names that would touch.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    ground : Ground
    question : Question or None
        Its ``residents`` say which zones are large; else their areas do.
    most : int
        Most names.
    """
    zones = ground.zones[ground.zones["zone_kind"].astype(str) != "qpv"]
    if not len(zones):
        return
    weight = zones.geometry.area.to_numpy()
    if question is not None and "residents" in question.rows:
        known = question.rows["residents"].reindex(zones["zone_id"].astype(str))
        weight = known.fillna(0).to_numpy(dtype=float)
    spots = shapely.get_coordinates(shapely.point_on_surface(zones.geometry.to_numpy()))
    left, right = ax.get_xlim()
    taken: list[np.ndarray] = []
    for i in np.argsort(-weight, kind="stable"):
        if len(taken) == most:
            break
        name = str(zones["zone_name"].iloc[i])
        corner = spots[i] - (left, ax.get_ylim()[0])
        if (
            len(name) > 28
            or (corner < 0.08 * (right - left)).any()
            or any(np.hypot(*(spots[i] - spot)) < 0.16 * (right - left) for spot in taken)
        ):
            continue
        taken.append(spots[i])
        ax.annotate(
            name,
            tuple(spots[i]),
            (0, -9),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=7,
            zorder=20,
            parse_math=False,
            path_effects=_HALO,
        )
