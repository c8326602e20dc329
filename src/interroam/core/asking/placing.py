"""Which place a command means, under which agreement, and who carries it there."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from interroam.core.refs import location_ref
from interroam.model.agreements import Agreement
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Stored
from interroam.model.ids import Kind, Module, Party, PartyId, Role, evse_key, location_key
from interroam.model.places import Evse, Location
from interroam.model.questions import OfPlace, Reserve, StartSession, Unlock

if TYPE_CHECKING:
    from interroam.core.hub import Hub

Placed = TypeVar("Placed", StartSession, Reserve, Unlock)


async def placed(hub: Hub, question: Placed) -> Placed:
    """Name CPO and location as the CPO does: by its owner when addressed, by hub id, else by agreement (sheet C3).

    What a node does not know it passes on to the hub before it; a hub refuses it.
    """
    if question.cpo is not None:
        found = await hub.store.get(location_key(question.cpo, question.location_id))
    else:
        found = await _search(hub, question)
    if found is None or found.withdrawn or not isinstance(found.body, Location):
        if hub.is_hub:
            raise _no_place(question.location_id)
        return question
    place = found.body
    if hub.is_hub and question.evse_uid and await evse_of(hub, place.owner, place.id, question.evse_uid) is None:
        raise _no_place(f"{question.location_id}/{question.evse_uid}")
    return replace(question, cpo=place.owner, location_id=place.id)


async def evse_of(hub: Hub, cpo: PartyId, location_id: str, uid: str) -> Evse | None:
    """Return an EVSE of a location, as far as it is known here."""
    stored = await hub.store.get(evse_key(cpo, location_id, uid))
    if stored is None or stored.withdrawn:
        return None
    return stored.body if isinstance(stored.body, Evse) else None


async def _search(hub: Hub, question: OfPlace) -> Stored | None:
    by_id = await hub.store.by_hub_id(question.location_id)
    if by_id is not None and by_id.key.kind is Kind.LOCATION:
        return by_id
    rows = await hub.store.by_ref(location_ref(question.location_id), Kind.LOCATION)
    now = hub.clock.now()
    covered = [
        row
        for row in rows
        if not row.withdrawn
        and hub.book.routing.covering(row.key.party, question.emsp, Module.COMMANDS, now) is not None
    ]
    if len(covered) > 1 and question.evse_uid:  # which may be of one of them alone
        uid = question.evse_uid
        covered = [row for row in covered if await evse_of(hub, row.key.party, row.key.id, uid) is not None] or covered
    if len(covered) > 1:
        raise Refused(
            Reason.AMBIGUOUS,
            f"more than one CPO has a location {question.location_id}",
            remedy="address the CPO (To headers)",
        )
    return next(iter(covered or rows), None)


async def agreement_for(hub: Hub, question: OfPlace, now: datetime) -> Agreement | Refused:
    """Return the agreement a command rests on, which covers the EVSE it is for, or why there is none."""
    routing, cpo, emsp = hub.book.routing, question.cpo, question.emsp
    if cpo is not None:
        uids = (question.evse_uid,) if question.evse_uid else ()
        spots = await hub.sight.spots(cpo, question.location_id, uids, known=hub.is_hub)
        asked = (cpo, emsp, Module.COMMANDS, now, spots)
        return routing.covering(*asked) or routing.why_not(*asked)
    for one in routing.agreements:
        hubs = any(member.role is Role.HUB for member in one.cpos)
        if hubs and one.in_force(now) and one.covers_emsp(emsp) and one.of(Module.COMMANDS).on:
            return one
    return Refused(Reason.NO_AGREEMENT, f"no agreement of {emsp} reaches this location")


def via_of(hub: Hub, cpo: Party, agreement_id: str) -> Party:
    """Return the party whose partner carries a message to this CPO: its own, else the hub before it."""
    return cpo if hub.book.routing.has(cpo) else hub_before(hub, agreement_id) or cpo


def hub_before(hub: Hub, agreement_id: str) -> Party | None:
    """Return the hub that stands before the CPOs of an agreement; None where there is none."""
    agreement = hub.book.agreements.get(agreement_id)
    hubs = agreement.cpos if agreement is not None else ()
    return next((one for one in hubs if one.role is Role.HUB), None)


def way_to(hub: Hub, agreement: Agreement, cpo: PartyId | None) -> tuple[Party, Party]:
    """Return whom a command is for, and the party whose partner carries it there."""
    if cpo is not None and hub.book.routing.has(Party(cpo, Role.CPO)):
        return Party(cpo, Role.CPO), Party(cpo, Role.CPO)
    hub_party = next((member for member in agreement.cpos if member.role is Role.HUB), None)
    if hub_party is None:
        raise Refused(Reason.UNKNOWN_PARTY, f"no partner speaks for {cpo}", remedy=f"register a partner for {cpo}")
    return (Party(cpo, Role.CPO) if cpo is not None else hub_party), hub_party


def _no_place(what: str) -> Refused:
    return Refused(
        Reason.UNKNOWN_LOCATION, f"no location {what} is known here", remedy="use an id from the locations list"
    )
