"""The server: its routes, its guard, and what is told when a question fails."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import AsyncIterator
from importlib import resources

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from geo_access.errors import GeoAccessError
from geo_access.web.asking import asking_routes
from geo_access.web.editing import editing_routes
from geo_access.web.guard import Access, BodyTooLargeError, Guard
from geo_access.web.workshop import Handler, Workshop, asked_language
from geo_access.words.messages import error_text
from geo_access.words.words import text

__all__ = ["Workshop", "make_app"]

_LOG = logging.getLogger("geo_access.web")
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".mjs": "text/javascript"}


def make_app(workshop: Workshop, access: Access) -> Starlette:
    """Build the server.

    Parameters
    ----------
    workshop : Workshop
    access : Access

    Returns
    -------
    starlette.applications.Starlette
    """
    pages = _pages()

    async def page(request: Request) -> Response:
        found = pages.get(request.path_params.get("name", "index.html"))
        return Response(status_code=404) if found is None else Response(found[1], media_type=found[0])

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        del app
        yield
        workshop.engine.close()

    api = asking_routes(workshop, access) + editing_routes(workshop)
    routes = [Route(f"/api/{name}", _told(workshop, handler), methods=[verb]) for name, handler, verb in api]
    routes += [Route("/", page), Route("/page/{name:path}", page)]
    middleware = [Middleware(Guard, access=access), Middleware(GZipMiddleware, minimum_size=2000, compresslevel=4)]
    return Starlette(routes=routes, middleware=middleware, lifespan=life)


def _told(workshop: Workshop, handler: Handler) -> Handler:
    """Tell what goes wrong in a sentence of the reader's language; nothing of the question reaches the log."""

    async def answered(request: Request) -> Response:
        language = asked_language(request, workshop)
        try:
            return await handler(request)
        except BodyTooLargeError:
            raise
        except GeoAccessError as error:
            return JSONResponse({"error": error_text(error, language)}, status_code=400)
        except (ValueError, UnicodeDecodeError, RecursionError) as error:
            if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError):
                return JSONResponse({"error": text("web.not_json", language)}, status_code=400)
            _LOG.error("%s failed: %s", request.url.path, type(error).__name__)
        except Exception as error:  # noqa: BLE001 — a failed question never takes the server down
            _LOG.error("%s failed: %s", request.url.path, type(error).__name__)
        return JSONResponse({"error": text("web.failed", language)}, status_code=500)

    return answered


def _pages() -> dict[str, tuple[str, bytes]]:
    """Files of the page by name: no path from a request ever reaches the disk."""
    found: dict[str, tuple[str, bytes]] = {}
    for folder in ("page", "vendor"):
        for file in resources.files("geo_access.web").joinpath(folder).iterdir():
            ending = "." + file.name.rpartition(".")[2]
            if ending in _TYPES:
                found[file.name] = (f"{_TYPES[ending]}; charset=utf-8", file.read_bytes())
    return found
