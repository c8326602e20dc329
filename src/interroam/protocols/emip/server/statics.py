"""What CPOs state of pools, stations, EVSEs and connectors, level by level (sheet 2.9, EMIP-20).

An insert of what is here already states it anew; an update touches only the attributes that are sent. What is deleted
takes with it what is in it: a pool is withdrawn, an EVSE is REMOVED, a connector leaves its EVSE.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from interroam.model.facts import Stored, Withdrawal
from interroam.model.ids import Key, PartyId
from interroam.model.places import Evse, Location
from interroam.protocols.emip.bridge.elements import Spot, Station, each, parsed
from interroam.protocols.emip.rules.codes import ELEMENT_UNKNOWN, FOREIGN, MALFORMED, REMARKS, SUCCESS, Declined
from interroam.protocols.emip.rules.ids import ElementId, Letter
from interroam.protocols.emip.translate import attributes as at_
from interroam.protocols.emip.translate import places, statuses
from interroam.protocols.emip.translate.attributes import Attributes, merged, stated
from interroam.protocols.emip.translate.tokens import DELETE, INSERT, UPDATE
from interroam.protocols.emip.wire.types import Response

from .call import Call
from .desk import Desk

_M = TypeVar("_M")


# -- pools -------------------------------------------------------------------------------------------------------------


async def pool(desk: Desk, call: Call) -> Response:
    """Keep a pool as a location."""
    told, owner = call.message, call.operator.id
    name = _own(parsed(told.charging_pool_id, Letter.POOL), owner, told.action_type)
    sent, at = _attributes(call), _when(call)
    if told.action_type == INSERT:
        key = places.pool_key(name)
        if not await _stands(desk, key):
            await desk.tell(call, _read(lambda: places.pool_fact(owner, name, sent, at)))
            return _done(call)
        await desk.tell(call, _read(lambda: places.pool_change(key, sent, at, whole=True)))
        return _done(call, "the pool was here: stated anew")
    row = await desk.elements.pool(owner, told.charging_pool_id)
    if told.action_type == UPDATE:
        await desk.tell(call, _read(lambda: places.pool_change(row.key, sent, at)))
    else:
        await desk.tell(call, Withdrawal(row.key, max(at, row.judged_at)))
    return _done(call)


# -- stations ----------------------------------------------------------------------------------------------------------


async def station(desk: Desk, call: Call) -> Response:
    """Keep a station: in the register, and with each of its EVSEs."""
    told, owner = call.message, call.operator.id
    name = _own(parsed(told.charging_station_id, Letter.STATION), owner, told.action_type)
    sent, at = _attributes(call), _when(call)
    remark = ""
    async with desk.elements.writing:
        if told.action_type == INSERT:
            site = await desk.elements.pool(owner, _parent(call))
            known = await desk.elements.find_station(name)
            remark = "the station was here: stated anew" if known is not None else ""
            kept = Station(owner=owner, id=name.compared, pool=site.key.id, attributes=merged((), stated(sent)))
        else:
            kept = await desk.elements.station(owner, told.charging_station_id)
            kept = replace(kept, attributes=merged(kept.attributes, stated(sent)))
        rows = await desk.elements.at_station(kept)
        _read(lambda: places.station_change(kept.site, kept.attributes, at))
        if told.action_type == DELETE:
            await desk.elements.forget(name)
            await each(rows, lambda row: _remove(desk, call, row, at))
        else:
            await desk.elements.keep_station(kept)
            change = places.station_change
            await each(rows, lambda row: desk.tell(call, change(row.key, kept.attributes, at)))
    return _done(call, remark)


# -- EVSEs -------------------------------------------------------------------------------------------------------------


async def evse(desk: Desk, call: Call) -> Response:
    """Keep an EVSE in its pool."""
    told, owner = call.message, call.operator.id
    name = _own(parsed(told.evse_id, Letter.EVSE), owner, told.action_type)
    sent, at = _attributes(call), _when(call)
    if told.action_type == DELETE:
        await _remove(desk, call, await desk.elements.evse(owner, told.evse_id), at)
        return _done(call)
    if told.action_type == INSERT:
        key, remark = await _insert(desk, call, name, sent, at)
    else:
        row, remark = await desk.elements.evse(owner, told.evse_id), ""
        key = row.key
        moved = await _part_of(desk, call, key) if told.parent_id else None
        await desk.tell(call, _read(lambda: places.evse_change(key, sent, at, station=moved)))
    await _live(desk, call, key, sent, at)
    return _done(call, remark)


async def _insert(desk: Desk, call: Call, name: ElementId, sent: Attributes, at: datetime) -> tuple[Key, str]:
    site, part = await _site(desk, call.operator.id, _parent(call))
    known = [row for row in await desk.elements.evses(name) if not row.withdrawn]
    here = next((row for row in known if row.key.id == site.key.id and row.key.party == call.operator.id), None)
    if here is None:
        if any(_is_standing(row) and row.key.party == call.operator.id for row in known):
            raise Declined(MALFORMED, f"{name} is in another pool: delete it there first")
        key = places.in_pool(site.key, name)
        await desk.tell(call, _read(lambda: places.evse_fact(_spelled(site), name, _described(part), sent, at)))
    else:
        key = here.key
        change = _read(lambda: places.evse_change(key, sent, at, whole=True, station=_described(part)))
        await desk.tell(call, change)
        if not _is_standing(here):  # what was said of its status was said of the one before
            await desk.tell(call, statuses.availability_change(key, statuses.UNSPECIFIED, at))
            await desk.tell(call, statuses.busy_change(key, statuses.UNSPECIFIED, at))
    if part is not None and part.status is not None and part.status.at is not None:
        code = statuses.write_availability(part.status.availability)
        await desk.tell(call, statuses.station_change(key, code, part.status.at, part.status.until))
    return key, "the EVSE was here: stated anew" if here is not None and _is_standing(here) else ""


async def _site(desk: Desk, owner: PartyId, parent: str) -> tuple[Stored, Station | None]:
    """Return the location that an EVSE is to be in, and its station where the parent is one."""
    try:
        parsed(parent, Letter.POOL)
    except Declined:
        station = await desk.elements.station(owner, parent)
        row = await desk.hub.store.get(station.site)
        if row is None or row.withdrawn:
            raise Declined(ELEMENT_UNKNOWN, f"the pool of {parent} is not here") from None
        return row, station
    return await desk.elements.pool(owner, parent), None


def _spelled(site: Stored) -> str:
    """Return the id of a location as its owner spells it."""
    return site.body.id if isinstance(site.body, Location) else site.key.id


async def _part_of(desk: Desk, call: Call, key: Key) -> tuple[str, Attributes] | None:
    """Return the station that an update makes an EVSE part of; it stays in its pool."""
    site, part = await _site(desk, call.operator.id, call.message.parent_id)
    if site.key.id != key.id:
        raise Declined(MALFORMED, "an EVSE moves to another pool by being deleted and inserted")
    return _described(part)


def _described(part: Station | None) -> tuple[str, Attributes] | None:
    return None if part is None else (part.id, part.attributes)


async def _remove(desk: Desk, call: Call, row: Stored, at: datetime) -> None:
    """Say that an EVSE is no more, whatever was said of its status before."""
    known = row.body.status if isinstance(row.body, Evse) else None
    dates = [one for one in (at, known.availability_at, known.at) if one is not None] if known is not None else [at]
    await desk.tell(call, statuses.availability_change(row.key, statuses.GONE, max(dates)))


async def _live(desk: Desk, call: Call, key: Key, sent: Attributes, at: datetime) -> None:
    """State the statuses that stand among the attributes, as if each had come in a message of its own."""
    told = places.live(sent)
    rows = (
        (at_.AVAILABILITY, at_.AVAILABILITY_UNTIL, statuses.availability_change),
        (at_.BUSY, at_.BUSY_UNTIL, statuses.busy_change),
    )
    for code, until, half in rows:
        if code in told:
            ends = at_.read_time(told[until]) if until in told else None
            await desk.tell(call, half(key, int(told[code]), at, ends))


# -- connectors --------------------------------------------------------------------------------------------------------


async def connector(desk: Desk, call: Call) -> Response:
    """Keep a connector in its EVSE."""
    told, owner = call.message, call.operator.id
    name = _own(parsed(told.charging_connector_id, Letter.CONNECTOR), owner, told.action_type)
    sent, at = _attributes(call), _when(call)
    async with desk.elements.writing:
        known = await desk.elements.find_connector(name)
        if told.action_type == INSERT:
            place = (await desk.elements.evse(owner, _parent(call))).key
            if known is not None and known.key != place:
                raise Declined(MALFORMED, f"{name} is at another EVSE: delete it there first")
        else:
            place = (await desk.elements.connector(owner, told.charging_connector_id)).key
        told_now = None if told.action_type == DELETE else sent
        whole = told.action_type == INSERT
        await desk.tell(call, _read(lambda: places.connector_change(place, name, told_now, at, whole=whole)))
        if told.action_type == DELETE:
            await desk.elements.forget(name)
        else:
            await desk.elements.keep_connector(name, Spot(owner, place.id, place.sub))
    return _done(call, "the connector was here: stated anew" if whole and known is not None else "")


# -- what all have in common -------------------------------------------------------------------------------------------


def _own(name: ElementId, owner: PartyId, action: int) -> ElementId:
    """Return the id of an element; Declined when it is made under another operator's name."""
    if action not in (INSERT, UPDATE, DELETE):
        raise Declined(MALFORMED, f"{action} is no actionType")
    if action == INSERT and name.operator != owner:
        raise Declined(FOREIGN, f"{name} is not of {owner}")
    return name


