"""What a charge is called: by its hub, by its CPO, by its provider; found by any of the three (EMIP-91)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from interroam.core.refs import authorization_ref, refs_of, session_ref
from interroam.core.rules.verdicts import NAMES
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Body, Change, Origin, Stored, Telling, Wire
from interroam.model.ids import Kind, Lane, Party, PartyId, authorization_key, session_key
from interroam.model.tokens import Authorization

if TYPE_CHECKING:
    from interroam.core.hub import Hub


async def authorization(hub: Hub, name: str, cpo: PartyId | None = None) -> Authorization | None:
    """Return the permission of a charge by any of its names; the newest one (of this CPO) where several have it."""
    key = authorization_key(name)
    stored = hub.store.at_hand(key) or await hub.store.get(key)
    if stored is not None and isinstance(stored.body, Authorization):
        return stored.body
    for ref in (authorization_ref(name), session_ref(name)):
        rows = await hub.store.by_ref(ref, Kind.AUTHORIZATION)
        found = [row.body for row in reversed(rows) if isinstance(row.body, Authorization)]
        for body in found:
            if cpo is None or body.cpo in (None, cpo):
                return body
    return None


async def session(hub: Hub, name: str, cpo: Party | None = None) -> Stored | None:
    """Return a session by its hub id, its owner's id, or another name of the charge; the only one of that name."""
    stored = await hub.store.by_hub_id(name)
    if stored is not None and stored.key.kind is Kind.SESSION:
        return stored
    if cpo is not None:
        return await hub.store.get(session_key(cpo.id, name)) or await _of_charge(hub, name, cpo.id)
    found = await hub.store.by_ref(session_ref(name), Kind.SESSION, limit=2)
    if len(found) > 1:
        raise Refused(
            Reason.AMBIGUOUS,
            f"more than one CPO has a session {name}",
            remedy="address the CPO (To headers) or use the hub's session id",
        )
    return found[0] if found else await _of_charge(hub, name, None)


async def _of_charge(hub: Hub, name: str, cpo: PartyId | None) -> Stored | None:
    permission = await authorization(hub, name, cpo)
    if permission is None:
        return None
    rows = await hub.store.by_ref(authorization_ref(permission.reference), Kind.SESSION)
    owned = [row for row in rows if permission.cpo in (None, row.key.party)]
    return owned[-1] if owned else None


async def identify(
    hub: Hub, origin: Origin, reference: str, *, cpo_session: str | None = None, emsp_reference: str | None = None
) -> Authorization | None:
    """Note how its CPO or its provider calls a charge, where that is not known yet; returns its permission."""
    known = await authorization(hub, reference)
    if known is None:
        return None

    def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        if not isinstance(body, Authorization):
            return body, wire
        return _named(body, cpo_session, emsp_reference), wire

    named = _named(known, cpo_session, emsp_reference)
    if named == known:
        return known
    now = hub.clock.now()
    change = Change(known.key, NAMES, now, merge)
    await hub.store.record(Telling(known.key, change, origin, now, Lane.CHARGES, refs=refs_of(named)))
    return named


def _named(known: Authorization, cpo_session: str | None, emsp_reference: str | None) -> Authorization:
    return replace(
        known,
        cpo_session=known.cpo_session or cpo_session,
        emsp_reference=known.emsp_reference or emsp_reference,
    )
