"""Ask: may a driver charge here, start, stop. The answer comes now; the outcome of a command is a later fact."""

from __future__ import annotations

from interroam.core.asking.permits import BY_COMMAND_ONLY, commanded
from interroam.core.hub import Hub
from interroam.model.errors import Reason
from interroam.model.ids import PartyId, Role, token_key
from interroam.model.questions import Acknowledged, Authorize, StartSession, StopSession
from interroam.model.tokens import Allowed, Authorization, Token
from interroam.protocols.plain import translate, wire
from interroam.protocols.plain.server.call import Call
from interroam.protocols.plain.wire.misread import Misread


async def authorize(call: Call) -> wire.Permission:
    """Ask for a driver at a CPO's EVSE; a yes is durable before it is given."""
    body: wire.Authorize = call.body
    call.whole = True
    cpo = translate.party_of(body.party)
    question = Authorize(
        cpo=cpo,
        uid=body.uid,
        type=body.type.value,
        location_id=body.location_id,
        evse_uids=(body.evse_uid,) if body.evse_uid else (),
        emsp=translate.party_of(body.emsp, "emsp") if body.emsp else None,
        cpo_session=body.session_id,
        service=body.service,
    )
    call.subject = call.hub.book.keyring.subject(question.type, question.uid)
    call.about([call.subject.hex(), question.cpo_session])
    answer = await _allowed(call, question)
    call.about([answer.reference, answer.emsp_reference])
    return wire.Permission(
        allowed=answer.allowed,
        reference=answer.reference,
        token=translate.write_token(answer.token) if answer.token is not None else None,
        location_id=answer.location_id,
        evse_uids=answer.evse_uids,
        info=answer.info,
        limits=translate.write_limits(answer.limits),
        interim=answer.interim,
        alias=answer.alias,
        parameter=answer.parameter,
    )


async def _allowed(call: Call, question: Authorize) -> Authorization:
    """Answer from the command that brought the token, where there is one; nobody is asked then (OCPI-120)."""
    hub = call.hub
    origin = call.origin(question.cpo, Role.CPO)
    if call.partner.speaks_for(question.cpo, Role.CPO):
        permission = await commanded(hub, question)
        if permission is not None:
            return permission
        if question.type in BY_COMMAND_ONLY and not hub.is_hub:
            message = f"a token of type {question.type} comes with a command, and none came"
            return Authorization(allowed=Allowed.NOT_ALLOWED, info=message)
    return await hub.authorize(origin, question)


async def start(call: Call) -> wire.Acknowledged:
    """Ask a CPO to start a charge for a driver of this eMSP."""
    body: wire.Start = call.body
    call.whole = True
    emsp = translate.party_of(body.party)
    command = call.hub.ids.new()
    token = await token_of(call.hub, emsp, body.token)
    call.about([command, body.reference], token)
    question = StartSession(
        emsp=emsp,
        token=token,
        location_id=body.location_id,
        evse_uid=body.evse_uid,
        connector_id=body.connector_id,
        reference=body.reference,
        reply=command,
        cpo=cpo_of(body.cpo),
        service=body.service,
        limits=translate.read_limits(body.limits),
        interim=body.interim,
        alias=body.alias,
        parameter=body.parameter,
    )
    return acknowledged(command, await call.hub.command(call.origin(emsp, Role.EMSP), question))


async def stop(call: Call) -> wire.Acknowledged:
    """Ask the CPO of a session to stop it."""
    body: wire.Stop = call.body
    call.whole = True
    emsp = translate.party_of(body.party)
    command = call.hub.ids.new()
    call.about([command, body.session_id])
    question = StopSession(emsp=emsp, session_id=body.session_id, reply=command, cpo=cpo_of(body.cpo))
    return acknowledged(command, await call.hub.command(call.origin(emsp, Role.EMSP), question))


async def token_of(hub: Hub, emsp: PartyId, given: wire.StartToken) -> Token:
    """Return the token to act for: as it was stated, else as it is described."""
    row = await hub.store.get(token_key(emsp, given.type.value, given.uid))
    if row is not None and isinstance(row.body, Token) and not row.withdrawn:
        return row.body
    if given.contract_id is None:
        remedy = f"state the token first as {given.type}, or send its contract_id"
        raise Misread("token.contract_id", "is missing", reason=Reason.INCOMPLETE, remedy=remedy)
    return Token(
        owner=emsp,
        uid=given.uid,
        type=given.type.value,
        contract_id=given.contract_id,
        issuer=given.issuer or str(emsp),
        valid=True,
        last_updated=hub.clock.now(),
    )


def cpo_of(named: str | None) -> PartyId | None:
    """Return the CPO that a body names, if any."""
    return translate.party_of(named, "cpo") if named else None


def acknowledged(command: str, answer: Acknowledged) -> wire.Acknowledged:
    """Answer whether a command was taken up, under the name its outcome will have."""
    result = wire.Taken(answer.result)
    return wire.Acknowledged(command=command, result=result, within=answer.within, message=answer.message)
