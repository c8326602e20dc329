"""Ask for more than start and stop: reservations, connectors, charging profiles, a driver's preferences."""

from __future__ import annotations

from interroam.model import questions as model
from interroam.model.facts import Finding
from interroam.model.ids import PartyId, Role
from interroam.protocols.plain import translate, wire
from interroam.protocols.plain.server.asking import acknowledged, cpo_of, token_of
from interroam.protocols.plain.server.call import Call


async def reserve(call: Call) -> wire.Acknowledged:
    """Ask a CPO to keep a place free."""
    body: wire.Reserve = call.body
    emsp = translate.party_of(body.party)
    token = await token_of(call.hub, emsp, body.token)
    call.about([body.reservation_id, body.reference], token)
    question = model.Reserve(
        emsp=emsp,
        token=token,
        reservation_id=body.reservation_id,
        expires=translate.utc(body.expires),
        location_id=body.location_id,
        evse_uid=body.evse_uid,
        reference=body.reference,
        reply=call.hub.ids.new(),
        cpo=cpo_of(body.cpo),
    )
    return await _put(call, question)


async def cancel_reservation(call: Call) -> wire.Acknowledged:
    """Ask the CPO of a reservation to keep it no longer."""
    body: wire.CancelReservation = call.body
    call.about([body.reservation_id])
    question = model.CancelReservation(
        emsp=translate.party_of(body.party),
        reservation_id=body.reservation_id,
        reply=call.hub.ids.new(),
        cpo=cpo_of(body.cpo),
    )
    return await _put(call, question)


async def unlock(call: Call) -> wire.Acknowledged:
    """Ask a CPO to let go of a cable, for its support or an operator: the body must say for whom (OCPI-204)."""
    body: wire.Unlock = call.body
    call.about([body.location_id, body.evse_uid])
    question = model.Unlock(
        emsp=translate.party_of(body.party),
        location_id=body.location_id,
        evse_uid=body.evse_uid,
        connector_id=body.connector_id,
        reply=call.hub.ids.new(),
        cpo=cpo_of(body.cpo),
    )
    return await _put(call, question)


async def set_profile(call: Call) -> wire.Acknowledged:
    """Ask the CPO of a session to charge no faster than a profile says."""
    body: wire.SetProfile = call.body
    emsp = translate.party_of(body.party)
    findings: list[Finding] = []
    question = model.SetProfile(
        emsp=emsp,
        session_id=body.session_id,
        profile=translate.read_profile(body.profile, findings),
        reply=call.hub.ids.new(),
        cpo=cpo_of(body.cpo),
        role=_role(call, emsp),
    )
    return await _put(call, question)


async def get_profile(call: Call) -> wire.Acknowledged:
    """Ask the CPO of a session how fast it will charge; the outcome says it."""
    body: wire.GetProfile = call.body
    emsp = translate.party_of(body.party)
    question = model.GetProfile(
        emsp=emsp,
        session_id=body.session_id,
        duration_s=body.duration_s,
        reply=call.hub.ids.new(),
        cpo=cpo_of(body.cpo),
        role=_role(call, emsp),
    )
    return await _put(call, question)


async def clear_profile(call: Call) -> wire.Acknowledged:
    """Ask the CPO of a session to forget the profile."""
    body: wire.ClearProfile = call.body
    emsp = translate.party_of(body.party)
    question = model.ClearProfile(
        emsp=emsp,
        session_id=body.session_id,
        reply=call.hub.ids.new(),
        cpo=cpo_of(body.cpo),
        role=_role(call, emsp),
    )
    return await _put(call, question)


async def prefer(call: Call) -> wire.Preferred:
    """Say what the driver of a session would like, and hear at once what can be done."""
    body: wire.Prefer = call.body
    call.whole = True
    call.about([body.session_id])
    emsp = translate.party_of(body.party)
    question = model.Prefer(
        emsp=emsp,
        session_id=body.session_id,
        profile_type=body.profile_type.value,
        departs=translate.utc(body.departs) if body.departs is not None else None,
        energy_kwh=body.energy_kwh,
        discharge=body.discharge,
        cpo=cpo_of(body.cpo),
    )
    answer = await call.hub.prefer(call.origin(emsp, Role.EMSP), question)
    return wire.Preferred(result=wire.Possible(answer.result))


async def _put(call: Call, question: model.Steering) -> wire.Acknowledged:
    call.whole = True
    call.about([question.reply, getattr(question, "session_id", None)])
    asker = model.asker_of(question)
    answer = await call.hub.command(call.origin(asker.id, asker.role), question)
    return acknowledged(question.reply, answer)


def _role(call: Call, party: PartyId) -> Role:
    """Return in which role a back office asks for profiles: as the eMSP, else as its smart charging provider."""
    speaks = call.partner.speaks_for
    return Role.SCSP if speaks(party, Role.SCSP) and not speaks(party, Role.EMSP) else Role.EMSP
