"""What stands before every answer: who may ask, how much, and what the browser may do with the page."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Access", "BodyTooLargeError", "Guard"]

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:{tiles}; "
    "connect-src 'self'{tiles}; worker-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Access:
    """Who may ask.

    Attributes
    ----------
    hosts : frozenset of str
        ``Host`` headers answered, port included, compared exactly: a name that was rebound to this machine is another.
    secret : str
        Asked of every request to the API when the page is served beyond this machine; empty on loopback.
    launch : str
        Made anew at each launch; whoever changes or computes something must have read it from the page.
    most_bytes : int
        Longest body.
    tile_origin : str
        Origin of an outside base map, when one was asked for; empty: no request leaves the page's origin.
    """

    hosts: frozenset[str]
    secret: str = ""
    launch: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    most_bytes: int = 2_000_000
    tile_origin: str = ""

    @property
    def origins(self) -> frozenset[str]:
        """``Origin`` headers answered."""
        return frozenset(f"{scheme}://{host}" for host in self.hosts for scheme in ("http", "https"))


class BodyTooLargeError(Exception):
    """The body grew beyond what is read."""


class Guard:
    """ASGI middleware that refuses what does not come from the page itself."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access
        tiles = f" {access.tile_origin}" if access.tile_origin else ""
        self._policy = _POLICY.format(tiles=tiles)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with a status and one word."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._dress(MutableHeaders(scope=message), str(scope["path"]))
            await send(message)

        refused = self._refusal(scope)
        if refused is not None:
            await JSONResponse({"error": refused[1]}, status_code=refused[0])(scope, receive, dressed)
            return
        try:
            await self._app(scope, self._counted(receive), dressed)
        except BodyTooLargeError:
            await JSONResponse({"error": "too large"}, status_code=413)(scope, receive, dressed)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers, access = Headers(scope=scope), self._access
        if headers.get("host", "") not in access.hosts:
            return 421, "host"
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405, "method"
        origin = headers.get("origin")
        if origin is not None and origin not in access.origins:
            return 403, "origin"
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return 403, "site"
        asked_of_api = str(scope["path"]).startswith("/api/")
        if access.secret and asked_of_api and not _same(headers.get("x-geo-access-token", ""), access.secret):
            return 401, "token"
        if scope["method"] != "POST":
            return None
        if origin is None:
            return 403, "origin"
        if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return 415, "type"
        if not _same(headers.get("x-geo-access-launch", ""), access.launch):
            return 403, "launch"
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > access.most_bytes:
            return 413, "too large"
        return None

    def _counted(self, receive: Receive) -> Receive:
        """Read no more of a body than is allowed, whatever its headers say."""
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._access.most_bytes:
                raise BodyTooLargeError
            return message

        return counted

    def _dress(self, headers: MutableHeaders, path: str) -> None:
        headers["Content-Security-Policy"] = self._policy
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "geolocation=(), camera=(), microphone=()"
        if path.startswith("/api/") or path == "/":
            headers["Cache-Control"] = "no-store"


def _same(given: str, wanted: str) -> bool:
    return secrets.compare_digest(given.encode(), wanted.encode())
