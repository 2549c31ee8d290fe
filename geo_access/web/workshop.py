"""What the server holds, and how its answers are written."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from geo_access.errors import GeoAccessError
from geo_access.study.changes import ScenarioSection
from geo_access.study.prepared import PreparedStudy
from geo_access.web.engine import Engine
from geo_access.web.jobs import Jobs
from geo_access.web.outside import TileSource
from geo_access.web.trials import Trials
from geo_access.words.catalogue import LANGUAGES

__all__ = ["Handler", "OvertakenError", "Workshop", "asked_language", "json_answer", "read_body"]

Handler = Callable[[Request], Awaitable[Response]]


class OvertakenError(Exception):
    """A newer question of the same kind made this one pointless."""


@dataclass
class Workshop:
    """What the server holds: the prepared study once it is there, and how far its preparation is.

    Attributes
    ----------
    prepared : PreparedStudy or None
    stage : str
        Of the preparation.
    share : float
        Done of it, 0–1.
    error : GeoAccessError or None
        Why it failed.
    notice : GeoAccessError or None
        Why what was prepared before could not be used, which the page says.
    online : bool
        Whether an adviser's address may be sent to the national service.
    tiles : TileSource or None
        Whose tiles lie under the map; None: the study's own streets, and no request leaves the page's origin.
    language : str
        Until the page asks for another.
    engine : Engine
    mark : str
        Hash of the study file as it was read, or last saved by the page.
    scenarios : tuple of ScenarioSection
        Of the study file, and those saved by the page.
    jobs : Jobs
    """

    prepared: PreparedStudy | None = None
    stage: str = "read"
    share: float = 0.0
    error: GeoAccessError | None = None
    notice: GeoAccessError | None = None
    online: bool = False
    tiles: TileSource | None = None
    language: str = "fr"
    engine: Engine = field(default_factory=Engine)
    mark: str = ""
    scenarios: tuple[ScenarioSection, ...] = ()
    jobs: Jobs = field(init=False)
    _trials: Trials | None = None
    _turn: int = 0

    def __post_init__(self) -> None:
        """Begin with the scenarios of the study that is given."""
        self.jobs = Jobs(self.engine)
        if self.prepared is not None and not self.scenarios:
            self.scenarios = self.prepared.file.scenarios

    def progress(self, stage: str, share: float) -> None:
        """Note how far the preparation is."""
        self.stage, self.share = stage, share

    def ready(self) -> PreparedStudy:
        """Return the study, or say that it is not there yet.

        Raises
        ------
        GeoAccessError
        """
        if self.error is not None:
            raise self.error
        if self.prepared is None:
            raise GeoAccessError("the study is being prepared → wait a moment", key="web.preparing")
        return self.prepared

    def overtaking(self) -> Callable[[], None]:
        """Begin details that make all earlier ones pointless; return what they call between their steps."""
        self._turn += 1
        mine = self._turn

        def step() -> None:
            if mine != self._turn or self.engine.closed:
                raise OvertakenError
            self.engine.let_pass()

        return step

    def trials(self) -> Trials:
        """Return the engines on what the planner tries, over the study that is ready.

        Raises
        ------
        GeoAccessError
            When it is not ready.
        """
        prepared = self.ready()
        if self._trials is None:
            self._trials = Trials(prepared)
        return self._trials


def asked_language(request: Request, workshop: Workshop) -> str:
    """Language of the page that asks."""
    asked = request.headers.get("x-geo-access-language", workshop.language)
    return asked if asked in LANGUAGES else workshop.language


async def read_body(request: Request) -> Any:
    """Return the body as JSON.

    Raises
    ------
    json.JSONDecodeError, UnicodeDecodeError, RecursionError
        When it is none.
    """
    return json.loads(await request.body())


def json_answer(answer: Any) -> bytes:
    """Write an answer as JSON; what has no value is null.

    Examples
    --------
    >>> json_answer({"share": float("nan")})
    b'{"share": null}'
    """
    return json.dumps(_clean(answer), ensure_ascii=False, allow_nan=False, default=_plain).encode()


def _plain(value: Any) -> Any:
    """Plain values of what numpy and pandas hold; missing ones are null."""
    if hasattr(value, "item"):
        value = value.item()
        return None if value != value else value
    return None


def _clean(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {key: _clean(value) for key, value in answer.items()}
    if isinstance(answer, list | tuple):
        return [_clean(value) for value in answer]
    if hasattr(answer, "item"):
        answer = answer.item()
    if isinstance(answer, float) and (answer != answer or answer in (float("inf"), float("-inf"))):
        return None
    return answer
