"""How the quality gate of the core takes places of this room apart: what is static, what is dynamic, what is added."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace

from interroam.core.ports import EPOCH
from interroam.core.rules.quality import MANDATORY, Defect, Mode, is_static
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Body, Change, Fact, Merge, Statement, Wire
from interroam.model.ids import Key, Kind
from interroam.model.places import Connector, Evse, Location
from interroam.model.tariffs import Tariff
from interroam.protocols.ocpi.wire import Malformed, NotJson, read
from interroam.protocols.ocpi.wire import locations as wire
from interroam.protocols.ocpi.wire.raw import drop_fields, fields_of, items_of, set_fields
from interroam.protocols.ocpi.wire.types import DisplayText

from .places import CONNECTORS, evse_change, location_change, restated, write_evse, write_location
from .rows import STATUS, differ, is_ours, wired

_encode = msgspec.json.Encoder().encode
_decode_texts = msgspec.json.Decoder(list[DisplayText] | None).decode
_PRICE = re.compile(r"\d+[.,]\d+")


class OcpiStandards(msgspec.Struct, frozen=True):
    """What a partner's places must live up to."""

    mode: Mode
    mandatory: frozenset[str]
    default_start: bool = False

    @classmethod
    def of(cls, mode: str, mandatory: str, *, default_start: bool = False) -> OcpiStandards | None:
        """Read the switches of a partner: the mandatory fields are named with blanks between them (OCPI-196)."""
        names = frozenset(mandatory.replace(",", " ").split())
        unknown = sorted(names.difference(MANDATORY))
        if unknown:
            message = f"{', '.join(unknown)} cannot be made mandatory"
            raise Refused(Reason.MALFORMED, message, remedy=f"choose of {', '.join(MANDATORY)}")
        return cls(Mode(mode), names, default_start) if mode != Mode.OFF or default_start else None

    def tidied(self, statement: Statement) -> Statement:
        """Return a statement without the tariffs of other connectors than the first (OCPI-77, OCPI-78)."""
        if isinstance(statement, Change):
            if statement.key.kind is not Kind.EVSE or "connectors" not in statement.fields:
                return statement
            return replace(statement, merge=_tidying(statement.merge), wire=None)
        if not isinstance(statement, Fact):
            return statement
        parts = None if statement.parts is None else tuple(map(_tidied, statement.parts))
        tidy = _tidied(statement)
        if parts is None or all(one is other for one, other in zip(parts, statement.parts or (), strict=True)):
            return tidy
        return replace(tidy, parts=parts, wire=None)  # as stated it says too much: it is rendered from the picture

    def static(self, body: Body, wire: Wire | None) -> object:
        """Return what is static of a place, read and without what says nothing."""
        if isinstance(body, Location):
            return _bare(msgspec.json.decode(wire.data if is_ours(wire) else write_location(body)))
        if not isinstance(body, Evse):
            return body
        fields = msgspec.json.decode(wire.data if is_ours(wire) else write_evse(body))
        fields["status"] = body.status.word if is_static(body) else None  # OCPI-70
        for place, connector in enumerate(fields.get("connectors") or ()):
            if isinstance(connector, dict):
                connector.pop("last_updated", None)
                if place == 0:
                    connector.pop("tariff_ids", None)
        return _bare(fields)

    @staticmethod
    def differ(new: bytes, old: bytes) -> frozenset[str]:
        """Return in which fields two places differ."""
        return differ(new, old)

    def live(self, stated: Evse, known: Evse) -> Change | None:
        """Return the change that takes over status and tariffs of the first connector; None when neither is new."""
        at = stated.last_updated
        fresh = not is_static(stated) and not is_static(known)
        status = stated.status if fresh and stated.status.word != known.status.word else None
        priced = _priced(stated, known)
        if status is None and priced is None:
            return None

        def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
            if not isinstance(body, Evse):
                return body, wire
            changed = replace(body, last_updated=max(at, body.last_updated))
            grown = wire if is_ours(wire) else None
            if status is not None:
                changed = replace(changed, status=status)
                grown = wired(set_fields(grown.data, {"status": _encode(status.word)})) if grown else None
            if priced is not None and changed.connectors:
                first = replace(changed.connectors[0], tariff_ids=priced.tariff_ids, last_updated=at)
                changed = replace(changed, connectors=(first, *changed.connectors[1:]))
                grown = wired(_with_tariffs(grown.data, priced, at.isoformat())) if grown else None
            return changed, grown

        fields = (STATUS if status is not None else frozenset()) | (CONNECTORS if priced is not None else frozenset())
        said = None
        if status is not None and priced is None:  # whole EVSEs are rendered from the picture
            said = wired(_encode({"status": status.word, "last_updated": at}))
        return Change(stated.key, fields, at, merge, said, restate=restated)

    def odd(self, fact: Fact) -> tuple[Defect, ...]:
        """Return what contradicts itself in an object as it stood."""
        row = fact.row or fact.wire
        if not is_ours(row) or not isinstance(fact.body, Location | Tariff):
            return ()
        fields = fields_of(row.data)
        if isinstance(fact.body, Location):
            named = items_of(fields.get("publish_allowed_to"), "publish_allowed_to")
            message = "is for places that are not published"  # OCPI-194
            return (Defect("publish_allowed_to", message),) if named and fact.body.publish else ()
        texts = _decode_texts(fields["tariff_alt_text"]) if "tariff_alt_text" in fields else None
        said = " ".join(one.text for one in texts or ())
        prices = {one.price for element in fact.body.elements for one in element.components}
        repeated = {Decimal(number.replace(",", ".")) for number in _PRICE.findall(said)}
        message = "repeats a price of the elements"  # OCPI-213
        return (Defect("tariff_alt_text", message),) if repeated & prices else ()

    def starting(self, fact: Fact, at: datetime) -> Fact:
        """Return a tariff that starts then."""
        if not isinstance(fact.body, Tariff):
            return fact
        said = {"start_date_time": _encode(at)}
        wire, row = (
            wired(set_fields(one.data, said)) if is_ours(one) else None for one in (fact.wire, fact.row or fact.wire)
        )
        return replace(fact, body=replace(fact.body, starts=at), wire=wire, row=row)

    def completion(self, key: Key, raw: bytes) -> Change:
        """Read what an operator adds to a place: fields as a PATCH has them."""
        try:
            patch = set_fields(raw, {"last_updated": _encode(EPOCH)})
            if key.kind is Kind.LOCATION:
                return location_change(read(wire.LocationPatch, patch)[0], patch, key.party, key.id)
            return evse_change(read(wire.EvsePatch, patch)[0], patch, key.party, key.id, key.sub)
        except (Malformed, NotJson) as error:
            raise Refused(Reason.MALFORMED, str(error), remedy="write the fields as a PATCH has them") from None


