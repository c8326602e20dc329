"""The two forms an object is kept in, and how statements are made of them.

``wire`` goes into the journal as it stood; ``row`` is the form of the picture, in which last_updated means nothing: the
picture keeps it beside the row. A *merge* is a pure function that the
store's writer applies to the newest state; a row of another room stays away and is rendered from the body later.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from typing import TypeAlias, TypeGuard, TypeVar

import msgspec

from interroam.core.keys import masked
from interroam.model.errors import Reason, Refused
from interroam.model.facts import MORE, Body, Fact, Merge, Wire
from interroam.model.ids import PartyId
from interroam.protocols.ocpi.wire import write
from interroam.protocols.ocpi.wire.raw import drop_fields, fields_of, merge_fields

ROOM = "ocpi"
VERSION = "2.2.1"
_BREAK, _BLANK = b"\n "
UNTIMED = ("last_updated",)
STATUS = frozenset({"status"})

Given: TypeAlias = dict[str, msgspec.Raw]
B = TypeVar("B", bound=msgspec.Struct)

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def wired(data: bytes) -> Wire:
    """Return bytes as those of this room."""
    return Wire(ROOM, VERSION, data)


def compact(raw: bytes) -> bytes:
    """Return JSON without its line breaks and indents, so that lists stay small."""
    # Who writes a blank behind one colon writes it behind all: the first one tells.
    value = raw.find(b'":') + 2
    return msgspec.json.format(raw, indent=-1) if _BREAK in raw or raw[value] == _BLANK else raw


def row_of(raw: bytes, without: Collection[str] = UNTIMED) -> bytes:
    """Return the row form of an object that came in."""
    return drop_fields(compact(raw), without)


def written(shape: msgspec.Struct, without: Collection[str] = UNTIMED) -> bytes:
    """Return the row form of an object that we write ourselves."""
    return drop_fields(write(shape), without)


def plain_fact(body: Body, raw: bytes, without: Collection[str] = UNTIMED) -> Fact:
    """Make a fact of an object without inner rows."""
    return Fact(body, wired(raw), wired(row_of(raw, without)), None, same)


def charge_fact(body: Body, raw: bytes) -> Fact:
    """Make a fact of a session or a CDR: many come and few are read again, so the row is what came, its time too."""
    wire = Wire(ROOM, VERSION, raw)
    row = compact(raw)
    return Fact(body, wire, wire if row is raw else wired(row), None, same)


def same(new: bytes, old: bytes) -> bool:
    """Whether two objects say the same: order, blanks, nulls and the time of it aside."""
    if new == old:
        return True
    try:
        return bool(_untimed(_decode(new)) == _untimed(_decode(old)))
    except (msgspec.DecodeError, ArithmeticError):
        return False


def differ(new: bytes, old: bytes) -> frozenset[str]:
    """Return in which fields two objects differ, as ``same`` compares them."""
    try:
        ours, theirs = _untimed(_decode(new)), _untimed(_decode(old))
    except (msgspec.DecodeError, ArithmeticError):
        return frozenset((MORE,))
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return frozenset((MORE,))
    return frozenset(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))


def _untimed(value: object) -> object:
    said = _bare(value)
    if isinstance(said, dict):
        said.pop("last_updated", None)
        for connector in said.get("connectors") or ():
            if isinstance(connector, dict):  # a whole EVSE said again brings new times for all of it (OCPI-36)
                connector.pop("last_updated", None)
    return said


def _bare(value: object) -> object:
    """Leave out what is null: it is the same as absent."""
    if isinstance(value, dict):
        return {name: _bare(inner) for name, inner in value.items() if inner is not None}
    return [_bare(inner) for inner in value] if isinstance(value, list) else value


def said(patch: bytes) -> Given:
    """Return what a patch changes, unread: null changes nothing (OCPI-187), and its time is kept beside the row."""
    return {
        name: value for name, value in fields_of(patch).items() if name != "last_updated" and bytes(value) != b"null"
    }


def merged(kind: type[B], change: Callable[[B], B], patch: Given, append: Collection[str] = ()) -> Merge:
    """Return what applies a patch: to the body by a function of the body, to the row byte by byte."""

    def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        if not isinstance(body, kind):
            return body, wire
        return change(body), patched(wire, patch, append)  # type: ignore[return-value]  # B is one of Body

    return merge


def patched(wire: Wire | None, patch: Given, append: Collection[str] = ()) -> Wire | None:
    """Merge a patch into a row of this room; none of another's."""
    return wired(merge_fields(wire.data, patch, append)) if is_ours(wire) else None


def is_ours(wire: Wire | None) -> TypeGuard[Wire]:
    """Whether a row is in this room's spelling."""
    return wire is not None and wire.room == ROOM and wire.version == VERSION


def named(patch: Given, identity: frozenset[str]) -> frozenset[str]:
    """Return the names of what a patch changes; the identity does not."""
    return STATUS if patch.keys() == STATUS else frozenset(patch) - identity


def insist(field: str, inside: str | None, outside: str, *, of_card: bool = False) -> None:
    """Refuse an object whose own id is another than the one in the URL (OCPI-187); a card's is not repeated."""
    if inside is not None and inside != outside and inside.casefold() != outside.casefold():
        one, other = (masked(inside), masked(outside)) if of_card else (inside, outside)
        message = f"{field} is {one!r} in the body and {other!r} in the URL"
        raise Refused(Reason.MISMATCH, message, remedy="make them equal")


def insist_owner(country: str | None, code: str | None, owner: PartyId) -> None:
    """Refuse an object that names another owner than the URL does."""
    if country != owner.country or code != owner.code:
        insist("country_code", country, owner.country)
        insist("party_id", code, owner.code)
