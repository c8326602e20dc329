"""May this user charge, and let this user charge: relayed to whom it concerns, wherever that one is.

A CPO's question gets a serviceSessionId with its answer, also with a no (EMIP-70). A remote authorisation is answered
by what becomes of it: at once where the CPO has one answer, else as soon as its outcome is known; where the time runs
out first, by its acknowledgment. An outcome that contradicts this comes later as an event (see client/charges.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from msgspec.structs import replace

from interroam.core.refs import evse_ref
from interroam.core.rules.visibility import Spot
from interroam.model.charges import Outcome, Session
from interroam.model.errors import Reason
from interroam.model.ids import Module, Role, party_of
from interroam.model.places import Evse
from interroam.model.questions import Acknowledged, Authorize
from interroam.model.tokens import Allowed, Authorization
from interroam.protocols.emip.bridge.charges import ANSWERED, crosses, user_stated
from interroam.protocols.emip.rules.codes import (
    CPO_UNKNOWN,
    FOREIGN,
    MALFORMED,
    NO_CONTRACT,
    NOT_AVAILABLE_HERE,
    NOT_REACHABLE_HERE,
    REFUSED,
    SERVICE_NOT_ALLOWED,
    SUCCESS,
    VALUE_NOT_ALLOWED,
    Declined,
)
from interroam.protocols.emip.translate.authorizations import (
    WHOSE,
    YES,
    read_authorize,
    read_start,
    write_answer,
)
from interroam.protocols.emip.translate.charges import pending
from interroam.protocols.emip.translate.loss_tables import AUTHORIZATION, cost
from interroam.protocols.emip.translate.losses import Direction
from interroam.protocols.emip.wire import to_iop
from interroam.protocols.emip.wire.types import EMI3

from .call import Call
from .desk import Desk

_ALLOWED, _EMSP = Allowed.ALLOWED, Role.EMSP
_MARGIN = 0.2
"""The part of the time that is left for the answer itself."""
_NEEDS_CONNECTOR = "START_SESSION_CONNECTOR_REQUIRED"
_OUTCOMES = {
    "EVSE_OCCUPIED": NOT_AVAILABLE_HERE,
    "EVSE_INOPERATIVE": NOT_AVAILABLE_HERE,
    "TIMEOUT": NOT_REACHABLE_HERE,
}
"""What a CPO of another protocol says in the end, as far as eMIP has a word for it."""


# -- a CPO asks --------------------------------------------------------------------------------------------------------


async def get_service_authorisation(desk: Desk, call: Call) -> to_iop.GetServiceAuthorisationResponse:
    """Answer a CPO whether a user may charge; a yes begins a session."""
    message: to_iop.GetServiceAuthorisation = call.message
    reference = _begun(desk, call)
    evse = await _evse(desk, call, message.evse_id, message.requested_service_id)
    if evse.owner != call.operator.id:
        raise Declined(FOREIGN, f"EVSE {message.evse_id} is not one of {call.operator.id}")  # EMIP-20
    try:
        question = read_authorize(message, evse.owner, evse.location_id, evse.uid)
    except ValueError as odd:
        raise Declined(MALFORMED, str(odd)) from odd
    kind, uid = await user_stated(desk.hub, question.type, question.uid, message.user_id)
    question = replace(question, type=kind, uid=uid, reference=reference)
    call.subject = desk.hub.book.keyring.subject(kind, uid)
    spots: Sequence[Spot] = ()
    if desk.hub.book.routing.selective:
        spots = await desk.hub.sight.spots(evse.owner, evse.location_id, (evse.uid,), known=True)
    nobody = _unserved(desk, call, question, spots)
    answer = nobody or await desk.hub.authorize(call.origin, question, partial(_pending, call, evse), call.now)
    if answer.why is Reason.NO_AGREEMENT:
        call.notes.append(answer.info or "no agreement")
        return write_answer(answer, reference, call.transaction, NO_CONTRACT)  # EMIP-69
    if answer.allowed is not _ALLOWED:
        call.notes.append(answer.info or answer.allowed.value)
        return write_answer(answer, reference, call.transaction)
    reference = answer.reference or reference
    call.ids += [one for one in (reference, answer.emsp_reference) if one]
    if answer.emsp is not None and crosses(desk.hub, party_of(answer.emsp, _EMSP)):
        call.notes.append(cost(AUTHORIZATION, Direction.TO_OCPI, message))
    return write_answer(answer, reference, call.transaction)


def _begun(desk: Desk, call: Call) -> str:
    """Make the id of a session, for whatever answer there will be."""
    reference = desk.hub.ids.at(call.now)
    call.fields["service_session_id"] = reference
    call.ids.append(reference)
    return reference


async def _evse(desk: Desk, call: Call, evse_id: str, service: str) -> Evse:
    """Return the EVSE at which somebody wants to charge; Declined for what is no question of a partner's."""
    if service.strip() == WHOSE:
        raise Declined(SERVICE_NOT_ALLOWED, "service 0 is the platform's own")  # EMIP-71
    evse = desk.elements.at_hand(evse_id) or await desk.elements.named(evse_id)
    if evse is None:
        raise Declined(CPO_UNKNOWN, f"no EVSE {evse_id} is known here")
    call.ids.append(evse_ref(evse_id).partition(":")[2])
    return evse


