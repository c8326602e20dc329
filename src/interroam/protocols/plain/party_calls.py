"""The calls of administration about parties, whoever speaks for them."""

from __future__ import annotations

from msgspec import Struct

from interroam.model.errors import Reason
from interroam.protocols.plain.admin_routes import Call, party_of, route


class PartyNamed(Struct, frozen=True, kw_only=True):
    """A party in one of its roles, as FR*C01/CPO."""

    party: str


class PartiesSuspended(Struct, frozen=True, kw_only=True):
    """The parties that are switched off."""

    suspended: tuple[str, ...]


async def suspended_parties(call: Call) -> PartiesSuspended:
    """List the parties that are switched off."""
    return PartiesSuspended(suspended=tuple(map(str, call.office.admin.suspended(call.actor))))


async def suspend_party(call: Call) -> PartiesSuspended:
    """Switch a party off, whoever speaks for it."""
    await call.office.admin.suspend_party(call.actor, party_of(call.body.party))
    return await suspended_parties(call)


async def resume_party(call: Call) -> PartiesSuspended:
    """Switch a party on again."""
    await call.office.admin.resume_party(call.actor, party_of(call.body.party))
    return await suspended_parties(call)


_ERRORS = (Reason.UNKNOWN_PARTY, Reason.WRONG_STATE)
ROUTES = (
    route("GET", "/parties/suspended", suspended_parties, PartiesSuspended),
    route("POST", "/parties/suspend", suspend_party, PartiesSuspended, body=PartyNamed, errors=_ERRORS),
    route("POST", "/parties/resume", resume_party, PartiesSuspended, body=PartyNamed, errors=_ERRORS),
)
