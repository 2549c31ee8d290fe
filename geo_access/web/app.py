"""The server's routes: each reads a question, asks the engine's thread, and writes the answer."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from importlib import resources
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from geo_access.errors import GeoAccessError
from geo_access.study.prepared import PreparedStudy
from geo_access.web.adviser import adviser_answer, adviser_trip
from geo_access.web.editing import editing_routes
from geo_access.web.employer import employer_answer
from geo_access.web.employer_hours import hours_answer
from geo_access.web.guard import Access, BodyTooLargeError, Guard
from geo_access.web.observatory import MEDIA, export_file, observatory_answer, provenance, territory_answer
from geo_access.web.planner import case_answer, surface_answer, zone_answer
from geo_access.web.questions import (
    AdviserQuestion,
    AdviserTripQuestion,
    CaseQuestion,
    EmployerQuestion,
    ExportQuestion,
    JourneyQuestion,
    ObservatoryQuestion,
    SurfaceQuestion,
    TerritoryQuestion,
    ZoneQuestion,
    read_question,
)
from geo_access.web.scenarios import known_to_edit, scenarios_told
from geo_access.web.shapes import bounds_of, sites_layer, stops_layer, streets_layer, zones_layer, zones_mesh
from geo_access.web.trips import journey_answer
from geo_access.web.workshop import Handler, Workshop, asked_language, json_answer, read_body
from geo_access.words.catalogue import catalogue
from geo_access.words.messages import error_text
from geo_access.words.words import text

__all__ = ["Workshop", "make_app"]

_LOG = logging.getLogger("geo_access.web")
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".mjs": "text/javascript"}
# Prefixes of the catalogue that the page needs.
_WORDS = (
    "web.",
    "level",
    "confidence",
    "reason.",
    "mode.",
    "kind.",
    "zone_kind.",
    "remedy.",
    "report.change.",
    "report.lack.",
    "saturation",
    "doubt.",
    "cause.",
    "lift.",
    "stage.",
)


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
        name = request.path_params.get("name", "index.html")
        found = pages.get(name)
        return Response(status_code=404) if found is None else Response(found[1], media_type=found[0])

    async def start(request: Request) -> Response:
        language = asked_language(request, workshop)
        words = {key: value for key, value in catalogue(language).items() if key.startswith(_WORDS)}
        state: dict[str, Any] = {
            "words": words,
            "language": language,
            "launch": access.launch,
            "online": workshop.online,
        }
        if workshop.error is not None:
            state |= {"state": "failed", "error": error_text(workshop.error, language)}
        elif workshop.prepared is None:
            state |= {"state": "preparing", "stage": text(f"stage.{workshop.stage}", language), "share": workshop.share}
        else:
            state |= {"state": "ready", "mark": workshop.mark, **_study(workshop.prepared, language)}
            state["scenarios"] = scenarios_told(workshop.scenarios, language)
            if workshop.notice is not None:
                state["notes"] = [error_text(workshop.notice, language), *state["notes"]]
                state["notice"] = error_text(workshop.notice, language)
        return Response(json_answer(state), media_type="application/json")

    def layer(make: Callable[[PreparedStudy], bytes], name: str, *, media: str = "application/geo+json") -> Handler:
        async def answer(request: Request) -> Response:
            del request
            prepared = workshop.ready()
            content = await workshop.engine.ask_once(("layer", name), lambda: make(prepared))
            return Response(content, media_type=media)

        return answer

    def question(model: type[Any], answer: Callable[[PreparedStudy, Any], Any], *, kept: bool = True) -> Handler:
        async def handler(request: Request) -> Response:
            prepared = workshop.ready()
            asked = read_question(model, await read_body(request))

            def work() -> bytes:
                found = answer(prepared, asked)
                return found if isinstance(found, bytes) else json_answer(found)

            key = (model.__name__, asked.model_dump_json())
            content = await (workshop.engine.ask_once(key, work) if kept else workshop.engine.ask(work))
            binary = model is SurfaceQuestion
            return Response(content, media_type="application/octet-stream" if binary else "application/json")

        return handler

    async def export(request: Request) -> Response:
        prepared = workshop.ready()
        asked = read_question(ExportQuestion, await read_body(request))
        content = await workshop.engine.ask(lambda: export_file(prepared, asked))
        return Response(content, media_type=MEDIA[asked.form])

    def advised(prepared: PreparedStudy, asked: AdviserQuestion) -> dict[str, Any]:
        return adviser_answer(prepared, asked, online=workshop.online)

    def trip(prepared: PreparedStudy, asked: AdviserTripQuestion) -> dict[str, Any]:
        return adviser_trip(prepared, asked, online=workshop.online)

    api: list[tuple[str, Handler, str]] = [
        ("start", start, "GET"),
        ("zones", layer(zones_layer, "zones"), "GET"),
        ("mesh", layer(zones_mesh, "mesh", media="application/octet-stream"), "GET"),
        ("streets", layer(lambda prepared: streets_layer(prepared.network), "streets"), "GET"),
        ("stops", layer(lambda prepared: stops_layer(prepared.network), "stops"), "GET"),
        ("sites", layer(sites_layer, "sites"), "GET"),
        ("case", question(CaseQuestion, case_answer), "POST"),
        ("zone", question(ZoneQuestion, zone_answer), "POST"),
        ("surface", question(SurfaceQuestion, surface_answer, kept=False), "POST"),
        ("journey", question(JourneyQuestion, journey_answer, kept=False), "POST"),
        ("employer", question(EmployerQuestion, employer_answer, kept=False), "POST"),
        ("employer-hours", question(EmployerQuestion, hours_answer), "POST"),
        ("adviser", question(AdviserQuestion, advised, kept=False), "POST"),
        ("adviser-trip", question(AdviserTripQuestion, trip, kept=False), "POST"),
        ("observatory", question(ObservatoryQuestion, observatory_answer), "POST"),
        ("territory", question(TerritoryQuestion, territory_answer), "POST"),
        ("export", export, "POST"),
    ]
    api += editing_routes(workshop)
    routes = [Route(f"/api/{name}", _told(workshop, handler), methods=[verb]) for name, handler, verb in api]
    routes += [Route("/", page), Route("/page/{name:path}", page)]

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        del app
        yield
        workshop.engine.close()

    middleware = [Middleware(Guard, access=access), Middleware(GZipMiddleware, minimum_size=2000, compresslevel=4)]
    return Starlette(routes=routes, middleware=middleware, lifespan=life)


def _study(prepared: PreparedStudy, language: str) -> dict[str, Any]:
    """Gather what the page needs to draw its forms."""
    file = prepared.file
    return {
        "name": file.study.name,
        "territory": file.study.territory,
        "day": str(file.study.date),
        "synthetic": file.study.synthetic,
        "bounds": bounds_of(prepared),
        "zone_ids": prepared.diagnosis.residents.zone_ids.astype(str).tolist(),
        "metiers": [{"code": m.code, "name": m.name or m.code, "family": m.family} for m in prepared.metiers],
        "profiles": [{"id": p.id, "name": p.name or p.id, "mode": p.mode} for p in prepared.profiles],
        "schedules": [
            {"id": s.id, "name": s.name or s.id, "kind": s.kind, "start": s.start, "end": s.end}
            for s in prepared.schedules
        ],
        "cases": sorted({(case.profile.id, case.kind, case.schedule) for case in prepared.diagnosis.cases}),
        "sites": {kind: _sites(prepared, kind) for kind in prepared.diagnosis.sites},
        "thresholds": [
            {"id": t.id, "name": t.name, "minutes": t.minutes, "kind": t.kind, "source": t.source, "status": t.status}
            for t in prepared.thresholds
        ],
        "notes": [note.told(language) for note in prepared.diagnosis.manifest.warnings],
        "provenance": provenance(prepared),
        "editing": known_to_edit(prepared),
    }


def _sites(prepared: PreparedStudy, kind: str) -> list[dict[str, str]]:
    sites = prepared.diagnosis.sites[kind]
    found = dict(zip(sites.ids.astype(str).tolist(), sites.names.astype(str).tolist()))
    return [{"id": site, "name": name} for site, name in found.items()]


def _pages() -> dict[str, tuple[str, bytes]]:
    """Files of the page by name: no path from a request ever reaches the disk."""
    found: dict[str, tuple[str, bytes]] = {}
    for folder in ("page", "vendor"):
        for file in resources.files("geo_access.web").joinpath(folder).iterdir():
            ending = "." + file.name.rpartition(".")[2]
            if ending in _TYPES:
                found[file.name] = (f"{_TYPES[ending]}; charset=utf-8", file.read_bytes())
    return found
