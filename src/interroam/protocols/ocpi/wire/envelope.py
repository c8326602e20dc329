"""The envelope of every answer: ours written by joining bytes, a partner's read with patience.

OCPI 2.2.1 transport_and_format: response format.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Raw, Struct

from .lenient import Finding, Malformed, NotJson
from .raw import items_of

SUCCESS = 1000
_OK = b'{"status_code":1000,"status_message":"Success","timestamp":"'
_OK_AFTER_DATA = b',"status_code":1000,"status_message":"Success","timestamp":"'
_END = b'"}'
_ONE_SECOND = timedelta(seconds=1)
_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode_reply = msgspec.json.Decoder(dict[str, Raw]).decode


class _Face:
    """The last second that was written: within it every answer carries the same text."""

    __slots__ = ("done", "second", "until", "written")

    def __init__(self) -> None:
        self.turn(datetime(1970, 1, 1, tzinfo=UTC))

    def turn(self, now: datetime) -> None:
        self.second = now.astimezone(UTC).replace(microsecond=0)
        self.until = self.second + _ONE_SECOND
        self.written = self.second.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
        self.done = _OK + self.written + _END

    def show(self, now: datetime) -> bytes:
        if not self.second <= now < self.until:
            self.turn(now)
        return self.written


_FACE = _Face()


def success(now: datetime) -> bytes:
    """Status 1000 without data, the answer to almost everything."""
    if not _FACE.second <= now < _FACE.until:
        _FACE.turn(now)
    return _FACE.done


def success_with(data: bytes, now: datetime) -> bytes:
    """Status 1000 with one JSON value."""
    return b'{"data":' + data + _OK_AFTER_DATA + _FACE.show(now) + _END


def failure(status_code: int, message: str, now: datetime, data: bytes | None = None) -> bytes:
    """Any other status, or a success about which something is to be said."""
    head = b"{" if data is None else b'{"data":' + data + b","
    status = b'"status_code":%d,"status_message":' % status_code
    return head + status + _encode(message) + b',"timestamp":"' + _FACE.show(now) + _END


class Reply(Struct, frozen=True):
    """What a partner answered. ``data`` is unread, and None when there was none or null."""

    status_code: int
    data: bytes | None = None
    status_message: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def succeeded(self) -> bool:
        """Whether the status is one of success."""
        return SUCCESS <= self.status_code < 2 * SUCCESS

    def items(self) -> list[bytes]:
        """The elements of a list answer, unread; what is no list holds none."""
        return items_of(self.data, "data") if self.data is not None and self.data.startswith(b"[") else []


def read_reply(raw: bytes) -> Reply:
    """Read a partner's envelope; only a status code must be there."""
    try:
        fields = _decode_reply(raw)
        raw.decode()
    except msgspec.ValidationError:
        raise Malformed("", "an object is expected") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotJson(str(error)) from None
    findings: list[Finding] = []
    code = _status_code(fields.get("status_code"), findings)
    if "timestamp" not in fields:
        findings.append(Finding("timestamp", "is missing"))
    data = bytes(fields["data"]).strip() if "data" in fields else None
    message = _value(fields.get("status_message"))
    return Reply(
        status_code=code,
        data=None if data == b"null" else data,
        status_message=message if isinstance(message, str) else "",
        findings=tuple(findings),
    )


def _value(raw: Raw | None) -> object:
    try:
        return None if raw is None else msgspec.json.decode(raw)
    except msgspec.DecodeError:  # a number beyond all numbers
        return None


def _status_code(raw: Raw | None, findings: list[Finding]) -> int:
    code = _value(raw)
    if isinstance(code, str) and re.fullmatch("[0-9]{4}", code):
        findings.append(Finding("status_code", "is text, a number is expected"))
        code = int(code)
    if isinstance(code, bool) or not isinstance(code, int):
        raise Malformed("status_code", "a number is expected" if raw is not None else "is missing")
    return code
