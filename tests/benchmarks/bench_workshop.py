"""The workshop, timed: opening, answers, many people at once, and the slider in a real Chromium drawn by software.

Run as ``python -m tests.benchmarks.bench_workshop [study.toml | share of the metropolis] [requests]``.
"""

from __future__ import annotations

import base64
import json
import os
import resource
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import numpy as np
import shapely
import uvicorn

from geo_access.errors import InputError
from geo_access.study.prepared import PreparedStudy, open_prepared, prepare_study
from geo_access.study.prepared_folder import prepared_folder
from geo_access.web.app import make_app
from geo_access.web.guard import Access
from geo_access.web.scenarios import known_to_edit
from geo_access.web.shapes import pack_mesh, sites_layer
from geo_access.web.workshop import Workshop
from tests.benchmarks.metropolis import make_metropolis
from tests.browser import Page, browser

_GRID = 123
_PEOPLE = 20


@contextmanager
def served(workshop: Workshop) -> Iterator[Callable[..., bytes]]:
    """Serve a workshop; gives a function that asks it."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    host = f"127.0.0.1:{listening.getsockname()[1]}"
    access = Access(frozenset({host}))
    server = uvicorn.Server(uvicorn.Config(make_app(workshop, access), log_level="error", access_log=False))
    threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True).start()
    while not server.started:
        time.sleep(0.02)

    def ask(name: str, question: Any = None) -> bytes:
        headers = {"Origin": f"http://{host}", "X-Geo-Access-Launch": access.launch, "Content-Type": "application/json"}
        body = None if question is None else json.dumps(question).encode()
        with urlopen(Request(f"http://{host}/{name}", body, headers), timeout=300) as answer:
            return bytes(answer.read())

    ask.host = host  # type: ignore[attr-defined]
    yield ask
    server.should_exit = True


def tell(name: str, seconds: list[float], *, target_ms: float) -> None:
    """Print the median and the 95th percentile beside what is wanted."""
    median, high = (1000 * float(np.percentile(seconds, q)) for q in (50, 95))
    print(f"{name}: median {median:.0f} ms, p95 {high:.0f} ms (wanted {target_ms:.0f})")


def clocked(work: Callable[[], Any], times: int) -> list[float]:
    found = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        found.append(time.perf_counter() - begin)
    return found


def answers(ask: Callable[..., bytes], base: PreparedStudy, n_requests: int) -> None:
    """Time single answers, then many people at once."""
    rng = np.random.default_rng(3)
    xy = base.inputs.points.to_crs(4326).geometry
    profile = next(item for item in base.profiles if item.uses_transit)
    case = next(item for item in base.diagnosis.cases if item.profile.id == profile.id and item.kind == "training")
    metiers = [item.code for item in base.metiers]
    question = {"metier": metiers[0], "profile": profile.id, "kind": "training", "schedule": case.schedule}

    def place() -> dict[str, float]:
        one = xy.iloc[int(rng.integers(len(xy)))]
        return {"lon": round(float(one.x), 5), "lat": round(float(one.y), 5)}

    def surface(mode: str) -> None:
        ask("api/surface", {**place(), "mode": mode, "minutes": 60, "at": "09:00", "towards": True})

    def session() -> None:
        change = {"change": "session_added", "metier": metiers[0], "level": base.metiers[0].min_level, "places": 12}
        ask("api/scenario", {**question, "changes": [{**change, **place(), "name": "New"}]})

    def adviser() -> None:
        ask("api/adviser", {**place(), "metiers": metiers, "profiles": [profile.id]})

    for mode in ("walk", "bike", "car", "transit"):
        clocked(lambda mode=mode: surface(mode), 1)
        target = 250 if mode == "transit" else 150
        tell(f"isochrone, {mode}", clocked(lambda mode=mode: surface(mode), 12), target_ms=target)
    clocked(session, 1)
    tell("session dropped", clocked(session, 8), target_ms=300)
    lines = known_to_edit(base)["lines"]

    def headway() -> None:
        line = lines[int(rng.integers(len(lines)))]["id"]
        change = {"change": "headway", "line": line, "headway_min": 12, "start": "06:00", "end": "09:00"}
        ask("api/scenario", {**question, "changes": [change]})

    clocked(headway, 1)
    tell("headway of a line", clocked(headway, 6), target_ms=1000)
    clocked(adviser, 1)
    tell("adviser's answer, all métiers", clocked(adviser, 6), target_ms=2000)
    single = clocked(lambda: ask("api/case", {**question, "metier": metiers[int(rng.integers(len(metiers)))]}), 40)
    tell("métier chosen", single, target_ms=300)
    mixed: list[Callable[[], Any]] = [
        lambda: ask("api/case", {**question, "metier": metiers[int(rng.integers(len(metiers)))]}),
        lambda: surface("walk"),
        lambda: ask("api/observatory", {"by": "metier", "profile": profile.id}),
    ]
    alone = [second for work in mixed for second in clocked(work, 5)]
    failed, seconds = 0, []
    with ThreadPoolExecutor(_PEOPLE) as people:

        def one(number: int) -> float:
            begin = time.perf_counter()
            mixed[number % len(mixed)]()
            return time.perf_counter() - begin

        for future in [people.submit(one, number) for number in range(n_requests)]:
            try:
                seconds.append(future.result())
            except OSError:
                failed += 1
    tell(
        f"{_PEOPLE} people, {n_requests} requests, {failed} failed", seconds, target_ms=3000 * np.percentile(alone, 95)
    )
    print(f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


# From the mouse let go, or the click, to the zones or the surface drawn with the answer.
_TIMED = """
(async () => {
  const view = await import('/page/map.js');
  window.timed = []; let begun = null, busy = false;
  for (const kind of ['mouseup', 'click']) addEventListener(kind, () => { begun ??= performance.now(); }, true);
  const told = () => document.querySelector(window.awaited);
  new MutationObserver(async () => {
    if (begun === null || busy || !told() || told() === window.before) return;
    busy = true; window.before = told();
    await view.drawn();
    window.timed.push(performance.now() - begun); begun = null; busy = false;
  }).observe(document.body, { childList: true, subtree: true });
})();
"""


def on_the_page(ask: Callable[..., bytes], base: PreparedStudy) -> None:
    """In a real Chromium: the page opened, a session dragged with the mouse, a surface asked for, a headway changed."""
    sites = [f["geometry"]["coordinates"] for f in json.loads(sites_layer(base))["features"]]
    lon, lat = sites[0]
    changes = [
        {"change": "session_added", "metier": base.metiers[0].code, "level": base.metiers[0].min_level}
        | {"places": 12, "lon": round(lon, 5), "lat": round(lat, 5)}
    ]
    with browser(width=1400, height=1000, webgl=True) as page:
        begin = time.perf_counter()
        page.goto(f"http://{ask.host}/")  # type: ignore[attr-defined]
        page.until("return document.querySelectorAll('#rows tbody tr').length", seconds=300)
        print(f"first page: {time.perf_counter() - begin:.2f} s to its table (wanted 2)")
        page.until("return document.documentElement.dataset.ready", seconds=300)
        print(f"first page: {time.perf_counter() - begin:.2f} s with its map, by software")
        draft = {"study": base.file.study.name, "changes": changes, "after": ""}
        page.run("sessionStorage.setItem('geo-access-draft', arguments[0])", json.dumps(draft))
        page.goto("about:blank")
        page.goto(f"http://{ask.host}/")  # type: ignore[attr-defined]
        page.until("return document.getElementById('moved')", seconds=300)
        page.until("return document.documentElement.dataset.ready", seconds=300)
        page.settle(5.0)
        page.run("window.awaited = '#moved'; window.before = document.getElementById('moved');" + _TIMED)
        rng = np.random.default_rng(5)
        for turn in range(8):
            x, y = page.run(
                "const box = document.querySelector('.maplibregl-marker').getBoundingClientRect();"
                "return [(box.left + box.right) / 2, (box.top + box.bottom) / 2]"
            )
            to = tuple(float(value) for value in rng.uniform((-40, -30), (40, 30)))
            page.mouse((x, y), (x + to[0] / 2, y + to[1] / 2), (x + to[0], y + to[1]), dragged=True)
            page.until(f"return window.timed.length > {turn}", seconds=120)
        tell("session dragged on the page, zones recoloured", _seconds(page)[1:], target_ms=300)
        page.run("window.awaited = '#surface .sentence'; window.before = null; window.timed = []")
        modes = ("walk", "bike", "car", "transit")
        for turn, mode in enumerate(modes * 6):
            page.run(
                "document.querySelector('[name=mode]').value = arguments[0];"
                "document.querySelector('[name=site]').value = arguments[1];"
                "document.querySelector('#surface form').requestSubmit();"
                "window.dispatchEvent(new Event('click'))",
                mode,
                str(base.diagnosis.sites["training"].ids[turn % len(base.diagnosis.sites["training"])]),
            )
            page.until(f"return window.timed.length > {turn}", seconds=120)
        found = _seconds(page)
        for k, mode in enumerate(modes):
            target = 250 if mode == "transit" else 150
            tell(f"isochrone on the page, {mode}", found[k :: len(modes)][1:], target_ms=target)


def _seconds(page: Page) -> list[float]:
    return [one / 1000 for one in page.run("return window.timed")]


_SLIDER = """
(async () => {
  try {
    const words = await import('/page/words.js'), api = await import('/page/api.js');
    words.setWords((await api.get('start')).words, 'fr');
    const view = await import('/page/map.js'), { unpack } = await import('/page/mesh.js');
    const mesh = unpack(Uint8Array.from(atob(window.packed), (c) => c.charCodeAt(0)).buffer);
    const zones = window.zones, none = { type: 'FeatureCollection', features: [] };
    const box = document.createElement('div');
    Object.assign(box.style, { width: '900px', height: '800px', flex: 'none' }); box.id = 'm';
    document.body.replaceChildren(box);
    const nothing = () => {};
    const told = { onzone: nothing, onplace: nothing, onsite: nothing, onhover: nothing };
    await view.start('m', window.bounds, { zones, streets: none, sites: none, mesh }, told);
    const share = Float32Array.from(zones.features, () => 120 * Math.random());
    const classes = (m) => Uint8Array.from(share, (s) => (s < m ? 0 : s < m + 10 ? 1 : 2));
    view.colour(classes(60)); await view.drawn();
    await new Promise((r) => setTimeout(r, 2000));
    const begin = performance.now();
    for (let m = 30; m < 90; m += 1) { view.colour(classes(m)); await view.drawn(); }
    window.done = String(60000 / (performance.now() - begin));
  } catch (error) { window.done = `failed: ${error} ${error.stack}`; }
})();
"""


def slider() -> None:
    """Frames a second while the threshold moves over 15,129 zones."""
    i, j = np.meshgrid(np.arange(_GRID), np.arange(_GRID), indexing="ij")
    around = 2 * np.pi * (np.arange(13) % 12) / 12
    x, y = 3 + 0.005 * i.ravel(), 50 + 0.0033 * j.ravel()
    rings = np.stack((x[:, None] + 0.0026 * np.cos(around), y[:, None] + 0.0017 * np.sin(around)), axis=-1)
    shapes = shapely.polygons(rings)
    packed = base64.b64encode(pack_mesh(shapes, np.zeros(len(shapes), bool), epsg=4326)).decode()
    features = [
        {"type": "Feature", "id": k, "properties": {"row": k, "kind": "commune"}, "geometry": json.loads(shape)}
        for k, shape in enumerate(shapely.to_geojson(shapes).tolist())
    ]
    with served(Workshop()) as ask, browser(width=1400, height=1000, webgl=True) as page:
        page.goto(f"http://{ask.host}/")  # type: ignore[attr-defined]
        page.until("return document.documentElement.lang")
        zones = {"type": "FeatureCollection", "features": features}
        page.run(
            "window.zones = arguments[0]; window.packed = arguments[1]; window.bounds = arguments[2]",
            zones,
            packed,
            [3, 50, 3.615, 50.41],
        )
        page.run(_SLIDER)
        print(f"slider over {len(shapes)} zones: {page.until('return window.done', seconds=300)} frames/s (wanted 10)")


def main(what: str = "0.25", n_requests: str = "2000") -> None:
    """Serve a study, or a share of the metropolis, and time it."""
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {what}")
    with tempfile.TemporaryDirectory() as folder:
        study = Path(what) if what.endswith(".toml") else make_metropolis(Path(folder), share=float(what))
        kept = prepared_folder(study)
        try:
            open_prepared(study, kept)
        except InputError:
            prepare_study(study).save(kept)
        begin = time.perf_counter()
        base = open_prepared(study, kept)
        print(f"prepared study opened in {time.perf_counter() - begin:.2f} s (wanted 2)")
        workshop = Workshop(base)
        workshop.trials().levels(base.assumptions)
        with served(workshop) as ask:
            answers(ask, base, int(n_requests))
            on_the_page(ask, base)
    slider()


if __name__ == "__main__":
    main(*sys.argv[1:])
