"""Fetch the streets of a place or a polygon from an Overpass server; only this module asks for streets online."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from geo_access.errors import CapacityError, CoverageError, InputError

__all__ = ["download_streets"]

OVERPASS_URL = "https://overpass-api.de/api/interpreter"
GEOCODER_URL = "https://nominatim.openstreetmap.org/search"
_AGENT = "geo-access (accessibility studies)"
_BLOCK_BYTES = 1 << 20


def _open(url: str, timeout_s: float, data: bytes | None = None) -> Any:
    if urlsplit(url).scheme not in ("http", "https"):
        raise InputError(f"{url}: not an http(s) address → check the server's address")
    request = Request(url, data=data, headers={"User-Agent": _AGENT})  # noqa: S310 — scheme checked above
    try:
        return urlopen(request, timeout=timeout_s)  # noqa: S310
    except HTTPError as error:
        busy = error.code in (429, 504)
        remedy = "the server is busy: wait a minute and try again" if busy else "check the address and the area"
        raise InputError(f"{url}: the server answered {error.code} → {remedy}") from error
    except (URLError, TimeoutError, OSError) as error:
        raise InputError(f"{url}: no answer ({error}) → check the connection, or use a downloaded extract") from error


def _place_polygon(place: str, geocoder_url: str, timeout_s: float) -> BaseGeometry:
    query = urlencode({"q": place, "format": "geojson", "polygon_geojson": 1, "limit": 1})
    with _open(f"{geocoder_url}?{query}", timeout_s) as answer:
        try:
            found = json.loads(answer.read(64 * _BLOCK_BYTES))["features"]
            outline = shape(found[0]["geometry"]) if found else shapely.Point()
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise InputError(f"{place}: the geocoder's answer is no GeoJSON → check its address") from error
    if outline.is_empty or outline.geom_type not in ("Polygon", "MultiPolygon"):
        raise CoverageError(f"{place}: no area of that name was found → name it with its region, or give a polygon")
    return outline


def _query(area: BaseGeometry, timeout_s: float) -> str:
    outline = shapely.simplify(area, 1e-4)
    rings = [part.exterior for part in shapely.get_parts(outline)]
    ways = "".join(
        f'way[{key}](poly:"{" ".join(f"{y:.6f} {x:.6f}" for x, y in ring.coords)}");'
        for ring in rings
        for key in ('"highway"', '"route"="ferry"')
    )
    return f'[out:xml][timeout:{timeout_s:.0f}];({ways})->.w;(.w;rel(bw.w)["type"="restriction"];.w>;);out body;'


def download_streets(
    area: str | BaseGeometry,
    path: str | Path,
    *,
    overpass_url: str = OVERPASS_URL,
    geocoder_url: str = GEOCODER_URL,
    timeout_s: float = 180.0,
    max_megabytes: int = 500,
) -> Path:
    """Download the streets of an area into an ``.osm`` file that `build_streets` reads.

    Parameters
    ----------
    area : str or shapely polygon
        Name of a place, or its outline in degrees (EPSG:4326).
    path : path
        File to write, ending in ``.osm``; replaced only when the answer is complete.
    overpass_url, geocoder_url : str
        Servers to ask.
    timeout_s : float
        Longest wait [s].
    max_megabytes : int
        Largest answer accepted.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    InputError
        When the area is no polygon in degrees, or a server does not answer as it should.
    CoverageError
        When no place of that name is found.
    CapacityError
        When the answer is too large.

    Notes
    -----
    A plain client, and not OSMnx's downloader, for three reasons: OSMnx asks for ways only, so that turn restrictions,
    barriers, signals and ferries would be missing; it keeps the server, the cache and the pauses in global settings and
    writes its cache into the working folder; and its result is a graph, where this one is a file that can be kept,
    hashed into the manifest, and read again. What OSMnx downloaded already is read by `from_osmnx`. Areas too large for
    one question, beyond a department or so, are better served by an extract.

    Data © OpenStreetMap contributors, ODbL 1.0.
    """
    target = Path(path)
    if target.suffix != ".osm":
        raise InputError(f"{target.name}: Overpass answers in OSM XML → name a file that ends in .osm")
    outline = _place_polygon(area, geocoder_url, timeout_s) if isinstance(area, str) else area
    polygonal = outline.geom_type in ("Polygon", "MultiPolygon") and not outline.is_empty and outline.is_valid
    west, south, east, north = outline.bounds if polygonal else (0.0, 0.0, 0.0, 0.0)
    if not polygonal or max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        raise InputError("area: not a valid polygon in degrees → give it in EPSG:4326, longitude first")
    data = urlencode({"data": _query(outline, timeout_s)}).encode()
    part = target.with_suffix(".osm.part")
    size, head = 0, b""
    try:
        with _open(overpass_url, timeout_s, data) as answer, part.open("wb") as stream:
            while block := answer.read(_BLOCK_BYTES):
                head = head or block[:2_000]
                size += len(block)
                if size > max_megabytes * 1_000_000:
                    raise CapacityError(f"{overpass_url}: more than {max_megabytes} MB → ask for a smaller area")
                stream.write(block)
        with part.open("rb") as stream:
            stream.seek(max(0, size - 2_000))
            tail = stream.read()
        if b"<osm" not in head or b"</osm>" not in tail or b"<remark>" in tail:
            raise InputError(f"{overpass_url}: the answer is not complete OSM data → ask for a smaller area, or later")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target
