"""Locations, EVSEs and connectors: stated by their owner, who may look at them as they are stored here."""

from __future__ import annotations

from typing import NamedTuple

from interroam.core.refs import location_ref
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Statement
from interroam.model.ids import Kind, PartyId, evse_key, location_key
from interroam.protocols.ocpi.rules.zones import odd_zone
from interroam.protocols.ocpi.translate import (
    connector_change,
    connector_fact,
    evse_change,
    evse_fact,
    location_change,
    location_fact,
)
from interroam.protocols.ocpi.translate.rows import insist, insist_owner
from interroam.protocols.ocpi.wire import locations as wire
from interroam.protocols.ocpi.wire.raw import fields_of, find_connector, items_of

from .call import Answer, Call, given
from .desk import AS_STATED, Desk, missing, read_body, read_owner, side, stating
from .lists import list_of


class _Place(NamedTuple):
    owner: PartyId
    location_id: str
    uid: str
    connector_id: str


def _place(call: Call) -> _Place:
    tail = call.tail
    call.ids = tuple(tail[2:4])
    return _Place(read_owner(call), tail[2], tail[3] if len(tail) > 3 else "", tail[4] if len(tail) > 4 else "")


# -- PUT ---------------------------------------------------------------------------------------------------------------


@stating
def put_location(_desk: Desk, call: Call) -> Statement:
    """Take a whole location, its EVSEs with it."""
    owner, location_id, *_ = _place(call)
    shape = read_body(call, wire.Location)
    insist_owner(shape.country_code, shape.party_id, owner)
    insist("id", shape.id, location_id)
    call.take(odd_zone(shape.time_zone))
    call.ids += tuple(evse.uid for evse in shape.evses)
    return location_fact(shape, call.request.body)


@stating
def put_evse(_desk: Desk, call: Call) -> Statement:
    """Take a whole EVSE."""
    owner, location_id, uid, _ = _place(call)
    shape = read_body(call, wire.Evse)
    insist("uid", shape.uid, uid)
    return evse_fact(shape, call.request.body, owner, location_id)


@stating
def put_connector(_desk: Desk, call: Call) -> Statement:
    """Take a whole connector."""
    owner, location_id, uid, connector_id = _place(call)
    shape = read_body(call, wire.Connector)
    insist("id", shape.id, connector_id)
    return connector_fact(shape, call.request.body, owner, location_id, uid)


# -- PATCH -------------------------------------------------------------------------------------------------------------


async def patch_location(desk: Desk, call: Call) -> Answer:
    """Take some fields of a location; each EVSE among them is a statement of its own."""
    owner, location_id, *_ = _place(call)
    shape = read_body(call, wire.LocationPatch)
    call.take(odd_zone(shape.time_zone))
    raw = call.request.body
    answer = await desk.tell(call, location_change(shape, raw, owner, location_id))
    inner = [one for one in items_of(fields_of(raw).get("evses"), "evses") if one != b"null"]
    for evse, own in zip(shape.evses or (), inner, strict=True):
        call.ids += (evse.uid,)
        await desk.tell(call, evse_fact(evse, own, owner, location_id))
    return answer


@stating
def patch_evse(_desk: Desk, call: Call) -> Statement:
    """Take some fields of an EVSE, most often its status alone: the busiest path of the house."""
    owner, location_id, uid = read_owner(call), call.tail[2], call.tail[3]
    call.ids = (location_id, uid)
    shape = read_body(call, wire.EvsePatch)
    return evse_change(shape, call.request.body, owner, location_id, uid)


@stating
def patch_connector(_desk: Desk, call: Call) -> Statement:
    """Take some fields of a connector."""
    place = _place(call)
    shape = read_body(call, wire.ConnectorPatch)
    return connector_change(shape, call.request.body, *place)


# -- GET ---------------------------------------------------------------------------------------------------------------


async def check(desk: Desk, call: Call) -> Answer:
    """Show its owner an object as it is stored here (OCPI-84), also what waits to be shown to others (OCPI-68)."""
    owner, location_id, uid, connector_id = _place(call)
    key = evse_key(owner, location_id, uid) if uid else location_key(owner, location_id)
    drafts = desk.hub.gate.drafts
    await drafts.load()
    new = [one.stored for one in drafts.within(key) if one.new]
    if not new:
        data = await desk.views.one(await desk.own(call, key), AS_STATED)
    else:
        desk.hub.book.routing.may_state(call.partner.id, key)
        (known,) = await desk.hub.store.evses([location_key(owner, location_id)])
        stored = new.pop(0) if new[0].key == key else await desk.own(call, key)
        data = await desk.views.one(stored, AS_STATED, (*known, *new))
    return given(_connector(data, connector_id) if connector_id else data)


async def show(desk: Desk, call: Call) -> Answer:
    """Show a place to who may see it, by its owner's ids or the hub's."""
    tail = call.tail
    call.ids = tuple(tail[:2])
    key = location_key(call.receiver, tail[0]) if call.receiver is not None else None
    place = await desk.seen(call, key, location_ref(tail[0]))
    if len(tail) == 1:
        return await desk.show(call, place)
    evse = await desk.hub.store.get(evse_key(place.key.party, place.key.id, tail[1]))
    if evse is None or evse.withdrawn or not await desk.hub.sight.sees(call.viewer, evse):
        raise missing(Kind.EVSE, tail[1])
    shown = await desk.show(call, evse)
    return given(_connector(shown.data or b"{}", tail[2])) if len(tail) > 2 else shown


def _connector(evse: bytes, connector_id: str) -> bytes:
    """Return one connector of an EVSE."""
    found = find_connector(evse, connector_id)
    if found is None:
        raise Refused(Reason.UNKNOWN_OBJECT, f"there is no connector {connector_id}")
    return found


RECEIVER = side(
    "RECEIVER",
    "locations",
    ("GET", (3, 4, 5), check),
    ("PUT", (3,), put_location),
    ("PUT", (4,), put_evse),
    ("PUT", (5,), put_connector),
    ("PATCH", (3,), patch_location),
    ("PATCH", (4,), patch_evse),
    ("PATCH", (5,), patch_connector),
)
SENDER = side("SENDER", "locations", ("GET", (0,), list_of(Kind.LOCATION)), ("GET", (1, 2, 3), show))
