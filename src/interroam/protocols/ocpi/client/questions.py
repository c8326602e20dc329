"""Questions as calls, and their answers."""

from __future__ import annotations

from collections.abc import Callable

from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.questions import Acknowledged, Authorize, Question, StartSession, StopSession
from interroam.model.tokens import Authorization
from interroam.protocols.ocpi.calls import Call, Called, Fields
from interroam.protocols.ocpi.rules.urls import join
from interroam.protocols.ocpi.translate import (
    read_acknowledged,
    read_authorization,
    write_authorize,
    write_start,
    write_stop,
)
from interroam.protocols.ocpi.wire import Malformed, NotJson, read
from interroam.protocols.ocpi.wire.commands import CommandResponse
from interroam.protocols.ocpi.wire.tokens import AuthorizationInfo
from interroam.protocols.ocpi.wire.words import InterfaceRole
from interroam.protocols.ocpi.wiring import Wiring

from .verdicts import check_answer

Callback = Callable[[str, str], str]
"""Where the outcome of a command is to be posted: by its name and its id (OCPI-113)."""


def question_call(
    question: Question, wiring: Wiring, callback: Callback, routing: Fields, correlation: str, subject: bytes
) -> Call:
    """Return the call that puts a question; Refused when the partner has no such interface."""
    if isinstance(question, Authorize):
        url = join(_endpoint(wiring, "tokens", "SENDER"), question.uid, "authorize", query={"type": question.type})
        return Call(
            method="POST",
            url=url,
            operation="POST authorize",
            body=write_authorize(question),
            routing=routing,
            correlation=correlation,
            ids=(question.location_id,) if question.location_id else (),
            subject=subject,
        )
    name, body, ids = _command(question, callback)
    return Call(
        method="POST",
        url=join(_endpoint(wiring, "commands", "RECEIVER"), name),
        operation=f"POST {name}",
        body=body,
        routing=routing,
        correlation=correlation,
        ids=ids,
        again=False,  # nobody wants to be started twice
        subject=subject,
    )


def _command(question: StartSession | StopSession, callback: Callback) -> tuple[str, bytes, tuple[str, ...]]:
    if isinstance(question, StartSession):
        body = write_start(question, callback("START_SESSION", question.reply))
        reference = (question.reference,) if question.reference else ()
        return "START_SESSION", body, (question.reply, question.location_id, *reference)
    body = write_stop(question, callback("STOP_SESSION", question.reply))
    return "STOP_SESSION", body, (question.reply, question.session_id)


def read_answer(question: Question, called: Called) -> Authorization | Acknowledged:
    """Return the answer; Refused with the partner's own codes, Unavailable when it makes no sense."""
    if isinstance(question, Authorize) and _unknown_token(called):
        raise Refused(Reason.UNKNOWN_TOKEN, "the provider does not know this token")
    check_answer(called)
    data = called.reply.data if called.reply is not None else None
    try:
        if isinstance(question, Authorize):
            return read_authorization(read(AuthorizationInfo, data or b"{}")[0])
        return read_acknowledged(read(CommandResponse, data or b"{}")[0])
    except (Malformed, NotJson) as error:
        raise Unavailable(Reason.BAD_ANSWER, f"the answer cannot be read: {error}", reached=True) from error


def _unknown_token(called: Called) -> bool:
    """Whether the provider says so by HTTP or by its status (C11)."""
    if called.reply is not None and called.reply.status_code == 2004:
        return True
    return called.http == 404


def _endpoint(wiring: Wiring, module: str, role: InterfaceRole) -> str:
    url = wiring.endpoint(module, role)
    if url is None:
        raise Refused(
            Reason.ENDPOINTS_MISSING,
            f"the partner has no {module} {role}",
            remedy="the partner must list this endpoint; then rotate its registration",
        )
    return url
