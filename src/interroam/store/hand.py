"""A thread that waits for the disk, so that the event loop need not."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Hand:
    """Does one piece of work after the other; cheaper to call than a pool of threads."""

    def __init__(self, name: str) -> None:
        self._work: SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def do(self, work: Callable[[], T]) -> T:
        """Have it done and return what came of it; done even when the caller gives up waiting."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._work.put((work, future))
        return await future

    def stop(self) -> None:
        """End after what was handed over before."""
        self._work.put(None)

    def _run(self) -> None:
        while (item := self._work.get()) is not None:
            work, future = item
            try:
                result = work()
            except Exception as error:  # noqa: BLE001  it is the caller's
                _post(future, _fail, error)
            else:
                _post(future, _succeed, result)


def _post(future: asyncio.Future[Any], tell: Callable[[asyncio.Future[Any], Any], None], what: object) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended, nobody waits
        future.get_loop().call_soon_threadsafe(tell, future, what)


def _succeed(future: asyncio.Future[Any], result: object) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
