"""OCPI 2.2.1 mod_locations: Location, EVSE, Connector, and the partial ones that PATCH carries."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from . import words
from .types import (
    AdditionalGeoLocation,
    BusinessDetails,
    CountryCode,
    DateTime,
    DisplayText,
    EnergyMix,
    GeoLocation,
    Id,
    Image,
    PartyId,
    Text4,
    Text5,
    Text10,
    Text16,
    Text36,
    Text45,
    Text48,
    Text64,
    Text255,
    Url,
    Whole,
    Wire,
)

Country = Annotated[str, Meta(min_length=3, max_length=3)]


class RegularHours(Wire, frozen=True, kw_only=True):
    """Opening hours of one weekday, in local time."""

    weekday: Annotated[int, Meta(ge=1, le=7)]
    period_begin: Text5
    period_end: Text5


class ExceptionalPeriod(Wire, frozen=True, kw_only=True):
    """An opening or closing out of the rule."""

    period_begin: DateTime
    period_end: DateTime


class Hours(Wire, frozen=True, kw_only=True):
    """When a place is open."""

    twentyfourseven: bool
    regular_hours: tuple[RegularHours, ...] = ()
    exceptional_openings: tuple[ExceptionalPeriod, ...] = ()
    exceptional_closings: tuple[ExceptionalPeriod, ...] = ()


class PublishTokenType(Wire, frozen=True, kw_only=True):
    """Whose users may see an unpublished place."""

    uid: Id | None = None
    type: words.TokenType | None = None
    visual_number: Text64 | None = None
    issuer: Text64 | None = None
    group_id: Text36 | None = None


class StatusSchedule(Wire, frozen=True, kw_only=True):
    """A status to come."""

    period_begin: DateTime
    period_end: DateTime | None = None
    status: words.EvseStatus


class Connector(Wire, frozen=True, kw_only=True):
    """A plug or a socket."""

    id: Id
    standard: words.ConnectorType
    format: words.ConnectorFormat
    power_type: words.PowerType
    max_voltage: Whole
    max_amperage: Whole
    max_electric_power: Whole | None = None
    tariff_ids: tuple[Id, ...] = ()
    terms_and_conditions: Url | None = None
    last_updated: DateTime


class Evse(Wire, frozen=True, kw_only=True):
    """What charges one vehicle at a time."""

    uid: Id
    evse_id: Text48 | None = None
    status: words.EvseStatus
    status_schedule: tuple[StatusSchedule, ...] = ()
    capabilities: tuple[words.Capability, ...] = ()
    connectors: Annotated[tuple[Connector, ...], Meta(min_length=1)]
    floor_level: Text4 | None = None
    coordinates: GeoLocation | None = None
    physical_reference: Text16 | None = None
    directions: tuple[DisplayText, ...] = ()
    parking_restrictions: tuple[words.ParkingRestriction, ...] = ()
    images: tuple[Image, ...] = ()
    last_updated: DateTime


class Location(Wire, frozen=True, kw_only=True):
    """A place with one address."""

    country_code: CountryCode
    party_id: PartyId
    id: Id
    publish: bool
    publish_allowed_to: tuple[PublishTokenType, ...] = ()
    name: Text255 | None = None
    address: Text255
    city: Text45
    postal_code: Text10 | None = None
    state: Text45 | None = None
    country: Country
    coordinates: GeoLocation
    related_locations: tuple[AdditionalGeoLocation, ...] = ()
    parking_type: words.ParkingType | None = None
    evses: tuple[Evse, ...] = ()
    directions: tuple[DisplayText, ...] = ()
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None
    facilities: tuple[words.Facility, ...] = ()
    time_zone: Text255
    opening_times: Hours | None = None
    charging_when_closed: bool = True
    images: tuple[Image, ...] = ()
    energy_mix: EnergyMix | None = None
    last_updated: DateTime
    gireve_id: str | None = None


class ConnectorPatch(Wire, frozen=True, kw_only=True):
    """Some fields of a connector; what is None was not named."""

    id: Id | None = None
    standard: words.ConnectorType | None = None
    format: words.ConnectorFormat | None = None
    power_type: words.PowerType | None = None
    max_voltage: Whole | None = None
    max_amperage: Whole | None = None
    max_electric_power: Whole | None = None
    tariff_ids: tuple[Id, ...] | None = None
    terms_and_conditions: Url | None = None
    last_updated: DateTime


class EvsePatch(Wire, frozen=True, kw_only=True):
    """Some fields of an EVSE, most often its status; what is None was not named."""

    uid: Id | None = None
    evse_id: Text48 | None = None
    status: words.EvseStatus | None = None
    status_schedule: tuple[StatusSchedule, ...] | None = None
    capabilities: tuple[words.Capability, ...] | None = None
    connectors: tuple[Connector, ...] | None = None
    floor_level: Text4 | None = None
    coordinates: GeoLocation | None = None
    physical_reference: Text16 | None = None
    directions: tuple[DisplayText, ...] | None = None
    parking_restrictions: tuple[words.ParkingRestriction, ...] | None = None
    images: tuple[Image, ...] | None = None
    last_updated: DateTime


class LocationPatch(Wire, frozen=True, kw_only=True):
    """Some fields of a location; what is None was not named."""

    country_code: CountryCode | None = None
    party_id: PartyId | None = None
    id: Id | None = None
    publish: bool | None = None
    publish_allowed_to: tuple[PublishTokenType, ...] | None = None
    name: Text255 | None = None
    address: Text255 | None = None
    city: Text45 | None = None
    postal_code: Text10 | None = None
    state: Text45 | None = None
    country: Country | None = None
    coordinates: GeoLocation | None = None
    related_locations: tuple[AdditionalGeoLocation, ...] | None = None
    parking_type: words.ParkingType | None = None
    evses: tuple[Evse, ...] | None = None
    directions: tuple[DisplayText, ...] | None = None
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None
    facilities: tuple[words.Facility, ...] | None = None
    time_zone: Text255 | None = None
    opening_times: Hours | None = None
    charging_when_closed: bool | None = None
    images: tuple[Image, ...] | None = None
    energy_mix: EnergyMix | None = None
    last_updated: DateTime
