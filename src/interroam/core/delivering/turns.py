"""Who goes first when there is too much to do: acknowledging before delivering.

Both happen on one thread. When the processor has no time left and facts keep coming in, deliveries keep a small part of
it: what waits meanwhile is overtaken or leaves a little later, but nobody waits for an answer because of it. As soon as
there is time, they go on at full pace.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

WINDOW_S = 0.01
FULL = 0.6
"""The part of a window that leaves too little time: what the disk takes is not counted."""
CALM = 5
"""Windows without a commit after which no facts come in any more."""
FEW = 10
"""Deliveries that may begin in a window without time: about a twentieth of it."""


class Turns:
    """Hands out turns to deliver; ``spent`` tells the seconds this process has computed so far."""

    def __init__(self, spent: Callable[[], float] = time.process_time) -> None:
        self.scarce = False
        """Whether a delivery has to wait for its turn."""
        self._watching = False
        self._calm = CALM
        self._spent = spent
        self._since = self._before = 0.0
        self._left = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def committed(self) -> None:
        """Note that facts came in."""
        self._calm = 0
        if not self._watching:
            self._watching = True
            self._watch()

    async def turn(self) -> None:
        """Wait for a turn while time is scarce."""
        if not self.scarce:
            return
        if self._left > 0:
            self._left -= 1
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        await mine

    def _watch(self) -> None:
        self._since, self._before = time.perf_counter(), self._spent()
        asyncio.get_running_loop().call_later(WINDOW_S, self._look)

    def _look(self) -> None:
        """Judge the window that ended, and hand out the turns of the next."""
        elapsed, spent = time.perf_counter() - self._since, self._spent() - self._before
        self._calm += 1
        self.scarce = self._calm <= CALM and spent > FULL * elapsed
        self._left = FEW if self.scarce else len(self._waiting)
        while self._waiting and self._left > 0:
            mine = self._waiting.popleft()
            if not mine.done():  # else whoever waited was stopped
                mine.set_result(None)
                self._left -= 1
        self._watching = self._calm <= CALM
        if self._watching:
            self._watch()
