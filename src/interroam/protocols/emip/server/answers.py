"""What to answer when there is no answer: faults, refusals with a status, and what time ran out for."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import Any

import structlog

from interroam.core.ports import Ids
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.protocols.emip.rules.codes import (
    CPO_SILENT,
    EMSP_SILENT,
    NO_ANSWER,
    NOT_REACHABLE_HERE,
    Declined,
    short_name,
    status_of,
)
from interroam.protocols.emip.wire.faults import Cause, FaultCode, SoapFault
from interroam.protocols.emip.wire.neutral import refusal
from interroam.protocols.emip.wire.operations import Operation
from interroam.protocols.emip.wire.types import Response

from .call import Call

log = structlog.get_logger()

_AUTHORISATIONS = frozenset({"GetServiceAuthorisation", "SetServiceAuthorisation"})
_LATE_TO_IOP = {
    "GetServiceAuthorisation": EMSP_SILENT,
    "SetServiceAuthorisation": CPO_SILENT,
    "SetSessionEventReport": NO_ANSWER,
    "SetSessionActionRequest": NO_ANSWER,
}
_LATE_FROM_IOP = {"SetServiceAuthorisation": NOT_REACHABLE_HERE, "SetSessionActionRequest": NOT_REACHABLE_HERE}
RETRY_S = 2.0


class Busy(SoapFault):
    """A fault that says when to come back."""

    def __init__(self, cause: Cause, message: str, retry_after: float = RETRY_S) -> None:
        super().__init__(FaultCode.SERVICE_UNAVAILABLE, cause, message)
        self.retry_after = retry_after


def unfit(message: str, cause: str = Cause.INVALID_VALUE) -> SoapFault:
    """Say that a request is not one."""
    return SoapFault(FaultCode.INVALID_REQUEST, cause, message)


def not_known(cause: str, message: str) -> SoapFault:
    """Say that a sender is not who it should be (EMIP-17)."""
    return SoapFault(FaultCode.AUTHENTICATION_ERROR, cause, message)


def not_of_role(message: str) -> SoapFault:
    """Say that a sender may not ask for this in any of its roles (EMIP-19)."""
    return SoapFault(FaultCode.ROLE_ERROR, Cause.OPERATION_NOT_ALLOWED_FOR_ROLE, message)


def failed(cause: Cause = Cause.UNEXPECTED_ERROR, message: str = "something went wrong here") -> SoapFault:
    """Say that it is our own failure."""
    return SoapFault(FaultCode.INTERNAL_ERROR, cause, message)


def of_error(call: Call, error: Exception, ids: Ids) -> Response:
    """Answer what a handler raised: a status where there is one for it, else a fault is raised."""
    match error:
        case Declined():
            if error.message:
                call.notes.append(error.message)
            return declined(call, error.status, ids, **error.fields)
        case SoapFault():
            raise error
        case Refused() | Unavailable():
            return _of_reason(call, error, ids)
    # Our own words: a traceback with the values around it would show cards.
    where = "".join(traceback.format_exception(error))
    log.error("request_failed", transaction=call.transaction, operation=call.operation.name, where=where)
    call.notes.append(f"{type(error).__name__}: {error}")
    raise failed() from None


def _of_reason(call: Call, no: Refused | Unavailable, ids: Ids) -> Response:
    call.notes.append(no.message)
    if isinstance(no, Unavailable) and no.reason is Reason.OVERLOADED:
        raise Busy(Cause.OVERLOADED, "too much waits here; come back", no.retry_after or RETRY_S) from None
    if no.reason is Reason.FAILED:
        raise failed() from None
    code = no.code if isinstance(no, Refused) else ""
    if isinstance(no, Refused) and no.remedy:
        call.notes.append(no.remedy)
    return declined(call, status_of(call.operation.name, no.reason, code), ids)


def late(call: Call, ids: Ids) -> Response:
    """Answer what nobody finished in time: a silence where the operation has a word for it (EMIP-43)."""
    call.notes.append("not finished in time")
    table = _LATE_TO_IOP if call.operation.to_iop else _LATE_FROM_IOP
    status = table.get(short_name(call.operation.name))
    if status is None:
        raise Busy(Cause.OVERLOADED, "this takes longer than it may; send it again")
    return declined(call, status, ids)


def declined(call: Call, status: int, ids: Ids, **fields: object) -> Response:
    """Write the answer that refuses, with what is known all the same."""
    known = {**_echoed(call.operation, call.message), **call.fields, **fields}
    if "service_session_id" not in known and makes_sessions(call.operation):
        known["service_session_id"] = ids.new()  # EMIP-70: refused ones included
    names = call.operation.response.__struct_fields__
    fit = {name: value for name, value in known.items() if name in names}
    return refusal(call.operation, call.transaction, status, call.now.replace(microsecond=0), **fit)


def makes_sessions(operation: Operation) -> bool:
    """Whether every answer to it has a serviceSessionId of our own."""
    return operation.to_iop and short_name(operation.name) in _AUTHORISATIONS


def _echoed(operation: Operation, message: Any) -> dict[str, object]:
    return {} if makes_sessions(operation) else dict(_named_again(message))


def _named_again(message: Any) -> Iterator[tuple[str, str]]:
    """Yield the ids in a request that its answer repeats (2.16, 2.22, 2.24)."""
    record = getattr(message, "charge_detail_record", None)
    session = getattr(message, "service_session_id", None) or getattr(record, "service_session_id", None)
    if session:
        yield "service_session_id", session
    event, action = getattr(message, "session_event", None), getattr(message, "session_action", None)
    named = getattr(event, "session_event_id", None) or getattr(action, "session_action_id", None)
    if named:
        yield "session_action_id", named
        if event is not None:
            yield "session_event_id", named
