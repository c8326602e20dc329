"""What a driver presents, and the permission it may earn."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from interroam.model.errors import Reason
from interroam.model.ids import Key, Party, PartyId, authorization_key, token_key


class Whitelist(StrEnum):
    """When a CPO may allow a token without asking."""

    ALWAYS = "ALWAYS"
    ALLOWED = "ALLOWED"
    ALLOWED_OFFLINE = "ALLOWED_OFFLINE"
    NEVER = "NEVER"


CHARGING = "1"
"""The service that is meant when none is named: to charge (by the number that eMIP has for it)."""


class Limit(msgspec.Struct, frozen=True, gc=False):
    """How far a charge may go in one measure: a type of meter, a value digit for digit, its unit."""

    type: str
    value: str
    unit: str


class Token(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A card, an app user or another means that a provider issued."""

    owner: PartyId
    uid: str
    type: str
    contract_id: str
    issuer: str
    valid: bool
    whitelist: Whitelist = Whitelist.NEVER
    visual_number: str | None = None
    group_id: str | None = None
    language: str | None = None
    expires: datetime | None = None
    """From when it allows nothing, whatever else is said of it."""
    services: tuple[str, ...] = ()
    """What it is good for, by the numbers that eMIP has for services; none is to charge."""
    last_updated: datetime

    def expired(self, now: datetime) -> bool:
        """Whether what was said of it holds no more."""
        return self.expires is not None and self.expires <= now

    def serves(self, service: str) -> bool:
        """Whether what was said of it holds for this service."""
        return service in (self.services or (CHARGING,))

    @property
    def key(self) -> Key:
        """The identity of this token."""
        return token_key(self.owner, self.type, self.uid)


class Allowed(StrEnum):
    """The answer to *may this driver charge here*."""

    ALLOWED = "ALLOWED"
    BLOCKED = "BLOCKED"
    EXPIRED = "EXPIRED"
    NO_CREDIT = "NO_CREDIT"
    NOT_ALLOWED = "NOT_ALLOWED"


class Authorization(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The answer to Authorize; a positive one is a fact and is durable before it is given.

    ``reference`` is ours (or the giver's where we are not the hub); ``emsp_reference`` is the provider's own. Sessions
    and CDRs follow the agreement pinned here, even when it ends meanwhile.
    """

    allowed: Allowed
    reference: str = ""
    emsp_reference: str | None = None
    cpo: PartyId | None = None
    emsp: PartyId | None = None
    """The provider whose token it is."""
    receiver: Party | None = None
    """Who is told of the charge from here: the provider, or the hub before it."""
    agreement: str = ""
    token: Token | None = None
    location_id: str | None = None
    evse_uids: tuple[str, ...] = ()
    connector_id: str | None = None
    info: str | None = None
    why: Reason | None = None
    """What stood against it before anybody was asked."""
    language: str = "en"
    command: str = ""
    """The command that this permission came with, when a remote start gave it."""
    service: str = CHARGING
    """What was asked for."""
    limits: tuple[Limit, ...] = ()
    interim: bool = False
    """Whether the provider wants records of the charge while it runs."""
    listed: bool = False
    """Whether what was stated of the token decided, and its provider was not asked."""
    alias: str | None = None
    """What the provider calls the contract, instead of naming it; then nobody adds the contract's own id."""
    parameter: str | None = None
    cpo_session: str | None = None
    """The charge's id at the one who carries it out."""
    correlation: str = ""
    at: datetime | None = None

    @property
    def key(self) -> Key:
        """The identity of this authorization."""
        return authorization_key(self.reference)
