"""Work that is begun and not waited for: held until it is done, or ended with whoever began it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any


class Chores:
    """What somebody has under way."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self, work: Coroutine[Any, Any, Any]) -> None:
        """Let it run; whoever awaits nothing hears of no failure either."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """End what is under way."""
        await ended(self._tasks)


async def all_of(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Let works go on side by side until the last one is over; raises what the first of them raised that failed."""
    for trouble in await asyncio.gather(*works, return_exceptions=True):
        if trouble is not None:
            raise trouble


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """End tasks, and return when they are over."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
