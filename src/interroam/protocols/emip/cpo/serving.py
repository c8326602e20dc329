"""What a platform asks of a CPO's node: to let a user charge, to do something with a charge. In time (EMIP-40).

205 says that the service is not to be had at this EVSE, 206 that the EVSE cannot be reached; in both cases nothing was
started, and nothing done (EMIP-87, EMIP-127).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from msgspec.structs import replace

from interroam.core.hub import Hub
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.ids import PartyId
from interroam.model.places import Availability, Evse
from interroam.model.questions import StartSession
from interroam.protocols.emip.cpo.ledger import Charge, Ledger
from interroam.protocols.emip.rules.codes import (
    MALFORMED,
    NATURE_UNKNOWN,
    NOT_AVAILABLE_HERE,
    NOT_REACHABLE_HERE,
    SERVICE_NOT_ALLOWED,
    SESSION_UNKNOWN,
    SUCCESS,
    VALUE_NOT_ALLOWED,
    Declined,
)
from interroam.protocols.emip.server.call import Call
from interroam.protocols.emip.server.desk import Desk, Handler
from interroam.protocols.emip.translate.authorizations import WHOSE, YES, read_start
from interroam.protocols.emip.translate.charges import read_action
from interroam.protocols.emip.wire import from_iop

PATIENCE_S = 5.0
"""So long the platform waits for an answer (EMIP-40)."""
_ANSWERED = 0.8
"""The part of the time there is after which we answer without the back office."""
_SETTLED = 0.4
"""The part of it in which an outcome is awaited beyond the back office's acknowledgment."""
_MUST = frozenset({"EMERGENCY_STOP", "STOP"})
_OUT = frozenset({Availability.OUT_OF_SERVICE, Availability.PLANNED, Availability.REMOVED})
_UNREACHED = frozenset({"TIMEOUT", "EVSE_INOPERATIVE", "FAILED"})


class Serving:
    """Answers a platform for the CPOs of this node."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The operations that are answered here, by their names on the wire."""
        return {
            "eMIP_FromIOP_SetServiceAuthorisation": self.set_service_authorisation,
            "eMIP_FromIOP_SetSessionActionRequest": self.set_session_action_request,
        }

    # -- let this user charge --------------------------------------------------------------------------------------

    async def set_service_authorisation(self, desk: Desk, call: Call) -> from_iop.SetServiceAuthorisationResponse:
        """Have a charge started at the back office, under an id of our own."""
        message: from_iop.SetServiceAuthorisation = call.message
        if message.authorisation_value != YES:
            raise Declined(VALUE_NOT_ALLOWED, f"authorisationValue {message.authorisation_value} starts nothing")
        if message.requested_service_id.strip() == WHOSE:
            raise Declined(SERVICE_NOT_ALLOWED, "service 0 is a question to eMSPs, and starts nothing")
        evse = await _evse(desk, call.receiver.id, message.evse_id)
        try:
            question = read_start(
                message, call.operator.id, (evse.owner, evse.location_id, evse.uid), call.now, _connector(evse)
            )
        except ValueError as odd:
            raise Declined(MALFORMED, str(odd)) from odd
        call.subject = desk.hub.subjects_of(question.token)[0]
        own = desk.hub.ids.new()
        charge = await self._ledger.opened(
            Charge(
                reference=message.service_session_id,
                own=own,
                platform=message.service_session_id,
                user_type=message.user_id_type,
            )
        )
        call.ids += [message.service_session_id, charge.own]
        try:
            async with asyncio.timeout(_patience(desk.hub) * _ANSWERED):
                await _started(desk.hub, call, question)
        except (TimeoutError, Unavailable) as silence:
            await self._ledger.note(charge, given_up=True)  # should it start all the same, it is stopped
            raise Declined(NOT_REACHABLE_HERE, f"the back office did not answer: {silence}") from silence
        except Refused as no:
            raise Declined(NOT_AVAILABLE_HERE, no.message) from no
        return from_iop.SetServiceAuthorisationResponse(
            transaction_id=call.transaction, partner_service_session_id=charge.own, request_status=SUCCESS
        )

    # -- do something with a charge --------------------------------------------------------------------------------

    async def set_session_action_request(self, desk: Desk, call: Call) -> from_iop.SetSessionActionRequestResponse:
        """Have something done with a charge at the back office; at least its end (EMIP-113)."""
        message: from_iop.SetSessionActionRequest = call.message
        charge = await self._ledger.charge(message.service_session_id)
        reference = charge.reference if charge is not None else message.service_session_id
        act = read_action(message.session_action, call.operator.id, reference)
        act = replace(act, cpo=call.receiver.id, cpo_session=charge.session if charge is not None else None)
        call.ids += [message.service_session_id, act.id]
        if charge is not None:  # first, since the session may be over before the answer is here (EMIP-116)
            await self._ledger.note(charge, act=act.id, act_nature=act.nature)
        try:
            async with asyncio.timeout(_patience(desk.hub) * _ANSWERED):
                await desk.hub.act(call.origin, act)
        except (TimeoutError, Unavailable) as silence:
            raise await self._not_done(charge, NOT_REACHABLE_HERE, str(silence)) from silence
        except Refused as no:
            raise await self._not_done(charge, _status(no, act.nature), no.message) from no
        return from_iop.SetSessionActionRequestResponse(transaction_id=call.transaction, request_status=SUCCESS)

    async def _not_done(self, charge: Charge | None, status: int, message: str) -> Declined:
        if charge is not None:
            await self._ledger.note(charge, act="", act_nature="")
        return Declined(status, message)


def _patience(hub: Hub) -> float:
    return min(PATIENCE_S, hub.deadlines.partner)


async def _started(hub: Hub, call: Call, question: StartSession) -> None:
    """Pass when the back office starts the charge, as far as that is known in time; Declined when it does not."""
    answer = await hub.command(call.origin, question)
    if not answer.accepted:
        raise Declined(NOT_AVAILABLE_HERE, answer.message or f"the back office answered {answer.result}")
    outcome = await hub.outcome(answer.command, _patience(hub) * _SETTLED) if answer.command else None
    if outcome is not None and outcome.result != "ACCEPTED":
        status = NOT_REACHABLE_HERE if outcome.result in _UNREACHED else NOT_AVAILABLE_HERE
        raise Declined(status, outcome.message or f"the charge did not start: {outcome.result}")


async def _evse(desk: Desk, cpo: PartyId, evse_id: str) -> Evse:
    """Return the EVSE of one of our CPOs by its eMI3 id; Declined when it has none, or one that is out of order."""
    try:
        row = await desk.elements.evse(cpo, evse_id)
    except Declined as no:
        raise Declined(NOT_AVAILABLE_HERE, no.message) from no
    if not isinstance(row.body, Evse):
        raise TypeError(row.key)
    if row.body.status.availability in _OUT:
        raise Declined(NOT_REACHABLE_HERE, f"EVSE {evse_id} is {row.body.status.word}")
    return row.body


def _connector(evse: Evse) -> str | None:
    """Return the connector to start at: the only one there is."""
    return evse.connectors[0].id if len(evse.connectors) == 1 else None


def _status(no: Refused, nature: str) -> int:
    if no.reason is Reason.UNKNOWN_SESSION:
        return SESSION_UNKNOWN
    unknown = no.reason in (Reason.UNKNOWN_NATURE, Reason.NOT_OFFERED)
    return NATURE_UNKNOWN if unknown and nature not in _MUST else NOT_AVAILABLE_HERE
