"""A page opened in headless Chromium through chromedriver: what its console says, and a picture of it."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
    # Nothing may come from the internet: every name resolves to nowhere.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)

_WEBGL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")


class Page:
    """One open page."""

    def __init__(self, port: int, session: str) -> None:
        self._base = f"http://127.0.0.1:{port}/session/{session}"

    def _call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return _request(self._base + path, body)

    def open(self, path: Path) -> None:
        self._call("/url", {"url": path.resolve().as_uri()})

    def goto(self, url: str) -> None:
        """Open a page that a server of this machine gives."""
        self._call("/url", {"url": url})

    def until(self, script: str, *, seconds: float = 60.0) -> Any:
        """First true value of a script's ``return``."""
        end = time.monotonic() + seconds
        while not (found := self.run(script)):
            if time.monotonic() > end:
                raise AssertionError(f"never true within {seconds:g} s: {script}")
            time.sleep(0.1)
        return found

    def run(self, script: str, *arguments: Any) -> Any:
        """Value of a script's ``return``."""
        return self._call("/execute/sync", {"script": script, "args": list(arguments)})

    def in_frame(self, frame: str, script: str, *arguments: Any) -> Any:
        """Value of a script run inside the frame of that id."""
        found = self._call("/element", {"using": "css selector", "value": f"#{frame}"})
        self._call("/frame", {"id": found})
        try:
            return self.run(script, *arguments)
        finally:
            self._call("/frame", {"id": None})

    def mouse(self, *places: tuple[float, float], dragged: bool = False) -> None:
        """Click with the mouse at each place of the window [px], or drag from the first over the others to the last."""
        press, release = ({"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp"))
        moves = [
            {"type": "pointerMove", "duration": 60, "x": round(x), "y": round(y), "origin": "viewport"}
            for x, y in places
        ]
        steps = [moves[0], press, *moves[1:], release]
        if not dragged:
            steps = [step for move in moves for step in (move, press, release)]
        self._call("/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": steps}]})

    def console_errors(self) -> list[str]:
        """Severe lines of the console since the last call; failures to load are among them."""
        lines = self._call("/se/log", {"type": "browser"})
        return [line["message"] for line in lines if line["level"] == "SEVERE"]

    def resize(self, width: int, height: int) -> None:
        """Show pages as a screen of that size does, narrower than any window may be [px]."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 620}
        self._call("/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics})

    def screenshot(self, path: Path) -> Path:
        path.write_bytes(base64.b64decode(self._call("/screenshot")))
        return path

    def settle(self, seconds: float = 0.4) -> None:
        """Let animations end."""
        time.sleep(seconds)


def _request(url: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        raise AssertionError(json.load(error)["value"]["message"]) from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def browser(
    *, width: int = 1280, height: int = 860, webgl: bool = False, profile: Path | None = None
) -> Iterator[Page]:
    """Open Chromium with a profile of its own, or skip and say why.

    Parameters
    ----------
    width, height : int
        Window [px].
    webgl : bool
        Whether maps are drawn, by software.
    profile : pathlib.Path, optional
        Where the browser keeps what it keeps, left there for whoever looks into it; by default nothing stays.
    """
    chromium, driver = shutil.which("chromium") or shutil.which("chromium-browser"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("chromium or chromedriver is not installed: pages are not looked at")
    port = _free_port()
    with tempfile.TemporaryDirectory() as passing:
        process = subprocess.Popen([driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(100):
                try:
                    _request(f"http://127.0.0.1:{port}/status")
                    break
                except (urllib.error.URLError, ConnectionError):
                    time.sleep(0.1)
            options = {
                "binary": chromium,
                "args": [
                    *_FLAGS,
                    *(_WEBGL if webgl else ("--disable-gpu",)),
                    f"--user-data-dir={profile or passing}",
                    f"--window-size={width},{height}",
                ],
            }
            wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            session = _request(f"http://127.0.0.1:{port}/session", {"capabilities": {"alwaysMatch": wanted}})
            page = Page(port, session["sessionId"])
            try:
                yield page
            finally:
                end = urllib.request.Request(f"http://127.0.0.1:{port}/session/{session['sessionId']}", method="DELETE")
                urllib.request.urlopen(end, timeout=30).close()
        finally:
            process.terminate()
            process.wait(timeout=20)
