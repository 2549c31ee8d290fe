"""The libraries and templates that travel with the package, so that maps open without internet."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

__all__ = ["ASSETS", "asset", "write_assets"]

ASSETS = ("leaflet.js", "leaflet.css", "leaflet-LICENSE.txt", "map.js", "map.css")


def asset(name: str) -> str:
    """Text of a file of the package.

    Parameters
    ----------
    name : str
        A vendored ``leaflet…`` file, or one of our own pages.

    Examples
    --------
    >>> "function geoAccessMap" in asset("map.js")
    True
    """
    folder = "vendor" if name.startswith("leaflet") else "page"
    return resources.files("geo_access.maps").joinpath(folder, name).read_text(encoding="utf-8")


def write_assets(folder: Path) -> Path:
    """Write the libraries that the maps need, once for all maps beside them.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the maps.

    Returns
    -------
    pathlib.Path
        ``folder/assets``.
    """
    target = folder / "assets"
    target.mkdir(parents=True, exist_ok=True)
    for name in ASSETS:
        (target / name).write_text(asset(name), encoding="utf-8")
    return target
