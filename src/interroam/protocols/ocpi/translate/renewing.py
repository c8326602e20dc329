"""The PATCH that says what is new of a location, for who is told of it EVSE by EVSE (OCPI-87). Pure."""

from __future__ import annotations

import msgspec

from interroam.model.facts import MORE, Stored, Wire
from interroam.model.places import Location
from interroam.protocols.ocpi.wire.raw import drop_fields, fields_of

from .places import write_location
from .rows import is_ours, wired

_EVSES = "evses"
_ALWAYS_SAID = frozenset({"publish"})
"""Of the fields of the model: what is written although it is false."""
_IDENTITY = ("country_code", "party_id", "id")

_encode = msgspec.json.Encoder().encode


def location_patch(patch: Wire) -> Wire:
    """Return the PATCH of a location as its owner sent it, but for its EVSEs: these are told one by one."""
    return wired(drop_fields(patch.data, (_EVSES,)))


def renewal(stored: Stored, names: frozenset[str], last_updated: bytes) -> Wire | None:
    """Return a PATCH with these fields of a location; None when one was taken away, which no PATCH says (OCPI-187)."""
    if not isinstance(stored.body, Location) or MORE in names:
        return None
    if is_ours(stored.wire):
        row = fields_of(stored.wire.data)
        named = names - {_EVSES}
        said = {name: row[name] for name in row if name in named}
        if len(said) < len(named):
            return None
    else:  # which of its fields are written how, only their writer knows: all of them go
        body = stored.body
        if any(not getattr(body, name, True) for name in names - _ALWAYS_SAID):
            return None
        said = fields_of(drop_fields(write_location(body), _IDENTITY))
    return wired(_encode(said | {"last_updated": msgspec.Raw(last_updated)}))
