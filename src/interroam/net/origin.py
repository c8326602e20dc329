"""The connections to one origin: idle ones, a limit, and a queue for those who wait."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque

from interroam.net.addresses import Addresses
from interroam.net.errors import Unreachable
from interroam.net.limits import ClientLimits
from interroam.net.line import Line
from interroam.net.outbox import Outbox


class Origin:
    """Scheme, host and port under one TLS identity."""

    def __init__(
        self,
        address: str,
        port: int,
        host: str,
        tls: ssl.SSLContext | None,
        limits: ClientLimits,
        forbidden: Addresses | None,
        outbox: Outbox,
    ) -> None:
        self.host = host.encode("idna").decode("ascii") if not host.isascii() else host
        self.name = f"{address}:{port}"
        self._address = address
        self._port = port
        self._tls = tls
        self._limits = limits
        self._forbidden = forbidden
        self._outbox = outbox
        self._idle: list[Line] = []
        self._lines: set[Line] = set()
        self._connecting = 0
        self._waiting: deque[asyncio.Future[Line | None]] = deque()

    def free(self) -> Line | None:
        """Take an idle connection, the last used first, if there is one."""
        idle = self._idle
        while idle:
            line = idle.pop()
            if line.usable:
                return line
        return None

    async def line(self, deadline: float, *, fresh: bool = False) -> Line:
        """Take an idle connection, or make one, or wait in line for one."""
        if not fresh:
            line = self.free()
            if line is not None:
                return line
        elif self._full() and self._idle:
            self._idle.pop(0).close()
        try:
            async with asyncio.timeout_at(deadline):
                if self._full():
                    given = await self._wait()
                    if given is not None:
                        return given
                else:
                    self._connecting += 1
                return await self._connect()
        except TimeoutError:
            raise Unreachable(f"no connection to {self.name} in time") from None

    def close(self) -> None:
        """Hang up."""
        for line in list(self._lines):
            line.drop()
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(Unreachable("the client is closed"))

    def _full(self) -> bool:
        return len(self._lines) + self._connecting >= self._limits.connections_per_origin

    async def _wait(self) -> Line | None:
        """Wait for a connection, or (None) for the right to make one: the place is counted as connecting already."""
        waiter: asyncio.Future[Line | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                given = waiter.result()  # given and given up in the same moment: to the next
                if given is None:
                    self._connecting -= 1
                    self._invite()
                else:
                    self._release(given)
            raise

    async def _connect(self) -> Line:
        loop = asyncio.get_running_loop()
        try:
            transport, line = await loop.create_connection(
                lambda: Line(self.name, self._limits, self._outbox, self._release),
                self._address,
                self._port,
                ssl=self._tls,
                server_hostname=self._address if self._tls else None,
            )
        except (OSError, ssl.SSLError, UnicodeError) as error:
            raise Unreachable(f"no connection to {self.name}: {error}") from None
        else:
            if self._forbidden and transport.get_extra_info("peername")[0] in self._forbidden:
                transport.abort()
                raise Unreachable(f"{self.name} is at an address that may not be called")
            self._lines.add(line)
            return line
        finally:
            self._connecting -= 1
            self._invite()

    def _release(self, line: Line) -> None:
        """Take a connection back after its answer, or forget it when it is over."""
        if not line.usable:
            self._lines.discard(line)
            self._invite()
            return
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(line)
                return
        self._idle.append(line)

    def _invite(self) -> None:
        """Let the next in line make a connection, where there is room."""
        while self._waiting and not self._full():
            waiter = self._waiting.popleft()
            if not waiter.done():
                self._connecting += 1
                waiter.set_result(None)
