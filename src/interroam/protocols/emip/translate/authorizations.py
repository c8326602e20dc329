"""GetServiceAuthorisation ⇄ Authorize and Authorization, SetServiceAuthorisation ⇄ StartSession and Acknowledged.

Limits, alias, flag and parameter pass as they stand (EMIP-97, EMIP-118). What eMIP cannot say: why the answer is no,
and the text that goes with it. What OCPI cannot say: limits, alias, intermediate records, parameter, booking.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from interroam.model.ids import PartyId
from interroam.model.questions import Acknowledged, Authorize, StartSession
from interroam.model.tokens import Allowed, Authorization, Limit, Token
from interroam.protocols.emip.wire import from_iop, to_iop
from interroam.protocols.emip.wire.types import EMI3, MeterReport

from .tokens import contract_of, read_user, write_user

YES, NO = 1, 2
"""Sheet 3.5: any other value is a refusal."""
WHOSE = "0"
"""The service that asks nothing but whether a user is the eMSP's (sheet 3.4)."""
OK = 1
NOT_HERE, NOT_REACHED = "205", "206"
"""A CPO's refusals below the threshold of errors: nothing was started (EMIP-127)."""

Head = Mapping[str, str]
"""The header of a message, by the names of its struct."""
_AnyGet = to_iop.GetServiceAuthorisation | from_iop.GetServiceAuthorisation
_AnySet = to_iop.SetServiceAuthorisation | from_iop.SetServiceAuthorisation


# -- limits ------------------------------------------------------------------------------------------------------------


def read_limits(meters: Iterable[MeterReport] | None) -> tuple[Limit, ...]:
    """Read how far a charge may go, digit for digit (EMIP-95)."""
    return tuple(Limit(str(one.meter_type_id), one.meter_value, one.meter_unit) for one in meters or ())


def write_limits(limits: Iterable[Limit]) -> tuple[MeterReport, ...] | None:
    """Write how far a charge may go; a limit whose type is no number cannot be said."""
    meters = tuple(
        MeterReport(meter_type_id=int(one.type), meter_value=one.value, meter_unit=one.unit)
        for one in limits
        if one.type.isdecimal()
    )
    return meters or None


# -- may this user charge? ---------------------------------------------------------------------------------------------


def read_authorize(message: _AnyGet, cpo: PartyId, location_id: str | None, evse_uid: str | None) -> Authorize:
    """Read the question; ValueError when the user id is none."""
    token_type, uid = read_user(message.user_id_type, message.user_id)
    return Authorize(
        cpo=cpo,
        uid=uid,
        type=token_type,
        type_word=message.user_id_type,
        location_id=location_id,
        evse_uids=(evse_uid,) if evse_uid else (),
        service=message.requested_service_id,
        reference=message.service_session_id if isinstance(message, from_iop.GetServiceAuthorisation) else None,
        cpo_session=message.partner_service_session_id if isinstance(message, to_iop.GetServiceAuthorisation) else None,
        booking=message.booking_id,
    )


def write_authorize(question: Authorize, evse_id: str, head: Head) -> to_iop.GetServiceAuthorisation:
    """Write the question as a CPO puts it to the platform."""
    kind, user_id = write_user(question.type, question.uid, question.type_word)
    return to_iop.GetServiceAuthorisation(
        **head,
        evse_id=evse_id,
        user_id_type=kind,
        user_id=user_id,
        requested_service_id=question.service,
        partner_service_session_id=question.cpo_session,
        booking_id=question.booking,
    )


def relay_authorize(
    question: Authorize, evse_id: str, head: Head, *, service: str | None = None
) -> from_iop.GetServiceAuthorisation:
    """Write the question as the platform puts it to an eMSP; no session is named with service 0 (EMIP-72)."""
    kind, user_id = write_user(question.type, question.uid, question.type_word)
    asked = service or question.service
    return from_iop.GetServiceAuthorisation(
        **head,
        evse_id=evse_id,
        user_id_type=kind,
        user_id=user_id,
        requested_service_id=asked,
        service_session_id=question.reference if asked != WHOSE else None,
        booking_id=question.booking if asked != WHOSE else None,
    )


def read_answer(
    answer: to_iop.GetServiceAuthorisationResponse | from_iop.GetServiceAuthorisationResponse,
    question: Authorize,
    emsp: PartyId | None,
    now: datetime,
) -> Authorization:
    """Read the answer to a question; ``emsp`` is whose user it is, where the answer does not say so itself."""
    allowed = Allowed.ALLOWED if answer.authorisation_value == YES else Allowed.NOT_ALLOWED
    if isinstance(answer, from_iop.GetServiceAuthorisationResponse):
        reference, emsp_reference = question.reference or "", answer.partner_service_session_id
    else:
        reference, emsp_reference = answer.service_session_id, None
        emsp = _party(answer.sale_partner_operator_id) or emsp
    alias = answer.user_contract_id_alias
    token = made_token(emsp, question.type, question.uid, alias, now) if emsp is not None else None
    return Authorization(
        allowed=allowed,
        reference=reference,
        emsp_reference=emsp_reference or None,
        emsp=emsp,
        token=token,
        service=question.service,
        limits=read_limits(answer.meter_limit_list),
        interim=bool(answer.intermediate_cdr_requested),
        alias=alias,
        parameter=answer.parameter,
        cpo_session=question.cpo_session,
        info=None if allowed is Allowed.ALLOWED else f"authorisationValue {answer.authorisation_value}",
    )


