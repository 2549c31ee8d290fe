"""Colours that stay apart for colour-blind readers and in greyscale, and the shapes of the symbols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = [
    "BAND_COLOURS",
    "CONFIDENCE_HATCHES",
    "EMPLOYER_COLOUR",
    "LEVEL_COLOURS",
    "PLACES_LEGEND",
    "SHAPES",
    "SITE_COLOUR",
    "band_colours",
    "provider_shapes",
    "symbol_radius",
]

# Levels: blue, yellow, vermilion (apart under deuteranopia, protanopia and tritanopia), and grey.
LEVEL_COLOURS: Mapping[str, str] = {
    "adéquat": "#5aa2cf",
    "fragile": "#f6d55c",
    "inadéquat": "#c8472f",
    "sans objet": "#d9d9d9",
}

# Near is dark, far is light: lightness alone tells them apart. After the « Purples-Blues » order of cividis-like ramps.
BAND_COLOURS = ("#2d1e5f", "#5a4a9c", "#8f80c4", "#c3b8e3", "#e4def3", "#f3f0fa")

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
