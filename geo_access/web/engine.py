"""One thread that computes, whoever asks: a kernel takes all cores already, two at once would only be slower each.

Questions wait in a queue; the event loop stays free, and equal questions that wait together are computed once. Long
work (preparing, full scenarios) runs on the same thread and lets the questions that wait pass at each of its steps.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar

from geo_access.errors import CapacityError

__all__ = ["Engine"]

_Answer = TypeVar("_Answer")
_Task = tuple[Callable[[], Any], "Future[Any]"]


class Engine:
    """A queue of questions before one thread, and the latest answers.

    Parameters
    ----------
    kept_bytes : int
        How much of the answers that are bytes is kept for the next who asks the same.
    most_waiting : int
        Questions that may wait; one more is refused at once rather than left without an end.
    """

    def __init__(self, *, kept_bytes: int = 200_000_000, most_waiting: int = 200) -> None:
        self._questions: deque[_Task] = deque()
        self._long: deque[_Task] = deque()
        self._wake = threading.Condition()
        self._closed = False
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._under_way: dict[Hashable, asyncio.Future[bytes]] = {}
        self._kept_bytes, self._most_waiting = kept_bytes, most_waiting
        threading.Thread(target=self._work, name="geo-access", daemon=True).start()

    async def ask(self, question: Callable[[], _Answer]) -> _Answer:
        """Compute an answer on the engine's thread.

        Raises
        ------
        CapacityError
            When too many questions wait already.
        """
        waiting = len(self._questions)
        if waiting >= self._most_waiting:
            raise CapacityError(
                f"{waiting} questions wait → ask again in a moment", key="web.busy", values={"n": waiting}
            )
        return await asyncio.wrap_future(self._put(self._questions, question))

    async def ask_once(self, key: Hashable, question: Callable[[], bytes]) -> bytes:
        """Compute an answer, or give the one that is kept or under way for the same key."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if key not in self._under_way:
            self._under_way[key] = asyncio.ensure_future(self.ask(question))
        shared = self._under_way[key]
        try:
            answer = await asyncio.shield(shared)
        finally:
            if shared.done():
                self._under_way.pop(key, None)
        self._keep(key, answer)
        return answer

    def start(self, work: Callable[[], _Answer]) -> Future[_Answer]:
        """Begin long work on the engine's thread once no question waits."""
        return self._put(self._long, work)

    def run(self, work: Callable[[], _Answer]) -> _Answer:
        """Do long work on the engine's thread, from another thread that waits for it."""
        return self.start(work).result()

    def let_pass(self) -> None:
        """Answer the questions that wait; long work calls it, on the engine's thread, at each of its steps."""
        while self._questions:
            self._answer(self._questions.popleft())

    def close(self) -> None:
        """End the thread; what waits is dropped."""
        with self._wake:
            self._closed = True
            for _, future in (*self._questions, *self._long):
                future.cancel()
            self._questions.clear()
            self._long.clear()
            self._wake.notify()

    @property
    def closed(self) -> bool:
        """Whether the server ends; long work stops at its next step."""
        return self._closed

    def _put(self, queue: deque[_Task], work: Callable[[], _Answer]) -> Future[_Answer]:
        future: Future[_Answer] = Future()
        with self._wake:
            queue.append((work, future))
            self._wake.notify()
        return future

    def _work(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._closed or self._questions or self._long)
                if self._closed:
                    return
                task = (self._questions or self._long).popleft()
            self._answer(task)

    def _answer(self, task: _Task) -> None:
        work, future = task
        if not future.set_running_or_notify_cancel():
            return
        try:
            answer = work()
        except BaseException as error:  # noqa: BLE001 — whoever waits is told, the thread goes on
            future.set_exception(error)
            return
        with contextlib.suppress(Exception):
            future.set_result(answer)

    def _keep(self, key: Hashable, answer: bytes) -> None:
        self._kept[key] = answer
        self._kept.move_to_end(key)
        while sum(len(value) for value in self._kept.values()) > self._kept_bytes and len(self._kept) > 1:
            self._kept.popitem(last=False)
