"""Reservations: an eMSP's own id becomes one that is unique for the CPO, and is remembered until the reservation ends.

Two eMSPs may use the same id, so whoever hands a reservation to its CPO names it anew (sheet 6.9). The name follows
from eMSP and id alone: asked again with the same id, the CPO sees that the first is replaced (OCPI-205).
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from msgspec.structs import replace

from interroam.core.asking.placing import agreement_for, placed, via_of, way_to
from interroam.core.asking.starting import permitted
from interroam.core.refs import reservation_ref
from interroam.model.charges import CANCEL, CANCELED, RESERVE, Command, CommandState, Outcome
from interroam.model.errors import Refused
from interroam.model.facts import Origin
from interroam.model.ids import PartyId, Role
from interroam.model.questions import Acknowledged, CancelReservation, Reserve

if TYPE_CHECKING:
    from interroam.core.asking.commanding import Commander

GRACE = timedelta(minutes=5)
"""So long after its end a CPO may still say that it gave up a reservation."""
_NAMES = UUID("5f4e6d1c-2f0b-5d0e-9a35-3a1d6c1f7b52")


def name_of(emsp: PartyId, reservation_id: str) -> str:
    """Return the id under which a CPO knows an eMSP's reservation."""
    return str(uuid5(_NAMES, f"{emsp}/{reservation_id}".casefold()))


async def reserve(commander: Commander, origin: Origin, question: Reserve) -> Acknowledged:
    """Relay a reservation; permission and command are durable before it is sent."""
    hub = commander.hub
    commander.check_asker(origin, question.emsp, question.token.owner)
    question = await placed(hub, question)
    now = hub.clock.now()
    if question.expires <= now:
        return Acknowledged(result="REJECTED", message=f"{question.expires:%Y-%m-%d %H:%M} UTC is past")
    agreement = await agreement_for(hub, question, now)
    if isinstance(agreement, Refused):
        return Acknowledged(result="REJECTED", message=agreement.message)
    to, via = way_to(hub, agreement, question.cpo)
    name = name_of(question.emsp, question.reservation_id)
    elsewhere = await _elsewhere(commander, name, question)
    if elsewhere is not None:
        message = f"this id reserves a place at {elsewhere.location_id} of {elsewhere.target}"
        return Acknowledged(result="REJECTED", message=message)
    command = replace(
        commander.command(RESERVE, origin, question, to, now),
        location_id=question.location_id,
        reservation=name,
        expires=question.expires,
    )
    command, permission = permitted(hub, origin, question, command, agreement, now)
    await asyncio.gather(hub.record_authorization(origin, permission, now), commander.open(origin, command, now))
    there = question.reservation_id if via.role is Role.HUB else name
    relayed = replace(question, reference=permission.reference, reservation_id=there)
    return await commander.send(origin, command, relayed, to, via)


async def _elsewhere(commander: Commander, name: str, question: Reserve) -> Command | None:
    """Return what the same id reserves at another location: only at its own is it replaced."""
    for one in await _of_reservation(commander, name):
        same_cpo = question.cpo is None or one.target.id == question.cpo
        if one.state is not CommandState.SETTLED and not (
            same_cpo and (one.location_id or "").casefold() == question.location_id.casefold()
        ):
            return one
    return None


async def cancel(commander: Commander, origin: Origin, question: CancelReservation) -> Acknowledged:
    """Relay the end of a reservation to the CPO that holds it."""
    hub = commander.hub
    commander.check_asker(origin, question.emsp, question.emsp)
    name = name_of(question.emsp, question.reservation_id)
    held = [one for one in await _of_reservation(commander, name) if one.state is not CommandState.SETTLED]
    asked = held[0] if held else None
    if asked is None:
        return Acknowledged(result="REJECTED", message=f"no reservation {question.reservation_id} stands here")
    to = asked.target
    via = to if to.role is Role.HUB else via_of(hub, to, asked.agreement)
    now = hub.clock.now()
    command = replace(
        commander.command(CANCEL, origin, question, to, now),
        reservation=name,
        location_id=asked.location_id,
        authorization=asked.authorization,
        agreement=asked.agreement,
    )
    await commander.open(origin, command, now)
    there = question.reservation_id if via.role is Role.HUB else name
    return await commander.send(origin, command, replace(question, reservation_id=there), to, via)


async def follow(commander: Commander, origin: Origin, command: Command, outcome: Outcome) -> None:
    """Draw the conclusions for the other commands about the same reservation.

    One that was asked again lasts as long as the newest says, wherever the CPO will post its cancellation.
    """
    if command.reservation is None:
        return
    ended = outcome.result == CANCELED or (command.name == CANCEL and outcome.result == "ACCEPTED")
    renewed = command.name == RESERVE and outcome.result == "ACCEPTED" and command.expires is not None
    if not ended and not renewed:
        return
    for one in await _of_reservation(commander, command.reservation):
        if one.id == command.id or one.name != RESERVE or one.state is not CommandState.STANDING:
            continue
        if ended:
            await commander.move(origin, one, CommandState.SETTLED)
        elif command.expires is not None:
            await commander.move(origin, one, CommandState.STANDING, until=command.expires + GRACE)


async def _of_reservation(commander: Commander, name: str) -> list[Command]:
    rows = await commander.hub.store.newest(reservation_ref(name))
    return [row.body for row in rows if isinstance(row.body, Command) and row.body.name == RESERVE]
