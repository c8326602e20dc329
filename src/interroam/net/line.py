"""One outgoing connection: one request at a time, its answer into a future.

The timer is never cancelled: one that rings early looks at the present deadline and is set again, so a busy line sets
it once per time-out and not once per request.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, cast

import httptools
import msgspec

from interroam.net.errors import BadAnswer, NoAnswer, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from interroam.model.errors import Unavailable
    from interroam.net.limits import ClientLimits
    from interroam.net.outbox import Outbox

FIRST_FINAL = 200
"""Answers below are interim: another follows."""


class Answer(msgspec.Struct, gc=False):
    """What the other side answered."""

    status: int
    headers: dict[bytes, bytes]
    """Names in lower case; repeated ones joined by a comma."""
    body: bytes


class Stale(Exception):  # noqa: N818  caught by the client
    """A connection used before turned out closed, before anything of the answer came."""

    def __init__(self, *, written: bool) -> None:
        super().__init__()
        self.written = written


class Line(asyncio.Protocol):
    """One outgoing connection."""

    def __init__(self, name: str, limits: ClientLimits, outbox: Outbox, released: Callable[[Line], None]) -> None:
        self.usable = False
        """Connected, and the last answer left the connection in order."""
        self._name = name
        self._limits = limits
        self._outbox = outbox
        self._released = released
        self._loop = asyncio.get_running_loop()
        self._pieces: list[bytes] = []
        self.on_body = self._pieces.append  # right from the parser
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._future: asyncio.Future[Answer] | None = None
        self._deadline = 0.0
        self._rested = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._used = False
        self._bare = False
        self._fed = 0
        self._status = 0
        self._headers: dict[bytes, bytes] = {}
        self._repeated = 0
        self._counted = self._received = 0
        """Pieces of the body that were counted, and their bytes."""

    def send(self, payload: bytes, deadline: float, *, bare: bool) -> asyncio.Future[Answer]:
        """Write a request; the future brings its answer. Whoever stops waiting for it gives it up."""
        transport = self._transport
        if transport is None or not self.usable:
            raise Stale(written=False)
        self._future = future = self._loop.create_future()
        self._bare = bare
        self._fed = self._status = self._repeated = self._counted = self._received = 0
        self._headers = {}
        self._pieces.clear()
        self._deadline = deadline
        timer = self._timer
        if timer is None or timer.when() > deadline:
            if timer is not None:
                timer.cancel()
            self._timer = self._loop.call_at(deadline, self._ring)
        self._outbox.put(transport, payload)
        return future

    def give_up(self, awaited: asyncio.Future[Answer]) -> None:
        """Hang up if this answer is still to come: it would be taken for that of the next request."""
        if self._future is awaited:
            self.drop()

    def drop(self) -> None:
        """Give up an answer still awaited, and hang up."""
        self._fail(NoAnswer(f"the call to {self._name} was given up"))

    def close(self) -> None:
        """Hang up."""
        self._future = None
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    def _ring(self) -> None:
        self._timer = None
        now = self._loop.time()
        due = self._deadline if self._future is not None else self._rested + self._limits.idle_seconds
        if now < due:
            self._timer = self._loop.call_at(due, self._ring)
        elif self._future is not None:
            self._fail(NoAnswer(f"{self._name} did not answer in time"))
        else:
            self.close()

    # -- what the transport calls --

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready for the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self.usable = True

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self._future is None or self._parser is None:
            self.close()  # nobody asked: whatever this is, it must not become the next request's answer
            return
        self._fed += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if self._future is not None:
                self._fail(BadAnswer(f"{self._name} answered something that is not HTTP: {error}"))
            self.close()
            return
        if self._future is not None and self._fed > self._limits.head_bytes:
            self._look_at_size()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits: a stale connection, a broken one, or an answer that ends with the connection."""
        self.usable = False
        self._transport = None
        self._parser = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._future is None:
            self._released(self)
        elif self._fed == 0 and self._used and not isinstance(exc, ssl.SSLError):
            self._fail(Stale(written=True))
        elif self._fed == 0 and isinstance(exc, ssl.SSLError):
            # In TLS 1.3 a refusal of our certificate arrives after the handshake; no request is read then.
            self._fail(Unreachable(f"{self._name} refused the TLS connection: {exc}"))
        elif self._status >= FIRST_FINAL and exc is None and self._ends_with_connection():
            self.on_message_complete()
        else:
            self._fail(NoAnswer(f"{self._name} hung up before its answer was complete"))

    # -- what the parser calls --

    def on_message_begin(self) -> None:
        """See that this answer was asked for: left alone, it would be taken for the next request's."""
        if self._future is None:
            self.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header; trailers are counted and dropped."""
        name = name.lower()
        headers = self._headers
        if self._status == 0 and name not in headers:
            headers[name] = value
            return
        self._repeated += len(name) + len(value) + 4
        if self._repeated > self._limits.head_bytes:  # at once: joining without end would be quadratic
            self._fail(BadAnswer(f"{self._name} answered too many headers"))
        elif self._status == 0:
            headers[name] += b", " + value

    def on_headers_complete(self) -> None:
        """Note the status; an answer to HEAD ends here, whatever length it speaks of."""
        self._status = cast("httptools.HttpResponseParser", self._parser).get_status_code()
        if self._fed > self._limits.head_bytes:
            size = self._repeated + sum(len(name) + len(value) + 4 for name, value in self._headers.items())
            if size > self._limits.head_bytes:
                self._fail(BadAnswer(f"{self._name} answered too many headers"))
        if self._bare and self._status >= FIRST_FINAL:
            self.on_message_complete()

    def on_message_complete(self) -> None:
        """Hand the answer over, unless it is an interim one."""
        parser, future = self._parser, self._future
        if self._status < FIRST_FINAL:
            self._status, self._headers = 0, {}
            return
        if future is None:
            return
        body = b"".join(self._pieces)
        if len(body) > self._limits.body_bytes:
            self._fail(BadAnswer(f"{self._name} answered more than {self._limits.body_bytes} bytes"))
            return
        self._pieces.clear()
        self._future = None
        if not future.done():
            future.set_result(Answer(self._status, self._headers, body))
        self._used = True
        self._rested = self._loop.time()
        if self._bare or parser is None or not parser.should_keep_alive():
            self.close()
        self._released(self)

    # -- ends --

    def _look_at_size(self) -> None:
        if self._status == 0:
            self._fail(BadAnswer(f"{self._name} answered too many headers"))
        elif self._fed > self._limits.body_bytes:
            self._received += sum(map(len, self._pieces[self._counted :]))
            self._counted = len(self._pieces)
            if self._received > self._limits.body_bytes:
                self._fail(BadAnswer(f"{self._name} answered more than {self._limits.body_bytes} bytes"))

    def _ends_with_connection(self) -> bool:
        return b"content-length" not in self._headers and b"transfer-encoding" not in self._headers

    def _fail(self, error: Unavailable | Stale) -> None:
        future, self._future = self._future, None
        if future is not None and not future.done():
            future.set_exception(error)
        self.close()
        self._released(self)
