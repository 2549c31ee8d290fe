"""Fetch the files of the catalogue into a cache: resumed, retried, checked; what fails is said and skipped."""

from __future__ import annotations

import hashlib
import http.client
import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pooch

from geo_access.errors import InputError
from geo_access.manifest import sha256_file
from geo_access.sources.fetch.catalogue import Source
from geo_access.sources.fetch.silence import no_answer, origin_of, silent_origins
from geo_access.sources.web import RefusedError, check_url, open_url
from geo_access.words.note import Note, note
from geo_access.words.told import refusal

__all__ = ["Fetched", "Transfer", "download", "fetch"]

_LEDGER = "fetched.json"
_BLOCK_BYTES = 1 << 18
_USER_AGENT = "geo-access (open data study; no tracking)"
# What the file formats begin with; a server that is ill answers with a page.
_MAGIC = {".zip": (b"PK",), ".gpkg": (b"SQLite format 3",), ".xlsx": (b"PK",), ".parquet": (b"PAR1",)}
_PAGE = (b"<!doctype html", b"<html")


@dataclass(frozen=True)
class Transfer:
    """How files are brought.

    Attributes
    ----------
    refresh : bool
        Download again what is there.
    retries : int
        Tries after the first.
    timeout_s, pause_s : float
        Longest silence of a server [s], and pause before the first new try, doubled each time [s].
    max_bytes : int
        Largest file accepted [B].
    knock_s : float
        Before the first download all servers are asked at once whether they are there, for so long [s]; those that are
        silent are not asked for their files. 0: nobody is asked.
    """

    refresh: bool = False
    retries: int = 3
    timeout_s: float = 60.0
    pause_s: float = 2.0
    max_bytes: int = 8_000_000_000
    knock_s: float = 0.0


@dataclass(frozen=True)
class Fetched:
    """What became of one source.

    Attributes
    ----------
    id, title, url, file, licence, vintage : str
        Of the source.
    status : str
        ``downloaded``, ``cached`` or ``failed``.
    path : str
        Where the file lies; empty when it failed.
    bytes : int
        Size [B].
    sha256, last_modified : str
        Of the file as received; empty when unknown.
    note : Note or None
        Why it failed, or that the content changed since the last time.
    """

    id: str
    title: str
    url: str
    file: str
    licence: str
    vintage: str
    status: str
    path: str = ""
    bytes: int = 0
    sha256: str = ""
    last_modified: str = ""
    note: Note | None = None


class _GoneError(Exception):
    """An answer that trying again will not mend; `why` says which."""

    def __init__(self, why: Note) -> None:
        super().__init__(str(why))
        self.why = why


class _BrokenError(OSError):
    """A download that broke, and may be tried again; `why` says how."""

    def __init__(self, why: Note) -> None:
        super().__init__(str(why))
        self.why = why


def fetch(
    sources: Sequence[Source],
    folder: str | Path,
    *,
    transfer: Transfer | None = None,
    tell: Callable[[str], None] | None = None,
) -> tuple[Fetched, ...]:
    """Fetch sources into a folder; one that fails does not stop the others.

    A file that is there with the checksum noted last time is kept unless it is to be refreshed. A download that breaks
    leaves its part, and the next try asks for the rest.

    Parameters
    ----------
    sources : sequence of Source
        What to fetch.
    folder : str or pathlib.Path
        Cache; made when absent. ``fetched.json`` in it notes address, licence, vintage, size, checksum, last-modified.
    transfer : Transfer, optional
        Patience and limits; by default those of ``Transfer()``.
    tell : callable, optional
        Called with a line of progress.

    Returns
    -------
    tuple of Fetched
        One per source, in order.
    """
    how = Transfer() if transfer is None else transfer
    cache = Path(folder)
    cache.mkdir(parents=True, exist_ok=True)
    ledger = _read_ledger(cache)
    # We tell what happens ourselves.
    pooch.get_logger().setLevel("WARNING")
    kept = {} if how.refresh else {source.id: _kept(source, cache, ledger.get(source.id, {})) for source in sources}
    asked = [source.url for source in sources if kept.get(source.id) is None and source.checked != "by hand"]
    silent = silent_origins(asked, within_s=how.knock_s) if how.knock_s > 0 else frozenset()
    downloader = _Resumed(how)
    results = []
    for source in sources:
        if tell:
            tell(f"{source.id}: {source.title}")
        result = kept.get(source.id)
        if result is None and source.checked != "by hand" and origin_of(source.url) in silent:
            result = _failed(source, note("fetch.silent", host=origin_of(source.url)))
        if result is None:
            result = _fetch_one(source, cache, str(ledger.get(source.id, {}).get("sha256", "")), downloader)
        results.append(result)
        if result.status != "failed":
            ledger[source.id] = {**asdict(replace(result, note=None)), "note": str(result.note or "")}
            _write_ledger(cache, ledger)
    return tuple(results)


def _plain(source: Source) -> dict[str, Any]:
    return {key: getattr(source, key) for key in ("id", "title", "url", "file", "licence", "vintage")}


def _failed(source: Source, why: Note) -> Fetched:
    return Fetched(**_plain(source), status="failed", note=why)


def _kept(source: Source, cache: Path, before: dict[str, Any]) -> Fetched | None:
    """Return the file that is there with the checksum noted, or that was put there by hand."""
    target = cache / source.file
    if not target.is_file():
        return None
    digest = sha256_file(target)
    noted = before.get("url") == source.url and before.get("sha256") == digest
    # Where nothing was ever noted, the user put the file there: a server that is silent is no reason to refuse it.
    if not noted and (source.sha256 not in (None, digest) or (before and source.checked != "by hand")):
        return None
    return Fetched(
        **_plain(source),
        status="cached",
        path=str(target),
        bytes=target.stat().st_size,
        sha256=digest,
        last_modified=str(before.get("last_modified", "")) if noted else "",
    )


