"""What the workshop may ask of servers beyond this machine: nothing, unless its command says so."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from geo_access.words.told import refusal

__all__ = ["TILES", "Outside", "TileSource", "tile_source"]


@dataclass(frozen=True)
class TileSource:
    """A base map drawn by another server.

    Attributes
    ----------
    url : str
        Address of a tile of 256 px in Web Mercator, with ``{z}``, ``{x}`` and ``{y}``.
    attribution : str
        Key of the sentence that names whose map it is.
    most_zoom : int
        Deepest level that the server has.

    Examples
    --------
    >>> TILES["ign"].origin
    'https://data.geopf.fr'
    """

    url: str
    attribution: str
    most_zoom: int = 18

    @property
    def origin(self) -> str:
        """Scheme and host: all that the page's policy opens."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


# Plan IGN of the Géoplateforme, by its WMTS service.
TILES = {
    "ign": TileSource(
        "https://data.geopf.fr/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2"
        "&STYLE=normal&FORMAT=image/png&TILEMATRIXSET=PM&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}",
        attribution="web.tiles_ign",
    )
}


@dataclass(frozen=True)
class Outside:
    """What may leave this machine.

    Attributes
    ----------
    addresses : bool
        Whether addresses may be sent to the national address service.
    tiles : str
        Name of the server that the page's base map is fetched from; empty: the study's own streets.
    """

    addresses: bool = False
    tiles: str = ""


def tile_source(name: str) -> TileSource | None:
    """Return a base map by its name; None for none.

    Raises
    ------
    InputError
        For a name that is not known.

    Examples
    --------
    >>> tile_source("") is None
    True
    """
    if name and name not in TILES:
        raise refusal("web.tiles_unknown", name=name, known=", ".join(TILES))
    return TILES.get(name)
