"""Symbols of sites as SVG, made of numbers and constants only: nothing of the user's goes into them."""

from __future__ import annotations

from geo_access.maps.palettes import EMPLOYER_COLOUR, SITE_COLOUR

__all__ = ["employer_svg", "site_svg"]

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
