"""Accepts connections inside the running event loop."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from interroam.net.addresses import Addresses
from interroam.net.connection import Connection
from interroam.net.desk import Desk
from interroam.net.doors import Door, Doorway
from interroam.net.limits import Limits

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable


class Listener:
    """Serves some doors at one address; port 0 takes a free one."""

    def __init__(
        self,
        doors: Doorway | Iterable[Door],
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
        proxies: Iterable[str] = (),
        date: Callable[[], bytes] | None = None,
    ) -> None:
        self.doorway = doors if isinstance(doors, Doorway) else Doorway(doors)
        self.host = host
        self.port = port
        self._limits = limits or Limits()
        self._tls = tls
        self._proxies = Addresses(proxies)
        self._date = date
        self._desk: Desk | None = None
        self._socket: socket.socket | None = None
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where to reach it, without a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'http' if self._tls is None else 'https'}://{host}:{self.port}"

    async def start(self) -> None:
        """Listen."""
        self._desk = Desk(self.doorway, self._limits, self._proxies, self._date)
        self._socket = _bind(self.host, self.port, self._limits.backlog)
        self.port = self._socket.getsockname()[1]
        self._server = await self._serve()
        self._desk.sweep()

    async def reload(self, tls: ssl.SSLContext) -> None:
        """Use other certificates from the next connection on; nobody is turned away or cut off meanwhile."""
        self._tls, old = tls, self._server
        self._server = await self._serve()
        if old is not None:
            old.close()

    async def close(self, grace_seconds: float = 5.0) -> None:
        """Accept nobody any more, let requests in flight finish, then close."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._desk is not None:
            await self._desk.close(grace_seconds)
            self._desk = None

    async def _serve(self) -> asyncio.Server:
        desk, bound, tls = self._desk, self._socket, self._tls
        if desk is None or bound is None:
            raise RuntimeError("the listener is not started")
        # Each server gets its own handle of the one listening socket, whose queue outlives a change of certificates.
        return await desk.loop.create_server(
            lambda: Connection(desk),
            sock=bound.dup(),
            backlog=self._limits.backlog,
            ssl=tls,
            ssl_handshake_timeout=None if tls is None else self._limits.head_seconds,
            ssl_shutdown_timeout=None if tls is None else self._limits.linger_seconds,
        )


def _bind(host: str, port: int, backlog: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    # Named TCP outright: only then does asyncio switch off Nagle's delay on what is accepted from it.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and host in ("", "::"):
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        bound.bind(address)
        bound.listen(backlog)
        bound.setblocking(False)  # noqa: FBT003  the standard library's own signature
    except OSError:
        bound.close()
        raise
    return bound
