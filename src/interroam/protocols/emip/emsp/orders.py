"""What an eMSP asks of the platform about a charge: to let a user charge, to stop, to do something else with it.

Only requestStatus 1 says that it was done: 201 to 206 are warnings by their number, and nothing was started or carried
out (EMIP-127). There is no outcome to come: the answer is all.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from interroam.model.errors import Reason, Refused
from interroam.model.facts import Origin
from interroam.model.ids import Party
from interroam.model.questions import Acknowledged, Act, Done, StartSession, StopSession
from interroam.protocols.emip.bridge.evses import evse_at, only_evse
from interroam.protocols.emip.calls import About, Called
from interroam.protocols.emip.client.peer import Peer
from interroam.protocols.emip.emsp.sales import begin, evse_of, own_name, terms_of
from interroam.protocols.emip.rules.codes import SESSION_UNKNOWN, SUCCESS, refusal
from interroam.protocols.emip.rules.ids import Letter, element
from interroam.protocols.emip.translate.authorizations import WHOSE, write_start
from interroam.protocols.emip.translate.charges import write_action
from interroam.protocols.emip.wire import to_iop

_SAID: Mapping[int, str] = {
    201: "the CPO of this EVSE is not known",
    202: "no agreement covers this EVSE",
    203: "this user's eMSP is not known",
    205: "the CPO refused: the service is not available at this EVSE",
    206: "the CPO refused: the EVSE cannot be reached",
    10207: "the CPO cannot be reached",
}


class Orders:
    """Asks one platform in the name of this node's eMSPs."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._hub = peer.hub

    async def start(self, question: StartSession, to: Party, correlation: str) -> Acknowledged:
        """Let a user charge at an EVSE; the platform's name of the session is kept with the permission (EMIP-90)."""
        if question.service == WHOSE:  # EMIP-71
            raise Refused(Reason.MALFORMED, "service 0 is the platform's own", remedy="start service 1")
        evse_id = await self._evse_id(question)
        if evse_id is None:
            return Acknowledged(result="REJECTED", message="eMIP starts a charge at one EVSE that has an eMI3 id")
        asked = self._completed(question)
        message = write_start(asked, evse_id, self._peer.header(asked.emsp))
        subject = self._hub.book.keyring.subject(asked.token.type, asked.token.uid)
        about = About(correlation=correlation, ids=(asked.reply, asked.reference or ""), subject=subject)
        called = await self._peer.call(message, about=about)
        if called.status != SUCCESS:
            return _declined(called)
        answer: to_iop.SetServiceAuthorisationResponse = called.answer
        name = answer.service_session_id or asked.reference or ""
        origin = Origin(self._peer.partner.id, to, correlation)
        permission = await self._hub.authorization(asked.reference or "")
        evse = await evse_of(self._hub, evse_id)
        if permission is not None:
            # What was charged on is settled by then: nobody stops a charge that has no name (EMIP-88).
            await self._hub.identify(origin, permission.reference, cpo_session=name)
            await begin(self._hub, origin, permission, evse, name)
        return Acknowledged(result="ACCEPTED", code=str(SUCCESS), session_id=name, final=True)

    def _completed(self, question: StartSession) -> StartSession:
        """Return a start with our name for the session, the contract's alias, and the flag for records."""
        terms = terms_of(self._hub, question.token, self._peer.switches, question)
        reference = question.reference or self._hub.ids.new()
        return replace(question, reference=reference, alias=terms.alias, interim=terms.interim)

    async def stop(self, question: StopSession, correlation: str) -> Acknowledged:
        """Have a charge stopped: action nature 1 (EMIP-88)."""
        stop = Act(
            emsp=question.emsp,
            session_id=question.session_id,
            nature="STOP",
            id=question.reply or self._hub.ids.new(),
            at=self._hub.clock.now(),
            cpo_session=question.session_id,
        )
        called = await self._action(stop, correlation)
        if called.status == SUCCESS:
            return Acknowledged(result="ACCEPTED", code=str(SUCCESS), final=True)
        if called.status == SESSION_UNKNOWN:
            return Acknowledged(result="UNKNOWN_SESSION", code=str(called.status))
        return _declined(called)

    async def act(self, act: Act, correlation: str) -> Done:
        """Have something done with a charge; Refused with the status when it was not carried out."""
        called = await self._action(act, correlation)
        answer: to_iop.SetSessionActionRequestResponse = called.check()
        if called.status != SUCCESS:
            raise refusal(called.status, _SAID.get(called.status, f"requestStatus {called.status}"))
        return Done(answer.session_action_id or act.id, str(called.status))

    async def _action(self, act: Act, correlation: str) -> Called:
        try:
            said = write_action(act)
        except ValueError as odd:
            raise Refused(Reason.UNKNOWN_NATURE, f"eMIP has no action {act.nature}") from odd
        name = act.cpo_session or act.session_id
        permission = await self._hub.authorization(name)
        message = to_iop.SetSessionActionRequest(
            **self._peer.header(act.emsp),
            service_session_id=name,
            sale_partner_session_id=own_name(permission),
            session_action=said,
        )
        about = About(correlation=correlation, ids=(act.id, act.session_id, act.caused_by or ""))
        return await self._peer.call(message, about=about)

    async def _evse_id(self, question: StartSession) -> str | None:
        """Return the eMI3 id of the EVSE meant, the only one of its location where none is named (EMIP-56)."""
        cpo, uid, evse = question.cpo, question.evse_uid, None
        if cpo is not None and uid:
            evse = await evse_at(self._hub, cpo, question.location_id, uid)
        elif cpo is not None:
            evse = await only_evse(self._hub, cpo, question.location_id)
        name = uid if evse is None else evse.evse_id or evse.uid
        try:
            return str(element(name or "", Letter.EVSE))
        except ValueError:
            return None


def _declined(called: Called) -> Acknowledged:
    """Say that nothing was done, and why; Unavailable when nobody knows whether it was."""
    if called.answer is None:
        called.check()
    message = _SAID.get(called.status, f"the platform answered requestStatus {called.status}")
    return Acknowledged(result="REJECTED", code=str(called.status), message=message)
