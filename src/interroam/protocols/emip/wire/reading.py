"""XML to structs: for each struct a reader, made once.

Elements are known by their local name, in any order and any namespace; the first one of a name counts; elements nobody
knows are passed over, and empty ones that may be absent are absent (EMIP-7).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from . import scalars
from .fields import Field, Kind, fields_of

if TYPE_CHECKING:
    from lxml.etree import _Element

    from .types import Wire

LONGEST_ID = 255
"""No id has more characters: it becomes part of keys and is said again in answers."""
LONGEST_VALUE = 1000
"""No number, time or code has more."""

W = TypeVar("W", bound="Wire")
Read = Callable[[Any], Any]
Values = dict[str, Any]

_READERS: dict[Kind, Callable[[str], Any]] = {
    Kind.TEXT: scalars.read_text,
    Kind.FILLED: scalars.read_text,
    Kind.ID_TYPE: scalars.read_id_type,
    Kind.DIGITS: scalars.read_digits,
    Kind.CODE: scalars.read_code,
    Kind.FLAG: scalars.read_flag,
    Kind.DECIMAL: scalars.read_decimal,
    Kind.MOMENT: scalars.read_moment,
}


class Misread(Exception):  # noqa: N818 - it says what it is
    """A field is missing, or holds what it cannot hold."""

    def __init__(self, field: str, *, missing: bool) -> None:
        super().__init__(f"{field} is missing" if missing else f"{field} is malformed")
        self.field = field
        self.missing = missing


def local_name(element: _Element) -> str:
    """Give an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def read_struct(kind: type[W], element: _Element) -> W:
    """Read a struct off the children of an element; raises ``Misread``."""
    return kind(**_complete(kind)(element))


def read_values(kind: type[Wire], element: _Element) -> tuple[Values, Misread | None]:
    """Read what there is of a struct, and say what is wrong with the rest."""
    values: Values = {}
    try:
        _gather(kind)(element, values)
    except Misread as wrong:
        return values, wrong
    return values, _lack(kind, values)


def _lack(kind: type[Wire], values: Values) -> Misread | None:
    lacking = (field.name for field in fields_of(kind) if not field.optional and field.attribute not in values)
    return next((Misread(name, missing=True) for name in lacking), None)


@cache
def _complete(kind: type[Wire]) -> Callable[[_Element], Values]:
    gather = _gather(kind)
    required = {field.attribute for field in fields_of(kind) if not field.optional}

    def read(element: _Element) -> Values:
        values: Values = {}
        gather(element, values)
        if not required <= values.keys():
            raise _lack(kind, values) or AssertionError
        return values

    return read


@cache
def _gather(kind: type[Wire]) -> Callable[[_Element, Values], None]:
    """Make what puts the values of an element's children under the names of a struct's attributes."""
    table = _table(kind)
    loose = {name.lower(): entry for name, entry in table.items()}
    lists = [attribute for attribute, _, many in table.values() if many]
    substitutes = [attribute for attribute, _, _ in table.values() if attribute.startswith("~")]

    def gather(element: _Element, values: Values) -> None:
        for child in element:
            tag = child.tag
            entry = table.get(tag) or loose.get(tag.rpartition("}")[2].lower())
            if entry is None:
                continue
            attribute, read, many = entry
            if many:
                if (value := read(child)) is not None:
                    values.setdefault(attribute, []).append(value)
            elif attribute not in values and (value := read(child)) is not None:
                values[attribute] = value
        if lists:
            values |= {attribute: tuple(values[attribute]) for attribute in lists if attribute in values}
        for attribute in substitutes:
            if attribute in values:
                values.setdefault(attribute[1:], values.pop(attribute))

    return gather


def _table(kind: type[Wire]) -> dict[str, tuple[str, Read, bool]]:
    """List by wire name: the attribute (after a tilde if it only stands in), its reader, whether it repeats."""
    table = {}
    for field in fields_of(kind):
        table[field.name] = (field.attribute, _reader(field), field.repeated and not field.entry)
    for synonym, name in kind.SYNONYMS.items():
        attribute, read, _ = table[name]
        table[synonym] = (f"~{attribute}", read, False)
    return table


def _reader(field: Field) -> Read:
    """Make the reader of one element; it gives None for one that counts as absent."""
    if isinstance(field.kind, Kind):
        return _simple(field, field.kind)
    return _listed(field, field.kind) if field.entry else _nested(field, field.kind)


def way(field: Field, kind: Kind) -> tuple[Callable[[str], Any], int | None, str | None]:
    """Tell how the text of an element is read, how long it may be, and what it means that there is none."""
    words = scalars.WORDS.get(field.name)
    parse = scalars.read_worded_code(words) if words else _READERS[kind]
    return parse, _longest(field.name, kind), "" if kind is Kind.TEXT and not field.optional else None


def _simple(field: Field, kind: Kind) -> Read:
    name = field.name
    parse, most, nothing = way(field, kind)
    plain = parse is scalars.read_text

    def read(element: _Element) -> Any:
        text = element.text
        if text is None or not (text := text.strip()):
            return nothing
        if most is not None and len(text) > most:
            raise Misread(name, missing=False)
        if plain:
            return text
        try:
            return parse(text)
        except (ValueError, ArithmeticError):
            raise Misread(name, missing=False) from None

    return read


def _longest(name: str, kind: Kind) -> int | None:
    """Return how many characters a value may have; None where it may be any text."""
    if name.endswith(("Id", "IdType", "IdAlias")):
        return LONGEST_ID
    return None if kind in (Kind.TEXT, Kind.FILLED) else LONGEST_VALUE


def _nested(field: Field, kind: type[Wire]) -> Read:
    name, optional, complete = field.name, field.optional, _complete(kind)

    def read(element: _Element) -> Any:
        if optional and len(element) == 0:
            return None
        try:
            return kind(**complete(element))
        except Misread as wrong:
            raise Misread(f"{name}/{wrong.field}", missing=wrong.missing) from None

    return read


def _listed(field: Field, kind: type[Wire]) -> Read:
    entry = field.entry or ""
    read_entry = _nested(Field(attribute="", name=f"{field.name}/{entry}", kind=kind, optional=False), kind)
    wanted, optional = entry.lower(), field.optional

    def read(element: _Element) -> Any:
        entries = tuple(read_entry(child) for child in element if local_name(child).lower() == wanted)
        return None if optional and not entries else entries

    return read
