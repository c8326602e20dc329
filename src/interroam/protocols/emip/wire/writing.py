"""Structs to XML: for each struct a writer, made once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from .fields import Field, Kind, fields_of
from .scalars import escape, write_decimal, write_flag, write_moment

if TYPE_CHECKING:
    from .types import Wire

Put = Callable[[Any, list[str]], None]

_WRITERS: dict[Kind, Callable[[Any], str]] = {
    Kind.TEXT: escape,
    Kind.FILLED: escape,
    Kind.ID_TYPE: escape,
    Kind.DIGITS: escape,
    Kind.CODE: str,
    Kind.FLAG: write_flag,
    Kind.DECIMAL: write_decimal,
    Kind.MOMENT: write_moment,
}


@cache
def writer(kind: type[Wire], prefix: str = "") -> Put:
    """Make the writer of a struct's children; the prefix puts them into a namespace."""
    fields = fields_of(kind)
    plains = tuple(_plain(field, prefix) for field in fields)
    puts = tuple(_put(field, prefix) for field in fields)
    names = [field.attribute for field in fields]
    get: Callable[[Any], tuple[Any, ...]] = attrgetter(*names) if len(names) > 1 else _lone(names[0])

    def write(message: Wire, out: list[str]) -> None:
        for value, plain, put in zip(get(message), plains, puts, strict=True):
            if value is None:
                continue
            if plain is None:
                put(value, out)
            else:
                start, text, end = plain
                out.append(f"{start}{text(value)}{end}")

    return write


def _plain(field: Field, prefix: str) -> tuple[str, Callable[[Any], str], str] | None:
    """Return what stands around the text of a field, and what makes the text; None where it is no single element."""
    if field.repeated or field.entry is not None or not isinstance(field.kind, Kind):
        return None
    return f"<{prefix}{field.name}>", _WRITERS[field.kind], f"</{prefix}{field.name}>"


def _lone(name: str) -> Callable[[Any], tuple[Any, ...]]:
    return lambda message: (getattr(message, name),)


def _put(field: Field, prefix: str) -> Put:
    if field.entry is not None:
        return _around(prefix + field.name, _each(_one(prefix + field.entry, field.kind, prefix)))
    one = _one(prefix + field.name, field.kind, prefix)
    return _each(one) if field.repeated else one


def _one(tag: str, kind: Kind | type[Wire], prefix: str) -> Put:
    if not isinstance(kind, Kind):
        return _around(tag, writer(kind, prefix))
    start, end, write = f"<{tag}>", f"</{tag}>", _WRITERS[kind]

    def put(value: Any, out: list[str]) -> None:
        out.append(f"{start}{write(value)}{end}")

    return put


def _around(tag: str, inner: Put) -> Put:
    start, end = f"<{tag}>", f"</{tag}>"

    def put(value: Any, out: list[str]) -> None:
        out.append(start)
        inner(value, out)
        out.append(end)

    return put


def _each(one: Put) -> Put:
    def put(values: Any, out: list[str]) -> None:
        for value in values:
            one(value, out)

    return put
