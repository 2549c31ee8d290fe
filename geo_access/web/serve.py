"""`geo-access serve`: the workshop on this machine, from the study's file to an open page."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import uvicorn

from geo_access.errors import GeoAccessError, InputError
from geo_access.study.file import read_study_file
from geo_access.study.prepared import PreparedStudy, open_prepared, prepare_study
from geo_access.web.app import make_app
from geo_access.web.guard import Access
from geo_access.web.outside import Outside, tile_source
from geo_access.web.planner import surface_answer
from geo_access.web.questions import SurfaceQuestion
from geo_access.web.saving import file_mark
from geo_access.web.workshop import Workshop

__all__ = ["Address", "serve"]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Address:
    """Where the workshop listens.

    Attributes
    ----------
    host : str
        Loopback by default; another needs a token.
    port : int
        0 for one that is free.
    token : str
        Asked of every request from beyond this machine.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    token: str = ""


def serve(
    study: str | Path,
    address: Address | None = None,
    *,
    outside: Outside | None = None,
    open_page: bool = True,
    announce: Callable[[str], None] = print,
) -> None:
    """Serve the workshop of a study until Ctrl-C.

    Parameters
    ----------
    study : str or pathlib.Path
        The study file.
    address : Address, optional
    outside : Outside, optional
        What may be asked of servers beyond this machine: nothing by default.
    open_page : bool
        Whether to open the page in the default browser.
    announce : callable
        Told the page's address once it can be opened.

    Raises
    ------
    InputError
        For a study that cannot be read, a port that is taken, a host beyond this machine without a token,
        a base map that is not known.
    """
    where, asked = address or Address(), outside or Outside()
    tiles = tile_source(asked.tiles)
    if where.host not in _LOOPBACK and not where.token:
        raise InputError(
            f"{where.host}: the page would be open to the network → give a secret with --token, or listen on 127.0.0.1",
            key="web.needs_token",
            values={"host": where.host},
        )
    mark = file_mark(study)
    file = read_study_file(study)
    listening = _listen(where)
    port = int(listening.getsockname()[1])
    shown = f"[{where.host}]" if ":" in where.host else where.host
    names = {shown, "localhost", "127.0.0.1"} if where.host in _LOOPBACK else {shown}
    hosts = frozenset(f"{name}:{port}" for name in names)
    access = Access(hosts, secret=where.token, tile_origin=tiles.origin if tiles else "")
    workshop = Workshop(
        online=asked.addresses, tiles=tiles, language=file.study.language, mark=mark, scenarios=file.scenarios
    )
    app = make_app(workshop, access)
    config = uvicorn.Config(app, log_level="error", access_log=False, server_header=False, timeout_graceful_shutdown=2)
    threading.Thread(target=_prepare, args=(workshop, Path(study)), daemon=True).start()
    page = f"http://{shown}:{port}/"
    announce(page)
    if open_page:
        threading.Timer(0.5, webbrowser.open, (page,)).start()
    _Server(config).run(sockets=[listening])


class _Server(uvicorn.Server):
    """A server that ends cleanly when it is told to: Ctrl-C is no error, and nothing is raised again after it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ask the server to end at SIGINT and SIGTERM; give both back afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _listen(where: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((where.host, where.port))
        # From here on whoever opens the page waits for the server, which may still be starting.
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise InputError(
            f"port {where.port} on {where.host} cannot be opened ({error.strerror}) → give another --port, or --port 0",
            key="web.port",
            values={"port": str(where.port), "host": where.host, "why": error.strerror or ""},
        ) from None
    return listening


def _prepare(workshop: Workshop, path: Path) -> None:
    """Prepare beside the server, on the engine's thread: the page says how far it is."""
    try:
        workshop.prepared = workshop.engine.run(lambda: _opened(workshop, path))
    except GeoAccessError as error:
        workshop.error = error
    except Exception as error:  # noqa: BLE001 — told on the page, never a dead server
        workshop.error = GeoAccessError(f"the study could not be prepared ({type(error).__name__})", key="web.failed")
    else:
        workshop.engine.start(lambda: workshop.trials().levels(workshop.ready().assumptions))
        for mode in ("walk", "bike", "car", "transit"):
            workshop.engine.start(partial(_warm, workshop, mode))
        # A department's addresses take seconds to read: not while the first person waits. What is wrong in them is
        # told to whoever asks.
        with contextlib.suppress(GeoAccessError):
            _ = workshop.ready().address_books


def _opened(workshop: Workshop, path: Path) -> PreparedStudy:
    """Open what is prepared; where nothing is, or it is stale, prepare now, and say the latter."""
    try:
        return open_prepared(path)
    except InputError as error:
        if not str(error.key).startswith("prepared."):
            raise
        if error.key != "prepared.absent":
            workshop.notice = error
    return prepare_study(path, progress=workshop.progress)


def _warm(workshop: Workshop, mode: str) -> None:
    """Draw one small surface of a mode nobody sees: what is compiled on first use is then ready for the first click."""
    prepared = workshop.ready()
    kind, sites = next(iter(prepared.diagnosis.sites.items()))
    if len(sites):
        site = str(sites.ids[0])
        surface_answer(
            prepared, SurfaceQuestion.model_validate({"mode": mode, "site": site, "kind": kind, "minutes": 5})
        )
