"""Bytes of one connection to requests, within the limits; no I/O here.

A message that breaks a limit or the grammar becomes a refusal and is the connection's last: behind it nobody can say
where the next request begins.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING
from urllib.parse import unquote

import httptools
import msgspec

from interroam.net.addresses import Addresses
from interroam.net.doors import NOBODY, Door
from interroam.net.http import NO_TAKER, SINGLE, Request, Response, Taker, traced
from interroam.net.proxies import forwarded_certificate, forwarded_client, forwarded_name, forwarded_security

if TYPE_CHECKING:
    from collections.abc import Callable

    from interroam.net.doors import Doorway
    from interroam.net.limits import Limits

IDLE, HEAD, BODY = range(3)
"""Between two messages; inside a head; inside a body."""


class Message(msgspec.Struct, gc=False):
    """A request, or our refusal of it, on its way to its answer."""

    door: Door
    request: Request | None
    keep: bool = False
    """The connection may serve another request after this one."""
    old: bool = False
    """HTTP/1.0: knows no chunks and no keep-alive."""
    bare: bool = False
    """HEAD: the headers of the answer only."""
    refusal: Response | None = None


class _Stop(Exception):  # noqa: N818  no error: the way out of the parser's own loop
    pass


class Reader:
    """Reads one connection; complete messages go to ``take``, in order."""

    def __init__(
        self, doorway: Doorway, limits: Limits, take: Callable[[Message], None], expect: Callable[[], None]
    ) -> None:
        self.phase = IDLE
        self.done = False
        """Nothing more is read on this connection."""
        self.begun = 0.0
        """When the head or the body at hand began."""
        self.expecting = False
        """The caller holds its body back until told to go on (RFC 9110 10.1.1)."""
        self.taker: Taker = NO_TAKER
        """Who takes the answers that come later."""
        self.client = ""
        self.certificate: bytes | None = None
        self.secure = False
        self.proxied = False
        self.proxies = Addresses()
        self._doorway = doorway
        self._limits = limits
        self._take = take
        self._expect = expect
        # What needs no thought goes from the parser right into its list.
        self._url: list[bytes] = []
        self._pieces: list[bytes] = []
        self.on_url = self._url.append
        self.on_body = self._pieces.append
        self._counted = self._received = 0
        """Pieces of the body that were counted, and their bytes."""
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._now = 0.0
        self._size = 0
        self._fed = 0
        self._door = NOBODY
        self._request: Request | None = None
        self._keep = self._old = False
        self._headers: dict[bytes, bytes] = {}
        self._repeated = 0
        self._allowed = 0

    def close(self) -> None:
        """Let the parser go, which holds on to us."""
        self.done = True
        self._parser = None

    def feed(self, data: bytes) -> None:
        """Read on."""
        parser = self._parser
        if self.done or parser is None:
            return
        self._now = perf_counter()
        self._size = len(data)
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.done = True  # nothing to upgrade to: the request was answered as it stands, and is the last
        except httptools.HttpParserError:
            if not self.done:  # else: what follows the last message is nobody's request
                self._refuse(400, "this is not HTTP")
            return
        self._fed += self._size
        if self.phase == BODY:
            self._look_at_body()
        elif self._url or (self._fed > 0 and not data.isspace()):
            self._look_at_head()

    def refuse(self, status: int, message: str) -> None:
        """End reading with a refusal of the message at hand."""
        if not self.done:
            self._refuse(status, message)

    def _refuse(self, status: int, message: str) -> None:
        self.done = True
        door = self._door if self.phase == BODY else NOBODY
        refusal = door.refusal if door is not NOBODY else self._doorway.refusal
        if self._size:  # else nothing was asked
            self._doorway.turned_away(status, message, self.client, self._request)
        self._take(Message(door, None, refusal=traced(refusal(status, message), self._headers)))

    @property
    def received(self) -> int:
        """How many bytes of the body at hand have come."""
        self._received += sum(map(len, self._pieces[self._counted :]))
        self._counted = len(self._pieces)
        return self._received

    # -- what the parser calls --

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header; the trailers of a chunked body are counted and dropped."""
        name = name.lower()
        headers = self._headers
        if self.phase != BODY and name not in headers:
            headers[name] = value
            return
        self._repeated += len(name) + len(value) + 4
        if self._repeated > self._limits.head_bytes:  # at once: joining without end would be quadratic
            raise self._stop(431, "the headers are too long")
        if self.phase != BODY and name not in SINGLE:
            headers[name] += b", " + value

    def on_headers_complete(self) -> None:
        """Judge the head; from here on the door is known."""
        parser, limits, headers = self._parser, self._limits, self._headers
        assert parser is not None  # noqa: S101  a closed reader is not fed
        if (self._size > limits.head_bytes or self._fed + self._size > limits.head_bytes) and (
            self._head_size() > limits.head_bytes
        ):
            raise self._stop(431, "request line and headers are too long")
        self._keep = parser.should_keep_alive()
        self._old = (not self._keep or b"connection" in headers) and parser.get_http_version() == "1.0"
        url = b"".join(self._url)
        self._url.clear()
        raw_path, _, query = (url if url[:1] == b"/" else self._target(url)).partition(b"?")
        path = raw_path.decode("latin-1")
        if "%" in path:
            path = unquote(path)
        client, certificate, secure, name = self.client, self.certificate, self.secure, ""
        if self.proxied:
            client = forwarded_client(client, headers, self.proxies)
            certificate = forwarded_certificate(headers)
            secure, name = forwarded_security(headers), forwarded_name(headers)
        method = parser.get_method().decode()
        now = self.begun = self._now
        self._request = Request(
            method, path, raw_path, query, headers, b"", client, certificate, now, secure, name, self.taker
        )
        self._door = door = self._doorway.at(path)
        self.phase = BODY
        self._allowed = limits.body_bytes if door.body_bytes is None else door.body_bytes
        length = int(headers.get(b"content-length") or 0)
        if length > self._allowed:
            raise self._stop(413, f"the body is larger than {self._allowed} bytes")
        if b"expect" in headers or b"upgrade" in headers or method == "CONNECT":
            self._await_body(parser, length)

    def on_chunk_complete(self) -> None:
        """Count what has come of a body that announced no length."""
        if self.received > self._allowed:
            raise self._stop(413, f"the body is larger than {self._allowed} bytes")

    def on_message_complete(self) -> None:
        """Hand the request over."""
        request, pieces = self._request, self._pieces
        assert request is not None  # noqa: S101  set with the headers
        if pieces:
            request.body = b"".join(pieces)  # not too large: its length was announced, or each chunk was counted
            pieces.clear()
            self._counted = self._received = 0
        if self.begun != self._now:
            request.began = self._now
        self._request = None
        self._headers = {}
        self._repeated = 0
        self.expecting = False
        self.phase = IDLE
        self._fed = -self._size  # what else this piece of data holds belongs to the next message
        if self._old or not self._keep:
            self._keep, self.done = False, True
        self._take(Message(self._door, request, self._keep, self._old, request.method == "HEAD"))

    # -- details --

    def _look_at_head(self) -> None:
        if self.phase == IDLE:
            self.phase, self.begun = HEAD, self._now
        if self._fed > self._limits.head_bytes:
            self.refuse(431, "request line and headers are too long")

    def _look_at_body(self) -> None:
        if self.received > self._allowed:
            self.refuse(413, f"the body is larger than {self._allowed} bytes")
        elif self._fed > self._limits.head_bytes + 2 * self._allowed + 65_536:
            self.refuse(413, "the chunks of the body are wasteful")

    def _head_size(self) -> int:
        fields = sum(len(name) + len(value) + 4 for name, value in self._headers.items())
        return sum(map(len, self._url)) + fields + self._repeated

    def _target(self, url: bytes) -> bytes:
        """Return path and query of a target that is no path."""
        if url == b"*":
            return url
        try:  # absolute form, as to a proxy; CONNECT's host and port is no path
            parsed = httptools.parse_url(url)
        except httptools.HttpParserInvalidURLError:
            parsed = None
        if parsed is None or not parsed.schema:
            raise self._stop(400, "the request line names no path")
        return b"%b?%b" % (parsed.path or b"/", parsed.query or b"")

    def _await_body(self, parser: httptools.HttpRequestParser, length: int) -> None:
        headers = self._headers
        if parser.should_upgrade():
            self._keep = False
            if length or b"transfer-encoding" in headers:
                raise self._stop(400, "a request with a body cannot ask for another protocol")
        elif headers.get(b"expect", b"").lower() == b"100-continue" and not self._old:
            self.expecting = True
            self._expect()

    def _stop(self, status: int, message: str) -> _Stop:
        self._refuse(status, message)
        return _Stop()
