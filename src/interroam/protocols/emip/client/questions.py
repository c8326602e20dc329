"""What the platform asks of its partners: may this user charge, start this charge, do this with it, hear what it does.

A missing answer is Unavailable: so that a white list may decide, or the next partner be asked (EMIP-132). What was
answered and is no answer to what was asked is Refused, with the partner's own code.
"""

from __future__ import annotations

import asyncio
from typing import Any

from msgspec.structs import replace

from interroam.model.charges import Session
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Fact, Origin
from interroam.model.ids import Party, PartyId, Role, session_key
from interroam.model.questions import Acknowledged, Act, Authorize, Done, Report, StartSession, StopSession
from interroam.model.tokens import Authorization
from interroam.protocols.emip.bridge.charges import crosses
from interroam.protocols.emip.bridge.evses import evse_at, evse_id_at, only_evse
from interroam.protocols.emip.calls import About, Called, Result
from interroam.protocols.emip.rules.codes import (
    NATURE_UNKNOWN,
    NOT_STARTED,
    SESSION_UNKNOWN,
    SUCCESS,
    refusal,
)
from interroam.protocols.emip.translate.authorizations import (
    WHOSE,
    YES,
    read_answer,
    read_started,
    relay_authorize,
    relay_start,
)
from interroam.protocols.emip.translate.charges import pending, write_action, write_event
from interroam.protocols.emip.translate.evses import evse_id
from interroam.protocols.emip.translate.loss_tables import AUTHORIZATION, cost
from interroam.protocols.emip.translate.losses import Direction
from interroam.protocols.emip.wire import from_iop

from .peer import Peer

_STOP = "STOP"
_LEAST_S = 0.05


# -- eMSPs -------------------------------------------------------------------------------------------------------------


async def authorize(
    peer: Peer, question: Authorize, to: Party, _asker: Party, correlation: str, within: float
) -> Authorization:
    """Ask an eMSP about a user; first of all whether it is its own, where that is not known (EMIP-68, EMIP-72)."""
    hub, time = peer.hub, asyncio.get_running_loop().time
    ends = time() + within
    _check_asked(peer, question, to)
    known = await _evse_id(peer, question.cpo, question.location_id, next(iter(question.evse_uids), None))
    head = peer.header(question.cpo, to.id)
    about = About(
        correlation=correlation,
        ids=tuple(filter(None, (question.reference,))),
        subject=hub.book.keyring.subject(question.type, question.uid),
        note=cost(AUTHORIZATION, Direction.TO_EMIP) if crosses(hub, Party(question.cpo, Role.CPO)) else "",
    )
    if not question.known:
        asked = relay_authorize(question, known, {**head, "transaction_id": hub.ids.new()}, service=WHOSE)
        whose = _answered(await peer.call(asked, asked.transaction_id, about, max(_LEAST_S, ends - time())))
        if whose.authorisation_value != YES:
            raise Refused(Reason.UNKNOWN_TOKEN, f"{to.id} says that this is no user of its own")
    message = relay_authorize(question, known, {**head, "transaction_id": hub.ids.new()})
    answer = _answered(await peer.call(message, message.transaction_id, about, max(_LEAST_S, ends - time())))
    return read_answer(answer, question, to.id, hub.clock.now())


def _check_asked(peer: Peer, question: Authorize, to: Party) -> None:
    """Pass when the question is on for this eMSP; of one for which it is not its white list says all (EMIP-122)."""
    if peer.serves(from_iop.GetServiceAuthorisation, to.id):
        return
    message = f"{to.id} is not asked about users"
    if not question.known:
        raise Refused(Reason.UNKNOWN_TOKEN, message)
    raise Unavailable(Reason.NOT_CONNECTED, message)


def _answered(called: Called) -> Any:
    """Return the answer to a question about a user: its authorisationValue decides, whatever the warning (EMIP-127)."""
    if called.done:
        return called.answer
    if called.result is Result.ERROR:
        raise Refused(Reason.REJECTED, f"the eMSP answered requestStatus {called.status}", code=str(called.status))
    raise Unavailable(Reason.BAD_ANSWER, f"the eMSP gave no answer: {called.code}", reached=True)


async def report(peer: Peer, said: Report, to: Party, asker: Party, correlation: str, within: float) -> Done:
    """Tell an eMSP what happened to a session, by its own name for it (EMIP-91, EMIP-108)."""
    if not peer.serves(from_iop.SetSessionEventReport, to.id):
        raise Refused(Reason.NOT_OFFERED, f"{to.id} takes no events")
    message = from_iop.SetSessionEventReport(
        **peer.header(asker.id, to.id),
        transaction_id=peer.hub.ids.new(),
        service_session_id=said.session_id,
        sale_partner_session_id=said.emsp_reference,
        session_event=write_event(said),
    )
    about = About(correlation=correlation, ids=(said.id, *filter(None, (said.caused_by,))))
    return _done(said.id, await peer.call(message, message.transaction_id, about, within))


# -- CPOs --------------------------------------------------------------------------------------------------------------