def _unserved(desk: Desk, call: Call, question: Authorize, spots: Sequence[Spot]) -> Authorization | None:
    """Refuse where the service access table lets nobody be asked, since nobody has this service here (EMIP-130)."""
    if desk.hub.book.routing.askable(question.cpo, call.now, spots, question.service):
        return None
    message = f"no agreement with {question.cpo} lets this user have service {question.service}"
    return Authorization(allowed=Allowed.NOT_ALLOWED, why=Reason.NO_AGREEMENT, info=message)


def _pending(call: Call, evse: Evse, answer: Authorization) -> Session | None:
    """Return the session that a yes begins."""
    return pending(answer, evse.owner, evse, call.now)


# -- an eMSP starts ----------------------------------------------------------------------------------------------------


async def set_service_authorisation(desk: Desk, call: Call) -> to_iop.SetServiceAuthorisationResponse:
    """Relay a remote authorisation to the CPO of the EVSE, and answer with what becomes of it (EMIP-85)."""
    message: to_iop.SetServiceAuthorisation = call.message
    ends = asyncio.get_running_loop().time() + desk.hub.deadlines.door
    reference = _begun(desk, call)
    if message.authorisation_value != YES:
        raise Declined(VALUE_NOT_ALLOWED, f"authorisationValue {message.authorisation_value} starts nothing")
    evse = await _evse(desk, call, message.evse_id, message.requested_service_id)
    place = (evse.owner, evse.location_id, evse.uid)
    connector = evse.connectors[0].id if _NEEDS_CONNECTOR in evse.capabilities and evse.connectors else None
    try:
        question = read_start(message, call.operator.id, place, call.now, connector)
    except ValueError as odd:
        raise Declined(MALFORMED, str(odd)) from odd
    call.subject = desk.hub.book.keyring.subject(question.token.type, question.token.uid)
    call.fields |= {"exec_partner_operator_id_type": EMI3, "exec_partner_operator_id": str(evse.owner)}
    await _check_contract(desk, call, evse)
    answer = await desk.hub.command(call.origin, question)
    reference = answer.reference or reference
    call.fields["service_session_id"] = reference
    call.ids += [one for one in (reference, answer.command, answer.session_id) if one]
    status = await _became(desk, call, answer, ends)
    return to_iop.SetServiceAuthorisationResponse(
        transaction_id=call.transaction,
        service_session_id=reference,
        exec_partner_operator_id_type=EMI3,
        exec_partner_operator_id=str(evse.owner),
        request_status=status,
    )


async def _check_contract(desk: Desk, call: Call, evse: Evse) -> None:
    """Pass when an agreement covers this EVSE; else 202 (EMIP-130)."""
    hub = desk.hub
    spots: tuple[Spot, ...] = tuple(await hub.sight.spots(evse.owner, evse.location_id, (evse.uid,), known=True))
    asked = (evse.owner, call.operator.id, Module.COMMANDS, call.now, spots)
    agreement = hub.book.routing.covering(*asked)
    if agreement is None:
        raise Declined(NO_CONTRACT, hub.book.routing.why_not(*asked).message)
    service = call.message.requested_service_id
    if service not in agreement.services:
        raise Declined(NO_CONTRACT, f"agreement {agreement.id} has no service {service}")


async def _became(desk: Desk, call: Call, answer: Acknowledged, ends: float) -> int:
    """Return the status that says what became of a start."""
    if not answer.accepted:
        call.notes.append(answer.message or answer.result)
        own = answer.code in (str(NOT_AVAILABLE_HERE), str(NOT_REACHABLE_HERE))
        return int(answer.code) if own else REFUSED
    if answer.final or not answer.command:
        return SUCCESS
    hub, time = desk.hub, asyncio.get_running_loop().time
    left = max(0.0, ends - time())
    outcome = await hub.outcome(answer.command, left * (1 - _MARGIN))
    if outcome is None:
        call.notes.append("answered before the outcome was known")
        await hub.store.save(ANSWERED, answer.command, b"1")
        outcome = await hub.outcome(answer.command, 0.0)  # it may have come while we wrote that down
        if outcome is None:
            return SUCCESS
        await hub.store.remove(ANSWERED, answer.command)
    return _status(call, outcome)


def _status(call: Call, outcome: Outcome) -> int:
    if outcome.result == "ACCEPTED":
        return SUCCESS
    call.notes.append(f"outcome {outcome.result}: {outcome.message or ''}")
    return _OUTCOMES.get(outcome.result, REFUSED)
