"""The map of a change: where more residents manage than before, and where fewer do."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Outline

from geo_access.maps.palettes import CHANGE_COLOURS, change_class, change_classes
from geo_access.words.words import text

__all__ = ["ChangeMap", "a4_page", "draw_change"]

# Bold letters of a title, and how many of them an inch of the page holds at most.
_TITLE_POINTS, _TITLE_PER_INCH = 14, 7.2
_A4_INCHES = (8.27, 11.69)


@dataclass(frozen=True, eq=False)
class ChangeMap:
    """What a change map shows.

    Attributes
    ----------
    zones : geopandas.GeoDataFrame
        Outlines in a metric CRS, larger zones first, with ``points``: change of the share of residents in percentage
        points (NaN: not judged).
    title : str
    lines : tuple of str
        Below the title: what was changed, and for whom.
    footer : str
        Sources and fingerprint.
    language : str
    """

    zones: gpd.GeoDataFrame
    title: str
    lines: tuple[str, ...]
    footer: str
    language: str = "fr"


def _colour(points: float) -> str:
    return CHANGE_COLOURS[change_class(points)]


def _outline(shape: shapely.Geometry) -> Outline:
    parts = [ring for part in shapely.get_parts(shape) for ring in (part.exterior, *part.interiors)]
    return Outline.make_compound_path(*(Outline(np.asarray(ring.coords)) for ring in parts))


def a4_page(zones: gpd.GeoDataFrame, title: str, below: str, *, height: float) -> tuple[Figure, Axes]:
    """Lay out an A4 page, upright where the zones are, with a title, lines below it and room for a map.

    Parameters
    ----------
    zones : geopandas.GeoDataFrame
    title, below : str
    height : float
        Of the map, a share of the page.

    Returns
    -------
    (matplotlib.figure.Figure, matplotlib.axes.Axes)
    """
    west, south, east, north = zones.total_bounds
    figure = Figure(figsize=_A4_INCHES if north - south > east - west else _A4_INCHES[::-1])
    wide, high = figure.get_size_inches()
    lines = textwrap.wrap(title, round(_TITLE_PER_INCH * wide))
    figure.text(0.06, 0.955, "\n".join(lines), fontsize=_TITLE_POINTS, fontweight="bold", va="top")
    # The lines below a title start under all of its own.
    under = 0.955 - (1.25 * _TITLE_POINTS * len(lines) / 72 + 0.09) / high
    figure.text(0.06, under, below, fontsize=8.5, va="top", wrap=True)
    ax = figure.add_axes((0.04, 0.14, 0.92, height))
    ax.set_aspect("equal")
    ax.set_axis_off()
    return figure, ax


def draw_change(content: ChangeMap, path: Path, *, dpi: int = 150) -> Path:
    """Draw a change map on an A4 page.

    Parameters
    ----------
    content : ChangeMap
    path : pathlib.Path
        PNG or PDF.
    dpi : int

    Returns
    -------
    pathlib.Path
    """
    west, south, east, north = content.zones.total_bounds
    figure, ax = a4_page(content.zones, content.title, "\n".join(content.lines), height=0.68)
    for shape, points in zip(content.zones.geometry, content.zones["points"].to_numpy(np.float64)):
        hatch = "////" if points < -0.05 else None
        ax.add_patch(
            PathPatch(_outline(shape), facecolor=_colour(points), edgecolor="#444444", linewidth=0.5, hatch=hatch)
        )
    ax.set_xlim(west, east)
    ax.set_ylim(south, north)
    figure.legend(
        handles=_handles(content.language),
        title=text("scenario.map_legend", content.language),
        loc="lower left",
        bbox_to_anchor=(0.05, 0.04),
        ncols=7,
        fontsize=8,
        title_fontsize=8.5,
        frameon=False,
    )
    figure.text(0.06, 0.025, content.footer, fontsize=6.5, color="#444444", wrap=True)
    figure.savefig(path, dpi=dpi, metadata={"Title": content.title} if path.suffix == ".pdf" else {})
    return path


def _handles(language: str) -> list[Patch]:
    classes = change_classes(language)
    # As before on paper: small gains first.
    return [
        Patch(facecolor=colour, edgecolor="#444444", label=label, hatch="////" if number > 3 else None)
        for number, (colour, label) in ((number, classes[number]) for number in (2, 1, 0, 3, 4, 5, 6))
    ]
