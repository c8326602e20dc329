"""Surgery on stored bytes: what is not touched keeps its spelling, its order and the fields we do not know.

An EVSE is stored apart from its location, and a change is merged into the newest state by the store's writer, so
objects are cut and joined as bytes. All of it is linear and none of it reads a value it does not need.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec
from msgspec import Raw

from .lenient import Malformed, NotJson

_NOBODY: frozenset[str] = frozenset()
_decode_fields = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_items = msgspec.json.Decoder(list[Raw] | None).decode
_decode_text = msgspec.json.Decoder(str | int | None).decode
_encode = msgspec.json.Encoder().encode


def fields_of(raw: bytes) -> dict[str, Raw]:
    """The top-level fields of an object, unread."""
    try:
        return _decode_fields(raw)
    except msgspec.ValidationError:
        raise Malformed("", "an object is expected") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise NotJson(str(error)) from None


def items_of(raw: bytes | Raw | None, field: str = "") -> list[bytes]:
    """The elements of a list, unread; null and absent count as empty."""
    if raw is None:
        return []
    try:
        return [bytes(each) for each in _decode_items(raw) or ()]
    except msgspec.ValidationError:
        raise Malformed(field, "a list is expected") from None


def split_location(raw: bytes) -> tuple[bytes, list[bytes]]:
    """Cut a location into its own row, without evses and last_updated, and its EVSEs."""
    fields = fields_of(raw)
    fields.pop("last_updated", None)
    evses = items_of(fields.pop("evses", None), "evses")
    return _encode(fields), evses


def join_location(row: bytes, evses: Iterable[bytes], last_updated: str) -> bytes:
    """Join what ``split_location`` cut; a location without EVSEs gets no list."""
    joined = b",".join(evses)
    tail = b'"last_updated":"' + last_updated.encode() + b'"}'
    return _open(row) + (b'"evses":[' + joined + b"]," + tail if joined else tail)


def split_evse(raw: bytes) -> tuple[bytes, list[bytes]]:
    """Cut an EVSE into its own row, without connectors, and its connectors."""
    fields = fields_of(raw)
    connectors = items_of(fields.pop("connectors", None), "connectors")
    return _encode(fields), connectors


def find_connector(evse: bytes, connector_id: str) -> bytes | None:
    """The bytes of one connector of an EVSE."""
    wanted = connector_id.casefold()
    connectors = items_of(fields_of(evse).get("connectors"), "connectors")
    return next((each for each in connectors if _id(each) == wanted), None)


def replace_connector(evse: bytes, connector_id: str, connector: bytes) -> bytes:
    """Put a connector in the place of the one with its id, or behind the last."""
    wanted = connector_id.casefold()
    fields = fields_of(evse)
    connectors = items_of(fields.get("connectors"), "connectors")
    place = next((place for place, each in enumerate(connectors) if _id(each) == wanted), len(connectors))
    connectors[place : place + 1] = [connector]
    fields["connectors"] = Raw(b"[" + b",".join(connectors) + b"]")
    return _encode(fields)


def merge_patch(
    row: bytes,
    patch: bytes,
    *,
    forbid: Collection[str] = _NOBODY,
    ignore: Collection[str] = _NOBODY,
    append: Collection[str] = _NOBODY,
) -> bytes:
    """Merge an OCPI PATCH: named fields are replaced, others stay, null removes nothing (OCPI-187).

    ``forbid`` names fields a patch must not carry, ``ignore`` those it may carry in vain, ``append`` lists that grow.
    """
    given = fields_of(patch)
    refused = next((name for name in given if name in forbid), None)
    if refused is not None:
        raise Malformed(refused, "cannot be changed by PATCH")
    stated = {name: value for name, value in given.items() if name not in ignore and bytes(value) != b"null"}
    return merge_fields(row, stated, append)


def merge_fields(row: bytes, given: Mapping[str, Raw], append: Collection[str] = _NOBODY) -> bytes:
    """Merge the fields of a patch that was read already; none of them is null."""
    fields = fields_of(row)
    for name, value in given.items():
        if name in append and name in fields:
            grown = items_of(fields[name], name) + items_of(value, name)
            fields[name] = Raw(b"[" + b",".join(grown) + b"]")
        else:
            fields[name] = value
    return _encode(fields)


def set_fields(row: bytes, values: Mapping[str, bytes]) -> bytes:
    """Set top-level fields to JSON values, in their old place or at the end."""
    if b"\\" not in row and not any(f'"{name}"'.encode() in row for name in values):
        added = b",".join(b'"' + name.encode() + b'":' + value for name, value in values.items())
        return _open(row) + added + b"}" if added else row
    fields: dict[str, Raw] = fields_of(row)
    for name, value in values.items():
        fields[name] = Raw(value)
    return _encode(fields)


def set_text(row: bytes, name: bytes, value: bytes) -> bytes:
    """Set a field that is a text to another, both without escapes; ``name`` comes as it stands, quotes and colon too.

    For rows as they are encoded here, which all have this field: what is said once in them is said at the top.
    """
    at = row.find(name) + len(name)
    if at < len(name) or row.find(name, at) >= 0:
        fields = fields_of(row)
        fields[name[1:-2].decode()] = Raw(value)
        return _encode(fields)
    return row[:at] + value + row[row.find(b'"', at + 1) + 1 :]


def drop_fields(row: bytes, names: Iterable[str]) -> bytes:
    """Leave top-level fields out; the row itself when none is there."""
    fields = fields_of(row)  # looking for the names first would cost as much as reading
    found = [name for name in names if name in fields]
    if not found:
        return row
    for name in found:
        del fields[name]
    return _encode(fields)


def text(value: str) -> bytes:
    """A JSON string, for ``set_fields``."""
    return _encode(value)


def _open(row: bytes) -> bytes:
    """The object without its closing brace, ready for one more field."""
    inner = row.rstrip()[:-1].rstrip()
    return inner if inner.endswith(b"{") else inner + b","


def _id(connector: bytes) -> str:
    named = fields_of(connector).get("id")
    try:
        return "" if named is None else str(_decode_text(named)).casefold()
    except msgspec.ValidationError:
        return ""
