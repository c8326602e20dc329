"""What the connections of one listener share: doors, limits, and who is here."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING

from interroam.net.addresses import Addresses

if TYPE_CHECKING:
    from collections.abc import Callable

    from interroam.net.connection import Connection
    from interroam.net.doors import Doorway
    from interroam.net.limits import Limits

_LAST_TURNS = 3


class Desk:
    """Counts connections, knows the busy ones, and looks at all of them now and then."""

    def __init__(
        self, doorway: Doorway, limits: Limits, proxies: Addresses, date: Callable[[], bytes] | None = None
    ) -> None:
        self.doorway = doorway
        self.limits = limits
        self.proxies = proxies
        self.loop = asyncio.get_running_loop()
        self.busy: set[Connection] = set()
        """Keeps handlers alive whose caller has left."""
        self.stamp = b""
        """A header line every answer carries: the date, where one is wanted."""
        self._date = date
        self._connections: set[Connection] = set()
        self._places: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None
        self._quiet: asyncio.Event | None = None

    def admit(self, connection: Connection) -> bool:
        """Count a connection in, and say whether there was room for it; proxies of ours are not counted by address."""
        self._connections.add(connection)
        self._places[connection.neighborhood] += 1
        if len(self._connections) > self.limits.connections:
            return False
        return (
            not connection.neighborhood or self._places[connection.neighborhood] <= self.limits.connections_per_address
        )

    def forget(self, connection: Connection) -> None:
        """Give a connection's place back."""
        if connection in self._connections:
            self._connections.discard(connection)
            self._places[connection.neighborhood] -= 1
            if not self._places[connection.neighborhood]:
                del self._places[connection.neighborhood]
        self._look_for_quiet()

    def rest(self, connection: Connection) -> None:
        """Note that a connection's handler has ended."""
        self.busy.discard(connection)
        self._look_for_quiet()

    def sweep(self) -> None:
        """End what takes too long, and again a little later."""
        now = perf_counter()
        for connection in list(self._connections):
            connection.look(now)
        if self._date is not None:
            self.stamp = b"date: %b\r\n" % self._date()
        self._timer = self.loop.call_later(self.limits.precision, self.sweep)

    async def close(self, grace_seconds: float) -> None:
        """Let requests in flight finish, then end what is left."""
        for _ in range(_LAST_TURNS):  # what was sent before may still lie with the kernel
            await asyncio.sleep(0)
        self._quiet = quiet = asyncio.Event()
        for connection in list(self._connections):
            connection.retire()
        self._look_for_quiet()
        with suppress(TimeoutError):
            await asyncio.wait_for(quiet.wait(), grace_seconds)
        if self._timer is not None:
            self._timer.cancel()
        for connection in self._connections | self.busy:
            connection.abort()
        await asyncio.sleep(0)

    def _look_for_quiet(self) -> None:
        if self._quiet is not None and not self._connections and not self.busy:
            self._quiet.set()
