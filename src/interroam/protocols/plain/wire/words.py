"""Closed words, read in any case; and numbers."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from msgspec import Meta

Number = Annotated[int, Meta(ge=0, le=2**53)]
"""A number of the journal or the shelf, or how many are wanted: what every reader of JSON holds exactly."""


class Word(StrEnum):
    """A closed word, read in any case."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        spelled = value.upper() if isinstance(value, str) else None
        return next((one for one in cls if one.value == spelled), None)


class SessionStatus(Word):
    """OCPI 2.2.1 mod_sessions: SessionStatus."""

    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    INVALID = "INVALID"
    PENDING = "PENDING"
    RESERVATION = "RESERVATION"


class AuthMethod(Word):
    """OCPI 2.2.1 mod_cdrs: AuthMethod."""

    AUTH_REQUEST = "AUTH_REQUEST"
    COMMAND = "COMMAND"
    WHITELIST = "WHITELIST"


class TokenType(Word):
    """OCPI 2.2.1 mod_tokens: TokenType."""

    AD_HOC_USER = "AD_HOC_USER"
    APP_USER = "APP_USER"
    OTHER = "OTHER"
    RFID = "RFID"


class Result(Word):
    """OCPI 2.2.1 mod_commands: CommandResultType."""

    ACCEPTED = "ACCEPTED"
    CANCELED_RESERVATION = "CANCELED_RESERVATION"
    EVSE_OCCUPIED = "EVSE_OCCUPIED"
    EVSE_INOPERATIVE = "EVSE_INOPERATIVE"
    FAILED = "FAILED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    TIMEOUT = "TIMEOUT"
    UNKNOWN_RESERVATION = "UNKNOWN_RESERVATION"
    UNKNOWN = "UNKNOWN"
    """Of a charging profile: the charge point did not answer, or could not."""


class Taken(Word):
    """OCPI 2.2.1 mod_commands: CommandResponseType, the acknowledgment of a command."""

    ACCEPTED = "ACCEPTED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    UNKNOWN_SESSION = "UNKNOWN_SESSION"
    TOO_OFTEN = "TOO_OFTEN"


class Possible(Word):
    """OCPI 2.2.1 mod_sessions: ChargingPreferencesResponse."""

    ACCEPTED = "ACCEPTED"
    DEPARTURE_REQUIRED = "DEPARTURE_REQUIRED"
    ENERGY_NEED_REQUIRED = "ENERGY_NEED_REQUIRED"
    NOT_POSSIBLE = "NOT_POSSIBLE"
    PROFILE_TYPE_NOT_SUPPORTED = "PROFILE_TYPE_NOT_SUPPORTED"


class Preference(Word):
    """OCPI 2.2.1 mod_sessions: ProfileType."""

    CHEAP = "CHEAP"
    FAST = "FAST"
    GREEN = "GREEN"
    REGULAR = "REGULAR"


class RateUnit(Word):
    """The unit of a charging profile's limits."""

    WATT = "W"
    AMPERE = "A"


class Behalf(StrEnum):
    """Who wants a connector unlocked: there is no word for a driver (OCPI-204)."""

    SUPPORT = "support"
    OPERATOR = "operator"


class QuestionKind(StrEnum):
    """What a back office may be asked."""

    AUTHORIZE = "authorize"
    START = "start"
    STOP = "stop"
    RESERVE = "reserve"
    CANCEL_RESERVATION = "cancel_reservation"
    UNLOCK = "unlock"
    SET_PROFILE = "set_profile"
    GET_PROFILE = "get_profile"
    CLEAR_PROFILE = "clear_profile"
    PREFER = "prefer"
    ACT = "act"
    REPORT = "report"
