"""Charging profiles: asked for by eMSPs and their smart charging providers (SCSP), answered like commands.

The CPO reports on them as the charge goes.
"""

from __future__ import annotations

from msgspec.structs import replace

from interroam.model.errors import Reason, Refused
from interroam.model.ids import Role
from interroam.model.profiles import ProfileInForce
from interroam.model.questions import ClearProfile, GetProfile, OfProfile
from interroam.protocols.ocpi.callbacks import read_profile_result
from interroam.protocols.ocpi.translate import read_active_profile, read_set_profile, write_profile_response
from interroam.protocols.ocpi.wire import profiles as wire

from .answers import of_receipt
from .call import Answer, Call, given
from .commands import relayed
from .desk import Desk, parameters, read_body, side


async def put(desk: Desk, call: Call) -> Answer:
    """Relay the wish to set a profile."""
    shape = read_body(call, wire.SetChargingProfile)
    question = read_set_profile(shape, call.tail[0], call.asker, call.receiver)
    return await _take(desk, call, replace(question, role=_role(call)))


async def get(desk: Desk, call: Call) -> Answer:
    """Relay the question how fast a charge will go."""
    duration = parameters(call).get("duration", "")
    if not duration.isdecimal() or len(duration) > 9:
        raise Refused(Reason.MALFORMED, f"duration {duration!r} is no number of seconds")
    question = GetProfile(
        emsp=call.asker,
        session_id=call.tail[0],
        duration_s=int(duration),
        reply=_response_url(call),
        cpo=call.receiver,
        role=_role(call),
    )
    return await _take(desk, call, question)


async def delete(desk: Desk, call: Call) -> Answer:
    """Relay the wish to forget a profile."""
    reply, role = _response_url(call), _role(call)
    question = ClearProfile(emsp=call.asker, session_id=call.tail[0], reply=reply, cpo=call.receiver, role=role)
    return await _take(desk, call, question)


def _role(call: Call) -> Role:
    """Return in which role profiles are asked for; a party behind a hub is taken for an eMSP."""
    return Role.SCSP if call.viewer.role is Role.SCSP else Role.EMSP


async def _take(desk: Desk, call: Call, question: OfProfile) -> Answer:
    call.ids = (call.tail[0],)
    call.keep_answer = True
    return given(write_profile_response(await relayed(desk, call, question)))


def _response_url(call: Call) -> str:
    url = parameters(call).get("response_url", "")
    if not url:
        raise Refused(Reason.MALFORMED, "response_url is missing", remedy="name it in the query, URL-encoded")
    return url


async def settle(desk: Desk, call: Call) -> Answer:
    """Take the outcome, once, at the address we gave."""
    name, command_id = call.tail
    call.operation += f" {name}"[:24]
    call.ids = (command_id,)
    outcome, findings = read_profile_result(call.request.body, command_id, call.now)
    call.take(findings)
    return of_receipt(call, await desk.hub.tell(call.origin, outcome))


async def report(desk: Desk, call: Call) -> Answer:
    """Take by which limits a session goes now, for the eMSP that set its profile last (OCPI-175)."""
    session_id = call.tail[0]
    call.ids = (session_id,)
    shape = read_body(call, wire.ActiveChargingProfile)
    stored = await desk.hub.session(session_id, call.viewer)
    owner = stored.key.party if stored is not None else call.asker
    own_id = getattr(stored.body, "id", session_id) if stored is not None else session_id
    said = ProfileInForce(owner=owner, session_id=own_id, active=read_active_profile(shape), at=call.now)
    return of_receipt(call, await desk.hub.tell(call.origin, said))


RECEIVER = side("RECEIVER", "chargingprofiles", ("GET", (1,), get), ("PUT", (1,), put), ("DELETE", (1,), delete))
SENDER = side("SENDER", "chargingprofiles", ("POST", (2,), settle), ("PUT", (1,), report))
