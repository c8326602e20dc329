"""What is asked about a session under way: stop, charging profiles, the driver's preferences.

The session is found by the id its eMSP knows, and named to its CPO as the CPO does (OCPI-121, OCPI-128, OCPI-175).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from interroam.core.asking.placing import evse_of, via_of
from interroam.core.refs import profile_ref
from interroam.model.charges import SET_PROFILE, Command, CommandState, Session
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Body, Change, Origin, Receipt, Stored, Telling, Wire
from interroam.model.ids import Key, Lane, Party, Role, session_key
from interroam.model.profiles import ProfileInForce
from interroam.model.questions import (
    Acknowledged,
    ClearProfile,
    GetProfile,
    OfSession,
    Prefer,
    Preferred,
    SetProfile,
    StopSession,
    asker_of,
)

if TYPE_CHECKING:
    from interroam.core.asking.commanding import Commander
    from interroam.core.hub import Hub

_NAMES: dict[type[OfSession], str] = {
    StopSession: "STOP_SESSION",
    SetProfile: SET_PROFILE,
    GetProfile: "GET_PROFILE",
    ClearProfile: "CLEAR_PROFILE",
}
_OVER = frozenset({"COMPLETED", "INVALID"})
_PREFERENCES = "CHARGING_PREFERENCES_CAPABLE"


async def steer(commander: Commander, origin: Origin, question: OfSession) -> Acknowledged:
    """Relay a command about a session to its CPO, under the CPO's own session id."""
    hub = commander.hub
    commander.check_asker(origin, question.emsp, question.emsp, asker_of(question).role)
    try:
        stored, session = await _session(hub, question)
    except Refused as no:
        unknown = no.reason is Reason.UNKNOWN_SESSION
        if not unknown and no.reason is not Reason.CONFLICT:
            raise
        return Acknowledged(result="UNKNOWN_SESSION" if unknown else "REJECTED", message=no.message)
    cpo = Party(session.owner, Role.CPO)
    now = hub.clock.now()
    command = replace(
        commander.command(_NAMES[type(question)], origin, question, cpo, now),
        session_id=session.id,
        authorization=session.authorization_reference,
        agreement=stored.agreement,
    )
    await commander.open(origin, command, now)
    relayed = replace(question, session_id=session.id, cpo=session.owner)
    return await commander.send(origin, command, relayed, cpo, via_of(hub, cpo, stored.agreement))


async def prefer(commander: Commander, origin: Origin, question: Prefer) -> Preferred:
    """Relay a driver's preferences; Refused(NOT_OFFERED) where the EVSE takes none (OCPI-128)."""
    hub = commander.hub
    commander.check_asker(origin, question.emsp, question.emsp)
    stored, session = await _session(hub, question)
    evse = await evse_of(hub, session.owner, session.location_id, session.evse_uid)
    if evse is not None and _PREFERENCES not in evse.capabilities:
        raise Refused(
            Reason.NOT_OFFERED,
            f"EVSE {session.evse_uid} takes no charging preferences",
            remedy=f"see that the EVSE has the capability {_PREFERENCES}",
        )
    cpo = Party(session.owner, Role.CPO)
    relayed = replace(question, session_id=session.id, cpo=session.owner)
    asker = Party(question.emsp, Role.EMSP)
    answer = await hub.put(relayed, cpo, via_of(hub, cpo, stored.agreement), origin, asker)
    if not isinstance(answer, Preferred):
        raise Unavailable(Reason.BAD_ANSWER, f"{cpo} did not answer the question", reached=True)
    return answer


async def _session(hub: Hub, question: OfSession | Prefer) -> tuple[Stored, Session]:
    """Return the session meant, if it is the asker's and goes on: its eMSP's, or one that an SCSP is told of."""
    addressed = Party(question.cpo, Role.CPO) if question.cpo is not None else None
    stored = await hub.session(question.session_id, addressed)
    if stored is None or not isinstance(stored.body, Session):
        raise Refused(Reason.UNKNOWN_SESSION, f"no session {question.session_id} here")
    asker, receiver = asker_of(question), stored.receiver
    if asker.role is Role.SCSP:
        if asker not in hub.book.routing.smart_charging(stored.agreement):
            raise Refused(Reason.CONFLICT, f"no agreement lets {asker} ask about this session")
    elif receiver != asker and not (receiver is not None and receiver.role is Role.HUB):
        raise Refused(Reason.CONFLICT, "this session is another provider's")
    if stored.body.status in _OVER:
        raise Refused(Reason.CONFLICT, f"this session is {stored.body.status}")
    return stored, stored.body


# -- what the CPO says unasked -----------------------------------------------------------------------------------------


async def tell_profile(hub: Hub, origin: Origin, said: ProfileInForce) -> Receipt:
    """Record by which limits a session goes, for whoever set its profile last (OCPI-175)."""
    key = session_key(said.owner, said.session_id)
    hub.book.routing.may_state(origin.partner, key)
    command = await _last_set(hub, key)
    if command is None:
        raise Refused(
            Reason.UNKNOWN_SESSION,
            f"nobody set a profile for session {said.session_id} of {said.owner}",
            remedy="say so only of sessions whose profile was set",
        )
    now = hub.clock.now()

    def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        return (replace(body, profile=said.active) if isinstance(body, Command) else body), wire

    change = Change(command.key, frozenset({"profile"}), now, merge)
    return await hub.store.record(
        Telling(change.key, change, origin, now, Lane.OUTCOMES, command.asker, command.agreement)
    )


async def _last_set(hub: Hub, session: Key) -> Command | None:
    for row in await hub.store.newest(profile_ref(session)):
        if isinstance(row.body, Command) and row.body.state is CommandState.STANDING:
            return row.body
    return None
