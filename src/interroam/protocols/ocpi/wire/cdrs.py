"""OCPI 2.2.1 mod_cdrs: the final record of a charge."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from . import words
from .tariffs import Tariff
from .types import (
    CdrId,
    CdrToken,
    ChargingPeriod,
    CountryCode,
    Currency,
    DateTime,
    GeoLocation,
    Id,
    Number,
    PartyId,
    Price,
    Text10,
    Text32,
    Text36,
    Text45,
    Text48,
    Text255,
    Text512,
    Text5000,
    Whole,
    Wire,
)


class CdrLocation(Wire, frozen=True, kw_only=True):
    """Where the charge was, as it was then. Address and state as long as a Location's (C25)."""

    id: Id
    name: Text255 | None = None
    address: Text255
    city: Text45
    postal_code: Text10 | None = None
    state: Text45 | None = None
    country: Annotated[str, Meta(min_length=3, max_length=3)]
    coordinates: GeoLocation
    evse_uid: Id
    evse_id: Text48
    connector_id: Id
    connector_standard: words.ConnectorType
    connector_format: words.ConnectorFormat
    connector_power_type: words.PowerType


class SignedValue(Wire, frozen=True, kw_only=True):
    """One reading of the meter, signed."""

    nature: Text32
    plain_data: Text5000
    signed_data: Text5000


class SignedData(Wire, frozen=True, kw_only=True):
    """What a calibrated meter says."""

    encoding_method: Text36
    encoding_method_version: Whole | None = None
    public_key: Text512 | None = None
    signed_values: Annotated[tuple[SignedValue, ...], Meta(min_length=1)]
    url: Text512 | None = None


class Cdr(Wire, frozen=True, kw_only=True):
    """The final record of a charge."""

    country_code: CountryCode
    party_id: PartyId
    id: CdrId
    start_date_time: DateTime
    end_date_time: DateTime
    session_id: Id | None = None
    cdr_token: CdrToken
    auth_method: words.AuthMethod
    authorization_reference: Id | None = None
    cdr_location: CdrLocation
    meter_id: Text255 | None = None
    currency: Currency
    tariffs: tuple[Tariff, ...] = ()
    charging_periods: Annotated[tuple[ChargingPeriod, ...], Meta(min_length=1)]
    signed_data: SignedData | None = None
    total_cost: Price
    total_fixed_cost: Price | None = None
    total_energy: Number
    total_energy_cost: Price | None = None
    total_time: Number
    total_time_cost: Price | None = None
    total_parking_time: Number | None = None
    total_parking_cost: Price | None = None
    total_reservation_cost: Price | None = None
    remark: Text255 | None = None
    invoice_reference_id: CdrId | None = None
    credit: bool | None = None
    credit_reference_id: CdrId | None = None
    home_charging_compensation: bool | None = None
    last_updated: DateTime

    def times(self) -> list[DateTime | None]:
        """Return all times in it."""
        found: list[DateTime | None] = [self.start_date_time, self.end_date_time, self.last_updated]
        for period in self.charging_periods:
            found.append(period.start_date_time)  # noqa: PERF401  a comprehension is a call
        for tariff in self.tariffs:
            found += (tariff.start_date_time, tariff.end_date_time, tariff.last_updated)
        return found
