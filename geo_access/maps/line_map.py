"""The map of lines by the people whom each one carries: width and colour tell how many would lose their way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from geo_access.maps.change import a4_page
from geo_access.words.words import format_number, text

__all__ = ["LineMap", "draw_lines"]

_NONE = "#b5b5b0"
# From thin and pale to thick and dark: told apart without colour.
_BANDS = ((0.25, "#e0a08f", 1.6), (0.5, "#c9634b", 2.8), (1.0, "#8c2413", 4.4))
_MOST_NAMED = 12


@dataclass(frozen=True, eq=False)
class LineMap:
    """What a map of lines shows.

    Attributes
    ----------
    zones : geopandas.GeoDataFrame
        Outlines in a metric CRS.
    lines : geopandas.GeoDataFrame
        Ways of the lines in the same CRS, with ``name`` and ``people``.
    title, below, footer : str
    language : str
    """

    zones: gpd.GeoDataFrame
    lines: gpd.GeoDataFrame
    title: str
    below: str
    footer: str
    language: str = "fr"


def draw_lines(content: LineMap, path: Path, *, dpi: int = 150) -> Path:
    """Draw a map of lines on an A4 page.

    Parameters
    ----------
    content : LineMap
    path : pathlib.Path
        PNG or PDF.
    dpi : int

    Returns
    -------
    pathlib.Path
    """
    west, south, east, north = content.zones.total_bounds
    figure, ax = a4_page(content.zones, content.title, content.below, height=0.72)
    content.zones.boundary.plot(ax=ax, color="#d0d0cc", linewidth=0.5, aspect=None)
    ranked = content.lines.sort_values("people", kind="stable")
    most = float(ranked["people"].max()) if len(ranked) else 0.0
    for shape, people in zip(ranked.geometry, ranked["people"].to_numpy(np.float64)):
        parts = [np.asarray(part.coords) for part in getattr(shape, "geoms", [shape])]
        colour, width = _drawn(people, most)
        ax.add_collection(LineCollection(parts, colors=colour, linewidths=width, capstyle="round"))
    named = ranked[ranked["people"] > 0].tail(_MOST_NAMED)
    for shape, name in zip(named.geometry, named["name"].astype(str)):
        place = (
            shape.interpolate(0.5, normalized=True) if shape.geom_type == "LineString" else shape.representative_point()
        )
        box = {"facecolor": "white", "edgecolor": "#8c2413", "pad": 1.2, "linewidth": 0.6}
        ax.text(place.x, place.y, name, fontsize=6.5, ha="center", va="center", bbox=box)
    ax.set_xlim(west, east)
    ax.set_ylim(south, north)
    figure.legend(
        handles=_handles(most, content.language),
        title=text("lines.map_legend", content.language),
        loc="lower left",
        bbox_to_anchor=(0.05, 0.04),
        ncols=4,
        fontsize=8,
        title_fontsize=8.5,
        frameon=False,
    )
    figure.text(0.06, 0.025, content.footer, fontsize=6.5, color="#444444", wrap=True)
    figure.savefig(path, dpi=dpi, metadata={"Title": content.title} if path.suffix == ".pdf" else {})
    return path


def _drawn(people: float, most: float) -> tuple[str, float]:
    if people <= 0:
        return _NONE, 0.7
    return next((colour, width) for share, colour, width in _BANDS if people <= share * most)


def _handles(most: float, language: str) -> list[Line2D]:
    handles = [Line2D([], [], color=_NONE, linewidth=0.7, label=text("lines.map_none", language))]
    if most <= 0:
        return handles
    low = 0.0
    for share, colour, width in _BANDS:
        label = f"{format_number(low, language)} – {format_number(share * most, language)}"
        handles.append(Line2D([], [], color=colour, linewidth=width, label=label))
        low = share * most
    return handles
