"""Requests as rooms receive them and answers as rooms give them.

Repeated header fields are joined by a comma, as RFC 9110 5.3 has it; of those that may appear only once
(``SINGLE``) the first wins, so that nobody can smuggle a second token behind the first.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TypeAlias

import msgspec

SINGLE = frozenset({b"authorization", b"content-type", b"host", b"user-agent"})
BODILESS = frozenset({204, 304})
JSON = (b"content-type", b"application/json")
_TRACED = (b"x-request-id", b"x-correlation-id")


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


class Response(msgspec.Struct, gc=False):
    """One answer; its length is added when it is written."""

    status: int
    headers: list[tuple[bytes, bytes]] = msgspec.field(default_factory=list)
    body: bytes = b""
    lines: bytes = b""
    """Headers that were written before, each with its line end: what many answers carry alike."""


class Later:
    """An answer that somebody gives once he has it, without a task that waits for it."""

    __slots__ = ("_answer", "_take")

    def __init__(self) -> None:
        self._answer: Response | None = None
        self._take: Callable[[Response], None] | None = None

    def give(self, answer: Response) -> None:
        """Hand the answer over."""
        if self._take is None:
            self._answer = answer
        else:
            self._take(answer)

    def then(self, take: Callable[[Response], None]) -> None:
        """Say who takes it."""
        self._take = take
        if self._answer is not None:
            take(self._answer)


class Stream(msgspec.Struct):
    """An answer that comes in pieces and ends when its iterator does, or when the caller leaves."""

    status: int
    headers: list[tuple[bytes, bytes]]
    pieces: AsyncIterator[bytes]


Answered: TypeAlias = Response | Stream
Handler: TypeAlias = Callable[[Request], Answered | Later | Awaitable[Answered]]
"""What answers requests. One that knows its answer at once may return it without ``async``, one whose answer is given
by somebody else a ``Later``: that saves a task."""
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


def head(answer: Answered, extra: bytes) -> bytes:
    """Write status line and headers, ``extra`` lines last, up to and with the empty line."""
    own = b"".join([b"%b: %b\r\n" % field for field in answer.headers])
    if not own.count(b"\n") == own.count(b"\r") == len(answer.headers):
        raise ValueError("a header of an answer holds a line break")  # somebody's data would become headers
    before = answer.lines if type(answer) is Response else b""
    return b"%b%b%b%b\r\n" % (STATUS_LINES[answer.status], own, before, extra)
