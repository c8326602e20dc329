"""Who goes first when there is much to do: acknowledging before delivering.

Both happen on one thread. In a rush, when many tellings share each commit, a few deliveries begin in every turn of the
event loop, after all requests that have come in: what waits meanwhile is overtaken or leaves a little later, but nobody
waits for an answer because of it. When no more requests come, the loop turns quickly and deliveries go on at full pace.
"""

from __future__ import annotations

import asyncio
from collections import deque

RUSH = 32
"""Entries in one commit that make a rush."""
RUSH_S = 0.05
"""So long after its last commit a rush is over."""
EACH_TURN = 1
"""Deliveries that may begin in one turn of the loop."""


class Turns:
    """Hands out turns to deliver."""

    def __init__(self) -> None:
        self._until = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def committed(self, entries: int) -> None:
        """Note a commit of so many entries."""
        if entries >= RUSH:
            self._until = asyncio.get_running_loop().time() + RUSH_S

    async def turn(self) -> None:
        """Wait for a turn; there is one at once unless there is a rush."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            if loop.time() >= self._until:
                return
            loop.call_soon(self._next)
        mine: asyncio.Future[None] = loop.create_future()
        self._waiting.append(mine)
        await mine

    def _next(self) -> None:
        loop = asyncio.get_running_loop()
        given, most = 0, EACH_TURN if loop.time() < self._until else len(self._waiting)
        while self._waiting and given < most:
            mine = self._waiting.popleft()
            if not mine.done():  # else whoever waited was stopped
                mine.set_result(None)
                given += 1
        if self._waiting:
            loop.call_soon(self._next)
