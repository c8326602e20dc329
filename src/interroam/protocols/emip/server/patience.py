"""Who waits for an answer, and until when: one timer for all that wait equally long, instead of one for each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

W = TypeVar("W")

_EARLY_S = 0.002
"""Timers are no more exact than this."""


class Patience(Generic[W]):
    """Calls ``late`` with what nobody answered in time."""

    def __init__(self, late: Callable[[W], None]) -> None:
        self._late = late
        self._lines: dict[float, dict[W, float]] = {}
        self._timers: dict[float, asyncio.TimerHandle] = {}

    def begin(self, one: W, seconds: float) -> None:
        """Let this one wait so many seconds."""
        loop = asyncio.get_running_loop()
        line = self._lines.get(seconds)
        if line is None:
            line = self._lines[seconds] = {}
        line[one] = ends = loop.time() + seconds
        if seconds not in self._timers:
            self._timers[seconds] = loop.call_at(ends, self._look, seconds)

    def end(self, one: W) -> None:
        """Note that it waits no longer."""
        for line in self._lines.values():
            if line.pop(one, None) is not None:
                return

    def stop(self) -> None:
        """Wait for nothing any more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._lines.clear()

    def _look(self, seconds: float) -> None:
        """End those whose time is over, and come again when it is over for the next one."""
        del self._timers[seconds]
        loop, line = asyncio.get_running_loop(), self._lines[seconds]
        now, over = loop.time() + _EARLY_S, []
        for one, ends in line.items():  # the first came first
            if ends > now:
                self._timers[seconds] = loop.call_at(ends, self._look, seconds)
                break
            over.append(one)
        for one in over:
            line.pop(one, None)
        if not line:
            del self._lines[seconds]
        for one in over:
            self._late(one)
