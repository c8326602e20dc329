"""Questions travel live, have one deadline and are never queued; each has its answer beside it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from interroam.model.facts import Wire
from interroam.model.ids import PartyId
from interroam.model.profiles import ChargingProfile
from interroam.model.tokens import Authorization, Token


class Authorize(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """May the holder of this token charge here? Answered by Authorization."""

    cpo: PartyId
    uid: str
    type: str = "RFID"
    location_id: str | None = None
    evse_uids: tuple[str, ...] = ()
    emsp: PartyId | None = None
    """The provider to ask, when the asker addressed one."""


class StartSession(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Start a charge for this token. Answered by Acknowledged, later by an Outcome."""

    emsp: PartyId
    token: Token
    location_id: str
    evse_uid: str | None = None
    connector_id: str | None = None
    reference: str | None = None
    stated: Wire | None = None
    """The token in the spelling of the room that brought it."""
    reply: str = ""
    cpo: PartyId | None = None
    """The CPO, when the asker addressed one."""


class StopSession(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Stop this charge. Answered by Acknowledged, later by an Outcome."""

    emsp: PartyId
    session_id: str
    reply: str = ""
    cpo: PartyId | None = None


class Reserve(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Keep a place free until then. Answered by Acknowledged, later by an Outcome, perhaps by a cancellation.

    ``reservation_id`` is unique for its eMSP alone; asked again, it replaces what was reserved before.
    """

    emsp: PartyId
    token: Token
    reservation_id: str
    expires: datetime
    location_id: str
    evse_uid: str | None = None
    reference: str | None = None
    stated: Wire | None = None
    """The token in the spelling of the room that brought it."""
    reply: str = ""
    cpo: PartyId | None = None


class CancelReservation(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Keep it free no longer. Answered by Acknowledged, later by an Outcome."""

    emsp: PartyId
    reservation_id: str
    reply: str = ""
    cpo: PartyId | None = None


class Unlock(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Let go of a cable: for support and operators, never for a driver (OCPI-204)."""

    emsp: PartyId
    location_id: str
    evse_uid: str
    connector_id: str
    reply: str = ""
    cpo: PartyId | None = None


class SetProfile(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Charge no faster than this. Answered by Acknowledged, later by an Outcome."""

    emsp: PartyId
    session_id: str
    profile: ChargingProfile
    reply: str = ""
    cpo: PartyId | None = None


class GetProfile(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How fast will it charge during so many seconds? Answered by Acknowledged, later by an Outcome that says so."""

    emsp: PartyId
    session_id: str
    duration_s: int
    reply: str = ""
    cpo: PartyId | None = None


class ClearProfile(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Forget what was set. Answered by Acknowledged, later by an Outcome."""

    emsp: PartyId
    session_id: str
    reply: str = ""
    cpo: PartyId | None = None


class Prefer(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the driver of this charge would like. Answered by Preferred, and by nothing later."""

    emsp: PartyId
    session_id: str
    profile_type: str
    """CHEAP, FAST, GREEN or REGULAR."""
    departs: datetime | None = None
    energy_kwh: Decimal | None = None
    discharge: bool = False
    cpo: PartyId | None = None


OfPlace = StartSession | Reserve | Unlock
"""Commands about a place."""
OfSession = StopSession | SetProfile | GetProfile | ClearProfile
"""Commands about a charge under way."""
OfProfile = SetProfile | GetProfile | ClearProfile
Steering = OfPlace | OfSession | CancelReservation
"""Commands: questions with an outcome to follow."""
Question = Authorize | Steering | Prefer


class Acknowledged(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The first answer to a command: taken up or not, and how long the outcome may take (seconds)."""

    result: str
    """ACCEPTED, REJECTED, NOT_SUPPORTED, UNKNOWN_SESSION or TOO_OFTEN."""
    within: int = 0
    message: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether an outcome will follow."""
        return self.result == "ACCEPTED"


class Preferred(msgspec.Struct, frozen=True, gc=False):
    """What can be done for the driver; ``result`` is a word of OCPI 2.2.1 ChargingPreferencesResponse."""

    result: str


Answer = Authorization | Acknowledged | Preferred
