"""Commands about a place that need no memory of it: start a charge, unlock a connector.

A token need not be known here (OCPI-203): the permission that is recorded before a start leaves holds it, so session
and CDR find their eMSP by its reference, or by the owner of the token they name.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from interroam.core.asking.naming import identify
from interroam.core.asking.placing import agreement_for, evse_of, placed, way_to
from interroam.model.agreements import Agreement
from interroam.model.charges import Command
from interroam.model.errors import Refused
from interroam.model.facts import Origin
from interroam.model.ids import Role
from interroam.model.questions import Acknowledged, Reserve, StartSession, Unlock
from interroam.model.tokens import Allowed, Authorization

if TYPE_CHECKING:
    from interroam.core.asking.commanding import Commander
    from interroam.core.hub import Hub

CONNECTOR_REQUIRED = "START_SESSION_CONNECTOR_REQUIRED"


async def start(commander: Commander, origin: Origin, question: StartSession) -> Acknowledged:
    """Relay a start; the permission and the pending command are durable before it is sent."""
    hub = commander.hub
    commander.check_asker(origin, question.emsp, question.token.owner)
    question = await placed(hub, question)
    missing = await _missing(hub, question)
    if missing:
        return Acknowledged(result="REJECTED", message=missing)
    now = hub.clock.now()
    agreement = await agreement_for(hub, question, now)
    if isinstance(agreement, Refused):
        return Acknowledged(result="REJECTED", message=agreement.message)
    to, via = way_to(hub, agreement, question.cpo)
    command = commander.command("START_SESSION", origin, question, to, now)
    command, permission = permitted(hub, origin, question, command, agreement, now)
    await asyncio.gather(hub.record_authorization(origin, permission, now), commander.open(origin, command, now))
    answer = await commander.send(origin, command, replace(question, reference=permission.reference), to, via)
    if answer.accepted and answer.session_id:
        await identify(hub, origin, permission.reference, cpo_session=answer.session_id)
    return answer


def permitted(
    hub: Hub, origin: Origin, question: StartSession | Reserve, command: Command, agreement: Agreement, now: datetime
) -> tuple[Command, Authorization]:
    """Return a command with the permission that goes with it, under the reference of this leg (sheet C4)."""
    reference = hub.ids.new() if hub.is_hub or not question.reference else question.reference
    to = command.target
    start = question if isinstance(question, StartSession) else None
    permission = Authorization(
        allowed=Allowed.ALLOWED,
        reference=reference,
        emsp_reference=question.reference,
        cpo=to.id if to.role is Role.CPO else None,
        emsp=question.token.owner,
        receiver=agreement.emsp,
        agreement=agreement.id,
        token=question.token,
        location_id=question.location_id,
        evse_uids=(question.evse_uid,) if question.evse_uid else (),
        connector_id=start.connector_id if start is not None else None,
        command=command.id,
        correlation=origin.correlation,
        at=now,
    )
    if start is not None:
        permission = replace(
            permission,
            service=start.service,
            limits=start.limits,
            interim=start.interim,
            alias=start.alias,
            parameter=start.parameter,
        )
    return replace(command, authorization=reference, agreement=agreement.id), permission


async def _missing(hub: Hub, question: StartSession) -> str:
    """Say what a start lacks (OCPI-122); a hub relays what the CPO may have to refuse (OCPI-116)."""
    if question.connector_id and not question.evse_uid:
        return "a connector_id says nothing without an evse_uid"
    if hub.is_hub or question.cpo is None or question.connector_id or not question.evse_uid:
        return ""
    evse = await evse_of(hub, question.cpo, question.location_id, question.evse_uid)
    if evse is None or CONNECTOR_REQUIRED not in evse.capabilities:
        return ""
    return f"EVSE {question.evse_uid} can only be started with a connector_id"


async def unlock(commander: Commander, origin: Origin, question: Unlock) -> Acknowledged:
    """Relay the wish of somebody's support to let go of a cable; no token, no permission."""
    hub = commander.hub
    commander.check_asker(origin, question.emsp, question.emsp)
    question = await placed(hub, question)
    now = hub.clock.now()
    agreement = await agreement_for(hub, question, now)
    if isinstance(agreement, Refused):
        return Acknowledged(result="REJECTED", message=agreement.message)
    to, via = way_to(hub, agreement, question.cpo)
    command = replace(commander.command("UNLOCK_CONNECTOR", origin, question, to, now), agreement=agreement.id)
    await commander.open(origin, command, now)
    return await commander.send(origin, command, question, to, via)
