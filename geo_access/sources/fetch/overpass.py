"""Fetch the streets of a place or a polygon from an Overpass server; only this module asks for streets online."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from geo_access.errors import CapacityError, CoverageError
from geo_access.sources.fetch.silence import no_answer
from geo_access.sources.web import open_url
from geo_access.words.told import refusal

__all__ = ["download_streets"]

_AGENT = "geo-access (accessibility studies)"
_OSM_BLOCK_BYTES = 1 << 20


def _open(url: str, timeout_s: float, data: bytes | None = None) -> Any:
    request = Request(url, data=data, headers={"User-Agent": _AGENT})  # noqa: S310 — the door checks the scheme
    try:
        return open_url(request, timeout_s=timeout_s, public_only=False)
    except HTTPError as error:
        busy = error.code in (429, 504)
        key = "fetch.busy" if busy else "fetch.answered"
        raise refusal(key, url=url, code=str(error.code)) from error
    except (URLError, TimeoutError, OSError) as error:
        raise refusal("fetch.no_answer", url=url, why=no_answer(error)) from error


def _place_polygon(place: str, geocoder_url: str, timeout_s: float) -> BaseGeometry:
    query = urlencode({"q": place, "format": "geojson", "polygon_geojson": 1, "limit": 1})
    with _open(f"{geocoder_url}?{query}", timeout_s) as answer:
        try:
            found = json.loads(answer.read(64 * _OSM_BLOCK_BYTES))["features"]
            outline = shape(found[0]["geometry"]) if found else shapely.Point()
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise refusal("fetch.no_geojson", place=place) from error
    if outline.is_empty or outline.geom_type not in ("Polygon", "MultiPolygon"):
        raise refusal("fetch.no_area", CoverageError, place=place)
    return outline


# Everything that is walked, ridden or driven, as `read_osm` reads it.
_WALKED = (
    '"highway"',
    '"route"="ferry"',
    '"railway"="platform"',
    '"public_transport"="platform"',
    '"man_made"="pier"',
)


def _query(area: BaseGeometry, timeout_s: float) -> str:
    """Ask for the ways, the restrictions and squares made of several lines, and what stands in the way on a square."""
    outline = shapely.simplify(area, 1e-4)
    rings = [part.exterior for part in shapely.get_parts(outline)]
    ways = "".join(
        f'way[{key}](poly:"{" ".join(f"{y:.6f} {x:.6f}" for x, y in ring.coords)}");'
        for ring in rings
        for key in _WALKED
    )
    return (
        f"[out:xml][timeout:{timeout_s:.0f}];({ways})->.w;"
        'way.w["area"="yes"]->.s;(way(around.s:10)["building"];way(around.s:10)["barrier"];)->.o;'
        'rel(bw.w)["type"="multipolygon"]["highway"]->.m;'
        '(.w;.o;rel(bw.w)["type"="restriction"];.m;.w>;.o>;.m>;);out body;'
    )


def download_streets(
    area: str | BaseGeometry,
    path: str | Path,
    *,
    overpass_url: str,
    geocoder_url: str,
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
        raise refusal("fetch.osm_name", file=target.name)
    outline = _place_polygon(area, geocoder_url, timeout_s) if isinstance(area, str) else area
    polygonal = outline.geom_type in ("Polygon", "MultiPolygon") and not outline.is_empty and outline.is_valid
    west, south, east, north = outline.bounds if polygonal else (0.0, 0.0, 0.0, 0.0)
    if not polygonal or max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        raise refusal("fetch.area")
    data = urlencode({"data": _query(outline, timeout_s)}).encode()
    part = target.with_suffix(".osm.part")
    size, head = 0, b""
    try:
        with _open(overpass_url, timeout_s, data) as answer, part.open("wb") as stream:
            while block := answer.read(_OSM_BLOCK_BYTES):
                head = head or block[:2_000]
                size += len(block)
                if size > max_megabytes * 1_000_000:
                    raise refusal("fetch.too_large", CapacityError, url=overpass_url, mb=max_megabytes)
                stream.write(block)
        with part.open("rb") as stream:
            stream.seek(max(0, size - 2_000))
            tail = stream.read()
        if b"<osm" not in head or b"</osm>" not in tail or b"<remark>" in tail:
            raise refusal("fetch.osm_cut", url=overpass_url)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target
