"""The one door to the internet: https to public places, and where it leads is checked at every step.

Plain http is for the machine itself (tests, a geocoder of one's own). A redirection never leaves https, and never leads
from outside to the machine or its private network.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from geo_access.errors import InputError

__all__ = ["RefusedError", "check_url", "is_loopback", "open_url"]

_MOST_REDIRECTS = 5


class RefusedError(InputError):
    """An address that is not asked, whatever else happens."""


def is_loopback(url: str) -> bool:
    """Whether an address names this machine itself.

    Examples
    --------
    >>> is_loopback("http://127.0.0.1:8000/search"), is_loopback("http://localhost.example.org/")
    (True, False)
    """
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_url(url: str) -> None:
    """Refuse what is neither https nor this machine.

    Raises
    ------
    RefusedError
        With the scheme and host that were refused.

    Examples
    --------
    >>> check_url("https://example.org/a.zip")
    >>> check_url("ftp://example.org/a.zip")
    Traceback (most recent call last):
    ...
    geo_access.sources.web.RefusedError: ftp://example.org: not https → give an https address
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        raise RefusedError(
            f"{url!r}: not a web address → give an https address", key="web.not_https", values={"url": url}
        ) from error
    if host and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url))):
        return
    # The path and the query may hold what must not be shown.
    shown = f"{parts.scheme}://{host or ''}"
    raise RefusedError(f"{shown}: not https → give an https address", key="web.not_https", values={"url": shown})


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = _MOST_REDIRECTS

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        check_url(newurl)
        if is_loopback(newurl) and not is_loopback(req.full_url):
            raise RefusedError(
                f"{req.host}: leads to this machine → not followed", key="web.inward", values={"host": req.host}
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _connect(place: tuple[str, int], timeout: Any = None, source: Any = None) -> socket.socket:
    """Connect to a host of the public internet: the very address that was checked, not one resolved again."""
    host, port = place
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    public = [address for *_, address in found if ipaddress.ip_address(str(address[0]).partition("%")[0]).is_global]
    if not public:
        raise RefusedError(f"{host}: lies in a private network → not asked", key="web.private", values={"host": host})
    failure: OSError | None = None
    for address in public:
        try:
            return socket.create_connection((str(address[0]), port), timeout, source)
        except OSError as error:
            failure = error
    raise failure or OSError(host)


class _PublicHTTPSConnection(http.client.HTTPSConnection):
    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._create_connection = _connect


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, *, public_only: bool) -> None:
        self._context = ssl.create_default_context()
        super().__init__(context=self._context)
        self._public_only = public_only

    def https_open(self, req: Any) -> Any:
        # Through a proxy, it is the proxy that resolves the name.
        proxied = bool(getattr(req, "_tunnel_host", None)) or req.has_proxy()
        checked = self._public_only and not proxied and not is_loopback(req.full_url)
        kind = _PublicHTTPSConnection if checked else http.client.HTTPSConnection
        return self.do_open(kind, req, context=self._context)


def open_url(request: urllib.request.Request, *, timeout_s: float, public_only: bool = True) -> Any:
    """Open an https address, or one of this machine.

    Parameters
    ----------
    request : urllib.request.Request
    timeout_s : float
        Longest silence [s].
    public_only : bool
        Refuse hosts of private networks: for addresses that a catalogue or another server gave. A service that the
        user names may be their own.

    Returns
    -------
    http.client.HTTPResponse
        To be closed.

    Raises
    ------
    RefusedError
        For another scheme, a redirection out of https, or a private place.
    urllib.error.HTTPError, urllib.error.URLError, OSError
        What the server or the network says.
    """
    check_url(request.full_url)
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        _Https(public_only=public_only),
        _Redirects(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener.open(request, timeout=timeout_s)
