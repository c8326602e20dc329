"""Requests as most of them are, read without a tree: a flat list of elements, in an envelope that was seen before.

What stands before and after such a list was read by the parser once, and the list with it. Where both come again, byte
for byte, only the list is read. Whatever is less plain than that, or wrong, is left to the parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

from .fields import Kind, fields_of
from .reading import LONGEST_ID, way
from .scalars import read_text

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


class _Form(NamedTuple):
    """How a list is read that has certain elements in a certain order: most senders always have the same."""

    ways: tuple[_Way, ...]
    attributes: tuple[str, ...]
    parsed: tuple[tuple[str, Callable[[str], Any]], ...]
    """Those whose text is not their value."""
    required: frozenset[str]


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
    if len(data) > _LONGEST_LIST or not data.isascii():
        return None
    text = data.decode("ascii")
    found = _EACH(text) if _LIST(text) is not None else None
    if not found:
        return None
    names, said = zip(*found, strict=True)
    form = _form(kind, names)
    if form is None:
        return None
    texts = tuple(map(str.strip, said))
    values: dict[str, Any]
    try:
        if "" in texts or max(map(len, texts)) > LONGEST_ID:
            values = dict(_values(form.ways, texts))
        else:
            values = dict(zip(form.attributes, texts, strict=True))
            for attribute, parse in form.parsed:
                values[attribute] = parse(values[attribute])
    except (ValueError, ArithmeticError):
        return None
    return kind(**values) if form.required <= values.keys() else None


def _values(ways: tuple[_Way, ...], texts: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Read element by element where some are empty, or long."""
    for (attribute, parse, most, nothing), text in zip(ways, texts, strict=True):
        if most is not None and len(text) > most:
            raise ValueError(text)
        value = parse(text) if text else nothing
        if value is not None:
            yield attribute, value


@lru_cache(maxsize=1024)
def _form(kind: type[ToIop], names: tuple[str, ...]) -> _Form | None:
    """Return how a list of these elements is read; None where one is not known, or comes twice."""
    known = _ways(kind)
    if known is None or len(set(names)) < len(names) or not known.keys() >= set(names):
        return None
    ways = tuple(known[name] for name in names)
    return _Form(
        ways,
        tuple(one.attribute for one in ways),
        tuple((one.attribute, one.parse) for one in ways if one.parse is not read_text),
        frozenset(field.attribute for field in fields_of(kind) if not field.optional),
    )


@cache
def _ways(kind: type[Wire]) -> dict[str, _Way] | None:
    """List by wire name how each field is read; None when some are no plain elements."""
    ways = {}
    for field in fields_of(kind):
        if not isinstance(field.kind, Kind) or field.repeated:
            return None
        ways[field.name] = _Way(field.attribute, *way(field, field.kind))
    return ways
