"""Objects of a partner's lists as facts: read as patiently as what it pushes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from interroam.model.errors import Refused
from interroam.model.facts import Fact
from interroam.model.ids import (
    Key,
    Kind,
    Party,
    PartyId,
    cdr_key,
    location_key,
    session_key,
    tariff_key,
    token_key,
)
from interroam.protocols.ocpi import translate
from interroam.protocols.ocpi.rules.roles import is_rfid_uid
from interroam.protocols.ocpi.rules.zones import odd_zone
from interroam.protocols.ocpi.translate import ADDRESSING, read_target
from interroam.protocols.ocpi.wire import Finding, Malformed, mended, read
from interroam.protocols.ocpi.wire.cdrs import Cdr
from interroam.protocols.ocpi.wire.locations import Location
from interroam.protocols.ocpi.wire.raw import set_fields, text
from interroam.protocols.ocpi.wire.sessions import Session
from interroam.protocols.ocpi.wire.tariffs import Tariff
from interroam.protocols.ocpi.wire.tokens import Token

_NUL = rb"\u0000"
_READERS: dict[Kind, tuple[type[msgspec.Struct], Callable[[Any, bytes], Fact]]] = {
    Kind.LOCATION: (Location, translate.location_fact),
    Kind.TARIFF: (Tariff, translate.tariff_fact),
    Kind.TOKEN: (Token, translate.token_fact),
    Kind.SESSION: (Session, translate.session_fact),
    Kind.CDR: (Cdr, translate.cdr_fact),
}


def read_object(kind: Kind, raw: bytes, *, strict_uid: bool = False) -> tuple[Fact, tuple[Finding, ...]]:
    """Read one object, with what was odd about it; Malformed or NotJson when it cannot be read.

    ``strict_uid``: a card's number must be one, and is taken in capitals, as where it is pushed (OCPI-93, OCPI-94).
    """
    shape, make = _READERS[kind]
    if _NUL in raw:
        raise Malformed("", "a text holds a null character")  # which not every store can keep
    found, findings = read(shape, raw)
    if findings:
        raw = mended(shape, raw)
    if isinstance(found, Location):
        findings += odd_zone(found.time_zone)
    if strict_uid and isinstance(found, Token) and found.type == "RFID":
        if not is_rfid_uid(found.uid):
            raise Malformed("uid", "is no RFID uid of 4 or 7 bytes")
        if found.uid != found.uid.upper():
            raw = set_fields(raw, {"uid": text(found.uid.upper())})
            found = read(shape, raw)[0]
    return make(found, raw), findings


def key_of(kind: Kind, raw: bytes, owner: Party) -> Key | None:
    """Return which object it is that cannot be read as a whole; None when even that is not to be told."""
    try:
        fields = msgspec.json.decode(raw)
        country, code = fields.get("country_code", owner.id.country), fields.get("party_id", owner.id.code)
        whose = PartyId.of(str(country), str(code))
        name = fields["uid" if kind is Kind.TOKEN else "id"]
        if not isinstance(name, str):
            return None
        match kind:
            case Kind.TOKEN:
                return token_key(whose, fields["type"], name)
            case Kind.TARIFF:
                return tariff_key(whose, name, read_target(*(fields.get(each) for each in ADDRESSING)))
            case Kind.SESSION:
                return session_key(whose, name)
            case Kind.CDR:
                return cdr_key(whose, name)
            case _:
                return location_key(whose, name)
    except (msgspec.DecodeError, RecursionError, AttributeError, KeyError, TypeError, ValueError, Refused):
        return None
