"""Charges as eMIP names them: by which card, on which permission, and the record of one as its eMSP gets it."""

from __future__ import annotations

from interroam.core.hub import Hub
from interroam.core.refs import authorization_ref, session_ref, token_ref
from interroam.model.charges import Cdr, Session
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Stored, Wire
from interroam.model.ids import Kind, Party, PartyId, session_key, token_key
from interroam.model.tokens import Authorization
from interroam.protocols.emip.bridge.evses import evse_id_at
from interroam.protocols.emip.rules.ids import PROTOCOL
from interroam.protocols.emip.translate.charges import (
    completed,
    record_of,
    with_cost,
    write_cdr,
    write_session,
)
from interroam.protocols.emip.translate.tokens import spellings, types, word_of, write_user
from interroam.protocols.emip.wire.types import ChargeDetailRecord

ANSWERED = "emip-answered"
"""Commands that were answered before anybody knew what became of them."""

_SHELF = 2**31
_BY_HAND = "settle it with {emsp} without eMIP, by a credit note or an invoice; then drop this entry"


# -- cards -----------------------------------------------------------------------------------------------------------


async def user_stated(hub: Hub, token_type: str, uid: str, said: str) -> tuple[str, str]:
    """Return type and uid of a user as its eMSP stated them.

    Others than eMIP leave leading zeros of a card out (EMIP-75), the hyphens of a contract in, and have more types.
    """
    for each in types(token_type, uid):
        for spelled in spellings(token_type, uid, said):
            name = token_ref(each, spelled)
            rows = hub.store.named_at_hand(name, Kind.TOKEN)
            if rows or (rows is None and await hub.store.by_ref(name, Kind.TOKEN, limit=1)):
                return each, spelled
    return token_type, uid


# -- charges -----------------------------------------------------------------------------------------------------------


def crosses(hub: Hub, party: Party | None) -> bool:
    """Whether what is told to a party, or comes from it, goes through another protocol."""
    if party is None or not hub.book.routing.has(party):
        return False
    return hub.book.routing.partner_for(party).protocol != PROTOCOL


async def permission_of(hub: Hub, charge: Session | Cdr) -> Authorization | None:
    """Return what allowed a charge."""
    reference = charge.authorization_reference
    return await hub.authorization(reference, charge.owner) if reference else None


async def session_of(hub: Hub, permission: Authorization, cpo: PartyId) -> Stored | None:
    """Return the session of a permission, as its CPO states it."""
    rows = await hub.store.by_ref(authorization_ref(permission.reference), Kind.SESSION)
    return next((row for row in rows if row.key.party == cpo), None)


async def rendered(
    hub: Hub, charge: Session | Cdr, wire: Wire | None, hub_id: str
) -> tuple[ChargeDetailRecord, Authorization | None]:
    """Return the record of a charge as its eMSP gets it, and what allowed the charge.

    It is known by the id that we gave its session: that of its permission, else the one it has here.
    """
    permission = await permission_of(hub, charge)
    reference = permission.reference if permission is not None else await _reference(hub, charge, hub_id)
    record = record_of(wire)
    if record is not None and charge.cleared and charge.total_cost is not None:
        record = with_cost(record, charge.total_cost, charge.currency)
    if record is None:
        token = await hub.store.get(token_key(charge.token.owner, charge.token.type, charge.token.uid))
        word = word_of(token.wire) if token is not None and not token.withdrawn else ""
        user = write_user(charge.token.type, charge.token.uid, word)
        known = await evse_id_at(hub, charge.owner, charge.location_id, charge.evse_uid)
        if isinstance(charge, Cdr):
            record = write_cdr(charge, reference, user, known or charge.evse_id)
        else:
            record = write_session(charge, reference, user, known or charge.evse_uid)
    return completed(record, permission, charge.token.owner, charge.owner, reference), permission


async def _reference(hub: Hub, charge: Session | Cdr, hub_id: str) -> str:
    if isinstance(charge, Cdr) and charge.session_id:
        session = await hub.store.get(session_key(charge.owner, charge.session_id))
        if session is not None:
            return session.hub_id
    return hub_id


# -- what corrects a record --------------------------------------------------------------------------------------------


def no_credit(cdr: Cdr) -> Refused:
    """Return why a credit cannot be told: eMIP's records are intermediate or final, and none takes another back."""
    amount = f"{cdr.total_cost.excl_vat:f} {cdr.currency}"
    message = f"CDR {cdr.id} is a credit of {amount} for CDR {cdr.credit_of or '(not named)'}, and eMIP has no credits"
    return Refused(Reason.NOT_OFFERED, message, remedy=_BY_HAND.format(emsp=cdr.token.owner))


def no_second(cdr: Cdr, first: str) -> Refused:
    """Return why another final record cannot be told: a charge has one (EMIP-100, EMIP-104)."""
    amount = f"{cdr.total_cost.excl_vat:f} {cdr.currency}"
    message = f"CDR {cdr.id}, {amount}, comes after CDR {first}, the one final record that a charge has in eMIP"
    return Refused(Reason.CONFLICT, message, remedy=_BY_HAND.format(emsp=cdr.token.owner))


async def final_before(hub: Hub, cdr: Cdr, to: Party) -> str | None:
    """Return the id of the final record that the charge of a CDR has had before it; None when it is the one.

    One that its eMSP refused is none: a better one may follow.
    """
    reference = cdr.authorization_reference
    name = authorization_ref(reference) if reference else session_ref(cdr.session_id) if cdr.session_id else ""
    rows = [row for row in await hub.store.by_ref(name, Kind.CDR) if row.key.party == cdr.owner] if name else []
    finals = sorted((row for row in rows if isinstance(row.body, Cdr) and not row.body.credit), key=lambda row: row.no)
    if not finals or finals[0].key == cdr.key:
        return None
    refused = {one.seq for one in await hub.store.shelf(limit=_SHELF) if one.courier.party == to}
    first = next((row for row in finals if row.version not in refused or row.key == cdr.key), finals[0])
    return first.key.id if first.key != cdr.key else None
