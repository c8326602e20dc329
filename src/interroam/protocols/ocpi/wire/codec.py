"""Bytes to structs and back.

The strict decoder is tried first. It is fast, and when it says yes there is nothing to report but times with an offset,
which it does not mind: a glance at the bytes finds them, or at the ``times`` of what knows all of its own. When it says
no, the lenient reader says why, or what can be made of it.
"""

from __future__ import annotations

import re
from datetime import UTC
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct, ValidationError

from .lenient import DECIMALS, MAGNITUDE, Finding, Malformed, NotJson, mend, understand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

T = TypeVar("T", bound=Struct)

_NOTHING: tuple[Finding, ...] = ()
_UNTYPED = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")

# A time with an offset is read without complaint by the decoder.
_PLUS, _DOT = ord("+"), ord(".")  # as numbers: to ask whether bytes are *in* others raises and clears an error inside
_EAST = re.compile(rb'\+\d\d:?\d\d"').search
_WEST = re.compile(rb'-\d\d:\d\d"').search
# A time without designator means UTC (OCPI 2.2.1 types: DateTime); the decoder wants it said.
_NAIVE = re.compile(rb'("\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?)"')
_FINER = re.compile(rb'\.\d{6}Z"').search
_FINE = re.compile(rb'("\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\d+Z"')
_PADDED = re.compile(rb'("\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?:\d*[1-9])?)0*Z"')


def read(kind: type[T], raw: bytes) -> tuple[T, tuple[Finding, ...]]:
    """Read a message, with what is wrong with it; raises ``Malformed`` or ``NotJson``."""
    return reader(kind)(raw)


def write(shape: Struct) -> bytes:
    """Write a message as the specification wants it: absent fields left out, times in UTC, to the millisecond."""
    written = _ENCODER.encode(shape)
    return _FINE.sub(_to_millis, written) if _DOT in written and _FINER(written) else written


def rewrite(shape: Struct) -> bytes:
    """Write again what somebody else wrote: its times as exactly as they were given (OCPI-41)."""
    written = _ENCODER.encode(shape)
    return _PADDED.sub(_to_millis, written) if _DOT in written and _FINER(written) else written


def mended(kind: type[Struct], raw: bytes) -> bytes:
    """Return a message that was read with findings as it should have been written, as far as it was understood."""
    value = _UNTYPED.decode(raw)
    return _ENCODER.encode(value) if mend(kind, value) else raw


def _to_millis(fine: re.Match[bytes]) -> bytes:
    # For each match a template would be expanded in Python, step by step.
    return fine[1] + b'Z"'


@cache
def reader(kind: type[T]) -> Callable[[bytes], tuple[T, tuple[Finding, ...]]]:
    """The reader of one kind of message, made once."""
    decode = msgspec.json.Decoder(kind, dec_hook=_number, float_hook=_exactly).decode
    times: Callable[[T], Iterable[datetime | None]] | None = getattr(kind, "times", None)

    def read_this(raw: bytes) -> tuple[T, tuple[Finding, ...]]:
        try:
            shape = decode(raw)
            # Fields we skip are stored and relayed with the rest, so they must be text as well.
            if not raw.isascii():
                raw.decode()
        except (ValidationError, ArithmeticError):
            return _again(kind, decode, raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise NotJson(str(error)) from None
        if (_PLUS in raw and _EAST(raw)) or (times is None and _WEST(raw)):
            return _patiently(kind, raw)
        for time in () if times is None else times(shape):
            if time is not None and time.tzinfo is not UTC:
                return _patiently(kind, raw)
        return shape, _NOTHING

    return read_this


def _again(kind: type[T], decode: Callable[[bytes], T], raw: bytes) -> tuple[T, tuple[Finding, ...]]:
    """Read what the strict decoder refused: perhaps only the Z of its times is missing."""
    zoned, count = _NAIVE.subn(rb'\1Z"', raw)
    if count and not (_EAST(raw) or _WEST(raw)):
        try:
            raw.decode()
            return decode(zoned), _NOTHING
        except (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError):
            pass
    return _patiently(kind, raw)


def _patiently(kind: type[T], raw: bytes) -> tuple[T, tuple[Finding, ...]]:
    try:
        value = _UNTYPED.decode(raw)
        raw.decode()
    except (ValidationError, ArithmeticError):
        raise Malformed("", "a number is out of all proportion") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotJson(str(error)) from None
    return understand(kind, value)


def _number(_: type, value: Any) -> Decimal:
    """Take a JSON number, never text, as the decimal it was written as."""
    if type(value) is Decimal:
        return value
    if type(value) is int:
        return _exactly(str(value))
    raise ValueError


@lru_cache(maxsize=16_384)
def _exactly(text: str) -> Decimal:
    """Read a number of usual size and decimals; numbers come again, and finding one costs a third of reading it."""
    number = Decimal(text)
    if -DECIMALS <= number.adjusted() <= MAGNITUDE and number.as_tuple().exponent >= -DECIMALS:  # type: ignore[operator]  # JSON has no other numbers
        return number
    raise ArithmeticError(text)
