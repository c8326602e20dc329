"""What an eMSP's node knows of the charges that it sold: whose, where, under which names.

A charge has two names: the platform's, by which the session is known here, and ours, by which the back office knows
the permission (EMIP-90). Both stand in the permission, and either leads to it.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from interroam.core.hub import Hub
from interroam.core.refs import session_ref
from interroam.model.charges import ChargeToken, Session
from interroam.model.facts import Fact, Origin, Stored
from interroam.model.ids import Kind, Party, PartyId, Role, token_key
from interroam.model.places import Availability, Evse, EvseStatus
from interroam.model.questions import StartSession
from interroam.model.tokens import Authorization, Token
from interroam.protocols.emip.bridge.evses import evses_called, foremost
from interroam.protocols.emip.emsp.aliases import alias_of, contract_of
from interroam.protocols.emip.profiles import Switches
from interroam.protocols.emip.rules.ids import Letter, element
from interroam.protocols.emip.rules.limits import COST
from interroam.protocols.emip.translate import charges

_UNSEEN = EvseStatus(word="UNKNOWN", availability=Availability.UNKNOWN)


async def evse_of(hub: Hub, evse_id: str, operator: Party | None = None) -> Evse:
    """Return an EVSE by its eMI3 id; one that nobody described stands alone. ValueError when the id is none."""
    row = await known_evse(hub, evse_id)
    if row is not None and isinstance(row.body, Evse):
        return row.body
    named = element(evse_id, Letter.EVSE)
    owner = operator.id if operator is not None and operator.role is Role.CPO else named.operator
    return Evse(
        owner=owner,
        location_id=named.compared,
        uid=named.compared,
        evse_id=str(named),
        status=_UNSEEN,
        last_updated=hub.clock.now(),
    )


async def known_evse(hub: Hub, evse_id: str) -> Stored | None:
    """Return the row of an EVSE by its eMI3 id; ValueError when it is none."""
    named = element(evse_id, Letter.EVSE)
    return foremost(await evses_called(hub, named), named)


async def begin(hub: Hub, origin: Origin, permission: Authorization, evse: Evse, name: str) -> None:
    """State the session that a permission begins, so that it can be steered before its CPO says anything of it.

    ``name`` is the platform's: the session is known by it.
    """
    session = charges.pending(permission, evse.owner, evse, hub.clock.now())
    if session is None or await session_of(hub, name) is not None:
        return
    token = session.token
    own = replace(
        session,
        id=name,
        authorization_reference=own_name(permission) or name,
        token=replace(token, contract_id=await contract(hub, token.owner, token, permission.alias)),
    )
    await hub.tell(origin, Fact(own))


async def session_of(hub: Hub, reference: str) -> Stored | None:
    """Return the session that the platform calls so."""
    rows = await hub.store.by_ref(session_ref(reference), Kind.SESSION, limit=1)
    return rows[0] if rows and isinstance(rows[0].body, Session) else None


class Terms(msgspec.Struct, frozen=True):
    """How a permission goes out: how the contract is called, and whether records are wanted while it runs."""

    alias: str | None
    interim: bool


def terms_of(hub: Hub, token: Token, switches: Switches, asked: Authorization | StartSession) -> Terms:
    """Return the terms of a permission: the contract never goes out, and a limit of cost needs records (EMIP-126)."""
    alias = asked.alias
    if alias is None:
        alias = alias_of(hub.book.keyring, token.owner, token.contract_id, hub.clock.now(), switches.alias_days)
    priced = any(limit.type == str(COST) for limit in asked.limits)
    return Terms(alias, asked.interim or switches.wants_intermediate or priced)


def own_name(permission: Authorization | None) -> str | None:
    """Return what we call a charge: made with the permission where we gave it first, else in our answer."""
    if permission is None:
        return None
    return permission.emsp_reference or (permission.reference if permission.command else None)


async def contract(hub: Hub, owner: PartyId, token: Token | ChargeToken, alias: str | None = None) -> str:
    """Return the contract of a user as the back office calls it: by the token it stated, else by its alias."""
    row = await hub.store.get(token_key(owner, token.type, token.uid))
    if row is not None and isinstance(row.body, Token):
        return row.body.contract_id
    return (contract_of(hub.book.keyring, owner, alias) if alias else None) or token.contract_id
