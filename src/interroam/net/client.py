"""Calls others over HTTP/1.1: keep-alive, one request in flight per connection, one deadline over everything.

A connection that was used before may be closed by the other side at any moment. When that shows before the first byte
of an answer, the request is written once more on a fresh connection. The other side may then see it twice, as RFC 9110
9.2.2 warns: what must never be seen twice is sent with ``again=False``.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from interroam.net.errors import NoAnswer, Unreachable
from interroam.net.http import LENGTHS
from interroam.net.limits import ClientLimits
from interroam.net.line import Answer, Stale
from interroam.net.origin import Origin
from interroam.net.outbox import Outbox
from interroam.net.tls import client_context

if TYPE_CHECKING:
    from collections.abc import Iterable

    from interroam.net.addresses import Addresses

QUOTED_ALREADY = "/?:@!$&'()*+,;=-._~%[]|"
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Client:
    """Keeps connections to every origin it was asked to call."""

    def __init__(
        self,
        limits: ClientLimits | None = None,
        tls: ssl.SSLContext | None = None,
        *,
        forbidden: Addresses | None = None,
    ) -> None:
        self._limits = limits or ClientLimits()
        self._tls = tls
        self._forbidden = forbidden
        self._outbox = Outbox()
        self._origins: dict[tuple[str, ssl.SSLContext | None], Origin] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Iterable[tuple[bytes, bytes]] = (),
        lines: bytes = b"",
        body: bytes = b"",
        timeout: float = 5.0,
        tls: ssl.SSLContext | None = None,
        again: bool = True,
    ) -> Answer:
        """Call, and wait for the answer; every failure is an ``Unavailable`` that knows whether it reached anybody.

        ``lines`` are headers that were written before (``net.http.lines``): what many calls carry alike.
        """
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        slash = url.find("/", 8)
        base, target = (url, "/") if slash < 0 else (url[:slash], url[slash:])
        origin = self._origins.get((base, tls))
        if origin is None:
            origin, target = self._open(url, tls)
        payload = _payload(method, target, origin, headers, lines, body)
        bare = method == "HEAD"
        line = origin.free() or await origin.line(deadline)
        try:
            awaited = line.send(payload, deadline, bare=bare)
            return await awaited
        except asyncio.CancelledError:
            line.give_up(awaited)
            raise
        except Stale as stale:
            if stale.written and not again:
                raise NoAnswer(f"{origin.name} hung up") from None
            written = stale.written
        return await _once_more(origin, payload, deadline, bare=bare, written=written)

    async def close(self) -> None:
        """Hang up everywhere; what is awaited fails."""
        self._closed = True
        for origin in self._origins.values():
            origin.close()
        self._origins.clear()
        await asyncio.sleep(0)

    def _open(self, url: str, tls: ssl.SSLContext | None) -> tuple[Origin, str]:
        """Read a URL with care; its origin is known from then on."""
        if self._closed:
            raise Unreachable("the client is closed")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise Unreachable(f"no address one could call: {shown(url)!r}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise Unreachable(f"no address one could call: {shown(url)!r}")
        context = None
        if parts.scheme == "https":
            if self._tls is None:
                self._tls = client_context()
            context = tls or self._tls
        origin = Origin(
            parts.hostname,
            port or (443 if context else 80),
            parts.netloc,
            context,
            self._limits,
            self._forbidden,
            self._outbox,
        )
        base = f"{parts.scheme}://{parts.netloc}"
        origin = self._origins.setdefault((base, tls), origin)
        target = parts.path or "/"
        return origin, f"{target}?{parts.query}" if parts.query else target


def shown(url: str) -> str:
    """Return a URL as people and traces may see it: without the name and the password that may stand in it."""
    before, at, rest = url.rpartition("@")
    scheme, mark, _ = before.partition("://")
    return f"{scheme if mark else ''}{mark}…@{rest}" if at else url


async def _once_more(origin: Origin, payload: bytes, deadline: float, *, bare: bool, written: bool) -> Answer:
    try:
        line = await origin.line(deadline, fresh=True)
    except Unreachable as error:
        error.reached = written  # by the first attempt, for all we know
        raise
    try:
        awaited = line.send(payload, deadline, bare=bare)
        return await awaited
    except asyncio.CancelledError:
        line.give_up(awaited)
        raise
    except Stale:
        raise NoAnswer(f"{origin.name} hung up twice") from None


def _payload(
    method: str, target: str, origin: Origin, headers: Iterable[tuple[bytes, bytes]], lines: bytes, body: bytes
) -> bytes:
    if not (target.isascii() and target.isprintable()) or " " in target or "#" in target:
        target = quote(target.partition("#")[0], safe=QUOTED_ALREADY)
    start = f"{method} {target} HTTP/1.1\r\nhost: {origin.host}\r\n".encode("ascii")
    if headers:
        own = [b"%b: %b\r\n" % field for field in headers]
        start += b"".join(own)
        if not start.count(b"\n") == start.count(b"\r") == len(own) + 2:
            raise ValueError("a header of a request holds a line break")  # somebody's data would become headers
    length = LENGTHS[len(body)] if body or method in WITH_BODY else b""
    return b"".join((start, length, lines, b"\r\n", body))
