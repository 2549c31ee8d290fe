"""Colours that stay apart for colour-blind readers and in greyscale, and the shapes of the symbols.

Symbols of sites as SVG, made of numbers and constants only: nothing of the user's goes into them.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from geo_access.words.words import format_number, text

__all__ = [
    "BAND_COLOURS",
    "CHANGE_COLOURS",
    "CONFIDENCE_HATCHES",
    "EMPLOYER_COLOUR",
    "LEVEL_COLOURS",
    "PLACES_LEGEND",
    "SHAPES",
    "SITE_COLOUR",
    "band_colours",
    "change_class",
    "change_classes",
    "employer_svg",
    "provider_shapes",
    "site_svg",
    "symbol_radius",
]

# Levels: blue, yellow, vermilion (apart under deuteranopia, protanopia and tritanopia), white where no question arises,
# and grey, hatched, where the data do not tell.
LEVEL_COLOURS: Mapping[str, str] = {
    "adéquat": "#5aa2cf",
    "fragile": "#f6d55c",
    "inadéquat": "#c8472f",
    "sans objet": "#f4f4f2",
    "indécidable": "#b9b9b9",
}

# Near is dark, far is light: lightness alone tells them apart. After the « Purples-Blues » order of cividis-like ramps.
BAND_COLOURS = ("#2d1e5f", "#5a4a9c", "#8f80c4", "#c3b8e3", "#e4def3", "#f3f0fa")

# Change, from a great gain to a great loss. Blue and vermilion stay apart under every colour blindness; the hatch tells
# a loss in greyscale too.
CHANGE_COLOURS = ("#1f5f8f", "#5aa2cf", "#c6dcec", "#eeeeec", "#f3cdc4", "#dd7f6b", "#a8321d")
_STEPS = (1.0, 10.0, 30.0)

SITE_COLOUR = "#111111"
EMPLOYER_COLOUR = "#006d5b"

# matplotlib hatch of each confidence; the interactive map draws the same lines as SVG patterns.
CONFIDENCE_HATCHES: Mapping[str, str] = {"sûr": "", "probable": "////", "indécidable": "xxxx"}

# Symbol sizes of the regional study's legend: annual places.
PLACES_LEGEND = (5, 40, 120)
SHAPES = ("circle", "square", "triangle", "diamond", "cross", "wedge", "pentagon", "saltire")
_RADIUS_AT_120 = 17.0
_LEAST_RADIUS = 4.0
_LARGEST_RADIUS = 30.0


def band_colours(count: int) -> tuple[str, ...]:
    """Colours of `count` bands, nearest first; past six the lightest repeats.

    Examples
    --------
    >>> band_colours(2)
    ('#2d1e5f', '#8f80c4')
    """
    if count <= 2:
        return BAND_COLOURS[0 : 2 * count : 2]
    return tuple(BAND_COLOURS[min(i, len(BAND_COLOURS) - 1)] for i in range(count))


def change_class(points: float) -> int:
    """Class of a change in percentage points, from 0 (great gain) over 3 (none, or not judged) to 6 (great loss).

    Examples
    --------
    >>> [change_class(points) for points in (40.0, 12.0, 0.4, 0.0, float("nan"), -3.0, -10.0, -31.0)]
    [0, 1, 2, 3, 3, 4, 5, 6]
    """
    if math.isnan(points) or abs(points) < 0.05:
        return 3
    step = max(0, bisect_right(_STEPS, abs(points)) - 1)
    return 2 - step if points > 0 else 4 + step


def change_classes(language: str) -> list[tuple[str, str]]:
    """Colour and words of each class, as `change_class` numbers them.

    Examples
    --------
    >>> change_classes("en")[0], change_classes("en")[3]
    (('#1f5f8f', '+30 …'), ('#eeeeec', 'unchanged'))
    """

    def band(step: int, sign: str) -> str:
        low = format_number(_STEPS[step], language)
        if step == len(_STEPS) - 1:
            return f"{sign}{low} …"
        return f"{sign}{'0' if step == 0 else low} – {sign}{format_number(_STEPS[step + 1], language)}"

    gains = [band(step, "+") for step in (2, 1, 0)]
    losses = [band(step, "−") for step in range(3)]
    return list(zip(CHANGE_COLOURS, [*gains, text("scenario.map_none", language), *losses]))


def symbol_radius(places: float) -> float:
    """Radius of a site's symbol: its area grows with the places.

    Parameters
    ----------
    places : float
        Annual places; negative or missing counts as none.

    Returns
    -------
    float
        [px], 4 to 30.

    Examples
    --------
    >>> [round(symbol_radius(n), 1) for n in (5, 40, 120)]
    [4.0, 9.8, 17.0]
    """
    wanted = _RADIUS_AT_120 * (places / PLACES_LEGEND[-1]) ** 0.5 if places > 0 else 0.0
    return min(_LARGEST_RADIUS, max(_LEAST_RADIUS, wanted))


def provider_shapes(provider_types: Sequence[str]) -> dict[str, str]:
    """Shape of each provider type, in the order given; past the last shape the types share it.

    Examples
    --------
    >>> provider_shapes(["CFA", "lycée"])
    {'CFA': 'circle', 'lycée': 'square'}
    """
    return {kind: SHAPES[min(i, len(SHAPES) - 1)] for i, kind in enumerate(dict.fromkeys(provider_types))}


# Outlines in a box from −1 to 1, of about the same area as the circle of radius 0.9.
_PATHS = {
    "circle": "M0 -.9 A.9 .9 0 1 1 0 .9 A.9 .9 0 1 1 0 -.9 Z",
    "square": "M-.8 -.8 H.8 V.8 H-.8 Z",
    "triangle": "M0 -1 L1 .85 L-1 .85 Z",
    "diamond": "M0 -1 L1 0 L0 1 L-1 0 Z",
    "pentagon": "M0 -1 L.95 -.31 L.59 .81 L-.59 .81 L-.95 -.31 Z",
    "wedge": "M0 1 L1 -.85 L-1 -.85 Z",
    "saltire": "M-1 -.5 L-.5 -1 L0 -.5 L.5 -1 L1 -.5 L.5 0 L1 .5 L.5 1 L0 .5 L-.5 1 L-1 .5 L-.5 0 Z",
    "star": "M0 -1.1 L.26 -.36 L1.05 -.34 L.42 .14 L.65 .89 L0 .44 L-.65 .89 L-.42 .14 L-1.05 -.34 L-.26 -.36 Z",
    "cross": "M-.4 -1 H.4 V-.4 H1 V.4 H.4 V1 H-.4 V.4 H-1 V-.4 H-.4 Z",
}


def _svg(path: str, radius: float, fill: str, stroke: str, opacity: float = 1.0) -> str:
    side = 2 * radius + 4
    return (
        f'<svg width="{side:g}" height="{side:g}" viewBox="{-side / 2:g} {-side / 2:g} {side:g} {side:g}" '
        f'aria-hidden="true"><path d="{path}" transform="scale({radius:g})" fill="{fill}" fill-opacity="{opacity:g}" '
        f'stroke="{stroke}" stroke-width="1.6" vector-effect="non-scaling-stroke"/></svg>'
    )


def site_svg(shape: str, radius: float) -> str:
    """Symbol of a training site.

    Parameters
    ----------
    shape : str
        One of `geo_access.maps.palettes.SHAPES`.
    radius : float
        [px].

    Examples
    --------
    >>> site_svg("circle", 8).startswith('<svg width="20" height="20"')
    True
    """
    return _svg(_PATHS[shape], round(radius, 1), SITE_COLOUR, "#ffffff", 0.85)


def employer_svg() -> str:
    """Symbol of an employer: a green star, of one size."""
    return _svg(_PATHS["star"], 8.0, EMPLOYER_COLOUR, "#ffffff")
