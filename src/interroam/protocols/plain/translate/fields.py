"""What every shape needs: parties, ids, times and numbers in order. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeAlias, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from interroam.model.facts import Finding
from interroam.model.ids import PartyId
from interroam.protocols.plain.wire.misread import Misread

MAGNITUDE = 15
"""Nothing that is billed has more digits before or after the point."""
_S = TypeVar("_S", bound=Struct)
Findings = list[Finding]
_Tree: TypeAlias = "dict[str, _Tree | None]"


def party_of(text: str, field: str = "party") -> PartyId:
    """Read a party."""
    try:
        return PartyId.parse(text)
    except ValueError as error:
        raise Misread(field, str(error), remedy="write it like CH*CCC") from None


def same_party(given: str | None, meant: PartyId) -> None:
    """See that what the body says of the owner agrees with the path."""
    if given is not None and party_of(given) != meant:
        raise Misread("party", f"the body says {given}, the path {meant}", remedy="leave it out of the body")


def same_id(field: str, given: str | None, meant: str) -> None:
    """See that what the body says of an id agrees with the path."""
    if given is not None and given.casefold() != meant.casefold():
        raise Misread(field, f"the body says {given}, the path {meant}", remedy="leave it out of the body")


def settled(value: _S, findings: Findings, path: str = "") -> _S:
    """Return a shape with every time in UTC, and every number of a size that can be reckoned with."""
    changes = {}
    for name in value.__struct_fields__:
        old = getattr(value, name)
        new = _settled(old, findings, f"{path}.{name}" if path else name)
        if new is not old:
            changes[name] = new
    return replace(value, **changes) if changes else value


def _settled(value: Any, findings: Findings, path: str) -> Any:
    if isinstance(value, datetime):
        return in_utc(value, findings, path)
    if isinstance(value, Decimal):
        if not value.is_finite() or (value and not -MAGNITUDE <= value.adjusted() <= MAGNITUDE):
            raise Misread(path, "is out of all proportion")
        return value
    if isinstance(value, tuple):
        items = tuple(_settled(one, findings, f"{path}[{place}]") for place, one in enumerate(value))
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return settled(value, findings, path) if isinstance(value, Struct) else value


def utc(at: datetime) -> datetime:
    """Return a time in UTC; one without a zone is taken for UTC."""
    if at.tzinfo is UTC:
        return at
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def in_utc(at: datetime, findings: Findings, path: str) -> datetime:
    """Return a time in UTC; say so where it had no zone."""
    if at.tzinfo is None:
        findings.append(Finding(path, "has no zone, read as UTC"))
    return utc(at)


def carried(kind: type[_S], source: Struct, **given: Any) -> _S:
    """Make a struct of the fields that have one name on both sides, and of what is given."""
    fields = {name: getattr(source, name) for name in kind.__struct_fields__ if name in source.__struct_fields__}
    return kind(**(fields | given))


def fields_of(error: msgspec.ValidationError, shape: object) -> tuple[str, str]:
    """Return the message of a validation and the path of the field of the shape that it is about."""
    message, _, place = str(error).partition(" - at ")
    path = place.removeprefix("`key` in ").strip("`").removeprefix("$").lstrip(".")
    named = message.partition("required field `")[2].rstrip("`")
    if named:
        return "is missing", f"{path}.{named}" if path else named
    if message.startswith("Invalid enum value ") and (words := _words(msgspec.inspect.type_info(shape), path)):
        return f"{message.removeprefix('Invalid enum value ')} is none of {', '.join(words)}", path
    return message, path


def _words(described: Any, path: str) -> tuple[str, ...]:
    """Return the words that a field takes, by its path in a shape."""
    for step in re.findall(r"\[[^]]*]|[^.[]+", path):
        described = _below(described, step)
    found = next((one for one in _either(described) if isinstance(one, msgspec.inspect.EnumType)), None)
    return tuple(str(member.value) for member in found.cls) if found is not None else ()


def _below(described: Any, step: str) -> Any:
    for one in _either(described):
        match one:
            case msgspec.inspect.StructType():
                return next((field.type for field in one.fields if field.encode_name == step), None)
            case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType() | msgspec.inspect.SetType():
                return one.item_type
            case msgspec.inspect.FrozenSetType():
                return one.item_type
            case msgspec.inspect.DictType():
                return one.value_type
    return None


def _either(described: Any) -> tuple[Any, ...]:
    return described.types if isinstance(described, msgspec.inspect.UnionType) else (described,)


def unknown_fields(shape: type[Struct], text: bytes) -> tuple[Finding, ...]:
    """Name the fields of a body that its shape does not have: most often a slip of the pen."""
    return tuple(_unknown(_known(shape), msgspec.json.decode(text), ""))


@cache
def _known(shape: type[Struct]) -> _Tree:
    return _tree(msgspec.inspect.type_info(shape)) or {}


def _tree(described: Any) -> _Tree | None:
    """The names of a shape's fields, each with those inside it."""
    match described:
        case msgspec.inspect.StructType():
            return {field.encode_name: _tree(field.type) for field in described.fields}
        case msgspec.inspect.VarTupleType():
            return _tree(described.item_type)
        case msgspec.inspect.UnionType():
            return next((tree for one in described.types if (tree := _tree(one)) is not None), None)
        case _:
            return None


def _unknown(tree: _Tree, value: object, path: str) -> Iterator[Finding]:
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield from _unknown(tree, item, f"{path}[{place}]")
    elif isinstance(value, dict):
        for name, inside in value.items():
            here = f"{path}.{name}" if path else name
            if name not in tree:
                yield Finding(here, "is no field of this object and was not read")
            elif (deeper := tree[name]) is not None:
                yield from _unknown(deeper, inside, here)
