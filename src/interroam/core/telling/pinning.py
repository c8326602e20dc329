"""Who is told of a charge: by its permission, by its session or the CDR it takes back, else by whose token it is."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from interroam.core.rules.visibility import Spot
from interroam.core.telling import belonging, crediting
from interroam.model.charges import Cdr, Session
from interroam.model.facts import Body
from interroam.model.ids import Module, Party, session_key

if TYPE_CHECKING:
    from interroam.core.hub import Hub

PROGRAM = "$$"
"""The country of charges stated for a subsidy program: a hub keeps them and tells nobody (OCPI-131)."""
NOBODY: tuple[Party | None, str] = (None, "")


async def pinned(hub: Hub, charge: Body, now: datetime) -> tuple[Party | None, str]:
    """Return who is told of a charge, and under which agreement; nobody of a subsidy program's."""
    if not isinstance(charge, Session | Cdr) or (hub.is_hub and charge.token.owner.country == PROGRAM):
        return NOBODY
    module = Module.SESSIONS if isinstance(charge, Session) else Module.CDRS
    if charge.authorization_reference:
        authorization = await hub.authorization(charge.authorization_reference, charge.owner)
        known = authorization is not None and belonging.is_for(authorization, charge)
        if authorization is not None and known and carries(hub, authorization.agreement, module):
            return authorization.receiver, authorization.agreement
    if isinstance(charge, Cdr):
        session = session_key(charge.owner, charge.session_id) if charge.session_id else None
        for row in (
            await crediting.credited(hub.store, charge),
            await hub.store.get(session) if session is not None else None,
        ):
            if row is not None and belonging.goes_with(row, charge) and carries(hub, row.agreement, module):
                return row.receiver, row.agreement
    return by_token(hub, charge, module, now, await spots(hub, charge))


def refers(hub: Hub, charge: Session | Cdr) -> bool:
    """Whether something has to be looked up to find out who is told of a charge."""
    if charge.authorization_reference or hub.book.routing.selective:
        return True
    return type(charge) is Cdr and (charge.session_id is not None or charge.credit)


def by_token(
    hub: Hub, charge: Session | Cdr, module: Module, now: datetime, spots: tuple[Spot, ...] = ()
) -> tuple[Party | None, str]:
    """Return who is told of a charge by whose token it is."""
    owner = charge.token.owner
    if owner.country == PROGRAM and hub.is_hub:
        return NOBODY
    agreement = hub.book.routing.covering(charge.owner, owner, module, now, spots)
    return (agreement.emsp, agreement.id) if agreement is not None else NOBODY


async def spots(hub: Hub, charge: Session | Cdr) -> tuple[Spot, ...]:
    """Return the EVSE of a charge, where any agreement selects EVSEs."""
    return await hub.sight.spots(charge.owner, charge.location_id, (charge.evse_uid,), known=False)


def carries(hub: Hub, agreement_id: str, module: Module) -> bool:
    """Whether an agreement has this module at all; in mixed roaming another one may (IEC 63119-1, clause 5, C)."""
    agreement = hub.book.agreements.get(agreement_id)
    return agreement is None or agreement.of(module).on
