"""OCPI 2.2.1 mod_locations ⇄ Location, Evse, Connector, and the changes that PATCH makes of them."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from interroam.core.rules.statuses import WORDS, from_word, one_word
from interroam.model import places as model
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Body, Change, Fact, Merge, Wire
from interroam.model.ids import PartyId, evse_key, location_key
from interroam.protocols.ocpi.wire import locations as wire
from interroam.protocols.ocpi.wire import write
from interroam.protocols.ocpi.wire.raw import (
    find_connector,
    merge_patch,
    replace_connector,
    set_fields,
    set_text,
    split_location,
)
from interroam.protocols.ocpi.wire.types import BusinessDetails

from .points import NOWHERE, fitting, read_point, write_point
from .rows import (
    ROOM,
    STATUS,
    VERSION,
    differ,
    insist,
    insist_owner,
    is_ours,
    merged,
    named,
    row_of,
    said,
    same,
    wired,
    written,
)

NOT_KNOWN = "#NA"
"""What OCPI allows in a mandatory text that truly cannot be filled."""
ZONE = "UTC"
CONNECTORS = frozenset({"connectors"})
_LOCATION_ID = frozenset({"country_code", "party_id", "id"})
_EVSE_ID = frozenset({"uid"})
_SHARED = (
    "publish",
    "name",
    "address",
    "city",
    "postal_code",
    "state",
    "country",
    "time_zone",
    "parking_type",
)
_STATUSES = {word: from_word(word) for word in WORDS}
_QUOTED = {word: b'"' + word.encode() + b'"' for word in WORDS}
_QUOTES_OF_STATUS = 8
"""Of two names and two texts: where a patch has a status and its time, there is nothing else in it."""


# -- connectors --------------------------------------------------------------------------------------------------------


def read_connector(shape: wire.Connector) -> model.Connector:
    """Read a connector."""
    return model.Connector(
        id=shape.id,
        standard=shape.standard,
        format=shape.format,
        power_type=shape.power_type,
        voltage_v=shape.max_voltage,
        amperage_a=shape.max_amperage,
        power_w=shape.max_electric_power,
        tariff_ids=shape.tariff_ids,
        last_updated=shape.last_updated,
    )


def write_connector(connector: model.Connector, at: datetime) -> bytes:
    """Write a connector, which keeps its last_updated; ``at`` is when its EVSE was stated last."""
    return write(_connector_shape(connector, at))


def _connector_shape(connector: model.Connector, at: datetime) -> wire.Connector:
    return wire.Connector(
        id=connector.id,
        standard=connector.standard,
        format=connector.format,
        power_type=connector.power_type,
        max_voltage=connector.voltage_v,
        max_amperage=connector.amperage_a,
        max_electric_power=connector.power_w,
        tariff_ids=connector.tariff_ids,
        last_updated=connector.last_updated or at,
    )


# -- EVSEs -------------------------------------------------------------------------------------------------------------


def read_evse(shape: wire.Evse, owner: PartyId, location_id: str) -> model.Evse:
    """Read an EVSE; its place is said by the location or the URL around it."""
    return model.Evse(
        owner=owner,
        location_id=location_id,
        uid=shape.uid,
        evse_id=shape.evse_id,
        status=from_word(shape.status),
        capabilities=shape.capabilities,
        connectors=tuple(read_connector(each) for each in shape.connectors),
        coordinates=read_point(shape.coordinates),
        physical_reference=shape.physical_reference,
        last_updated=shape.last_updated,
    )


def write_evse(evse: model.Evse) -> bytes:
    """Write the row form of an EVSE."""
    shape = wire.Evse(
        uid=evse.uid,
        evse_id=evse.evse_id,
        status=one_word(evse.status),  # type: ignore[arg-type]  # a word of the table in core/rules/statuses.py
        capabilities=evse.capabilities,
        connectors=tuple(_connector_shape(each, evse.last_updated) for each in evse.connectors),
        coordinates=write_point(evse.coordinates) if evse.coordinates is not None else None,
        physical_reference=evse.physical_reference,
        last_updated=evse.last_updated,
    )
    return written(shape)


def evse_fact(shape: wire.Evse, raw: bytes, owner: PartyId, location_id: str) -> Fact:
    """Make a fact of an EVSE as it stood."""
    raw = fitting(_spelled(raw, shape.status), shape.coordinates)
    return Fact(read_evse(shape, owner, location_id), wired(raw), wired(row_of(raw)), None, same, restated)


def _spelled(raw: bytes, status: str | None) -> bytes:
    """Spell a status that came in other letters as OCPI does: it goes out like this, and is known again (OCPI-36)."""
    if status is None or raw.find(_QUOTED[status]) >= 0:
        return raw
    return set_fields(raw, {"status": _QUOTED[status]})


# -- locations ---------------------------------------------------------------------------------------------------------


def read_location(shape: wire.Location) -> model.Location:
    """Read a location without its EVSEs."""
    hours = shape.opening_times
    return model.Location(
        owner=PartyId.of(shape.country_code, shape.party_id),
        id=shape.id,
        publish=shape.publish,
        audience=tuple(
            model.Audience(
                uid=one.uid,
                type=one.type,
                visual_number=one.visual_number,
                issuer=one.issuer,
                group_id=one.group_id,
            )
            for one in shape.publish_allowed_to
        ),
        name=shape.name,
        address=shape.address,
        city=shape.city,
        postal_code=shape.postal_code,
        state=shape.state,
        country=shape.country,
        coordinates=read_point(shape.coordinates) or NOWHERE,
        time_zone=shape.time_zone,
        parking_type=shape.parking_type,
        operator_name=shape.operator.name if shape.operator is not None else None,
        owner_name=shape.owner.name if shape.owner is not None else None,
        always_open=hours.twentyfourseven if hours is not None else None,
        last_updated=shape.last_updated,
    )


def write_location(location: model.Location) -> bytes:
    """Write the row form of a location."""
    shape = wire.Location(
        country_code=location.owner.country,
        party_id=location.owner.code,
        id=location.id,
        publish=location.publish,
        publish_allowed_to=tuple(
            wire.PublishTokenType(
                uid=one.uid,
                type=one.type,  # type: ignore[arg-type]  # the words are those of OCPI
                visual_number=one.visual_number,
                issuer=one.issuer,
                group_id=one.group_id,
            )
            for one in location.audience
        ),
        name=location.name,
        address=location.address,
        city=location.city,
        postal_code=location.postal_code,
        state=location.state,
        country=location.country,
        coordinates=write_point(location.coordinates),
        time_zone=location.time_zone or ZONE,
        parking_type=location.parking_type,
        operator=BusinessDetails(name=location.operator_name) if location.operator_name else None,
        owner=BusinessDetails(name=location.owner_name) if location.owner_name else None,
        opening_times=wire.Hours(twentyfourseven=True) if location.always_open else None,
        last_updated=location.last_updated,
    )
    return written(shape)


def location_fact(shape: wire.Location, raw: bytes) -> Fact:
    """Make a fact of a location as it stood, its EVSEs as parts; those known and left out are gone (OCPI-91)."""
    raw = fitting(raw, shape.coordinates, shape.related_locations)
    row, evses = split_location(raw)
    body = read_location(shape)
    inner = [one for one in evses if one != b"null"]
    parts = [evse_fact(each, own, body.owner, body.id) for each, own in zip(shape.evses, inner, strict=True)]
    spelled = [part.wire.data for part in parts if part.wire is not None]
    if spelled != inner:
        raw = set_fields(raw, {"evses": b"[" + b",".join(spelled) + b"]"})
    return Fact(body, wired(raw), wired(row_of(row)), tuple(parts), same, restated, differ)


# -- changes -----------------------------------------------------------------------------------------------------------


def location_change(shape: wire.LocationPatch, raw: bytes, owner: PartyId, location_id: str) -> Change:
    """Make a change of a PATCH of a location; EVSEs in it are statements of their own."""
    insist_owner(shape.country_code, shape.party_id, owner)
    insist("id", shape.id, location_id)
    raw = fitting(raw, shape.coordinates, shape.related_locations)
    patch = said(row_of(raw, ("evses",)))
    fields = named(said(raw), _LOCATION_ID)

    def change(body: model.Location) -> model.Location:
        stated = {
            name: value for name in _SHARED if name in fields and (value := getattr(shape, name, None)) is not None
        }
        if shape.coordinates is not None:
            stated["coordinates"] = read_point(shape.coordinates)
        if shape.operator is not None:
            stated["operator_name"] = shape.operator.name
        if shape.owner is not None:
            stated["owner_name"] = shape.owner.name
        if shape.opening_times is not None:
            stated["always_open"] = shape.opening_times.twentyfourseven
        return replace(body, **stated, last_updated=max(shape.last_updated, body.last_updated))

    key = location_key(owner, location_id)
    return Change(key, fields, shape.last_updated, merged(model.Location, change, patch), wired(raw))


def evse_change(shape: wire.EvsePatch, raw: bytes, owner: PartyId, location_id: str, uid: str) -> Change:
    """Make a change of a PATCH of an EVSE; most often its status alone."""
    at, status = shape.last_updated, shape.status
    key = evse_key(owner, location_id, uid)
    if status is not None and raw.find(_QUOTED[status]) < 0:
        raw = _spelled(raw, status)
    if status is not None and raw.count(b'"') == _QUOTES_OF_STATUS:
        return Change(key, STATUS, at, _restating(status, at), Wire(ROOM, VERSION, raw))
    insist("uid", shape.uid, uid)
    raw = fitting(raw, shape.coordinates)
    patch = said(raw)

    def change(body: model.Evse) -> model.Evse:
        return replace(
            body,
            status=_STATUSES[status] if status is not None else body.status,
            evse_id=shape.evse_id if shape.evse_id is not None else body.evse_id,
            capabilities=shape.capabilities if shape.capabilities is not None else body.capabilities,
            connectors=body.connectors if shape.connectors is None else tuple(map(read_connector, shape.connectors)),
            coordinates=read_point(shape.coordinates) or body.coordinates,
            physical_reference=shape.physical_reference or body.physical_reference,
            last_updated=at,
        )

    return Change(key, named(patch, _EVSE_ID), at, merged(model.Evse, change, patch), wired(raw), restate=restated)


def restated(row: Wire, evse: model.Evse) -> Wire | None:
    """Return a row with the status that an EVSE has."""
    return wired(set_fields(row.data, {"status": _QUOTED[one_word(evse.status)]})) if is_ours(row) else None


def _restating(word: str, at: datetime) -> Merge:
    """Return what sets the status of an EVSE and nothing else, in both its forms."""

    def restate(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        if type(body) is not model.Evse:
            return body, wire
        stated = replace(body, status=replace(_STATUSES[word], at=at), last_updated=at)
        if not is_ours(wire):
            return stated, None
        return stated, Wire(ROOM, VERSION, set_text(wire.data, b'"status":', _QUOTED[word]))

    return restate


def connector_fact(shape: wire.Connector, raw: bytes, owner: PartyId, location_id: str, uid: str) -> Change:
    """Make of a whole connector a change of its EVSE, which is what receivers are told of (OCPI-87)."""
    row = row_of(raw, ())

    def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        if not isinstance(body, model.Evse):
            return body, wire
        placed = replace(body, connectors=_placed(body.connectors, read_connector(shape)))
        return _with_connector(body, placed, wire, shape.id, row, shape.last_updated)

    return Change(evse_key(owner, location_id, uid), CONNECTORS, shape.last_updated, merge)


def connector_change(
    shape: wire.ConnectorPatch, raw: bytes, owner: PartyId, location_id: str, uid: str, connector_id: str
) -> Change:
    """Make of a PATCH of a connector a change of its EVSE."""
    insist("id", shape.id, connector_id)

    def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        if not isinstance(body, model.Evse):
            return body, wire
        old = find_connector_of(body, connector_id)
        if old is None:
            raise Refused(
                Reason.UNKNOWN_OBJECT, f"EVSE {uid} has no connector {connector_id}", remedy="PUT the connector"
            )
        placed = replace(body, connectors=_placed(body.connectors, _changed(old, shape)))
        stored = find_connector(wire.data, connector_id) if is_ours(wire) else None
        row = merge_patch(stored, raw) if stored is not None else None
        return _with_connector(body, placed, wire, connector_id, row, shape.last_updated)

    return Change(evse_key(owner, location_id, uid), CONNECTORS, shape.last_updated, merge)


def find_connector_of(evse: model.Evse, connector_id: str) -> model.Connector | None:
    """Return the connector of an EVSE with this id."""
    wanted = connector_id.casefold()
    return next((each for each in evse.connectors if each.id.casefold() == wanted), None)


def _changed(old: model.Connector, shape: wire.ConnectorPatch) -> model.Connector:
    return replace(
        old,
        standard=shape.standard or old.standard,
        format=shape.format or old.format,
        power_type=shape.power_type or old.power_type,
        voltage_v=shape.max_voltage if shape.max_voltage is not None else old.voltage_v,
        amperage_a=shape.max_amperage if shape.max_amperage is not None else old.amperage_a,
        power_w=shape.max_electric_power if shape.max_electric_power is not None else old.power_w,
        tariff_ids=shape.tariff_ids if shape.tariff_ids is not None else old.tariff_ids,
        last_updated=shape.last_updated,
    )


def _placed(connectors: tuple[model.Connector, ...], one: model.Connector) -> tuple[model.Connector, ...]:
    """Put a connector in the place of the one with its id, or behind the last."""
    wanted = one.id.casefold()
    if any(each.id.casefold() == wanted for each in connectors):
        return tuple(one if each.id.casefold() == wanted else each for each in connectors)
    return (*connectors, one)


def _with_connector(
    body: model.Evse, placed: model.Evse, wire: Wire | None, connector_id: str, row: bytes | None, at: datetime
) -> tuple[Body, Wire | None]:
    """Return both forms with a connector in its place; as they were when nothing but its time is new (OCPI-36)."""
    if row is None or not is_ours(wire):
        return replace(placed, last_updated=at), None
    old = find_connector(wire.data, connector_id)
    if old is not None and same(row, old):
        return replace(body, last_updated=at), wire
    return replace(placed, last_updated=at), wired(replace_connector(wire.data, connector_id, row))
