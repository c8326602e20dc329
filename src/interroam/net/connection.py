"""One incoming connection: requests to their doors, answers back in order.

Rules kept here:
- Answers leave in the order of their requests; a pipelined request waits until the one before it is answered.
- A caller that hangs up does not stop a handler: what it told may be recorded already, so the handler ends in peace
  and its answer is thrown away. Only a stream, which serves nobody else, is stopped.
- No timer per request: the listener's sweep asks each connection now and then whether its time is up.
"""

from __future__ import annotations

import asyncio
from collections import deque
from time import perf_counter
from typing import TYPE_CHECKING, cast

import structlog

from interroam.net.addresses import neighborhood, normal_address
from interroam.net.http import BODILESS, CHUNKED, LATER, Answered, Request, Response, Stream, head, traced
from interroam.net.reader import HEAD, IDLE, Message, Reader

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from interroam.net.desk import Desk

log = structlog.get_logger(__name__)

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
JOINED_BYTES = 65_536
"""Up to here head and body are copied together and cost one write."""


class Connection(asyncio.Protocol):
    """One caller's connection."""

    def __init__(self, desk: Desk) -> None:
        self.neighborhood = ""
        self.current: Message | None = None
        self._desk = desk
        self._reader = Reader(desk.doorway, desk.limits, self._begin, self._expect)
        self._reader.taker = self
        self.data_received = self._reader.feed  # type: ignore[method-assign]  # nobody in between
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._streaming = False
        self._waiting: deque[Message] = deque()
        self._held = False
        """Reading is paused: a complete request waits for its turn."""
        self._last = False
        """The answer to the message at hand is the last."""
        self._ended: float | None = None
        self._answered = False
        self._rested = 0.0
        """When the connection was made or its last answer left."""
        self._writable: asyncio.Event | None = None
        """There while the transport holds more than it likes."""
        self._unsent = 0
        self._moved = 0.0
        """What was unsent at the last look, and when it last became less."""

    # -- what the transport calls --

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the caller's address and certificate, and a place if there is one left."""
        self._transport = cast("asyncio.Transport", transport)
        self._rested = perf_counter()
        reader, desk = self._reader, self._desk
        peer = transport.get_extra_info("peername")
        reader.client = normal_address(peer[0]) if isinstance(peer, tuple) else ""
        reader.proxies = desk.proxies
        reader.proxied = reader.client in desk.proxies
        tls = transport.get_extra_info("ssl_object")
        if tls is not None:
            reader.secure = True
            reader.certificate = tls.getpeercert(binary_form=True)  # only ever a verified one: the context sees to it
        self.neighborhood = "" if reader.proxied else neighborhood(reader.client)
        if not desk.admit(self):
            reader.refuse(503, "too many connections")

    def eof_received(self) -> bool:
        """Keep a half-closed connection for the answers still owed."""
        self._reader.done = True
        self._last = True
        owed = self._ended is None and not self._streaming and (self.current is not None or bool(self._waiting))
        if not owed and self._transport is not None:
            self._transport.close()
        return owed and self._transport is not None and self._transport.get_extra_info("ssl_object") is None

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  why it ended changes nothing
        """Give the place back; a handler at work goes on, a stream stops."""
        if self.current is not None:
            self._desk.busy.add(self)
        self._desk.forget(self)
        self._transport = None
        self._waiting.clear()
        self._reader.close()
        self.resume_writing()
        if self._streaming and self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        """Begin to watch whether the caller reads at all."""
        self._writable = asyncio.Event()
        self._moved = perf_counter()

    def resume_writing(self) -> None:
        """Go on with what waited."""
        if self._writable is not None:
            self._writable.set()
            self._writable = None
            if self.current is None:
                self._settle()

    # -- what the desk calls --

    def look(self, now: float) -> None:
        """End what takes too long."""
        transport, limits = self._transport, self._desk.limits
        if transport is None:
            return
        if self._writable is not None or self._ended is not None:
            unsent = transport.get_write_buffer_size()
            if unsent < self._unsent:
                self._moved = now
            self._unsent = unsent
            if unsent and now - self._moved > limits.write_seconds:
                transport.abort()
            elif not unsent and self._ended is not None and now - self._ended > limits.linger_seconds:
                transport.abort() if transport.is_closing() else transport.close()
        elif self.current is None:
            self._look_at_reading(now, transport)
        elif self._streaming and self._is_barred():
            transport.abort()

    def retire(self) -> None:
        """Answer what has begun, then close."""
        self._last = True
        if self.current is None and not self._waiting and self._reader.phase == IDLE and self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End now, handlers too."""
        if self._task is not None:
            self._task.cancel()
        if self._transport is not None:
            self._transport.abort()

    # -- requests --

    def _begin(self, message: Message) -> None:
        """Let a request be answered, or wait for its turn."""
        if self.current is not None or self._writable is not None:
            self._hold(message)
            return
        self.current = message
        request = message.request
        if request is None:
            self._finish(message, cast("Response", message.refusal))
            return
        if request.certificate is not None and self._desk.doorway.barred(request):
            self._last = True
            self._finish(message, traced(message.door.refusal(401, "this certificate was revoked"), request.headers))
            return
        try:
            answer = message.door.handler(request)
        except Exception as error:  # noqa: BLE001  whatever it is, this connection and the others live on
            answer = _failure(message, error)
        if type(answer) is Response:
            self._finish(message, answer)
        elif answer is not LATER:
            self._task = self._desk.loop.create_task(self._work(message, answer))

    def _hold(self, message: Message) -> None:
        self._waiting.append(message)
        if not self._held and self._transport is not None:
            self._held = True
            self._transport.pause_reading()

    def take(self, request: Request, answer: Response) -> None:
        """Send the answer that was to come later, unless there was one."""
        message = self.current
        if message is not None and message.request is request:
            self._finish(message, answer)
            if self._held or self._reader.expecting:
                self._settle()

    async def _work(self, message: Message, awaited: Answered | Awaitable[Answered]) -> None:
        answer: Answered
        try:
            try:
                answer = awaited if type(awaited) is Stream else await cast("Awaitable[Answered]", awaited)
            except Exception as error:  # noqa: BLE001  see above
                answer = _failure(message, error)
            if type(answer) is Stream:
                await self._pour(message, answer)
            else:
                self._finish(message, cast("Response", answer))
        finally:
            if self.current is message:  # cancelled: there will be no answer
                self.current = None
                if self._transport is not None:
                    self._transport.abort()
            self._task = None
            if self._transport is None:
                self._desk.rest(self)
        if self._held or self._reader.expecting:
            self._settle()

    def _settle(self) -> None:
        """Go on with what was pipelined; when nothing waits any more, read again."""
        while self._waiting and self.current is None and self._writable is None:
            self._begin(self._waiting.popleft())
        if self._waiting or self.current is not None or self._transport is None or self._ended is not None:
            return
        if self._held:
            self._held = False
            self._transport.resume_reading()
        if self._reader.expecting:
            self._expect()

    def _expect(self) -> None:
        # A pipelined request's 100 may not overtake the answer before it.
        if self.current is None and not self._waiting and self._transport is not None:
            self._reader.expecting = False
            self._transport.write(CONTINUE)

    # -- answers --

    def _finish(self, message: Message, answer: Response) -> None:
        self.current = None
        transport = self._transport
        if transport is None:
            self._desk.rest(self)
            return
        keep = message.keep and not self._last
        try:
            start = head(answer, self._desk.stamp, keep=keep)  # fails too for what is no answer at all
        except Exception as error:  # noqa: BLE001  see above
            answer = _failure(message, error)
            start = head(answer, self._desk.stamp, keep=keep)
        body = b"" if message.bare or answer.status in BODILESS else answer.body
        if len(body) <= JOINED_BYTES:
            transport.write(start + body)
        else:
            transport.write(start)
            transport.write(body)
        self._answered = True
        self._rested = perf_counter()
        if not keep:
            self._end(transport, refused=message.request is None)

    async def _pour(self, message: Message, stream: Stream) -> None:
        """Write a stream piece by piece, no faster than the caller reads."""
        keep = message.keep and not self._last
        self._streaming = True
        try:
            if self._transport is not None:
                start = head(stream, self._desk.stamp, keep=keep)
                self._transport.write(start.replace(CHUNKED, b"") if message.old else start)
            if not message.bare:
                await self._pour_pieces(stream, chunked=not message.old)
        except Exception:  # the answer has begun: breaking it off is all that is left to say
            log.exception("stream_failed", path=message.request and message.request.path)
            if self._transport is not None:
                self._transport.abort()
        finally:
            self._streaming = False
            close = getattr(stream.pieces, "aclose", None)
            if close is not None:
                await close()
            self.current = None
        self._answered = True
        self._rested = perf_counter()
        if self._transport is not None and not keep:
            self._end(self._transport, refused=False)

    async def _pour_pieces(self, stream: Stream, *, chunked: bool) -> None:
        async for piece in stream.pieces:
            if self._writable is not None:
                await self._writable.wait()
            if self._transport is None:
                return
            if piece:  # an empty chunk would be the end
                self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked and self._transport is not None:
            self._transport.write(b"0\r\n\r\n")

    def _end(self, transport: asyncio.Transport, *, refused: bool) -> None:
        self._reader.done = True
        self._ended = self._moved = self._rested
        self._waiting.clear()
        if not refused:
            transport.close()
            return
        # Closing while unread bytes wait would reset the connection, and the caller might lose our answer: let it
        # read first and hang up itself.
        if self._held:
            transport.resume_reading()
        if transport.can_write_eof():
            transport.write_eof()

    def _is_barred(self) -> bool:
        """Whether the certificate of a stream was revoked since it began."""
        request = self.current.request if self.current is not None else None
        return request is not None and request.certificate is not None and self._desk.doorway.barred(request)

    def _look_at_reading(self, now: float, transport: asyncio.Transport) -> None:
        limits, reader = self._desk.limits, self._reader
        if reader.phase == IDLE and self._answered:
            if now - self._rested > limits.idle_seconds:
                self._ended = self._moved = now
                transport.close()
        elif reader.phase in (IDLE, HEAD):
            since = max(self._rested, reader.begun) if self._answered else self._rested
            if now - since > limits.head_seconds:
                reader.refuse(408, "the headers did not end in time")
        else:
            allowed = limits.body_seconds + reader.received / limits.body_bytes_per_second
            if now - max(self._rested, reader.begun) > allowed:
                reader.refuse(408, "the body did not end in time")


def _failure(message: Message, error: Exception) -> Response:
    request = message.request
    log.error("request_failed", method=request and request.method, path=request and request.path, exc_info=error)
    return traced(message.door.refusal(500, "something went wrong here"), request.headers if request else {})