def _fetch_one(source: Source, cache: Path, before_sha256: str, downloader: _Resumed) -> Fetched:
    """Download a source, whatever is there."""
    target = cache / source.file
    if source.checked == "by hand":
        return _kept(source, cache, {}) or _failed(source, note("fetch.by_hand"))
    try:
        # A name of its own, so that a refresh that fails leaves the former file in place.
        fresh = Path(
            pooch.retrieve(
                source.url, known_hash=source.sha256, fname=f"{source.file}.new", path=cache, downloader=downloader
            )
        )
        digest = sha256_file(fresh)
        fresh.replace(target)
    except (InputError, OSError, ValueError, http.client.HTTPException) as error:
        return _failed(source, _why(error))
    finally:
        (cache / f"{source.file}.new").unlink(missing_ok=True)
    return Fetched(
        **_plain(source),
        status="downloaded",
        path=str(target),
        bytes=target.stat().st_size,
        sha256=digest,
        last_modified=downloader.last_modified,
        note=note("fetch.changed") if before_sha256 and before_sha256 != digest else None,
    )


def _why(error: Exception) -> Note:
    """Reason of a failure, without its address: that stands beside it."""
    if isinstance(error, InputError) and error.key in ("fetch.tried", "fetch.failed"):
        return note("fetch.reason", why=error.values["why"])
    if isinstance(error, RefusedError):
        return note("fetch.refused", kind=note(f"fetch.{str(error.key).replace('.', '_')}"))
    if isinstance(error, ValueError) and not isinstance(error, InputError):
        return note("fetch.checksum")
    return note("fetch.reason", why=str(error))


class _Resumed:
    """Downloader for pooch: retries, and asks a server for the rest of what it began."""

    def __init__(self, transfer: Transfer) -> None:
        self.transfer, self.last_modified = transfer, ""

    def __call__(self, url: str, output_file: Any, _: pooch.Pooch) -> None:
        """Download `url` and copy it to `output_file`, as pooch asks."""
        home = Path(str(output_file)).parent
        part = home / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.part"
        self.last_modified = download(url, part, transfer=self.transfer)
        shutil.copyfile(part, output_file)
        part.unlink()
        part.with_suffix(".tag").unlink(missing_ok=True)


def download(url: str, part: Path, *, transfer: Transfer | None = None) -> str:
    """Download an address to a file, resuming what is already there.

    Parameters
    ----------
    url : str
        https, or http of this machine.
    part : pathlib.Path
        File written; its beginning is kept between tries when the server says that its content is still the same.
    transfer : Transfer, optional
        Patience and limits; by default those of ``Transfer()``.

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
    how = Transfer() if transfer is None else transfer
    reason: object = ""
    for attempt in range(how.retries + 1):
        if attempt:
            time.sleep(how.pause_s * 2 ** (attempt - 1))
        try:
            return _once(url, part, how)
        except RefusedError:
            raise
        except _GoneError as error:
            raise refusal("fetch.failed", url=url, why=error.why) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = error.why if isinstance(error, _BrokenError) else no_answer(error)
    raise refusal("fetch.tried", url=url, why=reason, n=how.retries + 1)


def _once(url: str, part: Path, transfer: Transfer) -> str:
    tag_file = part.with_suffix(".tag")
    tag = tag_file.read_text(encoding="utf-8") if tag_file.is_file() else ""
    have = part.stat().st_size if part.is_file() and tag else 0
    headers = {"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": tag}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 — the door checks the scheme
    try:
        answer = open_url(request, timeout_s=transfer.timeout_s)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink(missing_ok=True)
            tag_file.unlink(missing_ok=True)
            raise _BrokenError(note("fetch.part_unfit")) from error
        if error.code in (408, 425, 429) or error.code >= http.client.INTERNAL_SERVER_ERROR:
            raise
        raise _GoneError(note("fetch.answers", code=str(error.code), reason=str(error.reason))) from error
    with answer:
        resumed = answer.status == http.client.PARTIAL_CONTENT
        length = answer.headers.get("Content-Length")
        expected = int(length) + (have if resumed else 0) if length else None
        if expected is not None and expected > transfer.max_bytes:
            raise _GoneError(note("fetch.announces", mb=expected / 1e6, limit=transfer.max_bytes / 1e6))
        new_tag = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
        # A weak tag does not promise the same bytes.
        tag_file.write_text("" if new_tag.startswith("W/") else new_tag, encoding="utf-8")
        _copy(answer, part, append=resumed, max_bytes=transfer.max_bytes)
        modified = answer.headers.get("Last-Modified") or ""
    size = part.stat().st_size
    if expected is not None and size != expected:
        raise _BrokenError(note("fetch.broke", size=size, expected=expected))
    _check_content(url, part)
    return modified


def _copy(answer: Any, part: Path, *, append: bool, max_bytes: int) -> None:
    size = part.stat().st_size if append else 0
    with part.open("ab" if append else "wb") as sink:
        while block := answer.read(_BLOCK_BYTES):
            size += len(block)
            if size > max_bytes:
                raise _GoneError(note("fetch.larger", limit=max_bytes / 1e6))
            sink.write(block)


def _check_content(url: str, part: Path) -> None:
    with part.open("rb") as stream:
        start = stream.read(64)
    wanted = _MAGIC.get(Path(urlsplit(url).path).suffix.lower(), ())
    if not start:
        part.unlink()
        raise _BrokenError(note("fetch.nothing"))
    if start.lstrip().lower().startswith(_PAGE) or (wanted and not start.startswith(wanted)):
        part.unlink()
        raise _GoneError(note("fetch.page"))


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
