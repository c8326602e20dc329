"""OCPI 2.2.1 mod_tokens: Token, its PATCH, and the question whether it may charge."""

from __future__ import annotations

from msgspec import Raw

from . import words
from .types import CountryCode, DateTime, DisplayText, Id, Language, PartyId, Text64, Wire


class EnergyContract(Wire, frozen=True, kw_only=True):
    """The driver's own energy supplier."""

    supplier_name: Text64
    contract_id: Text64 | None = None


class Token(Wire, frozen=True, kw_only=True):
    """What a driver presents."""

    country_code: CountryCode
    party_id: PartyId
    uid: Id
    type: words.TokenType
    contract_id: Id
    visual_number: Text64 | None = None
    issuer: Text64
    group_id: Id | None = None
    valid: bool
    whitelist: words.Whitelist
    language: Language | None = None
    default_profile_type: words.ProfileType | None = None
    energy_contract: EnergyContract | None = None
    last_updated: DateTime


class TokenPatch(Wire, frozen=True, kw_only=True):
    """Some fields of a token; what is None was not named."""

    country_code: CountryCode | None = None
    party_id: PartyId | None = None
    uid: Id | None = None
    type: words.TokenType | None = None
    contract_id: Id | None = None
    visual_number: Text64 | None = None
    issuer: Text64 | None = None
    group_id: Id | None = None
    valid: bool | None = None
    whitelist: words.Whitelist | None = None
    language: Language | None = None
    default_profile_type: words.ProfileType | None = None
    energy_contract: EnergyContract | None = None
    last_updated: DateTime


class LocationReferences(Wire, frozen=True, kw_only=True):
    """Where the driver stands."""

    location_id: Id
    evse_uids: tuple[Id, ...] = ()


class AuthorizationInfo(Wire, frozen=True, kw_only=True):
    """The answer to authorize."""

    allowed: words.Allowed
    token: Token
    location: LocationReferences | None = None
    authorization_reference: Id | None = None
    info: DisplayText | None = None


class AuthorizationSaid(Wire, frozen=True, kw_only=True):
    """The same with the token unread: of a card a provider says the same each time."""

    allowed: words.Allowed
    token: Raw
    location: LocationReferences | None = None
    authorization_reference: Id | None = None
    info: DisplayText | None = None


class AuthorizationGiven(Wire, frozen=True, kw_only=True):
    """The same as we write it: with the token as its provider wrote it, where that is at hand."""

    allowed: words.Allowed
    token: Token | Raw
    location: LocationReferences | None = None
    authorization_reference: Id | None = None
    info: DisplayText | None = None
