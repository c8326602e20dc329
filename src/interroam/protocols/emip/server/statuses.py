"""What CPOs say of availability and use: of EVSEs, and of pools, stations and connectors (sheet 2.5 to 2.8).

Each half is kept with its own date, so a late message about one does not touch the other; what is older than its half
is traced and changes nothing (EMIP-52). A status of a pool, a station or a connector is kept beside those of the EVSEs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from msgspec.structs import replace

from interroam.model.facts import Change
from interroam.model.ids import Key
from interroam.model.places import Element
from interroam.protocols.emip.bridge.elements import each, parsed
from interroam.protocols.emip.rules.codes import MALFORMED, SUCCESS, Declined
from interroam.protocols.emip.rules.ids import Letter
from interroam.protocols.emip.translate import statuses
from interroam.protocols.emip.wire.types import Response

from .call import Call
from .desk import Desk
from .stating import Stating

Half = Callable[[Key, int, datetime, datetime | None], Change]


def _availability(call: Call, key: Key) -> Change:
    """Change whether an EVSE is in service."""
    told = call.message
    at, until = call.past("statusEventDate", told.status_event_date), told.availability_status_until
    return _made(statuses.availability_change, key, told.availability_status, at, until)


def _busy(call: Call, key: Key) -> Change:
    """Change whether an EVSE is used."""
    told = call.message
    at, until = call.past("statusEventDate", told.status_event_date), told.busy_status_until
    return _made(statuses.busy_change, key, told.busy_status, at, until)


evse_availability = Stating(_availability)
evse_busy = Stating(_busy)


async def evse_synthetic(desk: Desk, call: Call) -> Response:
    """Keep both halves, each as if it had come in its own message; both are looked at before either is kept."""
    told = call.message
    halves: tuple[tuple[Half, int | None, datetime | None, datetime | None], ...] = (
        (
            statuses.availability_change,
            told.availability_status,
            told.availability_status_event_date,
            told.availability_status_until,
        ),
        (statuses.busy_change, told.busy_status, told.busy_status_event_date, told.busy_status_until),
    )
    if all(code is None for _, code, _, _ in halves):
        raise Declined(MALFORMED, "a synthetic status holds at least one of the two")
    if any(code is not None and date is None for _, code, date, _ in halves):
        raise Declined(MALFORMED, "a status needs the date of its event")
    row = await desk.elements.evse(call.operator.id, told.evse_id)
    stated = [
        _made(half, row.key, code, call.past("statusEventDate", date), until)
        for half, code, date, until in halves
        if code is not None and date is not None
    ]
    for change in stated:
        await desk.tell(call, change)
    return _done(call)


async def pool_availability(desk: Desk, call: Call) -> Response:
    """Keep whether a whole pool is in service."""
    told = call.message
    row = await desk.elements.pool(call.operator.id, told.charging_pool_id)
    at, until = call.past("statusEventDate", told.status_event_date), told.availability_status_until
    await desk.tell(call, _made(statuses.pool_change, row.key, told.availability_status, at, until))
    return _done(call)


async def station_availability(desk: Desk, call: Call) -> Response:
    """Keep whether a station is in service: with the station, and for each of its EVSEs."""
    told = call.message
    code, until, at = (
        told.availability_status,
        told.availability_status_until,
        call.past("statusEventDate", told.status_event_date),
    )
    async with desk.elements.writing:
        station = await desk.elements.station(call.operator.id, told.charging_station_id)
        _made(statuses.station_change, station.site, code, at, until)
        status = statuses.element_status(station.status, Element.STATION, code, at, until)
        await desk.elements.keep_station(replace(station, status=status))
        rows = await desk.elements.at_station(station)
    await each(rows, lambda row: desk.tell(call, statuses.station_change(row.key, code, at, until)))
    return _done(call)


async def connector_availability(desk: Desk, call: Call) -> Response:
    """Keep whether a connector is in service."""
    told = call.message
    connector = parsed(told.charging_connector_id, Letter.CONNECTOR)
    spot = await desk.elements.connector(call.operator.id, told.charging_connector_id)
    at, until = call.past("statusEventDate", told.status_event_date), told.availability_status_until
    half = partial(_of_connector, connector.compared)
    await desk.tell(call, _made(half, spot.key, told.availability_status, at, until))
    return _done(call)


def _of_connector(name: str, key: Key, code: int, at: datetime, until: datetime | None) -> Change:
    return statuses.connector_change(key, name, code, at, until)


def _made(half: Half, key: Key, code: int, at: datetime, until: datetime | None) -> Change:
    """Make a change; Declined for a number that means nothing."""
    try:
        return half(key, code, at, until)
    except ValueError as error:
        raise Declined(MALFORMED, str(error)) from None


def _done(call: Call) -> Response:
    call.keep = False
    return Response(transaction_id=call.transaction, request_status=SUCCESS)
