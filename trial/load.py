"""Sixty-four raw connections that keep the hub busy, and remember every acknowledgment.

Each connection speaks for one party and has one request in flight: a change of status that is a true change. When the
hub dies under it, the connection comes back and repeats the request that was never answered, as a partner does.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from trial.places import stamp
from trial.platform import PARTIES, Platform

_STATUSES = ("AVAILABLE", "CHARGING")
_AGAIN_S = 0.05
_ANSWER_S = 15.0


class Load:
    """Drives the hub while ``press`` says so."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._pressed = asyncio.Event()
        self._began = datetime.now(UTC)
        self._tasks: list[asyncio.Task[None]] = []
        self.flying: set[str] = set()
        """The parties whose request is written and not answered."""
        self._unfinished: set[str] = set()
        self._finished = asyncio.Event()
        self._flown = asyncio.Event()
        self.cut_off = 0
        """Requests whose connection ended before the answer."""
        self.refused: list[str] = []
        self.acknowledged: dict[tuple[str, str, str], set[str]] = {platform.key(party): set() for party in PARTIES}
        """The times of the changes acknowledged, by EVSE."""

    @property
    def count(self) -> int:
        """How many changes were acknowledged."""
        return sum(map(len, self.acknowledged.values()))

    def start(self) -> None:
        """Open the connections; they wait to be pressed."""
        self._tasks = [asyncio.create_task(self._drive(party)) for party in PARTIES]

    def press(self) -> None:
        """Send, one request after another."""
        self._pressed.set()

    def release(self) -> None:
        """Send nothing new; what was never answered is repeated until it is."""
        self._pressed.clear()

    async def pressure(self, least: int, within: float = 20.0) -> int:
        """Wait until so many requests are in flight; return how many there are this very moment."""
        async with asyncio.timeout(within):
            while len(self.flying) < least:
                self._flown.clear()
                await self._flown.wait()
        return len(self.flying)

    async def settle(self, within: float = 30.0) -> None:
        """Wait until every request has its answer."""
        self.release()
        async with asyncio.timeout(within):
            while self._unfinished:
                self._finished.clear()
                await self._finished.wait()

    async def stop(self) -> None:
        """Hang up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _drive(self, party: str) -> None:
        number = 0
        line: _Line | None = None
        while True:
            await self._pressed.wait()
            number += 1
            at = stamp(self._began + timedelta(milliseconds=number))
            request = self._platform.patch(party, number, _STATUSES[number % 2], at)
            self._unfinished.add(party)
            line = await self._sent(party, request, at, line)
            self._unfinished.discard(party)
            self._finished.set()

    async def _sent(self, party: str, request: bytes, at: str, line: _Line | None) -> _Line:
        """Repeat one request until it is answered; return the connection that brought the answer."""
        while True:
            try:
                if line is None:
                    line = await _Line.open(self._platform.host, self._platform.port)
                self.flying.add(party)
                self._flown.set()
                status, body = await line.ask(request)
            except (OSError, EOFError, TimeoutError):
                self.cut_off += party in self.flying
                self.flying.discard(party)
                if line is not None:
                    line.close()
                line = None
                await asyncio.sleep(_AGAIN_S)
                continue
            self.flying.discard(party)
            if status == 503:
                await asyncio.sleep(_AGAIN_S)
                continue
            if status == 200 and b'"status_code":1000' in body:
                self.acknowledged[self._platform.key(party)].add(at)
            else:
                self.refused.append(f"{party} {at}: {status} {body.decode(errors='replace')[:200]}")
            return line


class _Line:
    """A connection, and no more of HTTP than it takes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, host: str, port: int) -> _Line:
        return cls(*await asyncio.open_connection(host, port))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        async with asyncio.timeout(_ANSWER_S):
            self._writer.write(request)
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or b"0")
            return int(head[9:12]), await self._reader.readexactly(length)

    def close(self) -> None:
        with suppress(OSError):
            self._writer.close()
