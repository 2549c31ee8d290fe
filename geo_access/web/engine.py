"""One thread that computes, whoever asks: kernels run on all cores by themselves, and no threading layer is reentered.

Four request threads inside the same numba kernel abort a process whose threading layer is ``workqueue``. Here questions
wait in a queue instead; the event loop stays free, and equal questions that wait together are computed once.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from geo_access.errors import CapacityError

__all__ = ["Engine"]

_Answer = TypeVar("_Answer")


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
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="geo-access")
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._under_way: dict[Hashable, asyncio.Future[bytes]] = {}
        self._kept_bytes, self._most_waiting, self._waiting = kept_bytes, most_waiting, 0

    async def ask(self, question: Callable[[], _Answer]) -> _Answer:
        """Compute an answer on the engine's thread.

        Raises
        ------
        CapacityError
            When too many questions wait already.
        """
        if self._waiting >= self._most_waiting:
            raise CapacityError(
                f"{self._waiting} questions wait → ask again in a moment", key="web.busy", values={"n": self._waiting}
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, question)
        finally:
            self._waiting -= 1

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

    def run(self, work: Callable[[], _Answer]) -> _Answer:
        """Do long work on the engine's thread, from another thread that waits for it."""
        return self._pool.submit(work).result()

    def forget(self) -> None:
        """Drop what is kept."""
        self._kept.clear()

    def close(self) -> None:
        """End the thread; what waits is dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _keep(self, key: Hashable, answer: bytes) -> None:
        self._kept[key] = answer
        self._kept.move_to_end(key)
        while sum(len(value) for value in self._kept.values()) > self._kept_bytes and len(self._kept) > 1:
            self._kept.popitem(last=False)
