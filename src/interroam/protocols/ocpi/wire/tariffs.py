"""OCPI 2.2.1 mod_tariffs: what a charge costs."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from . import words
from .types import (
    CountryCode,
    Currency,
    DateTime,
    DisplayText,
    EnergyMix,
    Id,
    Number,
    PartyId,
    Price,
    Text5,
    Text10,
    Url,
    Whole,
    Wire,
)


class PriceComponent(Wire, frozen=True, kw_only=True):
    """The price of one dimension."""

    type: words.TariffDimension
    price: Number
    vat: Number | None = None
    step_size: Whole


class TariffRestrictions(Wire, frozen=True, kw_only=True):
    """When an element counts."""

    start_time: Text5 | None = None
    end_time: Text5 | None = None
    start_date: Text10 | None = None
    end_date: Text10 | None = None
    min_kwh: Number | None = None
    max_kwh: Number | None = None
    min_current: Number | None = None
    max_current: Number | None = None
    min_power: Number | None = None
    max_power: Number | None = None
    min_duration: Whole | None = None
    max_duration: Whole | None = None
    day_of_week: tuple[words.Weekday, ...] = ()
    reservation: words.ReservationRestriction | None = None


class TariffElement(Wire, frozen=True, kw_only=True):
    """Prices that count under the same restrictions."""

    price_components: Annotated[tuple[PriceComponent, ...], Meta(min_length=1)]
    restrictions: TariffRestrictions | None = None


class TariffSlots(Wire, frozen=True, kw_only=True):
    """When a charge must begin for the whole tariff to count (OCPI-159)."""

    start_time: Text5 | None = None
    end_time: Text5 | None = None
    start_time_2: Text5 | None = None
    end_time_2: Text5 | None = None
    day_of_week: tuple[words.Weekday, ...] = ()


class Tariff(Wire, frozen=True, kw_only=True):
    """What a charge costs, with extensions: addressing (OCPI-151), slots (OCPI-159) and the hub's id (OCPI-56)."""

    country_code: CountryCode
    party_id: PartyId
    id: Id
    currency: Currency
    type: words.TariffType | None = None
    tariff_alt_text: tuple[DisplayText, ...] = ()
    tariff_alt_url: Url | None = None
    min_price: Price | None = None
    max_price: Price | None = None
    elements: Annotated[tuple[TariffElement, ...], Meta(min_length=1)]
    start_date_time: DateTime | None = None
    end_date_time: DateTime | None = None
    energy_mix: EnergyMix | None = None
    last_updated: DateTime
    restriction: TariffSlots | None = None
    target_operator_country_code: CountryCode | None = None
    target_operator_party_id: PartyId | None = None
    gireve_id: str | None = None
