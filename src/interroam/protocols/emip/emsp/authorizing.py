"""May this user charge? A platform asks, the back office answers, and a yes is durable before it leaves.

- Service 0 asks no more than whose user it is: nothing begins, nothing is kept (EMIP-72).
- Yes is said only of a user that is known, whose token is in force, for a service that it may use; a back office that
  is asked has the last word (EMIP-125).
- Without an answer of the back office in time there is none of ours: a fault, so that the platform can go by the white
  list (EMIP-40, EMIP-132).
"""

from __future__ import annotations

from msgspec.structs import replace

from interroam.core.hub import Hub
from interroam.model.errors import Refused, Unavailable
from interroam.model.ids import Party, Role
from interroam.model.places import Evse
from interroam.model.questions import Authorize
from interroam.model.tokens import CHARGING, Allowed, Authorization
from interroam.protocols.emip.emsp.sales import begin, evse_of, terms_of
from interroam.protocols.emip.emsp.users import User, user_of
from interroam.protocols.emip.rules.codes import MALFORMED, SUCCESS, Declined
from interroam.protocols.emip.server.call import Call
from interroam.protocols.emip.server.desk import Desk
from interroam.protocols.emip.translate.authorizations import NO, WHOSE, YES, read_authorize, write_own_answer
from interroam.protocols.emip.wire import from_iop
from interroam.protocols.emip.wire.faults import Cause, FaultCode, SoapFault


async def get_service_authorisation(desk: Desk, call: Call) -> from_iop.GetServiceAuthorisationResponse:
    """Answer whether a user of ours may charge; with service 0, whether it is a user of ours."""
    asked: from_iop.GetServiceAuthorisation = call.message
    owner = call.receiver.id
    call.fields["authorisation_value"] = NO
    try:
        user = await user_of(desk.hub, owner, asked.user_id_type, asked.user_id)
        evse = await evse_of(desk.hub, asked.evse_id, call.operator)
        question = read_authorize(asked, evse.owner, evse.location_id, evse.uid)
    except ValueError as odd:
        raise Declined(MALFORMED, str(odd)) from odd
    question = replace(question, type=user.type, uid=user.uid, emsp=owner)
    call.subject = desk.hub.book.keyring.subject(user.type, user.uid)
    call.ids.append(call.subject.hex())
    try:
        if question.service == WHOSE:
            return _only(call, YES if await _is_ours(desk.hub, call, question, user) else NO)
        return await _may(desk, call, question, user, evse)
    except Unavailable as silence:
        message = f"the back office of {owner} did not answer: {silence}"
        raise SoapFault(FaultCode.SERVICE_UNAVAILABLE, Cause.OVERLOADED, message, call.transaction) from silence


async def _is_ours(hub: Hub, call: Call, question: Authorize, user: User) -> bool:
    """Whether the user is one of ours: stated by the back office, or known to it when it is asked."""
    if user.token is not None:
        return True
    if not _is_asked(hub, call.receiver):
        return False
    unsure = replace(question, known=False)
    try:
        answer = await hub.put(unsure, call.receiver, call.receiver, call.origin, Party(question.cpo, Role.CPO))
    except Refused as no:
        call.notes.append(no.message)
        return False
    return isinstance(answer, Authorization)


async def _may(
    desk: Desk, call: Call, question: Authorize, user: User, evse: Evse
) -> from_iop.GetServiceAuthorisationResponse:
    hub = desk.hub
    against = _against(hub, call, question, user)
    if against:
        call.notes.append(against)
        return _refused(desk, call)
    try:
        answer = await hub.authorize(call.origin, question)
    except Refused as no:
        call.notes.append(no.message)
        return _refused(desk, call)
    if answer.allowed is not Allowed.ALLOWED or answer.token is None:
        call.notes.append(answer.info or answer.allowed.value)
        return _refused(desk, call, answer.emsp_reference)
    terms = terms_of(hub, user.token or answer.token, call.switches, answer)
    answer = replace(answer, alias=terms.alias, interim=terms.interim)
    await begin(hub, call.origin, answer, evse, answer.reference)
    call.ids += [one for one in (answer.reference, answer.emsp_reference) if one]
    return write_own_answer(answer, call.transaction)


def _against(hub: Hub, call: Call, question: Authorize, user: User) -> str:
    """Say what speaks against a user before anybody is asked."""
    token = user.token
    if token is not None and (not token.valid or token.expired(call.now)):
        return "the token is not in force"
    stated = token is not None and bool(token.services)
    served = token.serves(question.service) if token is not None else question.service == CHARGING
    if not served and (stated or not _is_asked(hub, call.receiver)):
        return f"nobody said that service {question.service} may be used"
    return ""


def _is_asked(hub: Hub, emsp: Party) -> bool:
    if not hub.book.routing.has(emsp):
        return False
    link = hub.links.get(hub.book.routing.partner_for(emsp).id)
    return link is not None and link.answers


def _only(call: Call, value: int) -> from_iop.GetServiceAuthorisationResponse:
    """Write an answer that begins nothing (EMIP-72)."""
    return from_iop.GetServiceAuthorisationResponse(
        transaction_id=call.transaction, authorisation_value=value, request_status=SUCCESS
    )


def _refused(desk: Desk, call: Call, own: str | None = None) -> from_iop.GetServiceAuthorisationResponse:
    """Write a no, under an id of ours."""
    return from_iop.GetServiceAuthorisationResponse(
        transaction_id=call.transaction,
        authorisation_value=NO,
        partner_service_session_id=own or desk.hub.ids.new(),
        intermediate_cdr_requested=False,
        request_status=SUCCESS,
    )
