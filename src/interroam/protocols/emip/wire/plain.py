"""Requests as most of them are, read without a tree: a flat list of elements, in an envelope that was seen before.

What stands before and after such a list was read by the parser once, and the list with it. Where both come again, byte
for byte, only the list is read. Whatever is less plain than that, or wrong, is left to the parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

from .fields import Kind, fields_of
from .reading import way

if TYPE_CHECKING:
    from .operations import Operation
    from .types import ToIop, Wire

_LONGEST_HEAD, _LONGEST_TAIL, _LONGEST_LIST = 1000, 200, 4000
_MOST = 256
"""So many envelopes are remembered."""

# Printable ASCII between tags without attributes: nothing that XML would take for anything else than what it says.
_LIST = re.compile(r"(?:[ \t\r\n]*+<([A-Za-z]\w*+)>[ -%'-;=?-~\t\n]*+</\1>)*+[ \t\r\n]*+", re.ASCII).fullmatch
_EACH = re.compile(r"<(\w+)>([^<]*)</", re.ASCII).findall


class Seen(Struct, frozen=True):
    """An envelope without its list: the operation it asks for, and whether the list's elements have a namespace."""

    tail: bytes
    operation: Operation
    qualified: bool


class _Way(NamedTuple):
    """How the text of an element becomes the value of an attribute."""

    attribute: str
    parse: Callable[[str], Any]
    most: int | None
    nothing: Any


_seen: dict[bytes, Seen] = {}


def read(data: bytes) -> tuple[Seen, ToIop] | None:
    """Read a request; None when the parser has to."""
    start = _start(data)
    seen = _seen.get(data[:start]) if start else None
    if seen is None or not data.endswith(seen.tail):
        return None
    message = _message(seen.operation.request, data[start : -len(seen.tail)])
    return None if message is None else (seen, message)


def learn(data: bytes, operation: Operation, message: ToIop, *, qualified: bool) -> None:
    """Remember the envelope of a request that the parser has read, where the same is read here."""
    if _ways(operation.request) is None:
        return
    start = _start(data)
    end = data.rfind(b"</", 0, data.rfind(b"</", 0, data.rfind(b"</")))  # its operation, its body, itself
    head, tail = data[:start], data[end:]
    if not start < end or len(tail) > _LONGEST_TAIL or head.endswith(b"/>"):
        return
    if b"<!" in head or b"<!" in tail or b"<?" in head[1:] or b"<?" in tail:  # where a list might not be one
        return
    if _message(operation.request, data[start:end]) == message:
        if len(_seen) >= _MOST:
            _seen.clear()
        _seen[head] = Seen(tail, operation, qualified)


def _start(data: bytes) -> int:
    """Return where the list begins: after the first element in the body; 0 when that is nowhere near."""
    body = data.find(b"Body>", 0, _LONGEST_HEAD)
    return 0 if body < 0 else data.find(b">", body + 5, _LONGEST_HEAD) + 1


def _message(kind: type[ToIop], data: bytes) -> ToIop | None:
    found = _ways(kind)
    if found is None or len(data) > _LONGEST_LIST or not data.isascii():
        return None
    text = data.decode("ascii")
    if _LIST(text) is None:
        return None
    ways, required = found
    values: dict[str, Any] = {}
    for name, said in _EACH(text):
        one = ways.get(name)
        if one is None or one.attribute in values:
            return None
        attribute, parse, most, value = one
        if stripped := said.strip():
            if most is not None and len(stripped) > most:
                return None
            try:
                value = parse(stripped)
            except (ValueError, ArithmeticError):
                return None
        if value is not None:
            values[attribute] = value
    return kind(**values) if required <= values.keys() else None


@cache
def _ways(kind: type[Wire]) -> tuple[dict[str, _Way], frozenset[str]] | None:
    """List by wire name how each field is read, and which must be there; None when some are no plain elements."""
    ways = {}
    for field in fields_of(kind):
        if not isinstance(field.kind, Kind) or field.repeated:
            return None
        ways[field.name] = _Way(field.attribute, *way(field, field.kind))
    return ways, frozenset(field.attribute for field in fields_of(kind) if not field.optional)
