"""The load: keep-alive connections, each with one request in flight, in a closed loop.

It must cost much less than any server it measures: requests are rendered bytes, of an answer it looks at the status
line and at the status code of its protocol only, and every run reports what part of its core it took.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from array import array
from collections.abc import Iterator
from typing import cast

import httptools
import msgspec

_CODE = re.compile(rb'"status_code": ?(\d{4})|<requestStatus>(\d+)<')
_GOOD = (b"1000", b"1")
"""Success in OCPI and in eMIP."""
_ENDS = 160
"""How much of a body's ends is looked at for the status code."""


class Round(msgspec.Struct, frozen=True):
    """What one run of the load saw."""

    answers: int
    """Good ones within the measured time."""
    acknowledged: int
    """Good ones altogether, the warm-up's included."""
    seconds: float
    p99_ms: float
    share: float
    """The part of its core the load took."""
    first: bytes = b""
    """One answer, to look at."""

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds


class Failed(Exception):  # noqa: N818  a measurement failed
    """A server answered something that may not be measured."""


class _Line(asyncio.Protocol):
    def __init__(self, load: Load) -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._head = self._tail = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def go(self) -> None:
        self._head = self._tail = b""
        self._sent = time.perf_counter()
        cast("asyncio.Transport", self._transport).write(next(self._load.requests))

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, piece: bytes) -> None:
        if not self._head:
            self._head = piece
        self._tail = piece

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if self._load.took(status, self._head, self._tail, self._sent):
            self.go()

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.lost(exc)


class Load:
    """Runs requests against one server."""

    def __init__(self, host: str, port: int, requests: Iterator[bytes], connections: int = 64) -> None:
        self.requests = requests
        self._address = (host, port)
        self._connections = connections
        self._took: array[float] = array("d")
        self._in_flight = 0
        self._good = 0
        self._until = 0.0
        self._trouble = ""
        self._first = b""
        self._over: asyncio.Event = asyncio.Event()

    async def run(self, seconds: float, warm: float = 0.3, most: int | None = None) -> Round:
        """Load the server this long after a warm-up, or until so many answers came; then let the last ones come."""
        loop = asyncio.get_running_loop()
        lines = [
            (await loop.create_connection(lambda: _Line(self), *self._address))[1] for _ in range(self._connections)
        ]
        self._most = most
        began = time.perf_counter()
        self._until = began + warm + seconds
        self._in_flight = len(lines)
        for line in lines:
            line.go()
        await asyncio.sleep(warm)
        warmed, since, cpu = len(self._took), time.perf_counter(), time.process_time()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), self._until - since)
        ended = time.perf_counter()
        share = (time.process_time() - cpu) / (ended - since)
        counted = len(self._took)
        await asyncio.wait_for(self._over.wait(), 30.0)
        self._in_flight = -1
        for line in lines:
            line.hang_up()
        if self._trouble:
            raise Failed(self._trouble)
        measured = sorted(self._took[warmed:counted])
        p99 = measured[int(len(measured) * 0.99)] * 1000 if measured else 0.0
        return Round(counted - warmed, self._good, ended - since, p99, share, self._first)

    def took(self, status: int, head: bytes, tail: bytes, sent: float) -> bool:
        """Take an answer; whether its connection goes on."""
        now = time.perf_counter()
        self._took.append(now - sent)
        code = _CODE.search(head, 0, _ENDS) or _CODE.search(tail, max(0, len(tail) - _ENDS))
        if status not in (200, 201) or code is None or code[code.lastindex or 1] not in _GOOD:
            self._trouble = self._trouble or f"HTTP {status}: {head[:400]!r}"
            self._until = 0.0
        else:
            self._good += 1
            self._first = self._first or head
        if now < self._until and (self._most is None or self._good + self._in_flight <= self._most):
            return True
        self._in_flight -= 1
        if self._in_flight == 0:
            self._over.set()
        return False

    def lost(self, exc: Exception | None) -> None:
        """Notice a server that hangs up."""
        if self._in_flight > 0:
            self._trouble = self._trouble or f"the server hung up: {exc!r}"
            self._until = 0.0
            self._over.set()
