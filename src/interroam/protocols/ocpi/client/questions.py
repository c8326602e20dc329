"""Questions as calls, and their answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.questions import (
    Act,
    Answer,
    Authorize,
    CancelReservation,
    ClearProfile,
    GetProfile,
    OfPlace,
    OfProfile,
    Prefer,
    Question,
    Report,
    Reserve,
    SetProfile,
    StartSession,
    StopSession,
    Unlock,
)
from interroam.model.tokens import Authorization
from interroam.protocols.ocpi.calls import Call, Called
from interroam.protocols.ocpi.profiles import Switches
from interroam.protocols.ocpi.rules.urls import join, tail
from interroam.protocols.ocpi.translate import (
    read_acknowledged,
    read_authorization,
    read_preferred,
    read_profile_response,
    write_authorize,
    write_cancel,
    write_prefer,
    write_reserve,
    write_set_profile,
    write_start,
    write_stop,
    write_unlock,
)
from interroam.protocols.ocpi.wire import Malformed, NotJson, read
from interroam.protocols.ocpi.wire.commands import CommandResponse
from interroam.protocols.ocpi.wire.profiles import ChargingProfileResponse
from interroam.protocols.ocpi.wire.words import InterfaceRole
from interroam.protocols.ocpi.wiring import Wiring

from .verdicts import check_answer

_Named = tuple[str, bytes, tuple[str | None, ...]]
"""The name of a command, its body and by what it may be searched."""
_UNKNOWN_TOKEN = 2004
Callback = Callable[[str, str], str]
"""Where the outcome of a command is to be posted: by its name and its id (OCPI-113)."""


def question_call(
    question: Question, wiring: Wiring, callback: Callback, routing: bytes, correlation: str, subject: bytes
) -> Call:
    """Return the call that puts a question; Refused when the partner has no such interface."""
    if isinstance(question, Authorize):
        return authorize_call(question, endpoint_of(wiring, "tokens", "SENDER"), routing, correlation, subject)
    if isinstance(question, Prefer):
        return _prefer(question, wiring, routing, correlation)
    if isinstance(question, SetProfile | GetProfile | ClearProfile):
        return _profile(question, wiring, callback, routing, correlation)
    if isinstance(question, Act | Report):
        raise Refused(Reason.NOT_OFFERED, "OCPI says this of a charge by a command or by its session")
    name, body, ids = _command(question, callback)
    return Call(
        method="POST",
        url=join(endpoint_of(wiring, "commands", "RECEIVER"), name),
        operation=f"POST {name}",
        body=body,
        routing=routing,
        correlation=correlation,
        ids=(question.reply, *(one for one in ids if one)),
        again=False,  # nobody wants to be started twice
        subject=subject,
    )


def authorize_call(question: Authorize, endpoint: str, routing: bytes, correlation: str, subject: bytes) -> Call:
    """Return the call that asks about a token."""
    return Call(
        method="POST",
        url=endpoint.rstrip("/") + tail((question.uid, "authorize")) + _of_type(question.type),
        operation="POST authorize",
        body=write_authorize(question),
        routing=routing,
        correlation=correlation,
        ids=(question.location_id,) if question.location_id else (),
        subject=subject,
    )


@lru_cache(maxsize=64)
def _of_type(token_type: str) -> str:
    """Write the query that says what kind of token is meant."""
    return join("", query={"type": token_type})


def _command(question: OfPlace | StopSession | CancelReservation, callback: Callback) -> _Named:
    match question:
        case StartSession():
            url = callback("START_SESSION", question.reply)
            return "START_SESSION", write_start(question, url), (question.location_id, question.reference)
        case Reserve():
            url = callback("RESERVE_NOW", question.reply)
            ids = (question.location_id, question.reservation_id, question.reference)
            return "RESERVE_NOW", write_reserve(question, url), ids
        case CancelReservation():
            url = callback("CANCEL_RESERVATION", question.reply)
            return "CANCEL_RESERVATION", write_cancel(question, url), (question.reservation_id,)
        case Unlock():
            url = callback("UNLOCK_CONNECTOR", question.reply)
            return "UNLOCK_CONNECTOR", write_unlock(question, url), (question.location_id, question.evse_uid)
    return "STOP_SESSION", write_stop(question, callback("STOP_SESSION", question.reply)), (question.session_id,)


def _profile(question: OfProfile, wiring: Wiring, callback: Callback, routing: bytes, correlation: str) -> Call:
    endpoint = endpoint_of(wiring, "chargingprofiles", "RECEIVER")
    match question:
        case SetProfile():
            method, url = "PUT", join(endpoint, question.session_id)
            body = write_set_profile(question, callback("SET_PROFILE", question.reply))
        case GetProfile():
            query = {"duration": str(question.duration_s), "response_url": callback("GET_PROFILE", question.reply)}
            method, url, body = "GET", join(endpoint, question.session_id, query=query), b""
        case ClearProfile():
            query = {"response_url": callback("CLEAR_PROFILE", question.reply)}
            method, url, body = "DELETE", join(endpoint, question.session_id, query=query), b""
    return Call(
        method=method,
        url=url,
        operation=f"{method} chargingprofiles",
        body=body,
        routing=routing,
        correlation=correlation,
        ids=(question.reply, question.session_id),
        again=False,
    )


def _prefer(question: Prefer, wiring: Wiring, routing: bytes, correlation: str) -> Call:
    url = join(endpoint_of(wiring, "sessions", "SENDER"), question.session_id, "charging_preferences")
    return Call(
        method="PUT",
        url=url,
        operation="PUT charging_preferences",
        body=write_prefer(question),
        routing=routing,
        correlation=correlation,
        ids=(question.session_id,),
    )


def not_taken(question: Question, wiring: Wiring, own: Switches) -> str:
    """Say why a partner is not asked at all: what its profile leaves out, or a module that it does not have."""
    match question:
        case Reserve() | CancelReservation() if not own.reserves:
            return "takes no reservations"
        case Unlock() if not own.unlocks:
            return "unlocks no connectors"
        case Prefer() if not own.charging_preferences or wiring.endpoint("sessions", "SENDER") is None:
            return "takes no charging preferences"
        case SetProfile() | GetProfile() | ClearProfile() if (
            not own.charging_profiles or wiring.endpoint("chargingprofiles", "RECEIVER") is None
        ):
            return "takes no charging profiles"
        case _:
            return ""


def read_answer(question: Question, called: Called) -> Answer:
    """Return the answer; Refused with the partner's own codes, Unavailable when it makes no sense."""
    if isinstance(question, Authorize):
        return read_authorized(called)
    check_answer(called)
    data = called.reply.data if called.reply is not None else None
    try:
        if isinstance(question, Prefer):
            return read_preferred(data or b"")
        if isinstance(question, SetProfile | GetProfile | ClearProfile):
            return read_profile_response(read(ChargingProfileResponse, data or b"{}")[0])
        return read_acknowledged(read(CommandResponse, data or b"{}")[0])
    except (Malformed, NotJson) as error:
        raise _unreadable(error) from error


def read_authorized(called: Called) -> Authorization:
    """Return what a provider says of a token; Refused and Unavailable as for any answer."""
    reply = called.reply
    if called.http == 404 or (reply is not None and reply.status_code == _UNKNOWN_TOKEN):  # C11
        raise Refused(Reason.UNKNOWN_TOKEN, "the provider does not know this token")
    check_answer(called)
    data = reply.data if reply is not None else None
    try:
        return read_authorization(data or b"{}")
    except (Malformed, NotJson) as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> Unavailable:
    return Unavailable(Reason.BAD_ANSWER, f"the answer cannot be read: {error}", reached=True)


def endpoint_of(wiring: Wiring, module: str, role: InterfaceRole) -> str:
    """Return the partner's URL of an interface; Refused when it has none."""
    url = wiring.endpoint(module, role)
    if url is None:
        raise Refused(
            Reason.ENDPOINTS_MISSING,
            f"the partner has no {module} {role}",
            remedy="the partner must list this endpoint; then rotate its registration",
        )
    return url
