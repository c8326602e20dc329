"""Questions travel live, have one deadline and are never queued; each has its answer beside it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from interroam.model.facts import Wire
from interroam.model.ids import Party, PartyId, Role
from interroam.model.profiles import ChargingProfile
from interroam.model.tokens import Authorization, Limit, Token


class Authorize(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """May the holder of this token charge here? Answered by Authorization."""

    cpo: PartyId
    uid: str
    type: str = "RFID"
    location_id: str | None = None
    evse_uids: tuple[str, ...] = ()
    emsp: PartyId | None = None
    """The provider to ask, when the asker addressed one."""
    type_word: str = ""
    """The type of the token as the asker spelled it."""
    service: str = "1"
    reference: str | None = None
    """What the charge will be known by, when its hub has said so already; a refusal bears it too."""
    cpo_session: str | None = None
    booking: str | None = None
    anywhere: bool = False
    """Whether the place may be one that was never stated here."""
    known: bool = True
    """False while asking around: first of all it is to be found out whose token it is."""


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
    type_word: str = ""
    """The type of the token as the asker spelled it."""
    service: str = "1"
    limits: tuple[Limit, ...] = ()
    interim: bool = False
    alias: str | None = None
    parameter: str | None = None
    booking: str | None = None


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
    """Charge no faster than this. Answered by Acknowledged, later by an Outcome.

    Asked, as the other two about profiles, by the eMSP of the charge or by its smart charging provider (role SCSP);
    ``emsp`` is whoever asks.
    """

    emsp: PartyId
    session_id: str
    profile: ChargingProfile
    reply: str = ""
    cpo: PartyId | None = None
    role: Role = Role.EMSP


class GetProfile(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How fast will it charge during so many seconds? Answered by Acknowledged, later by an Outcome that says so."""

    emsp: PartyId
    session_id: str
    duration_s: int
    reply: str = ""
    cpo: PartyId | None = None
    role: Role = Role.EMSP


class ClearProfile(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Forget what was set. Answered by Acknowledged, later by an Outcome."""

    emsp: PartyId
    session_id: str
    reply: str = ""
    cpo: PartyId | None = None
    role: Role = Role.EMSP


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


class Act(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The provider wants something done with a charge under way, at once. Answered by Done.

    ``nature`` is EMERGENCY_STOP, STOP, SUSPEND or RESTART, or whatever number the asker used: the list is open.
    ``session_id`` is the reference of the charge, ``cpo_session`` what its CPO calls it.
    """

    emsp: PartyId
    session_id: str
    nature: str
    id: str = ""
    at: datetime
    parameter: str | None = None
    caused_by: str | None = None
    """The id of the report that this follows from."""
    cpo: PartyId | None = None
    cpo_session: str | None = None


class Report(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The CPO tells the provider how a charge goes, at once. Answered by Done.

    ``nature`` is EMERGENCY_STOP, ENDED, SUSPENDED, STARTED, CHARGE_STARTED, CHARGE_ENDED or PRE_STOP, or a number.
    ``session_id`` is the reference of the charge, ``emsp_reference`` what its provider calls it.
    """

    cpo: PartyId
    session_id: str
    nature: str
    id: str = ""
    at: datetime
    parameter: str | None = None
    caused_by: str | None = None
    """The id of the act that this follows from."""
    emsp: PartyId | None = None
    emsp_reference: str | None = None


class Done(msgspec.Struct, frozen=True, omit_defaults=True):
    """The other side took an act or a report: under which id, with which code of its own."""

    id: str
    code: str = ""


OfPlace = StartSession | Reserve | Unlock
"""Commands about a place."""
OfSession = StopSession | SetProfile | GetProfile | ClearProfile
"""Commands about a charge under way."""
OfProfile = SetProfile | GetProfile | ClearProfile
Steering = OfPlace | OfSession | CancelReservation
"""Commands: questions with an outcome to follow."""
Live = Act | Report
"""What is said of a charge while it runs, and waits for nothing."""
Question = Authorize | Steering | Prefer | Live


def asker_of(question: Steering | Prefer) -> Party:
    """Return who asks, in the role in which it does."""
    return Party(question.emsp, question.role if isinstance(question, OfProfile) else Role.EMSP)


class Acknowledged(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The first answer to a command: taken up or not, and how long the outcome may take (seconds)."""

    result: str
    """ACCEPTED, REJECTED, NOT_SUPPORTED, UNKNOWN_SESSION or TOO_OFTEN."""
    within: int = 0
    message: str | None = None
    code: str = ""
    """The partner's own word for it."""
    session_id: str | None = None
    """What the one who carries it out calls the charge."""
    command: str = ""
    """The id of the command as we keep it: its outcome is found by it. Set by the core."""
    reference: str | None = None
    """The reference of the charge that is to start. Set by the core."""
    final: bool = False
    """Whether all is done already: then the core states the outcome, and its target says no more."""

    @property
    def accepted(self) -> bool:
        """Whether an outcome will follow."""
        return self.result == "ACCEPTED"


class Preferred(msgspec.Struct, frozen=True, gc=False):
    """What can be done for the driver; ``result`` is a word of OCPI 2.2.1 ChargingPreferencesResponse."""

    result: str


Answer = Authorization | Acknowledged | Preferred | Done