async def start(
    peer: Peer, question: StartSession, to: Party, asker: Party, correlation: str, within: float
) -> Acknowledged:
    """Have a CPO start a charge; it has one answer, so this is the outcome as well (EMIP-85)."""
    if not peer.serves(from_iop.SetServiceAuthorisation, to.id):
        return Acknowledged(result="NOT_SUPPORTED", message=f"{to.id} starts nothing from afar")
    known = await _evse_id(peer, question.cpo or to.id, question.location_id, question.evse_uid)
    message = relay_start(question, known, {**peer.header(asker.id, to.id), "transaction_id": peer.hub.ids.new()})
    about = About(
        correlation=correlation,
        ids=tuple(filter(None, (question.reply, question.reference))),
        subject=peer.hub.book.keyring.subject(question.token.type, question.token.uid),
    )
    called = await peer.call(message, message.transaction_id, about, within)
    if called.result is Result.ERROR:
        return read_started(called.status, None)
    answer = called.check()
    started = read_started(answer.request_status, answer.partner_service_session_id)
    if started.accepted:
        await _begin(peer, question, to, started.session_id, correlation)
    return started


async def _begin(peer: Peer, question: StartSession, to: Party, cpo_session: str | None, correlation: str) -> None:
    """State, in the CPO's name, the session that has begun with its yes."""
    hub = peer.hub
    permission = await hub.authorization(question.reference or "")
    evse = await evse_at(hub, to.id, question.location_id, question.evse_uid or "")
    if permission is None or evse is None:
        return
    begun = pending(replace(permission, cpo_session=cpo_session), to.id, evse, hub.clock.now())
    if begun is not None:
        await hub.tell(Origin(peer.partner.id, to, correlation), Fact(begun))


async def act(peer: Peer, wanted: Act, to: Party, asker: Party, correlation: str, within: float) -> Done:
    """Have a CPO do something with a session, by its own name for it (EMIP-91, EMIP-109)."""
    if not peer.serves(from_iop.SetSessionActionRequest, to.id):
        raise Refused(Reason.NOT_OFFERED, f"{to.id} takes no actions")
    message = from_iop.SetSessionActionRequest(
        **peer.header(asker.id, to.id),
        transaction_id=peer.hub.ids.new(),
        service_session_id=wanted.session_id,
        exec_partner_session_id=wanted.cpo_session,
        session_action=write_action(wanted),
    )
    about = About(correlation=correlation, ids=(wanted.id, *filter(None, (wanted.caused_by,))))
    return _done(wanted.id, await peer.call(message, message.transaction_id, about, within))


async def stop(
    peer: Peer, question: StopSession, to: Party, asker: Party, correlation: str, within: float
) -> Acknowledged:
    """Stop a charge for an eMSP that does so by command: an action of nature 1, whose answer is the outcome too."""
    hub = peer.hub
    row = await hub.store.get(session_key(to.id, question.session_id))
    session = row.body if row is not None and isinstance(row.body, Session) else None
    if row is None or session is None:
        return Acknowledged(result="UNKNOWN_SESSION", message=f"no session {question.session_id} is known here")
    permission = await hub.authorization(session.authorization_reference or session.id, to.id)
    wanted = Act(
        emsp=question.emsp,
        session_id=permission.reference if permission is not None else row.hub_id,
        nature=_STOP,
        id=question.reply or hub.ids.new(),
        at=hub.clock.now(),
        cpo=to.id,
        cpo_session=permission.cpo_session if permission is not None else session.id,
    )
    try:
        await act(peer, wanted, to, asker, correlation, within)
    except Refused as no:
        unknown = no.code == str(SESSION_UNKNOWN)
        offered = no.reason is not Reason.NOT_OFFERED
        result = "UNKNOWN_SESSION" if unknown else "REJECTED" if offered else "NOT_SUPPORTED"
        return Acknowledged(result=result, code=no.code, message=no.message)
    return Acknowledged(result="ACCEPTED", final=True)


# -- both --------------------------------------------------------------------------------------------------------------


def _done(name: str, called: Called) -> Done:
    """Return that it was done: 205 and 206 say that it was not, as does every error (EMIP-112, EMIP-127)."""
    status = called.status
    if called.done and status not in NOT_STARTED:
        return Done(name, "" if status == SUCCESS else str(status))
    if status == NATURE_UNKNOWN:
        raise refusal(status, "the partner does not know this nature")
    if called.done or called.result is Result.ERROR:
        raise Refused(Reason.REJECTED, f"the partner answered requestStatus {status}", code=str(status))
    raise Unavailable(Reason.BAD_ANSWER, f"the partner answered {called.code}", reached=True)


async def _evse_id(peer: Peer, cpo: PartyId, location_id: str | None, uid: str | None) -> str:
    """Return the EVSE id that a question names: of the EVSE meant, or of the only one of the location."""
    if location_id and uid:
        known = await evse_id_at(peer.hub, cpo, location_id, uid)
        if known is not None:
            return known
    elif location_id:
        only = await only_evse(peer.hub, cpo, location_id)
        if only is not None:
            return evse_id(only)
    raise Refused(Reason.INCOMPLETE, "eMIP asks about one EVSE", remedy="name the EVSE")
