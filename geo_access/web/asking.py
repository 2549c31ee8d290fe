"""What the page asks: each question is read, worked out on the engine's thread, and written back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from geo_access.study.prepared import PreparedStudy
from geo_access.web.adviser import adviser_answer, adviser_trip
from geo_access.web.employer import employer_answer
from geo_access.web.employer_hours import hours_answer
from geo_access.web.guard import Access
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
from geo_access.web.zonings import counted_once, zonings_of
from geo_access.words.catalogue import catalogue
from geo_access.words.messages import error_text
from geo_access.words.words import text

__all__ = ["asking_routes"]

_BYTES = "application/octet-stream"
_JSON = "application/json"
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
    "report.need.",
    "saturation",
    "doubt.",
    "cause.",
    "lift.",
    "stage.",
)


def asking_routes(workshop: Workshop, access: Access) -> list[tuple[str, Handler, str]]:
    """Routes by name, handler and verb.

    Parameters
    ----------
    workshop : Workshop
    access : Access

    Returns
    -------
    list of tuple
    """
    online = workshop.online
    layers = {
        "zones": _layer(workshop, "zones", zones_layer),
        "mesh": _layer(workshop, "mesh", zones_mesh, media=_BYTES),
        "streets": _layer(workshop, "streets", lambda prepared: streets_layer(prepared.network)),
        "stops": _layer(workshop, "stops", lambda prepared: stops_layer(prepared.network)),
        "sites": _layer(workshop, "sites", sites_layer),
    }
    kept = {
        "case": _question(workshop, CaseQuestion, case_answer),
        "zone": _question(workshop, ZoneQuestion, zone_answer),
        "employer-hours": _question(workshop, EmployerQuestion, hours_answer),
        "observatory": _question(workshop, ObservatoryQuestion, observatory_answer),
        "territory": _question(workshop, TerritoryQuestion, territory_answer),
    }
    # Not kept: too many to hold, or about a person.
    fresh: dict[str, Handler] = {
        "surface": _question(workshop, SurfaceQuestion, surface_answer, kept=False),
        "journey": _question(workshop, JourneyQuestion, journey_answer, kept=False),
        "employer": _question(workshop, EmployerQuestion, employer_answer, kept=False),
        "adviser": _person(workshop, AdviserQuestion, partial(adviser_answer, online=online)),
        "adviser-trip": _person(workshop, AdviserTripQuestion, partial(adviser_trip, online=online)),
        "export": partial(_export, workshop),
    }
    routes: list[tuple[str, Handler, str]] = [("start", partial(_start, workshop, access), "GET")]
    routes += [(name, handler, "GET") for name, handler in layers.items()]
    return routes + [(name, handler, "POST") for name, handler in (kept | fresh).items()]


async def _start(workshop: Workshop, access: Access, request: Request) -> Response:
    language = asked_language(request, workshop)
    state: dict[str, Any] = {
        "words": {key: value for key, value in catalogue(language).items() if key.startswith(_WORDS)},
        "language": language,
        "launch": access.launch,
        "online": workshop.online,
        "tiles": None if workshop.tiles is None else asdict(workshop.tiles),
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
    return Response(json_answer(state), media_type=_JSON)


def _layer(
    workshop: Workshop, name: str, make: Callable[[PreparedStudy], bytes], *, media: str = "application/geo+json"
) -> Handler:
    """Answer with what is drawn once and kept."""

    async def handler(request: Request) -> Response:
        del request
        prepared = workshop.ready()
        content = await workshop.engine.ask_once(("layer", name), lambda: make(prepared))
        return Response(content, media_type=media)

    return handler


def _question(
    workshop: Workshop, model: type[Any], answer: Callable[[PreparedStudy, Any], Any], *, kept: bool = True
) -> Handler:
    """Answer a question of this model; `kept`, so that the same question is worked out once."""

    async def handler(request: Request) -> Response:
        prepared = workshop.ready()
        asked = read_question(model, await read_body(request))

        def work() -> bytes:
            found = answer(prepared, asked)
            return found if isinstance(found, bytes) else json_answer(found)

        key = (model.__name__, asked.model_dump_json())
        content = await (workshop.engine.ask_once(key, work) if kept else workshop.engine.ask(work))
        return Response(content, media_type=_BYTES if model is SurfaceQuestion else _JSON)

    return handler


def _person(workshop: Workshop, model: type[Any], answer: Callable[[PreparedStudy, Any], Any]) -> Handler:
    """Answer a question about a person; streets without steps are read first, beside the engine, so that none waits."""
    building = asyncio.Lock()
    plain = _question(workshop, model, answer, kept=False)

    async def handler(request: Request) -> Response:
        # Starlette keeps the body that was read once.
        if read_question(model, await read_body(request)).step_free:
            prepared = workshop.ready()
            async with building:
                await asyncio.to_thread(lambda: prepared.step_free)
        return await plain(request)

    return handler


async def _export(workshop: Workshop, request: Request) -> Response:
    prepared = workshop.ready()
    asked = read_question(ExportQuestion, await read_body(request))
    content = await workshop.engine.ask(lambda: export_file(prepared, asked))
    return Response(content, media_type=MEDIA[asked.form])


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
        "zonings": [{"id": item.id, "name": item.name, "of": item.of.tolist()} for item in zonings_of(prepared)],
        "counted": counted_once(prepared.diagnosis.residents).tolist(),
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