def _priced(stated: Evse, known: Evse) -> Connector | None:
    """Return the connector that says at which tariffs an EVSE charges, when that is news (OCPI-77)."""
    if not stated.connectors or not known.connectors:
        return None
    first = stated.connectors[0]
    return first if first.tariff_ids != known.connectors[0].tariff_ids else None


def _tidied(fact: Fact) -> Fact:
    body, row = fact.body, fact.row or fact.wire
    tidy, grown = _priced_once(body, row)
    return fact if tidy is body else replace(fact, body=tidy, wire=None, row=grown)


def _tidying(merge: Merge) -> Merge:
    def tidy(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        merged, grown = _priced_once(*merge(body, wire))
        if isinstance(body, Evse) and isinstance(merged, Evse) and _untimed(merged) == _untimed(body):
            return replace(body, last_updated=merged.last_updated), wire  # nothing that counts
        return merged, grown

    return tidy


def _priced_once(body: Body, row: Wire | None) -> tuple[Body, Wire | None]:
    """Return an EVSE with the tariffs of its first connector alone."""
    if not isinstance(body, Evse) or not any(plug.tariff_ids for plug in body.connectors[1:]):
        return body, row
    others = tuple(replace(plug, tariff_ids=()) for plug in body.connectors[1:])
    if is_ours(row):
        first, *rest = items_of(fields_of(row.data).get("connectors"), "connectors")
        bare = b",".join((first, *(drop_fields(one, ("tariff_ids",)) for one in rest)))
        row = wired(set_fields(row.data, {"connectors": b"[" + bare + b"]"}))
    return replace(body, connectors=(body.connectors[0], *others)), row


def _untimed(evse: Evse) -> Evse:
    plugs = tuple(replace(plug, last_updated=None) for plug in evse.connectors)
    return replace(evse, connectors=plugs, last_updated=EPOCH)


def _with_tariffs(row: bytes, priced: Connector, at: str) -> bytes:
    """Put the tariffs into the first connector of an EVSE's row."""
    connectors = items_of(fields_of(row).get("connectors"), "connectors")
    said = {"tariff_ids": _encode(priced.tariff_ids), "last_updated": _encode(at.replace("+00:00", "Z"))}
    connectors[0] = set_fields(connectors[0], said)
    return set_fields(row, {"connectors": b"[" + b",".join(connectors) + b"]"})


def _bare(value: Any) -> Any:
    """Leave out what is null or empty: it is the same as absent."""
    if isinstance(value, dict):
        return {name: _bare(inner) for name, inner in value.items() if inner not in (None, [], "")}
    return [_bare(inner) for inner in value] if isinstance(value, list) else value
