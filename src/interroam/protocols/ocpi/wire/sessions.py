"""OCPI 2.2.1 mod_sessions: Session, its PATCH, and charging preferences."""

from __future__ import annotations

from . import words
from .types import (
    CdrToken,
    ChargingPeriod,
    CountryCode,
    Currency,
    DateTime,
    Id,
    Number,
    PartyId,
    Price,
    Text255,
    Wire,
)


class Session(Wire, frozen=True, kw_only=True):
    """A charge as it goes on."""

    country_code: CountryCode
    party_id: PartyId
    id: Id
    start_date_time: DateTime
    end_date_time: DateTime | None = None
    kwh: Number
    cdr_token: CdrToken
    auth_method: words.AuthMethod
    authorization_reference: Id | None = None
    location_id: Id
    evse_uid: Id
    connector_id: Id
    meter_id: Text255 | None = None
    currency: Currency
    charging_periods: tuple[ChargingPeriod, ...] = ()
    total_cost: Price | None = None
    status: words.SessionStatus
    last_updated: DateTime

    def times(self) -> list[DateTime | None]:
        """Return all times in it."""
        found: list[DateTime | None] = [self.start_date_time, self.end_date_time, self.last_updated]
        for one in self.charging_periods:
            found.append(one.start_date_time)  # noqa: PERF401  a comprehension is a call
        return found


class SessionPatch(Wire, frozen=True, kw_only=True):
    """Some fields of a session; what is None was not named, charging_periods are to be added."""

    country_code: CountryCode | None = None
    party_id: PartyId | None = None
    id: Id | None = None
    start_date_time: DateTime | None = None
    end_date_time: DateTime | None = None
    kwh: Number | None = None
    cdr_token: CdrToken | None = None
    auth_method: words.AuthMethod | None = None
    authorization_reference: Id | None = None
    location_id: Id | None = None
    evse_uid: Id | None = None
    connector_id: Id | None = None
    meter_id: Text255 | None = None
    currency: Currency | None = None
    charging_periods: tuple[ChargingPeriod, ...] | None = None
    total_cost: Price | None = None
    status: words.SessionStatus | None = None
    last_updated: DateTime


class ChargingPreferences(Wire, frozen=True, kw_only=True):
    """What the driver would like."""

    profile_type: words.ProfileType
    departure_time: DateTime | None = None
    energy_need: Number | None = None
    discharge_allowed: bool = False
