"""Where one charges: location, EVSE, connector, and the status of an EVSE."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from interroam.model.ids import Key, PartyId, evse_key, location_key
from interroam.model.numbers import Whole


class Element(StrEnum):
    """What a status was stated of; a higher element's status does not overwrite the lower ones."""

    LOCATION = "location"
    STATION = "station"
    EVSE = "evse"
    CONNECTOR = "connector"


class Availability(StrEnum):
    """Whether the EVSE could serve somebody."""

    IN_SERVICE = "in_service"
    OUT_OF_SERVICE = "out_of_service"
    PLANNED = "planned"
    REMOVED = "removed"
    UNKNOWN = "unknown"


class Busy(StrEnum):
    """Whether somebody uses it."""

    FREE = "free"
    OCCUPIED = "occupied"
    UNKNOWN = "unknown"


class EvseStatus(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The status of an EVSE as its owner reported it; ``word`` is the word that stood on the wire.

    Where an owner states its halves one by one, each keeps its own time and an end: after ``until`` the availability,
    after ``busy_until`` the use is unknown. ``at`` is the newest time of both.
    """

    word: str
    availability: Availability
    busy: Busy = Busy.UNKNOWN
    reserved: bool = False
    blocked: bool = False
    element: Element = Element.EVSE
    until: datetime | None = None
    at: datetime | None = None
    availability_at: datetime | None = None
    busy_at: datetime | None = None
    busy_until: datetime | None = None


class Coordinates(msgspec.Struct, frozen=True, gc=False):
    """Degrees, WGS 84."""

    latitude: Decimal
    longitude: Decimal


class Connector(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """A plug or a socket; ids are unique inside one EVSE only (OCPI-193)."""

    id: str
    standard: str
    format: str
    power_type: str
    voltage_v: Whole
    amperage_a: Whole
    power_w: Whole | None = None
    tariff_ids: tuple[str, ...] = ()
    status: EvseStatus | None = None
    """What was said of this connector alone, where its owner does so."""
    last_updated: datetime | None = None


class Evse(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """A point where one car charges at a time; known by (owner, location, uid)."""

    owner: PartyId
    location_id: str
    uid: str
    evse_id: str | None = None
    status: EvseStatus
    capabilities: tuple[str, ...] = ()
    connectors: tuple[Connector, ...] = ()
    coordinates: Coordinates | None = None
    physical_reference: str | None = None
    station_id: str | None = None
    """The charging station that it is part of, where its owner names stations."""
    station_status: EvseStatus | None = None
    """What was said of the whole station; it does not overwrite the status of the EVSE."""
    last_updated: datetime
    rest_at: datetime | None = None
    """When all but the status was stated; the status keeps its own time in ``status.at``."""
    changed_at: datetime | None = None
    """When any of that changed, where it was only stated again since then; or when it came to be there."""

    @property
    def key(self) -> Key:
        """The identity of this EVSE."""
        return evse_key(self.owner, self.location_id, self.uid)

    @property
    def removed(self) -> bool:
        """Whether it is no more: it stays known, so that everybody hears of it."""
        return self.status.availability is Availability.REMOVED


class Audience(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """Whose holders may see an unpublished place: a token that agrees in all that is set."""

    uid: str | None = None
    type: str | None = None
    visual_number: str | None = None
    issuer: str | None = None
    group_id: str | None = None


class Location(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A site with EVSEs; these are objects of their own and not part of this value."""

    owner: PartyId
    id: str
    publish: bool = True
    audience: tuple[Audience, ...] = ()
    """Of a place that is not published: to whom it may be shown all the same."""
    name: str | None = None
    address: str
    city: str
    postal_code: str | None = None
    state: str | None = None
    country: str
    """ISO 3166-1 alpha-3."""
    coordinates: Coordinates
    time_zone: str | None = None
    parking_type: str | None = None
    operator_name: str | None = None
    owner_name: str | None = None
    always_open: bool | None = None
    status: EvseStatus | None = None
    """What was said of the whole site; it does not overwrite the statuses of its EVSEs."""
    last_updated: datetime

    @property
    def key(self) -> Key:
        """The identity of this location."""
        return location_key(self.owner, self.id)
