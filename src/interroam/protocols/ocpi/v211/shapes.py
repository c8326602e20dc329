"""Shapes of OCPI 2.1.1, in the specification's own words, with the extensions that are in use.

They are read leniently: mandatory is here only what an object of 2.2.1 cannot be made without. Closed words are those
of 2.2.1, which has all of them and more.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta

from interroam.protocols.ocpi.wire import types
from interroam.protocols.ocpi.wire import words as newer
from interroam.protocols.ocpi.wire.cdrs import SignedData
from interroam.protocols.ocpi.wire.credentials import CredentialsToken
from interroam.protocols.ocpi.wire.locations import Country, ExceptionalPeriod, RegularHours, StatusSchedule
from interroam.protocols.ocpi.wire.types import (
    AdditionalGeoLocation,
    BusinessDetails,
    CountryCode,
    Currency,
    DateTime,
    DisplayText,
    GeoLocation,
    Id,
    Image,
    Language,
    Number,
    PartyId,
    Url,
    Wire,
)

from . import words

LongId = Annotated[str, Meta(min_length=1, max_length=39)]

# -- locations ---------------------------------------------------------------------------------------------------------


class Hours(Wire, frozen=True, kw_only=True):
    """When a place is open: always, or at these hours."""

    regular_hours: tuple[RegularHours, ...] = ()
    twentyfourseven: bool | None = None
    exceptional_openings: tuple[ExceptionalPeriod, ...] = ()
    exceptional_closings: tuple[ExceptionalPeriod, ...] = ()


class EnvironmentalImpact(Wire, frozen=True, kw_only=True):
    """What a kilowatt-hour leaves behind, in grams."""

    source: newer.EnvironmentalImpactCategory
    amount: Number


class EnergyMix(Wire, frozen=True, kw_only=True):
    """Where the energy comes from."""

    is_green_energy: bool
    energy_sources: tuple[types.EnergySource, ...] = ()
    environ_impact: tuple[EnvironmentalImpact, ...] = ()
    supplier_name: types.Text64 | None = None
    energy_product_name: types.Text64 | None = None


class Connector(Wire, frozen=True, kw_only=True):
    """A plug or a socket."""

    id: Id
    standard: words.ConnectorType
    format: newer.ConnectorFormat
    power_type: words.PowerType
    voltage: int
    amperage: int
    tariff_id: Id | None = None
    terms_and_conditions: Url | None = None
    last_updated: DateTime | None = None


class Evse(Wire, frozen=True, kw_only=True):
    """What charges one vehicle at a time."""

    uid: LongId
    evse_id: types.Text48 | None = None
    status: newer.EvseStatus
    status_schedule: tuple[StatusSchedule, ...] = ()
    capabilities: tuple[words.Capability, ...] = ()
    connectors: Annotated[tuple[Connector, ...], Meta(min_length=1)]
    floor_level: types.Text4 | None = None
    coordinates: GeoLocation | None = None
    physical_reference: types.Text16 | None = None
    directions: tuple[DisplayText, ...] = ()
    parking_restrictions: tuple[newer.ParkingRestriction, ...] = ()
    images: tuple[Image, ...] = ()
    last_updated: DateTime | None = None


class Location(Wire, frozen=True, kw_only=True):
    """A place with one address."""

    id: LongId
    type: words.LocationType | None = None
    name: types.Text255 | None = None
    address: types.Text45
    city: types.Text45
    postal_code: types.Text10 | None = None
    country: Country
    coordinates: GeoLocation
    related_locations: tuple[AdditionalGeoLocation, ...] = ()
    evses: tuple[Evse, ...] = ()
    directions: tuple[DisplayText, ...] = ()
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None
    facilities: tuple[words.Facility, ...] = ()
    time_zone: types.Text255 | None = None
    opening_times: Hours | None = None
    charging_when_closed: bool | None = None
    images: tuple[Image, ...] = ()
    energy_mix: EnergyMix | None = None
    last_updated: DateTime | None = None


# -- tokens ------------------------------------------------------------------------------------------------------------


class Token(Wire, frozen=True, kw_only=True):
    """What a driver presents."""

    uid: Id
    type: newer.TokenType
    auth_id: Id
    visual_number: types.Text64 | None = None
    issuer: types.Text64
    valid: bool
    whitelist: newer.Whitelist
    language: Language | None = None
    last_updated: DateTime | None = None


class LocationReferences(Wire, frozen=True, kw_only=True):
    """Where the driver stands."""

    location_id: LongId
    evse_uids: tuple[LongId, ...] = ()
    connector_ids: tuple[Id, ...] = ()


class AuthorizationInfo(Wire, frozen=True, kw_only=True):
    """The answer to authorize, with the extension that names it (OCPI-101)."""

    allowed: newer.Allowed
    location: LocationReferences | None = None
    info: DisplayText | None = None
    authorization_id: Id | None = None


# -- tariffs -----------------------------------------------------------------------------------------------------------


class Rounding(Wire, frozen=True, kw_only=True):
    """How an amount or a quantity is rounded (extension, OCPI-159)."""

    round_granularity: words.RoundGranularity
    round_rule: words.RoundRule


class PriceComponent(Wire, frozen=True, kw_only=True):
    """The price of one dimension, with the published extensions (OCPI-159)."""

    type: words.TariffDimension
    price: Number
    step_size: int
    price_round: Rounding | None = None
    step_round: Rounding | None = None
    exact_price_component: bool | None = None


class TariffRestrictions(Wire, frozen=True, kw_only=True):
    """When an element counts."""

    start_time: types.Text5 | None = None
    end_time: types.Text5 | None = None
    start_date: types.Text10 | None = None
    end_date: types.Text10 | None = None
    min_kwh: Number | None = None
    max_kwh: Number | None = None
    min_power: Number | None = None
    max_power: Number | None = None
    min_duration: int | None = None
    max_duration: int | None = None
    day_of_week: tuple[newer.Weekday, ...] = ()


class TariffElement(Wire, frozen=True, kw_only=True):
    """Prices that count under the same restrictions."""

    price_components: Annotated[tuple[PriceComponent, ...], Meta(min_length=1)]
    restrictions: TariffRestrictions | None = None


class TimeSlots(Wire, frozen=True, kw_only=True):
    """When a whole tariff counts, tested once, at the start (extension, OCPI-161)."""

    start_time: types.Text5 | None = None
    end_time: types.Text5 | None = None
    start_time_2: types.Text5 | None = None
    end_time_2: types.Text5 | None = None
    day_of_week: tuple[newer.Weekday, ...] = ()


class Tariff(Wire, frozen=True, kw_only=True):
    """What a charge costs; the codes of its CPO and the target of a variant are extensions (OCPI-151, OCPI-159)."""

    country_code: CountryCode | None = None
    party_id: PartyId | None = None
    id: Id
    currency: Currency
    tariff_alt_text: tuple[DisplayText, ...] = ()
    tariff_alt_url: Url | None = None
    elements: Annotated[tuple[TariffElement, ...], Meta(min_length=1)]
    energy_mix: EnergyMix | None = None
    restriction: TimeSlots | None = None
    target_operator_country_code: CountryCode | None = None
    target_operator_party_id: PartyId | None = None
    last_updated: DateTime | None = None


# -- sessions and CDRs -------------------------------------------------------------------------------------------------


class CdrDimension(Wire, frozen=True, kw_only=True):
    """How much of one kind."""

    type: words.CdrDimensionType
    volume: Number


class ChargingPeriod(Wire, frozen=True, kw_only=True):
    """A stretch of a charge in which nothing that matters for the price changed."""

    start_date_time: DateTime
    dimensions: Annotated[tuple[CdrDimension, ...], Meta(min_length=1)]


class Session(Wire, frozen=True, kw_only=True):
    """A charge as it goes on."""

    id: Id
    start_datetime: DateTime
    end_datetime: DateTime | None = None
    kwh: Number
    auth_id: Id
    auth_method: newer.AuthMethod
    authorization_id: Id | None = None
    location: Location
    meter_id: types.Text255 | None = None
    currency: Currency
    charging_periods: tuple[ChargingPeriod, ...] = ()
    total_cost: Number | None = None
    status: newer.SessionStatus
    last_updated: DateTime | None = None


class Cdr(Wire, frozen=True, kw_only=True):
    """The final record of a charge."""

    id: Id
    start_date_time: DateTime
    stop_date_time: DateTime
    auth_id: Id
    auth_method: newer.AuthMethod
    authorization_id: Id | None = None
    location: Location
    meter_id: types.Text255 | None = None
    currency: Currency
    tariffs: tuple[Tariff, ...] = ()
    charging_periods: Annotated[tuple[ChargingPeriod, ...], Meta(min_length=1)]
    signed_data: SignedData | None = None
    total_cost: Number
    total_energy: Number
    total_time: Number
    total_parking_time: Number | None = None
    remark: types.Text255 | None = None
    last_updated: DateTime | None = None


# -- commands ----------------------------------------------------------------------------------------------------------


class StartSession(Wire, frozen=True, kw_only=True):
    """Start a charge."""

    response_url: Url
    token: Token
    location_id: LongId
    evse_uid: LongId | None = None
    authorization_id: Id | None = None


class StopSession(Wire, frozen=True, kw_only=True):
    """Stop a charge."""

    response_url: Url
    session_id: Id


class ReserveNow(Wire, frozen=True, kw_only=True):
    """Keep a place free."""

    response_url: Url
    token: Token
    expiry_date: DateTime
    reservation_id: int
    location_id: LongId
    evse_uid: LongId | None = None
    authorization_id: Id | None = None


class UnlockConnector(Wire, frozen=True, kw_only=True):
    """Let go of a cable."""

    response_url: Url
    location_id: LongId
    evse_uid: LongId
    connector_id: Id


class CommandResponse(Wire, frozen=True, kw_only=True):
    """Both answers to a command: at once, and the charge point's."""

    result: words.CommandResponseType


# -- credentials and versions ------------------------------------------------------------------------------------------


class Credentials(Wire, frozen=True, kw_only=True):
    """The key and the address of one party in one role."""

    token: CredentialsToken
    url: Url
    business_details: BusinessDetails
    party_id: PartyId
    country_code: CountryCode


class Endpoint(Wire, frozen=True, kw_only=True):
    """One module; which side of it, the connection says."""

    identifier: str
    url: Url


class VersionDetails(Wire, frozen=True, kw_only=True):
    """All modules of one version."""

    version: types.Text10
    endpoints: Annotated[tuple[Endpoint, ...], Meta(min_length=1)]


@cache
def partial(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """Return the shape of a PATCH: any field may be absent."""
    hints: dict[str, Any] = get_type_hints(kind, include_extras=True)
    fields = [(name, hints[name] | None, None) for name in kind.__struct_fields__]
    return msgspec.defstruct(f"{kind.__name__}Patch", fields, bases=(Wire,), frozen=True, kw_only=True)
