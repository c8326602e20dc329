"""Locations → pool, station, EVSE and connector descriptions for the upload, element by element (sheet 2.9, 3.14).

What eMIP has no attribute for is left out: time zone, parking type, formats and voltages. An EVSE whose owner names no
station is in the one station of its pool. connectorType has no public list of values: the words of OCPI stand for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from hashlib import blake2b
from typing import Self

import msgspec

from interroam.model.ids import PartyId
from interroam.model.places import Connector, Coordinates, Evse, Location
from interroam.protocols.emip.rules.ids import Letter, element, named
from interroam.protocols.emip.wire.types import Attribute

from . import attributes as at_

_LONGEST = 31
_DIGEST_BYTES = 16
_W_PER_KW = 1000
_PHASES = 3


class Described(msgspec.Struct, frozen=True):
    """One element as it is described: whose, at which level, in what, by which attributes.

    An attribute that has no value is empty: an update clears it so.
    """

    owner: PartyId
    letter: Letter
    id: str
    parent: str = ""
    attributes: tuple[Attribute, ...] = ()

    @classmethod
    def gone(cls, id: str) -> Self:
        """Return an element of which no more is known than its id."""
        for letter in Letter:
            try:
                known = element(id, letter)
            except ValueError:
                continue
            return cls(known.operator, letter, id)
        raise ValueError(f"{id!r} is the id of no element")


def described(location: Location, evses: Iterable[Evse]) -> tuple[Described, ...]:
    """Describe a location and all that is in it, from the pool down."""
    owner, pool = location.owner, str(named(location.owner, Letter.POOL, location.id))
    found = {pool: Described(owner, Letter.POOL, pool, "", _of_pool(location))}
    for evse in evses:
        station = str(named(owner, Letter.STATION, evse.station_id or location.id))
        where = evse.coordinates or location.coordinates
        found.setdefault(station, Described(owner, Letter.STATION, station, pool, _of_station(where)))
        evse_id = named(owner, Letter.EVSE, evse.evse_id or evse.uid)
        found[str(evse_id)] = Described(owner, Letter.EVSE, str(evse_id), station, _of_evse(evse))
        for connector in evse.connectors:
            name = f"{evse_id.instance}*{connector.id}"
            known = str(named(owner, Letter.CONNECTOR, name if len(name) <= _LONGEST else f"{evse_id}/{connector.id}"))
            found[known] = Described(owner, Letter.CONNECTOR, known, str(evse_id), _of_connector(connector))
    return tuple(found.values())


def digest(one: Described) -> bytes:
    """Return what changes whenever a description does."""
    return blake2b(msgspec.msgpack.encode(one), digest_size=_DIGEST_BYTES).digest()


def _of_pool(location: Location) -> tuple[Attribute, ...]:
    return _attributes(
        (at_.BRAND, location.operator_name),
        (at_.POOL_NAME, location.name),
        (at_.COUNTRY, location.country),
        (at_.POST_CODE, location.postal_code),
        (at_.CITY, location.city),
        (at_.STREET_NAME, location.address),
        (at_.PROVINCE, location.state),
        (at_.ENTRANCE_LATITUDE, location.coordinates.latitude),
        (at_.ENTRANCE_LONGITUDE, location.coordinates.longitude),
        (at_.ALWAYS_OPEN, location.always_open),
        (at_.OWNER_NAME, location.owner_name),
    )


def _of_station(where: Coordinates) -> tuple[Attribute, ...]:
    return _attributes((at_.STATION_LATITUDE, where.latitude), (at_.STATION_LONGITUDE, where.longitude))


def _of_evse(evse: Evse) -> tuple[Attribute, ...]:
    strongest = max(evse.connectors, key=_power, default=None)
    if strongest is None:
        return ()
    return _attributes((at_.POWER, Decimal(_power(strongest)) / _W_PER_KW), (at_.CURRENT, strongest.power_type[:2]))


def _of_connector(connector: Connector) -> tuple[Attribute, ...]:
    return _attributes((at_.CONNECTOR_TYPE, connector.standard))


def _power(connector: Connector) -> int:
    if connector.power_w is not None:
        return connector.power_w
    phases = _PHASES if connector.power_type == "AC_3_PHASE" else 1
    return connector.voltage_v * connector.amperage_a * phases


def _attributes(*named_values: tuple[int, object]) -> tuple[Attribute, ...]:
    return tuple(Attribute(attribute_id=number, attribute_value=_text(value)) for number, value in named_values)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
