"""Parties, the partners that speak for them and the routes between the two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

import msgspec

from interroam.model.errors import Reason, Refused
from interroam.model.ids import Module, Party, PartyId, Role

_S = TypeVar("_S", bound=msgspec.Struct)


class PartnerState(StrEnum):
    """How a partner stands with us."""

    PLANNED = "planned"  # known, not registered yet
    CONNECTED = "connected"
    OFFLINE = "offline"  # registered, does not answer
    SUSPENDED = "suspended"  # switched off by an operator


class Partner(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One connected platform: a token, a set of endpoints, and the parties it speaks for.

    ``parties`` come from our own configuration, never from what the partner declares (OCPI-24, OCPI-25).
    ``wiring`` belongs to the partner's protocol room; secrets in it are sealed.
    """

    id: str
    protocol: str
    name: str = ""
    parties: tuple[Party, ...] = ()
    state: PartnerState = PartnerState.PLANNED
    profile: str = "spec"
    switches: dict[str, str | bool | int] = {}
    addresses: tuple[str, ...] = ()
    rate: float = 0
    """How many requests a second it may send, on average over ten seconds; 0: as many as it likes."""
    body_bytes: int = 0
    """How much it may send at once; 0: what the door takes."""
    wiring: bytes = b""
    certificates: tuple[str, ...] = ()
    """SHA-256 of the certificates it shows when it calls; none: it need not show any (OCPI-10)."""
    identity: bytes = b""
    """The certificate and key that we show when we call it, PEM, sealed."""
    since: datetime | None = None
    declared: tuple[str, ...] = ()
    """The parties as the partner lists them itself: for people to read, nothing follows from it (OCPI-25)."""

    def speaks_for(self, party: PartyId, role: Role | None = None) -> bool:
        """Whether this partner speaks for the party, in this role when one is given."""
        return any(own.id == party and role in (None, own.role) for own in self.parties)

    def party(self, party: PartyId) -> Party | None:
        """Return the party with this id that the partner speaks for, in the first of its roles."""
        return next((own for own in self.parties if own.id == party), None)

    @property
    def is_hub(self) -> bool:
        """Whether parties beyond its own stand behind this partner."""
        return any(party.role is Role.HUB for party in self.parties)


def switched(
    protocol: str,
    profiles: Mapping[str, _S],
    profile: str,
    own: Iterable[tuple[str, str | bool | int]],
    *,
    strict: bool = True,
) -> _S:
    """Return a profile of a protocol with a partner's own switches over it; Refused for what does not exist.

    Unless it is ``strict``, a number may be said for a text, and a text that is one for a number.
    """
    if profile not in profiles:
        raise Refused(Reason.MALFORMED, f"no profile {profile}", remedy=f"one of {', '.join(profiles)}")
    known = msgspec.structs.asdict(profiles[profile])
    for name, value in own:
        if name not in known:
            raise Refused(Reason.MALFORMED, f"{protocol} has no switch {name}", remedy=f"one of {', '.join(known)}")
        known[name] = str(value) if isinstance(known[name], str) and not strict else value
    try:
        return msgspec.convert(known, type(profiles[profile]), strict=strict)
    except msgspec.ValidationError as error:
        raise Refused(Reason.MALFORMED, f"a switch of {protocol}: {error}") from error


class Purpose(StrEnum):
    """What an inbound credential is good for."""

    REGISTRATION = "registration"  # versions and credentials only (OCPI-6)
    REGULAR = "regular"
    NOTHING = "nothing"  # who it is shows in its certificate


class Credential(msgspec.Struct, frozen=True):
    """A secret a partner presents to us, kept as a keyed hash only."""

    fingerprint: bytes
    partner: str
    purpose: Purpose
    since: datetime


class Route(msgspec.Struct, frozen=True):
    """The partners that speak for a party, in order: the first one connected is used.

    With a ``module`` it holds for that one alone, and comes before the one without.
    """

    party: Party
    partners: tuple[str, ...]
    module: Module | None = None

    @property
    def name(self) -> str:
        """What there is one of: ``NL*EEE/EMSP``, ``NL*EEE/EMSP cdrs``."""
        return f"{self.party} {self.module.value}" if self.module is not None else str(self.party)


class Standing(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The state of a party since a time. ``by`` is the hub that told us, empty for our own knowledge."""

    no: int
    party: Party
    state: PartnerState
    at: datetime
    by: str = ""
