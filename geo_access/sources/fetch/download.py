"""Fetch the files of the catalogue into a cache: resumed, retried, checked; what fails is said and skipped.

Fetch the streets of a place or a polygon from an Overpass server; only this module asks for streets online.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request

import pooch
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from geo_access.errors import CapacityError, CoverageError, InputError
from geo_access.manifest import sha256_file
from geo_access.sources.fetch.catalogue import Source
from geo_access.sources.web import RefusedError, check_url, open_url
from geo_access.words.told import refusal

__all__ = ["Fetched", "download", "download_streets", "fetch"]

_LEDGER = "fetched.json"
_BLOCK_BYTES = 1 << 18
_USER_AGENT = "geo-access (open data study; no tracking)"
# What the file formats begin with; a server that is ill answers with a page.
_MAGIC = {".zip": (b"PK",), ".gpkg": (b"SQLite format 3",), ".xlsx": (b"PK",), ".parquet": (b"PAR1",)}
_PAGE = (b"<!doctype html", b"<html")


@dataclass(frozen=True)
class Fetched:
    """What became of one source.

    Attributes
    ----------
    id, url, file, licence, vintage : str
        Of the source.
    status : str
        ``downloaded``, ``cached`` or ``failed``.
    path : str
        Where the file lies; empty when it failed.
    bytes : int
        Size [B].
    sha256, last_modified : str
        Of the file as received; empty when unknown.
    note : str
        Why it failed, or that the content changed since the last time.
    """

    id: str
    url: str
    file: str
    licence: str
    vintage: str
    status: str
    path: str = ""
    bytes: int = 0
    sha256: str = ""
    last_modified: str = ""
    note: str = ""


class _GoneError(Exception):
    """An answer that trying again will not mend."""


def fetch(
    sources: Sequence[Source],
    folder: str | Path,
    *,
    refresh: bool = False,
    retries: int = 3,
    timeout_s: float = 60.0,
    pause_s: float = 2.0,
    max_bytes: int = 8_000_000_000,
    tell: Callable[[str], None] | None = None,
) -> tuple[Fetched, ...]:
    """Fetch sources into a folder; one that fails does not stop the others.

    A file that is there with the checksum noted last time is kept unless `refresh`. A download that breaks leaves its
    part, and the next try asks for the rest.

    Parameters
    ----------
    sources : sequence of Source
        What to fetch.
    folder : str or pathlib.Path
        Cache; made when absent. ``fetched.json`` in it notes address, licence, vintage, size, checksum, last-modified.
    refresh : bool
        Download again what is there.
    retries : int
        Tries after the first.
    timeout_s, pause_s : float
        Longest silence of a server [s], and pause before the first new try, doubled each time [s].
    max_bytes : int
        Largest file accepted [B].
    tell : callable, optional
        Called with a line of progress.

    Returns
    -------
    tuple of Fetched
        One per source, in order.
    """
    cache = Path(folder)
    cache.mkdir(parents=True, exist_ok=True)
    ledger = _read_ledger(cache)
    # We tell what happens ourselves.
    pooch.get_logger().setLevel("WARNING")
    downloader = _Resumed(retries=retries, timeout_s=timeout_s, pause_s=pause_s, max_bytes=max_bytes)
    results = []
    for source in sources:
        before = ledger.get(source.id, {})
        if tell:
            tell(f"{source.id}: {source.title}")
        result = _fetch_one(source, cache, before, downloader, refresh=refresh)
        results.append(result)
        if result.status != "failed":
            ledger[source.id] = asdict(result)
            _write_ledger(cache, ledger)
    return tuple(results)


def _fetch_one(source: Source, cache: Path, before: dict[str, Any], downloader: _Resumed, *, refresh: bool) -> Fetched:
    """Keep the file that is there with the checksum noted, else download it."""
    plain = {key: getattr(source, key) for key in ("id", "url", "file", "licence", "vintage")}
    target = cache / source.file
    kept = target.is_file() and before.get("url") == source.url and before.get("sha256") == sha256_file(target)
    if kept and not refresh:
        modified = str(before.get("last_modified", ""))
        return Fetched(
            **plain,
            status="cached",
            path=str(target),
            bytes=target.stat().st_size,
            sha256=str(before["sha256"]),
            last_modified=modified,
        )
    if source.checked == "by hand":
        if target.is_file():
            return Fetched(
                **plain, status="cached", path=str(target), bytes=target.stat().st_size, sha256=sha256_file(target)
            )
        return Fetched(
            **plain, status="failed", note=f"to be downloaded by hand from {source.url} → put it at {target.name}"
        )
    try:
        # A name of its own, so that a refresh that fails leaves the former file in place.
        fresh = Path(
            pooch.retrieve(
                source.url, known_hash=source.sha256, fname=f"{source.file}.new", path=cache, downloader=downloader
            )
        )
        digest = sha256_file(fresh)
        fresh.replace(target)
    except (InputError, _GoneError, OSError, ValueError, http.client.HTTPException) as error:
        note = str(error) or type(error).__name__
        return Fetched(**plain, status="failed", note=f"{note} → try again later, or put the file at {target.name}")
    finally:
        (cache / f"{source.file}.new").unlink(missing_ok=True)
    changed = bool(before.get("sha256")) and before["sha256"] != digest
    return Fetched(
        **plain,
        status="downloaded",
        path=str(target),
        bytes=target.stat().st_size,
        sha256=digest,
        last_modified=downloader.last_modified,
        note="its content changed since the last time" if changed else "",
    )


class _Resumed:
    """Downloader for pooch: retries, and asks a server for the rest of what it began."""

    def __init__(self, *, retries: int, timeout_s: float, pause_s: float, max_bytes: int) -> None:
        self.retries, self.timeout_s, self.pause_s, self.max_bytes = retries, timeout_s, pause_s, max_bytes
        self.last_modified = ""

    def __call__(self, url: str, output_file: Any, _: pooch.Pooch) -> None:
        """Download `url` and copy it to `output_file`, as pooch asks."""
        home = Path(str(output_file)).parent
        part = home / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.part"
        self.last_modified = download(
            url, part, retries=self.retries, timeout_s=self.timeout_s, pause_s=self.pause_s, max_bytes=self.max_bytes
        )
        shutil.copyfile(part, output_file)
        part.unlink()
        part.with_suffix(".tag").unlink(missing_ok=True)


def download(
    url: str,
    part: Path,
    *,
    retries: int = 3,
    timeout_s: float = 60.0,
    pause_s: float = 2.0,
    max_bytes: int = 8_000_000_000,
) -> str:
    """Download an address to a file, resuming what is already there.

    Parameters
    ----------
    url : str
        http or https.
    part : pathlib.Path
        File written; its beginning is kept between tries when the server says that its content is still the same.
    retries : int
        Tries after the first.
    timeout_s, pause_s : float
        Longest silence [s]; first pause [s].
    max_bytes : int
        Largest size [B].

    Returns
    -------
    str
        Last-Modified of the server; empty when it says none.

    Raises
    ------
    InputError
        With the reason of the last try.
    """
    check_url(url)
    reason = ""
    for attempt in range(retries + 1):
        if attempt:
            time.sleep(pause_s * 2 ** (attempt - 1))
        try:
            return _once(url, part, timeout_s, max_bytes)
        except RefusedError:
            raise
        except _GoneError as error:
            raise refusal("fetch.failed", url=url, why=error) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = str(error) or type(error).__name__
    raise refusal("fetch.tried", url=url, why=reason, n=retries + 1)


def _once(url: str, part: Path, timeout_s: float, max_bytes: int) -> str:
    tag_file = part.with_suffix(".tag")
    tag = tag_file.read_text(encoding="utf-8") if tag_file.is_file() else ""
    have = part.stat().st_size if part.is_file() and tag else 0
    headers = {"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": tag}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 — the door checks the scheme
    try:
        answer = open_url(request, timeout_s=timeout_s)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink(missing_ok=True)
            tag_file.unlink(missing_ok=True)
            raise OSError("the part kept no longer fits the file: starting again") from error
        if error.code in (408, 425, 429) or error.code >= http.client.INTERNAL_SERVER_ERROR:
            raise
        raise _GoneError(f"the server answers {error.code} {error.reason}") from error
    with answer:
        resumed = answer.status == http.client.PARTIAL_CONTENT
        length = answer.headers.get("Content-Length")
        expected = int(length) + (have if resumed else 0) if length else None
        if expected is not None and expected > max_bytes:
            raise _GoneError(f"announces {expected / 1e6:,.0f} MB, above the limit of {max_bytes / 1e6:,.0f} MB")
        new_tag = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
        # A weak tag does not promise the same bytes.
        tag_file.write_text("" if new_tag.startswith("W/") else new_tag, encoding="utf-8")
        _copy(answer, part, append=resumed, max_bytes=max_bytes)
        modified = answer.headers.get("Last-Modified") or ""
    size = part.stat().st_size
    if expected is not None and size != expected:
        raise OSError(f"the connection broke after {size:,} of {expected:,} bytes")
    _check_content(url, part)
    return modified


def _copy(answer: Any, part: Path, *, append: bool, max_bytes: int) -> None:
    size = part.stat().st_size if append else 0
    with part.open("ab" if append else "wb") as sink:
        while block := answer.read(_BLOCK_BYTES):
            size += len(block)
            if size > max_bytes:
                raise _GoneError(f"larger than the limit of {max_bytes / 1e6:,.0f} MB")
            sink.write(block)


def _check_content(url: str, part: Path) -> None:
    with part.open("rb") as stream:
        start = stream.read(64)
    wanted = _MAGIC.get(Path(urlsplit(url).path).suffix.lower(), ())
    if not start:
        part.unlink()
        raise OSError("the server sent nothing")
    if start.lstrip().lower().startswith(_PAGE) or (wanted and not start.startswith(wanted)):
        part.unlink()
        raise _GoneError("the server sent a web page or another format instead of the file")


def _read_ledger(cache: Path) -> dict[str, dict[str, Any]]:
    file = cache / _LEDGER
    if not file.is_file():
        return {}
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError):
        return {}
    return (
        {key: value for key, value in content.items() if isinstance(value, dict)} if isinstance(content, dict) else {}
    )


def _write_ledger(cache: Path, ledger: dict[str, dict[str, Any]]) -> None:
    plain = {key: {**value, "path": Path(value["path"]).name} for key, value in sorted(ledger.items())}
    text = json.dumps(plain, indent=1, ensure_ascii=False) + "\n"
    fresh = cache / f"{_LEDGER}.new"
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(cache / _LEDGER)


OVERPASS_URL = "https://overpass-api.de/api/interpreter"
GEOCODER_URL = "https://nominatim.openstreetmap.org/search"
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
        raise refusal("fetch.no_answer", url=url, why=error) from error


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
