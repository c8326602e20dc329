"""OCPI 2.2.1 mod_commands: what an eMSP asks a CPO to do, and the two answers."""

from __future__ import annotations

from . import words
from .tokens import Token
from .types import DateTime, DisplayText, Id, Url, Whole, Wire


class StartSession(Wire, frozen=True, kw_only=True):
    """Start a charge."""

    response_url: Url
    token: Token
    location_id: Id
    evse_uid: Id | None = None
    connector_id: Id | None = None
    authorization_reference: Id | None = None


class StopSession(Wire, frozen=True, kw_only=True):
    """Stop a charge."""

    response_url: Url
    session_id: Id


class ReserveNow(Wire, frozen=True, kw_only=True):
    """Keep a place free."""

    response_url: Url
    token: Token
    expiry_date: DateTime
    reservation_id: Id
    location_id: Id
    evse_uid: Id | None = None
    authorization_reference: Id | None = None


class CancelReservation(Wire, frozen=True, kw_only=True):
    """Keep it free no longer."""

    response_url: Url
    reservation_id: Id


class UnlockConnector(Wire, frozen=True, kw_only=True):
    """Let go of a cable."""

    response_url: Url
    location_id: Id
    evse_uid: Id
    connector_id: Id


Command = StartSession | StopSession | ReserveNow | CancelReservation | UnlockConnector

COMMANDS: dict[words.CommandType, type[Command]] = {
    "START_SESSION": StartSession,
    "STOP_SESSION": StopSession,
    "RESERVE_NOW": ReserveNow,
    "CANCEL_RESERVATION": CancelReservation,
    "UNLOCK_CONNECTOR": UnlockConnector,
}


class CommandResponse(Wire, frozen=True, kw_only=True):
    """The answer at once."""

    result: words.CommandResponseType
    timeout: Whole
    message: tuple[DisplayText, ...] = ()


class CommandResult(Wire, frozen=True, kw_only=True):
    """The answer of the charge point, later."""

    result: words.CommandResultType
    message: tuple[DisplayText, ...] = ()
