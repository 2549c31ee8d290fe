"""Where OSM says that a car may be left to take public transport: ``amenity=parking`` with ``park_ride``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo_access.crs import WGS84
from geo_access.errors import Fault, InputError, MissingFileError, raise_faults

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["read_park_and_ride"]

_CLOSED = frozenset({"no", "private", "customers", "permit"})
_COLUMNS = ("id", "name", "kind", "capacity", "fee")


def read_park_and_ride(osm_paths: str | Path | Iterable[str | Path]) -> gpd.GeoDataFrame:
    """Read the park-and-ride sites of OSM files.

    Parameters
    ----------
    osm_paths : path or iterable of paths
        ``.osm.pbf``, ``.osm``, ``.osm.bz2``; a site that several files hold is taken once.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per site, by id: ``id`` (``node/1``, ``way/2``, ``relation/3``), ``name``, ``kind`` (value of
        ``park_ride``: ``yes``, ``train``, ``bus`` …), ``capacity`` (places, missing where not said), ``fee``
        (``yes``, ``no`` or empty); a point inside, EPSG:4326. Sites with ``park_ride=no`` or closed to the public are
        left out.

    Raises
    ------
    MissingFileError
        When a file does not exist.
    InputError
        When a file is no OSM data.

    Examples
    --------
    >>> read_park_and_ride("nowhere.osm.pbf")
    Traceback (most recent call last):
    ...
    geo_access.errors.MissingFileError: nowhere.osm.pbf: file not found → check the path
    """
    import geopandas as gpd  # noqa: PLC0415 — importing the room stays cheap
    import pandas as pd  # noqa: PLC0415

    paths = [Path(osm_paths)] if isinstance(osm_paths, str | Path) else [Path(path) for path in osm_paths]
    missing = [Fault(str(path), "file not found", "check the path") for path in paths if not path.is_file()]
    raise_faults(missing, error=MissingFileError)
    sites: dict[str, tuple[dict[str, Any], Any]] = {}
    for path in paths:
        try:
            _read_into(sites, path)
        except (RuntimeError, ValueError, OSError) as error:
            raise InputError(
                f"{path.name}: it cannot be read as OSM data ({error}) → download it again; "
                "expected .osm.pbf, .osm or .osm.bz2"
            ) from error
    order = sorted(sites, key=lambda name: (name.split("/")[0], int(name.split("/")[1])))
    frame = pd.DataFrame([sites[name][0] for name in order], columns=list(_COLUMNS)).astype({"capacity": "Int32"})
    return gpd.GeoDataFrame(frame, geometry=[sites[name][1] for name in order], crs=WGS84)


def _read_into(sites: dict[str, tuple[dict[str, Any], Any]], path: Path) -> None:
    import osmium  # noqa: PLC0415 — importing the room stays cheap
    import shapely  # noqa: PLC0415

    factory = osmium.geom.WKBFactory()
    key = osmium.filter.KeyFilter("park_ride")
    for item in osmium.FileProcessor(str(path)).with_areas(key).with_filter(key):
        tags = {tag.k: tag.v for tag in item.tags}
        if tags.get("amenity") != "parking" or tags["park_ride"] in _CLOSED or tags.get("access") in _CLOSED:
            continue
        if isinstance(item, osmium.osm.Node):
            name, point = f"node/{item.id}", shapely.Point(item.lon, item.lat)
        elif isinstance(item, osmium.osm.Area):
            shape = shapely.from_wkb(bytes.fromhex(factory.create_multipolygon(item)))
            kind = "way" if item.from_way() else "relation"
            name, point = f"{kind}/{item.orig_id()}", shape.point_on_surface()
        else:
            continue
        row: dict[str, Any] = {"id": name, "name": tags.get("name", ""), "kind": tags["park_ride"]}
        row["fee"] = tags.get("fee", "")
        digits = tags.get("capacity", "")
        # Python reads other alphabets' digits too; the places of a car park are fewer than a million.
        row["capacity"] = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 7 else None
        sites.setdefault(name, (row, point))
