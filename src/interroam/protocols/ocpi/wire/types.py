"""Types and classes that several OCPI modules share."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from itertools import product
from string import ascii_uppercase
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct

from interroam.model import numbers

from . import words

Whole = numbers.Whole
PartyId = Annotated[str, Meta(min_length=1, max_length=3)]
Id = Annotated[str, Meta(min_length=1, max_length=36)]
CdrId = Annotated[str, Meta(min_length=1, max_length=39)]
Currency = Annotated[str, Meta(min_length=3, max_length=3)]
Language = Annotated[str, Meta(max_length=2)]
Text4 = Annotated[str, Meta(max_length=4)]
Text5 = Annotated[str, Meta(max_length=5)]
Text10 = Annotated[str, Meta(max_length=10)]
Text16 = Annotated[str, Meta(max_length=16)]
Text32 = Annotated[str, Meta(max_length=32)]
Text36 = Annotated[str, Meta(max_length=36)]
Text45 = Annotated[str, Meta(max_length=45)]
Text48 = Annotated[str, Meta(max_length=48)]
Text64 = Annotated[str, Meta(max_length=64)]
Text100 = Annotated[str, Meta(max_length=100)]
Text255 = Annotated[str, Meta(max_length=255)]
Text512 = Annotated[str, Meta(max_length=512)]
Text5000 = Annotated[str, Meta(max_length=5000)]
Url = Annotated[str, Meta(min_length=1, max_length=255)]
# The sign and seven decimals need more room than string(10) and string(11) give: the pattern decides (C28).
Latitude = Annotated[str, Meta(pattern=r"^-?[0-9]{1,2}\.[0-9]{5,7}\Z", extra={"text_of_number": True})]
Longitude = Annotated[str, Meta(pattern=r"^-?[0-9]{1,3}\.[0-9]{5,7}\Z", extra={"text_of_number": True})]
DateTime = Annotated[datetime, Meta(tz=True)]

if TYPE_CHECKING:
    CountryCode = str
    Number = Decimal
else:
    # All codes there can be, `$$` of Advenir among them (OCPI-130): to look one up takes a tenth of matching a pattern.
    _CODES = tuple(map("".join, product(ascii_uppercase + "$", repeat=2)))
    CountryCode = Annotated[Literal[_CODES], Meta(extra={"pattern": r"^[A-Z$]{2}\Z"})]
    # For a Decimal the decoder takes text too ("NaN" among it). Any class it does not know it leaves to our hook, and
    # this one costs least: 0.1 microseconds for each number, numbers.Number 0.4.
    Number = object


class Wire(Struct, frozen=True, gc=False, omit_defaults=True):
    """What all shapes are: frozen, without cycles, written without what was not given."""


class GeoLocation(Wire, frozen=True, kw_only=True):
    """A point, as text."""

    latitude: Latitude
    longitude: Longitude


class DisplayText(Wire, frozen=True, kw_only=True):
    """A text in one language."""

    language: Language
    text: Text512


class AdditionalGeoLocation(Wire, frozen=True, kw_only=True):
    """A point with a name."""

    latitude: Latitude
    longitude: Longitude
    name: DisplayText | None = None


class Image(Wire, frozen=True, kw_only=True):
    """Where a picture is."""

    url: Url
    thumbnail: Url | None = None
    category: words.ImageCategory
    type: Text4
    width: Whole | None = None
    height: Whole | None = None


class BusinessDetails(Wire, frozen=True, kw_only=True):
    """A company."""

    name: Text100
    website: Url | None = None
    logo: Image | None = None


class EnergySource(Wire, frozen=True, kw_only=True):
    """The share of one source."""

    source: words.EnergySourceCategory
    percentage: Number


class EnvironmentalImpact(Wire, frozen=True, kw_only=True):
    """What a kilowatt-hour leaves behind, in grams."""

    category: words.EnvironmentalImpactCategory
    amount: Number


class EnergyMix(Wire, frozen=True, kw_only=True):
    """Where the energy comes from."""

    is_green_energy: bool
    energy_sources: tuple[EnergySource, ...] = ()
    environ_impact: tuple[EnvironmentalImpact, ...] = ()
    supplier_name: Text64 | None = None
    energy_product_name: Text64 | None = None


class Price(Wire, frozen=True, kw_only=True):
    """An amount without and, where known, with VAT."""

    excl_vat: Number
    incl_vat: Number | None = None


class CdrToken(Wire, frozen=True, kw_only=True):
    """What of a token a session and a CDR carry."""

    country_code: CountryCode
    party_id: PartyId
    uid: Id
    type: words.TokenType
    contract_id: Id


class CdrDimension(Wire, frozen=True, kw_only=True):
    """How much of one kind."""

    type: words.CdrDimensionType
    volume: Number


class ChargingPeriod(Wire, frozen=True, kw_only=True):
    """A stretch of a charge in which nothing that matters for the price changed."""

    start_date_time: DateTime
    dimensions: Annotated[tuple[CdrDimension, ...], Meta(min_length=1)]
    tariff_id: Id | None = None
