"""Requests as rooms receive them and answers as rooms give them.

Repeated header fields are joined by a comma, as RFC 9110 5.3 has it; of those that may appear only once
(``SINGLE``) the first wins, so that nobody can smuggle a second token behind the first.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Protocol, TypeAlias

import msgspec

SINGLE = frozenset({b"authorization", b"content-type", b"host", b"user-agent"})
BODILESS = frozenset({204, 304})
JSON = (b"content-type", b"application/json")
_TRACED = (b"x-request-id", b"x-correlation-id")


class Taker(Protocol):
    """The connection a request came by."""

    def take(self, request: Request, answer: Response) -> None:
        """Send the answer to a request, unless it was answered before or its caller has left."""
        ...


class _Nobody:
    def take(self, request: Request, answer: Response) -> None:
        """Let it go: the request came by no connection."""


NO_TAKER = _Nobody()


class Request(msgspec.Struct, gc=False):
    """One request, complete with its body."""

    method: str
    path: str
    """Percent-decoded once; a room that must tell ``%2F`` from ``/`` splits ``raw_path`` first."""
    raw_path: bytes
    query: bytes
    headers: dict[bytes, bytes]
    """Names in lower case."""
    body: bytes
    client: str
    """The caller's address; that of the caller behind it where a trusted proxy called."""
    certificate: bytes | None
    """The caller's verified certificate, DER."""
    began: float
    """``time.perf_counter()`` when its last byte arrived."""
    secure: bool = False
    """Whether it came over TLS, to us or to a trusted proxy."""
    name: str = ""
    """The distinguished name of the caller's certificate, where a trusted proxy tells that alone."""
    taker: Taker = NO_TAKER
    """Who takes the answer of a handler that has returned ``LATER``."""


class Response(msgspec.Struct, gc=False):
    """One answer; its length is added when it is written."""

    status: int
    headers: list[tuple[bytes, bytes]] = msgspec.field(default_factory=list)
    body: bytes = b""
    lines: bytes = b""
    """Headers that were written before, each with its line end: what many answers carry alike."""


class Later(enum.Enum):
    """What a handler returns whose answer somebody else gives once he has it, without a task that waits for it."""

    LATER = enum.auto()


LATER = Later.LATER


class Stream(msgspec.Struct):
    """An answer that comes in pieces and ends when its iterator does, or when the caller leaves."""

    status: int
    headers: list[tuple[bytes, bytes]]
    pieces: AsyncIterator[bytes]


Answered: TypeAlias = Response | Stream
Handler: TypeAlias = Callable[[Request], Answered | Later | Awaitable[Answered]]
"""What answers requests. One that knows its answer at once may return it without ``async``, one whose answer is given
by somebody else ``LATER``: that saves a task."""
Refusal: TypeAlias = Callable[[int, str], Response]
"""Writes an answer this room gives by itself (status, message) in the form the caller expects."""


def plain_refusal(status: int, message: str) -> Response:
    """Refuse in a few bytes of JSON."""
    return Response(status, [JSON], msgspec.json.encode({"error": message}))


def traced(refusal: Response, headers: Mapping[bytes, bytes]) -> Response:
    """Echo the ids of a message that never came as far as a room, as rooms do with every answer."""
    refusal.headers += [(name, headers[name]) for name in _TRACED if headers.get(name)]
    return refusal


def _status_line(status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


def lines(fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Write headers that many messages carry alike, each with its line end; ValueError where one holds a line break."""
    written = [b"%b: %b" % field for field in fields]
    if any(b"\r" in line or b"\n" in line for line in written):
        raise ValueError("a header holds a line break")  # somebody's data would become headers
    return b"".join(line + b"\r\n" for line in written)


STATUS_LINES = {status: _status_line(status) for status in range(100, 600)}
CLOSE = b"connection: close\r\n"
CHUNKED = b"transfer-encoding: chunked\r\n"


class _Lengths(dict[int, bytes]):
    def __missing__(self, length: int) -> bytes:
        return b"content-length: %d\r\n" % length


LENGTHS = _Lengths({length: b"content-length: %d\r\n" % length for length in range(1024)})
"""The header that says how long a body is; those of most are written before."""


def head(answer: Answered, stamp: bytes, *, keep: bool) -> bytes:
    """Write status line and headers up to and with the empty line; ``stamp`` are lines that every answer carries."""
    status, fields, own, before, length = answer.status, answer.headers, b"", b"", CHUNKED
    if fields:
        own = b"".join([b"%b: %b\r\n" % field for field in fields])
        if not own.count(b"\n") == own.count(b"\r") == len(fields):
            raise ValueError("a header of an answer holds a line break")  # somebody's data would become headers
    if type(answer) is Response:
        before, length = answer.lines, LENGTHS[len(answer.body)]
    if status in BODILESS:
        length = b""
    return b"".join((STATUS_LINES[status], own, before, stamp, b"" if keep else CLOSE, length, b"\r\n"))