def _parent(call: Call) -> str:
    parent = (call.message.parent_id or "").strip()
    if not parent:
        raise Declined(MALFORMED, "an insert needs parentId")
    return parent


def _attributes(call: Call) -> Attributes:
    """Return the attributes sent; Declined for a status among them that is none."""
    sent = tuple((one.attribute_id, one.attribute_value) for one in call.message.attribute_list or ())
    for number, text in places.live(sent).items():
        read = at_.read_time if number in (at_.AVAILABILITY_UNTIL, at_.BUSY_UNTIL) else _CODES[number]
        _read(lambda read=read, text=text: read(text))  # type: ignore[misc]
    return sent


_CODES: dict[int, Callable[[str], object]] = {
    at_.AVAILABILITY: lambda text: statuses.read_availability(int(text)),
    at_.BUSY: lambda text: statuses.read_busy(int(text)),
}


def _when(call: Call) -> datetime:
    """Return since when it holds; what is to hold later is kept at once, and the trace says so."""
    stated_at = call.message.action_date_time
    if stated_at is None:
        return call.now
    return call.past("actionDateTime", stated_at)


def _read(make: Callable[[], _M]) -> _M:
    """Make a statement; Declined for an attribute that is not of its kind."""
    try:
        return make()
    except ValueError as error:
        raise Declined(MALFORMED, str(error)) from None


async def _stands(desk: Desk, key: Key) -> bool:
    row = await desk.hub.store.get(key)
    return row is not None and not row.withdrawn


def _is_standing(row: Stored) -> bool:
    return isinstance(row.body, Evse) and not row.body.removed


def _done(call: Call, remark: str = "") -> Response:
    call.keep = False
    if remark:
        call.notes.append(remark)
    return Response(transaction_id=call.transaction, request_status=REMARKS if remark else SUCCESS)
