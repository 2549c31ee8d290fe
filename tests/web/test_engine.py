"""One thread computes; long work lets questions pass; many ask at once; the server ends when it is told to."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from geo_access.errors import CapacityError
from geo_access.web.engine import Engine
from geo_access.web.jobs import Jobs
from tests.shared import ROOT

CASE = {"metier": "F1602", "profile": "sans_voiture", "kind": "training", "schedule": "journee_formation"}


def test_one_thread_computes_whoever_asks() -> None:
    engine = Engine()

    async def many() -> set[int]:
        return set(await asyncio.gather(*(engine.ask(threading.get_ident) for _ in range(50))))

    assert len(asyncio.run(many())) == 1
    engine.close()


def test_questions_pass_while_long_work_runs() -> None:
    engine, begun, go = Engine(), threading.Event(), threading.Event()
    order: list[str] = []

    def long() -> None:
        begun.set()
        go.wait(10)
        engine.let_pass()
        order.append("long")

    future = engine.start(long)
    begun.wait(10)

    async def ask() -> None:
        asked = asyncio.ensure_future(engine.ask(lambda: order.append("question")))
        await asyncio.sleep(0.05)
        go.set()
        await asked

    asyncio.run(ask())
    future.result(10)
    assert order == ["question", "long"]
    engine.close()


def test_a_question_too_many_is_refused_at_once() -> None:
    engine, begun, go = Engine(most_waiting=1), threading.Event(), threading.Event()
    engine.start(lambda: (begun.set(), go.wait(10)))
    begun.wait(10)

    async def ask() -> None:
        first = asyncio.ensure_future(engine.ask(lambda: 1))
        await asyncio.sleep(0.05)
        with pytest.raises(CapacityError):
            await engine.ask(lambda: 2)
        go.set()
        assert await first == 1

    asyncio.run(ask())
    engine.close()


def test_work_that_fails_leaves_the_engine_running() -> None:
    engine = Engine()
    jobs = Jobs(engine)
    job = jobs.begin(lambda progress: {}["missing"])

    async def ask() -> int:
        with pytest.raises(ZeroDivisionError):
            await engine.ask(lambda: 1 // 0)
        return await engine.ask(lambda: 3)

    assert asyncio.run(ask()) == 3
    while job.state in ("waiting", "running"):
        pass
    assert job.state == "failed"
    assert "did not succeed" in str(job.error)
    engine.close()


def test_twenty_people_at_once_all_have_their_answers(served: str) -> None:
    launch = json.load(urllib.request.urlopen(f"{served}api/start"))["launch"]

    def ask(number: int) -> tuple[str, bytes]:
        minutes = 30 + number % 5
        asked = [
            ("case", CASE),
            ("surface", {"mode": "transit", "site": "T01", "at": "09:00", "minutes": minutes}),
            ("employer", {"site": "E001", "start": "06:00", "end": "14:00", "profile": "sans_voiture"}),
        ]
        name, body = asked[number % 3]
        request = urllib.request.Request(
            f"{served}api/{name}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "Origin": served.rstrip("/"), "X-Geo-Access-Launch": launch},
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            assert answer.status == 200
            return json.dumps([name, body]), answer.read()

    with ThreadPoolExecutor(20) as people:
        answers = list(people.map(ask, range(40)))
    by_question: dict[str, set[bytes]] = {}
    for key, content in answers:
        by_question.setdefault(key, set()).add(content)
    assert all(len(found) == 1 for found in by_question.values())


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_the_server_ends_when_it_is_told_to_even_while_it_prepares(sent: signal.Signals) -> None:
    code = (
        "from geo_access.web.serve import Address, serve\n"
        "serve('data/demo/study.toml', Address(port=0), open_page=False, announce=lambda p: print(p, flush=True))\n"
        "print('ended', flush=True)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert process.stdout is not None
        page = process.stdout.readline().decode().strip()
        with urllib.request.urlopen(f"{page}api/start", timeout=60) as answer:
            assert json.load(answer)["state"] == "preparing"
        process.send_signal(sent)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert b"Traceback" not in err
    assert out.strip() == b"ended"
    assert process.returncode == 0
