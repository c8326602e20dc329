"""EVSEDescrip → the facts of a location and of one EVSE in it, as an eMSP hears of them: pure.

A description is read as the attributes that it is made of, so that what one hears by search, by pull or by push is the
same place as one that its CPO states. An EVSE whose pool has no name is in a pool of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from interroam.core.rules.statuses import with_availability, with_busy
from interroam.model.facts import Fact
from interroam.model.places import Evse, EvseStatus
from interroam.protocols.emip.rules.ids import ElementId, Letter, element, named
from interroam.protocols.emip.wire.types import EvseDescription

from . import attributes as at_
from .attributes import Attributes
from .places import evse_fact, pool_fact
from .statuses import read_availability, read_busy

_POOL = {
    at_.BRAND: "charging_pool_brand_name",
    at_.POOL_NAME: "charging_pool_name",
    at_.ENTRANCE_LATITUDE: "entrance_latitude",
    at_.ENTRANCE_LONGITUDE: "entrance_longitude",
    at_.PHONE: "phone_number",
    at_.ALWAYS_OPEN: "is_open_24_7",
}
_ADDRESS = {
    at_.STREET_NUMBER: "street_number",
    at_.STREET_NAME: "street_name",
    at_.POST_CODE: "post_code",
    at_.CITY: "city",
    at_.PROVINCE: "province",
    at_.COUNTRY: "country",
}
_STATION = {
    at_.STATION_LATITUDE: "charging_station_latitude",
    at_.STATION_LONGITUDE: "charging_station_longitude",
    at_.AUTHORISATION_INFORMATION: "authorisation_information",
    at_.PAYMENT_INFORMATION: "payment_information",
    at_.AUTHORISATION_MODE: "authorisation_mode",
    at_.PAYMENT_MODE: "payment_mode",
    at_.ACCESSIBILITY: "accessibility",
    at_.BOOKABLE: "bookable",
}
_EVSE = {at_.POWER: "power", at_.SPEED: "speed"}


def evse_of(said: EvseDescription) -> ElementId:
    """Return which EVSE a description is of; ValueError when its id is none."""
    return element(said.evse_id, Letter.EVSE)


def read_description(said: EvseDescription, at: datetime, known: EvseStatus | None = None) -> tuple[Fact, Fact]:
    """Make facts of the pool and of the EVSE in it; a status that is not described stays as it is known."""
    evse = evse_of(said)
    pool = _pool_of(said, evse)
    place = pool_fact(evse.operator, pool, (*_texts(said, _POOL), *_texts(said.charging_pool_address, _ADDRESS)), at)
    station = (said.charging_station_id, _texts(said, _STATION)) if said.charging_station_id else None
    own = (*_texts(said, _EVSE), *((at_.CONNECTOR_TYPE, str(each)) for each in said.connector_type))
    if station is None:
        own += _texts(said, _STATION)
    made = evse_fact(pool.compared, evse, station, own, at)
    body = made.body
    if not isinstance(body, Evse):
        raise TypeError(str(made.key))  # it is what was made
    return place, replace(made, body=replace(body, status=_status(said, at, known or body.status)))


def _pool_of(said: EvseDescription, evse: ElementId) -> ElementId:
    if said.charging_pool_id:
        return element(said.charging_pool_id, Letter.POOL)
    return named(evse.operator, Letter.POOL, evse.instance)


def _status(said: EvseDescription, at: datetime, status: EvseStatus) -> EvseStatus:
    if said.availability_status is not None:
        availability = read_availability(said.availability_status)
        status = with_availability(status, availability, at, said.availability_status_until)
    if said.busy_status is not None:
        busy, reserved = read_busy(said.busy_status)
        status = with_busy(status, busy, at, said.busy_status_until, reserved=reserved)
    return status


def _texts(said: object, names: dict[int, str]) -> Attributes:
    found: Iterable[tuple[int, object]] = ((number, getattr(said, name, None)) for number, name in names.items())
    return tuple((number, _text(value)) for number, value in found if value is not None)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
