"""What to answer: from verdicts, refusals and all that can go wrong."""

from __future__ import annotations

import traceback
from typing import Final

import structlog
from msgspec.structs import replace

from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Receipt, Verdict
from interroam.net.http import JSON, Response
from interroam.protocols.ocpi.rules.codes import CODES, QUEUED, code, for_version
from interroam.protocols.ocpi.rules.headers import RoutingError
from interroam.protocols.ocpi.rules.paging import BadParameter
from interroam.protocols.ocpi.wire import Malformed, NotJson
from interroam.protocols.ocpi.wire.envelope import SUCCESS, failure, success, success_with

from .call import CREATED, DONE, Answer, Call

log = structlog.get_logger()

_JSON_LINE = b"%b: %b\r\n" % JSON
_RECORDED: Final = Verdict.RECORDED
_UNKNOWN = "there is no such object here yet"


def of_receipt(call: Call, receipt: Receipt) -> Answer:
    """Answer a statement by what became of it."""
    call.seq = receipt.seq
    if receipt.finding:
        call.notes.append(receipt.finding)
    verdict = receipt.verdict
    if verdict is _RECORDED:
        told = CREATED if receipt.created else DONE
        return replace(told, message=receipt.finding) if receipt.finding else told
    match verdict:
        case Verdict.UNCHANGED:
            return DONE
        case Verdict.STALE:
            call.notes.append("older than what is known: not forwarded")  # OCPI-39
            return DONE
        case Verdict.CONFLICT:
            raise Refused(Reason.MISMATCH, "this object is final and cannot change", remedy="correct it by a new one")
        case Verdict.UNKNOWN:
            place = call.module == "locations"
            reason = Reason.UNKNOWN_LOCATION if place else Reason.UNKNOWN_OBJECT
            raise Refused(reason, _UNKNOWN, remedy="PUT the whole object first (OCPI-198)")


def of_error(call: Call, error: Exception) -> Answer:
    """Answer an error; what nobody foresaw is ours, logged, and to be repeated."""
    method, module = call.request.method, call.module
    match error:
        case Refused():
            return _refused(call, error)
        case Malformed():
            call.odd.append((error.field, f"{str(error).removeprefix(f'{error.field}: ')}: refused"))
            return _coded(Reason.MALFORMED, str(error), method, module)
        case NotJson():
            message = f"the body is no JSON: {error}"
            call.odd.append(("", "the body is no JSON: refused"))
            if (method, module) in QUEUED and call.caller.switches.not_json_is_200:  # C33
                return Answer(status=2001, message=message)
            return _coded(Reason.NOT_JSON, message, method, module)
        case RoutingError() if call.caller.switches.routing_is_400:  # C2
            return Answer(http=400, status=2001, message=str(error))
        case RoutingError() | BadParameter():
            return _coded(Reason.MALFORMED, str(error), method, module)
        case Unavailable():
            return _unavailable(error)
    # Our own words: a traceback with the values around it would show tokens and cards.
    log.error("request_failed", operation=call.operation, where="".join(traceback.format_exception(error)))
    call.notes.append(f"{type(error).__name__}: {error}")
    return Answer(http=500, status=3000, message="something went wrong here")


def _coded(reason: Reason, message: str, method: str, module: str) -> Answer:
    found = code(reason, method, module)
    return Answer(http=found.http, status=found.status, message=message)


def _refused(call: Call, no: Refused) -> Answer:
    if no.remedy:
        call.notes.append(no.remedy)
    passed = _passed_on(no.code)
    if passed is not None:
        return Answer(http=passed[0], status=passed[1], message=no.message)
    return _coded(no.reason, no.message, call.request.method, call.module)


def _older(call: Call, answer: Answer) -> Response:
    """Write an answer as 2.1.1 has it: its codes, no parties, and of the ids what the partner sent (OCPI-34)."""
    status = for_version(answer.status, "2.1.1")
    if status != SUCCESS or answer.message:
        body = failure(status, answer.message, call.now, answer.data)
    else:
        body = success(call.now) if answer.data is None else success_with(answer.data, call.now)
    sent = call.request.headers
    ids = [(name, sent[name]) for name in (b"x-request-id", b"x-correlation-id") if name in sent]
    return Response(answer.http, [JSON, *ids, *answer.headers], body)


def _passed_on(said: str) -> tuple[int, int] | None:
    """The codes of the partner that was asked, as ``200/2003``: passed on unchanged (sheet 2.12)."""
    http, _, status = said.partition("/")
    if http.isdigit() and status.isdigit() and 2000 <= int(status) < 4000:
        return int(http), int(status)
    return None


def _unavailable(later: Unavailable) -> Answer:
    found = CODES[later.reason]
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if found.http == 503:
        headers = ((b"retry-after", str(int(later.retry_after or 1)).encode()),)
    return Answer(http=found.http, status=found.status, message=later.message, headers=headers)


def write_answer(call: Call, answer: Answer) -> Response:
    """Write an answer in its envelope, with the ids and the parties it concerns (OCPI-29)."""
    now = call.now
    if call.older:
        return _older(call, answer)
    if answer.status != SUCCESS or answer.message:
        body = failure(answer.status, answer.message, now, answer.data)
    elif answer.data is not None:
        body = success_with(answer.data, now)
    else:
        body = success(now)
    # Ids that came as headers hold no line break, and those made here neither.
    ids = f"x-request-id: {call.request_id}\r\nx-correlation-id: {call.correlation}\r\n".encode("latin-1")
    return Response(answer.http, [*answer.headers], body, ids + _JSON_LINE + call.routing)