def write_answer(
    answer: Authorization, reference: str, transaction: str, status: int = OK
) -> to_iop.GetServiceAuthorisationResponse:
    """Write the platform's answer to a CPO, under a serviceSessionId even when it is no (EMIP-70)."""
    emsp = answer.emsp or (answer.token.owner if answer.token is not None else None)
    return to_iop.GetServiceAuthorisationResponse(
        transaction_id=transaction,
        sale_partner_operator_id_type=EMI3 if emsp else None,
        sale_partner_operator_id=str(emsp) if emsp else None,
        service_session_id=reference,
        request_status=status,
        **_terms(answer),
    )


def refuse_answer(reference: str, transaction: str, status: int) -> to_iop.GetServiceAuthorisationResponse:
    """Write a refusal that is not the eMSP's."""
    return write_answer(Authorization(allowed=Allowed.NOT_ALLOWED), reference, transaction, status)


def write_own_answer(answer: Authorization, transaction: str) -> from_iop.GetServiceAuthorisationResponse:
    """Write an eMSP's answer to the platform."""
    return from_iop.GetServiceAuthorisationResponse(
        transaction_id=transaction,
        partner_service_session_id=answer.emsp_reference,
        request_status=OK,
        **_terms(answer),
    )


def _terms(answer: Authorization) -> dict[str, Any]:
    """Return what an answer says whoever gives it; a no has no terms."""
    if answer.allowed is not Allowed.ALLOWED:
        return {"authorisation_value": NO, "intermediate_cdr_requested": False}
    return {
        "authorisation_value": YES,
        "intermediate_cdr_requested": answer.interim,
        "user_contract_id_alias": answer.alias,
        "meter_limit_list": write_limits(answer.limits),
        "parameter": answer.parameter,
    }


# -- let this user charge ----------------------------------------------------------------------------------------------


def read_start(
    message: _AnySet, emsp: PartyId, place: tuple[PartyId, str, str | None], now: datetime, connector: str | None = None
) -> StartSession:
    """Read a remote authorisation for an EVSE: its CPO, location and uid; ValueError when the user id is none."""
    token_type, uid = read_user(message.user_id_type, message.user_id)
    cpo, location_id, evse_uid = place
    own = message.partner_service_session_id if isinstance(message, to_iop.SetServiceAuthorisation) else None
    return StartSession(
        emsp=emsp,
        token=made_token(emsp, token_type, uid, message.user_contract_id_alias, now),
        location_id=location_id,
        evse_uid=evse_uid,
        connector_id=connector,
        reference=own or getattr(message, "service_session_id", None),
        cpo=cpo,
        type_word=message.user_id_type,
        service=message.requested_service_id,
        limits=read_limits(message.meter_limit_list),
        interim=message.intermediate_cdr_requested,
        alias=message.user_contract_id_alias,
        parameter=message.parameter,
        booking=message.booking_id,
    )


def write_start(question: StartSession, evse_id: str, head: Head) -> to_iop.SetServiceAuthorisation:
    """Write a remote authorisation as an eMSP gives it to the platform."""
    own = question.reference
    return to_iop.SetServiceAuthorisation(partner_service_session_id=own, **_start(question, evse_id, head))


def relay_start(question: StartSession, evse_id: str, head: Head) -> from_iop.SetServiceAuthorisation:
    """Write a remote authorisation as the platform gives it to a CPO, under its own serviceSessionId (EMIP-85)."""
    reference = question.reference or ""
    return from_iop.SetServiceAuthorisation(service_session_id=reference, **_start(question, evse_id, head))


def _start(question: StartSession, evse_id: str, head: Head) -> dict[str, Any]:
    """Return what a remote authorisation says on either way."""
    kind, user_id = write_user(question.token.type, question.token.uid, question.type_word)
    return {
        **head,
        "evse_id": evse_id,
        "user_id_type": kind,
        "user_id": user_id,
        "requested_service_id": question.service,
        "authorisation_value": YES,
        "intermediate_cdr_requested": question.interim,
        "user_contract_id_alias": question.alias,
        "meter_limit_list": write_limits(question.limits),
        "parameter": question.parameter,
        "booking_id": question.booking,
    }


def read_started(status: int, cpo_session: str | None) -> Acknowledged:
    """Read a CPO's one answer: only 1 starts anything (EMIP-127)."""
    if status == OK:
        return Acknowledged(result="ACCEPTED", code=str(status), session_id=cpo_session or None, final=True)
    return Acknowledged(result="REJECTED", code=str(status), message=_REFUSALS.get(str(status), f"status {status}"))


_REFUSALS = {
    NOT_HERE: "the CPO refused: the service is not available at this EVSE",
    NOT_REACHED: "the CPO refused: the EVSE cannot be reached",
}


# -- tokens nobody stated ----------------------------------------------------------------------------------------------


def made_token(emsp: PartyId, token_type: str, uid: str, alias: str | None, now: datetime) -> Token:
    """Make the token that a user id stands for; of its contract it says no more than the alias does (EMIP-118)."""
    contract = contract_of(emsp, token_type, uid, alias)
    return Token(
        owner=emsp, uid=uid, type=token_type, contract_id=contract, issuer=str(emsp), valid=True, last_updated=now
    )


def _party(text: str | None) -> PartyId | None:
    return PartyId.parse(text) if text else None


__all__ = [
    "NO",
    "NOT_HERE",
    "NOT_REACHED",
    "OK",
    "WHOSE",
    "YES",
    "Head",
    "made_token",
    "read_answer",
    "read_authorize",
    "read_limits",
    "read_start",
    "read_started",
    "refuse_answer",
    "relay_authorize",
    "relay_start",
    "write_answer",
    "write_authorize",
    "write_limits",
    "write_own_answer",
    "write_start",
]
