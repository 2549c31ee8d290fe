"""Servers that do not answer: who is there at all, and why a connection failed, in words."""

from __future__ import annotations

import http.client
import socket
import urllib.error
from collections.abc import Iterable
from threading import Thread
from time import monotonic
from urllib.parse import urlsplit
from urllib.request import Request

from geo_access.errors import InputError
from geo_access.sources.web import open_url
from geo_access.words.note import Note, note

__all__ = ["no_answer", "origin_of", "silent_origins"]

_AGENT = "geo-access (open data study; no tracking)"


def origin_of(url: str) -> str:
    """Scheme and host of an address.

    Examples
    --------
    >>> origin_of("https://example.org/a/b.zip?c=d")
    'https://example.org'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def silent_origins(urls: Iterable[str], *, within_s: float) -> frozenset[str]:
    """Ask all servers of some addresses at once whether they are there.

    Parameters
    ----------
    urls : iterable of str
    within_s : float
        How long all of them together have to answer [s].

    Returns
    -------
    frozenset of str
        Those that nobody answered for. A server that refuses what it is asked is there.
    """
    silent = {origin_of(url) for url in urls}
    heard: set[str] = set()

    def knock(origin: str) -> None:
        try:
            asked = Request(origin + "/", method="HEAD", headers={"User-Agent": _AGENT})  # noqa: S310 — the door checks
            with open_url(asked, timeout_s=within_s):
                heard.add(origin)
        except (urllib.error.HTTPError, InputError):
            heard.add(origin)
        except (OSError, http.client.HTTPException, ValueError):
            return

    # A name that is looked up has no time-out of its own: nobody waits for the thread that does it.
    threads = [Thread(target=knock, args=(origin,), daemon=True) for origin in sorted(silent)]
    for thread in threads:
        thread.start()
    until = monotonic() + within_s
    for thread in threads:
        thread.join(max(0.0, until - monotonic()))
    return frozenset(silent - heard)


def no_answer(error: Exception) -> Note | str:
    """Say why nothing came: the usual reasons in the reader's words, others as the system tells them.

    Examples
    --------
    >>> str(no_answer(TimeoutError()))
    'the server is silent'
    """
    if isinstance(error, urllib.error.HTTPError):
        return note("fetch.answers", code=str(error.code), reason=str(error.reason))
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, socket.gaierror):
        return note("fetch.no_name")
    if isinstance(cause, TimeoutError):
        return note("fetch.silence")
    if isinstance(cause, ConnectionError):
        return note("fetch.no_connection")
    return str(cause) or type(cause).__name__
