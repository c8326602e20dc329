"""How we and one partner are connected: kept by the core as an opaque part of the partner."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from interroam.model.errors import Reason, Refused
from interroam.model.ids import Party
from interroam.model.parties import Partner
from interroam.protocols.ocpi.wire.versions import Endpoint
from interroam.protocols.ocpi.wire.words import InterfaceRole

BACK_OFFICE = "plain"
"""The protocol of the partners whose parties this node hosts."""


class Registration(StrEnum):
    """Whether credentials were exchanged."""

    NONE = "none"
    DONE = "done"


class Wiring(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a registration settled.

    ``token_out`` is sealed by the node's keys. ``declared`` are the parties as the partner listed them, for information
    only (OCPI-25). After a registration the presented token may repeat ``repeats`` until ``grace_until``: the answer
    may have been lost, and then the partner knows no other (sheet 2.1).
    """

    state: Registration = Registration.NONE
    versions_url: str = ""
    version: str = ""
    token_out: bytes = b""
    endpoints: tuple[Endpoint, ...] = ()
    declared: tuple[str, ...] = ()
    repeats: str = ""
    grace_until: datetime | None = None

    @property
    def done(self) -> bool:
        """Whether credentials were exchanged."""
        return self.state is Registration.DONE

    @property
    def older(self) -> bool:
        """Whether the version in force is 2.1.1."""
        return self.version == "2.1.1"

    def endpoint(self, module: str, role: InterfaceRole) -> str | None:
        """Return the partner's URL of an interface; credentials are one, whatever role they are listed under."""
        for each in self.endpoints:
            if each.identifier.casefold() == module and (module == "credentials" or each.role == role):
                return each.url
        return None


_decode = msgspec.msgpack.Decoder(Wiring).decode
_encode = msgspec.msgpack.Encoder().encode


def wiring_of(partner: Partner) -> Wiring:
    """Return how a partner is wired; a new one is not."""
    return _decode(partner.wiring) if partner.wiring else Wiring()


def wired(partner: Partner, wiring: Wiring) -> Partner:
    """Return the partner with this wiring."""
    return replace(partner, wiring=_encode(wiring), declared=wiring.declared)


def party_of(partner: Partner) -> Party:
    """Return the one party of a 2.1.1 connection (OCPI-22)."""
    if len(partner.parties) != 1:
        raise Refused(
            Reason.WRONG_STATE,
            f"partner {partner.id} speaks for {len(partner.parties)} parties, a connection of 2.1.1 is one",
            remedy="add a partner for each party and role",
        )
    return partner.parties[0]
