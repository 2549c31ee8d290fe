"""Routes of the planner's changes: what they do, saving them into the study file, long work beside."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from geo_access.study.changes import ScenarioSection
from geo_access.study.lines import judge_lines
from geo_access.study.prepared import PreparedStudy, Progress
from geo_access.web.courtesy import CourteousTimes
from geo_access.web.employer_hours import trips_answer
from geo_access.web.jobs import Job
from geo_access.web.questions import EmployerQuestion, JobQuestion, SaveQuestion, ScenarioQuestion, read_question
from geo_access.web.saving import save_scenario, scenario_toml
from geo_access.web.scenarios import asked_changes, full_answer, scenario_answer, scenario_details, scenarios_told
from geo_access.web.workshop import Handler, OvertakenError, Workshop, asked_language, json_answer, read_body
from geo_access.words.messages import error_text

__all__ = ["editing_routes"]

_JSON = "application/json"
_MOST_LINES = 200


def editing_routes(workshop: Workshop) -> list[tuple[str, Handler, str]]:
    """Routes by name, handler and verb.

    Parameters
    ----------
    workshop : Workshop

    Returns
    -------
    list of tuple
    """
    handlers = {
        "scenario": _scenario,
        "scenario-details": _details,
        "scenario-full": _full,
        "scenario-toml": _written,
        "scenario-save": _save,
        "lines": _lines,
        "employer-trips": _trips,
        "job": _job,
    }
    return [(name, partial(handler, workshop), "POST") for name, handler in handlers.items()]


async def _scenario(workshop: Workshop, request: Request) -> Response:
    trials, body = workshop.trials(), await read_body(request)
    asked = read_question(ScenarioQuestion, body)
    changes = asked_changes(asked, workshop.scenarios)
    language = asked_language(request, workshop)
    key = ("scenario", language, workshop.mark, json.dumps(body, sort_keys=True))
    content = await workshop.engine.ask_once(
        key, lambda: json_answer(scenario_answer(trials, asked, changes, language))
    )
    return Response(content, media_type=_JSON)


async def _details(workshop: Workshop, request: Request) -> Response:
    trials, body = workshop.trials(), await read_body(request)
    asked = read_question(ScenarioQuestion, body)
    changes = asked_changes(asked, workshop.scenarios)
    step = workshop.overtaking()
    kept = CourteousTimes(trials, step)
    work = workshop.engine.start(lambda: json_answer(scenario_details(trials, asked, changes, kept)))
    try:
        content = await asyncio.wrap_future(work)
    except OvertakenError:
        content = json_answer({"revision": asked.revision, "late": True})
    return Response(content, media_type=_JSON)


async def _full(workshop: Workshop, request: Request) -> Response:
    trials = workshop.trials()
    asked = read_question(ScenarioQuestion, await read_body(request))
    changes = asked_changes(asked, workshop.scenarios)
    language = asked_language(request, workshop)

    def work(progress: Progress) -> dict[str, Any]:
        last = [("", 0.0)]

        def told(stage: str, share: float) -> None:
            last[0] = stage, share
            progress(stage, share)

        kept = CourteousTimes(trials, lambda: progress(*last[0]))
        return full_answer(trials, changes, language, told, kept)

    job = workshop.jobs.begin(work)
    return Response(json_answer({"job": job.id}), media_type=_JSON)


async def _lines(workshop: Workshop, request: Request) -> Response:
    del request
    prepared = workshop.ready()
    job = workshop.jobs.begin(lambda progress: _judged(prepared, progress))
    return Response(json_answer({"job": job.id}), media_type=_JSON)


async def _trips(workshop: Workshop, request: Request) -> Response:
    prepared = workshop.ready()
    asked = read_question(EmployerQuestion, await read_body(request))
    job = workshop.jobs.begin(lambda progress: trips_answer(prepared, asked, progress))
    return Response(json_answer({"job": job.id}), media_type=_JSON)


async def _job(workshop: Workshop, request: Request) -> Response:
    asked = read_question(JobQuestion, await read_body(request))
    found = workshop.jobs.find(asked.job)
    found.stop = found.stop or asked.stop
    return Response(json_answer(_told(found, asked_language(request, workshop))), media_type=_JSON)


async def _written(workshop: Workshop, request: Request) -> Response:
    workshop.ready()
    section = _section(workshop, read_question(SaveQuestion, await read_body(request)))
    return Response(scenario_toml(section), media_type="application/toml")


async def _save(workshop: Workshop, request: Request) -> Response:
    prepared = workshop.ready()
    asked = read_question(SaveQuestion, await read_body(request))
    section = _section(workshop, asked)
    # On the engine's thread: two tabs that save at once do so one after the other.
    workshop.mark = await workshop.engine.ask(
        lambda: save_scenario(prepared.path, section, known=asked.known, replace=asked.replace)
    )
    workshop.scenarios = (*(item for item in workshop.scenarios if item.id != section.id), section)
    told = scenarios_told(workshop.scenarios, asked_language(request, workshop))
    return Response(json_answer({"mark": workshop.mark, "scenarios": told}), media_type=_JSON)


def _section(workshop: Workshop, asked: SaveQuestion) -> ScenarioSection:
    question = ScenarioQuestion(
        metier="-", profile="-", kind="training", schedule="-", changes=asked.changes, after=asked.after
    )
    every = asked_changes(question, workshop.scenarios)
    own = every[len(every) - len(asked.changes) :]
    return ScenarioSection(id=asked.id, name=asked.name, after=asked.after, changes=own)


def _told(job: Job, language: str) -> dict[str, Any]:
    return {
        "state": job.state,
        "stage": job.stage,
        "share": job.share,
        "result": job.result,
        "error": None if job.error is None else error_text(job.error, language),
    }


def _judged(prepared: PreparedStudy, progress: Progress) -> dict[str, Any]:
    table = judge_lines(prepared, progress=progress)
    return {"rows": table.head(_MOST_LINES).to_dict("records"), "found": len(table)}
