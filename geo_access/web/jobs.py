"""Long work beside the questions: one piece at a time, with how far it is, and a way to stop it."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from geo_access.errors import GeoAccessError
from geo_access.study.prepared import Progress
from geo_access.web.engine import Engine
from geo_access.words.told import refusal

__all__ = ["Job", "Jobs"]

_MOST_KEPT = 6


class _StoppedError(Exception):
    """Somebody asked the work to stop."""


@dataclass
class Job:
    """One piece of long work.

    Attributes
    ----------
    id : str
    stage : str
        Where it is.
    share : float
        Done, 0–1.
    state : str
        ``waiting``, ``running``, ``done``, ``failed`` or ``stopped``.
    result : dict or None
    error : GeoAccessError or None
    stop : bool
        Whether it was asked to stop.
    """

    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    stage: str = ""
    share: float = 0.0
    state: str = "waiting"
    result: dict[str, Any] | None = None
    error: GeoAccessError | None = None
    stop: bool = False


class Jobs:
    """Long work on the engine's thread.

    Parameters
    ----------
    engine : Engine
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._jobs: OrderedDict[str, Job] = OrderedDict()

    def begin(self, work: Callable[[Progress], dict[str, Any]]) -> Job:
        """Queue work that tells its progress; each telling lets the questions that wait pass, or stops the work."""
        job = Job()
        self._jobs[job.id] = job
        while len(self._jobs) > _MOST_KEPT:
            oldest = next(iter(self._jobs))
            self._jobs.pop(oldest).stop = True

        def step(stage: str, share: float) -> None:
            job.stage, job.share = stage, share
            if job.stop or self._engine.closed:
                raise _StoppedError
            self._engine.let_pass()

        def done() -> None:
            if job.stop:
                job.state = "stopped"
                return
            job.state = "running"
            try:
                job.result, job.share = work(step), 1.0
                job.state = "done"
            except _StoppedError:
                job.state = "stopped"
            except GeoAccessError as error:
                job.error, job.state = error, "failed"
            except Exception:  # noqa: BLE001 — told on the page, the server goes on
                job.error, job.state = refusal("web.job_failed", GeoAccessError), "failed"

        self._engine.start(done)
        return job

    def find(self, job_id: str) -> Job:
        """Return work by its id.

        Raises
        ------
        InputError
            When it is not kept (any more).
        """
        if job_id not in self._jobs:
            raise refusal("web.no_job")
        return self._jobs[job_id]
