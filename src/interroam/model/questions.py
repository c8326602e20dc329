"""Questions travel live, have one deadline and are never queued; each has its answer beside it."""

from __future__ import annotations

import msgspec

from interroam.model.ids import PartyId
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
    reply: str = ""
    cpo: PartyId | None = None
    """The CPO, when the asker addressed one."""


class StopSession(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Stop this charge. Answered by Acknowledged, later by an Outcome."""

    emsp: PartyId
    session_id: str
    reply: str = ""
    cpo: PartyId | None = None


Question = Authorize | StartSession | StopSession
Steering = StartSession | StopSession
"""The questions that steer a charge: commands, with an outcome to follow."""


class Acknowledged(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The first answer to a command: taken up or not, and how long the outcome may take (seconds)."""

    result: str
    """ACCEPTED, REJECTED, NOT_SUPPORTED or UNKNOWN_SESSION."""
    within: int = 0
    message: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether an outcome will follow."""
        return self.result == "ACCEPTED"


Answer = Authorization | Acknowledged
